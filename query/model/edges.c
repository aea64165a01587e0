/*
 * Logical edges: what call ids, names and links tell beyond the physical parents.
 *
 * A *scope* is the agent or tool run that a step happens in. Within a scope model calls and tool
 * runs alternate: a model call asks for tools, they run, the next model call reads their results.
 * An id that both sides carry makes an edge certain; the same name in the same scope, or mere
 * succession where the model answered in free text, makes one that is marked as inferred.
 */
#include "query/model/edges-int.h"

#include "proto/base/compiler.h"
#include "proto/base/hash.h"
#include "proto/base/sort.h"

#include <errno.h>
#include <string.h>

#define NONE CLEW_STEP_NONE

/* Memory for the messages of one model answer. */
#define SCRATCH_MAX ((size_t)256 << 20)
/* Calls of one answer that are followed up. */
#define CALLS_MAX 256u
/* Spans between a tool and the stream that it was called in. */
#define STREAM_LEVELS_MAX 16u

/* What is read of the models' inputs to confirm results, in all of a trace: enough for any run that
 * people read; in longer ones the order of steps tells. */
#define CONFIRM_BYTES_MAX ((size_t)64 << 20)
#define CONFIRM_KEYS_MAX ((uint32_t)1 << 22)

#define KEY(s) CLEW_SLICE_LITERAL(s)
/* Name of an agent; what is longer is a text. */
#define TARGET_BYTES_MAX 200u

/* Memory for parsed answers; those of a larger trace are parsed again when asked for. */
#define ANSWERS_KEPT_MAX ((size_t)64 << 20)

void *clew_edges_grow(struct clew_arena *arena, const void *old, uint32_t n, uint32_t *max,
                      size_t size)
{
        uint32_t wanted = *max ? *max * 2 : 64;
        void *p = clew_arena_alloc(arena, wanted * size);

        if (!p)
                return NULL;
        if (n > 0)
                memcpy(p, old, n * size);
        *max = wanted;
        return p;
}

struct clew_edge *clew_edges_add(struct clew_edge_work *w, enum clew_edge_type type, uint32_t from,
                                 uint32_t to, bool inferred)
{
        struct clew_edge *e;

        if (w->n_edges == w->max_edges) {
                e = clew_edges_grow(w->b->arena, w->edges, w->n_edges, &w->max_edges, sizeof(*e));
                if (!e)
                        return NULL;
                w->edges = e;
        }
        e = &w->edges[w->n_edges++];
        *e = (struct clew_edge){.type = type, .inferred = inferred, .from = from, .to = to};
        if (to != NONE)
                e->span_id = w->b->trace->steps[to].span.span_id;
        e->trace_id = w->b->trace->id;
        if (type == CLEW_EDGE_CALL && w->b->trace->steps[to].caller == NONE)
                w->b->trace->steps[to].caller = from;
        return e;
}

/* ---- calls ------------------------------------------------------------------------------------
 */

static void add_call(struct clew_edge_work *w, uint32_t llm, const struct clew_part *part,
                     uint32_t *last)
{
        struct clew_edge_call *c;

        if (w->n_calls == w->max_calls) {
                c = clew_edges_grow(w->b->arena, w->calls, w->n_calls, &w->max_calls, sizeof(*c));
                if (!c)
                        return;
                w->calls = c;
        }
        c = &w->calls[w->n_calls];
        *c = (struct clew_edge_call){
                .id = clew_arena_copy(w->b->arena, part->id),
                .name = clew_arena_copy(w->b->arena, part->name),
                .llm = llm,
                .next = NONE,
        };
        if (*last != NONE)
                w->calls[*last].next = w->n_calls;
        *last = w->n_calls++;
}

