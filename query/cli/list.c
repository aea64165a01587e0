/*
 * clew list: traces, newest first.
 *
 * The table goes to standard output, the sentence under it to standard error. What is not on the
 * page is said: how many more, and how to see them.
 */
#include "proto/base/mem.h"
#include "query/answer/facts.h"
#include "query/answer/safe.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/filter.h"
#include "query/cli/matches.h"
#include "query/cli/open.h"
#include "query/cli/outcome.h"
#include "query/cli/output.h"
#include "query/cli/table.h"
#include "query/cli/window.h"
#include "query/find/index/index.h"
#include "query/find/loose.h"
#include "query/serve/count.h"

#include <stdio.h>
#include <string.h>

/* The rows of one table: a kilobyte each, so a quarter of a million of them. */
#define TABLE_ARENA_MAX ((size_t)256 << 20)
/* Scores in one row. */
#define SCORES_SHOWN_MAX 3u

struct list {
        struct clew_cli *cli;
        struct clew_view *view;
        struct clew_look look;
        struct clew_filter filter;
        struct clew_filter_flags filter_flags;
        struct clew_window_flags window_flags;
        struct clew_window window;
        struct clew_output_flags output_flags;
        struct clew_display_flags display_flags;
        const char *after_text;
        struct clew_selected after;
        uint64_t limit;  /* 0 = all */
        bool all;        /* each trace by itself, also those that are no run */
        bool show_match; /* where texts stand, instead of its traces */
        bool count;      /* numbers of the selection instead of its traces */
        struct clew_output output;
        struct clew_table table;
        uint64_t n;
        struct clew_selected last; /* of the rows written; only its place */
        uint64_t n_failed;
        struct clew_trace_id failed; /* the newest of them that failed */
        uint64_t n_bare;             /* of them: without their texts */
        bool more;
};

static const struct clew_column columns[] = {
        {.heading = "TRACE"},
        {.heading = "START", .drop = 6},
        {.heading = "TOOK", .right = true, .drop = 5},
        {.heading = "RESULT"},
        {.heading = "STEPS", .right = true, .drop = 2},
        {.heading = "TOKENS", .right = true, .drop = 3},
        {.heading = "COST", .right = true, .drop = 4},
        {.heading = "AGENT", .give_way = 8},
        {.heading = "SCORE", .give_way = 8, .drop = 1},
        /* A rule and its step are read, or the column says nothing. */
        {.heading = "CAUSE", .give_way = 19},
};

static void put_number(struct clew_table *t, uint64_t n)
{
        char text[CLEW_WHEN_TEXT];

        if (n == 0) {
                clew_table_cell_cstr(t, CLEW_TONE_PLAIN, "");
                return;
        }
        clew_count_short(n, "", text);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
}

/* The cause that the rules found, else the error as reported. */
static void put_cause(struct clew_table *t, const struct clew_summary *s)
{
        const struct clew_summary_cause *c = &s->cause;
        char step[16] = "";
        char named[24];
        struct clew_slice detail = c->detail;

        if (CLEW_OUTCOME_BIT(s->outcome) &
            (CLEW_OUTCOMES_OK | CLEW_OUTCOME_BIT(CLEW_OUTCOME_CANCELLED))) {
                clew_table_cell_cstr(t, CLEW_TONE_PLAIN, ""); /* no failure to explain */
                return;
        }
        if (c->rule.len == 0) {
                clew_table_cell(t, CLEW_TONE_DIM, s->error);
                return;
        }
        if (c->step > 0)
                snprintf(step, sizeof(step), "  #%u", c->step);
        snprintf(named, sizeof(named), "Step %u ", c->step); /* said already */
        if (clew_slice_starts_with(detail, clew_slice_of_cstr(named)))
                detail = clew_slice_from(detail, strlen(named));
        clew_table_cell(t, CLEW_TONE_PLAIN,
                        clew_arena_printf(t->arena, "%.*s%s %.*s", (int)c->rule.len,
                                          (const char *)c->rule.data, step, (int)detail.len,
                                          (const char *)detail.data));
}

