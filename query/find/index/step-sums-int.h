/*
 * Sums of what the steps of a merged run took, by sort of step: so that statistics over all of it
 * read as much as there are sorts and different durations, not steps.
 *
 * They are of the traces under the key `B` of CLEW_INDEX_STEP (step-index-int.h): those whose steps
 * are told, whose run is over, and that a list shows. Who wants others looks at records. Keys of
 * kind CLEW_INDEX_SUM:
 *
 *     S | hash 6 | varint steps | varint tokens | varint cost (1e-10 dollars)
 *     V | hash 6 | place 2 | number 4 | piece (query/find/counted.h)
 *
 * A sort has one S, and where its steps ended their durations as V, in order; a place's pieces are
 * numbered on from 0. All big-endian. A run whose numbers are too large for this has none.
 */
#ifndef CLEW_QUERY_FIND_STEP_SUMS_INT_H
#define CLEW_QUERY_FIND_STEP_SUMS_INT_H

#include "query/find/index/step-index-int.h"

/* Makes them; for the deriver. Its version is clew_index_version(). */
const struct clew_index_adder *clew_step_sums_adder(void);

/* Who is told sums. Each returns 0, or an error that ends it. */
struct clew_step_sums_to {
        int (*on_sum)(void *context, uint32_t sort, uint64_t n, const struct clew_step_took *sum);
        /* Some of the durations of the sort, @n of them as the piece says; it lives until it
         * returns. */
        int (*on_durations)(void *context, uint32_t sort, const struct clew_counted_piece *piece,
                            uint64_t n);
        void *context;
};

/* The sums of the sorts with @wanted[number], when they are those of @traces: 1; 0 = there are none
 * of exactly these, and nothing was told; or an error. */
CLEW_MUST_USE int clew_step_sums_read(struct clew_index_run *run,
                                      const struct clew_step_sorts *sorts, const bool *wanted,
                                      const struct clew_index_set *traces,
                                      const struct clew_step_sums_to *to, struct clew_error *err);

#endif
