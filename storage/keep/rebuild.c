#include "storage/keep/rebuild-int.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"
#include "storage/base/sums-int.h"
#include "storage/hot/hot-int.h"
#include "storage/source/erasure-int.h"
#include "storage/source/store-int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CLAIMS_BYTES_MAX ((size_t)4 << 30)
#define ARENA_BYTES_MAX ((size_t)512 << 20)
#define COMMIT_BYTES ((uint64_t)32 << 20)
/* Numbers may have been given that nobody knows of any more. */
#define NUMBERS_SPARE 1000000u
/* Counters of a store are small; a hash or a random id hardly is. */
#define COUNTER_MAX ((uint64_t)1 << 40)

void clew_rebuild_finding(struct clew_rebuild *r, const char *what, const char *fmt, ...)
{
        char object[128];
        va_list args;

        va_start(args, fmt);
        vsnprintf(object, sizeof(object), fmt, args);
        va_end(args);
        r->n_findings++;
        if (r->options->finding)
                r->options->finding(r->options->context, object, what);
}

int clew_rebuild_txn(struct clew_rebuild *r, uint64_t bytes, MDB_txn **ret, struct clew_error *err)
{
        int e = 0;

        r->pending += bytes + 64;
        if (r->pending >= COMMIT_BYTES) {
                r->pending = 0;
                e = clew_bulk_commit(r->bulk, err);
        }
        return e < 0 ? e : clew_bulk_txn(r->bulk, ret, err);
}

