/*
 * From a bag of spans to tree order.
 *
 * Parent ids come from outside: they may name nobody, the span itself, or form cycles; there may be
 * thousands of roots and hundreds of levels. Every span ends up in the forest exactly once. All
 * steps are loops over arrays; the cost is one sort of the spans by start time.
 */
#ifndef CLEW_QUERY_MODEL_TREE_INT_H
#define CLEW_QUERY_MODEL_TREE_INT_H

#include "proto/base/arena.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"
#include "query/model/trace.h"

#include <stdint.h>
#include <string.h>

struct clew_tree_node {
        struct clew_span_id id;
        struct clew_span_id parent_id;
        struct clew_span span; /* for a stand-in only its ids */
        struct clew_slice resource;
        struct clew_slice scope;
        uint64_t start_ns; /* for ordering: the end when there is no start */
        uint64_t end_ns;
        uint32_t arrival;
        bool announced;  /* a placeholder of the span */
        uint32_t parent; /* node index, or CLEW_STEP_NONE */
        uint32_t first_child;
        uint32_t next_sibling;
        uint32_t mark;     /* of the cycle search */
        uint32_t position; /* in tree order */
        uint32_t flags;    /* CLEW_STEP_STANDIN, ORPHAN, CUT_CYCLE */
};

struct clew_tree {
        struct clew_trace_id id;
        struct clew_tree_node *nodes; /* spans by arrival, then stand-ins */
        uint32_t n_nodes;
        uint32_t n_spans;
        uint32_t *order; /* tree position -> node */
        uint32_t *by_id; /* tree positions in order of their span ids */
};

/*
 * Reads @traces (encoded TracesData) and orders it. Everything is in @arena. @joined: the bytes are
 * of several traces, of which none is left out; a parent is looked for in the span's own trace
 * first. @around (NULL = none) is the span that becomes the parent of those without one. 0, -E2BIG,
 * -ENOMEM.
 */
CLEW_MUST_USE int clew_tree_build(struct clew_slice traces, bool joined,
                                  const struct clew_span_id *around, struct clew_arena *arena,
                                  struct clew_tree *ret);

/* Span ids as numbers: an order to sort and search by. Ids come from outside, so a hash table over
 * them would need a secret; sorted arrays need none. */
static inline uint64_t clew_tree_key(const struct clew_span_id *id)
{
        uint64_t v;

        memcpy(&v, id->bytes, sizeof(v));
        return v;
}

#endif
