/*
 * What is sealed: which traces live where, by the index and by the segments themselves.
 */
#include "storage/keep/rebuild-int.h"

#include "proto/otlp/walk.h"
#include "storage/base/place-int.h"
#include "storage/base/sums-int.h"
#include "storage/object/objects-int.h"
#include "storage/source/store-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Lost traces that are named one by one. */
#define NAMED_MAX 1000u

static struct clew_claim *claims(const struct clew_rebuild *r)
{
        return (struct clew_claim *)(void *)r->claims.data;
}

static size_t n_claims(const struct clew_rebuild *r)
{
        return r->claims.len / sizeof(struct clew_claim);
}

static int by_place(const void *a, const void *b)
{
        const struct clew_claim *x = a;
        const struct clew_claim *y = b;

        if (x->segment != y->segment)
                return x->segment < y->segment ? -1 : 1;
        if (x->index != y->index)
                return x->index < y->index ? -1 : 1;
        return memcmp(x->id.bytes, y->id.bytes, sizeof(x->id.bytes));
}

/* The best claim of an id first. */
static int by_id(const void *a, const void *b)
{
        const struct clew_claim *x = a;
        const struct clew_claim *y = b;
        int order = memcmp(x->id.bytes, y->id.bytes, sizeof(x->id.bytes));
        bool x_sure = x->rank >= CLEW_CLAIM_LIVE;
        bool y_sure = y->rank >= CLEW_CLAIM_LIVE;

        if (order != 0)
                return order;
        if (x_sure != y_sure || (!x_sure && x->rank != y->rank))
                return x->rank > y->rank ? -1 : 1;
        if (x->segment != y->segment) /* it has moved on to the newer one */
                return x->segment > y->segment ? -1 : 1;
        return x->rank > y->rank ? -1 : x->rank < y->rank;
}

static void sort(struct clew_rebuild *r, int (*order)(const void *a, const void *b))
{
        if (n_claims(r) > 0)
                qsort(claims(r), n_claims(r), sizeof(struct clew_claim), order);
}

/* The first claim of @segment, when they are sorted by place; else where it would be. */
static size_t first_of(const struct clew_rebuild *r, uint64_t segment, size_t n)
{
        size_t from = 0;
        size_t to = n;

        while (from < to) {
                size_t middle = from + (to - from) / 2;

                if (claims(r)[middle].segment < segment)
                        from = middle + 1;
                else
                        to = middle;
        }
        return from;
}

/* ---- segments -------------------------------------------------------------------------------- */

/* The next number of @table, segments or objects, from @from on. 1, 0 = none, or an error. */
static int next_number(struct clew_rebuild *r, enum clew_table table, uint64_t from, uint64_t *ret,
                       struct clew_error *err)
{
        struct clew_key key =
                table == CLEW_TABLE_OBJECT ? clew_key_chunk(from, 0) : clew_key_segment(from);
        CLEW_SCAN scan = {0};
        int e = clew_scan_open(r->bulk->env, r->old, table, &scan, err);

        scan.unchecked = true;
        if (e == 0)
                e = clew_scan_seek(&scan, clew_key_slice(&key), err);
        if (e == 0)
                e = clew_scan_next(&scan, err);
        if (e != 1)
                return e;
        scan.key.len = scan.key.len < 8 ? scan.key.len : 8;
        return clew_key_read_segment(scan.key, ret) ? 1 : 0;
}

static int open_segment(struct clew_rebuild *r, uint64_t segment, struct clew_error *err)
{
        struct clew_slice object;
        int e = clew_object_get(r->bulk->env, r->old, segment, &r->object, &object, err);

        return e < 0 ? e : clew_segment_reader_open(&r->segment, object);
}

