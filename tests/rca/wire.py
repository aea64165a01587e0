"""One trace as a real framework would send it: spans, a clock, ids, and the labels of the run.

Model: a Wire records spans and is the base of the shapes in shapes.py, each of which writes the
attributes of one framework and its instrumentation, as captured from the real packages. A scenario
speaks to all shapes in the same words:

    agent = wire.start("support", SYSTEM, TOOLS)     the root and the agent's span
    wire.user(agent, "...")                          a user message
    call = wire.llm(agent, "text", [("tool", {...})])  a model call with the whole history so far
    wire.tool(agent, call.calls[0], "result")        what the tool gave back
    wire.end(agent, "answer")

`blame` marks the span that a human annotator would mark: the call that made a mistake, or the tool
that failed by itself. All times and ids come from the seeded generator: same seed, same bytes.
"""
import json
import random


# Errors that an annotator marks, although the run would have come to a good end with them.
PUT_RIGHT = {"resource_abuse", "wrong_handoff", "invented_path", "wrong_tool"}


def any_value(value):
    """A Python value as an OTLP JSON AnyValue."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, (list, tuple)):
        return {"arrayValue": {"values": [any_value(v) for v in value]}}
    return {"stringValue": str(value)}


def attributes(pairs):
    return [{"key": k, "value": any_value(v)} for k, v in pairs.items() if v is not None]


def compact(value):
    return json.dumps(value, ensure_ascii=False)


class Message:
    def __init__(self, role, text="", calls=(), call_id=None, name=None):
        self.role = role
        self.text = text
        self.calls = list(calls)
        self.call_id = call_id
        self.name = name


class ToolCall:
    def __init__(self, call_id, name, args):
        self.id = call_id
        self.name = name
        self.args = args
        self.span = None  # of the tool, when the shape sends one

    def args_text(self):
        return self.args if isinstance(self.args, str) else compact(self.args)


class Call:
    """What a model call leaves: its span id, and the tool calls it asked for."""

    def __init__(self, span, message):
        self.span = span
        self.message = message
        self.calls = message.calls
        self.text = message.text


class Agent:
    def __init__(self, name, system, tools):
        self.name = name
        self.system = system
        self.tools = tools  # of tool()
        self.messages = []
        self.span = None    # span of the agent
        self.top = None     # outermost span that ends with the agent, if another one
        self.parent = None  # agent that called this one
        self.step = 0
        self.extra = {}

    def history(self):
        return ([Message("system", self.system)] if self.system else []) + self.messages


def tool(name, description, /, **parameters):
    """A tool's schema: parameter=description."""
    return {"type": "function", "function": {
        "name": name, "description": description, "parameters": {
            "type": "object", "required": list(parameters),
            "properties": {k: {"type": "string", "description": v} for k, v in parameters.items()}}}}


