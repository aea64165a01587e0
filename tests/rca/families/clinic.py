"""The appointment desk of a clinic: a conversation with a policy, records that look alike, slots that go."""
import json

import content as c
import shapes
import shapes_more
from wire import tool

RULES = [("Identity", ["Ask for full name and date of birth. Both must agree with the record before anything is done.",
                       "Names occur more than once; the date of birth decides."]),
         ("Changes", ["Change only the appointment that the patient names.",
                      "When an appointment is moved, book the new slot first and cancel the old one after it is booked; a slot "
                      "that is given back goes to the waiting list at once.",
                      "An appointment that is less than 24 hours away is not cancelled here: pass on to the front office.",
                      "A patient may leave the choice to you; then keep to what they said about days and hours."]),
         ("Tone", ["Short, friendly, no medical advice."])]
TOOLS = [tool("find_patients", "By name.", name=""), tool("list_appointments", "Of a patient.", patient_id=""),
         tool("free_slots", "Next free slots.", kind=""), tool("book_slot", "Books.", patient_id="", slot_id=""),
         tool("cancel_appointment", "Gives a slot back.", appointment_id=""), tool("pass_on", "Front office.", reason="")]
KINDS = ["physiotherapy", "eye examination", "blood test", "dermatology", "vaccination", "ultrasound"]
FAULTS = ("record", "wider", "order", "forgot", "waitlist", "late")


class World:
    def __init__(self, rng):
        self.name, self.born = c.person(rng), c.date(rng, rng.randrange(1950, 2001))
        self.twin = c.date(rng, rng.randrange(1950, 2001))
        self.id, self.twin_id = "P%05d" % rng.randrange(10**5), "P%05d" % rng.randrange(10**5)
        self.kinds = rng.sample(KINDS, 3)
        self.rows = [{"appointment_id": "A-%d" % rng.randrange(10**5, 10**6), "kind": k, "when": "2026-%02d-%02d %02d:%02d" % (
            rng.randrange(10, 13), rng.randrange(1, 28), rng.randrange(8, 18), rng.choice([0, 20, 40]))} for k in self.kinds]
        self.slots = [{"slot_id": "S%d" % rng.randrange(1000, 9999), "when": "2026-12-%02d %02d:%02d" % (
            d, h, rng.choice([0, 10, 20, 50]))} for d, h in ((3, 9), (4, 8), (7, 15), (9, 16), (10, 10))]


def people(rng, world):
    rows = [{"patient_id": world.id, "name": world.name, "date_of_birth": str(world.born), "insurer": rng.choice(c.COMPANY)},
            {"patient_id": world.twin_id, "name": world.name, "date_of_birth": str(world.twin),
             "insurer": rng.choice(c.COMPANY)}]
    rng.shuffle(rows)
    return json.dumps(rows, ensure_ascii=False)


def clinic(rng, failed):
    world = World(rng)
    fault = rng.choice(FAULTS) if failed else None
    w = rng.choice([shapes.GenAi, shapes.GenAiNoTools, shapes.OpenInference, shapes_more.Adk, shapes.LangSmith,
                    shapes_more.Strands])(rng, "clinic-desk", rng.choice(["gpt-4o", "claude-haiku-4-5", "gemini-2.5-flash"]))
    rules = c.policy("Appointment desk", RULES, rng)
    today = "2026-09-%02d" % rng.randrange(1, 29)
    desk = w.start("appointment_desk", rules.replace(rules.split("time is ")[1][:10], today), TOOLS)
    move = fault in ("order", "forgot", "waitlist") or (fault in (None, "record") and rng.random() < 0.6)
    mine = world.rows[0]
    w.user(desk, rng.choice([
        "Hello, this is %s, born %s. It is about my %s.", "Hi! %s here, date of birth %s. I am calling because of the %s I "
        "have with you.", "Good morning. My name is %s (%s) and I have a question on my appointment for %s."]) % (
            world.name, world.born, mine["kind"]))
    w.act(desk, rng.choice(["", "Let me find your record.", "One moment."]), "find_patients", {"name": world.name},
          people(rng, world))
    who = world.twin_id if fault == "record" else world.id
    rows = world.rows
    if fault == "record":
        rows = [dict(r, appointment_id="A-%d" % rng.randrange(10**5, 10**6), when="2026-11-%02d 11:%s" % (
            rng.randrange(1, 28), rng.choice(["00", "20", "40"]))) for r in world.rows[:2]]
        mine = rows[0]
    if fault == "late":
        mine["when"] = today + " 19:%02d" % rng.choice([0, 20, 40])
    call, _ = w.act(desk, "", "list_appointments", {"patient_id": who}, json.dumps(rows))
    if fault == "record":
        w.blame(call, "wrong_argument", "takes the record of the other %s, born %s" % (world.name, world.twin))
    w.llm(desk, rng.choice(["I see your %s on %s. What can I do?", "Found it: %s, %s. How may I help?"]) % (
        mine["kind"], mine["when"]))
    if move:
        moved(w, rng, world, desk, who, mine, fault)
    else:
        cancelled(w, rng, world, desk, mine, fault, rows)
    w.end(desk)
    return w


