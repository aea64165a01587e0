"""An orchestrator that plans a purchase or an event and gives the parts to workers behind tools."""
from dialects import AiSdk, GenAi, OpenInference
from text import CITIES, code, day, firm, firms, person, say
from trace import schema

FAULTS = ["plan_gap", "one_of_n", "lost_in_task", "ignored_warning", "wrong_pick", "unchecked_total", "one_of_n", "wrong_worker"]
LEAD = """You lead a small team. {Make a numbered plan first, then|Write down a plan, then} delegate each point to the worker who can do it.
Workers know nothing of the request but what you write to them. Collect their answers, check them against the request and report.
Workers: ask_sourcing finds offers, ask_legal checks terms, ask_finance checks budgets and sums."""
LEAD_TOOLS = [schema("ask_sourcing", "Finds offers.", task="everything the worker has to know"),
              schema("ask_legal", "Checks terms and data protection.", task="everything the worker has to know"),
              schema("ask_finance", "Budgets, sums, currencies.", task="everything the worker has to know")]
CATALOG = [schema("search_offers", "Offers by words.", query="words", city="city"), schema("offer_details", "One offer.", offer_id="O-…")]
LAW = [schema("read_terms", "Terms of an offer.", offer_id="O-…"), schema("clause_library", "Our standard clauses.", topic="topic")]
MONEY = [schema("budget_of", "Budget of a cost centre.", cost_center="number"), schema("add_up", "Adds numbers.", numbers=("array", "numbers"))]
NEEDS = [("must be cancellable until a week before", "cancellation until 7 days before: yes", "no cancellation after booking"),
         ("has to be step-free", "step-free access: yes", "two steps at the entrance"),
         ("needs an invoice with VAT shown", "invoice with VAT: yes", "receipt only, no VAT shown"),
         ("data has to stay in the EU", "data location: Ireland", "data location: Virginia, USA")]
THINGS = ["a seminar room for {n} people", "{n} rental laptops", "a coach for {n} passengers", "a buffet for {n} guests", "a booth for {n} visitors an hour"]


def planners(rng, fault):
    t = rng.choice([OpenInference, GenAi, AiSdk])(rng, "planning-team")
    city, when, n = rng.choice(CITIES), day(rng, 2026, 5, 11), rng.randint(2, 9) * 10
    things = [x.replace("{n}", str(n)) for x in rng.sample(THINGS, rng.randint(2, 4))]
    need = rng.choice(NEEDS)
    limit, center = rng.randint(30, 90) * 100, code(rng, "4###")
    a = t.agent(rng.choice(["orchestrator", "lead", "coordinator"]), say(rng, LEAD), LEAD_TOOLS)
    t.user(a, say(rng, "{For|We plan} our {day of the trade|open day|summer school} in $c on $d {we need|please organise offers for} $t. {Everything|Each of them} $need. "
                  "Budget: $l EUR in all (cost center $k). {Check the terms, too.|Legal has to look at the terms.}",
                  c=city, d=when.strftime("%d %B %Y"), t="; ".join(things), need=need[0], l=limit, k=center))
    steps = ["offers for " + x for x in things] + ["terms of the chosen offers", "sum against the budget"]
    if fault == "plan_gap":
        gap = rng.randrange(len(things) + 1)
        steps.pop(gap)
    plan = say(rng, "{Plan:|My plan|Steps}\n") + "\n".join("%d. %s" % (i + 1, x) for i, x in enumerate(steps))
    left = [x for x in things if "offers for " + x in steps]
    first = t.llm(a, plan, [("ask_finance", {"task": "What is left of the budget of cost center %s?" % center})])
    if fault == "plan_gap":
        t.root(first, "incomplete_plan", "the plan leaves out one of the things asked for")
    b = t.sub(first, 0, "finance_worker", say(rng, "You {answer|work on} questions about budgets. Use the tools."), MONEY, "What is left of the budget of cost center %s?" % center)
    t.do(b, "", "budget_of", {"cost_center": center}, {"cost_center": center, "left": limit + rng.randint(1, 9) * 250, "currency": "EUR"})
    done(t, b, "Cost center %s has enough left: more than %d EUR." % (center, limit))
    chosen = source(rng, t, a, left, need, city, when, fault)
    if fault != "plan_gap" or "terms of the chosen offers" in steps:
        terms(rng, t, a, chosen, need, fault)
    total(rng, t, a, chosen, limit, fault)
    end = say(rng, "{Here is my proposal.|The offers are chosen.} ") + "; ".join("%s: %s (%d EUR)" % (x, o["by"], o["price"]) for x, o in chosen) + say(rng, ". {All within budget and according to your conditions.|It fits the budget and all conditions.}")
    t.llm(a, end)
    t.finish(a, end)
    return t


def done(t, b, text):
    s = t.llm(b, text)
    t.leave(b, text)
    return s


def offers(rng, need, fault_pick):
    rows = [{"offer_id": code(rng, "O-#####"), "by": f, "price": rng.randint(4, 14) * 100} for f in firms(rng, rng.randint(2, 4))]
    for i, o in enumerate(rows):
        o["note"] = need[1] if i == 0 else rng.choice([need[1], need[2]])
    rows.append({"offer_id": code(rng, "O-#####"), "by": firm(rng), "price": 300, "note": need[2]})
    rng.shuffle(rows)
    return rows


