"""pydantic-ai with its own instrumentation."""

import common
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.openai import OpenAIChatModel

provider = common.tracer_provider()
Agent.instrument_all(InstrumentationSettings(tracer_provider=provider))
model = OpenAIChatModel(common.MODEL)
guide = Agent(model, name="guide", system_prompt=common.GUIDE_SYSTEM)
travel = Agent(model, name="travel", system_prompt=common.SYSTEM, retries=3)


@travel.tool_plain
def weather(city: str) -> str:
    """The weather in a city today."""
    return common.weather(city)


@travel.tool_plain
def book_hotel(city: str) -> str:
    """Books a hotel room in a city."""
    try:
        return common.book_hotel(city)
    except RuntimeError as error:
        raise ModelRetry(str(error)) from error


@travel.tool_plain
async def ask_guide(question: str) -> str:
    """Asks a guide who knows the city."""
    return (await guide.run(question)).output


history = None
for question in common.QUESTIONS:
    result = travel.run_sync(question, message_history=history, conversation_id=common.SESSION)
    history = result.all_messages()
provider.shutdown()
