/*
 * What a model call was asked for besides its messages: temperature, limits, effort ...
 */
#ifndef CLEW_QUERY_MODEL_PARAMETERS_H
#define CLEW_QUERY_MODEL_PARAMETERS_H

#include "proto/base/arena.h"
#include "proto/base/slice.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stdint.h>

/* Parameters of one call; requests have some dozen. */
#define CLEW_PARAMETERS_MAX 64u

struct clew_parameter {
        struct clew_slice name; /* as the API names it: "max_tokens" */
        struct clew_slice value;
        bool is_json; /* a number, a bool, a structure; else text */
};

/* The parameters of @step in the order they were sent, each name once; read on demand. Slices point
 * into the span or into @arena. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_step_parameters(const struct clew_step *step, struct clew_arena *arena,
                                       const struct clew_parameter **ret, uint32_t *ret_n);

#endif
