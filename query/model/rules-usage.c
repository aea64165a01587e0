/*
 * Tables: tokens, cost, and how a model call ended.
 */
#include "query/model/rules-table-int.h"

/* Where a raw answer of an API may be the output. */
#define MODELS_ALONE (LLMS | CLEW_KINDS(CLEW_KIND_EMBEDDING) | CLEW_KINDS(CLEW_KIND_RERANKER))

static const struct clew_rule tokens_in_rules[] = {
        N("gen_ai.usage.input_tokens", OTEL),
        N("gen_ai.usage.prompt_tokens", OTEL),
        N("llm.token_count.prompt", OPENINFERENCE),
        N("ai.usage.inputTokens", AISDK),
        N("ai.usage.promptTokens", AISDK),
        N("ai.usage.tokens", AISDK),
        MNF("langfuse.observation.usage_details", "input", LANGFUSE, BAG | NO_CACHE),
        MNF("langfuse.observation.usage_details", "prompt_tokens", LANGFUSE, BAG),
        MNF("langfuse.observation.usage_details", "input_tokens", LANGFUSE, BAG),
        MNF("langfuse.observation.usage_details", "promptTokens", LANGFUSE, BAG),
        MNF("langfuse.observation.usage_details", "inputTokens", LANGFUSE, BAG),
        MN("mlflow.chat.tokenUsage", "input_tokens", MLFLOW),
        MN("langsmith.usage_metadata", "input_tokens", LANGSMITH),
        MN("langsmith.metadata.usage_metadata", "input_tokens", LANGSMITH),
        NF("input_tokens", CLAUDE_CODE, NO_CACHE),
        N("codex.turn.token_usage.input_tokens", CODEX),
        N("input_token_count", CODEX),
        N("codex.sse_event/input_token_count", CODEX),
        NF("api_request/input_tokens", CLAUDE_CODE, NO_CACHE),
        MN("gcp.vertex.agent.llm_response", "usage_metadata.prompt_token_count", ADK),
        MN("genkit:output", "usage.inputTokens", GENKIT),
        N("llm.usage.prompt_tokens", OPENLLMETRY),
        NF("gen_ai.aggregated_usage.input_tokens", PYDANTIC, ROLLUP),
        NF("__computed__.cumulative_token_count.prompt", PROMPTFLOW, ROLLUP),
        MN("braintrust.metrics", "prompt_tokens", BRAINTRUST),
        MN("haystack.component.output", "replies.0.meta.usage.prompt_tokens", HAYSTACK),
        MN("haystack.component.output", "meta.0.usage.prompt_tokens", HAYSTACK),
        MN("haystack.component.output", "meta.usage.prompt_tokens", HAYSTACK),
        N("llm.usage.input_tokens", OTHER),
        NF("openclaw.tokens.input", OPENCLAW, NO_CACHE),
        N("ai.prompt_tokens.used", SENTRY),
        N("gen_ai.response.prompt_tokens", SEMANTIC_KERNEL),
        {.key = "output.value",
         .member = "usage.prompt_tokens",
         .encoding = CLEW_ENC_MEMBER_NUMBER,
         .dialect = CLEW_DIALECT_OPENINFERENCE,
         .kinds = MODELS_ALONE},
        {.key = "output.value",
         .member = "usage.input_tokens",
         .encoding = CLEW_ENC_MEMBER_NUMBER,
         .dialect = CLEW_DIALECT_OPENINFERENCE,
         .kinds = MODELS_ALONE},
};

