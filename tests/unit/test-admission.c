/* The memory budget: who gets in, who waits, who is refused, and that nobody is forgotten. */
#include "collector/gate/admission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MIB ((size_t)1024 * 1024)

static struct clew_ticket *let_in_order[64];
static size_t n_let_in;

static void note_let_in(struct clew_ticket *t)
{
        let_in_order[n_let_in++] = t;
}

static int reset(void **state)
{
        (void)state;
        n_let_in = 0;
        return 0;
}

static void test_budget_and_order(void **state)
{
        struct clew_ticket t[6] = {0};
        struct clew_admission a;

        (void)state;
        clew_admission_init(&a, 2 * MIB, 2);
        a.estimate_bytes = MIB;
        assert_int_equal(clew_admission_enter(&a, &t[0], 0, note_let_in), CLEW_ADMITTED);
        assert_int_equal(clew_admission_enter(&a, &t[1], 0, note_let_in), CLEW_ADMITTED);
        assert_int_equal(clew_admission_enter(&a, &t[2], 0, note_let_in), CLEW_ADMISSION_WAITS);
        assert_int_equal(clew_admission_enter(&a, &t[3], 0, note_let_in), CLEW_ADMISSION_WAITS);
        assert_int_equal(clew_admission_enter(&a, &t[4], 0, note_let_in), CLEW_ADMISSION_REFUSED);
        assert_int_equal(clew_admission_inside(&a), 2);
        clew_admission_leave(&a, &t[0]);
        assert_int_equal(n_let_in, 1);
        assert_ptr_equal(let_in_order[0], &t[2]);
        clew_admission_leave(&a, &t[4]); /* was refused: nothing to give back */
        clew_admission_leave(&a, &t[1]);
        assert_int_equal(n_let_in, 2);
        assert_ptr_equal(let_in_order[1], &t[3]);
        clew_admission_leave(&a, &t[2]);
        clew_admission_leave(&a, &t[3]);
        assert_int_equal(a.used_bytes, 0);
        clew_admission_deinit(&a);
}

static void test_newcomers_do_not_overtake(void **state)
{
        struct clew_ticket t[3] = {0};
        struct clew_admission a;

        (void)state;
        clew_admission_init(&a, 2 * MIB, 8);
        a.estimate_bytes = MIB;
        assert_int_equal(clew_admission_enter(&a, &t[0], 3 * MIB / 2, note_let_in), CLEW_ADMITTED);
        assert_int_equal(clew_admission_enter(&a, &t[1], 0, note_let_in), CLEW_ADMISSION_WAITS);
        /* would fit, but is behind another */
        assert_int_equal(clew_admission_enter(&a, &t[2], 1000, note_let_in), CLEW_ADMISSION_WAITS);
        clew_admission_leave(&a, &t[0]);
        assert_int_equal(n_let_in, 2);
        assert_ptr_equal(let_in_order[0], &t[1]);
        clew_admission_leave(&a, &t[1]);
        clew_admission_leave(&a, &t[2]);
        clew_admission_deinit(&a);
}

static void test_shrinking_lets_others_in(void **state)
{
        struct clew_ticket t[2] = {0};
        struct clew_admission a;

        (void)state;
        clew_admission_init(&a, 2 * MIB, 8);
        assert_int_equal(clew_admission_enter(&a, &t[0], 2 * MIB, note_let_in), CLEW_ADMITTED);
        assert_int_equal(clew_admission_enter(&a, &t[1], 0, note_let_in), CLEW_ADMISSION_WAITS);
        clew_admission_resize(&a, &t[0], 100);
        assert_int_equal(n_let_in, 1);
        clew_admission_leave(&a, &t[0]);
        clew_admission_leave(&a, &t[1]);
        clew_admission_deinit(&a);
}

/* Larger than the whole budget: let in when alone, and only then. */
static void test_one_huge_request_passes(void **state)
{
        struct clew_ticket t[2] = {0};
        struct clew_admission a;

        (void)state;
        clew_admission_init(&a, MIB, 8);
        assert_int_equal(clew_admission_enter(&a, &t[0], 64 * MIB, NULL), CLEW_ADMITTED);
        assert_int_equal(clew_admission_enter(&a, &t[1], 10, NULL), CLEW_ADMISSION_REFUSED);
        assert_false(a.used_bytes == 0);
        assert_true(clew_admission_try_grow(&a, &t[0], MIB)); /* alone: may grow */
        clew_admission_leave(&a, &t[0]);
        assert_int_equal(clew_admission_enter(&a, &t[1], 10, NULL), CLEW_ADMITTED);
        assert_int_equal(clew_admission_enter(&a, &t[0], 10, NULL), CLEW_ADMITTED);
        assert_false(clew_admission_try_grow(&a, &t[0], MIB));
        assert_true(clew_admission_try_grow(&a, &t[0], MIB / 2));
        clew_admission_leave(&a, &t[0]);
        clew_admission_leave(&a, &t[1]);
        assert_int_equal(a.used_bytes, 0);
        clew_admission_deinit(&a);
}

/* A waiting request whose size is known counts with its size, not with the estimate. */
static void test_known_sizes_wait_with_their_size(void **state)
{
        struct clew_ticket t[3] = {0};
        struct clew_admission a;

        (void)state;
        clew_admission_init(&a, 16 * MIB, 8);
        assert_int_equal(clew_admission_enter(&a, &t[0], 16 * MIB, NULL), CLEW_ADMITTED);
        assert_int_equal(clew_admission_enter(&a, &t[1], 9 * MIB, note_let_in),
                         CLEW_ADMISSION_WAITS);
        assert_int_equal(clew_admission_enter(&a, &t[2], 9 * MIB, note_let_in),
                         CLEW_ADMISSION_WAITS);
        clew_admission_resize(&a, &t[0], 8 * MIB); /* room for the estimate, not for 9 MiB */
        assert_int_equal(n_let_in, 0);
        clew_admission_leave(&a, &t[0]);
        assert_int_equal(n_let_in, 1);
        assert_int_equal(t[1].bytes, 9 * MIB);
        clew_admission_leave(&a, &t[1]);
        assert_int_equal(n_let_in, 2);
        clew_admission_leave(&a, &t[2]);
        clew_admission_deinit(&a);
}

static void test_estimate_follows_sizes(void **state)
{
        struct clew_ticket t = {0};
        struct clew_admission a;

        (void)state;
        clew_admission_init(&a, 96 * MIB, 8);
        assert_int_equal(a.estimate_bytes, 6 * MIB);
        assert_int_equal(clew_admission_enter(&a, &t, 0, NULL), CLEW_ADMITTED);
        clew_admission_measured(&a, &t, 20 * MIB);
        assert_int_equal(a.estimate_bytes, 20 * MIB);
        assert_int_equal(a.used_bytes, 20 * MIB);
        for (int i = 0; i < 500; i++)
                clew_admission_measured(&a, &t, 1000);
        assert_int_equal(a.estimate_bytes, 6 * MIB);
        assert_int_equal(a.used_bytes, 1000);
        clew_admission_leave(&a, &t);
        clew_admission_deinit(&a);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_budget_and_order, reset),
                cmocka_unit_test_setup(test_newcomers_do_not_overtake, reset),
                cmocka_unit_test_setup(test_shrinking_lets_others_in, reset),
                cmocka_unit_test_setup(test_one_huge_request_passes, reset),
                cmocka_unit_test_setup(test_known_sizes_wait_with_their_size, reset),
                cmocka_unit_test_setup(test_estimate_follows_sizes, reset),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
