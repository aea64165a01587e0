/*
 * A query put to sorts of steps: what it asks must be what an index tells of them.
 */
#include "query/find/index/index.h"

#include "query/find/index/step-alone-int.h"
#include "query/find/index/step-index-int.h"
#include "query/find/language/run-int.h"

#include <errno.h>
#include <string.h>

/* The condition of a query that has one and nothing else that chooses; NULL = it has more. */
static const struct clew_stage_op *only_condition(const struct clew_query *q)
{
        const struct clew_stage_op *found = NULL;

        for (uint32_t i = 0; i < q->n_stages; i++) {
                switch ((int)q->stages[i].stage) {
                case CLEW_STAGE_ENTER:
                case CLEW_STAGE_LEAVE:
                case CLEW_STAGE_PIPE:
                case CLEW_STAGE_SELECT:
                        break;
                case CLEW_STAGE_FILTER:
                        if (found)
                                return NULL;
                        found = &q->stages[i];
                        break;
                default:
                        return NULL;
                }
        }
        return found;
}

/* What a sort is, as a step of its agent. */
struct alone {
        struct clew_step steps[2]; /* the agent, and the step */
        bool failed[2];
        struct clew_trace trace;
        struct clew_run_at at;
};

#define THE_STEP 1u

/* False: it is of no kind. @ret must stay where it is. */
static bool stand_alone(struct clew_query_run *run, const struct clew_slice *texts,
                        struct clew_step_failed failed, struct alone *ret)
{
        struct clew_step *agent = &ret->steps[0];
        struct clew_step *step = &ret->steps[THE_STEP];

        memset(ret, 0, sizeof(*ret));
        ret->trace.steps = ret->steps;
        ret->trace.n_steps = CLEW_ARRAY_LEN(ret->steps);
        ret->at = (struct clew_run_at){
                .trace = &ret->trace, .facts = NULL, .arena = &run->arena, .speaker = 0};
        ret->trace.judged = ret->failed;
        ret->failed[THE_STEP] = failed.by_result;
        if (!clew_kind_parse(texts[CLEW_STEP_KIND], &step->kind))
                return false;
        agent->kind = CLEW_KIND_AGENT;
        agent->agent_name = texts[CLEW_STEP_AGENT];
        agent->parent = CLEW_STEP_NONE;
        step->parent = 0;
        step->agent = texts[CLEW_STEP_AGENT].len > 0 ? 0 : CLEW_STEP_NONE;
        step->tool_name = texts[CLEW_STEP_TOOL];
        step->model = texts[CLEW_STEP_MODEL];
        step->error.type = texts[CLEW_STEP_ERROR_TYPE];
        step->error.is_error = failed.is_error;
        return true;
}

static bool is_told(const struct clew_field_ref *ref)
{
        struct clew_slice name = ref->row ? clew_slice_of_cstr(ref->row->name) : CLEW_SLICE_NULL;

        return ref->row && !ref->of_parent &&
               (clew_step_text(name) >= 0 || clew_slice_eq_cstr(name, "span.clew.error") ||
                clew_slice_eq_cstr(name, "span.clew.result_error"));
}

/* ... as is all that the expression reads. */
static bool is_told_all(const struct clew_query *q, uint32_t expr)
{
        const struct clew_expr *e = &q->exprs[expr];

        for (uint32_t i = e->first; i < e->first + e->n; i++) {
                if (q->codes[i].code == CLEW_CODE_FIELD && !is_told(&q->fields[q->codes[i].arg]))
                        return false;
        }
        return true;
}

bool clew_query_asks_sorts(const struct clew_query *q)
{
        if (q->metric.metric || !only_condition(q))
                return false;
        for (uint32_t i = 0; i < q->n_fields; i++) {
                if (!is_told(&q->fields[i]))
                        return false;
        }
        return true;
}

bool clew_metrics_asks_sorts(const struct clew_query *q)
{
        const struct clew_stage_op *condition = only_condition(q);

        if (!condition || !is_told_all(q, condition->arg) || !clew_metrics_takes_told(q))
                return false;
        for (uint32_t i = 0; i < q->metric.n_by; i++) {
                if (!is_told_all(q, q->metric.by[i]))
                        return false;
        }
        return true;
}

