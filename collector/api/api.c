/*
 * See api.h. A request: CLEW_API_NEW --queued, suspended--> CLEW_API_WAITING --by a thread-->
 * CLEW_API_ANSWERED, resumed --> sent. What is refused goes from CLEW_API_NEW to CLEW_API_ANSWERED
 * at once.
 */
#include "collector/api/api.h"

#include "collector/api/commands-int.h"
#include "collector/api/metrics-int.h"
#include "collector/api/questions-int.h"
#include "collector/api/request-int.h"
#include "collector/api/squeeze-int.h"
#include "collector/api/streams-int.h"
#include "collector/api/tail-int.h"
#include "collector/front/http-route.h"
#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "proto/base/stop.h"
#include "query/ui/assets.h"

#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BASE "/api/v1/"
#define AUTHOR_BYTES_MAX 129u
#define PASSWD_BYTES 16384u
/* Bodies of writes under way, all together. */
#define UPLOADS_BYTES_MAX ((size_t)32 << 20)
/* Answers that are on their way, all together: who reads slowly holds his. Small ones always pass.
 */
#define ANSWERS_BYTES_MAX ((size_t)128 << 20)
#define ANSWER_BYTES_SMALL ((size_t)64 * 1024)
/* Of an answer in pieces so much is given to the library at a time. */
#define PIECE_BLOCK_BYTES ((size_t)64 * 1024)
/* Of what is refused so much is read and thrown away, so that the answer arrives. */
#define WASTE_BYTES_MAX ((size_t)64 * 1024)
#define WASTE_OF_A_WRITE_MAX (2 * CLEW_SERVE_UPLOAD_MAX)

struct clew_api {
        struct clew_api_options options;
        struct clew_service services[CLEW_PROJECTS_MAX]; /* one for each project */
        struct clew_streams *streams;
        struct clew_commands *commands;
        struct clew_metrics_page *metrics;
        volatile sig_atomic_t stop;
        char author[AUTHOR_BYTES_MAX]; /* of writes when nobody signed in */
        struct clew_questions *questions;
        pthread_mutex_t lock;
        /* under the lock: */
        size_t upload_bytes; /* of all bodies that are kept */
        size_t answer_bytes; /* of all answers that are not sent yet */
};

/* ---- answers -------------------------------------------------------------------------------- */

static struct clew_serve_request request_of(const struct clew_api_request *q)
{
        return (struct clew_serve_request){
                .method = clew_slice_of_cstr(q->method),
                .target = clew_buffer_slice(&q->target),
                .accept = clew_api_header(q, MHD_HTTP_HEADER_ACCEPT),
                .accept_encoding = clew_api_header(q, MHD_HTTP_HEADER_ACCEPT_ENCODING),
                .if_none_match = q->streams ? CLEW_SLICE_NULL
                                            : clew_api_header(q, MHD_HTTP_HEADER_IF_NONE_MATCH),
                .content_type = clew_api_header(q, MHD_HTTP_HEADER_CONTENT_TYPE),
                .token = clew_api_header(q, "X-Clew-Token"),
                .body = clew_buffer_slice(&q->body),
                .identity =
                        {
                                .name = clew_slice_of_cstr(q->grant.name),
                                .scopes = q->grant.scopes,
                                .token = clew_slice_of_cstr(q->grant.token),
                        },
        };
}

/* Counts the answer until it is sent; one that finds no room is refused, and may be asked for
 * again. */
static void hold_answer(struct clew_api_request *q)
{
        struct clew_api *api = q->api;
        size_t n = q->answer.body.len;
        bool room;

        pthread_mutex_lock(&api->lock);
        room = n <= ANSWER_BYTES_SMALL || (api->answer_bytes < ANSWERS_BYTES_MAX &&
                                           n <= ANSWERS_BYTES_MAX - api->answer_bytes);
        api->answer_bytes += room ? n : 0;
        pthread_mutex_unlock(&api->lock);
        q->answer_bytes = room ? n : 0;
        if (room)
                return;
        clew_serve_answer_deinit(&q->answer);
        clew_serve_answer_init(&q->answer);
        clew_serve_busy(&q->answer);
}

