/*
 * Deleting traces; storage/erase.h.
 *
 * The order of work: remember (one transaction); then, of what is remembered and not finished:
 * traces that are sealed, segment by segment, with their hot fragments and all else in the same
 * transaction; those that are hot only; segments that hold older versions of them; batches in which
 * rows of them are gone but still there. What was finished is written down last. Each step finds
 * out anew what there is, so that it can begin again after a kill.
 */
#include "storage/erase/delete-int.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Traces that are remembered, or dropped, in one transaction. */
#define REMEMBER_STEP 65536u
#define DROP_STEP 256u
/* Rounds until nothing of a trace is hot or sealed: fragments beyond what a list links, and sealing
 * that goes on beside. */
#define ROUNDS_MAX 1000u

static int compare_ids(const void *a, const void *b)
{
        const struct clew_deletion_target *x = a;
        const struct clew_deletion_target *y = b;

        return memcmp(x->id.bytes, y->id.bytes, sizeof(x->id.bytes));
}

static int compare_segments(const void *a, const void *b)
{
        const struct clew_deletion_target *x = a;
        const struct clew_deletion_target *y = b;

        if (x->segment != y->segment)
                return x->segment < y->segment ? -1 : 1;
        return compare_ids(a, b);
}

struct clew_deletion_target *clew_deletion_find(const struct clew_deletion *d,
                                                const struct clew_trace_id *id)
{
        struct clew_deletion_target key = {.id = *id};

        return d->n ? bsearch(&key, d->targets, d->n, sizeof(key), compare_ids) : NULL;
}

static struct clew_deletion *deletion_of(struct clew_repack *p)
{
        return p->context;
}

/* ---- remembering ----------------------------------------------------------------------------- */

static int remember(struct clew_repack *p, MDB_txn *txn, struct clew_shelf *shelf,
                    struct clew_state *state, struct clew_error *err)
{
        struct clew_deletion *d = deletion_of(p);
        struct clew_erasure e;
        int r = clew_erasure_read(p->store->env, txn, &e, err);

        (void)state;
        for (size_t i = d->from; r == 0 && i < d->to; i++)
                r = clew_deleted_put(shelf, &e, &d->targets[i].id, d->now_ns, d->pending, err);
        e.wanted++;
        return r < 0 ? r : clew_erasure_write(p->store->env, txn, &e, err);
}

static int remember_all(struct clew_deletion *d, bool pending, struct clew_error *err)
{
        int r = 0;

        d->pending = pending;
        for (d->from = 0; r == 0 && d->from < d->n; d->from = d->to) {
                d->to = d->n - d->from < REMEMBER_STEP ? d->n : d->from + REMEMBER_STEP;
                r = clew_repack_write(&d->repack, remember, err);
        }
        return r;
}

/* ---- what there is --------------------------------------------------------------------------- */

/* Of what may stay, those that still get spans: they are no targets. */
static void spare_hot(struct clew_deletion *d)
{
        size_t n = 0;

        for (size_t i = 0; i < d->n; i++) {
                const struct clew_hot_trace *t = clew_hot_find(&d->hot, &d->targets[i].id);

                if (!t || (!d->targets[i].strips && clew_hot_over_limit(t)))
                        d->targets[n++] = d->targets[i];
        }
        d->n = n;
}

int clew_deletion_look(struct clew_deletion *d, bool *ret_more, struct clew_error *err)
{
        struct clew_env *env = d->repack.store->env;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(env, &txn, err);

        if (r < 0)
                return r;
        d->n_sealed = 0;
        *ret_more = false;
        clew_hot_list_deinit(&d->hot);
        r = clew_hot_scan(env, txn, NULL, &d->hot, err);
        if (r == 0 && d->spares)
                spare_hot(d);
        for (size_t i = 0; r == 0 && i < d->n; i++) {
                struct clew_deletion_target *t = &d->targets[i];
                struct clew_place place = {0};

                r = clew_place_read(env, txn, &t->id, &place, err);
                if (r == -ENOENT)
                        r = 0;
                t->place = place;
                t->segment = place.segment;
                if (place.segment)
                        d->sealed[d->n_sealed++] = *t;
                *ret_more |= place.segment || clew_hot_find(&d->hot, &t->id);
        }
        r = r < 0 ? r : clew_txn_check(env, txn, r, err);
        clew_txn_end_read(env, txn);
        if (d->n_sealed)
                qsort(d->sealed, d->n_sealed, sizeof(*d->sealed), compare_segments);
        return r;
}

