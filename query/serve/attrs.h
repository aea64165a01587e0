/*
 * Rows of attributes and of their values, for machines.
 */
#ifndef CLEW_QUERY_SERVE_ATTRS_H
#define CLEW_QUERY_SERVE_ATTRS_H

#include "proto/base/buffer.h"
#include "query/answer/record.h"
#include "query/find/attributes.h"

#include <stdint.h>

/* "text", "number", "mixed" ... */
const char *clew_attribute_type(const struct clew_attribute_key *key);
/* Of a struct clew_attribute_key. */
extern const struct clew_record_field clew_attribute_fields[];

struct clew_value_row {
        struct clew_slice value;
        uint64_t n;
        uint64_t failed;
};
extern const struct clew_record_field clew_value_fields[];

/* Appends @name as a field of the query language, with its end (NUL): a bare key may stand
 * anywhere. 0 or the buffer's error. */
CLEW_MUST_USE int clew_attribute_field(const char *name, struct clew_buffer *out);

#endif
