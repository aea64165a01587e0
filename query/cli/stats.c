/*
 * clew stats: how many runs or calls, how many failed, how long they took, what they cost, in
 * groups and over time; and series, when the query ends in metrics.
 */
#include "query/serve/stats.h"
#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/filter.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/series.h"
#include "query/cli/table.h"
#include "query/cli/window.h"
#include "query/find/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_ARENA_MAX ((size_t)256 << 20)
/* Stretches of time in one line of signs. */
#define TREND_MAX 24u
/* Rows of groups over time, each compared with all. */
#define ROWS_OVER_TIME_MAX 2000u

struct stats_command {
        struct clew_cli *cli;
        struct clew_look look;
        struct clew_filter filter;
        struct clew_filter_flags filter_flags;
        struct clew_window_flags window_flags;
        struct clew_window window;
        struct clew_output_flags output_flags;
        struct clew_display_flags display_flags;
        const char *by;
        const char *over_text;
        const char *sort;
        uint64_t over_ns;
        struct clew_stats stats;
        struct clew_output output;
        uint64_t first_ns; /* stretches of time that there are */
        uint64_t last_ns;
};

/* ---- table ------------------------------------------------------------------------------------
 */

static void put_count(struct clew_table *t, uint64_t n, enum clew_tone tone)
{
        char text[CLEW_WHEN_TEXT] = "";

        if (n > 0)
                clew_count_short(n, "", text);
        clew_table_cell_cstr(t, tone, text);
}

static void put_length(struct clew_table *t, const struct clew_group *g, unsigned q)
{
        char text[CLEW_WHEN_TEXT] = "";

        if (g->n_durations > 0)
                clew_when_length((uint64_t)llround(g->quantiles[q] * 1e9), text);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
}

static void put_share(struct clew_table *t, const struct clew_group *g)
{
        char text[64] = "";
        double low;
        double high;

        clew_wilson(g->failed, g->n, &low, &high);
        if (g->n > 0)
                (void)snprintf(text, sizeof(text), "%.1f %%",
                               100 * (double)g->failed / (double)g->n);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
        if (g->n > 0)
                (void)snprintf(text, sizeof(text), "%.0f-%.0f", 100 * low, 100 * high);
        clew_table_cell_cstr(t, CLEW_TONE_DIM, text);
}

static void put_row(struct stats_command *c, struct clew_table *t, const struct clew_group *g,
                    bool is_total, struct clew_slice trend)
{
        const struct clew_group_cause *top = clew_group_top_cause(g);
        char text[CLEW_WHEN_TEXT] = "";

        clew_table_row(t);
        for (uint32_t i = 0; i < CLEW_GROUP_KEYS_MAX; i++) {
                struct clew_slice key = i < c->stats.n_keys ? g->keys[i] : CLEW_SLICE_NULL;

                if (is_total && i == 0)
                        clew_table_cell_cstr(t, CLEW_TONE_STRONG, "all");
                else if (i < c->stats.n_keys && !is_total && key.len == 0)
                        clew_table_cell_cstr(t, CLEW_TONE_DIM, "(none)");
                else
                        clew_table_cell(t, CLEW_TONE_STRONG, key);
        }
        put_count(t, g->n, CLEW_TONE_PLAIN);
        put_count(t, g->failed, g->failed ? CLEW_TONE_BAD : CLEW_TONE_PLAIN);
        put_count(t, g->by_result, g->by_result > g->failed ? CLEW_TONE_BAD : CLEW_TONE_PLAIN);
        put_share(t, g);
        put_length(t, g, CLEW_GROUP_P50);
        put_length(t, g, CLEW_GROUP_P95);
        put_length(t, g, CLEW_GROUP_P99);
        put_count(t, g->tokens, CLEW_TONE_PLAIN);
        if (g->has_cost)
                clew_cost_short(g->cost_usd, text);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
        clew_table_cell(t, CLEW_TONE_PLAIN, trend);
        if (top) {
                struct clew_slice parts[] = {
                        top->rule, CLEW_SLICE_LITERAL(" "),
                        clew_arena_printf(t->arena, "%llu", (unsigned long long)top->n)};

                clew_table_cell(t, CLEW_TONE_PLAIN, clew_arena_concat(t->arena, parts, 3));
        } else {
                clew_table_cell_cstr(t, CLEW_TONE_PLAIN, "");
        }
}

