/*
 * The head of clew tree's page: what the run was, whose, how it went, what was said about it.
 */
#include "query/cli/outcome.h"
#include "query/cli/tree-int.h"

#include "proto/base/utf8.h"
#include "query/answer/brief.h"
#include "query/answer/facts.h"
#include "query/answer/safe.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/model/message.h"
#include "query/review/note.h"
#include "query/review/reviews.h"

#include <string.h>

/* Labels of the header take so many columns. */
#define LABEL_COLUMNS ((size_t)9)

static void put_field(struct clew_tree_page *t, const char *label, struct clew_slice text)
{
        size_t room = t->look.columns == SIZE_MAX ? CLEW_BRIEF_BYTES_MAX
                                                  : t->look.columns - LABEL_COLUMNS;

        if (text.len == 0)
                return;
        clew_buffer_printf(&t->line, "%-8s ", label);
        clew_safe_line(&t->line, text, room, t->look.ascii);
        clew_tree_end_line(t);
}

static void put_scores(struct clew_tree_page *t)
{
        const struct clew_trace *trace = t->opened.trace;

        for (uint32_t i = 0; i < trace->n_scores; i++) {
                const struct clew_score *s = &trace->scores[i];

                if (!clew_score_is_of(trace, s, trace->root))
                        continue; /* at its step */
                clew_buffer_clear(&t->raw);
                clew_score_brief(s, &t->raw);
                put_field(t, "score", clew_buffer_slice(&t->raw));
        }
}

/* Scores that were added later, the newest ones. */
static void put_notes(struct clew_tree_page *t)
{
        uint32_t n = clew_note_count(t->cli->view, &t->opened.id);
        uint32_t from = n > CLEW_NOTES_SHOWN_MAX ? n - CLEW_NOTES_SHOWN_MAX : 0;

        for (uint32_t i = from; i < n; i++) {
                struct clew_slice note;
                struct clew_error err = {0};

                clew_buffer_clear(&t->raw);
                if (clew_view_note(t->cli->view, &t->opened.id, i, &note, &err) == 0 &&
                    clew_note_brief(note, &t->raw))
                        put_field(t, "judged", clew_buffer_slice(&t->raw));
        }
}

#define REVIEWS_ARENA_MAX ((size_t)64 << 20)

/* What people say now, the newest; where they differ both stand. */
static void put_said(struct clew_tree_page *t)
{
        CLEW_ARENA arena = {0};
        struct clew_reviews r = {0};
        struct clew_error err = {0};
        uint32_t from;

        clew_arena_init(&arena, REVIEWS_ARENA_MAX);
        if (clew_reviews_of_trace(t->cli->view, &t->opened.id, &arena, &r, &err) < 0) {
                put_field(t, "said", clew_slice_of_cstr(err.message));
                return;
        }
        from = r.n_now > CLEW_NOTES_SHOWN_MAX ? r.n_now - CLEW_NOTES_SHOWN_MAX : 0;
        for (uint32_t i = from; i < r.n_now; i++) {
                const struct clew_annotation *by = r.now[i].by;

                clew_buffer_clear(&t->raw);
                if (by->step && r.now[i].kind != CLEW_FACET_FAILING)
                        clew_buffer_printf(&t->raw, "#%llu ", (unsigned long long)by->step);
                clew_facet_brief(&r.now[i], &t->raw);
                put_field(t, "said", clew_buffer_slice(&t->raw));
        }
}

/* Adds a word to a line of words; one that has no room begins a new line, @indent deep. */
static void put_word(struct clew_tree_page *t, size_t *used, size_t indent, const char *gap,
                     enum clew_tone word_tone, struct clew_slice word)
{
        size_t room = t->look.columns == SIZE_MAX ? CLEW_BRIEF_BYTES_MAX : t->look.columns;
        size_t from = t->raw.len;
        size_t columns;

