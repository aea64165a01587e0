/*
 * Every record is read, every object unpacked, every index entry followed both ways, every counter
 * compared. Findings are reported and the check goes on as far as the tree lets it.
 */
#include "proto/base/hash.h"
#include "proto/otlp/span.h"
#include "proto/otlp/walk.h"
#include "storage/base/sums-int.h"
#include "storage/check/verify-int.h"
#include "storage/object/objects-int.h"
#include "storage/source/shelf-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Of one table. Beyond it the walk ends: a damaged tree may lead in a circle for ever. */
#define BAD_RECORDS_MAX 1000

struct check {
        struct clew_env *env;
        MDB_txn *txn;
        struct clew_loader loader;
        clew_verify_report_fn report;
        void *context;
        int n_findings;
        uint64_t n_traces;
        uint64_t n_times;
        uint64_t n_segments;
        uint64_t n_live;
        uint64_t n_spans;
        uint64_t n_logs;
        uint64_t raw_bytes;
        uint64_t segment_bytes;
        uint64_t n_hot;
        uint64_t hot_sum;
        uint64_t gone_first; /* of the batch that `gone` tells of */
        struct clew_slice gone;
        struct clew_place_sums places;
        struct clew_shelf_state shelf;
        struct clew_state sums; /* of notes and the time order */
};

static void finding(struct check *c, const char *object, const char *what)
{
        c->n_findings++;
        c->report(c->context, object, what);
}

static void finding_at(struct check *c, enum clew_table table, struct clew_slice key,
                       const char *what)
{
        char name[96];

        clew_record_name(table, key, name, sizeof(name));
        finding(c, name, what);
}

typedef void (*record_fn)(struct check *c, const struct clew_scan *scan);

/* Calls @fn for each record whose checksum holds; the others are findings. */
static int each_record(struct check *c, enum clew_table table, record_fn fn, struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        const uint8_t *last_bad = NULL;
        int n_bad = 0;
        int r = clew_scan_open(c->env, c->txn, table, &scan, err);

        while (r >= 0 && n_bad < BAD_RECORDS_MAX) {
                r = clew_scan_next(&scan, err);
                if (r == 0)
                        return 0;
                if (r == 1) {
                        fn(c, &scan);
                        continue;
                }
                /* The same record again: the cursor itself is broken and will not move on. */
                if (r != -EBADMSG || (n_bad && scan.key.data == last_bad))
                        break;
                finding_at(c, table, scan.key, "checksum or key order is wrong");
                last_bad = scan.key.data;
                n_bad++;
                r = 0;
        }
        finding(c, err->message, "cannot be walked to its end");
        return 0;
}

static void check_meta(struct check *c, const struct clew_scan *scan)
{
        (void)c;
        (void)scan;
}

static void check_pack(struct check *c, struct clew_slice key, struct clew_slice pack,
                       enum clew_otlp_signal signal)
{
        int r;

        clew_buffer_clear(&c->loader.hot);
        r = clew_unpacker_open(c->loader.unpacker, pack);
        if (r == 0)
                r = clew_unpacker_read(c->loader.unpacker, 0, &c->loader.hot);
        if (r == 0)
                r = clew_otlp_check(clew_buffer_slice(&c->loader.hot), signal, NULL);
        if (r < 0)
                finding_at(c, CLEW_TABLE_HOT, key, "content cannot be unpacked");
}

/* A fragment of format 1. */
static void check_single(struct check *c, const struct clew_scan *scan)
{
        struct clew_fragment_header h;
        struct clew_trace_id id;
        struct clew_slice pack;
        uint64_t sequence;

        if (!clew_key_read_numbered(scan->key, &id, &sequence) ||
            !clew_fragment_read_header(scan->key, scan->value, &h, &pack)) {
                finding_at(c, CLEW_TABLE_HOT, scan->key, "header is damaged");
                return;
        }
        c->n_hot++;
        c->hot_sum += sequence;
        check_pack(c, scan->key, pack, h.signal);
}