/* Parses the answer of a model call, and keeps it: whoever asked for edges asks for it again. */
static int read_answer(struct clew_edge_work *w, uint32_t llm, struct clew_messages *ret)
{
        const struct clew_trace *trace = w->b->trace;
        bool keep = w->kept_bytes < ANSWERS_KEPT_MAX;
        struct clew_arena *arena = keep ? w->b->arena : &w->scratch;
        struct clew_messages *kept;
        size_t before = arena->used_bytes;
        int r;

        if (!keep)
                clew_arena_reset(arena);
        r = clew_step_messages_unhashed(trace, &trace->steps[llm], CLEW_MESSAGES_OUT, arena, ret);
        if (r < 0 || !keep)
                return r;
        kept = clew_arena_alloc(arena, sizeof(*kept));
        if (!kept)
                return -ENOMEM;
        *kept = *ret;
        w->answers[llm] = kept;
        w->kept_bytes += arena->used_bytes - before;
        return 0;
}

/* Reads the answer of a model call. Returns its first call, or NONE. */
static uint32_t read_calls(struct clew_edge_work *w, uint32_t llm)
{
        struct clew_messages messages;
        uint32_t first = w->n_calls;
        uint32_t last = NONE;

        if (read_answer(w, llm, &messages) < 0)
                return NONE;
        for (uint32_t i = 0; i < messages.n; i++) {
                for (uint32_t k = 0; k < messages.items[i].n_parts; k++) {
                        const struct clew_part *part = &messages.items[i].parts[k];

                        if (part->type == CLEW_PART_TOOL_CALL && w->n_calls - first < CALLS_MAX)
                                add_call(w, llm, part, &last);
                }
        }
        return last == NONE ? NONE : first;
}

static uint32_t scope_index(const struct clew_edge_work *w, uint32_t step)
{
        return w->scope_of[step];
}

static bool opens_scope(const struct clew_step *step)
{
        return step->kind == CLEW_KIND_AGENT || step->kind == CLEW_KIND_TOOL;
}

static bool is_model_call(const struct clew_step *step)
{
        return step->kind == CLEW_KIND_LLM &&
               !clew_step_is(step, CLEW_STEP_WRAPPER | CLEW_STEP_FRAGMENT | CLEW_STEP_POLL);
}

static int read_all_calls(struct clew_edge_work *w)
{
        const struct clew_trace *trace = w->b->trace;
        struct clew_sort_entry *scratch;

        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *step = &trace->steps[i];
                uint32_t parent = step->parent;

                if (parent == NONE)
                        w->scope_of[i] = trace->n_steps;
                else
                        w->scope_of[i] =
                                opens_scope(&trace->steps[parent]) ? parent : w->scope_of[parent];
                w->scopes[i] = (struct clew_edge_scope){NONE, NONE, NONE};
                if (is_model_call(step))
                        (void)read_calls(w, i);
        }
        w->scopes[trace->n_steps] = (struct clew_edge_scope){NONE, NONE, NONE};
        w->by_id = clew_arena_alloc(w->b->arena, ((size_t)w->n_calls + 1) * sizeof(*w->by_id));
        scratch = clew_arena_alloc(w->b->arena, ((size_t)w->n_calls + 1) * sizeof(*scratch));
        if (!w->by_id || !scratch)
                return -ENOMEM;
        for (uint32_t i = 0; i < w->n_calls; i++) {
                if (w->calls[i].id.len > 0)
                        w->by_id[w->n_by_id++] = (struct clew_sort_entry){
                                .key = clew_hash(w->calls[i].id), .item = &w->calls[i]};
        }
        clew_sort(w->by_id, scratch, w->n_by_id, NULL);
        return 0;
}

/* The call with that id; of several (ids that start again in each answer) the latest before the
 * tool step, in tree order. */
