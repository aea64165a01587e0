/*
 * The one reader of wire and disk bytes.
 *
 * A cursor never reads past its end and never forms a sum before it has compared a length with what
 * remains. The first failure is sticky: later reads return zero or empty and leave `failed` set, so
 * a parser may read several fields and test once.
 */
#ifndef CLEW_PROTO_BASE_CURSOR_H
#define CLEW_PROTO_BASE_CURSOR_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clew_cursor {
        const uint8_t *at;
        const uint8_t *end;
        bool failed;
};

static inline struct clew_cursor clew_cursor_make(struct clew_slice s)
{
        static const uint8_t nothing[1];
        const uint8_t *p = s.data ? s.data : nothing;

        return (struct clew_cursor){.at = p, .end = p + s.len};
}

static inline size_t clew_cursor_left(const struct clew_cursor *c)
{
        return (size_t)(c->end - c->at);
}

static inline void clew_cursor_fail(struct clew_cursor *c)
{
        c->failed = true;
        c->at = c->end;
}

/* Borrowed from the cursor's bytes. */
static inline struct clew_slice clew_cursor_bytes(struct clew_cursor *c, uint64_t n)
{
        struct clew_slice s;

        if (CLEW_UNLIKELY(n > clew_cursor_left(c))) {
                clew_cursor_fail(c);
                return CLEW_SLICE_NULL;
        }
        s = clew_slice_make(c->at, (size_t)n);
        c->at += n;
        return s;
}

static inline uint8_t clew_cursor_byte(struct clew_cursor *c)
{
        if (CLEW_UNLIKELY(c->at == c->end)) {
                clew_cursor_fail(c);
                return 0;
        }
        return *c->at++;
}

/* Protobuf varint: at most 10 bytes; bits beyond 64 are an error in the tenth byte's upper part. */
static inline uint64_t clew_cursor_varint(struct clew_cursor *c)
{
        uint64_t v = 0;

        for (unsigned shift = 0; shift < 64; shift += 7) {
                uint8_t b;

                if (CLEW_UNLIKELY(c->at == c->end))
                        break;
                b = *c->at++;
                v |= (uint64_t)(b & 0x7f) << shift;
                if (CLEW_LIKELY(b < 0x80))
                        return v;
        }
        clew_cursor_fail(c);
        return 0;
}

static inline uint32_t clew_cursor_le32(struct clew_cursor *c)
{
        struct clew_slice s = clew_cursor_bytes(c, 4);
        uint32_t v = 0;

        if (s.len == 4) {
                memcpy(&v, s.data, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
                v = __builtin_bswap32(v);
#endif
        }
        return v;
}

static inline uint64_t clew_cursor_le64(struct clew_cursor *c)
{
        struct clew_slice s = clew_cursor_bytes(c, 8);
        uint64_t v = 0;

        if (s.len == 8) {
                memcpy(&v, s.data, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
                v = __builtin_bswap64(v);
#endif
        }
        return v;
}

/* Writes @v as a varint of up to ten bytes to @to; how many it took. */
static inline size_t clew_varint_put(uint8_t *to, uint64_t v)
{
        size_t n = 0;

        for (; v >= 0x80; v >>= 7)
                to[n++] = (uint8_t)(v | 0x80);
        to[n++] = (uint8_t)v;
        return n;
}

#endif
