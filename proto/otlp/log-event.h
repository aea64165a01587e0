/*
 * Log records that tell what an agent does: their vocabulary, and the run that they are of.
 *
 * Coding agents send, with the settings that their manuals show first, no spans but log records:
 * "the user said", "a model answered", "a tool ended". Each program has its own prefix for the
 * names of such events and its own attributes for the run; what the events mean they share. So
 * everything here is three tables (log-event.c): families (prefix, scope, habits), words (the last
 * part of the name -> what happened), keys (attributes that name the session and the prompt).
 *
 * A record without a trace id gets the trace id of its run, made by hash from service, session and
 * prompt: the same record gives the same id whenever it is sent, in whatever request. The id is
 * only a place to store it under; the record's bytes stay as they came. A record that names no run
 * stays without a trace (the id of zeros).
 */
#ifndef CLEW_PROTO_OTLP_LOG_EVENT_H
#define CLEW_PROTO_OTLP_LOG_EVENT_H

#include "proto/base/ids.h"
#include "proto/base/slice.h"
#include "proto/otlp/span.h"

#include <stdbool.h>

/* Names and ids of runs longer than this name nothing; UUIDs have 36 bytes. */
#define CLEW_LOG_KEY_BYTES_MAX 256u

enum clew_log_kind {
        CLEW_LOG_OTHER,   /* of the program, but nothing that it did */
        CLEW_LOG_PROMPT,  /* what the user asked for */
        CLEW_LOG_CALL,    /* a model call: begun or ended, by what it tells */
        CLEW_LOG_FAILED,  /* a model call that failed */
        CLEW_LOG_STREAM,  /* a piece of a model's answer; the last one tells what a call tells */
        CLEW_LOG_ANSWER,  /* the text of a model's answer */
        CLEW_LOG_REQUEST, /* the body that was sent to a model */
        CLEW_LOG_REPLY,   /* the body that a model answered with */
        CLEW_LOG_DECIDED, /* whether a tool may run */
        CLEW_LOG_TOOL,    /* a tool call that ended */
        CLEW_LOG_FAULT,   /* an error that is neither a model's nor a tool's */
};

/* Habits of a family. */
enum {
        CLEW_LOG_CACHE_APART = 1 << 0, /* input is sent without cached input */
        CLEW_LOG_BY_PROMPT = 1 << 1,   /* a run is one prompt; what names none is of the session */
        CLEW_LOG_REPEATS_GENAI = 1 << 2, /* says the same again in the words of gen_ai.* */
        /* The prefix is a common word: a record is of the family when it has an `ulid`, which names
         * the task; a run is a task. */
        CLEW_LOG_BY_ULID = 1 << 3,
};

struct clew_log_family {
        const char *prefix; /* of event names, with its dot */
        const char *scope;  /* prefix of the scope's name, NULL = tells nothing */
        const char *name;
        unsigned habits;
        /* The sentence that stands where the user's words were left out: what would send them. */
        const char *left_out;
};

/* That sentence; one that names no setting where the family has none. */
struct clew_slice clew_log_words_left_out(const struct clew_log_family *family);

struct clew_log_event {
        const struct clew_log_family *family; /* NULL: no event of an agent */
        struct clew_slice word;               /* the name without the family's prefix */
        enum clew_log_kind kind;
};

/* What @record tells. The name is the attribute `event.name`, the field event_name or the body,
 * whichever a family knows (Rust's event_name is a place in a source file); @scope_name helps where
 * the name has no prefix. */
void clew_log_event_of(const struct clew_log_record *record, struct clew_slice scope_name,
                       struct clew_log_event *ret);

/* The trace id of the run that a record or a span names; false when it names none. @resource is the
 * encoded Resource around it, @scope the InstrumentationScope. */
CLEW_MUST_USE bool clew_log_run(const struct clew_log_record *record, struct clew_slice scope,
                                struct clew_slice resource, struct clew_trace_id *ret);

/* Where a record without a trace id lies: in the run that its sender's own ids name; an evaluation
 * that names the response which it judges, at a place of that response, whoever sends it and when.
 * False when it names neither. @scope and @resource as for clew_log_run(). */
CLEW_MUST_USE bool clew_log_place(const struct clew_log_record *record, struct clew_slice scope,
                                  struct clew_slice resource, struct clew_trace_id *ret);
/* Where evaluations of the response of this id are; false for no id, or one that is too long. */
CLEW_MUST_USE bool clew_log_response_place(struct clew_slice response_id,
                                           struct clew_trace_id *ret);

/* The family that writes under this scope, or NULL: only their spans need be asked for a run. */
const struct clew_log_family *clew_log_family_of_scope(struct clew_slice scope_name);
CLEW_MUST_USE bool clew_span_run(const struct clew_span *span, const struct clew_log_family *family,
                                 struct clew_slice resource, struct clew_trace_id *ret);

#endif
