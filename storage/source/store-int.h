/*
 * The inside of a store and of a view, for the files of this folder.
 */
#ifndef CLEW_STORAGE_STORE_INT_H
#define CLEW_STORAGE_STORE_INT_H

#include "proto/base/arena.h"
#include "storage/base/env-int.h"
#include "storage/base/place-int.h"
#include "storage/hot/fragment-int.h"
#include "storage/hot/hot-int.h"
#include "storage/hot/hot-summaries-int.h"
#include "storage/index/catalog-int.h"
#include "storage/sealed/segment-int.h"
#include "storage/source/hot-order-int.h"
#include "storage/source/summary-slots-int.h"
#include "storage/store.h"

#include <pthread.h>
#include <stdatomic.h>

struct clew_store {
        struct clew_env *env;
        const struct clew_clock *clock;
        const struct clew_deriver *deriver; /* may be NULL */
        enum clew_store_mode mode;
        bool sealed_only;
        /* Others write to its bucket, or may (storage/tier): what is deleted here is theirs too. */
        atomic_bool is_shared;
        /* What sealing keeps between its runs (storage/seal), and how it goes with the store. */
        pthread_mutex_t sealing_lock;
        struct clew_sealing *sealing;
        void (*sealing_free)(struct clew_sealing *sealing);
        /* Told of the index of each segment that was sealed and is durable; under that lock, as
         * these two. NULL = nobody. */
        void (*indexed)(void *context, uint64_t segment, const struct clew_index_blocks *blocks);
        void *indexed_context;
};

/* Index work of one merge: an entry per span of the trace. */
#define CLEW_MERGE_ARENA_MAX ((size_t)512 << 20)

/*
 * Segments that stay open beside the one that is read. A walk by time goes to and fro between the
 * segments of services that ran at the same time; opening one unpacks its residue, a megabyte.
 */
#define CLEW_LOADER_KEPT 15u

struct clew_kept_segment {
        struct clew_segment_reader reader; /* made at its first use */
        struct clew_buffer object;
        uint64_t segment; /* 0 = none */
        uint64_t used;    /* larger = later */
};

/*
 * Reads whole traces within one snapshot. All buffers are reused, so results die at the next load.
 */
struct clew_loader {
        struct clew_env *env;
        MDB_txn *txn;   /* borrowed */
        uint64_t epoch; /* loads and changes of the snapshot */
        struct clew_segment_reader segment;
        uint64_t open_segment;                           /* 0 = none */
        struct clew_kept_segment kept[CLEW_LOADER_KEPT]; /* others that are open */
        uint32_t n_kept;                 /* places of them that are used so far ... */
        uint64_t gone[CLEW_LOADER_KEPT]; /* ... segments that had to make room lately ... */
        uint32_t n_gone;                 /* ... counted; the next one is put behind it */
        uint64_t switches;
        struct clew_segment_live live;
        struct clew_hot_reader fragments;
        struct clew_buffer object;
        struct clew_buffer sealed; /* message of the sealed part */
        struct clew_buffer hot;    /* messages of the hot fragments, one after the other */
        struct clew_buffer traces; /* merged */
        struct clew_buffer logs;
        struct clew_unpacker *unpacker;
        struct clew_arena arena;
        /* Of a trace with hot fragments, about; 0 = all. */
        uint64_t max_items;
        uint64_t max_bytes;
};

/* The buffers of one trace take at most so much each. */
void clew_loader_limit(struct clew_loader *l, size_t max_bytes);

struct clew_loaded {
        struct clew_slice traces;
        struct clew_slice logs;
        uint64_t n_spans;
        uint64_t n_logs;
        uint64_t last_arrival_ns; /* 0 = no hot fragment */
        uint64_t min_start_ns;    /* of hot fragments; 0 = none */
        uint64_t n_fragments;
        uint64_t left_out; /* spans and log records behind the loader's bounds */
        bool sealed;
        struct clew_place place;   /* when sealed; else segment 0 */
        uint64_t sealed_raw_bytes; /* what the sealed part alone has */
        uint64_t sealed_spans;
        uint64_t sealed_logs;
};

CLEW_MUST_USE int clew_loader_init(struct clew_loader *l, struct clew_env *env);
void clew_loader_deinit(struct clew_loader *l);
/* Gives the loader another snapshot; forgets what it had opened. */
void clew_loader_set_txn(struct clew_loader *l, MDB_txn *txn);
/*
 * Loads a trace with the fragments that @hot names. 0, -ENOENT (also when one of them is not there
 * any more), -EBADMSG, -ENOMEM, ...
 */
CLEW_MUST_USE int clew_loader_load(struct clew_loader *l, const struct clew_trace_id *id,
                                   const struct clew_hot_list *hot, struct clew_loaded *ret,
                                   struct clew_error *err);
/* -EBADMSG when the trace at @place has moved on: the record that led here is of an older commit,
 * which a damaged tree can do. */
CLEW_MUST_USE int clew_loader_check_place(struct clew_loader *l, const struct clew_place *place,
                                          struct clew_error *err);
