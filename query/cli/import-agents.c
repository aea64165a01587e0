/*
 * See import-agents.h. Each reader finds where a tool keeps names, times, ids, inputs and outputs
 * and hands spans to one writer, which speaks OpenInference: the model has tables for it.
 */
#include "query/cli/import-agents.h"

#include "proto/base/ids.h"
#include "proto/base/json.h"
#include "proto/base/sha256.h"
#include "query/answer/when.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MEMBERS_MAX 64u
/* Steps of one trajectory, samples of one log: a request has a bound of its own behind this. */
#define PARTS_MAX 200000u

struct member {
        struct clew_slice key;
        struct clew_slice raw;
        bool used;
};

struct object {
        struct member *items;
        uint32_t n;
};

struct made {
        struct clew_arena *arena;
        struct clew_json_writer w;
        uint32_t n;
};

/* ---- reading -------------------------------------------------------------------------------- */

static bool open_object(struct made *m, struct clew_slice raw, struct object *ret)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_MAX);

        *ret = (struct object){
                .items = clew_arena_calloc(m->arena, MEMBERS_MAX, sizeof(*ret->items))};
        if (!ret->items || raw.len == 0 || clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                if (ret->n == MEMBERS_MAX) {
                        clew_json_skip(&r);
                        continue;
                }
                ret->items[ret->n].key = clew_json_string(&r, m->arena);
                ret->items[ret->n++].raw = clew_json_take(&r);
        }
        return !clew_arena_failed(m->arena);
}

static struct clew_slice raw_of(struct object *o, const char *key)
{
        for (uint32_t i = 0; i < o->n; i++) {
                if (!clew_slice_eq_cstr(o->items[i].key, key))
                        continue;
                o->items[i].used = true;
                if (clew_slice_eq_cstr(o->items[i].raw, "null"))
                        return CLEW_SLICE_NULL;
                return o->items[i].raw;
        }
        return CLEW_SLICE_NULL;
}

static bool has(struct object *o, const char *key)
{
        return raw_of(o, key).len > 0;
}

/* A string's text, another value's JSON. */
static struct clew_slice text_of(struct made *m, struct clew_slice raw)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_MAX);

        if (raw.len && raw.data[0] == '"' && clew_json_next(&r) == CLEW_JSON_STRING)
                return clew_json_string(&r, m->arena);
        return raw;
}

static struct clew_slice text_at(struct made *m, struct object *o, const char *key)
{
        return text_of(m, raw_of(o, key));
}

/* ISO 8601 (UTC where no zone is given), or a number of seconds, milliseconds or nanoseconds. */
static uint64_t time_at(struct made *m, struct object *o, const char *key)
{
        struct clew_slice s = text_at(m, o, key);
        char text[64];
        uint64_t ns = 0;

        if (s.len == 0 || s.len >= sizeof(text))
                return 0;
        memcpy(text, s.data, s.len);
        text[s.len] = '\0';
        for (size_t i = 0; s.len == 13 && i < s.len; i++) { /* milliseconds: to nanoseconds */
                if (text[i] < '0' || text[i] > '9')
                        break;
                if (i + 1 == s.len)
                        memcpy(text + s.len, "000000", 7);
        }
        return clew_when_parse(text, 0, true, &ns) ? ns : 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void put_id(struct made *m, const char *key, struct clew_slice id, size_t bytes)
{
        uint8_t sum[CLEW_SHA256_BYTES];
        uint8_t kept[16];
        char plain[33];
        char hex[33];
        size_t n = 0;

        for (size_t i = 0; i < id.len && n < sizeof(plain); i++) {
                if (id.data[i] != '-')
                        plain[n++] = (char)id.data[i];
        }
        if (n == 2 * bytes && clew_hex_decode(clew_slice_make(plain, n), kept, bytes)) {
                clew_hex_encode(clew_slice_make(kept, bytes), hex);
        } else {
                clew_sha256_of(id, sum);
                clew_hex_encode(clew_slice_make(sum, bytes), hex);
        }
        clew_json_write_key(&m->w, key);
        clew_json_write_cstr(&m->w, hex);
}

static void put_attribute(struct made *m, const char *key, struct clew_slice text)
{
        if (text.len == 0)
                return;
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, "key");
        clew_json_write_cstr(&m->w, key);
        clew_json_write_key(&m->w, "value");
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, "stringValue");
        clew_json_write_string(&m->w, text);
        clew_json_write_object_end(&m->w);
        clew_json_write_object_end(&m->w);
}

