/*
 * See rederive-int.h. The list order does not change: a trace's start is a fact of its spans.
 */
#include "storage/seal/rederive-int.h"

#include <errno.h>

int clew_rederive_init(struct clew_rederive *x, struct clew_store *store, bool indexes,
                       struct clew_error *err)
{
        int r;

        *x = (struct clew_rederive){.store = store};
        clew_buffer_init(&x->plain, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&x->fresh, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&x->one, CLEW_PACK_RESIDUE_MAX);
        clew_index_blocks_init(&x->index);
        r = clew_loader_init(&x->loader, store->env);
        if (r == 0 && indexes && !(x->sink = clew_index_sink_new()))
                r = -ENOMEM;
        return r < 0 ? clew_error_set(err, r, 0, "out of memory") : 0;
}

void clew_rederive_deinit(struct clew_rederive *x)
{
        clew_index_sink_free(x->sink);
        clew_index_blocks_deinit(&x->index);
        clew_loader_deinit(&x->loader);
        clew_buffer_deinit(&x->plain);
        clew_buffer_deinit(&x->fresh);
        clew_buffer_deinit(&x->one);
}

/* ---- deriving -------------------------------------------------------------------------------- */

/* A trace keeps its place in lists. */
static void begin_place(struct clew_rederive *x, const struct clew_trace_id *id, uint64_t start_ns)
{
        struct clew_place place;
        struct clew_error ignored;

        if (clew_place_read(x->store->env, x->loader.txn, id, &place, &ignored) == 0)
                start_ns = place.start_ns;
        clew_index_sink_start(x->sink, start_ns);
}

/* The fresh summary of one trace into x->one. */
static int derive(struct clew_rederive *x, uint64_t segment, uint32_t index,
                  struct clew_trace_id *ret_id, struct clew_error *err)
{
        const struct clew_deriver *d = x->store->deriver;
        struct clew_segment_row row;
        struct clew_slice message;
        struct clew_slice traces;
        struct clew_slice logs;
        uint64_t start_ns = 0;
        int r = clew_loader_sealed(&x->loader, segment, index, NULL, &row, err);

        if (r < 0)
                return r;
        message = clew_buffer_slice(&x->loader.sealed);
        clew_trace_id_of_message(message, row.traces_len, ret_id);
        clew_buffer_clear(&x->one);
        traces = clew_slice_make(message.data, (size_t)row.traces_len);
        logs = clew_slice_from(message, (size_t)row.traces_len);
        if (x->sink) {
                clew_index_sink_begin(x->sink, ret_id);
                r = d->summarize_indexed(d->context, ret_id, traces, logs, &x->one, &start_ns,
                                         x->sink);
                begin_place(x, ret_id, start_ns);
        } else {
                r = d->summarize(d->context, ret_id, traces, logs, &x->one, &start_ns);
        }
        return r < 0 ? r : clew_buffer_error(&x->one);
}

/* A trace that cannot be derived keeps the summary that it has; memory that ran out ends the work,
 * since the next try may succeed. */
static int derive_one(struct clew_rederive *x, uint64_t segment, uint32_t index,
                      struct clew_error *err)
{
        struct clew_slice old = CLEW_SLICE_NULL;
        struct clew_slice fresh;
        struct clew_trace_id id = {{0}};
        int r = derive(x, segment, index, &id, err);

        if (!clew_summaries_at(clew_buffer_slice(&x->plain), index, &old))
                old = CLEW_SLICE_NULL;
        if (r == -ENOMEM)
                return clew_error_set(err, r, 0, "a trace could not be summarised");
        if (r < 0 && x->sink)
                clew_index_sink_fail(x->sink);
        fresh = r < 0 ? old : clew_buffer_slice(&x->one);
        if (x->told)
                x->told(x->context, &id, old, fresh, r < 0);
        clew_buffer_append_varint(&x->fresh, fresh.len);
        clew_buffer_append_slice(&x->fresh, fresh);
        return clew_buffer_error(&x->fresh);
}

int clew_rederive_segment(struct clew_rederive *x, uint64_t segment,
                          const struct clew_segment_entry *e, struct clew_error *err)
{
        int r;

        clew_buffer_clear(&x->plain);
        clew_buffer_clear(&x->fresh);
        if (x->sink)
                clew_index_sink_reset(x->sink);
        r = clew_summaries_decompress(e->summaries, &x->plain);
        for (uint32_t i = 0; r == 0 && i < e->n_traces; i++)
                r = derive_one(x, segment, i, err);
        return r;
}

/* ---- storing --------------------------------------------------------------------------------- */

/*
 * The segment's run is made anew with its summaries. In a segment of an old format that has lost
 * traces nobody knows which: it goes without.
 */
static int store_index(struct clew_rederive *x, MDB_txn *txn, struct clew_state *state,
                       uint64_t segment, const struct clew_segment_entry *e, struct clew_error *err)
{
        struct clew_env *env = x->store->env;
        bool unknown = e->live.len == 0 && e->n_live < e->n_traces;
        int r = clew_index_forget(env, txn, state, segment, err);

        if (r == 0 && e->n_live < e->n_traces)
                r = clew_index_release(env, txn, state, segment, e, err);
        x->is_unindexed = x->sink && (!x->index.is_set || unknown);
        if (r == 0 && x->sink && !x->is_unindexed)
                r = clew_index_put(env, txn, state, &x->index, segment, err);
        return r;
}

