/*
 * The lane for requests that take long to decode: threads of their own, so that a network thread
 * never spends more on a request than a small one costs, and never waits for another.
 *
 * Large requests (collector/commit/ingest.h) run one at a time, until they are committed, because
 * what they hold is large; the others pass them. Otherwise in order of arrival.
 *
 * Threads: push from any. A job runs on a thread of the lane, never under its lock.
 */
#ifndef CLEW_COLLECTOR_LANE_H
#define CLEW_COLLECTOR_LANE_H

#include "collector/commit/ingest.h"
#include "proto/base/compiler.h"

#include <stdbool.h>

struct clew_lane;

/* Embedded in the transport's request, which the lane borrows from push until run. */
struct clew_lane_job {
        struct clew_lane_job *next;
        /* True: a large one goes on to be committed and keeps the others waiting until then. */
        bool (*run)(struct clew_lane_job *job, struct clew_scratch *scratch);
        bool is_large;
};

#define CLEW_LANE_THREADS_MAX 8u

/* Starts at least two threads, so that one is left while a large request runs. Returns 0 or a
 * negative errno. */
CLEW_MUST_USE int clew_lane_new(const struct clew_ingest *ingest, unsigned n_threads,
                                struct clew_lane **ret);
void clew_lane_push(struct clew_lane *lane, struct clew_lane_job *job);
/* A large request whose job returned true is committed, or is not. */
void clew_lane_release(struct clew_lane *lane);
/* Runs what is queued, ends the threads. No push may follow. NULL is fine. */
void clew_lane_free(struct clew_lane *lane);

#endif
