/*
 * JSON reader and writer: well-formed, cut, hostile, and random input.
 *
 * Property tests print their seed; CLEW_TEST_SEED=N repeats one.
 */
#include "proto/base/json-object.h"
#include "proto/base/json.h"

#include "proto/base/base64.h"
#include "proto/base/error.h"
#include "proto/base/number.h"
#include "proto/base/utf8.h"

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char sample[] =
        "{\"role\":\"assistant\",\"n\":-12.5e1,\"list\":[1,true,null,{\"a\":{}},[]],"
        "\"text\":\"caf\\u00e9 \\ud83d\\ude00 \xe2\x82\xac \\\"q\\\" \\\\n\","
        "\"last\":{\"k\":[[[\"deep\"]]],\"t\":false}}";

static uint64_t seed_of_run(void)
{
        const char *s = getenv("CLEW_TEST_SEED");
        uint64_t seed = 0;

        if (!s || !clew_parse_uint64(clew_slice_of_cstr(s), &seed))
                seed = (uint64_t)time(NULL);
        print_message("# seed %" PRIu64 "\n", seed);
        return seed;
}

static uint64_t next_random(uint64_t *state)
{
        uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

static struct clew_json_reader reader_of(const char *s)
{
        return clew_json_reader_make(clew_slice_of_cstr(s), CLEW_JSON_DEPTH_DEFAULT);
}

/* Copies what the reader gives through the writer; asserts that the tokens are one value. */
static enum clew_json_status copy_json(struct clew_slice in, struct clew_buffer *out)
{
        struct clew_json_reader r = clew_json_reader_make(in, CLEW_JSON_DEPTH_DEFAULT);
        struct clew_json_writer w = clew_json_writer_make(out, 0);
        CLEW_ARENA arena = {0};
        bool after_key = false;

        clew_arena_init(&arena, 1 << 24);
        while (clew_json_next(&r) != CLEW_JSON_END) {
                bool is_end = r.token == CLEW_JSON_OBJECT_END || r.token == CLEW_JSON_ARRAY_END;

                if (after_key)
                        assert_true(!is_end && r.token != CLEW_JSON_KEY);
                after_key = r.token == CLEW_JSON_KEY;
                switch (r.token) {
                case CLEW_JSON_OBJECT_BEGIN:
                        clew_json_write_object_begin(&w);
                        break;
                case CLEW_JSON_OBJECT_END:
                        clew_json_write_object_end(&w);
                        break;
                case CLEW_JSON_ARRAY_BEGIN:
                        clew_json_write_array_begin(&w);
                        break;
                case CLEW_JSON_ARRAY_END:
                        clew_json_write_array_end(&w);
                        break;
                case CLEW_JSON_KEY:
                        clew_json_write_key_slice(&w, clew_json_string(&r, &arena));
                        break;
                case CLEW_JSON_STRING:
                        clew_json_write_string(&w, clew_json_string(&r, &arena));
                        break;
                case CLEW_JSON_NUMBER:
                        clew_json_write_raw(&w, r.text);
                        break;
                case CLEW_JSON_TRUE:
                case CLEW_JSON_FALSE:
                        clew_json_write_bool(&w, r.token == CLEW_JSON_TRUE);
                        break;
                case CLEW_JSON_NULL:
                        clew_json_write_null(&w);
                        break;
                case CLEW_JSON_END:
                        break;
                }
                assert_int_equal(w.depth, r.depth);
        }
        assert_int_equal(r.depth, 0);
        assert_int_equal(w.depth, 0);
        assert_int_equal(clew_json_next(&r), CLEW_JSON_END);
        assert_int_equal(clew_buffer_error(out), 0);
        return r.status;
}

static void check_copy(const char *in, const char *want, enum clew_json_status status)
{
        CLEW_BUFFER out = {0};

        clew_buffer_init(&out, 1 << 20);
        assert_int_equal(copy_json(clew_slice_of_cstr(in), &out), status);
        clew_buffer_append_byte(&out, 0);
        assert_string_equal((char *)out.data, want);
}

static void reads_well_formed(void **state)
{
        (void)state;
        check_copy(" { \"a\" : [ 1 , 2.5e-3 ] } ", "{\"a\":[1,2.5e-3]}", CLEW_JSON_COMPLETE);
        check_copy("[]", "[]", CLEW_JSON_COMPLETE);
        check_copy("[{},{}]", "[{},{}]", CLEW_JSON_COMPLETE);
        check_copy("\"x\"", "\"x\"", CLEW_JSON_COMPLETE);
        check_copy("12", "12", CLEW_JSON_COMPLETE);
        check_copy("{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}", CLEW_JSON_COMPLETE);
        check_copy("[NaN,Infinity,-Infinity]", "[NaN,Infinity,-Infinity]", CLEW_JSON_COMPLETE);
        check_copy("\"\\u2028\\u2029\\u0000\\u007f\\/\"", "\"\\u2028\\u2029\\u0000\\u007f/\"",
                   CLEW_JSON_COMPLETE);
        check_copy("\"\\ud800 \\udc00 \\ud83d\\ude00\"",
                   "\"\xef\xbf\xbd \xef\xbf\xbd \xf0\x9f\x98\x80\"", CLEW_JSON_COMPLETE);
        check_copy("\"\\x41\\u12g4\"", "\"\\\\x41\\\\u12g4\"", CLEW_JSON_COMPLETE);
        check_copy("\"\xff\xc0 \xe2\x82\"", "\"\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\"",
                   CLEW_JSON_COMPLETE);
}

static void reads_cut(void **state)
{
        (void)state;
        check_copy("{\"a\":[1,2,\"x", "{\"a\":[1,2,\"x\"]}", CLEW_JSON_TRUNCATED);
        check_copy("{\"a\"", "{\"a\":null}", CLEW_JSON_TRUNCATED);
        check_copy("{\"a\": ", "{\"a\":null}", CLEW_JSON_TRUNCATED);
        check_copy("{\"a\":1,\"b", "{\"a\":1}", CLEW_JSON_TRUNCATED);
        check_copy("{\"a\":1,", "{\"a\":1}", CLEW_JSON_TRUNCATED);
        check_copy("[1", "[1]", CLEW_JSON_TRUNCATED);
        check_copy("[1e", "[1]", CLEW_JSON_TRUNCATED);
        check_copy("[-", "[null]", CLEW_JSON_TRUNCATED);
        check_copy("[tr", "[null]", CLEW_JSON_TRUNCATED);
        check_copy("[\"ab\\", "[\"ab\"]", CLEW_JSON_TRUNCATED);
        check_copy("[\"ab\\u00", "[\"ab\"]", CLEW_JSON_TRUNCATED);
        check_copy("[\"ab\\ud83d", "[\"ab\"]", CLEW_JSON_TRUNCATED);
        check_copy("[\"ab\\ud83d\\ud", "[\"ab\"]", CLEW_JSON_TRUNCATED);
        check_copy("[\"ab\xe2\x82", "[\"ab\"]", CLEW_JSON_TRUNCATED);
        check_copy("[\"ab\xe2\x82\xac", "[\"ab\xe2\x82\xac\"]", CLEW_JSON_TRUNCATED);
        check_copy("[\"ab...[TRUNCATED: original length 9]",
                   "[\"ab...[TRUNCATED: original length 9]\"]", CLEW_JSON_TRUNCATED);
        check_copy("", "", CLEW_JSON_TRUNCATED);
        check_copy("  ", "", CLEW_JSON_TRUNCATED);
}

static void reads_malformed(void **state)
{
        (void)state;
        check_copy("{\"a\":1]", "{\"a\":1}", CLEW_JSON_MALFORMED);
        check_copy("{\"a\":}", "{\"a\":null}", CLEW_JSON_MALFORMED);
        check_copy("{\"a\" 1}", "{}", CLEW_JSON_MALFORMED);
        check_copy("{\"a\":[1 2]}", "{\"a\":[1]}", CLEW_JSON_MALFORMED);
        check_copy("{a:1}", "{}", CLEW_JSON_MALFORMED);
        check_copy("[1,]", "[1]", CLEW_JSON_MALFORMED);
        check_copy("[1] x", "[1]", CLEW_JSON_MALFORMED);
        check_copy("[1-2]", "[]", CLEW_JSON_MALFORMED);
        check_copy("nope", "", CLEW_JSON_MALFORMED);
        check_copy("{'a':1}", "{}", CLEW_JSON_MALFORMED);
}

static void names_the_place(void **state)
{
        struct clew_json_reader r = reader_of("{\"a\":1 \"b\":2}");
        struct clew_error err = {0};

        (void)state;
        clew_json_next(&r);
        clew_json_skip(&r);
        assert_int_equal(clew_json_reader_error(&r, &err), -EBADMSG);
        assert_int_equal(err.offset, 7);
        assert_non_null(strstr(err.message, "byte 7"));
}

static void bounds_depth(void **state)
{
        char text[1001];
        CLEW_BUFFER out = {0};
        struct clew_json_reader r;

        (void)state;
        memset(text, '[', 1000);
        text[1000] = 0;
        clew_buffer_init(&out, 1 << 20);
        assert_int_equal(copy_json(clew_slice_of_cstr(text), &out), CLEW_JSON_TOO_DEEP);
        assert_int_equal(out.len, 2 * CLEW_JSON_DEPTH_DEFAULT);
        r = clew_json_reader_make(clew_slice_of_cstr(text), 100000);
        assert_int_equal(r.max_depth, CLEW_JSON_DEPTH_MAX);
        while (clew_json_next(&r) != CLEW_JSON_END)
                ;
        assert_int_equal(r.error_offset, CLEW_JSON_DEPTH_MAX);
        assert_int_equal(clew_json_reader_error(&r, NULL), -E2BIG);
}

static void walks_members(void **state)
{
        struct clew_json_reader r = reader_of(
                "{\"skip\":{\"x\":[1,{\"y\":2}]},\"t\\u0065xt\":\"a\\tb\",\"raw\":{\"p\": "
                "[1, 2]},\"nums\":[\"9223372036854775807\",-5,3.0,1.5,1e3]}");
        CLEW_ARENA arena = {0};
        int64_t v[5] = {0};
        bool ok[5];
        size_t n = 0;
        int seen = 0;

        (void)state;
        clew_arena_init(&arena, 1 << 16);
        assert_int_equal(clew_json_next(&r), CLEW_JSON_OBJECT_BEGIN);
        while (clew_json_next_member(&r)) {
                if (clew_json_text_is(&r, "text")) {
                        clew_json_next(&r);
                        assert_true(clew_slice_eq_cstr(clew_json_string(&r, &arena), "a\tb"));
                        seen |= 1;
                } else if (clew_json_text_is(&r, "raw")) {
                        assert_true(clew_slice_eq_cstr(clew_json_take(&r), "{\"p\": [1, 2]}"));
                        seen |= 2;
                } else if (clew_json_text_is(&r, "nums")) {
                        assert_int_equal(clew_json_next(&r), CLEW_JSON_ARRAY_BEGIN);
                        while (clew_json_next_element(&r)) {
                                assert_true(n < 5);
                                ok[n] = clew_json_int64(&r, &v[n]);
                                n++;
                        }
                        seen |= 4;
                } else {
                        assert_true(clew_json_text_is(&r, "skip"));
                        clew_json_skip(&r);
                        seen |= 8;
                }
        }
        assert_int_equal(seen, 15);
        assert_int_equal(clew_json_next(&r), CLEW_JSON_END);
        assert_int_equal(r.status, CLEW_JSON_COMPLETE);
        assert_int_equal(n, 5);
        assert_true(ok[0] && v[0] == INT64_MAX);
        assert_true(ok[1] && v[1] == -5);
        assert_true(ok[2] && v[2] == 3);
        assert_false(ok[3]);
        assert_true(ok[4] && v[4] == 1000);
}

/* Every prefix of the sample is read without complaint beyond "truncated", and longer prefixes
 * never give less. */
static void reads_every_prefix(void **state)
{
        size_t before = 0;

        (void)state;
        for (size_t n = 0; n < sizeof(sample) - 1; n++) {
                CLEW_BUFFER out = {0};
                CLEW_BUFFER again = {0};
                char *exact = malloc(n + 1);

                assert_non_null(exact);
                memcpy(exact, sample, n);
                clew_buffer_init(&out, 1 << 20);
                clew_buffer_init(&again, 1 << 20);
                assert_int_equal(copy_json(clew_slice_make(exact, n), &out), CLEW_JSON_TRUNCATED);
                if (n > 0)
                        assert_int_equal(copy_json(clew_buffer_slice(&out), &again),
                                         CLEW_JSON_COMPLETE);
                assert_true(clew_slice_eq(clew_buffer_slice(&out), clew_buffer_slice(&again)));
                assert_true(out.len + 24 >= before);
                before = out.len;
                free(exact);
        }
}

/* Random edits of the sample: balanced tokens (asserted in copy_json), and what the writer makes
 * is complete JSON. */
static void survives_random_edits(void **state)
{
        uint64_t seed = seed_of_run();
        static const char spice[] = "{}[]\",:\\u0dn8tfe+-.INx\xff\xe2";

        (void)state;
        for (int round = 0; round < 20000; round++) {
                char text[sizeof(sample)];
                size_t n = sizeof(sample) - 1;
                unsigned edits = 1 + (unsigned)(next_random(&seed) % 4);
                CLEW_BUFFER out = {0};
                CLEW_BUFFER again = {0};

                memcpy(text, sample, n);
                for (unsigned i = 0; i < edits; i++)
                        text[next_random(&seed) % n] =
                                spice[next_random(&seed) % (sizeof(spice) - 1)];
                n -= next_random(&seed) % 8;
                clew_buffer_init(&out, 1 << 20);
                clew_buffer_init(&again, 1 << 20);
                copy_json(clew_slice_make(text, n), &out);
                if (out.len)
                        assert_int_equal(copy_json(clew_buffer_slice(&out), &again),
                                         CLEW_JSON_COMPLETE);
                assert_true(clew_slice_eq(clew_buffer_slice(&out), clew_buffer_slice(&again)));
        }
}

/* Where a string ends, byte by byte; @n when it does not. */
static size_t end_of_string(const char *text, size_t n, bool *ret_escaped)
{
        *ret_escaped = false;
        for (size_t i = 1; i < n; i++) {
                if (text[i] == '"')
                        return i;
                if (text[i] == '\\') {
                        *ret_escaped = true;
                        i++;
                }
        }
        return n;
}

/* Strings of any length, with quotes and backslashes anywhere: long ones are read another way. */
static void strings_end_where_they_end(void **state)
{
        uint64_t seed = seed_of_run();
        unsigned closed = 0;

        (void)state;
        for (int round = 0; round < 40000; round++) {
                char text[300];
                size_t n = 1 + (size_t)(next_random(&seed) % (sizeof(text) - 1));
                unsigned rare = 2 + (unsigned)(next_random(&seed) % 60);
                struct clew_json_reader r;
                bool escaped;
                size_t end;

                text[0] = '"';
                for (size_t i = 1; i < n; i++)
                        text[i] = next_random(&seed) % rare ? 'x' : "\"\\"[next_random(&seed) % 2];
                r = clew_json_reader_make(clew_slice_make(text, n), 4);
                assert_int_equal(clew_json_next(&r), CLEW_JSON_STRING);
                end = end_of_string(text, n, &escaped);
                assert_int_equal(r.escaped, escaped);
                assert_int_equal(r.cut, end == n);
                if (end < n)
                        assert_int_equal(r.text.len, end - 1);
                closed += end < n;
        }
        assert_true(closed > 5000 && closed < 39000);
}

static void strings_round_trip(void **state)
{
        uint64_t seed = seed_of_run();

        (void)state;
        for (int round = 0; round < 20000; round++) {
                uint8_t text[64];
                size_t n = 0;
                CLEW_BUFFER out = {0};
                CLEW_ARENA arena = {0};
                struct clew_json_writer w;
                struct clew_json_reader r;

                while (n < 48 && next_random(&seed) % 40) {
                        uint32_t c = (uint32_t)next_random(&seed);

                        switch (c >> 30) {
                        case 0:
                                c %= 128;
                                break;
                        case 1:
                                c %= 0x800;
                                break;
                        case 2:
                                c = 0x2000 + c % 0x40;
                                break;
                        default:
                                c %= 0x110000;
                                break;
                        }
                        n += clew_utf8_encode(c, text + n);
                }
                clew_buffer_init(&out, 4096);
                clew_arena_init(&arena, 4096);
                w = clew_json_writer_make(&out, 0);
                clew_json_write_string(&w, clew_slice_make(text, n));
                r = clew_json_reader_make(clew_buffer_slice(&out), 1);
                assert_int_equal(clew_json_next(&r), CLEW_JSON_STRING);
                assert_true(clew_slice_eq(clew_json_string(&r, &arena), clew_slice_make(text, n)));
                assert_int_equal(clew_json_next(&r), CLEW_JSON_END);
                assert_int_equal(r.status, CLEW_JSON_COMPLETE);
                assert_true(clew_utf8_valid(clew_buffer_slice(&out)));
                for (struct clew_slice left = clew_buffer_slice(&out); left.len > 0;)
                        assert_false(clew_utf8_is_hidden(clew_utf8_next(&left, NULL)));
        }
}

/* What the reader takes and JSON does not is made JSON, with its value. */
static void tokens_are_written_again(void **state)
{
        static const struct {
                const char *given;
                const char *want;
        } cases[] = {
                {"7", "7"},
                {"-0.50e+3", "-0.50e+3"},
                {"12345678901234567890123", "12345678901234567890123"},
                {"007", "7"},
                {"NaN", "\"NaN\""},
                {"-Infinity", "\"-Infinity\""},
                {"\"a\x1b\xe2\x80\xae\\u200b\"", "\"a\\u001b\\u202e\\u200b\""},
                {"\"\xff\"", "\"\xef\xbf\xbd\""},
                {"true", "true"},
                {"null", "null"},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct clew_json_reader r =
                        clew_json_reader_make(clew_slice_of_cstr(cases[i].given), 4);
                struct clew_json_writer w;
                CLEW_BUFFER out = {0};

                clew_buffer_init(&out, 4096);
                w = clew_json_writer_make(&out, 0);
                (void)clew_json_next(&r);
                clew_json_write_token(&w, &r);
                assert_true(clew_slice_eq_cstr(clew_buffer_slice(&out), cases[i].want));
        }
}

static void numbers_round_trip(void **state)
{
        static const double fixed[] = {0.0,
                                       -0.0,
                                       0.1,
                                       1e22,
                                       1e23,
                                       5e-324,
                                       0x1p-1022,
                                       1.7976931348623157e308,
                                       123456789012345678.0,
                                       0.3,
                                       1.0 / 3.0,
                                       -2.5};
        uint64_t seed = seed_of_run();

        (void)state;
        for (int round = 0; round < 50000; round++) {
                char text[CLEW_DOUBLE_TEXT_MAX];
                uint64_t bits = next_random(&seed);
                double v;
                double back;

                memcpy(&v, &bits, sizeof(v));
                if (round % 3 == 0)
                        v = (double)(int64_t)(bits >> 20) / 1000.0;
                if ((size_t)round < CLEW_ARRAY_LEN(fixed))
                        v = fixed[round];
                if (isnan(v))
                        continue;
                assert_true(clew_parse_double(clew_slice_make(text, clew_format_double(v, text)),
                                              &back));
                assert_memory_equal(&v, &back, sizeof(v));
        }
}

/* The longest prefix that is a number, found the slow way. */
static size_t naive_prefix(struct clew_slice s)
{
        double v;

        while (s.len && !clew_parse_double(s, &v))
                s.len--;
        return s.len;
}

static void numbers_that_are_cut_off(void **state)
{
        static const char alphabet[] = "0012345789.-+eE";
        static char digits[4 << 20];
        struct clew_json_reader r;
        uint64_t x = 88172645463325252ull;

        (void)state;
        for (unsigned i = 0; i < 200000; i++) {
                char text[24];
                size_t n = x % sizeof(text);

                for (size_t k = 0; k < n; k++) {
                        x ^= x << 13;
                        x ^= x >> 7;
                        x ^= x << 17;
                        text[k] = alphabet[x % (sizeof(alphabet) - 1)];
                }
                x = x * 6364136223846793005ull + 1;
                assert_int_equal(clew_number_prefix(clew_slice_make(text, n)),
                                 naive_prefix(clew_slice_make(text, n)));
        }
        /* Megabytes of digits: hours, if each end were tried. */
        memset(digits, '1', sizeof(digits));
        digits[0] = '[';
        r = clew_json_reader_make(clew_slice_make(digits, sizeof(digits)), 8);
        assert_int_equal(clew_json_next(&r), CLEW_JSON_ARRAY_BEGIN);
        assert_int_equal(clew_json_next(&r), CLEW_JSON_NUMBER);
        assert_int_equal(r.status, CLEW_JSON_TRUNCATED);
}

static void buffer_with_a_small_maximum(void **state)
{
        struct clew_buffer b;

        (void)state;
        clew_buffer_init(&b, 100);
        clew_buffer_append(&b, "x", 1);
        assert_int_equal(b.capacity, 100);
        for (unsigned i = 0; i < 99; i++)
                clew_buffer_append_byte(&b, 'y');
        assert_int_equal(clew_buffer_error(&b), 0);
        clew_buffer_append_byte(&b, 'z');
        assert_int_equal(clew_buffer_error(&b), -EMSGSIZE);
        assert_int_equal(b.len, 100);
        clew_buffer_deinit(&b);
}

static void numbers_are_checked(void **state)
{
        static const char *const bad[] = {"",   "-", "+1", "1x",   " 1",
                                          "1 ", ".", "1e", "0x10", "--1"};
        uint64_t u;
        int64_t i;
        double d;

        (void)state;
        for (size_t n = 0; n < CLEW_ARRAY_LEN(bad); n++) {
                assert_false(clew_parse_uint64(clew_slice_of_cstr(bad[n]), &u));
                assert_false(clew_parse_int64(clew_slice_of_cstr(bad[n]), &i));
                assert_false(clew_parse_double(clew_slice_of_cstr(bad[n]), &d));
        }
        assert_true(clew_parse_uint64(CLEW_SLICE_LITERAL("18446744073709551615"), &u));
        assert_true(u == UINT64_MAX);
        assert_false(clew_parse_uint64(CLEW_SLICE_LITERAL("18446744073709551616"), &u));
        assert_true(clew_parse_int64(CLEW_SLICE_LITERAL("-9223372036854775808"), &i));
        assert_true(i == INT64_MIN);
        assert_false(clew_parse_int64(CLEW_SLICE_LITERAL("9223372036854775808"), &i));
        assert_false(clew_parse_int64(CLEW_SLICE_LITERAL("-9223372036854775809"), &i));
        assert_true(clew_parse_double(CLEW_SLICE_LITERAL("9007199254740993.0000000000000001"), &d));
        assert_true(d == 9007199254740994.0);
        assert_true(clew_parse_double(CLEW_SLICE_LITERAL("1e400"), &d) && isinf(d));
}

static void writes_indented(void **state)
{
        CLEW_BUFFER out = {0};
        struct clew_json_writer w;

        (void)state;
        clew_buffer_init(&out, 4096);
        w = clew_json_writer_make(&out, 2);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "a");
        clew_json_write_array_begin(&w);
        clew_json_write_uint64_string(&w, UINT64_MAX);
        clew_json_write_int64(&w, INT64_MIN);
        clew_json_write_double(&w, -0.0);
        clew_json_write_double(&w, (double)NAN);
        clew_json_write_double(&w, -(double)INFINITY);
        clew_json_write_array_end(&w);
        clew_json_write_key(&w, "b");
        clew_json_write_object_begin(&w);
        clew_json_write_object_end(&w);
        clew_json_write_object_end(&w);
        clew_buffer_append_byte(&out, 0);
        assert_string_equal((char *)out.data, "{\n  \"a\": [\n    \"18446744073709551615\",\n"
                                              "    -9223372036854775808,\n    -0,\n    \"NaN\",\n"
                                              "    \"-Infinity\"\n  ],\n  \"b\": {}\n}");
}

