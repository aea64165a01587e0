/*
 * See import-forms.h. One writer makes OTLP JSON, span by span; a form is a reader that finds where
 * its names, times and attributes are. Values deeper than a list of scalars travel as their JSON.
 *
 * Forms: Tempo's answers ("batches", "trace"), Jaeger's API v3 ("result") and its own traces
 * ("data", "processes"), Zipkin v2, the console exporters of Python, Go and JavaScript, and single
 * resource spans or spans. Sources: the exporters' own documentation and API definitions.
 */
#include "query/cli/import-forms.h"

#include "proto/base/compiler.h"
#include "proto/base/json-object.h"
#include "query/answer/when.h"
#include "query/cli/import-flat.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Objects that may lie around a request: {"data":{"trace":{...}}}. */
#define WRAPPERS_MAX 3u

static bool open_object(struct clew_slice raw, struct clew_json_object *o)
{
        return clew_json_object_open(raw, CLEW_JSON_DEPTH_MAX, o);
}

static const struct clew_json_member *get(const struct clew_json_object *o, const char *key)
{
        return clew_json_object_get(o, key);
}

static bool is_list(const struct clew_json_member *m)
{
        return m && m->token == CLEW_JSON_ARRAY_BEGIN;
}

static bool is_object(const struct clew_json_member *m)
{
        return m && m->token == CLEW_JSON_OBJECT_BEGIN;
}

static bool open_member(const struct clew_json_object *o, const char *key,
                        struct clew_json_object *ret)
{
        const struct clew_json_member *m = get(o, key);

        return m && m->token == CLEW_JSON_OBJECT_BEGIN && open_object(m->raw, ret);
}

/* ---- making spans -----------------------------------------------------------------------------
 */

struct maker {
        struct clew_json_writer w;
        struct clew_arena *arena;
};

/* The decoded text of a string, the text of a number; empty for anything else. */
static struct clew_slice text_of(const struct maker *k, const struct clew_json_member *m)
{
        struct clew_json_reader r;

        if (!m)
                return CLEW_SLICE_NULL;
        r = clew_json_reader_make(m->raw, 1);
        switch ((int)clew_json_next(&r)) {
        case CLEW_JSON_STRING:
                return clew_json_string(&r, k->arena);
        case CLEW_JSON_NUMBER:
                return r.text;
        default:
                return CLEW_SLICE_NULL;
        }
}

static struct clew_slice text_at(const struct maker *k, const struct clew_json_object *o,
                                 const char *key)
{
        return text_of(k, get(o, key));
}

static bool number_at(const struct clew_json_object *o, const char *key, uint64_t *ret)
{
        const struct clew_json_member *m = get(o, key);
        struct clew_json_reader r;

        if (!m)
                return false;
        r = clew_json_reader_make(m->raw, 1);
        (void)clew_json_next(&r);
        return clew_json_uint64(&r, ret);
}

static void put_text(struct maker *k, const char *key, struct clew_slice text)
{
        if (text.len == 0)
                return;
        clew_json_write_key(&k->w, key);
        clew_json_write_string(&k->w, text);
}

static void put_ns(struct maker *k, const char *key, uint64_t ns)
{
        if (ns == 0)
                return;
        clew_json_write_key(&k->w, key);
        clew_json_write_uint64_string(&k->w, ns);
}

/* Hex of any length up to @digits, with or without 0x, filled up with zeros in front. */
static void put_id(struct maker *k, const char *key, struct clew_slice id, size_t digits)
{
        char text[33];

        if (clew_slice_starts_with(id, CLEW_SLICE_LITERAL("0x")))
                id = clew_slice_from(id, 2);
        if (id.len == 0 || digits > 32)
                return;
        if (id.len > digits) { /* refused later, by its length */
                put_text(k, key, id);
                return;
        }
        memset(text, '0', digits - id.len);
        memcpy(text + digits - id.len, id.data, id.len);
        put_text(k, key, clew_slice_make(text, digits));
}

