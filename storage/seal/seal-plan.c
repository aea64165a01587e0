/*
 * Decides what a sealing run takes: idle traces, grouped by service; storage/seal-int.h.
 */
#include "storage/seal/seal-int.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Traces that a run keeps in memory, a few hundred bytes each. */
#define TRACES_MAX (1u << 17)

static int compare_items(const void *a, const void *b)
{
        const struct clew_seal_item *x = a;
        const struct clew_seal_item *y = b;

        if (x->service_hash != y->service_hash)
                return x->service_hash < y->service_hash ? -1 : 1;
        if (x->start_ns != y->start_ns)
                return x->start_ns < y->start_ns ? -1 : 1;
        return memcmp(x->id.bytes, y->id.bytes, sizeof(x->id.bytes));
}

static bool is_idle(const struct clew_hot_trace *t, const struct clew_seal_options *o,
                    uint64_t now_ns)
{
        /* A clock that was set back must not keep a trace hot for ever: the future is idle too. */
        return o->idle_ns == 0 || t->last_arrival_ns > now_ns ||
               now_ns - t->last_arrival_ns >= o->idle_ns;
}

/* Drops services whose idle bytes are few and young: they are worth waiting for more. */
static size_t drop_small(struct clew_seal_item *items, size_t n, const struct clew_seal_options *o,
                         uint64_t now_ns)
{
        size_t kept = 0;

        for (size_t from = 0, to; from < n; from = to) {
                uint64_t bytes = 0;
                bool old = false;

                for (to = from; to < n && items[to].service_hash == items[from].service_hash;
                     to++) {
                        uint64_t arrived = items[to].first_arrival_ns;

                        bytes += items[to].raw_bytes;
                        old = old || arrived > now_ns || now_ns - arrived >= o->max_wait_ns;
                }
                if (bytes < o->min_segment_bytes && !old)
                        continue;
                memmove(&items[kept], &items[from], (to - from) * sizeof(*items));
                kept += to - from;
        }
        return kept;
}

void clew_seal_plan_deinit(struct clew_seal_plan *plan)
{
        clew_hot_list_deinit(&plan->hot);
        clew_free(plan->items);
        memset(plan, 0, sizeof(*plan));
}

/* Fills plan->items from plan->hot. */
static int choose_idle(struct clew_seal_plan *plan, const struct clew_seal_options *options,
                       uint64_t now_ns)
{
        plan->items = clew_calloc(plan->hot.n, sizeof(*plan->items));
        if (!plan->items)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->hot.n; i++) {
                const struct clew_hot_trace *t = &plan->hot.traces[i];

                if (!is_idle(t, options, now_ns))
                        continue;
                plan->items[plan->n++] = (struct clew_seal_item){
                        .id = t->id,
                        .service_hash = t->service_hash,
                        .service = t->service,
                        .start_ns = t->min_start_ns,
                        .first_arrival_ns = t->first_arrival_ns,
                        .raw_bytes = t->raw_bytes,
                        .n_fragments = t->n_fragments,
                };
        }
        if (plan->n)
                qsort(plan->items, plan->n, sizeof(*plan->items), compare_items);
        if (options->min_segment_bytes)
                plan->n = drop_small(plan->items, plan->n, options, now_ns);
        return 0;
}

static int choose_among(struct clew_store *store, MDB_txn *txn,
                        const struct clew_seal_options *options, uint64_t now_ns, uint32_t max,
                        struct clew_seal_plan *plan, struct clew_error *err)
{
        int r = clew_hot_scan_first(store->env, txn, max, &plan->hot, err);

        if (r == 0 && choose_idle(plan, options, now_ns) < 0)
                r = clew_error_set(err, -ENOMEM, 0, "out of memory");
        return r;
}

/* A run looks at the oldest traces; only when none of them is due, at all. */
static int choose(struct clew_store *store, MDB_txn *txn, const struct clew_seal_options *options,
                  uint64_t now_ns, struct clew_seal_plan *plan, struct clew_error *err)
{
        uint32_t max = options->max_traces ? options->max_traces : TRACES_MAX;
        int r = choose_among(store, txn, options, now_ns, max, plan, err);

        if (r < 0 || plan->n || !plan->hot.cut)
                return r;
        clew_seal_plan_deinit(plan);
        return choose_among(store, txn, options, now_ns, 0, plan, err);
}

int clew_seal_plan_make(struct clew_store *store, const struct clew_seal_options *options,
                        uint64_t now_ns, struct clew_seal_plan *ret, struct clew_error *err)
{
        struct clew_seal_plan plan = {0};
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(store->env, &txn, err);

        if (r < 0)
                return r;
        r = choose(store, txn, options, now_ns, &plan, err);
        if (r == 0 && plan.n) {
                r = clew_seal_plan_compact(store, txn, &plan, err);
                qsort(plan.items, plan.n, sizeof(*plan.items), compare_items);
        }
        clew_txn_end_read(store->env, txn);
        if (r < 0) {
                clew_seal_plan_deinit(&plan);
                return r;
        }
        *ret = plan;
        return 0;
}
