"""The wire shapes of the frameworks, one class each; smolagents' is in smol.py.

Taken from captures of the real packages against a scripted server: which spans there are, what they
are called, what hangs under what, which attribute holds the messages. A shape differs from the next
one in its hooks only; the driver that keeps the history is `Shape`. Teams of agents (crewai, autogen,
agent-framework) are in shapes_teams.py, Google's ADK and Langfuse in shapes_more.py.
"""
from wire import Agent, Call, Message, Wire, compact


class Shape(Wire):
    llm_kind = 1

    # -- hooks ------------------------------------------------------------------------------------
    def open_agent(self, agent, parent):
        raise NotImplementedError

    def llm_parent(self, agent):
        return agent.span

    def llm_name(self, _agent):
        return "chat"

    def tool_parent(self, agent):
        return agent.span

    def after_llm(self, agent, out):
        pass

    def after_tool(self, agent, call):
        pass

    def close_agent(self, agent, output):
        self.close(agent.span)

    # -- driver -----------------------------------------------------------------------------------
    def start(self, name, system, tools=(), parent=None, under=None, task=None):
        """@parent: the calling agent. @under: the span to hang under (a tool's, for a sub-agent)."""
        agent = Agent(name, system, list(tools))
        agent.parent = parent
        agent.extra["task"] = task
        self.open_agent(agent, under or (parent.span if parent else None))
        if task is not None:
            self.user(agent, task)
        return agent

    def user(self, agent, text):
        self.tick(self.rng.uniform(0.2, 20))
        agent.messages.append(Message("user", text))

    def llm(self, agent, text="", calls=(), seconds=None, finish=None):
        span = self.open(self.llm_name(agent), self.llm_parent(agent), None, self.llm_kind)
        self.post(span)
        self.tick(seconds or self.rng.uniform(0.8, 7))
        history = agent.history()
        out = self.answer(text, calls)
        finish = finish or ("tool_calls" if calls else "stop")
        self.close(span, self.llm_attrs(agent, history, out, finish))
        agent.messages.append(out)
        self.after_llm(agent, out)
        return Call(span, out)

    def llm_error(self, agent, kind, message, seconds=1.5):
        """A model call that the provider refused; the history stays as it was."""
        span = self.open(self.llm_name(agent), self.llm_parent(agent), None, self.llm_kind)
        self.tick(seconds)
        self.exception(span, kind, message)
        attrs = self.llm_attrs(agent, agent.history(), None, None)
        self.close(span, attrs, "%s: %s" % (kind, message))
        self.after_llm(agent, None)
        return span

    def tool(self, agent, call, result, error=None, seconds=None, kind="RuntimeError"):
        """@error: the message of an exception; the model then reads @result."""
        if self.tool_spans:
            call.span = self.open(self.tool_name(agent, call), self.tool_parent(agent))
            self.tool_body(agent, call, result, error, seconds, kind)
            self.after_tool(agent, call)
        else:
            self.tick(seconds or self.rng.uniform(0.05, 1))
        agent.messages.append(Message("tool", result, call_id=call.id, name=call.name))
        return call.span

    def tool_body(self, agent, call, result, error, seconds, kind):
        self.tick(seconds or self.rng.uniform(0.05, 1.8))
        if error is not None:
            self.exception(call.span, kind, error)
        self.close(call.span, self.tool_attrs(agent, call, result, error, kind), error)

    def sub(self, agent, call, name, system, tools, task):
        """A sub-agent in a tool's place; ends with sub_end."""
        call.span = self.open(self.tool_name(agent, call), self.tool_parent(agent))
        inner = self.start(name, system, tools, agent, call.span, task)
        inner.extra["call"] = call
        return inner

    def sub_end(self, inner, answer):
        agent, call = inner.parent, inner.extra["call"]
        self.close_agent(inner, answer)
        self.close(call.span, self.tool_attrs(agent, call, answer, None, None))
        self.after_tool(agent, call)
        agent.messages.append(Message("tool", answer, call_id=call.id, name=call.name))

    def end(self, agent, output=None):
        if output is None:
            said = [m.text for m in agent.messages if m.role == "assistant" and m.text]
            output = said[-1] if said else ""
        self.close_agent(agent, output)

    def hiccup(self, agent, text, name, args, chance, error, kind="ConnectionError"):
        """Now and then a call that fails by itself and works at the next try, which the caller makes:
        an error that nobody would mark."""
        if self.rng.random() < chance:
            self.act(agent, text, name, args, "Error: " + error, error=error, kind=kind)

    def act(self, agent, text, name, args, result, **how):
        """A model call with one tool call, and the tool. Returns (Call, ToolCall)."""
        call = self.llm(agent, text, [(name, args)])
        self.tool(agent, call.calls[0], result, **how)
        return call, call.calls[0]


