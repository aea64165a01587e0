/*
 * See sink-int.h.
 */
#include "storage/index/sink-int.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/index/passage-int.h"
#include "storage/index/posting-int.h"
#include "storage/sealed/segment-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define SLOTS_FIRST 4096u
/* Keys that are known on in the next segment: with their slots some 12 MiB, and bytes of long ones.
 */
#define KEPT_KEYS_MAX (1u << 18)
#define KEPT_BYTES_MAX ((size_t)8 << 20)
/* Most keys are words: they lie in their record, where the lookup is anyway. */
#define INLINE_BYTES 14u

struct sink_key {
        const uint8_t *far; /* the bytes of a longer key; NULL: they are in @near */
        uint32_t newest;    /* of its entries; they go back in time. NONE: no row has it */
        uint32_t trace;     /* of that one, counted over segments */
        uint8_t kind;
        uint8_t len;
        uint8_t near[INLINE_BYTES];
};

struct sink_slot {
        uint64_t hash; /* seeded by where the sink lies: nobody can make two keys that share one */
        uint32_t key;  /* its number; NONE = the slot is empty */
};

/* Keys that wait until what they need is in the processor's cache: each is looked up where nobody
 * else has been lately. */
#define WAITING 16u
#define WAITING_BYTES 46u

/* Keys that the trace has said lately; a power of two, small enough for the nearest cache. */
#define LATELY 1024u

struct sink_lately {
        uint64_t said; /* hash and trace */
        uint32_t key;  /* its number; NONE = it still waits */
};

/* Passages that the trace has had lately; as many. */
#define MET 1024u

struct sink_waiting {
        uint64_t hash;
        uint32_t place; /* where the passage has its number; CLEW_PASSAGE_UNKNOWN = nowhere */
        uint8_t kind;
        uint8_t len;
        uint8_t bytes[WAITING_BYTES];
};

struct sink_entry {
        uint32_t trace;
        uint32_t before; /* entry of the same key */
};

struct sink_segment {
        uint64_t number; /* 0 = not told */
        uint32_t first;  /* row */
        bool is_out;
};

struct clew_index_sink {
        struct clew_arena arena;    /* key bytes */
        struct clew_buffer keys;    /* struct sink_key; also those of earlier segments */
        struct clew_buffer entries; /* struct sink_entry */
        struct sink_slot *slots;    /* by hash, open addressing */
        uint32_t n_slots;
        struct sink_segment segments[CLEW_SINK_SEGMENTS_MAX];
        uint32_t n_segments; /* with the one at hand */
        uint32_t n_traces;
        uint32_t before; /* traces of earlier segments, whose keys are still known */
        uint32_t n_waiting;
        uint64_t seed; /* of hashes, and another one */
        uint64_t second_seed;
        struct sink_lately lately[LATELY];
        uint64_t met[MET];  /* hash and trace */
        uint64_t open_hash; /* of the passage that is being given */
        struct clew_passages passages;
        struct sink_waiting waiting[WAITING];
        bool failed;
        struct clew_trace_id ids[CLEW_SINK_TRACES_MAX];
        uint64_t starts[CLEW_SINK_TRACES_MAX];
        uint64_t *columns[CLEW_INDEX_COLUMNS_MAX]; /* made at their first use */
};

struct clew_index_sink *clew_index_sink_new(void)
{
        struct clew_index_sink *s = clew_calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->seed = clew_hash_seeded(CLEW_SLICE_NULL, (uint64_t)(uintptr_t)s);
        s->second_seed = clew_hash_seeded(CLEW_SLICE_NULL, s->seed);
        clew_arena_init(&s->arena, CLEW_SINK_BYTES_MAX / 2);
        clew_buffer_init(&s->keys, CLEW_SINK_BYTES_MAX / 4);
        clew_buffer_init(&s->entries, CLEW_SINK_BYTES_MAX / 4);
        clew_passages_init(&s->passages);
        s->n_segments = 1;
        return s;
}

void clew_index_sink_free(struct clew_index_sink *s)
{
        if (!s)
                return;
        clew_arena_deinit(&s->arena);
        clew_buffer_deinit(&s->keys);
        clew_buffer_deinit(&s->entries);
        clew_passages_deinit(&s->passages);
        clew_free(s->slots);
        for (unsigned i = 0; i < CLEW_INDEX_COLUMNS_MAX; i++)
                clew_free(s->columns[i]);
        clew_free(s);
}

static struct sink_key *keys_of(const struct clew_index_sink *s)
{
        return (struct sink_key *)(void *)s->keys.data;
}