/* ---- dropping -------------------------------------------------------------------------------- */

static int judge(void *context, const struct clew_rewrite_message *m, bool is_live,
                 struct clew_buffer *out, size_t *ret_traces_len, struct clew_error *err)
{
        (void)is_live;
        (void)out;
        (void)ret_traces_len;
        (void)err;
        return clew_deletion_find(context, &m->id) ? CLEW_REWRITE_DROP : CLEW_REWRITE_KEEP;
}

static int drop_sealed(struct clew_deletion *d, struct clew_error *err)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < d->n_sealed; i++) {
                if (i > 0 && d->sealed[i].segment == d->sealed[i - 1].segment)
                        continue;
                r = clew_repack_segment(&d->repack, d->sealed[i].segment, err);
                if (r == -EAGAIN) /* the next round finds what is */
                        r = 0;
        }
        return r < 0 ? r : 0;
}

static int drop_unsealed(struct clew_repack *p, MDB_txn *txn, struct clew_shelf *shelf,
                         struct clew_state *state, struct clew_error *err)
{
        struct clew_deletion *d = deletion_of(p);
        int r = 0;

        for (size_t i = d->from; r == 0 && i < d->to; i++) {
                const struct clew_hot_trace *t = clew_hot_find(&d->hot, &d->targets[i].id);

                if (d->targets[i].segment || d->targets[i].strips)
                        continue;
                r = clew_repack_forget(p, txn, shelf, state, &d->targets[i].id, err);
                p->stats->traces += t != NULL;
                p->stats->raw_bytes += t ? t->raw_bytes : 0;
        }
        return r;
}

int clew_deletion_drop_hot(struct clew_deletion *d, struct clew_error *err)
{
        int r = 0;

        for (d->from = 0; r == 0 && d->from < d->n; d->from = d->to) {
                struct clew_rewrite_stats before = *d->repack.stats;

                d->to = d->n - d->from < DROP_STEP ? d->n : d->from + DROP_STEP;
                r = clew_repack_write(&d->repack, drop_unsealed, err);
                if (r < 0)
                        *d->repack.stats = before;
        }
        return r == -EAGAIN ? 0 : r;
}

/* ---- what is left of them -------------------------------------------------------------------- */

bool clew_deletion_has_dead(void *context, const struct clew_segment_entry *e)
{
        (void)context;
        return e->n_live < e->n_traces;
}

/* Batches with a row of a deleted trace that is gone: @ret is a list of their sequences. */
static int find_batches(struct clew_deletion *d, struct clew_buffer *ret, struct clew_error *err)
{
        struct clew_env *env = d->repack.store->env;
        CLEW_SCAN scan = {0};
        struct clew_hot_batch *batch = clew_calloc(1, sizeof(*batch));
        MDB_txn *txn = NULL;
        int r = batch ? clew_txn_begin_read(env, &txn, err)
                      : clew_error_set(err, -ENOMEM, 0, "out of memory");

        if (r == 0)
                r = clew_scan_open(env, txn, CLEW_TABLE_HOT, &scan, err);
        scan.unchecked = true;
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                uint64_t first;
                bool is_gone;
                bool found = false;

                if (!clew_key_read_batch(scan.key, &first, &is_gone) || is_gone ||
                    !clew_hot_batch_open(first, scan.value, batch))
                        continue;
                for (uint32_t i = 0; !found && i < batch->n; i++) {
                        struct clew_trace_id id;

                        memcpy(id.bytes, clew_hot_batch_id(batch, i), sizeof(id.bytes));
                        found = clew_deletion_find(d, &id) != NULL;
                }
                if (found)
                        clew_buffer_append(ret, &first, sizeof(first));
        }
        clew_scan_close(&scan);
        if (txn)
                clew_txn_end_read(env, txn);
        clew_free(batch);
        if (r >= 0 && clew_buffer_error(ret) < 0)
                return clew_error_set(err, clew_buffer_error(ret), 0, "out of memory");
        return r < 0 ? r : 0;
}

