/*
 * Small runs of spans and log records that say one thing each: what the user stopped, what is told
 * twice and counted once, which record is of which step, what stands inside a text.
 */
#include "proto/base/buffer.h"
#include "proto/otlp/json.h"
#include "query/model/message.h"
#include "query/model/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_MAX ((size_t)64 << 20)
#define TEXT(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define INT(key, value) "{\"key\":\"" key "\",\"value\":{\"intValue\":\"" #value "\"}}"
#define DOUBLE(key, value) "{\"key\":\"" key "\",\"value\":{\"doubleValue\":" #value "}}"
#define ID "\"traceId\":\"0102030405060708090a0b0c0d0e0f10\","
/* A span from @a to @b milliseconds; @more: status and other members, each with a comma before. */
#define SPAN(id, parent, name, a, b, attributes, more)                                             \
        "{" ID "\"spanId\":\"000000000000000" #id "\",\"parentSpanId\":\"" parent                  \
        "\",\"name\":\"" name "\",\"startTimeUnixNano\":\"" #a "000000\","                         \
        "\"endTimeUnixNano\":\"" #b "000000\",\"attributes\":[" attributes "]" more "}"
#define UNDER(id) "000000000000000" #id
#define FAILED(message) ",\"status\":{\"code\":2,\"message\":\"" message "\"}"
#define AGENT TEXT("gen_ai.operation.name", "invoke_agent") "," TEXT("gen_ai.agent.name", "a")
#define CALL TEXT("gen_ai.operation.name", "chat") "," TEXT("gen_ai.request.model", "m")
#define TOOL TEXT("gen_ai.operation.name", "execute_tool") "," TEXT("gen_ai.tool.name", "f")
#define USED(in, out)                                                                              \
        INT("gen_ai.usage.input_tokens", in) "," INT("gen_ai.usage.output_tokens", out)
#define CODE "com.anthropic.claude_code"
#define RECORD(ms, name, attributes)                                                               \
        "{" ID "\"timeUnixNano\":\"" #ms "000000\",\"body\":{\"stringValue\":\"claude_code." name  \
        "\"},\"attributes\":[" TEXT("session.id", "s") attributes "]}"
/* Of no trace. */
#define LOOSE(ms, name, attributes)                                                                \
        "{\"timeUnixNano\":\"" #ms "000000\",\"body\":{\"stringValue\":\"claude_code." name        \
        "\"},\"attributes\":[" TEXT("session.id", "s") attributes "]}"

struct scene {
        struct clew_buffer json;
        struct clew_buffer spans;
        struct clew_buffer logs;
        struct clew_arena arena;
        struct clew_trace *trace;
};

static void scene_open(struct scene *s, const char *scope, const char *spans, const char *records)
{
        *s = (struct scene){.json = {.max_bytes = 65536},
                            .spans = {.max_bytes = 65536},
                            .logs = {.max_bytes = 65536}};
        clew_arena_init(&s->arena, ARENA_MAX);
        if (spans) {
                clew_buffer_printf(
                        &s->json,
                        "{\"resourceSpans\":[{\"scopeSpans\":[{\"scope\":{\"name\":\"%s\"},"
                        "\"spans\":[%s]}]}]}",
                        scope, spans);
                assert_int_equal(clew_otlp_from_json(clew_buffer_slice(&s->json), CLEW_OTLP_TRACES,
                                                     &s->spans, NULL),
                                 0);
        }
        if (records) {
                clew_buffer_clear(&s->json);
                clew_buffer_printf(
                        &s->json,
                        "{\"resourceLogs\":[{\"scopeLogs\":[{\"scope\":{\"name\":\"%s\"},"
                        "\"logRecords\":[%s]}]}]}",
                        scope, records);
                assert_int_equal(clew_otlp_from_json(clew_buffer_slice(&s->json), CLEW_OTLP_LOGS,
                                                     &s->logs, NULL),
                                 0);
        }
        assert_int_equal(clew_trace_build(clew_buffer_slice(&s->spans), clew_buffer_slice(&s->logs),
                                          NULL, &s->arena, &s->trace),
                         0);
}

