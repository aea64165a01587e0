/*
 * A place of a run that says nothing of what went wrong there: who first wrote what the answer
 * gives. Each case has twins in which there is no such place.
 */
#include "tests/unit/rca-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool says(const struct scene *s, const char *rule, const char *words)
{
        struct clew_slice said = scene_said_by(s, rule);

        return said.len && memmem(said.data, said.len, words, strlen(words)) != NULL;
}

struct origin_case {
        const char *thinks; /* the middle of the run */
        const char *answer;
        const char *value; /* that the middle wrote first; null where it is not told */
};

static void test_who_wrote_it_first(void **state)
{
        static const struct origin_case cases[] = {
                {"The table gives 97781 for Szeged.", "97781", "\"97781\""},
                {"The table gives 97,781 for Szeged.", "97781", "\"97781\""},
                {"The table gives 197,781 for Szeged.", "97781", NULL},
                {"The table gives a number for Szeged.", "97781", NULL},
                {"It had 1892 steps, as was asked.", "1892", NULL}, /* the user said it */
                {"It was built by Marchetti.", "Marchetti", "\"Marchetti\""},
                {"It was built by Marchettini.", "Marchetti", NULL},
                {"So far that is False.", "False", NULL},
                {"Of 4417, 5521 and 6630.", "4417, 5521, 6630 and 7741", "\"4417\""},
                {"Only 4417 so far.", "4417, 5521, 6630 and 7741", NULL}, /* less than half */
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct scene s;
                unsigned r;
                unsigned thinks;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "How many visitors had the lighthouse of Szeged, of 1892?");
                (void)scene_llm(&s, r, "I search for it.");
                (void)scene_tool(&s, r, "web_search", "{\\\"q\\\": \\\"lighthouse\\\"}",
                                 "Cluj 97781, Szeged 64112", NULL);
                thinks = scene_llm(&s, r, cases[i].thinks);
                (void)scene_tool(&s, r, "web_search", "{\\\"q\\\": \\\"photos\\\"}", "Some photos.",
                                 NULL);
                (void)scene_llm(&s, r, cases[i].answer);
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "answer-origin"), cases[i].value ? thinks : 0);
                if (cases[i].value)
                        assert_true(says(&s, "answer-origin", cases[i].value));
                scene_free(&s);
        }
}

/* A run that breaks off in an action has no answer; a tool that takes one has. */
static void test_what_is_an_answer(void **state)
{
        static const char *const tools[] = {"final_answer", "click"};

        (void)state;
        for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
                struct scene s;
                unsigned r;
                unsigned thinks;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "How many visitors had the lighthouse?");
                (void)scene_call(&s, r, "web_search", "{\\\"q\\\": \\\"lighthouse\\\"}",
                                 "Cluj 97781, Szeged 64112");
                thinks = scene_llm(&s, r, "The table gives 97781.");
                (void)scene_call(&s, r, "web_search", "{\\\"q\\\": \\\"photos\\\"}",
                                 "Some photos.");
                (void)scene_call(&s, r, tools[i], "{\\\"value\\\": \\\"97781\\\"}", "ok");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "answer-origin"), i == 0 ? thinks : 0);
                scene_free(&s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_who_wrote_it_first),
                cmocka_unit_test(test_what_is_an_answer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
