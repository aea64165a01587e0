"""A deep-research graph (langgraph): brief, researchers side by side, compression, a long report."""
import json

import content as c
import shapes
from wire import Message, tool

BRIEF = """Turn the user's question into a research brief: what exactly is asked, in which language the report has to be, \
which period, what is excluded. Keep every condition of the user word for word. Add none."""
LEAD = """You lead a research. You have ConductResearch(topic) for a single topic, think_tool(reflection), and \
ResearchComplete. Give each researcher a complete, self-contained topic, in full sentences: they see nothing else. At most \
{n} topics. Stop when the brief is covered; do not research the same topic twice."""
RESEARCH = """You research one topic. Tools: tavily_search(query), fetch(url), think_tool(reflection). Use two to five searches \
for simple topics. Open a page before you rely on it. After each search reflect on what is missing. Stop when you can answer; \
stop also when the last two searches gave the same."""
COMPRESS = """You have researched a topic; clean up the findings. Keep every fact and every source, word for word where it \
matters, and number the sources. Do not add, do not leave out."""
REPORT = """Write the report from the findings. Structure: title, one section a topic, conclusion, numbered sources. Cite after \
each fact as [n]. Language: as in the brief. Do not use facts that are not among the findings."""
L_TOOLS = [tool("ConductResearch", "", topic=""), tool("think_tool", "", reflection=""), tool("ResearchComplete", "")]
R_TOOLS = [tool("tavily_search", "", query=""), tool("fetch", "", url=""), tool("think_tool", "", reflection="")]
THEMES = [
    ("district heating from sewage water", ["heat yield per inhabitant", "costs of connection", "public acceptance"], "MWh"),
    ("night trains between mid-size cities", ["occupancy", "ticket prices", "track charges"], "per cent"),
    ("seaweed as cattle feed", ["methane reduction", "price per tonne", "supply"], "per cent"),
    ("open-air museums after dark", ["visitor numbers", "lighting costs", "insurance"], "visitors"),
    ("repair vouchers for appliances", ["uptake", "cost for the public", "effect on waste"], "vouchers"),
    ("bicycle parking at stations", ["use", "theft", "cost of operation"], "places"),
]
FAULTS = ("brief_drops", "topic_thin", "twice", "loop", "unopened", "compress_loses", "number", "language", "own_fact",
          "cut", "contradiction", "dead_sources", "one_topic")
LANG = {"English": "Conclusion", "German": "Fazit", "Spanish": "Conclusión", "French": "Conclusion"}


def node(w, name, system, text, answer, finish=None):
    agent = shapes.Agent(name, system, [])
    agent.messages = [Message("user", text)]
    w.visit(agent)
    call = w.llm(agent, answer, finish=finish)
    w.close_agent(agent, answer)
    return call


class Topic:
    def __init__(self, rng, theme, aspect, unit, place):
        self.name, self.place = aspect, place
        self.value = rng.randrange(12, 9000)
        self.year = rng.randrange(2021, 2026)
        self.title = "%s: %s in %s" % (theme, aspect, place)
        self.url = c.url_of("%s %s - report" % (aspect, place), rng.choice(c.HOSTS))
        self.fact = "In %s the %s was %s %s in %d, according to the municipal report." % (
            place, aspect, c.thousands(self.value), unit, self.year)


