/*
 * The sending loop: one completion queue, a fixed set of call slots, a clock.
 *
 * A slot is free, in flight, or waiting for its retry. The loop starts what is due in free slots,
 * then waits for the next completion or the next due time, whichever is first. Nothing is allocated
 * per call but the copy of the request, which gRPC owns from then on.
 */
#include "tools/loadgen/sender.h"

#include "proto/base/clock.h"
#include "proto/base/cursor.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>
#include <stdio.h>

#define EXPORT_METHOD "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
#define RETRY_FIRST_NS 20000000ull     /* doubled each time ... */
#define RETRY_LONGEST_NS 2000000000ull /* ... up to this */
#define MESSAGE_BYTES_MAX                                                                          \
        (1 << 30) /* of one request; the server's limit is the one to be tested                    \
                   */

enum slot_state { SLOT_FREE, SLOT_IN_FLIGHT, SLOT_WAITING };

struct slot {
        enum slot_state state;
        grpc_channel *channel; /* borrowed */
        grpc_call *call;
        grpc_metadata_array initial;
        grpc_metadata_array trailing;
        grpc_byte_buffer *response;
        grpc_status_code status;
        grpc_slice details;
        const struct clew_load_request *request;
        size_t request_index;
        uint64_t pass;
        uint64_t due_ns;   /* monotonic */
        uint64_t retry_ns; /* WAITING: when to send again */
        unsigned tries;
};

struct sender {
        const struct clew_corpus *corpus;
        const struct clew_sender_options *options;
        struct clew_sender_result *result;
        grpc_completion_queue *queue;
        grpc_channel **channels;
        struct slot *slots;
        size_t n_slots;
        size_t n_busy; /* in flight or waiting */
        size_t n_in_flight;
        uint64_t next; /* number of the next new request */
        uint64_t begin_ns;
        uint64_t pass_number;
        struct clew_pass pass; /* of pass_number */
        int error;
};

static uint64_t now_ns(void)
{
        return clew_clock_monotonic_ns(clew_clock_system());
}

/* ---- one call -------------------------------------------------------------------------------- */

static grpc_byte_buffer *make_message(struct sender *s, const struct slot *slot)
{
        size_t n = slot->request->bytes.len;
        grpc_byte_buffer *message;
        grpc_slice slice;
        uint8_t *copy = clew_malloc(n ? n : 1);

        if (!copy)
                return NULL;
        if (slot->pass != s->pass_number) {
                struct clew_pass pass = clew_pass_make(s->options->seed, slot->pass);

                clew_request_copy(slot->request, &pass, copy);
        } else {
                clew_request_copy(slot->request, &s->pass, copy);
        }
        slice = grpc_slice_new(copy, n, clew_free);
        message = grpc_raw_byte_buffer_create(&slice, 1);
        grpc_slice_unref(slice);
        return message;
}

static void start_call(struct sender *s, struct slot *slot)
{
        gpr_timespec deadline =
                gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                             gpr_time_from_nanos((int64_t)s->options->timeout_ns, GPR_TIMESPAN));
        grpc_byte_buffer *message = make_message(s, slot);
        grpc_op ops[6] = {0};
        grpc_slice method;

        if (!message) {
                s->error = -ENOMEM;
                slot->state = SLOT_FREE;
                s->n_busy--;
                return;
        }
        method = grpc_slice_from_static_string(EXPORT_METHOD);
        slot->call = grpc_channel_create_call(slot->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
                                              s->queue, method, NULL, deadline, NULL);
        grpc_metadata_array_init(&slot->initial);
        grpc_metadata_array_init(&slot->trailing);
        slot->response = NULL;
        ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
        ops[1].op = GRPC_OP_SEND_MESSAGE;
        ops[1].data.send_message.send_message = message;
        ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
        ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
        ops[3].data.recv_initial_metadata.recv_initial_metadata = &slot->initial;
        ops[4].op = GRPC_OP_RECV_MESSAGE;
        ops[4].data.recv_message.recv_message = &slot->response;
        ops[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
        ops[5].data.recv_status_on_client.trailing_metadata = &slot->trailing;
        ops[5].data.recv_status_on_client.status = &slot->status;
        ops[5].data.recv_status_on_client.status_details = &slot->details;
        /* Refused only for a wrong use of the API, which no input can cause. */
        CLEW_ASSERT(grpc_call_start_batch(slot->call, ops, 6, slot, NULL) == GRPC_CALL_OK);
        grpc_byte_buffer_destroy(message);
        slot->state = SLOT_IN_FLIGHT;
        slot->tries++;
        s->n_in_flight++;
}

/* ExportTraceServiceResponse { partial_success = 1 { rejected_spans = 1 } } */
static uint64_t rejected_spans(struct clew_slice response)
{
        struct clew_cursor c = clew_cursor_make(response);

        while (clew_cursor_left(&c) > 0) {
                uint64_t tag = clew_cursor_varint(&c);
                struct clew_cursor inner;

                if ((tag & 7) != 2)
                        return 0;
                inner = clew_cursor_make(clew_cursor_bytes(&c, clew_cursor_varint(&c)));
                if (tag >> 3 == 1 && clew_cursor_left(&inner) > 0 &&
                    clew_cursor_varint(&inner) == (1u << 3))
                        return clew_cursor_varint(&inner);
        }
        return 0;
}

