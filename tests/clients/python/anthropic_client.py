"""The Anthropic SDK (Messages API), which makes spans of its own, alone or with an instrumentor on top
(CLEW_INSTRUMENTOR). CLEW_STREAM makes every call a stream, CLEW_ASYNC uses the other client."""

import asyncio
import os

import anthropic
import by_hand
import common
import instrumentors

options = {
    "base_url": os.environ["OPENAI_BASE_URL"].removesuffix("/v1"),
    "api_key": "test",
    "max_retries": 2,
}
TOOLS = [
    {
        "name": t["function"]["name"],
        "description": t["function"]["description"],
        "input_schema": t["function"]["parameters"],
    }
    for t in common.TOOLS
]


def complete(system, messages, tools):
    asked = {"model": common.MODEL, "max_tokens": 100, "system": system, "messages": messages}
    if tools:
        asked["tools"] = tools
    if os.environ.get("CLEW_ASYNC"):
        return asyncio.run(complete_async(asked))
    client = anthropic.Anthropic(**options)
    if os.environ.get("CLEW_STREAM"):
        with client.messages.stream(**asked) as stream:
            return stream.get_final_message()
    return client.messages.create(**asked)


async def complete_async(asked):
    async with anthropic.AsyncAnthropic(**options) as client:
        if os.environ.get("CLEW_STREAM"):
            async with client.messages.stream(**asked) as stream:
                return await stream.get_final_message()
        return await client.messages.create(**asked)


PARTS = {"type", "text", "id", "name", "input"}


def converse(provider):
    tracer = provider.get_tracer("clew-client")
    agent = by_hand.traced(tracer, "invoke_agent")
    tool = by_hand.traced(tracer, "execute_tool")

    @agent("guide")
    def guide(question):
        reply = complete(common.GUIDE_SYSTEM, [{"role": "user", "content": question}], None)
        return reply.content[0].text

    FUNCTIONS = {
        "weather": tool("weather")(common.weather),
        "book_hotel": tool("book_hotel")(common.book_hotel),
        "ask_guide": tool("ask_guide")(lambda question: guide(question)),
    }

    def result_of(use):
        result = {"type": "tool_result", "tool_use_id": use.id}
        try:
            return {**result, "content": FUNCTIONS[use.name](**use.input)}
        except RuntimeError as error:
            return {**result, "content": f"error: {error}", "is_error": True}

    messages = []

    @agent("travel")
    def travel(question):
        messages.append({"role": "user", "content": question})
        while True:
            reply = complete(common.SYSTEM, messages, TOOLS)
            blocks = [b.model_dump(include=PARTS, exclude_none=True) for b in reply.content]
            messages.append({"role": "assistant", "content": blocks})
            uses = [b for b in reply.content if b.type == "tool_use"]
            if not uses:
                return reply.content[0].text
            messages.append({"role": "user", "content": [result_of(use) for use in uses]})

    for question in common.QUESTIONS:
        travel(question)


with instrumentors.instrumented("anthropic") as provider:
    converse(provider)
