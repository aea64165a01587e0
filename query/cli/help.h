/*
 * `clew help`: the command list, one command's page, and topics.
 */
#ifndef CLEW_QUERY_CLI_HELP_H
#define CLEW_QUERY_CLI_HELP_H

#include "query/cli/cli.h"

/* The list of commands. */
void clew_help_overview(FILE *out);

#endif
