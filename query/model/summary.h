/*
 * The summary of a trace: what a list shows and filters by, in some 80 bytes.
 *
 * Format: a version byte, then tagged fields in ascending order of their tag, each `varint tag << 1
 * | is_bytes`, then a varint, or a varint length and bytes. Defaults are left out. Unknown tags are
 * skipped, so newer rules may add fields without a new version. Times are relative to the start,
 * which the store keeps as the place in the list. The same trace gives the same bytes.
 */
#ifndef CLEW_QUERY_MODEL_SUMMARY_H
#define CLEW_QUERY_MODEL_SUMMARY_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/slice.h"
#include "query/model/score.h"
#include "query/model/shares.h"
#include "query/model/trace.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stdint.h>

/* Names kept per list (agents, models, tools); `more` says that some are missing. Most used first
 * would not be stable under additions, so first seen stays. */
#define CLEW_SUMMARY_NAMES_MAX 64u
/* Longer texts are cut on a character boundary: a list has no room for them. */
#define CLEW_SUMMARY_TEXT_MAX 160u

/* What the root-cause rules found; filled by them through clew_summary_cause_fn. */
struct clew_summary_cause {
        struct clew_slice rule;      /* "tool-error", empty = none found */
        uint32_t step;               /* number as people see it (1-based), 0 = none */
        struct clew_slice detail;    /* one line */
        struct clew_slice signature; /* equal for failures of one kind: clusters group by it */
};

/* What query/rca/facts.h counts; all zero when a run had none of it, or was not looked at. */
struct clew_summary_facts {
        uint32_t loops;
        uint32_t loop_rounds; /* of the loop with the most */
        uint32_t loop_step;   /* number of the step that it began with */
        uint32_t stalls;
        uint32_t stall_calls; /* model calls of the longest stall */
        uint32_t stall_step;  /* number of its first */
        uint32_t retries;
        uint32_t waste_steps;
        uint64_t waste_tokens;
        uint64_t waste_ns;
        double waste_usd;
};

/* Scores of the root, the trace and the session that a list shows, in the order they came. */
#define CLEW_SUMMARY_SCORES_MAX 8u
/* Session ids of subtrees besides the run's own. */
#define CLEW_SUMMARY_SESSIONS_MAX 8u

struct clew_summary_score {
        enum clew_score_target target; /* STEP: of the root */
        bool has_value;
        double value;
        struct clew_slice name;
        struct clew_slice label;
};

/* A score that this trace carries about a span of another one. */
struct clew_summary_aimed {
        struct clew_summary_score score;
        struct clew_trace_id trace_id;
        struct clew_span_id span_id;
};

struct clew_summary {
        uint32_t rules_version;
        enum clew_outcome outcome;
        enum clew_outcome settled; /* the outcome of an open run if nothing more comes */
        struct clew_slice name;
        struct clew_slice service;
        struct clew_slice session;
        struct clew_slice user;
        struct clew_slice error; /* type or first line of the root's or deepest error */
        uint32_t n_spans;
        uint32_t n_steps; /* stand-ins included: the highest step number */
        uint32_t n_errors;
        uint32_t n_llm;
        uint32_t n_tool;
        uint32_t n_logs;      /* log records */
        uint32_t n_from_logs; /* steps made from them */
        uint32_t kinds;       /* bit set over enum clew_kind: those of its steps; 0 = not known */
        bool has_run;
        struct clew_trace_id run; /* that it is of: see query/find/run.h */
        uint64_t duration_ns;
        struct clew_tokens tokens;
        double cost_usd;
        bool has_cost;
        const struct clew_name_count *agents;
        const struct clew_name_count *models;
        const struct clew_name_count *tools;
        uint32_t n_agents;
        uint32_t n_models;
        uint32_t n_tools;
        bool more;                 /* a list was cut */
        struct clew_shares shares; /* of the names above; unknown in older records */
        struct clew_summary_score scores[CLEW_SUMMARY_SCORES_MAX];
        struct clew_slice sessions[CLEW_SUMMARY_SESSIONS_MAX]; /* without `session` */
        struct clew_summary_aimed aimed[CLEW_SUMMARY_SCORES_MAX];
        uint32_t n_scores;
        uint32_t n_sessions;
        uint32_t n_aimed;
        struct clew_summary_cause cause;
        struct clew_summary_facts facts;
        uint32_t asked; /* hash of what the run was asked, set with the facts; 0 = not known */
        enum clew_left_out left_out; /* its texts */
};

