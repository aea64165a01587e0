/*
 * Building a trace: the order of work (trace.h).
 */
#include "query/model/trace.h"

#include "proto/base/compiler.h"
#include "proto/otlp/walk.h"
#include "query/model/build-int.h"
#include "query/model/log-run.h"
#include "query/model/tree-int.h"
#include "query/model/value-int.h"

#include <errno.h>
#include <string.h>

/* Distinct names listed per trace; a trace with more tools than this has names that are data. */
#define NAMES_MAX 256u

const struct clew_trace_options CLEW_TRACE_FULL = {
        .provenance = true,
        .texts = true,
        .edges = true,
};

/* ---- steps ------------------------------------------------------------------------------------
 */

static uint32_t step_of(const struct clew_tree *tree, uint32_t node)
{
        return node == CLEW_STEP_NONE ? CLEW_STEP_NONE : tree->nodes[node].position;
}

static void place_step(const struct clew_tree *tree, const struct clew_tree_node *node,
                       struct clew_step *step)
{
        *step = (struct clew_step){
                .span = node->span,
                .resource = node->resource,
                .scope = node->scope,
                .arrival = node->arrival,
                .parent = step_of(tree, node->parent),
                .first_child = step_of(tree, node->first_child),
                .next_sibling = step_of(tree, node->next_sibling),
                .agent = CLEW_STEP_NONE,
                .caller = CLEW_STEP_NONE,
                .call = CLEW_STEP_NONE,
                .next_layer = CLEW_STEP_NONE,
                .flags = node->flags,
        };
        if (node->flags & CLEW_STEP_STANDIN) {
                step->start_ns = node->start_ns;
                return;
        }
        step->start_ns = node->span.start_ns;
        step->end_ns = node->span.end_ns;
}

static void place_steps(const struct clew_tree *tree, struct clew_trace *trace)
{
        for (uint32_t i = 0; i < tree->n_nodes; i++) {
                struct clew_step *step = &trace->steps[i];

                place_step(tree, &tree->nodes[tree->order[i]], step);
                if (step->parent == CLEW_STEP_NONE) {
                        trace->n_roots++;
                        continue;
                }
                step->depth = trace->steps[step->parent].depth + 1;
                trace->steps[step->parent].n_children++;
                if (step->depth > trace->max_depth)
                        trace->max_depth = step->depth;
        }
        for (uint32_t i = tree->n_nodes; i-- > 0;) {
                struct clew_step *step = &trace->steps[i];

                if (step->parent != CLEW_STEP_NONE)
                        trace->steps[step->parent].n_descendants += step->n_descendants + 1;
        }
}

uint32_t clew_trace_latest(const struct clew_trace *trace)
{
        uint32_t latest = CLEW_STEP_NONE;
        uint64_t latest_ns = 0;

        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *s = &trace->steps[i];
                uint64_t ns = s->end_ns > s->start_ns ? s->end_ns : s->start_ns;

                if (clew_step_is(s, CLEW_STEP_STANDIN | CLEW_STEP_FRAGMENT) ||
                    (latest != CLEW_STEP_NONE && ns < latest_ns))
                        continue;
                latest = i;
                latest_ns = ns;
        }
        return latest;
}

struct clew_skew clew_step_skew(const struct clew_trace *trace, uint32_t step)
{
        const struct clew_step *s = &trace->steps[step];
        const struct clew_step *parent =
                s->parent == CLEW_STEP_NONE ? NULL : &trace->steps[s->parent];
        struct clew_skew skew = {0};

        if (clew_step_is(s, CLEW_STEP_STANDIN))
                return skew;
        if (s->end_ns > 0 && s->end_ns < s->start_ns)
                skew.negative_ns = s->start_ns - s->end_ns;
        if (!parent || clew_step_is(parent, CLEW_STEP_STANDIN))
                return skew;
        if (s->start_ns > 0 && s->start_ns < parent->start_ns)
                skew.before_ns = parent->start_ns - s->start_ns;
        if (parent->end_ns > 0 && s->end_ns > parent->end_ns)
                skew.after_ns = s->end_ns - parent->end_ns;
        return skew;
}

