/*
 * Root cause: sentences that strangers' runs showed to be false or to mislead, each beside a twin
 * in which the same rule has to speak: commands that the task prescribes, streams of a shell, ids
 * in two cases of letters, people who speak of errors, pages that correct something else.
 */
#include "query/rca/deeds.h"
#include "tests/unit/rca-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SLICE(text) clew_slice_of_cstr(text)

struct sentence_case {
        struct scene_turn turns[SCENE_TURNS_MAX];
        const char *says; /* what stands in the rule's sentence; NULL = it is silent */
};

static void check(const char *rule, const struct sentence_case *cases, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                struct scene s;
                unsigned spans[SCENE_TURNS_MAX];
                struct clew_slice said;

                scene_play(&s, cases[i].turns, spans);
                said = scene_said_by(&s, rule);
                if (cases[i].says ? clew_text_find(said, cases[i].says) < 0 : said.len > 0)
                        fail_msg("%s, case %zu: \"%.*s\"", rule, i, (int)said.len,
                                 (const char *)said.data);
                scene_free(&s);
        }
}

#define CHECK(rule, cases) check(rule, cases, sizeof(cases) / sizeof(cases[0]))

/* In lower case, as the words of a sentence are looked for. */
#define OF_ALL "no user spoke of all"

static void test_everything_that_was_asked_for(void **state)
{
#define ADD "{\\\"command\\\": \\\"echo DONE && git add -A && git diff --cached\\\"}"
#define HAND_IN "{\\\"command\\\": \\\"echo SUBMIT_OUTPUT && git add -A && git diff\\\"}"
#define HAND_IN_AND_PUSH "{\\\"command\\\": \\\"echo SUBMIT_OUTPUT && git add -A && git push\\\"}"
#define REMOVE "{\\\"scope\\\": \\\"all\\\"}"
        static const struct sentence_case cases[] = {
                {{{"user", "Mend the parser.", NULL}, {"bash", ADD, "diff"}}, OF_ALL},
                {{{"user", "Mend it. Submit with `echo DONE && git add -A && git diff --cached`.",
                   NULL},
                  {"bash", ADD, "diff"}},
                 NULL},
                {{{"system", "At the end: git add -A; git commit.", NULL},
                  {"user", "Mend the parser.", NULL},
                  {"bash", ADD, "diff"}},
                 NULL},
                {{{"bash", ADD, "diff"}}, NULL}, /* what was asked for is not known */
                {{{"user", "Mend the parser.", NULL}, {"bash", HAND_IN, "diff"}}, NULL},
                {{{"user", "Mend the parser.", NULL}, {"bash", HAND_IN_AND_PUSH, "diff"}}, OF_ALL},
                {{{"user", "Remove the small lamps, please.", NULL},
                  {"delete_lamps", REMOVE, "ok"}},
                 OF_ALL},
                {{{"user", "Remove the lamps. All.", NULL}, {"delete_lamps", REMOVE, "ok"}}, NULL},
                {{{"user", "Remove the lamps of\\neach, without a rest.", NULL},
                  {"delete_lamps", REMOVE, "ok"}},
                 NULL},
                {{{"user", "Remove every lamp.", NULL}, {"delete_lamps", REMOVE, "ok"}}, NULL},
        };

        static const struct sentence_case changes[] = {
                {{{"user", "Mend the parser.", NULL}, {"bash", HAND_IN, "diff"}}, NULL},
                {{{"user", "Mend the parser.", NULL}, {"bash", ADD, "diff"}}, "the first change"},
        };

        (void)state;
        CHECK("wide-action", cases);
        CHECK("first-change", changes);
}

