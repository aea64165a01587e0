/*
 * The actions of a run, those of each agent in time order, and repetitions among them. Agents that
 * work side by side go round each for itself.
 *
 * An action is a tool step, or a call that an LLM asked for and no span carried out. Two actions
 * are the same when name and arguments are (whatever the order of members), and the answer too:
 * polling something that changes is no loop.
 */
#ifndef CLEW_QUERY_RCA_ACTIONS_H
#define CLEW_QUERY_RCA_ACTIONS_H

#include "query/rca/view.h"

#define CLEW_RCA_ACTIONS_MAX 8192u /* a longer run is read in its first actions */
#define CLEW_RCA_LOOP_PERIOD 4u    /* A-B-C-D-A-B-C-D is the longest cycle people recognise */
#define CLEW_RCA_LOOP_ROUNDS 3u    /* cycles of this many rounds are loops */

struct clew_rca_action {
        uint64_t key;
        uint64_t result;
        uint32_t step;  /* tool step, or LLM step of an unmatched call */
        uint32_t llm;   /* to blame for it */
        uint64_t agent; /* by name; the runs of one agent are one sequence */
        uint32_t order; /* in time, among all */
};

struct clew_rca_actions {
        struct clew_rca_action *items;
        uint32_t n;
};

/* Lives in the view's arena; empty when memory is short (the arena remembers). */
struct clew_rca_actions clew_rca_actions_of(const struct clew_rca_view *v);

static inline bool clew_rca_action_same(const struct clew_rca_action *a,
                                        const struct clew_rca_action *b)
{
        return a->key == b->key && a->result == b->result && a->agent == b->agent;
}

/* Actions behind the first round of a loop that begins at @from; 0 when none does. Its rounds are
 * `extra / period + 1`. */
uint32_t clew_rca_loop_at(const struct clew_rca_actions *a, uint32_t from, uint32_t *ret_period);

#endif
