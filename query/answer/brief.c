/*
 * See brief.h.
 */
#include "query/answer/brief.h"

#include "proto/base/json.h"
#include "proto/base/utf8.h"
#include "query/answer/trace-record.h"
#include "query/rca/text.h"

#include <stdio.h>
#include <string.h>

/* Blocks before what a person says, and their names. */
#define BLOCKS_MAX 16u
#define TAG_BYTES_MAX 40u
#define FAREWELLS_MAX 4u /* calls at the end of a talk that may be farewells */

static void append_text(struct clew_buffer *out, struct clew_slice text)
{
        clew_buffer_append_slice(out, clew_utf8_cut(text, CLEW_BRIEF_BYTES_MAX));
        if (text.len > CLEW_BRIEF_BYTES_MAX)
                clew_buffer_append_cstr(out, "…");
}

const char *clew_kind_word(enum clew_kind kind)
{
        switch (kind) {
        case CLEW_KIND_GENERIC:
                return "span";
        case CLEW_KIND_RETRIEVER:
                return "retr";
        case CLEW_KIND_EMBEDDING:
                return "embed";
        case CLEW_KIND_RERANKER:
                return "rank";
        case CLEW_KIND_GUARDRAIL:
                return "guard";
        case CLEW_KIND_EVALUATOR:
                return "eval";
        case CLEW_KIND_PROMPT:
                return "promp";
        case CLEW_KIND_MEMORY:
                return "mem";
        case CLEW_KIND_HANDOFF:
                return "hand";
        case CLEW_KIND_AGENT:
        case CLEW_KIND_LLM:
        case CLEW_KIND_TOOL:
        case CLEW_KIND_CHAIN:
        case CLEW_KIND_MCP:
        case CLEW_KIND_EVENT:
        case CLEW_KIND_COUNT:
                break;
        }
        return clew_kind_name(kind);
}

struct clew_slice clew_step_label(const struct clew_step *step)
{
        if (step->kind == CLEW_KIND_LLM && step->model.len > 0)
                return step->model;
        if (step->kind == CLEW_KIND_TOOL && step->tool_name.len > 0)
                return step->tool_name;
        if (step->kind == CLEW_KIND_AGENT && step->agent_name.len > 0)
                return step->agent_name;
        return step->name;
}

void clew_arguments_brief(struct clew_slice arguments, struct clew_buffer *out)
{
        struct clew_json_reader r = clew_json_reader_make(arguments, CLEW_JSON_DEPTH_DEFAULT);
        size_t from = out->len;

        if (arguments.len > CLEW_BRIEF_BYTES_MAX * 16 ||
            clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN || !clew_json_next_member(&r) ||
            clew_json_next(&r) != CLEW_JSON_STRING) {
                append_text(out, arguments);
                return;
        }
        clew_json_append_string(&r, out);
        if (clew_json_next_member(&r) || clew_json_next(&r) != CLEW_JSON_END ||
            r.status != CLEW_JSON_COMPLETE) {
                out->len = from;
                append_text(out, arguments);
        }
}

void clew_part_brief(const struct clew_part *part, struct clew_buffer *out)
{
        switch (part->type) {
        case CLEW_PART_TOOL_CALL:
                clew_buffer_append_cstr(out, "→ ");
                append_text(out, part->name);
                clew_buffer_append_cstr(out, " ");
                append_text(out, part->text);
                return;
        case CLEW_PART_MEDIA:
                clew_buffer_append_cstr(out, "[");
                append_text(out, part->media_type.len > 0 ? part->media_type
                                                          : CLEW_SLICE_LITERAL("media"));
                if (part->media_bytes > 0)
                        clew_buffer_printf(out, ", %llu bytes",
                                           (unsigned long long)part->media_bytes);
                if (part->media_hash != 0)
                        clew_buffer_printf(out, ", hash %016llx",
                                           (unsigned long long)part->media_hash);
                clew_buffer_append_cstr(out, "]");
                return;
        case CLEW_PART_REFUSAL:
                clew_buffer_append_cstr(out, "refuses: ");
                append_text(out, part->text);
                return;
        case CLEW_PART_REASONING:
                clew_buffer_append_cstr(out, "thinks: ");
                append_text(out, part->text);
                return;
        case CLEW_PART_TEXT:
        case CLEW_PART_TOOL_RESULT:
        case CLEW_PART_OTHER:
                break;
        }
        append_text(out, part->text);
}