static void test_streams_of_a_shell(void **state)
{
#define RUN(how) "{\\\"command\\\": \\\"pytest -q -k encoding" how "\\\"}"
        static const struct sentence_case cases[] = {
                {{{"user", "The encoding 0 is ignored.", NULL}, {"bash", RUN(" 2>&1"), "1 failed"}},
                 NULL},
                {{{"user", "The encoding 0 is ignored.", NULL},
                  {"bash", RUN(" 2>/dev/null"), "1 failed"}},
                 NULL},
                {{{"user", "The encoding 0 is ignored.", NULL}, {"bash", RUN("=2"), "1 failed"}},
                 "with encoding 2; the user said encoding 0"},
        };

        (void)state;
        CHECK("asked-value", cases);
}

static void test_ids_in_two_cases(void **state)
{
#define MOVE(id) "{\\\"id\\\": \\\"" id "\\\"}"
        static const struct sentence_case cases[] = {
                {{{"user", "Move it.", NULL},
                  {"move_lamp", MOVE("l1234"), "moved"},
                  {"sell_lamp", MOVE("L1234"), "Error: L1234 is not for sale"}},
                 NULL},
                {{{"user", "Move it.", NULL},
                  {"move_lamp", MOVE("L1234"), "moved"},
                  {"sell_lamp", MOVE("L1234"), "Error: L1234 is not for sale"}},
                 "(sell_lamp), which has it, too, was refused"},
        };

        (void)state;
        CHECK("own-change", cases);
}

static void test_what_holds_nothing(void **state)
{
        (void)state;
        assert_false(clew_text_is_empty_result(SLICE("{\"message\": \"Marked as complete.\"}")));
        assert_false(clew_text_is_empty_result(
                SLICE("{\"message\": \"Your access token is missing or expired.\"}")));
        assert_false(clew_text_is_empty_result(SLICE("{\"note\": \"Sent.\", \"hint\": \"ok\"}")));
        assert_true(clew_text_is_empty_result(SLICE("{\"message\": \"No results\"}")));
        assert_true(clew_text_is_empty_result(SLICE("{\"message\": \"\"}")));
        assert_true(clew_text_is_empty_result(SLICE("{\"message\": null}")));
        assert_true(
                clew_text_is_empty_result(SLICE("{\"items\": [], \"hint\": \"Try other words\"}")));
        assert_true(
                clew_text_is_empty_result(SLICE("{\"hint\": \"Try other words\", \"items\": []}")));
}

static void test_after_nothing(void **state)
{
#define FIND(what) "{\\\"name\\\": \\\"" what "\\\"}"
        static const struct sentence_case cases[] = {
                {{{"user", "Call Ada.", NULL},
                  {"find_number", FIND("Ada"), "[]"},
                  {"say", "It is 3155673041.", NULL}},
                 "(find_number) returned nothing"},
                {{{"user", "Call Ada.", NULL},
                  {"find_number", FIND("Ada"), "Error: contact not found"},
                  {"say", "It is 3155673041.", NULL}},
                 "(find_number) failed"},
                /* something was found after all, whatever it was */
                {{{"user", "Call Ada.", NULL},
                  {"find_number", FIND("Ada"), "[]"},
                  {"find_number", FIND("Ada L."), "{\\\"number\\\": \\\"3155673042\\\"}"},
                  {"say", "Her key is K-7731-B.", NULL}},
                 NULL},
        };

        (void)state;
        CHECK("empty-result-used", cases);
}

