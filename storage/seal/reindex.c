/*
 * Re-deriving summaries of sealed traces, segment by segment. The list order does not change: a
 * trace's start is a fact of its spans.
 */
#include "proto/base/mem.h"
#include "storage/index/merge-int.h"
#include "storage/index/repair-int.h"
#include "storage/index/sink-int.h"
#include "storage/source/store-int.h"

#include <errno.h>
#include <string.h>

struct reindex {
        struct clew_store *store;
        struct clew_loader loader;
        struct clew_buffer plain; /* old summaries */
        struct clew_buffer fresh; /* new ones, each with its length before it */
        struct clew_buffer one;
        struct clew_index_sink *sink; /* NULL: nothing is indexed */
        struct clew_index_blocks index;
        struct clew_index_catalog covered; /* when the work began */
        const struct clew_reindex_options *options;
        struct clew_reindex_stats stats;
};

/* A trace keeps its place in lists. */
static void begin_place(struct reindex *x, const struct clew_trace_id *id, uint64_t start_ns)
{
        struct clew_place place;
        struct clew_error ignored;

        if (clew_place_read(x->store->env, x->loader.txn, id, &place, &ignored) == 0)
                start_ns = place.start_ns;
        clew_index_sink_start(x->sink, start_ns);
}

/* The fresh summary of one trace into x->one. */
static int derive(struct reindex *x, uint64_t segment, uint32_t index, struct clew_trace_id *ret_id,
                  struct clew_error *err)
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
static int derive_one(struct reindex *x, uint64_t segment, uint32_t index, struct clew_error *err)
{
        struct clew_slice old = CLEW_SLICE_NULL;
        struct clew_slice fresh;
        struct clew_trace_id id = {{0}};
        int r = derive(x, segment, index, &id, err);

        if (!clew_summaries_at(clew_buffer_slice(&x->plain), index, &old))
                old = CLEW_SLICE_NULL;
        if (r == -ENOMEM)
                return clew_error_set(err, r, 0, "a trace could not be summarised");
        x->stats.seen++;
        x->stats.failed += r < 0;
        if (r < 0 && x->sink)
                clew_index_sink_fail(x->sink);
        fresh = r < 0 ? old : clew_buffer_slice(&x->one);
        if (!clew_slice_eq(old, fresh)) {
                x->stats.changed++;
                if (x->options->on_change)
                        x->options->on_change(x->options->context, &id, old, fresh);
        }
        clew_buffer_append_varint(&x->fresh, fresh.len);
        clew_buffer_append_slice(&x->fresh, fresh);
        return clew_buffer_error(&x->fresh);
}

/*
 * The segment's run is made anew with its summaries. In a segment of an old format that has lost
 * traces nobody knows which: it goes without.
 */
static int store_index(struct reindex *x, MDB_txn *txn, struct clew_state *state, uint64_t segment,
                       const struct clew_segment_entry *e, struct clew_error *err)
{
        struct clew_env *env = x->store->env;
        bool unknown = e->live.len == 0 && e->n_live < e->n_traces;
        int r = clew_index_forget(env, txn, state, segment, err);

        if (r == 0 && e->n_live < e->n_traces)
                r = clew_index_release(env, txn, state, segment, e, err);
        if (r == 0 && x->sink && x->index.is_set && !unknown)
                r = clew_index_put(env, txn, state, &x->index, segment, err);
        return r;
}

