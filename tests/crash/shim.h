/*
 * What a driver can ask of the LD_PRELOAD shim. All are weak: without the shim they are NULL.
 */
#ifndef CLEW_TESTS_CRASH_SHIM_H
#define CLEW_TESTS_CRASH_SHIM_H

#include <stdint.h>

/* Writes a mark into the log: what is acknowledged (or begun) from here on. */
__attribute__((weak, visibility("default"))) void clew_shim_mark(char kind, uint64_t value);
/* The k-th write or sync from now (1 = the next) fails with @error; 0 disarms. With @sticky every
 * later one fails too; with @torn a failing write leaves its first half behind. */
__attribute__((weak, visibility("default"))) void clew_shim_arm(uint64_t k, int error, int sticky,
                                                                int torn);
/* Writes and syncs seen since the last clew_shim_arm(). */
__attribute__((weak, visibility("default"))) uint64_t clew_shim_count(void);
/* How many of them were made to fail. */
__attribute__((weak, visibility("default"))) uint64_t clew_shim_fired(void);

#endif
