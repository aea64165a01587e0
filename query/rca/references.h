/*
 * Passing runs by task: what a failed run is compared with.
 *
 * Two runs have the same task when their roots got the same input, or when they share a session in
 * which a verdict was given (evaluation harnesses run the same case again under one session id).
 * Kept of each run: its id and the keys of its actions.
 */
#ifndef CLEW_QUERY_RCA_REFERENCES_H
#define CLEW_QUERY_RCA_REFERENCES_H

#include "query/rca/rca.h"

/* Passing runs remembered; newest first comes from the caller, so older ones are left out. */
#define CLEW_REFERENCES_MAX 4096u

/* What a run's task is known by: hashes, 0 = none. */
struct clew_task {
        uint64_t session;
        uint64_t input;
};

struct clew_reference_run {
        struct clew_trace_id id;
        struct clew_task task;
        struct clew_reference actions;
};

struct clew_references {
        struct clew_arena *arena; /* long-lived */
        struct clew_reference_run *runs;
        uint32_t n;
};

/* @arena is borrowed and holds all runs. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_references_init(struct clew_references *r, struct clew_arena *arena);
/* Remembers a passing run; copies what it needs, so trace and view may go. False when full. */
bool clew_references_add(struct clew_references *r, const struct clew_rca_view *passed);

struct clew_task clew_task_of(const struct clew_trace *trace);
/* Two runs have it in common. */
static inline bool clew_task_is(const struct clew_task *a, const struct clew_task *b)
{
        return (a->session && a->session == b->session) || (a->input && a->input == b->input);
}

/* What a summary keeps of it (clew_summary.asked). */
static inline uint32_t clew_task_asked(const struct clew_task *task)
{
        return (uint32_t)task->input;
}

/* Remembers a run of another task as one that was looked at: clew_references_of() never chooses it.
 * False when full. */
bool clew_references_pass_over(struct clew_references *r, const struct clew_trace_id *id);

/* Whether run @id is among them. */
bool clew_references_has(const struct clew_references *r, const struct clew_trace_id *id);

/* Passing runs of the task of @trace, at most CLEW_WHY_REFERENCES_MAX; returns how many. Those of
 * its session come first, then those of the same input, so that the choice does not depend on the
 * order in which sessions were looked through. The trace itself is never among them. */
uint32_t clew_references_of(const struct clew_references *r, const struct clew_trace *trace,
                            const struct clew_reference_run *ret[CLEW_WHY_REFERENCES_MAX]);

/* Of @n references the one that shares most actions with @v, or NULL. */
const struct clew_reference_run *
clew_references_nearest(const struct clew_reference_run *const *refs, uint32_t n,
                        const struct clew_rca_view *v);

#endif
