/*
 * Giving disk back to the system; storage/keep.h.
 *
 * LMDB's file never shrinks: what is deleted leaves free pages in it. So the records are copied, in
 * the order of their keys, into a file without any, which is verified and takes the old one's
 * place. At that moment nobody may have the store open, and nothing may have been committed since
 * the copy began; else it begins again.
 */
#include "storage/keep/bulk-int.h"

#include "storage/base/directory-int.h"
#include "storage/base/env-struct-int.h"
#include "storage/base/meta-pages-int.h"
#include "storage/base/own-file-int.h"
#include "storage/index/catalog-keys-int.h"
#include "storage/index/repair-int.h"
#include "storage/keep.h"
#include "storage/source/store-int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Times that somebody may write meanwhile. */
#define TRIES_MAX 3

struct compact {
        const char *dir;
        int dir_fd;
        int collector_fd;
        struct clew_bulk bulk;
        struct clew_compact_report *report;
        uint64_t txn_id; /* of what was copied */
        bool is_mended;  /* its indexes were looked at, and what was damaged of them dropped */
};

static int check_space(struct compact *c, struct clew_store *store, MDB_txn *txn,
                       struct clew_error *err)
{
        struct clew_store_stats pages = {0};
        struct statvfs fs;
        uint64_t available;
        int r = clew_env_pages(store->env, txn, &pages, err);

        if (r < 0)
                return r;
        c->report->before_bytes = pages.file_bytes;
        if (fstatvfs(c->dir_fd, &fs) < 0)
                return 0;
        available = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
        if (available >= pages.used_bytes)
                return 0;
        return clew_error_set(err, -ENOSPC, 0,
                              "store %s: the new file needs %llu MiB beside the old one, and %llu "
                              "MiB are free; free disk space first",
                              c->dir, (unsigned long long)(pages.used_bytes >> 20) + 1,
                              (unsigned long long)(available >> 20));
}

/* A block that no head tells of is left over; damage alone can have kept it. 1, 0, or an error. */
static int is_left_over(struct clew_store *store, MDB_txn *txn, const struct clew_scan *scan)
{
        struct clew_error ignored;
        struct clew_slice value;
        struct clew_key head;
        uint64_t run;
        int r;

        if (scan->table != CLEW_TABLE_INDEX ||
            clew_index_key_read(scan->key, &run) != CLEW_INDEX_KEY_BLOCK)
                return -EBADMSG;
        head = clew_index_key_head(run);
        r = clew_table_peek(store->env, txn, CLEW_TABLE_INDEX, clew_key_slice(&head), &value,
                            &ignored);
        return r == -ENOENT ? 1 : r < 0 ? r : 0;
}

static int copy_table(struct compact *c, struct clew_store *store, MDB_txn *txn,
                      enum clew_table table, struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        int r = clew_scan_open(store->env, txn, table, &scan, err);

        while (r >= 0 && (r = clew_scan_next(&scan, err)) != 0) {
                struct clew_slice stored = scan.value;

                if (r == -EBADMSG && is_left_over(store, txn, &scan) == 1) {
                        r = 0;
                        continue;
                }
                if (r < 0)
                        break;
                stored.len += CLEW_TABLE_CHECK_BYTES; /* it stands behind the value */
                r = clew_bulk_put(&c->bulk, table, scan.key, stored, err);
                c->report->records++;
        }
        return r;
}

static int copy(struct compact *c, struct clew_error *err)
{
        const struct clew_store_options options = {.mode = CLEW_STORE_READ};
        struct clew_store *store = NULL;
        MDB_txn *txn = NULL;
        int r = clew_store_open(c->dir, &options, &store, err);

        if (r < 0)
                return r;
        c->report->records = 0;
        r = clew_txn_begin_read(store->env, &txn, err);
        if (r == 0)
                r = check_space(c, store, txn, err);
        if (r == 0)
                r = clew_bulk_open(&c->bulk, c->dir, c->dir_fd, err);
        if (r == 0)
                c->txn_id = mdb_txn_id(txn);
        for (int t = 0; r == 0 && t < CLEW_TABLES; t++)
                r = copy_table(c, store, txn, (enum clew_table)t, err);
        if (txn)
                r = clew_txn_check(store->env, txn, r, err);
        clew_txn_end_read(store->env, txn);
        clew_store_close(store);
        return r < 0 ? r : clew_bulk_finish(&c->bulk, err);
}