static void put_time(struct maker *k, const char *key, struct clew_slice text)
{
        char buffer[64];
        uint64_t ns;

        if (text.len == 0 || text.len >= sizeof(buffer))
                return;
        memcpy(buffer, text.data, text.len);
        buffer[text.len] = '\0';
        if (clew_when_parse(buffer, 0, true, &ns))
                put_ns(k, key, ns);
}

static void put_scalar(struct maker *k, struct clew_slice raw)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_MAX);
        enum clew_json_token token = clew_json_next(&r);
        int64_t whole;

        clew_json_write_object_begin(&k->w);
        if (token == CLEW_JSON_STRING) {
                clew_json_write_key(&k->w, "stringValue");
                clew_json_write_token(&k->w, &r);
        } else if (token == CLEW_JSON_TRUE || token == CLEW_JSON_FALSE) {
                clew_json_write_key(&k->w, "boolValue");
                clew_json_write_bool(&k->w, token == CLEW_JSON_TRUE);
        } else if (token == CLEW_JSON_NUMBER && !memchr(r.text.data, '.', r.text.len) &&
                   clew_json_int64(&r, &whole)) {
                clew_json_write_key(&k->w, "intValue");
                clew_json_write_int64_string(&k->w, whole);
        } else if (token == CLEW_JSON_NUMBER) {
                clew_json_write_key(&k->w, "doubleValue");
                clew_json_write_token(&k->w, &r);
        } else if (token != CLEW_JSON_NULL && token != CLEW_JSON_END) {
                clew_json_write_key(&k->w, "stringValue");
                clew_json_write_string(&k->w, raw);
        }
        clew_json_write_object_end(&k->w);
}

/* A list of scalars stays one; anything deeper is its JSON. */
static void put_value(struct maker *k, struct clew_slice raw)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_MAX);

        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN) {
                put_scalar(k, raw);
                return;
        }
        clew_json_write_object_begin(&k->w);
        clew_json_write_key(&k->w, "arrayValue");
        clew_json_write_object_begin(&k->w);
        clew_json_write_key(&k->w, "values");
        clew_json_write_array_begin(&k->w);
        while (clew_json_next_element(&r))
                put_scalar(k, clew_json_take(&r));
        clew_json_write_array_end(&k->w);
        clew_json_write_object_end(&k->w);
        clew_json_write_object_end(&k->w);
}

static void put_attribute(struct maker *k, struct clew_slice key, struct clew_slice raw)
{
        clew_json_write_object_begin(&k->w);
        clew_json_write_key(&k->w, "key");
        clew_json_write_string(&k->w, key);
        clew_json_write_key(&k->w, "value");
        put_value(k, raw);
        clew_json_write_object_end(&k->w);
}

/* {"name":value,...} */
static void put_dictionary(struct maker *k, const struct clew_json_member *m)
{
        struct clew_json_reader r;

        if (!is_object(m))
                return;
        r = clew_json_reader_make(m->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_member(&r)) {
                struct clew_slice key = clew_json_string(&r, k->arena);

                put_attribute(k, key, clew_json_take(&r));
        }
}

/* [{"key":"k","value":v}], [{"Key":"k","Value":{"Type":"STRING","Value":v}}] */
static void put_pairs(struct maker *k, const struct clew_json_member *m)
{
        struct clew_json_reader r;
        struct clew_json_object pair;
        struct clew_json_object value;

        if (!is_list(m))
                return;
        r = clew_json_reader_make(m->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                const struct clew_json_member *v;
                struct clew_slice key;

                if (!open_object(clew_json_take(&r), &pair))
                        continue;
                key = text_at(k, &pair, get(&pair, "key") ? "key" : "Key");
                v = get(&pair, get(&pair, "value") ? "value" : "Value");
                if (is_object(v) && open_object(v->raw, &value) && get(&value, "Value"))
                        v = get(&value, "Value");
                if (key.len > 0 && v)
                        put_attribute(k, key, v->raw);
        }
}

/* Jaeger's process, Zipkin's endpoint. */
static void put_service(struct maker *k, const struct clew_json_object *o)
{
        const struct clew_json_member *m = get(o, "serviceName");

        if (m)
                put_attribute(k, CLEW_SLICE_LITERAL("service.name"), m->raw);
}

