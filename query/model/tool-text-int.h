/*
 * Arguments and results of tools without what frameworks wrap round them.
 */
#ifndef CLEW_QUERY_MODEL_TOOL_TEXT_INT_H
#define CLEW_QUERY_MODEL_TOOL_TEXT_INT_H

#include "proto/base/arena.h"
#include "proto/base/slice.h"
#include "query/model/trace.h"

/* Each returns what is inside a wrapper that it knows, borrowed from @text or decoded into @arena,
 * and
 * @text itself otherwise. A result of null is a null slice. */
struct clew_slice clew_tool_arguments(struct clew_slice text, struct clew_arena *arena);
struct clew_slice clew_tool_result(struct clew_slice text, enum clew_dialect dialect,
                                   struct clew_arena *arena);

/* The id of the call that a serialised tool message answers, or a null slice. */
struct clew_slice clew_tool_result_call_id(struct clew_slice text, struct clew_arena *arena);

/* Whether the wrapper tells that the command which the tool ran has failed. */
bool clew_tool_result_failed(struct clew_slice text, struct clew_arena *arena);

/* Whether a result may hold media; the result with a line in the place of each. */
bool clew_text_holds_media(struct clew_slice text);
struct clew_slice clew_tool_result_text(struct clew_slice text, struct clew_arena *arena);

#endif
