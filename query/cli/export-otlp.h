/*
 * One trace as OTLP: protobuf, or JSON lines, which is what `clew import` and every OTLP/HTTP
 * receiver read.
 */
#ifndef CLEW_QUERY_CLI_EXPORT_OTLP_H
#define CLEW_QUERY_CLI_EXPORT_OTLP_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "storage/store.h"

/*
 * Protobuf bytes of one line. A larger trace becomes several lines, each a complete TracesData of
 * its own, so that every line stays below what receivers and `clew import` take (64 MiB).
 */
#define CLEW_EXPORT_LINE_BYTES_MAX ((size_t)24 << 20)

/*
 * Appends the lines of @data to @out: TracesData first, then LogsData; nothing for what is empty.
 * Returns 0, -EBADMSG (a stored part cannot be read), -ENOMEM or the error of @out.
 */
CLEW_MUST_USE int clew_export_otlp(const struct clew_trace_data *data, struct clew_buffer *out,
                                   struct clew_error *err);

/*
 * Appends the spans of @data as OTLP protobuf. What is appended for several traces is one
 * TracesData together (its one field is repeated), as /v1/traces takes it. Log records have no
 * place in it.
 */
CLEW_MUST_USE int clew_export_otlp_proto(const struct clew_trace_data *data,
                                         struct clew_buffer *out, struct clew_error *err);

#endif
