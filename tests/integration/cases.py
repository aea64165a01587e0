"""
What `clew` says of one input, by value: `import` into a store of its own, then `list`, `tree`,
`show`, `chat` and `why`. The inputs and the values that are right stand in test-cases and
test-situations.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("CLEW_TEST_BUILD", os.path.join(ROOT, "build"))
CLEW = os.path.join(BUILD, "query", "clew")
FILES = os.path.join(ROOT, "tests", "fixtures", "cases")
START = 1764000000000000000
SECONDS_MAX = 60
failed = 0
number = 0


class Run:
    """One input in a store of its own."""

    def __init__(self, path):
        self.store = tempfile.mkdtemp(prefix="clew-cases-")
        self.imported = self.clew("import", path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.store, ignore_errors=True)

    def clew(self, *argv):
        """Standard output and error of one command."""
        done = subprocess.run([CLEW, "--store", self.store, *argv], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=SECONDS_MAX, env={**os.environ, "COLUMNS": "200"})
        return done.stdout.decode("utf-8", "replace")

    def lines(self, *argv):
        return [json.loads(line) for line in self.clew(*argv).splitlines() if line.startswith("{")]

    def rows(self, *flags):
        command = ("list", "--since", "2000-01-01", "--json", *flags)
        return self.lines(*command) or self.lines(*command, "--all")

    @property
    def row(self):
        rows = self.rows()
        assert len(rows) == 1, f"{len(rows)} rows: {[r['name'] for r in rows]}"
        return rows[0]

    @property
    def ids(self):
        return [row["trace_id"] for row in self.rows()]

    def steps(self, trace=None):
        return [s for s in self.lines("tree", trace or self.row["trace_id"], "--all", "--json") if s["type"] == "step"]

    def step(self, name, trace=None, nth=0):
        found = [s for s in self.steps(trace) if s["name"] == name or s["tool"] == name]
        assert len(found) > nth, f"no step {name!r} among {[s['name'] for s in self.steps(trace)]}"
        return found[nth]

    def show(self, number, trace=None):
        return self.lines("show", f"{trace or self.row['trace_id']}#{number}", "--json")[0]

    def chat(self, trace=None):
        return self.clew("chat", trace or self.row["trace_id"])

    def messages(self, trace=None):
        return [m["message"] for m in self.lines("chat", trace or self.row["trace_id"], "--json")]

    def said(self, trace=None):
        """(role, text) of each part of the chat."""
        return [(m["role"], p.get("text", "")) for m in self.messages(trace) for p in m["parts"]]

    def tree(self, trace=None, *flags):
        return self.clew("tree", trace or self.row["trace_id"], *flags)


def equal(seen, wanted, what):
    assert seen == wanted, f"{what}: {seen!r}, right is {wanted!r}"


def tokens(**wanted):
    """Counts of the run; a count that is not given is not looked at."""
    def check(run):
        row = run.row
        for name, count in wanted.items():
            seen = row["tokens_total"] if name == "total" else row["llm_calls"] if name == "calls" else row["tokens"].get(name)
            equal(seen, count, f"tokens {name}")
    return check


def cost(usd):
    return lambda run: equal(round(run.row["cost_usd"], 6), usd, "cost")


def field(name, wanted):
    def check(run):
        value = run.row
        for part in name.split("."):
            value = value[part]
        equal(value, wanted, name)
    return check


def kind(name, wanted):
    return lambda run: equal(run.step(name)["kind"], wanted, f"kind of {name}")


def says(*texts):
    def check(run):
        chat = run.chat()
        for text in texts:
            assert text in chat, f"chat does not say {text!r}:\n{chat}"
    return check


def says_once(*texts):
    def check(run):
        chat = run.chat()
        for text in texts:
            equal(chat.count(text), 1, f"times that chat says {text!r}")
    return check


def edge(kind_, source, target, inferred=None):
    def check(run):
        steps = {s["step"]: s for s in run.steps()}
        for s in steps.values():
            for e in s["edges"]:
                to = steps.get(e.get("step"))
                if e["type"] == kind_ and s["name"] == source and to and to["name"] == target:
                    assert inferred is None or e["inferred"] == inferred, f"inferred: {e}"
                    return
        raise AssertionError(f"no edge {kind_} from {source} to {target}: {[(s['name'], s['edges']) for s in steps.values() if s['edges']]}")
    return check


class Text:
    """A file's text as it is."""

    def __init__(self, text, encoding="utf-8"):
        self.text = text
        self.encoding = encoding


def span(n, name, parent=None, at=0.0, took=1.0, scope=None, status=None, message=None, events=(), kind=1, flags=None, **attributes):
    """One span; a dot in a key is written as two underscores."""
    made = {"traceId": "ca5e" * 8, "spanId": f"{n:016x}", "name": name, "kind": kind,
            "startTimeUnixNano": str(START + int(at * 1e9)), "endTimeUnixNano": str(START + int((at + took) * 1e9)),
            "attributes": [{"key": k.replace("__", "."), "value": any_value(v)} for k, v in attributes.items()],
            "events": [{"timeUnixNano": str(START + int(at * 1e9)), "name": event,
                        "attributes": [{"key": k, "value": any_value(v)} for k, v in fields.items()]}
                       for event, fields in events]}
    if parent is not None:
        made["parentSpanId"] = f"{parent:016x}"
    if flags is not None:
        made["flags"] = flags
    if status is not None:
        made["status"] = {"code": status, **({"message": message} if message else {})}
    return scope or "test", made


def any_value(v):
    if isinstance(v, bool):
        return {"boolValue": v}
    if isinstance(v, int):
        return {"intValue": str(v)}
    if isinstance(v, float):
        return {"doubleValue": v}
    if isinstance(v, list):
        return {"arrayValue": {"values": [any_value(x) for x in v]}}
    if isinstance(v, dict):
        return {"stringValue": json.dumps(v)}
    return {"stringValue": v}


def trace(*spans):
    """An OTLP request of @spans."""
    return {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "svc"}}]},
                               "scopeSpans": [{"scope": {"name": scope}, "spans": [s]} for scope, s in spans]}]}


def check_row(what, source, checks):
    global failed, number
    path = os.path.join(FILES, source) if isinstance(source, str) else None
    scratch = None
    if not path:
        scratch = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False, encoding=getattr(source, "encoding", "utf-8"))
        if isinstance(source, Text):
            scratch.write(source.text)
        else:
            json.dump(source, scratch)
        scratch.close()
        path = scratch.name
    try:
        with Run(path) as run:
            for check in checks:
                number += 1
                try:
                    check(run)
                except (AssertionError, LookupError, TypeError, ValueError) as error:
                    failed = 1
                    print("# " + f"{type(error).__name__}: {error}".replace("\n", "\n# "))
                    print(f"not ok {number} - {what}: {describe(check)}", flush=True)
                else:
                    print(f"ok {number} - {what}: {describe(check)}", flush=True)
    finally:
        if scratch:
            os.unlink(scratch.name)


def describe(check):
    """The name of a function, or what a made check was made from."""
    if check.__closure__ is None:
        return check.__name__.strip("_").replace("_", " ")
    seen = [c.cell_contents for c in check.__closure__]
    return re.sub(r"\s+", " ", check.__qualname__.split(".")[0] + " " + ", ".join(str(v) for v in seen))[:100]


def run_rows(rows):
    """Those whose sentence holds a word of the command line, or all; the exit status."""
    wanted = sys.argv[1:]
    for what, source, *checks in rows:
        if any(w in what for w in wanted) or not wanted:
            check_row(what, source, checks)
    return failed
