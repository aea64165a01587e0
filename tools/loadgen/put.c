/*
 * See put.h.
 */
#include "tools/loadgen/put.h"

static size_t varint_len(uint64_t v)
{
        size_t n = 1;

        for (; v >= 0x80; v >>= 7)
                n++;
        return n;
}

size_t clew_put_nested_len(size_t body)
{
        return 1 + varint_len(body) + body;
}

void clew_put_nested_begin(struct clew_buffer *out, uint32_t field, size_t body)
{
        clew_buffer_append_byte(out, (uint8_t)(field << 3 | 2u));
        clew_buffer_append_varint(out, body);
}

void clew_put_nested(struct clew_buffer *out, uint32_t field, struct clew_slice body)
{
        clew_put_nested_begin(out, field, body.len);
        clew_buffer_append_slice(out, body);
}

void clew_put_fixed64(struct clew_buffer *out, uint32_t field, uint64_t value)
{
        clew_buffer_append_byte(out, (uint8_t)(field << 3 | 1u));
        clew_buffer_append_le64(out, value);
}

/* The key, and the head of a value of @any bytes. */
static void begin_pair(struct clew_buffer *out, uint32_t field, const char *key, size_t any)
{
        struct clew_slice name = clew_slice_of_cstr(key);

        clew_put_nested_begin(out, field, clew_put_nested_len(name.len) + clew_put_nested_len(any));
        clew_put_nested(out, 1, name);
        clew_put_nested_begin(out, 2, any);
}

void clew_put_text(struct clew_buffer *out, uint32_t field, const char *key,
                   struct clew_slice value)
{
        begin_pair(out, field, key, clew_put_nested_len(value.len));
        clew_put_nested(out, 1, value);
}

void clew_put_int(struct clew_buffer *out, uint32_t field, const char *key, uint64_t value)
{
        begin_pair(out, field, key, 1 + varint_len(value));
        clew_buffer_append_byte(out, 3u << 3);
        clew_buffer_append_varint(out, value);
}
