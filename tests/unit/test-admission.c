/* The memory budget: shares, what one protocol may borrow of the other, and the one that goes on.
 */
#include "collector/gate/admission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MIB ((size_t)1024 * 1024)

static void test_a_share_and_what_the_other_leaves(void **state)
{
        struct clew_admission a;

        (void)state;
        clew_admission_init(&a, 8 * MIB);
        assert_true(clew_admission_take(&a, CLEW_SHARE_GRPC, 4 * MIB));
        assert_true(clew_admission_take(&a, CLEW_SHARE_GRPC, 4 * MIB)); /* the other's half */
        assert_false(clew_admission_take(&a, CLEW_SHARE_GRPC, 1));
        assert_true(clew_admission_take(&a, CLEW_SHARE_HTTP, 4 * MIB)); /* is still its own */
        assert_false(clew_admission_take(&a, CLEW_SHARE_HTTP, 1));
        clew_admission_give_back(&a, CLEW_SHARE_GRPC, 6 * MIB);
        assert_true(clew_admission_take(&a, CLEW_SHARE_HTTP, 2 * MIB));
        assert_false(clew_admission_take(&a, CLEW_SHARE_HTTP, 1));
        assert_true(clew_admission_take(&a, CLEW_SHARE_GRPC, 2 * MIB)); /* within its half */
        assert_int_equal(clew_admission_used(&a, CLEW_SHARE_GRPC), 4 * MIB);
        clew_admission_give_back(&a, CLEW_SHARE_GRPC, 4 * MIB);
        clew_admission_give_back(&a, CLEW_SHARE_HTTP, 6 * MIB);
        clew_admission_deinit(&a);
}

static void test_beyond(void **state)
{
        struct clew_admission a;

        (void)state;
        clew_admission_init(&a, 2 * MIB);
        clew_admission_take_beyond(&a, CLEW_SHARE_GRPC, 64 * MIB);
        assert_false(clew_admission_take(&a, CLEW_SHARE_GRPC, 1));
        assert_true(clew_admission_take(&a, CLEW_SHARE_HTTP, MIB));
        assert_false(clew_admission_take(&a, CLEW_SHARE_HTTP, 1));
        clew_admission_give_back(&a, CLEW_SHARE_GRPC, 64 * MIB);
        assert_true(clew_admission_take(&a, CLEW_SHARE_HTTP, 1));
        /* No sum is formed that could wrap. */
        assert_false(clew_admission_take(&a, CLEW_SHARE_HTTP, SIZE_MAX));
        clew_admission_give_back(&a, CLEW_SHARE_HTTP, MIB + 1);
        clew_admission_deinit(&a);
}

static void test_inside(void **state)
{
        struct clew_admission a;

        (void)state;
        clew_admission_init(&a, MIB);
        clew_admission_enter(&a);
        clew_admission_enter(&a);
        assert_int_equal(clew_admission_inside(&a), 2);
        clew_admission_leave(&a);
        assert_int_equal(clew_admission_inside(&a), 1);
        clew_admission_leave(&a);
        clew_admission_deinit(&a);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_share_and_what_the_other_leaves),
                cmocka_unit_test(test_beyond),
                cmocka_unit_test(test_inside),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
