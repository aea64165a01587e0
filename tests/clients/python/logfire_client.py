"""Pydantic Logfire sending to another OTLP collector: its openai instrumentation and its spans."""

import common
import logfire
import loop

logfire.configure(send_to_logfire=False, console=False, inspect_arguments=False, scrubbing=False)
logfire.instrument_openai()


def traced(template, argument):
    def named(name):
        return logfire.instrument(
            template.format(name=name), span_name=f"{argument} {name}", extract_args=True
        )

    return named


with logfire.set_baggage(**{"session.id": common.SESSION, "user.id": common.USER}):
    loop.run(
        traced_agent=traced("agent {name}", "agent"),
        traced_tool=traced("tool {name}", "tool"),
        traced_guide=traced("agent {name}", "agent"),
    )
logfire.shutdown()
