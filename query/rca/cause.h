/*
 * The cause of a failed run as its summary keeps it: rule, step, one line, and a signature that is
 * equal for failures of one kind. Computed when a trace is sealed.
 */
#ifndef CLEW_QUERY_RCA_CAUSE_H
#define CLEW_QUERY_RCA_CAUSE_H

#include "query/model/summary.h"
#include "query/rca/rca.h"

/* Reduces an analysis. A best guess of low class is no cause: the rule stays empty. Slices are
 * static, of the trace, or of @arena. */
void clew_cause_of(const struct clew_why *why, struct clew_arena *arena,
                   struct clew_summary_cause *ret);

/* A clew_summary_cause_fn: builds the whole trace from its bytes, if there are any, and analyses
 * it. */
int clew_cause_derive(struct clew_slice traces, struct clew_slice logs,
                      const struct clew_trace *trace, struct clew_arena *arena,
                      struct clew_summary_cause *ret);

/* Lets summaries carry causes. Called by the mains, once, before any thread starts. */
void clew_cause_install(void);

#endif
