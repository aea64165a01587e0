/*
 * Root cause of actions and answers that are not what was asked for: another value, another choice,
 * more than a limit, a part left out, a part of a result, another form. Each case has its harmless
 * twins.
 */
#include "tests/unit/rca-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What one run holds: a look-up, an action, an answer. */
struct asked_case {
        const char *says;   /* the user */
        const char *shows;  /* the result of the look-up, or NULL without one */
        const char *args;   /* of the action */
        const char *answer; /* of the run */
        bool wrong;
};

/* The span that @rule blames: 1 for the action's call, 2 for the answer's, 0 for none. */
static int blamed(const char *rule, const struct asked_case *c)
{
        struct scene s;
        unsigned r;
        unsigned act;
        unsigned end;
        unsigned got;

        scene_begin(&s);
        r = scene_root(&s, "fail");
        scene_say(&s, "user", c->says);
        if (c->shows) {
                (void)scene_llm(&s, r, "I look it up");
                (void)scene_tool(&s, r, "list_all", "{\\\"sort\\\": \\\"by age\\\"}", c->shows,
                                 NULL);
        }
        act = scene_llm(&s, r, "I do it");
        (void)scene_tool(&s, r, "set_order", c->args, "done", NULL);
        end = scene_llm(&s, r, c->answer ? c->answer : "It is done.");
        scene_end(&s);
        got = scene_blamed_by(&s, rule);
        scene_free(&s);
        return got == 0 ? 0 : got == act ? 1 : got == end ? 2 : 3;
}

static void check(const char *rule, int where, const struct asked_case *cases, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                int got = blamed(rule, &cases[i]);

                if (got != (cases[i].wrong ? where : 0))
                        fail_msg("%s, case %zu (%s, %s): blames %d", rule, i, cases[i].says,
                                 cases[i].args, got);
        }
}

#define CHECK(rule, where, cases) check(rule, where, cases, sizeof(cases) / sizeof(cases[0]))

static void test_another_number_beside_the_same_word(void **state)
{
        static const struct asked_case cases[] = {
                {"Order the boots in size 42.", NULL, "{\\\"size\\\": 43}", NULL, true},
                {"Order the boots in size 42.", NULL, "{\\\"shoe_size\\\": \\\"43\\\"}", NULL,
                 true},
                {"Set the pool to 47.", NULL, "{\\\"command\\\": \\\"set pool=470 now\\\"}", NULL,
                 true},
                {"I want zone 1.", NULL, "{\\\"option\\\": \\\"zone 3\\\"}", NULL, true},
                {"Book 3 nights.", NULL, "{\\\"nights\\\": 4}", NULL, true},
                {"Order the boots in size 42.", NULL, "{\\\"size\\\": 42}", NULL, false},
                {"Size 42, or size 43.", NULL, "{\\\"size\\\": 43}", NULL, false},
                {"Order the boots, 43 if they run small; size 42 else.", NULL, "{\\\"size\\\": 43}",
                 NULL, false},
                {"Order the boots in size 42.", NULL, "{\\\"quantity\\\": 43}", NULL, false},
                {"Pay the sum of 12 for it.", NULL, "{\\\"sum\\\": 1200}", NULL, false},
                {"Show me page 2.", NULL, "{\\\"page\\\": 1}", NULL, false},
                {"Size matters. 42 people came.", NULL, "{\\\"size\\\": 43}", NULL, false},
        };

        (void)state;
        CHECK("asked-value", 1, cases);
}

static void test_another_one_of_its_kind(void **state)
{
        static const struct asked_case cases[] = {
                {"Open claim C-433213.", NULL, "{\\\"claim\\\": \\\"C-722703\\\"}", NULL, true},
                {"Meet them on 2026-04-12.", NULL, "{\\\"day\\\": \\\"2026-10-04\\\"}", NULL, true},
                {"Open claim C-433213.", "C-433213 and C-722703 are open",
                 "{\\\"claim\\\": \\\"C-722703\\\"}", NULL, true},
                {"Open claim C-433213.", NULL, "{\\\"claim\\\": \\\"C-433213\\\"}", NULL, false},
                {"Open claim C-433213 or C-722703.", NULL, "{\\\"claim\\\": \\\"C-722703\\\"}",
                 NULL, false},
                {"Meet them on 2026-04-12.", NULL,
                 "{\\\"day\\\": \\\"2026-04-12T10:00\\\", \\\"until\\\": \\\"2026-04-13\\\"}", NULL,
                 false},
                {"Open claim C-433213.", NULL, "{\\\"agent\\\": \\\"clerk\\\"}", NULL, false},
                {"It cost 1250 in all.", NULL, "{\\\"paid\\\": \\\"1300\\\"}", NULL, false},
        };

        (void)state;
        CHECK("asked-value", 1, cases);
}

