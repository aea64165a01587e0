/*
 * Building the view: choose the steps, order them, and tie each to the one that called it.
 */
#include "query/rca/view-int.h"

#include "proto/base/mem.h"
#include "query/rca/input-int.h"
#include "query/rca/text-int.h"

#include <errno.h>
#include <stdlib.h>

/* Messages of one call: a history of 20 MB spans is legal, more than this is not read. */
/* Levels that an error is followed up; deeper ones count as passed on. */
#define LEVELS_MAX 64u
#define SCRATCH_MAX ((size_t)512 << 20)
#define SAID_MIN 8u   /* bytes of an error that two steps share; less is a word */
#define SAID_MAX 120u /* and those that are compared */
#define REPORTED_MAX                                                                               \
        256u /* steps that began while a step lasted which failed as one of them did               \
              */

void *clew_rca_grow(struct clew_rca_builder *b, void *old, uint32_t n, uint32_t *cap, size_t size)
{
        uint32_t want = *cap ? *cap * 2 : CLEW_RCA_GROW_FIRST;
        void *p;

        if (n < *cap)
                return old;
        p = clew_arena_calloc(b->arena, want, size);
        if (!p) {
                b->failed = true;
                return NULL;
        }
        if (n)
                memcpy(p, old, (size_t)n * size);
        *cap = want;
        return p;
}

/* ---- choosing steps ------------------------------------------------------------------------- */

static bool is_tool_like(const struct clew_step *s)
{
        return s->kind == CLEW_KIND_TOOL || s->kind == CLEW_KIND_RETRIEVER ||
               s->kind == CLEW_KIND_MCP || s->kind == CLEW_KIND_MEMORY;
}

/* How much two layers of one tool call have to tell. */
static uint32_t tells(const struct clew_step *s)
{
        bool asked = s->tool_arguments.len > 0 || s->input.len > 0;
        bool answered = s->tool_result.len > 0 || s->output.len > 0;

        return (uint32_t)asked + (uint32_t)answered + (uint32_t)s->error.is_error;
}

/* Two instrumentations saw one call: the layer that knows more stands for it, the inner one when
 * they know the same. True when @i is the other one. */
static bool is_lesser_layer(const struct clew_trace *t, uint32_t i)
{
        const struct clew_step *s = &t->steps[i];
        uint32_t p = s->parent;

        if (!is_tool_like(s))
                return false;
        if (clew_step_is(s, CLEW_STEP_WRAPPER)) {
                for (uint32_t c = s->first_child; c != CLEW_STEP_NONE;
                     c = t->steps[c].next_sibling) {
                        if (is_tool_like(&t->steps[c]) && tells(&t->steps[c]) >= tells(s))
                                return true;
                }
                return false;
        }
        return p != CLEW_STEP_NONE && is_tool_like(&t->steps[p]) &&
               clew_step_is(&t->steps[p], CLEW_STEP_WRAPPER) && tells(&t->steps[p]) > tells(s);
}

/*
 * A program's own machinery meets errors that it expects (a file that is not there yet) outside of
 * any call and any agent: where nothing above failed, nobody was told. A root's failure is one.
 */
static bool is_own_business(const struct clew_trace *t, uint32_t i)
{
        uint32_t at = t->steps[i].parent;

        if (t->steps[i].kind != CLEW_KIND_GENERIC || at == CLEW_STEP_NONE ||
            t->n_llm + t->n_tool == 0)
                return false;
        for (unsigned level = 0; at != CLEW_STEP_NONE && level < LEVELS_MAX; level++) {
                const struct clew_step *s = &t->steps[at];

                if (s->error.is_error ||
                    (s->kind != CLEW_KIND_GENERIC && !clew_step_is(s, CLEW_STEP_STANDIN)))
                        return false;
                at = s->parent;
        }
        return true;
}

/* A tool's step whose call another step beside it tells better (model/twins.c). */
static bool is_twin(const struct clew_trace *t, uint32_t i)
{
        const struct clew_step *s = &t->steps[i];

        if (s->kind != CLEW_KIND_TOOL || !clew_step_is(s, CLEW_STEP_WRAPPER))
                return false;
        for (uint32_t c = i + 1; c <= i + s->n_descendants; c++) {
                if (t->steps[c].kind == CLEW_KIND_TOOL)
                        return false;
        }
        return true;
}

