/*
 * What a store holds and costs, as far as it can be told without looking at what is hot: for who
 * asks every second. A few records, the list of free pages, the readers of the lock file.
 */
#include "storage/base/env-struct-int.h"
#include "storage/hot/hot-summaries-int.h"
#include "storage/source/store-int.h"

#include <sys/statvfs.h>

static int count_hot(struct clew_env *env, MDB_txn *txn, struct clew_store_figures *f,
                     struct clew_error *err)
{
        MDB_stat st;
        int rc = mdb_stat(txn, env->dbi[CLEW_TABLE_HOT], &st);

        if (rc != 0)
                return clew_env_error(env, rc, "counting what is hot", err);
        f->hot_bytes = (uint64_t)(st.ms_branch_pages + st.ms_leaf_pages + st.ms_overflow_pages) *
                       st.ms_psize;
        return 0;
}

static int figures_of(struct clew_env *env, MDB_txn *txn, struct clew_store_figures *f,
                      struct clew_error *err)
{
        struct clew_store_stats pages = {0};
        struct statvfs disk;
        struct clew_state state;
        int r = clew_state_read(env, txn, &state, err);

        if (r == 0)
                r = count_hot(env, txn, f, err);
        if (r == 0)
                r = clew_env_pages(env, txn, &pages, err);
        if (r < 0)
                return r;
        f->sealed_traces = state.sealed_traces;
        f->sealed_spans = state.sealed_spans;
        f->sealed_raw_bytes = state.sealed_raw_bytes;
        f->hot_fragments = state.hot_fragments;
        f->segments = state.segments;
        f->segment_bytes = state.segment_bytes;
        f->used_bytes = pages.used_bytes;
        f->free_bytes = pages.free_bytes;
        f->file_bytes = pages.file_bytes;
        if (fstatvfs(env->dir_fd, &disk) == 0)
                f->disk_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
        return 0;
}

int clew_store_check_hot_summaries(struct clew_store *store, bool whole, struct clew_error *err)
{
        return clew_hot_summaries_check(clew_env_dir(store->env), whole, err);
}

int clew_store_figures(struct clew_store *store, struct clew_store_figures *ret,
                       struct clew_error *err)
{
        struct clew_store_figures f = {0};
        MDB_txn *txn = NULL;
        int r;

        clew_env_count_readers(store->env, &f); /* before this one is among them */
        r = clew_txn_begin_read(store->env, &txn, err);
        if (r < 0)
                return r;
        r = figures_of(store->env, txn, &f, err);
        r = clew_txn_check(store->env, txn, r, err);
        clew_txn_end_read(store->env, txn);
        if (r == 0)
                *ret = f;
        return r;
}
