#include "storage/erase/repack-int.h"

#include "proto/base/mem.h"
#include "storage/base/sums-int.h"
#include "storage/object/objects-int.h"

#include <errno.h>
#include <string.h>

/* The segment changed while it was read: how often it is tried again. */
#define TRIES_MAX 100u
/* Segments whose numbers are read at a time. */
#define STEP_SEGMENTS 256u

int clew_repack_init(struct clew_repack *p, struct clew_store *store,
                     const struct clew_rewrite_options *options, struct clew_rewrite_stats *stats,
                     struct clew_error *err)
{
        bool indexes = store->deriver && store->deriver->summarize_indexed;
        int r;
        int w;

        *p = (struct clew_repack){.store = store, .options = options, .stats = stats};
        clew_buffer_init(&p->changed, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&p->summary, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&p->old_summaries, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&p->summaries, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&p->object, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&p->frame, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&p->service, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&p->own, CLEW_PACK_MESSAGE_MAX);
        clew_index_blocks_init(&p->index);
        p->sink = indexes ? clew_index_sink_new() : NULL;
        p->rows = clew_calloc(CLEW_SEGMENT_TRACES_MAX, sizeof(*p->rows));
        r = clew_loader_init(&p->loader, store->env);
        w = clew_segment_writer_init(&p->writer);
        if (r < 0 || w < 0 || !p->rows || (indexes && !p->sink))
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        return 0;
}

void clew_repack_deinit(struct clew_repack *p)
{
        clew_loader_deinit(&p->loader);
        clew_segment_writer_deinit(&p->writer);
        clew_index_sink_free(p->sink);
        clew_index_blocks_deinit(&p->index);
        clew_buffer_deinit(&p->changed);
        clew_buffer_deinit(&p->summary);
        clew_buffer_deinit(&p->old_summaries);
        clew_buffer_deinit(&p->summaries);
        clew_buffer_deinit(&p->object);
        clew_buffer_deinit(&p->frame);
        clew_buffer_deinit(&p->service);
        clew_buffer_deinit(&p->own);
        clew_free(p->rows);
}

/* ---- in a snapshot --------------------------------------------------------------------------- */

static int read_row(struct clew_repack *p, uint32_t index, struct clew_rewrite_message *ret,
                    struct clew_segment_row *row, struct clew_error *err)
{
        struct clew_slice message;
        int r = clew_loader_sealed(&p->loader, p->segment, index, NULL, row, err);

        if (r < 0)
                return r;
        message = clew_buffer_slice(&p->loader.sealed);
        ret->id = (struct clew_trace_id){{0}};
        clew_trace_id_of_message(message, row->traces_len, &ret->id);
        ret->traces = clew_slice_make(message.data, (size_t)row->traces_len);
        ret->logs = clew_slice_from(message, (size_t)row->traces_len);
        p->stats->read_bytes += message.len;
        return 0;
}

/* 1 = the trace lives at @index of the segment, 0 = an older version of it is there. */
static int is_live(struct clew_repack *p, const struct clew_trace_id *id, uint32_t index,
                   struct clew_place *ret, struct clew_error *err)
{
        int r = clew_place_read(p->store->env, p->loader.txn, id, ret, err);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        return ret->segment == p->segment && ret->index == index;
}

static int judge(struct clew_repack *p, const struct clew_rewrite_message *m, bool live,
                 size_t *traces_len, struct clew_error *err)
{
        clew_buffer_clear(&p->changed);
        return p->judge(p->context, m, live, &p->changed, traces_len, err);
}

/* Whether anything in the segment is to change. 1, 0, or an error. */
static int look(struct clew_repack *p, uint64_t n, struct clew_error *err)
{
        for (uint32_t i = 0; i < n; i++) {
                struct clew_rewrite_message m;
                struct clew_segment_row row;
                struct clew_place place;
                size_t ignored;
                int r = read_row(p, i, &m, &row, err);

                if (r == 0)
                        r = is_live(p, &m.id, i, &place, err);
                if (r >= 0)
                        r = judge(p, &m, r == 1, &ignored, err);
                if (r != CLEW_REWRITE_KEEP)
                        return r < 0 ? r : 1;
        }
        return 0;
}

