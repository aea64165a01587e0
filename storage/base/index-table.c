/*
 * See index-table-int.h.
 */
#include "storage/base/index-table-int.h"

#include "storage/base/env-struct-int.h"
#include "storage/base/tree-check-int.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_BYTES 32u
#define NUMBERS_MAX 100000u

static void name_of(unsigned number, char ret[NAME_BYTES])
{
        if (number == 0)
                snprintf(ret, NAME_BYTES, "%s", clew_table_name(CLEW_TABLE_INDEX));
        else
                snprintf(ret, NAME_BYTES, "%s.%u", clew_table_name(CLEW_TABLE_INDEX), number);
}

bool clew_index_table_read_name(struct clew_slice name, unsigned *ret)
{
        char own[NAME_BYTES];

        name_of(0, own);
        if (name.len < strlen(own) || memcmp(name.data, own, strlen(own)) != 0)
                return false;
        name = clew_slice_from(name, strlen(own));
        *ret = 0;
        if (name.len < 2 || name.data[0] != '.')
                return name.len == 0;
        for (size_t i = 1; i < name.len; i++) {
                if (name.data[i] < '0' || name.data[i] > '9' || *ret > NUMBERS_MAX)
                        return false;
                *ret = *ret * 10 + (unsigned)(name.data[i] - '0');
        }
        return true;
}

/* What the tree of names says of the table of that number. LMDB's result. */
static int read_tree(const struct clew_env *env, MDB_txn *txn, unsigned number,
                     uint8_t ret[CLEW_TREE_BYTES])
{
        char name[NAME_BYTES];
        MDB_val k;
        MDB_val v;
        int rc;

        name_of(number, name);
        k = (MDB_val){.mv_size = strlen(name), .mv_data = name};
        rc = clew_table_raw_get(txn, env->names, &k, &v);
        if (rc == 0 && v.mv_size != CLEW_TREE_BYTES)
                return MDB_CORRUPTED;
        if (rc == 0)
                memcpy(ret, v.mv_data, CLEW_TREE_BYTES);
        return rc;
}

void clew_index_table_forget(struct clew_env *env)
{
        clew_free(env->index.known);
        env->index.known = NULL;
        env->index.known_txn = 0;
}

/* ---- handles --------------------------------------------------------------------------------- */

static void use(struct clew_env *env, MDB_dbi dbi, uint64_t since)
{
        atomic_store(&env->index.since, UINT64_MAX); /* whoever looks now sees the one before */
        atomic_store(&env->index.before, atomic_load(&env->index.now));
        atomic_store(&env->index.now, dbi);
        atomic_store(&env->index.since, since);
}

int clew_index_table_open(struct clew_env *env, MDB_txn *txn)
{
        uint8_t tree[CLEW_TREE_BYTES];
        char name[NAME_BYTES];
        unsigned number = 0;
        MDB_dbi dbi;
        int rc = mdb_dbi_open(txn, NULL, 0, &env->names);

        env->index.is_checked = false;
        clew_index_table_forget(env);
        env->index.is_new = false;
        atomic_store(&env->index.own_commit, 0);
        while (rc == 0 && number < NUMBERS_MAX && read_tree(env, txn, number + 1, tree) == 0)
                number++;
        if (rc != 0 || !env->has[CLEW_TABLE_INDEX])
                return rc;
        name_of(number, name);
        rc = mdb_dbi_open(txn, name, 0, &dbi);
        if (rc == 0) {
                atomic_store(&env->index.number, number);
                atomic_store(&env->index.now, dbi);
                use(env, dbi, 0);
        }
        return rc;
}

MDB_dbi clew_index_table_of(const struct clew_env *env, MDB_txn *txn)
{
        return mdb_txn_id(txn) >= atomic_load(&env->index.since) ? atomic_load(&env->index.now)
                                                                 : atomic_load(&env->index.before);
}

unsigned clew_index_table_number(const struct clew_env *env)
{
        return atomic_load(&env->index.number);
}

bool clew_index_table_is_old(const struct clew_env *env, MDB_txn *txn, unsigned number)
{
        uint8_t tree[CLEW_TREE_BYTES];

        return env->has[CLEW_TABLE_INDEX] && read_tree(env, txn, number + 1, tree) == 0;
}

