#include "collector/front/grpc-listener.h"

#include "collector/front/grpc-listener-int.h"
#include "collector/front/guard-limits-int.h"

#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Bounds on what one connection may cost before a request is admitted. */
#define STREAMS_PER_CONNECTION_MAX 128
#define METADATA_BYTES_MAX (8 * 1024)
/* Flow-control window of a stream whose message has not been asked for yet. */
#define LOOKAHEAD_BYTES (64 * 1024)
/* gzip can make data a little larger; the limit proper is counted after decompression. */
#define WIRE_SLACK_BYTES (64 * 1024)
#define CONNECTION_IDLE_MS (5 * 60 * 1000)
#define CONNECTION_AGE_MS (30 * 60 * 1000)
#define CONNECTION_AGE_GRACE_MS (30 * 1000)
#define KEEPALIVE_TIME_MS (60 * 1000)
#define KEEPALIVE_TIMEOUT_MS (20 * 1000)
/* Clients that ping every few seconds are tolerated, floods are not. */
#define PING_INTERVAL_MIN_MS (5 * 1000)
#define PING_STRIKES_MAX 5
/* What connections get to close by themselves when the last call has been answered. */
#define FAREWELL_NS CLEW_NS_PER_S
/* Threads that the core may make for itself. */
#define CORE_THREADS_MAX 8
#define LIBRARY_LINES_PER_SECOND 5

static void log_of_library(gpr_log_func_args *args)
{
        static struct clew_log_limit limit = {.per_second = LIBRARY_LINES_PER_SECOND};

        clew_log_limited(&limit,
                         args->severity == GPR_LOG_SEVERITY_ERROR ? CLEW_LOG_WARN : CLEW_LOG_DEBUG,
                         "grpc.library", "message=\"%.300s\"", args->message);
}

void clew_grpc_library_init(void)
{
        gpr_set_log_function(log_of_library);
        gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
        grpc_init();
}

void clew_grpc_library_deinit(void)
{
        grpc_shutdown();
}

/* ---- servers -------------------------------------------------------------------------------- */

static grpc_arg integer_arg(const char *key, int value)
{
        grpc_arg a = {.type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)key};

        a.value.integer = value;
        return a;
}

static grpc_server *make_core_server(const struct clew_grpc_listener *l)
{
        int wire_max = (int)(l->options.max_request_bytes + WIRE_SLACK_BYTES);
        int algorithms =
                1 << GRPC_COMPRESS_NONE | 1 << GRPC_COMPRESS_DEFLATE | 1 << GRPC_COMPRESS_GZIP;
        grpc_arg args[] = {
                integer_arg(GRPC_ARG_MAX_CONCURRENT_STREAMS, STREAMS_PER_CONNECTION_MAX),
                integer_arg(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, wire_max),
                integer_arg(GRPC_ARG_MAX_METADATA_SIZE, METADATA_BYTES_MAX),
                integer_arg(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0),
                integer_arg(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, algorithms),
                integer_arg(GRPC_ARG_HTTP2_BDP_PROBE, 0),
                integer_arg(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, (int)CLEW_H2_FRAME_BYTES_MAX),
                integer_arg(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, LOOKAHEAD_BYTES),
                integer_arg(GRPC_ARG_MAX_CONNECTION_IDLE_MS, CONNECTION_IDLE_MS),
                integer_arg(GRPC_ARG_MAX_CONNECTION_AGE_MS, CONNECTION_AGE_MS),
                integer_arg(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, CONNECTION_AGE_GRACE_MS),
                integer_arg(GRPC_ARG_KEEPALIVE_TIME_MS, KEEPALIVE_TIME_MS),
                integer_arg(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, KEEPALIVE_TIMEOUT_MS),
                integer_arg(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1),
                integer_arg(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                            PING_INTERVAL_MIN_MS),
                integer_arg(GRPC_ARG_HTTP2_MAX_PING_STRIKES, PING_STRIKES_MAX),
                integer_arg(GRPC_ARG_ENABLE_CHANNELZ, 0),
                {.type = GRPC_ARG_POINTER, .key = (char *)(uintptr_t)GRPC_ARG_RESOURCE_QUOTA},
        };
        grpc_channel_args all = {.num_args = CLEW_ARRAY_LEN(args), .args = args};
        grpc_arg *quota = &args[CLEW_ARRAY_LEN(args) - 1];

        quota->value.pointer.p = l->quota;
        quota->value.pointer.vtable = grpc_resource_quota_arg_vtable();
        return grpc_server_create(&all, NULL);
}

