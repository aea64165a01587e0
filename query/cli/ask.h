/*
 * One question to a clewd over HTTP, for `clew status URL`: a GET in the clear, bounded in time and
 * size. Where TLS is spoken, other programs ask (curl).
 */
#ifndef CLEW_QUERY_CLI_ASK_H
#define CLEW_QUERY_CLI_ASK_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"

/* The answer of a status is some kilobytes. */
#define CLEW_ASK_BYTES_MAX ((size_t)1 << 20)

/*
 * Asks for @path at @url ("http://localhost:4318"); @key is shown as a bearer token unless it is
 * NULL. Appends the body to @out and sets the HTTP status. 0, or a negative errno with a message:
 * -EINVAL (no such URL), what connecting came to, -EBADMSG (no HTTP), -ETIMEDOUT, -EMSGSIZE.
 */
CLEW_MUST_USE int clew_ask(const char *url, const char *path, const char *key,
                           struct clew_buffer *out, unsigned *ret_status, struct clew_error *err);

#endif
