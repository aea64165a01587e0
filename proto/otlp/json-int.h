/*
 * The shape of OTLP as tables: what the JSON reader and writer know about messages.
 *
 * Field numbers and names: opentelemetry-proto 1.9 (trace/v1, logs/v1, common/v1, resource/v1). A
 * field that is not here is unknown and travels as raw bytes.
 */
#ifndef CLEW_PROTO_OTLP_JSON_INT_H
#define CLEW_PROTO_OTLP_JSON_INT_H

#include "proto/base/slice.h"
#include "proto/otlp/walk.h"
#include "proto/otlp/wire.h"

#include <stdbool.h>
#include <stdint.h>

/* Key of the object member that carries fields unknown to the tables, as base64. */
#define CLEW_OTLP_JSON_UNKNOWN "unknownFields"

/* Open messages: 7 down to an attribute's value and at most 3 for each value nested in it. */
#define CLEW_OTLP_FRAMES_MAX (7u + 3u * CLEW_OTLP_DEPTH_MAX + 1u)
/* Field numbers in the tables are below this. */
#define CLEW_OTLP_NUMBERS_MAX 17u

enum clew_otlp_type {
        CLEW_OTLP_MESSAGE = 1,
        CLEW_OTLP_STRING,
        CLEW_OTLP_BYTES,    /* base64 */
        CLEW_OTLP_TRACE_ID, /* hex */
        CLEW_OTLP_SPAN_ID,  /* hex */
        CLEW_OTLP_BOOL,
        CLEW_OTLP_INT64,
        CLEW_OTLP_UINT32,
        CLEW_OTLP_ENUM,
        CLEW_OTLP_DOUBLE,
        CLEW_OTLP_FIXED64,
        CLEW_OTLP_FIXED32,
};

struct clew_otlp_enum_name {
        const char *name; /* as in the .proto file */
        uint32_t value;
};

struct clew_otlp_enum {
        const char *prefix; /* of every name; readers accept names without it */
        const struct clew_otlp_enum_name *names;
        size_t n;
};

struct clew_otlp_field {
        const char *name; /* NULL = no such field */
        uint8_t name_len;
        uint8_t type; /* enum clew_otlp_type */
        bool repeated;
        const struct clew_otlp_message *message; /* of CLEW_OTLP_MESSAGE */
        const struct clew_otlp_enum *names;      /* of CLEW_OTLP_ENUM */
};

struct clew_otlp_message {
        const char *name;
        const struct clew_otlp_field *fields; /* indexed by field number */
        uint8_t n_fields;                     /* highest number + 1 */
        bool is_any_value;                    /* all fields are one oneof */
        bool is_item;                         /* Span, LogRecord: can be refused alone */
        bool is_attribute;                    /* KeyValue: kept as sent, whatever it is */
};

/* TracesData or LogsData. */
const struct clew_otlp_message *clew_otlp_json_root(enum clew_otlp_signal signal);

/* Wire type (0 varint, 1 fixed64, 2 bytes, 5 fixed32) of values of @type. */
static inline uint32_t clew_otlp_wire_type(uint8_t type)
{
        switch ((enum clew_otlp_type)type) {
        case CLEW_OTLP_BOOL:
        case CLEW_OTLP_INT64:
        case CLEW_OTLP_UINT32:
        case CLEW_OTLP_ENUM:
                return 0;
        case CLEW_OTLP_DOUBLE:
        case CLEW_OTLP_FIXED64:
                return 1;
        case CLEW_OTLP_FIXED32:
                return 5;
        case CLEW_OTLP_MESSAGE:
        case CLEW_OTLP_STRING:
        case CLEW_OTLP_BYTES:
        case CLEW_OTLP_TRACE_ID:
        case CLEW_OTLP_SPAN_ID:
                break;
        }
        return 2;
}

/* One field of an encoded message. */
struct clew_otlp_wire {
        uint32_t number;
        uint32_t type;
        struct clew_slice raw;   /* tag and value */
        struct clew_slice bytes; /* content of wire type 2 */
        uint64_t value;          /* of wire types 0, 1, 5 */
};

/* Reads the field at offset *at of @message and moves behind it. False when it is malformed. */
CLEW_MUST_USE static inline bool clew_otlp_wire_next(struct clew_slice message, size_t *at,
                                                     struct clew_otlp_wire *ret)
{
        struct clew_cursor c = clew_cursor_make(clew_slice_from(message, *at));
        const uint8_t *start = c.at;
        struct clew_field f;

        if (!clew_field_next(&c, &f))
                return false;
        *ret = (struct clew_otlp_wire){
                .number = f.number,
                .type = f.wire,
                .raw = clew_slice_make(start, (size_t)(c.at - start)),
                .bytes = f.bytes,
                .value = f.value,
        };
        *at += ret->raw.len;
        return true;
}

#endif