static const struct clew_rule tokens_out_rules[] = {
        N("gen_ai.usage.output_tokens", OTEL),
        N("gen_ai.usage.completion_tokens", OTEL),
        N("llm.token_count.completion", OPENINFERENCE),
        N("ai.usage.outputTokens", AISDK),
        N("ai.usage.completionTokens", AISDK),
        MNF("langfuse.observation.usage_details", "output", LANGFUSE, BAG | NO_REASONING),
        MNF("langfuse.observation.usage_details", "completion_tokens", LANGFUSE, BAG),
        MNF("langfuse.observation.usage_details", "output_tokens", LANGFUSE, BAG),
        MNF("langfuse.observation.usage_details", "completionTokens", LANGFUSE, BAG),
        MNF("langfuse.observation.usage_details", "outputTokens", LANGFUSE, BAG),
        MN("mlflow.chat.tokenUsage", "output_tokens", MLFLOW),
        MN("langsmith.usage_metadata", "output_tokens", LANGSMITH),
        MN("langsmith.metadata.usage_metadata", "output_tokens", LANGSMITH),
        N("output_tokens", CLAUDE_CODE),
        N("codex.turn.token_usage.output_tokens", CODEX),
        N("output_token_count", CODEX),
        N("codex.sse_event/output_token_count", CODEX),
        N("api_request/output_tokens", CLAUDE_CODE),
        MNF("gcp.vertex.agent.llm_response", "usage_metadata.candidates_token_count", ADK,
            NO_REASONING),
        MN("genkit:output", "usage.outputTokens", GENKIT),
        N("llm.usage.completion_tokens", OPENLLMETRY),
        NF("gen_ai.aggregated_usage.output_tokens", PYDANTIC, ROLLUP),
        NF("__computed__.cumulative_token_count.completion", PROMPTFLOW, ROLLUP),
        MN("braintrust.metrics", "completion_tokens", BRAINTRUST),
        MN("haystack.component.output", "replies.0.meta.usage.completion_tokens", HAYSTACK),
        MN("haystack.component.output", "meta.0.usage.completion_tokens", HAYSTACK),
        N("llm.usage.output_tokens", OTHER),
        N("openclaw.tokens.output", OPENCLAW),
        N("ai.completion_tokens.used", SENTRY),
        N("gen_ai.response.completion_tokens", SEMANTIC_KERNEL),
        {.key = "output.value",
         .member = "usage.completion_tokens",
         .encoding = CLEW_ENC_MEMBER_NUMBER,
         .dialect = CLEW_DIALECT_OPENINFERENCE,
         .kinds = MODELS_ALONE},
        {.key = "output.value",
         .member = "usage.output_tokens",
         .encoding = CLEW_ENC_MEMBER_NUMBER,
         .dialect = CLEW_DIALECT_OPENINFERENCE,
         .kinds = MODELS_ALONE},
};

