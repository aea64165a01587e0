/*
 * Names of the enumerations, as people read and type them.
 */
#include "query/model/score.h"
#include "query/model/trace.h"

#include "proto/base/compiler.h"
#include "query/model/ledger.h"
#include "query/model/message.h"

static const char *const kinds[CLEW_KIND_COUNT] = {
        [CLEW_KIND_GENERIC] = "generic",
        [CLEW_KIND_AGENT] = "agent",
        [CLEW_KIND_LLM] = "llm",
        [CLEW_KIND_TOOL] = "tool",
        [CLEW_KIND_RETRIEVER] = "retriever",
        [CLEW_KIND_EMBEDDING] = "embedding",
        [CLEW_KIND_RERANKER] = "reranker",
        [CLEW_KIND_CHAIN] = "chain",
        [CLEW_KIND_GUARDRAIL] = "guardrail",
        [CLEW_KIND_EVALUATOR] = "evaluator",
        [CLEW_KIND_PROMPT] = "prompt",
        [CLEW_KIND_MEMORY] = "memory",
        [CLEW_KIND_MCP] = "mcp",
        [CLEW_KIND_HANDOFF] = "handoff",
        [CLEW_KIND_EVENT] = "event",
};

static const char *const outcomes[CLEW_OUTCOME_COUNT] = {
        [CLEW_OUTCOME_UNKNOWN] = "unknown", [CLEW_OUTCOME_OK] = "ok",
        [CLEW_OUTCOME_PASSED] = "passed",   [CLEW_OUTCOME_FAILED] = "failed",
        [CLEW_OUTCOME_ERROR] = "error",     [CLEW_OUTCOME_OPEN] = "open",
        [CLEW_OUTCOME_PAUSED] = "paused",   [CLEW_OUTCOME_CANCELLED] = "cancelled",
};

static const char *const dialects[CLEW_DIALECT_COUNT] = {
        [CLEW_DIALECT_NONE] = "none",
        [CLEW_DIALECT_OTEL] = "otel-genai",
        [CLEW_DIALECT_OPENINFERENCE] = "openinference",
        [CLEW_DIALECT_OPENLLMETRY] = "openllmetry",
        [CLEW_DIALECT_AISDK] = "ai-sdk",
        [CLEW_DIALECT_LANGFUSE] = "langfuse",
        [CLEW_DIALECT_LANGSMITH] = "langsmith",
        [CLEW_DIALECT_MLFLOW] = "mlflow",
        [CLEW_DIALECT_ADK] = "adk",
        [CLEW_DIALECT_GENKIT] = "genkit",
        [CLEW_DIALECT_MASTRA] = "mastra",
        [CLEW_DIALECT_PYDANTIC] = "pydantic-ai",
        [CLEW_DIALECT_STRANDS] = "strands",
        [CLEW_DIALECT_CLAUDE_CODE] = "claude-code",
        [CLEW_DIALECT_CODEX] = "codex",
        [CLEW_DIALECT_GEMINI_CLI] = "gemini-cli",
        [CLEW_DIALECT_LANGWATCH] = "langwatch",
        [CLEW_DIALECT_LIVEKIT] = "livekit",
        [CLEW_DIALECT_LITELLM] = "litellm",
        [CLEW_DIALECT_OPENLIT] = "openlit",
        [CLEW_DIALECT_AGENT_FRAMEWORK] = "agent-framework",
        [CLEW_DIALECT_AUTOGEN] = "autogen",
        [CLEW_DIALECT_SEMANTIC_KERNEL] = "semantic-kernel",
        [CLEW_DIALECT_COPILOT] = "copilot",
        [CLEW_DIALECT_SPRING_AI] = "spring-ai",
        [CLEW_DIALECT_LAMINAR] = "laminar",
        [CLEW_DIALECT_BRAINTRUST] = "braintrust",
        [CLEW_DIALECT_HAYSTACK] = "haystack",
        [CLEW_DIALECT_AG2] = "ag2",
        [CLEW_DIALECT_OPENCLAW] = "openclaw",
        [CLEW_DIALECT_SENTRY] = "sentry",
        [CLEW_DIALECT_OPENCODE] = "opencode",
        [CLEW_DIALECT_PROMPTFLOW] = "promptflow",
        [CLEW_DIALECT_OTHER] = "other",
};

