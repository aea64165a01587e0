/*
 * clew diff: two runs, aligned step by step.
 */
#include "query/rca/diff.h"
#include "query/rca/settings.h"

#include "query/answer/safe.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/terminal.h"

#include "proto/base/utf8.h"

#include <string.h>

#define OUT_MAX_BYTES ((size_t)256 << 20)
/* Lines of one text that are compared; longer texts are compared as a whole. */
#define LINES_MAX 20000u
/* Texts of one part of a step that are compared: calls of one answer, new messages. */
#define TEXTS_MAX 64u
/* Of one text in --json --text; the spans have the rest. */
#define JSON_TEXT_MAX ((size_t)64 << 10)

struct side {
        struct clew_opened opened;
        struct clew_arena arena;
        struct clew_buffer traces; /* own copies: the view's bytes die at its next load */
        struct clew_buffer logs;
        struct clew_trace *trace;
        struct clew_rca_view view;
};

struct diff_command {
        struct clew_cli *cli;
        struct clew_look look;
        struct clew_output_flags output_flags;
        struct clew_display_flags display_flags;
        struct clew_output output;
        struct side a;
        struct side b;
        struct clew_diff diff;
        const struct clew_setting *settings; /* those that differ */
        uint32_t n_settings;
        struct clew_buffer out;
        const char *only;
        const char *only_kind; /* of them at most one is set */
        unsigned only_part;
        bool stat;
        bool text;
        bool strict;
};

/* Parts in the order in which a reader wants them, by their words in --only and --json. */
static const struct {
        const char *word;
        unsigned bit;
} parts[] = {
        {"input", CLEW_DIFF_INPUT},   {"output", CLEW_DIFF_OUTPUT},
        {"calls", CLEW_DIFF_CALLS},   {"arguments", CLEW_DIFF_ARGUMENTS},
        {"result", CLEW_DIFF_RESULT}, {"error", CLEW_DIFF_ERROR},
};

static const char *const kind_words[] = {"llm", "tool", "agent", "step"};

static bool is_wanted_part(const struct diff_command *c, unsigned part)
{
        return !c->only_part || c->only_part == part;
}

/* --only: a kind of step or a part of one. */
static int read_only(struct diff_command *c)
{
        for (size_t i = 0; c->only && i < CLEW_ARRAY_LEN(kind_words); i++) {
                if (strcmp(c->only, kind_words[i]) == 0)
                        c->only_kind = kind_words[i];
        }
        for (size_t i = 0; c->only && i < CLEW_ARRAY_LEN(parts); i++) {
                if (strcmp(c->only, parts[i].word) == 0)
                        c->only_part = parts[i].bit;
        }
        if (!c->only || c->only_kind || c->only_part)
                return 0;
        clew_cli_error(c->cli, "diff: --only takes llm, tool, agent, step, input, output, calls, "
                               "arguments, result or error");
        return CLEW_EXIT_USAGE;
}

/* ---- loading -------------------------------------------------------------------------------- */

static int load(struct diff_command *c, const char *text, struct side *s)
{
        static const struct clew_trace_options skim = {0};
        CLEW_ARENA first = {0};
        int r;

        clew_arena_init(&first, CLEW_TRACE_ARENA_MAX);
        clew_arena_init(&s->arena, CLEW_TRACE_ARENA_MAX);
        clew_buffer_init(&s->traces, CLEW_TRACE_ARENA_MAX);
        clew_buffer_init(&s->logs, CLEW_TRACE_ARENA_MAX);
        r = clew_cli_open_trace(c->cli, text, &skim, &first, &s->opened);
        if (r != 0)
                return r;
        clew_buffer_append_slice(&s->traces, s->opened.data.traces);
        clew_buffer_append_slice(&s->logs, s->opened.data.logs);
        r = clew_buffer_error(&s->traces) ? clew_buffer_error(&s->traces)
                                          : clew_buffer_error(&s->logs);
        if (r == 0)
                r = clew_trace_build(clew_buffer_slice(&s->traces), clew_buffer_slice(&s->logs),
                                     &CLEW_TRACE_FULL, &s->arena, &s->trace);
        if (r == 0)
                r = clew_rca_view_build(s->trace, &s->arena, &s->view);
        return r < 0 ? clew_cli_fail(c->cli, r, NULL) : 0;
}

static void side_deinit(struct side *s)
{
        clew_arena_deinit(&s->arena);
        clew_buffer_deinit(&s->traces);
        clew_buffer_deinit(&s->logs);
}

/* ---- people --------------------------------------------------------------------------------- */

static const char *word_of(const struct clew_rca_step *s)
{
        return kind_words[s->kind];
}

