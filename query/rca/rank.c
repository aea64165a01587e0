/*
 * From the findings of all rules to a short ranked answer.
 *
 * Findings that blame one step are one candidate (candidates.h); its score is how likely a person
 * would blame it, by weights that were fitted on runs that people labelled (weights.c). A finding
 * absorbs weaker ones that blame a step on which its own trouble merely shows. Ties go to the
 * earlier step. Classes are scores: they say in how many of a hundred runs the step was the one.
 */
#include "query/rca/candidates.h"
#include "query/rca/flat.h"
#include "query/rca/rca.h"

#include <errno.h>
#include <stdlib.h>

#define CUT 0.30         /* findings below this share of the best one are left out */
#define PASSED_MIN 0.55  /* of a run that passed */
#define CHANCE 1.0       /* a place that is no better than chance is not shown beside others */
#define ELEMENT_AMONG 4u /* arguments among which the element of a page is named */
#define LIFT_MIN 2.0     /* over chance, of a place that is more than low */

static const clew_rule_fn all_rules[] = {
        clew_rule_error_origin,
        clew_rule_error_response,
        clew_rule_same_error,
        clew_rule_swallowed_error,
        clew_rule_unrecovered_end,
        clew_rule_ignored_failure,
        clew_rule_infrastructure,
        clew_rule_tool_loop,
        clew_rule_repeated_query,
        clew_rule_near_duplicate,
        clew_rule_ping_pong,
        clew_rule_role_imbalance,
        clew_rule_bad_arguments,
        clew_rule_unknown_tool,
        clew_rule_promise,
        clew_rule_claimed_tool,
        clew_rule_invented_name,
        clew_rule_missing_mark,
        clew_rule_lost_prefix,
        clew_rule_values,
        clew_rule_other_value,
        clew_rule_wrong_label,
        clew_rule_unused_evidence,
        clew_rule_stale_value,
        clew_rule_truncated,
        clew_rule_empty_output,
        clew_rule_gave_up,
        clew_rule_context,
        clew_rule_lost_instruction,
        clew_rule_unconfirmed,
        clew_rule_unauthenticated,
        clew_rule_language,
        clew_rule_budget,
        clew_rule_outlier,
        clew_rule_first_trouble,
        clew_rule_fruitless,
        clew_rule_repeated_action,
        clew_rule_own_change,
        clew_rule_unlooked,
        clew_rule_wrong_count,
        clew_rule_wrong_type,
        clew_rule_places,
        clew_rule_undone,
        clew_rule_early_answer,
        clew_rule_forbidden,
        clew_rule_record,
        clew_rule_wide,
        clew_rule_request,
        clew_rule_assumed,
        clew_rule_unit,
};

/* ---- scores --------------------------------------------------------------------------------- */

/* What is no cause, whatever its score. */
static bool is_below_causes(const struct clew_finding *f)
{
        return f->harmless || f->score < clew_class_least(CLEW_PRECISION_LOW);
}

/* Causes, then what is only looked at; in both the best first. */
static int by_rank(const void *a, const void *b)
{
        const struct clew_finding *x = a;
        const struct clew_finding *y = b;

        if (is_below_causes(x) != is_below_causes(y))
                return is_below_causes(x) ? 1 : -1;
        if (x->score != y->score)
                return x->score > y->score ? -1 : 1;
        return x->step < y->step ? -1 : x->step > y->step;
}

/* One finding for a step; the rule that says most gives its name and sentence. */
static struct clew_finding join(const struct clew_candidate *c)
{
        enum clew_rule rule = clew_candidate_rule(c);
        struct clew_finding ret = *c->of[rule];

        ret.score = c->score;
        ret.n_signs = c->n_signs > 0 ? c->n_signs : 1;
        for (int r = 0; r < CLEW_RULE_COUNT; r++)
                ret.hearsay &=
                        !c->of[r] || clew_rule_is_place((enum clew_rule)r) || c->of[r]->hearsay;
        for (int r = 0; r < CLEW_RULE_COUNT; r++) {
                const struct clew_finding *x = c->of[r];

                if (!x || r == (int)rule || clew_rule_is_place((enum clew_rule)r))
                        continue;
                for (uint32_t k = 0; k < x->n_effects; k++)
                        clew_finding_effect(&ret, x->effects[k]);
                if (ret.n_evidence < 3 && x->n_evidence)
                        clew_finding_evidence(&ret, x->evidence[0].step, x->evidence[0].text);
        }
        return ret;
}

