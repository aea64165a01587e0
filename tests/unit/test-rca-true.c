/*
 * Sentences that were false or said nothing, each beside a twin in which the same rule has to speak
 * (or the other way round). Found by reading what `clew why` said of real and made runs.
 */
#include "query/rca/rca.h"
#include "tests/unit/rca-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SLICE(text) clew_slice_of_cstr(text)

static void test_lists_that_count_themselves(void **state)
{
        (void)state;
        assert_true(clew_text_counts_itself(SLICE("{\"a\": [1, 2, [3, 4]], \"count\": 3}"), 3));
        assert_true(clew_text_counts_itself(SLICE("[\"a,b\", \"c\"]"), 2));
        assert_false(clew_text_counts_itself(SLICE("[\"a,b\", \"c\"]"), 3));
        assert_false(clew_text_counts_itself(SLICE("a, b, c"), 3));
        assert_false(clew_text_counts_itself(SLICE("]]}}[[["), 1));
        assert_int_equal(clew_text_result_error(SLICE("Fehler: nicht da")), CLEW_TROUBLE_OTHER);
        assert_true(clew_text_is_empty_result(SLICE("\xe6\xb2\xa1\xe6\x9c\x89\xe6\x89\xbe"
                                                    "\xe5\x88\xb0")));
}

/* A command that changes something need not print a word. */
static void test_silence_of_a_change(void **state)
{
        (void)state;
        for (int reads = 0; reads < 2; reads++) {
                struct scene s;
                unsigned r;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Mend it.");
                (void)scene_call(&s, r, "bash",
                                 reads ? "{\\\"command\\\": \\\"grep -rn gone .\\\"}"
                                       : "{\\\"command\\\": \\\"sed -i s/a/b/ x.py\\\"}",
                                 "");
                (void)scene_llm(&s, r, "It is mended.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "first-trouble") != 0, reads);
                scene_free(&s);
        }
}

/* grep found nothing, diff found something: no error, whoever reports the status, and however. */
static void test_status_one_is_an_answer(void **state)
{
        static const struct {
                const char *command;
                const char *result;
                const char *error;
                bool wrong;
        } cases[] = {
                {"grep -rn gone .", "exit code: 1", NULL, false},
                {"grep -rn gone .", "", "exit status 1", false},
                {"grep -rn gone .", "Exit code 1\\n(no output)", "Exit code 1", false},
                {"diff a.txt b.txt", "exit code: 1\\n3c3\\n< lamp\\n---\\n> lamps", NULL, false},
                {"grep -rn gone .", "exit code: 2\\ngrep: gone: No such file", NULL, true},
                {"python gone.py", "exit code: 1", NULL, true},
                {"python gone.py", "", "exit status 1", true},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct scene s;
                char args[96];
                unsigned r;

                snprintf(args, sizeof(args), "{\\\"command\\\": \\\"%s\\\"}", cases[i].command);
                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Look whether it is gone.");
                (void)scene_llm(&s, r, "I look");
                (void)scene_tool(&s, r, "bash", args, cases[i].result, cases[i].error);
                (void)scene_llm(&s, r, "It is gone.");
                scene_end(&s);
                if ((scene_blamed_by(&s, "error-origin") != 0) != cases[i].wrong)
                        fail_msg("case %zu: %s, %s", i, cases[i].command, cases[i].result);
                scene_free(&s);
        }
}

/* A look-up that holds nothing again is no mended one. */
static void test_nothing_twice_is_not_mended(void **state)
{
        (void)state;
        for (int found = 0; found < 2; found++) {
                struct scene s;
                unsigned r;
                uint32_t mended = 0;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Find Ada.");
                (void)scene_call(&s, r, "find", "{\\\"name\\\": \\\"Ada\\\"}", "[]");
                (void)scene_call(&s, r, "find", "{\\\"name\\\": \\\"ada\\\"}",
                                 found ? "[\\\"ada_1\\\"]" : "[]");
                (void)scene_llm(&s, r, "That is all.");
                scene_end(&s);
                for (uint32_t i = 0; i < s.signs.n; i++)
                        mended += s.signs.items[i].features[CLEW_FEATURE_MENDED] > 0;
                assert_int_equal(mended, found);
                scene_free(&s);
        }
}

/* An agent that failed, and nothing inside it: which of its calls went wrong is not told. */
static void test_a_failed_agent_alone_is_no_strong_sign(void **state)
{
        struct scene s;
        unsigned r;

        (void)state;
        scene_begin(&s);
        scene_say(&s, "user", "Count the lamps.");
        r = scene_span(&s, 0, "AGENT", "clerk", 100000);
        scene_span_end(&s, "the run failed", NULL);
        (void)scene_llm(&s, r, "There are nine lamps in the hall.");
        scene_end(&s);
        assert_true(s.why.n_findings > 0);
        for (uint32_t i = 0; i < s.why.n_findings; i++)
                assert_true(s.why.findings[i].precision < CLEW_PRECISION_HIGH);
        scene_free(&s);
}

static void test_promises(void **state)
{
        static const char *const some[] = {
                "I'll cancel it now. One moment.",
                "Let me check the order.",
                "I am going to look it up.",
        };
        static const char *const none[] = {
                "Thanks, I will keep it in mind.",
                "To proceed, I need to confirm the details:\n- your user id",
                "Once you confirm, I will cancel it.",
                "I'll need your user id.",
                "I will be glad to do that.",
                "If you agree, I'll book it.",
                "Let me know when you are ready.",
                "1. I will look\n2. I will book",
                "Ich werde das pr\xc3\xbc"
                "fen.",
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(some); i++)
                if (!clew_text_promises(SLICE(some[i])))
                        fail_msg("%s", some[i]);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(none); i++)
                if (clew_text_promises(SLICE(none[i])))
                        fail_msg("%s", none[i]);
}