static void put_side(struct diff_command *c, char name, const struct side *s)
{
        struct clew_selected t = {.id = s->trace->id, .summary.outcome = s->trace->outcome};
        char id[CLEW_SHORT_ID];
        char text[CLEW_WHEN_TEXT];

        clew_cli_short_id(c->cli, &s->trace->id, id);
        clew_when_length(
                s->trace->end_ns > s->trace->start_ns ? s->trace->end_ns - s->trace->start_ns : 0,
                text);
        clew_buffer_printf(&c->out, "%c  %s  %-7s %7s  %u steps", name, id, clew_outcome_word(&t),
                           text, s->trace->n_steps);
        clew_count_short(s->trace->tokens.total, "", text);
        clew_buffer_printf(&c->out, "  %s tokens", text);
        if (s->trace->has_cost) {
                clew_cost_short(s->trace->cost_usd, text);
                clew_buffer_printf(&c->out, "  %s", text);
        }
        clew_buffer_append_byte(&c->out, '\n');
}

static uint32_t number(const struct side *s, uint32_t step)
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
        if (c->n_settings == 0)
                return;
        clew_buffer_append_cstr(&c->out, "Set differently:\n");
        for (uint32_t i = 0; i < c->n_settings; i++) {
                const struct clew_setting *s = &c->settings[i];

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
        const uint32_t *n = c->diff.count;
        uint32_t all = c->a.view.n_steps + c->b.view.n_steps;
        uint32_t matched = 2 * (n[CLEW_DIFF_EQUAL] + n[CLEW_DIFF_CHANGED]);

        put_side(c, 'A', &c->a);
        put_side(c, 'B', &c->b);
        put_settings(c);
        clew_buffer_printf(&c->out,
                           "%u steps equal, %u changed, %u only in A, %u only in B; %u %% "
                           "of steps matched.",
                           n[0], n[1], n[2], n[3], all ? matched * 100 / all : 100);
        if (c->diff.first < c->diff.n) {
                const struct clew_diff_row *row = &c->diff.rows[c->diff.first];

                clew_buffer_append_cstr(&c->out, "\nFirst change:");
                if (row->a != CLEW_ALIGN_NONE)
                        clew_buffer_printf(&c->out, " A%u", number(&c->a, row->a));
                if (row->b != CLEW_ALIGN_NONE)
                        clew_buffer_printf(&c->out, " B%u", number(&c->b, row->b));
        }
        clew_buffer_append_byte(&c->out, '\n');
        if (c->diff.gave_up)
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
        n_a = split(a, lines, hashes, c->strict, &cut);
        n_b = split(b, lines + LINES_MAX, hashes + LINES_MAX, c->strict, &cut);
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

/* The @nth text of a part of a step; null when there are no more. */
static struct clew_slice part_text(struct side *side, const struct clew_rca_step *s, unsigned part,
                                   uint32_t nth)
{
        struct clew_slice words[] = {CLEW_SLICE_NULL, CLEW_SLICE_LITERAL(" "), CLEW_SLICE_NULL};

        switch (part) {
        case CLEW_DIFF_INPUT:
                return clew_diff_input(&side->view, s, nth);
        case CLEW_DIFF_CALLS:
                if (nth >= s->n_calls)
                        return CLEW_SLICE_NULL;
                words[0] = side->view.calls[s->first_call + nth].name;
                words[2] = side->view.calls[s->first_call + nth].args;
                return clew_arena_concat(&side->arena, words, CLEW_ARRAY_LEN(words));
        case CLEW_DIFF_OUTPUT:
                return nth ? CLEW_SLICE_NULL : s->text;
        case CLEW_DIFF_ARGUMENTS:
                return nth ? CLEW_SLICE_NULL : s->args;
        case CLEW_DIFF_RESULT:
                return nth ? CLEW_SLICE_NULL : s->result;
        case CLEW_DIFF_ERROR:
                /* A result that says so is shown as the result. */
                return nth || clew_slice_eq(s->error_text, s->result) ? CLEW_SLICE_NULL
                                                                      : s->error_text;
        default:
                return CLEW_SLICE_NULL;
        }
}

static void put_part(struct diff_command *c, const struct clew_diff_row *row, unsigned part)
{
        const struct clew_rca_step *a = &c->a.view.steps[row->a];
        const struct clew_rca_step *b = &c->b.view.steps[row->b];

        for (uint32_t nth = 0; nth < TEXTS_MAX; nth++) {
                struct clew_slice x = part_text(&c->a, a, part, nth);
                struct clew_slice y = part_text(&c->b, b, part, nth);

                if (!x.len && !y.len)
                        return;
                if (clew_diff_hash(x, c->strict) != clew_diff_hash(y, c->strict))
                        put_texts(c, x, y);
        }
        clew_buffer_append_cstr(&c->out, "          ... and more texts, not compared\n");
}

static void put_parts(struct diff_command *c, const struct clew_diff_row *row)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(parts); i++) {
                if (row->parts & parts[i].bit && is_wanted_part(c, parts[i].bit))
                        put_part(c, row, parts[i].bit);
        }
}

