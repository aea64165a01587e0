/*
 * OTLP JSON to protobuf and back: every field, every deviation that real exporters show, cut and
 * wrong input, and random messages (seed printed; CLEW_TEST_SEED=N repeats one).
 */
#include "proto/otlp/json.h"

#include "proto/base/json.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "proto/opentelemetry/proto/logs/v1/logs.pb-c.h"
#include "proto/opentelemetry/proto/trace/v1/trace.pb-c.h"
#include "proto/otlp/json-int.h"
#include "tests/unit/random-otlp.h"

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BYTES_MAX ((size_t)1 << 26)

/* Every field of every message that spans can hold, in the form that we write. */
static const char all_of_traces[] =
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{"
        "\"stringValue\":\"caf\xc3\xa9\"}}],\"droppedAttributesCount\":1,\"entityRefs\":[{"
        "\"schemaUrl\":\"s\",\"type\":\"host\",\"idKeys\":[\"a\",\"\",\"b\"],\"descriptionKeys\":["
        "\"c\"]}]},\"scopeSpans\":[{\"scope\":{\"name\":\"n\",\"version\":\"v\",\"attributes\":[{"
        "\"key\":\"k\"}],\"droppedAttributesCount\":4294967295},\"spans\":[{\"traceId\":"
        "\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":\"1112131415161718\",\"traceState\":"
        "\"a=b\",\"parentSpanId\":\"2122232425262728\",\"name\":\"line\\n\\u0000\\u2028\",\"kind\":"
        "3,\"startTimeUnixNano\":\"18446744073709551615\",\"endTimeUnixNano\":\"1\",\"attributes\":"
        "["
        "{\"key\":\"i\",\"value\":{\"intValue\":\"-9223372036854775808\"}},"
        "{\"key\":\"j\",\"value\":{\"intValue\":\"9223372036854775807\"}},"
        "{\"key\":\"z\",\"value\":{\"intValue\":\"0\"}},"
        "{\"key\":\"b\",\"value\":{\"boolValue\":false}},"
        "{\"key\":\"d\",\"value\":{\"doubleValue\":-0}},"
        "{\"key\":\"e\",\"value\":{\"doubleValue\":0.1}},"
        "{\"key\":\"f\",\"value\":{\"doubleValue\":\"NaN\"}},"
        "{\"key\":\"g\",\"value\":{\"doubleValue\":\"-Infinity\"}},"
        "{\"key\":\"s\",\"value\":{\"stringValue\":\"\"}},"
        "{\"key\":\"y\",\"value\":{\"bytesValue\":\"AAH/\"}},"
        "{\"key\":\"x\",\"value\":{\"bytesValue\":\"\"}},"
        "{\"key\":\"a\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"1\"},{},{"
        "\"arrayValue\":{}},{\"kvlistValue\":{\"values\":[{\"key\":\"q\",\"value\":{"
        "\"kvlistValue\":"
        "{}}}]}}]}}},"
        "{\"key\":\"empty\",\"value\":{}}],\"droppedAttributesCount\":2,\"events\":[{"
        "\"timeUnixNano\":\"5\",\"name\":\"ev\",\"attributes\":[{\"key\":\"k\",\"value\":{"
        "\"boolValue\":true}}],\"droppedAttributesCount\":3}],\"droppedEventsCount\":4,\"links\":[{"
        "\"traceId\":\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":\"1112131415161718\","
        "\"traceState\":\"t\",\"attributes\":[{\"key\":\"k\"}],\"droppedAttributesCount\":5,"
        "\"flags\":256}],\"droppedLinksCount\":6,\"status\":{\"message\":\"m\",\"code\":2},"
        "\"flags\":257}],\"schemaUrl\":\"u1\"}],\"schemaUrl\":\"u2\"}]}";

static const char all_of_logs[] =
        "{\"resourceLogs\":[{\"resource\":{},\"scopeLogs\":[{\"scope\":{},\"logRecords\":[{"
        "\"timeUnixNano\":\"7\",\"severityNumber\":17,\"severityText\":\"ERROR\",\"body\":{"
        "\"kvlistValue\":{\"values\":[{\"key\":\"a\",\"value\":{\"intValue\":\"1\"}}]}},"
        "\"attributes\":[{\"key\":\"k\",\"value\":{\"stringValue\":\"v\"}}],"
        "\"droppedAttributesCount\":1,\"flags\":1,\"traceId\":\"0102030405060708090a0b0c0d0e0f10\","
        "\"spanId\":\"1112131415161718\",\"observedTimeUnixNano\":\"8\",\"eventName\":\"en\"}],"
        "\"schemaUrl\":\"u1\"}],\"schemaUrl\":\"u2\"}]}";

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

static void to_pb(struct clew_slice json, enum clew_otlp_signal signal, struct clew_buffer *out)
{
        struct clew_error err = {0};
        int ret = clew_otlp_from_json(json, signal, out, &err);

        if (ret != 0)
                print_error("%s\n", err.message);
        assert_int_equal(ret, 0);
}

/* @in read and written again is @want; and from then on nothing changes. */
static void check(const char *in, enum clew_otlp_signal signal, const char *want)
{
        CLEW_BUFFER pb = {0};
        CLEW_BUFFER json = {0};
        CLEW_BUFFER again = {0};

        clew_buffer_init(&pb, BYTES_MAX);
        clew_buffer_init(&json, BYTES_MAX);
        clew_buffer_init(&again, BYTES_MAX);
        to_pb(clew_slice_of_cstr(in), signal, &pb);
        assert_int_equal(clew_otlp_to_json(clew_buffer_slice(&pb), signal, &json), 0);
        to_pb(clew_buffer_slice(&json), signal, &again);
        assert_true(clew_slice_eq(clew_buffer_slice(&pb), clew_buffer_slice(&again)));
        clew_buffer_append_byte(&json, 0);
        assert_string_equal((char *)json.data, want);
}

static void keeps_every_field(void **state)
{
        (void)state;
        check(all_of_traces, CLEW_OTLP_TRACES, all_of_traces);
        check(all_of_logs, CLEW_OTLP_LOGS, all_of_logs);
        check("{}", CLEW_OTLP_TRACES, "{}");
        check("{\"resourceSpans\":[]}", CLEW_OTLP_TRACES, "{}");
        check("{\"resourceSpans\":[{}]}", CLEW_OTLP_TRACES, "{\"resourceSpans\":[{}]}");
}

#define SPAN_HEAD "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{"
#define SPAN_TAIL "}]}]}]}"

/* The inside of one span, before and after. */
struct deviation {
        const char *in;
        const char *want;
};

#define ATTRIBUTE(value) "\"attributes\":[{\"key\":\"k\",\"value\":" value "}]"
#define RAW_ATTRIBUTE(text) "{\"value\":{\"stringValue\":\"" text "\"}}"
#define STRING_ATTRIBUTE(text) ATTRIBUTE("{\"stringValue\":\"" text "\"}")
static const struct deviation deviations[] = {
        /* ids: upper case, base64, bytes, empty, nonsense kept for the walk to refuse */
        {"\"traceId\":\"0102030405060708090A0B0C0D0E0F10\"",
         "\"traceId\":\"0102030405060708090a0b0c0d0e0f10\""},
        {"\"traceId\":\"AQIDBAUGBwgJCgsMDQ4PEA==\",\"spanId\":\"ERITFBUWFxg=\"",
         "\"traceId\":\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":"
         "\"1112131415161718\""},
        {"\"spanId\":[17,18,19,20,21,22,23,24]", "\"spanId\":\"1112131415161718\""},
        {"\"parentSpanId\":\"\"", ""},
        {"\"spanId\":\"zz\"", "\"unknownFields\":\"EgJ6eg==\""},
        /* numbers as strings, strings as numbers, floats, out of range */
        {"\"startTimeUnixNano\":1757000000000000000,\"endTimeUnixNano\":1.757e18",
         "\"startTimeUnixNano\":\"1757000000000000000\",\"endTimeUnixNano\":"
         "\"1757000000000000000\""},
        {"\"droppedAttributesCount\":99999999999,\"droppedLinksCount\":-1",
         "\"droppedAttributesCount\":4294967295"},
        {"\"droppedEventsCount\":\"7\"", "\"droppedEventsCount\":7"},
        {ATTRIBUTE("{\"intValue\":5}"), ATTRIBUTE("{\"intValue\":\"5\"}")},
        {ATTRIBUTE("{\"intValue\":-1.0}"), ATTRIBUTE("{\"intValue\":\"-1\"}")},
        {ATTRIBUTE("{\"doubleValue\":\"2.50\"}"), ATTRIBUTE("{\"doubleValue\":2.5}")},
        /* null: a NaN that JavaScript wrote; anything else is absent */
        {ATTRIBUTE("{\"doubleValue\":null}"), ATTRIBUTE("{\"doubleValue\":\"NaN\"}")},
        {ATTRIBUTE("{\"stringValue\":\"x\",\"doubleValue\":null,\"intValue\":null}"),
         STRING_ATTRIBUTE("x")},
        {ATTRIBUTE("{\"doubleValue\":null,\"stringValue\":\"x\"}"), STRING_ATTRIBUTE("x")},
        {ATTRIBUTE("{\"stringValue\":null}"), ATTRIBUTE("{}")},
        {ATTRIBUTE("{\"arrayValue\":{\"values\":[null,{\"boolValue\":true}]}}"),
         ATTRIBUTE("{\"arrayValue\":{\"values\":[{},{\"boolValue\":true}]}}")},
        {"\"name\":null,\"events\":null,\"status\":null,\"kind\":null,\"attributes\":["
         "null]",
         ""},
        /* defaults are left out, as protobuf encoders do */
        {"\"name\":\"\",\"kind\":0,\"flags\":0,\"startTimeUnixNano\":\"0\"", ""},
        {"\"status\":{\"code\":0,\"message\":\"\"}", "\"status\":{}"},
        /* names of enumerators, snake_case, escaped names, unknown names */
        {"\"kind\":\"SPAN_KIND_CLIENT\",\"status\":{\"code\":\"STATUS_CODE_ERROR\"}",
         "\"kind\":3,\"status\":{\"code\":2}"},
        {"\"kind\":\"SERVER\"", "\"kind\":2"},
        {"\"kind\":-5", "\"kind\":-5"},
        {"\"name\":5,\"traceState\":[1]", "\"name\":\"5\",\"traceState\":\"[1]\""},
        {"\"start_time_unix_nano\":\"5\",\"dropped_links_count\":1",
         "\"startTimeUnixNano\":\"5\",\"droppedLinksCount\":1"},
        {"\"na\\u006de\":\"x\"", "\"name\":\"x\""},
        {"\"future\":{\"a\":[1,{\"name\":\"no\"}]},\"name\":\"x\",\"\":1", "\"name\":\"x\""},
        /* text */
        {STRING_ATTRIBUTE("\\ud800"), STRING_ATTRIBUTE("\xef\xbf\xbd")},
        {STRING_ATTRIBUTE("\\ud83d\\ude00\\/"), STRING_ATTRIBUTE("\xf0\x9f\x98\x80/")},
        /* AnyValue members of the wrong type, and bare values, keep what was sent */
        {ATTRIBUTE("{\"intValue\":\"12.5\"}"), STRING_ATTRIBUTE("12.5")},
        {ATTRIBUTE("{\"intValue\":18446744073709551615}"),
         STRING_ATTRIBUTE("18446744073709551615")},
        {ATTRIBUTE("{\"stringValue\":{\"a\":[1, 2]}}"), STRING_ATTRIBUTE("{\\\"a\\\":[1, 2]}")},
        {ATTRIBUTE("{\"stringValue\":5}"), STRING_ATTRIBUTE("5")},
        {ATTRIBUTE("{\"boolValue\":\"true\"}"), ATTRIBUTE("{\"boolValue\":true}")},
        {ATTRIBUTE("{\"bytesValue\":\"***\"}"), STRING_ATTRIBUTE("***")},
        {ATTRIBUTE("{\"arrayValue\":[1]}"), STRING_ATTRIBUTE("[1]")},
        {ATTRIBUTE("5"), ATTRIBUTE("{\"intValue\":\"5\"}")},
        {ATTRIBUTE("2.5"), ATTRIBUTE("{\"doubleValue\":2.5}")},
        {ATTRIBUTE("\"x\""), STRING_ATTRIBUTE("x")},
        {ATTRIBUTE("false"), ATTRIBUTE("{\"boolValue\":false}")},
        {ATTRIBUTE("[1]"), STRING_ATTRIBUTE("[1]")},
        /* what is no attribute, or no list of them, costs nothing but itself */
        {"\"attributes\":[\"junk\",[1, {}],{\"key\":\"k\"}]",
         "\"attributes\":[" RAW_ATTRIBUTE("junk") "," RAW_ATTRIBUTE("[1, {}]") ",{\"key\":\"k\"}]"},
        {"\"attributes\":{\"a\": 1},\"flags\":1",
         "\"attributes\":[" RAW_ATTRIBUTE("{\\\"a\\\": 1}") "],\"flags\":1"},
        {ATTRIBUTE("{\"kvlistValue\":{\"values\":[7]}}"),
         ATTRIBUTE("{\"kvlistValue\":{\"values\":[" RAW_ATTRIBUTE("7") "]}}")},
        /* duplicate keys: the last scalar counts, arrays add up */
        {"\"name\":\"a\",\"name\":\"b\"", "\"name\":\"b\""},
        {ATTRIBUTE("{\"intValue\":1,\"stringValue\":\"s\"}"), STRING_ATTRIBUTE("s")},
};

static void reads_what_exporters_send(void **state)
{
        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(deviations); i++) {
                CLEW_BUFFER in = {0};
                CLEW_BUFFER want = {0};
                CLEW_BUFFER pb = {0};
                CLEW_BUFFER json = {0};

                clew_buffer_init(&in, BYTES_MAX);
                clew_buffer_init(&want, BYTES_MAX);
                clew_buffer_init(&pb, BYTES_MAX);
                clew_buffer_init(&json, BYTES_MAX);
                clew_buffer_printf(&in, SPAN_HEAD "%s" SPAN_TAIL, deviations[i].in);
                clew_buffer_printf(&want, SPAN_HEAD "%s" SPAN_TAIL, deviations[i].want);
                clew_buffer_append_byte(&want, 0);
                to_pb(clew_buffer_slice(&in), CLEW_OTLP_TRACES, &pb);
                assert_int_equal(clew_otlp_to_json(clew_buffer_slice(&pb), CLEW_OTLP_TRACES, &json),
                                 0);
                clew_buffer_append_byte(&json, 0);
                assert_string_equal((char *)json.data, (char *)want.data);
        }
}

