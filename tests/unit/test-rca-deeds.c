/*
 * What actions do to the world: names, command lines, SQL, requests, descriptions, results. What
 * cannot be told stays unknown, and no sentence calls it a change.
 */
#include "query/rca/deeds.h"
#include "query/rca/tool-names.h"
#include "tests/unit/rca-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { U = CLEW_DEED_UNKNOWN, R = CLEW_DEED_READS, W = CLEW_DEED_CHANGES };

#define CHECK(got, want, what)                                                                     \
        do {                                                                                       \
                if ((int)(got) != (int)(want))                                                     \
                        fail_msg("%s: %d, not %d", what, (int)(got), (int)(want));                 \
        } while (0)

static void test_names(void **state)
{
        static const struct {
                const char *name;
                int want;
        } cases[] = {
                {"get_order", R},
                {"listFiles", R},
                {"free_slots", R},
                {"price_list", R},
                {"travel_time", R},
                {"order_status", R},
                {"weather", R},
                {"archive_search", R},
                {"tavily_search", R},
                {"open_page", R},
                {"page_down", R},
                {"go_back", R},
                {"mcp__shop__list_orders", R},
                {"VectorStoreRetriever", R},
                {"mcp__github__create_issue", W},
                {"cancel_order", W},
                {"order_replacement", W},
                {"jira_update_issue", W},
                {"cancelOrder", W},
                {"transfer_funds", W},
                {"check_in", W},
                {"open_ticket", W},
                {"archive_thread", W},
                {"SendMail", W},
                {"book_slot", W},
                {"transfer_to_billing", U},
                {"final_answer", U},
                {"click", U},
                {"ask_scout", U},
                {"submit", U},
                {"bash", U},
                {"", U},
                {"___", U},
                {"__", U},
                {"page", U},
                {"ConductResearch", U},
                {"7", U},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++)
                CHECK(clew_deed_of_name(clew_slice_of_cstr(cases[i].name)), cases[i].want,
                      cases[i].name);
}

static void test_command_lines(void **state)
{
        static const struct {
                const char *line;
                int want;
        } cases[] = {
                {"ls -R", R},
                {"grep -rn 'rm -rf' src | head -40", R},
                {"cd /srv/app && git log --oneline | head -5 && find . -name '*.py'", R},
                {"sed -n '10,20p' a.c", R},
                {"cat a.txt 2>/dev/null", R},
                {"make 2>&1 | tail -3", U},
                {"python reproduce.py", U},
                {"pytest -q", U},
                {"FOO=1 sudo cat /etc/hosts", R},
                {"git status; kubectl get pods", R},
                {"systemctl status mailer", R},
                {"echo done", R},
                {"# only a comment\nls", R},
                {"echo x > a.txt", W},
                {"cat <<'EOF' > a.py\nimport os\nls\nEOF", W},
                {"cat <<'EOF'\nrm -rf x > y\nEOF\nls", R},
                {"sed -i 's/a/b/' a.c", W},
                {"rm -rf build", W},
                {"python x.py && git commit -m 'x'", W},
                {"kubectl rollout undo deploy/x", W},
                {"ssh app-1 \"systemctl restart mailer\"", W},
                {"find . -name '*.pyc' -delete", W},
                {"curl -s localhost", U},
                {"", U},
                {"'", U},
                {">", U},
                {"<<", U},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++)
                CHECK(clew_deed_of_shell(clew_slice_of_cstr(cases[i].line)), cases[i].want,
                      cases[i].line);
}

static void test_what_status_one_says(void **state)
{
        static const struct {
                const char *line;
                int want;
        } cases[] = {
                {"grep -rn gone src", CLEW_NO_MATCH},
                {"cd /app && grep -rn gone . | head -5", CLEW_NO_MATCH},
                {"find . -name '*.py' | xargs grep -l gone", CLEW_NO_MATCH},
                {"git grep gone", CLEW_NO_MATCH},
                {"diff a.txt b.txt", CLEW_NO_DIFFERENCE},
                {"git diff --exit-code", CLEW_NO_DIFFERENCE},
                {"grep -q gone a.py && python a.py", CLEW_NO_FAILURE},
                {"pytest -k grep", CLEW_NO_FAILURE},
                {"grep gone a.py > found.txt", CLEW_NO_FAILURE},
                {"ls gone", CLEW_NO_FAILURE},
                {"", CLEW_NO_FAILURE},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++)
                CHECK(clew_shell_no(clew_slice_of_cstr(cases[i].line)), cases[i].want,
                      cases[i].line);
}

static void test_statements(void **state)
{
        static const struct {
                const char *sql;
                int want;
        } cases[] = {
                {"SELECT * FROM orders WHERE name = 'delete from'", R},
                {"select 1; drop table x", W},
                {"WITH a AS (SELECT 1) SELECT * FROM a", R},
                {"WITH a AS (SELECT 1) DELETE FROM b WHERE id IN a", W},
                {"  UPDATE x SET y = 1", W},
                {"update my address, please", U},
                {"INSERT INTO claim_line SELECT * FROM stage", W},
                {"flats in Turku", U},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++)
                CHECK(clew_deed_of_sql(clew_slice_of_cstr(cases[i].sql)), cases[i].want,
                      cases[i].sql);
}