/* The catalog entry; false when there is none that fits the open object. */
static bool read_entry(struct clew_rebuild *r, uint64_t segment, struct clew_segment_entry *ret)
{
        struct clew_key key = clew_key_segment(segment);
        struct clew_slice value;
        struct clew_error ignored;

        return clew_table_get(r->bulk->env, r->old, CLEW_TABLE_SEGMENT, clew_key_slice(&key),
                              &value, &ignored) == 0 &&
               clew_segment_entry_decode(value, ret) && ret->n_traces == r->segment.n_traces;
}

static int drop_segment(struct clew_rebuild *r, uint64_t segment, struct clew_error *err)
{
        struct clew_key key = clew_key_segment(segment);
        MDB_txn *txn = NULL;
        int e = clew_rebuild_txn(r, CLEW_OBJECT_CHUNK_BYTES, &txn, err);

        if (e == 0)
                e = clew_table_delete(r->bulk->env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key),
                                      err);
        /* A chunk in the middle may be missing, so it goes on behind it. */
        for (uint64_t at = segment; e == 0;) {
                struct clew_key chunk = clew_key_chunk(segment, 0);
                CLEW_SCAN scan = {0};

                e = clew_scan_open(r->bulk->env, txn, CLEW_TABLE_OBJECT, &scan, err);
                scan.unchecked = true;
                if (e == 0)
                        e = clew_scan_seek(&scan, clew_key_slice(&chunk), err);
                if (e == 0)
                        e = clew_scan_next(&scan, err);
                if (e != 1 || scan.key.len != 12 ||
                    !clew_key_read_segment(clew_slice_make(scan.key.data, 8), &at) || at != segment)
                        return e < 0 ? e : 0;
                chunk.len = scan.key.len;
                memcpy(chunk.bytes, scan.key.data, chunk.len);
                clew_scan_close(&scan);
                e = clew_table_delete(r->bulk->env, txn, CLEW_TABLE_OBJECT, clew_key_slice(&chunk),
                                      err);
        }
        return e;
}

/* Id and start of a trace by its spans, and the service of the first. */
static bool look_into(struct clew_rebuild *r, uint32_t index, struct clew_claim *ret,
                      struct clew_slice *ret_service)
{
        struct clew_otlp_batch batch;
        struct clew_segment_row row;
        struct clew_slice message;
        bool logs;

        clew_buffer_clear(&r->message);
        clew_arena_reset(&r->arena);
        *ret_service = CLEW_SLICE_NULL;
        if (clew_segment_reader_read(&r->segment, index, NULL, &r->message, &row) < 0)
                return false;
        message = clew_buffer_slice(&r->message);
        ret->id = (struct clew_trace_id){{0}};
        clew_trace_id_of_message(message, row.traces_len, &ret->id);
        logs = row.traces_len == 0;
        if (clew_otlp_walk(logs ? message : clew_slice_make(message.data, (size_t)row.traces_len),
                           logs ? CLEW_OTLP_LOGS : CLEW_OTLP_TRACES, &r->arena, &batch, NULL) < 0 ||
            batch.n_traces == 0)
                return true;
        ret->start_ns = batch.traces[0].min_start_ns;
        *ret_service = batch.traces[0].service;
        return true;
}

/* What the deriver says of the message that was looked into, when it says something. */
static void derive_start(struct clew_rebuild *r, uint32_t index, struct clew_claim *c)
{
        const struct clew_deriver *d = r->options->deriver;
        struct clew_slice message = clew_buffer_slice(&r->message);
        size_t traces = (size_t)r->segment.rows[index].traces_len;
        uint64_t start_ns = 0;

        clew_buffer_clear(&r->text);
        if (d &&
            d->summarize(d->context, &c->id, clew_slice_make(message.data, traces),
                         clew_slice_from(message, traces), &r->text, &start_ns) == 0 &&
            start_ns)
                c->start_ns = start_ns;
}

/* Judges the claims on the open segment by its live bits (none = not known), and adds claims of
 * traces that no index record leads to. */
