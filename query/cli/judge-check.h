/*
 * clew judge --check, --experts and --flips: a judge compared with the experts, these with one
 * another, and the judge with itself under another version of its criteria.
 */
#ifndef CLEW_QUERY_CLI_JUDGE_CHECK_H
#define CLEW_QUERY_CLI_JUDGE_CHECK_H

#include "query/cli/filter.h"
#include "query/cli/options.h"
#include "query/cli/terminal.h"

enum clew_agreement_form {
        CLEW_AGREEMENT_TEXT,
        CLEW_AGREEMENT_JSON,
        CLEW_AGREEMENT_IDS, /* of the runs on which the two differ: what is to be looked at */
};

/* Of the traces that the arguments or flags select: verdicts of the judge @name (its newest, or
 * those of @version) against the experts' scores of the same name. Returns an exit status. */
CLEW_MUST_USE int clew_judge_check(struct clew_cli *cli, const char *name, const char *version,
                                   const struct clew_look *look,
                                   const struct clew_filter_flags *filter_flags,
                                   struct clew_arguments *args, enum clew_agreement_form form);
/* The experts' scores of that name, those of each two of them compared. */
CLEW_MUST_USE int clew_judge_experts(struct clew_cli *cli, const char *name,
                                     const struct clew_look *look,
                                     const struct clew_filter_flags *filter_flags,
                                     struct clew_arguments *args, enum clew_agreement_form form);
/* Which runs the versions @a and @b of the judge @name tell apart. */
CLEW_MUST_USE int clew_judge_flips(struct clew_cli *cli, const char *name, const char *a,
                                   const char *b, const struct clew_look *look,
                                   const struct clew_filter_flags *filter_flags,
                                   struct clew_arguments *args, enum clew_agreement_form form);

#endif
