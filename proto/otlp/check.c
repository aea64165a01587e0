/*
 * The deep check. One table says what each field of each message is; one loop with an explicit
 * stack walks the bytes by it. A child's end is where its parent goes on, so a frame is only the
 * parent's type and end, and each byte is looked at once.
 *
 * Only AnyValue can nest without bound (through ArrayValue and KeyValueList), so the limit counts
 * AnyValues; everything else has a fixed depth.
 */
#include "proto/otlp/check-int.h"

#include "proto/otlp/depth.h"

#include <errno.h>

/* From a span down to its first AnyValue: Event, KeyValue. */
#define FRAMES_ABOVE_VALUES 4u
/* An AnyValue inside another costs at most: AnyValue, KeyValueList, KeyValue. */
#define FRAMES_PER_VALUE 3u
#define FRAMES_MAX (FRAMES_ABOVE_VALUES + FRAMES_PER_VALUE * CLEW_OTLP_DEPTH_MAX)

/* Highest field number in the table; its tag may take two bytes. */
#define KNOWN_FIELD_MAX 16u

enum kind { UNKNOWN, VARINT, FIXED64, FIXED32, BYTES, MESSAGE };

struct rule {
        uint8_t kind;  /* enum kind */
        uint8_t child; /* enum clew_message, for MESSAGE */
};

/* clang-format off */
#define SCALAR(kind) {kind, CLEW_MESSAGE_NONE}
#define CHILD(type) {MESSAGE, CLEW_MESSAGE_##type}
/* clang-format on */

/* opentelemetry-proto 1.9: common/v1, resource/v1, trace/v1, logs/v1. */
static const struct rule rules[CLEW_MESSAGE_MAX][KNOWN_FIELD_MAX + 1] = {
        [CLEW_MESSAGE_RESOURCE] =
                {[1] = CHILD(KEY_VALUE), [2] = SCALAR(VARINT), [3] = CHILD(ENTITY_REF)},
        [CLEW_MESSAGE_ENTITY_REF] = {[1] = SCALAR(BYTES),
                                     [2] = SCALAR(BYTES),
                                     [3] = SCALAR(BYTES),
                                     [4] = SCALAR(BYTES)},
        [CLEW_MESSAGE_SCOPE] = {[1] = SCALAR(BYTES),
                                [2] = SCALAR(BYTES),
                                [3] = CHILD(KEY_VALUE),
                                [4] = SCALAR(VARINT)},
        [CLEW_MESSAGE_KEY_VALUE] = {[1] = SCALAR(BYTES), [2] = CHILD(ANY_VALUE)},
        [CLEW_MESSAGE_ANY_VALUE] = {[1] = SCALAR(BYTES),
                                    [2] = SCALAR(VARINT),
                                    [3] = SCALAR(VARINT),
                                    [4] = SCALAR(FIXED64),
                                    [5] = CHILD(ARRAY_VALUE),
                                    [6] = CHILD(KEY_VALUE_LIST),
                                    [7] = SCALAR(BYTES),
                                    [8] = SCALAR(VARINT)},
        [CLEW_MESSAGE_ARRAY_VALUE] = {[1] = CHILD(ANY_VALUE)},
        [CLEW_MESSAGE_KEY_VALUE_LIST] = {[1] = CHILD(KEY_VALUE)},
        [CLEW_MESSAGE_EVENT] = {[1] = SCALAR(FIXED64),
                                [2] = SCALAR(BYTES),
                                [3] = CHILD(KEY_VALUE),
                                [4] = SCALAR(VARINT)},
        [CLEW_MESSAGE_LINK] = {[1] = SCALAR(BYTES),
                               [2] = SCALAR(BYTES),
                               [3] = SCALAR(BYTES),
                               [4] = CHILD(KEY_VALUE),
                               [5] = SCALAR(VARINT),
                               [6] = SCALAR(FIXED32)},
        [CLEW_MESSAGE_STATUS] = {[2] = SCALAR(BYTES), [3] = SCALAR(VARINT)},
        [CLEW_MESSAGE_SPAN] = {[1] = SCALAR(BYTES),
                               [2] = SCALAR(BYTES),
                               [3] = SCALAR(BYTES),
                               [4] = SCALAR(BYTES),
                               [5] = SCALAR(BYTES),
                               [6] = SCALAR(VARINT),
                               [7] = SCALAR(FIXED64),
                               [8] = SCALAR(FIXED64),
                               [9] = CHILD(KEY_VALUE),
                               [10] = SCALAR(VARINT),
                               [11] = CHILD(EVENT),
                               [12] = SCALAR(VARINT),
                               [13] = CHILD(LINK),
                               [14] = SCALAR(VARINT),
                               [15] = CHILD(STATUS),
                               [16] = SCALAR(FIXED32)},
        [CLEW_MESSAGE_LOG_RECORD] = {[1] = SCALAR(FIXED64),
                                     [2] = SCALAR(VARINT),
                                     [3] = SCALAR(BYTES),
                                     [5] = CHILD(ANY_VALUE),
                                     [6] = CHILD(KEY_VALUE),
                                     [7] = SCALAR(VARINT),
                                     [8] = SCALAR(FIXED32),
                                     [9] = SCALAR(BYTES),
                                     [10] = SCALAR(BYTES),
                                     [11] = SCALAR(FIXED64),
                                     [12] = SCALAR(BYTES)},
};

