/*
 * The parts of sealing: what is to be sealed next (seal-plan.c), moving it (seal.c), putting small
 * segments together (seal-compact.c), indexing what no index covers (seal-index.c), and summaries
 * of what stays hot (seal-hot.c).
 */
#ifndef CLEW_STORAGE_SEAL_INT_H
#define CLEW_STORAGE_SEAL_INT_H

#include "storage/index/merge-int.h"
#include "storage/source/store-int.h"

/* One trace to seal. */
struct clew_seal_item {
        struct clew_trace_id id;
        uint64_t service_hash;
        struct clew_slice service; /* borrowed from the plan's hot list */
        uint64_t start_ns;
        uint64_t first_arrival_ns;
        uint64_t idle_ns;     /* since its newest fragment */
        uint64_t raw_bytes;   /* of the hot part */
        uint32_t n_fragments; /* of the hot list: those belong to the seal, later ones do not */
        bool skip;            /* it was refused */
};

/* A round: what was due when it was made. */
struct clew_seal_plan {
        struct clew_seal_item *items; /* by service, then start: what is alike stands together */
        size_t n;
        size_t at;        /* those before are done */
        uint8_t *service; /* where the items' services lie, when not in a hot list; owned */
};

/* A trace that could not be sealed, with so many fragments. */
struct clew_refused {
        struct clew_trace_id id;
        uint32_t n_fragments;
};

#define CLEW_REFUSED_MAX 256u
/* Segments to be indexed that are kept in mind; those behind them are found when these are done. */
#define CLEW_UNINDEXED_MAX 1024u
/* Segments that cannot be indexed: so few that a damaged store is the reason. */
#define CLEW_UNINDEXABLE_MAX 256u
/* Segments that may be compacted, kept in mind; a service that makes more will be met again. */
#define CLEW_SMALL_SEGMENTS_MAX 1024u

struct clew_small_segment {
        uint64_t segment;
        uint64_t service_hash;
        uint64_t raw_bytes;
        uint32_t n_traces;
};

/*
 * What the sealing of one store keeps between its runs, so that a run costs what it seals and not
 * what waits: the hot list, which a run only adds new fragments to; the round under way; the
 * traces that could not be sealed; and the small segments.
 */
struct clew_sealing {
        struct clew_hot_list hot;
        uint64_t next;         /* sequence of the first fragment that was not looked at */
        bool is_read;          /* `hot` is what it says */
        uint32_t max;          /* traces of the list; 0 = any number */
        uint64_t taken;        /* traces sealed since the list was read */
        uint64_t sealed_at_ns; /* when something was sealed last, or the first look */
        struct clew_seal_plan plan;
        struct clew_seal_options made_for;
        struct clew_refused refused[CLEW_REFUSED_MAX];
        uint32_t n_refused; /* ever; the oldest gives way */
        struct clew_small_segment small[CLEW_SMALL_SEGMENTS_MAX];
        size_t n_small;
        bool small_is_read;
        struct clew_index_merge *merge;         /* of indexes; NULL until it is needed */
        uint64_t unindexed[CLEW_UNINDEXED_MAX]; /* segments that no index covers, ascending */
        uint32_t n_unindexed;
        uint64_t unindexable[CLEW_UNINDEXABLE_MAX];
        uint32_t n_unindexable; /* ever; the oldest gives way */
        /* Of the state in which nothing was left to be indexed. */
        uint64_t looked_run;
        uint64_t looked_segment;
        bool index_is_damaged; /* a run could not be read */
        uint64_t renewals;     /* of the table of indexes, that were told */
        uint32_t told_at;      /* in `hot`: where looking for what to summarise goes on */
        uint64_t told_epoch;   /* of erasures: the file is empty behind each */
        uint64_t told_n;       /* summaries kept lately, and their bytes in the file */
        uint64_t told_bytes;
};

/* The one of @store, made at the first call. Called with store->sealing_lock held. NULL: no memory.
 */