/* What cannot be derived keeps the summary that it has. */
static int summarize(struct clew_repack *p, const struct clew_repack_row *row,
                     const struct clew_rewrite_message *m, struct clew_error *err)
{
        const struct clew_deriver *d = p->store->deriver;
        struct clew_slice summary = CLEW_SLICE_NULL;
        uint64_t ignored = 0;
        int r = -EINVAL;

        clew_buffer_clear(&p->summary);
        if (p->sink) {
                clew_index_sink_begin(p->sink, &m->id);
                r = d->summarize_indexed(d->context, &m->id, m->traces, m->logs, &p->summary,
                                         &ignored, p->sink);
                clew_index_sink_start(p->sink, row->place.start_ns);
        } else if (d) {
                r = d->summarize(d->context, &m->id, m->traces, m->logs, &p->summary, &ignored);
        }
        if (r == 0)
                summary = clew_buffer_slice(&p->summary);
        else if (r == -ENOMEM)
                return clew_error_set(err, r, 0, "a trace could not be summarised");
        else if (!clew_summaries_at(clew_buffer_slice(&p->old_summaries), row->index, &summary))
                summary = CLEW_SLICE_NULL;
        if (r < 0 && p->sink)
                clew_index_sink_fail(p->sink);
        clew_buffer_append_varint(&p->summaries, summary.len);
        clew_buffer_append_slice(&p->summaries, summary);
        return clew_buffer_error(&p->summaries);
}

/* The id must be found in the new bytes as it was in the old ones: other parts ask them for it. */
static int check_id(const struct clew_repack *p, const struct clew_trace_id *id, size_t traces_len,
                    struct clew_error *err)
{
        struct clew_trace_id now = {{0}};
        char hex[CLEW_TRACE_ID_HEX];

        clew_trace_id_of_message(clew_buffer_slice(&p->changed), traces_len, &now);
        if (clew_trace_id_eq(&now, id))
                return 0;
        clew_trace_id_to_hex(id, hex);
        return clew_error_set(err, -ENOTSUP, 0,
                              "trace %s is named by what is to be taken out of it; delete it", hex);
}

static int add_row(struct clew_repack *p, uint32_t index, struct clew_error *err)
{
        struct clew_repack_row *row = &p->rows[p->n_rows];
        struct clew_rewrite_message m;
        struct clew_segment_row old;
        size_t traces_len = 0;
        int verdict;
        int r = read_row(p, index, &m, &old, err);

        *row = (struct clew_repack_row){.index = index, .to = CLEW_REPACK_DROPPED};
        if (r == 0)
                r = is_live(p, &m.id, index, &row->place, err);
        if (r != 1)
                return r; /* an older version does not move */
        row->id = m.id;
        row->old_raw = row->raw = p->loader.sealed.len;
        row->old_spans = row->n_spans = old.n_spans;
        row->old_logs = row->n_logs = old.n_logs;
        p->n_rows++;
        verdict = judge(p, &m, true, &traces_len, err);
        if (verdict < 0 || verdict == CLEW_REWRITE_DROP)
                return verdict < 0 ? verdict : 0;
        if (verdict == CLEW_REWRITE_CHANGE) {
                r = check_id(p, &m.id, traces_len, err);
                if (r < 0)
                        return r;
                m.traces = clew_slice_make(p->changed.data, traces_len);
                m.logs = clew_slice_from(clew_buffer_slice(&p->changed), traces_len);
                row->raw = p->changed.len;
                row->is_changed = true;
                p->stats->traces++;
                p->stats->stripped++;
                p->stats->raw_bytes += row->old_raw;
        }
        row->to = p->n_kept++;
        r = clew_segment_writer_add(&p->writer, &m.id, m.traces, m.logs, row->n_spans, row->n_logs);
        return r < 0 ? clew_error_set(err, r, 0, "a trace could not be packed")
                     : summarize(p, row, &m, err);
}

