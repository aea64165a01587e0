/*
 * See series.h.
 */
#include "query/cli/series.h"

#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/filter.h"
#include "query/cli/open.h"
#include "query/cli/table.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define ARENA_MAX ((size_t)256 << 20)
/* Steps of a window when --over is not given: about so many. */
#define STEPS_WANTED 60u
#define TREND_MAX 30u

struct clew_slice clew_sparkline(const double *values, uint32_t n, uint32_t max, bool ascii,
                                 struct clew_arena *arena)
{
        static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
        static const char *const signs[] = {".", ":", "-", "=", "+", "*", "%", "#"};
        uint32_t cells = n < max ? n : max;
        double *sums = clew_arena_calloc(arena, cells + 1u, sizeof(*sums));
        char *text = clew_arena_alloc(arena, 4 * (size_t)cells + 1);
        double most = 0;
        size_t len = 0;

        if (!sums || !text)
                return CLEW_SLICE_NULL;
        for (uint32_t i = 0; i < n; i++) {
                double *sum = &sums[(uint64_t)i * cells / n];

                *sum += isnan(values[i]) ? 0 : values[i];
                most = *sum > most ? *sum : most;
        }
        for (uint32_t i = 0; i < cells; i++) {
                const char *sign = " ";
                size_t level = most > 0 ? (size_t)ceil(sums[i] / most * 8) : 0;

                if (level > 0)
                        sign = ascii ? signs[level > 8 ? 7 : level - 1]
                                     : bars[level > 8 ? 7 : level - 1];
                memcpy(text + len, sign, strlen(sign));
                len += strlen(sign);
        }
        return clew_slice_make(text, len);
}

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

struct series_command {
        struct clew_cli *cli;
        const struct clew_output_flags *output_flags;
        const struct clew_look *look;
        struct clew_filter filter;
        struct clew_arena arena;
        struct clew_query *query;
        struct clew_query_run *run;
        struct clew_metrics *metrics;
        struct clew_view *view;
        uint64_t start_ns;
        uint64_t end_ns;
        uint64_t step_ns;
};

/* ---- window -----------------------------------------------------------------------------------
 */

/* From the first start to the last end of the traces that there are, inside the bounds. */
static int find_window(struct series_command *c, struct clew_error *err)
{
        const struct clew_filter all = {.since_ns = c->filter.since_ns,
                                        .until_ns = c->filter.until_ns,
                                        .limit_ns = c->filter.limit_ns,
                                        .stop = c->filter.stop};
        struct clew_select s = {0};
        struct clew_selected t;
        int r = clew_select_init(&s, c->view, &all, c->cli->clock, NULL, err);

        c->start_ns = UINT64_MAX;
        while (r >= 0 && (r = clew_select_next(&s, &t, err)) == 1) {
                uint64_t end = t.start_ns + t.summary.duration_ns;

                c->start_ns = t.start_ns < c->start_ns ? t.start_ns : c->start_ns;
                c->end_ns = end > c->end_ns ? end : c->end_ns;
        }
        clew_filter_spend(&c->filter, &s);
        clew_select_deinit(&s);
        if (c->start_ns == UINT64_MAX)
                c->start_ns = c->end_ns = 0;
        return r;
}

static void choose_step(struct series_command *c)
{
        static const uint64_t seconds[] = {1,    5,     10,    30,    60,    300,    600,    1800,
                                           3600, 10800, 21600, 43200, 86400, 604800, 2592000};
        uint64_t length = c->end_ns - c->start_ns;
        size_t i = 0;

        while (i + 1 < CLEW_ARRAY_LEN(seconds) &&
               length / (seconds[i] * CLEW_NS_PER_S) >= STEPS_WANTED)
                i++;
        c->step_ns = seconds[i] * CLEW_NS_PER_S;
}

/* ---- output -----------------------------------------------------------------------------------
 */

static void write_labels(struct clew_json_writer *w, const struct clew_metrics_series *s)
{
        clew_json_write_key(w, "labels");
        clew_json_write_object_begin(w);
        for (uint32_t i = 0; i < s->n_labels; i++) {
                clew_json_write_key_slice(w, s->labels[i].name);
                clew_json_write_string(w, s->labels[i].value);
        }
        clew_json_write_object_end(w);
}

