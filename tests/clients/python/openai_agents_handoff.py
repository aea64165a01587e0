"""OpenAI Agents: triage hands over to a booker; then a question that a guardrail of the input stops, and
an answer that a guardrail of the output stops."""

import asyncio
import os

import common
import instrumentors
from agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    OutputGuardrailTripwireTriggered,
    Runner,
    function_tool,
    input_guardrail,
    output_guardrail,
)


@function_tool
def weather(city: str) -> str:
    """The weather in a city today."""
    return common.weather(city)


@function_tool
def book_room(city: str) -> str:
    """Books a room in a city."""
    return f"room 12 in {city}"


@input_guardrail(name="polite", run_in_parallel=False)
async def polite(context, agent, asked):
    rude = "stupid" in str(asked)
    return GuardrailFunctionOutput(output_info={"rude": rude}, tripwire_triggered=rude)


@output_guardrail(name="short")
async def short(context, agent, answer):
    long = "paid" in answer
    return GuardrailFunctionOutput(output_info={"long": long}, tripwire_triggered=long)


booker = Agent(
    name="booker",
    instructions=common.BOOKER_SYSTEM,
    model=common.MODEL,
    tools=[weather, book_room],
    output_guardrails=[short],
)
triage = Agent(
    name="triage",
    instructions=common.SYSTEM,
    model=common.MODEL,
    handoffs=[booker],
    input_guardrails=[polite],
)


async def run(agent, question):
    if not os.environ.get("CLEW_STREAM"):
        return (await Runner.run(agent, question)).final_output
    result = Runner.run_streamed(agent, question)
    async for _ in result.stream_events():
        pass
    return result.final_output


async def main():
    with instrumentors.session():
        assert await run(triage, common.QUESTIONS[0]) == "Room 12 in Paris is booked."
    with instrumentors.session():
        try:
            await run(triage, "You stupid thing.")
            raise AssertionError("the guardrail of the input did not stop the run")
        except InputGuardrailTripwireTriggered:
            pass
    with instrumentors.session():
        try:
            await run(booker, "Is it paid?")
            raise AssertionError("the guardrail of the output did not stop the run")
        except OutputGuardrailTripwireTriggered:
            pass


with instrumentors.instrumented("openai_agents"):
    asyncio.run(main())