/* Suspended, so that the library leaves the connection and its headers alone. */
void clew_api_answer(struct clew_api_request *q)
{
        const struct clew_serve_request request = request_of(q);
        struct clew_service service = *q->service;

        if (!q->is_write) /* a write is not ended half-way */
                service.stop = &q->stop;
        if (q->is_sign_in) {
                clew_api_sign_in(q, &q->api->options);
        } else if (q->is_mcp) {
                clew_api_mcp(q);
        } else if (q->is_tail) {
                clew_api_tail(q, &q->api->options);
        } else {
                clew_serve(&service, &request, &q->answer);
                if (!q->streams && !q->answer.goes_on)
                        clew_squeeze(request.accept_encoding, &q->answer);
        }
}

void clew_api_settle(struct clew_api_request *q)
{
        hold_answer(q);
        if (!q->streams)
                clew_api_note(q, &q->api->options);
}

/* ---- sending -------------------------------------------------------------------------------- */

static struct MHD_Response *response_of(struct clew_serve_answer *a)
{
        struct MHD_Response *response;

        if (a->page.len > 0) {
                void *bytes;

                memcpy(&bytes, &a->page.data, sizeof(bytes)); /* is only read */
                return MHD_create_response_from_buffer(a->page.len, bytes, MHD_RESPMEM_PERSISTENT);
        }
        response = MHD_create_response_from_buffer_with_free_callback(
                a->body.len, a->body.len > 0 ? a->body.data : NULL, clew_free);
        if (response && a->body.len > 0)
                a->body = (struct clew_buffer){0}; /* is the response's now */
        return response;
}

static void add_headers(struct MHD_Response *response, const struct clew_api_request *q)
{
        const struct clew_serve_answer *a = &q->answer;
        char gap[CLEW_SERVE_GAP_BYTES];
        char seconds[24];

        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
        if (a->content_type)
                MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, a->content_type);
        if (a->is_gzip)
                MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
        MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
        if (a->etag[0])
                MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, a->etag);
        if (q->set_cookie[0])
                MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, q->set_cookie);
        if (q->location)
                MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, q->location);
        if (q->service->gap && a->page.len == 0 &&
            q->service->gap(q->service->gap_context, q->service->project, gap, sizeof(gap)))
                MHD_add_response_header(response, "X-Clew-Partial", gap);
        if (a->status == MHD_HTTP_UNAUTHORIZED)
                MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
        if (a->next[0] && !a->goes_on)
                MHD_add_response_header(response, "X-Clew-Next", a->next);
        if (a->partial[0] && !a->goes_on)
                MHD_add_response_header(response, "X-Clew-Partial", a->partial);
        if (a->n_left_out > 0 && !a->goes_on) {
                snprintf(seconds, sizeof(seconds), "%llu", (unsigned long long)a->n_left_out);
                MHD_add_response_header(response, "X-Clew-Left-Out", seconds);
        }
        if (a->allow)
                MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, a->allow);
        if (a->policy)
                MHD_add_response_header(response, "Content-Security-Policy", a->policy);
        if (a->is_file)
                MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION,
                                        "attachment");
        if (a->retry_after_s > 0) {
                snprintf(seconds, sizeof(seconds), "%u", a->retry_after_s);
                MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
        }
}

/* ---- answers in pieces ---------------------------------------------------------------------- */

/* Gives back what the piece at hand holds. */
static void release_answer(struct clew_api_request *q)
{
        pthread_mutex_lock(&q->api->lock);
        q->api->answer_bytes -= q->answer_bytes;
        pthread_mutex_unlock(&q->api->lock);
        q->answer_bytes = 0;
        clew_serve_answer_deinit(&q->answer);
        clew_serve_answer_init(&q->answer);
}

/* Has the next piece made, by a thread of the questions. False when it cannot. */
static bool ask_for_more(struct clew_api_request *q)
{
        q->target.len = q->target_bytes;
        clew_buffer_append_byte(&q->target, memchr(q->target.data, '?', q->target.len) ? '&' : '?');
        clew_buffer_append_cstr(&q->target, "after=");
        clew_buffer_append_cstr(&q->target, q->answer.next);
        if (clew_buffer_error(&q->target) < 0)
                return false;
        release_answer(q);
        q->sent_bytes = 0;
        return clew_questions_add(q->api->questions, q);
}

