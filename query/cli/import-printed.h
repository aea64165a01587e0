/*
 * What JavaScript prints of an object (util.inspect, console.dir) as JSON: the form in which
 * OpenTelemetry's ConsoleSpanExporter of JavaScript shows spans.
 */
#ifndef CLEW_QUERY_CLI_IMPORT_PRINTED_H
#define CLEW_QUERY_CLI_IMPORT_PRINTED_H

#include "proto/base/arena.h"
#include "proto/base/slice.h"

/* The JSON of @text, in @arena; NULL where @text does not begin as such a print does, or does not
 * go on as one. What the print leaves out ("[Object]", "undefined") is null. Linear in @text. */
struct clew_slice clew_import_printed(struct clew_slice text, struct clew_arena *arena);

#endif
