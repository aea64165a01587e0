/*
 * See storage/shelf.h. Bytes on disk: storage/FORMAT.md.
 */
#include "storage/source/shelf-int.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"
#include "storage/base/env-struct-int.h"
#include "storage/source/store-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* First byte of a value. */
#define KIND_PLAIN 0u
#define KIND_ZSTD 1u
/* Shorter texts gain nothing. */
#define COMPRESS_BYTES_MIN 128u
/* A copy of a run repeats itself at long distances: the window covers most of them whole. */
#define WINDOW_LOG 24
#define LEVEL 3
#define STATE_BYTES_MAX 32u
/* Of a run's record: traces whose ids differ in their last byte alone. */
#define RUN_VALUE_MAX (1u + 256u * CLEW_TRACE_ID_BYTES)

/* ---- values --------------------------------------------------------------------------------- */

static size_t compress(struct clew_slice value, uint8_t *room, size_t bound)
{
        ZSTD_CCtx *z = ZSTD_createCCtx();
        size_t n = 0;

        if (!z)
                return 0;
        (void)ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, LEVEL);
        (void)ZSTD_CCtx_setParameter(z, ZSTD_c_enableLongDistanceMatching, 1);
        (void)ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, WINDOW_LOG);
        n = ZSTD_compress2(z, room, bound, value.data, value.len);
        ZSTD_freeCCtx(z);
        return ZSTD_isError(n) ? 0 : n;
}

int clew_shelf_encode(struct clew_slice value, struct clew_buffer *out)
{
        size_t bound = ZSTD_compressBound(value.len);
        uint8_t *room;
        size_t n;

        if (value.len > CLEW_SHELF_VALUE_MAX)
                return -EMSGSIZE;
        if (value.len >= COMPRESS_BYTES_MIN) {
                room = clew_buffer_reserve(out, bound + 1);
                if (!room)
                        return clew_buffer_error(out);
                n = compress(value, room + 1, bound);
                if (n > 0 && n < value.len) {
                        room[0] = KIND_ZSTD;
                        clew_buffer_commit(out, n + 1);
                        return 0;
                }
        }
        clew_buffer_append_byte(out, KIND_PLAIN);
        clew_buffer_append_slice(out, value);
        return clew_buffer_error(out);
}

static int decode(struct clew_slice stored, struct clew_buffer *out)
{
        struct clew_slice body = clew_slice_from(stored, 1);
        unsigned long long size;
        uint8_t *room;
        size_t n;

        if (stored.len == 0 || stored.data[0] > KIND_ZSTD)
                return -EBADMSG;
        if (stored.data[0] == KIND_PLAIN) {
                clew_buffer_append_slice(out, body);
                return clew_buffer_error(out);
        }
        size = ZSTD_getFrameContentSize(body.data, body.len);
        if (size > CLEW_SHELF_VALUE_MAX) /* the marks of "unknown" and "error" too */
                return -EBADMSG;
        room = clew_buffer_reserve(out, (size_t)size + 1);
        if (!room)
                return clew_buffer_error(out);
        n = ZSTD_decompress(room, (size_t)size, body.data, body.len);
        if (ZSTD_isError(n) || n != size)
                return -EBADMSG;
        clew_buffer_commit(out, n);
        return 0;
}

int clew_shelf_value_check(struct clew_slice stored)
{
        CLEW_BUFFER plain = {0};

        clew_buffer_init(&plain, CLEW_SHELF_VALUE_MAX + 1);
        return decode(stored, &plain);
}

static int damaged(struct clew_env *env, struct clew_slice key, struct clew_error *err)
{
        char name[96];

        clew_record_name(CLEW_TABLE_SHELF, key, name, sizeof(name));
        return clew_error_set(err, -EBADMSG, 0,
                              "store %s: record %s is damaged (content); see clew doctor --verify",
                              clew_env_dir(env), name);
}

