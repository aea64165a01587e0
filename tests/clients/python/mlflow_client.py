"""MLflow tracing (mlflow-skinny) exporting over OTLP: its decorator and its autologging of openai."""

import functools

import common
import loop
import mlflow

mlflow.openai.autolog()


def traced(kind):
    return lambda name: mlflow.trace(name=name, span_type=kind)


def agent(name):
    def decorate(function):
        @functools.wraps(function)
        def turn(question):
            mlflow.update_current_trace(session_id=common.SESSION, user=common.USER)
            return function(question)

        return mlflow.trace(turn, name=name, span_type="AGENT")

    return decorate


loop.run(traced_agent=agent, traced_tool=traced("TOOL"), traced_guide=traced("AGENT"))
mlflow.flush_trace_async_logging()
