/*
 * Root cause on small traces written for one question each: who is blamed, and who is not.
 */
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "query/rca/candidates.h"
#include "query/rca/lineage.h"
#include "query/rca/rca.h"
#include "tests/unit/rca-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* rca-signs writes both into one object, and rca-fit learns a weight for each name: two of one name
 * were one. */
static void test_no_sign_has_the_name_of_another(void **state)
{
        const char *names[CLEW_RULE_COUNT + CLEW_FEATURE_COUNT];
        size_t n = 0;

        (void)state;
        for (int r = 0; r < CLEW_RULE_COUNT; r++)
                names[n++] = clew_rule_info((enum clew_rule)r)->name;
        for (int k = 0; k < CLEW_FEATURE_COUNT; k++)
                names[n++] = clew_feature_name((enum clew_feature)k);
        for (size_t i = 0; i < n; i++) {
                for (size_t k = 0; k < i; k++)
                        assert_string_not_equal(names[i], names[k]);
        }
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
        r = scene_root(&s, NULL);
        scene_say(&s, "user", "How many?");
        turn = scene_step(&s, r, "Step 1", NULL);
        (void)scene_llm(&s, turn, "I search for the list of birds first of all");
        (void)scene_tool(&s, turn, "search", "{\\\"q\\\": \\\"birds\\\"}", "a list of birds", NULL);
        turn = scene_step(&s, r, "Step 2", "InterpreterError: name 'x' is not defined");
        bad = scene_llm(&s, turn, "print(x)");
        turn = scene_step(&s, r, "Step 3", NULL);
        answer = scene_llm(&s, turn, "There are some birds in it");
        scene_end(&s);
        /* Both the cause and the answer to it are named, the turn that carries the status never. */
        assert_true(scene_blamed(&s, 0) == answer || scene_blamed(&s, 0) == bad);
        assert_true(scene_blames(&s, bad));
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
        r = scene_root(&s, "fail");
        scene_say(&s, "user", "Book it.");
        (void)scene_llm(&s, r, "I call the booking service");
        t = scene_tool(&s, r, "book", "{\\\"id\\\": 1}", "HTTP 503 Service Unavailable", "503");
        (void)scene_llm(&s, r, "I could not book it, sorry.");
        scene_end(&s);
        assert_int_equal(scene_blamed(&s, 0), t);
        assert_string_equal(scene_rule(&s, 0), "infrastructure");
        assert_int_equal(s.why.findings[0].precision, CLEW_PRECISION_HIGH);
        scene_free(&s);
}

static void test_a_request_tried_again_inside_a_call(void **state)
{
        struct scene s;
        unsigned r;
        unsigned call;

        (void)state;
        scene_begin(&s);
        r = scene_root(&s, "fail");
        scene_say(&s, "user", "Find Ada.");
        call = scene_llm(&s, r, "Ada is known here.");
        (void)scene_span(&s, call, "CHAIN", "POST", 1);
        scene_span_end(&s, "429 Too Many Requests", NULL);
        scene_end(&s);
        for (uint32_t i = 0; i < s.why.n_findings; i++)
                assert_int_equal(s.why.findings[i].precision, CLEW_PRECISION_LOW);
        scene_free(&s);
}

static void test_a_recovered_error_is_no_alarm(void **state)
{
        struct scene s;
        unsigned r;

        (void)state;
        scene_begin(&s);
        r = scene_root(&s, "pass");
        scene_say(&s, "user", "Find Ada.");
        (void)scene_llm(&s, r, "I look for the customer by mail");
        (void)scene_tool(&s, r, "find", "{\\\"mail\\\": \\\"a@x\\\"}", "Error: user not found",
                         NULL);
        (void)scene_llm(&s, r, "That failed, I try the name instead");
        (void)scene_tool(&s, r, "find", "{\\\"name\\\": \\\"Ada\\\"}", "ada_1", NULL);
        (void)scene_llm(&s, r, "Ada is known here.");
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
        r = scene_root(&s, "fail");
        scene_say(&s, "user", "Cancel it.");
        (void)scene_llm(&s, r, "I cancel the order");
        (void)scene_tool(&s, r, "cancel", "{\\\"id\\\": 1}",
                         "{\\\"error\\\": \\\"order is locked\\\"}", NULL);
        answer = scene_llm(&s, r, "All done, your order is cancelled.");
        scene_end(&s);
        assert_int_equal(scene_blamed(&s, 0), answer);
        assert_string_equal(scene_rule(&s, 0), "swallowed-error");
        scene_free(&s);
}

/* ---- tools that only messages show ----------------------------------------------------------- */

