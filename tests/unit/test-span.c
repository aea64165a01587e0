/*
 * Span views: what each field becomes, repeated and missing fields, damaged bytes.
 * (That views agree with protobuf-c on random messages is shown in test-walk.c.)
 */
#include "proto/otlp/span.h"

#include "proto/base/buffer.h"
#include "tests/unit/random-otlp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MIB ((size_t)1024 * 1024)

static struct clew_value value_of(const char *bytes, size_t n)
{
        struct clew_value v = {.type = CLEW_VALUE_BOOL};

        assert_true(clew_value_parse(clew_slice_make(bytes, n), &v));
        return v;
}

static void test_values(void **state)
{
        struct clew_value v;

        (void)state;
        assert_int_equal(value_of("", 0).type, CLEW_VALUE_EMPTY);
        v = value_of("\x0a\x02hi", 4);
        assert_int_equal(v.type, CLEW_VALUE_STRING);
        assert_true(clew_slice_eq_cstr(v.bytes, "hi"));
        v = value_of("\x10\x80\x01", 3); /* any non-zero varint is true */
        assert_true(v.type == CLEW_VALUE_BOOL && v.boolean);
        v = value_of("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
        assert_true(v.type == CLEW_VALUE_INT && v.integer == -1);
        v = value_of("\x21\x00\x00\x00\x00\x00\x00\xf0\x3f", 9);
        assert_true(v.type == CLEW_VALUE_DOUBLE && v.number == 1.0);
        v = value_of("\x3a\x01\x00", 3);
        assert_true(v.type == CLEW_VALUE_BYTES && v.bytes.len == 1);
        assert_int_equal(value_of("\x40\x07", 2).type, CLEW_VALUE_EMPTY); /* profiles only */
        assert_int_equal(value_of("\x0a\x01x\x18\x05", 5).integer, 5);    /* the last one wins */
        assert_int_equal(value_of("\xa2\x06\x01x", 4).type, CLEW_VALUE_EMPTY); /* unknown field */
        assert_false(clew_value_parse(CLEW_SLICE_LITERAL("\x08\x01"), &v));
        assert_false(clew_value_parse(CLEW_SLICE_LITERAL("\x0a\x05x"), &v));
}

static void test_containers(void **state)
{
        /* [ "a", 5, {} ] and { k: true } */
        struct clew_value v = value_of("\x2a\x09\x0a\x03\x0a\x01"
                                       "a\x0a\x02\x18\x05",
                                       11);
        struct clew_message_iter it = clew_value_elements(&v);
        struct clew_value e;
        struct clew_attribute a;

        (void)state;
        assert_true(clew_value_next(&it, &e) && e.type == CLEW_VALUE_STRING);
        assert_true(clew_value_next(&it, &e) && e.integer == 5);
        assert_false(clew_value_next(&it, &e));
        v = value_of("\x32\x09\x0a\x07\x0a\x01k\x12\x02\x10\x01", 11);
        it = clew_value_elements(&v);
        assert_true(clew_attribute_next(&it, &a));
        assert_true(clew_slice_eq_cstr(a.key, "k") && a.value.boolean);
        assert_false(clew_attribute_next(&it, &a));
        it = clew_value_elements(&e);
        assert_false(clew_value_next(&it, &e)); /* a scalar has no elements */
}

static void test_span_fields(void **state)
{
        static const char bytes[] = "\x0a\x10"
                                    "AAAAAAAAAAAAAAAA"
                                    "\x12\x08"
                                    "BBBBBBBB"
                                    "\x22\x08"
                                    "CCCCCCCC"
                                    "\x1a\x03k=v"
                                    "\x2a\x04name"
                                    "\x30\x03"
                                    "\x39\x01\x00\x00\x00\x00\x00\x00\x00"
                                    "\x41\x02\x00\x00\x00\x00\x00\x00\x00"
                                    "\x50\x07\x60\x08\x70\x09"
                                    "\x7a\x06\x12\x02no\x18\x02"
                                    "\x85\x01\x01\x01\x00\x00"
                                    "\x2a\x05"
                                    "later";
        struct clew_span s;

        (void)state;
        assert_true(clew_span_parse(clew_slice_make(bytes, sizeof(bytes) - 1), &s));
        assert_true(s.has_valid_ids);
        assert_memory_equal(s.trace_id.bytes, "AAAAAAAAAAAAAAAA", 16);
        assert_memory_equal(s.span_id.bytes, "BBBBBBBB", 8);
        assert_memory_equal(s.parent_id.bytes, "CCCCCCCC", 8);
        assert_true(clew_slice_eq_cstr(s.trace_state, "k=v"));
        assert_true(clew_slice_eq_cstr(s.name, "later")); /* given twice: the last one */
        assert_int_equal(s.kind, 3);
        assert_int_equal(s.start_ns, 1);
        assert_int_equal(s.end_ns, 2);
        assert_int_equal(s.dropped_attributes, 7);
        assert_int_equal(s.dropped_events, 8);
        assert_int_equal(s.dropped_links, 9);
        assert_int_equal(s.status_code, CLEW_STATUS_ERROR);
        assert_true(clew_slice_eq_cstr(s.status_message, "no"));
        assert_int_equal(s.flags, 257);
        for (size_t n = 1; n < sizeof(bytes) - 1; n++)
                (void)!clew_span_parse(clew_slice_make(bytes, n), &s); /* any cut: no crash */
        assert_true(clew_span_parse(CLEW_SLICE_NULL, &s));
        assert_false(s.has_valid_ids);
        assert_false(clew_span_parse(CLEW_SLICE_LITERAL("\x32\x00"), &s)); /* kind as bytes */
}

static void test_duplicate_attribute_last_wins(void **state)
{
        struct clew_slice resource = CLEW_SLICE_LITERAL("\x0a\x07\x0a\x01k\x12\x02\x18\x01"
                                                        "\x0a\x07\x0a\x01k\x12\x02\x18\x02");
        struct clew_value v;

        (void)state;
        assert_true(clew_attribute_find(clew_resource_attributes(resource), CLEW_SLICE_LITERAL("k"),
                                        &v));
        assert_int_equal(v.integer, 2);
        assert_false(clew_attribute_find(clew_resource_attributes(resource),
                                         CLEW_SLICE_LITERAL("K"), &v));
}

/* One attribute in some form that protobuf allows; what it says goes to @ret. */
static void odd_attribute(struct random_source *r, struct clew_buffer *out, uint8_t *ret_key,
                          uint8_t *ret_value)
{
        uint8_t key[3] = {0x0a, 1, (uint8_t)('a' + random_below(r, 3))};
        uint8_t value[6] = {0x12, 4, 0x0a, 2, 'v', (uint8_t)('0' + random_below(r, 10))};
        uint8_t body[64];
        size_t n = 0;
        uint32_t form = random_below(r, 6);

        if (form == 1) { /* the value first */
                memcpy(body, value, sizeof(value));
                memcpy(body + sizeof(value), key, sizeof(key));
                n = sizeof(value) + sizeof(key);
        } else {
                if (form == 2) { /* the key twice: the last one counts */
                        memcpy(body, "\x0a\x01z", 3);
                        n = 3;
                }
                memcpy(body + n, key, sizeof(key));
                memcpy(body + n + sizeof(key), value, sizeof(value));
                n += sizeof(key) + sizeof(value);
                if (form == 3) { /* a field that is not known */
                        memcpy(body + n, "\x2a\x01q", 3);
                        n += 3;
                }
        }
        clew_buffer_append_byte(out, 9 << 3 | 2);
        if (form == 4) { /* a length in two bytes that fits one */
                clew_buffer_append_byte(out, (uint8_t)(0x80 | n));
                clew_buffer_append_byte(out, 0);
        } else {
                clew_buffer_append_byte(out, (uint8_t)n);
        }
        clew_buffer_append(out, body, n);
        if (form == 5)
                clew_buffer_append(out, "\x2a\x01n", 3); /* the span's name between */
        *ret_key = key[2];
        *ret_value = value[5];
}

static void test_attributes_in_any_form(void **state)
{
        struct random_source r = random_from_environment("forms of attributes");

        (void)state;
        for (uint32_t round = 0; round < 5000; round++) {
                CLEW_BUFFER b = {0};
                uint8_t keys[12];
                uint8_t values[12];
                const uint8_t *at[13]; /* where a reader stands before each */
                uint32_t n = random_below(&r, 13);
                uint32_t from = random_below(&r, n + 1);
                uint32_t to = from + random_below(&r, n - from + 1);
                struct clew_message_iter it;
                struct clew_attribute a;
                struct clew_span s;

                clew_buffer_init(&b, MIB);
                clew_buffer_append(&b, "\x2a\x01m", 3);
                for (uint32_t i = 0; i < n; i++)
                        odd_attribute(&r, &b, &keys[i], &values[i]);
                assert_true(clew_span_parse(clew_buffer_slice(&b), &s));
                assert_null(s.apart.data);
                it = clew_span_attributes(&s);
                at[0] = it.left.data;
                for (uint32_t i = 0; i < n; i++) {
                        assert_true(clew_attribute_next(&it, &a));
                        at[i + 1] = it.left.data;
                        assert_int_equal(a.key.data[0], keys[i]);
                        assert_int_equal(a.value.bytes.data[1], values[i]);
                }
                assert_false(clew_attribute_next(&it, &a));
                s.apart = clew_slice_make(at[from], (size_t)(at[to] - at[from]));
                it = clew_span_attributes_brief(&s);
                for (uint32_t i = 0; i < n; i++) {
                        if (i >= from && i < to)
                                continue;
                        assert_true(clew_attribute_next(&it, &a));
                        assert_int_equal(a.key.data[0], keys[i]);
                        assert_int_equal(a.value.bytes.data[1], values[i]);
                }
                assert_false(clew_attribute_next(&it, &a));
        }
}

/* Reads everything that a view can reach; returns a sum so that nothing is optimised away. */
static uint64_t read_everything(struct clew_slice data)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(data);
        struct clew_slice raw;
        uint64_t sum = 0;

        while (clew_otlp_read(&r, &raw, NULL)) {
                struct clew_span s;
                struct clew_message_iter it;
                struct clew_attribute a;
                struct clew_span_event e;
                struct clew_span_link l;

                if (!clew_span_parse(raw, &s))
                        continue;
                it = clew_span_attributes(&s);
                while (clew_attribute_next(&it, &a))
                        sum += a.key.len + a.value.type;
                it = clew_span_events(&s);
                while (clew_span_event_next(&it, &e))
                        sum += e.time_ns + e.name.len;
                it = clew_span_links(&s);
                while (clew_span_link_next(&it, &l))
                        sum += l.trace_id.bytes[0];
        }
        return sum;
}

/* Views are made only of walked bytes, but storage could hand them damaged ones: no read outside
 * (the sanitizer builds judge that), and an end. */
static void test_damaged_bytes_end_early(void **state)
{
        struct random_source r = random_from_environment("damaged views");
        uint64_t sum = 0;

        (void)state;
        for (uint32_t i = 0; i < 5000; i++) {
                CLEW_BUFFER b = {0};

                clew_buffer_init(&b, 16 * MIB);
                random_request(&r, CLEW_OTLP_TRACES, 6, &b);
                random_mutate(&r, &b);
                sum += read_everything(clew_buffer_slice(&b));
        }
        assert_true(sum != 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_containers),
                cmocka_unit_test(test_span_fields),
                cmocka_unit_test(test_duplicate_attribute_last_wins),
                cmocka_unit_test(test_attributes_in_any_form),
                cmocka_unit_test(test_damaged_bytes_end_early),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
