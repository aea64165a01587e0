/*
 * A step: what one span is to people, whatever dialect it is written in.
 */
#ifndef CLEW_QUERY_MODEL_STEP_H
#define CLEW_QUERY_MODEL_STEP_H

#include "proto/base/compiler.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"
#include "proto/otlp/span.h"
#include "query/model/field.h"

#include <stdbool.h>
#include <stdint.h>

/* No step: the parent of a root, the target of nothing. */
#define CLEW_STEP_NONE UINT32_MAX

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

/* What a command printed, inside the lines that a coding agent's shell tool puts before it; @text
 * itself when it does not begin with such lines. @ret_code (may be NULL): the exit code that they
 * tell, in digits, or a null slice. All are slices of @text. */
struct clew_slice clew_shell_output(struct clew_slice text, struct clew_slice *ret_code);
/* False when @name is none of them. */
CLEW_MUST_USE bool clew_kind_parse(struct clew_slice name, enum clew_kind *ret);

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

/* All counts of @t on top of @sum: a total is a sum over distinct calls. */
static inline void clew_tokens_add(struct clew_tokens *sum, const struct clew_tokens *t)
{
        sum->in += t->in;
        sum->out += t->out;
        sum->cache_read += t->cache_read;
        sum->cache_write += t->cache_write;
        sum->reasoning += t->reasoning;
        sum->total += t->total;
        sum->in_audio += t->in_audio;
        sum->in_image += t->in_image;
        sum->out_audio += t->out_audio;
        sum->out_image += t->out_image;
        sum->has |= t->has;
}

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
        CLEW_STEP_CUMULATIVE =
                1u << 18,              /* sent as a total of several; its tokens are its own part */
        CLEW_STEP_PAUSED = 1u << 19,   /* ended to wait for somebody */
        CLEW_STEP_CONTROL = 1u << 22,  /* ended by control flow that was sent as an error */
        CLEW_STEP_ANSWERED = 1u << 21, /* some output was sent */
        CLEW_STEP_REFUSED = 1u << 24,  /* a call that the user did not allow */
        CLEW_STEP_CANCELLED = 1u << 25, /* the user, or who called it, stopped it */
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
        size_t left_out_bytes; /* of a skeleton: what the result had; tool_result says it in words
                                */

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

#endif
