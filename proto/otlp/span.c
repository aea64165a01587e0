/*
 * Views over encoded OTLP. Each parse is one loop over the top-level fields of its message; a field
 * given twice counts with its last value, also where protobuf would merge two sub-messages.
 *
 * Hazard: a value read from a field of an unexpected wire type would be garbage, so each switch
 * tests field and wire type together; a known field under another wire type makes the parse fail,
 * as it does in protobuf-c.
 */
#include "proto/otlp/span.h"

#include "proto/otlp/wire.h"

#define V CLEW_LABEL_VARINT
#define I64 CLEW_LABEL_FIXED64
#define LEN CLEW_LABEL_BYTES
#define I32 CLEW_LABEL_FIXED32

/* An id as bytes, or as the hex text that some senders put there. Zeroed when it is neither. */
static bool take_id(struct clew_slice s, uint8_t *ret, size_t n)
{
        if (CLEW_LIKELY(s.len == n)) {
                memcpy(ret, s.data, n);
                return true;
        }
        memset(ret, 0, n);
        return s.len == 2 * n && clew_hex_decode(s, ret, n);
}

static bool parse_status(struct clew_slice raw, struct clew_span *ret)
{
        struct clew_cursor c = clew_cursor_make(raw);
        struct clew_field f;

        ret->status_code = 0;
        ret->status_message = CLEW_SLICE_NULL;
        while (clew_field_next(&c, &f)) {
                switch (clew_field_label(&f)) {
                case LEN(2):
                        ret->status_message = f.bytes;
                        break;
                case V(3):
                        ret->status_code = (uint32_t)f.value;
                        break;
                default:
                        if (f.number == 2 || f.number == 3)
                                return false;
                }
        }
        return !c.failed;
}

/* The fields that are not sub-messages. False for a known field under a wrong wire type. */
static bool take_span_field(const struct clew_field *f, struct clew_span *ret)
{
        switch (clew_field_label(f)) {
        case LEN(3):
                ret->trace_state = f->bytes;
                return true;
        case LEN(4):
                (void)take_id(f->bytes, ret->parent_id.bytes, sizeof(ret->parent_id.bytes));
                return true;
        case LEN(5):
                ret->name = f->bytes;
                return true;
        case V(6):
                ret->kind = (uint32_t)f->value;
                return true;
        case I64(7):
                ret->start_ns = f->value;
                return true;
        case I64(8):
                ret->end_ns = f->value;
                return true;
        case V(10):
                ret->dropped_attributes = (uint32_t)f->value;
                return true;
        case V(12):
                ret->dropped_events = (uint32_t)f->value;
                return true;
        case V(14):
                ret->dropped_links = (uint32_t)f->value;
                return true;
        case LEN(15):
                return parse_status(f->bytes, ret);
        case I32(16):
                ret->flags = (uint32_t)f->value;
                return true;
        default:
                return f->number > 16;
        }
}

bool clew_span_parse(struct clew_slice raw, struct clew_span *ret)
{
        struct clew_cursor c = clew_cursor_make(raw);
        struct clew_span span = {.raw = raw};
        struct clew_field f;
        bool trace_ok = false;
        bool span_ok = false;

        while (clew_field_next(&c, &f)) {
                switch (clew_field_label(&f)) {
                case LEN(1):
                        trace_ok = take_id(f.bytes, span.trace_id.bytes, CLEW_TRACE_ID_BYTES);
                        break;
                case LEN(2):
                        span_ok = take_id(f.bytes, span.span_id.bytes, CLEW_SPAN_ID_BYTES);
                        break;
                case LEN(9):
                        if (!span.attributes.data)
                                span.attributes.data = f.start;
                        span.attributes.len = (size_t)(c.at - span.attributes.data);
                        break;
                case LEN(11):
                        span.has_events = true;
                        break;
                case LEN(13):
                        span.has_links = true;
                        break;
                default:
                        if (!take_span_field(&f, &span))
                                return false;
                }
        }
        if (c.failed)
                return false;
        span.has_valid_ids = trace_ok && span_ok && !clew_trace_id_is_zero(&span.trace_id) &&
                             !clew_span_id_is_zero(&span.span_id);
        *ret = span;
        return true;
}