static void on_server_down(struct clew_grpc_tag *tag, bool ok, struct clew_scratch *scratch)
{
        struct clew_grpc_server *s = (struct clew_grpc_server *)(void *)tag;
        struct clew_grpc_listener *l = s->listener;

        (void)ok;
        (void)scratch;
        pthread_mutex_lock(&l->lock);
        s->is_down = true;
        pthread_cond_broadcast(&l->changed);
        pthread_mutex_unlock(&l->lock);
}

static int start_server(struct clew_grpc_listener *l)
{
        struct clew_grpc_server *s = clew_calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->shutdown_tag.on_event = on_server_down;
        s->listener = l;
        s->server = make_core_server(l);
        grpc_server_register_completion_queue(s->server, l->queue, NULL);
        l->server = s;
        grpc_server_start(s->server);
        clew_grpc_arm(s);
        return 0;
}

/* No call is open any more; of the @connections, too, none. */
static bool is_over(struct clew_grpc_server *s, bool connections)
{
        return atomic_load(&s->n_calls) == 0 && (s->is_down || !connections);
}

/* With the lock held. False when it is not over after @ns. */
static bool wait_for_end(struct clew_grpc_listener *l, bool connections, uint64_t ns)
{
        struct timespec until = clew_clock_deadline(ns);

        while (!is_over(l->server, connections)) {
                if (pthread_cond_timedwait(&l->changed, &l->lock, &until) == ETIMEDOUT)
                        return is_over(l->server, connections);
        }
        return true;
}

/* -ETIMEDOUT when a call was still open after @deadline_ns. A peer that keeps a connection without
 * one, and does not answer pings, has no claim to that time. */
static int stop_server(struct clew_grpc_listener *l, uint64_t deadline_ns)
{
        struct clew_grpc_server *s = l->server;
        uint64_t farewell_ns = deadline_ns < FAREWELL_NS ? deadline_ns : FAREWELL_NS;
        bool answered;

        grpc_server_shutdown_and_notify(s->server, l->queue, &s->shutdown_tag);
        pthread_mutex_lock(&l->lock);
        answered = wait_for_end(l, false, deadline_ns);
        if (answered)
                (void)!wait_for_end(l, true, farewell_ns);
        pthread_mutex_unlock(&l->lock);
        return answered ? 0 : -ETIMEDOUT;
}

void clew_grpc_listener_finish(struct clew_grpc_listener *l)
{
        struct clew_grpc_server *s = l->server;

        if (!s)
                return;
        grpc_server_cancel_all_calls(s->server);
        pthread_mutex_lock(&l->lock);
        while (!is_over(s, true))
                pthread_cond_wait(&l->changed, &l->lock);
        pthread_mutex_unlock(&l->lock);
}

static void free_server(struct clew_grpc_listener *l)
{
        struct clew_grpc_server *s = l->server;

        l->server = NULL;
        if (!s)
                return;
        grpc_server_destroy(s->server);
        clew_free(s);
}

/* ---- threads -------------------------------------------------------------------------------- */

