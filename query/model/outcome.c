/*
 * Which step speaks for a trace, and how the trace ended.
 *
 * A parent that was never exported decides nothing: where a span says that its parent lives in
 * another process (a browser, a gateway, a queue), the run is what arrived below it. Where nobody
 * says, the parent may be a step of this run that has not ended; the run is open, and `settled` is
 * what it will be when nothing more comes.
 *
 * A run fails when its root or a topmost agent does; and when its last model call, guardrail or
 * step failed, no model answered after it, and no answer came out at the top. Control flow and
 * pauses were told apart before (control.c).
 */
#include "query/model/build-int.h"

#include <string.h>

#define NONE CLEW_STEP_NONE
/* Span.flags: whether the parent is remote is known; it is. */
#define FLAG_HAS_REMOTE 0x100u
#define FLAG_REMOTE 0x200u
#define SPAN_KIND_SERVER 2u
#define SPAN_KIND_CONSUMER 5u

enum parent { PARENT_UNKNOWN, PARENT_HERE, PARENT_ELSEWHERE };

static enum parent parent_of(const struct clew_step *step)
{
        if (step->span.flags & FLAG_HAS_REMOTE)
                return step->span.flags & FLAG_REMOTE ? PARENT_ELSEWHERE : PARENT_HERE;
        return step->span.kind == SPAN_KIND_SERVER || step->span.kind == SPAN_KIND_CONSUMER
                       ? PARENT_ELSEWHERE
                       : PARENT_UNKNOWN;
}

/* ---- the root ---------------------------------------------------------------------------------
 */

struct choice {
        const struct clew_trace *trace;
        uint32_t first;
        uint32_t bare;
        uint32_t found;
};

/* "build the workflow", then "run it": what has nothing below it gives way to a later one that has
 * and that took longer. */
static void consider(struct choice *c, uint32_t i)
{
        const struct clew_step *step = &c->trace->steps[i];

        if (c->found != NONE)
                return;
        if (c->first == NONE)
                c->first = i;
        if (clew_step_is(step, CLEW_STEP_SETUP) ||
            (step->kind != CLEW_KIND_AGENT && step->kind != CLEW_KIND_CHAIN))
                return;
        if (step->n_descendants > 0 &&
            (c->bare == NONE ||
             clew_step_duration_ns(&c->trace->steps[c->bare]) < clew_step_duration_ns(step)))
                c->found = i;
        else if (c->bare == NONE)
                c->bare = i;
}

static uint32_t chosen(const struct choice *c)
{
        if (c->found != NONE)
                return c->found;
        return c->bare != NONE ? c->bare : c->first;
}

/* @top, or what a program's own machinery at the top holds. */
static void consider_below(struct choice *c, uint32_t top)
{
        const struct clew_step *steps = c->trace->steps;
        uint32_t end = top + steps[top].n_descendants;
        bool any = false;

        for (uint32_t i = top; i <= end; i++) {
                if (clew_step_is(&steps[i], CLEW_STEP_NOISE))
                        continue;
                consider(c, i);
                any = true;
                i += steps[i].n_descendants;
        }
        if (!any)
                consider(c, top);
}

/* The model call that ended last said that it was done. */
static bool last_call_answered(const struct clew_trace *trace)
{
        const struct clew_step *last = NULL;

        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *s = &trace->steps[i];

                if ((s->kind == CLEW_KIND_LLM || s->kind == CLEW_KIND_TOOL) &&
                    (!last || s->end_ns >= last->end_ns || s->end_ns == 0))
                        last = s;
                if (last && last->end_ns == 0)
                        return false;
        }
        return last && last->kind == CLEW_KIND_LLM && !last->error.is_error &&
               clew_slice_eq(last->finish_reason, CLEW_SLICE_LITERAL("stop"));
}

/* Among the steps below stand-ins: those whose parent may be elsewhere. @sure: that say so. A
 * parent that is here and never came is machinery where its child is; it says nothing of a run that
 * answered.
 */
static uint32_t choose_orphan(const struct clew_trace *trace, bool sure)
{
        struct choice c = {trace, NONE, NONE, NONE};

        for (uint32_t i = 0; i < trace->n_steps; i += trace->steps[i].n_descendants + 1) {
                if (!clew_step_is(&trace->steps[i], CLEW_STEP_STANDIN))
                        continue;
                for (uint32_t k = trace->steps[i].first_child; k != NONE;
                     k = trace->steps[k].next_sibling) {
                        enum parent p = parent_of(&trace->steps[k]);

                        if (p == PARENT_ELSEWHERE)
                                consider(&c, k);
                        else if (!sure && (p == PARENT_UNKNOWN ||
                                           (clew_step_is(&trace->steps[k], CLEW_STEP_NOISE) &&
                                            last_call_answered(trace))))
                                consider_below(&c, k);
                }
        }
        return chosen(&c);
}

static bool is_top(const struct clew_trace *trace, uint32_t index)
{
        uint32_t parent = trace->steps[index].parent;

        return parent == NONE || clew_step_is(&trace->steps[parent], CLEW_STEP_STANDIN);
}

