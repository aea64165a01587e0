/*
 * gzip under an output limit.
 *
 * The peer chooses how much comes out of a compressed message, so nothing here believes it: output
 * is counted as it appears and stops at the limit; the length stated at the end of a gzip member is
 * used only as a hint for how much room to reserve, and never beyond what deflate can produce from
 * the input. Truncated streams and bytes behind the last member are refused. Several members in a
 * row are one message (RFC 1952, section 2.2).
 */
#ifndef CLEW_COLLECTOR_INFLATE_H
#define CLEW_COLLECTOR_INFLATE_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

#include <stddef.h>

/*
 * Appends what @parts (one gzip stream in @n pieces, in order) holds to @out, at most @max_bytes.
 * Returns 0; -EMSGSIZE when more would come out; -EBADMSG malformed, truncated or followed by other
 * bytes; -ENOMEM. On failure @out may hold a part of the output.
 */
CLEW_MUST_USE int clew_inflate_gzip(const struct clew_slice *parts, size_t n, size_t max_bytes,
                                    struct clew_buffer *out, struct clew_error *err);

/* The same for one zlib stream (RFC 1950). */
CLEW_MUST_USE int clew_inflate_zlib(const struct clew_slice *parts, size_t n, size_t max_bytes,
                                    struct clew_buffer *out, struct clew_error *err);

/* What a gzip stream says about its size: a hint, at most @max_bytes. */
size_t clew_inflate_hint(const struct clew_slice *parts, size_t n, size_t max_bytes);

#endif
