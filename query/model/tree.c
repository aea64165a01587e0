#include "query/model/tree-int.h"

#include "proto/base/sort.h"
#include "proto/otlp/span.h"
#include "proto/otlp/union.h"
#include "proto/otlp/walk.h"

#include <errno.h>
#include <string.h>

#define NONE CLEW_STEP_NONE
/* Traces of one run in which the same span id is told apart. */
#define SAME_ID_MAX 16u

struct sorted {
        struct clew_sort_entry *entries; /* key = span id, item = node */
        struct clew_sort_entry *scratch;
        uint32_t n;
};

static void sort_nodes(struct clew_tree *t, struct sorted *ids)
{
        for (uint32_t i = 0; i < t->n_nodes; i++)
                ids->entries[i] = (struct clew_sort_entry){.key = clew_tree_key(&t->nodes[i].id),
                                                           .item = &t->nodes[i]};
        ids->n = t->n_nodes;
        clew_sort(ids->entries, ids->scratch, ids->n, NULL);
}

static uint32_t find(const struct clew_tree *t, const struct sorted *ids,
                     const struct clew_span_id *id, const struct clew_trace_id *trace)
{
        uint64_t key = clew_tree_key(id);
        uint32_t low = 0;
        uint32_t high = ids->n;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;

                if (ids->entries[mid].key < key)
                        low = mid + 1;
                else
                        high = mid;
        }
        if (low == ids->n || ids->entries[low].key != key)
                return NONE;
        /* The same id in several traces: that of the own one, among the first few. */
        for (uint32_t i = low; i < ids->n && i < low + SAME_ID_MAX && ids->entries[i].key == key;
             i++) {
                const struct clew_tree_node *node = ids->entries[i].item;

                if (clew_trace_id_eq(&node->span.trace_id, trace))
                        return (uint32_t)(node - t->nodes);
        }
        return (uint32_t)((const struct clew_tree_node *)ids->entries[low].item - t->nodes);
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

/* Logfire announces a span by a placeholder below it, which lasts no time and names the parent that
 * the span will have: it is that span, as it begins. The span itself takes its place when it comes
 * (drop_copies()). */
static bool take_announced(struct clew_span *span)
{
        struct clew_value v;

        if (span->start_ns != span->end_ns || clew_span_id_is_zero(&span->parent_id) ||
            !clew_attribute_find(clew_span_attributes(span),
                                 CLEW_SLICE_LITERAL("logfire.span_type"), &v) ||
            v.type != CLEW_VALUE_STRING || !clew_slice_eq_cstr(v.bytes, "pending_span"))
                return false;
        span->span_id = span->parent_id;
        span->parent_id = (struct clew_span_id){{0}};
        span->end_ns = 0;
        if (clew_attribute_find(clew_span_attributes(span),
                                CLEW_SLICE_LITERAL("logfire.pending_parent_id"), &v) &&
            v.type == CLEW_VALUE_STRING && v.bytes.len == 2 * CLEW_SPAN_ID_BYTES)
                (void)!clew_hex_decode(v.bytes, span->parent_id.bytes, CLEW_SPAN_ID_BYTES);
        return true;
}

static void read_spans(struct clew_tree *t, struct clew_slice traces, bool joined)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_otlp_scope scope;
        struct clew_slice raw;
        struct clew_span span;
        bool announced;

        while (clew_otlp_read(&r, &raw, &scope)) {
                if (!clew_span_parse(raw, &span) || !span.has_valid_ids)
                        continue;
                announced = take_announced(&span);
                if (t->n_nodes == 0)
                        t->id = span.trace_id;
                else if (!joined && !clew_trace_id_eq(&t->id, &span.trace_id))
                        continue;
                t->nodes[t->n_nodes] = (struct clew_tree_node){
                        .id = span.span_id,
                        .parent_id = span.parent_id,
                        .span = span,
                        .resource = scope.resource,
                        .scope = scope.scope,
                        .start_ns = span.start_ns ? span.start_ns : span.end_ns,
                        .end_ns = span.end_ns,
                        .arrival = t->n_nodes,
                        .announced = announced,
                        .parent = NONE,
                        .first_child = NONE,
                        .next_sibling = NONE,
                };
                t->n_nodes++;
        }
}

static bool is_same_span(const struct clew_tree_node *a, const struct clew_tree_node *b)
{
        return clew_span_id_eq(&a->id, &b->id) &&
               clew_trace_id_eq(&a->span.trace_id, &b->span.trace_id);
}

static struct clew_tree_node *node_of(struct clew_tree *t, const struct clew_sort_entry *entry)
{
        return &t->nodes[(const struct clew_tree_node *)entry->item - t->nodes];
}

