/*
 * Operators between sets that look at the tree of spans. One pass over the steps each: a parent has
 * a smaller index than its children, so "below" goes forward and "above" goes backward.
 */
#include "query/find/language/run-int.h"

#include <errno.h>
#include <string.h>

enum relation { CHILD, DESCENDANT, PARENT, ANCESTOR, SIBLING };

static enum relation relation_of(enum clew_op op, bool *ret_negated, bool *ret_both)
{
        *ret_negated = op >= CLEW_OP_NOT_CHILD && op <= CLEW_OP_NOT_ANCESTOR;
        *ret_both = op >= CLEW_OP_AND_CHILD && op <= CLEW_OP_AND_SIBLING;
        switch ((int)op) {
        case CLEW_OP_DESCENDANT:
        case CLEW_OP_NOT_DESCENDANT:
        case CLEW_OP_AND_DESCENDANT:
                return DESCENDANT;
        case CLEW_OP_LT:
        case CLEW_OP_NOT_PARENT:
        case CLEW_OP_AND_PARENT:
                return PARENT;
        case CLEW_OP_ANCESTOR:
        case CLEW_OP_NOT_ANCESTOR:
        case CLEW_OP_AND_ANCESTOR:
                return ANCESTOR;
        case CLEW_OP_NOT_MATCH: /* `!~` */
                *ret_negated = true;
                return SIBLING;
        case CLEW_OP_SIBLING:
        case CLEW_OP_AND_SIBLING:
                return SIBLING;
        default:
                return CHILD;
        }
}

static enum relation reversed(enum relation r)
{
        switch (r) {
        case CHILD:
                return PARENT;
        case DESCENDANT:
                return ANCESTOR;
        case PARENT:
                return CHILD;
        case ANCESTOR:
                return DESCENDANT;
        case SIBLING:
                break;
        }
        return SIBLING;
}

/* @ret[i] = step i is @relation of one that @of marks: a child of it, a descendant ... */
static void mark(const struct clew_trace *t, enum relation relation, const uint8_t *of,
                 uint8_t *ret, uint32_t *counts)
{
        uint32_t n = t->n_steps;

        memset(ret, 0, n);
        for (uint32_t i = 0; i < n && (relation == CHILD || relation == DESCENDANT); i++) {
                uint32_t p = t->steps[i].parent;

                if (p != CLEW_STEP_NONE)
                        ret[i] = of[p] || (relation == DESCENDANT && ret[p]);
        }
        for (uint32_t i = n; i-- > 0 && (relation == PARENT || relation == ANCESTOR);) {
                uint32_t p = t->steps[i].parent;

                if (p != CLEW_STEP_NONE)
                        ret[p] |= of[i] || (relation == ANCESTOR && ret[i]);
        }
        if (relation != SIBLING)
                return;
        memset(counts, 0, n * sizeof(*counts));
        for (uint32_t i = 0; i < n; i++) {
                if (t->steps[i].parent != CLEW_STEP_NONE)
                        counts[t->steps[i].parent] += of[i];
        }
        for (uint32_t i = 0; i < n; i++) {
                uint32_t p = t->steps[i].parent;

                ret[i] = p != CLEW_STEP_NONE && counts[p] > of[i];
        }
}

static void mark_set(const struct clew_query_spanset *set, uint8_t *ret)
{
        for (uint32_t i = 0; i < set->n; i++)
                ret[set->steps[i]] = 1;
}

/* The marked steps as an array. */
static int collect(struct clew_query_run *run, const uint8_t *marks, uint32_t n,
                   struct clew_query_spanset *ret)
{
        uint32_t *steps = clew_arena_alloc(&run->arena, ((size_t)n + 1) * sizeof(*steps));
        uint32_t kept = 0;

        if (!steps)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                if (marks[i])
                        steps[kept++] = i;
        }
        *ret = (struct clew_query_spanset){.steps = steps, .n = kept};
        return 0;
}

int clew_relate(struct clew_query_run *run, const struct clew_trace *trace, enum clew_op op,
                const struct clew_query_spanset *left, const struct clew_query_spanset *right,
                struct clew_query_spanset *ret)
{
        uint32_t n = trace->n_steps;
        uint8_t *space = clew_arena_calloc(&run->arena, 5 * (size_t)n + 1, 1);
        uint32_t *counts = clew_arena_calloc(&run->arena, (size_t)n + 1, sizeof(*counts));
        uint8_t *lefts = space;
        uint8_t *rights = space + n;
        uint8_t *related = space + 2 * (size_t)n;
        uint8_t *back = space + 3 * (size_t)n;
        uint8_t *result = space + 4 * (size_t)n;
        bool negated;
        bool with_left;
        enum relation relation = relation_of(op, &negated, &with_left);

        if (!space || !counts)
                return -ENOMEM;
        if (!clew_charge(run, 8 * (uint64_t)n))
                return -E2BIG;
        mark_set(left, lefts);
        mark_set(right, rights);
        mark(trace, relation, lefts, related, counts);
        for (uint32_t i = 0; i < n; i++)
                result[i] = rights[i] && (related[i] != 0) != negated;
        if (with_left) {
                mark(trace, reversed(relation), rights, back, counts);
                for (uint32_t i = 0; i < n; i++)
                        result[i] |= lefts[i] && back[i];
        }
        return collect(run, result, n, ret);
}

int clew_unite(struct clew_query_run *run, const struct clew_trace *trace,
               const struct clew_sets *left, const struct clew_sets *right,
               struct clew_query_spanset *ret)
{
        uint8_t *marks = clew_arena_calloc(&run->arena, (size_t)trace->n_steps + 1, 1);

        if (!marks)
                return -ENOMEM;
        if (!clew_charge(run, trace->n_steps))
                return -E2BIG;
        for (uint32_t i = 0; i < left->n; i++)
                mark_set(&left->items[i], marks);
        for (uint32_t i = 0; i < right->n; i++)
                mark_set(&right->items[i], marks);
        return collect(run, marks, trace->n_steps, ret);
}
