"""A supervisor graph (langgraph): researcher, analyst and writer make a market brief."""
import json

import content as c
import shapes
from wire import Message, tool

SUPER = """You are the supervisor of a team that writes market briefs. Members: researcher (reads company \
reports), analyst (computes; has a calculator), writer (writes the final text).
Decide who acts next. Call transfer_to_<member> with complete instructions: members see only what you give \
them and the messages of this conversation that are addressed to them. Repeat the user's constraints in \
full. When the brief meets all of them, answer the user with the final text, word for word as the writer \
gave it. Do not do any member's work yourself, and do not send the same instruction twice."""
RESEARCHER = """You are a researcher. Use list_reports and read_report. Report every figure with its unit, fiscal \
year and the report it stands in. Figures in reports may be in thousands or in millions: say which. If a \
report cannot be read, say so; never estimate."""
ANALYST = """You are an analyst. Compute what you are asked from the figures you are given, with the calculator, \
never in your head. Show the expression."""
WRITER = """You are a writer. Write the brief from the facts that you are given and from nothing else. Keep to the \
language, length and form that are asked for."""

HAND = [tool("transfer_to_" + n, "Hands over to the %s." % n, instructions="complete instructions")
        for n in ("researcher", "analyst", "writer")]
R_TOOLS = [tool("list_reports", "Reports of a company.", company="name"),
           tool("read_report", "Text of a report.", report_id="id")]
A_TOOLS = [tool("calculator", "Evaluates.", expression="arithmetic")]


class Firm:
    def __init__(self, rng, name):
        self.name = name
        self.new = rng.randrange(120, 2400) * 100 + rng.randrange(100)
        self.old = int(self.new / rng.uniform(0.85, 1.35))
        self.staff = rng.randrange(200, 9000)
        self.ids = {y: "%s-AR-%d" % (name.split()[0].upper(), y) for y in (2022, 2023, 2024)}

    def listing(self):
        return json.dumps([{"id": i, "title": "Annual report %d" % y, "pages": 80 + y % 7 * 9}
                           for y, i in self.ids.items()])

    def report(self, rng, year):
        cur, prev = (self.new, self.old) if year == 2024 else (self.old, int(self.old * 0.93))
        if year == 2022:
            cur, prev = int(self.old * 0.93), int(self.old * 0.9)
        rows = c.table(["EUR thousand", str(year), str(year - 1)], [
            ["Revenue", c.thousands(cur), c.thousands(prev)],
            ["Cost of sales", c.thousands(int(cur * 0.61)), c.thousands(int(prev * 0.63))],
            ["Operating result", c.thousands(int(cur * 0.12)), c.thousands(int(prev * 0.09))],
            ["Order intake", c.thousands(int(cur * 1.07)), c.thousands(int(prev * 1.02))],
            ["Employees (average)", self.staff, self.staff - 40]])
        return "%s - Annual report %d\n\n%s\n\nKey figures\n\n%s\n\n%s" % (
            self.name, year, "\n\n".join(c.paragraph(rng, self.name, 6) for _ in range(4)), rows,
            "\n\n".join(c.paragraph(rng, "group", 5) for _ in range(4)))


def growth(firm):
    return 100.0 * (firm.new - firm.old) / firm.old


FAULTS = ("route", "ping_pong", "handover", "fabricate", "unit", "stale", "slip", "language", "early", "down")
LANGS = {"English": ("grew by", "revenue"), "German": ("wuchs um", "Umsatz"), "Spanish": ("creció un", "ingresos"),
         "French": ("a progressé de", "chiffre d'affaires")}


def transfer(w, boss, who, instructions, think=""):
    w.visit(boss)
    call = w.llm(boss, think, [("transfer_to_" + who, {"instructions": instructions})])
    boss.messages.append(Message("tool", "Successfully transferred to " + who, call_id=call.calls[0].id,
                                 name="transfer_to_" + who))
    w.close_agent(boss, "")
    return call


def worker(w, boss, name, system, tools, instructions):
    agent = w.start(name, system, tools, under=w.root, task=instructions)
    return agent


def give_back(w, boss, agent, text):
    """The worker's last message becomes the boss's, by name."""
    w.close_agent(agent, text)
    boss.messages.append(Message("assistant", text, name=agent.name))


