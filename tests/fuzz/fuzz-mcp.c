/*
 * A message of the Model Context Protocol. Every tool is called with it as its arguments, too.
 *
 * Promise: the answer is nothing, or one JSON object on one line with "jsonrpc" in it.
 */
#include "query/mcp/mcp.h"
#include "query/mcp/tools-int.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/one-run-service.h"

#include <string.h>

static void check(const struct clew_buffer *out)
{
        struct clew_json_reader r =
                clew_json_reader_make(clew_buffer_slice(out), CLEW_JSON_DEPTH_MAX);
        bool has_version = false;

        if (out->len == 0)
                return;
        CLEW_ASSERT(clew_json_next(&r) == CLEW_JSON_OBJECT_BEGIN);
        while (clew_json_next_member(&r)) {
                has_version = has_version || clew_json_text_is(&r, "jsonrpc");
                clew_json_skip(&r);
        }
        (void)clew_json_next(&r);
        CLEW_ASSERT(r.status == CLEW_JSON_COMPLETE && has_version);
        CLEW_ASSERT(memchr(out->data, '\n', out->len) == NULL);
}

static void answer(struct clew_slice message)
{
        CLEW_BUFFER out = {0};
        struct clew_mcp mcp = {.service = test_service(),
                               .identity = {.scopes = CLEW_SCOPES_ALL},
                               .may_annotate = true};

        clew_buffer_init(&out, CLEW_MCP_ANSWER_MAX);
        CLEW_ASSERT(clew_mcp_answer(&mcp, message, &out) == 0);
        check(&out);
}

static void call(const char *tool, struct clew_slice arguments)
{
        CLEW_BUFFER message = {0};

        clew_buffer_init(&message, 2 * CLEW_MCP_MESSAGE_MAX);
        clew_buffer_printf(&message,
                           "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
                           "call\",\"params\":{\"name\":\"%s\","
                           "\"arguments\":",
                           tool);
        clew_buffer_append_slice(&message, arguments);
        clew_buffer_append_cstr(&message, "}}");
        answer(clew_buffer_slice(&message));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_slice input = clew_slice_make(data, size);

        if (size > CLEW_MCP_MESSAGE_MAX)
                return 0;
        answer(input);
        for (const struct clew_mcp_tool *t = clew_mcp_tools(); t->name; t++)
                call(t->name, input);
        return 0;
}
