/*
 * What an HTTP request asks for, from its method, path and headers. Pure functions.
 */
#ifndef CLEW_COLLECTOR_HTTP_ROUTE_H
#define CLEW_COLLECTOR_HTTP_ROUTE_H

#include "collector/gate/answer.h"
#include "collector/gate/encoding.h"
#include "proto/base/compiler.h"

#include <stdbool.h>

enum clew_http_signal {
        CLEW_HTTP_TRACES,
        CLEW_HTTP_LOGS,
        CLEW_HTTP_METRICS,
};

struct clew_http_route {
        enum clew_http_signal signal;
        bool is_guess; /* the path says nothing about the signal */
        bool is_json;  /* also the encoding of the answer */
        enum clew_encoding encoding;
};

/* The path of a request's target: of "http://host:port/path" (RFC 9112, section 3.2.2: proxies are
 * asked so, and a server accepts it) what stands behind the host. Points into @target, or at "/".
 */
const char *clew_http_path_of(const char *target);

/* Whether OTLP is sent to that path; see below. */
CLEW_MUST_USE bool clew_http_path_is_otlp(const char *path);

/* What the route depends on; headers that were not sent are NULL. */
struct clew_http_head {
        const char *method;
        const char *path;
        const char *content_type;
        const char *content_encoding;
        const char *origin;
};

/*
 * Returns true and fills @ret, or false with the answer to give in @ret_answer; ret->is_json is
 * then the best guess at what the client reads.
 *
 * Paths: /v1/traces, /v1/logs, /v1/metrics, anything that ends in one of them (clients of other
 * products put a prefix before it), and / for a client whose user forgot the path. The path is
 * compared as it was sent: one with escapes, "..", or a backslash is not found.
 *
 * Only browsers send an Origin. A page from elsewhere that reaches this port (through a name that
 * its owner points at 127.0.0.1) must not write here, so the origin must be this machine. Pages of
 * this machine may: what their browser asks beforehand (OPTIONS, Fetch Standard, section 3.3.5) has
 * the answer CLEW_ANSWER_PREFLIGHT.
 */
CLEW_MUST_USE bool clew_http_route(const struct clew_http_head *head, struct clew_http_route *ret,
                                   struct clew_answer *ret_answer);

#endif
