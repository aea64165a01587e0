#include "proto/base/hash.h"

#include <xxhash.h>

uint64_t clew_hash(struct clew_slice s)
{
        return XXH3_64bits(s.data, s.len);
}

uint64_t clew_hash_seeded(struct clew_slice s, uint64_t seed)
{
        return XXH3_64bits_withSeed(s.data, s.len, seed);
}

uint64_t clew_checksum(struct clew_slice key, struct clew_slice value)
{
        return clew_hash_seeded(value, clew_hash(key));
}
