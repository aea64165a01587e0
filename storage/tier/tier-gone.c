/*
 * A reader's part of what was deleted at another writer (tier-gone-int.h).
 *
 * A run that came to two writers lives in segments of both. Who deletes it takes it out of its own;
 * the other carries that out some seconds later, or when it is started again. Until then a reader
 * keeps it out of its store by itself: it remembers what was deleted, brings nothing of that in,
 * and takes out what came before. Readers write no objects: in the bucket it goes when its writer
 * has carried it out.
 *
 * What was deleted is nowhere, nor its id: a reader remembers a digest of that. The id itself stands
 * on its shelf, as not finished, until what it had has been taken out.
 */
#include "storage/tier/tier-gone-int.h"

#include "proto/base/sha256.h"
#include "proto/base/sort.h"
#include "storage/base/sums-int.h"
#include "storage/tier/tier-adopt-int.h"

#include <errno.h>
#include <string.h>

/* In the map. */
#define WANTED "purge"
#define LIST_BYTES_MAX ((size_t)1 << 30)
/* In one transaction. */
#define STEP 16384u

/* By this a reader knows the id again, and nobody reads it out of here. */
static struct clew_trace_id masked(const struct clew_trace_id *id)
{
        static const char words[] = "clew: a trace that was deleted";
        uint8_t digest[CLEW_SHA256_BYTES];
        struct clew_trace_id ret;
        struct clew_sha256 h;

        clew_sha256_init(&h);
        clew_sha256_add(&h, clew_slice_make(words, sizeof(words)));
        clew_sha256_add(&h, clew_slice_make(id->bytes, sizeof(id->bytes)));
        clew_sha256_end(&h, digest);
        memcpy(ret.bytes, digest, sizeof(ret.bytes));
        return ret;
}

static int has_record(struct clew_env *env, MDB_txn *txn, const struct clew_trace_id *id,
                      struct clew_error *err)
{
        uint8_t key[CLEW_DELETED_KEY_BYTES];
        struct clew_slice value;
        int r;

        clew_deleted_key(id, key);
        r = clew_table_peek(env, txn, CLEW_TABLE_SHELF, clew_slice_make(key, sizeof(key)), &value,
                            err);
        return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

int clew_tier_is_gone(struct clew_env *env, MDB_txn *txn, const struct clew_trace_id *id,
                      struct clew_error *err)
{
        const struct clew_trace_id mask = masked(id);
        int r = has_record(env, txn, id, err);

        return r != 0 ? r : has_record(env, txn, &mask, err);
}

int clew_tier_count_gone(struct clew_tier *t, uint64_t *ret, struct clew_error *err)
{
        struct clew_erasure e = {.wanted = 0};
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(t->store->env, &txn, err);

        if (r < 0)
                return r;
        r = clew_erasure_read(t->store->env, txn, &e, err);
        clew_txn_end_read(t->store->env, txn);
        *ret = e.deleted;
        return r;
}

static int put_one(struct clew_shelf *shelf, struct clew_erasure *e, const struct clew_deleted *d,
                   struct clew_error *err)
{
        const struct clew_trace_id mask = masked(&d->id);
        const struct clew_trace_id *as = &mask;
        uint64_t time_ns;
        bool pending;
        int r = clew_deleted_get(shelf, as, &time_ns, &pending, err);

        if (r == -ENOENT) {
                as = &d->id;
                r = clew_deleted_get(shelf, as, &time_ns, &pending, err);
        }
        if (r == -ENOENT)
                return clew_deleted_put(shelf, e, as, d->time_ns, true, err);
        if (r < 0 || time_ns >= d->time_ns)
                return r;
        return clew_deleted_put(shelf, e, as, d->time_ns, pending, err);
}

int clew_tier_put_gone(struct clew_shelf *shelf, const struct clew_buffer *gone,
                       struct clew_error *err)
{
        struct clew_env *env = shelf->store->env;
        size_t n = gone->len / sizeof(struct clew_deleted);
        struct clew_erasure e;
        int r = n > 0 ? clew_erasure_read(env, shelf->txn, &e, err) : 0;

        if (r < 0 || n == 0)
                return r;
        for (size_t i = 0; r == 0 && i < n; i++) {
                struct clew_deleted d;

                memcpy(&d, gone->data + i * sizeof(d), sizeof(d));
                r = put_one(shelf, &e, &d, err);
        }
        return r < 0 ? r : clew_erasure_write(env, shelf->txn, &e, err);
}

int clew_tier_want_purge(struct clew_tier *t, struct clew_error *err)
{
        return clew_tier_map_put_number(t->map, WANTED, 1, err);
}

bool clew_tier_wants_purge(struct clew_tier *t)
{
        struct clew_error ignored;
        uint64_t wanted = 0;

        return clew_tier_map_get_number(t->map, WANTED, &wanted, &ignored) == 0 && wanted > 0;
}

/* ---- taking out ------------------------------------------------------------------------------ */

/* Those that are not finished, and the segments that they live in. */
static int find_pending(struct clew_tier *t, struct clew_buffer *ret_ids,
                        struct clew_buffer *ret_segments, struct clew_error *err)
{
        struct clew_env *env = t->store->env;
        uint8_t tag = CLEW_SHELF_DELETED;
        CLEW_SCAN scan = {0};
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(env, &txn, err);