CLEW_MUST_USE struct clew_sealing *clew_sealing_of(struct clew_store *store);

/* Goes on with the round, or makes the next one when it is at its end (or was made for other
 * options). With nothing due, s->plan.n is 0. */
CLEW_MUST_USE int clew_sealing_next_round(struct clew_store *store, struct clew_sealing *s,
                                          const struct clew_seal_options *options, uint64_t now_ns,
                                          struct clew_error *err);
/* The store is not what the list says: it is read again. */
void clew_sealing_forget(struct clew_sealing *s);
/* Times the idle time after which a trace that goes on slowly is sealed once more. */
#define CLEW_SEAL_LONG_IDLE 30u

/* @id stays hot until it has twice the fragments. */
void clew_sealing_refuse(struct clew_sealing *s, const struct clew_trace_id *id);
void clew_seal_plan_deinit(struct clew_seal_plan *plan);

/* ---- one run of several segments (seal-run.c) ----------------------------------------------- */

/* Raw bytes of the segments of one run: no less than a call seals, so a store that is filled step
 * by step has the same runs. */
#define CLEW_SEAL_RUN_BYTES ((uint64_t)32 << 20)

/* What of a sink belongs to segments that are stored and have no run yet. Zeroed is none. */
struct clew_seal_run {
        uint32_t n_segments;
        uint64_t raw_bytes;
};

/* What the sink is given from now on is of a segment that will be stored. */
void clew_seal_run_begin(struct clew_seal_run *run, struct clew_index_sink *sink);
/* It is stored, as @segment. */
void clew_seal_run_add(struct clew_seal_run *run, struct clew_index_sink *sink, uint64_t segment,
                       uint64_t raw_bytes);
/* It is not stored. @sink may be NULL. */
void clew_seal_run_drop(const struct clew_seal_run *run, struct clew_index_sink *sink);
bool clew_seal_run_is_full(const struct clew_seal_run *run, const struct clew_index_sink *sink);
/* Writes the run, if there are segments for one, and forgets them. When something of them has gone
 * meanwhile they stay without, as they do when this is not reached. 0 or an error. */
CLEW_MUST_USE int clew_seal_run_write(struct clew_seal_run *run, struct clew_store *store,
                                      struct clew_index_sink *sink, struct clew_index_blocks *room,
                                      const struct clew_seal_options *options,
                                      struct clew_error *err);

/* ---- compaction (seal-compact.c) ------------------------------------------------------------ */

/* Segment @segment was written, or has lost traces: it may be one to compact. */
void clew_compact_note(struct clew_sealing *s, uint64_t segment,
                       const struct clew_segment_entry *entry);
/* Whether there may be any: clew_compact_choose() costs something. */
bool clew_compact_is_due(const struct clew_sealing *s);
/* Chooses small segments that are worth packing together: @ret has their traces that live there
 * and have nothing hot; n 0 = none are. */
CLEW_MUST_USE int clew_compact_choose(struct clew_store *store, struct clew_sealing *s,
                                      struct clew_seal_plan *ret, struct clew_error *err);

/* ---- segments without an index (seal-index.c) -------------------------------------------------
 */

/* Indexes one of them, if there is one; stats->more then. What is damaged of the indexes goes. 0 or
 * an error; called with store->sealing_lock held. */
CLEW_MUST_USE int clew_seal_index_step(struct clew_store *store, struct clew_sealing *s,
                                       const struct clew_seal_options *options,
                                       struct clew_seal_stats *stats, struct clew_error *err);

/* ---- summaries of what stays hot (seal-hot.c) -------------------------------------------------
 */

/* Makes some of those that are missing; stats->more then. 0 or an error; called with
 * store->sealing_lock held. */
CLEW_MUST_USE int clew_seal_tell_step(struct clew_store *store, struct clew_sealing *s,
                                      const struct clew_seal_options *options,
                                      struct clew_seal_stats *stats, struct clew_error *err);

#endif
