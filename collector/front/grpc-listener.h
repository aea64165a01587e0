/*
 * OTLP over gRPC: the listener.
 *
 * gRPC core's C API: one completion queue, a few threads that each take the next completion and
 * handle it to the end. The core decides nothing about message contents: its own decompression is
 * off, because it inflates before it checks sizes.
 */
#ifndef CLEW_COLLECTOR_GRPC_LISTENER_H
#define CLEW_COLLECTOR_GRPC_LISTENER_H

#include "collector/base/address.h"
#include "collector/base/counters.h"
#include "collector/commit/ingest.h"
#include "collector/commit/lane.h"
#include "collector/commit/projects.h"
#include "collector/gate/access.h"
#include "collector/gate/admission.h"
#include "collector/gate/refusals.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clew_grpc_listener;

struct clew_grpc_listener_options {
        unsigned n_threads;
        size_t max_request_bytes;
        size_t quota_bytes;         /* of the core's own buffers */
        struct clew_ingest *ingest; /* borrowed, like the rest, until free */
        struct clew_admission *admission;
        struct clew_lane *lane;
        struct clew_access *access;
        struct clew_refusals *refusals; /* NULL: they are not noted */
        const struct clew_projects *projects;
        struct clew_counters *counters;
};

/* Once per process, before the first listener; and after the last. */
void clew_grpc_library_init(void);
void clew_grpc_library_deinit(void);

/* Serves the connections that it is given. */
CLEW_MUST_USE int clew_grpc_listener_new(const struct clew_grpc_listener_options *options,
                                         struct clew_grpc_listener **ret, struct clew_error *err);
/* Takes over a connection (see guard.h); @listener is a struct clew_grpc_listener. Not after drain.
 */
void clew_grpc_listener_take(void *listener, int fd, const struct clew_address *peer);

/* To be called about once a second: ends calls whose message stopped arriving. */
void clew_grpc_listener_tick(struct clew_grpc_listener *l);

/*
 * When nothing is handed over any more: waits until every accepted call is answered, at most
 * @deadline_ns. The pipeline must still run. Returns 0, or -ETIMEDOUT when calls are left.
 */
CLEW_MUST_USE int clew_grpc_listener_drain(struct clew_grpc_listener *l, uint64_t deadline_ns);
/* After drain, and when all connections are cut: cancels what is left and waits for its end. */
void clew_grpc_listener_finish(struct clew_grpc_listener *l);
/* After finish. NULL is fine. */
void clew_grpc_listener_free(struct clew_grpc_listener *l);

#endif