def source(rng, t, a, things, need, city, when, fault):
    """Offers, by one worker in one go or one after the other."""
    together = fault == "one_of_n" or (rng.random() < .3 and fault in (None, "unchecked_total"))
    groups = [things] if together else [[x] for x in things]
    bad = rng.randrange(len(groups)) if fault in ("lost_in_task", "wrong_pick", "wrong_worker") else -1
    chosen = []
    for i, group in enumerate(groups):
        task = say(rng, "{Find offers in|Please look for offers in} $c for $d: $t.$need", c=city, d=when, t="; ".join(group),
                   need="" if fault == "lost_in_task" and i == bad else " Each " + need[0] + ".")
        if fault == "wrong_worker" and i == bad:
            s = t.llm(a, "", [("ask_legal", {"task": task})])
            t.root(s, "wrong_worker", "gives a search for offers to the worker who checks terms, and takes its answer for an offer")
            b = t.sub(s, 0, "legal_worker", "You check terms and data protection.", LAW, task)
            t.do(b, "", "clause_library", {"topic": "procurement"}, "General purchasing terms, version 4. Nothing on single offers.")
            done(t, b, "I cannot search offers. From our clause library the supplier of last year may be used again.")
            chosen.append((group[0], {"offer_id": "O-00000", "by": "supplier of last year", "price": 0, "note": ""}))
            continue
        s = t.llm(a, say(rng, "{Next: sourcing.|Now the offers.||}"), [("ask_sourcing", {"task": task})])
        if fault == "lost_in_task" and i == bad:
            t.root(s, "lost_requirement", "the task does not tell the worker that it " + need[0])
        b = t.sub(s, 0, "sourcing_worker", say(rng, "You {look for|find} offers and name the cheapest one that meets all conditions of the task."), CATALOG, task)
        found = []
        if fault == "one_of_n" and len(group) > 1:
            found = [group[rng.randrange(len(group))]]
        texts = []
        for x in group:
            if found and x not in found:
                continue
            rows = offers(rng, need, fault)
            t.do(b, say(rng, "{Searching.||Looking for $x.}", x=x), "search_offers", {"query": x, "city": city}, {"offers": rows})
            fit = [o for o in rows if o["note"] == need[1]]
            pick = min(fit, key=lambda o: o["price"])
            if i == bad and fault in ("lost_in_task", "wrong_pick"):
                pick = next(o for o in rows if o["price"] == 300 and o["note"] == need[2])
            t.do(b, "", "offer_details", {"offer_id": pick["offer_id"]}, dict(pick, valid_until="2026-12-31", city=city))
            chosen.append((x, pick))
            texts.append("%s: %s by %s, %d EUR (%s)" % (x, pick["offer_id"], pick["by"], pick["price"], pick["note"] if fault != "wrong_pick" else "meets the conditions"))
        s = done(t, b, say(rng, "{Found:|My choice:|Best offer} ") + "; ".join(texts))
        if fault == "one_of_n" and len(group) > 1:
            t.root(s, "incomplete_answer", "answers one of %d parts of the task" % len(group))
        if fault == "wrong_pick" and i == bad:
            t.root(s, "wrong_record", "chooses an offer whose own note contradicts the condition")
    return chosen


def terms(rng, t, a, chosen, need, fault):
    real = [o for _, o in chosen if o["offer_id"] != "O-00000"]
    s = t.llm(a, say(rng, "{Legal should read the terms.|Now the terms.}"), [("ask_legal", {"task": "Check the terms of %s." % ", ".join(o["offer_id"] for o in real)})])
    b = t.sub(s, 0, "legal_worker", "You check terms and data protection.", LAW, "Check the terms of %s." % ", ".join(o["offer_id"] for o in real))
    for o in real:
        t.do(b, "", "read_terms", {"offer_id": o["offer_id"]}, say(rng, "Terms of {business|sale} of $f. 1. Payment within $n days. 2. Place of jurisdiction is $c.", f=o["by"], n=rng.choice([14, 30]), c=rng.choice(CITIES)))
    if fault == "ignored_warning":
        bad = rng.choice(real)
        done(t, b, say(rng, "{Warning|Please note|Do not accept this}: the terms of $o ($f) let them raise the price by 40 % after signing{ and exclude any refund|}. The others are fine.", o=bad["offer_id"], f=bad["by"]))
        t.next_is_root("ignored_warning", "goes on with %s although legal warned of it" % bad["offer_id"])
    else:
        done(t, b, say(rng, "{No objections.|The terms are usual.|Nothing unusual in any of them.}"))


def total(rng, t, a, chosen, limit, fault):
    prices = [o["price"] for _, o in chosen]
    if fault == "unchecked_total":
        chosen[0][1]["price"] += limit
        t.next_is_root("no_verification", "the sum was planned and never made; it is over the budget")
        return
    if fault is None or rng.random() < .7:
        s = t.llm(a, say(rng, "{Last, the sum.|And the sum against the budget.}"), [("ask_finance", {"task": "Add %s and compare with %d EUR." % (prices, limit)})])
        b = t.sub(s, 0, "finance_worker", "You answer questions about budgets. Use the tools.", MONEY, "Add %s and compare with %d EUR." % (prices, limit))
        t.do(b, "", "add_up", {"numbers": prices}, str(sum(prices)))
        done(t, b, "The sum is %d EUR, %s the limit of %d EUR." % (sum(prices), "below" if sum(prices) <= limit else "above", limit))