/* Writes the new summaries, unless the segment went away meanwhile. */
static int store_entry(struct reindex *x, uint64_t segment, struct clew_error *err)
{
        struct clew_env *env = x->store->env;
        struct clew_key key = clew_key_segment(segment);
        struct clew_segment_entry e;
        struct clew_state state;
        struct clew_slice value;
        CLEW_BUFFER frame = {0};
        CLEW_BUFFER entry = {0};
        MDB_txn *txn = NULL;
        int r;

        clew_buffer_init(&frame, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&entry, CLEW_PACK_MESSAGE_MAX);
        r = clew_summaries_compress(clew_buffer_slice(&x->fresh), &frame);
        if (r == 0 && x->sink)
                r = clew_index_blocks_build(&x->index, x->sink, x->store->deriver->index_version);
        if (r == 0)
                r = clew_txn_begin_write(env, &txn, err);
        if (r < 0)
                return r;
        r = clew_table_get(env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, err);
        if (r == 0 && !clew_segment_entry_decode(value, &e))
                r = -EBADMSG;
        if (r == 0)
                r = clew_state_read(env, txn, &state, err);
        if (r == 0) /* first: what is decoded lies where the entry is written anew */
                r = store_index(x, txn, &state, segment, &e, err);
        if (r == 0) {
                e.summary_version = x->store->deriver->version;
                e.summaries = clew_buffer_slice(&frame);
                clew_segment_entry_encode(&e, &entry);
                r = clew_buffer_error(&entry);
                value = clew_buffer_slice(&entry);
        }
        if (r == 0)
                r = clew_table_put(env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, 1,
                                   err);
        if (r == 0)
                r = clew_state_write(env, txn, &state, err);
        if (r < 0) {
                clew_txn_abort(env, txn);
                return r == -ENOENT ? 0 : r;
        }
        return clew_txn_commit(env, txn, err);
}

/* The first segment not below @from. 1, 0 = none, or an error. */
static int next_segment(struct reindex *x, MDB_txn *txn, uint64_t from, uint64_t *ret,
                        struct clew_segment_entry *ret_entry, struct clew_error *err)
{
        struct clew_key key = clew_key_segment(from);
        CLEW_SCAN scan = {0};
        int r = clew_scan_open(x->store->env, txn, CLEW_TABLE_SEGMENT, &scan, err);

        if (r == 0)
                r = clew_scan_seek(&scan, clew_key_slice(&key), err);
        if (r == 0)
                r = clew_scan_next(&scan, err);
        if (r <= 0)
                return r;
        if (!clew_key_read_segment(scan.key, ret) ||
            !clew_segment_entry_decode(scan.value, ret_entry))
                return clew_error_set(err, -EBADMSG, 0, "store %s: a catalog entry is damaged",
                                      clew_env_dir(x->store->env));
        return 1;
}

/* Handles one segment. 1 = done and @segment set, 0 = no more. */
static int reindex_next(struct reindex *x, uint64_t from, uint64_t *segment, struct clew_error *err)
{
        struct clew_segment_entry e;
        MDB_txn *txn = NULL;
        bool missing;
        bool due;
        int r = clew_txn_begin_read(x->store->env, &txn, err);

        if (r < 0)
                return r;
        clew_loader_set_txn(&x->loader, txn);
        r = next_segment(x, txn, from, segment, &e, err);
        missing = r == 1 && x->sink && !clew_index_run_of(&x->covered, *segment);
        due = r == 1 &&
              (missing || x->options->all || e.summary_version != x->store->deriver->version);
        if (due) {
                clew_buffer_clear(&x->plain);
                clew_buffer_clear(&x->fresh);
                if (x->sink)
                        clew_index_sink_reset(x->sink);
                r = clew_summaries_decompress(e.summaries, &x->plain);
                for (uint32_t i = 0; r == 0 && i < e.n_traces; i++)
                        r = derive_one(x, *segment, i, err);
                r = r < 0 ? r : 1;
        }
        clew_loader_set_txn(&x->loader, NULL);
        clew_txn_end_read(x->store->env, txn);
        if (r == 1 && due && !x->options->dry_run) {
                int w = store_entry(x, *segment, err);

                x->stats.indexed += missing && w == 0 && x->index.is_set;

                r = w < 0 ? w : 1;
        }
        return r;
}

