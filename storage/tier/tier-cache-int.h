/*
 * Bytes of segments that were read back, kept in files of `objects/read/`, up to a limit: those
 * that nobody has asked for longest give way. Only what verifies is taken from here, so nothing is
 * relied on: no order of writes, no sync, no times. What was deleted or redacted is written over
 * with zeros before its file goes.
 *
 * Several processes may have it open.
 */
#ifndef CLEW_STORAGE_TIER_CACHE_INT_H
#define CLEW_STORAGE_TIER_CACHE_INT_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

#include <pthread.h>
#include <stdint.h>

struct clew_tier_cache {
        int fd; /* of its directory; -1 = there is none */
        uint64_t max_bytes;
        pthread_mutex_t lock;
        uint64_t bytes; /* in it, as far as this process knows; guarded by lock */
};

/* In directory @dir, made when it is not there and @create is set. 0, also without one; else an
 * error. */
CLEW_MUST_USE int clew_tier_cache_open(struct clew_tier_cache *c, const char *dir,
                                       uint64_t max_bytes, bool create, struct clew_error *err);
void clew_tier_cache_close(struct clew_tier_cache *c);

/* Appends what is kept of @segment, to be verified; -ENOENT, -ENOMEM. */
CLEW_MUST_USE int clew_tier_cache_get(struct clew_tier_cache *c, uint64_t segment,
                                      struct clew_buffer *out);
/* Keeps it, if there is room; a failure is that it is not kept. */
void clew_tier_cache_put(struct clew_tier_cache *c, uint64_t segment, struct clew_slice bytes);
/* Its bytes are nowhere in the file afterwards. 0, also when it was not there. */
CLEW_MUST_USE int clew_tier_cache_erase(struct clew_tier_cache *c, uint64_t segment,
                                        struct clew_error *err);
/* Bytes that are kept, counted anew. */
uint64_t clew_tier_cache_bytes(struct clew_tier_cache *c);

#endif
