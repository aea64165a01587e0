"""The travel agent in the OpenAI Agents SDK (Responses API), for the clients that instrument it:
tools, a sub-agent as a tool, a failing tool."""

import common
from agents import Agent, Runner, function_tool


def agent():
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

    return Agent(
        name="travel",
        instructions=common.SYSTEM,
        model=common.MODEL,
        tools=[weather, book_hotel, ask_guide],
    )


async def converse(around):
    """Both turns, each inside the context that @around() makes."""
    travel = agent()
    history = []
    for question in common.QUESTIONS:
        history.append({"role": "user", "content": question})
        with around():
            result = await Runner.run(travel, history)
        history = result.to_input_list()