struct clew_score *clew_trace_more_scores(struct clew_trace *trace, uint32_t n,
                                          struct clew_arena *arena)
{
        struct clew_score *scores =
                clew_arena_calloc(arena, (size_t)trace->n_scores + n, sizeof(*scores));

        if (!scores)
                return NULL;
        if (trace->n_scores > 0)
                memcpy(scores, trace->scores, trace->n_scores * sizeof(*scores));
        trace->scores = scores;
        trace->n_scores += n;
        return scores + trace->n_scores - n;
}

uint32_t clew_trace_find(const struct clew_trace *trace, const struct clew_span_id *id)
{
        uint64_t key = clew_tree_key(id);
        uint32_t low = 0;
        uint32_t high = trace->n_steps;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;

                if (clew_tree_key(&trace->steps[trace->by_id[mid]].span.span_id) < key)
                        low = mid + 1;
                else
                        high = mid;
        }
        if (low == trace->n_steps ||
            !clew_span_id_eq(&trace->steps[trace->by_id[low]].span.span_id, id))
                return CLEW_STEP_NONE;
        return trace->by_id[low];
}

/* ---- logs -------------------------------------------------------------------------------------
 */

/* Scores may come as log records that name no span of this trace. */
static void read_loose_logs(struct clew_builder *b)
{
        struct clew_trace *trace = b->trace;

        for (uint32_t i = trace->n_logs - trace->n_loose_logs; i < trace->n_logs; i++) {
                const struct clew_log_record *record = &trace->logs[i].record;

                if (clew_slice_eq_cstr(clew_log_name(record), "gen_ai.evaluation.result"))
                        clew_score_from_event(
                                b, clew_log_attributes(record), CLEW_SCORE_FROM_LOG, CLEW_STEP_NONE,
                                record->time_ns ? record->time_ns : record->observed_ns);
        }
}

/* ---- what only the whole tree tells -----------------------------------------------------------
 */

struct children {
        uint32_t n_llm;
        uint32_t n_tool;
        uint32_t n_agent;
        uint32_t tool_below; /* the tool call that this step only carries, or NONE */
};

/* generateText and streamText are an agent when they loop (tools, or more than one model call),
 * when agents work for them, and when a tool runs them: a sub-agent. */
static void promote_sdk_chain(struct clew_step *step, const struct children *c,
                              const struct clew_step *parent)
{
        bool loops = c->n_tool > 0 || c->n_llm > 1 || c->n_agent > 0;
        bool inside_tool = parent && parent->kind == CLEW_KIND_TOOL && c->n_llm > 0;

        if (step->kind != CLEW_KIND_CHAIN || step->dialect != CLEW_DIALECT_AISDK ||
            !clew_slice_starts_with(step->span.name, CLEW_SLICE_LITERAL("ai.")) ||
            (!loops && !inside_tool))
                return;
        step->kind = CLEW_KIND_AGENT;
        step->agent_name = step->name;
}

static bool same_tool_call(const struct clew_step *outer, const struct clew_step *inner)
{
        if (outer->tool_call_id.len > 0 && inner->tool_call_id.len > 0)
                return clew_slice_eq(outer->tool_call_id, inner->tool_call_id);
        return clew_slice_eq(outer->tool_name, inner->tool_name);
}