/* The sealed part alone: message @index of @segment. */
CLEW_MUST_USE int clew_loader_sealed(struct clew_loader *l, uint64_t segment, uint32_t index,
                                     const struct clew_trace_id *id,
                                     struct clew_segment_row *ret_row, struct clew_error *err);

/* The id in the first span or log record of a sealed message; zero when there is none. */
void clew_trace_id_of_message(struct clew_slice message, uint64_t traces_len,
                              struct clew_trace_id *ret);

/* The same with the bits of its segment at hand. */
CLEW_MUST_USE int clew_place_check_live(struct clew_env *env, const struct clew_place *place,
                                        const struct clew_segment_live *live,
                                        struct clew_error *err);

struct clew_view {
        struct clew_store *store;
        MDB_txn *txn;
        uint64_t begun_ns;    /* monotonic; of the snapshot */
        uint64_t prepared_ns; /* of it: so long it took until walks gave their first trace */
        bool is_fresh_walk;   /* nothing was given yet */
        bool gives_ids;       /* the walk gives no summaries */
        struct clew_loader loader;
        struct clew_summary_slots summaries;
        /* What is hot in the snapshot: for the first question about one trace that alone is
         * gathered; whoever asks twice will ask often. */
        struct clew_hot_list hot;
        bool hot_is_whole;
        bool hot_asked;
        struct clew_hot_summaries told; /* of what is hot, when told_is_begun */
        bool told_is_begun;
        struct clew_places_proved proved;
        bool notes_proved;
        bool times_proved;
        /* the walk */
        struct clew_scan scan;
        struct clew_hot_order hot_order;
        bool whole_walk;     /* from the very first entry: then the count is checked at the end */
        uint64_t n_walked;   /* records of the time order so far */
        uint64_t walked_sum; /* of their digests */
        bool sealed_pending; /* `sealed_entry` waits to be merged */
        struct clew_list_entry sealed_entry;
        bool is_walking;
        bool has_last; /* `last` is what was given last, or where the walk began */
        struct clew_list_entry last;
        struct clew_index_use use;
        struct clew_chosen *chosen; /* the walk goes over indexes (chosen.c); NULL = over all */
        /* What indexes there are in the snapshot, when index_is_read. */
        struct clew_index_catalog index;
        bool index_is_read;
};

/* The stored summary at @place. Lives until the slot is reused. */
CLEW_MUST_USE int clew_view_summary(struct clew_view *view, const struct clew_place *place,
                                    struct clew_slice *ret, uint32_t *ret_version,
                                    struct clew_error *err);
void clew_view_end_walk(struct clew_view *view);
/* Gives @entry the summary of @t, which is hot, if the collector has written one of it as it
 * stands. It lives until the next one is asked for. */
void clew_view_tell_hot(struct clew_view *view, const struct clew_hot_trace *t,
                        const struct clew_place *place, struct clew_list_entry *entry);
/* The epoch of erasures of a snapshot, for summaries of what is hot. False: something is being
 * erased, or it cannot be read: none are used or made. */
bool clew_told_epoch(struct clew_env *env, MDB_txn *txn, uint64_t *ret);

/* ---- a walk over indexes (chosen.c) ---------------------------------------------------------- */

/* Reads the catalog of the snapshot, once. 0, or an error: then there are no indexes to be used. */
CLEW_MUST_USE int clew_view_read_index(struct clew_view *view, uint64_t version,
                                       struct clew_error *err);
/* Begins behind @after (may be NULL). 0, or an error: the walk is to go over all. */
CLEW_MUST_USE int clew_chosen_begin(struct clew_view *view, const struct clew_list_entry *after,
                                    const struct clew_index_chooser *chooser,
                                    struct clew_error *err);
/* The next that is wanted: start and id. 1, 0 = end, or an error: then the index is not to be used
 * further. */
CLEW_MUST_USE int clew_chosen_next(struct clew_view *view, struct clew_list_entry *ret,
                                   struct clew_error *err);
void clew_chosen_end(struct clew_view *view);
/* At the end of the walk: what is hot too is left out of the counts. 0 or an error. */
CLEW_MUST_USE int clew_chosen_settle(struct clew_view *view, struct clew_error *err);
/* What is hot, at least of trace @id, or of all when it is NULL. Lives until the next question or
 * renewal. */
CLEW_MUST_USE int clew_view_hot(struct clew_view *view, const struct clew_trace_id *id,
                                struct clew_hot_list **ret, struct clew_error *err);

/* Adds sealed ids that begin with @n_digits of @prefix to the sorted @ret (at most @max, @n so
 * far).
 */
CLEW_MUST_USE int clew_view_find_sealed(struct clew_view *v, const struct clew_trace_id *prefix,
                                        unsigned n_digits, struct clew_trace_id *ret, int max,
                                        int *n, struct clew_error *err);

/* While a collector seals, more of the data file stays mapped (residency.c). */
void clew_store_seals(struct clew_store *store, bool now);

#endif
