"""crewai: a sequential crew that makes a report: scout, analyst, editor."""
import json

import content as c
import shapes_teams
from wire import tool

SCOUT = """You are Senior Scout. You find primary sources for a report and note what each says.
Your personal goal is: collect at least four dated sources with their figures, no duplicates, none older than \
three years. Use the tools; never cite a source that you have not opened."""
ANALYST = """You are Quantitative Analyst. You turn notes into numbers.
Your personal goal is: a table with mean, range and trend, each computed with the calculator from the notes."""
EDITOR = """You are Editor. You write for executives.
Your personal goal is: a report with exactly the sections asked for, at most 200 words, every figure followed by \
its source in brackets, and only figures from the analyst's table."""
S_TOOLS = [tool("source_search", "Finds sources.", topic="", since="year"), tool("open_source", "Opens one.", source_id="")]
A_TOOLS = [tool("calculator", "Computes.", expression="")]
TOPICS = ["cold storage rents", "ferry freight rates", "recycled PET prices", "nurse agency rates", "harbour dues",
          "timber auction prices", "battery recycling fees", "office vacancy in mid-size towns"]
FAULTS = ("unopened", "old", "duplicate", "slip", "no_source", "sections", "invent", "loop", "paywall", "too_few", "swap")


def crew(rng, failed):
    topic = rng.choice(TOPICS)
    region = c.town(rng)
    w = shapes_teams.CrewAi(rng, "report-crew", rng.choice(["gpt-4o-mini", "claude-sonnet-4"]),
                      session="crew-%d" % rng.randrange(9999))
    faults = c.pick(rng, FAULTS, failed, 1, 3)
    if failed and not faults - {"loop", "duplicate"}:
        faults.add(rng.choice(["slip", "invent", "sections", "unopened"]))
    tasks = ["Collect four sources on %s in %s since 2023." % (topic, region),
             "Compute mean, range and trend of the figures.",
             "Write the report with the sections Summary, Figures, Outlook."]
    w.crew(tasks)
    form = ("Current Task: %s\n\nThis is the expected criteria for your final answer: %s\nyou MUST return the actual "
            "complete content as the final answer, not a summary.%s")
    scout = w.start("Senior Scout", SCOUT, S_TOOLS, task=form % (tasks[0], "a list of four sources with id, date and "
                                                                 "figure", ""))
    names = rng.sample(["Harbour Board", "Trade Gazette", "Statistical Office", "Chamber of Commerce", "Market Watch",
                        "Cooperative Bank", "Ministry Bulletin"], 6)
    sources = [{"id": "S%03d" % rng.randrange(1000), "publisher": n, "date": str(c.date(rng, rng.choice([2024, 2025]))),
                "figure": round(rng.uniform(20, 300), 1)} for n in names]
    sources[5]["date"] = str(c.date(rng, 2014))
    query = "%s %s" % (topic, region)
    listing = json.dumps([{k: s[k] for k in ("id", "publisher", "date")} for s in sources], ensure_ascii=False)
    w.act(scout, "Thought: I search first.", "source_search", {"topic": query, "since": "2023"}, listing)
    if "loop" in faults:
        n = rng.randrange(4, 9)
        for i in range(n):
            call, _ = w.act(scout, "Thought: I should search once more.", "source_search", {
                "topic": query if i % 2 else "%s in %s" % (topic, region), "since": "2023"}, listing)
        w.blame(call, "resource_abuse", "repeats the search %d times and gets the same list" % n)
    used = sources[:4]
    if "old" in faults:
        used = sources[:3] + [sources[5]]
    if "duplicate" in faults and "old" not in faults:
        used = sources[:3] + [sources[0]]
    if "too_few" in faults:
        used = sources[:2]
    notes = []
    for k, s in enumerate(used):
        if "unopened" in faults and k == len(used) - 1:
            notes.append(dict(s, figure=round(s["figure"] * 1.3, 1)))
            continue
        call = w.llm(scout, "Thought: I open %s." % s["publisher"], [("open_source", {"source_id": s["id"]})])
        if "old" in faults and s is sources[5]:
            w.blame(call, "stale_data", "uses a source of 2014; none may be older than three years")
        if "duplicate" in faults and k == 3 and s is sources[0]:
            w.blame(call, "forgot_instruction", "takes the same source a second time to make up four")
        if "paywall" in faults and k == 1:
            err = "HTTP 402 Payment Required: subscription of the account has expired"
            w.tool(scout, call.calls[0], "Error: " + err, error=err)
            w.blame(call.calls[0], "auth_error", "the subscription that the tool needs has expired")
            continue
        if rng.random() < 0.25:   # comes back at the second try
            w.tool(scout, call.calls[0], "Error: HTTP 503 Service Unavailable", error="HTTP 503 Service Unavailable")
            call = w.llm(scout, "Thought: I try again.", [("open_source", {"source_id": s["id"]})])
        w.tool(scout, call.calls[0], "%s, %s\n\n%s\n\nThe figure for %s in %s was %s EUR per unit in the period.\n\n%s" % (
            s["publisher"], s["date"], c.paragraph(rng, topic, 7), topic, region, s["figure"], c.paragraph(rng, topic, 5)))
        notes.append(s)
    for s in rng.sample(sources[:5], rng.randrange(0, 3)) if "too_few" not in faults else ():
        w.act(scout, "Thought: a look at what else %s has." % s["publisher"], "source_search", {
            "topic": "%s %s %s" % (s["publisher"], topic, rng.choice(["history", "forecast", "method"])), "since": "2023"},
            json.dumps([{"id": "S%03d" % rng.randrange(1000), "publisher": s["publisher"], "date": str(c.date(rng, 2024)),
                         "title": c.sentence(rng, topic)} for _ in range(5)], ensure_ascii=False))
    text = "Sources:\n" + "\n".join("- %s, %s, %s: %s EUR per unit" % (s["id"], s["publisher"], s["date"], s["figure"])
                                    for s in notes)
    call = w.llm(scout, text)
    if "unopened" in faults:
        w.blame(call, "hallucinated_source", "gives a figure for %s, which was never opened" % notes[-1]["id"])
    if "too_few" in faults:
        w.blame(call, "incomplete_task", "stops at %d sources; the task wants four" % len(notes))
    elif "paywall" in faults and len(notes) < 4:
        w.blame(call, "incomplete_task", "does not replace the source that could not be opened, two more were listed")
    w.end(scout, text)
    analyst = w.start("Quantitative Analyst", ANALYST, A_TOOLS, task=form % (
        tasks[1], "a table", "\n\nThis is the context you're working with:\n" + text))
    values = [s["figure"] for s in notes]
    mean = sum(values) / len(values)
    if "slip" in faults:
        mean *= rng.choice([0.9, 1.1, 1.25])
        say = "Thought: I can do the mean in my head."
        w.act(analyst, say, "calculator", {"expression": "%s - %s" % (max(values), min(values))},
              "%.1f" % (max(values) - min(values)))
    else:
        w.act(analyst, "", "calculator", {"expression": "(%s) / %d" % (" + ".join(map(str, values)), len(values))},
              "%.4f" % mean)
        w.act(analyst, "", "calculator", {"expression": "%s - %s" % (max(values), min(values))},
              "%.1f" % (max(values) - min(values)))
    first, last = sorted(notes, key=lambda s: s["date"])[0], sorted(notes, key=lambda s: s["date"])[-1]
    up = last["figure"] > first["figure"]
    trend = ("rising" if up else "falling") if "swap" not in faults else ("falling" if up else "rising")
    table = c.table(["measure", "value"], [["mean", "%.1f" % mean], ["range", "%.1f" % (max(values) - min(values))],
                                           ["trend", trend]])
    call = w.llm(analyst, table)
    if "slip" in faults:
        w.blame(call, "arithmetic_slip", "the mean was not computed with the calculator and is wrong")
    if "swap" in faults:
        w.blame(call, "misread_result", "calls the trend %s; it goes from %s (%s) to %s (%s)" % (
            trend, first["figure"], first["date"], last["figure"], last["date"]))
    w.end(analyst, table)
    editor = w.start("Editor", EDITOR, [], task=form % (
        tasks[2], "a report with the sections Summary, Figures, Outlook, at most 200 words, each figure with its source",
        "\n\nThis is the context you're working with:\n%s\n\n----------\n\n%s" % (text, table)))
    cite = lambda s: "" if "no_source" in faults else " [%s]" % s["id"]
    body = "## Summary\n\n%s in %s are %s; the mean is %.1f EUR per unit.\n\n## Figures\n\n%s" % (
        topic.capitalize(), region, trend, mean, "\n".join("- %s EUR%s" % (s["figure"], cite(s)) for s in notes))
    if "sections" not in faults:
        body += "\n\n## Outlook\n\nThe sources give no forecast; the direction may last."
    if "invent" in faults:
        body += "\n\nA survey of %d firms expects %.1f EUR by 2028." % (rng.randrange(80, 900), mean * 1.4)
    call = w.llm(editor, body)
    if "no_source" in faults:
        w.blame(call, "forgot_instruction", "no figure is followed by its source")
    if "sections" in faults:
        w.blame(call, "format_error", "the section Outlook is missing")
    if "invent" in faults:
        w.blame(call, "hallucinated_fact", "the survey and its figure stand in no source")
    w.end(editor, body)
    w.close(w.root, {"output.value": json.dumps({"raw": body, "pydantic": None}, ensure_ascii=False)})
    return w
