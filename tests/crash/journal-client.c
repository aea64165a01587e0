/*
 * Sends the requests of the workload over OTLP/gRPC to a real clewd, keeps a journal, and kills it.
 *
 *   journal-client ADDRESS JOURNAL SEED FIRST PID ACKS DELAY_US
 *
 * Requests FIRST, FIRST + 1, ... go out over a few connections. DELAY_US after the ACKS-th
 * acknowledgement PID gets SIGKILL; sending goes on until the connections break. The journal is the
 * oracle: a record 's' and the number before a request is handed to gRPC, 'a' and the number after
 * its OK. Each record is one write, so it is whole in the file whatever happens to this process; it
 * is not synced one by one, because the machine stays up.
 *
 * CLEW_CLIENT_LIES makes every 20th request one that is journaled as acknowledged and never sent:
 * the planted weakness that the judge must catch.
 */
#include "tests/crash/workload.h"

#include <fcntl.h>
#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define METHOD "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
#define CONNECTIONS 4u
#define IN_FLIGHT 4u /* per connection */
#define REQUESTS_MAX 20000u
#define CALL_SECONDS 20
#define LIE_EVERY 20u

struct call {
        grpc_channel *channel;
        grpc_call *call;
        grpc_metadata_array initial;
        grpc_metadata_array trailing;
        grpc_byte_buffer *response;
        grpc_status_code status;
        grpc_slice details;
        uint64_t number;
};

struct client {
        grpc_completion_queue *queue;
        struct clew_work work;
        struct call calls[CONNECTIONS * IN_FLIGHT];
        int journal;
        uint64_t next;
        uint64_t acks;
        unsigned busy;
        bool lies;
        bool broken;
        char reason[200];
};

static void record(struct client *c, char kind, uint64_t number)
{
        uint8_t bytes[9] = {(uint8_t)kind};

        memcpy(bytes + 1, &number, 8);
        if (write(c->journal, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes))
                abort();
}

static void start(struct client *c, struct call *call)
{
        gpr_timespec deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                             gpr_time_from_seconds(CALL_SECONDS, GPR_TIMESPAN));
        grpc_byte_buffer *message;
        grpc_op ops[6] = {0};
        grpc_slice bytes;

        while (c->lies && c->next % LIE_EVERY == LIE_EVERY - 1) {
                record(c, 's', c->next);
                record(c, 'a', c->next++);
        }
        call->number = c->next++;
        if (clew_work_make(&c->work, call->number) != 0)
                abort();
        bytes = grpc_slice_from_copied_buffer((const char *)c->work.request.data,
                                              c->work.request.len);
        message = grpc_raw_byte_buffer_create(&bytes, 1);
        grpc_slice_unref(bytes);
        record(c, 's', call->number);
        call->call = grpc_channel_create_call(call->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
                                              c->queue, grpc_slice_from_static_string(METHOD), NULL,
                                              deadline, NULL);
        grpc_metadata_array_init(&call->initial);
        grpc_metadata_array_init(&call->trailing);
        call->response = NULL;
        ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
        ops[1].op = GRPC_OP_SEND_MESSAGE;
        ops[1].data.send_message.send_message = message;
        ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
        ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
        ops[3].data.recv_initial_metadata.recv_initial_metadata = &call->initial;
        ops[4].op = GRPC_OP_RECV_MESSAGE;
        ops[4].data.recv_message.recv_message = &call->response;
        ops[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
        ops[5].data.recv_status_on_client.trailing_metadata = &call->trailing;
        ops[5].data.recv_status_on_client.status = &call->status;
        ops[5].data.recv_status_on_client.status_details = &call->details;
        if (grpc_call_start_batch(call->call, ops, 6, call, NULL) != GRPC_CALL_OK)
                abort();
        grpc_byte_buffer_destroy(message);
        c->busy++;
}

static void finish(struct client *c, struct call *call)
{
        if (call->status == GRPC_STATUS_OK) {
                record(c, 'a', call->number);
                c->acks++;
        } else {
                c->broken = true;
                (void)snprintf(c->reason, sizeof(c->reason), "status %d: %.*s", (int)call->status,
                               (int)GRPC_SLICE_LENGTH(call->details),
                               (const char *)GRPC_SLICE_START_PTR(call->details));
        }
        grpc_metadata_array_destroy(&call->initial);
        grpc_metadata_array_destroy(&call->trailing);
        grpc_slice_unref(call->details);
        grpc_byte_buffer_destroy(call->response);
        grpc_call_unref(call->call);
        c->busy--;
}

static void open_calls(struct client *c, const char *address)
{
        grpc_channel_credentials *credentials = grpc_insecure_credentials_create();

        for (unsigned i = 0; i < CONNECTIONS; i++) {
                /* Different arguments keep gRPC from sharing one connection. */
                grpc_arg arg = {.type = GRPC_ARG_INTEGER,
                                .key = (char *)(uintptr_t) "clew.test.connection",
                                .value.integer = (int)i};
                grpc_channel_args args = {1, &arg};
                grpc_channel *channel = grpc_channel_create(address, credentials, &args);

                for (unsigned k = 0; k < IN_FLIGHT; k++)
                        c->calls[i * IN_FLIGHT + k].channel = channel;
        }
        grpc_channel_credentials_release(credentials);
}

static gpr_timespec never(void)
{
        return gpr_inf_future(GPR_CLOCK_MONOTONIC);
}

/* Sends until the connections break; kills @pid on the way. */
static void run(struct client *c, pid_t pid, uint64_t acks, int64_t delay_us)
{
        gpr_timespec kill_at = never();
        bool killed = false, timed = false;

        for (size_t i = 0; i < CONNECTIONS * IN_FLIGHT; i++)
                start(c, &c->calls[i]);
        while (c->busy) {
                grpc_event event = grpc_completion_queue_next(c->queue, kill_at, NULL);

                if (event.type == GRPC_QUEUE_TIMEOUT) {
                        kill(pid, SIGKILL);
                        killed = true;
                        kill_at = never();
                        continue;
                }
                finish(c, event.tag);
                if (!killed && !timed && c->acks >= acks) {
                        timed = true;
                        kill_at = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                               gpr_time_from_micros(delay_us, GPR_TIMESPAN));
                }
                if (!c->broken && c->next < REQUESTS_MAX)
                        start(c, event.tag);
        }
        if (!killed)
                kill(pid, SIGKILL);
        printf("acks %llu next %llu killed_in_time %d %s\n", (unsigned long long)c->acks,
               (unsigned long long)c->next, killed, c->reason);
}

int main(int argc, char **argv)
{
        static struct client c;

        if (argc != 8) {
                fprintf(stderr, "usage: see the head of journal-client.c\n");
                return 2;
        }
        c.journal = open(argv[2], O_WRONLY | O_CREAT | O_APPEND, 0600);
        c.next = strtoull(argv[4], NULL, 10);
        c.lies = getenv("CLEW_CLIENT_LIES") != NULL;
        if (c.journal < 0 || clew_work_init(&c.work, strtoull(argv[3], NULL, 10)))
                return 3;
        grpc_init();
        c.queue = grpc_completion_queue_create_for_next(NULL);
        open_calls(&c, argv[1]);
        run(&c, (pid_t)strtol(argv[5], NULL, 10), strtoull(argv[6], NULL, 10),
            strtoll(argv[7], NULL, 10));
        return fsync(c.journal) ? 4 : 0;
}