static void test_another_choice(void **state)
{
        static const char rooms[] =
                "[{\\\"room\\\": \\\"single\\\"}, {\\\"room\\\": \\\"sea view\\\"}]";
        static const char columns[] = "town,month,billed,paid";
        static const struct asked_case cases[] = {
                {"I take the sea view.", rooms, "{\\\"room\\\": \\\"single\\\"}", NULL, true},
                {"I take the sea view.", rooms, "{\\\"room\\\": \\\"sea view\\\"}", NULL, false},
                {"I take the single, no sea view.", rooms, "{\\\"room\\\": \\\"single\\\"}", NULL,
                 false},
                {"I take any.", rooms, "{\\\"room\\\": \\\"single\\\"}", NULL, false},
                {"What was paid in all?", columns, "print(df.billed.sum())", NULL, true},
                {"What was paid in all?", columns, "print(df.paid.sum() - df.billed.sum())", NULL,
                 false},
                {"What was billed and paid?", columns, "print(df.billed.sum())", NULL, false},
        };

        (void)state;
        CHECK("other-option", 1, cases);
}

static void test_more_than_a_limit(void **state)
{
        static const struct asked_case cases[] = {
                {"Credit them, at most 30 EUR.", NULL,
                 "{\\\"order\\\": \\\"x\\\", \\\"credit\\\": 75}", NULL, true},
                {"Credit them, at most 30 EUR.", NULL, "{\\\"credit\\\": 30}", NULL, false},
                {"Credit them, at most 30 EUR.", NULL, "{\\\"minutes\\\": 75}", NULL, false},
                {"Take no more than 3 hotels.", NULL, "{\\\"hotels\\\": 5}", NULL, true},
                {"Take no more than 3 hotels.", NULL, "{\\\"days\\\": 5}", NULL, false},
        };
        static const struct asked_case answers[] = {
                {"Find a trip under 410 EUR.", NULL, "{\\\"a\\\": \\\"b\\\"}",
                 "The trip is 513.67 EUR.", true},
                {"Find a trip under 410 EUR.", NULL, "{\\\"a\\\": \\\"b\\\"}",
                 "The trip is 399.00 EUR.", false},
                {"Find a trip under 410 EUR.", NULL, "{\\\"a\\\": \\\"b\\\"}",
                 "The cheapest trip is 513.67 EUR, which is above your limit.", false},
        };

        (void)state;
        CHECK("over-limit", 1, cases);
        CHECK("over-limit", 2, answers);
}

static void test_a_part_left_out(void **state)
{
        static const struct asked_case cases[] = {
                {"Compare Arbor Pharma and Lviv Steel.", NULL,
                 "{\\\"firm\\\": \\\"Arbor Pharma\\\"}", NULL, true},
                {"Return P-1042, P-1043 and P-1044.", NULL,
                 "{\\\"ids\\\": [\\\"P-1042\\\", \\\"P-1043\\\"]}", NULL, true},
                {"Compare Arbor Pharma and Lviv Steel.", "Lviv Steel: 12",
                 "{\\\"firm\\\": \\\"Arbor Pharma\\\"}", NULL, false},
                {"Compare Arbor Pharma and Lviv Steel.", NULL,
                 "{\\\"firms\\\": \\\"Arbor Pharma, Lviv Steel\\\"}", NULL, false},
                {"I live in Vigo, Spain.", NULL, "{\\\"town\\\": \\\"Vigo\\\"}", NULL, false},
                {"Compare Arbor Pharma and Lviv Steel.", NULL, "{\\\"all\\\": true}", NULL, false},
        };

        (void)state;
        CHECK("left-out", 2, cases);
}