static void base64_round_trips(void **state)
{
        uint64_t seed = seed_of_run();
        CLEW_BUFFER text = {0};
        CLEW_BUFFER bytes = {0};

        (void)state;
        clew_buffer_init(&text, 4096);
        clew_buffer_init(&bytes, 4096);
        for (size_t n = 0; n < 64; n++) {
                uint8_t data[64];

                for (size_t i = 0; i < n; i++)
                        data[i] = (uint8_t)next_random(&seed);
                clew_buffer_clear(&text);
                clew_buffer_clear(&bytes);
                clew_base64_encode(clew_slice_make(data, n), &text);
                assert_int_equal(text.len, (n + 2) / 3 * 4);
                assert_true(clew_base64_decode(clew_buffer_slice(&text), &bytes));
                assert_true(clew_slice_eq(clew_buffer_slice(&bytes), clew_slice_make(data, n)));
        }
        clew_buffer_clear(&bytes);
        assert_true(clew_base64_decode(CLEW_SLICE_LITERAL("-_8"), &bytes));
        assert_true(clew_slice_eq(clew_buffer_slice(&bytes), CLEW_SLICE_LITERAL("\xfb\xff")));
        assert_false(clew_base64_decode(CLEW_SLICE_LITERAL("abcde"), &bytes));
        assert_false(clew_base64_decode(CLEW_SLICE_LITERAL("ab=c"), &bytes));
        assert_false(clew_base64_decode(CLEW_SLICE_LITERAL("abc=="), &bytes));
        assert_false(clew_base64_decode(CLEW_SLICE_LITERAL("a b="), &bytes));
        assert_int_equal(bytes.len, 2);
}

