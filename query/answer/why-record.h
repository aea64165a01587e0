/*
 * The record of one root-cause analysis.
 */
#ifndef CLEW_QUERY_ANSWER_WHY_RECORD_H
#define CLEW_QUERY_ANSWER_WHY_RECORD_H

#include "proto/base/json.h"
#include "query/rca/rca.h"
#include "query/rca/references.h"
#include "query/rca/spectrum.h"

/* Writes trace_id, outcome, findings, excluded (and partial) into an open object. */
void clew_why_write(struct clew_json_writer *w, const struct clew_why *why);

/* What passing runs of the task add: the nearest of them (or NULL), and which calls go with
 * failing. */
void clew_why_write_references(struct clew_json_writer *w, const struct clew_why *why,
                               const struct clew_reference_run *nearest,
                               const struct clew_spectrum *spectrum);

#endif
