/*
 * The run that a trace is of, by what its spans and log records name. See model/README.md.
 */
#ifndef CLEW_QUERY_MODEL_LOG_RUN_H
#define CLEW_QUERY_MODEL_LOG_RUN_H

#include "proto/base/compiler.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"

#include <stdbool.h>

/* From encoded TracesData and LogsData (either may be empty): the id that the first span to name a
 * run names, else the first log record. False when none does. */
CLEW_MUST_USE bool clew_log_run_of(struct clew_slice traces, struct clew_slice logs,
                                   struct clew_trace_id *ret);

#endif
