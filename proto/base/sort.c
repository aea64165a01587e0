#include "proto/base/sort.h"

#include "proto/base/compiler.h"

#include <stdlib.h>
#include <string.h>

#define RUN_LEN 12u /* below this an insertion sort is faster than merging */

/* True when @b has to go before @a. */
static inline bool out_of_order(const struct clew_sort_entry *a, const struct clew_sort_entry *b,
                                clew_sort_tie_fn tie)
{
        if (CLEW_LIKELY(a->key != b->key))
                return b->key < a->key;
        return tie && tie(a->item, b->item) > 0;
}

static void sort_run(struct clew_sort_entry *e, size_t n, clew_sort_tie_fn tie)
{
        for (size_t i = 1; i < n; i++) {
                struct clew_sort_entry x = e[i];
                size_t k = i;

                while (k > 0 && out_of_order(&e[k - 1], &x, tie)) {
                        e[k] = e[k - 1];
                        k--;
                }
                e[k] = x;
        }
}

/* Merges from[0, mid) and from[mid, n) into @to. */
static void merge_runs(const struct clew_sort_entry *from, size_t mid, size_t n,
                       struct clew_sort_entry *to, clew_sort_tie_fn tie)
{
        size_t a = 0;
        size_t b = mid;

        if (mid == n || !out_of_order(&from[mid - 1], &from[mid], tie)) {
                memcpy(to, from, n * sizeof(*to));
                return;
        }
        while (a < mid && b < n) {
                if (out_of_order(&from[a], &from[b], tie))
                        *to++ = from[b++];
                else
                        *to++ = from[a++];
        }
        memcpy(to, from + a, (mid - a) * sizeof(*to));
        memcpy(to + (mid - a), from + b, (n - b) * sizeof(*to));
}

void clew_sort(struct clew_sort_entry *entries, struct clew_sort_entry *tmp, size_t n,
               clew_sort_tie_fn tie)
{
        struct clew_sort_entry *from = entries;
        struct clew_sort_entry *to = tmp;

        for (size_t i = 0; i < n; i += RUN_LEN)
                sort_run(entries + i, n - i < RUN_LEN ? n - i : RUN_LEN, tie);
        for (size_t width = RUN_LEN; width < n; width *= 2) {
                struct clew_sort_entry *swap = from;

                for (size_t i = 0; i < n; i += 2 * width) {
                        size_t len = n - i < 2 * width ? n - i : 2 * width;
                        size_t mid = len < width ? len : width;

                        merge_runs(from + i, mid, len, to + i, tie);
                }
                from = to;
                to = swap;
        }
        if (from != entries)
                memcpy(entries, from, n * sizeof(*entries));
}

static int compare_numbers(const void *a, const void *b)
{
        uint64_t x;
        uint64_t y;

        memcpy(&x, a, sizeof(x));
        memcpy(&y, b, sizeof(y));
        return x < y ? -1 : x > y;
}

void clew_sort_numbers(uint64_t *numbers, size_t n)
{
        if (n)
                qsort(numbers, n, sizeof(*numbers), compare_numbers);
}

bool clew_has_number(const uint64_t *numbers, size_t n, uint64_t number)
{
        return n && bsearch(&number, numbers, n, sizeof(*numbers), compare_numbers) != NULL;
}
