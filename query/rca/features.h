/*
 * The place of a step in its run as numbers, which weights.c weighs beside what the rules say.
 */
#ifndef CLEW_QUERY_RCA_FEATURES_H
#define CLEW_QUERY_RCA_FEATURES_H

#include "query/rca/rules.h"

enum clew_feature {
        /* of blamed steps only; set by candidates.c */
        CLEW_FEATURE_FIRST,    /* no earlier step has a sign of trouble */
        CLEW_FEATURE_BEFORE,   /* logarithm of the number of earlier steps that have one */
        CLEW_FEATURE_SHOWS,    /* an earlier step's trouble shows here */
        CLEW_FEATURE_EXPLAINS, /* logarithm of the number of blamed steps where its own shows */
        CLEW_FEATURE_SIGNS,    /* signs of trouble beyond the first */
        CLEW_FEATURE_HARMLESS, /* all of them tell of trouble that did no harm */
        /* of all */
        CLEW_FEATURE_TOOL,         /* a tool step */
        CLEW_FEATURE_BAD_TOOL,     /* that failed or gave nothing */
        CLEW_FEATURE_LATE,         /* place in the run, 0 to 1 */
        CLEW_FEATURE_ORDER,        /* logarithm of the number of model calls before it */
        CLEW_FEATURE_FIRST_CALL,   /* the first model call */
        CLEW_FEATURE_SECOND_CALL,  /* the second */
        CLEW_FEATURE_THIRD_CALL,   /* the third */
        CLEW_FEATURE_LAST_CALL,    /* the last */
        CLEW_FEATURE_LAST_BUT_ONE, /* the one before it */
        CLEW_FEATURE_ACTS,         /* asks for a tool, or writes a program that is run */
        CLEW_FEATURE_CHANGES,      /* asks for one that may change something */
        CLEW_FEATURE_LOOKS,        /* asks for one that only reads */
        CLEW_FEATURE_BAD_ACTION,   /* what it asked for failed or gave nothing, for good */
        CLEW_FEATURE_MENDED,       /* it failed, and a later try went well */
        CLEW_FEATURE_READS_BAD,    /* the first call behind a bad result */
        CLEW_FEATURE_ANSWERS,      /* wrote the run's answer */
        CLEW_FEATURE_ASKS,         /* ends with a question */
        CLEW_FEATURE_BEHIND_USER,  /* not the first call, and a user spoke before it */
        CLEW_FEATURE_LONG_TEXT,    /* logarithm of its length over that of a usual text */
        CLEW_FEATURE_NOVEL,        /* logarithm of the number of values that it brought up */
        CLEW_FEATURE_LEAD,         /* of several agents the one that began */
        CLEW_FEATURE_WORKER,       /* of several agents another one */
        CLEW_FEATURE_JOINS,        /* the first call of such another one */
        CLEW_FEATURE_TALKER,       /* of those the one that speaks most */
        CLEW_FEATURE_TEAM_LATE,    /* places again, in runs of several agents, */
        CLEW_FEATURE_TEAM_FIRST,
        CLEW_FEATURE_TEAM_LAST,
        CLEW_FEATURE_TALK_LATE, /* in conversations with a user, */
        CLEW_FEATURE_TALK_CHANGES,
        CLEW_FEATURE_PROGRAMS_LATE, /* and where actions are programs or commands */
        CLEW_FEATURE_PROGRAMS_LAST,
        /* who speaks before and after, in runs of several agents */
        CLEW_FEATURE_TAKES,        /* another agent spoke right before it */
        CLEW_FEATURE_HANDS,        /* another agent speaks right after it */
        CLEW_FEATURE_LEAD_HANDS,   /* the agent that began hands on */
        CLEW_FEATURE_LEAD_TAKES,   /* the agent that began takes over */
        CLEW_FEATURE_FIRST_TAKES,  /* the first call of the run that takes over */
        CLEW_FEATURE_FIRST_WORKER, /* the first call of an agent that did not begin */
        CLEW_FEATURE_LAST_WORKER,  /* the last such call */
        CLEW_FEATURE_ORDERS_FIRST, /* of the agent that began, right before the first such call */
        CLEW_FEATURE_ORDERS_LAST,  /* and right before the last */
        /* how it is worded (wording-int.h) */
        CLEW_FEATURE_SUPPOSES,  /* assumes, estimates, makes up an example */
        CLEW_FEATURE_CONCLUDES, /* calls it done, right or final */
        CLEW_FEATURE_EXCUSES,   /* tells of trouble */
        CLEW_FEATURE_CHECKS,    /* speaks of checking */
        CLEW_FEATURE_QUESTIONS, /* holds a question */
        CLEW_FEATURE_PROGRAM,   /* holds a code block */
        CLEW_FEATURE_NUMBERS,   /* logarithm of the number of words with a digit */
        CLEW_FEATURE_SAID,      /* logarithm of its length */
        CLEW_FEATURE_NEW_WORDS, /* logarithm of the number of words that were in no text before */
        CLEW_FEATURE_NEW_NAMES, /* of names among them */
        CLEW_FEATURE_NEW_SHARE, /* their share of all its words */
        CLEW_FEATURE_READS,     /* logarithm of the length of the results right before it */
        CLEW_FEATURE_READS_ANY, /* there are some */
        CLEW_FEATURE_ALIKE,     /* words shared with its agent's text before, 0 to 1 */
        /* what it has of the request, of its order and of the answer, 0 to 1 */
        CLEW_FEATURE_ASKED,      /* words of the request that it says again */
        CLEW_FEATURE_ACTS_ASKED, /* the same, of one that acts */
        CLEW_FEATURE_FOUND,      /* and of those that its calls brought */
        CLEW_FEATURE_ORDERED,    /* another agent, or a user, told it what to do */
        CLEW_FEATURE_KEPT,       /* words of that which it says again */
        CLEW_FEATURE_WROTE,      /* words of the answer that it wrote first */
        CLEW_FEATURE_BROUGHT,    /* and that its calls brought first */
        /* the shape of a place: people blame the middle of short runs and the beginning of long
         * ones */
        CLEW_FEATURE_ORDER_SQUARE, /* of the logarithm of the calls before it */
        CLEW_FEATURE_LATE_SQUARE,  /* of its place from 0 to 1 */
        CLEW_FEATURE_ORDER_LONG,   /* that logarithm, and that place, by how long the run is */
        CLEW_FEATURE_LATE_LONG,
        /* and again by kind of run: several agents, a talk with a user, programs, none of these */
        CLEW_FEATURE_TEAM_ORDER,
        CLEW_FEATURE_TEAM_ORDER_SQUARE,
        CLEW_FEATURE_TEAM_LATE_LONG,
        CLEW_FEATURE_TALK_ORDER,
        CLEW_FEATURE_TALK_ORDER_SQUARE,
        CLEW_FEATURE_TALK_LATE_LONG,
        CLEW_FEATURE_PROGRAMS_ORDER,
        CLEW_FEATURE_PROGRAMS_ORDER_SQUARE,
        CLEW_FEATURE_PROGRAMS_LATE_LONG,
        CLEW_FEATURE_SOLO_LATE,
        CLEW_FEATURE_SOLO_ORDER,
        CLEW_FEATURE_SOLO_ORDER_SQUARE,
        CLEW_FEATURE_SOLO_LATE_LONG,
        CLEW_FEATURE_COUNT,
};

const char *clew_feature_name(enum clew_feature feature);

/* Where no agent has a name, and a few system prompts share the calls, the prompts are the agents.
 * One that differs from call to call tells nobody apart. */
bool clew_rca_prompts_are_agents(const struct clew_rca_view *v);

/* What all steps of a run share, in the view's arena; NULL when memory is short. */
struct clew_features_run *clew_features_begin(const struct clew_rca_view *v);

/* Fills those of step @i, an LLM or a TOOL step, that depend on its place; @x holds zeros. */
void clew_features_of(const struct clew_features_run *run, uint32_t i, double *x);

#endif
