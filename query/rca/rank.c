/*
 * From the findings of all rules to a short ranked answer.
 *
 * Score = weight of the rule x strength of the case x specificity (a rule that flags many steps of
 * one trace says less about each). Findings that blame the same step are one finding with several
 * signs; each further sign closes a part of the distance to certainty. A finding absorbs weaker
 * ones that blame a step on which its own trouble merely shows. Ties go to the earlier step.
 */
#include "query/rca/rca.h"

#include "proto/base/hash.h"

#include <errno.h>
#include <stdlib.h>

#define SPECIFICITY_LOSS 0.03 /* for each further step that the same rule flags */
#define SPECIFICITY_MIN 0.75
#define FURTHER_SIGN 0.35 /* share of a further sign's score that counts */
#define CUT 0.50          /* findings below this share of the best one are left out */
#define HIGH 0.70
#define MEDIUM 0.40

static const clew_rule_fn all_rules[] = {
        clew_rule_error_origin,    clew_rule_error_response,   clew_rule_same_error,
        clew_rule_swallowed_error, clew_rule_unrecovered_end,  clew_rule_ignored_failure,
        clew_rule_infrastructure,  clew_rule_tool_loop,        clew_rule_repeated_query,
        clew_rule_near_duplicate,  clew_rule_ping_pong,        clew_rule_role_imbalance,
        clew_rule_bad_arguments,   clew_rule_unknown_tool,     clew_rule_promise,
        clew_rule_claimed_tool,    clew_rule_invented_name,    clew_rule_missing_mark,
        clew_rule_lost_prefix,     clew_rule_values,           clew_rule_other_value,
        clew_rule_wrong_label,     clew_rule_unused_evidence,  clew_rule_stale_value,
        clew_rule_truncated,       clew_rule_empty_output,     clew_rule_gave_up,
        clew_rule_context,         clew_rule_lost_instruction, clew_rule_unconfirmed,
        clew_rule_unauthenticated, clew_rule_language,         clew_rule_budget,
        clew_rule_outlier,         clew_rule_last_change,
};

/* ---- scores --------------------------------------------------------------------------------- */

static void score_all(struct clew_findings *f)
{
        uint32_t flagged[CLEW_RULE_COUNT] = {0};

        for (uint32_t i = 0; i < f->n; i++) {
                bool again = false;

                for (uint32_t k = 0; k < i && !again; k++)
                        again = f->items[k].rule == f->items[i].rule &&
                                f->items[k].step == f->items[i].step;
                flagged[f->items[i].rule] += !again;
        }
        for (uint32_t i = 0; i < f->n; i++) {
                struct clew_finding *x = &f->items[i];
                double specificity = 1.0 / (1.0 + SPECIFICITY_LOSS * (flagged[x->rule] - 1));

                if (specificity < SPECIFICITY_MIN)
                        specificity = SPECIFICITY_MIN;
                x->score = clew_rule_info(x->rule)->weight * x->strength * specificity;
                if (x->score > 0.98)
                        x->score = 0.98;
        }
}

