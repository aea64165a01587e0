"""What all Python clients share: the two tools, the questions, and an OTLP exporter from the
environment (OTEL_EXPORTER_OTLP_PROTOCOL, _ENDPOINT, _COMPRESSION; the SDK reads the last two)."""

import os

SESSION = "session-7"
USER = "user-3"
SYSTEM = "You are a travel agent."
GUIDE_SYSTEM = "You are a guide. Answer in one sentence."
BOOKER_SYSTEM = "You are a booker. Book what is asked for."
QUESTIONS = ["Plan a day in Paris.", "Thanks. And tomorrow?"]
MODEL = "stub-model"
GUIDE_QUESTION = "What to see in Paris?"


def weather(city):
    return f"18 degrees and sunny in {city}"


def book_hotel(city):
    raise RuntimeError(f"no room is free in {city}")


def tool_schema(name, description, argument):
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {
                "type": "object",
                "properties": {argument: {"type": "string"}},
                "required": [argument],
            },
        },
    }


TOOLS = [
    tool_schema("weather", "The weather in a city today.", "city"),
    tool_schema("book_hotel", "Books a hotel room in a city.", "city"),
    tool_schema("ask_guide", "Asks a guide who knows the city.", "question"),
]


def exporter():
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    elif protocol == "http/json":
        from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    return OTLPSpanExporter()


def tracer_provider():
    """A provider that exports in batches; the caller calls its shutdown()."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter()))
    trace.set_tracer_provider(provider)
    return provider


def logger_provider():
    """The same for log records; the caller calls its shutdown()."""
    from opentelemetry._logs import set_logger_provider
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    provider = LoggerProvider()
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    set_logger_provider(provider)
    return provider
