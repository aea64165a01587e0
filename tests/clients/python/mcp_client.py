"""The MCP SDK's own tracing, client and server over stdio in two processes: the agent's tools live in
mcp_server.py. Model calls are under OpenInference's instrumentor, the agent is a span by hand."""

import asyncio
import json
import os
import sys

import common
import openai
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client
from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor

provider = common.tracer_provider()
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("clew-client")
model = openai.AsyncOpenAI()
server = StdioServerParameters(
    command=sys.executable,
    args=[os.path.join(os.path.dirname(__file__), "mcp_server.py")],
    env=dict(os.environ),
)


async def turn(tools, messages):
    while True:
        reply = await model.chat.completions.create(
            model=common.MODEL, messages=messages, tools=common.TOOLS
        )
        message = reply.choices[0].message
        messages.append(message.model_dump(exclude_none=True))
        if not message.tool_calls:
            return
        for call in message.tool_calls:
            result = await tools.call_tool(
                call.function.name, json.loads(call.function.arguments)
            )
            text = result.content[0].text
            messages.append({"role": "tool", "tool_call_id": call.id, "content": text})


async def main():
    messages = [{"role": "system", "content": common.SYSTEM}]
    async with Client(stdio_client(server)) as tools:
        for question in common.QUESTIONS:
            with tracer.start_as_current_span("invoke_agent travel") as span:
                span.set_attribute("gen_ai.operation.name", "invoke_agent")
                span.set_attribute("gen_ai.agent.name", "travel")
                messages.append({"role": "user", "content": question})
                await turn(tools, messages)


with using_attributes(session_id=common.SESSION, user_id=common.USER):
    asyncio.run(main())
provider.shutdown()
