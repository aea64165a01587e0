/*
 * OTLP/HTTP on libmicrohttpd.
 *
 * The library calls back on its own threads, several times for each request: when the headers are
 * there, for each piece of body, when the body is complete, and again after each resume. A request
 * is therefore a state machine like a gRPC call:
 *
 *   NEW --headers--> READING --body--> COMMITTING --> ANSWERED
 *    |                  |                                ^
 *    +--(refused)--> DISCARDING ------------------------+
 *
 * While a request waits for its commit, its connection is suspended: the library does not touch it
 * until it is resumed from another thread. Suspending comes before anything that could resume.
 * After a resume the library repeats the call during which it was suspended.
 *
 * The library only ever sees what the guard lets through (guard-h1.h): whole heads, sound framing,
 * and as much of bodies as the memory budget has room for. Its own connections are ends of socket
 * pairs. It polls them: its epoll loop is edge-triggered and misses a peer that closes right after
 * it has written, which then keeps its place until the time-out.
 *
 * A refusal that is known from the headers is still answered after the body has been read and
 * thrown away, because an answer in the middle of a body costs the client its connection, and often
 * the answer. Only bodies that are too large are cut off.
 */
#include "collector/front/http-listener.h"

#include "collector/base/quantity.h"
#include "collector/front/entry-int.h"
#include "collector/front/http-route.h"
#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Closed by the guard, and not yet by the library. */
#define CONNECTIONS_ON_THE_WAY 512u
/* Never reached: at its own limit (which it divides among its threads, while descriptors decide
 * which thread a connection gets) the library locks itself up. We count in its stead. */
#define LIBRARY_CONNECTIONS_MAX 65536u
/* Headers and one piece of body; taken for each open connection. */
#define CONNECTION_MEMORY_BYTES ((size_t)48 * 1024)
/* Idle keep-alive connections; longer than the export interval of SDKs, far longer than a pause. */
#define CONNECTION_TIMEOUT_S 60u
#define SCRATCHES_MAX 64u
/* How long a browser may remember that a page may send. */
#define PREFLIGHT_SECONDS "7200"
#define ANSWER_BYTES_MAX 4096u
/* A body that is thrown away may be this many times the limit before the connection is cut. */
#define DISCARD_FACTOR 2u

enum request_state { REQ_NEW, REQ_READING, REQ_DISCARDING, REQ_COMMITTING, REQ_ANSWERED };

struct clew_http_listener {
        struct clew_http_listener_options options;
        struct MHD_Daemon *daemon;
        atomic_bool draining;
        pthread_mutex_t lock;
        pthread_cond_t changed; /* on the monotonic clock */
        /* under the lock: */
        unsigned n_suspended;
        unsigned n_requests;
        struct clew_scratch *free_scratch[SCRATCHES_MAX];
        unsigned n_free_scratch;
        /* constant after start */
        struct clew_scratch scratch[SCRATCHES_MAX];
        unsigned n_scratch;
        pthread_cond_t scratch_freed;
};

struct request {
        struct clew_http_listener *listener;
        struct MHD_Connection *connection;
        /* Written by the thread that resumes, read after the resume. */
        _Atomic enum request_state state;
        struct clew_http_route route;
        struct clew_buffer body;
        size_t discarded_bytes;
        uint64_t received_ns; /* when the body was there */
        enum clew_ingest_size size;
        struct clew_lane_job job; /* while it waits to be decoded */
        struct clew_submission submission;
        const struct clew_project *project; /* that the key opens */
        struct clew_answer answer;
        bool close;
        void *guest; /* not NULL: the guest's request */
        bool inside; /* counted by admission */
};

static struct request *request_of_submission(struct clew_submission *s)
{
        return (struct request *)(void *)((char *)s - offsetof(struct request, submission));
}

/* ---- scratch: one for each thread that may decode at a time -------------------------------- */

static struct clew_scratch *take_scratch(struct clew_http_listener *l)
{
        struct clew_scratch *s;

        pthread_mutex_lock(&l->lock);
        while (l->n_free_scratch == 0)
                pthread_cond_wait(&l->scratch_freed, &l->lock);
        s = l->free_scratch[--l->n_free_scratch];
        pthread_mutex_unlock(&l->lock);
        return s;
}

