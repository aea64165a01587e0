/*
 * The halves of sealing: choosing what goes together (seal-plan.c, seal-compact.c) and moving it
 * (seal.c).
 */
#ifndef CLEW_STORAGE_SEAL_INT_H
#define CLEW_STORAGE_SEAL_INT_H

#include "storage/source/store-int.h"

/* One trace to seal. */
struct clew_seal_item {
        struct clew_trace_id id;
        uint64_t service_hash;
        struct clew_slice service; /* borrowed from the plan's hot list */
        uint64_t start_ns;
        uint64_t first_arrival_ns;
        uint64_t raw_bytes;   /* of the hot part */
        uint32_t n_fragments; /* of the hot list: those belong to the seal, later ones do not */
};

struct clew_seal_plan {
        struct clew_hot_list hot;     /* owns the services, knows the fragments */
        struct clew_seal_item *items; /* by service, then start: what is alike stands together */
        size_t n;
};

/* Chooses idle traces by @options at time @now_ns. */
CLEW_MUST_USE int clew_seal_plan_make(struct clew_store *store,
                                      const struct clew_seal_options *options, uint64_t now_ns,
                                      struct clew_seal_plan *ret, struct clew_error *err);
/* Adds traces of undersized segments of the plan's services (seal-compact.c). The plan is left
 * unsorted. */
CLEW_MUST_USE int clew_seal_plan_compact(struct clew_store *store, MDB_txn *txn,
                                         struct clew_seal_plan *plan, struct clew_error *err);
void clew_seal_plan_deinit(struct clew_seal_plan *plan);

#endif
