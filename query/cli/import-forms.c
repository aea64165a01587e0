/*
 * See import-forms.h. One writer makes OTLP JSON, span by span (import-maker-int.h); a form is a
 * reader that finds where its names, times and attributes are.
 *
 * Forms: Tempo's answers ("batches", "trace"), Jaeger's API v3 ("result") and its own traces
 * ("data", "processes"), Zipkin v2, the console exporters of Python, Go and JavaScript, and single
 * resource spans or spans. Sources: the exporters' own documentation and API definitions.
 */
#include "query/cli/import-forms.h"

#include "proto/base/compiler.h"
#include "query/cli/import-maker-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Objects that may lie around a request: {"data":{"trace":{...}}}. */
#define WRAPPERS_MAX 3u

/* ---- Jaeger -----------------------------------------------------------------------------------
 */

/* What the tags of a Jaeger span say that OTLP has fields for. */
struct jaeger_tags {
        struct clew_slice kind;
        struct clew_slice status;
        struct clew_slice message;
        struct clew_slice scope;
        bool error;
};

static struct jaeger_tags read_tags(struct clew_maker *k, const struct clew_json_member *m)
{
        struct jaeger_tags tags = {0};
        struct clew_json_reader r;
        struct clew_json_object tag;

        if (!clew_maker_is_list(m))
                return tags;
        r = clew_json_reader_make(m->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                struct clew_slice key;
                const struct clew_json_member *value;

                if (!clew_maker_open_object(clew_json_take(&r), &tag))
                        continue;
                key = clew_maker_text_at(k, &tag, "key");
                value = clew_maker_member(&tag, "value");
                if (clew_slice_eq_cstr(key, "span.kind"))
                        tags.kind = clew_maker_text_of(k, value);
                else if (clew_slice_eq_cstr(key, "otel.status_code"))
                        tags.status = clew_maker_text_of(k, value);
                else if (clew_slice_eq_cstr(key, "otel.status_description"))
                        tags.message = clew_maker_text_of(k, value);
                else if (clew_slice_eq_cstr(key, "otel.scope.name") ||
                         clew_slice_eq_cstr(key, "otel.library.name"))
                        tags.scope = clew_maker_text_of(k, value);
                else if (clew_slice_eq_cstr(key, "error"))
                        tags.error = value && (value->token == CLEW_JSON_TRUE ||
                                               clew_slice_eq_cstr(value->raw, "\"true\""));
        }
        return tags;
}

static void put_jaeger_logs(struct clew_maker *k, const struct clew_json_member *m)
{
        struct clew_json_reader r;
        struct clew_json_object log;

        if (!clew_maker_is_list(m))
                return;
        clew_maker_begin_list(k, "events");
        r = clew_json_reader_make(m->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                const struct clew_json_member *fields;
                struct clew_json_reader f;
                struct clew_json_object field;
                struct clew_slice name = CLEW_SLICE_NULL;
                uint64_t us = 0;

                if (!clew_maker_open_object(clew_json_take(&r), &log))
                        continue;
                fields = clew_maker_member(&log, "fields");
                f = clew_json_reader_make(fields ? fields->raw : CLEW_SLICE_NULL,
                                          CLEW_JSON_DEPTH_MAX);
                if (clew_maker_is_list(fields) && clew_json_next(&f) == CLEW_JSON_ARRAY_BEGIN) {
                        while (clew_json_next_element(&f)) {
                                if (clew_maker_open_object(clew_json_take(&f), &field) &&
                                    clew_slice_eq_cstr(clew_maker_text_at(k, &field, "key"),
                                                       "event"))
                                        name = clew_maker_text_at(k, &field, "value");
                        }
                }
                (void)clew_maker_number_at(&log, "timestamp", &us);
                clew_json_write_object_begin(&k->w);
                clew_maker_put_text(k, "name", name);
                clew_maker_put_ns(k, "timeUnixNano", us * 1000);
                clew_maker_begin_list(k, "attributes");
                clew_maker_put_pairs(k, fields);
                clew_json_write_array_end(&k->w);
                clew_json_write_object_end(&k->w);
        }
        clew_json_write_array_end(&k->w);
}

