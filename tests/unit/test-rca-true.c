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

static bool says(const struct scene *s, const char *rule, const char *text)
{
        return clew_text_find(scene_said_by(s, rule), text) >= 0;
}

/* A change is the first one only when nothing before it may have changed something. */
static void test_the_first_change(void **state)
{
        static const struct {
                const char *before;
                bool first;
        } cases[] = {
                {"{\\\"command\\\": \\\"cat page.py\\\"}", true},
                {"{\\\"command\\\": \\\"python fix.py\\\"}", false},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct scene s;
                unsigned r;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Mend it.");
                (void)scene_call(&s, r, "bash", cases[i].before, "some text");
                (void)scene_call(&s, r, "bash", "{\\\"command\\\": \\\"git commit -am x\\\"}",
                                 "ok");
                (void)scene_llm(&s, r, "It is mended.");
                scene_end(&s);
                assert_true(scene_said_by(&s, "first-change").len > 0);
                assert_int_equal(says(&s, "first-change", "the first change"), cases[i].first);
                scene_free(&s);
        }
}

/* A failed check and a list of nothing are bad results, a line that reads None is none. */
static void test_what_the_first_trouble_is(void **state)
{
        static const struct {
                const char *first;
                const char *word;
        } cases[] = {
                {"collected 4 items\\n..F.\\n==== 1 failed, 3 passed in 0.1s ====",
                 "a check that failed"},
                {"None", NULL},
        };

        (void)state;
        assert_true(clew_text_is_empty_result(
                SLICE("{\"results\": [], \"suggestion\": \"try fewer words\"}")));
        assert_false(clew_text_is_empty_result(SLICE("{\"results\": [], \"title\": \"lamps\"}")));
        assert_false(clew_text_is_empty_result(
                SLICE("{\"results\": [\"lamp\"], \"suggestion\": \"try fewer words\"}")));
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct scene s;
                unsigned r;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Mend it.");
                (void)scene_call(&s, r, "bash", "{\\\"command\\\": \\\"pytest -q\\\"}",
                                 cases[i].first);
                (void)scene_llm(&s, r, "It is mended.");
                scene_end(&s);
                assert_int_equal(scene_said_by(&s, "first-trouble").len > 0, cases[i].word != NULL);
                if (cases[i].word)
                        assert_true(says(&s, "first-trouble", cases[i].word));
                scene_free(&s);
        }
}

/* Half an answer is one. */
static void test_a_search_that_found_something(void **state)
{
        (void)state;
        for (int found = 0; found < 2; found++) {
                struct scene s;
                unsigned r;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "How many members were there, and when was it founded?");
                for (int i = 0; i < 6; i++) {
                        char args[64];

                        snprintf(args, sizeof(args), "{\\\"page\\\": \\\"report part %d\\\"}", i);
                        (void)scene_call(&s, r, "open_page", args,
                                         i == 2 ? "members: 72,579" : "a page of pictures");
                }
                (void)scene_llm(&s, r,
                                found ? "There were 72,579 members. When it was founded I could "
                                        "not find."
                                      : "I could not find any of it.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "fruitless-search") != 0, !found);
                scene_free(&s);
        }
}

