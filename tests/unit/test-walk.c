/*
 * The walker: same verdict and same spans as protobuf-c on valid requests, stricter on mutated
 * ones; what is bad alone is refused alone; hostile bytes cost no more than their size allows.
 */
#include "proto/otlp/walk.h"

#include "proto/base/mem.h"
#include "proto/opentelemetry/proto/logs/v1/logs.pb-c.h"
#include "proto/opentelemetry/proto/trace/v1/trace.pb-c.h"
#include "proto/otlp/span.h"
#include "proto/otlp/wire.h"
#include "tests/unit/random-otlp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((size_t)1024 * 1024)
#define ROUNDS 2000u
#define MUTATED_ROUNDS 20000u

typedef Opentelemetry__Proto__Trace__V1__TracesData TracesData;
typedef Opentelemetry__Proto__Trace__V1__Span PbSpan;
typedef Opentelemetry__Proto__Logs__V1__LogsData LogsData;
typedef Opentelemetry__Proto__Logs__V1__LogRecord PbLog;
typedef Opentelemetry__Proto__Common__V1__KeyValue PbPair;
typedef Opentelemetry__Proto__Common__V1__AnyValue PbValue;

/* ---- comparing with protobuf-c ------------------------------------------------------------------
 */

static void assert_bytes(struct clew_slice s, ProtobufCBinaryData b)
{
        assert_int_equal(s.len, b.len);
        if (s.len)
                assert_memory_equal(s.data, b.data, s.len);
}

/* Strings of protobuf-c end at the first NUL, ours do not. */
static void assert_text(struct clew_slice s, const char *text)
{
        const void *nul = s.len ? memchr(s.data, 0, s.len) : NULL;
        size_t n = nul ? (size_t)((const uint8_t *)nul - s.data) : s.len;

        assert_int_equal(n, strlen(text));
        if (n)
                assert_memory_equal(s.data, text, n);
}

struct pair_of_values {
        struct clew_value ours;
        const PbValue *theirs;
};

#define VALUES_MAX 4096u

/* Values of a container still to be compared, so that depth costs no stack. */
static struct pair_of_values pending[VALUES_MAX];
static size_t n_pending;

static void push_value(struct clew_value ours, const PbValue *theirs)
{
        if (!theirs || theirs->value_case == 0 || theirs->value_case == 8) {
                assert_int_equal(ours.type, CLEW_VALUE_EMPTY);
                return;
        }
        assert_true(n_pending < VALUES_MAX);
        pending[n_pending++] = (struct pair_of_values){ours, theirs};
}

static void push_pairs(struct clew_message_iter it, size_t n, PbPair *const *pairs)
{
        struct clew_attribute a;

        for (size_t i = 0; i < n; i++) {
                assert_true(clew_attribute_next(&it, &a));
                assert_text(a.key, pairs[i]->key);
                push_value(a.value, pairs[i]->value);
        }
        assert_false(clew_attribute_next(&it, &a));
}

static void compare_container(const struct pair_of_values *p)
{
        struct clew_message_iter it = clew_value_elements(&p->ours);
        struct clew_value v;

        if (p->ours.type == CLEW_VALUE_KVLIST) {
                push_pairs(it, p->theirs->kvlist_value->n_values, p->theirs->kvlist_value->values);
                return;
        }
        for (size_t i = 0; i < p->theirs->array_value->n_values; i++) {
                assert_true(clew_value_next(&it, &v));
                push_value(v, p->theirs->array_value->values[i]);
        }
        assert_false(clew_value_next(&it, &v));
}

static void compare_pending(void)
{
        while (n_pending > 0) {
                struct pair_of_values p = pending[--n_pending];

                /* The oneof's field numbers are the order of our enum. */
                assert_int_equal(p.ours.type, p.theirs->value_case);
                switch (p.ours.type) {
                case CLEW_VALUE_STRING:
                        assert_text(p.ours.bytes, p.theirs->string_value);
                        break;
                case CLEW_VALUE_BOOL:
                        assert_int_equal(p.ours.boolean, p.theirs->bool_value);
                        break;
                case CLEW_VALUE_INT:
                        assert_int_equal(p.ours.integer, p.theirs->int_value);
                        break;
                case CLEW_VALUE_DOUBLE:
                        assert_memory_equal(&p.ours.number, &p.theirs->double_value, 8);
                        break;
                case CLEW_VALUE_BYTES:
                        assert_bytes(p.ours.bytes, p.theirs->bytes_value);
                        break;
                case CLEW_VALUE_ARRAY:
                case CLEW_VALUE_KVLIST:
                        compare_container(&p);
                        break;
                case CLEW_VALUE_EMPTY:
                        fail();
                }
        }
}

