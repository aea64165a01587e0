/*
 * What an upload is made of: segments of this store, or of objects that hold too little, put
 * together to an object (tier-pack.c, tier-repack.c), and what came of it (tier-sync.c).
 */
#ifndef CLEW_STORAGE_TIER_PACK_INT_H
#define CLEW_STORAGE_TIER_PACK_INT_H

#include "storage/source/store-int.h"
#include "storage/tier/tier-int.h"

struct clew_tier_packing {
        struct clew_tier *tier;
        MDB_txn *txn;
        struct clew_loader loader;
        struct clew_segment_entry entry; /* of the snapshot */
        struct clew_slice entry_bytes;
        struct clew_slice segment_bytes;
        struct clew_buffer scratch;
        struct clew_buffer rows;
        struct clew_buffer index;
        struct clew_tier_making making; /* the object */
};

CLEW_MUST_USE int clew_tier_packing_init(struct clew_tier_packing *p, struct clew_tier *t);
void clew_tier_packing_deinit(struct clew_tier_packing *p);
/* Adds the segment to p->making. -ENOENT: there is no such segment here, or not its bytes. */
CLEW_MUST_USE int clew_tier_pack(struct clew_tier_packing *p, uint64_t segment,
                                 struct clew_error *err);

/* A segment that was uploaded, and no version names it there yet. */
struct clew_tier_made {
        struct clew_tier_item item;
        struct clew_tier_known known;
};

/* Segments of one version. */
#define CLEW_TIER_UPLOADS_MAX 1024u
/* An object that has so many bytes gets no further segment: it is made in memory, of which the
 * thread that uploads has 48 MiB without asking (collector/README.md, "Memory"). */
#define CLEW_TIER_OBJECT_BYTES ((uint64_t)14 << 20)

struct clew_tier_upload {
        struct clew_tier *tier;
        struct clew_object_bucket *bucket;
        struct clew_tier_packing packing;
        struct clew_tier_made *made; /* up to CLEW_TIER_UPLOADS_MAX, by segment within an object */
        size_t n_made;               /* in objects that are there */
        size_t n_open;               /* behind them: in packing.making */
        uint64_t n_objects;          /* those, and their bytes */
        uint64_t bytes;
};

CLEW_MUST_USE int clew_tier_upload_init(struct clew_tier_upload *u, struct clew_tier *t,
                                        struct clew_object_bucket *b, struct clew_error *err);
void clew_tier_upload_deinit(struct clew_tier_upload *u);
/* A segment of @n_traces was added to u->packing.making; an object that is large enough goes up.
 * There is room. 0 or an error. */
CLEW_MUST_USE int clew_tier_upload_added(struct clew_tier_upload *u, uint64_t segment,
                                         uint64_t n_traces, struct clew_error *err);
/* What has been added goes up. */
CLEW_MUST_USE int clew_tier_upload_end(struct clew_tier_upload *u, struct clew_error *err);
bool clew_tier_upload_is_full(const struct clew_tier_upload *u);

/*
 * Segments of objects that hold too little go into others: of those of which less than half is
 * wanted, or with @all of each that holds anything that is not. @gone: n segments that the next
 * version does without, in order. @ret_left gets the places that they have left (struct
 * clew_tier_place). *@ret_more: there is more to do.
 */
CLEW_MUST_USE int clew_tier_repack(struct clew_tier_upload *u, const uint64_t *gone, size_t n,
                                   bool all, struct clew_buffer *ret_left, bool *ret_more,
                                   struct clew_error *err);

#endif
