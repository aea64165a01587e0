/*
 * What the records of one step tell, in the words of the conventions: counts inclusive, messages,
 * what went wrong.
 */
#include "query/model/log-span-int.h"

#include "proto/base/buffer.h"
#include "proto/base/json.h"
#include "proto/base/number.h"
#include "query/model/value-int.h"

#include <stdio.h>
#include <string.h>

#define KEY(s) CLEW_SLICE_LITERAL(s)
#define FIELD_SPAN_ATTRIBUTES CLEW_TOLD_FIELD
/* Pieces of one answer that are put together; each is looked for from the start. */
#define PIECES_MAX 64u

/* ---- protobuf ---------------------------------------------------------------------------------
 */

static void put_bytes(struct clew_buffer *b, uint32_t field, struct clew_slice s)
{
        clew_buffer_append_varint(b, field << 3 | 2u);
        clew_buffer_append_varint(b, s.len);
        clew_buffer_append_slice(b, s);
}

/* KeyValue { key = 1, value = 2 { string_value = 1 } } */
void clew_log_put_text(struct clew_buffer *b, struct clew_slice key, struct clew_slice text)
{
        size_t value = 1 + clew_varint_size(text.len) + text.len;
        size_t pair = 1 + clew_varint_size(key.len) + key.len + 1 + clew_varint_size(value) + value;

        clew_buffer_append_varint(b, FIELD_SPAN_ATTRIBUTES << 3 | 2u);
        clew_buffer_append_varint(b, pair);
        put_bytes(b, 1, key);
        clew_buffer_append_varint(b, 2u << 3 | 2u);
        clew_buffer_append_varint(b, value);
        put_bytes(b, 1, text);
}

void clew_log_put_if(struct clew_buffer *b, struct clew_slice key, struct clew_slice text)
{
        if (text.len > 0)
                clew_log_put_text(b, key, text);
}

static void put_count(struct clew_buffer *b, struct clew_slice key, double n)
{
        struct clew_buffer text = {0};

        clew_buffer_init(&text, 64);
        clew_buffer_printf(&text, "%.0f", n);
        clew_log_put_text(b, key, clew_buffer_slice(&text));
        clew_buffer_deinit(&text);
}

/* [{"role": ROLE, "parts": [{"type": TYPE, "content": TEXT}]}] */
static void put_part(struct clew_buffer *b, struct clew_slice key, const char *role,
                     const char *type, struct clew_slice text)
{
        struct clew_buffer json = {0};
        struct clew_json_writer w;

        clew_buffer_init(&json, CLEW_LOG_SPAN_BYTES_MAX);
        w = clew_json_writer_make(&json, 0);
        clew_json_write_array_begin(&w);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "role");
        clew_json_write_cstr(&w, role);
        clew_json_write_key(&w, "parts");
        clew_json_write_array_begin(&w);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, type);
        clew_json_write_key(&w, "content");
        clew_json_write_string(&w, text);
        clew_json_write_object_end(&w);
        clew_json_write_array_end(&w);
        clew_json_write_object_end(&w);
        clew_json_write_array_end(&w);
        if (clew_buffer_error(&json) == 0)
                clew_log_put_text(b, key, clew_buffer_slice(&json));
        clew_buffer_deinit(&json);
}

/* A mark in the text's place is no answer. */
static void put_answer(struct clew_buffer *b, struct clew_slice text)
{
        if (text.len > 0 && !clew_text_is_redaction(text))
                put_part(b, KEY("gen_ai.output.messages"), "assistant", "text", text);
}

/* What the user said; where the program left it out, that, and what would send it. */
static void put_question(struct clew_buffer *b, const struct clew_log_fact *prompt)
{
        struct clew_slice text = prompt->text[CLEW_LOG_ROLE_PROMPT];
        bool left_out = text.len == 0 || clew_text_is_redaction(text);

        put_part(b, KEY("gen_ai.input.messages"), "user", left_out ? "redacted" : "text",
                 left_out ? clew_log_words_left_out(prompt->event.family) : text);
}