static void compare_attributes(struct clew_message_iter it, size_t n, PbPair *const *pairs)
{
        push_pairs(it, n, pairs);
        compare_pending();
}

static void compare_span(struct clew_slice raw, const PbSpan *pb)
{
        struct clew_span s;
        struct clew_message_iter it;
        struct clew_span_event event;
        struct clew_span_link link;

        assert_true(clew_span_parse(raw, &s));
        assert_bytes(clew_slice_make(s.trace_id.bytes, 16), pb->trace_id);
        assert_bytes(clew_slice_make(s.span_id.bytes, 8), pb->span_id);
        if (pb->parent_span_id.len == 8)
                assert_bytes(clew_slice_make(s.parent_id.bytes, 8), pb->parent_span_id);
        assert_text(s.trace_state, pb->trace_state);
        assert_text(s.name, pb->name);
        assert_int_equal(s.kind, pb->kind);
        assert_int_equal(s.start_ns, pb->start_time_unix_nano);
        assert_int_equal(s.end_ns, pb->end_time_unix_nano);
        assert_int_equal(s.flags, pb->flags);
        assert_int_equal(s.status_code, pb->status ? pb->status->code : 0);
        assert_text(s.status_message, pb->status ? pb->status->message : "");
        compare_attributes(clew_span_attributes(&s), pb->n_attributes, pb->attributes);
        it = clew_span_events(&s);
        for (size_t i = 0; i < pb->n_events; i++) {
                assert_true(clew_span_event_next(&it, &event));
                assert_int_equal(event.time_ns, pb->events[i]->time_unix_nano);
                assert_text(event.name, pb->events[i]->name);
                compare_attributes(clew_event_attributes(&event), pb->events[i]->n_attributes,
                                   pb->events[i]->attributes);
        }
        assert_false(clew_span_event_next(&it, &event));
        it = clew_span_links(&s);
        for (size_t i = 0; i < pb->n_links; i++) {
                assert_true(clew_span_link_next(&it, &link));
                assert_bytes(clew_slice_make(link.trace_id.bytes, 16), pb->links[i]->trace_id);
                assert_bytes(clew_slice_make(link.span_id.bytes, 8), pb->links[i]->span_id);
                assert_int_equal(link.flags, pb->links[i]->flags);
                compare_attributes(clew_link_attributes(&link), pb->links[i]->n_attributes,
                                   pb->links[i]->attributes);
        }
        assert_false(clew_span_link_next(&it, &link));
}

static void compare_log(struct clew_slice raw, const PbLog *pb)
{
        struct clew_log_record log;

        assert_true(clew_log_record_parse(raw, &log));
        assert_int_equal(log.time_ns, pb->time_unix_nano);
        assert_int_equal(log.observed_ns, pb->observed_time_unix_nano);
        assert_int_equal(log.severity_number, pb->severity_number);
        assert_text(log.severity_text, pb->severity_text);
        push_value(log.body, pb->body);
        compare_pending();
        compare_attributes(clew_log_attributes(&log), pb->n_attributes, pb->attributes);
}

static uint32_t compare_traces(const struct clew_otlp_batch *b, const TracesData *pb)
{
        uint32_t at = 0;

        for (size_t i = 0; i < pb->n_resource_spans; i++) {
                for (size_t k = 0; k < pb->resource_spans[i]->n_scope_spans; k++) {
                        const Opentelemetry__Proto__Trace__V1__ScopeSpans *s =
                                pb->resource_spans[i]->scope_spans[k];

                        for (size_t j = 0; j < s->n_spans; j++) {
                                assert_true(at < b->n_items);
                                compare_span(b->items[at++].raw, s->spans[j]);
                        }
                }
        }
        return at;
}

static uint32_t compare_logs(const struct clew_otlp_batch *b, const LogsData *pb)
{
        uint32_t at = 0;

        for (size_t i = 0; i < pb->n_resource_logs; i++) {
                for (size_t k = 0; k < pb->resource_logs[i]->n_scope_logs; k++) {
                        const Opentelemetry__Proto__Logs__V1__ScopeLogs *s =
                                pb->resource_logs[i]->scope_logs[k];

                        for (size_t j = 0; j < s->n_log_records; j++) {
                                assert_true(at < b->n_items);
                                compare_log(b->items[at++].raw, s->log_records[j]);
                        }
                }
        }
        return at;
}

