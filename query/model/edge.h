/*
 * Logical edges between steps: added beside the physical parents, never in their place.
 */
#ifndef CLEW_QUERY_MODEL_EDGE_H
#define CLEW_QUERY_MODEL_EDGE_H

#include "proto/base/ids.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum clew_edge_type {
        CLEW_EDGE_CALL,      /* LLM step -> the tool (or agent) step that ran its tool call */
        CLEW_EDGE_RESULT,    /* tool step -> the LLM step that first read its result */
        CLEW_EDGE_SUBAGENT,  /* tool step -> the agent run that it started */
        CLEW_EDGE_LINK,      /* span link inside the trace */
        CLEW_EDGE_LINK_OUT,  /* span link to another trace: see trace_id and span_id */
        CLEW_EDGE_HANDOFF,   /* agent -> agent */
        CLEW_EDGE_TRANSPORT, /* client -> server side of one request (MCP) */
};

const char *clew_edge_type_name(enum clew_edge_type type);

struct clew_edge {
        enum clew_edge_type type;
        bool inferred; /* matched by name and order, not by an id */
        uint32_t from;
        uint32_t to;          /* NONE for LINK_OUT */
        struct clew_slice id; /* the id that both sides carry, if any */
        struct clew_trace_id trace_id;
        struct clew_span_id span_id;
};

#endif
