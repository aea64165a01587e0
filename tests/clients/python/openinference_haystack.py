"""Haystack's agent under OpenInference's instrumentor: a sub-agent inside a tool."""

import os
from typing import Annotated

import common
from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import tool
from openinference.instrumentation import using_attributes
from openinference.instrumentation.haystack import HaystackInstrumentor

provider = common.tracer_provider()
HaystackInstrumentor().instrument(tracer_provider=provider)


def model():
    return OpenAIChatGenerator(model=common.MODEL, api_base_url=os.environ["OPENAI_BASE_URL"])


@tool
def weather(city: Annotated[str, "the city"]) -> str:
    """The weather in a city today."""
    return common.weather(city)


@tool
def book_hotel(city: Annotated[str, "the city"]) -> str:
    """Books a hotel room in a city."""
    return common.book_hotel(city)


guide = Agent(chat_generator=model(), system_prompt=common.GUIDE_SYSTEM)


@tool
def ask_guide(question: Annotated[str, "what to ask"]) -> str:
    """Asks a guide who knows the city."""
    return guide.run(messages=[ChatMessage.from_user(question)])["messages"][-1].text


travel = Agent(
    chat_generator=model(),
    system_prompt=common.SYSTEM,
    tools=[weather, book_hotel, ask_guide],
    raise_on_tool_invocation_failure=False,
)
with using_attributes(session_id=common.SESSION, user_id=common.USER):
    messages = []
    for question in common.QUESTIONS:
        messages.append(ChatMessage.from_user(question))
        messages = travel.run(messages=messages)["messages"]
        messages = [m for m in messages if m.role.value != "system"]
provider.shutdown()
