/*
 * Spans for what only log records tell: written in the words of the conventions, so that all else
 * treats them as any span. Ids are hashes of the keys, so a record that comes again changes none.
 */
#include "query/model/log-run-int.h"

#include "proto/base/buffer.h"
#include "proto/base/hash.h"
#include "proto/base/json.h"
#include "proto/base/number.h"
#include "proto/otlp/walk.h"
#include "query/model/value-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KEY(s) CLEW_SLICE_LITERAL(s)
/* One span, and all of one run. */
#define SPAN_BYTES_MAX ((size_t)256 << 20)
#define SPANS_BYTES_MAX ((size_t)1 << 30)

#define FIELD_SPAN_ATTRIBUTES CLEW_TOLD_FIELD
/* Pieces of one answer that are put together; each is looked for from the start. */
#define PIECES_MAX 64u
#define SEED_STEP 0x6c6f672d73746570ull
#define SEED_HELPER 0x6c6f672d68656c70ull
/* Sub-agents of one run; what further ones do stands below the agent itself. */
#define HELPERS_MAX 64u

/* ---- protobuf ---------------------------------------------------------------------------------
 */

static void put_bytes(struct clew_buffer *b, uint32_t field, struct clew_slice s)
{
        clew_buffer_append_varint(b, field << 3 | 2u);
        clew_buffer_append_varint(b, s.len);
        clew_buffer_append_slice(b, s);
}

static void put_time(struct clew_buffer *b, uint32_t field, uint64_t ns)
{
        clew_buffer_append_varint(b, field << 3 | 1u);
        clew_buffer_append_le64(b, ns);
}

static size_t varint_len(uint64_t v)
{
        size_t n = 1;

        while (v >= 0x80) {
                v >>= 7;
                n++;
        }
        return n;
}

/* KeyValue { key = 1, value = 2 { string_value = 1 } } */
static void put_text(struct clew_buffer *b, struct clew_slice key, struct clew_slice text)
{
        size_t value = 1 + varint_len(text.len) + text.len;
        size_t pair = 1 + varint_len(key.len) + key.len + 1 + varint_len(value) + value;

        clew_buffer_append_varint(b, FIELD_SPAN_ATTRIBUTES << 3 | 2u);
        clew_buffer_append_varint(b, pair);
        put_bytes(b, 1, key);
        clew_buffer_append_varint(b, 2u << 3 | 2u);
        clew_buffer_append_varint(b, value);
        put_bytes(b, 1, text);
}

static void put_if(struct clew_buffer *b, struct clew_slice key, struct clew_slice text)
{
        if (text.len > 0)
                put_text(b, key, text);
}

static void put_count(struct clew_buffer *b, struct clew_slice key, double n)
{
        struct clew_buffer text = {0};

        clew_buffer_init(&text, 64);
        clew_buffer_printf(&text, "%.0f", n);
        put_text(b, key, clew_buffer_slice(&text));
        clew_buffer_deinit(&text);
}

/* [{"role": ROLE, "parts": [{"type": "text", "content": TEXT}]}] */
static void put_message(struct clew_buffer *b, struct clew_slice key, const char *role,
                        struct clew_slice text)
{
        struct clew_buffer json = {0};
        struct clew_json_writer w;

        /* A mark in the text's place is the record's to show, not a message. */
        if (text.len == 0 || (strcmp(role, "user") != 0 && clew_text_is_redaction(text)))
                return;
        clew_buffer_init(&json, SPAN_BYTES_MAX);
        w = clew_json_writer_make(&json, 0);
        clew_json_write_array_begin(&w);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "role");
        clew_json_write_cstr(&w, role);
        clew_json_write_key(&w, "parts");
        clew_json_write_array_begin(&w);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, "text");
        clew_json_write_key(&w, "content");
        clew_json_write_string(&w, text);
        clew_json_write_object_end(&w);
        clew_json_write_array_end(&w);
        clew_json_write_object_end(&w);
        clew_json_write_array_end(&w);
        if (clew_buffer_error(&json) == 0)
                put_text(b, key, clew_buffer_slice(&json));
        clew_buffer_deinit(&json);
}

/* ---- what the records of a step tell ------------------------------------------------------------
 */

static struct clew_slice either(const struct clew_log_step *s, enum clew_log_role role)
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
        put_text(b, KEY("gen_ai.response.time_to_first_chunk"), clew_buffer_slice(&text));
        clew_buffer_deinit(&text);
}

