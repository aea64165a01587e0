"""An airline's service agent: reservations, fares, baggage, compensation."""
import json

import content as c
import shapes
from wire import tool

RULES = [
    ("General", [
        "Before any action that updates the booking database list the details and obtain explicit user "
        "confirmation (yes) to proceed.",
        "Do not provide information, knowledge or procedures that neither the user nor the tools gave.",
        "Make one tool call at a time.", "Deny requests that are against this policy.",
        "Transfer to a human agent if and only if the request cannot be handled with your actions."]),
    ("Modify flight", [
        "The user must provide the user id and the reservation id.",
        "Basic economy flights cannot be modified. Other reservations can be modified without changing origin, "
        "destination and trip type.",
        "Cabin class can be changed for all reservations, basic economy too, and must be the same for all "
        "flights of the reservation.",
        "The user pays the difference with one payment method on file; certificates cannot be used for it."]),
    ("Baggage", [
        "Regular member: 0 free bags for each basic economy passenger, 1 for economy, 2 for business.",
        "Silver member: 1, 2, 3. Gold member: 2, 3, 3. Each extra bag is 50 dollars.",
        "The user can add but not remove checked bags. Insurance cannot be added after booking."]),
    ("Cancel flight", [
        "The user must give the reason: change of plan, airline cancelled flight, or other.",
        "All reservations can be cancelled within 24 hours of booking, or if the airline cancelled the flight. "
        "Otherwise, basic economy or economy only with travel insurance and when the condition is met; business "
        "always. These rules are strict regardless of membership.",
        "If any segment was already flown, transfer to a human."]),
    ("Refund", [
        "If the user is silver or gold, or has insurance, or flies business, and complains about cancelled "
        "flights, after confirming the facts a certificate of 100 dollars for each passenger can be offered; for "
        "delayed flights 50 dollars, after changing or cancelling the reservation.",
        "Do not proactively offer compensation unless the user complains and asks for it."])]
TOOLS = [tool("get_user_details", "", user_id=""), tool("get_reservation_details", "", reservation_id=""),
         tool("search_direct_flight", "", origin="IATA", destination="IATA", date="2024-05-..."),
         tool("search_onestop_flight", "", origin="IATA", destination="IATA", date=""),
         tool("update_reservation_flights", "", reservation_id="", cabin="", flights="", payment_id=""),
         tool("update_reservation_baggages", "", reservation_id="", total_baggages="",
              nonfree_baggages="", payment_id=""),
         tool("cancel_reservation", "", reservation_id=""), tool("calculate", "", expression=""),
         tool("send_certificate", "", user_id="", amount=""),
         tool("transfer_to_human_agents", "", summary=""), tool("think", "", thought="")]
FREE = {"regular": {"basic_economy": 0, "economy": 1, "business": 2},
        "silver": {"basic_economy": 1, "economy": 2, "business": 3},
        "gold": {"basic_economy": 2, "economy": 3, "business": 3}}


class Trip:
    def __init__(self, rng, cabin=None):
        self.rng = rng
        self.name = c.person(rng)
        self.user = self.name.lower().replace(" ", "_") + "_%d" % rng.randrange(1000, 9999)
        self.tier = rng.choice(["regular", "silver", "gold"])
        self.ids = ["".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(6))
                    for _ in range(3)]
        self.frm, self.to = rng.sample(sorted(c.AIRPORTS), 2)
        self.cabin = cabin or rng.choice(["economy", "business"])
        self.pax = [self.name] + [c.person(rng) for _ in range(rng.randrange(0, 3))]
        self.day = rng.randrange(18, 27)
        self.price = rng.randrange(90, 400)
        self.card = "credit_card_%d" % rng.randrange(10**6, 10**7)
        self.cert = "certificate_%d" % rng.randrange(10**6, 10**7)
        self.flight = "HAT%03d" % rng.randrange(1, 300)

    def profile(self):
        return json.dumps({"name": self.name, "dob": str(c.date(self.rng, 1970)), "membership": self.tier,
                           "email": c.email(self.name, self.rng),
                           "payment_methods": {self.card: {"source": "credit_card", "last_four": "%04d"
                                                           % self.rng.randrange(10**4)},
                                               self.cert: {"source": "certificate", "amount": 150}},
                           "reservations": self.ids}, ensure_ascii=False)

    def reservation(self, rid, cabin=None, created="2024-05-03T09:12:00", insurance="no"):
        return json.dumps({
            "reservation_id": rid, "user_id": self.user, "origin": c.AIRPORTS[self.frm],
            "destination": c.AIRPORTS[self.to], "flight_type": "one_way", "cabin": cabin or self.cabin,
            "flights": [{"flight_number": self.flight, "date": "2024-05-%02d" % self.day,
                         "price": self.price, "origin": c.AIRPORTS[self.frm],
                         "destination": c.AIRPORTS[self.to]}],
            "passengers": [{"first_name": p.split()[0], "last_name": p.split()[1]} for p in self.pax],
            "payment_history": [{"payment_id": self.card, "amount": self.price * len(self.pax)}],
            "created_at": created, "total_baggages": 1, "nonfree_baggages": 0, "insurance": insurance},
            ensure_ascii=False)

    def flights(self, day, cheap):
        rows = []
        for i in range(self.rng.randrange(2, 6)):
            rows.append({"flight_number": "HAT%03d" % self.rng.randrange(1, 300),
                         "origin": c.AIRPORTS[self.frm], "destination": c.AIRPORTS[self.to],
                         "scheduled_departure_time_est": "%02d:00:00" % (6 + 3 * i), "status": "available",
                         "available_seats": {k: self.rng.randrange(1, 20) for k in FREE["gold"]},
                         "prices": {"basic_economy": cheap - 40 + 11 * i, "economy": cheap + 23 * i,
                                    "business": cheap * 3 + 31 * i}})
        self.rng.shuffle(rows)
        return rows


