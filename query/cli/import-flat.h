/*
 * Attributes that a tool keeps as nested JSON, as the flat names that OpenTelemetry has:
 * {"llm":{"input_messages":[{"message":{"role":"user"}}]}} is
 * {"llm.input_messages.0.message.role":"user"}.
 */
#ifndef CLEW_QUERY_CLI_IMPORT_FLAT_H
#define CLEW_QUERY_CLI_IMPORT_FLAT_H

#include "proto/base/arena.h"
#include "proto/base/slice.h"

/* @json, an object, flat; itself when nothing in it is nested. Lists of scalars stay lists, and
 * what is "metadata" or "parameters" somewhere stays one value. Empty when there is no memory. */
struct clew_slice clew_import_flat(struct clew_slice json, struct clew_arena *arena);

#endif
