/*
 * The tables, and the hash index over their keys. Keys that stand in an event's attributes and mean
 * something only there are written "event name/key".
 */
#include "query/model/rules-int.h"

#include "proto/base/compiler.h"

#include <pthread.h>

/* Short forms that keep a row on one line; undefined at the end of the tables. */
#define T(k, d)                                                                                    \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_TEXT, .dialect = CLEW_DIALECT_##d                   \
        }
#define TK(k, d, m)                                                                                \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_TEXT, .dialect = CLEW_DIALECT_##d, .kinds = m       \
        }
#define TF(k, d, f)                                                                                \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_TEXT, .dialect = CLEW_DIALECT_##d, .flags = f       \
        }
#define Q(k, d)                                                                                    \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_QUOTED, .dialect = CLEW_DIALECT_##d                 \
        }
#define QK(k, d, m)                                                                                \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_QUOTED, .dialect = CLEW_DIALECT_##d, .kinds = m     \
        }
#define N(k, d)                                                                                    \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_NUMBER, .dialect = CLEW_DIALECT_##d                 \
        }
#define NF(k, d, f)                                                                                \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_NUMBER, .dialect = CLEW_DIALECT_##d, .flags = f     \
        }
#define M(k, m, d)                                                                                 \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_MEMBER, .dialect = CLEW_DIALECT_##d    \
        }
#define MN(k, m, d)                                                                                \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_MEMBER_NUMBER,                         \
                .dialect = CLEW_DIALECT_##d                                                        \
        }
#define MNF(k, m, d, f)                                                                            \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_MEMBER_NUMBER,                         \
                .dialect = CLEW_DIALECT_##d, .flags = f                                            \
        }
#define F(k, d)                                                                                    \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_FIRST, .dialect = CLEW_DIALECT_##d                  \
        }
#define E(k, m, d)                                                                                 \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_EQUALS, .dialect = CLEW_DIALECT_##d    \
        }
#define K(k, m, d)                                                                                 \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_KIND, .dialect = CLEW_DIALECT_##d      \
        }
#define P(k, m, d)                                                                                 \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_PREFIX, .dialect = CLEW_DIALECT_##d    \
        }

#define TOOLS (CLEW_KINDS(CLEW_KIND_TOOL) | CLEW_KINDS(CLEW_KIND_HANDOFF))
#define AGENTS CLEW_KINDS(CLEW_KIND_AGENT)
#define LLMS CLEW_KINDS(CLEW_KIND_LLM)
#define CHAINS CLEW_KINDS(CLEW_KIND_CHAIN)
/* Where a model name means a model call. */
#define MODELS                                                                                     \
        (LLMS | CLEW_KINDS(CLEW_KIND_EMBEDDING) | CLEW_KINDS(CLEW_KIND_RERANKER) |                 \
         CLEW_KINDS(CLEW_KIND_CHAIN) | CLEW_KINDS(CLEW_KIND_GENERIC))
#define NOT_TOOLS (~TOOLS)

/* What kind of step it is. A row whose value is weak lets later rows speak first. The rows after
 * llm.request.type are evidence only: the presence of the key. */
static const struct clew_rule kind_rules[] = {
        K("logfire.span_type", "logfire", PYDANTIC),
        K("langfuse.observation.type", "langfuse", LANGFUSE),
        K("openinference.span.kind", "openinference", OPENINFERENCE),
        K("mastra.span.type", "mastra", MASTRA),
        K("span.type", "claude_code", CLAUDE_CODE),
        K("langsmith.span.kind", "langsmith", LANGSMITH),
        K("mlflow.spanType", "mlflow", MLFLOW),
        K("langwatch.span.type", "langwatch", LANGWATCH),
        K("langwatch.type", "langwatch", LANGWATCH),
        K("gen_ai.span.kind", "gen_ai_kind", OTHER),
        K("gen_ai.span_kind_name", "gen_ai_kind", OTHER),
        K("gen_ai.operation.name", "operation", OTEL),
        K("traceloop.span.kind", "traceloop", OPENLLMETRY),
        K("genkit:metadata:subtype", "genkit", GENKIT),
        K("genkit:type", "genkit_type", GENKIT),
        K("ai.operationId", "aisdk", AISDK),
        K("mcp.method.name", "mcp", OTEL),
        K("llm.request.type", "request_type", OPENLLMETRY),
        P("gen_ai.tool.name", "tool", OTEL),
        P("gen_ai.tool.call.id", "tool", OTEL),
        P("gen_ai.tool.call_id", "tool", GEMINI_CLI),
        P("tool.name", "tool", OPENINFERENCE),
        P("ai.toolCall.name", "tool", AISDK),
        P("tool_arguments", "tool", PYDANTIC),
        P("lk.function_tool.name", "tool", LIVEKIT),
        P("gen_ai.retrieval.documents", "retriever", OTEL),
        P("gen_ai.retrieval.query.text", "retriever", OTEL),
        P("gen_ai.retrieval.query", "retriever", OPENLIT),
        P("retrieval.documents.0.document.content", "retriever", OPENINFERENCE),
        P("retrieval.documents.0.document.id", "retriever", OPENINFERENCE),
        P("db.vector.query.top_k", "retriever", OPENLLMETRY),
        P("embedding.model_name", "embedding", OPENINFERENCE),
        P("reranker.model_name", "reranker", OPENINFERENCE),
        P("lk.retry_count", "llm", LIVEKIT),
        P("lk.instructions", "agent", LIVEKIT),
        P("lk.generation_id", "agent", LIVEKIT),
        P("gen_ai.response.model", "llm", OTEL),
};

