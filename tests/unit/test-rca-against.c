/*
 * Root cause of actions that stand against what was shown, said or instructed: values twisted on
 * the way, conditions that the record breaks, values taken back, the wrong one of two, a round of
 * work that is a call short, a check that was not made. Each case has its harmless twins.
 */
#include "tests/unit/rca-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct against_case {
        struct scene_turn turns[SCENE_TURNS_MAX];
        int blamed; /* which turn is, counted from 1; 0 = none */
};

/* The turn that @rule blames. */
static int blamed(const char *rule, const struct against_case *c)
{
        struct scene s;
        unsigned spans[SCENE_TURNS_MAX] = {0};
        unsigned got;
        int ret = 0;

        scene_play(&s, c->turns, spans);
        got = scene_blamed_by(&s, rule);
        for (int i = 0; i < SCENE_TURNS_MAX && got; i++)
                ret = spans[i] == got ? i + 1 : ret;
        scene_free(&s);
        return got && !ret ? -1 : ret;
}

static void check(const char *rule, const struct against_case *cases, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                int got = blamed(rule, &cases[i]);

                if (got != cases[i].blamed)
                        fail_msg("%s, case %zu: blames %d instead of %d", rule, i, got,
                                 cases[i].blamed);
        }
}

#define CHECK(rule, cases) check(rule, cases, sizeof(cases) / sizeof(cases[0]))

static void test_values_twisted_on_the_way(void **state)
{
#define INVOICE(money, date) "Invoice RE-2026-77, total " money ", due " date ", paid to IBAN 7"
#define PAY(amount, money, date)                                                                   \
        "{\\\"reference\\\": \\\"RE-2026-77\\\", \\\"amount\\\": " amount                          \
        ", \\\"currency\\\": \\\"" money "\\\", \\\"due\\\": \\\"" date "\\\"}"
        static const struct against_case cases[] = {
                /* day and month */
                {{{"user", "Pay it.", NULL},
                  {"read", "{\\\"id\\\": 7}", INVOICE("EUR 149.50", "05.09.2026")},
                  {"pay", PAY("149.5", "EUR", "2026-05-09"), "ok"}},
                 3},
                {{{"user", "Pay it.", NULL},
                  {"read", "{\\\"id\\\": 7}", INVOICE("EUR 149.50", "05.09.2026")},
                  {"pay", PAY("149.5", "EUR", "2026-09-05"), "ok"}},
                 0},
                {{{"user", "Pay it.", NULL},
                  {"read", "{\\\"id\\\": 7}",
                   INVOICE("EUR 149.50", "05.09.2026, or on 9 May 2026")},
                  {"pay", PAY("149.5", "EUR", "2026-05-09"), "ok"}},
                 0},
                {{{"user", "Pay it. We write 12/31/2026.", NULL},
                  {"read", "{\\\"id\\\": 7}", INVOICE("EUR 149.50", "05/09/2026")},
                  {"pay", PAY("149.5", "EUR", "2026-05-09"), "ok"}},
                 0},
                /* the point of an amount */
                {{{"user", "Pay it.", NULL},
                  {"read", "{\\\"id\\\": 7}", INVOICE("EUR 1.149,50", "05.09.2026")},
                  {"pay", PAY("114950.0", "EUR", "2026-09-05"), "ok"}},
                 3},
                {{{"user", "Pay it.", NULL},
                  {"read", "{\\\"id\\\": 7}", INVOICE("EUR 1.149,50", "05.09.2026")},
                  {"pay", PAY("1149.5", "EUR", "2026-09-05"), "ok"}},
                 0},
                {{{"user", "Pay it, 114950.0 in all.", NULL},
                  {"read", "{\\\"id\\\": 7}", INVOICE("EUR 1.149,50", "05.09.2026")},
                  {"pay", PAY("114950.0", "EUR", "2026-09-05"), "ok"}},
                 0},
                /* a part of a name is no amount */
                {{{"user", "Pay it.", NULL},
                  {"read", "{\\\"id\\\": 7}", "Flight HAT034 of RE-2026-77"},
                  {"pay", PAY("340", "EUR", "2026-09-05"), "ok"}},
                 0},
                {{{"user", "Pay it.", NULL},
                  {"read", "{\\\"id\\\": 7}", "{\\\"of\\\":\\\"RE-2026-77\\\",\\\"due\\\":34}"},
                  {"pay", PAY("340", "EUR", "2026-09-05"), "ok"}},
                 3},
                /* the currency */
                {{{"user", "Pay it.", NULL},
                  {"read", "{\\\"id\\\": 7}", INVOICE("EUR 149.50", "05.09.2026")},
                  {"pay", PAY("149.5", "USD", "2026-09-05"), "ok"}},
                 3},
                {{{"user", "Pay it.", NULL},
                  {"read", "{\\\"id\\\": 7}", INVOICE("EUR 149.50 (USD 160.10)", "05.09.2026")},
                  {"pay", PAY("160.1", "USD", "2026-09-05"), "ok"}},
                 0},
                /* the hour */
                {{{"system", "I live at UTC+02:00.", NULL},
                  {"user", "Book it at 14:00.", NULL},
                  {"book", "{\\\"start\\\": \\\"2026-09-25T14:00:00Z\\\"}", "ok"}},
                 3},
                {{{"system", "I live at UTC+02:00.", NULL},
                  {"user", "Book it at 14:00.", NULL},
                  {"book", "{\\\"start\\\": \\\"2026-09-25T12:00:00Z\\\"}", "ok"}},
                 0},
                {{{"system", "I live at UTC+02:00.", NULL},
                  {"user", "Book it at 14:00 UTC.", NULL},
                  {"book", "{\\\"start\\\": \\\"2026-09-25T14:00:00Z\\\"}", "ok"}},
                 0},
                {{{"system", "I live at UTC+02:00, they at UTC-05:00.", NULL},
                  {"user", "Book it at 14:00.", NULL},
                  {"book", "{\\\"start\\\": \\\"2026-09-25T14:00:00Z\\\"}", "ok"}},
                 0},
        };

        (void)state;
        CHECK("twisted-value", cases);
}

