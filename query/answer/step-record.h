/*
 * The record of one step, as tree, show and tail print it for machines.
 */
#ifndef CLEW_QUERY_ANSWER_STEP_RECORD_H
#define CLEW_QUERY_ANSWER_STEP_RECORD_H

#include "query/answer/record.h"
#include "query/model/trace.h"

#include <stdint.h>

struct clew_step_record {
        const struct clew_trace *trace;
        uint32_t step; /* index */
        const struct clew_buffer *brief;
        uint32_t cause; /* number of the step that the rules blame, 0 = none */
};

/* Fields of a struct clew_step_record. */
extern const struct clew_record_field clew_step_fields[];

/* What making texts needs, kept from step to step: parsed messages, and the brief. */
struct clew_step_texts {
        struct clew_arena *scratch; /* is reset */
        struct clew_buffer *brief;  /* is cleared */
};

/* Writes the record of the step with index @step. @cause is the number of the step that the rules
 * blame, 0 = none. 0 or a negative errno. */
CLEW_MUST_USE int clew_step_put(struct clew_record_writer *out, const struct clew_trace *trace,
                                uint32_t step, uint32_t cause, const struct clew_step_texts *texts);

/* The words for CLEW_STEP_* flags, as a JSON array. */
void clew_write_step_flags(struct clew_json_writer *w, uint32_t flags);
/* The same flags as bits: bit k stands for the k-th word that clew_write_step_flags() would write
 * of all flags. */
uint32_t clew_step_flag_bits(uint32_t flags);

#endif
