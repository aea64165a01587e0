/*
 * Two sets of runs: what is found in one of them more often than chance would have it.
 *
 * A run is a set of features, each an attribute and a value: services, versions and other resource
 * attributes, attributes of its spans, tools and how often they were called, models, agents, pairs
 * of actions in a row, errors, events, beginnings of prompts, numbers beyond a bound. Each feature
 * is counted once a run.
 * Then each gets the probability that chance made the difference, and these are corrected for their
 * number (statistics.h): with a thousand features some look unlike in any two sets.
 */
#ifndef CLEW_QUERY_FIND_COMPARISON_H
#define CLEW_QUERY_FIND_COMPARISON_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stdint.h>

/* Distinct features kept; what comes after is not compared, and that is said. */
#define CLEW_COMPARISON_FEATURES_MAX 200000u
/* An attribute with more values than this is an id or a text: its values are not compared. */
#define CLEW_COMPARISON_VALUES_MAX 200u
/* Discovery rate below which a difference is told. */
#define CLEW_COMPARISON_RATE 0.05

struct clew_feature {
        struct clew_slice attribute;
        struct clew_slice value;
        uint64_t n[2];   /* runs of A, of B that have it */
        uint64_t runs;   /* sum of hashes of the runs that have it */
        uint32_t same;   /* further features of exactly the same runs, which are left out */
        uint32_t number; /* of the number that it is a bound of, from 1; 0 = of none */
        double p;
        double rate; /* corrected */
        double lift; /* share in A over share in B; infinite when B has none */
};

struct clew_comparison;

CLEW_MUST_USE struct clew_comparison *clew_comparison_new(void); /* NULL: no memory */
void clew_comparison_free(struct clew_comparison *c);            /* NULL is fine */
/* Adds one run to set @side, 0 = A, 1 = B. @trace was built with texts. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_comparison_add(struct clew_comparison *c, unsigned side,
                                      const struct clew_trace *trace);

struct clew_comparison_result {
        const struct clew_feature *features; /* surest first; all that were tested */
        uint32_t n;
        uint32_t n_found; /* of those, below CLEW_COMPARISON_RATE */
        /* Of those, without further bounds of a number that differs the same way: the surest of
         * each. They come first. */
        uint32_t n_told;
        uint64_t runs[2];
        bool cut;
};

/* @ret lives as long as @c. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_comparison_finish(struct clew_comparison *c,
                                         struct clew_comparison_result *ret);

#endif