def researcher(w, rng, lead, call, topic, faults, here):
    """One researcher's sub-graph; returns the compressed findings."""
    text = call.args["topic"]
    agent = w.start("researcher", RESEARCH, R_TOOLS, under=w.root, task=text)
    rounds = rng.randrange(1, 4)
    other = c.url_of("%s - background" % topic.name, rng.choice(c.HOSTS))
    last = None
    for i in range(rounds):
        query = "%s %s %s" % (topic.place, topic.name, ["figures", "report", "evaluation"][i])
        last, used = w.act(agent, "", "tavily_search", {"query": query}, c.hits(rng, query, [(
            topic.title, topic.url, c.sentence(rng, topic.name)), (topic.name + " - background", other, "")]))
        if rng.random() < 0.7:
            w.act(agent, "", "think_tool", {"reflection": [
                "I have sources for %s; a figure for %s with its year is missing yet.",
                "The second search on %s adds addresses, no figure for %s.",
                "Enough results on %s; now I open the best one on %s."][i] % (topic.name, topic.place)}, "Reflection recorded")
    if "loop" in here:
        n = rng.randrange(6, 11)
        for i in range(n):
            query = "%s %s figures" % (topic.place, topic.name)
            last, used = w.act(agent, "", "tavily_search", {"query": query if i % 2 else query + " statistics"}, c.hits(
                rng, query, [(topic.title, topic.url, "")]))
        w.blame(last, "resource_abuse", "goes on searching the same words %d times; the instructions say to stop" % n)
    if "dead_sources" in here:
        err = "504 Gateway Timeout while fetching %s" % topic.url
        _, first = w.act(agent, "", "fetch", {"url": topic.url}, "Error: " + err, error=err, kind="FetchError", seconds=30)
        w.act(agent, "", "fetch", {"url": topic.url + "?pdf=1"}, "Error: " + err, error=err, kind="FetchError", seconds=30)
        w.blame(first, "timeout", "the only source with the figure cannot be fetched")
        value = topic.value + rng.randrange(100, 900)
        said = topic.fact.replace(c.thousands(topic.value), c.thousands(value))
        final = w.llm(agent, "Findings: %s [1]\nSources: [1] %s" % (said, topic.url))
        w.blame(final, "hallucinated_source", "cites the page that could not be fetched for a figure it never saw")
    elif "unopened" in here:
        said = topic.fact.replace(c.thousands(topic.value), c.thousands(topic.value * 2 + 7))
        final = w.llm(agent, "Findings: %s [1]\nSources: [1] %s" % (said, topic.url))
        w.blame(final, "hallucinated_fact", "relies on a page it has not opened; the snippets hold no such figure")
    else:
        w.hiccup(agent, "", "fetch", {"url": topic.url}, 0.15, "502 Bad Gateway", "FetchError")
        w.act(agent, "", "fetch", {"url": topic.url}, c.page(rng, topic.title, topic.url, [topic.fact],
                                                            rng.randrange(2500, 7000)))
        if rng.random() < 0.5:
            w.act(agent, "", "fetch", {"url": other}, c.page(rng, topic.name, other, [], 3000))
        said = topic.fact
        final = w.llm(agent, "Findings: %s [1] %s\nSources: [1] %s" % (said, c.echo(rng, agent.messages, 3), topic.url))
    w.close_agent(agent, final.text)
    clean = "## %s\n%s [1]\n%s\n\n### Sources\n[1] %s" % (topic.title, said, c.echo(rng, agent.messages, 4), topic.url)
    if "compress_loses" in here:
        clean = "## %s\nFigures vary and no exact number is known.\n%s\n\n### Sources\n[1] %s" % (
            topic.title, c.echo(rng, agent.messages, 3), topic.url)
    call2 = node(w, "compress_research", COMPRESS, "\n\n".join(m.text for m in agent.messages[1:]), clean)
    if "compress_loses" in here:
        w.blame(call2, "ignored_tool_output", "drops the figure that the researcher found")
    return clean


