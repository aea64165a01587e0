/*
 * Postings: a set of ordinals as bytes, in the least of four forms.
 *
 *     varint value << 2 | form, then
 *     ONE   value is the ordinal
 *     LIST  value ordinals in ascending order: the first, then the distance to the next less one
 *     WORDS value is the first word; varint words; that many words of 64 bits, little-endian
 *     RUNS  value stretches: varint gap to the end of the one before, varint length less one
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

/* Appends the posting of @n ordinals, n > 0, in strictly ascending order. */
void clew_posting_encode(const uint32_t *ordinals, uint32_t n, struct clew_buffer *out);
/* Calls nothing, fills @ret (room for @max) with the ordinals, which ascend and are below @limit.
 * How many, or -EBADMSG. */
CLEW_MUST_USE int clew_posting_decode(struct clew_slice posting, uint32_t limit, uint32_t *ret,
                                      uint32_t max);

/* Whether it is one ordinal below @limit, *ret, in at most two bytes. */
static inline bool clew_posting_is_one(struct clew_slice posting, uint32_t limit, uint32_t *ret)
{
        uint32_t head;

        if (posting.len == 0 || posting.len > 2 || (posting.data[0] & 3) != CLEW_POSTING_ONE ||
            (posting.data[0] >= 0x80) != (posting.len == 2) ||
            posting.data[posting.len - 1] >= 0x80)
                return false;
        head = posting.data[0] & 0x7fu;
        if (posting.len == 2)
                head |= (uint32_t)posting.data[1] << 7;
        *ret = head >> 2;
        return *ret < limit;
}

#endif
