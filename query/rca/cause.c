/*
 * The cause in a summary. The signature is "rule/kind:name/shape": kind and name of the step where
 * the trouble shows, and the shape of its error without what differs from run to run.
 */
#include "query/rca/cause.h"

static const struct clew_rca_step *where_it_shows(const struct clew_why *why)
{
        const struct clew_finding *f = &why->findings[0];

        for (uint32_t i = 0; i < f->n_effects; i++) {
                if (clew_rca_has_error(&why->view->steps[f->effects[i]]))
                        return &why->view->steps[f->effects[i]];
        }
        return &why->view->steps[f->n_effects ? f->effects[0] : f->step];
}

void clew_cause_of(const struct clew_why *why, struct clew_arena *arena,
                   struct clew_summary_cause *ret)
{
        const struct clew_finding *f = &why->findings[0];
        const struct clew_rca_step *s;
        const char *rule;

        *ret = (struct clew_summary_cause){.step = 0};
        if (why->n_findings == 0 || f->precision == CLEW_PRECISION_LOW)
                return;
        s = where_it_shows(why);
        rule = clew_rule_info(f->rule)->name;
        ret->rule = clew_slice_of_cstr(rule);
        ret->step = why->view->steps[f->step].number;
        ret->detail = f->summary;
        ret->signature = clew_arena_printf(
                arena, "%s/%s:%.*s/%s%04x", rule, s->kind == CLEW_RCA_LLM ? "llm" : "tool",
                CLEW_SHOWN(s->kind == CLEW_RCA_LLM ? s->agent_name : s->name, 48),
                s->trouble ? clew_trouble_name(s->trouble) : "",
                clew_rca_has_error(s) ? (unsigned)(s->error_shape & 0xffff) : 0u);
}

int clew_cause_derive(struct clew_slice traces, struct clew_slice logs,
                      const struct clew_trace *trace, struct clew_arena *arena,
                      struct clew_summary_cause *ret)
{
        struct clew_trace *full = NULL;
        struct clew_why why;
        int r;

        (void)trace; /* built without texts and edges */
        r = clew_trace_build(traces, logs, &CLEW_TRACE_FULL, arena, &full);
        if (r == 0)
                r = clew_why_analyse(full, NULL, 0, arena, &why);
        if (r == 0)
                clew_cause_of(&why, arena, ret);
        return r;
}

void clew_cause_install(void)
{
        clew_model_set_cause(clew_cause_derive);
}