/* Children come after their parents: one loop from the end sees each step complete. */
static int refine_kinds(struct clew_builder *b)
{
        struct clew_trace *trace = b->trace;
        struct children *below = clew_arena_calloc(b->arena, trace->n_steps + 1, sizeof(*below));

        if (!below)
                return -ENOMEM;
        for (uint32_t i = 0; i < trace->n_steps; i++)
                below[i].tool_below = CLEW_STEP_NONE;
        for (uint32_t i = trace->n_steps; i-- > 0;) {
                struct clew_step *step = &trace->steps[i];
                struct children *up = step->parent == CLEW_STEP_NONE ? NULL : &below[step->parent];
                uint32_t inner = below[i].tool_below;

                promote_sdk_chain(step, &below[i], up ? &trace->steps[step->parent] : NULL);
                if (step->kind == CLEW_KIND_TOOL && inner != CLEW_STEP_NONE &&
                    same_tool_call(step, &trace->steps[inner]))
                        step->flags |= CLEW_STEP_WRAPPER;
                if (!up)
                        continue;
                up->n_llm += step->kind == CLEW_KIND_LLM;
                up->n_tool += step->kind == CLEW_KIND_TOOL;
                up->n_agent += step->kind == CLEW_KIND_AGENT;
                if (step->kind == CLEW_KIND_TOOL)
                        up->tool_below = i;
                else if (step->kind == CLEW_KIND_GENERIC || step->kind == CLEW_KIND_MCP)
                        up->tool_below = inner != CLEW_STEP_NONE ? inner : up->tool_below;
        }
        return 0;
}

static void find_agents(struct clew_trace *trace)
{
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                struct clew_step *step = &trace->steps[i];

                if (step->kind == CLEW_KIND_AGENT)
                        step->agent = i;
                else if (step->parent != CLEW_STEP_NONE)
                        step->agent = trace->steps[step->parent].agent;
        }
}

/* ---- session and user -------------------------------------------------------------------------
 */

static struct clew_slice *identity_of(struct clew_step *step, bool user)
{
        return user ? &step->user : &step->session;
}

/* A value that is the only one in the trace holds for all of it. Two different ones hold for their
 * subtrees; the trace then shows its root's, or the first. */
static struct clew_slice spread_identity(struct clew_trace *trace, bool user)
{
        struct clew_slice only = CLEW_SLICE_NULL;
        struct clew_slice of_root = CLEW_SLICE_NULL;
        bool unique = true;

        for (uint32_t i = 0; i < trace->n_steps; i++) {
                struct clew_slice own = *identity_of(&trace->steps[i], user);

                if (own.len == 0)
                        continue;
                if (only.len == 0)
                        only = own;
                else if (!clew_slice_eq(only, own))
                        unique = false;
        }
        for (uint32_t i = 0; unique && only.len > 0 && i < trace->n_steps; i++)
                *identity_of(&trace->steps[i], user) = only;
        if (trace->root != CLEW_STEP_NONE)
                of_root = *identity_of(&trace->steps[trace->root], user);
        return of_root.len > 0 ? of_root : only;
}

/* The second session id: the root's, else the next that some step has. */
static struct clew_slice other_session(const struct clew_trace *trace)
{
        if (trace->root != CLEW_STEP_NONE && trace->steps[trace->root].other_session.len > 0)
                return trace->steps[trace->root].other_session;
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *s = &trace->steps[i];

                if (s->session.len > 0 && !clew_slice_eq(s->session, trace->session))
                        return s->session;
                if (s->other_session.len > 0 && !clew_slice_eq(s->other_session, trace->session))
                        return s->other_session;
        }
        return CLEW_SLICE_NULL;
}

/* ---- totals -----------------------------------------------------------------------------------
 */

static bool counts(const struct clew_step *step)
{
        return !clew_step_is(step, CLEW_STEP_WRAPPER | CLEW_STEP_FRAGMENT | CLEW_STEP_POLL |
                                           CLEW_STEP_STANDIN | CLEW_STEP_SETUP);
}

struct name_list {
        struct clew_name_count *names;
        uint32_t n;
};

static void count_name(struct name_list *list, struct clew_slice name)
{
        if (name.len == 0)
                return;
        for (uint32_t i = 0; i < list->n; i++) {
                if (clew_slice_eq(list->names[i].name, name)) {
                        list->names[i].count++;
                        return;
                }
        }
        if (list->n < NAMES_MAX)
                list->names[list->n++] = (struct clew_name_count){name, 1};
}

