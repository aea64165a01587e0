/*
 * clew show --tokens: how the token total of a trace comes about, line by line.
 */
#include "query/answer/brief.h"
#include "query/answer/trace-record.h"
#include "query/cli/output.h"
#include "query/cli/served.h"
#include "query/cli/show-int.h"

#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/table.h"
#include "query/model/ledger.h"

#include <errno.h>
#include <string.h>

/* A price file lists models; a megabyte holds ten thousand. */
#define PRICE_FILE_MAX ((size_t)1 << 20)

static const struct clew_column columns[] = {
        {.heading = "#", .right = true},
        {.heading = "KIND"},
        {.heading = "IN", .right = true},
        {.heading = "OUT", .right = true},
        {.heading = "CACHED", .right = true, .drop = 1},
        {.heading = "COST", .right = true, .drop = 3},
        {.heading = "BOOKED"},
        {.heading = "STEP", .give_way = 8},
        {.heading = "REMARK", .give_way = 10, .drop = 2},
};

static int read_prices(struct clew_show *v, struct clew_arena *arena, struct clew_prices **ret)
{
        char shown[200];
        CLEW_BUFFER text = {0};
        struct clew_error err = {0};
        FILE *file = clew_cli_open_input(v->price_file);
        uint8_t *room;
        int r;

        clew_buffer_init(&text, PRICE_FILE_MAX);
        if (!file && clew_served())
                return CLEW_EXIT_USAGE; /* it has been asked for */
        if (!file) {
                clew_cli_error(
                        v->cli, "--prices: cannot open %s: %s",
                        clew_safe_cstr(clew_slice_of_cstr(v->price_file), shown, sizeof(shown)),
                        strerror(errno));
                return CLEW_EXIT_USAGE;
        }
        while (!feof(file) && !ferror(file) && (room = clew_buffer_reserve(&text, 4096)))
                clew_buffer_commit(&text, fread(room, 1, 4096, file));
        clew_cli_close_input(file);
        r = clew_buffer_error(&text);
        if (r < 0) {
                clew_cli_error(v->cli, "--prices: the file is larger than %zu bytes",
                               PRICE_FILE_MAX);
                return CLEW_EXIT_USAGE;
        }
        r = clew_prices_parse(clew_arena_copy(arena, clew_buffer_slice(&text)), arena, ret, &err);
        if (r < 0) {
                clew_error_prefix(&err, "--prices: ");
                clew_cli_fail(v->cli, r, &err);
                return CLEW_EXIT_USAGE;
        }
        return 0;
}

static void put_number(struct clew_table *t, uint64_t n, bool present)
{
        char text[24] = "";

        if (present)
                snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
}

static void put_remark(struct clew_table *t, const struct clew_ledger_line *line)
{
        char text[96] = "";

        if (line->mismatch)
                snprintf(text, sizeof(text), "%llu below it",
                         (unsigned long long)line->below.total);
        else if (line->tokens.has & CLEW_TOKENS_ADJUSTED)
                snprintf(text, sizeof(text), "cache or reasoning added");
        clew_table_cell_cstr(t, CLEW_TONE_WARN, text);
}

static void put_line(struct clew_show *v, struct clew_table *t, const struct clew_ledger_line *line)
{
        const struct clew_step *s = &v->opened.trace->steps[line->step];
        const struct clew_tokens *k = &line->tokens;
        char text[CLEW_WHEN_TEXT];
        bool booked = line->booking == CLEW_BOOKED || line->booking == CLEW_BOOKED_ROLLUP;

        clew_table_row(t);
        snprintf(text, sizeof(text), "%u", line->step + 1);
        clew_table_cell_cstr(t, CLEW_TONE_STRONG, text);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, clew_kind_word(s->kind));
        put_number(t, k->in, (k->has & CLEW_TOKENS_IN) != 0);
        put_number(t, k->out, (k->has & CLEW_TOKENS_OUT) != 0);
        put_number(t, k->cache_read, (k->has & CLEW_TOKENS_CACHE_READ) != 0);
        text[0] = '\0';
        if (line->has_cost)
                clew_cost_short(line->cost_usd, text);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
        clew_table_cell_cstr(t, booked ? CLEW_TONE_PLAIN : CLEW_TONE_DIM,
                             clew_booking_name(line->booking));
        clew_table_cell(t, CLEW_TONE_PLAIN, clew_step_label(s));
        put_remark(t, line);
}