static void test_pages_that_correct_something_else(void **state)
{
#define SEARCH(what) "{\\\"query\\\": \\\"" what "\\\"}"
#define REPORT "In 2017 the tram network carried on average 52,210 passengers a day."
#define REVISED                                                                                    \
        "Six pages about the tram network and its passengers were found for these words, the "     \
        "newest of them last.\\n\\n1. Archive\\nA revised edition with corrected tables "          \
        "appeared.\\n\\n2. Archive\\nhttps://en.example/wiki/90283\\nPassengers waited for "       \
        "the tram network on 61,400 seats."
        static const struct sentence_case cases[] = {
                {{{"user", "How many passengers?", NULL},
                  {"search", SEARCH("trams"), REPORT},
                  {"search", SEARCH("tram archive"), REVISED},
                  {"say", "52,210 passengers.", NULL}},
                 NULL},
                {{{"user", "How many passengers?", NULL},
                  {"search", SEARCH("trams"), REPORT},
                  {"search", SEARCH("tram archive"),
                   "Corrected: the tram network carried 61,400 passengers a day."},
                  {"say", "52,210 passengers.", NULL}},
                 "says 61,400"},
                {{{"user", "How many passengers?", NULL},
                  {"search", SEARCH("trams"), "52 passengers a tram."},
                  {"search", SEARCH("tram archive"),
                   "Revised 27 September 2019: passengers of a tram, "
                   "https://en.example/passengers/61"},
                  {"say", "52 passengers.", NULL}},
                 NULL},
        };

        (void)state;
        CHECK("withdrawn-value", cases);
}

static void test_names_of_one_kind(void **state)
{
        static const struct sentence_case cases[] = {
                {{{"user", "In which city was the author born who won the 2000 Meridian Prize?",
                   NULL},
                  {"search", SEARCH("author Henrike Voss born city biography"), "Nothing."}},
                 NULL},
                {{{"user", "In which city was the author Lena Winter born?", NULL},
                  {"search", SEARCH("birth city author Henrike Voss"), "Nothing."}},
                 "the user said lena"},
                {{{"user", "In which city was the author Winter born?", NULL},
                  {"search", SEARCH("birth city author Voss"), "Nothing."}},
                 "the user said winter"},
        };

        (void)state;
        CHECK("stray-name", cases);
}

static void test_what_tests_are_of(void **state)
{
#define TEST                                                                                       \
        {                                                                                          \
                "bash", "{\\\"command\\\": \\\"pytest -q\\\"}", "12 passed in 0.2s"                \
        }
#define BASH(line, out)                                                                            \
        {                                                                                          \
                "bash", "{\\\"command\\\": \\\"" line "\\\"}", out                                 \
        }
#define EDIT BASH("sed -i s/a/b/ a.py && head -1 a.py", "b = 1")
#define DONE                                                                                       \
        {                                                                                          \
                "say", "All tests pass now.", NULL                                                 \
        }
        static const struct sentence_case cases[] = {
                {{{"user", "Mend it.", NULL}, EDIT, TEST, EDIT, DONE}, "after the change"},
                {{{"user", "Mend it.", NULL},
                  EDIT,
                  TEST,
                  BASH("pip install hypothesis", "Successfully installed"),
                  DONE},
                 NULL},
                {{{"user", "Mend it.", NULL},
                  EDIT,
                  TEST,
                  BASH("cd /src && pip install hypothesis && sed -i s/b/c/ a.py", "Installed"),
                  DONE},
                 "after the change"},
        };

        (void)state;
        CHECK("untested-claim", cases);
}

/* Packages are no part of the work: who installed them is not who made the first change. */
static void test_what_is_set_up(void **state)
{
        static const struct sentence_case first[] = {
                {{{"user", "Mend it.", NULL}, BASH("pip install x", "Installed"), EDIT},
                 "step 4 made a change"}, /* not the first one of all */
                {{{"user", "Mend it.", NULL}, EDIT, BASH("pip install x", "Installed")},
                 "step 2 made the first change"},
                {{{"user", "Mend it.", NULL}, BASH("pip install x", "Installed")}, NULL},
        };
        static const struct sentence_case later[] = {
                {{{"user", "Mend it.", NULL}, EDIT, BASH("pip install x", "Installed")}, NULL},
                {{{"user", "Mend it.", NULL}, EDIT, EDIT}, "step 4 made a change"},
        };
        static const char *const setups[] = {"pip install x", "cd /src && pip install -e . 2>&1",
                                             "apt-get update; apt-get install -y jq",
                                             "```sh\npip install x\n```"};
        static const char *const others[] = {"pip install x && sed -i s/a/b/ c",
                                             "sed -i s/a/b/ c",
                                             "pip install x\nrm -rf src",
                                             "ls",
                                             "",
                                             "echo pip install x > notes.txt"};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(setups); i++)
                assert_true(clew_shell_only_sets_up(SLICE(setups[i])));
        for (size_t i = 0; i < CLEW_ARRAY_LEN(others); i++)
                assert_false(clew_shell_only_sets_up(SLICE(others[i])));
        assert_true(clew_deed_only_sets_up(SLICE("{\"command\": \"npm ci\"}")));
        assert_false(clew_deed_only_sets_up(SLICE("{}")));
        CHECK("first-change", first);
        CHECK("later-change", later);
}