static void scene_close(struct scene *s)
{
        clew_arena_deinit(&s->arena);
        clew_buffer_deinit(&s->json);
        clew_buffer_deinit(&s->spans);
        clew_buffer_deinit(&s->logs);
}

static enum clew_outcome outcome_of(const char *scope, const char *spans, const char *records)
{
        struct scene s;
        enum clew_outcome outcome;

        scene_open(&s, scope, spans, records);
        outcome = s.trace->outcome;
        scene_close(&s);
        return outcome;
}

/* ---- what the user stopped ----------------------------------------------------------------------
 */

#define REFUSED_TOOL(message)                                                                      \
        SPAN(1, "", "a", 0, 90, AGENT, "")                                                         \
        "," SPAN(2, UNDER(1), "chat", 1, 9, CALL "," USED(5, 1),                                   \
                 "") "," SPAN(3, UNDER(1), "f", 20, 30, TOOL, FAILED(message))

static void test_a_refused_call_is_no_failure(void **state)
{
        struct scene s;

        (void)state;
        scene_open(&s, "x", REFUSED_TOOL("The user doesn't want to proceed"), NULL);
        assert_int_equal(s.trace->outcome, CLEW_OUTCOME_CANCELLED);
        assert_true(clew_step_is(&s.trace->steps[2], CLEW_STEP_REFUSED));
        assert_false(s.trace->steps[2].error.is_error);
        scene_close(&s);
        assert_int_equal(outcome_of("x", REFUSED_TOOL("rejected by the user"), NULL),
                         CLEW_OUTCOME_CANCELLED);
}

static void test_other_refusals_are_failures(void **state)
{
        struct scene s;

        (void)state;
        scene_open(&s, "x", REFUSED_TOOL("Access denied for user 'bob'"), NULL);
        assert_true(s.trace->steps[2].error.is_error);
        assert_int_not_equal(s.trace->outcome, CLEW_OUTCOME_CANCELLED);
        scene_close(&s);
}

static void test_a_model_that_was_asked_since_goes_on(void **state)
{
        (void)state;
        assert_int_equal(outcome_of("x",
                                    REFUSED_TOOL("rejected by user") "," SPAN(
                                            4, UNDER(1), "chat", 40, 50, CALL "," USED(5, 1), ""),
                                    NULL),
                         CLEW_OUTCOME_OK);
}

static void test_a_root_that_was_stopped(void **state)
{
        (void)state;
        assert_int_equal(outcome_of("x",
                                    SPAN(1, "", "a", 0, 90,
                                         AGENT "," TEXT("error.type", "cancelled"), FAILED("")),
                                    NULL),
                         CLEW_OUTCOME_CANCELLED);
        assert_int_equal(outcome_of("x",
                                    SPAN(1, "", "a", 0, 90, AGENT, FAILED("AbortError: stopped")),
                                    NULL),
                         CLEW_OUTCOME_CANCELLED);
        assert_int_equal(
                outcome_of("x", SPAN(1, "", "a", 0, 90, AGENT, FAILED("ValueError: x")), NULL),
                CLEW_OUTCOME_ERROR);
}

#define TURN                                                                                       \
        RECORD(10, "user_prompt", "," TEXT("prompt", "go"))                                        \
        "," RECORD(20, "api_request",                                                              \
                   "," TEXT("model", "m") "," INT("input_tokens", 5) "," INT("output_tokens", 1))

static void test_records_tell_who_decided(void **state)
{
        (void)state;
        assert_int_equal(
                outcome_of(CODE, NULL,
                           TURN
                           "," RECORD(30, "tool_decision",
                                      "," TEXT("decision", "reject") "," TEXT(
                                              "source",
                                              "user_reject") "," TEXT("tool_name",
                                                                      "f") "," TEXT("tool_use_id",
                                                                                    "t"))),
                CLEW_OUTCOME_CANCELLED);
        assert_int_equal(
                outcome_of(CODE, NULL,
                           TURN "," RECORD(
                                   30, "tool_decision",
                                   "," TEXT("decision", "reject") "," TEXT(
                                           "source", "config") "," TEXT("tool_name",
                                                                        "f") "," TEXT("tool_use_id",
                                                                                      "t"))),
                CLEW_OUTCOME_OPEN);
}

