/*
 * Many words looked for in one walk over a text: thousands at the price of a few.
 *
 * At each place four bytes are looked up in a set of bits; only where one of the words begins so it
 * is compared, the longest first. On a text made against it each place costs the length of a word,
 * which is bounded.
 */
#ifndef CLEW_PROTO_MASK_NEEDLES_H
#define CLEW_PROTO_MASK_NEEDLES_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEW_NEEDLES_MAX 65536u
/* Of the shortest one. */
#define CLEW_NEEDLES_BYTES_MIN 4u

struct clew_needles;

/* Bytes of @words are borrowed for as long as it lives. 0, -ENOMEM. */
CLEW_MUST_USE int clew_needles_new(const struct clew_slice *words, uint32_t n,
                                   struct clew_needles **ret);
void clew_needles_free(struct clew_needles *w); /* NULL is fine */

/* The first place at or behind @from at which one stands; of several there the longest. */
CLEW_MUST_USE bool clew_needles_find(const struct clew_needles *w, struct clew_slice text,
                                     size_t from, size_t *ret_from, uint32_t *ret_word);

#endif
