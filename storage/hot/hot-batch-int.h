/*
 * Batches: how fragments lie in the hot table, in the order of their arrival.
 *
 * Trace ids are random, so a table ordered by them makes every commit touch as many pages as it has
 * fragments, and every seal touch them again. Therefore the fragments of one commit go side by
 * side into records whose keys only rise. A batch begins with a *directory* (trace ids, headers,
 * lengths) that has a checksum of its own: lists and the search for one trace read directories
 * alone, and only the packs wanted are touched. A batch is not changed when some of its traces are
 * sealed: one small record says which rows are gone, until all are, or until so few are left that
 * they are written again without the others.
 *
 * Here are the bytes only; hot-log.c writes and crosses off, hot-walk.c reads. The layout is in
 * storage/FORMAT.md.
 */
#ifndef CLEW_STORAGE_HOT_BATCH_INT_H
#define CLEW_STORAGE_HOT_BATCH_INT_H

#include "proto/base/buffer.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"
#include "storage/hot/fragment-int.h"

#include <stdbool.h>
#include <stdint.h>

/* A batch is closed before it gets larger. One fragment alone may be: it is a batch by itself. More
 * would let one live fragment keep more dead ones; less, and the last page of each is a larger part
 * of it. */
#define CLEW_HOT_BATCH_BYTES ((size_t)64 << 10)
#define CLEW_HOT_BATCH_ROWS_MAX 256u
#define CLEW_HOT_GONE_BYTES_MAX (CLEW_HOT_BATCH_ROWS_MAX / 8)

struct clew_hot_row {
        uint32_t offset;          /* its sequence is that of the batch plus this */
        struct clew_slice check;  /* of the pack, 8 bytes */
        struct clew_slice header; /* with its length before it, as in the encoded fragment */
        struct clew_slice pack;
};

struct clew_hot_batch {
        uint64_t first;              /* sequence in its key */
        uint32_t n;                  /* rows */
        struct clew_slice ids;       /* trace ids of the rows, one after the other */
        struct clew_slice directory; /* what is behind the ids */
        struct clew_slice packs;
        struct clew_hot_row rows[CLEW_HOT_BATCH_ROWS_MAX];
};

/*
 * Opens the stored @value of the batch with sequence @first (with or without the record's checksum
 * at its end) as far as the ids. All slices point into @value. False = damaged.
 */
CLEW_MUST_USE bool clew_hot_batch_open(uint64_t first, struct clew_slice value,
                                       struct clew_hot_batch *ret);
/* Fills the rows of an open batch. False = damaged. */
CLEW_MUST_USE bool clew_hot_batch_rows(struct clew_hot_batch *batch);
/* The row with @sequence, or NULL. */
const struct clew_hot_row *clew_hot_batch_find(const struct clew_hot_batch *batch,
                                               uint64_t sequence);
bool clew_hot_batch_has(const struct clew_hot_batch *batch, const struct clew_trace_id *id);

static inline const uint8_t *clew_hot_batch_id(const struct clew_hot_batch *batch, uint32_t row)
{
        return batch->ids.data + (size_t)row * CLEW_TRACE_ID_BYTES;
}

/* The pack is the one that was written for this trace and sequence. */
CLEW_MUST_USE bool clew_hot_row_check(const struct clew_hot_row *row,
                                      const struct clew_trace_id *id, uint64_t sequence);
/* What a row takes on disk. */
static inline size_t clew_hot_row_bytes(const struct clew_hot_row *row)
{
        return row->header.len + row->pack.len;
}

/* ---- rows that are gone: one bit each, lowest bit first; no bits = none --------------------- */

static inline size_t clew_hot_gone_bytes(uint32_t n_rows)
{
        return (n_rows + 7) / 8;
}

static inline bool clew_hot_is_gone(struct clew_slice gone, uint32_t row)
{
        return row / 8 < gone.len && (gone.data[row / 8] >> row % 8 & 1);
}

/* ---- making one ----------------------------------------------------------------------------- */

struct clew_hot_batch_writer {
        struct clew_buffer ids;
        struct clew_buffer rows;
        struct clew_buffer directory;
        struct clew_slice parts[CLEW_HOT_BATCH_ROWS_MAX + 2]; /* two for the directory */
        uint8_t check[8];
        uint32_t n;
        size_t bytes;
};

void clew_hot_batch_writer_init(struct clew_hot_batch_writer *w);
void clew_hot_batch_writer_deinit(struct clew_hot_batch_writer *w);
void clew_hot_batch_writer_clear(struct clew_hot_batch_writer *w);
/* False when a fragment of @bytes is to go into the next batch. */
CLEW_MUST_USE bool clew_hot_batch_writer_takes(const struct clew_hot_batch_writer *w, size_t bytes);
/* Adds a row; the slices are borrowed until the batch is written. Offsets rise. */
void clew_hot_batch_writer_add(struct clew_hot_batch_writer *w, const uint8_t *id,
                               const struct clew_hot_row *row);
/* The check of the pack of a fragment. */
void clew_hot_pack_check(const struct clew_trace_id *id, uint64_t sequence, struct clew_slice pack,
                         uint8_t ret[8]);
/* Ends the batch with sequence @first: @w->parts, @ret of them, are its value. Needs one row. */
CLEW_MUST_USE int clew_hot_batch_writer_finish(struct clew_hot_batch_writer *w, uint64_t first,
                                               size_t *ret);

#endif
