"""A run read naively from OTLP JSON: what each span says it was asked, wrote, called and got back.

No order of priority and no model of dialects: every attribute (and attribute of an event) is looked at by
the words of its key. It errs to the side of seeing more, because most claims say that something is absent.
"""
import json
import re


def plain(v):
    if "stringValue" in v:
        return v["stringValue"]
    if "intValue" in v:
        return int(v["intValue"])
    if "doubleValue" in v:
        return v["doubleValue"]
    if "boolValue" in v:
        return v["boolValue"]
    if "arrayValue" in v:
        return [plain(x) for x in v["arrayValue"].get("values", [])]
    if "kvlistValue" in v:
        return {x["key"]: plain(x["value"]) for x in v["kvlistValue"].get("values", [])}
    return None


CALLED = {"toolUse", "tool_calls", "functionCall", "function_call"}   # what a model asked for, in whatever message
OWN = {"assistant", "ai", "model", "aimessage"}


def is_own(x):
    """A message that a model wrote."""
    return str(x.get("role", "")).lower() in OWN or (str(x.get("type", "")).lower() in OWN and (
        "content" in x or "data" in x))


def decoded(value, own=True):
    """The strings in a value, JSON inside strings opened as far as it goes; without @own not those of messages that
    models wrote."""
    todo, out = [value], []
    while todo:
        x = todo.pop()
        if isinstance(x, dict):
            if own or not is_own(x):
                todo += [v for k, v in x.items() if own or k not in CALLED] + list(x.keys())
        elif isinstance(x, list):
            todo += x
        elif isinstance(x, str):
            out.append(x)
            if x[:1] in "[{\"" and len(x) > 1:
                try:
                    inner = json.loads(x)
                except ValueError:
                    continue
                if inner != x:
                    todo.append(inner)
                    if not own:
                        out.pop()   # only what is inside, message by message
        elif x is not None:
            out.append(json.dumps(x))
    return out


OUT = re.compile(r"output|completion|response|result|answer|choice", re.I)
IN = re.compile(r"input|prompt|request|question|instruction|argument|parameters", re.I)
KIND = ("openinference.span.kind", "gen_ai.operation.name", "traceloop.span.kind", "langfuse.observation.type",
        "ai.operationId", "langsmith.span.kind", "llm.request.type")
MODEL = {"llm", "chat", "generate_content", "text_completion", "generation", "ai.generatetext.dogenerate",
         "ai.streamtext.dostream"}
TOOL = {"tool", "execute_tool", "ai.toolcall", "retriever"}


class Span:
    def __init__(self, s):
        self.id = s["spanId"]
        self.parent = s.get("parentSpanId") or None
        self.name = s["name"]
        self.start = int(s.get("startTimeUnixNano", 0))
        self.end = int(s.get("endTimeUnixNano", 0))
        self.dropped = s.get("droppedAttributesCount", 0)
        self.failed = s.get("status", {}).get("code") in (2, "STATUS_CODE_ERROR")
        self.message = s.get("status", {}).get("message", "")
        self.attrs = {a["key"]: plain(a["value"]) for a in s.get("attributes", [])}
        for n, e in enumerate(s.get("events", [])):
            self.failed |= e["name"] == "exception"
            for a in e.get("attributes", []):
                self.attrs["event.%d.%s.%s" % (n, e["name"], a["key"])] = plain(a["value"])
        self.failed |= self.attrs.get("gen_ai.tool.status") == "error"
        kinds = {str(self.attrs.get(k, "")).lower() for k in KIND}
        self.model = bool(kinds & MODEL)
        self.tool = bool(kinds & TOOL) and not self.model
        self._text = {}

    def heard(self):
        """The inputs without what models wrote in them."""
        if "heard" not in self._text:
            own = {m.group(1) for k, v in self.attrs.items() for m in [re.match(r"(.*\.\d+)(?:\.message)?\.role$", k)]
                   if m and str(v).lower() in OWN}
            self._text["heard"] = "\n".join(t for k, v in self.attrs.items() if (
                not OUT.search(k) or re.search(r"input|prompt_|request", k)) and not re.search(
                    r"(user|session|conversation|thread)\.?_?id|metadata|model|setting|usage|token|max", k) if not any(k.startswith(o + ".") for o in own) for t in decoded(v, False))
        return self._text["heard"]

    def text(self, which):
        """which: out, in or all."""
        if which not in self._text:
            parts = []
            for k, v in self.attrs.items():
                out = bool(OUT.search(k)) and not re.search(r"input|prompt_|request", k)
                if which == "all" or (which == "out") == out:
                    parts += decoded(v)
            if which == "out" or which == "all":
                parts.append(self.message)
            self._text[which] = "\n".join(parts)
        return self._text[which]

    def tool_names(self):
        return {str(v) for k, v in self.attrs.items() if re.search(r"tool.*name|function.*name|toolCall.name|entity.name", k)
                and isinstance(v, str)} | {self.name, self.name.split()[-1] if self.name else ""}

    def calls(self):
        """(name, arguments) that a model wrote, wherever an output holds them."""
        found = []
        flat = {}
        for k, v in self.attrs.items():
            m = re.match(r"(.*(?:output|completion).*tool_calls?\.\d+.*?)\.(?:function\.)?(name|arguments)$", k)
            if m:
                flat.setdefault(re.sub(r"\.function$|\.tool_call$", "", m.group(1)), {})[m.group(2)] = v
            elif OUT.search(k) or "toolCalls" in k:
                found += calls_in(v)
        found += [(f.get("name"), f.get("arguments", "")) for f in flat.values() if f.get("name")]
        return found


