/*
 * See matches.h.
 */
#include "query/cli/matches.h"

#include "proto/base/utf8.h"
#include "query/cli/filter.h"
#include "query/cli/table.h"

#include <errno.h>
#include <string.h>

#define ARENA_MAX ((size_t)256 << 20)
/* Matches of one trace: on a screen the first ones tell; programs get more. */
#define SHOWN_MAX 5u
#define WRITTEN_MAX 1000u
/* Bytes shown on either side of a match, and of a long match itself. */
#define BEFORE_BYTES 30u
#define AROUND_BYTES 80u
#define MATCH_BYTES_MAX 400u

struct match {
        const struct clew_selected *trace;
        const struct clew_step *step;
        uint32_t number;
        struct clew_slice part;
        struct clew_slice text; /* with what is around it */
        size_t at;              /* of the match in `text` */
        size_t len;
};

struct matches {
        struct clew_cli *cli;
        struct clew_output output;
        struct clew_table table;
        struct clew_arena arena;
        const struct clew_selected *trace;
        uint32_t of_trace;
        uint64_t n;
        uint64_t limit;
        int status;
};

static const struct match *of(const void *record)
{
        return record;
}

static void put_trace(struct clew_json_writer *w, const void *r)
{
        clew_write_trace_id(w, &of(r)->trace->id);
}

static void put_step(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->number);
}

static void put_span(struct clew_json_writer *w, const void *r)
{
        clew_write_span_id(w, &of(r)->step->span.span_id);
}

static void put_kind(struct clew_json_writer *w, const void *r)
{
        clew_json_write_cstr(w, clew_kind_name(of(r)->step->kind));
}

static void put_name(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->step->name);
}

static void put_part(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->part);
}

static void put_text(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->text);
}

static void put_match(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, clew_slice_make(of(r)->text.data + of(r)->at, of(r)->len));
}

static const struct clew_record_field fields[] = {
        {"trace_id", true, put_trace}, {"step", true, put_step}, {"span_id", true, put_span},
        {"kind", true, put_kind},      {"name", true, put_name}, {"part", true, put_part},
        {"match", true, put_match},    {"text", true, put_text}, {0},
};

/* @text cut to what is near the match, at whole characters. */
static void cut(struct match *m, struct clew_slice text, size_t from, size_t to, size_t before)
{
        size_t len = to - from < MATCH_BYTES_MAX ? to - from : MATCH_BYTES_MAX;
        size_t begin = from > before ? from - before : 0;
        size_t end = text.len - from - len > AROUND_BYTES ? from + len + AROUND_BYTES : text.len;

        while (begin < from && (text.data[begin] & 0xc0) == 0x80)
                begin++;
        while (end > from + len && end < text.len && (text.data[end] & 0xc0) == 0x80)
                end--;
        m->text = clew_slice_make(text.data + begin, end - begin);
        m->at = from - begin;
        m->len = len;
}

static void put_row(struct matches *c, const struct match *m)
{
        char id[CLEW_TRACE_ID_HEX];
        struct clew_slice parts[3] = {CLEW_SLICE_NULL, m->text, CLEW_SLICE_NULL};

        clew_trace_id_to_hex(&m->trace->id, id);
        id[8] = '\0';
        clew_table_row(&c->table);
        clew_table_cell(&c->table, CLEW_TONE_STRONG,
                        clew_arena_printf(&c->arena, "%s#%u", id, m->number));
        clew_table_cell(&c->table, CLEW_TONE_PLAIN, m->step->name);
        clew_table_cell(&c->table, CLEW_TONE_DIM, m->part);
        parts[0] = m->at >= BEFORE_BYTES - 4 ? CLEW_SLICE_LITERAL("…") : CLEW_SLICE_NULL;
        clew_table_cell(&c->table, CLEW_TONE_PLAIN, clew_arena_concat(&c->arena, parts, 3));
}

static int on_match(void *context, const struct clew_trace *trace, uint32_t step,
                    const struct clew_query_place *place)
{
        struct matches *c = context;
        bool machine = clew_output_is_machine(&c->output);
        struct match m = {.trace = c->trace,
                          .step = &trace->steps[step],
                          .number = step + 1,
                          .part = place->part};

        cut(&m, place->text, place->from, place->to, machine ? AROUND_BYTES : BEFORE_BYTES);
        c->n++;
        if (machine)
                c->status = clew_output_put(&c->output, &m);
        else
                put_row(c, &m);
        return c->status != 0 || ++c->of_trace == (machine ? WRITTEN_MAX : SHOWN_MAX);
}

static int walk(struct matches *c, struct clew_select *s)
{
        struct clew_selected t;
        struct clew_error err = {0};
        uint64_t n = 0;
        int r;

        while (c->status == 0 && (r = clew_select_next(s, &t, &err)) == 1) {
                if (c->limit > 0 && n++ == c->limit) {
                        clew_cli_note(c->cli, "%llu traces shown (-n N for more)",
                                      (unsigned long long)c->limit);
                        return 0;
                }
                c->trace = &t;
                c->of_trace = 0;
                for (uint32_t i = 0; i < s->filter->n_queries; i++)
                        clew_query_places(s->runs[i], on_match, c);
        }
        return c->status != 0 ? c->status : r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
}

int clew_matches_run(struct clew_cli *cli, struct clew_view *view, const struct clew_filter *filter,
                     const struct clew_selected *after, const struct clew_output_flags *flags,
                     const struct clew_look *look)
{
        static const struct clew_column columns[] = {
                {.heading = "STEP"},
                {.heading = "NAME", .give_way = 8, .drop = 1},
                {.heading = "PART", .give_way = 10, .drop = 2},
                {.heading = "TEXT", .give_way = 24},
        };
        struct matches c = {.cli = cli, .limit = flags->limit};
        struct clew_select s = {0};
        struct clew_error err = {0};
        int reported;
        int r = clew_output_init(&c.output, cli, flags, "match", fields);

        if (r != 0)
                return r;
        clew_arena_init(&c.arena, ARENA_MAX);
        clew_table_init(&c.table, look, columns, CLEW_ARRAY_LEN(columns), &c.arena);
        if (c.limit == 0 && !clew_output_is_machine(&c.output))
                c.limit = CLEW_ROWS_DEFAULT;
        r = clew_select_init(&s, view, filter, cli->clock, after, &err);
        r = r < 0 ? clew_cli_fail(cli, r, &err) : walk(&c, &s);
        if (c.n > 0 && !clew_output_is_machine(&c.output) &&
            clew_table_print(&c.table, cli->out) < 0)
                r = clew_cli_fail(cli, -ENOMEM, NULL);
        reported = clew_filter_report(cli, &s);
        if (r == 0 && reported == 0 && c.n == 0)
                clew_cli_note(cli,
                              "no text matches; --show-match goes with -g, -G and span.clew.text");
        if (r == 0 && c.n == 0 && flags->exit_status)
                r = CLEW_EXIT_NOTHING;
        clew_select_deinit(&s);
        clew_output_deinit(&c.output);
        clew_arena_deinit(&c.arena);
        return r != 0 ? r : reported;
}