/* What only the others of @copies tell, put in front of what @node tells. */
static int take_told(struct clew_tree_node *node, struct clew_slice *copies, uint32_t n,
                     bool announced, struct clew_span_union *u)
{
        struct clew_span span = node->span;
        struct clew_slice more;
        uint8_t *raw;
        int r = clew_span_union(u, copies, n, !announced, &more);

        if (r < 0 || more.len == 0)
                return r;
        raw = clew_arena_alloc(u->arena, more.len + span.raw.len);
        if (!raw)
                return -ENOMEM;
        memcpy(raw, more.data, more.len);
        memcpy(raw + more.len, span.raw.data, span.raw.len);
        if (!clew_span_parse(clew_slice_make(raw, more.len + span.raw.len), &span))
                return -EBADMSG;
        if (node->announced) { /* its ids are those of the span that it announces */
                span.span_id = node->id;
                span.parent_id = node->parent_id;
                span.end_ns = node->end_ns;
        }
        node->span = span;
        node->parent_id = span.parent_id;
        node->start_ns = span.start_ns ? span.start_ns : span.end_ns;
        return 0;
}

/* Of @n copies of one span that which is no placeholder says more, the ended one, then the one
 * that ends later; it takes the place of the first, with what only the others tell. */
static int join_copies(struct clew_tree *t, const struct clew_sort_entry *entries, uint32_t n,
                       struct clew_span_union *u)
{
        struct clew_slice *copies = clew_arena_alloc(u->arena, n * sizeof(*copies));
        struct clew_tree_node *first = node_of(t, &entries[0]);
        struct clew_tree_node *best = first;
        uint32_t arrival = first->arrival;
        uint32_t n_copies = 1;
        bool announced = first->announced;

        if (!copies)
                return -ENOMEM;
        for (uint32_t i = 1; i < n; i++) {
                struct clew_tree_node *node = node_of(t, &entries[i]);

                announced = announced || node->announced;
                if (best->announced != node->announced ? best->announced
                                                       : node->end_ns > best->end_ns)
                        best = node;
                node->mark = 1;
        }
        copies[0] = best->span.raw;
        for (uint32_t i = n; i-- > 0;) {
                const struct clew_tree_node *node = node_of(t, &entries[i]);

                if (node != best && !clew_slice_eq(node->span.raw, copies[n_copies - 1]))
                        copies[n_copies++] = node->span.raw;
        }
        if (best != first) {
                *first = *best;
                first->arrival = arrival;
                first->mark = 0;
        }
        return n_copies == 1 ? 0 : take_told(first, copies, n_copies, announced, u);
}

/* The store merges copies under one id; this is for those under two, and for bytes from elsewhere.
 */
static int drop_copies(struct clew_tree *t, struct sorted *ids, struct clew_arena *arena)
{
        struct clew_span_union u = {.arena = arena};
        uint32_t from = 0;
        uint32_t n = 0;

        for (uint32_t i = 1; i <= ids->n; i++) {
                int r = 0;

                if (i < ids->n &&
                    is_same_span(node_of(t, &ids->entries[from]), node_of(t, &ids->entries[i])))
                        continue;
                if (i - from > 1)
                        r = join_copies(t, ids->entries + from, i - from, &u);
                if (r < 0)
                        return r;
                from = i;
        }
        for (uint32_t i = 0; i < t->n_nodes; i++) {
                if (t->nodes[i].mark == 0)
                        t->nodes[n++] = t->nodes[i];
        }
        if (n == t->n_nodes)
                return 0;
        t->n_nodes = n;
        sort_nodes(t, ids);
        return 0;
}

/* Nodes whose parent is missing, sorted by it: each run gets one stand-in, which starts with its
 * first child. */
static void add_standins(struct clew_tree *t, struct clew_sort_entry *missing,
                         struct clew_sort_entry *scratch, uint32_t n)
{
        struct clew_tree_node *standin = NULL;

        clew_sort(missing, scratch, n, NULL);
        for (uint32_t i = 0; i < n; i++) {
                size_t at = (size_t)((const struct clew_tree_node *)missing[i].item - t->nodes);
                struct clew_tree_node *node = &t->nodes[at];

                if (!standin || !clew_span_id_eq(&standin->id, &node->parent_id)) {
                        standin = &t->nodes[t->n_nodes++];
                        *standin = (struct clew_tree_node){
                                .id = node->parent_id,
                                .span = {.trace_id = t->id, .span_id = node->parent_id},
                                .start_ns = node->start_ns,
                                .arrival = NONE,
                                .parent = NONE,
                                .first_child = NONE,
                                .next_sibling = NONE,
                                .flags = CLEW_STEP_STANDIN,
                        };
                }
                if (node->start_ns < standin->start_ns)
                        standin->start_ns = node->start_ns;
                node->parent = (uint32_t)(standin - t->nodes);
                node->flags |= CLEW_STEP_ORPHAN;
        }
}