# ---- OTel GenAI semantic conventions, plain -----------------------------------------------------

def genai_parts(message, as_text=False):
    parts = []
    if message.text and message.role != "tool":
        parts.append({"type": "text", "content": message.text})
    for c in message.calls:
        parts.append({"type": "tool_call", "id": c.id, "name": c.name,
                      "arguments": c.args_text() if as_text else c.args})
    if message.role == "tool":
        parts.append({"type": "tool_call_response", "id": message.call_id,
                      "response": message.text})
    return {"role": message.role, "parts": parts}


class GenAi(Shape):
    scope = ("opentelemetry.instrumentation.genai", "2.4")
    llm_kind = 3
    system_apart = False
    provider = "openai"

    def open_agent(self, agent, parent):
        agent.span = self.open("invoke_agent " + agent.name, parent, {
            "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": agent.name,
            "gen_ai.provider.name": self.provider, "gen_ai.conversation.id": self.session,
            "user.id": self.user_id})

    def llm_name(self, _agent):
        return "chat " + self.model

    def llm_attrs(self, agent, history, out, finish):
        attrs = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": self.provider,
                 "gen_ai.request.model": self.model, "gen_ai.conversation.id": self.session,
                 "gen_ai.agent.name": agent.name}
        if self.system_apart and history and history[0].role == "system":
            attrs["gen_ai.system_instructions"] = compact(
                [{"type": "text", "content": history[0].text}])
            history = history[1:]
        attrs["gen_ai.input.messages"] = compact([genai_parts(m) for m in history])
        if out is None:
            return dict(attrs, **{"error.type": "APIError"})
        tokens = self.usage(history, out)
        attrs.update({
            "gen_ai.response.model": self.model, "gen_ai.response.id": "resp-" + self.hex(12),
            "gen_ai.response.finish_reasons": [finish], "gen_ai.usage.input_tokens": tokens[0],
            "gen_ai.usage.output_tokens": tokens[1],
            "gen_ai.output.messages": compact([dict(genai_parts(out), finish_reason=finish)])})
        return attrs

    def tool_name(self, _agent, call):
        return "execute_tool " + call.name

    def tool_attrs(self, _agent, call, result, error, kind):
        return {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": call.name,
                "gen_ai.tool.call.id": call.id, "gen_ai.tool.type": "function",
                "gen_ai.tool.call.arguments": call.args_text(),
                "gen_ai.tool.call.result": None if error is not None else result,
                "error.type": kind if error is not None else None}

    def close_agent(self, agent, output):
        first = [m for m in agent.messages if m.role == "user"][:1]
        self.close(agent.span, {
            "gen_ai.input.messages": compact([genai_parts(m) for m in first]),
            "gen_ai.output.messages": compact([genai_parts(Message("assistant", output or ""))])})


class GenAiNoTools(GenAi):
    """A hand-written loop round an instrumented client: model calls only, tools in the messages."""
    tool_spans = False
    system_apart = True
    provider = "anthropic"


