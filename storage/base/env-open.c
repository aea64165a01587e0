/*
 * Opening, recovering and measuring the LMDB environment; storage/env-int.h. Records are in
 * table.c.
 */
#include "storage/base/env-int.h"

#include "proto/base/mem.h"
#include "storage/base/directory-int.h"
#include "storage/base/env-struct-int.h"
#include "storage/base/index-table-int.h"
#include "storage/base/own-file-int.h"
#include "storage/base/wipe-int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* Sparse address space, not disk. Where it does not fit (limits, sanitizers) we take what does. */
#define MAP_BYTES_DEFAULT ((size_t)1 << 40)
#define MAP_BYTES_LEAST ((size_t)1 << 30)
/* Slots for views of all processes; LMDB's default of 126 has been seen to run out. */
#define READERS_MAX 1024u
/* LMDB's reader table: a header and 64 bytes for each reader. */
#define LOCK_FILE_BYTES ((size_t)READERS_MAX * 64 + 128)
/* A disk with less room than this counts as full when a commit reports EIO. */
#define DISK_FULL_BYTES ((uint64_t)1 << 20)
/* Times that the data file may be replaced while it is opened. */
#define OPEN_TRIES 10
/* How long a writer waits for views to end before it reopens a broken environment. */
#define REOPEN_WAIT_MS 1000

static const char *const table_names[CLEW_TABLES] = {
        [CLEW_TABLE_META] = "meta",     [CLEW_TABLE_HOT] = "hot",
        [CLEW_TABLE_OBJECT] = "object", [CLEW_TABLE_TRACE] = "trace",
        [CLEW_TABLE_TIME] = "time",     [CLEW_TABLE_SEGMENT] = "segment",
        [CLEW_TABLE_NOTE] = "note",     [CLEW_TABLE_SHELF] = "shelf",
        [CLEW_TABLE_INDEX] = "index",
};

const char *clew_table_name(enum clew_table table)
{
        return table_names[table];
}

