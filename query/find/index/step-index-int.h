/*
 * What each step of a sealed run took: time, tokens, cost, by sort of step, so that steps are
 * counted by tool, model, kind, agent and error without reading spans.
 *
 * All of it are keys of kind CLEW_INDEX_STEP, told apart by their first byte:
 *
 *     A                                          all steps of these traces are told
 *     B                                          ... and are in the sums (step-sums-int.h)
 *     D | hash 6 | flags 1 | texts               what a step of a sort is: each text ends with 00
 *     R | hash 6 | piece 1 | records             steps of one sort in one trace
 *
 * The hash is that of flags and texts, big-endian, so records of one sort stand together. A record
 * is: number duration (ns) | number start (not with NO_START) | number tokens (with TOKENS) |
 * number cost (1e-10 dollars; with COST). The start is told in whole seconds, behind that of the
 * trace: nanoseconds of it would be half of all bytes here. Records of a trace and sort go on in
 * the next piece when a key is full. A number is a byte of its exponent (two bits), the bytes that
 * follow (three) and its highest bits (three), then those bytes, big-endian, so that keys that
 * follow each other begin alike: time is mostly a whole number of micro- or milliseconds.
 *
 * A trace that does not stand under `A` is to be opened: it is of an older index, a number or text
 * of it does not fit, or it has too many steps of one sort.
 */
#ifndef CLEW_QUERY_FIND_INDEX_STEP_INDEX_INT_H
#define CLEW_QUERY_FIND_INDEX_STEP_INDEX_INT_H

#include "proto/base/cursor.h"
#include "query/find/index/facet-int.h"
#include "query/find/index/index.h"

/* What a sort's flags say of its steps. */
enum {
        CLEW_SORT_ERROR = 1 << 0,
        CLEW_SORT_OPEN = 1 << 1,
        CLEW_SORT_TOKENS = 1 << 2,
        CLEW_SORT_COST = 1 << 3,
        CLEW_SORT_NO_START = 1 << 4,     /* when it began is not known */
        CLEW_SORT_ZERO_TOKENS = 1 << 5,  /* no tokens, and that was said */
        CLEW_SORT_RESULT_ERROR = 1 << 6, /* a tool call that failed, by a sign or by its answer */
};

/* What these flags say of failing. */
struct clew_step_failed clew_sort_failed(unsigned flags);

/* Once, before the first trace. */
void clew_step_index_install(void);
/* The steps of @at's trace; what memory lacks for goes without. @is_summed: they are in the sums.
 */
void clew_step_index_give(struct clew_run_at *at, bool is_summed, struct clew_arena *arena,
                          struct clew_index_sink *sink);

/* The sorts of one index run, in the order of their records. */
struct clew_step_sorts {
        struct clew_step_sort *items;
        uint32_t n;
        uint32_t capacity;
        struct clew_arena *arena; /* borrowed */
        uint64_t last;
        bool shared; /* two have one hash, or there are too many: steps cannot be told apart */
};

/* Removes from @traces those whose steps the run does not tell. 0 or an error. */
CLEW_MUST_USE int clew_step_index_told(struct clew_index_run *run, struct clew_index_set *traces,
                                       struct clew_error *err);
/* 0 or an error. */
CLEW_MUST_USE int clew_step_index_sorts(struct clew_index_run *run, struct clew_step_sorts *ret,
                                        struct clew_error *err);

/* One record, as it stands. */
struct clew_step_took {
        uint64_t duration_ns;
        uint64_t offset_s; /* of the second in which it began, behind that of the trace */
        uint64_t tokens;
        uint64_t cost; /* as clew_step_cost_units() */
};

#define CLEW_STEP_HASH_BYTES 6u
#define CLEW_STEP_HEAD_BYTES (1u + CLEW_STEP_HASH_BYTES + 1u) /* of a key of records */

void clew_step_hash_put(uint8_t *to, uint64_t hash);
uint64_t clew_step_hash_read(const uint8_t *from);
/* The next record of a sort with these flags. False: that were all, or (c->failed) it is none. */
bool clew_step_took_read(struct clew_cursor *c, unsigned flags, struct clew_step_took *ret);

/*
 * Calls @fn for each step of the sorts with @wanted[number] in each of @traces. Ends when it
 * returns not 0, and returns that.
 */
typedef int (*clew_step_took_fn)(void *context, uint32_t sort, uint32_t ordinal,
                                 const struct clew_step_took *record);
CLEW_MUST_USE int clew_step_index_read(struct clew_index_run *run,
                                       const struct clew_step_sorts *sorts, const bool *wanted,
                                       const struct clew_index_set *traces, clew_step_took_fn fn,
                                       void *context, struct clew_error *err);

#endif