static const char *const fields[CLEW_FIELD_COUNT] = {
        [CLEW_FIELD_NONE] = "none",
        [CLEW_FIELD_KIND] = "kind",
        [CLEW_FIELD_NAME] = "name",
        [CLEW_FIELD_REQUEST_MODEL] = "request-model",
        [CLEW_FIELD_RESPONSE_MODEL] = "response-model",
        [CLEW_FIELD_PROVIDER] = "provider",
        [CLEW_FIELD_AGENT_NAME] = "agent-name",
        [CLEW_FIELD_AGENT_ID] = "agent-id",
        [CLEW_FIELD_WORKFLOW] = "workflow",
        [CLEW_FIELD_TOOL_NAME] = "tool-name",
        [CLEW_FIELD_TOOL_CALL_ID] = "tool-call-id",
        [CLEW_FIELD_TOOL_ARGUMENTS] = "tool-arguments",
        [CLEW_FIELD_TOOL_RESULT] = "tool-result",
        [CLEW_FIELD_TOOL_DEFINITIONS] = "tool-definitions",
        [CLEW_FIELD_TOOL_DESCRIPTION] = "tool-description",
        [CLEW_FIELD_TOOL_TYPE] = "tool-type",
        [CLEW_FIELD_INPUT] = "input",
        [CLEW_FIELD_OUTPUT] = "output",
        [CLEW_FIELD_SYSTEM] = "system",
        [CLEW_FIELD_TOKENS_IN] = "tokens-in",
        [CLEW_FIELD_TOKENS_OUT] = "tokens-out",
        [CLEW_FIELD_TOKENS_TOTAL] = "tokens-total",
        [CLEW_FIELD_TOKENS_CACHE_READ] = "tokens-cache-read",
        [CLEW_FIELD_TOKENS_CACHE_WRITE] = "tokens-cache-write",
        [CLEW_FIELD_TOKENS_REASONING] = "tokens-reasoning",
        [CLEW_FIELD_TOKENS_IN_AUDIO] = "tokens-in-audio",
        [CLEW_FIELD_TOKENS_IN_IMAGE] = "tokens-in-image",
        [CLEW_FIELD_TOKENS_OUT_AUDIO] = "tokens-out-audio",
        [CLEW_FIELD_TOKENS_OUT_IMAGE] = "tokens-out-image",
        [CLEW_FIELD_COST] = "cost",
        [CLEW_FIELD_COST_IN] = "cost-in",
        [CLEW_FIELD_COST_OUT] = "cost-out",
        [CLEW_FIELD_COST_OTHER] = "cost-other",
        [CLEW_FIELD_COST_IN_PART] = "cost-in-part",
        [CLEW_FIELD_COST_OUT_PART] = "cost-out-part",
        [CLEW_FIELD_COST_BAG] = "cost-list",
        [CLEW_FIELD_COST_CURRENCY] = "cost-currency",
        [CLEW_FIELD_TOKENS_BARE_IN] = "tokens-bare-in",
        [CLEW_FIELD_TOKENS_BARE_OUT] = "tokens-bare-out",
        [CLEW_FIELD_TOKENS_APART] = "tokens-apart",
        [CLEW_FIELD_USAGE_BAG] = "usage-list",
        [CLEW_FIELD_FINISH_REASON] = "finish-reason",
        [CLEW_FIELD_RESPONSE_ID] = "response-id",
        [CLEW_FIELD_RESPONSE_STATUS] = "response-status",
        [CLEW_FIELD_FIRST_TOKEN] = "first-token",
        [CLEW_FIELD_ERROR_FLAG] = "error",
        [CLEW_FIELD_ERROR_TYPE] = "error-type",
        [CLEW_FIELD_ERROR_MESSAGE] = "error-message",
        [CLEW_FIELD_ERROR_STACK] = "error-stack",
        [CLEW_FIELD_DEFERRED] = "deferred",
        [CLEW_FIELD_REFUSED] = "refused",
        [CLEW_FIELD_REFUSED_BY] = "refused-by",
        [CLEW_FIELD_SESSION] = "session",
        [CLEW_FIELD_USER] = "user",
        [CLEW_FIELD_TAGS] = "tags",
        [CLEW_FIELD_PROMPT_NAME] = "prompt-name",
        [CLEW_FIELD_PROMPT_VERSION] = "prompt-version",
        [CLEW_FIELD_PROMPT_TEMPLATE] = "prompt-template",
        [CLEW_FIELD_PROMPT_VARIABLES] = "prompt-variables",
        [CLEW_FIELD_TRACE_NAME] = "trace-name",
        [CLEW_FIELD_ROOT] = "root",
        [CLEW_FIELD_SCORES] = "scores",
};

const char *clew_kind_name(enum clew_kind kind)
{
        return kind < CLEW_KIND_COUNT ? kinds[kind] : "generic";
}

bool clew_kind_parse(struct clew_slice name, enum clew_kind *ret)
{
        for (unsigned i = 0; i < CLEW_KIND_COUNT; i++) {
                if (clew_slice_eq_cstr(name, kinds[i])) {
                        *ret = (enum clew_kind)i;
                        return true;
                }
        }
        return false;
}

