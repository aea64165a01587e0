/*
 * One gRPC call, from its arrival to its answer.
 *
 * A call is a state machine. At any moment one party owns it: the completion queue while a batch is
 * outstanding, the pipeline while its data is being committed.
 * There is never more than one batch outstanding for a call, so one tag serves all of them, and
 * handing over the ownership orders the accesses.
 *
 *   REQUESTED --call--> RECEIVING --message--> DECODING --> COMMITTING
 *       |                   |                     |             |
 *       | (shutdown)        | (no message)        | (refused)   | (durable or not)
 *       v                   v                     v             v
 *     ENDED <--------- ANSWERING <----------------+-------------+
 *
 * Every call asks for its message at once. How much of it may arrive is decided before, where the
 * bytes pass (guard-h2.h).
 *
 * Hazard: a batch that receives a message completes with success and a NULL message both at the end
 * of the stream and when the message was too large.
 */
#include "collector/front/grpc-listener-int.h"

#include "collector/front/entry-int.h"
#include "proto/base/clock.h"
#include "proto/base/cursor.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <stddef.h>

/* Requests for a next call kept outstanding: a burst of this size needs no waiting. */
#define CLEW_GRPC_ARMED_MAX 64u
/* Retry-info, status details: an answer's text and a few numbers. */
#define TRAILER_BYTES_MAX 2048u
/* A message holds budget while it arrives: a sender that stops in the middle must not keep it. */
#define RECEIVE_NS_MAX (30 * CLEW_NS_PER_S)
#define TRAILERS_MAX 2u /* two forms of retry advice */

enum call_state {
        CALL_REQUESTED,
        CALL_RECEIVING,
        CALL_DECODING,
        CALL_COMMITTING,
        CALL_ANSWERING,
        CALL_ENDED,
        CALL_STATES
};

#define TO(state) (1u << (state))
static const unsigned allowed_moves[CALL_STATES] = {
        [CALL_REQUESTED] = TO(CALL_RECEIVING) | TO(CALL_ANSWERING) | TO(CALL_ENDED),
        [CALL_RECEIVING] = TO(CALL_DECODING) | TO(CALL_ANSWERING) | TO(CALL_ENDED),
        [CALL_DECODING] = TO(CALL_COMMITTING) | TO(CALL_ANSWERING),
        [CALL_COMMITTING] = TO(CALL_ANSWERING),
        [CALL_ANSWERING] = TO(CALL_ENDED),
        [CALL_ENDED] = 0,
};

enum method {
        METHOD_TRACES,
        METHOD_LOGS,
        METHOD_METRICS,
        METHOD_HEALTH,
        METHOD_UNKNOWN,
};

static const struct {
        const char *path;
        enum method method;
        const char *noted;
} methods[] = {
        {"/opentelemetry.proto.collector.trace.v1.TraceService/Export", METHOD_TRACES,
         "gRPC TraceService/Export"},
        {"/opentelemetry.proto.collector.logs.v1.LogsService/Export", METHOD_LOGS,
         "gRPC LogsService/Export"},
        {"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", METHOD_METRICS,
         "gRPC MetricsService/Export"},
        {"/grpc.health.v1.Health/Check", METHOD_HEALTH, "gRPC Health/Check"},
};

/* What Health/Check may be asked about; "" is the whole server. */
static const char *const health_services[] = {
        "",
        "opentelemetry.proto.collector.trace.v1.TraceService",
        "opentelemetry.proto.collector.logs.v1.LogsService",
        "opentelemetry.proto.collector.metrics.v1.MetricsService",
};

struct call {
        struct clew_grpc_tag tag; /* first: completions point here */
        /* Stored last before the call changes hands, loaded first after: it orders the rest, also
         * for tools that cannot see into the core. */
        _Atomic enum call_state state;
        enum method method;
        struct clew_grpc_server *server;
        grpc_call *call;
        grpc_call_details details;
        grpc_metadata_array metadata;
        grpc_byte_buffer *message;
        struct clew_grpc_receiving receiving; /* linked while RECEIVING */
        bool inside;                          /* counted by admission */
        uint64_t received_ns;                 /* when the message was there */
        enum clew_ingest_size size;
        struct clew_lane_job job; /* while it waits to be decoded */
        struct clew_submission submission;
        const struct clew_project *project; /* that the key opens */
        struct clew_answer answer;
        /* the answer's parts, alive until the last batch is over */
        grpc_byte_buffer *response;
        grpc_metadata trailers[TRAILERS_MAX];
        size_t n_trailers;
        int cancelled;
};