/* What is wrong with a later piece cannot be told any more: the connection ends before the answer
 * does. */
static ssize_t read_piece(void *context, uint64_t position, char *data, size_t max)
{
        struct clew_api_request *q = context;
        size_t n;

        (void)position;
        if (atomic_load(&q->state) != CLEW_API_ANSWERED)
                return 0; /* suspended */
        if (q->answer.status != MHD_HTTP_OK)
                return MHD_CONTENT_READER_END_WITH_ERROR;
        n = q->answer.body.len - q->sent_bytes;
        if (n == 0 && !q->answer.goes_on)
                return MHD_CONTENT_READER_END_OF_STREAM;
        if (n == 0)
                return ask_for_more(q) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
        n = n < max ? n : max;
        memcpy(data, q->answer.body.data + q->sent_bytes, n);
        q->sent_bytes += n;
        return (ssize_t)n;
}

static struct MHD_Response *stream_of(struct clew_api_request *q)
{
        q->streams = true;
        q->target_bytes = q->target.len;
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BLOCK_BYTES, read_piece, q,
                                                 NULL);
}

static enum MHD_Result respond(struct clew_api_request *q)
{
        unsigned status = q->answer.status;
        struct MHD_Response *response =
                q->answer.goes_on && !q->answer.is_head ? stream_of(q) : response_of(&q->answer);
        enum MHD_Result r;

        if (!response)
                return MHD_NO;
        add_headers(response, q);
        r = MHD_queue_response(q->connection, status, response);
        MHD_destroy_response(response);
        return r;
}

static bool is_live(const struct clew_api_request *q)
{
        struct clew_slice target = clew_buffer_slice(&q->target);
        size_t n = sizeof(CLEW_LIVE_PATH) - 1;

        return strcmp(q->method, "GET") == 0 &&
               clew_slice_starts_with(target, CLEW_SLICE_LITERAL(CLEW_LIVE_PATH)) &&
               (target.len == n || target.data[n] == '?');
}

/* The parameters are read on the library's thread: that is work of microseconds. */
static enum MHD_Result start_stream(struct clew_api_request *q)
{
        const struct clew_serve_request request = request_of(q);
        struct clew_live *live = clew_live_open(q->service, &request,
                                                clew_api_header(q, "Last-Event-ID"), &q->answer);
        struct MHD_Response *response;
        enum MHD_Result r;

        if (!live)
                return respond(q);
        response = clew_streams_add(q->api->streams, q->connection, q->service->store,
                                    request.target, live);
        if (!response) {
                clew_serve_busy(&q->answer);
                return respond(q);
        }
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
        r = MHD_queue_response(q->connection, MHD_HTTP_OK, response);
        MHD_destroy_response(response);
        return r;
}

static bool is_command(const struct clew_api_request *q)
{
        return q->is_write && clew_slice_eq_cstr(clew_buffer_slice(&q->target), CLEW_COMMAND_PATH);
}

/* Also on the library's thread: starting a process is work of a millisecond. */
static enum MHD_Result start_command(struct clew_api_request *q)
{
        const struct clew_serve_request request = request_of(q);
        const struct clew_api_options *options = &q->api->options;
        struct clew_command_start start = {
                .connection = q->connection,
                .store_dir = options->projects->all[clew_api_project(q, options)].dir,
                .word = q->word,
                .author = q->grant.name,
                .from = q->from,
                .scopes = clew_command_scopes(q->service, &request.identity),
                .body = request.body,
        };
        struct MHD_Response *response = NULL;
        struct clew_error err = {0};
        bool admitted = clew_command_admit(q->service, &request, q->word, &q->answer);
        enum MHD_Result result;
        int r = admitted ? clew_commands_add(q->api->commands, &start, &response, &err) : 0;

        if (r == -EBUSY)
                clew_serve_busy(&q->answer);
        else if (r < 0)
                clew_command_failed(err.message, &q->answer);
        else if (admitted)
                q->answer.status = MHD_HTTP_OK;
        clew_api_note(q, options);
        if (!response)
                return respond(q);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, CLEW_COMMAND_TYPE);
        result = MHD_queue_response(q->connection, MHD_HTTP_OK, response);
        MHD_destroy_response(response);
        return result;
}

