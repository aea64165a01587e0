/*
 * Runs, or the calls in them, counted in groups.
 */
#include "query/answer/when.h"
#include "query/serve/call-int.h"
#include "query/serve/paging-int.h"
#include "query/serve/series.h"
#include "query/serve/stats.h"

#include <errno.h>

#define LIMIT_DEFAULT 200u

static void write_total(struct clew_json_writer *w, const void *context)
{
        const struct clew_stats *s = context;
        const struct clew_stats_row row = {s, &s->groups.total};

        clew_json_write_key(w, "total");
        clew_json_write_object_begin(w);
        clew_record_write_all(w, clew_stats_fields, &row);
        clew_json_write_object_end(w);
        clew_json_write_key(w, "groups");
        clew_json_write_uint64(w, s->groups.n);
}

static uint64_t item_at(const void *items, uint32_t i)
{
        const struct clew_groups *g = items;

        return clew_page_item(g->all[i]->keys, g->n_keys, g->all[i]->time_ns);
}

static int put_groups(struct clew_call *call, struct clew_stats *stats, struct clew_select *s)
{
        const struct clew_groups *g = &stats->groups;
        struct clew_call_list list;
        struct clew_error partial;
        char next[CLEW_PAGE_ITEM_TEXT] = "";
        uint32_t i;
        int r = clew_stats_sort(stats, call->inputs.sort, &call->err);

        if (r == -EINVAL)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER, "%s", call->err.message);
        if (r < 0 || clew_call_complaints(call, s) != 0)
                return r;
        if (clew_page_begin(call, g, g->n, item_at, &i) != 0)
                return 0;
        if (clew_call_list_begin(call, "stats", "stats", clew_stats_fields, LIMIT_DEFAULT, &list) ==
            0) {
                list.write_more = write_total;
                list.more_context = stats;
                for (; r == 0 && i < g->n && !clew_call_list_is_full(&list); i++)
                        r = clew_record_put(&list.writer,
                                            &(struct clew_stats_row){stats, g->all[i]});
                if (i > 0 && i < g->n)
                        clew_page_print_item(item_at(g, i - 1), next);
                if (r == 0)
                        r = clew_call_list_end(&list, next[0] ? next : NULL, s->seen,
                                               clew_select_is_partial(s, &partial) ? partial.message
                                                                                   : NULL);
        }
        clew_call_list_deinit(&list);
        return r;
}

static int gather(struct clew_call *call, struct clew_stats *stats)
{
        struct clew_select s = {0};
        int r = clew_stats_gather(stats, call->view, &call->filter, call->service->clock, &s,
                                  &call->err);

        if (r == 0)
                r = put_groups(call, stats, &s);
        clew_select_deinit(&s);
        return r;
}

/* ---- series --------------------------------------------------------------------------------- */

static int put_series(struct clew_call_list *list, const struct clew_metrics_result *m)
{
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < m->n_series && !clew_call_list_is_full(list); i++) {
                struct clew_json_writer w = clew_record_begin(&list->writer, "series");

                clew_series_write(&w, m, i);
                r = clew_record_end(&list->writer, &w);
        }
        for (uint32_t i = 0; r == 0 && i < m->n_differences && !clew_call_list_is_full(list); i++) {
                struct clew_json_writer w = clew_record_begin(&list->writer, "difference");

                clew_series_write_difference(&w, m, i);
                r = clew_record_end(&list->writer, &w);
        }
        return r;
}

/* 1 = the query asked for what there is not, and the caller is told so. */
static int refuse_series(struct clew_call *call, const struct clew_series *series,
                         const struct clew_metrics_result *m, const struct clew_select *s)
{
        struct clew_filter_error where = {0};
        struct clew_error plain = {0};
        bool fatal = false;

        if (!clew_series_is_empty(m) || s->end != CLEW_SELECT_WHOLE || call->filter.allow_unknown ||
            !clew_series_complaint(series, 0, &where.query, &fatal) || !fatal)
                return 0;
        clew_buffer_init(&where.text, CLEW_SERVE_TARGET_MAX);
        clew_buffer_append_slice(&where.text, clew_query_text(series->query));
        clew_call_refuse_filter(call, &plain, &where);
        clew_buffer_deinit(&where.text);
        return 1;
}

