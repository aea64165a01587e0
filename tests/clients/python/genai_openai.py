"""The successor of openai_v2: `opentelemetry-instrumentation-genai-openai`."""

import by_hand
import common
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

provider = common.tracer_provider()
logs = common.logger_provider()
OpenAIInstrumentor().instrument(tracer_provider=provider, logger_provider=logs)
by_hand.run(provider.get_tracer("clew-client"))
logs.shutdown()
provider.shutdown()
