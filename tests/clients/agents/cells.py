"""What clew makes of a coding agent's runs, read through `clew --json` only: what a person sees in
`list`, `tree`, `show` and `chat`, without what differs from one recording to the next.

Spans that tell of no part of an agent's world (the program's own plumbing) are counted in no cell.
"""

import re

PLUMBING = ("generic", "event", "prompt", "mcp")
FOLDED = {"noise", "wrapper", "fragment", "stand-in"}
TEXT_MAX = 100

# Each of these is another one in another run: (pattern, what stands there instead).
CHANGING = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"Chunk ID: [0-9a-f]+"), "Chunk ID: ID"),
    (re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?"), "DATE"),
    (re.compile(r"(?<![\w.])(/[\w.@+-]+){1,}/?"), "PATH"),
    (re.compile(r"\d+\.\d+|(?<!call_)(?<!toolu_)\b\d{3,}\b"), "N"),
)


# What a program says in the user's name, before what the user says.
CONTEXT = re.compile(r"<(system-reminder|session_context)>.*</\1>", re.S)


def steady(text):
    text = " ".join(str(text).split())
    for pattern, word in CHANGING:
        text = pattern.sub(word, text)
    return text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + "..."


def is_shown(step):
    return step["kind"] not in PLUMBING and not FOLDED & set(step.get("flags") or [])


def label(step):
    return f"{step['kind']} {steady(step.get('tool') or step['name'] or '')}".strip()


def shape_of(steps):
    """One line a step of the agent's world, indented by those above it."""
    depth, lines = {}, []
    for s in steps:
        above = depth.get(s.get("parent_step"), -1)
        shown = is_shown(s)
        depth[s["step"]] = above + shown
        if shown:
            lines.append("  " * depth[s["step"]] + label(s) + (" !" if s["error"]["is_error"] else ""))
    return lines


def part_text(part):
    if part["type"] == "tool_call":
        return f"call {part.get('name')} {part.get('text', '')}"
    if part["type"] == "tool_result":
        return f"result {part.get('text', '')}"
    return part.get("text") or part["type"]


def said(message):
    """A system prompt is the program's own, and long: that it is there is enough."""
    if message["role"] in ("system", "developer"):
        return f"{message['role']}: ..."
    text = " | ".join(part_text(p) for p in message["parts"])
    return f"{message['role']}: " + steady(CONTEXT.sub(r"<\1> ...", text))


def tool_cell(step):
    call = step.get("tool_call") or {}
    arguments = call.get("arguments") or step.get("tool_arguments") or step.get("input")
    result = call.get("result") or step.get("tool_result") or step.get("output")
    return steady(f"{step.get('tool') or step['name']} {arguments}") + " -> " + steady(result)


def run_row(run, settles):
    """@settles: a parent never comes, so the outcome is told after some silence, for which no live run
    waits."""
    row = {name: run.get(name) for name in ("outcome", "errors", "agent")}
    if settles and row["outcome"] in ("open", "ok"):
        row["outcome"] = "open, then ok"
    row.update({name: run.get(name) for name in ("llm_calls", "tool_calls")})
    row["tokens"], row["cost"] = run.get("tokens_total"), run.get("cost_usd")
    return row


def read(rows, clew, store, settles=False):
    """@rows runs one command: rows(clew, store, *arguments) -> list of objects."""
    runs = rows(clew, store, "list", "--since", "all", "-n", "1000")
    runs.sort(key=lambda t: (int(t["start_unix_nano"]), t["trace_id"]))
    cells = {name: [] for name in ("runs", "shape", "models", "tools", "chat", "errors")}
    tokens, kinds, sessions, users = {}, {}, set(), set()
    for run in runs:
        cells["runs"].append(run_row(run, settles))
        sessions.add(run.get("session"))
        users.add(run.get("user"))
        steps = rows(clew, store, "tree", run["trace_id"], "--all")
        steps = [s for s in steps if s.get("type") == "step"]
        cells["shape"] += shape_of(steps)
        for step in steps:
            if not is_shown(step):
                continue
            kinds[step["kind"]] = kinds.get(step["kind"], 0) + 1
            cells["models"] += [step["model"]] if step.get("model") else []
            if step["error"]["is_error"]:
                cells["errors"].append(f"{label(step)}: " + steady(
                    f"{step['error'].get('type')}: {step['error'].get('message')}"))
            if step.get("booked"):
                for name, value in step["tokens"].items():
                    tokens[name] = tokens.get(name, 0) + value
            if step["kind"] == "tool":
                name = f"{run['trace_id']}#{step['step']}"
                cells["tools"] += [tool_cell(s) for s in rows(clew, store, "show", name, "--all")]
        for line in rows(clew, store, "chat", run["trace_id"], "--all"):
            if line.get("type") == "message":
                cells["chat"].append(said(line["message"]))
    return {
        **cells,
        "models": sorted(set(cells["models"])),
        "kinds": dict(sorted(kinds.items())),
        "tokens": tokens,
        "sessions": len(sessions - {None}),
        "users": len(users - {None}),
    }


CELLS = ("runs", "shape", "kinds", "models", "tokens", "tools", "chat", "errors", "sessions", "users")

# ---- the table -----------------------------------------------------------------------------------

TABLE_BEGIN = "<!-- agents begin: written by run.py --table -->"
TABLE_END = "<!-- agents end -->"


def mark(value):
    return str(value).replace("|", "\\|").replace("\n", " ")


def table_row(client, cells):
    shown = ", ".join(f"`{p}`" for p in client["packages"] if not p.startswith("node@"))
    values = [client["name"], shown, client["protocol"]]
    if cells is None:
        return "| " + " | ".join(values + ["not run yet"] + [""] * 7) + " |"
    runs = cells["runs"]
    cost = [r["cost"] for r in runs if r["cost"] is not None]
    values += [
        ", ".join(r["outcome"] for r in runs),
        ", ".join(f"{n} {k}" for k, n in cells["kinds"].items()),
        ", ".join(f"{k} {v}" for k, v in cells["tokens"].items() if v),
        f"${sum(cost):.4f}" if cost else "none sent",
        "; ".join(cells["tools"]),
        len(cells["chat"]),
        cells["sessions"],
        "; ".join(cells["errors"]) or "none seen",
    ]
    return "| " + " | ".join(mark(v) for v in values) + " |"


def write_table(path, clients, expected):
    head = "| client | package | transport | runs | kinds | tokens | cost | tools | messages in chat | sessions | errors |"
    lines = [TABLE_BEGIN, "", head, "|" + "---|" * 11]
    lines += [table_row(c, expected.get(n)) for n, c in clients.items() if "agent" in c]
    lines += ["", TABLE_END]
    text = path.read_text()
    before, rest = text.split(TABLE_BEGIN, 1)
    path.write_text(before + "\n".join(lines) + rest.split(TABLE_END, 1)[1])