static int judge_segment(struct clew_rebuild *r, uint64_t segment, bool has_entry,
                         const struct clew_segment_entry *entry, size_t n, struct clew_error *err)
{
        size_t at = first_of(r, segment, n);
        bool is_known = has_entry && (entry->live.len > 0 || entry->n_live == entry->n_traces);

        for (uint32_t i = 0; i < r->segment.n_traces; i++) {
                bool is_live = !is_known || clew_segment_is_live(entry->live, entry->n_traces, i);
                struct clew_claim c = {.segment = segment,
                                       .index = i,
                                       .rank = is_known ? CLEW_CLAIM_LIVE : CLEW_CLAIM_MAYBE};
                struct clew_slice service;
                bool is_claimed = false;

                for (; at < n && claims(r)[at].segment == segment && claims(r)[at].index <= i;
                     at++) {
                        if (claims(r)[at].index == i && is_live)
                                is_claimed = true;
                        if (claims(r)[at].index < i || !is_live)
                                claims(r)[at].rank = CLEW_CLAIM_NONE;
                }
                if (is_claimed || !is_live || !look_into(r, i, &c, &service))
                        continue;
                derive_start(r, i, &c);
                clew_buffer_append(&r->claims, &c, sizeof(c));
                if (clew_buffer_error(&r->claims) < 0)
                        return clew_error_set(err, -ENOMEM, 0, "out of memory");
        }
        for (; at < n && claims(r)[at].segment == segment; at++)
                claims(r)[at].rank = CLEW_CLAIM_NONE;
        return 0;
}

static void disown(struct clew_rebuild *r, uint64_t segment, size_t n)
{
        for (size_t at = first_of(r, segment, n); at < n && claims(r)[at].segment == segment; at++)
                claims(r)[at].rank = CLEW_CLAIM_NONE;
}

static int judge(struct clew_rebuild *r, struct clew_error *err)
{
        size_t n = n_claims(r);
        uint64_t segment = 0;
        int e;

        sort(r, by_place);
        while ((e = next_number(r, CLEW_TABLE_OBJECT, segment + 1, &segment, err)) == 1) {
                struct clew_segment_entry entry = {0};

                if (segment >= r->state.next_segment)
                        r->state.next_segment = segment + 1;
                e = open_segment(r, segment, err);
                if (e == -ENOMEM)
                        return e;
                if (e < 0) {
                        clew_rebuild_finding(r, "its object is damaged; it is lost", "segment %llu",
                                             (unsigned long long)segment);
                        disown(r, segment, n);
                        e = drop_segment(r, segment, err);
                } else {
                        bool has = read_entry(r, segment, &entry);

                        if (!has)
                                clew_rebuild_finding(r, "its catalog entry is lost, and made anew",
                                                     "segment %llu", (unsigned long long)segment);
                        e = judge_segment(r, segment, has, &entry, n, err);
                }
                if (e < 0)
                        return e;
        }
        return e;
}

/* Claims on segments that are not there. */
static int judge_missing(struct clew_rebuild *r, struct clew_error *err)
{
        uint64_t last = 0;
        bool is_there = false;
        int e = 0;

        sort(r, by_place);
        for (size_t i = 0; i < n_claims(r); i++) {
                struct clew_claim *c = &claims(r)[i];
                uint64_t found = 0;

                if (i == 0 || c->segment != last) {
                        e = next_number(r, CLEW_TABLE_OBJECT, c->segment, &found, err);
                        if (e < 0)
                                return e;
                        is_there = e == 1 && found == c->segment;
                }
                last = c->segment;
                if (!is_there)
                        c->rank = CLEW_CLAIM_NONE;
        }
        return 0;
}

/* ---- traces ---------------------------------------------------------------------------------- */

static void lost_trace(struct clew_rebuild *r, const struct clew_claim *c)
{
        char hex[CLEW_TRACE_ID_HEX];

        if (r->lost_traces++ >= NAMED_MAX)
                return;
        clew_trace_id_to_hex(&c->id, hex);
        clew_rebuild_finding(r, "what was sealed of it is lost with its segment", "trace %s", hex);
}

