/*
 * Tables: what a step is, who made it, and how it ended.
 */
#include "query/model/rules-table-int.h"

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
        K("lmnr.span.type", "laminar", LAMINAR),
        KM("braintrust.span_attributes", "braintrust", BRAINTRUST),
        K("braintrust.span_attributes.type", "braintrust", BRAINTRUST),
        K("langwatch.span.type", "langwatch", LANGWATCH),
        K("langwatch.type", "langwatch", LANGWATCH),
        {.key = "type",
         .member = "langwatch",
         .encoding = CLEW_ENC_KIND,
         .dialect = CLEW_DIALECT_LANGWATCH,
         .flags = CLEW_RULE_OWN},
        K("gen_ai.span.kind", "gen_ai_kind", OTHER),
        K("gen_ai.span_kind_name", "gen_ai_kind", OTHER),
        K("spring.ai.kind", "spring_ai", SPRING_AI),
        K("ag2.span.type", "ag2", AG2),
        K("span.type", "voltagent", OTHER),
        K("honeyhive_event_type", "honeyhive", OTHER),
        K("confident.span.type", "confident", OTHER),
        K("judgment.span_kind", "judgment", OTHER),
        K("respan.entity.log_type", "respan", OTHER),
        K("ag.type.node", "agenta", OTHER),
        K("ag.type.span", "agenta", OTHER),
        K("weave.span.kind", "openinference", OTHER), /* the same words */
        K("agentops.span.kind", "traceloop", OTHER),  /* the same words */
        K("gen_ai.operation.name", "operation", OTEL),
        K("entity.type", "voltagent_entity", OTHER),
        K("haystack.component.type", "haystack", HAYSTACK),
        K("traceloop.span.kind", "traceloop", OPENLLMETRY),
        K("span_type", "promptflow", PROMPTFLOW),
        K("genkit:metadata:subtype", "genkit", GENKIT),
        K("genkit:type", "genkit_type", GENKIT),
        K("ai.operationId", "aisdk", AISDK),
        KW("operation.name", "aisdk", AISDK),
        K("mcp.method.name", "mcp", OTEL),
        K("sentry.op", "sentry", SENTRY),
        K("llm.request.type", "request_type", OPENLLMETRY),
        P("gen_ai.tool.name", "tool", OTEL),
        P("gen_ai.tool.call.id", "tool", OTEL),
        P("gen_ai.tool.call_id", "tool", GEMINI_CLI),
        P("codex.tool.phase", "tool", CODEX),
        P("tool.name", "tool", OPENINFERENCE),
        P("ai.toolCall.name", "tool", AISDK),
        P("tool_arguments", "tool", PYDANTIC),
        P("spring.ai.tool.definition.name", "tool", SPRING_AI),
        P("openclaw.toolName", "tool", OPENCLAW),
        P("openclaw.tool.name", "tool", OPENCLAW),
        P("lk.function_tool.name", "tool", LIVEKIT),
        P("gen_ai.retrieval.documents", "retriever", OTEL),
        P("gen_ai.retrieval.query.text", "retriever", OTEL),
        P("gen_ai.retrieval.query", "retriever", OPENLIT),
        P("gen_ai.retrieval.top_k", "retriever", OTEL),
        P("langwatch.rag.contexts", "retriever", LANGWATCH),
        P("db.vector.query.top_k", "retriever", OPENLLMETRY),
        P("embedding.model_name", "embedding", OPENINFERENCE),
        P("reranker.model_name", "reranker", OPENINFERENCE),
        P("reranker.query", "reranker", OPENINFERENCE),
        P("gen_ai.guardrail.name", "guardrail", OPENLLMETRY),
        P("litellm.guardrail.name", "guardrail", LITELLM),
        P("lk.retry_count", "llm", LIVEKIT),
        P("lk.agent_name", "agent", LIVEKIT),
        P("lk.instructions", "agent", LIVEKIT),
        P("lk.generation_id", "agent", LIVEKIT),
        P("gen_ai.response.model", "llm", OTEL),
        P("model_config", "llm", OTHER),  /* Goose */
        P("trace_input", "agent", OTHER), /* likewise */
};

