/*
 * The cause in a summary. The signature is "rule/kind:name/shape": kind and name of the step where
 * the trouble shows, and the shape of its error without what differs from run to run.
 */
#include "query/rca/cause.h"

/* Working memory of one analysis while sealing. */
#define CAUSE_ARENA_MAX ((size_t)1 << 30)

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

/* A run that did not fail gets a cause only when the sign is strong: a loop, a cut answer. */
static bool is_worth_a_note(const struct clew_trace *trace, const struct clew_why *why)
{
        if (trace->outcome == CLEW_OUTCOME_PASSED)
                return false;
        return trace->outcome == CLEW_OUTCOME_FAILED || trace->outcome == CLEW_OUTCOME_ERROR ||
               (why->n_findings > 0 && why->findings[0].precision == CLEW_PRECISION_HIGH);
}

int clew_cause_derive(struct clew_slice traces, struct clew_slice logs,
                      const struct clew_trace *trace, struct clew_arena *arena,
                      struct clew_summary_cause *ret)
{
        CLEW_ARENA own = {0};
        struct clew_trace *built = NULL;
        const struct clew_trace *full = trace;
        struct clew_why why;

        *ret = (struct clew_summary_cause){.step = 0};
        if (trace->outcome == CLEW_OUTCOME_PASSED)
                return 0;
        clew_arena_init(&own, CAUSE_ARENA_MAX);
        /* A trace too large to be analysed still gets its summary. */
        if (traces.len + logs.len > 0) {
                if (clew_trace_build(traces, logs, &CLEW_TRACE_FULL, &own, &built) < 0)
                        return 0;
                full = built;
        }
        if (clew_why_analyse(full, NULL, 0, &own, &why) < 0 || !is_worth_a_note(full, &why))
                return 0;
        clew_cause_of(&why, &own, ret);
        ret->detail = clew_arena_copy(arena, ret->detail);
        ret->signature = clew_arena_copy(arena, ret->signature);
        return 0;
}

void clew_cause_install(void)
{
        clew_model_set_cause(clew_cause_derive);
}