static void test_who_could_not_look(void **state)
{
#define PROFILE                                                                                    \
        "{\\\"first_name\\\": \\\"Glenn\\\", \\\"email\\\": \\\"glenn@example.com\\\", "           \
        "\\\"phone_number\\\": \\\"3155673041\\\"}"
        static const struct sentence_case cases[] = {
                {{{"user", "The number of my brother, please.", NULL},
                  {"show_profile", "{}", PROFILE},
                  {"say", "I could not log in to the phone. The number could not be found.", NULL}},
                 NULL},
                {{{"user", "The number of Glenn, please.", NULL},
                  {"show_profile", "{}", PROFILE},
                  {"say", "The number could not be found.", NULL}},
                 "had just returned"},
        };

        (void)state;
        CHECK("unused-evidence", cases);
}

static void test_people_who_speak_of_errors(void **state)
{
        static const struct sentence_case cases[] = {
                {{{"user", "A planner for seats.", NULL},
                  {"say", "I propose a page with a table.", NULL},
                  {"user", "Invalid input should print a message, and not end the program.", NULL},
                  {"say", "Agreed.", NULL}},
                 NULL},
                {{{"user", "A planner for seats.", NULL},
                  {"say", "I propose a page with a table.", NULL},
                  {"user", "Failed imports: we ask again.", NULL},
                  {"say", "Agreed.", NULL}},
                 NULL},
                {{{"user", "A planner for seats.", NULL},
                  {"say", "I try it.\\n```py\\nimport seats\\n```", NULL},
                  {"user", "ModuleNotFoundError: No module named 'seats'", NULL},
                  {"say", "Agreed.", NULL}},
                 "ended in an error"},
        };

        (void)state;
        CHECK("error-origin", cases);
        CHECK("error-response", ((const struct sentence_case[]){cases[0], cases[1]}));
}

static void test_farewells(void **state)
{
#define LONG_DIALOGUE(text, farewell)                                                              \
        {                                                                                          \
                {"user", "Move my booking, please.", NULL}, {"say", "To which day?", NULL},        \
                        {"user", "To Friday, please.", NULL}, {"say", text, NULL},                 \
                        {"user", "Thank you.", NULL}, {"say", farewell, NULL},                     \
                        {"user", "That is all.", NULL},                                            \
                {                                                                                  \
                        "say", "You are welcome. Have a good day.", NULL                           \
                }                                                                                  \
        }
#define SUBMIT "{\\\"command\\\": \\\"git diff\\\"}"
        struct scene s;
        unsigned spans[SCENE_TURNS_MAX];
        static const struct scene_turn talk[SCENE_TURNS_MAX] = LONG_DIALOGUE(
                "It is on Friday now.", "Glad to help. I am here if something comes up.");
        static const struct scene_turn more[SCENE_TURNS_MAX] =
                LONG_DIALOGUE("It is on Friday now.", "My pleasure. It costs 14 euros more.");
        static const struct sentence_case answers[] = {
                {{{"user", "Mend it.", NULL},
                  {"bash", SUBMIT, "diff"},
                  {"user", "Thank you.", NULL},
                  {"say", "Glad to help. Tell me if you need anything else.", NULL}},
                 "before the farewell"},
                {{{"user", "Which day is it?", NULL},
                  {"bash", SUBMIT, "Friday"},
                  {"say", "It is Friday.", NULL}},
                 "wrote the answer of the run"},
        };

        (void)state;
        scene_play(&s, talk, spans);
        assert_int_equal(scene_blamed_by(&s, "last-answer"), spans[3]);
        scene_free(&s);
        scene_play(&s, more, spans);
        assert_int_equal(scene_blamed_by(&s, "last-answer"), spans[5]);
        scene_free(&s);
        CHECK("answer-call", answers);
}

