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
#include "query/model/score.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Raised whenever a rule change can give another summary for the same bytes. */
#define CLEW_RULES_VERSION 10u
/* No step: the parent of a root, the target of nothing. */
#define CLEW_STEP_NONE UINT32_MAX
/* Steps of one trace (stand-ins included); the walk admits no more spans in one request. */
#define CLEW_STEPS_MAX 4000000u

enum clew_kind {
        CLEW_KIND_GENERIC, /* nothing says more: a span like any other */
        CLEW_KIND_AGENT,
        CLEW_KIND_LLM,
        CLEW_KIND_TOOL,
        CLEW_KIND_RETRIEVER,
        CLEW_KIND_EMBEDDING,
        CLEW_KIND_RERANKER,
        CLEW_KIND_CHAIN, /* workflow, task, step, turn */
        CLEW_KIND_GUARDRAIL,
        CLEW_KIND_EVALUATOR,
        CLEW_KIND_PROMPT,
        CLEW_KIND_MEMORY,
        CLEW_KIND_MCP, /* an MCP call that is not a tool call */
        CLEW_KIND_HANDOFF,
        CLEW_KIND_EVENT,
        CLEW_KIND_COUNT,
};

/* Lower case, as users type it: "llm". Static storage. */
const char *clew_kind_name(enum clew_kind kind);
/* False when @name is none of them. */
CLEW_MUST_USE bool clew_kind_parse(struct clew_slice name, enum clew_kind *ret);

enum clew_outcome {
        CLEW_OUTCOME_UNKNOWN, /* no span at all */
        CLEW_OUTCOME_OK,      /* ended, no error at the top, no verdict */
        CLEW_OUTCOME_PASSED,  /* a verdict on the trace says so */
        CLEW_OUTCOME_FAILED,  /* a verdict on the trace says so */
        CLEW_OUTCOME_ERROR, /* the root, or a topmost agent, ended in an error; or no answer came */
        CLEW_OUTCOME_OPEN,  /* the root has not ended or has not arrived */
        CLEW_OUTCOME_PAUSED, /* ended waiting: for an approval, an answer, an event */
        CLEW_OUTCOME_COUNT,
};

const char *clew_outcome_name(enum clew_outcome outcome);
CLEW_MUST_USE bool clew_outcome_parse(struct clew_slice name, enum clew_outcome *ret);

/* ---- dialects and provenance ------------------------------------------------------------------
 */

/* Who wrote the span. A span may carry several; this is the one that explains most. */
enum clew_dialect {
        CLEW_DIALECT_NONE,
        CLEW_DIALECT_OTEL, /* OTel GenAI and MCP conventions, any version */
        CLEW_DIALECT_OPENINFERENCE,
        CLEW_DIALECT_OPENLLMETRY,
        CLEW_DIALECT_AISDK,
        CLEW_DIALECT_LANGFUSE,
        CLEW_DIALECT_LANGSMITH,
        CLEW_DIALECT_MLFLOW,
        CLEW_DIALECT_ADK,
        CLEW_DIALECT_GENKIT,
        CLEW_DIALECT_MASTRA,
        CLEW_DIALECT_PYDANTIC, /* pydantic-ai and Logfire */
        CLEW_DIALECT_STRANDS,
        CLEW_DIALECT_CLAUDE_CODE,
        CLEW_DIALECT_CODEX,
        CLEW_DIALECT_GEMINI_CLI,
        CLEW_DIALECT_LANGWATCH,
        CLEW_DIALECT_LIVEKIT,
        CLEW_DIALECT_LITELLM,
        CLEW_DIALECT_OPENLIT,
        CLEW_DIALECT_AGENT_FRAMEWORK,
        CLEW_DIALECT_AUTOGEN,
        CLEW_DIALECT_SEMANTIC_KERNEL,
        CLEW_DIALECT_COPILOT,
        CLEW_DIALECT_SPRING_AI,
        CLEW_DIALECT_LAMINAR,
        CLEW_DIALECT_BRAINTRUST,
        CLEW_DIALECT_HAYSTACK,
        CLEW_DIALECT_AG2,
        CLEW_DIALECT_OPENCLAW,
        CLEW_DIALECT_SENTRY,
        CLEW_DIALECT_OTHER, /* agent keys that are used by several frameworks */
        CLEW_DIALECT_COUNT,
};

const char *clew_dialect_name(enum clew_dialect dialect);