def calls_in(value):
    todo, found = [value], []
    while todo:
        x = todo.pop()
        if isinstance(x, str) and x[:1] in "[{":
            try:
                todo.append(json.loads(x))
            except ValueError:
                pass
        elif isinstance(x, list):
            todo += x
        elif isinstance(x, dict):
            name = x.get("name") or x.get("toolName") or x.get("tool_name")
            args = next((x[k] for k in ("arguments", "args", "input", "parameters") if k in x), None)
            if isinstance(name, str) and args is not None and "role" not in x:
                found.append((name, args))
            todo += list(x.values())
    return found


def canonical(args):
    if isinstance(args, str):
        try:
            args = json.loads(args)
        except ValueError:
            return args.strip()
    return json.dumps(args, sort_keys=True)


class Run:
    def __init__(self, line):
        rows = [s for r in line.get("resourceSpans", []) for c in r.get("scopeSpans", []) for s in c.get("spans", [])]
        self.id = rows[0]["traceId"]
        self.spans = sorted((Span(s) for s in rows), key=lambda s: (s.start, s.id))
        self.by_id = {s.id: s for s in self.spans}
        self.outcome = None
        for s in self.spans:
            for k, v in s.attrs.items():
                if k.endswith("evaluation.score.label"):
                    self.outcome = v

    def before(self, span):
        return [s for s in self.spans if s.start < span.start]

    def shown_before(self, span):
        """All that was there before @span wrote, but what models wrote: inputs of every call up to it, and
        what tools gave back."""
        parts = [span.heard()] if span.model else []
        for s in self.before(span):
            parts.append(s.text("out") if s.tool else s.heard())
        return "\n".join(parts)

    def innermost(self):
        """Model calls without another one inside: some frameworks send layers."""
        above = set()
        for s in self.spans:
            p = self.by_id.get(s.parent) if s.model else None
            while p is not None and p.id not in above:
                above.add(p.id)
                p = self.by_id.get(p.parent)
        return [s for s in self.spans if s.model and s.id not in above]

    def written(self):
        return "\n".join(s.text("out") for s in self.spans if s.model)

    def below(self, span):
        ids, more = {span.id}, True
        while more:
            new = {s.id for s in self.spans if s.parent in ids} - ids
            ids |= new
            more = bool(new)
        return [s for s in self.spans if s.id in ids and s is not span]


def read(lines):
    for line in lines:
        if line.strip():
            run = json.loads(line)
            if any(c.get("spans") for r in run.get("resourceSpans", []) for c in r.get("scopeSpans", [])):
                yield Run(run)
