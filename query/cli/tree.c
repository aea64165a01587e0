/*
 * clew tree: the call tree of one trace.
 *
 * One line a step: number, offset, time taken, tokens, the branch, a mark, the kind, the name, and
 * in what room is left what the step said or returned. Marks are signs, colour only repeats them.
 * Physical parents make the branches; what follows from links and call ids is written as an arrow
 * to the other step's number, never drawn as a branch.
 */
#include "proto/base/utf8.h"
#include "query/answer/brief.h"
#include "query/answer/fold.h"
#include "query/answer/safe.h"
#include "query/answer/step-record.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/terminal.h"
#include "query/cli/tree-int.h"
#include "query/find/select.h"
#include "query/model/message.h"
#include "query/review/note.h"

#include <errno.h>
#include <string.h>

/* Levels that are drawn. Deeper branches begin with a number, the levels left out, and keep the
 * innermost few. */
#define LEVELS_MAX 10u
#define LEVELS_KEPT 4u
/* On narrower screens what a step did matters more than when, and what it used. */
#define NARROW_COLUMNS 60u
/* Of a name; longer ones are cut so that content keeps some room. */
#define LABEL_COLUMNS_MAX 48u
#define LABEL_COLUMNS_MIN 4u
/* Traces up to this size show what the user said between the steps. */
#define USER_TURNS_STEPS_MAX 300u
/* Messages of one step while its brief is made. */
#define SCRATCH_MAX ((size_t)256 << 20)

/* Of a tool's result that is looked for in what a user said. */
#define RESULT_BYTES_MAX ((size_t)64 << 10)
/* Scores in the line of a step, and of their names and labels. */
#define SCORES_MAX 3u
#define SCORE_TEXT_BYTES_MAX 40u
/* Arrows into a step without a parent. */
#define ORIGINS_MAX 2u
/* Smaller differences between a step and its parent are rounding: JavaScript's clocks tick in
 * milliseconds. clew show tells every one. */
#define SKEW_SHOWN_NS (2 * CLEW_NS_PER_MS)

/* ---- the parts of a line ----------------------------------------------------------------------
 */

static void tone(struct clew_tree_page *t, enum clew_tone tone, const char *text)
{
        clew_buffer_append_cstr(&t->line, clew_look_begin(&t->look, tone));
        clew_buffer_append_cstr(&t->line, text);
        clew_buffer_append_cstr(&t->line, clew_look_end(&t->look, tone));
}

static bool level_is_open(const struct clew_tree_page *t, uint32_t depth)
{
        uint32_t at = depth % 256;

        return (t->open_levels[at / 64] >> (at % 64) & 1) != 0;
}

static void set_level(struct clew_tree_page *t, uint32_t depth, bool open)
{
        uint32_t at = depth % 256;
        uint64_t bit = UINT64_C(1) << (at % 64);

        if (open)
                t->open_levels[at / 64] |= bit;
        else
                t->open_levels[at / 64] &= ~bit;
}

/* On a narrow screen the names need the room. */
static uint32_t levels_max(const struct clew_tree_page *t)
{
        return t->look.columns < NARROW_COLUMNS ? LEVELS_KEPT : LEVELS_MAX;
}

/* The branches of the levels above @depth, then @corner. Returns the columns. */
static size_t put_levels(struct clew_tree_page *t, uint32_t depth, const char *corner)
{
        uint32_t level = 1;
        size_t from;
        size_t columns;

        clew_buffer_append_cstr(&t->line, clew_look_begin(&t->look, CLEW_TONE_DIM));
        from = t->line.len;
        if (depth > levels_max(t)) {
                level = depth - LEVELS_KEPT + 1;
                clew_buffer_printf(&t->line, t->look.ascii ? "+%u " : "⋯%u ", level - 1);
        }
        for (; level < depth; level++)
                clew_buffer_append_cstr(&t->line, !level_is_open(t, level) ? "   "
                                                  : t->look.ascii          ? "|  "
                                                                           : "│  ");
        clew_buffer_append_cstr(&t->line, corner);
        columns = clew_safe_columns(clew_slice_from(clew_buffer_slice(&t->line), from));
        clew_buffer_append_cstr(&t->line, clew_look_end(&t->look, CLEW_TONE_DIM));
        return columns;
}