void clew_outcome_find_root(struct clew_builder *b)
{
        struct clew_trace *trace = b->trace;
        struct choice c = {trace, NONE, NONE, NONE};
        uint32_t standin = NONE;

        if (b->hinted_root != NONE && is_top(trace, b->hinted_root)) {
                trace->root = b->hinted_root;
                return;
        }
        for (uint32_t i = trace->n_steps ? 0 : NONE; i != NONE; i = trace->steps[i].next_sibling) {
                if (!clew_step_is(&trace->steps[i], CLEW_STEP_STANDIN))
                        consider(&c, i);
                else if (standin == NONE)
                        standin = i;
        }
        trace->root = chosen(&c);
        if (trace->root == NONE)
                trace->root = choose_orphan(trace, true);
        if (trace->root == NONE)
                trace->root = standin;
}

/* ---- the outcome ------------------------------------------------------------------------------
 */

/* A verdict on the run: a labelled score of a root or of the trace. One that fails, fails. */
static enum clew_verdict verdict_of(const struct clew_trace *trace)
{
        enum clew_verdict verdict = CLEW_VERDICT_NONE;

        for (uint32_t i = 0; i < trace->n_scores; i++) {
                const struct clew_score *s = &trace->scores[i];

                if (s->verdict == CLEW_VERDICT_NONE || s->place == CLEW_SCORE_AIMED ||
                    !(s->target == CLEW_SCORE_TRACE ||
                      (s->target == CLEW_SCORE_STEP && s->step != NONE &&
                       (s->step == trace->root || trace->steps[s->step].depth == 0))))
                        continue;
                if (s->verdict == CLEW_VERDICT_FAIL)
                        return CLEW_VERDICT_FAIL;
                verdict = CLEW_VERDICT_PASS;
        }
        return verdict;
}

static bool is_topmost_agent(const struct clew_trace *trace, const struct clew_step *step)
{
        return step->kind == CLEW_KIND_AGENT &&
               (step->parent == NONE || trace->steps[step->parent].agent == NONE);
}

static bool top_failed(const struct clew_trace *trace, uint32_t root)
{
        if (trace->steps[root].error.is_error)
                return true;
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                if (is_topmost_agent(trace, &trace->steps[i]) && trace->steps[i].error.is_error)
                        return true;
        }
        return false;
}

static bool top_cancelled(const struct clew_trace *trace, uint32_t root)
{
        if (clew_step_is(&trace->steps[root], CLEW_STEP_CANCELLED))
                return true;
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                if (is_topmost_agent(trace, &trace->steps[i]) &&
                    clew_step_is(&trace->steps[i], CLEW_STEP_CANCELLED))
                        return true;
        }
        return false;
}

/* What decides about the end of a run that says nothing itself. */
struct ending {
        bool agentic;        /* there are agents, model calls or guardrails */
        bool content;        /* some output was sent at all */
        bool answer;         /* the root or a topmost agent gave one */
        bool refused;        /* refused_ns is certain, whatever was answered before */
        bool tripped;        /* the latest failure is a guardrail's doing */
        uint64_t failed_ns;  /* end of the latest failure that is no tool's; 0 = none */
        uint64_t model_ns;   /* latest end of a model call that did not fail */
        uint64_t active_ns;  /* latest start of a model or tool call */
        uint64_t paused_ns;  /* end of the latest pause; 0 = none */
        uint64_t asked_ns;   /* latest start of a model call */
        uint64_t refused_ns; /* end of the latest call that the user refused or stopped */
        uint32_t tool_end;   /* last step of the tool call that the walk is in */
};

static bool is_tripped(const struct clew_step *step)
{
        static const char *const words[] = {"GuardrailTripwire", "uardrail tripwire",
                                            "uardrail triggered", "uardrail intervened"};
        const struct clew_slice texts[] = {step->error.type, step->error.message};

        for (size_t i = 0; i < 2; i++) {
                for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
                        if (texts[i].len > 0 &&
                            memmem(texts[i].data, texts[i].len, words[k], strlen(words[k])))
                                return true;
                }
        }
        return step->kind == CLEW_KIND_GUARDRAIL;
}

