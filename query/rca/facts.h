/*
 * Facts of a run that are stored with its summary when it is sealed: loops, stalls, retries and
 * what was wasted. They hold for runs that passed too, and blame nobody; `why` does that.
 *
 *  loop    the same one to four calls with the same arguments and answers, three rounds or more
 *  stall   eight model calls or more in succession that brought no new input and no new answer
 *  retry   a call made again after it failed: the same tool with the same arguments, or the next
 *          model call of the same agent with no action between
 *  waste   steps that changed nothing: failed calls that were made again at once (a test that
 * fails, is mended and run again is work), rounds of a loop after its first, calls that got the
 *          answer which the last call with those arguments got; and the model calls that asked for
 *          nothing else. Tokens and cost of all that is booked on or under them; seconds of their
 *          spans, added up.
 */
#ifndef CLEW_QUERY_RCA_FACTS_H
#define CLEW_QUERY_RCA_FACTS_H

#include "query/model/summary.h"
#include "query/rca/view.h"

/* Fewer than these are ordinary: a plan, its critique, a summary, an answer. */
#define CLEW_FACTS_STALL_CALLS 8u

/* Facts of a prepared trace. Works in the view's arena. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_facts_of(const struct clew_rca_view *v, struct clew_summary_facts *ret);

/*
 * A clew_summary_facts_fn: facts and, for runs that did not go well, the cause (cause.h). A trace
 * too large to be analysed keeps its summary without them.
 */
void clew_facts_derive(struct clew_trace *trace, struct clew_arena *arena,
                       struct clew_summary *ret);

/* Lets summaries carry facts and causes. Called by the mains, once, before any thread starts. */
void clew_facts_install(void);

#endif
