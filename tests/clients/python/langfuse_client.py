"""The Langfuse SDK: its decorators and its openai wrapper, exporting to Langfuse's own OTLP path."""

import os

import common
from langfuse import Langfuse, observe, propagate_attributes

langfuse = Langfuse(
    public_key="pk-test", secret_key="sk-test", host=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
)

from langfuse.openai import openai  # noqa: E402

import loop  # noqa: E402

loop.openai = openai  # the wrapped module


def traced(kind):
    return lambda name: observe(name=name, as_type=kind)


with propagate_attributes(session_id=common.SESSION, user_id=common.USER):
    loop.run(
        traced_agent=traced("agent"), traced_tool=traced("tool"), traced_guide=traced("agent")
    )
langfuse.flush()
langfuse.shutdown()