/* The fields that tables feed. The same list names them in `clew show --why-fields`. */
enum clew_field {
        CLEW_FIELD_NONE,
        CLEW_FIELD_KIND,
        CLEW_FIELD_NAME,
        CLEW_FIELD_REQUEST_MODEL,
        CLEW_FIELD_RESPONSE_MODEL,
        CLEW_FIELD_PROVIDER,
        CLEW_FIELD_AGENT_NAME,
        CLEW_FIELD_AGENT_ID,
        CLEW_FIELD_WORKFLOW,
        CLEW_FIELD_TOOL_NAME,
        CLEW_FIELD_TOOL_CALL_ID,
        CLEW_FIELD_TOOL_ARGUMENTS,
        CLEW_FIELD_TOOL_RESULT,
        CLEW_FIELD_TOOL_DEFINITIONS,
        CLEW_FIELD_TOOL_DESCRIPTION,
        CLEW_FIELD_TOOL_TYPE,
        CLEW_FIELD_INPUT,
        CLEW_FIELD_OUTPUT,
        CLEW_FIELD_SYSTEM,
        CLEW_FIELD_TOKENS_IN,
        CLEW_FIELD_TOKENS_OUT,
        CLEW_FIELD_TOKENS_TOTAL,
        CLEW_FIELD_TOKENS_CACHE_READ,
        CLEW_FIELD_TOKENS_CACHE_WRITE,
        CLEW_FIELD_TOKENS_REASONING,
        CLEW_FIELD_TOKENS_IN_AUDIO,
        CLEW_FIELD_TOKENS_IN_IMAGE,
        CLEW_FIELD_TOKENS_OUT_AUDIO,
        CLEW_FIELD_TOKENS_OUT_IMAGE,
        CLEW_FIELD_COST,
        CLEW_FIELD_COST_IN,
        CLEW_FIELD_COST_OUT,
        CLEW_FIELD_COST_OTHER,
        CLEW_FIELD_COST_BAG,
        CLEW_FIELD_COST_CURRENCY,
        CLEW_FIELD_TOKENS_BARE_IN,
        CLEW_FIELD_TOKENS_BARE_OUT,
        CLEW_FIELD_TOKENS_APART,
        CLEW_FIELD_USAGE_BAG,
        CLEW_FIELD_FINISH_REASON,
        CLEW_FIELD_RESPONSE_ID,
        CLEW_FIELD_RESPONSE_STATUS,
        CLEW_FIELD_FIRST_TOKEN,
        CLEW_FIELD_ERROR_FLAG,
        CLEW_FIELD_ERROR_TYPE,
        CLEW_FIELD_ERROR_MESSAGE,
        CLEW_FIELD_ERROR_STACK,
        CLEW_FIELD_DEFERRED,
        CLEW_FIELD_SESSION,
        CLEW_FIELD_USER,
        CLEW_FIELD_TAGS,
        CLEW_FIELD_PROMPT_NAME,
        CLEW_FIELD_PROMPT_VERSION,
        CLEW_FIELD_PROMPT_TEMPLATE,
        CLEW_FIELD_PROMPT_VARIABLES,
        CLEW_FIELD_TRACE_NAME,
        CLEW_FIELD_ROOT,
        CLEW_FIELD_SCORES,
        CLEW_FIELD_COUNT,
};

const char *clew_field_name(enum clew_field field);
struct clew_trace;
struct clew_step;
/* A field that steps do not keep (tags, a tool's description), read from the tables on demand.
 * False when the span has none. Slices point into the span or into @arena. */
CLEW_MUST_USE bool clew_step_field(const struct clew_trace *trace, const struct clew_step *step,
                                   enum clew_field field, struct clew_arena *arena,
                                   struct clew_slice *ret);

enum clew_origin {
        CLEW_ORIGIN_SPAN,  /* a span attribute */
        CLEW_ORIGIN_EVENT, /* an attribute of a span event */
        CLEW_ORIGIN_LOG,   /* a correlated log record */
        CLEW_ORIGIN_SCOPE,
        CLEW_ORIGIN_RESOURCE,
        CLEW_ORIGIN_CORE,      /* a field of the span itself: name, status, times */
        CLEW_ORIGIN_INHERITED, /* from an ancestor, or from the rest of the trace */
};

const char *clew_origin_name(enum clew_origin origin);

/* Which key fed a field of a step. */
struct clew_provenance {
        enum clew_field field;
        enum clew_origin origin;
        enum clew_dialect dialect;
        struct clew_slice key; /* attribute key, or the name of the core field */
};

/* Which key feeds a field that steps do not keep; false when the span has none. */
CLEW_MUST_USE bool clew_step_field_origin(const struct clew_trace *trace,
                                          const struct clew_step *step, enum clew_field field,
                                          struct clew_arena *arena, struct clew_provenance *ret);

/* ---- steps ------------------------------------------------------------------------------------
 */