def opening(w, agent, trip, rng, ask):
    w.user(agent, ask)
    w.llm(agent, "I can help you with that. May I have your user id%s, please?" % rng.choice(
        ["", " and the reservation id"]))
    w.user(agent, "My user id is %s%s." % (trip.user, rng.choice([
        ", I don't have the reservation number at hand", ". The booking goes from %s to %s" % (
            trip.frm, trip.to)])))
    w.act(agent, "", "get_user_details", {"user_id": trip.user}, trip.profile())


def another(trip, rng):
    """Another booking of the same user."""
    other = Trip(rng)
    other.name, other.user, other.card = trip.name, trip.user, trip.card
    other.pax[0] = trip.name
    return other


def aside(w, agent, trip, rng, others, what):
    """A question on the way, answered from the tools."""
    if what == "other":
        rid = rng.choice(trip.ids[1:])
        other = others[rid]
        w.user(agent, "By the way, when does my booking %s leave?" % rid)
        w.act(agent, "", "get_reservation_details", {"reservation_id": rid}, other.reservation(rid))
        w.llm(agent, "Reservation %s is for flight %s from %s to %s on May %d." % (
            rid, other.flight, other.frm, other.to, other.day))
    elif what == "sum":
        w.user(agent, "How much did I pay for this booking in total?")
        w.act(agent, "", "calculate", {"expression": "%d * %d" % (trip.price, len(trip.pax))},
              "%.2f" % (trip.price * len(trip.pax)))
        w.llm(agent, "You paid $%d for %d passenger(s)." % (trip.price * len(trip.pax), len(trip.pax)))
    elif what == "think":
        w.act(agent, "", "think", {"thought": "The user has three reservations. I have to check cabin, date of "
                                   "booking and membership against the policy before I offer anything."}, "")
    else:
        w.user(agent, "Do you know which gate that will be?")
        w.llm(agent, "I'm sorry, gate information isn't available to me; it is shown at the airport on the day "
              "of travel. Shall we go on with your request?")
        w.user(agent, "Ok, yes please.")


def find_booking(w, agent, trip, rng, **how):
    """Opens reservations until the right one, the first of trip.ids in a random place."""
    others = {rid: another(trip, rng) for rid in trip.ids[1:]}
    for rid in rng.sample(trip.ids[1:], rng.randrange(0, 3)):
        w.act(agent, "", "get_reservation_details", {"reservation_id": rid}, others[rid].reservation(rid))
    w.act(agent, "", "get_reservation_details", {"reservation_id": trip.ids[0]},
          trip.reservation(trip.ids[0], **how))
    for what in rng.sample(["other", "sum", "think", "gate"], rng.randrange(2, 5)):
        aside(w, agent, trip, rng, others, what)


