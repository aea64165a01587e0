/*
 * The inside of struct clew_env, shared by env-open.c (opening, transactions) and table.c
 * (records).
 */
#ifndef CLEW_STORAGE_ENV_STRUCT_INT_H
#define CLEW_STORAGE_ENV_STRUCT_INT_H

#include "storage/base/env-int.h"
#include "storage/base/tree-check-int.h"

#include <pthread.h>
#include <stdatomic.h>

/* A reader of another process that was stopped when it was last looked at. */
struct clew_stopped_reader {
        uint64_t txn_id;
        int32_t pid;
};

/* The table of indexes (index-table.c). */
struct clew_index_table {
        atomic_uint now;                 /* handles: from snapshot `since` on */
        atomic_uint before;              /* ... in earlier ones */
        atomic_uint_fast64_t since;      /* transaction id */
        atomic_uint number;              /* of the one now */
        _Atomic(MDB_txn *) writing;      /* the write transaction under way */
        bool is_new;                     /* `writing` has made one */
        bool is_uncounted;               /* ... and has not yet written the state */
        atomic_bool is_condemned;        /* another one is to be made */
        atomic_uint_fast64_t own_commit; /* id of the last one of this process */
        atomic_uint_fast64_t renewals;
        uint8_t checked[CLEW_TREE_BYTES]; /* the tree that was looked at; guarded by clew_env.lock
                                           */
        bool is_checked;
        /* Of a store that is only read: the tree whose pages are looked at as they are come to, the
         * snapshot that was last seen to have it, its pages, and a bit for each that was. Guarded
         * by clew_env.lock. */
        uint8_t known_tree[CLEW_TREE_BYTES];
        uint64_t known_txn;
        uint64_t known_pages;
        uint8_t *known;
};

#define CLEW_ENV_PIECES 256u /* a power of two */

struct clew_env {
        MDB_env *lmdb;
        int32_t pid;              /* that its readers stand under: of the process that opened it */
        MDB_dbi dbi[CLEW_TABLES]; /* of indexes: clew_index_table_of() */
        MDB_dbi names;            /* the tree of names of tables */
        struct clew_index_table index;
        bool has[CLEW_TABLES]; /* of later tables: false in a store open for reading made before it
                                */
        char *dir;
        enum clew_store_mode mode;
        size_t map_bytes;
        size_t page_bytes;           /* set before map_from is */
        int dir_fd;                  /* the directory, whatever becomes of its name */
        int creating_fd;             /* holds the sign of an unfinished creation; -1 = none */
        int collector_fd;            /* holds the collector's lock; -1 = none */
        bool fresh;                  /* created, or its creation finished, by this one */
        atomic_bool broken;          /* must be reopened before the next transaction */
        atomic_size_t touched_bytes; /* of values, since it was looked how much is mapped */
        atomic_uint fresh_pieces;    /* of the file, that were touched first since then */
        atomic_uint fresh_max;       /* looked again after so many; 0 = it was not looked yet */
        atomic_uint n_drops;         /* of the mapping */
        atomic_bool seals;           /* now: more may stay mapped */
        atomic_uint_fast32_t pieces[CLEW_ENV_PIECES]; /* touched since the mapping was dropped */
        atomic_uint_fast64_t read_bytes;              /* of values, since it was opened */
        atomic_uintptr_t map_from; /* the mapping of the data file; 0 = not found yet */
        atomic_uintptr_t map_to;
        int lock_fd; /* LMDB's lock file, and its mapping (readers.c) */
        uint8_t *lock_map;
        size_t lock_bytes;
        struct clew_stopped_reader stopped[64]; /* guarded by lock */
        pthread_mutex_t lock;
        pthread_cond_t idle; /* readers fell to 0 */
        unsigned readers;    /* transactions under way; guarded by lock */
        clew_away_fn away;   /* NULL = all objects are here */
        void *away_context;
};

const char *clew_table_name(enum clew_table table);
/* mdb_get(), which does not end the program. */
int clew_table_raw_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *k, MDB_val *v);
/* LMDB's last word before it ends the program; does not return where something was being read. */
void clew_table_assertion_failed(MDB_env *env, const char *message);
/* Makes the later tables in @txn, which rewrites the state too; after an abort of @txn they are
 * forgotten. */
bool clew_env_has_all(const struct clew_env *env);
int clew_env_add_tables(struct clew_env *env, MDB_txn *txn, struct clew_error *err);
void clew_env_forget_tables(struct clew_env *env);
/* False: nothing may be asked of LMDB about it; it is empty. */
static inline bool clew_env_has(const struct clew_env *env, enum clew_table table)
{
        return table < CLEW_TABLE_LATER || env->has[table];
}
/* Maps an LMDB result (LMDB code, positive errno or 0) to a negative errno and fills @err; -ENOENT
 * for MDB_NOTFOUND without filling it. */
int clew_env_error(struct clew_env *env, int rc, const char *doing, struct clew_error *err);

/* The caller is about to read @value, which lies in the mapping (empty: it has touched pages for no
 * value); @random = not behind the one
 * before. For residency.c. */
void clew_env_touched(struct clew_env *env, struct clew_slice value, bool random);

/* Finds where the data file is mapped, by an address that LMDB has handed out, and keeps it until
 * the environment is opened anew. @inside may be in one of LMDB's dirty pages, which are not in the
 * mapping: -ENOENT. */
int clew_env_find_mapping(struct clew_env *env, const void *inside);

/* After LMDB has opened the environment, and after it has closed it. */
void clew_env_map_readers(struct clew_env *env);
void clew_env_unmap_readers(struct clew_env *env);

/* -EBADMSG when the two meta pages cannot both be of this file's last two commits. */
CLEW_MUST_USE int clew_env_check_meta_pages(struct clew_env *env, struct clew_error *err);

#endif
