"""Named agents in one chat write a plan for an event: a chair, a budget keeper, a safety officer, a writer."""
from dialects import TeamChat
from text import CITIES, day, say

FAULTS = ["unheard", "sum_wrong", "lost_point", "early_stop", "half_answer", "rubber", "format", "wrong_date", "loop"]


class Plan:
    def __init__(self, rng):
        self.rng = rng
        self.what = rng.choice(["street festival", "science night", "charity run", "open-air cinema", "repair fair"])
        self.city, self.date = rng.choice(CITIES), day(rng, 2026, 5, 9)
        self.guests = rng.randint(3, 40) * 50
        self.items = [(x, rng.randint(4, 60) * 50) for x in rng.sample(["stage", "security", "toilets", "insurance", "power", "printing", "first aid", "music fees"], rng.randint(3, 5))]
        self.cap = sum(p for _, p in self.items) + rng.randint(1, 8) * 100
        self.must = rng.choice(["a way in for wheelchairs", "a quiet hour for children", "drinking water for free", "a plan for heavy rain"])
        self.words = rng.choice([150, 200, 250])


def council(rng, fault):
    t = TeamChat(rng, "event-council")
    p = Plan(rng)
    chair, money, safety, writer = ["%s%s" % (x, rng.choice(["", "_agent", "Bot"])) for x in (rng.choice(["Chair", "Facilitator"]), rng.choice(["Treasurer", "Budget"]), rng.choice(["Safety", "RiskOfficer"]), rng.choice(["Writer", "Scribe"]))]
    for n, x in ((chair, "You lead the talk and end it with APPROVED when all is there."), (money, "You keep the budget."), (safety, "You look for dangers."), (writer, "You write the document.")):
        t.member(n, say(rng, x + " {Short messages.|Be brief.|}"))
    t.team(say(rng, "{Write|Draft} a plan for a $w in $c on $d for $g guests. {It must have|Do not forget} $m. Costs at most $x EUR. {Deliver it as a document with the headings|Headings:} Programme, Budget, Safety. At most $n words.",
               w=p.what, c=p.city, d=p.date.strftime("%d %B %Y"), g=p.guests, m=p.must, x=p.cap, n=p.words))
    opening(rng, t, p, chair, money, safety, writer, fault)
    budget(rng, t, p, chair, money, fault)
    risk(rng, t, p, chair, safety, writer, fault)
    document(rng, t, p, chair, money, safety, writer, fault)
    t.over()
    return t


def opening(rng, t, p, chair, money, safety, writer, fault):
    tasks = say(rng, "$m: costs. $s: dangers for $g guests. $w: {text, with $x|the document; it must have $x}.", m=money, s=safety, w=writer, g=p.guests, x=p.must)
    if fault == "lost_point":
        tasks = say(rng, "$m: costs. $s: dangers for $g guests. $w: {text|the document}.", m=money, s=safety, w=writer, g=p.guests)
    s = t.post(chair, say(rng, "{Welcome all.|Let us begin.|} ") + tasks)
    if fault == "lost_point":
        t.root(s, "lost_requirement", "gives out the work without '%s'" % p.must)
    for _ in range(rng.randint(0, 5)):
        who = rng.choice([money, safety, writer])
        t.post(who, say(rng, "{Understood.|On it.|Is the square closed to traffic that day?|Last year we had fewer guests, I think.|I start with my part.|We should ask the fire brigade early.}"))


