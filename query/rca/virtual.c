/*
 * Tool steps that no span shows: many instrumentations record model calls only, and what the tools
 * answered is seen in the messages of the next call.
 *
 * Reading notes each such result (clew_rca_note_result); when all is read, a tool step is put
 * before the model call that first saw it (clew_rca_insert_virtual). It stands for the span of the
 * call that asked for it. Indices of steps change then, so this is done once, after reading.
 */
#include "query/rca/view-int.h"

#include "proto/base/hash.h"
#include "query/rca/flat.h"

#include <errno.h>

/* Steps between two calls of one agent that are looked at for the tool that answered; a sub-agent
 * with more than this is a tool step of its own anyway. */
#define BETWEEN_MAX 512u

/* How the steps between model call @from and @to of one agent answered it. */
struct between {
        bool any;    /* a tool or sub-agent ran */
        bool failed; /* and one of them failed */
};

static struct between steps_between(const struct clew_rca_view *v, uint32_t from, uint32_t to)
{
        struct between ret = {false, false};

        for (uint32_t k = from + 1; k < to && k <= from + BETWEEN_MAX; k++) {
                const struct clew_rca_step *s = &v->steps[k];

                if (s->kind == CLEW_RCA_TOOL || s->kind == CLEW_RCA_AGENT) {
                        ret.any = true;
                        ret.failed |= clew_rca_has_error(s);
                } else if (s->kind == CLEW_RCA_OTHER) {
                        ret.failed |= clew_rca_has_error(s);
                }
        }
        return ret;
}

/* The call of @llm that @r answers: by id, else the first one without an answer. */
static const struct clew_rca_call *call_of(struct clew_rca_builder *b,
                                           const struct clew_rca_step *llm, struct clew_slice id,
                                           uint32_t nth)
{
        for (uint32_t k = 0; k < llm->n_calls && id.len; k++) {
                if (clew_slice_eq(b->v->calls[llm->first_call + k].id, id))
                        return &b->v->calls[llm->first_call + k];
        }
        return nth < llm->n_calls ? &b->v->calls[llm->first_call + nth] : NULL;
}

/* What a text holds from its first program on; empty without one. */
static struct clew_slice code_of(struct clew_slice text)
{
        ptrdiff_t from = clew_text_program(text);

        return from < 0 ? CLEW_SLICE_NULL : clew_slice_from(text, (size_t)from);
}

static void take_error(struct clew_rca_step *s, struct clew_slice text)
{
        if (clew_rca_has_error(s) || s->said_no)
                return;
        s->soft_error = true;
        s->trouble = clew_text_trouble(text);
        s->error_text = text;
        s->error_shape = clew_text_error_shape(text);
}

/* The span of the call that @r answers, which tells no answer itself: it is this one. */
static bool give_to_span(struct clew_rca_view *v, uint32_t from, uint32_t to,
                         const struct clew_rca_result *r)
{
        for (uint32_t k = from + 1; k < to && k <= from + BETWEEN_MAX && r->id.len; k++) {
                struct clew_rca_step *s = &v->steps[k];

                if (s->kind != CLEW_RCA_TOOL || s->has_result || s->stopped || s->result.len ||
                    !clew_slice_eq(s->call_id, r->id))
                        continue;
                s->result = r->text;
                s->has_result = true;
                clew_rca_finish_tool(s);
                if (r->is_error)
                        take_error(s, r->text);
                return true;
        }
        return false;
}

void clew_rca_note_result(struct clew_rca_builder *b, uint32_t i,
                          const struct clew_rca_result *result)
{
        struct clew_rca_view *v = b->v;
        uint32_t from = v->steps[i].prev_llm;
        const struct clew_rca_step *llm;
        const struct clew_rca_call *call;
        struct between between;
        enum clew_trouble trouble;

        if (from == CLEW_RCA_NONE)
                return;
        if (result->is_tool && give_to_span(v, from, i, result))
                return;
        llm = &v->steps[from];
        between = steps_between(v, from, i);
        /* A span tells it, or a user spoke: whatever the text says. */
        if (between.any ? between.failed || !result->is_new : between.failed && !result->is_tool)
                return;
        trouble = result->is_error ? clew_text_trouble(result->text)
                                   : clew_text_result_error(result->text);
        /* After words that asked for nothing somebody answers, even where he speaks of errors. */
        if (!result->is_tool && !result->is_error && !code_of(llm->text).len &&
            clew_text_is_said(result->text))
                return;
        /* A span tells it better; only an error that no span shows is worth a step beside one. */
        if (between.any && trouble == CLEW_TROUBLE_NONE)
                return;
        if (!result->is_tool && trouble == CLEW_TROUBLE_NONE && !code_of(llm->text).len)
                return; /* a user spoke */
        call = call_of(b, llm, result->id, result->nth);
        b->virtuals = clew_rca_grow(b, b->virtuals, b->n_virtuals, &b->virtuals_cap,
                                    sizeof(*b->virtuals));
        if (!b->virtuals)
                return;
        b->virtuals[b->n_virtuals++] = (struct clew_rca_virtual){
                .caller = from,
                .before = i,
                .call = call && !between.any ? (uint32_t)(call - v->calls) : CLEW_RCA_NONE,
                .unit = result->unit,
                .name = call               ? call->name
                        : result->name.len ? result->name
                                           : CLEW_SLICE_LITERAL("its action"),
                .text = result->text,
                .is_error = result->is_error,
                .tentative = !result->is_tool && trouble == CLEW_TROUBLE_NONE,
        };
}