/* Gemini's answer is a list of pieces, each with the content of a message inside. */
static struct clew_slice unwrap(struct clew_slice json, struct clew_arena *arena)
{
        CLEW_BUFFER list = {0};

        clew_buffer_init(&list, SPAN_BYTES_MAX);
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
        struct clew_slice input = either(s, CLEW_LOG_ROLE_INPUT);
        struct clew_slice output = either(s, CLEW_LOG_ROLE_OUTPUT);

        put_text(b, KEY("gen_ai.operation.name"), KEY("chat"));
        put_if(b, KEY("gen_ai.request.model"), either(s, CLEW_LOG_ROLE_MODEL));
        put_if(b, KEY("gen_ai.response.id"), either(s, CLEW_LOG_ROLE_CALL));
        put_if(b, KEY("gen_ai.response.finish_reasons"), either(s, CLEW_LOG_ROLE_FINISH));
        if (s->ended) {
                put_counts(b, s);
                put_first_token(b, s);
                put_if(b, KEY("gen_ai.usage.cost"), s->ended->text[CLEW_LOG_ROLE_COST]);
        }
        if (input.len > 0)
                put_text(b, KEY("gen_ai.input.messages"), input);
        else if (s->prompt && !s->request)
                put_message(b, KEY("gen_ai.input.messages"), "user",
                            s->prompt->text[CLEW_LOG_ROLE_PROMPT]);
        if (output.len > 0)
                put_text(b, KEY("gen_ai.output.messages"), unwrap(output, arena));
        else if (s->answer && !s->reply)
                put_message(b, KEY("gen_ai.output.messages"), "assistant",
                            s->answer->text[CLEW_LOG_ROLE_ANSWER]);
}

static void put_tool(struct clew_buffer *b, const struct clew_log_step *s)
{
        put_text(b, KEY("gen_ai.operation.name"), KEY("execute_tool"));
        put_if(b, KEY("gen_ai.tool.name"), either(s, CLEW_LOG_ROLE_TOOL));
        put_if(b, KEY("gen_ai.tool.call.id"), either(s, CLEW_LOG_ROLE_TOOL_CALL));
        put_if(b, KEY("gen_ai.tool.call.arguments"), either(s, CLEW_LOG_ROLE_ARGUMENTS));
        put_if(b, KEY("gen_ai.tool.call.result"), either(s, CLEW_LOG_ROLE_RESULT));
}

/* The HTTP status when it says that the call failed: a stream can fail under a 200. */
static struct clew_slice failing_status(const struct clew_log_step *s)
{
        struct clew_slice status = either(s, CLEW_LOG_ROLE_STATUS);
        uint64_t number;

        return clew_parse_uint64(status, &number) && number >= 400 ? status : CLEW_SLICE_NULL;
}

/* What went wrong, in the record's words, else in as few of ours. */
static struct clew_slice error_text(const struct clew_log_step *s, struct clew_arena *arena)
{
        struct clew_slice text = either(s, CLEW_LOG_ROLE_ERROR);
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
                clew_text_member(either(s, CLEW_LOG_ROLE_DETAIL), "exitCode", arena);

        return code.len > 0 && code.len < 16
                       ? clew_arena_printf(arena, "exit code %.*s", (int)code.len,
                                           (const char *)code.data)
                       : CLEW_SLICE_NULL;
}

static void put_error(struct clew_buffer *b, const struct clew_log_step *s,
                      struct clew_arena *arena)
{
        struct clew_slice type = either(s, CLEW_LOG_ROLE_ERROR_TYPE);

        if (!s->failed)
                return;
        if (type.len == 0 && s->kind == CLEW_LOG_STEP_CALL)
                type = failing_status(s);
        if (type.len == 0 && s->kind == CLEW_LOG_STEP_TOOL)
                type = exit_code(s, arena);
        put_text(b, KEY("clew.failed"), KEY("true"));
        put_if(b, KEY("error.type"), type);
        put_if(b, KEY("error.message"), error_text(s, arena));
}

