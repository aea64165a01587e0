/*
 * What a sink has gathered: shared by sink.c, which takes it, and sink-build.c, which writes it.
 *
 * A key has a number, and stands once. What a row has are numbers of keys, row after row: which
 * rows a key has is found when a run is built, so that each is in order without sorting.
 */
#ifndef CLEW_STORAGE_SINK_OWN_INT_H
#define CLEW_STORAGE_SINK_OWN_INT_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "storage/index.h"
#include "storage/index/passage-int.h"
#include "storage/sealed/segment-int.h"

#include <stdbool.h>
#include <stdint.h>

/* Keys and sets of one segment. A segment has 64 MiB of raw bytes; its indexes are a small part. */
#define CLEW_SINK_BYTES_MAX ((size_t)256 << 20)
/* Segments of one run, and their traces: one more of the largest fits in as long as no more than
 * half of these rows are taken. */
#define CLEW_SINK_SEGMENTS_MAX 64u
#define CLEW_SINK_TRACES_MAX (2u * CLEW_SEGMENT_TRACES_MAX)
/* Of what is gathered, keys that are known on apart: behind it no more segments are taken in. */
#define CLEW_SINK_ENTRIES_MAX (1u << 20)

#define CLEW_SINK_NONE UINT32_MAX
/* Most keys are words: they lie in their record, where the lookup is anyway. */
#define CLEW_SINK_NEAR_BYTES 18u

struct clew_sink_key {
        const uint8_t *far; /* the bytes of a longer key; NULL: they are in @near */
        uint32_t trace;     /* that had it last, counted over segments */
        uint8_t kind;
        uint8_t len;
        uint8_t near[CLEW_SINK_NEAR_BYTES]; /* zeros behind the key */
};

struct clew_sink_slot {
        uint64_t hash; /* seeded by where the sink lies: nobody can make two keys that share one */
        uint32_t key;  /* its number; CLEW_SINK_NONE = the slot is empty */
};

/* Keys that wait until what they need is in the processor's cache: each is looked up where nobody
 * else has been lately. */
#define CLEW_SINK_WAITING 16u
#define CLEW_SINK_WAITING_BYTES 48u

struct clew_sink_waiting {
        uint64_t hash;
        uint32_t place; /* where the passage has its number; CLEW_PASSAGE_UNKNOWN = nowhere */
        uint8_t kind;
        uint8_t len;
        uint8_t bytes[CLEW_SINK_WAITING_BYTES]; /* of a key of less than eight, zeros up to there */
};

/* Keys that the trace has said lately; a power of two, small enough for the nearest cache. */
#define CLEW_SINK_LATELY 1024u

struct clew_sink_lately {
        uint64_t said; /* hash and trace */
        uint32_t key;  /* its number; CLEW_SINK_NONE = it still waits */
};

/* Passages that the trace has had lately; as many. */
#define CLEW_SINK_MET 1024u

struct clew_sink_segment {
        uint64_t number; /* 0 = not told */
        uint32_t first;  /* row */
        bool is_out;
};

struct clew_index_sink {
        struct clew_arena arena;    /* key bytes */
        struct clew_buffer keys;    /* struct clew_sink_key; also those of earlier segments */
        struct clew_buffer entries; /* numbers of keys, uint32_t, row by row, each once in a row */
        struct clew_sink_slot *slots; /* by hash, open addressing */
        uint32_t n_slots;
        struct clew_sink_segment segments[CLEW_SINK_SEGMENTS_MAX];
        uint32_t n_segments; /* with the one at hand */
        uint32_t n_traces;
        uint32_t before;  /* traces of earlier segments, whose keys are still known */
        uint32_t at_hand; /* the trace: above those of all earlier ones */
        uint32_t n_waiting;
        uint64_t seed; /* of hashes, and another one */
        uint64_t second_seed;
        struct clew_sink_lately lately[CLEW_SINK_LATELY];
        uint64_t met[CLEW_SINK_MET]; /* hash and trace */
        uint64_t open_hash;          /* of the passage that is being given */
        struct clew_passages passages;
        struct clew_sink_waiting waiting[CLEW_SINK_WAITING];
        bool failed;
        struct clew_trace_id ids[CLEW_SINK_TRACES_MAX];
        uint64_t starts[CLEW_SINK_TRACES_MAX];
        uint32_t rows[CLEW_SINK_TRACES_MAX];       /* where the entries of each begin */
        uint64_t *columns[CLEW_INDEX_COLUMNS_MAX]; /* made at their first use */
};

static inline struct clew_sink_key *clew_sink_keys(const struct clew_index_sink *s)
{
        return (struct clew_sink_key *)(void *)s->keys.data;
}

static inline uint32_t clew_sink_n_keys(const struct clew_index_sink *s)
{
        return (uint32_t)(s->keys.len / sizeof(struct clew_sink_key));
}

static inline const uint32_t *clew_sink_entries(const struct clew_index_sink *s)
{
        return (const uint32_t *)(const void *)s->entries.data;
}

static inline uint32_t clew_sink_n_entries(const struct clew_index_sink *s)
{
        return (uint32_t)(s->entries.len / sizeof(uint32_t));
}

static inline struct clew_slice clew_sink_bytes(const struct clew_sink_key *k)
{
        return clew_slice_make(k->far ? k->far : k->near, k->len);
}

#endif