static void test_a_round_that_is_a_call_short(void **state)
{
#define READ(id)                                                                                   \
        {                                                                                          \
                "read_bill", "{\\\"id\\\": \\\"" id "\\\"}", "a bill"                              \
        }
#define PAID(id)                                                                                   \
        {                                                                                          \
                "create_payment", "{\\\"id\\\": \\\"" id "\\\"}", "created"                        \
        }
        static const struct against_case cases[] = {
                {{{"user", "Pay all.", NULL},
                  READ("a1"),
                  PAID("a1"),
                  READ("b2"),
                  READ("c3"),
                  PAID("c3"),
                  READ("d4"),
                  PAID("d4"),
                  {"say", "All is paid.", NULL}},
                 5},
                {{{"user", "Pay all.", NULL},
                  READ("a1"),
                  PAID("a1"),
                  READ("c3"),
                  PAID("c3"),
                  READ("d4"),
                  {"say", "All is paid.", NULL}},
                 7},
                {{{"user", "Pay all.", NULL},
                  READ("a1"),
                  PAID("a1"),
                  READ("b2"),
                  {"create_hold", "{\\\"id\\\": \\\"b2\\\"}", "created"},
                  READ("c3"),
                  PAID("c3"),
                  READ("d4"),
                  PAID("d4"),
                  {"say", "All is paid.", NULL}},
                 0},
                {{{"user", "Pay all.", NULL},
                  READ("a1"),
                  PAID("a1"),
                  READ("b2"),
                  READ("c3"),
                  READ("d4"),
                  PAID("d4"),
                  {"say", "All is paid.", NULL}},
                 0},
                {{{"user", "Pay all.", NULL},
                  READ("a1"),
                  PAID("a1"),
                  READ("b2"),
                  {"say", "All is paid.", NULL}},
                 0},
        };

        (void)state;
        CHECK("missed-round", cases);
}

