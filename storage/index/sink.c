/*
 * See sink-int.h.
 */
#include "storage/index/sink-int.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/index/posting-int.h"
#include "storage/sealed/segment-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define SLOTS_FIRST 4096u

struct sink_key {
        struct clew_slice key;
        uint64_t hash;
        uint32_t newest; /* of its entries; they go back in time */
        uint32_t trace;  /* of the newest */
        uint32_t n;
        uint8_t kind;
};

struct sink_slot {
        uint32_t key; /* its number */
        uint32_t tag; /* of its hash */
};

struct sink_entry {
        uint32_t trace;
        uint32_t before; /* entry of the same key */
};

struct clew_index_sink {
        struct clew_arena arena;    /* key bytes */
        struct clew_buffer keys;    /* struct sink_key */
        struct clew_buffer entries; /* struct sink_entry */
        struct sink_slot *slots;    /* by hash, open addressing */
        uint32_t n_slots;
        uint32_t n_traces;
        bool failed;
        struct clew_trace_id ids[CLEW_SEGMENT_TRACES_MAX];
        uint64_t starts[CLEW_SEGMENT_TRACES_MAX];
        uint64_t *columns[CLEW_INDEX_COLUMNS_MAX]; /* made at their first use */
};

struct clew_index_sink *clew_index_sink_new(void)
{
        struct clew_index_sink *s = clew_calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        clew_arena_init(&s->arena, CLEW_SINK_BYTES_MAX / 2);
        clew_buffer_init(&s->keys, CLEW_SINK_BYTES_MAX / 4);
        clew_buffer_init(&s->entries, CLEW_SINK_BYTES_MAX / 4);
        return s;
}

void clew_index_sink_free(struct clew_index_sink *s)
{
        if (!s)
                return;
        clew_arena_deinit(&s->arena);
        clew_buffer_deinit(&s->keys);
        clew_buffer_deinit(&s->entries);
        clew_free(s->slots);
        for (unsigned i = 0; i < CLEW_INDEX_COLUMNS_MAX; i++)
                clew_free(s->columns[i]);
        clew_free(s);
}

void clew_index_sink_reset(struct clew_index_sink *s)
{
        clew_arena_reset(&s->arena);
        clew_buffer_clear(&s->keys);
        clew_buffer_clear(&s->entries);
        clew_free(s->slots);
        s->slots = NULL;
        s->n_slots = 0;
        s->n_traces = 0;
        s->failed = false;
        for (unsigned i = 0; i < CLEW_INDEX_COLUMNS_MAX; i++) {
                clew_free(s->columns[i]);
                s->columns[i] = NULL;
        }
}

void clew_index_sink_fail(struct clew_index_sink *s)
{
        s->failed = true;
}

void clew_index_sink_begin(struct clew_index_sink *s, const struct clew_trace_id *id)
{
        if (s->n_traces == CLEW_SEGMENT_TRACES_MAX) {
                s->failed = true;
                return;
        }
        s->ids[s->n_traces] = *id;
        s->starts[s->n_traces] = 0;
        s->n_traces++;
}

void clew_index_sink_start(struct clew_index_sink *s, uint64_t start_ns)
{
        if (s->n_traces > 0)
                s->starts[s->n_traces - 1] = start_ns;
}

static struct sink_key *keys_of(const struct clew_index_sink *s)
{
        return (struct sink_key *)(void *)s->keys.data;
}

static uint32_t n_keys(const struct clew_index_sink *s)
{
        return (uint32_t)(s->keys.len / sizeof(struct sink_key));
}

static uint32_t tag_of(uint64_t hash)
{
        return (uint32_t)(hash >> 32);
}

static bool grow(struct clew_index_sink *s)
{
        uint32_t want = s->n_slots ? s->n_slots * 2 : SLOTS_FIRST;
        struct sink_slot *slots = clew_malloc(want * sizeof(*slots));

        if (!slots)
                return false;
        memset(slots, 0xff, want * sizeof(*slots));
        for (uint32_t i = 0; i < n_keys(s); i++) {
                uint64_t hash = keys_of(s)[i].hash;
                uint32_t at = (uint32_t)hash & (want - 1);

                while (slots[at].key != NONE)
                        at = (at + 1) & (want - 1);
                slots[at] = (struct sink_slot){i, tag_of(hash)};
        }
        clew_free(s->slots);
        s->slots = slots;
        s->n_slots = want;
        return true;
}

