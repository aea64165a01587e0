/*
 * Value maps: what a dialect's word for a kind means, and what names and scopes tell when no
 * attribute does.
 */
#include "query/model/rules-int.h"

#include "proto/base/compiler.h"

#include <strings.h>

struct entry {
        const char *value;
        uint8_t kind;
        bool weak;
};

struct map {
        const char *name;
        const struct entry *entries;
        size_t n;
        bool ends; /* the value's end is compared: class names */
};

#define V(v, k)                                                                                    \
        {                                                                                          \
                v, CLEW_KIND_##k, false                                                            \
        }
#define W(v, k)                                                                                    \
        {                                                                                          \
                v, CLEW_KIND_##k, true                                                             \
        }

static const struct entry langfuse[] = {
        V("generation", LLM), V("agent", AGENT),         V("tool", TOOL),
        V("event", EVENT),    V("retriever", RETRIEVER), V("embedding", EMBEDDING),
        V("chain", CHAIN),    V("guardrail", GUARDRAIL), V("evaluator", EVALUATOR),
        W("span", GENERIC),
};

static const struct entry openinference[] = {
        V("LLM", LLM),
        V("EMBEDDING", EMBEDDING),
        W("CHAIN", CHAIN),
        V("RETRIEVER", RETRIEVER),
        V("RERANKER", RERANKER),
        V("TOOL", TOOL),
        V("AGENT", AGENT),
        V("GUARDRAIL", GUARDRAIL),
        V("EVALUATOR", EVALUATOR),
        V("PROMPT", PROMPT),
        W("UNKNOWN", GENERIC),
};

/* model_generation is the outer layer of model_inference where both exist; the tree decides. */
static const struct entry mastra[] = {
        V("agent_run", AGENT),
        V("model_inference", LLM),
        V("model_generation", LLM),
        V("model_step", CHAIN),
        V("model_chunk", EVENT),
        V("tool_call", TOOL),
        V("mcp_tool_call", TOOL),
        V("workflow_run", CHAIN),
        V("workflow_step", CHAIN),
        V("workflow_conditional", CHAIN),
        V("workflow_conditional_eval", CHAIN),
        V("workflow_parallel", CHAIN),
        V("workflow_loop", CHAIN),
        V("workflow_sleep", CHAIN),
        V("workflow_wait_event", CHAIN),
        V("processor_run", CHAIN),
        V("client_tool_call", TOOL),
        V("provider_tool_call", TOOL),
        V("scorer_run", EVALUATOR),
        V("scorer_step", CHAIN),
        V("memory_operation", MEMORY),
        V("workspace_action", TOOL),
        V("rag_ingestion", CHAIN),
        V("rag_embedding", EMBEDDING),
        V("rag_vector_operation", RETRIEVER),
        V("rag_action", CHAIN),
        V("graph_action", CHAIN),
        V("mapping", CHAIN),
        V("llm_generation", LLM),
        V("llm_step", CHAIN),
        V("llm_chunk", EVENT),
        W("generic", GENERIC),
};

static const struct entry claude_code[] = {
        V("interaction", AGENT),
        V("claude_code.interaction", AGENT),
        V("llm_request", LLM),
        V("claude_code.llm_request", LLM),
        V("tool", TOOL),
        V("claude_code.tool", TOOL),
        V("tool.blocked_on_user", GENERIC),
        V("claude_code.tool.blocked_on_user", GENERIC),
        V("tool.execution", GENERIC),
        V("claude_code.tool.execution", GENERIC),
        V("hook", GENERIC),
        V("claude_code.hook", GENERIC),
};

static const struct entry langsmith[] = {
        V("llm", LLM),       V("chain", CHAIN),         V("tool", TOOL),
        V("parser", CHAIN),  V("retriever", RETRIEVER), V("embedding", EMBEDDING),
        V("prompt", PROMPT),
};