static void compare_request(struct clew_slice request, enum clew_otlp_signal signal)
{
        CLEW_ARENA arena = {0};
        struct clew_otlp_batch b;
        TracesData *traces;
        LogsData *logs;

        clew_arena_init(&arena, 64 * MIB);
        assert_int_equal(clew_otlp_walk(request, signal, &arena, &b, NULL), 0);
        assert_int_equal(clew_otlp_check(request, signal, NULL), 0);
        if (signal == CLEW_OTLP_TRACES) {
                traces = opentelemetry__proto__trace__v1__traces_data__unpack(NULL, request.len,
                                                                              request.data);
                assert_non_null(traces);
                assert_int_equal(compare_traces(&b, traces), b.n_items);
                opentelemetry__proto__trace__v1__traces_data__free_unpacked(traces, NULL);
        } else {
                logs = opentelemetry__proto__logs__v1__logs_data__unpack(NULL, request.len,
                                                                         request.data);
                assert_non_null(logs);
                assert_int_equal(compare_logs(&b, logs), b.n_items);
                opentelemetry__proto__logs__v1__logs_data__free_unpacked(logs, NULL);
        }
        assert_int_equal(b.n_rejected, 0);
}

static void test_valid_requests_match_protobuf_c(void **state)
{
        struct random_source r = random_from_environment("valid requests");

        (void)state;
        for (uint32_t i = 0; i < ROUNDS; i++) {
                CLEW_BUFFER request = {0};
                enum clew_otlp_signal signal = i % 4 == 3 ? CLEW_OTLP_LOGS : CLEW_OTLP_TRACES;

                clew_buffer_init(&request, 64 * MIB);
                random_request(&r, signal, 20, &request);
                compare_request(clew_buffer_slice(&request), signal);
        }
}

/* Whatever the walker lets through, protobuf-c must be able to read. */
static void test_mutated_requests_are_judged_more_strictly(void **state)
{
        struct random_source r = random_from_environment("mutated requests");
        unsigned ours = 0;
        unsigned theirs = 0;

        (void)state;
        for (uint32_t i = 0; i < MUTATED_ROUNDS; i++) {
                CLEW_BUFFER request = {0};
                TracesData *pb;
                bool accepted;

                clew_buffer_init(&request, 64 * MIB);
                random_request(&r, CLEW_OTLP_TRACES, 4, &request);
                random_mutate(&r, &request);
                accepted =
                        clew_otlp_check(clew_buffer_slice(&request), CLEW_OTLP_TRACES, NULL) == 0;
                pb = opentelemetry__proto__trace__v1__traces_data__unpack(NULL, request.len,
                                                                          request.data);
                if (accepted)
                        assert_non_null(pb);
                ours += accepted;
                theirs += pb != NULL;
                if (pb)
                        opentelemetry__proto__trace__v1__traces_data__free_unpacked(pb, NULL);
        }
        printf("# of %u mutated requests we accept %u, protobuf-c %u\n", MUTATED_ROUNDS, ours,
               theirs);
        assert_true(ours > MUTATED_ROUNDS / 20);
        assert_true(ours < MUTATED_ROUNDS);
        assert_true(theirs - ours < MUTATED_ROUNDS / 50); /* over-long tags and lengths only */
}

/* ---- small requests by hand ---------------------------------------------------------------------
 */

static void put(struct clew_buffer *b, uint32_t number, struct clew_slice s)
{
        clew_buffer_append_varint(b, number << 3 | CLEW_WIRE_BYTES);
        clew_buffer_append_varint(b, s.len);
        clew_buffer_append_slice(b, s);
}

/* Wraps the bytes of @b from 0 on as field @number. */
static void wrap(struct clew_buffer *b, uint32_t number)
{
        CLEW_BUFFER whole = {0};
        struct clew_buffer swap;

        clew_buffer_init(&whole, b->max_bytes);
        put(&whole, number, clew_buffer_slice(b));
        swap = *b;
        *b = whole;
        whole = swap;
}

static void put_span(struct clew_buffer *scope, struct clew_slice trace_id,
                     struct clew_slice span_id, struct clew_slice parent)
{
        CLEW_BUFFER span = {0};

        clew_buffer_init(&span, 4096);
        put(&span, 1, trace_id);
        put(&span, 2, span_id);
        if (parent.len)
                put(&span, 4, parent);
        put(scope, 2, clew_buffer_slice(&span));
}

#define TRACE_A CLEW_SLICE_LITERAL("AAAAAAAAAAAAAAAA")
#define TRACE_B CLEW_SLICE_LITERAL("BBBBBBBBBBBBBBBB")
#define SPAN_1 CLEW_SLICE_LITERAL("11111111")
#define SPAN_2 CLEW_SLICE_LITERAL("22222222")
#define ZERO_16 CLEW_SLICE_LITERAL("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")