int clew_index_table_follow(struct clew_env *env, unsigned number, struct clew_error *err)
{
        char name[NAME_BYTES];
        MDB_txn *txn = NULL;
        uint64_t since = 0;
        MDB_dbi dbi = 0;
        int rc = 0;

        pthread_mutex_lock(&env->lock);
        if (atomic_load(&env->index.number) == number) {
                name_of(number + 1, name);
                rc = mdb_txn_begin(env->lmdb, NULL, MDB_RDONLY, &txn);
                if (rc == 0)
                        rc = mdb_dbi_open(txn, name, 0, &dbi);
                since = rc == 0 ? mdb_txn_id(txn) : 0;
                if (rc == 0)
                        rc = mdb_txn_commit(txn);
                else if (txn)
                        mdb_txn_abort(txn);
                if (rc == 0) {
                        atomic_store(&env->index.number, number + 1);
                        use(env, dbi, since);
                        env->index.is_checked = false;
                }
        }
        pthread_mutex_unlock(&env->lock);
        if (rc == MDB_DBS_FULL)
                return clew_error_set(err, -EAGAIN, 0,
                                      "store %s: its indexes were made anew too often while this "
                                      "program ran; start it again",
                                      env->dir);
        return clew_env_error(env, rc, "opening a table", err);
}

/* ---- looking --------------------------------------------------------------------------------- */

/* Pages that the file has; 0 = it cannot be asked. */
static uint64_t count_pages(const struct clew_env *env, int fd)
{
        struct stat st;

        return fstat(fd, &st) < 0 || st.st_size < 0 ? 0 : (uint64_t)st.st_size / env->page_bytes;
}

/* Is @tree the one that was looked at, or was it written by this process on top of one? */
static bool is_known(struct clew_env *env, const uint8_t *tree, uint64_t last_commit)
{
        bool known;

        pthread_mutex_lock(&env->lock);
        known = env->index.is_checked && (memcmp(env->index.checked, tree, CLEW_TREE_BYTES) == 0 ||
                                          atomic_load(&env->index.own_commit) == last_commit);
        if (known)
                memcpy(env->index.checked, tree, CLEW_TREE_BYTES);
        pthread_mutex_unlock(&env->lock);
        return known;
}

static int told(const struct clew_env *env, const struct clew_tree_check *c, int r,
                struct clew_error *err)
{
        if (r == -EBADMSG)
                return clew_error_set(
                        err, r, 0,
                        "store %s: page %llu of its indexes is damaged (%s); see clew "
                        "reindex --indexes",
                        env->dir, (unsigned long long)c->ret_page, c->ret_what);
        return r < 0 ? clew_error_set(err, r, 0, "out of memory") : 0;
}

/* 1 = @ret is the tree as @txn sees it, 0 = there is none to look at. */
static int find_tree(struct clew_env *env, MDB_txn *txn, uint8_t ret[CLEW_TREE_BYTES],
                     struct clew_error *err)
{
        int rc;

        if (!env->has[CLEW_TABLE_INDEX] || !atomic_load(&env->map_from))
                return 0;
        rc = read_tree(env, txn, clew_index_table_number(env), ret);
        if (rc == MDB_NOTFOUND) /* the snapshot is older than the table */
                return 0;
        return rc == 0 ? 1 : clew_env_error(env, rc, "reading", err);
}

/* @last_commit: of the snapshot. */
static int look(struct clew_env *env, MDB_txn *txn, uint64_t last_commit, struct clew_error *err)
{
        struct clew_tree_check c = {.page_bytes = env->page_bytes};
        uint8_t tree[CLEW_TREE_BYTES];
        int rc;
        int r = find_tree(env, txn, tree, err);

        if (r <= 0 || is_known(env, tree, last_commit))
                return r < 0 ? r : 0;
        rc = mdb_env_get_fd(env->lmdb, &c.fd);
        if (rc != 0)
                return clew_env_error(env, rc, "reading", err);
        c.n_pages = count_pages(env, c.fd);
        c.tree = tree;
        r = told(env, &c, clew_tree_check(&c), err);
        if (r < 0)
                return r;
        pthread_mutex_lock(&env->lock);
        memcpy(env->index.checked, tree, CLEW_TREE_BYTES);
        env->index.is_checked = true;
        pthread_mutex_unlock(&env->lock);
        return 0;
}

int clew_index_table_check(struct clew_env *env, MDB_txn *txn, struct clew_error *err)
{
        return txn == atomic_load(&env->index.writing) ? 0 : look(env, txn, mdb_txn_id(txn), err);
}

/* ---- looking at what is come to -------------------------------------------------------------- */

bool clew_index_table_is_read_only(const struct clew_env *env)
{
        return env->mode == CLEW_STORE_READ;
}

/* The lock is held. 1 = what is known is of the tree that @txn sees, 0 = there is none. */
static int follow_tree(struct clew_env *env, MDB_txn *txn, int fd, struct clew_error *err)
{
        uint8_t tree[CLEW_TREE_BYTES];
        int r = env->index.known && env->index.known_txn == mdb_txn_id(txn)
                        ? 1
                        : find_tree(env, txn, tree, err);

        if (r <= 0 || (env->index.known && env->index.known_txn == mdb_txn_id(txn)))
                return r;
        if (!env->index.known || memcmp(env->index.known_tree, tree, CLEW_TREE_BYTES) != 0) {
                clew_index_table_forget(env);
                env->index.known_pages = count_pages(env, fd);
                env->index.known = clew_calloc((size_t)(env->index.known_pages / 8 + 1), 1);
                if (!env->index.known)
                        return clew_error_set(err, -ENOMEM, 0, "out of memory");
                memcpy(env->index.known_tree, tree, CLEW_TREE_BYTES);
        }
        env->index.known_txn = mdb_txn_id(txn);
        return 1;
}

