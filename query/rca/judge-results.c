#include "query/rca/judge-results-int.h"

#include <errno.h>

/* As much as the summary of a trace may take for the same view. */
#define VIEW_BYTES_MAX ((size_t)1 << 30)

void clew_rca_mark_failed(const struct clew_rca_view *v, bool *failed)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                /* What was read out of a model's text is no step of the trace. */
                if (s->kind == CLEW_RCA_TOOL && !s->is_virtual && s->span < v->trace->n_steps)
                        failed[s->span] = clew_rca_has_error(s);
        }
}

int clew_rca_judge_results(const struct clew_trace *trace, bool *failed)
{
        struct clew_rca_view v;
        struct clew_arena own;
        int r;

        clew_arena_init(&own, VIEW_BYTES_MAX);
        r = clew_rca_view_build_steps(trace, &own, &v);
        if (r == 0)
                clew_rca_mark_failed(&v, failed);
        clew_arena_deinit(&own);
        return r;
}
