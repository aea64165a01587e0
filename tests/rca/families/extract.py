"""A document pipeline: invoices to JSON, checks, a sum. Model calls in a chain, no tools."""
import json

import content as c
import shapes
from wire import Message

EXTRACT = """You read one scanned invoice and return JSON only, no prose, with the keys: number, date (YYYY-MM-DD), \
supplier, currency (ISO), net, tax, gross, lines (list of {text, qty, price}).
Numbers have a dot as decimal sign and no thousands separator. What is not on the invoice is null. Do not compute \
amounts that are printed. Continental invoices write 1.234,50 for 1234.50."""
REPAIR = "The JSON below does not parse. Return the same content as valid JSON, complete, nothing else."
REVIEW = """You compare an extraction with the invoice text and return {"ok": true|false, "problems": [...]}. Compare every \
amount, the currency and the date, and net + tax = gross."""
SUM = """You get the extractions of a batch. Return JSON: {"count": n, "gross_by_currency": {"EUR": ..}, "missing": [numbers \
of invoices without a date]}. Do not mix currencies."""
FAULTS = ("decimal", "invent_date", "currency", "cut", "review_blind", "prose", "sum_slip", "swap", "drop_invoice", "line")


def invoice(rng, i):
    lines = [(rng.choice(["Consulting", "Filter set", "Freight", "Licence", "Service call", "Spare part"]) + " %s" % chr(
        65 + rng.randrange(26)), rng.randrange(1, 12), round(rng.uniform(9, 900), 2)) for _ in range(rng.randrange(3, 14))]
    net = round(sum(q * p for _, q, p in lines), 2)
    tax = round(net * rng.choice([0.07, 0.19, 0.2]), 2)
    row = {"number": "%s-%d" % (rng.choice(["RE", "INV", "F"]), 4100 + i), "date": str(c.date(rng, 2026)),
           "supplier": c.company(rng), "currency": rng.choice(["EUR", "EUR", "CHF", "GBP"]), "net": net, "tax": tax,
           "gross": round(net + tax, 2), "lines": [{"text": t, "qty": q, "price": p} for t, q, p in lines]}
    row["printed_date"] = rng.random() < 0.8

    def cont(x):
        return "{:,.2f}".format(x).replace(",", "_").replace(".", ",").replace("_", ".")

    text = "%s\n%s %d, %s\n\nInvoice %s%s\n\n%s\n\nNet %s\nTax %s\nTotal %s %s\n\n%s" % (
        row["supplier"].upper(), rng.choice(c.LAST) + " Street", rng.randrange(1, 99), c.town(rng), row["number"],
        "   Date: " + row["date"] if row["printed_date"] else "", "\n".join("%-22s %3d x %12s %14s" % (
            t, q, cont(p), cont(q * p)) for t, q, p in lines), cont(net), cont(tax), row["currency"], cont(row["gross"]),
        "Terms: " + c.paragraph(rng, "delivery", rng.randrange(6, 20)))
    return row, text


def chain(w, name, system, text, answer, finish=None):
    agent = shapes.Agent(name, system, [])
    agent.messages = [Message("user", text)]
    w.open_agent(agent, w.root)
    call = w.llm(agent, answer, finish=finish)
    w.close_agent(agent, answer)
    return call


