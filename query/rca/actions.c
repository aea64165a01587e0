#include "query/rca/actions-int.h"

#include "proto/base/hash.h"

#include <stdlib.h>

static uint64_t agent_of(const struct clew_rca_step *s)
{
        return s->agent_name.len ? clew_hash(s->agent_name) : s->agent;
}

static int by_agent(const void *x, const void *y)
{
        const struct clew_rca_action *a = x;
        const struct clew_rca_action *b = y;

        if (a->agent != b->agent)
                return a->agent < b->agent ? -1 : 1;
        if (a->step != b->step)
                return a->step < b->step ? -1 : 1;
        return a->order < b->order ? -1 : a->order > b->order;
}

static bool several_agents(const struct clew_rca_action *a, uint32_t n)
{
        for (uint32_t i = 1; i < n; i++) {
                if (a[i].agent != a[0].agent)
                        return true;
        }
        return false;
}

static void collect(const struct clew_rca_view *v, struct clew_rca_action *ret, uint32_t *ret_n)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < v->n_steps && n < CLEW_RCA_ACTIONS_MAX; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_TOOL) {
                        ret[n++] = (struct clew_rca_action){.key = s->key,
                                                            .result = s->result_hash,
                                                            .step = i,
                                                            .llm = clew_rca_blame(v, i)};
                } else if (s->kind == CLEW_RCA_LLM) {
                        for (uint32_t k = 0; k < s->n_calls && n < CLEW_RCA_ACTIONS_MAX; k++) {
                                const struct clew_rca_call *c = &v->calls[s->first_call + k];

                                if (c->tool_step == CLEW_RCA_NONE)
                                        ret[n++] = (struct clew_rca_action){
                                                .key = c->key, .step = i, .llm = i};
                        }
                }
        }
        /* Most runs have one agent, and are in order already. */
        for (uint32_t i = 0; i < n; i++) {
                ret[i].agent = agent_of(&v->steps[ret[i].step]);
                ret[i].order = i;
        }
        if (several_agents(ret, n))
                qsort(ret, n, sizeof(*ret), by_agent);
        *ret_n = n;
}

struct clew_rca_actions clew_rca_actions_of(const struct clew_rca_view *v)
{
        struct clew_rca_actions a = {0};
        size_t room = (size_t)v->n_steps + v->n_calls;

        if (room > CLEW_RCA_ACTIONS_MAX)
                room = CLEW_RCA_ACTIONS_MAX;
        a.items = clew_arena_alloc(v->arena, room * sizeof(*a.items));
        if (a.items)
                collect(v, a.items, &a.n);
        return a;
}

/* Length of the repetition with @period that begins at @from: actions that equal the one a period
 * before. */
static uint32_t repeats(const struct clew_rca_actions *a, uint32_t from, uint32_t period)
{
        uint32_t k = from + period;

        while (k < a->n && clew_rca_action_same(&a->items[k], &a->items[k - period]))
                k++;
        return k - from - period;
}

uint32_t clew_rca_loop_at(const struct clew_rca_actions *a, uint32_t from, uint32_t *ret_period)
{
        for (uint32_t p = 1; p <= CLEW_RCA_LOOP_PERIOD && from + p < a->n; p++) {
                uint32_t extra = repeats(a, from, p);

                if (extra >= p * (CLEW_RCA_LOOP_ROUNDS - 1)) {
                        *ret_period = p;
                        return extra;
                }
        }
        return 0;
}
