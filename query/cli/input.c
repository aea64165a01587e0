/*
 * Two layers: `fill` brings decompressed bytes into one buffer, `clew_input_line` cuts lines off
 * its front. Bytes that a line has left behind are moved away only when the buffer is read again,
 * and the search for the line's end resumes where it stopped, so the work is linear in the input.
 */
#include "query/cli/input.h"

#include "proto/base/buffer.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define RAW_BYTES ((size_t)256 << 10) /* read at a time */
#define PIECE_BYTES ((size_t)1 << 20) /* added to the text at a time */
#define MAGIC_BYTES 4u
#define GZIP_WINDOW_BITS (15 + 16) /* largest window; 16 = gzip wrapping only */

enum input_kind { INPUT_PLAIN, INPUT_ZSTD, INPUT_GZIP };

struct clew_input {
        int fd;
        bool close_fd;
        enum input_kind kind;
        ZSTD_DCtx *zstd;
        z_stream gzip;
        bool gzip_ready;
        bool inside_frame; /* the compressed stream may not end here */
        bool raw_ended;
        uint8_t *raw; /* RAW_BYTES; [raw_at, raw_len) is not used yet */
        size_t raw_at;
        size_t raw_len;
        struct clew_buffer text; /* decompressed; [at, len) is not used yet */
        size_t at;
        size_t searched; /* no line end in [at, searched) */
        bool ended;
        bool skipping; /* inside a line that is too long */
        uint64_t number;
        uint64_t bytes;
};

/* Returns the bytes read, 0 at the end, or a negative errno with a message. */
static ssize_t read_some(struct clew_input *in, uint8_t *to, size_t max, struct clew_error *err)
{
        ssize_t n;
        int code;

        do
                n = read(in->fd, to, max);
        while (n < 0 && errno == EINTR);
        if (n >= 0)
                return n;
        code = -errno;
        return clew_error_set(err, code, 0, "%s", strerror(-code));
}

static int read_raw(struct clew_input *in, struct clew_error *err)
{
        ssize_t n;

        if (in->raw_ended)
                return 0;
        n = read_some(in, in->raw, RAW_BYTES, err);
        if (n < 0)
                return (int)n;
        in->raw_at = 0;
        in->raw_len = (size_t)n;
        in->raw_ended = n == 0;
        return 0;
}

static int start_zstd(struct clew_input *in)
{
        in->kind = INPUT_ZSTD;
        in->zstd = ZSTD_createDCtx();
        if (!in->zstd)
                return -ENOMEM;
        if (ZSTD_isError(ZSTD_DCtx_setParameter(in->zstd, ZSTD_d_windowLogMax,
                                                CLEW_INPUT_WINDOW_LOG_MAX)))
                return -EINVAL;
        return 0;
}

static int start_gzip(struct clew_input *in)
{
        in->kind = INPUT_GZIP;
        if (inflateInit2(&in->gzip, GZIP_WINDOW_BITS) != Z_OK)
                return -ENOMEM;
        in->gzip_ready = true;
        return 0;
}

/* Reads the first bytes and looks at them. A pipe may deliver them one by one. */
static int find_kind(struct clew_input *in, struct clew_error *err)
{
        static const uint8_t zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
        static const uint8_t gzip_magic[] = {0x1f, 0x8b};
        size_t have = 0;

        while (have < MAGIC_BYTES) {
                ssize_t n = read_some(in, in->raw + have, RAW_BYTES - have, err);

                if (n < 0)
                        return (int)n;
                if (n == 0) {
                        in->raw_ended = true;
                        break;
                }
                have += (size_t)n;
        }
        in->raw_len = have;
        if (have >= sizeof(zstd_magic) && memcmp(in->raw, zstd_magic, sizeof(zstd_magic)) == 0)
                return start_zstd(in);
        if (have >= sizeof(gzip_magic) && memcmp(in->raw, gzip_magic, sizeof(gzip_magic)) == 0)
                return start_gzip(in);
        return 0;
}

int clew_input_open(const char *path, struct clew_input **ret, struct clew_error *err)
{
        struct clew_input *in = clew_calloc(1, sizeof(*in));
        int r = 0;

        if (!in)
                return -ENOMEM;
        clew_buffer_init(&in->text, CLEW_INPUT_LINE_MAX + 2 * PIECE_BYTES);
        in->raw = clew_malloc(RAW_BYTES);
        in->fd = STDIN_FILENO;
        if (!in->raw)
                r = -ENOMEM;
        if (r == 0 && strcmp(path, "-") != 0) {
                in->fd = open(path, O_RDONLY | O_CLOEXEC);
                in->close_fd = in->fd >= 0;
                if (in->fd < 0)
                        r = clew_error_set(err, -errno, 0, "%s", strerror(errno));
        }
        if (r == 0)
                r = find_kind(in, err);
        if (r < 0) {
                clew_input_close(in);
                return r;
        }
        *ret = in;
        return 0;
}

void clew_input_close(struct clew_input *in)
{
        if (!in)
                return;
        if (in->close_fd)
                close(in->fd);
        ZSTD_freeDCtx(in->zstd);
        if (in->gzip_ready)
                inflateEnd(&in->gzip);
        clew_buffer_deinit(&in->text);
        clew_free(in->raw);
        clew_free(in);
}

uint64_t clew_input_bytes(const struct clew_input *in)
{
        return in->bytes;
}

static int damaged(struct clew_error *err, const char *what)
{
        return clew_error_set(err, -EBADMSG, 0, "%s", what);
}