static const struct entry mlflow[] = {
        V("AGENT", AGENT),         V("CHAIN", CHAIN),
        V("CHAT_MODEL", LLM),      V("LLM", LLM),
        V("TOOL", TOOL),           V("RETRIEVER", RETRIEVER),
        V("EMBEDDING", EMBEDDING), V("RERANKER", RERANKER),
        V("PARSER", CHAIN),        V("EVALUATOR", EVALUATOR),
        V("GUARDRAIL", GUARDRAIL), V("WORKFLOW", CHAIN),
        V("TASK", CHAIN),          V("MEMORY", MEMORY),
        W("UNKNOWN", GENERIC),
};

static const struct entry langwatch[] = {
        W("span", GENERIC),        V("llm", LLM),
        V("tool", TOOL),           V("agent", AGENT),
        V("guardrail", GUARDRAIL), V("evaluation", EVALUATOR),
        V("rag", RETRIEVER),       V("workflow", CHAIN),
        V("component", CHAIN),     V("chain", CHAIN),
        V("server", GENERIC),      V("client", GENERIC),
        V("producer", GENERIC),    V("consumer", GENERIC),
};

static const struct entry laminar[] = {
        V("LLM", LLM),          V("TOOL", TOOL),           V("CACHED", LLM),
        V("EXECUTOR", CHAIN),   V("EVALUATOR", EVALUATOR), V("HUMAN_EVALUATOR", EVALUATOR),
        V("EVALUATION", CHAIN), V("PIPELINE", CHAIN),      V("AGENT", AGENT),
        W("DEFAULT", CHAIN),    W("EVENT", EVENT),
};

static const struct entry braintrust[] = {
        V("llm", LLM),
        V("tool", TOOL),
        V("task", CHAIN),
        V("eval", CHAIN),
        V("function", CHAIN),
        V("score", EVALUATOR),
        V("scorer", EVALUATOR),
        V("review", CHAIN),
        V("automation", CHAIN),
        V("retriever", RETRIEVER),
        V("agent", AGENT),
        V("workflow", CHAIN),
        V("preprocessor", CHAIN),
        V("facet", CHAIN),
        V("classifier", CHAIN),
};

static const struct entry spring_ai[] = {
        V("tool_call", TOOL),         V("chat_client", CHAIN), V("advisor", CHAIN),
        V("vector_store", RETRIEVER), V("agent", AGENT),
};

static const struct entry ag2[] = {
        V("conversation", CHAIN), V("multi_conversation", CHAIN),
        V("agent", AGENT),        V("llm", LLM),
        V("tool", TOOL),          V("code_execution", TOOL),
        V("human_input", CHAIN),  V("speaker_selection", CHAIN),
};

/* Classes of components. */
static const struct entry haystack[] = {
        V("Generator", LLM),       V("Retriever", RETRIEVER),
        V("Embedder", EMBEDDING),  V("Ranker", RERANKER),
        V("Evaluator", EVALUATOR), V("PromptBuilder", PROMPT),
        V("ToolInvoker", CHAIN),   V("Agent", AGENT),
        V("WebSearch", RETRIEVER), W("", CHAIN),
};

static const struct entry sentry[] = {
        V("gen_ai.chat", LLM),
        V("gen_ai.chat_completions", LLM),
        V("gen_ai.generate_content", LLM),
        V("gen_ai.generate_text", LLM),
        V("gen_ai.generate_object", LLM),
        V("gen_ai.stream_text", LLM),
        V("gen_ai.stream_object", LLM),
        V("gen_ai.responses", LLM),
        V("gen_ai.messages", LLM),
        V("gen_ai.text_completion", LLM),
        V("gen_ai.request", LLM),
        V("gen_ai.embeddings", EMBEDDING),
        V("gen_ai.embed", EMBEDDING),
        V("gen_ai.rerank", RERANKER),
        V("gen_ai.invoke_agent", AGENT),
        V("gen_ai.create_agent", AGENT),
        V("gen_ai.execute_tool", TOOL),
        V("gen_ai.handoff", HANDOFF),
        V("gen_ai.pipeline", CHAIN),
        V("gen_ai.invoke_workflow", CHAIN),
        V("mcp.server", MCP),
};

