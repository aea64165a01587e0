/*
 * zstd under an output limit (RFC 8878). Frames in a row are one message, skippable frames hold
 * nothing. The window is bounded, so a frame that asks for more is refused before it gets any.
 */
#ifndef CLEW_COLLECTOR_UNZSTD_H
#define CLEW_COLLECTOR_UNZSTD_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

#include <stddef.h>

#define CLEW_ZSTD_MAGIC "\x28\xb5\x2f\xfd"

/* See clew_encoding_undo(). */
CLEW_MUST_USE int clew_unzstd(const struct clew_slice *parts, size_t n, size_t max_bytes,
                              struct clew_buffer *out, struct clew_error *err);
/* What the first frame says about its size: a hint, at most @max_bytes. */
size_t clew_unzstd_hint(const struct clew_slice *parts, size_t n, size_t max_bytes);

#endif