static const struct clew_rule name_rules[] = {
        T("langsmith.trace.name", LANGSMITH),
        T("logfire.msg", PYDANTIC),
        T("genkit:name", GENKIT),
        TK("ai.telemetry.functionId", AISDK, CHAINS | AGENTS),
        TK("traceloop.entity.name", OPENLLMETRY, ~LLMS),
        TK("gen_ai.workflow.name", OTEL, CHAINS),
};

static const struct clew_rule request_model_rules[] = {
        T("gen_ai.request.model", OTEL),
        T("llm.request.model_name", OPENINFERENCE),
        T("ai.model.id", AISDK),
        T("langfuse.observation.model.name", LANGFUSE),
        T("llm.model_name", OPENINFERENCE),
        T("embedding.model_name", OPENINFERENCE),
        T("reranker.model_name", OPENINFERENCE),
        Q("mlflow.llm.model", MLFLOW),
        TK("model", CLAUDE_CODE, LLMS | CHAINS | AGENTS),
        T("langsmith.metadata.ls_model_name", LANGSMITH),
        M("llm.invocation_parameters", "model", OPENINFERENCE),
        M("llm.invocation_parameters", "model_name", OPENINFERENCE),
        M("gcp.vertex.agent.llm_request", "model", ADK),
        M("request_data", "model", PYDANTIC),
        {.key = "genkit:name",
         .encoding = CLEW_ENC_TEXT,
         .dialect = CLEW_DIALECT_GENKIT,
         .kinds = LLMS | CLEW_KINDS(CLEW_KIND_EMBEDDING)},
        T("litellm.provider.model", LITELLM),
};

static const struct clew_rule response_model_rules[] = {
        T("gen_ai.response.model", OTEL),
        T("llm.response.model_name", OPENINFERENCE),
        T("ai.response.model", AISDK),
        M("gcp.vertex.agent.llm_response", "model_version", ADK),
};

static const struct clew_rule provider_rules[] = {
        T("gen_ai.provider.name", OTEL),
        T("gen_ai.system", OTEL),
        T("llm.provider", OPENINFERENCE),
        TK("llm.system", OPENINFERENCE, LLMS),
        Q("mlflow.llm.provider", MLFLOW),
        T("ai.model.provider", AISDK),
        T("langsmith.metadata.ls_provider", LANGSMITH),
};

static const struct clew_rule agent_name_rules[] = {
        T("gen_ai.agent.name", OTEL),
        T("agent.name", OPENINFERENCE),
        T("graph.node.name", OPENINFERENCE),
        T("graph.node.id", OPENINFERENCE),
        T("agent_name", PYDANTIC),
        TK("traceloop.entity.name", OPENLLMETRY, AGENTS),
        T("ai.telemetry.functionId", AISDK),
        T("lk.agent_name", LIVEKIT),
        M("metadata", "lc_agent_name", OPENINFERENCE),
        T("subagent_type", CLAUDE_CODE),
        M("metadata", "langgraph_node", OPENINFERENCE),
};

static const struct clew_rule agent_id_rules[] = {
        T("gen_ai.agent.id", OTEL),
        T("agent_id", CLAUDE_CODE),
        T("gen_ai.agent.call.id", PYDANTIC),
        T("graph.node.id", OPENINFERENCE),
};

static const struct clew_rule agent_parent_rules[] = {
        T("graph.node.parent_id", OPENINFERENCE),
        T("parent_agent_id", CLAUDE_CODE),
        T("gen_ai.task.parent.id", OPENLLMETRY),
};

static const struct clew_rule workflow_rules[] = {
        T("traceloop.workflow.name", OPENLLMETRY),
        T("gen_ai.workflow.name", OTEL),
        T("workflow.name", OTHER),
};

static const struct clew_rule tool_name_rules[] = {
        TK("gen_ai.tool.name", OTEL, TOOLS),
        TK("tool.name", OPENINFERENCE, TOOLS),
        TK("ai.toolCall.name", AISDK, TOOLS),
        TK("tool_name", CLAUDE_CODE, TOOLS),
        TK("lk.function_tool.name", LIVEKIT, TOOLS),
        TK("traceloop.entity.name", OPENLLMETRY, TOOLS),
        TK("genkit:name", GENKIT, TOOLS),
        TK("langsmith.trace.name", LANGSMITH, TOOLS),
};

