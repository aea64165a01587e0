/*
 * Edges that ids in the attributes of two spans make.
 *
 * Three sorts: both sides of one request between processes (MCP: client and server may be in
 * different processes, and the parent between them may be lost), a graph node and the node that it
 * came from, an agent and the agent that started it. Each id is gathered once, sorted by its hash
 * and matched within the run of equal ids. One candidate on each side is certain; where an id
 * occurs more often, or is only unique within a session that was not sent, time decides and the
 * edge is marked as inferred. Relations that the physical parents show already make no edge.
 */
#include "query/model/edges-int.h"

#include "proto/base/compiler.h"
#include "proto/base/hash.h"
#include "query/model/value-int.h"

#include <errno.h>
#include <string.h>

#define NONE CLEW_STEP_NONE

/* Ids of one trace that are kept; each span has one or two. */
#define IDS_MAX 1000000u
/* Spans of one id that are compared with each other. */
#define SAME_ID_MAX 64u

/* OTel's SpanKind of the side that answers. */
#define SPAN_KIND_SERVER 2u

/* What an id names. Ids of different sorts never match. */
enum sort {
        SORT_REQUEST, /* an MCP request, within its session */
        SORT_NODE,    /* a node of the framework's graph */
        SORT_AGENT,   /* a running agent */
        SORT_TASK,
        SORT_CALL, /* a tool call, on its tool step and on the run that it started */
        N_SORTS,
};

struct id_key {
        const char *key;
        enum sort sort;
        bool other; /* names the step that this one comes from */
};

static const struct id_key keys[] = {
        {"graph.node.id", SORT_NODE, false},     {"graph.node.parent_id", SORT_NODE, true},
        {"agent_id", SORT_AGENT, false},         {"parent_agent_id", SORT_AGENT, true},
        {"gen_ai.task.id", SORT_TASK, false},    {"gen_ai.task.parent.id", SORT_TASK, true},
        {"parent_tool_use_id", SORT_CALL, true}, {"parent_tool_call_id", SORT_CALL, true},
};

static const enum clew_edge_type edge_types[N_SORTS] = {
        [SORT_REQUEST] = CLEW_EDGE_TRANSPORT, [SORT_NODE] = CLEW_EDGE_HANDOFF,
        [SORT_AGENT] = CLEW_EDGE_SUBAGENT,    [SORT_TASK] = CLEW_EDGE_SUBAGENT,
        [SORT_CALL] = CLEW_EDGE_SUBAGENT,
};

struct id {
        struct clew_slice text;
        struct clew_slice session; /* of a request */
        struct clew_slice method;
        uint32_t step;
        uint8_t sort;
        bool other; /* the step refers to the owner of this id */
        bool used;
};

/* The ids that one span carries. */
struct span_ids {
        struct clew_slice own[N_SORTS];
        struct clew_slice other[N_SORTS];
        struct clew_slice session;
        struct clew_slice method;
};

struct ids {
        struct clew_edge_work *w;
        struct span_ids **of_step; /* NULL for a step that carries none; allocated on first use */
        struct id *items;
        uint32_t n;
        uint32_t max;
};

/* ---- gathering --------------------------------------------------------------------------------
 */

static void take_request_key(struct span_ids *s, struct clew_slice key,
                             const struct clew_value *value, struct clew_arena *arena)
{
        if (clew_slice_eq_cstr(key, "mcp.session.id"))
                s->session = clew_value_text(value, arena);
        else if (clew_slice_eq_cstr(key, "mcp.method.name"))
                s->method = clew_value_text(value, arena);
        else if (clew_slice_eq_cstr(key, "jsonrpc.request.id") ||
                 clew_slice_eq_cstr(key, "mcp.request.id"))
                s->own[SORT_REQUEST] = clew_value_text(value, arena);
}

static void take_key(struct span_ids *s, const struct clew_attribute *a, struct clew_arena *arena)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(keys); i++) {
                const struct id_key *k = &keys[i];

                if (!clew_slice_eq_cstr(a->key, k->key))
                        continue;
                if (k->other)
                        s->other[k->sort] = clew_value_text(&a->value, arena);
                else
                        s->own[k->sort] = clew_value_text(&a->value, arena);
                return;
        }
        take_request_key(s, a->key, &a->value, arena);
}

/* All keys of interest begin with one of these letters and end in "id", but for one. */
static bool may_be_id(struct clew_slice key)
{
        static const bool begins[256] = {
                ['a'] = true, ['g'] = true, ['j'] = true, ['m'] = true, ['p'] = true,
        };

        if (key.len < 8 || key.len > 24 || !begins[key.data[0]])
                return false;
        return (key.data[key.len - 1] == 'd' && key.data[key.len - 2] == 'i') ||
               (key.data[key.len - 1] == 'e' && key.data[0] == 'm');
}