static void begin_list(struct maker *k, const char *key)
{
        clew_json_write_key(&k->w, key);
        clew_json_write_array_begin(&k->w);
}

/* {"resourceSpans":[ */
static void begin_request(struct maker *k)
{
        clew_json_write_object_begin(&k->w);
        begin_list(k, "resourceSpans");
}

static void end_request(struct maker *k)
{
        clew_json_write_array_end(&k->w);
        clew_json_write_object_end(&k->w);
}

/* {"resource":{"attributes":[ ... the caller's attributes */
static void begin_resource(struct maker *k)
{
        clew_json_write_object_begin(&k->w);
        clew_json_write_key(&k->w, "resource");
        clew_json_write_object_begin(&k->w);
        begin_list(k, "attributes");
}

/* ]},"scopeSpans":[{"scope":{"name":...},"spans":[{ */
static void begin_span(struct maker *k, struct clew_slice scope)
{
        clew_json_write_array_end(&k->w);
        clew_json_write_object_end(&k->w);
        begin_list(k, "scopeSpans");
        clew_json_write_object_begin(&k->w);
        clew_json_write_key(&k->w, "scope");
        clew_json_write_object_begin(&k->w);
        put_text(k, "name", scope);
        clew_json_write_object_end(&k->w);
        begin_list(k, "spans");
        clew_json_write_object_begin(&k->w);
}

static void end_span(struct maker *k)
{
        clew_json_write_object_end(&k->w);
        clew_json_write_array_end(&k->w);
        clew_json_write_object_end(&k->w);
        clew_json_write_array_end(&k->w);
        clew_json_write_object_end(&k->w);
}

static void put_kind(struct maker *k, struct clew_slice word)
{
        static const char *const kinds[] = {"",       "INTERNAL", "SERVER",
                                            "CLIENT", "PRODUCER", "CONSUMER"};

        if (clew_slice_starts_with(word, CLEW_SLICE_LITERAL("SpanKind.")))
                word = clew_slice_from(word, sizeof("SpanKind.") - 1);
        for (uint64_t i = 1; i < CLEW_ARRAY_LEN(kinds); i++) {
                if (word.len == strlen(kinds[i]) &&
                    strncasecmp((const char *)word.data, kinds[i], word.len) == 0) {
                        clew_json_write_key(&k->w, "kind");
                        clew_json_write_uint64(&k->w, i);
                }
        }
}

static void put_status(struct maker *k, struct clew_slice word, struct clew_slice message)
{
        bool failed = word.len == 5 && strncasecmp((const char *)word.data, "ERROR", 5) == 0;
        bool good = word.len == 2 && strncasecmp((const char *)word.data, "OK", 2) == 0;

        if (!failed && !good)
                return;
        clew_json_write_key(&k->w, "status");
        clew_json_write_object_begin(&k->w);
        clew_json_write_key(&k->w, "code");
        clew_json_write_uint64(&k->w, failed ? 2 : 1);
        put_text(k, "message", message);
        clew_json_write_object_end(&k->w);
}

/* ---- console exporters ------------------------------------------------------------------------
 */

/* [seconds, nanoseconds] of JavaScript; 0 where it is none. */
static uint64_t hr_time(const struct clew_json_member *m)
{
        struct clew_json_reader r;
        uint64_t s;
        uint64_t ns;

        if (!is_list(m))
                return 0;
        r = clew_json_reader_make(m->raw, 2);
        (void)clew_json_next(&r);
        if (!clew_json_next_element(&r) || !clew_json_uint64(&r, &s) ||
            !clew_json_next_element(&r) || !clew_json_uint64(&r, &ns) || s > INT32_MAX * 4ULL ||
            ns >= UINT64_C(1000000000))
                return 0;
        return s * UINT64_C(1000000000) + ns;
}

