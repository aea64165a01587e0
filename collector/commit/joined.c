/*
 * See joined-int.h.
 */
#include "collector/commit/joined-int.h"

#include "proto/base/arena.h"
#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "query/find/run.h"
#include "query/model/summary.h"

#include <string.h>

/* Runs that wait to be counted: what agents on many machines end within a minute. */
#define PENDING_MAX 1024u
/* Runs whose count is remembered, some hundred bytes each. */
#define COUNTED_MAX 4096u
/* New traces of one run that are kept in mind; a run with more is counted at once. */
#define NEW_MAX 32u
/* Of one step, so that sealing goes on. */
#define COUNT_MAX 64u
#define SUMMARY_BYTES_MAX ((size_t)1 << 20)
#define LOAD_BYTES_MAX ((size_t)128 << 20)

struct pending {
        bool used;
        struct clew_trace_id run;
        uint64_t since_ns;
        struct clew_trace_id fresh[NEW_MAX]; /* its traces that were sealed since */
        unsigned n_fresh;
        struct clew_buffer before; /* of the first of them; empty: it was not sealed before */
        struct clew_buffer now;    /* of the last */
};

struct counted {
        bool used;
        struct clew_trace_id run;
        uint64_t at; /* larger = later */
        struct clew_buffer summary;
};

struct clew_joined {
        struct clew_store *store;
        struct clew_figures *figures;
        uint64_t wait_ns;
        uint64_t clock; /* of counted.at */
        unsigned n_pending;
        struct pending *pending; /* PENDING_MAX; both are made for the first such trace */
        struct counted *counted; /* COUNTED_MAX */
};

struct clew_joined *clew_joined_new(struct clew_store *store, struct clew_figures *figures,
                                    uint64_t wait_ns)
{
        struct clew_joined *j = clew_calloc(1, sizeof(*j));

        if (!j)
                return NULL;
        j->store = store;
        j->figures = figures;
        j->wait_ns = wait_ns;
        return j;
}

static bool make_tables(struct clew_joined *j)
{
        if (j->pending)
                return true;
        j->pending = clew_calloc(PENDING_MAX, sizeof(*j->pending));
        j->counted = j->pending ? clew_calloc(COUNTED_MAX, sizeof(*j->counted)) : NULL;
        if (!j->counted) {
                clew_free(j->pending);
                j->pending = NULL;
                return false;
        }
        for (unsigned i = 0; i < PENDING_MAX; i++) {
                clew_buffer_init(&j->pending[i].before, SUMMARY_BYTES_MAX);
                clew_buffer_init(&j->pending[i].now, SUMMARY_BYTES_MAX);
        }
        for (unsigned i = 0; i < COUNTED_MAX; i++)
                clew_buffer_init(&j->counted[i].summary, SUMMARY_BYTES_MAX);
        return true;
}

void clew_joined_free(struct clew_joined *j)
{
        if (!j)
                return;
        for (unsigned i = 0; j->pending && i < PENDING_MAX; i++) {
                clew_buffer_deinit(&j->pending[i].before);
                clew_buffer_deinit(&j->pending[i].now);
        }
        for (unsigned i = 0; j->counted && i < COUNTED_MAX; i++)
                clew_buffer_deinit(&j->counted[i].summary);
        clew_free(j->pending);
        clew_free(j->counted);
        clew_free(j);
}

static uint64_t now_ns(void)
{
        return clew_clock_monotonic_ns(clew_clock_system());
}

static void add(struct clew_joined *j, struct clew_slice before, struct clew_slice now)
{
        clew_figures_add(j->figures, before, now, clew_clock_unix_ns(clew_clock_system()));
}

/* ---- what was sealed ------------------------------------------------------------------------ */

/* The run that the summary names; false: it is one by itself. */
static bool run_of(struct clew_slice summary, struct clew_trace_id *ret)
{
        CLEW_ARENA arena = {0};
        struct clew_summary s;

        clew_arena_init(&arena, SUMMARY_BYTES_MAX);
        if (clew_summary_decode(summary, &arena, &s) < 0 || !s.has_run)
                return false;
        *ret = s.run;
        return true;
}

static struct pending *find_pending(struct clew_joined *j, const struct clew_trace_id *run)
{
        struct pending *room = NULL;

        for (unsigned i = 0; i < PENDING_MAX; i++) {
                struct pending *p = &j->pending[i];

                if (p->used && clew_trace_id_eq(&p->run, run))
                        return p;
                if (!p->used && !room)
                        room = p;
        }
        return room;
}

void clew_joined_sealed(struct clew_joined *j, const struct clew_trace_id *id,
                        struct clew_slice before, struct clew_slice now)
{
        struct clew_trace_id run;
        struct pending *p;
        bool known = false;