static const struct clew_rule tool_call_id_rules[] = {
        T("gen_ai.tool.call.id", OTEL),
        T("gen_ai.tool.call_id", GEMINI_CLI),
        T("tool.id", OPENINFERENCE),
        T("tool_call.id", OPENINFERENCE),
        T("ai.toolCall.id", AISDK),
        T("tool_use_id", CLAUDE_CODE),
        T("mastra.metadata.toolCallId", MASTRA),
        T("lk.function_tool.id", LIVEKIT),
};

static const struct clew_rule tool_argument_rules[] = {
        T("gen_ai.tool.call.arguments", OTEL),
        QK("langfuse.observation.input", LANGFUSE, TOOLS),
        QK("ai.toolCall.args", AISDK, TOOLS),
        TK("tool_arguments", PYDANTIC, TOOLS),
        {.key = "gcp.vertex.agent.tool_call_args",
         .encoding = CLEW_ENC_TEXT,
         .dialect = CLEW_DIALECT_ADK,
         .flags = CLEW_RULE_NOT_BRACES,
         .kinds = TOOLS},
        TK("tool_input", CLAUDE_CODE, TOOLS),
        TK("full_command", CLAUDE_CODE, TOOLS),
        TK("file_path", CLAUDE_CODE, TOOLS),
        TK("tool_call.function.arguments", OPENINFERENCE, TOOLS),
        TK("lk.function_tool.arguments", LIVEKIT, TOOLS),
        TK("mastra.tool_call.input", MASTRA, TOOLS),
        TK("mastra.mcp_tool_call.input", MASTRA, TOOLS),
        QK("traceloop.entity.input", OPENLLMETRY, TOOLS),
        TK("mcp.request.argument", OPENLLMETRY, TOOLS),
        TK("gen_ai.tool.message/content", STRANDS, TOOLS),
        TK("input.value", OPENINFERENCE, TOOLS),
        QK("mlflow.spanInputs", MLFLOW, TOOLS),
        TK("gen_ai.tool.input", OPENLIT, TOOLS),
        TK("gen_ai.tool.args", OPENLIT, TOOLS),
        TK("gen_ai.prompt", LANGSMITH, TOOLS),
        QK("genkit:input", GENKIT, TOOLS),
        TK("langwatch.input", LANGWATCH, TOOLS),
        TK("tool.parameters", OPENINFERENCE, TOOLS),
};

static const struct clew_rule tool_result_rules[] = {
        Q("gen_ai.tool.call.result", OTEL),
        QK("langfuse.observation.output", LANGFUSE, TOOLS),
        QK("ai.toolCall.result", AISDK, TOOLS),
        TK("tool_response", PYDANTIC, TOOLS),
        TK("gcp.vertex.agent.tool_response", ADK, TOOLS),
        TK("tool.output/output", CLAUDE_CODE, TOOLS),
        TK("tool.output/content", CLAUDE_CODE, TOOLS),
        TK("tool.output/diff", CLAUDE_CODE, TOOLS),
        TK("lk.function_tool.output", LIVEKIT, TOOLS),
        TK("mastra.tool_call.output", MASTRA, TOOLS),
        TK("mastra.mcp_tool_call.output", MASTRA, TOOLS),
        QK("traceloop.entity.output", OPENLLMETRY, TOOLS),
        TK("mcp.response.value", OPENLLMETRY, TOOLS),
        TK("gen_ai.choice/message", STRANDS, TOOLS),
        TK("output.value", OPENINFERENCE, TOOLS),
        QK("mlflow.spanOutputs", MLFLOW, TOOLS),
        TK("gen_ai.tool.output", OPENLIT, TOOLS),
        TK("gen_ai.completion", LANGSMITH, TOOLS),
        QK("genkit:output", GENKIT, TOOLS),
        TK("langwatch.output", LANGWATCH, TOOLS),
        TK("output", CLAUDE_CODE, TOOLS),
};

static const struct clew_rule tool_definition_rules[] = {
        T("gen_ai.tool.definitions", OTEL),
        T("ai.prompt.tools", AISDK),
        T("mlflow.chat.tools", MLFLOW),
        M("model_request_parameters", "function_tools", PYDANTIC),
        M("llm.invocation_parameters", "tools", OPENINFERENCE),
        T("gen_ai.agent.tools", STRANDS),
};

static const struct clew_rule tool_description_rules[] = {
        T("gen_ai.tool.description", OTEL),
        T("tool.description", OPENINFERENCE),
};