/* Elements of an array, each passed over and opened in two passes and in one: the same, wherever
 * the text ends. */
static void objects_are_taken_apart_on_the_way(void **state)
{
        static const char text[] =
                "[{\"a\":1,\"b\":[{\"c\":\"]}\"},null],\"a\":{}},{},{\"d\" : \"x\\\"y\" } , "
                "{\"e\":nul},{\"f\":{\"g\":[1,2]},\"h\":true}]";

        (void)state;
        for (size_t n = 1; n < sizeof(text); n++) {
                struct clew_slice s = {(const uint8_t *)text, n};
                struct clew_json_reader two = clew_json_reader_make(s, 5);
                struct clew_json_reader one = clew_json_reader_make(s, 5);
                struct clew_json_object a;
                struct clew_json_object b;
                struct clew_slice raw;
                struct clew_slice raw_one;

                (void)clew_json_next(&two);
                (void)clew_json_next(&one);
                while (clew_json_next_element(&two)) {
                        bool open;

                        assert_true(clew_json_next_element(&one));
                        assert_int_equal(one.token, two.token);
                        if (one.token != CLEW_JSON_OBJECT_BEGIN)
                                continue;
                        raw = clew_json_take(&two);
                        open = clew_json_object_open(raw, 5, &a);
                        if (clew_json_object_take(&one, &b, &raw_one))
                                assert_true(open);
                        else
                                assert_int_equal(clew_json_object_open(raw_one, 5, &b), open);
                        assert_true(raw.data == raw_one.data && raw.len == raw_one.len);
                        assert_int_equal(a.n, b.n);
                        for (uint32_t i = 0; i < a.n; i++) {
                                assert_true(clew_slice_eq(a.members[i].key, b.members[i].key));
                                assert_true(clew_slice_eq(a.members[i].raw, b.members[i].raw));
                                assert_int_equal(a.members[i].token, b.members[i].token);
                        }
                }
                assert_false(clew_json_next_element(&one));
                assert_int_equal(one.status, two.status);
                assert_int_equal(one.token, two.token);
                assert_true(one.at == two.at);
        }
}

