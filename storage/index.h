/*
 * Indexes over sealed traces: which of them have a key, and numbers of each; FORMAT.md, "Index
 * run".
 *
 * A *run* is immutable and covers some segments. Its traces have *ordinals* from 0, newest first in
 * the order of lists. For each *kind* it holds a sorted dictionary from keys to sets of ordinals,
 * and for each *column* a number of every trace. A run is written by the transaction that seals its
 * segment, or by one behind some of them; until then, and whenever there is none, their traces are
 * walked. Runs are merged in the background, and the kinds need no part in that: sets of one key
 * are united.
 *
 * So a key must mean the same in every run. Who changes what a key or column means raises the
 * version of the indexer: runs of another version count as missing until they are made anew.
 *
 * An index never decides alone that a record is right: a missing or damaged run is told as such,
 * and whoever asks walks the traces instead.
 */
#ifndef CLEW_STORAGE_INDEX_H
#define CLEW_STORAGE_INDEX_H

#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Traces of one run: a set over them is 32 KiB, and stays in a cache. */
#define CLEW_INDEX_TRACES_MAX (1u << 18)
#define CLEW_INDEX_KEY_MAX 255u

enum clew_index_kind {
        CLEW_INDEX_FACET = 1, /* query/find/index: what people filter by */
        CLEW_INDEX_WORD = 2,  /* words of texts */
        CLEW_INDEX_GRAM = 3,  /* signs in a row of what is no word */
        CLEW_INDEX_PART = 4,  /* words under their ends (index/parts-int.h); sets mean nothing */
        CLEW_INDEX_PATH = 5,  /* rows of steps (query/find/index/path-index-int.h) */
        CLEW_INDEX_STEP = 6,  /* what steps took (query/find/index/step-index-int.h) */
        CLEW_INDEX_SUM = 7,   /* sums of it (query/find/index/step-sums-int.h); sets mean nothing */
};
#define CLEW_INDEX_KIND_MAX 15u

/* Only whether the run has the key is asked: its set is always that of ordinal 0. */
static inline bool clew_index_kind_is_bare(unsigned kind)
{
        return kind == CLEW_INDEX_PART || kind == CLEW_INDEX_SUM;
}

#define CLEW_INDEX_COLUMNS_MAX 64u

/* ---- giving ---------------------------------------------------------------------------------- */

/* Takes what one trace has; given to the deriver while the trace is sealed. */
struct clew_index_sink;

/* The trace has @key, of 1 to CLEW_INDEX_KEY_MAX bytes (copied; others are left out). To say it
 * again is nothing. */
void clew_index_add(struct clew_index_sink *sink, enum clew_index_kind kind, struct clew_slice key);
/* A key of one to eight bytes: the first one is the lowest of @bytes, those behind it are 0. */
struct clew_index_word {
        uint64_t bytes;
        uint32_t len;
        uint32_t kind; /* enum clew_index_kind */
};
/* Its bytes, in @room. */
static inline struct clew_slice clew_index_word_key(const struct clew_index_word *word,
                                                    uint8_t room[8])
{
        for (unsigned i = 0; i < 8; i++)
                room[i] = (uint8_t)(word->bytes >> 8 * i);
        return clew_slice_make(room, word->len);
}
/* The same as adding each: most keys are short, and come many at a time. */
void clew_index_add_words(struct clew_index_sink *sink, const struct clew_index_word *words,
                          uint32_t n);
/*
 * Many traces say the same things. Before a piece of one is looked at: 0 when the trace had it
 * already; the number of keys that an earlier trace of the same segment was given for it, all of
 * which the trace at hand has with that. Else -1: what is given until clew_index_again_end() is of
 * that piece. Who gives other keys for the same bytes tells so by another @seed.
 */
CLEW_MUST_USE int clew_index_again(struct clew_index_sink *sink, struct clew_slice piece,
                                   uint64_t seed);
/* Not @whole: something of it is missing, so it is not remembered. */
void clew_index_again_end(struct clew_index_sink *sink, bool whole);
/* Its number in a column; 0 unless told. */
void clew_index_set_number(struct clew_index_sink *sink, unsigned column, uint64_t value);

/* ---- adding up ------------------------------------------------------------------------------- */

/*
 * Makes the keys of CLEW_INDEX_SUM of a run that is merged from those of CLEW_INDEX_STEP that are
 * written into it. What one run has is no part of another: sums are made anew by each merge.
 */
struct clew_index_adder {
        uint64_t version; /* of the indexer that gave the keys */
        /* For a run of @n_traces; NULL: memory is short, and the run goes without. */
        void *(*begin)(uint32_t n_traces);
        /* Each key once, in order, with its @n ordinals, which ascend. */
        void (*add)(void *sums, struct clew_slice key, const uint32_t *ordinals, uint32_t n);
        /* The keys in order, into @ret (room for CLEW_INDEX_KEY_MAX): length, 0 = end. Nothing is
         * added behind the first call. */
        size_t (*next)(void *sums, uint8_t *ret);
        void (*end)(void *sums); /* NULL is fine */
};

/* ---- sets of ordinals ------------------------------------------------------------------------ */

/* A bit for each of @n ordinals; bits behind the last one are zero. */
struct clew_index_set {
        uint64_t *words; /* (n + 63) / 64 */
        uint32_t n;
};

