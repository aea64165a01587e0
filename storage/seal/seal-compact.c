/*
 * Compaction: small segments of one service are packed again as one.
 *
 * A service that sends one run a minute would otherwise end with one small segment per run, and
 * traces in one segment share their text. It comes after all that is hot, and what it writes is
 * bounded:
 *
 * - segments of one service and one size class (a factor of four of raw bytes) go together, when
 *   there are four of them; so a byte is written again once for each class that it rises;
 * - a segment that was full when it was closed, by whichever measure, is never picked again; near
 *   copies make full segments of few stored bytes. One of which half has moved on is not full;
 * - over the life of a store it writes at most three times what was sealed for the first time.
 */
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/object/objects-int.h"
#include "storage/seal/seal-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Segments that go together at least, and at most. */
#define FAN_IN 4u
#define GROUP_MAX 16u
#define AGAIN_PART_MAX 3u
/* What may be written again however little was sealed. */
#define AGAIN_BYTES_FREE ((uint64_t)64 << 20)
/* Classes of raw bytes begin at this; the last one is that of full segments. */
#define CLASS_BYTES_FIRST ((uint64_t)64 << 10)

static unsigned class_of(uint64_t raw_bytes)
{
        unsigned c = 0;

        for (uint64_t max = CLASS_BYTES_FIRST; raw_bytes > max && c < 8; max *= 4)
                c++;
        return c;
}

/* Far from full in what the entry tells; the residue is looked at when it is opened. */
static bool is_small(const struct clew_segment_entry *e)
{
        return e->raw_bytes < CLEW_SEGMENT_RAW_MAX / 2 && e->n_traces < CLEW_SEGMENT_TRACES_MAX / 2;
}

void clew_compact_note(struct clew_sealing *s, uint64_t segment, const struct clew_segment_entry *e)
{
        struct clew_small_segment one = {
                .segment = segment,
                .service_hash = e->service.len ? clew_hash(e->service) : 0,
                .raw_bytes = e->n_traces ? e->raw_bytes / e->n_traces * e->n_live : 0,
                .n_traces = (uint32_t)e->n_traces,
        };

        if (!is_small(e) && e->n_live * 2 > e->n_traces)
                return;
        for (size_t i = 0; i < s->n_small; i++) {
                if (s->small[i].segment == segment) {
                        s->small[i] = one;
                        return;
                }
        }
        if (s->n_small < CLEW_SMALL_SEGMENTS_MAX)
                s->small[s->n_small++] = one;
}

/* Once: what earlier runs of the program have left. */
static int read_small(struct clew_store *store, MDB_txn *txn, struct clew_sealing *s,
                      struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        int r = clew_scan_open(store->env, txn, CLEW_TABLE_SEGMENT, &scan, err);

        while (r >= 0 && s->n_small < CLEW_SMALL_SEGMENTS_MAX &&
               (r = clew_scan_next(&scan, err)) == 1) {
                struct clew_segment_entry e;
                uint64_t segment;

                if (clew_key_read_segment(scan.key, &segment) &&
                    clew_segment_entry_decode(scan.value, &e))
                        clew_compact_note(s, segment, &e);
        }
        s->small_is_read = r >= 0;
        return r < 0 ? r : 0;
}

static int compare_small(const void *a, const void *b)
{
        const struct clew_small_segment *x = a;
        const struct clew_small_segment *y = b;
        unsigned cx = class_of(x->raw_bytes);
        unsigned cy = class_of(y->raw_bytes);

        if (x->service_hash != y->service_hash)
                return x->service_hash < y->service_hash ? -1 : 1;
        if (cx != cy)
                return cx < cy ? -1 : 1;
        return x->segment < y->segment ? -1 : x->segment > y->segment;
}

/* The first group that is large enough: *@from .. its end, 0 = none. */
static size_t find_group(struct clew_sealing *s, size_t *from)
{
        size_t to;

        if (s->n_small)
                qsort(s->small, s->n_small, sizeof(s->small[0]), compare_small);
        for (*from = 0; *from < s->n_small; *from = to) {
                const struct clew_small_segment *first = &s->small[*from];
                uint64_t bytes = 0;

                for (to = *from;
                     to < s->n_small && to - *from < GROUP_MAX && bytes < CLEW_SEGMENT_RAW_MAX &&
                     s->small[to].service_hash == first->service_hash &&
                     class_of(s->small[to].raw_bytes) == class_of(first->raw_bytes);
                     to++)
                        bytes += s->small[to].raw_bytes;
                if (to - *from >= FAN_IN)
                        return to;
        }
        return 0;
}

bool clew_compact_is_due(const struct clew_sealing *s)
{
        return !s->small_is_read || s->n_small >= FAN_IN;
}

struct chooser {
        struct clew_store *store;
        struct clew_sealing *sealing;
        MDB_txn *txn;
        struct clew_loader loader;
        struct clew_seal_plan plan;
        size_t capacity;
        struct clew_slice service;
};

static int push_item(struct chooser *c, const struct clew_seal_item *item)
{
        if (c->plan.n == c->capacity) {
                size_t want = c->capacity ? c->capacity * 2 : 64;
                void *more = clew_realloc_array(c->plan.items, want, sizeof(*item));

                if (!more)
                        return -ENOMEM;
                c->plan.items = more;
                c->capacity = want;
        }
        c->plan.items[c->plan.n++] = *item;
        return 0;
}

