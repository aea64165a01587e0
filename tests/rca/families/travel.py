"""A trip planner on the AI SDK: flights, hotels, a sub-agent for the programme, a budget to keep."""
import json

import content as c
import shapes
from wire import tool

SYSTEM = """You plan trips and book them. Work in this order: flights, hotel, programme, check of the budget, booking.
- All wishes of the first message hold for the whole conversation: budget, dates, diet, accessibility.
- Prices in other currencies are converted with convert_currency, never by feel.
- Times are local. A day trip has to fit between arrival and departure.
- Before book_flight or book_hotel sum up everything with the total and wait for a yes.
- If a service does not answer, say so and offer to try later; do not fill in values yourself.
- The programme comes from ask_local_guide. Give the guide all the wishes that matter.
- The final answer is a list: flights, hotel, programme per day, total in EUR."""
GUIDE = """You are a local guide. You get a city, days and wishes and answer with a programme, one line a day. Use \
search_places; name only places that it returned."""
TOOLS = [tool("search_flights", "", origin="", destination="", date=""), tool("search_hotels", "", city="", checkin="",
                                                                            checkout="", filters=""),
         tool("convert_currency", "", amount="", source="", target=""), tool("book_flight", "", flight_id=""),
         tool("book_hotel", "", hotel_id="", checkin="", checkout=""), tool("ask_local_guide", "", request=""),
         tool("weather", "", city="", date="")]
G_TOOLS = [tool("search_places", "", city="", category="", filters="")]
FAULTS = ("dates", "budget", "diet", "convert", "no_yes", "swallow", "guide_invents", "guide_uninformed", "nights", "airport",
          "poll")


