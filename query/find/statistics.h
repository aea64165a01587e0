/*
 * Figures of a sample, and how far two samples differ: small exact functions without state.
 *
 * Sources: Wilson 1927 (interval of a share); Fisher 1922 (exact test of a two by two table);
 * Pearson's chi-square with Yates' correction where counts are too large for the exact sum;
 * Benjamini and Hochberg 1995 (many tests at once).
 */
#ifndef CLEW_QUERY_FIND_STATISTICS_H
#define CLEW_QUERY_FIND_STATISTICS_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stddef.h>
#include <stdint.h>

/* The @q-th quantile (0 to 1) of @n ascending values by nearest rank; NaN when @n is 0. */
double clew_quantile(const double *ascending, size_t n, double q);
/* Ascending, in place; none is NaN. 0 or -ENOMEM. Linear: digit by digit where there are many. */
CLEW_MUST_USE int clew_sort_doubles(double *values, size_t n);

/* Values that lie together; a sample is some of these. */
struct clew_sample_part {
        const double *values;
        size_t n;
        struct clew_slice counted; /* or pieces of counted.h in a row, which hold @n */
};

/* The quantiles @q[0 .. k - 1] of all that @parts hold, as clew_quantile() has them, without
 * putting them in order. 0, -ENOMEM, or -EBADMSG: a piece is none, or holds values of another
 * place.
 */
CLEW_MUST_USE int clew_quantiles(const struct clew_sample_part *parts, size_t n_parts,
                                 const double *q, unsigned k, double *ret);

/* 95 % interval of the share @k of @n. Both 0 when @n is 0. */
void clew_wilson(uint64_t k, uint64_t n, double *ret_low, double *ret_high);

/*
 * Probability that shares as unlike as @a of @n_a and @b of @n_b, or more so, come about by chance
 * (two-sided). 1 when there is nothing to tell apart.
 */
double clew_difference_p(uint64_t a, uint64_t n_a, uint64_t b, uint64_t n_b);

/* Turns @n ascending probabilities into the least false discovery rate at which each counts as
 * found, in place. */
void clew_discovery_rates(double *ascending, size_t n);

#endif
