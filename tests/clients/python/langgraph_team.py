"""A supervisor of langgraph-supervisor that hands over to a booker and gets back what it did."""

import common
import instrumentors
from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph_supervisor import create_supervisor


@tool
def weather(city: str) -> str:
    """The weather in a city today."""
    return common.weather(city)


@tool
def book_room(city: str) -> str:
    """Books a room in a city."""
    return f"room 12 in {city}"


with instrumentors.instrumented("langchain"):
    model = ChatOpenAI(model=common.MODEL)
    booker = create_agent(
        model, [weather, book_room], system_prompt=common.BOOKER_SYSTEM, name="booker"
    )
    team = create_supervisor(
        [booker], model=model, prompt=common.SYSTEM, supervisor_name="supervisor"
    ).compile(name="team")
    with instrumentors.session():
        team.invoke(
            {"messages": [("user", common.QUESTIONS[0])]},
            {"configurable": {"thread_id": common.SESSION}},
        )
