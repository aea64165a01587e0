"""OpenLLMetry: the Traceloop SDK's decorators and its instrumentation of the openai package."""

import common
import loop
from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import agent, tool, workflow
from traceloop.sdk.instruments import Instruments

Traceloop.init(
    app_name="travel-client",
    exporter=common.exporter(),
    instruments={Instruments.OPENAI},
    telemetry_enabled=False,
    disable_batch=True,
)


@workflow(name="trip")
def trip():
    Traceloop.set_association_properties({"session_id": common.SESSION, "user_id": common.USER})
    loop.run(
        traced_agent=lambda name: agent(name=name),
        traced_tool=lambda name: tool(name=name),
        traced_guide=lambda name: agent(name=name),
    )


trip()