int clew_rebuild_init(struct clew_rebuild *r, struct clew_bulk *bulk,
                      const struct clew_keep_options *options, struct clew_error *err)
{
        *r = (struct clew_rebuild){.options = options, .bulk = bulk};
        clew_buffer_init(&r->claims, CLAIMS_BYTES_MAX);
        clew_buffer_init(&r->object, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&r->message, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&r->text, CLEW_PACK_RESIDUE_MAX);
        clew_arena_init(&r->arena, ARENA_BYTES_MAX);
        r->state = (struct clew_state){.next_sequence = 1,
                                       .next_segment = 1,
                                       .next_run = 1,
                                       .places.by_bucket = true,
                                       .has_sums = true};
        if (clew_segment_reader_init(&r->segment) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        return 0;
}

void clew_rebuild_deinit(struct clew_rebuild *r)
{
        if (!r->bulk)
                return;
        clew_txn_abort(r->bulk->env, r->old);
        clew_buffer_deinit(&r->claims);
        clew_buffer_deinit(&r->object);
        clew_buffer_deinit(&r->message);
        clew_buffer_deinit(&r->text);
        clew_arena_deinit(&r->arena);
        clew_segment_reader_deinit(&r->segment);
}

/* ---- taking records -------------------------------------------------------------------------- */

static int take_trace(struct clew_rebuild *r, struct clew_slice key, struct clew_slice value,
                      struct clew_error *err)
{
        struct clew_claim c = {.rank = CLEW_CLAIM_INDEXED, .from_index = true};
        struct clew_place place;

        if (!clew_trace_id_from_bytes(key, &c.id) || !clew_place_decode(value, &place))
                return 0;
        c.segment = place.segment;
        c.index = place.index;
        c.start_ns = place.start_ns;
        clew_buffer_append(&r->claims, &c, sizeof(c));
        return clew_buffer_error(&r->claims) < 0 ? clew_error_set(err, -ENOMEM, 0, "out of memory")
                                                 : 0;
}

/* False: it is to be kept as it is. */
static bool take_meta(struct clew_rebuild *r, struct clew_slice key, struct clew_slice value)
{
        struct clew_cursor c = clew_cursor_make(value);
        struct clew_state state;
        uint64_t records;
        uint64_t last;

        if (clew_slice_eq_cstr(key, "state")) {
                if (clew_state_decode(value, &state) &&
                    (!r->has_before || state.txn_id > r->before.txn_id)) {
                        r->before = state;
                        r->has_before = true;
                }
        } else if (clew_slice_eq_cstr(key, "format")) {
                (void)clew_cursor_bytes(&c, sizeof("clew store"));
                (void)clew_cursor_varint(&c);
                (void)clew_cursor_varint(&c);
                r->created_ns = clew_cursor_varint(&c);
        } else if (clew_slice_eq_cstr(key, "shelf")) {
                records = clew_cursor_varint(&c);
                last = clew_cursor_varint(&c);
                if (!c.failed && last > r->shelf.last)
                        r->shelf.last = last;
                if (!c.failed && records > r->shelf_before)
                        r->shelf_before = records;
        } else {
                return false;
        }
        return true;
}

/* What was found again gives way to what was not. */
static int put(struct clew_rebuild *r, enum clew_table table, struct clew_slice key,
               struct clew_slice stored, bool found_again, struct clew_error *err)
{
        struct clew_slice there;
        MDB_txn *txn = NULL;
        int e = 0;

        if (found_again) {
                e = clew_bulk_txn(r->bulk, &txn, err);
                if (e == 0)
                        e = clew_table_peek(r->bulk->env, txn, table, key, &there, err);
                if (e != -ENOENT)
                        return e;
                r->bulk->unordered[table] = true;
        }
        return clew_bulk_put(r->bulk, table, key, stored, err);
}

int clew_rebuild_take(void *context, enum clew_table table, struct clew_slice key,
                      struct clew_slice stored, bool found_again, struct clew_error *err)
{
        struct clew_rebuild *r = context;
        struct clew_slice value = stored;

        r->n_taken++;
        value.len -= value.len < CLEW_TABLE_CHECK_BYTES ? value.len : CLEW_TABLE_CHECK_BYTES;
        switch (table) {
        case CLEW_TABLE_META:
                if (take_meta(r, key, value))
                        return 0;
                break; /* of a room that knows it */
        case CLEW_TABLE_TRACE:
                return take_trace(r, key, value, err);
        case CLEW_TABLE_TIME:
        case CLEW_TABLE_INDEX:
                return 0; /* made anew */
        case CLEW_TABLE_HOT:
        case CLEW_TABLE_OBJECT:
        case CLEW_TABLE_SEGMENT:
        case CLEW_TABLE_NOTE:
        case CLEW_TABLE_SHELF:
        case CLEW_TABLES:
                break;
        }
        return put(r, table, key, stored, found_again, err);
}

/* ---- hot fragments --------------------------------------------------------------------------- */

static void lost_fragment(struct clew_rebuild *r, const struct clew_trace_id *id)
{
        char hex[CLEW_TRACE_ID_HEX];

        clew_trace_id_to_hex(id, hex);
        r->lost_fragments++;
        clew_rebuild_finding(r, "spans or log records of it that were not sealed are lost",
                             "trace %s", hex);
}

static void count_hot(struct clew_rebuild *r, uint64_t sequence)
{
        r->state.hot_fragments++;
        r->state.hot_sum += sequence;
        if (sequence >= r->state.next_sequence)
                r->state.next_sequence = sequence + 1;
}

/* The gone rows of a batch, as the record before it says. */
struct gone {
        uint64_t first;
        struct clew_slice bits;
};

static int drop_batch(struct clew_rebuild *r, uint64_t first, struct clew_error *err)
{
        struct clew_key key = clew_key_batch(first);
        struct clew_key gone = clew_key_gone(first);
        MDB_txn *txn = NULL;
        int e = clew_rebuild_txn(r, 0, &txn, err);

        if (e == 0)
                e = clew_table_delete(r->bulk->env, txn, CLEW_TABLE_HOT, clew_key_slice(&key), err);
        if (e == 0)
                e = clew_table_delete(r->bulk->env, txn, CLEW_TABLE_HOT, clew_key_slice(&gone),
                                      err);
        return e;
}

/* Writes the batch with its good live rows alone. */
static int thin_batch(struct clew_rebuild *r, const struct clew_hot_batch *b, const bool *good,
                      struct clew_error *err)
{
        struct clew_hot_batch_writer w;
        struct clew_key key = clew_key_batch(b->first);
        MDB_txn *txn = NULL;
        size_t n = 0;
        int e = drop_batch(r, b->first, err);

        if (e == 0)
                e = clew_rebuild_txn(r, b->packs.len, &txn, err);
        if (e < 0)
                return e;
        clew_hot_batch_writer_init(&w);
        for (uint32_t i = 0; i < b->n; i++) {
                if (good[i])
                        clew_hot_batch_writer_add(&w, clew_hot_batch_id(b, i), &b->rows[i]);
        }
        if (w.n > 0)
                e = clew_hot_batch_writer_finish(&w, b->first, &n);
        if (e == 0 && w.n > 0)
                e = clew_table_put(r->bulk->env, txn, CLEW_TABLE_HOT, clew_key_slice(&key), w.parts,
                                   n, err);
        clew_hot_batch_writer_deinit(&w);
        return e < 0 ? clew_error_set(err, e, 0, "out of memory") : 0;
}

/* What was deleted does not come back, from whatever page it was read. */
bool clew_rebuild_was_deleted(struct clew_rebuild *r, const struct clew_trace_id *id)
{
        uint8_t key[CLEW_DELETED_KEY_BYTES];
        struct clew_slice stored;
        struct clew_error ignored;

        clew_deleted_key(id, key);
        return clew_table_peek(r->bulk->env, r->old, CLEW_TABLE_SHELF,
                               clew_slice_make(key, sizeof(key)), &stored, &ignored) == 0;
}

static int check_batch(struct clew_rebuild *r, const struct clew_scan *scan, uint64_t first,
                       const struct gone *gone, struct clew_hot_batch *b, struct clew_error *err)
{
        bool good[CLEW_HOT_BATCH_ROWS_MAX];
        struct clew_slice value;
        bool rewrite = !clew_record_check(scan->key, scan->value, &value);
        struct clew_slice bits = gone->first == first ? gone->bits : CLEW_SLICE_NULL;
        uint32_t n_good = 0;

        if (!clew_hot_batch_open(first, scan->value, b) || !clew_hot_batch_rows(b)) {
                r->lost_fragments++;
                clew_rebuild_finding(r, "a batch of fragments that were not sealed is lost",
                                     "hot, from %llu on", (unsigned long long)first);
                return drop_batch(r, first, err);
        }
        if (bits.len && bits.len != clew_hot_gone_bytes(b->n))
                bits = CLEW_SLICE_NULL;
        for (uint32_t i = 0; i < b->n; i++) {
                struct clew_fragment_header h;
                struct clew_trace_id id;
                bool deleted;

                memcpy(id.bytes, clew_hot_batch_id(b, i), sizeof(id.bytes));
                deleted = clew_rebuild_was_deleted(r, &id);
                rewrite = rewrite || (deleted && !clew_hot_is_gone(bits, i));
                good[i] = !deleted && !clew_hot_is_gone(bits, i) &&
                          clew_fragment_parse_header(b->rows[i].header, &h) &&
                          clew_hot_row_check(&b->rows[i], &id, first + b->rows[i].offset);
                if (good[i]) {
                        n_good++;
                        count_hot(r, first + b->rows[i].offset);
                } else if (!deleted && !clew_hot_is_gone(bits, i)) {
                        rewrite = true;
                        lost_fragment(r, &id);
                }
        }
        rewrite = rewrite || n_good == 0 || (gone->first == first && bits.len == 0);
        return rewrite ? thin_batch(r, b, good, err) : 0;
}

static int rebuild_hot(struct clew_rebuild *r, struct clew_hot_batch *b, struct clew_error *err)
{
        struct gone gone = {0};
        CLEW_SCAN scan = {0};
        int e = clew_scan_open(r->bulk->env, r->old, CLEW_TABLE_HOT, &scan, err);

        scan.unchecked = true;
        while (e >= 0 && (e = clew_scan_next(&scan, err)) == 1) {
                struct clew_slice value;
                struct clew_trace_id id;
                uint64_t first;
                bool is_gone;

                if (!clew_key_read_batch(scan.key, &first, &is_gone)) {
                        if (clew_key_read_numbered(scan.key, &id, &first))
                                count_hot(r, first); /* of format 1; verified when it was taken */
                } else if (is_gone) {
                        gone.first = first;
                        gone.bits = clew_record_check(scan.key, scan.value, &value)
                                            ? value
                                            : CLEW_SLICE_NULL;
                } else {
                        e = check_batch(r, &scan, first, &gone, b, err);
                }
        }
        return e;
}

/* ---- notes and the shelf --------------------------------------------------------------------- */

/* Notes are read up to the first that is missing: they close up. */
static int rebuild_notes(struct clew_rebuild *r, struct clew_error *err)
{
        struct clew_trace_id last = {{0}};
        uint64_t next = 0;
        CLEW_SCAN scan = {0};
        int e = clew_scan_open(r->bulk->env, r->old, CLEW_TABLE_NOTE, &scan, err);

        while (e >= 0 && (e = clew_scan_next(&scan, err)) == 1) {
                struct clew_trace_id id;
                struct clew_key key;
                MDB_txn *txn = NULL;
                uint64_t index;

                if (!clew_key_read_numbered(scan.key, &id, &index))
                        continue;
                if (memcmp(&id, &last, sizeof(id)) != 0)
                        next = 0;
                last = id;
                key = clew_key_numbered(&id, next++);
                clew_note_count_in(&r->state, clew_key_slice(&key), scan.value);
                if (index + 1 == next)
                        continue;
                e = clew_rebuild_txn(r, scan.value.len, &txn, err);
                if (e == 0)
                        e = clew_table_delete(r->bulk->env, txn, CLEW_TABLE_NOTE, scan.key, err);
                if (e == 0)
                        e = clew_table_put(r->bulk->env, txn, CLEW_TABLE_NOTE, clew_key_slice(&key),
                                           &scan.value, 1, err);
        }
        return e;
}

/* The number at the end of a key, when it is one that the shelf has counted. */
static uint64_t counter_of(struct clew_slice key)
{
        uint64_t v = 0;

        for (size_t i = key.len - 8; key.len > 8 && i < key.len; i++)
                v = v << 8 | key.data[i];
        return v < COUNTER_MAX ? v : 0;
}

static int rebuild_shelf(struct clew_rebuild *r, struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        int e = clew_scan_open(r->bulk->env, r->old, CLEW_TABLE_SHELF, &scan, err);

        while (e >= 0 && (e = clew_scan_next(&scan, err)) == 1) {
                uint64_t number = counter_of(scan.key);

                clew_shelf_count_in(&r->shelf, scan.key, scan.value);
                if (scan.key.data[0] == CLEW_SHELF_DELETED) {
                        r->erasure.deleted++;
                        r->erasure.pending +=
                                scan.value.len > 0 && scan.value.data[scan.value.len - 1] != 0;
                        r->erasure.wanted = 1;
                }
                if (number > r->shelf.last)
                        r->shelf.last = number;
        }
        return e;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void keep_above(uint64_t *number, uint64_t before, bool is_known)
{
        if (is_known && before > *number)
                *number = before;
        else if (!is_known)
                *number += NUMBERS_SPARE;
}

static void compare(struct clew_rebuild *r, const char *what, uint64_t before, uint64_t now)
{
        char text[96];

        if (!r->has_before || now >= before)
                return;
        snprintf(text, sizeof(text), "%llu of %llu are lost", (unsigned long long)(before - now),
                 (unsigned long long)before);
        clew_rebuild_finding(r, text, "%s", what);
}

static int write_meta(struct clew_rebuild *r, struct clew_error *err)
{
        struct clew_state *s = &r->state;
        MDB_txn *txn = NULL;
        int e = clew_bulk_txn(r->bulk, &txn, err);

        keep_above(&s->next_sequence, r->before.next_sequence, r->has_before);
        keep_above(&s->next_segment, r->before.next_segment, r->has_before);
        keep_above(&s->next_run, r->before.next_run, r->has_before);
        s->first_bytes = s->sealed_raw_bytes;
        if (r->has_before && r->before.first_bytes > s->first_bytes)
                s->first_bytes = r->before.first_bytes;
        s->again_bytes = r->has_before ? r->before.again_bytes : 0;
        compare(r, "sealed traces", r->before.sealed_traces, s->sealed_traces);
        compare(r, "sealed spans", r->before.sealed_spans, s->sealed_spans);
        compare(r, "notes", r->before.note_records, s->note_records);
        compare(r, "records of the shelf", r->shelf_before, r->shelf.records);
        compare(r, "hot fragments", r->before.hot_fragments, s->hot_fragments);
        if (e == 0)
                e = clew_format_put(r->bulk->env, txn, (uint64_t)sysconf(_SC_PAGESIZE),
                                    r->created_ns, err);
        if (e == 0 && r->shelf.records > 0)
                e = clew_shelf_state_put(r->bulk->env, txn, &r->shelf, err);
        if (e == 0 && r->erasure.deleted > 0)
                e = clew_erasure_write(r->bulk->env, txn, &r->erasure, err);
        return e < 0 ? e : clew_state_write(r->bulk->env, txn, s, err);
}

/* Summaries that are missing, and the indexes. */
static int derive(struct clew_rebuild *r, struct clew_error *err)
{
        const struct clew_store_options store_options = {.mode = CLEW_STORE_WRITE,
                                                         .clock = r->options->clock,
                                                         .deriver = r->options->deriver};
        const struct clew_reindex_options options = {0};
        struct clew_reindex_stats stats;
        struct clew_store *store = NULL;
        int e = clew_store_open(r->bulk->path, &store_options, &store, err);

        if (e == 0)
                e = clew_store_reindex(store, &options, &stats, err);
        clew_store_close(store);
        return e;
}

int clew_rebuild_finish(struct clew_rebuild *r, struct clew_error *err)
{
        struct clew_env *env = r->bulk->env;
        struct clew_hot_batch *batch = clew_arena_calloc(&r->arena, 1, sizeof(*batch));
        int e = batch ? clew_bulk_commit(r->bulk, err)
                      : clew_error_set(err, -ENOMEM, 0, "out of memory");

        if (e == 0)
                e = clew_txn_begin_read(env, &r->old, err);
        if (e == 0)
                e = rebuild_hot(r, batch, err);
        clew_arena_reset(&r->arena);
        if (e == 0)
                e = clew_rebuild_sealed(r, err);
        if (e == 0)
                e = rebuild_notes(r, err);
        if (e == 0)
                e = rebuild_shelf(r, err);
        clew_txn_end_read(env, r->old);
        r->old = NULL;
        if (e == 0)
                e = write_meta(r, err);
        if (e == 0)
                e = clew_bulk_close(r->bulk, err);
        if (e == 0 && r->options->deriver)
                e = derive(r, err);
        return e;
}
