/*
 * The conversation of a trace, or of several one after the other, with only what is new in each
 * turn.
 *
 * Every model call repeats the history before it; told is what it adds. Some senders leave out what
 * the tools say or what a call was given. What is missing comes from the steps that the edges lead
 * to: the calls of an answer that names none, the results that a call without an input followed,
 * and those that no model was asked after. Such a message names the
 * step that it came from.
 */
#ifndef CLEW_QUERY_ANSWER_CHAT_H
#define CLEW_QUERY_ANSWER_CHAT_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "query/answer/record.h"
#include "query/model/message.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clew_chat_message {
        const struct clew_trace *trace;
        const struct clew_message *message;
        uint32_t step;      /* index of the call that it belongs to */
        uint32_t thread;    /* number of the conversation, from 1 */
        bool is_answer;     /* what the model said, not what it was given */
        uint32_t from_step; /* index of the step that it comes from; CLEW_STEP_NONE = the call */
        bool inferred;      /* ... by an edge that is inferred */
};

/* What hears the conversation. Messages live for the call. A status other than 0 ends it. */
struct clew_chat_listener {
        int (*message)(void *context, const struct clew_chat_message *message);
        void (*thread)(void *context, uint32_t thread, bool is_new); /* changes; may be NULL */
        void (*rewritten)(void *context); /* the history, before the next message; may be NULL */
        void *context;
};

struct clew_chat;

/* NULL: no memory. @session (may be NULL, borrowed) leaves out calls of other sessions.
 * @scratch_bytes bounds the messages of one call. */
struct clew_chat *clew_chat_new(const struct clew_chat_listener *listener, const char *session,
                                size_t scratch_bytes);
void clew_chat_free(struct clew_chat *chat);

/* Tells the next trace; what it says goes on with the threads so far. Lists live in @arena. 0, a
 * negative errno, or the status by which the listener ended it. */
CLEW_MUST_USE int clew_chat_trace(struct clew_chat *chat, const struct clew_trace *trace,
                                  struct clew_arena *arena);

/* One record of type "message". 0 or a negative errno. */
CLEW_MUST_USE int clew_chat_put(struct clew_record_writer *out, const struct clew_chat_message *m);

#endif
