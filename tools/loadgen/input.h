/*
 * Trace files as a sequence of OTLP protobuf TracesData records.
 *
 * Three formats are told apart by their first bytes: zstd (of any of the others), OTLP JSON lines
 * (begin with "{"), and length-prefixed protobuf (each record behind its length as a little-endian
 * u32). JSON is converted while reading, so that the timed part of a run does no parsing.
 */
#ifndef CLEW_TOOLS_LOADGEN_INPUT_H
#define CLEW_TOOLS_LOADGEN_INPUT_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

/* One record or line; the collector takes no request above 64 MiB either, but a file may hold a
 * whole trace in one line. */
#define CLEW_INPUT_RECORD_MAX (1024u << 20)

/* Called once for each record, which is borrowed. A non-zero result ends the reading. */
typedef int (*clew_input_fn)(void *context, struct clew_slice record);

/* Reads @path to its end. Returns 0, the callback's result, -EBADMSG (err names file and offset),
 * -E2BIG, -ENOMEM, or what open or read failed with. */
CLEW_MUST_USE int clew_input_read(const char *path, clew_input_fn fn, void *context,
                                  struct clew_error *err);

#endif