/* What failed inside such a step made its call fail, which is told once. */
static bool is_inside_twin(const struct clew_trace *t, uint32_t i)
{
        uint32_t at = t->steps[i].parent;

        for (unsigned level = 0; at != CLEW_STEP_NONE && level < LEVELS_MAX; level++) {
                if (t->steps[at].kind == CLEW_KIND_TOOL)
                        return is_twin(t, at);
                at = t->steps[at].parent;
        }
        return false;
}

static bool chosen_kind(const struct clew_trace *t, uint32_t i, enum clew_rca_kind *ret)
{
        const struct clew_step *s = &t->steps[i];

        if (clew_step_is(s, CLEW_STEP_STANDIN | CLEW_STEP_FRAGMENT))
                return false;
        switch ((int)s->kind) {
        case CLEW_KIND_LLM:
                *ret = CLEW_RCA_LLM;
                break;
        case CLEW_KIND_TOOL:
        case CLEW_KIND_RETRIEVER:
        case CLEW_KIND_MCP:
        case CLEW_KIND_MEMORY:
                *ret = CLEW_RCA_TOOL;
                break;
        case CLEW_KIND_AGENT:
        case CLEW_KIND_HANDOFF:
                *ret = CLEW_RCA_AGENT;
                return true;
        default:
                *ret = CLEW_RCA_OTHER;
                return s->error.is_error && !is_own_business(t, i) && !is_inside_twin(t, i);
        }
        if (*ret == CLEW_RCA_TOOL && is_twin(t, i))
                return false;
        if (*ret == CLEW_RCA_TOOL ? is_lesser_layer(t, i) : clew_step_is(s, CLEW_STEP_WRAPPER)) {
                *ret = CLEW_RCA_OTHER;
                return s->error.is_error;
        }
        return true;
}

/* A trace without model and tool calls (plain services): its leaves stand for tools. */
static bool has_model_or_tool(const struct clew_trace *t)
{
        enum clew_rca_kind kind;

        for (uint32_t i = 0; i < t->n_steps; i++) {
                if (chosen_kind(t, i, &kind) && (kind == CLEW_RCA_LLM || kind == CLEW_RCA_TOOL))
                        return true;
        }
        return false;
}

static int by_time(const void *x, const void *y)
{
        const struct clew_rca_step *a = x;
        const struct clew_rca_step *b = y;

        if (a->start_ns != b->start_ns)
                return a->start_ns < b->start_ns ? -1 : 1;
        return a->span < b->span ? -1 : a->span > b->span;
}

static void fill_step(const struct clew_rca_builder *b, uint32_t i, enum clew_rca_kind kind,
                      struct clew_rca_step *ret)
{
        const struct clew_step *s = &b->trace->steps[i];

        *ret = (struct clew_rca_step){
                .kind = kind,
                .span = i,
                .span_id = s->span.span_id,
                .number = i + 1,
                .parent = CLEW_RCA_NONE,
                .agent = s->agent,
                .start_ns = s->start_ns,
                .end_ns = s->end_ns,
                .name = s->tool_name.len ? s->tool_name : s->name,
                .failed = s->error.is_error,
                .stopped = clew_step_is(s, CLEW_STEP_REFUSED | CLEW_STEP_CANCELLED),
                .error_text = s->error.message.len ? s->error.message : s->error.type,
                .finish = s->finish_reason,
                .tokens_in = s->tokens.in,
                .tokens_out = s->tokens.out,
                .words = CLEW_RCA_NONE,
                .offer = CLEW_RCA_NONE,
                .caller = CLEW_RCA_NONE,
                .prev_llm = CLEW_RCA_NONE,
                .next_llm = CLEW_RCA_NONE,
        };
        ret->failed_below = b->error_below[i + 1 + s->n_descendants] > b->error_below[i + 1];
        if (kind == CLEW_RCA_TOOL) {
                ret->args = s->tool_arguments.len ? s->tool_arguments : s->input;
                ret->result = s->tool_result.len ? s->tool_result : s->output;
                ret->call_id = s->tool_call_id;
                ret->has_result = ret->result.len > 0;
        }
        if (s->agent != CLEW_STEP_NONE)
                ret->agent_name = b->trace->steps[s->agent].agent_name.len
                                          ? b->trace->steps[s->agent].agent_name
                                          : b->trace->steps[s->agent].name;
}

