/*
 * Trace and span ids: 16 and 8 byte values (W3C Trace Context), never strings inside the program.
 */
#ifndef CLEW_PROTO_BASE_IDS_H
#define CLEW_PROTO_BASE_IDS_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEW_TRACE_ID_BYTES 16u
#define CLEW_SPAN_ID_BYTES 8u
#define CLEW_TRACE_ID_HEX (2 * CLEW_TRACE_ID_BYTES + 1) /* with the final NUL */
#define CLEW_SPAN_ID_HEX (2 * CLEW_SPAN_ID_BYTES + 1)

struct clew_trace_id {
        uint8_t bytes[CLEW_TRACE_ID_BYTES];
};

struct clew_span_id {
        uint8_t bytes[CLEW_SPAN_ID_BYTES];
};

static inline bool clew_trace_id_eq(const struct clew_trace_id *a, const struct clew_trace_id *b)
{
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static inline bool clew_span_id_eq(const struct clew_span_id *a, const struct clew_span_id *b)
{
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool clew_trace_id_is_zero(const struct clew_trace_id *id);
bool clew_span_id_is_zero(const struct clew_span_id *id);

/* False when @s has another length than an id; @ret is then untouched. */
CLEW_MUST_USE bool clew_trace_id_from_bytes(struct clew_slice s, struct clew_trace_id *ret);
CLEW_MUST_USE bool clew_span_id_from_bytes(struct clew_slice s, struct clew_span_id *ret);

/* Lower-case hex with a final NUL. */
void clew_trace_id_to_hex(const struct clew_trace_id *id, char ret[CLEW_TRACE_ID_HEX]);
void clew_span_id_to_hex(const struct clew_span_id *id, char ret[CLEW_SPAN_ID_HEX]);
void clew_hex_encode(struct clew_slice s, char *ret); /* 2 * s.len + 1 bytes */

/* 0 to 15 for a hex digit in any case, -1 for another character. */
static inline int clew_hex_digit(int c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Hex in any case. False when @hex is not 2 * @n hex digits. */
CLEW_MUST_USE bool clew_hex_decode(struct clew_slice hex, uint8_t *ret, size_t n);

#endif
