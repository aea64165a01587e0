#include "query/model/tree-int.h"

#include "proto/otlp/span.h"
#include "proto/otlp/walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE CLEW_STEP_NONE

uint32_t clew_tree_slot(const struct clew_span_id *id, uint32_t mask)
{
        uint64_t v;

        memcpy(&v, id->bytes, sizeof(v));
        v *= 0x9e3779b97f4a7c15ull;
        return (uint32_t)(v >> 32) & mask;
}

static uint32_t find(const struct clew_tree *t, const struct clew_span_id *id)
{
        for (uint32_t i = clew_tree_slot(id, t->mask);; i = (i + 1) & t->mask) {
                uint32_t v = t->table[i];

                if (v == 0)
                        return NONE;
                if (clew_span_id_eq(&t->nodes[v - 1].id, id))
                        return v - 1;
        }
}

static void add_to_table(struct clew_tree *t, uint32_t node)
{
        uint32_t i = clew_tree_slot(&t->nodes[node].id, t->mask);

        while (t->table[i] != 0)
                i = (i + 1) & t->mask;
        t->table[i] = node + 1;
}

static uint32_t count_spans(struct clew_slice traces)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_slice raw;
        uint32_t n = 0;

        while (n <= CLEW_STEPS_MAX && clew_otlp_read(&r, &raw, NULL))
                n++;
        return n;
}

/* Of two copies of one span the ended one says more, then the one that ends later. The store merges
 * copies; this is for bytes from elsewhere. */
static void keep_fuller(struct clew_tree_node *kept, const struct clew_tree_node *other)
{
        uint32_t arrival = kept->arrival;

        if (other->end_ns <= kept->end_ns)
                return;
        *kept = *other;
        kept->arrival = arrival;
}

static void read_spans(struct clew_tree *t, struct clew_slice traces)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_otlp_scope scope;
        struct clew_slice raw;
        struct clew_span span;

        while (clew_otlp_read(&r, &raw, &scope)) {
                struct clew_tree_node *node = &t->nodes[t->n_nodes];
                uint32_t same;

                if (!clew_span_parse(raw, &span) || !span.has_valid_ids)
                        continue;
                if (t->n_nodes == 0)
                        t->id = span.trace_id;
                else if (!clew_trace_id_eq(&t->id, &span.trace_id))
                        continue;
                *node = (struct clew_tree_node){
                        .id = span.span_id,
                        .parent_id = span.parent_id,
                        .raw = raw,
                        .resource = scope.resource,
                        .scope = scope.scope,
                        .start_ns = span.start_ns ? span.start_ns : span.end_ns,
                        .end_ns = span.end_ns,
                        .arrival = t->n_nodes,
                        .parent = NONE,
                        .first_child = NONE,
                        .next_sibling = NONE,
                };
                same = find(t, &span.span_id);
                if (same == NONE)
                        add_to_table(t, t->n_nodes++);
                else
                        keep_fuller(&t->nodes[same], node);
        }
        t->n_spans = t->n_nodes;
}

/* Resolves parents; a missing one becomes a stand-in, which starts with its first child. */
static void link_parents(struct clew_tree *t)
{
        for (uint32_t i = 0; i < t->n_spans; i++) {
                struct clew_tree_node *node = &t->nodes[i];
                uint32_t parent;

                if (clew_span_id_is_zero(&node->parent_id))
                        continue;
                parent = find(t, &node->parent_id);
                if (parent == i) {
                        node->flags |= CLEW_STEP_CUT_CYCLE;
                        continue;
                }
                if (parent == NONE) {
                        parent = t->n_nodes++;
                        t->nodes[parent] = (struct clew_tree_node){
                                .id = node->parent_id,
                                .start_ns = node->start_ns,
                                .arrival = NONE,
                                .parent = NONE,
                                .first_child = NONE,
                                .next_sibling = NONE,
                                .flags = CLEW_STEP_STANDIN,
                        };
                        add_to_table(t, parent);
                }
                if (t->nodes[parent].flags & CLEW_STEP_STANDIN) {
                        node->flags |= CLEW_STEP_ORPHAN;
                        if (node->start_ns < t->nodes[parent].start_ns)
                                t->nodes[parent].start_ns = node->start_ns;
                }
                node->parent = parent;
        }
}

static bool earlier(const struct clew_tree_node *a, const struct clew_tree_node *b)
{
        if (a->start_ns != b->start_ns)
                return a->start_ns < b->start_ns;
        return a->arrival < b->arrival;
}