static int count_names(struct clew_builder *b)
{
        struct clew_trace *trace = b->trace;
        struct name_list agents = {clew_arena_alloc(b->arena, NAMES_MAX * sizeof(*agents.names)),
                                   0};
        struct name_list models = {clew_arena_alloc(b->arena, NAMES_MAX * sizeof(*models.names)),
                                   0};
        struct name_list tools = {clew_arena_alloc(b->arena, NAMES_MAX * sizeof(*tools.names)), 0};

        if (!agents.names || !models.names || !tools.names)
                return -ENOMEM;
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *step = &trace->steps[i];

                if (!counts(step))
                        continue;
                if (step->kind == CLEW_KIND_AGENT)
                        count_name(&agents, step->agent_name);
                else if (step->kind == CLEW_KIND_TOOL)
                        count_name(&tools, step->tool_name);
                else if (step->kind == CLEW_KIND_LLM)
                        count_name(&models, step->model);
                trace->n_llm += step->kind == CLEW_KIND_LLM;
                trace->n_tool += step->kind == CLEW_KIND_TOOL;
        }
        trace->agents = agents.names;
        trace->n_agents = agents.n;
        trace->models = models.names;
        trace->n_models = models.n;
        trace->tools = tools.names;
        trace->n_tools = tools.n;
        return 0;
}

/* An error that is only passed up shows on each level; it counts where it began. */
static int count_errors(struct clew_builder *b, const bool *is_twin)
{
        struct clew_trace *trace = b->trace;
        bool *below = clew_arena_calloc(b->arena, trace->n_steps + 1, sizeof(*below));

        if (!below)
                return -ENOMEM;
        for (uint32_t i = trace->n_steps; i-- > 0;) {
                const struct clew_step *step = &trace->steps[i];

                if (step->error.is_error && !below[i] && !is_twin[i])
                        trace->n_errors++;
                if (step->parent != CLEW_STEP_NONE && (below[i] || step->error.is_error))
                        below[step->parent] = true;
        }
        trace->has_failed_steps = trace->n_errors > 0;
        return 0;
}

static void find_times(struct clew_trace *trace)
{
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *step = &trace->steps[i];
                uint64_t start = step->start_ns ? step->start_ns : step->end_ns;

                if (start != 0 && (trace->start_ns == 0 || start < trace->start_ns))
                        trace->start_ns = start;
                if (step->end_ns > trace->end_ns)
                        trace->end_ns = step->end_ns;
        }
        if (trace->n_steps > 0)
                return;
        for (uint32_t i = 0; i < trace->n_logs; i++) {
                const struct clew_log_record *r = &trace->logs[i].record;
                uint64_t time = r->time_ns ? r->time_ns : r->observed_ns;

                if (time != 0 && (trace->start_ns == 0 || time < trace->start_ns))
                        trace->start_ns = time;
                if (time > trace->end_ns)
                        trace->end_ns = time;
        }
}

/* The first step below a stand-in, or what a program's own machinery there holds. */
static const struct clew_step *first_heard(const struct clew_trace *trace,
                                           const struct clew_step *standin)
{
        uint32_t from = standin->first_child;
        uint32_t end = (uint32_t)(standin - trace->steps) + standin->n_descendants;

        for (uint32_t i = from; i <= end; i++) {
                if (!clew_step_is(&trace->steps[i], CLEW_STEP_NOISE))
                        return &trace->steps[i];
        }
        return &trace->steps[from];
}

