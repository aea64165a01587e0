"""Runs, labels and the answers of Clew to them, as rca-eval and rca-fit read them.

A *set* is a file of runs (OTLP JSON lines) and a file of labels about some of them. Rows of labels come
in three forms: one row a run with `failures` (and `root_cause_span`), one row a failure and span (with
`root`), or one row a run with one `span_id`. A span that somebody marked is *labelled*; those that are
the cause are *roots*. Only model and tool calls can be blamed, so only they are counted as steps.
"""
import collections
import json
import os
import subprocess
import tempfile

import agent_run

KIND_KEYS = ("openinference.span.kind", "gen_ai.operation.name", "traceloop.span.kind",
             "langfuse.observation.type", "ai.operationId", "langsmith.span.kind", "llm.request.type")
LLM_KINDS = {"LLM", "chat", "generate_content", "text_completion", "generation", "llm",
             "ai.generateText.doGenerate", "ai.streamText.doStream"}
AGENT_KINDS = {"AGENT", "invoke_agent", "agent"}
TOOL_KINDS = {"TOOL", "RETRIEVER", "execute_tool", "tool", "ai.toolCall", "retriever"}


class Run:
    def __init__(self, trace_id):
        self.id = trace_id
        self.steps = []   # span ids of model and tool calls, in time order
        self.caller = {}  # span id of a tool call -> that of the model call before it
        self.errors = []  # those of any span with error status
        self.outcome = None
        self.labelled = {}  # span id -> category
        self.roots = set()
        self.known = False  # a row of labels speaks of it
        self.family = None
        self.split = None

    def judged(self):
        """There is something that an answer can hit."""
        return bool(self.labelled) and bool(self.steps)

    def as_calls(self, spans):
        """Span ids, each once; that of a tool call is the model call's before it."""
        return list(dict.fromkeys(self.caller.get(s, s) for s in spans))

    def join_calls(self):
        """A model call and what it brought become one step, also in the labels."""
        category = self.labelled
        self.steps, self.errors = self.as_calls(self.steps), self.as_calls(self.errors)
        self.labelled = {s: category.get(s) or next(category[t] for t in category if self.caller.get(t, t) == s)
                         for s in self.as_calls(category)}
        self.roots = set(self.as_calls(self.roots))


def spans_of(line):
    for rs in line.get("resourceSpans", []):
        for ss in rs.get("scopeSpans", []):
            yield from ss.get("spans", [])


def read_run(line):
    rows = sorted(spans_of(line), key=lambda s: (int(s.get("startTimeUnixNano", 0)), s["spanId"]))
    if not rows:
        return None
    run = Run(rows[0]["traceId"])
    call = None
    for s in rows:
        kinds = {agent_run.plain(a["value"]) for a in s.get("attributes", []) if a["key"] in KIND_KEYS
                 and "stringValue" in a["value"]}
        if kinds & LLM_KINDS or kinds & TOOL_KINDS:
            run.steps.append(s["spanId"])
        if kinds & LLM_KINDS:
            call = s["spanId"]
        elif kinds & TOOL_KINDS and call:
            run.caller[s["spanId"]] = call
        if s.get("status", {}).get("code") in (2, "STATUS_CODE_ERROR"):
            run.errors.append(s["spanId"])
        for e in s.get("events", []):
            for a in e.get("attributes", []):
                if a["key"] == "gen_ai.evaluation.score.label":
                    run.outcome = agent_run.plain(a["value"])
    return run


def read_runs(path):
    runs = collections.OrderedDict()
    for line in agent_run.open_lines(path):
        run = read_run(json.loads(line))
        if run and run.id not in runs:
            runs[run.id] = run
    return runs


def write_changed(path, out, change):
    """The runs of @path, each after @change."""
    with open(out, "w", encoding="utf-8") as file:
        for text in agent_run.open_lines(path):
            line = json.loads(text)
            change(line)
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def take_verdicts(line):
    """Removes the events that judge the run."""
    for span in spans_of(line):
        if "events" in span:
            span["events"] = [e for e in span["events"] if e.get("name") != "gen_ai.evaluation.result"]


