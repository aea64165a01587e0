/*
 * The parts of building a trace that share state: one builder for one clew_trace_build() call.
 */
#ifndef CLEW_QUERY_MODEL_BUILD_INT_H
#define CLEW_QUERY_MODEL_BUILD_INT_H

#include "proto/base/arena.h"
#include "query/model/fields-int.h"
#include "query/model/log-run-int.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stdint.h>

/* Scores of one trace; evaluators attach a handful to a step. */
#define CLEW_SCORES_MAX 65536u

/* What the events of one span say, apart from attributes and scores. */
struct clew_exception {
        bool found;
        bool handled; /* exception.escaped = false */
        struct clew_slice type;
        struct clew_slice message;
        struct clew_slice stack;
};

struct clew_builder {
        const struct clew_trace_options *options;
        struct clew_arena *arena;
        struct clew_trace *trace;
        const struct clew_log_run
                *log_run;           /* what its log records tell; NULL = nothing of an agent */
        struct clew_span_id around; /* the agent that stands around all, or zero */
        struct clew_slice made;     /* the bytes of spans that were made from them */
        struct clew_score *scores;  /* grows by doubling inside the arena */
        uint32_t n_scores;
        uint32_t max_scores;
        struct clew_slice scope; /* the latest, and what its name tells */
        enum clew_dialect scope_dialect;
        struct clew_slice resource; /* the latest; with the scope it may tell who is served */
        struct clew_slice around_session;
        struct clew_slice around_user;
        uint32_t hinted_root;            /* a step that its sender calls the root, or NONE */
        struct clew_slice trace_name;    /* first one sent */
        bool is_workflow;                /* the span at hand says invoke_workflow */
        bool has_choice;                 /* an event or a log record of it is an answer */
        struct clew_exception exception; /* of the span at hand */
        struct clew_exception log_error; /* of its correlated logs */
        struct clew_fields fields;       /* of the span at hand; last, see clew_trace_build() */
};

/* Fills the derived part of trace->steps[index]; its parents are already filled. */
void clew_step_derive(struct clew_builder *b, uint32_t index);

/* Tool calls that two layers report beside each other: marks one of them. *@ret_is_twin tells, by
 * step, which are marked; it lives in the arena. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_twins_mark(struct clew_builder *b, bool **ret_is_twin);

/* Whether a step of LangGraph is an agent's run; may make one of its parent. */
void clew_graph_agent_settle(struct clew_builder *b, struct clew_step *step);

/* Token counts and cost of the step at hand. */
void clew_usage_derive(struct clew_builder *b, struct clew_step *step);
/* What a later fetch tells of a response, to the call that made it. Before the booking. 0 or
 * -ENOMEM. */
CLEW_MUST_USE int clew_polls_settle(struct clew_trace *trace, struct clew_arena *arena);
/* Decides which steps are booked, sets their flags and the totals of the trace. */
CLEW_MUST_USE int clew_usage_book(struct clew_builder *b);

/* Error of the step at hand, from status, flags, events, logs and result. */
void clew_fault_derive(struct clew_builder *b, struct clew_step *step);
/* "execute_tool search" -> "search"; the name itself when no form fits. */
struct clew_slice clew_tool_name_of_span(struct clew_slice name);
/* The same of an agent; of a span whose name is only an operation, the name of the program. @name
 * is the span's name as people read it. */
struct clew_slice clew_agent_name_of_span(const struct clew_step *step, struct clew_slice name,
                                          bool *ret_by_service);

/* A program's own work around a tool call, which may name the tool: hooks that the user has set up,
 * the wait for a permission, the execution inside the call. */
bool clew_step_is_around_tool(struct clew_builder *b, const struct clew_step *step);

/* Marks what folds away. After the faults: plumbing that only repeats one is none of the run. */
void clew_noise_mark(struct clew_builder *b, struct clew_step *step);

/* Whether an error is a program's way to hand on, to wait or to stop, and no failure: by the name
 * of its type, which may stand in @type (qualified or bare) or in front of @message. */
enum clew_control {
        CLEW_CONTROL_NONE,
        CLEW_CONTROL_FLOW,
        CLEW_CONTROL_PAUSE,
        CLEW_CONTROL_CANCEL, /* somebody stopped it */
};
enum clew_control clew_control_of(struct clew_slice type, struct clew_slice message);
/* Whether the message begins with the name of an error's type that is none of these. */
bool clew_control_names_error(struct clew_slice message);

/* What a step says went wrong is that the user refused it or stopped it; that somebody did. */
bool clew_refusal_is_told(struct clew_slice message);
bool clew_refusal_is_stop(struct clew_slice message);
/* An attribute says so of the step at hand. What is told of a wait inside a call is the call's. */
bool clew_refusal_derive(struct clew_builder *b, struct clew_step *step);

/* The root that speaks for the trace, once all kinds are known. */
void clew_outcome_find_root(struct clew_builder *b);
/* trace->outcome and ->settled; last of all. */
void clew_outcome_judge(struct clew_builder *b);

/* Scores of the step at hand: its attributes, its output when it is an evaluator. */
void clew_score_derive(struct clew_builder *b, uint32_t index);
/* A score that came as an event (log record) of @index, which may be CLEW_STEP_NONE. */
void clew_score_from_event(struct clew_builder *b, struct clew_message_iter attributes,
                           enum clew_score_carrier carrier, uint32_t index, uint64_t time_ns);
/* After all steps: targets named by response id, duplicates dropped. */
void clew_score_settle(struct clew_builder *b);

/* Gives each log record its step; before the steps are derived. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_logs_attach(struct clew_builder *b, struct clew_slice logs);

/* Logical edges of a trace whose steps are complete. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_edges_build(struct clew_builder *b);

#endif
