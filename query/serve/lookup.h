/*
 * From what somebody named to a trace, loaded and built, and its step.
 */
#ifndef CLEW_QUERY_SERVE_LOOKUP_H
#define CLEW_QUERY_SERVE_LOOKUP_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/ids.h"
#include "query/find/aimed.h"
#include "query/model/trace.h"
#include "query/serve/target.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stdint.h>

/* Candidates shown for an ambiguous id. */
#define CLEW_CANDIDATES_MAX 12

enum clew_lookup {
        CLEW_LOOKUP_FOUND = 0,
        CLEW_LOOKUP_NONE,      /* no trace has the id */
        CLEW_LOOKUP_TOO_FAR,   /* `@N` beyond the oldest; err says how many there are */
        CLEW_LOOKUP_AMBIGUOUS, /* see the candidates */
        CLEW_LOOKUP_NO_STEP,   /* err says why */
};

struct clew_lookup_found {
        struct clew_trace_id ids[CLEW_CANDIDATES_MAX + 1]; /* one more: there are more */
        int n;
};

/* The one trace that @target names: an enum clew_lookup, or a negative errno. */
CLEW_MUST_USE int clew_lookup_trace(struct clew_view *view, const struct clew_target *target,
                                    struct clew_trace_id *ret, struct clew_lookup_found *candidates,
                                    struct clew_error *err);

/* Index of the step that @target names, CLEW_STEP_NONE when it names none. CLEW_LOOKUP_FOUND or
 * CLEW_LOOKUP_NO_STEP. */
CLEW_MUST_USE int clew_lookup_step(const struct clew_target *target, const struct clew_trace *trace,
                                   uint32_t *ret, struct clew_error *err);

/* A trace as loaded and built; data and trace die at the next load of the view or with the arena.
 */
struct clew_opened {
        struct clew_trace_id id;
        uint64_t now_ns; /* unix time at which its outcome is asked for */
        struct clew_trace_data data;
        struct clew_trace *trace;
        bool lost;                    /* it is open, and silent for too long: as lists say */
        bool joined;                  /* of several traces: data is all of theirs */
        uint32_t step;                /* index of the step that was named, or CLEW_STEP_NONE */
        struct clew_aimed_list aimed; /* when asked for: already among the trace's scores */
};

/*
 * Loads @ret->id and builds it in @arena, with the outcome that it has at @ret->now_ns; @options as
 * for clew_trace_build(). @scored: with the scores that younger traces carry about it
 * (query/find/aimed.h). 0 or a negative errno with a message; ret->step is left alone.
 */
CLEW_MUST_USE int clew_lookup_load(struct clew_view *view, const struct clew_trace_options *options,
                                   bool scored, struct clew_arena *arena, struct clew_opened *ret,
                                   struct clew_error *err);

#endif