/* An HTTP request that failed inside a model call that went well was tried again by its client;
 * inside a tool, when one of its name that came later did not fail. */
static bool was_handled(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];
        const struct clew_step *inner = &v->trace->steps[s->span];
        const struct clew_rca_step *outer;

        if (s->kind != CLEW_RCA_OTHER || !s->failed || s->parent == CLEW_RCA_NONE)
                return false;
        outer = &v->steps[s->parent];
        if (outer->failed || (outer->kind != CLEW_RCA_LLM && outer->kind != CLEW_RCA_TOOL))
                return false;
        if (outer->kind == CLEW_RCA_LLM)
                return true;
        for (uint32_t c = inner->next_sibling; c != CLEW_STEP_NONE;
             c = v->trace->steps[c].next_sibling) {
                if (clew_slice_eq(v->trace->steps[c].name, inner->name) &&
                    !v->trace->steps[c].error.is_error)
                        return true;
        }
        return false;
}

static bool is_call(const struct clew_rca_step *s)
{
        return s->kind == CLEW_RCA_LLM || s->kind == CLEW_RCA_TOOL;
}

/* The same words, perhaps with the name of the exception before them in one of the two. */
static bool says_the_same(struct clew_slice a, struct clew_slice b)
{
        if (a.len > b.len) {
                struct clew_slice t = a;

                a = b;
                b = t;
        }
        if (a.len > SAID_MAX)
                a.len = SAID_MAX;
        return a.len >= SAID_MIN && memmem(b.data, b.len, a.data, a.len) != NULL;
}

/* A node of a graph and the call that it makes may stand side by side: what failed with the words
 * of a call that failed while it lasted has that call inside it. */
static bool only_reports(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];

        if (!s->failed || s->failed_below || is_call(s) || s->error_text.len == 0)
                return false;
        for (uint32_t k = i + 1;
             k < v->n_steps && v->steps[k].start_ns <= s->end_ns && k < i + REPORTED_MAX; k++) {
                const struct clew_rca_step *t = &v->steps[k];

                if (t->failed && is_call(t) && t->end_ns <= s->end_ns &&
                    says_the_same(t->error_text, s->error_text))
                        return true;
        }
        return false;
}

static int choose_steps(struct clew_rca_builder *b)
{
        const struct clew_trace *t = b->trace;
        struct clew_rca_view *v = b->v;
        bool plain = !has_model_or_tool(t);

        b->error_below = clew_arena_calloc(b->arena, (size_t)t->n_steps + 1, sizeof(uint32_t));
        b->step_of = clew_arena_calloc(b->arena, (size_t)t->n_steps + 1, sizeof(uint32_t));
        if (!b->error_below || !b->step_of)
                return -ENOMEM;
        for (uint32_t i = 0; i < t->n_steps; i++)
                b->error_below[i + 1] = b->error_below[i] + t->steps[i].error.is_error;
        for (uint32_t i = 0; i < t->n_steps; i++) {
                const struct clew_step *s = &t->steps[i];
                enum clew_rca_kind kind;

                b->step_of[i] = CLEW_RCA_NONE;
                if (!chosen_kind(t, i, &kind) && !(plain && s->n_descendants == 0))
                        continue;
                if (plain && s->n_descendants == 0 && s->kind != CLEW_KIND_GUARDRAIL)
                        kind = CLEW_RCA_TOOL;
                if (v->n_steps >= CLEW_RCA_STEPS_MAX) {
                        v->partial = true;
                        break;
                }
                v->steps = clew_rca_grow(b, v->steps, v->n_steps, &b->steps_cap, sizeof(*v->steps));
                if (!v->steps)
                        return -ENOMEM;
                fill_step(b, i, kind, &v->steps[v->n_steps++]);
        }
        if (v->n_steps)
                qsort(v->steps, v->n_steps, sizeof(*v->steps), by_time);
        for (uint32_t i = 0; i < v->n_steps; i++)
                b->step_of[v->steps[i].span] = i;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                uint32_t p = t->steps[v->steps[i].span].parent;

                while (p != CLEW_STEP_NONE && b->step_of[p] == CLEW_RCA_NONE)
                        p = t->steps[p].parent;
                v->steps[i].parent = p == CLEW_STEP_NONE ? CLEW_RCA_NONE : b->step_of[p];
        }
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (was_handled(v, i))
                        v->steps[i].failed = false;
        }
        for (uint32_t i = 0; i < v->n_steps; i++)
                v->steps[i].failed_below |= only_reports(v, i);
        return 0;
}

