/*
 * clew diff: two runs, aligned step by step (query/serve/compare.h), on a page.
 */
#include "query/serve/compare.h"

#include "query/answer/safe.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/terminal.h"

#include <errno.h>
#include <string.h>

#define OUT_MAX_BYTES ((size_t)256 << 20)
/* Lines of one text that are compared; longer texts are compared as a whole. */
#define LINES_MAX 20000u
struct diff_command {
        struct clew_cli *cli;
        struct clew_look look;
        struct clew_output_flags output_flags;
        struct clew_display_flags display_flags;
        struct clew_output output;
        struct clew_compare runs;
        struct clew_buffer out;
        const char *only;
        bool stat;
        bool text;
};

/* --only: a kind of step or a part of one. */
static int read_only(struct diff_command *c)
{
        if (!c->only || clew_compare_only(&c->runs, c->only))
                return 0;
        clew_cli_error(c->cli, "diff: --only takes llm, tool, agent, step, input, output, calls, "
                               "arguments, result or error");
        return CLEW_EXIT_USAGE;
}

static int load(struct diff_command *c, const char *text, struct clew_compare_side *s)
{
        struct clew_target target;
        struct clew_trace_id id;
        struct clew_view *view = NULL;
        struct clew_error err = {0};
        uint32_t step;
        int r = clew_target_parse(text, &target, &err);

        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        r = clew_cli_resolve(c->cli, &target, &id);
        if (r == 0)
                r = clew_cli_view(c->cli, &view);
        if (r != 0)
                return r;
        r = clew_compare_load(s, view, &id, CLEW_TRACE_ARENA_MAX, &err);
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        return clew_lookup_step(&target, s->trace, &step, &err) == CLEW_LOOKUP_FOUND
                       ? 0
                       : clew_cli_fail(c->cli, -EINVAL, &err);
}

/* ---- people --------------------------------------------------------------------------------- */

static void put_side(struct diff_command *c, char name, const struct clew_compare_side *s)
{
        struct clew_selected t = {.id = s->trace->id, .summary.outcome = s->trace->outcome};
        char id[CLEW_SHORT_ID];
        char text[CLEW_WHEN_TEXT];

        clew_cli_short_id(c->cli, &s->trace->id, id);
        clew_when_length(
                s->trace->end_ns > s->trace->start_ns ? s->trace->end_ns - s->trace->start_ns : 0,
                text);
        clew_buffer_printf(&c->out, "%c  %s  %-7s %7s  %u step%s", name, id, clew_outcome_word(&t),
                           text, s->trace->n_steps, s->trace->n_steps == 1 ? "" : "s");
        clew_count_short(s->trace->tokens.total, "", text);
        clew_buffer_printf(&c->out, "  %s tokens", text);
        if (s->trace->has_cost) {
                clew_cost_short(s->trace->cost_usd, text);
                clew_buffer_printf(&c->out, "  %s", text);
        }
        clew_buffer_append_byte(&c->out, '\n');
}

static uint32_t number(const struct clew_compare_side *s, uint32_t step)
{
        return s->view.steps[step].number;
}

/* Columns of a setting's name and of A's value. */
#define SETTING_NAME_COLUMNS 24u
#define SETTING_VALUE_COLUMNS 24u

static void put_padded(struct diff_command *c, struct clew_slice text, unsigned columns)
{
        size_t used;

        text = text.len ? text : CLEW_SLICE_LITERAL("-");
        used = clew_safe_line(&c->out, text, columns, c->look.ascii);
        clew_buffer_printf(&c->out, "%*s", (int)(columns + 2 - used), "");
}

/* What the runs were set to, where that differs: before what they did. */
static void put_settings(struct diff_command *c)
{
        if (c->runs.n_settings == 0)
                return;
        clew_buffer_append_cstr(&c->out, "Set differently:\n");
        for (uint32_t i = 0; i < c->runs.n_settings; i++) {
                const struct clew_setting *s = &c->runs.settings[i];

                clew_buffer_append_cstr(&c->out, "  ");
                put_padded(c, s->name, SETTING_NAME_COLUMNS);
                put_padded(c, s->a, SETTING_VALUE_COLUMNS);
                clew_safe_line(&c->out, s->b.len ? s->b : CLEW_SLICE_LITERAL("-"), 200,
                               c->look.ascii);
                clew_buffer_append_byte(&c->out, '\n');
        }
}

