/*
 * Names of providers: what emitters write, and the one name that the conventions use for it.
 */
#include "query/model/rules-int.h"

#include "proto/base/compiler.h"

#include <string.h>
#include <strings.h>

struct alias {
        const char *seen;      /* in any case */
        const char *canonical; /* NULL: a framework, not a provider */
};

static const struct alias aliases[] = {
        {"openai", "openai"},
        {"anthropic", "anthropic"},
        {"aws.bedrock", "aws.bedrock"},
        {"bedrock", "aws.bedrock"},
        {"bedrock_converse", "aws.bedrock"},
        {"amazon-bedrock", "aws.bedrock"},
        {"aws", "aws.bedrock"},
        {"azure.ai.inference", "azure.ai.inference"},
        {"az.ai.inference", "azure.ai.inference"},
        {"azure_ai", "azure.ai.inference"},
        {"azure.ai.openai", "azure.ai.openai"},
        {"az.ai.openai", "azure.ai.openai"},
        {"azure", "azure.ai.openai"},
        {"azure_openai", "azure.ai.openai"},
        {"azure-openai", "azure.ai.openai"},
        {"cohere", "cohere"},
        {"cohere_chat", "cohere"},
        {"deepseek", "deepseek"},
        {"gcp.gemini", "gcp.gemini"},
        {"gemini", "gcp.gemini"},
        {"google", "gcp.gemini"},
        {"google.generative-ai", "gcp.gemini"},
        {"gcp.gen_ai", "gcp.gen_ai"},
        {"gcp.vertex_ai", "gcp.vertex_ai"},
        {"vertex_ai", "gcp.vertex_ai"},
        {"vertex_ai_beta", "gcp.vertex_ai"},
        {"vertexai", "gcp.vertex_ai"},
        {"google-vertex", "gcp.vertex_ai"},
        {"google.vertex", "gcp.vertex_ai"},
        {"groq", "groq"},
        {"ibm.watsonx.ai", "ibm.watsonx.ai"},
        {"watsonx", "ibm.watsonx.ai"},
        {"mistral_ai", "mistral_ai"},
        {"mistral", "mistral_ai"},
        {"mistralai", "mistral_ai"},
        {"moonshot_ai", "moonshot_ai"},
        {"moonshot", "moonshot_ai"},
        {"perplexity", "perplexity"},
        {"x_ai", "x_ai"},
        {"xai", "x_ai"},
        {"gcp.vertex.agent", NULL}, /* ADK's own tag */
        {"langchain", NULL},
        {"crewai", NULL},
        {"autogen", NULL},
        {"strands-agents", NULL},
        {"microsoft.agent_framework", NULL},
        {"spring_ai", NULL},
        {"langgraph", NULL},
        {"llamaindex", NULL},
        {"haystack", NULL},
        {"pydantic_ai", NULL},
        {"openai_agents", NULL},
        {"agno", NULL},
};

/* Some write the vendor and the kind of API: "openai.chat", "google.vertex.chat". */
static const char *const api_suffixes[] = {
        ".chat",  ".responses", ".completion", ".messages",      ".embedding",
        ".image", ".reranking", ".speech",     ".transcription",
};

static const struct alias *find(struct clew_slice name)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(aliases); i++) {
                const char *seen = aliases[i].seen;

                if ((name.data[0] ^ (uint8_t)seen[0]) & 0xdf)
                        continue;
                if (name.len == strlen(seen) &&
                    strncasecmp((const char *)name.data, seen, name.len) == 0)
                        return &aliases[i];
        }
        return NULL;
}

struct clew_slice clew_provider_canonical(struct clew_slice seen)
{
        const struct alias *alias;

        if (seen.len == 0)
                return CLEW_SLICE_NULL;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(api_suffixes); i++) {
                struct clew_slice suffix = clew_slice_of_cstr(api_suffixes[i]);

                if (seen.len > suffix.len &&
                    clew_slice_eq(clew_slice_from(seen, seen.len - suffix.len), suffix)) {
                        seen.len -= suffix.len;
                        break;
                }
        }
        alias = find(seen);
        if (!alias)
                return seen;
        return alias->canonical ? clew_slice_of_cstr(alias->canonical) : CLEW_SLICE_NULL;
}

struct clew_slice clew_provider_of_model(struct clew_slice model)
{
        const uint8_t *slash = model.len ? memchr(model.data, '/', model.len) : NULL;
        struct clew_slice vendor = model;
        const struct alias *alias;

        if (!slash || slash == model.data)
                return CLEW_SLICE_NULL;
        vendor.len = (size_t)(slash - model.data);
        alias = find(vendor);
        return alias && alias->canonical ? clew_slice_of_cstr(alias->canonical) : CLEW_SLICE_NULL;
}
