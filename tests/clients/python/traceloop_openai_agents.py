"""OpenAI Agents SDK under OpenLLMetry's instrumentor: two turns in one session."""

import asyncio

import common
import travel_openai_agents
from agents import trace
from opentelemetry.instrumentation.openai_agents import OpenAIAgentsInstrumentor

provider = common.tracer_provider()
OpenAIAgentsInstrumentor().instrument(tracer_provider=provider)
asyncio.run(
    travel_openai_agents.converse(lambda: trace("travel workflow", group_id=common.SESSION))
)
provider.shutdown()
