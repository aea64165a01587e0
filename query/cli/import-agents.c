/*
 * See import-agents.h. Each reader finds where a tool keeps names, times, ids, inputs and outputs
 * and hands spans to one writer (import-span-int.h).
 */
#include "query/cli/import-agents.h"

#include "proto/base/base64.h"
#include "proto/base/ids.h"
#include "query/cli/import-span-int.h"

#include <string.h>

/* Scores of one trace; further ones are left out. */
#define SCORES_MAX 64u
/* And of their names and comments; beyond it there are none. */
#define SCORES_BYTES_MAX ((size_t)4 << 20)

/* ---- LangSmith ------------------------------------------------------------------------------ */

/* The first of @names that is a text there. */
static struct clew_slice first_text(struct clew_made *m, struct clew_made_object *o,
                                    const char *const *names, size_t n)
{
        struct clew_slice text = CLEW_SLICE_NULL;

        for (size_t i = 0; i < n && text.len == 0; i++)
                text = clew_made_text(m, o, names[i]);
        return text;
}

/* A thread and the model are named in the metadata; all of "extra" stays an attribute. */
static void read_langsmith_extra(struct clew_made *m, const struct clew_made_object *o,
                                 struct clew_made_step *s)
{
        static const char *const threads[] = {"session_id", "thread_id", "conversation_id"};
        static const char *const models[] = {"ls_model_name"};
        static const char *const parameters[] = {"model", "model_name"};
        struct clew_made_object extra;
        struct clew_made_object inner;

        for (uint32_t i = 0; i < o->n; i++) {
                if (!clew_slice_eq_cstr(o->items[i].key, "extra") ||
                    !clew_made_open(m, o->items[i].raw, &extra))
                        continue;
                if (clew_made_open(m, clew_made_raw(&extra, "metadata"), &inner)) {
                        s->session = first_text(m, &inner, threads, CLEW_ARRAY_LEN(threads));
                        s->model = first_text(m, &inner, models, CLEW_ARRAY_LEN(models));
                }
                if (s->model.len == 0 &&
                    clew_made_open(m, clew_made_raw(&extra, "invocation_params"), &inner))
                        s->model = first_text(m, &inner, parameters, CLEW_ARRAY_LEN(parameters));
        }
}

/* Source: "Run (span) data format" of its documentation; details by name of the part. */
static void read_langsmith_usage(struct clew_made *m, struct clew_made_object *o,
                                 struct clew_made_usage *u)
{
        struct clew_made_object details;

        u->in = clew_made_raw(o, "prompt_tokens");
        u->out = clew_made_raw(o, "completion_tokens");
        u->total = clew_made_raw(o, "total_tokens");
        u->cost = clew_made_raw(o, "total_cost");
        if (clew_made_open(m, clew_made_raw(o, "prompt_token_details"), &details)) {
                u->cached = clew_made_raw(&details, "cache_read");
                u->written = clew_made_raw(&details, "cache_creation");
        }
        if (clew_made_open(m, clew_made_raw(o, "completion_token_details"), &details))
                u->reasoning = clew_made_raw(&details, "reasoning");
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
        read_langsmith_usage(m, o, &s.usage);
        read_langsmith_extra(m, o, &s);
        if (strcmp(s.kind, "LLM") != 0)
                s.model = CLEW_SLICE_NULL; /* handed down to what calls no model */
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

static struct clew_slice raw_either(struct clew_made_object *o, const char *a, const char *b)
{
        struct clew_slice s = clew_made_raw(o, a);

        return s.len ? s : clew_made_raw(o, b);
}

/*
 * Details are handed on as its own spans have them: which parts lie inside of which is the model's
 * to know. Exports from before have "usage" alone; a cost without details has a name for each kind
 * of export.
 */
static void read_langfuse_usage(struct clew_made *m, struct clew_made_object *o,
                                struct clew_made_step *s)
{
        static const char *const costs[] = {"calculatedTotalCost", "calculated_total_cost",
                                            "totalCost", "total_cost"};
        struct clew_slice details = raw_either(o, "usageDetails", "usage_details");
        struct clew_made_object inner;

