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
#include "tests/fuzz/fuzz.h"
#include "tests/lib/one-run-service.h"

#include "proto/otlp/json.h"

#include <string.h>

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
        clew_serve(test_service(), request, &answer);
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