static const struct clew_rule tokens_total_rules[] = {
        N("gen_ai.usage.total_tokens", OTEL),
        N("llm.token_count.total", OPENINFERENCE),
        N("ai.usage.totalTokens", AISDK),
        N("llm.usage.total_tokens", OPENLLMETRY),
        MN("langfuse.observation.usage_details", "total", LANGFUSE),
        MN("mlflow.chat.tokenUsage", "total_tokens", MLFLOW),
        MN("langsmith.usage_metadata", "total_tokens", LANGSMITH),
        MN("langsmith.metadata.usage_metadata", "total_tokens", LANGSMITH),
        MN("gcp.vertex.agent.llm_response", "usage_metadata.total_token_count", ADK),
        MN("genkit:output", "usage.totalTokens", GENKIT),
        MN("langfuse.observation.usage_details", "total_tokens", LANGFUSE),
        MN("langfuse.observation.usage_details", "totalTokens", LANGFUSE),
        MN("braintrust.metrics", "tokens", BRAINTRUST),
        N("openclaw.tokens.total", OPENCLAW),
        N("ai.total_tokens.used", SENTRY),
        NF("__computed__.cumulative_token_count.total", PROMPTFLOW, ROLLUP),
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
        N("gen_ai.usage.prompt_tokens_details.cache_read", OPENLIT),
        N("gen_ai.usage.prompt_tokens_details.cached_tokens", OTHER),
        N("gen_ai.usage.input_tokens_details.cached_tokens", OTHER),
        N("gen_ai.usage.input_token_details.cached", OTHER),
        N("gen_ai.usage.input_tokens.cached", SENTRY),
        N("gen_ai.usage.cached_tokens", OTHER),
        N("gen_ai.usage.details.cache_read", PYDANTIC),
        N("llm.token_count.prompt_details.cache_read", OPENINFERENCE),
        N("llm.token_count.prompt_details.cache_input", OPENINFERENCE),
        N("ai.usage.inputTokenDetails.cacheReadTokens", AISDK),
        N("ai.usage.cachedInputTokens", AISDK),
        MN("ai.response.providerMetadata", "openai.cachedPromptTokens", AISDK),
        MN("ai.response.providerMetadata", "anthropic.usage.cache_read_input_tokens", AISDK),
        MN("ai.response.providerMetadata", "anthropic.cacheReadInputTokens", AISDK),
        MN("ai.response.providerMetadata", "bedrock.usage.cacheReadInputTokens", AISDK),
        MN("ai.response.providerMetadata", "google.usageMetadata.cachedContentTokenCount", AISDK),
        MN("ai.response.providerMetadata", "vertex.usageMetadata.cachedContentTokenCount", AISDK),
        MN("ai.response.providerMetadata", "azure.cachedPromptTokens", AISDK),
        MN("ai.response.providerMetadata", "deepseek.promptCacheHitTokens", AISDK),
        MN("langfuse.observation.usage_details", "prompt_tokens_details.cached_tokens", LANGFUSE),
        MN("langfuse.observation.usage_details", "input_tokens_details.cached_tokens", LANGFUSE),
        MN("mlflow.chat.tokenUsage", "cache_read_input_tokens", MLFLOW),
        MN("langsmith.usage_metadata", "input_token_details.cache_read", LANGSMITH),
        MN("langsmith.metadata.usage_metadata", "input_token_details.cache_read", LANGSMITH),
        MN("gen_ai.usage.input_token_details", "cache_read", LANGSMITH),
        N("cache_read_tokens", CLAUDE_CODE),
        N("codex.turn.token_usage.cached_input_tokens", CODEX),
        N("cached_token_count", CODEX),
        N("codex.sse_event/cached_token_count", CODEX),
        N("api_request/cache_read_tokens", CLAUDE_CODE),
        MN("gcp.vertex.agent.llm_response", "usage_metadata.cached_content_token_count", ADK),
        MN("genkit:output", "usage.cachedContentTokens", GENKIT),
        MN("braintrust.metrics", "prompt_cached_tokens", BRAINTRUST),
        N("openclaw.tokens.cache_read", OPENCLAW),
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
        N("gen_ai.usage.prompt_tokens_details.cache_write", OPENLIT),
        N("gen_ai.usage.prompt_tokens_details.cache_creation", OPENLIT),
        N("gen_ai.usage.input_tokens.cache_write", SENTRY),
        N("llm.token_count.prompt_details.cache_write", OPENINFERENCE),
        N("ai.usage.inputTokenDetails.cacheWriteTokens", AISDK),
        MN("ai.response.providerMetadata", "anthropic.usage.cache_creation_input_tokens", AISDK),
        MN("ai.response.providerMetadata", "anthropic.cacheCreationInputTokens", AISDK),
        MN("ai.response.providerMetadata", "bedrock.usage.cacheWriteInputTokens", AISDK),
        MN("mlflow.chat.tokenUsage", "cache_creation_input_tokens", MLFLOW),
        MN("langsmith.usage_metadata", "input_token_details.cache_creation", LANGSMITH),
        MN("langsmith.metadata.usage_metadata", "input_token_details.cache_creation", LANGSMITH),
        MN("gen_ai.usage.input_token_details", "cache_creation", LANGSMITH),
        N("cache_creation_tokens", CLAUDE_CODE),
        N("api_request/cache_creation_tokens", CLAUDE_CODE),
        N("codex.turn.token_usage.cache_write_input_tokens", CODEX),
        MN("braintrust.metrics", "prompt_cache_creation_tokens", BRAINTRUST),
        N("openclaw.tokens.cache_write", OPENCLAW),
};

