/*
 * Many durations as a few bytes: each one that came, in order, with how often.
 *
 * A *piece* is: varint how many values it holds | a byte, the exponent (of 1000) of the step that
 * all are whole numbers of, then for each different value a varint, (its distance to the one before
 * in steps; the first: itself) << 1, with 1 added where it came more than once: then a varint
 * follows, how often less two. All values of a piece are at one place, so that quantiles read few
 * of them.
 */
#ifndef CLEW_QUERY_FIND_COUNTED_H
#define CLEW_QUERY_FIND_COUNTED_H

#include "proto/base/compiler.h"
#include "proto/base/cursor.h"

#include <stdbool.h>
#include <string.h>

/* Bits whose order as numbers is that of the values. */
static inline uint64_t clew_sample_bits(double v)
{
        uint64_t bits;

        memcpy(&bits, &v, sizeof(bits));
        return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

#define CLEW_SAMPLE_PLACE_BITS 15u

/* Where a value stands among all by the first of them: an octave has 16 places. */
static inline unsigned clew_sample_place(double v)
{
        return (unsigned)(clew_sample_bits(v) >> (64 - CLEW_SAMPLE_PLACE_BITS));
}

struct clew_counted {
        uint64_t ns;
        uint64_t n; /* how often; not 0 */
};

/* In seconds, as all samples are. */
static inline double clew_counted_seconds(uint64_t ns)
{
        return (double)ns / 1e9;
}

/* The exponent for @n values, n > 0. */
unsigned clew_counted_exponent(const struct clew_counted *values, size_t n);
/* Puts as many of @n ascending values as fit into @max bytes (64 to 255): how many; their bytes are
 * *ret_len. */
size_t clew_counted_put(const struct clew_counted *values, size_t n, unsigned exponent,
                        uint8_t *ret, size_t max, size_t *ret_len);

struct clew_counted_reader {
        struct clew_cursor c;
        uint64_t left; /* values that the piece still has to hold */
        uint64_t step;
        uint64_t ns; /* of the value before */
        bool begun;
};

struct clew_counted_reader clew_counted_begin(struct clew_slice piece);
/* False: that were all, or this is no piece (then c.failed). */
bool clew_counted_next(struct clew_counted_reader *r, struct clew_counted *ret);
/* How many values it says it holds; 0 = it is none. */
uint64_t clew_counted_values(struct clew_slice piece);

/* Pieces in a row, as they are kept for an answer: place 2 be | length 1 | piece. */
#define CLEW_COUNTED_HEAD 3u

struct clew_counted_piece {
        unsigned place;
        struct clew_slice bytes;
};

static inline void clew_counted_keep(uint8_t *to, const struct clew_counted_piece *piece)
{
        to[0] = (uint8_t)(piece->place >> 8);
        to[1] = (uint8_t)piece->place;
        to[2] = (uint8_t)piece->bytes.len;
        memcpy(to + CLEW_COUNTED_HEAD, piece->bytes.data, piece->bytes.len);
}

/* The next of a row, which was made by that alone; false = end. */
static inline bool clew_counted_kept(struct clew_slice *row, struct clew_counted_piece *ret)
{
        if (row->len < CLEW_COUNTED_HEAD)
                return false;
        ret->place = (unsigned)row->data[0] << 8 | row->data[1];
        ret->bytes = clew_slice_make(row->data + CLEW_COUNTED_HEAD, row->data[2]);
        *row = clew_slice_from(*row, CLEW_COUNTED_HEAD + ret->bytes.len);
        return true;
}

#endif
