/*
 * The run of what a sink has gathered.
 *
 * Each row has its keys; a run wants the rows of each key. Rows are gone through in the order of
 * the run, newest first, and each key is told its ordinal: so all sets are in order.
 */
#include "storage/index/sink-int.h"

#include "proto/base/mem.h"
#include "storage/index/posting-int.h"
#include "storage/index/sink-own-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE CLEW_SINK_NONE

struct build {
        struct clew_index_sink *sink;
        struct clew_run_writer *writer;
        uint32_t n;                             /* rows that are not left out */
        uint32_t order[CLEW_SINK_TRACES_MAX];   /* ordinal -> row */
        uint32_t ordinal[CLEW_SINK_TRACES_MAX]; /* row -> ordinal; NONE = it is left out */
        uint64_t numbers[CLEW_SINK_TRACES_MAX];
        struct clew_trace_id ids[CLEW_SINK_TRACES_MAX];
        struct clew_buffer posting;
        uint32_t *at;   /* by key: how many rows have it, then where its next ordinal goes */
        uint32_t *sets; /* ordinals, key after key in their order */
};

static int newest_first(const void *a, const void *b, void *context)
{
        const struct clew_index_sink *s = context;
        uint32_t x = *(const uint32_t *)a;
        uint32_t y = *(const uint32_t *)b;

        if (s->starts[x] != s->starts[y])
                return s->starts[x] > s->starts[y] ? -1 : 1;
        return memcmp(s->ids[x].bytes, s->ids[y].bytes, CLEW_TRACE_ID_BYTES);
}

/* A key in order: by kind and its first bytes, which decide most, then by the rest. */
struct in_order {
        uint64_t first;
        uint32_t key;
};

static uint64_t first_bytes(const struct clew_sink_key *k)
{
        struct clew_slice bytes = clew_sink_bytes(k);
        uint64_t v = k->kind;

        for (size_t i = 0; i < 7; i++)
                v = v << 8 | (i < bytes.len ? bytes.data[i] : 0);
        return v;
}

static int by_key(const void *a, const void *b, void *context)
{
        const struct clew_index_sink *s = context;
        const struct in_order *x = a;
        const struct in_order *y = b;

        return clew_slice_cmp(clew_sink_bytes(&clew_sink_keys(s)[x->key]),
                              clew_sink_bytes(&clew_sink_keys(s)[y->key]));
}

/* Sorts by the first bytes, a byte at a time from the last one on: @room is as large. */
static void sort_by_first(struct in_order *order, struct in_order *room, uint32_t n)
{
        static const unsigned bytes = sizeof(order->first);
        uint32_t counts[sizeof(order->first)][256];

        memset(counts, 0, sizeof(counts));
        for (uint32_t i = 0; i < n; i++) {
                for (unsigned b = 0; b < bytes; b++)
                        counts[b][order[i].first >> 8 * b & 0xff]++;
        }
        for (unsigned b = 0; b < bytes; b++) { /* an even number: the last one ends in @order */
                uint32_t at[256];
                uint32_t sum = 0;

                for (unsigned v = 0; v < 256; v++) {
                        at[v] = sum;
                        sum += counts[b][v];
                }
                for (uint32_t i = 0; i < n; i++)
                        room[at[order[i].first >> 8 * b & 0xff]++] = order[i];
                {
                        struct in_order *other = order;

                        order = room;
                        room = other;
                }
        }
}

/* How many keys rows of the run have. */
static uint32_t sort_keys(struct build *b, struct in_order *order, struct in_order *room)
{
        struct clew_index_sink *s = b->sink;
        uint32_t n = 0;

        for (uint32_t i = 0; i < clew_sink_n_keys(s); i++) {
                if (b->at[i] != 0)
                        order[n++] = (struct in_order){first_bytes(&clew_sink_keys(s)[i]), i};
        }
        sort_by_first(order, room, n);
        for (uint32_t from = 0, to; from < n; from = to) {
                for (to = from + 1; to < n && order[to].first == order[from].first; to++)
                        ;
                if (to - from > 1)
                        qsort_r(order + from, to - from, sizeof(*order), by_key, s);
        }
        return n;
}

/* The entries of a row. */
static const uint32_t *row_of(const struct clew_index_sink *s, uint32_t row, uint32_t *ret_n)
{
        uint32_t end = row + 1 < s->n_traces ? s->rows[row + 1] : clew_sink_n_entries(s);

        *ret_n = end - s->rows[row];
        return clew_sink_entries(s) + s->rows[row];
}

static void count_keys(struct build *b)
{
        for (uint32_t i = 0; i < b->n; i++) {
                uint32_t n;
                const uint32_t *keys = row_of(b->sink, b->order[i], &n);

                for (uint32_t k = 0; k < n; k++)
                        b->at[keys[k]]++;
        }
}

/* Each key is told its ordinals, in order; b->at then is where those of each end. */
static void fill_sets(struct build *b, const struct in_order *order, uint32_t n_keys)
{
        uint32_t sum = 0;

        for (uint32_t i = 0; i < n_keys; i++) {
                uint32_t n = b->at[order[i].key];

                b->at[order[i].key] = sum;
                sum += n;
        }
        for (uint32_t i = 0; i < b->n; i++) {
                uint32_t n;
                const uint32_t *keys = row_of(b->sink, b->order[i], &n);

                for (uint32_t k = 0; k < n; k++)
                        b->sets[b->at[keys[k]]++] = i;
        }
}