/* Groups of one key over all stretches of time become one, with a trend. */
struct merged {
        struct clew_group group;
        double *counts; /* one a stretch */
};

static uint32_t stretches(const struct stats_command *c)
{
        uint64_t n = c->over_ns ? (c->last_ns - c->first_ns) / c->over_ns + 1 : 1;

        return n > CLEW_METRICS_STEPS_MAX ? CLEW_METRICS_STEPS_MAX : (uint32_t)n;
}

static bool same_keys(const struct clew_group *a, const struct clew_group *b)
{
        for (uint32_t i = 0; i < CLEW_GROUP_KEYS_MAX; i++) {
                if (!clew_slice_eq(a->keys[i], b->keys[i]))
                        return false;
        }
        return true;
}

static int table_over_time(struct stats_command *c, struct clew_table *t)
{
        const struct clew_groups *g = &c->stats.groups;
        uint32_t n = stretches(c);
        struct clew_slice trend;

        for (uint32_t i = 0; i < g->n; i++) {
                char time[CLEW_WHEN_TEXT];
                double *counts;
                bool is_first = true;

                for (uint32_t k = 0; k < i && is_first; k++)
                        is_first = !same_keys(g->all[i], g->all[k]);
                if (!is_first)
                        continue;
                counts = clew_arena_calloc(t->arena, n, sizeof(*counts));
                if (!counts)
                        return -ENOMEM;
                for (uint32_t k = i; k < g->n; k++) {
                        uint64_t place = (g->all[k]->time_ns - c->first_ns) / c->over_ns;

                        if (same_keys(g->all[i], g->all[k]) && place < n)
                                counts[place] += (double)g->all[k]->n;
                }
                trend = clew_sparkline(counts, n, TREND_MAX, c->look.ascii, t->arena);
                for (uint32_t k = i; k < g->n; k++) {
                        struct clew_group row = *g->all[k];

                        if (!same_keys(g->all[i], g->all[k]))
                                continue;
                        clew_when_short(row.time_ns, clew_clock_unix_ns(c->cli->clock), c->look.utc,
                                        time);
                        if (c->stats.n_keys < CLEW_GROUP_KEYS_MAX)
                                row.keys[c->stats.n_keys] =
                                        clew_arena_copy(t->arena, clew_slice_of_cstr(time));
                        c->stats.n_keys++;
                        put_row(c, t, &row, false, k == i ? trend : CLEW_SLICE_NULL);
                        c->stats.n_keys--;
                }
        }
        return 0;
}