static int get(struct clew_env *env, MDB_txn *txn, struct clew_slice key, struct clew_buffer *out,
               struct clew_error *err)
{
        struct clew_slice stored;
        int r = clew_table_get(env, txn, CLEW_TABLE_SHELF, key, &stored, err);

        if (r == 0)
                r = decode(stored, out);
        else
                return r;
        if (r == -EMSGSIZE || r == -ENOMEM)
                return clew_error_set(err, r, 0, "a record of %zu bytes is larger than its limit",
                                      stored.len);
        return r == -EBADMSG ? damaged(env, key, err) : r;
}

/* ---- count and digest ----------------------------------------------------------------------- */

void clew_shelf_count_in(struct clew_shelf_state *state, struct clew_slice key,
                         struct clew_slice value)
{
        state->records++;
        state->sum += clew_checksum(key, value);
}

int clew_shelf_state_read(struct clew_env *env, MDB_txn *txn, struct clew_shelf_state *ret,
                          struct clew_error *err)
{
        struct clew_slice value;
        struct clew_cursor c;
        struct clew_shelf_state s;
        int r = clew_table_get(env, txn, CLEW_TABLE_META, CLEW_SLICE_LITERAL("shelf"), &value, err);

        *ret = (struct clew_shelf_state){0};
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        c = clew_cursor_make(value);
        s.records = clew_cursor_varint(&c);
        s.last = clew_cursor_varint(&c);
        s.sum = clew_cursor_le64(&c);
        if (c.failed)
                return clew_error_set(err, -EBADMSG, 0, "store %s: its shelf record is damaged",
                                      clew_env_dir(env));
        *ret = s;
        return 0;
}

int clew_shelf_state_put(struct clew_env *env, MDB_txn *txn, const struct clew_shelf_state *state,
                         struct clew_error *err)
{
        CLEW_BUFFER b = {0};
        struct clew_slice value;

        clew_buffer_init(&b, STATE_BYTES_MAX);
        clew_buffer_append_varint(&b, state->records);
        clew_buffer_append_varint(&b, state->last);
        clew_buffer_append_le64(&b, state->sum);
        if (clew_buffer_error(&b) < 0)
                return clew_error_set(err, clew_buffer_error(&b), 0, "out of memory");
        value = clew_buffer_slice(&b);
        return clew_table_put(env, txn, CLEW_TABLE_META, CLEW_SLICE_LITERAL("shelf"), &value, 1,
                              err);
}

int clew_shelf_begin(struct clew_shelf *s, struct clew_store *store, MDB_txn *txn,
                     struct clew_error *err)
{
        *s = (struct clew_shelf){.store = store, .txn = txn};
        return clew_shelf_state_read(store->env, txn, &s->state, err);
}

int clew_shelf_end(struct clew_shelf *s, struct clew_error *err)
{
        return clew_shelf_state_put(s->store->env, s->txn, &s->state, err);
}

/* ---- writing -------------------------------------------------------------------------------- */

int clew_store_shelve(struct clew_store *store,
                      int (*fn)(struct clew_shelf *shelf, void *context, struct clew_error *err),
                      void *context, struct clew_error *err)
{
        struct clew_shelf s = {.store = store};
        struct clew_state state;
        int r;

        if (store->mode == CLEW_STORE_READ)
                return clew_error_set(err, -EACCES, 0, "store %s: is open for reading only",
                                      clew_env_dir(store->env));
        r = clew_txn_begin_write(store->env, &s.txn, err);
        if (r < 0)
                return r;
        r = clew_state_read(store->env, s.txn, &state, err);
        if (r == 0)
                r = clew_shelf_state_read(store->env, s.txn, &s.state, err);
        if (r == 0)
                r = fn(&s, context, err);
        if (r == 0)
                r = clew_shelf_end(&s, err);
        if (r == 0)
                r = clew_state_write(store->env, s.txn, &state, err);
        if (r != 0) {
                clew_txn_abort(store->env, s.txn);
                return r;
        }
        return clew_txn_commit(store->env, s.txn, err);
}