static const uint8_t wire_of_kind[] = {
        [VARINT] = CLEW_WIRE_VARINT, [FIXED64] = CLEW_WIRE_FIXED64, [FIXED32] = CLEW_WIRE_FIXED32,
        [BYTES] = CLEW_WIRE_BYTES,   [MESSAGE] = CLEW_WIRE_BYTES,
};

const char *clew_message_name(enum clew_message type)
{
        static const char *const names[CLEW_MESSAGE_MAX] = {
                "message",  "Resource",   "EntityRef",    "InstrumentationScope", "KeyValue",
                "AnyValue", "ArrayValue", "KeyValueList", "Span.Event",           "Span.Link",
                "Status",   "Span",       "LogRecord",
        };

        return names[type];
}

int clew_check_bad(const struct clew_check *check, const char *message, const uint8_t *at,
                   const char *what)
{
        size_t offset = (size_t)(at - check->base);

        return clew_error_set(check->err, -EBADMSG, offset,
                              "malformed OTLP protobuf: %s in a %s at byte %zu", what, message,
                              offset);
}

static int too_deep(const struct clew_check *check, const uint8_t *at)
{
        size_t offset = (size_t)(at - check->base);

        return clew_error_set(check->err, -E2BIG, offset,
                              "OTLP attribute value nested deeper than %u levels at byte %zu",
                              CLEW_OTLP_DEPTH_MAX, offset);
}

struct frame {
        const uint8_t *end;
        enum clew_message type;
};

/* The rule of a field; NULL when the field is known and @f has another wire type. */
static inline const struct rule *rule_of(enum clew_message type, const struct clew_field *f)
{
        const struct rule *r;

        if (f->number > KNOWN_FIELD_MAX)
                return &rules[CLEW_MESSAGE_NONE][0];
        r = &rules[type][f->number];
        if (r->kind != UNKNOWN && wire_of_kind[r->kind] != f->wire)
                return NULL;
        return r;
}

int clew_check_message(const struct clew_check *check, enum clew_message type,
                       struct clew_slice raw)
{
        struct frame stack[FRAMES_MAX];
        unsigned depth = 0;
        unsigned values = type == CLEW_MESSAGE_ANY_VALUE;
        struct clew_cursor c = clew_cursor_make(raw);
        struct clew_field f = {.start = c.at};

        for (;;) {
                const struct rule *r;

                if (!clew_field_next(&c, &f)) {
                        if (c.failed)
                                return clew_check_bad(check, clew_message_name(type), f.start,
                                                      "a field that is cut off or no field");
                        if (depth == 0)
                                return 0;
                        values -= type == CLEW_MESSAGE_ANY_VALUE;
                        type = stack[--depth].type;
                        c.end = stack[depth].end;
                        continue;
                }
                r = rule_of(type, &f);
                if (CLEW_UNLIKELY(!r))
                        return clew_check_bad(check, clew_message_name(type), f.start,
                                              "a known field with a wrong wire type");
                if (r->kind != MESSAGE)
                        continue;
                if (r->child == CLEW_MESSAGE_ANY_VALUE && ++values > CLEW_OTLP_DEPTH_MAX)
                        return too_deep(check, f.start);
                stack[depth++] = (struct frame){.end = c.end, .type = type};
                type = (enum clew_message)r->child;
                c.at = f.bytes.data;
                c.end = f.bytes.data + f.bytes.len;
        }
}
