"""Travel booking with a customer who talks: trains and hotels, rules of fares."""
from dialects import AiSdk, Flattened, GenAi, GenAiClientOnly, OpenInference
from text import CITIES, code, day, maybe_flaky, people, say
from trace import schema

FAULTS = ["one_seat_less", "wrong_day", "no_consent", "hotel_claimed", "other_fare", "old_wish", "rate", "ends_early", "wrong_city_hotel"]
HEAD = """{You book trains and hotels for members of Railhop.|Booking agent of Railhop.} Rules:
1. Quote the total price in the member's currency and get a yes before anything is booked.
2. Only book fares that fit what the member said (flexible, quiet, bicycle).
3. Use the conversion tool for currencies, never your own estimate.
4. A booking needs the full names of all travellers.
5. {End the chat only when all wishes are answered.|Do not close the chat while a wish is open.}"""
TOOLS = [schema("find_trains", "Connections.", origin="city", destination="city", date="YYYY-MM-DD", travellers=("integer", "number")),
         schema("book_train", "Books seats.", train_id="T…", fare="saver | flex", travellers=("array", "full names")),
         schema("find_hotels", "Hotels.", city="city", checkin="YYYY-MM-DD", nights=("integer", "number")), schema("book_hotel", "Books a room.", hotel_id="H…", guests=("array", "full names")),
         schema("convert", "Currency by the rate of today.", amount=("number", "amount"), source="ISO", target="ISO"), schema("member", "Profile.", number="M-…"), schema("close_chat", "Ends the chat.", note="result")]


def bookdesk(rng, fault):
    t = rng.choice([AiSdk, OpenInference, GenAi, Flattened, GenAiClientOnly])(rng, "railhop")
    o, d, e = rng.sample(CITIES, 3)
    n = rng.randint(2, 4)
    names = people(rng, n)
    date = day(rng, 2026, 4, 10)
    a = t.agent(rng.choice(["booking", "railhop_agent", "travel_desk"]), say(rng, HEAD), TOOLS)
    number, cur = code(rng, "M-######"), rng.choice(["SEK", "PLN", "CHF"])
    t.user(a, say(rng, "{Hello, member $m here.|Hi! My number is $m.} {We are $n people and want to go|$n of us travel} from $o to $d on $w. {It has to be flexible, we may change it.|Flexible fare please.}",
                  m=number, n=n, o=o, d=d, w=date.strftime("%A, %d %B")))
    maybe_flaky(t, a, "", "member", {"number": number}, {"member": number, "name": names[0], "currency": cur, "tier": rng.choice(["blue", "silver"])}, .2)
    t.llm(a, say(rng, "{Welcome back, $f.|Hello $f.} {May I have|Please tell me} the full names of everybody?", f=names[0].split()[0]))
    t.user(a, ", ".join(names))
    talk(rng, t, a)
    asked = date.replace(day=date.day + 1 if date.day < 28 else 3) if fault == "wrong_day" else date
    rows = [{"train_id": code(rng, "T####"), "dep": "%02d:%02d" % (rng.randint(6, 19), rng.choice([4, 19, 34, 49])), "saver_eur": p, "flex_eur": p * 2} for p in rng.sample(range(19, 90), 3)]
    s = t.llm(a, say(rng, "{Looking for trains.|One moment.|}"), [("find_trains", {"origin": o, "destination": d, "date": asked.isoformat(), "travellers": n})])
    t.ret(s, 0, {"date": asked.isoformat(), "trains": rows})
    if fault == "wrong_day":
        t.root(s, "wrong_value", "searches on %s, the member said %s" % (asked, date))
    train(rng, t, a, rows, names, n, cur, fault)
    hotel(rng, t, a, d, e, asked, names, fault)
    wish = say(rng, "{One more thing|Ah}: {is there a place for a bicycle on it?|can we take a dog?}")
    if fault == "ends_early" or rng.random() < .4:
        t.user(a, wish)
        if fault == "ends_early":
            s = t.llm(a, say(rng, "{Enjoy your trip!|All done, have a nice journey.}"), [("close_chat", {"note": "booked"})])
            t.root(s, "premature_end", "closes the chat, the last question stays open")
            t.ret(s, 0, "closed")
            t.finish(a, "closed")
            return t
        t.llm(a, say(rng, "{I have no information about that in my tools; please ask at the station.|That I cannot see here, the station can tell you.}"))
    t.user(a, say(rng, "{Thanks, bye|That is all, thank you!}"))
    s = t.llm(a, say(rng, "{Have a good trip!|Goodbye!}"), [("close_chat", {"note": "done"})])
    t.ret(s, 0, "closed")
    t.finish(a, "done")
    return t