static void check_refused(const char *json, int code, const char *part)
{
        CLEW_BUFFER pb = {0};
        struct clew_error err = {0};

        clew_buffer_init(&pb, BYTES_MAX);
        clew_buffer_append_cstr(&pb, "before");
        assert_int_equal(clew_otlp_from_json(clew_slice_of_cstr(json), CLEW_OTLP_TRACES, &pb, &err),
                         code);
        assert_true(clew_slice_eq_cstr(clew_buffer_slice(&pb), "before"));
        if (!strstr(err.message, part))
                print_error("message: %s\n", err.message);
        assert_non_null(strstr(err.message, part));
        assert_true(err.offset <= strlen(json));
}

static void passes_over_a_byte_order_mark(void **state)
{
        CLEW_BUFFER marked = {0};
        CLEW_BUFFER plain = {0};
        struct clew_error err = {0};

        (void)state;
        clew_buffer_init(&marked, BYTES_MAX);
        clew_buffer_init(&plain, BYTES_MAX);
        assert_int_equal(
                clew_otlp_from_json(CLEW_SLICE_LITERAL("\xef\xbb\xbf{\"resourceSpans\":[{}]}"),
                                    CLEW_OTLP_TRACES, &marked, &err),
                0);
        assert_int_equal(clew_otlp_from_json(CLEW_SLICE_LITERAL("{\"resourceSpans\":[{}]}"),
                                             CLEW_OTLP_TRACES, &plain, &err),
                         0);
        assert_true(clew_slice_eq(clew_buffer_slice(&marked), clew_buffer_slice(&plain)));
        assert_true(plain.len > 0);
        check_refused("\xef\xbb\xbf", -EBADMSG, "cut short");
        check_refused("\xef\xbb", -EBADMSG, "byte 0");
        check_refused("\xef\xbb\xbf\xef\xbb\xbf{}", -EBADMSG, "byte 3");
}

