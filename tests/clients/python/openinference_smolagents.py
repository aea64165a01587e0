"""smolagents' tool-calling agent under OpenInference's instrumentor, with a managed sub-agent in a
tool's place."""

import os

import common
from openinference.instrumentation import using_attributes
from openinference.instrumentation.smolagents import SmolagentsInstrumentor
from smolagents import OpenAIServerModel, ToolCallingAgent, tool

provider = common.tracer_provider()
SmolagentsInstrumentor().instrument(tracer_provider=provider)
model = OpenAIServerModel(
    model_id=common.MODEL, api_base=os.environ["OPENAI_BASE_URL"], api_key="test"
)


@tool
def weather(city: str) -> str:
    """The weather in a city today.

    Args:
        city: the city
    """
    return common.weather(city)


@tool
def book_hotel(city: str) -> str:
    """Books a hotel room in a city.

    Args:
        city: the city
    """
    return common.book_hotel(city)


guide = ToolCallingAgent(
    tools=[],
    model=model,
    name="guide_agent",
    description="knows the city",
    instructions=common.GUIDE_SYSTEM,
    max_steps=2,
)


@tool
def ask_guide(question: str) -> str:
    """Asks somebody who knows the city.

    Args:
        question: what to ask
    """
    return str(guide.run(question))


travel = ToolCallingAgent(
    tools=[weather, book_hotel, ask_guide],
    model=model,
    name="travel",
    instructions=common.SYSTEM,
    max_steps=6,
)
with using_attributes(session_id=common.SESSION, user_id=common.USER):
    for i, question in enumerate(common.QUESTIONS):
        travel.run(question, reset=i == 0)
provider.shutdown()