static const struct clew_rule name_rules[] = {
        {.key = "name",
         .encoding = CLEW_ENC_TEXT,
         .dialect = CLEW_DIALECT_PYDANTIC,
         .flags = CLEW_RULE_OWN,
         .kinds = CLEW_KINDS(CLEW_KIND_GUARDRAIL)},
        M("braintrust.span_attributes", "name", BRAINTRUST),
        T("haystack.component.name", HAYSTACK),
        T("langsmith.trace.name", LANGSMITH),
        T("logfire.msg", PYDANTIC),
        T("genkit:name", GENKIT),
        T("confident.span.name", OTHER),
        T("wandb.display_name", OTHER),
        T("ag.node.name", OTHER),
        T("honeyhive_event_name", OTHER),
        TK("ai.telemetry.functionId", AISDK, CHAINS | AGENTS),
        TK("resource.name", AISDK, CHAINS | AGENTS),
        TK("traceloop.entity.name", OPENLLMETRY, ~LLMS),
        TK("gen_ai.workflow.name", OTEL, CHAINS),
        TK("gen_ai.agent.name", OTEL, CLEW_KINDS_WORKFLOW),
        TK("workflow.name", AGENT_FRAMEWORK, CHAINS),
        TK("gen_ai.guardrail.name", OPENLLMETRY, CLEW_KINDS(CLEW_KIND_GUARDRAIL)),
        TK("litellm.guardrail.name", LITELLM, CLEW_KINDS(CLEW_KIND_GUARDRAIL)),
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
        TK("model_name", PYDANTIC, LLMS),
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
        M("braintrust.metadata", "model", BRAINTRUST),
        T("openclaw.model", OPENCLAW),
        T("ai.model_id", SENTRY),
        M("haystack.component.output", "replies.0.meta.model", HAYSTACK),
        M("haystack.component.output", "meta.0.model", HAYSTACK),
        MK("inputs", "model", PROMPTFLOW, LLMS),
        T("embedding.model", PROMPTFLOW),
        T("confident.llm.model", OTHER),
        T("judgment.llm.model", OTHER),
        T("judgment.llm.model_name", OTHER),
        T("ag.meta.request.model", OTHER),
        T("honeyhive_config.model", OTHER),
        M("honeyhive_config", "model", OTHER),
        MK("model_config", "model_name", OTHER, LLMS),
        TK("llm.model", OTHER, LLMS),
        TK("ai.model.name", OTHER, LLMS | AGENTS),
};

static const struct clew_rule response_model_rules[] = {
        T("gen_ai.response.model", OTEL),
        T("llm.response.model_name", OPENINFERENCE),
        T("ai.response.model", AISDK),
        T("langfuse.observation.model.name", LANGFUSE),
        T("llm.model_name", OPENINFERENCE),
        T("embedding.model_name", OPENINFERENCE),
        T("reranker.model_name", OPENINFERENCE),
        M("response_data", "message.model", PYDANTIC),
        M("gcp.vertex.agent.llm_response", "model_version", ADK),
        M("haystack.component.output", "replies.0.meta.model", HAYSTACK),
        MK("gen_ai.completion", "llm_output.model_name", LANGSMITH, LLMS),
        MK("gen_ai.completion", "generations.0.0.message.kwargs.response_metadata.model_name",
           LANGSMITH, LLMS),
        MK("output.value", "model", OPENINFERENCE, LLMS),
        T("llm.response.model", PROMPTFLOW),
        T("ag.meta.response.model", OTHER),
};

