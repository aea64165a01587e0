#include "tests/lib/otlp-build.h"

#define WIRE_FIXED64 1u
#define WIRE_BYTES 2u

struct clew_trace_id test_trace_id(uint32_t n)
{
        struct clew_trace_id id = {{0xab}};

        for (unsigned i = 0; i < 4; i++)
                id.bytes[15 - i] = (uint8_t)(n >> (8 * i));
        return id;
}

struct clew_span_id test_span_id(uint32_t n)
{
        struct clew_span_id id = {{0xcd}};

        for (unsigned i = 0; i < 4; i++)
                id.bytes[7 - i] = (uint8_t)(n >> (8 * i));
        return id;
}

void test_put_field(struct clew_buffer *b, uint32_t field, struct clew_slice value)
{
        clew_buffer_append_varint(b, (uint64_t)field << 3 | WIRE_BYTES);
        clew_buffer_append_varint(b, value.len);
        clew_buffer_append_slice(b, value);
}

static void put_fixed64(struct clew_buffer *b, uint32_t field, uint64_t v)
{
        clew_buffer_append_varint(b, (uint64_t)field << 3 | WIRE_FIXED64);
        clew_buffer_append_le64(b, v);
}

void test_put_string_attribute(struct clew_buffer *b, uint32_t field, const char *key,
                               struct clew_slice value)
{
        CLEW_BUFFER kv = {0};
        CLEW_BUFFER any = {0};

        clew_buffer_init(&kv, SIZE_MAX / 2);
        clew_buffer_init(&any, SIZE_MAX / 2);
        test_put_field(&any, 1, value);
        test_put_field(&kv, 1, clew_slice_of_cstr(key));
        test_put_field(&kv, 2, clew_buffer_slice(&any));
        test_put_field(b, field, clew_buffer_slice(&kv));
}

void test_put_span(struct clew_buffer *b, const struct test_span *s)
{
        test_put_field(b, 1, clew_slice_make(s->trace_id.bytes, sizeof(s->trace_id.bytes)));
        test_put_field(b, 2, clew_slice_make(s->span_id.bytes, sizeof(s->span_id.bytes)));
        if (!clew_span_id_is_zero(&s->parent_id))
                test_put_field(b, 4,
                               clew_slice_make(s->parent_id.bytes, sizeof(s->parent_id.bytes)));
        test_put_field(b, 5, clew_slice_of_cstr(s->name ? s->name : "span"));
        put_fixed64(b, 7, s->start_ns);
        if (s->end_ns)
                put_fixed64(b, 8, s->end_ns);
        if (s->key)
                test_put_string_attribute(b, 9, s->key, s->value);
        if (s->status) {
                uint8_t status[2] = {3u << 3, (uint8_t)s->status};

                test_put_field(b, 15, clew_slice_make(status, sizeof(status)));
        }
}

void test_put_scope_span(struct clew_buffer *b, const struct test_span *span)
{
        CLEW_BUFFER one = {0};

        clew_buffer_init(&one, SIZE_MAX / 2);
        test_put_span(&one, span);
        test_put_field(b, 2, clew_buffer_slice(&one));
}

void test_put_resource_spans(struct clew_buffer *b, const char *service, struct clew_slice spans)
{
        CLEW_BUFFER resource = {0};
        CLEW_BUFFER scope_spans = {0};
        CLEW_BUFFER resource_spans = {0};

        clew_buffer_init(&resource, SIZE_MAX / 2);
        clew_buffer_init(&scope_spans, SIZE_MAX / 2);
        clew_buffer_init(&resource_spans, SIZE_MAX / 2);
        test_put_string_attribute(&resource, 1, "service.name", clew_slice_of_cstr(service));
        clew_buffer_append_slice(&scope_spans, spans);
        test_put_field(&resource_spans, 1, clew_buffer_slice(&resource));
        test_put_field(&resource_spans, 2, clew_buffer_slice(&scope_spans));
        test_put_field(b, 1, clew_buffer_slice(&resource_spans));
}

void test_put_traces(struct clew_buffer *b, const char *service, const struct test_span *spans,
                     size_t n)
{
        CLEW_BUFFER fields = {0};

        clew_buffer_init(&fields, SIZE_MAX / 2);
        for (size_t i = 0; i < n; i++)
                test_put_scope_span(&fields, &spans[i]);
        test_put_resource_spans(b, service, clew_buffer_slice(&fields));
}
