"""One run as OTLP JSON, in the dialect that its agent's framework would send, and the labels of it.

Model: a Trace keeps spans and a clock. Families speak to every dialect in the same words:

    t.workflow("desk")                       a span around agents, where they hand over to each other
    a = t.agent("clerk", SYSTEM, TOOLS)      the outermost agent
    t.user(a, "...")                         a person speaks
    s = t.llm(a, "...", [("tool", {...})])   a model call, with the history of @a as its input
    t.ret(s, 0, "result")                    what its first tool call gave back
    s = t.do(a, "...", "tool", {...}, "...") both
    b = t.sub(s, 0, "worker", ...)           an agent behind a tool call; t.leave(b, "answer")
    b = t.hand(s, 0, "next", ...)            the conversation goes to another agent
    t.finish(a, "answer")                    closes the agent
    t.root(s, category, reason)              the one step that spoiled the run
    t.also(s, category, reason)              one that an annotator would mark beside it

Some dialects have no spans of tools: what a tool gave back is only in the next input. All ids and
times come from the run's own generator. Nothing here is shared with the other scenarios.
"""
import json


def value_of(v):
    if isinstance(v, bool):
        return {"boolValue": v}
    if isinstance(v, int):
        return {"intValue": str(v)}
    if isinstance(v, float):
        return {"doubleValue": v}
    if isinstance(v, list):
        return {"arrayValue": {"values": [value_of(x) for x in v]}}
    return {"stringValue": v}


def schema(name, text, /, **params):
    """A tool as it is offered: parameter="description", or (type, description)."""
    props = {}
    for key, d in params.items():
        kind, words = d if isinstance(d, tuple) else ("string", d)
        props[key] = {"type": kind, "description": words}
    return {"name": name, "description": text,
            "parameters": {"type": "object", "properties": props, "required": list(params)}}


def dumps(v):
    return v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)


class Asked:
    def __init__(self, ident, name, args):
        self.id, self.name, self.args = ident, name, args


class Step:
    def __init__(self, agent, span, text, calls):
        self.agent, self.span, self.text, self.calls = agent, span, text, calls


class Agent:
    def __init__(self, name, system, tools):
        self.name, self.system, self.tools = name, system, tools
        self.log = []      # messages: (role, text, asked, call id, speaker)
        self.span = None   # that holds its steps
        self.shell = None  # span of the tool call behind which it works
        self.behind = None # (step, index) of that call
        self.kept = None   # how many of the last messages a model call sees, None is all


