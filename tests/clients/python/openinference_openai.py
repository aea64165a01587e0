"""OpenInference's instrumentor for the openai package, with its tracer's decorators for agents and
tools, its session and user context."""

import common
import loop
from openinference.instrumentation import TracerProvider, using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(common.exporter()))
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("clew-client")

with using_attributes(session_id=common.SESSION, user_id=common.USER):
    loop.run(
        traced_agent=lambda name: tracer.agent(name=name),
        traced_tool=lambda name: tracer.tool(name=name),
        traced_guide=lambda name: tracer.agent(name=name),
    )
provider.shutdown()
