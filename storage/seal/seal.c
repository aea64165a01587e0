/*
 * Sealing: from hot fragments to segments.
 *
 * A batch of traces of one service is read in one snapshot, merged, summarised and packed without
 * any lock. Only then a write transaction moves it: it checks that every trace still is what was
 * read (the same fragments, the same sealed place), stores object, catalog entry, places and time
 * entries, and deletes the fragments. If another sealer was faster, the batch is dropped and
 * nothing has changed.
 *
 * A trace with a sealed part is sealed again as a whole: its newest segment holds all of it, so a
 * reader always opens one. The old segment keeps dead bytes until its last live trace has moved.
 *
 * Segments that are written one after the other get one index run, behind the last of them
 * (seal-run.c): a run of each would have to be merged at once, and has its own list of nearly the
 * same keys.
 */
#include "storage/seal/seal-int.h"

#include "proto/base/cursor.h"
#include "proto/base/mem.h"
#include "storage/base/sums-int.h"
#include "storage/index/sink-int.h"
#include "storage/object/objects-int.h"

#include <errno.h>
#include <string.h>

/* What the write transaction needs to know of one packed trace. */
struct sealed {
        const struct clew_seal_item *item;
        struct clew_place old; /* segment 0 = it had none */
        uint64_t start_ns;
        uint64_t raw_bytes;
        uint64_t n_spans;
        uint64_t n_logs;
        uint64_t old_raw_bytes;
        uint64_t old_spans;
        uint64_t old_logs;
        size_t before_at; /* its old summary in sealer.before */
        size_t before_len;
};

struct sealer {
        struct clew_store *store;
        const struct clew_seal_options *options;
        struct clew_sealing *sealing;
        struct clew_loader loader;
        struct clew_segment_writer writer;
        struct clew_buffer summary;
        struct clew_buffer summaries; /* plain, of the batch */
        struct clew_buffer before;    /* the old ones of the batch, when somebody is told */
        struct clew_buffer segment;   /* those of segment before_of */
        uint64_t before_of;           /* 0 = none */
        struct clew_buffer object;
        struct clew_buffer entry;
        struct clew_buffer crossings;    /* struct clew_hot_crossing */
        struct clew_index_sink *sink;    /* NULL: the deriver gives nothing to index */
        struct clew_index_blocks index;  /* of the batch */
        struct clew_seal_run run;        /* the segments in @sink whose run is not written yet */
        bool is_alone;                   /* the batch is to have a run of its own */
        const struct clew_hot_list *hot; /* of the plan */
        struct clew_hot_summaries known; /* of what is in it, when the deriver takes them */
        struct sealed *batch;
        size_t n_batch;
        bool started;  /* what follows the options is there */
        bool unusable; /* a trace failed in the middle: what is packed is not to be written */
};

static void sealer_deinit(struct sealer *s)
{
        if (!s->started)
                return;
        clew_loader_deinit(&s->loader);
        clew_segment_writer_deinit(&s->writer);
        clew_buffer_deinit(&s->summary);
        clew_buffer_deinit(&s->summaries);
        clew_buffer_deinit(&s->before);
        clew_buffer_deinit(&s->segment);
        clew_buffer_deinit(&s->object);
        clew_buffer_deinit(&s->entry);
        clew_buffer_deinit(&s->crossings);
        clew_hot_summaries_end(&s->known);
        clew_index_sink_free(s->sink);
        clew_index_blocks_deinit(&s->index);
        clew_free(s->batch);
}

