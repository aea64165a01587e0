/*
 * Decides what a sealing run takes: idle traces, grouped by service; storage/seal/seal-int.h.
 *
 * The hot table is read whole once; later runs look only at fragments that have arrived since. It
 * is read whole again when half of the list has been sealed, so that each fragment is looked at a
 * few times at most, however many wait.
 */
#include "storage/seal/seal-int.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Traces that the list holds, a hundred and fifty bytes each. More wait until these are sealed, or
 * until none of these is due. */
#define TRACES_MAX (1u << 18)

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

/* A clock that was set back must not keep a trace hot for ever: the future is long ago too. */
static uint64_t age(uint64_t then_ns, uint64_t now_ns)
{
        return then_ns > now_ns ? UINT64_MAX : now_ns - then_ns;
}

/* Log records without a trace share one; under steady traffic that is never idle. */
static bool is_due(const struct clew_hot_trace *t, const struct clew_hot_plan *plan,
                   const struct clew_seal_options *o, uint64_t now_ns)
{
        if (age(t->last_arrival_ns, now_ns) >= o->idle_ns)
                return true;
        return clew_trace_id_is_zero(&t->id) &&
               age(plan->first_arrival_ns, now_ns) >= o->max_wait_ns;
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
                        bytes += items[to].raw_bytes;
                        old = old || age(items[to].first_arrival_ns, now_ns) >= o->max_wait_ns;
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
        clew_free(plan->items);
        clew_free(plan->service);
        memset(plan, 0, sizeof(*plan));
}

void clew_sealing_forget(struct clew_sealing *s)
{
        clew_seal_plan_deinit(&s->plan);
        clew_hot_list_deinit(&s->hot);
        s->is_read = false;
}

static void sealing_free(struct clew_sealing *s)
{
        clew_sealing_forget(s);
        clew_index_merge_free(s->merge);
        clew_free(s);
}

struct clew_sealing *clew_sealing_of(struct clew_store *store)
{
        if (!store->sealing) {
                store->sealing = clew_calloc(1, sizeof(*store->sealing));
                store->sealing_free = sealing_free;
                if (store->sealing)
                        store->sealing->sealed_at_ns = clew_clock_unix_ns(store->clock);
        }
        return store->sealing;
}

static bool is_left_alone(const struct clew_hot_trace *t, const struct clew_hot_plan *plan,
                          const struct clew_seal_options *o, uint64_t now_ns)
{
        if (t->n_fragments == 0 || (plan->refused && t->n_fragments / 2 < plan->refused))
                return true;
        return plan->waits == t->n_fragments &&
               age(t->last_arrival_ns, now_ns) / CLEW_SEAL_LONG_IDLE < o->idle_ns;
}

void clew_sealing_refuse(struct clew_sealing *s, const struct clew_trace_id *id)
{
        struct clew_hot_trace *t = clew_hot_find(&s->hot, id);

        if (!t || t->n_fragments == 0)
                return;
        clew_hot_plan_of(&s->hot, t)->refused = t->n_fragments;
        s->refused[s->n_refused++ % CLEW_REFUSED_MAX] =
                (struct clew_refused){.id = *id, .n_fragments = t->n_fragments};
}

/* A list that was read again knows of none. */
static void remember_refused(struct clew_sealing *s)
{
        uint32_t n = s->n_refused < CLEW_REFUSED_MAX ? s->n_refused : CLEW_REFUSED_MAX;

        for (uint32_t i = 0; i < n; i++) {
                const struct clew_hot_trace *t = clew_hot_find(&s->hot, &s->refused[i].id);
                struct clew_hot_plan *plan = t ? clew_hot_plan_of(&s->hot, t) : NULL;

                if (plan && plan->refused < s->refused[i].n_fragments)
                        plan->refused = s->refused[i].n_fragments;
        }
}

