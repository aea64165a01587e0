/*
 * Where a segment lies in a bucket: in which object, and where in it. An object holds several
 * segments (FORMAT.md, "Object of a bucket"), so it goes when none of them is wanted any more.
 */
#ifndef CLEW_STORAGE_TIER_PLACE_INT_H
#define CLEW_STORAGE_TIER_PLACE_INT_H

#include "proto/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEW_TIER_NAME_MAX 64u
/* Where the bytes of the first segment begin in an object. */
#define CLEW_TIER_SEGMENT_AT 8u
#define CLEW_TIER_FOOTER_BYTES 144u

/* @whole 0 = nowhere. */
struct clew_tier_place {
        uint64_t first;  /* the lowest segment of the object, in its name */
        uint64_t digest; /* of the object, in its name */
        uint64_t whole;  /* bytes of the object */
        uint64_t at;     /* where the segment's bytes begin */
        uint64_t len;    /* of them */
        uint64_t meta;   /* where its rows begin; entry, index and footer follow */
        uint64_t end;    /* of its footer */
};

void clew_tier_place_name(const struct clew_tier_place *p, char ret[CLEW_TIER_NAME_MAX]);
/* Of a name without its folder: @ret has first and digest. False when it is none. */
CLEW_MUST_USE bool clew_tier_place_read_name(const char *name, struct clew_tier_place *ret);
/* Whether it can be one. */
CLEW_MUST_USE bool clew_tier_place_is_good(const struct clew_tier_place *p);
CLEW_MUST_USE bool clew_tier_place_eq(const struct clew_tier_place *a,
                                      const struct clew_tier_place *b);

/* Bytes that a segment takes in its object. */
uint64_t clew_tier_place_bytes(const struct clew_tier_place *p);

#endif
