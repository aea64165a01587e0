/*
 * See sink-int.h.
 */
#include "storage/index/sink-int.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/index/sink-own-int.h"

#include <endian.h>
#include <string.h>

#define NONE CLEW_SINK_NONE
#define SLOTS_FIRST 4096u
/* Keys that are known on in the next segment: with their slots some 12 MiB, and bytes of long ones.
 */
#define KEPT_KEYS_MAX (1u << 18)
#define KEPT_BYTES_MAX ((size_t)8 << 20)

struct clew_index_sink *clew_index_sink_new(void)
{
        struct clew_index_sink *s = clew_calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->seed = clew_hash_seeded(CLEW_SLICE_NULL, (uint64_t)(uintptr_t)s);
        s->second_seed = clew_hash_seeded(CLEW_SLICE_NULL, s->seed);
        clew_arena_init(&s->arena, CLEW_SINK_BYTES_MAX / 2);
        clew_buffer_init(&s->keys, CLEW_SINK_BYTES_MAX / 4);
        clew_buffer_init(&s->entries, CLEW_SINK_BYTES_MAX / 8);
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

static struct clew_sink_segment *current(struct clew_index_sink *s)
{
        return &s->segments[s->n_segments - 1];
}

static void begin_segments(struct clew_index_sink *s)
{
        s->n_segments = 1;
        *current(s) = (struct clew_sink_segment){0};
}

/* Keys and passages are known on, since segments are much alike: but not where a trace was left in
 * the middle, and numbers of its passages are not known. */
void clew_index_sink_reset(struct clew_index_sink *s)
{
        if (s->failed || current(s)->is_out || s->n_waiting > 0 || s->passages.is_open ||
            clew_sink_n_keys(s) > KEPT_KEYS_MAX || s->arena.used_bytes > KEPT_BYTES_MAX ||
            s->before > UINT32_MAX / 2) {
                forget_all(s);
        } else {
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
               clew_sink_n_entries(s) >= CLEW_SINK_ENTRIES_MAX;
}

void clew_index_sink_next(struct clew_index_sink *s)
{
        CLEW_ASSERT(s->n_segments < CLEW_SINK_SEGMENTS_MAX);
        clew_sink_settle(s); /* of a trace that may have been left in the middle */
        clew_passages_end(&s->passages, false);
        s->n_segments++;
        *current(s) = (struct clew_sink_segment){.first = s->n_traces};
}

void clew_index_sink_begin(struct clew_index_sink *s, const struct clew_trace_id *id)
{
        clew_sink_settle(s); /* of the one before */
        if (s->n_traces == CLEW_SINK_TRACES_MAX) {
                s->failed = true;
                return;
        }
        s->ids[s->n_traces] = *id;
        s->starts[s->n_traces] = 0;
        s->rows[s->n_traces] = clew_sink_n_entries(s);
        s->at_hand = s->before + s->n_traces++;
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

/* Up to eight bytes as a number, the first one lowest. Of more than three none is read alone. */
static uint64_t load_word(struct clew_slice bytes)
{
        size_t n = bytes.len;
        const uint8_t *p = bytes.data;

        if (n == 8)
                return le64toh(load(p, 8));
        if (n >= 4)
                return le32toh((uint32_t)load(p, 4)) |
                       (uint64_t)le32toh((uint32_t)load(p + n - 4, 4)) << 8 * (n - 4);
        if (n == 0)
                return 0;
        return p[0] | (uint64_t)p[n / 2] << 8 * (n / 2) | (uint64_t)p[n - 1] << 8 * (n - 1);
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

static uint64_t hash_of_two(const struct clew_index_sink *s, uint64_t seed, uint64_t a, uint64_t b)
{
        return fold(fold(a ^ seed, b ^ s->second_seed), UINT64_C(0x9e3779b97f4a7c15) ^ seed);
}

static uint64_t hash_of_word(const struct clew_index_sink *s, uint64_t what, uint64_t word,
                             size_t len)
{
        return hash_of_two(s, s->seed + what + len, word, 0);
}

/* Most are short, and a call costs more than their bytes. What is multiplied is not known to who
 * makes them. */
static uint64_t hash_of(const struct clew_index_sink *s, uint64_t what, struct clew_slice bytes)
{
        uint64_t seed = s->seed + what + bytes.len;

        if (bytes.len > 16)
                return hash_of_long(s, seed, bytes);
        if (bytes.len > 8)
                return hash_of_two(s, seed, load(bytes.data, 8),
                                   load(bytes.data + bytes.len - 8, 8));
        return hash_of_word(s, what, load_word(bytes), bytes.len);
}

static uint64_t what_of(unsigned kind)
{
        return (uint64_t)kind << 32;
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

static bool grow(struct clew_index_sink *s)
{
        uint32_t want = s->n_slots ? s->n_slots * 2 : SLOTS_FIRST;
        struct clew_sink_slot *slots = clew_malloc(want * sizeof(*slots));

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
        struct clew_sink_key fresh = {
                .trace = NONE, .kind = (uint8_t)kind, .len = (uint8_t)key.len};

        if (key.len > CLEW_SINK_NEAR_BYTES)
                fresh.far = clew_arena_copy(&s->arena, key).data;
        else
                memcpy(fresh.near, key.data, key.len);
        clew_buffer_append(&s->keys, &fresh, sizeof(fresh));
        if (clew_arena_failed(&s->arena) || clew_buffer_error(&s->keys) < 0)
                return NONE;
        return clew_sink_n_keys(s) - 1;
}

/* Its slot, maybe an empty one. In that of the trace at hand the hash alone decides: the keys of
 * one trace are few. */
static struct clew_sink_slot *find_slot(struct clew_index_sink *s, unsigned kind,
                                        struct clew_slice key, uint64_t hash)
{
        uint32_t at = (uint32_t)hash & (s->n_slots - 1);

        for (; s->slots[at].key != NONE; at = (at + 1) & (s->n_slots - 1)) {
                const struct clew_sink_key *k;

                if (s->slots[at].hash != hash)
                        continue;
                k = &clew_sink_keys(s)[s->slots[at].key];
                if (k->trace == s->at_hand)
                        break;
                if (k->kind == kind && k->len == key.len &&
                    is_same(clew_sink_bytes(k).data, key.data, key.len))
                        break;
        }
        return &s->slots[at];
}

static uint32_t *room_for_entries(struct clew_index_sink *s, uint32_t n)
{
        struct clew_buffer *b = &s->entries;

        if (CLEW_LIKELY(b->capacity - b->len >= n * sizeof(uint32_t)))
                return (uint32_t *)(void *)(b->data + b->len);
        return (uint32_t *)(void *)clew_buffer_reserve(b, n * sizeof(uint32_t));
}

/* The trace at hand has the keys of @n numbers. */
static void add_entries(struct clew_index_sink *s, const uint32_t *numbers, uint32_t n)
{
        uint32_t trace = s->at_hand;
        struct clew_sink_key *keys = clew_sink_keys(s);
        uint32_t *entries = room_for_entries(s, n);
        uint32_t made = 0;

        s->failed |= !entries;
        for (uint32_t i = 0; entries && i < n; i++) {
                struct clew_sink_key *k = &keys[numbers[i]];

                if (k->trace == trace)
                        continue;
                entries[made++] = numbers[i];
                k->trace = trace;
        }
        s->entries.len += made * sizeof(*entries);
}

/* The number of the key, known from now on. */
static uint32_t number_of(struct clew_index_sink *s, unsigned kind, struct clew_slice key,
                          uint64_t hash)
{
        struct clew_sink_slot *slot;

        if (clew_sink_n_keys(s) >= s->n_slots / 2 && !grow(s)) {
                s->failed = true;
                return NONE;
        }
        slot = find_slot(s, kind, key, hash);
        if (slot->key == NONE) {
                uint32_t number = new_key(s, kind, key);

                s->failed = number == NONE;
                if (s->failed)
                        return NONE;
                *slot = (struct clew_sink_slot){hash, number};
        }
        return slot->key;
}

static struct clew_sink_lately *lately_of(struct clew_index_sink *s, uint64_t hash)
{
        return &s->lately[hash & (CLEW_SINK_LATELY - 1)];
}

/* A key that was looked up: who waits for its number is told. */
static void tell_number(struct clew_index_sink *s, uint64_t hash, uint32_t place, uint32_t number)
{
        struct clew_sink_lately *lately = lately_of(s, hash);

        if (lately->said == hash + s->at_hand)
                lately->key = number;
        if (place != CLEW_PASSAGE_UNKNOWN)
                s->passages.numbers[place] = number;
}

void clew_sink_settle(struct clew_index_sink *s)
{
        uint32_t numbers[CLEW_SINK_WAITING];
        uint32_t n = s->n_waiting;

        s->n_waiting = 0;
        for (uint32_t i = 0; i < n && s->n_slots > 0; i++) {
                const struct clew_sink_slot *slot =
                        &s->slots[(uint32_t)s->waiting[i].hash & (s->n_slots - 1)];

                if (slot->key != NONE)
                        __builtin_prefetch(&clew_sink_keys(s)[slot->key]);
        }
        for (uint32_t i = 0; i < n && !s->failed; i++) {
                const struct clew_sink_waiting *w = &s->waiting[i];

                numbers[i] = number_of(s, w->kind, clew_slice_make(w->bytes, w->len), w->hash);
                tell_number(s, w->hash, w->place, numbers[i]);
        }
        if (n > 0 && !s->failed)
                add_entries(s, numbers, n);
}

/* Whether the trace has said it lately, and all is done with that; else *ret_place is where the
 * passage that is being given wants its number. */
static inline bool was_said(struct clew_index_sink *s, uint64_t hash, uint32_t *ret_place)
{
        struct clew_sink_lately *lately = lately_of(s, hash);
        bool known = lately->said == hash + s->at_hand;
        uint32_t place = CLEW_PASSAGE_UNKNOWN;

        if (s->passages.is_open)
                place = clew_passages_put(&s->passages, known ? lately->key : NONE);
        if (known && (place == CLEW_PASSAGE_UNKNOWN || lately->key != NONE))
                return true;
        if (!known)
                *lately = (struct clew_sink_lately){hash + s->at_hand, NONE};
        *ret_place = place;
        return false;
}

/* Its bytes are to be filled in. */
static inline struct clew_sink_waiting *let_wait(struct clew_index_sink *s, unsigned kind,
                                                 size_t len, uint64_t hash, uint32_t place)
{
        struct clew_sink_waiting *w;

        if (s->n_waiting == CLEW_SINK_WAITING)
                clew_sink_settle(s);
        if (s->n_slots > 0)
                __builtin_prefetch(&s->slots[(uint32_t)hash & (s->n_slots - 1)]);
        w = &s->waiting[s->n_waiting++];
        w->hash = hash;
        w->place = place;
        w->kind = (uint8_t)kind;
        w->len = (uint8_t)len;
        return w;
}

static inline void add_word(struct clew_index_sink *s, const struct clew_index_word *word)
{
        uint64_t hash = hash_of_word(s, what_of(word->kind), word->bytes, word->len);
        uint64_t bytes = htole64(word->bytes);
        uint32_t place;

        if (!was_said(s, hash, &place))
                memcpy(let_wait(s, word->kind, word->len, hash, place)->bytes, &bytes,
                       sizeof(bytes));
}

void clew_index_add_words(struct clew_index_sink *s, const struct clew_index_word *words,
                          uint32_t n)
{
        for (uint32_t i = 0; i < n && !s->failed && s->n_traces > 0; i++)
                add_word(s, &words[i]);
}

void clew_index_add(struct clew_index_sink *s, enum clew_index_kind kind, struct clew_slice key)
{
        uint32_t place;
        uint64_t hash;

        if (s->failed || s->n_traces == 0 || key.len == 0 || key.len > CLEW_INDEX_KEY_MAX)
                return;
        hash = hash_of(s, what_of(kind), key);
        if (was_said(s, hash, &place))
                return;
        if (key.len > CLEW_SINK_WAITING_BYTES) {
                uint32_t number = number_of(s, kind, key, hash);

                tell_number(s, hash, place, number);
                if (!s->failed)
                        add_entries(s, &number, 1);
                return;
        }
        memcpy(let_wait(s, kind, key.len, hash, place)->bytes, key.data, key.len);
}

int clew_index_again(struct clew_index_sink *s, struct clew_slice passage, uint64_t seed)
{
        struct clew_passage *p;
        uint64_t *met;
        uint64_t hash;

        if (s->failed || s->n_traces == 0)
                return -1;
        hash = hash_of(s, fold(seed ^ s->second_seed, UINT64_C(0x9e3779b97f4a7c15)), passage);
        met = &s->met[hash & (CLEW_SINK_MET - 1)];
        if (*met == hash + s->at_hand)
                return 0;
        if (clew_passages_is_full(&s->passages)) {
                clew_sink_settle(s); /* some wait for their places */
                clew_passages_clear(&s->passages);
        }
        s->open_hash = hash;
        p = clew_passages_begin(&s->passages, hash, s->at_hand);
        if (!p)
                return -1;
        *met = hash + s->at_hand;
        if (p->trace == s->at_hand)
                return 0;
        p->trace = s->at_hand;
        add_entries(s, s->passages.numbers + p->first, p->n);
        return (int)p->n;
}

void clew_index_again_end(struct clew_index_sink *s, bool whole)
{
        clew_passages_end(&s->passages, whole);
        if (whole)
                s->met[s->open_hash & (CLEW_SINK_MET - 1)] = s->open_hash + s->at_hand;
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
