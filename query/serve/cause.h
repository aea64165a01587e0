/*
 * Why a run failed, compared with runs of the same task: the analysis of query/rca, and around it
 * the passing and failed runs that are looked for first, because the first step that no good run
 * took is a sign of its own.
 */
#ifndef CLEW_QUERY_SERVE_CAUSE_H
#define CLEW_QUERY_SERVE_CAUSE_H

#include "proto/base/arena.h"
#include "proto/base/clock.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "query/find/select.h"
#include "query/rca/rca.h"
#include "query/rca/references.h"
#include "query/rca/spectrum.h"

#include <stddef.h>
#include <stdint.h>

/* Runs that others are compared with. */
struct clew_compared {
        struct clew_references passed;
        struct clew_references failed; /* for the spectrum; none when none passed */
};

/* What was remembered lives in @kept. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_compared_init(struct clew_compared *c, struct clew_arena *kept);

/*
 * Remembers up to @max passing and failed runs that @filter selects, whatever its outcomes; those
 * before are forgotten. The view's loaded trace dies; each run is built in an arena of at most
 * @trace_bytes, and those that cannot be are left out. 0 or a negative errno.
 */
CLEW_MUST_USE int clew_compared_gather(struct clew_compared *c, struct clew_view *view,
                                       const struct clew_clock *clock, struct clew_filter filter,
                                       uint32_t max, size_t trace_bytes, struct clew_error *err);
/* The same for one trace: the newest runs of its session, and the newest of all. Nothing for one
 * that passed. */
CLEW_MUST_USE int clew_compared_gather_for(struct clew_compared *c, struct clew_view *view,
                                           const struct clew_clock *clock,
                                           const struct clew_trace *trace, size_t trace_bytes,
                                           struct clew_error *err);

struct clew_cause_answer {
        struct clew_why why;
        const struct clew_trace *trace;
        const struct clew_reference_run *nearest; /* that passed, or NULL */
        struct clew_spectrum spectrum;
};

/* Everything lives in @arena, the trace and @c. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_cause_analyse(const struct clew_compared *c, const struct clew_trace *trace,
                                     struct clew_arena *arena, struct clew_cause_answer *ret);

#endif
