"""An assistant with a calendar, contacts and mail."""
import datetime

from dialects import AiSdk, Flattened, GenAi, GenAiClientOnly, OpenInference
from text import mail, maybe_flaky, people, say
from trace import schema

FAULTS = ["timezone", "namesake", "half_done", "moved_meanwhile", "claimed_mail", "dropped_wish", "dayswap", "no_check"]
SYSTEM = """You are the personal assistant of $me ($mail, time zone Europe/Berlin, UTC+02:00 in summer). Today is $today.
All times in the calendar tools are UTC. {Look up people in the contacts before you write to them.|Take addresses from contacts only.}
Check free/busy of everybody before you book. Never send a mail without a subject. Report what you did."""
TOOLS = [schema("search_contacts", "Contacts by name.", name="part of the name"),
         schema("free_busy", "Busy times of people on a day, UTC.", emails=("array", "addresses"), date="YYYY-MM-DD"),
         schema("list_events", "Own events of a day, UTC.", date="YYYY-MM-DD"),
         schema("create_event", "Books an event.", title="title", start="UTC, ISO 8601", minutes=("integer", "length"), attendees=("array", "addresses"), room="room or empty"),
         schema("move_event", "Moves an event.", event_id="ev_…", start="UTC, ISO 8601"),
         schema("send_mail", "Sends a mail.", to=("array", "addresses"), subject="subject", body="text"),
         schema("search_mail", "Finds mails.", query="words")]
TOPICS = ["budget review", "onboarding plan", "supplier audit", "roadmap", "press text", "data retention", "hiring panel", "trade fair stand"]


def calmail(rng, fault):
    t = rng.choice([OpenInference, GenAi, AiSdk, Flattened, GenAiClientOnly])(rng, "desk-assistant")
    me, *others = people(rng, 7)
    today = datetime.date(2026, rng.randint(5, 8), rng.randint(1, 8))
    a = t.agent(rng.choice(["assistant", "secretary", "calendar_agent"]), say(rng, SYSTEM, me=me, mail=mail(me), today=today.isoformat()), TOOLS)
    jobs = rng.randint(1, 4)
    bad = rng.randrange(jobs) if fault else -1
    asked, plan = [], []
    for i in range(jobs):
        d = datetime.date(2026, today.month, rng.randint(9, 12) if fault == "dayswap" and i == bad else rng.randint(9, 27))
        if d.day == d.month:
            d += datetime.timedelta(1)
        who, topic, hour = others[i], rng.choice(TOPICS), rng.randint(10, 16)
        minutes = rng.choice([30, 45, 60])
        tell = i == bad and fault in ("half_done", "claimed_mail") or rng.random() < .5
        room = rng.choice(["Room Elbe", "Room Spree", "the small studio"]) if i == bad and fault == "dropped_wish" or rng.random() < .3 else ""
        asked.append(say(rng, "{book|put in|arrange} $m minutes with $w about the $t on $d at $h:00 my time$r$x", m=minutes, w=who.split()[0], t=topic,
                         d=d.strftime("%d/%m/%Y") if fault == "dayswap" and i == bad else d.strftime("%A %d %B"), h=hour,
                         r=" in " + room if room else "", x=say(rng, " and {mail|write} {them|the invitee} {a short agenda|what to prepare}").lower().replace("and", " and", 1) if tell else ""))
        plan.append((who, topic, d, hour, minutes, tell, room))
    t.user(a, say(rng, "{Hi, please|Could you|Please} $x{. Thanks!|.|}", x="; ".join(asked)))
    done = []
    for i, job in enumerate(plan):
        book(rng, t, a, job, fault if i == bad else None, done, others[6 - 1])
    end = say(rng, "{Done|All set|Everything is arranged}: ") + "; ".join(done) + "."
    s = t.llm(a, end)
    if fault in ("half_done", "claimed_mail") and t.rooted != s.span["id"]:
        t.also(s, "false_claim", "tells of a mail that was not sent")
    t.finish(a, end)
    return t


def book(rng, t, a, job, fault, done, twin):
    who, topic, d, hour, minutes, tell, room = job
    name, right = who.split()[0], {"name": who, "email": mail(who), "dept": rng.choice(["Finance", "Sales", "Legal"])}
    rows = [right]
    if fault == "namesake" or rng.random() < .3:
        rows.append({"name": name + " " + twin.split()[1], "email": mail(name + " " + twin.split()[1], "partner.example"), "dept": "external"})
        rng.shuffle(rows)
    maybe_flaky(t, a, say(rng, "{First $n's address.|Looking up $n.|}", n=name), "search_contacts", {"name": name}, {"contacts": rows}, .15)
    chosen = right
    if len(rows) > 1:
        t.do(a, say(rng, "{Two people called $n; the recent mails will tell.|Which $n? I look at the mails.}", n=name), "search_mail", {"query": topic},
             {"mails": [{"from": right["email"], "subject": "Re: " + topic, "snippet": "Happy to go through the %s with you." % topic}]})
        if fault == "namesake":
            chosen = next(r for r in rows if r is not right)
    start = datetime.datetime(d.year, d.month, d.day, hour - 2)
    if fault == "dayswap":
        start = start.replace(month=d.day, day=d.month)
    if fault != "no_check":
        t.do(a, say(rng, "{Are they free?|Checking both calendars.|}"), "free_busy", {"emails": [chosen["email"]], "date": start.date().isoformat()},
             {chosen["email"]: [{"from": "06:00Z", "to": "07:00Z"}, {"from": "%02d:30Z" % min(21, hour + 2), "to": "%02d:30Z" % min(22, hour + 3)}]})
    if fault == "moved_meanwhile":
        t.do(a, "", "search_mail", {"query": "from:%s %s" % (chosen["email"], topic)},
             {"mails": [{"from": chosen["email"], "received": "today 07:41Z", "subject": topic, "snippet": "Sorry, that day I can only do %d:30 your time, not %d:00." % (hour + 1, hour)}]})
    if fault == "timezone":
        start = start.replace(hour=rng.choice([hour, hour + 2]))
    args = {"title": topic.capitalize(), "start": start.isoformat() + "Z", "minutes": minutes, "attendees": [chosen["email"]],
            "room": "" if fault == "dropped_wish" else room}
    s = t.llm(a, say(rng, "{Booking it.|Free at that time.|}"), [("create_event", args)])
    t.ret(s, 0, {"event_id": "ev_%06d" % rng.randrange(10**6), "status": "confirmed"})
    why = {"timezone": ("wrong_value", "%d:00 Berlin is %d:00 UTC, the event starts %s" % (hour, hour - 2, args["start"])),
           "namesake": ("wrong_record", "invites the namesake although the mails show who is meant"),
           "dayswap": ("wrong_value", "day and month swapped"), "moved_meanwhile": ("stale_value", "books the hour that the mail had just refused"),
           "dropped_wish": ("lost_requirement", "the room that was asked for is left out"),
           "no_check": ("no_verification", "books without looking at free/busy, against the instruction")}.get(fault)
    if why:
        t.root(s, *why)
    if tell and fault not in ("half_done", "claimed_mail"):
        t.do(a, "", "send_mail", {"to": [chosen["email"]], "subject": "Agenda: " + topic, "body": say(rng, "Dear $n, {please bring|could you prepare} the latest figures. Kind regards", n=name)}, {"sent": True})
    elif tell:
        t.next_is_root("incomplete_task" if fault == "half_done" else "false_claim", "the mail to %s is never sent" % name)
    done.append("%s with %s on %s at %d:00%s" % (topic, chosen["name"], d.strftime("%d %b"), hour, ", agenda mailed" if tell else ""))
