/*
 * Root cause on small traces written for one question each: who is blamed, and who is not.
 */
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "proto/otlp/json.h"
#include "query/rca/lineage.h"
#include "query/rca/rca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BYTES_MAX ((size_t)512 << 20)

/* One trace under construction: spans as OTLP JSON in the OpenInference dialect. */
struct scene {
        struct clew_buffer json;
        struct clew_buffer otlp;
        struct clew_arena arena;
        struct clew_trace *trace;
        struct clew_why why;
        unsigned n;     /* spans so far; also the last span id */
        unsigned turns; /* messages in the history */
        struct clew_buffer history;
};

static void scene_begin(struct scene *s)
{
        memset(s, 0, sizeof(*s));
        clew_buffer_init(&s->json, BYTES_MAX);
        clew_buffer_init(&s->otlp, BYTES_MAX);
        clew_buffer_init(&s->history, BYTES_MAX);
        clew_arena_init(&s->arena, (size_t)1 << 30);
        clew_buffer_append_cstr(&s->json, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[");
}

static void attribute(struct scene *s, const char *key, const char *value)
{
        clew_buffer_printf(&s->json, ",{\"key\":\"%s\",\"value\":{\"stringValue\":\"%s\"}}", key,
                           value);
}

/* Opens a span; attributes may follow; span_end() closes it. Times are the order of spans. */
static unsigned span_begin(struct scene *s, unsigned parent, const char *kind, const char *name,
                           unsigned lasts)
{
        unsigned id = ++s->n;

        clew_buffer_printf(&s->json,
                           "%s{\"traceId\":\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":"
                           "\"%016x\",\"name\":\"%s\",\"startTimeUnixNano\":\"%u000000000\","
                           "\"endTimeUnixNano\":\"%u000000000\"",
                           id > 1 ? "," : "", id, name, 1000 + id * 10, 1000 + id * 10 + lasts);
        if (parent)
                clew_buffer_printf(&s->json, ",\"parentSpanId\":\"%016x\"", parent);
        clew_buffer_printf(&s->json,
                           ",\"attributes\":[{\"key\":\"openinference.span.kind\",\"value\":{"
                           "\"stringValue\":\"%s\"}}",
                           kind);
        return id;
}

static void span_end(struct scene *s, const char *error, const char *verdict)
{
        clew_buffer_append_cstr(&s->json, "]");
        if (verdict)
                clew_buffer_printf(&s->json,
                                   ",\"events\":[{\"name\":\"gen_ai.evaluation.result\","
                                   "\"attributes\":[{\"key\":\"gen_ai.evaluation.name\",\"value\":{"
                                   "\"stringValue\":\"checker\"}},{\"key\":"
                                   "\"gen_ai.evaluation.score.label\",\"value\":{\"stringValue\":"
                                   "\"%s\"}}]}]",
                                   verdict);
        if (error)
                clew_buffer_printf(&s->json, ",\"status\":{\"code\":2,\"message\":\"%s\"}", error);
        clew_buffer_append_cstr(&s->json, "}");
}

static unsigned root(struct scene *s, const char *verdict)
{
        unsigned id = span_begin(s, 0, "AGENT", "agent", 100000);

        attribute(s, "agent.name", "agent");
        attribute(s, "input.value", "Do the task.");
        span_end(s, NULL, verdict);
        return id;
}

static void say(struct scene *s, const char *role, const char *text)
{
        clew_buffer_printf(&s->history,
                           ",{\"key\":\"llm.input_messages.%u.message.role\",\"value\":{"
                           "\"stringValue\":\"%s\"}},{\"key\":\"llm.input_messages.%u.message."
                           "content\",\"value\":{\"stringValue\":\"%s\"}}",
                           s->turns, role, s->turns, text);
        s->turns++;
}

/* An LLM call that sees the history and writes @text. */
static unsigned llm(struct scene *s, unsigned parent, const char *text)
{
        unsigned id = span_begin(s, parent, "LLM", "model", 5);

        clew_buffer_append_slice(&s->json, clew_buffer_slice(&s->history));
        attribute(s, "llm.output_messages.0.message.role", "assistant");
        attribute(s, "llm.output_messages.0.message.content", text);
        span_end(s, NULL, NULL);
        say(s, "assistant", text);
        return id;
}

static unsigned tool(struct scene *s, unsigned parent, const char *name, const char *args,
                     const char *result, const char *error)
{
        unsigned id = span_begin(s, parent, "TOOL", name, 3);

        attribute(s, "tool.name", name);
        attribute(s, "input.value", args);
        attribute(s, "output.value", result);
        span_end(s, error, NULL);
        say(s, "tool", result);
        return id;
}

static unsigned step(struct scene *s, unsigned parent, const char *name, const char *error)
{
        unsigned id = span_begin(s, parent, "CHAIN", name, 35);

        span_end(s, error, NULL);
        return id;
}

static void scene_end(struct scene *s)
{
        struct clew_error err = {0};

        clew_buffer_append_cstr(&s->json, "]}]}]}");
        assert_int_equal(clew_buffer_error(&s->json), 0);
        if (clew_otlp_from_json(clew_buffer_slice(&s->json), CLEW_OTLP_TRACES, &s->otlp, &err) < 0)
                fail_msg("%s", err.message);
        assert_int_equal(clew_trace_build(clew_buffer_slice(&s->otlp), CLEW_SLICE_NULL, NULL,
                                          &s->arena, &s->trace),
                         0);
        assert_int_equal(clew_why_analyse(s->trace, NULL, 0, &s->arena, &s->why), 0);
}

static void scene_free(struct scene *s)
{
        clew_buffer_deinit(&s->json);
        clew_buffer_deinit(&s->otlp);
        clew_buffer_deinit(&s->history);
        clew_arena_deinit(&s->arena);
}

/* Span number (as span_begin() gave it) that finding @rank blames; 0 = no such finding. */
static unsigned blamed(const struct scene *s, uint32_t rank)
{
        const uint8_t *id;

        if (rank >= s->why.n_findings)
                return 0;
        id = s->why.view->steps[s->why.findings[rank].step].span_id.bytes;
        return (unsigned)id[7] | (unsigned)id[6] << 8;
}

static const char *rule(const struct scene *s, uint32_t rank)
{
        return rank < s->why.n_findings ? clew_rule_info(s->why.findings[rank].rule)->name : "";
}

static bool blames(const struct scene *s, unsigned span)
{
        for (uint32_t i = 0; i < s->why.n_findings; i++) {
                if (blamed(s, i) == span)
                        return true;
        }
        return false;
}

/* ---- errors --------------------------------------------------------------------------------- */

static void test_a_failed_turn_is_the_models(void **state)
{
        struct scene s;
        unsigned r;
        unsigned turn;
        unsigned bad;
        unsigned answer;

        (void)state;
        scene_begin(&s);
        r = root(&s, NULL);
        say(&s, "user", "How many?");
        turn = step(&s, r, "Step 1", NULL);
        (void)llm(&s, turn, "I search for the list of birds first of all");
        (void)tool(&s, turn, "search", "{\\\"q\\\": \\\"birds\\\"}", "a list of birds", NULL);
        turn = step(&s, r, "Step 2", "InterpreterError: name 'x' is not defined");
        bad = llm(&s, turn, "print(x)");
        turn = step(&s, r, "Step 3", NULL);
        answer = llm(&s, turn, "There are some birds in it");
        scene_end(&s);
        /* Both the cause and the answer to it are named, the turn that carries the status never. */
        assert_true(blamed(&s, 0) == answer || blamed(&s, 0) == bad);
        assert_true(blames(&s, bad));
        for (uint32_t i = 0; i < s.why.n_findings; i++)
                assert_true(s.why.view->steps[s.why.findings[i].step].kind <= CLEW_RCA_TOOL);
        scene_free(&s);
}

static void test_infrastructure_is_the_tools(void **state)
{
        struct scene s;
        unsigned r;
        unsigned t;

        (void)state;
        scene_begin(&s);
        r = root(&s, "fail");
        say(&s, "user", "Book it.");
        (void)llm(&s, r, "I call the booking service");
        t = tool(&s, r, "book", "{\\\"id\\\": 1}", "HTTP 503 Service Unavailable", "503");
        (void)llm(&s, r, "I could not book it, sorry.");
        scene_end(&s);
        assert_int_equal(blamed(&s, 0), t);
        assert_string_equal(rule(&s, 0), "infrastructure");
        assert_int_equal(s.why.findings[0].precision, CLEW_PRECISION_HIGH);
        scene_free(&s);
}

static void test_a_recovered_error_is_no_alarm(void **state)
{
        struct scene s;
        unsigned r;

        (void)state;
        scene_begin(&s);
        r = root(&s, "pass");
        say(&s, "user", "Find Ada.");
        (void)llm(&s, r, "I look for the customer by mail");
        (void)tool(&s, r, "find", "{\\\"mail\\\": \\\"a@x\\\"}", "Error: user not found", NULL);
        (void)llm(&s, r, "That failed, I try the name instead");
        (void)tool(&s, r, "find", "{\\\"name\\\": \\\"Ada\\\"}", "ada_1", NULL);
        (void)llm(&s, r, "Ada is known here.");
        scene_end(&s);
        for (uint32_t i = 0; i < s.why.n_findings; i++)
                assert_true(s.why.findings[i].precision < CLEW_PRECISION_HIGH);
        assert_int_equal(s.why.n_excluded, 1);
        scene_free(&s);
}

static void test_an_error_taken_for_success(void **state)
{
        struct scene s;
        unsigned r;
        unsigned answer;

        (void)state;
        scene_begin(&s);
        r = root(&s, "fail");
        say(&s, "user", "Cancel it.");
        (void)llm(&s, r, "I cancel the order");
        (void)tool(&s, r, "cancel", "{\\\"id\\\": 1}", "{\\\"error\\\": \\\"order is locked\\\"}",
                   NULL);
        answer = llm(&s, r, "All done, your order is cancelled.");
        scene_end(&s);
        assert_int_equal(blamed(&s, 0), answer);
        assert_string_equal(rule(&s, 0), "swallowed-error");
        scene_free(&s);
}

/* ---- tools that only messages show ----------------------------------------------------------- */

/* An LLM call that asks for @name with @args; its tool leaves no span, only a message. */
static unsigned llm_call(struct scene *s, unsigned parent, const char *name, const char *args,
                         const char *result)
{
        unsigned id = span_begin(s, parent, "LLM", "model", 5);

        clew_buffer_append_slice(&s->json, clew_buffer_slice(&s->history));
        attribute(s, "llm.output_messages.0.message.role", "assistant");
        attribute(s, "llm.output_messages.0.message.tool_calls.0.tool_call.function.name", name);
        attribute(s, "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments",
                  args);
        span_end(s, NULL, NULL);
        say(s, "assistant", "");
        say(s, "tool", result);
        return id;
}

static void test_an_error_in_messages_taken_for_success(void **state)
{
        struct scene s;
        unsigned r;
        unsigned answer;

        (void)state;
        scene_begin(&s);
        r = root(&s, "fail");
        say(&s, "user", "Cancel it.");
        (void)llm_call(&s, r, "cancel", "{\\\"id\\\": 1}",
                       "{\\\"error\\\": \\\"order is locked\\\"}");
        answer = llm(&s, r, "All done, your order is cancelled.");
        scene_end(&s);
        assert_int_equal(blamed(&s, 0), answer);
        assert_string_equal(rule(&s, 0), "swallowed-error");
        scene_free(&s);
}

static void test_a_loop_in_messages(void **state)
{
        for (int changing = 0; changing < 2; changing++) {
                struct scene s;
                unsigned r;
                unsigned last = 0;
                bool found = false;

                (void)state;
                scene_begin(&s);
                r = root(&s, "fail");
                say(&s, "user", "Wait for it.");
                for (int i = 0; i < 5; i++) {
                        char result[32];

                        snprintf(result, sizeof(result), "waiting, %d to go", changing ? 9 - i : 9);
                        last = llm_call(&s, r, "status", "{\\\"job\\\": 7}", result);
                }
                (void)llm(&s, r, "It did not come.");
                scene_end(&s);
                for (uint32_t i = 0; i < s.why.n_findings; i++)
                        found |= strcmp(rule(&s, i), "tool-loop") == 0;
                assert_int_equal(found, !changing);
                if (!changing)
                        assert_int_equal(blamed(&s, 0), last);
                scene_free(&s);
        }
}

/* What the request offered: a list of tools, a limit of output tokens. */
static void test_the_request_is_read(void **state)
{
        static const struct {
                const char *tool;
                const char *args;
                const char *written; /* tokens */
                const char *rule;    /* NULL: neither of these rules speaks */
        } cases[] = {
                {"find", "{\\\"id\\\": \\\"a\\\"}", "10", NULL},
                {"find", "{\\\"name\\\": \\\"a\\\"}", "10", "bad-arguments"},
                {"find", "{\\\"id\\\": 4}", "10", "bad-arguments"},
                {"fetch", "{\\\"id\\\": \\\"a\\\"}", "10", "unknown-tool"},
                {"find", "{\\\"id\\\": \\\"a\\\"}", "256", "truncated-output"},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct scene s;
                unsigned r;
                unsigned bad;
                bool found = false;

                scene_begin(&s);
                r = root(&s, "fail");
                say(&s, "user", "Find it.");
                bad = span_begin(&s, r, "LLM", "model", 5);
                clew_buffer_append_slice(&s.json, clew_buffer_slice(&s.history));
                attribute(&s, "llm.tools.0.tool.json_schema",
                          "{\\\"type\\\":\\\"function\\\",\\\"function\\\":{\\\"name\\\":"
                          "\\\"find\\\",\\\"parameters\\\":{\\\"type\\\":\\\"object\\\","
                          "\\\"properties\\\":{\\\"id\\\":{\\\"type\\\":\\\"string\\\"}},"
                          "\\\"required\\\":[\\\"id\\\"],\\\"additionalProperties\\\":false}}}");
                attribute(&s, "llm.invocation_parameters", "{\\\"max_tokens\\\": 256}");
                attribute(&s, "llm.token_count.completion", cases[i].written);
                attribute(&s, "llm.output_messages.0.message.role", "assistant");
                attribute(&s, "llm.output_messages.0.message.tool_calls.0.tool_call.function.name",
                          cases[i].tool);
                attribute(&s,
                          "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments",
                          cases[i].args);
                span_end(&s, NULL, NULL);
                scene_end(&s);
                for (uint32_t k = 0; k < s.why.n_findings; k++) {
                        const char *name = rule(&s, k);

                        if (!cases[i].rule) {
                                assert_string_not_equal(name, "bad-arguments");
                                assert_string_not_equal(name, "unknown-tool");
                                assert_string_not_equal(name, "truncated-output");
                        } else if (strcmp(name, cases[i].rule) == 0) {
                                assert_int_equal(blamed(&s, k), bad);
                                found = true;
                        }
                }
                assert_true(found == (cases[i].rule != NULL));
                scene_free(&s);
        }
}

static void test_a_tool_span_is_not_read_twice(void **state)
{
        struct scene s;
        unsigned r;

        (void)state;
        scene_begin(&s);
        r = root(&s, "fail");
        say(&s, "user", "Cancel it.");
        (void)llm(&s, r, "I cancel the order");
        (void)tool(&s, r, "cancel", "{\\\"id\\\": 1}", "Error: locked", "locked");
        (void)llm(&s, r, "All done.");
        scene_end(&s);
        for (uint32_t i = 0; i < s.why.view->n_steps; i++)
                assert_false(s.why.view->steps[i].is_virtual);
        scene_free(&s);
}

/* ---- loops ---------------------------------------------------------------------------------- */

static unsigned repeat(struct scene *s, const char *verdict, bool changing)
{
        unsigned r;
        unsigned last = 0;

        scene_begin(s);
        r = root(s, verdict);
        say(s, "user", "Wait for it.");
        for (int i = 0; i < 5; i++) {
                char result[32];

                snprintf(result, sizeof(result), "waiting, %d to go", changing ? 9 - i : 9);
                last = llm(s, r, "Again");
                (void)tool(s, r, "status", "{\\\"job\\\": 7}", result, NULL);
        }
        (void)llm(s, r, "It did not come.");
        scene_end(s);
        return last;
}

static void test_a_loop_is_blamed_on_its_last_round(void **state)
{
        struct scene s;
        unsigned last = repeat(&s, "fail", false);

        (void)state;
        assert_string_equal(rule(&s, 0), "tool-loop");
        assert_int_equal(blamed(&s, 0), last);
        scene_free(&s);
}

static void test_polling_is_no_loop(void **state)
{
        struct scene s;

        (void)state;
        (void)repeat(&s, "fail", true);
        for (uint32_t i = 0; i < s.why.n_findings; i++)
                assert_string_not_equal(rule(&s, i), "tool-loop");
        scene_free(&s);
}

/* ---- values --------------------------------------------------------------------------------- */

static void order_scene(struct scene *s, const char *used, unsigned *ret_writer)
{
        char args[64];
        unsigned r;

        scene_begin(s);
        r = root(s, "fail");
        say(s, "user", "Where is my order?");
        (void)llm(s, r, "I look at the customer");
        (void)tool(s, r, "get_user", "{\\\"name\\\": \\\"Ada\\\"}",
                   "{\\\"orders\\\": [\\\"W2378156\\\", \\\"W9911842\\\"]}", NULL);
        *ret_writer = llm(s, r, "I look at the order");
        snprintf(args, sizeof(args), "{\\\"order\\\": \\\"%s\\\"}", used);
        (void)tool(s, r, "get_order", args, "Error: order not found", NULL);
        (void)llm(s, r, "I am sorry, I could not find it.");
        scene_end(s);
}

static void test_an_altered_id(void **state)
{
        struct scene s;
        struct clew_lineage l;
        unsigned writer;

        (void)state;
        order_scene(&s, "W2378166", &writer);
        assert_string_equal(rule(&s, 0), "altered-value");
        assert_int_equal(blamed(&s, 0), writer);
        clew_lineage_of(s.why.view, CLEW_SLICE_LITERAL("W2378156"), &l);
        assert_int_equal(l.n, 2);
        assert_true(l.observed);
        assert_false(l.hops[0].changed);
        assert_true(l.hops[1].changed);
        scene_free(&s);
        order_scene(&s, "W2378156", &writer);
        assert_string_not_equal(rule(&s, 0), "altered-value");
        scene_free(&s);
}

/* ---- the verdict ---------------------------------------------------------------------------- */

static void test_the_verdict_says_that_not_where(void **state)
{
        struct scene s;
        unsigned r;

        (void)state;
        scene_begin(&s);
        r = root(&s, "fail");
        say(&s, "user", "Hello");
        (void)r;
        scene_end(&s);
        /* Nothing but a root with a verdict: no step to blame, no finding. */
        assert_int_equal(s.why.n_findings, 0);
        assert_true(s.why.view->failed);
        scene_free(&s);
}

/* ---- bad input ------------------------------------------------------------------------------ */

static uint64_t print_hash(const struct clew_why *w)
{
        uint64_t h = w->n_findings;

        for (uint32_t i = 0; i < w->n_findings; i++) {
                h = clew_hash_seeded(w->findings[i].summary, h + w->findings[i].step);
                h += (uint64_t)(w->findings[i].score * 1e9);
        }
        return h;
}

static void test_cycles_orphans_and_many_roots(void **state)
{
        uint32_t seed = 5;
        struct scene s;
        struct clew_why again;

        (void)state;
        scene_begin(&s);
        for (int i = 0; i < 3000; i++) {
                unsigned parent;

                seed = seed * 1664525u + 1013904223u;
                parent = (seed >> 8) % 4000; /* later spans, itself, or none at all */
                if (seed >> 31)
                        (void)llm(&s, parent, "some words");
                else
                        (void)tool(&s, parent, "t", "{", "Error: x", seed & 64 ? "bad" : NULL);
                clew_buffer_clear(&s.history);
                s.turns = 0;
        }
        scene_end(&s);
        assert_in_range(s.why.n_findings, 1, CLEW_WHY_FINDINGS_MAX);
        assert_int_equal(clew_why_analyse(s.trace, NULL, 0, &s.arena, &again), 0);
        assert_true(print_hash(&again) == print_hash(&s.why));
        scene_free(&s);
}

static void test_a_span_of_twenty_megabytes(void **state)
{
        size_t n = 20u << 20;
        char *text = clew_malloc(n + 1);
        struct scene s;
        unsigned r;

        (void)state;
        assert_non_null(text);
        for (size_t i = 0; i < n; i++)
                text[i] = "word 123456 "[i % 12];
        text[n] = '\0';
        scene_begin(&s);
        r = root(&s, "fail");
        say(&s, "user", "Hello");
        (void)llm(&s, r, "I look");
        /* Larger than what printf-style appends take at once. */
        (void)span_begin(&s, r, "TOOL", "dump", 3);
        attribute(&s, "tool.name", "dump");
        clew_buffer_append_cstr(&s.json,
                                ",{\"key\":\"output.value\",\"value\":{\"stringValue\":\"");
        clew_buffer_append(&s.json, text, n);
        clew_buffer_append_cstr(&s.json, "\"}}");
        span_end(&s, NULL, NULL);
        (void)llm(&s, r, "Done");
        scene_end(&s);
        assert_true(s.why.view->partial);
        scene_free(&s);
        clew_free(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_failed_turn_is_the_models),
                cmocka_unit_test(test_infrastructure_is_the_tools),
                cmocka_unit_test(test_a_recovered_error_is_no_alarm),
                cmocka_unit_test(test_an_error_taken_for_success),
                cmocka_unit_test(test_an_error_in_messages_taken_for_success),
                cmocka_unit_test(test_a_loop_in_messages),
                cmocka_unit_test(test_the_request_is_read),
                cmocka_unit_test(test_a_tool_span_is_not_read_twice),
                cmocka_unit_test(test_a_loop_is_blamed_on_its_last_round),
                cmocka_unit_test(test_polling_is_no_loop),
                cmocka_unit_test(test_an_altered_id),
                cmocka_unit_test(test_the_verdict_says_that_not_where),
                cmocka_unit_test(test_cycles_orphans_and_many_roots),
                cmocka_unit_test(test_a_span_of_twenty_megabytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