/* Makes what is needed as soon as there is something to seal: a run that finds nothing is cheap. */
static int sealer_start(struct sealer *s, struct clew_error *err)
{
        bool indexes = s->store->deriver && s->store->deriver->summarize_indexed;
        int r;
        int w;

        if (s->started)
                return 0;
        s->started = true;
        s->hot = &s->sealing->hot;
        clew_buffer_init(&s->summary, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&s->summaries, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&s->before, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&s->segment, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&s->object, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&s->entry, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&s->crossings, CLEW_PACK_MESSAGE_MAX);
        clew_index_blocks_init(&s->index);
        s->sink = indexes ? clew_index_sink_new() : NULL;
        s->batch = clew_calloc(CLEW_SEGMENT_TRACES_MAX, sizeof(*s->batch));
        r = clew_loader_init(&s->loader, s->store->env);
        w = clew_segment_writer_init(&s->writer);
        if (r < 0 || w < 0 || !s->batch || (indexes && !s->sink))
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        return 0;
}

/* The summary that was kept of the trace while it was hot; empty = none was. */
static struct clew_slice find_known(struct sealer *s, const struct clew_seal_item *item,
                                    const struct clew_loaded *loaded)
{
        const struct clew_hot_trace *t =
                item->n_fragments ? clew_hot_find(s->hot, &item->id) : NULL;
        struct clew_hot_mark mark;
        struct clew_slice known;
        uint32_t version;

        if (!t || t->n_fragments != item->n_fragments)
                return CLEW_SLICE_NULL;
        mark = clew_hot_mark_of(s->hot, t, &loaded->place);
        if (!clew_hot_summaries_get(&s->known, &mark, &known, &version) ||
            version != s->store->deriver->version)
                return CLEW_SLICE_NULL;
        return known;
}

/* Summaries have a length before them, so that one can be found among many. */
static int summarize(struct sealer *s, const struct clew_seal_item *item,
                     const struct clew_loaded *loaded, uint64_t *start_ns)
{
        const struct clew_deriver *d = s->store->deriver;
        const struct clew_trace_id *id = &item->id;
        uint64_t derived = 0;
        int r = 0;

        clew_buffer_clear(&s->summary);
        if (s->sink && d->summarize_known) {
                clew_index_sink_begin(s->sink, id);
                r = d->summarize_known(d->context, id, loaded->traces, loaded->logs,
                                       find_known(s, item, loaded), &s->summary, &derived, s->sink);
        } else if (s->sink) {
                clew_index_sink_begin(s->sink, id);
                r = d->summarize_indexed(d->context, id, loaded->traces, loaded->logs, &s->summary,
                                         &derived, s->sink);
        } else if (d)
                r = d->summarize(d->context, id, loaded->traces, loaded->logs, &s->summary,
                                 &derived);
        if (r < 0)
                return r;
        if (derived)
                *start_ns = derived;
        if (s->sink)
                clew_index_sink_start(s->sink, *start_ns);
        clew_buffer_append_varint(&s->summaries, s->summary.len);
        clew_buffer_append_slice(&s->summaries, clew_buffer_slice(&s->summary));
        return clew_buffer_error(&s->summaries);
}

/* Keeps the summary that the trace has had, for who is told. One that cannot be read is as none:
 * the trace itself was read, and is sealed. */
static void keep_before(struct sealer *s, struct sealed *t)
{
        struct clew_key key = clew_key_segment(t->old.segment);
        struct clew_segment_entry e;
        struct clew_error ignored = {0};
        struct clew_slice value;
        struct clew_slice summary;

        t->before_at = s->before.len;
        if (!s->options->sealed || t->old.segment == 0 || t->item->n_fragments == 0)
                return;
        if (s->before_of != t->old.segment) {
                s->before_of = 0;
                clew_buffer_clear(&s->segment);
                if (clew_table_get(s->store->env, s->loader.txn, CLEW_TABLE_SEGMENT,
                                   clew_key_slice(&key), &value, &ignored) < 0 ||
                    !clew_segment_entry_decode(value, &e) ||
                    clew_summaries_decompress(e.summaries, &s->segment) < 0)
                        return;
                s->before_of = t->old.segment;
        }
        if (!clew_summaries_at(clew_buffer_slice(&s->segment), t->old.index, &summary))
                return;
        clew_buffer_append_slice(&s->before, summary);
        t->before_len = clew_buffer_error(&s->before) ? 0 : summary.len;
}