/* ---- the listener's guest ------------------------------------------------------------------- */

/* Paths of other products begin with "/api/" too (Langfuse's with "/api/public/otel/v1/traces").
 * What a browser asks for and nobody knows is told on a page. */
static bool wants(struct MHD_Connection *connection, const char *method, const char *path)
{
        struct clew_ui_asset asset;
        bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
        bool is_api = strncmp(path, BASE, sizeof(BASE) - 1) == 0;
        const char *accept;

        if (clew_api_is_sign_in(method, path) || clew_api_is_mcp(path) ||
            (reads && clew_api_is_metrics(path)))
                return true;
        if (strcmp(method, "POST") == 0 || strcmp(method, "OPTIONS") == 0)
                return is_api && !clew_http_path_is_otlp(path);
        if (is_api || (reads && clew_ui_asset_find(clew_slice_of_cstr(path), &asset)))
                return true;
        accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
        return reads && !clew_http_path_is_otlp(path) && accept &&
               clew_serve_reads_pages(clew_slice_of_cstr(accept));
}

static enum MHD_Result append_pair(void *context, enum MHD_ValueKind kind, const char *key,
                                   const char *value)
{
        struct clew_buffer *target = context;

        (void)kind;
        clew_buffer_append_byte(target, memchr(target->data, '?', target->len) ? '&' : '?');
        clew_buffer_append_cstr(target, key);
        if (value) {
                clew_buffer_append_byte(target, '=');
                clew_buffer_append_cstr(target, value);
        }
        return MHD_YES;
}

static void *begin(void *context, struct MHD_Connection *connection, const char *method,
                   const char *path)
{
        struct clew_api_request *q = clew_calloc(1, sizeof(*q));

        if (!q)
                return NULL;
        q->api = context;
        q->connection = connection;
        q->method = method;
        q->is_write = strcmp(method, "POST") == 0;
        clew_serve_answer_init(&q->answer);
        clew_buffer_init(&q->body, CLEW_SERVE_UPLOAD_MAX);
        clew_buffer_init(&q->target, 2 * CLEW_SERVE_TARGET_MAX);
        clew_buffer_append_cstr(&q->target, path);
        MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, append_pair, &q->target);
        q->is_sign_in = clew_api_is_sign_in(method, path);
        q->is_mcp = clew_api_is_mcp(path);
        q->is_tail = clew_api_is_tail(method, path);
        q->is_metrics = clew_api_is_metrics(path);
        if (!clew_api_admits(q, &q->api->options)) {
                clew_api_note(q, &q->api->options);
                atomic_store(&q->state, CLEW_API_ANSWERED);
        }
        q->service = &q->api->services[clew_api_project(q, &q->api->options)];
        return q;
}

/* Gives the bytes of body and answer back. */
static void release_bytes(struct clew_api_request *q)
{
        pthread_mutex_lock(&q->api->lock);
        q->api->upload_bytes -= q->kept_bytes;
        q->api->answer_bytes -= q->answer_bytes;
        pthread_mutex_unlock(&q->api->lock);
}

/* Keeps a piece of a body, while there is room for it and somebody reads it. */
static enum MHD_Result take_body(struct clew_api_request *q, const char *data, size_t n)
{
        struct clew_api *api = q->api;
        bool room;

        if (!q->is_write || atomic_load(&q->state) == CLEW_API_ANSWERED) {
                q->waste_bytes += n;
                return q->waste_bytes > (q->is_write ? WASTE_OF_A_WRITE_MAX : WASTE_BYTES_MAX)
                               ? MHD_NO
                               : MHD_YES;
        }
        pthread_mutex_lock(&api->lock);
        room = n <= UPLOADS_BYTES_MAX - api->upload_bytes;
        api->upload_bytes += room ? n : 0;
        pthread_mutex_unlock(&api->lock);
        if (!room) {
                clew_serve_busy(&q->answer);
                atomic_store(&q->state, CLEW_API_ANSWERED);
                return MHD_YES;
        }
        clew_buffer_append(&q->body, data, n);
        q->kept_bytes += n;
        if (clew_buffer_error(&q->body) < 0) {
                clew_serve_too_large(&q->answer);
                atomic_store(&q->state, CLEW_API_ANSWERED);
        }
        return MHD_YES;
}

