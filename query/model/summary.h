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

struct clew_summary {
        uint32_t rules_version;
        enum clew_outcome outcome;
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
        bool more; /* a name list was cut */
        struct clew_summary_cause cause;
};

/* Fills @ret from a built trace; slices point into it. The cause stays empty. */
void clew_summary_of_trace(const struct clew_trace *trace, struct clew_summary *ret);

/* The same with its cause, from a trace built with CLEW_TRACE_FULL. @arena is for the work and for
 * the texts of the cause. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_summary_of_full_trace(const struct clew_trace *trace,
                                             struct clew_arena *arena, struct clew_summary *ret);

/* Appends the encoded record. */
void clew_summary_encode(const struct clew_summary *summary, struct clew_buffer *out);

/* Slices point into @record, lists into @arena. 0, -EBADMSG, -EPROTONOSUPPORT, -ENOMEM. */
CLEW_MUST_USE int clew_summary_decode(struct clew_slice record, struct clew_arena *arena,
                                      struct clew_summary *ret);

/*
 * The deriver that the store calls. Building the trace, without texts and edges, and encoding its
 * summary. Static storage, any thread.
 */
const struct clew_deriver *clew_model_deriver(void);

/*
 * How the root-cause rules take part: called for traces that did not go well (failed, error, or
 * with failed steps) or have not ended, before encoding; fills @ret from @arena. @traces and @logs
 * are the bytes, in case it needs texts or edges; both are empty when @trace has them. Set once,
 * before any thread starts; NULL switches it off.
 */
typedef int (*clew_summary_cause_fn)(struct clew_slice traces, struct clew_slice logs,
                                     const struct clew_trace *trace, struct clew_arena *arena,
                                     struct clew_summary_cause *ret);
void clew_model_set_cause(clew_summary_cause_fn fn);

#endif