static void put_scratch(struct clew_http_listener *l, struct clew_scratch *s)
{
        pthread_mutex_lock(&l->lock);
        l->free_scratch[l->n_free_scratch++] = s;
        pthread_cond_signal(&l->scratch_freed);
        pthread_mutex_unlock(&l->lock);
}

/* ---- suspending ----------------------------------------------------------------------------- */

static void suspend(struct request *q)
{
        struct clew_http_listener *l = q->listener;

        pthread_mutex_lock(&l->lock);
        l->n_suspended++;
        pthread_mutex_unlock(&l->lock);
        MHD_suspend_connection(q->connection);
}

static void resume(struct request *q, enum request_state next)
{
        struct clew_http_listener *l = q->listener;

        atomic_store(&q->state, next);
        MHD_resume_connection(q->connection); /* the request may be gone from here on */
        pthread_mutex_lock(&l->lock);
        l->n_suspended--;
        pthread_cond_broadcast(&l->changed);
        pthread_mutex_unlock(&l->lock);
}

static void on_committed(struct clew_submission *s, int result)
{
        struct request *q = request_of_submission(s);

        if (q->size == CLEW_INGEST_LARGE)
                clew_lane_release(q->listener->options.lane);
        clew_ingest_committed(q->listener->options.ingest, result, &q->answer);
        resume(q, REQ_ANSWERED);
}

/* ---- answering ------------------------------------------------------------------------------ */

static const char *header(struct MHD_Connection *connection, const char *name)
{
        return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static void write_body(const struct request *q, struct clew_buffer *out)
{
        bool ok = q->answer.kind == CLEW_ANSWER_OK;

        if (q->answer.kind == CLEW_ANSWER_PREFLIGHT)
                return;
        if (ok && q->route.is_json)
                clew_answer_write_response_json(
                        &q->answer, q->answer.rejected ? q->answer.rejected : "rejectedSpans", out);
        else if (ok)
                clew_answer_write_response(&q->answer, out);
        else if (q->route.is_json)
                clew_answer_write_status_json(&q->answer, out);
        else
                clew_answer_write_status(&q->answer, out);
        if (clew_buffer_error(out))
                clew_buffer_clear(out); /* the status line says what counts */
}

static void add_retry_after(const struct request *q, struct MHD_Response *response)
{
        char seconds[16];

        snprintf(seconds, sizeof(seconds), "%u", (q->answer.retry_ms + 999) / 1000);
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
}

/* What a browser needs before it lets a page send, and before it shows the page the answer. */
static void add_cors(const struct request *q, struct MHD_Response *response)
{
        const char *origin = header(q->connection, MHD_HTTP_HEADER_ORIGIN);
        const char *wanted = header(q->connection, MHD_HTTP_HEADER_ACCESS_CONTROL_REQUEST_HEADERS);

        if (!origin || q->answer.kind == CLEW_ANSWER_FORBIDDEN)
                return;
        MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ORIGIN);
        if (q->answer.kind != CLEW_ANSWER_PREFLIGHT) {
                MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_EXPOSE_HEADERS,
                                        MHD_HTTP_HEADER_RETRY_AFTER);
                return;
        }
        MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_METHODS, "POST");
        MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_HEADERS,
                                wanted ? wanted : MHD_HTTP_HEADER_CONTENT_TYPE);
        MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_MAX_AGE,
                                PREFLIGHT_SECONDS);
}

static enum MHD_Result send_answer(struct request *q)
{
        struct MHD_Response *response;
        enum MHD_Result r;
        CLEW_BUFFER body = {0};

        clew_buffer_init(&body, ANSWER_BYTES_MAX);
        write_body(q, &body);
        response = MHD_create_response_from_buffer(body.len, body.data, MHD_RESPMEM_MUST_COPY);
        if (!response)
                return MHD_NO;
        if (q->answer.kind != CLEW_ANSWER_PREFLIGHT)
                MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                        q->route.is_json ? "application/json"
                                                         : "application/x-protobuf");
        add_cors(q, response);
        if (clew_answer_may_retry(q->answer.kind))
                add_retry_after(q, response);
        if (q->answer.kind == CLEW_ANSWER_NO_KEY)
                MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
        if (q->answer.kind == CLEW_ANSWER_BAD_METHOD)
                MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "POST");
        if (q->close || atomic_load(&q->listener->draining))
                MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
        r = MHD_queue_response(q->connection, (unsigned)clew_answer_http_code(q->answer.kind),
                               response);
        MHD_destroy_response(response);
        return r;
}