static void test_bad_span_is_refused_alone(void **state)
{
        static const struct {
                struct clew_slice trace_id;
                struct clew_slice span_id;
                const char *reason;
        } cases[] = {
                {{NULL, 0}, {(const uint8_t *)"11111111", 8}, "trace id is missing"},
                {{(const uint8_t *)"AAAAAAAAAAAAAAAA", 16}, {NULL, 0}, "span id is missing"},
                {{(const uint8_t *)"AAAAAAAA", 8},
                 {(const uint8_t *)"11111111", 8},
                 "trace id has 8 bytes instead of 16"},
                {{(const uint8_t *)"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16},
                 {(const uint8_t *)"11111111", 8},
                 "trace id is all zero"},
                {{(const uint8_t *)"AAAAAAAAAAAAAAAA", 16},
                 {(const uint8_t *)"\0\0\0\0\0\0\0\0", 8},
                 "span id is all zero"},
                {{(const uint8_t *)"not hex but thirty-two bytes lon", 32},
                 {(const uint8_t *)"11111111", 8},
                 "trace id has 32 bytes instead of 16"},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                CLEW_BUFFER b = {0};
                CLEW_ARENA arena = {0};
                struct clew_otlp_batch batch;

                clew_buffer_init(&b, MIB);
                clew_arena_init(&arena, MIB);
                put_span(&b, TRACE_A, SPAN_1, CLEW_SLICE_NULL);
                put_span(&b, cases[i].trace_id, cases[i].span_id, CLEW_SLICE_NULL);
                put_span(&b, TRACE_B, SPAN_2, SPAN_1);
                wrap(&b, 2);
                wrap(&b, 1);
                assert_int_equal(clew_otlp_walk(clew_buffer_slice(&b), CLEW_OTLP_TRACES, &arena,
                                                &batch, NULL),
                                 0);
                assert_int_equal(batch.n_rejected, 1);
                assert_string_equal(batch.reject_reason, cases[i].reason);
                assert_int_equal(batch.n_items, 2);
                assert_int_equal(batch.n_traces, 2);
                assert_memory_equal(batch.traces[0].id.bytes, "AAAAAAAAAAAAAAAA", 16);
                assert_true(batch.traces[0].has_root);
                assert_false(batch.traces[1].has_root);
        }
}

/* The number that scopes had for a while: read like the other one, written as the other one. */
static void test_old_number_of_scopes(void **state)
{
        const uint8_t old[] = {0xc2, 0x3e};
        CLEW_BUFFER b = {0};
        CLEW_BUFFER resource = {0};
        CLEW_BUFFER part = {0};
        CLEW_ARENA arena = {0};
        struct clew_otlp_batch batch;
        struct clew_otlp_reader reader;
        struct clew_slice raw;
        struct clew_span span;

        (void)state;
        clew_buffer_init(&b, MIB);
        clew_buffer_init(&resource, MIB);
        clew_buffer_init(&part, MIB);
        clew_arena_init(&arena, MIB);
        put_span(&b, TRACE_A, SPAN_1, CLEW_SLICE_NULL);
        put(&resource, 1000, clew_buffer_slice(&b));
        assert_memory_equal(resource.data, old, sizeof(old));
        clew_buffer_clear(&b);
        put_span(&b, TRACE_B, SPAN_1, CLEW_SLICE_NULL);
        put(&resource, 2, clew_buffer_slice(&b));
        clew_buffer_clear(&b);
        put_span(&b, TRACE_A, SPAN_2, SPAN_1);
        put(&resource, 1000, clew_buffer_slice(&b));
        wrap(&resource, 1);
        assert_int_equal(clew_otlp_walk(clew_buffer_slice(&resource), CLEW_OTLP_TRACES, &arena,
                                        &batch, NULL),
                         0);
        assert_int_equal(batch.n_items, 3);
        assert_int_equal(batch.n_traces, 2);
        clew_otlp_write_trace(&batch, &batch.traces[0], &part);
        assert_null(memmem(part.data, part.len, old, sizeof(old)));
        reader = clew_otlp_reader_make(clew_buffer_slice(&part));
        for (int i = 0; i < 2; i++) {
                assert_true(clew_otlp_read(&reader, &raw, NULL));
                assert_true(clew_span_parse(raw, &span));
                assert_memory_equal(span.trace_id.bytes, "AAAAAAAAAAAAAAAA", 16);
        }
        assert_false(clew_otlp_read(&reader, &raw, NULL));
        assert_int_equal(clew_otlp_check(clew_buffer_slice(&resource), CLEW_OTLP_TRACES, NULL), 0);

        /* Of another type it is a field that nobody knows. */
        clew_buffer_clear(&resource);
        clew_buffer_append(&resource, (const uint8_t[]){0x0a, 0x03, 0xc0, 0x3e, 0x01}, 5);
        assert_int_equal(clew_otlp_check(clew_buffer_slice(&resource), CLEW_OTLP_TRACES, NULL), 0);
}

static void test_ids_as_text_become_bytes(void **state)
{
        CLEW_BUFFER b = {0};
        CLEW_BUFFER part = {0};
        CLEW_ARENA arena = {0};
        struct clew_otlp_batch batch;
        struct clew_otlp_reader reader;
        struct clew_slice raw;
        struct clew_span span;

        (void)state;
        clew_buffer_init(&b, MIB);
        clew_buffer_init(&part, MIB);
        clew_arena_init(&arena, MIB);
        put_span(&b, CLEW_SLICE_LITERAL("4141414141414141414141414141414A"),
                 CLEW_SLICE_LITERAL("31313131313131ab"), CLEW_SLICE_LITERAL("3232323232323232"));
        wrap(&b, 2);
        wrap(&b, 1);
        assert_int_equal(
                clew_otlp_walk(clew_buffer_slice(&b), CLEW_OTLP_TRACES, &arena, &batch, NULL), 0);
        assert_int_equal(batch.n_items, 1);
        clew_otlp_write_trace(&batch, &batch.traces[0], &part);
        assert_int_equal(part.len, batch.split_bytes);
        assert_int_equal(clew_otlp_check(clew_buffer_slice(&part), CLEW_OTLP_TRACES, NULL), 0);
        reader = clew_otlp_reader_make(clew_buffer_slice(&part));
        assert_true(clew_otlp_read(&reader, &raw, NULL));
        assert_int_equal(raw.len, 18 + 10 + 10);
        assert_true(clew_span_parse(raw, &span));
        assert_true(span.has_valid_ids);
        assert_memory_equal(span.trace_id.bytes, "AAAAAAAAAAAAAAAJ", 16);
        assert_memory_equal(span.span_id.bytes, "1111111\xab", 8);
        assert_memory_equal(span.parent_id.bytes, "22222222", 8);
}

static void test_malformed_names_the_place(void **state)
{
        static const struct {
                const char *bytes;
                size_t n;
                size_t offset;
        } cases[] = {
                {"\x0a\x05", 2, 0},                         /* cut off */
                {"\x08\x01", 2, 0},                         /* resource_spans as varint */
                {"\x0a\x02\x1b\x1c", 4, 2},                 /* a group */
                {"\x0a\x04\x12\x02\x10\x01", 6, 4},         /* spans as varint */
                {"\x0a\x06\x12\x04\x12\x02\x08\x01", 8, 6}, /* trace_id as varint */
                {"\x0a\x04\x0a\x02\x0a\x07", 6, 4},         /* attribute longer than its resource */
                {"\x02\x00", 2, 0},                         /* field number 0 */
                {"\x0a\x80\x80\x80\x80\x80\x00", 7, 0},     /* over-long length */
                {"\x7a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, 0},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct clew_error err = {0};
                CLEW_ARENA arena = {0};
                struct clew_otlp_batch batch;
                struct clew_slice s = clew_slice_make(cases[i].bytes, cases[i].n);

                clew_arena_init(&arena, MIB);
                assert_int_equal(clew_otlp_check(s, CLEW_OTLP_TRACES, &err), -EBADMSG);
                assert_int_equal(err.offset, cases[i].offset);
                assert_int_equal(clew_otlp_walk(s, CLEW_OTLP_TRACES, &arena, &batch, &err),
                                 -EBADMSG);
                assert_int_equal(err.offset, cases[i].offset);
        }
        assert_int_equal(clew_otlp_check(CLEW_SLICE_NULL, CLEW_OTLP_TRACES, NULL), 0);
}

/* ---- hostile bytes ------------------------------------------------------------------------------
 */

/* A request whose only span has the attribute value @value, @depth arrays deep. */
static void nested_request(unsigned depth, struct clew_buffer *out)
{
        CLEW_BUFFER span = {0};
        uint8_t *reversed;
        size_t n = 0;
        size_t len = 0;

        /* Built from the inside out, into a reversed buffer: each layer is tag, length, payload. */
        clew_buffer_init(&span, MIB);
        reversed = clew_buffer_reserve(out, (size_t)depth * 8 + 64);
        assert_non_null(reversed);
        for (unsigned i = 0; i < 2 * depth; i++) {
                uint8_t head[8];
                size_t h = 0;

                head[h++] = i % 2 ? 0x2a : 0x0a; /* array_value in AnyValue, values in ArrayValue */
                for (size_t v = len; h == 1 || v; v >>= 7)
                        head[h++] = (uint8_t)((v & 0x7f) | (v >= 0x80 ? 0x80 : 0));
                while (h > 0)
                        reversed[n++] = head[--h];
                len = n;
        }
        for (size_t i = 0; i < n / 2; i++) {
                uint8_t swap = reversed[i];

                reversed[i] = reversed[n - 1 - i];
                reversed[n - 1 - i] = swap;
        }
        clew_buffer_commit(out, n);
        wrap(out, 2);
        wrap(out, 9);
        put(&span, 1, TRACE_A);
        put(&span, 2, SPAN_1);
        clew_buffer_append_slice(out, clew_buffer_slice(&span));
        wrap(out, 2);
        wrap(out, 2);
        wrap(out, 1);
}

static void test_depth(void **state)
{
        static const struct {
                unsigned depth;
                int verdict;
        } cases[] = {{0, 0},
                     {CLEW_OTLP_DEPTH_MAX - 1, 0},
                     {CLEW_OTLP_DEPTH_MAX, -E2BIG},
                     {7500, -E2BIG},
                     {100000, -E2BIG}};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                CLEW_BUFFER b = {0};
                struct clew_error err = {0};

                clew_buffer_init(&b, 16 * MIB);
                nested_request(cases[i].depth, &b);
                assert_int_equal(clew_otlp_check(clew_buffer_slice(&b), CLEW_OTLP_TRACES, &err),
                                 cases[i].verdict);
        }
}

/* A span that is too deep is left out alone, whatever follows it, and what was said before stays.
 */
static void test_deep_spans_cost_themselves(void **state)
{
        static const unsigned depths[] = {CLEW_OTLP_DEPTH_MAX, 7500};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(depths); i++) {
                CLEW_BUFFER b = {0};
                CLEW_BUFFER good = {0};
                CLEW_ARENA arena = {0};
                struct clew_otlp_batch batch;
                struct clew_error err = {.code = -EILSEQ, .message = "before"};

                clew_buffer_init(&b, MIB);
                clew_buffer_init(&good, MIB);
                clew_arena_init(&arena, MIB);
                nested_request(depths[i], &b);
                nested_request(CLEW_OTLP_DEPTH_MAX - 1, &good);
                clew_buffer_append_slice(&b, clew_buffer_slice(&good));
                assert_int_equal(clew_otlp_walk(clew_buffer_slice(&b), CLEW_OTLP_TRACES, &arena,
                                                &batch, &err),
                                 0);
                assert_int_equal(batch.n_items, 1);
                assert_int_equal(batch.n_rejected, 1);
                assert_non_null(strstr(batch.reject_reason, "nested deeper than 32 levels"));
                assert_int_equal(err.code, -EILSEQ);
                assert_string_equal(err.message, "before");
        }
}