/* An error that is of this trace alone: it is damaged, or larger than something can take. */
static bool is_of_trace(int r)
{
        return r == -EBADMSG || r == -E2BIG || r == -EMSGSIZE || r == -ENOMEM || r == -EOVERFLOW ||
               r == -EINVAL;
}

/* The trace stays hot, and the others go on. */
static void refuse(struct sealer *s, struct clew_seal_item *item, int r, const char *why,
                   struct clew_seal_stats *stats)
{
        item->skip = true;
        if (r == -EBADMSG)
                stats->damaged++;
        stats->refused++;
        clew_sealing_refuse(s->sealing, &item->id);
        if (s->options->refused)
                s->options->refused(s->options->context, &item->id, item->n_fragments,
                                    item->raw_bytes, why);
}

/* A trace that goes on is sealed again as a whole: only when it has grown by half, or when nothing
 * has come for long. So what is written stays within three times what it has in the end. */
static bool is_worth_it(const struct sealer *s, const struct clew_seal_item *item,
                        const struct clew_loaded *loaded)
{
        uint64_t idle_ns = s->options->idle_ns;

        return !loaded->sealed || item->n_fragments == 0 ||
               item->raw_bytes >= loaded->sealed_raw_bytes / 2 ||
               item->idle_ns / CLEW_SEAL_LONG_IDLE >= idle_ns;
}

/*
 * Reads, summarises and packs one trace. 1 = left as it is: damaged or too large (counted, and not
 * tried again before it has grown), or sealed by somebody else meanwhile. Other errors end the
 * batch.
 */
static int add_trace(struct sealer *s, struct clew_seal_item *item, struct clew_seal_stats *stats,
                     struct clew_error *err)
{
        struct sealed *t = &s->batch[s->n_batch];
        const struct clew_hot_trace *hot = clew_hot_find(s->hot, &item->id);
        const char *over = hot && item->n_fragments ? clew_hot_over_limit(hot) : NULL;
        struct clew_loaded loaded;
        int r;

        if (item->skip)
                return 1;
        if (over) {
                refuse(s, item, -E2BIG, over, stats);
                return 1;
        }
        r = clew_loader_load(&s->loader, &item->id, s->hot, &loaded, err);
        if (is_of_trace(r))
                refuse(s, item, r, err->message, stats);
        if (r == -ENOENT)
                s->sealing->is_read = false;
        if (r == -EREMOTEIO) /* its sealed part is away, and out of reach: others go on */
                item->skip = true;
        if (r == -ENOENT || r == -EREMOTEIO || is_of_trace(r))
                return 1;
        if (r < 0)
                return r;
        if (loaded.n_fragments != item->n_fragments)
                return 1;
        if (!is_worth_it(s, item, &loaded)) {
                clew_hot_plan_of(s->hot, clew_hot_find(s->hot, &item->id))->waits =
                        item->n_fragments;
                return 1;
        }
        if (loaded.traces.len + loaded.logs.len > CLEW_PACK_MESSAGE_MAX) {
                refuse(s, item, -EMSGSIZE, "it has more than 1 GiB", stats);
                return 1;
        }
        *t = (struct sealed){.item = item,
                             .old = loaded.place,
                             .raw_bytes = loaded.traces.len + loaded.logs.len,
                             .n_spans = loaded.n_spans,
                             .n_logs = loaded.n_logs,
                             .old_raw_bytes = loaded.sealed_raw_bytes,
                             .old_spans = loaded.sealed_spans,
                             .old_logs = loaded.sealed_logs};
        t->start_ns = item->start_ns;
        if (loaded.sealed && loaded.place.start_ns < t->start_ns)
                t->start_ns = loaded.place.start_ns;
        r = clew_segment_writer_add(&s->writer, &item->id, loaded.traces, loaded.logs, t->n_spans,
                                    t->n_logs);
        if (r == 0)
                r = summarize(s, item, &loaded, &t->start_ns);
        if (is_of_trace(r)) {
                refuse(s, item, r, "it could not be summarised or packed", stats);
                s->unusable = true;
                return 1;
        }
        if (r < 0)
                return clew_error_set(err, r, 0, "a trace could not be summarised or packed");
        keep_before(s, t);
        s->n_batch++;
        return 0;
}