/* ---- counted once -------------------------------------------------------------------------------
 */

#define RESPONSE TEXT("gen_ai.response.id", "r")
#define FETCH TEXT("gen_ai.operation.name", "fetch_response") "," RESPONSE "," USED(20, 5)

static void test_a_background_response_counts_once(void **state)
{
        struct scene s;

        (void)state;
        scene_open(&s, "x",
                   SPAN(1, "", "a", 0, 90, AGENT, "") "," SPAN(
                           2, UNDER(1), "chat", 1, 2, CALL "," RESPONSE,
                           "") "," SPAN(3, UNDER(1), "get", 10, 11, FETCH,
                                        "") "," SPAN(4, UNDER(1), "get", 20, 21, FETCH, ""),
                   NULL);
        assert_int_equal(s.trace->tokens.in, 20);
        assert_int_equal(s.trace->tokens.out, 5);
        assert_int_equal(s.trace->n_llm, 1);
        scene_close(&s);
        scene_open(&s, "x",
                   SPAN(1, "", "a", 0, 90, AGENT,
                        "") "," SPAN(2, UNDER(1), "chat", 1, 2, CALL "," RESPONSE "," USED(20, 5),
                                     "") "," SPAN(3, UNDER(1), "get", 10, 11, FETCH, ""),
                   NULL);
        assert_int_equal(s.trace->tokens.in, 20);
        scene_close(&s);
}

static void test_a_roll_up_that_holds_a_sub_agents(void **state)
{
        struct scene s;

        (void)state;
        scene_open(&s, "x",
                   SPAN(1, "", "a", 0, 90, AGENT "," USED(600, 60),
                        "") "," SPAN(2, UNDER(1), "f", 10, 80, TOOL,
                                     "") "," SPAN(3, UNDER(2), "a", 20, 70, AGENT "," USED(300, 30),
                                                  "") "," SPAN(4, UNDER(3), "chat", 30, 40,
                                                               CALL "," USED(300, 30), ""),
                   NULL);
        assert_int_equal(s.trace->tokens.in, 600);
        assert_int_equal(s.trace->tokens.out, 60);
        assert_int_equal(s.trace->steps[0].tokens.in, 300);
        scene_close(&s);
        scene_open(&s, "x",
                   SPAN(1, "", "a", 0, 90, AGENT "," USED(200, 20), "") "," SPAN(
                           2, UNDER(1), "f", 10, 80, TOOL, "") "," SPAN(3, UNDER(2), "chat", 30, 40,
                                                                        CALL "," USED(300, 30), ""),
                   NULL);
        assert_int_equal(s.trace->tokens.in, 500);
        scene_close(&s);
}

static void test_a_cost_is_the_sum_of_its_parts(void **state)
{
        struct scene s;

        (void)state;
        scene_open(&s, "x",
                   SPAN(1, "", "chat", 0, 9,
                        CALL "," DOUBLE("llm.cost.prompt_details.input", 0.25) "," DOUBLE(
                                "llm.cost.prompt_details.cache_read",
                                0.5) "," DOUBLE("llm.cost.completion_details.output", 2),
                        ""),
                   NULL);
        assert_true(s.trace->has_cost);
        assert_true(s.trace->cost_usd > 2.74 && s.trace->cost_usd < 2.76);
        scene_close(&s);
}

/* ---- placeholders -------------------------------------------------------------------------------
 */

#define PLACEHOLDER(id, of, above, at)                                                             \
        SPAN(id, UNDER(of), "agent run", at, at,                                                   \
             TEXT("logfire.span_type", "pending_span") "," TEXT("logfire.pending_parent_id",       \
                                                                above),                            \
             "")