static struct call *call_of_tag(struct clew_grpc_tag *tag)
{
        return (struct call *)(void *)((char *)tag - offsetof(struct call, tag));
}

static struct call *call_of_submission(struct clew_submission *s)
{
        return (struct call *)(void *)((char *)s - offsetof(struct call, submission));
}

static const struct clew_grpc_listener_options *options_of(const struct call *c)
{
        return &c->server->listener->options;
}

static void move(struct call *c, enum call_state to)
{
        CLEW_ASSERT(allowed_moves[atomic_load(&c->state)] & TO(to));
        atomic_store(&c->state, to);
}

static void drop_message(struct call *c)
{
        if (c->message)
                grpc_byte_buffer_destroy(c->message);
        c->message = NULL;
}

static void end_call(struct call *c)
{
        struct clew_admission *admission = options_of(c)->admission;
        struct clew_grpc_server *server = c->server;
        struct clew_grpc_listener *l = server->listener;

        move(c, CALL_ENDED);
        drop_message(c);
        if (c->response)
                grpc_byte_buffer_destroy(c->response);
        for (size_t i = 0; i < c->n_trailers; i++)
                grpc_slice_unref(c->trailers[i].value);
        clew_submission_deinit(&c->submission);
        if (c->inside)
                clew_admission_leave(admission);
        grpc_metadata_array_destroy(&c->metadata);
        grpc_call_details_destroy(&c->details);
        if (c->call)
                grpc_call_unref(c->call);
        clew_free(c);
        if (atomic_fetch_sub(&server->n_calls, 1) == 1) { /* the server may be gone from here on */
                pthread_mutex_lock(&l->lock);
                pthread_cond_broadcast(&l->changed);
                pthread_mutex_unlock(&l->lock);
        }
}

static grpc_slice slice_of_buffer(const struct clew_buffer *b)
{
        return grpc_slice_from_copied_buffer((const char *)b->data, b->len);
}

/* ---- answering ------------------------------------------------------------------------------ */

static void add_trailer(struct call *c, const char *key, const struct clew_buffer *value)
{
        if (clew_buffer_error(value))
                return; /* short of memory: the status alone says enough */
        c->trailers[c->n_trailers].key = grpc_slice_from_static_string(key);
        c->trailers[c->n_trailers].value = slice_of_buffer(value);
        c->n_trailers++;
}

/* One form for the specification's clients, one that the Python exporter reads. */
static void add_retry_trailers(struct call *c)
{
        CLEW_BUFFER status = {0};
        CLEW_BUFFER retry = {0};

        clew_buffer_init(&status, TRAILER_BYTES_MAX);
        clew_buffer_init(&retry, TRAILER_BYTES_MAX);
        clew_answer_write_status(&c->answer, &status);
        clew_answer_write_retry_info(&c->answer, &retry);
        add_trailer(c, "grpc-status-details-bin", &status);
        add_trailer(c, "google.rpc.retryinfo-bin", &retry);
}

static void add_encodings_trailer(struct call *c)
{
        c->trailers[c->n_trailers].key = grpc_slice_from_static_string("grpc-accept-encoding");
        c->trailers[c->n_trailers].value =
                grpc_slice_from_static_string("identity,gzip,deflate,zstd,snappy");
        c->n_trailers++;
}

