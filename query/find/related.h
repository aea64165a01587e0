/*
 * Edges between traces: what ids in other traces say about one trace.
 *
 * A run may cover several traces: the same conversation goes on, a sub-agent runs elsewhere and
 * names the tool call that started it, an MCP server did not get the context, a link points here.
 * Nothing in the store indexes that; traces that started near this one are searched, and the caller
 * says how many and how much that was. An id that several other traces carry makes inferred edges;
 * one that more than CLEW_RELATED_SAME_MAX carry is no id (test stubs count "call_1", "call_2") and
 * makes none.
 */
#ifndef CLEW_QUERY_RELATED_H
#define CLEW_QUERY_RELATED_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "query/find/select.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_RELATED_SAME_MAX 3u
/* Edges that are kept; a conversation may have thousands of runs. */
#define CLEW_RELATED_MAX 256u

enum clew_related_type {
        CLEW_RELATED_CONVERSATION, /* same session */
        CLEW_RELATED_CALL,         /* a model's tool call here, the tool that ran there, or back */
        CLEW_RELATED_SUBAGENT,     /* tool call here, its run there; or the other way round */
        CLEW_RELATED_TRANSPORT,    /* two sides of one MCP request */
        CLEW_RELATED_LINK,         /* a span link there that points here */
        CLEW_RELATED_PARENT,       /* parent and child in different traces */
};

const char *clew_related_type_name(enum clew_related_type type);

struct clew_related {
        enum clew_related_type type;
        bool incoming; /* from there to here */
        bool inferred;
        uint32_t step; /* here; CLEW_STEP_NONE for a conversation */
        struct clew_trace_id trace_id;
        struct clew_span_id span_id; /* there; zero for a conversation */
        struct clew_slice span_name; /* there; of a conversation the run's name */
        struct clew_slice id;        /* what both carry, when it is text */
        uint64_t start_ns;           /* of the other trace */
        enum clew_outcome outcome;   /* of the other trace */
};

struct clew_related_result {
        struct clew_related *items; /* by type, then start of the other trace */
        uint32_t n;
        uint32_t n_ambiguous; /* ids that too many traces carry */
        bool more;            /* over CLEW_RELATED_MAX */
};

/*
 * Searches the traces that @select (begun by the caller with its bounds in time) walks. @trace was
 * built with CLEW_TRACE_FULL and does not lie in @select's view. All results live in @arena.
 * Returns 0 or a negative errno; damage is counted in @select.
 */
CLEW_MUST_USE int clew_related_find(const struct clew_trace *trace, struct clew_select *select,
                                    struct clew_arena *arena, struct clew_related_result *ret,
                                    struct clew_error *err);

#endif
