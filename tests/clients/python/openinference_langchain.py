"""LangChain's agent on LangGraph under OpenInference's instrumentor."""

import common
import travel_langchain
from openinference.instrumentation import using_attributes
from openinference.instrumentation.langchain import LangChainInstrumentor

provider = common.tracer_provider()
LangChainInstrumentor().instrument(tracer_provider=provider)
with using_attributes(session_id=common.SESSION, user_id=common.USER):
    travel_langchain.converse()
provider.shutdown()
