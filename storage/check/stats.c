/*
 * Counters of a snapshot: what is sealed from the records, what is hot from a scan.
 */
#include "storage/source/store-int.h"

#include <errno.h>
#include <string.h>

/* A trace in several parts counts as it reads: merged, resends once. */
static int add_merged(struct clew_view *v, const struct clew_hot_list *hot,
                      const struct clew_hot_trace *t, struct clew_store_stats *s,
                      struct clew_error *err)
{
        struct clew_loaded loaded;
        int r = clew_loader_load(&v->loader, &t->id, hot, &loaded, err);

        if (r < 0)
                return r;
        s->spans += loaded.n_spans - loaded.sealed_spans;
        s->logs += loaded.n_logs - loaded.sealed_logs;
        s->raw_otlp_bytes += loaded.traces.len + loaded.logs.len - loaded.sealed_raw_bytes;
        return 0;
}

static int add_hot(struct clew_view *v, struct clew_store_stats *s, struct clew_error *err)
{
        struct clew_hot_list *hot;
        int r = clew_view_hot(v, NULL, &hot, err);

        if (r == 0)
                r = clew_hot_place_all(v->store->env, v->txn, hot, err);
        if (r == 0)
                s->hot_bytes = hot->stored_bytes;
        for (size_t i = 0; r == 0 && i < hot->n; i++) {
                const struct clew_hot_trace *t = &hot->traces[i];

                if (!t->sealed && !clew_trace_id_is_zero(&t->id))
                        s->traces++;
                s->hot_traces++;
                s->hot_fragments += t->n_fragments;
                s->unsealable += clew_hot_over_limit(t) != NULL;
                /* Of one that is too large to be merged, what came is counted. */
                if (!clew_hot_over_limit(t) && (t->sealed || t->n_fragments > 1)) {
                        r = add_merged(v, hot, t, s, err);
                        continue;
                }
                s->spans += t->n_spans;
                s->logs += t->n_logs;
                s->raw_otlp_bytes += t->raw_bytes;
        }
        return r;
}

/* Damage is told as such: whoever asks for figures gets the others. */
static int add_indexes(struct clew_view *v, struct clew_store_stats *s)
{
        struct clew_index_catalog c;
        struct clew_error ignored;
        int r = clew_index_catalog_read(&c, v->store->env, v->txn, CLEW_INDEX_ANY_VERSION,
                                        &ignored);

        s->index_damaged = r == -EBADMSG;
        if (r < 0)
                return r == -EBADMSG ? 0 : r;
        s->index_runs = c.n_runs;
        s->indexed = c.n_covered;
        for (uint32_t i = 0; i < c.n_runs; i++)
                s->index_bytes += c.runs[i].head.bytes;
        clew_index_catalog_deinit(&c);
        return 0;
}

static int stats_trusting(struct clew_view *v, struct clew_store_stats *ret, struct clew_error *err)
{
        struct clew_store_stats s = {0};
        struct clew_trace_id nobody = {{0}}; /* log records without a trace are no trace */
        struct clew_place place;
        struct clew_state state;
        int r = clew_state_read(v->store->env, v->txn, &state, err);

        if (r == 0)
                r = clew_format_read(v->store->env, v->txn, &s.format_version, err);
        if (r < 0)
                return r;
        s.traces = state.sealed_traces;
        s.spans = state.sealed_spans;
        s.logs = state.sealed_logs;
        s.raw_otlp_bytes = state.sealed_raw_bytes;
        s.segments = state.segments;
        s.segment_bytes = state.segment_bytes;
        s.sealed_first_bytes = state.first_bytes;
        s.sealed_again_bytes = state.again_bytes;
        r = clew_place_read(v->store->env, v->txn, &nobody, &place, err);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r == 0)
                s.traces--;
        r = add_hot(v, &s, err);
        if (r < 0)
                return r;
        r = add_indexes(v, &s);
        if (r < 0)
                return clew_error_set(err, r, 0, "the list of indexes cannot be read");
        r = clew_env_pages(v->store->env, v->txn, &s, err);
        if (r < 0)
                return r;
        *ret = s;
        return 0;
}

int clew_view_stats(struct clew_view *v, struct clew_store_stats *ret, struct clew_error *err)
{
        int r = stats_trusting(v, ret, err);

        return clew_txn_check(v->store->env, v->txn, r, err);
}

static int has_logs_trusting(struct clew_view *v, bool *ret, struct clew_error *err)
{
        struct clew_hot_list *hot;
        struct clew_state state;
        int r = clew_state_read(v->store->env, v->txn, &state, err);

        if (r == 0)
                r = clew_view_hot(v, NULL, &hot, err);
        if (r == 0)
                *ret = state.sealed_logs > 0 || hot->logs > 0;
        return r;
}

int clew_view_has_logs(struct clew_view *v, bool *ret, struct clew_error *err)
{
        int r = has_logs_trusting(v, ret, err);

        return clew_txn_check(v->store->env, v->txn, r, err);
}