def bags(w, agent, trip, rng, failed, faults):
    n = len(trip.pax)
    extra = rng.randrange(2, 5)
    total = 1 + extra
    free = FREE[trip.tier][trip.cabin] * n
    paid = max(0, total - free)
    wrong = max(0, total - n) if max(0, total - n) != paid else paid + 1
    opening(w, agent, trip, rng, "Hello, I'd like to add %d checked bags to my flight from %s to %s." % (
        extra, trip.frm, trip.to))
    find_booking(w, agent, trip, rng)
    tell = wrong if "allowance" in faults else paid
    call = w.llm(agent, "You are a %s member and have a %s reservation (%s) for %d passenger(s). With %d more bags "
                 "the total is %d, of which %d are charged at $50 each: $%d, to be paid with %s. Do you confirm "
                 "(yes/no)?" % (trip.tier, trip.cabin, trip.ids[0], n, extra, total, tell, 50 * tell, trip.card))
    if "allowance" in faults:
        w.blame(call, "misread_policy", "%s member in %s: %d free bags for each of %d passengers, so %d are "
                "charged, not %d" % (trip.tier, trip.cabin, FREE[trip.tier][trip.cabin], n, paid, tell))
    w.user(agent, "yes%s" % (", and can you also tell me what seat I have? " if rng.random() < 0.2 else ""))
    args = {"reservation_id": trip.ids[0], "total_baggages": total, "nonfree_baggages": tell,
            "payment_id": trip.card}
    if "count" in faults:
        args["total_baggages"] = extra
    call = w.llm(agent, "", [("update_reservation_baggages", args)])
    if "count" in faults:
        w.blame(call, "wrong_argument", "total_baggages is the number added (%d), not the new total (%d)"
                % (extra, total))
    w.tool(agent, call.calls[0], trip.reservation(trip.ids[0]).replace(
        '"total_baggages": 1', '"total_baggages": %d' % args["total_baggages"]))
    w.llm(agent, "Your bags were added; $%d was charged to your card. Anything else?" % (50 * tell))
    w.user(agent, "No, thank you. ###STOP###")


def change(w, agent, trip, rng, failed, faults):
    basic = "basic" in faults
    day = trip.day + rng.randrange(1, 4)
    opening(w, agent, trip, rng, "Hi, I need to move my flight from %s to %s to May %d%s." % (
        trip.frm, trip.to, day, ", the cheapest one that leaves after noon, I have an appointment in the morning"))
    find_booking(w, agent, trip, rng, cabin="basic_economy" if basic else None)
    asked = day - 1 if "date" in faults else day
    rows = trip.flights(asked, trip.price + rng.randrange(-50, 160))
    call = w.llm(agent, "", [("search_direct_flight", {
        "origin": c.AIRPORTS[trip.frm], "destination": c.AIRPORTS[trip.to], "date": "2024-05-%02d" % asked})])
    if basic:
        w.blame(call, "policy_violation", "goes on with a flight change although the reservation is basic economy")
    if "date" in faults:
        w.blame(call, "wrong_argument", "searches May %d, the user asked for May %d" % (asked, day))
    w.tool(agent, call.calls[0], json.dumps(rows))
    cabin = "basic_economy" if basic else trip.cabin
    after = [r for r in rows if r["scheduled_departure_time_est"] >= "12"] or rows
    best = min(after, key=lambda r: r["prices"][cabin])
    if "constraint" in faults:
        morning = [r for r in rows if r["scheduled_departure_time_est"] < "12"]
        best = min(morning, key=lambda r: r["prices"][cabin]) if morning else best
    diff = (best["prices"][cabin] - trip.price) * len(trip.pax)
    if "per_passenger" in faults and len(trip.pax) > 1:
        diff = best["prices"][cabin] - trip.price
    elif rng.random() < 0.6:
        w.act(agent, "", "calculate", {"expression": "(%d - %d) * %d" % (
            best["prices"][cabin], trip.price, len(trip.pax))}, "%.2f" % diff)
    pay = trip.cert if "certificate" in faults else trip.card
    call = w.llm(agent, "The best match is flight %s on May %d at %s in %s. The difference for all passengers is $%d, "
                 "which I would %s %s. Shall I go ahead (yes/no)?" % (
                     best["flight_number"], asked, best["scheduled_departure_time_est"][:5], cabin, abs(diff),
                     "charge to" if diff > 0 else "refund to", pay))
    if "constraint" in faults and best["scheduled_departure_time_est"] < "12":
        w.blame(call, "forgot_instruction", "offers a morning flight; the user can only leave after noon")
    if "per_passenger" in faults and len(trip.pax) > 1:
        w.blame(call, "arithmetic_slip", "gives the difference for one passenger; there are %d" % len(trip.pax))
    if "certificate" in faults:
        w.blame(call, "policy_violation", "pays the difference with a certificate, which cannot be used for it")
    w.user(agent, "Yes, please.")
    w.act(agent, "", "update_reservation_flights", {
        "reservation_id": trip.ids[0], "cabin": cabin, "payment_id": pay, "flights": [{
            "flight_number": best["flight_number"], "date": "2024-05-%02d" % asked}]},
          trip.reservation(trip.ids[0]))
    w.llm(agent, "Done: you are on %s now. Is there anything else?" % best["flight_number"])
    w.user(agent, rng.choice(["No, that's it. ###STOP###", "Great, thanks. ###STOP###"]))


