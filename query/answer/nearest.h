/*
 * What somebody meant who mistyped a word: the nearest of those there are.
 */
#ifndef CLEW_QUERY_ANSWER_NEAREST_H
#define CLEW_QUERY_ANSWER_NEAREST_H

#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>

/* Longer words are not compared. */
#define CLEW_NEAREST_BYTES_MAX 64u

struct clew_nearest {
        struct clew_slice asked;
        struct clew_slice best; /* null while nothing is near; borrowed from the last offer */
        size_t distance;
};

struct clew_nearest clew_nearest_begin(struct clew_slice asked);
/* One of those there are. The first of several that are equally near stays. A word is near when it
 * takes two edits at most, or begins with what was asked for, or has it inside. */
void clew_nearest_offer(struct clew_nearest *n, struct clew_slice word);

static inline bool clew_nearest_found(const struct clew_nearest *n)
{
        return n->best.len > 0;
}

#endif
