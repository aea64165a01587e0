"""The travel agent in LangChain, for the clients that instrument it. Everything is made when it is
asked for: after the instrumentor."""

import common
from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call
from langchain_core.messages import ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI


@wrap_tool_call
def report_errors(request, handler):
    try:
        return handler(request)
    except RuntimeError as error:
        return ToolMessage(f"error: {error}", tool_call_id=request.tool_call["id"], status="error")


def agent():
    model = ChatOpenAI(model=common.MODEL)
    guide = create_agent(model, [], system_prompt=common.GUIDE_SYSTEM, name="guide")

    @tool
    def weather(city: str) -> str:
        """The weather in a city today."""
        return common.weather(city)

    @tool
    def book_hotel(city: str) -> str:
        """Books a hotel room in a city."""
        return common.book_hotel(city)

    @tool
    def ask_guide(question: str) -> str:
        """Asks a guide who knows the city."""
        return guide.invoke({"messages": [("user", question)]})["messages"][-1].content

    return create_agent(
        model,
        [weather, book_hotel, ask_guide],
        system_prompt=common.SYSTEM,
        middleware=[report_errors],
        name="travel",
    )


def converse(config=None):
    """Both turns; @config goes with each."""
    travel = agent()
    messages = []
    for question in common.QUESTIONS:
        messages = travel.invoke({"messages": messages + [("user", question)]}, config)["messages"]