static int thin_batch(struct clew_repack *p, MDB_txn *txn, struct clew_shelf *shelf,
                      struct clew_state *state, struct clew_error *err)
{
        (void)shelf;
        (void)state;
        return clew_hot_rework(p->store->env, txn, deletion_of(p)->from, NULL, NULL, err);
}

int clew_deletion_thin(struct clew_deletion *d, struct clew_error *err)
{
        CLEW_BUFFER list = {0};
        int r;

        clew_buffer_init(&list, CLEW_PACK_MESSAGE_MAX);
        r = find_batches(d, &list, err);
        for (size_t at = 0; r >= 0 && at < list.len; at += sizeof(uint64_t)) {
                uint64_t first;

                memcpy(&first, list.data + at, sizeof(first));
                d->from = (size_t)first;
                r = clew_repack_write(&d->repack, thin_batch, err);
                if (r == -EAGAIN) /* it went with the last of its rows */
                        r = 0;
        }
        return r < 0 ? r : 0;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int drop_all(struct clew_deletion *d, struct clew_error *err)
{
        bool more = true;
        int r = clew_deletion_look(d, &more, err);

        for (unsigned round = 0; r == 0 && round < ROUNDS_MAX; round++) {
                d->repack.hot = &d->hot;
                r = drop_sealed(d, err);
                if (r == 0)
                        r = clew_deletion_drop_hot(d, err);
                if (r == 0)
                        r = clew_deletion_look(d, &more, err);
                if (r < 0 || !more)
                        return r;
        }
        return r < 0 ? r
                     : clew_error_set(err, -EAGAIN, 0,
                                      "store %s: traces that are deleted go on changing",
                                      clew_env_dir(d->repack.store->env));
}

static int carry_out(struct clew_deletion *d, struct clew_error *err)
{
        int r = drop_all(d, err);

        d->repack.hot = NULL;
        if (r == 0)
                r = clew_repack_each(&d->repack, clew_deletion_has_dead, err);
        if (r == 0)
                r = clew_deletion_thin(d, err);
        if (r == 0 && !d->repack.stats->more)
                r = remember_all(d, false, err);
        return r;
}

int clew_deletion_begin(struct clew_deletion *d, struct clew_store *store,
                        const struct clew_rewrite_options *options, size_t n,
                        struct clew_rewrite_stats *stats, struct clew_error *err)
{
        int r = clew_repack_init(&d->repack, store, options, stats, err);

        d->repack.judge = judge;
        d->repack.context = d;
        d->now_ns = clew_clock_unix_ns(store->clock);
        d->targets = clew_calloc(n + 1, sizeof(*d->targets));
        d->sealed = clew_calloc(n + 1, sizeof(*d->sealed));
        if (r == 0 && (!d->targets || !d->sealed))
                r = clew_error_set(err, -ENOMEM, 0, "out of memory");
        return r;
}

void clew_deletion_end(struct clew_deletion *d)
{
        clew_repack_deinit(&d->repack);
        clew_hot_list_deinit(&d->hot);
        clew_free(d->targets);
        clew_free(d->sealed);
}

/* Ascending, each once. */
void clew_deletion_sort(struct clew_deletion *d, size_t n)
{
        if (n)
                qsort(d->targets, n, sizeof(*d->targets), compare_ids);
        for (size_t i = 0; i < n; i++) {
                if (i == 0 || compare_ids(&d->targets[d->n - 1], &d->targets[i]) != 0)
                        d->targets[d->n++] = d->targets[i];
        }
}

int clew_deletion_refuse(struct clew_store *store, size_t n, struct clew_error *err)
{
        if (store->mode == CLEW_STORE_READ)
                return clew_error_set(err, -EACCES, 0, "store %s: is open for reading only",
                                      clew_env_dir(store->env));
        if (n > CLEW_ERASE_MAX)
                return clew_error_set(err, -E2BIG, 0, "at most %u traces at a time, not %zu",
                                      CLEW_ERASE_MAX, n);
        return 0;
}

int clew_store_delete(struct clew_store *store, const struct clew_trace_id *ids, size_t n,
                      const struct clew_rewrite_options *options, struct clew_rewrite_stats *ret,
                      struct clew_error *err)
{
        struct clew_deletion d = {.n = 0};
        int r = clew_deletion_refuse(store, n, err);

        *ret = (struct clew_rewrite_stats){0};
        if (r < 0)
                return r;
        pthread_mutex_lock(&store->sealing_lock);
        r = clew_deletion_begin(&d, store, options, n, ret, err);
        for (size_t i = 0; r == 0 && i < n; i++)
                d.targets[i].id = ids[i];
        if (r == 0)
                clew_deletion_sort(&d, n);
        if (r == 0 && n > 0)
                r = remember_all(&d, true, err);
        if (r == 0 && n > 0)
                r = carry_out(&d, err);
        clew_deletion_end(&d);
        pthread_mutex_unlock(&store->sealing_lock);
        return r;
}

/* ---- going on after a kill ------------------------------------------------------------------- */

/* The traces that are remembered as not finished; @ret may be NULL: only how many. */
static int read_pending(struct clew_store *store, struct clew_deletion_target *ret, size_t max,
                        size_t *ret_n, struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        struct clew_erasure e;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(store->env, &txn, err);

        *ret_n = 0;
        if (r < 0)
                return r;
        r = clew_erasure_read(store->env, txn, &e, err);
        if (r == 0 && !ret)
                *ret_n = e.pending < CLEW_ERASE_MAX ? (size_t)e.pending : CLEW_ERASE_MAX;
        if (r == 0 && ret && e.pending > 0) {
                struct clew_shelf shelf = {.store = store, .txn = txn};
                uint8_t tag = CLEW_SHELF_DELETED;

                r = clew_scan_open(store->env, txn, CLEW_TABLE_SHELF, &scan, err);
                if (r == 0)
                        r = clew_scan_seek(&scan, clew_slice_make(&tag, 1), err);
                while (r >= 0 && *ret_n < max && (r = clew_scan_next(&scan, err)) == 1) {
                        uint64_t time_ns;
                        bool pending = false;

                        if (scan.key.len != CLEW_DELETED_KEY_BYTES || scan.key.data[0] != tag)
                                break;
                        memcpy(ret[*ret_n].id.bytes, scan.key.data + 1, CLEW_TRACE_ID_BYTES);
                        r = clew_deleted_get(&shelf, &ret[*ret_n].id, &time_ns, &pending, err);
                        *ret_n += pending;
                }
        }
        clew_scan_close(&scan);
        clew_txn_end_read(store->env, txn);
        return r < 0 ? r : 0;
}

int clew_store_resume_erasure(struct clew_store *store, const struct clew_rewrite_options *options,
                              struct clew_rewrite_stats *ret, struct clew_error *err)
{
        struct clew_deletion d = {.n = 0};
        size_t n = 0;
        int r = clew_deletion_refuse(store, 0, err);

        *ret = (struct clew_rewrite_stats){0};
        if (r == 0)
                r = read_pending(store, NULL, 0, &n, err);
        if (r < 0 || n == 0)
                return r;
        pthread_mutex_lock(&store->sealing_lock);
        r = clew_deletion_begin(&d, store, options, n, ret, err);
        if (r == 0)
                r = read_pending(store, d.targets, n, &d.n, err);
        if (r == 0 && d.n > 0)
                r = carry_out(&d, err);
        clew_deletion_end(&d);
        pthread_mutex_unlock(&store->sealing_lock);
        return r;
}