class PydanticAi(GenAi):
    scope = ("pydantic-ai", "2.68.0")

    def open_agent(self, agent, parent):
        agent.extra["id"] = self.hex(32)
        agent.span = self.open("invoke_agent " + agent.name, parent, {
            "model_name": self.model, "agent_name": agent.name, "gen_ai.agent.name": agent.name,
            "gen_ai.agent.call.id": agent.extra["id"], "gen_ai.conversation.id": self.session,
            "gen_ai.operation.name": "invoke_agent", "logfire.msg": agent.name + " run"})

    def llm_attrs(self, agent, history, out, finish):
        attrs = super().llm_attrs(agent, history, out, {"tool_calls": "tool_call"}.get(
            finish, finish))
        attrs["gen_ai.input.messages"] = compact([genai_parts(m, True) for m in history])
        attrs["gen_ai.agent.call.id"] = agent.extra["id"]
        attrs["gen_ai.system"] = self.provider
        attrs["model_request_parameters"] = compact(
            {"function_tools": [t["function"]["name"] for t in agent.tools],
             "output_mode": "text", "allow_text_output": True})
        attrs["gen_ai.tool.definitions"] = compact(
            [dict(t["function"], type="function") for t in agent.tools])
        return attrs

    def tool_attrs(self, agent, call, result, error, kind):
        attrs = super().tool_attrs(agent, call, result, error, kind)
        attrs.update({"gen_ai.tool.call.result": result, "gen_ai.agent.name": agent.name,
                      "gen_ai.agent.call.id": agent.extra["id"],
                      "logfire.msg": "running tool: " + call.name, "error.type": None})
        if error is not None:
            attrs["pydantic_ai.tool.retry.cause"] = "model_retry"
        return attrs

    def close_agent(self, agent, output):
        self.close(agent.span, {"final_result": output, "pydantic_ai.all_messages": compact(
            [genai_parts(m, True) for m in agent.history()])})


class Traceloop(GenAi):
    """OpenLLMetry: GenAI spans for the model, its own attributes for agents and tools."""
    scope = ("traceloop.tracer", "0.62.4")
    llm_scope = ("opentelemetry.instrumentation.openai.v1", "0.62.4")

    def open_agent(self, agent, parent):
        agent.span = self.open(agent.name + ".agent", parent, {
            "traceloop.span.kind": "agent", "traceloop.entity.name": agent.name,
            "traceloop.association.properties.session_id": self.session})

    def llm_name(self, _agent):
        return "openai.chat"

    def llm(self, agent, text="", calls=(), seconds=None, finish=None):
        call = super().llm(agent, text, calls, seconds, finish)
        call.span["scope"] = self.llm_scope
        call.span["attrs"].update({
            "gen_ai.agent.name": None, "gen_ai.conversation.id": None, "gen_ai.is_streaming": False,
            "gen_ai.tool.definitions": compact([dict(t["function"], type="function")
                                                for t in agent.tools])})
        return call

    def tool_name(self, _agent, call):
        return call.name + ".tool"

    def tool_attrs(self, _agent, call, result, error, kind):
        return {"traceloop.span.kind": "tool", "traceloop.entity.name": call.name,
                "traceloop.association.properties.session_id": self.session,
                "traceloop.entity.input": compact({"args": [], "kwargs": call.args}),
                "traceloop.entity.output": None if error is not None else compact(result)}

    def close_agent(self, agent, output):
        first = [m.text for m in agent.messages if m.role == "user"][:1]
        self.close(agent.span, {
            "traceloop.entity.input": compact({"args": first, "kwargs": {}}),
            "traceloop.entity.output": compact(output)})


# ---- OpenInference ------------------------------------------------------------------------------

def oi_messages(prefix, messages, contents=False, names=False):
    attrs = {}
    for i, m in enumerate(messages):
        p = "%s.%d.message." % (prefix, i)
        attrs[p + "role"] = m.role
        if m.text and contents:
            attrs[p + "contents.0.message_content.type"] = "text"
            attrs[p + "contents.0.message_content.text"] = m.text
        elif m.text:
            attrs[p + "content"] = m.text
        if m.name and names:
            attrs[p + "name"] = m.name
        if m.call_id:
            attrs[p + "tool_call_id"] = m.call_id
        for j, c in enumerate(m.calls):
            q = "%stool_calls.%d.tool_call." % (p, j)
            attrs[q + "id"] = c.id
            attrs[q + "function.name"] = c.name
            attrs[q + "function.arguments"] = c.args_text()
    return attrs