static const struct clew_rule provider_rules[] = {
        T("gen_ai.provider.name", OTEL),
        T("gen_ai.system", OTEL),
        T("llm.provider", OPENINFERENCE),
        TK("llm.system", OPENINFERENCE, LLMS),
        Q("mlflow.llm.provider", MLFLOW),
        T("ai.model.provider", AISDK),
        T("langsmith.metadata.ls_provider", LANGSMITH),
        MK("metadata", "ls_provider", OPENINFERENCE, LLMS),
        M("braintrust.metadata", "provider", BRAINTRUST),
        T("openclaw.provider", OPENCLAW),
        T("litellm.provider.name", LITELLM),
        T("litellm.provider.error.llm_provider", LITELLM),
        T("judgment.llm.provider", OTHER),
        M("honeyhive_config", "provider", OTHER),
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
        T("langsmith.metadata.lc_agent_name", LANGSMITH),
        T("subagent_type", CLAUDE_CODE),
        T("openclaw.agent", OPENCLAW),
        TK("confident.agent.name", OTHER, AGENTS),
        TK("confident.span.name", OTHER, AGENTS),
        TK("ag.node.name", OTHER, AGENTS),
        M("metadata", "langgraph_node", OPENINFERENCE),
        TK("entity.name", OTHER, AGENTS),
};

static const struct clew_rule agent_id_rules[] = {
        T("gen_ai.agent.id", OTEL),
        T("agent_id", CLAUDE_CODE),
        T("gen_ai.agent.call.id", PYDANTIC),
        T("graph.node.id", OPENINFERENCE),
};

static const struct clew_rule workflow_rules[] = {
        T("traceloop.workflow.name", OPENLLMETRY),
        T("gen_ai.workflow.name", OTEL),
        TK("gen_ai.agent.name", OTEL, CLEW_KINDS_WORKFLOW),
        T("workflow.name", AGENT_FRAMEWORK),
};

static const struct clew_rule tool_name_rules[] = {
        TK("gen_ai.tool.name", OTEL, TOOLS),
        TK("tool.name", OPENINFERENCE, TOOLS),
        TK("ai.toolCall.name", AISDK, TOOLS),
        TK("tool_name", CLAUDE_CODE, TOOLS),
        TK("function_name", GEMINI_CLI, TOOLS),
        TK("lk.function_tool.name", LIVEKIT, TOOLS),
        TK("spring.ai.tool.definition.name", SPRING_AI, TOOLS),
        TK("openclaw.toolName", OPENCLAW, TOOLS),
        TK("openclaw.tool.name", OPENCLAW, TOOLS),
        TK("traceloop.entity.name", OPENLLMETRY, TOOLS),
        TK("genkit:name", GENKIT, TOOLS),
        MK("braintrust.span_attributes", "name", BRAINTRUST, TOOLS),
        TK("haystack.tool.name", HAYSTACK, TOOLS),
        TK("langsmith.trace.name", LANGSMITH, TOOLS),
        MK("mcp.request.argument", "name", OPENLLMETRY, TOOLS),
        TK("codex.tool_result/tool_name", CODEX, TOOLS),
        TK("confident.tool.name", OTHER, TOOLS),
        MK("input", "name", OTHER, TOOLS), /* Goose */
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
        T("openclaw.toolCallId", OPENCLAW),
        T("openclaw.tool.call_id", OPENCLAW),
        T("tool.call_id", OTHER),
        T("codex.tool_result/call_id", CODEX),
        {.key = "call_id",
         .encoding = CLEW_ENC_TEXT,
         .dialect = CLEW_DIALECT_CODEX,
         .flags = CLEW_RULE_OWN,
         .kinds = TOOLS},
};

