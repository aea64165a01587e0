"""A committee debates and a chair concludes: lost history, resets, ignored votes, no question asked; names only in the text or spans."""
import random

import content as c
import shapes_flat

SYS = "You are %s in a committee. Speak once a round, keep to your role. %s"
ROLES = {"Finance": "You watch the costs.", "Safety": "You watch the rules on safety; you may veto.", "Users": "You speak for the users.",
         "Chair": "You put the question, count the votes and conclude by the criteria of the task. End with DECIDED."}
FAULTS = ("reset", "ignore_veto", "miscount", "role_swap", "lost_fact", "no_question", "derail", "early", "echo_error", "misread_offer")


def committee(rng, failed):
    r = random.Random("committee/%d" % rng.randrange(6))
    firms = r.sample(c.COMPANY, 3)
    kind, town, cap = r.choice(["lifts", "buses", "boilers", "cranes"]), c.town(r), r.randrange(300, 800)
    price = {f: r.randrange(cap - 200, cap - 20) for f in firms}
    price[firms[2]] = cap + r.randrange(20, 90)
    unsafe = firms[0]
    price[firms[0]] = min(price.values()) - 11
    right = firms[1]
    task = ("Choose the offer for %s in %s: at most %d thousand, certified, the cheapest of those.\nOffers: %s." % (kind, town, cap, "; ".join(
        "%s %d thousand, %s" % (f, price[f], "certificate expired" if f == unsafe else "certified") for f in firms)))
    w = shapes_flat.team(rng, "committee", rng.choice(["gpt-4o", "llama-3.3-70b"]), task, "committee")
    say = lambda who, text: w.say(who, SYS % (who, ROLES[who]), text)  # noqa: E731
    fault = rng.choice(FAULTS) if failed else None
    op = lambda *x: rng.choice(x)  # noqa: E731
    call = say("Chair", op("Round 1: which offers meet the conditions?", "Let us go through the offers. Finance begins."))
    if fault == "derail":
        call = say("Users", "Before that, the name of the square in front of the %s matters more." % kind)
        w.blame(call, "goal_drift", "turns to the name of the square; the task is the offer")
        for who in ("Finance", "Safety"):
            say(who, op("%s Square would be nice." % c.town(rng), "I like %s." % c.town(rng)))
        say("Chair", "We name it after %s. DECIDED" % c.person(rng))
        w.done("DECIDED")
        return w
    within = [f for f in firms if price[f] <= cap]
    shown = dict(price)
    if fault == "misread_offer":
        shown[right] = price[right] + 400
        within = [unsafe]
    call = say("Finance", "Within %d: %s. %s is at %d." % (cap, ", ".join(within), firms[1], shown[firms[1]]))
    if fault == "misread_offer":
        w.blame(call, "misread_result", "reads %d for %s, the offer says %d" % (shown[right], right, price[right]))
    if fault == "role_swap":
        call = say("Safety", "I leave safety aside today: %s is the cheapest, take it." % unsafe)
        w.blame(call, "disobeyed_role", "speaks for the price and drops the certificate, its own task")
    elif fault == "echo_error":
        call = say("Safety", "All three are certified, as the offers say.")
        w.blame(call, "hallucinated_fact", "calls an expired certificate valid")
    else:
        call = say("Safety", op("%s has an expired certificate: veto.", "Veto against %s, its certificate has expired.") % unsafe)
    if fault == "early":
        call = say("Chair", "Then it is %s. DECIDED" % firms[2])
        w.blame(call, "premature_stop", "decides before Users have spoken, for an offer above the limit")
        w.done("DECIDED")
        return w
    if fault == "no_question":
        call = say("Users", "I do not know what users want here, I assume that they do not care.")
        w.blame(call, "not_clarified", "assumes in place of asking, and votes for the dearest")
        say("Users", "My vote: %s." % firms[2])
    else:
        say("Users", op("Any of the certified ones is fine for users.", "Users need it certified. My vote: %s.") .replace("%s", right))
    if rng.random() < 0.5:
        say("Chair", "Round 2: votes, please.")
        for who in ("Finance", "Safety"):
            say(who, "My vote: %s." % (unsafe if fault in ("role_swap", "echo_error", "misread_offer") else right))
    final = right
    if fault == "reset":
        call = say("Chair", "Welcome. We begin: which offers are there? I have no notes so far.")
        w.blame(call, "history_lost", "begins anew as if nothing had been said")
        say("Finance", "As before.")
        final = firms[2]
    if fault in ("role_swap", "echo_error", "misread_offer"):
        final = unsafe
    if fault == "no_question":
        final = firms[2]
    why = "the cheapest of the certified ones within %d" % cap
    if fault == "ignore_veto":
        final, why = unsafe, "the cheapest at %d" % price[unsafe]
    if fault == "miscount":
        final, why = firms[2], "three votes for it"
    if fault == "lost_fact":
        final, why = unsafe, "nobody spoke against it"
    call = say("Chair", "Conclusion: %s, %s. DECIDED" % (final, why))
    said = {"ignore_veto": ("ignored_peer", "concludes against the veto"), "miscount": ("misread_result", "nobody voted for it, and it is too dear"),
            "lost_fact": ("history_lost", "the veto was spoken and is forgotten")}
    if fault in said:
        w.blame(call, *said[fault])
    w.done("DECIDED")
    return w