/* Which segments have an index; none when the list of them is damaged. */
static int begin_indexing(struct reindex *x, struct clew_error *err)
{
        struct clew_env *env = x->store->env;
        MDB_txn *txn = NULL;
        int r = 0;

        x->sink = clew_index_sink_new();
        if (!x->sink)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (x->options->indexes)
                r = clew_index_repair(env, &x->stats.dropped, err);
        if (r == 0)
                r = clew_txn_begin_read(env, &txn, err);
        if (r < 0)
                return r;
        r = clew_index_catalog_read(&x->covered, env, txn, x->store->deriver->index_version, err);
        clew_txn_end_read(env, txn);
        return r == -EBADMSG ? 0 : r;
}

#define STALE_MAX 4096u

/* Numbers of runs of other indexers, when runs of this one cover all: how many. */
static uint32_t find_stale(struct reindex *x, uint64_t ret[STALE_MAX])
{
        struct clew_env *env = x->store->env;
        uint64_t version = x->store->deriver->index_version;
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

/* Runs that nobody asks any more go; their blocks are swept before the first merge. */
static int drop_stale(struct reindex *x, struct clew_error *err)
{
        struct clew_env *env = x->store->env;
        uint64_t numbers[STALE_MAX];
        uint32_t n = find_stale(x, numbers);
        struct clew_state state;
        MDB_txn *txn = NULL;
        int r = 0;

        if (n == 0)
                return 0;
        r = clew_txn_begin_write(env, &txn, err);
        if (r < 0)
                return r;
        r = clew_state_read(env, txn, &state, err);
        for (uint32_t i = 0; (r == 0 || r == -ENOENT) && i < n; i++)
                r = clew_index_drop_head(env, txn, &state, numbers[i], err);
        if (r == -ENOENT)
                r = 0;
        if (r == 0)
                r = clew_state_write(env, txn, &state, err);
        if (r < 0) {
                clew_txn_abort(env, txn);
                return r;
        }
        return clew_txn_commit(env, txn, err);
}

/* Segments are indexed one by one: the runs become few again. What cannot be merged stays. */
static int merge_runs(struct reindex *x, struct clew_error *err)
{
        const struct clew_index_merge_options options = {.version =
                                                                 x->store->deriver->index_version};
        struct clew_index_merge *merge = clew_index_merge_new(x->store->env);
        struct clew_error ignored = {0};
        uint64_t bytes;
        int r = 1;

        if (!merge)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (drop_stale(x, err) < 0)
                r = 0;
        while (r == 1)
                r = clew_index_merge_step(merge, &options, &bytes, &ignored);
        clew_index_merge_free(merge);
        return 0;
}

int clew_store_reindex(struct clew_store *store, const struct clew_reindex_options *options,
                       struct clew_reindex_stats *ret, struct clew_error *err)
{
        struct reindex x = {.store = store, .options = options};
        uint64_t segment = 0;
        int r;

        if ((store->mode == CLEW_STORE_READ && !options->dry_run) || !store->deriver)
                return clew_error_set(err, -EACCES, 0, "store %s: is open for reading only",
                                      clew_env_dir(store->env));
        clew_buffer_init(&x.plain, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&x.fresh, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&x.one, CLEW_PACK_RESIDUE_MAX);
        clew_index_blocks_init(&x.index);
        r = clew_loader_init(&x.loader, store->env);
        if (r == 0 && store->deriver->summarize_indexed && !options->dry_run)
                r = begin_indexing(&x, err);
        while (r == 0) {
                r = reindex_next(&x, segment + 1, &segment, err);
                if (r != 1)
                        break;
                r = 0;
        }
        if (r == 0 && x.sink)
                r = merge_runs(&x, err);
        clew_index_sink_free(x.sink);
        clew_index_catalog_deinit(&x.covered);
        clew_index_blocks_deinit(&x.index);
        clew_loader_deinit(&x.loader);
        clew_buffer_deinit(&x.plain);
        clew_buffer_deinit(&x.fresh);
        clew_buffer_deinit(&x.one);
        if (r == 0)
                *ret = x.stats;
        return r;
}
