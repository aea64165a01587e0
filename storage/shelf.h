/*
 * The shelf: records that rooms above keep beside the traces (annotations, criteria, datasets ...).
 *
 * To the store a record is opaque bytes under a key. Records are added, never changed, so what was
 * read once stays true (deletion and redaction alone take them away); several are added in one
 * transaction, all or none, and are as durable as spans when it returns 0. A second process may
 * write while a collector runs: writers take turns. Each record carries a checksum bound to its
 * key, and the store keeps count and digest of all of them, so that a lost record is noticed by
 * clew_view_shelf_walk() over everything and by clew_store_verify().
 *
 * The first byte of a key is the kind of record; kinds are given out in the README of the room that
 * uses them. CLEW_SHELF_HOLD is the one that the store itself knows: a trace with such a record is
 * kept from retention.
 */
#ifndef CLEW_STORAGE_SHELF_H
#define CLEW_STORAGE_SHELF_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_SHELF_KEY_MAX 32u
/* A record: the copy of a long run is some MB, a bound must be somewhere. */
#define CLEW_SHELF_VALUE_MAX ((size_t)256 << 20)
/* Key: this byte, then a trace id. */
#define CLEW_SHELF_HOLD 'H'
/* Key: this byte, then a trace id: it was deleted, and what still comes of it is not stored. The
 * store's own (storage/erase.h). */
#define CLEW_SHELF_DELETED 'T'
/*
 * Keys: this byte, 16 bytes, a number of 8, big-endian: what people said of a trace, of a session
 * (query/review). For each there is CLEW_SHELF_NUMBER with that number alone, whose value is the
 * key. Of several writers of a bucket a reader has these records of all: under numbers that have
 * the writer above the number that its store gave (storage/tier/tier-beside-sift.c).
 */
#define CLEW_SHELF_ANNOTATION 'A'
#define CLEW_SHELF_OF_SESSION 'S'
#define CLEW_SHELF_NUMBER 'N'
#define CLEW_SHELF_NUMBER_BITS 32u
/* The writer in such a number; 0 = the one without a name, or the store's own. 21 bits: programs
 * that have numbers as doubles keep them whole. */
static inline uint64_t clew_shelf_writer_of(uint64_t number)
{
        return number >> CLEW_SHELF_NUMBER_BITS << CLEW_SHELF_NUMBER_BITS;
}

/*
 * Keys: this byte, 16 bytes, a number of 8: histories under a name (query/review). Of writers with
 * a name a reader has them under numbers that have the writer above, as annotations. BLOB: this
 * byte and 16 bytes; a reader has those of writers with a name with 8 bytes more: the writer, and
 * zero.
 */
#define CLEW_SHELF_RUBRIC 'R'
#define CLEW_SHELF_DATASET 'D'
#define CLEW_SHELF_EXPERIMENT 'E'
#define CLEW_SHELF_BLOB 'B'
/* A reader's, one for each writer with a name. Key: this byte, what stands above its numbers, 8
 * bytes; value: its name. */
#define CLEW_SHELF_WRITER 'W'

/* What its store gave. */
static inline uint64_t clew_shelf_number_of(uint64_t number)
{
        return number & (((uint64_t)1 << CLEW_SHELF_NUMBER_BITS) - 1);
}

/* Key: this byte alone; value: what hashes of texts that were left out are made with. One a store
 * (query/serve/retention-carry.c). */
#define CLEW_SHELF_HASH_KEY 'K'
/* Key: this byte, the id of a run, the first 15 bytes of a trace id; value: that id whole, and
 * those of other traces of the run that begin so. The store's own: clew_store_append() adds it,
 * clew_view_run() reads it. */
#define CLEW_SHELF_RUN 'J'

/* ---- writing -------------------------------------------------------------------------------- */

struct clew_shelf; /* one transaction */

/*
 * Encodes @value as a record's bytes, compressed where that helps. To be done before
 * clew_store_shelve(), which holds the store's write lock. 0, -ENOMEM, -EMSGSIZE.
 */
CLEW_MUST_USE int clew_shelf_encode(struct clew_slice value, struct clew_buffer *out);