        clew_safe_line(&t->raw, word, room > indent ? room - indent : 8, t->look.ascii);
        columns = clew_safe_columns(clew_slice_from(clew_buffer_slice(&t->raw), from));
        if (*used > indent && *used + strlen(gap) + columns > room) {
                clew_tree_end_line(t);
                clew_buffer_printf(&t->line, "%*s", (int)indent, "");
                *used = indent;
        } else if (*used > indent) {
                clew_buffer_append_cstr(&t->line, gap);
                *used += strlen(gap);
        }
        clew_buffer_append_cstr(&t->line, clew_look_begin(&t->look, word_tone));
        clew_buffer_append_slice(&t->line, clew_slice_from(clew_buffer_slice(&t->raw), from));
        clew_buffer_append_cstr(&t->line, clew_look_end(&t->look, word_tone));
        *used += columns;
}

/* When, and whose. */
static void put_origin(struct clew_tree_page *t)
{
        const struct clew_trace *trace = t->opened.trace;
        const struct {
                const char *label;
                struct clew_slice text;
        } parts[] = {
                {"service ", trace->service},
                {"session ", trace->session},
                {"also session ", trace->other_session},
                {"user ", trace->user},
                {"model ", trace->n_models == 1 ? trace->models[0].name : CLEW_SLICE_NULL},
                {"made from ",
                 trace->n_from_logs > 0 ? CLEW_SLICE_LITERAL("log records") : CLEW_SLICE_NULL},
        };
        size_t used = LABEL_COLUMNS;
        char text[CLEW_WHEN_TEXT];

        clew_when_full(trace->start_ns, t->look.utc, text);
        clew_buffer_clear(&t->raw);
        clew_buffer_printf(&t->line, "%-*s", (int)LABEL_COLUMNS, "started");
        put_word(t, &used, LABEL_COLUMNS, ", ", CLEW_TONE_PLAIN, clew_slice_of_cstr(text));
        for (size_t i = 0; i < CLEW_ARRAY_LEN(parts); i++) {
                CLEW_BUFFER word = {0};

                if (parts[i].text.len == 0)
                        continue;
                clew_buffer_init(&word, 1024);
                clew_buffer_append_cstr(&word, parts[i].label);
                clew_buffer_append_slice(&word, clew_utf8_cut(parts[i].text, 100));
                put_word(t, &used, LABEL_COLUMNS, ", ", CLEW_TONE_PLAIN, clew_buffer_slice(&word));
        }
        clew_tree_end_line(t);
}

/* Of a run that has not ended: the step that was heard of last, and how long ago. */
static void put_latest(struct clew_tree_page *t)
{
        const struct clew_trace *trace = t->opened.trace;
        uint32_t latest =
                trace->outcome == CLEW_OUTCOME_OPEN ? clew_trace_latest(trace) : CLEW_STEP_NONE;
        uint64_t now = clew_clock_unix_ns(t->cli->clock);
        uint64_t sign = t->has_summary ? t->summary.last_sign_ns : trace->end_ns;
        const struct clew_step *s;
        char text[CLEW_WHEN_TEXT];

        if (latest == CLEW_STEP_NONE)
                return;
        s = &trace->steps[latest];
        clew_buffer_clear(&t->raw);
        clew_buffer_printf(&t->raw, "#%u %s ", latest + 1, clew_kind_word(s->kind));
        clew_buffer_append_slice(&t->raw, clew_step_label(s));
        if (s->end_ns == 0)
                clew_buffer_append_cstr(&t->raw, ", still open");
        if (sign > 0 && sign < now) {
                clew_when_length(now - sign, text);
                clew_buffer_printf(&t->raw, "; silent for %s", text);
        }
        put_field(t, "latest", clew_buffer_slice(&t->raw));
}

/* What the run was asked: the first thing a user said in the root's input. */
/* The root, or the first agent or chain that was asked something: an HTTP request around a run says
 * nothing itself. */
static uint32_t drawn_depth(const struct clew_trace *trace, uint32_t i)
{
        uint32_t depth = 0;

        for (; i != CLEW_STEP_NONE; i = trace->steps[i].parent)
                depth += !clew_step_is(&trace->steps[i], CLEW_STEP_NOISE);
        return depth;
}

