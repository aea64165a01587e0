"""Thirty kinds of faults, planted into a run that passed.

Each function takes a Run (its own copy) and a random.Random, changes the run, and returns the steps
that a person would blame (usually one), or None when the run has no place for that fault. Texts are
drawn from several wordings and none of them is read back by the analyser's code; what an agent says
after a fault is kept plain. KINDS at the end is the list.
"""
import json
import re

from agent_run import Message

WRITE_HINTS = ("modify", "cancel", "update", "book", "exchange", "return", "send", "create", "set",
               "edit", "delete", "write")
APOLOGIES = (
    "I'm sorry, I was not able to complete this request.",
    "Unfortunately that did not work, so I have to stop here.",
    "It seems this can't be done at the moment. Please try again later.",
    "I could not finish what you asked for because of a problem on our side.",
)
SUCCESSES = (
    "All done! Everything you asked for has been taken care of.",
    "Great news, your request is complete. Is there anything else?",
    "That's finished now. You should see the change shortly.",
)
NOT_FOUND = ("Error: no such record", "Error: entry not found", '{"error": "not_found"}',
             '{"success": false, "message": "The requested object does not exist"}',
             "KeyError: unknown identifier")
INVALID = ("Error: invalid request: missing required argument '%s'",
           "TypeError: call() missing 1 required argument: '%s'",
           '{"error": {"code": 422, "message": "field required: %s"}}',
           "ValidationError: 1 validation error, %s: field required")
LOGIC_ERRORS = ("Error: this record cannot be changed in its current state",
                '{"status": "rejected", "error": "precondition failed"}',
                "Error: payment method does not cover the amount",
                "Operation failed: the item is locked by another process",
                "ValueError: amount must be positive")


def _json_args(tool):
    try:
        v = json.loads(tool.tool["args"])
        return v if isinstance(v, dict) and v else None
    except ValueError:
        return None


def _pick(rng, items):
    items = list(items)
    return rng.choice(items) if items else None


def _is_write(tool):
    return any(tool.tool["name"].lower().startswith(h) for h in WRITE_HINTS)


def _middle_tools(run, with_args=True):
    """Tool steps behind the first two steps, with an LLM call after them."""
    return [t for t in run.tools() if run.caller(t) and run.next_llm(t) and
            (not with_args or _json_args(t)) and run.steps.index(t) > 1]


def _id_args(run, tool):
    """Arguments that look like ids and were seen in an earlier result."""
    seen = "\n".join(s.message.text for s in run.steps[:run.steps.index(tool)]
                     if s.kind == "tool")
    return [k for k, v in (_json_args(tool) or {}).items()
            if isinstance(v, str) and len(v) >= 5 and re.search(r"\d{3}", v) and v in seen]


def _corrupt(rng, value):
    """Another id of the same shape: one or two digits differ."""
    places = [i for i, c in enumerate(value) if c.isdigit()]
    i = rng.choice(places)
    return value[:i] + rng.choice([d for d in "0123456789" if d != value[i]]) + value[i + 1:]


def _fail(rng, tool, text, marked):
    tool.message.text = text
    if marked:
        tool.status = {"code": 2, "message": text[:80]}


def _end_badly(run, rng, after):
    run.cut_after(after)
    return run.answer(rng.choice(APOLOGIES))


# ---- arguments ----------------------------------------------------------------------------------

def wrong_argument(run, rng):
    tool = _pick(rng, [t for t in _middle_tools(run) if _id_args(run, t)])
    if not tool:
        return None
    args = _json_args(tool)
    key = _pick(rng, _id_args(run, tool))
    args[key] = _corrupt(rng, args[key])
    run.set_args(tool, json.dumps(args))
    blamed = run.caller(tool)
    _fail(rng, tool, rng.choice(NOT_FOUND), rng.random() < 0.3)
    _end_badly(run, rng, tool)
    return [blamed]


def wrong_argument_silent(run, rng):
    tool = _pick(rng, [t for t in _middle_tools(run) if _id_args(run, t) and _is_write(t)])
    if not tool:
        return None
    args = _json_args(tool)
    key = _pick(rng, _id_args(run, tool))
    new = _corrupt(rng, args[key])
    tool.message.text = tool.message.text.replace(args[key], new)
    args[key] = new
    run.set_args(tool, json.dumps(args))
    return [run.caller(tool)]


