/*
 * clew clusters: failed runs grouped by cause (query/serve/clusters.h), or the runs of one group.
 */
#include "query/serve/clusters.h"

#include "query/answer/safe.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/filter.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/table.h"
#include "query/cli/window.h"

#include <errno.h>
#include <string.h>

#define CLUSTERS_ARENA_MAX ((size_t)256 << 20) /* some millions of runs */

struct clusters_command {
        struct clew_cli *cli;
        struct clew_view *view;
        struct clew_look look;
        struct clew_filter_flags filter_flags;
        struct clew_window_flags window_flags;
        struct clew_window window;
        struct clew_output_flags output_flags;
        struct clew_display_flags display_flags;
        struct clew_output output;
        struct clew_arena arena;
        struct clew_clusters groups;
        uint32_t n;       /* runs of the one cluster that were shown */
        const char *name; /* show the runs of this cluster */
};

static const struct clew_column columns[] = {
        {.heading = "CLUSTER"},
        {.heading = "RUNS", .right = true},
        {.heading = "TREND", .drop = 1},
        {.heading = "LAST SEEN", .drop = 2},
        {.heading = "EXAMPLE"},
        {.heading = "RULE", .give_way = 12},
        {.heading = "WHAT", .give_way = 24, .below = true},
};

static int put_table(struct clusters_command *c)
{
        struct clew_table t;
        char text[CLEW_WHEN_TEXT];

        clew_table_init(&t, &c->look, columns, CLEW_ARRAY_LEN(columns), &c->arena);
        for (uint32_t i = 0; i < c->groups.n; i++) {
                const struct clew_cluster *x = &c->groups.items[i];

                if (c->output_flags.limit && i == c->output_flags.limit)
                        break;
                clew_table_row(&t);
                clew_cluster_name(x->hash, text);
                clew_table_cell_cstr(&t, CLEW_TONE_STRONG, text);
                snprintf(text, sizeof(text), "%u", x->count);
                clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, text);
                clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, clew_cluster_trend(x));
                clew_when_short(x->last_ns, clew_clock_unix_ns(c->cli->clock), c->look.utc, text);
                clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, text);
                clew_cli_short_id(c->cli, &x->example, text);
                clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, text);
                clew_table_cell(&t, CLEW_TONE_PLAIN,
                                x->rule.len ? x->rule : CLEW_SLICE_LITERAL("none found"));
                clew_table_cell(&t, CLEW_TONE_DIM, x->detail);
        }
        return clew_table_print(&t, c->cli->out) < 0 ? CLEW_EXIT_PARTIAL : 0;
}

static void tell_header(const struct clusters_command *c)
{
        clew_window_tell(&c->window, clew_filter_flags_choose_outcomes(&c->filter_flags)
                                             ? "runs"
                                             : "failed runs");
}

/* No group: nothing was in the window, or none of it failed. */
static void tell_empty(struct clusters_command *c, const struct clew_select *s)
{
        if (s->seen == 0 || s->helpers > 0 || clew_window_is_narrowed(&c->window)) {
                clew_window_tell_empty(&c->window, c->view, s);
                return;
        }
        clew_cli_note(c->cli,
                      "no failed run is among %llu: no verdict says so, and no error stands at the "
                      "top of one. %s why --all tells what looks odd in them",
                      (unsigned long long)s->seen, c->cli->self);
}

static int put(struct clusters_command *c, const struct clew_select *s)
{
        int r = 0;

        if (!clew_output_is_machine(&c->output) && c->groups.n == 0) {
                tell_empty(c, s);
        } else if (!clew_output_is_machine(&c->output)) {
                tell_header(c);
                r = put_table(c);
                clew_cli_note(c->cli, "%u cluster%s; the runs of one: %s clusters NAME",
                              c->groups.n, c->groups.n == 1 ? "" : "s", c->cli->self);
                clew_window_tell_helpers(&c->window, s);
        }
        for (uint32_t i = 0; r == 0 && clew_output_is_machine(&c->output) && i < c->groups.n; i++) {
                if (c->output_flags.limit && i == c->output_flags.limit)
                        break;
                r = clew_output_put(&c->output, &c->groups.items[i]);
        }
        if (c->groups.left_out)
                clew_cli_note(c->cli, "%u runs left out: more than %u clusters", c->groups.left_out,
                              CLEW_CLUSTERS_MAX);
        return r;
}

