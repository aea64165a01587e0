/*
 * clew experiment list and show: which experiments there are, and what one of them gave.
 */
#include "query/cli/experiment-int.h"

#include "proto/base/utf8.h"
#include "query/answer/review-record.h"
#include "query/answer/when.h"
#include "query/cli/open.h"
#include "query/cli/table.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A cell of our own. */
#define CELL_BYTES 64u
/* Of a question, in a row. */
#define QUESTION_BYTES 400u

static int put_line(struct clew_experiment_command *c, const char *type,
                    const struct clew_record_field *fields, const void *record)
{
        CLEW_BUFFER line = {0};
        struct clew_json_writer w = clew_json_writer_make(&line, 0);

        clew_buffer_init(&line, 8 * CLEW_EXPERIMENT_OUTPUT_MAX);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, type);
        clew_record_write_all(&w, fields, record);
        clew_json_write_object_end(&w);
        clew_buffer_append_byte(&line, '\n');
        if (clew_buffer_error(&line) < 0)
                return clew_cli_fail(c->cli, clew_buffer_error(&line), NULL);
        fwrite(line.data, 1, line.len, c->cli->out);
        return 0;
}

/* ---- all ------------------------------------------------------------------------------------ */

/* An experiment with its results counted. */
struct row {
        struct clew_experiment e;
        uint32_t passed;
};

struct listing {
        struct clew_experiment_command *c;
        struct clew_view *view;
        struct row *rows;
        uint32_t n;
        uint32_t room;
};

static int take(const struct clew_experiment *head, void *context)
{
        struct listing *l = context;
        CLEW_ARENA arena = {0}; /* its results are many */
        struct clew_experiment e;
        struct clew_error err = {0};
        struct row *row;
        int r;

        if (l->n == l->room) {
                uint32_t room = l->room ? 2 * l->room : 64;
                struct row *more = clew_arena_calloc(&l->c->arena, room, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                if (l->n)
                        memcpy(more, l->rows, l->n * sizeof(*more));
                l->rows = more;
                l->room = room;
        }
        clew_arena_init(&arena, CLEW_EXPERIMENT_ARENA_MAX);
        r = clew_experiment_load(l->view, head->name, &arena, &e, &err);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        row = &l->rows[l->n++];
        *row = (struct row){.e = *head};
        row->e.name = clew_arena_copy(&l->c->arena, head->name);
        row->e.dataset = clew_arena_copy(&l->c->arena, head->dataset);
        row->e.command = clew_arena_copy(&l->c->arena, head->command);
        row->e.n = e.n;
        for (uint32_t i = 0; i < e.n; i++)
                row->passed += e.results[i].passed;
        return clew_arena_failed(&l->c->arena) ? -ENOMEM : 0;
}

static int by_time(const void *a, const void *b)
{
        const struct row *x = a;
        const struct row *y = b;

        if (x->e.time_ns != y->e.time_ns)
                return x->e.time_ns < y->e.time_ns ? 1 : -1;
        return clew_slice_cmp(x->e.name, y->e.name);
}

static const struct clew_column list_columns[] = {
        {.heading = "EXPERIMENT", .give_way = 12},
        {.heading = "DATASET", .give_way = 8},
        {.heading = "BEGAN", .drop = 3},
        {.heading = "RESULTS", .right = true, .drop = 2},
        {.heading = "PASSED", .right = true},
        {.heading = "COMMAND", .give_way = 10, .drop = 1},
};

static int print_list(struct clew_experiment_command *c, const struct listing *l)
{
        uint64_t now = clew_clock_unix_ns(c->cli->clock);
        struct clew_table t;

        clew_table_init(&t, &c->look, list_columns, CLEW_ARRAY_LEN(list_columns), &c->arena);
        for (uint32_t i = 0; i < l->n; i++) {
                const struct row *row = &l->rows[i];
                char when[CLEW_WHEN_TEXT];
                char text[CELL_BYTES];

                clew_table_row(&t);
                clew_table_cell(&t, CLEW_TONE_STRONG, row->e.name);
                clew_table_cell(&t, CLEW_TONE_PLAIN, row->e.dataset);
                clew_when_short(row->e.time_ns, now, c->look.utc, when);
                clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, when);
                snprintf(text, sizeof(text), "%u of %" PRIu64, row->e.n,
                         row->e.n_items * row->e.repeat);
                clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, text);
                text[0] = '\0';
                if (row->e.n)
                        snprintf(text, sizeof(text), "%.1f %%", 100.0 * row->passed / row->e.n);
                clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, text);
                clew_table_cell(&t, CLEW_TONE_DIM, row->e.command);
        }
        return clew_table_print(&t, c->cli->out);
}

int clew_experiment_list(struct clew_experiment_command *c)
{
        struct listing l = {.c = c};
        struct clew_error err = {0};
        int r = clew_cli_view(c->cli, &l.view);

        if (r != 0)
                return r;
        r = clew_experiment_each(l.view, take, &l, &err);
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        if (l.n == 0) {
                clew_cli_note(c->cli,
                              "no experiment yet: %s experiment run NAME --dataset D@V --cmd "
                              "'./agent'",
                              c->cli->self);
                return 0;
        }
        qsort(l.rows, l.n, sizeof(*l.rows), by_time);
        if (!c->json) {
                r = print_list(c, &l);
                return r < 0 ? clew_cli_fail(c->cli, r, NULL) : 0;
        }
        for (uint32_t i = 0; r == 0 && i < l.n; i++) {
                CLEW_ARENA arena = {0};
                struct clew_experiment e;

                clew_arena_init(&arena, CLEW_EXPERIMENT_ARENA_MAX);
                r = clew_experiment_load(l.view, l.rows[i].e.name, &arena, &e, &err);
                r = r < 0 ? clew_cli_fail(c->cli, r, &err)
                          : put_line(c, "experiment", clew_experiment_fields, &e);
        }
        return r;
}

