"""Microsoft Agent Framework with its own observability: a sub-agent as a tool."""

import asyncio
import os

import common
from agent_framework import Agent, tool
from agent_framework.observability import enable_instrumentation
from agent_framework.openai import OpenAIChatCompletionClient

provider = common.tracer_provider()
logs = common.logger_provider()
enable_instrumentation(enable_sensitive_data=True)
client = OpenAIChatCompletionClient(
    model=common.MODEL, api_key="test", base_url=os.environ["OPENAI_BASE_URL"]
)


@tool(approval_mode="never_require")
def weather(city: str) -> str:
    """The weather in a city today."""
    return common.weather(city)


@tool(approval_mode="never_require")
def book_hotel(city: str) -> str:
    """Books a hotel room in a city."""
    return common.book_hotel(city)


guide = Agent(client, instructions=common.GUIDE_SYSTEM, name="guide", description="knows the city")
travel = Agent(
    client,
    instructions=common.SYSTEM,
    name="travel",
    tools=[
        weather,
        book_hotel,
        guide.as_tool(
            name="ask_guide",
            description="Asks a guide.",
            arg_name="question",
            arg_description="what to ask",
            approval_mode="never_require",
        ),
    ],
)


async def main():
    session = travel.create_session(session_id=common.SESSION)
    for question in common.QUESTIONS:
        await travel.run(question, session=session)


asyncio.run(main())
logs.shutdown()
provider.shutdown()