static const struct entry promptflow[] = {
        V("LLM", LLM),       V("Tool", TOOL),           V("Embedding", EMBEDDING),
        V("Flow", CHAIN),    V("Retrieval", RETRIEVER), V("LangChain", CHAIN),
        V("Prompty", CHAIN), W("Function", CHAIN),
};

static const struct entry gen_ai_kind[] = {
        V("LLM", LLM),
        V("EMBEDDING", EMBEDDING),
        V("RETRIEVER", RETRIEVER),
        V("TOOL", TOOL),
        V("RERANKER", RERANKER),
        V("AGENT", AGENT),
        V("CHAIN", CHAIN),
        V("WORKFLOW", CHAIN),
        V("TASK", CHAIN),
        V("STEP", CHAIN),
        V("ENTRY", CHAIN),
        V("GUARDRAIL", GUARDRAIL),
        V("EVALUATOR", EVALUATOR),
        W("UNKNOWN", GENERIC),
};

static const struct entry operation[] = {
        V("chat", LLM),
        V("chat.completions", LLM),
        V("text.completions", LLM),
        V("generate_content", LLM),
        V("text_completion", LLM),
        V("generate", LLM),
        V("completion", LLM),
        V("llm_request", LLM),
        V("llm_call", LLM),
        V("fetch_response", LLM),
        V("response", LLM),
        V("responses", LLM),
        V("create_response", LLM),
        V("messages", LLM),
        V("converse", LLM),
        V("invoke_model", LLM),
        V("realtime", LLM),
        V("realtime.response", LLM),
        V("audio", LLM),
        V("speech", LLM),
        V("text_to_speech", LLM),
        V("speech_to_text", LLM),
        V("transcription", LLM),
        V("transcribe", LLM),
        V("translation", LLM),
        V("image", LLM),
        V("image_generation", LLM),
        V("generate_image", LLM),
        V("image_edit", LLM),
        V("video_generation", LLM),
        V("embeddings", EMBEDDING),
        V("embedding", EMBEDDING),
        V("retrieval", RETRIEVER),
        V("vector_db_retrieve", RETRIEVER),
        V("rerank", RERANKER),
        V("execute_tool", TOOL),
        V("tool_call", TOOL),
        V("invoke_agent", AGENT),
        V("agent_call", AGENT),
        V("agent", AGENT),
        V("create_agent", AGENT),
        V("start_thread_run", AGENT),
        V("process_thread_run", AGENT),
        V("run_agent", AGENT),
        W("create_thread", CHAIN),
        W("create_message", CHAIN),
        W("list_messages", CHAIN),
        V("get_thread_run", LLM), /* what a run of Azure used is told by looking at it */
        W("list_run_steps", CHAIN),
        W("submit_tool_outputs", CHAIN),
        V("conversation", CHAIN),
        V("initiate_chats", CHAIN),
        V("speaker_selection", CHAIN),
        V("await_human_input", CHAIN),
        V("execute_code", TOOL),
        W("framework", CHAIN),
        V("invoke_workflow", CHAIN),
        V("workflow", CHAIN),
        V("execute_task", CHAIN),
        V("chain", CHAIN),
        V("agent_step", CHAIN),
        V("step", CHAIN),
        V("model_generation", CHAIN),
        V("model_chunk", EVENT),
        V("schedule_tool_calls", CHAIN),
        V("user_prompt", CHAIN),
        V("system_prompt", PROMPT),
        V("plan", CHAIN),
        V("search_memory", MEMORY),
        V("create_memory", MEMORY),
        V("update_memory", MEMORY),
        V("upsert_memory", MEMORY),
        V("delete_memory", MEMORY),
        V("create_memory_store", MEMORY),
        V("delete_memory_store", MEMORY),
        V("handoff", HANDOFF),
        V("agent_handoff", HANDOFF),
        V("agent.handoff", HANDOFF),
        V("transfer", HANDOFF),
        V("evaluate", EVALUATOR),
        V("evaluation", EVALUATOR),
        V("guardrail_check", GUARDRAIL),
        V("guardrail", GUARDRAIL),
        V("moderation", GUARDRAIL),
        V("guardrail.run", GUARDRAIL),
        V("guard", GUARDRAIL),
        V("litellm.moderation", GUARDRAIL),
        W("litellm.vector_store_management", GENERIC),
        W("litellm.vector_store_file_management", GENERIC),
        W("litellm.responses_management", GENERIC),
};

