#include "collector/gate/unsnappy-int.h"

#include "proto/base/cursor.h"

#include <errno.h>
#include <string.h>

/* A copy of 64 bytes takes three. */
#define RATIO_MAX 22u
#define WHOLE_BYTES_MAX ((size_t)1 << 30)
#define FRAME_BYTES_MAX 65536u /* of a chunk, undone */
#define CHUNK_COMPRESSED 0x00u
#define CHUNK_PLAIN 0x01u
#define CHUNK_SKIP_FROM 0x80u /* 0x80 to 0xfe, padding among them */
#define CHUNK_HEADER 0xffu
#define CRC_BYTES 4u
#define CRC32C_POLYNOMIAL 0x82f63b78u
#define CRC_MASK 0xa282ead8u

static int bad(struct clew_error *err, const char *what)
{
        return clew_error_set(err, -EBADMSG, 0, "snappy: %s", what);
}

static int too_large(struct clew_error *err)
{
        return clew_error_set(err, -EMSGSIZE, 0,
                              "the request is larger than the limit after decompression");
}

static uint32_t crc32c(const uint8_t *p, size_t n)
{
        uint32_t table[256];
        uint32_t crc = ~0u;

        for (uint32_t i = 0; i < 256; i++) {
                uint32_t v = i;

                for (unsigned k = 0; k < 8; k++)
                        v = v >> 1 ^ (v & 1 ? CRC32C_POLYNOMIAL : 0);
                table[i] = v;
        }
        for (size_t i = 0; i < n; i++)
                crc = crc >> 8 ^ table[(crc ^ p[i]) & 0xff];
        crc = ~crc;
        return (crc >> 15 | crc << 17) + CRC_MASK;
}

/* @bytes little-endian, of which @n are taken; the cursor remembers when there are fewer. */
static size_t take_le(struct clew_cursor *at, unsigned n)
{
        struct clew_slice s = clew_cursor_bytes(at, n);
        size_t v = 0;

        for (unsigned i = (unsigned)s.len; i > 0; i--)
                v = v << 8 | s.data[i - 1];
        return v;
}

struct element {
        size_t len;
        size_t offset; /* back from here; 0 = literal */
};

static struct element take_element(struct clew_cursor *at)
{
        size_t tag = take_le(at, 1);
        struct element e = {.len = (tag >> 2) + 1};

        switch (tag & 3) {
        case 0:
                if (e.len > 60)
                        e.len = take_le(at, (unsigned)e.len - 60) + 1;
                break;
        case 1:
                e.len = (tag >> 2 & 7) + 4;
                e.offset = (tag >> 5) << 8 | take_le(at, 1);
                break;
        case 2:
                e.offset = take_le(at, 2);
                break;
        default:
                e.offset = take_le(at, 4);
                break;
        }
        /* No copy reaches back nowhere. */
        if ((tag & 3) != 0 && e.offset == 0)
                clew_cursor_fail(at);
        return e;
}

/* Undoes one block of at most @left bytes. */
static int block(struct clew_slice in, size_t left, struct clew_buffer *out, struct clew_error *err)
{
        struct clew_cursor at = clew_cursor_make(in);
        uint64_t size = clew_cursor_varint(&at);
        size_t done = 0;
        uint8_t *to;

        if (at.failed || size > (uint64_t)in.len * RATIO_MAX)
                return bad(err, "the block says a size that it cannot have");
        if (size > left)
                return too_large(err);
        to = clew_buffer_reserve(out, (size_t)size + 1);
        if (!to)
                return clew_buffer_error(out);
        while (clew_cursor_left(&at)) {
                struct element e = take_element(&at);
                struct clew_slice literal = e.offset == 0 && !at.failed
                                                    ? clew_cursor_bytes(&at, e.len)
                                                    : CLEW_SLICE_NULL;

                if (at.failed || e.len > size - done || e.offset > done)
                        return bad(err, "the block is damaged");
                if (e.offset == 0)
                        memcpy(to + done, literal.data, e.len);
                else if (e.offset >= e.len)
                        memcpy(to + done, to + done - e.offset, e.len);
                for (size_t i = 0; e.offset && e.offset < e.len && i < e.len; i++)
                        to[done + i] = to[done + i - e.offset];
                done += e.len;
        }
        if (done != size)
                return bad(err, "the block is cut short");
        clew_buffer_commit(out, done);
        return 0;
}

/* A chunk with data: a checksum, then a block or plain bytes. */
static int data_chunk(struct clew_slice in, bool compressed, size_t left, struct clew_buffer *out,
                      struct clew_error *err)
{
        struct clew_cursor at = clew_cursor_make(in);
        uint32_t crc = (uint32_t)take_le(&at, CRC_BYTES);
        struct clew_slice data = clew_slice_from(in, CRC_BYTES);
        size_t before = out->len;
        int r = 0;

        if (at.failed)
                return bad(err, "a chunk is cut short");
        if (compressed)
                r = block(data, left, out, err);
        else if (data.len > left)
                r = too_large(err);
        else
                clew_buffer_append_slice(out, data);
        if (r == 0)
                r = clew_buffer_error(out);
        if (r == 0 && out->len - before > FRAME_BYTES_MAX)
                r = bad(err, "a chunk holds more than 64 KiB");
        if (r == 0 && crc32c(out->data + before, out->len - before) != crc)
                r = bad(err, "a checksum does not match");
        return r;
}

static int frames(struct clew_slice in, size_t left, struct clew_buffer *out,
                  struct clew_error *err)
{
        struct clew_cursor at = clew_cursor_make(in);
        size_t start = out->len;

        while (clew_cursor_left(&at)) {
                size_t type = take_le(&at, 1);
                size_t len = take_le(&at, 3);
                struct clew_slice data = clew_cursor_bytes(&at, len);
                int r = 0;

                if (at.failed)
                        return bad(err, "the stream is cut short");
                if (type == CHUNK_COMPRESSED || type == CHUNK_PLAIN)
                        r = data_chunk(data, type == CHUNK_COMPRESSED, left - (out->len - start),
                                       out, err);
                else if (type == CHUNK_HEADER ? !clew_slice_eq(data, CLEW_SLICE_LITERAL("sNaPpY"))
                                              : type < CHUNK_SKIP_FROM)
                        r = bad(err, "a chunk of an unknown kind");
                if (r < 0)
                        return r;
        }
        return 0;
}

int clew_unsnappy(const struct clew_slice *parts, size_t n, size_t max_bytes,
                  struct clew_buffer *out, struct clew_error *err)
{
        size_t room = out->max_bytes - out->len;
        size_t left = max_bytes;
        CLEW_BUFFER whole = {0};
        struct clew_slice in;

        if (room == 0)
                return -EMSGSIZE;
        if (left > room - 1)
                left = room - 1;
        clew_buffer_init(&whole, WHOLE_BYTES_MAX);
        for (size_t i = 0; i < n && n > 1; i++)
                clew_buffer_append_slice(&whole, parts[i]);
        if (clew_buffer_error(&whole))
                return clew_buffer_error(&whole);
        in = n == 1 ? parts[0] : clew_buffer_slice(&whole);
        if (in.len == 0)
                return bad(err, "the stream is cut short");
        if (clew_slice_starts_with(in, CLEW_SLICE_LITERAL(CLEW_SNAPPY_MAGIC)))
                return frames(in, left, out, err);
        return block(in, left, out, err);
}