static void check_row(struct check *c, const struct clew_scan *scan, const struct clew_hot_batch *b,
                      uint32_t i)
{
        const struct clew_hot_row *row = &b->rows[i];
        uint64_t sequence = b->first + row->offset;
        struct clew_fragment_header h;
        struct clew_trace_id id;

        memcpy(id.bytes, clew_hot_batch_id(b, i), sizeof(id.bytes));
        if (!clew_fragment_parse_header(row->header, &h)) {
                finding_at(c, CLEW_TABLE_HOT, scan->key, "a header is damaged");
                return;
        }
        if (!clew_hot_row_check(row, &id, sequence))
                finding_at(c, CLEW_TABLE_HOT, scan->key, "a pack is not the one of its row");
        if (clew_hot_is_gone(c->gone, i))
                return;
        c->n_hot++;
        c->hot_sum += sequence;
        check_pack(c, scan->key, row->pack, h.signal);
}

static void check_batch(struct check *c, const struct clew_scan *scan, uint64_t first)
{
        struct clew_hot_batch *b = &c->loader.fragments.batch;
        uint32_t n_gone = 0;

        if (!clew_hot_batch_open(first, scan->value, b) || !clew_hot_batch_rows(b)) {
                finding_at(c, CLEW_TABLE_HOT, scan->key, "directory is damaged");
                return;
        }
        if (c->gone.len && c->gone.len != clew_hot_gone_bytes(b->n))
                finding_at(c, CLEW_TABLE_HOT, scan->key, "rows that are gone do not fit");
        for (uint32_t i = 0; i < b->n; i++) {
                n_gone += clew_hot_is_gone(c->gone, i);
                check_row(c, scan, b, i);
        }
        if (n_gone == b->n)
                finding_at(c, CLEW_TABLE_HOT, scan->key, "has no live row");
        b->first = 0;
}

static void check_hot(struct check *c, const struct clew_scan *scan)
{
        uint64_t first;
        bool gone;

        if (!clew_key_read_batch(scan->key, &first, &gone)) {
                check_single(c, scan);
        } else if (gone) {
                c->gone_first = first;
                c->gone = scan->value;
        } else {
                if (c->gone_first != first)
                        c->gone = CLEW_SLICE_NULL;
                check_batch(c, scan, first);
        }
}

static void check_trace(struct check *c, const struct clew_scan *scan)
{
        struct clew_trace_id id;
        struct clew_segment_row row;
        struct clew_place place;
        struct clew_key time;
        struct clew_slice value;
        struct clew_slice message;
        struct clew_error err;
        int r;

        c->n_traces++;
        if (!clew_trace_id_from_bytes(scan->key, &id) || !clew_place_decode(scan->value, &place)) {
                finding_at(c, CLEW_TABLE_TRACE, scan->key, "is not a place");
                return;
        }
        clew_place_count_in(&c->places, &id, &place);
        time = clew_key_time(place.start_ns, &id);
        if (clew_table_get(c->env, c->txn, CLEW_TABLE_TIME, clew_key_slice(&time), &value, &err) <
            0)
                finding_at(c, CLEW_TABLE_TRACE, scan->key, "is missing in the time order");
        if (clew_loader_check_place(&c->loader, &place, &err) < 0) {
                finding_at(c, CLEW_TABLE_TRACE, scan->key, err.message);
                return;
        }
        if (clew_loader_sealed(&c->loader, place.segment, place.index, &id, &row, &err) < 0) {
                finding_at(c, CLEW_TABLE_TRACE, scan->key, err.message);
                return;
        }
        message = clew_buffer_slice(&c->loader.sealed);
        r = clew_otlp_check(clew_slice_make(message.data, (size_t)row.traces_len), CLEW_OTLP_TRACES,
                            &err);
        if (r == 0)
                r = clew_otlp_check(clew_slice_from(message, (size_t)row.traces_len),
                                    CLEW_OTLP_LOGS, &err);
        if (r < 0)
                finding_at(c, CLEW_TABLE_TRACE, scan->key, "holds malformed OTLP");
        c->n_spans += row.n_spans;
        c->n_logs += row.n_logs;
        c->raw_bytes += message.len;
}