static struct clew_edge_call *find_by_id(struct clew_edge_work *w, struct clew_slice id,
                                         uint32_t tool)
{
        uint64_t key = clew_hash(id);
        struct clew_edge_call *found = NULL;
        uint32_t low = 0;
        uint32_t high = w->n_by_id;

        if (id.len == 0)
                return NULL;
        while (low < high) {
                uint32_t mid = low + (high - low) / 2;

                if (w->by_id[mid].key < key)
                        low = mid + 1;
                else
                        high = mid;
        }
        for (; low < w->n_by_id && w->by_id[low].key == key; low++) {
                struct clew_edge_call *c =
                        &w->calls[(const struct clew_edge_call *)w->by_id[low].item - w->calls];

                if (!clew_slice_eq(c->id, id))
                        continue;
                if (!found || c->llm < tool)
                        found = c;
                if (c->llm >= tool)
                        break;
        }
        return found;
}

static struct clew_edge_call *find_by_name(struct clew_edge_work *w, uint32_t first,
                                           struct clew_slice name)
{
        for (uint32_t i = first; i != NONE; i = w->calls[i].next) {
                if (!w->calls[i].used && clew_slice_eq(w->calls[i].name, name))
                        return &w->calls[i];
        }
        return NULL;
}

/* ---- one pass in tree order -------------------------------------------------------------------
 */

static uint32_t first_call_of(const struct clew_edge_work *w, uint32_t llm)
{
        uint32_t low = 0;
        uint32_t high = w->n_calls;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;

                if (w->calls[mid].llm < llm)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low < w->n_calls && w->calls[low].llm == llm ? low : NONE;
}

/* The result that a model read under the id of its call is certain; else the order tells. */
static void add_result(struct clew_edge_work *w, uint32_t tool, uint32_t llm)
{
        struct clew_slice id = w->b->trace->steps[tool].tool_call_id;
        bool confirmed = clew_edges_confirm_result(w, llm, id);
        struct clew_edge *edge = clew_edges_add(w, CLEW_EDGE_RESULT, tool, llm, !confirmed);

        if (edge && confirmed)
                edge->id = id;
}

static void pass_llm(struct clew_edge_work *w, uint32_t index)
{
        struct clew_edge_scope *scope = &w->scopes[scope_index(w, index)];
        uint32_t own = NONE;
        uint32_t next;

        for (uint32_t tool = scope->tools; tool != NONE; tool = next) {
                next = w->next_tool[tool];
                if (w->b->trace->steps[tool].caller == index) { /* while its answer came in */
                        w->next_tool[tool] = own;
                        own = tool;
                } else {
                        add_result(w, tool, index);
                }
        }
        *scope = (struct clew_edge_scope){
                .llm = index, .calls = first_call_of(w, index), .tools = own};
}

/* Codex runs a tool inside the stream whose call is reported at the stream's end: by nesting. */
static uint32_t call_around(const struct clew_trace *trace, uint32_t tool)
{
        uint32_t at = trace->steps[tool].parent;

        for (unsigned level = 0; at != NONE && level < STREAM_LEVELS_MAX; level++) {
                const struct clew_step *s = &trace->steps[at];

                if (!clew_slice_eq_cstr(s->span.name, "receiving_stream")) {
                        at = s->parent;
                        continue;
                }
                for (uint32_t c = s->first_child; c != NONE; c = trace->steps[c].next_sibling) {
                        if (is_model_call(&trace->steps[c]))
                                return c;
                }
                return NONE;
        }
        return NONE;
}

static void pass_tool(struct clew_edge_work *w, uint32_t index)
{
        const struct clew_step *step = &w->b->trace->steps[index];
        struct clew_edge_scope *scope = &w->scopes[scope_index(w, index)];
        struct clew_edge_call *call = find_by_id(w, step->tool_call_id, index);
        uint32_t around =
                step->dialect == CLEW_DIALECT_CODEX ? call_around(w->b->trace, index) : NONE;
        struct clew_edge *edge;

        w->next_tool[index] = scope->tools;
        scope->tools = index;
        if (!call && around != NONE) {
                (void)clew_edges_add(w, CLEW_EDGE_CALL, around, index, false);
                return;
        }
        if (call) {
                call->used = true;
                edge = clew_edges_add(w, CLEW_EDGE_CALL, call->llm, index, false);
                if (edge)
                        edge->id = step->tool_call_id;
                return;
        }
        if (scope->llm == NONE)
                return;
        call = find_by_name(w, scope->calls, step->tool_name);
        if (call)
                call->used = true;
        /* Calls were asked for, and this is none of them: it ran for another reason. */
        if (!call && scope->calls != NONE)
                return;
        edge = clew_edges_add(w, CLEW_EDGE_CALL, scope->llm, index, true);
        if (edge && call)
                edge->id = call->id;
}

