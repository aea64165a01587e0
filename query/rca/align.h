/*
 * Aligning two sequences of hashes: Myers' shortest edit script, with a bound.
 *
 * Memory and time grow with the square of the number of differences; beyond CLEW_ALIGN_DIFFERENCES
 * the middle that is left after the common beginning and end is given up as "too different", which
 * the result says, instead of freezing on it.
 */
#ifndef CLEW_QUERY_RCA_ALIGN_H
#define CLEW_QUERY_RCA_ALIGN_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_ALIGN_DIFFERENCES 1500u /* 9 MB of working space */
#define CLEW_ALIGN_NONE UINT32_MAX

struct clew_pair {
        uint32_t a; /* index in the first sequence, or NONE */
        uint32_t b;
};

struct clew_alignment {
        const struct clew_pair *pairs; /* in order; of both sequences every element once */
        uint32_t n;
        bool gave_up; /* the middle was too different to align */
};

/* Lives in @arena. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_align(const uint64_t *a, uint32_t n_a, const uint64_t *b, uint32_t n_b,
                             struct clew_arena *arena, struct clew_alignment *ret);

#endif
