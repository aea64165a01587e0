/*
 * See import-agents.h. Each reader finds where a tool keeps names, times, ids, inputs and outputs
 * and hands spans to one writer (import-span-int.h).
 */
#include "query/cli/import-agents.h"

#include "query/cli/import-span-int.h"

#include <string.h>

/* Scores of one trace; further ones are left out. */
#define SCORES_MAX 64u
/* And of their names and comments; beyond it there are none. */
#define SCORES_BYTES_MAX ((size_t)4 << 20)

/* ---- LangSmith ------------------------------------------------------------------------------ */

/* A thread is named in the metadata, by one of these; all of "extra" stays an attribute. */
static struct clew_slice langsmith_session(struct clew_made *m, const struct clew_made_object *o)
{
        static const char *const names[] = {"session_id", "thread_id", "conversation_id"};
        struct clew_slice session = CLEW_SLICE_NULL;
        struct clew_made_object extra;
        struct clew_made_object metadata;

        for (uint32_t i = 0; i < o->n; i++) {
                if (!clew_slice_eq_cstr(o->items[i].key, "extra") ||
                    !clew_made_open(m, o->items[i].raw, &extra) ||
                    !clew_made_open(m, clew_made_raw(&extra, "metadata"), &metadata))
                        continue;
                for (size_t k = 0; k < CLEW_ARRAY_LEN(names) && session.len == 0; k++)
                        session = clew_made_text(m, &metadata, names[k]);
        }
        return session;
}

static bool make_langsmith(struct clew_made *m, struct clew_made_object *o)
{
        struct clew_made_step s = {0};

        if (!clew_made_has(o, "run_type") || !clew_made_has(o, "id") ||
            !clew_made_has(o, "start_time"))
                return false;
        s.id = clew_made_text(m, o, "id");
        s.trace = clew_made_text(m, o, "trace_id");
        s.trace = s.trace.len ? s.trace : s.id;
        s.parent = clew_made_text(m, o, "parent_run_id");
        s.name = clew_made_text(m, o, "name");
        s.kind = clew_made_kind(clew_made_text(m, o, "run_type"));
        s.start_ns = clew_made_time(m, o, "start_time");
        s.end_ns = clew_made_time(m, o, "end_time");
        s.input = clew_made_text(m, o, "inputs");
        s.output = clew_made_text(m, o, "outputs");
        s.error = clew_made_text(m, o, "error");
        s.tokens_in = clew_made_raw(o, "prompt_tokens");
        s.tokens_out = clew_made_raw(o, "completion_tokens");
        s.session = langsmith_session(m, o);
        s.rest = o;
        clew_made_begin(m, "langsmith");
        clew_made_span(m, &s);
        clew_made_end(m);
        return true;
}

/* ---- Langfuse -------------------------------------------------------------------------------- */

/* The first of two names that is there: exports differ in their case. */
static struct clew_slice either(struct clew_made *m, struct clew_made_object *o, const char *a,
                                const char *b)
{
        struct clew_slice s = clew_made_text(m, o, a);

        return s.len ? s : clew_made_text(m, o, b);
}

static uint64_t time_either(struct clew_made *m, struct clew_made_object *o, const char *a,
                            const char *b)
{
        uint64_t t = clew_made_time(m, o, a);

        return t ? t : clew_made_time(m, o, b);
}

static void put_observation(struct clew_made *m, struct clew_made_object *o, struct clew_slice root)
{
        static const char *const usages[] = {"usageDetails", "usage_details", "usage"};
        struct clew_made_step s = {0};
        struct clew_made_object usage;

        s.id = clew_made_text(m, o, "id");
        s.trace = either(m, o, "traceId", "trace_id");
        s.parent = either(m, o, "parentObservationId", "parent_observation_id");
        s.parent = s.parent.len ? s.parent : root;
        s.name = clew_made_text(m, o, "name");
        s.kind = clew_made_kind(clew_made_text(m, o, "type"));
        s.start_ns = time_either(m, o, "startTime", "start_time");
        s.end_ns = time_either(m, o, "endTime", "end_time");
        s.input = clew_made_text(m, o, "input");
        s.output = clew_made_text(m, o, "output");
        s.model = clew_made_text(m, o, "model");
        if (clew_slice_eq_cstr(clew_made_text(m, o, "level"), "ERROR")) {
                s.error = either(m, o, "statusMessage", "status_message");
                s.error = s.error.len ? s.error : CLEW_SLICE_LITERAL("error");
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(usages) && s.tokens_in.len + s.tokens_out.len == 0;
             i++) {
                if (!clew_made_open(m, clew_made_raw(o, usages[i]), &usage))
                        continue;
                s.tokens_in = clew_made_raw(&usage, "input");
                s.tokens_out = clew_made_raw(&usage, "output");
        }
        s.rest = o;
        clew_made_span(m, &s);
}

