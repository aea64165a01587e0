#include "query/rca/facts.h"

#include "query/find/judged.h"
#include "query/rca/actions-int.h"
#include "query/rca/cause-int.h"
#include "query/rca/judge-results-int.h"
#include "query/rca/references.h"

#include <errno.h>
#include <stdlib.h>

/* Working memory of one analysis while sealing. */
#define FACTS_ARENA_MAX ((size_t)1 << 30)

struct work {
        const struct clew_rca_view *v;
        struct clew_summary_facts *facts;
        bool *wasted;     /* by view step */
        uint32_t *asked;  /* by view step: calls that this LLM step asked for */
        uint32_t *vain;   /* of those, wasted ones */
        uint32_t *turn;   /* by view step: of a tool step its place among those of its agent */
        bool *span_waste; /* by step of the model */
};

/* ---- loops ---------------------------------------------------------------------------------- */

/* What a call was and answered is known only if the trace holds it. */
static bool is_told(const struct clew_rca_view *v, const struct clew_rca_action *a)
{
        const struct clew_rca_step *s = &v->steps[a->step];

        return s->kind == CLEW_RCA_LLM || s->args.len > 0 || s->has_result;
}

static void waste_action(struct work *w, const struct clew_rca_action *a)
{
        if (w->v->steps[a->step].kind == CLEW_RCA_LLM)
                w->vain[a->step]++;
        else
                w->wasted[a->step] = true;
}

static void find_loops(struct work *w)
{
        struct clew_rca_actions all = clew_rca_actions_of(w->v);
        struct clew_summary_facts *f = w->facts;

        for (uint32_t i = 0; i < all.n; i++) {
                if (w->v->steps[all.items[i].step].kind == CLEW_RCA_LLM)
                        w->asked[all.items[i].step]++;
        }
        for (uint32_t i = 0; i < all.n;) {
                uint32_t period = 1;
                uint32_t extra =
                        is_told(w->v, &all.items[i]) ? clew_rca_loop_at(&all, i, &period) : 0;

                if (extra == 0) {
                        i++;
                        continue;
                }
                f->loops++;
                if (extra / period + 1 > f->loop_rounds) {
                        f->loop_rounds = extra / period + 1;
                        f->loop_step = w->v->steps[all.items[i].step].number;
                }
                for (uint32_t k = 0; k < extra; k++)
                        waste_action(w, &all.items[i + period + k]);
                i += extra + period;
        }
}

/* ---- retries and repetitions ---------------------------------------------------------------- */

struct keyed {
        uint64_t key;
        uint32_t step;
};

static int by_key(const void *x, const void *y)
{
        const struct keyed *a = x;
        const struct keyed *b = y;

        if (a->key != b->key)
                return a->key < b->key ? -1 : 1;
        return a->step < b->step ? -1 : a->step > b->step;
}

/* Two calls with equal name and arguments, the second the next of that kind. */
static void compare_calls(struct work *w, uint32_t first, uint32_t again)
{
        const struct clew_rca_step *a = &w->v->steps[first];
        const struct clew_rca_step *b = &w->v->steps[again];

        if (clew_rca_has_error(a)) {
                /* Calls that ran side by side were not tried again. */
                if (a->end_ns != 0 && b->start_ns >= a->end_ns) {
                        w->facts->retries++;
                        w->wasted[first] |=
                                a->agent == b->agent && w->turn[again] == w->turn[first] + 1;
                }
        } else if (a->has_result && b->has_result && a->result_hash == b->result_hash &&
                   !b->empty && !clew_rca_has_error(b)) {
                w->wasted[again] = true;
        }
}

/* Numbers the tool steps of each agent. */
static int number_turns(struct work *w)
{
        const struct clew_rca_view *v = w->v;
        uint32_t none = v->trace->n_steps;
        uint32_t *last = clew_arena_calloc(v->arena, (size_t)none + 1, sizeof(*last));

        if (!last)
                return -ENOMEM;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_TOOL)
                        w->turn[i] = ++last[s->agent == CLEW_STEP_NONE ? none : s->agent];
        }
        return 0;
}

