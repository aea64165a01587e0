/*
 * An edge to another trace, as a record.
 */
#ifndef CLEW_QUERY_ANSWER_RELATED_RECORD_H
#define CLEW_QUERY_ANSWER_RELATED_RECORD_H

#include "proto/base/json.h"
#include "query/find/related.h"

/* The members of the record, into an open object. @id is the trace that was asked for. */
void clew_related_write(struct clew_json_writer *w, const struct clew_trace_id *id,
                        const struct clew_related *e);

#endif
