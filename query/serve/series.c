/*
 * See series.h.
 */
#include "query/serve/series.h"

#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "query/answer/values.h"
#include "query/find/index/index.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Steps of a window when no length is given: about so many. */
#define STEPS_WANTED 60u
#define ARENA_MAX ((size_t)16 << 20) /* the query */

bool clew_series_wanted(const char *query)
{
        CLEW_ARENA arena = {0};
        struct clew_query *q = NULL;
        struct clew_query_error err;
        bool is = false;

        clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
        if (query && clew_query_parse(clew_slice_of_cstr(query), NULL, &arena, &q, &err) == 0)
                is = clew_query_is_metrics(q);
        clew_query_deinit(q);
        return is;
}

int clew_series_init(struct clew_series *s, const char *query, struct clew_query_error *err)
{
        int r;

        *s = (struct clew_series){.step_ns = 0};
        clew_arena_init(&s->arena, ARENA_MAX);
        r = clew_query_parse(clew_slice_of_cstr(query),
                             &(struct clew_query_options){.strict = true}, &s->arena, &s->query,
                             err);
        if (r < 0)
                return r == -ENOMEM ? r : -EINVAL;
        s->run = clew_query_run_new(s->query);
        return s->run ? 0 : -ENOMEM;
}

void clew_series_deinit(struct clew_series *s)
{
        clew_metrics_free(s->metrics);
        clew_free(s->by_sort);
        clew_query_run_free(s->run);
        clew_query_deinit(s->query);
        clew_arena_deinit(&s->arena);
}

static void stretch_window(struct clew_series *s, uint64_t start_ns, uint64_t duration_ns)
{
        uint64_t end = start_ns + duration_ns;

        s->start_ns = start_ns < s->start_ns ? start_ns : s->start_ns;
        s->end_ns = end > s->end_ns ? end : s->end_ns;
}

static int take(void *context, const struct clew_bulk_row *row)
{
        stretch_window(context, row->start_ns, row->duration_ns);
        return 0;
}

/* From the first start to the last end of the traces that there are, inside the bounds. */
static int walk_window(struct clew_series *s, struct clew_view *view, struct clew_filter *all,
                       const struct clew_clock *clock, struct clew_error *err)
{
        struct clew_select walk = {0};
        struct clew_selected t;
        int r = clew_select_init(&walk, view, all, clock, NULL, err);

        s->start_ns = UINT64_MAX;
        s->end_ns = 0;
        walk.take = take;
        walk.take_context = s;
        while (r >= 0 && (r = clew_select_next(&walk, &t, err)) == 1)
                stretch_window(s, t.start_ns, t.summary.duration_ns);
        clew_filter_spend(all, &walk);
        clew_select_deinit(&walk);
        return r;
}

static int find_window(struct clew_series *s, struct clew_view *view,
                       const struct clew_filter *filter, const struct clew_clock *clock,
                       struct clew_error *err)
{
        struct clew_filter all = {.since_ns = filter->since_ns,
                                  .until_ns = filter->until_ns,
                                  .no_index = filter->no_index,
                                  .light = CLEW_LIGHT,
                                  .limit_ns = filter->limit_ns - filter->limit_ns / 2,
                                  .stop = filter->stop};
        int r = walk_window(s, view, &all, clock, err);

        if (r == -EAGAIN) { /* an index is damaged: without, from the beginning */
                *err = (struct clew_error){0};
                all.no_index = true;
                r = walk_window(s, view, &all, clock, err);
        }
        s->left = all;
        if (s->start_ns == UINT64_MAX)
                s->start_ns = s->end_ns = 0;
        return r;
}

static uint64_t choose_step(const struct clew_series *s)
{
        static const uint64_t seconds[] = {1,    5,     10,    30,    60,    300,    600,    1800,
                                           3600, 10800, 21600, 43200, 86400, 604800, 2592000};
        uint64_t length = s->end_ns - s->start_ns;
        size_t i = 0;

        while (i + 1 < CLEW_ARRAY_LEN(seconds) &&
               length / (seconds[i] * CLEW_NS_PER_S) >= STEPS_WANTED)
                i++;
        return seconds[i] * CLEW_NS_PER_S;
}

static int refuse(int r, struct clew_error *err)
{
        return clew_error_set(err, r, 0,
                              "more than %u series or %u values: take fewer steps, or by() a field "
                              "with fewer values",
                              CLEW_METRICS_SERIES_MAX, CLEW_METRICS_VALUES_MAX);
}

