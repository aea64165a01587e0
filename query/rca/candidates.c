/*
 * Findings by step, and their features.
 */
#include "query/rca/candidates.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define SPECIFICITY_LOSS 0.03 /* for each further step that the same rule flags */
#define SPECIFICITY_MIN 0.75

const char *clew_feature_name(enum clew_feature feature)
{
        static const char *const names[CLEW_FEATURE_COUNT] = {
                "late",       "first-sign",   "signs-before", "shows",      "explains",
                "more-signs", "tool",         "acts",         "first-call", "last-call",
                "lead",       "worker",       "steps",        "candidates", "talk",
                "programs",   "hidden-tools", "failed",       "passed"};

        return names[feature];
}

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
                for (int r = 0; r < CLEW_RULE_OPENING; r++) {
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

        for (int r = 0; r < CLEW_RULE_OPENING; r++) {
                const struct clew_finding *f = all->items[i].of[r];

                for (uint32_t k = 0; f && k < f->n_effects; k++) {
                        uint32_t at = shown->place[f->effects[k]];

                        n += at != CLEW_RCA_NONE && at != i && all->items[at].n_signs > 0;
                }
        }
        return n;
}

/* What is the same for all candidates of a run. */
struct run {
        double steps;
        double candidates;
        bool talk;
        bool programs;
        bool hidden;
        bool several; /* agents */
};

static struct run run_of(const struct clew_rca_view *v, uint32_t n_candidates)
{
        struct run ret = {.candidates = log1p(n_candidates),
                          .talk = v->talk,
                          .programs = v->acts_in_text || v->shell.len > 0};
        uint32_t calls = 0;
        uint32_t tools = 0;
        uint32_t hidden = 0;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                calls += s->kind == CLEW_RCA_LLM || s->kind == CLEW_RCA_TOOL;
                tools += s->kind == CLEW_RCA_TOOL;
                hidden += s->is_virtual;
                if (s->kind == CLEW_RCA_LLM && v->first_llm != CLEW_RCA_NONE)
                        ret.several |=
                                !clew_slice_eq(s->agent_name, v->steps[v->first_llm].agent_name);
        }
        ret.steps = log1p(calls);
        ret.hidden = hidden * 2 > tools;
        return ret;
}

/* @before: earlier candidates with a sign of trouble. */
static void fill(const struct clew_rca_view *v, const struct clew_candidates *all, uint32_t i,
                 uint32_t before, const struct shown *shown, const struct run *run)
{
        struct clew_candidate *c = &all->items[i];
        const struct clew_rca_step *s = &v->steps[c->step];
        double *x = c->features;
        uint32_t explains = explained_by(all, i, shown);
        bool shows = shown->by[c->step] < i;
        bool lead = v->first_llm != CLEW_RCA_NONE &&
                    clew_slice_eq(s->agent_name, v->steps[v->first_llm].agent_name);

        x[CLEW_FEATURE_LATE] = v->n_steps > 1 ? c->step / (v->n_steps - 1.0) : 0;
        x[CLEW_FEATURE_FIRST] = c->n_signs > 0 && before == 0;
        x[CLEW_FEATURE_BEFORE] = log1p(before);
        x[CLEW_FEATURE_SHOWS] = shows;
        x[CLEW_FEATURE_EXPLAINS] = log1p(explains);
        x[CLEW_FEATURE_SIGNS] = c->n_signs > 1 ? c->n_signs - 1.0 : 0;
        x[CLEW_FEATURE_TOOL] = s->kind == CLEW_RCA_TOOL;
        x[CLEW_FEATURE_ACTS] = s->kind == CLEW_RCA_LLM && clew_rca_acted(v, c->step);
        x[CLEW_FEATURE_FIRST_CALL] = c->step == v->first_llm;
        x[CLEW_FEATURE_LAST_CALL] = c->step == v->last_llm;
        x[CLEW_FEATURE_LEAD] = run->several && lead;
        x[CLEW_FEATURE_WORKER] = run->several && !lead;
        x[CLEW_FEATURE_STEPS] = run->steps;
        x[CLEW_FEATURE_CANDIDATES] = run->candidates;
        x[CLEW_FEATURE_TALK] = run->talk;
        x[CLEW_FEATURE_PROGRAMS] = run->programs;
        x[CLEW_FEATURE_HIDDEN] = run->hidden;
        x[CLEW_FEATURE_FAILED] = v->failed;
        x[CLEW_FEATURE_PASSED] = v->passed;
}

int clew_candidates_of(const struct clew_rca_view *v, const struct clew_findings *f,
                       struct clew_candidates *ret)
{
        const struct clew_finding **sorted =
                clew_arena_alloc(f->arena, (f->n + 1u) * sizeof(const struct clew_finding *));
        double specific[CLEW_RULE_COUNT];
        struct shown shown;
        struct run run;
        uint32_t steps = 0;

        *ret = (struct clew_candidates){.n = 0};
        if (!sorted)
                return -ENOMEM;
        for (uint32_t i = 0; i < f->n; i++)
                sorted[i] = &f->items[i];
        if (f->n)
                qsort(sorted, f->n, sizeof(const struct clew_finding *), by_step);
        for (uint32_t i = 0; i < f->n; i++)
                steps += i == 0 || sorted[i]->step != sorted[i - 1]->step;
        ret->items = clew_arena_calloc(f->arena, steps + 1u, sizeof(*ret->items));
        if (!ret->items)
                return -ENOMEM;
        specificities(f, specific);
        for (uint32_t i = 0; i < f->n; i++) {
                const struct clew_finding *x = sorted[i];
                struct clew_candidate *c;

                if (i == 0 || x->step != sorted[i - 1]->step)
                        ret->items[ret->n++].step = x->step;
                c = &ret->items[ret->n - 1];
                if (c->of[x->rule])
                        continue;
                c->of[x->rule] = x;
                c->rules[x->rule] = x->strength * specific[x->rule];
                c->n_signs += !clew_rule_is_place(x->rule);
        }
        if (!shown_of(v, ret, f->arena, &shown))
                return -ENOMEM;
        run = run_of(v, ret->n);
        for (uint32_t i = 0, before = 0; i < ret->n; i++) {
                fill(v, ret, i, before, &shown, &run);
                before += ret->items[i].n_signs > 0;
        }
        return 0;
}

double clew_candidate_score(const struct clew_candidate *c)
{
        double z = clew_weight_bias();

        for (int r = 0; r < CLEW_RULE_COUNT; r++)
                z += clew_rule_info((enum clew_rule)r)->weight * c->rules[r];
        for (int k = 0; k < CLEW_FEATURE_COUNT; k++)
                z += clew_weight_of((enum clew_feature)k) * c->features[k];
        return 1.0 / (1.0 + exp(-z));
}

enum clew_rule clew_candidate_rule(const struct clew_candidate *c)
{
        int best = -1;
        double most = 0;

        for (int r = 0; r < CLEW_RULE_COUNT; r++) {
                double says = clew_rule_info((enum clew_rule)r)->weight * c->rules[r];

                if (!c->of[r] || (c->n_signs > 0 && clew_rule_is_place((enum clew_rule)r)))
                        continue;
                if (best < 0 || says > most) {
                        best = r;
                        most = says;
                }
        }
        return (enum clew_rule)best;
}
