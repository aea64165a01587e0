/*
 * Taking a text out of everything that is stored; storage/erase.h.
 *
 * The other text has the same length, so records keep their forms. What is asked again afterwards
 * is whether a message still has the spans and log records that it had: a text that begins in one
 * field and ends in the next would otherwise break both.
 */
#include "proto/base/mem.h"
#include "proto/otlp/walk.h"
#include "storage/base/sums-int.h"
#include "storage/erase/repack-int.h"
#include "storage/hot/fragment-int.h"

#include <errno.h>
#include <string.h>

/* Records that one transaction changes. */
#define STEP_RECORDS 64u
#define KEYS_BYTES_MAX ((size_t)1 << 30)

struct redacting {
        struct clew_repack repack;
        const struct clew_redaction *what;
        struct clew_redaction_stats *stats;
        bool dry_run;
        struct clew_unpacker *unpacker;
        struct clew_packer *packer;
        struct clew_buffer message;
        struct clew_buffer before; /* a record, as it was */
        struct clew_buffer keys;   /* length 1, key */
        size_t from;               /* of the transaction, in keys */
        size_t to;
        uint64_t first; /* the batch */
        bool of_notes;  /* keys are; else of the shelf */
        int error;      /* of the redaction's own functions; sticky */
};

/* An error is kept, and tested when a message or record is done. */
static uint64_t taken(struct redacting *x, int64_t n)
{
        if (n < 0 && x->error == 0)
                x->error = (int)n;
        return n > 0 ? (uint64_t)n : 0;
}

static uint64_t count(struct redacting *x, enum clew_redaction_of of, struct clew_slice text)
{
        return text.len ? taken(x, x->what->count(x->what->context, of, text)) : 0;
}

static uint64_t replace(struct redacting *x, enum clew_redaction_of of, uint8_t *text, size_t n)
{
        return n ? taken(x, x->what->replace(x->what->context, of, text, n)) : 0;
}

static int checked(const struct redacting *x, struct clew_error *err)
{
        return x->error < 0 ? clew_error_set(err, x->error, 0,
                                             "what is to be taken out could not be looked for: %s",
                                             strerror(-x->error))
                            : 0;
}

static uint64_t count_items(struct clew_slice message)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(message);
        struct clew_slice raw;
        uint64_t n = 0;

        while (clew_otlp_read(&r, &raw, NULL))
                n++;
        return n;
}

/* ---- sealed ---------------------------------------------------------------------------------- */

/* The segment at hand has something. */
static void note_having(struct redacting *x)
{
        struct clew_buffer *having = x->what->seen ? &x->what->seen->having : NULL;
        uint64_t segment = x->repack.segment;
        uint64_t last = 0;

        if (having && having->len >= sizeof(last))
                memcpy(&last, having->data + having->len - sizeof(last), sizeof(last));
        if (having && last != segment)
                clew_buffer_append(having, &segment, sizeof(segment));
}

static int redact_sealed(struct redacting *x, struct clew_error *err)
{
        struct clew_redaction_seen *seen = x->what->seen;
        int r;

        x->repack.seen = x->dry_run ? NULL : seen;
        r = clew_repack_each(&x->repack, NULL, err);
        if (r < 0 || !x->dry_run || !seen)
                return r;
        if (clew_buffer_error(&seen->having) < 0)
                return clew_error_set(err, clew_buffer_error(&seen->having), 0, "out of memory");
        seen->below = x->repack.stats->more ? 0 : x->repack.each_below;
        return r;
}

static int judge(void *context, const struct clew_rewrite_message *m, bool is_live,
                 struct clew_buffer *out, size_t *ret_traces_len, struct clew_error *err)
{
        struct redacting *x = context;
        uint64_t n =
                count(x, CLEW_REDACTION_TRACES, m->traces) + count(x, CLEW_REDACTION_LOGS, m->logs);
        char hex[CLEW_TRACE_ID_HEX];

        if (checked(x, err) < 0)
                return x->error;
        if (n == 0)
                return CLEW_REWRITE_KEEP;
        if (x->dry_run) {
                x->stats->places += n;
                x->stats->traces += is_live;
                note_having(x);
                return CLEW_REWRITE_KEEP;
        }
        clew_buffer_append_slice(out, m->traces);
        clew_buffer_append_slice(out, m->logs);
        if (clew_buffer_error(out) < 0)
                return clew_error_set(err, clew_buffer_error(out), 0, "out of memory");
        *ret_traces_len = m->traces.len;
        replace(x, CLEW_REDACTION_TRACES, out->data, m->traces.len);
        replace(x, CLEW_REDACTION_LOGS, out->data + m->traces.len, m->logs.len);
        if (checked(x, err) < 0)
                return x->error;
        if (count_items(clew_slice_make(out->data, m->traces.len)) == count_items(m->traces) &&
            count_items(clew_slice_from(clew_buffer_slice(out), m->traces.len)) ==
                    count_items(m->logs))
                return CLEW_REWRITE_CHANGE;
        clew_trace_id_to_hex(&m->id, hex);
        return clew_error_set(err, -ENOTSUP, 0,
                              "trace %s has the text across two fields; delete it", hex);
}

