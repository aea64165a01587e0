/*
 * Views over encoded OTLP: spans, attributes, values, events, links, log records.
 *
 * A view never copies: its slices point into the bytes it was made from and live as long as they
 * do. Views may be made only of bytes that clew_otlp_walk() has accepted (or that were stored after
 * it did); on other bytes the functions below still never read outside the slice, they end early.
 * Unknown fields are skipped here and kept in the raw bytes.
 *
 * Field numbers: opentelemetry-proto, trace/v1, logs/v1, common/v1, resource/v1 (version 1.9).
 */
#ifndef CLEW_PROTO_OTLP_SPAN_H
#define CLEW_PROTO_OTLP_SPAN_H

#include "proto/base/ids.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum clew_value_type {
        CLEW_VALUE_EMPTY, /* no field of the oneof set, or a profiles-only string index */
        CLEW_VALUE_STRING,
        CLEW_VALUE_BOOL,
        CLEW_VALUE_INT,
        CLEW_VALUE_DOUBLE,
        CLEW_VALUE_ARRAY,  /* bytes = encoded ArrayValue */
        CLEW_VALUE_KVLIST, /* bytes = encoded KeyValueList */
        CLEW_VALUE_BYTES,
};

/* One AnyValue. */
struct clew_value {
        enum clew_value_type type;
        union {
                struct clew_slice bytes; /* STRING, BYTES, ARRAY, KVLIST */
                bool boolean;
                int64_t integer;
                double number;
        };
};

/* One KeyValue. */
struct clew_attribute {
        struct clew_slice key;
        struct clew_value value;
};

enum clew_span_status { CLEW_STATUS_UNSET = 0, CLEW_STATUS_OK = 1, CLEW_STATUS_ERROR = 2 };

struct clew_span {
        struct clew_slice raw;        /* the encoded Span */
        struct clew_slice attributes; /* within raw: from the first to behind the last */
        struct clew_slice apart;      /* within raw: see clew_span_attributes_brief() */
        struct clew_trace_id trace_id;
        struct clew_span_id span_id;
        struct clew_span_id parent_id; /* all zero = root */
        struct clew_slice trace_state;
        struct clew_slice name;
        struct clew_slice status_message;
        uint64_t start_ns; /* unix time; 0 = not sent */
        uint64_t end_ns;   /* unix time; 0 = not ended */
        uint32_t kind;     /* OTel SpanKind number, unknown numbers kept */
        uint32_t status_code;
        uint32_t flags;
        uint32_t dropped_attributes;
        uint32_t dropped_events;
        uint32_t dropped_links;
        bool has_valid_ids; /* trace id 16 and span id 8 bytes long, neither all zero */
        bool has_events;    /* at least one; else clew_span_events() need not look */
        bool has_links;
};

struct clew_span_event {
        struct clew_slice raw; /* the encoded Span.Event, for clew_attributes_of_event() */
        struct clew_slice name;
        uint64_t time_ns;
        uint32_t dropped_attributes;
};

struct clew_span_link {
        struct clew_slice raw;
        struct clew_trace_id trace_id; /* zero when not 16 bytes long */
        struct clew_span_id span_id;
        struct clew_slice trace_state;
        uint32_t flags;
};

struct clew_log_record {
        struct clew_slice raw;
        struct clew_trace_id trace_id; /* zero = not correlated */
        struct clew_span_id span_id;
        uint64_t time_ns; /* 0 = use observed_ns */
        uint64_t observed_ns;
        uint32_t severity_number;
        struct clew_slice severity_text;
        struct clew_slice event_name; /* field 12; older senders use the attribute event.name */
        struct clew_value body;
};

/* False when @raw is not a well-formed Span at its top level. */
CLEW_MUST_USE bool clew_span_parse(struct clew_slice raw, struct clew_span *ret);
CLEW_MUST_USE bool clew_log_record_parse(struct clew_slice raw, struct clew_log_record *ret);

/*
 * Iterates the sub-messages that carry one field number within an encoded message. Stops early on
 * malformed bytes. Usage:
 *     struct clew_message_iter it = clew_span_events(&span);
 *     while (clew_span_event_next(&it, &event)) ...
 */
struct clew_message_iter {
        struct clew_slice left;
        struct clew_slice apart; /* passed over; null = nothing is */
        uint32_t field;
};

struct clew_message_iter clew_messages_of(struct clew_slice message, uint32_t field);
bool clew_message_next(struct clew_message_iter *it, struct clew_slice *ret);

struct clew_message_iter clew_span_attributes(const struct clew_span *span);
/* The same without those in span->apart: whole attributes in a row, hundreds perhaps, of which a
 * reader that sets it knows that most others do not ask for them. Parsing leaves it null. */
struct clew_message_iter clew_span_attributes_brief(const struct clew_span *span);
struct clew_message_iter clew_span_events(const struct clew_span *span);
struct clew_message_iter clew_span_links(const struct clew_span *span);
struct clew_message_iter clew_event_attributes(const struct clew_span_event *event);
struct clew_message_iter clew_link_attributes(const struct clew_span_link *link);
struct clew_message_iter clew_log_attributes(const struct clew_log_record *record);
/* @resource and @scope are encoded Resource and InstrumentationScope messages. */
struct clew_message_iter clew_resource_attributes(struct clew_slice resource);
struct clew_message_iter clew_scope_attributes(struct clew_slice scope);
struct clew_slice clew_scope_name(struct clew_slice scope);
struct clew_slice clew_scope_version(struct clew_slice scope);

bool clew_attribute_next(struct clew_message_iter *it, struct clew_attribute *ret);
/* The same in two steps, for who wants few of many: the key and the encoded AnyValue, which
 * clew_value_parse() reads. */
bool clew_attribute_next_raw(struct clew_message_iter *it, struct clew_slice *ret_key,
                             struct clew_slice *ret_value);
/* Key and encoded value of one encoded KeyValue. */
bool clew_attribute_split(struct clew_slice raw, struct clew_slice *ret_key,
                          struct clew_slice *ret_value);
bool clew_span_event_next(struct clew_message_iter *it, struct clew_span_event *ret);
bool clew_span_link_next(struct clew_message_iter *it, struct clew_span_link *ret);

/* Elements of a CLEW_VALUE_ARRAY, pairs of a CLEW_VALUE_KVLIST (use clew_attribute_next()). */
struct clew_message_iter clew_value_elements(const struct clew_value *value);
bool clew_value_next(struct clew_message_iter *it, struct clew_value *ret);
/* Decodes one encoded AnyValue. False on malformed bytes. */
CLEW_MUST_USE bool clew_value_parse(struct clew_slice raw, struct clew_value *ret);

/* The last attribute with @key (OTLP leaves duplicates undefined; the last one wins here). */
CLEW_MUST_USE bool clew_attribute_find(struct clew_message_iter it, struct clew_slice key,
                                       struct clew_value *ret);

#endif