static uint32_t moved(const uint32_t *to, uint32_t i)
{
        return i == CLEW_RCA_NONE ? CLEW_RCA_NONE : to[i];
}

static void fill(struct clew_rca_builder *b, const struct clew_rca_virtual *r,
                 const struct clew_rca_step *old, const uint32_t *to, struct clew_rca_step *ret)
{
        const struct clew_rca_step *llm = &old[r->caller];
        const struct clew_rca_call *call = r->call == CLEW_RCA_NONE ? NULL : &b->v->calls[r->call];

        *ret = (struct clew_rca_step){
                .kind = CLEW_RCA_TOOL,
                .is_virtual = true,
                .span = llm->span,
                .span_id = llm->span_id,
                .number = llm->number,
                .parent = moved(to, llm->parent),
                .agent = llm->agent,
                .agent_name = llm->agent_name,
                .start_ns = old[r->before].start_ns,
                .end_ns = old[r->before].start_ns,
                .name = r->name,
                .words = CLEW_RCA_NONE,
                .offer = CLEW_RCA_NONE,
                .caller = to[r->caller],
                .prev_llm = to[r->caller],
                .next_llm = to[r->before],
                .first_unit = r->unit,
                .n_units = r->unit != CLEW_RCA_NONE,
                .args = call ? call->args : code_of(llm->text),
                .call_id = call ? call->id : CLEW_SLICE_NULL,
                .result = r->text,
                .has_result = true,
        };
        clew_rca_finish_tool(ret);
        /* An action that nobody recorded is the same as another one when the same was written. */
        if (!ret->args.len)
                ret->key = clew_hash_seeded(llm->text, ret->key);
        if (r->is_error)
                take_error(ret, r->text);
}

static void remap(struct clew_rca_step *s, const uint32_t *to)
{
        s->parent = moved(to, s->parent);
        s->caller = moved(to, s->caller);
        s->prev_llm = moved(to, s->prev_llm);
        s->next_llm = moved(to, s->next_llm);
}

/* What follows a text with a program is its output where all texts hold one. Returns how many stay.
 */
static uint32_t keep_meant(struct clew_rca_builder *b)
{
        uint32_t n = 0;

        for (uint32_t k = 0; k < b->n_virtuals; k++) {
                if (!b->virtuals[k].tentative || b->v->acts_in_text)
                        b->virtuals[n++] = b->virtuals[k];
        }
        return n;
}

int clew_rca_insert_virtual(struct clew_rca_builder *b)
{
        struct clew_rca_view *v = b->v;
        struct clew_rca_step *old = v->steps;
        uint32_t total;
        struct clew_rca_step *steps;
        uint32_t *to;
        uint32_t n = 0;
        uint32_t k = 0;

        n = keep_meant(b);
        b->n_virtuals = n;
        if (n == 0)
                return 0;
        total = v->n_steps + n;
        n = k = 0;
        steps = clew_arena_calloc(b->arena, total, sizeof(*steps));
        to = clew_arena_calloc(b->arena, v->n_steps, sizeof(*to));
        if (!steps || !to)
                return -ENOMEM;
        /* They were noted in the order of the steps that they stand before. */
        for (uint32_t i = 0; i < v->n_steps; i++) {
                while (k < b->n_virtuals && b->virtuals[k].before == i) {
                        k++;
                        n++;
                }
                to[i] = n++;
        }
        for (uint32_t u = 0; u < v->n_units; u++)
                v->units[u].step = to[v->units[u].step];
        for (uint32_t c = 0; c < v->n_calls; c++)
                v->calls[c].tool_step = moved(to, v->calls[c].tool_step);
        k = 0;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                for (uint32_t at = i ? to[i - 1] + 1 : 0; at < to[i]; at++, k++) {
                        const struct clew_rca_virtual *r = &b->virtuals[k];

                        fill(b, r, old, to, &steps[at]);
                        if (r->unit != CLEW_RCA_NONE) {
                                v->units[r->unit].step = at;
                                v->units[r->unit].origin = CLEW_RCA_RESULT;
                        }
                        if (r->call != CLEW_RCA_NONE &&
                            v->calls[r->call].tool_step == CLEW_RCA_NONE)
                                v->calls[r->call].tool_step = at;
                }
                steps[to[i]] = old[i];
                remap(&steps[to[i]], to);
        }
        v->first_result = CLEW_RCA_NONE;
        for (uint32_t u = 0; u < v->n_units && v->first_result == CLEW_RCA_NONE; u++)
                v->first_result = v->units[u].origin == CLEW_RCA_RESULT ? u : CLEW_RCA_NONE;
        v->steps = steps;
        v->n_steps = total;
        v->first_llm = moved(to, v->first_llm);
        v->last_llm = moved(to, v->last_llm);
        v->last_step = moved(to, v->last_step);
        return 0;
}
