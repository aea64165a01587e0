/*
 * clew sessions: the selected traces grouped by session, the one with the newest trace first.
 */
#include "proto/base/hash.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/filter.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/table.h"

#include <errno.h>

/* Groups and their texts: 200 bytes each, so a million sessions. */
#define ARENA_MAX ((size_t)512 << 20)
#define BUCKETS 65536u /* a power of two */

struct session {
        struct session *next_in_bucket;
        struct session *next;
        struct clew_slice id;
        struct clew_slice user;
        struct clew_slice agent;
        struct clew_trace_id last_trace;
        uint64_t n_runs;
        uint64_t n_failed;
        uint64_t n_open;
        uint64_t first_ns;
        uint64_t last_ns;
        uint64_t tokens;
        double cost_usd;
        bool has_cost;
        struct clew_slice scores; /* of the session, from its newest run that has some: text */
        struct clew_summary_score *score_list;
        uint32_t n_scores;
};

struct sessions {
        struct clew_cli *cli;
        struct clew_look look;
        struct clew_arena arena;
        struct session **buckets;
        struct session *first;
        struct session *last;
        uint64_t n;
        uint64_t without;
        struct clew_output output;
        struct clew_filter_flags filter_flags;
        struct clew_output_flags output_flags;
        struct clew_display_flags display_flags;
};

static struct session *find(struct sessions *g, struct clew_slice id)
{
        struct session **bucket = &g->buckets[clew_hash(id) & (BUCKETS - 1)];
        struct session *s;

        for (s = *bucket; s; s = s->next_in_bucket) {
                if (clew_slice_eq(s->id, id))
                        return s;
        }
        s = clew_arena_calloc(&g->arena, 1, sizeof(*s));
        if (!s)
                return NULL;
        s->id = clew_arena_copy(&g->arena, id);
        s->next_in_bucket = *bucket;
        *bucket = s;
        if (g->last)
                g->last->next = s;
        else
                g->first = s;
        g->last = s;
        g->n++;
        return s;
}

static int keep_scores(struct sessions *g, struct session *s, const struct clew_summary *sum)
{
        CLEW_BUFFER text = {0};

        if (s->n_scores > 0 || sum->n_scores == 0)
                return 0;
        s->score_list = clew_arena_calloc(&g->arena, sum->n_scores, sizeof(*s->score_list));
        if (!s->score_list)
                return -ENOMEM;
        clew_buffer_init(&text, 1 << 16);
        for (uint32_t i = 0; i < sum->n_scores; i++) {
                struct clew_summary_score score = sum->scores[i];

                if (score.target != CLEW_SCORE_SESSION)
                        continue;
                clew_buffer_append_cstr(&text, s->n_scores ? ", " : "");
                clew_summary_score_brief(&score, &text);
                score.name = clew_arena_copy(&g->arena, score.name);
                score.label = clew_arena_copy(&g->arena, score.label);
                s->score_list[s->n_scores++] = score;
        }
        s->scores = clew_arena_copy(&g->arena, clew_buffer_slice(&text));
        return 0;
}

/* The walk is newest first, so the first trace of a session is its last run. @own: the session is
 * that of the whole run, not only of a part; tokens and cost count there. */
static int add_to(struct sessions *g, const struct clew_selected *t, struct clew_slice id, bool own)
{
        const struct clew_summary *sum = &t->summary;
        struct session *s = find(g, id);

        if (!s)
                return -ENOMEM;
        if (s->n_runs++ == 0) {
                s->last_ns = t->start_ns;
                s->last_trace = t->id;
                s->user = clew_arena_copy(&g->arena, sum->user);
                if (sum->n_agents > 0)
                        s->agent = clew_arena_copy(&g->arena, sum->agents[0].name);
        }
        if (s->user.len == 0)
                s->user = clew_arena_copy(&g->arena, sum->user);
        s->first_ns = t->start_ns;
        s->n_failed += (CLEW_OUTCOME_BIT(sum->outcome) & CLEW_OUTCOMES_FAILED) != 0;
        s->n_open += sum->outcome == CLEW_OUTCOME_OPEN;
        if (!own)
                return 0;
        s->tokens += sum->tokens.total;
        s->cost_usd += sum->cost_usd;
        s->has_cost = s->has_cost || sum->has_cost;
        return keep_scores(g, s, sum);
}

static int add(struct sessions *g, const struct clew_selected *t)
{
        const struct clew_summary *sum = &t->summary;
        const struct clew_name_filter names = {g->filter_flags.sessions.values,
                                               g->filter_flags.sessions.n};
        const struct clew_name_filter *wanted = &names;
        int r = 0;

        if (sum->session.len == 0 && sum->n_sessions == 0) {
                g->without++;
                return 0;
        }
        if (sum->session.len > 0 &&
            (wanted->n == 0 || clew_name_filter_matches(wanted, sum->session)))
                r = add_to(g, t, sum->session, true);
        for (uint32_t i = 0; i < sum->n_sessions && r == 0; i++) {
                if (wanted->n == 0 || clew_name_filter_matches(wanted, sum->sessions[i]))
                        r = add_to(g, t, sum->sessions[i], false);
        }
        return r;
}

