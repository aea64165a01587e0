/*
 * Segments that no index covers are indexed in the background, one in a call of clew_store_seal(),
 * after all that is hot and due: those of an earlier version of Clew or of its rules, and those
 * whose index was damaged and has been dropped.
 *
 * What is to be done is read from the store, newest segments first, so nothing is kept of the work
 * but the work: it goes on wherever a process has died. A walk uses the index of a segment from the
 * commit on that writes it. What cannot be indexed (a trace of it cannot be read) is left alone
 * until the next start; its traces are read as they are.
 */
#include "storage/base/index-table-int.h"
#include "storage/index/repair-int.h"
#include "storage/seal/rederive-int.h"
#include "storage/seal/seal-int.h"

#include <errno.h>
#include <string.h>

static bool is_given_up(const struct clew_sealing *s, uint64_t segment)
{
        uint32_t n =
                s->n_unindexable < CLEW_UNINDEXABLE_MAX ? s->n_unindexable : CLEW_UNINDEXABLE_MAX;

        for (uint32_t i = 0; i < n; i++) {
                if (s->unindexable[i] == segment)
                        return true;
        }
        return false;
}

static void give_up(struct clew_sealing *s, uint64_t segment, struct clew_seal_stats *stats)
{
        s->unindexable[s->n_unindexable++ % CLEW_UNINDEXABLE_MAX] = segment;
        stats->unindexable++;
}

/* The newest segments that nothing covers, ascending. */
static int list_unindexed(struct clew_store *store, struct clew_sealing *s,
                          const struct clew_index_catalog *c, MDB_txn *txn, struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        int r = clew_scan_open(store->env, txn, CLEW_TABLE_SEGMENT, &scan, err);

        scan.unchecked = true; /* keys alone: an entry is checked when it is used */
        while (r == 0 && (r = clew_scan_next(&scan, err)) == 1) {
                uint64_t segment;

                r = 0;
                if (!clew_key_read_segment(scan.key, &segment) || clew_index_covers(c, segment) ||
                    is_given_up(s, segment))
                        continue;
                if (s->n_unindexed == CLEW_UNINDEXED_MAX) {
                        memmove(s->unindexed, s->unindexed + 1,
                                (CLEW_UNINDEXED_MAX - 1) * sizeof(s->unindexed[0]));
                        s->n_unindexed--;
                }
                s->unindexed[s->n_unindexed++] = segment;
        }
        return r;
}

/* Looks for work, unless there was none in this state of the store. *ret_whole: all that can be
 * covered is, since the last look. */
static int look(struct clew_store *store, struct clew_sealing *s, bool *ret_whole,
                struct clew_error *err)
{
        struct clew_index_catalog c = {0};
        struct clew_state state;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(store->env, &txn, err);

        *ret_whole = false;
        if (r < 0)
                return r;
        r = clew_state_read(store->env, txn, &state, err);
        if (r == 0 &&
            (state.next_run != s->looked_run || state.next_segment != s->looked_segment)) {
                r = clew_index_catalog_read(&c, store->env, txn, store->deriver->index_version,
                                            err);
                s->index_is_damaged |= r == -EBADMSG;
                if (r == 0)
                        r = list_unindexed(store, s, &c, txn, err);
                *ret_whole = r == 0 && s->n_unindexed == 0;
                if (s->n_unindexed == 0) { /* damage of segments is none of indexing */
                        s->looked_run = state.next_run;
                        s->looked_segment = state.next_segment;
                }
                clew_index_catalog_deinit(&c);
        }
        clew_txn_end_read(store->env, txn);
        return r;
}

/* 1 = derived, 0 = there is no such segment any more, or it cannot be read. */
static int derive(struct clew_rederive *x, struct clew_sealing *s, uint64_t segment,
                  struct clew_seal_stats *stats, struct clew_error *err)
{
        struct clew_env *env = x->store->env;
        struct clew_key key = clew_key_segment(segment);
        struct clew_segment_entry e;
        struct clew_slice value;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(env, &txn, err);

        if (r < 0)
                return r;
        clew_loader_set_txn(&x->loader, txn);
        r = clew_table_get(env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, err);
        if (r == 0 && !clew_segment_entry_decode(value, &e))
                r = -EBADMSG;
        if (r == 0)
                r = clew_rederive_segment(x, segment, &e, err);
        clew_loader_set_txn(&x->loader, NULL);
        clew_txn_end_read(env, txn);
        if (r == -EBADMSG || r == -ENOMEM || r == -EMSGSIZE) {
                give_up(s, segment, stats);
                return 0;
        }
        return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

static int index_one(struct clew_store *store, struct clew_sealing *s,
                     const struct clew_seal_options *o, struct clew_seal_stats *stats,
                     struct clew_error *err)
{
        uint64_t segment = s->unindexed[s->n_unindexed - 1];
        struct clew_rederive x;
        int r = clew_rederive_init(&x, store, true, err);

        if (r == 0)
                r = derive(&x, s, segment, stats, err);
        if (r == 1) {
                r = clew_rederive_store(&x, segment, o->run, o->context, err);
                if (r == 0 && x.is_unindexed)
                        give_up(s, segment, stats);
                else if (r == 0)
                        stats->indexed++;
        }
        clew_rederive_deinit(&x);
        if (r == 0)
                s->n_unindexed--;
        return r;
}

/* Where pages of their tree were damaged, indexes begin anew in another table. */
static void tell_renewals(struct clew_store *store, struct clew_sealing *s,
                          struct clew_seal_stats *stats)
{
        uint64_t n = clew_index_table_renewals(store->env);

        if (n == s->renewals)
                return;
        stats->index_dropped += n - s->renewals;
        s->renewals = n;
        s->n_unindexed = 0;
        s->looked_run = s->looked_segment = 0;
}

int clew_seal_index_step(struct clew_store *store, struct clew_sealing *s,
                         const struct clew_seal_options *o, struct clew_seal_stats *stats,
                         struct clew_error *err)
{
        uint32_t dropped = 0;
        bool is_whole = false;
        int r = 0;

        if (!store->deriver || !store->deriver->summarize_indexed)
                return 0;
        tell_renewals(store, s, stats);
        if (s->n_unindexed == 0)
                r = look(store, s, &is_whole, err);
        if (s->index_is_damaged) {
                s->index_is_damaged = false;
                s->n_unindexed = 0;
                s->looked_run = 0;
                r = clew_index_repair(store->env, o->run, o->context, false, &dropped, err);
                stats->index_dropped += dropped;
                s->renewals = clew_index_table_renewals(store->env);
                stats->more |= dropped > 0;
                return r;
        }
        if (r == 0 && is_whole)
                return clew_rederive_drop_stale(store, o->run, o->context, err);
        if (r < 0 || s->n_unindexed == 0)
                return r == -EBADMSG ? 0 : r;
        r = index_one(store, s, o, stats, err);
        stats->more |= r == 0;
        return r;
}
