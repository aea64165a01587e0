/*
 * A segment made anew: some of its traces go, some are changed, the others move.
 *
 * Everything is read, summarised and packed in a snapshot, without a lock. The transaction that
 * follows checks that each trace still is where it was, stores the new segment and takes the old
 * one away whole; so what was in it, versions of traces that had moved on before included, is left
 * in free pages only.
 */
#ifndef CLEW_STORAGE_REPACK_INT_H
#define CLEW_STORAGE_REPACK_INT_H

#include "storage/erase.h"
#include "storage/index/sink-int.h"
#include "storage/seal/seal-int.h"
#include "storage/source/erasure-int.h"

/* A trace of the segment at hand. */
struct clew_repack_row {
        struct clew_trace_id id;
        uint32_t index; /* in the old segment */
        struct clew_place place;
        uint32_t to; /* index in the new one; CLEW_REPACK_DROPPED */
        uint64_t old_raw;
        uint64_t old_spans;
        uint64_t old_logs;
        uint64_t raw;
        uint64_t n_spans;
        uint64_t n_logs;
        bool is_changed;
};
#define CLEW_REPACK_DROPPED UINT32_MAX

/*
 * What becomes of a trace of a segment. @is_live: false for an older version of one that has moved
 * on, which goes if the segment is written at all. CHANGE: @out has the TracesData, then the
 * LogsData from *@ret_traces_len on, with the same spans and log records.
 */
typedef int (*clew_repack_judge_fn)(void *context, const struct clew_rewrite_message *m,
                                    bool is_live, struct clew_buffer *out, size_t *ret_traces_len,
                                    struct clew_error *err);

struct clew_repack {
        struct clew_store *store;
        const struct clew_rewrite_options *options;
        struct clew_rewrite_stats *stats;
        const struct clew_hot_list *hot; /* dropped traces lose these fragments; NULL = none */
        clew_repack_judge_fn judge;
        void *context;
        /* Traces of the next segment that are to go, when that is known: when they are a smaller
         * part of its live ones than 1 / worth_part it stays. 0 = whatever @judge says. */
        uint32_t n_known;
        uint32_t worth_part;
        const struct clew_redaction
                *redaction; /* of the service's name in the catalog; NULL = none */
        const struct clew_redaction_seen *seen; /* for clew_repack_each(); NULL = none */
        bool spares_held; /* a trace that is held by now neither goes nor changes: -EAGAIN */
        bool wants_wipe;  /* of each transaction: what it takes away is to be wiped */
        /* the segment at hand */
        struct clew_loader loader;
        struct clew_segment_writer writer;
        struct clew_index_sink *sink; /* NULL: nothing is indexed */
        struct clew_index_blocks index;
        struct clew_buffer changed;
        struct clew_buffer summary;
        struct clew_buffer old_summaries;
        struct clew_buffer summaries;
        struct clew_buffer object;
        struct clew_buffer frame;
        struct clew_buffer service;
        struct clew_repack_row *rows;
        uint32_t n_rows;
        uint32_t n_kept; /* of them, those that move */
        uint64_t segment;
        uint64_t made;                   /* the new one */
        uint64_t each_below;             /* what clew_repack_each() has come to */
        uint64_t n_live;                 /* of the entry, when it was read */
        struct clew_segment_entry entry; /* of the new segment */
        struct clew_buffer own;          /* uint64_t, ascending: segments that this one has made */
        void *writes;                    /* of who calls clew_repack_write() */
};

CLEW_MUST_USE int clew_repack_init(struct clew_repack *p, struct clew_store *store,
                                   const struct clew_rewrite_options *options,
                                   struct clew_rewrite_stats *stats, struct clew_error *err);
void clew_repack_deinit(struct clew_repack *p);
/* 1 = written anew or taken away, 0 = nothing in it is to change, or it is not there; or an error.
 * -EAGAIN: somebody else has changed it meanwhile. */
CLEW_MUST_USE int clew_repack_segment(struct clew_repack *p, uint64_t segment,
                                      struct clew_error *err);
/* The same, tried again when somebody else has. */
CLEW_MUST_USE int clew_repack_settled(struct clew_repack *p, uint64_t segment,
                                      struct clew_error *err);
/* The same for each segment that @wanted (NULL: all) takes, also those that others make meanwhile.
 */
CLEW_MUST_USE int clew_repack_each(struct clew_repack *p,
                                   bool (*wanted)(void *context,
                                                  const struct clew_segment_entry *entry),
                                   struct clew_error *err);
/* In a transaction: what is left of a trace that goes: fragments of @hot, notes, records of the
 * shelf. */
CLEW_MUST_USE int clew_repack_forget(struct clew_repack *p, MDB_txn *txn, struct clew_shelf *shelf,
                                     struct clew_state *state, const struct clew_trace_id *id,
                                     struct clew_error *err);
CLEW_MUST_USE int clew_repack_read_entry(struct clew_repack *p, MDB_txn *txn, uint64_t segment,
                                         struct clew_segment_entry *ret, struct clew_error *err);
/* In a transaction: p->segment goes, of which n_live traces are known to live there; -EAGAIN when
 * it is not so any more. Then each of them: dropped, or at its place in p->made. */
CLEW_MUST_USE int clew_repack_drop_segment(struct clew_repack *p, MDB_txn *txn,
                                           struct clew_state *state, struct clew_error *err);
CLEW_MUST_USE int clew_repack_move_row(struct clew_repack *p, MDB_txn *txn,
                                       struct clew_shelf *shelf, struct clew_state *state,
                                       const struct clew_repack_row *row, struct clew_error *err);
/* Runs @fn in a write transaction, on the thread that options->run names, with state and shelf. */
CLEW_MUST_USE int clew_repack_write(struct clew_repack *p,
                                    int (*fn)(struct clew_repack *p, MDB_txn *txn,
                                              struct clew_shelf *shelf, struct clew_state *state,
                                              struct clew_error *err),
                                    struct clew_error *err);

#endif