/*
 * Runs @fn in one write transaction. When it returns 0 all it added becomes durable together;
 * otherwise nothing is, and its result (negative errno, @err filled by it) is returned. @fn is to
 * take milliseconds: appends of spans wait for it.
 */
CLEW_MUST_USE int clew_store_shelve(struct clew_store *store,
                                    int (*fn)(struct clew_shelf *shelf, void *context,
                                              struct clew_error *err),
                                    void *context, struct clew_error *err);

/* Adds one record; @encoded is from clew_shelf_encode(). -EEXIST (err not filled) when the key is
 * taken. */
CLEW_MUST_USE int clew_shelf_add(struct clew_shelf *shelf, struct clew_slice key,
                                 struct clew_slice encoded, struct clew_error *err);
/* Appends the value under @key, as it is before this transaction or as added by it. 0, -ENOENT (err
 * not filled), -EBADMSG ... */
CLEW_MUST_USE int clew_shelf_get(struct clew_shelf *shelf, struct clew_slice key,
                                 struct clew_buffer *out, struct clew_error *err);
/* The greatest key that begins with @prefix, as @ret of @ret_len bytes; -ENOENT when there is none.
 */
CLEW_MUST_USE int clew_shelf_last(struct clew_shelf *shelf, struct clew_slice prefix,
                                  uint8_t ret[CLEW_SHELF_KEY_MAX], size_t *ret_len,
                                  struct clew_error *err);
/* Adds a hold on @id; nothing when there is one. */
CLEW_MUST_USE int clew_shelf_hold(struct clew_shelf *shelf, const struct clew_trace_id *id,
                                  struct clew_error *err);
/* Takes one record away, for good: deletion and redaction alone do that. -ENOENT (err not filled).
 */
CLEW_MUST_USE int clew_shelf_remove(struct clew_shelf *shelf, struct clew_slice key,
                                    struct clew_error *err);
/* The same, and puts another in its place, or where none was. */
CLEW_MUST_USE int clew_shelf_replace(struct clew_shelf *shelf, struct clew_slice key,
                                     struct clew_slice encoded, struct clew_error *err);
/* The first key that begins with @prefix and comes behind @after (empty: the very first). -ENOENT.
 */
CLEW_MUST_USE int clew_shelf_next_key(struct clew_shelf *shelf, struct clew_slice prefix,
                                      struct clew_slice after, uint8_t ret[CLEW_SHELF_KEY_MAX],
                                      size_t *ret_len, struct clew_error *err);
/* A number that this store has not given before; from 1. Given for good when the transaction ends
 * well. */
uint64_t clew_shelf_next(struct clew_shelf *shelf);

/* ---- reading -------------------------------------------------------------------------------- */

/* Appends the value under @key. 0, -ENOENT (err not filled), -EBADMSG, -EMSGSIZE (@out's limit). */
CLEW_MUST_USE int clew_view_shelf_get(struct clew_view *view, struct clew_slice key,
                                      struct clew_buffer *out, struct clew_error *err);

/*
 * Calls @fn for each record whose key begins with @prefix, in order of keys. Key and value live
 * until it returns; a result other than 0 ends the walk and is returned. With an empty prefix the
 * whole shelf is walked and compared with count and digest: -EBADMSG when a record is missing.
 */
CLEW_MUST_USE int clew_view_shelf_walk(struct clew_view *view, struct clew_slice prefix,
                                       int (*fn)(struct clew_slice key, struct clew_slice value,
                                                 void *context),
                                       void *context, struct clew_error *err);

/* 1 = some record asks that the trace be kept, 0 = none is found, negative errno. A hold is never
 * taken back; it names one trace, not the run that the trace is of. */
CLEW_MUST_USE int clew_view_is_held(struct clew_view *view, const struct clew_trace_id *id,
                                    struct clew_error *err);
/*
 * Proves that no record of the shelf is missing from this snapshot, so that "none is found" is
 * "none is there". Whoever deletes traces because they are not held asks this first, once for a
 * snapshot: a page that was lost or is an old one would free what people said must stay. It reads
 * keys and sums of all records. 0, -EBADMSG with a message.
 */
CLEW_MUST_USE int clew_view_holds_prove(struct clew_view *view, struct clew_error *err);

#endif
