/*
 * SHA-256 (FIPS 180-4): names of content that others may choose, and sums that people check with
 * `sha256sum`. For checksums of our own records hash.h is fifty times cheaper.
 */
#ifndef CLEW_PROTO_BASE_SHA256_H
#define CLEW_PROTO_BASE_SHA256_H

#include "proto/base/slice.h"

#include <stddef.h>
#include <stdint.h>

#define CLEW_SHA256_BYTES 32u
#define CLEW_SHA256_HEX (2 * CLEW_SHA256_BYTES + 1) /* with the final NUL */

struct clew_sha256 {
        uint32_t state[8];
        uint8_t block[64];
        size_t n_block; /* bytes waiting in block */
        uint64_t n_bytes;
};

void clew_sha256_init(struct clew_sha256 *h);
void clew_sha256_add(struct clew_sha256 *h, struct clew_slice s);
/* Ends it; @h is to be initialised before it is used again. */
void clew_sha256_end(struct clew_sha256 *h, uint8_t ret[CLEW_SHA256_BYTES]);

void clew_sha256_of(struct clew_slice s, uint8_t ret[CLEW_SHA256_BYTES]);

#endif