static uint32_t n_keys(const struct clew_index_sink *s)
{
        return (uint32_t)(s->keys.len / sizeof(struct sink_key));
}

static void forget_all(struct clew_index_sink *s)
{
        clew_arena_reset(&s->arena);
        clew_buffer_clear(&s->keys);
        clew_passages_clear(&s->passages);
        clew_free(s->slots);
        s->slots = NULL;
        s->n_slots = 0;
        s->n_waiting = 0;
        memset(s->lately, 0, sizeof(s->lately)); /* traces are counted anew */
        memset(s->met, 0, sizeof(s->met));
        s->n_traces = 0;
        s->before = 0;
        s->failed = false;
}

static struct sink_segment *current(struct clew_index_sink *s)
{
        return &s->segments[s->n_segments - 1];
}

static void begin_segments(struct clew_index_sink *s)
{
        s->n_segments = 1;
        *current(s) = (struct sink_segment){0};
}

/* Keys and passages are known on, since segments are much alike: but not where a trace was left in
 * the middle, and numbers of its passages are not known. */
void clew_index_sink_reset(struct clew_index_sink *s)
{
        if (s->failed || current(s)->is_out || s->n_waiting > 0 || s->passages.is_open ||
            n_keys(s) > KEPT_KEYS_MAX || s->arena.used_bytes > KEPT_BYTES_MAX ||
            s->before > UINT32_MAX / 2) {
                forget_all(s);
        } else {
                for (uint32_t i = 0; i < n_keys(s); i++)
                        keys_of(s)[i].newest = NONE;
                s->before += s->n_traces;
                s->n_traces = 0;
        }
        begin_segments(s);
        clew_buffer_clear(&s->entries);
        for (unsigned i = 0; i < CLEW_INDEX_COLUMNS_MAX; i++) {
                clew_free(s->columns[i]);
                s->columns[i] = NULL;
        }
}

void clew_index_sink_fail(struct clew_index_sink *s)
{
        current(s)->is_out = true;
}

void clew_index_sink_number(struct clew_index_sink *s, uint64_t number)
{
        current(s)->number = number;
}

bool clew_index_sink_is_full(const struct clew_index_sink *s)
{
        return s->n_segments == CLEW_SINK_SEGMENTS_MAX ||
               s->n_traces > CLEW_SINK_TRACES_MAX - CLEW_SEGMENT_TRACES_MAX ||
               s->entries.len / sizeof(struct sink_entry) >= CLEW_SINK_ENTRIES_MAX;
}

static void add_waiting(struct clew_index_sink *s);

void clew_index_sink_next(struct clew_index_sink *s)
{
        CLEW_ASSERT(s->n_segments < CLEW_SINK_SEGMENTS_MAX);
        add_waiting(s); /* of a trace that may have been left in the middle */
        clew_passages_end(&s->passages, false);
        s->n_segments++;
        *current(s) = (struct sink_segment){.first = s->n_traces};
}