static const struct entry traceloop[] = {
        V("workflow", CHAIN),  W("task", CHAIN),    V("agent", AGENT),     V("tool", TOOL),
        V("handoff", HANDOFF), V("session", CHAIN), W("unknown", GENERIC),
};

static const struct entry genkit[] = {
        V("model", LLM),
        V("background-model", LLM),
        V("embedder", EMBEDDING),
        V("tool", TOOL),
        V("tool.v2", TOOL),
        V("retriever", RETRIEVER),
        V("reranker", RERANKER),
        V("evaluator", EVALUATOR),
        V("flow", CHAIN),
        V("prompt", PROMPT),
        V("executable-prompt", PROMPT),
        V("agent", AGENT),
};

static const struct entry genkit_type[] = {
        W("util", CHAIN),
        W("flow", CHAIN),
        W("dotprompt", PROMPT),
};

static const struct entry aisdk[] = {
        V("ai.generateText", CHAIN),
        V("ai.streamText", CHAIN),
        V("ai.generateObject", CHAIN),
        V("ai.streamObject", CHAIN),
        V("ai.generateText.doGenerate", LLM),
        V("ai.streamText.doStream", LLM),
        V("ai.generateObject.doGenerate", LLM),
        V("ai.streamObject.doStream", LLM),
        V("ai.toolCall", TOOL),
        V("ai.embed", CHAIN),
        V("ai.embedMany", CHAIN),
        V("ai.embed.doEmbed", EMBEDDING),
        V("ai.embedMany.doEmbed", EMBEDDING),
        V("ai.rerank", CHAIN),
        V("ai.rerank.doRerank", RERANKER),
};

/* A pending span is the real one as it began; see tree.c. */
static const struct entry logfire[] = {
        W("pending_span", GENERIC),
        W("span", GENERIC),
        W("log", GENERIC),
};

static const struct entry honeyhive[] = {
        V("model", LLM),
        V("tool", TOOL),
        V("chain", CHAIN),
        V("session", CHAIN),
};

/* DeepEval's traces (Confident AI). */
static const struct entry confident[] = {
        V("llm", LLM),      V("tool", TOOL),  V("agent", AGENT), V("retriever", RETRIEVER),
        W("custom", CHAIN), W("base", CHAIN),
};

static const struct entry judgment[] = {
        V("llm", LLM),      V("tool", TOOL),      V("agent", AGENT), V("embedding", EMBEDDING),
        V("task", CHAIN),   V("function", CHAIN), V("chain", CHAIN), V("retriever", RETRIEVER),
        W("span", GENERIC),
};

/* VoltAgent's: steps of an agent name its type beside their own. */
static const struct entry voltagent[] = {
        V("agent", AGENT),         V("llm", LLM),
        V("tool", TOOL),           V("memory", MEMORY),
        V("retriever", RETRIEVER), V("guardrail", GUARDRAIL),
};

static const struct entry voltagent_entity[] = {
        W("agent", AGENT),
        W("workflow", CHAIN),
};

static const struct entry respan[] = {
        V("chat", LLM),          V("completion", LLM),      V("response", LLM),
        V("text", LLM),          V("generation", LLM),      V("speech", LLM),
        V("transcription", LLM), V("embedding", EMBEDDING), V("workflow", CHAIN),
        W("task", CHAIN),        V("tool", TOOL),           V("function", TOOL),
        V("agent", AGENT),       V("handoff", HANDOFF),     V("guardrail", GUARDRAIL),
        W("custom", GENERIC),
};