static int pack(struct clew_repack *p, const struct clew_segment_entry *e, struct clew_error *err)
{
        int r = clew_summaries_decompress(e->summaries, &p->old_summaries);

        if (r == -ENOMEM)
                return clew_error_set(err, r, 0, "out of memory");
        p->n_rows = 0;
        p->n_kept = 0;
        p->n_live = e->n_live;
        clew_segment_writer_reset(&p->writer);
        clew_buffer_clear(&p->summaries);
        clew_buffer_clear(&p->service);
        clew_buffer_append_slice(&p->service, e->service);
        r = clew_buffer_error(&p->service);
        if (r == 0 && p->redaction && p->service.len > 0) {
                int64_t n = p->redaction->replace(p->redaction->context, CLEW_REDACTION_NAME,
                                                  p->service.data, p->service.len);

                r = n < 0 ? (int)n : 0;
        }
        if (p->sink)
                clew_index_sink_reset(p->sink);
        for (uint32_t i = 0; r == 0 && i < e->n_traces; i++)
                r = add_row(p, i, err);
        return r;
}

static int finish(struct clew_repack *p, struct clew_error *err)
{
        int r;

        clew_buffer_clear(&p->object);
        clew_buffer_clear(&p->frame);
        p->index.is_set = false;
        if (p->n_kept == 0)
                return 0;
        p->entry = (struct clew_segment_entry){
                .n_traces = p->n_kept,
                .n_live = p->n_kept,
                .raw_bytes = clew_packer_raw_bytes(p->writer.packer),
                .summary_version = p->store->deriver ? p->store->deriver->version : 0,
                .service = clew_buffer_slice(&p->service),
        };
        r = clew_segment_writer_finish(&p->writer, &p->object);
        if (r == 0)
                r = clew_summaries_compress(clew_buffer_slice(&p->summaries), &p->frame);
        if (r == 0 && p->sink)
                r = clew_index_blocks_build(&p->index, p->sink, p->store->deriver->index_version);
        p->entry.stored_bytes = p->object.len;
        p->entry.summaries = clew_buffer_slice(&p->frame);
        return r < 0 ? clew_error_set(err, r, 0, "out of memory while packing a segment") : 0;
}

/* ---- in a transaction ------------------------------------------------------------------------ */

static int drop_notes(struct clew_repack *p, MDB_txn *txn, struct clew_state *state,
                      const struct clew_trace_id *id, struct clew_error *err)
{
        int r = 0;

        while (r == 0) {
                struct clew_key key;
                struct clew_slice value;

                r = clew_note_find(p->store->env, txn, id, 0, &key, err);
                if (r == 0)
                        r = clew_table_peek(p->store->env, txn, CLEW_TABLE_NOTE,
                                            clew_key_slice(&key), &value, err);
                if (r == 0) {
                        clew_note_count_out(state, value);
                        r = clew_table_delete(p->store->env, txn, CLEW_TABLE_NOTE,
                                              clew_key_slice(&key), err);
                }
        }
        return r == -ENOENT ? 0 : r;
}