def budget(rng, t, p, chair, money, fault):
    rows = list(p.items)
    asked = t.post(chair, say(rng, "{$m, what does it cost?|The budget, please, $m: {every item|all items of} $i.}", m=money, i=", ".join(x for x, _ in rows)))
    if fault == "half_answer":
        s = t.post(money, "%s: %d EUR." % rows[0])
        t.root(s, "incomplete_answer", "gives the price of one of %d items" % len(rows))
        p.shown, p.total = rows[:1], rows[0][1]
        return asked
    p.shown, p.total = rows, sum(x for _, x in rows)
    if fault in ("sum_wrong", "rubber"):
        p.total = p.total - rng.choice([150, 400, 900])
    s = t.post(money, say(rng, "{Costs:|My list:} ") + "; ".join("%s %d" % r for r in rows) + ". " + say(rng, "{Sum|Total}: $t EUR{, below the limit|}.", t=p.total))
    if fault in ("sum_wrong", "rubber"):
        t.root(s, "wrong_value", "the items add up to %d" % sum(x for _, x in rows))
    if fault == "rubber":
        s = t.post(chair, say(rng, "{I added it up again, it is right.|Checked, the sum is correct.}"))
        t.also(s, "no_verification", "says that it was added up; it was not")
    return s


def risk(rng, t, p, chair, safety, writer, fault):
    warn = fault == "unheard" or rng.random() < .3
    t.post(safety, say(rng, "{Exits are wide enough for $g people.|For $g guests two first-aid posts are enough.}", g=p.guests) +
           (say(rng, " But {the stage must not stand before the north gate, it is the way of the fire engines|no gas bottles in the tent, that is forbidden there}. {Please change that.|This has to be in the plan.}") if warn else ""))
    p.warned = warn
    if warn and fault != "unheard":
        t.post(chair, say(rng, "{Thank you, the writer takes that in.|Good catch; $w, please.}", w=writer))
    if fault == "loop":
        first = t.post(chair, say(rng, "{Before we go on: any other opinions on the name?|Let us find a slogan first.}"))
        t.root(first, "no_progress", "opens a question that nobody asked for; the talk turns around it until the end")
        for _ in range(rng.randint(4, 9)):
            t.post(rng.choice([writer, safety]), say(rng, "{How about '$w for all'?|Maybe shorter.|I like the first one.|Or '$c shines'?|Let us think again.}", w=p.what, c=p.city))


def document(rng, t, p, chair, money, safety, writer, fault):
    if fault == "loop":
        t.post(chair, say(rng, "{We are out of turns. APPROVED|Time is over. APPROVED}"))
        return
    if fault == "early_stop":
        s = t.post(chair, say(rng, "{Everything is said. APPROVED|Good work all. APPROVED}"))
        t.root(s, "premature_end", "ends the talk before the document was written")
        return
    date = p.date if fault != "wrong_date" else p.date.replace(month=p.date.month + 1)
    must = "" if fault in ("lost_point",) else " There is %s." % p.must
    safe = " The remark of %s is taken in: nothing blocks the fire engines and no gas is used." % safety if p.warned and fault != "unheard" else ""
    parts = ["# Programme\n%s in %s, %s, from 14:00. %s%s" % (p.what.capitalize(), p.city, date.strftime("%d %B %Y"), say(rng, "{Music until ten.|Opening by the mayor.|Stalls on both sides.}"), must),
             "# Budget\n" + "\n".join("- %s: %d EUR" % r for r in p.shown) + "\nTotal %d EUR" % p.total,
             "# Safety\n%s%s" % (say(rng, "{Two first-aid posts.|Exits stay free.}"), safe)]
    text = "\n\n".join(parts) if fault != "format" else " ".join(x.split("\n", 1)[1].replace("\n", " ") for x in parts)
    s = t.post(writer, text)
    why = {"unheard": ("ignored_warning", "the remark on safety is not in the document"), "format": ("wrong_format", "the headings that were asked for are missing"),
           "wrong_date": ("wrong_value", "writes %s, the event is on %s" % (date, p.date))}.get(fault)
    if why:
        t.root(s, *why)
    for _ in range(rng.randint(0, 3)):
        t.post(rng.choice([money, safety]), say(rng, "{Fine with me.|No remarks.|Reads well.}"))
    t.post(chair, say(rng, "{Thank you all. APPROVED|APPROVED}"))
