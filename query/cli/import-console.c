/*
 * Spans as the console exporters of OpenTelemetry's SDKs write them.
 */
#include "query/cli/import-flat.h"
#include "query/cli/import-maker-int.h"

/* [seconds, nanoseconds] of JavaScript; 0 where it is none. */
static uint64_t hr_time(const struct clew_json_member *m)
{
        struct clew_json_reader r;
        uint64_t s;
        uint64_t ns;

        if (!clew_maker_is_list(m))
                return 0;
        r = clew_json_reader_make(m->raw, 2);
        (void)clew_json_next(&r);
        if (!clew_json_next_element(&r) || !clew_json_uint64(&r, &s) ||
            !clew_json_next_element(&r) || !clew_json_uint64(&r, &ns) || s > INT32_MAX * 4ULL ||
            ns >= UINT64_C(1000000000))
                return 0;
        return s * UINT64_C(1000000000) + ns;
}

static void put_console_events(struct clew_maker *k, const struct clew_json_member *m)
{
        struct clew_json_reader r;
        struct clew_json_object e;

        if (!clew_maker_is_list(m))
                return;
        clew_maker_begin_list(k, "events");
        r = clew_json_reader_make(m->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                if (!clew_maker_open_object(clew_json_take(&r), &e))
                        continue;
                clew_json_write_object_begin(&k->w);
                clew_maker_put_text(
                        k, "name",
                        clew_maker_text_at(k, &e, clew_maker_member(&e, "name") ? "name" : "Name"));
                clew_maker_put_time(
                        k, "timeUnixNano",
                        clew_maker_text_at(
                                k, &e, clew_maker_member(&e, "timestamp") ? "timestamp" : "Time"));
                clew_maker_put_ns(k, "timeUnixNano", hr_time(clew_maker_member(&e, "time")));
                clew_maker_begin_list(k, "attributes");
                clew_maker_put_dictionary(k, clew_maker_member(&e, "attributes"));
                clew_maker_put_pairs(k, clew_maker_member(&e, "Attributes"));
                clew_json_write_array_end(&k->w);
                clew_json_write_object_end(&k->w);
        }
        clew_json_write_array_end(&k->w);
}

/* Of Python: {"name","context":{"trace_id","span_id"},"kind","parent_id","start_time",...}; of
 * Phoenix with "span_kind", "status_code", "status_message", and attributes that may be nested. */
void clew_console_python(struct clew_maker *k, const struct clew_json_object *o,
                         const struct clew_json_object *context)
{
        struct clew_json_object inner;
        const struct clew_json_member *resource = clew_maker_member(o, "resource");
        const struct clew_json_member *kind = clew_maker_member(o, "span_kind");
        const struct clew_json_member *attributes = clew_maker_member(o, "attributes");
        struct clew_json_member flat;

        clew_maker_begin_resource(k);
        if (clew_maker_is_object(resource) && clew_maker_open_object(resource->raw, &inner))
                clew_maker_put_dictionary(k, clew_maker_member(&inner, "attributes"));
        clew_maker_begin_span(k, CLEW_SLICE_NULL);
        clew_maker_put_id(k, "traceId", clew_maker_text_at(k, context, "trace_id"), 32);
        clew_maker_put_id(k, "spanId", clew_maker_text_at(k, context, "span_id"), 16);
        clew_maker_put_id(k, "parentSpanId", clew_maker_text_at(k, o, "parent_id"), 16);
        clew_maker_put_text(k, "name", clew_maker_text_at(k, o, "name"));
        clew_maker_put_kind(k, clew_maker_text_at(k, o, "kind"));
        clew_maker_put_time(k, "startTimeUnixNano", clew_maker_text_at(k, o, "start_time"));
        clew_maker_put_time(k, "endTimeUnixNano", clew_maker_text_at(k, o, "end_time"));
        clew_maker_begin_list(k, "attributes");
        if (kind && clew_maker_is_object(attributes)) {
                flat = *attributes;
                flat.raw = clew_import_flat(attributes->raw, k->arena);
                attributes = &flat;
                clew_maker_put_attribute(k, CLEW_SLICE_LITERAL("openinference.span.kind"),
                                         kind->raw);
        }
        clew_maker_put_dictionary(k, attributes);
        clew_json_write_array_end(&k->w);
        put_console_events(k, clew_maker_member(o, "events"));
        if (clew_maker_open_member(o, "status", &inner))
                clew_maker_put_status(k, clew_maker_text_at(k, &inner, "status_code"),
                                      clew_maker_text_at(k, &inner, "description"));
        else
                clew_maker_put_status(k, clew_maker_text_at(k, o, "status_code"),
                                      clew_maker_text_at(k, o, "status_message"));
        clew_maker_end_span(k);
}