static const struct clew_rule input_rules[] = {
        Q("langfuse.observation.input", LANGFUSE),
        T("langfuse.trace.input", LANGFUSE),
        T("gen_ai.input.messages", OTEL),
        T("mastra.agent_run.input", MASTRA),
        T("mastra.model_generation.input", MASTRA),
        T("mastra.model_inference.input", MASTRA),
        T("mastra.model_step.input", MASTRA),
        T("mastra.workflow_run.input", MASTRA),
        T("mastra.workflow_step.input", MASTRA),
        Q("genkit:input", GENKIT),
        T("ai.prompt.messages", AISDK),
        T("ai.prompt", AISDK),
        T("ai.value", AISDK),
        T("ai.values", AISDK),
        T("ai.documents", AISDK),
        T("input.value", OPENINFERENCE),
        Q("traceloop.entity.input", OPENLLMETRY),
        Q("mlflow.spanInputs", MLFLOW),
        TK("gen_ai.prompt", LANGSMITH, NOT_TOOLS),
        T("pydantic_ai.all_messages", PYDANTIC),
        TK("events", PYDANTIC, LLMS),
        T("all_messages_events", PYDANTIC),
        T("prompt", PYDANTIC),
        T("request_data", PYDANTIC),
        T("raw_input", PYDANTIC),
        TF("gcp.vertex.agent.llm_request", ADK, CLEW_RULE_NOT_BRACES),
        T("gcp.vertex.agent.data", ADK),
        T("langwatch.input", LANGWATCH),
        T("lk.input_text", LIVEKIT),
        T("lk.user_input", LIVEKIT),
        T("lk.user_transcript", LIVEKIT),
        T("lk.chat_ctx", LIVEKIT),
        T("gen_ai.workflow.input", OPENLIT),
        T("gen_ai.task.input", OPENLIT),
        T("user_prompt", CLAUDE_CODE),
        T("gen_ai.retrieval.query.text", OTEL),
        T("gen_ai.retrieval.query", OPENLIT),
        T("gen_ai.content.prompt/gen_ai.prompt", OTEL),
        T("input", OTHER),
};

static const struct clew_rule output_rules[] = {
        Q("langfuse.observation.output", LANGFUSE),
        T("langfuse.trace.output", LANGFUSE),
        T("gen_ai.output.messages", OTEL),
        T("mastra.agent_run.output", MASTRA),
        T("mastra.model_generation.output", MASTRA),
        T("mastra.model_inference.output", MASTRA),
        T("mastra.model_step.output", MASTRA),
        T("mastra.workflow_run.output", MASTRA),
        T("mastra.workflow_step.output", MASTRA),
        Q("genkit:output", GENKIT),
        T("ai.response.text", AISDK),
        T("ai.response.object", AISDK),
        T("ai.response.toolCalls", AISDK),
        T("ai.response.reasoning", AISDK),
        T("ai.result.text", AISDK),
        T("ai.result.object", AISDK),
        T("ai.result.toolCalls", AISDK),
        T("ai.ranking", AISDK),
        T("output.value", OPENINFERENCE),
        Q("traceloop.entity.output", OPENLLMETRY),
        Q("mlflow.spanOutputs", MLFLOW),
        TK("gen_ai.completion", LANGSMITH, NOT_TOOLS),
        TK("events", PYDANTIC, LLMS),
        T("final_result", PYDANTIC),
        T("response_data", PYDANTIC),
        T("response", PYDANTIC),
        T("gcp.vertex.agent.llm_response", ADK),
        T("langwatch.output", LANGWATCH),
        T("lk.response.text", LIVEKIT),
        T("lk.response.function_calls", LIVEKIT),
        T("gen_ai.workflow.output", OPENLIT),
        T("gen_ai.task.output", OPENLIT),
        T("response.model_output", CLAUDE_CODE),
        T("gen_ai.retrieval.documents", OTEL),
        T("gen_ai.choice/message", STRANDS),
        T("gen_ai.content.completion/gen_ai.completion", OTEL),
        T("output", OTHER),
};

static const struct clew_rule system_rules[] = {
        T("gen_ai.system_instructions", OTEL),
        T("lk.instructions", LIVEKIT),
        M("llm.invocation_parameters", "instructions", OPENINFERENCE),
};

#define NO_CACHE CLEW_RULE_NO_CACHE
#define NO_REASONING CLEW_RULE_NO_REASONING
#define ROLLUP CLEW_RULE_ROLLUP

static const struct clew_rule tokens_in_rules[] = {
        N("gen_ai.usage.input_tokens", OTEL),
        N("gen_ai.usage.prompt_tokens", OTEL),
        N("llm.token_count.prompt", OPENINFERENCE),
        N("ai.usage.inputTokens", AISDK),
        N("ai.usage.promptTokens", AISDK),
        N("ai.usage.tokens", AISDK),
        MNF("langfuse.observation.usage_details", "input", LANGFUSE, NO_CACHE),
        MN("langfuse.observation.usage_details", "prompt_tokens", LANGFUSE),
        MN("mlflow.chat.tokenUsage", "input_tokens", MLFLOW),
        MN("langsmith.usage_metadata", "input_tokens", LANGSMITH),
        NF("input_tokens", CLAUDE_CODE, NO_CACHE),
        N("codex.turn.token_usage.input_tokens", CODEX),
        N("input_token_count", CODEX),
        MN("gcp.vertex.agent.llm_response", "usage_metadata.prompt_token_count", ADK),
        MN("genkit:output", "usage.inputTokens", GENKIT),
        N("llm.usage.prompt_tokens", OPENLLMETRY),
        NF("gen_ai.aggregated_usage.input_tokens", PYDANTIC, ROLLUP),
};