/* ---- who called whom ------------------------------------------------------------------------ */

static void link_llms(struct clew_rca_builder *b)
{
        struct clew_rca_view *v = b->v;
        uint32_t n = b->trace->n_steps;
        /* Last LLM step of each group; the group "no agent" is the last entry. */
        uint32_t *last = clew_arena_calloc(b->arena, (size_t)n + 1, sizeof(uint32_t));
        uint32_t any = CLEW_RCA_NONE;

        if (!last) {
                b->failed = true;
                return;
        }
        memset(last, 0xff, ((size_t)n + 1) * sizeof(uint32_t));
        v->first_llm = v->last_llm = v->last_step = CLEW_RCA_NONE;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                struct clew_rca_step *s = &v->steps[i];
                uint32_t group = s->agent == CLEW_STEP_NONE ? n : s->agent;

                s->prev_llm = last[group] != CLEW_RCA_NONE ? last[group] : any;
                if (s->kind == CLEW_RCA_LLM) {
                        s->prev_llm = last[group];
                        if (last[group] != CLEW_RCA_NONE)
                                v->steps[last[group]].next_llm = i;
                        last[group] = any = i;
                        v->last_llm = i;
                        if (v->first_llm == CLEW_RCA_NONE)
                                v->first_llm = i;
                }
                if (s->kind == CLEW_RCA_LLM || s->kind == CLEW_RCA_TOOL)
                        v->last_step = i;
        }
        /* The next LLM call after a step that is not one: of its group, else of any. */
        memset(last, 0xff, ((size_t)n + 1) * sizeof(uint32_t));
        any = CLEW_RCA_NONE;
        for (uint32_t i = v->n_steps; i-- > 0;) {
                struct clew_rca_step *s = &v->steps[i];
                uint32_t group = s->agent == CLEW_STEP_NONE ? n : s->agent;

                if (s->kind == CLEW_RCA_LLM)
                        last[group] = any = i;
                else
                        s->next_llm = last[group] != CLEW_RCA_NONE ? last[group] : any;
        }
}

static void link_callers(struct clew_rca_builder *b)
{
        struct clew_rca_view *v = b->v;
        uint32_t *by_call =
                clew_arena_calloc(b->arena, (size_t)b->trace->n_steps + 1, sizeof(uint32_t));

        if (!by_call) {
                b->failed = true;
                return;
        }
        for (uint32_t k = 0; k < b->trace->n_edges; k++) {
                const struct clew_edge *e = &b->trace->edges[k];

                if (e->type == CLEW_EDGE_CALL && e->to < b->trace->n_steps && !by_call[e->to])
                        by_call[e->to] = e->from + 1;
        }
        for (uint32_t i = 0; i < v->n_steps; i++) {
                struct clew_rca_step *s = &v->steps[i];
                uint32_t from = by_call[s->span];

                if (s->kind != CLEW_RCA_TOOL)
                        continue;
                if (s->is_executor) { /* it answers who spoke last, whatever agent that is */
                        for (uint32_t k = i; k-- > 0 && s->caller == CLEW_RCA_NONE;)
                                s->caller = v->steps[k].kind == CLEW_RCA_LLM ? k : CLEW_RCA_NONE;
                        continue;
                }
                if (from && b->step_of[from - 1] != CLEW_RCA_NONE)
                        s->caller = b->step_of[from - 1];
                else if (s->parent != CLEW_RCA_NONE && v->steps[s->parent].kind == CLEW_RCA_LLM)
                        s->caller = s->parent;
                else
                        s->caller = s->prev_llm;
        }
}