/* Fills the plan from the list. */
static int choose_due(struct clew_sealing *s, uint64_t now_ns)
{
        const struct clew_seal_options *o = &s->made_for;
        struct clew_seal_plan *plan = &s->plan;

        clew_seal_plan_deinit(plan);
        plan->items = clew_calloc(s->hot.n ? s->hot.n : 1, sizeof(*plan->items));
        if (!plan->items)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->hot.n; i++) {
                const struct clew_hot_trace *t = &s->hot.traces[i];
                const struct clew_hot_plan *own = clew_hot_plan_of(&s->hot, t);
                const struct clew_hot_service service = clew_hot_service_of(&s->hot, own);

                if (is_left_alone(t, own, o, now_ns) || !is_due(t, own, o, now_ns))
                        continue;
                plan->items[plan->n++] = (struct clew_seal_item){
                        .id = t->id,
                        .service_hash = service.hash,
                        .service = service.name,
                        .start_ns = t->min_start_ns,
                        .first_arrival_ns = own->first_arrival_ns,
                        .idle_ns = age(t->last_arrival_ns, now_ns),
                        .raw_bytes = t->raw_bytes,
                        .n_fragments = t->n_fragments,
                };
        }
        if (plan->n)
                qsort(plan->items, plan->n, sizeof(*plan->items), compare_items);
        if (o->min_segment_bytes)
                plan->n = drop_small(plan->items, plan->n, o, now_ns);
        return 0;
}

static int read_whole(struct clew_store *store, MDB_txn *txn, struct clew_sealing *s,
                      struct clew_error *err)
{
        int r;

        clew_sealing_forget(s);
        r = clew_hot_scan_first(store->env, txn, s->max, &s->hot, err);
        if (r < 0)
                return r;
        s->is_read = true;
        s->taken = 0;
        remember_refused(s);
        return 0;
}

/* Brings the list up to the snapshot. */
static int read_on(struct clew_store *store, MDB_txn *txn, struct clew_sealing *s,
                   struct clew_error *err)
{
        struct clew_state state;
        int r = clew_state_read(store->env, txn, &state, err);

        if (r < 0)
                return r;
        if (!s->is_read || s->hot.n_out > s->hot.n / 2)
                r = read_whole(store, txn, s, err);
        else
                r = clew_hot_scan_more(store->env, txn, s->next, &s->hot, err);
        if (r < 0)
                clew_sealing_forget(s);
        else
                s->next = state.next_sequence;
        return r;
}

static int choose(struct clew_store *store, MDB_txn *txn, struct clew_sealing *s, uint64_t now_ns,
                  struct clew_error *err)
{
        int r = read_on(store, txn, s, err);

        while (r == 0) {
                if (choose_due(s, now_ns) < 0)
                        return clew_error_set(err, -ENOMEM, 0, "out of memory");
                if (s->plan.n || !s->hot.cut)
                        return 0;
                /* None of these is due: the list is to hold more, if it could not be the sealed
                 * ones alone that made room. */
                if (s->taken == 0)
                        s->max = s->max > UINT32_MAX / 4 ? 0 : s->max * 2;
                r = read_whole(store, txn, s, err);
        }
        return r;
}

static bool is_like(const struct clew_seal_options *a, const struct clew_seal_options *b)
{
        return a->idle_ns == b->idle_ns && a->min_segment_bytes == b->min_segment_bytes &&
               a->max_wait_ns == b->max_wait_ns && a->max_traces == b->max_traces;
}

int clew_sealing_next_round(struct clew_store *store, struct clew_sealing *s,
                            const struct clew_seal_options *options, uint64_t now_ns,
                            struct clew_error *err)
{
        MDB_txn *txn = NULL;
        int r;

        if (!is_like(&s->made_for, options) || s->max == 0) {
                if (s->made_for.max_traces != options->max_traces || s->max == 0)
                        s->is_read = false;
                s->max = options->max_traces ? options->max_traces : TRACES_MAX;
                s->made_for = *options;
                clew_seal_plan_deinit(&s->plan);
        }
        if (s->plan.at < s->plan.n)
                return 0;
        r = clew_txn_begin_read(store->env, &txn, err);
        if (r < 0)
                return r;
        r = choose(store, txn, s, now_ns, err);
        clew_txn_end_read(store->env, txn);
        return r;
}
