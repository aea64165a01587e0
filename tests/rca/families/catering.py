"""A team's chat on a dinner: a planner, a dietician, a buyer and a reviewer, one message a span."""
import content as c
import shapes_flat

ROLES = {"Planner": "You plan menus for events. You propose, and change what the others object to.",
         "Dietician": "You check menus against what guests must not eat. You only object or agree.",
         "Buyer": "You write a price query for the menu, as code, and report what the food costs for all guests.",
         "Reviewer": "You compare the result with the client's order. Say APPROVED when all holds, or what is wrong."}
DISHES = [("roast carrots with thyme", ()), ("walnut risotto", ("nuts",)), ("lentil stew", ()), ("trout in butter", ("fish", "milk")),
          ("chickpea salad", ()), ("almond tart", ("nuts",)), ("baked apples", ()), ("cream of leek soup", ("milk",)),
          ("potato dumplings with sage", ()), ("prawn skewers", ("fish",)), ("hazelnut parfait", ("nuts", "milk")),
          ("grilled peppers", ()), ("panna cotta", ("milk",)), ("rice pudding with oat drink", ())]
FAULTS = ("forgot", "approve", "count", "deaf", "role", "early")


class World:
    def __init__(self, rng):
        self.ban = rng.choice(["nuts", "fish", "milk"])
        self.guests = rng.randrange(24, 90)
        self.per = {d: rng.randrange(20, 90) / 10 for d, _ in DISHES}
        safe = [d for d, x in DISHES if self.ban not in x]
        self.menu = rng.sample(safe, 3)
        self.bad = rng.choice([d for d, x in DISHES if self.ban in x])
        self.per[self.bad] = min(self.per[d] for d in self.menu)
        self.budget = int(sum(self.per[d] for d in self.menu) * self.guests) + rng.randrange(20, 90)

    def cost(self, menu, guests=None):
        return sum(self.per[d] for d in menu) * (guests or self.guests)


def propose(rng, menu):
    return rng.choice(["I propose: %s.", "Menu for the evening: %s.", "How about %s?"]) % "; ".join(menu)


def catering(rng, failed):
    world = World(rng)
    fault = rng.choice(FAULTS) if failed else None
    task = rng.choice([
        "Plan a dinner of three courses for %d guests. Some of them must not eat %s, so nothing with it may be on the table. The food "
        "may cost %d euros in all. Give the menu and the total.",
        "We expect %d people. Because of an allergy there must be no %s in any dish. Three courses, at most EUR %d for all of it; I "
        "need the menu and what it costs."]) % (world.guests, world.ban, world.budget)
    w = shapes_flat.team(rng, "catering-team", rng.choice(["gpt-4o", "gpt-4.1-mini"]), task, "dinner")
    menu = list(world.menu)
    dirty = [world.bad] + menu[1:]
    if fault in ("forgot", "deaf") or (not fault and rng.random() < 0.4):
        call = w.say("Planner", ROLES["Planner"], propose(rng, dirty))
        if fault == "forgot":
            w.blame(call, "forgot_instruction", "%s holds %s" % (world.bad, world.ban))
            menu = dirty
            w.say("Dietician", ROLES["Dietician"], rng.choice(["Balanced, with vegetables. Fine with me.",
                                                               "Agreed, enough protein and not too heavy."]))
        else:
            w.say("Dietician", ROLES["Dietician"], rng.choice(["%s holds %s. Please replace it.", "Not possible: %s has %s in it."])
                  % (world.bad.capitalize(), world.ban))
            if fault == "deaf":
                call = w.say("Planner", ROLES["Planner"], rng.choice([
                    "Noted. The menu stays: %s.", "Thanks for looking. Then we go on with %s."]) % "; ".join(dirty))
                w.blame(call, "ignored_peer", "keeps the dish that the dietician objected to")
                menu = dirty
            else:
                w.say("Planner", ROLES["Planner"], "Changed. " + propose(rng, menu))
                w.say("Dietician", ROLES["Dietician"], "Now it is in order.")
    else:
        w.say("Planner", ROLES["Planner"], propose(rng, menu))
        w.say("Dietician", ROLES["Dietician"], rng.choice(["No %s in it. Agreed.", "I checked for %s, there is none."]) % world.ban)
    bought(w, rng, world, menu, fault)
    return w


def bought(w, rng, world, menu, fault):
    if fault == "role":
        menu = [menu[0], menu[1], world.bad]
    guests = world.guests
    if fault == "count":
        turned = int(str(world.guests)[::-1])
        guests = turned if 10 < turned < world.guests else world.guests - 10
    if fault == "early":
        call = w.say("Reviewer", ROLES["Reviewer"], rng.choice(["The menu is complete. APPROVED", "Three courses, fine. APPROVED"]))
        w.blame(call, "premature_stop", "approves before anybody asked for prices; the client wants the total")
        w.done(call.text)
        return
    extra = world.budget if fault == "approve" else 0
    if extra:
        for d in menu:
            world.per[d] += 2.5
    text = "%s\n```python\nfor dish in %r:\n    print(dish, price(dish, guests=%d))\n```" % (
        rng.choice(["Prices from the wholesaler:", "I ask the price list.", "Query:"]), menu, guests)
    if fault == "role":
        text = rng.choice(["I put %s in, it is easier to get.\n", "%s is on offer, so I changed the last course to it.\n"]) % (
            world.bad.capitalize()) + text
    call = w.say("Buyer", ROLES["Buyer"], text)
    if fault == "role":
        w.blame(call, "disobeyed_role", "changes the menu, which is not the buyer's, to a dish with %s" % world.ban)
    if fault == "count":
        w.blame(call, "wrong_argument", "asks for %d guests, there are %d" % (guests, world.guests))
    w.ran("price_list", "\n".join("%s %.2f" % (d, world.per[d] * guests) for d in menu))
    total = world.cost(menu, guests)
    w.say("Buyer", ROLES["Buyer"], rng.choice(["The food costs EUR %.2f in all.", "Sum of the three courses: %.2f euros."]) % total)
    text = rng.choice(["Menu: %s. Total EUR %.2f. APPROVED", "APPROVED: %s, for %.2f euros."]) % ("; ".join(menu), total)
    call = w.say("Reviewer", ROLES["Reviewer"], text)
    if fault == "approve":
        w.blame(call, "wrong_verification", "approves %.2f, the budget is %d" % (total, world.budget))
    w.done(text)