static int add(struct clew_series *s, struct clew_select *walk, struct clew_selected *t,
               struct clew_error *err)
{
        struct clew_query_facts facts;
        struct clew_query_result found;
        struct clew_trace_data data;
        int r = s->told && !walk->is_plain ? clew_select_whole(walk, t, err) : 0;

        if (r < 0)
                return r;
        facts = clew_select_facts(walk, t);
        if (clew_query_judge(s->run, &facts) == CLEW_NO)
                return 0;
        r = clew_select_open(walk, t, &data, err);
        if (r == 0)
                r = clew_query_evaluate(s->run, &facts, data.traces, data.logs, &found);
        if (r == 1)
                r = clew_metrics_add(s->metrics, &found);
        return r == -E2BIG ? refuse(r, err) : r;
}

/* ---- steps that indexes tell ------------------------------------------------------------------
 */

bool clew_series_asks_sorts(const struct clew_series *s)
{
        return clew_metrics_asks_sorts(s->query) && s->step_ns % CLEW_NS_PER_S == 0;
}

static bool wants(void *context, const struct clew_slice *texts, struct clew_step_failed failed)
{
        struct clew_series *s = context;

        return clew_query_meets_sort(s->run, texts, failed);
}

/* The sorts of another index run have other numbers. */
static int make_sorts(struct clew_series *s, const struct clew_bulk_step *step)
{
        if (s->by_sort && s->serial == step->serial)
                return 0;
        clew_free(s->by_sort);
        s->by_sort = clew_calloc(step->n_sorts, sizeof(*s->by_sort));
        s->serial = step->serial;
        return s->by_sort ? 0 : -ENOMEM;
}

static int add_told(struct clew_series *s, const struct clew_bulk_step *step)
{
        bool of_tokens = clew_metrics_counts_tokens(s->query);
        int r = make_sorts(s, step);

        if (of_tokens && !step->has_tokens)
                return r;
        if (r < 0 || !clew_metrics_has_start(s->metrics, step->start_ns))
                return r;
        if (s->by_sort[step->sort] == 0) {
                r = clew_metrics_find_sort(s->metrics, s->run, step->texts, step->failed);
                if (r < 0)
                        return r;
                s->by_sort[step->sort] = (uint32_t)r + 1;
        }
        return clew_metrics_add_told(s->metrics, s->by_sort[step->sort] - 1, step->start_ns,
                                     of_tokens ? step->tokens : step->duration_ns);
}

static int take_step(void *context, const struct clew_bulk_step *step)
{
        struct clew_series *s = context;

        s->refused = add_told(s, step);
        return s->refused;
}

/* Traces looked at for their keys when their summaries alone decided. */
#define SAMPLE_TRACES 64u

static void sample(struct clew_series *s, struct clew_view *view)
{
        struct clew_list_entry entry;
        struct clew_trace_data data;
        struct clew_error err = {0};

        clew_query_sample_begin(s->run);
        if (clew_view_list(view, NULL, &err) < 0)
                return;
        for (unsigned n = 0; n < SAMPLE_TRACES && clew_view_next(view, &entry, &err) == 1; n++) {
                if (clew_view_load(view, &entry.id, &data, &err) == 0)
                        clew_query_sample(s->run, data.traces, data.logs);
        }
}

bool clew_series_is_empty(const struct clew_metrics_result *m)
{
        return m->n_series == 0 && m->n_selection == 0;
}

bool clew_series_complaint(const struct clew_series *s, uint32_t n, struct clew_query_error *err,
                           bool *ret_fatal)
{
        return clew_query_complaint(s->run, n, err, ret_fatal);
}

static int walk(struct clew_series *s, struct clew_view *view, const struct clew_clock *clock,
                struct clew_select *select, struct clew_error *err)
{
        struct clew_selected t;
        int r;

        s->metrics = clew_metrics_new(s->run, s->start_ns, s->end_ns, s->step_ns);
        if (!s->metrics)
                return -ENOMEM;
        r = clew_select_init(select, view, &s->left, clock, NULL, err);
        if (s->told) {
                select->steps_of_runs = true;
                select->steps_as_sent = clew_metrics_counts_durations(s->query);
                select->wants_steps = wants;
                select->take_step = take_step;
                select->take_context = s;
        }
        while (r >= 0 && (r = clew_select_next(select, &t, err)) == 1) {
                r = add(s, select, &t, err);
                if (r == -ENOENT) /* deleted meanwhile */
                        r = 0;
                if (r < 0)
                        break;
        }
        if (r == -EAGAIN && s->refused < 0) { /* that is no damage */
                *err = (struct clew_error){0};
                return s->refused == -E2BIG ? refuse(-E2BIG, err) : s->refused;
        }
        return r;
}