/* Walks with an arena of twice the wire size and returns the verdict. */
static int walk_bounded(const struct clew_buffer *b, enum clew_otlp_signal signal,
                        struct clew_otlp_batch *ret, size_t *ret_used)
{
        CLEW_ARENA arena = {0};
        int r;

        clew_arena_init(&arena, 2 * b->len);
        r = clew_otlp_walk(clew_buffer_slice(b), signal, &arena, ret, NULL);
        *ret_used = arena.used_bytes;
        return r;
}

static void repeat(struct clew_buffer *b, struct clew_slice s, size_t bytes)
{
        while (b->len + s.len <= bytes)
                clew_buffer_append_slice(b, s);
}

static void test_millions_of_empty_items(void **state)
{
        static const enum clew_otlp_signal signals[] = {CLEW_OTLP_TRACES, CLEW_OTLP_LOGS};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(signals); i++) {
                CLEW_BUFFER b = {0};
                struct clew_otlp_batch batch;
                size_t used;

                clew_buffer_init(&b, 128 * MIB);
                repeat(&b, CLEW_SLICE_LITERAL("\x12\x00"), 4000000);
                wrap(&b, 2);
                wrap(&b, 1);
                assert_int_equal(walk_bounded(&b, signals[i], &batch, &used), 0);
                /* A scope that can keep nothing is not kept, its items are counted all the same. */
                assert_int_equal(batch.n_rejected, 2000000);
                assert_int_equal(batch.n_items, 0);
                assert_true(used < 64 * 1024);
        }
}

