/*
 * What deletion and retention share: traces that are to go, where they are, and taking them from
 * there.
 */
#ifndef CLEW_STORAGE_DELETE_INT_H
#define CLEW_STORAGE_DELETE_INT_H

#include "storage/erase/repack-int.h"

struct clew_deletion_target {
        struct clew_trace_id id;
        uint64_t segment; /* 0 = not sealed */
        struct clew_place place;
        bool strips; /* it stays, without its texts */
};

struct clew_deletion {
        struct clew_repack repack;
        struct clew_deletion_target *targets; /* by id */
        size_t n;
        struct clew_deletion_target *sealed; /* by segment */
        size_t n_sealed;
        size_t from; /* of the transaction */
        size_t to;
        bool pending;
        bool spares;                      /* what still gets spans stays */
        bool is_after;                    /* retention: only what is left of older versions goes */
        const struct clew_retain *retain; /* retention; NULL = deletion */
        uint64_t now_ns;
        struct clew_hot_list hot;
};

CLEW_MUST_USE int clew_deletion_refuse(struct clew_store *store, size_t n, struct clew_error *err);
/* Room for @n targets, which the caller fills in; clew_deletion_end() in any case. */
CLEW_MUST_USE int clew_deletion_begin(struct clew_deletion *d, struct clew_store *store,
                                      const struct clew_rewrite_options *options, size_t n,
                                      struct clew_rewrite_stats *stats, struct clew_error *err);
void clew_deletion_end(struct clew_deletion *d);
/* The first @n targets become d->n, ascending, each once. */
void clew_deletion_sort(struct clew_deletion *d, size_t n);
struct clew_deletion_target *clew_deletion_find(const struct clew_deletion *d,
                                                const struct clew_trace_id *id);
/* Where they are now. *@ret_more: some are somewhere. */
CLEW_MUST_USE int clew_deletion_look(struct clew_deletion *d, bool *ret_more,
                                     struct clew_error *err);
CLEW_MUST_USE int clew_deletion_drop_hot(struct clew_deletion *d, struct clew_error *err);
/* For clew_repack_each(): segments that have older versions of some traces. */
bool clew_deletion_has_dead(void *context, const struct clew_segment_entry *e);
/* Batches that have rows of targets that are gone. */
CLEW_MUST_USE int clew_deletion_thin(struct clew_deletion *d, struct clew_error *err);

#endif
