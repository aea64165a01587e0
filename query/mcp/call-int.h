/*
 * A call of a tool: its arguments (call.c), and what is shown of the answer (render.c).
 */
#ifndef CLEW_QUERY_MCP_CALL_INT_H
#define CLEW_QUERY_MCP_CALL_INT_H

#include "proto/base/arena.h"
#include "query/mcp/mcp.h"
#include "query/mcp/tools-int.h"

#include <stdint.h>

#define CLEW_MCP_STEPS_MAX 20u
#define CLEW_MCP_CHARS_MIN 500u
#define CLEW_MCP_CHARS_MAX 100000u
#define CLEW_MCP_CHARS_DEFAULT 8000u

struct clew_mcp_call {
        const struct clew_mcp *mcp;
        const struct clew_mcp_tool *tool;
        struct clew_arena arena; /* texts of the arguments */
        struct clew_slice id;
        struct clew_buffer parameters; /* encoded, "a=b&c=d" */
        uint64_t max_chars;
        uint64_t offset;
        uint64_t limit; /* 0 = not given */
        uint64_t steps[CLEW_MCP_STEPS_MAX];
        uint32_t n_steps;
        bool all_messages;
        bool raw;
        struct clew_slice topic;
        struct clew_buffer body; /* of a write */
        /* what comes of it */
        struct clew_buffer text;
        bool is_error;
};

/* Reads the arguments (a JSON object, or nothing), asks, and fills text and is_error. 0, or what
 * clew_mcp_answer() returns. */
CLEW_MUST_USE int clew_mcp_call(struct clew_mcp_call *call, struct clew_slice arguments);

/* Asks the route @path (with its identifiers) and @parameters; the answer is the caller's. */
CLEW_MUST_USE int clew_mcp_ask(struct clew_mcp_call *call, const char *method,
                               struct clew_slice path, struct clew_slice parameters,
                               struct clew_serve_answer *ret);
/* The path of the tool's route, identifiers in their places. */
CLEW_MUST_USE int clew_mcp_path(const struct clew_mcp_call *call, struct clew_buffer *out);

/* The answer as text: a list's records, the lines of an outline, a window of the whole. */
CLEW_MUST_USE int clew_mcp_render(struct clew_mcp_call *call, const struct clew_serve_answer *a);
/* Appends a step's record as a model needs it: without what says the same twice (unless the call is
 * for raw), and of long conversations the end (unless it is for all_messages). */
void clew_mcp_step(struct clew_mcp_call *call, struct clew_slice record, struct clew_buffer *out);
/* A window of @whole at the call's offset, and where it goes on. */
void clew_mcp_window(struct clew_mcp_call *call, struct clew_slice whole);

#endif