        if (!run_of(now, &run)) {
                add(j, before, now);
                return;
        }
        p = make_tables(j) ? find_pending(j, &run) : NULL;
        if (!p ||
            (p->used && p->n_fresh == NEW_MAX)) { /* by itself: what others tell, too, doubles */
                clew_figures_count_apart(j->figures);
                add(j, before, now);
                return;
        }
        if (!p->used) {
                p->used = true;
                p->run = run;
                p->since_ns = now_ns();
                p->n_fresh = 0;
                clew_buffer_clear(&p->before);
                clew_buffer_append_slice(&p->before, before);
                j->n_pending++;
        }
        for (unsigned i = 0; i < p->n_fresh && !known; i++)
                known = clew_trace_id_eq(&p->fresh[i], id);
        if (!known)
                p->fresh[p->n_fresh++] = *id;
        clew_buffer_clear(&p->now);
        clew_buffer_append_slice(&p->now, now);
}

/* ---- counting ------------------------------------------------------------------------------- */

static bool is_fresh(const struct pending *p, const struct clew_trace_id *id)
{
        for (unsigned i = 0; i < p->n_fresh; i++) {
                if (clew_trace_id_eq(&p->fresh[i], id))
                        return true;
        }
        return false;
}

/* The summary of those traces of the run that are, or are not, among the others only. Appends it;
 * nothing when there are none, or they cannot be read. */
static void summarize(struct clew_view *view, const struct clew_run *run, const struct pending *p,
                      bool only_old, struct clew_buffer *out)
{
        CLEW_BUFFER traces = {0};
        CLEW_BUFFER logs = {0};
        struct clew_error ignored = {0};
        unsigned n = 0;

        clew_buffer_init(&traces, LOAD_BYTES_MAX);
        clew_buffer_init(&logs, LOAD_BYTES_MAX);
        for (uint32_t i = 0; i < run->n; i++) {
                struct clew_trace_data data;

                if ((only_old && is_fresh(p, &run->traces[i])) ||
                    clew_view_load(view, &run->traces[i], &data, &ignored) < 0)
                        continue;
                clew_buffer_append_slice(&traces, data.traces);
                clew_buffer_append_slice(&logs, data.logs);
                n++;
        }
        if (n == 0 || clew_buffer_error(&traces) || clew_buffer_error(&logs))
                return;
        if ((n == 1 ? clew_summary_of_one(clew_buffer_slice(&traces), clew_buffer_slice(&logs), out)
                    : clew_summary_of_run(clew_buffer_slice(&traces), clew_buffer_slice(&logs),
                                          out)) < 0)
                clew_buffer_clear(out);
}

/* The place of a run's count: its own, else that of the run that was counted longest ago. */
static struct counted *find_counted(struct clew_joined *j, const struct clew_trace_id *run)
{
        struct counted *oldest = &j->counted[0];

        for (unsigned i = 0; i < COUNTED_MAX; i++) {
                struct counted *c = &j->counted[i];

                if (c->used && clew_trace_id_eq(&c->run, run))
                        return c;
                if (c->at < oldest->at)
                        oldest = c;
        }
        return oldest;
}

static void count_run(struct clew_joined *j, struct clew_view *view, const struct clew_run *run,
                      const struct pending *p)
{
        struct counted *c = find_counted(j, &p->run);
        CLEW_BUFFER before = {0};
        CLEW_BUFFER now = {0};
        bool remembered = c->used && clew_trace_id_eq(&c->run, &p->run);

        clew_buffer_init(&before, SUMMARY_BYTES_MAX);
        clew_buffer_init(&now, SUMMARY_BYTES_MAX);
        if (run->n > 1)
                summarize(view, run, p, false, &now);
        if (now.len == 0)
                clew_buffer_append_slice(&now, clew_buffer_slice(&p->now));
        if (remembered)
                clew_buffer_append_slice(&before, clew_buffer_slice(&c->summary));
        else if (run->n > p->n_fresh)
                summarize(view, run, p, true, &before);
        else
                clew_buffer_append_slice(&before, clew_buffer_slice(&p->before));
        if (clew_buffer_error(&before) || clew_buffer_error(&now))
                return;
        add(j, clew_buffer_slice(&before), clew_buffer_slice(&now));
        c->used = true;
        c->run = p->run;
        c->at = ++j->clock;
        clew_buffer_clear(&c->summary);
        clew_buffer_append_slice(&c->summary, clew_buffer_slice(&now));
}

bool clew_joined_count(struct clew_joined *j)
{
        struct clew_view *view = NULL;
        struct clew_error ignored = {0};
        unsigned n = 0;

        if (j->n_pending == 0 || clew_view_open(j->store, &view, &ignored) < 0)
                return j->n_pending > 0;
        clew_view_limit_loads(view, LOAD_BYTES_MAX);
        for (unsigned i = 0; i < PENDING_MAX && n < COUNT_MAX; i++) {
                struct pending *p = &j->pending[i];
                struct clew_run run;

                if (!p->used || clew_run_find(view, &p->run, &run, &ignored) < 0)
                        continue;
                if (run.hot && now_ns() - p->since_ns < j->wait_ns && p->n_fresh < NEW_MAX)
                        continue;
                count_run(j, view, &run, p);
                p->used = false;
                j->n_pending--;
                n++;
        }
        clew_view_close(view);
        return n == COUNT_MAX;
}
