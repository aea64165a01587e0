/*
 * Refusals, as problem+json (RFC 9457). One row each.
 */
#ifndef CLEW_QUERY_SERVE_PROBLEM_INT_H
#define CLEW_QUERY_SERVE_PROBLEM_INT_H

#include "proto/base/compiler.h"
#include "proto/base/json.h"
#include "query/serve/serve.h"

enum clew_problem {
        CLEW_PROBLEM_BAD_REQUEST,
        CLEW_PROBLEM_BAD_PARAMETER,
        CLEW_PROBLEM_UNKNOWN_PARAMETER,
        CLEW_PROBLEM_NO_KEY,
        CLEW_PROBLEM_FOREIGN_ORIGIN,
        CLEW_PROBLEM_WRONG_TOKEN,
        CLEW_PROBLEM_MISSING_SCOPE,
        CLEW_PROBLEM_READ_ONLY,
        CLEW_PROBLEM_UNKNOWN_ROUTE,
        CLEW_PROBLEM_UNKNOWN_ID,
        CLEW_PROBLEM_UNKNOWN_STEP,
        CLEW_PROBLEM_UNKNOWN_NAME,
        CLEW_PROBLEM_AMBIGUOUS_ID,
        CLEW_PROBLEM_CONFLICT,
        CLEW_PROBLEM_BAD_METHOD,
        CLEW_PROBLEM_NOT_ACCEPTABLE,
        CLEW_PROBLEM_TOO_LARGE,
        CLEW_PROBLEM_MEDIA_TYPE,
        CLEW_PROBLEM_LIMITED,
        CLEW_PROBLEM_DAMAGED,
        CLEW_PROBLEM_FAILED,
        CLEW_PROBLEM_BUSY,
        CLEW_PROBLEM_COUNT,
};

struct clew_problem_info {
        const char *name; /* what `type` ends in */
        const char *title;
        unsigned status;
};

const struct clew_problem_info *clew_problem_info(enum clew_problem problem);

/* Makes @answer that refusal: body cleared, problem object begun and left open for further members;
 * clew_problem_end() closes it. */
struct clew_json_writer clew_problem_begin(struct clew_serve_answer *answer,
                                           enum clew_problem problem, const char *detail);
void clew_problem_end(struct clew_serve_answer *answer, struct clew_json_writer *w);

#endif
