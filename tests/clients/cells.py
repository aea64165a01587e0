"""What clew makes of one client's run: the cells of the table, read through `clew --json` only.

A cell holds what a person would see: kinds and tree shape, models, tokens, tool calls, messages,
session, user, errors. Ids and times are left out, so that live runs and replays compare equal.
"""

import json
import re
import subprocess

CELLS = (
    "shape",
    "kinds",
    "agents",
    "models",
    "tokens",
    "tools",
    "messages",
    "session",
    "user",
    "outcomes",
    "errors",
)
COMMAND_SECONDS_MAX = 60
TEXT_MAX = 90
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # some put one into a name


def rows(clew, store, *arguments):
    done = subprocess.run(
        [clew, "--store", store, *arguments, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"clew {arguments[0]}: {done.stderr.decode(errors='replace')[:300]}")
    return [json.loads(line) for line in done.stdout.decode().splitlines() if line.strip()]


def label(step):
    name = UUID.sub("UUID", step.get("tool") or step["name"] or "")
    return f"{step['kind']} {name}".strip()


def shape_of(steps):
    """One line a step, indented by depth: the tree as `clew tree` draws it."""
    return ["  " * s["depth"] + label(s) + (" !" if s["error"]["is_error"] else "") for s in steps]


def short(text):
    text = " ".join(str(text).split())
    return text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + "..."


def part_text(part):
    if part["type"] == "tool_call":
        return f"call {part.get('name')} {part.get('text', '')}"
    if part["type"] == "tool_result":
        return f"result {part.get('text', '')}"
    return part.get("text") or part["type"]


def message_text(message):
    return short(f"{message['role']}: " + " | ".join(part_text(p) for p in message["parts"]))


def tool_cell(step):
    call = step.get("tool_call") or {}
    arguments = call.get("arguments", step.get("input"))
    result = call.get("result", step.get("output"))
    return short(f"{step.get('tool') or step['name']} {arguments} -> {result}")


def sum_tokens(steps):
    total = {}
    for step in steps:
        if step.get("booked"):
            for name, value in step["tokens"].items():
                total[name] = total.get(name, 0) + value
    return total


def part_of(right, seen):
    """Of an object only the members that @right has."""
    if isinstance(right, dict) and isinstance(seen, dict):
        return {name: seen[name] for name in right if name in seen}
    return seen


def first(values):
    for value in values:
        if value:
            return value
    return None


def read(clew, store):
    """All traces of the store as one set of cells, oldest trace first."""
    traces = rows(clew, store, "list", "--all", "--since", "all", "-n", "1000")
    traces.sort(key=lambda t: (int(t["start_unix_nano"]), t["trace_id"]))
    steps, shapes, details = [], [], []
    for trace in traces:
        own = rows(clew, store, "tree", trace["trace_id"], "--all")
        own = [s for s in own if s.get("type") == "step"]
        steps += own
        shapes += shape_of(own)
        for step in own:
            if step["kind"] in ("llm", "tool"):
                name = f"{trace['trace_id']}#{step['step']}"
                details += rows(clew, store, "show", name, "--all")
    kinds = {}
    for step in steps:
        kinds[step["kind"]] = kinds.get(step["kind"], 0) + 1
    llm = [d for d in details if d["kind"] == "llm"]
    messages = []
    for d in llm[-1:]:  # the last call holds the whole conversation
        messages = [message_text(m) for m in d.get("input_messages") or []]
        messages += [message_text(m) for m in d.get("output_messages") or []]
    return {
        "shape": shapes,
        "kinds": dict(sorted(kinds.items())),
        "agents": sorted({s["agent"] for s in steps if s["kind"] == "agent" and s.get("agent")}),
        "models": sorted({s["model"] for s in steps if s.get("model")}),
        "tokens": sum_tokens(steps),
        "tools": [tool_cell(d) for d in details if d["kind"] == "tool"],
        "messages": messages,
        "session": first(t.get("session") for t in traces),
        "user": first(t.get("user") for t in traces),
        "outcomes": [t["outcome"] for t in traces],
        "errors": [
            short(f"{label(s)}: {s['error'].get('type')}: {s['error'].get('message')}")
            for s in steps
            if s["error"]["is_error"]
        ],
    }


# ---- the table -----------------------------------------------------------------------------------

TABLE_BEGIN = "<!-- table begins: written by run.py --table -->"
TABLE_END = "<!-- table ends -->"


# Packages that a client needs but that its row is not about.
PLUMBING = ("@opentelemetry/", "opentelemetry-sdk", "opentelemetry-exporter", "node@", "zod@")


def mark(value):
    return str(value).replace("|", "\\|").replace("\n", " ")


def table_row(client, cells):
    telling = [p for p in client["packages"] if not p.startswith(PLUMBING)]
    shown = ", ".join(f"`{p}`" for p in telling or client["packages"][:1] + client["packages"][-1:])
    transport = client["protocol"] + (" + gzip" if client.get("compression") else "")
    if cells is None:
        reason = client.get("unavailable", "not run yet")
        return f"| {client['name']} | {shown} | {transport} | {mark(reason)} | | | | | | | |"
    kinds = ", ".join(f"{n} {k}" for k, n in cells["kinds"].items())
    tokens = ", ".join(f"{k} {v}" for k, v in cells["tokens"].items() if v)
    session = cells["session"] or "none sent"
    user = cells["user"] or "none sent"
    errors = "; ".join(cells["errors"]) or "none seen"
    depth = max((len(s) - len(s.lstrip())) // 2 + 1 for s in cells["shape"]) if cells["shape"] else 0
    values = [
        client["name"],
        shown,
        transport,
        kinds,
        f"{len(cells['shape'])} steps, {depth} levels",
        ", ".join(cells["models"]),
        tokens,
        str(len(cells["tools"])),
        str(len(cells["messages"])),
        session,
        user,
        errors,
    ]
    return "| " + " | ".join(mark(v) for v in values) + " |"


def write_table(path, clients, expected):
    head = "| client | packages | transport | kinds | tree | model | tokens | tools | messages in the last call | session | user | errors |"
    lines = [TABLE_BEGIN, "", head, "|" + "---|" * 12]
    lines += [table_row(c, expected.get(name)) for name, c in clients.items()]
    lines += ["", TABLE_END]
    text = path.read_text()
    before, rest = text.split(TABLE_BEGIN, 1)
    after = rest.split(TABLE_END, 1)[1]
    path.write_text(before + "\n".join(lines) + after)
    return 0