/* The branch up to and including the step's own corner. Returns its columns. */
static size_t put_branch(struct clew_tree_page *t, uint32_t depth, bool last)
{
        if (depth == 0)
                return 0;
        set_level(t, depth, !last);
        if (t->look.ascii)
                return put_levels(t, depth, last ? "`- " : "|- ");
        return put_levels(t, depth, last ? "└─ " : "├─ ");
}

/* Number of the step that the rules blame; 0 = none, or the run went well in the end. */
static uint32_t cause_of(const struct clew_tree_page *t)
{
        return t->has_summary ? clew_blamed_step(&t->summary.summary) : 0;
}

static bool is_cause(const struct clew_tree_page *t, uint32_t step)
{
        return cause_of(t) == step + 1;
}

static const char *mark_of(const struct clew_tree_page *t, const struct clew_step *s, uint32_t step,
                           enum clew_tone *ret_tone)
{
        bool ascii = t->look.ascii;

        *ret_tone = CLEW_TONE_BAD;
        if (is_cause(t, step))
                return ascii ? ">" : "▶";
        if (s->error.is_error)
                return ascii ? "x" : "✗";
        *ret_tone = CLEW_TONE_WARN;
        if (clew_step_is(s, CLEW_STEP_STANDIN))
                return "?";
        if (clew_step_is(s, CLEW_STEP_SOFT_FAILURE | CLEW_STEP_CUT_CYCLE | CLEW_STEP_REFUSED |
                                    CLEW_STEP_CANCELLED))
                return "!";
        if (clew_step_is(s, CLEW_STEP_OPEN))
                return ascii ? "o" : "○";
        *ret_tone = CLEW_TONE_DIM;
        return ascii ? "." : "·";
}

static enum clew_tone tone_of_kind(enum clew_kind kind)
{
        if (kind == CLEW_KIND_AGENT || kind == CLEW_KIND_HANDOFF)
                return CLEW_TONE_AGENT;
        if (kind == CLEW_KIND_LLM)
                return CLEW_TONE_LLM;
        return kind == CLEW_KIND_TOOL ? CLEW_TONE_TOOL : CLEW_TONE_PLAIN;
}

void clew_tree_columns(struct clew_tree_page *t, const char *number, const char *at,
                       const char *took, const char *tokens)
{
        if (t->look.columns < NARROW_COLUMNS)
                clew_buffer_printf(&t->line, "%*s %5s ", (int)t->number_width, number, took);
        else
                clew_buffer_printf(&t->line, "%*s %5s %5s %5s ", (int)t->number_width, number, at,
                                   took, tokens);
}

/* Numbers on the left: #, AT, TOOK, TOKENS. Returns their columns. */
static size_t put_numbers(struct clew_tree_page *t, const struct clew_step *s, uint32_t number)
{
        const struct clew_trace *trace = t->opened.trace;
        size_t from = t->line.len;
        char text[16] = "";
        char at[CLEW_WHEN_TEXT] = "";
        char took[CLEW_WHEN_TEXT] = "";
        char tokens[CLEW_WHEN_TEXT] = "";
        bool counts = !clew_step_is(s, CLEW_STEP_ROLLUP | CLEW_STEP_WRAPPER | CLEW_STEP_POLL);

        if (s->start_ns > 0 && s->start_ns >= trace->start_ns)
                clew_when_column(s->start_ns - trace->start_ns, at);
        if (s->end_ns > 0 && number > 0)
                clew_when_column(clew_step_duration_ns(s), took);
        if (s->tokens.total > 0 && number > 0 && counts)
                clew_count_column(s->tokens.total, tokens);
        if (number > 0)
                snprintf(text, sizeof(text), "%u", number);
        clew_tree_columns(t, text, at, took, tokens);
        return t->line.len - from;
}

void clew_tree_end_line(struct clew_tree_page *t)
{
        if (t->error == 0)
                t->error = clew_buffer_error(&t->line);
        if (t->error == 0)
                t->error = clew_buffer_error(&t->raw);
        while (t->line.len > 0 && t->line.data[t->line.len - 1] == ' ')
                t->line.len--;
        clew_buffer_append_byte(&t->line, '\n');
        fwrite(t->line.data, 1, t->line.len, t->cli->out);
        clew_buffer_clear(&t->line);
}

