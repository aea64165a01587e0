"""traceloop-sdk: its decorators for workflow, agents and tools, its instrumentation of openai, its own
exporter (TRACELOOP_BASE_URL)."""

import os

import common
from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import agent, tool, workflow
from traceloop.sdk.instruments import Instruments

Traceloop.init(
    app_name=os.environ["OTEL_SERVICE_NAME"],
    api_endpoint=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"],
    api_key="test",
    instruments={Instruments.OPENAI},
    telemetry_enabled=False,
)

import loop  # noqa: E402

Traceloop.set_association_properties({"session_id": common.SESSION, "user_id": common.USER})


@workflow(name="trip")
def trip():
    loop.run(
        traced_agent=lambda name: agent(name=name),
        traced_tool=lambda name: tool(name=name),
        traced_guide=lambda name: agent(name=name),
    )


trip()

from opentelemetry import trace  # noqa: E402

trace.get_tracer_provider().shutdown()