/* The key's number; NONE without memory. */
static uint32_t find_key(struct clew_index_sink *s, unsigned kind, struct clew_slice key)
{
        struct sink_key fresh = {.hash = clew_hash_seeded(key, kind), .kind = (uint8_t)kind};
        uint32_t tag = tag_of(fresh.hash);
        uint32_t at;

        if (n_keys(s) >= s->n_slots / 2 && !grow(s))
                return NONE;
        at = (uint32_t)fresh.hash & (s->n_slots - 1);
        for (; s->slots[at].key != NONE; at = (at + 1) & (s->n_slots - 1)) {
                const struct sink_key *k = &keys_of(s)[s->slots[at].key];

                if (s->slots[at].tag == tag && k->hash == fresh.hash && k->kind == kind &&
                    clew_slice_eq(k->key, key))
                        return s->slots[at].key;
        }
        fresh.key = clew_arena_copy(&s->arena, key);
        fresh.newest = NONE;
        fresh.trace = NONE;
        clew_buffer_append(&s->keys, &fresh, sizeof(fresh));
        if (clew_arena_failed(&s->arena) || clew_buffer_error(&s->keys) < 0)
                return NONE;
        s->slots[at] = (struct sink_slot){n_keys(s) - 1, tag};
        return n_keys(s) - 1;
}

void clew_index_add(struct clew_index_sink *s, enum clew_index_kind kind, struct clew_slice key)
{
        struct sink_entry entry = {.trace = s->n_traces - 1};
        uint32_t number;
        struct sink_key *k;

        if (s->failed || s->n_traces == 0 || key.len == 0 || key.len > CLEW_INDEX_KEY_MAX)
                return;
        number = find_key(s, kind, key);
        s->failed = number == NONE;
        if (s->failed)
                return;
        k = &keys_of(s)[number];
        if (k->trace == entry.trace)
                return;
        entry.before = k->newest;
        k->newest = (uint32_t)(s->entries.len / sizeof(entry));
        k->trace = entry.trace;
        k->n++;
        clew_buffer_append(&s->entries, &entry, sizeof(entry));
        s->failed = clew_buffer_error(&s->entries) < 0;
}

void clew_index_set_number(struct clew_index_sink *s, unsigned column, uint64_t value)
{
        if (s->n_traces == 0 || s->failed || column >= CLEW_INDEX_COLUMNS_MAX)
                return;
        if (!s->columns[column]) {
                if (value == 0)
                        return;
                s->columns[column] = clew_calloc(CLEW_SEGMENT_TRACES_MAX, sizeof(uint64_t));
                s->failed = !s->columns[column];
        }
        if (!s->failed)
                s->columns[column][s->n_traces - 1] = value;
}

/* ---- building -------------------------------------------------------------------------------- */