/* False when the span carries none. */
static bool read_span_ids(const struct clew_step *step, struct clew_arena *arena,
                          struct span_ids *ret)
{
        struct clew_message_iter it = clew_span_attributes_brief(&step->span);
        struct clew_slice key;
        struct clew_slice raw;
        bool any = false;

        while (clew_attribute_next_raw(&it, &key, &raw)) {
                struct clew_attribute a = {.key = key};

                if (!may_be_id(key) || !clew_value_parse(raw, &a.value))
                        continue;
                if (!any)
                        *ret = (struct span_ids){0};
                any = true;
                take_key(ret, &a, arena);
        }
        return any;
}

static int add_id(struct ids *ids, struct id id)
{
        if (id.text.len == 0 || ids->n == IDS_MAX)
                return 0;
        if (ids->n == ids->max) {
                struct id *p = clew_edges_grow(ids->w->b->arena, ids->items, ids->n, &ids->max,
                                               sizeof(*p));

                if (!p)
                        return -ENOMEM;
                ids->items = p;
        }
        ids->items[ids->n++] = id;
        return 0;
}

/* Keeps the ids of @step for its children. NULL when memory is short. */
static struct span_ids *keep_ids(struct ids *ids, uint32_t step, const struct span_ids *s)
{
        struct clew_arena *arena = ids->w->b->arena;
        struct span_ids *copy = clew_arena_alloc(arena, sizeof(*copy));

        if (!ids->of_step)
                ids->of_step = clew_arena_calloc(arena, ids->w->b->trace->n_steps,
                                                 sizeof(struct span_ids *));
        if (!copy || !ids->of_step)
                return NULL;
        *copy = *s;
        ids->of_step[step] = copy;
        return copy;
}

/* What a parent says already, its children repeat: only the topmost step of an id counts. */
static bool repeats_parent(const struct ids *ids, uint32_t step, const struct span_ids *s,
                           enum sort sort)
{
        uint32_t parent = ids->w->b->trace->steps[step].parent;
        const struct span_ids *above = parent == NONE ? NULL : ids->of_step[parent];

        return above && sort != SORT_REQUEST && clew_slice_eq(above->own[sort], s->own[sort]) &&
               clew_slice_eq(above->other[sort], s->other[sort]);
}

static int gather_sort(struct ids *ids, uint32_t index, const struct span_ids *s, enum sort sort)
{
        struct id id = {.text = s->own[sort], .step = index, .sort = (uint8_t)sort};
        int r;

        if ((s->own[sort].len == 0 && s->other[sort].len == 0) ||
            repeats_parent(ids, index, s, sort))
                return 0;
        if (sort == SORT_REQUEST) {
                id.session = s->session;
                id.method = s->method;
                id.other = ids->w->b->trace->steps[index].span.kind == SPAN_KIND_SERVER;
        }
        r = add_id(ids, id);
        id.text = s->other[sort];
        id.other = true;
        /* A node that names itself as the one before it says nothing. */
        return r < 0 || clew_slice_eq(s->own[sort], s->other[sort]) ? r : add_id(ids, id);
}

static int gather_step(struct ids *ids, uint32_t index)
{
        const struct clew_step *step = &ids->w->b->trace->steps[index];
        struct span_ids s;
        int r = 0;

        if (clew_step_is(step, CLEW_STEP_STANDIN | CLEW_STEP_FRAGMENT) ||
            !read_span_ids(step, ids->w->b->arena, &s))
                return 0;
        if (!keep_ids(ids, index, &s))
                return -ENOMEM;
        for (unsigned sort = 0; r == 0 && sort < N_SORTS; sort++)
                r = gather_sort(ids, index, &s, (enum sort)sort);
        return r;
}

/* Tool steps own their call's id, so that a run elsewhere that names it finds them. */
static int gather_calls(struct ids *ids)
{
        const struct clew_trace *trace = ids->w->b->trace;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < trace->n_steps; i++) {
                const struct clew_step *step = &trace->steps[i];
                struct id id = {.text = step->tool_call_id, .step = i, .sort = SORT_CALL};

                if (clew_step_is(step, CLEW_STEP_WRAPPER | CLEW_STEP_FRAGMENT))
                        continue;
                if (step->kind == CLEW_KIND_AGENT)
                        id.other = true;
                else if (step->kind != CLEW_KIND_TOOL)
                        continue;
                r = add_id(ids, id);
        }
        return r;
}

