/*
 * OTLP over HTTP: the listener. What is not OTLP's is a guest's (http-guest.h).
 */
#ifndef CLEW_COLLECTOR_HTTP_LISTENER_H
#define CLEW_COLLECTOR_HTTP_LISTENER_H

#include "collector/base/address.h"
#include "collector/base/counters.h"
#include "collector/commit/ingest.h"
#include "collector/commit/lane.h"
#include "collector/commit/projects.h"
#include "collector/front/http-guest.h"
#include "collector/gate/access.h"
#include "collector/gate/admission.h"
#include "collector/gate/refusals.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"

#include <stddef.h>
#include <stdint.h>

/* That the library has at a time, 48 KiB each. */
#define CLEW_HTTP_CONNECTIONS_MAX 512u

struct clew_http_listener;

struct clew_http_listener_options {
        unsigned n_threads;
        size_t max_request_bytes;
        struct clew_ingest *ingest; /* borrowed, like the rest, until free */
        struct clew_admission *admission;
        struct clew_lane *lane;
        struct clew_access *access;
        struct clew_refusals *refusals;       /* NULL: they are not noted */
        const struct clew_projects *projects; /* without pipelines: OTLP is refused */
        struct clew_counters *counters;
        const struct clew_http_guest *guest; /* may be NULL */
        void *guest_context;
};

/* Serves the connections that it is given. */
CLEW_MUST_USE int clew_http_listener_new(const struct clew_http_listener_options *options,
                                         struct clew_http_listener **ret, struct clew_error *err);
/* Takes over a connection (see guard.h); @listener is a struct clew_http_listener. */
void clew_http_listener_take(void *listener, int fd, const struct clew_address *peer);

/* When nothing is handed over any more: requests on open connections are told to come back later.
 */
void clew_http_listener_quiesce(struct clew_http_listener *l);
/*
 * After quiesce: waits until every request that has arrived whole is answered, and at most
 * @deadline_ns for those still arriving. The pipeline must still run. Returns 0, or -ETIMEDOUT.
 */
CLEW_MUST_USE int clew_http_listener_drain(struct clew_http_listener *l, uint64_t deadline_ns);
/* After drain, and when all connections are cut: waits for the end of what is left. */
void clew_http_listener_finish(struct clew_http_listener *l);
/* After finish. NULL is fine. */
void clew_http_listener_free(struct clew_http_listener *l);

#endif