static const struct clew_rule error_flag_rules[] = {
        E("langfuse.observation.level", "ERROR", LANGFUSE),
        NOT("success", CLAUDE_CODE, 0),
        NOT("tool_result/success", CLAUDE_CODE, TOOLS),
        NOT("codex.tool_result/success", CODEX, TOOLS),
        {.key = "status_code",
         .member = "400",
         .encoding = CLEW_ENC_AT_LEAST,
         .dialect = CLEW_DIALECT_CLAUDE_CODE,
         .flags = CLEW_RULE_OWN},
        E("gen_ai.tool.status", "error", STRANDS),
        E("tool.status", "error", STRANDS),
        E("genkit:state", "error", GENKIT),
        {.key = "logfire.level_num",
         .member = "17",
         .encoding = CLEW_ENC_AT_LEAST,
         .dialect = CLEW_DIALECT_PYDANTIC},
        E("gen_ai.task.status", "failure", OPENLLMETRY),
        FLAG("error.has_error", LANGWATCH),
        FLAG("lk.function_tool.is_error", LIVEKIT),
        FLAG("gen_ai.guardrail.triggered", OPENLLMETRY),
        FLAG("gen_ai.guardrail.tripwire_triggered", OPENLLMETRY),
        FLAG("guardrail.triggered", OTHER),
        FLAG("guardrail.tripwire_triggered", OTHER),
        {.key = "triggered",
         .encoding = CLEW_ENC_FLAG,
         .dialect = CLEW_DIALECT_PYDANTIC,
         .flags = CLEW_RULE_OWN,
         .kinds = CLEW_KINDS(CLEW_KIND_GUARDRAIL)},
        E("gen_ai.guardrail.status", "triggered", OPENLLMETRY),
        E("gen_ai.guardrail.status", "blocked", OPENLLMETRY),
        E("gen_ai.guardrail.status", "failed", OPENLLMETRY),
        E("gen_ai.guardrail.status", "intervened", OPENLLMETRY),
        E("litellm.guardrail.status", "guardrail_intervened", LITELLM),
        E("litellm.guardrail.status", "blocked", LITELLM),
        E("litellm.guardrail.status", "failure", LITELLM),
        FLAG("error", OTHER),
        P("honeyhive_error", "", OTHER),
        {.key = "process.exit.code",
         .member = "1",
         .encoding = CLEW_ENC_AT_LEAST,
         .dialect = CLEW_DIALECT_OTEL,
         .kinds = TOOLS},
        FLAG("clew.failed", OTHER), /* log records of the call say so */
};

static const struct clew_rule error_type_rules[] = {
        T("error.type", OTEL),
        T("exception.type", OPENINFERENCE),
        T("span.error.type", LANGWATCH),
        T("gen_ai.framework.error.type", OPENLIT),
        T("gen_ai.guardrail.error.type", OPENLLMETRY),
        T("litellm.provider.error.code", LITELLM),
        T("openclaw.errorCategory", OPENCLAW),
};

static const struct clew_rule error_message_rules[] = {
        T("langfuse.observation.status_message", LANGFUSE),
        T("exception.message", OPENINFERENCE),
        T("error.message", OTEL),
        T("error", CLAUDE_CODE),
        T("genkit:error", GENKIT),
        T("span.error.message", LANGWATCH),
        T("gen_ai.framework.error.message", OPENLIT),
        T("honeyhive_error", OTHER),
        TK("tool_result/error", CLAUDE_CODE, TOOLS),
        TK("api_error/error", CLAUDE_CODE, LLMS),
        T("logfire.msg", PYDANTIC),
};

static const struct clew_rule error_stack_rules[] = {
        T("exception.stacktrace", OPENINFERENCE),
        T("litellm.provider.error.stack_trace", LITELLM),
};

/* The user did not allow a call, or stopped it. */
static const struct clew_rule refused_rules[] = {
        FLAG("clew.refused", OTHER), /* log records of the call say so */
        {.key = "decision",
         .member = "reject",
         .encoding = CLEW_ENC_EQUALS,
         .dialect = CLEW_DIALECT_CLAUDE_CODE,
         .flags = CLEW_RULE_OWN},
};

static const struct clew_rule refused_by_rules[] = {
        TF("source", CLAUDE_CODE, CLEW_RULE_OWN),
};

/* Present where a step waits for somebody. */
static const struct clew_rule deferred_rules[] = {
        T("pydantic_ai.tool.deferral.name", PYDANTIC),
};