static bool is_blank(struct clew_slice text);

/* Behind the first block <name>...</name> of @text, when it begins with one; @text itself else. */
static struct clew_slice behind_block(struct clew_slice text)
{
        uint8_t end[TAG_BYTES_MAX + 3] = "</";
        size_t from = 0;
        size_t n = 0;
        const uint8_t *at;

        while (from < text.len && (text.data[from] == ' ' || text.data[from] == '\n'))
                from++;
        if (from == text.len || text.data[from] != '<')
                return text;
        for (from++; from + n < text.len && n < TAG_BYTES_MAX; n++) {
                uint8_t c = text.data[from + n];

                if (!(c >= 'a' && c <= 'z') && c != '_' && c != '-')
                        break;
                end[2 + n] = c;
        }
        if (n == 0 || from + n >= text.len || text.data[from + n] != '>')
                return text;
        end[2 + n] = '>';
        at = memmem(text.data + from, text.len - from, end, n + 3);
        return at ? clew_slice_from(text, (size_t)(at - text.data) + n + 3) : text;
}

void clew_said_brief(const struct clew_message *message, struct clew_buffer *out)
{
        size_t from = out->len;

        for (uint32_t i = 0; i < message->n_parts && out->len < CLEW_BRIEF_BYTES_MAX; i++) {
                struct clew_slice text = message->parts[i].text;

                if (message->parts[i].type == CLEW_PART_TEXT) {
                        for (unsigned k = 0; k < BLOCKS_MAX; k++) {
                                struct clew_slice rest = behind_block(text);

                                if (rest.len == text.len)
                                        break;
                                text = rest;
                        }
                        if (is_blank(text))
                                continue;
                }
                if (out->len > from)
                        clew_buffer_append_cstr(out, " ");
                if (message->parts[i].type == CLEW_PART_TEXT)
                        append_text(out, text);
                else
                        clew_part_brief(&message->parts[i], out);
        }
        for (uint32_t i = 0; i < message->n_parts && i < BLOCKS_MAX && out->len == from; i++)
                clew_part_brief(&message->parts[i], out);
}

static bool is_blank(struct clew_slice text)
{
        for (size_t i = 0; i < text.len; i++) {
                if (text.data[i] != ' ' && (text.data[i] < '\t' || text.data[i] > '\r'))
                        return false;
        }
        return true;
}

/* A state that is given out whole, or an agent that says several things: the last answer counts. */
static struct clew_messages last_answer(const struct clew_messages *m, enum clew_kind kind)
{
        struct clew_messages only = *m;
        bool mixed = kind != CLEW_KIND_LLM;

        for (uint32_t i = 0; i < m->n; i++)
                mixed = mixed || m->items[i].role == CLEW_ROLE_USER ||
                        m->items[i].role == CLEW_ROLE_TOOL || m->items[i].role == CLEW_ROLE_SYSTEM;
        for (uint32_t i = m->n; i-- > 0 && mixed && m->n > 1;) {
                if (m->items[i].role != CLEW_ROLE_ASSISTANT || m->items[i].n_parts == 0)
                        continue;
                only.items = &m->items[i];
                only.n = 1;
                break;
        }
        return only;
}

