"""An orchestrator, a web surfer and an assistant in a flat log (Magentic-One's manner): ledgers as text, pages as descriptions."""
import random

import content as c
import shapes_flat

SYS = {"Orchestrator": "You lead a team: WebSurfer, Assistant, ComputerTerminal. Keep a plan and a ledger.",
       "WebSurfer": "You drive a browser and describe what you see after each action.",
       "Assistant": "You reason and write code."}
FAULTS = ("bad_plan", "wrong_click", "no_scroll", "misread", "satisfied_early", "loop_orders", "guess_at_limit", "blocked_ignored", "dropped_condition",
          "vague_order", "wrong_format")


def surfer(rng, failed):
    r = random.Random("surfer/%d" % rng.randrange(6))
    town, kind = c.town(r), r.choice(["pottery courses", "boat tours", "yoga classes", "swim lessons"])
    firms = [c.company(r) for _ in range(4)]
    hour, price = r.randrange(17, 21), r.randrange(12, 60)
    host, site = r.choice(c.HOSTS), c.url_of(firms[1] + " - " + kind, r.choice(c.HOSTS))
    task = "Which provider of %s in %s has one on Saturdays after %d:00, and what does it cost? Answer 'name, price'." % (kind, town, hour)
    w = shapes_flat.team(rng, "magentic", rng.choice(["gpt-4o", "gpt-4.1"]), task, rng.choice(["team", "magentic_one"]))
    say = lambda who, text: w.say(who, SYS[who], text)  # noqa: E731
    fault = rng.choice(FAULTS) if failed else None
    op = lambda *x: rng.choice(x)  # noqa: E731
    facts = "1. GIVEN: %s\n2. LOOK UP: providers, hours, prices\n3. DERIVE: which fits" % task
    plan = "- WebSurfer: list of providers of %s in %s\n- WebSurfer: Saturday hours after %d:00 and price of each\n- answer" % (kind, town, hour)
    if fault == "bad_plan":
        plan = "- Assistant: name the best known provider from memory\n- answer"
    if fault == "dropped_condition":
        plan = plan.replace("Saturday hours after %d:00" % hour, "hours")
    call = say("Orchestrator", "We are working on: %s\n\nFacts:\n%s\n\nPlan:\n%s" % (task, facts, plan))
    if fault == "bad_plan":
        w.blame(call, "bad_plan", "plans to answer from memory; hours and prices have to be looked up")
        say("Orchestrator", "Next speaker: Assistant. Name the best known provider of %s in %s." % (kind, town))
        say("Assistant", "I think of %s, about %d." % (firms[0], price + 20))
        say("Orchestrator", "Request satisfied. Final answer: %s, %d" % (firms[0], price + 20))
        w.done("done")
        return w
    if fault == "dropped_condition":
        w.blame(call, "forgot_instruction", "the plan forgets Saturday and the hour")
    ledger = lambda ask, who="WebSurfer": say("Orchestrator", op("Next speaker: %s. %s", "Ledger: satisfied no, progress yes. %s: %s") % (who, ask))  # noqa
    see = lambda act, title, text: say("WebSurfer", "%s\nThe page '%s' is open. The viewport shows %d%% of the page. It reads:\n%s" % (  # noqa: E731
        act, title, rng.randrange(8, 60), text))
    call = ledger("Find something." if fault == "vague_order" else "Search for %s in %s." % (kind, town))
    query = "something" if fault == "vague_order" else "%s %s" % (town, kind)
    if fault == "vague_order":
        w.blame(call, "lost_detail", "the order names neither the town nor the kind")
    see("I typed '%s' into the search bar." % query, query + " - Search", c.hits(rng, query, [] if fault == "vague_order" else [(
        f + " - " + kind, c.url_of(f + " - " + kind, host), c.sentence(rng, kind)) for f in firms], 6))
    if fault == "loop_orders":
        n = rng.randrange(3, 6)
        for i in range(n):
            call = ledger("Search for %s in %s." % (kind, town))
            if i == 0:
                w.blame(call, "no_progress", "orders the same search again although the results are there")
            see("I typed '%s' into the search bar." % query, query + " - Search", c.hits(rng, query, [(f, c.url_of(f, host), "") for f in firms], 6))
        say("Orchestrator", "Final answer: %s, %d" % (firms[0], price + 9))
        w.done("done")
        return w
    if fault == "vague_order":
        for _ in range(rng.randrange(1, 3)):
            ledger("Look for more.")
            see("I scrolled down.", "something - Search", c.hits(rng, "something", [], 5))
        say("Orchestrator", "Final answer: %s, %d" % (firms[0], price + 5))
        w.done("done")
        return w
    if fault == "satisfied_early":
        call = say("Orchestrator", "The list is there, so the request is satisfied. Final answer: %s, %d" % (firms[2], price + 7))
        w.blame(call, "premature_stop", "ends at the list of results; no hours or price were looked up")
        w.done("done")
        return w
    good = "%s. Saturdays %d:30, %d a person." % (firms[1], hour, price)
    for i, f in enumerate(firms[:2]):
        ledger("Open the page of %s and report Saturday hours and price." % f)
        if fault == "wrong_click" and i == 1:
            call = see("I clicked 'Gift cards'.", "Gift cards", c.paragraph(rng, "voucher", 6))
            w.blame(call, "wrong_argument", "clicks on gift cards in place of the page of %s" % f)
            say("Orchestrator", "That must be all. Final answer: %s, %d" % (firms[0], price + 4))
            w.done("done")
            return w
        if fault == "blocked_ignored" and i == 1:
            see("I clicked '%s'." % f, "Attention required", "Checking your browser. Please enable JavaScript and complete the CAPTCHA.")
            call = say("Orchestrator", "%s offers it on Saturdays at %d:00 for %d, as the page shows. Final answer: %s, %d" % (f, hour + 1, price + 3, f, price + 3))
            w.blame(call, "hallucinated_source", "quotes a page that was blocked")
            w.done("done")
            return w
        text = c.paragraph(rng, kind, 7)
        if i == 1:
            text += "\n" + good
        else:
            text += "\n%s. Saturdays %d:00, %d a person." % (f, hour - 4, price - 5)
        if fault == "no_scroll" and i == 1:
            text = c.paragraph(rng, kind, 7)
        call = see("I clicked '%s'." % f, f, text)
        if not failed and rng.random() < 0.4:
            ledger("Scroll down for the hours.")
            see("I scrolled down.", f, c.paragraph(rng, kind, 5) + "\n" + (good if i else ""))
        if fault == "no_scroll" and i == 1:
            call = say("WebSurfer", "%s gives no hours; it has no courses on Saturdays." % f)
            w.blame(call, "missed_evidence", "says so after the first part of the page, without scrolling")
            say("Orchestrator", "Then it is the other. Final answer: %s, %d" % (firms[0], price - 5))
            w.done("done")
            return w
    answer = (firms[1], price)
    if fault in ("misread", "dropped_condition"):
        answer = (firms[0], price - 5)
    if fault == "misread":
        call = say("Orchestrator", "%s has one at %d:00 on Saturdays, which is after %d:00. That is the one." % (firms[0], hour - 4, hour))
        w.blame(call, "misread_result", "%d:00 is not after %d:00; %s fits" % (hour - 4, hour, firms[1]))
    if fault == "guess_at_limit":
        ledger("Check the other two.")
        say("WebSurfer", "The page does not load.")
        answer = (firms[3], price + 2)
        call = say("Orchestrator", "The limit of rounds is near, so I choose %s with %d." % answer)
        w.blame(call, "hallucinated_fact", "chooses a provider nobody has looked at, though another fits")
    text = "%s, %d" % answer
    if fault == "wrong_format":
        text = "There are several nice ones, %s among them." % answer[0]
    call = say("Orchestrator", "Final answer: " + text)
    if fault == "wrong_format":
        w.blame(call, "bad_format", "no price, and not in the form that was asked for")
    w.done(text)
    return w