static int drop_fragments(struct clew_repack *p, MDB_txn *txn, struct clew_state *state,
                          const struct clew_trace_id *id, struct clew_error *err)
{
        const struct clew_hot_trace *t = p->hot ? clew_hot_find(p->hot, id) : NULL;
        uint32_t at = t ? t->first_link : CLEW_HOT_NONE;
        CLEW_BUFFER crossings = {0};

        clew_buffer_init(&crossings, CLEW_PACK_MESSAGE_MAX);
        for (; at != CLEW_HOT_NONE; at = p->hot->links[at].next) {
                struct clew_hot_crossing x = {clew_hot_ref_of(&p->hot->links[at]), id};

                clew_buffer_append(&crossings, &x, sizeof(x));
                p->stats->fragments++;
        }
        if (clew_buffer_error(&crossings) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        return clew_hot_cross_off(p->store->env, txn, (void *)crossings.data,
                                  crossings.len / sizeof(struct clew_hot_crossing), state, err);
}

/* Somebody may have said something of it since it was chosen. */
static int check_unheld(struct clew_repack *p, MDB_txn *txn, const struct clew_trace_id *id,
                        struct clew_error *err)
{
        uint8_t key[1 + CLEW_TRACE_ID_BYTES] = {CLEW_SHELF_HOLD};
        struct clew_slice value;
        int r;

        memcpy(key + 1, id->bytes, sizeof(id->bytes));
        r = clew_table_peek(p->store->env, txn, CLEW_TABLE_SHELF, clew_slice_make(key, sizeof(key)),
                            &value, err);
        return r == -ENOENT ? 0 : r < 0 ? r : -EAGAIN;
}

int clew_repack_forget(struct clew_repack *p, MDB_txn *txn, struct clew_shelf *shelf,
                       struct clew_state *state, const struct clew_trace_id *id,
                       struct clew_error *err)
{
        const struct clew_rewrite_options *o = p->options;
        int r = p->spares_held ? check_unheld(p, txn, id, err) : 0;

        if (r == 0)
                r = drop_fragments(p, txn, state, id, err);
        if (r == 0)
                r = drop_notes(p, txn, state, id, err);
        if (r == 0 && o->dropped)
                r = o->dropped(o->context, shelf, id, err);
        return r;
}

/* -EAGAIN when it is not there any more. */
static int check_row(struct clew_repack *p, MDB_txn *txn, const struct clew_repack_row *row,
                     struct clew_error *err)
{
        struct clew_place now = {0};
        int r = clew_place_read(p->store->env, txn, &row->id, &now, err);

        if (r < 0 && r != -ENOENT)
                return r;
        return r == 0 && now.segment == p->segment && now.index == row->index ? 0 : -EAGAIN;
}

int clew_repack_move_row(struct clew_repack *p, MDB_txn *txn, struct clew_shelf *shelf,
                         struct clew_state *state, const struct clew_repack_row *row,
                         struct clew_error *err)
{
        struct clew_env *env = p->store->env;
        struct clew_place place = {p->made, row->to, row->place.start_ns};
        struct clew_key trace = clew_key_trace(&row->id);
        struct clew_key time = clew_key_time(row->place.start_ns, &row->id);
        int r = check_row(p, txn, row, err);

        if (r == 0 && p->spares_held && row->is_changed)
                r = check_unheld(p, txn, &row->id, err);
        if (r < 0)
                return r;
        clew_place_count_out(&state->places, &row->id, &row->place);
        if (row->to != CLEW_REPACK_DROPPED) {
                state->sealed_spans += row->n_spans - row->old_spans;
                state->sealed_logs += row->n_logs - row->old_logs;
                state->sealed_raw_bytes += row->raw - row->old_raw;
                state->again_bytes += row->raw;
                clew_place_count_in(&state->places, &row->id, &place);
                return clew_place_write(env, txn, &row->id, &place, err);
        }
        state->sealed_traces--;
        state->sealed_spans -= row->old_spans;
        state->sealed_logs -= row->old_logs;
        state->sealed_raw_bytes -= row->old_raw;
        state->time_sum -= clew_time_digest(row->place.start_ns, &row->id);
        r = clew_table_delete(env, txn, CLEW_TABLE_TRACE, clew_key_slice(&trace), err);
        if (r == 0)
                r = clew_table_delete(env, txn, CLEW_TABLE_TIME, clew_key_slice(&time), err);
        return r == 0 ? clew_repack_forget(p, txn, shelf, state, &row->id, err) : r;
}

static int put_segment(struct clew_repack *p, MDB_txn *txn, struct clew_state *state,
                       struct clew_error *err)
{
        struct clew_env *env = p->store->env;
        uint64_t segment = p->made = state->next_segment++;
        struct clew_key key = clew_key_segment(segment);
        uint8_t live[CLEW_SEGMENT_LIVE_MAX];
        CLEW_BUFFER entry = {0};
        struct clew_slice value;
        int r = clew_object_put(env, txn, segment, clew_buffer_slice(&p->object), err);

        clew_buffer_init(&entry, CLEW_PACK_MESSAGE_MAX);
        p->entry.live = clew_segment_all_live(p->n_kept, live);
        clew_segment_entry_encode(&p->entry, &entry);
        p->entry.live = CLEW_SLICE_NULL;
        if (r == 0 && clew_buffer_error(&entry) < 0)
                r = clew_error_set(err, clew_buffer_error(&entry), 0, "out of memory");
        value = clew_buffer_slice(&entry);
        if (r == 0)
                r = clew_table_put(env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, 1,
                                   err);
        if (r == 0 && p->index.is_set)
                r = clew_index_put(env, txn, state, &p->index, segment, err);
        state->segments++;
        state->segment_bytes += p->entry.stored_bytes;
        return r;
}

int clew_repack_drop_segment(struct clew_repack *p, MDB_txn *txn, struct clew_state *state,
                             struct clew_error *err)
{
        struct clew_env *env = p->store->env;
        struct clew_key key = clew_key_segment(p->segment);
        struct clew_segment_entry e;
        struct clew_slice value;
        int r = clew_table_get(env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, err);

        if (r < 0)
                return r == -ENOENT ? -EAGAIN : r;
        if (!clew_segment_entry_decode(value, &e))
                return clew_error_set(err, -EBADMSG, 0,
                                      "store %s: catalog entry of segment %llu is damaged",
                                      clew_env_dir(env), (unsigned long long)p->segment);
        if (e.n_live != p->n_live)
                return -EAGAIN;
        state->segments--;
        state->segment_bytes -= e.stored_bytes;
        e.n_live = 0;
        if (state->index_records > 0)
                r = clew_index_release(env, txn, state, p->segment, &e, err);
        if (r == 0)
                r = clew_table_delete(env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), err);
        return r == 0 ? clew_object_delete(env, txn, p->segment, err) : r;
}

