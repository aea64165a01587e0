/*
 * Views: one snapshot over hot and sealed data; storage/store.h.
 */
#include "proto/base/mem.h"
#include "proto/base/sha256.h"
#include "storage/base/record-int.h"
#include "storage/source/erasure-int.h"
#include "storage/source/store-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int clew_view_open(struct clew_store *store, struct clew_view **ret, struct clew_error *err)
{
        struct clew_view *v = clew_calloc(1, sizeof(*v));
        struct clew_state state;
        int r;

        if (!v)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        v->store = store;
        r = clew_loader_init(&v->loader, store->env);
        if (r < 0)
                clew_error_set(err, r, 0, "out of memory");
        else
                r = clew_txn_begin_read(store->env, &v->txn, err);
        v->begun_ns = clew_clock_monotonic_ns(store->clock);
        if (r == 0)
                r = clew_state_read(store->env, v->txn, &state, err);
        if (r < 0) {
                clew_view_close(v);
                return r == -ENOENT ? -EBADMSG : r;
        }
        clew_loader_set_txn(&v->loader, v->txn);
        *ret = v;
        return 0;
}

void clew_view_end_walk(struct clew_view *v)
{
        clew_scan_close(&v->scan);
        v->is_walking = false;
        clew_hot_order_end(&v->hot_order);
        v->sealed_pending = false;
        clew_chosen_end(v);
}

static void forget_hot(struct clew_view *v)
{
        clew_hot_list_deinit(&v->hot);
        v->hot_is_whole = false;
        v->hot_asked = false;
}

/* Everything that belongs to the snapshot, but for what is hot. */
static void forget_snapshot(struct clew_view *v)
{
        clew_index_catalog_deinit(&v->index);
        v->index_is_read = false;
        v->proved = (struct clew_places_proved){0};
        v->notes_proved = v->times_proved = false;
        clew_summary_slots_clear(&v->summaries);
        clew_hot_summaries_forget(&v->told);
        v->told_is_begun = false;
}

void clew_view_close(struct clew_view *v)
{
        if (!v)
                return;
        clew_view_end_walk(v);
        forget_snapshot(v);
        forget_hot(v);
        clew_txn_end_read(v->store->env, v->txn);
        clew_loader_deinit(&v->loader);
        clew_hot_summaries_end(&v->told);
        clew_free(v);
}

void clew_view_limit_loads(struct clew_view *v, size_t max_bytes)
{
        clew_loader_limit(&v->loader, max_bytes);
}

int clew_view_renew(struct clew_view *v, struct clew_error *err)
{
        uint64_t commit = v->txn ? mdb_txn_id(v->txn) : 0;
        struct clew_state state;
        int r;

        clew_view_end_walk(v);
        forget_snapshot(v);
        clew_txn_end_read(v->store->env, v->txn);
        v->txn = NULL;
        clew_loader_set_txn(&v->loader, NULL);
        r = clew_txn_begin_read(v->store->env, &v->txn, err);
        /* Gathering what is hot is most of what a snapshot costs where much is: not again when
         * nobody has written. */
        if (r < 0 || commit != mdb_txn_id(v->txn))
                forget_hot(v);
        if (r < 0)
                return r;
        v->begun_ns = clew_clock_monotonic_ns(v->store->clock);
        v->prepared_ns = 0;
        clew_loader_set_txn(&v->loader, v->txn);
        r = clew_state_read(v->store->env, v->txn, &state, err);
        return r == -ENOENT ? -EBADMSG : r;
}

uint64_t clew_view_epoch(const struct clew_view *v)
{
        return v->loader.epoch;
}

/* On a busy machine to begin a walk takes longer than that: so long it may go on, too, or it would
 * begin again for each trace. */
bool clew_view_is_old(const struct clew_view *v)
{
        uint64_t held_ns = clew_clock_monotonic_ns(v->store->clock) - v->begun_ns;

        return held_ns > CLEW_VIEW_HELD_NS && held_ns > 2 * v->prepared_ns;
}

bool clew_view_is_broken(const struct clew_view *v)
{
        struct clew_error ignored;
        struct clew_state state;

        return clew_state_read(v->store->env, v->txn, &state, &ignored) < 0;
}

int clew_view_hot(struct clew_view *v, const struct clew_trace_id *id, struct clew_hot_list **ret,
                  struct clew_error *err)
{
        const struct clew_trace_id *only = v->hot_asked ? NULL : id;
        int r = 0;

        if (!v->hot_is_whole && !v->store->sealed_only) {
                clew_hot_list_deinit(&v->hot);
                r = clew_hot_scan(v->store->env, v->txn, only, &v->hot, err);
                v->hot_is_whole = r == 0 && !only;
                v->hot_asked = true;
        }
        *ret = &v->hot;
        return r;
}