static void look_at(const struct clew_trace *trace, uint32_t root, uint32_t i, struct ending *e)
{
        const struct clew_step *s = &trace->steps[i];
        bool call = s->kind == CLEW_KIND_LLM;
        bool layer = call || s->kind == CLEW_KIND_CHAIN || s->kind == CLEW_KIND_AGENT ||
                     s->kind == CLEW_KIND_GUARDRAIL;

        e->agentic |= call || s->kind == CLEW_KIND_AGENT || s->kind == CLEW_KIND_GUARDRAIL;
        e->content |= clew_step_is(s, CLEW_STEP_ANSWERED);
        if ((i == root || is_topmost_agent(trace, s)) && clew_step_is(s, CLEW_STEP_ANSWERED))
                e->answer = true;
        /* What fails behind a tool is the tool's to answer for. */
        if (layer && s->error.is_error && s->end_ns > e->failed_ns && i > e->tool_end) {
                e->failed_ns = s->end_ns;
                e->tripped = is_tripped(s);
        }
        if (call && s->start_ns > e->asked_ns)
                e->asked_ns = s->start_ns;
        if (clew_step_is(s, CLEW_STEP_REFUSED | (call ? CLEW_STEP_CANCELLED : 0)) &&
            s->end_ns > e->refused_ns) {
                e->refused_ns = s->end_ns;
                e->refused = clew_step_is(s, CLEW_STEP_REFUSED | CLEW_STEP_FROM_LOGS);
        }
        if (call && !s->error.is_error && s->end_ns > e->model_ns)
                e->model_ns = s->end_ns;
        if ((call || s->kind == CLEW_KIND_TOOL) && s->start_ns > e->active_ns)
                e->active_ns = s->start_ns;
        if (s->kind == CLEW_KIND_TOOL && i > e->tool_end)
                e->tool_end = i + s->n_descendants;
        if (clew_step_is(s, CLEW_STEP_PAUSED) && s->end_ns > e->paused_ns)
                e->paused_ns = s->end_ns;
}

static enum clew_outcome outcome_below(const struct clew_trace *trace, uint32_t root)
{
        const struct clew_step *r = &trace->steps[root];
        struct ending e = {0}; /* step 0 is no tool call's inside */

        if (clew_step_is(r, CLEW_STEP_STANDIN) || r->end_ns == 0)
                return CLEW_OUTCOME_OPEN;
        if (top_failed(trace, root))
                return CLEW_OUTCOME_ERROR;
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                if (!clew_step_is(&trace->steps[i], CLEW_STEP_STANDIN | CLEW_STEP_FRAGMENT))
                        look_at(trace, root, i, &e);
        }
        if (top_cancelled(trace, root) ||
            (e.refused_ns > 0 && e.asked_ns <= e.refused_ns && (e.refused || !e.answer)))
                return CLEW_OUTCOME_CANCELLED;
        if (e.paused_ns > 0 && e.active_ns < e.paused_ns)
                return CLEW_OUTCOME_PAUSED;
        /* Without any content an explicit Ok is all there is to go by. */
        if (e.agentic && e.failed_ns > 0 && e.model_ns <= e.failed_ns &&
            e.active_ns < e.failed_ns && !e.answer &&
            (e.content || e.tripped || r->span.status_code != CLEW_STATUS_OK))
                return CLEW_OUTCOME_ERROR;
        return CLEW_OUTCOME_OK;
}

/* All that hangs below stand-ins has ended. */
static bool orphans_ended(const struct clew_trace *trace)
{
        for (uint32_t i = 0; i < trace->n_steps; i += trace->steps[i].n_descendants + 1) {
                if (!clew_step_is(&trace->steps[i], CLEW_STEP_STANDIN))
                        continue;
                for (uint32_t k = trace->steps[i].first_child; k != NONE;
                     k = trace->steps[k].next_sibling) {
                        if (trace->steps[k].end_ns == 0)
                                return false;
                }
        }
        return true;
}

static enum clew_outcome outcome_of(const struct clew_trace *trace)
{
        enum clew_outcome outcome = outcome_below(trace, trace->root);
        uint32_t parent = trace->steps[trace->root].parent;

        if (parent != NONE && clew_step_is(&trace->steps[parent], CLEW_STEP_STANDIN) &&
            !orphans_ended(trace))
                return CLEW_OUTCOME_OPEN;
        return outcome;
}

/* A model call or a tool alone is a part of a run that broke off; a run of its own is an agent, a
 * workflow, or whatever failed. */
static enum clew_outcome settle(const struct clew_trace *trace)
{
        uint32_t orphan = choose_orphan(trace, false);
        enum clew_outcome outcome;

        if (orphan == NONE || !orphans_ended(trace))
                return CLEW_OUTCOME_OPEN;
        outcome = outcome_below(trace, orphan);
        if (outcome == CLEW_OUTCOME_OK && trace->steps[orphan].kind != CLEW_KIND_AGENT &&
            trace->steps[orphan].kind != CLEW_KIND_CHAIN)
                return CLEW_OUTCOME_OPEN;
        return outcome;
}

void clew_outcome_judge(struct clew_builder *b)
{
        struct clew_trace *trace = b->trace;

        trace->settled = CLEW_OUTCOME_UNKNOWN;
        trace->outcome = CLEW_OUTCOME_UNKNOWN;
        if (trace->n_spans == 0 || trace->root == NONE)
                return;
        switch (verdict_of(trace)) {
        case CLEW_VERDICT_PASS:
                trace->outcome = CLEW_OUTCOME_PASSED;
                break;
        case CLEW_VERDICT_FAIL:
                trace->outcome = CLEW_OUTCOME_FAILED;
                break;
        case CLEW_VERDICT_NONE:
                trace->outcome = outcome_of(trace);
                break;
        }
        trace->settled = trace->outcome;
        if (trace->outcome == CLEW_OUTCOME_OPEN &&
            clew_step_is(&trace->steps[trace->root], CLEW_STEP_STANDIN))
                trace->settled = settle(trace);
}
