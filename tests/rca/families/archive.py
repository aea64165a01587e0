"""A general assistant with a search, a reader and a calculator; short answers of a fixed kind (GAIA's manner)."""
import random

import content as c
import shapes
import shapes_more
from wire import tool

SYSTEM = """You answer questions with your tools. Plan first. Use search and open to find each fact on a page; do not answer from \
memory. Finish with final_answer(answer); the answer is a number or as few words as possible, in the kind the question asks for."""
TOOLS = [tool("search", "Searches the web.", query=""), tool("open", "Opens a page.", url=""), tool("find", "Finds on the page.", text=""),
         tool("calculate", "Computes.", expression=""), tool("final_answer", "Ends.", answer="")]
FAULTS = ("no_lookup", "blocked", "wrong_entity", "stale", "wrong_type", "misread", "lost_fact", "loop", "dropped_condition", "bad_query",
          "wrong_sum", "unit")


def archive(rng, failed):
    r = random.Random("archive/%d" % rng.randrange(8))
    a, b = c.company(r) + " Museum", c.company(r) + " Gallery"
    town, y1, y2 = c.town(r), r.randrange(1890, 1950), r.randrange(1951, 2010)
    v1, v2, old1 = r.randrange(20, 400), r.randrange(20, 400), r.randrange(401, 700)
    shape = rng.choice([shapes.OpenInference, shapes.GenAi, shapes.PydanticAi, shapes.LangSmith, shapes.Traceloop, shapes_more.Langfuse,
                        shapes_more.Strands, shapes.GenAiNoTools])
    w = shape(rng, "assistant", rng.choice(["gpt-4o", "o3-mini", "claude-sonnet-4"]), session="q-%d" % r.randrange(10**6))
    agent = w.start("assistant", SYSTEM, TOOLS)
    fault = rng.choice(FAULTS) if failed else None
    w.user(agent, "How many thousand visitors did the %s in %s and the %s have together in 2023, without school groups? Answer with an "
           "integer." % (a, town, b))
    use = lambda t, n, args, res, **k: w.act(agent, t, n, args, res, **k)[0]  # noqa: E731
    th = lambda *x: rng.choice(x + ("",))  # noqa: E731

    def finish(answer, t=""):
        call = w.llm(agent, t, [("final_answer", {"answer": str(answer)})])
        w.tool(agent, call.calls[0], str(answer))
        w.end(agent, str(answer))
        return call
    call = w.llm(agent, "Plan: 1. find the figure of %s for 2023. 2. find that of %s. 3. %sadd them. 4. final_answer." % (
        a, b, "" if fault == "dropped_condition" else "leave out school groups, "), [("search", {"query": a if fault != "bad_query" else "museum"})] if
        fault != "no_lookup" else ())
    if fault == "no_lookup":
        w.user(agent, "Go on.")
        call = finish(v1 + v2 + rng.randrange(20, 90), th("I recall both figures.", "These are well known."))
        w.blame(call, "no_lookup", "submits an answer without one of the planned look-ups")
        return w
    if fault == "dropped_condition":
        w.blame(call, "forgot_instruction", "the plan does not leave school groups out")
    if fault == "bad_query":
        w.blame(call, "bad_query", "searches for 'museum' alone, and takes what comes")
    ua, ub, other = (c.url_of(x, r.choice(c.HOSTS)) for x in (a, b, a + " - Foundation"))
    rows = [(a, ua, "visitors, opening hours"), (a + " Foundation", other, "the foundation of the same name")]
    w.tool(agent, call.calls[0], c.hits(rng, a if fault != "bad_query" else "museum", rows if fault != "bad_query" else []))
    fact = lambda n, school, y=2023: "In %d it had %d thousand visitors, and %d thousand more came in school groups" % (y, n, school)  # noqa
    if fault in ("wrong_entity", "bad_query"):
        call = use(th("This looks right."), "open", {"url": other}, c.page(rng, a + " Foundation", other, [
            "The foundation had %d thousand visitors in 2023" % old1], 2600))
        if fault == "wrong_entity":
            w.blame(call, "wrong_source", "opens the foundation of the same name, not the museum in %s" % town)
        first = old1
    elif fault == "blocked":
        use(th(), "open", {"url": ua}, rng.choice(["403 Forbidden", "<title>Just a moment...</title> Verify that you are human by completing "
                                                 "the action below.", "Error 503: backend fetch failed"]))
        first = v1 + rng.randrange(9, 80)
        call = w.llm(agent, "The page says %d thousand. Next the %s." % (first, b), [("search", {"query": b})])
        w.blame(call, "hallucinated_source", "gives a figure from a page that was refused")
        w.tool(agent, call.calls[0], c.hits(rng, b, [(b, ub, "")]))
    else:
        facts = [fact(old1, 4, 2019)] if fault == "stale" else [fact(v1, 7), "Of the objects %d are on show" % r.randrange(1000, 9000)]
        if fault == "loop":
            facts = []
        use(th("Open it."), "open", {"url": ua}, c.page(rng, a, ua, facts, rng.randrange(2000, 6000)))
        first = {"stale": old1, "misread": v1 + 7, "dropped_condition": v1 + 7}.get(fault, v1)
        if fault == "loop":
            n = rng.randrange(4, 9)
            for i in range(n):
                call = use(th("Again."), "find", {"text": "visitors"}, "No match on this page.")
                if i == 0:
                    w.blame(call, "no_progress", "looks for the same word on the same page to the end, and opens no other")
            finish("unknown", "I cannot find it.")
            return w
        if not failed and rng.random() < 0.5:
            use("", "find", {"text": "2023"}, fact(v1, 7))
    if fault != "blocked":
        note = {"misread": "Together with %d: %d thousand." % (7, first), "stale": "%d thousand." % first}.get(fault, "%d thousand." % first)
        call = w.llm(agent, "%s: %s Next the %s." % (a, note, b), [("search", {"query": b + " visitors 2023"})])
        if fault == "misread":
            w.blame(call, "misread_result", "adds the school groups, which the question leaves out")
        if fault == "stale":
            w.blame(call, "stale_data", "takes the figure of 2019 for 2023")
        w.tool(agent, call.calls[0], c.hits(rng, b, [(b, ub, "")]))
    w.hiccup(agent, "", "open", {"url": ub}, 0.25, "read timed out", "TimeoutError")
    use(th(), "open", {"url": ub}, c.page(rng, b, ub, [fact(v2, 3)], rng.randrange(2000, 6000)))
    second = v2 + 3 if fault == "dropped_condition" else v2
    if fault == "lost_fact":
        call = w.llm(agent, "%s: %d thousand, %s: %d thousand." % (a, first + 50, b, second), [("calculate", {"expression": "%d+%d" % (first + 50, second)})])
        w.blame(call, "memory_error", "carries on another figure than it noted before")
        w.tool(agent, call.calls[0], str(first + 50 + second))
        finish(first + 50 + second)
        return w
    expression = "%d-%d" % (first, second) if fault == "wrong_sum" else "%d+%d" % (first, second)
    total = first - second if fault == "wrong_sum" else first + second
    call = use(th("Add."), "calculate", {"expression": expression}, str(total))
    if fault == "wrong_sum":
        w.blame(call, "wrong_argument", "subtracts where the question wants the sum")
    answer = {"wrong_type": "%s and %s" % (a, b), "unit": total * 1000}.get(fault, total)
    call = finish(answer)
    if fault == "wrong_type":
        w.blame(call, "bad_format", "names the houses, a number is asked for")
    if fault == "unit":
        w.blame(call, "bad_format", "gives single visitors, thousands are asked for")
    return w