static void link_parents(struct clew_tree *t, const struct sorted *ids,
                         const struct clew_span_id *around, struct clew_sort_entry *missing)
{
        uint32_t n_missing = 0;

        t->n_spans = t->n_nodes;
        for (uint32_t i = 0; i < t->n_spans; i++) {
                struct clew_tree_node *node = &t->nodes[i];

                if (clew_span_id_is_zero(&node->parent_id)) {
                        if (around && !clew_span_id_eq(around, &node->id))
                                node->parent = find(t, ids, around, &t->id);
                        continue;
                }
                node->parent = find(t, ids, &node->parent_id, &node->span.trace_id);
                if (node->parent == i) {
                        node->parent = NONE;
                        node->flags |= CLEW_STEP_CUT_CYCLE;
                } else if (node->parent == NONE) {
                        missing[n_missing++] = (struct clew_sort_entry){
                                .key = clew_tree_key(&node->parent_id), .item = node};
                }
        }
        add_standins(t, missing, ids->scratch, n_missing);
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

/* Steps that start in the same millisecond (JavaScript's clock): what ended first came first, what
 * never ended last. Stand-ins have no arrival: their ids order them. */
static int compare_ties(const void *a, const void *b)
{
        const struct clew_tree_node *x = a;
        const struct clew_tree_node *y = b;

        if (x->end_ns != y->end_ns)
                return x->end_ns - 1 < y->end_ns - 1 ? -1 : 1; /* 0 wraps to the largest */
        if (x->arrival != y->arrival)
                return x->arrival < y->arrival ? -1 : 1;
        return memcmp(x->id.bytes, y->id.bytes, CLEW_SPAN_ID_BYTES);
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
static void order_tree(struct clew_tree *t, struct sorted *work)
{
        uint32_t first_root = NONE;

        for (uint32_t i = 0; i < t->n_nodes; i++)
                work->entries[i] =
                        (struct clew_sort_entry){.key = t->nodes[i].start_ns, .item = &t->nodes[i]};
        clew_sort(work->entries, work->scratch, t->n_nodes, compare_ties);
        for (uint32_t i = t->n_nodes; i-- > 0;) {
                size_t at =
                        (size_t)((const struct clew_tree_node *)work->entries[i].item - t->nodes);
                struct clew_tree_node *node = &t->nodes[at];
                uint32_t *list =
                        node->parent == NONE ? &first_root : &t->nodes[node->parent].first_child;

                node->next_sibling = *list;
                *list = (uint32_t)at;
        }
        assign_positions(t, first_root);
}

static void index_ids(struct clew_tree *t, struct sorted *work)
{
        sort_nodes(t, work);
        for (uint32_t i = 0; i < t->n_nodes; i++)
                t->by_id[i] = ((const struct clew_tree_node *)work->entries[i].item)->position;
}

int clew_tree_build(struct clew_slice traces, bool joined, const struct clew_span_id *around,
                    struct clew_arena *arena, struct clew_tree *ret)
{
        uint32_t n = count_spans(traces);
        size_t max = 2 * (size_t)n + 1; /* each span may bring one stand-in */
        struct clew_sort_entry *missing;
        struct sorted ids = {0};
        int r;

        *ret = (struct clew_tree){0};
        if (n > CLEW_STEPS_MAX / 2)
                return -E2BIG;
        /* Not cleared, since each element is written before it is read: most traces have no
         * stand-in, and the pages for them are then never touched. */
        ret->nodes = clew_arena_alloc(arena, max * sizeof(*ret->nodes));
        ret->order = clew_arena_alloc(arena, max * sizeof(*ret->order));
        ret->by_id = clew_arena_alloc(arena, max * sizeof(*ret->by_id));
        ids.entries = clew_arena_alloc(arena, max * sizeof(*ids.entries));
        ids.scratch = clew_arena_alloc(arena, max * sizeof(*ids.scratch));
        missing = clew_arena_alloc(arena, ((size_t)n + 1) * sizeof(*missing));
        if (!ret->nodes || !ret->order || !ret->by_id || !ids.entries || !ids.scratch || !missing)
                return -ENOMEM;
        read_spans(ret, traces, joined);
        sort_nodes(ret, &ids);
        r = drop_copies(ret, &ids, arena);
        if (r < 0)
                return r;
        link_parents(ret, &ids, around, missing);
        cut_cycles(ret);
        order_tree(ret, &ids);
        index_ids(ret, &ids);
        return 0;
}