static void put_console_events(struct maker *k, const struct clew_json_member *m)
{
        struct clew_json_reader r;
        struct clew_json_object e;

        if (!is_list(m))
                return;
        begin_list(k, "events");
        r = clew_json_reader_make(m->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                if (!open_object(clew_json_take(&r), &e))
                        continue;
                clew_json_write_object_begin(&k->w);
                put_text(k, "name", text_at(k, &e, get(&e, "name") ? "name" : "Name"));
                put_time(k, "timeUnixNano",
                         text_at(k, &e, get(&e, "timestamp") ? "timestamp" : "Time"));
                put_ns(k, "timeUnixNano", hr_time(get(&e, "time")));
                begin_list(k, "attributes");
                put_dictionary(k, get(&e, "attributes"));
                put_pairs(k, get(&e, "Attributes"));
                clew_json_write_array_end(&k->w);
                clew_json_write_object_end(&k->w);
        }
        clew_json_write_array_end(&k->w);
}

/* Of Python: {"name","context":{"trace_id","span_id"},"kind","parent_id","start_time",...}; of
 * Phoenix with "span_kind", "status_code", "status_message", and attributes that may be nested. */
static void make_python(struct maker *k, const struct clew_json_object *o,
                        const struct clew_json_object *context)
{
        struct clew_json_object inner;
        const struct clew_json_member *resource = get(o, "resource");
        const struct clew_json_member *kind = get(o, "span_kind");
        const struct clew_json_member *attributes = get(o, "attributes");
        struct clew_json_member flat;

        begin_resource(k);
        if (is_object(resource) && open_object(resource->raw, &inner))
                put_dictionary(k, get(&inner, "attributes"));
        begin_span(k, CLEW_SLICE_NULL);
        put_id(k, "traceId", text_at(k, context, "trace_id"), 32);
        put_id(k, "spanId", text_at(k, context, "span_id"), 16);
        put_id(k, "parentSpanId", text_at(k, o, "parent_id"), 16);
        put_text(k, "name", text_at(k, o, "name"));
        put_kind(k, text_at(k, o, "kind"));
        put_time(k, "startTimeUnixNano", text_at(k, o, "start_time"));
        put_time(k, "endTimeUnixNano", text_at(k, o, "end_time"));
        begin_list(k, "attributes");
        if (kind && is_object(attributes)) {
                flat = *attributes;
                flat.raw = clew_import_flat(attributes->raw, k->arena);
                attributes = &flat;
                put_attribute(k, CLEW_SLICE_LITERAL("openinference.span.kind"), kind->raw);
        }
        put_dictionary(k, attributes);
        clew_json_write_array_end(&k->w);
        put_console_events(k, get(o, "events"));
        if (open_member(o, "status", &inner))
                put_status(k, text_at(k, &inner, "status_code"), text_at(k, &inner, "description"));
        else
                put_status(k, text_at(k, o, "status_code"), text_at(k, o, "status_message"));
        end_span(k);
}

/* Of Go: {"Name","SpanContext":{"TraceID","SpanID"},"Parent":{...},"SpanKind":1,"StartTime",...} */
static void make_go(struct maker *k, const struct clew_json_object *o,
                    const struct clew_json_object *context)
{
        const struct clew_json_member *scope = get(o, "InstrumentationScope");
        struct clew_json_object inner;
        struct clew_slice name = CLEW_SLICE_NULL;
        uint64_t kind;

        if (!scope)
                scope = get(o, "InstrumentationLibrary");
        if (is_object(scope) && open_object(scope->raw, &inner))
                name = text_at(k, &inner, "Name");
        begin_resource(k);
        put_pairs(k, get(o, "Resource"));
        begin_span(k, name);
        put_id(k, "traceId", text_at(k, context, "TraceID"), 32);
        put_id(k, "spanId", text_at(k, context, "SpanID"), 16);
        if (open_member(o, "Parent", &inner)) {
                struct clew_slice parent = text_at(k, &inner, "SpanID");

                if (!clew_slice_eq_cstr(parent, "0000000000000000"))
                        put_id(k, "parentSpanId", parent, 16);
        }
        put_text(k, "name", text_at(k, o, "Name"));
        if (number_at(o, "SpanKind", &kind)) {
                clew_json_write_key(&k->w, "kind");
                clew_json_write_uint64(&k->w, kind);
        }
        put_time(k, "startTimeUnixNano", text_at(k, o, "StartTime"));
        put_time(k, "endTimeUnixNano", text_at(k, o, "EndTime"));
        begin_list(k, "attributes");
        put_pairs(k, get(o, "Attributes"));
        clew_json_write_array_end(&k->w);
        put_console_events(k, get(o, "Events"));
        if (open_member(o, "Status", &inner))
                put_status(k, text_at(k, &inner, "Code"), text_at(k, &inner, "Description"));
        end_span(k);
}