/* ---- the body ------------------------------------------------------------------------------- */

static void stop_reading(struct request *q)
{
        clew_buffer_deinit(&q->body);
        atomic_store(&q->state, REQ_DISCARDING);
}

static enum MHD_Result discard(struct request *q, size_t n)
{
        size_t limit = q->listener->options.max_request_bytes;

        q->discarded_bytes += n;
        return q->discarded_bytes / DISCARD_FACTOR > limit ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_piece(struct request *q, const char *data, size_t n)
{
        const struct clew_http_listener_options *o = &q->listener->options;
        size_t need;

        if (atomic_load(&q->state) != REQ_READING)
                return discard(q, n);
        need = q->body.len + n;
        if (need > o->max_request_bytes) {
                clew_ingest_too_large(o->ingest, &q->answer);
                stop_reading(q);
                return discard(q, need);
        }
        clew_buffer_append(&q->body, data, n);
        if (clew_buffer_error(&q->body)) {
                clew_ingest_refuse(o->ingest, &q->answer);
                stop_reading(q);
        }
        return MHD_YES;
}

static void release_body(void *context)
{
        struct request *q = context;

        clew_buffer_deinit(&q->body);
}

static struct request *request_of_job(struct clew_lane_job *job)
{
        return (struct request *)(void *)((char *)job - offsetof(struct request, job));
}

static struct clew_request request_of(struct request *q, const struct clew_slice *body)
{
        return (struct clew_request){
                .signal = q->route.signal == CLEW_HTTP_LOGS ? CLEW_OTLP_LOGS : CLEW_OTLP_TRACES,
                .encoding = q->route.encoding,
                .is_json = q->route.is_json,
                .is_metrics = q->route.signal == CLEW_HTTP_METRICS,
                .received_ns = q->received_ns,
                .redact_key = q->project->redact_key,
                .guess_signal = q->route.is_guess,
                .parts = body,
                .n_parts = 1,
                .release = release_body,
                .context = q,
        };
}

static void commit(struct request *q)
{
        q->submission.done = on_committed;
        clew_pipeline_push(q->project->pipeline, &q->submission);
}

static bool decode_in_lane(struct clew_lane_job *job, struct clew_scratch *scratch)
{
        struct request *q = request_of_job(job);
        const struct clew_http_listener_options *o = &q->listener->options;
        struct clew_slice body = clew_buffer_slice(&q->body);
        struct clew_request request = request_of(q, &body);

        switch (clew_ingest_decode(o->ingest, scratch, &request, q->size, &q->submission,
                                   &q->answer)) {
        case CLEW_INGEST_ANSWER:
                resume(q, REQ_ANSWERED);
                return false;
        case CLEW_INGEST_COMMIT:
                commit(q);
                return true;
        case CLEW_INGEST_MORE:
                q->size++;
                q->job.is_large = q->size == CLEW_INGEST_LARGE;
                clew_lane_push(o->lane, job);
                return false;
        }
        return false;
}

/* The request is complete. On this thread when it is small; otherwise, and while it waits for its
 * commit, it belongs to others. */
static enum MHD_Result decode(struct request *q)
{
        const struct clew_http_listener_options *o = &q->listener->options;
        struct clew_slice body = clew_buffer_slice(&q->body);
        struct clew_request request = request_of(q, &body);
        enum clew_ingest_outcome outcome = CLEW_INGEST_MORE;

