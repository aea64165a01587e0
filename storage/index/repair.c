/*
 * What is damaged of the indexes goes, so that it can be made anew; repair-int.h.
 */
#include "storage/index/repair-int.h"

#include "storage/base/index-table-int.h"
#include "storage/index/catalog-int.h"
#include "storage/index/catalog-keys-int.h"

#include <errno.h>
#include <string.h>

/* Records deleted in one transaction: some milliseconds. */
#define STEP_RECORDS 256u

struct write {
        struct clew_env *env;
        void (*run)(void *context, void (*fn)(void *argument), void *argument);
        void *run_context;
        int (*fn)(struct write *w, MDB_txn *txn, struct clew_state *state);
        uint64_t number;
        bool is_stuck; /* a damaged block has to stay */
        struct clew_error *err;
        int result;
};

static int in_transaction(struct write *w)
{
        struct clew_state state;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_write(w->env, &txn, w->err);

        if (r < 0)
                return r;
        r = clew_state_read(w->env, txn, &state, w->err);
        if (r == 0)
                r = w->fn(w, txn, &state);
        if (r >= 0 && clew_state_write(w->env, txn, &state, w->err) < 0)
                r = -EIO;
        if (r < 0) {
                clew_txn_abort(w->env, txn);
                return r;
        }
        return clew_txn_commit(w->env, txn, w->err) < 0 ? -EIO : r;
}

static void write_now(void *argument)
{
        struct write *w = argument;

        w->result = in_transaction(w);
}

/* Result of @fn, or an error. */
static int write_in(struct write *w,
                    int (*fn)(struct write *w, MDB_txn *txn, struct clew_state *state),
                    uint64_t number)
{
        w->fn = fn;
        w->number = number;
        if (w->run)
                w->run(w->run_context, write_now, w);
        else
                write_now(w);
        return w->result;
}

/* Heads and what is gone, some at a time; with the last one the count begins anew. 1 = there are
 * more. */
static int drop_records(struct write *w, MDB_txn *txn, struct clew_state *state)
{
        for (uint32_t n = 0; n < STEP_RECORDS; n++) {
                struct clew_key key = clew_index_key_gone(0);
                CLEW_SCAN scan = {0};
                int r = clew_scan_open(w->env, txn, CLEW_TABLE_INDEX, &scan, w->err);

                scan.unchecked = true;
                if (r == 0)
                        r = clew_scan_seek(&scan, clew_key_slice(&key), w->err);
                if (r == 0)
                        r = clew_scan_next(&scan, w->err);
                if (r == 0) {
                        state->index_records = 0;
                        state->index_sum = 0;
                }
                if (r != 1)
                        return r;
                r = clew_scan_delete(&scan, w->err);
                if (r < 0)
                        return r;
        }
        return 1;
}

static int drop_run(struct write *w, MDB_txn *txn, struct clew_state *state)
{
        return clew_index_drop_head(w->env, txn, state, w->number, w->err);
}

static int sweep(struct write *w, MDB_txn *txn, struct clew_state *state)
{
        (void)state;
        return clew_index_sweep(w->env, txn, 0, STEP_RECORDS, &w->is_stuck, w->err);
}

/* Whether every block can be read. */
static bool is_whole(struct clew_index_run *run)
{
        struct clew_error ignored;
        struct clew_slice bytes;

        for (uint32_t i = 1; i <= run->head.n_blocks; i++) {
                if (run->get(run->context, run->number, i, &bytes, &ignored) < 0)
                        return false;
        }
        return true;
}

/* The first run from @from on that is damaged. 1, 0 = none is, or an error: the catalog itself. */
static int find_damaged(struct clew_env *env, uint64_t from, uint64_t *ret, struct clew_error *err)
{
        struct clew_index_catalog c;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(env, &txn, err);

        if (r < 0)
                return -EIO;
        r = clew_index_catalog_read(&c, env, txn, CLEW_INDEX_ANY_VERSION, err);
        for (uint32_t i = 0; r == 0 && i < c.n_runs; i++) {
                if (c.runs[i].number < from || is_whole(&c.runs[i]))
                        continue;
                *ret = c.runs[i].number;
                r = 1;
        }
        if (r >= 0)
                clew_index_catalog_deinit(&c);
        clew_txn_end_read(env, txn);
        return r;
}

/* The damaged runs, or all of them when it is their list. -EBADMSG: one cannot be. */
static int drop_damaged(struct write *w, bool thorough, uint32_t *dropped)
{
        uint64_t run = 0;
        int r;

        while ((r = find_damaged(w->env, run, &run, w->err)) == 1) {
                r = write_in(w, drop_run, run);
                if (r < 0)
                        return r;
                (*dropped)++;
                run++;
        }
        if (r == -EBADMSG) {
                (*dropped)++;
                do {
                        r = write_in(w, drop_records, 0);
                } while (r == 1);
        }
        while (r >= 0 && (thorough || *dropped > 0)) {
                r = write_in(w, sweep, 0);
                if (r < (int)STEP_RECORDS)
                        break;
        }
        return r;
}

int clew_index_repair(struct clew_env *env,
                      void (*run_fn)(void *context, void (*fn)(void *argument), void *argument),
                      void *run_context, bool thorough, uint32_t *ret_dropped,
                      struct clew_error *err)
{
        struct write w = {.env = env, .run = run_fn, .run_context = run_context, .err = err};
        int r;

        *ret_dropped = 0;
        clew_index_table_doubt(env);
        r = drop_damaged(&w, thorough, ret_dropped);
        if (r == -EBADMSG || (r >= 0 && thorough && w.is_stuck)) {
                /* What cannot be dropped is left behind with its table. */
                clew_index_table_condemn(env);
                r = drop_damaged(&w, thorough, ret_dropped);
        }
        return r < 0 ? r : 0;
}
