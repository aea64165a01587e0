/*
 * Summaries of what stays hot: a trace that has got nothing new for some seconds is summarised when
 * nothing is to be sealed, and the summary kept in a file beside the store
 * (storage/hot/hot-summaries-int.h), so that each question does not do it again. Nobody waits for
 * it, and nothing of it is in the store: no write transaction is made.
 *
 * What is done is remembered in the sealing's list of what is hot. When that was read anew, or
 * entries of what is still hot may have been written over, the file is asked.
 */
#include "storage/seal/seal-int.h"

#include <errno.h>

/* Of one step: so that what becomes due meanwhile does not wait. */
#define STEP_BYTES ((uint64_t)8 << 20)
#define STEP_TRACES 1024u
/* Of a trace, with its sealed part: of a larger one lists derive from the first part
 * (query/find/select-glance.c), and would answer otherwise with a summary of the whole. */
#define ITEMS_MAX 30000u
#define BYTES_MAX ((uint64_t)32 << 20)

struct telling {
        struct clew_store *store;
        struct clew_sealing *sealing;
        const struct clew_seal_options *options;
        struct clew_loader loader;
        struct clew_hot_summaries known;
        struct clew_hot_summary_log log;
        struct clew_buffer summary;
        uint64_t epoch;
        uint64_t bytes;
        uint32_t n;
        uint32_t n_kept; /* that the file has */
};

static uint32_t n_live(const struct clew_sealing *s)
{
        return s->hot.n - s->hot.n_out;
}

static uint64_t mean_bytes(const struct clew_sealing *s)
{
        return s->told_n > 0 ? s->told_bytes / s->told_n : 0;
}

/* A clock that was set back makes nothing quiet: it is looked at again. */
static bool is_quiet(const struct telling *t, const struct clew_hot_trace *hot, uint64_t now_ns)
{
        return hot->last_arrival_ns <= now_ns &&
               now_ns - hot->last_arrival_ns >= t->options->tell_ns;
}

static bool is_wanted(const struct telling *t, const struct clew_hot_trace *hot, uint64_t now_ns)
{
        const struct clew_hot_plan *plan = clew_hot_plan_of(&t->sealing->hot, hot);

        return hot->n_fragments > 0 && plan->told != hot->n_fragments &&
               hot->n_fragments <= CLEW_HOT_LINKS_MAX && !clew_trace_id_is_zero(&hot->id) &&
               (uint64_t)hot->n_spans + hot->n_logs <= ITEMS_MAX && hot->raw_bytes <= BYTES_MAX &&
               is_quiet(t, hot, now_ns);
}

/* What cannot be read or summarised is left to who asks. */
static void tell(struct telling *t, const struct clew_hot_trace *hot)
{
        const struct clew_deriver *d = t->store->deriver;
        struct clew_error ignored = {0};
        struct clew_place place = {0};
        struct clew_hot_mark mark;
        struct clew_loaded loaded;
        struct clew_slice known;
        uint32_t version;
        uint64_t start_ns;
        int r = clew_place_read(t->store->env, t->loader.txn, &hot->id, &place, &ignored);

        if (r < 0 && r != -ENOENT)
                return;
        mark = clew_hot_mark_of(&t->sealing->hot, hot, &place);
        if (clew_hot_summaries_get(&t->known, &mark, &known, &version) && version == d->version) {
                t->n_kept++;
                if (clew_hot_summaries_is_old(&t->known, n_live(t->sealing),
                                              mean_bytes(t->sealing)))
                        clew_hot_summary_log_add(&t->log, &mark, t->epoch, version, known);
                return;
        }
        t->n++;
        t->bytes += hot->raw_bytes;
        if (clew_loader_load(&t->loader, &hot->id, &t->sealing->hot, &loaded, &ignored) < 0 ||
            loaded.n_fragments != hot->n_fragments || loaded.left_out > 0)
                return;
        t->bytes += loaded.sealed_raw_bytes;
        clew_buffer_clear(&t->summary);
        r = d->summarize(d->context, &hot->id, loaded.traces, loaded.logs, &t->summary, &start_ns);
        if (r == 0 && clew_buffer_error(&t->summary) == 0)
                clew_hot_summary_log_add(&t->log, &mark, t->epoch, d->version,
                                         clew_buffer_slice(&t->summary));
}

static bool is_over(const struct telling *t)
{
        return t->n >= STEP_TRACES || t->n_kept / 16 >= STEP_TRACES || t->bytes >= STEP_BYTES ||
               (t->options->is_over && t->options->is_over(t->options->context));
}

