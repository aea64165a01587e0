/*
 * The fields of one protobuf message, one after the other, without copying.
 *
 * Stricter than protobuf runtimes where leniency serves nobody: tags and lengths take at most five
 * bytes, field number 0 and groups (wire types 3 and 4, which proto3 does not have) are malformed.
 * So whatever this reader accepts, protobuf-c accepts too.
 *
 * Field numbers of OTLP that several files need are named at the end.
 */
#ifndef CLEW_PROTO_OTLP_WIRE_H
#define CLEW_PROTO_OTLP_WIRE_H

#include "proto/base/cursor.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum clew_wire {
        CLEW_WIRE_VARINT = 0,
        CLEW_WIRE_FIXED64 = 1,
        CLEW_WIRE_BYTES = 2,
        CLEW_WIRE_FIXED32 = 5,
};

/* A tag or a length never needs more: both are 32-bit values. */
#define CLEW_WIRE_SHORT_VARINT_MAX 5u

struct clew_field {
        const uint8_t *start;    /* first byte of the tag; the field ends where the cursor stands */
        uint32_t number;         /* 1 .. 2^29-1 */
        uint32_t wire;           /* enum clew_wire */
        uint64_t value;          /* VARINT, FIXED64, FIXED32 */
        struct clew_slice bytes; /* BYTES; borrowed from the cursor's bytes */
};

/* A varint of at most five bytes: tags and lengths. */
static inline uint64_t clew_wire_short_varint(struct clew_cursor *c)
{
        uint64_t v = 0;

        for (unsigned shift = 0; shift < 7 * CLEW_WIRE_SHORT_VARINT_MAX; shift += 7) {
                uint8_t b;

                if (CLEW_UNLIKELY(c->at == c->end))
                        break;
                b = *c->at++;
                v |= (uint64_t)(b & 0x7f) << shift;
                if (CLEW_LIKELY(b < 0x80))
                        return v;
        }
        clew_cursor_fail(c);
        return 0;
}

/* Reads the next field. False at the end of the message and on malformed bytes; c->failed tells
 * the two apart, and ret->start then points at the tag of the field that is wrong. */
static inline bool clew_field_next(struct clew_cursor *c, struct clew_field *ret)
{
        uint64_t tag;

        if (c->at == c->end)
                return false;
        ret->start = c->at;
        tag = clew_wire_short_varint(c);
        ret->number = (uint32_t)(tag >> 3);
        ret->wire = (uint32_t)(tag & 7);
        ret->value = 0;
        ret->bytes = CLEW_SLICE_NULL;
        if (CLEW_UNLIKELY(ret->number == 0 || tag > UINT32_MAX)) {
                clew_cursor_fail(c);
                return false;
        }
        switch (ret->wire) {
        case CLEW_WIRE_BYTES:
                ret->bytes = clew_cursor_bytes(c, clew_wire_short_varint(c));
                break;
        case CLEW_WIRE_VARINT:
                ret->value = clew_cursor_varint(c);
                break;
        case CLEW_WIRE_FIXED64:
                ret->value = clew_cursor_le64(c);
                break;
        case CLEW_WIRE_FIXED32:
                ret->value = clew_cursor_le32(c);
                break;
        default:
                clew_cursor_fail(c);
        }
        return !c->failed;
}

/* Field number and wire type in one value, for a switch over clew_field_label(). */
#define CLEW_LABEL_VARINT(n) ((uint32_t)(n) << 3 | CLEW_WIRE_VARINT)
#define CLEW_LABEL_FIXED64(n) ((uint32_t)(n) << 3 | CLEW_WIRE_FIXED64)
#define CLEW_LABEL_BYTES(n) ((uint32_t)(n) << 3 | CLEW_WIRE_BYTES)
#define CLEW_LABEL_FIXED32(n) ((uint32_t)(n) << 3 | CLEW_WIRE_FIXED32)

static inline uint32_t clew_field_label(const struct clew_field *f)
{
        return f->number << 3 | f->wire;
}

/* TracesData, LogsData, ResourceSpans, ResourceLogs, ScopeSpans, ScopeLogs have one shape. */
enum {
        CLEW_FIELD_DATA_RESOURCES = 1, /* TracesData.resource_spans, LogsData.resource_logs */
        CLEW_FIELD_ENVELOPE_HEAD = 1,  /* ResourceSpans.resource, ScopeSpans.scope */
        CLEW_FIELD_ENVELOPE_ITEMS = 2, /* ResourceSpans.scope_spans, ScopeSpans.spans */
        CLEW_FIELD_ENVELOPE_SCHEMA_URL = 3,
        /* ResourceSpans.instrumentation_library_spans of 0.15 to 0.19, beside or instead of
         * scope_spans: another name for the same shape. Before, it was number 2. */
        CLEW_FIELD_RESOURCE_ITEMS_OLD = 1000,
        /* TracesData: our own, in stored bytes alone (query/model/left-out.h). The walk drops what
         * it does not know at this level, so no sender can write it. */
        CLEW_FIELD_DATA_LEFT_OUT = 1500,
};

#endif
