/*
 * The Model Context Protocol (modelcontextprotocol.io): a message in, a message out. What carries
 * them: `clew mcp` (a line each on standard input and output) and the collector (POST /mcp).
 *
 * A thin layer over query/serve: each tool is a route, its answer cut to what a model is to read.
 * Tools, rules and limits: README.md beside this file.
 */
#ifndef CLEW_QUERY_MCP_MCP_H
#define CLEW_QUERY_MCP_MCP_H

#include "proto/base/buffer.h"
#include "query/serve/serve.h"

#include <stdbool.h>

/* One message. */
#define CLEW_MCP_MESSAGE_MAX ((size_t)1 << 20)
/* One answer: the largest max_chars, escaped, and what stands around it. */
#define CLEW_MCP_ANSWER_MAX ((size_t)4 << 20)

struct clew_mcp {
        const struct clew_service *service;
        struct clew_identity identity;
        bool may_annotate; /* the tool that writes is offered */
};

/*
 * Appends the answer to @message, one JSON object without a line end; nothing for a notification.
 * What is wrong with the message is an answer too. 0, or -ENOMEM, -EMSGSIZE (@out is full).
 */
CLEW_MUST_USE int clew_mcp_answer(const struct clew_mcp *mcp, struct clew_slice message,
                                  struct clew_buffer *out);

#endif