static void check_time(struct check *c, const struct clew_scan *scan)
{
        struct clew_trace_id id;
        struct clew_place place;
        struct clew_error err;
        uint64_t start_ns;

        c->n_times++;
        c->sums.time_sum += clew_hash(scan->key);
        if (!clew_key_read_time(scan->key, &start_ns, &id))
                finding_at(c, CLEW_TABLE_TIME, scan->key, "is not a time key");
        else if (clew_place_read(c->env, c->txn, &id, &place, &err) < 0 ||
                 place.start_ns != start_ns)
                finding_at(c, CLEW_TABLE_TIME, scan->key, "does not lead to a trace");
}

static void check_segment(struct check *c, const struct clew_scan *scan)
{
        struct clew_segment_entry e;
        struct clew_slice object;
        struct clew_slice summary;
        struct clew_error err;
        uint64_t segment;
        int r;

        c->n_segments++;
        if (!clew_key_read_segment(scan->key, &segment) ||
            !clew_segment_entry_decode(scan->value, &e)) {
                finding_at(c, CLEW_TABLE_SEGMENT, scan->key, "is not a catalog entry");
                return;
        }
        c->n_live += e.n_live;
        c->segment_bytes += e.stored_bytes;
        clew_loader_set_txn(&c->loader, c->txn);
        r = clew_object_get(c->env, c->txn, segment, &c->loader.object, &object, &err);
        if (r == -EREMOTEIO) {
                finding_at(c, CLEW_TABLE_SEGMENT, scan->key,
                           "its object is in a bucket that cannot be read now");
                return;
        }
        if (r == 0)
                r = clew_segment_reader_open(&c->loader.segment, object);
        if (r < 0 || c->loader.segment.n_traces != e.n_traces || object.len != e.stored_bytes)
                finding_at(c, CLEW_TABLE_SEGMENT, scan->key, "its object is damaged or missing");
        clew_loader_set_txn(&c->loader, c->txn);
        clew_buffer_clear(&c->loader.traces);
        r = clew_summaries_decompress(e.summaries, &c->loader.traces);
        if (r < 0 || (e.n_traces && !clew_summaries_at(clew_buffer_slice(&c->loader.traces),
                                                       (uint32_t)e.n_traces - 1, &summary)))
                finding_at(c, CLEW_TABLE_SEGMENT, scan->key, "its summaries are damaged");
}

static void check_object(struct check *c, const struct clew_scan *scan)
{
        struct clew_key key;
        struct clew_slice value;
        struct clew_error err;
        uint64_t segment;

        if (!clew_key_read_segment(clew_slice_make(scan->key.data, 8), &segment)) {
                finding_at(c, CLEW_TABLE_OBJECT, scan->key, "is not a chunk key");
                return;
        }
        key = clew_key_segment(segment);
        if (clew_table_get(c->env, c->txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, &err) <
            0)
                finding_at(c, CLEW_TABLE_OBJECT, scan->key, "belongs to no segment");
}

static void check_note(struct check *c, const struct clew_scan *scan)
{
        clew_note_count_in(&c->sums, scan->key, scan->value);
}

static void check_shelf(struct check *c, const struct clew_scan *scan)
{
        clew_shelf_count_in(&c->shelf, scan->key, scan->value);
        if (clew_shelf_value_check(scan->value) < 0)
                finding_at(c, CLEW_TABLE_SHELF, scan->key, "content cannot be unpacked");
}

