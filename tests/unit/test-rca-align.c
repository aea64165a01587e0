/*
 * Alignment: complete, in order, as short as the dynamic programme says, and bounded.
 */
#include "query/rca/align.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define N 40

static uint32_t next_random(uint32_t *seed)
{
        *seed = *seed * 1664525u + 1013904223u;
        return *seed >> 8;
}

static uint32_t longest_common(const uint64_t *a, uint32_t n_a, const uint64_t *b, uint32_t n_b)
{
        uint32_t t[N + 1][N + 1] = {{0}};

        for (uint32_t i = 1; i <= n_a; i++) {
                for (uint32_t k = 1; k <= n_b; k++) {
                        uint32_t best = t[i - 1][k] > t[i][k - 1] ? t[i - 1][k] : t[i][k - 1];

                        if (a[i - 1] == b[k - 1] && t[i - 1][k - 1] + 1 > best)
                                best = t[i - 1][k - 1] + 1;
                        t[i][k] = best;
                }
        }
        return t[n_a][n_b];
}

/* Every element once and in order; pairs only of equals. Returns the number of pairs. */
static uint32_t check(const struct clew_alignment *al, const uint64_t *a, uint32_t n_a,
                      const uint64_t *b, uint32_t n_b)
{
        uint32_t at_a = 0;
        uint32_t at_b = 0;
        uint32_t pairs = 0;

        for (uint32_t i = 0; i < al->n; i++) {
                const struct clew_pair *p = &al->pairs[i];

                assert_true(p->a != CLEW_ALIGN_NONE || p->b != CLEW_ALIGN_NONE);
                if (p->a != CLEW_ALIGN_NONE)
                        assert_int_equal(p->a, at_a++);
                if (p->b != CLEW_ALIGN_NONE)
                        assert_int_equal(p->b, at_b++);
                if (p->a != CLEW_ALIGN_NONE && p->b != CLEW_ALIGN_NONE) {
                        assert_true(a[p->a] == b[p->b]);
                        pairs++;
                }
        }
        assert_int_equal(at_a, n_a);
        assert_int_equal(at_b, n_b);
        return pairs;
}

static void test_shortest_script(void **state)
{
        uint32_t seed = 17;

        (void)state;
        for (int round = 0; round < 3000; round++) {
                CLEW_ARENA arena = {0};
                struct clew_alignment al;
                uint64_t a[N];
                uint64_t b[N];
                uint32_t n_a = next_random(&seed) % (N + 1);
                uint32_t n_b = next_random(&seed) % (N + 1);
                uint32_t letters = 1 + next_random(&seed) % 6;

                for (uint32_t i = 0; i < n_a; i++)
                        a[i] = next_random(&seed) % letters;
                for (uint32_t i = 0; i < n_b; i++)
                        b[i] = next_random(&seed) % letters;
                clew_arena_init(&arena, 1u << 24);
                assert_int_equal(clew_align(a, n_a, b, n_b, &arena, &al), 0);
                assert_false(al.gave_up);
                assert_int_equal(check(&al, a, n_a, b, n_b), longest_common(a, n_a, b, n_b));
        }
}

static void test_too_different(void **state)
{
        static uint64_t a[5000];
        static uint64_t b[5000];
        CLEW_ARENA arena = {0};
        struct clew_alignment al;

        (void)state;
        for (uint32_t i = 0; i < 5000; i++) {
                a[i] = i;
                b[i] = i < 10 || i > 4990 ? i : 100000 + i;
        }
        clew_arena_init(&arena, 64u << 20);
        assert_int_equal(clew_align(a, 5000, b, 5000, &arena, &al), 0);
        assert_true(al.gave_up);
        assert_int_equal(check(&al, a, 5000, b, 5000), 10 + 9);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_shortest_script),
                cmocka_unit_test(test_too_different),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
