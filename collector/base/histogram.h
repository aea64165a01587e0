/*
 * A histogram of times: buckets that each hold about twice the next smaller one's, written from any
 * thread without a lock. A reader may see an observation in its bucket and not yet in the sum.
 */
#ifndef CLEW_COLLECTOR_HISTOGRAM_H
#define CLEW_COLLECTOR_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

/* Bounds in seconds: 1, 2, 5 to a decade, from half a millisecond to ten seconds. */
#define CLEW_HISTOGRAM_BOUNDS 14u

extern const double clew_histogram_bounds[CLEW_HISTOGRAM_BOUNDS];

struct clew_histogram {
        atomic_uint_fast64_t n[CLEW_HISTOGRAM_BOUNDS + 1]; /* each bucket alone; the last: longer */
        atomic_uint_fast64_t sum_ns;
};

void clew_histogram_observe(struct clew_histogram *h, uint64_t ns);

#endif