static void put_scores(struct clew_table *t, const struct clew_summary *s)
{
        CLEW_BUFFER text = {0};

        clew_buffer_init(&text, 4096);
        for (uint32_t i = 0; i < s->n_scores && i < SCORES_SHOWN_MAX; i++) {
                clew_buffer_append_cstr(&text, i ? ", " : "");
                clew_summary_score_brief(&s->scores[i], &text);
        }
        clew_table_cell(t, CLEW_TONE_PLAIN, clew_buffer_slice(&text));
}

static void put_row(struct list *l, const struct clew_selected *t)
{
        const struct clew_summary *s = &t->summary;
        char id[CLEW_TRACE_ID_HEX];
        char text[CLEW_WHEN_TEXT];

        clew_table_row(&l->table);
        clew_trace_id_to_hex(&t->id, id);
        clew_table_cell_cstr(&l->table, CLEW_TONE_STRONG, id);
        clew_when_short(t->start_ns, clew_clock_unix_ns(l->cli->clock), l->look.utc, text);
        clew_table_cell_cstr(&l->table, CLEW_TONE_PLAIN, text);
        clew_when_length(s->duration_ns, text);
        clew_table_cell_cstr(&l->table, CLEW_TONE_PLAIN, text);
        clew_table_cell_cstr(&l->table, clew_outcome_tone(s->outcome), clew_outcome_word(t));
        put_number(&l->table, s->n_steps);
        put_number(&l->table, s->tokens.total);
        text[0] = '\0';
        if (s->has_cost)
                clew_cost_short(s->cost_usd, text);
        clew_table_cell_cstr(&l->table, CLEW_TONE_PLAIN, text);
        clew_table_cell(&l->table, CLEW_TONE_AGENT, s->n_agents > 0 ? s->agents[0].name : s->name);
        put_scores(&l->table, s);
        put_cause(&l->table, s);
}

/* Ids were put in whole; they are shown with as many digits as tell all of them from every other id
 * of the store. Without memory they stay whole. */
static void cut_ids(struct list *l)
{
        size_t n = l->table.n_rows;
        CLEW_FREE struct clew_trace_id *ids = clew_calloc(n ? n : 1, sizeof(*ids));
        CLEW_FREE unsigned *digits = clew_calloc(n ? n : 1, sizeof(*digits));
        struct clew_error err = {0};
        unsigned most = CLEW_SHORT_DIGITS;
        size_t i = 0;

        if (!ids || !digits || n > UINT32_MAX)
                return;
        for (struct clew_table_row *row = l->table.first; row; row = row->next)
                (void)!clew_hex_decode(row->cells[0].text, ids[i++].bytes, CLEW_TRACE_ID_BYTES);
        if (clew_view_shortest(l->view, ids, (uint32_t)n, CLEW_SHORT_DIGITS, digits, &err) < 0)
                return;
        for (i = 0; i < n; i++)
                most = digits[i] > most ? digits[i] : most;
        for (struct clew_table_row *row = l->table.first; row; row = row->next) {
                row->cells[0].text.len = most;
                row->cells[0].columns = most;
        }
}

/* What came without a trace and names no run: it is stored, and in no list. */
static void tell_loose(struct list *l)
{
        struct clew_error err = {0};
        uint64_t n = 0;
        bool about = false;

        if (clew_loose_count(l->view, &n, &about, &err) < 0 || n == 0)
                return;
        clew_cli_note(l->cli,
                      "%s%llu log record%s of no run (start-up, settings): %s show 00000000 --logs",
                      about ? "about " : "", (unsigned long long)n, n == 1 ? " is" : "s are",
                      l->cli->self);
}

static void tell_header(struct list *l)
{
        clew_window_tell(&l->window, l->filter_flags.failed ? "failed traces"
                                     : l->filter_flags.open ? "open traces"
                                                            : "traces");
}