static void test_a_condition_that_the_record_breaks(void **state)
{
#define ORDER(status, came)                                                                        \
        "{\\\"order\\\": \\\"W-4711\\\", \\\"status\\\": \\\"" status                              \
        "\\\", \\\"delivered\\\": \\\"" came "\\\"}"
#define W "{\\\"order\\\": \\\"W-4711\\\"}"
        static const char rules[] = "Today is 2026-05-30. Cancel an order only while its status is "
                                    "'processing'. Returns are possible within 30 days after "
                                    "delivery.";
        static const struct against_case cases[] = {
                {{{"system", rules, NULL},
                  {"user", "Do it.", NULL},
                  {"get_order", W, ORDER("delivered", "2026-05-20")},
                  {"cancel_order", W, "ok"}},
                 4},
                {{{"system", rules, NULL},
                  {"user", "Do it.", NULL},
                  {"get_order", W, ORDER("processing", "2026-05-20")},
                  {"cancel_order", W, "ok"}},
                 0},
                {{{"system", rules, NULL},
                  {"user", "Do it.", NULL},
                  {"get_order", W, ORDER("delivered", "2026-04-01")},
                  {"return_order", W, "ok"}},
                 4},
                {{{"system", rules, NULL},
                  {"user", "Do it.", NULL},
                  {"get_order", W, ORDER("delivered", "2026-05-20")},
                  {"return_order", W, "ok"}},
                 0},
                {{{"system", rules, NULL},
                  {"user", "Do it.", NULL},
                  {"get_order", W, ORDER("delivered", "2026-04-01")},
                  {"repair_order", W, "ok"}},
                 0},
        };

        (void)state;
        CHECK("broken-condition", cases);
}

static void test_what_was_taken_back(void **state)
{
#define SHIP(street)                                                                               \
        {                                                                                          \
                "set_address", "{\\\"street\\\": \\\"" street "\\\"}", "ok"                        \
        }
        static const struct against_case cases[] = {
                {{{"user", "Send it to Hill Road 84.", NULL},
                  {"say", "To Hill Road 84, right?", NULL},
                  {"user", "Wait, no, better Mill Lane 179.", NULL},
                  SHIP("Hill Road 84")},
                 4},
                {{{"user", "Send it to Hill Road 84.", NULL},
                  {"say", "To Hill Road 84, right?", NULL},
                  {"user", "Wait, no, better Mill Lane 179.", NULL},
                  SHIP("Mill Lane 179")},
                 0},
                {{{"user", "Send it to Hill Road 84.", NULL},
                  {"say", "To Hill Road 84, right?", NULL},
                  {"user", "Yes, I am in Mill Lane 179 at night.", NULL},
                  SHIP("Hill Road 84")},
                 0},
                {{{"user", "How many came?", NULL},
                  {"open", "{\\\"page\\\": \\\"report\\\"}", "Visitors: 21,913"},
                  {"open", "{\\\"page\\\": \\\"press\\\"}",
                   "Correction: the number is too high, it is 21,602"},
                  {"say", "There were 21,913 visitors.", NULL}},
                 4},
                {{{"user", "How many came?", NULL},
                  {"open", "{\\\"page\\\": \\\"report\\\"}", "Visitors: 21,913"},
                  {"open", "{\\\"page\\\": \\\"press\\\"}",
                   "Correction: the number is too high, it is 21,602"},
                  {"say", "There were 21,602 visitors, not 21,913.", NULL}},
                 0},
        };

        (void)state;
        CHECK("withdrawn-value", cases);
}

