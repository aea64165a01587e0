/*
 * Statistics of experiments and judges beside those of query/find/statistics.h, small samples in
 * mind: exact tests where there are any, intervals always, seeds where chance is used.
 */
#ifndef CLEW_QUERY_REVIEW_STATISTICS_H
#define CLEW_QUERY_REVIEW_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

struct clew_interval {
        double low;
        double high;
};

/* Two-sided exact sign test: how likely is it, if neither side is better, that of @a + @b pairs
 * that differ they divide at least so unevenly? (McNemar's exact test on pass and fail.) 1 without
 * pairs.
 */
double clew_sign_test(uint64_t a, uint64_t b);

/* pass@k: of @n tries @c passed; how likely does at least one of @k pass? Unbiased (Chen et al.
 * 2021, section 2.1). pass^k: how likely do all of @k pass? NaN when k > n. */
double clew_pass_at(uint64_t n, uint64_t c, uint64_t k);
double clew_pass_all(uint64_t n, uint64_t c, uint64_t k);

/* 97.5 % point of Student's t with @df (at least 1) degrees of freedom: five digits from 2.5 on, 1
 * % from 1.5 on, too large rather than too small below (Hill 1970, algorithm 396). */
double clew_student_975(double df);

#define CLEW_BOOTSTRAP_ROUNDS 10000u

/* Mean of @values and its 95 % percentile bootstrap interval. The same seed gives the same
 * interval.
 * @work has room for CLEW_BOOTSTRAP_ROUNDS doubles. n = 0 gives NaN. */
double clew_bootstrap_mean(const double *values, size_t n, uint64_t seed, double *work,
                           struct clew_interval *ret);

/* Cohen's kappa of a square table of counts (@k x @k, row = one rater, column = the other), with a
 * 95 % interval by its large-sample standard error (Fleiss, Cohen, Everitt 1969). *ret_agreement is
 * the share on the diagonal. NaN when chance agreement is 1, or nothing was counted. */
double clew_kappa(const uint64_t *table, size_t k, double *ret_agreement,
                  struct clew_interval *ret);

#endif