int clew_shelf_add(struct clew_shelf *shelf, struct clew_slice key, struct clew_slice encoded,
                   struct clew_error *err)
{
        struct clew_env *env = shelf->store->env;
        struct clew_slice old;
        int r;

        CLEW_ASSERT(key.len > 0 && key.len <= CLEW_SHELF_KEY_MAX);
        r = clew_table_peek(env, shelf->txn, CLEW_TABLE_SHELF, key, &old, err);
        if (r != -ENOENT)
                return r == 0 ? -EEXIST : r;
        r = clew_table_put(env, shelf->txn, CLEW_TABLE_SHELF, key, &encoded, 1, err);
        if (r == 0)
                clew_shelf_count_in(&shelf->state, key, encoded);
        return r;
}

int clew_shelf_remove(struct clew_shelf *shelf, struct clew_slice key, struct clew_error *err)
{
        struct clew_env *env = shelf->store->env;
        struct clew_slice old;
        int r = clew_table_get(env, shelf->txn, CLEW_TABLE_SHELF, key, &old, err);

        if (r < 0)
                return r;
        shelf->state.records--;
        shelf->state.sum -= clew_checksum(key, old);
        return clew_table_delete(env, shelf->txn, CLEW_TABLE_SHELF, key, err);
}

int clew_shelf_replace(struct clew_shelf *shelf, struct clew_slice key, struct clew_slice encoded,
                       struct clew_error *err)
{
        int r = clew_shelf_remove(shelf, key, err);

        return r < 0 && r != -ENOENT ? r : clew_shelf_add(shelf, key, encoded, err);
}

int clew_shelf_next_key(struct clew_shelf *shelf, struct clew_slice prefix, struct clew_slice after,
                        uint8_t ret[CLEW_SHELF_KEY_MAX], size_t *ret_len, struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        int r = clew_scan_open(shelf->store->env, shelf->txn, CLEW_TABLE_SHELF, &scan, err);

        if (r == 0)
                r = clew_scan_seek(&scan, after.len ? after : prefix, err);
        scan.unchecked = true;
        if (r == 0)
                r = clew_scan_next(&scan, err);
        if (r == 1 && after.len && clew_slice_eq(scan.key, after))
                r = clew_scan_next(&scan, err);
        if (r < 0)
                return r;
        if (r == 0 || !clew_slice_starts_with(scan.key, prefix))
                return -ENOENT;
        memcpy(ret, scan.key.data, scan.key.len);
        *ret_len = scan.key.len;
        return 0;
}

/* ---- traces of runs ------------------------------------------------------------------------- */

static size_t run_key(const struct clew_trace_id *run, const struct clew_trace_id *id,
                      uint8_t key[CLEW_SHELF_KEY_MAX])
{
        key[0] = CLEW_SHELF_RUN;
        memcpy(key + 1, run->bytes, sizeof(run->bytes));
        memcpy(key + 1 + sizeof(run->bytes), id->bytes, sizeof(id->bytes) - 1);
        return sizeof(run->bytes) + sizeof(id->bytes);
}

/* Ids that share a key: at most 256, as one byte is left to tell them apart. */
static bool holds(struct clew_slice ids, const struct clew_trace_id *id)
{
        for (size_t i = 0; i + sizeof(id->bytes) <= ids.len; i += sizeof(id->bytes)) {
                if (memcmp(ids.data + i, id->bytes, sizeof(id->bytes)) == 0)
                        return true;
        }
        return false;
}

