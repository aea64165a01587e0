/*
 * clew compare: what runs of one selection have that those of another have not.
 *
 *     clew compare --failed            failed runs against those that ended well
 *     clew compare A                   runs that meet the query A against all others
 *     clew compare A B                 against those that meet B
 *     clew compare --by KEY [V W]      runs whose KEY is V against those where it is W
 *
 * Selection flags hold for both sides. What chance explains is not shown as a difference.
 */
#include "query/cli/compare-int.h"

#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/table.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define TABLE_ARENA_MAX ((size_t)64 << 20)

/* ---- table ------------------------------------------------------------------------------------
 */

static void put_share(struct clew_table *t, uint64_t n, uint64_t runs)
{
        char text[64];

        (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
        (void)snprintf(text, sizeof(text), "%.0f %%", runs ? 100 * (double)n / (double)runs : 0);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
}

static void put_row(struct clew_table *t, const struct clew_comparison_result *res,
                    const struct clew_feature *f)
{
        char text[64];
        double shares[2] = {(double)f->n[0] / (double)res->runs[0],
                            (double)f->n[1] / (double)res->runs[1]};

        clew_table_row(t);
        clew_table_cell(t, CLEW_TONE_STRONG, f->attribute);
        clew_table_cell(t, CLEW_TONE_PLAIN, f->value);
        put_share(t, f->n[0], res->runs[0]);
        put_share(t, f->n[1], res->runs[1]);
        (void)snprintf(text, sizeof(text), "%+.0f", 100 * (shares[0] - shares[1]));
        clew_table_cell_cstr(t, shares[0] > shares[1] ? CLEW_TONE_BAD : CLEW_TONE_GOOD, text);
        if (isinf(f->lift))
                (void)snprintf(text, sizeof(text), "only");
        else
                (void)snprintf(text, sizeof(text), "x%.3g", f->lift);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
        (void)snprintf(text, sizeof(text), f->rate < 0.0001 ? "<.0001" : "%.4f", f->rate);
        clew_table_cell_cstr(t, CLEW_TONE_DIM, text);
}

static int print_table(struct clew_compare_command *c, const struct clew_comparison_result *res)
{
        static const struct clew_column columns[] = {
                {.heading = "ATTRIBUTE", .give_way = 10},
                {.heading = "VALUE", .give_way = 10},
                {.heading = "A", .right = true},
                {.heading = "%", .right = true},
                {.heading = "B", .right = true},
                {.heading = "%", .right = true},
                {.heading = "DIFF", .right = true},
                {.heading = "LIFT", .right = true, .drop = 2},
                {.heading = "CHANCE", .right = true, .drop = 1},
        };
        uint64_t limit = c->output_flags.limit ? c->output_flags.limit : CLEW_ROWS_DEFAULT;
        uint32_t n = c->all ? res->n : res->n_told;
        CLEW_ARENA arena = {0};
        struct clew_table table;

        clew_arena_init(&arena, TABLE_ARENA_MAX);
        clew_window_tell(&c->window, "runs");
        clew_table_init(&table, &c->look, columns, CLEW_ARRAY_LEN(columns), &arena);
        for (uint32_t i = 0; i < n && i < limit; i++)
                put_row(&table, res, &res->features[i]);
        if (n > 0 && clew_table_print(&table, c->cli->out) < 0)
                return clew_cli_fail(c->cli, -ENOMEM, NULL);
        clew_cli_note(c->cli,
                      "A: %llu run%s%s, B: %llu run%s%s; %u feature%s tested, %u differ%s beyond "
                      "chance%s",
                      (unsigned long long)res->runs[0], res->runs[0] == 1 ? "" : "s",
                      c->contrast.cut[0] ? " (the newest)" : "", (unsigned long long)res->runs[1],
                      res->runs[1] == 1 ? "" : "s", c->contrast.cut[1] ? " (the newest)" : "",
                      res->n, res->n == 1 ? "" : "s", res->n_found, res->n_found == 1 ? "s" : "",
                      res->n_found == 0 && !c->all ? " (--all shows the rest)" : "");
        if (n < res->n_found)
                clew_cli_note(c->cli, "%u further bound%s of the same numbers left out (--all)",
                              res->n_found - n, res->n_found - n == 1 ? "" : "s");
        if (n > limit)
                clew_cli_note(c->cli, "%llu shown (-n N for more)", (unsigned long long)limit);
        clew_window_tell_left_out(&c->window, c->window.left_out);
        if (res->cut)
                clew_cli_note(c->cli, "more than %u features: some were not compared",
                              CLEW_COMPARISON_FEATURES_MAX);
        return 0;
}

static int print(struct clew_compare_command *c)
{
        struct clew_comparison_result res;
        uint64_t limit = c->output_flags.limit ? c->output_flags.limit : UINT64_MAX;
        int r = clew_comparison_finish(c->contrast.comparison, &res);

        if (r < 0)
                return clew_cli_fail(c->cli, r, NULL);
        for (unsigned side = 0; side < 2; side++) {
                if (res.runs[side] > 0)
                        continue;
                clew_cli_note(c->cli, "side %s has no run: there is nothing to compare%s",
                              side == 0 ? "A" : "B",
                              !c->window.by_default ? ""
                                                    : " in the last " CLEW_SINCE_DEFAULT
                                                      " (--since all looks at the whole "
                                                      "store)");
                return c->output_flags.exit_status ? CLEW_EXIT_NOTHING : 0;
        }
        if (clew_output_is_machine(&c->output)) {
                for (uint32_t i = 0; i < (c->all ? res.n : res.n_told) && i < limit && r == 0; i++)
                        r = clew_output_put(&c->output,
                                            &(struct clew_contrast_row){&res.features[i], &res});
        } else {
                r = print_table(c, &res);
        }
        if (r == 0 && res.n_found == 0 && c->output_flags.exit_status)
                r = CLEW_EXIT_NOTHING;
        return r;
}

/* ---- sides ------------------------------------------------------------------------------------
 */

int clew_compare_filter(struct clew_compare_command *c, const struct clew_filter_flags *flags,
                        struct clew_filter *ret)
{
        struct clew_filter_flags own = *flags;
        struct clew_window window;
        int status = clew_window_make(c->cli, &own, &c->window_flags, CLEW_SINCE_DEFAULT,
                                      c->look.utc, ret, &window);

        if (status == 0 && !c->window.cli) { /* the first one speaks for both */
                c->filter = *ret;
                c->window = window;
                c->window.filter = &c->filter;
                c->window.flags = &c->filter_flags;
        }
        return status;
}

static int add_side(struct clew_compare_command *c, unsigned side,
                    const struct clew_filter_flags *flags, bool others)
{
        struct clew_filter filter;
        struct clew_select s = {0};
        struct clew_error err = {0};
        int status = clew_compare_filter(c, flags, &filter);
        int r;

        if (status != 0)
                return status;
        clew_contrast_share(&c->contrast, side, &filter);
        r = clew_select_init(&s, c->view, &filter, c->cli->clock, NULL, &err);
        if (r >= 0)
                r = clew_contrast_add_side(&c->contrast, &s, side, others, CLEW_TRACE_ARENA_MAX,
                                           &err);
        status = r < 0 ? clew_cli_fail(c->cli, r, &err) : clew_filter_report(c->cli, &s);
        clew_contrast_spent(&c->contrast, &filter, &s);
        if (side == 0 || !others)
                c->window.left_out += s.helpers;
        clew_select_deinit(&s);
        return status;
}

static int add_sides(struct clew_compare_command *c, const char *const queries[2])
{
        struct clew_filter_flags a;
        struct clew_filter_flags b;
        int status;

        clew_contrast_sides(&c->filter_flags, queries[0], queries[1], &a, &b);
        status = add_side(c, 0, &a, false);
        if (status == 0 || status == CLEW_EXIT_PARTIAL) {
                int other = add_side(c, 1, &b, queries[0] && !queries[1]);

                status = status != 0 && other == 0 ? status : other;
        }
        return status;
}

static int check_arguments(struct clew_compare_command *c, const struct clew_arguments *args)
{
        if (c->by && (args->n == 1 || args->n > 2 || c->filter_flags.query)) {
                clew_cli_error(c->cli,
                               "compare --by KEY takes two values, or none for the two that "
                               "most runs have: clew compare --by service.version 1.4 1.5");
                return CLEW_EXIT_USAGE;
        }
        if (c->by)
                return 0;
        if (args->n > 2 || (args->n > 0 && c->filter_flags.query)) {
                clew_cli_error(c->cli, "compare takes two queries: clew compare '{ ... }' "
                                       "'{ ... }'");
                return CLEW_EXIT_USAGE;
        }
        if (args->n == 0 && !c->filter_flags.failed) {
                clew_cli_error(c->cli, "compare what? --failed compares failed runs with those "
                                       "that ended well; one query those that meet it with all "
                                       "others; two queries one with the other; --by "
                                       "KEY runs by its value");
                return CLEW_EXIT_USAGE;
        }
        return 0;
}

static int run(struct clew_compare_command *c, const struct clew_arguments *args)
{
        const char *queries[2] = {args->n > 0 ? args->values[0] : NULL,
                                  args->n > 1 ? args->values[1] : NULL};
        int r = clew_cli_view(c->cli, &c->view);

        if (r == 0 && c->by)
                r = clew_compare_live_sides(c, args->values, args->n, queries);
        if (r == 0 && c->by && !queries[0])
                return c->output_flags.exit_status ? CLEW_EXIT_NOTHING : 0;
        if (r != 0)
                return r;
        r = clew_contrast_init(&c->contrast);
        r = r == 0 ? add_sides(c, queries) : clew_cli_fail(c->cli, r, NULL);
        if (r == 0 && c->by)
                r = clew_compare_live(c, queries);
        if (r == 0 || r == CLEW_EXIT_PARTIAL || r == CLEW_EXIT_INTERRUPTED) {
                int printed;

                clew_pager_start(c->cli, &c->display_flags);
                printed = print(c);
                r = r != 0 ? r : printed;
        }
        clew_contrast_deinit(&c->contrast);
        return r;
}

int clew_cmd_compare(struct clew_cli *cli, int argc, char **argv)
{
        struct clew_compare_command c = {.cli = cli};
        struct clew_flag_set shared = {0};
        const struct clew_flag own[] = {
                {"by", 0, "KEY", "the sides are runs with two values of it, and how they did",
                 .ret_text = &c.by},
                {"all", 0, NULL, "also what chance explains", .ret_flag = &c.all},
                {0},
        };
        struct clew_arguments args;
        int r;

        clew_arena_init(&c.arena, TABLE_ARENA_MAX);
        clew_filter_flags_add(&shared, &c.filter_flags);
        clew_window_flags_add(&shared, &c.window_flags, true);
        clew_output_flags_add(&shared, &c.output_flags);
        clew_display_flags_add(&shared, &c.display_flags);
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &args);
        if (r == 0)
                r = check_arguments(&c, &args);
        if (r == 0)
                r = clew_look_init(&c.look, cli, &c.display_flags);
        if (r == 0)
                r = clew_output_init(&c.output, cli, &c.output_flags, "difference",
                                     clew_contrast_fields);
        if (r == 0)
                r = run(&c, &args);
        clew_output_deinit(&c.output);
        clew_arena_deinit(&c.arena);
        return r;
}
