/*
 * What log records tell of a run: facts of one record, steps made of several, and spans written
 * from those that no span tells of. See query/model/README.md, "Runs from log records".
 */
#ifndef CLEW_QUERY_MODEL_LOG_RUN_INT_H
#define CLEW_QUERY_MODEL_LOG_RUN_INT_H

#include "proto/base/arena.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"
#include "proto/base/sort.h"
#include "proto/otlp/log-event.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stdint.h>

/* Steps of one run that are made from log records; later records are shown, but make none. */
#define CLEW_LOG_STEPS_MAX 200000u

/* What an attribute of an event is for. */
enum clew_log_role {
        CLEW_LOG_ROLE_SESSION,
        CLEW_LOG_ROLE_USER,
        CLEW_LOG_ROLE_SEQUENCE,
        CLEW_LOG_ROLE_TIMESTAMP,
        CLEW_LOG_ROLE_DURATION_MS,
        CLEW_LOG_ROLE_MODEL,
        CLEW_LOG_ROLE_IN,
        CLEW_LOG_ROLE_OUT,
        CLEW_LOG_ROLE_CACHE_READ,
        CLEW_LOG_ROLE_CACHE_WRITE,
        CLEW_LOG_ROLE_REASONING,
        CLEW_LOG_ROLE_TOTAL,
        CLEW_LOG_ROLE_COST,
        CLEW_LOG_ROLE_FIRST_MS,
        CLEW_LOG_ROLE_FINISH,
        CLEW_LOG_ROLE_ATTEMPT,
        CLEW_LOG_ROLE_CALL, /* id of a model call */
        CLEW_LOG_ROLE_TOOL,
        CLEW_LOG_ROLE_TOOL_CALL, /* id of a tool call */
        CLEW_LOG_ROLE_HELPER,    /* id of the sub-agent that acts */
        CLEW_LOG_ROLE_HELPER_NAME,
        CLEW_LOG_ROLE_ARGUMENTS,
        CLEW_LOG_ROLE_RESULT,
        CLEW_LOG_ROLE_SUCCESS,
        CLEW_LOG_ROLE_DETAIL, /* JSON that may tell of a failure */
        CLEW_LOG_ROLE_ERROR,
        CLEW_LOG_ROLE_ERROR_TYPE,
        CLEW_LOG_ROLE_STATUS,
        CLEW_LOG_ROLE_STREAM,
        CLEW_LOG_ROLE_DECISION,
        CLEW_LOG_ROLE_DECIDED_BY,
        CLEW_LOG_ROLE_PROMPT,
        CLEW_LOG_ROLE_ANSWER,
        CLEW_LOG_ROLE_BODY,
        CLEW_LOG_ROLE_INPUT,  /* messages */
        CLEW_LOG_ROLE_OUTPUT, /* messages */
        CLEW_LOG_ROLE_COUNT,
};

/* One record of an agent's events. */
struct clew_log_fact {
        struct clew_log_event event;
        struct clew_log_record record;
        struct clew_slice resource;
        struct clew_slice scope;
        struct clew_slice text[CLEW_LOG_ROLE_COUNT]; /* empty: not sent */
        uint64_t time_ns;
        uint64_t sequence; /* UINT64_MAX: not sent */
        uint64_t duration_ns;
        uint32_t ordinal; /* of the record among all of the trace's */
        uint32_t step;    /* that it belongs to, or NONE */
};

/* Reads @record's attributes (and its body, when that is a map). False when it is no event of an
 * agent. Texts are in @arena or borrowed. */
bool clew_log_fact_read(struct clew_slice raw, struct clew_slice resource, struct clew_slice scope,
                        struct clew_arena *arena, struct clew_log_fact *ret);
bool clew_log_fact_has(const struct clew_log_fact *fact, enum clew_log_role role);
bool clew_log_fact_number(const struct clew_log_fact *fact, enum clew_log_role role, double *ret);
/* A model call's record tells its end: counts, cost, an answer. */
bool clew_log_fact_ends_call(const struct clew_log_fact *fact);
bool clew_log_fact_failed(const struct clew_log_fact *fact);

enum clew_log_step_kind {
        CLEW_LOG_STEP_PROMPT,
        CLEW_LOG_STEP_CALL,
        CLEW_LOG_STEP_TOOL,
        CLEW_LOG_STEP_FAULT,
};