class Wire:
    scope = ("clew-scenario", "1.0")
    tool_spans = True

    def __init__(self, rng, service, model="gpt-4.1", session=None, user=None):
        self.rng = rng
        self.service = service
        self.model = model
        self.session = session
        self.user_id = user
        self.trace_id = self.hex(32)
        self.start_ns = 1_790_000_000_000_000_000 + rng.randrange(10**15)
        self.now = self.start_ns
        self.spans = []
        self.failures = []
        self.root = None
        noise = random.Random(self.trace_id)   # what the deployment adds, whatever the scenario
        self.http = noise.random() < 0.2       # spans of the HTTP client below model calls
        self.value_max = 32768 if noise.random() < 0.06 else None   # the SDK's limit of a value
        self.noise = noise
        self.resource = {"service.name": service, "telemetry.sdk.language": "python",
                         "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.version": "1.45.2"}

    # -- the clock and ids ------------------------------------------------------------------------
    def hex(self, digits):
        return "%0*x" % (digits, self.rng.getrandbits(digits * 4) | 1)

    def tick(self, seconds):
        self.now += int(seconds * 1e9 * self.rng.uniform(0.8, 1.25)) + 1000

    def call_id(self):
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"
        return "call_" + "".join(self.rng.choice(letters) for _ in range(24))

    # -- spans ------------------------------------------------------------------------------------
    def open(self, name, parent=None, attrs=None, kind=1, scope=None):
        self.tick(0.002)
        span = {"traceId": self.trace_id, "spanId": self.hex(16),
                "parentSpanId": parent["spanId"] if parent else None, "name": name, "kind": kind,
                "startTimeUnixNano": self.now, "endTimeUnixNano": None, "attrs": dict(attrs or {}),
                "events": [], "status": {}, "scope": scope or self.scope}
        self.spans.append(span)
        if self.root is None:
            self.root = span
        return span

    def close(self, span, attrs=None, error=None):
        self.tick(0.001)
        span["attrs"].update(attrs or {})
        span["endTimeUnixNano"] = self.now
        if error is not None:
            span["status"] = {"code": 2, "message": error}
        elif not span["status"]:
            span["status"] = dict(self.ok_status)
        return span

    ok_status = {}

    def event(self, span, name, attrs):
        span["events"].append({"name": name, "timeUnixNano": str(self.now),
                               "attributes": attributes(attrs)})

    def post(self, parent):
        """The HTTP client's span of a model call; now and then a refused attempt before it."""
        if not self.http:
            return
        for status in ([429] if self.noise.random() < 0.06 else []) + [200]:
            span = self.open("POST", parent, {
                "http.request.method": "POST", "server.address": "api.example.com", "server.port": 443,
                "url.full": "https://api.example.com/v1/chat/completions",
                "http.response.status_code": status,
                "error.type": str(status) if status != 200 else None}, 3,
                ("opentelemetry.instrumentation.httpx", "0.59b0"))
            self.tick(0.4)
            self.close(span)
            span["status"] = {"code": 2} if status != 200 else {}

    def exception(self, span, kind, message, trace=None):
        self.event(span, "exception", {
            "exception.type": kind, "exception.message": message,
            "exception.stacktrace": trace or "Traceback (most recent call last):\n%s: %s"
            % (kind, message), "exception.escaped": "False"})

    def usage(self, messages, out):
        size = sum(len(m.text) + sum(len(c.args_text()) for c in m.calls) for m in messages)
        return size // 4 + 11, (len(out.text) + sum(len(c.args_text()) for c in out.calls)) // 4 + 9

    def answer(self, text, calls):
        return Message("assistant", text, [ToolCall(self.call_id(), n, a) for n, a in calls])

    # -- labels -----------------------------------------------------------------------------------
    def blame(self, at, category, reason):
        """@at: a Call, a ToolCall, or a span."""
        span = at.span if isinstance(at, (Call, ToolCall)) else at
        for known in self.failures:   # one entry for a span and a category
            if known["span_id"] == span["spanId"] and known["category"] == category:
                known["reason"] += "; " + reason
                return
        row = {"span_id": span["spanId"], "category": category, "reason": reason}
        self.failures.append(row)

    def outcome(self, label, score=None):
        self.event(self.root, "gen_ai.evaluation.result", {
            "gen_ai.evaluation.name": "task_success",
            "gen_ai.evaluation.score.value": float(label == "pass") if score is None else score,
            "gen_ai.evaluation.score.label": label})

    def cut(self, attrs):
        if self.value_max is None:
            return attrs
        return {k: v[:self.value_max] if isinstance(v, str) else v for k, v in attrs.items()}

    # -- out --------------------------------------------------------------------------------------
    def line(self):
        """The trace as one TracesData, in the order in which spans ended."""
        groups = {}
        for span in self.spans:
            if span["endTimeUnixNano"] is None:
                self.close(span)
        for span in sorted(self.spans, key=lambda s: s["endTimeUnixNano"]):
            out = {k: span[k] for k in ("traceId", "spanId", "name", "kind", "events", "status")}
            if span["parentSpanId"]:
                out["parentSpanId"] = span["parentSpanId"]
            out["startTimeUnixNano"] = str(span["startTimeUnixNano"])
            out["endTimeUnixNano"] = str(span["endTimeUnixNano"])
            out["attributes"] = attributes(self.cut(span["attrs"]))
            groups.setdefault(span["scope"], []).append(out)
        scopes = [{"scope": {"name": n, "version": v}, "spans": s} for (n, v), s in groups.items()]
        return json.dumps({"resourceSpans": [{
            "resource": {"attributes": attributes(self.resource)}, "scopeSpans": scopes}]},
            ensure_ascii=False)

    def labels(self):
        begun = {s["spanId"]: s["startTimeUnixNano"] for s in self.spans}
        failures = sorted(self.failures, key=lambda f: begun[f["span_id"]])
        row = {"trace_id": self.trace_id, "failures": failures}
        if failures:
            spoiling = [f for f in failures if f["category"] not in PUT_RIGHT]
            row["root_cause_span"] = (spoiling or failures)[0]["span_id"]
        return row
