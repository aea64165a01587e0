"""The Anthropic SDK (Messages API) under OpenInference's instrumentor, with its tracer's decorators."""

import os

import anthropic
import common
from openinference.instrumentation import TracerProvider, using_attributes
from openinference.instrumentation.anthropic import AnthropicInstrumentor
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(common.exporter()))
AnthropicInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("clew-client")
client = anthropic.Anthropic(
    base_url=os.environ["OPENAI_BASE_URL"].removesuffix("/v1"), api_key="test", max_retries=0
)


def complete(system, messages, tools):
    extra = {"tools": tools} if tools else {}
    return client.messages.create(
        model=common.MODEL, max_tokens=100, system=system, messages=messages, **extra
    )


@tracer.agent(name="guide")
def guide(question):
    reply = complete(common.GUIDE_SYSTEM, [{"role": "user", "content": question}], None)
    return reply.content[0].text


FUNCTIONS = {
    "weather": tracer.tool(name="weather")(common.weather),
    "book_hotel": tracer.tool(name="book_hotel")(common.book_hotel),
    "ask_guide": tracer.tool(name="ask_guide")(lambda question: guide(question)),
}
TOOLS = [
    {
        "name": t["function"]["name"],
        "description": t["function"]["description"],
        "input_schema": t["function"]["parameters"],
    }
    for t in common.TOOLS
]


def result_of(use):
    result = {"type": "tool_result", "tool_use_id": use.id}
    try:
        return {**result, "content": FUNCTIONS[use.name](**use.input)}
    except RuntimeError as error:
        return {**result, "content": f"error: {error}", "is_error": True}


messages = []


@tracer.agent(name="travel")
def travel(question):
    messages.append({"role": "user", "content": question})
    while True:
        reply = complete(common.SYSTEM, messages, TOOLS)
        messages.append(
            {"role": "assistant", "content": [b.model_dump(exclude_none=True) for b in reply.content]}
        )
        uses = [b for b in reply.content if b.type == "tool_use"]
        if not uses:
            return reply.content[0].text
        messages.append({"role": "user", "content": [result_of(use) for use in uses]})


with using_attributes(session_id=common.SESSION, user_id=common.USER):
    for question in common.QUESTIONS:
        travel(question)
provider.shutdown()
