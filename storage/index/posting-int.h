/*
 * Postings: a set of ordinals as bytes, in the least of four forms. The lowest two bits say which.
 *
 *     ONE   ordinal << 2 | form in as few bytes as it takes, little-endian
 *     LIST  byte low << 2 | form, then bits from the lowest of each byte on: for each ordinal, in
 *           ascending order, its distance to the one before it less one (the first: itself), as
 *           zero bits, as many as distance >> low, a one, and the low bits of the distance. The
 *           last byte is filled up with zeros.
 *     WORDS varint first word << 2 | form; varint words; that many words of 64 bits, little-endian
 *     RUNS  varint stretches << 2 | form; for each, varint gap to the end of the one before, varint
 *           length less one
 *
 * How long a posting is stands beside its key.
 */
#ifndef CLEW_STORAGE_POSTING_INT_H
#define CLEW_STORAGE_POSTING_INT_H

#include "proto/base/buffer.h"
#include "storage/index.h"

enum clew_posting_form {
        CLEW_POSTING_ONE,
        CLEW_POSTING_LIST,
        CLEW_POSTING_WORDS,
        CLEW_POSTING_RUNS,
};

/* More bits of a distance are not told as they are: ordinals have 18. */
#define CLEW_POSTING_LOW_MAX 31u
#define CLEW_POSTING_ONE_BYTES_MAX 4u

/* Brings ordinals, each of which is there once, into ascending order. @bits holds more than the
 * largest, and is empty before and after. */
void clew_ordinals_sort(uint32_t *ordinals, uint32_t n, struct clew_index_set *bits);
/* Appends the posting of @n ordinals, n > 0, in strictly ascending order. */
void clew_posting_encode(const uint32_t *ordinals, uint32_t n, struct clew_buffer *out);
/* Calls nothing, fills @ret (room for @max) with the ordinals, which ascend and are below @limit.
 * How many, or -EBADMSG. */
CLEW_MUST_USE int clew_posting_decode(struct clew_slice posting, uint32_t limit, uint32_t *ret,
                                      uint32_t max);

/* Whether it is one ordinal below @limit, *ret, in at most two bytes. */
static inline bool clew_posting_is_one(struct clew_slice posting, uint32_t limit, uint32_t *ret)
{
        if (posting.len == 0 || posting.len > 2 || (posting.data[0] & 3) != CLEW_POSTING_ONE)
                return false;
        *ret = posting.data[0] >> 2;
        if (posting.len == 2)
                *ret |= (uint32_t)posting.data[1] << 6;
        return *ret < limit;
}

#endif