/* ---- what the records of a step tell ------------------------------------------------------------
 */

struct clew_slice clew_log_either(const struct clew_log_step *s, enum clew_log_role role)
{
        const struct clew_log_fact *facts[] = {s->ended, s->begun, s->first};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(facts); i++) {
                if (clew_log_fact_has(facts[i], role))
                        return facts[i]->text[role];
        }
        return CLEW_SLICE_NULL;
}

/* Input with cached input, output with reasoning, as the conventions want them. */
static void put_counts(struct clew_buffer *b, const struct clew_log_step *s)
{
        const struct clew_log_fact *f = s->ended;
        double in = 0;
        double out = 0;
        double read = 0;
        double write = 0;
        double reasoning = 0;
        double total = 0;
        bool has_in = clew_log_fact_number(f, CLEW_LOG_ROLE_IN, &in);
        bool has_out = clew_log_fact_number(f, CLEW_LOG_ROLE_OUT, &out);
        bool has_read = clew_log_fact_number(f, CLEW_LOG_ROLE_CACHE_READ, &read);
        bool has_write = clew_log_fact_number(f, CLEW_LOG_ROLE_CACHE_WRITE, &write);
        bool has_reasoning = clew_log_fact_number(f, CLEW_LOG_ROLE_REASONING, &reasoning);
        bool has_total = clew_log_fact_number(f, CLEW_LOG_ROLE_TOTAL, &total);

        if (has_in && ((f->event.family->habits & CLEW_LOG_CACHE_APART) || read > in))
                in += read + write;
        if (has_out && reasoning > 0 &&
            (reasoning > out || (has_total && total >= in + out + reasoning)))
                out += reasoning;
        if (has_in)
                put_count(b, KEY("gen_ai.usage.input_tokens"), in);
        if (has_out)
                put_count(b, KEY("gen_ai.usage.output_tokens"), out);
        if (has_read)
                put_count(b, KEY("gen_ai.usage.cache_read.input_tokens"), read);
        if (has_write)
                put_count(b, KEY("gen_ai.usage.cache_write.input_tokens"), write);
        if (has_reasoning)
                put_count(b, KEY("gen_ai.usage.reasoning.output_tokens"), reasoning);
        if (has_total)
                put_count(b, KEY("gen_ai.usage.total_tokens"), total);
}

static void put_first_token(struct clew_buffer *b, const struct clew_log_step *s)
{
        struct clew_buffer text = {0};
        double ms = 0;

        if (!clew_log_fact_number(s->ended, CLEW_LOG_ROLE_FIRST_MS, &ms) || ms <= 0)
                return;
        clew_buffer_init(&text, 400);
        clew_buffer_printf(&text, "%.6f", ms / 1000);
        clew_log_put_text(b, KEY("gen_ai.response.time_to_first_chunk"), clew_buffer_slice(&text));
        clew_buffer_deinit(&text);
}

/* Gemini's answer is a list of pieces, each with the content of a message inside. */
static struct clew_slice unwrap(struct clew_slice json, struct clew_arena *arena)
{
        CLEW_BUFFER list = {0};

        clew_buffer_init(&list, CLEW_LOG_SPAN_BYTES_MAX);
        for (unsigned i = 0; i < PIECES_MAX; i++) {
                char path[64];
                struct clew_slice content;

                snprintf(path, sizeof(path), "%u.candidates.0.content", i);
                content = clew_text_member(json, path, arena);
                if (content.len == 0)
                        break;
                clew_buffer_append_byte(&list, i == 0 ? '[' : ',');
                clew_buffer_append_slice(&list, content);
        }
        if (list.len == 0 || clew_buffer_error(&list) < 0)
                return json;
        clew_buffer_append_byte(&list, ']');
        return clew_arena_copy(arena, clew_buffer_slice(&list));
}