/* What a step that only one run has said or did, in a line. */
static void put_lone(struct diff_command *c, struct side *side, const struct clew_rca_step *s,
                     char sign)
{
        struct clew_slice text = s->text;

        if (s->kind == CLEW_RCA_TOOL)
                text = s->args.len ? s->args : s->result;
        else if (s->kind == CLEW_RCA_LLM && s->n_calls)
                text = part_text(side, s, CLEW_DIFF_CALLS, 0);
        if (text.len)
                put_line(c, sign, text);
}

static void put_step(struct diff_command *c, const struct clew_diff_row *row)
{
        static const char signs[] = "=~-+";
        struct side *side = row->a != CLEW_ALIGN_NONE ? &c->a : &c->b;
        const struct clew_rca_step *s =
                &side->view.steps[row->a != CLEW_ALIGN_NONE ? row->a : row->b];
        char where[32];

        if (row->a != CLEW_ALIGN_NONE && row->b != CLEW_ALIGN_NONE &&
            number(&c->a, row->a) != number(&c->b, row->b))
                snprintf(where, sizeof(where), "%u/%u", number(&c->a, row->a),
                         number(&c->b, row->b));
        else
                snprintf(where, sizeof(where), "%u", s->number);
        clew_buffer_printf(&c->out, "  %c %-9s %-5s ", signs[row->sign], where, word_of(s));
        clew_safe_line(&c->out,
                       s->kind == CLEW_RCA_LLM && s->agent_name.len ? s->agent_name : s->name, 32,
                       c->look.ascii);
        clew_buffer_append_cstr(&c->out, row->parts ? "  " : "");
        for (size_t i = 0; i < CLEW_ARRAY_LEN(parts); i++) {
                if (row->parts & parts[i].bit)
                        clew_buffer_printf(&c->out, " %s", parts[i].word);
        }
        clew_buffer_append_byte(&c->out, '\n');
        if (row->sign == CLEW_DIFF_CHANGED)
                put_parts(c, row);
        else if (row->sign != CLEW_DIFF_EQUAL)
                put_lone(c, side, s, signs[row->sign]);
}

static bool is_wanted(const struct diff_command *c, const struct clew_diff_row *row)
{
        const struct clew_rca_step *s =
                row->a != CLEW_ALIGN_NONE ? &c->a.view.steps[row->a] : &c->b.view.steps[row->b];

        return (!c->only_kind || strcmp(c->only_kind, word_of(s)) == 0) &&
               (!c->only_part || (row->parts & c->only_part) != 0);
}

static void put_rows(struct diff_command *c)
{
        clew_buffer_append_byte(&c->out, '\n');
        for (uint32_t i = 0; i < c->diff.n; i++) {
                const struct clew_diff_row *row = &c->diff.rows[i];
                uint32_t run = i;

                if (!is_wanted(c, row))
                        continue;
                while (row->sign == CLEW_DIFF_EQUAL && run + 1 < c->diff.n &&
                       c->diff.rows[run + 1].sign == CLEW_DIFF_EQUAL &&
                       is_wanted(c, &c->diff.rows[run + 1]))
                        run++;
                if (run == i) {
                        put_step(c, row);
                        continue;
                }
                clew_buffer_printf(&c->out, "  = %u-%u", number(&c->a, row->a),
                                   number(&c->a, c->diff.rows[run].a));
                if (number(&c->a, row->a) != number(&c->b, row->b))
                        clew_buffer_printf(&c->out, " / %u-%u", number(&c->b, row->b),
                                           number(&c->b, c->diff.rows[run].b));
                clew_buffer_append_byte(&c->out, '\n');
                i = run;
        }
}

/* ---- machines ------------------------------------------------------------------------------- */

static void write_step(struct clew_json_writer *w, const char *key, const struct side *s,
                       uint32_t step)
{
        clew_json_write_key(w, key);
        if (step == CLEW_ALIGN_NONE) {
                clew_json_write_null(w);
                return;
        }
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "step");
        clew_json_write_uint64(w, s->view.steps[step].number);
        clew_json_write_key(w, "span_id");
        clew_write_span_id(w, &s->view.steps[step].span_id);
        clew_json_write_object_end(w);
}

static void write_text_of(struct clew_json_writer *w, const char *key, struct clew_slice text)
{
        clew_json_write_key(w, key);
        clew_write_text(w, clew_utf8_cut(text, JSON_TEXT_MAX));
}

