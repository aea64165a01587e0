/*
 * Step patterns: a small regular language over the steps of a run, in the order of time.
 *
 *     search{3,} !open* answer
 *
 * A pattern is matched by an automaton whose states are bounded when it is read, so the time is
 * steps times states, whatever the pattern. README.md of query/find/language holds the grammar and
 * ten examples, which are tested.
 *
 * A run has many steps that nobody asks for: wrappers, chains, the model calls between two tool
 * calls. So a pattern sees *actions* (tool calls, retrievals, hand-offs) and the answer; other
 * kinds it sees when it names one of them.
 */
#ifndef CLEW_QUERY_FIND_PATH_H
#define CLEW_QUERY_FIND_PATH_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_PATH_TEXT_MAX 4096u
/* States of one pattern, repetitions multiplied out. */
#define CLEW_PATH_STATES_MAX 1024u
#define CLEW_PATH_REPEAT_MAX 100u
#define CLEW_PATH_DEPTH_MAX 32u

/* One step as patterns see it. */
struct clew_path_step {
        uint32_t kinds; /* bit of its enum clew_kind, and CLEW_PATH_ANSWER */
        bool is_error;
        struct clew_slice name;  /* of the tool, retriever or target; model of a call */
        struct clew_slice agent; /* that it belongs to; empty = none */
        uint32_t step;           /* index in the trace */
};

/* The last model call of a run after which no action came: its answer. */
#define CLEW_PATH_ANSWER (1u << CLEW_KIND_COUNT)
/* Kinds that every pattern sees. */
#define CLEW_PATH_ACTIONS                                                                          \
        (1u << CLEW_KIND_TOOL | 1u << CLEW_KIND_RETRIEVER | 1u << CLEW_KIND_HANDOFF |              \
         CLEW_PATH_ANSWER)

struct clew_path;

/* Reads @text; @ret lives in @arena. 0, -EINVAL or -E2BIG with message and offset in @err, -ENOMEM.
 */
CLEW_MUST_USE int clew_path_parse(struct clew_slice text, struct clew_arena *arena,
                                  struct clew_path **ret, struct clew_error *err);

/* The steps of @trace in the order of time, those that count. @ret lives in @arena. */
CLEW_MUST_USE int clew_path_of_trace(const struct clew_trace *trace, struct clew_arena *arena,
                                     struct clew_path_step **ret, uint32_t *ret_n);

/* Whether the pattern stands somewhere in @steps. */
bool clew_path_match(const struct clew_path *path, const struct clew_path_step *steps, uint32_t n);

/* "search search! open answer": actions and the answer, an error marked by "!". @max_bytes bounds
 * what is appended; it then ends in "...". */
void clew_path_print(const struct clew_path_step *steps, uint32_t n, size_t max_bytes,
                     struct clew_buffer *out);

#endif
