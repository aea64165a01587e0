/*
 * The tail of a node: what it has taken in and not sealed yet, for readers of its bucket
 * (storage/tier/README.md, "What is not sealed yet").
 *
 * A node answers one question, "what is hot behind this sequence, and what still is before it"; a
 * reader keeps it in the hot table of its own store, where it is read as if it had come there, and
 * takes it out when the bucket has it. Bytes: storage/FORMAT.md, "Tail of a node".
 */
#ifndef CLEW_STORAGE_TAIL_H
#define CLEW_STORAGE_TAIL_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "storage/store.h"
#include "storage/tier.h"

#include <stdint.h>

#define CLEW_TAIL_PATH "/api/v1/tail"
#define CLEW_TAIL_TYPE "application/vnd.clew.tail"
/* Of one answer, about: it ends behind the fragment with which it is over. */
#define CLEW_TAIL_BYTES ((size_t)4 << 20)
/* No fragment is larger than a request. */
#define CLEW_TAIL_BYTES_MAX (CLEW_TAIL_BYTES + ((size_t)1 << 30))

/* What a reader has of a node; zeroed = nothing. */
struct clew_tail_question {
        uint64_t life;  /* of the node's process, as it said */
        uint64_t epoch; /* of what was erased there, as it said */
        uint64_t after; /* it has seen all up to this sequence */
};

/* Appends the answer. @tier is that of @store, or NULL. 0 or an error. Any thread. */
CLEW_MUST_USE int clew_tail_give(struct clew_store *store, struct clew_tier *tier,
                                 const struct clew_tail_question *q, struct clew_buffer *out,
                                 struct clew_error *err);

#endif