static void test_an_error_in_messages_taken_for_success(void **state)
{
        struct scene s;
        unsigned r;
        unsigned answer;

        (void)state;
        scene_begin(&s);
        r = scene_root(&s, "fail");
        scene_say(&s, "user", "Cancel it.");
        (void)scene_call(&s, r, "cancel", "{\\\"id\\\": 1}",
                         "{\\\"error\\\": \\\"order is locked\\\"}");
        answer = scene_llm(&s, r, "All done, your order is cancelled.");
        scene_end(&s);
        assert_int_equal(scene_blamed(&s, 0), answer);
        assert_string_equal(scene_rule(&s, 0), "swallowed-error");
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
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Wait for it.");
                for (int i = 0; i < 5; i++) {
                        char result[32];

                        snprintf(result, sizeof(result), "waiting, %d to go", changing ? 9 - i : 9);
                        last = scene_call(&s, r, "status", "{\\\"job\\\": 7}", result);
                }
                (void)scene_llm(&s, r, "It did not come.");
                scene_end(&s);
                found = scene_blamed_by(&s, "tool-loop") != 0;
                assert_int_equal(found, !changing);
                if (!changing)
                        assert_int_equal(scene_blamed_by(&s, "tool-loop"), last);
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

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Find it.");
                bad = scene_span(&s, r, "LLM", "model", 5);
                clew_buffer_append_slice(&s.json, clew_buffer_slice(&s.history));
                scene_attribute(
                        &s, "llm.tools.0.tool.json_schema",
                        "{\\\"type\\\":\\\"function\\\",\\\"function\\\":{\\\"name\\\":"
                        "\\\"find\\\",\\\"parameters\\\":{\\\"type\\\":\\\"object\\\","
                        "\\\"properties\\\":{\\\"id\\\":{\\\"type\\\":\\\"string\\\"}},"
                        "\\\"required\\\":[\\\"id\\\"],\\\"additionalProperties\\\":false}}}");
                scene_attribute(&s, "llm.invocation_parameters", "{\\\"max_tokens\\\": 256}");
                scene_attribute(&s, "llm.token_count.completion", cases[i].written);
                scene_attribute(&s, "llm.output_messages.0.message.role", "assistant");
                scene_attribute(
                        &s, "llm.output_messages.0.message.tool_calls.0.tool_call.function.name",
                        cases[i].tool);
                scene_attribute(
                        &s,
                        "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments",
                        cases[i].args);
                scene_span_end(&s, NULL, NULL);
                scene_end(&s);
                if (cases[i].rule)
                        assert_int_equal(scene_blamed_by(&s, cases[i].rule), bad);
                else
                        assert_int_equal(scene_blamed_by(&s, "bad-arguments") +
                                                 scene_blamed_by(&s, "unknown-tool") +
                                                 scene_blamed_by(&s, "truncated-output"),
                                         0);
                scene_free(&s);
        }
}

static void test_a_tool_span_is_not_read_twice(void **state)
{
        struct scene s;
        unsigned r;

        (void)state;
        scene_begin(&s);
        r = scene_root(&s, "fail");
        scene_say(&s, "user", "Cancel it.");
        (void)scene_llm(&s, r, "I cancel the order");
        (void)scene_tool(&s, r, "cancel", "{\\\"id\\\": 1}", "Error: locked", "locked");
        (void)scene_llm(&s, r, "All done.");
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
        r = scene_root(s, verdict);
        scene_say(s, "user", "Wait for it.");
        for (int i = 0; i < 5; i++) {
                char result[32];

                snprintf(result, sizeof(result), "waiting, %d to go", changing ? 9 - i : 9);
                last = scene_llm(s, r, "Again");
                (void)scene_tool(s, r, "status", "{\\\"job\\\": 7}", result, NULL);
        }
        (void)scene_llm(s, r, "It did not come.");
        scene_end(s);
        return last;
}

static void test_a_loop_is_blamed_on_its_last_round(void **state)
{
        struct scene s;
        unsigned last = repeat(&s, "fail", false);

        (void)state;
        assert_string_equal(scene_rule(&s, 0), "tool-loop");
        assert_int_equal(scene_blamed(&s, 0), last);
        scene_free(&s);
}

/* Two agents at work side by side; one of them goes round. */
static void test_a_loop_beside_another_agent(void **state)
{
        struct scene s;
        unsigned r;
        unsigned agent[2];
        unsigned last = 0;
        bool found = false;

        (void)state;
        scene_begin(&s);
        r = scene_root(&s, "fail");
        for (int a = 0; a < 2; a++) {
                agent[a] = scene_span(&s, r, "AGENT", a ? "beta" : "alpha", 1000);
                scene_attribute(&s, "agent.name", a ? "beta" : "alpha");
                scene_span_end(&s, NULL, NULL);
        }
        for (int i = 0; i < 4; i++) {
                char args[32];

                last = scene_llm(&s, agent[0], "Again");
                (void)scene_tool(&s, agent[0], "status", "{\\\"job\\\": 7}", "waiting", NULL);
                snprintf(args, sizeof(args), "{\\\"page\\\": %d}", i);
                (void)scene_llm(&s, agent[1], "Next");
                (void)scene_tool(&s, agent[1], "read", args, "some text", NULL);
        }
        scene_end(&s);
        for (uint32_t i = 0; i < s.why.n_findings; i++)
                found |= strcmp(scene_rule(&s, i), "tool-loop") == 0 && scene_blamed(&s, i) == last;
        assert_true(found);
        scene_free(&s);
}

