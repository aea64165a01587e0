/*
 * Which tool calls failed, as the rules see it: by their status, or by a result that reads as an
 * error under a fine one (view.h, soft_error). For queries (query/find/judged.h).
 */
#ifndef CLEW_QUERY_RCA_JUDGE_RESULTS_INT_H
#define CLEW_QUERY_RCA_JUDGE_RESULTS_INT_H

#include "proto/base/compiler.h"
#include "query/model/trace.h"
#include "query/rca/view.h"

#include <stdbool.h>

/* Marks them in @failed, which has room for each step of the view's trace. */
void clew_rca_mark_failed(const struct clew_rca_view *v, bool *failed);
/* As clew_judge_fn. */
CLEW_MUST_USE int clew_rca_judge_results(const struct clew_trace *trace, bool *failed);

#endif