int clew_index_table_check_range(struct clew_env *env, MDB_txn *txn, struct clew_slice from,
                                 struct clew_slice to, struct clew_error *err)
{
        struct clew_tree_check c = {.page_bytes = env->page_bytes};
        int rc;
        int r;

        if (!clew_index_table_is_read_only(env))
                return 0;
        rc = mdb_env_get_fd(env->lmdb, &c.fd);
        if (rc != 0)
                return clew_env_error(env, rc, "reading", err);
        pthread_mutex_lock(&env->lock);
        r = follow_tree(env, txn, c.fd, err);
        if (r == 1) {
                c.n_pages = env->index.known_pages;
                c.tree = env->index.known_tree;
                c.known = env->index.known;
                c.map = (const uint8_t *)atomic_load(&env->map_from); // NOLINT(*-int-to-ptr)
                r = told(env, &c, clew_tree_check_range(&c, from, to), err);
        }
        pthread_mutex_unlock(&env->lock);
        return r;
}

void clew_index_table_doubt(struct clew_env *env)
{
        pthread_mutex_lock(&env->lock);
        env->index.is_checked = false;
        clew_index_table_forget(env);
        pthread_mutex_unlock(&env->lock);
}

void clew_index_table_condemn(struct clew_env *env)
{
        atomic_store(&env->index.is_condemned, true);
}

uint64_t clew_index_table_renewals(const struct clew_env *env)
{
        return atomic_load(&env->index.renewals);
}

/* ---- write transactions ----------------------------------------------------------------------
 */

int clew_index_table_begin_write(struct clew_env *env, MDB_txn *txn, struct clew_error *err)
{
        char name[NAME_BYTES];
        MDB_dbi dbi;
        int rc;
        int r;

        atomic_store(&env->index.writing, txn);
        env->index.is_new = env->index.is_uncounted = false;
        if (!env->has[CLEW_TABLE_INDEX])
                return 0;
        r = atomic_load(&env->index.is_condemned) ? -EBADMSG
                                                  : look(env, txn, mdb_txn_id(txn) - 1, err);
        if (r != -EBADMSG)
                return r;
        name_of(clew_index_table_number(env) + 1, name);
        rc = mdb_dbi_open(txn, name, MDB_CREATE, &dbi);
        if (rc == MDB_DBS_FULL) /* the next start has room again */
                return 0;
        if (rc != 0)
                return clew_env_error(env, rc, "making a table", err);
        use(env, dbi, mdb_txn_id(txn));
        env->index.is_new = env->index.is_uncounted = true;
        return 0;
}

bool clew_index_table_is_uncounted(const struct clew_env *env, MDB_txn *txn)
{
        return txn == atomic_load(&env->index.writing) && env->index.is_uncounted;
}

void clew_index_table_counted(struct clew_env *env)
{
        env->index.is_uncounted = false;
}

/* The table that was made is none. */
static void undo(struct clew_env *env)
{
        MDB_dbi before = atomic_load(&env->index.before);

        atomic_store(&env->index.now, before);
        atomic_store(&env->index.since, 0);
}

static int commit_new(struct clew_env *env, MDB_txn *txn)
{
        int rc;

        pthread_mutex_lock(&env->lock);
        rc = mdb_txn_commit(txn);
        if (rc == 0) {
                atomic_fetch_add(&env->index.number, 1);
                atomic_fetch_add(&env->index.renewals, 1);
                atomic_store(&env->index.is_condemned, false);
                env->index.is_checked = false;
        } else {
                undo(env);
        }
        pthread_mutex_unlock(&env->lock);
        return rc;
}

int clew_index_table_commit(struct clew_env *env, MDB_txn *txn)
{
        uint64_t id = mdb_txn_id(txn);
        bool is_new = env->index.is_new;
        int rc;

        env->index.is_new = false; /* another may begin before this returns */
        atomic_store(&env->index.writing, NULL);
        rc = is_new ? commit_new(env, txn) : mdb_txn_commit(txn);
        if (rc == 0)
                atomic_store(&env->index.own_commit, id);
        return rc;
}

void clew_index_table_abort(struct clew_env *env, MDB_txn *txn)
{
        if (txn == atomic_load(&env->index.writing)) {
                bool is_new = env->index.is_new;

                env->index.is_new = false;
                atomic_store(&env->index.writing, NULL);
                if (is_new)
                        undo(env);
        }
        mdb_txn_abort(txn);
}
