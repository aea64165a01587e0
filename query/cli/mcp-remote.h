/*
 * clew mcp with --url: each message goes to the server's /mcp, and its answer comes back.
 */
#ifndef CLEW_QUERY_CLI_MCP_REMOTE_H
#define CLEW_QUERY_CLI_MCP_REMOTE_H

#include "proto/base/buffer.h"
#include "query/cli/cli.h"

#include <stdbool.h>

/* Whether a server answers there; 0, or an exit status after a message. */
CLEW_MUST_USE int clew_mcp_relay_check(struct clew_cli *cli);
/* Appends the answer to @message, nothing for a notification. What hinders it is an answer too. 0,
 * or an exit status after a message. */
CLEW_MUST_USE int clew_mcp_relay(struct clew_cli *cli, bool may_annotate, struct clew_slice message,
                                 struct clew_buffer *out);

#endif
