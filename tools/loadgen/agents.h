/*
 * Agent-shaped traces in any number: a root agent, model calls that repeat the history, tools with
 * arguments and results, errors, sessions, users, labels; texts in nine languages that differ from
 * run to run. A trace is a function of seed and number, so a store can be asked for what is known
 * to be in it.
 */
#ifndef CLEW_TOOLS_LOADGEN_AGENTS_H
#define CLEW_TOOLS_LOADGEN_AGENTS_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"

#include <stdint.h>

/* Raised when the same seed makes other traces: what was built of the old ones is to be made anew.
 */
#define CLEW_AGENTS_VERSION 1u
#define CLEW_AGENTS_MAX 100000000u
/* One trace; the largest have a tenth of it. */
#define CLEW_AGENTS_TRACE_BYTES_MAX ((size_t)1 << 20)
/* Traces start so far apart: a million in 29 days. */
#define CLEW_AGENTS_GAP_NS 2500000000ull
#define CLEW_AGENTS_START_NS 1764000000000000000ull

/* What stands in the texts of one run in 100,000, and of one in four. */
#define CLEW_AGENTS_RARE_WORD "Quixotwist"
#define CLEW_AGENTS_RARE_EVERY 100000u
#define CLEW_AGENTS_RARE_FIRST 54321u
#define CLEW_AGENTS_COMMON_WORD "refund"

struct clew_agents;

struct clew_agents *clew_agents_new(uint64_t seed); /* NULL: no memory */
void clew_agents_free(struct clew_agents *agents);

/* Appends trace @number as one TracesData. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_agents_put(struct clew_agents *agents, uint64_t number,
                                  struct clew_buffer *out);

#endif