def openai_messages(messages):
    rows = []
    for m in messages:
        row = {"role": m.role, "content": m.text or None}
        if m.calls:
            row["tool_calls"] = [{"id": c.id, "type": "function", "function": {
                "name": c.name, "arguments": c.args_text()}} for c in m.calls]
        if m.call_id:
            row["tool_call_id"] = m.call_id
        rows.append(row)
    return rows


class OpenInference(Shape):
    """openinference-instrumentation-openai with agent and tool spans opened by hand."""
    scope = ("openinference.instrumentation.openai", "0.1.66")
    ok_status = {"code": 1}
    contents = False
    names = False

    def common(self, kind):
        return {"openinference.span.kind": kind, "session.id": self.session,
                "user.id": self.user_id}

    def open_agent(self, agent, parent):
        agent.span = self.open(agent.name, parent, dict(
            self.common("AGENT"), **{"agent.name": agent.name}))

    def llm_name(self, _agent):
        return "ChatCompletion"

    def llm_attrs(self, agent, history, out, finish):
        attrs = self.common("LLM")
        attrs.update(oi_messages("llm.input_messages", history, self.contents, self.names))
        attrs.update({
            "llm.model_name": self.model, "llm.provider": "openai", "llm.system": "openai",
            "llm.invocation_parameters": compact({"model": self.model, "temperature": 0.0}),
            "input.value": compact({"messages": openai_messages(history), "model": self.model}),
            "input.mime_type": "application/json"})
        for i, t in enumerate(agent.tools):
            attrs["llm.tools.%d.tool.json_schema" % i] = compact(t)
        if out is None:
            return attrs
        tokens = self.usage(history, out)
        attrs.update(oi_messages("llm.output_messages", [out], self.contents))
        attrs.update({
            "output.value": compact({"id": "chatcmpl-" + self.hex(12), "choices": [{
                "finish_reason": finish, "index": 0, "message": openai_messages([out])[0]}]}),
            "output.mime_type": "application/json", "llm.finish_reason": finish,
            "llm.token_count.prompt": tokens[0], "llm.token_count.completion": tokens[1],
            "llm.token_count.total": sum(tokens)})
        return attrs

    def tool_name(self, _agent, call):
        return call.name

    def tool_attrs(self, agent, call, result, error, kind):
        attrs = self.common("TOOL")
        described = [t["function"] for t in agent.tools if t["function"]["name"] == call.name]
        attrs.update({"tool.name": call.name, "input.value": call.args_text(),
                      "input.mime_type": "application/json",
                      "output.value": None if error is not None else result,
                      "tool.description": described[0]["description"] if described else None,
                      "tool.parameters": compact(described[0]["parameters"]) if described
                      else None})
        return attrs

    def close_agent(self, agent, output):
        first = [m.text for m in agent.messages if m.role == "user"][:1]
        self.close(agent.span, {"input.value": first[0] if first else None,
                                "output.value": output or None})