/* Tool calls first: they say what happens next. Reasoning only when there is nothing else. */
static bool message_brief(const struct clew_messages *m, struct clew_buffer *out)
{
        static const enum clew_part_type order[] = {CLEW_PART_TOOL_CALL, CLEW_PART_REFUSAL,
                                                    CLEW_PART_TEXT, CLEW_PART_MEDIA,
                                                    CLEW_PART_REASONING};

        for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
                size_t n = 0;

                for (uint32_t i = 0; i < m->n; i++) {
                        for (uint32_t j = 0; j < m->items[i].n_parts; j++) {
                                const struct clew_part *p = &m->items[i].parts[j];

                                if (p->type != order[k] || out->len > CLEW_BRIEF_BYTES_MAX * 2 ||
                                    (p->type == CLEW_PART_TEXT && is_blank(p->text)))
                                        continue;
                                if (n++ > 0)
                                        clew_buffer_append_cstr(out, "  ");
                                clew_part_brief(p, out);
                        }
                }
                if (n > 0)
                        return true;
        }
        return false;
}

static void error_brief(const struct clew_step *step, struct clew_buffer *out)
{
        const struct clew_step_error *e = &step->error;

        append_text(out, e->type);
        if (e->type.len > 0 && e->message.len > 0)
                clew_buffer_append_cstr(out, ": ");
        append_text(out, e->message);
        if (e->type.len == 0 && e->message.len == 0)
                clew_buffer_append_cstr(out,
                                        step->kind == CLEW_KIND_GUARDRAIL ? "tripped" : "error");
}

/* The only text of a message; null when it holds anything else. */
static struct clew_slice only_text(const struct clew_messages *m)
{
        return m->n == 1 && m->items[0].n_parts == 1 && m->items[0].parts[0].type == CLEW_PART_TEXT
                       ? m->items[0].parts[0].text
                       : CLEW_SLICE_NULL;
}

/* Of an agent that ended a talk with a farewell: what its last call said before that. False when
 * that is not near. */
static bool before_farewell(const struct clew_trace *trace, const struct clew_step *step,
                            struct clew_arena *scratch, struct clew_buffer *out)
{
        const struct clew_step *at = step + step->n_descendants;

        for (unsigned looked = 0; at > step && looked < FAREWELLS_MAX; at--) {
                struct clew_messages m = {0};

                if (at->kind != CLEW_KIND_LLM)
                        continue;
                looked++;
                clew_arena_reset(scratch);
                if (clew_step_messages(trace, at, CLEW_MESSAGES_OUT, scratch, &m) < 0)
                        return false;
                m = last_answer(&m, at->kind);
                if (only_text(&m).len == 0 || clew_text_is_farewell(only_text(&m)))
                        continue;
                append_text(out, only_text(&m));
                return true;
        }
        return false;
}

/* Agents and chains often carry messages too. */
static void answer_brief(const struct clew_trace *trace, const struct clew_step *step,
                         struct clew_arena *scratch, struct clew_buffer *out)
{
        struct clew_messages m = {0};

        int r;

        clew_arena_reset(scratch);
        r = clew_step_messages(trace, step, CLEW_MESSAGES_OUT, scratch, &m);
        if (r < 0 && out->error == 0)
                out->error = r; /* the caller tests the buffer */
        if (r == 0)
                m = last_answer(&m, step->kind);
        if (step->kind == CLEW_KIND_AGENT && r == 0 &&
            (m.n ? only_text(&m).len && clew_text_is_farewell(only_text(&m))
                 : step->output.len && clew_text_is_farewell(step->output)) &&
            before_farewell(trace, step, scratch, out))
                return;
        if (r < 0 || message_brief(&m, out))
                return;
        append_text(out, step->output);
}

bool clew_step_is_prompt(const struct clew_step *step)
{
        return clew_step_is(step, CLEW_STEP_FROM_LOGS) && step->kind == CLEW_KIND_CHAIN &&
               step->n_descendants == 0 && step->output.len == 0;
}

/* What the user said is all that such a step tells. */
static void prompt_brief(const struct clew_trace *trace, const struct clew_step *step,
                         struct clew_arena *scratch, struct clew_buffer *out)
{
        struct clew_messages m = {0};
        int r;

