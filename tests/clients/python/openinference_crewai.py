"""CrewAI under OpenInference's instrumentors for crewai and openai."""

import common
from openinference.instrumentation import using_attributes
from openinference.instrumentation.crewai import CrewAIInstrumentor
from openinference.instrumentation.openai import OpenAIInstrumentor

provider = common.tracer_provider()
CrewAIInstrumentor().instrument(tracer_provider=provider)
OpenAIInstrumentor().instrument(tracer_provider=provider)

from crewai import LLM, Agent, Crew, Task  # noqa: E402  (after the instrumentors)
from crewai.tools import tool  # noqa: E402

model = LLM(model=common.MODEL, provider="openai")


@tool("weather")
def weather(city: str) -> str:
    """The weather in a city today."""
    return common.weather(city)


@tool("book_hotel")
def book_hotel(city: str) -> str:
    """Books a hotel room in a city."""
    return common.book_hotel(city)


def crew_of(role, goal, tools, question):
    agent = Agent(role=role, goal=goal, backstory=goal, tools=tools, llm=model, max_iter=6)
    task = Task(description=question, expected_output="one sentence", agent=agent)
    return Crew(agents=[agent], tasks=[task])


@tool("ask_guide")
def ask_guide(question: str) -> str:
    """Asks somebody who knows the city."""
    return str(crew_of("guide", common.GUIDE_SYSTEM, [], question).kickoff())


with using_attributes(session_id=common.SESSION, user_id=common.USER):
    for question in common.QUESTIONS:
        crew_of("travel", common.SYSTEM, [weather, book_hotel, ask_guide], question).kickoff()
provider.shutdown()