static int gather(struct ids *ids)
{
        const struct clew_trace *trace = ids->w->b->trace;
        bool refers = false;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < trace->n_steps; i++)
                r = gather_step(ids, i);
        for (uint32_t i = 0; i < ids->n; i++)
                refers = refers || (ids->items[i].sort == SORT_CALL && ids->items[i].other);
        for (uint32_t i = 0; i < trace->n_steps && !refers; i++)
                refers = trace->steps[i].kind == CLEW_KIND_AGENT &&
                         trace->steps[i].tool_call_id.len > 0;
        return r == 0 && refers ? gather_calls(ids) : r;
}

/* ---- matching ---------------------------------------------------------------------------------
 */

static bool same_id(const struct id *a, const struct id *b)
{
        return a->sort == b->sort && clew_slice_eq(a->text, b->text) &&
               clew_slice_eq(a->session, b->session) &&
               (a->method.len == 0 || b->method.len == 0 || clew_slice_eq(a->method, b->method));
}

/* The owner that @ref comes from: the latest one that started before it, else the first. */
static struct id *find_owner(struct ids *ids, const struct clew_sort_entry *run, uint32_t n,
                             const struct id *ref, uint32_t *ret_candidates)
{
        const struct clew_trace *trace = ids->w->b->trace;
        struct id *best = NULL;

        *ret_candidates = 0;
        for (uint32_t i = 0; i < n; i++) {
                struct id *own = &ids->items[(const struct id *)run[i].item - ids->items];
                uint64_t start = trace->steps[own->step].start_ns;

                if (own->other || own->used || own->step == ref->step || !same_id(own, ref))
                        continue;
                ++*ret_candidates;
                if (!best ||
                    (start <= trace->steps[ref->step].start_ns &&
                     (start >= trace->steps[best->step].start_ns ||
                      trace->steps[best->step].start_ns > trace->steps[ref->step].start_ns)))
                        best = own;
        }
        return best;
}

static uint32_t count_same(const struct clew_sort_entry *run, uint32_t n, const struct id *ref)
{
        uint32_t same = 0;

        for (uint32_t i = 0; i < n; i++) {
                const struct id *id = run[i].item;

                same += id->other && same_id(id, ref);
        }
        return same;
}

/* Two layers of one process may both report a request: the outer one speaks for it. */
static bool is_inner_layer(const struct clew_trace *trace, const struct clew_sort_entry *run,
                           uint32_t n, const struct id *id)
{
        for (uint32_t i = 0; i < n; i++) {
                const struct id *other = run[i].item;

                if (other != id && other->other == id->other && other->step != id->step &&
                    same_id(other, id) && clew_edges_within(trace, other->step, id->step))
                        return true;
        }
        return false;
}

static void match_run(struct ids *ids, const struct clew_sort_entry *run, uint32_t n)
{
        struct clew_edge_work *w = ids->w;
        const struct clew_trace *trace = w->b->trace;

        if (n > SAME_ID_MAX)
                n = SAME_ID_MAX;
        for (uint32_t i = 0; i < n; i++) {
                const struct id *ref = run[i].item;
                uint32_t candidates;
                struct id *own;
                struct clew_edge *edge;
                bool request = ref->sort == SORT_REQUEST;
                bool inferred;

                if (!ref->other || (request && is_inner_layer(trace, run, n, ref)))
                        continue;
                own = find_owner(ids, run, n, ref, &candidates);
                if (!own || clew_edges_within(trace, ref->step, own->step) ||
                    (!request && clew_edges_within(trace, own->step, ref->step)))
                        continue;
                inferred = candidates > 1 ||
                           (request && (ref->session.len == 0 || count_same(run, n, ref) > 1));
                edge = clew_edges_add(w, edge_types[ref->sort], own->step, ref->step, inferred);
                if (edge)
                        edge->id = ref->text;
                if (request)
                        own->used = true;
        }
}

int clew_edges_by_ids(struct clew_edge_work *w)
{
        struct ids ids = {.w = w};
        struct clew_sort_entry *order;
        struct clew_sort_entry *scratch;
        int r = gather(&ids);

        if (r < 0 || ids.n < 2)
                return r;
        order = clew_arena_calloc(w->b->arena, ids.n, sizeof(*order));
        scratch = clew_arena_calloc(w->b->arena, ids.n, sizeof(*scratch));
        if (!order || !scratch)
                return -ENOMEM;
        for (uint32_t i = 0; i < ids.n; i++)
                order[i] = (struct clew_sort_entry){
                        .key = clew_hash_seeded(ids.items[i].text, ids.items[i].sort),
                        .item = &ids.items[i]};
        clew_sort(order, scratch, ids.n, NULL);
        for (uint32_t i = 0; i < ids.n;) {
                uint32_t end = i + 1;

                while (end < ids.n && order[end].key == order[i].key)
                        end++;
                match_run(&ids, &order[i], end - i);
                i = end;
        }
        return 0;
}
