/*
 * The answers that the guard gives itself, byte for byte.
 */
#ifndef CLEW_COLLECTOR_GUARD_REFUSAL_H
#define CLEW_COLLECTOR_GUARD_REFUSAL_H

#include "proto/base/buffer.h"

#include <stdbool.h>

/* Appends a header block: a gRPC answer that ends a call with UNAVAILABLE and retry advice. Fields
 * are literals that touch no table (RFC 7541, section 6.2.2), so the core's own blocks stay right.
 * Sets up @out. */
void clew_guard_refusal_block(struct clew_buffer *out);

/* Appends a whole HTTP/1.1 answer with @status ("400 Bad Request"), after which the connection is
 * closed; @retry: with Retry-After and google.rpc.Status (@json or protobuf). */
void clew_guard_refusal_http(struct clew_buffer *out, const char *status, const char *reason);
void clew_guard_overload_http(struct clew_buffer *out, bool json);

#endif