/* When the last of the observations @list ended; 0 when none has. */
static uint64_t last_end(struct clew_made *m, struct clew_slice list)
{
        struct clew_json_reader r = clew_json_reader_make(list, CLEW_JSON_DEPTH_MAX);
        struct clew_made_object observation;
        uint64_t last = 0;

        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                uint64_t end;

                if (!clew_made_open(m, clew_json_take(&r), &observation))
                        continue;
                end = time_either(m, &observation, "endTime", "end_time");
                last = end > last ? end : last;
        }
        return last;
}

static void put_named_score(struct clew_made *m, struct clew_json_writer *w, struct clew_slice raw)
{
        struct clew_made_object score;
        struct clew_slice value;

        if (!clew_made_open(m, raw, &score))
                return;
        value = clew_made_raw(&score, "stringValue");
        value = value.len ? value : clew_made_raw(&score, "value");
        if (value.len == 0 || !clew_made_has(&score, "name"))
                return;
        clew_json_write_key_slice(w, clew_made_text(m, &score, "name"));
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "value");
        clew_json_write_raw(w, value);
        if (clew_made_has(&score, "comment")) {
                clew_json_write_key(w, "explanation");
                clew_json_write_string(w, clew_made_text(m, &score, "comment"));
        }
        clew_json_write_object_end(w);
}

/* [{"name":N,"value":V,"comment":C}] as an object of names (import-span-int.h). */
static struct clew_slice scores_of(struct clew_made *m, struct clew_slice list)
{
        CLEW_BUFFER text = {0};
        struct clew_json_reader r = clew_json_reader_make(list, CLEW_JSON_DEPTH_MAX);
        struct clew_json_writer w;

        if (list.len == 0 || clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return CLEW_SLICE_NULL;
        clew_buffer_init(&text, SCORES_BYTES_MAX);
        w = clew_json_writer_make(&text, 0);
        clew_json_write_object_begin(&w);
        for (unsigned n = 0; n < SCORES_MAX && clew_json_next_element(&r); n++)
                put_named_score(m, &w, clew_json_take(&r));
        clew_json_write_object_end(&w);
        return clew_buffer_error(&text) < 0 ? CLEW_SLICE_NULL
                                            : clew_arena_copy(m->arena, clew_buffer_slice(&text));
}

static bool make_langfuse_observation(struct clew_made *m, struct clew_made_object *o)
{
        if (!(clew_made_has(o, "traceId") || clew_made_has(o, "trace_id")) ||
            !clew_made_has(o, "type") || !clew_made_has(o, "id") ||
            !(clew_made_has(o, "startTime") || clew_made_has(o, "start_time")))
                return false;
        clew_made_begin(m, "langfuse");
        put_observation(m, o, CLEW_SLICE_NULL);
        clew_made_end(m);
        return true;
}

/* A trace with its observations: the trace is a span of its own, under an id made of the trace's.
 */
static bool make_langfuse_trace(struct clew_made *m, struct clew_made_object *o)
{
        struct clew_json_reader r;
        struct clew_slice list;
        struct clew_made_step s = {0};

        if (!clew_made_has(o, "observations") || !clew_made_has(o, "id") ||
            !clew_made_has(o, "timestamp"))
                return false;
        list = clew_made_raw(o, "observations");
        s.trace = clew_made_text(m, o, "id");
        s.id = clew_arena_printf(m->arena, "trace %.*s", (int)s.trace.len,
                                 (const char *)s.trace.data);
        s.name = clew_made_text(m, o, "name");
        s.kind = "AGENT";
        s.start_ns = clew_made_time(m, o, "timestamp");
        s.end_ns = clew_made_time(m, o, "endTime");
        s.end_ns = s.end_ns ? s.end_ns : last_end(m, list); /* updatedAt may be of days later */
        s.end_ns = s.end_ns ? s.end_ns : clew_made_time(m, o, "updatedAt");
        s.input = clew_made_text(m, o, "input");
        s.output = clew_made_text(m, o, "output");
        s.session = either(m, o, "sessionId", "session_id");
        s.user = either(m, o, "userId", "user_id");
        s.scores = scores_of(m, clew_made_raw(o, "scores"));
        s.rest = o;
        clew_made_begin(m, "langfuse");
        clew_made_span(m, &s);
        r = clew_json_reader_make(list, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                struct clew_made_object observation;

                if (clew_made_open(m, clew_json_take(&r), &observation))
                        put_observation(m, &observation, s.id);
        }
        clew_made_end(m);
        return true;
}

/* ---- trajectories and chats -------------------------------------------------------------------
 */

static bool make_chat(struct clew_made *m, struct clew_made_object *o, struct clew_slice text)
{
        struct clew_slice messages = clew_made_raw(o, "messages");
        struct clew_json_reader r = clew_json_reader_make(messages, CLEW_JSON_DEPTH_MAX);
        struct clew_made_object first;
        struct clew_made_step s = {0};

        if (messages.len == 0 || clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN ||
            !clew_json_next_element(&r) || !clew_made_open(m, clew_json_take(&r), &first) ||
            !clew_made_has(&first, "role"))
                return false;
        s.trace = text; /* ids of the content: it has none of its own */
        s.id = text;
        s.name = CLEW_SLICE_LITERAL("chat file");
        s.kind = "AGENT";
        s.model = clew_made_text(m, o, "model");
        s.rest = o;
        clew_made_begin(m, "chat-file");
        clew_made_conversation(m, &s, messages);
        clew_made_end(m);
        return true;
}

/* Calls of an ATIF step, each with what it returned, as tool spans. */
static void put_atif_tools(struct clew_made *m, const struct clew_made_step *run,
                           struct clew_made_object *step, struct clew_slice step_id)
{
        struct clew_slice calls = clew_made_raw(step, "tool_calls");
        struct clew_json_reader r = clew_json_reader_make(calls, CLEW_JSON_DEPTH_MAX);
        uint32_t n = 0;