static void refuses_what_is_wrong(void **state)
{
        (void)state;
        check_refused("", -EBADMSG, "cut short");
        check_refused("[]", -EBADMSG, "expected a JSON object");
        check_refused("5", -EBADMSG, "expected a JSON object");
        check_refused("{\"resourceSpans\":[{}]", -EBADMSG, "byte 21");
        check_refused("{\"resourceSpans\":[{}]}x", -EBADMSG, "byte 22");
        check_refused("{\"resourceSpans\":{}}", -EBADMSG, "TracesData.resourceSpans");
        check_refused("{\"resourceSpans\":[5]}", -EBADMSG, "byte 18");
}

static void check_dropped(const char *inner, const char *part)
{
        static const char neighbour[] = "{\"name\":\"before\"}";
        CLEW_BUFFER in = {0};
        CLEW_BUFFER pb = {0};
        CLEW_BUFFER json = {0};
        struct clew_error err = {0};

        clew_buffer_init(&in, BYTES_MAX);
        clew_buffer_init(&pb, BYTES_MAX);
        clew_buffer_init(&json, BYTES_MAX);
        clew_buffer_printf(&in,
                           "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[%s,{\"name\":\"cut\","
                           "%s,\"flags\":1},{%s}],\"schemaUrl\":\"u\"}]}]}",
                           neighbour, inner, inner);
        assert_int_equal(clew_otlp_from_json(clew_buffer_slice(&in), CLEW_OTLP_TRACES, &pb, &err),
                         0);
        if (!strstr(err.message, part))
                print_error("message: %s\n", err.message);
        assert_non_null(strstr(err.message, part));
        assert_int_equal(err.code, 0);
        assert_int_equal(clew_otlp_to_json(clew_buffer_slice(&pb), CLEW_OTLP_TRACES, &json), 0);
        clew_buffer_append_byte(&json, 0);
        assert_string_equal(
                (char *)json.data,
                "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"before\"},"
                "{},{}],\"schemaUrl\":\"u\"}]}]}");
}

