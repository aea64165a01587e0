/*
 * Borrowed bytes: a pointer and a length, never NUL-terminated. Whoever returns a slice says in its
 * comment who owns the bytes and when they die.
 */
#ifndef CLEW_PROTO_BASE_SLICE_H
#define CLEW_PROTO_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct clew_slice {
        const uint8_t *data; /* may be NULL when len is 0 */
        size_t len;
};

#define CLEW_SLICE_NULL ((struct clew_slice){NULL, 0})
/* A slice over a string literal, without its final NUL. */
#define CLEW_SLICE_LITERAL(s) ((struct clew_slice){(const uint8_t *)("" s), sizeof(s) - 1})

static inline struct clew_slice clew_slice_make(const void *data, size_t len)
{
        return (struct clew_slice){(const uint8_t *)data, len};
}

static inline struct clew_slice clew_slice_of_cstr(const char *s)
{
        return clew_slice_make(s, s ? strlen(s) : 0);
}

static inline bool clew_slice_eq(struct clew_slice a, struct clew_slice b)
{
        return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool clew_slice_eq_cstr(struct clew_slice a, const char *s)
{
        return clew_slice_eq(a, clew_slice_of_cstr(s));
}

static inline bool clew_slice_starts_with(struct clew_slice a, struct clew_slice prefix)
{
        return a.len >= prefix.len &&
               (prefix.len == 0 || memcmp(a.data, prefix.data, prefix.len) == 0);
}

static inline bool clew_slice_ends_with(struct clew_slice a, struct clew_slice suffix)
{
        return a.len >= suffix.len && (suffix.len == 0 || memcmp(a.data + a.len - suffix.len,
                                                                 suffix.data, suffix.len) == 0);
}

/* Bytewise order, shorter first on a common prefix: the order of LMDB keys. */
static inline int clew_slice_cmp(struct clew_slice a, struct clew_slice b)
{
        size_t n = a.len < b.len ? a.len : b.len;
        int c = n ? memcmp(a.data, b.data, n) : 0;

        if (c != 0)
                return c;
        return a.len < b.len ? -1 : a.len > b.len;
}

/* The part of @a from @from on; empty when @from is past the end. */
static inline struct clew_slice clew_slice_from(struct clew_slice a, size_t from)
{
        if (from >= a.len)
                return CLEW_SLICE_NULL;
        return clew_slice_make(a.data + from, a.len - from);
}

#endif