static void test_calls(void **state)
{
        static const struct {
                const char *name;
                const char *args;
                const char *says;
                const char *result;
                int want;
        } cases[] = {
                {"http_request", "{\"method\": \"GET\", \"url\": \"/create\"}", "", "", R},
                {"http_request", "{\"method\": \"DELETE\", \"url\": \"/orders/7\"}", "", "", W},
                {"str_replace_editor", "{\"command\": \"view\", \"path\": \"a.c\"}", "", "", R},
                {"str_replace_editor", "{\"command\": \"create\", \"path\": \"a.c\"}", "", "", W},
                {"bash", "{\"command\": \"grep -n \\\"x > y\\\" a.c\"}", "", "", R},
                {"bash", "{\"command\": \"cat a.c\\nls\"}", "", "", R},
                {"kubectl", "{\"command\": \"get pods -n prod\"}", "", "", R},
                {"kubectl", "{\"command\": \"rollout undo deploy/x\"}", "", "", W},
                {"run_sql", "{\"statement\": \"SELECT 1\"}", "", "", R},
                {"run_sql", "{\"statement\": \"DELETE FROM x\"}", "", "", W},
                {"delete_user", "{\"id\": 7, \"dry_run\": true}", "", "", R},
                {"search", "{\"query\": \"how to delete from a table\"}", "", "", R},
                {"its action", "Action: search[blue shoes]", "", "", R},
                {"its action", "```bash\nsed -i s/a/b/ x\n```", "", "", W},
                {"its action", "```python\nfor d in dishes:\n    print(d)\n```", "", "", U},
                {"bash", "{\"command\": \"python - <<E\\np.write_text('x')\\nE\"}", "", "", W},
                {"add_up", "{\"a\": [3, 4, 5]}", "Adds numbers.", "12", R},
                {"add_up", "{\"a\": [3, 4]}", "", "{\"sum\": 7}", R},
                {"add_item", "{\"order\": 3, \"item\": \"lamp\"}", "", "12", W},
                {"catalogue_page", "{\"n\": 2}", "", "[{\"id\": 1}, {\"id\": 2}]", R},
                {"hotel", "{\"id\": 2}", "Cancels a stay.", "", W},
                {"hotel", "{\"id\": 2}", "Lists the rooms of a hotel.", "", R},
                {"hotel", "{\"id\": 2}", "One hotel.", "{\"status\": \"cancelled\"}", W},
                {"hotel", "{\"id\": 2}", "One hotel.", "a long story", U},
                {"hotel", "{\"id\": ", "", "", U},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++)
                CHECK(clew_deed_of(clew_slice_of_cstr(cases[i].name),
                                   clew_slice_of_cstr(cases[i].args),
                                   clew_slice_of_cstr(cases[i].says),
                                   clew_slice_of_cstr(cases[i].result)),
                      cases[i].want, cases[i].args);
}

/* Only what surely changes something is told of as a change. */
static void test_looks_are_no_change(void **state)
{
        struct scene s;
        unsigned r;
        unsigned edit;

        (void)state;
        scene_begin(&s);
        r = scene_root(&s, "fail");
        scene_say(&s, "user", "Mend the reader.");
        (void)scene_llm(&s, r, "I look round");
        (void)scene_tool(&s, r, "shell", "{\\\"command\\\": \\\"ls -R; grep -rn load src\\\"}",
                         "src/a.py:1: load()", NULL);
        (void)scene_llm(&s, r, "And what is free");
        (void)scene_tool(&s, r, "free_slots", "{\\\"kind\\\": \\\"x\\\"}", "two of them", NULL);
        (void)scene_llm(&s, r, "Now the tests");
        (void)scene_tool(&s, r, "shell", "{\\\"command\\\": \\\"python run.py\\\"}", "fine", NULL);
        edit = scene_llm(&s, r, "I mend it");
        (void)scene_tool(&s, r, "shell", "{\\\"command\\\": \\\"sed -i s/load/read/ src/a.py\\\"}",
                         "", NULL);
        (void)scene_llm(&s, r, "It is mended.");
        scene_end(&s);
        assert_int_equal(scene_blamed_by(&s, "first-change"), edit);
        assert_int_equal(scene_blamed_by(&s, "later-change"), 0);
        assert_int_equal(scene_blamed_by(&s, "unclear-action"), edit - 2);
        scene_free(&s);
}

static void test_tools_that_give_the_answer(void **state)
{
        static const char *const answers[] = {
                "final_answer", "finalAnswer", "submit_answer", "finish", "attempt_completion",
                "final_result", "answer",      "send_response", "Done",   "terminate"};
        static const char *const others[] = {
                "submit",     "send_message",       "answer_ticket", "stop",
                "send_email", "complete_task",      "finish_order",  "",
                "task",       "delete_final_report"};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(answers); i++)
                assert_true(clew_rca_gives_answer(clew_slice_of_cstr(answers[i])));
        for (size_t i = 0; i < CLEW_ARRAY_LEN(others); i++)
                assert_false(clew_rca_gives_answer(clew_slice_of_cstr(others[i])));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_status_one_says),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_command_lines),
                cmocka_unit_test(test_statements),
                cmocka_unit_test(test_calls),
                cmocka_unit_test(test_looks_are_no_change),
                cmocka_unit_test(test_tools_that_give_the_answer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