static void utf8_is_judged(void **state)
{
        static const char *const good[] = {"",
                                           "abc",
                                           "\xc2\x80",
                                           "\xef\xbf\xbf",
                                           "\xf4\x8f\xbf\xbf",
                                           "0123456789abcdef\xe2\x82\xac"};
        static const char *const bad[] = {
                "\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
                "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82",
                "abc\xff"};
        struct clew_slice s = CLEW_SLICE_LITERAL("\xf0\x9f\x98\x80x\xe2\x82y");
        bool valid;

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(good); i++)
                assert_true(clew_utf8_valid(clew_slice_of_cstr(good[i])));
        for (size_t i = 0; i < CLEW_ARRAY_LEN(bad); i++)
                assert_false(clew_utf8_valid(clew_slice_of_cstr(bad[i])));
        assert_int_equal(clew_utf8_next(&s, &valid), 0x1f600);
        assert_true(valid);
        assert_int_equal(clew_utf8_next(&s, NULL), 'x');
        assert_int_equal(clew_utf8_next(&s, &valid), 0xfffd);
        assert_false(valid);
        assert_int_equal(clew_utf8_next(&s, NULL), 'y');
        assert_int_equal(s.len, 0);
        assert_int_equal(clew_utf8_cut(CLEW_SLICE_LITERAL("a\xe2\x82\xac"), 3).len, 1);
        assert_int_equal(clew_utf8_cut(CLEW_SLICE_LITERAL("a\xe2\x82\xac"), 4).len, 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_well_formed),
                cmocka_unit_test(reads_cut),
                cmocka_unit_test(reads_malformed),
                cmocka_unit_test(names_the_place),
                cmocka_unit_test(bounds_depth),
                cmocka_unit_test(walks_members),
                cmocka_unit_test(reads_every_prefix),
                cmocka_unit_test(survives_random_edits),
                cmocka_unit_test(strings_end_where_they_end),
                cmocka_unit_test(strings_round_trip),
                cmocka_unit_test(numbers_round_trip),
                cmocka_unit_test(numbers_are_checked),
                cmocka_unit_test(numbers_that_are_cut_off),
                cmocka_unit_test(buffer_with_a_small_maximum),
                cmocka_unit_test(writes_indented),
                cmocka_unit_test(tokens_are_written_again),
                cmocka_unit_test(base64_round_trips),
                cmocka_unit_test(objects_are_taken_apart_on_the_way),
                cmocka_unit_test(utf8_is_judged),
        };

        return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
