/*
 * What all bytes of this room begin and end with, in the bucket and between nodes: eight bytes that
 * say what they are, and a checksum of all that is before it.
 */
#ifndef CLEW_STORAGE_TIER_FRAME_INT_H
#define CLEW_STORAGE_TIER_FRAME_INT_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/cursor.h"
#include "proto/base/ids.h"

#include <stdbool.h>

#define CLEW_FRAME_MAGIC_BYTES 8u
#define CLEW_FRAME_CHECK_BYTES 8u

/* Begins at the end of @out; returns where, for the end. */
size_t clew_frame_begin(struct clew_buffer *out, const char magic[CLEW_FRAME_MAGIC_BYTES + 1]);
void clew_frame_end(struct clew_buffer *out, size_t from);
/* What stands between; false: @bytes are something else, or not as they were written. */
CLEW_MUST_USE bool clew_frame_read(struct clew_slice bytes,
                                   const char magic[CLEW_FRAME_MAGIC_BYTES + 1],
                                   struct clew_cursor *ret);
/* The id of a trace; false, with a cursor that failed: there is none. */
CLEW_MUST_USE bool clew_cursor_trace_id(struct clew_cursor *c, struct clew_trace_id *ret);

#endif
