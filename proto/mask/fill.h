/*
 * What stands in the place of a text that was taken out, in the same number of bytes, where lengths
 * must not change: "[redacted:" and a keyed hash, as far as there is room; in a short place "*",
 * the hash, "*". No rule of mask.h finds either.
 */
#ifndef CLEW_PROTO_MASK_FILL_H
#define CLEW_PROTO_MASK_FILL_H

#include "proto/base/sha256.h"
#include "proto/base/slice.h"

#include <stddef.h>
#include <stdint.h>

#define CLEW_MASK_KEY_BYTES 32u

/* Of key and text; nobody who has not the key can try texts out. */
void clew_mask_hash(struct clew_slice text, const uint8_t key[CLEW_MASK_KEY_BYTES],
                    uint8_t ret[CLEW_SHA256_BYTES]);
/* Fills @n bytes at @to, which may be those of @text. */
void clew_mask_fill(struct clew_slice text, const uint8_t key[CLEW_MASK_KEY_BYTES], uint8_t *to,
                    size_t n);
/* The same of digits and small letters alone: within hex and base64. */
void clew_mask_fill_digits(struct clew_slice text, const uint8_t key[CLEW_MASK_KEY_BYTES],
                           uint8_t *to, size_t n);

#endif
