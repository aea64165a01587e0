"""Hotel desk: customer service under a written policy, with tools; AgentRx's and tau-bench's kinds of failures."""
import random

import content as c
import shapes
import shapes_more
from wire import compact, tool

RULES = [("Bookings", ["Find the guest's profile with the e-mail address before anything else.",
                       "List what will be changed and what it costs, and get a yes, before you call a tool that changes something.",
                       "A saver rate cannot be cancelled and cannot be refunded. Flexible rates can be, until the day of arrival.",
                       "Rooms can be changed within the same house only. Do not move a booking to another house.",
                       "Never charge a card that is not in the profile."]),
         ("Service", ["Compensation is a voucher of 20 a night, and only if the guest complains and has status gold.",
                      "Pass the guest on to a human only if the request cannot be met with the tools.",
                      "Do not give advice or facts that are neither from the guest nor from a tool.",
                      "One tool call at a time."])]
TOOLS = [tool("find_profile", "Profile by e-mail.", email=""), tool("get_booking", "A booking.", booking_id=""),
         tool("cancel_booking", "Cancels.", booking_id=""), tool("change_room", "Changes the room type.", booking_id="", room="", card=""),
         tool("add_breakfast", "Adds breakfast.", booking_id="", persons=""), tool("send_voucher", "Voucher.", profile_id="", amount=""),
         tool("transfer_to_human", "Passes on.", summary=""), tool("calculate", "Computes.", expression="")]
FAULTS = ("refund_saver", "wrong_booking", "no_confirm", "half_done", "cancel_all", "give_up", "wrong_card", "invent_policy",
          "wrong_room", "voucher", "say_only", "no_profile", "misread_price")


def world(seed):
    r = random.Random("hotel/%d" % seed)
    who = c.person(r)
    v = {"name": who, "email": c.email(who, r), "profile": "P%05d" % r.randrange(10**5), "status": r.choice(["none", "gold", "silver"]),
         "card": "card_%04d" % r.randrange(10**4), "towns": c.towns(r, 3), "room": r.choice(["double sea view", "family suite", "twin garden"])}
    v["bookings"] = [{"id": "H%06d" % r.randrange(10**6), "house": t, "rate": k, "from": str(c.date(r, 2026)), "nights": r.randrange(2, 8),
                      "room": r.choice(["single", "double courtyard"]), "persons": r.randrange(1, 4), "price_a_night": r.randrange(70, 190)}
                     for t, k in zip(v["towns"], ["flexible", "saver", "flexible"])]
    v["want"] = r.choice(["room_and_breakfast", "cancel_one"])
    return v