static int entry_rewrite(struct sealer *s, MDB_txn *txn, uint64_t segment,
                         const struct clew_segment_entry *e, struct clew_error *err)
{
        struct clew_key key = clew_key_segment(segment);
        struct clew_slice value;
        int r;

        clew_buffer_clear(&s->entry);
        clew_segment_entry_encode(e, &s->entry);
        r = clew_buffer_error(&s->entry);
        if (r < 0)
                return clew_error_set(err, r, 0, "out of memory");
        value = clew_buffer_slice(&s->entry);
        return clew_table_put(s->store->env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value,
                              1, err);
}

/* One trace has left its @old place; with its last one the segment goes. */
static int release(struct sealer *s, MDB_txn *txn, const struct clew_place *old,
                   struct clew_state *state, struct clew_error *err)
{
        struct clew_env *env = s->store->env;
        uint64_t segment = old->segment;
        struct clew_key key = clew_key_segment(segment);
        uint8_t live[CLEW_SEGMENT_LIVE_MAX];
        struct clew_segment_entry e;
        struct clew_slice value;
        int r = clew_table_get(env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, err);

        if (r < 0)
                return r;
        if (!clew_segment_entry_decode(value, &e) ||
            !clew_segment_entry_release(&e, old->index, live))
                return clew_error_set(err, -EBADMSG, 0,
                                      "store %s: catalog entry of segment %llu is damaged",
                                      clew_env_dir(env), (unsigned long long)segment);
        if (state->index_records > 0) {
                r = clew_index_release(env, txn, state, segment, &e, err);
                if (r < 0)
                        return r;
        }
        if (e.n_live > 0) {
                clew_compact_note(s->sealing, segment, &e);
                return entry_rewrite(s, txn, segment, &e, err);
        }
        state->segments--;
        state->segment_bytes -= e.stored_bytes;
        r = clew_table_delete(env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), err);
        return r < 0 ? r : clew_object_delete(env, txn, segment, err);
}

/* Takes away the fragments that were read. -EAGAIN when they are not all there any more. */
static int delete_fragments(struct sealer *s, MDB_txn *txn, struct clew_state *state,
                            struct clew_error *err)
{
        int r;

        clew_buffer_clear(&s->crossings);
        for (size_t i = 0; i < s->n_batch; i++) {
                const struct clew_trace_id *id = &s->batch[i].item->id;
                const struct clew_hot_trace *t = clew_hot_find(s->hot, id);
                uint32_t at = t ? t->first_link : CLEW_HOT_NONE;

                for (; at != CLEW_HOT_NONE; at = s->hot->links[at].next) {
                        struct clew_hot_crossing x = {clew_hot_ref_of(&s->hot->links[at]), id};

                        clew_buffer_append(&s->crossings, &x, sizeof(x));
                }
        }
        r = clew_buffer_error(&s->crossings);
        if (r < 0)
                return clew_error_set(err, r, 0, "out of memory while sealing");
        return clew_hot_cross_off(s->store->env, txn, (void *)s->crossings.data,
                                  s->crossings.len / sizeof(struct clew_hot_crossing), state, err);
}

static int move_trace(struct sealer *s, MDB_txn *txn, const struct sealed *t,
                      const struct clew_place *place, struct clew_state *state,
                      struct clew_error *err)
{
        struct clew_env *env = s->store->env;
        struct clew_place now = {0};
        int r = clew_place_read(env, txn, &t->item->id, &now, err);