/* The parent is the first reference of the same trace. */
static struct clew_slice jaeger_parent(struct clew_maker *k, const struct clew_json_object *span)
{
        const struct clew_json_member *m = clew_maker_member(span, "references");
        struct clew_json_reader r;
        struct clew_json_object reference;

        if (!clew_maker_is_list(m))
                return clew_maker_text_at(k, span, "parentSpanID");
        r = clew_json_reader_make(m->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                if (clew_maker_open_object(clew_json_take(&r), &reference) &&
                    clew_slice_eq_cstr(clew_maker_text_at(k, &reference, "refType"), "CHILD_OF"))
                        return clew_maker_text_at(k, &reference, "spanID");
        }
        return CLEW_SLICE_NULL;
}

static void make_jaeger_span(struct clew_maker *k, const struct clew_json_object *span,
                             const struct clew_json_member *process)
{
        struct jaeger_tags tags = read_tags(k, clew_maker_member(span, "tags"));
        struct clew_json_object p;
        uint64_t start = 0;
        uint64_t length = 0;

        clew_maker_begin_resource(k);
        if (clew_maker_is_object(process) && clew_maker_open_object(process->raw, &p)) {
                clew_maker_put_service(k, &p);
                clew_maker_put_pairs(k, clew_maker_member(&p, "tags"));
        }
        clew_maker_begin_span(k, tags.scope);
        clew_maker_put_id(k, "traceId", clew_maker_text_at(k, span, "traceID"), 32);
        clew_maker_put_id(k, "spanId", clew_maker_text_at(k, span, "spanID"), 16);
        clew_maker_put_id(k, "parentSpanId", jaeger_parent(k, span), 16);
        clew_maker_put_text(k, "name", clew_maker_text_at(k, span, "operationName"));
        clew_maker_put_kind(k, tags.kind);
        (void)clew_maker_number_at(span, "startTime", &start);
        (void)clew_maker_number_at(span, "duration", &length);
        clew_maker_put_ns(k, "startTimeUnixNano", start * 1000);
        clew_maker_put_ns(k, "endTimeUnixNano", (start + length) * 1000);
        clew_maker_begin_list(k, "attributes");
        clew_maker_put_pairs(k, clew_maker_member(span, "tags"));
        clew_json_write_array_end(&k->w);
        put_jaeger_logs(k, clew_maker_member(span, "logs"));
        if (tags.error && tags.status.len == 0)
                tags.status = CLEW_SLICE_LITERAL("ERROR");
        clew_maker_put_status(k, tags.status, tags.message);
        clew_maker_end_span(k);
}

static void make_jaeger_trace(struct clew_maker *k, const struct clew_json_object *trace)
{
        const struct clew_json_member *processes = clew_maker_member(trace, "processes");
        const struct clew_json_member *spans = clew_maker_member(trace, "spans");
        struct clew_json_object named = {.n = 0};
        struct clew_json_reader r;
        struct clew_json_object span;

        if (clew_maker_is_object(processes))
                (void)clew_maker_open_object(processes->raw, &named);
        if (!spans)
                return;
        r = clew_json_reader_make(spans->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                const struct clew_json_member *process;
                char id[64];
                struct clew_slice text;

                if (!clew_maker_open_object(clew_json_take(&r), &span))
                        continue;
                text = clew_maker_text_at(k, &span, "processID");
                snprintf(id, sizeof(id), "%.*s", (int)(text.len < 60 ? text.len : 60),
                         (const char *)text.data);
                process = clew_maker_member(&span, "process");
                make_jaeger_span(k, &span, process ? process : clew_maker_member(&named, id));
        }
}

static bool is_jaeger_trace(const struct clew_json_object *o)
{
        return clew_maker_is_list(clew_maker_member(o, "spans")) &&
               (clew_maker_member(o, "processes") || clew_maker_member(o, "traceID"));
}

/* ---- Zipkin -----------------------------------------------------------------------------------
 */

