/*
 * What the parts of building a view share: view.c chooses and links the steps, read.c reads what
 * each of them newly said or saw, seen.c remembers values.
 */
#ifndef CLEW_QUERY_RCA_VIEW_INT_H
#define CLEW_QUERY_RCA_VIEW_INT_H

#include "query/rca/view.h"

/* First sizes of arrays and tables: a short run is to touch little memory, and sealing sees many.
 */
#define CLEW_RCA_GROW_FIRST 32u
#define CLEW_RCA_TEXTS_FIRST 256u
#define CLEW_RCA_SEEN_FIRST 1024u

struct clew_rca_text_slot {
        uint64_t hash;
        uint32_t step; /* LLM or TOOL step that first gave this text, or NONE */
        bool used;
};

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
        size_t text_bytes;
        bool failed;
};

/* Room for one more in an array of @n that lives in the arena; NULL when memory is short. */
void *clew_rca_grow(struct clew_rca_builder *b, void *old, uint32_t n, uint32_t *cap, size_t size);

/* Reads messages, arguments and results of all steps in time order. 0 or a negative errno. */
CLEW_MUST_USE int clew_rca_read(struct clew_rca_builder *b);
/* Fills what is known of the run as a whole. 0 or a negative errno. */
CLEW_MUST_USE int clew_rca_read_run(struct clew_rca_builder *b);
/* Remembers the value tokens of all units. */
void clew_rca_see_values(struct clew_rca_builder *b);

#endif
