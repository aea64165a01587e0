/*
 * Findings by step, their features, and what all of it together says.
 */
#include "query/rca/candidates.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define SPECIFICITY_LOSS 0.03 /* for each further step that the same rule flags */
#define SPECIFICITY_MIN 0.75
#define TOLD_MIN 0.25 /* strength of a sign that is told when it stands alone */

/* A rule that flags many steps of one run says less about each. */
static void specificities(const struct clew_findings *f, double ret[CLEW_RULE_COUNT])
{
        for (int r = 0; r < CLEW_RULE_COUNT; r++) {
                double s = 1.0 / (1.0 + SPECIFICITY_LOSS * (f->n_of[r] > 0 ? f->n_of[r] - 1.0 : 0));

                ret[r] = s < SPECIFICITY_MIN ? SPECIFICITY_MIN : s;
        }
}

static int by_step(const void *a, const void *b)
{
        const struct clew_finding *x = *(const struct clew_finding *const *)a;
        const struct clew_finding *y = *(const struct clew_finding *const *)b;

        if (x->step != y->step)
                return x->step < y->step ? -1 : 1;
        if (x->rule != y->rule)
                return x->rule < y->rule ? -1 : 1;
        return x->strength > y->strength ? -1 : x->strength < y->strength;
}

/* Where trouble shows: for each step of the view the first candidate whose effects name it, and its
 * own place among the candidates. */
struct shown {
        uint32_t *by;
        uint32_t *place;
};

static bool shown_of(const struct clew_rca_view *v, const struct clew_candidates *all,
                     struct clew_arena *arena, struct shown *ret)
{
        ret->by = clew_arena_alloc(arena, (v->n_steps + 1u) * sizeof(uint32_t));
        ret->place = clew_arena_alloc(arena, (v->n_steps + 1u) * sizeof(uint32_t));
        if (!ret->by || !ret->place)
                return false;
        memset(ret->by, 0xff, (v->n_steps + 1u) * sizeof(uint32_t));
        memset(ret->place, 0xff, (v->n_steps + 1u) * sizeof(uint32_t));
        for (uint32_t i = 0; i < all->n; i++) {
                ret->place[all->items[i].step] = i;
                for (int r = 0; r < CLEW_RULE_OPENING && all->items[i].of; r++) {
                        const struct clew_finding *f = all->items[i].of[r];

                        for (uint32_t k = 0; f && k < f->n_effects; k++) {
                                if (ret->by[f->effects[k]] == CLEW_RCA_NONE)
                                        ret->by[f->effects[k]] = i;
                        }
                }
        }
        return true;
}

/* Other blamed steps among the effects of a candidate; one that several rules name counts as often.
 */
static uint32_t explained_by(const struct clew_candidates *all, uint32_t i,
                             const struct shown *shown)
{
        uint32_t n = 0;

        for (int r = 0; r < CLEW_RULE_OPENING && all->items[i].of; r++) {
                const struct clew_finding *f = all->items[i].of[r];

                for (uint32_t k = 0; f && k < f->n_effects; k++) {
                        uint32_t at = shown->place[f->effects[k]];

                        n += at != CLEW_RCA_NONE && at != i && all->items[at].n_signs > 0;
                }
        }
        return n;
}

/* @before: earlier candidates with a sign of trouble. */
static void compare(const struct clew_candidates *all, uint32_t i, uint32_t before,
                    const struct shown *shown)
{
        struct clew_candidate *c = &all->items[i];
        double *x = c->features;

        x[CLEW_FEATURE_FIRST] = c->n_signs > 0 && before == 0;
        x[CLEW_FEATURE_BEFORE] = c->n_signs > 0 ? log1p(before) : 0;
        x[CLEW_FEATURE_SHOWS] = shown->by[c->step] < i;
        x[CLEW_FEATURE_EXPLAINS] = log1p(explained_by(all, i, shown));
        x[CLEW_FEATURE_SIGNS] = c->n_signs > 1 ? c->n_signs - 1.0 : 0;
        x[CLEW_FEATURE_HARMLESS] = clew_candidate_is_harmless(c);
}

static bool may_be_blamed(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];

        return !s->is_virtual && (s->kind == CLEW_RCA_LLM || s->kind == CLEW_RCA_TOOL);
}

/* Marks the steps that are candidates; returns how many. */
static uint32_t choose(const struct clew_rca_view *v, const struct clew_findings *f, bool *chosen)
{
        uint32_t total = 0;
        uint32_t at = 0;
        uint32_t n = 0;

        for (uint32_t i = 0; i < f->n; i++)
                chosen[f->items[i].step] = true;
        for (uint32_t i = 0; i < v->n_steps; i++)
                total += may_be_blamed(v, i);
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (may_be_blamed(v, i)) {
                        chosen[i] |=
                                at < CLEW_RCA_PLAIN_MAX / 2 || at + CLEW_RCA_PLAIN_MAX / 2 >= total;
                        at++;
                }
                n += chosen[i];
        }
        return n;
}

/* Puts the findings, sorted by step, to their candidates. */
static bool take_findings(const struct clew_findings *f, const struct clew_finding **sorted,
                          struct clew_candidates *ret)
{
        double specific[CLEW_RULE_COUNT];
        uint32_t at = 0;