static void test_a_placeholder_is_the_span_until_it_comes(void **state)
{
        struct scene s;

        (void)state;
        scene_open(&s, "pydantic-ai", PLACEHOLDER(8, 1, "0000000000000000", 5), NULL);
        assert_int_equal(s.trace->n_steps, 1);
        assert_true(clew_step_is(&s.trace->steps[0], CLEW_STEP_OPEN));
        assert_int_equal(s.trace->steps[0].kind, CLEW_KIND_AGENT);
        scene_close(&s);
        scene_open(&s, "pydantic-ai",
                   PLACEHOLDER(8, 1, "0000000000000000", 5) "," SPAN(
                           1, "", "agent run", 5, 0, TEXT("agent_name", "real"), ""),
                   NULL);
        assert_int_equal(s.trace->n_steps, 1);
        assert_int_equal(s.trace->steps[0].agent_name.len, 4);
        scene_close(&s);
}

/* ---- which record is of which step --------------------------------------------------------------
 */

/* Cached input stands beside the record's counts, and in the span's; no id joins them. */
static void test_counts_join_a_record_and_a_span(void **state)
{
        struct scene s;

        (void)state;
        scene_open(&s, CODE,
                   SPAN(1, "", "a", 0, 90, AGENT, "") "," SPAN(
                           2, UNDER(1), "chat", 1, 20, CALL "," USED(150, 7),
                           "") "," SPAN(3, UNDER(1), "chat", 1, 20, CALL "," USED(100, 7), ""),
                   RECORD(20, "api_request",
                          "," TEXT("model", "m") "," INT("input_tokens", 100) "," INT(
                                  "output_tokens", 7) "," INT("cache_read_tokens", 50)));
        assert_int_equal(s.trace->n_llm, 2);
        assert_int_equal(s.trace->tokens.in, 250);
        assert_int_equal(s.trace->steps[1].n_logs + s.trace->steps[2].n_logs, 1);
        scene_close(&s);
        scene_open(&s, CODE,
                   SPAN(1, "", "a", 0, 90, AGENT, "") "," SPAN(2, UNDER(1), "chat", 1, 20,
                                                               CALL "," USED(150, 7), ""),
                   RECORD(20, "api_request",
                          "," TEXT("model", "m") "," INT("input_tokens", 100) "," INT(
                                  "output_tokens", 7) "," INT("cache_read_tokens", 50)));
        assert_int_equal(s.trace->n_llm, 1);
        assert_int_equal(s.trace->steps[1].n_logs, 1);
        assert_int_equal(s.trace->tokens.in, 150);
        scene_close(&s);
}

/* The id of the call joins, although the record, which makes no step, names another span. */
static void test_ids_join_before_the_span_of_a_record(void **state)
{
        struct scene s;

        (void)state;
        scene_open(&s, CODE,
                   SPAN(1, "", "a", 0, 90, AGENT,
                        "") "," SPAN(2, UNDER(1), "f", 10, 20, TOOL "," TEXT("tool_use_id", "t1"),
                                     "") "," SPAN(3, UNDER(1), "f", 30, 40,
                                                  TOOL "," TEXT("tool_use_id", "t2"), ""),
                   "{" ID "\"spanId\":\"0000000000000001\",\"timeUnixNano\":\"41000000\",\"body\":{"
                   "\"stringValue\":\"claude_code.hook_execution\"},\"attributes\":[" TEXT(
                           "tool_use_id", "t2") "," TEXT("tool_name", "f") "]}");
        assert_int_equal(s.trace->steps[2].n_logs, 1);
        assert_int_equal(s.trace->steps[0].n_logs, 0);
        scene_close(&s);
}