def extract(rng, failed):
    w = shapes.OpenInference(rng, "invoice-pipeline", rng.choice(["gpt-4o-mini", "claude-haiku-4"]),
                             session="batch-%d" % rng.randrange(10**4))
    n = rng.randrange(6, 15)
    docs = [invoice(rng, i) for i in range(n)]
    faults = c.pick(rng, FAULTS, failed, 1, 3)
    if failed and not faults - {"review_blind"}:
        faults.add("decimal")
    if "review_blind" in faults and not faults & {"decimal", "currency", "swap"}:
        faults.add(rng.choice(["decimal", "currency", "swap"]))
    w.open("process_batch", None, dict(w.common("CHAIN"), **{"input.value": json.dumps({"files": ["%s.pdf" % d[0]["number"]
                                                                                                 for d in docs]})}))
    at = {f: k for f, k in zip(sorted(faults), rng.sample(range(n), len(faults)))}
    if "invent_date" in faults:
        docs[at["invent_date"]][0]["printed_date"] = False
        docs[at["invent_date"]] = (docs[at["invent_date"]][0], docs[at["invent_date"]][1].replace(
            "   Date: " + docs[at["invent_date"]][0]["date"], ""))
    rows = []
    for k, (row, text) in enumerate(docs):
        out = {x: v for x, v in row.items() if x != "printed_date"}
        if not row["printed_date"]:
            out["date"] = None
        why = None
        here = {f for f, i in at.items() if i == k}
        if "decimal" in here:
            out["gross"] = round(out["gross"] / 1000, 5)
            why = ("misread_result", "reads the point of the thousands as decimal sign: gross %s, not %s" % (
                out["gross"], row["gross"]))
        if "invent_date" in here:
            out["date"] = str(c.date(rng, 2026))
            why = ("hallucinated_fact", "the invoice bears no date")
        if "currency" in here:
            out["currency"] = rng.choice([x for x in ("EUR", "CHF", "GBP", "USD") if x != row["currency"]])
            why = ("misread_result", "currency %s, the invoice says %s" % (out["currency"], row["currency"]))
        if "swap" in here:
            out["net"], out["gross"] = out["gross"], out["net"]
            why = ("misread_result", "net and gross are exchanged")
        if "line" in here:
            out["lines"] = out["lines"][:-1]
            why = ("incomplete_task", "leaves out the last line of the invoice")
        answer = json.dumps(out, ensure_ascii=False, indent=1)
        if "prose" in here:
            answer = "Sure! Here is the extracted data:\n\n```json\n%s\n```\nLet me know if you need more." % answer
            why = ("format_error", "prose round the JSON; JSON only was asked for")
        if "cut" in here:
            cut = answer[:int(len(answer) * 0.6)]
            call = chain(w, "extract", EXTRACT, text, cut, "length")
            w.blame(call, "truncated_output", "the JSON ends in the middle, the output limit was reached")
            fixed = {x: v for x, v in out.items()}
            fixed["lines"] = [{"text": "Other", "qty": 1, "price": row["net"]}]
            call = chain(w, "repair", REPAIR, cut, json.dumps(fixed, ensure_ascii=False))
            w.blame(call, "hallucinated_fact", "fills in the lines that were cut off instead of asking for the rest")
            out = fixed
        else:
            call = chain(w, "extract", EXTRACT, text, answer)
            if why:
                w.blame(call, *why)
            if not failed and rng.random() < 0.12:   # a broken answer, repaired word for word
                chain(w, "repair", REPAIR, answer[:-1], answer)
        wrong = bool(here & {"decimal", "currency", "swap"})
        if wrong and "review_blind" in faults:
            call = chain(w, "review", REVIEW, text + "\n\n" + answer, json.dumps({"ok": True, "problems": []}))
            w.blame(call, "not_verified", "passes an extraction that differs from the invoice")
        elif not wrong and rng.random() < 0.5:
            chain(w, "review", REVIEW, text + "\n\n" + answer, json.dumps({"ok": True, "problems": []}))
        rows.append(out)
    totals = {}
    used = [r for k, r in enumerate(rows) if at.get("drop_invoice") != k]
    for r in used:
        totals[r["currency"]] = round(totals.get(r["currency"], 0) + r["gross"], 2)
    if "sum_slip" in faults:
        first = sorted(totals)[0]
        totals[first] = round(totals[first] + rng.choice([-1000, 900, 100, 270]), 2)
    answer = json.dumps({"count": len(used), "gross_by_currency": totals, "missing": [r["number"] for r in used
                                                                                   if not r["date"]]})
    call = chain(w, "summarise", SUM, json.dumps([{k: v for k, v in r.items() if k != "lines"} for r in rows],
                                                 ensure_ascii=False), answer)
    if "sum_slip" in faults:
        w.blame(call, "arithmetic_slip", "the sum of %s is not that of the extractions" % sorted(totals)[0])
    if "drop_invoice" in faults:
        w.blame(call, "incomplete_task", "counts %d of %d invoices" % (len(used), n))
    w.close(w.root, {"output.value": answer})
    return w