/* What the user named was looked up: that is an action on it. */
static void test_what_was_looked_up(void **state)
{
        (void)state;
        for (int looked = 0; looked < 2; looked++) {
                struct scene s;
                unsigned r;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Cancel order W-48213.");
                (void)scene_call(&s, r, "list_orders", "{\\\"of\\\": \\\"me\\\"}",
                                 "[{\\\"id\\\": \\\"W-48213\\\"}, {\\\"id\\\": \\\"W-59377\\\"}]");
                (void)scene_call(&s, r, "get_order",
                                 looked ? "{\\\"id\\\": \\\"W-48213\\\"}"
                                        : "{\\\"id\\\": \\\"W-59377\\\"}",
                                 "{\\\"state\\\": \\\"open\\\"}");
                (void)scene_call(&s, r, "cancel_order", "{\\\"id\\\": \\\"W-59377\\\"}", "done");
                (void)scene_llm(&s, r, "It is cancelled.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "unmet-request") != 0, !looked);
                scene_free(&s);
        }
}

/* Only a number, or a number and more. */
static void test_what_a_bare_number_is_asked_for(void **state)
{
        static const struct {
                const char *asks;
                bool bare;
        } cases[] = {
                {"How many lamps are there? Answer with only the number.", true},
                {"How many lamps are there? Only the number and the source.", false},
                {"How many lamps? Only the number. And who bought them? Name the page.", false},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct scene s;
                unsigned r;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", cases[i].asks);
                (void)scene_call(&s, r, "open_page", "{\\\"page\\\": \\\"lamps\\\"}", "41 lamps");
                (void)scene_llm(&s, r, "There are 41 lamps, as the page of the hall says.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "wrong-form") != 0, cases[i].bare);
                scene_free(&s);
        }
}

/* A call of @who in a chat of named agents. */
static void speak(struct scene *s, unsigned root, const char *who, const char *text)
{
        (void)scene_span(s, root, "LLM", who, 5);
        scene_attribute(s, "agent.name", who);
        clew_buffer_append_slice(&s->json, clew_buffer_slice(&s->history));
        scene_attribute(s, "llm.output_messages.0.message.role", "assistant");
        scene_attribute(s, "llm.output_messages.0.message.content", text);
        scene_span_end(s, NULL, NULL);
        scene_say(s, "assistant", text);
}

/* Output that an agent tells is a new observation; a word to end the chat is no answer. */
static void test_a_chat_with_a_runner(void **state)
{
        (void)state;
        for (int news = 0; news < 3; news++) {
                struct scene s;
                unsigned r;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Count the lamps in the list.");
                for (int i = 0; i < 3; i++) {
                        static const char *const still[] = {"sorry", "alas", "still"};
                        char text[96];

                        if (news == 2)
                                snprintf(text, sizeof(text),
                                         "I opened the list. The page speaks of prices, %s.",
                                         still[i]);
                        else if (news)
                                snprintf(text, sizeof(text),
                                         "exitcode: 0 (execution succeeded)\\nCode output: %d",
                                         4820 + i);
                        else
                                snprintf(text, sizeof(text), "I have nothing new to tell you, %s.",
                                         still[i]);
                        speak(&s, r, "planner", "What does the list say about the lamps?");
                        speak(&s, r, "code_runner", text);
                }
                speak(&s, r, "planner", "Checked: everything is as asked. TERMINATE");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "ping-pong") != 0, !news);
                assert_false(says(&s, "answer-call", "wrote the answer"));
                assert_false(says(&s, "last-answer", "last text"));
                scene_free(&s);
        }
}