static const struct clew_rule tokens_out_rules[] = {
        N("gen_ai.usage.output_tokens", OTEL),
        N("gen_ai.usage.completion_tokens", OTEL),
        N("llm.token_count.completion", OPENINFERENCE),
        N("ai.usage.outputTokens", AISDK),
        N("ai.usage.completionTokens", AISDK),
        MNF("langfuse.observation.usage_details", "output", LANGFUSE, NO_REASONING),
        MN("langfuse.observation.usage_details", "completion_tokens", LANGFUSE),
        MN("mlflow.chat.tokenUsage", "output_tokens", MLFLOW),
        MN("langsmith.usage_metadata", "output_tokens", LANGSMITH),
        N("output_tokens", CLAUDE_CODE),
        N("codex.turn.token_usage.output_tokens", CODEX),
        N("output_token_count", CODEX),
        MNF("gcp.vertex.agent.llm_response", "usage_metadata.candidates_token_count", ADK,
            NO_REASONING),
        MN("genkit:output", "usage.outputTokens", GENKIT),
        N("llm.usage.completion_tokens", OPENLLMETRY),
        NF("gen_ai.aggregated_usage.output_tokens", PYDANTIC, ROLLUP),
};

static const struct clew_rule tokens_total_rules[] = {
        N("gen_ai.usage.total_tokens", OTEL),
        N("llm.token_count.total", OPENINFERENCE),
        N("ai.usage.totalTokens", AISDK),
        N("llm.usage.total_tokens", OPENLLMETRY),
        MN("langfuse.observation.usage_details", "total", LANGFUSE),
        MN("mlflow.chat.tokenUsage", "total_tokens", MLFLOW),
        MN("langsmith.usage_metadata", "total_tokens", LANGSMITH),
        MN("gcp.vertex.agent.llm_response", "usage_metadata.total_token_count", ADK),
        MN("genkit:output", "usage.totalTokens", GENKIT),
};

static const struct clew_rule tokens_cache_read_rules[] = {
        N("gen_ai.usage.cache_read.input_tokens", OTEL),
        N("gen_ai.usage.cache_read_input_tokens", OTEL),
        N("gen_ai.usage.cache_read_tokens", OTEL),
        N("gen_ai.usage.cached_input_tokens", MASTRA),
        N("gen_ai.usage.details.cache_read_tokens", PYDANTIC),
        N("gen_ai.usage.details.cache_read_input_tokens", PYDANTIC),
        N("gen_ai.usage.details.cached_tokens", PYDANTIC),
        N("gen_ai.usage.input_cached_tokens", OTHER),
        N("llm.token_count.prompt_details.cache_read", OPENINFERENCE),
        N("llm.token_count.prompt_details.cache_input", OPENINFERENCE),
        N("ai.usage.inputTokenDetails.cacheReadTokens", AISDK),
        N("ai.usage.cachedInputTokens", AISDK),
        MN("ai.response.providerMetadata", "openai.cachedPromptTokens", AISDK),
        MN("ai.response.providerMetadata", "anthropic.usage.cache_read_input_tokens", AISDK),
        MN("langfuse.observation.usage_details", "input_cached_tokens", LANGFUSE),
        MN("langfuse.observation.usage_details", "cache_read_input_tokens", LANGFUSE),
        MN("mlflow.chat.tokenUsage", "cache_read_input_tokens", MLFLOW),
        MN("langsmith.usage_metadata", "input_token_details.cache_read", LANGSMITH),
        MN("gen_ai.usage.input_token_details", "cache_read", LANGSMITH),
        N("cache_read_tokens", CLAUDE_CODE),
        N("codex.turn.token_usage.cached_input_tokens", CODEX),
        N("cached_token_count", CODEX),
        MN("gcp.vertex.agent.llm_response", "usage_metadata.cached_content_token_count", ADK),
        MN("genkit:output", "usage.cachedContentTokens", GENKIT),
};