/* What the branches of the tree show needs no arrow. */
static bool is_drawn(const struct clew_trace *trace, const struct clew_edge *e)
{
        if (e->type == CLEW_EDGE_CALL || e->type == CLEW_EDGE_RESULT)
                return true; /* the names in the line say it */
        return e->to != CLEW_STEP_NONE && e->to > e->from &&
               e->to - e->from <= trace->steps[e->from].n_descendants;
}

/* Arrows to other steps, before the content: they are short and must not be cut. */
static void append_edges(struct clew_tree_page *t, uint32_t step)
{
        uint32_t n = 0;
        const struct clew_edge *edges = clew_trace_edges_from(t->opened.trace, step, &n);
        const char *arrow = t->look.ascii ? "=>" : "⇢";

        for (uint32_t i = 0; edges && i < n; i++) {
                const struct clew_edge *e = &edges[i];
                char id[CLEW_SHORT_ID];

                if (is_drawn(t->opened.trace, e))
                        continue;
                if (e->type == CLEW_EDGE_LINK_OUT) {
                        clew_trace_id_short(&e->trace_id, id);
                        clew_buffer_printf(&t->raw, "%s trace %s  ", arrow, id);
                } else {
                        clew_buffer_printf(&t->raw, "%s %s%s #%u  ", arrow,
                                           clew_edge_type_name(e->type), e->inferred ? "?" : "",
                                           e->to + 1);
                }
        }
}

/* Where a step came from that hangs on no parent, or on one that was lost. */
static void append_origins(struct clew_tree_page *t, uint32_t step)
{
        const struct clew_trace *trace = t->opened.trace;
        const struct clew_step *s = &trace->steps[step];
        unsigned shown = 0;

        if (s->parent != CLEW_STEP_NONE && !clew_step_is(s, CLEW_STEP_ORPHAN))
                return;
        for (uint32_t i = 0; i < trace->n_edges && shown < ORIGINS_MAX; i++) {
                const struct clew_edge *e = &trace->edges[i];

                if (e->to != step || is_drawn(trace, e) || e->type == CLEW_EDGE_LINK)
                        continue;
                clew_buffer_printf(&t->raw, "%s %s%s #%u  ", t->look.ascii ? "<=" : "⇠",
                                   clew_edge_type_name(e->type), e->inferred ? "?" : "",
                                   e->from + 1);
                shown++;
        }
}

/* What evaluators said about this step, in short; the root's stand in the header. */
static void append_scores(struct clew_tree_page *t, uint32_t step)
{
        const struct clew_trace *trace = t->opened.trace;
        unsigned shown = 0;

        for (uint32_t i = 0; i < trace->n_scores && shown < SCORES_MAX; i++) {
                const struct clew_score *s = &trace->scores[i];

                if (step == trace->root || !clew_score_is_of(trace, s, step))
                        continue;
                clew_buffer_append_cstr(&t->raw, "[");
                clew_buffer_append_slice(&t->raw, clew_utf8_cut(s->name, SCORE_TEXT_BYTES_MAX));
                if (s->has_value)
                        clew_buffer_printf(&t->raw, "=%.4g", s->value);
                clew_buffer_append_cstr(&t->raw, s->label.len > 0 ? " " : "");
                clew_buffer_append_slice(&t->raw, clew_utf8_cut(s->label, SCORE_TEXT_BYTES_MAX));
                clew_buffer_append_cstr(&t->raw, "]  ");
                shown++;
        }
}

/* Clocks that disagree are told, with the amount; nothing is moved. */
static void append_skew(struct clew_tree_page *t, uint32_t step)
{
        struct clew_skew k = clew_step_skew(t->opened.trace, step);
        uint32_t parent = t->opened.trace->steps[step].parent;
        char text[CLEW_WHEN_TEXT];

        /* The parent that is drawn is another one; an agent may work on when its call has returned.
         */
        if (parent != CLEW_STEP_NONE &&
            (clew_step_is(&t->opened.trace->steps[parent], CLEW_STEP_NOISE) ||
             (t->opened.trace->steps[step].kind == CLEW_KIND_AGENT &&
              t->opened.trace->steps[parent].kind == CLEW_KIND_TOOL)))
                k.after_ns = 0;

        if (k.before_ns >= SKEW_SHOWN_NS) {
                clew_when_length(k.before_ns, text);
                clew_buffer_printf(&t->raw, "(clock: starts %s before its parent)  ", text);
        }
        if (k.after_ns >= SKEW_SHOWN_NS) {
                clew_when_length(k.after_ns, text);
                clew_buffer_printf(&t->raw, "(ends %s after its parent)  ", text);
        }
        if (k.negative_ns > 0) {
                clew_when_length(k.negative_ns, text);
                clew_buffer_printf(&t->raw, "(clock: ends %s before its start)  ", text);
        }
}

