/*
 * The stable sort: order, stability and ties against a simple check, at lengths round its run size.
 */
#include "proto/base/sort.h"

#include "proto/base/mem.h"
#include "tests/unit/random-otlp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define N_MAX 3000u

static uint32_t ties[N_MAX];

static int order_of_ties(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a;
        uint32_t y = *(const uint32_t *)b;

        return x < y ? -1 : x > y;
}

static void check(struct random_source *r, size_t n, uint32_t keys)
{
        struct clew_sort_entry *e = clew_calloc(2 * n + 1, sizeof(*e));
        uint64_t sum = 0;

        assert_non_null(e);
        for (size_t i = 0; i < n; i++) {
                ties[i] = random_below(r, 3);
                e[i] = (struct clew_sort_entry){.key = random_below(r, keys), .item = &ties[i]};
                sum += e[i].key * (i + 1);
        }
        clew_sort(e, e + n, n, order_of_ties);
        for (size_t i = 0; i < n; i++) {
                const uint32_t *item = e[i].item;

                sum -= e[i].key * (uint64_t)(item - ties + 1);
                if (i == 0)
                        continue;
                assert_true(e[i - 1].key <= e[i].key);
                if (e[i - 1].key == e[i].key) {
                        assert_true(order_of_ties(e[i - 1].item, item) <= 0);
                        if (order_of_ties(e[i - 1].item, item) == 0)
                                assert_true((const uint32_t *)e[i - 1].item < item);
                }
        }
        assert_int_equal(sum, 0); /* each entry still holds its own item */
        clew_free(e);
}

static void test_sort(void **state)
{
        struct random_source r = random_from_environment("sort");

        (void)state;
        for (size_t n = 0; n < 100; n++)
                check(&r, n, 10);
        for (uint32_t i = 0; i < 50; i++)
                check(&r, random_below(&r, N_MAX), i % 2 ? 5 : UINT32_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_sort)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
