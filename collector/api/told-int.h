/*
 * What was told to many, each of whom has come to a place of their own: bytes behind one another,
 * of which the end is kept. Places count from the first byte that was ever told.
 */
#ifndef CLEW_COLLECTOR_API_TOLD_INT_H
#define CLEW_COLLECTOR_API_TOLD_INT_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"

#include <stddef.h>
#include <stdint.h>

struct clew_told {
        struct clew_buffer bytes; /* those from @begin on */
        uint64_t begin;
        size_t keep_bytes; /* for who is not as quick as others */
};

/* At most @add_bytes are told at a time. */
void clew_told_init(struct clew_told *told, size_t keep_bytes, size_t add_bytes);
void clew_told_deinit(struct clew_told *told);

/* The place behind the last byte. */
static inline uint64_t clew_told_end(const struct clew_told *told)
{
        return told->begin + told->bytes.len;
}

/* Drops what is before @all_have, where everybody has come to, and what is over the bytes that are
 * kept. */
void clew_told_drop(struct clew_told *told, uint64_t all_have);
/* When there is no memory for them nothing is left: who is not at the end is behind. */
void clew_told_add(struct clew_told *told, struct clew_slice bytes);
/* Up to @max bytes from place @at on: how many, 0 at the end, -ESTALE when they are gone. */
CLEW_MUST_USE int64_t clew_told_read(const struct clew_told *told, uint64_t at, void *ret,
                                     size_t max);

#endif
