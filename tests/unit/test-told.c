/* What was told to many: each reads on from a place of its own, in pieces of any size, and gets the
 * bytes as they were told, or is told that they are gone. */
#include "collector/api/told-int.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define KEEP 100u
#define ADD 50u

static void add(struct clew_told *t, const char *text)
{
        clew_told_add(t, clew_slice_of_cstr(text));
}

static void test_places(void **state)
{
        struct clew_told t;
        char got[16];

        (void)state;
        clew_told_init(&t, KEEP, ADD);
        assert_int_equal(clew_told_end(&t), 0);
        assert_int_equal(clew_told_read(&t, 0, got, sizeof(got)), 0);
        add(&t, "abcdef");
        add(&t, "ghi");
        assert_int_equal(clew_told_end(&t), 9);
        assert_int_equal(clew_told_read(&t, 0, got, 4), 4);
        assert_memory_equal(got, "abcd", 4);
        assert_int_equal(clew_told_read(&t, 4, got, sizeof(got)), 5);
        assert_memory_equal(got, "efghi", 5);
        clew_told_drop(&t, 4); /* the slowest has four of them */
        assert_int_equal(clew_told_read(&t, 3, got, sizeof(got)), -ESTALE);
        assert_int_equal(clew_told_read(&t, 4, got, sizeof(got)), 5);
        assert_memory_equal(got, "efghi", 5);
        clew_told_drop(&t, UINT64_MAX); /* nobody wants any */
        assert_null(t.bytes.data);
        assert_int_equal(clew_told_end(&t), 9);
        assert_int_equal(clew_told_read(&t, 9, got, sizeof(got)), 0);
        add(&t, "jk");
        assert_int_equal(clew_told_read(&t, 9, got, sizeof(got)), 2);
        assert_memory_equal(got, "jk", 2);
        clew_told_deinit(&t);
}

/* Readers of any pace, with all that was told beside them. */
static void test_paces(void **state)
{
        static char all[40000];
        uint64_t at[4] = {0};
        bool gone[4] = {false};
        struct clew_told t;
        unsigned seed = 7;
        size_t n_all = 0;

        (void)state;
        clew_told_init(&t, KEEP, ADD);
        for (unsigned round = 0; round < 1500; round++) {
                uint64_t all_have = UINT64_MAX;
                size_t n = (seed = seed * 1103515245u + 12345u) / 65536u % 25;

                for (unsigned i = 0; i < 4; i++)
                        all_have = at[i] < all_have ? at[i] : all_have;
                clew_told_drop(&t, all_have);
                assert_true(t.bytes.len <= KEEP);
                for (size_t i = 0; i < n; i++)
                        all[n_all + i] = (char)('a' + (n_all + i) % 23);
                clew_told_add(&t, clew_slice_make((const uint8_t *)all + n_all, n));
                n_all += n;
                assert_int_equal(clew_told_end(&t), n_all);
                for (unsigned i = 0; i < 4; i++) { /* the last one never reads */
                        char got[32];
                        int64_t r = i < 3 ? clew_told_read(&t, at[i], got, 4 + 9 * i) : 0;

                        if (r < 0) {
                                assert_int_equal(r, -ESTALE);
                                assert_true(n_all - at[i] > KEEP);
                                gone[i] = true;
                                at[i] = n_all; /* comes back */
                                continue;
                        }
                        assert_memory_equal(got, all + at[i], (size_t)r);
                        at[i] += (uint64_t)r;
                }
        }
        assert_true(gone[0]);
        assert_false(gone[2]);
        clew_told_deinit(&t);
}

/* More than fits: all are behind but who comes now. */
static void test_too_much(void **state)
{
        struct clew_told t;
        char big[KEEP + ADD + 1];
        char got[8];

        (void)state;
        memset(big, 'x', sizeof(big));
        clew_told_init(&t, KEEP, ADD);
        add(&t, "abc");
        clew_told_add(&t, clew_slice_make((const uint8_t *)big, sizeof(big)));
        assert_int_equal(clew_told_end(&t), 3 + sizeof(big));
        assert_int_equal(clew_told_read(&t, 3, got, sizeof(got)), -ESTALE);
        assert_int_equal(clew_told_read(&t, clew_told_end(&t), got, sizeof(got)), 0);
        add(&t, "def");
        assert_int_equal(clew_told_read(&t, 3 + sizeof(big), got, sizeof(got)), 3);
        assert_memory_equal(got, "def", 3);
        clew_told_deinit(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_places),
                cmocka_unit_test(test_paces),
                cmocka_unit_test(test_too_much),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