static void pass_agent(struct clew_edge_work *w, uint32_t index)
{
        const struct clew_trace *trace = w->b->trace;
        const struct clew_step *step = &trace->steps[index];
        uint32_t scope = scope_index(w, index);
        struct clew_edge_call *call = find_by_id(w, step->tool_call_id, index);
        struct clew_edge *edge;

        if (scope < trace->n_steps && trace->steps[scope].kind == CLEW_KIND_TOOL)
                (void)clew_edges_add(w, CLEW_EDGE_SUBAGENT, scope, index, false);
        if (!call)
                return;
        edge = clew_edges_add(w, CLEW_EDGE_CALL, call->llm, index, false);
        if (edge)
                edge->id = step->tool_call_id;
}

static struct clew_slice handoff_target(struct clew_slice name)
{
        static const char *const prefixes[] = {"handoff to ", "Handoff to ", "transfer_to_"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(prefixes); i++) {
                struct clew_slice prefix = clew_slice_of_cstr(prefixes[i]);

                if (clew_slice_starts_with(name, prefix))
                        return clew_slice_from(name, prefix.len);
        }
        return CLEW_SLICE_NULL;
}

/* False when nothing was handed over. */
static bool pass_handoff(struct clew_edge_work *w, uint32_t index)
{
        const struct clew_trace *trace = w->b->trace;
        const struct clew_step *step = &trace->steps[index];
        struct clew_slice target =
                handoff_target(step->tool_name.len ? step->tool_name : step->span.name);
        uint32_t seen = 0;

        if (target.len == 0 && step->kind == CLEW_KIND_HANDOFF &&
            step->tool_result.len <= TARGET_BYTES_MAX)
                target = step->tool_result;

        if (target.len == 0)
                return false;
        for (uint32_t i = index + 1; i < trace->n_steps && seen < CLEW_EDGES_NAME_SEARCH_MAX;
             i++, seen++) {
                if (trace->steps[i].kind != CLEW_KIND_AGENT ||
                    !clew_edges_same_name(trace->steps[i].agent_name, target))
                        continue;
                (void)clew_edges_add(w, CLEW_EDGE_HANDOFF,
                                     step->agent == NONE ? index : step->agent, i, true);
                return true;
        }
        return false;
}

static void pass_links(struct clew_edge_work *w, uint32_t index)
{
        const struct clew_trace *trace = w->b->trace;
        struct clew_message_iter it = clew_span_links(&trace->steps[index].span);
        struct clew_span_link link;

        while (clew_span_link_next(&it, &link)) {
                bool inside = clew_trace_id_eq(&link.trace_id, &trace->id);
                uint32_t to = inside ? clew_trace_find(trace, &link.span_id) : NONE;
                struct clew_edge *edge = clew_edges_add(
                        w, to == NONE ? CLEW_EDGE_LINK_OUT : CLEW_EDGE_LINK, index, to, false);

                if (edge) {
                        edge->trace_id = link.trace_id;
                        edge->span_id = link.span_id;
                }
        }
}

