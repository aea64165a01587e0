/*
 * Root cause of runs in which nothing reports an error: values, labels, instructions, checks.
 * Each case comes with its harmless twin, on which the rule has to stay silent.
 */
#include "query/rca/language.h"
#include "query/rca/rca.h"
#include "tests/unit/rca-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_another_order_than_the_one_named(void **state)
{
        static const char *const orders[] = {"W2378156", "W9911842"};

        (void)state;
        for (int asked = 0; asked < 2; asked++) {
                struct scene s;
                char text[96];
                unsigned r;
                unsigned bad;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                snprintf(text, sizeof(text), "Please cancel order %s.", orders[asked]);
                scene_say(&s, "user", text);
                (void)scene_llm(&s, r, "I look at your orders first");
                (void)scene_tool(&s, r, "get_orders", "{\\\"user\\\": \\\"ada\\\"}",
                                 "[\\\"W2378156\\\", \\\"W9911842\\\"]", NULL);
                bad = scene_llm(&s, r, "I cancel it now");
                (void)scene_tool(&s, r, "cancel_order", "{\\\"order_id\\\": \\\"W9911842\\\"}",
                                 "cancelled", NULL);
                (void)scene_llm(&s, r, "It is cancelled.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "other-value"), asked == 0 ? bad : 0);
                assert_int_equal(scene_blamed_by(&s, "unmet-request"), asked == 0 ? s.n : 0);
                scene_free(&s);
        }
}

static void test_a_figure_under_another_year(void **state)
{
        static const char *const answers[] = {"In 2011: 110,222 people lived there.",
                                              "In 2011: 117,258 people lived there."};

        (void)state;
        for (int right = 0; right < 2; right++) {
                struct scene s;
                unsigned r;
                unsigned bad;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "How many in the second census?");
                (void)scene_llm(&s, r, "I open the page of the town");
                (void)scene_tool(&s, r, "visit", "{\\\"url\\\": \\\"x\\\"}",
                                 "Census 2001: 110,222; 2011: 117,258; 2021: 122,437", NULL);
                bad = scene_llm(&s, r, answers[right]);
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "wrong-label"), right ? 0 : bad);
                scene_free(&s);
        }
}

/* A service dialogue: instructions, two turns of a user, one change. */
static unsigned dialogue(struct scene *s, const char *instructions, const char *first_tool,
                         const char *answer_of_user)
{
        unsigned r;
        unsigned changed;

        scene_begin(s);
        r = scene_root(s, "fail");
        scene_say(s, "system", instructions);
        scene_say(s, "user", "Hello, I need a refund of my last purchase.");
        (void)scene_llm(s, r, "I look it up");
        (void)scene_tool(s, r, first_tool, "{\\\"name\\\": \\\"Ada\\\"}", "ada, one purchase",
                         NULL);
        (void)scene_llm(s, r, "It was a lamp. Shall I refund it?");
        scene_say(s, "user", answer_of_user);
        changed = scene_llm(s, r, "I refund it");
        (void)scene_tool(s, r, "refund_purchase", "{\\\"id\\\": 7}", "refunded", NULL);
        (void)scene_llm(s, r, "It is refunded.");
        scene_end(s);
        return changed;
}

static void test_a_change_wants_a_yes(void **state)
{
        struct scene s;
        unsigned changed;

        (void)state;
        changed = dialogue(&s, "Ask for confirmation before you change anything.", "get_purchases",
                           "Which colour was it?");
        assert_int_equal(scene_blamed_by(&s, "unconfirmed-change"), changed);
        scene_free(&s);
        (void)dialogue(&s, "Ask for confirmation before you change anything.", "get_purchases",
                       "Yes, please.");
        assert_int_equal(scene_blamed_by(&s, "unconfirmed-change"), 0);
        scene_free(&s);
        (void)dialogue(&s, "Be polite.", "get_purchases", "Which colour was it?");
        assert_int_equal(scene_blamed_by(&s, "unconfirmed-change"), 0);
        scene_free(&s);
}

static void test_identity_comes_first(void **state)
{
        static const char rules[] = "Authenticate the user with verify_identity before anything.";
        struct scene s;

        (void)state;
        (void)dialogue(&s, rules, "get_purchases", "Yes, please.");
        assert_true(scene_blamed_by(&s, "unauthenticated-access") != 0);
        scene_free(&s);
        (void)dialogue(&s, rules, "verify_identity", "Yes, please.");
        assert_int_equal(scene_blamed_by(&s, "unauthenticated-access"), 0);
        scene_free(&s);
}

static void test_languages(void **state)
{
        static const struct {
                const char *text;
                enum clew_language want;
        } cases[] = {
                {"What is the balance of my account, please?", CLEW_LANGUAGE_ENGLISH},
                {"Wie hoch ist der Stand auf dem Konto, bitte?", CLEW_LANGUAGE_GERMAN},
                {"Quel est le solde du compte, s'il vous pla\xc3\xaet ?", CLEW_LANGUAGE_FRENCH},
                {"\xc2\xbf"
                 "Cu\xc3\xa1l es el saldo de la cuenta, por favor?",
                 CLEW_LANGUAGE_SPANISH},
                {"\xd0\x9a\xd0\xb0\xd0\xba\xd0\xbe\xd0\xb9 \xd0\xb1\xd0\xb0\xd0\xbb\xd0\xb0"
                 "\xd0\xbd\xd1\x81?",
                 CLEW_LANGUAGE_CYRILLIC},
                {"ok", CLEW_LANGUAGE_UNKNOWN},
                {"", CLEW_LANGUAGE_UNKNOWN},
                {"4711 \xc3", CLEW_LANGUAGE_UNKNOWN},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                if (clew_language_of(clew_slice_of_cstr(cases[i].text)) != cases[i].want)
                        fail_msg("%s", cases[i].text);
        }
        assert_true(clew_language_is_named(CLEW_LANGUAGE_GERMAN,
                                           CLEW_SLICE_LITERAL("Answer in german.")));
}

