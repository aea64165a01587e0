/*
 * clew compare --by: two versions in live traffic. How often each failed, and what a run took of
 * tokens, money and time, with intervals; then, as for any two selections, what else differs.
 */
#include "query/cli/compare-int.h"

#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/table.h"
#include "query/review/live.h"
#include "query/serve/stats.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define SIDES_ARENA_MAX ((size_t)256 << 20)
#define SHOWN_BYTES 160u

/* ---- sides -----------------------------------------------------------------------------------
 */

/* Keys that people type beside fields of the query language; others are attributes. */
static struct clew_slice field_of(struct clew_compare_command *c, const char *key)
{
        static const char *const words[] = {"agent",   "model",   "tool",  "user",
                                            "session", "outcome", "cause", "signature"};
        static const char *const scopes[] = {"span.",  "resource.",        "event.",
                                             "trace:", "instrumentation.", "."};

        if (strcmp(key, "service") == 0)
                return CLEW_SLICE_LITERAL("resource.service.name");
        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (strcmp(key, words[i]) == 0)
                        return clew_arena_printf(&c->arena, "span.clew.%s", key);
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(scopes); i++) {
                if (strncmp(key, scopes[i], strlen(scopes[i])) == 0)
                        return clew_slice_of_cstr(key);
        }
        return clew_arena_printf(&c->arena, ".%s", key);
}

static const char *query_of(struct clew_compare_command *c, struct clew_slice value)
{
        CLEW_BUFFER text = {0};

        clew_buffer_init(&text, CLEW_QUERY_TEXT_MAX + 1);
        clew_buffer_append_cstr(&text, "{ ");
        clew_buffer_append_slice(&text, field_of(c, c->by));
        clew_buffer_append_cstr(&text, " = \"");
        for (size_t i = 0; i < value.len; i++) {
                if (value.data[i] == '"' || value.data[i] == '\\')
                        clew_buffer_append_byte(&text, '\\');
                clew_buffer_append_byte(&text, value.data[i]);
        }
        clew_buffer_append_cstr(&text, "\" }");
        clew_buffer_append_byte(&text, 0);
        if (clew_buffer_error(&text) < 0)
                return NULL;
        return (const char *)clew_arena_copy(&c->arena, clew_buffer_slice(&text)).data;
}

/* Counts the runs of each value. */
static int count_values(struct clew_compare_command *c, struct clew_stats *stats)
{
        struct clew_filter filter;
        struct clew_select s = {0};
        struct clew_error err = {0};
        int status = clew_compare_filter(c, &c->filter_flags, &filter);
        int r;

        if (status != 0)
                return status;
        r = clew_stats_gather(stats, c->view, &filter, c->cli->clock, &s, &err);
        clew_select_deinit(&s); /* what was not readable is told with the sides */
        return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
}

/* The two that most runs have, the smaller text first: version 1.4 before 1.5. */
static int commonest(struct clew_compare_command *c, struct clew_slice ret[2])
{
        struct clew_stats stats;
        struct clew_filter_error where = {0};
        struct clew_error err = {0};
        struct clew_slice field = field_of(c, c->by);
        uint32_t n = 0;
        int r;

        clew_buffer_init(&where.text, CLEW_QUERY_TEXT_MAX + 1);
        field = clew_arena_printf(&c->arena, "%.*s", (int)field.len, (const char *)field.data);
        r = clew_stats_init(&stats, (const char *)field.data, NULL, 0, &err, &where);
        if (r < 0 && where.query.message[0])
                clew_cli_query_error(c->cli, "--by", clew_buffer_slice(&where.text), &where.query);
        else if (r < 0)
                clew_cli_error(c->cli, "compare: %s", err.message);
        r = r < 0 ? CLEW_EXIT_USAGE : count_values(c, &stats);
        for (uint32_t i = 0; r == 0 && i < stats.groups.n && n < 2; i++) {
                if (stats.groups.all[i]->keys[0].len > 0)
                        ret[n++] = clew_arena_copy(&c->arena, stats.groups.all[i]->keys[0]);
        }
        if (r == 0 && n < 2) {
                char shown[SHOWN_BYTES];

                clew_safe_cstr(clew_slice_of_cstr(c->by), shown, sizeof(shown));
                clew_cli_note(c->cli, "%s has %s: there is nothing to compare", shown,
                              n ? "one value alone" : "no value in these runs");
                ret[0] = ret[1] = CLEW_SLICE_NULL;
        }
        if (r == 0 && clew_slice_cmp(ret[0], ret[1]) > 0) {
                struct clew_slice first = ret[0];

                ret[0] = ret[1];
                ret[1] = first;
        }
        clew_stats_deinit(&stats);
        clew_buffer_deinit(&where.text);
        return r;
}

