/*
 * The last part of erasing: index runs that name what is gone are made anew, and free pages are
 * wiped; storage/erase.h, storage/base/wipe-int.h.
 */
#include "storage/base/index-table-int.h"
#include "storage/base/wipe-int.h"
#include "storage/erase/repack-int.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* How often it is looked which deletions need not be remembered any more, and how many go at once.
 */
#define EXPIRE_EVERY_NS (3600 * CLEW_NS_PER_S)
#define EXPIRE_STEP 4096u
/* Readers are short: how long one is waited for, a second. */
#define READER_POLLS 100u
#define READER_POLL_NS 10000000
/* Passes over the file: pages that a commit frees behind the first are met by the second. */
#define PASSES_MAX 3u

struct finishing {
        struct clew_store *store;
        const struct clew_rewrite_options *options;
        struct clew_erasure erasure; /* when it began */
        struct clew_wipe *wipe;      /* of the step */
        uint64_t last_txn;           /* what was there when it began */
        uint64_t now_ns;
        struct clew_error *err;
        int (*fn)(struct finishing *f, MDB_txn *txn, struct clew_shelf *shelf,
                  struct clew_erasure *e);
        int result;
};

static bool is_over(const struct finishing *f)
{
        return f->options->is_over && f->options->is_over(f->options->context);
}

static int run(struct finishing *f, void (*fn)(void *argument))
{
        if (f->options->run)
                f->options->run(f->options->context, fn, f);
        else
                fn(f);
        return f->result;
}

static void write_now(void *argument)
{
        struct finishing *f = argument;
        struct clew_store *store = f->store;
        struct clew_erasure e;
        struct clew_shelf shelf;
        struct clew_state state;
        MDB_txn *txn = NULL;
        int r = f->result = clew_txn_begin_write(store->env, &txn, f->err);

        if (r < 0)
                return;
        r = clew_state_read(store->env, txn, &state, f->err);
        if (r == 0)
                r = clew_shelf_begin(&shelf, store, txn, f->err);
        if (r == 0)
                r = clew_erasure_read(store->env, txn, &e, f->err);
        if (r == 0 && f->fn)
                r = f->fn(f, txn, &shelf, &e);
        if (r == 0)
                r = clew_erasure_write(store->env, txn, &e, f->err);
        if (r == 0)
                r = clew_shelf_end(&shelf, f->err);
        if (r == 0)
                r = clew_state_write(store->env, txn, &state, f->err);
        if (r < 0)
                clew_txn_abort(store->env, txn);
        f->result = r < 0 ? r : clew_txn_commit(store->env, txn, f->err);
}

static int write_with(struct finishing *f,
                      int (*fn)(struct finishing *f, MDB_txn *txn, struct clew_shelf *shelf,
                                struct clew_erasure *e))
{
        f->fn = fn;
        return run(f, write_now);
}

/* ---- indexes --------------------------------------------------------------------------------- */

static int read_state(struct finishing *f, uint64_t *ret)
{
        struct clew_state state = {0};
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(f->store->env, &txn, f->err);

        if (r < 0)
                return r;
        r = clew_state_read(f->store->env, txn, &state, f->err);
        f->last_txn = mdb_txn_id(txn);
        clew_txn_end_read(f->store->env, txn);
        *ret = state.next_run;
        return r;
}

/* A merge that is under way may carry what is gone: it is given up first. */
static int purge(struct finishing *f)
{
        const struct clew_deriver *d = f->store->deriver;
        struct clew_index_merge_options options = {.run = f->options->run,
                                                   .context = f->options->context,
                                                   .adder = d ? d->adder : NULL};
        struct clew_index_merge *merge;
        uint64_t bytes;
        int r = read_state(f, &options.purge_below);

        if (r < 0 || options.purge_below == 0)
                return r;
        pthread_mutex_lock(&f->store->sealing_lock);
        if (f->store->sealing) {
                clew_index_merge_free(f->store->sealing->merge);
                f->store->sealing->merge = NULL;
        }
        pthread_mutex_unlock(&f->store->sealing_lock);
        merge = clew_index_merge_new(f->store->env);
        if (!merge)
                return clew_error_set(f->err, -ENOMEM, 0, "out of memory");
        for (r = 1; r == 1 && !is_over(f);)
                r = clew_index_merge_step(merge, &options, &bytes, f->err);
        clew_index_merge_free(merge);
        return r == -EBADMSG ? 0 : r; /* a damaged list of runs: doctor tells of it */
}

/* ---- free pages ------------------------------------------------------------------------------ */

static void wipe_now(void *argument)
{
        struct finishing *f = argument;

        f->result = clew_env_wipe_step(f->store->env, f->wipe, f->err);
}

/* 0 = the pass is done, 1 = it was ended. */
static int pass(struct finishing *f, struct clew_wipe *w)
{
        int r = 1;

        *w = (struct clew_wipe){0};
        f->wipe = w;
        while (r == 1 && !is_over(f))
                r = run(f, wipe_now);
        return r;
}

/* Two commits: what the last deletion has freed is free for good when no reader is older. */
static int commit_twice(struct finishing *f)
{
        int r = write_with(f, NULL);

        return r == 0 ? write_with(f, NULL) : r;
}

/* Commits, and waits until nobody looks at commit @txn_id any more, or at one before it. 1 =
 * somebody went on looking. */
