/*
 * Rules of retention put into effect: what is dropped, and what loses its texts; see retention.h.
 *
 * Hashes of texts are made with a key of the store's own: 32 random bytes on its shelf, made when
 * the first text is left out. They say that two texts were equal; who has the key, thus the store,
 * can try whether a text was some other.
 */
#include "proto/base/mem.h"
#include "query/find/run.h"
#include "query/model/strip.h"
#include "query/model/summary.h"
#include "query/rca/rca.h"
#include "query/serve/retention.h"
#include "storage/erase.h"
#include "storage/shelf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define WHY_BYTES_MAX ((size_t)1 << 20)
#define RUN_ARENA_MAX ((size_t)4 << 30)

/* What is known of runs in several traces. */
#define RUNS_BYTES_MAX ((size_t)512 << 20)

struct of_run {
        struct clew_trace_id run;
        struct clew_trace_id id; /* a trace of it */
        struct clew_left_out_run known;
};

struct carrying {
        const struct clew_retention *rules;
        const struct clew_retention_plan *plan;
        uint8_t key[CLEW_LEFT_OUT_KEY_BYTES];
        uint64_t now_ns;
        struct of_run *runs; /* by id */
        size_t n_runs;
        struct clew_arena arena; /* holds them */
};

static int compare(const void *a, const void *b)
{
        const struct clew_retention_strip *x = a;
        const struct clew_retention_strip *y = b;

        return memcmp(x->id.bytes, y->id.bytes, sizeof(x->id.bytes));
}

static size_t n_strips(const struct clew_retention_plan *plan)
{
        return plan->strips.len / sizeof(struct clew_retention_strip);
}

/* ---- the key --------------------------------------------------------------------------------- */

static int get_or_add(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        static const uint8_t name[] = {CLEW_SHELF_HASH_KEY};
        struct carrying *c = context;
        CLEW_BUFFER value = {0};
        int r;

        clew_buffer_init(&value, 2 * CLEW_LEFT_OUT_KEY_BYTES + 64);
        r = clew_shelf_get(shelf, clew_slice_make(name, sizeof(name)), &value, err);
        if (r == 0 && value.len == sizeof(c->key))
                memcpy(c->key, value.data, sizeof(c->key));
        if (r != -ENOENT)
                return r < 0 || value.len == sizeof(c->key)
                               ? r
                               : clew_error_set(err, -EBADMSG, 0,
                                                "the store's key for hashes of texts is damaged");
        if (getrandom(c->key, sizeof(c->key), 0) != (ssize_t)sizeof(c->key))
                return clew_error_set(err, -EIO, 0, "no random numbers can be had");
        clew_buffer_clear(&value);
        r = clew_shelf_encode(clew_slice_make(c->key, sizeof(c->key)), &value);
        return r < 0 ? clew_error_set(err, r, 0, "out of memory")
                     : clew_shelf_add(shelf, clew_slice_make(name, sizeof(name)),
                                      clew_buffer_slice(&value), err);
}

/* ---- runs in several traces ------------------------------------------------------------------ */

static int compare_runs(const void *a, const void *b)
{
        const struct of_run *x = a;
        const struct of_run *y = b;

        return memcmp(x->run.bytes, y->run.bytes, sizeof(x->run.bytes));
}

/* What the run tells, as its traces are now. */
static int know(struct carrying *c, struct clew_view *view, struct of_run *of,
                struct clew_error *err)
{
        struct clew_run_data run;
        CLEW_ARENA arena = {0};
        CLEW_BUFFER summary = {0};
        CLEW_BUFFER why = {0};
        int r = clew_view_renew(view, err);

        clew_arena_init(&arena, RUN_ARENA_MAX);
        clew_buffer_init(&summary, WHY_BYTES_MAX);
        clew_buffer_init(&why, WHY_BYTES_MAX);
        if (r == 0)
                r = clew_run_load(view, &of->id, &arena, &run, err);
        if (r < 0 || !run.joined)
                return r == -ENOENT ? 0 : r;
        r = clew_summary_of_run(run.data.traces, run.data.logs, &summary);
        if (r == 0)
                r = clew_why_record(run.data.traces, run.data.logs, true, &why);
        if (r < 0)
                return r == -ENOMEM ? clew_error_set(err, r, 0, "out of memory") : 0;
        of->known.summary = clew_arena_copy(&c->arena, clew_buffer_slice(&summary));
        of->known.why = clew_arena_copy(&c->arena, clew_buffer_slice(&why));
        return clew_arena_failed(&c->arena) ? clew_error_set(err, -ENOMEM, 0, "out of memory") : 0;
}