/* Sends @response (owned; NULL = none) and the status, and waits for the end of the stream. */
static void send_answer(struct call *c, grpc_byte_buffer *response, grpc_status_code code,
                        const char *text)
{
        grpc_slice details = grpc_slice_from_copied_string(text);
        grpc_op ops[4] = {
                {.op = GRPC_OP_SEND_INITIAL_METADATA},
                {.op = GRPC_OP_RECV_CLOSE_ON_SERVER},
                {.op = GRPC_OP_SEND_STATUS_FROM_SERVER},
                {.op = GRPC_OP_SEND_MESSAGE},
        };
        grpc_call_error r;

        c->response = response;
        ops[1].data.recv_close_on_server.cancelled = &c->cancelled;
        ops[2].data.send_status_from_server.status = code;
        ops[2].data.send_status_from_server.status_details = &details;
        ops[2].data.send_status_from_server.trailing_metadata = c->trailers;
        ops[2].data.send_status_from_server.trailing_metadata_count = c->n_trailers;
        ops[3].data.send_message.send_message = response;
        move(c, CALL_ANSWERING);
        r = grpc_call_start_batch(c->call, ops, response ? 4 : 3, &c->tag, NULL);
        grpc_slice_unref(details);
        if (r != GRPC_CALL_OK) {
                clew_log(CLEW_LOG_ERROR, "grpc.answer_failed", "reason=%s",
                         grpc_call_error_to_string(r));
                end_call(c);
        }
}

static void answer_success(struct call *c)
{
        CLEW_BUFFER body = {0};
        grpc_byte_buffer *response;
        grpc_slice slice;

        clew_buffer_init(&body, TRAILER_BYTES_MAX);
        clew_answer_write_response(&c->answer, &body);
        if (clew_buffer_error(&body))
                clew_buffer_clear(&body); /* stored: full success is the nearest true answer */
        slice = slice_of_buffer(&body);
        response = grpc_raw_byte_buffer_create(&slice, 1);
        grpc_slice_unref(slice);
        send_answer(c, response, GRPC_STATUS_OK, "");
}

static void answer_call(struct call *c)
{
        drop_message(c);
        if (c->answer.kind == CLEW_ANSWER_OK) {
                answer_success(c);
                return;
        }
        if (clew_answer_may_retry(c->answer.kind))
                add_retry_trailers(c);
        if (c->answer.kind == CLEW_ANSWER_UNIMPLEMENTED)
                add_encodings_trailer(c);
        send_answer(c, NULL, (grpc_status_code)clew_answer_grpc_code(c->answer.kind),
                    c->answer.message);
}

static void on_committed(struct clew_submission *s, int result)
{
        struct call *c = call_of_submission(s);

        if (c->size == CLEW_INGEST_LARGE)
                clew_lane_release(options_of(c)->lane);
        clew_ingest_committed(options_of(c)->ingest, result, &c->answer);
        clew_submission_deinit(s);
        answer_call(c);
}

/* ---- the message ---------------------------------------------------------------------------- */

static void release_message(void *context)
{
        drop_message(context);
}

static struct call *call_of_job(struct clew_lane_job *job)
{
        return (struct call *)(void *)((char *)job - offsetof(struct call, job));
}

static bool decode_in_lane(struct clew_lane_job *job, struct clew_scratch *scratch);

/* The core names only what it knows itself. It passes on the rest as if it had no encoding, and
 * hides the header: then the first bytes tell. */
static enum clew_encoding encoding_of(const struct call *c, const struct clew_slice *parts)
{
        switch (c->message->data.raw.compression) {
        case GRPC_COMPRESS_GZIP:
                return CLEW_ENCODING_GZIP;
        case GRPC_COMPRESS_DEFLATE:
                return CLEW_ENCODING_DEFLATE;
        case GRPC_COMPRESS_NONE:
        case GRPC_COMPRESS_ALGORITHMS_COUNT:
                break;
        }
        return c->message->data.raw.slice_buffer.count ? clew_encoding_sniff(parts[0])
                                                       : CLEW_ENCODING_IDENTITY;
}

/* As one of the size that is known so far. True when it went on to be committed; the call may be
 * gone then. */
