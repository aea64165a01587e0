/*
 * The gate for OTLP bytes: one iterative walk that checks a whole export request before anything
 * else looks at it, splits it by trace, and writes the part of each trace as its own OTLP message.
 *
 * protobuf_c_message_unpack() never sees bytes from the network: nesting overflows its stack and
 * repeated sub-messages cost it quadratic time. The walk is linear, allocates nothing per field,
 * and bounds depth, spans and work. TracesData and ExportTraceServiceRequest share one shape (field
 * 1 = ResourceSpans), and so do LogsData and ExportLogsServiceRequest.
 *
 * What is bad alone is refused alone: a span whose ids are missing, zero or of wrong length, a span
 * or log record that holds a value nested deeper than CLEW_OTLP_DEPTH_MAX, is left out and counted
 * with a reason; its neighbours stay. Malformed protobuf refuses the request, and so does such a
 * value in a resource or scope.
 * Lenient where unambiguous: an id sent as 32 (or 16) hex digits of text is taken as the id it
 * spells.
 */
#ifndef CLEW_PROTO_OTLP_WALK_H
#define CLEW_PROTO_OTLP_WALK_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"
#include "proto/otlp/depth.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Spans (or log records) kept of one request; SDKs send 512, collectors 8,192. Refused spans do not
 * count: they cost no memory. */
#define CLEW_OTLP_ITEMS_MAX 1000000u
/* Resource and scope envelopes of one request; real requests have a handful. */
#define CLEW_OTLP_ENVELOPES_MAX 65536u
/* Bytes of all parts together. Each trace gets its own copy of its envelopes, so a request of many
 * traces under one huge resource would grow by their number; honest ones grow by a few percent. */
#define CLEW_OTLP_SPLIT_BYTES_MAX (256u * 1024 * 1024)

enum clew_otlp_signal { CLEW_OTLP_TRACES, CLEW_OTLP_LOGS };

/* One span or log record where it lies in the request. */
struct clew_otlp_item {
        struct clew_slice raw; /* encoded Span or LogRecord, borrowed from the request */
        uint32_t scope;        /* index into clew_otlp_batch.scopes */
        uint32_t next;         /* next item of the same trace in arrival order, UINT32_MAX = last */
};

/* One ScopeSpans (ScopeLogs) with the ResourceSpans (ResourceLogs) around it. */
struct clew_otlp_scope {
        struct clew_slice resource; /* encoded Resource, empty if absent */
        struct clew_slice scope;    /* encoded InstrumentationScope, empty if absent */
        uint32_t resource_index;    /* equal for the scopes of one ResourceSpans */
        /* Filled by the walk, empty from the reader: the fields of the two envelopes that are not
         * ScopeSpans or items (resource, scope, schema URL, unknown ones), and service.name. */
        struct clew_slice resource_rest;
        struct clew_slice scope_rest;
        struct clew_slice service;
};

/* What the request holds of one trace. End, root and errors are of spans only. */
struct clew_otlp_trace {
        /* Of log records that name no trace: that of the run which their own ids name
         * (proto/otlp/log-event.h), else all zero. */
        struct clew_trace_id id;
        uint32_t first; /* index into clew_otlp_batch.items */
        uint32_t last;
        uint32_t n_items;
        uint32_t n_errors; /* spans with status Error */
        bool has_root;     /* a span without parent is among them */
        uint64_t min_start_ns;
        uint64_t max_end_ns;
        size_t raw_bytes;          /* sum of the items' encoded lengths */
        struct clew_slice service; /* service.name of the first item's resource, may be empty */
        /* The run that the first of its items to name one is of, when that is another id: several
         * traces of one run are found through it. */
        struct clew_trace_id run;
        bool has_run;
};

struct clew_otlp_batch {
        enum clew_otlp_signal signal;
        struct clew_otlp_item *items; /* all arrays live in the arena given to the walk */
        size_t n_items;
        struct clew_otlp_scope *scopes;
        size_t n_scopes;
        struct clew_otlp_trace *traces; /* sorted by id */
        size_t n_traces;
        size_t split_bytes;      /* what writing all traces takes, to within 5 bytes an envelope */
        uint64_t n_rejected;     /* items refused alone */
        char reject_reason[160]; /* the first reason, English, for partial_success; "" if none */
};

/*
 * Checks @request and fills @ret. @arena holds the arrays (48 bytes and less a span) and is bounded
 * by its own limit. Returns 0; -EBADMSG malformed (err: offset and field); -E2BIG over one of the
 * limits above; -ENOMEM. Work is linear in request.len.
 */
CLEW_MUST_USE int clew_otlp_walk(struct clew_slice request, enum clew_otlp_signal signal,
                                 struct clew_arena *arena, struct clew_otlp_batch *ret,
                                 struct clew_error *err);

/* Counts @n items that were left out before the walk, as it would have done: too deep to be read.
 */
void clew_otlp_refuse_deep(struct clew_otlp_batch *batch, uint64_t n);

/*
 * Appends the part of @batch that belongs to @trace as an encoded TracesData (LogsData): each
 * envelope once, with its resource, scope, schema URLs and unknown fields byte for byte, and the
 * items' bytes in arrival order. The concatenation of such messages is again one message. The only
 * change is to ids that were sent as text, which are rewritten as bytes.
 */
void clew_otlp_write_trace(const struct clew_otlp_batch *batch, const struct clew_otlp_trace *trace,
                           struct clew_buffer *out);

/* The checks of the walk alone, without splitting, where nothing is left out: a value too deep is
 * -E2BIG. For bytes from the store, and for tests. */
CLEW_MUST_USE int clew_otlp_check(struct clew_slice request, enum clew_otlp_signal signal,
                                  struct clew_error *err);

/*
 * Reads items one by one from encoded TracesData or LogsData that has passed the walk:
 *     struct clew_otlp_reader r = clew_otlp_reader_make(bytes);
 *     while (clew_otlp_read(&r, &item)) clew_span_parse(item.raw, &span) ...
 */
struct clew_otlp_reader {
        struct clew_slice data;
        struct clew_slice in_resource;
        struct clew_slice in_scope;
        struct clew_otlp_scope at;
        uint32_t n_resources;
};

struct clew_otlp_reader clew_otlp_reader_make(struct clew_slice data);
/* False at the end. @ret_scope may be NULL. */
bool clew_otlp_read(struct clew_otlp_reader *r, struct clew_slice *ret_raw,
                    struct clew_otlp_scope *ret_scope);
/* How many there are. */
uint64_t clew_otlp_count(struct clew_slice data);

#endif
