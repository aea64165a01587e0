"""LangChain's agent on LangGraph under OpenLLMetry's instrumentor."""

import common
import travel_langchain
from opentelemetry.instrumentation.langchain import LangchainInstrumentor

provider = common.tracer_provider()
LangchainInstrumentor().instrument(tracer_provider=provider)
travel_langchain.converse({"metadata": {"session_id": common.SESSION, "user_id": common.USER}})
provider.shutdown()
