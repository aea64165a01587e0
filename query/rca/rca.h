/*
 * Root cause of one trace, without a model: run all rules over one view, rank what they found, and
 * give at most five findings, each with evidence. No finding is a valid answer.
 *
 * Deterministic: the same trace (and references) gives the same result, byte for byte. Nothing here
 * depends on the clock, on addresses or on hash order.
 */
#ifndef CLEW_QUERY_RCA_RCA_H
#define CLEW_QUERY_RCA_RCA_H

#include "query/rca/rules.h"
#include "query/rca/view.h"

#define CLEW_WHY_FINDINGS_MAX 5u /* more is a list, not an answer */
#define CLEW_WHY_EXCLUDED_MAX 6u
#define CLEW_WHY_REFERENCES_MAX 8u /* passing runs compared with */

/* A sign that was seen and set aside. */
struct clew_excluded {
        uint32_t step;
        struct clew_slice reason;
};

struct clew_why {
        const struct clew_rca_view *view;
        struct clew_finding findings[CLEW_WHY_FINDINGS_MAX]; /* best first */
        uint32_t n_findings;
        struct clew_excluded excluded[CLEW_WHY_EXCLUDED_MAX];
        uint32_t n_excluded;
        uint32_t first_error; /* step, or CLEW_RCA_NONE; for "no rule explains" */
};

/* A passing run of the same task, reduced to what divergence needs. */
struct clew_reference {
        const uint64_t *keys;           /* of its actions, in order */
        const struct clew_slice *names; /* of their tools */
        uint32_t n_keys;
};

/* divergence.c; beside the other rules because it alone needs references. */
void clew_rule_divergence(const struct clew_rca_view *v, const struct clew_reference *references,
                          uint32_t n, struct clew_findings *ret);

/* True when the action is among those of @r. */
bool clew_reference_took(const struct clew_reference *r, uint64_t key);

/* Fills the actions of a view, in order, for use as a reference; lives in the view's arena. */
struct clew_reference clew_reference_of(const struct clew_rca_view *v);

/*
 * Analyses @trace (built with CLEW_TRACE_FULL). All of @ret lives in @arena and in the trace.
 * @references may be NULL with @n = 0. 0 or -ENOMEM.
 */
CLEW_MUST_USE int clew_why_analyse(const struct clew_trace *trace,
                                   const struct clew_reference *references, uint32_t n,
                                   struct clew_arena *arena, struct clew_why *ret);
/* The same by the run alone, as far as its summary needs it (cause-int.h): of a run that did not
 * fail, and in which nothing but places can be named, there are no findings. */
CLEW_MUST_USE int clew_why_for_summary(const struct clew_trace *trace, struct clew_arena *arena,
                                       struct clew_why *ret);
/*
 * Of a skeleton (trace->left_out): what was found while its texts were there; recall.c.
 * clew_why_record() appends what is kept of it, for the note. 0, -ENOMEM, or an error of @out.
 */
CLEW_MUST_USE int clew_why_recall(const struct clew_trace *trace, struct clew_arena *arena,
                                  struct clew_why *ret);
/* Either: clew_why_recall() of a skeleton, else clew_why_analyse() by the run alone. */
CLEW_MUST_USE int clew_why_of(const struct clew_trace *trace, struct clew_arena *arena,
                              struct clew_why *ret);
CLEW_MUST_USE int clew_why_record(struct clew_slice traces, struct clew_slice logs, bool joined,
                                  struct clew_buffer *out);

#endif