static void pass(struct clew_edge_work *w)
{
        const struct clew_trace *trace = w->b->trace;

        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *step = &trace->steps[i];

                if (is_model_call(step))
                        pass_llm(w, i);
                else if (step->kind == CLEW_KIND_TOOL && !clew_step_is(step, CLEW_STEP_FRAGMENT))
                        pass_tool(w, i);
                else if (step->kind == CLEW_KIND_AGENT)
                        pass_agent(w, i);
                if ((step->kind != CLEW_KIND_TOOL && step->kind != CLEW_KIND_HANDOFF) ||
                    !pass_handoff(w, i))
                        clew_edges_by_goto(w, i);
                pass_links(w, i);
        }
}

static bool same_edge(const struct clew_edge *a, const struct clew_edge *b)
{
        return a->from == b->from && a->type == b->type && a->to == b->to && a->to != NONE;
}

static int sort_edges(struct clew_edge_work *w)
{
        uint32_t n = 0;
        struct clew_sort_entry *order;
        struct clew_sort_entry *scratch;
        struct clew_edge *sorted;

        order = clew_arena_alloc(w->b->arena, ((size_t)w->n_edges + 1) * sizeof(*order));
        scratch = clew_arena_alloc(w->b->arena, ((size_t)w->n_edges + 1) * sizeof(*scratch));
        sorted = clew_arena_alloc(w->b->arena, ((size_t)w->n_edges + 1) * sizeof(*sorted));
        if (!order || !scratch || !sorted)
                return -ENOMEM;
        for (uint32_t i = 0; i < w->n_edges; i++) {
                const struct clew_edge *e = &w->edges[i];

                /* Steps fit in 28 bits (CLEW_STEPS_MAX); a missing target sorts last. */
                order[i] = (struct clew_sort_entry){.key = (uint64_t)e->from << 36 |
                                                           (uint64_t)e->type << 32 | e->to,
                                                    .item = e};
        }
        clew_sort(order, scratch, w->n_edges, NULL);
        for (uint32_t i = 0; i < w->n_edges; i++) {
                const struct clew_edge *e = order[i].item;

                if (n > 0 && same_edge(&sorted[n - 1], e)) {
                        if (sorted[n - 1].inferred)
                                sorted[n - 1] = *e; /* what an id says beats what a name does */
                        continue;
                }
                sorted[n++] = *e;
        }
        w->b->trace->edges = sorted;
        w->b->trace->n_edges = n;
        return 0;
}

int clew_edges_build(struct clew_builder *b)
{
        size_t n = (size_t)b->trace->n_steps + 1;
        struct clew_edge_work w = {.b = b,
                                   .confirm_left = CONFIRM_BYTES_MAX,
                                   .keys_left = CONFIRM_KEYS_MAX,
                                   .read_llm = NONE};
        int r;

        w.scopes = clew_arena_alloc(b->arena, n * sizeof(*w.scopes));
        w.scope_of = clew_arena_alloc(b->arena, n * sizeof(*w.scope_of));
        w.next_tool = clew_arena_calloc(b->arena, n, sizeof(*w.next_tool));
        w.answers = clew_arena_calloc(b->arena, n, sizeof(const struct clew_messages *));
        if (!w.scopes || !w.scope_of || !w.next_tool || !w.answers)
                return -ENOMEM;
        clew_arena_init(&w.scratch, SCRATCH_MAX);
        r = read_all_calls(&w);
        if (r == 0) {
                b->trace->answers = w.answers;
                pass(&w);
                r = clew_edges_by_ids(&w);
        }
        clew_arena_deinit(&w.scratch);
        return r < 0 ? r : sort_edges(&w);
}

/* ---- reading ----------------------------------------------------------------------------------
 */

const struct clew_edge *clew_trace_edges_from(const struct clew_trace *trace, uint32_t step,
                                              uint32_t *ret_n)
{
        uint32_t low = 0;
        uint32_t high = trace->n_edges;
        uint32_t n = 0;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;

                if (trace->edges[mid].from < step)
                        low = mid + 1;
                else
                        high = mid;
        }
        while (low + n < trace->n_edges && trace->edges[low + n].from == step)
                n++;
        *ret_n = n;
        return n ? &trace->edges[low] : NULL;
}
