/*
 * Small runs that say how they ended and what they cost: what is booked once, which failures count,
 * what heals them, and verdicts.
 */
#include "proto/base/buffer.h"
#include "proto/otlp/json.h"
#include "query/model/ledger.h"
#include "query/model/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ARENA_MAX ((size_t)64 << 20)
#define OPERATION(name) TEXT("gen_ai.operation.name", name)
#define TEXT(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define USAGE(in, out)                                                                             \
        "{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":" #in "}},"                \
        "{\"key\":\"gen_ai.usage.output_tokens\",\"value\":{\"intValue\":" #out "}}"
#define ANSWER                                                                                     \
        TEXT("gen_ai.output.messages", "[{\\\"role\\\":\\\"assistant\\\",\\\"parts\\\":["          \
                                       "{\\\"type\\\":\\\"text\\\",\\\"content\\\":\\\"done\\\"}"  \
                                       "]}]")
#define VERDICT(label)                                                                             \
        "{\"timeUnixNano\":\"5\",\"name\":\"gen_ai.evaluation.result\",\"attributes\":[" TEXT(     \
                "gen_ai.evaluation.name", "right") "," TEXT("gen_ai.evaluation.score.label",       \
                                                            label) "]}"

struct line {
        unsigned id;
        unsigned parent; /* 0 = none */
        unsigned start;
        unsigned end; /* in milliseconds */
        bool failed;
        const char *attributes;
        const char *events;
};

struct scene {
        struct clew_buffer json;
        struct clew_buffer bytes;
        struct clew_arena arena;
        struct clew_trace *trace;
};

static void scene_open(struct scene *s, const char *scope, const struct line *lines, size_t n)
{
        *s = (struct scene){.json = {.max_bytes = 65536}, .bytes = {.max_bytes = 65536}};
        clew_arena_init(&s->arena, ARENA_MAX);
        clew_buffer_printf(&s->json,
                           "{\"resourceSpans\":[{\"scopeSpans\":[{\"scope\":{\"name\":\"%s\"},"
                           "\"spans\":[",
                           scope);
        for (size_t i = 0; i < n; i++) {
                const struct line *l = &lines[i];

                clew_buffer_printf(&s->json,
                                   "%s{\"traceId\":\"0102030405060708090a0b0c0d0e0f10\","
                                   "\"spanId\":\"%016x\",",
                                   i ? "," : "", l->id);
                if (l->parent)
                        clew_buffer_printf(&s->json, "\"parentSpanId\":\"%016x\",", l->parent);
                clew_buffer_printf(&s->json,
                                   "\"name\":\"step\",\"startTimeUnixNano\":\"%u000000\","
                                   "\"endTimeUnixNano\":\"%u000000\",\"status\":{\"code\":%d},"
                                   "\"attributes\":[%s],\"events\":[%s]}",
                                   l->start, l->end, l->failed ? 2 : 0, l->attributes,
                                   l->events ? l->events : "");
        }
        clew_buffer_append_cstr(&s->json, "]}]}]}");
        assert_int_equal(
                clew_otlp_from_json(clew_buffer_slice(&s->json), CLEW_OTLP_TRACES, &s->bytes, NULL),
                0);
        assert_int_equal(clew_trace_build(clew_buffer_slice(&s->bytes), CLEW_SLICE_NULL, NULL,
                                          &s->arena, &s->trace),
                         0);
}

static void scene_close(struct scene *s)
{
        clew_arena_deinit(&s->arena);
        clew_buffer_deinit(&s->bytes);
        clew_buffer_deinit(&s->json);
}

static enum clew_outcome outcome_of(const struct line *lines, size_t n)
{
        enum clew_outcome outcome;
        struct scene s;

        scene_open(&s, "test", lines, n);
        outcome = s.trace->outcome;
        scene_close(&s);
        return outcome;
}

/* Two layers tell of one call, and only the outer one of its cost. */
static void test_a_call_in_layers_is_booked_once(void **state)
{
        static const struct line lines[] = {
                {1, 0, 10, 90, false, OPERATION("invoke_agent") "," USAGE(10, 5), NULL},
                {2, 1, 20, 80, false,
                 OPERATION("chat") "," USAGE(10, 5) "," TEXT("gen_ai.usage.cost", "0.5"), NULL},
                {3, 2, 30, 70, false, OPERATION("chat") "," USAGE(10, 5), NULL},
        };
        struct clew_ledger ledger;
        struct scene s;

        (void)state;
        scene_open(&s, "test", lines, 3);
        assert_int_equal(s.trace->tokens.in, 10);
        assert_int_equal(s.trace->tokens.out, 5);
        assert_true(s.trace->has_cost);
        assert_float_equal(s.trace->cost_usd, 0.5, 1e-9);
        assert_int_equal(clew_ledger_build(s.trace, NULL, &s.arena, &ledger), 0);
        assert_int_equal(ledger.n, 3);
        assert_int_equal(ledger.lines[0].booking, CLEW_NOT_BOOKED_ROLLUP);
        assert_int_equal(ledger.lines[0].below.in, 10);
        assert_int_equal(ledger.n_mismatches, 0);
        scene_close(&s);
}

/* The second answer of the loop reports the sum of both. */
static void test_running_totals_are_taken_apart(void **state)
{
        static const struct line lines[] = {
                {1, 0, 10, 90, false, TEXT("spring.ai.kind", "chat_client"), NULL},
                {2, 1, 20, 40, false,
                 OPERATION("chat") "," USAGE(10, 2) "," TEXT("gen_ai.system", "spring_ai") "," TEXT(
                         "gen_ai.response.finish_reasons", "[\\\"TOOL_CALLS\\\"]"),
                 NULL},
                {3, 1, 50, 80, false,
                 OPERATION("chat") "," USAGE(25, 6) "," TEXT("gen_ai.system", "spring_ai"), NULL},
        };
        struct scene s;

        (void)state;
        scene_open(&s, "org.springframework.ai", lines, 3);
        assert_int_equal(s.trace->tokens.in, 25);
        assert_int_equal(s.trace->tokens.out, 6);
        scene_close(&s);
}

/* Whatever a model says after it. */
static void test_a_topmost_agent_that_fails_fails_the_run(void **state)
{
        struct line lines[] = {
                {1, 0, 10, 90, false, OPERATION("invoke_workflow"), NULL},
                {2, 1, 20, 30, true, OPERATION("invoke_agent"), NULL},
                {3, 1, 40, 50, false, OPERATION("chat"), NULL},
        };

        (void)state;
        assert_int_equal(outcome_of(lines, 3), CLEW_OUTCOME_ERROR);
        lines[1].failed = false;
        assert_int_equal(outcome_of(lines, 3), CLEW_OUTCOME_OK);
}

static void test_what_fails_behind_a_tool_is_the_tools(void **state)
{
        struct line lines[] = {
                {1, 0, 10, 90, false, OPERATION("invoke_agent"), NULL},
                {2, 1, 20, 60, false, OPERATION("execute_tool"), NULL},
                {3, 2, 30, 40, true, OPERATION("chat"), NULL},
        };

        (void)state;
        assert_int_equal(outcome_of(lines, 3), CLEW_OUTCOME_OK);
        lines[2].parent = 1;
        assert_int_equal(outcome_of(lines, 3), CLEW_OUTCOME_ERROR);
        lines[0].attributes = OPERATION("invoke_agent") "," ANSWER; /* which heals it */
        assert_int_equal(outcome_of(lines, 3), CLEW_OUTCOME_OK);
}

static void test_one_verdict_that_fails_fails_the_run(void **state)
{
        struct line line = {1, 0, 1, 9, false, OPERATION("invoke_agent"), VERDICT("pass")};

        (void)state;
        assert_int_equal(outcome_of(&line, 1), CLEW_OUTCOME_PASSED);
        line.events = VERDICT("fail") "," VERDICT("pass");
        assert_int_equal(outcome_of(&line, 1), CLEW_OUTCOME_FAILED);
        line.events = VERDICT("maybe");
        assert_int_equal(outcome_of(&line, 1), CLEW_OUTCOME_OK);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_call_in_layers_is_booked_once),
                cmocka_unit_test(test_running_totals_are_taken_apart),
                cmocka_unit_test(test_a_topmost_agent_that_fails_fails_the_run),
                cmocka_unit_test(test_what_fails_behind_a_tool_is_the_tools),
                cmocka_unit_test(test_one_verdict_that_fails_fails_the_run),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
