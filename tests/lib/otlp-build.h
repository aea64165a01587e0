/*
 * Builds small OTLP messages for tests, field by field, with the buffer's writer only: independent
 * of the code under test.
 */
#ifndef CLEW_TESTS_LIB_OTLP_BUILD_H
#define CLEW_TESTS_LIB_OTLP_BUILD_H

#include "proto/base/buffer.h"
#include "proto/base/ids.h"

#include <stdbool.h>
#include <stdint.h>

struct test_span {
        struct clew_trace_id trace_id;
        struct clew_span_id span_id;
        struct clew_span_id parent_id; /* zero = root */
        const char *name;
        const char *key; /* one string attribute, NULL = none */
        struct clew_slice value;
        uint64_t start_ns;
        uint64_t end_ns;
        uint32_t status;
};

/* Ids with the number in their last bytes, never zero. */
struct clew_trace_id test_trace_id(uint32_t n);
struct clew_span_id test_span_id(uint32_t n);

/* Appends one length-delimited field. */
void test_put_field(struct clew_buffer *b, uint32_t field, struct clew_slice value);
void test_put_string_attribute(struct clew_buffer *b, uint32_t field, const char *key,
                               struct clew_slice value);
/* The encoded Span. */
void test_put_span(struct clew_buffer *b, const struct test_span *span);
/* One ResourceSpans field (of TracesData) with service.name and one scope around @spans (encoded
 * Span fields 2, as test_put_scope_span() makes them). */
void test_put_resource_spans(struct clew_buffer *b, const char *service, struct clew_slice spans);
void test_put_scope_span(struct clew_buffer *b, const struct test_span *span);
/* TracesData with one resource and @n spans. */
void test_put_traces(struct clew_buffer *b, const char *service, const struct test_span *spans,
                     size_t n);

#endif
