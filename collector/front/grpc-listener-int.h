/*
 * What the two halves of the gRPC front share: the listener (servers, threads, lifecycle) and the
 * call (one export request from its arrival to its answer).
 */
#ifndef CLEW_COLLECTOR_GRPC_LISTENER_INT_H
#define CLEW_COLLECTOR_GRPC_LISTENER_INT_H

#include "collector/commit/ingest.h"
#include "collector/front/grpc-listener.h"

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Whatever completes on the queue begins with this; the completion's tag points at it. */
struct clew_grpc_tag {
        /* Atomic for the sake of thread checkers, which cannot see into the core's queue. */
        void (*_Atomic on_event)(struct clew_grpc_tag *tag, bool ok, struct clew_scratch *scratch);
};

/* One gRPC server object. */
struct clew_grpc_server {
        struct clew_grpc_tag shutdown_tag;
        struct clew_grpc_listener *listener;
        grpc_server *server;
        atomic_uint n_armed; /* requests for a next call that are outstanding */
        atomic_uint n_calls; /* call objects that point here */
        bool is_down;        /* under the listener's lock: the core is done with it */
};

struct clew_grpc_worker {
        struct clew_grpc_listener *listener;
        struct clew_scratch scratch;
        pthread_t thread;
        bool started;
};

/* Calls whose message is on its way, oldest first. Embedded in the call. */
struct clew_grpc_receiving {
        struct clew_grpc_receiving *prev;
        struct clew_grpc_receiving *next;
        uint64_t since_ns; /* monotonic */
};

struct clew_grpc_listener {
        struct clew_grpc_listener_options options;
        grpc_completion_queue *queue;
        grpc_resource_quota *quota;
        struct clew_grpc_worker *workers;
        unsigned n_workers;
        pthread_mutex_t lock;
        pthread_cond_t changed; /* on the monotonic clock */
        struct clew_grpc_server *server;
        struct clew_grpc_receiving receiving; /* ring under the lock; this is its head */
};

/* Cancels the calls whose message did not arrive in time. */
void clew_grpc_cancel_late(struct clew_grpc_listener *l);

/* Asks for calls until CLEW_GRPC_ARMED_MAX are outstanding. */
void clew_grpc_arm(struct clew_grpc_server *server);

#endif