static const struct clew_rule tokens_reasoning_rules[] = {
        N("gen_ai.usage.reasoning.output_tokens", OTEL),
        N("gen_ai.usage.reasoning_tokens", OTEL),
        N("llm.token_count.completion_details.reasoning", OPENINFERENCE),
        N("ai.usage.outputTokenDetails.reasoningTokens", AISDK),
        N("ai.usage.reasoningTokens", AISDK),
        N("llm.usage.reasoning_tokens", OPENLLMETRY),
        N("gen_ai.usage.details.reasoning_tokens", PYDANTIC),
        N("gen_ai.usage.details.thoughts_tokens", PYDANTIC),
        N("gen_ai.usage.completion_tokens_details.reasoning", OPENLIT),
        N("gen_ai.usage.completion_tokens_details.reasoning_tokens", OTHER),
        N("gen_ai.usage.output_tokens_details.reasoning_tokens", OTHER),
        N("gen_ai.usage.output_token_details.reasoning", OTHER),
        N("gen_ai.usage.output_tokens.reasoning", SENTRY),
        MN("ai.response.providerMetadata", "openai.reasoningTokens", AISDK),
        MN("ai.response.providerMetadata", "azure.reasoningTokens", AISDK),
        MN("ai.response.providerMetadata", "google.usageMetadata.thoughtsTokenCount", AISDK),
        MN("ai.response.providerMetadata", "vertex.usageMetadata.thoughtsTokenCount", AISDK),
        MN("langfuse.observation.usage_details", "completion_tokens_details.reasoning_tokens",
           LANGFUSE),
        MN("langfuse.observation.usage_details", "output_tokens_details.reasoning_tokens",
           LANGFUSE),
        MN("langsmith.usage_metadata", "output_token_details.reasoning", LANGSMITH),
        MN("langsmith.metadata.usage_metadata", "output_token_details.reasoning", LANGSMITH),
        MN("gen_ai.usage.output_token_details", "reasoning", LANGSMITH),
        N("codex.turn.token_usage.reasoning_output_tokens", CODEX),
        N("codex.usage.reasoning_output_tokens", CODEX),
        N("codex.sse_event/reasoning_token_count", CODEX),
        MN("gcp.vertex.agent.llm_response", "usage_metadata.thoughts_token_count", ADK),
        MN("genkit:output", "usage.thoughtsTokens", GENKIT),
        MN("braintrust.metrics", "completion_reasoning_tokens", BRAINTRUST),
};

/* What of a count is not text. */
static const struct clew_rule tokens_in_audio_rules[] = {
        N("gen_ai.usage.audio.input_tokens", OTEL),
        N("llm.token_count.prompt_details.audio", OPENINFERENCE),
        N("gen_ai.usage.input_audio_tokens", LANGWATCH),
        N("gen_ai.usage.prompt_tokens_details.audio", OPENLIT),
        MN("langfuse.observation.usage_details", "prompt_tokens_details.audio_tokens", LANGFUSE),
        MN("langsmith.usage_metadata", "input_token_details.audio", LANGSMITH),
        MN("gen_ai.usage.input_token_details", "audio", LANGSMITH),
};

static const struct clew_rule tokens_in_image_rules[] = {
        N("gen_ai.usage.image.input_tokens", OTEL),
};

static const struct clew_rule tokens_out_audio_rules[] = {
        N("gen_ai.usage.audio.output_tokens", OTEL),
        N("llm.token_count.completion_details.audio", OPENINFERENCE),
        N("gen_ai.usage.output_audio_tokens", LANGWATCH),
        N("gen_ai.usage.completion_tokens_details.audio", OPENLIT),
        MN("langfuse.observation.usage_details", "completion_tokens_details.audio_tokens",
           LANGFUSE),
        MN("langsmith.usage_metadata", "output_token_details.audio", LANGSMITH),
        MN("gen_ai.usage.output_token_details", "audio", LANGSMITH),
};

static const struct clew_rule tokens_out_image_rules[] = {
        N("gen_ai.usage.image.output_tokens", OTEL),
};

/* What the provider says for itself: input without cached input, output without reasoning. A count
 * that equals it was sent so. */
static const struct clew_rule tokens_bare_in_rules[] = {
        MN("ai.response.providerMetadata", "anthropic.usage.input_tokens", AISDK),
        MN("ai.response.providerMetadata", "bedrock.usage.inputTokens", AISDK),
};

static const struct clew_rule tokens_bare_out_rules[] = {
        MN("ai.response.providerMetadata", "google.usageMetadata.candidatesTokenCount", AISDK),
        MN("ai.response.providerMetadata", "vertex.usageMetadata.candidatesTokenCount", AISDK),
};