/* The version of what is derived now: of the rules, and above it of the price list (prices.h). */
uint32_t clew_rules_version(void);

/* Fills @ret from a built trace; slices point into it. Cause, facts and shares stay empty. Of a
 * skeleton only what its spans tell: the two below put in what was known by its texts. */
void clew_summary_of_trace(const struct clew_trace *trace, struct clew_summary *ret);

/* The same with cause and facts, from a trace built with CLEW_TRACE_FULL. @arena is for the work
 * and for the texts of the cause. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_summary_of_full_trace(const struct clew_trace *trace,
                                             struct clew_arena *arena, struct clew_summary *ret);

/* Of a skeleton: what is known of it, by its spans and by what was noted; no rule is asked. 0 or
 * -ENOMEM. */
CLEW_MUST_USE int clew_summary_recall(const struct clew_trace *trace, struct clew_arena *arena,
                                      struct clew_summary *ret);

/* Appends the encoded record. */
void clew_summary_encode(const struct clew_summary *summary, struct clew_buffer *out);

/* Slices point into @record, lists into @arena. 0, -EBADMSG, -EPROTONOSUPPORT, -ENOMEM. */
CLEW_MUST_USE int clew_summary_decode(struct clew_slice record, struct clew_arena *arena,
                                      struct clew_summary *ret);

/* The summary of several traces that make one run, from their bytes one after the other. Appends
 * the record. 0 or a negative errno. */
CLEW_MUST_USE int clew_summary_of_run(struct clew_slice traces, struct clew_slice logs,
                                      struct clew_buffer *out);
/* That of one trace, whatever run it is of. */
CLEW_MUST_USE int clew_summary_of_one(struct clew_slice traces, struct clew_slice logs,
                                      struct clew_buffer *out);

/*
 * The deriver that the store calls: builds the trace, lets the analysis add what it finds, encodes
 * the summary. Static storage, any thread.
 */
const struct clew_deriver *clew_model_deriver(void);
/* The same without facts and causes; its summaries carry version 0, so that a reindex adds them. */
const struct clew_deriver *clew_model_deriver_plain(void);

/*
 * How the analysis takes part: called for each trace before its summary is encoded; fills cause and
 * facts of @ret from @arena. @trace was built with texts, with or without edges
 * (clew_trace_link()). What it cannot do it leaves out. Set once, before any thread starts; NULL
 * switches it off.
 */
typedef void (*clew_summary_facts_fn)(struct clew_trace *trace, struct clew_arena *arena,
                                      struct clew_summary *ret);
void clew_model_set_facts(clew_summary_facts_fn fn);

/*
 * How indexes take part: called for each trace that is sealed, with its summary, gives @sink what
 * it is to be found by. @arena is for the work. Set once, before any deriver is asked for; @version
 * is that of what it gives, @adder (borrowed, may be NULL) adds up what it gave.
 */
typedef void (*clew_summary_index_fn)(const struct clew_trace *trace,
                                      const struct clew_summary *summary, struct clew_arena *arena,
                                      struct clew_index_sink *sink);
void clew_model_set_index(clew_summary_index_fn fn, uint64_t version,
                          const struct clew_index_adder *adder);

/* Whether a list of runs shows a trace whose steps are of @kinds. Summaries of rules that did not
 * tell them (0) are shown. */
static inline bool clew_summary_is_run(uint32_t kinds)
{
        const uint32_t no_run = 1u << CLEW_KIND_GENERIC | 1u << CLEW_KIND_EVENT |
                                1u << CLEW_KIND_PROMPT | 1u << CLEW_KIND_MCP;

        return kinds == 0 || (kinds & ~no_run) != 0;
}

#endif