/* "1 roll-up differs", "2 roll-ups differ" */
static void tell_count(struct clew_show *v, uint32_t n, const char *one, const char *many)
{
        if (n > 0)
                clew_cli_note(v->cli, "%u %s", n, n == 1 ? one : many);
}

static void put_total(struct clew_show *v, const struct clew_ledger *ledger)
{
        const struct clew_tokens *k = &ledger->total;
        char cost[CLEW_WHEN_TEXT];

        clew_buffer_clear(&v->raw);
        clew_buffer_printf(&v->raw,
                           "%llu tokens: in %llu, out %llu, of these cached %llu, "
                           "reasoning %llu",
                           (unsigned long long)k->total, (unsigned long long)k->in,
                           (unsigned long long)k->out, (unsigned long long)k->cache_read,
                           (unsigned long long)k->reasoning);
        clew_show_token_parts(k, &v->raw);
        if (ledger->has_cost) {
                clew_cost_short(ledger->cost_usd, cost);
                clew_buffer_printf(&v->raw, "; cost %s", cost);
        }
        fputc('\n', v->cli->out);
        clew_page_words(&v->page, "total", clew_buffer_slice(&v->raw));
        tell_count(v, ledger->n_mismatches, "roll-up differs from the sum below it",
                   "roll-ups differ from the sum below them");
        tell_count(v, ledger->n_without_usage, "model call reports no usage: the total misses it",
                   "model calls report no usage: the total misses them");
}

static int print_json(struct clew_show *v, const struct clew_ledger *ledger)
{
        const struct clew_output_flags flags = {.json = true};
        struct clew_output out;
        int r = clew_output_init(&out, v->cli, &flags, "ledger", NULL);

        for (uint32_t i = 0; r == 0 && i < ledger->n; i++) {
                const struct clew_ledger_line *line = &ledger->lines[i];
                struct clew_json_writer w = clew_output_begin(&out, "ledger");

                clew_json_write_key(&w, "trace_id");
                clew_write_trace_id(&w, &v->opened.id);
                clew_json_write_key(&w, "step");
                clew_json_write_uint64(&w, line->step + 1);
                clew_json_write_key(&w, "booking");
                clew_json_write_cstr(&w, clew_booking_name(line->booking));
                clew_json_write_key(&w, "tokens");
                clew_write_tokens(&w, &line->tokens);
                clew_json_write_key(&w, "mismatch");
                clew_json_write_bool(&w, line->mismatch);
                clew_json_write_key(&w, "cost_usd");
                if (line->has_cost)
                        clew_json_write_double(&w, line->cost_usd);
                else
                        clew_json_write_null(&w);
                r = clew_output_end(&out, &w);
        }
        if (r == 0) {
                struct clew_json_writer w = clew_output_begin(&out, "ledger-total");

                clew_json_write_key(&w, "trace_id");
                clew_write_trace_id(&w, &v->opened.id);
                clew_json_write_key(&w, "tokens");
                clew_write_tokens(&w, &ledger->total);
                clew_json_write_key(&w, "cost_usd");
                if (ledger->has_cost)
                        clew_json_write_double(&w, ledger->cost_usd);
                else
                        clew_json_write_null(&w);
                r = clew_output_end(&out, &w);
        }
        clew_output_deinit(&out);
        return r;
}

int clew_show_tokens(struct clew_show *v)
{
        struct clew_prices *prices = NULL;
        struct clew_ledger ledger;
        struct clew_table table;
        int r = v->price_file ? read_prices(v, &v->scratch, &prices) : 0;

        if (r != 0)
                return r;
        r = clew_ledger_build(v->opened.trace, prices, &v->scratch, &ledger);
        if (r < 0)
                return clew_cli_fail(v->cli, r, NULL);
        if (v->json)
                return print_json(v, &ledger);
        clew_table_init(&table, &v->look, columns, CLEW_ARRAY_LEN(columns), &v->scratch);
        for (uint32_t i = 0; i < ledger.n; i++)
                put_line(v, &table, &ledger.lines[i]);
        r = clew_table_print(&table, v->cli->out);
        if (r < 0)
                return clew_cli_fail(v->cli, r, NULL);
        put_total(v, &ledger);
        return 0;
}