/* Signs that input was sent without cached input: the SDK hands on what the API counts. */
static const struct clew_rule tokens_apart_rules[] = {
        E("rpc.service", "Bedrock Runtime", OTHER),
        E("rpc.service", "BedrockRuntime", OTHER),
};

/* Open lists of counts and costs; usage.c reads them whole. */
static const struct clew_rule usage_bag_rules[] = {
        T("langfuse.observation.usage_details", LANGFUSE),
};

static const struct clew_rule cost_bag_rules[] = {
        T("langfuse.observation.cost_details", LANGFUSE),
};

static const struct clew_rule cost_currency_rules[] = {
        T("gen_ai.usage.cost.currency", OTHER),
        T("gen_ai.cost.currency", OTHER),
};

static const struct clew_rule cost_rules[] = {
        N("gen_ai.usage.cost", OTHER),
        N("gen_ai.usage.total_cost", OTHER),
        N("gen_ai.usage.cost.amount", OTHER),
        N("gen_ai.usage.cost.total", OTHER),
        N("gen_ai.usage.cost_usd", OTHER),
        MN("gen_ai.usage.cost", "total", OTHER),
        MN("gen_ai.usage.cost", "amount", OTHER),
        N("gen_ai.cost.total_cost", OTHER),
        N("gen_ai.cost.total", OTHER),
        N("gen_ai.cost.usd", OTHER),
        N("gen_ai.cost.total_usd", OTHER),
        N("gen_ai.cost.amount", OTHER),
        N("gen_ai.cost.total_tokens", SENTRY),
        N("gen_ai.cost", OTHER),
        N("llm.cost.total", OPENINFERENCE),
        N("llm.cost.usd", OTHER),
        N("llm.usage.total_cost", OTHER),
        N("llm.usage.cost", OTHER),
        N("operation.cost", PYDANTIC),
        MN("langfuse.observation.cost_details", "total", LANGFUSE),
        MN("mlflow.llm.cost", "total_cost", MLFLOW),
        N("litellm.cost.total", LITELLM),
        N("langwatch.span.cost", LANGWATCH),
        MN("braintrust.metrics", "estimated_cost", BRAINTRUST),
        MN("langsmith.usage_metadata", "total_cost", LANGSMITH),
        N("openclaw.cost.usd", OPENCLAW),
        /* OpenRouter tells with each answer what it took; the AI gateway, too. */
        N("openrouter.usage.cost", OTHER),
        N("openrouter.cost", OTHER),
        N("gen_ai.openrouter.usage.cost", OTHER),
        N("gen_ai.openrouter.cost", OTHER),
        N("gen_ai.usage.details.cost", PYDANTIC),
        N("gen_ai.response.cost", OTHER),
        N("usage.cost", OTHER),
        MN("ai.response.providerMetadata", "openrouter.usage.cost", AISDK),
        MN("ai.response.providerMetadata", "gateway.cost", AISDK),
        {.key = "output.value",
         .member = "usage.cost",
         .encoding = CLEW_ENC_MEMBER_NUMBER,
         .dialect = CLEW_DIALECT_OPENINFERENCE,
         .kinds = LLMS},
        N("gen_ai.usage.cost_details.upstream_inference_cost", OTHER),
        N("cost_usd", CLAUDE_CODE),
        N("api_request/cost_usd", CLAUDE_CODE),
};

static const struct clew_rule cost_in_rules[] = {
        N("gen_ai.usage.input_cost", OTHER),
        N("gen_ai.usage.cost.input", OTHER),
        N("gen_ai.usage.cost.prompt", OTHER),
        N("gen_ai.usage.cost.input_usd", OTHER),
        N("gen_ai.usage.prompt_cost", OTHER),
        MN("gen_ai.usage.cost", "input", OTHER),
        N("gen_ai.cost.input_cost", OTHER),
        N("gen_ai.cost.input", OTHER),
        N("gen_ai.cost.input_tokens", SENTRY),
        N("llm.cost.prompt", OPENINFERENCE),
        N("llm.cost.input", OTHER),
        N("litellm.cost.input", LITELLM),
        MN("mlflow.llm.cost", "input_cost", MLFLOW),
        MN("langsmith.usage_metadata", "input_cost", LANGSMITH),
};