/* The earliest node of the cycle that @at lies on loses its parent. */
static void cut_cycle(struct clew_tree *t, uint32_t at)
{
        uint32_t first = at;

        for (uint32_t i = t->nodes[at].parent; i != at; i = t->nodes[i].parent) {
                if (earlier(&t->nodes[i], &t->nodes[first]))
                        first = i;
        }
        t->nodes[first].parent = NONE;
        t->nodes[first].flags |= CLEW_STEP_CUT_CYCLE;
}

/* Climbs from every node until it meets a root, ground covered by an earlier climb, or itself. */
static void cut_cycles(struct clew_tree *t)
{
        for (uint32_t i = 0; i < t->n_nodes; i++) {
                uint32_t at = i;

                while (at != NONE && t->nodes[at].mark == 0) {
                        t->nodes[at].mark = i + 1;
                        at = t->nodes[at].parent;
                }
                if (at != NONE && t->nodes[at].mark == i + 1)
                        cut_cycle(t, at);
        }
}

static int compare(const void *a, const void *b, void *context)
{
        const struct clew_tree *t = context;
        const struct clew_tree_node *x = &t->nodes[*(const uint32_t *)a];
        const struct clew_tree_node *y = &t->nodes[*(const uint32_t *)b];

        if (x->start_ns != y->start_ns)
                return x->start_ns < y->start_ns ? -1 : 1;
        if (x->arrival != y->arrival)
                return x->arrival < y->arrival ? -1 : 1;
        /* Stand-ins have no arrival: their ids order them. */
        return memcmp(x->id.bytes, y->id.bytes, CLEW_SPAN_ID_BYTES);
}

static void sort_by_start(struct clew_tree *t, uint32_t *order)
{
        bool sorted = true;

        for (uint32_t i = 0; i < t->n_nodes; i++) {
                order[i] = i;
                if (i > 0 && compare(&order[i - 1], &order[i], t) > 0)
                        sorted = false;
        }
        if (!sorted)
                qsort_r(order, t->n_nodes, sizeof(*order), compare, t);
}

/* Walks the forest depth first along the sibling links; climbing replaces a stack. */
static void assign_positions(struct clew_tree *t, uint32_t first_root)
{
        uint32_t at = first_root;
        uint32_t n = 0;

        while (at != NONE) {
                t->nodes[at].position = n;
                t->order[n++] = at;
                if (t->nodes[at].first_child != NONE) {
                        at = t->nodes[at].first_child;
                        continue;
                }
                while (at != NONE && t->nodes[at].next_sibling == NONE)
                        at = t->nodes[at].parent;
                if (at != NONE)
                        at = t->nodes[at].next_sibling;
        }
}

/* Links siblings from the last to the first, so that each list comes out in order. Roots form a
 * list of their own through next_sibling. */
static void order_tree(struct clew_tree *t)
{
        uint32_t first_root = NONE;

        sort_by_start(t, t->order);
        for (uint32_t i = t->n_nodes; i-- > 0;) {
                uint32_t at = t->order[i];
                struct clew_tree_node *node = &t->nodes[at];
                uint32_t *list =
                        node->parent == NONE ? &first_root : &t->nodes[node->parent].first_child;

                node->next_sibling = *list;
                *list = at;
        }
        assign_positions(t, first_root);
}

int clew_tree_build(struct clew_slice traces, struct clew_arena *arena, struct clew_tree *ret)
{
        uint32_t n = count_spans(traces);
        uint32_t size = 8;

        *ret = (struct clew_tree){0};
        if (n > CLEW_STEPS_MAX / 2)
                return -E2BIG;
        /* Each span may bring one stand-in; the table stays at most half full. */
        while (size < 4 * n)
                size *= 2;
        ret->mask = size - 1;
        ret->table = clew_arena_calloc(arena, size, sizeof(*ret->table));
        ret->nodes = clew_arena_calloc(arena, 2 * (size_t)n + 1, sizeof(*ret->nodes));
        ret->order = clew_arena_calloc(arena, 2 * (size_t)n + 1, sizeof(*ret->order));
        if (!ret->table || !ret->nodes || !ret->order)
                return -ENOMEM;
        read_spans(ret, traces);
        link_parents(ret);
        cut_cycles(ret);
        order_tree(ret);
        return 0;
}
