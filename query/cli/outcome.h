/*
 * How an outcome looks.
 */
#ifndef CLEW_QUERY_CLI_OUTCOME_H
#define CLEW_QUERY_CLI_OUTCOME_H

#include "query/cli/terminal.h"
#include "query/model/trace.h"

enum clew_tone clew_outcome_tone(enum clew_outcome outcome);

#endif
