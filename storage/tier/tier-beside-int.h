/*
 * What is kept beside the traces - annotations, datasets, criteria, holds, what was deleted, notes
 * - in objects of the bucket, so that a node that begins empty has it too. Bytes: FORMAT.md,
 * "Beside the traces, in a bucket".
 *
 * These records are added, and hardly ever changed or taken away. So the first parts are all of
 * them, and later ones what has come since; after a deletion or a redaction, or when later parts
 * have grown to more than the first, all are written anew and the old parts go. A version of the
 * catalog names the parts and says to which sums they lead.
 */
#ifndef CLEW_STORAGE_TIER_BESIDE_INT_H
#define CLEW_STORAGE_TIER_BESIDE_INT_H

#include "storage/tier/tier-int.h"

/*
 * Uploads what has come. 1: @ret is what the next version is to say of it; then, when that is made,
 * clew_tier_beside_settle(). 0: nothing is new, or its time has not come. Else an error.
 */
CLEW_MUST_USE int clew_tier_beside_upload(struct clew_tier *t, struct clew_object_bucket *b,
                                          struct clew_tier_beside *ret, struct clew_error *err);
/* A version says @t->catalog.beside instead of @before: parts that are in it no more go. */
CLEW_MUST_USE int clew_tier_beside_settle(struct clew_tier *t, struct clew_object_bucket *b,
                                          const struct clew_tier_beside *before,
                                          struct clew_error *err);
/* Makes the store have what @t->catalog says. Damaged parts are told and left aside. */
CLEW_MUST_USE int clew_tier_beside_adopt(struct clew_tier *t, struct clew_object_bucket *b,
                                         struct clew_tier_stats *stats, struct clew_error *err);
/* Fills @t->catalog.beside from the parts that there are, when there is no catalog. */
CLEW_MUST_USE int clew_tier_beside_rebuild(struct clew_tier *t, struct clew_object_bucket *b,
                                           struct clew_error *err);
/* Parts that no version names go. */
CLEW_MUST_USE int clew_tier_beside_sweep(struct clew_tier *t, struct clew_object_bucket *b,
                                         struct clew_error *err);
void clew_tier_beside_writer_deinit(struct clew_tier_beside_writer *w);

/* ---- bytes of a part ------------------------------------------------------------------------- */

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