/* ---- machine output -----------------------------------------------------------------------------
 */

static const struct session *of(const void *record)
{
        return record;
}

static void put_id(struct clew_json_writer *w, const void *r)
{
        clew_json_write_string(w, of(r)->id);
}

static void put_user(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->user);
}

static void put_agent(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->agent);
}

static void put_runs(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->n_runs);
}

static void put_failed(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->n_failed);
}

static void put_open(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->n_open);
}

static void put_first(struct clew_json_writer *w, const void *r)
{
        clew_write_time(w, of(r)->first_ns);
}

static void put_last(struct clew_json_writer *w, const void *r)
{
        clew_write_time(w, of(r)->last_ns);
}

static void put_last_trace(struct clew_json_writer *w, const void *r)
{
        clew_write_trace_id(w, &of(r)->last_trace);
}

static void put_tokens(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->tokens);
}

static void put_cost(struct clew_json_writer *w, const void *r)
{
        if (of(r)->has_cost)
                clew_json_write_double(w, of(r)->cost_usd);
        else
                clew_json_write_null(w);
}

static void put_scores(struct clew_json_writer *w, const void *r)
{
        struct clew_summary sum = {.n_scores = of(r)->n_scores};

        for (uint32_t i = 0; i < sum.n_scores; i++)
                sum.scores[i] = of(r)->score_list[i];
        clew_write_summary_scores(w, &sum, UINT32_MAX);
}

static const struct clew_record_field fields[] = {
        {"session", true, put_id},
        {"user", true, put_user},
        {"agent", true, put_agent},
        {"runs", true, put_runs},
        {"failed", true, put_failed},
        {"open", true, put_open},
        {"first_start", true, put_first},
        {"last_start", true, put_last},
        {"last_trace_id", true, put_last_trace},
        {"tokens_total", true, put_tokens},
        {"cost_usd", true, put_cost},
        {"scores", false, put_scores},
        {0},
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

        clew_table_init(&table, &g->look, columns, CLEW_ARRAY_LEN(columns), &g->arena);
        for (const struct session *s = g->first; s && n < limit; s = s->next, n++) {
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
        clew_cli_note(g->cli, "%llu of %llu sessions%s", (unsigned long long)n,
                      (unsigned long long)g->n, n < g->n ? " (-n N for more)" : "");
        return 0;
}

static int print(struct sessions *g)
{
        uint64_t limit = g->output_flags.limit;
        int r = 0;

        if (!clew_output_is_machine(&g->output)) {
                if (g->n == 0)
                        clew_cli_note(g->cli,
                                      "no session in the selected traces (%llu carry "
                                      "none); --since all looks at the whole store",
                                      (unsigned long long)g->without);
                else
                        r = print_table(g, limit ? limit : CLEW_ROWS_DEFAULT);
        } else {
                uint64_t n = 0;

                for (const struct session *s = g->first; s && r == 0; s = s->next) {
                        if (limit > 0 && n++ == limit)
                                break;
                        r = clew_output_put(&g->output, s);
                }
        }
        if (r == 0 && g->n == 0 && g->output_flags.exit_status)
                r = CLEW_EXIT_NOTHING;
        return r;
}

static int gather(struct sessions *g, struct clew_view *view, const struct clew_filter *filter)
{
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        int damage;
        int r;

        r = clew_select_init(&s, view, filter, g->cli->clock, NULL, &err);

        while (r >= 0 && (r = clew_select_next(&s, &t, &err)) == 1)
                r = add(g, &t);
        if (r == 0 && clew_arena_failed(&g->arena))
                r = -ENOMEM;
        r = r < 0 ? clew_cli_fail(g->cli, r, &err) : print(g);
        damage = clew_filter_report(g->cli, &s);
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
        clew_output_flags_add(&shared, &g.output_flags);
        clew_display_flags_add(&shared, &g.display_flags);
        r = clew_options_parse(cli, argc, argv, NULL, shared.flags, &args);
        if (r == 0)
                r = clew_look_init(&g.look, cli, &g.display_flags);
        if (r == 0)
                r = clew_filter_make(cli, &g.filter_flags, CLEW_SINCE_DEFAULT, g.look.utc, &filter);
        if (r == 0)
                r = clew_output_init(&g.output, cli, &g.output_flags, "session", fields);
        if (r == 0)
                r = clew_cli_view(cli, &view);
        if (r == 0) {
                clew_arena_init(&g.arena, ARENA_MAX);
                g.buckets = clew_arena_calloc(&g.arena, BUCKETS, sizeof(struct session *));
                clew_pager_start(cli, &g.display_flags);
                r = g.buckets ? gather(&g, view, &filter) : clew_cli_fail(cli, -ENOMEM, NULL);
                clew_arena_deinit(&g.arena);
        }
        clew_output_deinit(&g.output);
        return r;
}