def dropped_field(run, rng):
    tool = _pick(rng, [t for t in _middle_tools(run) if len(_json_args(t)) > 1])
    if not tool:
        return None
    args = _json_args(tool)
    key = _pick(rng, sorted(args))
    del args[key]
    run.set_args(tool, json.dumps(args))
    _fail(rng, tool, rng.choice(INVALID) % key, rng.random() < 0.3)
    _end_badly(run, rng, tool)
    return [run.caller(tool)]


def mistyped_argument(run, rng):
    tool = _pick(rng, _middle_tools(run))
    if not tool:
        return None
    args = _json_args(tool)
    key = _pick(rng, sorted(args))
    args[key] = {"value": args[key]} if not isinstance(args[key], dict) else "unset"
    run.set_args(tool, json.dumps(args))
    _fail(rng, tool, rng.choice(("TypeError: expected str, got dict for '%s'",
                                 "Error: %s: wrong type", '{"error":"%s has an invalid type"}'))
          % key, rng.random() < 0.3)
    _end_badly(run, rng, tool)
    return [run.caller(tool)]


def invalid_json_arguments(run, rng):
    tool = _pick(rng, [t for t in _middle_tools(run) if len(t.tool["args"]) > 12])
    if not tool:
        return None
    text = tool.tool["args"]
    run.set_args(tool, text[:rng.randrange(len(text) // 2, len(text) - 1)])
    _fail(rng, tool, rng.choice(("Error: arguments are not valid JSON",
                                 "JSONDecodeError: unterminated string",
                                 "could not parse tool input")), rng.random() < 0.5)
    _end_badly(run, rng, tool)
    return [run.caller(tool)]


def unknown_tool(run, rng):
    tool = _pick(rng, _middle_tools(run))
    if not tool:
        return None
    name = tool.tool["name"] + rng.choice(("_v2", "_all", "s", "_by_id"))
    run.rename_tool(tool, name)
    _fail(rng, tool, rng.choice(("Error: unknown tool %s", "Tool '%s' does not exist",
                                 '{"error": "no tool named %s"}')) % name, rng.random() < 0.3)
    _end_badly(run, rng, tool)
    return [run.caller(tool)]


# ---- errors and what is made of them ------------------------------------------------------------

def swallowed_error(run, rng):
    tool = _pick(rng, [t for t in _middle_tools(run) if _is_write(t)] or _middle_tools(run))
    if not tool:
        return None
    _fail(rng, tool, rng.choice(LOGIC_ERRORS), rng.random() < 0.3)
    run.cut_after(tool)
    return [run.answer(rng.choice(SUCCESSES))]


def same_error_again(run, rng):
    tool = _pick(rng, _middle_tools(run))
    if not tool:
        return None
    text = rng.choice(LOGIC_ERRORS)
    marked = rng.random() < 0.5
    _fail(rng, tool, text, marked)
    run.cut_after(tool)
    blamed = []
    base = _json_args(tool)
    for i in range(rng.randrange(2, 5)):
        args = dict(base)
        args["note"] = "attempt %d" % (i + 2)
        call = {"id": run.call_id(), "name": tool.tool["name"], "args": json.dumps(args)}
        blamed.append(run.add_llm("", [call]))
        t = run.add_tool(call["name"], call["args"], call["id"], text)
        if marked:
            t.status = dict(tool.status)
    run.answer(rng.choice(APOLOGIES))
    return blamed


def identical_error_loop(run, rng):
    tool = _pick(rng, _middle_tools(run))
    if not tool:
        return None
    text = rng.choice(NOT_FOUND)
    _fail(rng, tool, text, rng.random() < 0.3)
    run.cut_after(tool)
    blamed = []
    for _ in range(rng.randrange(3, 6)):
        call = {"id": run.call_id(), "name": tool.tool["name"], "args": tool.tool["args"]}
        blamed.append(run.add_llm("", [call]))
        run.add_tool(call["name"], call["args"], call["id"], text)
    run.answer(rng.choice(APOLOGIES))
    return blamed


def infra_tool(run, rng, texts, marked):
    tool = _pick(rng, _middle_tools(run))
    if not tool:
        return None
    _fail(rng, tool, rng.choice(texts), marked)
    _end_badly(run, rng, tool)
    return [tool]


def infra_timeout(run, rng):
    r = infra_tool(run, rng, ("Request timed out after 30 s", "TimeoutError: deadline exceeded",
                              "context deadline exceeded"), rng.random() < 0.7)
    if r:
        r[0].duration = 30_000_000_000
    return r


def infra_server(run, rng):
    return infra_tool(run, rng, ("HTTP 503 Service Unavailable", "502 Bad Gateway",
                                 '{"error": {"status": 500, "message": "Internal Server Error"}}',
                                 "ConnectionResetError: connection reset by peer"),
                      rng.random() < 0.5)


def infra_auth(run, rng):
    return infra_tool(run, rng, ("401 Unauthorized: token expired", "403 Forbidden",
                                 '{"error": "permission denied for this key"}'),
                      rng.random() < 0.5)


def infra_model(run, rng):
    llm = _pick(rng, run.llms()[1:])
    if not llm:
        return None
    run.cut_after(llm)
    llm.message.text, llm.message.calls = "", []
    kind, text = rng.choice((("RateLimitError", "429 Too Many Requests: rate limit reached"),
                             ("APIConnectionError", "connection error"),
                             ("InternalServerError", "500 the model is overloaded"),
                             ("APITimeoutError", "request timed out")))
    llm.status = {"code": 2, "message": text}
    llm.events = [(kind, text)]
    llm.finish = "error"
    run.root_attrs["output"] = ""
    run.root_attrs["status"] = {"code": 2, "message": text}
    return [llm]


def context_overflow(run, rng):
    tools = _middle_tools(run, with_args=False)
    tool = _pick(rng, tools[len(tools) // 2:])
    if not tool:
        return None
    llm = run.next_llm(tool)
    tool.message.text += " " + tool.message.text * 3
    run.cut_after(llm)
    llm.message.text, llm.message.calls = "", []
    text = "this model's maximum context length is 131072 tokens, the request has 140221"
    llm.status = {"code": 2, "message": text}
    llm.events = [("BadRequestError", text)]
    llm.attrs["fixed_in"] = 140221
    llm.finish = "error"
    run.root_attrs["output"] = ""
    return [llm]


# ---- grounding ----------------------------------------------------------------------------------

def _first_blind_use(run, tool):
    """The first LLM step that uses an id of @tool's result which nothing else had shown by then."""
    own = set(re.findall(r"[A-Za-z#]*\d{4,}\w*", tool.message.text))
    shown = ""
    behind = False
    for s in run.steps:
        if s is tool:
            behind = True
        elif s.kind == "tool":
            shown += "\n" + s.message.text
        elif behind:
            at = run.conv.index(s.message)
            users = "\n".join(m.text for m in run.conv[:at] if m.role != "assistant" and
                              m is not tool.message)
            text = s.message.text + "".join(c["args"] for c in s.message.calls)
            if any(v in text and v not in shown and v not in users for v in own):
                return s
    return None


def empty_result_used(run, rng):
    """A read returns nothing, and the agent goes on with values it can no longer have seen."""
    found = []
    for t in _middle_tools(run):
        if _is_write(t) or len(t.message.text) < 40:
            continue
        user = _first_blind_use(run, t)
        if user:
            found.append((t, user))
    hit = _pick(rng, found)
    if not hit:
        return None
    hit[0].message.text = rng.choice(("[]", "{}", '{"results": []}', "No results found.", ""))
    return [hit[1]]


def skipped_read(run, rng):
    """As above, but the read never happened."""
    copy_of = rng.getstate()
    found = empty_result_used(run, rng)
    if not found:
        return None
    rng.setstate(copy_of)
    empty = [t for t in run.tools() if t.message.text in
             ("[]", "{}", '{"results": []}', "No results found.", "")]
    empty = [t for t in empty if run.steps.index(t) < run.steps.index(found[0])]
    tool = empty[-1]
    caller = run.caller(tool)
    if caller is found[0] or len(caller.message.calls) != 1:
        return None
    run.remove([tool, caller])
    return found


def _insert_number(rng, text, value):
    words = text.split(" ")
    i = rng.randrange(max(1, len(words) // 2), len(words) + 1)
    return " ".join(words[:i] + [rng.choice(("(reference %s)", "under number %s,", "for %s"))
                                 % value] + words[i:])


def _invented(rng):
    return rng.choice(("$%d.%02d" % (rng.randrange(200, 9000), rng.randrange(1, 99)),
                       "%s%d" % (rng.choice(("REF-", "INV-", "Q")), rng.randrange(10**5, 10**7)),
                       "%d-0%d-1%d" % (rng.randrange(2027, 2039), rng.randrange(1, 9),
                                       rng.randrange(0, 9))))


def ungrounded_answer(run, rng):
    llm = run.llms()[-1]
    if not llm.message.text or llm.message.calls or len(run.tools()) == 0:
        return None
    llm.message.text = _insert_number(rng, llm.message.text, _invented(rng))
    run.root_attrs["output"] = llm.message.text
    return [llm]


def ungrounded_midway(run, rng):
    llms = [s for s in run.llms()[1:-1] if s.message.text and not s.message.calls]
    llm = _pick(rng, llms)
    last = run.llms()[-1]
    if not llm or not last.message.text or not run.tools():
        return None
    value = _invented(rng)
    llm.message.text = _insert_number(rng, llm.message.text, value)
    last.message.text += " Please keep %s for your records." % value
    run.root_attrs["output"] = last.message.text
    return [llm]


def value_changed_in_answer(run, rng):
    """The answer gives an amount or id of a tool result with digits swapped."""
    found = []
    seen = ""
    for s in run.steps:
        if s.kind == "tool":
            seen += "\n" + s.message.text
        elif s.kind == "llm" and s.message.text and not s.message.calls:
            for v in re.findall(r"#?[A-Z]?\d[\d.]{3,}\d", s.message.text):
                if v in seen:
                    found.append((s, v))
    hit = _pick(rng, found)
    if not hit:
        return None
    llm, value = hit
    new = _corrupt(rng, value)
    if new in seen:
        return None
    llm.message.text = llm.message.text.replace(value, new)
    return [llm]


def evidence_ignored(run, rng):
    tool = _pick(rng, [t for t in _middle_tools(run) if len(t.message.text) > 80
                       and not _is_write(t)])
    if not tool:
        return None
    run.cut_after(tool)
    return [run.answer(rng.choice((
        "I looked for it but there is nothing on file, so I can't help further.",
        "No matching information could be found.",
        "The search did not return anything useful. I am unable to answer.")))]


def stale_read(run, rng):
    """The same read gives another value the second time; the agent goes on with the old one."""
    tool = None
    for t in _middle_tools(run):
        if _is_write(t):
            continue
        for s in run.steps[run.steps.index(t) + 2:]:
            if s.kind != "llm":
                continue
            text = s.message.text + "".join(c["args"] for c in s.message.calls)
            use = [v for v in re.findall(r"\d[\d.]{3,}\d", t.message.text) if v in text]
            if use:
                tool, user, value = t, s, rng.choice(use)
                break
        if tool:
            break
    if not tool:
        return None
    before = run.steps[run.steps.index(user) - 1]
    if before.kind != "tool":
        return None
    fresh = tool.message.text.replace(value, _corrupt(rng, value))
    call = {"id": run.call_id(), "name": tool.tool["name"], "args": tool.tool["args"]}
    llm = run.add_llm("", [call], after=before)
    run.add_tool(call["name"], call["args"], call["id"], fresh, after=llm)
    return [user]


# ---- loops, budget, hand-offs -------------------------------------------------------------------

def loop(run, rng):
    tool = _pick(rng, [t for t in _middle_tools(run) if not _is_write(t)])
    if not tool:
        return None
    at = tool
    last = None
    for _ in range(rng.randrange(3, 7)):
        call = {"id": run.call_id(), "name": tool.tool["name"], "args": tool.tool["args"]}
        last = run.add_llm("", [call], after=at)
        at = run.add_tool(call["name"], call["args"], call["id"], tool.message.text, after=last)
    _end_badly(run, rng, at)
    return [last]


def two_step_loop(run, rng):
    tools = [t for t in _middle_tools(run) if not _is_write(t)]
    if len(tools) < 2:
        return None
    i = rng.randrange(len(tools) - 1)
    pair = tools[i:i + 2]
    if pair[0].tool["args"] == pair[1].tool["args"]:
        return None
    at = pair[1]
    last = None
    for _ in range(rng.randrange(3, 5)):
        for t in pair:
            call = {"id": run.call_id(), "name": t.tool["name"], "args": t.tool["args"]}
            last = run.add_llm("", [call], after=at)
            at = run.add_tool(call["name"], call["args"], call["id"], t.message.text, after=last)
    _end_badly(run, rng, at)
    return [last]


def near_duplicate(run, rng):
    llm = _pick(rng, [s for s in run.llms()[1:] if len(s.message.text.split()) > 15
                      and not s.message.calls])
    if not llm:
        return None
    text = llm.message.text
    run.cut_after(llm)
    last = None
    for i in range(rng.randrange(2, 5)):
        words = text.split(" ")
        words[rng.randrange(len(words))] = rng.choice(("again", "now", "so", "well"))
        like = run.llms()[0]
        last = run.add_llm(" ".join(words))
        last.attrs = dict(like.attrs)
    run.root_attrs["output"] = last.message.text
    return [last]


def budget_end(run, rng):
    tools = [t for t in _middle_tools(run) if not _is_write(t)]
    if len(tools) < 2:
        return None
    tool = tools[-1]
    at = tool
    first = None
    done = [t for t in tools if run.steps.index(t) <= run.steps.index(tool)]
    for _ in range(rng.randrange(6, 10)):
        t = rng.choice(done)
        call = {"id": run.call_id(), "name": t.tool["name"], "args": t.tool["args"]}
        llm = run.add_llm("", [call], after=at)
        first = first or llm
        at = run.add_tool(call["name"], call["args"], call["id"], t.message.text, after=llm)
    run.cut_after(at)
    text = rng.choice(("maximum number of steps reached", "step limit of 30 exceeded",
                       "recursion limit reached without a stop condition"))
    run.root_attrs["output"] = ""
    run.root_attrs["status"] = {"code": 2, "message": text}
    return [first]


def ping_pong(run, rng):
    tool = _pick(rng, _middle_tools(run))
    if not tool:
        return None
    run.cut_after(tool)
    names = rng.choice((("planner", "worker"), ("triage", "billing"), ("writer", "critic")))
    last = None
    for i in range(2 * rng.randrange(2, 4)):
        agent = run.add_agent(names[i % 2])
        last = run.add_llm(rng.choice(("This is for %s, passing it on.",
                                       "%s should take this one.",
                                       "Handing over to %s.")) % names[1 - i % 2], parent=agent)
    run.root_attrs["output"] = ""
    return [last]


def handoff_value_lost(run, rng):
    """A sub-agent gets its task with an id that differs from the one that was seen."""
    tool = _pick(rng, [t for t in _middle_tools(run) if _id_args(run, t)])
    if not tool:
        return None
    value = _json_args(tool)[_pick(rng, _id_args(run, tool))]
    wrong = _corrupt(rng, value)
    before = run.caller(tool)
    before = run.steps[run.steps.index(before) - 1]
    run.cut_after(before)
    task = rng.choice(("Look up record %s and report.", "Please handle %s for the customer."))
    args = json.dumps({"task": task % wrong})
    call = {"id": run.call_id(), "name": "delegate", "args": args}
    blamed = run.add_llm("", [call])
    agent = run.add_agent("specialist")
    conv = [Message("system", "You are a specialist. Do the task that is given."),
            Message("user", task % wrong)]
    inner = {"id": run.call_id(), "name": tool.tool["name"], "args": json.dumps({"id": wrong})}
    run.add_llm("", [inner], parent=agent, conv=conv)
    run.add_tool(inner["name"], inner["args"], inner["id"], rng.choice(NOT_FOUND), parent=agent,
                 conv=conv)
    run.add_llm("The record was not there.", parent=agent, conv=conv)
    run.conv.append(Message("tool", "The record was not there.", call_id=call["id"]))
    run.answer(rng.choice(APOLOGIES))
    return [blamed]


# ---- generation ---------------------------------------------------------------------------------

def truncated_output(run, rng):
    llm = _pick(rng, [s for s in run.llms()[1:] if len(s.message.text) > 80
                      and not s.message.calls])
    if not llm:
        return None
    text = llm.message.text
    llm.message.text = text[:rng.randrange(len(text) // 3, len(text) * 3 // 4)].rstrip(" .!?\n`")
    llm.finish = rng.choice(("length", "max_tokens", "MAX_TOKENS"))
    llm.attrs["fixed_out"] = 1024
    run.cut_after(llm)
    run.root_attrs["output"] = llm.message.text
    return [llm]


def empty_output(run, rng):
    llm = _pick(rng, run.llms()[1:])
    if not llm:
        return None
    llm.message.text, llm.message.calls = "", []
    run.cut_after(llm)
    run.root_attrs["output"] = ""
    return [llm]


def promise_without_call(run, rng):
    tool = _pick(rng, _middle_tools(run))
    if not tool:
        return None
    llm = run.caller(tool)
    llm.message.text = rng.choice((
        "Let me check that for you now using %s.", "I will call %s next to get the details.",
        "One moment, I'm going to run %s.")) % tool.tool["name"]
    llm.message.calls = []
    run.cut_after(llm)
    run.root_attrs["output"] = llm.message.text
    return [llm]


def lost_instruction(run, rng):
    llms = run.llms()
    if len(llms) < 4 or run.conv[0].role != "system":
        return None
    first = rng.randrange(2, len(llms) - 1)
    for s in llms[first:]:
        s.hidden = [run.conv[0]]
    return [llms[first]]


def refusal(run, rng):
    llm = _pick(rng, run.llms()[1:])
    if not llm:
        return None
    llm.message.calls = []
    llm.message.text = rng.choice(("I'm sorry, but I can't help with that.",
                                   "I cannot assist with this request.",
                                   "I must decline to continue."))
    llm.finish = rng.choice(("content_filter", "refusal", "stop"))
    run.cut_after(llm)
    run.root_attrs["output"] = llm.message.text
    return [llm]


def duplicate_write(run, rng):
    tool = _pick(rng, [t for t in _middle_tools(run) if _is_write(t)])
    if not tool:
        return None
    call = {"id": run.call_id(), "name": tool.tool["name"], "args": tool.tool["args"]}
    llm = run.add_llm("", [call], after=tool)
    run.add_tool(call["name"], call["args"], call["id"], tool.message.text, after=llm)
    return [llm]


def slow_tool(run, rng):
    tool = _pick(rng, _middle_tools(run))
    if not tool:
        return None
    tool.duration = rng.randrange(60, 240) * 1_000_000_000
    run.cut_after(run.next_llm(tool))
    run.root_attrs["output"] = run.llms()[-1].message.text
    run.root_attrs["status"] = {"code": 2, "message": "wall clock limit reached"}
    return [tool]


def other_valid_argument(run, rng):
    """An id that exists, but is not the right one: only a good run can tell."""
    found = []
    for t in _middle_tools(run):
        for k in _id_args(run, t):
            value = _json_args(t)[k]
            shape = re.sub(r"\d", r"\\d", re.escape(value))
            seen = "\n".join(s.message.text for s in run.steps[:run.steps.index(t)]
                             if s.kind == "tool")
            others = sorted(set(re.findall(shape, seen)) - {value})
            if others and _is_write(t):
                found.append((t, k, others))
    hit = _pick(rng, found)
    if not hit:
        return None
    tool, key, others = hit
    args = _json_args(tool)
    args[key] = rng.choice(others)
    run.set_args(tool, json.dumps(args))
    return [run.caller(tool)]


KINDS = [wrong_argument, wrong_argument_silent, dropped_field, mistyped_argument,
         invalid_json_arguments, unknown_tool, swallowed_error, same_error_again,
         identical_error_loop, infra_timeout, infra_server, infra_auth, infra_model,
         context_overflow, empty_result_used, skipped_read, ungrounded_answer, ungrounded_midway,
         value_changed_in_answer, evidence_ignored, stale_read, loop, two_step_loop,
         near_duplicate, budget_end, ping_pong, handoff_value_lost, truncated_output, empty_output,
         promise_without_call, lost_instruction, refusal, duplicate_write, slow_tool,
         other_valid_argument]