/* 1 = it is there now, 0 = it was. */
static int add_run(struct clew_shelf *s, const struct clew_trace_id *run,
                   const struct clew_trace_id *id, struct clew_error *err)
{
        CLEW_BUFFER value = {0};
        CLEW_BUFFER ids = {0};
        uint8_t room[CLEW_SHELF_KEY_MAX];
        struct clew_slice key = clew_slice_make(room, run_key(run, id, room));
        int r;

        clew_buffer_init(&ids, RUN_VALUE_MAX);
        clew_buffer_init(&value, RUN_VALUE_MAX);
        r = get(s->store->env, s->txn, key, &ids, err);
        if (r == 0 && holds(clew_buffer_slice(&ids), id))
                return 0;
        if (r < 0 && r != -ENOENT)
                return r;
        clew_buffer_append_byte(&value, KIND_PLAIN);
        clew_buffer_append_slice(&value, clew_buffer_slice(&ids));
        clew_buffer_append(&value, id->bytes, sizeof(id->bytes));
        if (clew_buffer_error(&value) < 0)
                return clew_error_set(err, clew_buffer_error(&value), 0, "traces of one run: %s",
                                      strerror(-clew_buffer_error(&value)));
        r = r == 0 ? clew_shelf_replace(s, key, clew_buffer_slice(&value), err)
                   : clew_shelf_add(s, key, clew_buffer_slice(&value), err);
        return r < 0 ? r : 1;
}

int clew_shelf_add_runs(struct clew_store *store, MDB_txn *txn,
                        const struct clew_fragment *fragments, size_t n, struct clew_error *err)
{
        struct clew_shelf s = {.store = store, .txn = txn};
        bool changed = false;
        bool opened = false;
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                const struct clew_fragment *f = &fragments[i];

                if (!f->has_run)
                        continue;
                if (!opened)
                        r = clew_shelf_state_read(store->env, txn, &s.state, err);
                opened = true;
                if (r == 0)
                        r = add_run(&s, &f->run, &f->trace_id, err);
                changed = changed || r == 1;
                r = r < 0 ? r : 0;
        }
        return r == 0 && changed ? clew_shelf_end(&s, err) : r;
}

struct run_list {
        struct clew_trace_id *ids;
        int n;
        int max;
};

static int compare_ids(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct clew_trace_id));
}

static int take_run(struct clew_slice key, struct clew_slice value, void *context)
{
        struct run_list *l = context;
        size_t from = (size_t)l->n;

        (void)key;
        for (; value.len >= CLEW_TRACE_ID_BYTES;
             value = clew_slice_from(value, CLEW_TRACE_ID_BYTES)) {
                memcpy(l->ids[l->n].bytes, value.data, CLEW_TRACE_ID_BYTES);
                if (++l->n == l->max)
                        break;
        }
        /* Those that share a key stand in the order of their arrival. */
        qsort(l->ids + from, (size_t)l->n - from, sizeof(*l->ids), compare_ids);
        return l->n == l->max ? 1 : 0;
}

int clew_view_run(struct clew_view *view, const struct clew_trace_id *run,
                  struct clew_trace_id *ret, int max, struct clew_error *err)
{
        struct run_list l = {.ids = ret, .max = max};
        uint8_t prefix[1 + CLEW_TRACE_ID_BYTES] = {CLEW_SHELF_RUN};
        int r;

        memcpy(prefix + 1, run->bytes, sizeof(run->bytes));
        r = max > 0 ? clew_view_shelf_walk(view, clew_slice_make(prefix, sizeof(prefix)), take_run,
                                           &l, err)
                    : 0;
        return r < 0 ? r : l.n;
}

int clew_shelf_get(struct clew_shelf *shelf, struct clew_slice key, struct clew_buffer *out,
                   struct clew_error *err)
{
        return get(shelf->store->env, shelf->txn, key, out, err);
}

int clew_shelf_last(struct clew_shelf *shelf, struct clew_slice prefix,
                    uint8_t ret[CLEW_SHELF_KEY_MAX], size_t *ret_len, struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        bool found = false;
        int r = clew_scan_open(shelf->store->env, shelf->txn, CLEW_TABLE_SHELF, &scan, err);

        if (r == 0)
                r = clew_scan_seek(&scan, prefix, err);
        scan.unchecked = true;
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                if (!clew_slice_starts_with(scan.key, prefix))
                        break;
                memcpy(ret, scan.key.data, scan.key.len);
                *ret_len = scan.key.len;
                found = true;
        }
        return r < 0 ? r : found ? 0 : -ENOENT;
}