static int by_step(const void *a, const void *b)
{
        const struct clew_finding *x = a;
        const struct clew_finding *y = b;

        if (x->step != y->step)
                return x->step < y->step ? -1 : 1;
        if (x->score != y->score)
                return x->score > y->score ? -1 : 1;
        return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static int by_score(const void *a, const void *b)
{
        const struct clew_finding *x = a;
        const struct clew_finding *y = b;

        if (x->score != y->score)
                return x->score > y->score ? -1 : 1;
        return x->step < y->step ? -1 : x->step > y->step;
}

/* Joins findings on one step; the strongest rule gives its name and sentence. */
static void join(struct clew_findings *f)
{
        uint32_t n = 0;
        bool seen[CLEW_RULE_COUNT];

        if (f->n)
                qsort(f->items, f->n, sizeof(*f->items), by_step);
        for (uint32_t i = 0; i < f->n; i++) {
                struct clew_finding *x = &f->items[i];
                struct clew_finding *into = n ? &f->items[n - 1] : NULL;

                if (!into || into->step != x->step) {
                        memset(seen, 0, sizeof(seen));
                        seen[x->rule] = true;
                        f->items[n++] = *x;
                        continue;
                }
                if (!seen[x->rule]) {
                        seen[x->rule] = true;
                        into->n_signs++;
                        into->score += (1.0 - into->score) * x->score * FURTHER_SIGN;
                }
                for (uint32_t k = 0; k < x->n_effects; k++)
                        clew_finding_effect(into, x->effects[k]);
                if (into->n_evidence < 3 && x->n_evidence)
                        clew_finding_evidence(into, x->evidence[0].step, x->evidence[0].text);
        }
        f->n = n;
}

static bool shows_on(const struct clew_finding *f, uint32_t step)
{
        for (uint32_t i = 0; i < f->n_effects; i++) {
                if (f->effects[i] == step)
                        return true;
        }
        return false;
}

/* Drops findings that a better one explains, and those far below the best. */
static void absorb(const struct clew_rca_view *v, struct clew_findings *f)
{
        uint32_t n = 0;

        if (f->n)
                qsort(f->items, f->n, sizeof(*f->items), by_score);
        for (uint32_t i = 0; i < f->n; i++) {
                bool gone = f->items[i].score < CUT * f->items[0].score;

                for (uint32_t k = 0; k < n && !gone; k++) {
                        const struct clew_rca_step *s = &v->steps[f->items[i].step];

                        gone = shows_on(&f->items[k], f->items[i].step) ||
                               (s->caller == f->items[k].step && s->kind == CLEW_RCA_TOOL);
                }
                if (!gone)
                        f->items[n++] = f->items[i];
        }
        f->n = n;
}

static void sort_effects(struct clew_finding *f)
{
        uint32_t n = 0;

        for (uint32_t i = 1; i < f->n_effects; i++) {
                for (uint32_t k = i; k > 0 && f->effects[k] < f->effects[k - 1]; k--) {
                        uint32_t t = f->effects[k];

                        f->effects[k] = f->effects[k - 1];
                        f->effects[k - 1] = t;
                }
        }
        for (uint32_t i = 0; i < f->n_effects; i++) {
                if (f->effects[i] != f->step && (n == 0 || f->effects[n - 1] != f->effects[i]))
                        f->effects[n++] = f->effects[i];
        }
        f->n_effects = n;
}

static enum clew_precision class_of(const struct clew_finding *f)
{
        double score = f->score;

        if (f->rule == CLEW_RULE_ANSWER || f->rule == CLEW_RULE_LONGEST ||
            f->rule == CLEW_RULE_LAST_CHANGE)
                return CLEW_PRECISION_LOW; /* a guess stays one, however many agree */
        return score >= HIGH     ? CLEW_PRECISION_HIGH
               : score >= MEDIUM ? CLEW_PRECISION_MEDIUM
                                 : CLEW_PRECISION_LOW;
}

/* ---- what was set aside --------------------------------------------------------------------- */

static bool is_named(const struct clew_why *w, uint32_t step)
{
        for (uint32_t i = 0; i < w->n_findings; i++) {
                if (w->findings[i].step == step || shows_on(&w->findings[i], step))
                        return true;
        }
        return false;
}

static void exclude(struct clew_why *w, struct clew_arena *arena)
{
        const struct clew_rca_view *v = w->view;

        for (uint32_t i = 0; i < v->n_steps && w->n_excluded < CLEW_WHY_EXCLUDED_MAX; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_slice reason = CLEW_SLICE_NULL;

                if (!clew_rca_has_error(s) || is_named(w, i))
                        continue;
                if (s->failed_below)
                        reason = CLEW_SLICE_LITERAL("it only reports what failed inside it");
                for (uint32_t k = i + 1; k < v->n_steps && !reason.len && k < i + 200; k++) {
                        const struct clew_rca_step *t = &v->steps[k];

                        if (t->kind == s->kind && clew_slice_eq(t->name, s->name) &&
                            !clew_rca_has_error(t))
                                reason = clew_arena_printf(
                                        arena, "%s: answered at a later try (step %u)",
                                        clew_trouble_name(s->trouble), t->number);
                }
                if (reason.len)
                        w->excluded[w->n_excluded++] = (struct clew_excluded){i, reason};
        }
}

int clew_why_analyse(const struct clew_trace *trace, const struct clew_reference *references,
                     uint32_t n, struct clew_arena *arena, struct clew_why *ret)
{
        struct clew_rca_view *v = clew_arena_calloc(arena, 1, sizeof(*v));
        struct clew_findings f = {.arena = arena};
        struct clew_why w = {.view = v, .first_error = CLEW_RCA_NONE};
        int r;

        if (!v)
                return -ENOMEM;
        r = clew_rca_view_build(trace, arena, v);
        if (r < 0)
                return r;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(all_rules); i++)
                all_rules[i](v, &f);
        clew_rule_divergence(v, references, n, &f);
        score_all(&f);
        join(&f);
        absorb(v, &f);
        for (uint32_t i = 0; i < f.n && i < CLEW_WHY_FINDINGS_MAX; i++) {
                f.items[i].precision = class_of(&f.items[i]);
                /* Of a run that passed only strong signs are worth a person's time. */
                if (v->passed && f.items[i].precision == CLEW_PRECISION_LOW)
                        continue;
                sort_effects(&f.items[i]);
                w.findings[w.n_findings++] = f.items[i];
        }
        for (uint32_t i = 0; i < v->n_steps && w.first_error == CLEW_RCA_NONE; i++) {
                if (clew_rca_has_error(&v->steps[i]))
                        w.first_error = i;
        }
        exclude(&w, arena);
        if (clew_arena_failed(arena))
                return -ENOMEM;
        *ret = w;
        return 0;
}