static int print_json(struct series_command *c, struct clew_output *out,
                      const struct clew_metrics_result *m)
{
        for (uint32_t i = 0; i < m->n_series; i++) {
                struct clew_json_writer w = clew_output_begin(out, "series");
                int r;

                write_labels(&w, &m->series[i]);
                clew_json_write_key(&w, "start");
                clew_write_time(&w, m->start_ns);
                clew_json_write_key(&w, "step_nano");
                clew_json_write_uint64_string(&w, m->step_ns);
                clew_json_write_key(&w, "values");
                clew_json_write_array_begin(&w);
                for (uint32_t k = 0; k < m->n_steps; k++) {
                        if (isnan(m->series[i].values[k]))
                                clew_json_write_null(&w);
                        else
                                clew_json_write_double(&w, m->series[i].values[k]);
                }
                clew_json_write_array_end(&w);
                r = clew_output_end(out, &w);
                if (r != 0)
                        return r;
        }
        for (uint32_t i = 0; i < m->n_differences; i++) {
                const struct clew_metrics_difference *d = &m->differences[i];
                struct clew_json_writer w = clew_output_begin(out, "difference");
                int r;

                clew_json_write_key(&w, "attribute");
                clew_json_write_string(&w, d->attribute);
                clew_json_write_key(&w, "value");
                clew_json_write_string(&w, d->value);
                clew_json_write_key(&w, "selection");
                clew_json_write_uint64(&w, d->selection);
                clew_json_write_key(&w, "selection_total");
                clew_json_write_uint64(&w, m->n_selection);
                clew_json_write_key(&w, "baseline");
                clew_json_write_uint64(&w, d->baseline);
                clew_json_write_key(&w, "baseline_total");
                clew_json_write_uint64(&w, m->n_baseline);
                r = clew_output_end(out, &w);
                if (r != 0)
                        return r;
        }
        (void)c;
        return 0;
}

static struct clew_slice label_text(struct series_command *c, const struct clew_metrics_series *s)
{
        CLEW_BUFFER text = {0};

        clew_buffer_init(&text, 65536);
        for (uint32_t i = 0; i < s->n_labels; i++) {
                struct clew_slice name = s->labels[i].name;

                clew_buffer_append_cstr(&text, i > 0 ? "  " : "");
                if (s->n_labels > 1 || clew_slice_eq_cstr(name, "p")) {
                        clew_buffer_append_slice(&text, name);
                        clew_buffer_append_cstr(&text, "=");
                }
                clew_buffer_append_slice(&text, s->labels[i].value);
        }
        return s->n_labels > 0 ? clew_arena_copy(&c->arena, clew_buffer_slice(&text))
                               : clew_slice_of_cstr("all");
}

static void put_number(struct clew_table *t, double v)
{
        char text[64] = "";

        if (!isnan(v) && !isinf(v))
                (void)snprintf(text, sizeof(text), "%.4g", v);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
}

static void put_series(struct series_command *c, struct clew_table *t,
                       const struct clew_metrics_result *m, const struct clew_metrics_series *s)
{
        double least = INFINITY;
        double most = -INFINITY;
        double sum = 0;
        double last = NAN;
        uint32_t n = 0;

        for (uint32_t i = 0; i < m->n_steps; i++) {
                double v = s->values[i];

                if (isnan(v))
                        continue;
                least = v < least ? v : least;
                most = v > most ? v : most;
                sum += v;
                last = v;
                n++;
        }
        clew_table_row(t);
        clew_table_cell(t, CLEW_TONE_STRONG, label_text(c, s));
        put_number(t, least);
        put_number(t, n > 0 ? sum / n : NAN);
        put_number(t, most);
        put_number(t, last);
        clew_table_cell(
                t, CLEW_TONE_PLAIN,
                clew_sparkline(s->values, m->n_steps, TREND_MAX, c->look->ascii, &c->arena));
}

static void put_difference(struct clew_table *t, const struct clew_metrics_result *m,
                           const struct clew_metrics_difference *d)
{
        char text[64];

        clew_table_row(t);
        clew_table_cell(t, CLEW_TONE_STRONG, d->attribute);
        clew_table_cell(t, CLEW_TONE_PLAIN, d->value);
        (void)snprintf(text, sizeof(text), "%llu  %.0f %%", (unsigned long long)d->selection,
                       m->n_selection ? 100 * (double)d->selection / (double)m->n_selection : 0);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
        (void)snprintf(text, sizeof(text), "%llu  %.0f %%", (unsigned long long)d->baseline,
                       m->n_baseline ? 100 * (double)d->baseline / (double)m->n_baseline : 0);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
}