static const struct clew_rule tokens_cache_write_rules[] = {
        N("gen_ai.usage.cache_write.input_tokens", OTEL),
        N("gen_ai.usage.cache_creation.input_tokens", OTEL),
        N("gen_ai.usage.cache_creation_input_tokens", OTEL),
        N("gen_ai.usage.cache_write_input_tokens", STRANDS),
        N("gen_ai.usage.cache_write_tokens", OTEL),
        N("gen_ai.usage.details.cache_write_tokens", PYDANTIC),
        N("gen_ai.usage.details.cache_creation_input_tokens", PYDANTIC),
        N("gen_ai.usage.input_cache_creation", OTHER),
        N("llm.token_count.prompt_details.cache_write", OPENINFERENCE),
        N("ai.usage.inputTokenDetails.cacheWriteTokens", AISDK),
        MN("langfuse.observation.usage_details", "input_cache_creation", LANGFUSE),
        MN("langfuse.observation.usage_details", "cache_creation_input_tokens", LANGFUSE),
        MN("mlflow.chat.tokenUsage", "cache_creation_input_tokens", MLFLOW),
        N("cache_creation_tokens", CLAUDE_CODE),
        N("codex.turn.token_usage.cache_write_input_tokens", CODEX),
};

static const struct clew_rule tokens_reasoning_rules[] = {
        N("gen_ai.usage.reasoning.output_tokens", OTEL),
        N("gen_ai.usage.reasoning_tokens", OTEL),
        N("llm.token_count.completion_details.reasoning", OPENINFERENCE),
        N("ai.usage.outputTokenDetails.reasoningTokens", AISDK),
        N("ai.usage.reasoningTokens", AISDK),
        N("llm.usage.reasoning_tokens", OPENLLMETRY),
        N("gen_ai.usage.details.reasoning_tokens", PYDANTIC),
        MN("langfuse.observation.usage_details", "output_reasoning_tokens", LANGFUSE),
        MN("langsmith.usage_metadata", "output_token_details.reasoning", LANGSMITH),
        MN("gen_ai.usage.output_token_details", "reasoning", LANGSMITH),
        N("codex.turn.token_usage.reasoning_output_tokens", CODEX),
        N("codex.usage.reasoning_output_tokens", CODEX),
        MN("gcp.vertex.agent.llm_response", "usage_metadata.thoughts_token_count", ADK),
        MN("genkit:output", "usage.thoughtsTokens", GENKIT),
};

static const struct clew_rule cost_rules[] = {
        N("gen_ai.usage.cost", OTHER),
        N("llm.cost.total", OPENINFERENCE),
        N("operation.cost", PYDANTIC),
        MN("langfuse.observation.cost_details", "total", LANGFUSE),
        MN("mlflow.llm.cost", "total_cost", MLFLOW),
        N("litellm.cost.total", LITELLM),
        N("langwatch.span.cost", LANGWATCH),
        N("cost_usd", CLAUDE_CODE),
};

static const struct clew_rule cost_in_rules[] = {
        N("llm.cost.prompt", OPENINFERENCE),
        MN("langfuse.observation.cost_details", "input", LANGFUSE),
        MN("mlflow.llm.cost", "input_cost", MLFLOW),
};

static const struct clew_rule cost_out_rules[] = {
        N("llm.cost.completion", OPENINFERENCE),
        MN("langfuse.observation.cost_details", "output", LANGFUSE),
        MN("mlflow.llm.cost", "output_cost", MLFLOW),
};

static const struct clew_rule finish_reason_rules[] = {
        F("gen_ai.response.finish_reasons", OTEL),
        T("gen_ai.response.finish_reason", OTHER),
        T("llm.finish_reason", OPENINFERENCE),
        T("ai.response.finishReason", AISDK),
        T("ai.finishReason", AISDK),
        T("gen_ai.completion.0.finish_reason", OPENLLMETRY),
        T("stop_reason", CLAUDE_CODE),
        T("gen_ai.response.stop_reason", OPENLLMETRY),
        T("llm.response.finish_reason", OPENLLMETRY),
        M("gcp.vertex.agent.llm_response", "finish_reason", ADK),
        M("genkit:output", "finishReason", GENKIT),
        T("gen_ai.choice/finish_reason", STRANDS),
};

static const struct clew_rule response_id_rules[] = {
        T("gen_ai.response.id", OTEL),
        T("ai.response.id", AISDK),
        T("request_id", CLAUDE_CODE),
};

static const struct clew_rule response_status_rules[] = {
        T("gen_ai.response.status", OTEL),
};

static const struct clew_rule error_flag_rules[] = {
        E("langfuse.observation.level", "ERROR", LANGFUSE),
        {.key = "success", .encoding = CLEW_ENC_NOT, .dialect = CLEW_DIALECT_CLAUDE_CODE},
        E("gen_ai.tool.status", "error", STRANDS),
        E("genkit:state", "error", GENKIT),
        {.key = "logfire.level_num",
         .member = "17",
         .encoding = CLEW_ENC_AT_LEAST,
         .dialect = CLEW_DIALECT_PYDANTIC},
        E("gen_ai.task.status", "failure", OPENLLMETRY),
        {.key = "error.has_error", .encoding = CLEW_ENC_FLAG, .dialect = CLEW_DIALECT_LANGWATCH},
        {.key = "lk.function_tool.is_error",
         .encoding = CLEW_ENC_FLAG,
         .dialect = CLEW_DIALECT_LIVEKIT},
};