static int want_wiped(struct clew_repack *p, MDB_txn *txn, struct clew_error *err)
{
        struct clew_erasure e;
        int r = clew_erasure_read(p->store->env, txn, &e, err);

        e.wanted++;
        return r < 0 ? r : clew_erasure_write(p->store->env, txn, &e, err);
}

static int move_all(struct clew_repack *p, MDB_txn *txn, struct clew_shelf *shelf,
                    struct clew_state *state, struct clew_error *err)
{
        int r = p->n_live == p->n_rows ? clew_repack_drop_segment(p, txn, state, err) : -EAGAIN;

        if (r == 0 && p->wants_wipe)
                r = want_wiped(p, txn, err);

        if (r == 0 && p->n_kept > 0)
                r = put_segment(p, txn, state, err);
        for (uint32_t i = 0; r == 0 && i < p->n_rows; i++)
                r = clew_repack_move_row(p, txn, shelf, state, &p->rows[i], err);
        return r;
}

/* ---- both ------------------------------------------------------------------------------------ */

struct writing {
        struct clew_repack *p;
        int (*fn)(struct clew_repack *p, MDB_txn *txn, struct clew_shelf *shelf,
                  struct clew_state *state, struct clew_error *err);
        struct clew_error *err;
        int result;
};

static void write_now(void *argument)
{
        struct writing *w = argument;
        struct clew_store *store = w->p->store;
        struct clew_shelf shelf;
        struct clew_state state;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_write(store->env, &txn, w->err);

        w->result = r;
        if (r < 0)
                return;
        r = clew_state_read(store->env, txn, &state, w->err);
        if (r == 0)
                r = clew_shelf_begin(&shelf, store, txn, w->err);
        if (r == 0)
                r = w->fn(w->p, txn, &shelf, &state, w->err);
        if (r >= 0) {
                int e = clew_shelf_end(&shelf, w->err);

                if (e == 0)
                        e = clew_state_write(store->env, txn, &state, w->err);
                r = e < 0 ? e : r;
        }
        if (r < 0) {
                clew_txn_abort(store->env, txn);
        } else {
                int e = clew_txn_commit(store->env, txn, w->err);

                r = e < 0 ? e : r;
        }
        w->result = r;
}

