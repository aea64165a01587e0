"""A swarm of langgraph-swarm: the triage agent hands over to the booker, who stays active in the next turn."""

import common
import instrumentors
from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_swarm import create_handoff_tool, create_swarm


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
    triage = create_agent(
        model,
        [create_handoff_tool(agent_name="booker")],
        system_prompt=common.SYSTEM,
        name="triage",
    )
    booker = create_agent(
        model, [weather, book_room], system_prompt=common.BOOKER_SYSTEM, name="booker"
    )
    swarm = create_swarm([triage, booker], default_active_agent="triage").compile(
        checkpointer=InMemorySaver()
    )
    for question in common.QUESTIONS:
        with instrumentors.session():
            swarm.invoke(
                {"messages": [("user", question)]}, {"configurable": {"thread_id": common.SESSION}}
            )
