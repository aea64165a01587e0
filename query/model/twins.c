/*
 * Tool calls that two layers report beside each other: a framework's span and the program's own,
 * or those of two instrumentations, neither below the other. The one that tells more counts, the
 * other is marked as a wrapper and folds away.
 *
 * Two things make them one call: the same call id, the same tool and the same time; or, where one
 * has no id, the same tool of one program in two scopes, begun and ended together. An id alone
 * proves nothing: stubs and small models count their calls from 1 in each conversation. Nor does
 * the time alone: a program may well call one tool several times at once, but then one scope tells
 * of all. Arguments are not compared: each instrumentation writes them in its own way.
 */
#include "query/model/build-int.h"

#include "proto/base/clock.h"
#include "proto/base/hash.h"
#include "proto/base/sort.h"

#include <errno.h>

/* Steps with one call id, or of one tool, that are compared with each other. */
#define SAME_MAX 32u
/* How far apart two instrumentations begin, or end, the span of one call: both are told of it by
 * the same thread, one after the other. */
#define APART_NS_MAX (10 * CLEW_NS_PER_MS)

/* How two steps are found to be one call. */
struct likeness {
        bool (*is_candidate)(const struct clew_step *s);
        uint64_t (*key)(const struct clew_step *s);
        bool (*are_one)(const struct clew_step *a, const struct clew_step *b);
};

static bool is_call(const struct clew_step *s)
{
        return s->kind == CLEW_KIND_TOOL && s->start_ns > 0 &&
               !clew_step_is(s, CLEW_STEP_STANDIN | CLEW_STEP_WRAPPER | CLEW_STEP_FRAGMENT);
}

/* ---- by id ------------------------------------------------------------------------------------
 */

static bool has_id(const struct clew_step *s)
{
        return is_call(s) && s->tool_call_id.len > 0;
}

static uint64_t key_of_id(const struct clew_step *s)
{
        return clew_hash(s->tool_call_id);
}

static bool meet(const struct clew_step *a, const struct clew_step *b)
{
        uint64_t a_end = a->end_ns ? a->end_ns : UINT64_MAX;
        uint64_t b_end = b->end_ns ? b->end_ns : UINT64_MAX;

        return a->start_ns <= b_end && b->start_ns <= a_end;
}

static bool have_one_id(const struct clew_step *a, const struct clew_step *b)
{
        return clew_slice_eq(a->tool_call_id, b->tool_call_id) &&
               clew_slice_eq(a->tool_name, b->tool_name) && meet(a, b);
}

/* ---- by time ----------------------------------------------------------------------------------
 */

static bool has_ended(const struct clew_step *s)
{
        return is_call(s) && s->tool_name.len > 0 && s->end_ns > 0;
}

static uint64_t key_of_tool(const struct clew_step *s)
{
        return clew_hash(s->tool_name);
}

static bool are_near(uint64_t a, uint64_t b)
{
        return (a > b ? a - b : b - a) <= APART_NS_MAX;
}

static bool go_together(const struct clew_step *a, const struct clew_step *b)
{
        return are_near(a->start_ns, b->start_ns) && are_near(a->end_ns, b->end_ns) &&
               (a->tool_call_id.len == 0 || b->tool_call_id.len == 0) &&
               clew_slice_eq(a->tool_name, b->tool_name) &&
               clew_slice_eq(a->resource, b->resource) &&
               !clew_slice_eq(clew_scope_name(a->scope), clew_scope_name(b->scope));
}

/* ---- both -------------------------------------------------------------------------------------
 */

static bool is_above(const struct clew_trace *trace, uint32_t above, uint32_t below)
{
        return below > above && below <= above + trace->steps[above].n_descendants;
}

/* How much a step tells of its call. */
static unsigned tells(const struct clew_step *s)
{
        return 2u * (s->tool_arguments.len > 0) + 2u * (s->tool_result.len > 0) + s->error.is_error;
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

static uint32_t place_of(const struct clew_trace *trace, const struct clew_sort_entry *entry)
{
        return (uint32_t)((const struct clew_step *)entry->item - trace->steps);
}

/* Of each step the first that is the same call. @order has room for all steps, twice. */
static void mark_alike(struct clew_trace *trace, const struct likeness *like,
                       struct clew_sort_entry *order, bool *is_twin)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < trace->n_steps; i++) {
                if (!is_twin[i] && like->is_candidate(&trace->steps[i]))
                        order[n++] = (struct clew_sort_entry){.key = like->key(&trace->steps[i]),
                                                              .item = &trace->steps[i]};
        }
        clew_sort(order, order + n, n, NULL);
        for (uint32_t i = 0; i < n; i++) {
                uint32_t at = place_of(trace, &order[i]);

                for (uint32_t k = i + 1;
                     k < n && k <= i + SAME_MAX && order[k].key == order[i].key && !is_twin[at];
                     k++) {
                        uint32_t other = place_of(trace, &order[k]);

                        if (!is_twin[other] && !is_above(trace, at, other) &&
                            !is_above(trace, other, at) &&
                            like->are_one(&trace->steps[at], &trace->steps[other]))
                                settle(trace, at, other, is_twin);
                }
        }
}

int clew_twins_mark(struct clew_builder *b, bool **ret_is_twin)
{
        static const struct likeness likenesses[] = {
                {has_id, key_of_id, have_one_id},
                {has_ended, key_of_tool, go_together},
        };
        struct clew_sort_entry *order;

        *ret_is_twin = clew_arena_calloc(b->arena, (size_t)b->trace->n_steps + 1, sizeof(bool));
        order = clew_arena_alloc(b->arena, (2 * (size_t)b->trace->n_steps + 1) * sizeof(*order));
        if (!*ret_is_twin || !order)
                return -ENOMEM;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(likenesses); i++)
                mark_alike(b->trace, &likenesses[i], order, *ret_is_twin);
        return 0;
}
