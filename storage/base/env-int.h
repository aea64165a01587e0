/*
 * The LMDB environment: the only place that knows how LMDB opens, fails and recovers.
 *
 * One environment per store directory with one named database per table. Every value carries an
 * 8-byte checksum bound to its key as its last bytes, because LMDB has none: the table functions
 * add it on the way in and check it on the way out. Errors leave here as negative errno; LMDB's own
 * codes (which have the other sign) do not.
 *
 * Hazards: flags are LMDB's defaults (sync on) and stay so. A failed write of a meta page puts the
 * environment into a state in which every transaction fails until it is closed and opened again;
 * clew_txn_begin_*() does that as soon as no reader is left. Slices from a transaction die with it.
 */
#ifndef CLEW_STORAGE_ENV_INT_H
#define CLEW_STORAGE_ENV_INT_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "storage/store.h"

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

enum clew_table {
        CLEW_TABLE_META,    /* "format", "state" */
        CLEW_TABLE_HOT,     /* sequence -> batch of fragments, in order of arrival */
        CLEW_TABLE_OBJECT,  /* object id, chunk -> bytes of segments */
        CLEW_TABLE_TRACE,   /* trace id -> where it is sealed */
        CLEW_TABLE_TIME,    /* ~start, trace id -> nothing */
        CLEW_TABLE_SEGMENT, /* segment id -> catalog entry with summaries */
        CLEW_TABLE_NOTE,    /* trace id, index -> note */
        /* These may be missing in older stores. */
        CLEW_TABLE_SHELF, /* key of a room above -> its record */
        CLEW_TABLE_INDEX, /* blocks and heads of index runs, what is gone of segments */
        CLEW_TABLES,
        CLEW_TABLE_LATER = CLEW_TABLE_SHELF,
};

/* Bytes that the table functions add to each value. */
#define CLEW_TABLE_CHECK_BYTES 8u

struct clew_env;

CLEW_MUST_USE int clew_env_open(const char *dir, const struct clew_store_options *options,
                                struct clew_env **ret, struct clew_error *err);
/* The store is complete and durable: takes away the sign of an unfinished creation. */
CLEW_MUST_USE int clew_env_created(struct clew_env *env, struct clew_error *err);
/* The store is being created, or its creation finished, by this environment. */
bool clew_env_has_collector(const struct clew_env *env);
/* Of the collector: notes where its pages are, for who finds its lock; "" = nowhere. A hint. */
void clew_env_tell_place(struct clew_env *env, const char *url);
/* Where another collector has its pages: printable, without a blank; false when there is none, or
 * it does not tell. */
bool clew_env_collector_place(const struct clew_env *env, char ret[CLEW_PLACE_BYTES]);
bool clew_env_is_creating(const struct clew_env *env);
/* Somebody is making the store, or was when he was killed: what makes it one may be missing. */
bool clew_env_is_being_made(const struct clew_env *env);
void clew_env_close(struct clew_env *env);
const char *clew_env_dir(const struct clew_env *env);

/*
 * Objects that are not here but somewhere else (storage/tier): appends the bytes of one to @out.
 * -ENOENT: it is not there either, as far as is known; -EREMOTEIO: it cannot be had now; -EREMCHG
 * (not filled in @err): it is gone, and a newer snapshot knows what became of it; -EBADMSG.
 * Called by any thread that reads.
 */
typedef int (*clew_away_fn)(void *context, uint64_t object, struct clew_buffer *out,
                            struct clew_error *err);
/* Before other threads read. NULL: all objects are here. */
void clew_env_set_away(struct clew_env *env, clew_away_fn fn, void *context);
CLEW_MUST_USE int clew_env_read_away(struct clew_env *env, uint64_t object, struct clew_buffer *out,
                                     struct clew_error *err);

CLEW_MUST_USE int clew_txn_begin_read(struct clew_env *env, MDB_txn **ret, struct clew_error *err);
void clew_txn_end_read(struct clew_env *env, MDB_txn *txn); /* NULL is fine */
/* Clears readers that are dead, and takes the snapshots of those that are stopped for longer than
 * from one call to the next. How many. */
int clew_env_check_readers(struct clew_env *env);
/* Fills the figures of readers: those who hold a snapshot now. */
void clew_env_count_readers(struct clew_env *env, struct clew_store_figures *ret);
/* The snapshot of a read transaction was taken from it: what was read since is not to be believed.
 */
