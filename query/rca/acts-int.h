/*
 * What a run did, whatever shape it was written in: tool spans, calls whose tools left no span,
 * actions that a model wrote as lines of text. And what the users said, for rules that hold one
 * against the other.
 */
#ifndef CLEW_QUERY_RCA_ACTS_INT_H
#define CLEW_QUERY_RCA_ACTS_INT_H

#include "query/rca/view.h"

#define CLEW_ACTS_MAX 4096u        /* of one run; more is a loop */
#define CLEW_ACTS_HEARD_MAX 32768u /* bytes of what users said */
#define CLEW_ACTS_ARGS_MAX 16384u  /* of one action that are read */

struct clew_act {
        uint32_t who;  /* LLM step that asked for it */
        uint32_t step; /* that shows it: a tool step, or @who */
        struct clew_slice name;
        struct clew_slice args;
        bool is_text; /* @args are a line of text, not JSON */
};

struct clew_acts {
        struct clew_act *items; /* in order of steps */
        uint32_t n;
        /* All that users said, each text ended by a line feed: as it was written, and in lower
         * case. Null when it is more than CLEW_ACTS_HEARD_MAX: what was not read may say anything.
         */
        struct clew_slice heard;
        struct clew_slice heard_lower;
        const uint8_t *heard_runs; /* of three bytes in it: a table that excludes most words */
        size_t asked;              /* bytes of it that were said before a model wrote anything */
};

/* All of @ret lives in the view's arena. False when memory is short. */
bool clew_acts_of(const struct clew_rca_view *v, struct clew_acts *ret);

/* @word, in whatever case, stands in @lower with no letter or digit on either side, at @from or
 * later: its place, or -1. Words over 64 bytes are in nothing. */
ptrdiff_t clew_acts_find(struct clew_slice lower, struct clew_slice word, size_t from);

/* The same in all that users said. */
ptrdiff_t clew_acts_heard_at(const struct clew_acts *a, struct clew_slice word, size_t from);

/* A user said it so. */
static inline bool clew_acts_said(const struct clew_acts *a, struct clew_slice word)
{
        return clew_acts_heard_at(a, word, 0) >= 0;
}

#endif
