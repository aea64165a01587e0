/*
 * A latency histogram: log-linear buckets, 64 to each power of two, so a quantile is at most 1.6 %
 * too high and the memory is fixed. Minimum and maximum are exact.
 */
#ifndef CLEW_TOOLS_LOADGEN_LATENCY_H
#define CLEW_TOOLS_LOADGEN_LATENCY_H

#include <stdint.h>

#define CLEW_LATENCY_SUB_BITS 6u
/* Exponents of a 64-bit number, each with its sub-buckets. */
#define CLEW_LATENCY_BUCKETS ((65u - CLEW_LATENCY_SUB_BITS) << CLEW_LATENCY_SUB_BITS)

struct clew_latency {
        uint64_t count;
        uint64_t max_ns;
        uint64_t buckets[CLEW_LATENCY_BUCKETS];
};

void clew_latency_add(struct clew_latency *l, uint64_t ns);
/* The upper edge of the bucket that holds the @per_mille-th of a thousand values (500 = median),
 * never above the maximum; 0 when nothing was added. */
uint64_t clew_latency_quantile_ns(const struct clew_latency *l, unsigned per_mille);

#endif
