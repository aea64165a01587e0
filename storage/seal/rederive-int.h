/*
 * The summaries and the index of one sealed segment, derived anew: what `clew reindex` does with
 * many (reindex.c), and a collector with those that no index covers (seal-index.c).
 *
 * A segment is read and derived in one snapshot and stored in one transaction, so whoever dies in
 * between has done nothing, and whatever is done stays done.
 */
#ifndef CLEW_STORAGE_REDERIVE_INT_H
#define CLEW_STORAGE_REDERIVE_INT_H

#include "storage/index/sink-int.h"
#include "storage/source/store-int.h"

struct clew_rederive {
        struct clew_store *store; /* borrowed, with a deriver */
        struct clew_loader loader;
        struct clew_buffer plain; /* old summaries */
        struct clew_buffer fresh; /* new ones, each with its length before it */
        struct clew_buffer one;
        struct clew_index_sink *sink; /* NULL: nothing is indexed */
        struct clew_index_blocks index;
        bool is_unindexed; /* stored last, and it went without an index */
        /* Told of each trace; @failed: it could not be derived, and keeps @old. NULL = not. */
        void (*told)(void *context, const struct clew_trace_id *id, struct clew_slice old,
                     struct clew_slice fresh, bool failed);
        void *context;
};

CLEW_MUST_USE int clew_rederive_init(struct clew_rederive *x, struct clew_store *store,
                                     bool indexes, struct clew_error *err);
void clew_rederive_deinit(struct clew_rederive *x);

/* Derives all traces of @segment, whose entry is @e, in the loader's snapshot. 0 or an error; a
 * trace that cannot be derived is none, memory that ran out is. */
CLEW_MUST_USE int clew_rederive_segment(struct clew_rederive *x, uint64_t segment,
                                        const struct clew_segment_entry *e, struct clew_error *err);
/* Stores what was derived last, unless the segment went away meanwhile. @run as in struct
 * clew_seal_options; may be NULL. */
CLEW_MUST_USE int clew_rederive_store(struct clew_rederive *x, uint64_t segment,
                                      void (*run)(void *context, void (*fn)(void *argument),
                                                  void *argument),
                                      void *run_context, struct clew_error *err);

/*
 * Runs of other indexers go when runs of this one cover all; their blocks are swept before the next
 * merge. 0 or an error.
 */
CLEW_MUST_USE int clew_rederive_drop_stale(struct clew_store *store,
                                           void (*run)(void *context, void (*fn)(void *argument),
                                                       void *argument),
                                           void *run_context, struct clew_error *err);

#endif
