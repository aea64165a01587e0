/*
 * Checksummed records over LMDB databases; storage/env-int.h.
 */
#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "storage/base/env-int.h"
#include "storage/base/env-struct-int.h"
#include "storage/base/index-table-int.h"
#include "storage/base/page-int.h"

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

int clew_table_raw_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *k, MDB_val *v)
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
 * or read from, another place is taken for what should be there. NULL = a dirty page of a write
 * transaction, or nobody knows.
 */
static const uint8_t *page_of(const struct clew_env *env, const void *p)
{
        uintptr_t from = atomic_load_explicit(&env->map_from, memory_order_relaxed);
        uintptr_t at = (uintptr_t)p;

        if (!from || at < from || at >= atomic_load_explicit(&env->map_to, memory_order_relaxed))
                return NULL;
        return (const uint8_t *)p - (at - from) % env->page_bytes;
}

static bool in_own_page(const struct clew_env *env, const void *p)
{
        const uint8_t *page = page_of(env, p);
        uint64_t number;

        if (!page)
                return true;
        number = ((uintptr_t)page - atomic_load_explicit(&env->map_from, memory_order_relaxed)) /
                 env->page_bytes;
        return clew_page_number(page) == number;
}

/* Whether a value begins its pages, and these are as many as it needs. */
static bool is_big(const struct clew_env *env, const uint8_t *page, uint16_t want, MDB_val v)
{
        return clew_page_flags(page) == want &&
               clew_page_run(page) == clew_page_run_of(v.mv_size, env->page_bytes);
}

/* A value lies in its own page, with other nodes, or begins pages of its own. What LMDB says of its
 * length stands in the page, and may lead out of the file. */
