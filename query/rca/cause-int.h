/*
 * The cause of a failed run as its summary keeps it: rule, step, one line, and a signature that is
 * equal for failures of one kind. Computed when a trace is sealed.
 */
#ifndef CLEW_QUERY_RCA_CAUSE_H
#define CLEW_QUERY_RCA_CAUSE_H

#include "query/model/summary.h"
#include "query/rca/rca.h"

/* Reduces an analysis. A best guess of low class is no cause: the rule stays empty, and the
 * signature says "unexplained". Slices are static, of the trace, or of @arena. */
void clew_cause_of(const struct clew_why *why, struct clew_arena *arena,
                   struct clew_summary_cause *ret);

/* What a summary keeps of an analysis: nothing for a run that passed; for one that did not fail
 * only a strong sign (a loop, a cut answer). Slices are static or of @arena. */
void clew_cause_note(const struct clew_why *why, struct clew_arena *arena,
                     struct clew_summary_cause *ret);

#endif