static void put_step(struct clew_buffer *b, const struct clew_log_step *s, struct clew_arena *arena)
{
        switch (s->kind) {
        case CLEW_LOG_STEP_PROMPT:
                put_text(b, KEY("gen_ai.operation.name"), KEY("user_prompt"));
                put_message(b, KEY("gen_ai.input.messages"), "user",
                            s->first->text[CLEW_LOG_ROLE_PROMPT]);
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

        clew_buffer_init(&b, SPAN_BYTES_MAX);
        put_step(&b, step, arena);
        return clew_buffer_error(&b) < 0 ? CLEW_SLICE_NULL
                                         : clew_arena_copy(arena, clew_buffer_slice(&b));
}

/* ---- spans ------------------------------------------------------------------------------------
 */

struct made {
        struct clew_slice resource;
        struct clew_slice scope;
        struct clew_slice name;
        struct clew_span_id id;
        struct clew_span_id parent;
        uint64_t start_ns;
        uint64_t end_ns;
        struct clew_slice attributes; /* encoded, field 9 */
        bool failed;
        struct clew_slice message;
};

static void put_span(struct clew_buffer *out, const struct clew_log_run *run, const struct made *m)
{
        CLEW_BUFFER span = {0};
        CLEW_BUFFER scope = {0};
        CLEW_BUFFER resource = {0};
        CLEW_BUFFER status = {0};

        clew_buffer_init(&span, SPANS_BYTES_MAX);
        clew_buffer_init(&scope, SPANS_BYTES_MAX);
        clew_buffer_init(&resource, SPANS_BYTES_MAX);
        clew_buffer_init(&status, SPANS_BYTES_MAX);
        put_bytes(&span, 1, clew_slice_make(run->id.bytes, sizeof(run->id.bytes)));
        put_bytes(&span, 2, clew_slice_make(m->id.bytes, sizeof(m->id.bytes)));
        if (!clew_span_id_is_zero(&m->parent))
                put_bytes(&span, 4, clew_slice_make(m->parent.bytes, sizeof(m->parent.bytes)));
        put_bytes(&span, 5, m->name);
        clew_buffer_append_varint(&span, 6u << 3);
        clew_buffer_append_varint(&span, 1); /* INTERNAL */
        put_time(&span, 7, m->start_ns);
        put_time(&span, 8, m->end_ns);
        clew_buffer_append_slice(&span, m->attributes);
        if (m->failed) {
                put_bytes(&status, 2, m->message);
                clew_buffer_append_varint(&status, 3u << 3);
                clew_buffer_append_varint(&status, CLEW_STATUS_ERROR);
                put_bytes(&span, 15, clew_buffer_slice(&status));
        }
        if (m->scope.len > 0)
                put_bytes(&scope, 1, m->scope);
        put_bytes(&scope, 2, clew_buffer_slice(&span));
        if (m->resource.len > 0)
                put_bytes(&resource, 1, m->resource);
        put_bytes(&resource, 2, clew_buffer_slice(&scope));
        put_bytes(out, 1, clew_buffer_slice(&resource));
        if (clew_buffer_error(&span) < 0 || clew_buffer_error(&scope) < 0 ||
            clew_buffer_error(&resource) < 0)
                out->error = -ENOMEM;
}

static uint64_t mix_time(uint64_t seed, uint64_t v)
{
        return clew_hash_seeded(clew_slice_make(&v, sizeof(v)), seed);
}

/* From the id of the call where there is one, else from the place that the sender gives its first
 * record. Never zero. */
static struct clew_span_id span_id_of(const struct clew_log_run *run, const struct clew_log_step *s)
{
        struct clew_slice id = either(s, s->kind == CLEW_LOG_STEP_TOOL ? CLEW_LOG_ROLE_TOOL_CALL
                                                                       : CLEW_LOG_ROLE_CALL);
        uint64_t h = clew_hash_seeded(clew_slice_make(run->id.bytes, sizeof(run->id.bytes)),
                                      SEED_STEP + s->kind);
        struct clew_span_id ret;

        if (id.len > 0 && s->kind != CLEW_LOG_STEP_PROMPT) {
                h = clew_hash_seeded(id, h);
        } else {
                h = mix_time(h, s->first->sequence);
                h = mix_time(h, s->first->record.time_ns ? s->first->record.time_ns
                                                         : s->first->record.observed_ns);
                h = clew_hash_seeded(s->first->record.raw, h);
        }
        h += h == 0;
        memcpy(ret.bytes, &h, sizeof(ret.bytes));
        return ret;
}

static struct clew_span_id span_id_of_text(const struct clew_log_run *run, struct clew_slice text)
{
        uint64_t h = clew_hash_seeded(clew_slice_make(run->id.bytes, sizeof(run->id.bytes)),
                                      SEED_HELPER);
        struct clew_span_id ret;

        h = clew_hash_seeded(text, h);
        h += h == 0;
        memcpy(ret.bytes, &h, sizeof(ret.bytes));
        return ret;
}

static struct clew_slice name_of(const struct clew_log_step *s, struct clew_arena *arena)
{
        struct clew_slice parts[2] = {CLEW_SLICE_NULL, CLEW_SLICE_NULL};

        switch (s->kind) {
        case CLEW_LOG_STEP_PROMPT:
                return KEY("user_prompt");
        case CLEW_LOG_STEP_CALL:
                parts[0] = KEY("chat ");
                parts[1] = either(s, CLEW_LOG_ROLE_MODEL);
                return parts[1].len ? clew_arena_concat(arena, parts, 2) : KEY("chat");
        case CLEW_LOG_STEP_TOOL:
                parts[0] = KEY("execute_tool ");
                parts[1] = either(s, CLEW_LOG_ROLE_TOOL);
                return parts[1].len ? clew_arena_concat(arena, parts, 2) : KEY("execute_tool");
        case CLEW_LOG_STEP_FAULT:
                break;
        }
        return s->first->event.word;
}

static void put_identity(struct clew_buffer *b, const struct clew_log_fact *f)
{
        put_if(b, KEY("gen_ai.conversation.id"), f->text[CLEW_LOG_ROLE_SESSION]);
        put_if(b, KEY("user.id"), f->text[CLEW_LOG_ROLE_USER]);
        put_text(b, KEY("clew.made_from"), KEY("log records"));
}

static int put_log_step(struct clew_buffer *out, struct clew_log_run *run, struct clew_log_step *s,
                        const struct clew_span_id *parent, struct clew_arena *arena)
{
        CLEW_BUFFER attributes = {0};
        struct made m = {.resource = s->first->resource,
                         .scope = s->first->scope,
                         .name = name_of(s, arena),
                         .parent = *parent,
                         .start_ns = s->start_ns,
                         .end_ns = s->end_ns,
                         .failed = s->failed,
                         .message = error_text(s, arena)};

        clew_buffer_init(&attributes, SPAN_BYTES_MAX);
        put_identity(&attributes, s->first);
        put_step(&attributes, s, arena);
        s->span_id = span_id_of(run, s);
        m.id = s->span_id;
        m.attributes = clew_buffer_slice(&attributes);
        put_span(out, run, &m);
        return clew_buffer_error(&attributes);
}

/* ---- the agent around them ----------------------------------------------------------------------
 */

/* The run goes on when something begun has no end and nothing begun after it has one, or when a
 * model has yet to hear what came last. */
static bool is_under_way(const struct clew_log_run *run)
{
        const struct clew_log_step *last = NULL;
        uint64_t open_since = 0;

        for (uint32_t i = 0; i < run->n_steps; i++) {
                const struct clew_log_step *s = &run->steps[i];

                if (clew_log_step_helper(s).len > 0)
                        continue; /* the tool that it works for is what counts */
                if (s->end_ns == 0) {
                        open_since = s->start_ns > open_since ? s->start_ns : open_since;
                        if (open_since == 0)
                                open_since = 1;
                        continue;
                }
                if (s->kind == CLEW_LOG_STEP_CALL && open_since > 0 && s->start_ns > open_since)
                        open_since = 0;
                if (!last || s->end_ns >= last->end_ns)
                        last = s;
        }
        return open_since > 0 || !last || last->kind == CLEW_LOG_STEP_TOOL ||
               last->kind == CLEW_LOG_STEP_PROMPT;
}

/* The last call, when it failed: then so did the run. */
static const struct clew_log_step *last_failure(const struct clew_log_run *run)
{
        const struct clew_log_step *last = NULL;

        for (uint32_t i = 0; i < run->n_steps; i++) {
                const struct clew_log_step *s = &run->steps[i];

                if ((s->kind == CLEW_LOG_STEP_CALL || s->kind == CLEW_LOG_STEP_FAULT) &&
                    s->end_ns > 0 && clew_log_step_helper(s).len == 0 &&
                    (!last || s->end_ns >= last->end_ns))
                        last = s;
        }
        return last && last->failed ? last : NULL;
}

static struct clew_slice agent_name(const struct clew_log_fact *f)
{
        struct clew_value v;

        if (clew_attribute_find(clew_resource_attributes(f->resource), KEY("service.name"), &v) &&
            v.type == CLEW_VALUE_STRING && v.bytes.len > 0 &&
            !clew_slice_starts_with(v.bytes, KEY("unknown_service")))
                return v.bytes;
        return clew_slice_of_cstr(f->event.family->name);
}

static struct clew_span_id root_id(const struct clew_log_run *run)
{
        uint64_t h =
                clew_hash_seeded(clew_slice_make(run->id.bytes, sizeof(run->id.bytes)), ~SEED_STEP);
        struct clew_span_id ret;

        h += h == 0;
        memcpy(ret.bytes, &h, sizeof(ret.bytes));
        return ret;
}

struct clew_slice clew_log_step_helper(const struct clew_log_step *step)
{
        struct clew_slice id = either(step, CLEW_LOG_ROLE_HELPER);

        return id.len > 0 ? id : either(step, CLEW_LOG_ROLE_HELPER_NAME);
}

/* What was said to the agent, or to the sub-agent @helper, and what it answered last. */
static void put_agent_texts(struct clew_buffer *b, const struct clew_log_run *run,
                            struct clew_slice helper)
{
        struct clew_slice said = CLEW_SLICE_NULL;
        struct clew_slice answered = CLEW_SLICE_NULL;

        for (uint32_t i = 0; i < run->n_steps; i++) {
                const struct clew_log_step *s = &run->steps[i];

                if (!clew_slice_eq(clew_log_step_helper(s), helper))
                        continue;
                if (s->kind == CLEW_LOG_STEP_PROMPT && said.len == 0)
                        said = s->first->text[CLEW_LOG_ROLE_PROMPT];
                if (s->kind == CLEW_LOG_STEP_CALL && s->answer)
                        answered = s->answer->text[CLEW_LOG_ROLE_ANSWER];
        }
        put_message(b, KEY("gen_ai.input.messages"), "user", said);
        put_message(b, KEY("gen_ai.output.messages"), "assistant", answered);
}

struct clew_slice clew_log_agent_attributes(const struct clew_log_run *run,
                                            struct clew_arena *arena)
{
        CLEW_BUFFER b = {0};

        clew_buffer_init(&b, SPAN_BYTES_MAX);
        put_agent_texts(&b, run, CLEW_SLICE_NULL);
        return clew_buffer_error(&b) < 0 ? CLEW_SLICE_NULL
                                         : clew_arena_copy(arena, clew_buffer_slice(&b));
}

/* What the agent around several traces needs to know of their spans. */
static bool read_around(struct clew_slice traces, struct clew_log_fact *ret_place, struct made *ret)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_otlp_scope scope;
        struct clew_slice raw;
        struct clew_span span;
        bool open = false;

        ret->start_ns = UINT64_MAX;
        while (clew_otlp_read(&r, &raw, &scope)) {
                if (!clew_span_parse(raw, &span))
                        continue;
                if (!ret_place->event.family) {
                        ret_place->resource = scope.resource;
                        ret_place->event.family =
                                clew_log_family_of_scope(clew_scope_name(scope.scope));
                        ret->scope = scope.scope;
                }
                open = open || (span.end_ns == 0 && clew_span_id_is_zero(&span.parent_id));
                ret->start_ns = span.start_ns < ret->start_ns ? span.start_ns : ret->start_ns;
                ret->end_ns = span.end_ns > ret->end_ns ? span.end_ns : ret->end_ns;
        }
        if (open)
                ret->end_ns = 0;
        ret->resource = ret_place->resource;
        return ret_place->event.family != NULL;
}

