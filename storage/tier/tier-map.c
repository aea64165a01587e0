#include "storage/tier/tier-map-int.h"

#include "storage/tier/tier-map-struct-int.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Address space only: what is used of it are the cache and some dozen bytes for each trace. */
#define MAP_BYTES_BESIDE ((size_t)256 << 30)
/* Where so much is not to be had (39 bits of addresses, a limit, an emulator) a quarter is asked
 * for, and so on down to this. */
#define MAP_BYTES_BESIDE_LEAST ((size_t)1 << 30)
#define CHUNK_BYTES ((size_t)1 << 20)
#define CHECK_BYTES 8u
/* Segments that make room in one transaction. */
#define GIVE_WAY_MAX 4096u

/* Keys: a letter, then big-endian numbers. */
enum {
        KEY_NAME = 'M',   /* name -> value */
        KEY_KNOWN = 'S',  /* segment */
        KEY_ROWS = 'R',   /* segment */
        KEY_BAD = 'B',    /* segment */
        KEY_SECOND = 'T', /* segment */
        KEY_ORDER = 'C',  /* place in line, chunk -> bytes */
        KEY_PLACE = 'P',  /* segment -> place in line, bytes */
        KEY_IN_LINE = 'L' /* place in line -> segment */
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

static struct key key_chunk(uint64_t order, uint32_t chunk)
{
        struct key k = key_of(KEY_ORDER, order);

        for (unsigned i = 0; i < 4; i++)
                k.bytes[9 + i] = (uint8_t)(chunk >> (24 - 8 * i));
        k.len = 13;
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

int clew_tier_map_fail(const struct clew_tier_map *m, int rc, const char *doing,
                       struct clew_error *err)
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

/* With as large a map as this process may have. An error of LMDB. */
static int open_mapped(struct clew_tier_map *m)
{
        for (size_t beside = MAP_BYTES_BESIDE;; beside /= 4) {
                int rc = mdb_env_create(&m->env);

                if (rc == 0)
                        rc = mdb_env_set_mapsize(m->env, (size_t)m->cache_bytes * 2 + beside);
                if (rc == 0)
                        rc = mdb_env_open(m->env, m->path, 0, 0600);
                if ((rc != ENOMEM && rc != EINVAL) || beside / 4 < MAP_BYTES_BESIDE_LEAST ||
                    !m->env)
                        return rc;
                mdb_env_close(m->env);
                m->env = NULL;
        }
}

static int open_env(struct clew_tier_map *m, bool create, struct clew_error *err)
{
        MDB_txn *txn = NULL;
        MDB_stat st;
        int rc = open_mapped(m);

        if (rc == 0)
                rc = mdb_env_stat(m->env, &st);
        if (rc == 0) {
                m->page_bytes = st.ms_psize;
                rc = mdb_txn_begin(m->env, NULL, create ? 0 : MDB_RDONLY, &txn);
        }
        if (rc == 0)
                rc = mdb_dbi_open(txn, NULL, 0, &m->dbi);
        if (rc == 0)
                rc = mdb_txn_commit(txn);
        else if (txn)
                mdb_txn_abort(txn);
        return rc == 0 ? 0 : clew_tier_map_fail(m, rc, "opening", err);
}

/* The limit is that of who made it, for all who open it. */
static int share_limit(struct clew_tier_map *m, bool create, struct clew_error *err)
{
        uint64_t limit = 0;
        int r = clew_tier_map_get_number(m, "limit", &limit, err);

        if (r < 0 && r != -ENOENT)
                return r;
        if (create)
                return r == 0 && limit == m->cache_bytes
                               ? 0
                               : clew_tier_map_put_number(m, "limit", m->cache_bytes, err);
        if (r == 0)
                m->cache_bytes = limit;
        return 0;
}

int clew_tier_map_open(const char *dir, uint64_t cache_bytes, bool create,
                       struct clew_tier_map **ret, struct clew_error *err)
{
        struct clew_tier_map *m = clew_calloc(1, sizeof(*m));
        struct stat st;
        int r = 0;