/* What is hot has been walked, and so compared, by whoever missed the trace there. */
static int prove_absent(struct clew_view *v, const struct clew_trace_id *id, unsigned n_digits,
                        struct clew_error *err)
{
        return clew_places_prove(v->store->env, v->txn, id, n_digits, &v->proved, err);
}

int clew_view_load(struct clew_view *v, const struct clew_trace_id *id, struct clew_trace_data *ret,
                   struct clew_error *err)
{
        return clew_view_load_some(v, id, CLEW_SEAL_ITEMS_MAX, CLEW_SEAL_RAW_MAX, ret, err);
}

static int load_some_trusting(struct clew_view *v, const struct clew_trace_id *id,
                              uint64_t max_items, uint64_t max_bytes, struct clew_trace_data *ret,
                              struct clew_error *err)
{
        struct clew_loaded loaded;
        struct clew_hot_list *hot;
        int r = clew_view_hot(v, id, &hot, err);

        v->loader.max_items = max_items;
        v->loader.max_bytes = max_bytes;
        if (r == 0)
                r = clew_loader_load(&v->loader, id, hot, &loaded, err);
        if (r == -ENOENT || (r == 0 && !loaded.sealed)) {
                int e = prove_absent(v, id, 2 * CLEW_TRACE_ID_BYTES, err);

                r = e < 0 ? e : r;
        }
        if (r < 0)
                return r;
        ret->traces = loaded.traces;
        ret->logs = loaded.logs;
        ret->last_arrival_ns = loaded.last_arrival_ns;
        ret->left_out = loaded.left_out;
        return 0;
}

int clew_view_load_some(struct clew_view *v, const struct clew_trace_id *id, uint64_t max_items,
                        uint64_t max_bytes, struct clew_trace_data *ret, struct clew_error *err)
{
        int r = load_some_trusting(v, id, max_items, max_bytes, ret, err);

        return clew_txn_check(v->store->env, v->txn, r, err);
}

int clew_view_summary(struct clew_view *v, const struct clew_place *place, struct clew_slice *ret,
                      uint32_t *ret_version, struct clew_error *err)
{
        const struct clew_segment_live *live;
        int r = clew_summary_slots_get(&v->summaries, v->store->env, v->txn, place, ret,
                                       ret_version, &live, err);

        return r < 0 ? r : clew_place_check_live(v->store->env, place, live, err);
}

bool clew_told_epoch(struct clew_env *env, MDB_txn *txn, uint64_t *ret)
{
        struct clew_error ignored = {0};
        struct clew_erasure e;

        if (clew_erasure_read(env, txn, &e, &ignored) < 0 || e.wanted != e.done)
                return false;
        *ret = e.wanted;
        return true;
}

void clew_view_tell_hot(struct clew_view *v, const struct clew_hot_trace *t,
                        const struct clew_place *place, struct clew_list_entry *e)
{
        struct clew_hot_mark mark = clew_hot_mark_of(&v->hot, t, place);
        uint64_t epoch;

        if (!v->told_is_begun && clew_told_epoch(v->store->env, v->txn, &epoch))
                clew_hot_summaries_begin(&v->told, clew_env_dir(v->store->env), epoch);
        v->told_is_begun = true;
        if (!clew_hot_summaries_get(&v->told, &mark, &e->summary, &e->summary_version))
                e->summary = CLEW_SLICE_NULL;
}

static int entry_trusting(struct clew_view *v, const struct clew_trace_id *id,
                          struct clew_list_entry *ret, struct clew_error *err)
{
        struct clew_env *env = v->store->env;
        struct clew_list_entry e = {.id = *id};
        struct clew_place place = {0};
        struct clew_hot_list *list;
        const struct clew_hot_trace *hot;
        uint64_t hot_start = 0;
        int sealed = clew_place_read(env, v->txn, id, &place, err);
        int r;

        if (sealed < 0 && sealed != -ENOENT)
                return sealed;
        r = clew_view_hot(v, id, &list, err);
        if (r < 0)
                return r;
        hot = clew_hot_find(list, id);
        if (hot) {
                e.hot = true;
                e.last_arrival_ns = hot->last_arrival_ns;
                e.hot_logs = hot->n_logs;
                hot_start = hot->min_start_ns;
        }
        if (sealed == -ENOENT) {
                r = prove_absent(v, id, 2 * CLEW_TRACE_ID_BYTES, err);
                if (r < 0 || !e.hot)
                        return r < 0 ? r : -ENOENT;
        }
        e.start_ns = sealed == 0 ? place.start_ns : hot_start;
        if (e.hot && hot_start < e.start_ns)
                e.start_ns = hot_start;
        if (e.hot) {
                clew_view_tell_hot(v, hot, &place, &e);
        } else {
                r = clew_view_summary(v, &place, &e.summary, &e.summary_version, err);
                if (r < 0)
                        return r;
        }
        *ret = e;
        return 0;
}

int clew_view_entry(struct clew_view *v, const struct clew_trace_id *id,
                    struct clew_list_entry *ret, struct clew_error *err)
{
        int r = entry_trusting(v, id, ret, err);

