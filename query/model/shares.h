/*
 * Whose part of a run what was: tokens, cost and time by agent, model and tool, for the lists of
 * names that a summary has. A share stands at the place of its name.
 *
 * Of an agent: what is booked on its own calls and on itself, not on agents below it. Of a model:
 * what is booked on its calls. What no name of the list stands for is in the run's totals alone, so
 * the shares of a list never add up to more than those (query/model/README.md, booking).
 */
#ifndef CLEW_QUERY_MODEL_SHARES_H
#define CLEW_QUERY_MODEL_SHARES_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_share {
        uint64_t in;
        uint64_t out;
        uint64_t cache_read;
        uint64_t cache_write;
        uint64_t reasoning;
        uint64_t cost_units; /* CLEW_COST_UNITS a dollar */
        uint64_t failed;     /* calls, or runs of the agent, in error */
        uint64_t busy_us;    /* of its spans, added up */
};

/* Cost is kept in millionths of a cent. */
#define CLEW_COST_UNITS 1e8

/* Arrays as long as the lists of names; NULL for an empty list, or when they are not known. */
struct clew_shares {
        const struct clew_share *agents;
        const struct clew_share *models;
        const struct clew_share *tools;
};

/* Of the first so many names of each list. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_shares_of_trace(const struct clew_trace *trace, uint32_t n_agents,
                                       uint32_t n_models, uint32_t n_tools,
                                       struct clew_arena *arena, struct clew_shares *ret);

/* Appends agents, models, tools, one share after the other: a byte with a bit for each number that
 * is not 0, then those numbers. */
void clew_shares_encode(const struct clew_shares *shares, uint32_t n_agents, uint32_t n_models,
                        uint32_t n_tools, struct clew_buffer *out);
/* Arrays are @arena's. 0, -EBADMSG, -ENOMEM. */
CLEW_MUST_USE int clew_shares_decode(struct clew_slice bytes, uint32_t n_agents, uint32_t n_models,
                                     uint32_t n_tools, struct clew_arena *arena,
                                     struct clew_shares *ret);

#endif