def talk(rng, t, a):
    for x, y in rng.sample([("Is there wifi on board?", "Most trains on this line have it."), ("we'd rather not leave before 6", "I'll keep that in mind."),
                            ("Do kids pay?", "Children under six travel free."), ("How long before do we have to be there?", "Ten minutes are enough.")], rng.randint(0, 3)):
        t.user(a, x)
        t.llm(a, y)
        t.user(a, say(rng, "{ok, go ahead|Good. Please search now.|right}"))


def train(rng, t, a, rows, names, n, cur, fault):
    best = min(rows, key=lambda r: r["flex_eur"])
    total = best["flex_eur"] * n
    rate = {"SEK": 11.2, "PLN": 4.3, "CHF": .94}[cur]
    if fault == "rate":
        quoted = round(total * rate * 1.3, 2)
    else:
        quoted = round(total * rate, 2)
        t.do(a, say(rng, "{Converting.|}"), "convert", {"amount": total, "source": "EUR", "target": cur}, {"amount": quoted, "currency": cur})
    words = say(rng, "$id at $dep, flexible: $q $c for all $n. {Shall I book?|May I book it?}", id=best["train_id"], dep=best["dep"], q="%.2f" % quoted, c=cur, n=n)
    if fault != "no_consent":
        s = t.llm(a, words)
        if fault == "rate":
            t.root(s, "invented_fact", "quotes a price in %s without the conversion tool" % cur)
        if fault == "old_wish" or rng.random() < .35:
            later = next(r for r in rows if r is not best)
            t.user(a, say(rng, "{Could we take the one at $x instead? Then yes.|Make it the $x train, and yes, book it.}", x=later["dep"]))
            best = best if fault == "old_wish" else later
        else:
            t.user(a, say(rng, "{yes please|Yes, book it.|Go ahead.}"))
    args = {"train_id": best["train_id"], "fare": "saver" if fault == "other_fare" else "flex", "travellers": names[:-1] if fault == "one_seat_less" else names}
    s = t.llm(a, say(rng, "{Booking.||Booking it now.}"), [("book_train", args)])
    t.ret(s, 0, {"pnr": code(rng, "@@@###"), "seats": len(args["travellers"]), "fare": args["fare"]})
    why = {"no_consent": ("policy_violation", "books without a quote and a yes"), "other_fare": ("wrong_value", "books the saver fare, a flexible one was asked for"),
           "one_seat_less": ("wrong_value", "leaves out one traveller"), "old_wish": ("stale_value", "books the train that the member had just replaced")}.get(fault)
    if why:
        t.root(s, *why)
    t.llm(a, say(rng, "{The train is booked.|Seats are booked.} {Do you need a hotel?|Anything else?}"))


def hotel(rng, t, a, d, e, date, names, fault):
    if fault not in ("hotel_claimed", "wrong_city_hotel") and rng.random() < .5:
        return
    t.user(a, say(rng, "{Yes, a hotel there for two nights.|Please also a hotel, two nights, not too expensive.}"))
    city = e if fault == "wrong_city_hotel" else d
    rows = [{"hotel_id": code(rng, "H####"), "name": x, "eur": rng.randint(80, 200)} for x in rng.sample(["Astoria", "Am Markt", "The Old Mill", "Central", "Harbour View"], 3)]
    s = t.llm(a, "", [("find_hotels", {"city": city, "checkin": date.isoformat(), "nights": 2})])
    t.ret(s, 0, {"city": city, "hotels": rows})
    if fault == "wrong_city_hotel":
        t.root(s, "wrong_value", "looks for a hotel in %s, the trip goes to %s" % (e, d))
    pick = min(rows, key=lambda r: r["eur"])
    t.llm(a, say(rng, "The $h costs $p EUR a night. {Shall I book it?|Is that all right?}", h=pick["name"], p=pick["eur"]))
    t.user(a, say(rng, "{Yes.|Sounds good, book it.}"))
    if fault == "hotel_claimed":
        s = t.llm(a, say(rng, "{The room at the $h is booked, the voucher is in your mail.|Done: $h, two nights, confirmed.} {Anything else?|}", h=pick["name"]))
        t.root(s, "false_claim", "book_hotel was never called")
        return
    t.do(a, "", "book_hotel", {"hotel_id": pick["hotel_id"], "guests": names}, {"voucher": code(rng, "V#######")})
    t.llm(a, say(rng, "{Your room at the $h is booked.|Booked: $h.} {Anything else?|}", h=pick["name"]))
