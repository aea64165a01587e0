/*
 * The inside of bringing in: what comes in (tier-adopt.c), and what leaves again (tier-leave.c).
 */
#ifndef CLEW_STORAGE_TIER_ADOPT_INT_H
#define CLEW_STORAGE_TIER_ADOPT_INT_H

#include "storage/tier/tier-int.h"
#include "storage/tier/tier-second-int.h"

/* Rows of one segment, unpacked. */
struct clew_tier_rows {
        uint64_t segment; /* 0 = none */
        struct clew_tier_row *of;
        uint32_t n;
};

struct clew_adoption {
        struct clew_tier *tier;
        struct clew_env *env;
        struct clew_tier_stats *stats;
        const struct clew_tier_item *item; /* at hand */
        struct clew_tier_rows own;         /* of it */
        struct clew_tier_rows old;         /* of one that traces move out of */
        struct clew_slice entry;           /* of it; borrowed */
        struct clew_tier_index index;
        bool has_index;
        bool has_gone; /* of a reader: there are traces that somebody has deleted */
        struct clew_tier_seconds seconds; /* of it */
        struct clew_tier_place read; /* of @bytes: the object, and from where (at) to where (end) */
        struct clew_buffer bytes;
        struct clew_buffer value;
};

/* Unpacks @section. */
CLEW_MUST_USE bool clew_adoption_rows_read(struct clew_tier_rows *rows, uint64_t segment,
                                           struct clew_slice section);
/* @a->old becomes the rows of a segment that came from the bucket before. */
CLEW_MUST_USE int clew_adoption_rows_of(struct clew_adoption *a, uint64_t segment,
                                        struct clew_error *err);
CLEW_MUST_USE int clew_adoption_read_entry(struct clew_adoption *a, MDB_txn *txn, uint64_t segment,
                                           struct clew_segment_entry *ret, struct clew_error *err);
CLEW_MUST_USE int clew_adoption_write_entry(struct clew_adoption *a, MDB_txn *txn, uint64_t segment,
                                            const struct clew_segment_entry *e,
                                            struct clew_error *err);
/* A trace leaves its older segment, because the one at hand has it. */
CLEW_MUST_USE int clew_adoption_move_out(struct clew_adoption *a, MDB_txn *txn,
                                         struct clew_state *state, const struct clew_place *old,
                                         struct clew_error *err);
/* A trace in the counts, or out of them. */
void clew_adoption_count(struct clew_state *state, const struct clew_tier_row *row, bool in);
void clew_adoption_set_live(uint8_t *live, uint32_t i, bool on);
/* What of @a->old the item (NULL = it is gone) does not have goes; a write of the store. */
CLEW_MUST_USE int clew_adoption_drop_dead(void *context, MDB_txn *txn, struct clew_state *state,
                                          struct clew_error *err);
/* Traces that were deleted (tier-gone.c) go out of the @n @segments of a reader's
 * store, which are in order. */
CLEW_MUST_USE int clew_adoption_purge(struct clew_tier *t, const uint64_t *segments, size_t n,
                                      struct clew_tier_stats *stats, struct clew_error *err);
/* Whether a trace that lives in the segment here does not live there in the bucket. */
bool clew_adoption_has_lost(const struct clew_segment_entry *e, const struct clew_tier_item *item);

#endif