/* Goes round once, or until it has done enough. */
static void tell_some(struct telling *t, uint64_t now_ns, struct clew_seal_stats *stats)
{
        struct clew_sealing *s = t->sealing;

        for (uint32_t i = 0; i < s->hot.n; i++) {
                const struct clew_hot_trace *hot;

                if (s->told_at >= s->hot.n)
                        s->told_at = 0;
                hot = &s->hot.traces[s->told_at++];
                if (!is_wanted(t, hot, now_ns))
                        continue;
                tell(t, hot);
                clew_hot_plan_of(&s->hot, hot)->told = hot->n_fragments;
                stats->more = is_over(t);
                if (stats->more)
                        return;
        }
}

/* Nothing was erased since the snapshot, and nothing is being. */
static bool holds(void *context)
{
        const struct telling *t = context;
        struct clew_error ignored = {0};
        MDB_txn *txn = NULL;
        uint64_t epoch;
        bool same;

        if (clew_txn_begin_read(t->store->env, &txn, &ignored) < 0)
                return false;
        same = clew_told_epoch(t->store->env, txn, &epoch) && epoch == t->epoch;
        clew_txn_end_read(t->store->env, txn);
        return same;
}

static bool is_any_wanted(const struct telling *t, uint64_t now_ns)
{
        const struct clew_hot_list *hot = &t->sealing->hot;

        for (uint32_t i = 0; i < hot->n; i++) {
                if (is_wanted(t, &hot->traces[i], now_ns))
                        return true;
        }
        return false;
}

static void forget_told(struct clew_hot_list *hot)
{
        for (uint32_t i = 0; i < hot->n; i++)
                hot->plans[i].told = 0;
}

/* Summaries that a mean is taken of. */
#define MEAN_OF 65536u

/* What cannot be written is missed until the list is read anew: on a full disk, nothing else is as
 * cheap to do without. */
static void write_told(struct telling *t, struct clew_seal_stats *stats)
{
        struct clew_sealing *s = t->sealing;
        struct clew_error ignored = {0};
        int r;

        stats->told += t->log.n;
        s->told_n += t->log.n;
        s->told_bytes += t->log.entries.len;
        if (s->told_n > MEAN_OF) {
                s->told_n /= 2;
                s->told_bytes /= 2;
        }
        r = clew_hot_summary_log_write(&t->log, clew_env_dir(t->store->env), n_live(s),
                                       mean_bytes(s), holds, t, &ignored);
        if (r == 0 && t->log.has_turned) {
                forget_told(&s->hot);
                stats->more = true;
        }
}

static int tell_in_snapshot(struct telling *t, MDB_txn *txn, struct clew_seal_stats *stats,
                            struct clew_error *err)
{
        int r = clew_loader_init(&t->loader, t->store->env);

        clew_buffer_init(&t->summary, CLEW_PACK_MESSAGE_MAX);
        if (r == 0) {
                t->loader.max_items = ITEMS_MAX;
                t->loader.max_bytes = BYTES_MAX;
                clew_loader_set_txn(&t->loader, txn);
                clew_hot_summaries_begin(&t->known, clew_env_dir(t->store->env), t->epoch);
                tell_some(t, clew_clock_unix_ns(t->store->clock), stats);
        }
        clew_loader_deinit(&t->loader);
        clew_hot_summaries_end(&t->known);
        clew_buffer_deinit(&t->summary);
        return r < 0 ? clew_error_set(err, r, 0, "out of memory") : 0;
}

int clew_seal_tell_step(struct clew_store *store, struct clew_sealing *s,
                        const struct clew_seal_options *options, struct clew_seal_stats *stats,
                        struct clew_error *err)
{
        struct telling t = {.store = store, .sealing = s, .options = options};
        MDB_txn *txn = NULL;
        int r;

        /* Of version 0 are summaries without what the rules find: they are of no use to lists. */
        if (!store->deriver || store->deriver->version == 0 || !s->is_read)
                return 0;
        r = clew_txn_begin_read(store->env, &txn, err);
        if (r < 0)
                return r;
        if (clew_told_epoch(store->env, txn, &t.epoch)) {
                if (t.epoch != s->told_epoch)
                        forget_told(&s->hot);
                s->told_epoch = t.epoch;
                if (is_any_wanted(&t, clew_clock_unix_ns(store->clock)))
                        r = tell_in_snapshot(&t, txn, stats, err);
        }
        clew_txn_end_read(store->env, txn);
        if (t.log.n > 0)
                write_told(&t, stats);
        clew_hot_summary_log_deinit(&t.log);
        return r;
}
