/*
 * Numbers that no observation has to hold, because a model may choose them: how far to scroll, what
 * a calculator is tried with.
 */
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#define NAME_MAX 40u /* bytes behind "Action: " in which the tool is named */

/* The tool that unit @u is handed to, and what it gave: of a call, or of "Action: NAME" in a text.
 */
static struct clew_slice handed_to(const struct clew_rca_view *v, const struct clew_rca_unit *u,
                                   struct clew_slice *ret_result)
{
        const struct clew_rca_step *s = &v->steps[u->step];
        ptrdiff_t at;

        *ret_result = CLEW_SLICE_NULL;
        if (s->kind == CLEW_RCA_TOOL) {
                *ret_result = s->result;
                return s->name;
        }
        for (uint32_t k = 0; k < s->n_calls; k++) {
                const struct clew_rca_call *c = &v->calls[s->first_call + k];

                if (!clew_slice_eq(c->args, u->text))
                        continue;
                if (c->tool_step != CLEW_RCA_NONE)
                        *ret_result = v->steps[c->tool_step].result;
                return c->name;
        }
        at = s->n_calls ? -1 : clew_text_find(head(u->text, LOWER_MAX), "action: ");
        if (at < 0)
                return CLEW_SLICE_NULL;
        for (uint32_t k = u->step + 1; k < v->n_steps && v->steps[k].kind != CLEW_RCA_LLM; k++) {
                if (v->steps[k].kind == CLEW_RCA_TOOL && v->steps[k].caller == u->step)
                        *ret_result = v->steps[k].result;
        }
        return head(clew_slice_from(u->text, (size_t)at + 8), NAME_MAX);
}

/* A model wrote what @result reckoned, but for places behind the point. */
static bool is_quoted_later(const struct clew_rca_view *v, uint32_t unit, struct clew_slice result)
{
        struct clew_token_iter it = clew_tokens_of(head(result, LOWER_MAX));
        struct clew_token t;

        if (!clew_token_next(&it, &t) || !t.is_number)
                return true; /* it is not known what it gave */
        while (clew_token_next(&it, &t))
                ;
        for (size_t n = 0; n < t.text.len; n++) {
                if (t.text.data[n] == '.')
                        t.text.len = n;
        }
        for (uint32_t u = unit + 1; u < v->n_units; u++) {
                const struct clew_rca_unit *x = &v->units[u];

                if ((x->origin == CLEW_RCA_WRITTEN || x->origin == CLEW_RCA_ARGS) &&
                    clew_find(x->text, t.text.data, t.text.len))
                        return true;
        }
        return false;
}

bool clew_rca_is_free_choice(const struct clew_rca_view *v, uint32_t unit)
{
        struct clew_slice result;
        struct clew_slice name = handed_to(v, &v->units[unit], &result);

        if (!name.len)
                return false;
        return clew_text_find(name, "scroll") >= 0 ||
               (clew_text_find(name, "calculat") >= 0 && !is_quoted_later(v, unit, result));
}
