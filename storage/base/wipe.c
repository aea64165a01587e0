#include "storage/base/wipe-int.h"

#include "proto/base/mem.h"
#include "storage/base/env-struct-int.h"
#include "storage/base/page-int.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Pages of one step: their marks fit here, and looking at them takes some milliseconds. */
#define STEP_PAGES 8192u
/* Pages that one step writes. */
#define STEP_WRITES 2048u

enum mark { IN_USE, FREE, HELD };

struct pass {
        struct clew_env *env;
        struct clew_wipe *w;
        int fd;
        size_t page_bytes;
        uint64_t last_page;
        uint32_t n_writes;
        uint8_t marks[STEP_PAGES];
        uint8_t page[CLEW_PAGE_BYTES_MAX];
        uint8_t tail[CLEW_PAGE_BYTES_MAX];
};

static int read_at(struct pass *p, uint64_t offset, uint8_t *room, size_t n, struct clew_error *err)
{
        ssize_t got = clew_page_read(p->fd, offset, room, n);

        if (got < 0)
                return clew_error_set(err, -errno, 0, "store %s: reading a page: %s", p->env->dir,
                                      strerror(errno));
        memset(room + got, 0, n - (size_t)got); /* behind the end: nothing is there */
        return 0;
}

static bool is_zero(const uint8_t *at, size_t n)
{
        return n == 0 || (at[0] == 0 && memcmp(at, at + 1, n - 1) == 0);
}

/* Writes zeros over @n bytes, if they are not. @at is what is there now, changed with it. */
static int clear(struct pass *p, uint64_t offset, uint8_t *at, size_t n, struct clew_error *err)
{
        size_t done = 0;

        if (is_zero(at, n))
                return 0;
        memset(at, 0, n);
        while (done < n) {
                ssize_t put = pwrite(p->fd, at + done, n - done, (off_t)(offset + done));

                if (put < 0 && errno == EINTR)
                        continue;
                if (put <= 0)
                        return clew_error_set(err, put < 0 ? -errno : -EIO, 0,
                                              "store %s: wiping a page: %s", p->env->dir,
                                              strerror(put < 0 ? errno : EIO));
                done += (size_t)put;
        }
        p->n_writes++;
        p->w->n_wiped++;
        return 0;
}

/* ---- what is free ---------------------------------------------------------------------------- */

/* Marks those of one record of the free list that lie in the step. */
static void mark(struct pass *p, MDB_val value, enum mark as)
{
        size_t n = value.mv_size / sizeof(size_t);
        const uint8_t *at = value.mv_data;

        for (size_t i = 1; i < n; i++) {
                size_t page;

                memcpy(&page, at + i * sizeof(page), sizeof(page));
                if (page >= p->w->page && page - p->w->page < STEP_PAGES)
                        p->marks[page - p->w->page] = (uint8_t)as;
        }
}

static int mark_free(struct pass *p, MDB_txn *txn, uint64_t oldest, struct clew_error *err)
{
        MDB_cursor *cursor = NULL;
        MDB_val key;
        MDB_val value;
        int rc = mdb_cursor_open(txn, 0, &cursor);

        memset(p->marks, IN_USE, sizeof(p->marks));
        while (rc == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
                size_t freed_by;

                if (key.mv_size != sizeof(freed_by) || value.mv_size < sizeof(size_t))
                        continue;
                memcpy(&freed_by, key.mv_data, sizeof(freed_by));
                mark(p, value, freed_by < oldest ? FREE : HELD);
        }
        if (cursor)
                mdb_cursor_close(cursor);
        return rc == MDB_NOTFOUND ? 0 : clew_env_error(p->env, rc, "reading the free list", err);
}

/* ---- pages of trees -------------------------------------------------------------------------- */

/* Behind the last byte of a large value. */
static int clear_behind(struct pass *p, uint64_t page, uint64_t n, struct clew_error *err)
{
        uint64_t end = page * p->page_bytes + CLEW_PAGE_HEADER + n;
        size_t left = (size_t)(p->page_bytes - end % p->page_bytes) % p->page_bytes;
        int r;

        if (page > p->last_page || end / p->page_bytes > p->last_page || left == 0)
                return 0;
        r = read_at(p, end, p->tail, left, err);
        return r < 0 ? r : clear(p, end, p->tail, left, err);
}

static int clear_behind_values(struct pass *p, size_t lower, struct clew_error *err)
{
        int r = 0;

        for (size_t at = CLEW_PAGE_HEADER; r == 0 && at + 2 <= lower; at += 2) {
                size_t node = clew_page_get16(p->page + at);
                size_t data;

                if (node + CLEW_NODE_HEADER > p->page_bytes)
                        continue;
                data = node + CLEW_NODE_HEADER + clew_node_key(p->page + node).len;
                if (!(clew_node_flags(p->page + node) & CLEW_NODE_BIG) ||
                    data + sizeof(uint64_t) > p->page_bytes)
                        continue;
                r = clear_behind(p, clew_node_value_page(p->page + node),
                                 clew_node_value_len(p->page + node), err);
        }
        return r;
}

