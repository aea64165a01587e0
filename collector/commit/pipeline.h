/*
 * From fragments to durability: a queue, and one writer thread that commits in groups.
 *
 * A submission is what one export request wants stored: its fragments, encoded by the network
 * thread. The writer takes all that wait (up to a few MiB), appends them in one transaction, and
 * only then reports each one done: an acknowledgement means durable. While a transaction waits for
 * the disk the next group gathers by itself; a further short wait happens only when other requests
 * are known to be on their way, so a lone client pays no delay.
 *
 * Groups that are also kept elsewhere, where each costs money, lie a time apart (keep_every_ns).
 *
 * A group that the store refuses for any reason but a full or failing disk is tried again one
 * submission at a time, so that only the one at fault is refused.
 *
 * Whoever else writes to the store (the sealer) may do it on the writer thread too: then nobody
 * with the store's write lock in hand runs at a lower priority than the requests that wait for it.
 *
 * Threads: push from any; `done` is called from the writer thread, never under the lock.
 */
#ifndef CLEW_COLLECTOR_PIPELINE_H
#define CLEW_COLLECTOR_PIPELINE_H

#include "collector/base/counters.h"
#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One transaction: enough to make the cost of the sync small, short enough to keep latency low. */
#define CLEW_PIPELINE_GROUP_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define CLEW_PIPELINE_GROUP_REQUESTS_MAX 512u
/* Ten groups a second at most are kept elsewhere where that takes its usual 50 ms, and an answer
 * takes three times as long as that at most. */
#define CLEW_PIPELINE_KEEP_EVERY_MAX_NS (100 * CLEW_NS_PER_MS)

/* Embedded in the transport's request. The pipeline borrows it from push until `done`. */
struct clew_submission {
        struct clew_submission *next;
        struct clew_buffer bytes;        /* the encoded fragments, owned */
        struct clew_fragment *fragments; /* into bytes, owned */
        size_t n_fragments;
        /* @result is 0 (on disk, and kept), -EREMOTE (it could not be kept) or the store's negative
         * errno. */
        void (*done)(struct clew_submission *s, int result);
};

/* Frees what the submission owns; zeroed and NULL are fine. */
void clew_submission_deinit(struct clew_submission *s);

struct clew_pipeline;

struct clew_pipeline_options {
        struct clew_store *store;       /* borrowed until free */
        struct clew_counters *counters; /* borrowed */
        uint64_t gather_ns;
        /* Puts what is on disk where it outlives the machine, before it is acknowledged; NULL: disk
         * is enough. */
        int (*keep)(void *context, const struct clew_fragment *fragments, size_t n,
                    struct clew_error *err);
        void *keep_context;
        /* Groups that are kept begin so far apart, unless one is full or the pipeline ends; 0 =
         * twice as long as keeping takes, CLEW_PIPELINE_KEEP_EVERY_MAX_NS at most. */
        uint64_t keep_every_ns;
        /* How many requests are on their way or queued; may be NULL. */
        size_t (*n_expected)(void *context);
        void *context;
};

/* Starts the writer thread. Returns 0 or a negative errno. */
CLEW_MUST_USE int clew_pipeline_new(const struct clew_pipeline_options *options,
                                    struct clew_pipeline **ret);
/* Commits what is queued, reports it, ends the thread. No push may follow. NULL is fine. */
void clew_pipeline_free(struct clew_pipeline *p);

void clew_pipeline_push(struct clew_pipeline *p, struct clew_submission *s);

/* Runs @fn(@argument) on the writer thread, between two groups, and returns after it. Not from
 * `done`, and not while the pipeline is freed. */
void clew_pipeline_run(struct clew_pipeline *p, void (*fn)(void *argument), void *argument);

/* What waits for the writer now. */
void clew_pipeline_queue(struct clew_pipeline *p, size_t *ret_requests, size_t *ret_bytes);

/* False from a commit that failed for want of space or by an I/O error until one that succeeds. */
bool clew_pipeline_is_healthy(const struct clew_pipeline *p);

#endif
