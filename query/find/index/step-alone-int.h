/*
 * One step as an index tells it, put to an expression of a query.
 */
#ifndef CLEW_QUERY_FIND_INDEX_STEP_ALONE_INT_H
#define CLEW_QUERY_FIND_INDEX_STEP_ALONE_INT_H

#include "query/find/index/index.h"
#include "query/find/language/run-int.h"

/* Numbers that indexes tell of a step, and where their literals stand in an expression. */
enum clew_step_number {
        CLEW_STEP_DURATION,
        CLEW_STEP_TOKENS,
        CLEW_STEP_COST,
        CLEW_STEP_NUMBERS,
};

struct clew_step_numbers {
        uint64_t duration_ns;
        uint64_t tokens;
        double cost_usd;
        bool has_tokens;
        bool has_cost;
};

/* Which of them a field is; CLEW_STEP_NUMBERS = none. */
enum clew_step_number clew_step_number_of(const struct clew_field_ref *ref);
/*
 * Whether the expression asks nothing of a step but texts that indexes tell, whether it failed, and
 * how these numbers compare with literals. Calls @fn for each such comparison; false when that
 * does.
 */
bool clew_expr_asks_steps(const struct clew_query *q, uint32_t expr,
                          bool (*fn)(void *context, enum clew_step_number number,
                                     const struct clew_operand *literal),
                          void *context);
/* Whether such a step meets the expression. */
bool clew_expr_meets_step(struct clew_query_run *run, uint32_t expr,
                          const struct clew_step_sort *sort,
                          const struct clew_step_numbers *numbers);

#endif