/* The texts of a changed pair: [{"part":..,"a":..,"b":..}]. */
static void write_texts(struct diff_command *c, struct clew_json_writer *w,
                        const struct clew_diff_row *row)
{
        clew_json_write_key(w, "texts");
        clew_json_write_array_begin(w);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(parts); i++) {
                for (uint32_t nth = 0; row->parts & parts[i].bit && nth < TEXTS_MAX; nth++) {
                        struct clew_slice a =
                                part_text(&c->a, &c->a.view.steps[row->a], parts[i].bit, nth);
                        struct clew_slice b =
                                part_text(&c->b, &c->b.view.steps[row->b], parts[i].bit, nth);

                        if (!a.len && !b.len)
                                break;
                        if (!is_wanted_part(c, parts[i].bit) ||
                            clew_diff_hash(a, c->strict) == clew_diff_hash(b, c->strict))
                                continue;
                        clew_json_write_object_begin(w);
                        clew_json_write_key(w, "part");
                        clew_json_write_cstr(w, parts[i].word);
                        write_text_of(w, "a", a);
                        write_text_of(w, "b", b);
                        clew_json_write_object_end(w);
                }
        }
        clew_json_write_array_end(w);
}

static void write_settings(struct diff_command *c, struct clew_json_writer *w)
{
        clew_json_write_key(w, "settings");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < c->n_settings; i++) {
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "group");
                clew_json_write_cstr(w, c->settings[i].group);
                write_text_of(w, "name", c->settings[i].name);
                write_text_of(w, "a", c->settings[i].a);
                write_text_of(w, "b", c->settings[i].b);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static int put_json(struct diff_command *c)
{
        static const char *const signs[] = {"equal", "changed", "only_a", "only_b"};
        struct clew_json_writer w = clew_output_begin(&c->output, "diff");

        clew_json_write_key(&w, "a");
        clew_write_trace_id(&w, &c->a.trace->id);
        clew_json_write_key(&w, "b");
        clew_write_trace_id(&w, &c->b.trace->id);
        for (unsigned i = 0; i < 4; i++) {
                clew_json_write_key(&w, signs[i]);
                clew_json_write_uint64(&w, c->diff.count[i]);
        }
        write_settings(c, &w);
        clew_json_write_key(&w, "gave_up");
        clew_json_write_bool(&w, c->diff.gave_up);
        clew_json_write_key(&w, "rows");
        clew_json_write_array_begin(&w);
        for (uint32_t i = 0; i < c->diff.n && !c->stat; i++) {
                const struct clew_diff_row *row = &c->diff.rows[i];

                if (!is_wanted(c, row))
                        continue;
                clew_json_write_object_begin(&w);
                clew_json_write_key(&w, "sign");
                clew_json_write_cstr(&w, signs[row->sign]);
                write_step(&w, "a", &c->a, row->a);
                write_step(&w, "b", &c->b, row->b);
                clew_json_write_key(&w, "parts");
                clew_json_write_array_begin(&w);
                for (unsigned k = 0; k < CLEW_ARRAY_LEN(parts); k++) {
                        if (row->parts & parts[k].bit)
                                clew_json_write_cstr(&w, parts[k].word);
                }
                clew_json_write_array_end(&w);
                if (c->text && row->sign == CLEW_DIFF_CHANGED)
                        write_texts(c, &w, row);
                clew_json_write_object_end(&w);
        }
        clew_json_write_array_end(&w);
        return clew_output_end(&c->output, &w);
}

/* ---- the command ---------------------------------------------------------------------------- */

static int run(struct diff_command *c, const struct clew_arguments *args)
{
        int r = load(c, args->values[0], &c->a);

        if (r == 0)
                r = load(c, args->values[1], &c->b);
        if (r != 0)
                return r;
        r = clew_diff_runs(&c->a.view, &c->b.view, c->strict, &c->a.arena, &c->diff);
        if (r < 0)
                return clew_cli_fail(c->cli, r, NULL);
        r = clew_settings_compare(c->a.trace, c->b.trace, &c->a.arena, &c->settings,
                                  &c->n_settings);
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
            (c->diff.first < c->diff.n || c->n_settings > 0))
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
                {"strict", 0, NULL, "compare ids and times of day too", .ret_flag = &c.strict},
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
        r = read_only(&c);
        if (r == 0)
                r = clew_look_init(&c.look, cli, &c.display_flags);
        if (r == 0)
                r = clew_output_init(&c.output, cli, &c.output_flags, "diff", no_fields);
        if (r == 0)
                r = run(&c, &args);
        clew_output_deinit(&c.output);
        clew_buffer_deinit(&c.out);
        side_deinit(&c.a);
        side_deinit(&c.b);
        return r;
}