static bool disk_is_full(const struct clew_env *env)
{
        struct statvfs fs;

        return statvfs(env->dir, &fs) == 0 &&
               (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize < DISK_FULL_BYTES;
}

int clew_env_error(struct clew_env *env, int rc, const char *doing, struct clew_error *err)
{
        int code;

        switch (rc) {
        case 0:
                return 0;
        case MDB_NOTFOUND:
                return -ENOENT;
        case MDB_MAP_FULL:
                code = -ENOSPC;
                break;
        case MDB_CORRUPTED:
        case MDB_PAGE_NOTFOUND:
        case MDB_INVALID:
        case MDB_BAD_TXN:
        case MDB_BAD_DBI:
        case MDB_INCOMPATIBLE:
                code = -EBADMSG;
                break;
        case MDB_VERSION_MISMATCH:
                code = -EPROTONOSUPPORT;
                break;
        case MDB_READERS_FULL:
                return clew_error_set(
                        err, -EAGAIN, 0,
                        "store %s: %u programs and views are reading it at this moment, "
                        "which is its limit; end some of them and try again",
                        env->dir, READERS_MAX);
        case MDB_TXN_FULL:
                code = -EMSGSIZE;
                break;
        case MDB_PANIC:
        case MDB_MAP_RESIZED:
                atomic_store(&env->broken, true);
                code = -EIO;
                break;
        default:
                code = rc > 0 ? -rc : -EIO;
                break;
        }
        if (code == -EIO && disk_is_full(env))
                code = -ENOSPC;
        if (code == -ENOSPC || code == -EDQUOT || code == -EFBIG)
                return clew_error_set(
                        err, -ENOSPC, 0,
                        "store %s: no space left (%s); free disk space, nothing stored "
                        "is lost",
                        env->dir, doing);
        return clew_error_set(err, code, 0, "store %s: %s: %s", env->dir, doing, mdb_strerror(rc));
}

/* By the address of a record; a store that is being made has none, and goes without until it is
 * opened again. */
static void find_mapping(struct clew_env *env, MDB_txn *txn)
{
        MDB_cursor *cursor;
        MDB_val k;
        MDB_val v;

        if (mdb_cursor_open(txn, env->dbi[CLEW_TABLE_META], &cursor) != 0)
                return;
        if (mdb_cursor_get(cursor, &k, &v, MDB_FIRST) == 0)
                (void)clew_env_find_mapping(env, k.mv_data);
        mdb_cursor_close(cursor);
}

static bool has_commits(struct clew_env *env)
{
        MDB_envinfo info;

        return mdb_env_info(env->lmdb, &info) != 0 || info.me_last_txnid > 0;
}

/* A store may have been made before there were these tables: a reader takes them as empty, a writer
 * makes them. */
static int open_later(struct clew_env *env, MDB_txn *txn, unsigned flags)
{
        int rc = 0;

        for (int t = CLEW_TABLE_LATER; rc == 0 && t < CLEW_TABLES; t++) {
                rc = mdb_dbi_open(txn, table_names[t], flags, &env->dbi[t]);
                env->has[t] = rc == 0;
                rc = rc == MDB_NOTFOUND ? 0 : rc;
        }
        return rc;
}

bool clew_env_has_all(const struct clew_env *env)
{
        bool all = true;

        for (int t = CLEW_TABLE_LATER; t < CLEW_TABLES; t++)
                all &= env->has[t];
        return all;
}

int clew_env_add_tables(struct clew_env *env, MDB_txn *txn, struct clew_error *err)
{
        int rc = open_later(env, txn, MDB_CREATE);

        if (rc == 0)
                rc = clew_index_table_open(env, txn);
        return clew_env_error(env, rc, "adding a table", err);
}

void clew_env_forget_tables(struct clew_env *env)
{
        for (int t = CLEW_TABLE_LATER; t < CLEW_TABLES; t++)
                env->has[t] = false;
}

/* The tree of the tables' names is not what it was: to open one of them failed with @rc. What the
 * tables hold may be whole. */
static int names_are_damaged(struct clew_env *env, int rc, struct clew_error *err)
{
        return clew_error_set(err, -EBADMSG, 0,
                              "store %s: the list of its tables is damaged (%s): clew doctor "
                              "--repair makes a whole store of what can be read; a database of "
                              "another program is no store: name another directory",
                              env->dir, mdb_strerror(rc));
}

static int open_tables(struct clew_env *env, struct clew_error *err)
{
        MDB_txn *txn = NULL;
        bool read_only = env->mode == CLEW_STORE_READ;
        int rc = mdb_txn_begin(env->lmdb, NULL, MDB_RDONLY, &txn);
        bool missing = false;

        for (int t = 0; rc == 0 && !missing && t < CLEW_TABLE_LATER; t++) {
                rc = mdb_dbi_open(txn, table_names[t], 0, &env->dbi[t]);
                missing = rc == MDB_NOTFOUND;
        }
        if (rc == 0)
                rc = open_later(env, txn, 0);
        if (rc == 0)
                rc = clew_index_table_open(env, txn);
        if (rc == 0)
                find_mapping(env, txn);
        /* A handle becomes usable for later transactions when the one that opened it ends well. */
        if (rc == 0)
                return clew_env_error(env, mdb_txn_commit(txn), "opening tables", err);
        if (txn)
                mdb_txn_abort(txn);
        if (!missing) {
                int r = clew_env_error(env, rc, "opening tables", err);

                return r == -EBADMSG ? names_are_damaged(env, rc, err) : r;
        }
        /* The tables came with the first commit, so that a file which has one is not to get them.
         */
        if (read_only || env->creating_fd < 0 || has_commits(env))
                return names_are_damaged(env, MDB_NOTFOUND, err);
        rc = mdb_txn_begin(env->lmdb, NULL, 0, &txn);
        for (int t = 0; rc == 0 && t < CLEW_TABLES; t++)
                rc = mdb_dbi_open(txn, table_names[t], MDB_CREATE, &env->dbi[t]);
        for (int t = CLEW_TABLE_LATER; t < CLEW_TABLES; t++)
                env->has[t] = rc == 0;
        if (rc == 0)
                rc = clew_index_table_open(env, txn);
        if (rc == 0)
                return clew_env_error(env, mdb_txn_commit(txn), "creating tables", err);
        mdb_txn_abort(txn);
        return clew_env_error(env, rc, "creating tables", err);
}

/* By the open directory, so that what was checked is what is opened; by its name where there is no
 * /proc. */
static void path_of_directory(const struct clew_env *env, char *ret, size_t size)
{
        snprintf(ret, size, "/proc/self/fd/%d", env->dir_fd);
        if (access(ret, X_OK) < 0)
                snprintf(ret, size, "%s", env->dir);
}

/* Takes the largest map that fits. Returns LMDB's result. */
static int open_with_map(struct clew_env *env, const char *path)
{
        unsigned flags = MDB_NOTLS | (env->mode == CLEW_STORE_READ ? MDB_RDONLY : 0);
        int rc;

        for (size_t map = env->map_bytes;; map /= 4) {
                rc = mdb_env_create(&env->lmdb);
                if (rc != 0)
                        return rc;
                mdb_env_set_maxdbs(env->lmdb, CLEW_TABLES + CLEW_INDEX_TABLES_MAX);
                mdb_env_set_maxreaders(env->lmdb, READERS_MAX);
                mdb_env_set_mapsize(env->lmdb, map);
                env->pid = (int32_t)getpid();
                mdb_env_set_assert(env->lmdb, clew_table_assertion_failed);
                rc = mdb_env_open(env->lmdb, path, flags, 0600);
                if (rc == 0)
                        return 0;
                mdb_env_close(env->lmdb);
                env->lmdb = NULL;
                if ((rc != ENOMEM && rc != EINVAL) || map / 4 < MAP_BYTES_LEAST)
                        return rc;
        }
}

/* While LMDB opened it, the data file was put aside for a new one (storage/keep). */
static bool was_replaced(const struct clew_env *env, const struct stat *opened)
{
        struct stat named;

        return fstatat(env->dir_fd, CLEW_DATA_FILE, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
               (named.st_ino != opened->st_ino || named.st_dev != opened->st_dev);
}

/* 1 = it is to be opened once more. */
static int open_once(struct clew_env *env, struct clew_error *err)
{
        char path[PATH_MAX];
        struct stat file;
        MDB_stat st;
        int stale;
        int fd;
        int rc;
        int r = clew_directory_check_lock_file(
                env->dir, env->dir_fd, env->mode == CLEW_STORE_READ ? 0 : LOCK_FILE_BYTES, err);

        if (r < 0)
                return r;
        atomic_store(&env->map_from, 0);
        path_of_directory(env, path, sizeof(path));
        rc = open_with_map(env, path);
        if (rc != 0)
                return clew_env_error(env, rc, "opening", err);
        clew_env_map_readers(env);
        mdb_reader_check(env->lmdb, &stale);
        rc = mdb_env_stat(env->lmdb, &st);
        if (rc != 0)
                return clew_env_error(env, rc, "opening", err);
        env->page_bytes = st.ms_psize;
        if (mdb_env_get_fd(env->lmdb, &fd) == 0) {
                fcntl(fd, F_SETFD, FD_CLOEXEC);
                /* It was looked at before it was opened, by name. */
                r = fstat(fd, &file) < 0
                            ? -errno
                            : clew_own_file_judge(env->dir, CLEW_DATA_FILE, &file, err);
        }
        if (r == 0 && was_replaced(env, &file)) {
                mdb_env_close(env->lmdb);
                env->lmdb = NULL;
                clew_env_unmap_readers(env);
                return 1;
        }
        if (r == 0)
                r = clew_env_check_meta_pages(env, err);
        return r < 0 ? r : open_tables(env, err);
}

static int open_lmdb(struct clew_env *env, struct clew_error *err)
{
        int r = 1;

        for (int i = 0; i < OPEN_TRIES && r == 1; i++)
                r = open_once(env, err);
        return r == 1 ? clew_error_set(err, -EAGAIN, 0,
                                       "store %s: its data file is being replaced; try again",
                                       env->dir)
                      : r;
}

/* Who makes a data file anew has this lock as well: one that lies about was left behind by a kill.
 */
static int open_as_collector(struct clew_env *env, const char *dir, struct clew_error *err)
{
        struct clew_error ignored;
        int r = clew_directory_lock(dir, env->dir_fd, &env->collector_fd, err);

        if (r == 0) /* what cannot go costs disk space, and is told by the next who needs it */
                (void)!clew_directory_clear_copy(dir, env->dir_fd, &ignored);
        return r;
}

int clew_env_open(const char *dir, const struct clew_store_options *options, struct clew_env **ret,
                  struct clew_error *err)
{
        struct clew_env *env;
        int r;

        env = clew_calloc(1, sizeof(*env));
        if (!env)
                return clew_error_set(err, -ENOMEM, 0, "store %s: out of memory", dir);
        env->collector_fd = -1;
        env->creating_fd = -1;
        env->dir_fd = -1;
        env->lock_fd = -1;
        env->mode = options->mode;
        env->map_bytes = options->map_bytes ? options->map_bytes : MAP_BYTES_DEFAULT;
        pthread_mutex_init(&env->lock, NULL);
        pthread_cond_init(&env->idle, NULL);
        env->dir = clew_strdup(dir);
        if (!env->dir)
                r = clew_error_set(err, -ENOMEM, 0, "store %s: out of memory", dir);
        else
                r = clew_directory_check(dir, options->mode, &env->dir_fd, &env->fresh, err);
        if (r == 0 && options->mode == CLEW_STORE_COLLECT)
                r = open_as_collector(env, dir, err);
        if (r == 0 && env->fresh)
                r = clew_directory_begin_creation(dir, env->dir_fd, &env->creating_fd, err);
        if (r == 0)
                r = open_lmdb(env, err);
        if (r < 0) {
                clew_env_close(env);
                return r;
        }
        *ret = env;
        return 0;
}

int clew_env_created(struct clew_env *env, struct clew_error *err)
{
        int fd = env->creating_fd;

        env->creating_fd = -1;
        return fd < 0 ? 0 : clew_directory_end_creation(env->dir, env->dir_fd, fd, err);
}

void clew_env_close(struct clew_env *env)
{
        if (!env)
                return;
        CLEW_ASSERT(env->readers == 0);
        clew_index_table_forget(env);
        if (env->lmdb)
                mdb_env_close(env->lmdb);
        clew_env_unmap_readers(env);
        if (env->collector_fd >= 0)
                close(env->collector_fd);
        if (env->creating_fd >= 0)
                close(env->creating_fd);
        if (env->dir_fd >= 0)
                close(env->dir_fd);
        pthread_mutex_destroy(&env->lock);
        pthread_cond_destroy(&env->idle);
        clew_free(env->dir);
        clew_free(env);
}

bool clew_env_has_collector(const struct clew_env *env)
{
        struct clew_error err;
        bool has;
        int fd;

        if (env->collector_fd >= 0)
                return true;
        if (clew_own_file_open(env->dir, env->dir_fd, CLEW_COLLECTOR_FILE, O_RDWR, &fd, &err) < 0)
                return false;
        has = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
        close(fd);
        return has;
}

void clew_env_tell_place(struct clew_env *env, const char *url)
{
        size_t n = strlen(url);

        if (env->collector_fd < 0 || n >= CLEW_PLACE_BYTES)
                return;
        if (ftruncate(env->collector_fd, 0) < 0 || pwrite(env->collector_fd, url, n, 0) < 0)
                return; /* a full disk: nobody is told */
}

bool clew_env_collector_place(const struct clew_env *env, char ret[CLEW_PLACE_BYTES])
{
        struct clew_error err;
        ssize_t n = -1;
        int fd;

        if (!clew_env_has_collector(env) ||
            clew_own_file_open(env->dir, env->dir_fd, CLEW_COLLECTOR_FILE, O_RDWR, &fd, &err) < 0)
                return false;
        n = pread(fd, ret, CLEW_PLACE_BYTES - 1, 0);
        close(fd);
        if (n <= 0)
                return false;
        for (ssize_t i = 0; i < n; i++) {
                if (ret[i] <= ' ' || ret[i] > '~')
                        return false;
        }
        ret[n] = '\0';
        return true;
}

bool clew_env_is_creating(const struct clew_env *env)
{
        return env->creating_fd >= 0;
}

bool clew_env_is_being_made(const struct clew_env *env)
{
        return faccessat(env->dir_fd, CLEW_CREATING_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

const char *clew_env_dir(const struct clew_env *env)
{
        return env->dir;
}

/* Closes and opens again after MDB_PANIC. Called with env->lock held. */
static int reopen(struct clew_env *env, struct clew_error *err)
{
        struct timespec until;
        int r;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += REOPEN_WAIT_MS % 1000 * 1000000L;
        until.tv_sec += REOPEN_WAIT_MS / 1000 + until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        while (env->readers > 0) {
                if (pthread_cond_timedwait(&env->idle, &env->lock, &until) == ETIMEDOUT)
                        return clew_error_set(err, -EAGAIN, 0,
                                              "store %s: waits for readers before it can recover",
                                              env->dir);
        }
        if (env->lmdb)
                mdb_env_close(env->lmdb);
        env->lmdb = NULL;
        clew_env_unmap_readers(env);
        r = open_lmdb(env, err);
        if (r == 0)
                atomic_store(&env->broken, false);
        return r;
}

int clew_env_refresh(struct clew_env *env, struct clew_error *err)
{
        int r;

        pthread_mutex_lock(&env->lock);
        r = reopen(env, err);
        pthread_mutex_unlock(&env->lock);
        return r;
}

/* Every transaction, reading or writing, counts as a reader of the open environment. */
static int enter(struct clew_env *env, struct clew_error *err)
{
        int r = 0;

        pthread_mutex_lock(&env->lock);
        if (atomic_load(&env->broken) || !env->lmdb)
                r = reopen(env, err);
        if (r == 0)
                env->readers++;
        pthread_mutex_unlock(&env->lock);
        return r;
}

static void leave(struct clew_env *env)
{
        pthread_mutex_lock(&env->lock);
        if (--env->readers == 0)
                pthread_cond_broadcast(&env->idle);
        pthread_mutex_unlock(&env->lock);
}

static int begin_once(struct clew_env *env, unsigned flags, MDB_txn **ret, struct clew_error *err)
{
        int stale;
        int rc;
        int r = enter(env, err);

        if (r < 0)
                return r;
        rc = mdb_txn_begin(env->lmdb, NULL, flags, ret);
        if (rc == MDB_READERS_FULL) {
                mdb_reader_check(env->lmdb, &stale);
                rc = mdb_txn_begin(env->lmdb, NULL, flags, ret);
        }
        if (rc != 0) {
                leave(env);
                return clew_env_error(env, rc, "beginning a transaction", err);
        }
        return 0;
}

/* Another process may have made another table of indexes: it is opened before the transaction. */
static int begin(struct clew_env *env, unsigned flags, MDB_txn **ret, struct clew_error *err)
{
        unsigned number = clew_index_table_number(env);
        MDB_txn *txn = NULL;
        int r = begin_once(env, flags, &txn, err);

        while (r == 0 && clew_index_table_is_old(env, txn, number)) {
                mdb_txn_abort(txn);
                r = clew_index_table_follow(env, number, err);
                leave(env);
                number = clew_index_table_number(env);
                if (r == 0)
                        r = begin_once(env, flags, &txn, err);
        }
        if (r == 0 && !(flags & MDB_RDONLY)) {
                r = clew_index_table_begin_write(env, txn, err);
                if (r < 0) {
                        clew_index_table_abort(env, txn);
                        leave(env);
                }
        }
        if (r == 0)
                *ret = txn;
        return r;
}

int clew_txn_begin_read(struct clew_env *env, MDB_txn **ret, struct clew_error *err)
{
        return begin(env, MDB_RDONLY, ret, err);
}

void clew_txn_end_read(struct clew_env *env, MDB_txn *txn)
{
        clew_txn_abort(env, txn);
}

int clew_txn_begin_write(struct clew_env *env, MDB_txn **ret, struct clew_error *err)
{
        return begin(env, 0, ret, err);
}

int clew_txn_commit(struct clew_env *env, MDB_txn *txn, struct clew_error *err)
{
        int rc = clew_index_table_commit(env, txn);
        int r = 0;

        if (rc != 0) {
                MDB_txn *probe = NULL;

                r = clew_env_error(env, rc, "committing", err);
                /* A failed meta write shows itself only at the next transaction: look now. */
                if (mdb_txn_begin(env->lmdb, NULL, 0, &probe) != 0)
                        atomic_store(&env->broken, true);
                else
                        mdb_txn_abort(probe);
        }
        leave(env);
        return r;
}

void clew_txn_abort(struct clew_env *env, MDB_txn *txn)
{
        if (!txn)
                return;
        clew_index_table_abort(env, txn);
        leave(env);
}

/* Pages on LMDB's free list: each record of database 0 begins with its count. */
static int count_free_pages(struct clew_env *env, MDB_txn *txn, uint64_t *ret)
{
        MDB_cursor *cursor = NULL;
        MDB_val key;
        MDB_val value;
        uint64_t pages = 0;
        int rc = mdb_cursor_open(txn, 0, &cursor);

        if (rc != 0)
                return rc;
        while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
                size_t n;

                if (value.mv_size < sizeof(n))
                        continue;
                memcpy(&n, value.mv_data, sizeof(n));
                pages += n;
                clew_env_touched(env, clew_slice_make(value.mv_data, sizeof(n)), true);
        }
        mdb_cursor_close(cursor);
        *ret = pages;
        return rc == MDB_NOTFOUND ? 0 : rc;
}

int clew_env_pages(struct clew_env *env, MDB_txn *txn, struct clew_store_stats *ret,
                   struct clew_error *err)
{
        MDB_envinfo info;
        MDB_stat st;
        uint64_t free_pages = 0;
        struct stat file;
        int fd;
        int rc = mdb_env_info(env->lmdb, &info);

        if (rc == 0)
                rc = mdb_env_stat(env->lmdb, &st);
        if (rc == 0)
                rc = count_free_pages(env, txn, &free_pages);
        if (rc != 0)
                return clew_env_error(env, rc, "counting pages", err);
        ret->used_bytes = ((uint64_t)info.me_last_pgno + 1 - free_pages) * st.ms_psize;
        ret->free_bytes = free_pages * st.ms_psize;
        ret->file_bytes = 0;
        if (mdb_env_get_fd(env->lmdb, &fd) == 0 && fstat(fd, &file) == 0)
                ret->file_bytes = (uint64_t)file.st_size;
        return 0;
}
