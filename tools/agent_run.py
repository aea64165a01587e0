"""One agent run as a conversation plus steps, read from and written to OTLP JSON.

Every LLM span of a real trace repeats the whole history. To plant a fault that a reader could have
met in the wild, an edit must show in every later repetition. So a run is taken apart into messages
(each kept once) and steps (an LLM call that wrote one message, a tool call that returned one), the
edit is made on the message, and the spans are written again from there, in either of two dialects:
OpenInference (flattened messages) and OTel GenAI (JSON messages).

Only the standard library is used. Runs whose history does not repeat cleanly are refused
(`parse` returns None); they are not fit for planting.
"""
import copy
import hashlib
import json
import subprocess

OI = "openinference"
GENAI = "genai"


def open_lines(path):
    """Yields the lines of a .jsonl or .jsonl.zst file."""
    if path.endswith(".zst"):
        p = subprocess.Popen(["zstd", "-dc", "--long=27", path], stdout=subprocess.PIPE)
        yield from p.stdout
        p.stdout.close()
        if p.wait() not in (0, -13):
            raise OSError("zstd could not read " + path)
    else:
        with open(path, "rb") as f:
            yield from f


def plain(value):
    """An OTLP AnyValue as a Python value."""
    if "stringValue" in value:
        return value["stringValue"]
    if "intValue" in value:
        return int(value["intValue"])
    if "doubleValue" in value:
        return value["doubleValue"]
    if "boolValue" in value:
        return value["boolValue"]
    if "arrayValue" in value:
        return [plain(v) for v in value["arrayValue"].get("values", [])]
    return None


def any_value(v):
    if isinstance(v, bool):
        return {"boolValue": v}
    if isinstance(v, int):
        return {"intValue": str(v)}
    if isinstance(v, float):
        return {"doubleValue": v}
    if isinstance(v, list):
        return {"arrayValue": {"values": [any_value(x) for x in v]}}
    return {"stringValue": str(v)}


class Message:
    def __init__(self, role, text="", calls=None, call_id=None, reasoning=None):
        self.role = role
        self.text = text
        self.calls = calls or []  # dicts: id, name, args (a string)
        self.call_id = call_id
        self.reasoning = reasoning

    def same(self, other):
        return (self.role, self.text, self.calls, self.call_id) == (
            other.role, other.text, other.calls, other.call_id)


class Step:
    """kind "llm" (message = what it wrote), "tool" (message = what it returned) or "agent"."""

    def __init__(self, kind, span_id, name, message=None, duration=1_000_000_000, attrs=None):
        self.kind = kind
        self.span_id = span_id
        self.name = name
        self.message = message
        self.duration = duration
        self.gap = 2_000_000
        self.attrs = attrs or {}
        self.status = {}
        self.events = []
        self.hidden = []       # messages that this LLM call does not see
        self.finish = None     # None = by what it wrote
        self.tool = None       # name, args, id of a tool step
        self.parent = None     # an agent step, None = the root
        self.conv = None       # own list of messages, None = the run's
        self.open = False      # agent step: spans the steps whose parent it is


def _oi_messages(attrs, prefix):
    by_index = {}
    for k, v in attrs.items():
        if k.startswith(prefix):
            i, _, field = k[len(prefix):].partition(".message.")
            by_index.setdefault(int(i), {})[field] = v
    result = []
    for i in sorted(by_index):
        m = by_index[i]
        calls = []
        n = 0
        while "tool_calls.%d.tool_call.function.name" % n in m:
            p = "tool_calls.%d.tool_call." % n
            calls.append({"id": m.get(p + "id", ""), "name": m[p + "function.name"],
                          "args": m.get(p + "function.arguments", "{}")})
            n += 1
        result.append(Message(m.get("role", "user"), m.get("content", ""), calls,
                              m.get("tool_call_id")))
    return result


def _genai_messages(text):
    result = []
    for m in json.loads(text):
        out = Message(m.get("role", "user"))
        for part in m.get("parts", []):
            t = part.get("type")
            if t == "text":
                out.text += part.get("content", "")
            elif t == "reasoning":
                out.reasoning = part.get("content", "")
            elif t == "tool_call":
                args = part.get("arguments", "{}")
                out.calls.append({"id": part.get("id", ""), "name": part.get("name", ""),
                                  "args": args if isinstance(args, str) else json.dumps(args)})
            elif t == "tool_call_response":
                out.text += str(part.get("response", part.get("result", "")))
                out.call_id = part.get("id")
        result.append(out)
    return result


