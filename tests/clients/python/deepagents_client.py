"""The planner of deepagents: a task for a sub-agent, a file, an answer."""

import common
import instrumentors
from deepagents import create_deep_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI


@tool
def weather(city: str) -> str:
    """The weather in a city today."""
    return common.weather(city)


with instrumentors.instrumented("langchain"):
    agent = create_deep_agent(
        model=ChatOpenAI(model=common.MODEL),
        tools=[weather],
        system_prompt=common.SYSTEM,
        subagents=[
            {
                "name": "guide",
                "description": "Knows the city.",
                "system_prompt": common.GUIDE_SYSTEM,
                "tools": [weather],
            }
        ],
        name="travel",
    )
    with instrumentors.session():
        agent.invoke({"messages": [("user", common.QUESTIONS[0])]})
