/*
 * What a reader has of the tail of one node: fragments in the hot table of its own store, and under
 * which sequences they lie there and at the node.
 */
#ifndef CLEW_STORAGE_TIER_TAIL_TAKE_INT_H
#define CLEW_STORAGE_TIER_TAIL_TAKE_INT_H

#include "storage/tail.h"
#include "storage/tier/tail-int.h"
#include "storage/tier/tier-int.h"

struct clew_tail_piece {
        struct clew_trace_id id;
        uint64_t theirs; /* sequence at the node; of one life of it */
        uint64_t mine;
        uint64_t first;   /* of the batch that it lies in here; 0 = not looked up yet */
        uint64_t gone_at; /* hot no more: in the bucket when that has all segments below; 0 = hot */
        bool is_old;      /* of an answer that was begun anew since */
        bool drop;        /* whatever the bucket has */
};

/* Zeroed = nothing. */
struct clew_taken {
        struct clew_tail_question have;
        struct clew_tail_piece *pieces; /* owned; old ones first, then by sequence */
        size_t n;
        size_t capacity;
        size_t n_kept;     /* of the first of them none is of a trace that was deleted ... */
        uint64_t epoch;    /* ... that was known then; 0 = none is */
        uint64_t complete; /* of the answer at hand */
        uint64_t version;
};

void clew_taken_deinit(struct clew_taken *k);
/* Makes the store have what @bytes say. @version: of the catalog that is here. @ret_more: there is
 * more to ask for at once; @ret_erased: something was erased at the node. -EBADMSG: @bytes are no
 * answer; nothing was changed then. */
CLEW_MUST_USE int clew_taken_apply(struct clew_tier *t, struct clew_taken *k,
                                   struct clew_slice bytes, uint64_t version, bool *ret_more,
                                   bool *ret_erased, struct clew_error *err);
/* Takes in @fragments (struct clew_fragment), as pieces whose sequence is @theirs. */
CLEW_MUST_USE int clew_taken_add(struct clew_tier *t, struct clew_taken *k,
                                 const struct clew_buffer *fragments, uint64_t theirs,
                                 struct clew_error *err);
/* Takes out those with the mark `drop`. */
CLEW_MUST_USE int clew_taken_drop_marked(struct clew_tier *t, struct clew_taken *k,
                                         struct clew_error *err);
/* Takes out those of traces that somebody has deleted (tier-gone-int.h); @epoch: another one
 * whenever more are known, 0 = none is. Cheap when nothing is new. */
CLEW_MUST_USE int clew_taken_purge(struct clew_tier *t, struct clew_taken *k, uint64_t epoch,
                                   struct clew_error *err);
/* Takes out all that it has. */
CLEW_MUST_USE int clew_taken_drop(struct clew_tier *t, struct clew_taken *k,
                                  struct clew_error *err);
/* Takes out whatever is hot, but for the @n sequences @keep (in order): of a reader's life before.
 */
CLEW_MUST_USE int clew_tail_clear(struct clew_tier *t, const uint64_t *keep, size_t n,
                                  struct clew_error *err);

#endif
