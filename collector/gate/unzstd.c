#include "collector/gate/unzstd-int.h"

#include <errno.h>
#include <zstd.h>

/* 8 MiB: what RFC 8878, section 3.1.1.1.2 recommends as the least to support, and what encoders
 * stay below unless told otherwise. */
#define WINDOW_LOG_MAX 23
#define STEP_BYTES ((size_t)256 * 1024)
/* A claim about the size beyond this part of the input is not reserved at once. */
#define HINT_RATIO_MAX 1000u

static int bad(struct clew_error *err, const char *what)
{
        return clew_error_set(err, -EBADMSG, 0, "zstd: %s", what);
}

size_t clew_unzstd_hint(const struct clew_slice *parts, size_t n, size_t max_bytes)
{
        unsigned long long size;
        size_t total = 0;

        for (size_t i = 0; i < n; i++)
                total += parts[i].len;
        size = n ? ZSTD_getFrameContentSize(parts[0].data, parts[0].len) : 0;
        if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR)
                size = total;
        if (size / HINT_RATIO_MAX > total)
                size = total * HINT_RATIO_MAX;
        return size < max_bytes ? (size_t)size : max_bytes;
}

struct state {
        ZSTD_DCtx *zstd;
        struct clew_buffer *out;
        size_t left;   /* output still allowed */
        size_t wanted; /* 0 = between two frames */
};

static int feed(struct state *s, struct clew_slice part, struct clew_error *err)
{
        ZSTD_inBuffer in = {.src = part.data, .size = part.len};
        bool full = false;

        while (in.pos < in.size || full) {
                size_t room = s->left < STEP_BYTES ? s->left + 1 : STEP_BYTES;
                uint8_t *at = clew_buffer_reserve(s->out, room);
                ZSTD_outBuffer out = {.dst = at};

                if (!at)
                        return clew_buffer_error(s->out);
                room = s->out->capacity - s->out->len;
                out.size = room > s->left + 1 ? s->left + 1 : room;
                s->wanted = ZSTD_decompressStream(s->zstd, &out, &in);
                if (ZSTD_isError(s->wanted))
                        return bad(err, ZSTD_getErrorName(s->wanted));
                if (out.pos > s->left)
                        return clew_error_set(
                                err, -EMSGSIZE, 0,
                                "the request is larger than the limit after decompression");
                s->left -= out.pos;
                clew_buffer_commit(s->out, out.pos);
                /* There may be more inside. */
                full = s->wanted != 0 && out.pos == out.size;
        }
        return 0;
}

int clew_unzstd(const struct clew_slice *parts, size_t n, size_t max_bytes, struct clew_buffer *out,
                struct clew_error *err)
{
        size_t room = out->max_bytes - out->len;
        struct state s = {.out = out, .left = max_bytes, .wanted = 1};
        int r = 0;

        /* One byte more than is allowed must fit, or going over the limit would not show. */
        if (room == 0)
                return -EMSGSIZE;
        if (s.left > room - 1)
                s.left = room - 1;
        s.zstd = ZSTD_createDCtx();
        if (!s.zstd)
                return -ENOMEM;
        if (ZSTD_isError(ZSTD_DCtx_setParameter(s.zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
                r = -ENOMEM;
        if (r == 0 && !clew_buffer_reserve(out, clew_unzstd_hint(parts, n, s.left) + 1))
                r = clew_buffer_error(out);
        for (size_t i = 0; i < n && r == 0; i++)
                r = feed(&s, parts[i], err);
        ZSTD_freeDCtx(s.zstd);
        return r == 0 && s.wanted != 0 ? bad(err, "the stream is cut short") : r;
}
