/*
 * See cause.h.
 */
#include "query/serve/cause.h"
#include "query/find/run.h"

#include <string.h>

/* Runs looked at for one trace: the newest of its session, and the newest of all. */
#define LOOK_BACK_MAX 64u
/* What has neither index nor summary yet is read to find them: not more of it, twice, than takes
 * some tens of milliseconds. */
#define LOOK_BACK_BYTES_MAX ((uint64_t)16 << 20)

int clew_compared_init(struct clew_compared *c, struct clew_arena *kept)
{
        int r = clew_references_init(&c->passed, kept);

        return r < 0 ? r : clew_references_init(&c->failed, kept);
}

/* What a walk that remembers runs needs. */
struct gathering {
        struct clew_view *view;
        const struct clew_clock *clock;
        uint32_t max;
        size_t trace_bytes;
        const struct clew_task *task; /* runs of another one are only passed over; NULL = any */
        struct clew_slice session;    /* of the task; null = not known */
};

/* By its summary alone. */
static bool may_be_of_task(const struct gathering *g, const struct clew_summary *s)
{
        if (!g->task || s->has_run || s->asked == 0)
                return true;
        /* A long session is cut in a summary. */
        if (g->task->session && s->session.len > 0 &&
            (!g->session.data || clew_slice_starts_with(g->session, s->session)))
                return true;
        return g->task->input && s->asked == clew_task_asked(g->task);
}

/* Remembers a run. False when there is no more room; one that cannot be read is left out. */
static bool take(const struct gathering *g, const struct clew_trace *trace,
                 struct clew_arena *arena, struct clew_references *into)
{
        struct clew_task task = clew_task_of(trace);
        struct clew_rca_view v;

        if (g->task && !clew_task_is(g->task, &task))
                return clew_references_pass_over(into, &trace->id);
        return clew_rca_view_build_steps(trace, arena, &v) < 0 || clew_references_add(into, &v);
}

/* Remembers up to g->max runs that @filter selects. Unreadable ones are left out. */
static int gather(const struct gathering *g, const struct clew_filter *filter,
                  struct clew_references *into, struct clew_error *err)
{
        struct clew_select s = {0};
        struct clew_selected t;
        uint32_t n = 0;
        int r = clew_select_init(&s, g->view, filter, g->clock, NULL, err);

        while (r >= 0 && n < g->max && (r = clew_select_next(&s, &t, err)) == 1) {
                CLEW_ARENA arena = {0};
                struct clew_run_data data;
                struct clew_trace *trace;

                if (clew_references_has(into, &t.id))
                        continue;
                n++;
                if (!may_be_of_task(g, &t.summary)) {
                        if (!clew_references_pass_over(into, &t.id))
                                break;
                        continue;
                }
                clew_arena_init(&arena, g->trace_bytes);
                if (clew_run_build(g->view, &t.id, NULL, &arena, &data, &trace, err) == 0 &&
                    !take(g, trace, &arena, into))
                        break;
        }
        clew_select_deinit(&s);
        return r < 0 ? r : 0;
}

static int gather_passed(struct clew_compared *c, const struct gathering *g,
                         struct clew_filter filter, struct clew_error *err)
{
        filter.outcomes = CLEW_OUTCOME_BIT(CLEW_OUTCOME_PASSED);
        return gather(g, &filter, &c->passed, err);
}

static int gather_failed(struct clew_compared *c, const struct gathering *g,
                         struct clew_filter filter, struct clew_error *err)
{
        filter.outcomes = CLEW_OUTCOMES_FAILED;
        return gather(g, &filter, &c->failed, err);
}

int clew_compared_gather(struct clew_compared *c, struct clew_view *view,
                         const struct clew_clock *clock, struct clew_filter filter, uint32_t max,
                         size_t trace_bytes, struct clew_error *err)
{
        const struct gathering g = {
                .view = view, .clock = clock, .max = max, .trace_bytes = trace_bytes};
        int r;

        c->passed.n = 0;
        c->failed.n = 0;
        r = gather_passed(c, &g, filter, err);
        /* Alone the failed ones tell nothing. */
        return r < 0 || c->passed.n == 0 ? r : gather_failed(c, &g, filter, err);
}