static const struct clew_rule error_type_rules[] = {
        T("error.type", OTEL),
        T("exception.type", OPENINFERENCE),
        T("litellm.provider.error.code", LITELLM),
};

static const struct clew_rule error_message_rules[] = {
        T("langfuse.observation.status_message", LANGFUSE),
        T("exception.message", OPENINFERENCE),
        T("error.message", OTEL),
        T("error", CLAUDE_CODE),
        T("genkit:error", GENKIT),
        T("span.error.message", LANGWATCH),
        T("logfire.msg", PYDANTIC),
};

static const struct clew_rule error_stack_rules[] = {
        T("exception.stacktrace", OPENINFERENCE),
        T("litellm.provider.error.stack_trace", LITELLM),
};

/* langsmith.trace.session_id and .session_name are the project and stand here on purpose not. */
static const struct clew_rule session_rules[] = {
        T("langfuse.session.id", LANGFUSE),
        T("gen_ai.conversation.id", OTEL),
        T("session.id", OPENINFERENCE),
        T("gen_ai.session.id", OTHER),
        T("traceloop.association.properties.session_id", OPENLLMETRY),
        T("traceloop.association.properties.conversation_id", OPENLLMETRY),
        T("traceloop.association.properties.thread_id", OPENLLMETRY),
        T("traceloop.association.properties.chat_id", OPENLLMETRY),
        T("ai.telemetry.metadata.sessionId", AISDK),
        T("langsmith.metadata.session_id", LANGSMITH),
        T("langsmith.metadata.thread_id", LANGSMITH),
        T("langsmith.metadata.conversation_id", LANGSMITH),
        T("mastra.metadata.threadId", MASTRA),
        T("gcp.vertex.agent.session_id", ADK),
        T("langwatch.thread.id", LANGWATCH),
        T("langwatch.thread_id", LANGWATCH),
        T("mlflow.trace.session", MLFLOW),
        T("conversation.id", CODEX),
        T("thread.id", CODEX),
        M("metadata", "session_id", OPENINFERENCE),
        M("metadata", "thread_id", OPENINFERENCE),
        M("metadata", "conversation_id", OPENINFERENCE),
        T("langfuse.trace.metadata.langfuse_session_id", LANGFUSE),
        T("langfuse.observation.metadata.langfuse_session_id", LANGFUSE),
};

static const struct clew_rule user_rules[] = {
        T("langfuse.user.id", LANGFUSE),
        T("user.id", OPENINFERENCE),
        T("enduser.id", OTEL),
        T("enduser.pseudo.id", OTHER),
        T("gen_ai.user.id", OTHER),
        T("gen_ai.user", OTHER),
        T("llm.user", OPENLLMETRY),
        T("ai.telemetry.metadata.userId", AISDK),
        T("traceloop.association.properties.user_id", OPENLLMETRY),
        T("traceloop.association.properties.userId", OPENLLMETRY),
        T("langsmith.metadata.user_id", LANGSMITH),
        T("mastra.metadata.userId", MASTRA),
        T("langwatch.user.id", LANGWATCH),
        T("mlflow.trace.user", MLFLOW),
        T("litellm.end_user.id", LITELLM),
        M("metadata", "user_id", OPENINFERENCE),
        T("langfuse.trace.metadata.langfuse_user_id", LANGFUSE),
        T("langfuse.observation.metadata.langfuse_user_id", LANGFUSE),
};

static const struct clew_rule tags_rules[] = {
        T("langfuse.trace.tags", LANGFUSE),     T("tag.tags", OPENINFERENCE),
        T("langsmith.span.tags", LANGSMITH),    T("logfire.tags", PYDANTIC),
        T("ai.telemetry.metadata.tags", AISDK), T("langwatch.labels", LANGWATCH),
        T("langwatch.tags", LANGWATCH),
};

static const struct clew_rule trace_name_rules[] = {
        T("langfuse.trace.name", LANGFUSE),
};