/* The view of @trace, with what rules ask of it first. */
static int prepare(const struct clew_trace *trace, struct clew_arena *arena,
                   struct clew_rca_view **ret)
{
        struct clew_rca_view *v = clew_arena_calloc(arena, 1, sizeof(*v));
        int r;

        if (!v)
                return -ENOMEM;
        r = clew_rca_view_build(trace, arena, v);
        if (r < 0)
                return r;
        /* Among agents that are told apart by their prompts, orders look like a user's words. */
        v->talk = clew_rca_find_talk(v) && !clew_rca_prompts_are_agents(v);
        *ret = v;
        return 0;
}

/* Asks all rules that need no other run, but not @left_out. */
static void ask(const struct clew_rca_view *v, clew_rule_fn left_out, struct clew_findings *f)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(all_rules); i++) {
                if (all_rules[i] != left_out)
                        all_rules[i](v, f);
        }
}

int clew_why_signs(const struct clew_trace *trace, const struct clew_reference *references,
                   uint32_t n, struct clew_arena *arena, struct clew_rca_view **ret_view,
                   struct clew_candidates *ret)
{
        struct clew_findings f = {.arena = arena};
        int r = prepare(trace, arena, ret_view);

        if (r < 0)
                return r;
        ask(*ret_view, NULL, &f);
        clew_rule_divergence(*ret_view, references, n, &f);
        return clew_candidates_of(*ret_view, &f, ret);
}

static bool shows_on(const struct clew_finding *f, uint32_t step)
{
        for (uint32_t i = 0; i < f->n_effects; i++) {
                if (f->effects[i] == step)
                        return true;
        }
        return false;
}

/* Drops findings that a better one explains, and those far below the best; returns how many stay.
 */
static uint32_t absorb(const struct clew_rca_view *v, struct clew_finding *items, uint32_t n_items)
{
        uint32_t n = 0;

        if (n_items)
                qsort(items, n_items, sizeof(*items), by_rank);
        for (uint32_t i = 0; i < n_items; i++) {
                bool gone = items[i].score < CUT * items[0].score;

                for (uint32_t k = 0; k < n && !gone; k++) {
                        const struct clew_rca_step *s = &v->steps[items[i].step];

                        gone = shows_on(&items[k], items[i].step) ||
                               (s->caller == items[k].step && s->kind == CLEW_RCA_TOOL);
                }
                if (!gone)
                        items[n++] = items[i];
        }
        return n;
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

static enum clew_precision class_of(double score)
{
        return score >= clew_class_least(CLEW_PRECISION_HIGH)     ? CLEW_PRECISION_HIGH
               : score >= clew_class_least(CLEW_PRECISION_MEDIUM) ? CLEW_PRECISION_MEDIUM
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

/* What a call names as the thing on a page that it is for; null without. */
static struct clew_slice element_of(struct clew_slice args)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        clew_flat_init(&f, args);
        for (uint32_t n = 0; f.is_json && n < ELEMENT_AMONG && clew_flat_next(&f, &leaf); n++) {
                if (clew_slice_eq_cstr(leaf.key, "element"))
                        return leaf.value;
        }
        return CLEW_SLICE_NULL;
}

/* A click on something else mends no click. */
static bool is_for_another(const struct clew_rca_step *a, const struct clew_rca_step *b)
{
        struct clew_slice x = element_of(a->args);
        struct clew_slice y = element_of(b->args);

        return x.len && y.len && !clew_slice_eq(x, y);
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

                        /* One tool for everything is tried again when the same is run again. */
                        if (t->kind != s->kind || !clew_slice_eq(t->name, s->name) ||
                            clew_rca_has_error(t) || t->stopped || is_for_another(s, t) ||
                            (v->shell.len && clew_slice_eq(t->name, v->shell) && t->key != s->key))
                                continue;
                        reason = clew_arena_printf(arena,
                                                   t->key == s->key
                                                           ? "%s: answered at a later try (step %u)"
                                                           : "%s: a later call of it, with other "
                                                             "arguments, went well (step %u)",
                                                   clew_trouble_name(s->trouble), t->number);
                }
                if (reason.len)
                        w->excluded[w->n_excluded++] = (struct clew_excluded){i, reason};
        }
}