static void tell_end(struct list *l, const struct clew_select *s)
{
        char id[CLEW_SHORT_ID];
        char cursor[CLEW_CURSOR_TEXT];

        clew_cli_short_id(l->cli, l->n_failed > 0 ? &l->failed : &l->last.id, id);
        if (l->more) {
                clew_cursor_print(&l->last, cursor);
                clew_cli_note(l->cli, "%llu shown; for the next ones add --after %s",
                              (unsigned long long)l->n, cursor);
        } else if (!clew_output_is_machine(&l->output)) {
                clew_cli_note(l->cli, "%llu of %llu traces; next: %s %s %s",
                              (unsigned long long)l->n, (unsigned long long)(s->seen - s->helpers),
                              l->cli->self, l->n_failed > 0 ? "why" : "tree", id);
        }
}

static int walk(struct list *l, struct clew_select *s)
{
        struct clew_selected t;
        struct clew_error err = {0};
        int r;

        while ((r = clew_select_next(s, &t, &err)) == 1) {
                if (l->limit > 0 && l->n == l->limit) {
                        l->more = true;
                        return 0;
                }
                l->n++;
                if ((CLEW_OUTCOMES_FAILED & CLEW_OUTCOME_BIT(t.summary.outcome)) != 0 &&
                    l->n_failed++ == 0)
                        l->failed = t.id;
                l->n_bare += t.summary.left_out != CLEW_LEFT_OUT_NOTHING;
                l->last = (struct clew_selected){.id = t.id, .start_ns = t.start_ns};
                if (clew_output_is_machine(&l->output))
                        r = clew_output_put(&l->output, &t);
                else
                        put_row(l, &t);
                if (r > 1)
                        return r;
        }
        return r < 0 ? clew_cli_fail(l->cli, r, &err) : 0;
}

static int run(struct list *l)
{
        CLEW_ARENA arena = {0};
        struct clew_select s = {0};
        struct clew_error err = {0};
        bool machine = clew_output_is_machine(&l->output);
        int status;
        int damage;
        int r;

        clew_arena_init(&arena, TABLE_ARENA_MAX);
        clew_table_init(&l->table, &l->look, columns, CLEW_ARRAY_LEN(columns), &arena);
        r = clew_select_init(&s, l->view, &l->filter, l->cli->clock,
                             l->after_text ? &l->after : NULL, &err);
        status = r < 0 ? clew_cli_fail(l->cli, r, &err) : walk(l, &s);
        if (status == CLEW_EXIT_STORE && l->n > 0)
                status = CLEW_EXIT_PARTIAL; /* what was read before the damage is shown */
        if (!machine && l->n > 0) {
                tell_header(l);
                cut_ids(l);
                if (clew_table_print(&l->table, l->cli->out) < 0) {
                        clew_cli_error(l->cli, "too many rows for a table; use -n, or --tsv");
                        status = CLEW_EXIT_PARTIAL;
                }
        }
        damage = clew_filter_report(l->cli, &s);
        if (status == 0)
                status = damage;
        if (l->n > 0)
                tell_end(l, &s);
        else if (!machine && status == 0)
                clew_window_tell_empty(&l->window, l->view, &s);
        if (!machine && l->n > 0)
                clew_window_tell_helpers(&l->window, &s);
        if (!machine && l->n_bare > 0)
                clew_cli_note(l->cli, "%llu of these: a rule of retention left their texts out",
                              (unsigned long long)l->n_bare);
        if (!machine && !l->more)
                tell_loose(l);
        clew_select_deinit(&s);
        if (status == 0 && l->n == 0 && l->output_flags.exit_status)
                status = CLEW_EXIT_NOTHING;
        return status;
}

