"""google-genai with functions of our own called by hand; agents and tools by hand, too. CLEW_STREAM makes
every call a stream."""

import os

import by_hand
import common
import instrumentors
from google import genai
from google.genai import types


def declarations():
    return [
        types.FunctionDeclaration(
            name=t["function"]["name"],
            description=t["function"]["description"],
            parameters_json_schema=t["function"]["parameters"],
        )
        for t in common.TOOLS
    ]


def converse(provider):
    client = genai.Client(
        api_key="test",
        http_options=types.HttpOptions(
            base_url=os.environ["OPENAI_BASE_URL"].removesuffix("/v1"),
            client_args={"trust_env": False},
        ),
    )
    tracer = provider.get_tracer("clew-client")
    agent = by_hand.traced(tracer, "invoke_agent")
    tool = by_hand.traced(tracer, "execute_tool")

    def complete(system, contents, tools):
        config = types.GenerateContentConfig(
            system_instruction=system,
            tools=[types.Tool(function_declarations=declarations())] if tools else None,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )
        asked = {"model": common.MODEL, "contents": contents, "config": config}
        if os.environ.get("CLEW_STREAM"):
            return list(client.models.generate_content_stream(**asked))[-1]
        return client.models.generate_content(**asked)

    @agent("guide")
    def guide(question):
        asked = types.Content(role="user", parts=[types.Part(text=question)])
        return complete(common.GUIDE_SYSTEM, [asked], False).text

    functions = {
        "weather": tool("weather")(common.weather),
        "book_hotel": tool("book_hotel")(common.book_hotel),
        "ask_guide": tool("ask_guide")(lambda question: guide(question)),
    }
    contents = []

    def result_of(call):
        try:
            result = {"result": functions[call.name](**call.args)}
        except RuntimeError as error:
            result = {"error": str(error)}
        return types.Part(
            function_response=types.FunctionResponse(id=call.id, name=call.name, response=result)
        )

    @agent("travel")
    def travel(question):
        contents.append(types.Content(role="user", parts=[types.Part(text=question)]))
        while True:
            reply = complete(common.SYSTEM, contents, True)
            contents.append(reply.candidates[0].content)
            if not reply.function_calls:
                return reply.text
            parts = [result_of(call) for call in reply.function_calls]
            contents.append(types.Content(role="user", parts=parts))

    for question in common.QUESTIONS:
        travel(question)


with instrumentors.instrumented("google_genai") as provider:
    converse(provider)
