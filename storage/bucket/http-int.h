/*
 * One request to a server over HTTP/1.1, by libcurl, which is loaded at the first one.
 *
 * Connections are kept and used again, one for each thread that asks at the same time. Redirects
 * are not followed; certificates are checked. A read may be asked again over a second connection
 * when the first is silent (hedge-int.h).
 */
#ifndef CLEW_STORAGE_BUCKET_HTTP_INT_H
#define CLEW_STORAGE_BUCKET_HTTP_INT_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "storage/bucket/hedge-int.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct clew_http;

/* -ENOTSUP: there is no libcurl; -ENOMEM. */
CLEW_MUST_USE int clew_http_new(struct clew_http **ret, struct clew_error *err);
void clew_http_free(struct clew_http *http); /* NULL is fine */

/* Borrowed until clew_http_send() returns. */
struct clew_http_request {
        const char *method;
        const char *url;
        const char *const *headers; /* "name: value" */
        size_t n_headers;
        struct clew_slice body;
        uint64_t timeout_ns;
        uint64_t silence_ns; /* so long nothing may move, in whole seconds; 0 = as long as it likes
                              */
        uint64_t still_ns;   /* of a body: the same, as far as the other side's part of it can be
                                seen (moving-int.h); 0 = it is not looked at */
        const char *ca_file; /* NULL: the system's authorities */
        const atomic_bool *stop; /* true ends it; may be NULL */
        /* The request changes nothing, and may be asked twice when that says so; NULL: never. */
        struct clew_hedge *hedge;
};

#define CLEW_HTTP_HEADER_MAX 128u

struct clew_http_answer {
        unsigned status;
        struct clew_buffer *body; /* the caller's, with its maximum */
        /* Of headers content-range, date, x-amz-bucket-region, etag; "" when there is none. */
        char range[CLEW_HTTP_HEADER_MAX];
        char date[CLEW_HTTP_HEADER_MAX];
        char region[CLEW_HTTP_HEADER_MAX];
        char tag[CLEW_HTTP_HEADER_MAX];
};

/*
 * 0 = a whole answer came. -EHOSTUNREACH: nothing was sent; -EACCES: the server's certificate is
 * not trusted; -EMSGSIZE: the answer is larger than its buffer may be; -ECANCELED: stopped. What
 * else fails (-EIO, -ETIMEDOUT) may have been carried out.
 */
CLEW_MUST_USE int clew_http_send(struct clew_http *http, const struct clew_http_request *request,
                                 struct clew_http_answer *ret, struct clew_error *err);

#endif