static bool is_zipkin(const struct clew_json_object *o)
{
        return clew_maker_member(o, "traceId") && clew_maker_member(o, "id") &&
               !clew_maker_member(o, "spanId") &&
               (clew_maker_member(o, "timestamp") || clew_maker_member(o, "localEndpoint") ||
                clew_maker_member(o, "duration"));
}

static void make_zipkin(struct clew_maker *k, const struct clew_json_object *o)
{
        const struct clew_json_member *endpoint = clew_maker_member(o, "localEndpoint");
        const struct clew_json_member *tags = clew_maker_member(o, "tags");
        struct clew_json_object inner;
        uint64_t start = 0;
        uint64_t length = 0;
        bool failed = false;

        clew_maker_begin_resource(k);
        if (clew_maker_is_object(endpoint) && clew_maker_open_object(endpoint->raw, &inner))
                clew_maker_put_service(k, &inner);
        clew_maker_begin_span(k, CLEW_SLICE_NULL);
        clew_maker_put_id(k, "traceId", clew_maker_text_at(k, o, "traceId"), 32);
        clew_maker_put_id(k, "spanId", clew_maker_text_at(k, o, "id"), 16);
        clew_maker_put_id(k, "parentSpanId", clew_maker_text_at(k, o, "parentId"), 16);
        clew_maker_put_text(k, "name", clew_maker_text_at(k, o, "name"));
        clew_maker_put_kind(k, clew_maker_text_at(k, o, "kind"));
        (void)clew_maker_number_at(o, "timestamp", &start);
        (void)clew_maker_number_at(o, "duration", &length);
        clew_maker_put_ns(k, "startTimeUnixNano", start * 1000);
        clew_maker_put_ns(k, "endTimeUnixNano", (start + length) * 1000);
        clew_maker_begin_list(k, "attributes");
        clew_maker_put_dictionary(k, tags);
        clew_json_write_array_end(&k->w);
        if (clew_maker_is_object(tags) && clew_maker_open_object(tags->raw, &inner))
                failed = clew_maker_member(&inner, "error") != NULL;
        clew_maker_put_status(k, failed ? CLEW_SLICE_LITERAL("ERROR") : CLEW_SLICE_NULL,
                              failed ? clew_maker_text_at(k, &inner, "error") : CLEW_SLICE_NULL);
        clew_maker_end_span(k);
}

/* ---- which form -------------------------------------------------------------------------------
 */

static bool is_request(const struct clew_json_object *o)
{
        static const char *const names[] = {"resourceSpans", "resource_spans",  "resourceLogs",
                                            "resource_logs", "resourceMetrics", "resource_metrics"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                if (clew_maker_member(o, names[i]))
                        return true;
        }
        return false;
}

/* Forms that are no spans, or not enough of them, and what to do instead. */
static bool name_form(const struct clew_json_object *o, struct clew_error *err)
{
        static const struct {
                const char *a;
                const char *b;
                const char *sentence;
        } forms[] = {
                {"observations", NULL,
                 "a trace in Langfuse's own form, not OTLP; point the exporter of the program "
                 "(LANGFUSE_BASE_URL, or OTEL_EXPORTER_OTLP_ENDPOINT) at clewd"},
                {"run_type", NULL,
                 "a run in LangSmith's own form, not OTLP; set LANGSMITH_OTEL_ENABLED=true and "
                 "OTEL_EXPORTER_OTLP_ENDPOINT and let the program send it to clewd"},
                {"dotted_order", NULL,
                 "a run in LangSmith's own form, not OTLP; set LANGSMITH_OTEL_ENABLED=true and "
                 "OTEL_EXPORTER_OTLP_ENDPOINT and let the program send it to clewd"},
                {"traces", "metrics",
                 "the answer of Tempo's search, which names traces without their spans; fetch each "
                 "with /api/v2/traces/ID"},
                {"data", "errors",
                 "Jaeger's own form without spans in it; fetch /api/v3/traces/ID, which is OTLP"},
                {"span_attributes", "span_id",
                 "spans in Braintrust's own form, not OTLP; let the program send OTLP to clewd"},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(forms); i++) {
                if (!clew_maker_member(o, forms[i].a) ||
                    (forms[i].b && !clew_maker_member(o, forms[i].b)))
                        continue;
                clew_error_set(err, -EBADMSG, 0, "%s", forms[i].sentence);
                return true;
        }
        return false;
}

