/*
 * `clew help`: the command list, one command's page, and topics.
 */
#ifndef CLEW_QUERY_CLI_HELP_H
#define CLEW_QUERY_CLI_HELP_H

#include "query/cli/cli.h"

/* The list of commands. */
void clew_help_overview(FILE *out);

/* Prints the topic when it is one of the query language ("query", "path"); false when not. */
bool clew_help_query(const char *topic, FILE *out);

#endif