/* Every field of a log record but the ids. */
static bool take_log_field(const struct clew_field *f, struct clew_log_record *ret)
{
        switch (clew_field_label(f)) {
        case I64(1):
                ret->time_ns = f->value;
                return true;
        case V(2):
                ret->severity_number = (uint32_t)f->value;
                return true;
        case LEN(3):
                ret->severity_text = f->bytes;
                return true;
        case LEN(5):
                return clew_value_parse(f->bytes, &ret->body);
        case I64(11):
                ret->observed_ns = f->value;
                return true;
        case LEN(12):
                ret->event_name = f->bytes;
                return true;
        case LEN(6):
        case V(7):
        case I32(8):
                return true;
        default:
                return f->number == 4 || f->number > 12; /* 4 was "name", long gone */
        }
}

bool clew_log_record_parse(struct clew_slice raw, struct clew_log_record *ret)
{
        struct clew_cursor c = clew_cursor_make(raw);
        struct clew_log_record log = {.raw = raw};
        struct clew_field f;

        while (clew_field_next(&c, &f)) {
                switch (clew_field_label(&f)) {
                case LEN(9):
                        (void)take_id(f.bytes, log.trace_id.bytes, CLEW_TRACE_ID_BYTES);
                        break;
                case LEN(10):
                        (void)take_id(f.bytes, log.span_id.bytes, CLEW_SPAN_ID_BYTES);
                        break;
                default:
                        if (!take_log_field(&f, &log))
                                return false;
                }
        }
        if (c.failed)
                return false;
        *ret = log;
        return true;
}

struct clew_message_iter clew_messages_of(struct clew_slice message, uint32_t field)
{
        return (struct clew_message_iter){.left = message, .field = field};
}

/* Moves behind what is passed over, when it comes next. */
static inline void pass_over(struct clew_message_iter *it)
{
        if (CLEW_UNLIKELY(it->apart.len > 0 && it->left.data == it->apart.data))
                it->left = clew_slice_from(it->left, it->apart.len);
}

/* The next field when it is the wanted one, as nearly all are in a list. False, with nothing
 * changed, for any other. */
static inline bool next_wanted(struct clew_message_iter *it, struct clew_slice *ret)
{
        struct clew_cursor c = clew_cursor_make(it->left);
        uint64_t n;

        if (clew_cursor_left(&c) < 2 || it->field > 15 || *c.at++ != LEN(it->field))
                return false;
        n = clew_wire_short_varint(&c);
        if (c.failed || n > clew_cursor_left(&c))
                return false;
        *ret = clew_slice_make(c.at, (size_t)n);
        it->left = clew_slice_make(c.at + n, clew_cursor_left(&c) - (size_t)n);
        return true;
}

static bool next_any(struct clew_message_iter *it, struct clew_slice *ret)
{
        struct clew_cursor c = clew_cursor_make(it->left);
        struct clew_field f;

        while (clew_field_next(&c, &f)) {
                if (f.number != it->field || f.wire != CLEW_WIRE_BYTES)
                        continue;
                it->left = clew_slice_make(c.at, clew_cursor_left(&c));
                *ret = f.bytes;
                return true;
        }
        it->left = CLEW_SLICE_NULL;
        return false;
}

static inline bool message_next(struct clew_message_iter *it, struct clew_slice *ret)
{
        pass_over(it);
        return CLEW_LIKELY(next_wanted(it, ret)) || next_any(it, ret);
}

bool clew_message_next(struct clew_message_iter *it, struct clew_slice *ret)
{
        return message_next(it, ret);
}

struct clew_message_iter clew_span_attributes(const struct clew_span *span)
{
        return clew_messages_of(span->attributes, 9);
}

struct clew_message_iter clew_span_attributes_brief(const struct clew_span *span)
{
        return (struct clew_message_iter){
                .left = span->attributes, .apart = span->apart, .field = 9};
}

