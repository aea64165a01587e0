"""The other half of mcp_client.py: an MCP server over stdio, traced by its SDK, whose third tool is an
agent with a model call of its own."""

import common
import openai
from mcp.server.mcpserver import MCPServer
from openinference.instrumentation.openai import OpenAIInstrumentor

provider = common.tracer_provider()
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("clew-client")
server = MCPServer("trip")


@server.tool()
def weather(city: str) -> str:
    """The weather in a city today."""
    return common.weather(city)


@server.tool()
def book_hotel(city: str) -> str:
    """Books a hotel room in a city."""
    return common.book_hotel(city)


@server.tool()
def ask_guide(question: str) -> str:
    """Asks a guide who knows the city."""
    with tracer.start_as_current_span("invoke_agent guide") as span:
        span.set_attribute("gen_ai.operation.name", "invoke_agent")
        span.set_attribute("gen_ai.agent.name", "guide")
        messages = [
            {"role": "system", "content": common.GUIDE_SYSTEM},
            {"role": "user", "content": question},
        ]
        reply = openai.OpenAI().chat.completions.create(model=common.MODEL, messages=messages)
        return reply.choices[0].message.content


server.run("stdio")
provider.shutdown()