/* ---- hot ------------------------------------------------------------------------------------- */

/* The same header, without what is to go from the service's name. */
static void put_header(struct redacting *x, struct clew_slice header,
                       const struct clew_fragment_header *h, struct clew_buffer *out)
{
        size_t at = out->len + (size_t)(h->service.data - header.data);

        clew_buffer_append_slice(out, header);
        if (clew_buffer_error(out) == 0)
                replace(x, CLEW_REDACTION_NAME, out->data + at, h->service.len);
}

static int change_fragment(void *context, const struct clew_trace_id *id, uint64_t sequence,
                           const struct clew_hot_row *row, struct clew_buffer *out,
                           struct clew_error *err)
{
        struct redacting *x = context;
        struct clew_slice message;
        struct clew_fragment_header h;
        enum clew_redaction_of of;
        uint64_t items;
        uint64_t n;
        char hex[CLEW_TRACE_ID_HEX];
        int r;

        if (!clew_hot_row_check(row, id, sequence) || !clew_fragment_parse_header(row->header, &h))
                return clew_error_set(err, -EBADMSG, 0,
                                      "hot fragment %llu is damaged; see clew doctor --verify",
                                      (unsigned long long)sequence);
        of = h.signal == CLEW_OTLP_LOGS ? CLEW_REDACTION_LOGS : CLEW_REDACTION_TRACES;
        clew_buffer_clear(&x->message);
        r = clew_unpacker_open(x->unpacker, row->pack);
        if (r == 0)
                r = clew_unpacker_read(x->unpacker, 0, &x->message);
        if (r < 0)
                return clew_error_set(err, r == -EINVAL ? -EBADMSG : r, 0,
                                      "hot fragment %llu cannot be unpacked",
                                      (unsigned long long)sequence);
        message = clew_buffer_slice(&x->message);
        x->stats->read_bytes += message.len;
        n = count(x, of, message);
        x->stats->places += n;
        if (checked(x, err) < 0)
                return x->error;
        if (n == 0 || x->dry_run)
                return 0;
        items = count_items(message);
        replace(x, of, x->message.data, x->message.len);
        if (checked(x, err) < 0)
                return x->error;
        if (count_items(message) != items) {
                clew_trace_id_to_hex(id, hex);
                return clew_error_set(err, -ENOTSUP, 0,
                                      "trace %s has the text across two fields; delete it", hex);
        }
        put_header(x, row->header, &h, out);
        clew_packer_reset(x->packer);
        r = clew_packer_add(x->packer, message);
        if (r == 0)
                r = clew_packer_finish(x->packer, CLEW_PACK_FAST, out);
        return r < 0 ? clew_error_set(err, r, 0, "out of memory") : 1;
}

static int want_wiped(struct clew_repack *p, MDB_txn *txn, struct clew_shelf *shelf,
                      struct clew_state *state, struct clew_error *err)
{
        struct clew_erasure e;
        int r = clew_erasure_read(p->store->env, txn, &e, err);

        (void)shelf;
        (void)state;
        e.wanted++;
        return r < 0 ? r : clew_erasure_write(p->store->env, txn, &e, err);
}

static int change_batch(struct clew_repack *p, MDB_txn *txn, struct clew_shelf *shelf,
                        struct clew_state *state, struct clew_error *err)
{
        struct redacting *x = p->context;
        int r = clew_hot_rework(p->store->env, txn, x->first, change_fragment, x, err);

        x->stats->batches += r == 1 && !x->dry_run;
        if (r == 1 && !x->dry_run) { /* summaries of what is hot were of what is no more */
                r = want_wiped(p, txn, shelf, state, err);
                r = r < 0 ? r : 1;
        }
        return r >= 0 && x->dry_run ? -ECANCELED : r; /* then nothing is written */
}

