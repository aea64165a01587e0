/*
 * snappy under an output limit: one block (format_description.txt of the project), or the framing
 * format (framing_format.txt), whose first bytes tell. A block says its size first; one that no
 * block of its length can reach is refused before anything is reserved.
 */
#ifndef CLEW_COLLECTOR_UNSNAPPY_H
#define CLEW_COLLECTOR_UNSNAPPY_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

#include <stddef.h>

#define CLEW_SNAPPY_MAGIC "\xff\x06\x00\x00sNaPpY"

/* See clew_encoding_undo(). */
CLEW_MUST_USE int clew_unsnappy(const struct clew_slice *parts, size_t n, size_t max_bytes,
                                struct clew_buffer *out, struct clew_error *err);

#endif
