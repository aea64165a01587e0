/*
 * Root cause of actions on the wrong thing, or on too many: a record that contradicts the request,
 * more than the user named, a history that lost its half. Each case has its harmless twins.
 */
#include "tests/unit/rca-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PEOPLE                                                                                     \
        "[{\\\"id\\\": \\\"P-1042\\\", \\\"name\\\": \\\"Noor Varga\\\", \\\"unit\\\": "           \
        "\\\"Finance\\\"}, {\\\"id\\\": \\\"P-2077\\\", \\\"name\\\": \\\"Noor Varga\\\", "        \
        "\\\"unit\\\": \\\"Sales\\\"}]"

struct pick_case {
        const char *asks;
        const char *takes;
        bool wrong;
};

static void test_a_record_that_contradicts_the_request(void **state)
{
        static const struct pick_case cases[] = {
                {"Write to Noor Varga of Sales.", "P-1042", true},
                {"Write to Noor Varga of sales, please.", "P-1042", true},
                {"Write to Noor Varga of Sales.", "P-2077", false},
                {"Write to Noor Varga of Finance, not of Sales.", "P-1042", false},
                {"Write to Noor Varga of Sales: P-1042.", "P-1042", false},
                {"Write to Noor Varga.", "P-1042", false},
                {"Write to Noor Varga about salespeople.", "P-1042", false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct scene s;
                char args[96];
                unsigned r;
                unsigned bad;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", cases[i].asks);
                (void)scene_llm(&s, r, "I look for the address");
                (void)scene_tool(&s, r, "find_people", "{\\\"name\\\": \\\"Noor Varga\\\"}", PEOPLE,
                                 NULL);
                bad = scene_llm(&s, r, "I write the letter");
                snprintf(args, sizeof(args), "{\\\"to\\\": \\\"%s\\\", \\\"text\\\": \\\"Hi\\\"}",
                         cases[i].takes);
                (void)scene_tool(&s, r, "send_letter", args, "sent", NULL);
                (void)scene_llm(&s, r, "It is sent.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "other-record"), cases[i].wrong ? bad : 0);
                scene_free(&s);
        }
}

struct wide_case {
        const char *asks;
        const char *args;
        bool wide;
};

static void test_an_action_on_more_than_was_named(void **state)
{
        static const struct wide_case cases[] = {
                {"Cancel ticket 40117.", "{\\\"tickets\\\": [\\\"40117\\\", \\\"40118\\\"]}", true},
                {"Cancel ticket 40117.", "{\\\"tickets\\\": [\\\"40117\\\"]}", false},
                {"Cancel 40117 and 40118.", "{\\\"tickets\\\": [\\\"40117\\\", \\\"40118\\\"]}",
                 false},
                {"Cancel every ticket like 40117.",
                 "{\\\"tickets\\\": [\\\"40117\\\", \\\"40118\\\"]}", false},
                {"Cancel ticket 40117.",
                 "{\\\"ticket\\\": \\\"40117\\\", \\\"reason_code\\\": \\\"20118\\\"}", false},
                {"Cancel ticket 40117.", "{\\\"tickets\\\": \\\"*\\\"}", true},
                {"Cancel ticket 40117.", "{\\\"sql\\\": \\\"DELETE FROM tickets\\\"}", true},
                {"Cancel ticket 40117.",
                 "{\\\"sql\\\": \\\"DELETE FROM tickets WHERE id = 40117\\\"}", false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct scene s;
                unsigned r;
                unsigned bad;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", cases[i].asks);
                bad = scene_llm(&s, r, "I cancel it");
                (void)scene_tool(&s, r, "cancel_tickets", cases[i].args, "done", NULL);
                (void)scene_llm(&s, r, "Done.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "wide-action"), cases[i].wide ? bad : 0);
                scene_free(&s);
        }
}

/* ---- an action that a later one ran into ---------------------------------------------------- */

static void test_what_an_action_ran_into(void **state)
{
        static const struct {
                const char *first;
                const char *second;
                bool same;
        } cases[] = {
                {"{\\\"order\\\": \\\"W8812340\\\"}", "{\\\"order\\\": \\\"W8812340\\\"}", true},
                {"{\\\"order\\\": \\\"W8812340\\\"}", "{\\\"order\\\": \\\"W7712341\\\"}", false},
                {"{\\\"region\\\": \\\"north\\\", \\\"month\\\": \\\"2026-05\\\"}",
                 "{\\\"region\\\": \\\"south\\\", \\\"month\\\": \\\"2026-05\\\"}", false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct scene s;
                unsigned r;
                unsigned first;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Change it, and then send it back.");
                first = scene_llm(&s, r, "I change it");
                (void)scene_tool(&s, r, "modify_it", cases[i].first, "done", NULL);
                (void)scene_llm(&s, r, "Now the other");
                (void)scene_tool(&s, r, "return_it", cases[i].second,
                                 "Error: it is no longer open for that", "no longer open");
                (void)scene_llm(&s, r, "That was refused.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "own-change"), cases[i].same ? first : 0);
                scene_free(&s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_record_that_contradicts_the_request),
                cmocka_unit_test(test_an_action_on_more_than_was_named),
                cmocka_unit_test(test_what_an_action_ran_into),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
