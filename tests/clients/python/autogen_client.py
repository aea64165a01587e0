"""AutoGen AgentChat with the tracing of its runtime and agents, openai calls under OpenInference."""

import asyncio
import os

import common
from autogen_agentchat.agents import AssistantAgent
from autogen_core.tools import FunctionTool
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor

provider = common.tracer_provider()
OpenAIInstrumentor().instrument(tracer_provider=provider)
model = OpenAIChatCompletionClient(
    model=common.MODEL,
    api_key="test",
    base_url=os.environ["OPENAI_BASE_URL"],
    model_info={
        "vision": False,
        "function_calling": True,
        "json_output": False,
        "structured_output": False,
        "family": "unknown",
    },
)
guide = AssistantAgent("guide", model, system_message=common.GUIDE_SYSTEM)


def weather(city: str) -> str:
    return common.weather(city)


def book_hotel(city: str) -> str:
    return common.book_hotel(city)


async def ask_guide(question: str) -> str:
    return (await guide.run(task=question)).messages[-1].content


travel = AssistantAgent(
    "travel",
    model,
    system_message=common.SYSTEM,
    tools=[
        FunctionTool(weather, "The weather in a city today."),
        FunctionTool(book_hotel, "Books a hotel room in a city."),
        FunctionTool(ask_guide, "Asks a guide who knows the city."),
    ],
    max_tool_iterations=6,
    reflect_on_tool_use=False,
)


async def main():
    for question in common.QUESTIONS:
        await travel.run(task=question)
    await model.close()


with using_attributes(session_id=common.SESSION, user_id=common.USER):
    asyncio.run(main())
provider.shutdown()
