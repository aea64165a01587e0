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

/*
 * Checks the field @f of a message of @type: its wire type and, when it is a sub-message,
 * everything below it. Returns 0, -EBADMSG or -E2BIG (depth) with the error filled.
 */
CLEW_MUST_USE int clew_check_field(const struct clew_check *check, enum clew_message type,
                                   const struct clew_field *f);

/* Checks the whole of @raw as a message of @type. */
CLEW_MUST_USE int clew_check_message(const struct clew_check *check, enum clew_message type,
                                     struct clew_slice raw);

/* Fills the error for a malformed field that begins at @at; returns -EBADMSG. */
int clew_check_bad(const struct clew_check *check, const char *message, const uint8_t *at,
                   const char *what);

#endif