        if (r < 0)
                return r;
        r = clew_scan_open(env, txn, CLEW_TABLE_SHELF, &scan, err);
        if (r == 0)
                r = clew_scan_seek(&scan, clew_slice_make(&tag, 1), err);
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                struct clew_deleted d;
                struct clew_place place;
                bool pending = false;

                if (scan.key.len == 0 || scan.key.data[0] != tag)
                        break;
                if (!clew_deleted_read(scan.key, scan.value, &d, &pending) || !pending)
                        continue;
                clew_buffer_append(ret_ids, &d, sizeof(d));
                r = clew_place_read(env, txn, &d.id, &place, err);
                if (r == 0)
                        clew_buffer_append(ret_segments, &place.segment, sizeof(place.segment));
                else if (r == -ENOENT)
                        r = 0;
        }
        clew_scan_close(&scan);
        clew_txn_end_read(env, txn);
        if (r >= 0 && (clew_buffer_error(ret_ids) < 0 || clew_buffer_error(ret_segments) < 0))
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        return r < 0 ? r : 0;
}

struct finishing {
        struct clew_tier *tier;
        struct clew_buffer ids; /* struct clew_deleted */
        size_t from;
};

/* Digests take the places of ids. */
static int finish(void *context, MDB_txn *txn, struct clew_state *state, struct clew_error *err)
{
        const struct finishing *f = context;
        const struct clew_deleted *all = (const void *)f->ids.data;
        size_t n = f->ids.len / sizeof(*all);
        struct clew_env *env = f->tier->store->env;
        struct clew_shelf shelf;
        struct clew_erasure e;
        int r = clew_shelf_begin(&shelf, f->tier->store, txn, err);

        (void)state;
        if (r == 0)
                r = clew_erasure_read(env, txn, &e, err);
        for (size_t i = f->from; r == 0 && i < n && i < f->from + STEP; i++) {
                const struct clew_trace_id mask = masked(&all[i].id);
                uint8_t key[CLEW_DELETED_KEY_BYTES];

                clew_deleted_key(&all[i].id, key);
                r = clew_shelf_remove(&shelf, clew_slice_make(key, sizeof(key)), err);
                if (r == 0) {
                        e.deleted--;
                        e.pending--;
                        r = clew_deleted_put(&shelf, &e, &mask, all[i].time_ns, false, err);
                }
        }
        if (r == 0)
                r = clew_erasure_write(env, txn, &e, err);
        return r == 0 ? clew_shelf_end(&shelf, err) : r;
}

static int take_seconds(struct clew_tier *t, struct clew_error *err)
{
        CLEW_BUFFER list = {0};
        int r;

        clew_buffer_init(&list, LIST_BYTES_MAX);
        r = clew_tier_map_second_segments(t->map, &list, err);
        for (size_t at = 0; r == 0 && at < list.len; at += sizeof(uint64_t)) {
                uint64_t segment;

                memcpy(&segment, list.data + at, sizeof(segment));
                r = clew_tier_seconds_purge(t, segment, err);
        }
        return r;
}

int clew_tier_purge(struct clew_tier *root, struct clew_tier_stats *stats, struct clew_error *err)
{
        struct finishing f = {.tier = root};
        CLEW_BUFFER segments = {0};
        uint64_t *numbers;
        size_t n;
        int r;

        clew_buffer_init(&f.ids, LIST_BYTES_MAX);
        clew_buffer_init(&segments, LIST_BYTES_MAX);
        r = find_pending(root, &f.ids, &segments, err);
        numbers = (uint64_t *)(void *)segments.data;
        n = segments.len / sizeof(uint64_t);
        clew_sort_numbers(numbers, n);
        if (r == 0 && n > 0)
                r = clew_adoption_purge(root, numbers, n, stats, err);
        if (r == 0)
                r = take_seconds(root, err);
        for (; r == 0 && f.from < f.ids.len / sizeof(struct clew_deleted); f.from += STEP)
                r = clew_tier_write(root, finish, &f, err);
        clew_buffer_deinit(&f.ids);
        if (r == 0)
                root->gone_epoch++;
        return r < 0 ? r : clew_tier_map_put_number(root->map, WANTED, 0, err);
}