/* One step that records tell of. The facts that matter, in the order of their coming. */
struct clew_log_step {
        enum clew_log_step_kind kind;
        const struct clew_log_fact *first;
        const struct clew_log_fact *begun;   /* call: its request; tool: its decision */
        const struct clew_log_fact *ended;   /* with counts, or the result */
        const struct clew_log_fact *answer;  /* call: the text of the answer */
        const struct clew_log_fact *request; /* call: the body that was sent */
        const struct clew_log_fact *reply;   /* call: the body that came back */
        const struct clew_log_fact *prompt;  /* call: what the user said just before */
        uint64_t start_ns;
        uint64_t end_ns; /* 0 = open */
        bool failed;
        bool refused; /* by the user; or stopped */
        bool told;    /* a span is of the same call: it takes what the records tell */
        bool matched; /* a span tells of it, or the records name one */
        struct clew_span_id span_id; /* that span's, else one made from the keys */
};

/* The sub-agent whose doing a step is, by its id or else its name; empty for the agent itself. */
struct clew_slice clew_log_step_helper(const struct clew_log_step *step);

/* A record that makes no step: a piece of an answer, or something the program says of itself. */
struct clew_log_aside {
        uint64_t time_ns;
        uint32_t ordinal;
        bool is_piece;
};

struct clew_log_run {
        struct clew_trace_id id; /* of the run that records without a trace are of */
        bool has_id;
        struct clew_log_fact *facts; /* in the sender's order */
        uint32_t n_facts;
        struct clew_log_aside *asides; /* records of the run that make no step, as they came */
        uint32_t n_asides;
        struct clew_log_step *steps; /* in the order of their first records */
        uint32_t n_steps;
        struct clew_sort_entry *calls; /* steps that are ended model calls, by their end */
        uint32_t n_calls;
        const struct clew_span_id *places; /* by ordinal of the record; zero = as before */
        const struct clew_slice *told;     /* by ordinal: attributes for a span's step, or empty */
        uint32_t n_records;
        struct clew_slice spans;  /* TracesData with the spans that were made, or empty */
        struct clew_span_id root; /* the agent around all: of them, or the span that is one */
        bool has_host;            /* the latter: the only agent among the spans at the top */
};

/* Facts to steps. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_log_steps_make(struct clew_log_run *run, struct clew_arena *arena);
/* The model call that was under way then, else the one before; NULL without one. Steps are made. */
const struct clew_log_step *clew_log_call_at(const struct clew_log_run *run, uint64_t time_ns);
/* Finds the spans of @traces that tell of the same. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_log_steps_match(struct clew_log_run *run, struct clew_slice traces,
                                       bool joined, struct clew_arena *arena);
/* Encoded KeyValues (field 9) of what a step's records tell, in the words of the conventions. */
struct clew_slice clew_log_step_attributes(const struct clew_log_step *step,
                                           struct clew_arena *arena);
/* The same of the agent around all: what the user said and what was answered. */
struct clew_slice clew_log_agent_attributes(const struct clew_log_run *run,
                                            struct clew_arena *arena);
/* Writes run->spans: the steps that no span tells of, and an agent around them where no span is
 * one. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_log_spans_write(struct clew_log_run *run, struct clew_slice traces,
                                       bool many, struct clew_arena *arena);

/* Writes an agent around the spans of several traces of the run @id, of which no record tells. 0,
 * also with an empty *ret (no spans), or -ENOMEM. */
CLEW_MUST_USE int clew_log_root_write(const struct clew_trace_id *id, struct clew_slice traces,
                                      struct clew_arena *arena, struct clew_slice *ret,
                                      struct clew_span_id *ret_id);

/*
 * All of it, for the records of @logs: what they tell beside the spans of @traces. What no span
 * tells of becomes a span of run->spans, unless there are spans and these are not the @joined
 * traces of one run: there a record without its span waits for it. Without events of an agent
 * *ret_run is NULL.
 */
CLEW_MUST_USE int clew_log_run_make(struct clew_slice traces, struct clew_slice logs, bool joined,
                                    struct clew_arena *arena, const struct clew_log_run **ret_run);

#endif
