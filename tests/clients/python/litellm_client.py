"""LiteLLM with its OpenTelemetry callback; agents and tools are spans by hand."""

import os

import by_hand
import common
import litellm
import loop

provider = common.tracer_provider()
litellm.callbacks = ["otel"]


class Completions:
    @staticmethod
    def create(model, **rest):
        return litellm.completion(
            model="openai/" + model,
            api_base=os.environ["OPENAI_BASE_URL"],
            metadata={"session_id": common.SESSION, "user_id": common.USER},
            **rest,
        )


class Client:
    class chat:
        completions = Completions


class Module:
    OpenAI = staticmethod(Client)


loop.openai = Module
by_hand.run(provider.get_tracer("clew-client"))
import time  # noqa: E402

time.sleep(1)  # the callback runs in a thread of its own
provider.shutdown()
