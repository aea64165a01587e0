"""OpenAI Agents SDK under OpenInference's instrumentor: two turns in one session."""

import asyncio

import common
import travel_openai_agents
from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor

provider = common.tracer_provider()
OpenAIAgentsInstrumentor().instrument(tracer_provider=provider)
asyncio.run(
    travel_openai_agents.converse(
        lambda: using_attributes(session_id=common.SESSION, user_id=common.USER)
    )
)
provider.shutdown()
