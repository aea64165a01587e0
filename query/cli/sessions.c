/*
 * clew sessions: the selected traces grouped by session (query/serve/sessions.h).
 */
#include "query/serve/sessions.h"

#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/filter.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/table.h"
#include "query/cli/window.h"

#include <errno.h>

/* Groups and their texts: 200 bytes each, so a million sessions. */
#define ARENA_MAX ((size_t)512 << 20)

struct sessions {
        struct clew_cli *cli;
        struct clew_look look;
        struct clew_arena arena;
        struct clew_sessions groups;
        struct clew_output output;
        struct clew_filter_flags filter_flags;
        struct clew_window_flags window_flags;
        struct clew_window window;
        struct clew_output_flags output_flags;
        struct clew_display_flags display_flags;
};

/* ---- people -------------------------------------------------------------------------------------
 */

static const struct clew_column columns[] = {
        {.heading = "SESSION", .give_way = 12},
        {.heading = "LAST RUN", .drop = 7},
        {.heading = "RUNS", .right = true},
        {.heading = "FAILED", .right = true},
        {.heading = "OPEN", .right = true, .drop = 6},
        {.heading = "TOKENS", .right = true, .drop = 4},
        {.heading = "COST", .right = true, .drop = 5},
        {.heading = "AGENT", .give_way = 8, .drop = 2},
        {.heading = "USER", .give_way = 8, .drop = 3},
        {.heading = "SCORE", .give_way = 8, .drop = 1},
};

static void put_count(struct clew_table *t, uint64_t n, enum clew_tone tone)
{
        char text[CLEW_WHEN_TEXT] = "";

        if (n > 0)
                clew_count_short(n, "", text);
        clew_table_cell_cstr(t, tone, text);
}

static int print_table(struct sessions *g, uint64_t limit)
{
        struct clew_table table;
        uint64_t n = 0;

        clew_window_tell(&g->window, "sessions");
        clew_table_init(&table, &g->look, columns, CLEW_ARRAY_LEN(columns), &g->arena);
        for (const struct clew_session *s = g->groups.first; s && n < limit; s = s->next, n++) {
                char text[CLEW_WHEN_TEXT];

                clew_table_row(&table);
                clew_table_cell(&table, CLEW_TONE_STRONG, s->id);
                clew_when_short(s->last_ns, clew_clock_unix_ns(g->cli->clock), g->look.utc, text);
                clew_table_cell_cstr(&table, CLEW_TONE_PLAIN, text);
                put_count(&table, s->n_runs, CLEW_TONE_PLAIN);
                put_count(&table, s->n_failed, CLEW_TONE_BAD);
                put_count(&table, s->n_open, CLEW_TONE_WARN);
                put_count(&table, s->tokens, CLEW_TONE_PLAIN);
                text[0] = '\0';
                if (s->has_cost)
                        clew_cost_short(s->cost_usd, text);
                clew_table_cell_cstr(&table, CLEW_TONE_PLAIN, text);
                clew_table_cell(&table, CLEW_TONE_AGENT, s->agent);
                clew_table_cell(&table, CLEW_TONE_PLAIN, s->user);
                clew_table_cell(&table, CLEW_TONE_PLAIN, s->scores);
        }
        if (clew_table_print(&table, g->cli->out) < 0)
                return clew_cli_fail(g->cli, -ENOMEM, NULL);
        if (g->groups.more)
                clew_cli_note(g->cli, "the newest %llu session%s (-n N for more)",
                              (unsigned long long)n, n == 1 ? "" : "s");
        else
                clew_cli_note(g->cli, "%llu of %llu session%s%s", (unsigned long long)n,
                              (unsigned long long)g->groups.n, g->groups.n == 1 ? "" : "s",
                              n < g->groups.n ? " (-n N for more)" : "");
        return 0;
}

static void tell_empty(struct sessions *g, struct clew_view *view, const struct clew_select *s)
{
        if (g->groups.without == 0)
                clew_window_tell_empty(&g->window, view, s);
        else
                clew_cli_note(g->cli, "none of the %llu selected runs names a session%s",
                              (unsigned long long)g->groups.without,
                              g->filter_flags.since ? ""
                                                    : "; --since all looks at the whole store");
}

static int print(struct sessions *g, struct clew_view *view, const struct clew_select *selected)
{
        uint64_t limit = g->output_flags.limit;
        int r = 0;

        if (!clew_output_is_machine(&g->output)) {
                if (g->groups.n == 0)
                        tell_empty(g, view, selected);
                else
                        r = print_table(g, limit ? limit : CLEW_ROWS_DEFAULT);
        } else {
                uint64_t n = 0;

                for (const struct clew_session *s = g->groups.first; s && r == 0; s = s->next) {
                        if (limit > 0 && n++ == limit)
                                break;
                        r = clew_output_put(&g->output, s);
                }
        }
        if (r == 0 && g->groups.n == 0 && g->output_flags.exit_status)
                r = CLEW_EXIT_NOTHING;
        return r;
}

static int gather(struct sessions *g, struct clew_view *view, struct clew_filter *filter)
{
        const struct clew_name_filter only = {g->filter_flags.sessions.values,
                                              g->filter_flags.sessions.n};
        uint64_t limit = g->output_flags.limit;
        struct clew_select s = {0};
        struct clew_error err = {0};
        int damage;
        int r;

        if (limit == 0 && !clew_output_is_machine(&g->output))
                limit = CLEW_ROWS_DEFAULT;
        filter->plain = true;
        r = clew_select_init(&s, view, filter, g->cli->clock, NULL, &err);

        if (r >= 0)
                r = clew_sessions_gather(&g->groups, &s, only, limit, &g->arena, &err);
        r = r < 0 ? clew_cli_fail(g->cli, r, &err) : print(g, view, &s);
        damage = clew_filter_report(g->cli, &s);
        if (r == 0 && g->groups.n > 0 && !clew_output_is_machine(&g->output))
                clew_window_tell_helpers(&g->window, &s);
        clew_select_deinit(&s);
        return r != 0 ? r : damage;
}

int clew_cmd_sessions(struct clew_cli *cli, int argc, char **argv)
{
        struct sessions g = {.cli = cli};
        struct clew_flag_set shared = {0};
        struct clew_filter filter;
        struct clew_view *view = NULL;
        struct clew_arguments args;
        int r;

        clew_filter_flags_add(&shared, &g.filter_flags);
        clew_window_flags_add(&shared, &g.window_flags, true);
        clew_output_flags_add(&shared, &g.output_flags);
        clew_display_flags_add(&shared, &g.display_flags);
        r = clew_options_parse(cli, argc, argv, NULL, shared.flags, &args);
        if (r == 0)
                r = clew_look_init(&g.look, cli, &g.display_flags);
        if (r == 0)
                r = clew_window_make(cli, &g.filter_flags, &g.window_flags, CLEW_SINCE_DEFAULT,
                                     g.look.utc, &filter, &g.window);
        if (r == 0)
                r = clew_output_init(&g.output, cli, &g.output_flags, "session",
                                     clew_session_fields);
        if (r == 0)
                r = clew_cli_view(cli, &view);
        if (r == 0) {
                clew_arena_init(&g.arena, ARENA_MAX);
                clew_pager_start(cli, &g.display_flags);
                r = gather(&g, view, &filter);
                clew_arena_deinit(&g.arena);
        }
        clew_output_deinit(&g.output);
        return r;
}