/* Of Go: {"Name","SpanContext":{"TraceID","SpanID"},"Parent":{...},"SpanKind":1,"StartTime",...} */
void clew_console_go(struct clew_maker *k, const struct clew_json_object *o,
                     const struct clew_json_object *context)
{
        const struct clew_json_member *scope = clew_maker_member(o, "InstrumentationScope");
        struct clew_json_object inner;
        struct clew_slice name = CLEW_SLICE_NULL;
        uint64_t kind;

        if (!scope)
                scope = clew_maker_member(o, "InstrumentationLibrary");
        if (clew_maker_is_object(scope) && clew_maker_open_object(scope->raw, &inner))
                name = clew_maker_text_at(k, &inner, "Name");
        clew_maker_begin_resource(k);
        clew_maker_put_pairs(k, clew_maker_member(o, "Resource"));
        clew_maker_begin_span(k, name);
        clew_maker_put_id(k, "traceId", clew_maker_text_at(k, context, "TraceID"), 32);
        clew_maker_put_id(k, "spanId", clew_maker_text_at(k, context, "SpanID"), 16);
        if (clew_maker_open_member(o, "Parent", &inner)) {
                struct clew_slice parent = clew_maker_text_at(k, &inner, "SpanID");

                if (!clew_slice_eq_cstr(parent, "0000000000000000"))
                        clew_maker_put_id(k, "parentSpanId", parent, 16);
        }
        clew_maker_put_text(k, "name", clew_maker_text_at(k, o, "Name"));
        if (clew_maker_number_at(o, "SpanKind", &kind)) {
                clew_json_write_key(&k->w, "kind");
                clew_json_write_uint64(&k->w, kind);
        }
        clew_maker_put_time(k, "startTimeUnixNano", clew_maker_text_at(k, o, "StartTime"));
        clew_maker_put_time(k, "endTimeUnixNano", clew_maker_text_at(k, o, "EndTime"));
        clew_maker_begin_list(k, "attributes");
        clew_maker_put_pairs(k, clew_maker_member(o, "Attributes"));
        clew_json_write_array_end(&k->w);
        put_console_events(k, clew_maker_member(o, "Events"));
        if (clew_maker_open_member(o, "Status", &inner))
                clew_maker_put_status(k, clew_maker_text_at(k, &inner, "Code"),
                                      clew_maker_text_at(k, &inner, "Description"));
        clew_maker_end_span(k);
}

/* Microseconds, which JavaScript counts in parts, too. */
static double micros_at(const struct clew_json_object *o, const char *key)
{
        const struct clew_json_member *m = clew_maker_member(o, key);
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
void clew_console_js(struct clew_maker *k, const struct clew_json_object *o)
{
        const struct clew_json_member *resource = clew_maker_member(o, "resource");
        struct clew_slice parent = clew_maker_text_at(k, o, "parentId");
        struct clew_slice name = CLEW_SLICE_NULL;
        uint64_t start = (uint64_t)micros_at(o, "timestamp");
        struct clew_json_object inner;
        uint64_t kind;

        if (clew_maker_open_member(o, "instrumentationScope", &inner) ||
            clew_maker_open_member(o, "instrumentationLibrary", &inner))
                name = clew_maker_text_at(k, &inner, "name");
        clew_maker_begin_resource(k);
        if (clew_maker_is_object(resource) && clew_maker_open_object(resource->raw, &inner))
                clew_maker_put_dictionary(k, clew_maker_member(&inner, "attributes"));
        clew_maker_begin_span(k, name);
        clew_maker_put_id(k, "traceId", clew_maker_text_at(k, o, "traceId"), 32);
        clew_maker_put_id(k, "spanId", clew_maker_text_at(k, o, "id"), 16);
        if (clew_maker_open_member(o, "parentSpanContext", &inner))
                parent = clew_maker_text_at(k, &inner, "spanId");
        clew_maker_put_id(k, "parentSpanId", parent, 16);
        clew_maker_put_text(k, "name", clew_maker_text_at(k, o, "name"));
        if (clew_maker_number_at(o, "kind", &kind) && kind < 8) {
                clew_json_write_key(&k->w, "kind");
                clew_json_write_uint64(&k->w, kind + 1);
        }
        clew_maker_put_ns(k, "startTimeUnixNano", start * 1000);
        clew_maker_put_ns(k, "endTimeUnixNano",
                          start * 1000 + (uint64_t)(micros_at(o, "duration") * 1000));
        clew_maker_begin_list(k, "attributes");
        clew_maker_put_dictionary(k, clew_maker_member(o, "attributes"));
        clew_json_write_array_end(&k->w);
        put_console_events(k, clew_maker_member(o, "events"));
        if (clew_maker_open_member(o, "status", &inner) &&
            clew_maker_number_at(&inner, "code", &kind))
                clew_maker_put_status(k,
                                      kind == 2   ? CLEW_SLICE_LITERAL("ERROR")
                                      : kind == 1 ? CLEW_SLICE_LITERAL("OK")
                                                  : CLEW_SLICE_NULL,
                                      clew_maker_text_at(k, &inner, "message"));
        clew_maker_end_span(k);
}