/* clang-format off */
#define FIELD(f, t) [CLEW_FIELD_##f] = {t, CLEW_ARRAY_LEN(t)}
/* clang-format on */
static const struct {
        const struct clew_rule *rules;
        size_t n;
} fields[CLEW_FIELD_COUNT] = {
        FIELD(KIND, kind_rules),
        FIELD(NAME, name_rules),
        FIELD(REQUEST_MODEL, request_model_rules),
        FIELD(RESPONSE_MODEL, response_model_rules),
        FIELD(PROVIDER, provider_rules),
        FIELD(AGENT_NAME, agent_name_rules),
        FIELD(AGENT_ID, agent_id_rules),
        FIELD(AGENT_PARENT, agent_parent_rules),
        FIELD(WORKFLOW, workflow_rules),
        FIELD(TOOL_NAME, tool_name_rules),
        FIELD(TOOL_CALL_ID, tool_call_id_rules),
        FIELD(TOOL_ARGUMENTS, tool_argument_rules),
        FIELD(TOOL_RESULT, tool_result_rules),
        FIELD(TOOL_DEFINITIONS, tool_definition_rules),
        FIELD(TOOL_DESCRIPTION, tool_description_rules),
        FIELD(INPUT, input_rules),
        FIELD(OUTPUT, output_rules),
        FIELD(SYSTEM, system_rules),
        FIELD(TOKENS_IN, tokens_in_rules),
        FIELD(TOKENS_OUT, tokens_out_rules),
        FIELD(TOKENS_TOTAL, tokens_total_rules),
        FIELD(TOKENS_CACHE_READ, tokens_cache_read_rules),
        FIELD(TOKENS_CACHE_WRITE, tokens_cache_write_rules),
        FIELD(TOKENS_REASONING, tokens_reasoning_rules),
        FIELD(COST, cost_rules),
        FIELD(COST_IN, cost_in_rules),
        FIELD(COST_OUT, cost_out_rules),
        FIELD(FINISH_REASON, finish_reason_rules),
        FIELD(RESPONSE_ID, response_id_rules),
        FIELD(RESPONSE_STATUS, response_status_rules),
        FIELD(ERROR_FLAG, error_flag_rules),
        FIELD(ERROR_TYPE, error_type_rules),
        FIELD(ERROR_MESSAGE, error_message_rules),
        FIELD(ERROR_STACK, error_stack_rules),
        FIELD(SESSION, session_rules),
        FIELD(USER, user_rules),
        FIELD(TAGS, tags_rules),
        FIELD(TRACE_NAME, trace_name_rules),
};

/* ---- lookup -----------------------------------------------------------------------------------
 */

/* Four times the number of distinct keys, a power of two; checked when the index is built. */
#define SLOTS 2048u
#define HITS_MAX 640u /* rows of all tables */

struct slot {
        struct clew_slice key;
        uint16_t first; /* into hits */
        uint16_t n;
};

static struct slot slots[SLOTS];
static struct clew_rule_hit hits[HITS_MAX];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Length and both ends tell these keys apart well enough, and cost a few cycles. */
static uint32_t key_hash(struct clew_slice key)
{
        uint64_t head = 0;
        uint64_t tail = 0;
        size_t n = key.len < 8 ? key.len : 8;

        if (n == 0)
                return 0;
        memcpy(&head, key.data, n);
        memcpy(&tail, key.data + key.len - n, n);
        head = (head ^ (tail << 23 | tail >> 41) ^ key.len) * 0x9e3779b97f4a7c15ull;
        head ^= tail * 0xc2b2ae3d27d4eb4full;
        return (uint32_t)((head ^ head >> 29) * 0x9e3779b97f4a7c15ull >> 32);
}

static struct slot *slot_of(struct clew_slice key)
{
        uint32_t i = key_hash(key);

        for (;; i++) {
                struct slot *s = &slots[i % SLOTS];

                if (s->key.len == 0 || clew_slice_eq(s->key, key))
                        return s;
        }
}

/* Two passes: count the rows of each key, then place them so that the rows of a key lie together.
 */
static void build_index(void)
{
        uint16_t next = 0;

        for (unsigned f = 0; f < CLEW_FIELD_COUNT; f++) {
                for (size_t r = 0; r < fields[f].n; r++) {
                        struct slot *s = slot_of(clew_slice_of_cstr(fields[f].rules[r].key));

                        s->key = clew_slice_of_cstr(fields[f].rules[r].key);
                        s->n++;
                }
        }
        for (size_t i = 0; i < SLOTS; i++) {
                slots[i].first = next;
                next = (uint16_t)(next + slots[i].n);
                slots[i].n = 0;
        }
        CLEW_ASSERT(next <= HITS_MAX && next < SLOTS / 2);
        for (unsigned f = 0; f < CLEW_FIELD_COUNT; f++) {
                for (size_t r = 0; r < fields[f].n; r++) {
                        struct slot *s = slot_of(clew_slice_of_cstr(fields[f].rules[r].key));

                        hits[s->first + s->n++] = (struct clew_rule_hit){
                                .rule = &fields[f].rules[r],
                                .field = (uint8_t)f,
                                .rank = (uint8_t)r,
                                .key_dialect = (uint8_t)clew_dialect_of_key(s->key),
                        };
                }
        }
}

const struct clew_rule_hit *clew_rules_find(struct clew_slice key, unsigned *ret_n)
{
        const struct slot *s;

        pthread_once(&once, build_index);
        *ret_n = 0;
        if (key.len == 0)
                return NULL;
        s = slot_of(key);
        if (s->key.len == 0)
                return NULL;
        *ret_n = s->n;
        return &hits[s->first];
}