class Trace:
    tool_spans = True
    flow_attrs = {}
    flow = None
    scope = ("unseen2", "0")
    language = "python"

    def __init__(self, rng, service, model=None):
        self.rng = rng
        self.service = service
        self.model = model or rng.choice(["gpt-4.1", "gpt-4o-2024-11-20", "claude-sonnet-4-5", "gemini-2.5-pro",
                                          "gpt-4.1-mini", "mistral-large-2411", "qwen3-235b-a22b"])
        self.trace_id = self.hex(32)
        self.now = 1_780_000_000_000_000_000 + rng.randrange(8 * 10**15)
        self.spans, self.first, self.marks, self.rooted, self.pending = [], None, [], None, None

    # ---- clock, ids, spans -----------------------------------------------------------------
    def hex(self, n):
        return "%0*x" % (n, self.rng.getrandbits(4 * n) | 1)

    def wait(self, seconds):
        self.now += int(seconds * 1e9 * self.rng.uniform(.7, 1.6)) + 999

    def call_id(self):
        if "claude" in self.model:
            return "toolu_01" + "".join(self.rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghkmnpqrstuvwxyz123456789")
                                        for _ in range(22))
        return "call_" + "".join(self.rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghkmnpqrstuvwxyz0123456789")
                                 for _ in range(24))

    def open(self, name, parent, attrs, kind=1):
        self.wait(.003)
        span = {"id": self.hex(16), "parent": parent["id"] if parent else None, "name": name, "kind": kind,
                "from": self.now, "to": None, "attrs": dict(attrs), "events": [], "status": {}}
        self.spans.append(span)
        self.first = self.first or span
        return span

    def shut(self, span, attrs=None, error=None):
        self.wait(.002)
        span["attrs"].update(attrs or {})
        span["to"] = self.now
        if error:
            span["status"] = {"code": 2, "message": error}
            kind, _, words = error.partition(": ")
            span["events"].append({"name": "exception", "timeUnixNano": str(self.now), "attributes": [
                {"key": "exception.type", "value": value_of(kind)},
                {"key": "exception.message", "value": value_of(words or kind)}]})

    # ---- what families say -----------------------------------------------------------------
    def workflow(self, name):
        """A span around agents that hand over to each other; said before the first of them."""
        self.flow = self.open(name, None, self.flow_attrs)

    def agent(self, name, system, tools):
        a = Agent(name, system, tools)
        a.span = self.open_agent(a, self.flow)
        return a

    def user(self, a, text):
        self.wait(6)
        a.log.append(("user", text, (), None, None))

    def llm(self, a, text, calls=(), error=None):
        asked = [Asked(self.call_id(), n, args) for n, args in calls]
        seen = a.log if a.kept is None else a.log[:1] + a.log[1:][-a.kept:]
        span = self.open_llm(a, seen)
        self.wait(1.2 + len(text) / 180)
        if error:
            self.shut(span, {}, error)
        else:
            self.shut_llm(span, a, seen, text, asked)
            a.log.append(("assistant", text, asked, None, a.name))
        step = Step(a, span, text, asked)
        if self.pending:
            pending, self.pending = self.pending, None
            self.root(step, *pending)
        return step

    def ret(self, step, index, result, error=None):
        asked = step.calls[index]
        span = None
        if self.tool_spans:
            span = self.open_tool(step.agent, asked)
            self.wait(.5)
            self.shut_tool(span, dumps(result), error)
        else:
            self.wait(.5)
        step.agent.log.append(("tool", error if error and not result else dumps(result), (), asked.id, asked.name))
        return Step(step.agent, span, dumps(result), [])

    def do(self, a, text, name, args, result, error=None):
        step = self.llm(a, text, [(name, args)])
        self.ret(step, 0, result, error)
        return step

    def sub(self, step, index, name, system, tools, task):
        b = Agent(name, system, tools)
        asked = step.calls[index]
        b.behind = (step, index)
        b.shell = self.open_tool(step.agent, asked) if self.tool_spans else None
        b.span = self.open_agent(b, b.shell or step.agent.span)
        b.log.append(("user", task, (), None, None))
        return b

    def leave(self, b, answer):
        self.shut_agent(b, answer)
        step, index = b.behind
        if b.shell:
            self.shut_tool(b.shell, answer, None)
        step.agent.log.append(("tool", answer, (), step.calls[index].id, step.calls[index].name))

    def hand(self, step, index, name, system, tools):
        """The conversation goes on with @name; the first agent is done."""
        old = step.agent
        self.ret(step, index, self.rng.choice(['{"assistant": "%s"}' % name, "Transferred to %s." % name]))
        self.shut_agent(old, "")
        b = Agent(name, system, tools)
        b.log = list(old.log)
        b.span = self.open_agent(b, self.flow)
        return b

    def finish(self, a, answer):
        self.shut_agent(a, answer)

    def root(self, step, category, reason):
        assert self.rooted is None, "one root a run"
        self.rooted = step.span["id"]
        self.also(step, category, reason)

    def next_is_root(self, category, reason):
        """The mistake is what the next model call does."""
        self.pending = (category, reason)

    def also(self, step, category, reason):
        if step.span is not None:
            self.marks.append({"span_id": step.span["id"], "category": category, "reason": reason})

    def judged(self, label):
        self.first["events"].append({"name": "gen_ai.evaluation.result", "timeUnixNano": str(self.now), "attributes": [
            {"key": "gen_ai.evaluation.name", "value": value_of("task_completion")},
            {"key": "gen_ai.evaluation.score.label", "value": value_of(label)},
            {"key": "gen_ai.evaluation.score.value", "value": value_of(1.0 if label == "pass" else 0.0)}]})

    # ---- out -------------------------------------------------------------------------------
    def line(self):
        out = []
        for s in self.spans:
            if s["to"] is None:
                self.shut(s)
        for s in sorted(self.spans, key=lambda s: s["to"]):
            row = {"traceId": self.trace_id, "spanId": s["id"], "name": s["name"], "kind": s["kind"],
                   "startTimeUnixNano": str(s["from"]), "endTimeUnixNano": str(s["to"]),
                   "attributes": [{"key": k, "value": value_of(v)} for k, v in s["attrs"].items() if v is not None],
                   "events": s["events"], "status": s["status"]}
            if s["parent"]:
                row["parentSpanId"] = s["parent"]
            out.append(row)
        res = {"service.name": self.service, "telemetry.sdk.language": self.language,
               "deployment.environment.name": self.rng.choice(["staging", "production", "eval"])}
        return dumps({"resourceSpans": [{
            "resource": {"attributes": [{"key": k, "value": value_of(v)} for k, v in res.items()]},
            "scopeSpans": [{"scope": dict(zip(("name", "version"), self.scope)), "spans": out}]}]})

    def labels(self):
        row = {"trace_id": self.trace_id, "failures": self.marks}
        if self.rooted:
            row["root_cause_span"] = self.rooted
        return row

    def tokens(self, seen):
        return sum(len(m[1]) + sum(len(dumps(c.args)) for c in m[2]) for m in seen) // 4 + 40
