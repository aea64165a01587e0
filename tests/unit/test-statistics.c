/*
 * Quantiles picked out of a sample that is in no order, against those of the sample in order.
 */
#include "query/find/statistics.h"
#include "tests/lib/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_MAX = 60000, PARTS = 5, SHARES = 5 };

static const double shares[SHARES] = {0.5, 0.95, 0.99, 0, 1};

/* Values of several shapes: of few kinds, all the same, over many octaves, of both signs. */
static double value(struct test_random *random, unsigned shape)
{
        uint64_t v = test_random_next(random) >> 20;

        switch (shape) {
        case 0:
                return (double)(v % 7) / 4;
        case 1:
                return 1.25;
        case 2:
                return (double)(v >> v % 40) / 1e6;
        case 3:
                return (double)v - (double)(UINT64_C(1) << 43);
        default:
                return 1 + (double)(v % 1000003) * 1e-9; /* within a thousandth */
        }
}

static void test_quantiles(void **state)
{
        struct test_random random = test_random_seeded("quantiles");
        double *all = calloc(N_MAX, sizeof(*all));

        (void)state;
        assert_non_null(all);
        for (unsigned round = 0; round < 40; round++) {
                static const size_t sizes[] = {1, 2, 19, 511, 513, 16383, 16384, N_MAX};
                size_t n = sizes[round % 8];
                struct clew_sample_part parts[PARTS] = {{0}};
                double got[SHARES];
                size_t from = 0;

                for (size_t i = 0; i < n; i++)
                        all[i] = value(&random, round / 8);
                for (size_t i = 0; i < PARTS; i++) {
                        size_t len =
                                i + 1 < PARTS ? test_random_below(&random, n - from + 1) : n - from;

                        parts[i] = (struct clew_sample_part){all + from, len};
                        from += len;
                }
                assert_int_equal(clew_quantiles(parts, PARTS, shares, SHARES, got), 0);
                assert_int_equal(clew_sort_doubles(all, n), 0);
                for (size_t i = 0; i < SHARES; i++)
                        assert_true(got[i] == clew_quantile(all, n, shares[i]));
        }
        free(all);
}

/* A group without a duration has none. */
static void test_none(void **state)
{
        struct clew_sample_part none = {0};
        double got[1] = {0};

        (void)state;
        assert_int_equal(clew_quantiles(&none, 1, shares, 1, got), 0);
        assert_true(got[0] != got[0]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_quantiles),
                cmocka_unit_test(test_none),
        };

        return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