/* Whether the data file is still at the commit that was copied. Nobody has it open. */
static bool is_unchanged(const struct compact *c)
{
        struct clew_error ignored;
        uint64_t ids[2] = {0, 0};
        int fd;
        bool same = false;

        if (clew_own_file_open(c->dir, c->dir_fd, CLEW_DATA_FILE, O_RDONLY, &fd, &ignored) < 0)
                return false;
        if (clew_meta_txn_ids(fd, ids))
                same = (ids[0] > ids[1] ? ids[0] : ids[1]) == c->txn_id;
        close(fd);
        return same;
}

/* 1 = somebody has written meanwhile. */
static int replace(struct compact *c, struct clew_error *err)
{
        struct stat st;
        int seized_fd = -1;
        int r = clew_directory_seize(c->dir, c->dir_fd, &seized_fd, err);

        if (r < 0)
                return r;
        if (!is_unchanged(c))
                r = 1;
        else
                r = clew_bulk_install(&c->bulk, 0, err);
        if (r == 0 && fstatat(c->dir_fd, CLEW_DATA_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0)
                c->report->after_bytes = (uint64_t)st.st_size;
        close(seized_fd);
        return r;
}

/* What is damaged of the indexes can be made anew, and is no reason to refuse. 1 = something was
 * dropped: once more. */
static int mend(struct compact *c)
{
        const struct clew_store_options options = {.mode = CLEW_STORE_WRITE};
        struct clew_store *store = NULL;
        struct clew_error ignored;
        uint32_t dropped = 0;
        int r;

        if (c->is_mended)
                return 0;
        c->is_mended = true;
        r = clew_store_open(c->dir, &options, &store, &ignored);
        if (r == 0)
                r = clew_index_repair(store->env, NULL, NULL, false, &dropped, &ignored);
        clew_store_close(store);
        c->report->index_dropped += dropped;
        return r == 0 && dropped > 0;
}

static int once(struct compact *c, struct clew_error *err)
{
        int r = copy(c, err);

        if (r == -EBADMSG && mend(c) == 1) {
                clew_bulk_deinit(&c->bulk);
                return 1;
        }
        if (r == -EBADMSG)
                clew_error_prefix(err, "the store is damaged (clew doctor --repair): ");
        if (r == 0)
                r = clew_bulk_verify(&c->bulk, "the store (clew doctor --repair)", err);
        if (r == 0)
                r = replace(c, err);
        clew_bulk_deinit(&c->bulk);
        return r;
}

int clew_store_compact(const char *dir, struct clew_compact_report *ret, struct clew_error *err)
{
        struct clew_compact_report report = {0};
        struct compact c = {.dir = dir, .dir_fd = -1, .collector_fd = -1, .report = &report};
        int r = clew_own_directory_open(dir, &c.dir_fd, err);

        if (r == -ENOENT)
                return clew_error_set(err, r, 0, "store %s: does not exist", dir);
        if (r == 0)
                r = clew_directory_lock(dir, c.dir_fd, &c.collector_fd, err);
        if (r == 0)
                r = 1;
        for (int i = 0; r == 1 && i < TRIES_MAX; i++)
                r = once(&c, err);
        if (r == 1)
                r = clew_error_set(err, -EBUSY, 0,
                                   "store %s: other programs write to it; try again when they have "
                                   "ended",
                                   dir);
        if (c.collector_fd >= 0)
                close(c.collector_fd);
        if (c.dir_fd >= 0)
                close(c.dir_fd);
        *ret = report;
        return r;
}