def research(w, rng, boss, firms, faults, told):
    text = ("Find the revenue of fiscal years 2023 and 2024 of %s in the annual reports. Give unit, year and report."
            % " and ".join(f.name for f in firms))
    call = transfer(w, boss, "researcher", text)
    agent = worker(w, boss, "researcher", RESEARCHER, R_TOOLS, text)
    lines = []
    both = rng.random() < 0.4   # both lists with one model call
    if both:
        listed = w.llm(agent, "", [("list_reports", {"company": f.name}) for f in firms])
        for used, firm in zip(listed.calls, firms):
            w.tool(agent, used, firm.listing())
    for k, firm in enumerate(firms):
        if not both:
            w.act(agent, "", "list_reports", {"company": firm.name}, firm.listing())
        year = 2023 if "stale" in faults and k == 0 else 2024
        if "down" in faults and k == 1:
            first = None
            for _ in range(2):
                _, used = w.act(agent, "", "read_report", {"report_id": firm.ids[2024]},
                                "Error: HTTP 503 Service Unavailable, upstream connect error or disconnect before "
                                "headers", error="HTTP 503 Service Unavailable", kind="httpx.HTTPStatusError")
                first = first or used
            w.blame(first, "tool_failure", "the report service answers 503 for the report with the figures")
            told[firm.name] = (int(firm.old * 1.1), int(firm.old * 1.02))
            lines.append("%s: revenue 2024 EUR %s thousand, 2023 EUR %s thousand (%s)" % (
                firm.name, c.thousands(told[firm.name][0]), c.thousands(told[firm.name][1]), firm.ids[2024]))
            continue
        if "down" not in faults:
            w.hiccup(agent, "", "read_report", {"report_id": firm.ids[year]}, 0.15, "HTTP 502 Bad Gateway", "httpx.HTTPStatusError")
        call = w.llm(agent, "", [("read_report", {"report_id": firm.ids[year]})])
        if year == 2023:
            w.blame(call, "stale_data", "reads the report of 2023 for figures of 2024; the list has the one of 2024")
        w.tool(agent, call.calls[0], firm.report(rng, year))
        if rng.random() < 0.4 and year == 2024:
            w.act(agent, "I cross-check the year before.", "read_report", {"report_id": firm.ids[2023]},
                  firm.report(rng, 2023))
        pair = (firm.old, int(firm.old * 0.93)) if year == 2023 else (firm.new, firm.old)
        if "fabricate" in faults and k == 0:
            pair = (int(firm.new * 1.18), int(firm.old * 0.97))
        told[firm.name] = pair
        unit = "million" if "unit" in faults and k == 0 else "thousand"
        lines.append("%s: revenue 2024 EUR %s %s, 2023 EUR %s %s (%s)" % (
            firm.name, c.thousands(pair[0]), unit, c.thousands(pair[1]), unit, firm.ids[year]))
    call = w.llm(agent, "Findings:\n- " + "\n- ".join(lines) + "\n\n" + c.echo(rng, agent.messages, 3))
    if "fabricate" in faults:
        w.blame(call, "hallucinated_fact", "the figures of %s are not those of the report" % firms[0].name)
    if "unit" in faults:
        w.blame(call, "misread_result", "the table is in thousands of euro, the findings say million")
    if "down" in faults:
        w.blame(call, "hallucinated_fact", "gives figures, with a source, for a report that could not be read")
    give_back(w, boss, agent, call.text)
    return call.text


def brief(firms, told, rates, lang, wrong_form):
    verb, noun = LANGS[lang]
    rows = c.table(["", "2023", "2024", "%"], [[f.name, c.thousands(told[f.name][1]), c.thousands(told[f.name][0]),
                                               "%.1f" % rates[f.name]] for f in firms])
    lead = " ".join("%s: %s %s %.1f %%." % (f.name, noun, verb, rates[f.name]) for f in firms)
    return lead + ("" if wrong_form else "\n\n" + rows)