/* Some run of the task passed. */
static bool any_of_task(const struct clew_references *from, const struct clew_task *task,
                        const struct clew_trace_id *id)
{
        for (uint32_t i = 0; i < from->n; i++) {
                if (clew_task_is(&from->runs[i].task, task) &&
                    !clew_trace_id_eq(&from->runs[i].id, id))
                        return true;
        }
        return false;
}

int clew_compared_gather_for(struct clew_compared *c, struct clew_view *view,
                             const struct clew_clock *clock, const struct clew_trace *trace,
                             size_t trace_bytes, struct clew_error *err)
{
        const struct clew_trace_id id = trace->id; /* its bytes die at the first other one */
        const struct clew_task task = clew_task_of(trace);
        struct gathering g = {view, clock, LOOK_BACK_MAX, trace_bytes, &task, CLEW_SLICE_NULL};
        struct clew_filter filter = {.limit_bytes = LOOK_BACK_BYTES_MAX};
        struct clew_filter same = filter; /* of its session */
        char session[256];
        const char *value = session;
        bool any;
        int r = 0;

        c->passed.n = 0;
        c->failed.n = 0;
        if (trace->outcome == CLEW_OUTCOME_PASSED)
                return 0;
        if (trace->session.len > 0 && trace->session.len < sizeof(session) &&
            trace->session.data[trace->session.len - 1] != '*') {
                memcpy(session, trace->session.data, trace->session.len);
                session[trace->session.len] = '\0';
                g.session = clew_slice_make(session, trace->session.len);
                same.sessions = (struct clew_name_filter){&value, 1};
                r = gather_passed(c, &g, same, err);
        }
        any = c->passed.n > 0;
        /* The same input may have been given in another session. */
        if (r == 0)
                r = gather_passed(c, &g, filter, err);
        if (r < 0 || !any_of_task(&c->passed, &task, &id))
                return r;
        if (any)
                r = gather_failed(c, &g, same, err);
        return r < 0 ? r : gather_failed(c, &g, filter, err);
}

/* Actions of runs of the trace's task. */
static uint32_t actions_of(const struct clew_references *from, const struct clew_trace *trace,
                           const struct clew_reference_run **runs, struct clew_reference *ret)
{
        uint32_t n = clew_references_of(from, trace, runs);

        for (uint32_t i = 0; i < n; i++)
                ret[i] = runs[i]->actions;
        return n;
}

int clew_cause_analyse(const struct clew_compared *c, const struct clew_trace *trace,
                       struct clew_arena *arena, struct clew_cause_answer *ret)
{
        const struct clew_reference_run *runs[CLEW_WHY_REFERENCES_MAX];
        struct clew_reference refs[CLEW_WHY_REFERENCES_MAX];
        const struct clew_reference_run *others[CLEW_WHY_REFERENCES_MAX];
        struct clew_reference failed[CLEW_WHY_REFERENCES_MAX];
        bool passed = trace->outcome == CLEW_OUTCOME_PASSED;
        uint32_t n = passed || trace->left_out ? 0 : actions_of(&c->passed, trace, runs, refs);
        uint32_t n_failed = n ? actions_of(&c->failed, trace, others, failed) : 0;
        int r;

        r = trace->left_out ? clew_why_recall(trace, arena, &ret->why)
                            : clew_why_analyse(trace, refs, n, arena, &ret->why);
        if (r < 0)
                return r;
        ret->trace = trace;
        clew_spectrum_of(ret->why.view, refs, n, failed, n_failed, &ret->spectrum);
        ret->nearest = n ? clew_references_nearest(runs, n, ret->why.view) : NULL;
        return 0;
}
