#include "storage/tier/tier-map-int.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/tier/tier-cache-int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Address space only: what is used of it are some dozen bytes for each trace. */
#define MAP_BYTES ((size_t)256 << 30)
#define CHECK_BYTES 8u

/* Keys: a letter, then big-endian numbers. */
enum {
        KEY_NAME = 'M',  /* name -> value */
        KEY_KNOWN = 'S', /* segment */
        KEY_ROWS = 'R',  /* segment */
};

struct clew_tier_map {
        MDB_env *env;
        MDB_dbi dbi;
        struct clew_tier_cache cache;
        char path[PATH_MAX];
};

struct key {
        uint8_t bytes[64];
        size_t len;
};

static struct key key_of(char letter, uint64_t a)
{
        struct key k = {.len = 9};

        k.bytes[0] = (uint8_t)letter;
        for (unsigned i = 0; i < 8; i++)
                k.bytes[1 + i] = (uint8_t)(a >> (56 - 8 * i));
        return k;
}

static struct key key_name(const char *name)
{
        struct key k = {.len = 1 + strlen(name)};

        k.bytes[0] = KEY_NAME;
        CLEW_ASSERT(k.len <= sizeof(k.bytes));
        memcpy(k.bytes + 1, name, k.len - 1);
        return k;
}

static uint64_t number_at(const void *data)
{
        const uint8_t *p = data;
        uint64_t v = 0;

        for (unsigned i = 0; i < 8; i++)
                v = v << 8 | p[i];
        return v;
}

static int fail(const struct clew_tier_map *m, int rc, const char *doing, struct clew_error *err)
{
        int r = rc == ENOSPC || rc == MDB_MAP_FULL                                    ? -ENOSPC
                : rc > 0                                                              ? -rc
                : rc == MDB_CORRUPTED || rc == MDB_INVALID || rc == MDB_PAGE_NOTFOUND ? -EBADMSG
                                                                                      : -EIO;

        return clew_error_set(err, r, 0, "%s: %s: %s; what it has is in the bucket too", m->path,
                              doing, mdb_strerror(rc));
}

/* ---- records --------------------------------------------------------------------------------- */

static struct clew_slice slice_of(const struct key *k)
{
        return clew_slice_make(k->bytes, k->len);
}

/* 0, MDB_NOTFOUND (also when its checksum does not hold: as if it were not there), other. */
static int get(struct clew_tier_map *m, MDB_txn *txn, const struct key *k, struct clew_slice *ret)
{
        MDB_val key = {k->len, (void *)(uintptr_t)k->bytes};
        MDB_val value;
        uint64_t sum;
        int rc = mdb_get(txn, m->dbi, &key, &value);

        if (rc != 0)
                return rc;
        if (value.mv_size < CHECK_BYTES)
                return MDB_NOTFOUND;
        *ret = clew_slice_make(value.mv_data, value.mv_size - CHECK_BYTES);
        memcpy(&sum, ret->data + ret->len, sizeof(sum));
        return sum == clew_checksum(slice_of(k), *ret) ? 0 : MDB_NOTFOUND;
}

static int put(struct clew_tier_map *m, MDB_txn *txn, const struct key *k, struct clew_slice value)
{
        MDB_val key = {k->len, (void *)(uintptr_t)k->bytes};
        MDB_val room = {value.len + CHECK_BYTES, NULL};
        uint64_t sum = clew_checksum(slice_of(k), value);
        int rc = mdb_put(txn, m->dbi, &key, &room, MDB_RESERVE);

        if (rc != 0)
                return rc;
        if (value.len)
                memcpy(room.mv_data, value.data, value.len);
        memcpy((uint8_t *)room.mv_data + value.len, &sum, sizeof(sum));
        return 0;
}

