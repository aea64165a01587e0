/*
 * A selection that found nothing may hold a mistyped name: what the store knows that is like it.
 */
#ifndef CLEW_QUERY_CLI_SUGGEST_H
#define CLEW_QUERY_CLI_SUGGEST_H

#include "query/cli/cli.h"
#include "query/cli/filter.h"
#include "query/cli/names.h"

/* Newest traces whose names are looked at. */
#define CLEW_SUGGEST_TRACES_MAX 5000u

/* Tells, for each agent, tool, model, service, session, user, label and cause of @flags that no
 * trace has, the nearest name there is. The walk of @view begins anew. */
void clew_suggest_names(struct clew_cli *cli, struct clew_view *view,
                        const struct clew_filter_flags *flags);

/* "; did you mean NAME?" for a name that is none of them, else "", shown safely. */
#define CLEW_MEANT_BYTES 320u
const char *clew_suggest_meant(struct clew_cli *cli, struct clew_view *view, enum clew_names_of of,
                               struct clew_slice asked, char ret[CLEW_MEANT_BYTES]);

#endif