static void put_count(struct made *m, const char *key, struct clew_slice raw)
{
        struct clew_json_reader r = clew_json_reader_make(raw, 1);
        uint64_t n;

        if (raw.len == 0 || clew_json_next(&r) != CLEW_JSON_NUMBER || !clew_json_uint64(&r, &n) ||
            n > INT64_MAX)
                return;
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, "key");
        clew_json_write_cstr(&m->w, key);
        clew_json_write_key(&m->w, "value");
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, "intValue");
        clew_json_write_uint64_string(&m->w, n);
        clew_json_write_object_end(&m->w);
        clew_json_write_object_end(&m->w);
}

struct span {
        struct clew_slice trace;
        struct clew_slice id;
        struct clew_slice parent; /* empty = a root */
        struct clew_slice name;
        const char *kind; /* of OpenInference */
        uint64_t start_ns;
        uint64_t end_ns;
        struct clew_slice input;
        struct clew_slice output;
        struct clew_slice model;
        struct clew_slice session;
        struct clew_slice user;
        struct clew_slice error;
        struct clew_slice tokens_in; /* raw numbers */
        struct clew_slice tokens_out;
        struct object *rest; /* what was not used becomes attributes; may be NULL */
};

static void put_rest(struct made *m, struct object *o)
{
        for (uint32_t i = 0; o && i < o->n; i++) {
                struct clew_slice key =
                        clew_arena_printf(m->arena, "import.%.*s", (int)o->items[i].key.len,
                                          (const char *)o->items[i].key.data);

                if (!o->items[i].used && !clew_slice_eq_cstr(o->items[i].raw, "null") && key.data)
                        put_attribute(m, (const char *)key.data, text_of(m, o->items[i].raw));
        }
}

static void put_attributes(struct made *m, const struct span *s)
{
        bool is_tool = strcmp(s->kind, "TOOL") == 0;

        clew_json_write_key(&m->w, "attributes");
        clew_json_write_array_begin(&m->w);
        put_attribute(m, "openinference.span.kind", clew_slice_of_cstr(s->kind));
        put_attribute(m, "input.value", s->input);
        put_attribute(m, "output.value", s->output);
        put_attribute(m, "llm.model_name", s->model);
        put_attribute(m, "session.id", s->session);
        put_attribute(m, "user.id", s->user);
        if (is_tool)
                put_attribute(m, "tool.name", s->name);
        put_count(m, "llm.token_count.prompt", s->tokens_in);
        put_count(m, "llm.token_count.completion", s->tokens_out);
        put_rest(m, s->rest);
        clew_json_write_array_end(&m->w);
}

static void put_span(struct made *m, const struct span *s)
{
        if (m->n++ >= PARTS_MAX)
                return;
        clew_json_write_object_begin(&m->w);
        put_id(m, "traceId", s->trace, 16);
        put_id(m, "spanId", s->id, 8);
        if (s->parent.len)
                put_id(m, "parentSpanId", s->parent, 8);
        clew_json_write_key(&m->w, "name");
        clew_json_write_string(&m->w, s->name.len ? s->name : CLEW_SLICE_LITERAL("step"));
        clew_json_write_key(&m->w, "startTimeUnixNano");
        clew_json_write_uint64_string(&m->w, s->start_ns);
        clew_json_write_key(&m->w, "endTimeUnixNano");
        clew_json_write_uint64_string(&m->w, s->end_ns);
        put_attributes(m, s);
        clew_json_write_key(&m->w, "status");
        clew_json_write_object_begin(&m->w);
        if (s->error.len) {
                clew_json_write_key(&m->w, "code");
                clew_json_write_uint64(&m->w, 2);
                clew_json_write_key(&m->w, "message");
                clew_json_write_string(&m->w, s->error);
        }
        clew_json_write_object_end(&m->w);
        clew_json_write_object_end(&m->w);
}