struct storing {
        struct clew_rederive *x;
        uint64_t segment;
        struct clew_slice summaries; /* packed */
        struct clew_error *err;
        int result;
};

static int write_entry(struct storing *w, MDB_txn *txn, struct clew_state *state)
{
        struct clew_rederive *x = w->x;
        struct clew_env *env = x->store->env;
        struct clew_key key = clew_key_segment(w->segment);
        struct clew_segment_entry e;
        struct clew_slice value;
        CLEW_BUFFER entry = {0};
        int r = clew_table_get(env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, w->err);

        clew_buffer_init(&entry, CLEW_PACK_MESSAGE_MAX);
        if (r == 0 && !clew_segment_entry_decode(value, &e))
                r = -EBADMSG;
        if (r == 0) /* first: what is decoded lies where the entry is written anew */
                r = store_index(x, txn, state, w->segment, &e, w->err);
        if (r < 0)
                return r;
        e.summary_version = x->store->deriver->version;
        e.summaries = w->summaries;
        clew_segment_entry_encode(&e, &entry);
        r = clew_buffer_error(&entry);
        value = clew_buffer_slice(&entry);
        return r < 0 ? r
                     : clew_table_put(env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, 1,
                                      w->err);
}

static void write_now(void *argument)
{
        struct storing *w = argument;
        struct clew_env *env = w->x->store->env;
        struct clew_state state;
        MDB_txn *txn = NULL;

        w->result = clew_txn_begin_write(env, &txn, w->err);
        if (w->result < 0)
                return;
        w->result = clew_state_read(env, txn, &state, w->err);
        if (w->result == 0)
                w->result = write_entry(w, txn, &state);
        if (w->result == 0)
                w->result = clew_state_write(env, txn, &state, w->err);
        if (w->result < 0)
                clew_txn_abort(env, txn);
        else
                w->result = clew_txn_commit(env, txn, w->err);
}

int clew_rederive_store(struct clew_rederive *x, uint64_t segment,
                        void (*run)(void *context, void (*fn)(void *argument), void *argument),
                        void *run_context, struct clew_error *err)
{
        struct storing w = {.x = x, .segment = segment, .err = err};
        CLEW_BUFFER frame = {0};
        int r;

        clew_buffer_init(&frame, CLEW_PACK_MESSAGE_MAX);
        x->is_unindexed = false;
        r = clew_summaries_compress(clew_buffer_slice(&x->fresh), &frame);
        if (r == 0 && x->sink)
                r = clew_index_blocks_build(&x->index, x->sink, x->store->deriver->index_version);
        if (r < 0)
                return clew_error_set(err, r, 0, "out of memory while indexing");
        w.summaries = clew_buffer_slice(&frame);
        if (run)
                run(run_context, write_now, &w);
        else
                write_now(&w);
        return w.result == -ENOENT ? 0 : w.result;
}

/* ---- runs of other indexers ------------------------------------------------------------------ */

#define STALE_MAX 4096u

/* Numbers of runs of other indexers, when runs of this one cover all: how many. */
static uint32_t find_stale(struct clew_store *store, uint64_t ret[STALE_MAX])
{
        struct clew_env *env = store->env;
        uint64_t version = store->deriver->index_version;
        struct clew_index_catalog c;
        struct clew_error ignored;
        MDB_txn *txn = NULL;
        uint32_t n = 0;
        bool covered;

        if (clew_txn_begin_read(env, &txn, &ignored) < 0)
                return 0;
        covered = clew_index_catalog_read(&c, env, txn, version, &ignored) == 0;
        if (covered) {
                covered = c.n_covered == c.n_segments && c.n_stale > 0;
                clew_index_catalog_deinit(&c);
        }
        if (covered &&
            clew_index_catalog_read(&c, env, txn, CLEW_INDEX_ANY_VERSION, &ignored) == 0) {
                for (uint32_t i = 0; i < c.n_runs && n < STALE_MAX; i++) {
                        if (c.runs[i].head.version != version)
                                ret[n++] = c.runs[i].number;
                }
                clew_index_catalog_deinit(&c);
        }
        clew_txn_end_read(env, txn);
        return n;
}

struct dropping {
        struct clew_env *env;
        const uint64_t *numbers;
        uint32_t n;
        struct clew_error *err;
        int result;
};

static void drop_now(void *argument)
{
        struct dropping *d = argument;
        struct clew_state state;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_write(d->env, &txn, d->err);

        d->result = r;
        if (r < 0)
                return;
        r = clew_state_read(d->env, txn, &state, d->err);
        for (uint32_t i = 0; (r == 0 || r == -ENOENT) && i < d->n; i++)
                r = clew_index_drop_head(d->env, txn, &state, d->numbers[i], d->err);
        if (r == 0 || r == -ENOENT)
                r = clew_state_write(d->env, txn, &state, d->err);
        if (r < 0)
                clew_txn_abort(d->env, txn);
        else
                r = clew_txn_commit(d->env, txn, d->err);
        d->result = r;
}

int clew_rederive_drop_stale(struct clew_store *store,
                             void (*run)(void *context, void (*fn)(void *argument), void *argument),
                             void *run_context, struct clew_error *err)
{
        uint64_t numbers[STALE_MAX];
        struct dropping d = {.env = store->env, .numbers = numbers, .err = err};

        d.n = find_stale(store, numbers);
        if (d.n == 0)
                return 0;
        if (run)
                run(run_context, drop_now, &d);
        else
                drop_now(&d);
        return d.result;
}