/* A tool that hangs is a finding; a model that thinks for long is one to look at, if that. */
static void test_what_took_long(void **state)
{
        (void)state;
        for (int model = 0; model < 2; model++) {
                struct scene s;
                unsigned r;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "How high is the mountain?");
                for (int i = 0; i < 5; i++) {
                        s.lasts = i == 3 && model ? 200 : 0;
                        (void)scene_llm(&s, r, i < 3 ? "I look it up." : "I look further.");
                        s.lasts = i == 3 && !model ? 200 : 0;
                        (void)scene_tool(&s, r, "visit", "{\\\"page\\\": 4}", "a page", NULL);
                }
                (void)scene_llm(&s, r, "It is high.");
                scene_end(&s);
                assert_int_not_equal(scene_blamed_by(&s, "sibling-outlier"), 0);
                for (uint32_t i = 0; model && i < s.why.n_findings; i++)
                        assert_string_not_equal(scene_rule(&s, i), "sibling-outlier");
                scene_free(&s);
        }
}

static void test_an_answer_in_another_language(void **state)
{
        static const struct {
                const char *question;
                const char *first_answer;
                bool blamed;
        } cases[] = {
                {"What is the balance of the account, please, and what can I do with it?",
                 "You can pay with it, and you can save what is on it.", true},
                /* Speaks nothing else: a matter of taste. */
                {"What is the balance of the account, please, and what can I do with it?",
                 "Sie haben 7, und das ist nicht viel.", false},
                {"Translate: what is the balance of the account, and what can I do with it?",
                 "You can pay with it, and you can save what is on it.", false},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct scene s;
                unsigned r;
                unsigned bad;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", cases[i].question);
                (void)scene_llm(&s, r, cases[i].first_answer);
                scene_say(&s, "user", "And what is on it now, to the last cent that you can see?");
                bad = scene_llm(&s, r, "Der Stand auf dem Konto ist nicht zu sehen.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "other-language"), cases[i].blamed ? bad : 0);
                scene_free(&s);
        }
}

static void test_a_failed_check_is_left_so(void **state)
{
        static const struct {
                const char *says;
                const char *then; /* a later check, or NULL */
                bool blamed;
        } cases[] = {
                {"All tests pass, I am done with it.", NULL, true},
                {"Two tests failed, I could not fix them.", NULL, false},
                {"I run them again.", "===== 42 passed in 1.1s =====", false},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct scene s;
                unsigned r;
                unsigned bad;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Mend the parser.");
                (void)scene_llm(&s, r, "I run the tests of the parser");
                (void)scene_tool(&s, r, "bash", "{\\\"command\\\": \\\"pytest | tail\\\"}",
                                 "===== 2 failed, 40 passed in 1.2s =====", NULL);
                bad = scene_llm(&s, r, cases[i].says);
                if (cases[i].then)
                        (void)scene_tool(&s, r, "bash", "{\\\"command\\\": \\\"pytest -q\\\"}",
                                         cases[i].then, NULL);
                (void)scene_llm(&s, r, "The work on the parser is finished.");
                scene_end(&s);
                if (cases[i].blamed)
                        assert_int_equal(scene_blamed_by(&s, "ignored-failure"), bad);
                for (uint32_t k = 0; k < s.signs.n; k++) {
                        const struct clew_finding *f =
                                s.signs.items[k].of ? s.signs.items[k].of[CLEW_RULE_IGNORED_FAILURE]
                                                    : NULL;

                        if (f)
                                assert_int_equal(f->strength > 0.5, cases[i].blamed);
                }
                scene_free(&s);
        }
}

/* A graph without agent spans: two nodes, called in turn; the second relays what the first wrote.
 */
static void test_nodes_are_agents(void **state)
{
        static const char report[] = "The revenue of the three companies grew in the year before "
                                     "last, fell in the last one, and will grow again in the next, "
                                     "as all of their reports say.";
        struct scene s;
        unsigned r;
        unsigned node;

        (void)state;
        scene_begin(&s);
        r = scene_span(&s, 0, "CHAIN", "graph", 100000);
        scene_span_end(&s, NULL, "fail");
        node = scene_step(&s, r, "writer", NULL);
        scene_say(&s, "user", "Write it.");
        (void)scene_llm(&s, node, report);
        node = scene_step(&s, r, "chief", NULL);
        clew_buffer_clear(&s.history);
        s.turns = 0;
        scene_say(&s, "user", "Pass on what the writer wrote.");
        (void)scene_llm(&s, node, report);
        scene_end(&s);
        for (uint32_t i = 0; i < s.why.view->n_steps; i++) {
                const struct clew_rca_step *step = &s.why.view->steps[i];

                if (step->kind == CLEW_RCA_LLM)
                        assert_int_equal(step->prev_llm, CLEW_RCA_NONE);
        }
        assert_int_equal(scene_blamed_by(&s, "near-duplicate"), 0);
        scene_free(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_another_order_than_the_one_named),
                cmocka_unit_test(test_a_figure_under_another_year),
                cmocka_unit_test(test_a_change_wants_a_yes),
                cmocka_unit_test(test_identity_comes_first),
                cmocka_unit_test(test_languages),
                cmocka_unit_test(test_what_took_long),
                cmocka_unit_test(test_an_answer_in_another_language),
                cmocka_unit_test(test_a_failed_check_is_left_so),
                cmocka_unit_test(test_nodes_are_agents),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