        if (!m)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        m->cache_bytes = cache_bytes;
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
                r = share_limit(m, create, err);
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
                return clew_tier_map_fail(m, rc, "reading", err);
        rc = get(m, txn, k, &value);
        if (rc == 0)
                clew_buffer_append_slice(out, value);
        mdb_txn_abort(txn);
        if (rc == MDB_NOTFOUND)
                return -ENOENT;
        if (rc != 0)
                return clew_tier_map_fail(m, rc, "reading", err);
        return clew_buffer_error(out) < 0 ? clew_error_set(err, -ENOMEM, 0, "out of memory") : 0;
}

static int write_one(struct clew_tier_map *m, const struct key *k, struct clew_slice value,
                     struct clew_error *err)
{
        MDB_txn *txn = NULL;
        int rc = mdb_txn_begin(m->env, NULL, 0, &txn);

        if (rc != 0)
                return clew_tier_map_fail(m, rc, "writing", err);
        rc = put(m, txn, k, value);
        if (rc == 0)
                rc = mdb_txn_commit(txn);
        else
                mdb_txn_abort(txn);
        return rc == 0 ? 0 : clew_tier_map_fail(m, rc, "writing", err);
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
                return clew_tier_map_fail(m, rc, "writing", err);
        rc = put(m, txn, &k, clew_slice_make(known, sizeof(*known)));
        if (rc == 0 && rows.len)
                rc = put(m, txn, &r, rows);
        if (rc == 0)
                rc = mdb_txn_commit(txn);
        else
                mdb_txn_abort(txn);
        return rc == 0 ? 0 : clew_tier_map_fail(m, rc, "writing", err);
}

/* As it was written when each segment was an object of its own. */
struct alone {
        uint64_t digest;
        uint64_t size;
        uint64_t meta;
        uint64_t segment_len;
        uint64_t segment_check;
};

static struct clew_tier_known known_alone(uint64_t segment, const void *data)
{
        struct alone a;

        memcpy(&a, data, sizeof(a));
        return (struct clew_tier_known){.place = {.first = segment,
                                                  .digest = a.digest,
                                                  .whole = a.size,
                                                  .at = CLEW_TIER_SEGMENT_AT,
                                                  .len = a.segment_len,
                                                  .meta = a.meta,
                                                  .end = a.size},
                                        .check = a.segment_check};
}

int clew_tier_map_find(struct clew_tier_map *m, uint64_t segment, struct clew_tier_known *ret,
                       struct clew_error *err)
{
        struct key k = key_of(KEY_KNOWN, segment);
        CLEW_BUFFER value = {0};
        int r;

        clew_buffer_init(&value, 256);
        r = read_one(m, &k, &value, err);
        if (r == 0 && value.len == sizeof(struct alone))
                *ret = known_alone(segment, value.data);
        else if (r == 0 && value.len == sizeof(*ret))
                memcpy(ret, value.data, sizeof(*ret));
        else if (r == 0)
                r = -ENOENT;
        return r;
}

int clew_tier_map_move(struct clew_tier_map *m, uint64_t segment,
                       const struct clew_tier_place *place, struct clew_error *err)
{
        struct clew_tier_known known;
        int r = clew_tier_map_find(m, segment, &known, err);

        if (r < 0 || clew_tier_place_eq(&known.place, place))
                return r;
        known.place = *place;
        return clew_tier_map_know(m, segment, &known, CLEW_SLICE_NULL, err);
}

int clew_tier_map_rows(struct clew_tier_map *m, uint64_t segment, struct clew_buffer *out,
                       struct clew_error *err)
{
        struct key k = key_of(KEY_ROWS, segment);

        return read_one(m, &k, out, err);
}

int clew_tier_map_put_seconds(struct clew_tier_map *m, uint64_t segment, struct clew_slice list,
                              struct clew_error *err)
{
        struct key k = key_of(KEY_SECOND, segment);
        MDB_txn *txn = NULL;
        int rc;

        if (list.len)
                return write_one(m, &k, list, err);
        rc = mdb_txn_begin(m->env, NULL, 0, &txn);
        if (rc != 0)
                return clew_tier_map_fail(m, rc, "writing", err);
        rc = del(m, txn, &k);
        if (rc == 0)
                rc = mdb_txn_commit(txn);
        else
                mdb_txn_abort(txn);
        return rc == 0 ? 0 : clew_tier_map_fail(m, rc, "writing", err);
}

int clew_tier_map_seconds(struct clew_tier_map *m, uint64_t segment, struct clew_buffer *out,
                          struct clew_error *err)
{
        struct key k = key_of(KEY_SECOND, segment);