static void name_trace(struct clew_builder *b)
{
        struct clew_trace *trace = b->trace;
        const struct clew_step *root =
                trace->root == CLEW_STEP_NONE ? NULL : &trace->steps[trace->root];
        struct clew_slice resource = CLEW_SLICE_NULL;
        struct clew_value service;

        /* Under a parent that has not come, the first step that did gives its name. */
        if (root && clew_step_is(root, CLEW_STEP_STANDIN) && root->first_child != CLEW_STEP_NONE)
                root = first_heard(trace, root);
        if (root) {
                trace->name = b->trace_name.len > 0 ? b->trace_name : root->name;
                resource = root->resource;
        }
        /* A stand-in has no resource; the first step that has one speaks for it. */
        for (uint32_t i = 0; resource.len == 0 && i < trace->n_steps; i++)
                resource = trace->steps[i].resource;
        if (resource.len == 0 && trace->n_logs > 0)
                resource = trace->logs[0].resource;
        if (clew_attribute_find(clew_resource_attributes(resource),
                                CLEW_SLICE_LITERAL("service.name"), &service))
                trace->service = clew_value_text(&service, b->arena);
}

/* Of a skeleton: what stands in the place of texts is told in words. */
static void show_left_out(struct clew_trace *trace, struct clew_arena *arena)
{
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                struct clew_step *s = &trace->steps[i];
                struct clew_slice *const texts[] = {&s->input,          &s->output,
                                                    &s->tool_arguments, &s->tool_result,
                                                    &s->error.message,  &s->error.stack};

                s->left_out_bytes = s->tool_result.len;
                for (size_t k = 0; k < CLEW_ARRAY_LEN(texts); k++)
                        *texts[k] = clew_stand_in_show(*texts[k], arena);
        }
        if (trace->n_scores > 0) {
                struct clew_score *own = clew_arena_calloc(arena, trace->n_scores, sizeof(*own));

                for (uint32_t i = 0; own && i < trace->n_scores; i++) {
                        own[i] = trace->scores[i];
                        own[i].explanation = clew_stand_in_show(own[i].explanation, arena);
                }
                trace->scores = own ? own : trace->scores;
        }
}

static int finish(struct clew_builder *b)
{
        struct clew_trace *trace = b->trace;
        bool *is_twin = NULL;
        int r;

        r = refine_kinds(b);
        if (r == 0)
                r = clew_twins_mark(b, &is_twin);
        if (r == 0)
                r = clew_usage_book(b);
        if (r == 0)
                r = count_errors(b, is_twin);
        if (r == 0)
                r = count_names(b);
        if (r < 0)
                return r;
        find_agents(trace);
        clew_outcome_find_root(b);
        find_times(trace);
        trace->session = spread_identity(trace, false);
        trace->other_session = other_session(trace);
        trace->user = spread_identity(trace, true);
        name_trace(b);
        clew_score_settle(b);
        clew_outcome_judge(b);
        if (trace->left_out)
                show_left_out(trace, b->arena);
        return b->options->edges ? clew_edges_build(b) : 0;
}

/* Spans for what only log records tell, behind those that came. */
static int add_log_spans(struct clew_builder *b, struct clew_slice *traces, struct clew_slice logs)
{
        int r = clew_log_run_make(*traces, logs, b->options->joined, b->arena, &b->log_run);
        struct clew_slice parts[2] = {*traces};

        if (r < 0)
                return r;
        if (b->log_run && b->log_run->spans.len > 0) {
                parts[1] = b->log_run->spans;
                b->around = b->log_run->root;
        } else if (b->log_run && b->log_run->has_host) {
                b->around = b->log_run->root;
        } else if (b->options->joined && b->trace->has_run) {
                r = clew_log_root_write(&b->trace->run, *traces, b->arena, &parts[1], &b->around);
        }
        if (r < 0 || parts[1].len == 0)
                return r;
        *traces = clew_arena_concat(b->arena, parts, 2);
        b->made = clew_slice_from(*traces, parts[0].len);
        return traces->len > 0 ? 0 : -ENOMEM;
}

static void find_run(struct clew_builder *b, struct clew_slice traces, struct clew_slice logs)
{
        b->trace->has_run = clew_log_run_of(traces, logs, &b->trace->run);
}

