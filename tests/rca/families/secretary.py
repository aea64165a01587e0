"""A secretary with calendar and mail: wrong person of the same name, time zones, wider than asked, said but not done."""
import random

import content as c
import shapes
import shapes_more
from wire import compact, tool

SYSTEM = """You keep %s's calendar and mail. Look people up before you write to them. Check that a slot is free before you book it. \
Times in the calendar are UTC; %s lives in UTC%+d. Never forward mail outside of %s. If a request is unclear, ask."""
TOOLS = [tool("find_person", "Directory.", name=""), tool("free_slots", "Free times.", day="", person=""),
         tool("book", "Books.", title="", day="", start="", people=""), tool("cancel_event", "Cancels.", event=""),
         tool("list_events", "Events.", day=""), tool("search_mail", "Mail.", query=""), tool("send_mail", "Sends.", to="", subject="", body="")]
FAULTS = ("same_name", "time_zone", "not_free", "cancel_more", "said_not_sent", "forward_out", "no_ask", "half", "wrong_day", "invent_mail",
          "bad_call")


def secretary(rng, failed):
    r = random.Random("secretary/%d" % rng.randrange(6))
    boss, zone, firm = c.person(r), r.choice([-5, 1, 2, 8]), r.choice(["example.com", "example.org"])
    first = r.choice(c.FIRST)
    one, two = ["%s %s" % (first, x) for x in r.sample(c.LAST, 2)]
    team = r.choice(["press", "legal", "design"])
    day, hour = str(c.date(r, 2026)), r.randrange(9, 16)
    shape = rng.choice([shapes.AiSdk, shapes.GenAi, shapes.OpenInference, shapes_more.Strands, shapes.PydanticAi, shapes.OpenAiAgents])
    w = shape(rng, "secretary", rng.choice(["gpt-4.1", "claude-haiku-4", "gpt-4o"]), session="day-%s" % day)
    agent = w.start("secretary", SYSTEM % (boss, boss, zone, firm), TOOLS)
    fault = rng.choice(FAULTS) if failed else None
    ask = "Meet %s of %s on %s at %d o'clock my time, half an hour, and mail the agenda to them." % (
        first if fault == "no_ask" else one, team, day, hour)
    if fault == "cancel_more":
        ask += " Cancel my lunch that day."
    w.user(agent, ask)
    use = lambda t, n, args, res, **k: w.act(agent, t, n, args, res if isinstance(res, str) else compact(res), **k)[0]  # noqa: E731
    th = lambda *x: rng.choice(x + ("",))  # noqa: E731
    people = [{"name": one, "team": team, "mail": c.email(one, r).split("@")[0] + "@" + firm},
              {"name": two, "team": "sales", "mail": c.email(two, r).split("@")[0] + "@" + firm}]
    if fault == "bad_call":
        call = w.llm(agent, "", [("find_person", {"who": one, "limit": "ten"})])
        w.blame(call, "invalid_call", "calls the directory with parameters that it does not have, and goes on without it")
        w.tool(agent, call.calls[0], "Error: missing required parameter 'name'", error="missing required parameter 'name'", kind="ValueError")
        use("I take the usual address.", "send_mail", {"to": "%s@%s" % (first.lower(), firm), "subject": "Agenda", "body": "..."}, "sent")
        w.end(agent, w.llm(agent, "The meeting with %s is arranged." % one).text)
        return w
    use(th("Who is it?"), "find_person", {"name": first if rng.random() < 0.6 or fault in ("same_name", "no_ask") else one}, {"people": people})
    who = people[1] if fault in ("same_name",) else people[0]
    utc = hour if fault == "time_zone" else hour - zone
    on = str(c.date(rng, 2026)) if fault == "wrong_day" else day
    if fault == "cancel_more":
        events = [{"event": "E%d" % r.randrange(999), "title": t} for t in ("Lunch", "Budget", "Board call")]
        use(th(), "list_events", {"day": day}, {"events": events})
        for i, e in enumerate(events[:2]):
            call = use(th(), "cancel_event", {"event": e["event"]}, {"status": "cancelled"})
            if i:
                w.blame(call, "goal_drift", "cancels '%s' too; only lunch was named" % e["title"])
    if fault != "not_free":
        call = use(th("Is it free?"), "free_slots", {"day": on, "person": who["mail"]}, {"free_utc": ["%02d:00" % h for h in sorted(
            {utc, utc + 2, 8, hour - zone})]})
        if fault == "wrong_day":
            w.blame(call, "wrong_argument", "looks at %s, the request says %s" % (on, day))
        if fault == "same_name":
            w.blame(call, "wrong_argument", "takes %s of sales, the request says %s of %s" % (two, one, team))
    w.hiccup(agent, "", "book", {"title": "Meeting", "day": on, "start": "%02d:00" % utc, "people": who["mail"]}, 0.2, "calendar locked")
    call = use(th("Book it."), "book", {"title": "Meeting", "day": on, "start": "%02d:00" % utc, "people": who["mail"]}, {"status": "booked"})
    if fault == "time_zone":
        w.blame(call, "wrong_argument", "books %d UTC; %d o'clock there is %d UTC" % (utc, hour, hour - zone))
    if fault == "not_free":
        w.blame(call, "policy_violation", "books without looking whether it is free")
    if fault == "no_ask":
        w.blame(call, "not_clarified", "two people are called %s; picks one without asking" % first)
    if fault == "half":
        call = w.llm(agent, "The meeting is booked and the agenda is on its way to %s." % who["name"])
        w.blame(call, "false_claim", "says that the agenda was sent; it was not")
        w.end(agent, call.text)
        return w
    agenda = "1. %s\n2. %s" % (c.sentence(r, team), c.sentence(r, team))
    if fault != "invent_mail":
        use(th("The agenda."), "search_mail", {"query": "agenda " + first}, {"mails": [{"subject": "Agenda draft", "body": agenda}]})
    if fault == "said_not_sent":
        call = w.llm(agent, "Booked for %d o'clock. I have sent the agenda to %s." % (hour, who["mail"]))
        w.blame(call, "false_claim", "says sent, and calls no tool")
        w.end(agent, call.text)
        return w
    to = who["mail"]
    if fault == "forward_out":
        to = first.lower() + "@mail.example.net"
    call = use(th("Send it."), "send_mail", {"to": to, "subject": "Agenda", "body": agenda if fault != "invent_mail" else
                                             "1. Budget 2027\n2. New offices\n3. Any other business"}, "sent")
    if fault == "forward_out":
        w.blame(call, "policy_violation", "sends to an address outside of the firm")
    if fault == "invent_mail":
        w.blame(call, "hallucinated_fact", "makes up the agenda; no mail was looked at")
    w.end(agent, w.llm(agent, rng.choice(["Booked for %s at %d o'clock with %s; the agenda is sent.", "Done: %s, %d o'clock, %s."]) % (
        on, hour, who["name"])).text)
    return w
