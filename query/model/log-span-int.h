/*
 * Spans for what only log records tell (log-span.c), what the records of a step tell in the words
 * of the conventions (log-told.c), and the sub-agents of a run (log-helper.c).
 */
#ifndef CLEW_QUERY_MODEL_LOG_SPAN_INT_H
#define CLEW_QUERY_MODEL_LOG_SPAN_INT_H

#include "proto/base/buffer.h"
#include "query/model/log-run-int.h"

/* One span, and all of one run. */
#define CLEW_LOG_SPAN_BYTES_MAX ((size_t)256 << 20)
#define CLEW_LOG_SPANS_BYTES_MAX ((size_t)1 << 30)

/* Attributes of a span (field CLEW_TOLD_FIELD), as text; the second passes an empty one over. */
void clew_log_put_text(struct clew_buffer *b, struct clew_slice key, struct clew_slice text);
void clew_log_put_if(struct clew_buffer *b, struct clew_slice key, struct clew_slice text);

/* What any of a step's records says, that of its end first. */
struct clew_slice clew_log_either(const struct clew_log_step *s, enum clew_log_role role);
/* What went wrong, in the record's words, else in as few of ours. */
struct clew_slice clew_log_error_text(const struct clew_log_step *s, struct clew_arena *arena);
void clew_log_put_step(struct clew_buffer *b, const struct clew_log_step *s,
                       struct clew_arena *arena);
/* Session and user, and that no span was sent. */
void clew_log_put_identity(struct clew_buffer *b, const struct clew_log_fact *f);
/* What was said to the agent, or to the sub-agent @helper, and what it answered last. */
void clew_log_put_agent_texts(struct clew_buffer *b, const struct clew_log_run *run,
                              struct clew_slice helper);

/* ---- spans ------------------------------------------------------------------------------------
 */

struct clew_log_made {
        struct clew_slice resource;
        struct clew_slice scope;
        struct clew_slice name;
        struct clew_span_id id;
        struct clew_span_id parent;
        uint64_t start_ns;
        uint64_t end_ns;
        struct clew_slice attributes; /* encoded, field 9 */
        bool failed;
        struct clew_slice message;
};

void clew_log_put_span(struct clew_buffer *out, const struct clew_log_run *run,
                       const struct clew_log_made *m);
/* From the id of the call where there is one, else from the place that the sender gives its first
 * record. Never zero. */
struct clew_span_id clew_log_span_id(const struct clew_log_run *run, const struct clew_log_step *s);
struct clew_span_id clew_log_helper_id(const struct clew_log_run *run, struct clew_slice text);

/* ---- sub-agents ---------------------------------------------------------------------------------
 */

/* One that the agent has set to work, and the tool call that did so. */
struct clew_log_helper {
        struct clew_slice key;
        const struct clew_log_step *first;
        struct clew_slice name;
        struct clew_span_id id;
        struct clew_span_id parent;
        uint64_t start_ns;
        uint64_t end_ns; /* 0 = something of it is open */
        bool open;
        bool needed; /* a step of it is written */
};

struct clew_log_helpers {
        struct clew_log_helper *items;
        uint32_t n;
};

/* Sub-agents in the order of their first records, each below the first free call that may have set
 * it to work. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_log_helpers_find(const struct clew_log_run *run,
                                        const struct clew_span_id *root, struct clew_arena *arena,
                                        struct clew_log_helpers *ret);
/* NULL: the agent itself. */
struct clew_log_helper *clew_log_helper_of(const struct clew_log_helpers *h, struct clew_slice key);
CLEW_MUST_USE int clew_log_helper_write(struct clew_buffer *out, const struct clew_log_run *run,
                                        const struct clew_log_helper *h, struct clew_arena *arena);

#endif