static bool decode_export(struct call *c, struct clew_scratch *scratch, bool in_lane)
{
        const struct clew_grpc_listener_options *o = options_of(c);
        grpc_slice_buffer *raw = &c->message->data.raw.slice_buffer;
        CLEW_FREE struct clew_slice *parts = clew_calloc(raw->count, sizeof(*parts));
        struct clew_request request = {
                .signal = c->method == METHOD_LOGS ? CLEW_OTLP_LOGS : CLEW_OTLP_TRACES,
                .is_metrics = c->method == METHOD_METRICS,
                .received_ns = c->received_ns,
                .redact_key = c->project->redact_key,
                .parts = parts,
                .n_parts = raw->count,
                .release = release_message,
                .context = c,
        };
        enum clew_ingest_outcome outcome = CLEW_INGEST_MORE;

        if (!parts) {
                clew_ingest_refuse(o->ingest, &c->answer);
                answer_call(c);
                return false;
        }
        for (size_t i = 0; i < raw->count; i++)
                parts[i] = clew_slice_make(GRPC_SLICE_START_PTR(raw->slices[i]),
                                           GRPC_SLICE_LENGTH(raw->slices[i]));
        request.encoding = encoding_of(c, parts);
        if (!in_lane)
                c->size = clew_ingest_size_of(o->ingest, &request);
        if (in_lane || c->size == CLEW_INGEST_SMALL)
                outcome = clew_ingest_decode(o->ingest, scratch, &request, c->size, &c->submission,
                                             &c->answer);
        switch (outcome) {
        case CLEW_INGEST_ANSWER:
                answer_call(c);
                break;
        case CLEW_INGEST_COMMIT:
                c->submission.done = on_committed;
                move(c, CALL_COMMITTING);
                clew_pipeline_push(c->project->pipeline, &c->submission);
                return true;
        case CLEW_INGEST_MORE:
                if (in_lane || c->size == CLEW_INGEST_SMALL)
                        c->size++;
                c->job.run = decode_in_lane;
                c->job.is_large = c->size == CLEW_INGEST_LARGE;
                clew_lane_push(o->lane, &c->job);
                break;
        }
        return false;
}

static bool decode_in_lane(struct clew_lane_job *job, struct clew_scratch *scratch)
{
        return decode_export(call_of_job(job), scratch, true);
}

/* HealthCheckRequest: service = 1. Reads no further than it must. */
static bool health_service_is_known(struct clew_slice request)
{
        struct clew_cursor at = clew_cursor_make(request);
        struct clew_slice name = CLEW_SLICE_NULL;

        while (clew_cursor_left(&at)) {
                uint64_t tag = clew_cursor_varint(&at);

                if (tag == (1 << 3 | 2))
                        name = clew_cursor_bytes(&at, clew_cursor_varint(&at));
                else
                        clew_cursor_fail(&at);
        }
        if (at.failed)
                return false;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(health_services); i++) {
                if (clew_slice_eq_cstr(name, health_services[i]))
                        return true;
        }
        return false;
}

static void check_health(struct call *c)
{
        /* HealthCheckResponse: status = 1; SERVING = 1, NOT_SERVING = 2. */
        char body[] = {1 << 3, 1};
        grpc_byte_buffer_reader reader;
        grpc_byte_buffer *response;
        grpc_slice slice;
        bool known;

        if (!grpc_byte_buffer_reader_init(&reader, c->message)) {
                send_answer(c, NULL, GRPC_STATUS_INTERNAL, "the message cannot be read");
                return;
        }
        slice = grpc_byte_buffer_reader_readall(&reader);
        grpc_byte_buffer_reader_destroy(&reader);
        known = health_service_is_known(
                clew_slice_make(GRPC_SLICE_START_PTR(slice), GRPC_SLICE_LENGTH(slice)));
        grpc_slice_unref(slice);
        if (!known) {
                send_answer(c, NULL, GRPC_STATUS_NOT_FOUND, "unknown service");
                return;
        }
        if (!clew_pipeline_is_healthy(options_of(c)->projects->all[0].pipeline))
                body[1] = 2;
        slice = grpc_slice_from_copied_buffer(body, sizeof(body));
        response = grpc_raw_byte_buffer_create(&slice, 1);
        grpc_slice_unref(slice);
        send_answer(c, response, GRPC_STATUS_OK, "");
}

static void on_no_message(struct call *c)
{
        if (grpc_call_failed_before_recv_message(c->call)) {
                /* Over the limit (the core has answered that), cancelled or late: nobody listens.
                 */
                clew_answer_set(&c->answer, CLEW_ANSWER_TOO_LARGE, "the message did not arrive");
        } else {
                clew_count(options_of(c)->counters, CLEW_COUNT_MALFORMED, 1);
                clew_answer_set(&c->answer, CLEW_ANSWER_MALFORMED, "the call holds no message");
        }
        answer_call(c);
}