/* One claim for each id; the others go, and ids that nobody has any more are lost. */
static void choose(struct clew_rebuild *r)
{
        size_t n = n_claims(r);
        size_t kept = 0;

        sort(r, by_id);
        for (size_t from = 0, to; from < n; from = to) {
                struct clew_claim best = claims(r)[from];
                bool was_indexed = false;

                for (to = from; to < n && memcmp(claims(r)[to].id.bytes, best.id.bytes,
                                                 sizeof(best.id.bytes)) == 0;
                     to++)
                        was_indexed = was_indexed || claims(r)[to].from_index;
                if (clew_rebuild_was_deleted(r, &best.id))
                        continue;
                if (best.rank == CLEW_CLAIM_NONE) {
                        lost_trace(r, &best);
                        continue;
                }
                r->found_traces += !was_indexed;
                claims(r)[kept++] = best;
        }
        r->claims.len = kept * sizeof(struct clew_claim);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Counts the traces that live in the open segment, and verifies them; one that is not what it
 * should be is lost. */
static uint64_t count_segment(struct clew_rebuild *r, size_t from, size_t to, uint8_t *live)
{
        uint64_t n_live = 0;

        for (size_t i = from; i < to; i++) {
                struct clew_claim *c = &claims(r)[i];
                struct clew_segment_row row;

                clew_buffer_clear(&r->message);
                if (clew_segment_reader_read(&r->segment, c->index, &c->id, &r->message, &row) <
                    0) {
                        c->rank = CLEW_CLAIM_NONE;
                        lost_trace(r, c);
                        continue;
                }
                n_live++;
                live[c->index / 8] |= (uint8_t)(1u << c->index % 8);
                r->state.sealed_traces++;
                r->state.sealed_spans += row.n_spans;
                r->state.sealed_logs += row.n_logs;
                r->state.sealed_raw_bytes += r->message.len;
        }
        return n_live;
}

/* An entry of which only what the object says is known: summaries are derived later. */
static int make_entry(struct clew_rebuild *r, struct clew_segment_entry *e,
                      struct clew_buffer *frame, struct clew_buffer *service)
{
        struct clew_claim ignored;
        struct clew_slice name;

        *e = (struct clew_segment_entry){.n_traces = r->segment.n_traces};
        clew_buffer_clear(&r->text);
        for (uint32_t i = 0; i < r->segment.n_traces; i++) {
                clew_buffer_append_varint(&r->text, 0);
                clew_buffer_clear(&r->message);
                if (look_into(r, i, &ignored, &name) && i == 0)
                        clew_buffer_append_slice(service, name);
                e->raw_bytes += r->message.len;
        }
        if (clew_buffer_error(&r->text) < 0 || clew_buffer_error(service) < 0)
                return -ENOMEM;
        e->service = clew_buffer_slice(service);
        if (e->service.len > CLEW_FRAGMENT_SERVICE_MAX)
                e->service.len = CLEW_FRAGMENT_SERVICE_MAX;
        return clew_summaries_compress(clew_buffer_slice(&r->text), frame);
}

static int write_entry(struct clew_rebuild *r, uint64_t segment, struct clew_slice live,
                       uint64_t n_live, uint64_t object_bytes, struct clew_error *err)
{
        struct clew_key key = clew_key_segment(segment);
        struct clew_segment_entry entry;
        CLEW_BUFFER service = {0};
        CLEW_BUFFER frame = {0};
        CLEW_BUFFER out = {0};
        struct clew_slice value;
        MDB_txn *txn = NULL;
        int e = 0;

        clew_buffer_init(&service, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&frame, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&out, CLEW_PACK_MESSAGE_MAX);
        if (!read_entry(r, segment, &entry)) {
                e = make_entry(r, &entry, &frame, &service);
                entry.summaries = clew_buffer_slice(&frame);
        }
        entry.live = live;
        entry.n_live = n_live;
        entry.stored_bytes = object_bytes;
        if (e == 0) {
                clew_segment_entry_encode(&entry, &out);
                e = clew_buffer_error(&out);
        }
        if (e < 0)
                return clew_error_set(err, e, 0, "out of memory");
        value = clew_buffer_slice(&out);
        e = clew_rebuild_txn(r, value.len, &txn, err);
        return e < 0 ? e
                     : clew_table_put(r->bulk->env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key),
                                      &value, 1, err);
}

