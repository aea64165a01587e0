/*
 * Checksummed records over LMDB databases; storage/env-int.h.
 */
#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "storage/base/env-int.h"
#include "storage/base/env-struct-int.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#define MISPLACED "page of another place"
#define NAME_KEY_MAX 24u /* key bytes shown in a record's name: a trace id and its sequence */

static MDB_val val_of(struct clew_slice s)
{
        MDB_val v = {.mv_size = s.len};

        memcpy(&v.mv_data, &s.data, sizeof(v.mv_data)); /* LMDB does not write through keys */
        return v;
}

static struct clew_slice slice_of(MDB_val v)
{
        return clew_slice_make(v.mv_data, v.mv_size);
}

/* ---- reading ----------------------------------------------------------------------------------
 *
 * LMDB ends the program where a page of a tree is not what it must be. Reading takes no lock and no
 * memory, so it is left from the middle instead, and is an error like other damage. Writing is not.
 */
static _Thread_local jmp_buf *way_out;

void clew_table_assertion_failed(MDB_env *env, const char *message)
{
        (void)env;
        (void)message;
        if (way_out)
                longjmp(*way_out, 1);
}

static int get(MDB_txn *txn, MDB_dbi dbi, MDB_val *k, MDB_val *v)
{
        jmp_buf here;
        int rc;

        way_out = &here;
        rc = setjmp(here) == 0 ? mdb_get(txn, dbi, k, v) : MDB_CORRUPTED;
        way_out = NULL;
        return rc;
}

static int cursor_get(MDB_cursor *cursor, MDB_val *k, MDB_val *v, MDB_cursor_op op)
{
        jmp_buf here;
        int rc;

        way_out = &here;
        rc = setjmp(here) == 0 ? mdb_cursor_get(cursor, k, v, op) : MDB_CORRUPTED;
        way_out = NULL;
        return rc;
}

void clew_record_name(enum clew_table table, struct clew_slice key, char *ret, size_t ret_size)
{
        char hex[2 * NAME_KEY_MAX + 1];

        if (key.len > NAME_KEY_MAX)
                key.len = NAME_KEY_MAX;
        clew_hex_encode(key, hex);
        snprintf(ret, ret_size, "%s %s", clew_table_name(table), hex);
}

static int damaged(struct clew_env *env, enum clew_table table, struct clew_slice key,
                   const char *what, struct clew_error *err)
{
        char name[96];

        clew_record_name(table, key, name, sizeof(name));
        return clew_error_set(err, -EBADMSG, 0,
                              "store %s: record %s is damaged (%s); see clew doctor --verify",
                              env->dir, name, what);
}

/*
 * Each page of LMDB begins with its number. It does not look at it, so a page that was written to,
 * or read from, another place is taken for what should be there.
 */
static bool in_own_page(const struct clew_env *env, const void *p)
{
        uintptr_t from = atomic_load_explicit(&env->map_from, memory_order_relaxed);
        uintptr_t at = (uintptr_t)p;
        uint64_t number;
        uint64_t written;

        if (!from || at < from || at >= atomic_load_explicit(&env->map_to, memory_order_relaxed))
                return true; /* a dirty page of a write transaction */
        number = (at - from) / env->page_bytes;
        memcpy(&written, (const void *)(from + number * env->page_bytes), sizeof(written));
        return written == number;
}

bool clew_record_check(struct clew_slice key, struct clew_slice stored, struct clew_slice *ret)
{
        uint64_t sum;

        if (stored.len < CLEW_TABLE_CHECK_BYTES)
                return false;
        stored.len -= CLEW_TABLE_CHECK_BYTES;
        memcpy(&sum, stored.data + stored.len, sizeof(sum));
        if (sum != clew_checksum(key, stored))
                return false;
        *ret = stored;
        return true;
}

