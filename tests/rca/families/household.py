"""A household robot in a text world: planning, memory and reflection errors of AgentErrorBench; text actions."""
import random

import shapes_flat

SYSTEM = """You are in a house. Each turn you get what you see and answer with a thought and one action: go to X, open X, take X
from Y, put X in Y, heat X with microwave, cool X with fridge, clean X with sink, done. You can carry one thing."""
FAULTS = ("skip_treat", "wrong_object", "research", "false_done", "wrong_order", "misremember", "impossible", "wrong_place", "drop_second")
THINGS = ("mug", "apple", "plate", "potato", "egg", "bowl", "tomato", "pan", "cup", "bread")
PLACES = ("cabinet 1", "cabinet 2", "cabinet 3", "drawer 1", "drawer 2", "countertop 1", "countertop 2", "shelf 1", "diningtable 1",
          "sidetable 1", "stoveburner 1", "garbagecan 1")


def household(rng, failed):
    r = random.Random("household/%d" % rng.randrange(7))
    thing, other = r.sample(THINGS, 2)
    at, target, third = r.sample(PLACES, 3)
    treat, with_what = r.choice([("heat", "microwave"), ("cool", "fridge"), ("clean", "sink")])
    holds = {p: r.sample([t for t in THINGS if t not in (thing, other)], 2) for p in PLACES}
    holds[at].append(thing)
    holds[third].append(other)
    done = {"heat": "hot", "cool": "cold", "clean": "clean"}[treat]
    a = shapes_flat.Texted(rng, "robot", rng.choice(["gpt-4o-mini", "llama-3.3-70b", "qwen3-32b"]), "robot", SYSTEM)
    w = a.w
    fault = rng.choice(FAULTS) if failed else None
    a.see("You are in the middle of a kitchen. You see %s, a fridge, a microwave, a sink.\nYour task: put a %s %s in %s%s." % (
        ", ".join("a " + p for p in PLACES), done, thing, target, ", and a %s beside it" % other if r.random() < 0.5 or
        fault == "drop_second" else ""))
    both = "beside it" in a.agent.messages[-1].text
    look = lambda p: "You arrive at %s. You see %s." % (p, ", ".join("a %s" % t for t in holds[p]) or "nothing")  # noqa: E731
    think = lambda *ways: rng.choice(ways) + "\nAction: "  # noqa: E731
    if both:
        plan = "Plan: find the %s, %s it, put it in %s, then the %s." % (thing, treat, target, other)
    else:
        plan = "Plan: find the %s, %s it, put it in %s." % (thing, treat, target)
    if fault == "skip_treat":
        plan = "Plan: find a %s and put it in %s." % (thing, target)
    if fault == "drop_second":
        plan = "Plan: find the %s, %s it, put it in %s. That is all." % (thing, treat, target)
    tried = rng.sample([p for p in PLACES if p not in (at, target)], rng.randrange(1, 4))
    call = a.do(plan + "\nAction: go to %s" % tried[0], look(tried[0]))
    if fault in ("skip_treat", "drop_second"):
        w.blame(call, "forgot_instruction", "the plan leaves a part of the task out")
    for p in tried[1:]:
        a.do(think("Not here.", "It may be in the next place.") + "go to %s" % p, look(p))
    if fault == "research":
        n = rng.randrange(4, 8)
        for i in range(n):
            p = tried[i % len(tried)]
            call = a.do(think("I have not looked here yet.", "Perhaps here.") + "go to %s" % p, look(p))
            if i == 0:
                w.blame(call, "memory_error", "searches a place again that it has seen, and goes on so to the end")
        a.last("Action: done")
        return w
    if fault == "misremember":
        p = rng.choice([q for q in PLACES if q not in (at, third)])
        call = a.do(think("I saw the %s on %s before." % (thing, p)) + "take %s from %s" % (thing, p), "Nothing happens.")
        w.blame(call, "hallucinated_fact", "remembers the %s at a place where it never was" % thing)
        for _ in range(rng.randrange(1, 4)):
            a.do(think("Once more.") + "take %s from %s" % (thing, p), "Nothing happens.")
        a.last("The %s cannot be taken.\nAction: done" % thing)
        return w
    take, where = (other, third) if fault == "wrong_object" else (thing, at)
    if fault == "wrong_object" and both:
        take = holds[at][0]
        where = at
    a.do(think("Next.", "On to %s." % where) + "go to %s" % where, look(where))
    call = a.do(think("There it is.", "I take it.") + "take %s from %s" % (take, where), "You pick up the %s from %s." % (take, where))
    if fault == "wrong_object":
        w.blame(call, "wrong_argument", "takes a %s, the task needs a %s" % (take, thing))
    if fault == "impossible":
        call = a.do(think("I take the second one along too.") + "take %s from %s" % (other, third),
                    "Nothing happens. You are carrying something already.")
        w.blame(call, "invalid_action", "tries to carry two things, which the rules exclude, and never gets further")
        for _ in range(rng.randrange(2, 5)):
            a.do(think("Again.") + "take %s from %s" % (other, third), "Nothing happens. You are carrying something already.")
        a.last("Action: done")
        return w
    goal = target
    if fault == "wrong_place":
        goal = rng.choice([p for p in PLACES if p != target])
    if fault == "wrong_order":
        a.do("go to %s" % goal, look(goal))
        call = a.do(think("Put it down first, %s it later." % treat) + "put %s in %s" % (take, goal), "You put the %s in %s." % (take, goal))
        w.blame(call, "wrong_order", "puts it away before it was treated, and cannot treat it any more")
        a.do("go to %s" % with_what, "You arrive at the %s. It is empty." % with_what)
        a.do("%s %s with %s" % (treat, take, with_what), "Nothing happens. You do not carry a %s." % take)
        a.last("It should be fine.\nAction: done")
        return w
    if fault != "skip_treat":
        a.do(think("Now the %s." % with_what) + "go to %s" % with_what, "You arrive at the %s. It is closed." % with_what if
             with_what != "sink" else "You arrive at the sink.")
        a.do("%s %s with %s" % (treat, take, with_what), "You %s the %s using the %s." % (treat, take, with_what))
    if fault == "false_done":
        call = a.last(think("The %s is %s now, so the task is complete." % (take, done)) + "done")
        w.blame(call, "premature_stop", "stops with the thing in hand; it is not in %s" % target)
        return w
    call = a.do(think("Now to the goal.") + "go to %s" % goal, look(goal))
    if fault == "wrong_place":
        w.blame(call, "wrong_argument", "goes to %s, the task says %s" % (goal, target))
    a.do("put %s in %s" % (take, goal), "You put the %s in %s." % (take, goal))
    if both and fault != "drop_second":
        a.do("go to %s" % third, look(third))
        a.do("take %s from %s" % (other, third), "You pick up the %s." % other)
        a.do("go to %s" % goal, look(goal))
        a.do("put %s in %s" % (other, goal), "You put the %s in %s." % (other, goal))
    a.last(think("All parts are done.") + "done")
    return w

