/*
 * Runs that lie in several traces: what log records tell under the run's own id, and the traces
 * whose spans or records name the same session and prompt (query/model/README.md).
 *
 * The store keeps which traces name which run (clew_view_run()); a trace belongs to the run that
 * the first of its spans to name one names. To people a run is one thing: its *head*, the trace
 * under the run's id or else the earliest one, stands for all of them in lists, and each of them
 * opens the whole.
 */
#ifndef CLEW_QUERY_RUN_H
#define CLEW_QUERY_RUN_H

#include "proto/base/arena.h"
#include "proto/base/error.h"
#include "query/model/trace.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stdint.h>

/* Traces of one run that are put together; of more the first by id. Gemini CLI makes two for each
 * call, so this is a conversation of a hundred calls. */
#define CLEW_RUN_TRACES_MAX 256
/* OTLP bytes of them; what goes beyond is left out, and told by clew_run_data.more. */
#define CLEW_RUN_BYTES_MAX ((size_t)1 << 30)

struct clew_run {
        struct clew_trace_id id;   /* that its traces name */
        struct clew_trace_id head; /* stands for it */
        struct clew_trace_id traces[CLEW_RUN_TRACES_MAX];
        uint32_t n;
        bool more;                /* there are others */
        bool hot;                 /* one of them is */
        uint64_t last_arrival_ns; /* of what is hot; else 0 */
};

/* Who is of the run @id. n = 0 when none of its traces is stored (any more). */
CLEW_MUST_USE int clew_run_find(struct clew_view *view, const struct clew_trace_id *id,
                                struct clew_run *ret, struct clew_error *err);

struct clew_run_data {
        struct clew_trace_data data; /* traces and logs of all, one after the other */
        bool joined;                 /* of several traces: build with options.joined */
        struct clew_trace_id head;   /* of the run; the trace's own id without one */
        bool more;                   /* some were left out */
};

/*
 * Loads a trace and, when it is of a run in several, all of them. The slices are the view's, as
 * those of clew_view_load(), or (joined) @arena's. Errors as there; a further trace that cannot be
 * read is left out (`more`), since it does not hide the others.
 */
CLEW_MUST_USE int clew_run_load(struct clew_view *view, const struct clew_trace_id *id,
                                struct clew_arena *arena, struct clew_run_data *ret,
                                struct clew_error *err);

/* Loads, and builds the model of it with @options (NULL = CLEW_TRACE_FULL). The trace's id is then
 * that of the head. -ENOMEM also when the arena is too small. */
CLEW_MUST_USE int clew_run_build(struct clew_view *view, const struct clew_trace_id *id,
                                 const struct clew_trace_options *options, struct clew_arena *arena,
                                 struct clew_run_data *ret_data, struct clew_trace **ret,
                                 struct clew_error *err);

#endif