static int put_agent(struct clew_buffer *out, const struct clew_log_run *run,
                     struct clew_slice traces, const struct clew_span_id *id,
                     struct clew_arena *arena)
{
        const struct clew_log_step *failure = last_failure(run);
        const struct clew_log_fact *first = &run->facts[0];
        struct clew_slice parts[2] = {KEY("invoke_agent "), agent_name(first)};
        struct made m = {.resource = first->resource,
                         .scope = first->scope,
                         .name = clew_arena_concat(arena, parts, 2),
                         .id = *id,
                         .start_ns = UINT64_MAX,
                         .failed = failure != NULL,
                         .message = failure ? error_text(failure, arena) : CLEW_SLICE_NULL};
        CLEW_BUFFER attributes = {0};
        struct clew_log_fact place = {.event.family = NULL};
        struct made around = {.start_ns = UINT64_MAX};
        bool open = is_under_way(run);

        (void)read_around(traces, &place, &around);
        if (around.start_ns != UINT64_MAX) {
                m.start_ns = around.start_ns;
                m.end_ns = open ? 0 : around.end_ns;
        }
        for (uint32_t i = 0; i < run->n_steps; i++) {
                const struct clew_log_step *s = &run->steps[i];

                m.start_ns = s->start_ns < m.start_ns ? s->start_ns : m.start_ns;
                m.end_ns = s->end_ns > m.end_ns && !open ? s->end_ns : m.end_ns;
        }
        clew_buffer_init(&attributes, SPAN_BYTES_MAX);
        put_text(&attributes, KEY("gen_ai.operation.name"), KEY("invoke_agent"));
        put_text(&attributes, KEY("gen_ai.agent.name"), parts[1]);
        put_identity(&attributes, first);
        put_agent_texts(&attributes, run, CLEW_SLICE_NULL);
        m.attributes = clew_buffer_slice(&attributes);
        put_span(out, run, &m);
        return clew_buffer_error(&attributes);
}