static uint32_t asked(struct clew_tree_page *t, uint32_t root)
{
        const struct clew_trace *trace = t->opened.trace;
        struct clew_messages m = {0};
        uint32_t chain = CLEW_STEP_NONE;

        if (trace->steps[root].input.len > 0)
                return root;
        clew_tree_messages_in(t, &trace->steps[root], &m);
        for (uint32_t i = 0; m.n == 0 && i < trace->n_steps; i++) {
                const struct clew_step *s = &trace->steps[i];

                if (s->kind == CLEW_KIND_CHAIN && s->input.len > 0 && chain == CLEW_STEP_NONE)
                        chain = i;
                /* Beside an agent a chain is help: it finds a title. */
                if (s->kind == CLEW_KIND_AGENT && s->input.len > 0)
                        return chain != CLEW_STEP_NONE &&
                                               drawn_depth(trace, chain) < drawn_depth(trace, i)
                                       ? chain
                                       : i;
        }
        return chain != CLEW_STEP_NONE ? chain : root;
}

static void put_input(struct clew_tree_page *t)
{
        const struct clew_trace *trace = t->opened.trace;
        struct clew_messages m = {0};
        uint32_t step;

        if (trace->root == CLEW_STEP_NONE)
                return;
        step = asked(t, trace->root);
        clew_tree_messages_in(t, &trace->steps[step], &m);
        for (uint32_t i = 0; i < m.n; i++) {
                if (m.items[i].role != CLEW_ROLE_USER || m.items[i].n_parts == 0)
                        continue;
                clew_buffer_clear(&t->raw);
                clew_said_brief(&m.items[i], &t->raw);
                put_field(t, "input", clew_buffer_slice(&t->raw));
                return;
        }
        put_field(t, "input", trace->steps[step].input);
}

static void put_number(struct clew_tree_page *t, size_t *used, uint32_t n, const char *unit)
{
        char text[64];

        snprintf(text, sizeof(text), "%u %s%s", n, unit, n == 1 ? "" : "s");
        put_word(t, used, 0, "  ", CLEW_TONE_PLAIN, clew_slice_of_cstr(text));
}

void clew_tree_header(struct clew_tree_page *t)
{
        const struct clew_trace *trace = t->opened.trace;
        struct clew_selected fallback = {.id = trace->id, .summary = {.outcome = trace->outcome}};
        const struct clew_selected *sel = t->has_summary ? &t->summary : &fallback;
        struct clew_slice name = trace->n_agents > 0 ? trace->agents[0].name : trace->name;
        char text[CLEW_WHEN_TEXT + 32];
        size_t used = 0;

        clew_buffer_clear(&t->raw);
        clew_cli_short_id(t->cli, &t->opened.id, text);
        put_word(t, &used, 0, "  ", CLEW_TONE_STRONG, clew_slice_of_cstr(text));
        put_word(t, &used, 0, "  ", clew_outcome_tone(trace->outcome),
                 clew_slice_of_cstr(clew_outcome_word(sel)));
        put_word(t, &used, 0, "  ", CLEW_TONE_PLAIN, clew_utf8_cut(name, 40));
        clew_when_length(trace->end_ns > trace->start_ns ? trace->end_ns - trace->start_ns : 0,
                         text);
        put_word(t, &used, 0, "  ", CLEW_TONE_PLAIN, clew_slice_of_cstr(text));
        put_number(t, &used, trace->n_steps, "step");
        if (trace->n_errors > 0)
                put_number(t, &used, trace->n_errors, "error");
        clew_count_short(trace->tokens.total, " tokens", text);
        if (trace->tokens.total > 0)
                put_word(t, &used, 0, "  ", CLEW_TONE_PLAIN, clew_slice_of_cstr(text));
        clew_cost_short(trace->cost_usd, text);
        if (trace->has_cost)
                put_word(t, &used, 0, "  ", CLEW_TONE_PLAIN, clew_slice_of_cstr(text));
        clew_tree_end_line(t);
        put_origin(t);
        put_latest(t);
        put_scores(t);
        put_notes(t);
        put_said(t);
        clew_buffer_clear(&t->raw);
        if (t->has_summary)
                clew_facts_brief(&t->summary.summary.facts, &t->raw);
        put_field(t, "facts", clew_buffer_slice(&t->raw));
        put_input(t);
        clew_buffer_append_byte(&t->line, '\n');
        clew_tree_columns(t, "#", "AT", "TOOK", "TOK");
        clew_tree_end_line(t);
}
