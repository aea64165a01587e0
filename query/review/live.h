/*
 * Live traffic of two versions compared: runs of A and of B are other runs, so nothing is paired
 * (two experiments on the same cases are: experiment.h).
 */
#ifndef CLEW_QUERY_REVIEW_LIVE_H
#define CLEW_QUERY_REVIEW_LIVE_H

#include "proto/base/arena.h"
#include "query/model/summary.h"
#include "query/review/statistics.h"

#include <stdint.h>

/* Runs of one side; more make nothing surer. */
#define CLEW_LIVE_RUNS_MAX 1000000u

enum clew_live_measure { CLEW_LIVE_TOKENS, CLEW_LIVE_COST, CLEW_LIVE_SECONDS, CLEW_LIVE_MEASURES };

/* One side. Values live in the arena that it was made with. */
struct clew_live_side {
        uint64_t n; /* runs that have ended */
        uint64_t failed;
        uint64_t open; /* not counted in n */
        double *values[CLEW_LIVE_MEASURES];
        uint32_t n_values[CLEW_LIVE_MEASURES];
        uint32_t room[CLEW_LIVE_MEASURES];
};

/* Means of both sides and B minus A with its 95 % interval; NAN where a side has no value. */
struct clew_live_difference {
        double a;
        double b;
        double difference;
        struct clew_interval interval;
};

struct clew_live_comparison {
        double rate_a; /* share that failed; NAN without runs */
        double rate_b;
        struct clew_interval interval_a;
        struct clew_interval interval_b;
        double difference;             /* of the rates, B minus A */
        struct clew_interval interval; /* of it */
        double p;                      /* that the rates differ so by chance */
        const char *verdict;           /* of B: "better", "worse", "no difference shown" */
        struct clew_live_difference measures[CLEW_LIVE_MEASURES];
};

/* Counts a run. 0, -ENOMEM, or -E2BIG: more than CLEW_LIVE_RUNS_MAX. */
CLEW_MUST_USE int clew_live_add(struct clew_live_side *side, const struct clew_summary *s,
                                struct clew_arena *arena);
/*
 * The rates by Fisher's exact test (p < 0.05 makes a verdict) and Newcombe's interval (1998, method
 * 10); means with Welch's interval, which needs two values a side.
 */
void clew_live_compare(const struct clew_live_side *a, const struct clew_live_side *b,
                       struct clew_live_comparison *ret);

#endif