static void put_stat(struct diff_command *c)
{
        const uint32_t *n = c->runs.diff.count;
        uint32_t all = c->runs.a.view.n_steps + c->runs.b.view.n_steps;
        uint32_t matched = 2 * (n[CLEW_DIFF_EQUAL] + n[CLEW_DIFF_CHANGED]);

        put_side(c, 'A', &c->runs.a);
        put_side(c, 'B', &c->runs.b);
        put_settings(c);
        clew_buffer_printf(&c->out,
                           "%u step%s equal, %u changed, %u only in A, %u only in B; %u %% of "
                           "steps matched.",
                           n[0], n[0] == 1 ? "" : "s", n[1], n[2], n[3],
                           all ? matched * 100 / all : 100);
        if (c->runs.diff.first < c->runs.diff.n) {
                const struct clew_diff_row *row = &c->runs.diff.rows[c->runs.diff.first];

                clew_buffer_append_cstr(&c->out, "\nFirst change:");
                if (row->a != CLEW_ALIGN_NONE)
                        clew_buffer_printf(&c->out, " A%u", number(&c->runs.a, row->a));
                if (row->b != CLEW_ALIGN_NONE)
                        clew_buffer_printf(&c->out, " B%u", number(&c->runs.b, row->b));
        }
        clew_buffer_append_byte(&c->out, '\n');
        if (c->runs.diff.gave_up)
                clew_buffer_append_cstr(&c->out, "The middle is too different to align; it is "
                                                 "shown as removed and added.\n");
}

static void put_line(struct diff_command *c, char sign, struct clew_slice text)
{
        size_t room = c->look.columns > 12 ? c->look.columns - 10 : 40;
        enum clew_tone tone = sign == '-' ? CLEW_TONE_BAD : CLEW_TONE_GOOD;

        clew_buffer_printf(&c->out, "        %s%c ", clew_look_begin(&c->look, tone), sign);
        clew_safe_line(&c->out, text, room, c->look.ascii);
        clew_buffer_printf(&c->out, "%s\n", clew_look_end(&c->look, tone));
}

static uint32_t split(struct clew_slice text, struct clew_slice *lines, uint64_t *hashes,
                      bool strict, bool *ret_cut)
{
        uint32_t n = 0;

        while (text.len && n < LINES_MAX) {
                const uint8_t *end = memchr(text.data, '\n', text.len);
                size_t len = end ? (size_t)(end - text.data) : text.len;

                lines[n] = clew_slice_make(text.data, len);
                hashes[n] = clew_diff_hash(lines[n], strict);
                n++;
                text = clew_slice_from(text, len + 1);
        }
        *ret_cut |= text.len > 0;
        return n;
}

/* A line diff of two texts; both in one line each when they are short. */
static void put_texts(struct diff_command *c, struct clew_slice a, struct clew_slice b)
{
        CLEW_ARENA arena = {0};
        struct clew_slice *lines;
        uint64_t *hashes;
        struct clew_alignment al;
        uint32_t n_a;
        uint32_t n_b;
        bool cut = false;

        if (!c->text || a.len + b.len < 100) {
                if (a.len)
                        put_line(c, '-', a);
                if (b.len)
                        put_line(c, '+', b);
                return;
        }
        clew_arena_init(&arena, (size_t)64 << 20);
        lines = clew_arena_calloc(&arena, 2u * LINES_MAX, sizeof(*lines));
        hashes = clew_arena_calloc(&arena, 2u * LINES_MAX, sizeof(*hashes));
        if (!lines || !hashes)
                return;
        n_a = split(a, lines, hashes, c->runs.strict, &cut);
        n_b = split(b, lines + LINES_MAX, hashes + LINES_MAX, c->runs.strict, &cut);
        if (clew_align(hashes, n_a, hashes + LINES_MAX, n_b, &arena, &al) < 0)
                return;
        for (uint32_t i = 0; i < al.n; i++) {
                if (al.pairs[i].b == CLEW_ALIGN_NONE)
                        put_line(c, '-', lines[al.pairs[i].a]);
                else if (al.pairs[i].a == CLEW_ALIGN_NONE)
                        put_line(c, '+', lines[LINES_MAX + al.pairs[i].b]);
        }
        if (al.gave_up)
                clew_buffer_append_cstr(&c->out, "          (too different to align)\n");
        if (cut)
                clew_buffer_printf(&c->out, "          ... lines beyond %u are not compared\n",
                                   LINES_MAX);
}

