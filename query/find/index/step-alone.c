/*
 * A query put to sorts of steps: what it asks must be what an index tells of them.
 */
#include "query/find/index/index.h"

#include "query/find/language/run-int.h"

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
        return q->metric.metric ? NULL : found;
}

bool clew_query_asks_sorts(const struct clew_query *q)
{
        if (!only_condition(q))
                return false;
        for (uint32_t i = 0; i < q->n_fields; i++) {
                const struct clew_field_ref *ref = &q->fields[i];
                struct clew_slice name =
                        ref->row ? clew_slice_of_cstr(ref->row->name) : CLEW_SLICE_NULL;

                if (!ref->row || ref->of_parent ||
                    (clew_step_text(name) < 0 && !clew_slice_eq_cstr(name, "span.clew.error")))
                        return false;
        }
        return true;
}

bool clew_query_meets_sort(struct clew_query_run *run, const struct clew_slice *texts,
                           bool is_error)
{
        const struct clew_stage_op *condition = only_condition(run->q);
        struct clew_step steps[2]; /* its agent, and the step */
        struct clew_trace trace = {.steps = steps, .n_steps = CLEW_ARRAY_LEN(steps)};
        struct clew_run_at at = {&trace, NULL, &run->arena, 0};
        bool has_agent = texts[CLEW_STEP_AGENT].len > 0;

        memset(steps, 0, sizeof(steps));
        if (!condition || !clew_kind_parse(texts[CLEW_STEP_KIND], &steps[1].kind))
                return false;
        steps[0].kind = CLEW_KIND_AGENT;
        steps[0].agent_name = texts[CLEW_STEP_AGENT];
        steps[0].parent = CLEW_STEP_NONE;
        steps[1].parent = 0;
        steps[1].agent = has_agent ? 0 : CLEW_STEP_NONE;
        steps[1].tool_name = texts[CLEW_STEP_TOOL];
        steps[1].model = texts[CLEW_STEP_MODEL];
        steps[1].error.type = texts[CLEW_STEP_ERROR_TYPE];
        steps[1].error.is_error = is_error;
        return clew_holds(run, &at, condition->arg, 1);
}
