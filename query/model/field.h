/*
 * What the tables feed: dialects, fields, and where a field's value came from.
 */
#ifndef CLEW_QUERY_MODEL_FIELD_H
#define CLEW_QUERY_MODEL_FIELD_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>

/* Who wrote the span. A span may carry several; this is the one that explains most. */
enum clew_dialect {
        CLEW_DIALECT_NONE,
        CLEW_DIALECT_OTEL, /* OTel GenAI and MCP conventions, any version */
        CLEW_DIALECT_OPENINFERENCE,
        CLEW_DIALECT_OPENLLMETRY,
        CLEW_DIALECT_AISDK,
        CLEW_DIALECT_LANGFUSE,
        CLEW_DIALECT_LANGSMITH,
        CLEW_DIALECT_MLFLOW,
        CLEW_DIALECT_ADK,
        CLEW_DIALECT_GENKIT,
        CLEW_DIALECT_MASTRA,
        CLEW_DIALECT_PYDANTIC, /* pydantic-ai and Logfire */
        CLEW_DIALECT_STRANDS,
        CLEW_DIALECT_CLAUDE_CODE,
        CLEW_DIALECT_CODEX,
        CLEW_DIALECT_GEMINI_CLI,
        CLEW_DIALECT_LANGWATCH,
        CLEW_DIALECT_LIVEKIT,
        CLEW_DIALECT_LITELLM,
        CLEW_DIALECT_OPENLIT,
        CLEW_DIALECT_AGENT_FRAMEWORK,
        CLEW_DIALECT_AUTOGEN,
        CLEW_DIALECT_SEMANTIC_KERNEL,
        CLEW_DIALECT_COPILOT,
        CLEW_DIALECT_SPRING_AI,
        CLEW_DIALECT_LAMINAR,
        CLEW_DIALECT_BRAINTRUST,
        CLEW_DIALECT_HAYSTACK,
        CLEW_DIALECT_AG2,
        CLEW_DIALECT_OPENCLAW,
        CLEW_DIALECT_SENTRY,
        CLEW_DIALECT_OPENCODE,
        CLEW_DIALECT_PROMPTFLOW,
        CLEW_DIALECT_OTHER, /* agent keys that are used by several frameworks */
        CLEW_DIALECT_COUNT,
};

const char *clew_dialect_name(enum clew_dialect dialect);

/* The fields that tables feed. The same list names them in `clew show --why-fields`. */
enum clew_field {
        CLEW_FIELD_NONE,
        CLEW_FIELD_KIND,
        CLEW_FIELD_NAME,
        CLEW_FIELD_REQUEST_MODEL,
        CLEW_FIELD_RESPONSE_MODEL,
        CLEW_FIELD_PROVIDER,
        CLEW_FIELD_AGENT_NAME,
        CLEW_FIELD_AGENT_ID,
        CLEW_FIELD_WORKFLOW,
        CLEW_FIELD_TOOL_NAME,
        CLEW_FIELD_TOOL_CALL_ID,
        CLEW_FIELD_TOOL_ARGUMENTS,
        CLEW_FIELD_TOOL_RESULT,
        CLEW_FIELD_TOOL_DEFINITIONS,
        CLEW_FIELD_TOOL_DESCRIPTION,
        CLEW_FIELD_TOOL_TYPE,
        CLEW_FIELD_INPUT,
        CLEW_FIELD_OUTPUT,
        CLEW_FIELD_SYSTEM,
        CLEW_FIELD_TOKENS_IN,
        CLEW_FIELD_TOKENS_OUT,
        CLEW_FIELD_TOKENS_TOTAL,
        CLEW_FIELD_TOKENS_CACHE_READ,
        CLEW_FIELD_TOKENS_CACHE_WRITE,
        CLEW_FIELD_TOKENS_REASONING,
        CLEW_FIELD_TOKENS_IN_AUDIO,
        CLEW_FIELD_TOKENS_IN_IMAGE,
        CLEW_FIELD_TOKENS_OUT_AUDIO,
        CLEW_FIELD_TOKENS_OUT_IMAGE,
        CLEW_FIELD_COST,
        CLEW_FIELD_COST_IN,
        CLEW_FIELD_COST_OUT,
        CLEW_FIELD_COST_OTHER,
        CLEW_FIELD_COST_IN_PART,
        CLEW_FIELD_COST_OUT_PART,
        CLEW_FIELD_COST_BAG,
        CLEW_FIELD_COST_CURRENCY,
        CLEW_FIELD_TOKENS_BARE_IN,
        CLEW_FIELD_TOKENS_BARE_OUT,
        CLEW_FIELD_TOKENS_APART,
        CLEW_FIELD_USAGE_BAG,
        CLEW_FIELD_FINISH_REASON,
        CLEW_FIELD_RESPONSE_ID,
        CLEW_FIELD_RESPONSE_STATUS,
        CLEW_FIELD_FIRST_TOKEN,
        CLEW_FIELD_ERROR_FLAG,
        CLEW_FIELD_ERROR_TYPE,
        CLEW_FIELD_ERROR_MESSAGE,
        CLEW_FIELD_ERROR_STACK,
        CLEW_FIELD_DEFERRED,
        CLEW_FIELD_REFUSED,
        CLEW_FIELD_REFUSED_BY,
        CLEW_FIELD_SESSION,
        CLEW_FIELD_USER,
        CLEW_FIELD_TAGS,
        CLEW_FIELD_PROMPT_NAME,
        CLEW_FIELD_PROMPT_VERSION,
        CLEW_FIELD_PROMPT_TEMPLATE,
        CLEW_FIELD_PROMPT_VARIABLES,
        CLEW_FIELD_TRACE_NAME,
        CLEW_FIELD_ROOT,
        CLEW_FIELD_SCORES,
        CLEW_FIELD_COUNT,
};

const char *clew_field_name(enum clew_field field);
struct clew_trace;
struct clew_step;
/* A field that steps do not keep (tags, a tool's description), read from the tables on demand.
 * False when the span has none. Slices point into the span or into @arena. */
CLEW_MUST_USE bool clew_step_field(const struct clew_trace *trace, const struct clew_step *step,
                                   enum clew_field field, struct clew_arena *arena,
                                   struct clew_slice *ret);

enum clew_origin {
        CLEW_ORIGIN_SPAN,  /* a span attribute */
        CLEW_ORIGIN_EVENT, /* an attribute of a span event */
        CLEW_ORIGIN_LOG,   /* a correlated log record */
        CLEW_ORIGIN_SCOPE,
        CLEW_ORIGIN_RESOURCE,
        CLEW_ORIGIN_CORE,      /* a field of the span itself: name, status, times */
        CLEW_ORIGIN_INHERITED, /* from an ancestor, or from the rest of the trace */
};

const char *clew_origin_name(enum clew_origin origin);

/* Which key fed a field of a step. */
struct clew_provenance {
        enum clew_field field;
        enum clew_origin origin;
        enum clew_dialect dialect;
        struct clew_slice key; /* attribute key, or the name of the core field */
};

/* Which key feeds a field that steps do not keep; false when the span has none. */
CLEW_MUST_USE bool clew_step_field_origin(const struct clew_trace *trace,
                                          const struct clew_step *step, enum clew_field field,
                                          struct clew_arena *arena, struct clew_provenance *ret);

#endif