static int print_table(struct series_command *c, const struct clew_metrics_result *m)
{
        static const struct clew_column of_series[] = {
                {.heading = "SERIES", .give_way = 12},
                {.heading = "LEAST", .right = true, .drop = 1},
                {.heading = "MEAN", .right = true},
                {.heading = "MOST", .right = true},
                {.heading = "LAST", .right = true, .drop = 2},
                {.heading = "OVER TIME", .drop = 3},
        };
        static const struct clew_column of_differences[] = {
                {.heading = "ATTRIBUTE", .give_way = 12},
                {.heading = "VALUE", .give_way = 12},
                {.heading = "SELECTION", .right = true},
                {.heading = "BASELINE", .right = true},
        };
        uint64_t limit = c->output_flags->limit ? c->output_flags->limit : CLEW_ROWS_DEFAULT;
        bool compares = m->n_selection + m->n_baseline > 0;
        uint64_t n = compares ? m->n_differences : m->n_series;
        struct clew_table table;
        char step[CLEW_WHEN_TEXT];
        char start[CLEW_WHEN_TEXT];
        int r;

        clew_table_init(&table, c->look, compares ? of_differences : of_series,
                        compares ? CLEW_ARRAY_LEN(of_differences) : CLEW_ARRAY_LEN(of_series),
                        &c->arena);
        for (uint64_t i = 0; i < n && i < limit; i++) {
                if (compares)
                        put_difference(&table, m, &m->differences[i]);
                else
                        put_series(c, &table, m, &m->series[i]);
        }
        r = n > 0 ? clew_table_print(&table, c->cli->out) : 0;
        if (r < 0)
                return clew_cli_fail(c->cli, r, NULL);
        clew_when_length(m->step_ns, step);
        clew_when_short(m->start_ns, clew_clock_unix_ns(c->cli->clock), c->look->utc, start);
        if (compares)
                clew_cli_note(c->cli, "%llu spans of the selection, %llu others",
                              (unsigned long long)m->n_selection,
                              (unsigned long long)m->n_baseline);
        else
                clew_cli_note(c->cli, "%llu series from %s, %u steps of %s (--over for other ones)",
                              (unsigned long long)n, start, m->n_steps, step);
        if (n > limit)
                clew_cli_note(c->cli, "%llu shown (-n N for more)", (unsigned long long)limit);
        return 0;
}

/* Columns: time, labels, value. */
static int print_tsv(struct series_command *c, const struct clew_metrics_result *m)
{
        CLEW_BUFFER label = {0};

        clew_buffer_init(&label, 65536);
        fputs("time\tseries\tvalue\n", c->cli->out);
        for (uint32_t i = 0; i < m->n_series; i++) {
                clew_buffer_clear(&label);
                clew_safe_line(&label, label_text(c, &m->series[i]), CLEW_NO_WIDTH_LIMIT, false);
                for (uint32_t k = 0; k < m->n_steps; k++) {
                        char time[CLEW_WHEN_TEXT];

                        if (isnan(m->series[i].values[k]))
                                continue;
                        clew_when_rfc3339(m->start_ns + k * m->step_ns, time);
                        fprintf(c->cli->out, "%s\t%.*s\t%.17g\n", time, (int)label.len,
                                (const char *)label.data, m->series[i].values[k]);
                }
        }
        return 0;
}