int clew_table_get(struct clew_env *env, MDB_txn *txn, enum clew_table table, struct clew_slice key,
                   struct clew_slice *ret, struct clew_error *err)
{
        MDB_val k = val_of(key);
        MDB_val v = {0};
        int rc = clew_env_has(env, table) ? get(txn, env->dbi[table], &k, &v) : MDB_NOTFOUND;

        clew_env_touched(env, rc == 0 ? slice_of(v) : CLEW_SLICE_NULL, true);
        if (rc != 0)
                return clew_env_error(env, rc, "reading", err);
        if (!in_own_page(env, v.mv_data))
                return damaged(env, table, key, MISPLACED, err);
        if (!clew_record_check(key, slice_of(v), ret))
                return damaged(env, table, key, "checksum", err);
        return 0;
}

int clew_table_peek(struct clew_env *env, MDB_txn *txn, enum clew_table table,
                    struct clew_slice key, struct clew_slice *ret, struct clew_error *err)
{
        MDB_val k = val_of(key);
        MDB_val v = {0};
        int rc = clew_env_has(env, table) ? get(txn, env->dbi[table], &k, &v) : MDB_NOTFOUND;

        clew_env_touched(env, rc == 0 ? slice_of(v) : CLEW_SLICE_NULL, true);
        if (rc != 0)
                return clew_env_error(env, rc, "reading", err);
        if (!in_own_page(env, v.mv_data))
                return damaged(env, table, key, MISPLACED, err);
        *ret = slice_of(v);
        return 0;
}

int clew_table_put(struct clew_env *env, MDB_txn *txn, enum clew_table table, struct clew_slice key,
                   const struct clew_slice *parts, size_t n, struct clew_error *err)
{
        MDB_val k = val_of(key);
        MDB_val v = {0};
        struct clew_slice value;
        uint8_t *at;
        uint64_t sum;
        int rc;

        for (size_t i = 0; i < n; i++)
                v.mv_size += parts[i].len;
        value.len = v.mv_size;
        v.mv_size += CLEW_TABLE_CHECK_BYTES;
        clew_env_touched(env, CLEW_SLICE_NULL, true); /* the pages on the way to its place */
        rc = mdb_put(txn, env->dbi[table], &k, &v, MDB_RESERVE);
        if (rc != 0)
                return clew_env_error(env, rc, "writing", err);
        at = v.mv_data;
        value.data = at;
        for (size_t i = 0; i < n; i++) {
                if (parts[i].len)
                        memcpy(at, parts[i].data, parts[i].len);
                at += parts[i].len;
        }
        sum = clew_checksum(key, value);
        memcpy(at, &sum, sizeof(sum));
        return 0;
}

int clew_table_put_stored(struct clew_env *env, MDB_txn *txn, enum clew_table table,
                          struct clew_slice key, struct clew_slice stored, bool behind,
                          struct clew_error *err)
{
        MDB_val k = val_of(key);
        MDB_val v = val_of(stored);
        int rc;

        clew_env_touched(env, CLEW_SLICE_NULL, !behind);
        rc = mdb_put(txn, env->dbi[table], &k, &v, behind ? MDB_APPEND : 0);
        return rc == MDB_KEYEXIST ? -EEXIST : clew_env_error(env, rc, "writing", err);
}

int clew_table_delete(struct clew_env *env, MDB_txn *txn, enum clew_table table,
                      struct clew_slice key, struct clew_error *err)
{
        MDB_val k = val_of(key);
        int rc = mdb_del(txn, env->dbi[table], &k, NULL);

        clew_env_touched(env, CLEW_SLICE_NULL, true);
        return rc == MDB_NOTFOUND ? 0 : clew_env_error(env, rc, "deleting", err);
}

int clew_table_count(struct clew_env *env, MDB_txn *txn, enum clew_table table, uint64_t *ret,
                     struct clew_error *err)
{
        MDB_stat st;
        int rc;

