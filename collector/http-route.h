/*
 * What an HTTP request asks for, from its method, path and headers. Pure functions.
 */
#ifndef CLEW_COLLECTOR_HTTP_ROUTE_H
#define CLEW_COLLECTOR_HTTP_ROUTE_H

#include "collector/answer.h"
#include "proto/base/compiler.h"

#include <stdbool.h>

enum clew_http_signal {
        CLEW_HTTP_TRACES,
        CLEW_HTTP_LOGS,
        CLEW_HTTP_METRICS,
};

struct clew_http_route {
        enum clew_http_signal signal;
        bool is_json; /* also the encoding of the answer */
        bool is_gzip;
};

/*
 * @content_type and @content_encoding may be NULL. Returns true and fills @ret, or false with the
 * answer to give in @ret_answer; ret->is_json is then the best guess at what the client reads.
 *
 * Paths: /v1/traces, /v1/logs, /v1/metrics, anything that ends in one of them (clients of other
 * products put a prefix before it), and / for a client whose user forgot the path (taken as
 * traces). The path is compared as it was sent: one with escapes, "..", or a backslash is not
 * found.
 */
CLEW_MUST_USE bool clew_http_route(const char *method, const char *path, const char *content_type,
                                   const char *content_encoding, struct clew_http_route *ret,
                                   struct clew_answer *ret_answer);

#endif
