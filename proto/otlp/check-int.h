/*
 * The deep check of one OTLP message: lengths, wire types of known fields, depth; iterative.
 */
#ifndef CLEW_PROTO_OTLP_CHECK_INT_H
#define CLEW_PROTO_OTLP_CHECK_INT_H

#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "proto/otlp/wire.h"

#include <stdint.h>

enum clew_message {
        CLEW_MESSAGE_NONE, /* the field is no sub-message */
        CLEW_MESSAGE_RESOURCE,
        CLEW_MESSAGE_ENTITY_REF,
        CLEW_MESSAGE_SCOPE,
        CLEW_MESSAGE_KEY_VALUE,
        CLEW_MESSAGE_ANY_VALUE,
        CLEW_MESSAGE_ARRAY_VALUE,
        CLEW_MESSAGE_KEY_VALUE_LIST,
        CLEW_MESSAGE_EVENT,
        CLEW_MESSAGE_LINK,
        CLEW_MESSAGE_STATUS,
        CLEW_MESSAGE_SPAN,
        CLEW_MESSAGE_LOG_RECORD,
        CLEW_MESSAGE_MAX,
};

/* What a check reports into. Positions in errors are offsets from @base. */
struct clew_check {
        const uint8_t *base;
        struct clew_error *err; /* may be NULL */
};

/* "Span", "KeyValue", ... */
const char *clew_message_name(enum clew_message type);

/* "KeyValue" in nearly every case: a short key, a scalar or short text, nothing else. True when
 * @raw has exactly that shape and is well-formed; false decides nothing. */
CLEW_MUST_USE static inline bool clew_check_plain_pair(struct clew_slice raw)
{
        const uint8_t *p = raw.data;
        size_t n = raw.len;
        size_t key;

        /* 0a KEYLEN key... 12 VALUELEN value..., the lengths below 128 and adding up */
        if (n < 4 || p[0] != 0x0a || p[1] >= 0x80 || (key = p[1]) > n - 4)
                return false;
        p += 2 + key;
        n -= 2 + key;
        if (p[0] != 0x12 || p[1] >= 0x80 || p[1] != n - 2)
                return false;
        p += 2;
        n -= 2;
        if (n < 2)
                return n == 0; /* an empty AnyValue; one byte cannot be a field */
        switch (p[0]) {
        case 0x0a: /* string_value; of less than 128 bytes, since all of the value is */
                return p[1] == n - 2;
        case 0x10: /* bool_value */
        case 0x18: /* int_value */
                for (size_t i = 1; i + 1 < n; i++) {
                        if (p[i] < 0x80)
                                return false;
                }
                return n <= 11 && p[n - 1] < 0x80;
        case 0x21: /* double_value */
                return n == 9;
        default:
                return false;
        }
}

/* Moves @c past attributes of that shape that follow each other under the one-byte tag @tag. */
static inline void clew_check_skip_plain_pairs(struct clew_cursor *c, uint8_t tag)
{
        const uint8_t *at = c->at;

        while (c->end - at >= 2 && at[0] == tag && at[1] < 0x80 && at[1] <= c->end - at - 2 &&
               clew_check_plain_pair(clew_slice_make(at + 2, at[1])))
                at += 2 + at[1];
        c->at = at;
}

/* Checks the whole of @raw as a message of @type. */
CLEW_MUST_USE int clew_check_message(const struct clew_check *check, enum clew_message type,
                                     struct clew_slice raw);

/* Fills the error for a malformed field that begins at @at; returns -EBADMSG. */
int clew_check_bad(const struct clew_check *check, const char *message, const uint8_t *at,
                   const char *what);

#endif
