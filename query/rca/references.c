/*
 * Passing runs by task. A plain array searched in order: some thousands of runs, one pass each.
 */
#include "query/rca/references.h"

#include "proto/base/hash.h"

#include <errno.h>

/* Tasks are numbered alike everywhere: in a session of the same name, runs of another service or of
 * another kind of agent are other tasks. */
static uint64_t program_hash(const struct clew_trace *t)
{
        return clew_hash_seeded(t->service,
                                t->root == CLEW_STEP_NONE ? 0 : clew_hash(t->steps[t->root].name));
}

static uint64_t input_hash(const struct clew_trace *t)
{
        struct clew_slice input = clew_text_trim(clew_rca_run_input(t));

        return input.len ? clew_hash(input) | 1 : 0;
}

static uint64_t session_hash(const struct clew_trace *t)
{
        /* A verdict in the session says that it is an evaluation, not somebody's chat. */
        bool judged = t->outcome == CLEW_OUTCOME_PASSED || t->outcome == CLEW_OUTCOME_FAILED;

        return judged && t->session.len ? clew_hash_seeded(t->session, program_hash(t)) | 1 : 0;
}

struct clew_task clew_task_of(const struct clew_trace *trace)
{
        return (struct clew_task){session_hash(trace), input_hash(trace)};
}

int clew_references_init(struct clew_references *r, struct clew_arena *arena)
{
        *r = (struct clew_references){.arena = arena};
        r->runs = clew_arena_calloc(arena, CLEW_REFERENCES_MAX, sizeof(*r->runs));
        return r->runs ? 0 : -ENOMEM;
}

bool clew_references_add(struct clew_references *r, const struct clew_rca_view *passed)
{
        struct clew_reference_run *run;
        struct clew_reference actions;
        struct clew_slice *names;
        uint64_t *keys;

        if (r->n >= CLEW_REFERENCES_MAX)
                return false;
        actions = clew_reference_of(passed);
        keys = clew_arena_calloc(r->arena, actions.n_keys + 1u, sizeof(*keys));
        names = clew_arena_calloc(r->arena, actions.n_keys + 1u, sizeof(*names));
        if (!keys || !names || !actions.keys || !actions.names)
                return false;
        for (uint32_t i = 0; i < actions.n_keys; i++) {
                keys[i] = actions.keys[i];
                names[i] = i && clew_slice_eq(actions.names[i], actions.names[i - 1])
                                   ? names[i - 1]
                                   : clew_arena_copy(r->arena, actions.names[i]);
        }
        run = &r->runs[r->n++];
        run->id = passed->trace->id;
        run->task = clew_task_of(passed->trace);
        run->actions = (struct clew_reference){keys, names, actions.n_keys};
        return true;
}

bool clew_references_pass_over(struct clew_references *r, const struct clew_trace_id *id)
{
        if (r->n >= CLEW_REFERENCES_MAX)
                return false;
        r->runs[r->n++] = (struct clew_reference_run){.id = *id};
        return true;
}

uint32_t clew_references_of(const struct clew_references *r, const struct clew_trace *trace,
                            const struct clew_reference_run *ret[CLEW_WHY_REFERENCES_MAX])
{
        struct clew_task task = clew_task_of(trace);
        uint32_t n = 0;

        for (int pass = 0; pass < 2; pass++) {
                for (uint32_t i = 0; i < r->n && n < CLEW_WHY_REFERENCES_MAX; i++) {
                        const struct clew_reference_run *run = &r->runs[i];
                        bool shares = task.session && run->task.session == task.session;
                        bool heard = task.input && run->task.input == task.input;

                        if (clew_trace_id_eq(&run->id, &trace->id))
                                continue;
                        if (pass == 0 ? shares : heard && !shares)
                                ret[n++] = run;
                }
        }
        return n;
}

bool clew_references_has(const struct clew_references *r, const struct clew_trace_id *id)
{
        for (uint32_t i = 0; i < r->n; i++) {
                if (clew_trace_id_eq(&r->runs[i].id, id))
                        return true;
        }
        return false;
}

const struct clew_reference_run *
clew_references_nearest(const struct clew_reference_run *const *refs, uint32_t n,
                        const struct clew_rca_view *v)
{
        const struct clew_reference_run *best = NULL;
        uint32_t best_shared = 0;

        for (uint32_t i = 0; i < n; i++) {
                uint32_t shared = 1;

                for (uint32_t k = 0; k < v->n_steps; k++) {
                        if (v->steps[k].kind == CLEW_RCA_TOOL)
                                shared += clew_reference_took(&refs[i]->actions, v->steps[k].key);
                }
                if (shared > best_shared) {
                        best_shared = shared;
                        best = refs[i];
                }
        }
        return best;
}
