/*
 * What happens to the bytes of one export request between the network and the queue: gather or
 * inflate, check, split by trace, encode. Independent of the transport.
 *
 * Runs on network threads. Each has a scratch of its own, which is kept between requests while it
 * is small and given back when a large request has made it grow; large requests are decoded one at
 * a time, so that their scratch exists once. Nothing of the raw request outlives the call.
 */
#ifndef CLEW_COLLECTOR_INGEST_H
#define CLEW_COLLECTOR_INGEST_H

#include "collector/base/counters.h"
#include "collector/commit/pipeline.h"
#include "collector/gate/answer.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"
#include "proto/otlp/walk.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Requests above this are decoded one at a time: real batches are below it. */
#define CLEW_INGEST_LARGE_BYTES ((size_t)8 * 1024 * 1024)
/* Scratch kept between requests, for each network thread and buffer. */
#define CLEW_INGEST_KEEP_BYTES ((size_t)2 * 1024 * 1024)
/* Index of one request: 48 bytes a span at the walker's limit of a million, and room. */
#define CLEW_INGEST_ARENA_MAX ((size_t)96 * 1024 * 1024)
/* Advice in answers that may be retried: longer than a commit, shorter than a client's patience. */
#define CLEW_INGEST_RETRY_MS 1000u

struct clew_ingest {
        size_t max_request_bytes; /* constant */
        struct clew_counters *counters;
        pthread_mutex_t large;
};

void clew_ingest_init(struct clew_ingest *in, size_t max_request_bytes,
                      struct clew_counters *counters);
void clew_ingest_deinit(struct clew_ingest *in);

struct clew_scratch {
        struct clew_buffer body;     /* the request in one piece */
        struct clew_buffer protobuf; /* made from JSON */
        struct clew_arena arena;
        struct clew_fragment_encoder *encoder; /* NULL after a large request, until the next */
};

CLEW_MUST_USE int clew_scratch_init(struct clew_scratch *s, const struct clew_ingest *in);
void clew_scratch_deinit(struct clew_scratch *s);

struct clew_request {
        enum clew_otlp_signal signal;
        bool is_gzip;
        bool is_json;
        bool guess_signal; /* nothing but the body says which it is; @signal is what to try */
        const struct clew_slice *parts; /* the body in order, borrowed */
        size_t n_parts;
        /* Called when the parts are no longer needed, before the request is encoded; may be NULL.
         */
        void (*release)(void *context);
        void *context;
};

/*
 * Decodes @request into @sub. Returns true when there is something to commit: @sub owns it, and
 * @ret holds the answer to give once it is durable. Otherwise @ret is the answer.
 */
CLEW_MUST_USE bool clew_ingest_decode(struct clew_ingest *in, struct clew_scratch *scratch,
                                      const struct clew_request *request,
                                      struct clew_submission *sub, struct clew_answer *ret);

/* Turns the outcome of the commit into the final answer. */
void clew_ingest_committed(struct clew_ingest *in, int result, struct clew_answer *answer);
/* The answer for a request that admission refused. */
void clew_ingest_refuse(struct clew_ingest *in, struct clew_answer *ret);
/* The answer for a request that is larger on the wire than any may be. */
void clew_ingest_too_large(struct clew_ingest *in, struct clew_answer *ret);

#endif