/* A span that cannot be read costs itself, however deep the trouble lies and however long it is. */
static void unreadable_spans_cost_themselves(void **state)
{
        CLEW_BUFFER deep = {0};

        (void)state;
        check_dropped("\"kind\":\"FAST\"", "Span.kind");
        check_dropped("\"endTimeUnixNano\":\"soon\"", "Span.endTimeUnixNano");
        check_dropped("\"endTimeUnixNano\":{\"a\":[1,{}]}", "Span.endTimeUnixNano");
        check_dropped("\"events\":[{\"timeUnixNano\":[1]}]", "Event.timeUnixNano");
        check_dropped("\"status\":{\"code\":{}}", "Status.code");
        check_dropped("\"traceId\":[1,300,2]", "Span.traceId");
        check_dropped("\"unknownFields\":\"?\"", "unknownFields");
        check_dropped("\"unknownFields\":\"CA==\"", "unknownFields");
        clew_buffer_init(&deep, BYTES_MAX);
        for (unsigned way = 0; way < 4;
             way++) { /* the first level too many, and more; both kinds */
                unsigned levels = way & 1 ? 40 : CLEW_OTLP_DEPTH_MAX;

                clew_buffer_clear(&deep);
                clew_buffer_append_cstr(&deep, "\"name\":\"");
                for (int i = 0; i < 20000; i++)
                        clew_buffer_append_byte(&deep, 'x');
                clew_buffer_append_cstr(&deep, "\",\"attributes\":[{\"key\":\"k\",\"value\":{");
                for (unsigned i = 0; i < levels; i++)
                        clew_buffer_append_cstr(&deep, way & 2 ? "\"arrayValue\":{\"values\":[{"
                                                               : "\"kvlistValue\":{\"values\":[{"
                                                                 "\"value\":{");
                for (unsigned i = 0; i < levels; i++)
                        clew_buffer_append_cstr(&deep, way & 2 ? "}]}" : "}}]}");
                clew_buffer_append_cstr(&deep, "}}]");
                clew_buffer_append_byte(&deep, 0);
                check_dropped((char *)deep.data, "nested deeper");
        }
}