static void put_part(struct diff_command *c, const struct clew_diff_row *row, unsigned part)
{
        const struct clew_rca_step *a = &c->runs.a.view.steps[row->a];
        const struct clew_rca_step *b = &c->runs.b.view.steps[row->b];

        for (uint32_t nth = 0; nth < CLEW_COMPARE_TEXTS_MAX; nth++) {
                struct clew_slice x = clew_compare_text(&c->runs.a, a, part, nth);
                struct clew_slice y = clew_compare_text(&c->runs.b, b, part, nth);

                if (!x.len && !y.len)
                        return;
                if (clew_diff_hash(x, c->runs.strict) != clew_diff_hash(y, c->runs.strict))
                        put_texts(c, x, y);
        }
        clew_buffer_append_cstr(&c->out, "          ... and more texts, not compared\n");
}

static void put_parts(struct diff_command *c, const struct clew_diff_row *row)
{
        for (size_t i = 0; clew_compare_parts[i].word; i++) {
                if (row->parts & clew_compare_parts[i].bit &&
                    clew_compare_wants_part(&c->runs, clew_compare_parts[i].bit))
                        put_part(c, row, clew_compare_parts[i].bit);
        }
}

/* What a step that only one run has said or did, in a line. */
static void put_lone(struct diff_command *c, struct clew_compare_side *side,
                     const struct clew_rca_step *s, char sign)
{
        struct clew_slice text = s->text;

        if (s->kind == CLEW_RCA_TOOL)
                text = s->args.len ? s->args : s->result;
        else if (s->kind == CLEW_RCA_LLM && s->n_calls)
                text = clew_compare_text(side, s, CLEW_DIFF_CALLS, 0);
        if (text.len)
                put_line(c, sign, text);
}

static void put_step(struct diff_command *c, const struct clew_diff_row *row)
{
        static const char signs[] = "=~-+";
        struct clew_compare_side *side = row->a != CLEW_ALIGN_NONE ? &c->runs.a : &c->runs.b;
        const struct clew_rca_step *s =
                &side->view.steps[row->a != CLEW_ALIGN_NONE ? row->a : row->b];
        char where[32];

        if (row->a != CLEW_ALIGN_NONE && row->b != CLEW_ALIGN_NONE &&
            number(&c->runs.a, row->a) != number(&c->runs.b, row->b))
                snprintf(where, sizeof(where), "%u/%u", number(&c->runs.a, row->a),
                         number(&c->runs.b, row->b));
        else
                snprintf(where, sizeof(where), "%u", s->number);
        clew_buffer_printf(&c->out, "  %c %-9s %-5s ", signs[row->sign], where,
                           clew_compare_kind(s));
        clew_safe_line(&c->out,
                       s->kind == CLEW_RCA_LLM && s->agent_name.len ? s->agent_name : s->name, 32,
                       c->look.ascii);
        clew_buffer_append_cstr(&c->out, row->parts ? "  " : "");
        for (size_t i = 0; clew_compare_parts[i].word; i++) {
                if (row->parts & clew_compare_parts[i].bit)
                        clew_buffer_printf(&c->out, " %s", clew_compare_parts[i].word);
        }
        clew_buffer_append_byte(&c->out, '\n');
        if (row->sign == CLEW_DIFF_CHANGED)
                put_parts(c, row);
        else if (row->sign != CLEW_DIFF_EQUAL)
                put_lone(c, side, s, signs[row->sign]);
}

