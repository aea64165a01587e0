/*
 * The hot table: fragments in the order of their arrival (storage/hot-batch-int.h), and those of
 * stores of format 1, which lie under trace id and sequence.
 *
 * hot-log.c appends and crosses off, hot-walk.c reads fragment by fragment, hot.c gathers what
 * there is of each trace.
 */
#ifndef CLEW_STORAGE_HOT_INT_H
#define CLEW_STORAGE_HOT_INT_H

#include "proto/base/arena.h"
#include "storage/base/env-int.h"
#include "storage/base/record-int.h"
#include "storage/hot/fragment-int.h"
#include "storage/hot/hot-batch-int.h"
#include "storage/store.h"

/* Where a fragment lies. */
struct clew_hot_ref {
        uint64_t sequence;
        uint64_t first; /* sequence of its batch; 0 = a record of its own, as in format 1 */
};

/* ---- writing (hot-log.c) -------------------------------------------------------------------- */

/* Writes @fragments in batches, counting them in @state. */
CLEW_MUST_USE int clew_hot_append(struct clew_env *env, MDB_txn *txn,
                                  const struct clew_fragment *fragments, size_t n,
                                  struct clew_state *state, struct clew_error *err);

/* A fragment that has been sealed. */
struct clew_hot_crossing {
        struct clew_hot_ref ref;
        const struct clew_trace_id *id; /* borrowed */
};

/* Takes the fragments away, counting them out of @state; sorts @crossings. -EAGAIN when one is not
 * there any more: the transaction is then to be aborted. */
CLEW_MUST_USE int clew_hot_cross_off(struct clew_env *env, MDB_txn *txn,
                                     struct clew_hot_crossing *crossings, size_t n,
                                     struct clew_state *state, struct clew_error *err);

/* New bytes of a fragment, appended to @out as clew_fragment_encode() does. 1 = changed, 0 = it
 * stays, or an error. */
typedef int (*clew_hot_change_fn)(void *context, const struct clew_trace_id *id, uint64_t sequence,
                                  const struct clew_hot_row *row, struct clew_buffer *out,
                                  struct clew_error *err);

/*
 * Writes the batch @first anew without the rows that are gone, and with what @change (NULL:
 * nothing) makes of the others; sequences stay. Nothing is written when nothing changes. 1 =
 * written, 0 = not, or an error; -EAGAIN: the batch is not there any more.
 */
CLEW_MUST_USE int clew_hot_rework(struct clew_env *env, MDB_txn *txn, uint64_t first,
                                  clew_hot_change_fn change, void *context, struct clew_error *err);

/* ---- reading (hot-walk.c) ------------------------------------------------------------------- */

struct clew_hot_found {
        struct clew_trace_id id;
        struct clew_hot_ref ref;
        struct clew_fragment_header header;
        struct clew_slice pack; /* from a walk: not checked */
        size_t stored_bytes;
};

/* Slices live as long as the transaction. */
struct clew_hot_walk {
        struct clew_env *env;
        MDB_txn *txn;
        const struct clew_trace_id *only; /* NULL = all traces */
        struct clew_scan scan;
        struct clew_hot_batch batch;
        uint32_t row; /* of the batch, comes next */
        uint64_t gone_first;
        struct clew_slice gone;
        /* What there is, of all traces: compared with the state at the end. */
        uint64_t n;
        uint64_t sum;
        bool in_part; /* begun in the middle */
};

/* @only (borrowed) leaves out all other traces; whether all fragments are there is checked in any
 * case. Not for write transactions. */
CLEW_MUST_USE int clew_hot_walk_open(struct clew_hot_walk *w, struct clew_env *env, MDB_txn *txn,
                                     const struct clew_trace_id *only, struct clew_error *err);
void clew_hot_walk_close(struct clew_hot_walk *w); /* zeroed is fine */
/* Goes on from sequence @from; what lies before it is not looked at, and so not compared. */
CLEW_MUST_USE int clew_hot_walk_seek(struct clew_hot_walk *w, uint64_t from,
                                     struct clew_error *err);
/* 1 = @ret filled, 0 = end and all were there, negative errno. */
CLEW_MUST_USE int clew_hot_walk_next(struct clew_hot_walk *w, struct clew_hot_found *ret,
                                     struct clew_error *err);

/* Reads single fragments of one snapshot; keeps the last batch open. */
struct clew_hot_reader {
        struct clew_env *env;
        MDB_txn *txn;
        struct clew_hot_batch batch; /* first 0 = none open */
};

void clew_hot_reader_init(struct clew_hot_reader *r, struct clew_env *env, MDB_txn *txn);
/* The pack is checked. -ENOENT (without filling @err) when it is not there, -EBADMSG, other. */
CLEW_MUST_USE int clew_hot_read(struct clew_hot_reader *r, const struct clew_trace_id *id,
                                const struct clew_hot_ref *ref, struct clew_hot_found *ret,
                                struct clew_error *err);

/* ---- by trace (hot.c) ----------------------------------------------------------------------- */

#define CLEW_HOT_NONE UINT32_MAX
/* Fragments of one trace that a list knows the places of, the first ones; further ones are counted.
 * A trace with more is nobody's run: it is shown in part, and stays hot. */