        if (calls.len == 0 || clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return;
        while (clew_json_next_element(&r)) {
                struct clew_made_object call;
                struct clew_made_object observation = {0};
                struct clew_made_object result;
                struct clew_made_step s = {.trace = run->trace, .parent = run->id, .kind = "TOOL"};
                struct clew_json_reader results;
                uint32_t k = 0;

                if (!clew_made_open(m, clew_json_take(&r), &call))
                        continue;
                s.id = clew_arena_printf(m->arena, "%.*s tool %u", (int)step_id.len,
                                         (const char *)step_id.data, n);
                s.name = clew_made_text(m, &call, "function_name");
                s.input = clew_made_text(m, &call, "arguments");
                s.start_ns = s.end_ns = clew_made_time(m, step, "timestamp");
                if (clew_made_open(m, clew_made_raw(step, "observation"), &observation)) {
                        results = clew_json_reader_make(clew_made_raw(&observation, "results"),
                                                        CLEW_JSON_DEPTH_MAX);
                        (void)clew_json_next(&results);
                        while (clew_json_next_element(&results)) {
                                struct clew_slice one = clew_json_take(&results);

                                if (k++ == n && clew_made_open(m, one, &result))
                                        s.output = clew_made_text(m, &result, "content");
                        }
                }
                s.rest = &call;
                clew_made_span(m, &s);
                n++;
        }
}

static void put_atif_step(struct clew_made *m, const struct clew_made_step *run,
                          struct clew_made_object *step, uint32_t n, struct clew_slice *said)
{
        struct clew_slice source = clew_made_text(m, step, "source");
        struct clew_slice message = clew_made_text(m, step, "message");
        struct clew_slice id = clew_arena_printf(m->arena, "%.*s step %u", (int)run->id.len,
                                                 (const char *)run->id.data, n);
        struct clew_made_object metrics;
        struct clew_made_step s = {.trace = run->trace, .parent = run->id, .id = id, .kind = "LLM"};

