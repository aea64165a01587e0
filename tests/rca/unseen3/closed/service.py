"""Telephone and travel desks: a reading taken for its opposite, a wrong argument, a hand-over that was not needed."""
import json

import clutter
import wires
from course import tool

PHONE = {"agent": "support",
     "system": "Telephone support. Find the cause by checking the line before advising. Change settings only with the customer's "
     "consent. Hand over to a technician only when all checks are fine and the fault stays.",
         "tools": [tool("customer", "Customer by number.", number="string"), tool("line_status", "State of a line.", line="string"),
              tool("set_option", "Change an option.", line="string", option="string", on="boolean"),
                   tool("handover", "To a technician.", reason="string"), tool("faq", "Help texts.", topic="string")]}
TRAVEL = {"agent": "travel-agent",
     "system": "Travel desk. Confirm every booking with the customer. The payment method must be the one that the customer names.",
          "tools": [tool("customer", "Profile.", number="string"),
               tool("connections", "Trains of a day.", origin="string", to="string", date="string"),
                    tool("book", "Book a train.", train="string", date="string", payment="string"),
                         tool("faq", "Help texts.", topic="string")]}


def greet(c, number):
    c.say("Thank you for calling. What is your customer number?")
    if c.rng.random() < .4:
        c.user("I don't know, where is it?")
        c.say("At the top of each bill.")
    c.user(number)
    clutter.bumps(c, "customer", {"number": number}, ("",), 0, 1)


def misread_state(c):
    number, line = str(c.rng.randint(10 ** 6, 10 ** 7)), "L%d" % c.rng.randint(100, 999)
    option = c.pick("roaming", "mobile_data", "voicemail", "barring")
    c.user("My phone has had no %s since I came back." % c.pick("internet", "connection"))
    greet(c, number)
    c.do("", "customer", {"number": number}, json.dumps({"number": number, "lines": [line], "plan": c.pick("S", "M", "L")}))
    clutter.asides(c, 0, 3)
    state = {o: True for o in ("roaming", "mobile_data", "voicemail")}
    state.update({"barring": False, "blocked_by_limit": True, "limit_eur": 20, "used_eur": 20.0})
    c.do("", "line_status", {"line": line}, json.dumps(state))
    if c.bad:
        c.say("Your line is in good order: all is switched on and there is no block. Then it must be the device; let us go through it.",
             root="Tool output misread")
        for topic in c.rng.sample(["restart", "flight mode", "apn", "sim card", "reset network", "other phone"], c.rng.randint(1, 6)):
            c.user(c.pick("Tried it. No change.", "And now?", "Did that.", "Nothing."))
            c.do("", "faq", {"topic": topic}, "%s: open the settings and follow the steps." % topic)
            c.say("Please try this: %s." % topic)
        c.user("Still nothing.")
        c.do("", "handover", {"reason": "device fault"}, '{"ok": true}')
        c.say("A technician will call you.")
        return
    clutter.asides(c, 0, 3)
    c.say("Your spending limit of 20 euros is reached, and the line is blocked for it. Shall I lift the limit?")
    c.user("Yes")
    c.do("", "set_option", {"line": line, "option": "blocked_by_limit", "on": False}, '{"ok": true}')
    c.say("It should work again; %s stays as it was." % option)


def wrong_payment(c):
    number = str(c.rng.randint(10 ** 6, 10 ** 7))
    a, b = c.rng.sample(["Lund", "Basel", "Porto", "Ghent", "Brno", "Turin"], 2)
    day = "2025-%02d-%02d" % (c.rng.randint(1, 12), c.rng.randint(1, 28))
    methods = ["card_%d" % c.rng.randint(1000, 9999), "voucher_%d" % c.rng.randint(10, 99), "account_%d" % c.rng.randint(100, 999)]
    c.rng.shuffle(methods)
    said = next(m for m in methods if m.startswith("voucher"))
    other = c.pick(*[m for m in methods if m != said])
    c.user("A train from %s to %s on %s please, the first one in the morning. I still have a voucher for it." % (a, b, day))
    greet(c, number)
    c.do("", "customer", {"number": number}, json.dumps({"number": number, "payment": methods}))
    clutter.asides(c, 0, 3)
    trains = [{"train": "R%d" % c.rng.randint(100, 999), "leaves": "%02d:%02d" % (h, c.rng.randint(0, 59)),
         "price": c.rng.randint(19, 90)} for h in range(5, c.rng.randint(8, 14))]
    c.do("", "connections", {"origin": a, "to": b, "date": day}, json.dumps(trains))
    c.say("The first one is %s at %s for %d. Shall I book it?" % (trains[0]["train"], trains[0]["leaves"], trains[0]["price"]))
    clutter.asides(c, 0, 2)
    c.user("Yes please.")
    c.do("", "book", {"train": trains[0]["train"], "date": day, "payment": other if c.bad else said},
         json.dumps({"booked": True, "reference": "B%d" % c.rng.randint(1000, 9999)}), root="Wrong argument" if c.bad else "")
    clutter.asides(c, 0, 4)
    c.say("It is booked. Have a good trip!")


def passed_on(c):
    number, line = str(c.rng.randint(10 ** 6, 10 ** 7)), "L%d" % c.rng.randint(100, 999)
    c.user(c.pick("Please switch voicemail off on my line, I never use it.", "I want voicemail off. It picks up too early."))
    greet(c, number)
    c.do("", "customer", {"number": number}, json.dumps({"number": number, "lines": [line, "L%d" % c.rng.randint(100, 999)]}))
    clutter.asides(c, 0, 4)
    c.say("Which of your lines is it?")
    c.user(line)
    clutter.asides(c, 0, 2)
    if c.rng.random() < .6:
        c.do("", "line_status", {"line": line}, json.dumps({"voicemail": True, "barring": False}))
    if c.bad:
        c.say(c.pick("That is a technical setting, a technician has to do it. Shall I pass you on?",
             "For this I need a colleague from the technical side, is that all right?"), root="Capability misjudged")
        clutter.asides(c, 0, 4)
        c.user("If there is no other way.")
        clutter.bumps(c, "handover", {"reason": "voicemail"}, ("",), 0, 1)
        c.do("", "handover", {"reason": "voicemail off on " + line}, '{"ok": true}')
        c.say("You are being passed on.")
        clutter.asides(c, 0, 3)
        return
    c.do("", "set_option", {"line": line, "option": "voicemail", "on": False}, '{"ok": true}')
    c.say("Voicemail is off now.")


FAMILIES = [("misread_state", "phone-desk", wires.TOOLS, PHONE, misread_state),
     ("wrong_payment", "rail-desk", wires.TOOLS, TRAVEL, wrong_payment), ("passed_on", "phone-desk", wires.TOOLS, PHONE, passed_on)]