struct clew_message_iter clew_span_events(const struct clew_span *span)
{
        return clew_messages_of(span->has_events ? span->raw : CLEW_SLICE_NULL, 11);
}

struct clew_message_iter clew_span_links(const struct clew_span *span)
{
        return clew_messages_of(span->has_links ? span->raw : CLEW_SLICE_NULL, 13);
}

struct clew_message_iter clew_event_attributes(const struct clew_span_event *event)
{
        return clew_messages_of(event->raw, 3);
}

struct clew_message_iter clew_link_attributes(const struct clew_span_link *link)
{
        return clew_messages_of(link->raw, 4);
}

struct clew_message_iter clew_log_attributes(const struct clew_log_record *record)
{
        return clew_messages_of(record->raw, 6);
}

struct clew_message_iter clew_resource_attributes(struct clew_slice resource)
{
        return clew_messages_of(resource, 1);
}

struct clew_message_iter clew_scope_attributes(struct clew_slice scope)
{
        return clew_messages_of(scope, 3);
}

/* The last occurrence of a string field, as protobuf has it. */
static struct clew_slice last_string(struct clew_slice message, uint32_t field)
{
        struct clew_message_iter it = clew_messages_of(message, field);
        struct clew_slice s = CLEW_SLICE_NULL;
        struct clew_slice next;

        while (clew_message_next(&it, &next))
                s = next;
        return s;
}

struct clew_slice clew_scope_name(struct clew_slice scope)
{
        return last_string(scope, 1);
}

struct clew_slice clew_scope_version(struct clew_slice scope)
{
        return last_string(scope, 2);
}

static void take_value_field(const struct clew_field *f, struct clew_value *ret)
{
        switch (clew_field_label(f)) {
        case LEN(1):
                *ret = (struct clew_value){.type = CLEW_VALUE_STRING, .bytes = f->bytes};
                break;
        case V(2):
                *ret = (struct clew_value){.type = CLEW_VALUE_BOOL, .boolean = f->value != 0};
                break;
        case V(3):
                *ret = (struct clew_value){.type = CLEW_VALUE_INT, .integer = (int64_t)f->value};
                break;
        case I64(4):
                *ret = (struct clew_value){.type = CLEW_VALUE_DOUBLE};
                memcpy(&ret->number, &f->value, sizeof(ret->number));
                break;
        case LEN(5):
                *ret = (struct clew_value){.type = CLEW_VALUE_ARRAY, .bytes = f->bytes};
                break;
        case LEN(6):
                *ret = (struct clew_value){.type = CLEW_VALUE_KVLIST, .bytes = f->bytes};
                break;
        case LEN(7):
                *ret = (struct clew_value){.type = CLEW_VALUE_BYTES, .bytes = f->bytes};
                break;
        case V(8): /* string_value_strindex: its table exists in profiles only */
                *ret = (struct clew_value){.type = CLEW_VALUE_EMPTY};
                break;
        }
}

/* A length of one to three bytes, as nearly all are: behind it *@at is moved. False, with nothing
 * changed: it is longer, or the bytes end. */
static inline bool near_length(const uint8_t **at, const uint8_t *end, size_t *ret)
{
        const uint8_t *p = *at;

        if (CLEW_UNLIKELY(p == end))
                return false;
        if (p[0] < 0x80) {
                *ret = p[0];
                *at = p + 1;
                return true;
        }
        if (CLEW_UNLIKELY(end - p < 3))
                return false;
        if (p[1] < 0x80) {
                *ret = (p[0] & 0x7fu) | (size_t)p[1] << 7;
                *at = p + 2;
                return true;
        }
        if (p[2] >= 0x80)
                return false;
        *ret = (p[0] & 0x7fu) | (size_t)(p[1] & 0x7fu) << 7 | (size_t)p[2] << 14;
        *at = p + 3;
        return true;
}

