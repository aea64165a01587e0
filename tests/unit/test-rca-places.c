/*
 * Places of a run that say nothing of what went wrong there: orders behind a result, and who first
 * wrote what the answer gives. Each case has twins in which there is no such place.
 */
#include "tests/unit/rca-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A call of @who in a chat of named agents. */
static unsigned speak(struct scene *s, unsigned root, const char *who, const char *text)
{
        unsigned span = scene_span(s, root, "LLM", who, 5);

        scene_attribute(s, "agent.name", who);
        clew_buffer_append_slice(&s->json, clew_buffer_slice(&s->history));
        scene_attribute(s, "llm.output_messages.0.message.role", "assistant");
        scene_attribute(s, "llm.output_messages.0.message.content", text);
        scene_span_end(s, NULL, NULL);
        scene_say(s, "assistant", text);
        return span;
}

static bool says(const struct scene *s, const char *rule, const char *words)
{
        struct clew_slice said = scene_said_by(s, rule);

        return said.len && memmem(said.data, said.len, words, strlen(words)) != NULL;
}

struct order_case {
        const char *second;  /* what the lead says behind the result */
        bool other;          /* another agent goes on, not the lead */
        bool passed;         /* a run that passed has no places */
        const char *takes;   /* what the sentence says, or null where there is no such place */
        const char *verdict; /* of the run */
};

static void test_an_order_behind_a_result(void **state)
{
        static const struct order_case cases[] = {
                {"Please look up when the Red Lion closes.", true, false,
                 "and took up \"Lion\" from the result of step", "fail"},
                {"Please look further down that page.", true, false, "with a result at hand",
                 "fail"},
                {"Lion is the name; see when it closes.", true, false, "with a result at hand",
                 "fail"}, /* a capital begins each sentence */
                {"Please see whether Vigo has more bars.", true, false, "with a result at hand",
                 "fail"}, /* the user named the town */
                {"Shall I look up when the Red Lion closes?", true, false, NULL, "fail"},
                {"Please look up when the Red Lion closes.", false, false, NULL, "fail"},
                {"Please look up when the Red Lion closes.", true, true, NULL, "pass"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct scene s;
                unsigned r;
                unsigned order;
                unsigned later;

                scene_begin(&s);
                r = scene_root(&s, cases[i].verdict);
                scene_say(&s, "user", "Which bar of Vigo is open at 3 am?");
                (void)speak(&s, r, "lead", "Please search for the bars of Vigo.");
                (void)speak(&s, r, "surfer", "I search for them.");
                (void)scene_tool(&s, r, "web_search", "{\\\"q\\\": \\\"bars of Vigo\\\"}",
                                 "In Vigo: the Red Lion, the Old Tavern.", NULL);
                order = speak(&s, r, "lead", cases[i].second);
                (void)speak(&s, r, cases[i].other ? "surfer" : "lead", "I look at it.");
                (void)scene_tool(&s, r, "web_search", "{\\\"q\\\": \\\"hours\\\"}",
                                 "Open to 4 am on Fridays.", NULL);
                later = speak(&s, r, "lead", "Please ask the Old Tavern, too.");
                (void)speak(&s, r, "surfer", "It has no telephone.");
                scene_end(&s);
                if (cases[i].takes) {
                        assert_int_equal(scene_blamed_by(&s, "next-order"), order);
                        assert_true(says(&s, "next-order", cases[i].takes));
                        assert_int_equal(scene_blamed_by(&s, "later-order"), later);
                } else {
                        assert_int_equal(scene_blamed_by(&s, "next-order"),
                                         cases[i].passed ? 0 : later);
                        assert_int_equal(scene_blamed_by(&s, "later-order"), 0);
                }
                scene_free(&s);
        }
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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_an_order_behind_a_result),
                cmocka_unit_test(test_who_wrote_it_first),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