static void put_rows(struct diff_command *c)
{
        clew_buffer_append_byte(&c->out, '\n');
        for (uint32_t i = 0; i < c->runs.diff.n; i++) {
                const struct clew_diff_row *row = &c->runs.diff.rows[i];
                uint32_t run = i;

                if (!clew_compare_wants(&c->runs, row))
                        continue;
                while (row->sign == CLEW_DIFF_EQUAL && run + 1 < c->runs.diff.n &&
                       c->runs.diff.rows[run + 1].sign == CLEW_DIFF_EQUAL &&
                       clew_compare_wants(&c->runs, &c->runs.diff.rows[run + 1]))
                        run++;
                if (run == i) {
                        put_step(c, row);
                        continue;
                }
                clew_buffer_printf(&c->out, "  = %u-%u", number(&c->runs.a, row->a),
                                   number(&c->runs.a, c->runs.diff.rows[run].a));
                if (number(&c->runs.a, row->a) != number(&c->runs.b, row->b))
                        clew_buffer_printf(&c->out, " / %u-%u", number(&c->runs.b, row->b),
                                           number(&c->runs.b, c->runs.diff.rows[run].b));
                clew_buffer_append_byte(&c->out, '\n');
                i = run;
        }
}

/* ---- machines ------------------------------------------------------------------------------- */

static int put_json(struct diff_command *c)
{
        struct clew_json_writer w = clew_output_begin(&c->output, "diff");

        clew_compare_write(&c->runs, !c->stat, c->text, &w);
        return clew_output_end(&c->output, &w);
}

/* ---- the command ---------------------------------------------------------------------------- */

static int run(struct diff_command *c, const struct clew_arguments *args)
{
        int r = read_only(c);

        if (r == 0)
                r = load(c, args->values[0], &c->runs.a);

        if (r == 0)
                r = load(c, args->values[1], &c->runs.b);
        if (r != 0)
                return r;
        r = clew_compare_run(&c->runs);
        if (r < 0)
                return clew_cli_fail(c->cli, r, NULL);
        if (c->output.json) {
                r = put_json(c);
        } else {
                clew_pager_start(c->cli, &c->display_flags);
                put_stat(c);
                if (!c->stat)
                        put_rows(c);
                if (clew_buffer_error(&c->out))
                        return clew_cli_fail(c->cli, clew_buffer_error(&c->out), NULL);
                fwrite(c->out.data, 1, c->out.len, c->cli->out);
        }
        if (r == 0 && c->output_flags.exit_status &&
            (c->runs.diff.first < c->runs.diff.n || c->runs.n_settings > 0))
                r = CLEW_EXIT_NOTHING;
        return r;
}

int clew_cmd_diff(struct clew_cli *cli, int argc, char **argv)
{
        static const struct clew_record_field no_fields[] = {{0}};
        struct diff_command c = {.cli = cli};
        struct clew_flag_set shared = {0};
        const struct clew_flag own[] = {
                {"stat", 0, NULL, "only how much differs, and where first", .ret_flag = &c.stat},
                {"text", 0, NULL, "line by line within changed texts", .ret_flag = &c.text},
                {"only", 0, "KIND|PART", "llm, tool ... steps; or input, output, arguments ...",
                 .ret_text = &c.only},
                {"strict", 0, NULL, "compare ids and times of day too", .ret_flag = &c.runs.strict},
                {0},
        };
        struct clew_arguments args;
        int r;

        clew_output_flags_add_whole(&shared, &c.output_flags);
        clew_display_flags_add(&shared, &c.display_flags);
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &args);
        if (r != 0)
                return r;
        if (args.n != 2) {
                clew_cli_error(cli, "diff compares two traces: clew diff A B");
                return CLEW_EXIT_USAGE;
        }
        clew_buffer_init(&c.out, OUT_MAX_BYTES);
        r = clew_look_init(&c.look, cli, &c.display_flags);
        if (r == 0)
                r = clew_output_init(&c.output, cli, &c.output_flags, "diff", no_fields);
        if (r == 0)
                r = run(&c, &args);
        clew_output_deinit(&c.output);
        clew_buffer_deinit(&c.out);
        clew_compare_deinit(&c.runs);
        return r;
}
