/*
 * What several copies of one span tell together.
 *
 * A span is sent more than once where a sender announces it as it begins, sends what it knows so
 * far, or both: what one copy alone tells is told. The copy that counts stays as it was sent; what
 * it lacks stands in front of it, since of a field given twice the last one counts:
 *
 *     attributes      those of keys that no better copy has
 *     events, links   those that no better copy has byte for byte
 *     parent, name, kind, start, trace state, flags    where no better copy has that field
 *
 * The status is that of the copy that counts: none is a status, too. The union is a fixed point:
 * with any of the copies that made it, it gives itself.
 */
#ifndef CLEW_PROTO_OTLP_UNION_H
#define CLEW_PROTO_OTLP_UNION_H

#include "proto/base/arena.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Attributes, events, links and other fields of one span's copies together that are compared, best
 * copies first. A real span has hundreds; what a sender repeats beyond is of copies that do not
 * count. */
#define CLEW_SPAN_UNION_PIECES_MAX 65536u

/* Working space of many unions, in an arena; zeroed at first, but for the arena. */
struct clew_span_union {
        struct clew_arena *arena; /* the space, and what unions return */
        void *pieces;
        uint32_t max_pieces; /* that there is room for */
};

/*
 * @copies are encoded spans, well-formed, the best one first. @ret_more receives the encoded fields
 * that belong in front of copies[0]: in the arena, empty when it lacks nothing. @whole: false takes
 * attributes, events and links alone (for copies that stand under ids of their own). 0 or -ENOMEM.
 */
CLEW_MUST_USE int clew_span_union(struct clew_span_union *u, const struct clew_slice *copies,
                                  uint32_t n, bool whole, struct clew_slice *ret_more);

#endif
