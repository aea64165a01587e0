"""Google ADK with a LiteLLM model."""

import asyncio
import os

import common

provider = common.tracer_provider()  # before ADK asks for the global one

from google.adk.agents import LlmAgent  # noqa: E402
from google.adk.models.lite_llm import LiteLlm  # noqa: E402
from google.adk.runners import InMemoryRunner  # noqa: E402
from google.adk.tools.agent_tool import AgentTool  # noqa: E402
from google.genai import types  # noqa: E402

model = LiteLlm(model="openai/" + common.MODEL, api_base=os.environ["OPENAI_BASE_URL"])


def weather(city: str) -> str:
    """The weather in a city today."""
    return common.weather(city)


def book_hotel(city: str) -> dict:
    """Books a hotel room in a city."""
    try:
        return common.book_hotel(city)
    except RuntimeError as error:
        return {"status": "error", "error": str(error)}  # an exception would end the run


guide = LlmAgent(
    name="ask_guide", model=model, instruction=common.GUIDE_SYSTEM, description="knows the city"
)


travel = LlmAgent(
    name="travel",
    model=model,
    instruction=common.SYSTEM,
    tools=[weather, book_hotel, AgentTool(guide)],
)


async def main():
    runner = InMemoryRunner(travel, app_name="travel_client")
    await runner.session_service.create_session(
        app_name="travel_client", user_id=common.USER, session_id=common.SESSION
    )
    for question in common.QUESTIONS:
        content = types.Content(role="user", parts=[types.Part(text=question)])
        async for _ in runner.run_async(
            user_id=common.USER, session_id=common.SESSION, new_message=content
        ):
            pass


asyncio.run(main())
provider.shutdown()
