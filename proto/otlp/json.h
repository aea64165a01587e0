/*
 * OTLP JSON (the JSON Protobuf Encoding of the OTLP specification) to and from OTLP protobuf.
 *
 * Reading accepts what real exporters send: ids as hex in any case (or base64, or an array of
 * bytes), 64-bit integers as strings or numbers, doubles as numbers, "NaN", "Infinity", "-Infinity"
 * or null, enums as numbers or names, lone surrogates (U+FFFD), nulls anywhere, unknown names
 * (ignored), snake_case names, bare scalars as attribute values.
 * Writing gives lowerCamelCase, hex ids, 64-bit integers as strings, bytes as base64, one object
 * without line breaks. Fields unknown to us are written as
 * "unknownFields": "<base64 of their encoding>" in the object they belong to, and read back, so
 * that a round trip through JSON loses nothing.
 */
#ifndef CLEW_PROTO_OTLP_JSON_H
#define CLEW_PROTO_OTLP_JSON_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "proto/otlp/walk.h"

/*
 * Appends the protobuf encoding of one JSON TracesData / ExportTraceServiceRequest (or the logs
 * twin) to @out. Fields come in the order in which the JSON has them. Returns 0, -EBADMSG with
 * err->offset at the byte that is wrong, -E2BIG (depth), or the error of @out, which is then left
 * as it was. Linear time, no recursion.
 *
 * A span or log record that holds a value of the wrong type is left empty, which clew_otlp_walk()
 * refuses alone and counts; 0 is returned, and err->message says what the first such value was
 * (with err->code 0). Otherwise @err is untouched on success.
 */
CLEW_MUST_USE int clew_otlp_from_json(struct clew_slice json, enum clew_otlp_signal signal,
                                      struct clew_buffer *out, struct clew_error *err);

/* Appends the JSON of encoded TracesData or LogsData to @out. Returns 0, -EBADMSG, or @out's error.
 */
CLEW_MUST_USE int clew_otlp_to_json(struct clew_slice data, enum clew_otlp_signal signal,
                                    struct clew_buffer *out);

#endif