static void *worker_main(void *argument)
{
        struct clew_grpc_worker *w = argument;
        grpc_completion_queue *queue = w->listener->queue;

        pthread_setname_np(pthread_self(), "clewd-grpc");
        for (;;) {
                grpc_event e =
                        grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
                struct clew_grpc_tag *tag = e.tag;

                if (e.type == GRPC_QUEUE_SHUTDOWN)
                        return NULL;
                if (e.type == GRPC_OP_COMPLETE)
                        atomic_load (&tag->on_event)(tag, e.success != 0, &w->scratch);
        }
}

static int start_workers(struct clew_grpc_listener *l)
{
        l->workers = clew_calloc(l->options.n_threads, sizeof(*l->workers));
        if (!l->workers)
                return -ENOMEM;
        l->n_workers = l->options.n_threads;
        for (unsigned i = 0; i < l->n_workers; i++) {
                struct clew_grpc_worker *w = &l->workers[i];
                int r;

                w->listener = l;
                r = clew_scratch_init(&w->scratch, l->options.ingest);
                if (r < 0)
                        return r;
                r = pthread_create(&w->thread, NULL, worker_main, w);
                if (r != 0)
                        return -r;
                w->started = true;
        }
        return 0;
}

static void stop_workers(struct clew_grpc_listener *l)
{
        grpc_completion_queue_shutdown(l->queue);
        for (unsigned i = 0; i < l->n_workers; i++) {
                if (l->workers[i].started)
                        pthread_join(l->workers[i].thread, NULL);
                clew_scratch_deinit(&l->workers[i].scratch);
        }
        clew_free(l->workers);
}

/* ---- lifecycle ------------------------------------------------------------------------------ */

int clew_grpc_listener_new(const struct clew_grpc_listener_options *options,
                           struct clew_grpc_listener **ret, struct clew_error *err)
{
        struct clew_grpc_listener *l = clew_calloc(1, sizeof(*l));
        pthread_condattr_t attr;
        int r;

        if (!l)
                return -ENOMEM;
        l->options = *options;
        l->receiving.prev = l->receiving.next = &l->receiving;
        pthread_mutex_init(&l->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&l->changed, &attr);
        pthread_condattr_destroy(&attr);
        l->queue = grpc_completion_queue_create_for_next(NULL);
        l->quota = grpc_resource_quota_create("clewd");
        grpc_resource_quota_resize(l->quota, options->quota_bytes);
        grpc_resource_quota_set_max_threads(l->quota, CORE_THREADS_MAX);
        r = start_workers(l);
        if (r < 0)
                clew_error_set(err, r, 0, "cannot start network threads: %s", strerror(-r));
        else
                r = start_server(l);
        if (r < 0) {
                if (l->server) {
                        (void)!stop_server(l, 0);
                        clew_grpc_listener_finish(l);
                }
                clew_grpc_listener_free(l);
                return r;
        }
        *ret = l;
        return 0;
}

void clew_grpc_listener_take(void *listener, int fd, const struct clew_address *peer)
{
        struct clew_grpc_listener *l = listener;
        grpc_server_credentials *credentials = grpc_insecure_server_credentials_create();

        (void)peer;
        grpc_server_add_channel_from_fd(l->server->server, fd, credentials);
        grpc_server_credentials_release(credentials);
}

void clew_grpc_listener_tick(struct clew_grpc_listener *l)
{
        clew_grpc_cancel_late(l);
        if (l->server)
                clew_grpc_arm(l->server); /* in case memory was short when it was last due */
}

int clew_grpc_listener_drain(struct clew_grpc_listener *l, uint64_t deadline_ns)
{
        return l->server ? stop_server(l, deadline_ns) : 0;
}

void clew_grpc_listener_free(struct clew_grpc_listener *l)
{
        if (!l)
                return;
        free_server(l);
        stop_workers(l);
        grpc_completion_queue_destroy(l->queue);
        grpc_resource_quota_unref(l->quota);
        pthread_cond_destroy(&l->changed);
        pthread_mutex_destroy(&l->lock);
        clew_free(l);
}