/* Microseconds, which JavaScript counts in parts, too. */
static double micros_at(const struct clew_json_object *o, const char *key)
{
        const struct clew_json_member *m = get(o, key);
        struct clew_json_reader r;
        double v;

        if (!m)
                return 0;
        r = clew_json_reader_make(m->raw, 1);
        (void)clew_json_next(&r);
        return clew_json_double(&r, &v) && v > 0 && v < 1e16 ? v : 0;
}

/* Of JavaScript: {"traceId","id","name","kind":0,"timestamp","duration","attributes":{...},...};
 * its kinds begin one below OTLP's. */
static void make_js(struct maker *k, const struct clew_json_object *o)
{
        const struct clew_json_member *resource = get(o, "resource");
        struct clew_slice parent = text_at(k, o, "parentId");
        struct clew_slice name = CLEW_SLICE_NULL;
        uint64_t start = (uint64_t)micros_at(o, "timestamp");
        struct clew_json_object inner;
        uint64_t kind;

        if (open_member(o, "instrumentationScope", &inner) ||
            open_member(o, "instrumentationLibrary", &inner))
                name = text_at(k, &inner, "name");
        begin_resource(k);
        if (is_object(resource) && open_object(resource->raw, &inner))
                put_dictionary(k, get(&inner, "attributes"));
        begin_span(k, name);
        put_id(k, "traceId", text_at(k, o, "traceId"), 32);
        put_id(k, "spanId", text_at(k, o, "id"), 16);
        if (open_member(o, "parentSpanContext", &inner))
                parent = text_at(k, &inner, "spanId");
        put_id(k, "parentSpanId", parent, 16);
        put_text(k, "name", text_at(k, o, "name"));
        if (number_at(o, "kind", &kind) && kind < 8) {
                clew_json_write_key(&k->w, "kind");
                clew_json_write_uint64(&k->w, kind + 1);
        }
        put_ns(k, "startTimeUnixNano", start * 1000);
        put_ns(k, "endTimeUnixNano", start * 1000 + (uint64_t)(micros_at(o, "duration") * 1000));
        begin_list(k, "attributes");
        put_dictionary(k, get(o, "attributes"));
        clew_json_write_array_end(&k->w);
        put_console_events(k, get(o, "events"));
        if (open_member(o, "status", &inner) && number_at(&inner, "code", &kind))
                put_status(k,
                           kind == 2   ? CLEW_SLICE_LITERAL("ERROR")
                           : kind == 1 ? CLEW_SLICE_LITERAL("OK")
                                       : CLEW_SLICE_NULL,
                           text_at(k, &inner, "message"));
        end_span(k);
}

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

static struct jaeger_tags read_tags(struct maker *k, const struct clew_json_member *m)
{
        struct jaeger_tags tags = {0};
        struct clew_json_reader r;
        struct clew_json_object tag;

        if (!is_list(m))
                return tags;
        r = clew_json_reader_make(m->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                struct clew_slice key;
                const struct clew_json_member *value;

                if (!open_object(clew_json_take(&r), &tag))
                        continue;
                key = text_at(k, &tag, "key");
                value = get(&tag, "value");
                if (clew_slice_eq_cstr(key, "span.kind"))
                        tags.kind = text_of(k, value);
                else if (clew_slice_eq_cstr(key, "otel.status_code"))
                        tags.status = text_of(k, value);
                else if (clew_slice_eq_cstr(key, "otel.status_description"))
                        tags.message = text_of(k, value);
                else if (clew_slice_eq_cstr(key, "otel.scope.name") ||
                         clew_slice_eq_cstr(key, "otel.library.name"))
                        tags.scope = text_of(k, value);
                else if (clew_slice_eq_cstr(key, "error"))
                        tags.error = value && (value->token == CLEW_JSON_TRUE ||
                                               clew_slice_eq_cstr(value->raw, "\"true\""));
        }
        return tags;
}