/* A text and nothing else, as most values are. */
static inline bool is_plain_text(struct clew_slice raw, struct clew_slice *ret)
{
        const uint8_t *at = raw.data;
        const uint8_t *end;
        size_t n;

        if (raw.len < 2)
                return false; /* perhaps there are no bytes at all */
        end = at + raw.len;
        if (*at++ != LEN(1) || !near_length(&at, end, &n) || n != (size_t)(end - at))
                return false;
        *ret = clew_slice_make(at, n);
        return true;
}

static bool value_parse_any(struct clew_slice raw, struct clew_value *ret)
{
        static const uint8_t wire_of[9] = {0, 2, 0, 0, 1, 2, 2, 2, 0};
        struct clew_cursor c = clew_cursor_make(raw);
        struct clew_value value = {.type = CLEW_VALUE_EMPTY};
        struct clew_field f;

        while (clew_field_next(&c, &f)) {
                if (f.number < CLEW_ARRAY_LEN(wire_of) && f.wire != wire_of[f.number])
                        return false;
                take_value_field(&f, &value);
        }
        if (c.failed)
                return false;
        *ret = value;
        return true;
}

bool clew_value_parse(struct clew_slice raw, struct clew_value *ret)
{
        struct clew_slice text;

        if (!is_plain_text(raw, &text))
                return value_parse_any(raw, ret);
        *ret = (struct clew_value){.type = CLEW_VALUE_STRING, .bytes = text};
        return true;
}

/* A key, a value, nothing else: what encoders write. False for any other form. */
static inline bool split_plain(struct clew_slice raw, struct clew_slice *ret_key,
                               struct clew_slice *ret_value)
{
        struct clew_cursor c = clew_cursor_make(raw);
        struct clew_slice key;
        struct clew_slice value;

        if (c.at == c.end || *c.at++ != LEN(1))
                return false;
        key = clew_cursor_bytes(&c, clew_wire_short_varint(&c));
        if (c.at == c.end || *c.at++ != LEN(2))
                return false;
        value = clew_cursor_bytes(&c, clew_wire_short_varint(&c));
        if (c.failed || c.at != c.end)
                return false;
        *ret_key = key;
        *ret_value = value;
        return true;
}

static bool split_any(struct clew_slice raw, struct clew_slice *ret_key,
                      struct clew_slice *ret_value)
{
        struct clew_slice key = CLEW_SLICE_NULL;
        struct clew_slice value = CLEW_SLICE_NULL;
        struct clew_cursor c = clew_cursor_make(raw);
        struct clew_field f;

        while (clew_field_next(&c, &f)) {
                if (f.number > 2)
                        continue;
                if (f.wire != CLEW_WIRE_BYTES)
                        return false;
                if (f.number == 1)
                        key = f.bytes;
                else
                        value = f.bytes;
        }
        if (c.failed)
                return false;
        *ret_key = key;
        *ret_value = value;
        return true;
}

bool clew_attribute_split(struct clew_slice raw, struct clew_slice *ret_key,
                          struct clew_slice *ret_value)
{
        return CLEW_LIKELY(split_plain(raw, ret_key, ret_value)) ||
               split_any(raw, ret_key, ret_value);
}

/* The next attribute when it comes next and is a key, a value, nothing else, as nearly all are: one
 * look at each of its bytes. False, with nothing changed, for any other. */
static inline bool next_plain(struct clew_message_iter *it, struct clew_slice *ret_key,
                              struct clew_slice *ret_value)
{
        const uint8_t *at = it->left.data;
        const uint8_t *end;
        const uint8_t *key;
        const uint8_t *stop;
        size_t n;
        size_t key_len;

        if (it->left.len < 6 || it->field > 15 || *at != LEN(it->field))
                return false;
        end = at++ + it->left.len;
        if (!near_length(&at, end, &n) || n > (size_t)(end - at) || n < 2)
                return false;
        stop = at + n;
        if (*at++ != LEN(1) || !near_length(&at, stop, &key_len) || key_len > (size_t)(stop - at))
                return false;
        key = at;
        at += key_len;
        if (at == stop || *at++ != LEN(2) || !near_length(&at, stop, &n) ||
            n != (size_t)(stop - at))
                return false;
        *ret_key = clew_slice_make(key, key_len);
        *ret_value = clew_slice_make(at, n);
        it->left = clew_slice_make(stop, (size_t)(end - stop));
        return true;
}

