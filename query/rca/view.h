/*
 * One trace, prepared once for all rules: steps in time order, what each step newly said or saw,
 * normalised tool keys, and where every value token came from.
 *
 * A *step* is an LLM call or a tool call (the only things a rule may blame), or another span that
 * matters as a carrier of an error or as an agent. Steps that exist only as messages (a tool result
 * without a tool span) become virtual tool steps that stand for the span of the LLM call that asked
 * for them (virtual.c).
 *
 * A *unit* is a text that appears for the first time: the system prompt, a user message, what an
 * LLM wrote, arguments of a call, a result. Every LLM call repeats the whole history; of that, only
 * new messages make units, so all later work is linear in new text.
 *
 * Bounds: texts longer than CLEW_RCA_UNIT_MAX are searched in head and tail only, and when more
 * than CLEW_RCA_TEXT_MAX of new text has been read the rest is not tokenised; `partial` says so. A
 * trace of more than CLEW_RCA_STEPS_MAX steps is analysed from its start and its end.
 */
#ifndef CLEW_QUERY_RCA_VIEW_H
#define CLEW_QUERY_RCA_VIEW_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"
#include "query/model/message.h"
#include "query/model/trace.h"
#include "query/rca/deeds.h"
#include "query/rca/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEW_RCA_STEPS_MAX 60000u      /* 25,000-span traces are real; more is a runaway */
#define CLEW_RCA_UNIT_MAX (64u << 10)  /* of one text, half from each end */
#define CLEW_RCA_TEXT_MAX (24u << 20)  /* of all new text; about 0.2 s of tokenising */
#define CLEW_RCA_TOKENS_MAX (1u << 20) /* distinct value tokens remembered */
#define CLEW_RCA_NOVEL_MAX (1u << 15)  /* a run that invents more is not read by anyone */
/* Bytes that one trace's claims of absence are checked in; beyond them nothing is claimed. */
#define CLEW_RCA_SEARCHED_MAX ((size_t)4 << 20)
#define CLEW_RCA_NONE UINT32_MAX

enum clew_rca_kind {
        CLEW_RCA_LLM,
        CLEW_RCA_TOOL,
        CLEW_RCA_AGENT,
        CLEW_RCA_OTHER, /* any other span; kept only when it carries an error */
};

enum clew_rca_origin {
        CLEW_RCA_SYSTEM,
        CLEW_RCA_USER,
        CLEW_RCA_WRITTEN, /* text that an LLM wrote */
        CLEW_RCA_ARGS,    /* arguments that an LLM wrote */
        CLEW_RCA_RESULT,  /* what a tool, retriever or sub-agent returned */
};

struct clew_rca_unit {
        struct clew_slice text;
        uint32_t step; /* that wrote, returned, or first received it */
        enum clew_rca_origin origin;
};

/* A call that an LLM step asked for. */
struct clew_rca_call {
        struct clew_slice name;
        struct clew_slice args; /* JSON text, as far as it was sent */
        struct clew_slice id;
        uint64_t key;       /* of name and canonical arguments */
        uint32_t tool_step; /* that carried it out, or NONE */
        enum clew_deed deed;
};

/* Tools that a request offered; neighbouring requests share one. */
struct clew_rca_offer {
        uint64_t hash;
        const struct clew_tool_definition *tools;
        uint32_t n_tools;
};

struct clew_rca_step {
        enum clew_rca_kind kind;
        uint32_t span; /* index in the trace model; of virtual steps that of the LLM call */
        struct clew_span_id span_id;
        uint32_t number; /* step number as `clew tree` prints it */
        uint32_t parent; /* nearest enclosing step, or NONE */
        uint32_t agent;  /* group: index of the owning agent */
        uint64_t start_ns;
        uint64_t end_ns;
        struct clew_slice name; /* tool name, model, or span name */
        struct clew_slice agent_name;

        bool is_virtual;
        bool is_executor;  /* a tool that was logged as a model call */
        bool failed;       /* status error or an exception event */
        bool stopped;      /* the user refused it, or stopped it: it gave nothing */
        bool failed_below; /* some descendant failed, so this one may only report it */
        bool soft_error;   /* status fine, but the result reads as an error */
        enum clew_trouble trouble;
        struct clew_slice error_text; /* status or exception message, or the result that says so */
        uint64_t error_shape;

        /* LLM */
        struct clew_slice text; /* what it wrote, without reasoning */
        uint32_t first_call;
        uint32_t n_calls;
        struct clew_slice heard; /* the latest thing that a user said to it, or null */
        struct clew_slice mark;  /* that the latest message wants at the end, or null */
        struct clew_slice finish;
        uint64_t tokens_in;
        uint64_t tokens_out;
        uint64_t tokens_max; /* configured maximum of output tokens, 0 = not sent */
        uint32_t offer; /* index of the tools it was offered, or NONE; only of those who call */
        uint64_t system_hash; /* of the system prompt that this call saw, 0 = none */
        uint32_t n_messages;  /* of its input, without the system prompt; 0 = none recorded */
        uint32_t first_unit;  /* units that this step introduced */
        uint32_t n_units;
        uint32_t words; /* index into the word sets, or NONE */