        return read_one(m, &k, out, err);
}

/* The numbers behind @letter. */
static int list_segments(struct clew_tier_map *m, char letter, struct clew_buffer *out,
                         struct clew_error *err)
{
        struct key first = key_of(letter, 0);
        MDB_val key = {first.len, first.bytes};
        MDB_val value;
        MDB_cursor *cursor = NULL;
        MDB_txn *txn = NULL;
        int rc = mdb_txn_begin(m->env, NULL, MDB_RDONLY, &txn);

        if (rc != 0)
                return clew_tier_map_fail(m, rc, "reading", err);
        rc = mdb_cursor_open(txn, m->dbi, &cursor);
        if (rc == 0)
                rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
        while (rc == 0 && key.mv_size == first.len && *(const char *)key.mv_data == letter) {
                uint64_t segment = number_at((const uint8_t *)key.mv_data + 1);

                clew_buffer_append(out, &segment, sizeof(segment));
                rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
        }
        if (cursor)
                mdb_cursor_close(cursor);
        mdb_txn_abort(txn);
        if (rc != 0 && rc != MDB_NOTFOUND)
                return clew_tier_map_fail(m, rc, "reading", err);
        return clew_buffer_error(out) < 0 ? clew_error_set(err, -ENOMEM, 0, "out of memory") : 0;
}

int clew_tier_map_segments(struct clew_tier_map *m, struct clew_buffer *out, struct clew_error *err)
{
        return list_segments(m, KEY_KNOWN, out, err);
}

int clew_tier_map_second_segments(struct clew_tier_map *m, struct clew_buffer *out,
                                  struct clew_error *err)
{
        return list_segments(m, KEY_SECOND, out, err);
}

/* ---- what is damaged there ------------------------------------------------------------------- */

int clew_tier_map_set_bad(struct clew_tier_map *m, uint64_t segment,
                          const struct clew_tier_bad *bad, struct clew_error *err)
{
        struct key k = key_of(KEY_BAD, segment);
        MDB_txn *txn = NULL;
        int rc;

        if (bad)
                return write_one(m, &k, clew_slice_make(bad, sizeof(*bad)), err);
        rc = mdb_txn_begin(m->env, NULL, 0, &txn);
        if (rc == 0)
                rc = del(m, txn, &k);
        if (rc == 0)
                rc = mdb_txn_commit(txn);
        else if (txn)
                mdb_txn_abort(txn);
        return rc == 0 ? 0 : clew_tier_map_fail(m, rc, "writing", err);
}

int clew_tier_map_get_bad(struct clew_tier_map *m, uint64_t segment, struct clew_tier_bad *ret,
                          struct clew_error *err)
{
        struct key k = key_of(KEY_BAD, segment);
        CLEW_BUFFER value = {0};
        int r;

        clew_buffer_init(&value, 2 * sizeof(*ret));
        r = read_one(m, &k, &value, err);
        if (r == 0 && value.len != sizeof(*ret))
                r = -ENOENT;
        if (r == 0)
                memcpy(ret, value.data, sizeof(*ret));
        return r;
}

int clew_tier_map_bad_segments(struct clew_tier_map *m, struct clew_buffer *out,
                               struct clew_error *err)
{
        return list_segments(m, KEY_BAD, out, err);
}

/* ---- the cache ------------------------------------------------------------------------------- */

struct line {
        uint64_t order;
        uint64_t bytes;
};

static int find_place(struct clew_tier_map *m, MDB_txn *txn, uint64_t segment, struct line *ret)
{
        struct key k = key_of(KEY_PLACE, segment);
        struct clew_slice value;
        int rc = get(m, txn, &k, &value);

        if (rc != 0)
                return rc;
        if (value.len != 16)
                return MDB_NOTFOUND;
        ret->order = number_at(value.data);
        ret->bytes = number_at(value.data + 8);
        return 0;
}

static int put_pair(struct clew_tier_map *m, MDB_txn *txn, const struct key *k, uint64_t a,
                    uint64_t b)
{
        struct key x = key_of(KEY_NAME, a);
        struct key y = key_of(KEY_NAME, b);
        uint8_t bytes[16];

        memcpy(bytes, x.bytes + 1, 8);
        memcpy(bytes + 8, y.bytes + 1, 8);
        return put(m, txn, k, clew_slice_make(bytes, sizeof(bytes)));
}

bool clew_tier_map_has_cached(struct clew_tier_map *m, uint64_t segment)
{
        MDB_txn *txn = NULL;
        struct line at;
        int rc = mdb_txn_begin(m->env, NULL, MDB_RDONLY, &txn);

        if (rc != 0)
                return false;
        rc = find_place(m, txn, segment, &at);
        mdb_txn_abort(txn);
        return rc == 0;
}

int clew_tier_map_cached(struct clew_tier_map *m, uint64_t segment, struct clew_buffer *out,
                         struct clew_error *err)
{
        MDB_txn *txn = NULL;
        struct line at;
        size_t before = out->len;
        int rc = mdb_txn_begin(m->env, NULL, MDB_RDONLY, &txn);

