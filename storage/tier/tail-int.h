/*
 * An answer about a tail, as bytes and read (FORMAT.md, "Tail of a node").
 */
#ifndef CLEW_STORAGE_TIER_TAIL_INT_H
#define CLEW_STORAGE_TIER_TAIL_INT_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/cursor.h"
#include "proto/base/ids.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_tail {
        uint64_t life;
        uint64_t epoch;
        bool is_whole;         /* it begins with the first fragment: what was said before is over */
        bool more;             /* there are further ones behind @end */
        uint64_t next_segment; /* what is hot no more is sealed in segments below it, or deleted */
        /* With version @version the bucket had all segments below @complete. 0 = none */
        uint64_t complete;
        uint64_t version;
        uint64_t end;             /* what is said goes up to this sequence */
        uint64_t n_runs;          /* of sequences that are hot, up to @end */
        struct clew_cursor runs;  /* each: how many are not before it, how many are */
        uint64_t n_fragments;     /* behind what was asked for */
        struct clew_cursor items; /* clew_tail_next() */
};

struct clew_tail_item {
        uint64_t sequence;
        struct clew_trace_id id;
        struct clew_slice bytes; /* as clew_fragment_encode() made them */
};

/* @runs and @fragments are what the counts of @t tell of, encoded. */
void clew_tail_write(const struct clew_tail *t, struct clew_slice runs, struct clew_slice fragments,
                     struct clew_buffer *out);
/* False: it is no such answer, or not whole. */
CLEW_MUST_USE bool clew_tail_read(struct clew_slice bytes, struct clew_tail *ret);
/* The next run; false: there is none, or the bytes are not right (t->runs.failed). */
CLEW_MUST_USE bool clew_tail_next_run(struct clew_tail *t, uint64_t *at, uint64_t *ret_n);
/* The same of fragments; @ret->sequence is that of the one before, first 0. */
CLEW_MUST_USE bool clew_tail_next(struct clew_tail *t, struct clew_tail_item *ret);

#endif
