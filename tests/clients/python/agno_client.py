"""agno: an agent with tools, one of which fails and one of which asks another agent."""

import os

import common
import instrumentors
from agno.agent import Agent
from agno.models.openai import OpenAIChat


def converse():
    model = OpenAIChat(id=common.MODEL, base_url=os.environ["OPENAI_BASE_URL"])
    guide = Agent(name="guide", model=model, system_message=common.GUIDE_SYSTEM, telemetry=False)

    def weather(city: str) -> str:
        """The weather in a city today."""
        return common.weather(city)

    def book_hotel(city: str) -> str:
        """Books a hotel room in a city."""
        return common.book_hotel(city)

    def ask_guide(question: str) -> str:
        """Asks a guide who knows the city."""
        return guide.run(question).content

    travel = Agent(
        name="travel",
        model=model,
        system_message=common.SYSTEM,
        tools=[weather, book_hotel, ask_guide],
        telemetry=False,
    )
    history = []
    for question in common.QUESTIONS:
        asked = {"role": "user", "content": question}
        reply = travel.run(
            [*history, asked],
            session_id=common.SESSION,
            user_id=common.USER,
            stream=False,
        )
        history += [asked, {"role": "assistant", "content": reply.content}]


with instrumentors.instrumented("agno"):
    with instrumentors.session():
        converse()