static void put_jaeger_logs(struct maker *k, const struct clew_json_member *m)
{
        struct clew_json_reader r;
        struct clew_json_object log;

        if (!is_list(m))
                return;
        begin_list(k, "events");
        r = clew_json_reader_make(m->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                const struct clew_json_member *fields;
                struct clew_json_reader f;
                struct clew_json_object field;
                struct clew_slice name = CLEW_SLICE_NULL;
                uint64_t us = 0;

                if (!open_object(clew_json_take(&r), &log))
                        continue;
                fields = get(&log, "fields");
                f = clew_json_reader_make(fields ? fields->raw : CLEW_SLICE_NULL,
                                          CLEW_JSON_DEPTH_MAX);
                if (is_list(fields) && clew_json_next(&f) == CLEW_JSON_ARRAY_BEGIN) {
                        while (clew_json_next_element(&f)) {
                                if (open_object(clew_json_take(&f), &field) &&
                                    clew_slice_eq_cstr(text_at(k, &field, "key"), "event"))
                                        name = text_at(k, &field, "value");
                        }
                }
                (void)number_at(&log, "timestamp", &us);
                clew_json_write_object_begin(&k->w);
                put_text(k, "name", name);
                put_ns(k, "timeUnixNano", us * 1000);
                begin_list(k, "attributes");
                put_pairs(k, fields);
                clew_json_write_array_end(&k->w);
                clew_json_write_object_end(&k->w);
        }
        clew_json_write_array_end(&k->w);
}

/* The parent is the first reference of the same trace. */
static struct clew_slice jaeger_parent(struct maker *k, const struct clew_json_object *span)
{
        const struct clew_json_member *m = get(span, "references");
        struct clew_json_reader r;
        struct clew_json_object reference;

        if (!is_list(m))
                return text_at(k, span, "parentSpanID");
        r = clew_json_reader_make(m->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                if (open_object(clew_json_take(&r), &reference) &&
                    clew_slice_eq_cstr(text_at(k, &reference, "refType"), "CHILD_OF"))
                        return text_at(k, &reference, "spanID");
        }
        return CLEW_SLICE_NULL;
}

static void make_jaeger_span(struct maker *k, const struct clew_json_object *span,
                             const struct clew_json_member *process)
{
        struct jaeger_tags tags = read_tags(k, get(span, "tags"));
        struct clew_json_object p;
        uint64_t start = 0;
        uint64_t length = 0;

        begin_resource(k);
        if (is_object(process) && open_object(process->raw, &p)) {
                put_service(k, &p);
                put_pairs(k, get(&p, "tags"));
        }
        begin_span(k, tags.scope);
        put_id(k, "traceId", text_at(k, span, "traceID"), 32);
        put_id(k, "spanId", text_at(k, span, "spanID"), 16);
        put_id(k, "parentSpanId", jaeger_parent(k, span), 16);
        put_text(k, "name", text_at(k, span, "operationName"));
        put_kind(k, tags.kind);
        (void)number_at(span, "startTime", &start);
        (void)number_at(span, "duration", &length);
        put_ns(k, "startTimeUnixNano", start * 1000);
        put_ns(k, "endTimeUnixNano", (start + length) * 1000);
        begin_list(k, "attributes");
        put_pairs(k, get(span, "tags"));
        clew_json_write_array_end(&k->w);
        put_jaeger_logs(k, get(span, "logs"));
        if (tags.error && tags.status.len == 0)
                tags.status = CLEW_SLICE_LITERAL("ERROR");
        put_status(k, tags.status, tags.message);
        end_span(k);
}

static void make_jaeger_trace(struct maker *k, const struct clew_json_object *trace)
{
        const struct clew_json_member *processes = get(trace, "processes");
        const struct clew_json_member *spans = get(trace, "spans");
        struct clew_json_object named = {.n = 0};
        struct clew_json_reader r;
        struct clew_json_object span;

        if (is_object(processes))
                (void)open_object(processes->raw, &named);
        if (!spans)
                return;
        r = clew_json_reader_make(spans->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                const struct clew_json_member *process;
                char id[64];
                struct clew_slice text;

                if (!open_object(clew_json_take(&r), &span))
                        continue;
                text = text_at(k, &span, "processID");
                snprintf(id, sizeof(id), "%.*s", (int)(text.len < 60 ? text.len : 60),
                         (const char *)text.data);
                process = get(&span, "process");
                make_jaeger_span(k, &span, process ? process : get(&named, id));
        }
}