static struct call *call_of_receiving(struct clew_grpc_receiving *r)
{
        return (struct call *)(void *)((char *)r - offsetof(struct call, receiving));
}

static void begin_receiving(struct call *c)
{
        struct clew_grpc_listener *l = c->server->listener;
        struct clew_grpc_receiving *head = &l->receiving;

        pthread_mutex_lock(&l->lock);
        /* Under the lock, so that the ring is in order of time. */
        c->receiving.since_ns = clew_clock_monotonic_ns(clew_clock_system());
        c->receiving.prev = head->prev;
        c->receiving.next = head;
        head->prev->next = &c->receiving;
        head->prev = &c->receiving;
        pthread_mutex_unlock(&l->lock);
}

static void end_receiving(struct call *c)
{
        struct clew_grpc_listener *l = c->server->listener;

        pthread_mutex_lock(&l->lock);
        c->receiving.prev->next = c->receiving.next;
        c->receiving.next->prev = c->receiving.prev;
        pthread_mutex_unlock(&l->lock);
}

void clew_grpc_cancel_late(struct clew_grpc_listener *l)
{
        static struct clew_log_limit limit = {.per_second = 1};
        uint64_t now;
        unsigned n = 0;

        /* The core calls nothing back from within a cancel, so the lock may be held. */
        pthread_mutex_lock(&l->lock);
        now = clew_clock_monotonic_ns(clew_clock_system());
        for (struct clew_grpc_receiving *r = l->receiving.next;
             r != &l->receiving && now >= r->since_ns && now - r->since_ns >= RECEIVE_NS_MAX;
             r = r->next) {
                grpc_call_cancel_with_status(call_of_receiving(r)->call, GRPC_STATUS_UNAVAILABLE,
                                             "the message did not arrive in time", NULL);
                n++;
        }
        pthread_mutex_unlock(&l->lock);
        if (n)
                clew_log_limited(&limit, CLEW_LOG_WARN, "grpc.late", "calls=%u limit_s=%llu", n,
                                 (unsigned long long)(RECEIVE_NS_MAX / CLEW_NS_PER_S));
}

static void on_received(struct call *c, struct clew_scratch *scratch)
{
        end_receiving(c);
        if (!c->message) {
                on_no_message(c);
                return;
        }
        move(c, CALL_DECODING);
        switch (c->method) {
        case METHOD_TRACES:
        case METHOD_LOGS:
        case METHOD_METRICS:
                c->received_ns = clew_clock_monotonic_ns(clew_clock_system());
                (void)!decode_export(c, scratch, false);
                break;
        case METHOD_HEALTH:
                check_health(c);
                break;
        case METHOD_UNKNOWN:
                CLEW_ASSERT(false);
        }
}

static void receive(struct call *c)
{
        grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};
        grpc_call_error r;

        op.data.recv_message.recv_message = &c->message;
        begin_receiving(c);
        move(c, CALL_RECEIVING);
        r = grpc_call_start_batch(c->call, &op, 1, &c->tag, NULL);
        if (r != GRPC_CALL_OK) {
                clew_log(CLEW_LOG_ERROR, "grpc.receive_failed", "reason=%s",
                         grpc_call_error_to_string(r));
                end_receiving(c);
                end_call(c);
        }
}

/* ---- arrival -------------------------------------------------------------------------------- */

static enum method method_of(const grpc_call_details *details)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(methods); i++) {
                if (grpc_slice_str_cmp(details->method, methods[i].path) == 0)
                        return methods[i].method;
        }
        return METHOD_UNKNOWN;
}

static struct clew_slice shown(const struct call *c, const char *name)
{
        for (size_t i = 0; i < c->metadata.count; i++) {
                const grpc_metadata *m = &c->metadata.metadata[i];

                if (grpc_slice_str_cmp(m->key, name) == 0)
                        return clew_slice_make(GRPC_SLICE_START_PTR(m->value),
                                               GRPC_SLICE_LENGTH(m->value));
        }
        return CLEW_SLICE_NULL;
}

/* For the audit log: a word of ours, never what was sent. */
static const char *called(enum method method)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(methods); i++) {
                if (methods[i].method == method)
                        return methods[i].noted;
        }
        return "gRPC";
}