/* ---- sub-agents ---------------------------------------------------------------------------------
 */

/* One that the agent has set to work, and the tool call that did so. */
struct helper {
        struct clew_slice key;
        const struct clew_log_step *first;
        struct clew_slice name;
        struct clew_span_id id;
        struct clew_span_id parent;
        uint64_t start_ns;
        uint64_t end_ns; /* 0 = something of it is open */
        bool open;
        bool needed; /* a step of it is written */
};

struct helpers {
        struct helper *items;
        uint32_t n;
};

static struct helper *helper_of(const struct helpers *h, struct clew_slice key)
{
        for (uint32_t i = 0; key.len > 0 && i < h->n; i++) {
                if (clew_slice_eq(h->items[i].key, key))
                        return &h->items[i];
        }
        return NULL;
}

static void extend_helper(struct helper *h, const struct clew_log_step *s)
{
        struct clew_slice name = either(s, CLEW_LOG_ROLE_HELPER_NAME);

        if (name.len > 0)
                h->name = name;
        h->start_ns = s->start_ns < h->start_ns ? s->start_ns : h->start_ns;
        h->end_ns = s->end_ns > h->end_ns ? s->end_ns : h->end_ns;
        h->open = h->open || s->end_ns == 0;
        h->needed = h->needed || !s->matched;
}

