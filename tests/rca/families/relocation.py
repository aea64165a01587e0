"""A relocation lead with a listings scout and a commute planner behind tools."""
import json

import content as c
import shapes
import shapes_more
from wire import tool

LEAD = """You help employees to find a flat in a new town. Write down a plan first. The scout collects offers, the \
commute desk measures travel times; neither of them sees the client's message, so tell them all that they need."""
SCOUT = """You collect flats. There are three portals (homely, keyring, stadtnest); an offer is often on one only. Work \
through what you are asked step by step and report candidates with rent, rooms, district and what the offer says."""
COMMUTE = "You measure door-to-door travel times with public transport on a weekday morning."
L_TOOLS = [tool("ask_scout", "The listings scout.", task=""), tool("ask_commute_desk", "Travel times.", task="")]
S_TOOLS = [tool("search_portal", "Offers of one portal.", portal="", town="", max_rent="", rooms="")]
C_TOOLS = [tool("travel_time", "Minutes.", origin="", destination="")]
FAULTS = ("plan", "early", "handover", "ignored", "site")


class World:
    def __init__(self, rng):
        self.town, self.firm = c.town(rng), c.company(rng)
        self.rooms, self.budget = rng.randrange(2, 5), rng.randrange(95, 180) * 10
        self.pet = rng.choice(["a dog", "two cats", "an elderly greyhound", "a cat"])
        self.limit = rng.choice([25, 30, 35, 40])
        names = rng.sample(["Hafen", "Oberfeld", "Linden", "Mühlau", "Sankt Veit", "Neustift", "Kanal", "Westend", "Brühl"], 7)
        streets = rng.sample(c.LAST, 7)
        self.site, self.other = rng.sample(["Rosengasse 4", "Gate 3, Dockside", "Turmplatz 11", "Campus North"], 2)
        rent = self.budget
        spec = [("keep", rent - 210, True, -6, 2), ("nopets", rent - 330, False, -3, 1), ("far", rent - 290, True, 19, 0),
                ("dear", rent - 60, True, -4, 0), ("alike", rent - 20, True, -9, 1), ("far2", rent - 110, True, 31, 2),
                ("nopets2", rent - 130, False, -8, 1)]
        self.flats = {}
        for (key, price, pets, late, portal), district, street in zip(spec, names, streets):
            self.flats[key] = {"id": "%s-%d" % (["HO", "KR", "SN"][portal], rng.randrange(10**5, 10**6)),
                               "street": "%s %d" % (street + rng.choice(["straße", " Lane", "weg"]), rng.randrange(1, 99)),
                               "district": district, "rent": price - rng.randrange(9), "pets": pets,
                               "minutes": self.limit + late, "portal": portal}

    def offers(self, rng, portal):
        rows = []
        for f in self.flats.values():
            if f["portal"] == portal:
                rows.append({"id": f["id"], "address": f["street"], "district": f["district"], "rent": f["rent"],
                             "rooms": self.rooms, "text": "%s %s %s" % (
                                 rng.choice(["Bright flat near the park.", "Quiet, back yard.", "Third floor, lift.",
                                             "Newly painted, cellar room included."]),
                                 rng.choice(["Pets welcome.", "Pets by arrangement, gladly."]) if f["pets"] else
                                 rng.choice(["No animals in the house, please.", "Pets are not allowed."]),
                                 rng.choice(["Deposit three months.", "Free from the first.", "Kitchen stays."]))})
        rng.shuffle(rows)
        return json.dumps({"portal": ["homely", "keyring", "stadtnest"][portal], "count": len(rows), "offers": rows},
                          ensure_ascii=False)


def line(f, pets=True):
    return "- %s, %s (%s), EUR %d%s" % (f["id"], f["street"], f["district"], f["rent"], "" if not pets else
                                       ", pets %s" % ("ok" if f["pets"] else "not allowed"))


