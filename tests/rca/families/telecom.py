"""Hand-offs with openai-agents: triage, billing and technical support of a telephone company."""
import json

import content as c
import shapes
from wire import tool

TRIAGE = """You are the first contact of a telephone company. Identify the customer (phone number and date of \
birth; if several customers match the name, ask), find out what the matter is, then hand over: questions of \
invoices, credits and contracts to billing; trouble with line, router or speed to technical. If there are two \
matters, say so to the colleague before the hand-over. Do not solve anything yourself."""
BILLING = """You handle invoices, credits and contracts. Look at the invoice before you say anything about it. \
Credits up to 30 EUR a month may be given for a proven mistake; more needs request_approval first. Never credit a \
charge that is in the contract. When the customer has another, technical matter, hand over to technical. When \
all matters are dealt with, sum up and end."""
TECH = """You handle line, router and speed. Always run the line test before you give advice, and follow its \
verdict: 'degraded' needs a technician. Offer only dates that get_slots returns and respect what the customer \
says about dates. Mention an outage only when get_outages shows it. For invoices hand over to billing."""

B_TOOLS = [tool("get_invoices", "Invoices of the last months.", customer_id=""),
           tool("apply_credit", "Credits an amount.", customer_id="", amount="EUR", reason=""),
           tool("request_approval", "Asks a supervisor.", customer_id="", amount="", reason=""),
           tool("transfer_to_technical", "Hands over.")]
T_TOOLS = [tool("run_line_test", "Tests the line.", customer_id=""),
           tool("get_outages", "Outages in an area.", zip=""),
           tool("get_slots", "Free dates of technicians.", zip="", week=""),
           tool("schedule_technician", "Books a visit.", customer_id="", slot=""),
           tool("reset_port", "Resets the port in the exchange.", customer_id=""),
           tool("transfer_to_billing", "Hands over.")]
F_TOOLS = [tool("lookup_customer", "Finds customers.", name="", phone="", date_of_birth=""),
           tool("transfer_to_billing", "Hands over."), tool("transfer_to_technical", "Hands over.")]

TEXTS = {
    "en": ("Hello, this is {n}. My internet has been terribly slow for a week, and on top of that my last invoice "
           "is {x} EUR higher than usual.", "My number is {p}, born {d}.",
           "Please no visit on {day}, I'm not at home.", "Yes, that works.", "Thanks, that was all.",
           "The invoice is urgent, the line can wait."),
    "de": ("Guten Tag, {n} hier. Mein Internet ist seit einer Woche sehr langsam, und die letzte Rechnung ist {x} EUR "
           "höher als sonst.", "Meine Nummer ist {p}, geboren am {d}.",
           "Bitte keinen Termin am {day}, da bin ich nicht zu Hause.", "Ja, das passt.",
           "Danke, das war alles.", "Die Rechnung ist dringend, die Leitung kann warten."),
    "es": ("Hola, soy {n}. Llevo una semana con el internet muy lento y además la última factura es {x} EUR más alta de "
           "lo normal.", "Mi número es {p}, nací el {d}.", "El {day} no puedo, no estaré en casa.",
           "Sí, perfecto.", "Gracias, eso era todo.", "Lo urgente es la factura, la línea puede esperar.")}

FAULTS = ("wrong_handoff", "ping_pong", "credit_over", "wrong_customer", "lost_issue", "ignore_test", "swallow",
          "bad_day", "outage", "blind_credit")