static void put_call(struct clew_buffer *b, const struct clew_log_step *s, struct clew_arena *arena)
{
        struct clew_slice input = clew_log_either(s, CLEW_LOG_ROLE_INPUT);
        struct clew_slice output = clew_log_either(s, CLEW_LOG_ROLE_OUTPUT);

        clew_log_put_text(b, KEY("gen_ai.operation.name"), KEY("chat"));
        clew_log_put_if(b, KEY("gen_ai.request.model"), clew_log_either(s, CLEW_LOG_ROLE_MODEL));
        clew_log_put_if(b, KEY("gen_ai.response.id"), clew_log_either(s, CLEW_LOG_ROLE_CALL));
        clew_log_put_if(b, KEY("gen_ai.response.finish_reasons"),
                        clew_log_either(s, CLEW_LOG_ROLE_FINISH));
        if (s->ended) {
                put_counts(b, s);
                put_first_token(b, s);
                clew_log_put_if(b, KEY("gen_ai.usage.cost"), s->ended->text[CLEW_LOG_ROLE_COST]);
        }
        if (input.len > 0)
                clew_log_put_text(b, KEY("gen_ai.input.messages"), input);
        else if (s->prompt && !s->request)
                put_question(b, s->prompt);
        if (output.len > 0)
                clew_log_put_text(b, KEY("gen_ai.output.messages"), unwrap(output, arena));
        else if (s->answer && !s->reply)
                put_answer(b, s->answer->text[CLEW_LOG_ROLE_ANSWER]);
}

static void put_tool(struct clew_buffer *b, const struct clew_log_step *s)
{
        clew_log_put_text(b, KEY("gen_ai.operation.name"), KEY("execute_tool"));
        clew_log_put_if(b, KEY("gen_ai.tool.name"), clew_log_either(s, CLEW_LOG_ROLE_TOOL));
        clew_log_put_if(b, KEY("gen_ai.tool.call.id"), clew_log_either(s, CLEW_LOG_ROLE_TOOL_CALL));
        clew_log_put_if(b, KEY("gen_ai.tool.call.arguments"),
                        clew_log_either(s, CLEW_LOG_ROLE_ARGUMENTS));
        clew_log_put_if(b, KEY("gen_ai.tool.call.result"),
                        clew_log_either(s, CLEW_LOG_ROLE_RESULT));
}

/* The HTTP status when it says that the call failed: a stream can fail under a 200. */
static struct clew_slice failing_status(const struct clew_log_step *s)
{
        struct clew_slice status = clew_log_either(s, CLEW_LOG_ROLE_STATUS);
        uint64_t number;

        return clew_parse_uint64(status, &number) && number >= 400 ? status : CLEW_SLICE_NULL;
}

/* What went wrong, in the record's words, else in as few of ours. */
struct clew_slice clew_log_error_text(const struct clew_log_step *s, struct clew_arena *arena)
{
        struct clew_slice text = clew_log_either(s, CLEW_LOG_ROLE_ERROR);
        struct clew_slice status = failing_status(s);

        if (text.len > 0 || !s->failed)
                return text;
        if (s->kind == CLEW_LOG_STEP_CALL && status.len > 0 && status.len < 16)
                return clew_arena_printf(arena, "HTTP status %.*s", (int)status.len,
                                         (const char *)status.data);
        if (s->kind == CLEW_LOG_STEP_TOOL && !s->ended)
                return KEY("not allowed to run");
        return CLEW_SLICE_NULL;
}

static struct clew_slice exit_code(const struct clew_log_step *s, struct clew_arena *arena)
{
        struct clew_slice code =
                clew_text_member(clew_log_either(s, CLEW_LOG_ROLE_DETAIL), "exitCode", arena);

        return code.len > 0 && code.len < 16
                       ? clew_arena_printf(arena, "exit code %.*s", (int)code.len,
                                           (const char *)code.data)
                       : CLEW_SLICE_NULL;
}

static void put_error(struct clew_buffer *b, const struct clew_log_step *s,
                      struct clew_arena *arena)
{
        struct clew_slice type = clew_log_either(s, CLEW_LOG_ROLE_ERROR_TYPE);