bool clew_query_meets_sort(struct clew_query_run *run, const struct clew_slice *texts,
                           struct clew_step_failed failed)
{
        const struct clew_stage_op *condition = only_condition(run->q);
        struct alone alone;

        return condition && stand_alone(run, texts, failed, &alone) &&
               clew_holds(run, &alone.at, condition->arg, THE_STEP);
}

int clew_metrics_find_sort(struct clew_metrics *m, struct clew_query_run *run,
                           const struct clew_slice *texts, struct clew_step_failed failed)
{
        struct alone alone;

        if (!stand_alone(run, texts, failed, &alone))
                return -EINVAL;
        return clew_metrics_find(m, &alone.at, THE_STEP);
}

/* ---- with numbers ----------------------------------------------------------------------------
 */

enum clew_step_number clew_step_number_of(const struct clew_field_ref *ref)
{
        static const char *const names[CLEW_STEP_NUMBERS] = {
                [CLEW_STEP_DURATION] = "duration",
                [CLEW_STEP_TOKENS] = "span.clew.tokens",
                [CLEW_STEP_COST] = "span.clew.cost",
        };
        unsigned i = 0;

        while (i < CLEW_STEP_NUMBERS &&
               (!ref->row || ref->of_parent || strcmp(names[i], ref->row->name) != 0))
                i++;
        return (enum clew_step_number)i;
}

static bool is_comparison(const struct clew_code_op *op)
{
        return op->code == CLEW_CODE_BINARY && op->op != CLEW_OP_AND && op->op != CLEW_OP_OR &&
               !(op->op >= CLEW_OP_ADD && op->op <= CLEW_OP_POW);
}

/* What the field at @at of an expression of @n codes is compared with; NULL = no literal. */
static const struct clew_code_op *literal_beside(const struct clew_code_op *codes, uint32_t at,
                                                 uint32_t n)
{
        if (at + 2 < n && codes[at + 1].code == CLEW_CODE_LITERAL && is_comparison(&codes[at + 2]))
                return &codes[at + 1];
        if (at > 0 && at + 1 < n && codes[at - 1].code == CLEW_CODE_LITERAL &&
            is_comparison(&codes[at + 1]))
                return &codes[at - 1];
        return NULL;
}

bool clew_expr_asks_steps(const struct clew_query *q, uint32_t expr,
                          bool (*fn)(void *context, enum clew_step_number number,
                                     const struct clew_operand *literal),
                          void *context)
{
        const struct clew_expr *e = &q->exprs[expr];
        const struct clew_code_op *codes = &q->codes[e->first];

        for (uint32_t i = 0; i < e->n; i++) {
                const struct clew_field_ref *ref;
                const struct clew_code_op *literal;
                enum clew_step_number number;

                if (codes[i].code != CLEW_CODE_FIELD)
                        continue;
                ref = &q->fields[codes[i].arg];
                if (is_told(ref))
                        continue;
                number = clew_step_number_of(ref);
                literal = literal_beside(codes, i, e->n);
                if (number == CLEW_STEP_NUMBERS || !literal ||
                    !fn(context, number, &q->literals[literal->arg]))
                        return false;
        }
        return true;
}

bool clew_expr_meets_step(struct clew_query_run *run, uint32_t expr,
                          const struct clew_step_sort *sort,
                          const struct clew_step_numbers *numbers)
{
        struct clew_step *step;
        struct alone alone;

        if (!stand_alone(run, sort->texts, clew_sort_failed(sort->flags), &alone))
                return false;
        step = &alone.steps[THE_STEP];
        step->flags |= CLEW_STEP_BOOKED;
        step->span.start_ns = 1;
        step->span.end_ns = 1 + numbers->duration_ns;
        step->tokens.has = numbers->has_tokens ? UINT32_MAX : 0;
        step->tokens.total = numbers->tokens;
        step->has_cost = numbers->has_cost;
        step->cost_usd = numbers->cost_usd;
        return clew_holds(run, &alone.at, expr, THE_STEP);
}