/* langsmith.trace.session_id and .session_name are the project and stand here on purpose not. */
static const struct clew_rule session_rules[] = {
        TF("langfuse.session.id", LANGFUSE, CLEW_RULE_BOTH),
        TF("gen_ai.conversation.id", OTEL, CLEW_RULE_BOTH),
        TF("session.id", OPENINFERENCE, CLEW_RULE_BOTH),
        T("gen_ai.session.id", OTHER),
        T("gen_ai.thread.id", OTHER),
        T("lmnr.association.properties.session_id", LAMINAR),
        T("traceloop.association.properties.session_id", OPENLLMETRY),
        T("traceloop.association.properties.conversation_id", OPENLLMETRY),
        T("traceloop.association.properties.thread_id", OPENLLMETRY),
        T("traceloop.association.properties.chat_id", OPENLLMETRY),
        T("ai.telemetry.metadata.sessionId", AISDK),
        T("ai.settings.context.sessionId", AISDK),
        T("ai.settings.context.conversationId", AISDK),
        T("ai.settings.context.threadId", AISDK),
        T("langsmith.metadata.session_id", LANGSMITH),
        T("langsmith.metadata.thread_id", LANGSMITH),
        T("langsmith.metadata.conversation_id", LANGSMITH),
        T("mastra.metadata.threadId", MASTRA),
        T("gcp.vertex.agent.session_id", ADK),
        T("openclaw.sessionId", OPENCLAW),
        T("openclaw.sessionKey", OPENCLAW),
        M("braintrust.metadata", "session_id", BRAINTRUST),
        M("braintrust.metadata", "thread_id", BRAINTRUST),
        M("braintrust.metadata", "conversation_id", BRAINTRUST),
        T("langwatch.thread.id", LANGWATCH),
        T("langwatch.thread_id", LANGWATCH),
        Q("mlflow.trace.session", MLFLOW),
        T("conversation.id", CODEX),
        TF("thread.id", CODEX, CLEW_RULE_OWN | CLEW_RULE_STRING),
        M("metadata", "session_id", OPENINFERENCE),
        M("metadata", "thread_id", OPENINFERENCE),
        M("metadata", "conversation_id", OPENINFERENCE),
        T("langfuse.trace.metadata.langfuse_session_id", LANGFUSE),
        T("langfuse.observation.metadata.langfuse_session_id", LANGFUSE),
        T("confident.trace.thread_id", OTHER),
        T("judgment.session_id", OTHER),
        T("wandb.thread_id", OTHER),
        T("ag.session.id", OTHER),
        T("honeyhive.session_id", OTHER),
        T("honeyhive_session_id", OTHER),
        T("voltagent.conversation_id", OTHER),
        T("microsoft.session.id", OTHER),
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
        T("ai.settings.context.userId", AISDK),
        T("lmnr.association.properties.user_id", LAMINAR),
        T("traceloop.association.properties.user_id", OPENLLMETRY),
        T("traceloop.association.properties.userId", OPENLLMETRY),
        T("langsmith.metadata.user_id", LANGSMITH),
        T("mastra.metadata.userId", MASTRA),
        T("langwatch.user.id", LANGWATCH),
        Q("mlflow.trace.user", MLFLOW),
        T("litellm.end_user.id", LITELLM),
        M("metadata", "user_id", OPENINFERENCE),
        M("braintrust.metadata", "user_id", BRAINTRUST),
        T("langfuse.trace.metadata.langfuse_user_id", LANGFUSE),
        T("langfuse.observation.metadata.langfuse_user_id", LANGFUSE),
        T("confident.trace.user_id", OTHER),
        T("judgment.customer_id", OTHER),
        T("wandb.user_id", OTHER),
        T("ag.user.id", OTHER),
        T("honeyhive_user_id", OTHER),
        T("user.email", CLAUDE_CODE),
        T("user.account_uuid", CLAUDE_CODE),
        T("gen_ai.caller.id", OTHER),
};

static const struct clew_rule tags_rules[] = {
        T("langfuse.trace.tags", LANGFUSE),     T("tag.tags", OPENINFERENCE),
        T("langsmith.span.tags", LANGSMITH),    T("logfire.tags", PYDANTIC),
        T("ai.telemetry.metadata.tags", AISDK), T("langwatch.labels", LANGWATCH),
        T("langwatch.tags", LANGWATCH),         T("lmnr.association.properties.tags", LAMINAR),
        T("lmnr.span.tags", LAMINAR),           T("braintrust.tags", BRAINTRUST),
        T("confident.trace.tags", OTHER),       T("agentops.tags", OTHER),
};

