/*
 * Calls of a team whose turns are agents of their own: each begins with a history that an earlier
 * turn of the same name had, though no call of its own group came before it. What is old in it is
 * left out as it is between two calls of one group (input.c), and what a whole reading would have
 * found there is taken from what was kept of that turn's call.
 */
#include "query/rca/history-int.h"

#include <errno.h>

#define LOOK_BACK_MAX 256u /* steps among which an earlier turn is looked for */
#define OLD_MIN 2u         /* messages: of two in all, both may be the request */

int clew_rca_begin_histories(struct clew_rca_builder *b)
{
        const struct clew_rca_view *v = b->v;
        uint32_t begun = 0;

        for (uint32_t i = 0; i < v->n_steps; i++)
                begun += v->steps[i].kind == CLEW_RCA_LLM && v->steps[i].prev_llm == CLEW_RCA_NONE;
        if (begun < 2)
                return 0;
        b->histories = clew_arena_calloc(b->arena, v->n_steps, sizeof(*b->histories));
        return b->histories ? 0 : -ENOMEM;
}

/* The last model call before @i of an agent with its name, whose history is known; NONE without. */
static uint32_t earlier_turn(const struct clew_rca_builder *b, uint32_t i)
{
        const struct clew_rca_step *s = &b->v->steps[i];
        uint32_t stop = i > LOOK_BACK_MAX ? i - LOOK_BACK_MAX : 0;

        for (uint32_t k = i; s->agent_name.len && k-- > stop;) {
                const struct clew_rca_step *t = &b->v->steps[k];

                if (t->kind == CLEW_RCA_LLM && clew_slice_eq(t->agent_name, s->agent_name))
                        return b->histories[k].n >= OLD_MIN ? k : CLEW_RCA_NONE;
        }
        return CLEW_RCA_NONE;
}

/* The old part is a beginning of what the earlier call had, and it is known what system prompt the
 * whole begins with. */
static bool goes_on(const struct clew_rca_input *in, const struct clew_rca_history *h)
{
        const struct clew_messages *m = &in->messages;

        return in->cut && in->left_out == 0 && m->n > 0 &&
               m->items[m->n - 1].role != CLEW_ROLE_SYSTEM &&
               (h->system == 0 || m->items[0].role != CLEW_ROLE_SYSTEM ||
                (clew_message_hash(&m->items[0]) | 1) == h->system);
}

int clew_rca_read_input(struct clew_rca_builder *b, uint32_t i, struct clew_rca_input *ret,
                        const struct clew_rca_history **ret_old)
{
        const struct clew_rca_step *s = &b->v->steps[i];
        const struct clew_step *steps = b->trace->steps;
        const struct clew_step *before =
                s->prev_llm == CLEW_RCA_NONE ? NULL : &steps[b->v->steps[s->prev_llm].span];
        uint32_t turn = before || !b->histories ? CLEW_RCA_NONE : earlier_turn(b, i);
        int r;

        *ret_old = NULL;
        clew_arena_reset(&b->scratch);
        if (turn != CLEW_RCA_NONE) {
                r = clew_rca_new_input(b->trace, &steps[s->span], &steps[b->v->steps[turn].span],
                                       &b->input, &b->scratch, ret);
                if (r < 0 || goes_on(ret, &b->histories[turn])) {
                        *ret_old = &b->histories[turn];
                        return r;
                }
                clew_arena_reset(&b->scratch);
        }
        return clew_rca_new_input(b->trace, &steps[s->span], before, &b->input, &b->scratch, ret);
}

void clew_rca_keep_history(struct clew_rca_builder *b, uint32_t i, const struct clew_rca_input *in,
                           const struct clew_rca_history *old, struct clew_slice heard)
{
        const struct clew_rca_step *s = &b->v->steps[i];
        const struct clew_messages *m = &in->messages;
        struct clew_rca_history h = {.spoken = s->n_messages, .heard = heard};

        if (!old && in->cut && s->prev_llm != CLEW_RCA_NONE)
                old = &b->histories[s->prev_llm];
        /* Of a list that was flattened, or whose beginning is not known, nothing is. */
        if (in->left_out > 0 || (in->cut && (!old || old->n == 0 || !goes_on(in, old))))
                return;
        for (uint32_t k = 0; k < m->n && h.system == 0; k++)
                h.system = m->items[k].role == CLEW_ROLE_SYSTEM
                                   ? clew_message_hash(&m->items[k]) | 1
                                   : 0;
        h.n = m->n;
        if (in->cut) {
                h.n += old->n;
                h.system = old->system ? old->system : h.system;
                h.heard = heard.data ? heard : old->heard;
        }
        b->histories[i] = h;
}