static void write_key(struct build *b, const struct clew_sink_key *k, uint32_t *set, uint32_t n)
{
        if (clew_index_kind_is_bare(k->kind)) {
                set[0] = 0;
                n = 1;
        }
        clew_buffer_clear(&b->posting);
        clew_posting_encode(set, n, &b->posting);
        clew_run_writer_key(b->writer, k->kind, clew_sink_bytes(k), clew_buffer_slice(&b->posting));
}

/* @order has room for twice as many as there are keys. */
static int write_sorted(struct build *b, struct in_order *order)
{
        const struct clew_sink_key *keys = clew_sink_keys(b->sink);
        uint32_t n;
        uint32_t from = 0;

        count_keys(b);
        n = sort_keys(b, order, order + clew_sink_n_keys(b->sink));
        fill_sets(b, order, n);
        for (uint32_t i = 0; i < n; i++) {
                uint32_t end = b->at[order[i].key];

                if (i + 8 < n)
                        __builtin_prefetch(&keys[order[i + 8].key]);
                write_key(b, &keys[order[i].key], b->sets + from, end - from);
                from = end;
        }
        return clew_buffer_error(&b->posting);
}

static int write_keys(struct build *b)
{
        uint32_t n = clew_sink_n_keys(b->sink);
        struct in_order *order = clew_malloc((2u * n + 1u) * sizeof(*order));
        int r = -ENOMEM;

        b->at = clew_calloc(n + 1u, sizeof(*b->at));
        b->sets = clew_malloc((clew_sink_n_entries(b->sink) + 1u) * sizeof(*b->sets));
        if (order && b->at && b->sets)
                r = write_sorted(b, order);
        clew_free(b->sets);
        clew_free(b->at);
        clew_free(order);
        return r;
}

/* Where each place of the segments has gone: all of theirs have. */
static void write_places(struct build *b, const struct clew_run_head *head)
{
        uint32_t n = 0;

        for (uint32_t row = 0; row < b->sink->n_traces; row++) {
                if (b->ordinal[row] != NONE)
                        b->numbers[n++] = b->ordinal[row];
        }
        CLEW_ASSERT(n == head->n_places);
        clew_run_writer_numbers(b->writer, CLEW_RUN_PLACES, b->numbers, n);
}

static void write_rows(struct build *b, const struct clew_run_head *head)
{
        struct clew_index_sink *s = b->sink;
        uint32_t n = b->n;

        for (uint32_t i = 0; i < n; i++)
                b->ids[i] = s->ids[b->order[i]];
        clew_run_writer_ids(b->writer, b->ids, n);
        for (uint32_t i = 0; i < n; i++)
                b->numbers[i] = s->starts[b->order[i]];
        clew_run_writer_numbers(b->writer, CLEW_RUN_STARTS, b->numbers, n);
        write_places(b, head);
        for (unsigned c = 0; c < CLEW_INDEX_COLUMNS_MAX; c++) {
                if (!s->columns[c])
                        continue;
                for (uint32_t i = 0; i < n; i++)
                        b->numbers[i] = s->columns[c][b->order[i]];
                clew_run_writer_numbers(b->writer, CLEW_RUN_COLUMN + c, b->numbers, n);
        }
}

/* Segments that are not left out, and which ordinals their rows have. */
static void lay_out(struct build *b, struct clew_run_head *head,
                    struct clew_run_segment *ret_segments)
{
        struct clew_index_sink *s = b->sink;

        *head = (struct clew_run_head){.segments = ret_segments};
        b->n = 0;
        for (uint32_t i = 0; i < s->n_segments; i++) {
                const struct clew_sink_segment *segment = &s->segments[i];
                uint32_t end = i + 1 < s->n_segments ? segment[1].first : s->n_traces;

                for (uint32_t row = segment->first; row < end; row++) {
                        b->ordinal[row] = NONE;
                        if (!segment->is_out)
                                b->order[b->n++] = row;
                }
                if (segment->is_out || end == segment->first)
                        continue;
                ret_segments[head->n_segments++] =
                        (struct clew_run_segment){.segment = segment->number,
                                                  .first = head->n_places,
                                                  .n = end - segment->first};
                head->n_places += end - segment->first;
        }
        qsort_r(b->order, b->n, sizeof(b->order[0]), newest_first, s);
        for (uint32_t i = 0; i < b->n; i++)
                b->ordinal[b->order[i]] = i;
        head->n_traces = b->n;
        head->newest_ns = b->n > 0 ? s->starts[b->order[0]] : 0;
        head->oldest_ns = b->n > 0 ? s->starts[b->order[b->n - 1]] : 0;
}

int clew_index_sink_build(struct clew_index_sink *s, struct clew_run_writer *writer,
                          struct clew_run_head *head, struct clew_run_segment *ret_segments)
{
        struct build *b;
        int r;

        clew_sink_settle(s);
        if (s->failed || s->n_traces == 0)
                return -ENOENT;
        b = clew_malloc(sizeof(*b));
        if (!b)
                return -ENOMEM;
        b->sink = s;
        b->writer = writer;
        clew_buffer_init(&b->posting, CLEW_RUN_BLOCK_MAX);
        lay_out(b, head, ret_segments);
        r = b->n == 0 ? -ENOENT : write_keys(b);
        if (r == 0)
                write_rows(b, head);
        if (r == 0)
                r = clew_run_writer_finish(writer, head);
        clew_buffer_deinit(&b->posting);
        clew_free(b);
        return r;
}
