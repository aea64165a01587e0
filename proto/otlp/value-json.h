/*
 * An OTLP value as JSON for people and programs (not the OTLP JSON encoding of it).
 */
#ifndef CLEW_PROTO_OTLP_VALUE_JSON_H
#define CLEW_PROTO_OTLP_VALUE_JSON_H

#include "proto/base/json.h"
#include "proto/otlp/span.h"

/* How bytes look: "base64", or {"bytes":"base64"}, which no text is taken for. */
enum clew_value_bytes_form {
        CLEW_VALUE_BYTES_PLAIN,
        CLEW_VALUE_BYTES_OBJECT,
};

/* Nested values as arrays and objects, an empty one as null. The walk admits CLEW_OTLP_DEPTH_MAX
 * levels; deeper ones (bytes from elsewhere) are null. */
void clew_value_write(struct clew_json_writer *w, const struct clew_value *value,
                      enum clew_value_bytes_form form);

#endif
