/*
 * Opening a store, appending fragments, and notes; storage/store.h.
 */
#include "storage/source/erasure-int.h"
#include "storage/source/shelf-int.h"
#include "storage/source/store-int.h"

#include "proto/base/mem.h"
#include "storage/base/env-struct-int.h"
#include "storage/base/sums-int.h"

#include <errno.h>
#include <string.h>

/* A store that was made before there were some tables gets them; the state is rewritten as by any
 * writer. */
static int add_tables(struct clew_store *store, MDB_txn *txn, struct clew_error *err)
{
        struct clew_state state;
        int r = clew_state_read(store->env, txn, &state, err);

        if (r == 0)
                r = clew_env_add_tables(store->env, txn, err);
        return r < 0 ? r : clew_state_write(store->env, txn, &state, err);
}

/* Creates the records of a fresh store, or makes an older one a present one; in one transaction. */
static int write_format(struct clew_store *store, struct clew_error *err)
{
        MDB_txn *txn = NULL;
        uint32_t version = 0;
        bool had_all = clew_env_has_all(store->env);
        int r = clew_txn_begin_write(store->env, &txn, err);

        if (r < 0)
                return r;
        r = clew_format_read(store->env, txn, &version, err);
        if (r == -ENOENT)
                r = clew_format_create(store->env, txn, clew_clock_unix_ns(store->clock), err);
        else if (r == 0 && version < CLEW_FORMAT_VERSION)
                r = clew_format_upgrade(store->env, txn, err);
        if (r == 0 && !had_all)
                r = add_tables(store, txn, err);
        if (r < 0)
                clew_txn_abort(store->env, txn);
        else
                r = clew_txn_commit(store->env, txn, err);
        if (r < 0 && !had_all)
                clew_env_forget_tables(store->env);
        return r;
}

static int read_format(struct clew_store *store, uint32_t *ret_version, struct clew_error *err)
{
        MDB_txn *txn = NULL;
        struct clew_state state;
        int r = clew_txn_begin_read(store->env, &txn, err);

        if (r < 0)
                return r;
        r = clew_format_read(store->env, txn, ret_version, err);
        if (r == 0)
                r = clew_state_read(store->env, txn, &state, err);
        clew_txn_end_read(store->env, txn);
        return r;
}

static int check_format(struct clew_store *store, struct clew_error *err)
{
        uint32_t version = 0;
        int r = read_format(store, &version, err);

        if (r == -ENOENT && store->mode == CLEW_STORE_READ) {
                if (clew_env_is_being_made(store->env))
                        return clew_error_set(err, -ENOENT, 0, "store %s: holds no data yet",
                                              clew_env_dir(store->env));
                r = read_format(store, &version, err); /* it may have come in between */
        }
        /* Only a store that is being made has no format record; another one is damaged, and a new
         * state would hide what it holds. */
        if (r == -ENOENT && !clew_env_is_creating(store->env))
                return clew_error_set(err, -EBADMSG, 0,
                                      "store %s: its record of the format is missing: clew doctor "
                                      "--repair makes a whole store of what can be read; else "
                                      "restore a backup, or name another directory",
                                      clew_env_dir(store->env));
        if (r == -ENOENT || (r == 0 && store->mode != CLEW_STORE_READ &&
                             (version < CLEW_FORMAT_VERSION || !clew_env_has_all(store->env))))
                r = write_format(store, err);
        return r < 0 ? r : clew_env_created(store->env, err);
}

int clew_store_open(const char *dir, const struct clew_store_options *options,
                    struct clew_store **ret, struct clew_error *err)
{
        struct clew_store *store = clew_calloc(1, sizeof(*store));
        int r;

        if (!store)
                return clew_error_set(err, -ENOMEM, 0, "store %s: out of memory", dir);
        store->clock = options->clock ? options->clock : clew_clock_system();
        store->deriver = options->deriver;
        store->mode = options->mode;
        store->sealed_only = options->sealed_only;
        pthread_mutex_init(&store->sealing_lock, NULL);
        r = clew_env_open(dir, options, &store->env, err);
        if (r == 0)
                r = check_format(store, err);
        if (r < 0) {
                clew_store_close(store);
                return r;
        }
        *ret = store;
        return 0;
}

void clew_store_close(struct clew_store *store)
{
        if (!store)
                return;
        if (store->sealing)
                store->sealing_free(store->sealing);
        pthread_mutex_destroy(&store->sealing_lock);
        clew_env_close(store->env);
        clew_free(store);
}

const char *clew_store_directory(const struct clew_store *store)
{
        return clew_env_dir(store->env);
}

