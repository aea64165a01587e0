/*
 * Re-deriving summaries of sealed traces, segment by segment, and indexing what no index covers.
 */
#include "storage/index/merge-int.h"
#include "storage/index/repair-int.h"
#include "storage/seal/rederive-int.h"

#include <errno.h>
#include <string.h>

struct reindex {
        struct clew_rederive d;
        struct clew_index_catalog covered; /* when the work began */
        const struct clew_reindex_options *options;
        struct clew_reindex_stats stats;
};

static void tell(void *context, const struct clew_trace_id *id, struct clew_slice old,
                 struct clew_slice fresh, bool failed)
{
        struct reindex *x = context;

        x->stats.seen++;
        x->stats.failed += failed;
        if (clew_slice_eq(old, fresh))
                return;
        x->stats.changed++;
        if (x->options->on_change)
                x->options->on_change(x->options->context, id, old, fresh);
}

/* The first segment not below @from. 1, 0 = none, or an error. */
static int next_segment(struct reindex *x, MDB_txn *txn, uint64_t from, uint64_t *ret,
                        struct clew_segment_entry *ret_entry, struct clew_error *err)
{
        struct clew_key key = clew_key_segment(from);
        CLEW_SCAN scan = {0};
        int r = clew_scan_open(x->d.store->env, txn, CLEW_TABLE_SEGMENT, &scan, err);

        if (r == 0)
                r = clew_scan_seek(&scan, clew_key_slice(&key), err);
        if (r == 0)
                r = clew_scan_next(&scan, err);
        if (r <= 0)
                return r;
        if (!clew_key_read_segment(scan.key, ret) ||
            !clew_segment_entry_decode(scan.value, ret_entry))
                return clew_error_set(err, -EBADMSG, 0, "store %s: a catalog entry is damaged",
                                      clew_env_dir(x->d.store->env));
        return 1;
}

/* Handles one segment. 1 = done and @segment set, 0 = no more. */
static int reindex_next(struct reindex *x, uint64_t from, uint64_t *segment, struct clew_error *err)
{
        struct clew_store *store = x->d.store;
        struct clew_segment_entry e;
        MDB_txn *txn = NULL;
        bool missing;
        bool due;
        int r = clew_txn_begin_read(store->env, &txn, err);

        if (r < 0)
                return r;
        clew_loader_set_txn(&x->d.loader, txn);
        r = next_segment(x, txn, from, segment, &e, err);
        missing = r == 1 && x->d.sink && !clew_index_covers(&x->covered, *segment);
        due = r == 1 &&
              (missing || x->options->all || e.summary_version != store->deriver->version);
        if (due) {
                r = clew_rederive_segment(&x->d, *segment, &e, err);
                r = r < 0 ? r : 1;
        }
        clew_loader_set_txn(&x->d.loader, NULL);
        clew_txn_end_read(store->env, txn);
        if (r == 1 && due && !x->options->dry_run) {
                int w = clew_rederive_store(&x->d, *segment, NULL, NULL, err);

                x->stats.indexed += missing && w == 0 && !x->d.is_unindexed;
                r = w < 0 ? w : 1;
        }
        return r;
}

/* Which segments have an index; none when the list of them is damaged. */
static int find_covered(struct reindex *x, struct clew_error *err)
{
        struct clew_store *store = x->d.store;
        MDB_txn *txn = NULL;
        int r = 0;

        if (x->options->indexes)
                r = clew_index_repair(store->env, NULL, NULL, true, &x->stats.dropped, err);
        if (r == 0)
                r = clew_txn_begin_read(store->env, &txn, err);
        if (r < 0)
                return r;
        r = clew_index_catalog_read(&x->covered, store->env, txn, store->deriver->index_version,
                                    err);
        clew_txn_end_read(store->env, txn);
        return r == -EBADMSG ? 0 : r;
}

/* Segments are indexed one by one: the runs become few again. What cannot be merged stays. */
static int merge_runs(struct reindex *x, struct clew_error *err)
{
        const struct clew_index_merge_options options = {.version =
                                                                 x->d.store->deriver->index_version,
                                                         .adder = x->d.store->deriver->adder,
                                                         .at_rest = true,
                                                         .has_leisure = true};
        struct clew_index_merge *merge = clew_index_merge_new(x->d.store->env);
        struct clew_error ignored = {0};
        uint64_t bytes;
        int r = 1;

        if (!merge)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (clew_rederive_drop_stale(x->d.store, NULL, NULL, err) < 0)
                r = 0;
        while (r == 1)
                r = clew_index_merge_step(merge, &options, &bytes, &ignored);
        clew_index_merge_free(merge);
        return 0;
}

int clew_store_reindex(struct clew_store *store, const struct clew_reindex_options *options,
                       struct clew_reindex_stats *ret, struct clew_error *err)
{
        struct reindex x = {.options = options};
        uint64_t segment = 0;
        int r;

        if ((store->mode == CLEW_STORE_READ && !options->dry_run) || !store->deriver)
                return clew_error_set(err, -EACCES, 0, "store %s: is open for reading only",
                                      clew_env_dir(store->env));
        r = clew_rederive_init(&x.d, store, store->deriver->summarize_indexed && !options->dry_run,
                               err);
        x.d.told = tell;
        x.d.context = &x;
        if (r == 0 && x.d.sink)
                r = find_covered(&x, err);
        while (r == 0) {
                r = reindex_next(&x, segment + 1, &segment, err);
                if (r != 1)
                        break;
                r = 0;
        }
        if (r == 0 && x.d.sink)
                r = merge_runs(&x, err);
        clew_index_catalog_deinit(&x.covered);
        clew_rederive_deinit(&x.d);
        if (r == 0)
                *ret = x.stats;
        return r;
}