static void test_a_part_of_a_result(void **state)
{
        static const struct asked_case cases[] = {
                {"How many are there?", "{\\\"has_more\\\": true, \\\"items\\\": [1, 2]}",
                 "{\\\"n\\\": 2}", NULL, true},
                {"How many are there?", "Page 1 of 9: red, blue", "{\\\"n\\\": 2}", NULL, true},
                {"How many are there?", "Showing 1-10 of 88", "{\\\"n\\\": 2}", NULL, true},
                {"How many are there?", "Page 9 of 9: red, blue", "{\\\"n\\\": 2}", NULL, false},
                {"How many are there?", "{\\\"has_more\\\": false, \\\"items\\\": [1, 2]}",
                 "{\\\"n\\\": 2}", NULL, false},
                {"How many are there?", "I read page 12 of course", "{\\\"n\\\": 2}", NULL, false},
        };

        (void)state;
        CHECK("cut-result", 1, cases);
}

static void test_another_form(void **state)
{
        static const char yes[] = "{\\\"n\\\": 2}";
        static const struct asked_case cases[] = {
                {"Tell me in at most two sentences.", NULL, yes,
                 "It is red. It was blue. It will fade.", true},
                {"Tell me in at most two sentences.", NULL, yes, "It is red. It was blue.", false},
                {"Tell me in at most 5 words.", NULL, yes, "It is red and was blue before it",
                 true},
                {"Tell me in at most 5 words.", NULL, yes, "It is red", false},
                {"How many? Answer with only the number.", NULL, yes,
                 "There are twelve lamps, I believe, or 13", true},
                {"How many? Answer with only the number.", NULL, yes, "12", false},
                {"I wrote two sentences.", NULL, yes, "It is red. It was blue. It will fade.",
                 false},
        };

        (void)state;
        CHECK("wrong-form", 2, cases);
}

static void test_an_amount_with_its_point_moved(void **state)
{
        static const struct asked_case cases[] = {
                {"Refund what I paid.", "{\\\"order\\\": \\\"W-7\\\", \\\"paid\\\": 25.00}",
                 "{\\\"order\\\": \\\"W-7\\\", \\\"amount\\\": 250.0}", NULL, true},
                {"Refund what I paid.", "{\\\"order\\\": \\\"W-7\\\", \\\"paid\\\": 480.50}",
                 "{\\\"order\\\": \\\"W-7\\\", \\\"amount\\\": 48.05}", NULL, true},
                {"Refund what I paid.", "{\\\"order\\\": \\\"W-7\\\", \\\"paid\\\": 25.00}",
                 "{\\\"order\\\": \\\"W-7\\\", \\\"amount\\\": 25.0}", NULL, false},
                {"Refund what I paid, 250.0 in all.",
                 "{\\\"order\\\": \\\"W-7\\\", \\\"paid\\\": 25.00}",
                 "{\\\"order\\\": \\\"W-7\\\", \\\"amount\\\": 250.0}", NULL, false},
                {"Refund the 10 lamps.", "{\\\"order\\\": \\\"W-7\\\", \\\"each\\\": 25.00}",
                 "{\\\"order\\\": \\\"W-7\\\", \\\"amount\\\": 250.0}", NULL, false},
                {"Refund what I paid.", "{\\\"order\\\": \\\"W-7\\\", \\\"paid\\\": 25.00}",
                 "{\\\"order\\\": \\\"W-7\\\", \\\"cents\\\": 2500}", NULL, false},
        };

        (void)state;
        check("altered-value", 1, cases, CLEW_ARRAY_LEN(cases));
}

