/*
 * Which steps of a large trace a person is shown, and which stand behind a line that counts them.
 *
 * Nothing on the way to an error, to the cause, or to the step that was asked for is folded. What
 * is: framework plumbing and stream fragments, the middle of long rows of children, and repeats of
 * the same call with the same arguments (a loop), of which the first is shown. Plumbing that holds
 * something else gets no line; what it holds moves up in its place. Plumbing below something else
 * that holds nothing gets none either; it counts in n_hidden.
 */
#ifndef CLEW_QUERY_ANSWER_FOLD_H
#define CLEW_QUERY_ANSWER_FOLD_H

#include "proto/base/arena.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stdint.h>

/* Rows of children up to this length are shown whole. */
#define CLEW_FOLD_ROW_MAX 60u
/* Of longer ones: so many from the beginning and from the end. */
#define CLEW_FOLD_HEAD 20u
#define CLEW_FOLD_TAIL 10u
/* Repeats that make a loop: the same call three times in a row. */
#define CLEW_FOLD_REPEATS 3u
/* Steps that a repeated pattern may span: llm + tool, or llm + two tools. */
#define CLEW_FOLD_PERIOD_MAX 3u
/* Lines that a person is given at most, errors and the way to them apart: deeper levels fold first.
 */
#define CLEW_FOLD_LINES_MAX 400u
/* Errors kept visible in one row of children; a row of a thousand equal errors is a pattern. */
#define CLEW_FOLD_ERRORS_MAX 20u

/* One line of a folded tree: a step, or a run of hidden siblings with all below them. */
struct clew_fold_line {
        uint32_t step;    /* the step, or the first hidden one */
        uint32_t hidden;  /* 0 = the step itself; else hidden steps, descendants included */
        uint32_t errors;  /* among the hidden */
        uint32_t repeats; /* hidden repeats of what stands above; 0 = not a loop */
        uint32_t period;  /* steps of one repeat */
        uint32_t depth;   /* without the plumbing above */
        bool last;        /* no sibling comes after it */
};

struct clew_fold {
        const struct clew_fold_line *lines;
        uint32_t n;
        uint32_t n_hidden;
};

/*
 * Lays out the whole tree. @keep is a step that must be visible, or CLEW_STEP_NONE; @all folds
 * nothing. Lines live in @arena. Returns 0 or -ENOMEM.
 */
CLEW_MUST_USE int clew_fold_build(const struct clew_trace *trace, uint32_t keep, bool all,
                                  struct clew_arena *arena, struct clew_fold *ret);

#endif
