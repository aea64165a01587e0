/*
 * What is known of each step that some rule blames, as numbers: how strongly each rule speaks of
 * it, and where it stands in the run. The same numbers are what tools/rca-fit learns from and what
 * clew_candidate_score() weighs, with the one table of weights.c.
 */
#ifndef CLEW_QUERY_RCA_CANDIDATES_H
#define CLEW_QUERY_RCA_CANDIDATES_H

#include "query/rca/rca.h"

enum clew_feature {
        CLEW_FEATURE_LATE,       /* place in the run, 0 to 1 */
        CLEW_FEATURE_FIRST,      /* no earlier step has a sign of trouble */
        CLEW_FEATURE_BEFORE,     /* logarithm of the number of earlier steps that have one */
        CLEW_FEATURE_SHOWS,      /* an earlier step's trouble shows here */
        CLEW_FEATURE_EXPLAINS,   /* logarithm of the number of blamed steps where its own shows */
        CLEW_FEATURE_SIGNS,      /* signs of trouble beyond the first */
        CLEW_FEATURE_TOOL,       /* a tool step */
        CLEW_FEATURE_ACTS,       /* a model call that acts */
        CLEW_FEATURE_FIRST_CALL, /* the first model call */
        CLEW_FEATURE_LAST_CALL,  /* the last model call */
        CLEW_FEATURE_LEAD,       /* of several agents the one that began */
        CLEW_FEATURE_WORKER,     /* of several agents another one */
        CLEW_FEATURE_STEPS,      /* logarithm of the number of steps */
        CLEW_FEATURE_CANDIDATES, /* logarithm of the number of blamed steps */
        CLEW_FEATURE_TALK,       /* a conversation with a user */
        CLEW_FEATURE_PROGRAMS,   /* actions are programs or commands */
        CLEW_FEATURE_HIDDEN,     /* tools leave no spans */
        CLEW_FEATURE_FAILED,     /* the run failed, by a verdict or an error at its top */
        CLEW_FEATURE_PASSED,     /* a verdict says that it passed */
        CLEW_FEATURE_COUNT,
};

const char *clew_feature_name(enum clew_feature feature);

struct clew_candidate {
        uint32_t step;
        uint32_t n_signs; /* rules of trouble, places not counted */
        double rules[CLEW_RULE_COUNT];
        double features[CLEW_FEATURE_COUNT];
        const struct clew_finding *of[CLEW_RULE_COUNT]; /* the strongest of each rule, or NULL */
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
double clew_weight_bias(void);
double clew_weight_of(enum clew_feature feature);

/* How likely the step is to be blamed by a person, 0 to 1. */
double clew_candidate_score(const struct clew_candidate *c);

/* The rule that says most for the step: of those of trouble, if there are any. */
enum clew_rule clew_candidate_rule(const struct clew_candidate *c);

#endif