        *ret = 0;
        if (!clew_env_has(env, table))
                return 0;
        rc = mdb_stat(txn, env->dbi[table], &st);
        if (rc == 0)
                *ret = st.ms_entries;
        return clew_env_error(env, rc, "counting records", err);
}

int clew_scan_open(struct clew_env *env, MDB_txn *txn, enum clew_table table, struct clew_scan *ret,
                   struct clew_error *err)
{
        MDB_cursor *cursor = NULL;
        int rc;

        if (!clew_env_has(env, table)) {
                *ret = (struct clew_scan){.env = env, .table = table, .at_end = true};
                return 0;
        }
        rc = mdb_cursor_open(txn, env->dbi[table], &cursor);
        if (rc != 0)
                return clew_env_error(env, rc, "opening a cursor", err);
        *ret = (struct clew_scan){.env = env, .cursor = cursor, .table = table};
        return 0;
}

void clew_scan_close(struct clew_scan *scan)
{
        if (scan->cursor)
                mdb_cursor_close(scan->cursor);
        scan->cursor = NULL;
}

static int take(struct clew_scan *scan, int rc, MDB_val k, MDB_val v, struct clew_error *err)
{
        uintptr_t page;

        if (rc == MDB_NOTFOUND) {
                scan->at_end = true;
                return 0;
        }
        if (rc != 0)
                return clew_env_error(scan->env, rc, "walking", err);
        scan->key = slice_of(k);
        scan->value = slice_of(v);
        /* Neighbours in the order of keys are seldom neighbours in the file. */
        page = (uintptr_t)v.mv_data / scan->env->page_bytes;
        clew_env_touched(scan->env, scan->value, page - scan->page > 1);
        scan->page = page;
        return 1;
}

int clew_scan_seek(struct clew_scan *scan, struct clew_slice key, struct clew_error *err)
{
        MDB_val k = val_of(key);
        MDB_val v = {0};
        int r;

        if (!scan->cursor)
                return 0;
        scan->at_end = false;
        scan->last_key_len = 0;
        r = take(scan, cursor_get(scan->cursor, &k, &v, MDB_SET_RANGE), k, v, err);
        scan->positioned = r == 1;
        return r < 0 ? r : 0;
}

/* Notes the key just reached; false when it does not come after the one before. */
static bool keys_rise(struct clew_scan *scan)
{
        struct clew_slice last = clew_slice_make(scan->last_key, scan->last_key_len);

        if (scan->key.len > sizeof(scan->last_key) ||
            (last.len && clew_slice_cmp(last, scan->key) >= 0))
                return false;
        memcpy(scan->last_key, scan->key.data, scan->key.len);
        scan->last_key_len = scan->key.len;
        return true;
}

int clew_scan_next(struct clew_scan *scan, struct clew_error *err)
{
        MDB_val k = {0};
        MDB_val v = {0};
        int r = 1;

        if (scan->at_end)
                return 0;
        if (!scan->positioned)
                r = take(scan, cursor_get(scan->cursor, &k, &v, MDB_NEXT), k, v, err);
        scan->positioned = false;
        if (r == 1 &&
            (!in_own_page(scan->env, scan->key.data) || !in_own_page(scan->env, scan->value.data)))
                return damaged(scan->env, scan->table, scan->key, MISPLACED, err);
        if (r == 1 && !keys_rise(scan))
                return damaged(scan->env, scan->table, scan->key, "order", err);
        if (r == 1 && !scan->unchecked && !clew_record_check(scan->key, scan->value, &scan->value))
                return damaged(scan->env, scan->table, scan->key, "checksum", err);
        return r;
}

int clew_scan_delete(struct clew_scan *scan, struct clew_error *err)
{
        int rc = mdb_cursor_del(scan->cursor, 0);

        scan->positioned = false;
        clew_env_touched(scan->env, CLEW_SLICE_NULL, true);
        return clew_env_error(scan->env, rc, "deleting", err);
}