struct build {
        struct clew_index_sink *sink;
        struct clew_run_writer *writer;
        uint32_t order[CLEW_SEGMENT_TRACES_MAX];   /* ordinal -> trace */
        uint32_t ordinal[CLEW_SEGMENT_TRACES_MAX]; /* trace -> ordinal */
        uint32_t set[CLEW_SEGMENT_TRACES_MAX];
        uint64_t numbers[CLEW_SEGMENT_TRACES_MAX];
        struct clew_trace_id ids[CLEW_SEGMENT_TRACES_MAX];
        struct clew_buffer posting;
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

static uint64_t first_bytes(const struct sink_key *k)
{
        uint64_t v = k->kind;

        for (size_t i = 0; i < 7; i++)
                v = v << 8 | (i < k->key.len ? k->key.data[i] : 0);
        return v;
}

static int by_key(const void *a, const void *b, void *context)
{
        const struct clew_index_sink *s = context;
        const struct in_order *x = a;
        const struct in_order *y = b;

        if (x->first != y->first)
                return x->first < y->first ? -1 : 1;
        return clew_slice_cmp(keys_of(s)[x->key].key, keys_of(s)[y->key].key);
}

static int ascending(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a;
        uint32_t y = *(const uint32_t *)b;

        return x < y ? -1 : x > y;
}

static void write_key(struct build *b, const struct sink_key *k)
{
        const struct sink_entry *entries = (const void *)b->sink->entries.data;
        uint32_t n = 0;

        for (uint32_t at = k->newest; at != NONE; at = entries[at].before)
                b->set[n++] = b->ordinal[entries[at].trace];
        if (clew_index_kind_is_bare(k->kind)) {
                b->set[0] = 0;
                n = 1;
        }
        if (n > 1)
                qsort(b->set, n, sizeof(b->set[0]), ascending);
        clew_buffer_clear(&b->posting);
        clew_posting_encode(b->set, n, &b->posting);
        clew_run_writer_key(b->writer, k->kind, k->key, clew_buffer_slice(&b->posting));
}

static int write_keys(struct build *b)
{
        struct clew_index_sink *s = b->sink;
        uint32_t n = n_keys(s);
        struct in_order *order = clew_malloc((n + 1u) * sizeof(*order));

        if (!order)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                order[i] = (struct in_order){first_bytes(&keys_of(s)[i]), i};
        qsort_r(order, n, sizeof(*order), by_key, s);
        for (uint32_t i = 0; i < n; i++)
                write_key(b, &keys_of(s)[order[i].key]);
        clew_free(order);
        return clew_buffer_error(&b->posting);
}

static void write_rows(struct build *b)
{
        struct clew_index_sink *s = b->sink;
        uint32_t n = s->n_traces;

        for (uint32_t i = 0; i < n; i++)
                b->ids[i] = s->ids[b->order[i]];
        clew_run_writer_ids(b->writer, b->ids, n);
        for (uint32_t i = 0; i < n; i++)
                b->numbers[i] = s->starts[b->order[i]];
        clew_run_writer_numbers(b->writer, CLEW_RUN_STARTS, b->numbers, n);
        for (uint32_t i = 0; i < n; i++)
                b->numbers[i] = b->ordinal[i];
        clew_run_writer_numbers(b->writer, CLEW_RUN_PLACES, b->numbers, n);
        for (unsigned c = 0; c < CLEW_INDEX_COLUMNS_MAX; c++) {
                if (!s->columns[c])
                        continue;
                for (uint32_t i = 0; i < n; i++)
                        b->numbers[i] = s->columns[c][b->order[i]];
                clew_run_writer_numbers(b->writer, CLEW_RUN_COLUMN + c, b->numbers, n);
        }
}

int clew_index_sink_build(struct clew_index_sink *s, struct clew_run_writer *writer,
                          struct clew_run_head *head, struct clew_run_segment *ret_segment)
{
        struct build *b;
        int r;

        if (s->failed || s->n_traces == 0)
                return -ENOENT;
        b = clew_malloc(sizeof(*b));
        if (!b)
                return -ENOMEM;
        b->sink = s;
        b->writer = writer;
        clew_buffer_init(&b->posting, CLEW_RUN_BLOCK_MAX);
        for (uint32_t i = 0; i < s->n_traces; i++)
                b->order[i] = i;
        qsort_r(b->order, s->n_traces, sizeof(b->order[0]), newest_first, s);
        for (uint32_t i = 0; i < s->n_traces; i++)
                b->ordinal[b->order[i]] = i;
        r = write_keys(b);
        if (r == 0)
                write_rows(b);
        *ret_segment = (struct clew_run_segment){.n = s->n_traces};
        *head = (struct clew_run_head){
                .n_traces = s->n_traces,
                .newest_ns = s->starts[b->order[0]],
                .oldest_ns = s->starts[b->order[s->n_traces - 1]],
                .segments = ret_segment,
                .n_segments = 1,
                .n_places = s->n_traces,
        };
        if (r == 0)
                r = clew_run_writer_finish(writer, head);
        clew_buffer_deinit(&b->posting);
        clew_free(b);
        return r;
}