static int answer_series(struct clew_call *call, struct clew_series *series, struct clew_select *s)
{
        struct clew_metrics_result m;
        struct clew_call_list list;
        struct clew_error partial;
        int r = clew_metrics_finish(series->metrics, &m);

        if (r == 0)
                r = refuse_series(call, series, &m, s);
        if (r != 0)
                return r;
        if (clew_call_list_begin(call, "series", "series", NULL, LIMIT_DEFAULT, &list) == 0) {
                bool whole = !clew_select_is_partial(s, &partial);

                r = put_series(&list, &m);
                if (whole && list.n < (uint64_t)m.n_series + m.n_differences) {
                        clew_error_set(&partial, 0, 0, "there are %u series: a larger limit",
                                       m.n_series + m.n_differences);
                        whole = false;
                }
                if (r == 0)
                        r = clew_call_list_end(&list, NULL, s->seen,
                                               whole ? NULL : partial.message);
        }
        clew_call_list_deinit(&list);
        return r;
}

/* A query that ends in metrics: its values over time, as `clew stats` gives them. */
static int run_series(struct clew_call *call, const char *query, uint64_t over_ns)
{
        struct clew_filter_error where = {0};
        struct clew_select s = {0};
        struct clew_series series;
        int r = clew_series_init(&series, query, &where.query);

        clew_buffer_init(&where.text, CLEW_SERVE_TARGET_MAX);
        if (r == -EINVAL) {
                clew_buffer_append_cstr(&where.text, query);
                clew_call_refuse_filter(call, &call->err, &where);
                r = 1;
        }
        clew_buffer_deinit(&where.text);
        if (r == 0)
                r = clew_call_filter(call, CLEW_SINCE_DEFAULT);
        call->filter.runs = false;
        if (r == 0)
                r = clew_series_gather(&series, call->view, &call->filter, call->service->clock,
                                       over_ns, &s, &call->err);
        if (r == -EINVAL) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER, "%s", call->err.message);
                r = 1;
        }
        if (r == 0)
                r = answer_series(call, &series, &s);
        clew_select_deinit(&s);
        clew_series_deinit(&series);
        return r > 0 ? 0 : r;
}

int clew_route_stats(struct clew_call *call)
{
        struct clew_filter_error where = {0};
        struct clew_stats stats;
        uint64_t over_ns = 0;
        int r;

        if (call->inputs.over && (!clew_when_parse_length(call->inputs.over, &over_ns) ||
                                  over_ns < CLEW_SERIES_STEP_NS_MIN))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "--over takes a length of time such as 1h or 10m");
        if (!call->inputs.by && clew_series_wanted(call->inputs.filter.query)) {
                const char *query = call->inputs.filter.query;

                if (call->inputs.after)
                        return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                                "series have no pages: after is for groups (by)");
                call->inputs.filter.query = NULL; /* says which steps count */
                return run_series(call, query, over_ns);
        }
        clew_buffer_init(&where.text, CLEW_SERVE_TARGET_MAX);
        r = clew_stats_init(&stats, call->inputs.by ? call->inputs.by : "",
                            call->inputs.filter.query, over_ns, &call->err, &where);
        if (r == -EINVAL) {
                clew_call_refuse_filter(call, &call->err, &where);
                r = 1;
        }
        clew_buffer_deinit(&where.text);
        if (r == 0 && stats.of_steps) /* steps are chosen by the query itself; runs by the filter */
                call->inputs.filter.query = NULL;
        if (r == 0)
                r = clew_call_filter(call, CLEW_SINCE_DEFAULT);
        call->filter.runs = !stats.of_steps; /* as list does */
        if (r == 0)
                r = gather(call, &stats);
        clew_stats_deinit(&stats);
        return r > 0 ? 0 : r;
}

int clew_route_users(struct clew_call *call)
{
        call->inputs.by = "user";
        return clew_route_stats(call);
}