static int find_repeated_calls(struct work *w)
{
        const struct clew_rca_view *v = w->v;
        struct keyed *k = clew_arena_alloc(v->arena, ((size_t)v->n_steps + 1) * sizeof(*k));
        uint32_t n = 0;

        if (!k)
                return -ENOMEM;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_TOOL && (s->args.len > 0 || s->has_result))
                        k[n++] = (struct keyed){s->key, i};
        }
        if (n)
                qsort(k, n, sizeof(*k), by_key);
        for (uint32_t i = 1; i < n; i++) {
                if (k[i].key == k[i - 1].key)
                        compare_calls(w, k[i - 1].step, k[i].step);
        }
        return 0;
}

/* A failed model call, and the next one of its agent, with no action between. */
static void find_repeated_models(struct work *w)
{
        const struct clew_rca_view *v = w->v;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                uint32_t p = s->prev_llm;

                if (s->kind != CLEW_RCA_LLM || p == CLEW_RCA_NONE || !v->steps[p].failed ||
                    v->steps[p].n_calls > 0 || v->steps[p].agent != s->agent ||
                    clew_rca_acted(v, p))
                        continue;
                w->facts->retries++;
                w->wasted[p] = true;
        }
}

/* ---- stalls --------------------------------------------------------------------------------- */

/* True when the step showed something new, or might have: what is not recorded is not held against
 * a run. */
static bool brings_news(const struct clew_rca_view *v, const struct clew_rca_step *s)
{
        if (s->kind == CLEW_RCA_TOOL && !s->has_result)
                return true;
        if (s->kind == CLEW_RCA_LLM && s->n_messages == 0)
                return true;
        for (uint32_t u = s->first_unit; u < s->first_unit + s->n_units; u++) {
                if (v->units[u].origin == CLEW_RCA_RESULT || v->units[u].origin == CLEW_RCA_USER)
                        return true;
        }
        return false;
}

static void find_stalls(struct work *w)
{
        const struct clew_rca_view *v = w->v;
        uint32_t calls = 0;
        uint32_t longest = 0;
        uint32_t first = 0;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind != CLEW_RCA_LLM && s->kind != CLEW_RCA_TOOL)
                        continue;
                if (brings_news(v, s)) {
                        calls = 0;
                        continue;
                }
                if (s->kind != CLEW_RCA_LLM)
                        continue;
                if (calls++ == 0)
                        first = s->number;
                w->facts->stalls += calls == CLEW_FACTS_STALL_CALLS;
                if (calls >= CLEW_FACTS_STALL_CALLS && calls > longest) {
                        longest = calls;
                        w->facts->stall_step = first;
                }
        }
        w->facts->stall_calls = longest;
}

/* ---- waste ---------------------------------------------------------------------------------- */

/* A model call that asked for nothing but wasted calls was in vain itself. */
static void blame_callers(struct work *w)
{
        const struct clew_rca_view *v = w->v;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind != CLEW_RCA_TOOL || s->caller == CLEW_RCA_NONE)
                        continue;
                w->asked[s->caller]++;
                w->vain[s->caller] += w->wasted[i];
        }
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_LLM && w->asked[i] > 0 &&
                    w->vain[i] >= w->asked[i])
                        w->wasted[i] = true;
        }
}

/* In tree order: what is below a wasted step is wasted with it, and counted once. */
static void add_up(struct work *w)
{
        const struct clew_trace *t = w->v->trace;
        struct clew_summary_facts *f = w->facts;

        for (uint32_t i = 0; i < w->v->n_steps; i++) {
                /* A virtual step is part of a model call, which counts when all it asked for does.
                 */
                if (!w->wasted[i] || w->v->steps[i].is_virtual)
                        continue;
                w->span_waste[w->v->steps[i].span] = true;
                f->waste_steps++;
        }
        for (uint32_t i = 0; f->waste_steps > 0 && i < t->n_steps; i++) {
                const struct clew_step *s = &t->steps[i];
                bool inside = s->parent != CLEW_STEP_NONE && w->span_waste[s->parent];

                if (w->span_waste[i] && !inside)
                        f->waste_ns += clew_step_duration_ns(s);
                w->span_waste[i] |= inside;
                if (w->span_waste[i] && clew_step_is(s, CLEW_STEP_BOOKED)) {
                        f->waste_tokens += s->tokens.total;
                        f->waste_usd += s->cost_usd;
                }
        }
}

