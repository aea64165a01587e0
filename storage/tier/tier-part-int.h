/*
 * Bytes of a part of what is kept beside the traces (tier-beside.c): FORMAT.md, "Beside the traces,
 * in a bucket".
 */
#ifndef CLEW_STORAGE_TIER_PART_INT_H
#define CLEW_STORAGE_TIER_PART_INT_H

#include "proto/base/buffer.h"
#include "proto/base/cursor.h"
#include "storage/tier/tier-catalog-int.h"

struct clew_tier_part_head {
        uint64_t created_ns; /* of the store that wrote it */
        uint64_t writer;
        uint64_t generation;           /* unix ns: when all were written */
        uint64_t index;                /* among the parts of that */
        bool completes;                /* with this one all are written that were there then */
        struct clew_tier_beside after; /* sums with this part; its parts are not filled */
};

void clew_tier_part_put(struct clew_buffer *out, const struct clew_tier_part_head *head,
                        struct clew_slice records);
/* -EBADMSG, -EPROTONOSUPPORT. @ret_records: borrowed. */
CLEW_MUST_USE int clew_tier_part_read(struct clew_slice bytes, struct clew_tier_part_head *ret,
                                      struct clew_slice *ret_records);

/* Reads @part of bucket @b and verifies it. @bytes: made, emptied first; @ret_records points into
 * it. -EBADMSG: it is damaged, or not of the store that was made at @created_ns (0 = any); -ENOENT;
 * others. */
CLEW_MUST_USE int clew_tier_part_get(struct clew_object_bucket *b,
                                     const struct clew_tier_part *part, uint64_t created_ns,
                                     struct clew_buffer *bytes, struct clew_slice *ret_records,
                                     struct clew_error *err);

#define CLEW_TIER_PART_SHELF 'l'
#define CLEW_TIER_PART_NOTE 'n'
struct clew_tier_record {
        uint8_t tag;
        struct clew_slice key;
        struct clew_slice value;
};
void clew_tier_record_put(struct clew_buffer *out, const struct clew_tier_record *r);
/* False at the end, or when @c has failed. */
CLEW_MUST_USE bool clew_tier_record_take(struct clew_cursor *c, struct clew_tier_record *ret);

#endif
