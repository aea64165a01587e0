/*
 * Wiping what is kept of a bucket: pages that LMDB has freed are written over with zeros, in place,
 * under its write lock. Bytes of segments lie in pages of their own (tier-map.c), so nothing of
 * them is left in pages that are in use.
 */
#include "storage/tier/tier-map-int.h"
#include "storage/tier/tier-map-struct-int.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES_MAX 65536u
/* Readers are short: how long they are waited for, a second. */
#define POLLS 100u
#define POLL_NS 10000000

struct oldest {
        uint64_t txn;
};

/* Lines of LMDB's list of readers: process, thread, transaction or a dash. */
static int keep_oldest(const char *line, void *context)
{
        struct oldest *o = context;
        char thread[32];
        uint64_t txn;
        int pid;

        if (sscanf(line, "%d %31s %" SCNu64, &pid, thread, &txn) == 3 && txn < o->txn)
                o->txn = txn;
        return 0;
}

/* Two commits later nothing that LMDB could go back to leads to what was freed before. */
static int commit_twice(struct clew_tier_map *m, struct clew_error *err)
{
        int r = clew_tier_map_put_number(m, "wiped", 1, err);

        return r == 0 ? clew_tier_map_put_number(m, "wiped", 2, err) : r;
}

static int clear_page(int fd, uint64_t page, size_t n)
{
        static const uint8_t zeros[PAGE_BYTES_MAX];
        size_t done = 0;

        while (done < n) {
                ssize_t put = pwrite(fd, zeros, n - done, (off_t)(page * n + done));

                if (put < 0 && errno == EINTR)
                        continue;
                if (put <= 0)
                        return put < 0 ? -errno : -EIO;
                done += (size_t)put;
        }
        return 0;
}

/* Those of one record of the free list that lie within the file. */
static int clear_pages(MDB_val value, int fd, uint64_t last_page, size_t page_bytes)
{
        size_t n = value.mv_size / sizeof(size_t);
        int r = 0;

        for (size_t i = 1; r == 0 && i < n; i++) {
                size_t page;

                memcpy(&page, (const uint8_t *)value.mv_data + i * sizeof(page), sizeof(page));
                if (page >= 2 && page <= last_page)
                        r = clear_page(fd, page, page_bytes);
        }
        return r;
}

/* With the write lock held, and @txn a reader's. */
static int clear_free(struct clew_tier_map *m, MDB_txn *txn, uint64_t oldest, bool *ret_all)
{
        MDB_cursor *cursor = NULL;
        MDB_envinfo info;
        MDB_stat st;
        MDB_val key;
        MDB_val value;
        int fd;
        int rc = mdb_env_info(m->env, &info);

        if (rc == 0)
                rc = mdb_env_stat(m->env, &st);
        if (rc == 0)
                rc = mdb_env_get_fd(m->env, &fd);
        if (rc == 0 && st.ms_psize > PAGE_BYTES_MAX)
                rc = ENOTSUP;
        if (rc == 0)
                rc = mdb_cursor_open(txn, 0, &cursor);
        while (rc == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
                size_t freed_by;

                if (key.mv_size != sizeof(freed_by) || value.mv_size < sizeof(size_t))
                        continue;
                memcpy(&freed_by, key.mv_data, sizeof(freed_by));
                if (freed_by < oldest)
                        rc = -clear_pages(value, fd, info.me_last_pgno, st.ms_psize);
                else
                        *ret_all = *ret_all && freed_by + 1 >= mdb_txn_id(txn);
        }
        if (cursor)
                mdb_cursor_close(cursor);
        if (rc == MDB_NOTFOUND)
                rc = fdatasync(fd) < 0 ? errno : 0;
        return rc;
}

int clew_tier_map_wipe(struct clew_tier_map *m, bool *ret_all, struct clew_error *err)
{
        struct oldest oldest = {.txn = UINT64_MAX};
        MDB_txn *lock = NULL;
        MDB_txn *txn = NULL;
        int stale;
        int rc = 0;
        int r = commit_twice(m, err);

        *ret_all = false;
        if (r < 0)
                return r;
        (void)mdb_reader_check(m->env, &stale);
        for (unsigned i = 0; i < POLLS; i++) {
                static const struct timespec pause = {.tv_nsec = POLL_NS};

                oldest.txn = UINT64_MAX;
                if (mdb_reader_list(m->env, keep_oldest, &oldest) < 0 || oldest.txn == UINT64_MAX)
                        break;
                nanosleep(&pause, NULL);
        }
        rc = mdb_txn_begin(m->env, NULL, 0, &lock);
        if (rc == 0)
                rc = mdb_txn_begin(m->env, NULL, MDB_RDONLY, &txn);
        if (rc == 0) {
                uint64_t last = mdb_txn_id(txn);

                /* Who has begun since, below the lock, sees the last commit. */
                *ret_all = true;
                rc = clear_free(m, txn, oldest.txn < last ? oldest.txn : last, ret_all);
        }
        if (txn)
                mdb_txn_abort(txn);
        if (lock)
                mdb_txn_abort(lock);
        if (rc != 0)
                *ret_all = false;
        return rc == 0 ? 0 : clew_tier_map_fail(m, rc, "wiping", err);
}
