/*
 * The prompt template that a model request was made from, as far as its sender tells.
 */
#ifndef CLEW_QUERY_MODEL_PROMPT_H
#define CLEW_QUERY_MODEL_PROMPT_H

#include "proto/base/arena.h"
#include "query/model/trace.h"

/* Empty where nothing was sent. */
struct clew_prompt {
        struct clew_slice name; /* or the id under which a prompt store has it */
        struct clew_slice version;
        struct clew_slice template;  /* with its placeholders */
        struct clew_slice variables; /* one JSON object; as sent when that is none */
};

/* Slices point into the span or into @arena. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_step_prompt(const struct clew_trace *trace, const struct clew_step *step,
                                   struct clew_arena *arena, struct clew_prompt *ret);

#endif