        q->size = clew_ingest_size_of(o->ingest, &request);
        if (q->size == CLEW_INGEST_SMALL) {
                struct clew_scratch *scratch = take_scratch(q->listener);

                outcome = clew_ingest_decode(o->ingest, scratch, &request, q->size, &q->submission,
                                             &q->answer);
                put_scratch(q->listener, scratch);
                q->size += outcome == CLEW_INGEST_MORE;
        }
        if (outcome == CLEW_INGEST_ANSWER) {
                atomic_store(&q->state, REQ_ANSWERED);
                return send_answer(q);
        }
        atomic_store(&q->state, REQ_COMMITTING);
        suspend(q);
        if (outcome == CLEW_INGEST_COMMIT) {
                commit(q);
                return MHD_YES;
        }
        q->job.run = decode_in_lane;
        q->job.is_large = q->size == CLEW_INGEST_LARGE;
        clew_lane_push(o->lane, &q->job);
        return MHD_YES;
}

static enum MHD_Result on_body_complete(struct request *q)
{
        if (atomic_load(&q->state) == REQ_READING) {
                q->received_ns = clew_clock_monotonic_ns(clew_clock_system());
                return decode(q);
        }
        atomic_store(&q->state, REQ_ANSWERED);
        return send_answer(q);
}

/* ---- the headers ---------------------------------------------------------------------------- */

/* The length that the client declares; 0 = none. */
static uint64_t declared_length(struct MHD_Connection *connection)
{
        const char *value = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
        uint64_t n;

        return value && clew_quantity_count(value, &n) ? n : 0;
}

static void refuse_draining(struct request *q)
{
        clew_count(q->listener->options.counters, CLEW_COUNT_OVERLOADED, 1);
        clew_answer_set(&q->answer, CLEW_ANSWER_NOT_STORED, "the collector is stopping");
        q->answer.retry_ms = CLEW_INGEST_RETRY_MS;
}

/* Refused: read the body and throw it away, or cut it off when that would take long. */
static enum MHD_Result refuse(struct request *q, uint64_t declared)
{
        atomic_store(&q->state, REQ_DISCARDING);
        if (declared / DISCARD_FACTOR <= q->listener->options.max_request_bytes &&
            !header(q->connection, MHD_HTTP_HEADER_EXPECT))
                return MHD_YES;
        q->close = true;
        return send_answer(q);
}

/* Room for the whole body at once, where its length is known; only what arrives is ever touched. */
static void start_reading(struct request *q, uint64_t declared)
{
        if (declared && !clew_buffer_reserve(&q->body, (size_t)declared))
                clew_buffer_clear(&q->body); /* short of memory: shows again when bytes arrive */
        atomic_store(&q->state, REQ_READING);
}

/* The text is ours, and says what to change. */
static void log_refusal(const struct clew_answer *a)
{
        static struct clew_log_limit limit = {.per_second = 5};

        clew_log_limited(&limit, CLEW_LOG_WARN, "request.refused",
                         "protocol=http status=%d reason=\"%s\"", clew_answer_http_code(a->kind),
                         a->message);
}

static struct clew_slice shown(const struct request *q, const char *name)
{
        const char *value = header(q->connection, name);