static void test_the_last_text_of_a_talk(void **state)
{
        static const struct sentence_case cases[] = {
                {{{"user", "Where are the lamps?", NULL},
                  {"say", "In the hall.", NULL},
                  {"user", "What else is there?", NULL},
                  {"say", "Some of these look worth reading.", NULL}},
                 "wrote the last text"},
                {{{"user", "Where are the lamps?", NULL},
                  {"say", "In the hall.", NULL},
                  {"user", "What else is there?", NULL},
                  {"say", "Enough said. TERMINATE", NULL}},
                 "made the last call"},
        };

        (void)state;
        CHECK("last-answer", cases);
}

static void test_who_has_to_say_yes(void **state)
{
#define CHANGED_AFTER(instructions, tool)                                                          \
        {                                                                                          \
                {"system", instructions, NULL}, {"user", "The reading is 41441.", NULL},           \
                        {"say", "Which meter?", NULL},                                             \
                        {"user", "The one in the hall. Am I talking to a machine?", NULL},         \
                {                                                                                  \
                        tool, "{\\\"meter\\\": \\\"hall\\\"}", "ok"                                \
                }                                                                                  \
        }
        static const struct sentence_case cases[] = {
                {CHANGED_AFTER("Before you end, go through the list. Confirm each item.",
                               "set_reading"),
                 NULL},
                {CHANGED_AFTER("Use set_reading; only what a tool has confirmed is done.",
                               "set_reading"),
                 NULL},
                {CHANGED_AFTER("Obtain explicit confirmation of the customer.", "log_contact"),
                 NULL},
                {CHANGED_AFTER("Obtain explicit confirmation of the customer.", "add_note"), NULL},
                {CHANGED_AFTER("Obtain explicit confirmation of the customer.", "set_reading"),
                 "without a yes"},
                {CHANGED_AFTER("Confirm every change before you make it.", "set_reading"),
                 "without a yes"},
                {CHANGED_AFTER("Never change anything the user has not confirmed.", "set_reading"),
                 "without a yes"},
        };

        (void)state;
        CHECK("unconfirmed-change", cases);
}

static void test_what_is_quoted(void **state)
{
#define TOOL(name)                                                                                 \
        "{\\\"name\\\": \\\"" name "\\\", \\\"parameters\\\": {\\\"type\\\": \\\"object\\\"}}"
        static const struct sentence_case cases[] = {
                {{{"user", "My new street is Mill Lane 57, Ulm.", NULL},
                  {"offer", TOOL("change_address"), TOOL("list_days")},
                  {"say", "Good. I have changed the address.", NULL}},
                 "says \"i have changed"},
        };

        (void)state;
        CHECK("undone-claim", cases);
}