/* One run of the named cluster. */
static int put_member(struct clusters_command *c, struct clew_select *s, struct clew_selected *t)
{
        struct clew_error err = {0};
        char id[CLEW_TRACE_ID_HEX];
        char detail[160];
        int r = clew_cluster_has(s, t, c->name, &err);

        if (r <= 0)
                return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
        c->n++;
        if (clew_output_is_machine(&c->output))
                return clew_output_put(&c->output, t);
        if (c->n == 1)
                tell_header(c);
        clew_trace_id_to_hex(&t->id, id);
        fprintf(c->cli->out, "%s  %s\n", id,
                clew_safe_cstr(t->summary.cause.detail, detail, sizeof(detail)));
        return 0;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int walk(struct clusters_command *c, const struct clew_filter *filter)
{
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        int status = 0;
        int r = clew_select_init(&s, c->view, filter, c->cli->clock, NULL, &err);

        if (r >= 0 && !c->name)
                r = clew_clusters_gather(&c->groups, &s, &c->arena, &err);
        while (r >= 0 && c->name && (r = clew_select_next(&s, &t, &err)) == 1) {
                if (c->output_flags.limit && c->n == c->output_flags.limit)
                        break;
                status = put_member(c, &s, &t);
                if (status != 0)
                        break;
        }
        if (r < 0)
                status = clew_cli_fail(c->cli, r, &err);
        if (status == 0)
                status = clew_filter_report(c->cli, &s);
        if ((status == 0 || status == CLEW_EXIT_PARTIAL || status == CLEW_EXIT_INTERRUPTED) &&
            r >= 0 && !c->name) {
                int shown = put(c, &s);

                status = status != 0 ? status : shown;
        }
        clew_select_deinit(&s);
        return status;
}

static int run(struct clusters_command *c)
{
        struct clew_filter filter;
        int r = clew_window_make(c->cli, &c->filter_flags, &c->window_flags, CLEW_SINCE_DEFAULT,
                                 c->look.utc, &filter, &c->window);

        if (r != 0)
                return r;
        clew_window_widen(&c->window, c->view);
        if (!clew_filter_flags_choose_outcomes(&c->filter_flags))
                filter.outcomes = CLEW_OUTCOMES_FAILED;
        filter.light = CLEW_CLUSTERS_LIGHT;
        r = walk(c, &filter);
        if (r != 0)
                return r;
        if (c->name && c->n == 0)
                clew_cli_note(c->cli, "no run of this selection is in that cluster");
        c->n += c->groups.n;
        return r == 0 && c->n == 0 && c->output_flags.exit_status ? CLEW_EXIT_NOTHING : r;
}

int clew_cmd_clusters(struct clew_cli *cli, int argc, char **argv)
{
        struct clusters_command c = {.cli = cli};
        struct clew_flag_set shared = {0};
        struct clew_arguments args;
        int r;

        clew_filter_flags_add(&shared, &c.filter_flags);
        clew_window_flags_add(&shared, &c.window_flags, true);
        clew_output_flags_add(&shared, &c.output_flags);
        clew_display_flags_add(&shared, &c.display_flags);
        r = clew_options_parse(cli, argc, argv, NULL, shared.flags, &args);
        if (r != 0)
                return r;
        if (args.n > 1) {
                clew_cli_error(cli, "clusters takes one name at most");
                return CLEW_EXIT_USAGE;
        }
        c.name = args.n ? args.values[0] : NULL; /* then its runs are listed, as list does */
        clew_arena_init(&c.arena, CLUSTERS_ARENA_MAX);
        r = clew_look_init(&c.look, cli, &c.display_flags);
        if (r == 0)
                r = clew_output_init(&c.output, cli, &c.output_flags, c.name ? "trace" : "cluster",
                                     c.name ? clew_trace_fields : clew_cluster_fields);
        if (r == 0)
                r = clew_cli_view(cli, &c.view);
        if (r == 0) {
                clew_pager_start(cli, &c.display_flags);
                r = run(&c);
        }
        clew_output_deinit(&c.output);
        clew_arena_deinit(&c.arena);
        return r;
}
