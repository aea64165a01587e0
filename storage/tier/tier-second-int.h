/*
 * Second parts: traces whose spans have come to several writers.
 *
 * Each writer seals what came to it, so such a trace has a sealed part with each of them. A
 * reader's store has one place for a trace. The part that comes first has it; every other part is a
 * fragment in the hot table of the reader's store, as what is not sealed yet, and is merged by the
 * same code: each span once, whoever sent it to whom. Which fragments those are stands in the map,
 * under the segment that they are of, so that they go when it goes.
 *
 * Two files are written one after the other (map, then store), so a kill may leave a list without
 * its fragments, or fragments without a list: a start compares both, takes out what is not in a
 * list, and has segments brought in again whose lists are not whole.
 */
#ifndef CLEW_STORAGE_TIER_SECOND_INT_H
#define CLEW_STORAGE_TIER_SECOND_INT_H

#include "proto/base/arena.h"
#include "storage/tier/tier-int.h"

/* A trace of a segment whose place another writer's part has. */
struct clew_tier_second {
        struct clew_trace_id id;
        uint64_t from; /* sequence of the first that was written with it, which begins a batch */
        uint64_t mine; /* of the fragment in this store */
        uint64_t start_ns;
        uint32_t index; /* in the segment */
        uint32_t unused;
};

/* Of the segment that is brought in. Zeroed = none. */
struct clew_tier_seconds {
        struct clew_buffer list;      /* struct clew_tier_second */
        struct clew_buffer fragments; /* struct clew_fragment, of bytes in the arena */
        struct clew_arena arena;
};

void clew_tier_seconds_init(struct clew_tier_seconds *s);
void clew_tier_seconds_deinit(struct clew_tier_seconds *s);
/* Reads the parts that are in the list out of the segment's object, and notes in the map under
 * which sequences they will lie here: to be appended by the next write of this store. -ENOENT: the
 * object is gone; -EBADMSG: it is damaged. */
CLEW_MUST_USE int clew_tier_seconds_prepare(struct clew_tier *t, struct clew_object_bucket *b,
                                            uint64_t segment, const struct clew_tier_known *known,
                                            struct clew_tier_seconds *s, struct clew_error *err);
CLEW_MUST_USE int clew_tier_seconds_append(struct clew_tier *t, MDB_txn *txn,
                                           const struct clew_tier_seconds *s,
                                           struct clew_state *state, struct clew_error *err);
/* Takes out the parts of @segment that @item (NULL = it is gone) does not have any more. */
CLEW_MUST_USE int clew_tier_seconds_settle(struct clew_tier *t, uint64_t segment,
                                           const struct clew_tier_item *item,
                                           struct clew_error *err);
/* Takes out those of traces that somebody has deleted. */
CLEW_MUST_USE int clew_tier_seconds_purge(struct clew_tier *t, uint64_t segment,
                                          struct clew_error *err);
/* 1 = @segment has some, 0, or an error. */
CLEW_MUST_USE int clew_tier_seconds_are_of(struct clew_tier *t, uint64_t segment,
                                           struct clew_error *err);
/* Takes out whatever is hot and no second part: of a reader's life before. @ret_lost: parts were
 * not there, and their segments are to be brought in again. */
CLEW_MUST_USE int clew_tier_seconds_check(struct clew_tier *t, bool *ret_lost,
                                          struct clew_error *err);

#endif
