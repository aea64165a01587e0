"""Freight: one agent takes the request, hands over to customs, then to carriers."""
from dialects import AiSdk, GenAi, OpenInference
from text import CITIES, code, day, firm, maybe_flaky, say
from trace import schema

FAULTS = ["handover", "forgot", "pounds", "wrong_hs", "said_sent", "some_only", "twice", "cheapest_banned"]
DESK = "{Intake desk of a freight forwarder.|You take transport requests.} Collect all facts of each consignment, store it with register, then hand over with a full brief."
CUSTOMS = "{Customs desk.|You classify goods and prepare declarations.} Classify each consignment by its description, file the export declaration with the registered weight in kilograms, then hand over to carriers."
CARRIER = "{Carrier desk.|You book transports.} Book each registered consignment once. Respect the special instructions of the shipper. {Carriers on the banned list are never used.|Never use a banned carrier, however cheap.} Then send the papers with send_papers and report."
T1 = [schema("register", "Stores a consignment.", goods="what", weight_kg=("number", "kg"), origin="city", destination="city", instructions="special instructions"),
      schema("address_check", "Checks a place.", city="city"), schema("transfer_to_customs", "Hands over.", brief="what the next desk has to know")]
T2 = [schema("find_hs_code", "Customs codes by words.", words="goods"), schema("file_declaration", "Export declaration.", consignment="K-…", hs_code="code", weight_kg=("number", "kg")),
      schema("transfer_to_carriers", "Hands over.", brief="what the next desk has to know")]
T3 = [schema("quotes", "Prices of carriers.", consignment="K-…"), schema("banned_carriers", "The list."), schema("book", "Books.", consignment="K-…", carrier="name", pickup="YYYY-MM-DD", instructions="for the driver"),
      schema("send_papers", "Mails the papers to the shipper.", consignment="K-…"), schema("track", "State of a booking.", booking="B-…")]
GOODS = [("ceramic tiles", "6907.21", "6911.10", "porcelain tableware"), ("e-bike batteries", "8507.60", "8506.50", "lithium cells, not rechargeable"),
         ("cotton shirts", "6105.10", "6109.10", "cotton T-shirts"), ("roasted coffee", "0901.21", "0901.11", "coffee, not roasted"), ("oak flooring", "4418.74", "4407.91", "oak, sawn")]
WISHES = ["tail lift needed", "keep between 2 and 8 °C", "deliver before 9:00", "do not stack", "call the recipient an hour ahead"]


def dispatch(rng, fault):
    t = rng.choice([OpenInference, GenAi, AiSdk])(rng, "freight-desk")
    t.workflow(rng.choice(["freight request", "transport_flow"]))
    a = t.agent("intake", say(rng, DESK), T1)
    n = rng.randint(2, 4)
    loads = []
    for g in rng.sample(GOODS, n):
        o, d = rng.sample(CITIES, 2)
        loads.append({"goods": g, "kg": rng.randint(80, 4000), "o": o, "d": d, "wish": rng.choice(WISHES) if rng.random() < .5 else "none", "id": code(rng, "K-#####"), "day": day(rng, 2026, 3, 10)})
    bad = rng.randrange(n)
    if fault in ("handover", "forgot"):
        loads[bad]["wish"] = rng.choice(WISHES)
    t.user(a, say(rng, "{We have $n consignments:|Please move the following:} ", n=n) + "; ".join(
        "%s, %d kg, %s to %s, pickup %s%s" % (x["goods"][0], x["kg"], x["o"], x["d"], x["day"], ", " + x["wish"] if x["wish"] != "none" else "") for x in loads) + say(rng, ". {Papers to me by mail, please.|Send me the papers.}"))
    for i, x in enumerate(loads):
        if rng.random() < .5:
            maybe_flaky(t, a, "", "address_check", {"city": x["d"]}, {"city": x["d"], "zone": rng.choice("ABC"), "known": True}, .2)
        wish = "none" if fault == "forgot" and i == bad else x["wish"]
        s = t.llm(a, say(rng, "{Registering the $g.||Next: $g.}", g=x["goods"][0]), [("register", {
            "goods": x["goods"][0], "weight_kg": x["kg"], "origin": x["o"], "destination": x["d"], "instructions": wish})])
        t.ret(s, 0, {"consignment": x["id"], "state": "registered"})
        if fault == "forgot" and i == bad:
            t.root(s, "lost_requirement", "registers without the instruction '%s'" % x["wish"])
            x["wish"] = "none"
    x = loads[bad]
    wishes = {y["id"]: y["wish"] for y in loads if y["wish"] != "none"}
    if fault == "handover":
        wishes.pop(x["id"])
    brief = "; ".join("%s %s %d kg %s-%s pickup %s %s" % (y["id"], y["goods"][0], y["kg"], y["o"], y["d"], y["day"], wishes.get(y["id"], "")) for y in loads)
    s = t.llm(a, say(rng, "{All registered. Over to customs.|Handing over.}"), [("transfer_to_customs", {"brief": brief})])
    if fault == "handover":
        t.root(s, "lost_requirement", "the brief does not tell of '%s'" % x["wish"])
    b = t.hand(s, 0, "customs", say(rng, CUSTOMS), T2)
    b.log = [("user", brief, (), None, None)] if rng.random() < .6 or fault == "handover" else b.log
    customs(rng, t, b, loads, bad, fault)
    brief2 = brief + say(rng, ". {Declarations are filed.|All declared.}")
    s = t.llm(b, "", [("transfer_to_carriers", {"brief": brief2})])
    c = t.hand(s, 0, "carriers", say(rng, CARRIER), T3)
    c.log = [("user", brief2, (), None, None)] if fault == "handover" or rng.random() < .6 else c.log
    carriers(rng, t, c, loads, bad, fault, wishes)
    return t


