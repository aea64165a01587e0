/*
 * XXH3 (64 bit): checksums bound to keys, and content hashes. Not a defence against forgery.
 */
#ifndef CLEW_PROTO_BASE_HASH_H
#define CLEW_PROTO_BASE_HASH_H

#include "proto/base/slice.h"

#include <stdint.h>

uint64_t clew_hash(struct clew_slice s);
uint64_t clew_hash_seeded(struct clew_slice s, uint64_t seed);
/* Checksum of @value bound to @key: a value moved under another key does not verify. */
uint64_t clew_checksum(struct clew_slice key, struct clew_slice value);

#endif