        if (clew_made_open(m, details, &inner) && inner.n > 0) {
                s->own[0] = (struct clew_made_own){"langfuse.observation.usage_details", details};
        } else if (clew_made_open(m, clew_made_raw(o, "usage"), &inner)) {
                s->usage.in = clew_made_raw(&inner, "input");
                s->usage.out = clew_made_raw(&inner, "output");
                s->usage.total = clew_made_raw(&inner, "total");
                s->usage.cost = clew_made_raw(&inner, "totalCost");
        }
        details = raw_either(o, "costDetails", "cost_details");
        if (clew_made_open(m, details, &inner) && inner.n > 0) {
                s->own[1] = (struct clew_made_own){"langfuse.observation.cost_details", details};
                s->usage.cost = CLEW_SLICE_NULL;
                return;
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(costs) && s->usage.cost.len == 0; i++)
                s->usage.cost = clew_made_raw(o, costs[i]);
}

static void put_observation(struct clew_made *m, struct clew_made_object *o, struct clew_slice root)
{
        static const char *const models[] = {"model", "providedModelName", "provided_model_name"};
        struct clew_made_step s = {0};

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
        s.model = first_text(m, o, models, CLEW_ARRAY_LEN(models));
        if (clew_slice_eq_cstr(clew_made_text(m, o, "level"), "ERROR")) {
                s.error = either(m, o, "statusMessage", "status_message");
                s.error = s.error.len ? s.error : CLEW_SLICE_LITERAL("error");
        }
        read_langfuse_usage(m, o, &s);
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
        clew_made_conversation(m, &s, clew_made_raw(o, "system"), messages);
        clew_made_end(m);
        return true;
}

/* What the call @id returned; of results that name no call, the one at place @n. */
static struct clew_slice atif_result(struct clew_made *m, struct clew_slice results,
                                     struct clew_slice id, uint32_t n)
{
        struct clew_json_reader r = clew_json_reader_make(results, CLEW_JSON_DEPTH_MAX);
        struct clew_made_object result;
        struct clew_slice source;

        if (results.len == 0 || clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return CLEW_SLICE_NULL;
        for (uint32_t k = 0; clew_json_next_element(&r); k++) {
                if (!clew_made_open(m, clew_json_take(&r), &result))
                        continue;
                source = clew_made_text(m, &result, "source_call_id");
                if (source.len && id.len ? clew_slice_eq(source, id) : k == n)
                        return clew_made_text(m, &result, "content");
        }
        return CLEW_SLICE_NULL;
}

/* Calls of an ATIF step, each with what it returned, as tool spans. */
static void put_atif_tools(struct clew_made *m, const struct clew_made_step *run,
                           struct clew_made_object *step, struct clew_slice step_id)
{
        struct clew_slice calls = clew_made_raw(step, "tool_calls");
        struct clew_json_reader r = clew_json_reader_make(calls, CLEW_JSON_DEPTH_MAX);
        struct clew_made_object observation;
        struct clew_slice results = CLEW_SLICE_NULL;
        uint32_t n = 0;

