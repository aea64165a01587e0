#include "proto/base/buffer.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define BUFFER_CAPACITY_MIN 256u
/* From here on a buffer grows by a quarter, or as far as is asked for: the half that doubling
 * leaves empty would be a large part of what one question may have. */
#define BUFFER_CAPACITY_LARGE ((size_t)16 << 20)
#define VARINT_BYTES_MAX 10u

void clew_buffer_init(struct clew_buffer *b, size_t max_bytes)
{
        *b = (struct clew_buffer){.max_bytes = max_bytes};
}

void clew_buffer_deinit(struct clew_buffer *b)
{
        if (!b)
                return;
        clew_free(b->data);
        clew_buffer_init(b, b->max_bytes);
}

void clew_buffer_clear(struct clew_buffer *b)
{
        b->len = 0;
        b->error = 0;
}

/* The capacity for @need bytes, which are more than there is room for and within the maximum. */
static size_t next_capacity(const struct clew_buffer *b, size_t need)
{
        size_t want = b->capacity < BUFFER_CAPACITY_MIN ? BUFFER_CAPACITY_MIN : b->capacity;

        if (need > BUFFER_CAPACITY_LARGE) {
                want += want / 4;
                if (want < need)
                        want = need;
                return want < b->max_bytes ? want : b->max_bytes;
        }
        if (want > b->max_bytes)
                want = b->max_bytes;
        while (want < need)
                want = want > b->max_bytes / 2 ? b->max_bytes : want * 2;
        return want;
}

uint8_t *clew_buffer_reserve(struct clew_buffer *b, size_t n)
{
        size_t want;
        uint8_t *p;

        if (b->error)
                return NULL;
        if (n <= b->capacity - b->len && b->data)
                return b->data + b->len;
        if (n > b->max_bytes - b->len) {
                b->error = -EMSGSIZE;
                return NULL;
        }
        want = next_capacity(b, b->len + n);
        p = clew_realloc_array(b->data, want, 1);
        if (!p) {
                b->error = -ENOMEM;
                return NULL;
        }
        b->data = p;
        b->capacity = want;
        return b->data + b->len;
}

void clew_buffer_commit(struct clew_buffer *b, size_t n)
{
        CLEW_ASSERT(n <= b->capacity - b->len);
        b->len += n;
}

void clew_buffer_append(struct clew_buffer *b, const void *data, size_t n)
{
        uint8_t *p;

        if (n == 0)
                return;
        p = clew_buffer_reserve(b, n);
        if (!p)
                return;
        memcpy(p, data, n);
        b->len += n;
}

void clew_buffer_append_byte(struct clew_buffer *b, uint8_t byte)
{
        clew_buffer_append(b, &byte, 1);
}

void clew_buffer_append_cstr(struct clew_buffer *b, const char *s)
{
        clew_buffer_append(b, s, strlen(s));
}

void clew_buffer_printf(struct clew_buffer *b, const char *fmt, ...)
{
        va_list ap;
        int n;
        uint8_t *p;

        va_start(ap, fmt);
        n = vsnprintf(NULL, 0, fmt, ap);
        va_end(ap);
        if (n < 0)
                return;
        p = clew_buffer_reserve(b, (size_t)n + 1);
        if (!p)
                return;
        va_start(ap, fmt);
        vsnprintf((char *)p, (size_t)n + 1, fmt, ap);
        va_end(ap);
        b->len += (size_t)n;
}

void clew_buffer_append_varint(struct clew_buffer *b, uint64_t v)
{
        uint8_t *p = clew_buffer_reserve(b, VARINT_BYTES_MAX);
        size_t n = 0;

        if (!p)
                return;
        while (v >= 0x80) {
                p[n++] = (uint8_t)(v | 0x80);
                v >>= 7;
        }
        p[n++] = (uint8_t)v;
        b->len += n;
}

void clew_buffer_append_le32(struct clew_buffer *b, uint32_t v)
{
        uint8_t t[4];

        for (unsigned i = 0; i < sizeof(t); i++)
                t[i] = (uint8_t)(v >> (8 * i));
        clew_buffer_append(b, t, sizeof(t));
}

void clew_buffer_append_le64(struct clew_buffer *b, uint64_t v)
{
        uint8_t t[8];

        for (unsigned i = 0; i < sizeof(t); i++)
                t[i] = (uint8_t)(v >> (8 * i));
        clew_buffer_append(b, t, sizeof(t));
}