static int print_table(struct stats_command *c)
{
        CLEW_ARENA arena = {0};
        struct clew_table table;
        char headings[CLEW_GROUP_KEYS_MAX][64] = {{0}};
        bool of_steps = c->stats.of_steps;
        size_t time_key = c->over_ns ? c->stats.n_keys : CLEW_GROUP_KEYS_MAX;
        const struct clew_column columns[] = {
                {.heading = headings[0], .give_way = time_key == 0 ? 0 : 16},
                {.heading = headings[1], .give_way = time_key == 1 ? 0 : 16},
                {.heading = headings[2], .give_way = time_key == 2 ? 0 : 16},
                {.heading = headings[3], .give_way = time_key == 3 ? 0 : 16},
                {.heading = of_steps ? "CALLS" : "RUNS", .right = true},
                {.heading = "FAILED", .right = true},
                {.heading = c->stats.by_tool ? "BY RESULT" : "", .right = true, .drop = 8},
                {.heading = "RATE", .right = true},
                {.heading = "95 %", .right = true, .drop = 2},
                {.heading = "P50", .right = true, .drop = 5},
                {.heading = "P95", .right = true},
                {.heading = "P99", .right = true, .drop = 1},
                {.heading = "TOKENS", .right = true, .drop = 3},
                {.heading = "COST", .right = true, .drop = 4},
                {.heading = "TREND", .drop = 7},
                {.heading = of_steps ? "TOP ERROR" : "TOP CAUSE", .give_way = 8, .drop = 6},
        };
        const struct clew_groups *g = &c->stats.groups;
        uint64_t limit = c->output_flags.limit ? c->output_flags.limit : CLEW_ROWS_DEFAULT;
        int r = 0;

        clew_arena_init(&arena, TABLE_ARENA_MAX);
        for (uint32_t i = 0; i < c->stats.n_keys; i++) {
                struct clew_slice name = c->stats.keys[i].name;

                (void)clew_safe_cstr(name, headings[i], sizeof(headings[i]));
                for (char *at = headings[i]; *at; at++)
                        *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
        }
        if (c->over_ns && c->stats.n_keys < CLEW_GROUP_KEYS_MAX)
                (void)snprintf(headings[c->stats.n_keys], sizeof(headings[0]), "TIME");
        clew_window_tell(&c->window, of_steps ? "steps" : "runs");
        clew_table_init(&table, &c->look, columns, CLEW_ARRAY_LEN(columns), &arena);
        if (c->over_ns && g->n > ROWS_OVER_TIME_MAX) {
                clew_cli_error(c->cli,
                               "stats: %u rows are too many for a table: --json or --tsv, "
                               "or a longer --over",
                               g->n);
                return CLEW_EXIT_USAGE;
        }
        if (c->over_ns)
                r = table_over_time(c, &table);
        for (uint32_t i = 0; !c->over_ns && c->stats.n_keys > 0 && i < g->n && i < limit; i++)
                put_row(c, &table, g->all[i], false, CLEW_SLICE_NULL);
        if (g->n > 1 || c->stats.n_keys == 0)
                put_row(c, &table, &g->total, true, CLEW_SLICE_NULL);
        if (r == 0)
                r = clew_table_print(&table, c->cli->out);
        if (r < 0)
                return clew_cli_fail(c->cli, r, NULL);
        if (!c->over_ns && g->n > limit)
                clew_cli_note(c->cli, "%llu of %u groups (-n N for more)",
                              (unsigned long long)limit, g->n);
        if (g->total.open > 0)
                clew_cli_note(c->cli, "%llu of them %s not ended: %s not among the times",
                              (unsigned long long)g->total.open,
                              g->total.open == 1 ? "has" : "have",
                              g->total.open == 1 ? "it is" : "they are");
        return 0;
}

/* ---- the command ------------------------------------------------------------------------------
 */

static int print(struct stats_command *c)
{
        const struct clew_groups *g = &c->stats.groups;
        uint64_t limit = c->output_flags.limit ? c->output_flags.limit : UINT64_MAX;

        struct clew_error err = {0};
        int sorted = clew_stats_sort(&c->stats, c->sort, &err);

        if (sorted == -EINVAL) {
                clew_cli_error(c->cli, "stats: %s", err.message);
                return CLEW_EXIT_USAGE;
        }
        if (sorted < 0)
                return clew_cli_fail(c->cli, sorted, &err);
        c->first_ns = g->n > 0 ? g->all[0]->time_ns : 0;
        c->last_ns = g->n > 0 ? g->all[g->n - 1]->time_ns : 0;
        if (!clew_output_is_machine(&c->output))
                return g->total.n > 0 ? print_table(c) : 0;
        for (uint32_t i = 0; i < g->n && i < limit; i++) {
                int r = clew_output_put(&c->output, &(struct clew_stats_row){&c->stats, g->all[i]});

                if (r != 0)
                        return r;
        }
        return 0;
}

static int gather(struct stats_command *c, struct clew_view *view)
{
        struct clew_select s = {0};
        struct clew_error err = {0};
        int status = 0;
        int reported;
        int r = clew_stats_gather(&c->stats, view, &c->filter, c->cli->clock, &s, &err);

        status = r < 0 ? clew_cli_fail(c->cli, r, &err) : print(c);
        reported = clew_filter_report(c->cli, &s);
        if (status == 0)
                status = reported;
        if (status == 0 && c->stats.groups.total.n == 0) {
                clew_window_tell_empty(&c->window, view, &s);
                if (c->stats.of_steps && c->stats.n_keys > 1 && s.seen > 0)
                        clew_cli_note(c->cli, "a row is a step that has all of %s", c->by);
                if (c->output_flags.exit_status)
                        status = CLEW_EXIT_NOTHING;
        } else if (status == 0 && !clew_output_is_machine(&c->output)) {
                clew_window_tell_helpers(&c->window, &s);
        }
        clew_select_deinit(&s);
        return status;
}

