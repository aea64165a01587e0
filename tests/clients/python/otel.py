"""The plain OpenTelemetry SDK: spans written by hand after the GenAI conventions (v1.40 names), over
gRPC or HTTP/protobuf, with or without gzip. Two turns, two tools, a sub-agent, a failing tool."""

import json
import os
import urllib.request

import common
from opentelemetry.trace import SpanKind, Status, StatusCode

provider = common.tracer_provider()
tracer = provider.get_tracer("clew-client", "1.0")


def parts(message):
    if message["role"] == "tool":
        part = {
            "type": "tool_call_response",
            "id": message["tool_call_id"],
            "response": message["content"],
        }
        return {"role": "tool", "parts": [part]}
    out = []
    if message.get("content"):
        out.append({"type": "text", "content": message["content"]})
    for call in message.get("tool_calls") or []:
        out.append(
            {
                "type": "tool_call",
                "id": call["id"],
                "name": call["function"]["name"],
                "arguments": json.loads(call["function"]["arguments"]),
            }
        )
    return {"role": message["role"], "parts": out}


def chat(messages, tools):
    with tracer.start_as_current_span(f"chat {common.MODEL}", kind=SpanKind.CLIENT) as span:
        span.set_attribute("gen_ai.operation.name", "chat")
        span.set_attribute("gen_ai.provider.name", "openai")
        span.set_attribute("gen_ai.request.model", common.MODEL)
        span.set_attribute("gen_ai.conversation.id", common.SESSION)
        span.set_attribute("gen_ai.input.messages", json.dumps([parts(m) for m in messages]))
        body = {"model": common.MODEL, "messages": messages}
        if tools:
            body["tools"] = tools
        request = urllib.request.Request(
            os.environ["OPENAI_BASE_URL"] + "/chat/completions",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            answer = json.load(reply)
        choice, usage = answer["choices"][0], answer["usage"]
        span.set_attribute("gen_ai.response.id", answer["id"])
        span.set_attribute("gen_ai.response.model", answer["model"])
        span.set_attribute("gen_ai.response.finish_reasons", [choice["finish_reason"]])
        span.set_attribute("gen_ai.usage.input_tokens", usage["prompt_tokens"])
        span.set_attribute("gen_ai.usage.output_tokens", usage["completion_tokens"])
        span.set_attribute("gen_ai.usage.cache_read.input_tokens", 4)
        span.set_attribute("gen_ai.usage.reasoning.output_tokens", 3)
        out = {**parts(choice["message"]), "finish_reason": choice["finish_reason"]}
        span.set_attribute("gen_ai.output.messages", json.dumps([out]))
        return choice["message"]


def ask_guide(question):
    with tracer.start_as_current_span("invoke_agent guide") as span:
        span.set_attribute("gen_ai.operation.name", "invoke_agent")
        span.set_attribute("gen_ai.agent.name", "guide")
        messages = [
            {"role": "system", "content": common.GUIDE_SYSTEM},
            {"role": "user", "content": question},
        ]
        return chat(messages, None)["content"]


FUNCTIONS = {
    "weather": common.weather,
    "book_hotel": common.book_hotel,
    "ask_guide": ask_guide,
}


def run_tool(call):
    name, arguments = call["function"]["name"], call["function"]["arguments"]
    with tracer.start_as_current_span(
        f"execute_tool {name}", record_exception=False, set_status_on_exception=False
    ) as span:
        span.set_attribute("gen_ai.operation.name", "execute_tool")
        span.set_attribute("gen_ai.tool.name", name)
        span.set_attribute("gen_ai.tool.call.id", call["id"])
        span.set_attribute("gen_ai.tool.call.arguments", arguments)
        try:
            result = FUNCTIONS[name](**json.loads(arguments))
            span.set_attribute("gen_ai.tool.call.result", result)
        except RuntimeError as error:
            span.record_exception(error)
            span.set_attribute("error.type", "RuntimeError")
            span.set_status(Status(StatusCode.ERROR, str(error)))
            result = f"error: {error}"
        return {"role": "tool", "tool_call_id": call["id"], "content": result}


messages = [{"role": "system", "content": common.SYSTEM}]
for question in common.QUESTIONS:
    with tracer.start_as_current_span("invoke_agent travel") as span:
        span.set_attribute("gen_ai.operation.name", "invoke_agent")
        span.set_attribute("gen_ai.agent.name", "travel")
        span.set_attribute("gen_ai.conversation.id", common.SESSION)
        span.set_attribute("user.id", common.USER)
        messages.append({"role": "user", "content": question})
        while True:
            message = chat(messages, common.TOOLS)
            messages.append(message)
            if not message.get("tool_calls"):
                break
            messages.extend(run_tool(call) for call in message["tool_calls"])
provider.shutdown()