/* One wish of a message that nothing took up, where another one of it was met. */
static void test_a_wish_that_was_never_met(void **state)
{
#define TOOL(name)                                                                                 \
        "{\\\"type\\\": \\\"function\\\", \\\"function\\\": {\\\"name\\\": \\\"" name "\\\"}}"
#define OFFER                                                                                      \
        {                                                                                          \
                "offer", TOOL("set_debit_day"), TOOL("submit_reading")                             \
        }
#define WISHES "For meter M-4243 bill me by plan 77, please, and the reading is 41441."
#define SET                                                                                        \
        {                                                                                          \
                "set_debit_day", "{\\\"meter\\\": \\\"M-4243\\\", \\\"plan\\\": 77}", "ok"         \
        }
        static const struct {
                struct scene_turn turns[SCENE_TURNS_MAX];
                int blamed; /* turn; -1 = nobody */
        } cases[] = {
                {{{"user", WISHES, NULL}, OFFER, SET, {"say", "All is done.", NULL}}, 3},
                {{{"user", WISHES, NULL},
                  OFFER,
                  {"say", "I would set plan 77 for it. Is that right?", NULL},
                  {"user", "Yes.", NULL},
                  SET,
                  {"say", "All is done.", NULL}},
                 2},
                {{{"user", WISHES, NULL},
                  OFFER,
                  SET,
                  {"submit_reading", "{\\\"value\\\": 41441}", "ok"},
                  {"say", "All is done.", NULL}},
                 -1},
                {{{"user", WISHES, NULL},
                  OFFER,
                  SET,
                  {"say", "The plan is set. The reading 41441 I cannot take.", NULL}},
                 -1}, /* it speaks of it */
                {{{"user", WISHES, NULL}, OFFER, {"say", "All is done.", NULL}}, -1},
                {{{"user", "For meter M-4243 bill me by plan 77, please.", NULL},
                  {"user", "I have lived here since 2019, from 9:15 on.", NULL},
                  OFFER,
                  SET,
                  {"say", "All is done.", NULL}},
                 -1}, /* another message, years and hours */
                {{{"user", "For meter M-4243 bill me by plan 77, as since 2019.", NULL},
                  OFFER,
                  SET,
                  {"say", "All is done.", NULL}},
                 -1},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct scene s;
                unsigned spans[SCENE_TURNS_MAX];

                scene_play(&s, cases[i].turns, spans);
                assert_int_equal(scene_blamed_by(&s, "unmet-wish"),
                                 cases[i].blamed < 0 ? 0 : spans[cases[i].blamed]);
                scene_free(&s);
        }
}

/* Values that stand at the end of a long text: what is searched for them is bounded for the run,
 * and beyond it the rule is silent. */
static void test_wishes_are_looked_for_within_bounds(void **state)
{
        enum { LONG = 3 << 20, ROOM = LONG + 200 };
        static char say[ROOM];
        static const struct {
                unsigned values; /* of the message before */
                bool told;
        } cases[] = {{1, true}, {12, false}};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                char user[200] = "I saw";
                const struct scene_turn turns[SCENE_TURNS_MAX] = {
                        {"say", say, NULL},
                        {"user", user, NULL},
                        OFFER,
                        {"user", WISHES, NULL},
                        SET,
                        {"say", "All is done.", NULL},
                };
                struct scene s;
                unsigned spans[SCENE_TURNS_MAX];

                for (size_t at = 0; at < LONG; at++)
                        say[at] = "so it is. "[at % 10];
                for (unsigned k = 0; k < cases[i].values; k++) {
                        char value[16];
                        size_t len =
                                (size_t)snprintf(value, sizeof(value), " %u", 71000123 + 37 * k);

                        memcpy(say + LONG + k * len, value, len + 1);
                        memcpy(user + 5 + k * len, value, len + 1);
                }
                scene_play(&s, turns, spans);
                assert_int_equal(scene_blamed_by(&s, "unmet-wish"), cases[i].told ? spans[5] : 0);
                scene_free(&s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_an_amount_with_its_point_moved),
                cmocka_unit_test(test_another_number_beside_the_same_word),
                cmocka_unit_test(test_another_one_of_its_kind),
                cmocka_unit_test(test_another_choice),
                cmocka_unit_test(test_more_than_a_limit),
                cmocka_unit_test(test_a_part_left_out),
                cmocka_unit_test(test_a_part_of_a_result),
                cmocka_unit_test(test_another_form),
                cmocka_unit_test(test_a_wish_that_was_never_met),
                cmocka_unit_test(test_wishes_are_looked_for_within_bounds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