static void begin(struct made *m, const char *service)
{
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, "resourceSpans");
        clew_json_write_array_begin(&m->w);
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, "resource");
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, "attributes");
        clew_json_write_array_begin(&m->w);
        put_attribute(m, "service.name", clew_slice_of_cstr(service));
        clew_json_write_array_end(&m->w);
        clew_json_write_object_end(&m->w);
        clew_json_write_key(&m->w, "scopeSpans");
        clew_json_write_array_begin(&m->w);
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, "spans");
        clew_json_write_array_begin(&m->w);
}

static void end(struct made *m)
{
        clew_json_write_array_end(&m->w);
        clew_json_write_object_end(&m->w);
        clew_json_write_array_end(&m->w);
        clew_json_write_object_end(&m->w);
        clew_json_write_array_end(&m->w);
        clew_json_write_object_end(&m->w);
}

/* ---- LangSmith ------------------------------------------------------------------------------ */

static const char *kind_of(struct clew_slice word)
{
        static const struct {
                const char *word;
                const char *kind;
        } kinds[] = {
                {"llm", "LLM"},
                {"tool", "TOOL"},
                {"retriever", "RETRIEVER"},
                {"embedding", "EMBEDDING"},
                {"agent", "AGENT"},
                {"chat_model", "LLM"},
                {"generation", "LLM"},
                {"evaluator", "EVALUATOR"},
                {"guardrail", "GUARDRAIL"},
                {"reranker", "RERANKER"},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(kinds); i++) {
                if (word.len == strlen(kinds[i].word) &&
                    strncasecmp((const char *)word.data, kinds[i].word, word.len) == 0)
                        return kinds[i].kind;
        }
        return "CHAIN";
}

static bool make_langsmith(struct made *m, struct object *o)
{
        struct span s = {0};

        if (!has(o, "run_type") || !has(o, "id") || !has(o, "start_time"))
                return false;
        s.id = text_at(m, o, "id");
        s.trace = text_at(m, o, "trace_id");
        s.trace = s.trace.len ? s.trace : s.id;
        s.parent = text_at(m, o, "parent_run_id");
        s.name = text_at(m, o, "name");
        s.kind = kind_of(text_at(m, o, "run_type"));
        s.start_ns = time_at(m, o, "start_time");
        s.end_ns = time_at(m, o, "end_time");
        s.input = text_at(m, o, "inputs");
        s.output = text_at(m, o, "outputs");
        s.error = text_at(m, o, "error");
        s.tokens_in = raw_of(o, "prompt_tokens");
        s.tokens_out = raw_of(o, "completion_tokens");
        s.rest = o;
        begin(m, "langsmith");
        put_span(m, &s);
        end(m);
        return true;
}

/* ---- Langfuse -------------------------------------------------------------------------------- */

/* The first of two names that is there: exports differ in their case. */
static struct clew_slice either(struct made *m, struct object *o, const char *a, const char *b)
{
        struct clew_slice s = text_at(m, o, a);

        return s.len ? s : text_at(m, o, b);
}

static uint64_t time_either(struct made *m, struct object *o, const char *a, const char *b)
{
        uint64_t t = time_at(m, o, a);

        return t ? t : time_at(m, o, b);
}

static void put_observation(struct made *m, struct object *o, struct clew_slice root)
{
        struct span s = {0};
        struct object usage;

        s.id = text_at(m, o, "id");
        s.trace = either(m, o, "traceId", "trace_id");
        s.parent = either(m, o, "parentObservationId", "parent_observation_id");
        s.parent = s.parent.len ? s.parent : root;
        s.name = text_at(m, o, "name");
        s.kind = kind_of(text_at(m, o, "type"));
        s.start_ns = time_either(m, o, "startTime", "start_time");
        s.end_ns = time_either(m, o, "endTime", "end_time");
        s.input = text_at(m, o, "input");
        s.output = text_at(m, o, "output");
        s.model = text_at(m, o, "model");
        if (clew_slice_eq_cstr(text_at(m, o, "level"), "ERROR")) {
                s.error = either(m, o, "statusMessage", "status_message");
                s.error = s.error.len ? s.error : CLEW_SLICE_LITERAL("error");
        }
        if (open_object(m, raw_of(o, "usage"), &usage)) {
                s.tokens_in = raw_of(&usage, "input");
                s.tokens_out = raw_of(&usage, "output");
        }
        s.rest = o;
        put_span(m, &s);
}

