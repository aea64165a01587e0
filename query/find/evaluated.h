/*
 * Evaluations that name no trace but the response that they judge (gen_ai.evaluation.result with
 * gen_ai.response.id): they lie where the response's id says (proto/otlp/log-event.h), so a run
 * finds those about its own calls by these ids, whenever either came.
 */
#ifndef CLEW_QUERY_EVALUATED_H
#define CLEW_QUERY_EVALUATED_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "query/model/trace.h"
#include "storage/store.h"

#include <stdint.h>

/* Responses of one run that are looked for, and evaluations of them that are kept. */
#define CLEW_EVALUATED_CALLS_MAX 1024u
#define CLEW_EVALUATED_MAX 256u

struct clew_evaluated {
        struct clew_score *scores; /* each at its step */
        uint32_t n;
};

/* Looks for evaluations of the calls of @trace. When there are some the view has loaded others
 * since: @trace is to be built again. Texts are in @arena. 0 or a negative errno. */
CLEW_MUST_USE int clew_evaluated_find(struct clew_view *view, const struct clew_trace *trace,
                                      struct clew_arena *arena, struct clew_evaluated *ret,
                                      struct clew_error *err);

/* The traces that hold evaluations of the calls of @trace: @max ids at most at @ret, perhaps one
 * twice. How many, or a negative errno. */
CLEW_MUST_USE int clew_evaluated_traces(struct clew_view *view, const struct clew_trace *trace,
                                        struct clew_trace_id *ret, uint32_t max,
                                        struct clew_error *err);

/* Adds them to the scores of @trace, built of the same spans. @arena is the trace's. 0 or -ENOMEM.
 */
CLEW_MUST_USE int clew_evaluated_add(struct clew_trace *trace, const struct clew_evaluated *found,
                                     struct clew_arena *arena);

#endif
