/*
 * Tool calls that two layers report beside each other: a framework's span and the program's own,
 * neither below the other. The same call id, the same tool and the same time make them one call;
 * the one that tells more counts, the other is marked as a wrapper and folds away. An id alone
 * proves nothing: stubs and small models count their calls from 1 in each conversation.
 */
#include "query/model/build-int.h"

#include "proto/base/hash.h"
#include "proto/base/sort.h"

#include <errno.h>

/* Steps with one call id that are compared with each other. */
#define SAME_ID_MAX 32u

static bool is_candidate(const struct clew_step *s)
{
        return s->kind == CLEW_KIND_TOOL && s->tool_call_id.len > 0 && s->start_ns > 0 &&
               !clew_step_is(s, CLEW_STEP_STANDIN | CLEW_STEP_WRAPPER | CLEW_STEP_FRAGMENT);
}

static bool meet(const struct clew_step *a, const struct clew_step *b)
{
        uint64_t a_end = a->end_ns ? a->end_ns : UINT64_MAX;
        uint64_t b_end = b->end_ns ? b->end_ns : UINT64_MAX;

        return a->start_ns <= b_end && b->start_ns <= a_end;
}

static bool is_above(const struct clew_trace *trace, uint32_t above, uint32_t below)
{
        return below > above && below <= above + trace->steps[above].n_descendants;
}

/* How much a step tells of its call. */
static unsigned tells(const struct clew_step *s)
{
        return 2u * (s->tool_arguments.len > 0) + 2u * (s->tool_result.len > 0) + s->error.is_error;
}

static bool are_twins(const struct clew_trace *trace, uint32_t a, uint32_t b)
{
        const struct clew_step *x = &trace->steps[a];
        const struct clew_step *y = &trace->steps[b];

        return clew_slice_eq(x->tool_call_id, y->tool_call_id) &&
               clew_slice_eq(x->tool_name, y->tool_name) && meet(x, y) && !is_above(trace, a, b) &&
               !is_above(trace, b, a);
}

/* The error of a call is one, whichever layer saw it. */
static void settle(struct clew_trace *trace, uint32_t a, uint32_t b, bool *is_twin)
{
        struct clew_step *kept = &trace->steps[a];
        struct clew_step *other = &trace->steps[b];
        uint32_t marked = b;

        if (tells(other) > tells(kept)) {
                kept = &trace->steps[b];
                other = &trace->steps[a];
                marked = a;
        }
        other->flags |= CLEW_STEP_WRAPPER | CLEW_STEP_NOISE;
        is_twin[marked] = true;
        if (other->error.is_error && !kept->error.is_error)
                kept->error = other->error;
}

int clew_twins_mark(struct clew_builder *b, bool **ret_is_twin)
{
        struct clew_trace *trace = b->trace;
        struct clew_sort_entry *order;
        uint32_t n = 0;

        *ret_is_twin = clew_arena_calloc(b->arena, (size_t)trace->n_steps + 1, sizeof(bool));
        order = clew_arena_alloc(b->arena, (2 * (size_t)trace->n_steps + 1) * sizeof(*order));
        if (!*ret_is_twin || !order)
                return -ENOMEM;
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                if (is_candidate(&trace->steps[i]))
                        order[n++] = (struct clew_sort_entry){
                                .key = clew_hash(trace->steps[i].tool_call_id),
                                .item = &trace->steps[i]};
        }
        clew_sort(order, order + n, n, NULL);
        for (uint32_t i = 0; i < n; i++) {
                uint32_t at = (uint32_t)((const struct clew_step *)order[i].item - trace->steps);

                for (uint32_t k = i + 1; k < n && k <= i + SAME_ID_MAX &&
                                         order[k].key == order[i].key && !(*ret_is_twin)[at];
                     k++) {
                        uint32_t other =
                                (uint32_t)((const struct clew_step *)order[k].item - trace->steps);

                        if (!(*ret_is_twin)[other] && are_twins(trace, at, other))
                                settle(trace, at, other, *ret_is_twin);
                }
        }
        return 0;
}
