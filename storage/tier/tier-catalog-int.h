/*
 * Which segments a bucket holds, as numbered versions: `cat/` and twenty digits (FORMAT.md,
 * "Catalog of a bucket").
 *
 * A version is made by creating the object of the next number: who is told that it exists has lost,
 * and somebody else writes here. Each is a change of the one before; every 64th says all. Versions
 * before the last two of those are deleted, oldest first.
 */
#ifndef CLEW_STORAGE_TIER_CATALOG_INT_H
#define CLEW_STORAGE_TIER_CATALOG_INT_H

#include "proto/base/buffer.h"
#include "storage/bucket/bucket-int.h"
#include "storage/sealed/segment-int.h"
#include "storage/tier/tier-place-int.h"

/* Numbers of segments are a writer's own. A reader of several has them as one number: that of the
 * writer (0 = the one without a name) above, its segment's below. */
#define CLEW_TIER_SEGMENT_BITS 32u

static inline uint64_t clew_tier_own_segment(uint64_t segment)
{
        return segment & (((uint64_t)1 << CLEW_TIER_SEGMENT_BITS) - 1);
}

static inline uint64_t clew_tier_base_of_segment(uint64_t segment)
{
        return segment - clew_tier_own_segment(segment);
}

/* A segment in the bucket. */
struct clew_tier_item {
        uint64_t segment;
        struct clew_tier_place place; /* in a change, nowhere: it is gone */
        uint64_t n_traces;
        size_t live_len;
        uint8_t *live; /* owned; bits as in a catalog entry */
};

/* What is kept beside the traces (annotations, notes, ...), in objects of their own: tier-beside.c.
 * Of 16 MiB each, so some GiB of it. */
#define CLEW_TIER_PARTS_MAX 256u

struct clew_tier_part {
        uint64_t digest; /* in its name */
        uint64_t size;
};

struct clew_tier_beside {
        bool is_known;    /* false: nobody has said */
        uint64_t records; /* of the shelf, the sum of their checksums, the last number given */
        uint64_t sum;
        uint64_t last;
        uint64_t notes;
        uint64_t note_sum;
        uint32_t n_parts;
        struct clew_tier_part parts[CLEW_TIER_PARTS_MAX];
};

struct clew_tier_catalog {
        uint64_t base;    /* is added to the numbers of segments; of who reads several writers */
        uint64_t version; /* 0 = there is none yet */
        uint64_t full;    /* the version that says all, on which this one builds */
        uint64_t created_ns;
        uint64_t writer;
        uint64_t written_ns;
        uint64_t next_segment;
        uint64_t erased; /* how often something was deleted or redacted */
        struct clew_tier_beside beside;
        struct clew_tier_item *items; /* by segment */
        size_t n;
        size_t capacity;
};

/* Zeroed is fine; the base stays. */
void clew_tier_catalog_deinit(struct clew_tier_catalog *c);
/* NULL when it is not there. */
struct clew_tier_item *clew_tier_catalog_find(const struct clew_tier_catalog *c, uint64_t segment);
/* Puts a copy of @item in its place; one that lies nowhere takes it away. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_tier_catalog_set(struct clew_tier_catalog *c,
                                        const struct clew_tier_item *item);

/* Bytes of version @c->version: all, or those @n items of change. */
void clew_tier_catalog_encode(const struct clew_tier_catalog *c, const struct clew_tier_item *items,
                              size_t n, struct clew_buffer *out);
/* Applies the bytes of a version to @c. 0, -EBADMSG, -EPROTONOSUPPORT, -ENOMEM. */
CLEW_MUST_USE int clew_tier_catalog_apply(struct clew_tier_catalog *c, uint64_t version,
                                          struct clew_slice bytes);

/* Reads the newest version, or goes on from the one that @c is. 0 (version 0: none), -EBADMSG: a
 * version is damaged or missing; error of the bucket. */
CLEW_MUST_USE int clew_tier_catalog_read(struct clew_object_bucket *b, struct clew_tier_catalog *c,
                                         struct clew_error *err);
/*
 * Whether @version is there and the newest: 1, 0, or an error. One request, a list from @version
 * on: that the next number is not there says nothing by itself, since old versions are deleted.
 */
CLEW_MUST_USE int clew_tier_catalog_is_last(struct clew_object_bucket *b, uint64_t version,
                                            struct clew_error *err);
/*
 * What the newest version says beside the traces, without its segments: by a list when *@version is
 * 0, else by the next numbers. 1 = @ret is that of *@version, which is newer now; 0 = nothing is
 * new, or there is none. What is read is not verified: parts are, by their names.
 */
CLEW_MUST_USE int clew_tier_catalog_beside(struct clew_object_bucket *b, uint64_t *version,
                                           struct clew_tier_beside *ret, struct clew_error *err);
/*
 * Makes the next version of @c with the changes @items. 0; -EEXIST: that number is taken; -EAGAIN:
 * not sure; other. After an error @c is empty, and what the bucket has is to be read.
 */
CLEW_MUST_USE int clew_tier_catalog_commit(struct clew_object_bucket *b,
                                           struct clew_tier_catalog *c,
                                           const struct clew_tier_item *items, size_t n,
                                           struct clew_error *err);

void clew_tier_part_name(uint64_t digest, char ret[CLEW_TIER_NAME_MAX]);

#endif
