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

struct series_command {
        struct clew_cli *cli;
        const struct clew_output_flags *output_flags;
        const struct clew_look *look;
        bool explains; /* what was read, and not the series */
        struct clew_filter filter;
        struct clew_arena arena;
        struct clew_series series;
        struct clew_view *view;
};

/* ---- output -----------------------------------------------------------------------------------
 */

static int print_json(struct clew_output *out, const struct clew_metrics_result *m)
{
        int r = 0;

        for (uint32_t i = 0; i < m->n_series && r == 0; i++) {
                struct clew_json_writer w = clew_output_begin(out, "series");

                clew_series_write(&w, m, i);
                r = clew_output_end(out, &w);
        }
        for (uint32_t i = 0; i < m->n_differences && r == 0; i++) {
                struct clew_json_writer w = clew_output_begin(out, "difference");

                clew_series_write_difference(&w, m, i);
                r = clew_output_end(out, &w);
        }
        return r;
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

static void put_number(struct clew_table *t, double v, bool is_seconds)
{
        char text[CLEW_WHEN_TEXT > 64 ? CLEW_WHEN_TEXT : 64] = "";

        if (is_seconds && v >= 0 && v < (double)UINT64_MAX / 1e9)
                clew_when_length((uint64_t)(v * 1e9 + .5), text);
        else if (v >= 10000 && v < (double)UINT64_MAX)
                clew_count_short((uint64_t)(v + .5), "", text);
        else if (!isnan(v) && !isinf(v))
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
        put_number(t, least, m->is_seconds);
        put_number(t, n > 0 ? sum / n : NAN, m->is_seconds);
        put_number(t, most, m->is_seconds);
        put_number(t, last, m->is_seconds);
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
                clew_cli_note(
                        c->cli, "%llu series from %s, %u step%s of %s (--over for other ones)",
                        (unsigned long long)n, start, m->n_steps, m->n_steps == 1 ? "" : "s", step);
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

/* Complaints that are told one by one. */
#define COMPLAINTS_MAX 4u

/* What the query asked for in vain. True when it explains that nothing was counted. */
static bool complain(struct series_command *c, bool empty)
{
        struct clew_slice text = clew_query_text(c->series.query);
        struct clew_query_error err;
        bool fatal;
        bool any = false;

        for (uint32_t n = 0;
             n < COMPLAINTS_MAX && clew_series_complaint(&c->series, n, &err, &fatal); n++) {
                if (fatal && c->filter.allow_unknown)
                        continue;
                any |= fatal && empty;
                clew_cli_query_error(c->cli, fatal && empty ? "query error" : "note: query", text,
                                     &err);
        }
        return any;
}

static int print(struct series_command *c, bool whole)
{
        struct clew_metrics_result m;
        struct clew_output out = {0};
        int r = clew_metrics_finish(c->series.metrics, &m);

        if (r < 0)
                return clew_cli_fail(c->cli, r, NULL);
        if (c->output_flags->ids) {
                clew_cli_error(c->cli, "series have no ids: --json or --tsv");
                return CLEW_EXIT_USAGE;
        }
        if (whole && complain(c, clew_series_is_empty(&m)))
                return CLEW_EXIT_USAGE;
        r = clew_output_init(&out, c->cli, c->output_flags, "series", NULL);
        if (r == 0 && out.json)
                r = print_json(&out, &m);
        else if (r == 0 && out.tsv)
                r = print_tsv(c, &m);
        else if (r == 0)
                r = print_table(c, &m);
        clew_output_deinit(&out);
        if (r == 0 && m.n_series + m.n_differences == 0 && c->output_flags->exit_status)
                r = CLEW_EXIT_NOTHING;
        return r;
}

/* ---- explain ----------------------------------------------------------------------------------
 */

static int explain(struct series_command *c, const struct clew_select *s)
{
        const struct clew_index_use *use = clew_view_index_use(s->view);
        CLEW_BUFFER text = {0};
        CLEW_BUFFER safe = {0};
        char bytes[CLEW_WHEN_TEXT];

        clew_buffer_init(&text, (size_t)4 << 20);
        clew_buffer_init(&safe, (size_t)16 << 20);
        clew_safe_block(&safe, clew_query_text(c->series.query), "query  ", false);
        if (c->filter.n_queries > 0)
                clew_filter_print_query(&c->filter, &text);
        clew_safe_block(&safe, clew_buffer_slice(&text), "of     ", false);
        clew_buffer_clear(&text);
        clew_buffer_append_cstr(&text, "plan\n");
        if (c->series.told)
                clew_buffer_append_cstr(&text,
                                        "  steps: by tool, model, kind, agent and error, where "
                                        "indexes tell them; of other traces:\n");
        clew_query_explain(c->series.query, &text);
        clew_safe_block(&safe, clew_buffer_slice(&text), "", false);
        (void)fwrite(safe.data, 1, safe.len, c->cli->out);
        clew_count_short(s->scanned_bytes, "B", bytes);
        fprintf(c->cli->out,
                "read   %llu trace%s: the steps of %llu from indexes; %llu opened, %s of spans "
                "read\n",
                (unsigned long long)s->seen, s->seen == 1 ? "" : "s",
                (unsigned long long)(c->series.told ? use->taken : 0),
                (unsigned long long)clew_query_run_met(c->series.run)->opened, bytes);
        return CLEW_OPTIONS_HELP;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static int gather(struct series_command *c, uint64_t step_ns)
{
        struct clew_select s = {0};
        struct clew_error err = {0};
        int status = 0;
        int reported;
        int r = clew_series_gather(&c->series, c->view, &c->filter, c->cli->clock, step_ns, &s,
                                   &err);

        if (r == -EINVAL) {
                clew_cli_error(c->cli, "stats: %s", err.message);
                clew_select_deinit(&s);
                return CLEW_EXIT_USAGE;
        }
        if (r < 0)
                status = clew_cli_fail(c->cli, r, &err);
        /* JSON ends with what a limit has cut. */
        reported = c->output_flags->json ? clew_filter_report(c->cli, &s) : 0;
        if (r >= 0)
                status = c->explains ? explain(c, &s)
                                     : print(c, s.done && s.end == CLEW_SELECT_WHOLE);
        if (!c->output_flags->json)
                reported = clew_filter_report(c->cli, &s);
        clew_select_deinit(&s);
        return status != 0 ? status : reported;
}

static int prepare(struct series_command *c, const struct clew_filter_flags *flags,
                   const char *over_text, uint64_t *ret_step_ns)
{
        struct clew_query_error e;
        int r = clew_series_init(&c->series, flags->query, &e);

        if (r == -EINVAL) {
                clew_cli_query_error(c->cli, "query error", clew_slice_of_cstr(flags->query), &e);
                return CLEW_EXIT_USAGE;
        }
        if (r < 0)
                return clew_cli_fail(c->cli, r, NULL);
        if (over_text && (!clew_when_parse_length(over_text, ret_step_ns) ||
                          *ret_step_ns < CLEW_SERIES_STEP_NS_MIN)) {
                clew_cli_error(c->cli, "stats: --over takes a length of time such as 1h or 10m");
                return CLEW_EXIT_USAGE;
        }
        return clew_cli_view(c->cli, &c->view);
}

int clew_series_run(struct clew_cli *cli, const struct clew_filter_flags *flags,
                    const struct clew_output_flags *output,
                    const struct clew_display_flags *display, const struct clew_look *look,
                    const char *over_text)
{
        struct series_command c = {
                .cli = cli, .output_flags = output, .look = look, .explains = flags->explain};
        struct clew_filter_flags others = *flags;
        uint64_t step_ns = 0;
        int r;

        others.query = NULL;
        others.explain = false;
        clew_arena_init(&c.arena, ARENA_MAX);
        r = clew_filter_make(cli, &others, CLEW_SINCE_DEFAULT, look->utc, &c.filter);
        if (r == 0)
                r = prepare(&c, flags, over_text, &step_ns);
        if (r == 0) {
                clew_pager_start(cli, display);
                r = gather(&c, step_ns);
        }
        clew_series_deinit(&c.series);
        clew_arena_deinit(&c.arena);
        return r;
}