static uint64_t response_rejected(grpc_byte_buffer *response)
{
        grpc_byte_buffer_reader reader;
        grpc_slice slice;
        uint64_t rejected;

        if (!response || grpc_byte_buffer_length(response) == 0 ||
            !grpc_byte_buffer_reader_init(&reader, response))
                return 0;
        slice = grpc_byte_buffer_reader_readall(&reader);
        rejected = rejected_spans(
                clew_slice_make(GRPC_SLICE_START_PTR(slice), GRPC_SLICE_LENGTH(slice)));
        grpc_slice_unref(slice);
        grpc_byte_buffer_reader_destroy(&reader);
        return rejected;
}

static void note_error(struct sender *s, const struct slot *slot)
{
        size_t room = sizeof(s->result->first_error);
        size_t n = GRPC_SLICE_LENGTH(slot->details);

        if (s->result->first_error[0] || room == 0)
                return;
        snprintf(s->result->first_error, room, "status %d: %.*s", (int)slot->status,
                 (int)(n < room ? n : room), (const char *)GRPC_SLICE_START_PTR(slot->details));
}

static void probe(struct sender *s, const struct slot *slot)
{
        const struct clew_sender_options *o = s->options;
        struct clew_pass pass = clew_pass_make(o->seed, slot->pass);
        struct clew_trace_id trace = clew_pass_apply(&pass, slot->request->last_trace);
        uint64_t ns = o->probe(o->probe_context, &trace, &slot->request->last_span);

        if (ns == UINT64_MAX)
                s->result->never_visible++;
        else
                clew_latency_add(&s->result->visible, ns);
}

static void on_ack(struct sender *s, const struct slot *slot)
{
        struct clew_sender_result *r = s->result;

        clew_latency_add(&r->latency, now_ns() - slot->due_ns);
        r->acked++;
        r->acked_bytes += slot->request->bytes.len;
        r->acked_spans += slot->request->n_spans;
        r->rejected_spans += response_rejected(slot->response);
        if (s->options->acked)
                s->options->acked(s->options->acked_context, slot->pass, slot->request_index);
        if (s->options->probe_every && r->acked % s->options->probe_every == 0)
                probe(s, slot);
}

static bool is_retryable(grpc_status_code status)
{
        return status == GRPC_STATUS_UNAVAILABLE || status == GRPC_STATUS_RESOURCE_EXHAUSTED;
}

static void on_done(struct sender *s, struct slot *slot)
{
        struct clew_sender_result *r = s->result;
        unsigned code = (unsigned)slot->status;

        r->by_status[code < CLEW_SENDER_STATUS_CODES ? code : GRPC_STATUS_UNKNOWN]++;
        s->n_in_flight--;
        slot->state = SLOT_FREE;
        if (slot->status == GRPC_STATUS_OK) {
                on_ack(s, slot);
        } else {
                note_error(s, slot);
                if (!is_retryable(slot->status)) {
                        r->failed++;
                } else if (slot->tries > s->options->retries) {
                        r->refused++;
                } else {
                        uint64_t wait = RETRY_FIRST_NS << (slot->tries < 8 ? slot->tries - 1 : 7);

                        r->retries++;
                        slot->retry_ns =
                                now_ns() + (wait < RETRY_LONGEST_NS ? wait : RETRY_LONGEST_NS);
                        slot->state = SLOT_WAITING;
                }
        }
        if (slot->state == SLOT_FREE)
                s->n_busy--;
        grpc_metadata_array_destroy(&slot->initial);
        grpc_metadata_array_destroy(&slot->trailing);
        grpc_slice_unref(slot->details);
        grpc_byte_buffer_destroy(slot->response);
        grpc_call_unref(slot->call);
        slot->call = NULL;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static bool bound_reached(const struct sender *s, uint64_t now)
{
        const struct clew_sender_options *o = s->options;

        if (s->error)
                return true;
        if (o->repeat && s->next >= o->repeat * clew_corpus_n_requests(s->corpus))
                return true;
        if (o->requests && s->next >= o->requests)
                return true;
        return o->run_ns && now - s->begin_ns >= o->run_ns;
}

/* When the next new request is due. */
static uint64_t due_ns(const struct sender *s, uint64_t now)
{
        if (s->options->rate <= 0)
                return now;
        return s->begin_ns + (uint64_t)((double)s->next * 1e9 / s->options->rate);
}

static void start_new(struct sender *s, struct slot *slot, uint64_t due)
{
        size_t n = clew_corpus_n_requests(s->corpus);

        slot->pass = s->next / n;
        slot->request_index = (size_t)(s->next % n);
        slot->request = clew_corpus_request(s->corpus, slot->request_index);
        slot->due_ns = due;
        slot->tries = 0;
        if (slot->pass != s->pass_number) {
                s->pass_number = slot->pass;
                s->pass = clew_pass_make(s->options->seed, slot->pass);
        }
        s->next++;
        s->n_busy++;
        s->result->sent++;
        start_call(s, slot);
}

/* Starts all that is due; returns when to look again (UINT64_MAX = only after a completion). */
static uint64_t start_due(struct sender *s)
{
        uint64_t again = UINT64_MAX, now = now_ns();

        for (size_t i = 0; i < s->n_slots && !s->error; i++) {
                struct slot *slot = &s->slots[i];

                if (slot->state == SLOT_WAITING) {
                        if (slot->retry_ns <= now)
                                start_call(s, slot);
                        else if (slot->retry_ns < again)
                                again = slot->retry_ns;
                } else if (slot->state == SLOT_FREE && !bound_reached(s, now)) {
                        uint64_t due = due_ns(s, now);

                        if (due <= now)
                                start_new(s, slot, due);
                        else if (due < again)
                                again = due;
                }
        }
        return again;
}

static void wait_for_completion(struct sender *s, uint64_t again)
{
        gpr_timespec deadline = gpr_inf_future(GPR_CLOCK_MONOTONIC);
        grpc_event event;

        if (again != UINT64_MAX) {
                uint64_t now = now_ns();

                deadline =
                        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                     gpr_time_from_nanos((int64_t)(again > now ? again - now : 0),
                                                         GPR_TIMESPAN));
        }
        event = grpc_completion_queue_next(s->queue, deadline, NULL);
        /* Take all that is ready before starting more. */
        while (event.type == GRPC_OP_COMPLETE) {
                on_done(s, event.tag);
                event = grpc_completion_queue_next(s->queue, gpr_time_0(GPR_CLOCK_MONOTONIC), NULL);
        }
}