static bool make_langfuse_observation(struct made *m, struct object *o)
{
        if (!(has(o, "traceId") || has(o, "trace_id")) || !has(o, "type") || !has(o, "id") ||
            !(has(o, "startTime") || has(o, "start_time")))
                return false;
        begin(m, "langfuse");
        put_observation(m, o, CLEW_SLICE_NULL);
        end(m);
        return true;
}

/* A trace with its observations: the trace is a span of its own, under an id made of the trace's.
 */
static bool make_langfuse_trace(struct made *m, struct object *o)
{
        struct clew_json_reader r;
        struct clew_slice list;
        struct span s = {0};

        if (!has(o, "observations") || !has(o, "id") || !has(o, "timestamp"))
                return false;
        list = raw_of(o, "observations");
        s.trace = text_at(m, o, "id");
        s.id = clew_arena_printf(m->arena, "trace %.*s", (int)s.trace.len,
                                 (const char *)s.trace.data);
        s.name = text_at(m, o, "name");
        s.kind = "AGENT";
        s.start_ns = time_at(m, o, "timestamp");
        s.end_ns = time_either(m, o, "endTime", "updatedAt");
        s.input = text_at(m, o, "input");
        s.output = text_at(m, o, "output");
        s.session = either(m, o, "sessionId", "session_id");
        s.user = either(m, o, "userId", "user_id");
        s.rest = o;
        begin(m, "langfuse");
        put_span(m, &s);
        r = clew_json_reader_make(list, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                struct object observation;

                if (open_object(m, clew_json_take(&r), &observation))
                        put_observation(m, &observation, s.id);
        }
        end(m);
        return true;
}

/* ---- trajectories and chats -------------------------------------------------------------------
 */

/* A run of one model call: its messages but the last answer are the input, that is the output. */
static void put_conversation(struct made *m, struct span *run, struct clew_slice messages)
{
        struct clew_json_reader r = clew_json_reader_make(messages, CLEW_JSON_DEPTH_MAX);
        CLEW_BUFFER in = {0};
        struct clew_slice last = CLEW_SLICE_NULL;
        struct span call;

        clew_buffer_init(&in, messages.len + 64);
        clew_buffer_append_byte(&in, '[');
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                if (last.len) {
                        clew_buffer_append_cstr(&in, in.len > 1 ? "," : "");
                        clew_buffer_append_slice(&in, last);
                }
                last = clew_json_take(&r);
        }
        clew_buffer_append_byte(&in, ']');
        run->input =
                run->input.len ? run->input : clew_arena_copy(m->arena, clew_buffer_slice(&in));
        run->output = run->output.len ? run->output : last;
        put_span(m, run);
        call = *run;
        call.parent = run->id;
        call.id = clew_arena_printf(m->arena, "%.*s call", (int)run->id.len,
                                    (const char *)run->id.data);
        call.name = CLEW_SLICE_LITERAL("chat");
        call.kind = "LLM";
        call.rest = NULL;
        call.error = CLEW_SLICE_NULL;
        call.input = clew_arena_copy(m->arena, clew_buffer_slice(&in));
        call.output = last;
        put_span(m, &call);
}

static bool make_chat(struct made *m, struct object *o, struct clew_slice text)
{
        struct clew_slice messages = raw_of(o, "messages");
        struct clew_json_reader r = clew_json_reader_make(messages, CLEW_JSON_DEPTH_MAX);
        struct object first;
        struct span s = {0};

        if (messages.len == 0 || clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN ||
            !clew_json_next_element(&r) || !open_object(m, clew_json_take(&r), &first) ||
            !has(&first, "role"))
                return false;
        s.trace = text; /* ids of the content: it has none of its own */
        s.id = text;
        s.name = CLEW_SLICE_LITERAL("chat file");
        s.kind = "AGENT";
        s.model = text_at(m, o, "model");
        s.rest = o;
        begin(m, "chat-file");
        put_conversation(m, &s, messages);
        end(m);
        return true;
}

/* Calls of an ATIF step, each with what it returned, as tool spans. */
static void put_atif_tools(struct made *m, const struct span *run, struct object *step,
                           struct clew_slice step_id)
{
        struct clew_slice calls = raw_of(step, "tool_calls");
        struct clew_json_reader r = clew_json_reader_make(calls, CLEW_JSON_DEPTH_MAX);
        uint32_t n = 0;

