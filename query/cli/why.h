/*
 * The JSON of one analysis, shared by `why` and `judge`.
 */
#ifndef CLEW_QUERY_CLI_WHY_H
#define CLEW_QUERY_CLI_WHY_H

#include "proto/base/json.h"
#include "query/rca/rca.h"

/* Writes trace_id, outcome, findings, excluded (and partial) into an open object. */
void clew_why_write(struct clew_json_writer *w, const struct clew_why *why);

#endif