static int write_segment(struct clew_rebuild *r, uint64_t segment, struct clew_error *err)
{
        uint8_t live[CLEW_SEGMENT_LIVE_MAX] = {0};
        size_t n = n_claims(r);
        size_t from = first_of(r, segment, n);
        size_t to = from;
        struct clew_slice object;
        uint64_t n_live;
        int e = clew_object_get(r->bulk->env, r->old, segment, &r->object, &object, err);

        if (e == 0)
                e = clew_segment_reader_open(&r->segment, object);
        if (e < 0) /* it was dropped */
                return e == -ENOMEM ? e : 0;
        while (to < n && claims(r)[to].segment == segment)
                to++;
        n_live = count_segment(r, from, to, live);
        if (n_live == 0)
                return drop_segment(r, segment, err);
        r->state.segments++;
        r->state.segment_bytes += object.len;
        return write_entry(r, segment,
                           clew_slice_make(live, clew_segment_live_bytes(r->segment.n_traces)),
                           n_live, object.len, err);
}

static int write_segments(struct clew_rebuild *r, struct clew_error *err)
{
        uint64_t segment = 0;
        int e;

        sort(r, by_place);
        while ((e = next_number(r, CLEW_TABLE_OBJECT, segment + 1, &segment, err)) == 1) {
                e = write_segment(r, segment, err);
                if (e < 0)
                        return e;
        }
        if (e < 0)
                return e;
        /* Entries without an object. */
        segment = 0;
        while ((e = next_number(r, CLEW_TABLE_SEGMENT, segment + 1, &segment, err)) == 1) {
                uint64_t found = 0;

                if (segment >= r->state.next_segment)
                        r->state.next_segment = segment + 1;
                e = next_number(r, CLEW_TABLE_OBJECT, segment, &found, err);
                if (e == 1 && found == segment)
                        continue;
                if (e >= 0) {
                        clew_rebuild_finding(r, "its object is missing; it is lost", "segment %llu",
                                             (unsigned long long)segment);
                        e = drop_segment(r, segment, err);
                }
                if (e < 0)
                        return e;
        }
        return e;
}

static int put_places(struct clew_rebuild *r, struct clew_error *err)
{
        int e = 0;

        sort(r, by_id);
        for (size_t i = 0; e == 0 && i < n_claims(r); i++) {
                const struct clew_claim *c = &claims(r)[i];
                struct clew_place place = {c->segment, c->index, c->start_ns};
                MDB_txn *txn = NULL;

                if (c->rank == CLEW_CLAIM_NONE)
                        continue;
                e = clew_rebuild_txn(r, 100, &txn, err);
                if (e == 0)
                        e = clew_place_write(r->bulk->env, txn, &c->id, &place, err);
                clew_place_count_in(&r->state.places, &c->id, &place);
                r->state.time_sum += clew_time_digest(c->start_ns, &c->id);
        }
        return e;
}

int clew_rebuild_sealed(struct clew_rebuild *r, struct clew_error *err)
{
        int e = judge(r, err);

        if (e == 0)
                e = judge_missing(r, err);
        if (e == 0) {
                choose(r);
                e = write_segments(r, err);
        }
        return e < 0 ? e : put_places(r, err);
}
