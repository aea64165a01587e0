/*
 * The inside of a reader: opening it (tier-follow-open.c), and following the bucket
 * (tier-follow.c).
 */
#ifndef CLEW_STORAGE_TIER_FOLLOW_INT_H
#define CLEW_STORAGE_TIER_FOLLOW_INT_H

#include "proto/base/clock.h"
#include "storage/follow.h"
#include "storage/tier/tier-int.h"
#include "storage/tier/tier-node-int.h"

#include <pthread.h>

/* What could not be read is tried again after so long, and later each time. */
#define CLEW_FOLLOW_RETRY_NS (15 * CLEW_NS_PER_S)
/* Among starts that did not come to a whole step: the directory is to be made anew. */
#define CLEW_FOLLOW_STARTS_DAMAGED 9

/* A segment as the catalog that is here says it. */
struct clew_follow_said {
        uint64_t segment;
        uint64_t mark; /* of its object and of what lives in it */
};

struct clew_follow {
        struct clew_nodes *nodes;
        char gap[CLEW_FOLLOW_GAP_BYTES];   /* as other processes are told */
        char named[CLEW_FOLLOW_GAP_BYTES]; /* nodes, as they are told */
        int fd;                            /* of CLEW_READER_FILE */
        bool is_settled;                   /* whose the bucket is has been asked */
        bool is_suspect; /* something that should be here is not: all is compared */
        bool is_whole;   /* all of the catalog is here; else all is compared again */
        struct clew_follow_said *said;
        size_t n_said;
        uint64_t erased;   /* as it said then */
        uint64_t retry_ns; /* when what could not be read is tried again */
        uint64_t retry_pause_ns;
        uint64_t rebuild_ns; /* not before */
        uint64_t first_ns;   /* since when there is no version */
        uint64_t wipe_ns;    /* not before */
        uint64_t suspect_ns; /* not before */
        uint64_t unmerged;   /* segments that came in */
        pthread_mutex_t lock;
        pthread_cond_t wake;
        uint64_t
                asked; /* segment that somebody looked for in vain; guarded by lock, as all below */
        bool hurried;
        bool ended;
        uint32_t n_left_out; /* writers beyond those that are followed */
        struct clew_follow_status status;
};

/* How many starts have not come to a whole step. A hint: nothing depends on it. */
void clew_follow_write_starts(int fd, int n);

#endif