static void what_is_no_span_costs_itself(void **state)
{
        CLEW_BUFFER pb = {0};
        CLEW_BUFFER json = {0};
        struct clew_error err = {0};

        (void)state;
        clew_buffer_init(&pb, BYTES_MAX);
        clew_buffer_init(&json, BYTES_MAX);
        assert_int_equal(
                clew_otlp_from_json(
                        CLEW_SLICE_LITERAL("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[17,"
                                           "{\"name\":\"a\"},\"x\",null,[[1],{}],"
                                           "{\"name\":\"b\"}]}]}]}"),
                        CLEW_OTLP_TRACES, &pb, &err),
                0);
        assert_non_null(strstr(err.message, "ScopeSpans.spans"));
        assert_int_equal(clew_otlp_to_json(clew_buffer_slice(&pb), CLEW_OTLP_TRACES, &json), 0);
        clew_buffer_append_byte(&json, 0);
        assert_string_equal(
                (char *)json.data,
                "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{},{\"name\":\"a\"},{},"
                "{},{\"name\":\"b\"}]}]}]}");
}

static void bounds_depth(void **state)
{
        CLEW_BUFFER json = {0};
        CLEW_BUFFER pb = {0};
        struct clew_error err = {0};

        (void)state;
        clew_buffer_init(&json, BYTES_MAX);
        clew_buffer_init(&pb, BYTES_MAX);
        for (unsigned depth = CLEW_OTLP_DEPTH_MAX - 1; depth < 100000; depth += 33333) {
                clew_buffer_clear(&json);
                clew_buffer_clear(&pb);
                clew_buffer_append_cstr(&json,
                                        SPAN_HEAD "\"attributes\":[{\"key\":\"k\",\"value\":{");
                for (unsigned i = 0; i < depth; i++)
                        clew_buffer_append_cstr(
                                &json, "\"kvlistValue\":{\"values\":[{\"key\":\"k\",\"value\":{");
                for (unsigned i = 0; i < depth; i++)
                        clew_buffer_append_cstr(&json, "}}]}");
                clew_buffer_append_cstr(&json, "}}]" SPAN_TAIL);
                assert_int_equal(
                        clew_otlp_from_json(clew_buffer_slice(&json), CLEW_OTLP_TRACES, &pb, &err),
                        depth < CLEW_OTLP_DEPTH_MAX ? 0 : -E2BIG);
        }
}

/* Cut anywhere: refused, nothing written, nothing read behind the end. */
static void refuses_every_prefix(void **state)
{
        (void)state;
        for (size_t n = 0; n < sizeof(all_of_traces) - 1; n++) {
                CLEW_BUFFER pb = {0};
                char *exact = malloc(n + 1);

                assert_non_null(exact);
                memcpy(exact, all_of_traces, n);
                clew_buffer_init(&pb, BYTES_MAX);
                assert_int_equal(
                        clew_otlp_from_json(clew_slice_make(exact, n), CLEW_OTLP_TRACES, &pb, NULL),
                        -EBADMSG);
                assert_int_equal(pb.len, 0);
                free(exact);
        }
}

/* Lengths around the steps of the varint, in messages within messages. */
static void finds_every_length(void **state)
{
        static const size_t around[] = {0, 100, 16384, 2097152};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(around); i++) {
                size_t low = around[i] < 60 ? 0 : around[i] - 60;

                for (size_t n = low; n<around[i] + 40; n += i> 2 ? 7 : 1) {
                        CLEW_BUFFER json = {0};
                        CLEW_BUFFER pb = {0};
                        CLEW_BUFFER back = {0};

                        clew_buffer_init(&json, BYTES_MAX);
                        clew_buffer_init(&pb, BYTES_MAX);
                        clew_buffer_init(&back, BYTES_MAX);
                        clew_buffer_append_cstr(&json, SPAN_HEAD "\"attributes\":[{\"key\":\"k\","
                                                                 "\"value\":{\"stringValue\":\"");
                        for (size_t j = 0; j < n; j++)
                                clew_buffer_append_byte(&json, 'x');
                        clew_buffer_append_cstr(&json, "\"}},{\"key\":\"l\",\"value\":{"
                                                       "\"boolValue\":true}}]" SPAN_TAIL);
                        to_pb(clew_buffer_slice(&json), CLEW_OTLP_TRACES, &pb);
                        assert_int_equal(
                                clew_otlp_to_json(clew_buffer_slice(&pb), CLEW_OTLP_TRACES, &back),
                                0);
                        assert_true(
                                clew_slice_eq(clew_buffer_slice(&json), clew_buffer_slice(&back)));
                }
        }
}

/* ---- random messages ------------------------------------------------------------------------ */

/* Encoded messages of each kind, made from smaller ones made before: nesting without recursion. */
#define KINDS_MAX 24
#define POOL_MAX 12

struct pool {
        const struct clew_otlp_message *kind;
        struct clew_buffer items[POOL_MAX];
        size_t n;
};

struct world {
        struct pool pools[KINDS_MAX];
        size_t n;
        uint64_t seed;
        bool odd; /* duplicates, wrong wire types, invalid UTF-8 too */
};

