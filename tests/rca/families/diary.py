"""A personal assistant with contacts, a diary and messages."""
import json

import content as c
import shapes
import shapes_more
from wire import tool

SYSTEM = """You are the user's assistant. Contacts, diary and messages are behind your tools; times in the diary are in UTC. \
Do exactly what is asked, nothing more, and say what you did."""
TOOLS = [tool("search_contacts", "Contacts.", query=""), tool("list_events", "Events of a day.", day=""),
         tool("create_event", "New event.", title="", start_utc="", guests=""),
         tool("delete_event", "Removes. scope: single or series.", event_id="", scope=""),
         tool("send_message", "Sends.", contact_id="", text="")]
UNITS = ["accounting", "sales", "legal", "facilities", "design", "payroll"]
FAULTS = ("contact", "series", "zone", "unsent", "clash", "daymix")


class World:
    def __init__(self, rng):
        self.first = rng.choice(c.FIRST)
        self.last = rng.sample(c.LAST, 2)
        self.unit, self.wrong = rng.sample(UNITS, 2)
        self.ids = ["c%d" % rng.randrange(100, 999), "c%d" % rng.randrange(1000, 9999)]
        self.day = c.date(rng, 2026, 11)
        self.hour = rng.randrange(10, 16)
        self.place, self.offset = rng.choice([("Tokyo", 9), ("Dubai", 4), ("New York", -5), ("Karachi", 5)])
        self.title = rng.choice(["Budget talk", "Contract review", "Floor plan", "Open invoices", "Hiring round"])


def diary(rng, failed):
    world = World(rng)
    fault = rng.choice(FAULTS) if failed else None
    w = rng.choice([shapes_more.Adk, shapes_more.Strands, shapes_more.Langfuse, shapes.PydanticAi, shapes.AiSdk,
                    shapes.OpenAiAgents])(rng, "diary", rng.choice(["gemini-2.5-flash", "gpt-4.1-mini", "claude-haiku-4-5"]))
    a = w.start("assistant", SYSTEM, TOOLS)
    w.user(a, rng.choice(["Hi. I am in %s all of this month, so when I say a time I mean the time there (UTC%+d).",
                          "Before we start: this month I work from %s, my times are local ones, UTC%+d."]) % (
                              world.place, world.offset))
    w.llm(a, rng.choice(["Understood.", "Thanks, I will keep it in mind.", "Noted. What shall I do?"]))
    if fault in ("series", "daymix") or (not fault and rng.random() < 0.4):
        removing(w, rng, world, a, fault)
    else:
        meeting(w, rng, world, a, fault)
    w.end(a)
    return w


def events(rng, world, extra=()):
    rows = list(extra)
    for t in rng.sample(["Gym", "Stand-up", "Dentist", "1:1", "Focus time"], 3):
        rows.append({"event_id": "e%d" % rng.randrange(10**4, 10**5), "title": t, "repeats": "no",
                     "start_utc": "%s %02d:15" % (world.day, rng.randrange(22, 24))})
    rng.shuffle(rows)
    return json.dumps(rows, ensure_ascii=False)


def removing(w, rng, world, a, fault):
    name = rng.choice(["Team lunch", "Sync with the agency", "Reading group"])
    day = world.day
    w.user(a, rng.choice(["The %s on %s does not suit me, take it out of my diary. The other weeks stay.",
                          "Please drop the %s, only the one of %s."]) % (name, day))
    ids = ["e%d" % rng.randrange(10**4, 10**5) for _ in range(2)]
    rows = [{"event_id": ids[0], "title": name, "repeats": "weekly", "start_utc": "%s 08:00" % day},
            {"event_id": ids[1], "title": name + " (board)", "repeats": "no", "start_utc": "%s 09:00" % day}]
    w.act(a, "", "list_events", {"day": str(day)}, events(rng, world, rows))
    args = {"event_id": ids[1] if fault == "daymix" else ids[0], "scope": "series" if fault == "series" else "single"}
    call, _ = w.act(a, rng.choice(["", "I remove it."]), "delete_event", args, json.dumps(
        {"deleted": rng.randrange(9, 40) if fault == "series" else 1}))
    if fault == "series":
        w.blame(call, "wider_action", "removes the whole series, one date was asked for")
    if fault == "daymix":
        w.blame(call, "wrong_argument", "removes the meeting of the board, whose title is another one")
    w.llm(a, rng.choice(["Done, %s on %s is out of your diary.", "I removed the %s of %s."]) % (name, day))


def meeting(w, rng, world, a, fault):
    tell = fault == "unsent" or rng.random() < 0.6
    w.user(a, rng.choice(["Set up '%s' with %s from %s on %s at %d:00%s.",
                          "I need an appointment '%s' with %s of %s, %s, %d o'clock%s."]) % (
                              world.title, world.first, world.unit, world.day, world.hour,
                              ", and write a short message about it" if tell else ""))
    rows = [{"contact_id": world.ids[0], "name": world.first + " " + world.last[0], "unit": world.unit},
            {"contact_id": world.ids[1], "name": world.first + " " + world.last[1], "unit": world.wrong}]
    rng.shuffle(rows)
    w.hiccup(a, "", "search_contacts", {"query": world.first}, 0.1, "directory is busy")
    w.act(a, "", "search_contacts", {"query": world.first}, json.dumps(rows, ensure_ascii=False))
    guest = world.ids[1] if fault == "contact" else world.ids[0]
    utc = (world.hour - world.offset) % 24
    if fault == "zone":
        utc = world.hour
    start = "%s %02d:00" % (world.day, utc)
    busy = [{"event_id": "e1", "title": rng.choice(["Board", "Interview", "Customer call"]), "repeats": "no", "start_utc": start}]
    if fault == "clash" or rng.random() < 0.4:
        w.act(a, "", "list_events", {"day": str(world.day)}, events(rng, world, busy if fault == "clash" else ()))
    call, _ = w.act(a, "", "create_event", {"title": world.title, "start_utc": start, "guests": guest}, json.dumps(
        {"event_id": "e%d" % rng.randrange(10**5), "status": "created"}))
    if fault == "contact":
        w.blame(call, "wrong_argument", "invites %s from %s, meant is the one from %s" % (world.first, world.wrong, world.unit))
    if fault == "zone":
        w.blame(call, "forgot_instruction", "enters local time as UTC")
    if fault == "clash":
        w.blame(call, "ignored_tool_output", "puts it on a time at which the diary shows another event")
    if tell and fault != "unsent":
        w.act(a, "", "send_message", {"contact_id": guest, "text": "%s on %s, see the invitation." % (world.title, world.day)},
              '{"status": "sent"}')
    text = rng.choice(["'%s' is in your diary for %s at %d:00.", "All set: '%s', %s, %d:00 your time."]) % (
        world.title, world.day, world.hour)
    if tell:
        text += rng.choice([" %s has got a message.", " I wrote to %s as well."]) % world.first
    call = w.llm(a, text)
    if fault == "unsent":
        w.blame(call, "false_claim", "says that a message was sent; none was")
