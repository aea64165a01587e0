/*
 * Advisory locks on files of one's own (flock), waited for in a time that has an end.
 *
 * Who holds one may have been stopped, or may be a backup program that locks what it reads: whoever
 * serves others meanwhile says so instead of waiting for it.
 */
#ifndef CLEW_PROTO_BASE_FILE_LOCK_H
#define CLEW_PROTO_BASE_FILE_LOCK_H

#include "proto/base/clock.h"
#include "proto/base/compiler.h"

/* A line is added in the time of one sync; nobody keeps another from its answer for longer. */
#define CLEW_FILE_LOCK_NS (2 * CLEW_NS_PER_S)

/*
 * @how: LOCK_SH or LOCK_EX. The lock goes with the last descriptor of @fd. 0; -ETIMEDOUT: another
 * has held it for @wait_ns; or what the system said.
 */
CLEW_MUST_USE int clew_file_lock(int fd, int how, uint64_t wait_ns);

#endif