int clew_facts_of(const struct clew_rca_view *v, struct clew_summary_facts *ret)
{
        struct clew_summary_facts facts = {0};
        size_t n = (size_t)v->n_steps + 1;
        struct work w = {.v = v, .facts = &facts};
        int r;

        w.wasted = clew_arena_calloc(v->arena, n, sizeof(*w.wasted));
        w.asked = clew_arena_calloc(v->arena, n, sizeof(*w.asked));
        w.vain = clew_arena_calloc(v->arena, n, sizeof(*w.vain));
        w.turn = clew_arena_calloc(v->arena, n, sizeof(*w.turn));
        w.span_waste =
                clew_arena_calloc(v->arena, (size_t)v->trace->n_steps + 1, sizeof(*w.span_waste));
        if (!w.wasted || !w.asked || !w.vain || !w.turn || !w.span_waste)
                return -ENOMEM;
        find_loops(&w);
        r = number_turns(&w);
        if (r == 0)
                r = find_repeated_calls(&w);
        if (r < 0)
                return r;
        find_repeated_models(&w);
        find_stalls(&w);
        blame_callers(&w);
        add_up(&w);
        if (clew_arena_failed(v->arena))
                return -ENOMEM;
        *ret = facts;
        return 0;
}

/* ---- at sealing ----------------------------------------------------------------------------- */

/* All but runs that somebody called good: most runs of the world have no verdict, and a loop in an
 * open one is worth knowing before it ends. */
static bool is_asked_why(const struct clew_trace *trace)
{
        if (trace->outcome == CLEW_OUTCOME_PASSED)
                return false;
        return trace->outcome == CLEW_OUTCOME_FAILED || trace->outcome == CLEW_OUTCOME_ERROR ||
               trace->outcome == CLEW_OUTCOME_OPEN || trace->has_failed_steps ||
               trace->n_llm + trace->n_tool > 0;
}

/* Whoever tells of the trace's steps later need not look at their results again. */
static void keep_judged(struct clew_trace *trace, const struct clew_rca_view *v,
                        struct clew_arena *arena)
{
        bool *failed = clew_arena_calloc(arena, (size_t)trace->n_steps + 1, sizeof(*failed));

        if (failed)
                clew_rca_mark_failed(v, failed);
        trace->judged = failed;
}

static void analyse(struct clew_trace *trace, bool wrong, struct clew_arena *own,
                    struct clew_arena *arena, struct clew_summary *ret)
{
        struct clew_rca_view view;
        const struct clew_rca_view *v = &view;
        struct clew_why why;

        if (!trace->answers && clew_trace_link(trace, own) < 0)
                return;
        if (wrong) {
                if (clew_why_for_summary(trace, own, &why) < 0)
                        return;
                clew_cause_note(&why, arena, &ret->cause);
                v = why.view;
        } else if (clew_rca_view_build_steps(trace, own, &view) < 0) {
                return;
        }
        keep_judged(trace, v, arena);
        if (trace->n_llm + trace->n_tool > 0 && clew_facts_of(v, &ret->facts) < 0)
                ret->facts = (struct clew_summary_facts){0};
}

void clew_facts_derive(struct clew_trace *trace, struct clew_arena *arena, struct clew_summary *ret)
{
        struct clew_task task = clew_task_of(trace);
        bool wrong = is_asked_why(trace);
        bool linked = trace->answers != NULL;
        enum clew_outcome outcome = trace->outcome;
        CLEW_ARENA own = {0};

        ret->asked = clew_task_asked(&task);
        if (!wrong && trace->n_llm + trace->n_tool == 0)
                return;
        clew_arena_init(&own, FACTS_ARENA_MAX);
        /* A run under an unseen parent that failed is a failed run once it is over. */
        if (outcome == CLEW_OUTCOME_OPEN && trace->settled == CLEW_OUTCOME_ERROR)
                trace->outcome = trace->settled;
        analyse(trace, wrong, &own, arena, ret);
        trace->outcome = outcome;
        if (linked)
                return;
        trace->answers = NULL; /* they go with the arena, as the edges do */
        trace->edges = NULL;
        trace->n_edges = 0;
}

void clew_facts_install(void)
{
        clew_model_set_facts(clew_facts_derive);
        clew_judge_install(clew_rca_judge_results);
}