        /* TOOL */
        struct clew_slice args;
        struct clew_slice result;
        struct clew_slice call_id;
        bool has_result; /* a result was recorded at all */
        uint64_t key;
        uint64_t gist; /* of the first words of its command; equal for calls to the same end */
        uint64_t result_hash;
        bool empty;          /* the result holds nothing */
        bool said_no;        /* status 1 of a program that says so: nothing matched, it differs */
        enum clew_deed deed; /* what it does to the world; not in a view of steps only */

        uint32_t caller;   /* TOOL: LLM step that asked for it, or NONE */
        uint32_t prev_llm; /* in the same group */
        uint32_t next_llm;
};

/* Where a value was seen. */
struct clew_rca_seen {
        struct clew_slice text;
        uint64_t hash;
        uint64_t shape;
        double number;
        uint32_t first;    /* unit of the first appearance */
        uint32_t observed; /* first unit that an LLM did not write, or NONE */
        uint32_t last;     /* unit of the last observation, or NONE */
        uint32_t n_units;
        struct clew_slice whole; /* the compound (C-4471) that all its observations were parts of */
};

/* A value in a text or argument that no earlier unit held. */
struct clew_rca_novel {
        struct clew_token token;
        uint32_t unit;
};

struct clew_rca_view {
        const struct clew_trace *trace;
        struct clew_arena *arena;
        struct clew_rca_step *steps;
        uint32_t n_steps;
        struct clew_rca_call *calls;
        uint32_t n_calls;
        struct clew_rca_unit *units; /* in order of appearance */
        uint32_t n_units;
        uint32_t first_result;    /* first unit that a tool returned, or NONE */
        struct clew_words *words; /* of LLM texts long enough to compare */
        uint32_t n_words;
        struct clew_rca_offer *offers;
        uint32_t n_offers;
        uint32_t n_agents;
        struct clew_slice input;  /* of the run */
        struct clew_slice output; /* of the run, or null */
        uint32_t first_llm;
        uint32_t last_llm;
        uint32_t last_step;      /* LLM or TOOL */
        bool failed;             /* the run failed: status or verdict. Never says where */
        bool passed;             /* a verdict says that it passed */
        bool root_failed;        /* a root span carries error status */
        struct clew_slice shell; /* the one tool that nearly all actions go through, or null */
        bool talk;         /* a user spoke again after the first call; set by clew_why_signs() */
        bool acts_in_text; /* most model calls hold a code block: programs are their actions */
        struct clew_slice root_error;
        bool partial;

        /* values that an LLM wrote before anything else had shown them */
        struct clew_rca_novel *novel;
        uint32_t n_novel;

        /* value tokens: open addressing, never more than half full */
        struct clew_rca_seen *seen;
        uint32_t seen_mask;
        uint32_t n_seen;
};

/*
 * Prepares @trace (built with CLEW_TRACE_FULL). The view and all it points to live in @arena, which
 * must outlive it, as must the trace. 0 or -ENOMEM.
 */
CLEW_MUST_USE int clew_rca_view_build(const struct clew_trace *trace, struct clew_arena *arena,
                                      struct clew_rca_view *ret);
/* The same without values, word sets and requests, for what only looks at steps and calls
 * (facts.h). */
CLEW_MUST_USE int clew_rca_view_build_steps(const struct clew_trace *trace,
                                            struct clew_arena *arena, struct clew_rca_view *ret);

/* What the run was asked: the input of its root, or of the first span below it that has one. */
struct clew_slice clew_rca_run_input(const struct clew_trace *trace);

/* Looks a value up by its hash; NULL when it was never seen. */
const struct clew_rca_seen *clew_rca_seen_find(const struct clew_rca_view *v, uint64_t hash);

/* True when a unit before @unit that no LLM wrote holds the value anywhere, in whatever
 * surroundings; also when too much would have to be searched to know. @searched counts bytes over
 * the trace. */
bool clew_rca_shown_before(const struct clew_rca_view *v, const struct clew_token *t, uint32_t unit,
                           size_t *searched);

static inline bool clew_rca_has_error(const struct clew_rca_step *s)
{
        return s->failed || s->soft_error;
}

/* LLM step to blame for what step @i did: itself, its caller, or the LLM call before it. NONE when
 * there is none. */
uint32_t clew_rca_blame(const struct clew_rca_view *v, uint32_t i);
/* The span that holds just one turn of an agent, when turns are spans of their own (a chain between
 * the agent and LLM step @i): its index in the trace model, or CLEW_STEP_NONE. */
uint32_t clew_rca_turn(const struct clew_rca_view *v, uint32_t i);
/* True when LLM step @i asked for a call, wrote a program among others who do, or something was
 * carried out before the next one. */
bool clew_rca_acted(const struct clew_rca_view *v, uint32_t i);
/* True when the instructions or a user say one of @n words, in lower case. */
bool clew_rca_was_asked(const struct clew_rca_view *v, const char *const *words, size_t n);

#endif