static struct pool *pool_of(struct world *w, const struct clew_otlp_message *kind)
{
        for (size_t i = 0; i < w->n; i++) {
                if (w->pools[i].kind == kind)
                        return &w->pools[i];
        }
        assert_true(w->n < KINDS_MAX);
        w->pools[w->n].kind = kind;
        return &w->pools[w->n++];
}

static void append_random_bytes(struct world *w, struct clew_buffer *out, bool text)
{
        static const char *const pieces[] = {"a",   "\n", "\xc3\xa9",     "\xf0\x9f\x98\x80",
                                             "\"",  "\\", "\xe2\x80\xa9", "0123456789",
                                             "\x7f"};
        CLEW_BUFFER s = {0};
        uint64_t n = next_random(&w->seed) % 8;

        if (next_random(&w->seed) % 16 == 0)
                n *= 30;
        clew_buffer_init(&s, BYTES_MAX);
        for (uint64_t i = 0; i <= n; i++) {
                if (!text || (w->odd && next_random(&w->seed) % 50 == 0))
                        clew_buffer_append_byte(&s, (uint8_t)next_random(&w->seed));
                else
                        clew_buffer_append_cstr(
                                &s, pieces[next_random(&w->seed) % CLEW_ARRAY_LEN(pieces)]);
        }
        clew_buffer_append_varint(out, s.len);
        clew_buffer_append_slice(out, clew_buffer_slice(&s));
}

static void append_random_field(struct world *w, const struct clew_otlp_field *f, uint32_t number,
                                struct clew_buffer *out)
{
        uint64_t v = next_random(&w->seed) >> next_random(&w->seed) % 64 | 1;
        uint8_t id[16];

        clew_buffer_append_varint(out, number << 3 | clew_otlp_wire_type(f->type));
        switch ((enum clew_otlp_type)f->type) {
        case CLEW_OTLP_MESSAGE: {
                struct pool *p = pool_of(w, f->message);
                struct clew_slice s = CLEW_SLICE_NULL;

                if (p->n)
                        s = clew_buffer_slice(&p->items[next_random(&w->seed) % p->n]);
                clew_buffer_append_varint(out, s.len);
                clew_buffer_append_slice(out, s);
                break;
        }
        case CLEW_OTLP_STRING:
        case CLEW_OTLP_BYTES:
                append_random_bytes(w, out, f->type == CLEW_OTLP_STRING);
                break;
        case CLEW_OTLP_TRACE_ID:
        case CLEW_OTLP_SPAN_ID:
                for (size_t i = 0; i < sizeof(id); i++)
                        id[i] = (uint8_t)next_random(&w->seed);
                v = f->type == CLEW_OTLP_TRACE_ID ? 16 : 8;
                if (w->odd && next_random(&w->seed) % 20 == 0)
                        v = next_random(&w->seed) % 16;
                clew_buffer_append_varint(out, v);
                clew_buffer_append(out, id, v);
                break;
        case CLEW_OTLP_BOOL:
                clew_buffer_append_varint(out, 1);
                break;
        case CLEW_OTLP_INT64:
                clew_buffer_append_varint(out, v);
                break;
        case CLEW_OTLP_UINT32:
                clew_buffer_append_varint(out, (uint32_t)v);
                break;
        case CLEW_OTLP_ENUM:
                clew_buffer_append_varint(out, v % 30 + 1);
                break;
        case CLEW_OTLP_FIXED32:
                clew_buffer_append_le32(out, (uint32_t)v);
                break;
        case CLEW_OTLP_DOUBLE:
                if ((v & UINT64_C(0x7ff0000000000000)) == UINT64_C(0x7ff0000000000000) && !w->odd)
                        v >>= 12;
                clew_buffer_append_le64(out, v);
                break;
        case CLEW_OTLP_FIXED64:
                clew_buffer_append_le64(out, v);
                break;
        }
}

static void append_unknown(struct world *w, struct clew_buffer *out)
{
        uint32_t number = 100 + (uint32_t)(next_random(&w->seed) % 1000);

        clew_buffer_append_varint(out, number << 3 | 2);
        append_random_bytes(w, out, false);
        clew_buffer_append_varint(out, number << 3);
        clew_buffer_append_varint(out, next_random(&w->seed));
}

static void make_message(struct world *w, const struct clew_otlp_message *m,
                         struct clew_buffer *out)
{
        uint32_t rounds = w->odd && next_random(&w->seed) % 4 == 0 ? 2 : 1;
        uint32_t only = 1 + (uint32_t)(next_random(&w->seed) % (m->n_fields - 1u));

        clew_buffer_clear(out);
        for (uint32_t round = 0; round < rounds; round++) {
                for (uint32_t number = 1; number < m->n_fields; number++) {
                        const struct clew_otlp_field *f = &m->fields[number];
                        uint64_t n = f->repeated ? next_random(&w->seed) % 4
                                                 : next_random(&w->seed) % 3 > 0;

                        if (m->is_any_value)
                                n = number == only;
                        for (uint64_t i = 0; f->name && i < n; i++)
                                append_random_field(w, f, number, out);
                }
        }
        if (next_random(&w->seed) % 5 == 0)
                append_unknown(w, out);
        assert_int_equal(clew_buffer_error(out), 0);
}

