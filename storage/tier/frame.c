#include "storage/tier/frame-int.h"

#include "proto/base/hash.h"

#include <string.h>

size_t clew_frame_begin(struct clew_buffer *out, const char magic[CLEW_FRAME_MAGIC_BYTES + 1])
{
        size_t from = out->len;

        clew_buffer_append(out, magic, CLEW_FRAME_MAGIC_BYTES);
        return from;
}

void clew_frame_end(struct clew_buffer *out, size_t from)
{
        if (clew_buffer_error(out) == 0)
                clew_buffer_append_le64(
                        out, clew_hash(clew_slice_make(out->data + from, out->len - from)));
}

bool clew_frame_read(struct clew_slice bytes, const char magic[CLEW_FRAME_MAGIC_BYTES + 1],
                     struct clew_cursor *ret)
{
        struct clew_cursor sum;

        if (bytes.len < CLEW_FRAME_MAGIC_BYTES + CLEW_FRAME_CHECK_BYTES ||
            memcmp(bytes.data, magic, CLEW_FRAME_MAGIC_BYTES) != 0)
                return false;
        sum = clew_cursor_make(clew_slice_from(bytes, bytes.len - CLEW_FRAME_CHECK_BYTES));
        bytes.len -= CLEW_FRAME_CHECK_BYTES;
        *ret = clew_cursor_make(clew_slice_from(bytes, CLEW_FRAME_MAGIC_BYTES));
        return clew_cursor_le64(&sum) == clew_hash(bytes);
}

bool clew_cursor_trace_id(struct clew_cursor *c, struct clew_trace_id *ret)
{
        return clew_trace_id_from_bytes(clew_cursor_bytes(c, CLEW_TRACE_ID_BYTES), ret);
}
