/*
 * The parts of a choice: sets over the traces of one run, and where a field has a value.
 */
#ifndef CLEW_QUERY_FIND_INDEX_CHOOSE_INT_H
#define CLEW_QUERY_FIND_INDEX_CHOOSE_INT_H

#include "query/find/index/facet-int.h"
#include "query/find/index/index.h"

/* Bounds of where something holds. */
struct clew_bounds {
        struct clew_index_set may;
        struct clew_index_set does;
};

struct clew_said;

struct clew_index_choice {
        const struct clew_query *const *queries;
        uint32_t n;
        struct clew_index_chooser chooser;
        struct clew_index_chooser names;
        struct clew_said *said; /* NULL: not known, or not asked for */
        /* Of the run at hand: */
        struct clew_index_run *run;
        struct clew_arena arena;
        struct clew_error *err;
        int error;
};

/* Traces in which some span may have such a value, and does. */
struct clew_hits {
        struct clew_bounds b;
        bool known;
};

enum clew_wanted { CLEW_WANT_EQUAL, CLEW_WANT_NUMBER, CLEW_WANT_PREFIX, CLEW_WANT_SOME };

struct clew_want {
        enum clew_wanted what;
        const struct clew_operand *value; /* EQUAL, NUMBER */
        enum clew_op op;                  /* NUMBER: how a number compares with it */
        struct clew_slice prefix;
        bool as_text; /* numbers and truth values are compared as they are written */
};

/* An empty set over the run at hand; c->error without memory. */
struct clew_index_set clew_choice_set(struct clew_index_choice *c);
void clew_choice_copy(struct clew_index_set *to, const struct clew_index_set *from);
/* Adds the traces with that facet; damage is remembered. */
void clew_choice_find(struct clew_index_choice *c, const struct clew_index_facet *f,
                      struct clew_index_set *into);
/* Adds the traces with a number under the name of @f that compares with @v, a number, as @op says.
 */
void clew_choice_find_numbers(struct clew_index_choice *c, struct clew_index_facet *f,
                              enum clew_op op, const struct clew_operand *v, struct clew_bounds *b);
/* Costs of traces that were stored with another list of prices than that of now are not known. */
void clew_choice_forget_prices(struct clew_index_choice *c, struct clew_bounds *b);
/* Makes @b, where some step may and does meet the expression, as exact as what indexes tell of
 * steps can. Nothing changes where it asks for something else, or few traces are in doubt. */
void clew_choice_ask_steps(struct clew_index_choice *c, const struct clew_query *q, uint32_t expr,
                           struct clew_bounds *b);
/* Where some span has such a value of @ref; `does` is in `may`. */
struct clew_hits clew_choice_hits(struct clew_index_choice *c, const struct clew_field_ref *ref,
                                  const struct clew_want *want);

#endif
