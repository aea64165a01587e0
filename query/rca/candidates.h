/*
 * What is known of each step of a run, as numbers: how strongly each rule speaks of it, and where
 * it stands. Every model and tool call is a candidate, blamed or not: a step is the cause of a
 * failure in comparison with the others of its run, and with "none of them". The same numbers are
 * what tools/rca-fit learns from and what clew_candidates_score() weighs, with the one table of
 * weights.c.
 */
#ifndef CLEW_QUERY_RCA_CANDIDATES_H
#define CLEW_QUERY_RCA_CANDIDATES_H

#include "query/rca/features.h"
#include "query/rca/rca.h"

/* Of the steps that no rule blames, those that are weighed: half from each end of the run. */
#define CLEW_RCA_PLAIN_MAX 1024u

struct clew_candidate {
        uint32_t step;
        uint32_t n_signs;               /* rules of trouble, places not counted */
        double *rules;                  /* by rule; NULL when none blames it */
        const struct clew_finding **of; /* the strongest of each rule, or NULL; as @rules */
        double features[CLEW_FEATURE_COUNT];
        double score; /* how likely a person blames this step, of all and of none: 0 to 1 */
};

struct clew_candidates {
        struct clew_candidate *items; /* in order of steps */
        uint32_t n;
};

/* Prepares the view of @trace and runs all rules over it; as clew_why_analyse(), which ranks them.
 */
CLEW_MUST_USE int clew_why_signs(const struct clew_trace *trace,
                                 const struct clew_reference *references, uint32_t n,
                                 struct clew_arena *arena, struct clew_rca_view **ret_view,
                                 struct clew_candidates *ret);

/* Groups @findings by step. All of @ret lives in the arena of @findings. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_candidates_of(const struct clew_rca_view *v, const struct clew_findings *f,
                                     struct clew_candidates *ret);

/* weights.c */
/* What speaks for "no step of this run is the cause". */
enum clew_none {
        CLEW_NONE_BIAS,
        CLEW_NONE_STEPS,  /* logarithm of the number of candidates */
        CLEW_NONE_FAILED, /* the run failed, by a verdict or an error at its top */
        CLEW_NONE_PASSED, /* a verdict says that it passed */
        CLEW_NONE_COUNT,
};
/* The least score of a finding of a class; what is below that of low is no cause. */
double clew_class_least(enum clew_precision class);
double clew_weight_of(enum clew_feature feature);
double clew_weight_none(enum clew_none term);
/* The terms of "none" for a run. */
void clew_candidates_none(const struct clew_rca_view *v, const struct clew_candidates *all,
                          double ret[CLEW_NONE_COUNT]);

/* Sets the scores; they and that of "none" add up to 1. */
void clew_candidates_score(const struct clew_rca_view *v, struct clew_candidates *all);

/* Some rule blames it, and all that do tell of trouble that did no harm. */
bool clew_candidate_is_harmless(const struct clew_candidate *c);

/* Some rule says enough of it to be told: what is weaker only adds to what others say. */
bool clew_candidate_is_told(const struct clew_candidate *c);

/* The rule that says most for a blamed step: of those of trouble that may have done harm, else of
 * places, else of the others. */
enum clew_rule clew_candidate_rule(const struct clew_candidate *c);

#endif