static void test_millions_of_empty_envelopes(void **state)
{
        static const char *const layers[] = {"\x0a\x00", "\x12\x00"};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(layers); i++) {
                CLEW_BUFFER b = {0};
                struct clew_otlp_batch batch;
                size_t used;

                clew_buffer_init(&b, 128 * MIB);
                repeat(&b, clew_slice_make(layers[i], 2), 32 * MIB);
                if (i == 1)
                        wrap(&b, 1);
                assert_int_equal(walk_bounded(&b, CLEW_OTLP_TRACES, &batch, &used), 0);
                assert_int_equal(batch.n_scopes, 0);
                assert_true(used < 64 * 1024);
        }
}

/* Quadratic work on these 32 MiB would not end before the test's time-out. */
static void test_repeated_sub_messages_are_linear(void **state)
{
        static const struct {
                struct clew_slice piece;
                uint32_t in_span; /* 1: pieces lie in a span, 0: in a ResourceSpans, 2: in a pair */
        } cases[] = {
                {{(const uint8_t *)"\x7a\x00", 2}, 1},           /* status */
                {{(const uint8_t *)"\x4a\x00", 2}, 1},           /* attributes */
                {{(const uint8_t *)"\x5a\x00", 2}, 1},           /* events */
                {{(const uint8_t *)"\x7a\x04\x12\x02zz", 6}, 1}, /* status with a message */
                {{(const uint8_t *)"\x0a\x02\x10\x01", 4}, 0},   /* resource */
                {{(const uint8_t *)"\x0a\x00\x1a\x00", 4}, 0},   /* resource and schema URL */
                {{(const uint8_t *)"\x12\x02\x2a\x00", 4}, 2},   /* value */
                {{(const uint8_t *)"\x12\x04\x2a\x02\x0a\x00", 6}, 2},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                CLEW_BUFFER b = {0};
                struct clew_otlp_batch batch;
                size_t used;

                clew_buffer_init(&b, 128 * MIB);
                repeat(&b, cases[i].piece, 32 * MIB);
                if (cases[i].in_span == 2)
                        wrap(&b, 9);
                if (cases[i].in_span) {
                        put(&b, 1, TRACE_A);
                        put(&b, 2, SPAN_1);
                        wrap(&b, 2);
                        wrap(&b, 2);
                }
                wrap(&b, 1);
                assert_int_equal(walk_bounded(&b, CLEW_OTLP_TRACES, &batch, &used), 0);
                assert_int_equal(batch.n_items, cases[i].in_span != 0);
                assert_true(used < 64 * 1024);
        }
}

