/*
 * A growing byte buffer that carries its own maximum.
 *
 * Writers append without looking at each result; when the maximum or the heap is exhausted the
 * buffer remembers it, later appends do nothing, and clew_buffer_error() is tested once.
 */
#ifndef CLEW_PROTO_BASE_BUFFER_H
#define CLEW_PROTO_BASE_BUFFER_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clew_buffer {
        uint8_t *data; /* owned */
        size_t len;
        size_t capacity;
        size_t max_bytes;
        int error; /* 0, -ENOMEM or -EMSGSIZE; sticky */
};

void clew_buffer_init(struct clew_buffer *b, size_t max_bytes);
void clew_buffer_deinit(struct clew_buffer *b); /* NULL and zeroed are fine */
/* Length 0 and no error; keeps the memory. */
void clew_buffer_clear(struct clew_buffer *b);

/* Makes room for @n more bytes and returns where to write them, or NULL; the caller then adds what
 * it wrote with clew_buffer_commit(). */
CLEW_MUST_USE uint8_t *clew_buffer_reserve(struct clew_buffer *b, size_t n);
void clew_buffer_commit(struct clew_buffer *b, size_t n);

void clew_buffer_append(struct clew_buffer *b, const void *data, size_t n);
void clew_buffer_append_byte(struct clew_buffer *b, uint8_t byte);
void clew_buffer_append_cstr(struct clew_buffer *b, const char *s);
void clew_buffer_printf(struct clew_buffer *b, const char *fmt, ...) CLEW_PRINTF(2, 3);

/* Protobuf base-128 varint, and little-endian fixed widths. */
void clew_buffer_append_varint(struct clew_buffer *b, uint64_t v);
/* Bytes that a varint of @v takes: 1 to 10. */
static inline unsigned clew_varint_size(uint64_t v)
{
        return (unsigned)(63 - __builtin_clzll(v | 1)) / 7 + 1;
}
void clew_buffer_append_le32(struct clew_buffer *b, uint32_t v);
void clew_buffer_append_le64(struct clew_buffer *b, uint64_t v);

static inline void clew_buffer_append_slice(struct clew_buffer *b, struct clew_slice s)
{
        clew_buffer_append(b, s.data, s.len);
}

/* 0, or the first error since init or clear. */
CLEW_MUST_USE static inline int clew_buffer_error(const struct clew_buffer *b)
{
        return b->error;
}

/* The bytes so far; valid until the next append. */
static inline struct clew_slice clew_buffer_slice(const struct clew_buffer *b)
{
        return clew_slice_make(b->data, b->len);
}

#define CLEW_BUFFER CLEW_CLEANUP(clew_buffer_deinit) struct clew_buffer

#endif
