/*
 * Keys and small values of the tables. Byte layouts: storage/FORMAT.md.
 */
#ifndef CLEW_STORAGE_RECORD_INT_H
#define CLEW_STORAGE_RECORD_INT_H

#include "proto/base/buffer.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"
#include "storage/base/env-int.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_FORMAT_VERSION 6u
/* Read as it is; a writer makes it the present one when it opens the store. */
#define CLEW_FORMAT_VERSION_OLDEST 1u

/* Key bytes of any table fit here. */
#define CLEW_KEY_MAX 24u

struct clew_key {
        uint8_t bytes[CLEW_KEY_MAX];
        size_t len;
};

static inline struct clew_slice clew_key_slice(const struct clew_key *k)
{
        return clew_slice_make(k->bytes, k->len);
}

struct clew_key clew_key_trace(const struct clew_trace_id *id);
/* Trace id, then @number big-endian: notes (index), and hot fragments (sequence) of format 1. */
struct clew_key clew_key_numbered(const struct clew_trace_id *id, uint64_t number);
/* Newest first: the complement of @start_ns big-endian, then the trace id. */
struct clew_key clew_key_time(uint64_t start_ns, const struct clew_trace_id *id);
struct clew_key clew_key_segment(uint64_t segment);
struct clew_key clew_key_chunk(uint64_t object, uint32_t chunk);
/* A batch of hot fragments, by the sequence of its first; and which of its rows are gone. */
struct clew_key clew_key_batch(uint64_t first);
struct clew_key clew_key_gone(uint64_t first);

/* False when @key has not the length of such a key. */
CLEW_MUST_USE bool clew_key_read_numbered(struct clew_slice key, struct clew_trace_id *ret_id,
                                          uint64_t *ret_number);
CLEW_MUST_USE bool clew_key_read_time(struct clew_slice key, uint64_t *ret_start_ns,
                                      struct clew_trace_id *ret_id);
CLEW_MUST_USE bool clew_key_read_segment(struct clew_slice key, uint64_t *ret_segment);

CLEW_MUST_USE bool clew_key_read_batch(struct clew_slice key, uint64_t *ret_first, bool *ret_gone);

/* The trace index is summed up by the first 7 bits of the ids: proof that none of a few traces is
 * hidden takes a look at a small part of it, and the sums fit beside the rest on one page. */
#define CLEW_PLACE_BUCKETS 128u

struct clew_place_sums {
        bool by_bucket; /* false in formats 1 and 2: the first sum is that of all traces */
        uint64_t of[CLEW_PLACE_BUCKETS]; /* of the digests of places (place.c), modulo 2^64 */
};

/* The record "state" of table meta, rewritten by every write transaction. */
struct clew_state {
        uint64_t txn_id; /* of the transaction that wrote it: must be that of the snapshot */
        uint64_t next_sequence;
        uint64_t next_segment;
        uint64_t sealed_traces;
        uint64_t sealed_spans;
        uint64_t sealed_logs;
        uint64_t sealed_raw_bytes;
        uint64_t segments;
        uint64_t segment_bytes;
        /* What whole walks are compared with, because a damaged tree can lead to an older page that
         * verifies record by record: */
        uint64_t hot_fragments;
        uint64_t hot_sum; /* of the sequences of all hot fragments, modulo 2^64 */
        struct clew_place_sums places;
        /* Raw bytes that sealing has written: for the first time, and again because their trace was
         * sealed once more or its segment compacted. */
        uint64_t first_bytes;
        uint64_t again_bytes;
        /* Index runs (storage/index): number of the next one; heads and records of what is gone,
         * and the sum of their checksums, modulo 2^64. */
        uint64_t next_run;
        uint64_t index_records;
        uint64_t index_sum;
        /* Of all notes, how many, and the sum of their checksums; of the time order, the sum of the
         * digests of its keys; modulo 2^64. Before format 5 they are not known. */
        bool has_sums;
        uint64_t note_records;
        uint64_t note_sum;
        uint64_t time_sum;
};

/* False when @value is too short; of which commit it is has not been looked at. */
CLEW_MUST_USE bool clew_state_decode(struct clew_slice value, struct clew_state *ret);
/* In a read transaction: also checks that the state belongs to this snapshot. */
CLEW_MUST_USE int clew_state_read(struct clew_env *env, MDB_txn *txn, struct clew_state *ret,
                                  struct clew_error *err);
CLEW_MUST_USE int clew_state_write(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                                   struct clew_error *err);

/* Checks the record "format"; -ENOENT in a fresh store. */
CLEW_MUST_USE int clew_format_read(struct clew_env *env, MDB_txn *txn, uint32_t *ret_version,
                                   struct clew_error *err);
/* When the store was made, which tells it from others: copies and restored ones have it too. */
CLEW_MUST_USE int clew_format_created(struct clew_env *env, MDB_txn *txn, uint64_t *ret_ns,
                                      struct clew_error *err);
/* Writes it, as of the present version. */
CLEW_MUST_USE int clew_format_put(struct clew_env *env, MDB_txn *txn, uint64_t page_size,
                                  uint64_t created_ns, struct clew_error *err);
/* Writes it and a first state into a fresh store. */
CLEW_MUST_USE int clew_format_create(struct clew_env *env, MDB_txn *txn, uint64_t created_ns,
                                     struct clew_error *err);
/* Raises the version of an older store and divides its place sum; all else stays. */
CLEW_MUST_USE int clew_format_upgrade(struct clew_env *env, MDB_txn *txn, struct clew_error *err);

#endif