def telecom(rng, failed):
    w = shapes.OpenAiAgents(rng, "telco-assist", "gpt-4.1", session="call-%d" % rng.randrange(10**6))
    faults = c.pick(rng, FAULTS, failed, 1, 3)
    if "ping_pong" in faults:
        faults.discard("wrong_handoff")
    for a, b in (("lost_issue", "ignore_test"), ("lost_issue", "swallow"), ("lost_issue", "bad_day"),
                 ("lost_issue", "outage"), ("ignore_test", "swallow"), ("ignore_test", "bad_day"),
                 ("outage", "ignore_test"), ("outage", "swallow"), ("outage", "bad_day"),
                 ("swallow", "bad_day"), ("credit_over", "blind_credit")):
        if a in faults and b in faults:
            faults.discard(b)
    if failed and not faults - {"wrong_handoff", "ping_pong"}:
        faults.add(rng.choice(["credit_over", "lost_issue", "ignore_test", "swallow"]))
    name = c.person(rng)
    lang = rng.choice(sorted(TEXTS))
    said = TEXTS[lang]
    right = "C%06d" % rng.randrange(10**6)
    twin = "C%06d" % rng.randrange(10**6)
    born = c.date(rng, rng.randrange(1955, 2000))
    phone = "+49 30 %07d" % rng.randrange(10**7)
    over = rng.choice([24, 27, 48, 65]) if "credit_over" not in faults else rng.choice([45, 60, 75])
    days = ["Tuesday", "Wednesday", "Thursday", "Friday"]
    bad, good = rng.sample(days, 2)
    fill = {"n": name, "x": over, "p": phone, "d": born, "day": bad}
    rows = [{"customer_id": twin, "name": name, "phone": "+49 40 %07d" % rng.randrange(10**7),
             "date_of_birth": str(c.date(rng, 1949)), "plan": "Fiber 100", "zip": "20095"},
            {"customer_id": right, "name": name, "phone": phone, "date_of_birth": str(born),
             "plan": "Fiber 250", "zip": "10115"}]
    agent = w.start("triage", TRIAGE, F_TOOLS)
    w.user(agent, said[0].format(**fill) + {True: " " + said[5], False: ""}[bool(
        faults & {"wrong_handoff", "ping_pong"})])
    who = right
    if "wrong_customer" in faults:
        w.act(agent, "", "lookup_customer", {"name": name}, json.dumps(rows, ensure_ascii=False))
        who = twin
    else:
        w.llm(agent, "I'm sorry to hear that, %s. To find your contract I need your phone number and date of birth."
              % name.split()[0])
        w.user(agent, said[1].format(**fill))
        w.act(agent, "", "lookup_customer", {"name": name, "phone": phone, "date_of_birth": str(born)},
              json.dumps(rows[1:], ensure_ascii=False))
    note = "" if "lost_issue" in faults else "There are two matters: a slow line and a higher invoice. "
    first = "transfer_to_technical" if faults & {"wrong_handoff"} else "transfer_to_billing"
    call = w.llm(agent, note + "I'm handing you over to a colleague.", [(first, {})])
    if "wrong_handoff" in faults:
        agent = w.handoff(agent, call.calls[0], "technical", TECH, T_TOOLS)
        w.blame(call, "wrong_handoff", "hands over to technical although the customer says that the invoice comes first")
        w.user(agent, "As I said: the invoice first, please.")
        call = w.llm(agent, "", [("transfer_to_billing", {})])
    agent = w.handoff(agent, call.calls[0], "billing", BILLING, B_TOOLS)
    if "ping_pong" in faults:
        n = rng.randrange(2, 5)
        for i in range(n):
            call = w.llm(agent, "", [("transfer_to_technical", {})])
            if i == 0:
                w.blame(call, "wrong_handoff", "hands over at once although the invoice is its own task and comes first")
            agent = w.handoff(agent, call.calls[0], "technical", TECH, T_TOOLS)
            call = w.llm(agent, "", [("transfer_to_billing", {})])
            agent = w.handoff(agent, call.calls[0], "billing", BILLING, B_TOOLS)
        w.blame(call, "resource_abuse", "the case goes to and fro %d times and nobody works on it" % n)
    invoices = json.dumps([{"month": "2026-0%d" % m, "total": 39.9 + (over if m == 3 else 0), "lines": [
        {"text": "Fiber 250", "amount": 39.9}] + ([{
            "text": "Router replacement, not returned" if "blind_credit" in faults else
            "Premium hotline (booked by mistake of ours, ticket 7731)", "amount": over}] if m == 3 else [])}
        for m in (1, 2, 3)])
    if "blind_credit" in faults:
        call = w.llm(agent, "", [("apply_credit", {"customer_id": who, "amount": min(over, 30),
                                                   "reason": "customer complains about the amount"})])
        w.blame(call, "policy_violation", "gives a credit without having looked at the invoice")
        w.tool(agent, call.calls[0], json.dumps({"status": "credited", "amount": min(over, 30)}))
    else:
        call = w.llm(agent, "", [("get_invoices", {"customer_id": who})])
        w.tool(agent, call.calls[0], invoices)
        if over > 30 and "credit_over" not in faults:
            w.act(agent, "", "request_approval", {"customer_id": who, "amount": over, "reason": "ticket 7731"},
                  json.dumps({"approved": True, "by": c.person(rng)}, ensure_ascii=False))
        credit = w.llm(agent, "", [("apply_credit", {"customer_id": who, "amount": over, "reason":
                                                     "hotline charged by mistake, ticket 7731"})])
        if "credit_over" in faults:
            w.blame(credit, "policy_violation", "credits %d EUR without the approval that is needed above 30" % over)
        w.tool(agent, credit.calls[0], json.dumps({"status": "credited", "amount": over}))
    if who == twin:
        w.blame(call, "wrong_argument", "takes the first of two customers of that name; phone and date of birth were "
                "never asked")
    if "blind_credit" not in faults:
        for what in rng.sample(["end", "month", "paper"], rng.randrange(0, 4)):
            if what == "month":
                w.user(agent, {"en": "And what did I pay in January?", "de": "Und was habe ich im Januar bezahlt?",
                               "es": "¿Y cuánto pagué en enero?"}[lang])
                w.llm(agent, "In January it was 39.90 EUR, for Fiber 250.")
            else:
                w.user(agent, {"end": "When does my contract end?", "paper": "Can I get the invoices on paper?"}[what])
                w.llm(agent, "I'm sorry, that isn't something I can see or change here; the service page of your account shows it.")
                w.user(agent, "Ok.")
    text = "The March invoice held an extra position of %d EUR. I have credited %d EUR to your account." % (
        over, min(over, 30) if "blind_credit" in faults else over)
    if "lost_issue" in faults:
        call = w.llm(agent, text + " That settles your matter. Have a nice day!")
        w.blame(call, "incomplete_task", "ends without a word on the slow line, which the customer named first")
        w.user(agent, said[4])
        w.end(agent)
        return w
    w.llm(agent, text + " Now to your line; I hand you over to technical support.")
    w.user(agent, said[3])
    call = w.llm(agent, "", [("transfer_to_technical", {})])
    agent = w.handoff(agent, call.calls[0], "technical", TECH, T_TOOLS)
    if "outage" in faults:
        call = w.llm(agent, "I see a large outage in your area that is being repaired; it should be over tomorrow. "
                     "Please be patient.")
        w.blame(call, "hallucinated_fact", "speaks of an outage without having asked get_outages or run the test")
        w.user(agent, said[4])
        w.end(agent)
        return w
    w.hiccup(agent, "", "run_line_test", {"customer_id": who}, 0.2, "test head busy, try again", "LineTestError")
    w.act(agent, "", "run_line_test", {"customer_id": who}, json.dumps({
        "sync_down_mbit": 31.2, "sync_up_mbit": 4.4, "attenuation_db": 38.5, "crc_errors_24h": 91823,
        "snr_margin_db": 3.1, "verdict": "degraded"}), seconds=20)
    if rng.random() < 0.5:
        w.act(agent, "", "get_outages", {"zip": "10115"}, "[]")
    if "ignore_test" in faults:
        call = w.llm(agent, "The line test is fine, everything is in the green. Please restart your router and the speed "
                     "will be back.")
        w.blame(call, "ignored_tool_output", "the test says 'degraded' with 91,823 errors; calls it fine")
        w.user(agent, said[4])
        w.end(agent)
        return w
    w.llm(agent, "The test shows a degraded line, so a technician has to come. Are there days that do not suit you?")
    w.user(agent, said[2].format(**fill))
    slots = [{"slot": "%s 0%d:00" % (d, rng.randrange(8, 10)), "free": True} for d in days if rng.random() < 0.6 or d in
             (good, bad)]
    w.act(agent, "", "get_slots", {"zip": "10115", "week": "14"}, json.dumps(slots))
    day = bad if "bad_day" in faults else good
    slot = [s["slot"] for s in slots if s["slot"].startswith(day)][0]
    call = w.llm(agent, "", [("schedule_technician", {"customer_id": who, "slot": slot})])
    if "bad_day" in faults:
        w.blame(call, "forgot_instruction", "books %s, the day that the customer ruled out" % bad)
    if "swallow" in faults:
        w.tool(agent, call.calls[0], json.dumps({"status": "rejected", "reason": "slot was taken meanwhile"}))
        call = w.llm(agent, "Your technician comes on %s. Is there anything else?" % slot)
        w.blame(call, "swallowed_error", "confirms a visit that the tool rejected")
    else:
        if not failed and rng.random() < 0.5:   # taken meanwhile, then another one: fine
            w.tool(agent, call.calls[0], json.dumps({"status": "rejected", "reason": "slot was taken meanwhile"}))
            other = [s["slot"] for s in slots if not s["slot"].startswith(bad) and s["slot"] != slot]
            slot = other[0] if other else slot.replace("08", "13").replace("09", "14")
            call = w.llm(agent, "", [("schedule_technician", {"customer_id": who, "slot": slot})])
        w.tool(agent, call.calls[0], json.dumps({"status": "booked", "slot": slot, "ref": c.order_id(rng, "T")}))
        w.llm(agent, "Your technician comes on %s; you will get a message the day before. Anything else?" % slot)
    w.user(agent, said[4])
    w.llm(agent, "Thank you, %s. Goodbye!" % name.split()[0])
    w.end(agent)
    return w