/* @n of the smallest valid spans, each in a trace of its own when @distinct. */
static void smallest_spans(uint32_t n, bool distinct, struct clew_buffer *b)
{
        for (uint32_t i = 1; i <= n; i++) {
                uint8_t span[30] = "\x12\x1c\x0a\x10"
                                   "AAAAAAAAAAAA0000\x12\x08"
                                   "1111";

                memcpy(span + 16, &i, distinct ? sizeof(i) : 0);
                memcpy(span + 26, &i, sizeof(i));
                clew_buffer_append(b, span, sizeof(span));
        }
        wrap(b, 2);
        wrap(b, 1);
}

static void test_smallest_spans_stay_within_the_arena(void **state)
{
        CLEW_BUFFER b = {0};
        CLEW_BUFFER c = {0};
        CLEW_ARENA arena = {0};
        struct clew_otlp_batch batch;
        size_t used;

        (void)state;
        clew_buffer_init(&b, 128 * MIB);
        clew_buffer_init(&c, 128 * MIB);
        smallest_spans(500000, false, &b);
        assert_int_equal(walk_bounded(&b, CLEW_OTLP_TRACES, &batch, &used), 0);
        assert_int_equal(batch.n_items, 500000);
        assert_int_equal(batch.n_traces, 1);
        assert_true(used <= 2 * b.len);

        smallest_spans(500000, true, &c);
        assert_int_equal(walk_bounded(&c, CLEW_OTLP_TRACES, &batch, &used), -ENOMEM);
        assert_true(used <= 2 * c.len);
        clew_arena_init(&arena, 512 * MIB);
        assert_int_equal(
                clew_otlp_walk(clew_buffer_slice(&c), CLEW_OTLP_TRACES, &arena, &batch, NULL), 0);
        assert_int_equal(batch.n_traces, 500000);
        for (size_t i = 1; i < batch.n_traces; i++)
                assert_true(memcmp(&batch.traces[i - 1].id, &batch.traces[i].id, 16) < 0);
}