void clew_index_sink_begin(struct clew_index_sink *s, const struct clew_trace_id *id)
{
        add_waiting(s); /* of the one before */
        if (s->n_traces == CLEW_SINK_TRACES_MAX) {
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

__extension__ typedef unsigned __int128 wide;

static uint64_t fold(uint64_t a, uint64_t b)
{
        wide product = (wide)a * b;

        return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load(const uint8_t *p, size_t n)
{
        uint64_t v = 0;

        memcpy(&v, p, n);
        return v;
}

/* Of more than 16 bytes; what is longer still is hashed faster by a call. */
#define CALLED_BYTES_MIN 160u

static uint64_t hash_of_long(const struct clew_index_sink *s, uint64_t seed,
                             struct clew_slice bytes)
{
        const uint8_t *last = bytes.data + bytes.len - 16;
        uint64_t h = seed;

        if (bytes.len >= CALLED_BYTES_MIN)
                return clew_hash_seeded(bytes, seed);
        for (const uint8_t *at = bytes.data; at < last; at += 16)
                h = fold(load(at, 8) ^ s->second_seed, load(at + 8, 8) ^ h);
        h = fold(load(last, 8) ^ s->second_seed, load(last + 8, 8) ^ h);
        return fold(h ^ s->second_seed, UINT64_C(0x9e3779b97f4a7c15) ^ seed);
}

/* Most are short, and a call costs more than their bytes. What is multiplied is not known to who
 * makes them. */
static uint64_t hash_of(const struct clew_index_sink *s, uint64_t what, struct clew_slice bytes)
{
        uint64_t seed = s->seed + what + bytes.len;
        uint64_t a;
        uint64_t b;

        if (bytes.len > 16)
                return hash_of_long(s, seed, bytes);
        if (bytes.len >= 8) {
                a = load(bytes.data, 8);
                b = load(bytes.data + bytes.len - 8, 8);
        } else if (bytes.len >= 4) {
                a = load(bytes.data, 4);
                b = load(bytes.data + bytes.len - 4, 4);
        } else if (bytes.len > 0) {
                a = bytes.data[0] | (uint64_t)bytes.data[bytes.len / 2] << 8 |
                    (uint64_t)bytes.data[bytes.len - 1] << 16;
                b = 0;
        } else {
                a = b = 0;
        }
        return fold(fold(a ^ seed, b ^ s->second_seed), UINT64_C(0x9e3779b97f4a7c15) ^ seed);
}

/* As memcmp() tells; most keys are too short for the call. */
static bool is_same(const uint8_t *a, const uint8_t *b, size_t n)
{
        if (n > 16 || n < 4)
                return memcmp(a, b, n) == 0;
        if (n >= 8)
                return load(a, 8) == load(b, 8) && load(a + n - 8, 8) == load(b + n - 8, 8);
        return load(a, 4) == load(b, 4) && load(a + n - 4, 4) == load(b + n - 4, 4);
}

static struct clew_slice bytes_of(const struct sink_key *k)
{
        return clew_slice_make(k->far ? k->far : k->near, k->len);
}

static bool grow(struct clew_index_sink *s)
{
        uint32_t want = s->n_slots ? s->n_slots * 2 : SLOTS_FIRST;
        struct sink_slot *slots = clew_malloc(want * sizeof(*slots));

        if (!slots)
                return false;
        memset(slots, 0xff, want * sizeof(*slots));
        for (uint32_t i = 0; i < s->n_slots; i++) {
                uint32_t at = (uint32_t)s->slots[i].hash & (want - 1);

                if (s->slots[i].key == NONE)
                        continue;
                while (slots[at].key != NONE)
                        at = (at + 1) & (want - 1);
                slots[at] = s->slots[i];
        }
        clew_free(s->slots);
        s->slots = slots;
        s->n_slots = want;
        return true;
}

/* The number of a new key; NONE without memory. */
static uint32_t new_key(struct clew_index_sink *s, unsigned kind, struct clew_slice key)
{
        struct sink_key fresh = {
                .newest = NONE, .trace = NONE, .kind = (uint8_t)kind, .len = (uint8_t)key.len};

        if (key.len > INLINE_BYTES)
                fresh.far = clew_arena_copy(&s->arena, key).data;
        else
                memcpy(fresh.near, key.data, key.len);
        clew_buffer_append(&s->keys, &fresh, sizeof(fresh));
        if (clew_arena_failed(&s->arena) || clew_buffer_error(&s->keys) < 0)
                return NONE;
        return n_keys(s) - 1;
}

/* The trace at hand: above those of all earlier ones. */
static uint32_t at_hand(const struct clew_index_sink *s)
{
        return s->before + s->n_traces - 1;
}

/* Its slot, maybe an empty one. In that of the trace at hand the hash alone decides: the keys of
 * one trace are few. */
static struct sink_slot *find_slot(struct clew_index_sink *s, unsigned kind, struct clew_slice key,
                                   uint64_t hash)
{
        uint32_t at = (uint32_t)hash & (s->n_slots - 1);

        for (; s->slots[at].key != NONE; at = (at + 1) & (s->n_slots - 1)) {
                const struct sink_key *k;

                if (s->slots[at].hash != hash)
                        continue;
                k = &keys_of(s)[s->slots[at].key];
                if (k->trace == at_hand(s))
                        break;
                if (k->kind == kind && k->len == key.len &&
                    is_same(bytes_of(k).data, key.data, key.len))
                        break;
        }
        return &s->slots[at];
}

/* The trace at hand has the keys of @n numbers. */
static void add_entries(struct clew_index_sink *s, const uint32_t *numbers, uint32_t n)
{
        uint32_t trace = at_hand(s);
        size_t at = s->entries.len / sizeof(struct sink_entry);
        struct sink_key *keys = keys_of(s);
        struct sink_entry *entries =
                (struct sink_entry *)(void *)clew_buffer_reserve(&s->entries, n * sizeof(*entries));
        uint32_t made = 0;

        s->failed |= !entries;
        for (uint32_t i = 0; entries && i < n; i++) {
                struct sink_key *k = &keys[numbers[i]];

                if (k->trace == trace)
                        continue;
                entries[made] = (struct sink_entry){s->n_traces - 1, k->newest};
                k->newest = (uint32_t)(at + made++);
                k->trace = trace;
        }
        if (entries)
                clew_buffer_commit(&s->entries, made * sizeof(*entries));
}

/* The number of the key, known from now on. */
static uint32_t number_of(struct clew_index_sink *s, unsigned kind, struct clew_slice key,
                          uint64_t hash)
{
        struct sink_slot *slot;

        if (n_keys(s) >= s->n_slots / 2 && !grow(s)) {
                s->failed = true;
                return NONE;
        }
        slot = find_slot(s, kind, key, hash);
        if (slot->key == NONE) {
                uint32_t number = new_key(s, kind, key);

                s->failed = number == NONE;
                if (s->failed)
                        return NONE;
                *slot = (struct sink_slot){hash, number};
        }
        return slot->key;
}

static struct sink_lately *lately_of(struct clew_index_sink *s, uint64_t hash)
{
        return &s->lately[hash & (LATELY - 1)];
}

/* A key that was looked up: who waits for its number is told. */
static void tell_number(struct clew_index_sink *s, uint64_t hash, uint32_t place, uint32_t number)
{
        struct sink_lately *lately = lately_of(s, hash);

        if (lately->said == hash + at_hand(s))
                lately->key = number;
        if (place != CLEW_PASSAGE_UNKNOWN)
                s->passages.numbers[place] = number;
}

static void add_waiting(struct clew_index_sink *s)
{
        uint32_t numbers[WAITING];
        uint32_t n = s->n_waiting;

        s->n_waiting = 0;
        for (uint32_t i = 0; i < n && s->n_slots > 0; i++) {
                const struct sink_slot *slot =
                        &s->slots[(uint32_t)s->waiting[i].hash & (s->n_slots - 1)];

                if (slot->key != NONE)
                        __builtin_prefetch(&keys_of(s)[slot->key]);
        }
        for (uint32_t i = 0; i < n && !s->failed; i++) {
                const struct sink_waiting *w = &s->waiting[i];

                numbers[i] = number_of(s, w->kind, clew_slice_make(w->bytes, w->len), w->hash);
                tell_number(s, w->hash, w->place, numbers[i]);
        }
        if (n > 0 && !s->failed)
                add_entries(s, numbers, n);
}

void clew_index_add(struct clew_index_sink *s, enum clew_index_kind kind, struct clew_slice key)
{
        uint32_t place = CLEW_PASSAGE_UNKNOWN;
        struct sink_lately *lately;
        struct sink_waiting *w;
        uint64_t hash;
        bool known;

        if (s->failed || s->n_traces == 0 || key.len == 0 || key.len > CLEW_INDEX_KEY_MAX)
                return;
        hash = hash_of(s, (uint64_t)kind << 32, key);
        lately = lately_of(s, hash);
        known = lately->said == hash + at_hand(s);
        if (s->passages.is_open)
                place = clew_passages_put(&s->passages, known ? lately->key : NONE);
        if (known && (place == CLEW_PASSAGE_UNKNOWN || lately->key != NONE))
                return;
        if (!known)
                *lately = (struct sink_lately){hash + at_hand(s), NONE};
        if (key.len > WAITING_BYTES) {
                uint32_t number = number_of(s, kind, key, hash);

                tell_number(s, hash, place, number);
                if (!s->failed)
                        add_entries(s, &number, 1);
                return;
        }
        if (s->n_waiting == WAITING)
                add_waiting(s);
        w = &s->waiting[s->n_waiting++];
        w->hash = hash;
        w->place = place;
        w->kind = (uint8_t)kind;
        w->len = (uint8_t)key.len;
        memcpy(w->bytes, key.data, key.len);
        if (s->n_slots > 0)
                __builtin_prefetch(&s->slots[(uint32_t)hash & (s->n_slots - 1)]);
}

int clew_index_again(struct clew_index_sink *s, struct clew_slice passage, uint64_t seed)
{
        struct clew_passage *p;
        uint64_t *met;
        uint64_t hash;

        if (s->failed || s->n_traces == 0)
                return -1;
        hash = hash_of(s, fold(seed ^ s->second_seed, UINT64_C(0x9e3779b97f4a7c15)), passage);
        met = &s->met[hash & (MET - 1)];
        if (*met == hash + at_hand(s))
                return 0;
        if (clew_passages_is_full(&s->passages)) {
                add_waiting(s); /* some wait for their places */
                clew_passages_clear(&s->passages);
        }
        s->open_hash = hash;
        p = clew_passages_begin(&s->passages, hash, at_hand(s));
        if (!p)
                return -1;
        *met = hash + at_hand(s);
        if (p->trace == at_hand(s))
                return 0;
        p->trace = at_hand(s);
        add_entries(s, s->passages.numbers + p->first, p->n);
        return (int)p->n;
}

void clew_index_again_end(struct clew_index_sink *s, bool whole)
{
        clew_passages_end(&s->passages, whole);
        if (whole)
                s->met[s->open_hash & (MET - 1)] = s->open_hash + at_hand(s);
}

void clew_index_set_number(struct clew_index_sink *s, unsigned column, uint64_t value)
{
        if (s->n_traces == 0 || s->failed || column >= CLEW_INDEX_COLUMNS_MAX)
                return;
        if (!s->columns[column]) {
                if (value == 0)
                        return;
                s->columns[column] = clew_calloc(CLEW_SINK_TRACES_MAX, sizeof(uint64_t));
                s->failed = !s->columns[column];
        }
        if (!s->failed)
                s->columns[column][s->n_traces - 1] = value;
}

/* ---- building -------------------------------------------------------------------------------- */

struct build {
        struct clew_index_sink *sink;
        struct clew_run_writer *writer;
        uint32_t n;                             /* rows that are not left out */
        uint32_t order[CLEW_SINK_TRACES_MAX];   /* ordinal -> row */
        uint32_t ordinal[CLEW_SINK_TRACES_MAX]; /* row -> ordinal; NONE = it is left out */
        uint32_t set[CLEW_SINK_TRACES_MAX];
        uint64_t numbers[CLEW_SINK_TRACES_MAX];
        struct clew_trace_id ids[CLEW_SINK_TRACES_MAX];
        uint64_t words[CLEW_SINK_TRACES_MAX / 64];
        struct clew_index_set bits; /* of them; empty */
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
        struct clew_slice bytes = bytes_of(k);
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

        return clew_slice_cmp(bytes_of(&keys_of(s)[x->key]), bytes_of(&keys_of(s)[y->key]));
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

/* How many keys the segment has. */
static uint32_t sort_keys(struct clew_index_sink *s, struct in_order *order, struct in_order *room)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < n_keys(s); i++) {
                if (keys_of(s)[i].newest != NONE)
                        order[n++] = (struct in_order){first_bytes(&keys_of(s)[i]), i};
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

/* Traces that are sealed in the order of their starts need no sorting. */
static bool rises(const uint32_t *set, uint32_t n)
{
        for (uint32_t i = 1; i < n; i++) {
                if (set[i] < set[i - 1])
                        return false;
        }
        return true;
}

static void write_key(struct build *b, const struct sink_key *k)
{
        const struct sink_entry *entries = (const void *)b->sink->entries.data;
        uint32_t n = 0;

        for (uint32_t at = k->newest; at != NONE; at = entries[at].before) {
                b->set[n] = b->ordinal[entries[at].trace];
                n += b->set[n] != NONE;
        }
        if (n == 0)
                return;
        if (clew_index_kind_is_bare(k->kind)) {
                b->set[0] = 0;
                n = 1;
        }
        if (!rises(b->set, n))
                clew_ordinals_sort(b->set, n, &b->bits);
        clew_buffer_clear(&b->posting);
        clew_posting_encode(b->set, n, &b->posting);
        clew_run_writer_key(b->writer, k->kind, bytes_of(k), clew_buffer_slice(&b->posting));
}

static int write_keys(struct build *b)
{
        struct clew_index_sink *s = b->sink;
        uint32_t n = n_keys(s);
        struct in_order *order = clew_malloc((2u * n + 1u) * sizeof(*order));

        if (!order)
                return -ENOMEM;
        n = sort_keys(s, order, order + n);
        for (uint32_t i = 0; i < n; i++) {
                const struct sink_entry *entries = (const void *)s->entries.data;

                if (i + 8 < n)
                        __builtin_prefetch(&keys_of(s)[order[i + 8].key]);
                if (i + 4 < n)
                        __builtin_prefetch(&entries[keys_of(s)[order[i + 4].key].newest]);
                write_key(b, &keys_of(s)[order[i].key]);
        }
        clew_free(order);
        return clew_buffer_error(&b->posting);
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
                const struct sink_segment *segment = &s->segments[i];
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

        add_waiting(s);
        if (s->failed || s->n_traces == 0)
                return -ENOENT;
        b = clew_malloc(sizeof(*b));
        if (!b)
                return -ENOMEM;
        b->sink = s;
        b->writer = writer;
        b->bits = (struct clew_index_set){b->words, CLEW_SINK_TRACES_MAX};
        memset(b->words, 0, sizeof(b->words));
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