/* Adds the trace at @index of a segment if it lives there and has nothing hot. */
static int add_trace(struct chooser *c, const struct clew_small_segment *from, uint32_t index,
                     struct clew_error *err)
{
        struct clew_seal_item item = {.service_hash = from->service_hash, .service = c->service};
        struct clew_segment_row row;
        struct clew_place place;
        int r = clew_loader_sealed(&c->loader, from->segment, index, NULL, &row, err);

        if (r < 0)
                return r == -EBADMSG ? 0 : r; /* damage is verify's to name */
        clew_trace_id_of_message(clew_buffer_slice(&c->loader.sealed), row.traces_len, &item.id);
        r = clew_place_read(c->store->env, c->txn, &item.id, &place, err);
        if (r < 0)
                return r == -ENOENT || r == -EBADMSG ? 0 : r;
        if (place.segment != from->segment || place.index != index)
                return 0;
        item.start_ns = place.start_ns;
        item.raw_bytes = c->loader.sealed.len;
        r = push_item(c, &item);
        return r < 0 ? clew_error_set(err, r, 0, "out of memory") : 0;
}

/* A segment that is gone, or was full, gives nothing; it is not looked at again either way. */
static int add_segment(struct chooser *c, const struct clew_small_segment *from,
                       struct clew_error *err)
{
        struct clew_key key = clew_key_segment(from->segment);
        struct clew_segment_entry e;
        struct clew_slice value;
        uint32_t n;
        int r = clew_table_get(c->store->env, c->txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key),
                               &value, err);

        if (r < 0)
                return r == -ENOENT || r == -EBADMSG ? 0 : r;
        if (!clew_segment_entry_decode(value, &e) || e.n_traces == 0)
                return 0;
        r = clew_object_is_here(c->store->env, c->txn, from->segment, err);
        if (r != 1) /* what is away is not fetched to be put together */
                return r;
        r = 0;
        n = (uint32_t)e.n_traces;
        if (!c->plan.service) {
                c->plan.service = clew_malloc(e.service.len + 1);
                if (!c->plan.service)
                        return clew_error_set(err, -ENOMEM, 0, "out of memory");
                memcpy(c->plan.service, e.service.data ? e.service.data : (const uint8_t *)"",
                       e.service.len);
                c->service = clew_slice_make(c->plan.service, e.service.len);
        }
        if (e.n_live * 2 > e.n_traces) {
                struct clew_segment_row row;

                r = clew_loader_sealed(&c->loader, from->segment, 0, NULL, &row, err);
                if (r < 0)
                        return r == -EBADMSG ? 0 : r;
                if (clew_unpacker_residue_bytes(c->loader.segment.unpacker) >=
                    CLEW_SEGMENT_RESIDUE_TARGET)
                        return 0;
        }
        for (uint32_t i = 0; r >= 0 && i < n; i++)
                r = add_trace(c, from, i, err);
        return r < 0 ? r : 0;
}

/* The group to take, or none: @ret_from .. @ret_to of s->small. */
static int next_group(struct clew_store *store, MDB_txn *txn, struct clew_sealing *s,
                      size_t *ret_from, size_t *ret_to, struct clew_error *err)
{
        struct clew_state state;
        uint64_t bytes = 0;
        int r = clew_state_read(store->env, txn, &state, err);

        if (r == 0 && !s->small_is_read)
                r = read_small(store, txn, s, err);
        if (r < 0)
                return r;
        *ret_to = find_group(s, ret_from);
        for (size_t i = *ret_from; i < *ret_to; i++)
                bytes += s->small[i].raw_bytes;
        if (state.again_bytes + bytes > AGAIN_PART_MAX * state.first_bytes + AGAIN_BYTES_FREE)
                *ret_to = 0;
        return 0;
}

static int take_group(struct chooser *c, size_t from, size_t to, struct clew_error *err)
{
        struct clew_sealing *s = c->sealing;
        int r = c->loader.unpacker ? 0 : clew_loader_init(&c->loader, c->store->env);

        if (r < 0)
                return clew_error_set(err, r, 0, "out of memory");
        clew_loader_set_txn(&c->loader, c->txn);
        for (size_t i = from; r == 0 && i < to; i++)
                r = add_segment(c, &s->small[i], err);
        clew_loader_set_txn(&c->loader, NULL);
        if (r == 0) {
                memmove(&s->small[from], &s->small[to], (s->n_small - to) * sizeof(s->small[0]));
                s->n_small -= to - from;
        }
        return r;
}

int clew_compact_choose(struct clew_store *store, struct clew_sealing *s,
                        struct clew_seal_plan *ret, struct clew_error *err)
{
        struct chooser c = {.store = store, .sealing = s};
        size_t from = 0;
        size_t to = 0;
        int r = clew_txn_begin_read(store->env, &c.txn, err);

        *ret = (struct clew_seal_plan){0};
        if (r < 0)
                return r;
        do { /* a group may turn out to be full ones */
                r = next_group(store, c.txn, s, &from, &to, err);
                if (r == 0 && to)
                        r = take_group(&c, from, to, err);
        } while (r == 0 && to && c.plan.n == 0);
        clew_txn_end_read(store->env, c.txn);
        if (c.loader.unpacker)
                clew_loader_deinit(&c.loader);
        if (r < 0)
                clew_seal_plan_deinit(&c.plan);
        else
                *ret = c.plan;
        return r;
}