int clew_shelf_hold(struct clew_shelf *shelf, const struct clew_trace_id *id,
                    struct clew_error *err)
{
        uint8_t key[1 + CLEW_TRACE_ID_BYTES] = {CLEW_SHELF_HOLD};
        int r;

        memcpy(key + 1, id->bytes, sizeof(id->bytes));
        r = clew_shelf_add(shelf, clew_slice_make(key, sizeof(key)),
                           clew_slice_make((uint8_t[]){KIND_PLAIN}, 1), err);
        return r == -EEXIST ? 0 : r;
}

uint64_t clew_shelf_next(struct clew_shelf *shelf)
{
        return ++shelf->state.last;
}

/* ---- reading -------------------------------------------------------------------------------- */

int clew_view_shelf_get(struct clew_view *view, struct clew_slice key, struct clew_buffer *out,
                        struct clew_error *err)
{
        return get(view->store->env, view->txn, key, out, err);
}

static int missing(struct clew_env *env, const struct clew_shelf_state *seen,
                   const struct clew_shelf_state *expected, struct clew_error *err)
{
        return clew_error_set(err, -EBADMSG, 0,
                              "store %s: %llu shelf records found, %llu expected; see clew doctor "
                              "--verify",
                              clew_env_dir(env), (unsigned long long)seen->records,
                              (unsigned long long)expected->records);
}

int clew_view_shelf_walk(struct clew_view *view, struct clew_slice prefix,
                         int (*fn)(struct clew_slice key, struct clew_slice value, void *context),
                         void *context, struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        CLEW_BUFFER value = {0};
        struct clew_env *env = view->store->env;
        struct clew_shelf_state seen = {0};
        struct clew_shelf_state expected;
        int r = clew_scan_open(env, view->txn, CLEW_TABLE_SHELF, &scan, err);

        clew_buffer_init(&value, CLEW_SHELF_VALUE_MAX + 1);
        if (r == 0)
                r = prefix.len ? clew_scan_seek(&scan, prefix, err) : 0;
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                if (!clew_slice_starts_with(scan.key, prefix))
                        return 0;
                clew_shelf_count_in(&seen, scan.key, scan.value);
                clew_buffer_clear(&value);
                if (decode(scan.value, &value) < 0)
                        return damaged(env, scan.key, err);
                r = fn(scan.key, clew_buffer_slice(&value), context);
                if (r != 0)
                        return r;
        }
        if (r < 0 || prefix.len)
                return r;
        r = clew_shelf_state_read(env, view->txn, &expected, err);
        if (r == 0 && (seen.records != expected.records || seen.sum != expected.sum))
                return missing(env, &seen, &expected, err);
        return r;
}

int clew_view_holds_prove(struct clew_view *view, struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        struct clew_env *env = view->store->env;
        struct clew_shelf_state seen = {0};
        struct clew_shelf_state expected;
        int r = clew_scan_open(env, view->txn, CLEW_TABLE_SHELF, &scan, err);

        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1)
                clew_shelf_count_in(&seen, scan.key, scan.value);
        if (r == 0)
                r = clew_shelf_state_read(env, view->txn, &expected, err);
        if (r < 0)
                return r;
        return seen.records == expected.records && seen.sum == expected.sum
                       ? 0
                       : missing(env, &seen, &expected, err);
}

int clew_view_is_held(struct clew_view *view, const struct clew_trace_id *id,
                      struct clew_error *err)
{
        uint8_t key[1 + CLEW_TRACE_ID_BYTES] = {CLEW_SHELF_HOLD};
        struct clew_slice value;
        int r;

        memcpy(key + 1, id->bytes, sizeof(id->bytes));
        r = clew_table_get(view->store->env, view->txn, CLEW_TABLE_SHELF,
                           clew_slice_make(key, sizeof(key)), &value, err);
        return r == -ENOENT ? 0 : r < 0 ? r : 1;
}