class LangGraph(OpenInference):
    """langchain's create_agent and hand-made graphs: CHAIN spans for graph and nodes."""
    scope = ("openinference.instrumentation.langchain", "0.1.80")
    names = True
    orphans = True   # the tool spans' parent is never sent, as captured

    def graph(self, name="LangGraph", inputs=""):
        self.root = self.open(name, None, dict(self.common("CHAIN"), **{
            "input.value": compact({"messages": [["user", inputs]]}),
            "input.mime_type": "application/json"}))
        return self.root

    def open_agent(self, agent, parent):
        agent.span = self.open(agent.name, parent or self.root, dict(
            self.common("CHAIN"), metadata=compact(
                {"ls_integration": "langchain_create_agent", "lc_agent_name": agent.name})))

    def visit(self, agent):
        """A node that runs again: another span, the same messages."""
        self.open_agent(agent, self.root)

    def node(self, agent, name):
        agent.step += 1
        return self.open(name, agent.span, dict(self.common("CHAIN"), metadata=compact(
            {"langgraph_step": agent.step, "langgraph_node": name,
             "langgraph_checkpoint_ns": name + ":" + self.hex(12)})))

    def llm_parent(self, agent):
        agent.extra["node"] = self.node(agent, "model")
        return agent.extra["node"]

    def llm_name(self, _agent):
        return "ChatOpenAI"

    def llm_attrs(self, agent, history, out, finish):
        attrs = super().llm_attrs(agent, history, out, finish)
        attrs["input.value"] = compact({"messages": [[{
            "lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", {
                "system": "SystemMessage", "user": "HumanMessage", "tool": "ToolMessage"}.get(
                    m.role, "AIMessage")], "kwargs": {"content": m.text}} for m in history]]})
        if out is not None:
            attrs["output.value"] = compact({"generations": [[{
                "text": out.text, "type": "ChatGeneration", "generation_info": {
                    "finish_reason": finish, "logprobs": None}}]], "run": None})
        attrs["metadata"] = compact({"lc_agent_name": agent.name, "langgraph_step": agent.step,
                                     "langgraph_node": "model", "ls_provider": "openai"})
        return attrs

    def after_llm(self, agent, out):
        self.close(agent.extra["node"], {"input.value": compact({"messages": [
            {"type": m.role, "data": {"content": m.text}} for m in agent.messages[-3:]]}),
            "output.value": compact({"messages": [
                {"type": "ai", "data": {"content": out.text if out else ""}}]})})

    def tool_parent(self, agent):
        agent.extra["node"] = self.node(agent, "tools")
        if self.orphans:
            return {"spanId": self.hex(16)}
        return agent.extra["node"]

    def tool_attrs(self, agent, call, result, error, kind):
        attrs = super().tool_attrs(agent, call, result, error, kind)
        values = list(call.args.values()) if isinstance(call.args, dict) else [call.args]
        attrs.update({"tool.parameters": None, "input.mime_type": None, "metadata": compact({
            "lc_agent_name": agent.name, "langgraph_step": agent.step, "langgraph_node": "tools"}),
                      "input.value": str(values[0]) if len(values) == 1 else str(call.args)})
        if error is None:
            attrs["output.value"] = compact({"type": "tool", "data": {
                "content": result, "name": call.name, "tool_call_id": call.id,
                "status": "success"}})
            attrs["output.mime_type"] = "application/json"
        return attrs

    def after_tool(self, agent, call):
        self.close(agent.extra["node"], {"input.value": compact(
            {"__type": "tool_call_with_context", "tool_call": {
                "name": call.name, "args": call.args, "id": call.id, "type": "tool_call"}})})

    def close_agent(self, agent, output):
        self.close(agent.span, {"output.value": compact({"messages": [
            {"type": m.role, "data": {"content": m.text, "name": m.name}}
            for m in agent.messages[-6:]]}), "output.mime_type": "application/json"})