static const struct entry agenta[] = {
        V("agent", AGENT),     V("chain", CHAIN),    V("workflow", CHAIN),
        W("task", CHAIN),      V("tool", TOOL),      V("embedding", EMBEDDING),
        V("query", RETRIEVER), V("completion", LLM), V("chat", LLM),
        V("rerank", RERANKER), V("llm", LLM),        V("retriever", RETRIEVER),
};

static const struct entry request_type[] = {
        V("chat", LLM),
        V("completion", LLM),
        V("embedding", EMBEDDING),
        V("rerank", RERANKER),
};

static const struct entry mcp[] = {
        V("tools/call", TOOL),
};

#define ENDS(m)                                                                                    \
        {                                                                                          \
#m, m, CLEW_ARRAY_LEN(m), true                                                     \
        }
#define MAP(m)                                                                                     \
        {                                                                                          \
#m, m, CLEW_ARRAY_LEN(m), false                                                    \
        }

static const struct map maps[] = {
        MAP(langfuse), MAP(openinference), MAP(mastra),      MAP(claude_code),      MAP(langsmith),
        MAP(mlflow),   MAP(langwatch),     MAP(gen_ai_kind), MAP(operation),        MAP(traceloop),
        MAP(genkit),   MAP(genkit_type),   MAP(aisdk),       MAP(request_type),     MAP(mcp),
        MAP(logfire),  MAP(laminar),       MAP(braintrust),  MAP(spring_ai),        MAP(ag2),
        MAP(sentry),   MAP(honeyhive),     MAP(promptflow),  MAP(confident),        MAP(judgment),
        MAP(respan),   MAP(agenta),        MAP(voltagent),   MAP(voltagent_entity), ENDS(haystack),
};

static bool equal_ignoring_case(struct clew_slice a, const char *b)
{
        if (((a.data[0] ^ (uint8_t)b[0]) & 0xdf) != 0)
                return false;
        return a.len == strlen(b) && strncasecmp((const char *)a.data, b, a.len) == 0;
}

static bool has_end(struct clew_slice value, const char *end)
{
        struct clew_slice e = clew_slice_of_cstr(end);

        return value.len >= e.len && clew_slice_eq(clew_slice_from(value, value.len - e.len), e);
}

struct clew_kind_value clew_kind_map_find(const char *map, struct clew_slice value)
{
        static const struct clew_kind_value none;

        if (value.len == 0)
                return none;
        for (size_t m = 0; m < CLEW_ARRAY_LEN(maps); m++) {
                if (strcmp(maps[m].name, map) != 0)
                        continue;
                for (size_t i = 0; i < maps[m].n; i++) {
                        const struct entry *e = &maps[m].entries[i];

                        if (maps[m].ends && has_end(value, e->value))
                                return (struct clew_kind_value){true, e->weak,
                                                                (enum clew_kind)e->kind};
                        if (equal_ignoring_case(value, e->value))
                                return (struct clew_kind_value){true, e->weak,
                                                                (enum clew_kind)e->kind};
                }
                /* Any other MCP method is a call to a server, but not of a tool. */
                if (maps[m].entries == mcp)
                        return (struct clew_kind_value){true, false, CLEW_KIND_MCP};
                break;
        }
        return none;
}

struct pattern {
        const char *text;
        uint8_t len;
        uint8_t where; /* 0 whole, 1 prefix, 2 suffix */
        uint8_t kind;
        uint8_t scope; /* dialect that the scope's name must tell, NONE = any */
};

#define P(text, where, kind)                                                                       \
        {                                                                                          \
                text, sizeof(text) - 1, where, CLEW_KIND_##kind, CLEW_DIALECT_NONE                 \
        }
/* Common words that mean something as the templates of Logfire's integrations. */
#define L(text, kind)                                                                              \
        {                                                                                          \
                text, sizeof(text) - 1, 1, CLEW_KIND_##kind, CLEW_DIALECT_PYDANTIC                 \
        }