#define CLEW_HOT_LINKS_MAX 131072

struct clew_hot_link {
        uint64_t sequence;
        uint32_t offset; /* from the batch's; CLEW_HOT_NONE: a record of its own */
        uint32_t next;   /* of the same trace, with a higher sequence; CLEW_HOT_NONE = last */
};

static inline struct clew_hot_ref clew_hot_ref_of(const struct clew_hot_link *l)
{
        return (struct clew_hot_ref){l->sequence,
                                     l->offset == CLEW_HOT_NONE ? 0 : l->sequence - l->offset};
}

/* A trace with hot fragments, from their headers alone. A list of half a million is made for twenty
 * of them: one line of the cache each. Numbers that a bound far below 32 bits refuses anyway stop
 * at their largest value. */
struct clew_hot_trace {
        struct clew_trace_id id;
        uint64_t min_start_ns; /* first arrival where no span tells */
        uint64_t last_arrival_ns;
        uint64_t raw_bytes;
        uint32_t n_spans;
        uint32_t n_logs;
        uint32_t first_link; /* its fragments, in order of arrival */
        uint32_t last_link;
        uint32_t n_fragments; /* 0 = taken out (clew_hot_take_out()) */
        bool has_start;       /* some span tells */
        bool is_out;
        bool is_placed; /* the trace index was asked (storage/source/hot-order-int.h) */
        bool sealed;    /* and has a sealed part too */
};

/* What the sealer asks besides. */
struct clew_hot_plan {
        uint64_t first_arrival_ns;
        uint32_t service; /* clew_hot_service_of() */
        /* Fragments when it could not be sealed, and when that was not worth it; 0 = never. */
        uint32_t refused;
        uint32_t waits;
        uint32_t told; /* fragments that a kept summary is of, or that none can be made of */
};

struct clew_hot_service {
        struct clew_slice name; /* in the list's arena */
        uint64_t hash;
};
/* Services that are found again, by their hash; of more some are kept more than once. */
#define CLEW_HOT_SERVICES_RECENT 256u

struct clew_hot_list {
        struct clew_hot_trace *traces; /* owned, in no order */
        struct clew_hot_plan *plans;   /* owned, as many; NULL: nobody will seal */
        uint64_t stored_bytes;         /* of all that were added */
        uint64_t logs;                 /* log records of them */
        uint32_t n;
        uint32_t capacity;
        struct clew_hot_link *links; /* owned */
        uint32_t n_links;
        uint32_t links_capacity;
        uint32_t *slots; /* id -> index in traces, open addressing; owned */
        uint32_t n_slots;
        struct clew_hot_service *services; /* owned */
        uint32_t n_services;
        uint32_t services_capacity;
        uint32_t recent[CLEW_HOT_SERVICES_RECENT]; /* by hash, index into services plus one */
        struct clew_arena names;
        uint32_t n_out; /* traces taken out */
        bool for_sealing;
        uint32_t max; /* traces; 0 = any number */
        bool cut;     /* there were more */
};

/* Of a list for sealing. */
static inline struct clew_hot_plan *clew_hot_plan_of(const struct clew_hot_list *list,
                                                     const struct clew_hot_trace *t)
{
        return &list->plans[t - list->traces];
}

/* Empty where it has none. */
static inline struct clew_hot_service clew_hot_service_of(const struct clew_hot_list *list,
                                                          const struct clew_hot_plan *plan)
{
        return plan->service > 0 ? list->services[plan->service - 1] : (struct clew_hot_service){0};
}

/* Gathers what is hot in the snapshot from all headers; of one trace when @only is given. */
CLEW_MUST_USE int clew_hot_scan(struct clew_env *env, MDB_txn *txn,
                                const struct clew_trace_id *only, struct clew_hot_list *ret,
                                struct clew_error *err);
/* The same for sealing, of the @max traces that arrived first (0 = of all), with all their
 * fragments; @ret->cut tells whether there are more. */
CLEW_MUST_USE int clew_hot_scan_first(struct clew_env *env, MDB_txn *txn, uint32_t max,
                                      struct clew_hot_list *ret, struct clew_error *err);
/* Adds the fragments from sequence @from on to a list that clew_hot_scan_first() made. */
CLEW_MUST_USE int clew_hot_scan_more(struct clew_env *env, MDB_txn *txn, uint64_t from,
                                     struct clew_hot_list *list, struct clew_error *err);
/* Its fragments so far are hot no more. */
void clew_hot_take_out(struct clew_hot_list *list, const struct clew_trace_id *id);
void clew_hot_list_deinit(struct clew_hot_list *list); /* zeroed is fine */
/* Why a trace cannot be sealed, by its headers alone: a bound of storage/store.h. NULL = it can. */
const char *clew_hot_over_limit(const struct clew_hot_trace *t);
/* NULL when the trace has nothing hot. */
struct clew_hot_trace *clew_hot_find(const struct clew_hot_list *list,
                                     const struct clew_trace_id *id);
#define CLEW_HOT_LIST CLEW_CLEANUP(clew_hot_list_deinit) struct clew_hot_list

#endif