def cancel(w, agent, trip, rng, failed, faults):
    trip.cabin = "economy"
    opening(w, agent, trip, rng, "I have to cancel my trip from %s to %s, something came up at work. I'm a %s member "
            "by the way, so I expect a full refund." % (trip.frm, trip.to, trip.tier))
    find_booking(w, agent, trip, rng)
    if "cancel_anyway" in faults:
        w.llm(agent, "I see reservation %s, economy, booked on May 3rd. Do you want me to cancel it and refund $%d to "
              "your card (yes/no)?" % (trip.ids[0], trip.price * len(trip.pax)))
        w.user(agent, "yes")
        call = w.llm(agent, "", [("cancel_reservation", {"reservation_id": trip.ids[0]})])
        w.blame(call, "policy_violation", "cancels an economy booking older than 24 hours, without insurance, "
                "for a change of plan")
        w.tool(agent, call.calls[0], trip.reservation(trip.ids[0]).replace('"nonfree', '"status": "cancelled", "nonfree'))
        w.llm(agent, "The reservation is cancelled; $%d is refunded in 5 to 7 days." % (trip.price * len(trip.pax)))
        w.user(agent, "Thanks! ###STOP###")
        return
    w.llm(agent, "I'm sorry, but this economy reservation was booked more than 24 hours ago and has no travel "
          "insurance, so it cannot be cancelled for a change of plan, whatever the membership.")
    w.user(agent, "That's annoying. My last flight %s was delayed by three hours too, and nobody cared." % trip.flight)
    if "offer" in faults:
        call = w.llm(agent, "I'm really sorry. To make up for it I can offer you a certificate of $%d right away; "
                     "shall I issue it?" % (100 * len(trip.pax)))
        w.blame(call, "policy_violation", "offers compensation the user has not asked for, with the amount for "
                "cancelled flights, without checking the facts")
        w.user(agent, "Oh nice, yes please.")
        w.act(agent, "", "send_certificate", {"user_id": trip.user, "amount": 100 * len(trip.pax)},
              "Certificate certificate_%d added to user %s with amount %d." % (
                  rng.randrange(10**6, 10**7), trip.user, 100 * len(trip.pax)))
        w.llm(agent, "The certificate is in your account.")
    elif "invent" in faults:
        call = w.llm(agent, "I understand. You can add travel insurance now for $30 per passenger, and then cancel "
                     "with a full refund tomorrow.")
        w.blame(call, "hallucinated_policy", "insurance cannot be added after booking; the price is made up")
        w.user(agent, "Good, do that.")
        w.llm(agent, "", [("transfer_to_human_agents", {"summary": "User wants insurance added to %s."
                                                         % trip.ids[0]})])
    else:
        w.llm(agent, "I'm sorry to hear that. Is there anything else I can do for your current reservation, for "
              "instance change the flight?")
    w.user(agent, "No, leave it. ###STOP###")


KINDS = {"bags": (bags, ["allowance", "count"]),
         "change": (change, ["basic", "date", "constraint", "per_passenger", "certificate"]),
         "cancel": (cancel, ["cancel_anyway", "offer", "invent"])}


def airline(rng, failed):
    kind = rng.choice(sorted(KINDS))
    play, known = KINDS[kind]
    trip = Trip(rng)
    shape = rng.choice([shapes.LangGraph, shapes.LangGraph, shapes.OpenInference, shapes.PydanticAi])
    w = shape(rng, "airline-support", rng.choice(["gpt-4o", "claude-sonnet-4"]),
              session="air-%d" % rng.randrange(10**6), user=trip.user)
    if shape is shapes.LangGraph:
        w.orphans = rng.random() < 0.5
        w.graph("LangGraph", "airline")
    faults = c.pick(rng, known, failed, 1, 2 if kind == "change" else 1)
    if "per_passenger" in faults and len(trip.pax) == 1:
        trip.pax.append(c.person(rng))
    agent = w.start("airline_agent", c.policy("Airline agent policy", RULES, rng, [
        "The current time is 2024-05-15 15:00:00 EST."]), TOOLS)
    play(w, agent, trip, rng, failed, faults)
    w.end(agent)
    if not w.failures and failed:   # no flight of the kind that the fault needs
        return airline(rng, failed)
    return w
