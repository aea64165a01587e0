/*
 * The index run of segments that were sealed one after the other.
 *
 * Their keys are gathered in one sink, and written in a transaction behind the last segment. Until
 * then no index covers them: a walk reads their traces, and whoever dies in between leaves
 * segments that are indexed in the background (seal-index.c). That is so for one call of
 * clew_store_seal() at most, which holds the lock that erasing waits for.
 *
 * Another process may take a trace out of one of the segments meanwhile, to erase it: its words
 * must not be written then, so the transaction looks whether all are as they were stored.
 */
#include "storage/seal/seal-int.h"

#include <errno.h>

void clew_seal_run_begin(struct clew_seal_run *run, struct clew_index_sink *sink)
{
        if (run->n_segments == 0)
                clew_index_sink_reset(sink);
        else
                clew_index_sink_next(sink);
}

void clew_seal_run_add(struct clew_seal_run *run, struct clew_index_sink *sink, uint64_t segment,
                       uint64_t raw_bytes)
{
        clew_index_sink_number(sink, segment);
        run->n_segments++;
        run->raw_bytes += raw_bytes;
}

void clew_seal_run_drop(const struct clew_seal_run *run, struct clew_index_sink *sink)
{
        if (sink && run->n_segments > 0)
                clew_index_sink_fail(sink);
}

bool clew_seal_run_is_full(const struct clew_seal_run *run, const struct clew_index_sink *sink)
{
        return run->n_segments > 0 &&
               (run->raw_bytes >= CLEW_SEAL_RUN_BYTES || clew_index_sink_is_full(sink));
}

struct writing {
        struct clew_store *store;
        const struct clew_index_blocks *blocks;
        struct clew_error *err;
        int result;
};

static void write_now(void *argument)
{
        struct writing *w = argument;
        struct clew_env *env = w->store->env;
        struct clew_state state;
        MDB_txn *txn = NULL;

        w->result = clew_txn_begin_write(env, &txn, w->err);
        if (w->result < 0)
                return;
        w->result = clew_state_read(env, txn, &state, w->err);
        if (w->result == 0)
                w->result = clew_index_put_whole(env, txn, &state, w->blocks, w->err);
        if (w->result == 1)
                w->result = clew_state_write(env, txn, &state, w->err);
        else if (w->result == 0)
                w->result = -EAGAIN;
        if (w->result < 0)
                clew_txn_abort(env, txn);
        else
                w->result = clew_txn_commit(env, txn, w->err);
}

int clew_seal_run_write(struct clew_seal_run *run, struct clew_store *store,
                        struct clew_index_sink *sink, struct clew_index_blocks *room,
                        const struct clew_seal_options *options, struct clew_error *err)
{
        struct writing w = {.store = store, .blocks = room, .err = err};

        if (run->n_segments == 0)
                return 0;
        *run = (struct clew_seal_run){0};
        if (clew_index_blocks_build(room, sink, store->deriver->index_version) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory while sealing");
        if (!room->is_set)
                return 0;
        if (options->run)
                options->run(options->context, write_now, &w);
        else
                write_now(&w);
        return w.result == -EAGAIN ? 0 : w.result;
}
