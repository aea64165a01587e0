/*
 * Segments in which everything goes: some at a time, in one transaction.
 *
 * Nothing of them is unpacked: who lives there is known from the trace index, and how many spans
 * and log records each has stands before the pack. Ids are random: the traces of a segment lie on
 * as many pages of the trace index as there are traces, and a transaction copies and writes each
 * page once. So the more traces one takes the fewer pages are written for each, in the order of
 * ids; how many is found by how long the transactions before it took, as others wait for the
 * writer.
 */
#ifndef CLEW_STORAGE_WHOLE_INT_H
#define CLEW_STORAGE_WHOLE_INT_H

#include "storage/erase/repack-int.h"

#define CLEW_WHOLES_MAX 512u
/* Traces of one transaction: at first, and in a collector always, where LMDB would keep what memory
 * the largest took; a segment that has more goes alone. */
#define CLEW_WHOLE_ROWS_LEAST 2048u
/* With a page of 4 KiB for each: 128 MiB while it goes on. */
#define CLEW_WHOLE_ROWS_MAX 32768u
/* Twice as many after one that took less than a half of this, half as many after one that took
 * more. */
#define CLEW_WHOLE_NS_MAX (200 * CLEW_NS_PER_MS)

struct clew_wholes {
        struct clew_repack *repack; /* borrowed */
        struct clew_segment_reader reader;
        struct clew_buffer object;
        struct clew_repack_row *rows; /* CLEW_WHOLE_ROWS_MAX */
        struct clew_repack_row **by_id;
        uint32_t n_rows;
        uint32_t rows_max; /* of the next transaction */
        struct clew_whole {
                uint64_t segment;
                uint64_t raw_bytes;
                uint32_t from; /* its rows */
                uint32_t to;
        } of[CLEW_WHOLES_MAX];
        uint32_t n;
        uint32_t first; /* of the transaction */
        uint32_t last;  /* behind its last */
};

CLEW_MUST_USE int clew_wholes_init(struct clew_wholes *w, struct clew_repack *repack,
                                   struct clew_error *err);
void clew_wholes_deinit(struct clew_wholes *w); /* zeroed is fine */
bool clew_wholes_has_room(const struct clew_wholes *w, uint32_t n);
/* Rows to be filled in (id, index, place) for clew_wholes_add(). There is room for @n. */
struct clew_repack_row *clew_wholes_rows(struct clew_wholes *w);
/* The segment goes with the next clew_wholes_drop(): 1. 0: something else lives there, or an older
 * version of a trace lies there, or it is gone; or an error. */
CLEW_MUST_USE int clew_wholes_add(struct clew_wholes *w, uint64_t segment, uint32_t n,
                                  struct clew_error *err);
/* Drops what was added. What somebody else has changed meanwhile stays as it is. */
CLEW_MUST_USE int clew_wholes_drop(struct clew_wholes *w, struct clew_error *err);

#endif
