/*
 * Stable merge sort of small keyed entries: O(n log n) whatever the data, no hidden allocation.
 *
 * Where a hash table over ids from the network would need a secret seed to keep its promises, a
 * sort needs none.
 */
#ifndef CLEW_PROTO_BASE_SORT_H
#define CLEW_PROTO_BASE_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clew_sort_entry {
        uint64_t key;
        const void *item; /* borrowed; the sort looks at it only through the tie function */
};

/* Order of two entries with equal keys: negative, 0, positive. */
typedef int (*clew_sort_tie_fn)(const void *a, const void *b);

/*
 * Sorts @n @entries by key, then by @tie (NULL = keys alone); entries that stay equal keep their
 * order. @tmp is working space for @n entries; the result is in @entries.
 */
void clew_sort(struct clew_sort_entry *entries, struct clew_sort_entry *tmp, size_t n,
               clew_sort_tie_fn tie);

/* Ascending. NULL when there are none. */
void clew_sort_numbers(uint64_t *numbers, size_t n);
/* Whether @number is among @n that are in order. */
bool clew_has_number(const uint64_t *numbers, size_t n, uint64_t number);

#endif
