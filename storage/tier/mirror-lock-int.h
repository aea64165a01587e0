/*
 * The lock of a mirror: one process brings it to what the bucket has at a time.
 */
#ifndef CLEW_STORAGE_TIER_MIRROR_LOCK_INT_H
#define CLEW_STORAGE_TIER_MIRROR_LOCK_INT_H

#include "proto/base/compiler.h"
#include "proto/base/error.h"

#include <stdint.h>

/*
 * Makes the directory @dir when it is not there, and locks it; the lock goes with @ret_fd, the
 * caller's. Waits as long as the process that has it gets on: until the file of the store there has
 * not changed for @patience_ns, and for twenty times that at the most. Then -EBUSY with a message
 * that names the process.
 */
CLEW_MUST_USE int clew_mirror_lock(const char *dir, uint64_t patience_ns, int *ret_fd,
                                   struct clew_error *err);

#endif
