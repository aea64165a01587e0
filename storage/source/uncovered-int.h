/*
 * Traces that are sealed in segments which no index run covers: a walk over indexes gives all of
 * them.
 *
 * They are found in the trace index, which is walked once and proved to be whole on the way: its
 * sums are those of the state. That costs about a tenth of a microsecond for each sealed trace, and
 * only as long as the collector has not indexed those segments.
 */
#ifndef CLEW_STORAGE_UNCOVERED_INT_H
#define CLEW_STORAGE_UNCOVERED_INT_H

#include "storage/index/catalog-int.h"

/* More than a walk over indexes can save when so many are to be read anyway. */
#define CLEW_UNCOVERED_MAX (1u << 20)

struct clew_uncovered {
        uint64_t start_ns;
        struct clew_trace_id id;
};

/* Which of them a walk is to give. */
struct clew_uncovered_bounds {
        const struct clew_uncovered *after; /* those behind it in lists; NULL = all */
        uint64_t since_ns;                  /* that started no earlier */
};

/*
 * Fills @ret, initialised by the callee and owned by the caller, with struct clew_uncovered in the
 * order of lists. 0, -E2BIG (too many), -EBADMSG (the trace index is not whole), other errors.
 */
CLEW_MUST_USE int clew_uncovered_read(const struct clew_index_catalog *c,
                                      const struct clew_uncovered_bounds *bounds,
                                      struct clew_buffer *ret, struct clew_error *err);

#endif