static void test_limits(void **state)
{
        CLEW_BUFFER b = {0};
        CLEW_BUFFER scopes = {0};
        struct clew_otlp_batch batch;
        struct clew_error err = {0};
        CLEW_ARENA arena = {0};

        (void)state;
        clew_buffer_init(&b, 128 * MIB);
        clew_buffer_init(&scopes, 128 * MIB);
        clew_arena_init(&arena, 512 * MIB);
        smallest_spans(CLEW_OTLP_ITEMS_MAX + 1, false, &b);
        assert_int_equal(
                clew_otlp_walk(clew_buffer_slice(&b), CLEW_OTLP_TRACES, &arena, &batch, &err),
                -E2BIG);
        assert_non_null(strstr(err.message, "1000001"));

        for (uint32_t i = 0; i <= CLEW_OTLP_ENVELOPES_MAX; i++) {
                CLEW_BUFFER one = {0};

                clew_buffer_init(&one, 4096);
                put_span(&one, TRACE_A, SPAN_1, CLEW_SLICE_NULL);
                put(&scopes, 2, clew_buffer_slice(&one));
        }
        wrap(&scopes, 1);
        assert_int_equal(
                clew_otlp_walk(clew_buffer_slice(&scopes), CLEW_OTLP_TRACES, &arena, &batch, &err),
                -E2BIG);
        assert_non_null(strstr(err.message, "scopes"));
}

/* One large resource over many traces would be copied into each of them. */
static void test_amplification_is_refused(void **state)
{
        CLEW_BUFFER b = {0};
        CLEW_BUFFER resource = {0};
        CLEW_ARENA arena = {0};
        struct clew_otlp_batch batch;
        struct clew_error err = {0};

        (void)state;
        clew_buffer_init(&b, 16 * MIB);
        clew_buffer_init(&resource, 16 * MIB);
        clew_arena_init(&arena, 64 * MIB);
        repeat(&resource, CLEW_SLICE_LITERAL("\x1a\x02zz"), MIB);
        for (uint32_t i = 1; i <= 1000; i++) {
                uint8_t id[16] = {1};

                memcpy(id + 4, &i, sizeof(i));
                put_span(&b, clew_slice_make(id, 16), SPAN_1, CLEW_SLICE_NULL);
        }
        wrap(&b, 2);
        clew_buffer_append_slice(&b, clew_buffer_slice(&resource));
        wrap(&b, 1);
        assert_int_equal(
                clew_otlp_walk(clew_buffer_slice(&b), CLEW_OTLP_TRACES, &arena, &batch, &err),
                -E2BIG);
        assert_non_null(strstr(err.message, "smaller batches"));
}

/* Each allocation of a walk fails once: a clean -ENOMEM, and the next try succeeds. */
static void test_every_allocation_may_fail(void **state)
{
        CLEW_BUFFER b = {0};
        unsigned failures = 0;
        int r = -ENOMEM;

        (void)state;
        clew_buffer_init(&b, 16 * MIB);
        regular_request(2000, 700, &b);
        for (uint64_t k = 1; r == -ENOMEM; k++) {
                CLEW_ARENA arena = {0};
                struct clew_otlp_batch batch;

                clew_arena_init(&arena, 64 * MIB);
                clew_mem_fail_at(k, 0);
                r = clew_otlp_walk(clew_buffer_slice(&b), CLEW_OTLP_TRACES, &arena, &batch, NULL);
                clew_mem_fail_at(0, 0);
                failures += r == -ENOMEM;
        }
        assert_int_equal(r, 0);
        assert_true(failures >= 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_valid_requests_match_protobuf_c),
                cmocka_unit_test(test_mutated_requests_are_judged_more_strictly),
                cmocka_unit_test(test_bad_span_is_refused_alone),
                cmocka_unit_test(test_old_number_of_scopes),
                cmocka_unit_test(test_ids_as_text_become_bytes),
                cmocka_unit_test(test_malformed_names_the_place),
                cmocka_unit_test(test_depth),
                cmocka_unit_test(test_deep_spans_cost_themselves),
                cmocka_unit_test(test_millions_of_empty_items),
                cmocka_unit_test(test_millions_of_empty_envelopes),
                cmocka_unit_test(test_repeated_sub_messages_are_linear),
                cmocka_unit_test(test_smallest_spans_stay_within_the_arena),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_amplification_is_refused),
                cmocka_unit_test(test_every_allocation_may_fail),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
