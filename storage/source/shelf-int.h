/*
 * The shelf's own record in table meta, and the form of its values, for verification.
 */
#ifndef CLEW_STORAGE_SHELF_INT_H
#define CLEW_STORAGE_SHELF_INT_H

#include "storage/base/env-int.h"
#include "storage/shelf.h"

#include <stdint.h>

/* The record "shelf" of table meta; all zero while it is missing. */
struct clew_shelf_state {
        uint64_t records;
        uint64_t sum;  /* of the checksums of all records, modulo 2^64 */
        uint64_t last; /* greatest number given */
};

/* One transaction on the shelf. */
struct clew_shelf {
        struct clew_store *store;
        MDB_txn *txn;
        struct clew_shelf_state state;
};

/* For who has a write transaction of his own; ends in the record of table meta. */
CLEW_MUST_USE int clew_shelf_begin(struct clew_shelf *s, struct clew_store *store, MDB_txn *txn,
                                   struct clew_error *err);
CLEW_MUST_USE int clew_shelf_end(struct clew_shelf *s, struct clew_error *err);

CLEW_MUST_USE int clew_shelf_state_read(struct clew_env *env, MDB_txn *txn,
                                        struct clew_shelf_state *ret, struct clew_error *err);
CLEW_MUST_USE int clew_shelf_state_put(struct clew_env *env, MDB_txn *txn,
                                       const struct clew_shelf_state *state,
                                       struct clew_error *err);
void clew_shelf_count_in(struct clew_shelf_state *state, struct clew_slice key,
                         struct clew_slice value);
/* Puts the traces of runs on the shelf, as far as they are not there. Part of an append. */
CLEW_MUST_USE int clew_shelf_add_runs(struct clew_store *store, MDB_txn *txn,
                                      const struct clew_fragment *fragments, size_t n,
                                      struct clew_error *err);
/* 0, or -EBADMSG when a stored value cannot be decoded. */
CLEW_MUST_USE int clew_shelf_value_check(struct clew_slice stored);

#endif