        if (calls.len == 0 || clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return;
        if (clew_made_open(m, clew_made_raw(step, "observation"), &observation))
                results = clew_made_raw(&observation, "results");
        while (clew_json_next_element(&r)) {
                struct clew_made_object call;
                struct clew_made_step s = {.trace = run->trace, .parent = run->id, .kind = "TOOL"};

                if (!clew_made_open(m, clew_json_take(&r), &call))
                        continue;
                s.id = clew_arena_printf(m->arena, "%.*s tool %u", (int)step_id.len,
                                         (const char *)step_id.data, n);
                s.name = clew_made_text(m, &call, "function_name");
                s.input = clew_made_text(m, &call, "arguments");
                s.start_ns = s.end_ns = clew_made_time(m, step, "timestamp");
                s.output = atif_result(m, results, clew_made_text(m, &call, "tool_call_id"), n);
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
                s.usage.in = clew_made_raw(&metrics, "prompt_tokens"); /* cached ones included */
                s.usage.out = clew_made_raw(&metrics, "completion_tokens");
                s.usage.cached = clew_made_raw(&metrics, "cached_tokens");
                s.usage.cost = clew_made_raw(&metrics, "cost_usd");
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
        struct clew_made_object totals;
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
        if (clew_made_open(m, clew_made_raw(o, "final_metrics"), &totals)) {
                s.usage.in = clew_made_raw(&totals, "total_prompt_tokens");
                s.usage.out = clew_made_raw(&totals, "total_completion_tokens");
                s.usage.cached = clew_made_raw(&totals, "total_cached_tokens");
                s.usage.cost = clew_made_raw(&totals, "total_cost_usd");
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

/* An id of version 3 is base64 of @bytes bytes, which becomes hexadecimal; others stay. */
static struct clew_slice mlflow_id(struct clew_made *m, struct clew_slice id, size_t bytes)
{
        CLEW_BUFFER plain = {0};
        char hex[33];

        clew_buffer_init(&plain, sizeof(hex) / 2);
        if (bytes > sizeof(hex) / 2 || id.len != (bytes + 2) / 3 * 4 ||
            !clew_base64_decode(id, &plain) || plain.len != bytes)
                return id;
        clew_hex_encode(clew_buffer_slice(&plain), hex);
        return clew_arena_copy(m->arena, clew_slice_make(hex, 2 * bytes));
}

/*
 * Where a span says who it is and how it ended, by version of its dictionary: 2 in "context" and
 * "status_code", 3 in base64 and STATUS_CODE_ERROR, 4 in hexadecimal and "otel_trace_id". Source:
 * mlflow/entities/span.py, Span.from_dict.
 */
static void read_mlflow_form(struct clew_made *m, struct clew_made_object *o,
                             struct clew_made_step *s)
{
        struct clew_made_object inner;
        struct clew_slice trace;
        struct clew_slice code;
        struct clew_slice message;

        if (clew_made_open(m, clew_made_raw(o, "context"), &inner)) {
                s->id = clew_made_text(m, &inner, "span_id");
                trace = clew_made_text(m, &inner, "trace_id");
        } else {
                s->id = mlflow_id(m, clew_made_text(m, o, "span_id"), 8);
                trace = mlflow_id(m, either(m, o, "otel_trace_id", "trace_id"), 16);
        }
        s->trace = trace.len ? trace : s->trace;
        s->parent = mlflow_id(m, either(m, o, "parent_id", "parent_span_id"), 8);
        s->start_ns = time_either(m, o, "start_time", "start_time_unix_nano");
        s->end_ns = time_either(m, o, "end_time", "end_time_unix_nano");
        code = clew_made_text(m, o, "status_code");
        message = clew_made_text(m, o, "status_message");
        if (clew_made_open(m, clew_made_raw(o, "status"), &inner)) {
                code = clew_made_text(m, &inner, "code");
                message = clew_made_text(m, &inner, "message");
        }
        if (clew_slice_eq_cstr(code, "ERROR") || clew_slice_eq_cstr(code, "STATUS_CODE_ERROR"))
                s->error = message.len ? message : CLEW_SLICE_LITERAL("error");
}

static void put_mlflow_span(struct clew_made *m, struct clew_made_object *o,
                            const struct clew_made_step *of)
{
        struct clew_made_object attributes = {0};
        struct clew_slice type;
        struct clew_made_step s = {.trace = of->trace, .kind = "CHAIN"};

        s.name = clew_made_text(m, o, "name");
        read_mlflow_form(m, o, &s);
        if (clew_made_open(m, clew_made_raw(o, "attributes"), &attributes)) {
                type = clew_made_text_of(m, clew_made_text(m, &attributes, "mlflow.spanType"));
                s.kind = clew_made_kind(type);
                s.input = clew_made_text_of(m, clew_made_text(m, &attributes, "mlflow.spanInputs"));
                s.output =
                        clew_made_text_of(m, clew_made_text(m, &attributes, "mlflow.spanOutputs"));
        }
        if (s.parent.len == 0) { /* what is known of the trace is said on its root */
                s.session = of->session;
                s.user = of->user;
        }
        s.attributes = &attributes;
        s.rest = o;
        clew_made_span(m, &s);
}

/* Session and user: "trace_metadata", "request_metadata" before version 3. */
static void read_mlflow_info(struct clew_made *m, struct clew_made_object *info,
                             struct clew_made_step *ret)
{
        struct clew_made_object metadata;

        ret->trace = either(m, info, "trace_id", "request_id");
        if (!clew_made_open(m, raw_either(info, "trace_metadata", "request_metadata"), &metadata))
                return;
        ret->session = clew_made_text(m, &metadata, "mlflow.trace.session");
        ret->user = clew_made_text(m, &metadata, "mlflow.trace.user");
}

static bool make_mlflow(struct clew_made *m, struct clew_made_object *o)
{
        struct clew_json_reader r;
        struct clew_made_object info;
        struct clew_made_object data;
        struct clew_made_step of = {0};

        if (!clew_made_open(m, clew_made_raw(o, "info"), &info) ||
            !clew_made_open(m, clew_made_raw(o, "data"), &data) || !clew_made_has(&data, "spans") ||
            !(clew_made_has(&info, "trace_id") || clew_made_has(&info, "request_id")))
                return false;
        read_mlflow_info(m, &info, &of);
        r = clew_json_reader_make(clew_made_raw(&data, "spans"), CLEW_JSON_DEPTH_MAX);
        clew_made_begin(m, "mlflow");
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                struct clew_made_object span;

                if (clew_made_open(m, clew_json_take(&r), &span))
                        put_mlflow_span(m, &span, &of);
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