/* Notes all kinds of messages below @root, outermost first. */
static void list_kinds(struct world *w, const struct clew_otlp_message *root)
{
        pool_of(w, root);
        for (size_t i = 0; i < w->n; i++) {
                for (uint32_t number = 1; number < w->pools[i].kind->n_fields; number++) {
                        const struct clew_otlp_field *f = &w->pools[i].kind->fields[number];

                        if (f->name && f->message)
                                pool_of(w, f->message);
                }
        }
}

static void fill_pools(struct world *w)
{
        for (size_t i = 0; i < KINDS_MAX; i++) {
                for (size_t j = 0; j < POOL_MAX; j++)
                        clew_buffer_init(&w->pools[i].items[j], BYTES_MAX);
        }
        for (size_t j = 0; j < POOL_MAX; j++) {
                for (size_t i = w->n; i-- > 1;) {
                        struct pool *p = &w->pools[i];

                        make_message(w, p->kind, &p->items[j]);
                        if (p->items[j].len > 20000) /* keep the whole small */
                                clew_buffer_clear(&p->items[j]);
                        p->n = j + 1;
                }
        }
}

/* Encoded, written, read: the same bytes if the encoding was regular; otherwise the same from the
 * first reading on, and the JSON stays the same. */
static void check_random(struct world *w, enum clew_otlp_signal signal)
{
        CLEW_BUFFER pb = {0};
        CLEW_BUFFER json = {0};
        CLEW_BUFFER pb2 = {0};
        CLEW_BUFFER json2 = {0};
        CLEW_BUFFER pb3 = {0};

        clew_buffer_init(&pb, BYTES_MAX);
        clew_buffer_init(&json, BYTES_MAX);
        clew_buffer_init(&pb2, BYTES_MAX);
        clew_buffer_init(&json2, BYTES_MAX);
        clew_buffer_init(&pb3, BYTES_MAX);
        make_message(w, w->pools[0].kind, &pb);
        assert_int_equal(clew_otlp_to_json(clew_buffer_slice(&pb), signal, &json), 0);
        to_pb(clew_buffer_slice(&json), signal, &pb2);
        assert_int_equal(clew_otlp_to_json(clew_buffer_slice(&pb2), signal, &json2), 0);
        to_pb(clew_buffer_slice(&json2), signal, &pb3);
        if (!w->odd)
                assert_true(clew_slice_eq(clew_buffer_slice(&pb), clew_buffer_slice(&pb2)));
        assert_true(clew_slice_eq(clew_buffer_slice(&pb2), clew_buffer_slice(&pb3)));
}

static void random_messages_round_trip(void **state)
{
        uint64_t seed = seed_of_run();

        (void)state;
        for (int round = 0; round < 400; round++) {
                enum clew_otlp_signal signal = round % 4 == 0 ? CLEW_OTLP_LOGS : CLEW_OTLP_TRACES;
                struct world *w = calloc(1, sizeof(*w));

                assert_non_null(w);
                w->seed = next_random(&seed);
                w->odd = round % 2;
                list_kinds(w, clew_otlp_json_root(signal));
                fill_pools(w);
                for (int i = 0; i < 10; i++)
                        check_random(w, signal);
                for (size_t i = 0; i < KINDS_MAX; i++) {
                        for (size_t j = 0; j < POOL_MAX; j++)
                                clew_buffer_deinit(&w->pools[i].items[j]);
                }
                free(w);
        }
}

/* The one form that protobuf-c gives to all encodings of the same message. */
static void canonical(struct clew_slice pb, enum clew_otlp_signal signal, struct clew_buffer *out)
{
        ProtobufCMessage *message;
        uint8_t *room;
        size_t n;

        if (signal == CLEW_OTLP_TRACES)
                message = (ProtobufCMessage *)opentelemetry__proto__trace__v1__traces_data__unpack(
                        NULL, pb.len, pb.data);
        else
                message = (ProtobufCMessage *)opentelemetry__proto__logs__v1__logs_data__unpack(
                        NULL, pb.len, pb.data);
        assert_non_null(message);
        n = protobuf_c_message_get_packed_size(message);
        room = clew_buffer_reserve(out, n + 1);
        assert_non_null(room);
        clew_buffer_commit(out, protobuf_c_message_pack(message, room));
        protobuf_c_message_free_unpacked(message, NULL);
}

/* Fields in any order, unknown fields, deep values: the judge is protobuf-c. */
static void requests_mean_the_same(void **state)
{
        struct random_source random = random_from_environment("otlp-json");

        (void)state;
        for (int round = 0; round < 1500; round++) {
                enum clew_otlp_signal signal = round % 3 ? CLEW_OTLP_TRACES : CLEW_OTLP_LOGS;
                CLEW_BUFFER pb = {0};
                CLEW_BUFFER json = {0};
                CLEW_BUFFER back = {0};
                CLEW_BUFFER before = {0};
                CLEW_BUFFER after = {0};

                clew_buffer_init(&pb, BYTES_MAX);
                clew_buffer_init(&json, BYTES_MAX);
                clew_buffer_init(&back, BYTES_MAX);
                clew_buffer_init(&before, BYTES_MAX);
                clew_buffer_init(&after, BYTES_MAX);
                random_request(&random, signal, 20, &pb);
                assert_int_equal(clew_otlp_to_json(clew_buffer_slice(&pb), signal, &json), 0);
                to_pb(clew_buffer_slice(&json), signal, &back);
                canonical(clew_buffer_slice(&pb), signal, &before);
                canonical(clew_buffer_slice(&back), signal, &after);
                assert_true(clew_slice_eq(clew_buffer_slice(&before), clew_buffer_slice(&after)));
        }
}

