"""One framework under the instrumentor that CLEW_INSTRUMENTOR names. `with instrumented("X"):` sets it
up, and at the end sends what is left."""

import contextlib
import importlib
import os

import common

# Framework: {instrumentor: (module, class)}.
TABLE = {
    "langchain": {
        "openinference": ("openinference.instrumentation.langchain", "LangChainInstrumentor"),
        "genai": ("opentelemetry.instrumentation.genai.langchain", "LangChainInstrumentor"),
        "traceloop": ("opentelemetry.instrumentation.langchain", "LangchainInstrumentor"),
    },
    "openai_agents": {
        "openinference": ("openinference.instrumentation.openai_agents", "OpenAIAgentsInstrumentor"),
        "genai": ("opentelemetry.instrumentation.genai.openai_agents", "OpenAIAgentsInstrumentor"),
        "traceloop": ("opentelemetry.instrumentation.openai_agents", "OpenAIAgentsInstrumentor"),
    },
    "anthropic": {
        "openinference": ("openinference.instrumentation.anthropic", "AnthropicInstrumentor"),
        "genai": ("opentelemetry.instrumentation.genai.anthropic", "AnthropicInstrumentor"),
        "traceloop": ("opentelemetry.instrumentation.anthropic", "AnthropicInstrumentor"),
    },
    "bedrock": {
        "openinference": ("openinference.instrumentation.bedrock", "BedrockInstrumentor"),
        "genai": ("opentelemetry.instrumentation.genai.bedrock", "BedrockInstrumentor"),
        "traceloop": ("opentelemetry.instrumentation.bedrock", "BedrockInstrumentor"),
        "botocore": ("opentelemetry.instrumentation.botocore", "BotocoreInstrumentor"),
    },
    "google_genai": {
        "openinference": ("openinference.instrumentation.google_genai", "GoogleGenAIInstrumentor"),
        "genai": ("opentelemetry.instrumentation.google_genai", "GoogleGenAiSdkInstrumentor"),
    },
    "agno": {
        "openinference": ("openinference.instrumentation.agno", "AgnoInstrumentor"),
        "genai": ("opentelemetry.instrumentation.genai.agno", "AgnoInstrumentor"),
        "traceloop": ("opentelemetry.instrumentation.agno", "AgnoInstrumentor"),
    },
    "dspy": {
        "openinference": ("openinference.instrumentation.dspy", "DSPyInstrumentor"),
        "genai": ("opentelemetry.instrumentation.genai.dspy", "DSPyInstrumentor"),
    },
}

# Where the conventions' own instrumentor makes no spans of model calls: openai's makes them.
CALLS_BESIDE = ("agno", "openai_agents")


@contextlib.contextmanager
def instrumented(framework):
    """Gives the provider of tracers."""
    provider = common.tracer_provider()
    logs = common.logger_provider()
    name = os.environ.get("CLEW_INSTRUMENTOR")
    if name in TABLE[framework]:
        module, kind = TABLE[framework][name]
        instrumentor = getattr(importlib.import_module(module), kind)()
        extra = {} if name == "openinference" else {"logger_provider": logs}
        instrumentor.instrument(tracer_provider=provider, **extra)
        if name == "genai" and framework in CALLS_BESIDE:
            from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

            OpenAIInstrumentor().instrument(tracer_provider=provider, **extra)
    try:
        yield provider
    finally:
        if name == "langsmith":  # its spans are made in a thread of its own
            from langchain_core.tracers.langchain import wait_for_all_tracers

            wait_for_all_tracers()
        logs.shutdown()
        provider.shutdown()


def session():
    """Session and user, by the means that the instrumentor has."""
    if os.environ.get("CLEW_INSTRUMENTOR") == "openinference":
        from openinference.instrumentation import using_attributes

        return using_attributes(session_id=common.SESSION, user_id=common.USER)
    return contextlib.nullcontext()