def deepreport(rng, failed):
    theme, aspects, unit = rng.choice(THEMES)
    place = c.town(rng)
    lang = rng.choice(sorted(LANG))
    year = rng.randrange(2021, 2023)
    w = shapes.LangGraph(rng, "deep-research", rng.choice(["gpt-4.1", "gemini-2.5-pro", "claude-sonnet-4"]),
                         session="dr-%d" % rng.randrange(10**5))
    w.orphans = rng.random() < 0.4
    faults = c.pick(rng, FAULTS, failed, 2, 5)
    if failed and not faults - {"loop", "twice"}:
        faults.add(rng.choice(["number", "own_fact", "unopened"]))
    for a, b in (("brief_drops", "language"), ("one_topic", "twice"), ("unopened", "dead_sources")):
        if a in faults and b in faults:
            faults.discard(b)
    ask = ("I need a report in %s on %s in %s: %s. Only sources since %d, no press releases. With numbered sources." % (
        lang, theme, place, ", ".join(aspects), year))
    w.graph("Deep Researcher", ask)
    brief = "Report in %s on %s in %s, covering %s. Only sources since %d; press releases are excluded." % (
        lang, theme, place, ", ".join(aspects), year)
    if "brief_drops" in faults:
        brief = "Report on %s in %s, covering %s." % (theme, place, ", ".join(aspects))
    call = node(w, "write_research_brief", BRIEF, ask, brief)
    if "brief_drops" in faults:
        w.blame(call, "forgot_instruction", "drops language, period and the exclusion of press releases")
    topics = [Topic(rng, theme, a, unit, place) for a in aspects]
    lead = shapes.Agent("research_supervisor", LEAD.format(n=len(topics) + 1), L_TOOLS)
    lead.messages = [Message("user", brief)]
    at = {f: rng.randrange(len(topics)) for f in ("loop", "unopened", "compress_loses", "dead_sources", "topic_thin")
          if f in faults}
    if at.get("compress_loses") in (at.get("unopened"), at.get("dead_sources")):
        at.pop("compress_loses", None)
    findings = []
    todo = topics[:1] if "one_topic" in faults else topics
    for k, t in enumerate(todo):
        if k:
            w.visit(lead)
            w.act(lead, "", "think_tool", {"reflection": "%d of %d topics are covered. Next: %s." % (k, len(topics), t.name)},
                  "Reflection recorded")
            w.close_agent(lead, "")
        here = {f for f, i in at.items() if i == k}
        text = ("Find the %s of %s in %s, with figures and their year, from sources since %d; no press releases. Name the "
                "sources with addresses." % (t.name, theme, t.place, year))
        if "topic_thin" in here:
            text = t.name
        w.visit(lead)
        call = w.llm(lead, "", [("ConductResearch", {"topic": text})])
        if "topic_thin" in here:
            w.blame(call, "missing_handover", "gives '%s' as the whole topic: no place, no theme, no period" % text)
            t = Topic(rng, theme, t.name, unit, c.town(rng))
            topics[k] = t
        clean = researcher(w, rng, lead, call.calls[0], t, faults, here - {"topic_thin"})
        w.tool(lead, call.calls[0], clean)
        w.close_agent(lead, "")
        findings.append(clean)
    if "twice" in faults:
        for _ in range(rng.randrange(2, 4)):
            w.visit(lead)
            call = w.llm(lead, "", [("ConductResearch", {"topic": text})])
            clean = researcher(w, rng, lead, call.calls[0], topics[-1], faults, set())
            w.tool(lead, call.calls[0], clean)
            w.close_agent(lead, "")
        w.blame(call, "resource_abuse", "has the same topic researched again, word for word")
    w.visit(lead)
    call = w.llm(lead, "", [("ResearchComplete", {})])
    if "one_topic" in faults:
        w.blame(call, "premature_stop", "ends the research after one of %d topics" % len(topics))
    w.tool(lead, call.calls[0], "complete")
    w.close_agent(lead, "")
    use = lang
    if "brief_drops" in faults:
        use = "English"
    if "language" in faults:
        use = rng.choice([x for x in sorted(LANG) if x != lang])
    parts = ["# %s (%s)" % (theme.title(), use)]
    for k, t in enumerate(topics):
        fact = t.fact if k < len(findings) else "There is little data on the %s." % t.name
        if k < len(findings):
            body = findings[k].split("\n")[1]
            fact = body.replace("[1]", "[%d]" % (k + 1))
        if k == 0 and "number" in faults:
            old = [x for x in fact.split() if x.replace(",", "").isdigit()]
            if old:
                fact = fact.replace(old[0], c.thousands(int(old[0].replace(",", "")) * 10 + 3))
        parts.append("## %s\n%s %s" % (t.name.title(), fact, c.echo(
            rng, [Message("tool", x) for x in findings[k:k + 1]], 4)))
    if "own_fact" in faults:
        parts.append("A nationwide study put the total at %s %s in %d [7]." % (c.thousands(rng.randrange(10**4, 10**6)), unit,
                                                                          rng.randrange(2019, 2025)))
    if "contradiction" in faults:
        parts.append("## %s\nAs shown above, no figures exist for any of the aspects." % LANG[use])
    else:
        parts.append("## %s\n%s" % (LANG[use], c.echo(rng, [Message("tool", x) for x in findings], 2)))
    parts.append("### Sources\n" + "\n".join("[%d] %s" % (k + 1, t.url) for k, t in enumerate(topics[:len(findings)])))
    text = "\n\n".join(parts)
    finish = None
    if "cut" in faults:
        text, finish = text[:int(len(text) * 0.55)], "length"
    call = node(w, "final_report_generation", REPORT, brief + "\n\nFindings:\n" + "\n\n".join(findings), text, finish)
    for fault, category, reason in (
            ("number", "misread_result", "the figure of %s is not that of the findings" % topics[0].name),
            ("language", "forgot_instruction", "the report is in %s, %s was asked for" % (use, lang)),
            ("own_fact", "hallucinated_fact", "the nationwide study and source 7 are not among the findings"),
            ("contradiction", "ignored_tool_output", "the conclusion denies the figures of the sections"),
            ("cut", "truncated_output", "the report ends in the middle of a section, sources are missing")):
        gone = "cut" in faults and fault in ("own_fact", "contradiction")
        if fault in faults and not gone and not (fault == "number" and "compress_loses" in faults
                                                 and at.get("compress_loses") == 0):
            w.blame(call, category, reason)
    w.close(w.root, {"output.value": json.dumps({"final_report": text}, ensure_ascii=False)})
    return w
