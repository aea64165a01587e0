/*
 * How a run ended, as of a moment: the same for who opens one as in lists of many.
 */
#ifndef CLEW_QUERY_FIND_SETTLE_H
#define CLEW_QUERY_FIND_SETTLE_H

#include "proto/base/clock.h"
#include "query/model/summary.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stdint.h>

/* An open run that has sent nothing for so long is called lost. Ten minutes: longer than any
 * single model or tool call that real runs wait for. */
#define CLEW_LOST_AFTER_NS (600 * CLEW_NS_PER_S)

/*
 * Settles the outcome of a trace that was just built: a run whose parent never came is judged by
 * what did, once that is over for CLEW_LOST_AFTER_NS at @now_ns. @last_arrival_ns is that of its
 * data (0: all of it is sealed). True when it is lost: open, and silent for as long.
 */
bool clew_settle(struct clew_trace *trace, uint64_t last_arrival_ns, uint64_t now_ns);
/* The same for a summary: a run whose parent never came is judged by what did, once it has been
 * over for @patience_ns at @now_ns. */
void clew_settle_summary(struct clew_summary *summary, uint64_t start_ns, uint64_t now_ns,
                         uint64_t patience_ns);

#endif