        return clew_txn_check(v->store->env, v->txn, r, err);
}

static bool has_prefix(const struct clew_trace_id *id, const struct clew_trace_id *prefix,
                       unsigned n_digits)
{
        if (memcmp(id->bytes, prefix->bytes, n_digits / 2) != 0)
                return false;
        return n_digits % 2 == 0 ||
               (id->bytes[n_digits / 2] & 0xf0) == (prefix->bytes[n_digits / 2] & 0xf0);
}

/* The first @n_digits digits of @prefix, then zeros. */
static void cut_id(const struct clew_trace_id *prefix, unsigned n_digits, struct clew_trace_id *ret)
{
        memcpy(ret->bytes, prefix->bytes, n_digits / 2);
        if (n_digits % 2)
                ret->bytes[n_digits / 2] = prefix->bytes[n_digits / 2] & 0xf0;
}

/* Puts @id into the sorted @ret unless it is there or comes behind @max others. */
static void collect(const struct clew_trace_id *id, struct clew_trace_id *ret, int max, int *n)
{
        int at = 0;

        while (at < *n && memcmp(ret[at].bytes, id->bytes, sizeof(id->bytes)) < 0)
                at++;
        if (at == max || (at < *n && clew_trace_id_eq(&ret[at], id)))
                return;
        if (*n < max)
                ++*n;
        memmove(&ret[at + 1], &ret[at], (size_t)(*n - 1 - at) * sizeof(*ret));
        ret[at] = *id;
}

int clew_view_find_sealed(struct clew_view *v, const struct clew_trace_id *prefix,
                          unsigned n_digits, struct clew_trace_id *ret, int max, int *n,
                          struct clew_error *err)
{
        struct clew_trace_id begin = {{0}};
        const struct clew_trace_id *from = &begin;
        struct clew_slice key = clew_slice_make(begin.bytes, sizeof(begin.bytes));
        CLEW_SCAN scan = {0};
        int r = clew_scan_open(v->store->env, v->txn, CLEW_TABLE_TRACE, &scan, err);

        cut_id(prefix, n_digits, &begin);
        if (r == 0)
                r = clew_scan_seek(&scan, key, err);
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                struct clew_trace_id id;

                if (!clew_trace_id_from_bytes(scan.key, &id))
                        continue;
                if (!has_prefix(&id, from, n_digits))
                        break;
                collect(&id, ret, max, n);
        }
        return r < 0 ? r : 0;
}

static int find_hot(struct clew_view *v, const struct clew_trace_id *from, unsigned n_digits,
                    struct clew_trace_id *ret, int max, int *n, struct clew_error *err)
{
        struct clew_hot_list *hot;
        int r = clew_view_hot(v, NULL, &hot, err);

        for (uint32_t i = 0; r == 0 && i < hot->n; i++) {
                if (has_prefix(&hot->traces[i].id, from, n_digits))
                        collect(&hot->traces[i].id, ret, max, n);
        }
        return r;
}

static int find_trusting(struct clew_view *v, const struct clew_trace_id *prefix, unsigned n_digits,
                         struct clew_trace_id *ret, int max, struct clew_error *err)
{
        struct clew_trace_id from = {{0}};
        int n = 0;
        int r;

        if (n_digits > 2 * CLEW_TRACE_ID_BYTES)
                return clew_error_set(err, -EINVAL, 0, "a trace id has 32 digits, not %u",
                                      n_digits);
        cut_id(prefix, n_digits, &from);
        r = clew_view_find_sealed(v, &from, n_digits, ret, max, &n, err);
        if (r == 0)
                r = find_hot(v, &from, n_digits, ret, max, &n, err);
        if (r == 0 && (n == 0 || n_digits >= 2)) /* of the others, too, none is hidden */
                r = prove_absent(v, &from, n_digits, err);
        return r < 0 ? r : n;
}

int clew_view_find(struct clew_view *v, const struct clew_trace_id *prefix, unsigned n_digits,
                   struct clew_trace_id *ret, int max, struct clew_error *err)
{
        int r = find_trusting(v, prefix, n_digits, ret, max, err);

        return clew_txn_check(v->store->env, v->txn, r, err);
}

int clew_view_store_id(struct clew_view *v, uint8_t ret[CLEW_STORE_ID_BYTES],
                       struct clew_error *err)
{
        uint8_t sum[CLEW_SHA256_BYTES];
        uint64_t created_ns = 0;
        char text[48];
        int r = clew_format_created(v->store->env, v->txn, &created_ns, err);

        if (r < 0)
                return r;
        snprintf(text, sizeof(text), "clew store %llu", (unsigned long long)created_ns);
        clew_sha256_of(clew_slice_of_cstr(text), sum);
        memcpy(ret, sum, CLEW_STORE_ID_BYTES);
        return 0;
}