/* @ret is how many pages it takes. */
static int clear_used(struct pass *p, uint64_t number, uint64_t *ret, struct clew_error *err)
{
        uint64_t offset = number * p->page_bytes;
        size_t lower;
        size_t upper;
        uint64_t own;
        uint32_t n;
        uint16_t flags;
        int r = read_at(p, offset, p->page, p->page_bytes, err);

        *ret = 1;
        if (r < 0)
                return r;
        own = clew_page_number(p->page);
        n = clew_page_run(p->page);
        flags = clew_page_flags(p->page);
        lower = clew_page_lower(p->page);
        upper = clew_page_upper(p->page);
        if (own == number && flags & CLEW_PAGE_OVERFLOW && n > 0) {
                *ret = n;
                return 0;
        }
        if (own != number || !(flags & (CLEW_PAGE_BRANCH | CLEW_PAGE_LEAF)) ||
            lower < CLEW_PAGE_HEADER || lower > upper || upper > p->page_bytes) {
                p->w->n_strange++;
                return 0;
        }
        r = clear(p, offset + lower, p->page + lower, upper - lower, err);
        if (r == 0 && flags & CLEW_PAGE_LEAF)
                r = clear_behind_values(p, lower, err);
        return r;
}

static int clear_free(struct pass *p, uint64_t number, struct clew_error *err)
{
        uint64_t offset = number * p->page_bytes;
        int r = read_at(p, offset, p->page, p->page_bytes, err);

        return r < 0 ? r : clear(p, offset, p->page, p->page_bytes, err);
}

/* Only looks: a snapshot may need the page. What its commit freed last was in use before, and may
 * have a gap that no pass has met; another pass, behind another commit, finds it free. */
static int look_at_held(struct pass *p, uint64_t number, struct clew_error *err)
{
        uint16_t flags;
        size_t lower;
        size_t upper;
        int r = read_at(p, number * p->page_bytes, p->page, p->page_bytes, err);

        if (r < 0)
                return r;
        flags = clew_page_flags(p->page);
        lower = clew_page_lower(p->page);
        upper = clew_page_upper(p->page);
        p->w->n_held++;
        if (clew_page_number(p->page) != number || !(flags & (CLEW_PAGE_BRANCH | CLEW_PAGE_LEAF)) ||
            lower < CLEW_PAGE_HEADER || lower > upper || upper > p->page_bytes ||
            !is_zero(p->page + lower, upper - lower))
                p->w->n_unclean++;
        return 0;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static int clear_pages(struct pass *p, struct clew_error *err)
{
        uint64_t from = p->w->page;
        int r = 0;

        while (r == 0 && p->w->page <= p->last_page && p->w->page - from < STEP_PAGES &&
               p->n_writes < STEP_WRITES) {
                uint64_t n = 1;

                switch ((enum mark)p->marks[p->w->page - from]) {
                case FREE:
                        r = clear_free(p, p->w->page, err);
                        break;
                case HELD:
                        r = look_at_held(p, p->w->page, err);
                        break;
                case IN_USE:
                        r = clear_used(p, p->w->page, &n, err);
                        break;
                }
                p->w->page += n;
        }
        return r;
}

/* What an aborted transaction has left behind the last page. */
static int clear_end(struct pass *p, struct clew_error *err)
{
        uint64_t offset = (p->last_page + 1) * p->page_bytes;
        struct stat st;
        int r = 0;

        if (fstat(p->fd, &st) < 0)
                return clew_error_set(err, -errno, 0, "store %s: %s", p->env->dir, strerror(errno));
        for (; r == 0 && offset < (uint64_t)st.st_size; offset += p->page_bytes) {
                uint64_t left = (uint64_t)st.st_size - offset;
                size_t n = left < p->page_bytes ? (size_t)left : p->page_bytes;

                r = read_at(p, offset, p->page, n, err);
                if (r == 0)
                        r = clear(p, offset, p->page, n, err);
        }
        return r;
}

static int wipe(struct pass *p, MDB_txn *txn, struct clew_error *err)
{
        MDB_envinfo info;
        uint64_t oldest = clew_env_oldest_reader(p->env, NULL);
        uint64_t last = mdb_txn_id(txn);
        int rc = mdb_env_info(p->env->lmdb, &info);
        int r;

        if (rc == 0)
                rc = mdb_env_get_fd(p->env->lmdb, &p->fd);
        if (rc != 0)
                return clew_env_error(p->env, rc, "wiping", err);
        p->last_page = info.me_last_pgno;
        if (p->w->page < CLEW_PAGE_FIRST) {
                p->w->page = CLEW_PAGE_FIRST;
                p->w->first_txn = last;
        }
        p->w->last_txn = last;
        r = mark_free(p, txn, oldest < last ? oldest : last, err);
        if (r == 0)
                r = clear_pages(p, err);
        if (r < 0 || p->w->page <= p->last_page)
                return r < 0 ? r : 1;
        r = clear_end(p, err);
        if (r == 0 && fdatasync(p->fd) < 0)
                return clew_error_set(err, -errno, 0, "store %s: %s", p->env->dir, strerror(errno));
        return r;
}

int clew_env_wipe_step(struct clew_env *env, struct clew_wipe *w, struct clew_error *err)
{
        struct pass *p = clew_calloc(1, sizeof(*p));
        MDB_txn *lock = NULL;
        MDB_txn *txn = NULL;
        int r;

        if (!p)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        *p = (struct pass){.env = env, .w = w, .page_bytes = env->page_bytes};
        r = p->page_bytes > CLEW_PAGE_BYTES_MAX
                    ? clew_error_set(err, -ENOTSUP, 0, "store %s: pages of %zu bytes", env->dir,
                                     p->page_bytes)
                    : clew_txn_begin_write(env, &lock, err);
        if (r == 0) { /* the free list is shown to readers alone; nobody writes meanwhile */
                r = clew_txn_begin_read(env, &txn, err);
                if (r == 0)
                        r = wipe(p, txn, err);
                clew_txn_end_read(env, txn);
                clew_txn_abort(env, lock);
        }
        clew_free(p);
        return r;
}