def relocation(rng, failed):
    world = World(rng)
    fault = rng.choice(FAULTS) if failed else None
    w = rng.choice([shapes.GenAi, shapes.PydanticAi, shapes.OpenInference, shapes.AiSdk, shapes_more.Langfuse])(
        rng, "relocation", rng.choice(["gpt-4.1", "claude-sonnet-4-5", "gpt-5-mini"]))
    lead = w.start("relocation_lead", LEAD, L_TOOLS)
    w.user(lead, rng.choice([
        "I start at %s in %s (the office at %s) next month. I need %d rooms for at most EUR %d, I bring %s, and I do not "
        "want to travel more than %d minutes. Which is the cheapest flat that fits?",
        "Moving for %s to %s, my desk will be at %s. %d rooms, rent up to %d euros. Mind that I have %s, and the way to "
        "work should not take over %d minutes. Please name the cheapest offer that does it all."]) % (
            world.firm, world.town, world.site, world.rooms, world.budget, world.pet, world.limit))
    steps = ["scout: all offers with %d rooms up to EUR %d on the three portals" % (world.rooms, world.budget),
             "keep those that take %s" % world.pet, "commute desk: minutes to %s" % world.site,
             "drop what takes longer than %d minutes" % world.limit, "cheapest of the rest"]
    if fault == "plan":
        del steps[2:4]
    text = rng.choice(["Plan:\n", "Here is how I will go about it.\n", ""]) + "\n".join(
        "%d. %s" % (i + 1, s) for i, s in enumerate(steps))
    ask = "Collect flats in %s with %d rooms up to EUR %d from homely, keyring and stadtnest%s. Report all of them." % (
        world.town, world.rooms, world.budget, "" if fault == "handover" else
        "; the tenant has %s, so say for each whether pets are allowed" % world.pet)
    call = w.llm(lead, text, [("ask_scout", {"task": ask})])
    if fault == "plan":
        w.blame(call, "bad_plan", "the plan has no step for the travel time, which the client limits")
    if fault == "handover":
        w.blame(call, "missing_handover", "does not tell the scout about the animal")
    found = scout(w, rng, world, lead, call, ask, fault)
    pick = {"plan": "far", "early": "dear", "handover": "nopets", "ignored": "nopets", "site": "far"}.get(fault, "keep")
    if fault != "plan":
        commute(w, rng, world, lead, found, fault)
    f = world.flats[pick]
    text = rng.choice(["The cheapest flat that fits is %s, %s in %s, for EUR %d a month.",
                       "Take %s: %s (%s). The rent is EUR %d, the lowest of those that meet your wishes.",
                       "My recommendation is %s at %s, district %s, at %d euros."]) % (
                           f["id"], f["street"], f["district"], f["rent"])
    call = w.llm(lead, text)
    if fault == "ignored":
        w.blame(call, "ignored_peer", "the scout reported that this flat takes no pets")
    w.end(lead, text)
    return w


def scout(w, rng, world, lead, call, ask, fault):
    inner = w.sub(lead, call.calls[0], "scout", SCOUT, S_TOOLS, ask)
    portals = ["homely", "keyring", "stadtnest"]
    for i in range(1 if fault == "early" else 3):
        args = {"portal": portals[i], "town": world.town, "max_rent": str(world.budget), "rooms": str(world.rooms)}
        w.hiccup(inner, "", "search_portal", args, 0.12, "502 bad gateway")
        said = rng.choice(["", "First %s." % portals[i] if i == 0 else "Next %s." % portals[i]])
        if i == 0 and rng.random() < 0.6:
            said = "I will go through %s one after the other." % ", ".join(portals)
        w.act(inner, said, "search_portal", args, world.offers(rng, i))
    found = [f for k, f in world.flats.items() if fault != "early" or f["portal"] == 0]
    if fault not in ("handover", "ignored"):
        found = [f for f in found if f["pets"] or rng.random() < 0.4]
    text = rng.choice(["Candidates:\n", "These are the flats I found:\n", "Result of the search:\n"]) + "\n".join(
        line(f, fault != "handover") for f in found)
    done = w.llm(inner, text)
    if fault == "early":
        w.blame(done, "premature_stop", "reports after one of three portals")
    w.sub_end(inner, text)
    return found


def commute(w, rng, world, lead, found, fault):
    asked = [f for f in found if f["pets"] or fault in ("handover", "ignored")]
    goal = world.other if fault == "site" else world.site
    ask = "Minutes to %s for: %s" % (goal, "; ".join(f["street"] for f in asked))
    call = w.llm(lead, rng.choice(["", "Now the travel times.", "Step 3."]), [("ask_commute_desk", {"task": ask})])
    if fault == "site":
        w.blame(call, "wrong_argument", "has the way to %s measured, the client works at %s" % (world.other, world.site))
    inner = w.sub(lead, call.calls[0], "commute_desk", COMMUTE, C_TOOLS, ask)
    rows = []
    for f in asked:
        minutes = f["minutes"] if fault != "site" else world.limit - 5 - rng.randrange(9)
        w.act(inner, "", "travel_time", {"origin": f["street"], "destination": goal}, json.dumps(
            {"minutes": minutes, "changes": rng.randrange(3), "walk_m": rng.randrange(100, 900)}))
        rows.append("%s: %d min" % (f["street"], minutes))
    text = "\n".join(rows)
    w.llm(inner, text)
    w.sub_end(inner, text)