/* ---- lines ------------------------------------------------------------------------------------
 */

/* The name, unless it says nothing: with one model in the whole trace the header names it. */
static size_t put_label(struct clew_tree_page *t, const struct clew_step *s, size_t columns)
{
        size_t room = t->look.columns > columns + LABEL_COLUMNS_MIN ? t->look.columns - columns
                                                                    : LABEL_COLUMNS_MIN;
        size_t used;

        if (clew_step_is(s, CLEW_STEP_STANDIN) ||
            (s->kind == CLEW_KIND_LLM && t->opened.trace->n_models <= 1 && s->model.len > 0))
                return 0;
        used = clew_safe_line(&t->line, clew_step_label(s),
                              room < LABEL_COLUMNS_MAX ? room : LABEL_COLUMNS_MAX, t->look.ascii);
        clew_buffer_append_cstr(&t->line, "  ");
        return used + 2;
}

/* A call's arguments, unless the model's line above has shown them. They take half the room; all of
 * it when nothing is known of the result: then they are the whole line, and true is returned. */
static bool append_arguments(struct clew_tree_page *t, const struct clew_step *s, size_t room)
{
        bool answered = s->error.is_error || s->tool_result.len > 0 || s->output.len > 0 ||
                        clew_step_is(s, CLEW_STEP_REFUSED | CLEW_STEP_PAUSED);
        CLEW_BUFFER arguments = {0};

        if (s->kind != CLEW_KIND_TOOL || s->tool_arguments.len == 0 ||
            (t->call_is_shown && answered))
                return false;
        clew_buffer_init(&arguments, (size_t)1 << 20);
        clew_arguments_brief(s->tool_arguments, &arguments);
        clew_safe_line(&t->raw, clew_buffer_slice(&arguments), answered ? room / 2 : room,
                       t->look.ascii);
        if (answered)
                clew_buffer_append_cstr(&t->raw, t->look.ascii ? " -> " : " → ");
        return !answered;
}

static void put_content(struct clew_tree_page *t, const struct clew_fold_line *line, size_t columns)
{
        const struct clew_step *s = &t->opened.trace->steps[line->step];
        enum clew_tone content = s->error.is_error ? CLEW_TONE_BAD : CLEW_TONE_PLAIN;
        size_t room = t->look.columns == SIZE_MAX ? CLEW_BRIEF_BYTES_MAX * 2
                      : t->look.columns > columns ? t->look.columns - columns
                                                  : 0;
        size_t from;

        clew_buffer_clear(&t->raw);
        if (is_cause(t, line->step))
                clew_buffer_append_cstr(&t->raw, "CAUSE  ");
        append_edges(t, line->step);
        append_origins(t, line->step);
        if (clew_step_is(s, CLEW_STEP_SETUP))
                clew_buffer_append_cstr(&t->raw, "(set up, not run)  ");
        append_scores(t, line->step);
        append_skew(t, line->step);
        from = t->raw.len;
        if (!append_arguments(t, s, room)) {
                from = t->raw.len;
                clew_step_brief(t->opened.trace, s, &t->scratch, &t->raw);
        }
        /* Without texts the line would be empty: the span's name may say what the call is for. */
        if (t->raw.len == 0 && s->kind == CLEW_KIND_LLM)
                clew_buffer_append_slice(&t->raw, s->name);
        if (s->kind == CLEW_KIND_LLM)
                t->call_is_shown = clew_slice_starts_with(
                        clew_slice_from(clew_buffer_slice(&t->raw), from), CLEW_SLICE_LITERAL("→"));
        clew_buffer_append_cstr(&t->line, clew_look_begin(&t->look, content));
        if (room > 3)
                clew_safe_line(&t->line, clew_buffer_slice(&t->raw), room, t->look.ascii);
        clew_buffer_append_cstr(&t->line, clew_look_end(&t->look, content));
}

