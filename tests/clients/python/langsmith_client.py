"""The LangSmith SDK in its OpenTelemetry mode: traceable functions and the wrapped openai client."""

import common

provider = common.tracer_provider()

import loop  # noqa: E402
from langsmith import Client, traceable, tracing_context  # noqa: E402
from langsmith.wrappers import wrap_openai  # noqa: E402

client = Client()
plain_client = loop.openai.OpenAI


class Wrapped:
    OpenAI = staticmethod(lambda: wrap_openai(plain_client(), tracing_extra={"client": client}))


loop.openai = Wrapped


def traced(kind):
    return lambda name: traceable(name=name, run_type=kind, client=client)


metadata = {"session_id": common.SESSION, "user_id": common.USER}
with tracing_context(metadata=metadata, client=client):
    loop.run(
        traced_agent=traced("chain"), traced_tool=traced("tool"), traced_guide=traced("chain")
    )
client.flush()
provider.force_flush()
provider.shutdown()
