"""OpenAI Agents SDK (Responses API) under OpenLLMetry's instrumentor: tools, a sub-agent as a tool,
a failing tool, two turns in one session."""

import asyncio

import common
from agents import Agent, Runner, function_tool, trace
from opentelemetry.instrumentation.openai_agents import OpenAIAgentsInstrumentor

provider = common.tracer_provider()
OpenAIAgentsInstrumentor().instrument(tracer_provider=provider)


@function_tool
def weather(city: str) -> str:
    """The weather in a city today."""
    return common.weather(city)


@function_tool
def book_hotel(city: str) -> str:
    """Books a hotel room in a city."""
    return common.book_hotel(city)


guide = Agent(name="guide", instructions=common.GUIDE_SYSTEM, model=common.MODEL)


@function_tool
async def ask_guide(question: str) -> str:
    """Asks a guide who knows the city."""
    return (await Runner.run(guide, question)).final_output


travel = Agent(
    name="travel",
    instructions=common.SYSTEM,
    model=common.MODEL,
    tools=[weather, book_hotel, ask_guide],
)


async def main():
    history = []
    for question in common.QUESTIONS:
        history.append({"role": "user", "content": question})
        with trace("travel workflow", group_id=common.SESSION):
            result = await Runner.run(travel, history)
        history = result.to_input_list()


asyncio.run(main())
provider.shutdown()
