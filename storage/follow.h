/*
 * A reader: a store made of a bucket alone that follows what is written there
 * (storage/tier/README.md, "Readers"). It has what answers are found by; bytes of segments are read
 * when they are asked for, and kept up to a limit. All of it can be made anew.
 *
 * Any number of readers may follow one bucket, and nobody is told of them.
 * Threads: one opens, steps and closes; the others may be called from any.
 */
#ifndef CLEW_STORAGE_FOLLOW_H
#define CLEW_STORAGE_FOLLOW_H

#include "proto/base/error.h"
#include "storage/tier.h"

#include <stdbool.h>
#include <stdint.h>

/* Of what clew_follow_gap() says. */
#define CLEW_FOLLOW_GAP_BYTES 512u

struct clew_follow_options {
        const char *url;      /* of the bucket */
        uint64_t cache_bytes; /* 0 = the default */
        const struct clew_deriver *deriver;
        const char *tail_key; /* file with a key for nodes; NULL = none is shown */
        const char *tail_ca;  /* file with an authority of theirs; NULL = those of the system */
        /* As in struct clew_tier_options. */
        clew_verify_report_fn finding;
        void *context;
};

struct clew_follow_status {
        uint64_t version;    /* of the bucket's catalog, as far as it is here; 0 = none. Of several
                                writers the sum */
        uint64_t written_ns; /* when that was written, by the clock of who did */
        uint64_t segments;   /* in it */
        uint64_t checked_ns; /* when the bucket last had no newer one; 0 = not since the start */
        uint64_t failing_ns; /* since when it cannot be told; 0 = it can */
        uint64_t left_aside; /* objects that are damaged, or are not there */
        uint64_t cached_bytes; /* of segments */
        uint32_t nodes;        /* that say where they are asked for what they have not sealed */
        uint32_t nodes_reached;
        uint32_t writers;                   /* with a name that are known */
        bool is_empty;                      /* nobody has written there yet */
        bool to_wipe;                       /* bytes of what is gone are still on this disk */
        bool is_damaged;                    /* what is on this disk: made anew at the next start */
        char error[CLEW_ERROR_MESSAGE_MAX]; /* why it fails */
};

/*
 * Opens the reader's store in @dir, for this process alone, without asking the bucket. One that is
 * damaged, or of another format, is made anew (@ret_anew). -EBUSY: another reader has it; -EEXIST:
 * it is a store of its own, or follows another bucket; other errors of clew_store_open(). The store
 * is closed after clew_tier_free(@ret).
 */
CLEW_MUST_USE int clew_follow_open(const char *dir, const struct clew_follow_options *options,
                                   struct clew_store **ret_store, struct clew_tier **ret,
                                   bool *ret_anew, struct clew_error *err);
/*
 * Brings the store to what the bucket has now, and wipes what is gone when it is time. 0; -ENXIO:
 * nobody has written there yet; others may pass, but for -EEXIST (the bucket is another store's
 * now). Of one thread.
 */
CLEW_MUST_USE int clew_follow_step(struct clew_tier *tier, struct clew_tier_stats *stats,
                                   struct clew_error *err);
/* Waits until the next step is due, at most @ns. False: clew_tier_stop() was called. */
CLEW_MUST_USE bool clew_follow_rest(struct clew_tier *tier, uint64_t ns);
void clew_follow_status(struct clew_tier *tier, struct clew_follow_status *ret);
/* What answers may lack now, in words for people; false: nothing, or the store of @tier follows
 * nobody. In any process that reads the store. */
bool clew_follow_gap(struct clew_tier *tier, char *ret, size_t size);
/* Addresses of those that write the bucket of the reader in @dir, as they say there. False: none is
 * known, or it is no reader's. In any process. */
CLEW_MUST_USE bool clew_follow_writers(const char *dir, char *ret, size_t size);
/* Whether @dir is a reader's: nothing is written there but by it. */
CLEW_MUST_USE bool clew_follow_is_cache(const char *dir);

#endif
