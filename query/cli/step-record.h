/*
 * The record of one step, as tree, show and tail print it for machines.
 */
#ifndef CLEW_QUERY_CLI_STEP_RECORD_H
#define CLEW_QUERY_CLI_STEP_RECORD_H

#include "query/cli/output.h"
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

/* The words for CLEW_STEP_* flags, as a JSON array. */
void clew_write_step_flags(struct clew_json_writer *w, uint32_t flags);

#endif