int clew_compare_live_sides(struct clew_compare_command *c, char *const *values, size_t n,
                            const char *ret_queries[2])
{
        struct clew_slice sides[2] = {CLEW_SLICE_NULL, CLEW_SLICE_NULL};
        int r = 0;

        for (size_t i = 0; i < n; i++)
                sides[i] = clew_slice_of_cstr(values[i]);
        if (n == 0)
                r = commonest(c, sides);
        if (r != 0 || (n == 0 && sides[0].len == 0))
                return r;
        for (size_t i = 0; r == 0 && i < 2; i++) {
                ret_queries[i] = query_of(c, sides[i]);
                if (!ret_queries[i])
                        r = clew_cli_fail(c->cli, -E2BIG, NULL);
        }
        return r;
}

/* ---- how they did ---------------------------------------------------------------------------
 */

static int gather(struct clew_compare_command *c, const struct clew_filter_flags *flags,
                  struct clew_live_side *side, struct clew_arena *arena)
{
        struct clew_filter filter;
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        int status = clew_compare_filter(c, flags, &filter);
        int r;

        if (status != 0)
                return status;
        r = clew_select_init(&s, c->view, &filter, c->cli->clock, NULL, &err);
        while (r >= 0 && (r = clew_select_next(&s, &t, &err)) == 1)
                r = clew_live_add(side, &t.summary, arena);
        if (r == -E2BIG)
                clew_cli_error(c->cli,
                               "compare: more than %u runs of one side: --since narrows "
                               "them",
                               CLEW_LIVE_RUNS_MAX);
        status = r == -E2BIG ? CLEW_EXIT_USAGE : r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
        clew_select_deinit(&s);
        return status;
}

static void put_mean(struct clew_table *t, double mean, bool money)
{
        char text[64];

        if (money)
                (void)snprintf(text, sizeof(text), "$%.4f", mean);
        else
                (void)snprintf(text, sizeof(text), "%.*f", mean < 100 ? 2 : 0, mean);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
}

static void put_measure(struct clew_table *t, const char *name,
                        const struct clew_live_difference *d, bool money)
{
        char text[64];

        if (!isfinite(d->a) || !isfinite(d->b))
                return;
        clew_table_row(t);
        clew_table_cell_cstr(t, CLEW_TONE_STRONG, name);
        put_mean(t, d->a, money);
        put_mean(t, d->b, money);
        (void)snprintf(text, sizeof(text), "%+.1f %%", d->a != 0 ? 100 * d->difference / d->a : 0);
        clew_table_cell_cstr(t,
                             !(d->interval.low > 0 || d->interval.high < 0) ? CLEW_TONE_PLAIN
                             : d->difference > 0                            ? CLEW_TONE_BAD
                                                                            : CLEW_TONE_GOOD,
                             text);
        if (isfinite(d->interval.low) && d->a != 0)
                (void)snprintf(text, sizeof(text), "%+.1f to %+.1f %%",
                               100 * d->interval.low / d->a, 100 * d->interval.high / d->a);
        else
                text[0] = '\0';
        clew_table_cell_cstr(t, CLEW_TONE_DIM, text);
}

static void put_rate(struct clew_table *t, const struct clew_live_comparison *l)
{
        char text[64];
        double rates[] = {l->rate_a, l->rate_b};

        clew_table_row(t);
        clew_table_cell_cstr(t, CLEW_TONE_STRONG, "failed");
        for (unsigned i = 0; i < 2; i++) {
                (void)snprintf(text, sizeof(text), "%.1f %%", 100 * rates[i]);
                clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
        }
        (void)snprintf(text, sizeof(text), "%+.1f points", 100 * l->difference);
        clew_table_cell_cstr(t,
                             !(l->p < 0.05)      ? CLEW_TONE_PLAIN
                             : l->difference > 0 ? CLEW_TONE_BAD
                                                 : CLEW_TONE_GOOD,
                             text);
        (void)snprintf(text, sizeof(text), "%+.1f to %+.1f, p %.3g", 100 * l->interval.low,
                       100 * l->interval.high, l->p);
        clew_table_cell_cstr(t, CLEW_TONE_DIM, text);
}