def customs(rng, t, b, loads, bad, fault):
    for i, x in enumerate(loads):
        g = x["goods"]
        t.do(b, say(rng, "{Code for $g?||Classifying $g.}", g=g[0]), "find_hs_code", {"words": g[0].split()[-1]},
             {"codes": rng.sample([{"code": g[1], "text": g[0]}, {"code": g[2], "text": g[3]}], 2)})
        hs, kg = (g[2] if fault == "wrong_hs" and i == bad else g[1]), x["kg"]
        if fault == "pounds" and i == bad:
            kg = round(kg * 2.2046, 1)
        s = t.llm(b, say(rng, "{Filing.|That one fits.|}"), [("file_declaration", {"consignment": x["id"], "hs_code": hs, "weight_kg": kg})])
        t.ret(s, 0, {"mrn": code(rng, "26DE##########??"), "state": "accepted"})
        if i == bad and fault == "wrong_hs":
            t.root(s, "wrong_record", "declares %s as %s" % (g[0], g[3]))
        if i == bad and fault == "pounds":
            t.root(s, "wrong_value", "files pounds in the field of kilograms")


def carriers(rng, t, c, loads, bad, fault, wishes):
    ban = firm(rng)
    t.do(c, say(rng, "{First the list of banned carriers.|}"), "banned_carriers", {}, {"banned": [{"name": ban, "since": "2025-11-03", "reason": "insurance lapsed"}]})
    told = []
    for i, x in enumerate(loads):
        hit = i == bad
        if hit and fault == "some_only":
            t.next_is_root("incomplete_task", "%s is never booked and is reported as booked" % x["id"])
            told.append("%s booked" % x["id"])
            continue
        offers = [{"carrier": firm(rng), "eur": rng.randint(300, 900)} for _ in range(rng.randint(2, 3))]
        if hit and fault == "cheapest_banned" or rng.random() < .3:
            offers.append({"carrier": ban, "eur": 249})
            rng.shuffle(offers)
        t.do(c, say(rng, "{Prices for $k.||Now $k.}", k=x["id"]), "quotes", {"consignment": x["id"]}, {"offers": offers})
        ok = [o for o in offers if o["carrier"] != ban or hit and fault == "cheapest_banned"]
        who = min(ok, key=lambda o: o["eur"])["carrier"]
        args = {"consignment": x["id"], "carrier": who, "pickup": x["day"].isoformat(), "instructions": wishes.get(x["id"], "")}
        s = t.llm(c, say(rng, "{$w is the cheapest.|Booking $w.|}", w=who), [("book", args)])
        if hit and fault == "cheapest_banned":
            t.root(s, "prohibited_action", "books a carrier of the banned list")
        if hit and fault == "twice":
            number = code(rng, "B-######")
            t.ret(s, 0, {"booking": number, "state": "pending confirmation"})
            t.do(c, "", "track", {"booking": number}, {"booking": number, "state": "pending confirmation"})
            s = t.llm(c, say(rng, "{It is still pending, so I book again.|No confirmation; booking once more.}"), [("book", args)])
            t.root(s, "repeated_action", "books a consignment that was booked")
        t.ret(s, 0, {"booking": code(rng, "B-######"), "state": "confirmed"})
        if hit and fault == "said_sent":
            told.append("%s with %s, papers mailed" % (x["id"], who))
            t.next_is_root("false_claim", "goes on without mailing the papers of %s, which are reported as mailed" % x["id"])
            continue
        t.do(c, "", "send_papers", {"consignment": x["id"]}, rng.choice(["sent", '{"mail": "queued"}']))
        told.append("%s with %s, papers mailed" % (x["id"], who))
    end = say(rng, "{All consignments are arranged:|Done.|Everything is booked:} ") + "; ".join(told)
    s = t.llm(c, end)
    if fault in ("some_only", "said_sent") and s.span["id"] != t.rooted:
        t.also(s, "false_claim", "reports what was not done")
    t.finish(c, end)
