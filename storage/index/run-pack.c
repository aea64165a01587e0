/*
 * See run-pack-int.h.
 */
#include "storage/index/run-pack-int.h"

#include "proto/base/cursor.h"

#include <errno.h>
#include <zstd.h>

/* The fastest: a higher one takes twice the time for a fiftieth of the bytes. */
#define LEVEL 1
/* What becomes less than an eighth shorter is read as it is: unpacking it takes longer than reading
 * the bytes that it saves. */
#define WORTH(packed, plain) ((packed) < (plain) - (plain) / 8)

void clew_run_packer_deinit(struct clew_run_packer *p)
{
        ZSTD_freeCCtx(p->packing);
        ZSTD_freeDCtx(p->unpacking);
        *p = (struct clew_run_packer){0};
}

int clew_run_pack(struct clew_run_packer *p, struct clew_buffer *front, struct clew_buffer *room)
{
        size_t bound = ZSTD_compressBound(front->len);
        struct clew_slice frame;
        uint8_t *to;
        size_t n;

        if (!p->packing)
                p->packing = ZSTD_createCCtx();
        clew_buffer_clear(room);
        to = clew_buffer_reserve(room, bound);
        if (!p->packing || !to)
                return -ENOMEM;
        n = ZSTD_compressCCtx(p->packing, to, bound, front->data, front->len, LEVEL);
        if (ZSTD_isError(n))
                return -ENOMEM;
        frame = clew_slice_make(to, n);
        if (WORTH(1 + clew_varint_size(n) + n, front->len)) {
                clew_buffer_clear(front);
                clew_buffer_append_byte(front, 0);
                clew_buffer_append_varint(front, n);
                clew_buffer_append_slice(front, frame);
        }
        return clew_buffer_error(front);
}

int clew_run_unpack(struct clew_run_packer *p, struct clew_slice block, struct clew_buffer *ret,
                    struct clew_slice *ret_behind)
{
        struct clew_cursor c = clew_cursor_make(clew_slice_from(block, 1));
        struct clew_slice frame = clew_cursor_bytes(&c, clew_cursor_varint(&c));
        unsigned long long len = ZSTD_getFrameContentSize(frame.data, frame.len);
        uint8_t *to;
        size_t n;

        clew_buffer_clear(ret);
        if (c.failed || len == ZSTD_CONTENTSIZE_UNKNOWN || len == ZSTD_CONTENTSIZE_ERROR ||
            len > ret->max_bytes)
                return -EBADMSG;
        to = clew_buffer_reserve(ret, (size_t)len);
        if (!to)
                return -ENOMEM;
        if (p && !p->unpacking)
                p->unpacking = ZSTD_createDCtx();
        n = p && p->unpacking
                    ? ZSTD_decompressDCtx(p->unpacking, to, (size_t)len, frame.data, frame.len)
                    : ZSTD_decompress(to, (size_t)len, frame.data, frame.len);
        if (n != len)
                return -EBADMSG;
        clew_buffer_commit(ret, n);
        *ret_behind = clew_slice_make(c.at, clew_cursor_left(&c));
        return 0;
}
