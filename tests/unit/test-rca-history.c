/*
 * Turns of a team that are agents of their own: what is known of a call whose history an earlier
 * turn had is the same as when all of it is read.
 */
#include "query/rca/input-int.h"
#include "tests/unit/rca-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define SYSTEM "{\\\"role\\\":\\\"system\\\",\\\"content\\\":\\\"" /* a prompt of its own */
#define USER "{\\\"role\\\":\\\"user\\\",\\\"content\\\":\\\""
#define SAID "{\\\"role\\\":\\\"assistant\\\",\\\"content\\\":\\\""
#define END "\\\"}"
#define LONG                                                                                       \
        "Gather what the three depots still hold, compare it with the orders of this week, and "   \
        "tell which of them cannot be served. Write one line for each, with its number and the "   \
        "depot, and close with <end_plan> to stop. "

/* What each call newly has before it is asked, and whose turn it is. */
static const struct {
        const char *who;
        const char *adds;
} turns[] = {
        {"lead", SYSTEM "You lead." END "," USER LONG END},
        {"clerk", SYSTEM "You count." END "," USER LONG END "," USER "Depot one first." END},
        {"lead", "," SAID "Count the depots." END "," USER "One has 7, two has 9." END},
        {"clerk", "," SAID "7." END "," USER "And the third depot, write <done> at the end." END},
        {"lead", "," SAID "Go on." END "," SYSTEM "Be brief." END "," USER "Three has 4." END},
        {"lead", "," SAID "Nearly there." END},
        {"clerk", "," SAID "4." END "," USER "Thank you." END "," SAID "Welcome." END},
};

#define TURNS (sizeof(turns) / sizeof(turns[0]))

/* The run; with @apart as many blanks before each list as turns were, so that none begins as
 * another one. */
static void play(struct scene *s, bool apart)
{
        char lists[2][8192] = {"", ""};
        char value[8192];
        unsigned root;

        scene_begin(s);
        root = scene_root(s, "fail");
        for (size_t i = 0; i < TURNS; i++) {
                char *list = lists[turns[i].who[0] == 'c'];
                unsigned agent = scene_span(s, root, "AGENT", turns[i].who, 9);
                size_t n;

                scene_attribute(s, "agent.name", turns[i].who);
                scene_span_end(s, NULL, NULL);
                n = strlen(list);
                (void)snprintf(list + n, sizeof(lists[0]) - n, "%s", turns[i].adds);
                (void)snprintf(value, sizeof(value), "[%.*s%s]", apart ? (int)i : 0, "          ",
                               list);
                (void)scene_span(s, agent, "LLM", "model", 5);
                scene_attribute(s, "gen_ai.agent.name", turns[i].who);
                scene_attribute(s, "gen_ai.input.messages", value);
                scene_attribute(s, "gen_ai.output.messages", "[" SAID "Noted." END "]");
                scene_span_end(s, NULL, NULL);
        }
        scene_end(s);
}

static uint32_t llm(const struct scene *s, uint32_t nth)
{
        for (uint32_t i = 0; i < s->view->n_steps; i++) {
                if (s->view->steps[i].kind == CLEW_RCA_LLM && nth-- == 0)
                        return i;
        }
        fail_msg("no such call");
        return 0;
}

/* The beginning of what one call read is left out, beside that of another one. */
static bool is_cut(const struct scene *s, uint32_t now, uint32_t before)
{
        const struct clew_rca_view *v = s->view;
        struct clew_arena scratch;
        struct clew_buffer room = {0};
        struct clew_rca_input in;
        bool ret;

        clew_arena_init(&scratch, 1u << 20);
        clew_buffer_init(&room, CLEW_RCA_INPUT_MAX);
        assert_int_equal(clew_rca_new_input(s->trace, &s->trace->steps[v->steps[llm(s, now)].span],
                                            &s->trace->steps[v->steps[llm(s, before)].span], &room,
                                            &scratch, &in),
                         0);
        ret = in.cut;
        clew_buffer_deinit(&room);
        clew_arena_deinit(&scratch);
        return ret;
}

static void test_a_turn_is_known_as_when_it_is_read_whole(void **state)
{
        struct scene a;
        struct scene b;

        (void)state;
        play(&a, false);
        play(&b, true);
        assert_true(is_cut(&a, 2, 0) && is_cut(&a, 3, 1) && is_cut(&a, 6, 3));
        assert_false(is_cut(&b, 2, 0) || is_cut(&b, 3, 1) || is_cut(&b, 6, 3));
        assert_int_equal(a.view->n_steps, b.view->n_steps);
        for (uint32_t i = 0; i < TURNS; i++) {
                const struct clew_rca_step *x = &a.view->steps[llm(&a, i)];
                const struct clew_rca_step *y = &b.view->steps[llm(&b, i)];

                assert_int_equal(x->prev_llm, CLEW_RCA_NONE);
                assert_int_equal(x->n_messages, y->n_messages);
                assert_int_equal(x->system_hash, y->system_hash);
                assert_int_not_equal(x->system_hash, 0);
                assert_true(clew_slice_eq(x->heard, y->heard) && x->heard.len > 0);
                assert_true(clew_slice_eq(x->mark, y->mark));
                assert_int_equal(x->n_units, y->n_units);
                for (uint32_t u = 0; u < x->n_units; u++)
                        assert_true(clew_slice_eq(a.view->units[x->first_unit + u].text,
                                                  b.view->units[y->first_unit + u].text));
        }
        /* As the run above has it. */
        assert_int_equal(a.view->steps[llm(&a, 0)].n_messages, 1);
        assert_int_equal(a.view->steps[llm(&a, 2)].n_messages, 3);
        assert_int_equal(a.view->steps[llm(&a, 5)].n_messages, 6);
        assert_true(
                clew_slice_eq(a.view->steps[llm(&a, 5)].heard, CLEW_SLICE_LITERAL("Three has 4.")));
        assert_true(clew_slice_eq(a.view->steps[llm(&a, 3)].mark, CLEW_SLICE_LITERAL("<done>")));
        assert_int_equal(a.view->steps[llm(&a, 4)].system_hash,
                         a.view->steps[llm(&a, 0)].system_hash);
        scene_free(&a);
        scene_free(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_turn_is_known_as_when_it_is_read_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