static bool sets_to_work(const struct clew_log_step *s)
{
        static const char *const tools[] = {"Agent",       "Task",        "agent",
                                            "task",        "spawn_agent", "delegate_to_agent",
                                            "invoke_agent"};
        struct clew_slice name = either(s, CLEW_LOG_ROLE_TOOL);

        for (size_t i = 0; s->kind == CLEW_LOG_STEP_TOOL && i < CLEW_ARRAY_LEN(tools); i++) {
                if (clew_slice_eq_cstr(name, tools[i]))
                        return true;
        }
        return false;
}

/* Sub-agents in the order of their first records, each below the first free call that may have set
 * it to work. */
static int find_helpers(const struct clew_log_run *run, const struct clew_span_id *root,
                        struct clew_arena *arena, struct helpers *ret)
{
        uint32_t call = 0;

        ret->items = clew_arena_calloc(arena, HELPERS_MAX, sizeof(*ret->items));
        if (!ret->items)
                return -ENOMEM;
        for (uint32_t i = 0; i < run->n_steps; i++) {
                const struct clew_log_step *s = &run->steps[i];
                struct clew_slice key = clew_log_step_helper(s);
                struct helper *h = helper_of(ret, key);

                if (key.len == 0 || (!h && ret->n == HELPERS_MAX))
                        continue;
                if (!h) {
                        h = &ret->items[ret->n++];
                        *h = (struct helper){
                                .key = key, .first = s, .parent = *root, .start_ns = UINT64_MAX};
                        while (call < i && !sets_to_work(&run->steps[call]))
                                call++;
                        if (call < i) {
                                const struct clew_log_step *t = &run->steps[call++];

                                h->parent = t->matched ? t->span_id : span_id_of(run, t);
                        }
                        h->id = span_id_of_text(run, key);
                }
                extend_helper(h, s);
        }
        return 0;
}

