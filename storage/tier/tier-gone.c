/*
 * A reader's part of what was deleted at another writer (tier-gone-int.h).
 *
 * A run that came to two writers lives in segments of both. Who deletes it takes it out of its own;
 * the other carries that out some seconds later, or when it is started again. Until then a reader
 * keeps it out of its store by itself: it remembers what was deleted, brings nothing of that in,
 * and takes out what came before (tier-purge.c). Readers write no objects: in the bucket it goes
 * when its writer has carried it out.
 *
 * What was deleted is nowhere, nor its id: a reader remembers a digest of that. The id itself
 * stands on its shelf, as not finished, until what it had has been taken out.
 */
#include "storage/tier/tier-gone-int.h"

#include "proto/base/sha256.h"

#include <errno.h>
#include <string.h>

/* In the map. */
#define WANTED "purge"

struct clew_trace_id clew_tier_mask_gone(const struct clew_trace_id *id)
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
        const struct clew_trace_id mask = clew_tier_mask_gone(id);
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
        const struct clew_trace_id mask = clew_tier_mask_gone(&d->id);
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

int clew_tier_want_purge(struct clew_tier *t, bool is_wanted, struct clew_error *err)
{
        return clew_tier_map_put_number(t->map, WANTED, is_wanted, err);
}

bool clew_tier_wants_purge(struct clew_tier *t)
{
        struct clew_error ignored;
        uint64_t wanted = 0;

        return clew_tier_map_get_number(t->map, WANTED, &wanted, &ignored) == 0 && wanted > 0;
}
