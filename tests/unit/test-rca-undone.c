/*
 * Rules about what was said to be done, or planned, and was not; and about what is forbidden.
 */
#include "tests/unit/rca-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

/* A look-up by a model that was offered cancel_stay too. */
static void look_up(struct scene *s, unsigned parent, const char *result)
{
        static const char call[] = "llm.output_messages.0.message.tool_calls.0.tool_call.function.";
        char key[128];

        (void)scene_span(s, parent, "LLM", "model", 5);
        clew_buffer_append_slice(&s->json, clew_buffer_slice(&s->history));
        scene_attribute(s, "llm.tools.0.tool.json_schema",
                        "{\\\"type\\\": \\\"function\\\", \\\"function\\\": {\\\"name\\\": "
                        "\\\"cancel_stay\\\"}}");
        scene_attribute(s, "llm.output_messages.0.message.role", "assistant");
        (void)snprintf(key, sizeof(key), "%sname", call);
        scene_attribute(s, key, "get_stay");
        (void)snprintf(key, sizeof(key), "%sarguments", call);
        scene_attribute(s, key, "{\\\"town\\\": \\\"Bergamo\\\"}");
        scene_span_end(s, NULL, NULL);
        scene_say(s, "assistant", "");
        scene_say(s, "tool", result);
}

/* A desk that may cancel, looks something up, perhaps cancels, and says @text. */
static unsigned desk(struct scene *s, const char *text, const char *result, bool cancels)
{
        unsigned r;
        unsigned answer;

        scene_begin(s);
        r = scene_root(s, "fail");
        scene_say(s, "system", "You are the desk of a hotel.");
        scene_say(s, "user", "Please end my stay in Bergamo.");
        look_up(s, r, result);
        if (cancels)
                (void)scene_call(s, r, "cancel_stay", "{\\\"id\\\": \\\"H77\\\"}", "ok");
        answer = scene_llm(s, r, text);
        scene_end(s);
        return answer;
}

static void test_said_and_not_done(void **state)
{
        static const struct {
                const char *text;
                const char *result;
                bool cancels;
                bool blamed;
        } cases[] = {
                {"Your stay has been cancelled.", "id H77", false, true},
                {"I have canceled it for you. Anything else?", "id H77", false, true},
                {"Your stay has been cancelled.", "id H77", true, false},
                {"Your stay has been cancelled.", "id H77, cancelled in May", false, false},
                {"Your stay is not cancelled.", "id H77", false, false},
                {"It can be cancelled until noon.", "id H77", false, false},
                {"Once it is cancelled you get a mail.", "id H77", false, false},
                {"Do you want to know whether it has been cancelled?", "id H77", false, false},
                {"Uncancelled stays are open.", "id H77", false, false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct scene s;
                unsigned answer = desk(&s, cases[i].text, cases[i].result, cases[i].cancels);

                if (scene_blamed_by(&s, "undone-claim") != (cases[i].blamed ? answer : 0))
                        fail_msg("case %zu", i);
                scene_free(&s);
        }
}

static void test_a_plan_cut_short(void **state)
{
        (void)state;
        for (unsigned calls = 1; calls <= 3; calls++) {
                struct scene s;
                unsigned r;
                unsigned answer;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "user", "Compare the four towns.");
                (void)scene_llm(
                        &s, r,
                        "Plan:\\n1. look at Ulm\\n2. look at Bonn\\n3. look at Kiel\\n4. answer");
                for (unsigned k = 0; k < calls; k++) {
                        char args[64];

                        (void)snprintf(args, sizeof(args), "{\\\"town\\\": \\\"T%u\\\"}", k);
                        (void)scene_call(&s, r, "look", args, "fine");
                }
                answer = scene_llm(&s, r, "All towns are fine.");
                scene_end(&s);
                assert_int_equal(scene_blamed_by(&s, "early-answer"), calls == 1 ? answer : 0);
                scene_free(&s);
        }
}

static void test_what_is_forbidden(void **state)
{
        static const struct {
                const char *rule;
                const char *args;
                bool blamed;
        } cases[] = {
                {"Never restart or stop anything on prod-db.", "systemctl restart pg on prod-db-2",
                 true},
                {"Never restart or stop anything on prod-db.", "systemctl status pg on prod-db-2",
                 false},
                {"Never restart or stop anything on prod-db.", "systemctl restart pg on app-2",
                 false},
                {"Do not delete backups.", "rm -rf /var/backups/a", true},
                {"Do not delete backups.", "rm -rf /var/cache/a", false},
                {"Do not delete backups unless they are old.", "rm -rf /var/backups/a", false},
                {"Do not delete backups that are new.", "rm -rf /var/backups/a", false},
                {"You may delete backups.", "rm -rf /var/backups/a", false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct scene s;
                char args[200];
                unsigned r;
                unsigned call;

                scene_begin(&s);
                r = scene_root(&s, "fail");
                scene_say(&s, "system", cases[i].rule);
                scene_say(&s, "user", "Make room.");
                (void)scene_call(&s, r, "run", "{\\\"command\\\": \\\"df -h\\\"}", "99 %");
                (void)snprintf(args, sizeof(args), "{\\\"command\\\": \\\"%s\\\"}", cases[i].args);
                call = scene_call(&s, r, "run", args, "");
                (void)scene_llm(&s, r, "Done.");
                scene_end(&s);
                if (scene_blamed_by(&s, "forbidden-action") != (cases[i].blamed ? call : 0))
                        fail_msg("case %zu: %u", i, scene_blamed_by(&s, "forbidden-action"));
                scene_free(&s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_said_and_not_done),
                cmocka_unit_test(test_a_plan_cut_short),
                cmocka_unit_test(test_what_is_forbidden),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