bool clew_txn_is_lost(struct clew_env *env, MDB_txn *txn);
/* @r, or -ESTALE in its place when the snapshot is lost. */
CLEW_MUST_USE int clew_txn_check(struct clew_env *env, MDB_txn *txn, int r, struct clew_error *err);
/* Waits for other writers, also in other processes. */
CLEW_MUST_USE int clew_txn_begin_write(struct clew_env *env, MDB_txn **ret, struct clew_error *err);
/* Ends @txn in any case. 0 = durable. */
CLEW_MUST_USE int clew_txn_commit(struct clew_env *env, MDB_txn *txn, struct clew_error *err);
void clew_txn_abort(struct clew_env *env, MDB_txn *txn); /* NULL is fine */

/* 0, -ENOENT (without filling @err), -EBADMSG (checksum), other. */
CLEW_MUST_USE int clew_table_get(struct clew_env *env, MDB_txn *txn, enum clew_table table,
                                 struct clew_slice key, struct clew_slice *ret,
                                 struct clew_error *err);
/* The same without looking at the value: neither its checksum nor its pages. @ret has the checksum
 * at its end. */
CLEW_MUST_USE int clew_table_peek(struct clew_env *env, MDB_txn *txn, enum clew_table table,
                                  struct clew_slice key, struct clew_slice *ret,
                                  struct clew_error *err);
/* Splits a stored value into what was put and its checksum. False = they do not fit. */
CLEW_MUST_USE bool clew_record_check(struct clew_slice key, struct clew_slice stored,
                                     struct clew_slice *ret);
/* Stores the concatenation of @n parts, replacing what was there. */
CLEW_MUST_USE int clew_table_put(struct clew_env *env, MDB_txn *txn, enum clew_table table,
                                 struct clew_slice key, const struct clew_slice *parts, size_t n,
                                 struct clew_error *err);
/* Stores @stored, which has its checksum at its end, as it is; @behind: no key of the table comes
 * after it. For copies of a store. -EEXIST: one does. */
CLEW_MUST_USE int clew_table_put_stored(struct clew_env *env, MDB_txn *txn, enum clew_table table,
                                        struct clew_slice key, struct clew_slice stored,
                                        bool behind, struct clew_error *err);
/* 0 also when there was nothing. */
CLEW_MUST_USE int clew_table_delete(struct clew_env *env, MDB_txn *txn, enum clew_table table,
                                    struct clew_slice key, struct clew_error *err);
CLEW_MUST_USE int clew_table_count(struct clew_env *env, MDB_txn *txn, enum clew_table table,
                                   uint64_t *ret, struct clew_error *err);

/* Walks a table in key order. */
struct clew_scan {
        struct clew_env *env;
        MDB_cursor *cursor;
        enum clew_table table;
        bool positioned; /* the current record has not been handed out yet */
        bool unchecked;  /* leave checksums to the caller (values then include it) */
        bool at_end;
        bool is_looked_at;    /* of indexes that are only read: the pages that it may come to */
        uint8_t last_key[32]; /* keys must rise: a damaged tree may lead elsewhere */
        size_t last_key_len;
        uintptr_t page; /* of the last value, as an address */
        struct clew_slice key;
        struct clew_slice value;
};

CLEW_MUST_USE int clew_scan_open(struct clew_env *env, MDB_txn *txn, enum clew_table table,
                                 struct clew_scan *ret, struct clew_error *err);
void clew_scan_close(struct clew_scan *scan); /* zeroed is fine */
/* Positions before the first record whose key is not less than @key. */
CLEW_MUST_USE int clew_scan_seek(struct clew_scan *scan, struct clew_slice key,
                                 struct clew_error *err);
/* 1 = scan->key and scan->value filled, 0 = end, negative errno. */
CLEW_MUST_USE int clew_scan_next(struct clew_scan *scan, struct clew_error *err);
/* Of an unchecked scan of indexes: the value lies in pages of its own and does not verify. They may
 * be those of something else, so it is not to be deleted. */
bool clew_scan_is_loose(const struct clew_scan *scan);
/* Deletes the record that was given last, where it is: a key that damage has put out of its order
 * is not found by itself. In a write transaction. The scan is to be positioned anew. */
CLEW_MUST_USE int clew_scan_delete(struct clew_scan *scan, struct clew_error *err);
#define CLEW_SCAN CLEW_CLEANUP(clew_scan_close) struct clew_scan

/* Fills the page figures of @ret. */
CLEW_MUST_USE int clew_env_pages(struct clew_env *env, MDB_txn *txn, struct clew_store_stats *ret,
                                 struct clew_error *err);

/* Names a record for messages: table name and key in hex. */
void clew_record_name(enum clew_table table, struct clew_slice key, char *ret, size_t ret_size);

#endif