/* A name of one dialect alone. */
#define D(text, kind, dialect)                                                                     \
        {                                                                                          \
                text, sizeof(text) - 1, 0, CLEW_KIND_##kind, CLEW_DIALECT_##dialect                \
        }

/* In order; the first that fits wins. */
static const struct pattern patterns[] = {
        P("claude_code.interaction", 0, AGENT),
        P("claude_code.llm_request", 0, LLM),
        P("claude_code.tool", 0, TOOL),
        P("invoke_agent", 1, AGENT),
        P("create_agent", 1, AGENT),
        P("execute_tool", 1, TOOL),
        P("invoke_workflow", 1, CHAIN),
        P("execute_task ", 1, CHAIN),
        P("execute_event_loop_cycle", 0, CHAIN),
        P("invoke_swarm", 0, AGENT),
        P("invoke_graph", 0, AGENT),
        P("dispatch_tool_call", 0, TOOL), /* Goose */
        P("running tool: ", 1, TOOL),
        P("running tool", 0, TOOL),
        P("running output function", 0, TOOL),
        P("running ", 1, CHAIN),
        P("agent run", 0, AGENT),
        P("agent_run", 1, AGENT),
        P("agent_turn", 0, AGENT),
        P("start_agent_activity", 0, AGENT),
        P("function_tool", 0, TOOL),
        P("invocation", 0, CHAIN),
        P("call_llm", 0, LLM),
        P("generate_content ", 1, LLM),
        P("send_data", 0, EVENT),
        P("session_task.turn", 0, CHAIN),
        P("haystack.pipeline.run", 0, CHAIN),
        P("haystack.async_pipeline.run", 0, CHAIN),
        P("haystack.component.run", 0, CHAIN),
        P("haystack.agent.run", 0, AGENT),
        P("haystack.agent.step.llm", 0, LLM),
        P("haystack.agent.step.tool", 0, TOOL),
        P("haystack.agent.step", 0, CHAIN),
        P("openclaw.run", 0, AGENT),
        P("openclaw.harness.run", 0, CHAIN),
        P("openclaw.model.call", 0, LLM),
        P("openclaw.model.usage", 0, LLM),
        P("openclaw.tool.execution", 0, TOOL),
        P("openclaw.exec", 0, TOOL),
        P("openclaw.message.processed", 0, CHAIN),
        P("openclaw.context.assembled", 0, CHAIN),
        P("agent_handoff", 1, HANDOFF),
        P("guardrail_check", 1, GUARDRAIL),
        P("handle_responses", 0, LLM),
        P("workflow.run", 0, CHAIN),
        P("workflow.build", 0, CHAIN),
        P("executor.process ", 1, CHAIN),
        P("edge_group.process ", 1, CHAIN),
        P("message.send", 0, CHAIN),
        P("openai.chat", 0, LLM),
        P("openai.completion", 0, LLM),
        P("openai.response", 0, LLM),
        P("openai.embeddings", 0, EMBEDDING),
        P("anthropic.chat", 0, LLM),
        P("anthropic.completion", 0, LLM),
        P("anthropic.messages.create", 0, LLM),
        P("anthropic.messages.stream", 0, LLM),
        P("anthropic.tool_use ", 1, TOOL),
        P("bedrock.converse", 0, LLM),
        P("chat ", 1, LLM),
        P("text_completion ", 1, LLM),
        P("embeddings ", 1, EMBEDDING),
        P("retrieval ", 1, RETRIEVER),
        P("tools/call", 1, TOOL),
        P("mcp.client.session", 0, MCP),
        P("mcp.server.session", 0, MCP),
        P(".workflow", 2, CHAIN),
        P(".task", 2, CHAIN),
        P(".agent", 2, AGENT),
        P(".tool", 2, TOOL),
        P(".mcp", 2, MCP),
        P(".llm", 2, LLM),
        P(".user_prompt", 2, CHAIN), /* Qwen Code's records, sent as spans */
        P(".tool_call", 2, TOOL),
        P(".api_response", 2, LLM),
        L("Chat Completion with ", LLM),
        L("Responses API with ", LLM),
        L("Agent run: ", AGENT),
        L("Function: ", TOOL),
        L("Handoff: ", HANDOFF),
        L("Guardrail ", GUARDRAIL),
        L("Task: ", CHAIN),
        L("Turn ", CHAIN),
        D("llm_node", LLM, LIVEKIT), /* around the plugin's call, or the user's own */
};

