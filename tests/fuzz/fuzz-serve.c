/*
 * A request. Lines: method, target, Accept, If-None-Match; what is missing is empty; the rest is
 * the body. Every route of the table is asked with it as well: the path's values are those of the
 * store, the parameters or the body those of the input.
 *
 * Promise: there is always an answer, of a status that the page of the API names; JSON answers are
 * JSON whatever was asked; a refusal says what is wrong; nothing is written.
 */
#include "query/serve/call-int.h"
#include "query/serve/serve.h"
#include "storage/store.h"
#include "tests/fuzz/fuzz.h"

#include "proto/otlp/json.h"
#include "query/model/summary.h"
#include "query/review/dataset.h"
#include "query/review/rubric.h"
#include "tests/lib/store-append.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A run of one agent, one model call and one tool, in a store that lives as long as the process. */
static struct clew_service service;
static char dir[] = "/tmp/clew-fuzz-serve-XXXXXX";

static void remove_store(void)
{
        static const char *const names[] = {"data.mdb", "lock.mdb", "collector.lock"};
        char path[128];

        clew_store_close(service.store);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
                (void)!unlink(path);
        }
        (void)!rmdir(dir);
}

/* A criterion and a dataset, for the routes that name one. */
static void review(void)
{
        struct clew_slice name = CLEW_SLICE_LITERAL("cases");
        struct clew_slice author = CLEW_SLICE_LITERAL("fuzz");
        struct clew_rubric rubric = {.name = name,
                                     .text = CLEW_SLICE_LITERAL("be true"),
                                     .author = author,
                                     .time_ns = 1};
        struct clew_dataset dataset = {.name = name, .author = author, .time_ns = 1};
        struct clew_error err;

        CLEW_ASSERT(clew_rubric_add(service.store, &rubric, &err) == 0);
        CLEW_ASSERT(clew_dataset_create(service.store, &dataset, &err) == 0);
}

static void make_store(void)
{
        static const char *const names[] = {"invoke_agent triage", "chat model-a", "search"};
        struct clew_store_options options = {.mode = CLEW_STORE_WRITE,
                                             .deriver = clew_model_deriver_plain()};
        struct clew_error err;

        CLEW_ASSERT(mkdtemp(dir) != NULL);
        CLEW_ASSERT(clew_store_open(dir, &options, &service.store, &err) == 0);
        for (unsigned i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                struct test_span span = {
                        .trace_id = {{0x7f, 0x3a, 0x91, 0xc2}},
                        .span_id = {{0, 0, 0, 0, 0, 0, 0, (uint8_t)(i + 1)}},
                        .name = names[i],
                        .start_ns = UINT64_C(1757000000000000000) + i,
                        .end_ns = UINT64_C(1757000001000000000) + i,
                };

                if (i > 0)
                        span.parent_id = (struct clew_span_id){{0, 0, 0, 0, 0, 0, 0, 1}};
                CLEW_ASSERT(test_store_append(service.store, "fuzz", &span, span.end_ns) == 0);
        }
        review();
        service.clock = clew_clock_system();
        service.author = "fuzz";
        service.read_only = true; /* everything of a write but the write itself */
        atexit(remove_store);
}

static struct clew_slice take_line(struct clew_slice *input)
{
        const uint8_t *end = input->len > 0 ? memchr(input->data, '\n', input->len) : NULL;
        size_t n = end ? (size_t)(end - input->data) : input->len;
        struct clew_slice line = clew_slice_make(input->data, n);

        *input = clew_slice_from(*input, n + (end != NULL));
        return line;
}

static bool is_known(unsigned status)
{
        static const unsigned known[] = {200, 304, 400, 404, 403, 405, 406, 409, 413, 415, 500};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(known); i++) {
                if (known[i] == status)
                        return true;
        }
        return false;
}

static void check_json(struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_MAX);

        while (clew_json_next(&r) != CLEW_JSON_END)
                ;
        CLEW_ASSERT(r.status == CLEW_JSON_COMPLETE);
}

static void ask(const struct clew_serve_request *request)
{
        struct clew_serve_answer answer;

        clew_serve_answer_init(&answer);
        clew_serve(&service, request, &answer);
        CLEW_ASSERT(is_known(answer.status));
        if (answer.content_type && strstr(answer.content_type, "json") &&
            !strstr(answer.content_type, "ndjson"))
                check_json(clew_buffer_slice(&answer.body));
        if (answer.status >= 400)
                CLEW_ASSERT(answer.body.len > 0 &&
                            strcmp(answer.content_type, "application/problem+json") == 0);
        clew_serve_answer_deinit(&answer);
}

/* The route's path with the store's own trace in it, and the parameters of the input. */
static void ask_route(const struct clew_route *route, struct clew_slice query,
                      struct clew_serve_request request)
{
        CLEW_BUFFER target = {0};

        clew_buffer_init(&target, 4 * CLEW_SERVE_TARGET_MAX);
        clew_buffer_append_cstr(&target, "/api/v1");
        for (const char *p = route->path; *p;) {
                const char *end = *p == '{' ? strchr(p, '}') : NULL;

                if (end)
                        clew_buffer_append_cstr(&target, strncmp(p, "{n}", 3) == 0    ? "2"
                                                         : strncmp(p, "{id}", 4) == 0 ? "7f3a91"
                                                                                      : "cases");
                else
                        clew_buffer_append_byte(&target, (uint8_t)*p);
                p = end ? end + 1 : p + 1;
        }
        if (route->body == CLEW_BODY_NONE) {
                clew_buffer_append_byte(&target, '?');
                clew_buffer_append_slice(&target, query);
        }
        request.method = clew_slice_of_cstr(route->method);
        request.target = clew_buffer_slice(&target);
        ask(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_slice input = clew_slice_make(data, size);
        struct clew_serve_request request = {.method = take_line(&input)};
        const uint8_t *question;
        struct clew_slice query;

        if (!service.store)
                make_store();
        request.target = take_line(&input);
        request.accept = take_line(&input);
        request.if_none_match = take_line(&input);
        request.content_type = CLEW_SLICE_LITERAL("application/json");
        request.identity.scopes = CLEW_SCOPES_ALL;
        request.body = input;
        ask(&request);
        question = request.target.len > 0 ? memchr(request.target.data, '?', request.target.len)
                                          : NULL;
        if (!question)
                return 0;
        query = clew_slice_from(request.target, (size_t)(question - request.target.data) + 1);
        for (const struct clew_route *route = clew_routes; route->path; route++)
                ask_route(route, query, request);
        return 0;
}
