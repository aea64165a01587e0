/*
 * What the rules of root cause judge of single steps, for queries about spans. The rules are above
 * this folder: who links them installs the function (clew, clewd); without one nothing is judged.
 */
#ifndef CLEW_QUERY_FIND_JUDGED_H
#define CLEW_QUERY_FIND_JUDGED_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "query/model/trace.h"

#include <stdbool.h>

/* Whether a step failed. */
struct clew_step_failed {
        bool is_error;  /* by its status, or another sign */
        bool by_result; /* a tool call: by a sign, or by its answer (span.clew.result_error) */
};

/* Marks in @failed, one for each step of @trace (built with texts and edges), the tool calls that
 * failed: by their status, or by a result that reads as an error. 0 or -ENOMEM. */
typedef int (*clew_judge_fn)(const struct clew_trace *trace, bool *failed);

/* Before other threads read. */
void clew_judge_install(clew_judge_fn judge);
bool clew_judge_is_installed(void);
/* What was judged of @trace (built with texts), else an array in @arena; NULL when nobody judges or
 * memory is short. */
CLEW_MUST_USE const bool *clew_judged_failed(const struct clew_trace *trace,
                                             struct clew_arena *arena);

#endif