#undef P
#undef L
#undef D

/* Called for each span of each trace: one byte decides nearly always. */
static bool fits(const struct pattern *p, struct clew_slice name)
{
        const uint8_t *at = name.data;

        if (name.len < p->len || (p->where == 0 && name.len != p->len))
                return false;
        if (p->where == 2) {
                if (name.len == p->len)
                        return false;
                at += name.len - p->len;
        }
        return *at == (uint8_t)*p->text && at[p->len - 1] == (uint8_t)p->text[p->len - 1] &&
               memcmp(at, p->text, p->len) == 0;
}

struct clew_kind_value clew_kind_of_name(struct clew_slice name, enum clew_dialect scope)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(patterns); i++) {
                if (fits(&patterns[i], name) &&
                    (patterns[i].scope == CLEW_DIALECT_NONE || patterns[i].scope == scope))
                        return (struct clew_kind_value){true, true,
                                                        (enum clew_kind)patterns[i].kind};
        }
        return (struct clew_kind_value){0};
}

bool clew_name_is_no_call(struct clew_slice name)
{
        /* LlamaIndex marks all methods of a model class, also the one that only prepares a call. */
        static const char *const suffixes[] = {"._prepare_chat_with_tools"};

        /* Codex writes one for each piece of a stream; the last has the counts. */
        if (clew_slice_eq_cstr(name, "handle_responses"))
                return true;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(suffixes); i++) {
                struct clew_slice suffix = clew_slice_of_cstr(suffixes[i]);

                if (name.len > suffix.len &&
                    clew_slice_eq(clew_slice_from(name, name.len - suffix.len), suffix))
                        return true;
        }
        return false;
}

struct prefix {
        const char *text;
        uint8_t dialect;
        bool whole;
};

static enum clew_dialect dialect_of(const struct prefix *table, size_t n, struct clew_slice text)
{
        for (size_t i = 0; i < n; i++) {
                struct clew_slice p;

                if (text.len == 0 || text.data[0] != (uint8_t)table[i].text[0])
                        continue;
                p = clew_slice_of_cstr(table[i].text);
                if (table[i].whole ? clew_slice_eq(text, p) : clew_slice_starts_with(text, p))
                        return (enum clew_dialect)table[i].dialect;
        }
        return CLEW_DIALECT_NONE;
}

