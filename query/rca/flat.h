/*
 * The leaves of a JSON text, one by one, as far as it goes: tool arguments and results.
 *
 * Not a validating reader: truncated or sloppy JSON gives the leaves that are there. No allocation,
 * no recursion; deeper than CLEW_FLAT_DEPTH_MAX the path stops growing, which only makes equal
 * paths out of different ones.
 */
#ifndef CLEW_QUERY_RCA_FLAT_H
#define CLEW_QUERY_RCA_FLAT_H

#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEW_FLAT_DEPTH_MAX 48u

struct clew_flat_leaf {
        struct clew_slice key;   /* nearest member name, raw, may be empty */
        struct clew_slice value; /* raw, without quotes */
        bool is_string;
};

struct clew_flat {
        struct clew_slice text;
        size_t at;
        struct clew_slice keys[CLEW_FLAT_DEPTH_MAX]; /* @key where each bracket opened */
        uint64_t path[CLEW_FLAT_DEPTH_MAX];          /* of those, as far as it was asked for */
        uint32_t hashed;                             /* levels whose path is known */
        struct clew_slice key;
        uint32_t depth;
        bool broken;  /* ended inside a string or with open brackets */
        bool is_json; /* begins as an object or an array */
};

void clew_flat_init(struct clew_flat *f, struct clew_slice text);
bool clew_flat_next(struct clew_flat *f, struct clew_flat_leaf *ret);

/* Where the leaf stands that was given last: a hash of the member names above it and of its own;
 * array places count not. Few ask for it. */
uint64_t clew_flat_path(struct clew_flat *f);

/* Hash of all leaves with their paths, whatever their order; of the trimmed text when it is not a
 * JSON object or array. */
uint64_t clew_flat_hash(struct clew_slice text);

#endif