        if (calls.len == 0 || clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return;
        while (clew_json_next_element(&r)) {
                struct object call;
                struct object observation = {0};
                struct object result;
                struct span s = {.trace = run->trace, .parent = run->id, .kind = "TOOL"};
                struct clew_json_reader results;
                uint32_t k = 0;

                if (!open_object(m, clew_json_take(&r), &call))
                        continue;
                s.id = clew_arena_printf(m->arena, "%.*s tool %u", (int)step_id.len,
                                         (const char *)step_id.data, n);
                s.name = text_at(m, &call, "function_name");
                s.input = text_at(m, &call, "arguments");
                s.start_ns = s.end_ns = time_at(m, step, "timestamp");
                if (open_object(m, raw_of(step, "observation"), &observation)) {
                        results = clew_json_reader_make(raw_of(&observation, "results"),
                                                        CLEW_JSON_DEPTH_MAX);
                        (void)clew_json_next(&results);
                        while (clew_json_next_element(&results)) {
                                struct clew_slice one = clew_json_take(&results);

                                if (k++ == n && open_object(m, one, &result))
                                        s.output = text_at(m, &result, "content");
                        }
                }
                s.rest = &call;
                put_span(m, &s);
                n++;
        }
}

static void put_atif_step(struct made *m, const struct span *run, struct object *step, uint32_t n,
                          struct clew_slice *said)
{
        struct clew_slice source = text_at(m, step, "source");
        struct clew_slice message = text_at(m, step, "message");
        struct clew_slice id = clew_arena_printf(m->arena, "%.*s step %u", (int)run->id.len,
                                                 (const char *)run->id.data, n);
        struct object metrics;
        struct span s = {.trace = run->trace, .parent = run->id, .id = id, .kind = "LLM"};

        if (!clew_slice_eq_cstr(source, "agent")) {
                *said = message;
                return;
        }
        s.name = CLEW_SLICE_LITERAL("agent");
        s.model = text_at(m, step, "model_name");
        s.model = s.model.len ? s.model : run->model;
        s.start_ns = s.end_ns = time_at(m, step, "timestamp");
        s.input = *said;
        s.output = message.len ? message : raw_of(step, "tool_calls");
        if (open_object(m, raw_of(step, "metrics"), &metrics)) {
                s.tokens_in = raw_of(&metrics, "prompt_tokens");
                s.tokens_out = raw_of(&metrics, "completion_tokens");
        }
        put_span(m, &s);
        put_atif_tools(m, run, step, id);
        *said = CLEW_SLICE_NULL;
}

static bool make_atif(struct made *m, struct object *o)
{
        struct clew_slice version = text_at(m, o, "schema_version");
        struct clew_json_reader r;
        struct object agent;
        struct span s = {0};
        struct clew_slice said = CLEW_SLICE_NULL;
        uint32_t n = 0;

        if (!clew_slice_starts_with(version, CLEW_SLICE_LITERAL("ATIF")) || !has(o, "steps"))
                return false;
        s.session = text_at(m, o, "session_id");
        s.trace = text_at(m, o, "trajectory_id");
        s.trace = s.trace.len ? s.trace : s.session;
        s.id = clew_arena_printf(m->arena, "run %.*s", (int)s.trace.len,
                                 (const char *)s.trace.data);
        s.kind = "AGENT";
        if (open_object(m, raw_of(o, "agent"), &agent)) {
                s.name = text_at(m, &agent, "name");
                s.model = text_at(m, &agent, "model_name");
        }
        r = clew_json_reader_make(raw_of(o, "steps"), CLEW_JSON_DEPTH_MAX);
        s.rest = o;
        begin(m, "atif");
        put_span(m, &s);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                struct object step;

                if (open_object(m, clew_json_take(&r), &step))
                        put_atif_step(m, &s, &step, ++n, &said);
        }
        end(m);
        return true;
}

/* ---- Inspect and MLflow -----------------------------------------------------------------------
 */