/* The same command is a later try; another one of the shell is not. */
static void test_what_is_a_later_try(void **state)
{
        (void)state;
        for (int same = 0; same < 2; same++) {
                struct scene s;
                unsigned r;

                scene_begin(&s);
                r = scene_root(&s, NULL);
                scene_say(&s, "user", "Mend it.");
                for (int i = 0; i < 3; i++)
                        (void)scene_llm(&s, r, "I look at the page"),
                                (void)scene_tool(&s, r, "bash",
                                                 "{\\\"command\\\": \\\"cat page.py\\\"}",
                                                 i == 0 ? "one" : "two", NULL);
                (void)scene_llm(&s, r, "I run it");
                (void)scene_tool(&s, r, "bash", "{\\\"command\\\": \\\"python page.py\\\"}",
                                 "TypeError: no such page", "TypeError: no such page");
                (void)scene_llm(&s, r, "Once more");
                (void)scene_tool(&s, r, "bash",
                                 same ? "{\\\"command\\\": \\\"python page.py\\\"}"
                                      : "{\\\"command\\\": \\\"cat README\\\"}",
                                 "a page", NULL);
                (void)scene_llm(&s, r, "It is mended.");
                scene_end(&s);
                for (uint32_t i = 0; i < s.why.n_excluded; i++)
                        assert_int_equal(same, 1);
                scene_free(&s);
        }
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
                "It passes. I'll submit.\n\ndiff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py",
                "Now I'll give it.\nFINAL ANSWER: 21000",
                "I will first make a survey of the facts. Neither of the two is given.",
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
                {"Error handling: wrong input should print a message and ask again.",
                 CLEW_TROUBLE_NONE},
                {"Errors rate: 0.2", CLEW_TROUBLE_OTHER},
                {"Error: handling of the file", CLEW_TROUBLE_OTHER},
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
                {"gift_card_1591784", "It is the gift card ending in 1784.", false},
                {"gift_card_1591784", "It is the gift card ending in 1748.", true},
                {"gift_card_1591784", "It is on gift card 1784.", true},
                {"a date", "See RFC 6265 for two digits.", false},
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

/* Cells of a table are values of their own, and a number is the same with other zeros. */
static void test_cells_of_a_table(void **state)
{
        static const struct {
                const char *answer;
                bool wrong;
        } cases[] = {
                {"shop,eur\\nElm,48211.50", false},
                {"It made 48211.50 in all.", false},
                {"shop,eur\\nElm,73955.20", true},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct scene s;

                value_scene(&s, "{\\\"shop\\\": \\\"Elm\\\", \\\"eur\\\": 48211.5}",
                            cases[i].answer);
                if ((scene_blamed_by(&s, "ungrounded-value") != 0) != cases[i].wrong)
                        fail_msg("%s", cases[i].answer);
                scene_free(&s);
        }
}

/* An agent that is called by its name stands in no list of tools. */
static void test_an_agent_as_a_tool(void **state)
{
        (void)state;
        for (int agent = 0; agent < 2; agent++) {
                struct scene s;
                unsigned r;
                unsigned bad;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Which number has the landlord?");
                bad = scene_span(&s, r, "LLM", "model", 5);
                clew_buffer_append_slice(&s.json, clew_buffer_slice(&s.history));
                scene_attribute(&s, "llm.tools.0.tool.json_schema",
                                "{\\\"type\\\":\\\"function\\\",\\\"function\\\":{\\\"name\\\":"
                                "\\\"find\\\",\\\"parameters\\\":{\\\"type\\\":\\\"object\\\"}}}");
                scene_attribute(&s, "llm.output_messages.0.message.role", "assistant");
                scene_attribute(
                        &s, "llm.output_messages.0.message.tool_calls.0.tool_call.function.name",
                        "phone_agent");
                scene_attribute(
                        &s,
                        "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments",
                        "{\\\"message\\\": \\\"Log in\\\"}");
                scene_span_end(&s, NULL, NULL);
                (void)scene_span(&s, r, "AGENT", agent ? "phone_agent" : "mail_agent", 5);
                scene_span_end(&s, NULL, NULL);
                (void)scene_llm(&s, r, "I do not know it.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "unknown-tool"), agent ? 0 : bad);
                scene_free(&s);
        }
}

/* An error that the same call put right is no cause; one that nothing put right may be, and so may
 * a change that was asked for again although nobody knew whether it had been made. */
static void test_an_error_that_was_put_right(void **state)
{
        static const struct {
                const char *tool;
                const char *error;
                bool again;
                bool harmless;
        } cases[] = {
                {"get_page", "503 Service Unavailable", true, true},
                {"get_page", "503 Service Unavailable", false, false},
                {"book_flight", "Error: time-out of the gateway", true, false},
                {"book_flight", "Error: the date is missing", true, true},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct scene s;
                unsigned r;
                uint32_t causes = 0;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Fly me there, please.");
                (void)scene_llm(&s, r, "I do it.");
                (void)scene_tool(&s, r, cases[i].tool, "{\\\"id\\\": \\\"a\\\"}", cases[i].error,
                                 cases[i].error);
                (void)scene_llm(&s, r, "Once more.");
                (void)scene_tool(&s, r, cases[i].again ? cases[i].tool : "note",
                                 "{\\\"id\\\": \\\"a\\\"}", "Seat 12 is yours, it says.", NULL);
                (void)scene_llm(&s, r, "You have seat 12.");
                scene_end(&s);
                for (uint32_t k = 0; k < s.why.n_findings; k++) {
                        const struct clew_finding *f = &s.why.findings[k];

                        causes += !clew_rule_is_place(f->rule) && !f->harmless;
                        assert_true(f->looked_at || !f->harmless);
                }
                assert_true((causes == 0) == cases[i].harmless);
                scene_free(&s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_an_agent_as_a_tool),
                cmocka_unit_test(test_an_error_that_was_put_right),
                cmocka_unit_test(test_cells_of_a_table),
                cmocka_unit_test(test_the_first_change),
                cmocka_unit_test(test_what_the_first_trouble_is),
                cmocka_unit_test(test_a_search_that_found_something),
                cmocka_unit_test(test_what_was_looked_up),
                cmocka_unit_test(test_what_a_bare_number_is_asked_for),
                cmocka_unit_test(test_a_chat_with_a_runner),
                cmocka_unit_test(test_what_is_a_later_try),
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