/* A decision and a result of one call are one step; of two that cross, ids tell. */
static void test_a_decision_and_a_result_are_one_step(void **state)
{
        struct scene s;

        (void)state;
        scene_open(
                &s, CODE, NULL,
                TURN
                "," RECORD(30, "tool_decision", "," TEXT("decision", "accept") "," TEXT("tool_name", "f") "," TEXT("tool_use_id", "t1")) "," RECORD(
                        31, "tool_decision",
                        "," TEXT("decision", "accept") "," TEXT("tool_name", "f") "," TEXT(
                                "tool_use_id",
                                "t2")) "," RECORD(40, "tool_result",
                                                  "," TEXT("success", "false") "," TEXT("tool_name", "f") "," TEXT(
                                                          "tool_use_id",
                                                          "t2")) "," RECORD(50, "tool_result",
                                                                            "," TEXT(
                                                                                    "success",
                                                                                    "tr"
                                                                                    "u"
                                                                                    "e") "," TEXT("tool_name",
                                                                                                  "f") "," TEXT("tool_use_id",
                                                                                                                "t1")));
        assert_int_equal(s.trace->n_tool, 2);
        assert_int_equal(s.trace->n_errors, 1);
        for (uint32_t i = 0; i < s.trace->n_steps; i++) {
                const struct clew_step *step = &s.trace->steps[i];

                if (step->kind == CLEW_KIND_TOOL)
                        assert_int_equal(step->error.is_error,
                                         clew_slice_eq_cstr(step->tool_call_id, "t2"));
        }
        scene_close(&s);
}

/* Without ids a result belongs to the first open call of its tool. */
static void test_a_result_without_an_id(void **state)
{
        struct scene s;

        (void)state;
        scene_open(
                &s, CODE, NULL,
                TURN
                "," RECORD(30, "tool_decision", "," TEXT("decision", "accept") "," TEXT("tool_name", "f")) "," RECORD(
                        31, "tool_decision",
                        "," TEXT("decision", "accept") "," TEXT(
                                "tool_name",
                                "g")) "," RECORD(40, "tool_result",
                                                 "," TEXT("success", "true") "," TEXT(
                                                         "tool_name",
                                                         "g")) "," RECORD(50, "tool_result",
                                                                          "," TEXT(
                                                                                  "success",
                                                                                  "tru"
                                                                                  "e") "," TEXT("to"
                                                                                                "ol"
                                                                                                "_n"
                                                                                                "am"
                                                                                                "e",
                                                                                                "f")));
        assert_int_equal(s.trace->n_tool, 2);
        for (uint32_t i = 0; i < s.trace->n_steps; i++) {
                const struct clew_step *step = &s.trace->steps[i];

                if (clew_slice_eq_cstr(step->tool_name, "f"))
                        assert_int_equal(step->start_ns, 30 * 1000000);
                if (clew_slice_eq_cstr(step->tool_name, "g"))
                        assert_int_equal(step->start_ns, 31 * 1000000);
        }
        scene_close(&s);
}

/* ---- texts --------------------------------------------------------------------------------------
 */

#define ASKED(text)                                                                                \
        TEXT("gen_ai.input.messages",                                                              \
             "[{\\\"role\\\":\\\"user\\\",\\\"content\\\":\\\"" text "\\\"}]")

static void test_media_inside_a_text(void **state)
{
        struct clew_messages m;
        struct scene s;

        (void)state;
        scene_open(&s, "x",
                   SPAN(1, "", "chat", 0, 9,
                        CALL "," ASKED("see data:image/png;base64,aGVsbG8gd29ybGQ= now"), ""),
                   NULL);
        assert_int_equal(
                clew_step_messages(s.trace, &s.trace->steps[0], CLEW_MESSAGES_IN, &s.arena, &m), 0);
        assert_int_equal(m.items[0].n_parts, 3);
        assert_int_equal(m.items[0].parts[1].type, CLEW_PART_MEDIA);
        assert_int_equal(m.items[0].parts[1].media_bytes, 11);
        assert_true(clew_slice_eq_cstr(m.items[0].parts[2].text, " now"));
        scene_close(&s);
        scene_open(&s, "x",
                   SPAN(1, "", "chat", 0, 9,
                        CALL "," ASKED("write data:image/png;base64,<x> there"), ""),
                   NULL);
        assert_int_equal(
                clew_step_messages(s.trace, &s.trace->steps[0], CLEW_MESSAGES_IN, &s.arena, &m), 0);
        assert_int_equal(m.items[0].n_parts, 1);
        scene_close(&s);
}

