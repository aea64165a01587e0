/*
 * Searching raw spans: every place an attribute can stand in, every type of value, and the logic of
 * several conditions.
 */
#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/otlp/json.h"
#include "query/find/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char traces_json[] =
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"team\",\""
        "value\":{\"stringValue\":\"red\"}}]},\"scopeSpans\":[{\"scope\":{\"nam"
        "e\":\"s\",\"attributes\":[{\"key\":\"build\",\"value\":{\"stringValue\":\""
        "7\"}}]},\"spans\":[{\"traceId\":\"0102030405060708090a0b0c0d0e0f10"
        "\",\"spanId\":\"0102030405060708\",\"name\":\"step\",\"attributes\":[{\""
        "key\":\"text\",\"value\":{\"stringValue\":\"gpt-4o\"}},{\"key\":\"empty\""
        ",\"value\":{\"stringValue\":\"\"}},{\"key\":\"flag\",\"value\":{\"boolVal"
        "ue\":true}},{\"key\":\"n\",\"value\":{\"intValue\":\"-42\"}},{\"key\":\"x\""
        ",\"value\":{\"doubleValue\":0.1}},{\"key\":\"tags\",\"value\":{\"arrayV"
        "alue\":{\"values\":[{\"stringValue\":\"a\"},{\"intValue\":\"2\"}]}}}],\""
        "events\":[{\"name\":\"e\",\"attributes\":[{\"key\":\"in.event\",\"value\""
        ":{\"stringValue\":\"yes\"}}]}],\"links\":[{\"traceId\":\"020203040506"
        "0708090a0b0c0d0e0f10\",\"spanId\":\"0202030405060708\",\"attribute"
        "s\":[{\"key\":\"in.link\",\"value\":{\"stringValue\":\"yes\"}}]}]},{\"tr"
        "aceId\":\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":\"01020304"
        "05060709\",\"name\":\"other\",\"attributes\":[{\"key\":\"text\",\"value\""
        ":{\"stringValue\":\"second value\"}}]}]}]}]}";

static const char logs_json[] =
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"traceId\":\"01"
        "02030405060708090a0b0c0d0e0f10\",\"body\":{\"stringValue\":\"log b"
        "ody\"},\"attributes\":[{\"key\":\"in.log\",\"value\":{\"stringValue\":\""
        "yes\"}}]}]}]}]}";

struct data {
        struct clew_buffer traces;
        struct clew_buffer logs;
};

static int setup(void **state)
{
        static struct data d;
        struct clew_error err = {0};

        clew_buffer_init(&d.traces, 1 << 20);
        clew_buffer_init(&d.logs, 1 << 20);
        *state = &d;
        return clew_otlp_from_json(clew_slice_of_cstr(traces_json), CLEW_OTLP_TRACES, &d.traces,
                                   &err) |
               clew_otlp_from_json(clew_slice_of_cstr(logs_json), CLEW_OTLP_LOGS, &d.logs, &err);
}

static int teardown(void **state)
{
        struct data *d = *state;

        clew_buffer_deinit(&d->traces);
        clew_buffer_deinit(&d->logs);
        return 0;
}

/* @conditions: attributes, then a NULL, then texts, then a NULL. */
static bool matches(const struct data *d, const char *const *conditions)
{
        struct clew_scan scan = {0};

        for (; *conditions; conditions++)
                assert_true(clew_scan_add_attribute(&scan, *conditions));
        for (conditions++; *conditions; conditions++)
                assert_true(clew_scan_add_text(&scan, *conditions));
        return clew_scan_matches(&scan, clew_buffer_slice(&d->traces), clew_buffer_slice(&d->logs),
                                 NULL);
}

#define ATTRIBUTES(...) ((const char *const[]){__VA_ARGS__, NULL, NULL})
#define TEXTS(...) ((const char *const[]){NULL, __VA_ARGS__, NULL})

