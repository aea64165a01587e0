/*
 * clew attrs: the attributes that the selected traces carry, or the values of one.
 *
 * Keys come with the scope that a query writes before them, so that a line can be copied into one.
 */
#include "query/serve/attrs.h"
#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/filter.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/table.h"
#include "query/cli/window.h"
#include "query/serve/stats.h"

#include <errno.h>
#include <string.h>

#define TABLE_ARENA_MAX ((size_t)256 << 20)

struct attrs {
        struct clew_cli *cli;
        struct clew_look look;
        struct clew_filter filter;
        struct clew_filter_flags filter_flags;
        struct clew_window_flags window_flags;
        struct clew_window window;
        struct clew_output_flags output_flags;
        struct clew_display_flags display_flags;
        struct clew_output output;
        struct clew_view *view;
        bool each; /* of the names of lists that were sent piece by piece */
};

/* ---- keys -------------------------------------------------------------------------------------
 */

static void put_row(struct clew_table *t, const struct clew_attribute_key *key)
{
        struct clew_slice parts[] = {clew_slice_of_cstr(key->scope), key->name};
        char text[CLEW_WHEN_TEXT];

        clew_table_row(t);
        clew_table_cell(t, CLEW_TONE_STRONG, clew_arena_concat(t->arena, parts, 2));
        clew_table_cell_cstr(t, CLEW_TONE_DIM, clew_attribute_type(key));
        clew_count_short(key->n, "", text);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
        clew_count_short(key->traces, "", text);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
        if (key->many)
                (void)snprintf(text, sizeof(text), "many");
        else
                clew_count_short(key->n_values, "", text);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
        clew_table_cell(t, CLEW_TONE_PLAIN, key->example);
}

static int print_keys(struct attrs *a, const struct clew_attributes *all)
{
        static const struct clew_column columns[] = {
                {.heading = "ATTRIBUTE", .give_way = 16},
                {.heading = "TYPE", .drop = 2},
                {.heading = "N", .right = true},
                {.heading = "TRACES", .right = true, .drop = 3},
                {.heading = "VALUES", .right = true},
                {.heading = "EXAMPLE", .give_way = 8, .drop = 1},
        };
        uint64_t limit = a->output_flags.limit;
        uint32_t n = limit > 0 && limit < all->n ? (uint32_t)limit : all->n;
        CLEW_ARENA arena = {0};
        struct clew_table table;
        int r = 0;

        if (clew_output_is_machine(&a->output)) {
                for (uint32_t i = 0; i < n && r == 0; i++)
                        r = clew_output_put(&a->output, all->all[i]);
                return r;
        }
        if (n == 0)
                return 0;
        clew_window_tell(&a->window, "attributes of traces");
        clew_arena_init(&arena, TABLE_ARENA_MAX);
        clew_table_init(&table, &a->look, columns, CLEW_ARRAY_LEN(columns), &arena);
        for (uint32_t i = 0; i < n; i++)
                put_row(&table, all->all[i]);
        if (clew_table_print(&table, a->cli->out) < 0)
                return clew_cli_fail(a->cli, -ENOMEM, NULL);
        clew_cli_note(
                a->cli,
                "%u attribute%s%s%s%s; values of one: %s attrs NAME; those that Clew derives: "
                "clew help query",
                all->n, all->n == 1 ? "" : "s", all->cut ? " (more were left out)" : "",
                n < all->n ? " (-n N for more)" : "",
                all->joined ? ", .N. is any number (--each)" : "", a->cli->self);
        return 0;
}

static int list_keys(struct attrs *a)
{
        struct clew_attributes all;
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        int status;
        int reported;
        int r = clew_attributes_init(&all);

        all.joined = !a->each && !clew_output_is_machine(&a->output);
        if (r == 0)
                r = clew_select_init(&s, a->view, &a->filter, a->cli->clock, NULL, &err);
        while (r >= 0 && (r = clew_select_next(&s, &t, &err)) == 1) {
                struct clew_trace_data data;

                r = clew_select_open(&s, &t, &data, &err);
                if (r == 0)
                        r = clew_attributes_add(&all, data.traces);
                else if (r == -ENOENT) /* deleted meanwhile */
                        r = 0;
        }
        if (r == 0)
                r = clew_attributes_finish(&all);
        status = r < 0 ? clew_cli_fail(a->cli, r, &err) : print_keys(a, &all);
        reported = clew_filter_report(a->cli, &s);
        if (status == 0 && all.n == 0) {
                clew_window_tell_empty(&a->window, a->view, &s);
                status = a->output_flags.exit_status ? CLEW_EXIT_NOTHING : 0;
        }
        clew_select_deinit(&s);
        clew_attributes_deinit(&all);
        return status != 0 ? status : reported;
}

/* ---- values of one ----------------------------------------------------------------------------
 */

