/*
 * How each model call words what it says: how much of it nobody had said before, how much of it is
 * what was asked for and what another agent ordered, how much of the run's answer came up in it,
 * how sure it sounds. Counted over words, in whatever language; no word says that a step is wrong.
 */
#ifndef CLEW_QUERY_RCA_WORDING_INT_H
#define CLEW_QUERY_RCA_WORDING_INT_H

#include "query/rca/view.h"

/* Bytes of one text whose words are looked at, and of all texts of a trace: a person who skims a
 * run reads no more, and the time is bounded. */
#define CLEW_WORDING_HEAD_MAX 4096u
#define CLEW_WORDING_TAIL_MAX 1024u
#define CLEW_WORDING_TEXT_MAX ((size_t)4 << 20)

struct clew_wording {
        uint32_t words;     /* distinct ones of four letters, or with a digit, text by text */
        uint32_t new_words; /* of those, in no text before, whoever's */
        uint32_t new_names; /* of those, with a capital inside a sentence */
        uint32_t numbers;   /* words with a digit */
        uint32_t reads;     /* bytes of the results that came right before it */
        double asked;       /* share of the request's words that it says again, 0 to 1 */
        double found;       /* the same of what its calls brought */
        double kept;        /* of those of the order that another agent, or a user, gave it last */
        double wrote;   /* share of the answer's words, but the request's, that it wrote first */
        double brought; /* and of those that its calls brought first */
        bool ordered;   /* there was such an order */
        bool supposes;  /* assumes, estimates, makes up an example */
        bool concludes; /* calls it done, right or final */
        bool excuses;   /* tells of trouble */
        bool checks;    /* speaks of checking */
        bool questions; /* holds a question mark */
        bool program;   /* holds a code block */
};

/* One for each step of @v, those of model calls filled, in the view's arena; NULL when memory is
 * short. */
struct clew_wording *clew_wording_of(const struct clew_rca_view *v);

#endif
