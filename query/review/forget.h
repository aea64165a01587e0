/*
 * What this room keeps of a trace goes with it: annotations, their numbers, the hold. Datasets have
 * copies of their own, which stay unless they are asked for: an item of a frozen version then keeps
 * its id and its place, and loses what it says.
 */
#ifndef CLEW_QUERY_REVIEW_FORGET_H
#define CLEW_QUERY_REVIEW_FORGET_H

#include "proto/base/error.h"
#include "proto/base/ids.h"
#include "query/review/dataset.h"
#include "storage/shelf.h"

/* In the transaction that drops the trace: struct clew_rewrite_options.dropped. */
CLEW_MUST_USE int clew_review_forget(void *context, struct clew_shelf *shelf,
                                     const struct clew_trace_id *id, struct clew_error *err);
/* What was said of a session. Its own transaction. */
CLEW_MUST_USE int clew_review_forget_session(struct clew_store *store, struct clew_slice session,
                                             struct clew_error *err);

/* Items made of some traces, whatever versions have them. */
struct clew_copies {
        struct clew_content_id *ids; /* in the arena, each once */
        uint32_t n;
        char dataset[CLEW_NAME_BYTES_MAX + 1]; /* one that has some */
        uint32_t n_datasets;
};
/* @ids is sorted. 0 or an error. */
CLEW_MUST_USE int clew_copies_find(struct clew_view *view, const struct clew_trace_id *ids,
                                   size_t n, struct clew_arena *arena, struct clew_copies *ret,
                                   struct clew_error *err);
/* Empties them. */
CLEW_MUST_USE int clew_copies_empty(struct clew_store *store, const struct clew_copies *copies,
                                    struct clew_error *err);

#endif
