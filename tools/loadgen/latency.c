/*
 * Latency histogram. Values below 2^SUB_BITS have a bucket each; above, the bucket is the exponent
 * and the SUB_BITS bits behind the leading one.
 */
#include "tools/loadgen/latency.h"

#define SUB (1u << CLEW_LATENCY_SUB_BITS)

static unsigned bucket_of(uint64_t ns)
{
        unsigned exponent;

        if (ns < SUB)
                return (unsigned)ns;
        exponent = 63u - (unsigned)__builtin_clzll(ns);
        return ((exponent - CLEW_LATENCY_SUB_BITS + 1) << CLEW_LATENCY_SUB_BITS) +
               (unsigned)((ns >> (exponent - CLEW_LATENCY_SUB_BITS)) & (SUB - 1));
}

static uint64_t upper_edge(unsigned bucket)
{
        unsigned shift = bucket >> CLEW_LATENCY_SUB_BITS;

        if (shift == 0)
                return bucket;
        shift--;
        return (((uint64_t)(bucket & (SUB - 1)) + SUB) << shift) + ((1ull << shift) - 1);
}

void clew_latency_add(struct clew_latency *l, uint64_t ns)
{
        l->count++;
        if (ns > l->max_ns)
                l->max_ns = ns;
        l->buckets[bucket_of(ns)]++;
}

uint64_t clew_latency_quantile_ns(const struct clew_latency *l, unsigned per_mille)
{
        uint64_t wanted = (l->count * per_mille + 999) / 1000;
        uint64_t seen = 0;

        for (unsigned i = 0; i < CLEW_LATENCY_BUCKETS; i++) {
                seen += l->buckets[i];
                if (seen >= wanted && seen > 0) {
                        uint64_t edge = upper_edge(i);

                        return edge < l->max_ns ? edge : l->max_ns;
                }
        }
        return l->max_ns;
}