/* An index is damaged: without, from the beginning. */
static int walk_again(struct clew_series *s, struct clew_view *view, const struct clew_clock *clock,
                      struct clew_select *select, struct clew_error *err)
{
        char damage[sizeof(select->index_damage)];
        int r;

        (void)snprintf(damage, sizeof(damage), "%.199s", err->message);
        *err = (struct clew_error){0};
        clew_select_deinit(select);
        clew_metrics_free(s->metrics);
        s->metrics = NULL;
        s->told = false;
        s->left.no_index = true;
        r = walk(s, view, clock, select, err);
        memcpy(select->index_damage, damage, sizeof(damage));
        return r;
}

int clew_series_gather(struct clew_series *s, struct clew_view *view,
                       const struct clew_filter *filter, const struct clew_clock *clock,
                       uint64_t step_ns, struct clew_select *select, struct clew_error *err)
{
        uint64_t left_ns;
        int r = find_window(s, view, filter, clock, err);

        if (r < 0)
                return r;
        s->step_ns = step_ns > 0 ? step_ns : choose_step(s);
        if ((s->end_ns - s->start_ns) / s->step_ns >= CLEW_METRICS_STEPS_MAX)
                return clew_error_set(err, -EINVAL, 0,
                                      "more than %u steps; take a longer --over, or a shorter time",
                                      CLEW_METRICS_STEPS_MAX);
        /* A trace without spans counts at the time 0, of which indexes do not tell. */
        s->told = clew_series_asks_sorts(s) && s->start_ns >= s->step_ns;
        left_ns = filter->limit_ns / 2 + s->left.limit_ns;
        s->left = *filter;
        if (filter->limit_ns > 0) /* what the window has left of the time is for the rest */
                s->left.limit_ns = left_ns;
        if (s->told)
                s->left.light = CLEW_LIGHT;
        r = walk(s, view, clock, select, err);
        if (r == -EAGAIN)
                r = walk_again(s, view, clock, select, err);
        /* No key as sent is asked for of what indexes tell. */
        if (r == 0 && !s->told && select->end == CLEW_SELECT_WHOLE &&
            clew_query_run_met(s->run)->opened == 0)
                sample(s, view);
        return r;
}

/* ---- records -------------------------------------------------------------------------------- */

void clew_series_write(struct clew_json_writer *w, const struct clew_metrics_result *m,
                       uint32_t index)
{
        const struct clew_metrics_series *s = &m->series[index];

        clew_json_write_key(w, "labels");
        clew_json_write_object_begin(w);
        for (uint32_t i = 0; i < s->n_labels; i++) {
                clew_json_write_key_slice(w, s->labels[i].name);
                clew_json_write_string(w, s->labels[i].value);
        }
        clew_json_write_object_end(w);
        clew_json_write_key(w, "start");
        clew_write_time(w, m->start_ns);
        clew_json_write_key(w, "step_nano");
        clew_json_write_uint64_string(w, m->step_ns);
        clew_json_write_key(w, "values");
        clew_json_write_array_begin(w);
        for (uint32_t k = 0; k < m->n_steps; k++) {
                if (isnan(s->values[k]))
                        clew_json_write_null(w);
                else
                        clew_json_write_double(w, s->values[k]);
        }
        clew_json_write_array_end(w);
}

void clew_series_write_difference(struct clew_json_writer *w, const struct clew_metrics_result *m,
                                  uint32_t index)
{
        const struct clew_metrics_difference *d = &m->differences[index];

        clew_json_write_key(w, "attribute");
        clew_json_write_string(w, d->attribute);
        clew_json_write_key(w, "value");
        clew_json_write_string(w, d->value);
        clew_json_write_key(w, "selection");
        clew_json_write_uint64(w, d->selection);
        clew_json_write_key(w, "selection_total");
        clew_json_write_uint64(w, m->n_selection);
        clew_json_write_key(w, "baseline");
        clew_json_write_uint64(w, d->baseline);
        clew_json_write_key(w, "baseline_total");
        clew_json_write_uint64(w, m->n_baseline);
}
