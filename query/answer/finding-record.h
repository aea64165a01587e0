/*
 * One finding as a flat row, for lists of ids, TSV and --fields: a row for each finding of a run,
 * best first. The record of a whole analysis is why-record.h.
 */
#ifndef CLEW_QUERY_ANSWER_FINDING_RECORD_H
#define CLEW_QUERY_ANSWER_FINDING_RECORD_H

#include "query/answer/record.h"
#include "query/rca/rca.h"

struct clew_finding_row {
        const struct clew_why *why;
        uint32_t finding; /* index */
};

extern const struct clew_record_field clew_finding_fields[];

#endif