const char *clew_outcome_name(enum clew_outcome outcome)
{
        return outcome < CLEW_OUTCOME_COUNT ? outcomes[outcome] : "unknown";
}

bool clew_outcome_parse(struct clew_slice name, enum clew_outcome *ret)
{
        for (unsigned i = 0; i < CLEW_OUTCOME_COUNT; i++) {
                if (clew_slice_eq_cstr(name, outcomes[i])) {
                        *ret = (enum clew_outcome)i;
                        return true;
                }
        }
        return false;
}

const char *clew_dialect_name(enum clew_dialect dialect)
{
        return dialect < CLEW_DIALECT_COUNT ? dialects[dialect] : "none";
}

const char *clew_field_name(enum clew_field field)
{
        return field < CLEW_FIELD_COUNT && fields[field] ? fields[field] : "none";
}

const char *clew_origin_name(enum clew_origin origin)
{
        static const char *const names[] = {
                [CLEW_ORIGIN_SPAN] = "attribute",
                [CLEW_ORIGIN_EVENT] = "event",
                [CLEW_ORIGIN_LOG] = "log",
                [CLEW_ORIGIN_SCOPE] = "scope",
                [CLEW_ORIGIN_RESOURCE] = "resource",
                [CLEW_ORIGIN_CORE] = "span field",
                [CLEW_ORIGIN_INHERITED] = "inherited",
        };

        return (size_t)origin < CLEW_ARRAY_LEN(names) ? names[origin] : "?";
}

const char *clew_error_source_name(enum clew_error_source source)
{
        static const char *const names[] = {
                [CLEW_ERROR_NONE] = "none",           [CLEW_ERROR_VENDOR] = "flag",
                [CLEW_ERROR_STATUS] = "status",       [CLEW_ERROR_TYPE] = "error.type",
                [CLEW_ERROR_EXCEPTION] = "exception", [CLEW_ERROR_LOG] = "log",
                [CLEW_ERROR_TOOL_RESULT] = "result",
        };

        return (size_t)source < CLEW_ARRAY_LEN(names) ? names[source] : "?";
}

const char *clew_edge_type_name(enum clew_edge_type type)
{
        static const char *const names[] = {
                [CLEW_EDGE_CALL] = "call",           [CLEW_EDGE_RESULT] = "result",
                [CLEW_EDGE_SUBAGENT] = "subagent",   [CLEW_EDGE_LINK] = "link",
                [CLEW_EDGE_LINK_OUT] = "link-out",   [CLEW_EDGE_HANDOFF] = "handoff",
                [CLEW_EDGE_TRANSPORT] = "transport",
        };

        return (size_t)type < CLEW_ARRAY_LEN(names) ? names[type] : "?";
}

const char *clew_score_target_name(enum clew_score_target target)
{
        static const char *const names[] = {
                [CLEW_SCORE_STEP] = "step",
                [CLEW_SCORE_TRACE] = "trace",
                [CLEW_SCORE_SESSION] = "session",
        };

        return (size_t)target < CLEW_ARRAY_LEN(names) ? names[target] : "?";
}

const char *clew_booking_name(enum clew_booking booking)
{
        static const char *const names[] = {
                [CLEW_BOOKED] = "booked",
                [CLEW_BOOKED_ROLLUP] = "booked roll-up",
                [CLEW_NOT_BOOKED_ROLLUP] = "roll-up",
                [CLEW_NOT_BOOKED_LAYER] = "outer layer",
                [CLEW_NOT_BOOKED_POLL] = "poll",
                [CLEW_NOT_BOOKED_NO_USAGE] = "no usage",
        };

        return (size_t)booking < CLEW_ARRAY_LEN(names) ? names[booking] : "?";
}

const char *clew_role_name(enum clew_role role)
{
        static const char *const names[] = {
                [CLEW_ROLE_OTHER] = "other", [CLEW_ROLE_SYSTEM] = "system",
                [CLEW_ROLE_USER] = "user",   [CLEW_ROLE_ASSISTANT] = "assistant",
                [CLEW_ROLE_TOOL] = "tool",
        };

        return (size_t)role < CLEW_ARRAY_LEN(names) ? names[role] : "other";
}

const char *clew_part_type_name(enum clew_part_type type)
{
        static const char *const names[] = {
                [CLEW_PART_TEXT] = "text",           [CLEW_PART_REASONING] = "reasoning",
                [CLEW_PART_TOOL_CALL] = "tool_call", [CLEW_PART_TOOL_RESULT] = "tool_result",
                [CLEW_PART_MEDIA] = "media",         [CLEW_PART_REFUSAL] = "refusal",
                [CLEW_PART_OTHER] = "other",
        };

        return (size_t)type < CLEW_ARRAY_LEN(names) ? names[type] : "other";
}
