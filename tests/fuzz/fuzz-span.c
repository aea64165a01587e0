/*
 * Views over bytes that nothing has checked: every loop ends, nothing outside the input is read.
 * Each byte that a view gives out is read, so that a sanitizer sees a wrong length.
 */
#include "proto/otlp/span.h"
#include "proto/otlp/walk.h"
#include "tests/fuzz/fuzz.h"

static volatile uint64_t sink;

static void touch(struct clew_slice s)
{
        for (size_t i = 0; i < s.len; i++)
                sink += s.data[i];
}

/* One level below a value; deeper ones have the same code. */
static void touch_value(const struct clew_value *v)
{
        struct clew_message_iter it = clew_value_elements(v);
        struct clew_value element;
        struct clew_attribute pair;

        if (v->type == CLEW_VALUE_STRING || v->type == CLEW_VALUE_BYTES)
                touch(v->bytes);
        if (v->type == CLEW_VALUE_ARRAY) {
                while (clew_value_next(&it, &element))
                        sink += element.type;
        }
        if (v->type == CLEW_VALUE_KVLIST) {
                while (clew_attribute_next(&it, &pair))
                        touch(pair.key);
        }
}

static void touch_attributes(struct clew_message_iter it)
{
        struct clew_attribute a;

        while (clew_attribute_next(&it, &a)) {
                touch(a.key);
                touch_value(&a.value);
        }
}

static void touch_span(struct clew_slice raw)
{
        struct clew_span s;
        struct clew_message_iter it;
        struct clew_span_event e;
        struct clew_span_link l;

        if (!clew_span_parse(raw, &s))
                return;
        touch(s.name);
        touch(s.trace_state);
        touch(s.status_message);
        touch_attributes(clew_span_attributes(&s));
        it = clew_span_events(&s);
        while (clew_span_event_next(&it, &e)) {
                touch(e.name);
                touch_attributes(clew_event_attributes(&e));
        }
        it = clew_span_links(&s);
        while (clew_span_link_next(&it, &l)) {
                touch(l.trace_state);
                touch_attributes(clew_link_attributes(&l));
        }
}

static void touch_log(struct clew_slice raw)
{
        struct clew_log_record log;

        if (!clew_log_record_parse(raw, &log))
                return;
        touch(log.severity_text);
        touch(log.event_name);
        touch_value(&log.body);
        touch_attributes(clew_log_attributes(&log));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_slice bytes = clew_slice_make(data, size);
        struct clew_otlp_reader r = clew_otlp_reader_make(bytes);
        struct clew_otlp_scope scope;
        struct clew_slice raw;

        touch_span(bytes);
        touch_log(bytes);
        while (clew_otlp_read(&r, &raw, &scope)) {
                touch_span(raw);
                touch_log(raw);
                touch_attributes(clew_resource_attributes(scope.resource));
                touch_attributes(clew_scope_attributes(scope.scope));
                touch(clew_scope_name(scope.scope));
                touch(clew_scope_version(scope.scope));
        }
        return 0;
}