static int put_helper(struct clew_buffer *out, const struct clew_log_run *run,
                      const struct helper *h, struct clew_arena *arena)
{
        struct clew_slice name = h->name.len > 0 ? h->name : KEY("sub-agent");
        struct clew_slice parts[2] = {KEY("invoke_agent "), name};
        struct made m = {.resource = h->first->first->resource,
                         .scope = h->first->first->scope,
                         .name = clew_arena_concat(arena, parts, 2),
                         .id = h->id,
                         .parent = h->parent,
                         .start_ns = h->start_ns,
                         .end_ns = h->open ? 0 : h->end_ns};
        CLEW_BUFFER attributes = {0};

        clew_buffer_init(&attributes, SPAN_BYTES_MAX);
        put_text(&attributes, KEY("gen_ai.operation.name"), KEY("invoke_agent"));
        put_text(&attributes, KEY("gen_ai.agent.name"), name);
        put_identity(&attributes, h->first->first);
        put_agent_texts(&attributes, run, h->key);
        m.attributes = clew_buffer_slice(&attributes);
        put_span(out, run, &m);
        return clew_buffer_error(&attributes);
}

int clew_log_root_write(const struct clew_trace_id *id, struct clew_slice traces,
                        struct clew_arena *arena, struct clew_slice *ret,
                        struct clew_span_id *ret_id)
{
        struct clew_log_run run = {.id = *id};
        struct clew_log_fact place = {.event.family = NULL};
        struct clew_slice parts[2] = {KEY("invoke_agent "), CLEW_SLICE_NULL};
        struct made m = {.start_ns = UINT64_MAX};
        CLEW_BUFFER attributes = {0};
        CLEW_BUFFER out = {0};

        if (!read_around(traces, &place, &m))
                return 0;
        clew_buffer_init(&attributes, SPAN_BYTES_MAX);
        clew_buffer_init(&out, SPANS_BYTES_MAX);
        parts[1] = agent_name(&place);
        m.name = clew_arena_concat(arena, parts, 2);
        m.id = root_id(&run);
        put_text(&attributes, KEY("gen_ai.operation.name"), KEY("invoke_agent"));
        put_text(&attributes, KEY("gen_ai.agent.name"), parts[1]);
        put_text(&attributes, KEY("clew.made_from"), KEY("several traces"));
        m.attributes = clew_buffer_slice(&attributes);
        put_span(&out, &run, &m);
        *ret = clew_arena_copy(arena, clew_buffer_slice(&out));
        *ret_id = m.id;
        return clew_buffer_error(&out) < 0 || ret->len == 0 ? -ENOMEM : 0;
}

int clew_log_spans_write(struct clew_log_run *run, struct clew_slice traces, bool many,
                         struct clew_arena *arena)
{
        CLEW_BUFFER out = {0};
        struct clew_span_id root = run->has_host ? run->root : root_id(run);
        struct helpers helpers = {0};
        uint32_t n = 0;
        int r = 0;

        for (uint32_t i = 0; i < run->n_steps; i++)
                n += !run->steps[i].matched;
        if (run->n_steps == 0 || (n == 0 && (!many || run->has_host)))
                return 0;
        clew_buffer_init(&out, SPANS_BYTES_MAX);
        if (!run->has_host)
                r = put_agent(&out, run, traces, &root, arena);
        if (r == 0)
                r = find_helpers(run, &root, arena, &helpers);
        for (uint32_t i = 0; r == 0 && i < helpers.n; i++) {
                if (helpers.items[i].needed)
                        r = put_helper(&out, run, &helpers.items[i], arena);
        }
        for (uint32_t i = 0; r == 0 && i < run->n_steps; i++) {
                const struct helper *h = helper_of(&helpers, clew_log_step_helper(&run->steps[i]));

                if (!run->steps[i].matched)
                        r = put_log_step(&out, run, &run->steps[i], h ? &h->id : &root, arena);
        }
        if (r == 0)
                r = clew_buffer_error(&out);
        if (r < 0)
                return -ENOMEM;
        run->root = root;
        run->spans = clew_arena_copy(arena, clew_buffer_slice(&out));
        return run->spans.len > 0 ? 0 : -ENOMEM;
}
