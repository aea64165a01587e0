/*
 * The inside of what is kept of a bucket, for tier-map.c and tier-map-wipe.c.
 */
#ifndef CLEW_STORAGE_TIER_MAP_STRUCT_INT_H
#define CLEW_STORAGE_TIER_MAP_STRUCT_INT_H

#include "proto/base/error.h"

#include <limits.h>
#include <lmdb.h>
#include <stddef.h>
#include <stdint.h>

struct clew_tier_map {
        MDB_env *env;
        MDB_dbi dbi;
        uint64_t cache_bytes;
        size_t page_bytes;
        char path[PATH_MAX];
};

/* Maps what LMDB says to a negative errno, and fills @err. */
int clew_tier_map_fail(const struct clew_tier_map *m, int rc, const char *doing,
                       struct clew_error *err);

#endif
