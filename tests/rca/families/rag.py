"""Questions on a handbook: rewrite, retrieve, grade, answer; with retriever spans (langgraph)."""
import json

import content as c
import shapes
from wire import Message, compact

REWRITE = """Rewrite the question of the user into one search query. Keep names, numbers and conditions. If the \
conversation gives context, resolve references. Return only the query."""
GRADE = """You grade whether a retrieved passage helps to answer the question. Answer with JSON: {"relevant": true|false, \
"reason": "..."}."""
ANSWER = """You answer questions of employees on the handbook. Use only the passages. After each statement cite the passage as \
[id]. If the passages do not hold the answer, say 'The handbook does not say.' and name whom to ask. Keep to three \
sentences. Newer passages override older ones (see the 'valid from' date)."""
CHECK = """You check an answer against the passages: every statement must be supported by the passage it cites. Return JSON: \
{"grounded": true|false, "unsupported": [...]}."""
SUBJECTS = [
    ("parental leave", "weeks", "apply at least {n} weeks before", "HR operations"),
    ("travel by car", "cents per km", "up to {n} cents per km", "travel desk"),
    ("home office abroad", "days a year", "at most {n} days a year inside the EU", "tax team"),
    ("hardware purchases", "EUR", "up to {n} EUR without a second signature", "procurement"),
    ("overtime pay", "hours", "paid from hour {n} on", "payroll"),
    ("sick notes", "days", "needed from day {n} on", "HR operations"),
    ("gifts from suppliers", "EUR", "may be kept up to {n} EUR", "compliance"),
]
FAULTS = ("rewrite_loses", "ungrounded", "outdated", "grade_wrong", "no_cite", "check_blind", "misread", "answer_anyway",
          "long", "index_down")


class Flow:
    def __init__(self, w, rng):
        self.w, self.rng = w, rng

    def node(self, name, system, text, answer, finish=None):
        agent = shapes.Agent(name, system, [])
        agent.messages = [Message("user", text)]
        self.w.visit(agent)
        call = self.w.llm(agent, answer, finish=finish)
        self.w.close_agent(agent, answer)
        return call

    def retrieve(self, query, docs, error=None):
        w = self.w
        box = w.open("retrieve", w.root, dict(w.common("CHAIN"), metadata=compact({"langgraph_node": "retrieve"})))
        span = w.open("VectorStoreRetriever", box, dict(w.common("RETRIEVER"), **{"input.value": query}))
        w.tick(0.3)
        attrs = {}
        for i, d in enumerate(docs):
            attrs["retrieval.documents.%d.document.content" % i] = d["text"]
            attrs["retrieval.documents.%d.document.metadata" % i] = compact({"id": d["id"], "valid_from": d["from"]})
            attrs["retrieval.documents.%d.document.score" % i] = round(0.92 - 0.06 * i, 3)
        if error:
            w.exception(span, "ConnectionError", error)
        w.close(span, attrs, error)
        w.close(box)
        return span


def passage(rng, subject, fact, year):
    return {"id": "HB-%03d" % rng.randrange(1000), "from": "%d-01-01" % year, "text": "%s (valid from %d-01-01)\n%s %s %s" % (
        subject.title(), year, c.paragraph(rng, subject, rng.randrange(3, 8)), fact, c.paragraph(rng, subject, 4))}