def take_kinds(line, gone_kinds, keep_root=False):
    """Removes the spans of these kinds; what was inside stays, and lies under what is left above it."""
    gone = {}
    for span in spans_of(line):
        kinds = {agent_run.plain(a["value"]) for a in span.get("attributes", []) if a["key"] in KIND_KEYS
                 and "stringValue" in a["value"]}
        if kinds & gone_kinds and not (keep_root and not span.get("parentSpanId")):
            gone[span["spanId"]] = span.get("parentSpanId")
    for rs in line.get("resourceSpans", []):
        for ss in rs.get("scopeSpans", []):
            ss["spans"] = [s for s in ss.get("spans", []) if s["spanId"] not in gone]
            for span in ss["spans"]:
                while span.get("parentSpanId") in gone:
                    span["parentSpanId"] = gone[span["parentSpanId"]]
                if not span.get("parentSpanId"):
                    span.pop("parentSpanId", None)


def take_tools(line):
    """Without the spans of tools, as instrumentations of model clients never send them."""
    take_kinds(line, TOOL_KINDS)


def take_agents(line):
    """Without the spans of agents below the root, as many instrumentations of frameworks send it."""
    take_kinds(line, AGENT_KINDS, keep_root=True)


def read_labels(path, runs):
    """Returns how many labelled runs are not among @runs."""
    missing = set()
    for line in open(path, encoding="utf-8"):
        row = json.loads(line)
        run = runs.get(row["trace_id"])
        if run is None:
            missing.add(row["trace_id"])
            continue
        run.known = True
        run.family = row.get("family", run.family)
        run.split = row.get("split", run.split)
        if run.outcome is None:
            run.outcome = row.get("outcome")
        single = "failures" not in row and "root" not in row
        for f in row.get("failures", [row]):
            if not f.get("span_id"):
                continue
            run.labelled.setdefault(f["span_id"], f.get("category") or "")
            if f.get("root") or single or f["span_id"] == row.get("root_cause_span"):
                run.roots.add(f["span_id"])
    return len(missing)


class Set:
    """@spec: NAME:RUNS[:LABELS]"""

    def __init__(self, spec, split=None):
        parts = spec.split(":")
        if len(parts) not in (2, 3):
            raise SystemExit("a set is NAME:RUNS[:LABELS], not " + spec)
        self.name = parts[0]
        self.path = parts[1]
        self.runs = read_runs(parts[1])
        self.missing = read_labels(parts[2], self.runs) if len(parts) == 3 else 0
        if split:
            for run in self.runs.values():
                if run.known and run.split not in (None, split):
                    run.labelled, run.roots = {}, set()
        self.why = {}

    def judged(self):
        return [r for r in self.runs.values() if r.judged()]

    def passed(self):
        return [r for r in self.runs.values() if r.outcome == "pass" and r.id in self.why]

    def ask(self, clew, unjudged=False):
        """Imports the runs into a store of their own and asks for all causes. @unjudged: without verdicts."""
        with tempfile.TemporaryDirectory(prefix="rca-") as folder:
            store = os.path.join(folder, "store")
            path = self.path
            if unjudged:
                path = os.path.join(folder, "runs.jsonl")
                write_changed(self.path, path, take_verdicts)
            done = subprocess.run([clew, "--store", store, "import", path], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, check=False)
            if done.returncode not in (0, 4):
                raise SystemExit(done.stderr.decode())
            out = subprocess.run([clew, "--store", store, "why", "--all", "--json"],
                                 stdout=subprocess.PIPE, check=False).stdout
        self.take(out.decode().splitlines())

    def join_calls(self):
        """A model call and what it brought become one step, in runs, labels and answers."""
        for run in self.runs.values():
            run.join_calls()
            for f in self.why.get(run.id, {}).get("findings", []):
                f["span_id"] = run.caller.get(f["span_id"], f["span_id"])

    def take(self, lines):
        for line in lines:
            row = json.loads(line)
            if row.get("type") == "why":
                self.why[row["trace_id"]] = row