static int del(struct clew_tier_map *m, MDB_txn *txn, const struct key *k)
{
        MDB_val key = {k->len, (void *)(uintptr_t)k->bytes};
        int rc = mdb_del(txn, m->dbi, &key, NULL);

        return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int open_env(struct clew_tier_map *m, bool create, struct clew_error *err)
{
        MDB_txn *txn = NULL;
        int rc = mdb_env_create(&m->env);

        if (rc == 0)
                rc = mdb_env_set_mapsize(m->env, MAP_BYTES);
        if (rc == 0)
                rc = mdb_env_open(m->env, m->path, 0, 0600);
        if (rc == 0)
                rc = mdb_txn_begin(m->env, NULL, create ? 0 : MDB_RDONLY, &txn);
        if (rc == 0)
                rc = mdb_dbi_open(txn, NULL, 0, &m->dbi);
        if (rc == 0)
                rc = mdb_txn_commit(txn);
        else if (txn)
                mdb_txn_abort(txn);
        return rc == 0 ? 0 : fail(m, rc, "opening", err);
}

int clew_tier_map_open(const char *dir, uint64_t cache_bytes, bool create,
                       struct clew_tier_map **ret, struct clew_error *err)
{
        struct clew_tier_map *m = clew_calloc(1, sizeof(*m));
        struct stat st;
        int r = 0;

        if (!m)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        m->cache.fd = -1;
        if (snprintf(m->path, sizeof(m->path), "%s/" CLEW_TIER_MAP_DIR, dir) >=
            (int)sizeof(m->path))
                r = clew_error_set(err, -ENAMETOOLONG, 0, "store %s: its name is too long", dir);
        if (r == 0 && create && mkdir(m->path, 0700) < 0 && errno != EEXIST)
                r = clew_error_set(err, -errno, 0, "%s: %s", m->path, strerror(errno));
        if (r == 0 && lstat(m->path, &st) < 0)
                r = -ENOENT;
        else if (r == 0 && (!S_ISDIR(st.st_mode) || st.st_uid != geteuid()))
                r = clew_error_set(err, -EINVAL, 0, "%s: is not a directory of this user", m->path);
        if (r == 0)
                r = open_env(m, create, err);
        if (r == 0)
                r = clew_tier_cache_open(&m->cache, m->path, cache_bytes, create, err);
        if (r < 0) {
                clew_tier_map_close(m);
                return r;
        }
        *ret = m;
        return 0;
}

void clew_tier_map_close(struct clew_tier_map *m)
{
        if (!m)
                return;
        if (m->env)
                mdb_env_close(m->env);
        clew_tier_cache_close(&m->cache);
        clew_free(m);
}

/* ---- one transaction a call ------------------------------------------------------------------ */

/* The value of @k, appended to @out. */
static int read_one(struct clew_tier_map *m, const struct key *k, struct clew_buffer *out,
                    struct clew_error *err)
{
        MDB_txn *txn = NULL;
        struct clew_slice value = CLEW_SLICE_NULL;
        int rc = mdb_txn_begin(m->env, NULL, MDB_RDONLY, &txn);

        if (rc != 0)
                return fail(m, rc, "reading", err);
        rc = get(m, txn, k, &value);
        if (rc == 0)
                clew_buffer_append_slice(out, value);
        mdb_txn_abort(txn);
        if (rc == MDB_NOTFOUND)
                return -ENOENT;
        if (rc != 0)
                return fail(m, rc, "reading", err);
        return clew_buffer_error(out) < 0 ? clew_error_set(err, -ENOMEM, 0, "out of memory") : 0;
}

static int write_one(struct clew_tier_map *m, const struct key *k, struct clew_slice value,
                     struct clew_error *err)
{
        MDB_txn *txn = NULL;
        int rc = mdb_txn_begin(m->env, NULL, 0, &txn);

        if (rc != 0)
                return fail(m, rc, "writing", err);
        rc = put(m, txn, k, value);
        if (rc == 0)
                rc = mdb_txn_commit(txn);
        else
                mdb_txn_abort(txn);
        return rc == 0 ? 0 : fail(m, rc, "writing", err);
}

int clew_tier_map_get_text(struct clew_tier_map *m, const char *name, char *ret, size_t size,
                           struct clew_error *err)
{
        struct key k = key_name(name);
        CLEW_BUFFER value = {0};
        int r;

        clew_buffer_init(&value, size);
        r = read_one(m, &k, &value, err);
        if (r == 0 && value.len >= size)
                r = -ENOENT;
        if (r == 0) {
                memcpy(ret, value.len ? value.data : (const uint8_t *)"", value.len);
                ret[value.len] = '\0';
        }
        return r;
}

int clew_tier_map_put_text(struct clew_tier_map *m, const char *name, const char *text,
                           struct clew_error *err)
{
        struct key k = key_name(name);

        return write_one(m, &k, clew_slice_of_cstr(text), err);
}

int clew_tier_map_get_number(struct clew_tier_map *m, const char *name, uint64_t *ret,
                             struct clew_error *err)
{
        struct key k = key_name(name);
        CLEW_BUFFER value = {0};
        int r;

        clew_buffer_init(&value, 64);
        r = read_one(m, &k, &value, err);
        if (r == 0 && value.len != sizeof(*ret))
                r = -ENOENT;
        if (r == 0)
                *ret = number_at(value.data);
        return r;
}

int clew_tier_map_put_number(struct clew_tier_map *m, const char *name, uint64_t v,
                             struct clew_error *err)
{
        struct key k = key_name(name);
        struct key bytes = key_of(KEY_NAME, v);

        return write_one(m, &k, clew_slice_make(bytes.bytes + 1, 8), err);
}

/* ---- segments -------------------------------------------------------------------------------- */

int clew_tier_map_know(struct clew_tier_map *m, uint64_t segment,
                       const struct clew_tier_known *known, struct clew_slice rows,
                       struct clew_error *err)
{
        struct key k = key_of(KEY_KNOWN, segment);
        struct key r = key_of(KEY_ROWS, segment);
        MDB_txn *txn = NULL;
        int rc = mdb_txn_begin(m->env, NULL, 0, &txn);

        if (rc != 0)
                return fail(m, rc, "writing", err);
        rc = put(m, txn, &k, clew_slice_make(known, sizeof(*known)));
        if (rc == 0 && rows.len)
                rc = put(m, txn, &r, rows);
        if (rc == 0)
                rc = mdb_txn_commit(txn);
        else
                mdb_txn_abort(txn);
        return rc == 0 ? 0 : fail(m, rc, "writing", err);
}

int clew_tier_map_find(struct clew_tier_map *m, uint64_t segment, struct clew_tier_known *ret,
                       struct clew_error *err)
{
        struct key k = key_of(KEY_KNOWN, segment);
        CLEW_BUFFER value = {0};
        int r;

        clew_buffer_init(&value, 256);
        r = read_one(m, &k, &value, err);
        if (r == 0 && value.len != sizeof(*ret))
                r = -ENOENT;
        if (r == 0)
                memcpy(ret, value.data, sizeof(*ret));
        return r;
}

int clew_tier_map_next(struct clew_tier_map *m, uint64_t after, uint64_t *ret,
                       struct clew_error *err)
{
        struct key k = key_of(KEY_KNOWN, after + 1);
        MDB_val key = {k.len, k.bytes};
        MDB_val value;
        MDB_cursor *cursor = NULL;
        MDB_txn *txn = NULL;
        int rc = after == UINT64_MAX ? MDB_NOTFOUND : mdb_txn_begin(m->env, NULL, MDB_RDONLY, &txn);

        if (rc == 0)
                rc = mdb_cursor_open(txn, m->dbi, &cursor);
        if (rc == 0)
                rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
        if (rc == 0 && (key.mv_size != k.len || *(const uint8_t *)key.mv_data != KEY_KNOWN))
                rc = MDB_NOTFOUND;
        if (rc == 0)
                *ret = number_at((const uint8_t *)key.mv_data + 1);
        if (cursor)
                mdb_cursor_close(cursor);
        if (txn)
                mdb_txn_abort(txn);
        return rc == 0 ? 0 : rc == MDB_NOTFOUND ? -ENOENT : fail(m, rc, "reading", err);
}

int clew_tier_map_rows(struct clew_tier_map *m, uint64_t segment, struct clew_buffer *out,
                       struct clew_error *err)
{
        struct key k = key_of(KEY_ROWS, segment);

        return read_one(m, &k, out, err);
}

/* ---- bytes that were read back --------------------------------------------------------------- */

int clew_tier_map_cached(struct clew_tier_map *m, uint64_t segment, struct clew_buffer *out)
{
        return clew_tier_cache_get(&m->cache, segment, out);
}

void clew_tier_map_cache(struct clew_tier_map *m, uint64_t segment, struct clew_slice bytes)
{
        clew_tier_cache_put(&m->cache, segment, bytes);
}

uint64_t clew_tier_map_cached_bytes(struct clew_tier_map *m)
{
        return clew_tier_cache_bytes(&m->cache);
}

int clew_tier_map_forget(struct clew_tier_map *m, uint64_t segment, struct clew_error *err)
{
        struct key known = key_of(KEY_KNOWN, segment);
        struct key rows = key_of(KEY_ROWS, segment);
        MDB_txn *txn = NULL;
        int r = clew_tier_cache_erase(&m->cache, segment, err);
        int rc;

        if (r < 0)
                return r;
        rc = mdb_txn_begin(m->env, NULL, 0, &txn);
        if (rc != 0)
                return fail(m, rc, "writing", err);
        rc = del(m, txn, &known);
        if (rc == 0)
                rc = del(m, txn, &rows);
        if (rc == 0)
                rc = mdb_txn_commit(txn);
        else
                mdb_txn_abort(txn);
        return rc == 0 ? 0 : fail(m, rc, "writing", err);
}