static enum MHD_Result on_call(void *request, const char *data, size_t *n)
{
        struct clew_api_request *q = request;

        if (*n > 0) {
                enum MHD_Result r = take_body(q, data, *n);

                *n = 0;
                return r;
        }
        switch (atomic_load(&q->state)) {
        case CLEW_API_NEW:
                if (q->is_metrics) {
                        clew_api_metrics(q->api->metrics, &q->api->options, q);
                        hold_answer(q);
                        return respond(q);
                }
                if (is_live(q))
                        return start_stream(q);
                if (is_command(q))
                        return start_command(q);
                if (clew_questions_add(q->api->questions, q))
                        return MHD_YES;
                clew_serve_busy(&q->answer);
                return respond(q);
        case CLEW_API_ANSWERED:
                return respond(q);
        case CLEW_API_WAITING:
                break;
        }
        return MHD_YES;
}

static void end(void *request)
{
        struct clew_api_request *q = request;

        release_bytes(q);
        clew_serve_answer_deinit(&q->answer);
        clew_buffer_deinit(&q->body);
        clew_buffer_deinit(&q->target);
        clew_free(q);
}

const struct clew_http_guest clew_api_guest = {wants, begin, on_call, end};

/* ---- lifecycle ------------------------------------------------------------------------------ */

/* As the command line has it: CLEW_USER, or who runs this program. */
static void name_author(char *ret, size_t size)
{
        const char *name = getenv("CLEW_USER");
        char room[PASSWD_BYTES];
        struct passwd entry;
        struct passwd *found = NULL;

        if (!name || !*name) {
                (void)getpwuid_r(geteuid(), &entry, room, sizeof(room), &found);
                name = found ? found->pw_name : "local";
        }
        (void)snprintf(ret, size, "%s", name);
}

int clew_api_new(const struct clew_api_options *options, struct clew_api **ret)
{
        struct clew_api *api = clew_calloc(1, sizeof(*api));
        int r;

        if (!api)
                return -ENOMEM;
        api->options = *options;
        for (unsigned i = 0; i < options->projects->n; i++)
                api->services[i] = (struct clew_service){
                        .store = options->projects->all[i].store,
                        .project = options->projects->n > 1 ? options->projects->all[i].name : NULL,
                        .clock = clew_clock_system(),
                        .read_only = options->read_only,
                        .is_passing = options->is_passing,
                        .author = api->author,
                        .stop = &api->stop,
                        .write_status = options->write_status,
                        .context = options->context,
                        .gap = options->gap,
                        .gap_context = options->gap_context,
                        .order = options->order,
                        .order_context = options->order_context,
                };
        name_author(api->author, sizeof(api->author));
        pthread_mutex_init(&api->lock, NULL);
        r = -clew_questions_new(options->memory, &api->questions);
        api->metrics = clew_metrics_page_new();
        if (r == 0 && !api->metrics)
                r = ENOMEM;
        if (r == 0)
                r = -clew_streams_new(options->memory, &api->streams);
        if (r == 0)
                r = -clew_commands_new(options->command_memory_bytes, &api->commands);
        if (r != 0) {
                clew_api_free(api);
                return -r;
        }
        *ret = api;
        return 0;
}

int clew_api_drain(struct clew_api *api, uint64_t deadline_ns)
{
        clew_mem_pool_end(api->options.memory);
        if (api->streams)
                clew_streams_end(api->streams);
        if (api->commands)
                clew_commands_end(api->commands);
        clew_stop_set(&api->stop);
        return clew_questions_drain(api->questions, deadline_ns);
}

void clew_api_free(struct clew_api *api)
{
        if (!api)
                return;
        clew_questions_free(api->questions);
        if (api->streams)
                clew_streams_end(api->streams);
        if (api->commands)
                clew_commands_end(api->commands);
        clew_streams_free(api->streams);
        clew_commands_free(api->commands);
        clew_metrics_page_free(api->metrics);
        pthread_mutex_destroy(&api->lock);
        clew_free(api);
}