/* What programs put around a request. */
static const struct clew_json_member *wrapped(const struct clew_json_object *o)
{
        static const char *const names[] = {"result",  "trace", "data",
                                            "request", "body",  "payload"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                const struct clew_json_member *m = clew_maker_member(o, names[i]);

                if (clew_maker_is_object(m))
                        return m;
        }
        return NULL;
}

/* {"resourceSpans":[@raw]}, or with @list the list itself. */
static void wrap(struct clew_maker *k, struct clew_slice raw, bool list, bool span)
{
        clew_buffer_append_cstr(k->w.out, list ? "{\"resourceSpans\":" : "{\"resourceSpans\":[");
        clew_buffer_append_cstr(k->w.out, span ? "{\"scopeSpans\":[{\"spans\":[" : "");
        clew_buffer_append_slice(k->w.out, raw);
        clew_buffer_append_cstr(k->w.out, span ? "]}]}" : "");
        clew_buffer_append_cstr(k->w.out, list ? "}" : "]}");
}

static bool make_jaeger(struct clew_maker *k, const struct clew_json_object *o)
{
        const struct clew_json_member *data = clew_maker_member(o, "data");
        struct clew_json_reader r;
        struct clew_json_object trace;
        bool any = false;

        if (is_jaeger_trace(o)) {
                clew_maker_begin_request(k);
                make_jaeger_trace(k, o);
                clew_maker_end_request(k);
                return true;
        }
        if (!clew_maker_is_list(data))
                return false;
        r = clew_json_reader_make(data->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        clew_maker_begin_request(k);
        while (clew_json_next_element(&r)) {
                if (!clew_maker_open_object(clew_json_take(&r), &trace) || !is_jaeger_trace(&trace))
                        continue;
                make_jaeger_trace(k, &trace);
                any = true;
        }
        clew_maker_end_request(k);
        return any;
}

/* Spans of Phoenix, as its API ("data") and its command line ("spans") give them. */
static bool make_phoenix(struct clew_maker *k, const struct clew_json_member *list)
{
        struct clew_json_reader r;
        struct clew_json_object span;
        struct clew_json_object context;
        bool any = false;

        if (!clew_maker_is_list(list))
                return false;
        r = clew_json_reader_make(list->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        clew_maker_begin_request(k);
        while (clew_json_next_element(&r)) {
                if (!clew_maker_open_object(clew_json_take(&r), &span) ||
                    !clew_maker_open_member(&span, "context", &context) ||
                    !clew_maker_member(&context, "trace_id"))
                        continue;
                clew_console_python(k, &span, &context);
                any = true;
        }
        clew_maker_end_request(k);
        return any;
}

static bool make_one(struct clew_maker *k, struct clew_slice raw, const struct clew_json_object *o)
{
        struct clew_json_object inner;
        const struct clew_json_member *m = clew_maker_member(o, "batches");

        if (clew_maker_is_list(m)) {
                wrap(k, m->raw, true, false);
                return true;
        }
        if (clew_maker_is_list(clew_maker_member(o, "scopeSpans")) ||
            clew_maker_is_list(clew_maker_member(o, "scope_spans")) ||
            clew_maker_is_list(clew_maker_member(o, "instrumentationLibrarySpans"))) {
                wrap(k, raw, false, false);
                return true;
        }
        if ((clew_maker_member(o, "traceId") && clew_maker_member(o, "spanId") &&
             clew_maker_member(o, "startTimeUnixNano")) ||
            (clew_maker_member(o, "trace_id") && clew_maker_member(o, "span_id") &&
             clew_maker_member(o, "start_time_unix_nano"))) {
                wrap(k, raw, false, true);
                return true;
        }
        m = clew_maker_member(o, "context");
        if (clew_maker_is_object(m) && clew_maker_open_object(m->raw, &inner) &&
            clew_maker_member(&inner, "trace_id") && clew_maker_member(&inner, "span_id")) {
                clew_maker_begin_request(k);
                clew_console_python(k, o, &inner);
                clew_maker_end_request(k);
                return true;
        }
        m = clew_maker_member(o, "SpanContext");
        if (clew_maker_is_object(m) && clew_maker_open_object(m->raw, &inner) &&
            clew_maker_member(&inner, "TraceID")) {
                clew_maker_begin_request(k);
                clew_console_go(k, o, &inner);
                clew_maker_end_request(k);
                return true;
        }
        if (make_phoenix(k, clew_maker_member(o, "spans")) ||
            make_phoenix(k, clew_maker_member(o, "data")))
                return true;
        clew_buffer_clear(k->w.out);
        k->w = clew_json_writer_make(k->w.out, 0);
        if (clew_maker_member(o, "traceId") && clew_maker_member(o, "id") &&
            clew_maker_is_object(clew_maker_member(o, "attributes")) &&
            clew_maker_is_object(clew_maker_member(o, "resource"))) {
                clew_maker_begin_request(k);
                clew_console_js(k, o);
                clew_maker_end_request(k);
                return true;
        }
        if (is_zipkin(o)) {
                clew_maker_begin_request(k);
                make_zipkin(k, o);
                clew_maker_end_request(k);
                return true;
        }
        return make_jaeger(k, o);
}

struct clew_slice clew_import_page(struct clew_slice text)
{
        static const char *const lists[] = {"data", "runs", "traces"};
        static const char *const names[] = {"traceId", "trace_id", "observations", "info"};
        struct clew_json_reader r;
        struct clew_json_object o;
        struct clew_json_object first;

        if (!clew_maker_open_object(text, &o))
                return CLEW_SLICE_NULL;
        for (size_t l = 0; l < CLEW_ARRAY_LEN(lists); l++) {
                const struct clew_json_member *list = clew_maker_member(&o, lists[l]);

                if (!clew_maker_is_list(list))
                        continue;
                r = clew_json_reader_make(list->raw, CLEW_JSON_DEPTH_MAX);
                (void)clew_json_next(&r);
                if (!clew_json_next_element(&r) ||
                    !clew_maker_open_object(clew_json_take(&r), &first))
                        continue;
                for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                        if (clew_maker_member(&first, names[i]))
                                return list->raw;
                }
        }
        return CLEW_SLICE_NULL;
}

enum clew_form clew_import_form(struct clew_slice text, struct clew_arena *arena,
                                struct clew_buffer *out, struct clew_slice *ret_text,
                                struct clew_error *err, int *ret_error)
{
        struct clew_maker k = {.w = clew_json_writer_make(out, 0), .arena = arena};
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_MAX);
        struct clew_json_object o;
        bool made = false;

        *ret_error = 0;
        *ret_text = text;
        if (clew_json_next(&r) == CLEW_JSON_ARRAY_BEGIN)
                return CLEW_FORM_LIST;
        for (unsigned i = 0; i <= WRAPPERS_MAX; i++) {
                const struct clew_json_member *inside;

                if (!clew_maker_open_object(*ret_text, &o))
                        return CLEW_FORM_NONE;
                if (is_request(&o))
                        return CLEW_FORM_OTLP;
                clew_buffer_clear(out);
                k.w = clew_json_writer_make(out, 0);
                made = make_one(&k, *ret_text, &o);
                if (made || name_form(&o, err))
                        break;
                inside = wrapped(&o);
                if (!inside)
                        return CLEW_FORM_NONE;
                *ret_text = inside->raw;
        }
        *ret_error = clew_buffer_error(out);
        if (*ret_error == 0 && clew_arena_failed(arena))
                *ret_error = -ENOMEM;
        *ret_text = clew_buffer_slice(out);
        return made ? CLEW_FORM_MADE : CLEW_FORM_NAMED;
}
