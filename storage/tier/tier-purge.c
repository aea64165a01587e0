/*
 * What some writer has deleted goes out of a reader's store, whoever's parts it is of: out of
 * segments, then of second parts; then digests take the places of the ids (tier-gone-int.h). Killed
 * anywhere, the same call finds out anew what there is.
 */
#include "storage/tier/tier-purge-int.h"

#include "proto/base/sort.h"
#include "storage/base/sums-int.h"
#include "storage/tier/tier-adopt-int.h"
#include "storage/tier/tier-gone-int.h"

#include <errno.h>
#include <string.h>

#define LIST_BYTES_MAX ((size_t)1 << 30)
/* In one transaction. */
#define STEP 16384u

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
                const struct clew_trace_id mask = clew_tier_mask_gone(&all[i].id);
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
        return r < 0 ? r : clew_tier_want_purge(root, false, err);
}
