/*
 * Wiping: bytes that nothing leads to any more are written over with zeros.
 *
 * LMDB does not clear what it frees. Text that was deleted stays in pages of the free list, in the
 * gap between the index and the nodes of a page, behind the last byte of a large value, and behind
 * the end of the file's last page. All four are written over in place, under the write lock: no
 * tree of the last two commits and no reader leads there, so a write that is cut off harms nothing.
 * Pages that a reader's snapshot still needs are left alone and counted.
 *
 * LMDB also takes pages for its transactions from memory that it has used before, without clearing
 * it; so whoever has written since is closed and opened first (clew_env_refresh()).
 *
 * Layout: LMDB 0.9 on 64-bit machines, as readers.c.
 */
#ifndef CLEW_STORAGE_WIPE_INT_H
#define CLEW_STORAGE_WIPE_INT_H

#include "storage/base/env-int.h"

/* One pass over the file, step by step; zeroed = at its beginning. */
struct clew_wipe {
        uint64_t page;      /* comes next */
        uint64_t n_wiped;   /* pages that were written to */
        uint64_t n_held;    /* free pages that some snapshot may need */
        uint64_t n_unclean; /* of those, pages that may have left-overs in them */
        uint64_t n_strange; /* pages that are neither free nor of a tree: damage */
        uint64_t first_txn; /* last commit when the pass began ... */
        uint64_t last_txn;  /* ... and when it ended */
};

/* 1 = there is more, 0 = the pass is done and durable, or a negative errno. Holds the write lock
 * for some milliseconds. */
CLEW_MUST_USE int clew_env_wipe_step(struct clew_env *env, struct clew_wipe *w,
                                     struct clew_error *err);
/* Closes and opens the environment: its memory is fresh. Waits up to some seconds until no
 * transaction is open; -EAGAIN when there always was one. */
CLEW_MUST_USE int clew_env_refresh(struct clew_env *env, struct clew_error *err);
/* The oldest commit that some reader may look at, also in other processes; the last commit when
 * nobody reads. @ret_pid (may be NULL): whose it is, 0 = nobody's. */
uint64_t clew_env_oldest_reader(struct clew_env *env, int32_t *ret_pid);

#endif