        if (r < 0 && r != -ENOENT)
                return r;
        if (now.segment != t->old.segment || now.index != t->old.index)
                return -EAGAIN;
        if (t->old.segment) {
                struct clew_key time = clew_key_time(t->old.start_ns, &t->item->id);

                clew_place_count_out(&state->places, &t->item->id, &t->old);
                state->time_sum -= clew_time_digest(t->old.start_ns, &t->item->id);
                r = clew_table_delete(env, txn, CLEW_TABLE_TIME, clew_key_slice(&time), err);
                if (r == 0)
                        r = release(s, txn, &t->old, state, err);
                if (r < 0)
                        return r;
        } else {
                state->sealed_traces++;
        }
        state->sealed_spans += t->n_spans - t->old_spans;
        state->sealed_logs += t->n_logs - t->old_logs;
        state->sealed_raw_bytes += t->raw_bytes - t->old_raw_bytes;
        if (t->raw_bytes > t->old_raw_bytes)
                state->first_bytes += t->raw_bytes - t->old_raw_bytes;
        state->again_bytes += t->old_raw_bytes;
        clew_place_count_in(&state->places, &t->item->id, place);
        state->time_sum += clew_time_digest(place->start_ns, &t->item->id);
        return clew_place_write(env, txn, &t->item->id, place, err);
}

static int move_batch(struct sealer *s, MDB_txn *txn, struct clew_segment_entry *e,
                      uint64_t *ret_segment, struct clew_error *err)
{
        struct clew_env *env = s->store->env;
        struct clew_state state;
        uint64_t segment;
        int r = clew_state_read(env, txn, &state, err);

        if (r < 0)
                return r;
        segment = *ret_segment = state.next_segment++;
        r = clew_object_put(env, txn, segment, clew_buffer_slice(&s->object), err);
        if (r == 0)
                r = entry_rewrite(s, txn, segment, e, err);
        if (r == 0 && s->is_alone && s->index.is_set)
                r = clew_index_put(env, txn, &state, &s->index, segment, err);
        state.segments++;
        state.segment_bytes += e->stored_bytes;
        for (size_t i = 0; r == 0 && i < s->n_batch; i++) {
                struct clew_place place = {segment, (uint32_t)i, s->batch[i].start_ns};

                r = move_trace(s, txn, &s->batch[i], &place, &state, err);
        }
        if (r == 0)
                r = delete_fragments(s, txn, &state, err);
        return r < 0 ? r : clew_state_write(env, txn, &state, err);
}

/* What the write transaction is given, in whichever thread it runs. */
struct move {
        struct sealer *sealer;
        struct clew_segment_entry *entry;
        struct clew_error *err;
        uint64_t segment;
        int result;
};

static void move(void *argument)
{
        struct move *m = argument;
        struct clew_env *env = m->sealer->store->env;
        MDB_txn *txn = NULL;

        m->result = clew_txn_begin_write(env, &txn, m->err);
        if (m->result < 0)
                return;
        m->result = move_batch(m->sealer, txn, m->entry, &m->segment, m->err);
        if (m->result < 0)
                clew_txn_abort(env, txn);
        else
                m->result = clew_txn_commit(env, txn, m->err);
}

static bool is_full(const struct sealer *s)
{
        return s->n_batch >= CLEW_SEGMENT_TRACES_MAX ||
               clew_packer_residue_bytes(s->writer.packer) >= CLEW_SEGMENT_RESIDUE_TARGET ||
               clew_packer_raw_bytes(s->writer.packer) >= CLEW_SEGMENT_RAW_MAX;
}

/* Tells of the traces of a batch that is durable. */
static void tell(const struct sealer *s)
{
        struct clew_cursor c = clew_cursor_make(clew_buffer_slice(&s->summaries));

        for (size_t i = 0; s->options->sealed && i < s->n_batch; i++) {
                const struct sealed *t = &s->batch[i];
                struct clew_slice now = clew_cursor_bytes(&c, clew_cursor_varint(&c));
                struct clew_slice before =
                        t->before_len
                                ? clew_slice_make(s->before.data + t->before_at, t->before_len)
                                : CLEW_SLICE_NULL;

                if (t->item->n_fragments > 0)
                        s->options->sealed(s->options->context, &t->item->id, before, now);
        }
}

