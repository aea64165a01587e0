#include "collector/gate/inflate.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#define GZIP_WINDOW_BITS (15 + 16) /* zlib: largest window, gzip wrapper only */
#define ZLIB_WINDOW_BITS 15
#define ZLIB_BYTES_MIN 6u       /* header 2, checksum 4 */
#define GZIP_BYTES_MIN 18u      /* header 10, trailer 8 */
#define GZIP_SIZE_FIELD 4u      /* ISIZE: length modulo 2^32, little-endian, last in the stream */
#define DEFLATE_RATIO_MAX 1032u /* zlib technical notes: the limit of the format */
#define STEP_BYTES_MIN 65536u   /* room made at a time when the hint was too small */

static voidpf heap_alloc(voidpf context, uInt items, uInt size)
{
        (void)context;
        return clew_calloc(items, size);
}

static void heap_free(voidpf context, voidpf p)
{
        (void)context;
        clew_free(p);
}

static size_t total_len(const struct clew_slice *parts, size_t n)
{
        size_t total = 0;

        for (size_t i = 0; i < n; i++)
                total += parts[i].len;
        return total;
}

size_t clew_inflate_hint(const struct clew_slice *parts, size_t n, size_t max_bytes)
{
        size_t total = total_len(parts, n);
        uint8_t tail[GZIP_SIZE_FIELD];
        size_t missing = sizeof(tail);
        size_t hint = 0;

        if (total < GZIP_BYTES_MIN)
                return 0;
        for (size_t i = n; i > 0 && missing; i--) {
                const struct clew_slice *p = &parts[i - 1];
                size_t take = p->len < missing ? p->len : missing;

                missing -= take;
                if (take)
                        memcpy(tail + missing, p->data + p->len - take, take);
        }
        for (size_t i = sizeof(tail); i > 0; i--)
                hint = hint << 8 | tail[i - 1];
        if (hint / DEFLATE_RATIO_MAX > total)
                hint = total * DEFLATE_RATIO_MAX;
        return hint < max_bytes ? hint : max_bytes;
}

struct inflater {
        z_stream z;
        struct clew_buffer *out;
        size_t left; /* output still allowed */
        bool ended;  /* at the end of a member */
        bool is_zlib;
};

static int bad(struct clew_error *err, const char *what)
{
        return clew_error_set(err, -EBADMSG, 0, "the compressed body: %s", what);
}

/* One call of inflate(), with room for at least one byte more than is allowed, so that going over
 * the limit shows. */
static int step(struct inflater *f, struct clew_error *err)
{
        size_t room = f->out->capacity - f->out->len;
        size_t want = f->left < STEP_BYTES_MIN ? f->left + 1 : STEP_BYTES_MIN;
        uint8_t *at;
        size_t got;
        int r;

        at = clew_buffer_reserve(f->out, room > want ? room : want);
        if (!at)
                return clew_buffer_error(f->out);
        room = f->out->capacity - f->out->len;
        if (room > f->left + 1)
                room = f->left + 1;
        if (room > UINT32_MAX)
                room = UINT32_MAX;
        f->z.next_out = at;
        f->z.avail_out = (uInt)room;
        r = inflate(&f->z, Z_NO_FLUSH);
        got = room - f->z.avail_out;
        if (got > f->left)
                return clew_error_set(err, -EMSGSIZE, 0,
                                      "the request is larger than the limit after decompression");
        f->left -= got;
        clew_buffer_commit(f->out, got);
        if (r == Z_STREAM_END) {
                f->ended = true;
                return 0;
        }
        if (r == Z_OK || r == Z_BUF_ERROR)
                return 0;
        if (r == Z_MEM_ERROR)
                return -ENOMEM;
        return bad(err, "the data is damaged");
}

static int feed(struct inflater *f, struct clew_slice part, struct clew_error *err)
{
        size_t left = part.len;
        const uint8_t *at = part.data;

        while (left) {
                uInt n = left < UINT32_MAX ? (uInt)left : UINT32_MAX;
                int r;

                if (f->ended) {
                        if (*at != 0x1f || f->is_zlib)
                                return bad(err, "bytes follow the end of the stream");
                        if (inflateReset(&f->z) != Z_OK)
                                return -ENOMEM;
                        f->ended = false;
                }
                f->z.next_in = (z_const Bytef *)(uintptr_t)at;
                f->z.avail_in = n;
                do {
                        r = step(f, err);
                        if (r < 0)
                                return r;
                } while (!f->ended && (f->z.avail_in > 0 || f->z.avail_out == 0));
                at += n - f->z.avail_in;
                left -= n - f->z.avail_in;
        }
        return 0;
}

static int inflate_all(const struct clew_slice *parts, size_t n, size_t max_bytes,
                       struct clew_buffer *out, bool is_zlib, struct clew_error *err)
{
        struct inflater f = {.z = {.zalloc = heap_alloc, .zfree = heap_free},
                             .out = out,
                             .left = max_bytes,
                             .is_zlib = is_zlib};
        size_t room = out->max_bytes - out->len;
        size_t hint;
        int r = 0;

        /* One byte more than is allowed must fit, or going over the limit would not show. */
        if (room == 0)
                return -EMSGSIZE;
        if (f.left > room - 1)
                f.left = room - 1;
        hint = is_zlib ? 0 : clew_inflate_hint(parts, n, f.left);
        if (total_len(parts, n) < (is_zlib ? ZLIB_BYTES_MIN : GZIP_BYTES_MIN))
                return bad(err, "the stream is cut short");
        if (inflateInit2(&f.z, is_zlib ? ZLIB_WINDOW_BITS : GZIP_WINDOW_BITS) != Z_OK)
                return -ENOMEM;
        if (!clew_buffer_reserve(out, hint + 1))
                r = clew_buffer_error(out);
        for (size_t i = 0; i < n && r == 0; i++)
                r = feed(&f, parts[i], err);
        if (r == 0 && !f.ended)
                r = bad(err, "the stream is cut short");
        inflateEnd(&f.z);
        return r;
}

int clew_inflate_gzip(const struct clew_slice *parts, size_t n, size_t max_bytes,
                      struct clew_buffer *out, struct clew_error *err)
{
        return inflate_all(parts, n, max_bytes, out, false, err);
}

int clew_inflate_zlib(const struct clew_slice *parts, size_t n, size_t max_bytes,
                      struct clew_buffer *out, struct clew_error *err)
{
        return inflate_all(parts, n, max_bytes, out, true, err);
}