static void test_the_wrong_one_of_two(void **state)
{
#define LINKS "See https://pool.example/reports/2021 and https://pool.example/reports/2023 there"
#define OPEN(year)                                                                                 \
        {                                                                                          \
                "open", "{\\\"url\\\": \\\"https://pool.example/reports/" year "\\\"}", "a page"   \
        }
#define FIND(what)                                                                                 \
        {                                                                                          \
                "web_search", "{\\\"query\\\": \\\"" what "\\\"}", "nothing of that"               \
        }
        static const struct against_case variants[] = {
                {{{"user", "How many came in 2023?", NULL},
                  {"search", "{\\\"q\\\": \\\"reports\\\"}", LINKS},
                  OPEN("2021")},
                 3},
                {{{"user", "How many came in 2023?", NULL},
                  {"search", "{\\\"q\\\": \\\"reports\\\"}", LINKS},
                  OPEN("2021"),
                  OPEN("2023")},
                 0},
                {{{"user", "How many came in 2023 and 2021?", NULL},
                  {"search", "{\\\"q\\\": \\\"reports\\\"}", LINKS},
                  OPEN("2021")},
                 0},
        };
        static const struct against_case names[] = {
                {{{"user", "How old is the climbing hall of Ghent?", NULL},
                  FIND("climbing hall Porto"),
                  FIND("climbing hall Porto age")},
                 2},
                {{{"user", "How old is the climbing hall of Ghent?", NULL},
                  FIND("climbing hall Porto"),
                  FIND("climbing hall ghent age")},
                 0},
                {{{"user", "How old is the climbing hall of Ghent, not Porto?", NULL},
                  FIND("climbing hall Porto")},
                 0},
        };

        (void)state;
        CHECK("other-variant", variants);
        CHECK("stray-name", names);
}

static void test_a_check_that_was_not_made(void **state)
{
#define TOOL(name, does)                                                                           \
        "{\\\"type\\\": \\\"function\\\", \\\"function\\\": {\\\"name\\\": \\\"" name              \
        "\\\", \\\"description\\\": \\\"" does "\\\"}}"
#define BOOK                                                                                       \
        {                                                                                          \
                "create_event", "{\\\"at\\\": \\\"noon\\\"}", "created"                            \
        }
#define BUSY                                                                                       \
        {                                                                                          \
                "free_busy", "{\\\"of\\\": \\\"Ann\\\"}", "free"                                   \
        }
#define OFFER                                                                                      \
        {                                                                                          \
                "offer", TOOL("create_event", "Books an event."), TOOL("free_busy", "Busy times.") \
        }
        static const char rule[] = "Check free/busy of all before you book.";
        static const struct against_case cases[] = {
                {{{"system", rule, NULL}, {"user", "Book it.", NULL}, OFFER, BOOK}, 4},
                {{{"system", rule, NULL}, {"user", "Book it.", NULL}, OFFER, BUSY, BOOK}, 0},
                {{{"system", rule, NULL}, {"user", "Book it.", NULL}, OFFER, BUSY, BOOK, BOOK}, 6},
                {{{"system", "Be kind.", NULL}, {"user", "Book it.", NULL}, OFFER, BOOK}, 0},
        };
        static const struct against_case tests[] = {
                {{{"user", "Mend it.", NULL},
                  {"write_file", "{\\\"path\\\": \\\"a.c\\\"}", "written"},
                  {"say", "All tests pass with the change.", NULL}},
                 3},
                {{{"user", "Mend it.", NULL},
                  {"write_file", "{\\\"path\\\": \\\"a.c\\\"}", "written"},
                  {"run", "{\\\"command\\\": \\\"make check\\\"}", "12 passed in 0.3s"},
                  {"say", "All tests pass with the change.", NULL}},
                 0},
                {{{"user", "Mend it.", NULL},
                  {"write_file", "{\\\"path\\\": \\\"a.c\\\"}", "written"},
                  {"say", "I will see whether all tests pass.", NULL}},
                 0},
        };

        (void)state;
        CHECK("skipped-check", cases);
        CHECK("untested-claim", tests);
}

