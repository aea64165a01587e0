/*
 * Sends requests over gRPC: N connections, M calls in flight on each, from one thread.
 *
 * A call is counted exactly once, by what became of it in the end: acked (status OK), refused (the
 * server said "not now" until the retries were used up) or failed (any other status). A refused or
 * failed request is never part of a rate or a latency figure.
 *
 * Latency: from the moment the request was *due* to its ack. At full speed it is due when it is
 * handed to gRPC; with a given rate it is due by the clock, so a server that stalls cannot hide the
 * stall by slowing the client down. Retries and their waits count as part of it.
 */
#ifndef CLEW_TOOLS_LOADGEN_SENDER_H
#define CLEW_TOOLS_LOADGEN_SENDER_H

#include "tools/loadgen/corpus.h"
#include "tools/loadgen/latency.h"

#include <stdbool.h>

#define CLEW_SENDER_CONNECTIONS_MAX 1024u
#define CLEW_SENDER_IN_FLIGHT_MAX 65536u /* of all connections; each holds a copy of a request */
#define CLEW_SENDER_STATUS_CODES 17u     /* gRPC's 0..16 */

struct clew_sender_options {
        const char *address; /* host:port */
        unsigned connections;
        unsigned in_flight; /* per connection */
        bool gzip;
        double rate;          /* requests per second, 0 = as fast as acks come */
        uint64_t repeat;      /* passes over the corpus, 0 = until another bound ends it */
        uint64_t requests;    /* 0 = no bound */
        uint64_t run_ns;      /* 0 = no bound */
        uint64_t timeout_ns;  /* per call */
        unsigned retries;     /* after UNAVAILABLE and RESOURCE_EXHAUSTED */
        uint64_t seed;        /* of the trace ids */
        unsigned probe_every; /* call @probe after each n-th ack, 0 = never */
        /* Runs on the sending thread; returns how long the span took to be visible, or UINT64_MAX
         * when it never was. */
        uint64_t (*probe)(void *context, const struct clew_trace_id *trace,
                          const struct clew_span_id *span);
        void *probe_context;
        /* Told of each ack, in order of arrival, before anything else is sent; may be NULL. */
        void (*acked)(void *context, uint64_t pass, size_t request);
        void *acked_context;
};

struct clew_sender_result {
        uint64_t sent; /* requests handed to gRPC at least once */
        uint64_t acked;
        uint64_t refused;
        uint64_t failed;
        uint64_t retries;
        uint64_t acked_spans;
        uint64_t acked_bytes;    /* OTLP protobuf, before gzip */
        uint64_t rejected_spans; /* by partial_success, within acked requests */
        uint64_t elapsed_ns;     /* first send to last answer */
        uint64_t by_status[CLEW_SENDER_STATUS_CODES]; /* every answer, also those retried */
        char first_error[256];                        /* of the first answer that was not OK */
        struct clew_latency latency;
        struct clew_latency visible; /* probes */
        uint64_t never_visible;
};

/* Sends until a bound is reached and every call is answered. Returns 0 (whatever the counts), or
 * -ENOMEM. grpc_init() is done inside. */
CLEW_MUST_USE int clew_sender_run(const struct clew_corpus *corpus,
                                  const struct clew_sender_options *options,
                                  struct clew_sender_result *ret);

#endif
