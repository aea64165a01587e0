/*
 * What mixes blocks into the state of a SHA-256: in plain C, and with the instructions that x86
 * processors have for it, eight times as fast (sha256-x86.c).
 */
#ifndef CLEW_PROTO_BASE_SHA256_INT_H
#define CLEW_PROTO_BASE_SHA256_INT_H

#include "proto/base/sha256.h"

#include <stdbool.h>

#define CLEW_SHA256_BLOCK 64u

extern const uint32_t clew_sha256_k[64];

/* @n blocks at @p. */
void clew_sha256_mix_plain(uint32_t state[8], const uint8_t *p, size_t n);

/* Whether this processor has them. */
bool clew_sha256_has_x86(void);
/* Only where it has. */
void clew_sha256_mix_x86(uint32_t state[8], const uint8_t *p, size_t n);

#endif