        return value ? clew_slice_of_cstr(value) : CLEW_SLICE_NULL;
}

static bool admits(struct request *q)
{
        static const char *const signals[] = {
                [CLEW_HTTP_TRACES] = "POST /v1/traces",
                [CLEW_HTTP_LOGS] = "POST /v1/logs",
                [CLEW_HTTP_METRICS] = "POST /v1/metrics",
        };
        const struct clew_http_listener_options *o = &q->listener->options;
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(q->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        const struct clew_credentials credentials = {
                .authorization = shown(q, MHD_HTTP_HEADER_AUTHORIZATION),
                .api_key = shown(q, "x-api-key"),
                .peer = info ? info->client_addr : NULL,
        };
        const struct clew_entry entry = {
                .access = o->access,
                .projects = o->projects,
                .refusals = o->refusals,
                .what = signals[q->route.signal],
        };

        if (clew_entry_admits(&entry, &credentials, &q->project, &q->answer))
                return true;
        clew_count(o->counters, CLEW_COUNT_KEYS_REFUSED, 1);
        log_refusal(&q->answer);
        return false;
}

static enum MHD_Result on_headers(struct request *q, const char *method, const char *path)
{
        const struct clew_http_listener_options *o = &q->listener->options;
        uint64_t declared = declared_length(q->connection);
        const struct clew_http_head head = {
                .method = method,
                .path = path,
                .content_type = header(q->connection, MHD_HTTP_HEADER_CONTENT_TYPE),
                .content_encoding = header(q->connection, MHD_HTTP_HEADER_CONTENT_ENCODING),
                .origin = header(q->connection, MHD_HTTP_HEADER_ORIGIN),
        };

        if (!clew_http_route(&head, &q->route, &q->answer)) {
                if (q->answer.kind != CLEW_ANSWER_PREFLIGHT) {
                        clew_count(o->counters, CLEW_COUNT_UNIMPLEMENTED, 1);
                        log_refusal(&q->answer);
                }
                return refuse(q, declared);
        }
        if (!admits(q))
                return refuse(q, declared);
        if (!q->project->pipeline) {
                clew_answer_set(&q->answer, CLEW_ANSWER_FORBIDDEN,
                                "this clewd only answers questions (role query, or read-only); "
                                "send spans to one that collects");
                return refuse(q, declared);
        }
        clew_count(o->counters, CLEW_COUNT_REQUESTS, 1);
        if (atomic_load(&q->listener->draining)) {
                refuse_draining(q);
                return refuse(q, declared);
        }
        if (declared > o->max_request_bytes) {
                clew_ingest_too_large(o->ingest, &q->answer);
                return refuse(q, declared);
        }
        clew_admission_enter(o->admission);
        q->inside = true;
        start_reading(q, declared);
        return MHD_YES;
}

/* ---- callbacks of the library --------------------------------------------------------------- */

static struct request *new_request(struct clew_http_listener *l, struct MHD_Connection *connection)
{
        struct request *q = clew_calloc(1, sizeof(*q));

        if (!q)
                return NULL;
        q->listener = l;
        q->connection = connection;
        clew_buffer_init(&q->body, l->options.max_request_bytes);
        pthread_mutex_lock(&l->lock);
        l->n_requests++;
        pthread_mutex_unlock(&l->lock);
        return q;
}

static enum MHD_Result on_begin(struct request *q, const char *method, const char *path)
{
        const struct clew_http_listener_options *o = &q->listener->options;

        if (!o->guest || !o->guest->wants(q->connection, method, path))
                return on_headers(q, method, path);
        q->guest = o->guest->begin(o->guest_context, q->connection, method, path);
        return q->guest ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_call(void *context, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *data_len, void **slot)
{
        struct request *q = *slot;
        size_t n = *data_len;

        (void)version;
        if (!q) {
                q = new_request(context, connection);
                *slot = q;
                return q ? on_begin(q, method, clew_http_path_of(url)) : MHD_NO;
        }
        if (q->guest)
                return q->listener->options.guest->on_call(q->guest, data, data_len);
        if (n > 0) {
                *data_len = 0;
                return on_piece(q, data, n);
        }
        switch (atomic_load(&q->state)) {
        case REQ_READING:
        case REQ_DISCARDING:
                return on_body_complete(q);
        case REQ_ANSWERED:
                return send_answer(q);
        case REQ_NEW:
        case REQ_COMMITTING:
                break;
        }
        return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode why)
{
        struct clew_http_listener *l = context;
        struct request *q = *slot;

        (void)connection;
        if (!q)
                return;
        if (q->guest)
                l->options.guest->end(q->guest);
        else if (why != MHD_REQUEST_TERMINATED_COMPLETED_OK)
                clew_count(l->options.counters, CLEW_COUNT_ABANDONED, 1);
        clew_buffer_deinit(&q->body);
        clew_submission_deinit(&q->submission);
        if (q->inside)
                clew_admission_leave(l->options.admission);
        clew_free(q);
        *slot = NULL;
        pthread_mutex_lock(&l->lock);
        l->n_requests--;
        pthread_cond_broadcast(&l->changed);
        pthread_mutex_unlock(&l->lock);
}

/* Paths are compared as sent. */
static size_t no_unescape(void *context, struct MHD_Connection *connection, char *s)
{
        (void)context;
        (void)connection;
        return strlen(s);
}

CLEW_PRINTF(2, 0) static void log_of_library(void *context, const char *fmt, va_list ap)
{
        static struct clew_log_limit limit = {.per_second = 5};
        char text[256];

        (void)context;
        vsnprintf(text, sizeof(text), fmt, ap);
        clew_log_limited(&limit, CLEW_LOG_DEBUG, "http.library", "message=\"%s\"", text);
}

/* ---- lifecycle ------------------------------------------------------------------------------ */

static int make_scratches(struct clew_http_listener *l)
{
        for (; l->n_scratch < l->options.n_threads; l->n_scratch++) {
                int r = clew_scratch_init(&l->scratch[l->n_scratch], l->options.ingest);

                if (r < 0)
                        return r;
                put_scratch(l, &l->scratch[l->n_scratch]);
        }
        return 0;
}

static struct MHD_Daemon *start_daemon(struct clew_http_listener *l)
{
        unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                         MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG;

        return MHD_start_daemon(
                flags, 0, NULL, NULL, on_call, l, MHD_OPTION_EXTERNAL_LOGGER, log_of_library, NULL,
                MHD_OPTION_THREAD_POOL_SIZE, l->options.n_threads, MHD_OPTION_CONNECTION_LIMIT,
                LIBRARY_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                CONNECTION_MEMORY_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT_S,
                MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, NULL,
                MHD_OPTION_NOTIFY_COMPLETED, on_completed, l, MHD_OPTION_END);
}

static void init_conditions(struct clew_http_listener *l)
{
        pthread_condattr_t attr;

        pthread_mutex_init(&l->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&l->changed, &attr);
        pthread_cond_init(&l->scratch_freed, &attr);
        pthread_condattr_destroy(&attr);
}

int clew_http_listener_new(const struct clew_http_listener_options *options,
                           struct clew_http_listener **ret, struct clew_error *err)
{
        struct clew_http_listener *l = clew_calloc(1, sizeof(*l));
        int r;

        if (!l)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        CLEW_ASSERT(options->n_threads <= SCRATCHES_MAX);
        l->options = *options;
        init_conditions(l);
        r = make_scratches(l);
        if (r == 0) {
                l->daemon = start_daemon(l);
                if (!l->daemon)
                        r = clew_error_set(err, -EIO, 0, "cannot start the HTTP server");
        }
        if (r < 0) {
                clew_http_listener_free(l);
                return r;
        }
        *ret = l;
        return 0;
}

void clew_http_listener_take(void *listener, int fd, const struct clew_address *peer)
{
        struct clew_http_listener *l = listener;
        const union MHD_DaemonInfo *info =
                MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

        if (info && info->num_connections >= CLEW_HTTP_CONNECTIONS_MAX + CONNECTIONS_ON_THE_WAY) {
                close(fd);
                return;
        }
        /* Short of memory: the library closes it. */
        (void)MHD_add_connection(l->daemon, fd, (const struct sockaddr *)&peer->sockaddr,
                                 peer->len);
}

void clew_http_listener_quiesce(struct clew_http_listener *l)
{
        atomic_store(&l->draining, true);
}

int clew_http_listener_drain(struct clew_http_listener *l, uint64_t deadline_ns)
{
        struct timespec until = clew_clock_deadline(deadline_ns);
        bool late = false;
        int r;

        pthread_mutex_lock(&l->lock);
        while (l->n_requests > 0 && !late)
                late = pthread_cond_timedwait(&l->changed, &l->lock, &until) == ETIMEDOUT;
        r = l->n_requests > 0 ? -ETIMEDOUT : 0;
        pthread_mutex_unlock(&l->lock);
        return r;
}

void clew_http_listener_finish(struct clew_http_listener *l)
{
        pthread_mutex_lock(&l->lock);
        /* Suspended ones are the pipeline's, which always comes back. */
        while (l->n_suspended > 0)
                pthread_cond_wait(&l->changed, &l->lock);
        pthread_mutex_unlock(&l->lock);
}

void clew_http_listener_free(struct clew_http_listener *l)
{
        if (!l)
                return;
        if (l->daemon)
                MHD_stop_daemon(l->daemon);
        for (unsigned i = 0; i < l->n_scratch; i++)
                clew_scratch_deinit(&l->scratch[i]);
        pthread_cond_destroy(&l->changed);
        pthread_cond_destroy(&l->scratch_freed);
        pthread_mutex_destroy(&l->lock);
        clew_free(l);
}