static int print_values(struct attrs *a, const struct clew_stats *stats)
{
        static const struct clew_column columns[] = {
                {.heading = "VALUE", .give_way = 16},
                {.heading = "N", .right = true},
                {.heading = "FAILED", .right = true},
        };
        const struct clew_groups *g = &stats->groups;
        uint64_t limit = a->output_flags.limit                ? a->output_flags.limit
                         : clew_output_is_machine(&a->output) ? UINT64_MAX
                                                              : CLEW_ROWS_DEFAULT;
        CLEW_ARENA arena = {0};
        struct clew_table table;
        int r = 0;

        clew_arena_init(&arena, TABLE_ARENA_MAX);
        if (!clew_output_is_machine(&a->output) && g->n > 0)
                clew_window_tell(&a->window, "values");
        clew_table_init(&table, &a->look, columns, CLEW_ARRAY_LEN(columns), &arena);
        for (uint32_t i = 0; r == 0 && i < g->n && i < limit; i++) {
                struct clew_value_row row = {g->all[i]->keys[0], g->all[i]->n, g->all[i]->failed};
                char text[CLEW_WHEN_TEXT] = "";

                if (clew_output_is_machine(&a->output)) {
                        r = clew_output_put(&a->output, &row);
                        continue;
                }
                clew_table_row(&table);
                if (row.value.len > 0)
                        clew_table_cell(&table, CLEW_TONE_STRONG, row.value);
                else
                        clew_table_cell_cstr(&table, CLEW_TONE_DIM, "(none)");
                clew_count_short(row.n, "", text);
                clew_table_cell_cstr(&table, CLEW_TONE_PLAIN, text);
                text[0] = '\0';
                if (row.failed > 0)
                        clew_count_short(row.failed, "", text);
                clew_table_cell_cstr(&table, CLEW_TONE_BAD, text);
        }
        if (r != 0 || clew_output_is_machine(&a->output))
                return r;
        if (g->n == 0)
                return 0;
        if (clew_table_print(&table, a->cli->out) < 0)
                return clew_cli_fail(a->cli, -ENOMEM, NULL);
        clew_cli_note(a->cli, "%u value%s in %llu %s%s%s", g->n, g->n == 1 ? "" : "s",
                      (unsigned long long)g->total.n, stats->of_steps ? "step" : "run",
                      g->total.n == 1 ? "" : "s", g->n > limit ? " (-n N for more)" : "");
        return 0;
}

static int list_values(struct attrs *a, const char *name)
{
        CLEW_BUFFER field = {0};
        struct clew_stats stats;
        struct clew_select s = {0};
        struct clew_error err = {0};
        int status;
        int reported;
        int r;

        clew_buffer_init(&field, 65536);
        r = clew_attribute_field(name, &field);
        if (r < 0)
                return clew_cli_fail(a->cli, r, NULL);
        r = clew_stats_init(&stats, (const char *)field.data, NULL, 0, &err, NULL);
        if (r < 0) {
                clew_cli_error(a->cli, "attrs: %s", err.message);
                clew_stats_deinit(&stats);
                return CLEW_EXIT_USAGE;
        }
        r = clew_stats_gather(&stats, a->view, &a->filter, a->cli->clock, &s, &err);
        status = r < 0 ? clew_cli_fail(a->cli, r, &err) : print_values(a, &stats);
        reported = clew_filter_report(a->cli, &s);
        if (status == 0 && stats.groups.n == 0) {
                if (s.selected == 0)
                        clew_window_tell_empty(&a->window, a->view, &s);
                else
                        clew_cli_note(a->cli,
                                      "none of %llu trace%s has it; %s attrs lists what there is",
                                      (unsigned long long)s.selected, s.selected == 1 ? "" : "s",
                                      a->cli->self);
                status = a->output_flags.exit_status ? CLEW_EXIT_NOTHING : 0;
        }
        clew_select_deinit(&s);
        clew_stats_deinit(&stats);
        return status != 0 ? status : reported;
}

int clew_cmd_attrs(struct clew_cli *cli, int argc, char **argv)
{
        struct attrs a = {.cli = cli};
        const struct clew_flag own[] = {
                {"each", 0, NULL, "every name, where others are one row with .N. for numbers",
                 .ret_flag = &a.each},
                {0},
        };
        struct clew_flag_set shared = {0};
        struct clew_arguments args;
        int r;

        clew_filter_flags_add(&shared, &a.filter_flags);
        clew_window_flags_add(&shared, &a.window_flags, false);
        clew_output_flags_add(&shared, &a.output_flags);
        clew_display_flags_add(&shared, &a.display_flags);
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &args);
        if (r != 0)
                return r;
        if (args.n > 1) {
                clew_cli_error(cli, "attrs takes one name; a query goes behind --query");
                return CLEW_EXIT_USAGE;
        }
        r = clew_look_init(&a.look, cli, &a.display_flags);
        if (r == 0)
                r = clew_window_make(cli, &a.filter_flags, &a.window_flags, CLEW_SINCE_DEFAULT,
                                     a.look.utc, &a.filter, &a.window);
        a.filter.runs = false; /* helpers have attributes, too */
        a.filter.plain = args.n == 0;
        if (r == 0)
                r = clew_output_init(&a.output, cli, &a.output_flags,
                                     args.n > 0 ? "value" : "attribute",
                                     args.n > 0 ? clew_value_fields : clew_attribute_fields);
        if (r == 0)
                r = clew_cli_view(cli, &a.view);
        if (r == 0) {
                clew_pager_start(cli, &a.display_flags);
                r = args.n > 0 ? list_values(&a, args.values[0]) : list_keys(&a);
        }
        clew_output_deinit(&a.output);
        return r;
}