enum clew_dialect clew_dialect_of_scope(struct clew_slice scope_name)
{
        static const struct prefix scopes[] = {
                {"openinference.", CLEW_DIALECT_OPENINFERENCE, false},
                {"@arizeai/openinference", CLEW_DIALECT_OPENINFERENCE, false},
                {"@traceloop/", CLEW_DIALECT_OPENLLMETRY, false},
                {"traceloop.tracer", CLEW_DIALECT_OPENLLMETRY, true},
                {"ai", CLEW_DIALECT_AISDK, true},
                {"gen_ai", CLEW_DIALECT_AISDK, true},
                {"langfuse", CLEW_DIALECT_LANGFUSE, false},
                {"pydantic-ai", CLEW_DIALECT_PYDANTIC, true},
                {"pydantic-evals", CLEW_DIALECT_PYDANTIC, true},
                {"logfire", CLEW_DIALECT_PYDANTIC, false},
                {"langsmith", CLEW_DIALECT_LANGSMITH, true},
                {"gcp.vertex.agent", CLEW_DIALECT_ADK, true},
                {"strands.", CLEW_DIALECT_STRANDS, false},
                {"com.anthropic.claude_code", CLEW_DIALECT_CLAUDE_CODE, false},
                {"gemini-cli", CLEW_DIALECT_GEMINI_CLI, true},
                {"codex_", CLEW_DIALECT_CODEX, false},
                {"@mastra/", CLEW_DIALECT_MASTRA, false},
                {"genkit-tracer", CLEW_DIALECT_GENKIT, true},
                {"livekit-agents", CLEW_DIALECT_LIVEKIT, true},
                {"openlit", CLEW_DIALECT_OPENLIT, false},
                {"langwatch", CLEW_DIALECT_LANGWATCH, false},
                {"agent_framework", CLEW_DIALECT_AGENT_FRAMEWORK, false},
                {"autogen", CLEW_DIALECT_AUTOGEN, false},
                {"semantic_kernel", CLEW_DIALECT_SEMANTIC_KERNEL, false},
                {"Microsoft.SemanticKernel", CLEW_DIALECT_SEMANTIC_KERNEL, false},
                {"github.copilot", CLEW_DIALECT_COPILOT, false},
                {"org.springframework.ai", CLEW_DIALECT_SPRING_AI, false},
                {"lmnr", CLEW_DIALECT_LAMINAR, false},
                {"braintrust", CLEW_DIALECT_BRAINTRUST, false},
                {"haystack", CLEW_DIALECT_HAYSTACK, false},
                {"opentelemetry.instrumentation.ag2", CLEW_DIALECT_AG2, false},
                {"openclaw", CLEW_DIALECT_OPENCLAW, false},
                {"sentry", CLEW_DIALECT_SENTRY, false},
                {"opencode", CLEW_DIALECT_OPENCODE, true},
                {"promptflow", CLEW_DIALECT_PROMPTFLOW, false},
        };

        return dialect_of(scopes, CLEW_ARRAY_LEN(scopes), scope_name);
}

enum clew_dialect clew_dialect_of_key(struct clew_slice key)
{
        static const struct prefix keys[] = {
                {"openinference.", CLEW_DIALECT_OPENINFERENCE, false},
                {"langfuse.", CLEW_DIALECT_LANGFUSE, false},
                {"traceloop.", CLEW_DIALECT_OPENLLMETRY, false},
                {"ai.", CLEW_DIALECT_AISDK, false},
                {"langsmith.", CLEW_DIALECT_LANGSMITH, false},
                {"mlflow.", CLEW_DIALECT_MLFLOW, false},
                {"gcp.vertex.agent.", CLEW_DIALECT_ADK, false},
                {"genkit:", CLEW_DIALECT_GENKIT, false},
                {"mastra.", CLEW_DIALECT_MASTRA, false},
                {"pydantic_ai.", CLEW_DIALECT_PYDANTIC, false},
                {"logfire.", CLEW_DIALECT_PYDANTIC, false},
                {"event_loop.", CLEW_DIALECT_STRANDS, false},
                {"codex.", CLEW_DIALECT_CODEX, false},
                {"spring-ai/", CLEW_DIALECT_SPRING_AI, false},
                {"spring.ai.", CLEW_DIALECT_SPRING_AI, false},
                {"lmnr.", CLEW_DIALECT_LAMINAR, false},
                {"braintrust.", CLEW_DIALECT_BRAINTRUST, false},
                {"haystack.", CLEW_DIALECT_HAYSTACK, false},
                {"ag2.", CLEW_DIALECT_AG2, false},
                {"openclaw.", CLEW_DIALECT_OPENCLAW, false},
                {"sentry.", CLEW_DIALECT_SENTRY, false},
                {"promptflow.", CLEW_DIALECT_PROMPTFLOW, false},
                {"__computed__.", CLEW_DIALECT_PROMPTFLOW, false},
                {"langwatch.", CLEW_DIALECT_LANGWATCH, false},
                {"lk.", CLEW_DIALECT_LIVEKIT, false},
                {"litellm.", CLEW_DIALECT_LITELLM, false},
                {"gen_ai.", CLEW_DIALECT_OTEL, false},
                {"mcp.", CLEW_DIALECT_OTEL, false},
        };

        return dialect_of(keys, CLEW_ARRAY_LEN(keys), key);
}