class OpenAiAgents(OpenInference):
    scope = ("openinference.instrumentation.openai_agents", "2.6.0")

    def open_agent(self, agent, parent):
        if parent is None:
            self.open("Agent workflow", None, self.common("AGENT"))
            parent = agent.top = self.open("Agent workflow", self.root, self.common("CHAIN"))
        agent.extra["under"] = parent
        agent.span = self.open(agent.name, parent, dict(self.common("AGENT"), **{
            "graph.node.id": agent.name, "agent.name": agent.name}))

    def llm_parent(self, agent):
        turn = agent.extra.get("turn")
        if turn:
            self.close(turn)
        agent.extra["turn"] = self.open("turn", agent.span, self.common("CHAIN"))
        return agent.extra["turn"]

    def llm_name(self, _agent):
        return "generation"

    def llm_attrs(self, agent, history, out, finish):
        attrs = super().llm_attrs(agent, history, out, finish)
        attrs["input.value"] = compact(openai_messages(history))
        if out is not None:
            attrs["output.value"] = compact(openai_messages([out]))
        attrs["llm.finish_reason"] = attrs["llm.provider"] = None
        return {k: v for k, v in attrs.items() if not k.startswith("llm.tools.")}

    def tool_parent(self, agent):
        return agent.extra["turn"]

    def handoff(self, agent, call, name, system, tools):
        """The conversation goes on under another agent, which sees it all."""
        span = self.open("handoff to " + name, self.tool_parent(agent), dict(
            self.common("TOOL"), **{"input.value": agent.name, "output.value": name}))
        self.close(span)
        call.span = span
        agent.messages.append(Message("tool", compact({"assistant": name}), call_id=call.id))
        self.close(agent.extra["turn"])
        agent.extra["turn"] = None
        self.close(agent.span)
        other = Agent(name, system, list(tools))
        other.messages = agent.messages
        other.top = agent.top
        other.extra["under"] = agent.extra["under"]
        other.span = self.open(name, agent.extra["under"], dict(self.common("AGENT"), **{
            "graph.node.id": name, "graph.node.parent_id": agent.name, "agent.name": name}))
        return other

    def close_agent(self, agent, output):
        if agent.extra.get("turn"):
            self.close(agent.extra["turn"])
        self.close(agent.span)
        if agent.top:
            self.close(agent.top)
            self.close(self.root)


# ---- others -------------------------------------------------------------------------------------

class AiSdk(Shape):
    """Vercel's AI SDK 6."""
    scope = ("ai", "")

    def __init__(self, *args, **how):
        super().__init__(*args, **how)
        self.resource = {"service.name": self.service, "telemetry.sdk.language": "nodejs"}

    def common(self, operation, agent):
        return {"operation.name": "%s %s" % (operation, agent.name), "resource.name": agent.name,
                "ai.operationId": operation, "ai.telemetry.functionId": agent.name,
                "ai.telemetry.metadata.sessionId": self.session,
                "ai.telemetry.metadata.userId": self.user_id}

    def messages(self, history):
        rows = []
        for m in history:
            if m.role == "system":
                rows.append({"role": "system", "content": m.text})
            elif m.role == "tool":
                rows.append({"role": "tool", "content": [{
                    "type": "tool-result", "toolCallId": m.call_id, "toolName": m.name,
                    "output": {"type": "text", "value": m.text}}]})
            else:
                parts = [{"type": "text", "text": m.text}] if m.text else []
                parts += [{"type": "tool-call", "toolCallId": c.id, "toolName": c.name,
                           "input": c.args} for c in m.calls]
                rows.append({"role": m.role, "content": parts})
        return rows

    def open_agent(self, agent, parent):
        agent.extra["usage"] = [0, 0]
        agent.span = self.open("ai.generateText", parent, dict(
            self.common("ai.generateText", agent), **{
                "ai.model.provider": "openai.chat", "ai.model.id": self.model,
                "ai.settings.maxRetries": 2}))

    def llm_name(self, _agent):
        return "ai.generateText.doGenerate"

    def llm_attrs(self, agent, history, out, finish):
        attrs = self.common("ai.generateText.doGenerate", agent)
        attrs.update({
            "ai.model.provider": "openai.chat", "ai.model.id": self.model,
            "ai.prompt.messages": compact(self.messages(history)),
            "ai.prompt.toolChoice": "{\"type\":\"auto\"}", "ai.settings.maxRetries": 2,
            "ai.prompt.tools": [compact({"type": "function", "name": t["function"]["name"],
                                         "inputSchema": t["function"]["parameters"]})
                                for t in agent.tools],
            "gen_ai.system": "openai.chat", "gen_ai.request.model": self.model})
        if out is None:
            return attrs
        tokens = self.usage(history, out)
        agent.extra["usage"] = [a + b for a, b in zip(agent.extra["usage"], tokens)]
        finish = finish.replace("_", "-")
        attrs.update({
            "ai.response.finishReason": finish, "ai.response.text": out.text or None,
            "ai.response.toolCalls": compact([{"toolCallId": c.id, "toolName": c.name,
                                               "input": c.args_text()} for c in out.calls])
            if out.calls else None,
            "ai.response.model": self.model, "ai.usage.inputTokens": tokens[0],
            "ai.usage.outputTokens": tokens[1], "ai.usage.totalTokens": sum(tokens),
            "gen_ai.response.finish_reasons": [finish], "gen_ai.response.model": self.model,
            "gen_ai.usage.input_tokens": tokens[0], "gen_ai.usage.output_tokens": tokens[1]})
        return attrs

    def tool_name(self, _agent, call):
        return "ai.toolCall"

    def tool_attrs(self, agent, call, result, error, kind):
        return dict(self.common("ai.toolCall", agent), **{
            "ai.toolCall.name": call.name, "ai.toolCall.id": call.id,
            "ai.toolCall.args": call.args_text(),
            "ai.toolCall.result": None if error is not None else compact(result)})

    def close_agent(self, agent, output):
        self.close(agent.span, {
            "ai.prompt": compact({"system": agent.system, "messages": self.messages(
                [m for m in agent.messages if m.role == "user"][:1])}),
            "ai.response.finishReason": "stop", "ai.response.text": output,
            "ai.usage.inputTokens": agent.extra["usage"][0],
            "ai.usage.outputTokens": agent.extra["usage"][1],
            "ai.usage.totalTokens": sum(agent.extra["usage"])})