        if (!clew_slice_eq_cstr(source, "agent")) {
                *said = message;
                return;
        }
        s.name = CLEW_SLICE_LITERAL("agent");
        s.model = clew_made_text(m, step, "model_name");
        s.model = s.model.len ? s.model : run->model;
        s.start_ns = s.end_ns = clew_made_time(m, step, "timestamp");
        s.input = *said;
        s.output = message.len ? message : clew_made_raw(step, "tool_calls");
        if (clew_made_open(m, clew_made_raw(step, "metrics"), &metrics)) {
                s.tokens_in = clew_made_raw(&metrics, "prompt_tokens");
                s.tokens_out = clew_made_raw(&metrics, "completion_tokens");
        }
        clew_made_span(m, &s);
        put_atif_tools(m, run, step, id);
        *said = CLEW_SLICE_NULL;
}

static bool make_atif(struct clew_made *m, struct clew_made_object *o)
{
        struct clew_slice version = clew_made_text(m, o, "schema_version");
        struct clew_json_reader r;
        struct clew_made_object agent;
        struct clew_made_step s = {0};
        struct clew_slice said = CLEW_SLICE_NULL;
        uint32_t n = 0;

        if (!clew_slice_starts_with(version, CLEW_SLICE_LITERAL("ATIF")) ||
            !clew_made_has(o, "steps"))
                return false;
        s.session = clew_made_text(m, o, "session_id");
        s.trace = clew_made_text(m, o, "trajectory_id");
        s.trace = s.trace.len ? s.trace : s.session;
        s.id = clew_arena_printf(m->arena, "run %.*s", (int)s.trace.len,
                                 (const char *)s.trace.data);
        s.kind = "AGENT";
        if (clew_made_open(m, clew_made_raw(o, "agent"), &agent)) {
                s.name = clew_made_text(m, &agent, "name");
                s.model = clew_made_text(m, &agent, "model_name");
        }
        r = clew_json_reader_make(clew_made_raw(o, "steps"), CLEW_JSON_DEPTH_MAX);
        s.rest = o;
        clew_made_begin(m, "atif");
        clew_made_span(m, &s);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                struct clew_made_object step;

                if (clew_made_open(m, clew_json_take(&r), &step))
                        put_atif_step(m, &s, &step, ++n, &said);
        }
        clew_made_end(m);
        return true;
}

/* ---- MLflow -----------------------------------------------------------------------
 */

static void put_mlflow_span(struct clew_made *m, struct clew_made_object *o,
                            struct clew_slice trace)
{
        struct clew_made_object context = {0};
        struct clew_made_object attributes = {0};
        struct clew_slice type;
        struct clew_made_step s = {0};

        if (clew_made_open(m, clew_made_raw(o, "context"), &context)) {
                s.id = clew_made_text(m, &context, "span_id");
                trace = clew_made_text(m, &context, "trace_id").len
                                ? clew_made_text(m, &context, "trace_id")
                                : trace;
        }
        s.trace = trace;
        s.parent = either(m, o, "parent_id", "parent_span_id");
        s.name = clew_made_text(m, o, "name");
        s.start_ns = time_either(m, o, "start_time", "start_time_unix_nano");
        s.end_ns = time_either(m, o, "end_time", "end_time_unix_nano");
        s.kind = "CHAIN";
        if (clew_made_open(m, clew_made_raw(o, "attributes"), &attributes)) {
                type = clew_made_text_of(m, clew_made_text(m, &attributes, "mlflow.spanType"));
                s.kind = clew_made_kind(type);
                s.input = clew_made_text_of(m, clew_made_text(m, &attributes, "mlflow.spanInputs"));
                s.output =
                        clew_made_text_of(m, clew_made_text(m, &attributes, "mlflow.spanOutputs"));
        }
        if (clew_slice_eq_cstr(clew_made_text(m, o, "status_code"), "ERROR")) {
                s.error = clew_made_text(m, o, "status_message");
                s.error = s.error.len ? s.error : CLEW_SLICE_LITERAL("error");
        }
        s.rest = &attributes;
        clew_made_span(m, &s);
}

static bool make_mlflow(struct clew_made *m, struct clew_made_object *o)
{
        struct clew_json_reader r;
        struct clew_made_object info;
        struct clew_made_object data;
        struct clew_slice trace;

        if (!clew_made_open(m, clew_made_raw(o, "info"), &info) ||
            !clew_made_open(m, clew_made_raw(o, "data"), &data) || !clew_made_has(&data, "spans") ||
            !(clew_made_has(&info, "trace_id") || clew_made_has(&info, "request_id")))
                return false;
        trace = either(m, &info, "trace_id", "request_id");
        r = clew_json_reader_make(clew_made_raw(&data, "spans"), CLEW_JSON_DEPTH_MAX);
        clew_made_begin(m, "mlflow");
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                struct clew_made_object span;

                if (clew_made_open(m, clew_json_take(&r), &span))
                        put_mlflow_span(m, &span, trace);
        }
        clew_made_end(m);
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
        struct clew_made m = {.arena = arena};
        struct clew_made_object o;

        clew_buffer_clear(out);
        m.w = clew_json_writer_make(out, 0);
        if (!is_whole(text) || !clew_made_open(&m, text, &o))
                return false;
        return make_langsmith(&m, &o) || make_langfuse_trace(&m, &o) ||
               make_langfuse_observation(&m, &o) || make_atif(&m, &o) ||
               clew_import_inspect(&m, &o) || make_mlflow(&m, &o) || make_chat(&m, &o, text);
}
