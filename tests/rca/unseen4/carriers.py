"""How a model call, a tool and an agent are written as spans: five instrumentations.

`genai` and `events` are the semantic conventions with JSON attributes and with an event a message, `openinference` is flattened
(`steps`: as smolagents has it, a chain span a step), `traceloop` is flattened as OpenLLMetry does it, `chat` sends
model calls alone. `terminal_is_tool`: the executor of a team is a tool's span; else it is one more speaker.
"""
from wire import compact


class Carrier:
    tool_spans = True
    steps = False
    terminal_is_tool = True
    scope = ("opentelemetry.instrumentation.genai.agents", "0.4b0")

    def turn(self, play, agent, by):
        """The span that a model call of @agent (or of speaker @by) lies under."""
        return agent.span

    def turned(self, play, span):
        pass


class GenAI(Carrier):
    def __init__(self, tool_spans=True, terminal_is_tool=True, turns=False):
        self.tool_spans = tool_spans
        self.terminal_is_tool = terminal_is_tool
        self.turns = turns

    def turn(self, play, agent, by):
        if not self.turns or by is None:
            return agent.span
        return play.open("invoke_agent " + by, play.root, {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": by})

    def turned(self, play, span):
        if self.turns and span is not play.root and span["name"].startswith("invoke_agent") and span["endTimeUnixNano"] is None \
                and all(a.span is not span for a in play.agents):
            play.close(span)

    def root_name(self, name):
        return "invoke_agent " + name

    def root(self, name, task, session):
        return dict(self.agent(name, task), **{"gen_ai.conversation.id": session})

    def agent(self, name, task):
        return {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name,
                "gen_ai.input.messages": compact([{"role": "user", "parts": [{"type": "text", "content": task}]}])}

    def gave(self, text):
        return {"gen_ai.output.messages": compact([{"role": "assistant", "parts": [{"type": "text", "content": text}],
                                                    "finish_reason": "stop"}])}

    def result(self, span, text):
        span["attrs"].update(self.gave(text))

    def call_name(self, model):
        return "chat " + model

    def tool_name(self, name):
        return "execute_tool " + name

    def message(self, m):
        if m.role == "tool":
            return {"role": "tool", "parts": [{"type": "tool_call_response", "id": m.call_id, "response": m.text}]}
        parts = [{"type": "text", "content": m.text}] if m.text or not m.calls else []
        parts += [{"type": "tool_call", "id": c.id, "name": c.name, "arguments": c.args} for c in m.calls]
        return dict({"role": m.role, "parts": parts}, **({"name": m.name} if m.name else {}))

    def frame(self, play, agent, by, history, out, finish):
        tokens = play.usage(history, out)
        return {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": play.model,
                "gen_ai.agent.name": by or agent.name, "gen_ai.response.finish_reasons": [finish],
                "gen_ai.usage.input_tokens": tokens[0], "gen_ai.usage.output_tokens": tokens[1]}

    def call(self, play, agent, by, system, history, out, finish):
        attrs = self.frame(play, agent, by, history, out, finish)
        if system:
            attrs["gen_ai.system_instructions"] = compact([{"type": "text", "content": system}])
        if agent.tools:
            attrs["gen_ai.tool.definitions"] = compact([dict(t["function"], type="function") for t in agent.tools])
        attrs["gen_ai.input.messages"] = compact([self.message(m) for m in history])
        attrs["gen_ai.output.messages"] = compact([dict(self.message(out), finish_reason=finish)])
        return attrs

    def tool(self, call, result, bad):
        attrs = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": call.name, "gen_ai.tool.call.id": call.id,
                 "gen_ai.tool.type": "function", "gen_ai.tool.call.arguments": call.args_text(),
                 "gen_ai.tool.call.result": result}
        if bad and isinstance(bad[0], str):
            attrs["error.type"] = bad[0]
        return attrs


class Chat(GenAI):
    """Model calls alone, as an instrumented client of the model sends them."""
    scope = ("opentelemetry.instrumentation.openai_v2", "2.2b0")

    def __init__(self):
        super().__init__(tool_spans=False, terminal_is_tool=False)


class Events(GenAI):
    """Strands: an event a message, contents in the form of Bedrock."""
    scope = ("strands.telemetry.tracer", "1.9.0")

    def content(self, m):
        if m.role == "tool":
            return [{"toolResult": {"toolUseId": m.call_id, "status": "success", "content": [{"text": m.text}]}}]
        return ([{"text": m.text}] if m.text else []) + [
            {"toolUse": {"toolUseId": c.id, "name": c.name, "input": c.args}} for c in m.calls]

    def call(self, play, agent, by, system, history, out, finish):
        span = play.spans[-1]
        if system:
            play.event(span, "gen_ai.system.message", {"content": system})
        for m in history:
            play.event(span, "gen_ai.%s.message" % m.role, {"content": compact(self.content(m))})
        play.event(span, "gen_ai.choice", {"finish_reason": "tool_use" if out.calls else "end_turn",
                                           "message": compact(self.content(out))})
        attrs = self.frame(play, agent, by, history, out, finish)
        attrs["gen_ai.provider.name"] = "strands-agents"
        if agent.tools:
            attrs["gen_ai.tool.definitions"] = compact([t["function"] for t in agent.tools])
        return attrs

    def tool(self, call, result, bad):
        attrs = super().tool(call, result, bad)
        attrs["gen_ai.tool.status"] = "error" if bad else "success"
        return attrs


class OpenInference(Carrier):
    scope = ("openinference.instrumentation.agents", "0.1.14")

    def __init__(self, steps=False, tool_spans=True, turns=False, terminal_is_tool=True):
        self.steps = steps
        self.tool_spans = tool_spans
        self.turns = turns
        self.terminal_is_tool = terminal_is_tool

    def turn(self, play, agent, by):
        if self.turns and by is not None:
            return play.open(by + ".on_messages", play.root, {"openinference.span.kind": "AGENT", "agent.name": by})
        if not self.steps:
            return agent.span
        agent.step += 1
        return play.open("Step %d" % agent.step, agent.span, {"openinference.span.kind": "CHAIN"})

    def turned(self, play, span):
        if span["endTimeUnixNano"] is None and all(a.span is not span for a in play.agents):
            play.close(span)

    def root_name(self, name):
        return "CodeAgent.run" if self.steps else name + ".run"

    def root(self, name, task, session):
        return dict(self.agent(name, task), **{"session.id": session})

    def agent(self, name, task):
        return {"openinference.span.kind": "AGENT", "agent.name": name, "input.value": task, "input.mime_type": "text/plain"}

    def gave(self, text):
        return {"output.value": text}

    def result(self, span, text):
        span["attrs"].update(self.gave(text))

    def call_name(self, model):
        return "LiteLLMModel.__call__" if self.steps else "ChatCompletion"

    def tool_name(self, name):
        return "".join(p.capitalize() for p in name.split("_")) + "Tool" if self.steps else name

    def put(self, attrs, at, m):
        attrs[at + ".message.role"] = m.role
        if m.text or not m.calls:
            attrs[at + ".message.content"] = m.text
        if m.name and m.role != "tool":
            attrs[at + ".message.name"] = m.name
        if m.call_id:
            attrs[at + ".message.tool_call_id"] = m.call_id
        for k, c in enumerate(m.calls):
            base = "%s.message.tool_calls.%d.tool_call." % (at, k)
            attrs.update({base + "id": c.id, base + "function.name": c.name, base + "function.arguments": c.args_text()})

    def call(self, play, agent, by, system, history, out, finish):
        tokens = play.usage(history, out)
        attrs = {"openinference.span.kind": "LLM", "llm.model_name": play.model, "llm.token_count.prompt": tokens[0],
                 "llm.token_count.completion": tokens[1], "llm.token_count.total": sum(tokens),
                 "llm.invocation_parameters": compact({"temperature": 0.2, "max_tokens": 4096})}
        shown = history
        if system:
            attrs["llm.input_messages.0.message.role"] = "system"
            attrs["llm.input_messages.0.message.content"] = system
        for k, m in enumerate(shown):
            self.put(attrs, "llm.input_messages.%d" % (k + bool(system)), m)
        self.put(attrs, "llm.output_messages.0", out)
        for k, t in enumerate(agent.tools):
            attrs["llm.tools.%d.tool.json_schema" % k] = compact(t)
        return attrs

    def tool(self, call, result, bad):
        return {"openinference.span.kind": "TOOL", "tool.name": call.name, "input.value": call.args_text(),
                "input.mime_type": "application/json", "output.value": result}


class Traceloop(Carrier):
    """OpenLLMetry: prompts flattened below gen_ai.prompt, tools as its decorated functions."""
    scope = ("opentelemetry.instrumentation.openai.v1", "0.47.3")

    def root_name(self, name):
        return name + ".workflow"

    def root(self, name, task, session):
        return {"traceloop.span.kind": "workflow", "traceloop.entity.name": name,
                "traceloop.entity.input": compact({"args": [task], "kwargs": {}}),
                "traceloop.association.properties.session_id": session}

    def agent(self, name, task):
        return {"traceloop.span.kind": "agent", "traceloop.entity.name": name,
                "traceloop.entity.input": compact({"args": [task], "kwargs": {}})}

    def gave(self, text):
        return {"traceloop.entity.output": compact(text)}

    def result(self, span, text):
        span["attrs"].update(self.gave(text))

    def call_name(self, model):
        return "openai.chat"

    def tool_name(self, name):
        return name + ".tool"

    def put(self, attrs, at, m):
        attrs[at + ".role"] = m.role
        attrs[at + ".content"] = m.text
        if m.call_id:
            attrs[at + ".tool_call_id"] = m.call_id
        for k, c in enumerate(m.calls):
            base = "%s.tool_calls.%d." % (at, k)
            attrs.update({base + "id": c.id, base + "name": c.name, base + "arguments": c.args_text()})

    def call(self, play, agent, by, system, history, out, finish):
        tokens = play.usage(history, out)
        attrs = {"llm.request.type": "chat", "gen_ai.system": "OpenAI", "gen_ai.request.model": play.model,
                 "gen_ai.response.model": play.model, "gen_ai.usage.prompt_tokens": tokens[0],
                 "gen_ai.usage.completion_tokens": tokens[1], "llm.usage.total_tokens": sum(tokens)}
        if system:
            attrs.update({"gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": system})
        for k, m in enumerate(history):
            self.put(attrs, "gen_ai.prompt.%d" % (k + bool(system)), m)
        self.put(attrs, "gen_ai.completion.0", out)
        attrs["gen_ai.completion.0.finish_reason"] = finish
        for k, t in enumerate(agent.tools):
            base = "llm.request.functions.%d." % k
            attrs.update({base + "name": t["function"]["name"], base + "description": t["function"]["description"],
                          base + "parameters": compact(t["function"]["parameters"])})
        return attrs

    def tool(self, call, result, bad):
        return {"traceloop.span.kind": "tool", "traceloop.entity.name": call.name,
                "traceloop.entity.input": compact({"args": [], "kwargs": call.args}), "traceloop.entity.output": compact(result)}


# kind of system -> (style, carrier) that it is seen with
SHAPES = {
    "tools": [("native", GenAI()), ("native", OpenInference()), ("native", Events()), ("native", Traceloop()),
              ("react", Chat()), ("react", OpenInference()), ("native", GenAI(tool_spans=False))],
    "desk": [("native", GenAI()), ("native", OpenInference()), ("native", Events()), ("native", Traceloop())],
    "code": [("code", OpenInference(steps=True)), ("code", OpenInference(steps=True)), ("code", GenAI()), ("code", Chat())],
    "shell": [("bash", GenAI()), ("bash", Chat()), ("native", Events()), ("native", OpenInference()), ("bash", OpenInference())],
    "team": [("team", GenAI(turns=True)), ("team", Chat()), ("team", OpenInference(turns=True)),
             ("team", OpenInference(turns=True, terminal_is_tool=False)), ("team", GenAI(turns=True, terminal_is_tool=False))],
    "world": [("react", Chat()), ("native", GenAI()), ("react", OpenInference())],
}
