/*
 * The inside of a tier, for the files of this room: opening and reading back (tier.c), bringing in
 * what a bucket has (tier-adopt.c), uploading and giving up (tier-sync.c), a catalog made of
 * objects alone (tier-rebuild.c).
 */
#ifndef CLEW_STORAGE_TIER_TIER_INT_H
#define CLEW_STORAGE_TIER_TIER_INT_H

#include "storage/source/store-int.h"
#include "storage/tier.h"
#include "storage/tier/tier-catalog-int.h"
#include "storage/tier/tier-map-int.h"
#include "storage/tier/tier-object-int.h"

#include <pthread.h>

#define CLEW_TIER_IDENTITY "clew.id"
/* Where the segment's bytes begin in its object. */
#define CLEW_TIER_SEGMENT_AT 8u

/* Of an address at which readers ask for a tail. */
#define CLEW_TIER_ADVERTISE_MAX 512u

struct clew_follow; /* of a reader (tier-follow.c) */

struct clew_tier {
        struct clew_follow *follow; /* NULL: the store is nobody's mirror */
        struct clew_store *store;   /* borrowed */
        struct clew_tier_map *map;
        char url[CLEW_BUCKET_URL_MAX];
        uint64_t local_bytes;
        clew_verify_report_fn finding;
        void *finding_context;
        struct clew_tier_catalog catalog; /* as the bucket has it; of the thread that syncs */
        uint64_t writer;
        uint64_t created_ns; /* of the store, and of the bucket */
        bool is_fenced;
        bool is_deferred; /* the bucket did not answer at the start: attached by a later sync */
        uint64_t cache_bytes;
        uint64_t synced;     /* digest of the state that the bucket has */
        uint64_t evicted_at; /* next segment of the state when nothing was left to give up */
        pthread_mutex_t lock;
        struct clew_object_bucket *bucket; /* opened when it is needed; guarded by lock */
        uint64_t failed_until_ns;          /* nothing is asked for before; guarded by lock */
        bool stopping;                     /* guarded by lock */
        /* With that version the bucket had all segments below; guarded by lock. */
        uint64_t complete;
        uint64_t complete_version;
        char advertise[CLEW_TIER_ADVERTISE_MAX];
};

/* The bucket, opened when it was not. */
CLEW_MUST_USE int clew_tier_bucket(struct clew_tier *t, struct clew_object_bucket **ret,
                                   struct clew_error *err);
void clew_tier_tell(struct clew_tier *t, const char *object, const char *what);

/* Goes on where clew_tier_attach() could not. */
CLEW_MUST_USE int clew_tier_attach_deferred(struct clew_tier *t, struct clew_tier_stats *stats,
                                            struct clew_error *err);
/* Makes the store have what @t->catalog says. 0 with what could not be read left aside. */
CLEW_MUST_USE int clew_tier_adopt(struct clew_tier *t, struct clew_tier_stats *stats,
                                  struct clew_error *err);
/* Fills @t->catalog from the footers of all objects. */
CLEW_MUST_USE int clew_tier_rebuild(struct clew_tier *t, struct clew_error *err);

/* The same for those @n segments alone, in their order: what else the store has is as it was said
 * before. */
CLEW_MUST_USE int clew_tier_adopt_some(struct clew_tier *t, const uint64_t *segments, size_t n,
                                       struct clew_tier_stats *stats, struct clew_error *err);
/* Many small indexes become few, as a collector would do. It is not needed for any answer. */
void clew_tier_merge_indexes(struct clew_tier *t);

/* A tier of @store; NULL: no memory. */
struct clew_tier *clew_tier_new(struct clew_store *store, const struct clew_tier_options *o);
/* Reads the state of the store, and when it was made. */
CLEW_MUST_USE int clew_tier_read_own(struct clew_tier *t, struct clew_state *state,
                                     struct clew_error *err);
/* The bucket is this store's, or the store becomes the bucket's; without @may_claim -ENXIO: it is
 * nobody's. */
CLEW_MUST_USE int clew_tier_settle_identity(struct clew_tier *t, struct clew_object_bucket *b,
                                            bool may_claim, const struct clew_state *state,
                                            struct clew_error *err);
/* The bytes of segments that are not in the store come from the bucket from here on. */
void clew_tier_set_away(struct clew_tier *t);

void clew_follow_free(struct clew_follow *f); /* NULL is fine */
/* The object of @segment is not there any more, or not known: the bucket is looked at now. */
void clew_follow_hurry(struct clew_follow *f, uint64_t segment);
/* clew_follow_rest() says so from here on. */
void clew_follow_end(struct clew_follow *f);

/* Below which segment the bucket has all, and since which version; 0 = not known. Any thread. */
void clew_tier_complete(struct clew_tier *t, uint64_t *ret_segment, uint64_t *ret_version);
/* Where the node of writer @writer is asked for its tail (tier-node.c); what those before it said
 * goes. @url "" = nowhere. 0 or an error of the bucket. */
CLEW_MUST_USE int clew_node_advertise(struct clew_object_bucket *b, uint64_t writer,
                                      const char *url, struct clew_error *err);

/* Runs @fn in a write transaction whose state is written when it returns 0. */
typedef int (*clew_tier_write_fn)(void *context, MDB_txn *txn, struct clew_state *state,
                                  struct clew_error *err);
CLEW_MUST_USE int clew_tier_write(struct clew_tier *t, clew_tier_write_fn fn, void *context,
                                  struct clew_error *err);

#endif