static bool in_place(const struct clew_env *env, MDB_val v)
{
        const uint8_t *page = page_of(env, v.mv_data);
        size_t at;

        if (!page)
                return true;
        at = (size_t)((const uint8_t *)v.mv_data - page);
        if (!in_own_page(env, v.mv_data))
                return false;
        return at == CLEW_PAGE_HEADER ? is_big(env, page, CLEW_PAGE_OVERFLOW, v)
                                      : v.mv_size <= env->page_bytes - at;
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

static MDB_dbi dbi_of(const struct clew_env *env, MDB_txn *txn, enum clew_table table)
{
        return table == CLEW_TABLE_INDEX ? clew_index_table_of(env, txn) : env->dbi[table];
}

static int raw_get(const struct clew_env *env, MDB_txn *txn, enum clew_table table, MDB_val *k,
                   MDB_val *v)
{
        int rc = clew_table_raw_get(txn, dbi_of(env, txn, table), k, v);

        /* LMDB's word for a table that came after the snapshot. */
        return table == CLEW_TABLE_INDEX && rc == EINVAL ? MDB_CORRUPTED : rc;
}

/*
 * LMDB frees the pages of a large value by the numbers that stand in its node and in its first
 * page. With one that does not verify they may be those of something else: it is left where it is,
 * and the table is given up. Of indexes alone, which can be.
 */
static bool is_loose(struct clew_env *env, enum clew_table table, MDB_val k, MDB_val v)
{
        const uint8_t *data = v.mv_data;
        const uint8_t *page = page_of(env, data);
        struct clew_slice ignored;

        if (table != CLEW_TABLE_INDEX)
                return false;
        if (page && !in_place(env, v))
                return true;
        if (page ? data - page != (ptrdiff_t)CLEW_PAGE_HEADER
                 : data == (const uint8_t *)k.mv_data + k.mv_size)
                return false; /* in the page of its node */
        /* The number may lead to a page that the transaction has changed, of whatever. */
        return (!page &&
                !is_big(env, data - CLEW_PAGE_HEADER, CLEW_PAGE_OVERFLOW | CLEW_PAGE_DIRTY, v)) ||
               !clew_record_check(slice_of(k), slice_of(v), &ignored);
}

/* @k becomes the key that stands in the node. */
static int find_node(struct clew_env *env, MDB_txn *txn, enum clew_table table, MDB_val *k,
                     MDB_val *v)
{
        MDB_cursor *cursor;
        int rc = mdb_cursor_open(txn, dbi_of(env, txn, table), &cursor);

        if (rc != 0)
                return rc == EINVAL ? MDB_CORRUPTED : rc;
        rc = cursor_get(cursor, k, v, MDB_SET_KEY);
        mdb_cursor_close(cursor);
        return rc;
}

/* Before a record is put or deleted: 0, or LMDB's result. */
static int may_change(struct clew_env *env, MDB_txn *txn, enum clew_table table, MDB_val k)
{
        MDB_val v = {0};
        int rc;

        if (table != CLEW_TABLE_INDEX)
                return 0;
        rc = find_node(env, txn, table, &k, &v);
        if (rc == 0 && is_loose(env, table, k, v)) {
                clew_index_table_condemn(env);
                return MDB_CORRUPTED;
        }
        return rc == MDB_NOTFOUND ? 0 : rc;
}

/* What is stored under a key, from its own page, and not verified. */
static int fetch(struct clew_env *env, MDB_txn *txn, enum clew_table table, struct clew_slice key,
                 struct clew_slice *ret, struct clew_error *err)
{
        MDB_val k = val_of(key);
        MDB_val v = {0};
        int r = table == CLEW_TABLE_INDEX && clew_env_has(env, table)
                        ? clew_index_table_check_range(env, txn, key, key, err)
                        : 0;
        int rc;

        if (r < 0)
                return r;
        rc = clew_env_has(env, table) ? raw_get(env, txn, table, &k, &v) : MDB_NOTFOUND;
        clew_env_touched(env, rc == 0 ? slice_of(v) : CLEW_SLICE_NULL, true);
        if (rc != 0)
                return clew_env_error(env, rc, "reading", err);
        if (!in_place(env, v))
                return damaged(env, table, key, MISPLACED, err);
        *ret = slice_of(v);
        return 0;
}

int clew_table_get(struct clew_env *env, MDB_txn *txn, enum clew_table table, struct clew_slice key,
                   struct clew_slice *ret, struct clew_error *err)
{
        struct clew_slice stored = CLEW_SLICE_NULL;
        int r = fetch(env, txn, table, key, &stored, err);

        if (r < 0)
                return r;
        return clew_record_check(key, stored, ret) ? 0 : damaged(env, table, key, "checksum", err);
}

int clew_table_peek(struct clew_env *env, MDB_txn *txn, enum clew_table table,
                    struct clew_slice key, struct clew_slice *ret, struct clew_error *err)
{
        return fetch(env, txn, table, key, ret, err);
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
        rc = may_change(env, txn, table, k);
        if (rc == 0)
                rc = mdb_put(txn, dbi_of(env, txn, table), &k, &v, MDB_RESERVE);
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
        rc = mdb_put(txn, dbi_of(env, txn, table), &k, &v, behind ? MDB_APPEND : 0);
        return rc == MDB_KEYEXIST ? -EEXIST : clew_env_error(env, rc, "writing", err);
}

int clew_table_delete(struct clew_env *env, MDB_txn *txn, enum clew_table table,
                      struct clew_slice key, struct clew_error *err)
{
        MDB_val k = val_of(key);
        int rc = may_change(env, txn, table, k);

        if (rc == 0)
                rc = mdb_del(txn, dbi_of(env, txn, table), &k, NULL);
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
        rc = mdb_stat(txn, dbi_of(env, txn, table), &st);
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
        if (table == CLEW_TABLE_INDEX && !clew_index_table_is_read_only(env)) {
                int r = clew_index_table_check(env, txn, err);

                if (r < 0)
                        return r;
        }
        rc = mdb_cursor_open(txn, dbi_of(env, txn, table), &cursor);
        rc = rc == EINVAL ? MDB_CORRUPTED : rc;
        if (rc != 0)
                return clew_env_error(env, rc, "opening a cursor", err);
        *ret = (struct clew_scan){.env = env,
                                  .cursor = cursor,
                                  .table = table,
                                  .is_looked_at = !clew_index_table_is_read_only(env)};
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

/* Before LMDB goes from @from (no data: from the beginning) to the end of indexes that are only
 * read. */
static int look_ahead(struct clew_scan *scan, struct clew_slice from, struct clew_error *err)
{
        MDB_txn *txn = scan->cursor ? mdb_cursor_txn(scan->cursor) : NULL;
        int r = 0;

        if (scan->table != CLEW_TABLE_INDEX || scan->is_looked_at || !txn)
                return 0;
        if (!from.data)
                r = clew_index_table_check(scan->env, txn, err);
        else
                r = clew_index_table_check_range(scan->env, txn, from, CLEW_SLICE_NULL, err);
        scan->is_looked_at = r == 0;
        return r;
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
        scan->is_looked_at = !clew_index_table_is_read_only(scan->env);
        r = look_ahead(scan, key, err);
        if (r < 0)
                return r;
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
        r = look_ahead(scan, CLEW_SLICE_NULL, err);
        if (r < 0)
                return r;
        r = 1;
        if (!scan->positioned)
                r = take(scan, cursor_get(scan->cursor, &k, &v, MDB_NEXT), k, v, err);
        scan->positioned = false;
        if (r == 1 &&
            (!in_own_page(scan->env, scan->key.data) || !in_place(scan->env, val_of(scan->value))))
                return damaged(scan->env, scan->table, scan->key, MISPLACED, err);
        if (r == 1 && !keys_rise(scan))
                return damaged(scan->env, scan->table, scan->key, "order", err);
        if (r == 1 && !scan->unchecked && !clew_record_check(scan->key, scan->value, &scan->value))
                return damaged(scan->env, scan->table, scan->key, "checksum", err);
        return r;
}

bool clew_scan_is_loose(const struct clew_scan *scan)
{
        return is_loose(scan->env, scan->table, val_of(scan->key), val_of(scan->value));
}

int clew_scan_delete(struct clew_scan *scan, struct clew_error *err)
{
        bool loose = clew_scan_is_loose(scan);
        int rc = loose ? MDB_CORRUPTED : mdb_cursor_del(scan->cursor, 0);

        if (loose)
                clew_index_table_condemn(scan->env);
        scan->positioned = false;
        clew_env_touched(scan->env, CLEW_SLICE_NULL, true);
        return clew_env_error(scan->env, rc, "deleting", err);
}