static int pump_zstd(struct clew_input *in, uint8_t *to, size_t *ret_n, struct clew_error *err)
{
        ZSTD_inBuffer from = {in->raw, in->raw_len, in->raw_at};
        ZSTD_outBuffer out = {to, PIECE_BYTES, 0};
        size_t r = ZSTD_decompressStream(in->zstd, &out, &from);

        if (ZSTD_isError(r))
                return clew_error_set(err, -EBADMSG, 0, "damaged zstd data: %s",
                                      ZSTD_getErrorName(r));
        /* 0 = a frame has ended; the next byte, if there is one, begins another. */
        if (from.pos > in->raw_at || out.pos > 0)
                in->inside_frame = r != 0;
        in->raw_at = from.pos;
        *ret_n = out.pos;
        return 0;
}

static int pump_gzip(struct clew_input *in, uint8_t *to, size_t *ret_n, struct clew_error *err)
{
        z_stream *z = &in->gzip;
        int r;

        if (!in->inside_frame && in->raw_at < in->raw_len && z->total_in > 0 &&
            inflateReset(z) != Z_OK) /* another member */
                return damaged(err, "damaged gzip data");
        z->next_in = in->raw + in->raw_at;
        z->avail_in = (uInt)(in->raw_len - in->raw_at);
        z->next_out = to;
        z->avail_out = (uInt)PIECE_BYTES;
        r = inflate(z, Z_NO_FLUSH);
        if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
                return damaged(err, r == Z_MEM_ERROR ? "out of memory" : "damaged gzip data");
        in->inside_frame = r != Z_STREAM_END;
        in->raw_at = in->raw_len - z->avail_in;
        *ret_n = PIECE_BYTES - z->avail_out;
        return 0;
}

static int pump_plain(struct clew_input *in, uint8_t *to, size_t *ret_n, struct clew_error *err)
{
        ssize_t n = (ssize_t)(in->raw_len - in->raw_at);

        if (n > 0) { /* what was read to find the kind */
                memcpy(to, in->raw + in->raw_at, (size_t)n);
                in->raw_at = in->raw_len;
        } else if (!in->raw_ended) {
                n = read_some(in, to, PIECE_BYTES, err);
                if (n < 0)
                        return (int)n;
                in->raw_ended = n == 0;
        }
        *ret_n = (size_t)n;
        return 0;
}

/* Brings at least one byte into the buffer, or sets `ended`. */
static int fill(struct clew_input *in, struct clew_error *err)
{
        size_t n = 0;

        if (in->at > 0) {
                memmove(in->text.data, in->text.data + in->at, in->text.len - in->at);
                in->text.len -= in->at;
                in->searched -= in->at;
                in->at = 0;
        }
        while (n == 0) {
                uint8_t *to = clew_buffer_reserve(&in->text, PIECE_BYTES);
                int r = 0;

                if (!to)
                        return clew_buffer_error(&in->text);
                /* A decoder may still hold output when its input is used up. */
                if (in->raw_at == in->raw_len && in->kind != INPUT_PLAIN)
                        r = read_raw(in, err);
                if (r < 0)
                        return r;
                if (in->kind == INPUT_ZSTD)
                        r = pump_zstd(in, to, &n, err);
                else if (in->kind == INPUT_GZIP)
                        r = pump_gzip(in, to, &n, err);
                else
                        r = pump_plain(in, to, &n, err);
                if (r < 0)
                        return r;
                if (n == 0 && in->raw_ended) {
                        in->ended = true;
                        return in->inside_frame ? damaged(err, "ends inside compressed data") : 0;
                }
        }
        clew_buffer_commit(&in->text, n);
        in->bytes += n;
        return 0;
}

/* Leaves what there is of a line that is too long. */
static void drop_text(struct clew_input *in)
{
        in->text.len = 0;
        in->at = 0;
        in->searched = 0;
}

int clew_input_line(struct clew_input *in, struct clew_slice *ret, uint64_t *ret_number,
                    struct clew_error *err)
{
        int r;

        for (;;) {
                const uint8_t *start = in->text.data ? in->text.data + in->at : NULL;
                size_t left = in->text.len - in->searched;
                const uint8_t *end = left ? memchr(in->text.data + in->searched, '\n', left) : NULL;

                if (end || (in->ended && (in->text.len > in->at || in->skipping))) {
                        size_t n = end ? (size_t)(end - start) : in->text.len - in->at;

                        in->at += n + (end ? 1 : 0);
                        in->searched = in->at;
                        *ret_number = ++in->number;
                        if (in->skipping || n > CLEW_INPUT_LINE_MAX) {
                                in->skipping = false;
                                return clew_error_set(err, -EMSGSIZE, 0,
                                                      "longer than %zu MiB, the limit of a line",
                                                      CLEW_INPUT_LINE_MAX >> 20);
                        }
                        *ret = clew_slice_make(start, n);
                        return 1;
                }
                if (in->ended)
                        return 0;
                in->searched = in->text.len;
                if (in->skipping || in->text.len - in->at > CLEW_INPUT_LINE_MAX) {
                        in->skipping = true;
                        drop_text(in);
                }
                r = fill(in, err);
                if (r < 0) {
                        *ret_number = in->number + 1;
                        return r;
                }
        }
}

int clew_input_peek(struct clew_input *in, size_t n, struct clew_slice *ret, struct clew_error *err)
{
        while (!in->ended && in->text.len - in->at < n) {
                int r = fill(in, err);

                if (r < 0)
                        return r;
        }
        *ret = in->text.data ? clew_slice_make(in->text.data + in->at, in->text.len - in->at)
                             : CLEW_SLICE_NULL;
        return 0;
}

void clew_input_skip(struct clew_input *in, size_t n)
{
        in->at += n;
        if (in->searched < in->at)
                in->searched = in->at;
}