/* Token counts of one model call, in one meaning for all dialects: `in` includes cached input,
 * `out` includes reasoning. Absent counts are 0 with the bit in `has` clear. */
enum {
        CLEW_TOKENS_IN = 1 << 0,
        CLEW_TOKENS_OUT = 1 << 1,
        CLEW_TOKENS_CACHE_READ = 1 << 2,
        CLEW_TOKENS_CACHE_WRITE = 1 << 3,
        CLEW_TOKENS_REASONING = 1 << 4,
        CLEW_TOKENS_TOTAL = 1 << 5,    /* the sender gave a total of its own */
        CLEW_TOKENS_ADJUSTED = 1 << 6, /* in/out were sent without cache or reasoning; added here */
};

struct clew_tokens {
        uint64_t in;
        uint64_t out;
        uint64_t cache_read;
        uint64_t cache_write;
        uint64_t reasoning;
        uint64_t total; /* as sent; in + out when not sent */
        /* Parts of in and of out, 0 when not sent; the rest is text. */
        uint64_t in_audio;
        uint64_t in_image;
        uint64_t out_audio;
        uint64_t out_image;
        unsigned has;
};

enum clew_error_source {
        CLEW_ERROR_NONE,
        CLEW_ERROR_VENDOR,      /* a flag of the dialect: level ERROR, success=false ... */
        CLEW_ERROR_STATUS,      /* span status */
        CLEW_ERROR_TYPE,        /* error.type alone */
        CLEW_ERROR_EXCEPTION,   /* an exception event */
        CLEW_ERROR_LOG,         /* a correlated error log */
        CLEW_ERROR_TOOL_RESULT, /* the result says is_error */
};

const char *clew_error_source_name(enum clew_error_source source);

struct clew_step_error {
        bool is_error;
        enum clew_error_source source;
        struct clew_slice type;
        struct clew_slice message;
        struct clew_slice stack;
};

enum {
        CLEW_STEP_STANDIN = 1u << 0,    /* its span never arrived; only span_id is known */
        CLEW_STEP_ORPHAN = 1u << 1,     /* its parent is a stand-in */
        CLEW_STEP_CUT_CYCLE = 1u << 2,  /* its parent link closed a cycle and was cut */
        CLEW_STEP_OPEN = 1u << 3,       /* no end time */
        CLEW_STEP_SKEW = 1u << 4,       /* starts before its parent, or ends before it starts */
        CLEW_STEP_INCOMPLETE = 1u << 5, /* the sender dropped attributes, events or links */
        CLEW_STEP_TRUNCATED = 1u << 6,  /* some text was cut by the sender */
        CLEW_STEP_REDACTED = 1u << 7,   /* some text was replaced by a placeholder */
        CLEW_STEP_WRAPPER = 1u << 8, /* outer layer of the same call; counts go to the inner one */
        CLEW_STEP_NOISE = 1u << 9,   /* framework plumbing: fold it */
        CLEW_STEP_FRAGMENT = 1u << 10, /* stream chunk or pending placeholder: fold, never count */
        CLEW_STEP_SOFT_FAILURE = 1u << 11,  /* finish reason length, content_filter, error */
        CLEW_STEP_BOOKED = 1u << 12,        /* its tokens and cost are in the trace's totals */
        CLEW_STEP_ROLLUP = 1u << 13,        /* its tokens repeat those of its descendants */
        CLEW_STEP_INFERRED_KIND = 1u << 14, /* kind from the name or other weak evidence */
        CLEW_STEP_POLL = 1u << 15, /* fetches a response that another call made: books nothing */
        CLEW_STEP_UNREADABLE = 1u << 16, /* a number of the tables is none: shown raw only */
        CLEW_STEP_SETUP = 1u << 17,      /* makes an agent: not a run of it */
        CLEW_STEP_PRICED = 1u << 23,     /* its cost is by the price file, not as sent */
        CLEW_STEP_FROM_LOGS = 1u << 20,  /* made from log records: no span was sent */
        CLEW_STEP_CUMULATIVE = 1u << 18, /* sent as a running total; its tokens are its own part */
        CLEW_STEP_PAUSED = 1u << 19,     /* ended to wait for somebody */
        CLEW_STEP_CONTROL = 1u << 22,    /* ended by control flow that was sent as an error */
        CLEW_STEP_ANSWERED = 1u << 21,   /* some output was sent */
};

struct clew_step {
        struct clew_span span;      /* view; for a stand-in only span_id is set */
        struct clew_slice resource; /* encoded Resource */
        struct clew_slice scope;    /* encoded InstrumentationScope */
        uint32_t arrival;           /* position in the bytes; CLEW_STEP_NONE for a stand-in */

