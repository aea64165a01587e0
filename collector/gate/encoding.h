/*
 * Content encodings of requests: their names, how they are recognised, and how they are undone
 * under an output limit. The peer chooses how much comes out of a compressed message, so nothing
 * here believes it: output is counted as it appears and stops at the limit.
 */
#ifndef CLEW_COLLECTOR_ENCODING_H
#define CLEW_COLLECTOR_ENCODING_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>

enum clew_encoding {
        CLEW_ENCODING_IDENTITY,
        CLEW_ENCODING_GZIP,
        CLEW_ENCODING_DEFLATE, /* RFC 1950: what HTTP means by that name (RFC 9110, 8.4.1.2) */
        CLEW_ENCODING_ZSTD,
        CLEW_ENCODING_SNAPPY, /* one block, or the framing format, as the bytes tell */
        CLEW_ENCODINGS
};

/* For messages to people, and for `Accept-Encoding`. */
#define CLEW_ENCODING_NAMES "gzip, deflate, zstd, snappy"

/* The encoding that HTTP calls @name, in any case; "" is none. False when it is none of ours. */
CLEW_MUST_USE bool clew_encoding_by_name(struct clew_slice name, enum clew_encoding *ret);

/* What the first bytes say, where no header does: identity unless they are the magic of zstd or of
 * framed snappy, with which no request begins. */
enum clew_encoding clew_encoding_sniff(struct clew_slice first);

/*
 * Appends what @parts (one stream in @n pieces, in order) holds to @out, at most @max_bytes.
 * Returns 0; -EMSGSIZE when more would come out; -EBADMSG malformed, truncated or followed by other
 * bytes; -ENOMEM. On failure @out may hold a part of the output. Not for identity.
 */
CLEW_MUST_USE int clew_encoding_undo(enum clew_encoding encoding, const struct clew_slice *parts,
                                     size_t n, size_t max_bytes, struct clew_buffer *out,
                                     struct clew_error *err);

/* What the stream says about its size: a hint, at most @max_bytes. */
size_t clew_encoding_hint(enum clew_encoding encoding, const struct clew_slice *parts, size_t n,
                          size_t max_bytes);

#endif
