"""OpenLLMetry's instrumentation of the openai package. The spans round it (agents, tools) are written by
hand with the attributes of its SDK's decorators: `traceloop-sdk` itself pins too much to install."""

import functools
import json

import common
import loop
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.trace import Status, StatusCode

provider = common.tracer_provider()
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("traceloop.tracer")


def traced(kind):
    def named(name):
        def decorate(function):
            @functools.wraps(function)
            def call(*args, **kwargs):
                with tracer.start_as_current_span(f"{name}.{kind}") as span:
                    span.set_attribute("traceloop.span.kind", kind)
                    span.set_attribute("traceloop.entity.name", name)
                    prefix = "traceloop.association.properties."
                    span.set_attribute(prefix + "session_id", common.SESSION)
                    span.set_attribute(prefix + "user_id", common.USER)
                    entity = json.dumps({"args": args, "kwargs": kwargs})
                    span.set_attribute("traceloop.entity.input", entity)
                    try:
                        result = function(*args, **kwargs)
                    except RuntimeError as error:
                        span.set_status(Status(StatusCode.ERROR, str(error)))
                        raise
                    span.set_attribute("traceloop.entity.output", json.dumps(result))
                    return result

            return call

        return decorate

    return named


loop.run(traced_agent=traced("agent"), traced_tool=traced("tool"), traced_guide=traced("agent"))
provider.shutdown()