static int list_batches(struct redacting *x, struct clew_buffer *ret, struct clew_error *err)
{
        struct clew_env *env = x->repack.store->env;
        CLEW_SCAN scan = {0};
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(env, &txn, err);

        if (r < 0)
                return r;
        r = clew_scan_open(env, txn, CLEW_TABLE_HOT, &scan, err);
        scan.unchecked = true;
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                uint64_t first;
                bool is_gone;

                if (!clew_key_read_batch(scan.key, &first, &is_gone)) {
                        r = clew_error_set(err, -ENOTSUP, 0,
                                           "store %s: has records of an old format; run clew "
                                           "doctor --seal first",
                                           clew_env_dir(env));
                        break;
                }
                if (!is_gone)
                        clew_buffer_append(ret, &first, sizeof(first));
        }
        clew_scan_close(&scan);
        clew_txn_end_read(env, txn);
        if (r >= 0 && clew_buffer_error(ret) < 0)
                return clew_error_set(err, clew_buffer_error(ret), 0, "out of memory");
        return r < 0 ? r : 0;
}

/* Before the sealed ones: what is sealed meanwhile is then without the text. */
static int redact_hot(struct redacting *x, struct clew_error *err)
{
        CLEW_BUFFER list = {0};
        int r;

        clew_buffer_init(&list, KEYS_BYTES_MAX);
        r = list_batches(x, &list, err);
        for (size_t at = 0; r >= 0 && at < list.len; at += sizeof(x->first)) {
                memcpy(&x->first, list.data + at, sizeof(x->first));
                r = clew_repack_write(&x->repack, change_batch, err);
                if (r == -EAGAIN || (r == -ECANCELED && x->dry_run)) /* sealed, and gone */
                        r = 0;
        }
        return r < 0 ? r : 0;
}

/* ---- notes and the shelf --------------------------------------------------------------------- */

static int keep_key(struct redacting *x, struct clew_slice key)
{
        clew_buffer_append_byte(&x->keys, (uint8_t)key.len);
        clew_buffer_append_slice(&x->keys, key);
        return clew_buffer_error(&x->keys);
}

static int find_notes(struct redacting *x, struct clew_error *err)
{
        struct clew_env *env = x->repack.store->env;
        CLEW_SCAN scan = {0};
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(env, &txn, err);

        if (r < 0)
                return r;
        r = clew_scan_open(env, txn, CLEW_TABLE_NOTE, &scan, err);
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                uint64_t n = count(x, CLEW_REDACTION_NOTE, scan.value);

                x->stats->places += n;
                x->stats->notes += n > 0;
                r = n > 0 ? keep_key(x, scan.key) : 1;
                if (checked(x, err) < 0)
                        r = x->error;
        }
        clew_scan_close(&scan);
        clew_txn_end_read(env, txn);
        return r < 0 ? r : 0;
}

static int find_record(struct clew_slice key, struct clew_slice value, void *context)
{
        struct redacting *x = context;
        uint64_t n = count(x, CLEW_REDACTION_RECORD, value);

        x->stats->places += n;
        x->stats->records += n > 0;
        if (x->error < 0)
                return x->error;
        return n > 0 ? keep_key(x, key) : 0;
}

static int find_records(struct redacting *x, struct clew_error *err)
{
        struct clew_view *view = NULL;
        int r = clew_view_open(x->repack.store, &view, err);

        if (r == 0)
                r = clew_view_shelf_walk(view, CLEW_SLICE_NULL, find_record, x, err);
        clew_view_close(view);
        return r;
}

static int change_note(struct clew_repack *p, MDB_txn *txn, struct clew_slice key,
                       struct clew_state *state, struct clew_error *err)
{
        struct redacting *x = p->context;
        struct clew_slice stored;
        struct clew_slice value;
        int r = clew_table_get(p->store->env, txn, CLEW_TABLE_NOTE, key, &value, err);

        if (r == 0)
                r = clew_table_peek(p->store->env, txn, CLEW_TABLE_NOTE, key, &stored, err);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        clew_note_count_out(state, stored);
        clew_buffer_clear(&x->message);
        clew_buffer_append_slice(&x->message, value);
        if (clew_buffer_error(&x->message) < 0)
                return clew_error_set(err, clew_buffer_error(&x->message), 0, "out of memory");
        replace(x, CLEW_REDACTION_NOTE, x->message.data, x->message.len);
        if (checked(x, err) < 0)
                return x->error;
        value = clew_buffer_slice(&x->message);
        clew_note_count_in(state, key, value);
        return clew_table_put(p->store->env, txn, CLEW_TABLE_NOTE, key, &value, 1, err);
}

static int change_record(struct clew_repack *p, struct clew_shelf *shelf, struct clew_slice key,
                         struct clew_error *err)
{
        struct redacting *x = p->context;
        CLEW_BUFFER encoded = {0};
        int r;

