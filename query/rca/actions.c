#include "query/rca/actions.h"

static void collect(const struct clew_rca_view *v, struct clew_rca_action *ret, uint32_t *ret_n)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < v->n_steps && n < CLEW_RCA_ACTIONS_MAX; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_TOOL) {
                        ret[n++] = (struct clew_rca_action){s->key, s->result_hash, i,
                                                            clew_rca_blame(v, i)};
                } else if (s->kind == CLEW_RCA_LLM) {
                        for (uint32_t k = 0; k < s->n_calls && n < CLEW_RCA_ACTIONS_MAX; k++) {
                                const struct clew_rca_call *c = &v->calls[s->first_call + k];

                                if (c->tool_step == CLEW_RCA_NONE)
                                        ret[n++] = (struct clew_rca_action){c->key, 0, i, i};
                        }
                }
        }
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