static const struct clew_rule prompt_name_rules[] = {
        T("gen_ai.prompt.name", OTEL),
        T("langfuse.observation.prompt.name", LANGFUSE),
        T("traceloop.prompt.key", OPENLLMETRY),
        M("ai.telemetry.metadata.langfusePrompt", "name", AISDK),
        TF("prompt.id", OPENINFERENCE,
           CLEW_RULE_OWN), /* elsewhere that of a question (Claude Code) */
};

static const struct clew_rule prompt_version_rules[] = {
        T("gen_ai.prompt.version", OTEL),
        T("langfuse.observation.prompt.version", LANGFUSE),
        T("traceloop.prompt.version", OPENLLMETRY),
        T("traceloop.prompt.version_name", OPENLLMETRY),
        T("traceloop.prompt.version_hash", OPENLLMETRY),
        M("ai.telemetry.metadata.langfusePrompt", "version", AISDK),
        T("llm.prompt_template.version", OPENINFERENCE),
};

static const struct clew_rule prompt_template_rules[] = {
        T("llm.prompt_template.template", OPENINFERENCE),
        T("traceloop.prompt.template", OPENLLMETRY),
};

/* One object; variables with a key of their own are read on demand (prompt.c). */
static const struct clew_rule prompt_variables_rules[] = {
        T("llm.prompt_template.variables", OPENINFERENCE),
        T("traceloop.prompt.template_variables", OPENLLMETRY),
};

static const struct clew_rule trace_name_rules[] = {
        T("lmnr.trace.name", LAMINAR),
        T("langfuse.trace.name", LANGFUSE),
        T("confident.trace.name", OTHER),
};

/* Results of evaluators as one JSON list; flattened ones are a family, see rules.c. */
static const struct clew_rule scores_rules[] = {
        T("langwatch.reserved.evaluations", LANGWATCH), T("braintrust.scores", BRAINTRUST),
        TF("scores", PYDANTIC, CLEW_RULE_OWN),          TF("assertions", PYDANTIC, CLEW_RULE_OWN),
        TF("labels", PYDANTIC, CLEW_RULE_OWN),
};

/* The sender says that a step speaks for the trace. */
static const struct clew_rule root_rules[] = {
        FLAG("langfuse.internal.as_root", LANGFUSE),
        FLAG("langfuse.internal.is_app_root", LANGFUSE),
        FLAG("langsmith.is_root", LANGSMITH),
        FLAG("genkit:isRoot", GENKIT),
};

const struct clew_rule_list clew_rules_call[CLEW_FIELD_COUNT] = {
        FIELD(KIND, kind_rules),
        FIELD(NAME, name_rules),
        FIELD(REQUEST_MODEL, request_model_rules),
        FIELD(RESPONSE_MODEL, response_model_rules),
        FIELD(PROVIDER, provider_rules),
        FIELD(AGENT_NAME, agent_name_rules),
        FIELD(AGENT_ID, agent_id_rules),
        FIELD(WORKFLOW, workflow_rules),
        FIELD(TOOL_NAME, tool_name_rules),
        FIELD(TOOL_CALL_ID, tool_call_id_rules),
        FIELD(DEFERRED, deferred_rules),
        FIELD(REFUSED, refused_rules),
        FIELD(REFUSED_BY, refused_by_rules),
        FIELD(ERROR_FLAG, error_flag_rules),
        FIELD(ERROR_TYPE, error_type_rules),
        FIELD(ERROR_MESSAGE, error_message_rules),
        FIELD(ERROR_STACK, error_stack_rules),
        FIELD(SESSION, session_rules),
        FIELD(USER, user_rules),
        FIELD(TAGS, tags_rules),
        FIELD(PROMPT_NAME, prompt_name_rules),
        FIELD(PROMPT_VERSION, prompt_version_rules),
        FIELD(PROMPT_TEMPLATE, prompt_template_rules),
        FIELD(PROMPT_VARIABLES, prompt_variables_rules),
        FIELD(TRACE_NAME, trace_name_rules),
        FIELD(ROOT, root_rules),
        FIELD(SCORES, scores_rules),
};
