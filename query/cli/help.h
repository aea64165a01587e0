/*
 * `clew help`: the command list, one command's page, and topics.
 */
#ifndef CLEW_QUERY_CLI_HELP_H
#define CLEW_QUERY_CLI_HELP_H

#include "query/cli/cli.h"

#include <stddef.h>

/* The list of commands. */
void clew_help_overview(FILE *out);

/* The name of the @i-th topic; NULL behind the last one. */
const char *clew_help_topic(size_t i);

/* Prints the topic when it is one of the query language ("query", "path"); false when not. */
bool clew_help_query(const char *topic, FILE *out);

#endif
