/*
 * What people type to name a trace or a step.
 *
 *   7f3a            a prefix of the trace id, four hex digits or more
 *   7f3a#9          its step 9, in tree order
 *   7f3a:00f0       the step whose span id begins so
 *   00-<id>-<span>-01   a W3C traceparent
 *   https://...     a pasted link that holds an id of 32 hex digits (also written as a UUID)
 *   @  @2           the newest trace, the one before
 */
#ifndef CLEW_QUERY_SERVE_TARGET_H
#define CLEW_QUERY_SERVE_TARGET_H

#include "proto/base/error.h"
#include "proto/base/ids.h"

#include <stdbool.h>
#include <stdint.h>

/* Fewer digits would match by accident, and a step number could be taken for an id. */
#define CLEW_TARGET_DIGITS_MIN 4u
/* `@N` counts back through the list; more is a search, not an address. */
#define CLEW_TARGET_BACK_MAX 100000u
/* No one types more; a pasted link may be long. */
#define CLEW_TARGET_TEXT_MAX 8192u

struct clew_target {
        uint32_t back; /* 1 = newest, 2 = the one before ...; 0 = by prefix */
        struct clew_trace_id prefix;
        unsigned n_digits; /* hex digits of prefix that count */

        uint32_t step; /* 1-based; 0 = none given */
        struct clew_span_id span;
        unsigned n_span_digits; /* 0 = none given */
};

/* Returns 0, or -EINVAL with a message that says what is wrong (it never repeats the text). */
CLEW_MUST_USE int clew_target_parse(const char *text, struct clew_target *ret,
                                    struct clew_error *err);

/* The digits of the trace id that were typed, lower-case. */
void clew_target_digits(const struct clew_target *target, char ret[CLEW_TRACE_ID_HEX]);

/* True when the first @n_digits hex digits of both ids are equal. */
bool clew_hex_prefix_matches(const uint8_t *id, const uint8_t *prefix, unsigned n_digits);

#endif
