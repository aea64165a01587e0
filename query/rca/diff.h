/*
 * Comparing two runs step by step: which steps both have, which changed, which only one has.
 *
 * Steps are aligned by what they are (kind, agent, tool), so that a changed argument shows as a
 * change and not as two different steps. Texts are compared without ids and times of day, which
 * differ between any two runs.
 */
#ifndef CLEW_QUERY_RCA_DIFF_H
#define CLEW_QUERY_RCA_DIFF_H

#include "query/rca/align.h"
#include "query/rca/view.h"

enum clew_diff_sign {
        CLEW_DIFF_EQUAL,
        CLEW_DIFF_CHANGED,
        CLEW_DIFF_ONLY_A,
        CLEW_DIFF_ONLY_B,
};

/* What differs in a changed pair. */
enum {
        CLEW_DIFF_OUTPUT = 1u << 0,
        CLEW_DIFF_CALLS = 1u << 1,
        CLEW_DIFF_ARGUMENTS = 1u << 2,
        CLEW_DIFF_RESULT = 1u << 3,
        CLEW_DIFF_ERROR = 1u << 4,
        CLEW_DIFF_INPUT = 1u << 5,
};

struct clew_diff_row {
        enum clew_diff_sign sign;
        unsigned parts;
        uint32_t a; /* step of the view, or NONE */
        uint32_t b;
};

struct clew_diff {
        struct clew_diff_row *rows;
        uint32_t n;
        uint32_t count[4]; /* by sign */
        uint32_t first;    /* first row that is not equal, or n */
        bool gave_up;
};

/* @strict compares ids and times too. Lives in @arena. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_diff_runs(const struct clew_rca_view *a, const struct clew_rca_view *b,
                                 bool strict, struct clew_arena *arena, struct clew_diff *ret);

/* What LLM step @s newly heard from a user or its instructions: texts in the order of their coming.
 * The @nth of them, or null. Results belong to the tool steps that gave them. */
struct clew_slice clew_diff_input(const struct clew_rca_view *v, const struct clew_rca_step *s,
                                  uint32_t nth);

/* Hash of @text; without @strict, long hex ids, UUIDs and times of day count as one and the same.
 */
uint64_t clew_diff_hash(struct clew_slice text, bool strict);

#endif