def travel(rng, failed):
    frm, to = rng.sample(sorted(c.AIRPORTS), 2)
    start = c.date(rng, 2027, rng.randrange(3, 10))
    nights = rng.randrange(2, 5)
    end = start.replace(day=min(28, start.day + nights))
    nights = (end - start).days
    if nights < 2:
        return travel(rng, failed)
    faults = c.pick(rng, FAULTS, failed, 1, 3)
    if "swallow" in faults:
        faults -= {"poll", "nights"}
    if "no_yes" in faults:
        faults.discard("convert")
    if failed and not faults - {"poll"}:
        faults.add(rng.choice(["budget", "dates", "diet"]))
    wish = rng.choice([("vegan", "vegan"), ("step-free access (my mother uses a wheelchair)", "step-free"),
                       ("no walks longer than 2 km", "short walks")])
    outs = [{"flight_id": "F%05d" % rng.randrange(10**5), "date": str(start), "dep": "%02d:15" % (6 + 3 * i),
             "price": rng.randrange(60, 240), "currency": "EUR"} for i in range(4)]
    backs = [{"flight_id": "F%05d" % rng.randrange(10**5), "date": str(end), "dep": "%02d:40" % (8 + 3 * i),
              "price": rng.randrange(60, 240), "currency": "EUR"} for i in range(4)]
    hotels = [{"hotel_id": "H%04d" % rng.randrange(10**4), "name": rng.choice(c.LAST) + " " + rng.choice(
        ["Inn", "House", "Palace", "Lodge"]), "per_night": rng.randrange(70, 260), "currency": "USD",
        "features": rng.sample(["wifi", "breakfast", "gym", "step-free", "vegan breakfast", "parking"], 3)}
        for _ in range(5)]
    hotels[0]["features"] = ["wifi", "step-free", "vegan breakfast"]
    hotels[1]["features"] = ["parking", "gym"]
    rate = round(rng.uniform(0.86, 0.95), 4)
    out, back = min(outs, key=lambda f: f["price"]), min(backs, key=lambda f: f["price"])
    hotel = hotels[1] if "diet" in faults else hotels[0]
    stay = hotel["per_night"] * nights
    eur = round(stay * rate, 2)
    if "convert" in faults:
        eur = float(stay)
    total = out["price"] + back["price"] + eur
    limit = int(total * (0.8 if "budget" in faults else 1.15)) // 10 * 10
    w = shapes.AiSdk(rng, "trip-planner", rng.choice(["gpt-4.1", "gemini-2.5-flash"]),
                     session="trip-%d" % rng.randrange(10**5), user="u%d" % rng.randrange(9999))
    agent = w.start("trip_planner", SYSTEM, TOOLS)
    w.user(agent, rng.choice([
        "Plan a trip for me from {f} to {t}, {s} to {e}. At most {b} EUR for flights and hotel together. Important: {w}.",
        "Ich möchte vom {s} bis {e} von {f} nach {t}. Flüge und Hotel zusammen höchstens {b} EUR. Wichtig: {w}.",
        "Quiero viajar de {f} a {t} del {s} al {e}. Vuelos y hotel no más de {b} EUR en total. Importante: {w}."]).format(
            f=frm, t=to, s=start, e=end, b=limit, w=wish[0]))
    day = start.replace(day=start.day + (-1 if start.day > 1 else 1)) if "dates" in faults else start
    iata = c.AIRPORTS[to]
    if "airport" in faults:
        iata = rng.choice([v for k, v in sorted(c.AIRPORTS.items()) if k not in (frm, to)])
    call = w.llm(agent, "", [("search_flights", {"origin": c.AIRPORTS[frm], "destination": iata, "date": str(day)})])
    if day != start:
        w.blame(call, "wrong_argument", "searches %s, the trip begins on %s" % (day, start))
    if "airport" in faults:
        w.blame(call, "wrong_argument", "%s is not an airport of %s" % (iata, to))
    w.tool(agent, call.calls[0], json.dumps([dict(f, date=str(day), destination=iata) for f in outs]))
    call = w.llm(agent, "", [("search_flights", {"origin": iata, "destination": c.AIRPORTS[frm], "date": str(end)})])
    w.tool(agent, call.calls[0], json.dumps(backs))
    w.hiccup(agent, "", "weather", {"city": to, "date": str(start)}, 0.2, "weather service: 503", "Error")
    if rng.random() < 0.6:
        w.act(agent, "", "weather", {"city": to, "date": str(start)}, json.dumps({"high": rng.randrange(8, 31), "sky": "fair"}))
    checkout = end.replace(day=end.day - 1) if "nights" in faults else end
    args = {"city": to, "checkin": str(start), "checkout": str(checkout), "filters": "" if "diet" in faults else wish[1]}
    if "poll" in faults:
        n = rng.randrange(5, 9)
        for _ in range(n):
            call, _ = w.act(agent, "", "search_hotels", args, json.dumps({"status": "ok", "hotels": hotels}))
        w.blame(call, "resource_abuse", "asks for the same hotels %d times and gets the same list" % n)
    elif not failed and rng.random() < 0.5:   # an asynchronous service: asking again is how it is meant to be used
        for _ in range(rng.randrange(1, 4)):
            w.act(agent, "", "search_hotels", args, json.dumps({"status": "searching", "retry_after_s": 5}))
    call = None
    if "swallow" in faults:
        err = "hotel-gateway: upstream timed out after 30000 ms"
        _, used = w.act(agent, "", "search_hotels", args, "Error: " + err, error=err, kind="GatewayTimeout", seconds=30)
        w.blame(used, "timeout", "the hotel service does not answer")
        text = "Hotel %s, %d nights at %d USD" % (hotel["name"], nights, hotel["per_night"])
        call = w.llm(agent, text + " fits well.", [("convert_currency", {
            "amount": stay, "source": "USD", "target": "EUR"})])
        w.blame(call, "hallucinated_fact", "names a hotel and a price although the search timed out")
        w.tool(agent, call.calls[0], str(eur))
    elif "poll" not in faults:
        call, _ = w.act(agent, "", "search_hotels", args, json.dumps({"status": "ok", "hotels": hotels}))
    if "diet" in faults and call is not None and "swallow" not in faults:
        w.blame(call, "forgot_instruction", "searches hotels without the wish for %s" % wish[1])
    if "nights" in faults and "poll" not in faults:
        w.blame(call, "wrong_argument", "check-out a day early: %s, the trip ends on %s" % (checkout, end))
    if "convert" not in faults and "swallow" not in faults:
        w.act(agent, "", "convert_currency", {"amount": stay, "source": "USD", "target": "EUR"}, str(eur))
    request = "Programme for %s, %s to %s. %s" % (to, start, end, "" if "guide_uninformed" in faults else "Wish: " + wish[0])
    call = w.llm(agent, "", [("ask_local_guide", {"request": request})])
    if "guide_uninformed" in faults:
        w.blame(call, "missing_handover", "does not tell the guide about: %s" % wish[0])
    guide = w.sub(agent, call.calls[0], "local_guide", GUIDE, G_TOOLS, request)
    places = ["%s %s" % (rng.choice(c.LAST), rng.choice(["Museum", "Park", "Market", "Gallery", "Tower"])) for _ in range(7)]
    for category in rng.sample(["museums", "parks", "food", "views"], rng.randrange(1, 4)):
        w.act(guide, "", "search_places", {"city": to, "category": category,
                                           "filters": "" if "guide_uninformed" in faults else wish[1]},
              json.dumps([{"name": p, "rating": round(rng.uniform(3.5, 5), 1), "about": c.sentence(rng, p)}
                          for p in places]))
    days = ["Day %d: %s and %s" % (i + 1, *rng.sample(places, 2)) for i in range(nights)]
    if "guide_invents" in faults:
        days[-1] = "Day %d: the %s Rooftop Gardens and dinner at %s's" % (nights, rng.choice(c.COMPANY), rng.choice(c.FIRST))
    call = w.llm(guide, "\n".join(days))
    if "guide_invents" in faults:
        w.blame(call, "hallucinated_fact", "the places of the last day were not among the results")
    w.sub_end(guide, call.text)
    summary = ("Flights: %s on %s (%d EUR), %s on %s (%d EUR)\nHotel: %s, %s to %s, %d USD = %.2f EUR\n%s\nTotal: %.2f EUR" % (
        out["flight_id"], day, out["price"], back["flight_id"], end, back["price"], hotel["name"], start, checkout, stay,
        eur, "\n".join(days), total))
    if "no_yes" not in faults:
        call = w.llm(agent, summary + "\nShall I book (yes/no)?")
        if "budget" in faults:
            w.blame(call, "forgot_instruction", "offers %.2f EUR, the limit is %d EUR" % (total, limit))
        if "convert" in faults:
            w.blame(call, "arithmetic_slip", "takes %d USD for as many EUR, without convert_currency" % stay)
        w.user(agent, rng.choice(["yes", "Ja, bitte.", "Sí, adelante.", "Yes, book it."]))
    for k, f in enumerate((out, back)):
        call = w.llm(agent, "", [("book_flight", {"flight_id": f["flight_id"]})])
        if k == 0 and "no_yes" in faults:
            w.blame(call, "policy_violation", "books without a summary and a yes")
            if "budget" in faults:
                w.blame(call, "forgot_instruction", "books a trip of %.2f EUR, the limit is %d EUR" % (total, limit))
        w.tool(agent, call.calls[0], json.dumps({"status": "confirmed", "pnr": c.order_id(rng, "P")}))
    w.act(agent, "", "book_hotel", {"hotel_id": hotel["hotel_id"], "checkin": str(start), "checkout": str(checkout)},
          json.dumps({"status": "confirmed", "ref": c.order_id(rng, "B")}))
    w.llm(agent, "Booked.\n" + summary)
    w.end(agent)
    return w