static void compare(struct check *c, const char *what, uint64_t found, uint64_t expected)
{
        char text[96];

        if (found == expected)
                return;
        snprintf(text, sizeof(text), "%llu found, %llu expected", (unsigned long long)found,
                 (unsigned long long)expected);
        finding(c, what, text);
}

static int check_all(struct check *c, struct clew_error *err)
{
        static const record_fn checks[CLEW_TABLES] = {
                [CLEW_TABLE_META] = check_meta,     [CLEW_TABLE_HOT] = check_hot,
                [CLEW_TABLE_OBJECT] = check_object, [CLEW_TABLE_TRACE] = check_trace,
                [CLEW_TABLE_TIME] = check_time,     [CLEW_TABLE_SEGMENT] = check_segment,
                [CLEW_TABLE_NOTE] = check_note,     [CLEW_TABLE_SHELF] = check_shelf,
                [CLEW_TABLE_INDEX] = check_meta,
        };
        struct clew_store_stats pages;
        struct clew_shelf_state shelf;
        struct clew_state state;
        int r;

        /* The free list is read by statistics and by every later write. */
        if (clew_env_pages(c->env, c->txn, &pages, err) < 0)
                finding(c, "free list", err->message);
        r = clew_state_read(c->env, c->txn, &state, err);
        if (r < 0) {
                finding(c, "meta state", err->message);
                memset(&state, 0, sizeof(state));
        }
        c->places.by_bucket = state.places.by_bucket;
        for (int t = 0; t < CLEW_TABLES; t++) {
                int e = each_record(c, (enum clew_table)t, checks[t], err);

                if (e < 0)
                        return e;
        }
        if (clew_shelf_state_read(c->env, c->txn, &shelf, err) < 0)
                finding(c, "meta shelf", err->message);
        else {
                compare(c, "shelf records", c->shelf.records, shelf.records);
                compare(c, "digest of shelf records", c->shelf.sum, shelf.sum);
        }
        c->n_findings += clew_verify_index(c->env, c->txn, c->report, c->context);
        if (r < 0)
                return 0;
        compare(c, "hot fragments", c->n_hot, state.hot_fragments);
        compare(c, "sum of hot sequences", c->hot_sum, state.hot_sum);
        for (unsigned i = 0; i < CLEW_PLACE_BUCKETS; i++)
                compare(c, "digest of trace places", c->places.of[i], state.places.of[i]);
        if (state.has_sums) {
                compare(c, "digest of the time order", c->sums.time_sum, state.time_sum);
                compare(c, "notes", c->sums.note_records, state.note_records);
                compare(c, "digest of notes", c->sums.note_sum, state.note_sum);
        }
        compare(c, "trace records", c->n_traces, state.sealed_traces);
        compare(c, "time records", c->n_times, state.sealed_traces);
        compare(c, "segments", c->n_segments, state.segments);
        compare(c, "live traces of segments", c->n_live, state.sealed_traces);
        compare(c, "bytes of segments", c->segment_bytes, state.segment_bytes);
        compare(c, "spans", c->n_spans, state.sealed_spans);
        compare(c, "log records", c->n_logs, state.sealed_logs);
        compare(c, "raw bytes", c->raw_bytes, state.sealed_raw_bytes);
        return 0;
}

int clew_verify_records(struct clew_store *store, clew_verify_report_fn report, void *context,
                        struct clew_error *err)
{
        struct check c = {.env = store->env, .report = report, .context = context};
        int r = clew_loader_init(&c.loader, store->env);

        if (r < 0)
                clew_error_set(err, r, 0, "out of memory");
        else
                r = clew_txn_begin_read(store->env, &c.txn, err);
        if (r == 0) {
                clew_loader_set_txn(&c.loader, c.txn);
                r = check_all(&c, err);
                clew_txn_end_read(store->env, c.txn);
        }
        clew_loader_deinit(&c.loader);
        return r < 0 ? r : c.n_findings;
}
