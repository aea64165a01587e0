/*
 * What the parts of building a view share: view.c chooses and links the steps, read.c reads what
 * each of them newly said or saw, seen.c remembers values.
 */
#ifndef CLEW_QUERY_RCA_VIEW_INT_H
#define CLEW_QUERY_RCA_VIEW_INT_H

#include "proto/base/buffer.h"
#include "query/rca/view.h"

/* First sizes of arrays and tables: a short run is to touch little memory, and sealing sees many.
 */
#define CLEW_RCA_GROW_FIRST 8u
#define CLEW_RCA_TEXTS_FIRST 64u
#define CLEW_RCA_SEEN_FIRST 64u

struct clew_rca_text_slot {
        uint64_t hash;
        uint32_t step; /* LLM or TOOL step that first gave this text, or NONE */
        bool used;
};

/* A result that a message shows, as reading meets it. */
struct clew_rca_result {
        struct clew_slice text; /* in the arena */
        struct clew_slice name; /* of the tool, when the message tells */
        struct clew_slice id;   /* of the call that it answers, may be empty */
        uint32_t nth;           /* results before it in the same input */
        uint32_t unit;          /* that holds it, or NONE when its text was there before */
        bool is_tool;           /* a tool's message, not a user's */
        bool is_error;          /* the sender says so */
        bool is_new;            /* its text was never seen before */
};

/* The same, kept until all is read. */
struct clew_rca_virtual {
        uint32_t caller; /* LLM step that asked for it */
        uint32_t before; /* LLM step that first saw it */
        uint32_t call;   /* index of the call, or NONE */
        uint32_t unit;
        struct clew_slice name;
        struct clew_slice text;
        bool is_error;
        bool tentative; /* a user's message, unless all agents here act in their texts */
};

/* System prompts that are known again: those of a run's agents, of which few take turns. */
#define CLEW_RCA_PROMPTS_MAX 4u

struct clew_rca_prompt {
        struct clew_slice text; /* in the arena */
        uint64_t hash;          /* clew_message_hash() of a message of it alone; 0: none here */
};

struct clew_rca_history;

struct clew_rca_builder {
        struct clew_rca_view *v;
        struct clew_arena *arena;
        struct clew_arena scratch;
        const struct clew_trace *trace;
        uint32_t *error_below; /* prefix sums of failed steps, by model index */
        uint32_t *step_of;     /* view step by model index, or NONE */
        struct clew_rca_text_slot *texts;
        uint32_t texts_mask;
        uint32_t n_texts;
        uint32_t units_cap;
        uint32_t calls_cap;
        uint32_t words_cap;
        uint32_t steps_cap;
        uint32_t offers_cap;
        struct clew_rca_virtual *virtuals; /* in the order of the steps that they stand before */
        uint32_t n_virtuals;
        uint32_t virtuals_cap;
        struct clew_rca_prompt prompts[CLEW_RCA_PROMPTS_MAX]; /* the latest that were new */
        uint32_t n_prompts;
        struct clew_slice *own_names; /* of executor.c */
        struct clew_buffer input;     /* of input.c: what is new in a call, until the next one */
        struct clew_rca_history *histories; /* of history.c, by view step; NULL: not wanted */
        size_t text_bytes;
        bool only_steps; /* values, word sets and requests are not wanted */
        bool failed;
};

/* Room for one more in an array of @n that lives in the arena; NULL when memory is short. */
void *clew_rca_grow(struct clew_rca_builder *b, void *old, uint32_t n, uint32_t *cap, size_t size);

/* Makes agents of the nodes of a graph where no agent span does. */
void clew_rca_group_by_nodes(struct clew_rca_builder *b);
/* Makes tool steps of model calls that only tell what a program printed. */
void clew_rca_find_executors(struct clew_rca_builder *b);
/* Makes agents of the names on calls, where no agent span tells them apart. */
void clew_rca_group_by_names(struct clew_rca_builder *b);
/* Derives key, emptiness and errors of a tool step from its arguments and result. */
void clew_rca_finish_tool(struct clew_rca_step *s);
/* Notes a new result in the input of LLM step @i, unless a span tells it. */
void clew_rca_note_result(struct clew_rca_builder *b, uint32_t i,
                          const struct clew_rca_result *result);
/* The hash of a message that is one of the system prompts at hand, else 0: its text was read. */
uint64_t clew_rca_known_prompt(const struct clew_rca_builder *b, const struct clew_message *m);
/* Keeps the system prompt whose text became the latest unit. */
void clew_rca_know_prompt(struct clew_rca_builder *b, const struct clew_message *m);
/* Makes tool steps of the noted results; indices of steps change. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_rca_insert_virtual(struct clew_rca_builder *b);
/* Reads messages, arguments and results of all steps in time order. 0 or a negative errno. */
CLEW_MUST_USE int clew_rca_read(struct clew_rca_builder *b);
/* Fills what is known of the run as a whole. 0 or a negative errno. */
CLEW_MUST_USE int clew_rca_read_run(struct clew_rca_builder *b);
/* Remembers the value tokens of all units. */
void clew_rca_see_values(struct clew_rca_builder *b);

#endif