static inline uint32_t clew_index_set_words(const struct clew_index_set *s)
{
        return (s->n + 63) / 64;
}

static inline bool clew_index_set_has(const struct clew_index_set *s, uint32_t ordinal)
{
        return ordinal < s->n && (s->words[ordinal / 64] >> ordinal % 64 & 1) != 0;
}

static inline void clew_index_set_add(struct clew_index_set *s, uint32_t ordinal)
{
        if (ordinal < s->n)
                s->words[ordinal / 64] |= UINT64_C(1) << ordinal % 64;
}

void clew_index_set_fill(struct clew_index_set *s);
void clew_index_set_invert(struct clew_index_set *s);
void clew_index_set_or(struct clew_index_set *s, const struct clew_index_set *other);
void clew_index_set_and(struct clew_index_set *s, const struct clew_index_set *other);
uint32_t clew_index_set_count(const struct clew_index_set *s);
/* The first ordinal not below @from that is in the set; @s->n when there is none. */
uint32_t clew_index_set_next(const struct clew_index_set *s, uint32_t from);

/* ---- walking --------------------------------------------------------------------------------- */

struct clew_index_run;

/*
 * Takes traces of a run all at once, in no order, for who adds up and asks columns alone. @traces
 * holds those that are sure and that the walk would give; the ones that it clears are taken, and
 * not given any more. A walk that cannot use indexes to its end after some were taken ends with
 * -EAGAIN: then all that was taken is to be forgotten.
 */
struct clew_index_taker {
        int (*take)(void *context, struct clew_index_run *run, struct clew_index_set *traces,
                    struct clew_error *err);
        void *context;
};

/* Which traces of a run a walk is to give; see clew_view_list_chosen(). */
struct clew_index_chooser {
        uint64_t version;  /* of the indexer that it knows */
        uint64_t unlike;   /* bits of it in which a run may differ, and is used all the same */
        uint64_t since_ns; /* traces that started before are not wanted; 0 = no bound */
        /* Fills @ret, which is empty, with at least the traces that are wanted, and @sure with some
         * of those that surely are. An error ends the use of indexes: the walk goes on over all
         * traces. */
        int (*choose)(void *context, struct clew_index_run *run, struct clew_index_set *ret,
                      struct clew_index_set *sure, struct clew_error *err);
        bool light; /* those that are sure are given without their summaries */
        const struct clew_index_taker *taker; /* with light; NULL = none */
        void *context;
};

/* How a walk has used indexes. */
struct clew_index_use {
        bool used;
        char why_not[200]; /* when it has not, or not to its end; for people */
        bool is_damaged;   /* that is why: not that there is none */
        uint32_t runs;     /* that were asked */
        uint64_t traces;   /* of them */
        uint64_t chosen;   /* of those */
        /* Traces that the walk would have given, from where it began to where since_ns ends it, and
         * left out; whole when the walk has come to its end. */
        uint64_t left_out;
        uint64_t taken;     /* of the chosen ones, by a taker */
        uint64_t uncovered; /* segments that no run covers: their traces are all given ... */
        uint64_t scanned;   /* ... and these are they, from where the walk began */
        uint32_t stale;     /* runs of another version of the indexer: not used */
};

/* ---- asking ---------------------------------------------------------------------------------- */

uint32_t clew_index_run_traces(const struct clew_index_run *run);
/* Whether it has any key of that kind. */
bool clew_index_has(const struct clew_index_run *run, enum clew_index_kind kind);
/* Adds the traces that have @key to @into, of as many ordinals as the run has traces. 1 = there is
 * such a key, 0 = there is none, -EBADMSG = damage. */
CLEW_MUST_USE int clew_index_find(struct clew_index_run *run, enum clew_index_kind kind,
                                  struct clew_slice key, struct clew_index_set *into,
                                  struct clew_error *err);
/*
 * Calls @fn for each key not below @from, in order, until it returns not 0; that is returned. Key
 * and posting live until it returns. A posting is read by clew_index_posting_add() alone.
 */
CLEW_MUST_USE int
clew_index_walk(struct clew_index_run *run, enum clew_index_kind kind, struct clew_slice from,
                int (*fn)(void *context, struct clew_slice key, struct clew_slice posting),
                void *context, struct clew_error *err);
/* 0, or -EBADMSG when it holds what the run cannot have. */
CLEW_MUST_USE int clew_index_posting_add(struct clew_slice posting, struct clew_index_set *into);
/* The same as a list: the ordinals, ascending and all below @limit, into @ret (room for @max). How
 * many, or -EBADMSG. */
CLEW_MUST_USE int clew_index_posting_list(struct clew_slice posting, uint32_t limit, uint32_t *ret,
                                          uint32_t max);
/* When they started (unix ns), from ordinal @from on: fills @ret[0 .. n - 1]. */
CLEW_MUST_USE int clew_index_starts(struct clew_index_run *run, uint32_t from, uint32_t n,
                                    uint64_t *ret, struct clew_error *err);
/* The numbers of a column from ordinal @from on: fills @ret[0 .. n - 1]. */
CLEW_MUST_USE int clew_index_numbers(struct clew_index_run *run, unsigned column, uint32_t from,
                                     uint32_t n, uint64_t *ret, struct clew_error *err);

#endif
