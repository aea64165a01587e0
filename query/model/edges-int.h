/*
 * The parts of finding logical edges that share state.
 */
#ifndef CLEW_QUERY_MODEL_EDGES_INT_H
#define CLEW_QUERY_MODEL_EDGES_INT_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"
#include "proto/base/sort.h"
#include "query/model/build-int.h"
#include "query/model/message.h"

#include <stdbool.h>
#include <stdint.h>

/* Later steps that a name is looked for in: a hand-off is followed soon. */
#define CLEW_EDGES_NAME_SEARCH_MAX 1024u

/* A tool call in a model's answer. */
struct clew_edge_call {
        struct clew_slice id;
        struct clew_slice name;
        uint32_t llm;
        uint32_t next; /* next call of the same answer, CLEW_STEP_NONE = last */
        bool used;
};

/* The state of one scope while its steps pass by. */
struct clew_edge_scope {
        uint32_t llm;   /* latest model call, CLEW_STEP_NONE before the first */
        uint32_t calls; /* its first call, CLEW_STEP_NONE when it asked for none */
        uint32_t tools; /* latest tool step since then, chained by next_tool */
};

struct clew_edge_work {
        struct clew_builder *b;
        struct clew_arena scratch;
        struct clew_edge_scope *scopes; /* by the step that opens it; the last is the trace's */
        uint32_t *scope_of;             /* step -> scope */
        uint32_t *next_tool;
        struct clew_edge_call *calls;
        uint32_t n_calls;
        uint32_t max_calls;
        struct clew_sort_entry *by_id; /* calls with an id, by its hash */
        uint32_t n_by_id;
        struct clew_edge *edges;
        uint32_t n_edges;
        uint32_t max_edges;
        const struct clew_messages **answers; /* by step, as far as they are kept */
        size_t kept_bytes;                    /* of the arena, for answers */
        /* For confirming results: what may still be looked at, and the input read last. */
        size_t confirm_left; /* bytes of spans */
        uint32_t keys_left;
        uint32_t read_llm;         /* CLEW_STEP_NONE: none */
        struct clew_messages read; /* in scratch */
};

/* Doubles an array that lives in @arena; NULL when memory is short. */
void *clew_edges_grow(struct clew_arena *arena, const void *old, uint32_t n, uint32_t *max,
                      size_t size);
/* Adds an edge; NULL when memory is short. */
struct clew_edge *clew_edges_add(struct clew_edge_work *w, enum clew_edge_type type, uint32_t from,
                                 uint32_t to, bool inferred);
/* True when @step is @above or lies below it. */
static inline bool clew_edges_within(const struct clew_trace *trace, uint32_t above, uint32_t step)
{
        return step >= above && step - above <= trace->steps[above].n_descendants;
}
/* "transfer_to_billing_agent" means "billing agent": marks between words and case do not count. */
bool clew_edges_same_name(struct clew_slice a, struct clew_slice b);

/* Edges that ids in the attributes make: requests between processes, graph nodes, agents. */
CLEW_MUST_USE int clew_edges_by_ids(struct clew_edge_work *w);
/* Where a step's output sends the run to (LangGraph's Command): the later step of that name. */
void clew_edges_by_goto(struct clew_edge_work *w, uint32_t index);
/* Whether the model call @llm read the result of the call @id: its input has it by that id. */
bool clew_edges_confirm_result(struct clew_edge_work *w, uint32_t llm, struct clew_slice id);

#endif
