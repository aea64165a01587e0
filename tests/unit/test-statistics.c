/*
 * Quantiles picked out of a sample that is in no order, against those of the sample in order.
 */
#include "query/find/statistics.h"

#include "query/find/counted.h"
#include "tests/lib/random.h"

#include <errno.h>
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

                        parts[i] = (struct clew_sample_part){.values = all + from, .n = len};
                        from += len;
                }
                assert_int_equal(clew_quantiles(parts, PARTS, shares, SHARES, got), 0);
                assert_int_equal(clew_sort_doubles(all, n), 0);
                for (size_t i = 0; i < SHARES; i++)
                        assert_true(got[i] == clew_quantile(all, n, shares[i]));
        }
        free(all);
}

/* The same where some came counted, in pieces: of few different values, of many, and of both. */
static void test_counted(void **state)
{
        struct test_random random = test_random_seeded("counted");
        double *all = calloc(N_MAX, sizeof(*all));
        struct clew_counted *values = calloc(N_MAX, sizeof(*values));
        struct clew_sample_part *parts = calloc(N_MAX + 1, sizeof(*parts));
        uint8_t *rows = calloc(N_MAX, 68);

        (void)state;
        assert_true(all && values && parts && rows);
        for (unsigned round = 0; round < 60; round++) {
                static const size_t sizes[] = {1, 7, 513, 3000, N_MAX / 8, N_MAX / 2};
                static const uint64_t steps[] = {1, 1000, 1000000, 333};
                uint64_t step = steps[round % CLEW_ARRAY_LEN(steps)];
                uint64_t ns = round % 5 == 0 ? 0 : test_random_below(&random, 1000000) * step;
                uint64_t widest = UINT64_C(1) << test_random_below(&random, 24);
                size_t want = sizes[round % CLEW_ARRAY_LEN(sizes)];
                size_t n_values = 0;
                size_t n_parts = 0;
                size_t n = 0;
                size_t at = 0;
                size_t begin = 0; /* of the row at hand */
                size_t told = 0;
                double got[SHARES];

                while (n < want) {
                        uint64_t many = test_random_below(&random, 3) == 0
                                                ? 1 + test_random_below(&random, want - n)
                                                : 1;

                        values[n_values++] = (struct clew_counted){ns, many};
                        for (uint64_t i = 0; i < many; i++)
                                all[n++] = clew_counted_seconds(ns);
                        ns += step * (1 + test_random_below(&random, widest));
                }
                for (size_t from = 0, to; from < n_values; from = to) {
                        unsigned place = clew_sample_place(clew_counted_seconds(values[from].ns));

                        for (to = from; to < n_values && clew_sample_place(clew_counted_seconds(
                                                                 values[to].ns)) == place;)
                                to++;
                        while (from < to) {
                                uint8_t bytes[64];
                                struct clew_counted_piece piece = {place, {.data = bytes}};

                                from += clew_counted_put(
                                        values + from, to - from,
                                        clew_counted_exponent(values + from, to - from), bytes,
                                        sizeof(bytes), &piece.bytes.len);
                                told += clew_counted_values(piece.bytes);
                                assert_true(piece.bytes.len <= sizeof(bytes));
                                clew_counted_keep(rows + at, &piece);
                                at += CLEW_COUNTED_HEAD + piece.bytes.len;
                        }
                        if (test_random_below(&random, 3) == 0 || to == n_values) {
                                parts[n_parts++] = (struct clew_sample_part){
                                        .n = told,
                                        .counted = clew_slice_make(rows + begin, at - begin)};
                                begin = at;
                                told = 0;
                        }
                }
                if (round % 2) /* and some as they are */
                        parts[n_parts++] = (struct clew_sample_part){.values = all, .n = n / 3};
                if (round % 2) {
                        memmove(all + n, all, n / 3 * sizeof(*all));
                        n += n / 3;
                }
                assert_int_equal(clew_quantiles(parts, n_parts, shares, SHARES, got), 0);
                assert_int_equal(clew_sort_doubles(all, n), 0);
                for (size_t i = 0; i < SHARES; i++)
                        assert_true(got[i] == clew_quantile(all, n, shares[i]));
        }
        free(all);
        free(values);
        free(parts);
        free(rows);
}

/* What is no piece, or is of another place, is told: whether all are put in order or counted. */
static void test_not_counted(void **state)
{
        static const struct {
                const char *bytes;
                size_t len;
                size_t n;
        } bad[] = {
                {"\2\0\4", 3, 2},                                      /* one value too few */
                {"\1\0\4\2", 4, 1},                                    /* too many */
                {"\1\4\2", 3, 1},                                      /* exponent */
                {"\2\0\4\0", 4, 2},                                    /* the same one twice */
                {"\2\0\5", 3, 2},                                      /* no number behind it */
                {"\2\0\5\1", 4, 2},                                    /* too often */
                {"\xa0\x9c\1\0\5\xa0\x9c\1", 8, 20000},                /* too often */
                {"\xa0\x9c\1\0\4", 5, 20000},                          /* too few */
                {"\xa0\x9c\1\0\5\x9e\x9c\1", 8, 20000},                /* another place */
                {"\1\3\xfe\xff\xff\xff\xff\xff\xff\xff\xff\1", 12, 1}, /* too long a time */
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(bad); i++) {
                const struct clew_counted_piece piece = {7,
                                                         clew_slice_make(bad[i].bytes, bad[i].len)};
                uint8_t row[64];
                struct clew_sample_part part = {.n = bad[i].n};
                double got[SHARES];

                assert_int_equal(clew_counted_values(piece.bytes), bad[i].n);
                clew_counted_keep(row, &piece);
                part.counted = clew_slice_make(row, CLEW_COUNTED_HEAD + piece.bytes.len);
                assert_int_equal(clew_quantiles(&part, 1, shares, SHARES, got), -EBADMSG);
        }
        assert_int_equal(clew_counted_values(CLEW_SLICE_NULL), 0);
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
                cmocka_unit_test(test_counted),
                cmocka_unit_test(test_not_counted),
                cmocka_unit_test(test_none),
        };

        return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