/* --count: what the selection adds up to. */
static int run_count(struct list *l)
{
        struct clew_select s = {0};
        struct clew_tally tally = {0};
        struct clew_error err = {0};
        int status = 0;
        int r = clew_count_gather(&tally, l->view, &l->filter, l->cli->clock,
                                  l->after_text ? &l->after : NULL, &s, &err);

        if (r < 0)
                status = clew_cli_fail(l->cli, r, &err);
        if (status == 0 && l->output.json) {
                struct clew_json_writer w = clew_output_begin(&l->output, "count");

                clew_tally_write(&tally, &w);
                status = clew_output_end(&l->output, &w);
        } else if (status == 0) {
                CLEW_BUFFER text = {0};

                clew_buffer_init(&text, 4096);
                clew_tally_brief(&tally, &text);
                tell_header(l);
                fwrite(text.data, 1, text.len, l->cli->out);
        }
        if (status == 0)
                status = clew_filter_report(l->cli, &s);
        clew_select_deinit(&s);
        if (status == 0 && tally.traces == 0 && l->output_flags.exit_status)
                status = CLEW_EXIT_NOTHING;
        return status;
}

int clew_cmd_list(struct clew_cli *cli, int argc, char **argv)
{
        struct list l = {.cli = cli};
        struct clew_flag_set shared = {0};
        const struct clew_flag own[] = {
                {"after", 0, "CURSOR", "continue behind this place (printed when -n cuts)",
                 .ret_text = &l.after_text},
                {"show-match", 0, NULL, "where the texts of -g and -G stand, with the words around",
                 .ret_flag = &l.show_match},
                {"all", 0, NULL, "also what holds no agent, model call or tool; each trace apart",
                 .ret_flag = &l.all},
                {"count", 0, NULL, "numbers of the selection: failures, loops, retries, waste",
                 .ret_flag = &l.count},
                {0},
        };
        struct clew_arguments args;
        int r;

        clew_filter_flags_add(&shared, &l.filter_flags);
        clew_window_flags_add(&shared, &l.window_flags, true);
        clew_output_flags_add(&shared, &l.output_flags);
        clew_display_flags_add(&shared, &l.display_flags);
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &args);
        if (r != 0)
                return r;
        r = clew_filter_take_query(cli, &l.filter_flags, &args);
        if (r != 0)
                return r;
        if (l.count && (l.output_flags.tsv || l.output_flags.ids || l.output_flags.limit)) {
                clew_cli_error(cli, "list --count prints text or --json, of the whole selection");
                return CLEW_EXIT_USAGE;
        }
        if (l.after_text && !clew_cursor_parse(l.after_text, &l.after)) {
                clew_cli_error(cli, "--after takes a cursor as list has printed it");
                return CLEW_EXIT_USAGE;
        }
        r = clew_look_init(&l.look, cli, &l.display_flags);
        if (r == 0)
                r = clew_window_make(cli, &l.filter_flags, &l.window_flags,
                                     l.after_text ? NULL : CLEW_SINCE_DEFAULT, l.look.utc,
                                     &l.filter, &l.window);
        l.filter.runs = l.filter.runs && !l.all;
        l.filter.apart = l.all;
        l.window.more = "--all";
        if (r == 0)
                r = clew_cli_view(cli, &l.view);
        if (r == 0 && l.show_match) {
                clew_pager_start(cli, &l.display_flags);
                return clew_matches_run(cli, l.view, &l.filter, l.after_text ? &l.after : NULL,
                                        &l.output_flags, &l.look);
        }
        if (r == 0)
                r = clew_output_init(&l.output, cli, &l.output_flags, "trace", clew_trace_fields);
        l.limit = l.output_flags.limit;
        if (r == 0 && l.count) {
                r = run_count(&l);
        } else if (r == 0) {
                if (l.limit == 0 && !clew_output_is_machine(&l.output))
                        l.limit = CLEW_ROWS_DEFAULT;
                clew_pager_start(cli, &l.display_flags);
                r = run(&l);
        }
        clew_output_deinit(&l.output);
        return r;
}