class Run:
    def __init__(self):
        self.trace_id = ""
        self.task = ""
        self.outcome = None
        self.dialect = OI
        self.service = ""
        self.root = None
        self.root_attrs = {}
        self.start = 0
        self.conv = []
        self.steps = []
        self.system_apart = False
        self.bytes = 0

    # -- looking ----------------------------------------------------------------------------------
    def llms(self):
        return [s for s in self.steps if s.kind == "llm"]

    def tools(self):
        return [s for s in self.steps if s.kind == "tool"]

    def structured(self):
        """Tool calls are stated as calls, not only as text."""
        return any(m.calls for m in self.conv)

    def caller(self, tool):
        """The LLM step that asked for a tool step."""
        i = self.steps.index(tool)
        while i >= 0:
            s = self.steps[i]
            if s.kind == "llm" and (not s.message.calls or any(
                    c["id"] == tool.tool["id"] for c in s.message.calls) or not tool.tool["id"]):
                return s
            i -= 1
        return None

    def call_of(self, tool):
        """The call entry (shared with the history) of a tool step."""
        llm = self.caller(tool)
        for c in llm.message.calls if llm else []:
            if c["id"] == tool.tool["id"]:
                return c
        return None

    def next_llm(self, step):
        for s in self.steps[self.steps.index(step) + 1:]:
            if s.kind == "llm":
                return s
        return None

    # -- changing ---------------------------------------------------------------------------------
    def new_id(self):
        self._ids = getattr(self, "_ids", 0) + 1
        seed = "%s/%d" % (self.trace_id, self._ids)
        return hashlib.sha256(seed.encode()).hexdigest()[:16]

    def set_args(self, tool, args):
        call = self.call_of(tool)
        tool.tool["args"] = args
        if call:
            call["args"] = args

    def rename_tool(self, tool, name):
        call = self.call_of(tool)
        tool.tool["name"] = name
        tool.name = name
        if call:
            call["name"] = name

    def cut_after(self, step):
        """Forgets everything that came after @step."""
        i = self.steps.index(step)
        gone = [s.message for s in self.steps[i + 1:] if s.message is not None]
        self.steps = self.steps[:i + 1]
        if step.message in self.conv:
            self.conv = self.conv[:self.conv.index(step.message) + 1]
        else:
            self.conv = [m for m in self.conv if m not in gone]

    def _place(self, step, after, conv):
        i = len(self.steps) if after is None else self.steps.index(after) + 1
        self.steps.insert(i, step)
        if after is None or after.message not in conv:
            conv.append(step.message)
        else:
            conv.insert(conv.index(after.message) + 1, step.message)
        return step

    def add_llm(self, text="", calls=None, after=None, parent=None, conv=None):
        like = self.llms()[0]
        s = Step("llm", self.new_id(), like.name, Message("assistant", text, calls or []),
                 900_000_000, dict(like.attrs))
        s.parent = parent
        s.conv = conv
        return self._place(s, after, self.conv if conv is None else conv)

    def add_tool(self, name, args, call_id, result, after=None, parent=None, conv=None):
        like = self.tools()[0] if self.tools() else None
        role = like.message.role if like else "tool"
        s = Step("tool", self.new_id(), name, Message(role, result, call_id=call_id), 40_000_000)
        s.tool = {"name": name, "args": args, "id": call_id}
        s.parent = parent
        s.conv = conv
        return self._place(s, after, self.conv if conv is None else conv)

    def add_agent(self, name, after=None, parent=None):
        s = Step("agent", self.new_id(), name)
        s.parent = parent
        i = len(self.steps) if after is None else self.steps.index(after) + 1
        self.steps.insert(i, s)
        return s

    def call_id(self):
        return "call_" + self.new_id()

    def answer(self, text):
        """A last LLM call with @text, which also becomes the output of the run."""
        s = self.add_llm(text)
        self.root_attrs["output"] = text
        return s

    def remove(self, steps):
        gone = [s.message for s in steps]
        self.steps = [s for s in self.steps if s not in steps]
        self.conv = [m for m in self.conv if not any(m is g for g in gone)]

    def clone(self, trace_id):
        r = copy.deepcopy(self)
        r.trace_id = trace_id
        return r


