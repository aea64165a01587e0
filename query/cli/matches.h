/*
 * clew list --show-match: where the texts that were searched for stand.
 */
#ifndef CLEW_QUERY_CLI_MATCHES_H
#define CLEW_QUERY_CLI_MATCHES_H

#include "query/cli/cli.h"
#include "query/cli/output.h"
#include "query/cli/terminal.h"
#include "query/find/select.h"

/* Walks the selection and prints each match: trace, step, part of the span, the words around.
 * @after (may be NULL) continues a list. Returns an exit status. */
int clew_matches_run(struct clew_cli *cli, struct clew_view *view, const struct clew_filter *filter,
                     const struct clew_selected *after, const struct clew_output_flags *flags,
                     const struct clew_look *look);

#endif
