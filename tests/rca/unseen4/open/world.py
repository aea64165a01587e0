"""Agents in a text world or a shop, an action a step: ALFWorld and WebShop as AgentErrorBench has them."""
from wire import tool

ACT = [tool("act", "Takes one action in the environment, and returns what is seen.", action="one of the admissible actions")]
HOUSE = "You are an expert agent operating in the ALFRED Embodied Environment. Recall what was done and seen (memory), judge the last outcome (reflection), plan, then take one admissible action."
SHOP = "You are an expert autonomous agent operating in the WebShop e-commerce environment. Actions: search[keywords], click[value]. Buy the item that meets ALL conditions of the instruction."


def act(play, memory, planned, action, seen):
    return play.say("Memory: %s\nPlan: %s" % (memory, planned), ("act", {"action": action}, seen))


def looked_already(play, rng, bad):
    what, goal = rng.choice((("soapbar", "toilet"), ("mug", "coffeemachine"), ("creditcard", "sidetable"), ("spraybottle", "shelf")))
    places = ["cabinet %d" % k for k in range(1, rng.randrange(6, 10))] + ["drawer %d" % k for k in range(1, rng.randrange(3, 6))] + ["countertop 1"]
    rng.shuffle(places)
    play.begin("Your task is to: put a %s in %s. You are in the middle of a room. Looking quickly around you, you see %s, and a %s 1." % (what, goal, ", ".join(places), goal), "player", HOUSE, ACT)
    found = rng.randrange(1, len(places) - 3)
    done = []
    for place in places[:found]:
        act(play, "I have checked %s." % (", ".join(done) or "nothing yet"), "I go on to %s, the next place in order." % place, "go to " + place,
            "You arrive at %s. %s" % (place, rng.choice(("The %s is closed." % place, "On the %s, you see nothing." % place, "On the %s, you see a candle 1, and a soapbottle 2." % place))))
        done.append(place)
    spot = places[found]
    act(play, "I have checked %s." % ", ".join(done), "Next is %s." % spot, "go to " + spot, "You arrive at %s. On the %s, you see a cloth 2, a %s 1, and a toiletpaper 1." % (spot, spot, what))
    rest = places[found + 1:]
    if bad:
        call = act(play, "I have checked %s, and there was no %s in any of them." % (", ".join(done + [spot]), what), "The %s must be in one of the places that are left, so I go to %s." % (what, rest[0]), "go to " + rest[0], "You arrive at %s. The %s is closed." % (rest[0], rest[0]))
        play.fault(call, "memory: hallucination", "The step before showed a %s 1 on the %s; the memory says that there was none, and the agent leaves." % (what, spot))
        for k in range(rng.randrange(2, 9)):
            place = rng.choice(rest)
            act(play, "I have checked %d places without success." % (found + k + 2), "Open and look into %s." % place, rng.choice(("open " + place, "go to " + place)), rng.choice(("Nothing happens.", "You open the %s. In it, you see nothing." % place, "You arrive at %s. The %s is closed." % (place, place))))
        play.say("The number of steps is used up and I have not found a %s." % what)
    else:
        act(play, "There is a %s 1 on the %s." % (what, spot), "I take it.", "take %s 1 from %s" % (what, spot), "You pick up the %s 1 from the %s." % (what, spot))
        act(play, "I hold %s 1." % what, "Go to the %s." % goal, "go to %s 1" % goal, "You arrive at %s 1. On the %s 1, you see nothing." % (goal, goal))
        act(play, "I am at the %s." % goal, "Put it there.", "move %s 1 to %s 1" % (what, goal), "You move the %s 1 to the %s 1. Task completed." % (what, goal))
        play.say("The %s is in its place." % what)


def shelf(rng, noun, n=8):
    return "\n".join("[B0%s] %s %s %s, %s\n$%d.%02d" % ("".join(rng.choice("0123456789ABCDEFGHJKLMN") for _ in range(8)), rng.choice(("UrbanKit", "Levent", "Amarola", "NORTHPEAK", "Hometide")), rng.choice(("Men's", "Women's", "Premium", "Classic", "2 Pack")), noun, rng.choice(("Machine Wash", "Slim Fit", "Lightweight", "Gift")), rng.randrange(12, 90), rng.randrange(100)) for _ in range(n))


def option_left(play, rng, bad):
    noun, opt, val, others = rng.choice((("fleece jacket", "size", "x-large", "[small] [medium] [large] [x-large]"), ("walking shoes", "size", "10.5 wide", "[9 wide] [10.5 wide] [11]"), ("curtain panel", "size", "52 x 84 inch", "[42 x 63 inch] [52 x 84 inch]")))
    color, top = rng.choice(("navy", "forest green", "charcoal")), rng.randrange(50, 80)
    play.begin("Instruction: find me a %s with color: %s, and %s: %s, and price lower than %d.00 dollars. [Search]" % (noun, color, opt, val, top), "shopper", SHOP, ACT)
    for k in range(rng.randrange(1, 4)):
        act(play, "Nothing has been bought yet." if not k else "The last results did not fit.", "Search with the key attributes%s." % ("" if not k else " in other words"), "search[%s%s]" % (noun, " " + color if k else ""), "[Back to Search] Page 1 (Total results: 50) [Next >]\n" + shelf(rng, noun))
    for _ in range(rng.randrange(0, 3)):
        act(play, "I looked at the first page.", "This item is too expensive or has no %s; back to the list." % color, rng.choice(("click[Next >]", "click[< Prev]", "click[Back to Search]")), "[Back to Search] Page 2 (Total results: 50)\n" + shelf(rng, noun, 6))
    act(play, "One of the results is within the price.", "Open it and see the options.", "click[B0%s]" % "".join(rng.choice("0123456789ABCDEFGH") for _ in range(8)), "[Back to Search] [< Prev]\ncolor [black] [%s] [white]\n%s %s\nUrbanKit %s\nPrice: $%d.99\nRating: N.A.\n[Description] [Features] [Reviews] [Buy Now]" % (color, opt, others, noun, top - 12))
    for _ in range(rng.randrange(0, 3)):
        act(play, "The item page is open.", "Read more before I choose.", rng.choice(("click[Description]", "click[Features]")), "[Back to Search] [< Prev]\n- Soft and durable\n- Do not bleach\n- Imported")
    act(play, "The item page is open; color and %s must be chosen." % opt, "Choose the color.", "click[%s]" % color, "You have clicked %s." % color)
    if not bad:
        act(play, "Color is chosen, %s is left." % opt, "Choose the %s." % opt, "click[%s]" % val, "You have clicked %s." % val)
    call = act(play, "The color %s is selected and the price is fine." % color if bad else "Color and %s are selected and the price is fine." % opt, "All conditions are met, so I buy it.", "click[Buy Now]", "Thank you for shopping with us!\nYour score (min 0.0, max 1.0): %s" % ("0.67" if bad else "1.0"))
    if bad:
        play.fault(call, "planning: constraint ignorance", "Buys without choosing %s %s, which the instruction demands and the page offers." % (opt, val))
    for _ in range(rng.randrange(0, 4)):
        play.say(rng.choice(("The purchase is complete.", "The item was bought; there is nothing else to do.", "Memory: bought.\nPlan: finish.")))


FAMILIES = {"world.looked_already": ("world", looked_already), "world.option_left": ("world", option_left)}