static void test_no_match_without_a_status(void **state)
{
#define GREP "{\\\"command\\\": \\\"grep -rn 'deprecated' src\\\"}"
        static const struct {
                const char *result;
                const char *error;
                bool told;
        } cases[] = {
                {"", "error", false},
                {"grep: src: No such file or directory", "error", true},
                {"", "Timeout after 8 s", true},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct scene s;
                unsigned r;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Mend it.");
                (void)scene_llm(&s, r, "I look.");
                (void)scene_tool(&s, r, "bash", GREP, cases[i].result, cases[i].error);
                (void)scene_llm(&s, r, "I do it otherwise.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "error-response") != 0, cases[i].told);
                scene_free(&s);
        }
}

static void test_a_part_that_a_plan_lost(void **state)
{
#define FILMS "How many films did Alma Verstegen release up to 1998, without reprints?"
#define LOOKS                                                                                      \
        {                                                                                          \
                "search", "{\\\"query\\\": \\\"Alma Verstegen films\\\"}",                         \
                        "A Far Bell, One Quiet Field"                                              \
        }
        static const struct sentence_case cases[] = {
                {{{"user", FILMS, NULL},
                  {"say",
                   "1. Find the films that Alma Verstegen did release.\\n2. Leave out reprints.",
                   NULL},
                  LOOKS,
                  {"say", "9 films.", NULL}},
                 "without \"1998\" of the request"},
                /* the number came later */
                {{{"user", FILMS, NULL},
                  {"say",
                   "1. Find the films that Alma Verstegen did release.\\n2. Leave out reprints.",
                   NULL},
                  LOOKS,
                  {"say", "Until 1998 there are 9 films.", NULL}},
                 NULL},
                {{{"user", FILMS, NULL},
                  {"say",
                   "1. Find the films that Alma Verstegen did release.\\n2. Stop in 1998, leave "
                   "out "
                   "a reprint.",
                   NULL},
                  LOOKS,
                  {"say", "9 films.", NULL}},
                 NULL},
                /* who says nothing again has no plan of it */
                {{{"user", FILMS, NULL},
                  {"say", "1. Look.\\n2. Answer.", NULL},
                  LOOKS,
                  {"say", "9 films.", NULL}},
                 NULL},
        };

        (void)state;
        CHECK("lost-part", cases);
}

static void test_a_part_of_a_page(void **state)
{
#define BARS                                                                                       \
        "The viewport shows 32% of the webpage. Harbour Bar - Old Tavern - Red Lion - Moon Cellar"
        static const struct sentence_case cases[] = {
                {{{"user", "Which bar of Vigo is the closest?", NULL},
                  {"visit", "{\\\"url\\\": \\\"https://vigo.example\\\"}", BARS},
                  {"say", "They are Harbour Bar, Old Tavern, Moon Cellar, and Red Lion.", NULL}},
                 "the next action does not read on; the request asks for \"closest\""},
                {{{"user", "Is there a bar in Vigo?", NULL},
                  {"visit", "{\\\"url\\\": \\\"https://vigo.example\\\"}", BARS},
                  {"say", "There are Harbour Bar, Old Tavern, Moon Cellar, and Red Lion.", NULL}},
                 NULL},
                {{{"user", "Which bar of Vigo is the closest?", NULL},
                  {"visit", "{\\\"url\\\": \\\"https://vigo.example\\\"}", BARS},
                  {"page_down", "{}",
                   "The viewport shows 60% of the webpage, at the bottom of it."},
                  {"say", "They are Harbour Bar, Old Tavern, Moon Cellar, and Red Lion.", NULL}},
                 NULL},
                {{{"user", "Which bar of Vigo is the closest?", NULL},
                  {"visit", "{\\\"url\\\": \\\"https://vigo.example\\\"}", BARS},
                  {"say", "It is the Harbour Bar.", NULL}},
                 NULL},
        };

        (void)state;
        CHECK("cut-result", cases);
}

static void test_notes_are_no_change(void **state)
{
        static const struct sentence_case cases[] = {
                {{{"user", "What does it say?", NULL},
                  {"take_note", "{\\\"text\\\": \\\"begun\\\"}", "saved"},
                  {"say", "Nothing.", NULL}},
                 NULL},
                {{{"user", "What does it say?", NULL},
                  {"log_contact", "{\\\"text\\\": \\\"begun\\\"}", "created"},
                  {"set_order", "{\\\"id\\\": \\\"R-4411\\\"}", "saved"},
                  {"say", "Nothing.", NULL}},
                 "made the first change (set_order)"},
        };

        (void)state;
        CHECK("first-change", cases);
}

static void test_errors_that_are_none(void **state)
{
        static const struct sentence_case cases[] = {
                {{{"user", "Tidy it.", NULL},
                  {"bash", "{\\\"command\\\": \\\"python -m flake8 a.py\\\"}",
                   "a.py:41:80: E501 error: line too long\\n[exit code: 1]"},
                  {"say", "There is one.", NULL}},
                 NULL},
                {{{"user", "Tidy it.", NULL},
                  {"bash", "{\\\"command\\\": \\\"python -m flake8 a.py\\\"}",
                   "/usr/bin/python: No module named flake8\\n[exit code: 1]"},
                  {"say", "There is none.", NULL}},
                 "ended in an error"},
                {{{"user", "Mend it.", NULL},
                  {"bash", "{\\\"command\\\": \\\"python reproduce.py\\\"}",
                   "Traceback (most recent call last):\\nValueError: bad date\\n[exit code: 1]"},
                  {"say", "So it is.", NULL}},
                 NULL},
                {{{"user", "Mend it.", NULL},
                  {"bash", "{\\\"command\\\": \\\"python reproduce.py\\\"}",
                   "Traceback (most recent call last):\\nValueError: bad date\\n[exit code: 1]"},
                  {"bash", "{\\\"command\\\": \\\"python reproduce.py -v\\\"}",
                   "Traceback (most recent call last):\\nTypeError: no date\\n[exit code: 1]"},
                  {"say", "So it is.", NULL}},
                 "step 4 asked for bash"},
        };

        (void)state;
        CHECK("error-origin", cases);
}

static void test_what_a_model_may_choose(void **state)
{
#define SUM "{\\\"expression\\\": \\\"6677\\\"}"
        static const struct sentence_case cases[] = {
                {{{"user", "How many came?", NULL},
                  {"find_page", "{}", "39541 came in 1920"},
                  {"calculator", SUM, "148.377778"},
                  {"say", "39541 came.", NULL}},
                 NULL},
                {{{"user", "How many came?", NULL},
                  {"find_page", "{}", "39541 came in 1920"},
                  {"calculator", SUM, "148.377778"},
                  {"say", "So 148.4 came.", NULL}},
                 "gives 6677"},
                {{{"user", "How many came?", NULL},
                  {"find_page", "{}", "39541 came in 1920"},
                  {"scroll", "{\\\"amount\\\": 1400}", "more"},
                  {"say", "39541 came.", NULL}},
                 NULL},
                {{{"user", "How many came?", NULL},
                  {"find_page", "{}", "39541 came in 1920"},
                  {"send_money", "{\\\"amount\\\": 1477}", "sent"},
                  {"say", "39541 came.", NULL}},
                 "gives 1477"},
        };

        (void)state;
        CHECK("ungrounded-value", cases);
}

static void test_what_only_looks(void **state)
{
        static const struct sentence_case cases[] = {
                {{{"user", "How many?", NULL}, {"calculator", SUM, "12"}}, NULL},
                {{{"user", "How many?", NULL}, {"snapshot", "{}", "a page"}}, NULL},
                {{{"user", "How many?", NULL}, {"browser_snapshot", "{}", "a page"}}, NULL},
                {{{"user", "How many?", NULL}, {"snapshot_volume", "{}", "a disk"}},
                 "snapshot_vol"},
                {{{"user", "How many?", NULL}, {"mixer", "{}", "12"}}, "called mixer"},
        };

        (void)state;
        CHECK("unclear-action", cases);
}

static void test_pictures_for_the_moment(void **state)
{
#define PLOT(where) "{\\\"code\\\": \\\"sizes.plot.bar(); plt.savefig('" where "')\\\"}"
        static const struct sentence_case cases[] = {
                {{{"user", "How many?", NULL}, {"python", PLOT("/tmp/look.png"), "Figure"}}, NULL},
                {{{"user", "How many?", NULL}, {"python", PLOT("report.png"), "Figure"}},
                 "the first change (python)"},
                {{{"user", "How many?", NULL},
                  {"python", PLOT("/tmp/a.png'); plt.savefig('report.png"), "Figure"}},
                 "the first change (python)"},
        };

        (void)state;
        CHECK("first-change", cases);
}

static void test_what_goes_to_an_agent(void **state)
{
        (void)state;
        for (int agent = 0; agent < 2; agent++) {
                struct scene s;
                unsigned r;
                unsigned asked;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "A sentence on lamps.");
                asked = scene_call(&s, r, "create_text", "{\\\"task\\\": \\\"Write it.\\\"}",
                                   "Lamps are lit.");
                if (agent) {
                        (void)scene_span(&s, r, "AGENT", "create_text.run", 5);
                        scene_attribute(&s, "agent.name", "create_text");
                        scene_span_end(&s, NULL, NULL);
                }
                (void)scene_llm(&s, r, "Lamps are lit.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "first-change"), asked);
                assert_true(clew_text_find(scene_said_by(&s, "first-change"),
                                           agent ? "handed a task" : "the first change") >= 0);
                scene_free(&s);
        }
}

static void test_watching(void **state)
{
#define GET "{\\\"args\\\": \\\"get deploy router\\\"}"
#define WATCH(tool, args, a, b, c)                                                                 \
        {                                                                                          \
                {"user", "Scale it.", NULL}, {tool, args, a}, {tool, args, b},                     \
                {                                                                                  \
                        tool, args, c                                                              \
                }                                                                                  \
        }
#define ASK "{\\\"q\\\": \\\"history of the old lamps\\\"}"
        static const struct sentence_case queries[] = {
                {WATCH("kubectl", GET, "router 3 of 5, all that is ready by now: 3",
                       "router 3 of 5, all that is ready by now: 4",
                       "router 5 of 5, all that is ready by now: 5"),
                 NULL},
                {WATCH("web_search", ASK, "lamps have been lit since 1920 in the whole town",
                       "lamps have been lit since 1921 in the whole town",
                       "lamps have been lit since 1922 in the whole town"),
                 "3 times"},
        };
        static const struct sentence_case actions[] = {
                {WATCH("kubectl", GET, "3 of 5", "4 of 5", "5 of 5"), NULL},
                {WATCH("list_pods", ASK, "3 of 5", "4 of 5", "5 of 5"), "3 times"},
        };

        (void)state;
        CHECK("repeated-query", queries);
        CHECK("repeated-action", actions);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_everything_that_was_asked_for),
                cmocka_unit_test(test_streams_of_a_shell),
                cmocka_unit_test(test_ids_in_two_cases),
                cmocka_unit_test(test_what_holds_nothing),
                cmocka_unit_test(test_after_nothing),
                cmocka_unit_test(test_pages_that_correct_something_else),
                cmocka_unit_test(test_names_of_one_kind),
                cmocka_unit_test(test_what_tests_are_of),
                cmocka_unit_test(test_what_is_set_up),
                cmocka_unit_test(test_who_could_not_look),
                cmocka_unit_test(test_people_who_speak_of_errors),
                cmocka_unit_test(test_farewells),
                cmocka_unit_test(test_the_last_text_of_a_talk),
                cmocka_unit_test(test_who_has_to_say_yes),
                cmocka_unit_test(test_what_is_quoted),
                cmocka_unit_test(test_no_match_without_a_status),
                cmocka_unit_test(test_a_part_that_a_plan_lost),
                cmocka_unit_test(test_a_part_of_a_page),
                cmocka_unit_test(test_notes_are_no_change),
                cmocka_unit_test(test_errors_that_are_none),
                cmocka_unit_test(test_what_a_model_may_choose),
                cmocka_unit_test(test_what_only_looks),
                cmocka_unit_test(test_pictures_for_the_moment),
                cmocka_unit_test(test_what_goes_to_an_agent),
                cmocka_unit_test(test_watching),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