static void test_places(void **state)
{
        static const char *const found[] = {"team=red", "build=7",    "text=gpt-4o", "in.event=yes",
                                            "in.link",  "in.log=yes", "empty",       "empty="};
        static const char *const missing[] = {"team=blue", "tea", "teams", "in.event=no", "step"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(found); i++)
                assert_true(matches(*state, ATTRIBUTES(found[i])));
        for (size_t i = 0; i < CLEW_ARRAY_LEN(missing); i++)
                assert_false(matches(*state, ATTRIBUTES(missing[i])));
}

static void test_values(void **state)
{
        static const char *const found[] = {"flag=true", "n=-42", "x=0.1",     "tags=a",
                                            "tags=2",    "n=-4*", "text=gpt*", "text=*"};
        static const char *const missing[] = {"flag=false", "n=42",    "x=0.10001", "tags=b",
                                              "text=gpt",   "text=G*", "empty=x"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(found); i++)
                assert_true(matches(*state, ATTRIBUTES(found[i])));
        for (size_t i = 0; i < CLEW_ARRAY_LEN(missing); i++)
                assert_false(matches(*state, ATTRIBUTES(missing[i])));
}

/* Different keys: all of them, on any span. One key again: any of its values. */
static void test_logic(void **state)
{
        assert_true(matches(*state, ATTRIBUTES("team=red", "in.log=yes", "text=second value")));
        assert_false(matches(*state, ATTRIBUTES("team=red", "in.log=no")));
        assert_true(matches(*state, ATTRIBUTES("text=none", "text=gpt-4o")));
        assert_false(matches(*state, ATTRIBUTES("text=none", "text=nor this", "team=red")));
        assert_true(matches(*state, TEXTS("second val", "log body")));
        assert_false(matches(*state, TEXTS("second val", "Log body")));
        assert_true(matches(*state, (const char *const[]){"team", NULL, "gpt-4o", NULL}));
        assert_false(matches(*state, (const char *const[]){"nope", NULL, "gpt-4o", NULL}));
}

static void test_keys_met(void **state)
{
        const struct data *d = *state;
        struct clew_scan scan = {0};
        struct clew_scan_met met = {0};

        assert_true(clew_scan_add_attribute(&scan, "text=none"));
        assert_true(clew_scan_add_attribute(&scan, "nope=1"));
        assert_true(clew_scan_add_attribute(&scan, "in.log"));
        assert_false(clew_scan_matches(&scan, clew_buffer_slice(&d->traces),
                                       clew_buffer_slice(&d->logs), &met));
        assert_int_equal(met.keys, 5);
        assert_string_equal(met.near[1], "");
}

/* One edit away, or two letters changed over; nothing else. */
static void test_near_keys(void **state)
{
        static const struct {
                const char *asked;
                const char *near;
        } cases[] = {
                {"in.evnt", "in.event"},  {"in.eventt", "in.event"},
                {"in.evant", "in.event"}, {"in.evetn", "in.event"},
                {"in.evnet", "in.event"}, {"in.evtnet", ""},
                {"in.log.", "in.log"},    {"text", ""},
                {"xxxxxxx", ""},
        };
        const struct data *d = *state;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct clew_scan scan = {0};
                struct clew_scan_met met = {0};

                assert_true(clew_scan_add_attribute(&scan, cases[i].asked));
                (void)clew_scan_matches(&scan, clew_buffer_slice(&d->traces),
                                        clew_buffer_slice(&d->logs), &met);
                assert_string_equal((met.keys & 1) != 0 ? "" : met.near[0], cases[i].near);
        }
}

static void test_bounds(void **state)
{
        struct clew_scan scan = {0};

        (void)state;
        assert_false(clew_scan_add_attribute(&scan, ""));
        assert_false(clew_scan_add_attribute(&scan, "=x"));
        assert_false(clew_scan_add_text(&scan, ""));
        for (unsigned i = 0; i < CLEW_SCAN_CONDITIONS_MAX; i++)
                assert_true(clew_scan_add_attribute(&scan, "k"));
        assert_false(clew_scan_add_attribute(&scan, "k"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_places),    cmocka_unit_test(test_values),
                cmocka_unit_test(test_logic),     cmocka_unit_test(test_keys_met),
                cmocka_unit_test(test_near_keys), cmocka_unit_test(test_bounds),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