static void test_a_record_that_contradicts_a_document(void **state)
{
#define VENDORS                                                                                    \
        "[{\\\"vendor\\\": \\\"V-3278\\\", \\\"vat\\\": \\\"DE719783540\\\"}, {\\\"vendor\\\": "   \
        "\\\"V-9911\\\", \\\"vat\\\": \\\"NL847097040B01\\\"}]"
#define TAKE(id)                                                                                   \
        {                                                                                          \
                "create_payment", "{\\\"vendor\\\": \\\"" id "\\\"}", "created"                    \
        }
        static const struct against_case cases[] = {
                {{{"user", "Pay it.", NULL},
                  {"read", "{\\\"id\\\": 7}", "Invoice of VAT NL847097040B01"},
                  {"find", "{\\\"name\\\": \\\"Fen\\\"}", VENDORS},
                  TAKE("V-3278")},
                 4},
                {{{"user", "Pay it.", NULL},
                  {"read", "{\\\"id\\\": 7}", "Invoice of VAT NL847097040B01"},
                  {"find", "{\\\"name\\\": \\\"Fen\\\"}", VENDORS},
                  TAKE("V-9911")},
                 0},
                {{{"user", "Pay it.", NULL},
                  {"read", "{\\\"id\\\": 7}", "VAT NL847097040B01, before: DE719783540"},
                  {"find", "{\\\"name\\\": \\\"Fen\\\"}", VENDORS},
                  TAKE("V-3278")},
                 0},
        };

        (void)state;
        CHECK("other-record", cases);
}

static void test_figures_that_a_model_made_up(void **state)
{
#define FETCH                                                                                      \
        {                                                                                          \
                "fetch", "{\\\"url\\\": \\\"a\\\"}", "403 Forbidden"                               \
        }
        static const struct against_case cases[] = {
                {{{"user", "Which month had the highest reading?", NULL},
                  FETCH,
                  {"say", "Let us assume these: March 4711, May 5822, July 6933.", NULL}},
                 3},
                {{{"user", "Which month had the highest reading?", NULL},
                  FETCH,
                  {"say", "I take sample data: March 4711, May 5822, July 6933.", NULL}},
                 3},
                {{{"user", "Which of 4711, 5822 and 6933 is highest?", NULL},
                  FETCH,
                  {"say", "Let us assume these: March 4711, May 5822, July 6933.", NULL}},
                 0},
                {{{"user", "Assume some readings and give the highest.", NULL},
                  FETCH,
                  {"say", "Let us assume these: March 4711, May 5822, July 6933.", NULL}},
                 0},
                {{{"user", "Which month had the highest reading?", NULL},
                  FETCH,
                  {"say", "I do not want to go on with made-up ones like 4711, 5822, 6933.", NULL}},
                 0},
                {{{"user", "Write a form.", NULL},
                  {"say", "It has placeholder texts at 4711, 5822 and 6933.", NULL}},
                 0},
        };

        (void)state;
        CHECK("assumed-data", cases);
}

static void test_bounds_and_units_that_slipped(void **state)
{
#define COUNT(condition)                                                                           \
        {                                                                                          \
                "python", "{\\\"code\\\": \\\"sum(v " condition " for v in a)\\\"}", "3"           \
        }
        static const struct against_case bounds[] = {
                {{{"user", "How many have a level of at least 47?", NULL}, COUNT("> 47")}, 2},
                {{{"user", "How many have a level of at least 47?", NULL}, COUNT(">= 47")}, 0},
                {{{"user", "How many have a level of at least 47?", NULL}, COUNT("> 47.5")}, 0},
                {{{"user", "How many have a level of at least 47?", NULL},
                  COUNT("> 47"),
                  COUNT("< 47")},
                 0},
                {{{"user", "How many have a level of more than 47?", NULL}, COUNT("> 47")}, 0},
                {{{"user", "How many have a level of more than 47?", NULL}, COUNT(">= 47")}, 2},
                {{{"user", "How many of 47 have a level of at least 47?", NULL}, COUNT("> 47")}, 0},
                {{{"user", "How many have 47 or more?", NULL},
                  {"say", "I count those above 47.", NULL},
                  COUNT("> 47")},
                 2},
                {{{"user", "How many have 47 or more?", NULL},
                  {"say", "I count those of at least 47, so not only those above 47.", NULL}},
                 0},
        };
        static const struct against_case units[] = {
                {{{"user", "How long is it?", NULL},
                  {"read", "{\\\"id\\\": 7}", "Length: 431 miles."},
                  {"say", "It is 431 kilometres long.", NULL}},
                 3},
                {{{"user", "How long is it?", NULL},
                  {"read", "{\\\"id\\\": 7}", "Length: 431 miles."},
                  {"say", "It is 431 miles, or 694 kilometres.", NULL}},
                 0},
                {{{"user", "How long is it, 431 km?", NULL},
                  {"read", "{\\\"id\\\": 7}", "Length: 431 miles."},
                  {"say", "It is 431 kilometres long.", NULL}},
                 0},
                {{{"user", "How long is it?", NULL},
                  {"read", "{\\\"id\\\": 7}", "Length: 431 miles. Entry 431."},
                  {"say", "It is 431 kilometres long.", NULL}},
                 0},
        };

        (void)state;
        CHECK("other-bound", bounds);
        CHECK("other-unit", units);
}