        clew_arena_reset(scratch);
        r = clew_step_messages(trace, step, CLEW_MESSAGES_IN, scratch, &m);
        if (r < 0 && out->error == 0)
                out->error = r;
        if (r == 0 && m.n > 0)
                clew_said_brief(&m.items[m.n - 1], out);
}

void clew_step_brief(const struct clew_trace *trace, const struct clew_step *step,
                     struct clew_arena *scratch, struct clew_buffer *out)
{
        if (clew_step_is(step, CLEW_STEP_STANDIN)) {
                clew_buffer_append_cstr(out, "(this parent was never received)");
                return;
        }
        if (step->error.is_error &&
            (step->error.message.len > 0 || step->error.type.len > 0 || step->output.len == 0)) {
                error_brief(step, out);
                return;
        }
        if (clew_step_is(step, CLEW_STEP_REFUSED)) {
                clew_buffer_append_cstr(out, "refused by the user");
                return;
        }
        if (clew_step_is(step, CLEW_STEP_PAUSED) && step->kind != CLEW_KIND_LLM) {
                struct clew_slice text;

                clew_arena_reset(scratch);
                text = clew_step_waits_for(step, scratch);
                clew_buffer_append_cstr(out, text.len > 0 ? "waits: " : "waits for an answer");
                append_text(out, text);
                return;
        }
        if (clew_step_is(step, CLEW_STEP_CANCELLED))
                clew_buffer_append_cstr(out, "cancelled  ");
        if (clew_step_is_prompt(step)) {
                prompt_brief(trace, step, scratch, out);
                return;
        }
        if (step->kind == CLEW_KIND_LLM || step->kind == CLEW_KIND_AGENT ||
            step->kind == CLEW_KIND_CHAIN) {
                answer_brief(trace, step, scratch, out);
        } else if (step->tool_result.len > 0) {
                append_text(out, clew_shell_output(step->tool_result, NULL));
        } else if (step->output.len > 0) {
                append_text(out, step->output);
        } else if (step->tool_arguments.len > 0) {
                append_text(out, step->tool_arguments);
        } else {
                append_text(out, step->input);
        }
}

void clew_score_brief(const struct clew_score *score, struct clew_buffer *out)
{
        bool session = score->target == CLEW_SCORE_SESSION;

        clew_buffer_append_slice(out, score->name);
        if (score->has_value)
                clew_buffer_printf(out, " = %.6g", score->value);
        if (score->label.len > 0) {
                clew_buffer_append_cstr(out, score->has_value ? ", " : " = ");
                clew_buffer_append_slice(out, score->label);
        }
        if (score->error_type.len > 0) {
                clew_buffer_append_cstr(out, ": the evaluator failed, ");
                clew_buffer_append_slice(out, score->error_type);
        }
        if (session || score->source.len > 0) {
                clew_buffer_append_cstr(out, session ? " (of the session" : " (");
                if (score->source.len > 0) {
                        clew_buffer_append_cstr(out, session ? ", by " : "by ");
                        clew_buffer_append_slice(out, score->source);
                }
                clew_buffer_append_cstr(out, ")");
        }
        if (score->place != CLEW_SCORE_HERE) {
                char id[CLEW_SHORT_ID];

                clew_trace_id_short(&score->other_trace, id);
                clew_buffer_printf(out, " (%s trace %s)",
                                   score->place == CLEW_SCORE_AIMED ? "of" : "in", id);
        }
        if (score->explanation.len > 0) {
                clew_buffer_append_cstr(out, ": ");
                clew_buffer_append_slice(out, score->explanation);
        }
}

bool clew_score_is_of(const struct clew_trace *trace, const struct clew_score *score, uint32_t step)
{
        if (score->place == CLEW_SCORE_AIMED)
                return false;
        return score->target == CLEW_SCORE_STEP ? score->step == step : step == trace->root;
}