def rag(rng, failed):
    subject, unit, rule, ask_whom = rng.choice(SUBJECTS)
    other = rng.choice([s for s in SUBJECTS if s[0] != subject])
    n, old = rng.randrange(5, 60), rng.randrange(61, 120)
    place = c.town(rng)
    faults = c.pick(rng, FAULTS, failed, 1, 2)
    if failed and faults == {"check_blind"}:
        faults.add(rng.choice(["ungrounded", "misread", "outdated"]))
    if "answer_anyway" in faults or "index_down" in faults:
        faults &= {"answer_anyway", "index_down", "check_blind"}
    w = shapes.LangGraph(rng, "handbook-qa", rng.choice(["gpt-4o-mini", "llama-3.3-70b"]),
                         session="qa-%d" % rng.randrange(10**5))
    w.orphans = False
    question = "I work in the %s office, part time since May. What is the rule on %s for me, how many %s?" % (
        place, subject, unit)
    w.graph("handbook_qa", question)
    flow = Flow(w, rng)
    query = "%s rule %s part time %s" % (subject, unit, place)
    if "rewrite_loses" in faults:
        query = "%s rule" % subject
    call = flow.node("rewrite", REWRITE, question, query)
    if "rewrite_loses" in faults:
        w.blame(call, "missing_handover", "drops office and part time from the query, so the general rule is found")
    fact = "For part-time staff in %s: %s." % (place, rule.format(n=n))
    general = "For full-time staff: %s." % rule.format(n=old)
    good = passage(rng, subject, fact, 2026)
    stale = passage(rng, subject, "For part-time staff in %s: %s." % (place, rule.format(n=old + 7)), 2021)
    wide = passage(rng, subject, general, 2026)
    noise = [passage(rng, other[0], other[2].format(n=rng.randrange(9, 90)) + ".", rng.choice([2022, 2026])) for _ in range(3)]
    docs = [wide, stale, good] + noise if "rewrite_loses" not in faults else [wide, stale] + noise
    rng.shuffle(docs)
    if "answer_anyway" in faults:
        docs = noise + [passage(rng, other[0], "See the intranet.", 2025)]
    if "index_down" in faults:
        flow.retrieve(query, [], "vector index 'handbook' is not loaded: 127.0.0.1:6333 refused the connection")
        docs = []
    else:
        flow.retrieve(query, docs)
        if not failed and rng.random() < 0.5:   # a second, better query is part of the flow
            flow.node("rewrite", REWRITE, question + "\n\nEarlier query: " + query, query + " handbook 2026")
            flow.retrieve(query + " handbook 2026", docs)
    kept = []
    for d in docs:
        relevant = subject.title() in d["text"][:60]
        verdict = relevant
        if "grade_wrong" in faults and d is good:
            verdict = False
        call = flow.node("grade", GRADE, "Question: %s\n\nPassage [%s]:\n%s" % (question, d["id"], d["text"]), json.dumps(
            {"relevant": verdict, "reason": "treats %s" % (subject if verdict else "another matter")}))
        if verdict != relevant:
            w.blame(call, "misread_result", "throws out the passage that holds the rule for this office")
        if verdict:
            kept.append(d)
    context = "\n\n".join("[%s] %s" % (d["id"], d["text"]) for d in kept) or "(no passages)"
    prompt = "Passages:\n%s\n\nQuestion: %s" % (context, question)
    cite = " [%s]" % good["id"]
    text = "For part-time staff in %s the rule is: %s%s." % (place, rule.format(n=n), cite)
    why = None
    if "rewrite_loses" in faults or "grade_wrong" in faults:
        text = "The rule on %s is: %s [%s]." % (subject, rule.format(n=old), wide["id"])
    if "outdated" in faults and stale in kept:
        text = "For part-time staff in %s the rule is: %s [%s]." % (place, rule.format(n=old + 7), stale["id"])
        why = ("stale_data", "takes the passage of 2021; the one of 2026 overrides it")
    elif "misread" in faults and good in kept:
        text = "For part-time staff in %s the rule is: %s%s." % (place, rule.format(n=old), cite)
        why = ("misread_result", "gives the figure for full-time staff, %d, not %d" % (old, n))
    elif "ungrounded" in faults:
        text += " In addition you get %d %s more after two years in the company%s." % (rng.randrange(2, 9), unit, cite)
        why = ("hallucinated_fact", "the addition stands in no passage")
    if "answer_anyway" in faults:
        text = "The rule on %s is: %s, for part-time staff in proportion." % (subject, rule.format(n=n))
        why = ("answer_from_memory", "no passage treats the matter; should say that the handbook does not say")
    if "index_down" in faults:
        text = "According to the handbook, %s." % rule.format(n=n)
        why = ("answer_from_memory", "the retrieval failed, the context is empty, and still quotes the handbook")
    if "no_cite" in faults:
        text = text.replace(cite, "")
        why2 = ("forgot_instruction", "cites no passage")
    if "long" in faults:
        text += " " + c.echo(rng, [Message("tool", d["text"]) for d in kept or docs], 8)
    call = flow.node("generate", ANSWER, prompt, text)
    if why:
        w.blame(call, *why)
    if "no_cite" in faults and cite not in text and "answer_anyway" not in faults:
        w.blame(call, *why2)
    if "long" in faults:
        w.blame(call, "format_error", "three sentences were allowed")
    wrong = bool(why) and "outdated" not in faults
    if "check_blind" in faults or not wrong or rng.random() < 0.5:
        call = flow.node("check", CHECK, prompt + "\n\nAnswer: " + text, json.dumps({"grounded": True, "unsupported": []}))
        if wrong:
            w.blame(call, "not_verified", "calls the answer grounded; it is not")
    w.close(w.root, {"output.value": compact({"generation": text})})
    return w
