/*
 * The answer to an export request, independent of the transport, and the OTLP messages that carry
 * it. One table decides what a client may retry.
 *
 * Message field numbers: ExportTraceServiceResponse (and its twins) partial_success = 1;
 * ExportTracePartialSuccess rejected = 1, error_message = 2; google.rpc.Status code = 1,
 * message = 2, details = 3; google.protobuf.Any type_url = 1, value = 2; google.rpc.RetryInfo
 * retry_delay = 1; google.protobuf.Duration seconds = 1, nanos = 2.
 */
#ifndef CLEW_COLLECTOR_ANSWER_H
#define CLEW_COLLECTOR_ANSWER_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_ANSWER_MESSAGE_MAX 256u /* far below the 4 MiB that clients accept */

enum clew_answer_kind {
        CLEW_ANSWER_OK,            /* stored; n_rejected items were refused alone */
        CLEW_ANSWER_MALFORMED,     /* never retry */
        CLEW_ANSWER_TOO_LARGE,     /* never retry */
        CLEW_ANSWER_UNIMPLEMENTED, /* never retry */
        CLEW_ANSWER_NOT_FOUND,     /* never retry */
        CLEW_ANSWER_BAD_METHOD,    /* never retry; HTTP only */
        CLEW_ANSWER_BAD_TYPE,      /* never retry; HTTP only */
        CLEW_ANSWER_FORBIDDEN,     /* never retry */
        CLEW_ANSWER_NO_KEY,        /* never retry: a key is missing, or none of ours */
        CLEW_ANSWER_PREFLIGHT,     /* HTTP only: a browser asks whether a page may send */
        CLEW_ANSWER_OVERLOADED,    /* retry after retry_ms */
        CLEW_ANSWER_NOT_STORED,    /* retry after retry_ms */
        CLEW_ANSWER_KINDS
};

struct clew_answer {
        enum clew_answer_kind kind;
        uint32_t retry_ms;
        uint64_t n_rejected;
        const char *rejected; /* what those are called in JSON: "rejectedSpans"; static */
        uint64_t received_ns; /* monotonic: when the whole request was there */
        char message[CLEW_ANSWER_MESSAGE_MAX]; /* English; "" if none */
};

/* Codes of google.rpc.Code, which are also those of gRPC. */
int clew_answer_grpc_code(enum clew_answer_kind kind);
int clew_answer_http_code(enum clew_answer_kind kind);
bool clew_answer_may_retry(enum clew_answer_kind kind);

void clew_answer_set(struct clew_answer *a, enum clew_answer_kind kind, const char *fmt, ...)
        CLEW_PRINTF(3, 4);

/* Export*ServiceResponse: empty on full success. */
void clew_answer_write_response(const struct clew_answer *a, struct clew_buffer *out);
/* google.rpc.RetryInfo. */
void clew_answer_write_retry_info(const struct clew_answer *a, struct clew_buffer *out);
/* google.rpc.Status, with a RetryInfo detail when the answer may be retried. */
void clew_answer_write_status(const struct clew_answer *a, struct clew_buffer *out);

/* The JSON twins. @rejected_name is "rejectedSpans" or "rejectedLogRecords". */
void clew_answer_write_response_json(const struct clew_answer *a, const char *rejected_name,
                                     struct clew_buffer *out);
void clew_answer_write_status_json(const struct clew_answer *a, struct clew_buffer *out);

#endif