static void mark_made(struct clew_builder *b)
{
        for (uint32_t i = 0; b->made.len > 0 && i < b->trace->n_steps; i++) {
                struct clew_step *step = &b->trace->steps[i];
                const uint8_t *at = step->span.raw.data;

                if (at && at >= b->made.data && at < b->made.data + b->made.len) {
                        step->flags |= CLEW_STEP_FROM_LOGS;
                        b->trace->n_from_logs++;
                }
        }
}

/* Whether its texts are there. A run of log records alone has no spans, whatever is noted. */
static void read_notes(struct clew_trace *trace, struct clew_slice *traces, struct clew_slice logs)
{
        struct clew_left_out_note note;
        uint64_t items = 0;
        uint64_t n_spans;
        size_t at = 0;

        while (clew_left_out_next(*traces, &at, &note)) {
                if (items == 0)
                        trace->left_out_note = note;
                items += note.items;
                trace->notes = *traces;
        }
        if (trace->notes.len == 0)
                return;
        n_spans = clew_otlp_count(*traces);
        trace->left_out =
                items < n_spans + clew_otlp_count(logs) ? CLEW_LEFT_OUT_SOME : CLEW_LEFT_OUT_ALL;
        if (n_spans == 0)
                *traces = CLEW_SLICE_NULL;
}

int clew_trace_build(struct clew_slice traces, struct clew_slice logs,
                     const struct clew_trace_options *options, struct clew_arena *arena,
                     struct clew_trace **ret)
{
        struct clew_trace *trace = clew_arena_calloc(arena, 1, sizeof(*trace));
        struct clew_builder *b = clew_arena_alloc(arena, sizeof(*b));
        struct clew_tree tree;
        int r;

        if (!trace || !b)
                return -ENOMEM;
        /* Not cleared as a whole: the fields are large, and are reset for each span. */
        memset(b, 0, offsetof(struct clew_builder, fields));
        clew_fields_reset(&b->fields);
        b->options = options ? options : &CLEW_TRACE_FULL;
        b->arena = arena;
        b->trace = trace;
        b->hinted_root = CLEW_STEP_NONE;
        read_notes(trace, &traces, logs);
        find_run(b, traces, logs);
        r = add_log_spans(b, &traces, logs);
        if (r < 0)
                return r;
        r = clew_tree_build(traces, b->options->joined,
                            clew_span_id_is_zero(&b->around) ? NULL : &b->around, arena, &tree);
        if (r < 0)
                return r;
        trace->id = b->options->joined && trace->has_run ? trace->run : tree.id;
        trace->n_steps = tree.n_nodes;
        trace->n_spans = tree.n_spans;
        trace->root = CLEW_STEP_NONE;
        /* Not cleared: place_steps() writes each of them whole. */
        trace->steps = clew_arena_alloc(arena, ((size_t)tree.n_nodes + 1) * sizeof(*trace->steps));
        if (!trace->steps)
                return -ENOMEM;
        place_steps(&tree, trace);
        mark_made(b);
        trace->by_id = tree.by_id;
        r = clew_logs_attach(b, logs);
        if (r < 0)
                return r;
        if (trace->n_steps == 0 && trace->n_logs == 0)
                return -ENOENT;
        for (uint32_t i = 0; i < trace->n_steps; i++)
                clew_step_derive(b, i);
        read_loose_logs(b);
        r = finish(b);
        if (r < 0 || clew_arena_failed(arena))
                return -ENOMEM;
        *ret = trace;
        return 0;
}

int clew_trace_link(struct clew_trace *trace, struct clew_arena *arena)
{
        struct clew_builder *b = clew_arena_alloc(arena, sizeof(*b));

        if (!b)
                return -ENOMEM;
        memset(b, 0, offsetof(struct clew_builder, fields));
        b->options = &CLEW_TRACE_FULL;
        b->arena = arena;
        b->trace = trace;
        return clew_edges_build(b);
}
