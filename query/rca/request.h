/*
 * What a model call was offered and allowed: its tools, and how much it may write.
 */
#ifndef CLEW_QUERY_RCA_REQUEST_H
#define CLEW_QUERY_RCA_REQUEST_H

#include "query/rca/view-int.h"

/* Reads the request of LLM step @i. Neighbouring calls offer the same tools, so a list is parsed
 * once. */
void clew_rca_read_request(struct clew_rca_builder *b, uint32_t i);

enum clew_schema_fault {
        CLEW_SCHEMA_FITS, /* or cannot be told */
        CLEW_SCHEMA_MISSING,
        CLEW_SCHEMA_UNKNOWN,
        CLEW_SCHEMA_TYPE,
        CLEW_SCHEMA_VALUE, /* not one of the allowed values */
};

/*
 * Holds the arguments of a call (a JSON object) against the schema of its tool: required members,
 * unknown members, JSON types and enums of its top level. Not more: deeper faults are rare in calls
 * by models, and keywords beyond these need a validator. @ret_member names the member, and lives in
 * @arena or in the inputs. @ret_strict tells whether the schema forbids unknown members.
 */
enum clew_schema_fault clew_schema_check(struct clew_slice schema, struct clew_slice args,
                                         struct clew_arena *arena, struct clew_slice *ret_member,
                                         bool *ret_strict);

#endif
