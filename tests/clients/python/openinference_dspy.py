"""DSPy's ReAct module with native tool calls under OpenInference's instrumentor."""

import os

import common
import dspy
from openinference.instrumentation import using_attributes
from openinference.instrumentation.dspy import DSPyInstrumentor

provider = common.tracer_provider()
DSPyInstrumentor().instrument(tracer_provider=provider)
lm = dspy.LM(
    "openai/" + common.MODEL,
    api_base=os.environ["OPENAI_BASE_URL"],
    api_key="test",
    cache=False,
)
dspy.configure(lm=lm, adapter=dspy.ChatAdapter(use_native_function_calling=True))


def weather(city: str) -> str:
    """The weather in a city today."""
    return common.weather(city)


def book_hotel(city: str) -> str:
    """Books a hotel room in a city."""
    return common.book_hotel(city)


class Guide(dspy.Signature):
    __doc__ = common.GUIDE_SYSTEM
    question: str = dspy.InputField()
    answer: str = dspy.OutputField()


guide = dspy.Predict(Guide)


def ask_guide(question: str) -> str:
    """Asks a guide who knows the city."""
    return guide(question=question).answer


TOOLS = {f.__name__: dspy.Tool(f) for f in (weather, book_hotel, ask_guide)}
