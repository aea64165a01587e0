/*
 * What other tools for agents export, as traces: LangSmith runs, Langfuse traces and observations,
 * MLflow traces, ATIF trajectories, Inspect logs, chat files as for fine-tuning.
 */
#ifndef CLEW_QUERY_CLI_IMPORT_AGENTS_H
#define CLEW_QUERY_CLI_IMPORT_AGENTS_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/slice.h"

#include <stdbool.h>

/*
 * True when the JSON object @text is one of them; then @out (cleared) holds an OTLP request made of
 * it. Ids are kept where they are of OTLP's form, else derived from the tool's own, so importing
 * again changes nothing. What has no place of its own becomes an attribute `import.NAME`. Linear in
 * the text. Memory short: @out's or the arena's error.
 */
CLEW_MUST_USE bool clew_import_agents(struct clew_slice text, struct clew_arena *arena,
                                      struct clew_buffer *out);

#endif
