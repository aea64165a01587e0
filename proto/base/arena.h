/*
 * Arena: many small allocations that die together, under one byte limit.
 *
 * One arena serves one unit of work (an export request, a query). There is no free of single
 * objects. When the limit or the heap is exhausted the allocation returns NULL and the arena
 * remembers it: callers may build on and test clew_arena_failed() once at the end, as long as they
 * do not dereference a NULL result.
 */
#ifndef CLEW_PROTO_BASE_ARENA_H
#define CLEW_PROTO_BASE_ARENA_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clew_arena_block;

struct clew_arena {
        struct clew_arena_block *head; /* newest block */
        uint8_t *next;                 /* free space in it */
        uint8_t *end;
        size_t used_bytes; /* taken from the heap */
        size_t max_bytes;
        bool failed;
        bool over_limit; /* ... because of @max_bytes: it would fail again */
};

/* @max_bytes bounds what the arena takes from the heap. No memory is taken yet. */
void clew_arena_init(struct clew_arena *a, size_t max_bytes);
/* Frees everything; the arena may be used again (its limit stays). NULL and zeroed are fine. */
void clew_arena_deinit(struct clew_arena *a);
/* Empties the arena but keeps one block for reuse. */
void clew_arena_reset(struct clew_arena *a);

/* Aligned to 16 bytes, uninitialised. NULL on exhaustion. */
CLEW_MUST_USE void *clew_arena_alloc(struct clew_arena *a, size_t size);
/* Zeroed array; NULL on exhaustion or overflow of n * size. */
CLEW_MUST_USE void *clew_arena_calloc(struct clew_arena *a, size_t n, size_t size);
/* A copy of @s in the arena; a null slice on exhaustion. */
struct clew_slice clew_arena_copy(struct clew_arena *a, struct clew_slice s);
/* Concatenates @n slices. */
struct clew_slice clew_arena_concat(struct clew_arena *a, const struct clew_slice *parts, size_t n);
/* printf into the arena. */
struct clew_slice clew_arena_printf(struct clew_arena *a, const char *fmt, ...) CLEW_PRINTF(2, 3);

static inline bool clew_arena_failed(const struct clew_arena *a)
{
        return a->failed;
}

#define CLEW_ARENA CLEW_CLEANUP(clew_arena_deinit) struct clew_arena

#endif
