/*
 * The head of an HTTP/1.1 request, read strictly: what two programs could read in two ways is
 * wrong. Pure functions over bytes. Section numbers are RFC 9112's.
 */
#ifndef CLEW_COLLECTOR_HTTP_HEAD_H
#define CLEW_COLLECTOR_HTTP_HEAD_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* How the body is framed (section 6). */
struct clew_http_framing {
        bool is_chunked;
        uint64_t length; /* when it is not chunked */
        bool is_json;    /* Content-Type says JSON */
};

/* @head ends with its empty line. Returns NULL, or what is wrong: a static text for the client. */
CLEW_MUST_USE const char *clew_http_head_check(struct clew_slice head,
                                               struct clew_http_framing *ret);
/* What has arrived of a head can never become a right one. */
CLEW_MUST_USE bool clew_http_head_is_hopeless(struct clew_slice part);
/* One header or trailer line, without its CRLF. */
CLEW_MUST_USE bool clew_http_field_is_sound(struct clew_slice line);
/* The line before a chunk, without its CRLF: a size in hex, then extensions (section 7.1). */
CLEW_MUST_USE bool clew_http_chunk_size(struct clew_slice line, uint64_t *ret);

#endif
