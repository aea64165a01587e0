"""Strands Agents with its own telemetry: a sub-agent inside a tool."""

import os

import common
from strands import Agent, tool
from strands.models.openai import OpenAIModel
from strands.telemetry import StrandsTelemetry

telemetry = StrandsTelemetry()
telemetry.setup_otlp_exporter()
client = {"api_key": "test", "base_url": os.environ["OPENAI_BASE_URL"]}
model = OpenAIModel(client_args=client, model_id=common.MODEL)
attributes = {"session.id": common.SESSION, "user.id": common.USER}


@tool
def weather(city: str) -> str:
    """The weather in a city today."""
    return common.weather(city)


@tool
def book_hotel(city: str) -> str:
    """Books a hotel room in a city."""
    return common.book_hotel(city)


guide = Agent(
    name="guide",
    model=model,
    system_prompt=common.GUIDE_SYSTEM,
    callback_handler=None,
    trace_attributes=attributes,
)


@tool
def ask_guide(question: str) -> str:
    """Asks a guide who knows the city."""
    return str(guide(question))


travel = Agent(
    name="travel",
    model=model,
    system_prompt=common.SYSTEM,
    tools=[weather, book_hotel, ask_guide],
    callback_handler=None,
    trace_attributes=attributes,
)
for question in common.QUESTIONS:
    travel(question)
telemetry.tracer_provider.shutdown()
