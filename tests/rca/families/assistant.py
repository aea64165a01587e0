"""A personal assistant for mail and calendar: several requests in one go (ADK, Langfuse, GenAI)."""
import datetime
import json

import content as c
import shapes
import shapes_more
from wire import tool

SYSTEM = """You are the assistant of {name} ({mail}), who works in {zone}.
- Requests often hold several tasks: do them all, and report on each at the end.
- People are found with find_contact. If several match, ask or use what the request says about them; do not pick one.
- Before an e-mail leaves the house (not {domain}) show the draft and wait for a yes.
- Meetings: check list_events for all who have to come, keep to office hours (9 to 17 in {zone}), no meeting over lunch \
(12 to 13), and give all times with zone. Other participants may be in other zones.
- Never delete or move an event that others have accepted without asking.
- Quote documents only from read_document. Attach only what was asked for.
- If a tool fails, try once more, then say so."""
TOOLS = [tool("find_contact", "", name=""), tool("list_events", "", person="", date=""),
         tool("create_event", "", title="", start="ISO with zone", minutes="", attendees=""),
         tool("move_event", "", event_id="", start=""), tool("search_mail", "", query=""), tool("read_mail", "", mail_id=""),
         tool("read_document", "", document_id=""), tool("send_mail", "", to="", subject="", body="", attachments=""),
         tool("create_task", "", text="", due="")]
ZONES = {"Berlin": 1, "Lisbon": 0, "Athens": 2, "New York": -5}
FAULTS = ("wrong_person", "zone", "clash", "no_draft", "skip_task", "invent_quote", "attach", "lunch", "old_mail", "down",
          "move_accepted", "dig")


def iso(day, hour, offset):
    return "%sT%02d:00:00%s%02d:00" % (day, hour, "+" if offset >= 0 else "-", abs(offset))


