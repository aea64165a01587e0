/*
 * Price files and the cost that they give; provenance of fields; offered tools; verdict labels.
 */
#include "proto/base/buffer.h"
#include "proto/otlp/json.h"
#include "query/model/ledger.h"
#include "query/model/message.h"
#include "query/model/score.h"
#include "query/model/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#define ARENA_MAX ((size_t)64 << 20)

static const char run[] =
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"
        "\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":\"1112131415161718\",\"name\":\"chat\","
        "\"startTimeUnixNano\":\"1\",\"endTimeUnixNano\":\"2\",\"attributes\":["
        "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}},"
        "{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"example-large-2\"}},"
        "{\"key\":\"ai.model.id\",\"value\":{\"stringValue\":\"loses\"}},"
        "{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"1000000\"}},"
        "{\"key\":\"gen_ai.usage.output_tokens\",\"value\":{\"intValue\":\"100000\"}},"
        "{\"key\":\"gen_ai.usage.cache_read.input_tokens\",\"value\":{\"intValue\":\"400000\"}},"
        "{\"key\":\"gen_ai.tool.definitions\",\"value\":{\"stringValue\":"
        "\"[{\\\"type\\\":\\\"function\\\",\\\"function\\\":{\\\"name\\\":\\\"look\\\","
        "\\\"parameters\\\":{\\\"type\\\":\\\"object\\\"}}},\\\"bare\\\"]\"}}]}]}]}]}";

static struct clew_trace *build(struct clew_buffer *bytes, struct clew_arena *arena)
{
        struct clew_trace *trace = NULL;

        assert_int_equal(
                clew_otlp_from_json(clew_slice_of_cstr(run), CLEW_OTLP_TRACES, bytes, NULL), 0);
        assert_int_equal(
                clew_trace_build(clew_buffer_slice(bytes), CLEW_SLICE_NULL, NULL, arena, &trace),
                0);
        return trace;
}

static double cost_with(const char *prices_text)
{
        CLEW_BUFFER bytes = {.max_bytes = 65536};
        struct clew_prices *prices = NULL;
        struct clew_ledger ledger;
        struct clew_trace *trace;
        CLEW_ARENA arena = {0};

        clew_arena_init(&arena, ARENA_MAX);
        trace = build(&bytes, &arena);
        assert_int_equal(clew_prices_parse(clew_slice_of_cstr(prices_text), &arena, &prices, NULL),
                         0);
        assert_int_equal(clew_ledger_build(trace, prices, &arena, &ledger), 0);
        assert_int_equal(ledger.n, 1);
        return ledger.has_cost ? ledger.cost_usd : -1;
}

static void test_prices(void **state)
{
        (void)state;
        /* 600,000 fresh at 3, 400,000 cached at 0.5, 100,000 out at 10 */
        assert_float_equal(cost_with("# a comment\n\nexample-large-2 3 10 0.5\n"), 3.0, 1e-9);
        /* cached input costs what input costs unless given */
        assert_float_equal(cost_with("example-large-2 3 10"), 4.0, 1e-9);
        /* the exact name, then the longest prefix */
        assert_float_equal(cost_with("example-* 1 1\nexample-large-* 2 1\n"), 2.1, 1e-9);
        assert_float_equal(cost_with("example-large-* 2 1\nexample-large-2 0 0\n"), 0.0, 1e-9);
        assert_float_equal(cost_with("other 1 1\n"), -1.0, 1e-9);
}

static void test_bad_prices_name_the_line(void **state)
{
        static const char *const bad[] = {"ok 1 2\nm 1\n", "ok 1 2\nm 1 x\n", "ok 1 2\nm 1 -2\n",
                                          "ok 1 2\nm 1 2 3 4 5\n"};

        (void)state;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct clew_prices *prices = NULL;
                struct clew_error err = {0};
                CLEW_ARENA arena = {0};

                clew_arena_init(&arena, ARENA_MAX);
                assert_int_equal(
                        clew_prices_parse(clew_slice_of_cstr(bad[i]), &arena, &prices, &err),
                        -EBADMSG);
                assert_int_equal(err.offset, 2);
        }
}

static void test_provenance_names_the_winning_key(void **state)
{
        CLEW_BUFFER bytes = {.max_bytes = 65536};
        const struct clew_step *step;
        CLEW_ARENA arena = {0};
        bool model = false;
        bool kind = false;

        (void)state;
        clew_arena_init(&arena, ARENA_MAX);
        step = &build(&bytes, &arena)->steps[0];
        assert_true(clew_slice_eq_cstr(step->model, "example-large-2"));
        for (uint32_t i = 0; i < step->n_provenance; i++) {
                const struct clew_provenance *p = &step->provenance[i];

                if (p->field == CLEW_FIELD_REQUEST_MODEL)
                        model = clew_slice_eq_cstr(p->key, "gen_ai.request.model");
                if (p->field == CLEW_FIELD_KIND)
                        kind = clew_slice_eq_cstr(p->key, "gen_ai.operation.name");
        }
        assert_true(model && kind);
}

static void test_offered_tools(void **state)
{
        CLEW_BUFFER bytes = {.max_bytes = 65536};
        const struct clew_tool_definition *tools;
        struct clew_trace *trace;
        CLEW_ARENA arena = {0};
        uint32_t n;

        (void)state;
        clew_arena_init(&arena, ARENA_MAX);
        trace = build(&bytes, &arena);
        assert_int_equal(clew_step_tool_definitions(trace, &trace->steps[0], &arena, &tools, &n),
                         0);
        assert_int_equal(n, 2);
        assert_true(clew_slice_eq_cstr(tools[0].name, "look"));
        assert_true(clew_slice_eq_cstr(tools[0].schema, "{\"type\":\"object\"}"));
        assert_true(clew_slice_eq_cstr(tools[1].name, "bare"));
}

static void test_verdicts(void **state)
{
        (void)state;
        assert_int_equal(clew_verdict_of_label(CLEW_SLICE_LITERAL("Pass")), CLEW_VERDICT_PASS);
        assert_int_equal(clew_verdict_of_label(CLEW_SLICE_LITERAL("FAILED")), CLEW_VERDICT_FAIL);
        assert_int_equal(clew_verdict_of_label(CLEW_SLICE_LITERAL("passable")), CLEW_VERDICT_NONE);
        assert_int_equal(clew_verdict_of_label(CLEW_SLICE_NULL), CLEW_VERDICT_NONE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_prices),
                cmocka_unit_test(test_bad_prices_name_the_line),
                cmocka_unit_test(test_provenance_names_the_winning_key),
                cmocka_unit_test(test_offered_tools),
                cmocka_unit_test(test_verdicts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