bool clew_store_has_collector(const struct clew_store *store)
{
        return clew_env_has_collector(store->env);
}

void clew_store_tell_place(struct clew_store *store, const char *url)
{
        clew_env_tell_place(store->env, url);
}

bool clew_store_collector_place(const struct clew_store *store, char ret[CLEW_PLACE_BYTES])
{
        return clew_env_collector_place(store->env, ret);
}

static int refuse_read_only(struct clew_store *store, struct clew_error *err)
{
        if (store->mode != CLEW_STORE_READ)
                return 0;
        return clew_error_set(err, -EACCES, 0, "store %s: is open for reading only",
                              clew_env_dir(store->env));
}

int clew_store_append(struct clew_store *store, const struct clew_fragment *fragments, size_t n,
                      struct clew_error *err)
{
        const struct clew_fragment *kept = NULL;
        struct clew_fragment *owned = NULL;
        MDB_txn *txn = NULL;
        struct clew_state state;
        int r = refuse_read_only(store, err);

        if (r < 0)
                return r;
        r = clew_txn_begin_write(store->env, &txn, err);
        if (r < 0)
                return r;
        r = clew_state_read(store->env, txn, &state, err);
        if (r == 0)
                r = clew_erasure_filter(store, txn, fragments, n, &kept, &n, &owned, err);
        if (r == 0)
                r = clew_hot_append(store->env, txn, kept, n, &state, err);
        if (r == 0)
                r = clew_shelf_add_runs(store, txn, kept, n, err);
        if (r == 0)
                r = clew_state_write(store->env, txn, &state, err);
        clew_free(owned);
        if (r < 0) {
                clew_txn_abort(store->env, txn);
                return r;
        }
        return clew_txn_commit(store->env, txn, err);
}

int clew_store_add_note(struct clew_store *store, const struct clew_trace_id *id,
                        struct clew_slice note, struct clew_error *err)
{
        MDB_txn *txn = NULL;
        struct clew_state state;
        struct clew_key key;
        struct clew_slice old;
        uint64_t index = 0;
        int r = refuse_read_only(store, err);

        if (r < 0)
                return r;
        r = clew_txn_begin_write(store->env, &txn, err);
        if (r < 0)
                return r;
        do {
                key = clew_key_numbered(id, index++);
                r = clew_table_get(store->env, txn, CLEW_TABLE_NOTE, clew_key_slice(&key), &old,
                                   err);
        } while (r == 0);
        if (r == -ENOENT)
                r = clew_table_put(store->env, txn, CLEW_TABLE_NOTE, clew_key_slice(&key), &note, 1,
                                   err);
        if (r == 0)
                r = clew_state_read(store->env, txn, &state, err);
        if (r == 0) {
                clew_note_count_in(&state, clew_key_slice(&key), note);
                r = clew_state_write(store->env, txn, &state, err);
        }
        if (r < 0) {
                clew_txn_abort(store->env, txn);
                return r;
        }
        return clew_txn_commit(store->env, txn, err);
}

/* None is there: the table is to be whole. */
static int prove_notes(struct clew_view *view, struct clew_error *err)
{
        struct clew_state state;
        int r = view->notes_proved ? 0 : clew_state_read(view->store->env, view->txn, &state, err);

        if (r == 0 && !view->notes_proved)
                r = clew_notes_prove(view->store->env, view->txn, &state, err);
        view->notes_proved = r == 0;
        return r;
}

static int note_trusting(struct clew_view *view, const struct clew_trace_id *id, uint32_t index,
                         struct clew_slice *ret, struct clew_error *err)
{
        struct clew_key key = clew_key_numbered(id, index);
        int r = clew_table_get(view->store->env, view->txn, CLEW_TABLE_NOTE, clew_key_slice(&key),
                               ret, err);

        if (r == -ENOENT) { /* of another writer, at a reader */
                r = clew_note_find(view->store->env, view->txn, id, index, &key, err);
                if (r == 0)
                        r = clew_table_get(view->store->env, view->txn, CLEW_TABLE_NOTE,
                                           clew_key_slice(&key), ret, err);
        }
        if (r == -ENOENT) {
                int e = prove_notes(view, err);

                r = e < 0 ? e : r;
        }
        return r;
}

int clew_view_note(struct clew_view *view, const struct clew_trace_id *id, uint32_t index,
                   struct clew_slice *ret, struct clew_error *err)
{
        int r = note_trusting(view, id, index, ret, err);

        return clew_txn_check(view->store->env, view->txn, r, err);
}

int clew_store_check_readers(struct clew_store *store)
{
        return clew_env_check_readers(store->env);
}
