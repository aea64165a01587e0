/*
 * What the files of the summary share.
 */
#ifndef CLEW_QUERY_MODEL_SUMMARY_INT_H
#define CLEW_QUERY_MODEL_SUMMARY_INT_H

#include "query/model/summary.h"

/* Of a skeleton: puts what was noted in the place of what texts would have told. */
void clew_summary_settle(const struct clew_trace *trace, struct clew_arena *arena,
                         struct clew_summary *ret);

#endif
