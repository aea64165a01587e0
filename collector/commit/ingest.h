/*
 * What happens to the bytes of one export request between the network and the queue: gather or
 * inflate, check, split by trace, encode. Independent of the transport.
 *
 * Small requests are decoded by the network thread that has received them, others in the lane
 * (lane.h). Each thread has a scratch of its own, which is kept between requests while it is small
 * and given back when a large request has made it grow; large requests are decoded one at a time,
 * so that their scratch exists once. Nothing of the raw request outlives the call.
 */
#ifndef CLEW_COLLECTOR_INGEST_H
#define CLEW_COLLECTOR_INGEST_H

#include "collector/base/counters.h"
#include "collector/commit/pipeline.h"
#include "collector/commit/redactor.h"
#include "collector/gate/answer.h"
#include "collector/gate/encoding.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"
#include "proto/otlp/walk.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Requests above this are not decoded by network threads: so much takes a few milliseconds. */
#define CLEW_INGEST_SMALL_BYTES ((size_t)1024 * 1024)
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
        struct clew_redactor *redactor; /* borrowed; NULL: all is stored as it comes */
};

void clew_ingest_init(struct clew_ingest *in, size_t max_request_bytes,
                      struct clew_counters *counters);
void clew_ingest_deinit(struct clew_ingest *in);

struct clew_scratch {
        struct clew_buffer body;     /* the request in one piece */
        struct clew_buffer protobuf; /* made from JSON */
        struct clew_arena arena;
        struct clew_buffer redacted; /* the request without what rules take out of it */
        struct clew_mask_work work;
        struct clew_fragment_encoder *encoder; /* NULL after a large request, until the next */
};

CLEW_MUST_USE int clew_scratch_init(struct clew_scratch *s, const struct clew_ingest *in);
void clew_scratch_deinit(struct clew_scratch *s);

struct clew_request {
        enum clew_otlp_signal signal;
        enum clew_encoding encoding;
        bool is_json;
        bool is_metrics;      /* @signal means nothing */
        uint64_t received_ns; /* monotonic: when all of it was there */
        bool guess_signal;    /* nothing but the body says which it is; @signal is what to try */
        const struct clew_slice *parts; /* the body in order, borrowed */
        size_t n_parts;
        const uint8_t *redact_key; /* of the project; CLEW_MASK_KEY_BYTES */
        /* Called when the parts are no longer needed, before the request is encoded; may be NULL.
         */
        void (*release)(void *context);
        void *context;
};

/* How much a request is, as far as its bytes tell; a compressed one may turn out to be more. */
enum clew_ingest_size { CLEW_INGEST_SMALL, CLEW_INGEST_MEDIUM, CLEW_INGEST_LARGE };

enum clew_ingest_size clew_ingest_size_of(const struct clew_ingest *in,
                                          const struct clew_request *request);

enum clew_ingest_outcome {
        CLEW_INGEST_ANSWER, /* nothing to commit: @ret is the answer */
        CLEW_INGEST_COMMIT, /* @sub is to be committed, and @ret to be given once it is durable */
        CLEW_INGEST_MORE,   /* it is larger than @size: to be decoded again as the next size, there
                             * where that belongs; nothing was released or counted */
};

/* Decodes @request into @sub, as one of @size. */
CLEW_MUST_USE enum clew_ingest_outcome
clew_ingest_decode(struct clew_ingest *in, struct clew_scratch *scratch,
                   const struct clew_request *request, enum clew_ingest_size size,
                   struct clew_submission *sub, struct clew_answer *ret);

/* Turns the outcome of the commit into the final answer. */
void clew_ingest_committed(struct clew_ingest *in, int result, struct clew_answer *answer);
/* The answer for a request that admission refused. */
void clew_ingest_refuse(struct clew_ingest *in, struct clew_answer *ret);
/* The answer for a request that is larger on the wire than any may be. */
void clew_ingest_too_large(struct clew_ingest *in, struct clew_answer *ret);

#endif