static void test_words_that_were_left_out(void **state)
{
        struct clew_messages m;
        struct scene s;

        (void)state;
        scene_open(&s, CODE, NULL,
                   LOOSE(10, "user_prompt", "," TEXT("prompt", "<REDACTED>")) "," LOOSE(
                           20, "api_request",
                           "," TEXT("model", "m") "," INT("input_tokens",
                                                          5) "," INT("output_tokens", 1)));
        assert_int_equal(
                clew_step_messages(s.trace, &s.trace->steps[0], CLEW_MESSAGES_IN, &s.arena, &m), 0);
        assert_int_equal(m.n, 1);
        assert_int_equal(m.items[0].parts[0].type, CLEW_PART_OTHER);
        assert_true(clew_slice_eq_cstr(m.items[0].parts[0].name, "redacted"));
        assert_non_null(memmem(m.items[0].parts[0].text.data, m.items[0].parts[0].text.len,
                               "OTEL_LOG_USER_PROMPTS", 21));
        scene_close(&s);
}

#define WAITS(state) SPAN(1, "", "a", 0, 90, AGENT "," TEXT("output.value", state), "")

static void test_what_a_paused_run_waits_for(void **state)
{
        struct clew_slice text;
        struct scene s;

        (void)state;
        scene_open(
                &s, "x",
                WAITS("{\\\"__interrupt__\\\":[{\\\"value\\\":{\\\"question\\\":\\\"ok?\\\"}}]}"),
                NULL);
        assert_int_equal(s.trace->outcome, CLEW_OUTCOME_PAUSED);
        text = clew_step_waits_for(&s.trace->steps[0], &s.arena);
        assert_true(clew_slice_eq_cstr(text, "ok?"));
        scene_close(&s);
}

static void test_a_score_is_of_the_response_that_it_names(void **state)
{
        struct scene s;

        (void)state;
        scene_open(&s, "x",
                   SPAN(1, "", "a", 0, 90, AGENT, "") "," SPAN(
                           2, UNDER(1), "chat", 1, 2, CALL "," RESPONSE,
                           "") "," SPAN(3, UNDER(1), "evaluate", 10, 11,
                                        TEXT("gen_ai.operation.name",
                                             "evaluate") "," RESPONSE
                                                         "," TEXT("gen_ai.evaluation.name",
                                                                  "right") "," DOUBLE("gen_ai."
                                                                                      "evaluation."
                                                                                      "score.value",
                                                                                      4),
                                        ""),
                   NULL);
        assert_int_equal(s.trace->n_scores, 1);
        assert_int_equal(s.trace->scores[0].step, 1);
        scene_close(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_refused_call_is_no_failure),
                cmocka_unit_test(test_other_refusals_are_failures),
                cmocka_unit_test(test_a_model_that_was_asked_since_goes_on),
                cmocka_unit_test(test_a_root_that_was_stopped),
                cmocka_unit_test(test_records_tell_who_decided),
                cmocka_unit_test(test_a_background_response_counts_once),
                cmocka_unit_test(test_a_roll_up_that_holds_a_sub_agents),
                cmocka_unit_test(test_a_cost_is_the_sum_of_its_parts),
                cmocka_unit_test(test_a_placeholder_is_the_span_until_it_comes),
                cmocka_unit_test(test_counts_join_a_record_and_a_span),
                cmocka_unit_test(test_ids_join_before_the_span_of_a_record),
                cmocka_unit_test(test_a_decision_and_a_result_are_one_step),
                cmocka_unit_test(test_a_result_without_an_id),
                cmocka_unit_test(test_media_inside_a_text),
                cmocka_unit_test(test_words_that_were_left_out),
                cmocka_unit_test(test_what_a_paused_run_waits_for),
                cmocka_unit_test(test_a_score_is_of_the_response_that_it_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
