/*
 * Segments in which everything goes: some at a time, in one transaction.
 *
 * Nothing of them is unpacked: who lives there is known from the trace index, and how many spans
 * and log records each has stands before the pack. What a transaction costs (a commit, the pages
 * on the way to each record) is shared by some thousand traces; it stays short enough for who waits
 * for the writer.
 */
#ifndef CLEW_STORAGE_WHOLE_INT_H
#define CLEW_STORAGE_WHOLE_INT_H

#include "storage/erase/repack-int.h"

#define CLEW_WHOLES_MAX 64u
/* Traces of one transaction; a segment that has more goes alone. Each costs about 5 us. */
#define CLEW_WHOLE_ROWS_MAX 2048u

struct clew_wholes {
        struct clew_repack *repack; /* borrowed */
        struct clew_segment_reader reader;
        struct clew_buffer object;
        struct clew_repack_row *rows; /* CLEW_SEGMENT_TRACES_MAX */
        uint32_t n_rows;
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