static const struct clew_rule cost_out_rules[] = {
        N("gen_ai.usage.output_cost", OTHER),
        N("gen_ai.usage.cost.output", OTHER),
        N("gen_ai.usage.cost.completion", OTHER),
        N("gen_ai.usage.cost.output_usd", OTHER),
        N("gen_ai.usage.completion_cost", OTHER),
        MN("gen_ai.usage.cost", "output", OTHER),
        N("gen_ai.cost.output_cost", OTHER),
        N("gen_ai.cost.output", OTHER),
        N("gen_ai.cost.output_tokens", SENTRY),
        N("llm.cost.completion", OPENINFERENCE),
        N("llm.cost.output", OTHER),
        N("litellm.cost.output", LITELLM),
        MN("mlflow.llm.cost", "output_cost", MLFLOW),
        MN("langsmith.usage_metadata", "output_cost", LANGSMITH),
};

/* Parts of what input took, of what output took. */
static const struct clew_rule cost_in_part_rules[] = {
        N("llm.cost.prompt_details.input", OPENINFERENCE),
        N("llm.cost.prompt_details.cache_read", OPENINFERENCE),
        N("llm.cost.prompt_details.cache_write", OPENINFERENCE),
        N("llm.cost.prompt_details.cache_input", OPENINFERENCE),
        N("llm.cost.prompt_details.audio", OPENINFERENCE),
        N("gen_ai.usage.cost_details.upstream_inference_prompt_cost", OTHER),
        MN("langsmith.usage_metadata", "input_cost_details.cache_read", LANGSMITH),
        MN("langsmith.usage_metadata", "input_cost_details.cache_creation", LANGSMITH),
        MN("langsmith.usage_metadata", "input_cost_details.text", LANGSMITH),
        MN("langsmith.usage_metadata", "input_cost_details.audio", LANGSMITH),
};

static const struct clew_rule cost_out_part_rules[] = {
        N("llm.cost.completion_details.output", OPENINFERENCE),
        N("llm.cost.completion_details.reasoning", OPENINFERENCE),
        N("llm.cost.completion_details.audio", OPENINFERENCE),
        N("gen_ai.usage.cost_details.upstream_inference_completions_cost", OTHER),
        MN("langsmith.usage_metadata", "output_cost_details.reasoning", LANGSMITH),
        MN("langsmith.usage_metadata", "output_cost_details.text", LANGSMITH),
        MN("langsmith.usage_metadata", "output_cost_details.audio", LANGSMITH),
};

/* What comes on top of input and output when no total is told. */
static const struct clew_rule cost_other_rules[] = {
        N("litellm.cost.tool_usage", LITELLM),        N("gen_ai.usage.reasoning_cost", OTHER),
        N("gen_ai.usage.cache_read_cost", OTHER),     N("gen_ai.usage.cache_write_cost", OTHER),
        N("gen_ai.usage.cache_creation_cost", OTHER), N("litellm.cost.cache_read", LITELLM),
        N("litellm.cost.cache_creation", LITELLM),
};

static const struct clew_rule finish_reason_rules[] = {
        F("gen_ai.response.finish_reasons", OTEL),
        T("gen_ai.response.finish_reason", OTHER),
        T("llm.finish_reason", OPENINFERENCE),
        T("ai.response.finishReason", AISDK),
        T("ai.finishReason", AISDK),
        T("gen_ai.completion.0.finish_reason", OPENLLMETRY),
        M("gen_ai.output.messages", "0.finish_reason", OTEL),
        T("stop_reason", CLAUDE_CODE),
        T("gen_ai.response.stop_reason", OPENLLMETRY),
        T("llm.response.finish_reason", OPENLLMETRY),
        M("gcp.vertex.agent.llm_response", "finish_reason", ADK),
        M("genkit:output", "finishReason", GENKIT),
        T("gen_ai.choice/finish_reason", STRANDS),
        MK("output.value", "choices.0.finish_reason", OPENINFERENCE, LLMS),
        MK("output.value", "stop_reason", OPENINFERENCE, LLMS),
        MK("output.value", "generations.0.0.generation_info.finish_reason", OPENINFERENCE, LLMS),
        MK("output.value", "generations.0.0.generationInfo.finish_reason", OPENINFERENCE, LLMS),
        MK("mlflow.spanOutputs", "choices.0.finish_reason", MLFLOW, LLMS),
        MK("braintrust.output_json", "0.finish_reason", BRAINTRUST, LLMS),
        MK("haystack.component.output", "replies.0.meta.finish_reason", HAYSTACK, LLMS),
};

