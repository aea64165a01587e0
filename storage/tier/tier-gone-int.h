/*
 * What one writer of a prefix has deleted is deleted everywhere: README.md, "Deleted by another
 * writer". That it was stands in the parts beside the traces (tier-beside.c) of who deleted it.
 */
#ifndef CLEW_STORAGE_TIER_GONE_INT_H
#define CLEW_STORAGE_TIER_GONE_INT_H

#include "storage/source/erasure-int.h"
#include "storage/tier/tier-int.h"

/*
 * Of a part's @records, what the store of @t is to have, in @ret, which is made. A writer has all,
 * as they are; a reader: of the writer without a name all but its memory of deletions, of the
 * others what people said of traces and sessions, notes, and what they keep under names, under
 * numbers that have the writer above.
 * Deletions that a reader is told of (struct clew_deleted) are appended to @gone. 0, -EBADMSG,
 * -ENOMEM.
 */
CLEW_MUST_USE int clew_tier_beside_sift(const struct clew_tier *t, struct clew_slice records,
                                        struct clew_buffer *ret, struct clew_buffer *gone);
/* Whether a record under @key of a reader's shelf comes of the parts of @t. */
bool clew_tier_beside_is_of(const struct clew_tier *t, struct clew_slice key);
/* The same of a note. */
bool clew_tier_beside_is_note_of(const struct clew_tier *t, struct clew_slice key);

/* Whether somebody has deleted @id, of a reader: 1, 0, or an error. */
CLEW_MUST_USE int clew_tier_is_gone(struct clew_env *env, MDB_txn *txn,
                                    const struct clew_trace_id *id, struct clew_error *err);
/* How many a reader knows of. */
CLEW_MUST_USE int clew_tier_count_gone(struct clew_tier *t, uint64_t *ret, struct clew_error *err);
/* A reader remembers @gone, in a write of its store; no more than once each. */
CLEW_MUST_USE int clew_tier_put_gone(struct clew_shelf *shelf, const struct clew_buffer *gone,
                                     struct clew_error *err);
/* Before that: something may have to go of the store (tier-purge.c). Afterwards it has. */
CLEW_MUST_USE int clew_tier_want_purge(struct clew_tier *t, bool is_wanted, struct clew_error *err);
CLEW_MUST_USE bool clew_tier_wants_purge(struct clew_tier *t);
/* By this a reader knows the id again, and nobody reads it out of there. */
struct clew_trace_id clew_tier_mask_gone(const struct clew_trace_id *id);

/* A writer reads what the others have deleted, or hold, and decides it here; whoever finishes
 * erasures carries it out. @writer "" = the one without a name. */
CLEW_MUST_USE int clew_tier_carry(struct clew_tier *t, const char *writer, struct clew_error *err);

#endif