/* ---- one ------------------------------------------------------------------------------------ */

static const struct clew_column show_columns[] = {
        {.heading = "CASE"},
        {.heading = "TRY", .right = true, .drop = 5},
        {.heading = "RESULT"},
        {.heading = "TOOK", .right = true, .drop = 6},
        {.heading = "TOKENS", .right = true, .drop = 4},
        {.heading = "COST", .right = true, .drop = 3},
        {.heading = "SCORE", .right = true, .drop = 7},
        {.heading = "TRACE", .drop = 2},
        {.heading = "QUESTION", .give_way = 16, .drop = 1},
        {.heading = "WHY", .give_way = 20},
};

/* Empty when the case is not there any more. */
struct clew_slice clew_experiment_question(struct clew_experiment_command *c,
                                           const struct clew_content_id *id,
                                           struct clew_arena *arena)
{
        CLEW_BUFFER body = {0};
        struct clew_error err = {0};
        struct clew_item item;
        struct clew_view *view;

        clew_buffer_init(&body, CLEW_ITEM_BYTES_MAX);
        if (clew_cli_view(c->cli, &view) != 0 || clew_dataset_body(view, id, &body, &err) < 0 ||
            clew_item_read(clew_buffer_slice(&body), arena, &item) < 0)
                return CLEW_SLICE_NULL;
        return clew_arena_copy(arena, clew_utf8_cut(clew_item_question(&item), QUESTION_BYTES));
}

/* @format is that of one double; nothing of what was not told. */
#define PUT_NUMBER(t, format, value)                                                               \
        do {                                                                                       \
                char number[CELL_BYTES] = "";                                                      \
                                                                                                   \
                if (isfinite(value))                                                               \
                        snprintf(number, sizeof(number), format, value);                           \
                clew_table_cell_cstr(t, CLEW_TONE_PLAIN, number);                                  \
        } while (0)

static int put_result(struct clew_experiment_command *c, const struct clew_experiment *e,
                      const struct clew_result *r, struct clew_table *t)
{
        CLEW_ARENA arena = {0};
        char item[CLEW_CONTENT_ID_HEX];
        char trace[CLEW_TRACE_ID_HEX];
        char text[CELL_BYTES] = "";

        clew_arena_init(&arena, CLEW_ITEM_ARENA_MAX);
        clew_content_id_to_hex(&r->item, item);
        clew_trace_id_to_hex(&r->trace_id, trace);
        item[12] = '\0'; /* as elsewhere: enough to name it */
        trace[8] = '\0';
        clew_table_row(t);
        clew_table_cell_cstr(t, CLEW_TONE_STRONG, item);
        if (e->repeat > 1)
                snprintf(text, sizeof(text), "%" PRIu64, r->repeat + 1);
        clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
        clew_table_cell_cstr(t, r->passed ? CLEW_TONE_GOOD : CLEW_TONE_BAD,
                             r->passed ? "pass" : "FAIL");
        PUT_NUMBER(t, "%.1fs", (double)r->duration_ns / 1e9);
        PUT_NUMBER(t, "%.0f", r->tokens);
        PUT_NUMBER(t, "$%.4g", r->cost_usd);
        PUT_NUMBER(t, "%.3g", r->score);
        clew_table_cell_cstr(t, CLEW_TONE_DIM, trace);
        clew_table_cell(t, CLEW_TONE_PLAIN, clew_experiment_question(c, &r->item, &arena));
        clew_table_cell(t, CLEW_TONE_PLAIN, r->why);
        return t->failed ? -ENOMEM : 0;
}

int clew_experiment_show(struct clew_experiment_command *c)
{
        struct clew_experiment e;
        struct clew_table t;
        uint64_t passed = 0;
        int r;

        if (c->args.n != 2) {
                clew_cli_error(c->cli, "clew experiment show NAME");
                return CLEW_EXIT_USAGE;
        }
        r = clew_experiment_open(c, c->args.values[1], &e);
        for (uint32_t i = 0; r == 0 && c->json && i < e.n; i++)
                r = put_line(c, "result", clew_result_fields, &e.results[i]);
        if (r != 0 || c->json)
                return r;
        clew_table_init(&t, &c->look, show_columns, CLEW_ARRAY_LEN(show_columns), &c->arena);
        for (uint32_t i = 0; r == 0 && i < e.n; i++)
                r = put_result(c, &e, &e.results[i], &t);
        if (r == 0)
                r = clew_table_print(&t, c->cli->out);
        if (r < 0)
                return clew_cli_fail(c->cli, r, NULL);
        for (uint32_t i = 0; i < e.n; i++)
                passed += e.results[i].passed;
        clew_experiment_tell_passed(c, passed, e.n);
        return 0;
}
