/*
 * Where the spans of a run's traces have a number on one side of a bound, by facets.
 *
 * Under one name the numbers stand in their order, three kinds of keys one after the other
 * (facet-int.h): those on the right side of the bound are walked, and the sets of traces united.
 * There are at most some 2,000 and twice 65,536 of them, of what people measure some hundred.
 */
#include "query/find/index/choose-int.h"

#include "query/model/prices.h"

#include <errno.h>
#include <math.h>

struct number_walk {
        struct clew_slice prefix; /* name and tag */
        enum clew_op op;
        uint32_t bound; /* its code; or its place, where whole numbers have the odd ones */
        bool whole;     /* keys are whole numbers; else codes */
        struct clew_bounds *b;
};

/* Whether a number that is less (-1), greater (1) or perhaps the same (0) compares so. */
static bool may_compare(enum clew_op op, int order)
{
        switch ((int)op) {
        case CLEW_OP_EQ:
                return order == 0;
        case CLEW_OP_LT:
        case CLEW_OP_LE:
                return order <= 0;
        case CLEW_OP_GT:
        case CLEW_OP_GE:
                return order >= 0;
        default: /* unequal: all, and what is no number at all */
                return true;
        }
}

/* A whole number that is the bound itself is known to be. */
static bool does_compare(enum clew_op op, int order)
{
        if (order == 0)
                return op == CLEW_OP_EQ || op == CLEW_OP_LE || op == CLEW_OP_GE;
        return op != CLEW_OP_EQ && op != CLEW_OP_NE && may_compare(op, order);
}

static int add_number(void *context, struct clew_slice key, struct clew_slice posting)
{
        const struct number_walk *w = context;
        uint32_t number;
        int order;

        if (!clew_slice_starts_with(key, w->prefix))
                return 1;
        if (key.len != w->prefix.len + 2)
                return -EBADMSG;
        number = (uint32_t)key.data[key.len - 2] << 8 | key.data[key.len - 1];
        if (w->whole)
                number = 2 * number + 1;
        order = number < w->bound ? -1 : number > w->bound;
        if (order > 0 && !may_compare(w->op, 1))
                return 1; /* and so are all that follow */
        if (!w->whole && number == CLEW_FACET_CODE_NAN && w->op != CLEW_OP_NE)
                return 0;
        if (!w->whole && order == 0)
                return clew_index_posting_add(posting, &w->b->may);
        if (does_compare(w->op, order))
                return clew_index_posting_add(posting, &w->b->does);
        /* Unequal is a span without an equal value beside it. */
        return w->op == CLEW_OP_NE && order != 0 ? clew_index_posting_add(posting, &w->b->may) : 0;
}

/* Those under one tag; what is less than the bound is passed over where it does not count. */
static void find_under_tag(struct clew_index_choice *c, struct clew_index_facet *f, char tag,
                           struct number_walk *w)
{
        uint32_t first = may_compare(w->op, -1) ? 0 : w->whole ? w->bound / 2 : w->bound;
        struct clew_slice from;
        int r;

        if (c->error)
                return;
        clew_facet_code_put(f, tag, (uint16_t)first);
        from = clew_facet_key(f);
        w->prefix = clew_slice_make(from.data, from.len - 2);
        r = clew_index_walk(c->run, CLEW_INDEX_FACET, from, add_number, w, c->err);
        if (r < 0)
                c->error = r;
}

/* Even: between whole numbers, below or above those that have a key. */
static uint32_t place_of(double v)
{
        double whole = floor(v);

        if (!(whole >= -CLEW_FACET_INT_MAX))
                return 0;
        if (whole > CLEW_FACET_INT_MAX)
                return 2 * (2 * CLEW_FACET_INT_MAX + 1);
        return 2 * (uint32_t)((int)whole + CLEW_FACET_INT_MAX) + (whole == v ? 1 : 2);
}

void clew_choice_find_numbers(struct clew_index_choice *c, struct clew_index_facet *f,
                              enum clew_op op, const struct clew_operand *v, struct clew_bounds *b)
{
        double number = clew_operand_number(v);
        struct number_walk w = {.op = op, .b = b};

        if (isnan(number) && op != CLEW_OP_NE)
                return;
        w.bound = place_of(number);
        w.whole = true;
        find_under_tag(c, f, 'i', &w);
        w.bound = clew_facet_code(number);
        w.whole = false;
        find_under_tag(c, f, 'I', &w);
        find_under_tag(c, f, 'F', &w);
}

/* Numbers of a column that are read at once. */
#define ROWS 1024u

void clew_choice_forget_prices(struct clew_index_choice *c, struct clew_bounds *b)
{
        uint32_t n = clew_index_run_traces(c->run);
        uint64_t rules[ROWS];

        for (uint32_t from = 0; !c->error && from < n; from += ROWS) {
                uint32_t here = n - from < ROWS ? n - from : ROWS;
                int r = clew_index_numbers(c->run, CLEW_COLUMN_RULES, from, here, rules, c->err);

                if (r < 0)
                        c->error = r;
                for (uint32_t i = from; r == 0 && i < from + here; i++) {
                        if (rules[i - from] >> 16 == clew_prices_mark())
                                continue;
                        clew_index_set_add(&b->may, i);
                        b->does.words[i / 64] &= ~(UINT64_C(1) << i % 64);
                }
        }
}
