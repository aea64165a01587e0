"""A course as the spans that an instrumentation sends for it: five wires, each in the field's own attributes.

`genai`: GenAI semantic conventions, tool spans beside the chats. `quiet`: the same without tool spans, results
stand only in the next input. `openinference`: flattened messages. `team`: each stretch of one agent below a span of
its own. `chat`: a message a span, the tool answers as a member of the chat.
"""
import hashlib
import json


class Wire:
    scope = ("opentelemetry.instrumentation.genai", "0.4")
    tool_spans = True

    def __init__(self, course, key, service, conversation):
        self.course, self.key, self.service, self.conversation = course, key, service, conversation
        self.trace_id = hashlib.sha256(key.encode()).hexdigest()[:32]
        self.now = 1767225600_000 + int(self.trace_id[:6], 16) * 61  # milliseconds
        self.spans, self.root_span, self.history = [], None, []
        self.model = course.rng.choice(("gpt-4o", "gpt-4.1", "claude-sonnet-4", "qwen3-32b", "gemini-2.5-flash"))

    def span(self, name, parent, low, high, **more):
        begin = self.now + self.course.rng.randint(1, 9)
        self.now = begin + self.course.rng.randint(low, high)
        found = hashlib.sha256(("%s/%d" % (self.key, len(self.spans))).encode()).hexdigest()[:16]
        span = {"traceId": self.trace_id, "spanId": found, "name": name, "kind": more.get("kind", 1),
                "startTimeUnixNano": str(begin * 10 ** 6), "endTimeUnixNano": str(self.now * 10 ** 6),
                "attributes": [], "status": {"code": 2} if more.get("error") else {}}
        if parent:
            span["parentSpanId"] = parent["spanId"]
        self.spans.append(span)
        return span

    def line(self, verdict):
        """The run as one TracesData object, and the span id of its root cause."""
        top = self.span(*self.top_name(), 0, 0)
        for turn in self.course.turns:
            if turn.role == "user":
                self.history.append(turn)
                continue
            span = self.model_call(turn, top) if turn.role == "model" else self.tool_call(turn, top)
            if turn.category:
                assert self.root_span is None and span is not None
                self.root_span = span["spanId"]
            self.history.append(turn)
        top["endTimeUnixNano"] = str((self.now + 20) * 10 ** 6)
        self.close(top)
        top["events"] = [{"name": "gen_ai.evaluation.result", "timeUnixNano": str((self.now + 19) * 10 ** 6), "attributes": [
            _attr("gen_ai.evaluation.name", "task_success"), _attr("gen_ai.evaluation.score.value", float(verdict == "pass")),
            _attr("gen_ai.evaluation.score.label", verdict)]}]
        name, version = self.scope
        return {"resourceSpans": [{"resource": {"attributes": [_attr("service.name", self.service)]}, "scopeSpans": [
            {"scope": {"name": name, "version": version}, "spans": self.spans}]}]}

    def top_name(self):
        return "invoke_agent " + self.service, None

    def close(self, top):
        first = next(t.text for t in self.course.turns if t.role == "user")
        last = [t.text for t in self.course.turns if t.role == "model"][-1]
        put(top, gen_ai_operation_name="invoke_agent", gen_ai_agent_name=self.service,
            gen_ai_conversation_id=self.conversation, gen_ai_input_messages=_json([_message("user", [_text(first)])]),
            gen_ai_output_messages=_json([dict(_message("assistant", [_text(last)]), finish_reason="stop")]))

    def model_call(self, turn, parent):
        span = self.span("chat " + self.model, parent, 700, 9000, kind=3)
        parts = ([_text(turn.text)] if turn.text else []) + [
            {"type": "tool_call", "id": i, "name": n, "arguments": a} for i, n, a in turn.calls]
        finish = "tool_calls" if turn.calls else "stop"
        sizes = sum(len(t.text) for t in self.history) + len(self.course.system), len(turn.text)
        put(span, gen_ai_operation_name="chat", gen_ai_provider_name="openai", gen_ai_request_model=self.model,
            gen_ai_agent_name=turn.agent, gen_ai_response_finish_reasons=[finish],
            gen_ai_usage_input_tokens=sizes[0] // 4 + 9, gen_ai_usage_output_tokens=sizes[1] // 4 + 11)
        if self.course.system:
            put(span, gen_ai_system_instructions=_json([_text(self.course.system)]))
        if self.course.tools:
            put(span, gen_ai_tool_definitions=_json([
                {"type": "function", "name": n, "description": d, "parameters": p} for n, d, p in self.course.tools]))
        put(span, gen_ai_input_messages=_json([self.entry(t) for t in self.history]),
            gen_ai_output_messages=_json([dict(_message("assistant", parts), finish_reason=finish)]))
        return span

    def entry(self, turn):
        if turn.role == "tool":
            return _message("tool", [{"type": "tool_call_response", "id": turn.call[0], "response": turn.text}])
        if turn.role == "user":
            return _message("user", [_text(turn.text)])
        return _message("assistant", ([_text(turn.text)] if turn.text else []) + [
            {"type": "tool_call", "id": i, "name": n, "arguments": a} for i, n, a in turn.calls])

    def tool_call(self, turn, parent):
        if not self.tool_spans:
            self.now += self.course.rng.randint(30, 900)
            return None
        span = self.span("execute_tool " + turn.call[1], parent, 30, 1900, error=turn.error)
        put(span, gen_ai_operation_name="execute_tool", gen_ai_tool_name=turn.call[1], gen_ai_tool_type="function",
            gen_ai_tool_call_id=turn.call[0], gen_ai_tool_call_arguments=_json(turn.call[2]),
            gen_ai_tool_call_result=turn.text)
        return span


class Quiet(Wire):
    tool_spans = False


class Team(Wire):
    """Agents in turn, each below a span of its own; the history tells who spoke."""
    scope = ("opentelemetry.instrumentation.autogen", "0.7")
    floor = None

    def model_call(self, turn, parent):
        if self.floor is None or self.floor[0] != turn.agent:
            span = self.span("invoke_agent " + turn.agent, parent, 0, 0)
            put(span, gen_ai_operation_name="invoke_agent", gen_ai_agent_name=turn.agent)
            self.floor = (turn.agent, span)
        span = super().model_call(turn, self.floor[1])
        self.floor[1]["endTimeUnixNano"] = span["endTimeUnixNano"]
        return span

    def tool_call(self, turn, parent):
        span = super().tool_call(turn, self.floor[1])
        self.floor[1]["endTimeUnixNano"] = span["endTimeUnixNano"]
        return span

    def entry(self, turn):
        if turn.role == "model" and not turn.calls:
            return dict(_message("user", [_text(turn.text)]), name=turn.agent)
        return super().entry(turn)


class Chat(Wire):
    """A message of the chat is a span; the terminal is a member of it."""
    scope = ("autogen-chat-log", "1.0")

    def __init__(self, *rest):
        super().__init__(*rest)
        self.terminal = self.course.rng.choice(("Computer_terminal", "ComputerTerminal", "Executor"))

    def message(self, agent, text, parent):
        span = self.span("chat " + agent, parent, 400, 6000)
        put(span, gen_ai_operation_name="chat", gen_ai_agent_name=agent,
            gen_ai_input_messages=_json([self.entry(t) for t in self.history]),
            gen_ai_output_messages=_json([dict(_message("assistant", [_text(text)]), finish_reason="stop")]))
        return span

    def model_call(self, turn, parent):
        return self.message(turn.agent, _spoken(turn), parent)

    def tool_call(self, turn, parent):
        return self.message(self.terminal, turn.text, parent)

    def entry(self, turn):
        if turn.role == "user":
            return _message("user", [_text(turn.text)])
        name = turn.agent if turn.role == "model" else self.terminal
        return dict(_message("user", [_text(_spoken(turn))]), name=name)


class OpenInference(Wire):
    scope = ("openinference.instrumentation.openai", "0.1.30")

    def top_name(self):
        return self.service, None

    def close(self, top):
        first = next(t.text for t in self.course.turns if t.role == "user")
        last = [t.text for t in self.course.turns if t.role == "model"][-1]
        put(top, openinference_span_kind="AGENT", agent_name=self.service, session_id=self.conversation,
            input_value=first, output_value=last)

    def model_call(self, turn, parent):
        span = self.span("ChatCompletion", parent, 700, 9000)
        put(span, openinference_span_kind="LLM", llm_model_name=self.model,
            llm_token_count_prompt=sum(len(t.text) for t in self.history) // 4 + 60,
            llm_token_count_completion=len(turn.text) // 4 + 9)
        rows = self.history
        if self.course.system:
            span["attributes"] += _flat("llm.input_messages.0.message.", "system", self.course.system)
        at = 1 if self.course.system else 0
        for i, old in enumerate(rows):
            role = {"model": "assistant"}.get(old.role, old.role)
            span["attributes"] += _flat("llm.input_messages.%d.message." % (at + i), role, old.text, old)
        span["attributes"] += _flat("llm.output_messages.0.message.", "assistant", turn.text, turn)
        for i, (name, description, parameters) in enumerate(self.course.tools):
            span["attributes"].append(_attr("llm.tools.%d.tool.json_schema" % i, _json({"type": "function", "function": {
                "name": name, "description": description, "parameters": parameters}})))
        return span

    def tool_call(self, turn, parent):
        span = self.span(turn.call[1], parent, 30, 1900, error=turn.error)
        put(span, openinference_span_kind="TOOL", tool_name=turn.call[1], input_value=_json(turn.call[2]),
            input_mime_type="application/json", output_value=turn.text)
        return span


DOTTED = ("gen_ai_operation_name", "gen_ai_agent_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_tool_name",
          "gen_ai_tool_type", "openinference_span_kind", "llm_token_count_prompt", "llm_token_count_completion", "agent_name",
          "session_id", "input_value", "output_value", "tool_name")
NAMES = dict({n: n.replace("gen_ai_", "gen_ai.").replace("_", ".").replace("gen.ai", "gen_ai") for n in DOTTED},
             llm_model_name="llm.model_name", llm_token_count_prompt="llm.token_count.prompt",
             llm_token_count_completion="llm.token_count.completion", input_mime_type="input.mime_type",
             gen_ai_conversation_id="gen_ai.conversation.id", gen_ai_input_messages="gen_ai.input.messages",
             gen_ai_output_messages="gen_ai.output.messages", gen_ai_system_instructions="gen_ai.system_instructions",
             gen_ai_tool_definitions="gen_ai.tool.definitions", gen_ai_tool_call_id="gen_ai.tool.call.id",
             gen_ai_tool_call_arguments="gen_ai.tool.call.arguments", gen_ai_tool_call_result="gen_ai.tool.call.result",
             gen_ai_response_finish_reasons="gen_ai.response.finish_reasons",
             gen_ai_usage_input_tokens="gen_ai.usage.input_tokens", gen_ai_usage_output_tokens="gen_ai.usage.output_tokens")


def put(span, **values):
    span["attributes"] += [_attr(NAMES[k], v) for k, v in values.items()]


def _attr(key, value):
    if isinstance(value, list):
        return {"key": key, "value": {"arrayValue": {"values": [{"stringValue": v} for v in value]}}}
    if isinstance(value, float):
        return {"key": key, "value": {"doubleValue": value}}
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    return {"key": key, "value": {"stringValue": value}}


def _json(value):
    return json.dumps(value, ensure_ascii=False)


def _text(text):
    return {"type": "text", "content": text}


def _message(role, parts):
    return {"role": role, "parts": parts}


def _spoken(turn):
    """What a member of a chat writes: its code stands in the message."""
    blocks = ["```%s\n%s\n```" % ("python" if n == "python" else "sh", a.get("code") or a.get("command") or _json(a))
              for _, n, a in turn.calls]
    return "\n\n".join([turn.text] * bool(turn.text) + blocks)


def _flat(prefix, role, text, turn=None):
    rows = [_attr(prefix + "role", role)]
    if text:
        rows.append(_attr(prefix + "content", text))
    if turn and turn.role == "tool":
        rows.append(_attr(prefix + "tool_call_id", turn.call[0]))
    for i, (call, name, arguments) in enumerate(turn.calls if turn else ()):
        at = prefix + "tool_calls.%d.tool_call." % i
        rows += [_attr(at + "id", call), _attr(at + "function.name", name), _attr(at + "function.arguments", _json(arguments))]
    return rows


TOOLS = (Wire, Quiet, OpenInference)
TEAMS = (Team, Team, Chat)
CHATS = (Chat,)