/* "417" is a number, "417 Expectation failed" an error; a lost page is no locked one. */
static void test_what_reads_as_an_error(void **state)
{
        static const struct {
                const char *text;
                enum clew_trouble want;
        } cases[] = {
                {"417", CLEW_TROUBLE_NONE},
                {"503 pieces", CLEW_TROUBLE_NONE},
                {"503 Service Unavailable", CLEW_TROUBLE_SERVER},
                {"HTTP 404", CLEW_TROUBLE_NOT_FOUND},
                {"Title: 404 Not Found\nThe page you asked for is not here.",
                 CLEW_TROUBLE_NOT_FOUND},
                {"Just a moment...\nVerify you are human", CLEW_TROUBLE_BLOCKED},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++)
                assert_int_equal(clew_text_result_error(SLICE(cases[i].text)), cases[i].want);
}

static void test_what_answers_speak_of(void **state)
{
        static const char found[] = "{\"order\": \"W1\", \"items\": [\"blue lamp\", \"chair\"]}";

        (void)state;
        assert_true(clew_text_mentions(SLICE("It seems that the certificates are not eligible."),
                                       SLICE("Error: certificate cannot be used to update")));
        assert_false(clew_text_mentions(SLICE("Your certificate is on its way, all is well."),
                                        SLICE("Error: certificate cannot be used to update")));
        assert_true(clew_text_denies_what(SLICE("No information on the items."), SLICE(found)));
        assert_false(
                clew_text_denies_what(SLICE("I have no information on the weight."), SLICE(found)));
        assert_false(clew_text_denies_what(SLICE("I couldn't find an order from Denver."),
                                           SLICE(found)));
        assert_true(clew_slice_eq_cstr(
                clew_text_error_line(SLICE("x\nTraceback\n  at y\nKeyError: 'a'\nbye\n")),
                "KeyError: 'a'"));
        assert_true(clew_slice_eq_cstr(clew_text_refusal(SLICE("Hm. I cannot do it. Sorry.")),
                                       "I cannot do it"));
        assert_true(clew_text_agrees(SLICE("\xe5\xa5\xbd\xe7\x9a\x84\xef\xbc\x8c\xe8\xaf\xb7")));
        assert_true(clew_text_agrees(SLICE("Ja, gerne.")));
        assert_false(clew_text_agrees(SLICE("Which colour was it?")));
}

/* One step reads @shown, the next one writes @said. */
static void value_scene(struct scene *s, const char *shown, const char *said)
{
        unsigned r;

        scene_begin(s);
        r = scene_root(s, "fail");
        scene_say(s, "user", "Tell me about it.");
        (void)scene_llm(s, r, "I look it up");
        (void)scene_tool(s, r, "get_it", "{\\\"q\\\": \\\"x\\\"}", shown, NULL);
        (void)scene_llm(s, r, said);
        scene_end(s);
}

/* The same value with a unit, other separators or another scale was not made up; a day that moved
 * is no slip. */