        clew_buffer_init(&encoded, CLEW_SHELF_VALUE_MAX + 64);
        clew_buffer_clear(&x->message);
        r = clew_shelf_get(shelf, key, &x->message, err);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (x->what->move) {
                clew_buffer_clear(&x->before);
                clew_buffer_append_slice(&x->before, clew_buffer_slice(&x->message));
                if (clew_buffer_error(&x->before) < 0)
                        return clew_error_set(err, clew_buffer_error(&x->before), 0,
                                              "out of memory");
        }
        replace(x, CLEW_REDACTION_RECORD, x->message.data, x->message.len);
        if (checked(x, err) < 0)
                return x->error;
        if (x->what->move) {
                r = x->what->move(x->what->context, shelf, key, clew_buffer_slice(&x->before),
                                  clew_buffer_slice(&x->message), err);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        if (x->what->mark)
                x->what->mark(x->what->context, key, x->message.data, x->message.len);
        r = clew_shelf_encode(clew_buffer_slice(&x->message), &encoded);
        if (r < 0)
                return clew_error_set(err, r, 0, "out of memory");
        return clew_shelf_replace(shelf, key, clew_buffer_slice(&encoded), err);
}

static int change_some(struct clew_repack *p, MDB_txn *txn, struct clew_shelf *shelf,
                       struct clew_state *state, struct clew_error *err)
{
        struct redacting *x = p->context;
        int r = 0;

        x->to = x->from;
        for (uint32_t n = 0; r == 0 && x->to < x->keys.len && n < STEP_RECORDS; n++) {
                struct clew_slice key =
                        clew_slice_make(x->keys.data + x->to + 1, x->keys.data[x->to]);

                r = x->of_notes ? change_note(p, txn, key, state, err)
                                : change_record(p, shelf, key, err);
                x->to += 1 + key.len;
        }
        return r;
}

static int change_all(struct redacting *x, struct clew_error *err)
{
        int r = 0;

        for (x->from = 0; r == 0 && x->from < x->keys.len; x->from = x->to)
                r = clew_repack_write(&x->repack, change_some, err);
        clew_buffer_clear(&x->keys);
        return r;
}

static int redact_records(struct redacting *x, struct clew_error *err)
{
        int r = find_notes(x, err);

        x->of_notes = true;
        if (r == 0 && !x->dry_run)
                r = change_all(x, err);
        x->of_notes = false;
        clew_buffer_clear(&x->keys);
        if (r == 0)
                r = find_records(x, err);
        return r == 0 && !x->dry_run ? change_all(x, err) : r;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int begin(struct redacting *x, struct clew_store *store,
                 const struct clew_rewrite_options *options, struct clew_rewrite_stats *stats,
                 struct clew_error *err)
{
        int r = clew_repack_init(&x->repack, store, options, stats, err);

        x->repack.judge = judge;
        x->repack.context = x;
        x->repack.redaction = x->what;
        x->unpacker = clew_unpacker_new();
        x->packer = clew_packer_new();
        clew_buffer_init(&x->message, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&x->before, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&x->keys, KEYS_BYTES_MAX);
        return r == 0 && (!x->unpacker || !x->packer)
                       ? clew_error_set(err, -ENOMEM, 0, "out of memory")
                       : r;
}

static void end(struct redacting *x)
{
        clew_repack_deinit(&x->repack);
        clew_unpacker_free(x->unpacker);
        clew_packer_free(x->packer);
        clew_buffer_deinit(&x->message);
        clew_buffer_deinit(&x->before);
        clew_buffer_deinit(&x->keys);
}

int clew_store_redact(struct clew_store *store, const struct clew_redaction *redaction,
                      bool dry_run, const struct clew_rewrite_options *options,
                      struct clew_redaction_stats *ret, struct clew_error *err)
{
        struct redacting x = {.what = redaction, .stats = ret, .dry_run = dry_run};
        struct clew_rewrite_stats stats = {0};
        int r;

        *ret = (struct clew_redaction_stats){0};
        if (store->mode == CLEW_STORE_READ)
                return clew_error_set(err, -EACCES, 0, "store %s: is open for reading only",
                                      clew_env_dir(store->env));
        r = begin(&x, store, options, &stats, err);
        if (r == 0 && !dry_run)
                r = clew_repack_write(&x.repack, want_wiped, err);
        if (r == 0)
                r = redact_hot(&x, err);
        if (r == 0)
                r = redact_sealed(&x, err);
        if (r == 0)
                r = redact_records(&x, err);
        if (r == 0 && !dry_run) /* a wipe that ran beside it has not seen all */
                r = clew_repack_write(&x.repack, want_wiped, err);
        end(&x);
        ret->traces += stats.traces;
        ret->segments += stats.segments;
        ret->read_bytes += stats.read_bytes;
        return r;
}
