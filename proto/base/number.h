/*
 * Text to numbers and back, without locale, without surprises: the only place that calls strtod().
 *
 * Text must be consumed whole: "12x", "", " 1" and "+1" are refused. Ranges are checked, nothing
 * wraps or saturates silently.
 */
#ifndef CLEW_PROTO_BASE_NUMBER_H
#define CLEW_PROTO_BASE_NUMBER_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Longest text that clew_format_double() makes, with the final NUL. */
#define CLEW_DOUBLE_TEXT_MAX 32u

/* Decimal digits, a leading '-' for the signed one. False when anything else or out of range. */
CLEW_MUST_USE bool clew_parse_uint64(struct clew_slice text, uint64_t *ret);
CLEW_MUST_USE bool clew_parse_int64(struct clew_slice text, int64_t *ret);

/*
 * A JSON number (leading zeros and a bare "." are tolerated), or NaN, Infinity, -Infinity. The
 * result is the nearest double; overflow gives an infinity, as IEEE rounding does.
 */
CLEW_MUST_USE bool clew_parse_double(struct clew_slice text, double *ret);

/*
 * How much of @text is a number, for text that may have been cut off: the longest prefix that
 * clew_parse_double() takes ("1e" gives "1", "-" nothing; digits beyond its limit are left out).
 * Work is linear in text.len.
 */
size_t clew_number_prefix(struct clew_slice text);

/* The shortest decimal text that reads back as @v, valid JSON for finite values ("NaN", "Infinity"
 * and "-Infinity" otherwise). Returns its length. */
size_t clew_format_double(double v, char ret[CLEW_DOUBLE_TEXT_MAX]);
/* Decimal text without a final NUL; at most 20 bytes. Returns its length. */
size_t clew_format_uint64(uint64_t v, char *ret);

/* 16 lower-case hex digits, as names of objects have them; nothing behind @digits[15] is read. */
CLEW_MUST_USE bool clew_parse_hex16(const char *digits, uint64_t *ret);

#endif