/* A random model or tool call would be right as often. */
static double chance_of(const struct clew_rca_view *v)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < v->n_steps; i++)
                n += !v->steps[i].is_virtual &&
                     (v->steps[i].kind == CLEW_RCA_LLM || v->steps[i].kind == CLEW_RCA_TOOL);
        return n ? 1.0 / n : 0;
}

/* The best findings. Of a run that passed only strong ones are worth a person's time; one that did
 * not fail has no cause of failure, only places that look odd. */
static void choose(const struct clew_rca_view *v, struct clew_finding *items, uint32_t n,
                   struct clew_why *w)
{
        double chance = chance_of(v);

        for (uint32_t i = 0; i < n && w->n_findings < CLEW_WHY_FINDINGS_MAX; i++) {
                struct clew_finding *x = &items[i];

                x->precision = class_of(x->score);
                /* Which of its calls went wrong, an agent that failed does not say. */
                if (x->hearsay && x->precision == CLEW_PRECISION_HIGH)
                        x->precision = CLEW_PRECISION_MEDIUM;
                if (x->harmless || (clew_rule_is_place(x->rule) && x->score < LIFT_MIN * chance))
                        x->precision = CLEW_PRECISION_LOW;
                if (v->passed &&
                    (x->precision == CLEW_PRECISION_LOW || clew_rule_is_place(x->rule)))
                        continue;
                /* The best one stays: a run that failed has somewhere to begin. */
                if (clew_rule_is_place(x->rule) && v->failed && x->score < CHANCE * chance &&
                    w->n_findings > 0)
                        continue;
                x->looked_at = is_below_causes(x) ||
                               (!v->failed && x->precision == CLEW_PRECISION_LOW) ||
                               (!v->failed && clew_rule_is_place(x->rule));
                sort_effects(x);
                w->findings[w->n_findings++] = *x;
        }
}

/* From what all rules said to the answer. */
static int answer(const struct clew_rca_view *v, const struct clew_candidates *all,
                  struct clew_arena *arena, struct clew_why *ret)
{
        struct clew_why w = {.view = v, .first_error = CLEW_RCA_NONE};
        struct clew_finding *items = clew_arena_alloc(arena, (all->n + 1u) * sizeof(*items));
        uint32_t n_items = 0;

        if (!items)
                return -ENOMEM;
        for (uint32_t i = 0; i < all->n; i++) {
                if (clew_candidate_is_told(&all->items[i]))
                        items[n_items++] = join(&all->items[i]);
        }
        choose(v, items, absorb(v, items, n_items), &w);
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

int clew_why_analyse(const struct clew_trace *trace, const struct clew_reference *references,
                     uint32_t n, struct clew_arena *arena, struct clew_why *ret)
{
        struct clew_candidates all;
        struct clew_rca_view *v;
        int r = clew_why_signs(trace, references, n, arena, &v, &all);

        return r < 0 ? r : answer(v, &all, arena, ret);
}

int clew_why_for_summary(const struct clew_trace *trace, struct clew_arena *arena,
                         struct clew_why *ret)
{
        struct clew_findings f = {.arena = arena};
        struct clew_candidates all;
        struct clew_rca_view *v;
        int r = prepare(trace, arena, &v);

        if (r < 0)
                return r;
        ask(v, clew_rule_places, &f);
        if (f.n == 0 && !v->failed && !clew_arena_failed(arena)) {
                *ret = (struct clew_why){.view = v, .first_error = CLEW_RCA_NONE};
                return 0;
        }
        clew_rule_places(v, &f);
        if (f.n == CLEW_RCA_RAW_MAX) { /* in which order they spoke decides who was heard */
                f = (struct clew_findings){.arena = arena};
                ask(v, NULL, &f);
        }
        r = clew_candidates_of(v, &f, &all);
        return r < 0 ? r : answer(v, &all, arena, ret);
}
