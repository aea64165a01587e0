/*
 * What people said of traces, for a choice: said.c.
 */
#ifndef CLEW_QUERY_FIND_SAID_INT_H
#define CLEW_QUERY_FIND_SAID_INT_H

#include "query/find/index/index.h"
#include "query/find/language/regex-int.h"
#include "query/find/language/run-int.h"

/* One comparison with labels, or with scores of a name. */
struct clew_said_condition {
        struct clew_slice score; /* empty: labels */
        enum clew_op op;
        const struct clew_operand *value; /* NULL: @regex */
        const struct clew_regex *regex;
};

/* NULL: nothing can be said, memory is short, or there is too much. */
struct clew_said *clew_said_new(struct clew_view *view, const struct clew_said_source *source,
                                const struct clew_trace_id *aimed, uint32_t n_aimed);
void clew_said_free(struct clew_said *s); /* NULL is fine */

bool clew_said_tells(const struct clew_field_row *row);
bool clew_said_is_label(const struct clew_field_row *row);
/* False: each trace is to be asked. */
bool clew_said_knows(const struct clew_said *s, const struct clew_field_row *row);
/*
 * Where what people said may meet, and meets, the condition (with nil: where they said something);
 * added to @may and @does. Of scores, what spans carry is not among it. 0 or damage.
 */
CLEW_MUST_USE int clew_said_find(struct clew_said *s, struct clew_index_run *run,
                                 const struct clew_said_condition *condition,
                                 struct clew_index_set *may, struct clew_index_set *does,
                                 struct clew_error *err);

#endif