static bool is_jaeger_trace(const struct clew_json_object *o)
{
        return is_list(get(o, "spans")) && (get(o, "processes") || get(o, "traceID"));
}

/* ---- Zipkin -----------------------------------------------------------------------------------
 */

static bool is_zipkin(const struct clew_json_object *o)
{
        return get(o, "traceId") && get(o, "id") && !get(o, "spanId") &&
               (get(o, "timestamp") || get(o, "localEndpoint") || get(o, "duration"));
}

static void make_zipkin(struct maker *k, const struct clew_json_object *o)
{
        const struct clew_json_member *endpoint = get(o, "localEndpoint");
        const struct clew_json_member *tags = get(o, "tags");
        struct clew_json_object inner;
        uint64_t start = 0;
        uint64_t length = 0;
        bool failed = false;

        begin_resource(k);
        if (is_object(endpoint) && open_object(endpoint->raw, &inner))
                put_service(k, &inner);
        begin_span(k, CLEW_SLICE_NULL);
        put_id(k, "traceId", text_at(k, o, "traceId"), 32);
        put_id(k, "spanId", text_at(k, o, "id"), 16);
        put_id(k, "parentSpanId", text_at(k, o, "parentId"), 16);
        put_text(k, "name", text_at(k, o, "name"));
        put_kind(k, text_at(k, o, "kind"));
        (void)number_at(o, "timestamp", &start);
        (void)number_at(o, "duration", &length);
        put_ns(k, "startTimeUnixNano", start * 1000);
        put_ns(k, "endTimeUnixNano", (start + length) * 1000);
        begin_list(k, "attributes");
        put_dictionary(k, tags);
        clew_json_write_array_end(&k->w);
        if (is_object(tags) && open_object(tags->raw, &inner))
                failed = get(&inner, "error") != NULL;
        put_status(k, failed ? CLEW_SLICE_LITERAL("ERROR") : CLEW_SLICE_NULL,
                   failed ? text_at(k, &inner, "error") : CLEW_SLICE_NULL);
        end_span(k);
}

/* ---- which form -------------------------------------------------------------------------------
 */

static bool is_request(const struct clew_json_object *o)
{
        static const char *const names[] = {"resourceSpans", "resource_spans",  "resourceLogs",
                                            "resource_logs", "resourceMetrics", "resource_metrics"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                if (get(o, names[i]))
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
                if (!get(o, forms[i].a) || (forms[i].b && !get(o, forms[i].b)))
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
                const struct clew_json_member *m = get(o, names[i]);

                if (is_object(m))
                        return m;
        }
        return NULL;
}

/* {"resourceSpans":[@raw]}, or with @list the list itself. */
static void wrap(struct maker *k, struct clew_slice raw, bool list, bool span)
{
        clew_buffer_append_cstr(k->w.out, list ? "{\"resourceSpans\":" : "{\"resourceSpans\":[");
        clew_buffer_append_cstr(k->w.out, span ? "{\"scopeSpans\":[{\"spans\":[" : "");
        clew_buffer_append_slice(k->w.out, raw);
        clew_buffer_append_cstr(k->w.out, span ? "]}]}" : "");
        clew_buffer_append_cstr(k->w.out, list ? "}" : "]}");
}

