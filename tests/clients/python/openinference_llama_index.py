"""LlamaIndex's agent workflow under OpenInference's instrumentor: a sub-agent inside a tool."""

import asyncio
import os

import common
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import Context
from llama_index.llms.openai_like import OpenAILike
from openinference.instrumentation import using_attributes
from openinference.instrumentation.llama_index import LlamaIndexInstrumentor

provider = common.tracer_provider()
LlamaIndexInstrumentor().instrument(tracer_provider=provider)
model = OpenAILike(
    model=common.MODEL,
    api_base=os.environ["OPENAI_BASE_URL"],
    api_key="test",
    is_chat_model=True,
    is_function_calling_model=True,
)


def weather(city: str) -> str:
    """The weather in a city today."""
    return common.weather(city)


def book_hotel(city: str) -> str:
    """Books a hotel room in a city."""
    return common.book_hotel(city)


guide = FunctionAgent(name="guide", llm=model, system_prompt=common.GUIDE_SYSTEM, streaming=False)


async def ask_guide(question: str) -> str:
    """Asks a guide who knows the city."""
    return str(await guide.run(question))


travel = FunctionAgent(
    name="travel",
    llm=model,
    system_prompt=common.SYSTEM,
    tools=[FunctionTool.from_defaults(f) for f in (weather, book_hotel)]
    + [FunctionTool.from_defaults(async_fn=ask_guide)],
    streaming=False,
)


async def main():
    context = Context(travel)
    for question in common.QUESTIONS:
        await travel.run(question, ctx=context)


with using_attributes(session_id=common.SESSION, user_id=common.USER):
    asyncio.run(main())
provider.shutdown()