        if (s->refused)
                clew_log_put_text(b, KEY("clew.refused"), KEY("true"));
        if (!s->failed)
                return;
        if (type.len == 0 && s->kind == CLEW_LOG_STEP_CALL)
                type = failing_status(s);
        if (type.len == 0 && s->kind == CLEW_LOG_STEP_TOOL)
                type = exit_code(s, arena);
        clew_log_put_text(b, KEY("clew.failed"), KEY("true"));
        clew_log_put_if(b, KEY("error.type"), type);
        clew_log_put_if(b, KEY("error.message"), clew_log_error_text(s, arena));
}

void clew_log_put_step(struct clew_buffer *b, const struct clew_log_step *s,
                       struct clew_arena *arena)
{
        switch (s->kind) {
        case CLEW_LOG_STEP_PROMPT:
                clew_log_put_text(b, KEY("gen_ai.operation.name"), KEY("user_prompt"));
                put_question(b, s->first);
                break;
        case CLEW_LOG_STEP_CALL:
                put_call(b, s, arena);
                break;
        case CLEW_LOG_STEP_TOOL:
                put_tool(b, s);
                break;
        case CLEW_LOG_STEP_FAULT:
                break;
        }
        put_error(b, s, arena);
}

struct clew_slice clew_log_step_attributes(const struct clew_log_step *step,
                                           struct clew_arena *arena)
{
        CLEW_BUFFER b = {0};

        clew_buffer_init(&b, CLEW_LOG_SPAN_BYTES_MAX);
        clew_log_put_step(&b, step, arena);
        return clew_buffer_error(&b) < 0 ? CLEW_SLICE_NULL
                                         : clew_arena_copy(arena, clew_buffer_slice(&b));
}

void clew_log_put_identity(struct clew_buffer *b, const struct clew_log_fact *f)
{
        clew_log_put_if(b, KEY("gen_ai.conversation.id"), f->text[CLEW_LOG_ROLE_SESSION]);
        clew_log_put_if(b, KEY("user.id"), f->text[CLEW_LOG_ROLE_USER]);
        clew_log_put_text(b, KEY("clew.made_from"), KEY("log records"));
}

struct clew_slice clew_log_step_helper(const struct clew_log_step *step)
{
        struct clew_slice id = clew_log_either(step, CLEW_LOG_ROLE_HELPER);

        return id.len > 0 ? id : clew_log_either(step, CLEW_LOG_ROLE_HELPER_NAME);
}

/* What was said to the agent, or to the sub-agent @helper, and what it answered last. */
void clew_log_put_agent_texts(struct clew_buffer *b, const struct clew_log_run *run,
                              struct clew_slice helper)
{
        const struct clew_log_fact *said = NULL;
        struct clew_slice answered = CLEW_SLICE_NULL;

        for (uint32_t i = 0; i < run->n_steps; i++) {
                const struct clew_log_step *s = &run->steps[i];

                if (!clew_slice_eq(clew_log_step_helper(s), helper))
                        continue;
                if (s->kind == CLEW_LOG_STEP_PROMPT && !said)
                        said = s->first;
                if (s->kind == CLEW_LOG_STEP_CALL && s->answer)
                        answered = s->answer->text[CLEW_LOG_ROLE_ANSWER];
        }
        if (said)
                put_question(b, said);
        put_answer(b, answered);
}

struct clew_slice clew_log_agent_attributes(const struct clew_log_run *run,
                                            struct clew_arena *arena)
{
        CLEW_BUFFER b = {0};

        clew_buffer_init(&b, CLEW_LOG_SPAN_BYTES_MAX);
        clew_log_put_agent_texts(&b, run, CLEW_SLICE_NULL);
        return clew_buffer_error(&b) < 0 ? CLEW_SLICE_NULL
                                         : clew_arena_copy(arena, clew_buffer_slice(&b));
}
