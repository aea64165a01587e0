"""Semantic Kernel's agent with its own GenAI diagnostics (spans, and log records with the contents)."""

import asyncio
import logging

import common
from openai import AsyncOpenAI
from opentelemetry.sdk._logs import LoggingHandler
from semantic_kernel.agents import ChatCompletionAgent
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion
from semantic_kernel.functions import kernel_function

provider = common.tracer_provider()
logs = common.logger_provider()
logger = logging.getLogger("semantic_kernel")
logger.addHandler(LoggingHandler(logger_provider=logs))
logger.setLevel(logging.INFO)
service = OpenAIChatCompletion(ai_model_id=common.MODEL, async_client=AsyncOpenAI())
guide = ChatCompletionAgent(service=service, name="guide", instructions=common.GUIDE_SYSTEM)


class Trip:
    @kernel_function(name="weather", description="The weather in a city today.")
    def weather(self, city: str) -> str:
        return common.weather(city)

    @kernel_function(name="book_hotel", description="Books a hotel room in a city.")
    def book_hotel(self, city: str) -> str:
        return common.book_hotel(city)

    @kernel_function(name="ask_guide", description="Asks a guide who knows the city.")
    async def ask_guide(self, question: str) -> str:
        return str((await guide.get_response(question)).content)


travel = ChatCompletionAgent(
    service=service, name="travel", instructions=common.SYSTEM, plugins=[Trip()]
)


async def main():
    thread = None
    for question in common.QUESTIONS:
        reply = await travel.get_response(question, thread=thread)
        thread = reply.thread


asyncio.run(main())
logs.shutdown()
provider.shutdown()