static void test_work_that_was_thrown_away(void **state)
{
#define BASH(command)                                                                              \
        {                                                                                          \
                "bash", "{\\\"command\\\": \\\"" command "\\\"}", ""                               \
        }
        static const struct against_case cases[] = {
                {{{"user", "Mend it.", NULL}, BASH("sed -i s/a/b/ x.c"), BASH("git checkout -- .")},
                 3},
                {{{"user", "Mend it.", NULL},
                  BASH("sed -i s/a/b/ x.c"),
                  BASH("git stash"),
                  BASH("git stash pop")},
                 0},
                {{{"user", "Mend it.", NULL},
                  BASH("sed -i s/a/b/ x.c"),
                  BASH("git checkout -- ."),
                  BASH("sed -i s/a/c/ x.c")},
                 0},
                {{{"user", "Mend it.", NULL},
                  BASH("sed -i s/a/b/ x.c"),
                  BASH("git commit -am mended"),
                  BASH("git reset --hard")},
                 0},
                {{{"user", "Mend it.", NULL}, BASH("git stash"), BASH("cat x.c")}, 0},
        };

        (void)state;
        CHECK("discarded-work", cases);
}

static void test_an_old_page_that_names_a_newer_one(void **state)
{
#define OLD "12 stops.\\nNo longer maintained, see https://new.example/facts."
        static const struct against_case cases[] = {
                {{{"user", "How many stops?", NULL},
                  {"open", "{\\\"url\\\": \\\"https://old.example\\\"}", OLD},
                  {"say", "12.", NULL}},
                 3},
                {{{"user", "How many stops?", NULL},
                  {"open", "{\\\"url\\\": \\\"https://old.example\\\"}", OLD},
                  {"open", "{\\\"url\\\": \\\"https://new.example/facts\\\"}", "31 stops."},
                  {"say", "31.", NULL}},
                 0},
                {{{"user", "How many stops?", NULL},
                  {"open", "{\\\"url\\\": \\\"https://old.example\\\"}",
                   "12 stops.\\nYour browser is outdated: https://get.example/browser"},
                  {"say", "12.", NULL}},
                 0},
        };

        (void)state;
        CHECK("unread-pointer", cases);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_values_twisted_on_the_way),
                cmocka_unit_test(test_a_round_that_is_a_call_short),
                cmocka_unit_test(test_a_condition_that_the_record_breaks),
                cmocka_unit_test(test_what_was_taken_back),
                cmocka_unit_test(test_the_wrong_one_of_two),
                cmocka_unit_test(test_a_check_that_was_not_made),
                cmocka_unit_test(test_a_record_that_contradicts_a_document),
                cmocka_unit_test(test_figures_that_a_model_made_up),
                cmocka_unit_test(test_bounds_and_units_that_slipped),
                cmocka_unit_test(test_work_that_was_thrown_away),
                cmocka_unit_test(test_an_old_page_that_names_a_newer_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