        specificities(f, specific);
        for (uint32_t i = 0; i < f->n; i++) {
                const struct clew_finding *x = sorted[i];
                struct clew_candidate *c;

                while (ret->items[at].step != x->step)
                        at++;
                c = &ret->items[at];
                if (!c->of) {
                        c->of = clew_arena_calloc(f->arena, CLEW_RULE_COUNT,
                                                  sizeof(const struct clew_finding *));
                        c->rules = clew_arena_calloc(f->arena, CLEW_RULE_COUNT, sizeof(double));
                }
                if (!c->of || !c->rules)
                        return false;
                if (c->of[x->rule])
                        continue;
                c->of[x->rule] = x;
                c->rules[x->rule] = x->strength * specific[x->rule];
                c->n_signs += !clew_rule_is_place(x->rule);
        }
        return true;
}

int clew_candidates_of(const struct clew_rca_view *v, const struct clew_findings *f,
                       struct clew_candidates *ret)
{
        const struct clew_finding **sorted =
                clew_arena_alloc(f->arena, (f->n + 1u) * sizeof(const struct clew_finding *));
        bool *chosen = clew_arena_calloc(f->arena, v->n_steps + 1u, sizeof(*chosen));
        struct clew_features_run *run = clew_features_begin(v);
        struct shown shown;

        *ret = (struct clew_candidates){.n = 0};
        if (!sorted || !chosen || !run)
                return -ENOMEM;
        for (uint32_t i = 0; i < f->n; i++)
                sorted[i] = &f->items[i];
        if (f->n)
                qsort(sorted, f->n, sizeof(const struct clew_finding *), by_step);
        ret->items = clew_arena_calloc(f->arena, choose(v, f, chosen) + 1u, sizeof(*ret->items));
        if (!ret->items)
                return -ENOMEM;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (!chosen[i])
                        continue;
                ret->items[ret->n].step = i;
                clew_features_of(run, i, ret->items[ret->n++].features);
        }
        if (!take_findings(f, sorted, ret) || !shown_of(v, ret, f->arena, &shown))
                return -ENOMEM;
        for (uint32_t i = 0, before = 0; i < ret->n; i++) {
                compare(ret, i, before, &shown);
                before += ret->items[i].n_signs > 0;
        }
        clew_candidates_score(v, ret);
        return 0;
}

void clew_candidates_none(const struct clew_rca_view *v, const struct clew_candidates *all,
                          double ret[CLEW_NONE_COUNT])
{
        ret[CLEW_NONE_BIAS] = 1;
        ret[CLEW_NONE_STEPS] = log1p(all->n);
        ret[CLEW_NONE_FAILED] = v->failed;
        ret[CLEW_NONE_PASSED] = v->passed;
}

void clew_candidates_score(const struct clew_rca_view *v, struct clew_candidates *all)
{
        double terms[CLEW_NONE_COUNT];
        double none = 0;
        double most;
        double sum;

        clew_candidates_none(v, all, terms);
        for (int k = 0; k < CLEW_NONE_COUNT; k++)
                none += clew_weight_none((enum clew_none)k) * terms[k];
        most = none;
        for (uint32_t i = 0; i < all->n; i++) {
                struct clew_candidate *c = &all->items[i];

                c->score = 0;
                for (int r = 0; r < CLEW_RULE_COUNT && c->rules; r++)
                        c->score += clew_rule_info((enum clew_rule)r)->weight * c->rules[r];
                for (int k = 0; k < CLEW_FEATURE_COUNT; k++)
                        c->score += clew_weight_of((enum clew_feature)k) * c->features[k];
                most = c->score > most ? c->score : most;
        }
        sum = exp(none - most);
        for (uint32_t i = 0; i < all->n; i++)
                sum += exp(all->items[i].score - most);
        for (uint32_t i = 0; i < all->n; i++)
                all->items[i].score = exp(all->items[i].score - most) / sum;
}

bool clew_candidate_is_harmless(const struct clew_candidate *c)
{
        bool any = false;

        for (int r = 0; r < CLEW_RULE_OPENING && c->of; r++) {
                if (c->of[r] && !c->of[r]->harmless)
                        return false;
                any |= c->of[r] != NULL;
        }
        return any;
}

bool clew_candidate_is_told(const struct clew_candidate *c)
{
        for (int r = 0; r < CLEW_RULE_COUNT && c->of; r++) {
                if (c->of[r] && c->of[r]->strength >= TOLD_MIN)
                        return true;
        }
        return false;
}

static bool has_place(const struct clew_candidate *c)
{
        for (int r = CLEW_RULE_OPENING; r < CLEW_RULE_COUNT; r++) {
                if (c->of[r])
                        return true;
        }
        return false;
}

enum clew_rule clew_candidate_rule(const struct clew_candidate *c)
{
        bool quiet = clew_candidate_is_harmless(c);
        bool place = c->n_signs == 0 || (quiet && has_place(c));
        int best = -1;
        double most = 0;

        for (int r = 0; r < CLEW_RULE_COUNT; r++) {
                double says = clew_rule_info((enum clew_rule)r)->weight * c->rules[r];

                if (!c->of[r] || clew_rule_is_place((enum clew_rule)r) != place ||
                    (!place && !quiet && c->of[r]->harmless))
                        continue;
                if (best < 0 || says > most) {
                        best = r;
                        most = says;
                }
        }
        return (enum clew_rule)best;
}