/* Whichever allocation fails: -ENOMEM, and the output as it was. */
static void survives_failing_allocations(void **state)
{
        CLEW_BUFFER json = {0};
        int ret = -1;

        (void)state;
        clew_buffer_init(&json, BYTES_MAX);
        clew_buffer_append(&json, all_of_traces,
                           sizeof(all_of_traces) - 2); /* without the last } */
        clew_buffer_append_cstr(&json, ",\"unknownFields\":\"ogYBeA==\"}");
        for (uint64_t k = 1; ret != 0; k++) {
                CLEW_BUFFER pb = {0};
                CLEW_BUFFER back = {0};

                assert_true(k < 1000);
                clew_buffer_init(&pb, BYTES_MAX);
                clew_buffer_init(&back, BYTES_MAX);
                clew_mem_fail_at(k, 0);
                ret = clew_otlp_from_json(clew_buffer_slice(&json), CLEW_OTLP_TRACES, &pb, NULL);
                if (ret == 0)
                        ret = clew_otlp_to_json(clew_buffer_slice(&pb), CLEW_OTLP_TRACES, &back);
                clew_mem_fail_at(0, 0);
                assert_true(ret == 0 || ret == -ENOMEM);
                assert_int_equal(back.len, ret == 0 ? json.len : 0);
        }
}

/* What JSON cannot say exactly comes back exactly. */
static void keeps_what_json_cannot_say(void **state)
{
        static const char name[] = "\x2a\x02\xff\xfe"; /* Span.name, not UTF-8 */
        static const char nan[] = "\x4a\x0e\x0a\x01k\x12\x09\x21\x01\x00\x00\x00\x00\x00\xf8\x7f";
        static const char text[] = "\x4a\x08\x0a\x01k\x12\x03\x0a\x01\xff";
        static const struct clew_slice spans[] = {
                {(const uint8_t *)name, sizeof(name) - 1},
                {(const uint8_t *)nan, sizeof(nan) - 1},
                {(const uint8_t *)text, sizeof(text) - 1},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(spans); i++) {
                CLEW_BUFFER pb = {0};
                CLEW_BUFFER json = {0};
                CLEW_BUFFER back = {0};
                uint8_t n = (uint8_t)spans[i].len;
                uint8_t head[] = {0x0a, (uint8_t)(n + 4), 0x12, (uint8_t)(n + 2), 0x12, n};

                clew_buffer_init(&pb, BYTES_MAX);
                clew_buffer_init(&json, BYTES_MAX);
                clew_buffer_init(&back, BYTES_MAX);
                clew_buffer_append(&pb, head, sizeof(head));
                clew_buffer_append_slice(&pb, spans[i]);
                assert_int_equal(clew_otlp_to_json(clew_buffer_slice(&pb), CLEW_OTLP_TRACES, &json),
                                 0);
                to_pb(clew_buffer_slice(&json), CLEW_OTLP_TRACES, &back);
                /* The exact bytes are the last, so they are what a protobuf reader sees. */
                assert_true(back.len >= n);
                assert_memory_equal(back.data + back.len - 2, pb.data + pb.len - 2, 2);
                if (i > 0) /* an AnyValue member is replaced: not a byte more */
                        assert_true(
                                clew_slice_eq(clew_buffer_slice(&pb), clew_buffer_slice(&back)));
        }
}

static void stops_at_bad_protobuf(void **state)
{
        static const char *const bad[] = {"\x0a\x05", "\x0a\x02\x12\x05", "\x0a",
                                          "\x00\x01", "\x0a\x01\x07",     "\x0f"};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(bad); i++) {
                CLEW_BUFFER json = {0};

                clew_buffer_init(&json, BYTES_MAX);
                assert_int_equal(
                        clew_otlp_to_json(clew_slice_make(bad[i], i == 3 ? 2 : strlen(bad[i])),
                                          CLEW_OTLP_TRACES, &json),
                        -EBADMSG);
                assert_int_equal(json.len, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(keeps_every_field),
                cmocka_unit_test(reads_what_exporters_send),
                cmocka_unit_test(passes_over_a_byte_order_mark),
                cmocka_unit_test(refuses_what_is_wrong),
                cmocka_unit_test(unreadable_spans_cost_themselves),
                cmocka_unit_test(what_is_no_span_costs_itself),
                cmocka_unit_test(bounds_depth),
                cmocka_unit_test(refuses_every_prefix),
                cmocka_unit_test(finds_every_length),
                cmocka_unit_test(random_messages_round_trip),
                cmocka_unit_test(requests_mean_the_same),
                cmocka_unit_test(survives_failing_allocations),
                cmocka_unit_test(keeps_what_json_cannot_say),
                cmocka_unit_test(stops_at_bad_protobuf),
        };

        return cmocka_run_group_tests_name("otlp-json", tests, NULL, NULL);
}