/* Steps are chosen by the query itself; runs by the filter. */
static int make_stats(struct stats_command *c)
{
        struct clew_filter_flags flags = c->filter_flags;
        struct clew_filter_error where = {0};
        struct clew_error err = {0};
        int r;

        if (c->over_text &&
            (!clew_when_parse_length(c->over_text, &c->over_ns) || c->over_ns < 1000000)) {
                clew_cli_error(c->cli, "stats: --over takes a length of time such as 1h or 10m");
                return CLEW_EXIT_USAGE;
        }
        clew_buffer_init(&where.text, CLEW_QUERY_TEXT_MAX + 1);
        r = clew_stats_init(&c->stats, c->by, flags.query, c->over_ns, &err, &where);
        if (r < 0 && where.query.message[0])
                clew_cli_query_error(c->cli, "query error", clew_buffer_slice(&where.text),
                                     &where.query);
        else if (r < 0)
                clew_cli_error(c->cli, "stats: %s", err.message);
        clew_buffer_deinit(&where.text);
        if (r < 0)
                return CLEW_EXIT_USAGE;
        if (c->stats.of_steps)
                flags.query = NULL;
        r = clew_window_make(c->cli, &flags, &c->window_flags, CLEW_SINCE_DEFAULT, c->look.utc,
                             &c->filter, &c->window);
        c->window.flags = &c->filter_flags; /* what was asked for lives on */
        c->filter_flags.since = flags.since;
        if (c->stats.of_steps) /* a query may ask for steps of any trace */
                c->filter.runs = false;
        return r;
}

static int run_stats(struct stats_command *c)
{
        struct clew_view *view = NULL;
        int r = make_stats(c);

        if (r == 0)
                r = clew_output_init(&c->output, c->cli, &c->output_flags, "stats",
                                     clew_stats_fields);
        if (r == 0)
                r = clew_cli_view(c->cli, &view);
        if (r == 0) {
                clew_pager_start(c->cli, &c->display_flags);
                r = gather(c, view);
        }
        clew_output_deinit(&c->output);
        clew_stats_deinit(&c->stats);
        return r;
}

int clew_cmd_stats(struct clew_cli *cli, int argc, char **argv)
{
        struct stats_command c = {.cli = cli};
        struct clew_flag_set shared = {0};
        const struct clew_flag own[] = {
                {"by", 0, "KEYS", "agent, tool, model, service, outcome, cause, user, any field",
                 .ret_text = &c.by},
                {"sort", 0, "WORD",
                 "largest first: n, failed, result_errors, rate, p50, p95, p99, tokens, cost",
                 .ret_text = &c.sort},
                {"over", 0, "LENGTH", "apart for each 1h, 10m ... (step of a query's metrics)",
                 .ret_text = &c.over_text},
                {0},
        };
        struct clew_arguments args;
        int r;

        clew_filter_flags_add(&shared, &c.filter_flags);
        clew_window_flags_add(&shared, &c.window_flags, true);
        clew_output_flags_add(&shared, &c.output_flags);
        clew_display_flags_add(&shared, &c.display_flags);
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &args);
        if (r == 0)
                r = clew_filter_take_query(cli, &c.filter_flags, &args);
        if (r == 0)
                r = clew_look_init(&c.look, cli, &c.display_flags);
        if (r != 0)
                return r;
        if (!clew_series_wanted(c.filter_flags.query))
                return run_stats(&c);
        if (c.window_flags.all_time && !c.filter_flags.since)
                c.filter_flags.since = "all";
        return clew_series_run(cli, &c.filter_flags, &c.output_flags, &c.display_flags, &c.look,
                               c.over_text);
}