def supervisor(rng, failed):
    names = rng.sample(c.COMPANY, 2)
    firms = [Firm(rng, n + " " + rng.choice(c.SECTOR)) for n in names]
    lang = rng.choice(sorted(LANGS))
    w = shapes.LangGraph(rng, "brief-team", rng.choice(["gpt-4.1-mini", "gpt-4o"]),
                         session="brief-%d" % rng.randrange(10**5))
    w.orphans = rng.random() < 0.5
    faults = c.pick(rng, FAULTS, failed, 1, 3)
    for a, b in (("stale", "fabricate"), ("fabricate", "unit"), ("stale", "unit"), ("down", "ping_pong")):
        if a in faults and b in faults:
            faults.discard(b)
    if failed and not faults - {"route", "ping_pong"}:
        faults.add(rng.choice(["fabricate", "slip", "language", "early"]))
    ask = ("Write a brief of at most 120 words in %s that compares the revenue growth of %s and %s from 2023 to 2024. "
           "Include a table with both years in EUR thousand and the growth in per cent with one decimal. Use their "
           "annual reports." % (lang, firms[0].name, firms[1].name))
    w.graph("LangGraph", ask)
    boss = shapes.Agent("supervisor", SUPER, HAND)
    boss.messages = [Message("user", ask)]
    told, rates = {}, {}
    if "route" in faults:
        call = transfer(w, boss, "writer", "Look up the revenue figures of both companies and write them down.")
        w.blame(call, "wrong_handoff", "sends the look-up of figures to the writer, who has no tools")
        agent = worker(w, boss, "writer", WRITER, [], call.calls[0].args["instructions"])
        text = w.llm(agent, "I have no access to reports; I need the figures from the researcher to write.").text
        give_back(w, boss, agent, text)
    found = research(w, rng, boss, firms, faults, told)
    if "ping_pong" in faults:
        n = rng.randrange(3, 6)
        for i in range(n):
            ask2 = "Please make sure that the revenue figures are there. Report them again with unit and source."
            call = transfer(w, boss, "researcher", ask2)
            agent = worker(w, boss, "researcher", RESEARCHER, R_TOOLS, ask2 + "\n\nEarlier findings:\n" + found)
            give_back(w, boss, agent, w.llm(agent, found).text)
        w.blame(call, "resource_abuse", "asks the researcher %d times for what has been reported already" % n)
    lines = "; ".join("%s 2024 %s, 2023 %s" % (f.name, c.thousands(told[f.name][0]), c.thousands(told[f.name][1]))
                      for f in firms)
    if "early" in faults:
        w.visit(boss)
        call = w.llm(boss, "The figures are: %s. Both companies developed well." % lines)
        w.blame(call, "premature_stop", "answers without growth rates, table or the writer's text")
        w.close_agent(boss, call.text)
        return w
    transfer(w, boss, "analyst", "Compute the growth of revenue from 2023 to 2024 in per cent, one decimal: %s." % lines)
    agent = worker(w, boss, "analyst", ANALYST, A_TOOLS, boss.messages[-2].calls[0].args["instructions"])
    for k, firm in enumerate(firms):
        new, old = told[firm.name]
        rates[firm.name] = 100.0 * (new - old) / old
        if "slip" in faults and k == 1:
            continue
        w.act(agent, "", "calculator", {"expression": "(%d - %d) / %d * 100" % (new, old, old)},
              "%.6f" % rates[firm.name])
    if "slip" in faults:
        rates[firms[1].name] += rng.choice([-2.7, 3.0, 9.0])
    call = w.llm(agent, "Growth: " + ", ".join("%s %.1f %%" % (f.name, rates[f.name]) for f in firms) + ".")
    if "slip" in faults:
        w.blame(call, "arithmetic_slip", "the rate of %s was not computed with the calculator and is wrong"
                % firms[1].name)
    give_back(w, boss, agent, call.text)
    constraint = "Write in %s, at most 120 words, with a table of both years in EUR thousand and the growth." % lang
    if "handover" in faults:
        constraint = "Write a short brief."
    told_writer = constraint + " Facts: %s; %s" % (lines, call.text)
    call = transfer(w, boss, "writer", told_writer)
    wrong = "handover" in faults
    if wrong:
        w.blame(call, "missing_handover", "does not pass on language, length and table, which the user asked for")
    agent = worker(w, boss, "writer", WRITER, [], told_writer)
    use = "English" if wrong and lang != "English" else lang
    if "language" in faults and not wrong:
        use = rng.choice([x for x in sorted(LANGS) if x != lang])
    call = w.llm(agent, brief(firms, told, rates, use, wrong))
    if use != lang and not wrong:
        w.blame(call, "forgot_instruction", "writes in %s, the instruction says %s" % (use, lang))
    give_back(w, boss, agent, call.text)
    w.visit(boss)
    w.llm(boss, call.text)
    w.close_agent(boss, call.text)
    return w