/* Apart, so that what is common needs no room on the stack. */
__attribute__((noinline)) static bool next_attribute_any(struct clew_message_iter *it,
                                                         struct clew_slice *ret_key,
                                                         struct clew_slice *ret_value)
{
        struct clew_slice raw;

        return message_next(it, &raw) && clew_attribute_split(raw, ret_key, ret_value);
}

bool clew_attribute_next_raw(struct clew_message_iter *it, struct clew_slice *ret_key,
                             struct clew_slice *ret_value)
{
        pass_over(it);
        return CLEW_LIKELY(next_plain(it, ret_key, ret_value)) ||
               next_attribute_any(it, ret_key, ret_value);
}

bool clew_attribute_next(struct clew_message_iter *it, struct clew_attribute *ret)
{
        struct clew_attribute a;
        struct clew_slice value;

        if (!clew_attribute_next_raw(it, &a.key, &value) || !clew_value_parse(value, &a.value))
                return false;
        *ret = a;
        return true;
}

bool clew_span_event_next(struct clew_message_iter *it, struct clew_span_event *ret)
{
        struct clew_slice raw;
        struct clew_cursor c;
        struct clew_field f;
        struct clew_span_event event = {0};

        if (!clew_message_next(it, &raw))
                return false;
        event.raw = raw;
        c = clew_cursor_make(raw);
        while (clew_field_next(&c, &f)) {
                switch (clew_field_label(&f)) {
                case I64(1):
                        event.time_ns = f.value;
                        break;
                case LEN(2):
                        event.name = f.bytes;
                        break;
                case LEN(3):
                        break;
                case V(4):
                        event.dropped_attributes = (uint32_t)f.value;
                        break;
                default:
                        if (f.number <= 4)
                                return false;
                }
        }
        if (c.failed)
                return false;
        *ret = event;
        return true;
}

bool clew_span_link_next(struct clew_message_iter *it, struct clew_span_link *ret)
{
        struct clew_slice raw;
        struct clew_cursor c;
        struct clew_field f;
        struct clew_span_link link = {0};

        if (!clew_message_next(it, &raw))
                return false;
        link.raw = raw;
        c = clew_cursor_make(raw);
        while (clew_field_next(&c, &f)) {
                switch (clew_field_label(&f)) {
                case LEN(1):
                        (void)take_id(f.bytes, link.trace_id.bytes, CLEW_TRACE_ID_BYTES);
                        break;
                case LEN(2):
                        (void)take_id(f.bytes, link.span_id.bytes, CLEW_SPAN_ID_BYTES);
                        break;
                case LEN(3):
                        link.trace_state = f.bytes;
                        break;
                case LEN(4):
                case V(5):
                        break;
                case I32(6):
                        link.flags = (uint32_t)f.value;
                        break;
                default:
                        if (f.number <= 6)
                                return false;
                }
        }
        if (c.failed)
                return false;
        *ret = link;
        return true;
}

struct clew_message_iter clew_value_elements(const struct clew_value *value)
{
        if (value->type != CLEW_VALUE_ARRAY && value->type != CLEW_VALUE_KVLIST)
                return clew_messages_of(CLEW_SLICE_NULL, 1);
        return clew_messages_of(value->bytes, 1);
}

bool clew_value_next(struct clew_message_iter *it, struct clew_value *ret)
{
        struct clew_slice raw;

        return clew_message_next(it, &raw) && clew_value_parse(raw, ret);
}

bool clew_attribute_find(struct clew_message_iter it, struct clew_slice key, struct clew_value *ret)
{
        struct clew_slice name;
        struct clew_slice value;
        bool found = false;

        /* Values of other keys are not parsed. */
        while (clew_attribute_next_raw(&it, &name, &value)) {
                if (clew_slice_eq(name, key))
                        found |= clew_value_parse(value, ret);
        }
        return found;
}