int clew_repack_write(struct clew_repack *p,
                      int (*fn)(struct clew_repack *p, MDB_txn *txn, struct clew_shelf *shelf,
                                struct clew_state *state, struct clew_error *err),
                      struct clew_error *err)
{
        struct writing w = {.p = p, .fn = fn, .err = err};

        if (p->options->run)
                p->options->run(p->options->context, write_now, &w);
        else
                write_now(&w);
        return w.result;
}

int clew_repack_read_entry(struct clew_repack *p, MDB_txn *txn, uint64_t segment,
                           struct clew_segment_entry *ret, struct clew_error *err)
{
        struct clew_key key = clew_key_segment(segment);
        struct clew_slice value;
        int r = clew_table_get(p->store->env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value,
                               err);

        if (r == 0 && !clew_segment_entry_decode(value, ret))
                r = clew_error_set(err, -EBADMSG, 0,
                                   "store %s: catalog entry of segment %llu is damaged",
                                   clew_env_dir(p->store->env), (unsigned long long)segment);
        return r;
}

/* 1 = there is something to be written. */
static int prepare(struct clew_repack *p, struct clew_error *err)
{
        struct clew_segment_entry e;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(p->store->env, &txn, err);

        if (r < 0)
                return r;
        clew_loader_set_txn(&p->loader, txn);
        clew_buffer_clear(&p->old_summaries);
        r = clew_repack_read_entry(p, txn, p->segment, &e, err);
        if (r == 0 && p->n_known > 0)
                r = (uint64_t)p->n_known * p->worth_part >= e.n_live;
        else if (r == 0)
                r = look(p, e.n_traces, err);
        if (r == 1) {
                int e2 = pack(p, &e, err);

                r = e2 < 0 ? e2 : 1;
        }
        r = r < 0 && r != -ENOENT ? clew_txn_check(p->store->env, txn, r, err) : r;
        clew_loader_set_txn(&p->loader, NULL);
        clew_txn_end_read(p->store->env, txn);
        if (r == 1) {
                int e2 = finish(p, err);

                r = e2 < 0 ? e2 : 1;
        }
        return r == -ENOENT ? 0 : r;
}

/* @prepared as prepare() gives it; @before is what was counted before that. */
static int write_prepared(struct clew_repack *p, int prepared, struct clew_rewrite_stats before,
                          struct clew_error *err)
{
        int r = prepared;

        if (r == 1)
                r = clew_repack_write(p, move_all, err);
        else
                return r;
        if (r == 0 && p->n_kept > 0)
                clew_buffer_append(&p->own, &p->made, sizeof(p->made));
        if (r == 0 && clew_buffer_error(&p->own) < 0)
                return clew_error_set(err, clew_buffer_error(&p->own), 0, "out of memory");
        if (r < 0) { /* nothing was done: nothing counts but what was read */
                before.read_bytes = p->stats->read_bytes;
                *p->stats = before;
                return r;
        }
        for (uint32_t i = 0; i < p->n_rows; i++) {
                if (p->rows[i].to != CLEW_REPACK_DROPPED)
                        continue;
                p->stats->traces++;
                p->stats->raw_bytes += p->rows[i].old_raw;
        }
        p->stats->segments++;
        p->stats->written += p->object.len;
        return 1;
}

int clew_repack_segment(struct clew_repack *p, uint64_t segment, struct clew_error *err)
{
        struct clew_rewrite_stats before = *p->stats;
        int prepared;

        p->segment = segment;
        prepared = prepare(p, err);
        return write_prepared(p, prepared, before, err);
}

