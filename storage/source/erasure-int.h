/*
 * What the store remembers of deletions: the record "erase" of table meta, and a record on the
 * shelf for each trace that was deleted (CLEW_SHELF_DELETED: time le 8, 1 = not finished).
 *
 * A deletion is decided when these records are durable; from then on nothing new of the trace is
 * stored, and whoever opens the store for writing next can finish it.
 */
#ifndef CLEW_STORAGE_ERASURE_INT_H
#define CLEW_STORAGE_ERASURE_INT_H

#include "storage/source/shelf-int.h"
#include "storage/source/store-int.h"

struct clew_erasure {
        uint64_t wanted;     /* times that something is to be wiped */
        uint64_t done;       /* as far as that was done */
        uint64_t deleted;    /* traces that are remembered as deleted */
        uint64_t pending;    /* of them, those whose deletion is not finished */
        uint64_t expired_ns; /* when it was last looked which need not be remembered any more */
};

/* All zero while the record is missing. */
CLEW_MUST_USE int clew_erasure_read(struct clew_env *env, MDB_txn *txn, struct clew_erasure *ret,
                                    struct clew_error *err);
CLEW_MUST_USE int clew_erasure_write(struct clew_env *env, MDB_txn *txn,
                                     const struct clew_erasure *e, struct clew_error *err);

#define CLEW_DELETED_KEY_BYTES (1u + CLEW_TRACE_ID_BYTES)
void clew_deleted_key(const struct clew_trace_id *id, uint8_t ret[CLEW_DELETED_KEY_BYTES]);
/* Remembers @id, or changes what is remembered; counts in @e. */
CLEW_MUST_USE int clew_deleted_put(struct clew_shelf *shelf, struct clew_erasure *e,
                                   const struct clew_trace_id *id, uint64_t time_ns, bool pending,
                                   struct clew_error *err);
/* 0 or -ENOENT. */
CLEW_MUST_USE int clew_deleted_get(struct clew_shelf *shelf, const struct clew_trace_id *id,
                                   uint64_t *ret_time_ns, bool *ret_pending,
                                   struct clew_error *err);

/* A trace that was deleted, and when. */
struct clew_deleted {
        struct clew_trace_id id;
        uint64_t time_ns;
};
/* What a record of the shelf says of that. False: it is no such record, or damaged. */
CLEW_MUST_USE bool clew_deleted_read(struct clew_slice key, struct clew_slice stored,
                                     struct clew_deleted *ret, bool *ret_pending);

/*
 * Those of @fragments whose traces were not deleted: *@ret is @fragments itself when there are no
 * others, else a list of *@ret_n in *@ret_owned, to be freed.
 */
CLEW_MUST_USE int clew_erasure_filter(struct clew_store *store, MDB_txn *txn,
                                      const struct clew_fragment *fragments, size_t n,
                                      const struct clew_fragment **ret, size_t *ret_n,
                                      struct clew_fragment **ret_owned, struct clew_error *err);

#endif