static bool make_inspect(struct made *m, struct object *o)
{
        struct clew_json_reader r;
        struct object eval;
        struct clew_slice run;

        if (!has(o, "samples") || !open_object(m, raw_of(o, "eval"), &eval) || !has(&eval, "task"))
                return false;
        run = text_at(m, &eval, "run_id");
        r = clew_json_reader_make(raw_of(o, "samples"), CLEW_JSON_DEPTH_MAX);
        begin(m, "inspect");
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                struct object sample;
                struct span s = {.kind = "AGENT", .name = text_at(m, &eval, "task")};

                if (!open_object(m, clew_json_take(&r), &sample))
                        continue;
                s.trace = clew_arena_printf(m->arena, "%.*s %.*s %.*s", (int)run.len,
                                            (const char *)run.data, (int)raw_of(&sample, "id").len,
                                            (const char *)raw_of(&sample, "id").data,
                                            (int)raw_of(&sample, "epoch").len,
                                            (const char *)raw_of(&sample, "epoch").data);
                s.id = s.trace;
                s.model = text_at(m, &eval, "model");
                s.start_ns = time_either(m, &sample, "started_at", "created");
                s.start_ns = s.start_ns ? s.start_ns : time_at(m, &eval, "created");
                s.end_ns = time_at(m, &sample, "completed_at");
                s.end_ns = s.end_ns ? s.end_ns : s.start_ns;
                s.session = run;
                s.error = text_at(m, &sample, "error");
                s.rest = &sample;
                put_conversation(m, &s, raw_of(&sample, "messages"));
        }
        end(m);
        return true;
}

static void put_mlflow_span(struct made *m, struct object *o, struct clew_slice trace)
{
        struct object context = {0};
        struct object attributes = {0};
        struct clew_slice type;
        struct span s = {0};

        if (open_object(m, raw_of(o, "context"), &context)) {
                s.id = text_at(m, &context, "span_id");
                trace = text_at(m, &context, "trace_id").len ? text_at(m, &context, "trace_id")
                                                             : trace;
        }
        s.trace = trace;
        s.parent = either(m, o, "parent_id", "parent_span_id");
        s.name = text_at(m, o, "name");
        s.start_ns = time_either(m, o, "start_time", "start_time_unix_nano");
        s.end_ns = time_either(m, o, "end_time", "end_time_unix_nano");
        s.kind = "CHAIN";
        if (open_object(m, raw_of(o, "attributes"), &attributes)) {
                type = text_of(m, text_at(m, &attributes, "mlflow.spanType"));
                s.kind = kind_of(type);
                s.input = text_of(m, text_at(m, &attributes, "mlflow.spanInputs"));
                s.output = text_of(m, text_at(m, &attributes, "mlflow.spanOutputs"));
        }
        if (clew_slice_eq_cstr(text_at(m, o, "status_code"), "ERROR")) {
                s.error = text_at(m, o, "status_message");
                s.error = s.error.len ? s.error : CLEW_SLICE_LITERAL("error");
        }
        s.rest = &attributes;
        put_span(m, &s);
}

static bool make_mlflow(struct made *m, struct object *o)
{
        struct clew_json_reader r;
        struct object info;
        struct object data;
        struct clew_slice trace;

        if (!open_object(m, raw_of(o, "info"), &info) ||
            !open_object(m, raw_of(o, "data"), &data) || !has(&data, "spans") ||
            !(has(&info, "trace_id") || has(&info, "request_id")))
                return false;
        trace = either(m, &info, "trace_id", "request_id");
        r = clew_json_reader_make(raw_of(&data, "spans"), CLEW_JSON_DEPTH_MAX);
        begin(m, "mlflow");
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                struct object span;

                if (open_object(m, clew_json_take(&r), &span))
                        put_mlflow_span(m, &span, trace);
        }
        end(m);
        return true;
}

/* A document that was cut is no document: the caller tells where it breaks. */
static bool is_whole(struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_MAX);

        (void)clew_json_next(&r);
        clew_json_skip(&r);
        return clew_json_next(&r) == CLEW_JSON_END && r.status == CLEW_JSON_COMPLETE;
}

bool clew_import_agents(struct clew_slice text, struct clew_arena *arena, struct clew_buffer *out)
{
        struct made m = {.arena = arena};
        struct object o;

        clew_buffer_clear(out);
        m.w = clew_json_writer_make(out, 0);
        if (!is_whole(text) || !open_object(&m, text, &o))
                return false;
        return make_langsmith(&m, &o) || make_langfuse_trace(&m, &o) ||
               make_langfuse_observation(&m, &o) || make_atif(&m, &o) || make_inspect(&m, &o) ||
               make_mlflow(&m, &o) || make_chat(&m, &o, text);
}
