/*
 * The table of tools: what is offered, checked and asked for comes from it.
 */
#ifndef CLEW_QUERY_MCP_TOOLS_INT_H
#define CLEW_QUERY_MCP_TOOLS_INT_H

#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>

enum clew_mcp_type {
        CLEW_MCP_TEXT,
        CLEW_MCP_NUMBER,  /* not negative, whole */
        CLEW_MCP_FLAG,    /* true or false */
        CLEW_MCP_NUMBERS, /* an array of them */
        CLEW_MCP_TEXTS,
        CLEW_MCP_SCORES, /* an object of numbers, words and truth values */
};

struct clew_mcp_argument {
        const char *name;
        /* Of the route; "{id}" = its place in the path; NULL = what form.c does with it. */
        const char *parameter;
        enum clew_mcp_type type;
        bool required;
        const char *help;
};

/* What becomes of the route's answer. */
enum clew_mcp_form {
        CLEW_MCP_RECORDS, /* a record a line, as many as fit */
        CLEW_MCP_OUTLINE, /* steps of a run, a line each, indented */
        CLEW_MCP_WHOLE,   /* a window of the text */
        CLEW_MCP_STEPS,   /* several of those */
        CLEW_MCP_HELP,    /* of the query language: no route */
        CLEW_MCP_WRITE,   /* an annotation */
};

struct clew_mcp_tool {
        const char *name;
        const char *title;
        const char *help;
        const char *path;  /* behind /api/v1; {id} is replaced */
        const char *fixed; /* parameters that are always sent, encoded; may be NULL */
        enum clew_mcp_form form;
        const struct clew_mcp_argument *own;    /* ends with a NULL name */
        const struct clew_mcp_argument *filter; /* those of a selection, or NULL */
};

/* The tools, ending with a NULL name. */
const struct clew_mcp_tool *clew_mcp_tools(void);
const struct clew_mcp_tool *clew_mcp_tool_find(struct clew_slice name);
/* NULL when the tool has no such argument. */
const struct clew_mcp_argument *clew_mcp_argument_find(const struct clew_mcp_tool *tool,
                                                       struct clew_slice name);

#endif