static void put_step(struct clew_tree_page *t, const struct clew_fold_line *line)
{
        const struct clew_step *s = &t->opened.trace->steps[line->step];
        size_t columns = put_numbers(t, s, line->step + 1);
        enum clew_tone mark_tone;
        const char *mark = mark_of(t, s, line->step, &mark_tone);

        columns += put_branch(t, line->depth, line->last);
        tone(t, mark_tone, mark);
        clew_buffer_append_byte(&t->line, ' ');
        clew_buffer_append_cstr(&t->line, clew_look_begin(&t->look, tone_of_kind(s->kind)));
        clew_buffer_printf(&t->line, "%-5s", clew_kind_word(s->kind));
        clew_buffer_append_cstr(&t->line, clew_look_end(&t->look, tone_of_kind(s->kind)));
        clew_buffer_append_byte(&t->line, ' ');
        columns += 2 + 6;
        columns += put_label(t, s, columns);
        put_content(t, line, columns);
        clew_tree_end_line(t);
}

static void put_fold(struct clew_tree_page *t, const struct clew_fold_line *line)
{
        const struct clew_step *s = &t->opened.trace->steps[line->step];
        char text[160];
        int n;

        put_numbers(t, s, 0);
        put_branch(t, line->depth, line->last);
        if (line->repeats > 0)
                n = snprintf(text, sizeof(text), "%s the same %u more time%s (%u step%s)",
                             t->look.ascii ? "~" : "↻", line->repeats,
                             line->repeats == 1 ? "" : "s", line->hidden,
                             line->hidden == 1 ? "" : "s");
        else
                n = snprintf(text, sizeof(text), "%s %u step%s", t->look.ascii ? "..." : "…",
                             line->hidden, line->hidden == 1 ? "" : "s");
        if (line->errors > 0 && n > 0 && (size_t)n < sizeof(text))
                snprintf(text + n, sizeof(text) - (size_t)n, ", %u error%s", line->errors,
                         line->errors == 1 ? "" : "s");
        tone(t, line->repeats > 0 ? CLEW_TONE_WARN : CLEW_TONE_DIM, text);
        clew_tree_end_line(t);
}

/* Returns their number; a failure is remembered. */
uint32_t clew_tree_messages_in(struct clew_tree_page *t, const struct clew_step *s,
                               struct clew_messages *ret)
{
        int r;

        clew_arena_reset(&t->scratch);
        r = clew_step_messages(t->opened.trace, s, CLEW_MESSAGES_IN, &t->scratch, ret);
        if (r < 0) {
                ret->n = 0;
                t->error = t->error ? t->error : r;
        }
        return ret->n;
}

