/*
 * POST /mcp: the Model Context Protocol over HTTP (streamable HTTP without streams and sessions:
 * one message in, one JSON object out). The tool that writes is offered to who comes with a key
 * that may annotate, or asks for it: /mcp?annotate=on, which is what `clew mcp --allow-annotate`
 * does. "annotate=off" takes it away.
 */
#include "collector/api/request-int.h"

#include "query/mcp/mcp.h"

#include <string.h>
#include <strings.h>

#define PATH "/mcp"

bool clew_api_is_mcp(const char *path)
{
        return strcmp(path, PATH) == 0;
}

static bool is_json(struct clew_slice content_type)
{
        static const char json[] = "application/json";
        size_t n = sizeof(json) - 1;

        return content_type.len >= n &&
               strncasecmp((const char *)content_type.data, json, n) == 0 &&
               (content_type.len == n || content_type.data[n] == ';' ||
                content_type.data[n] == ' ');
}

/* "annotate=on" and "off" say it; else who has a key does. */
static bool wants_to_annotate(struct clew_api_request *q)
{
        struct clew_slice target = clew_buffer_slice(&q->target);

        if (clew_slice_eq_cstr(target, PATH "?annotate=on"))
                return true;
        return q->grant.name[0] && !clew_slice_eq_cstr(target, PATH "?annotate=off");
}

void clew_api_mcp(struct clew_api_request *q)
{
        struct clew_serve_answer *a = &q->answer;
        struct clew_service service = *q->service;
        struct clew_mcp mcp = {
                .service = &service,
                .identity = {.name = clew_slice_of_cstr(q->grant.name),
                             .scopes = q->grant.scopes,
                             .token = clew_slice_of_cstr(q->grant.token)},
        };

        service.stop = &q->stop;
        mcp.may_annotate = (q->grant.scopes & CLEW_SCOPE_ANNOTATE) && wants_to_annotate(q);
        if (strcmp(q->method, "POST") != 0) {
                a->status = 405;
                a->allow = "POST";
                return;
        }
        if (!is_json(clew_api_header(q, MHD_HTTP_HEADER_CONTENT_TYPE))) {
                a->status = 415;
                return;
        }
        if (q->body.len > CLEW_MCP_MESSAGE_MAX) {
                a->status = 413;
                return;
        }
        clew_buffer_clear(&a->body);
        if (clew_mcp_answer(&mcp, clew_buffer_slice(&q->body), &a->body) < 0) {
                clew_serve_busy(a);
                return;
        }
        a->status = a->body.len ? 200 : 202;
        a->content_type = a->body.len ? "application/json" : NULL;
}
