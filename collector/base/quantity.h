/*
 * Quantities as people write them in flags and config files: counts, sizes with a binary suffix
 * ("64MiB"), durations with a unit ("10s"). Whole-string: what is left over is an error.
 */
#ifndef CLEW_COLLECTOR_QUANTITY_H
#define CLEW_COLLECTOR_QUANTITY_H

#include "proto/base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits only. */
CLEW_MUST_USE bool clew_quantity_count(const char *s, uint64_t *ret);
/* Digits, then nothing or B, KiB, MiB, GiB (also K, M, G: the same powers of 1024). */
CLEW_MUST_USE bool clew_quantity_bytes(const char *s, uint64_t *ret);
/* Digits, then ms, s, m or h. "0" needs no unit. */
CLEW_MUST_USE bool clew_quantity_duration_ns(const char *s, uint64_t *ret);

#endif