def parse(line):
    """One OTLP JSON line as a Run, or None when its history does not repeat cleanly."""
    data = json.loads(line)
    run = Run()
    run.bytes = len(line)
    spans = []
    for rs in data.get("resourceSpans", []):
        for a in rs.get("resource", {}).get("attributes", []):
            if a["key"] == "service.name":
                run.service = plain(a["value"])
        for ss in rs.get("scopeSpans", []):
            spans += ss.get("spans", [])
    spans.sort(key=lambda s: int(s["startTimeUnixNano"]))
    for span in spans:
        attrs = {a["key"]: plain(a["value"]) for a in span.get("attributes", [])}
        if not _take(run, span, attrs):
            return None
    return run if run.root and run.steps else None


def _take(run, span, attrs):
    kind = attrs.get("openinference.span.kind") or attrs.get("gen_ai.operation.name")
    duration = int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])
    run.trace_id = span["traceId"]
    if kind in ("AGENT", "invoke_agent"):
        run.root = span
        run.start = int(span["startTimeUnixNano"])
        run.dialect = OI if kind == "AGENT" else GENAI
        run.task = attrs.get("session.id") or attrs.get("gen_ai.conversation.id") or run.trace_id
        run.root_attrs = {"name": attrs.get("agent.name") or attrs.get("gen_ai.agent.name"),
                          "user": attrs.get("user.id"), "input": attrs.get("input.value"),
                          "output": attrs.get("output.value")}
        if kind == "invoke_agent":
            run.root_attrs["input"] = _text_of(attrs.get("gen_ai.input.messages"))
            run.root_attrs["output"] = _text_of(attrs.get("gen_ai.output.messages"))
        for e in span.get("events", []):
            ea = {a["key"]: plain(a["value"]) for a in e.get("attributes", [])}
            if e["name"] == "gen_ai.evaluation.result":
                run.outcome = ea.get("gen_ai.evaluation.score.label")
        return True
    step = Step("tool", span["spanId"], span["name"], None, duration)
    step.status = span.get("status", {})
    if kind in ("TOOL", "execute_tool"):
        return _take_tool(run, step, attrs)
    if kind in ("LLM", "chat"):
        step.kind = "llm"
        return _take_llm(run, step, attrs)
    return False


def _text_of(text):
    return "\n".join(m.text for m in _genai_messages(text)) if text else ""


def _take_tool(run, step, attrs):
    result = attrs.get("output.value", attrs.get("gen_ai.tool.call.result", ""))
    step.tool = {"name": attrs.get("tool.name") or attrs.get("gen_ai.tool.name"),
                 "args": attrs.get("tool_call.function.arguments",
                                   attrs.get("gen_ai.tool.call.arguments", "{}")),
                 "id": attrs.get("gen_ai.tool.call.id", "")}
    last = run.conv[-1] if run.conv else None
    if last is not None and last.calls:
        step.tool["id"] = last.calls[0]["id"]
    step.message = Message("tool", result)  # replaced by the history's own one
    run.steps.append(step)
    return True


def _take_llm(run, step, attrs):
    if "gen_ai.input.messages" in attrs:
        history = _genai_messages(attrs["gen_ai.input.messages"])
        out = _genai_messages(attrs.get("gen_ai.output.messages", "[]"))
        system = attrs.get("gen_ai.system_instructions")
        if system:
            run.system_apart = True
            text = "".join(p.get("content", "") for p in json.loads(system))
            history.insert(0, Message("system", text))
        step.attrs = {"model": attrs.get("gen_ai.request.model"),
                      "provider": attrs.get("gen_ai.provider.name"),
                      "in": attrs.get("gen_ai.usage.input_tokens"),
                      "out": attrs.get("gen_ai.usage.output_tokens")}
    else:
        history = _oi_messages(attrs, "llm.input_messages.")
        out = _oi_messages(attrs, "llm.output_messages.")
        step.attrs = {"model": attrs.get("llm.model_name"), "provider": attrs.get("llm.provider"),
                      "in": attrs.get("llm.token_count.prompt"),
                      "out": attrs.get("llm.token_count.completion")}
    if len(out) != 1 or len(history) < len(run.conv):
        return False
    for mine, theirs in zip(run.conv, history):
        if not mine.same(theirs):
            return False
    new = history[len(run.conv):]
    waiting = []
    for s in reversed(run.steps):
        if s.kind != "tool":
            break
        waiting.insert(0, s)
    for s, m in zip(waiting, new):
        if m.text != s.message.text:
            return False
        s.message = m
        s.tool["id"] = m.call_id or s.tool["id"]
    run.conv += new
    step.message = out[0]
    step.message.role = "assistant"
    run.conv.append(step.message)
    run.steps.append(step)
    return True