class LangSmith(Shape):
    """langsmith's own exporter: a JSON request and a JSON answer."""
    scope = ("langsmith", "0.15.0")
    ok_status = {"code": 1}

    def common(self, kind, name):
        return {"langsmith.span.kind": kind, "langsmith.trace.name": name,
                "langsmith.trace.session_name": "default", "gen_ai.system": "langchain",
                "langsmith.metadata.session_id": self.session,
                "langsmith.metadata.ls_method": "traceable",
                "langsmith.metadata.LANGSMITH_TRACING": "true"}

    def open_agent(self, agent, parent):
        agent.span = self.open(agent.name, parent, dict(
            self.common("chain", agent.name), **{"gen_ai.operation.name": "chain"}))

    def llm_name(self, _agent):
        return "ChatOpenAI"

    def llm_attrs(self, agent, history, out, finish):
        attrs = dict(self.common("llm", "ChatOpenAI"), **{
            "langsmith.metadata.ls_provider": "openai", "langsmith.metadata.ls_model_type": "chat",
            "langsmith.metadata.ls_model_name": self.model, "gen_ai.serialized.name": "ChatOpenAI",
            "gen_ai.operation.name": "chat", "gen_ai.request.model": self.model,
            "gen_ai.prompt": compact({"messages": openai_messages(history), "model": self.model,
                                      "tools": agent.tools})})
        if out is None:
            return attrs
        tokens = self.usage(history, out)
        attrs.update({
            "gen_ai.response.model": self.model, "gen_ai.response.finish_reasons": [finish],
            "gen_ai.usage.input_tokens": tokens[0], "gen_ai.usage.output_tokens": tokens[1],
            "gen_ai.usage.total_tokens": sum(tokens),
            "gen_ai.completion": compact({"id": "chatcmpl-" + self.hex(8), "choices": [{
                "finish_reason": finish, "index": 0, "message": openai_messages([out])[0]}]})})
        return attrs

    def tool_name(self, _agent, call):
        return call.name

    def tool_attrs(self, _agent, call, result, error, kind):
        return dict(self.common("tool", call.name), **{
            "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": call.name,
            "gen_ai.prompt": call.args_text(),
            "gen_ai.completion": compact({"output": None if error is not None else result})})

    def close_agent(self, agent, output):
        first = [m.text for m in agent.messages if m.role == "user"][:1]
        self.close(agent.span, {"gen_ai.prompt": compact({"question": first[0] if first else ""}),
                                "gen_ai.completion": compact({"output": output})})
