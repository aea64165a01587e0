"""A planner with numbered steps and sub-agents that carry them out: delegation, loss of details, early ends."""
import random

import content as c
import shapes
import shapes_more
from wire import compact, tool

BOSS = """You plan and delegate. Write a numbered plan, give each step with all details to the worker that fits, and answer when \
all steps are done. Use only what workers report."""
WORKERS = {"finder": "You look things up in the register with lookup(name, field).", "counter": "You compute with compute(expression)."}
B_TOOLS = [tool("finder", "Looks up.", task=""), tool("counter", "Computes.", task="")]
W_TOOLS = {"finder": [tool("lookup", "Register.", name="", field="")], "counter": [tool("compute", "Computes.", expression="")]}
FAULTS = ("one_step", "lost_detail", "plan_gap", "worker_invents", "boss_ignores", "wrong_worker", "stop_half", "bad_field", "wrong_expression",
          "error_as_zero", "wrong_order")


def planexec(rng, failed):
    r = random.Random("planexec/%d" % rng.randrange(6))
    names = r.sample(c.COMPANY, 3)
    year, field = r.randrange(2016, 2025), r.choice(["revenue", "staff", "sites"])
    data = {n: {f: {y: r.randrange(100, 9000) for y in range(2014, 2026)} for f in ("revenue", "staff", "sites")} for n in names}
    shape = rng.choice([shapes.GenAi, shapes.OpenInference, shapes.Traceloop, shapes_more.Langfuse, shapes.PydanticAi])
    w = shape(rng, "planner", rng.choice(["gpt-4.1", "o4-mini", "claude-sonnet-4"]), session="plan-%d" % r.randrange(10**5))
    boss = w.start("planner", BOSS, B_TOOLS)
    fault = rng.choice(FAULTS) if failed else None
    w.user(boss, "By how much did the sum of the %s of %s in %d differ from that of %d? One number." % (field, ", ".join(names), year, year - 1))
    steps = ["%d. finder: %s of %s in %d and %d" % (i + 1, field, n, year, year - 1) for i, n in enumerate(names)] + [
        "4. counter: sum of %d minus sum of %d" % (year, year - 1)]
    if fault == "plan_gap":
        steps.pop(rng.randrange(3))
    call = w.llm(boss, "Plan:\n" + "\n".join(steps))
    if fault == "plan_gap":
        w.blame(call, "forgot_instruction", "the plan leaves one of the three firms out")
    w.user(boss, "Go on.")
    found = {}
    used = [n for n in names if any(n in s for s in steps)]
    for i, n in enumerate(used):
        if fault == "stop_half" and i == len(used) - 1:
            break
        ask = "Look up the %s of %s for %d and for %d." % (field, n, year, year - 1)
        if fault == "lost_detail" and i == 0:
            ask = "Look up the %s of %s." % (field, n)
        who = "counter" if fault == "wrong_worker" and i == 0 else "finder"
        call = w.llm(boss, "", [(who, {"task": ask})])
        if fault == "lost_detail" and i == 0:
            w.blame(call, "lost_detail", "hands the step on without the years")
        inner = w.sub(boss, call.calls[0], who, WORKERS[who], W_TOOLS[who], ask)
        if fault == "wrong_worker" and i == 0:
            w.blame(call, "wrong_handoff", "gives a look-up to the worker that can only compute, and takes its guess")
            out = w.llm(inner, "%s: about %d in %d, %d in %d." % (n, 500, year, 480, year - 1))
            w.sub_end(inner, out.text)
            found[n] = (500, 480)
            continue
        ys = [2025, 2024] if fault == "lost_detail" and i == 0 else [year, year - 1]
        got = []
        for y in ys[:1] if fault == "one_step" and i == 0 else ys:
            f = "revenue" if fault == "bad_field" and i == 0 and field != "revenue" else "staff" if fault == "bad_field" and i == 0 else field
            key = "%s/%d" % (f, y)
            if fault == "error_as_zero" and i == 1 and y == ys[1]:
                k, _ = w.act(inner, "", "lookup", {"name": n, "field": key}, "Error: register not available (503)")
                got.append(0)
                continue
            if fault == "worker_invents" and i == 1:
                got.append(rng.randrange(100, 9000))
                continue
            k, _ = w.act(inner, rng.choice(["", "The value for %d." % y]), "lookup", {"name": n, "field": key}, compact({
                "name": n, "field": f, "year": y, "value": data[n][f][y]}))
            if fault == "bad_field" and i == 0 and y == ys[0]:
                w.blame(k, "wrong_argument", "looks up %s, the task says %s" % (f, field))
            got.append(data[n][f][y])
        if fault == "one_step" and i == 0:
            got.append(got[0])
            out = w.llm(inner, "%s: %d in %d. I take the same for %d." % (n, got[0], year, year - 1))
            w.blame(out, "premature_stop", "answers after one of the two look-ups of its task")
        else:
            out = w.llm(inner, "%s: %d in %d, %d in %d." % (n, got[0], ys[0], got[1], ys[1]))
        if fault == "worker_invents" and i == 1:
            w.blame(out, "hallucinated_fact", "reports values without a look-up")
        if fault == "error_as_zero" and i == 1:
            w.blame(out, "ignored_tool_output", "reports 0 where the register failed")
        w.sub_end(inner, out.text)
        found[n] = tuple(got)
    if fault == "stop_half":
        call = w.llm(boss, "The sums differ by %d." % sum(a - b for a, b in found.values()))
        w.blame(call, "premature_stop", "answers before the last steps of its plan were done")
        w.end(boss, call.text)
        return w
    a, b = [x for x, _ in found.values()], [y for _, y in found.values()]
    if fault == "boss_ignores":
        a[0] += rng.randrange(20, 200)
    if fault == "wrong_order":
        a, b = b, a
    expression = "(%s) - (%s)" % (" + ".join(map(str, a)), " + ".join(map(str, b)))
    call = w.llm(boss, "", [("counter", {"task": "Compute " + expression})])
    if fault == "boss_ignores":
        w.blame(call, "wrong_argument", "passes on another value than the worker reported")
    if fault == "wrong_order":
        w.blame(call, "wrong_argument", "takes the years the wrong way round")
    inner = w.sub(boss, call.calls[0], "counter", WORKERS["counter"], W_TOOLS["counter"], "Compute " + expression)
    if fault == "wrong_expression":
        expression = expression.replace(") - (", ") + (")
    k, _ = w.act(inner, "", "compute", {"expression": expression}, str(eval(expression)))  # noqa: S307 numbers of our own
    if fault == "wrong_expression":
        w.blame(k, "wrong_argument", "adds where the task says minus")
    w.sub_end(inner, w.llm(inner, str(eval(expression))).text)  # noqa: S307
    w.end(boss, w.llm(boss, rng.choice(["The difference is %d.", "%d", "They differ by %d."]) % eval(expression)).text)  # noqa: S307
    return w