static int open_channels(struct sender *s)
{
        grpc_arg args[] = {
                {.type = GRPC_ARG_INTEGER,
                 .key = (char *)(uintptr_t)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL,
                 .value.integer = 1}, /* else all channels share one connection */
                {.type = GRPC_ARG_INTEGER,
                 .key = (char *)(uintptr_t)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
                 .value.integer = MESSAGE_BYTES_MAX},
                {.type = GRPC_ARG_INTEGER,
                 .key = (char *)(uintptr_t)GRPC_ARG_ENABLE_RETRIES,
                 .value.integer = 0}, /* we count retries ourselves */
                {.type = GRPC_ARG_INTEGER,
                 .key = (char *)(uintptr_t)GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
                 .value.integer = 200},
                {.type = GRPC_ARG_INTEGER,
                 .key = (char *)(uintptr_t)GRPC_COMPRESSION_CHANNEL_DEFAULT_ALGORITHM,
                 .value.integer = s->options->gzip ? GRPC_COMPRESS_GZIP : GRPC_COMPRESS_NONE},
        };
        grpc_channel_args channel_args = {.num_args = sizeof(args) / sizeof(args[0]), .args = args};
        grpc_channel_credentials *credentials = grpc_insecure_credentials_create();

        s->channels = clew_calloc(s->options->connections, sizeof(*s->channels));
        if (!s->channels)
                return -ENOMEM;
        for (unsigned i = 0; i < s->options->connections; i++)
                s->channels[i] =
                        grpc_channel_create(s->options->address, credentials, &channel_args);
        grpc_channel_credentials_release(credentials);
        s->n_slots = (size_t)s->options->connections * s->options->in_flight;
        s->slots = clew_calloc(s->n_slots, sizeof(*s->slots));
        if (!s->slots)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_slots; i++)
                s->slots[i].channel = s->channels[i % s->options->connections];
        return 0;
}

static void shut_down(struct sender *s)
{
        grpc_event event;

        for (unsigned i = 0; s->channels && i < s->options->connections; i++)
                grpc_channel_destroy(s->channels[i]);
        grpc_completion_queue_shutdown(s->queue);
        do
                event = grpc_completion_queue_next(s->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC),
                                                   NULL);
        while (event.type != GRPC_QUEUE_SHUTDOWN);
        grpc_completion_queue_destroy(s->queue);
        clew_free(s->channels);
        clew_free(s->slots);
}

int clew_sender_run(const struct clew_corpus *corpus, const struct clew_sender_options *options,
                    struct clew_sender_result *ret)
{
        struct sender s = {.corpus = corpus, .options = options, .result = ret};
        int rc;

        *ret = (struct clew_sender_result){0};
        grpc_init();
        s.queue = grpc_completion_queue_create_for_next(NULL);
        s.pass = clew_pass_make(options->seed, 0);
        rc = open_channels(&s);
        s.begin_ns = now_ns();
        while (rc == 0) {
                uint64_t again = start_due(&s);

                if (s.n_in_flight == 0 &&
                    (s.error || (s.n_busy == 0 && bound_reached(&s, now_ns()))))
                        break;
                wait_for_completion(&s, again);
        }
        ret->elapsed_ns = now_ns() - s.begin_ns;
        shut_down(&s);
        grpc_shutdown();
        return rc < 0 ? rc : s.error;
}
