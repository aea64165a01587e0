"""The OpenTelemetry project's own instrumentation of openai, contents as span attributes or as log
records (OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT); agents and tools are spans by hand."""

import by_hand
import common
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

provider = common.tracer_provider()
logs = common.logger_provider()
OpenAIInstrumentor().instrument(tracer_provider=provider, logger_provider=logs)
by_hand.run(provider.get_tracer("clew-client"))
logs.shutdown()
provider.shutdown()
