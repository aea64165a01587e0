/*
 * Arena: alignment, the byte limit, sticky failure, reuse after reset.
 */
#include "proto/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_alignment(void **state)
{
        CLEW_ARENA a = {0};

        (void)state;
        clew_arena_init(&a, 1u << 20);
        for (size_t n = 0; n < 100; n++)
                assert_int_equal((uintptr_t)clew_arena_alloc(&a, n) % 16, 0);
        assert_false(clew_arena_failed(&a));
}

static void test_limit_is_kept_and_remembered(void **state)
{
        CLEW_ARENA a = {0};
        size_t total = 0;

        (void)state;
        clew_arena_init(&a, 100000);
        while (clew_arena_alloc(&a, 1000))
                total += 1000;
        assert_true(clew_arena_failed(&a));
        assert_true(a.used_bytes <= 100000);
        assert_true(total >= 60000);
        assert_null(clew_arena_calloc(&a, SIZE_MAX / 2, 3));
        clew_arena_reset(&a);
        assert_false(clew_arena_failed(&a));
        assert_non_null(clew_arena_alloc(&a, 1000));
}

static void test_concat(void **state)
{
        CLEW_ARENA a = {0};
        struct clew_slice parts[] = {CLEW_SLICE_LITERAL("ab"), CLEW_SLICE_NULL,
                                     CLEW_SLICE_LITERAL("c")};

        (void)state;
        clew_arena_init(&a, 1u << 20);
        assert_true(clew_slice_eq_cstr(clew_arena_concat(&a, parts, 3), "abc"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_alignment),
                cmocka_unit_test(test_limit_is_kept_and_remembered),
                cmocka_unit_test(test_concat),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