static int print(struct series_command *c)
{
        struct clew_metrics_result m;
        struct clew_output out = {0};
        int r = clew_metrics_finish(c->metrics, &m);

        if (r < 0)
                return clew_cli_fail(c->cli, r, NULL);
        if (c->output_flags->ids) {
                clew_cli_error(c->cli, "series have no ids: --json or --tsv");
                return CLEW_EXIT_USAGE;
        }
        r = clew_output_init(&out, c->cli, c->output_flags, "series", NULL);
        if (r == 0 && out.json)
                r = print_json(c, &out, &m);
        else if (r == 0 && out.tsv)
                r = print_tsv(c, &m);
        else if (r == 0)
                r = print_table(c, &m);
        clew_output_deinit(&out);
        if (r == 0 && m.n_series + m.n_differences == 0 && c->output_flags->exit_status)
                r = CLEW_EXIT_NOTHING;
        return r;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static int add(struct series_command *c, struct clew_select *s, const struct clew_selected *t,
               struct clew_error *err)
{
        struct clew_query_facts facts = clew_select_facts(s, t);
        struct clew_query_result found;
        struct clew_trace_data data;
        int r;

        if (clew_query_judge(c->run, &facts) == CLEW_NO)
                return 0;
        r = clew_select_open(s, t, &data, err);
        if (r == 0)
                r = clew_query_evaluate(c->run, &facts, data.traces, data.logs, &found);
        if (r == 1)
                r = clew_metrics_add(c->metrics, &found);
        return r == -E2BIG ? clew_error_set(err, r, 0,
                                            "more than %u series or %u values: take fewer steps, "
                                            "or by() a field with fewer values",
                                            CLEW_METRICS_SERIES_MAX, CLEW_METRICS_VALUES_MAX)
                           : r;
}

static int gather(struct series_command *c)
{
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        int status = 0;
        int reported;
        int r = clew_select_init(&s, c->view, &c->filter, c->cli->clock, NULL, &err);

        while (r >= 0 && (r = clew_select_next(&s, &t, &err)) == 1)
                r = add(c, &s, &t, &err);
        if (r < 0)
                status = clew_cli_fail(c->cli, r, &err);
        reported = c->output_flags->json ? clew_filter_report(c->cli, &s) : 0;
        if (r >= 0)
                status = print(c);
        if (!c->output_flags->json)
                reported = clew_filter_report(c->cli, &s);
        clew_select_deinit(&s);
        return status != 0 ? status : reported;
}

static int prepare(struct series_command *c, const struct clew_filter_flags *flags,
                   const char *over_text)
{
        struct clew_query_error e;
        struct clew_error err = {0};
        int r = clew_query_parse(clew_slice_of_cstr(flags->query),
                                 &(struct clew_query_options){.strict = true}, &c->arena, &c->query,
                                 &e);

        if (r < 0) {
                clew_cli_query_error(c->cli, "query error", clew_slice_of_cstr(flags->query), &e);
                return CLEW_EXIT_USAGE;
        }
        c->run = clew_query_run_new(c->query);
        r = clew_cli_view(c->cli, &c->view);
        if (r != 0)
                return r;
        r = c->run ? find_window(c, &err) : -ENOMEM;
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        choose_step(c);
        if (over_text &&
            (!clew_when_parse_length(over_text, &c->step_ns) || c->step_ns < 1000000)) {
                clew_cli_error(c->cli, "stats: --over takes a length of time such as 1h or 10m");
                return CLEW_EXIT_USAGE;
        }
        if ((c->end_ns - c->start_ns) / c->step_ns >= CLEW_METRICS_STEPS_MAX) {
                clew_cli_error(c->cli,
                               "stats: more than %u steps; take a longer --over, or a "
                               "shorter time",
                               CLEW_METRICS_STEPS_MAX);
                return CLEW_EXIT_USAGE;
        }
        c->metrics = clew_metrics_new(c->run, c->start_ns, c->end_ns, c->step_ns);
        return c->metrics ? 0 : clew_cli_fail(c->cli, -ENOMEM, NULL);
}

int clew_series_run(struct clew_cli *cli, const struct clew_filter_flags *flags,
                    const struct clew_output_flags *output,
                    const struct clew_display_flags *display, const struct clew_look *look,
                    const char *over_text)
{
        struct series_command c = {.cli = cli, .output_flags = output, .look = look};
        struct clew_filter_flags others = *flags;
        int r;

        others.query = NULL;
        clew_arena_init(&c.arena, ARENA_MAX);
        r = clew_filter_make(cli, &others, CLEW_SINCE_DEFAULT, look->utc, &c.filter);
        if (r == 0)
                r = prepare(&c, flags, over_text);
        if (r == 0) {
                clew_pager_start(cli, display);
                r = gather(&c);
        }
        clew_metrics_free(c.metrics);
        clew_query_run_free(c.run);
        clew_query_deinit(c.query);
        clew_arena_deinit(&c.arena);
        return r;
}