/* Numbers of segments from @from on that are wanted. How many, or an error. */
static int next_segments(struct clew_repack *p, uint64_t from, uint64_t to,
                         bool (*wanted)(void *context, const struct clew_segment_entry *entry),
                         uint64_t ret[STEP_SEGMENTS], uint64_t *ret_next, struct clew_error *err)
{
        struct clew_key key = clew_key_segment(from);
        CLEW_SCAN scan = {0};
        MDB_txn *txn = NULL;
        int n = 0;
        int r = clew_txn_begin_read(p->store->env, &txn, err);

        if (r < 0)
                return r;
        *ret_next = UINT64_MAX;
        r = clew_scan_open(p->store->env, txn, CLEW_TABLE_SEGMENT, &scan, err);
        if (r == 0)
                r = clew_scan_seek(&scan, clew_key_slice(&key), err);
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                struct clew_segment_entry e;
                uint64_t segment;

                if (!clew_key_read_segment(scan.key, &segment) ||
                    !clew_segment_entry_decode(scan.value, &e)) {
                        r = clew_error_set(err, -EBADMSG, 0, "store %s: a catalog entry is damaged",
                                           clew_env_dir(p->store->env));
                        break;
                }
                if (segment >= to)
                        break;
                if (n == (int)STEP_SEGMENTS) {
                        *ret_next = segment;
                        break;
                }
                if (!wanted || wanted(p->context, &e))
                        ret[n++] = segment;
        }
        clew_scan_close(&scan);
        clew_txn_end_read(p->store->env, txn);
        return r < 0 ? r : n;
}

static int read_next_segment(struct clew_repack *p, uint64_t *ret, struct clew_error *err)
{
        struct clew_state state;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(p->store->env, &txn, err);

        if (r < 0)
                return r;
        r = clew_state_read(p->store->env, txn, &state, err);
        *ret = state.next_segment;
        clew_txn_end_read(p->store->env, txn);
        return r;
}

/* In an ascending list. */
static bool is_among(const struct clew_buffer *list, uint64_t segment)
{
        const uint64_t *all = (const uint64_t *)(const void *)list->data;
        size_t from = 0;
        size_t to = list->len / sizeof(*all);

        while (from < to) {
                size_t middle = from + (to - from) / 2;

                if (all[middle] == segment)
                        return true;
                if (all[middle] < segment)
                        from = middle + 1;
                else
                        to = middle;
        }
        return false;
}

static bool is_known(const struct clew_repack *p, uint64_t segment)
{
        const struct clew_redaction_seen *seen = p->seen;

        return is_among(&p->own, segment) ||
               (seen && segment < seen->below && !is_among(&seen->having, segment));
}

int clew_repack_settled(struct clew_repack *p, uint64_t segment, struct clew_error *err)
{
        int r = -EAGAIN;

        for (unsigned tries = 0; r == -EAGAIN && tries < TRIES_MAX; tries++)
                r = clew_repack_segment(p, segment, err);
        return r == -EAGAIN
                       ? clew_error_set(err, r, 0, "store %s: segment %llu is changed all the time",
                                        clew_env_dir(p->store->env), (unsigned long long)segment)
                       : r;
}

static int repack_some(struct clew_repack *p, const uint64_t *numbers, int n,
                       struct clew_error *err)
{
        const struct clew_rewrite_options *o = p->options;
        int r = 0;

        for (int i = 0; r >= 0 && i < n; i++) {
                p->stats->more = o->is_over && o->is_over(o->context);
                if (p->stats->more)
                        break;
                if (!is_known(p, numbers[i]))
                        r = clew_repack_settled(p, numbers[i], err);
        }
        return r < 0 ? r : 0;
}

int clew_repack_each(struct clew_repack *p,
                     bool (*wanted)(void *context, const struct clew_segment_entry *entry),
                     struct clew_error *err)
{
        uint64_t numbers[STEP_SEGMENTS];
        uint64_t from = 0;
        uint64_t to = 0;
        uint64_t next;
        int r;

        while ((r = read_next_segment(p, &next, err)) == 0 && next > to && !p->stats->more) {
                from = to;
                to = next;
                while (r == 0 && from < to && !p->stats->more) {
                        int n = next_segments(p, from, to, wanted, numbers, &from, err);

                        r = n < 0 ? n : repack_some(p, numbers, n, err);
                }
                if (r < 0)
                        return r;
        }
        p->each_below = to;
        return r;
}