static bool is_space(uint8_t c)
{
        return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Whether @text holds @part, spaces and line ends apart: JSON is printed again on its way. */
static bool holds_compact(struct clew_slice text, struct clew_slice part)
{
        size_t at = 0;

        if (part.len == 0 || part.len > RESULT_BYTES_MAX)
                return false;
        for (size_t i = 0; i < text.len && at < part.len; i++) {
                while (at < part.len && is_space(part.data[at]))
                        at++;
                if (is_space(text.data[i]))
                        continue;
                if (at < part.len && text.data[i] == part.data[at])
                        at++;
                else if (at > 0)
                        return false;
        }
        while (at < part.len && is_space(part.data[at]))
                at++;
        return at == part.len;
}

/* Agents that speak in plain text pass a tool's result on as a user message: no one said that. */
static bool is_result_before(const struct clew_trace *trace, uint32_t step,
                             const struct clew_message *m)
{
        const struct clew_step *s = step > 0 ? &trace->steps[step - 1] : NULL;
        struct clew_slice result;
        struct clew_slice said = m->parts[0].text;

        if (m->parts[0].type == CLEW_PART_TOOL_RESULT)
                return true; /* Gemini and Anthropic give results the role of the user */
        if (!s || s->kind != CLEW_KIND_TOOL || m->parts[0].type != CLEW_PART_TEXT)
                return false;
        result = s->tool_result.len > 0 ? s->tool_result : s->output;
        return result.len > 0 &&
               ((result.len <= said.len && memmem(said.data, said.len, result.data, result.len)) ||
                holds_compact(said, result));
}

/* What a person said before a model call: a line of its own, without a number, since it is no step.
 * Long traces do without: each call repeats the whole history, and reading it all costs. */
static void put_user_turn(struct clew_tree_page *t, const struct clew_fold_line *line)
{
        const struct clew_trace *trace = t->opened.trace;
        const struct clew_step *s = &trace->steps[line->step];
        struct clew_messages m = {0};
        const struct clew_message *last;
        size_t columns;

        if ((s->kind != CLEW_KIND_LLM && !clew_step_is_prompt(s)) ||
            trace->n_steps > USER_TURNS_STEPS_MAX || line->depth == 0)
                return;
        if (clew_tree_messages_in(t, s, &m) == 0)
                return;
        last = &m.items[m.n - 1];
        if (last->role != CLEW_ROLE_USER || last->n_parts == 0 || last->hash == t->user_hash ||
            is_result_before(trace, line->step, last))
                return;
        t->user_hash = last->hash;
        if (s->kind != CLEW_KIND_LLM)
                return; /* its own line says it */
        clew_buffer_clear(&t->raw);
        clew_said_brief(last, &t->raw);
        columns = put_numbers(t, s, 0);
        set_level(t, line->depth, true);
        columns += put_levels(t, line->depth, t->look.ascii ? "|" : "│");
        tone(t, CLEW_TONE_GOOD, "  user  ");
        columns += 8;
        clew_safe_line(&t->line, clew_buffer_slice(&t->raw),
                       t->look.columns == SIZE_MAX ? CLEW_BRIEF_BYTES_MAX
                       : t->look.columns > columns ? t->look.columns - columns
                                                   : 8,
                       t->look.ascii);
        clew_tree_end_line(t);
}

/* ---- footer -------------------------------------------------------------------------------------
 */

static void put_footer(struct clew_tree_page *t)
{
        char id[CLEW_SHORT_ID];
        const struct clew_trace *trace = t->opened.trace;
        uint32_t step = cause_of(t);

        for (uint32_t i = trace->n_steps; step == 0 && i-- > 0;) {
                if (trace->steps[i].error.is_error)
                        step = i + 1;
        }
        clew_cli_short_id(t->cli, &t->opened.id, id);
        if (trace->n_steps > trace->n_spans && !t->linked)
                clew_cli_note(t->cli,
                              "%u parent%s never received; %s tree %s --linked looks in other "
                              "traces",
                              trace->n_steps - trace->n_spans,
                              trace->n_steps - trace->n_spans == 1 ? " was" : "s were",
                              t->cli->self, id);
        if (trace->n_steps == 0)
                clew_cli_note(t->cli, "next: %s show %s --logs", t->cli->self, id);
        else if (t->fold.n_hidden > 0)
                clew_cli_note(t->cli,
                              "%u of %u steps folded (--all shows them); next: %s show "
                              "%s#%u",
                              t->fold.n_hidden, trace->n_steps, t->cli->self, id, step ? step : 1);
        else
                clew_cli_note(t->cli, "next: %s show %s#%u, %s chat %s", t->cli->self, id,
                              step ? step : 1, t->cli->self, id);
}

static int print_tree(struct clew_tree_page *t, struct clew_arena *arena)
{
        const struct clew_trace *trace = t->opened.trace;
        uint32_t keep = t->opened.step;

        if (keep == CLEW_STEP_NONE && cause_of(t) > 0)
                keep = cause_of(t) - 1;
        if (clew_fold_build(trace, keep, t->all, arena, &t->fold) < 0)
                return clew_cli_fail(t->cli, -ENOMEM, NULL);
        t->number_width = 3;
        for (uint32_t n = trace->n_steps; n > 999; n /= 10)
                t->number_width++;
        clew_tree_header(t);
        for (uint32_t i = 0; i < t->fold.n; i++) {
                if (t->output_flags.limit > 0 && i == t->output_flags.limit) {
                        clew_cli_note(t->cli, "%u lines more; -n shows %llu", t->fold.n - i,
                                      (unsigned long long)t->output_flags.limit);
                        break;
                }
                if (t->fold.lines[i].hidden > 0)
                        put_fold(t, &t->fold.lines[i]);
                else {
                        put_user_turn(t, &t->fold.lines[i]);
                        put_step(t, &t->fold.lines[i]);
                }
        }
        if (trace->n_loose_logs > 0)
                fprintf(t->cli->out, "%u log record%s to no step (clew show ID --logs)\n",
                        trace->n_loose_logs, trace->n_loose_logs == 1 ? " belongs" : "s belong");
        put_footer(t);
        return t->error < 0 ? clew_cli_fail(t->cli, t->error, NULL) : CLEW_EXIT_OK;
}

static int print_machine(struct clew_tree_page *t)
{
        const struct clew_step_texts texts = {&t->scratch, &t->raw};
        struct clew_output out;
        int r = clew_output_init(&out, t->cli, &t->output_flags, "step", clew_step_fields);

        for (uint32_t i = 0; r == 0 && i < t->opened.trace->n_steps; i++) {
                if (t->output_flags.limit > 0 && i == t->output_flags.limit)
                        break;
                r = clew_step_put(&out.writer, t->opened.trace, i, cause_of(t), &texts);
                if (r < 0)
                        r = clew_cli_fail(t->cli, r, NULL);
        }
        clew_output_deinit(&out);
        return r;
}

static bool is_machine(const struct clew_tree_page *t)
{
        const struct clew_output_flags *o = &t->output_flags;

        return o->json || o->tsv || o->ids || o->nul;
}

static int find_linked(struct clew_tree_page *t)
{
        struct clew_linked l = {
                .cli = t->cli,
                .look = &t->look,
                .view = t->cli->view,
                .within = t->within,
                .json = is_machine(t),
        };

        return clew_tree_linked(&l, &t->opened.data);
}

static int one_trace(struct clew_tree_page *t, const char *text)
{
        CLEW_ARENA arena = {0};
        struct clew_select s = {0};
        struct clew_error err = {0};
        struct clew_trace_options options = CLEW_TRACE_FULL;
        bool machine = is_machine(t);
        int r;

        options.results = machine;
        clew_arena_init(&arena, CLEW_TRACE_ARENA_MAX);
        clew_arena_init(&t->scratch, SCRATCH_MAX);
        clew_buffer_init(&t->line, (size_t)1 << 20);
        clew_buffer_init(&t->raw, (size_t)1 << 20);
        memset(t->open_levels, 0, sizeof(t->open_levels));
        r = clew_cli_open_scored(t->cli, text, &options, &arena, &t->opened);
        if (r == 0) {
                /* Outcome and cause as the list knows them; the tree does without when need be. */
                clew_select_init_single(&s, t->cli->view, t->cli->clock);
                t->has_summary =
                        clew_select_one(&s, &t->opened.id, t->opened.trace, &t->summary, &err) == 0;
                if (!t->has_summary)
                        clew_cli_error(t->cli, "outcome and cause could not be read: %s",
                                       err.message);
                r = machine ? print_machine(t) : print_tree(t, &arena);
                if (r == 0 && !t->has_summary)
                        r = CLEW_EXIT_PARTIAL;
                if (r == 0 && t->linked)
                        r = find_linked(t);
        }
        clew_select_deinit(&s);
        clew_arena_deinit(&t->scratch);
        clew_buffer_deinit(&t->line);
        clew_buffer_deinit(&t->raw);
        return r;
}

int clew_cmd_tree(struct clew_cli *cli, int argc, char **argv)
{
        struct clew_tree_page t = {.cli = cli};
        CLEW_ARENA ids = {0};
        struct clew_flag_set shared = {0};
        const struct clew_flag own[] = {
                {"all", 0, NULL, "fold nothing", .ret_flag = &t.all},
                {"linked", 0, NULL, "also which other traces it belongs with",
                 .ret_flag = &t.linked},
                {"within", 0, "LENGTH", "with --linked: how far around the run to search (1h)",
                 .ret_text = &t.within},
                {0},
        };
        struct clew_arguments args;
        int status = CLEW_EXIT_OK;
        int r;

        clew_arena_init(&ids, (size_t)64 << 20);
        clew_output_flags_add(&shared, &t.output_flags);
        clew_display_flags_add(&shared, &t.display_flags);
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &args);
        if (r == 0)
                r = clew_cli_expand(cli, &args, &ids);
        if (r == 0)
                r = clew_look_init(&t.look, cli, &t.display_flags);
        if (r != 0)
                return r;
        if (args.n == 0) {
                clew_cli_error(cli, "tree needs an id: clew tree ID, or clew tree @ for the newest "
                                    "trace");
                return CLEW_EXIT_USAGE;
        }
        clew_pager_start(cli, &t.display_flags);
        for (size_t i = 0; i < args.n; i++) {
                if (i > 0 && !is_machine(&t))
                        fputs("\n", cli->out);
                r = one_trace(&t, args.values[i]);
                if (r > status)
                        status = r;
        }
        return status;
}