/* Writes the segment of the batch. -EAGAIN: the store changed below it; nothing was done. */
static int flush(struct sealer *s, struct clew_seal_stats *stats, struct clew_error *err)
{
        const struct clew_seal_options *o = s->options;
        struct move m = {.sealer = s, .err = err};
        struct clew_segment_entry e = {
                .n_traces = s->n_batch,
                .n_live = s->n_batch,
                .raw_bytes = clew_packer_raw_bytes(s->writer.packer),
                .summary_version = s->store->deriver ? s->store->deriver->version : 0,
        };
        uint8_t live[CLEW_SEGMENT_LIVE_MAX];
        CLEW_BUFFER frame = {0};
        int r;

        if (s->n_batch == 0)
                return 0;
        e.live = clew_segment_all_live(s->n_batch, live);
        clew_buffer_init(&frame, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_clear(&s->object);
        r = clew_segment_writer_finish(&s->writer, &s->object);
        if (r == 0)
                r = clew_summaries_compress(clew_buffer_slice(&s->summaries), &frame);
        if (r == 0 && s->is_alone)
                r = clew_index_blocks_build(&s->index, s->sink, s->store->deriver->index_version);
        if (r < 0)
                return clew_error_set(err, r, 0, "out of memory while sealing");
        e.stored_bytes = s->object.len;
        e.service = s->batch[0].item->service;
        e.summaries = clew_buffer_slice(&frame);
        m.entry = &e;
        if (o->run)
                o->run(o->context, move, &m);
        else
                move(&m);
        r = m.result;
        if (r == 0) {
                stats->segments++;
                stats->traces += s->n_batch;
                stats->raw_bytes += e.raw_bytes;
                stats->stored_bytes += e.stored_bytes;
                if (!is_full(s))
                        clew_compact_note(s->sealing, m.segment, &e);
                tell(s);
                if (s->sink && !s->is_alone)
                        clew_seal_run_add(&s->run, s->sink, m.segment, e.raw_bytes);
                if (s->is_alone && s->index.is_set && s->store->indexed)
                        s->store->indexed(s->store->indexed_context, m.segment, &s->index);
                for (size_t i = 0; i < s->n_batch; i++)
                        clew_hot_take_out(&s->sealing->hot, &s->batch[i].item->id);
                s->sealing->taken += s->n_batch;
        }
        return r;
}

static int pack_segment(struct sealer *s, struct clew_seal_plan *plan,
                        struct clew_seal_stats *stats, struct clew_error *err)
{
        uint64_t service = plan->items[plan->at].service_hash;
        int r = 0;

        s->n_batch = 0;
        s->unusable = false;
        clew_segment_writer_reset(&s->writer);
        clew_buffer_clear(&s->summaries);
        clew_buffer_clear(&s->before);
        if (s->sink)
                clew_seal_run_begin(&s->run, s->sink);
        while (r >= 0 && !s->unusable && plan->at < plan->n &&
               plan->items[plan->at].service_hash == service && !is_full(s)) {
                r = add_trace(s, &plan->items[plan->at], stats, err);
                if (r >= 0)
                        plan->at++;
        }
        return r < 0 ? r : 0;
}

/* Whether the batch is one that none comes behind, or that must have a run of its own. */
static bool is_alone(const struct sealer *s, const struct clew_seal_plan *plan,
                     const struct clew_seal_stats *stats)
{
        uint64_t raw = clew_packer_raw_bytes(s->writer.packer);

        if (!s->sink || s->run.n_segments > 0)
                return false;
        return s->store->indexed || plan->at >= plan->n || raw >= CLEW_SEAL_RUN_BYTES ||
               clew_index_sink_is_full(s->sink) ||
               (s->options->budget_bytes && stats->raw_bytes + raw >= s->options->budget_bytes);
}

/* Seals items from plan->at on, of one service, until a segment is full, and goes on behind them.
 */
static int seal_segment(struct sealer *s, struct clew_seal_plan *plan,
                        struct clew_seal_stats *stats, struct clew_error *err)
{
        const struct clew_deriver *d = s->store->deriver;
        size_t from = plan->at;
        uint64_t epoch;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(s->store->env, &txn, err);

        if (r < 0)
                return r;
        s->before_of = 0; /* was of an older snapshot */
        clew_loader_set_txn(&s->loader, txn);
        clew_hot_summaries_forget(&s->known);
        if (d && d->summarize_known && clew_told_epoch(s->store->env, txn, &epoch))
                clew_hot_summaries_begin(&s->known, clew_env_dir(s->store->env), epoch);
        r = pack_segment(s, plan, stats, err);
        clew_loader_set_txn(&s->loader, NULL);
        clew_txn_end_read(s->store->env, txn);
        if (s->unusable) {
                clew_seal_run_drop(&s->run, s->sink);
                plan->at = from; /* once more, without the trace that was refused */
                return 0;
        }
        s->is_alone = r >= 0 && is_alone(s, plan, stats);
        if (r >= 0)
                r = flush(s, stats, err);
        if (r < 0)
                clew_seal_run_drop(&s->run, s->sink);
        if (r == -EAGAIN) {
                s->sealing->is_read = false; /* somebody else seals here too */
                return 0;
        }
        if (r < 0)
                plan->at = from;
        return r;
}

static bool is_over(const struct sealer *s, const struct clew_seal_stats *stats)
{
        const struct clew_seal_options *o = s->options;

        return (o->budget_bytes && stats->raw_bytes >= o->budget_bytes) ||
               (o->is_over && o->is_over(o->context));
}

static int write_run(struct sealer *s, struct clew_error *err)
{
        return clew_seal_run_write(&s->run, s->store, s->sink, &s->index, s->options, err);
}

static int seal_plan(struct sealer *s, struct clew_seal_plan *plan, struct clew_seal_stats *stats,
                     struct clew_error *err)
{
        int r = 0;

        while (r == 0 && plan->at < plan->n) {
                stats->more = is_over(s, stats);
                if (stats->more)
                        break;
                r = seal_segment(s, plan, stats, err);
                if (r == 0 && clew_seal_run_is_full(&s->run, s->sink))
                        r = write_run(s, err);
        }
        return r < 0 ? r : write_run(s, err);
}

/* What is hot, round by round, as long as there is something to do. */
static int seal_hot(struct sealer *s, struct clew_seal_stats *stats, struct clew_error *err)
{
        struct clew_sealing *sealing = s->sealing;
        uint64_t before;
        int r;

        do {
                before = stats->traces + stats->refused;
                if (!sealing->is_read)
                        clew_sealing_forget(sealing);
                r = clew_sealing_next_round(s->store, sealing, s->options,
                                            clew_clock_unix_ns(s->store->clock), err);
                if (r == 0 && sealing->plan.at < sealing->plan.n)
                        r = sealer_start(s, err);
                if (r == 0)
                        r = seal_plan(s, &sealing->plan, stats, err);
        } while (r == 0 && !stats->more && stats->traces + stats->refused > before);
        for (size_t i = sealing->plan.at; r == 0 && i < sealing->plan.n; i++)
                stats->left_bytes += sealing->plan.items[i].raw_bytes;
        return r;
}

/* Bytes of merged indexes that one call writes: some milliseconds each. */
#define MERGE_BYTES ((uint64_t)8 << 20)

/* Indexes are merged a step at a time, however much is to be sealed, so that their number stays
 * bounded. What cannot be merged is left as it is, and told. They are at rest when nothing is to be
 * sealed, and nothing was for thirty times the idle time. */
static int merge_indexes(struct sealer *s, struct clew_seal_stats *stats)
{
        const struct clew_deriver *d = s->store->deriver;
        uint64_t now_ns = clew_clock_unix_ns(s->store->clock);
        uint64_t quiet_ns = now_ns - s->sealing->sealed_at_ns;
        const struct clew_index_merge_options options = {
                .version = d ? d->index_version : 0,
                .adder = d ? d->adder : NULL,
                .at_rest = !stats->more && now_ns >= s->sealing->sealed_at_ns &&
                           quiet_ns / CLEW_SEAL_LONG_IDLE >= s->options->idle_ns,
                .has_leisure = !stats->more,
                .run = s->options->run,
                .context = s->options->context,
        };
        struct clew_error own = {0};
        uint64_t bytes = 0;
        int r = 1;

        if (!d || !d->summarize_indexed)
                return 0;
        if (!s->sealing->merge)
                s->sealing->merge = clew_index_merge_new(s->store->env);
        if (!s->sealing->merge)
                return -ENOMEM;
        while (r == 1 && bytes < MERGE_BYTES &&
               !(s->options->is_over && s->options->is_over(s->options->context))) {
                uint64_t written = 0;

                r = clew_index_merge_step(s->sealing->merge, &options, &written, &own);
                bytes += written;
        }
        if (r < 0) {
                stats->merge_error = own;
                stats->merge_error.code = r;
        }
        s->sealing->index_is_damaged |= r == -EBADMSG;
        stats->more |= r == 1;
        return 0;
}

/* Then, and only then, small segments; they are no reason to come back at once. */
static int compact(struct sealer *s, struct clew_seal_stats *stats, struct clew_error *err)
{
        struct clew_seal_stats own = {.raw_bytes = stats->raw_bytes};
        int r = 0;

        while (r == 0 && clew_compact_is_due(s->sealing) && !is_over(s, &own)) {
                struct clew_seal_plan plan = {0};

                r = clew_compact_choose(s->store, s->sealing, &plan, err);
                if (r == 0 && plan.n)
                        r = sealer_start(s, err);
                if (r == 0)
                        r = seal_plan(s, &plan, &own, err);
                clew_seal_plan_deinit(&plan);
                if (own.more || plan.n == 0)
                        break;
        }
        stats->compacted = own.segments;
        return r;
}

int clew_store_seal(struct clew_store *store, const struct clew_seal_options *options,
                    struct clew_seal_stats *ret_stats, struct clew_error *err)
{
        struct clew_seal_stats stats = {0};
        struct sealer s = {.store = store, .options = options};
        int r = 0;

        if (store->mode == CLEW_STORE_READ)
                return clew_error_set(err, -EACCES, 0, "store %s: is open for reading only",
                                      clew_env_dir(store->env));
        pthread_mutex_lock(&store->sealing_lock);
        clew_store_seals(store, true);
        s.sealing = clew_sealing_of(store);
        if (!s.sealing)
                r = clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (r == 0)
                r = seal_hot(&s, &stats, err);
        if (stats.traces > 0)
                s.sealing->sealed_at_ns = clew_clock_unix_ns(store->clock);
        if (r == 0 && !stats.more) /* before indexes: merged ones would have what moves twice */
                r = compact(&s, &stats, err);
        if (r == 0 && merge_indexes(&s, &stats) < 0)
                r = clew_error_set(err, -ENOMEM, 0, "out of memory");
        sealer_deinit(&s); /* its memory, before indexing needs as much */
        if (r == 0 && !stats.more && options->tell_ns > 0)
                r = clew_seal_tell_step(store, s.sealing, options, &stats, err);
        if (r == 0 && !stats.more && options->index)
                r = clew_seal_index_step(store, s.sealing, options, &stats, err);
        clew_store_seals(store, false);
        pthread_mutex_unlock(&store->sealing_lock);
        *ret_stats = stats;
        return r;
}