static int outlive(struct finishing *f, uint64_t txn_id, struct clew_erasure_status *ret)
{
        int r = commit_twice(f);

        for (unsigned i = 0; r == 0 && i < READER_POLLS; i++) {
                static const struct timespec pause = {.tv_nsec = READER_POLL_NS};

                if (clew_env_oldest_reader(f->store->env, &ret->held_by) > txn_id)
                        return 0;
                if (is_over(f))
                        break;
                nanosleep(&pause, NULL);
        }
        return r < 0 ? r : 1;
}

/* 0 = all is wiped, 1 = something has to wait. */
static int wipe(struct finishing *f, struct clew_erasure_status *ret)
{
        struct clew_wipe w = {.last_txn = f->last_txn};
        int r = 0;

        for (unsigned i = 0; r == 0 && i < PASSES_MAX; i++) {
                r = outlive(f, w.last_txn, ret);
                if (r == 0)
                        r = pass(f, &w);
                ret->n_wiped += w.n_wiped;
                ret->n_held = w.n_held;
                if (r == 0 && w.first_txn == w.last_txn && w.n_unclean == 0)
                        return 0; /* nobody wrote meanwhile: there is nothing for another */
        }
        return r;
}

static int set_done(struct finishing *f, MDB_txn *txn, struct clew_shelf *shelf,
                    struct clew_erasure *e)
{
        (void)txn;
        (void)shelf;
        if (e->done < f->erasure.wanted)
                e->done = f->erasure.wanted;
        return 0;
}

/* ---- what need not be remembered ------------------------------------------------------------- */

static int expire(struct finishing *f, MDB_txn *txn, struct clew_shelf *shelf,
                  struct clew_erasure *e)
{
        uint8_t prefix = CLEW_SHELF_DELETED;
        uint8_t key[CLEW_SHELF_KEY_MAX];
        uint8_t last[CLEW_SHELF_KEY_MAX];
        size_t last_len = 0;
        size_t len = 0;
        uint32_t n_gone = 0;
        uint64_t for_ns = atomic_load(&f->store->is_shared) ? CLEW_DELETED_SHARED_FOR_NS
                                                            : CLEW_DELETED_FOR_NS;
        int r = 0;

        (void)txn;
        while (n_gone < EXPIRE_STEP &&
               (r = clew_shelf_next_key(shelf, clew_slice_make(&prefix, 1),
                                        clew_slice_make(last, last_len), key, &len, f->err)) == 0) {
                struct clew_trace_id id;
                uint64_t time_ns;
                bool pending;

                memcpy(id.bytes, key + 1, sizeof(id.bytes));
                memcpy(last, key, len);
                last_len = len;
                r = clew_deleted_get(shelf, &id, &time_ns, &pending, f->err);
                if (r < 0)
                        return r;
                if (pending || f->now_ns < time_ns || f->now_ns - time_ns < for_ns)
                        continue;
                r = clew_shelf_remove(shelf, clew_slice_make(key, len), f->err);
                if (r < 0)
                        return r;
                e->deleted--;
                n_gone++;
        }
        if (r == -ENOENT)
                e->expired_ns = f->now_ns;
        return r == -ENOENT ? 0 : r;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int read_erasure(struct clew_store *store, struct clew_erasure *ret, struct clew_error *err)
{
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(store->env, &txn, err);

        if (r < 0)
                return r;
        r = clew_erasure_read(store->env, txn, ret, err);
        clew_txn_end_read(store->env, txn);
        return r;
}

int clew_store_finish_erasure(struct clew_store *store, const struct clew_rewrite_options *options,
                              struct clew_erasure_status *ret, struct clew_error *err)
{
        struct finishing f = {.store = store,
                              .options = options,
                              .now_ns = clew_clock_unix_ns(store->clock),
                              .err = err};
        int r = read_erasure(store, &f.erasure, err);

        *ret = (struct clew_erasure_status){0};
        if (r < 0 || store->mode == CLEW_STORE_READ)
                return r;
        ret->deleted = f.erasure.deleted;
        ret->pending = f.erasure.pending;
        if (f.erasure.deleted > 0 &&
            (f.now_ns < f.erasure.expired_ns || f.now_ns - f.erasure.expired_ns > EXPIRE_EVERY_NS))
                r = write_with(&f, expire);
        ret->is_wiped = f.erasure.wanted == f.erasure.done;
        if (r < 0 || ret->is_wiped)
                return r;
        r = purge(&f);
        if (r == 0) /* what is read from here on is younger than what was erased */
                r = clew_env_refresh(store->env, err);
        if (r == -EAGAIN)
                return 0; /* somebody reads all the time: the next call tries again */
        if (r == 0)
                r = clew_hot_summaries_wipe(clew_env_dir(store->env), err);
        if (r == -ETIMEDOUT)
                return 0; /* somebody holds it: as above */
        if (r == 0)
                r = wipe(&f, ret);
        if (r == 0)
                r = write_with(&f, set_done);
        ret->is_wiped = r == 0;
        return r < 0 ? r : 0;
}

bool clew_store_has_left_behind(const struct clew_store *store)
{
        return clew_index_table_number(store->env) > 0;
}

int clew_view_erasure(struct clew_view *view, struct clew_erasure_status *ret,
                      struct clew_error *err)
{
        struct clew_erasure e;
        int r = clew_erasure_read(view->store->env, view->txn, &e, err);

        if (r < 0)
                return r;
        *ret = (struct clew_erasure_status){
                .deleted = e.deleted, .pending = e.pending, .is_wiped = e.wanted == e.done};
        return 0;
}
