#include "storage/object/objects-int.h"

#include "proto/base/cursor.h"
#include "storage/base/record-int.h"

#include <errno.h>
#include <string.h>

/* Chunk 0 begins with the object's length, so a missing later chunk shows. */
#define LENGTH_BYTES 8u

int clew_object_put(struct clew_env *env, MDB_txn *txn, uint64_t object, struct clew_slice bytes,
                    struct clew_error *err)
{
        uint8_t length[LENGTH_BYTES];
        size_t at = 0;
        struct clew_slice old;
        struct clew_key key = clew_key_chunk(object, 0);
        int r = clew_table_get(env, txn, CLEW_TABLE_OBJECT, clew_key_slice(&key), &old, err);

        if (r != -ENOENT)
                return r < 0 ? r
                             : clew_error_set(err, -EEXIST, 0, "store %s: object %llu exists",
                                              clew_env_dir(env), (unsigned long long)object);
        for (unsigned i = 0; i < LENGTH_BYTES; i++)
                length[i] = (uint8_t)((uint64_t)bytes.len >> (8 * i));
        for (uint32_t chunk = 0; chunk == 0 || at < bytes.len; chunk++) {
                size_t n = bytes.len - at;
                struct clew_slice parts[2] = {{length, chunk == 0 ? LENGTH_BYTES : 0}};

                if (n > CLEW_OBJECT_CHUNK_BYTES)
                        n = CLEW_OBJECT_CHUNK_BYTES;
                parts[1] = clew_slice_make(bytes.data + at, n);
                key = clew_key_chunk(object, chunk);
                r = clew_table_put(env, txn, CLEW_TABLE_OBJECT, clew_key_slice(&key), parts, 2,
                                   err);
                if (r < 0)
                        return r;
                at += n;
        }
        return 0;
}

static int object_damaged(struct clew_env *env, uint64_t object, const char *what,
                          struct clew_error *err)
{
        return clew_error_set(err, -EBADMSG, 0, "store %s: segment %llu is damaged (%s)",
                              clew_env_dir(env), (unsigned long long)object, what);
}

int clew_object_is_here(struct clew_env *env, MDB_txn *txn, uint64_t object, struct clew_error *err)
{
        struct clew_key key = clew_key_chunk(object, 0);
        struct clew_slice value;
        int r = clew_table_peek(env, txn, CLEW_TABLE_OBJECT, clew_key_slice(&key), &value, err);

        return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

static int get_away(struct clew_env *env, uint64_t object, struct clew_buffer *scratch,
                    struct clew_slice *ret, struct clew_error *err)
{
        int r;

        clew_buffer_clear(scratch);
        r = clew_env_read_away(env, object, scratch, err);
        if (r == 0)
                *ret = clew_buffer_slice(scratch);
        return r;
}

int clew_object_get(struct clew_env *env, MDB_txn *txn, uint64_t object,
                    struct clew_buffer *scratch, struct clew_slice *ret, struct clew_error *err)
{
        struct clew_key key = clew_key_chunk(object, 0);
        struct clew_slice value;
        struct clew_cursor c;
        uint64_t length;
        int r = clew_table_get(env, txn, CLEW_TABLE_OBJECT, clew_key_slice(&key), &value, err);

        if (r == -ENOENT)
                return get_away(env, object, scratch, ret, err);
        if (r < 0)
                return r;
        c = clew_cursor_make(value);
        length = clew_cursor_le64(&c);
        value = clew_slice_make(c.at, clew_cursor_left(&c));
        if (c.failed || length < value.len)
                return object_damaged(env, object, "length", err);
        if (length == value.len) {
                *ret = value;
                return 0;
        }
        clew_buffer_clear(scratch);
        clew_buffer_append_slice(scratch, value);
        for (uint32_t chunk = 1; scratch->len < length && !scratch->error; chunk++) {
                key = clew_key_chunk(object, chunk);
                r = clew_table_get(env, txn, CLEW_TABLE_OBJECT, clew_key_slice(&key), &value, err);
                if (r == -ENOENT ||
                    (r == 0 && (value.len == 0 || value.len > length - scratch->len)))
                        return object_damaged(env, object, "a chunk is missing", err);
                if (r < 0)
                        return r;
                clew_buffer_append_slice(scratch, value);
        }
        r = clew_buffer_error(scratch);
        if (r < 0)
                return clew_error_set(err, r, 0, "out of memory");
        *ret = clew_buffer_slice(scratch);
        return 0;
}

int clew_object_delete(struct clew_env *env, MDB_txn *txn, uint64_t object, struct clew_error *err)
{
        struct clew_slice value;

        for (uint32_t chunk = 0;; chunk++) {
                struct clew_key key = clew_key_chunk(object, chunk);
                int r = clew_table_get(env, txn, CLEW_TABLE_OBJECT, clew_key_slice(&key), &value,
                                       err);

                if (r == -ENOENT)
                        return 0;
                if (r < 0 && r != -EBADMSG)
                        return r;
                r = clew_table_delete(env, txn, CLEW_TABLE_OBJECT, clew_key_slice(&key), err);
                if (r < 0)
                        return r;
        }
}