# ---- writing ------------------------------------------------------------------------------------

def _attrs(pairs):
    return [{"key": k, "value": any_value(v)} for k, v in pairs if v is not None]


def _oi_message_attrs(prefix, messages):
    pairs = []
    for i, m in enumerate(messages):
        p = "%s%d.message." % (prefix, i)
        pairs.append((p + "role", m.role))
        if m.text or not m.calls:
            pairs.append((p + "content", m.text))
        for j, c in enumerate(m.calls):
            q = "%stool_calls.%d.tool_call." % (p, j)
            pairs += [(q + "id", c["id"]), (q + "function.name", c["name"]),
                      (q + "function.arguments", c["args"])]
        if m.call_id:
            pairs.append((p + "tool_call_id", m.call_id))
    return pairs


def _genai_json(messages, finish=None):
    out = []
    for m in messages:
        parts = []
        if m.reasoning and finish:
            parts.append({"type": "reasoning", "content": m.reasoning})
        if m.role == "tool":
            parts.append({"type": "tool_call_response", "id": m.call_id or "", "response": m.text})
        elif m.text:
            parts.append({"type": "text", "content": m.text})
        for c in m.calls:
            try:
                args = json.loads(c["args"])
            except ValueError:
                args = c["args"]
            parts.append({"type": "tool_call", "id": c["id"], "name": c["name"],
                          "arguments": args})
        entry = {"role": m.role, "parts": parts}
        if finish:
            entry["finish_reason"] = finish
        out.append(entry)
    return json.dumps(out, ensure_ascii=False)


def _openai_json(messages):
    out = []
    for m in messages:
        e = {"role": m.role, "content": m.text}
        if m.calls:
            e["tool_calls"] = [{"id": c["id"], "type": "function", "function": {
                "name": c["name"], "arguments": c["args"]}} for c in m.calls]
        if m.call_id:
            e["tool_call_id"] = m.call_id
        out.append(e)
    return json.dumps({"messages": out}, ensure_ascii=False)


def _history(run, step):
    conv = step.conv if step.conv is not None else run.conv
    n = next(i for i, m in enumerate(conv) if m is step.message)
    return [m for m in conv[:n] if not any(m is h for h in step.hidden)]


def _tokens(messages):
    return sum(len(m.text) + sum(len(c["args"]) for c in m.calls) for m in messages) // 4


def _llm_attrs(run, step, dialect):
    history = _history(run, step)
    out = step.message
    finish = step.finish or ("tool_calls" if out.calls else "stop")
    n_in = step.attrs.get("fixed_in") or _tokens(history)
    n_out = step.attrs.get("fixed_out") or max(1, _tokens([out]))
    if dialect == OI:
        said = out.text if not out.calls else json.dumps(
            [{"id": c["id"], "type": "function",
              "function": {"name": c["name"], "arguments": c["args"]}} for c in out.calls])
        return ([("openinference.span.kind", "LLM"), ("llm.model_name", step.attrs.get("model")),
                 ("llm.provider", step.attrs.get("provider")),
                 ("llm.token_count.prompt", n_in), ("llm.token_count.completion", n_out)]
                + _oi_message_attrs("llm.input_messages.", history)
                + _oi_message_attrs("llm.output_messages.", [out])
                + [("llm.finish_reason", finish), ("input.value", _openai_json(history)),
                   ("input.mime_type", "application/json"), ("output.value", said)])
    pairs = [("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", step.attrs["provider"]),
             ("gen_ai.request.model", step.attrs["model"]),
             ("gen_ai.response.finish_reasons", [finish]),
             ("gen_ai.usage.input_tokens", n_in), ("gen_ai.usage.output_tokens", n_out)]
    if run.system_apart and history and history[0].role == "system":
        pairs.append(("gen_ai.system_instructions",
                      json.dumps([{"type": "text", "content": history[0].text}])))
        history = history[1:]
    return pairs + [("gen_ai.input.messages", _genai_json(history)),
                    ("gen_ai.output.messages", _genai_json([out], finish))]


