#include "storage/keep/stream-int.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MAGIC "CLEWBAK1"
#define MAGIC_BYTES 8u
#define HEADER_BYTES 24u /* magic, salt, check of both */
#define BLOCK_HEADER_BYTES 12u
#define VARINT_MAX 10u
/* A fragment of one request, a record of the shelf. */
#define VALUE_MAX ((uint64_t)1 << 30)

int clew_write_all(int fd, const void *data, size_t n)
{
        const uint8_t *p = data;

        while (n > 0) {
                ssize_t k = write(fd, p, n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k <= 0)
                        return k < 0 ? -errno : -EIO;
                p += k;
                n -= (size_t)k;
        }
        return 0;
}

static uint64_t check_of(const uint8_t *data, size_t n, uint64_t salt, uint64_t number)
{
        uint64_t seed[2] = {salt, number};

        return clew_hash_seeded(clew_slice_make(data, n),
                                clew_hash(clew_slice_make(seed, sizeof(seed))));
}

static void put_le(uint8_t *at, uint64_t v, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                at[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get_le(const uint8_t *at, unsigned n)
{
        uint64_t v = 0;

        for (unsigned i = n; i > 0; i--)
                v = v << 8 | at[i - 1];
        return v;
}

/* ---- writing --------------------------------------------------------------------------------- */

int clew_stream_begin(struct clew_stream_writer *w, int fd, uint64_t salt)
{
        uint8_t header[HEADER_BYTES];

        *w = (struct clew_stream_writer){.fd = fd, .salt = salt};
        w->block = clew_malloc(BLOCK_HEADER_BYTES + CLEW_STREAM_BLOCK_BYTES);
        if (!w->block)
                return -ENOMEM;
        memcpy(header, MAGIC, MAGIC_BYTES);
        put_le(header + MAGIC_BYTES, salt, 8);
        put_le(header + 16, check_of(header, 16, salt, 0), 8);
        w->error = clew_write_all(fd, header, sizeof(header));
        w->bytes = sizeof(header);
        return w->error;
}

static void flush(struct clew_stream_writer *w)
{
        if (w->used == 0 || w->error < 0)
                return;
        put_le(w->block, w->used, 4);
        put_le(w->block + 4,
               check_of(w->block + BLOCK_HEADER_BYTES, w->used, w->salt, ++w->n_blocks), 8);
        w->error = clew_write_all(w->fd, w->block, BLOCK_HEADER_BYTES + w->used);
        w->bytes += BLOCK_HEADER_BYTES + w->used;
        w->used = 0;
}

static void put_bytes(struct clew_stream_writer *w, struct clew_slice s)
{
        while (s.len > 0 && w->error == 0) {
                size_t n = CLEW_STREAM_BLOCK_BYTES - w->used;

                if (n > s.len)
                        n = s.len;
                memcpy(w->block + BLOCK_HEADER_BYTES + w->used, s.data, n);
                w->used += n;
                s = clew_slice_from(s, n);
                if (w->used == CLEW_STREAM_BLOCK_BYTES)
                        flush(w);
        }
}

static void put_varint(struct clew_stream_writer *w, uint64_t v)
{
        uint8_t bytes[VARINT_MAX];
        size_t n = 0;

        do {
                bytes[n] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
                n++;
                v >>= 7;
        } while (v > 0);
        put_bytes(w, clew_slice_make(bytes, n));
}

void clew_stream_put(struct clew_stream_writer *w, uint8_t tag, struct clew_slice key,
                     struct clew_slice value)
{
        CLEW_ASSERT(key.len <= CLEW_STREAM_KEY_MAX);
        put_bytes(w, clew_slice_make(&tag, 1));
        put_varint(w, key.len);
        put_bytes(w, key);
        put_varint(w, value.len);
        put_bytes(w, value);
        w->n_records++;
}

int clew_stream_end(struct clew_stream_writer *w)
{
        flush(w);
        return w->error;
}

void clew_stream_writer_deinit(struct clew_stream_writer *w)
{
        clew_free(w->block);
        w->block = NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Up to @n bytes; less only at the end of the file. */
static ssize_t read_all(int fd, uint8_t *into, size_t n)
{
        size_t got = 0;

        while (got < n) {
                ssize_t k = read(fd, into + got, n - got);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        break;
                got += (size_t)k;
        }
        return (ssize_t)got;
}

int clew_stream_open(struct clew_stream_reader *r, int fd)
{
        uint8_t header[HEADER_BYTES];
        ssize_t n;

        *r = (struct clew_stream_reader){.fd = fd};
        clew_buffer_init(&r->value, VALUE_MAX);
        r->block = clew_malloc(CLEW_STREAM_BLOCK_BYTES);
        if (!r->block)
                return -ENOMEM;
        n = read_all(fd, header, sizeof(header));
        if (n < 0)
                return (int)n;
        r->salt = get_le(header + MAGIC_BYTES, 8);
        r->bytes = sizeof(header);
        if (n != sizeof(header) || memcmp(header, MAGIC, MAGIC_BYTES) != 0 ||
            get_le(header + 16, 8) != check_of(header, 16, r->salt, 0))
                return -EBADMSG;
        return 0;
}

/* 1 = there is a further block; 0 = the file ends; or an error. */
static int next_block(struct clew_stream_reader *r)
{
        uint8_t header[BLOCK_HEADER_BYTES];
        ssize_t n = read_all(r->fd, header, sizeof(header));
        size_t len = (size_t)get_le(header, 4);

        if (n <= 0)
                return (int)n;
        if (n != sizeof(header) || len == 0 || len > CLEW_STREAM_BLOCK_BYTES)
                return -EBADMSG;
        n = read_all(r->fd, r->block, len);
        if (n < 0)
                return (int)n;
        if ((size_t)n != len ||
            get_le(header + 4, 8) != check_of(r->block, len, r->salt, ++r->n_blocks))
                return -EBADMSG;
        r->at = 0;
        r->len = len;
        r->bytes += sizeof(header) + len;
        return 1;
}

/* 1 = there is a byte at r->at. */
static int more(struct clew_stream_reader *r)
{
        return r->at < r->len ? 1 : next_block(r);
}

static int get_byte(struct clew_stream_reader *r, uint8_t *ret)
{
        int e = more(r);

        if (e != 1)
                return e < 0 ? e : -EBADMSG;
        *ret = r->block[r->at++];
        return 0;
}

static int get_varint(struct clew_stream_reader *r, uint64_t max, uint64_t *ret)
{
        uint64_t v = 0;

        for (unsigned shift = 0; shift < 64; shift += 7) {
                uint8_t b = 0;
                int e = get_byte(r, &b);

                if (e < 0)
                        return e;
                v |= (uint64_t)(b & 0x7f) << shift;
                if (b < 0x80) {
                        *ret = v;
                        return v <= max ? 0 : -EBADMSG;
                }
        }
        return -EBADMSG;
}

static int get_key(struct clew_stream_reader *r, size_t n, struct clew_slice *ret)
{
        for (size_t i = 0; i < n; i++) {
                int e = get_byte(r, &r->key[i]);

                if (e < 0)
                        return e;
        }
        *ret = clew_slice_make(r->key, n);
        return 0;
}

static int get_value(struct clew_stream_reader *r, size_t n, struct clew_slice *ret)
{
        clew_buffer_clear(&r->value);
        if (n <= r->len - r->at) {
                *ret = clew_slice_make(r->block + r->at, n);
                r->at += n;
                return 0;
        }
        while (r->value.len < n) {
                size_t part = n - r->value.len;
                int e = more(r);

                if (e != 1)
                        return e < 0 ? e : -EBADMSG;
                if (part > r->len - r->at)
                        part = r->len - r->at;
                clew_buffer_append(&r->value, r->block + r->at, part);
                if (clew_buffer_error(&r->value) < 0)
                        return -ENOMEM;
                r->at += part;
        }
        *ret = clew_buffer_slice(&r->value);
        return 0;
}

int clew_stream_next(struct clew_stream_reader *r, struct clew_stream_record *ret)
{
        uint64_t n = 0;
        int e = more(r);

        /* Nothing may follow the end, and nothing ends without it. */
        if (e != 1)
                return e < 0 ? e : r->ended ? 0 : -EBADMSG;
        if (r->ended)
                return -EBADMSG;
        ret->tag = r->block[r->at++];
        e = get_varint(r, CLEW_STREAM_KEY_MAX, &n);
        if (e == 0)
                e = get_key(r, (size_t)n, &ret->key);
        if (e == 0)
                e = get_varint(r, VALUE_MAX, &n);
        if (e == 0)
                e = get_value(r, (size_t)n, &ret->value);
        if (e < 0)
                return e;
        r->n_records++;
        r->ended = ret->tag == CLEW_STREAM_END;
        return 1;
}

void clew_stream_reader_deinit(struct clew_stream_reader *r)
{
        clew_free(r->block);
        r->block = NULL;
        clew_buffer_deinit(&r->value);
}
