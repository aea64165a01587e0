"""A text world and a shop of the closed half."""
from wire import tool

STEP = [tool("step", "Performs an action of the environment.", action="the action")]


def step(play, text, action, seen):
    return play.say(text, ("step", {"action": action}, seen))


def not_treated(play, rng, bad):
    what = rng.choice(("egg", "potato", "apple", "tomato"))
    how, where, verb = rng.choice((("hot", "microwave 1", "heat"), ("cool", "fridge 1", "cool"), ("clean", "sinkbasin 1", "clean")))
    goal = rng.choice(("diningtable 1", "garbagecan 1", "countertop 2"))
    places = rng.sample(["cabinet %d" % k for k in range(1, 9)] + ["shelf 1", "shelf 2", "drawer 3"], rng.randrange(1, 7))
    play.begin("You are in the middle of a room. Looking quickly around you, you see %s, a %s, and a %s. Your task is to: put a %s %s in %s." % (", ".join("a " + p for p in sorted(places)), where, goal, how, what, goal), "player", "You play a household game with text commands. Think, then give one command.", STEP)
    for p in places:
        step(play, "I still need the %s. I look at %s." % (what, p), "go to " + p, "You arrive at %s. On it, you see a %s." % (p, rng.choice(("plate 1", "cup 2", "saltshaker 1", "knife 3"))))
    step(play, "Maybe it is on the countertop.", "go to countertop 1", "You arrive at countertop 1. On it, you see a %s 2, a bread 1, and a spoon 1." % what)
    step(play, "There it is.", "take %s 2 from countertop 1" % what, "You pick up the %s 2 from the countertop 1." % what)
    for _ in range(rng.randrange(0, 3)):
        step(play, "I check what I carry before I go on.", "inventory", "You are carrying: a %s 2." % what)
    if not bad:
        step(play, "It has to be %s, so I go to the %s." % (how, where), "go to " + where, "You arrive at %s." % where)
        step(play, "Now I treat it.", "%s %s 2 with %s" % (verb, what, where), "You %s the %s 2 using the %s." % (verb, what, where))
    call = step(play, "I have the %s now, so I can bring it to the %s." % (what, goal), "go to " + goal, "You arrive at %s." % goal)
    if bad:
        play.fault(call, "planning: constraint ignorance", "Takes the %s to its goal without making it %s, and never goes back to the step." % (what, how))
    step(play, "I put it down.", "move %s 2 to %s" % (what, goal), "You move the %s 2 to the %s.%s" % (what, goal, "" if bad else " You won!"))
    if bad:
        for _ in range(rng.randrange(0, 6)):
            step(play, rng.choice(("The task should be done. I look around.", "The game does not end; I check the place once more.", "I'll wait and see.")), rng.choice(("look", "examine %s" % goal, "go to " + goal)), rng.choice(("Nothing happens.", "You are facing the %s. On it, you see a %s 2." % (goal, what))))
    play.say("The %s is in its place." % what)


def over_price(play, rng, bad):
    noun, opt = rng.choice((("desk lamp", "2 pack"), ("face cream", "100 ml"), ("yoga mat", "extra thick")))
    top = rng.randrange(20, 60)
    play.begin("Instruction: I'm looking for a %s, %s, and price lower than %d.00 dollars." % (noun, opt, top), "shopper", "You shop in a web shop. Actions: search[...], click[...]. Buy what meets every condition.", STEP)
    for k in range(rng.randrange(1, 4)):
        step(play, "I search%s." % (" again with other words" if k else ""), "search[%s%s]" % (noun, " " + opt if k else ""), "[Back to Search] Page 1 (Total results: 50)\n" + "\n".join("[B0%07d] %s, %s\n$%d.%02d to $%d.00" % (rng.randrange(10**7), noun.title(), rng.choice(("new", "eco", "classic", "pro")), top - rng.randrange(1, 9), rng.randrange(100), top + rng.randrange(2, 30)) for _ in range(6)))
    step(play, "The first one begins below the limit.", "click[B0%07d]" % rng.randrange(10**7), "[Back to Search] [< Prev]\nsize [single] [%s]\nPrice: $%d.00 to $%d.00\n[Description] [Buy Now]" % (opt, top - 5, top + 14))
    for _ in range(rng.randrange(0, 4)):
        step(play, "I read on.", rng.choice(("click[Description]", "click[< Prev]")), "Easy to clean. Ships in two days. Not for outdoor use.")
    step(play, "I choose %s." % opt, "click[%s]" % opt, "You have clicked %s.\nPrice: $%d.00\n[Buy Now]" % (opt, top + 14 if bad else top - 2))
    for _ in range(rng.randrange(0, 2)):
        step(play, "One more look at the features.", "click[Features]", "- Light\n- Made of recycled material")
    call = step(play, "Everything is selected, so I buy it.", "click[Buy Now]", "Thank you for your purchase! Score: %s" % ("0.5" if bad else "1.0"))
    if bad:
        play.fault(call, "planning: constraint ignorance", "With the option the page says %d dollars, more than the %d allowed; it is bought all the same." % (top + 14, top))
    for _ in range(rng.randrange(0, 4)):
        play.say(rng.choice(("Bought.", "The order is placed, and I am finished.", "There is nothing more to do.")))


FAMILIES = {"world.not_treated": ("world", not_treated), "world.over_price": ("world", over_price)}
