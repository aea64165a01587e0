/*
 * Making a consistent store of the records that are left of one: what is derived is made anew from
 * what is not.
 *
 * Not derived are the objects of segments, hot fragments, notes, the shelf. A segment knows the ids
 * of its traces, by their spans, and its catalog entry which of them live there; the trace index
 * says the same from the other side. So each makes good for the other. The time order, the state
 * and the indexes follow from them.
 */
#ifndef CLEW_STORAGE_REBUILD_INT_H
#define CLEW_STORAGE_REBUILD_INT_H

#include "proto/base/arena.h"
#include "storage/base/record-int.h"
#include "storage/keep.h"
#include "storage/keep/bulk-int.h"
#include "storage/sealed/segment-int.h"
#include "storage/source/erasure-int.h"
#include "storage/source/shelf-int.h"

#include <stdbool.h>
#include <stdint.h>

/* Why a trace is believed to be at a place; the greatest wins. */
enum clew_claim_rank {
        CLEW_CLAIM_NONE,    /* it is not */
        CLEW_CLAIM_MAYBE,   /* it is in the object, and nobody says whether it lives there */
        CLEW_CLAIM_LIVE,    /* the catalog says that it lives there */
        CLEW_CLAIM_INDEXED, /* the trace index says so, and the catalog nothing else */
};

struct clew_claim {
        struct clew_trace_id id;
        uint64_t segment;
        uint64_t start_ns;
        uint32_t index;
        uint8_t rank; /* enum clew_claim_rank */
        bool from_index;
};

struct clew_rebuild {
        const struct clew_keep_options *options;
        struct clew_bulk *bulk;
        MDB_txn *old; /* the records as they were loaded */
        struct clew_buffer claims;
        struct clew_segment_reader segment;
        struct clew_buffer object;
        struct clew_buffer message;
        struct clew_buffer text;
        struct clew_arena arena;
        struct clew_state state;       /* the new one */
        struct clew_state before;      /* the old one, when it could be read */
        struct clew_shelf_state shelf; /* the new one */
        struct clew_erasure erasure;   /* the new one, by the records of the shelf */
        uint64_t shelf_before;         /* records of it, as far as is known */
        bool has_before;
        uint64_t created_ns;
        uint64_t pending; /* bytes written since the last commit, about */
        /* Results. */
        uint64_t n_taken;     /* records that are Clew's: their checksums hold */
        uint64_t lost_traces; /* sealed ones, as far as is known */
        uint64_t lost_fragments;
        uint64_t found_traces; /* in the index again, by their segments */
        uint64_t n_findings;
};

CLEW_MUST_USE int clew_rebuild_init(struct clew_rebuild *r, struct clew_bulk *bulk,
                                    const struct clew_keep_options *options,
                                    struct clew_error *err);
void clew_rebuild_deinit(struct clew_rebuild *r);

/* Takes a record; the fn of a salvage with the rebuild as context. */
CLEW_MUST_USE int clew_rebuild_take(void *context, enum clew_table table, struct clew_slice key,
                                    struct clew_slice stored, bool found_again,
                                    struct clew_error *err);
/* Makes the store of what was taken: whole, with indexes, and closed. */
CLEW_MUST_USE int clew_rebuild_finish(struct clew_rebuild *r, struct clew_error *err);

/* ---- for the parts of it --------------------------------------------------------------------- */

void clew_rebuild_finding(struct clew_rebuild *r, const char *what, const char *fmt, ...)
        CLEW_PRINTF(3, 4);
/* The write transaction; commits when much is in it. @bytes: about to be written. */
CLEW_MUST_USE int clew_rebuild_txn(struct clew_rebuild *r, uint64_t bytes, MDB_txn **ret,
                                   struct clew_error *err);
bool clew_rebuild_was_deleted(struct clew_rebuild *r, const struct clew_trace_id *id);
/* Segments, the trace index and the time order (rebuild-sealed.c). */
CLEW_MUST_USE int clew_rebuild_sealed(struct clew_rebuild *r, struct clew_error *err);

#endif