static int build(const struct clew_trace *trace, bool only_steps, struct clew_arena *arena,
                 struct clew_rca_view *ret)
{
        struct clew_rca_view v = {.arena = arena, .trace = trace, .first_result = CLEW_RCA_NONE};
        struct clew_rca_builder b = {
                .v = &v, .arena = arena, .trace = trace, .only_steps = only_steps};
        int r;

        clew_arena_init(&b.scratch, SCRATCH_MAX);
        clew_buffer_init(&b.input, CLEW_RCA_INPUT_MAX);
        r = choose_steps(&b);
        if (r == 0) {
                clew_rca_group_by_nodes(&b);
                clew_rca_find_executors(&b);
                clew_rca_group_by_names(&b);
                link_llms(&b);
                link_callers(&b);
        }
        if (r == 0)
                r = clew_rca_read(&b);
        if (r == 0)
                r = clew_rca_read_run(&b);
        if (r == 0 && !b.failed && !only_steps)
                clew_rca_see_values(&b);
        clew_buffer_deinit(&b.input);
        clew_arena_deinit(&b.scratch);
        if (r == 0 && (b.failed || clew_arena_failed(arena)))
                r = -ENOMEM;
        if (r == 0)
                *ret = v;
        return r;
}

int clew_rca_view_build(const struct clew_trace *trace, struct clew_arena *arena,
                        struct clew_rca_view *ret)
{
        return build(trace, false, arena, ret);
}

int clew_rca_view_build_steps(const struct clew_trace *trace, struct clew_arena *arena,
                              struct clew_rca_view *ret)
{
        return build(trace, true, arena, ret);
}

uint32_t clew_rca_blame(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];
        uint32_t inside = CLEW_RCA_NONE;

        if (s->kind == CLEW_RCA_LLM)
                return i;
        if (s->kind == CLEW_RCA_TOOL)
                return s->caller != CLEW_RCA_NONE ? s->caller : i;
        /* A wrapper: the last LLM call inside it, else the one before it. */
        for (uint32_t k = i + 1; k < v->n_steps && v->steps[k].start_ns <= s->end_ns; k++) {
                if (v->steps[k].kind == CLEW_RCA_LLM && v->steps[k].span > s->span &&
                    v->steps[k].span <= s->span + v->trace->steps[s->span].n_descendants)
                        inside = k;
        }
        return inside != CLEW_RCA_NONE ? inside : s->prev_llm;
}

bool clew_rca_acted(const struct clew_rca_view *v, uint32_t i)
{
        if (v->steps[i].n_calls > 0)
                return true;
        for (uint32_t k = i + 1; k < v->n_steps; k++) {
                if (v->steps[k].kind == CLEW_RCA_TOOL || v->steps[k].kind == CLEW_RCA_AGENT)
                        return true;
                if (v->steps[k].kind == CLEW_RCA_LLM)
                        break;
        }
        return v->acts_in_text && clew_text_program(v->steps[i].text) >= 0;
}

bool clew_rca_was_asked(const struct clew_rca_view *v, const char *const *words, size_t n)
{
        for (uint32_t u = 0; u < v->n_units; u++) {
                if ((v->units[u].origin == CLEW_RCA_USER ||
                     v->units[u].origin == CLEW_RCA_SYSTEM) &&
                    has_any(v->units[u].text, words, n))
                        return true;
        }
        return false;
}

uint32_t clew_rca_turn(const struct clew_rca_view *v, uint32_t i)
{
        uint32_t p = v->trace->steps[v->steps[i].span].parent;

        if (p == CLEW_STEP_NONE || v->trace->steps[p].kind == CLEW_KIND_AGENT ||
            clew_step_is(&v->trace->steps[p], CLEW_STEP_WRAPPER) ||
            v->trace->steps[p].parent == CLEW_STEP_NONE)
                return CLEW_STEP_NONE;
        return p;
}