def _tool_attrs(step, dialect):
    t = step.tool
    if dialect == OI:
        return [("openinference.span.kind", "TOOL"), ("tool.name", t["name"]),
                ("tool_call.function.arguments", t["args"]), ("input.value", t["args"]),
                ("input.mime_type", "application/json"), ("output.value", step.message.text)]
    return [("gen_ai.operation.name", "execute_tool"), ("gen_ai.tool.name", t["name"]),
            ("gen_ai.tool.type", "function"), ("gen_ai.tool.call.id", t["id"] or None),
            ("gen_ai.tool.call.arguments", t["args"]),
            ("gen_ai.tool.call.result", step.message.text)]


def _name(step, dialect):
    if dialect == OI:
        return {"llm": "ChatCompletion", "tool": step.name}.get(step.kind, step.name)
    if step.kind == "llm":
        return "chat " + str(step.attrs["model"])
    return ("execute_tool " if step.kind == "tool" else "invoke_agent ") + step.name


def _root_span(run, dialect, end):
    r = run.root_attrs
    if dialect == OI:
        pairs = [("openinference.span.kind", "AGENT"), ("agent.name", r["name"]),
                 ("session.id", run.task), ("user.id", r["user"]), ("input.value", r["input"]),
                 ("output.value", r["output"])]
    else:
        pairs = [("gen_ai.operation.name", "invoke_agent"), ("gen_ai.agent.name", r["name"]),
                 ("gen_ai.conversation.id", run.task),
                 ("gen_ai.input.messages", _genai_json([Message("user", r["input"] or "")])),
                 ("gen_ai.output.messages",
                  _genai_json([Message("assistant", r["output"] or "")], "stop"))]
    event = {"name": "gen_ai.evaluation.result", "timeUnixNano": str(end),
             "attributes": _attrs([("gen_ai.evaluation.name", "checker"),
                                   ("gen_ai.evaluation.score.value",
                                    1.0 if run.outcome == "pass" else 0.0),
                                   ("gen_ai.evaluation.score.label", run.outcome)])}
    name = r["name"] if dialect == OI else "invoke_agent " + str(r["name"])
    return {"traceId": run.trace_id, "spanId": run.root["spanId"], "name": name, "kind": 1,
            "startTimeUnixNano": str(run.start), "endTimeUnixNano": str(end),
            "attributes": _attrs(pairs), "events": [event] + run.root_attrs.get("events", []),
            "status": run.root_attrs.get("status", {})}


def emit(run, dialect=None):
    """The run as one OTLP JSON line (without line break)."""
    dialect = dialect or run.dialect
    now = run.start
    spans = []
    ends = {}
    for step in run.steps:
        now += step.gap
        start = now
        if step.kind == "agent":
            spans.append((step, start, None))
            continue
        now += step.duration
        spans.append((step, start, now))
        at = step.parent
        while at is not None:
            ends[id(at)] = now
            at = at.parent
    root_id = run.root["spanId"]
    out = [_root_span(run, dialect, now + 1_000_000)]
    for step, start, end in spans:
        if step.kind == "llm":
            pairs = _llm_attrs(run, step, dialect)
        elif step.kind == "tool":
            pairs = _tool_attrs(step, dialect)
        elif dialect == OI:
            pairs = [("openinference.span.kind", "AGENT"), ("agent.name", step.name)]
        else:
            pairs = [("gen_ai.operation.name", "invoke_agent"), ("gen_ai.agent.name", step.name)]
        events = [{"name": "exception", "timeUnixNano": str(end or start), "attributes": _attrs(
            [("exception.type", t), ("exception.message", m)])} for t, m in step.events]
        out.append({"traceId": run.trace_id, "spanId": step.span_id,
                    "parentSpanId": step.parent.span_id if step.parent else root_id,
                    "name": _name(step, dialect), "kind": 1, "startTimeUnixNano": str(start),
                    "endTimeUnixNano": str(end or ends.get(id(step), start)),
                    "attributes": _attrs(pairs), "events": events, "status": step.status})
    scope = {"name": "openinference.instrumentation.openai" if dialect == OI
             else "opentelemetry.instrumentation.genai", "version": "1"}
    return json.dumps({"resourceSpans": [{
        "resource": {"attributes": _attrs([("service.name", run.service)])},
        "scopeSpans": [{"scope": scope, "spans": out}]}]}, ensure_ascii=False)