def moved(w, rng, world, desk, who, mine, fault):
    w.user(desk, rng.choice([
        "I have to move it. I work in the mornings, so it must be after two o'clock. Take the first one that suits, no need "
        "to ask me again.", "Can you put it on another day? Before 14:00 I am never free. The earliest that works is fine, "
        "just book it."]))
    w.act(desk, "", "free_slots", {"kind": mine["kind"]}, json.dumps(world.slots))
    slot = world.slots[0] if fault == "forgot" else world.slots[2]
    if fault == "order":
        call, _ = w.act(desk, rng.choice(["I release the old one first.", ""]), "cancel_appointment",
                        {"appointment_id": mine["appointment_id"]}, '{"status": "cancelled", "slot": "given to waiting list"}')
        w.blame(call, "destroyed_needed", "gives the old slot back before the new one is booked")
        for s in world.slots[2:4]:
            w.act(desk, "", "book_slot", {"patient_id": who, "slot_id": s["slot_id"]}, json.dumps(
                {"status": "refused", "reason": "the referral is bound to an open appointment; none is open"}))
        text = rng.choice(["I am sorry, I could not book a new time, and the old one is no longer available. Please call us.",
                           "Unfortunately the booking is refused and your earlier time has been given away."])
        w.llm(desk, text)
        return
    status = "waitlisted" if fault == "waitlist" else "booked"
    call, _ = w.act(desk, "", "book_slot", {"patient_id": who, "slot_id": slot["slot_id"]}, json.dumps(
        {"status": status, "slot_id": slot["slot_id"], "position": 3} if status == "waitlisted" else
        {"status": status, "slot_id": slot["slot_id"], "when": slot["when"]}))
    if fault == "forgot":
        w.blame(call, "forgot_instruction", "books a morning although the patient has time after two only")
    if fault == "waitlist":
        call, _ = w.act(desk, "", "cancel_appointment", {"appointment_id": mine["appointment_id"]}, '{"status": "cancelled"}')
        w.blame(call, "ignored_tool_output", "cancels the old time although the new one is only on the waiting list")
    else:
        w.act(desk, "", "cancel_appointment", {"appointment_id": mine["appointment_id"]}, '{"status": "cancelled"}')
    w.llm(desk, rng.choice(["Done: your %s is now on %s.", "I moved the %s to %s and cancelled the old time."]) % (
        mine["kind"], slot["when"]))
    w.user(desk, rng.choice(["Thanks, bye.", "Great.", "Thank you!"]))
    w.llm(desk, rng.choice(["You are welcome.", "Take care!"]))


def cancelled(w, rng, world, desk, mine, fault, rows):
    w.user(desk, rng.choice(["Please cancel it, I don't need it any more.", "I'd like to call it off. Only that one.",
                             "It is no longer necessary. Could you cancel it?"]))
    doomed = rows if fault == "wider" else [mine]
    calls = [("cancel_appointment", {"appointment_id": r["appointment_id"]}) for r in doomed]
    if fault == "wider" and rng.random() < 0.5:
        call = w.llm(desk, rng.choice(["", "I take care of it."]), calls)
        for one in call.calls:
            w.tool(desk, one, '{"status": "cancelled"}')
        w.blame(call, "wider_action", "cancels all appointments, one was asked for")
    else:
        for i, (name, args) in enumerate(calls):
            call, _ = w.act(desk, "", name, args, '{"status": "cancelled"}')
            if i == 1:
                w.blame(call, "wider_action", "cancels another appointment than the one asked for")
            if fault == "late":
                w.blame(call, "policy_violation", "cancels an appointment that is less than 24 hours away")
    w.llm(desk, rng.choice(["It is cancelled.", "Done, %s is off the list." % mine["kind"],
                            "I have cancelled that for you. Anything else?"]))
    w.user(desk, rng.choice(["No, thanks.", "That was all."]))
    w.llm(desk, "Goodbye!")