static int print_table(struct clew_compare_command *c, const char *const queries[2],
                       const struct clew_live_side sides[2], const struct clew_live_comparison *l)
{
        static const struct clew_column columns[] = {
                {.heading = ""},
                {.heading = "A", .right = true},
                {.heading = "B", .right = true},
                {.heading = "B - A", .right = true},
                {.heading = "95 %"},
        };
        CLEW_ARENA arena = {0};
        struct clew_table table;

        clew_arena_init(&arena, SIDES_ARENA_MAX);
        for (unsigned i = 0; i < 2; i++) {
                char shown[SHOWN_BYTES];

                clew_safe_cstr(clew_slice_of_cstr(queries[i]), shown, sizeof(shown));
                fprintf(c->cli->out, "%c  %s  %" PRIu64 " runs", 'A' + (int)i, shown, sides[i].n);
                if (sides[i].open)
                        fprintf(c->cli->out, ", %" PRIu64 " still open", sides[i].open);
                fputc('\n', c->cli->out);
        }
        clew_table_init(&table, &c->look, columns, CLEW_ARRAY_LEN(columns), &arena);
        put_rate(&table, l);
        put_measure(&table, "tokens a run", &l->measures[CLEW_LIVE_TOKENS], false);
        put_measure(&table, "cost a run", &l->measures[CLEW_LIVE_COST], true);
        put_measure(&table, "seconds a run", &l->measures[CLEW_LIVE_SECONDS], false);
        if (clew_table_print(&table, c->cli->out) < 0)
                return clew_cli_fail(c->cli, -ENOMEM, NULL);
        fprintf(c->cli->out, "B: %s\n\n", l->verdict);
        return 0;
}

/* A side without values has no mean. */
static void write_number(struct clew_json_writer *w, double value)
{
        if (isfinite(value))
                clew_json_write_double(w, value);
        else
                clew_json_write_null(w);
}

static void write_interval(struct clew_json_writer *w, const char *key,
                           const struct clew_interval *i)
{
        clew_json_write_key(w, key);
        clew_json_write_array_begin(w);
        write_number(w, i->low);
        write_number(w, i->high);
        clew_json_write_array_end(w);
}

static void write_side(struct clew_json_writer *w, const char *key, const char *query,
                       const struct clew_live_side *side, const struct clew_interval *i)
{
        clew_json_write_key(w, key);
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "query");
        clew_json_write_cstr(w, query);
        clew_json_write_key(w, "runs");
        clew_json_write_uint64(w, side->n);
        clew_json_write_key(w, "failed");
        clew_json_write_uint64(w, side->failed);
        clew_json_write_key(w, "open");
        clew_json_write_uint64(w, side->open);
        write_interval(w, "interval", i);
        clew_json_write_object_end(w);
}

static int print_json(struct clew_compare_command *c, const char *const queries[2],
                      const struct clew_live_side sides[2], const struct clew_live_comparison *l)
{
        static const char *const names[] = {"tokens", "cost_usd", "seconds"};
        struct clew_json_writer w = clew_output_begin(&c->output, "live");

        write_side(&w, "a", queries[0], &sides[0], &l->interval_a);
        write_side(&w, "b", queries[1], &sides[1], &l->interval_b);
        clew_json_write_key(&w, "difference");
        write_number(&w, l->difference);
        write_interval(&w, "interval", &l->interval);
        clew_json_write_key(&w, "p");
        write_number(&w, l->p);
        clew_json_write_key(&w, "verdict");
        clew_json_write_cstr(&w, l->verdict);
        for (unsigned m = 0; m < CLEW_LIVE_MEASURES; m++) {
                clew_json_write_key(&w, names[m]);
                clew_json_write_object_begin(&w);
                clew_json_write_key(&w, "a");
                write_number(&w, l->measures[m].a);
                clew_json_write_key(&w, "b");
                write_number(&w, l->measures[m].b);
                clew_json_write_key(&w, "difference");
                write_number(&w, l->measures[m].difference);
                write_interval(&w, "interval", &l->measures[m].interval);
                clew_json_write_object_end(&w);
        }
        return clew_output_end(&c->output, &w);
}

int clew_compare_live(struct clew_compare_command *c, const char *const queries[2])
{
        CLEW_ARENA arena = {0};
        struct clew_live_side sides[2] = {0};
        struct clew_filter_flags flags[2];
        struct clew_live_comparison live;
        int r = 0;

        if (c->output.tsv || c->output.ids)
                return 0; /* columns of what differs alone */
        clew_arena_init(&arena, SIDES_ARENA_MAX);
        clew_contrast_sides(&c->filter_flags, queries[0], queries[1], &flags[0], &flags[1]);
        for (unsigned i = 0; r == 0 && i < 2; i++)
                r = gather(c, &flags[i], &sides[i], &arena);
        if (r != 0 || sides[0].n == 0 || sides[1].n == 0)
                return r; /* the side without runs is told with what differs */
        clew_live_compare(&sides[0], &sides[1], &live);
        return c->output.json ? print_json(c, queries, sides, &live)
                              : print_table(c, queries, sides, &live);
}