        if (rc != 0)
                return clew_tier_map_fail(m, rc, "reading", err);
        rc = find_place(m, txn, segment, &at);
        for (uint32_t chunk = 0; rc == 0 && out->len - before < at.bytes; chunk++) {
                struct key k = key_chunk(at.order, chunk);
                struct clew_slice value = CLEW_SLICE_NULL;
                uint64_t left = at.bytes - (out->len - before);

                rc = get(m, txn, &k, &value);
                if (rc == 0 && value.len == m->page_bytes && left < m->page_bytes)
                        value.len = (size_t)left; /* put_chunk() has filled it up */
                if (rc == 0 && (value.len == 0 || value.len > left))
                        rc = MDB_NOTFOUND;
                if (rc == 0)
                        clew_buffer_append_slice(out, value);
                if (rc == 0 && clew_buffer_error(out) < 0)
                        rc = ENOMEM;
        }
        mdb_txn_abort(txn);
        if (rc == MDB_NOTFOUND) {
                out->len = before;
                return -ENOENT;
        }
        return rc == 0 ? 0 : clew_tier_map_fail(m, rc, "reading", err);
}

/* What is kept in all, and the place in line of the next. */
static struct line totals(struct clew_tier_map *m, MDB_txn *txn)
{
        struct key k = key_name("cache");
        struct clew_slice value;
        struct line t = {0};

        if (get(m, txn, &k, &value) == 0 && value.len == 16) {
                t.order = number_at(value.data);
                t.bytes = number_at(value.data + 8);
        }
        return t;
}

static int drop(struct clew_tier_map *m, MDB_txn *txn, uint64_t segment, const struct line *at,
                struct line *total)
{
        struct key place = key_of(KEY_PLACE, segment);
        struct key in_line = key_of(KEY_IN_LINE, at->order);
        uint64_t chunks = (at->bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
        int rc = del(m, txn, &place);

        if (rc == 0)
                rc = del(m, txn, &in_line);
        for (uint32_t i = 0; rc == 0 && i < chunks; i++) {
                struct key k = key_chunk(at->order, i);

                rc = del(m, txn, &k);
        }
        total->bytes -= at->bytes < total->bytes ? at->bytes : total->bytes;
        return rc;
}

/* The oldest give way until @want fits. */
static int make_room(struct clew_tier_map *m, MDB_txn *txn, uint64_t want, struct line *total)
{
        int rc = 0;

        for (unsigned n = 0; rc == 0 && n < GIVE_WAY_MAX && total->bytes + want > m->cache_bytes;
             n++) {
                struct key first = key_of(KEY_IN_LINE, 0);
                MDB_val key = {first.len, first.bytes};
                MDB_val value;
                MDB_cursor *cursor = NULL;
                uint64_t segment = 0;
                struct line at = {0};

                rc = mdb_cursor_open(txn, m->dbi, &cursor);
                if (rc != 0)
                        return rc;
                rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
                if (rc == 0 && key.mv_size == 9 && ((uint8_t *)key.mv_data)[0] == KEY_IN_LINE &&
                    value.mv_size >= 8) {
                        segment = number_at(value.mv_data);
                        at.order = number_at((uint8_t *)key.mv_data + 1);
                } else if (rc == 0) {
                        rc = MDB_NOTFOUND;
                }
                mdb_cursor_close(cursor);
                if (rc == 0) {
                        uint64_t order = at.order;

                        if (find_place(m, txn, segment, &at) != 0 || at.order != order)
                                at = (struct line){order, 0};
                        rc = drop(m, txn, segment, &at, total);
                }
        }
        if (rc == MDB_NOTFOUND)
                total->bytes = 0; /* nothing is in line */
        return rc == MDB_NOTFOUND ? 0 : rc;
}

/* In pages of its own, also when it is small: what is freed of it can be wiped (tier-map-wipe.c).
 */
static int put_chunk(struct clew_tier_map *m, MDB_txn *txn, const struct key *k,
                     struct clew_slice chunk)
{
        CLEW_FREE uint8_t *room = NULL;

