"""A tool that waits for a person: the first run pauses, the second goes on with the answer and ends."""

import common
import instrumentors
from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt


@tool
def book_room(city: str) -> str:
    """Books a room in a city, once a person agrees."""
    agreed = interrupt({"question": f"Book a room in {city}?"})
    return f"room 12 in {city}" if agreed else "not booked"


with instrumentors.instrumented("langchain"):
    agent = create_agent(
        ChatOpenAI(model=common.MODEL),
        [book_room],
        system_prompt=common.SYSTEM,
        checkpointer=InMemorySaver(),
        name="travel",
    )
    thread = {"configurable": {"thread_id": common.SESSION}}
    with instrumentors.session():
        first = agent.invoke({"messages": [("user", "Book a room in Paris.")]}, thread)
        assert first["__interrupt__"]
    with instrumentors.session():
        second = agent.invoke(Command(resume=True), thread)
        assert second["messages"][-1].content == "Room 12 in Paris is booked."
