#include "storage/source/erasure-int.h"

#include "proto/base/cursor.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <string.h>

#define RECORD CLEW_SLICE_LITERAL("erase")
#define RECORD_BYTES_MAX 64u
/* The form of a value on the shelf (shelf.c): plain bytes. */
#define PLAIN 0u

int clew_erasure_read(struct clew_env *env, MDB_txn *txn, struct clew_erasure *ret,
                      struct clew_error *err)
{
        struct clew_slice value;
        struct clew_cursor c;
        struct clew_erasure e;
        int r = clew_table_get(env, txn, CLEW_TABLE_META, RECORD, &value, err);

        *ret = (struct clew_erasure){0};
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        c = clew_cursor_make(value);
        e.wanted = clew_cursor_varint(&c);
        e.done = clew_cursor_varint(&c);
        e.deleted = clew_cursor_varint(&c);
        e.pending = clew_cursor_varint(&c);
        e.expired_ns = clew_cursor_varint(&c);
        if (c.failed)
                return clew_error_set(err, -EBADMSG, 0,
                                      "store %s: its record of deletions is damaged",
                                      clew_env_dir(env));
        *ret = e;
        return 0;
}

int clew_erasure_write(struct clew_env *env, MDB_txn *txn, const struct clew_erasure *e,
                       struct clew_error *err)
{
        CLEW_BUFFER b = {0};
        struct clew_slice value;

        clew_buffer_init(&b, RECORD_BYTES_MAX);
        clew_buffer_append_varint(&b, e->wanted);
        clew_buffer_append_varint(&b, e->done);
        clew_buffer_append_varint(&b, e->deleted);
        clew_buffer_append_varint(&b, e->pending);
        clew_buffer_append_varint(&b, e->expired_ns);
        if (clew_buffer_error(&b) < 0)
                return clew_error_set(err, clew_buffer_error(&b), 0, "out of memory");
        value = clew_buffer_slice(&b);
        return clew_table_put(env, txn, CLEW_TABLE_META, RECORD, &value, 1, err);
}

void clew_deleted_key(const struct clew_trace_id *id, uint8_t ret[CLEW_DELETED_KEY_BYTES])
{
        ret[0] = CLEW_SHELF_DELETED;
        memcpy(ret + 1, id->bytes, sizeof(id->bytes));
}

bool clew_deleted_read(struct clew_slice key, struct clew_slice stored, struct clew_deleted *ret,
                       bool *ret_pending)
{
        struct clew_cursor c = clew_cursor_make(stored);

        if (key.len != CLEW_DELETED_KEY_BYTES || key.data[0] != CLEW_SHELF_DELETED)
                return false;
        memcpy(ret->id.bytes, key.data + 1, sizeof(ret->id.bytes));
        (void)clew_cursor_bytes(&c, 1);
        ret->time_ns = clew_cursor_le64(&c);
        *ret_pending = clew_cursor_varint(&c) != 0;
        return !c.failed;
}

int clew_deleted_get(struct clew_shelf *shelf, const struct clew_trace_id *id,
                     uint64_t *ret_time_ns, bool *ret_pending, struct clew_error *err)
{
        uint8_t key[CLEW_DELETED_KEY_BYTES];
        struct clew_slice stored;
        struct clew_deleted d;
        int r;

        clew_deleted_key(id, key);
        r = clew_table_get(shelf->store->env, shelf->txn, CLEW_TABLE_SHELF,
                           clew_slice_make(key, sizeof(key)), &stored, err);
        if (r < 0)
                return r;
        if (!clew_deleted_read(clew_slice_make(key, sizeof(key)), stored, &d, ret_pending))
                return clew_error_set(err, -EBADMSG, 0,
                                      "store %s: a record of a deleted trace is damaged",
                                      clew_env_dir(shelf->store->env));
        *ret_time_ns = d.time_ns;
        return 0;
}

int clew_deleted_put(struct clew_shelf *shelf, struct clew_erasure *e,
                     const struct clew_trace_id *id, uint64_t time_ns, bool pending,
                     struct clew_error *err)
{
        uint8_t key[CLEW_DELETED_KEY_BYTES];
        uint8_t value[1 + 8 + 1] = {PLAIN};
        uint64_t old_ns;
        bool was_pending = false;
        int r = clew_deleted_get(shelf, id, &old_ns, &was_pending, err);

        if (r < 0 && r != -ENOENT)
                return r;
        e->deleted += r == -ENOENT;
        e->pending += pending;
        e->pending -= r == 0 && was_pending;
        for (unsigned i = 0; i < 8; i++)
                value[1 + i] = (uint8_t)(time_ns >> 8 * i);
        value[9] = pending;
        clew_deleted_key(id, key);
        return clew_shelf_replace(shelf, clew_slice_make(key, sizeof(key)),
                                  clew_slice_make(value, sizeof(value)), err);
}

int clew_erasure_filter(struct clew_store *store, MDB_txn *txn,
                        const struct clew_fragment *fragments, size_t n,
                        const struct clew_fragment **ret, size_t *ret_n,
                        struct clew_fragment **ret_owned, struct clew_error *err)
{
        struct clew_shelf shelf = {.store = store, .txn = txn};
        struct clew_fragment *kept = NULL;
        struct clew_erasure e;
        size_t n_kept = 0;
        int r = clew_erasure_read(store->env, txn, &e, err);

        *ret = fragments;
        *ret_n = n;
        *ret_owned = NULL;
        for (size_t i = 0; r == 0 && e.deleted > 0 && i < n; i++) {
                uint64_t time_ns;
                bool pending;
                int found =
                        clew_deleted_get(&shelf, &fragments[i].trace_id, &time_ns, &pending, err);

                if (found < 0 && found != -ENOENT)
                        r = found;
                if (found == 0 && !kept) {
                        kept = clew_calloc(n, sizeof(*kept));
                        if (!kept)
                                r = clew_error_set(err, -ENOMEM, 0, "out of memory");
                        else if (i > 0)
                                memcpy(kept, fragments, i * sizeof(*kept));
                        n_kept = i;
                }
                if (found == -ENOENT && kept)
                        kept[n_kept++] = fragments[i];
        }
        if (r < 0) {
                clew_free(kept);
                return r;
        }
        if (kept) {
                *ret = *ret_owned = kept;
                *ret_n = n_kept;
        }
        return 0;
}