static bool make_jaeger(struct maker *k, const struct clew_json_object *o)
{
        const struct clew_json_member *data = get(o, "data");
        struct clew_json_reader r;
        struct clew_json_object trace;
        bool any = false;

        if (is_jaeger_trace(o)) {
                begin_request(k);
                make_jaeger_trace(k, o);
                end_request(k);
                return true;
        }
        if (!is_list(data))
                return false;
        r = clew_json_reader_make(data->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        begin_request(k);
        while (clew_json_next_element(&r)) {
                if (!open_object(clew_json_take(&r), &trace) || !is_jaeger_trace(&trace))
                        continue;
                make_jaeger_trace(k, &trace);
                any = true;
        }
        end_request(k);
        return any;
}

/* Spans of Phoenix, as its API ("data") and its command line ("spans") give them. */
static bool make_phoenix(struct maker *k, const struct clew_json_member *list)
{
        struct clew_json_reader r;
        struct clew_json_object span;
        struct clew_json_object context;
        bool any = false;

        if (!is_list(list))
                return false;
        r = clew_json_reader_make(list->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        begin_request(k);
        while (clew_json_next_element(&r)) {
                if (!open_object(clew_json_take(&r), &span) ||
                    !open_member(&span, "context", &context) || !get(&context, "trace_id"))
                        continue;
                make_python(k, &span, &context);
                any = true;
        }
        end_request(k);
        return any;
}

static bool make_one(struct maker *k, struct clew_slice raw, const struct clew_json_object *o)
{
        struct clew_json_object inner;
        const struct clew_json_member *m = get(o, "batches");

        if (is_list(m)) {
                wrap(k, m->raw, true, false);
                return true;
        }
        if (is_list(get(o, "scopeSpans")) || is_list(get(o, "scope_spans")) ||
            is_list(get(o, "instrumentationLibrarySpans"))) {
                wrap(k, raw, false, false);
                return true;
        }
        if ((get(o, "traceId") && get(o, "spanId") && get(o, "startTimeUnixNano")) ||
            (get(o, "trace_id") && get(o, "span_id") && get(o, "start_time_unix_nano"))) {
                wrap(k, raw, false, true);
                return true;
        }
        m = get(o, "context");
        if (is_object(m) && open_object(m->raw, &inner) && get(&inner, "trace_id") &&
            get(&inner, "span_id")) {
                begin_request(k);
                make_python(k, o, &inner);
                end_request(k);
                return true;
        }
        m = get(o, "SpanContext");
        if (is_object(m) && open_object(m->raw, &inner) && get(&inner, "TraceID")) {
                begin_request(k);
                make_go(k, o, &inner);
                end_request(k);
                return true;
        }
        if (make_phoenix(k, get(o, "spans")) || make_phoenix(k, get(o, "data")))
                return true;
        clew_buffer_clear(k->w.out);
        k->w = clew_json_writer_make(k->w.out, 0);
        if (get(o, "traceId") && get(o, "id") && is_object(get(o, "attributes")) &&
            is_object(get(o, "resource"))) {
                begin_request(k);
                make_js(k, o);
                end_request(k);
                return true;
        }
        if (is_zipkin(o)) {
                begin_request(k);
                make_zipkin(k, o);
                end_request(k);
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

        if (!open_object(text, &o))
                return CLEW_SLICE_NULL;
        for (size_t l = 0; l < CLEW_ARRAY_LEN(lists); l++) {
                const struct clew_json_member *list = get(&o, lists[l]);

                if (!is_list(list))
                        continue;
                r = clew_json_reader_make(list->raw, CLEW_JSON_DEPTH_MAX);
                (void)clew_json_next(&r);
                if (!clew_json_next_element(&r) || !open_object(clew_json_take(&r), &first))
                        continue;
                for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                        if (get(&first, names[i]))
                                return list->raw;
                }
        }
        return CLEW_SLICE_NULL;
}

enum clew_form clew_import_form(struct clew_slice text, struct clew_arena *arena,
                                struct clew_buffer *out, struct clew_slice *ret_text,
                                struct clew_error *err, int *ret_error)
{
        struct maker k = {.w = clew_json_writer_make(out, 0), .arena = arena};
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_MAX);
        struct clew_json_object o;
        bool made = false;

        *ret_error = 0;
        *ret_text = text;
        if (clew_json_next(&r) == CLEW_JSON_ARRAY_BEGIN)
                return CLEW_FORM_LIST;
        for (unsigned i = 0; i <= WRAPPERS_MAX; i++) {
                const struct clew_json_member *inside;

                if (!open_object(*ret_text, &o))
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
