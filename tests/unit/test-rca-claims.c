/*
 * Rules about what a text claims and the run does not bear out, and about asking the same again.
 */
#include "tests/unit/rca-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

/* ---- a tool that was never called ----------------------------------------------------------- */

static unsigned tell_of_tool(struct scene *s, const char *text, bool called)
{
        unsigned r;
        unsigned answer;

        scene_begin(s);
        r = scene_root(s, "fail");
        scene_say(s, "system", "You may call find_record and check_stock.");
        scene_say(s, "user", "Is the lamp there?");
        (void)scene_llm(s, r, "I look it up first");
        (void)scene_tool(s, r, "find_record", "{\\\"name\\\": \\\"lamp\\\"}", "lamp, shelf 7",
                         NULL);
        if (called) {
                (void)scene_llm(s, r, "Now the stock");
                (void)scene_tool(s, r, "check_stock", "{\\\"name\\\": \\\"lamp\\\"}", "there",
                                 NULL);
        }
        answer = scene_llm(s, r, text);
        scene_end(s);
        return answer;
}

static void test_a_tool_that_it_says_it_used(void **state)
{
        struct scene s;
        unsigned answer;

        (void)state;
        answer = tell_of_tool(&s, "I verified it with check_stock: the lamp is there.", false);
        assert_int_equal(scene_blamed_by(&s, "claimed-tool"), answer);
        scene_free(&s);
        (void)tell_of_tool(&s, "I verified it with check_stock: the lamp is there.", true);
        assert_int_equal(scene_blamed_by(&s, "claimed-tool"), 0);
        scene_free(&s);
}

static void test_a_tool_that_it_may_use(void **state)
{
        static const char *const texts[] = {
                "The lamp was found. I will verify it with check_stock.",
                "The lamp was found, but not verified with check_stock.",
                "If asked, the stock is verified with check_stock.",
                "I verified it with other_thing: the lamp is there.", /* no tool */
        };

        (void)state;
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct scene s;

                (void)tell_of_tool(&s, texts[i], false);
                assert_int_equal(scene_blamed_by(&s, "claimed-tool"), 0);
                scene_free(&s);
        }
}

/* ---- a file that nothing had shown ---------------------------------------------------------- */

static void test_a_file_that_nothing_had_shown(void **state)
{
        (void)state;
        for (int shown = 0; shown < 2; shown++) {
                struct scene s;
                unsigned asked;
                unsigned r;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", shown ? "Sum up budget_2019.csv" : "Sum up the budget");
                asked = scene_llm(&s, r, "I read the table");
                (void)scene_tool(&s, r, "read_file", "{\\\"path\\\": \\\"data/budget_2019.csv\\\"}",
                                 "", "No such file or directory: data/budget_2019.csv");
                (void)scene_llm(&s, r, "It is missing, so I look at what there is");
                (void)scene_tool(&s, r, "list_files", "{}", "sums.txt with the total of 40", NULL);
                (void)scene_llm(&s, r, "The table is missing; the sums say 40.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "invented-name"), shown ? 0 : asked);
                scene_free(&s);
        }
}

/* ---- a mark that was asked for -------------------------------------------------------------- */

static void test_a_mark_that_was_asked_for(void **state)
{
        static const struct {
                const char *request;
                const char *text;
                bool missing;
        } cases[] = {
                {"Make a plan. When it is ready, write the '<end_plan>' tag and stop.",
                 "1. Look the lamp up in the list.", true},
                {"Make a plan. When it is ready, write the '<end_plan>' tag and stop.",
                 "1. Look the lamp up in the list. <end_plan>", false},
                {"Make a plan. The text <lamp> stands for its name.",
                 "1. Look the lamp up in the list.", false},
                {"Finish with what is in <plan>the old plan</plan>, and stop.",
                 "1. Look the lamp up in the list.", false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct scene s;
                unsigned r;
                unsigned plan;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", cases[i].request);
                plan = scene_llm(&s, r, cases[i].text);
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "missing-mark"), cases[i].missing ? plan : 0);
                scene_free(&s);
        }
}

/* ---- asking the same again ------------------------------------------------------------------ */

enum asking { SAME_WORDS, OTHER_WORDS, PAGES, SOMETHING_BETWEEN, EXPRESSIONS };

static unsigned ask(struct scene *s, enum asking how)
{
        static const char *const other[] = {"ship that sank near Malta", "harbour of the old town",
                                            "captain of the lost vessel"};
        unsigned r;
        unsigned last = 0;

        scene_begin(s);
        r = scene_root(s, "fail");
        scene_say(s, "user", "Which ship sank near Malta in winter?");
        for (int i = 0; i < 3; i++) {
                char args[200];
                char result[100];

                snprintf(args, sizeof(args), "{\\\"query\\\": \\\"%s\\\"}",
                         how == OTHER_WORDS   ? other[i]
                         : how == EXPRESSIONS ? "price = (first + second) / third"
                                              : "which ship sank near Malta");
                if (how == PAGES)
                        snprintf(args, sizeof(args), "{\\\"page\\\": %d}", i);
                snprintf(result, sizeof(result),
                         "Page %d of hits about ships, storms and harbours of the island, set %d",
                         i + 1, 10 * i + 7);
                last = scene_llm(s, r, i == 0 ? "I search" : "I search once more");
                (void)scene_tool(s, r, "search", args, result, NULL);
                if (how == SOMETHING_BETWEEN && i < 2) {
                        (void)scene_llm(s, r, "I open the page");
                        (void)scene_tool(s, r, "open", "{\\\"number\\\": 1}",
                                         "A long page about ships, winds, cargo and harbours",
                                         NULL);
                }
        }
        (void)scene_llm(s, r, "I could not find it.");
        scene_end(s);
        return last;
}

static void test_the_same_question_again(void **state)
{
        (void)state;
        for (int how = SAME_WORDS; how <= EXPRESSIONS; how++) {
                struct scene s;
                unsigned last = ask(&s, (enum asking)how);

                assert_int_equal(scene_blamed_by(&s, "repeated-query"),
                                 how == SAME_WORDS ? last : 0);
                scene_free(&s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_tool_that_it_says_it_used),
                cmocka_unit_test(test_a_tool_that_it_may_use),
                cmocka_unit_test(test_a_file_that_nothing_had_shown),
                cmocka_unit_test(test_a_mark_that_was_asked_for),
                cmocka_unit_test(test_the_same_question_again),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