static const struct clew_rule response_id_rules[] = {
        T("gen_ai.response.id", OTEL),
        T("ai.response.id", AISDK),
        T("request_id", CLAUDE_CODE),
        T("api_request/request_id", CLAUDE_CODE),
        T("openai.response.id", OTHER),
        /* Azure's agents: each look at a run tells its counts again. */
        TK("gen_ai.thread.run.id", OTHER, LLMS),
};

static const struct clew_rule response_status_rules[] = {
        T("gen_ai.response.status", OTEL),
};

/* Seconds from the start of the step, unless flagged. */
static const struct clew_rule first_token_rules[] = {
        N("gen_ai.response.time_to_first_chunk", OTEL),
        N("gen_ai.client.operation.time_to_first_chunk", OTEL),
        NF("gen_ai.server.time_to_first_token", STRANDS, CLEW_RULE_OWN | CLEW_RULE_MILLI),
        N("gen_ai.server.time_to_first_token", OTEL),
        NF("ai.response.msToFirstChunk", AISDK, CLEW_RULE_MILLI),
        NF("ai.stream.firstChunk/ai.response.msToFirstChunk", AISDK, CLEW_RULE_MILLI),
        MN("braintrust.metrics", "time_to_first_token", BRAINTRUST),
        NF("ttft_ms", CLAUDE_CODE, CLEW_RULE_MILLI),
        NF("api_request/ttft_ms", CLAUDE_CODE, CLEW_RULE_MILLI),
        NF("langfuse.observation.completion_start_time", LANGFUSE, CLEW_RULE_TIME),
        NF("mastra.completion_start_time", MASTRA, CLEW_RULE_TIME),
};

const struct clew_rule_list clew_rules_usage[CLEW_FIELD_COUNT] = {
        FIELD(TOKENS_IN, tokens_in_rules),
        FIELD(TOKENS_OUT, tokens_out_rules),
        FIELD(TOKENS_TOTAL, tokens_total_rules),
        FIELD(TOKENS_CACHE_READ, tokens_cache_read_rules),
        FIELD(TOKENS_CACHE_WRITE, tokens_cache_write_rules),
        FIELD(TOKENS_REASONING, tokens_reasoning_rules),
        FIELD(TOKENS_IN_AUDIO, tokens_in_audio_rules),
        FIELD(TOKENS_IN_IMAGE, tokens_in_image_rules),
        FIELD(TOKENS_OUT_AUDIO, tokens_out_audio_rules),
        FIELD(TOKENS_OUT_IMAGE, tokens_out_image_rules),
        FIELD(COST, cost_rules),
        FIELD(COST_IN, cost_in_rules),
        FIELD(COST_OUT, cost_out_rules),
        FIELD(COST_OTHER, cost_other_rules),
        FIELD(COST_IN_PART, cost_in_part_rules),
        FIELD(COST_OUT_PART, cost_out_part_rules),
        FIELD(COST_BAG, cost_bag_rules),
        FIELD(COST_CURRENCY, cost_currency_rules),
        FIELD(TOKENS_BARE_IN, tokens_bare_in_rules),
        FIELD(TOKENS_BARE_OUT, tokens_bare_out_rules),
        FIELD(TOKENS_APART, tokens_apart_rules),
        FIELD(USAGE_BAG, usage_bag_rules),
        FIELD(FINISH_REASON, finish_reason_rules),
        FIELD(RESPONSE_ID, response_id_rules),
        FIELD(RESPONSE_STATUS, response_status_rules),
        FIELD(FIRST_TOKEN, first_token_rules),
};