/* The core does not know its clients' addresses: all of them share one count of failures. */
static bool admits(struct call *c)
{
        static struct clew_log_limit limit = {.per_second = 5};
        const struct clew_grpc_listener_options *o = options_of(c);
        const struct clew_credentials credentials = {
                .authorization = shown(c, "authorization"),
                .api_key = shown(c, "x-api-key"),
        };
        const struct clew_entry entry = {
                .access = o->access,
                .projects = o->projects,
                .refusals = o->refusals,
                .what = called(c->method),
        };

        if (clew_entry_admits(&entry, &credentials, &c->project, &c->answer))
                return true;
        clew_count(o->counters, CLEW_COUNT_KEYS_REFUSED, 1);
        clew_log_limited(&limit, CLEW_LOG_WARN, "request.refused",
                         "protocol=grpc status=%d reason=\"%s\"",
                         clew_answer_grpc_code(c->answer.kind), c->answer.message);
        return false;
}

static void begin(struct call *c)
{
        const struct clew_grpc_listener_options *o = options_of(c);

        if (!admits(c)) {
                answer_call(c);
                return;
        }
        clew_count(o->counters, CLEW_COUNT_REQUESTS, 1);
        clew_admission_enter(o->admission);
        c->inside = true;
        receive(c);
}

static void refuse_method(struct call *c)
{
        static struct clew_log_limit limit = {.per_second = 1};
        static const char served[] = "clewd serves OTLP Export for traces, logs and metrics, and "
                                     "grpc.health.v1.Health/Check";

        clew_count(options_of(c)->counters, CLEW_COUNT_UNIMPLEMENTED, 1);
        clew_log_limited(&limit, CLEW_LOG_WARN, "request.refused",
                         "protocol=grpc status=UNIMPLEMENTED reason=\"an unknown method; %s\"",
                         served);
        send_answer(c, NULL, GRPC_STATUS_UNIMPLEMENTED, served);
}

static void on_arrived(struct call *c)
{
        c->method = method_of(&c->details);
        switch (c->method) {
        case METHOD_TRACES:
        case METHOD_LOGS:
        case METHOD_METRICS:
                begin(c);
                break;
        case METHOD_HEALTH:
                receive(c); /* must answer under load, too */
                break;
        case METHOD_UNKNOWN:
                refuse_method(c);
                break;
        }
}

static void on_event(struct clew_grpc_tag *tag, bool ok, struct clew_scratch *scratch)
{
        struct call *c = call_of_tag(tag);

        switch (atomic_load(&c->state)) {
        case CALL_REQUESTED:
                atomic_fetch_sub(&c->server->n_armed, 1);
                if (!ok) { /* the server is shutting down */
                        end_call(c);
                        return;
                }
                clew_grpc_arm(c->server);
                on_arrived(c);
                break;
        case CALL_RECEIVING:
                on_received(c, scratch);
                break;
        case CALL_ANSWERING:
                if (c->cancelled)
                        clew_count(options_of(c)->counters, CLEW_COUNT_ABANDONED, 1);
                end_call(c);
                break;
        case CALL_DECODING:
        case CALL_COMMITTING:
        case CALL_ENDED:
        case CALL_STATES:
                CLEW_ASSERT(false); /* no batch is outstanding in these states */
        }
}

static bool arm_one(struct clew_grpc_server *server)
{
        struct clew_grpc_listener *l = server->listener;
        struct call *c = clew_calloc(1, sizeof(*c));

        if (!c)
                return false;
        c->tag.on_event = on_event;
        c->server = server;
        atomic_fetch_add(&server->n_calls, 1);
        grpc_call_details_init(&c->details);
        grpc_metadata_array_init(&c->metadata);
        atomic_store(&c->state, CALL_REQUESTED);
        if (grpc_server_request_call(server->server, &c->call, &c->details, &c->metadata, l->queue,
                                     l->queue, &c->tag) != GRPC_CALL_OK) {
                end_call(c);
                return false;
        }
        return true;
}

void clew_grpc_arm(struct clew_grpc_server *server)
{
        /* Short of memory: the others that are armed try again when they fire. */
        while (atomic_fetch_add(&server->n_armed, 1) < CLEW_GRPC_ARMED_MAX) {
                if (!arm_one(server))
                        break;
        }
        atomic_fetch_sub(&server->n_armed, 1);
}