static int know_runs(struct carrying *c, struct clew_store *store, struct clew_error *err)
{
        const struct clew_retention_strip *strips = (const void *)c->plan->strips.data;
        size_t n = n_strips(c->plan);
        struct clew_view *view = NULL;
        size_t distinct = 0;
        int r;

        c->runs = clew_calloc(n + 1, sizeof(*c->runs));
        if (!c->runs)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        for (size_t i = 0; i < n; i++) {
                if (strips[i].has_run)
                        c->runs[c->n_runs++] =
                                (struct of_run){.run = strips[i].run, .id = strips[i].id};
        }
        if (c->n_runs == 0)
                return 0;
        qsort(c->runs, c->n_runs, sizeof(*c->runs), compare_runs);
        for (size_t i = 0; i < c->n_runs; i++) {
                if (i == 0 || compare_runs(&c->runs[distinct - 1], &c->runs[i]) != 0)
                        c->runs[distinct++] = c->runs[i];
        }
        c->n_runs = distinct;
        r = clew_view_open(store, &view, err);
        for (size_t i = 0; r == 0 && i < distinct; i++)
                r = know(c, view, &c->runs[i], err);
        clew_view_close(view);
        return r;
}

/* ---- one trace ------------------------------------------------------------------------------- */

static int strip(void *context, const struct clew_rewrite_message *m, struct clew_buffer *out,
                 size_t *ret_traces_len, struct clew_error *err)
{
        const struct carrying *c = context;
        const struct clew_retention_strip wanted = {.id = m->id};
        const struct clew_retention_strip *found =
                bsearch(&wanted, c->plan->strips.data, n_strips(c->plan), sizeof(wanted), compare);
        struct clew_strip_options options = {.key = c->key, .time_ns = c->now_ns};
        CLEW_BUFFER why = {0};
        int r;

        (void)err;
        if (found) {
                const struct of_run wanted_run = {.run = found->run};
                const struct of_run *of = found->has_run ? bsearch(&wanted_run, c->runs, c->n_runs,
                                                                   sizeof(wanted_run), compare_runs)
                                                         : NULL;

                options.rule = clew_slice_of_cstr(c->rules->rules[found->rule].text);
                if (of)
                        options.run = of->known;
        }
        clew_buffer_init(&why, WHY_BYTES_MAX);
        r = clew_why_record(m->traces, m->logs, false, &why);
        if (r == -ENOMEM)
                return r;
        if (r == 0)
                options.why = clew_buffer_slice(&why);
        return clew_strip(&options, m->traces, m->logs, out, ret_traces_len);
}

/* ---- all of it ------------------------------------------------------------------------------- */

int clew_retention_carry_out(const struct clew_retention *r, struct clew_retention_plan *plan,
                             struct clew_store *store, const struct clew_clock *clock,
                             const struct clew_rewrite_options *options,
                             struct clew_rewrite_stats *ret, struct clew_error *err)
{
        struct carrying c = {.rules = r, .plan = plan, .now_ns = clew_clock_unix_ns(clock)};
        struct clew_retain what = {
                .drop = (const void *)plan->ids.data,
                .n_drop = plan->ids.len / sizeof(struct clew_trace_id),
                .n_strip = n_strips(plan),
                .strip = strip,
                .context = &c,
                .urgent = plan->for_quota > 0,
                .is_part = plan->more,
        };
        CLEW_BUFFER ids = {0};
        int e = 0;

        *ret = (struct clew_rewrite_stats){0};
        if (what.n_strip > 0) {
                const struct clew_retention_strip *strips = (const void *)plan->strips.data;

                qsort(plan->strips.data, what.n_strip, sizeof(*strips), compare);
                clew_buffer_init(&ids, what.n_strip * sizeof(strips->id));
                for (size_t i = 0; i < what.n_strip; i++)
                        clew_buffer_append(&ids, &strips[i].id, sizeof(strips[i].id));
                if (clew_buffer_error(&ids) < 0)
                        return clew_error_set(err, -ENOMEM, 0, "out of memory");
                what.strip_ids = (const void *)ids.data;
                clew_arena_init(&c.arena, RUNS_BYTES_MAX);
                e = clew_store_shelve(store, get_or_add, &c, err);
                if (e == 0)
                        e = know_runs(&c, store, err);
        }
        if (e == 0)
                e = clew_store_retain(store, &what, options, ret, err);
        clew_free(c.runs);
        clew_arena_deinit(&c.arena);
        return e;
}
