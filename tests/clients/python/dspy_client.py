"""DSPy's ReAct module, as in openinference_dspy.py, under the instrumentor that CLEW_INSTRUMENTOR names."""

import os

import common
import dspy
import instrumentors


def converse():
    lm = dspy.LM(
        "openai/" + common.MODEL,
        api_base=os.environ["OPENAI_BASE_URL"],
        api_key="test",
        cache=False,
    )
    dspy.configure(lm=lm)

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

    class Travel(dspy.Signature):
        __doc__ = common.SYSTEM
        question: str = dspy.InputField()
        answer: str = dspy.OutputField()

    travel = dspy.ReAct(Travel, tools=[weather, book_hotel, ask_guide], max_iters=6)
    with instrumentors.session():
        for question in common.QUESTIONS:
            travel(question=question)


with instrumentors.instrumented("dspy"):
    converse()