static void test_polling_is_no_loop(void **state)
{
        struct scene s;

        (void)state;
        (void)repeat(&s, "fail", true);
        for (uint32_t i = 0; i < s.why.n_findings; i++)
                assert_string_not_equal(scene_rule(&s, i), "tool-loop");
        scene_free(&s);
}

/* ---- values --------------------------------------------------------------------------------- */

static void order_scene(struct scene *s, const char *used, unsigned *ret_writer)
{
        char args[64];
        unsigned r;

        scene_begin(s);
        r = scene_root(s, "fail");
        scene_say(s, "user", "Where is my order?");
        (void)scene_llm(s, r, "I look at the customer");
        (void)scene_tool(s, r, "get_user", "{\\\"name\\\": \\\"Ada\\\"}",
                         "{\\\"orders\\\": [\\\"W2378156\\\", \\\"W9911842\\\"]}", NULL);
        *ret_writer = scene_llm(s, r, "I look at the order");
        snprintf(args, sizeof(args), "{\\\"order\\\": \\\"%s\\\"}", used);
        (void)scene_tool(s, r, "get_order", args, "Error: order not found", NULL);
        (void)scene_llm(s, r, "I am sorry, I could not find it.");
        scene_end(s);
}

static void test_an_altered_id(void **state)
{
        struct scene s;
        struct clew_lineage l;
        unsigned writer;

        (void)state;
        order_scene(&s, "W2378166", &writer);
        assert_string_equal(scene_rule(&s, 0), "altered-value");
        assert_int_equal(scene_blamed(&s, 0), writer);
        clew_lineage_of(s.why.view, CLEW_SLICE_LITERAL("W2378156"), &l);
        assert_int_equal(l.n, 2);
        assert_true(l.observed);
        assert_false(l.hops[0].changed);
        assert_true(l.hops[1].changed);
        scene_free(&s);
        order_scene(&s, "W2378156", &writer);
        assert_string_not_equal(scene_rule(&s, 0), "altered-value");
        scene_free(&s);
}

/* ---- the verdict ---------------------------------------------------------------------------- */

static void test_the_verdict_says_that_not_where(void **state)
{
        struct scene s;
        unsigned r;

        (void)state;
        scene_begin(&s);
        r = scene_root(&s, "fail");
        scene_say(&s, "user", "Hello");
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
                        (void)scene_llm(&s, parent, "some words");
                else
                        (void)scene_tool(&s, parent, "t", "{", "Error: x",
                                         seed & 64 ? "bad" : NULL);
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
        r = scene_root(&s, "fail");
        scene_say(&s, "user", "Hello");
        (void)scene_llm(&s, r, "I look");
        /* Larger than what printf-style appends take at once. */
        (void)scene_span(&s, r, "TOOL", "dump", 3);
        scene_attribute(&s, "tool.name", "dump");
        clew_buffer_append_cstr(&s.json,
                                ",{\"key\":\"output.value\",\"value\":{\"stringValue\":\"");
        clew_buffer_append(&s.json, text, n);
        clew_buffer_append_cstr(&s.json, "\"}}");
        scene_span_end(&s, NULL, NULL);
        (void)scene_llm(&s, r, "Done");
        scene_end(&s);
        assert_true(s.why.view->partial);
        scene_free(&s);
        clew_free(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_no_sign_has_the_name_of_another),
                cmocka_unit_test(test_a_failed_turn_is_the_models),
                cmocka_unit_test(test_infrastructure_is_the_tools),
                cmocka_unit_test(test_a_request_tried_again_inside_a_call),
                cmocka_unit_test(test_a_recovered_error_is_no_alarm),
                cmocka_unit_test(test_an_error_taken_for_success),
                cmocka_unit_test(test_an_error_in_messages_taken_for_success),
                cmocka_unit_test(test_a_loop_in_messages),
                cmocka_unit_test(test_the_request_is_read),
                cmocka_unit_test(test_a_tool_span_is_not_read_twice),
                cmocka_unit_test(test_a_loop_is_blamed_on_its_last_round),
                cmocka_unit_test(test_a_loop_beside_another_agent),
                cmocka_unit_test(test_polling_is_no_loop),
                cmocka_unit_test(test_an_altered_id),
                cmocka_unit_test(test_the_verdict_says_that_not_where),
                cmocka_unit_test(test_cycles_orphans_and_many_roots),
                cmocka_unit_test(test_a_span_of_twenty_megabytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