        /* tree; indices into clew_trace.steps. The number people see is index + 1. */
        uint32_t parent;
        uint32_t first_child;
        uint32_t next_sibling;
        uint32_t n_children;
        uint32_t n_descendants;
        uint32_t depth;  /* 0 for roots */
        uint32_t agent;  /* nearest enclosing agent step, itself for an agent, or NONE */
        uint32_t caller; /* LLM step whose tool call made this one run, by CALL edge, or NONE */
        /* Layers of one model call: the step that speaks for it, for a WRAPPER, or NONE; and for
         * that step the first of its layers, each of which leads to the next. */
        uint32_t call;
        uint32_t next_layer;
        uint32_t logs; /* first of n_logs in clew_trace.logs */
        uint32_t n_logs;

        enum clew_kind kind;
        enum clew_dialect dialect;
        uint32_t flags; /* CLEW_STEP_* */

        struct clew_slice name;  /* to display; never empty */
        struct clew_slice model; /* as answered, else as asked for */
        struct clew_slice request_model;
        struct clew_slice provider;   /* canonical where known: "openai", "gcp.gemini" */
        struct clew_slice agent_name; /* own name, on agent steps only */
        struct clew_slice agent_id;
        struct clew_slice workflow;
        struct clew_slice session; /* own or inherited */
        /* The second id when the sender gives two that differ (gen_ai.conversation.id of a dialogue
         * and session.id of the application around it). */
        struct clew_slice other_session;
        struct clew_slice user;

        struct clew_slice tool_name;
        struct clew_slice tool_call_id;
        struct clew_slice tool_arguments; /* JSON or plain text as sent */
        struct clew_slice tool_result;

        /* Whole input and output as sent: JSON or plain text; empty when messages came flattened
         * (use clew_step_messages()). Structured values are rendered as JSON. */
        struct clew_slice input;
        struct clew_slice output;

        struct clew_tokens tokens;
        double cost_usd; /* 0 unless has_cost */
        bool has_cost;
        struct clew_slice
                finish_reason; /* stop, length, tool_call, content_filter, error, or raw */
        struct clew_slice response_id;
        uint64_t first_token_ns; /* from the start to the first piece of a stream; 0 = not sent */
        struct clew_step_error error;

        uint64_t start_ns; /* as sent, 0 = unknown */
        uint64_t end_ns;   /* 0 = open */

        const struct clew_provenance *provenance; /* when asked for */
        uint32_t n_provenance;
};

static inline bool clew_step_is(const struct clew_step *step, uint32_t flag)
{
        return (step->flags & flag) != 0;
}

/* Never negative; 0 when an end is missing. */
static inline uint64_t clew_step_duration_ns(const struct clew_step *step)
{
        return step->end_ns > step->start_ns ? step->end_ns - step->start_ns : 0;
}

/* How far a step lies outside its parent's interval, and how far it ends before it starts: clocks
 * that disagree, or work that outlives who asked for it. Zeros where an edge is unknown. */
struct clew_skew {
        uint64_t before_ns;
        uint64_t after_ns;
        uint64_t negative_ns;
};

/* ---- logical edges ----------------------------------------------------------------------------
 */

enum clew_edge_type {
        CLEW_EDGE_CALL,      /* LLM step -> the tool (or agent) step that ran its tool call */
        CLEW_EDGE_RESULT,    /* tool step -> the LLM step that first read its result */
        CLEW_EDGE_SUBAGENT,  /* tool step -> the agent run that it started */
        CLEW_EDGE_LINK,      /* span link inside the trace */
        CLEW_EDGE_LINK_OUT,  /* span link to another trace: see trace_id and span_id */
        CLEW_EDGE_HANDOFF,   /* agent -> agent */
        CLEW_EDGE_TRANSPORT, /* client -> server side of one request (MCP) */
};

const char *clew_edge_type_name(enum clew_edge_type type);

struct clew_edge {
        enum clew_edge_type type;
        bool inferred; /* matched by name and order, not by an id */
        uint32_t from;
        uint32_t to;          /* NONE for LINK_OUT */
        struct clew_slice id; /* the id that both sides carry, if any */
        struct clew_trace_id trace_id;
        struct clew_span_id span_id;
};

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
        const struct clew_score *scores;
        uint32_t n_scores;
        const struct clew_step_log *logs; /* grouped by step, then those that match no step */
        uint32_t n_logs;
        uint32_t n_loose_logs;
        uint32_t n_from_logs; /* steps that were made from log records */
        bool has_run;
        struct clew_trace_id run; /* that it is of, when it is an agent's whose runs have ids */

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

/* Index of the step with that span id, or CLEW_STEP_NONE. */
uint32_t clew_trace_find(const struct clew_trace *trace, const struct clew_span_id *id);

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