        if (chunk.len >= m->page_bytes)
                return put(m, txn, k, chunk);
        room = clew_calloc(1, m->page_bytes);
        if (!room)
                return ENOMEM;
        memcpy(room, chunk.data, chunk.len);
        return put(m, txn, k, clew_slice_make(room, m->page_bytes));
}

static int cache_bytes(struct clew_tier_map *m, MDB_txn *txn, uint64_t segment,
                       struct clew_slice bytes)
{
        struct line total = totals(m, txn);
        struct line at;
        struct key name = key_name("cache");
        struct key place = key_of(KEY_PLACE, segment);
        struct key in_line;
        int rc = find_place(m, txn, segment, &at);

        if (rc == 0) /* somebody else was here, or what was there is damaged */
                rc = drop(m, txn, segment, &at, &total);
        else if (rc == MDB_NOTFOUND)
                rc = 0;
        if (rc == 0)
                rc = make_room(m, txn, bytes.len, &total);
        at = (struct line){total.order, bytes.len};
        in_line = key_of(KEY_IN_LINE, at.order);
        if (rc == 0)
                rc = put_pair(m, txn, &place, at.order, at.bytes);
        if (rc == 0)
                rc = put_pair(m, txn, &in_line, segment, 0);
        for (uint32_t chunk = 0; rc == 0 && bytes.len > 0; chunk++) {
                struct key k = key_chunk(at.order, chunk);
                size_t n = bytes.len < CHUNK_BYTES ? bytes.len : CHUNK_BYTES;

                rc = put_chunk(m, txn, &k, clew_slice_make(bytes.data, n));
                bytes = clew_slice_from(bytes, n);
        }
        return rc == 0 ? put_pair(m, txn, &name, total.order + 1, total.bytes + at.bytes) : rc;
}

int clew_tier_map_cache(struct clew_tier_map *m, uint64_t segment, struct clew_slice bytes,
                        struct clew_error *err)
{
        MDB_txn *txn = NULL;
        int rc;

        if (bytes.len > m->cache_bytes / 2)
                return 0; /* for one, all others would go */
        rc = mdb_txn_begin(m->env, NULL, 0, &txn);
        if (rc != 0)
                return clew_tier_map_fail(m, rc, "writing", err);
        rc = cache_bytes(m, txn, segment, bytes);
        if (rc == 0)
                rc = mdb_txn_commit(txn);
        else
                mdb_txn_abort(txn);
        return rc == 0 ? 0 : clew_tier_map_fail(m, rc, "writing", err);
}

uint64_t clew_tier_map_cached_bytes(struct clew_tier_map *m)
{
        MDB_txn *txn = NULL;
        struct line t = {0};

        if (mdb_txn_begin(m->env, NULL, MDB_RDONLY, &txn) == 0) {
                t = totals(m, txn);
                mdb_txn_abort(txn);
        }
        return t.bytes;
}

int clew_tier_map_forget(struct clew_tier_map *m, uint64_t segment, struct clew_error *err)
{
        struct key known = key_of(KEY_KNOWN, segment);
        struct key rows = key_of(KEY_ROWS, segment);
        struct key bad = key_of(KEY_BAD, segment);
        struct key name = key_name("cache");
        struct line total;
        struct line at;
        MDB_txn *txn = NULL;
        int rc = mdb_txn_begin(m->env, NULL, 0, &txn);

        if (rc != 0)
                return clew_tier_map_fail(m, rc, "writing", err);
        rc = del(m, txn, &known);
        if (rc == 0)
                rc = del(m, txn, &rows);
        if (rc == 0)
                rc = del(m, txn, &bad);
        total = totals(m, txn);
        if (rc == 0 && find_place(m, txn, segment, &at) == 0) {
                rc = drop(m, txn, segment, &at, &total);
                if (rc == 0)
                        rc = put_pair(m, txn, &name, total.order, total.bytes);
        }
        if (rc == 0)
                rc = mdb_txn_commit(txn);
        else
                mdb_txn_abort(txn);
        return rc == 0 ? 0 : clew_tier_map_fail(m, rc, "writing", err);
}
