/*
 * See histogram.h.
 */
#include "collector/base/histogram.h"

#include "proto/base/clock.h"

const double clew_histogram_bounds[CLEW_HISTOGRAM_BOUNDS] = {
        0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};

void clew_histogram_observe(struct clew_histogram *h, uint64_t ns)
{
        double seconds = (double)ns / (double)CLEW_NS_PER_S;
        unsigned i = 0;

        while (i < CLEW_HISTOGRAM_BOUNDS && seconds > clew_histogram_bounds[i])
                i++;
        atomic_fetch_add_explicit(&h->n[i], 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&h->sum_ns, ns, memory_order_relaxed);
}
