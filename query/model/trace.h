/*
 * The agent model: one trace as people think of it, derived from raw OTLP bytes.
 *
 * Whatever dialect the spans are written in, each becomes a *step* with a kind, a name, a model,
 * tokens, a tool call, an error. Steps lie in *tree order*: a parent before its children, siblings
 * by start time. The position in that order plus one is the number that people see and type
 * ("7f3a#9"). Physical parents are kept as sent; what follows from call ids and links is added
 * beside them as edges, never in their place.
 *
 * Three properties hold for every trace, however broken its parent ids are:
 *   - a step's parent has a smaller index than the step (so loops over steps need no recursion:
 *     forward = parents first, backward = children first);
 *   - the descendants of step i are exactly the steps i + 1 .. i + n_descendants;
 *   - a parent that never arrived is present as a *stand-in* step with that span id.
 * Self-parents and cycles are cut at their earliest span, which is marked.
 *
 * Everything is *derived*: rules may change (CLEW_RULES_VERSION) and raw bytes win. All slices
 * point into the bytes given to clew_trace_build() or into its arena and live as long as both do.
 * Text comes from outside and may be hostile: it is never printed as it is, never obeyed.
 */
#ifndef CLEW_QUERY_MODEL_TRACE_H
#define CLEW_QUERY_MODEL_TRACE_H

#include "proto/base/arena.h"
#include "proto/base/error.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"
#include "proto/otlp/span.h"
#include "query/model/edge.h"
#include "query/model/field.h"
#include "query/model/left-out.h"
#include "query/model/score.h"
#include "query/model/step.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Raised whenever a rule change can give another summary for the same bytes. */
#define CLEW_RULES_VERSION 31u
/* The version of the rules with which something of single steps changed last: their kind, name,
 * tool, model, provider, agent, session, error, dialect, end, tokens, cost or texts, or which steps
 * there are. With what rules find of a whole run, and its summary keeps, it stays as it is. Then
 * what older versions have indexed is used until it is made anew. */
#define CLEW_STEPS_VERSION 31u
/* Steps of one trace (stand-ins included); the walk admits no more spans in one request. */
#define CLEW_STEPS_MAX 4000000u

enum clew_outcome {
        CLEW_OUTCOME_UNKNOWN, /* no span at all */
        CLEW_OUTCOME_OK,      /* ended, no error at the top, no verdict */
        CLEW_OUTCOME_PASSED,  /* a verdict on the trace says so */
        CLEW_OUTCOME_FAILED,  /* a verdict on the trace says so */
        CLEW_OUTCOME_ERROR, /* the root, or a topmost agent, ended in an error; or no answer came */
        CLEW_OUTCOME_OPEN,  /* the root has not ended or has not arrived */
        CLEW_OUTCOME_PAUSED,    /* ended waiting: for an approval, an answer, an event */
        CLEW_OUTCOME_CANCELLED, /* the user refused what it wanted to do, or stopped it */
        CLEW_OUTCOME_COUNT,
};

const char *clew_outcome_name(enum clew_outcome outcome);
CLEW_MUST_USE bool clew_outcome_parse(struct clew_slice name, enum clew_outcome *ret);

/* ---- traces -----------------------------------------------------------------------------------
 */

#define CLEW_TOLD_FIELD 9u

struct clew_step_log {
        struct clew_log_record record;
        struct clew_slice resource;
        struct clew_slice scope;
        const char *joined_by; /* attribute that named the step; NULL = the span id did */
        /* What it tells of the step in the words of the conventions, as encoded attributes of a
         * span (field CLEW_TOLD_FIELD); empty for most. */
        struct clew_slice told;
};

struct clew_name_count {
        struct clew_slice name;
        uint32_t count;
};

struct clew_messages; /* message.h */

struct clew_trace {
        struct clew_trace_id id;
        struct clew_step *steps; /* in tree order */
        uint32_t n_steps;
        uint32_t n_spans; /* without stand-ins */
        uint32_t n_roots; /* steps without a parent; 0 only without steps */
        uint32_t root;    /* the root that speaks for the trace, or NONE */
        uint32_t max_depth;

        struct clew_slice name;          /* trace name, else the root's display name */
        struct clew_slice service;       /* service.name of the root's resource */
        struct clew_slice session;       /* empty when unknown */
        struct clew_slice other_session; /* the root's, else the next one that some step has */
        struct clew_slice user;
        enum clew_outcome outcome;
        /* The outcome if nothing more comes: where the parent of all never arrived, and nobody says
         * whether it lives in this process, that of what did. */
        enum clew_outcome settled;
        bool has_failed_steps;