static void test_values_in_other_spellings(void **state)
{
        static const struct {
                const char *shown;
                const char *said;
                bool made_up;
        } cases[] = {
                {"pieces: 500", "It has 500-piece boxes.", false},
                {"took 1234 ms", "It took 1.234 seconds.", false},
                {"total 1234.56", "Es sind 1.234,56 Euro.", false},
                {"total 1.234,56", "It is 1234.56 euros.", false},
                {"share 0.4375", "It is 43.75 per cent.", false},
                {"6015000 of them", "That is 6.015 million.", false},
                {"amount 6015", "That is EUR6015 in all.", false},
                {"on 2026-05-14", "It is on 14.05.2026, at 15:30.", false},
                {"at 2026-05-14T10:00:00Z", "It is at 2026-05-14T12:00:00.", false},
                {"eps 1e-200", "It prints 1.000000e-200 there.", false},
                {"shipped soon", "It was shipped on May 14, at noon.", false},
                {"shipped soon", "Am 14. Mai ging es los.", false},
                {"\xe5\x8f\x91\xe8\xb4\xa7",
                 "5\xe6\x9c\x88"
                 "14\xe6\x97\xa5\xe5\x8f\x91\xe8\xb4\xa7",
                 false},
                {"a program", "It is raised in line 1465 there.", false},
                {"an order", "It looks something like W7391284.", false},
                {"an order", "Your id is like 0000000 then.", false},
                {"shipped soon", "It weighs 7391 g, shipped on May 2.", true},
                {"total 1234.56", "It is 7391.28 in all.", true},
                {"id C-44719", "Your number is C-73155.", true},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct scene s;

                value_scene(&s, cases[i].shown, cases[i].said);
                if ((scene_blamed_by(&s, "ungrounded-value") != 0 ||
                     scene_blamed_by(&s, "altered-value") != 0) != cases[i].made_up)
                        fail_msg("%s | %s", cases[i].shown, cases[i].said);
                scene_free(&s);
        }
}

/* What the run made itself it may drop; one table is not everything. */
static void test_a_table_of_its_own(void **state)
{
        (void)state;
        for (int own = 0; own < 2; own++) {
                struct scene s;
                unsigned r;
                unsigned bad;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Load the readings of May.");
                (void)scene_llm(&s, r, "I stage them");
                (void)scene_tool(&s, r, "run_sql",
                                 own ? "{\\\"statement\\\": \\\"CREATE TABLE stg_may (x int)\\\"}"
                                     : "{\\\"statement\\\": \\\"SELECT 1\\\"}",
                                 "ok", NULL);
                bad = scene_llm(&s, r, "I clean up");
                (void)scene_tool(&s, r, "run_sql",
                                 "{\\\"statement\\\": \\\"DROP TABLE stg_may\\\"}", "ok", NULL);
                (void)scene_llm(&s, r, "Loaded.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "wide-action"), own ? 0 : bad);
                scene_free(&s);
        }
}

/* An amount is no record, and a count of other things is none of the list. */
static void test_amounts_and_counts(void **state)
{
        struct scene s;

        (void)state;
        value_scene(&s,
                    "[{\\\"bag\\\": 21}, {\\\"bag\\\": 22}, {\\\"bag\\\": 23}, {\\\"bag\\\": 24}, "
                    "{\\\"bag\\\": 25}, {\\\"bag\\\": 26}, {\\\"bag\\\": 27}, {\\\"bag\\\": 28}]",
                    "You may check 7 free suitcases there.");
        assert_int_equal(scene_blamed_by(&s, "wrong-count"), 0);
        scene_free(&s);
        value_scene(&s,
                    "[{\\\"bag\\\": 21}, {\\\"bag\\\": 22}, {\\\"bag\\\": 23}, {\\\"bag\\\": 24}, "
                    "{\\\"bag\\\": 25}, {\\\"bag\\\": 26}, {\\\"bag\\\": 27}, {\\\"bag\\\": 28}]",
                    "There are 7 bags in it.");
        assert_int_equal(scene_blamed_by(&s, "wrong-count"), s.n);
        scene_free(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_status_one_is_an_answer),
                cmocka_unit_test(test_nothing_twice_is_not_mended),
                cmocka_unit_test(test_a_failed_agent_alone_is_no_strong_sign),
                cmocka_unit_test(test_lists_that_count_themselves),
                cmocka_unit_test(test_silence_of_a_change),
                cmocka_unit_test(test_promises),
                cmocka_unit_test(test_what_reads_as_an_error),
                cmocka_unit_test(test_what_answers_speak_of),
                cmocka_unit_test(test_values_in_other_spellings),
                cmocka_unit_test(test_a_table_of_its_own),
                cmocka_unit_test(test_amounts_and_counts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