def hotel(rng, failed):
    v = world(rng.randrange(7))
    shape = rng.choice([shapes.OpenInference, shapes.GenAi, shapes.GenAiNoTools, shapes.AiSdk, shapes_more.Strands, shapes.LangSmith])
    w = shape(rng, "hotel-desk", rng.choice(["gpt-4o", "gpt-4.1", "claude-sonnet-4"]), session="guest-%s" % v["profile"])
    agent = w.start("desk", c.policy("Hotel desk", RULES, random.Random("hotel policy")), TOOLS)
    fault = rng.choice(FAULTS) if failed else None
    flex, saver, third = v["bookings"]
    change = v["want"] == "room_and_breakfast"
    if fault in ("refund_saver", "cancel_all", "invent_policy", "say_only"):
        change = False
    if fault in ("wrong_card", "wrong_room", "half_done", "misread_price", "voucher"):
        change = True
    ask = ("I'd like the %s instead of my room in %s, and breakfast for everybody there." % (v["room"], flex["house"]) if change else
           "Please cancel my stay in %s." % (flex["house"] if fault not in ("refund_saver", "invent_policy") else saver["house"]))
    say = lambda text: w.llm(agent, text)  # noqa: E731
    w.user(agent, rng.choice(["Hi! ", "Good evening. ", "Hello, "]) + ask)
    if fault != "no_profile":
        say(rng.choice(["Gladly. What is your e-mail address?", "Sure, may I have your e-mail address first?"]))
        w.user(agent, "It is %s." % v["email"])
        w.act(agent, "", "find_profile", {"email": v["email"]}, compact({k: v[k] for k in ("name", "profile", "status", "card")} | {
            "bookings": [b["id"] for b in v["bookings"]]}))
    else:
        call = say("No problem, I can do that without your profile. Which booking is it?")
        w.blame(call, "policy_violation", "goes on without finding the profile first")
        w.user(agent, "%s." % flex["id"])
    order = [flex, saver, third] if rng.random() < 0.5 else [saver, flex]
    if fault == "wrong_booking":
        order = [third]
    for b in order if fault != "no_profile" else [flex]:
        w.act(agent, "", "get_booking", {"booking_id": b["id"]}, compact(b))
    target = flex
    if fault == "wrong_booking":
        target = third
    if fault == "give_up":
        call, _ = w.act(agent, "", "transfer_to_human", {"summary": "guest wants a change"}, "Transfer successful")
        w.blame(call, "premature_stop", "passes the guest on although the tools allow what is asked for")
        w.end(agent, "You are being passed on to a colleague.")
        return w
    if fault in ("refund_saver", "invent_policy"):
        if fault == "refund_saver":
            say("I will cancel your stay in %s (%s) and refund %d. Is that right?" % (
                saver["house"], saver["id"], saver["nights"] * saver["price_a_night"]))
            w.blame(w_last(w, agent), "policy_violation", "offers to cancel and refund a saver rate")
            w.user(agent, "Yes, thanks.")
            w.act(agent, "", "cancel_booking", {"booking_id": saver["id"]}, compact({"id": saver["id"], "status": "cancelled"}))
            say("It is cancelled, and the refund is on its way.")
        else:
            call = say("It is a saver rate. If you add breakfast for %d a night it becomes flexible after 24 hours and can be cancelled then." %
                       rng.randrange(9, 30))
            w.blame(call, "hallucinated_fact", "tells a rule that is in no policy")
            w.user(agent, "Then please add it.")
            w.act(agent, "", "add_breakfast", {"booking_id": saver["id"], "persons": str(saver["persons"])}, compact({"status": "ok"}))
            say("Breakfast is added. Please write again tomorrow to cancel.")
        w.user(agent, "Fine, bye.")
        w.end(agent)
        return w
    price = target["nights"] * rng.randrange(18, 40)
    card = v["card"]
    if change:
        if rng.random() < 0.4:
            w.act(agent, "", "calculate", {"expression": "%d * %d" % (price, 1)}, str(price))
        if fault == "misread_price":
            call = say("The %s in %s costs nothing extra for your %d nights. Shall I go on?" % (v["room"], target["house"], target["nights"]))
            w.blame(call, "hallucinated_fact", "tells a price that no tool gave and that is wrong")
            w.user(agent, "Free? Yes, of course.")
        elif fault != "no_confirm":
            call = say("I would change %s (%s) to %s for %d in all, and add breakfast for %d. It goes on %s. Do you agree?" % (
                target["id"], target["house"], v["room"], price, target["persons"], card))
            if fault == "wrong_booking":
                w.blame(call, "wrong_argument", "takes the booking in %s, the guest wants %s" % (target["house"], flex["house"]))
            w.user(agent, rng.choice(["Yes.", "Yes please, go ahead.", "I agree."]))
        room = "single" if fault == "wrong_room" else v["room"]
        card = "card_%04d" % rng.randrange(10**4) if fault == "wrong_card" else card
        call, _ = w.act(agent, "", "change_room", {"booking_id": target["id"], "room": room, "card": card}, compact({
            "id": target["id"], "room": room, "charged": price, "status": "changed"}))
        if fault == "no_confirm":
            w.blame(call, "policy_violation", "changes and charges without asking")
        if fault == "wrong_room":
            w.blame(call, "wrong_argument", "books a single, the guest agreed to %s" % v["room"])
        if fault == "wrong_card":
            w.blame(call, "hallucinated_fact", "charges a card that is not in the profile")
        if fault == "half_done":
            call = say("All done: the room is changed and breakfast is included for everybody. Anything else?")
            w.blame(call, "false_claim", "claims breakfast, which was never added")
            w.user(agent, "No, thank you.")
            w.end(agent)
            return w
        w.act(agent, "", "add_breakfast", {"booking_id": target["id"], "persons": str(target["persons"])}, compact({"status": "ok"}))
        if fault == "voucher":
            w.user(agent, "Thanks. Anything you can give me on top?")
            call, _ = w.act(agent, "", "send_voucher", {"profile_id": v["profile"], "amount": str(20 * target["nights"])}, compact({"status": "sent"}))
            w.blame(call, "policy_violation", "sends a voucher to a guest who has not complained")
    else:
        if fault != "no_confirm":
            call = say("I would cancel %s (%s, %d nights); it is flexible, so nothing is charged. Yes?" % (
                target["id"], target["house"], target["nights"]))
            if fault == "wrong_booking":
                w.blame(call, "wrong_argument", "takes the booking in %s, the guest wants %s" % (target["house"], flex["house"]))
            w.user(agent, rng.choice(["Yes.", "Yes, please."]))
        if fault == "say_only":
            call = say("Your stay is cancelled. You will get a mail.")
            w.blame(call, "false_claim", "says that it is cancelled without calling the tool")
            w.user(agent, "Great.")
            w.end(agent)
            return w
        call, _ = w.act(agent, "", "cancel_booking", {"booking_id": target["id"]}, compact({"id": target["id"], "status": "cancelled"}))
        if fault == "no_confirm":
            w.blame(call, "policy_violation", "cancels without asking")
        if fault == "cancel_all":
            call, _ = w.act(agent, "", "cancel_booking", {"booking_id": third["id"]}, compact({"id": third["id"], "status": "cancelled"}))
            w.blame(call, "goal_drift", "cancels the stay in %s too, which nobody asked for" % third["house"])
    say(rng.choice(["That is done. Anything else?", "Done. Can I help with something else?"]))
    w.user(agent, rng.choice(["No, thanks.", "That's all."]))
    w.end(agent)
    return w


def w_last(w, agent):
    return [s for s in w.spans if s["name"] == w.llm_name(agent)][-1]
