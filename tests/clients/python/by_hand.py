"""Spans of agents and tools after the GenAI conventions, for clients whose SDK instruments only the model
calls. traced(tracer, "invoke_agent" or "execute_tool")(name) is a decorator, as loop.run() takes it."""

import functools
import json

import common


def traced(tracer, operation):
    kind = "agent" if operation == "invoke_agent" else "tool"

    def named(name):
        def decorate(function):
            @functools.wraps(function)
            def call(*args, **kwargs):
                with tracer.start_as_current_span(f"{operation} {name}") as span:
                    span.set_attribute("gen_ai.operation.name", operation)
                    span.set_attribute(f"gen_ai.{kind}.name", name)
                    span.set_attribute("gen_ai.conversation.id", common.SESSION)
                    span.set_attribute("user.id", common.USER)
                    if kind == "tool":
                        span.set_attribute("gen_ai.tool.call.arguments", json.dumps(kwargs))
                    result = function(*args, **kwargs)
                    if kind == "tool":
                        span.set_attribute("gen_ai.tool.call.result", result)
                    return result

            return call

        return decorate

    return named


def run(tracer):
    import loop

    agent, tool = traced(tracer, "invoke_agent"), traced(tracer, "execute_tool")
    loop.run(traced_agent=agent, traced_tool=tool, traced_guide=agent)
