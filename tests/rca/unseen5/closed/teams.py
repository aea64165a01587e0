"""Several agents: what one says is not what another takes it for, or nobody does what all think is done."""
import content as c
import places
from stage import spin


def report_without_work(p, t, bad):
    """A specialist reports figures without having looked for them."""
    town = c.town(t)
    rent, made_up = t.randrange(8, 30), t.randrange(31, 45)
    places.lead(p, "What is the average rent per square metre in %s according to its housing office? And what does a tram ticket cost there?" % town, town, {"housing": "knows housing offices", "transit": "knows transit", "writer": "writes"})
    p.idle(0, 2)
    jobs = ["housing", "transit"]
    p.rng.shuffle(jobs)
    fare = t.randrange(1, 6)
    for job in jobs:
        what = "average rent per square metre in %s, by the housing office" % town if job == "housing" else "price of a tram ticket in %s" % town
        value = rent if job == "housing" else fare
        p.enter(spin(p.rng, "{The %s specialist first|A brief to %s}." % (job, job)), job, "You look things up with the tools and report value and source.", "Find the %s. Report value and source." % what, places.RESEARCH[:2])
        if job == "housing" and bad:
            last = p.leave("The average is %d EUR. Source: housing office of %s, report of 2025, table 3." % (made_up, town))
            p.cause(last, "Fabrication", "no tool was called; figure and source are invented")
            continue
        p.do("{Searching|Looking it up}.", ("web_search", {"query": what}, c.hits(p.rng, what, [(what.title(), "https://data.example.gov/%s" % town.lower(), "It is %d EUR at present." % value)])))
        p.idle(0, 2)
        p.leave("%d EUR. Source: data.example.gov." % value)
        p.idle(0, 2)
    p.end("{Rent and ticket|In short}: ", "%d EUR per square metre, ticket %d EUR" % (made_up if bad else rent, fare))
    p.after()
    return lambda run: run.final.startswith("%d EUR" % rent)


def to_the_wrong_one(p, t, bad):
    """The coordinator gives the matter to a specialist whose rules are for something else."""
    who, sum_ = c.person(t), t.randrange(100, 3000)
    places.lead(p, "Claim of %s: %d EUR for a suitcase that was LOST (not damaged) on flight %s%d. Decide what is paid." % (who, sum_, t.choice(("TA", "NX", "QV")), t.randrange(100, 999)), "the claim", {
        "damage": "damaged baggage; pays half of the value", "loss": "lost baggage; pays the whole value up to 1,300 EUR", "delay": "delayed baggage; pays 50 EUR a day"}, " Each claim belongs to exactly one of them.")
    p.idle(0, 3)
    job = t.choice(("damage", "delay")) if bad else "loss"
    paid = {"damage": sum_ // 2, "delay": 100, "loss": min(sum_, 1300)}[job]
    if paid == min(sum_, 1300) and bad:
        paid = paid // 2
    brief = p.enter(spin(p.rng, "{This is for|I give it to} %s." % job), job, "You decide claims on baggage (%s)." % job, "Claim of %s over %d EUR for a suitcase. Decide the sum." % (who, sum_), places.RESEARCH[3:5])
    if bad:
        p.cause(brief, "Wrong Hand-off", "a lost suitcase goes to %s" % job)
    p.do("{The sum|Compute}.", ("calculator", {"expression": "min(%d, 1300)" % sum_ if job == "loss" else "%d" % paid}, str(paid)))
    p.leave("Decision: %d EUR." % paid)
    p.idle(0, 4)
    p.end("{Decided|The claim is settled}: ", "%d EUR" % paid)
    p.after()
    return lambda run: run.final == "%d EUR" % min(sum_, 1300)


def thousands_taken_as_units(p, t, bad):
    """One member delivers in thousands and says so; another goes on as if they were units."""
    firm, per = c.company(t), t.randrange(2, 30)
    k = t.randrange(40, 900)
    team = {"Chair": "You chair.", "Statistician": "You deliver figures, in thousands, and say so.", "Cost_Analyst": "You compute.", "Scribe": "You write the result as 'TOTAL: n EUR'."}
    places.crew(p, "What would it cost to send a letter to each customer of %s at %d EUR a letter?" % (firm, per), "Chair", team, firm)
    p.idle(0, 3)
    p.do("{Customers by the register|The register has}: %d (in thousands)." % k, by="Statistician")
    p.idle(0, 4)
    n = k if bad else k * 1000
    made = p.do("%s letters at %d EUR: {together|that is} %s EUR." % (c.thousands(n), per, c.thousands(n * per)), by="Cost_Analyst")
    if bad:
        p.cause(made, "Misread Input", "%d thousand customers as %d" % (k, k), "Cost_Analyst")
    p.idle(0, 5)
    p.do("{No objection|Fine}. Scribe, {please write it down|the result please}.", by="Chair")
    p.final = "TOTAL: %d EUR" % (n * per)
    p.do(p.final, by="Scribe")
    p.idle(0, 2)
    return lambda run: run.final == "TOTAL: %d EUR" % (k * 1000 * per)


def ended_with_a_part_open(p, t, bad):
    """The chair ends the chat while one of the parts that were handed out is not there."""
    town = c.town(t)
    parts = t.sample(("budget", "poster text", "route", "list of helpers", "press note", "permit letter"), t.randrange(3, 5))
    names = t.sample(("Ada", "Bo", "Cem", "Dana", "Eli"), len(parts))
    team = dict({"Chair": "You chair and end the chat with TERMINATE when all parts are there."}, **{n: "You write the %s." % q for n, q in zip(names, parts)})
    places.crew(p, "Prepare a run through %s. Needed: %s. All of them." % (town, ", ".join(parts)), "Chair", team, "the run through " + town)
    p.do("{Who does what|The parts}: %s." % "; ".join("%s - %s" % (q, n) for n, q in zip(names, parts)), by="Chair")
    order = list(zip(names, parts))
    p.rng.shuffle(order)
    for n, q in order[:-1] if bad else order:
        p.idle(0, 2)
        p.do("{Here is|My part}, the %s: %s" % (q, c.paragraph(p.rng, q, 2)), by=n)
        p.state[q] = n
    p.idle(0, 2)
    made = p.do("{All parts are there|Thank you all, that is complete}. TERMINATE", by="Chair")
    if bad:
        p.cause(made, "Premature Termination", "the %s is missing" % order[-1][1], "Chair")
    for _ in range(p.rng.choice((0, 0, 1, 2, 3))):
        p.do("{Thanks|Good work|See you}!", by=p.rng.choice(names))
    return lambda run: set(run.state) == set(parts)


FAMILIES = {"report-without-work": ("lead", report_without_work), "to-the-wrong-one": ("lead", to_the_wrong_one), "thousands-taken-as-units": ("crew", thousands_taken_as_units),
            "ended-with-a-part-open": ("crew", ended_with_a_part_open)}