        uint64_t start_ns; /* earliest start; of logs when there is no span */
        uint64_t end_ns;   /* latest end seen */

        uint32_t n_errors;         /* steps in error; a cause repeated up the tree counts once */
        uint32_t n_llm;            /* model calls (wrappers and fragments not counted) */
        uint32_t n_tool;           /* tool calls, likewise */
        struct clew_tokens tokens; /* sum over booked steps */
        double cost_usd;
        bool has_cost;

        const struct clew_name_count *agents; /* by first appearance */
        uint32_t n_agents;
        const struct clew_name_count *models;
        uint32_t n_models;
        const struct clew_name_count *tools;
        uint32_t n_tools;

        /* What model calls answered, by step, as far as building the edges read it; else NULL. For
         * clew_step_messages(). */
        const struct clew_messages *const *answers;
        const struct clew_edge *edges; /* sorted by from, then type, then to */
        uint32_t n_edges;
        /* By step: the tool calls that failed, by a sign or by their answer, where the rules of
         * root cause have said so already (query/find/judged.h); else NULL. */
        const bool *judged;
        const struct clew_score *scores;
        uint32_t n_scores;
        const struct clew_step_log *logs; /* grouped by step, then those that match no step */
        uint32_t n_logs;
        uint32_t n_loose_logs;
        uint32_t n_from_logs; /* steps that were made from log records */
        bool has_run;
        struct clew_trace_id run; /* that it is of, when it is an agent's whose runs have ids */

        /* Whether a rule of retention has left its texts out; the first note of @notes then. */
        enum clew_left_out left_out;
        struct clew_left_out_note left_out_note;
        struct clew_slice notes; /* for clew_left_out_next() */

        const uint32_t *by_id; /* for clew_trace_find() */
};

struct clew_trace_options {
        bool provenance; /* fill clew_step.provenance */
        bool texts;      /* input, output, tool arguments and results (structured ones rendered) */
        bool edges;      /* logical edges; reads the output messages of model calls */
        bool joined;     /* the bytes are of several traces that make one run */
        bool results; /* with edges: read their inputs too, to see which results they had by id */
};

/* All of it but results: for tree, why. */
extern const struct clew_trace_options CLEW_TRACE_FULL;

/*
 * Builds the model of one trace from merged TracesData and LogsData (either may be empty); spans of
 * another trace id than the first are left out. @options NULL = CLEW_TRACE_FULL. Everything lives
 * in @arena. Time is n log n in spans and linear in attribute bytes; message bodies are not parsed
 * unless @options asks for edges. Returns 0, -ENOENT (neither span nor log), -E2BIG
 * (CLEW_STEPS_MAX), -ENOMEM (the arena's limit).
 */
CLEW_MUST_USE int clew_trace_build(struct clew_slice traces, struct clew_slice logs,
                                   const struct clew_trace_options *options,
                                   struct clew_arena *arena, struct clew_trace **ret);

/* Adds the logical edges, and the callers, of a trace that was built without them; they live in
 * @arena. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_trace_link(struct clew_trace *trace, struct clew_arena *arena);

/* Room for @n more scores behind those of @trace, which are counted already; NULL when there is no
 * memory. @arena is the trace's. */
struct clew_score *clew_trace_more_scores(struct clew_trace *trace, uint32_t n,
                                          struct clew_arena *arena);

/* Index of the step with that span id, or CLEW_STEP_NONE. */
uint32_t clew_trace_find(const struct clew_trace *trace, const struct clew_span_id *id);

/* What a paused step waits for, as text; empty where it does not say. From the span or @arena. */
struct clew_slice clew_step_waits_for(const struct clew_step *step, struct clew_arena *arena);

/* The step that was heard of last: of an open or lost run the place where it stands. The latest
 * start or end counts. CLEW_STEP_NONE without steps. */
uint32_t clew_trace_latest(const struct clew_trace *trace);

struct clew_skew clew_step_skew(const struct clew_trace *trace, uint32_t step);

/* Edges that leave @step: first of @ret_n, NULL when none. */
const struct clew_edge *clew_trace_edges_from(const struct clew_trace *trace, uint32_t step,
                                              uint32_t *ret_n);
/* The LLM step whose tool call made @step run, by CALL edge, or CLEW_STEP_NONE. */
static inline uint32_t clew_trace_caller(const struct clew_trace *trace, uint32_t step)
{
        return trace->steps[step].caller;
}

#endif
