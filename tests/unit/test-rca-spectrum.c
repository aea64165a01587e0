/*
 * The spectrum of a task's runs: Ochiai's score, the order of rows, and when there is none.
 */
#include "proto/base/arena.h"
#include "query/rca/spectrum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A run that took the actions 10, 20, 30, 20. */
static struct clew_rca_view run_of(struct clew_rca_step steps[5])
{
        const uint64_t keys[] = {10, 20, 30, 20};

        for (unsigned i = 0; i < 4; i++)
                steps[i] = (struct clew_rca_step){
                        .kind = CLEW_RCA_TOOL, .key = keys[i], .number = i + 1};
        steps[4] = (struct clew_rca_step){.kind = CLEW_RCA_LLM, .key = 30};
        return (struct clew_rca_view){.steps = steps, .n_steps = 5};
}

static const uint64_t a[] = {10, 20};
static const uint64_t b[] = {10, 30};
static const uint64_t c[] = {10};

static void test_scores(void **state)
{
        const struct clew_reference passed[] = {{c, NULL, 1}, {b, NULL, 2}};
        const struct clew_reference failed[] = {{a, NULL, 2}, {b, NULL, 2}};
        struct clew_rca_step steps[5];
        struct clew_rca_view v = run_of(steps);
        struct clew_spectrum s;

        (void)state;
        clew_spectrum_of(&v, passed, 2, failed, 2, &s);
        assert_int_equal(s.n_failed, 3);
        assert_int_equal(s.n_passed, 2);
        /* 10: all runs took it. 20: two failed ones. 30: two of three failed, one of two passed. */
        assert_int_equal(s.n, 2);
        assert_int_equal(s.rows[0].step, 1);
        assert_int_equal(s.rows[0].failed_with, 2);
        assert_int_equal(s.rows[0].passed_with, 0);
        assert_true(s.rows[0].score > 0.816 && s.rows[0].score < 0.817); /* 2 / sqrt(3 * 2) */
        assert_int_equal(s.rows[1].step, 2);
        assert_true(s.rows[1].score > 0.666 && s.rows[1].score < 0.667); /* 2 / sqrt(3 * 3) */
}

static void test_needs_both_kinds(void **state)
{
        const struct clew_reference runs[] = {{a, NULL, 2}};
        struct clew_rca_step steps[5];
        struct clew_rca_view v = run_of(steps);
        struct clew_spectrum s;

        (void)state;
        clew_spectrum_of(&v, runs, 1, NULL, 0, &s);
        assert_int_equal(s.n, 0);
        clew_spectrum_of(&v, NULL, 0, runs, 1, &s);
        assert_int_equal(s.n, 0);
}

static void test_at_most_so_many_rows(void **state)
{
        static uint64_t keys[40];
        struct clew_rca_step steps[40];
        struct clew_rca_view v = {.steps = steps, .n_steps = 40};
        const struct clew_reference passed[] = {{c, NULL, 1}};
        const struct clew_reference failed[] = {{keys, NULL, 40}};
        struct clew_spectrum s;

        (void)state;
        for (unsigned i = 0; i < 40; i++) {
                keys[i] = 100 + i;
                steps[i] = (struct clew_rca_step){.kind = CLEW_RCA_TOOL, .key = keys[i]};
        }
        clew_spectrum_of(&v, passed, 1, failed, 1, &s);
        assert_int_equal(s.n, CLEW_SPECTRUM_ROWS_MAX);
        for (unsigned i = 0; i < s.n; i++)
                assert_int_equal(s.rows[i].step, i); /* equal scores: the earlier first */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_scores),
                cmocka_unit_test(test_needs_both_kinds),
                cmocka_unit_test(test_at_most_so_many_rows),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
