"""The dialects: what each instrumentation writes for an agent, a model call and a tool call."""
from trace import Step, Trace, dumps


class OpenInference(Trace):
    scope = ("openinference.instrumentation.openai_agents", "1.2.0")
    flow_attrs = {"openinference.span.kind": "CHAIN"}

    def open_agent(self, a, parent):
        return self.open(a.name, parent, {"openinference.span.kind": "AGENT", "graph.node.id": a.name})

    def shut_agent(self, a, answer):
        first = next((m[1] for m in a.log if m[0] == "user"), "")
        self.shut(a.span, {"input.value": first, "output.value": answer})

    @staticmethod
    def flat(prefix, role, text, asked, ident):
        out = {prefix + "message.role": role}
        if text:
            out[prefix + "message.content"] = text
        if ident:
            out[prefix + "message.tool_call_id"] = ident
        for j, c in enumerate(asked):
            p = "%smessage.tool_calls.%d.tool_call." % (prefix, j)
            out.update({p + "id": c.id, p + "function.name": c.name, p + "function.arguments": dumps(c.args)})
        return out

    def open_llm(self, a, seen):
        attrs = {"openinference.span.kind": "LLM", "llm.model_name": self.model, "llm.system": "openai",
                 "llm.invocation_parameters": '{"temperature": 0.2}'}
        for i, (role, text, asked, ident, _) in enumerate([("system", a.system, (), None, None)] + list(seen)):
            attrs.update(self.flat("llm.input_messages.%d." % i, role, text, asked, ident))
        for i, t in enumerate(a.tools):
            attrs["llm.tools.%d.tool.json_schema" % i] = dumps({"type": "function", "function": t})
        return self.open("response", a.span, attrs)

    def shut_llm(self, span, a, seen, text, asked):
        out = self.flat("llm.output_messages.0.", "assistant", text, asked, None)
        n = self.tokens(seen)
        out.update({"llm.token_count.prompt": n, "llm.token_count.completion": len(text) // 4 + 12})
        self.shut(span, out)

    def open_tool(self, a, c):
        return self.open(c.name, a.span, {"openinference.span.kind": "TOOL", "tool.name": c.name,
                                          "input.value": dumps(c.args), "input.mime_type": "application/json"})

    def shut_tool(self, span, result, error):
        self.shut(span, {"output.value": result} if result else {}, error)


class GenAi(Trace):
    scope = ("opentelemetry.util.genai.handler", "0.3b0")
    flow_attrs = {"gen_ai.operation.name": "invoke_workflow"}

    def provider(self):
        return {"c": "anthropic", "m": "mistral_ai"}.get(self.model[0], "openai")

    def open_agent(self, a, parent):
        return self.open("invoke_agent " + a.name, parent, {
            "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": a.name, "gen_ai.provider.name": self.provider()})

    def shut_agent(self, a, answer):
        self.shut(a.span)

    @staticmethod
    def message(role, text, asked, ident):
        if role == "tool":
            return {"role": "tool", "parts": [{"type": "tool_call_response", "id": ident, "response": text}]}
        parts = [{"type": "text", "content": text}] if text else []
        parts += [{"type": "tool_call", "id": c.id, "name": c.name, "arguments": c.args} for c in asked]
        return {"role": role, "parts": parts}

    def open_llm(self, a, seen):
        return self.open("chat " + self.model, a.span, {
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": self.provider(), "gen_ai.request.model": self.model,
            "gen_ai.agent.name": a.name,
            "gen_ai.system_instructions": dumps([{"type": "text", "content": a.system}]),
            "gen_ai.input.messages": dumps([self.message(r, x, c, i) for r, x, c, i, _ in seen]),
            "gen_ai.tool.definitions": dumps([dict(t, type="function") for t in a.tools]) if a.tools else None}, 3)

    def shut_llm(self, span, a, seen, text, asked):
        m = self.message("assistant", text, asked, None)
        m["finish_reason"] = "tool_call" if asked else "stop"
        self.shut(span, {"gen_ai.output.messages": dumps([m]), "gen_ai.response.model": self.model,
                         "gen_ai.response.finish_reasons": ["tool_calls" if asked else "stop"],
                         "gen_ai.usage.input_tokens": self.tokens(seen), "gen_ai.usage.output_tokens": len(text) // 4 + 12})

    def open_tool(self, a, c):
        return self.open("execute_tool " + c.name, a.span, {
            "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": c.name, "gen_ai.tool.call.id": c.id,
            "gen_ai.tool.type": "function", "gen_ai.tool.call.arguments": dumps(c.args)})

    def shut_tool(self, span, result, error):
        self.shut(span, {"gen_ai.tool.call.result": result, "error.type": error.partition(":")[0] if error else None}, error)


class GenAiClientOnly(GenAi):
    """Only the model client is instrumented: results are seen in the next input."""
    tool_spans = False
    scope = ("opentelemetry.instrumentation.openai_v2", "2.2b0")


class AiSdk(Trace):
    scope = ("ai", "")
    language = "nodejs"

    def open_agent(self, a, parent):
        return self.open("ai.generateText", parent, {
            "operation.name": "ai.generateText " + a.name, "ai.operationId": "ai.generateText",
            "ai.telemetry.functionId": a.name, "ai.model.id": self.model, "ai.model.provider": "openai.responses"})

    def shut_agent(self, a, answer):
        first = next((m[1] for m in a.log if m[0] == "user"), "")
        self.shut(a.span, {"ai.prompt": dumps({"system": a.system, "prompt": first}), "ai.response.text": answer,
                           "ai.response.finishReason": "stop"})

    @staticmethod
    def message(role, text, asked, ident, speaker):
        if role == "tool":
            return {"role": "tool", "content": [{"type": "tool-result", "toolCallId": ident, "toolName": speaker,
                                                "output": {"type": "text", "value": text}}]}
        parts = [{"type": "text", "text": text}] if text else []
        parts += [{"type": "tool-call", "toolCallId": c.id, "toolName": c.name, "input": c.args} for c in asked]
        return {"role": role, "content": parts}

    def open_llm(self, a, seen):
        said = [{"role": "system", "content": a.system}] + [self.message(*m) for m in seen]
        return self.open("ai.generateText.doGenerate", a.span, {
            "operation.name": "ai.generateText.doGenerate " + a.name, "ai.operationId": "ai.generateText.doGenerate",
            "ai.telemetry.functionId": a.name, "ai.model.id": self.model, "ai.model.provider": "openai.responses",
            "ai.prompt.messages": dumps(said), "gen_ai.system": "openai.responses", "gen_ai.request.model": self.model,
            "ai.prompt.tools": [dumps({"type": "function", "name": t["name"], "description": t["description"],
                                       "inputSchema": t["parameters"]}) for t in a.tools] or None})

    def shut_llm(self, span, a, seen, text, asked):
        calls = [{"toolCallId": c.id, "toolName": c.name, "input": dumps(c.args)} for c in asked]
        n = self.tokens(seen)
        self.shut(span, {"ai.response.text": text or None, "ai.response.toolCalls": dumps(calls) if calls else None,
                         "ai.response.finishReason": "tool-calls" if calls else "stop", "ai.response.model": self.model,
                         "ai.usage.promptTokens": n, "ai.usage.completionTokens": len(text) // 4 + 12,
                         "gen_ai.usage.input_tokens": n})

    def open_tool(self, a, c):
        return self.open("ai.toolCall", a.span, {
            "operation.name": "ai.toolCall " + a.name, "ai.operationId": "ai.toolCall", "ai.toolCall.name": c.name,
            "ai.toolCall.id": c.id, "ai.toolCall.args": dumps(c.args)})

    def shut_tool(self, span, result, error):
        self.shut(span, {"ai.toolCall.result": dumps(result)} if result else {}, error)


class Flattened(Trace):
    """gen_ai.prompt.N of the model client, below a workflow; no spans of tools."""
    tool_spans = False
    scope = ("opentelemetry.instrumentation.openai.v1", "0.47.5")

    def open_agent(self, a, parent):
        return self.open(a.name + (".workflow" if parent is None else ".agent"), parent, {
            "traceloop.span.kind": "workflow" if parent is None else "agent", "traceloop.entity.name": a.name})

    def shut_agent(self, a, answer):
        self.shut(a.span, {"traceloop.entity.output": dumps({"outputs": answer})})

    def open_llm(self, a, seen):
        attrs = {"llm.request.type": "chat", "gen_ai.system": "OpenAI", "gen_ai.request.model": self.model,
                 "gen_ai.operation.name": "chat"}
        for i, (role, text, asked, ident, _) in enumerate([("system", a.system, (), None, None)] + list(seen)):
            p = "gen_ai.prompt.%d." % i
            attrs.update({p + "role": role, p + "content": text or None, p + "tool_call_id": ident})
            for j, c in enumerate(asked):
                q = "%stool_calls.%d." % (p, j)
                attrs.update({q + "id": c.id, q + "name": c.name, q + "arguments": dumps(c.args)})
        for i, t in enumerate(a.tools):
            p = "llm.request.functions.%d." % i
            attrs.update({p + "name": t["name"], p + "description": t["description"],
                          p + "parameters": dumps(t["parameters"])})
        return self.open("openai.chat", a.span, attrs, 3)

    def shut_llm(self, span, a, seen, text, asked):
        p = "gen_ai.completion.0."
        out = {p + "role": "assistant", p + "content": text or None, p + "finish_reason": "tool_calls" if asked else "stop",
               "gen_ai.response.model": self.model, "gen_ai.usage.input_tokens": self.tokens(seen),
               "gen_ai.usage.output_tokens": len(text) // 4 + 12}
        for j, c in enumerate(asked):
            q = "%stool_calls.%d." % (p, j)
            out.update({q + "id": c.id, q + "name": c.name, q + "arguments": dumps(c.args)})
        self.shut(span, out)


class Textual(GenAiClientOnly):
    """Actions are blocks in the text, results are the user's next message (agents of a shell)."""
    scope = ("opentelemetry.instrumentation.litellm", "0.1.0")

    def llm(self, a, text, calls=(), error=None):
        for _, args in calls:
            text += "\n\n```bash\n%s\n```" % args["command"]
        step = super().llm(a, text.strip(), (), error)
        step.asked = list(calls)
        return step

    def ret(self, step, index, result, error=None):
        self.wait(.7)
        code = 127 if error and "127" in error else 1 if error or " failed, " in dumps(result) or "Traceback" in dumps(result) else 0
        step.agent.log.append(("user", "<returncode>%d</returncode>\n<output>\n%s\n</output>" % (
            code, dumps(result) or error or ""), (), None, None))
        return Step0(step)


class Step0:
    """A result without a span."""

    def __init__(self, step):
        self.agent, self.span, self.text, self.calls = step.agent, None, "", []


class TeamChat(GenAi):
    """Named agents in one conversation: every message is one chat span with all that was said."""
    scope = ("autogen-core", "0.7.4")

    def __init__(self, rng, service, model=None):
        super().__init__(rng, service, model)
        self.said, self.prompts, self.room = [], {}, None

    def team(self, task, who=None):
        self.room = self.open("group_chat", None, {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "group_chat"})
        if task:
            self.said.append((who or "user", task))

    def member(self, name, prompt):
        self.prompts[name] = prompt

    def post(self, name, text):
        """One message of @name."""
        before = [{"role": "assistant" if n == name else "user", "name": n, "parts": [{"type": "text", "content": x}]}
                  for n, x in self.said]
        size = sum(len(x) for _, x in self.said) // 4 + 60
        span = self.open("chat " + self.model, self.room, {
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": self.provider(), "gen_ai.request.model": self.model,
            "gen_ai.agent.name": name, "gen_ai.input.messages": dumps(before),
            "gen_ai.system_instructions": dumps([{"type": "text", "content": self.prompts[name]}])
            if name in self.prompts else None}, 3)
        self.wait(1 + len(text) / 200)
        self.shut(span, {"gen_ai.output.messages": dumps([{"role": "assistant", "name": name, "parts": [
            {"type": "text", "content": text}], "finish_reason": "stop"}]),
            "gen_ai.usage.input_tokens": size, "gen_ai.usage.output_tokens": len(text) // 4 + 9})
        self.said.append((name, text))
        return Step(None, span, text, [])

    def over(self):
        self.shut(self.room)


CALLING = [OpenInference, GenAi, AiSdk, Flattened, GenAiClientOnly]
SHELL = [Textual, OpenInference, GenAi, Textual, Flattened]
