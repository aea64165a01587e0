"""The agent loop of the clients that instrument the `openai` package only: the model calls are traced
by the instrumentation, agents and tools by the decorators or spans that a client passes in."""

import json

import common
import openai


def run(traced_agent, traced_tool, traced_guide):
    """traced_*(name) give context managers or decorators: traced_agent(name)(function) etc."""
    client = openai.OpenAI()

    def complete(messages, tools):
        extra = {"tools": tools} if tools else {}
        reply = client.chat.completions.create(model=common.MODEL, messages=messages, **extra)
        return reply.choices[0].message

    def guide(question):
        messages = [
            {"role": "system", "content": common.GUIDE_SYSTEM},
            {"role": "user", "content": question},
        ]
        return complete(messages, None).content

    functions = {
        "weather": traced_tool("weather")(common.weather),
        "book_hotel": traced_tool("book_hotel")(common.book_hotel),
        "ask_guide": traced_tool("ask_guide")(
            lambda question: traced_guide("guide")(guide)(question)
        ),
    }
    messages = [{"role": "system", "content": common.SYSTEM}]

    def turn(question):
        messages.append({"role": "user", "content": question})
        while True:
            message = complete(messages, common.TOOLS)
            messages.append(message.model_dump(exclude_none=True))
            if not message.tool_calls:
                return message.content
            for call in message.tool_calls:
                arguments = json.loads(call.function.arguments)
                try:
                    result = functions[call.function.name](**arguments)
                except RuntimeError as error:
                    result = f"error: {error}"
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})

    for question in common.QUESTIONS:
        traced_agent("travel")(turn)(question)