def assistant(rng, failed):
    me = c.person(rng)
    zone = rng.choice(["Berlin", "Lisbon"])
    domain = rng.choice(c.COMPANY).lower() + ".example.com"
    first = rng.choice(c.FIRST)
    lasts = rng.sample(c.LAST, 3)
    who, twin = "%s %s" % (first, lasts[0]), "%s %s" % (first, lasts[1])
    firm = c.company(rng)
    client = c.person(rng)
    client_zone = rng.choice([z for z in sorted(ZONES) if z != zone])
    day = datetime.date(2027, rng.randrange(2, 3), rng.randrange(2, 26))
    faults = c.pick(rng, FAULTS, failed, 1, 3)
    if failed and not faults - {"dig"}:
        faults.add(rng.choice(["zone", "clash", "no_draft", "skip_task"]))
    if "clash" in faults or "lunch" in faults:
        faults.discard("zone")
    if "clash" in faults:
        faults.discard("lunch")
    if "down" in faults:
        faults.discard("attach")
    shape = rng.choice([shapes_more.Adk, shapes_more.Langfuse, shapes_more.Adk, shapes.GenAi])
    w = shape(rng, "assistant", rng.choice(["gemini-2.5-pro", "gpt-4.1"]), session="pa-%d" % rng.randrange(10**5), user=me)
    agent = w.start("assistant", SYSTEM.format(name=me, mail=c.email(me, rng), zone=zone, domain=domain), TOOLS)
    topic = rng.choice(["the offer for %s" % firm, "the audit", "the move to the new office", "the price list"])
    ask_hour = rng.choice([10, 11, 14, 15])
    w.user(agent, "Three things: (1) a meeting of 60 minutes on %s on %s with %s from Sales and %s of %s, who sits in %s; %d "
           "o'clock our time or, if that doesn't work, the next free hour. (2) Send %s the latest figures for it; they are in "
           "the newest mail on the subject. (3) A task for me, the day before, to prepare slides." % (
               topic, day, first, client, firm, client_zone, ask_hour, client))
    contacts = [{"name": twin, "mail": twin.lower().replace(" ", ".") + "@" + domain, "team": "Finance"},
                {"name": who, "mail": who.lower().replace(" ", ".") + "@" + domain, "team": "Sales"}]
    w.act(agent, "", "find_contact", {"name": first}, json.dumps(contacts, ensure_ascii=False))
    chosen = contacts[0] if "wrong_person" in faults else contacts[1]
    w.act(agent, "", "find_contact", {"name": client}, json.dumps([{
        "name": client, "mail": client.lower().replace(" ", ".") + "@" + firm.split()[0].lower() + ".example.org",
        "zone": client_zone}], ensure_ascii=False))
    client_mail = client.lower().replace(" ", ".") + "@" + firm.split()[0].lower() + ".example.org"
    busy = rng.random() < 0.6 or bool(faults & {"clash", "move_accepted"})
    hours = [h for h in (9, 10, 11, 14, 15, 16) if h != ask_hour]
    taken = [ask_hour] if busy else [rng.choice(hours)]
    free = ask_hour if not busy else min((h for h in hours if h > ask_hour), default=9)
    call = w.llm(agent, "", [("list_events", {"person": chosen["mail"], "date": str(day)})])
    if "wrong_person" in faults:
        w.blame(call, "wrong_argument", "takes %s of Finance; the request says Sales" % twin)
    events = [{"id": "E%04d" % rng.randrange(10**4), "start": iso(day, h, ZONES[zone]), "minutes": 60, "title": rng.choice(
        ["Pipeline", "1:1", "Review"]), "accepted_by": rng.randrange(2, 7)} for h in taken]
    w.tool(agent, call.calls[0], json.dumps(events))
    w.hiccup(agent, "", "list_events", {"person": "me", "date": str(day)}, 0.2, "calendar: 429 Too Many Requests", "HttpError")
    w.act(agent, "", "list_events", {"person": "me", "date": str(day)}, json.dumps([
        {"id": "E%04d" % rng.randrange(10**4), "start": iso(day, 12, ZONES[zone]), "minutes": 60, "title": "Lunch"}]))
    hour = ask_hour if "clash" in faults else 12 if "lunch" in faults else free
    start = iso(day, hour, ZONES[client_zone] if "zone" in faults else ZONES[zone])
    if "move_accepted" in faults and busy:
        call, _ = w.act(agent, "", "move_event", {"event_id": events[0]["id"], "start": iso(day, 16, ZONES[zone])}, "moved")
        w.blame(call, "policy_violation", "moves an event that %d people have accepted, without asking"
                % events[0]["accepted_by"])
        start = iso(day, ask_hour, ZONES[zone])
    call = w.llm(agent, "", [("create_event", {"title": topic.capitalize(), "start": start, "minutes": 60, "attendees": [
        chosen["mail"], client_mail]})])
    moved = "move_accepted" in faults and busy
    if "clash" in faults and not moved:
        w.blame(call, "ignored_tool_output", "takes %d o'clock although the calendar shows an event then" % ask_hour)
    if "lunch" in faults and not moved:
        w.blame(call, "forgot_instruction", "puts the meeting over lunch")
    if "zone" in faults and not moved:
        w.blame(call, "wrong_argument", "uses the zone of %s for an hour that was meant in %s" % (client_zone, zone))
    w.tool(agent, call.calls[0], json.dumps({"id": "E%04d" % rng.randrange(10**4), "status": "invited"}))
    mails = []
    for i in range(4):
        mails.append({"id": "M%04d" % rng.randrange(10**4), "date": "2027-01-%02d" % (4 + 7 * i), "subject": "Figures: " + topic,
                      "from": c.person(rng)})
    newest = mails[-1]
    shown = mails[:]
    rng.shuffle(shown)
    query = "figures " + topic
    if "dig" in faults:
        n = rng.randrange(4, 8)
        for i in range(n):
            call, _ = w.act(agent, "", "search_mail", {"query": query if i % 2 else topic}, json.dumps(shown, ensure_ascii=False))
        w.blame(call, "resource_abuse", "searches the mail %d times and gets the same four" % n)
    else:
        w.act(agent, "", "search_mail", {"query": query}, json.dumps(shown, ensure_ascii=False))
    taken_mail = mails[0] if "old_mail" in faults else newest
    figures = {m["id"]: (rng.randrange(100, 900), rng.randrange(1000, 9000)) for m in mails}
    doc = "DOC-%d" % rng.randrange(999)
    if "down" in faults:
        err = "mail store: 504 Gateway Timeout"
        for k in range(2):
            _, used = w.act(agent, "", "read_mail", {"mail_id": newest["id"]}, "Error: " + err, error=err, kind="TimeoutError",
                            seconds=30)
            if k == 0:
                w.blame(used, "timeout", "the mail store does not answer, so the figures cannot be read")
        pair = (rng.randrange(100, 900), rng.randrange(1000, 9000))
    else:
        call, _ = w.act(agent, "", "read_mail", {"mail_id": taken_mail["id"]}, "From: %s\nSubject: %s\n\nHi,\n\nthe figures as of "
                        "%s: %d units, EUR %d. Details in %s; the sheet 'margins' is internal.\n\n%s" % (
                            taken_mail["from"], taken_mail["subject"], taken_mail["date"], *figures[taken_mail["id"]], doc,
                            c.paragraph(rng, topic, 5)))
        if "old_mail" in faults:
            w.blame(call, "stale_data", "reads the mail of %s; the newest is of %s" % (mails[0]["date"], newest["date"]))
        pair = figures[taken_mail["id"]]
    body = "Dear %s,\n\nthe figures for %s: %d units, EUR %d." % (client, topic, *pair)
    if "invent_quote" in faults:
        body += " As %s writes, delivery is guaranteed by March." % newest["from"]
    elif rng.random() < 0.4 and "down" not in faults:
        w.act(agent, "", "read_document", {"document_id": doc}, c.paragraph(rng, topic, 12))
    args = {"to": client_mail, "subject": "Figures", "body": body + "\n\nRegards\n" + me, "attachments":
            [doc] if "attach" in faults else []}
    if "no_draft" not in faults:
        call = w.llm(agent, "This would go to %s (outside):\n\n%s%s\n\nMay I send it?" % (
            client_mail, body, "\n\nAttachment: " + doc if args["attachments"] else ""))
        blamed = call
        w.user(agent, rng.choice(["yes", "Yes, send it.", "ok, send"]))
    call = w.llm(agent, "", [("send_mail", args)])
    if "no_draft" in faults:
        w.blame(call, "policy_violation", "sends a mail to the outside without showing the draft")
        blamed = call
    if "attach" in faults:
        w.blame(blamed, "policy_violation", "attaches the document with the internal sheet, which nobody asked for")
    if "invent_quote" in faults:
        w.blame(blamed, "hallucinated_fact", "the sentence on delivery is in no mail")
    if "down" in faults:
        w.blame(blamed, "hallucinated_fact", "gives figures although the mail could not be read")
    w.tool(agent, call.calls[0], json.dumps({"status": "sent"}))
    if "skip_task" not in faults:
        w.act(agent, "", "create_task", {"text": "Slides: " + topic, "due": str(day - datetime.timedelta(days=1))}, "created")
    done = "The meeting is set for %s, the figures have been sent to %s%s." % (
        start, client, "" if "skip_task" in faults else ", and the task is in your list")
    call = w.llm(agent, done)
    if "skip_task" in faults:
        w.blame(call, "incomplete_task", "the task of the day before was not created, and the report does not say so")
    w.end(agent, done)
    return w
