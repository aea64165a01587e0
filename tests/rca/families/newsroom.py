"""An editor's team writes a note from sources: withheld facts, ignored peers, derailment; flat chat or group chat."""
import random

import content as c
import shapes_flat

SYS = {"Editor": "You plan the note, give out the work and publish it. Publish only what Checker has confirmed.",
       "Researcher": "You search and open sources for the others and report what they say, caveats included. Write SEARCH(query) or "
                     "OPEN(address); the Library answers.",
       "Checker": "You compare each figure of the draft with the sources in this chat and list what differs.",
       "Writer": "You write the note from what Researcher reported. You use no other facts."}
FAULTS = ("withhold", "ignore_checker", "derail", "wrong_source", "invent", "bad_query_loop", "publish_early", "drop_part",
          "blocked_guess", "check_nothing")


def world(seed):
    r = random.Random("newsroom/%d" % seed)
    return {"town": c.town(r), "firm": c.company(r), "jobs": r.randrange(80, 900), "old": r.randrange(900, 2000), "year":
            r.randrange(2019, 2026), "boss": c.person(r), "cost": r.randrange(3, 60), "host": r.choice(c.HOSTS)}


def newsroom(rng, failed):
    v = world(rng.randrange(6))
    task = ("Write a note of at most 80 words on the new plant of %s in %s: how many jobs, what it costs, who leads it. Name the "
            "source of each figure. Say so if a figure is provisional." % (v["firm"], v["town"]))
    w = shapes_flat.team(rng, "newsroom", rng.choice(["gpt-4o", "claude-sonnet-4", "mistral-large"]), task, "newsroom")
    say = lambda who, text: w.say(who, SYS[who], text)  # noqa: E731
    fault = rng.choice(FAULTS) if failed else None
    plan = ["jobs", "cost", "who leads it"]
    if fault == "drop_part":
        plan.remove(rng.choice(plan))
    call = say("Editor", rng.choice(["Plan. Researcher: find %s. Writer: draft. Checker: compare. Then I publish.",
                                     "We need %s. Researcher begins, then Writer and Checker."]) % ", ".join(plan))
    if fault == "drop_part":
        w.blame(call, "forgot_instruction", "the plan has only %s of the three parts" % " and ".join(plan))
    query = "%s plant %s jobs cost" % (v["firm"], v["town"])
    url = c.url_of(v["firm"] + " - " + v["town"], v["host"])
    old = c.url_of(v["firm"] + " - archive 2012", rng.choice(c.HOSTS))
    if fault == "derail":
        call = say("Researcher", "The history of %s itself is more interesting, I look at that first. SEARCH(%s history)" % (
            v["town"], v["town"]))
        w.blame(call, "goal_drift", "turns to the town's history; the note is about the plant")
        w.ran("Library", c.hits(rng, v["town"] + " history"))
        for _ in range(rng.randrange(1, 4)):
            say("Researcher", "Let me read on. OPEN(%s)" % c.url_of(v["town"] + " - a short history", rng.choice(c.HOSTS)))
            w.ran("Library", c.page(rng, v["town"], "https://wiki.example.org", [], 2200))
        say("Writer", "Draft: %s is an old town. %s" % (v["town"], c.echo(rng, [], 1)))
        say("Editor", "PUBLISHED. TERMINATE")
        w.done("published")
        return w
    tries = rng.randrange(3, 6) if fault == "bad_query_loop" else rng.randrange(0, 2)
    for i in range(tries):
        call = say("Researcher", rng.choice(["SEARCH(plant)", "SEARCH(new plant)", "SEARCH(the plant)"]))
        if fault == "bad_query_loop" and i == 0:
            w.blame(call, "bad_query", "searches without the firm and the town, and goes on so until it gives up")
        w.ran("Library", rng.choice(["0 results", "No results found for your query."]))
    if fault == "bad_query_loop":
        say("Researcher", "Nothing is known about it.")
        say("Writer", "Draft: nothing is known about the plant.")
        say("Checker", "Nothing to compare.")
        say("Editor", "PUBLISHED. TERMINATE")
        w.done("published")
        return w
    say("Researcher", "SEARCH(%s)" % query)
    w.ran("Library", c.hits(rng, query, [(v["firm"] + " - " + v["town"], url, "jobs and costs of the new plant"),
                                         (v["firm"] + " - archive 2012", old, "an earlier plan")]))
    facts = ["The plant creates %d jobs (provisional, to be confirmed in March)" % v["jobs"],
             "The costs come to %d million" % v["cost"], "It is led by %s" % v["boss"]]
    jobs, cost, boss, source = v["jobs"], v["cost"], v["boss"], url
    if fault == "wrong_source":
        call = say("Researcher", "OPEN(%s)" % old)
        w.blame(call, "wrong_source", "opens the archived plan of 2012 in place of the page on the new plant")
        jobs, source = v["old"], old
        w.ran("Library", c.page(rng, v["firm"] + " 2012", old, [
            "The plan of 2012 has %d jobs" % v["old"], "costs of %d million" % cost, "under %s" % boss], 2600))
    elif fault == "blocked_guess":
        say("Researcher", "OPEN(%s)" % url)
        w.ran("Library", rng.choice(["403 Forbidden. Please verify that you are human.", "Access denied (subscribers only)."]))
        jobs += rng.randrange(30, 90)
        call = say("Researcher", "Report: about %d jobs, %d million, led by %s (%s)." % (jobs, cost, boss, url))
        w.blame(call, "hallucinated_source", "reports figures from a page that refused it")
    else:
        say("Researcher", "OPEN(%s)" % url)
        w.ran("Library", c.page(rng, v["firm"], url, facts, rng.randrange(2000, 5000)))
    if fault != "blocked_guess":
        note = "" if fault == "withhold" else " The number of jobs is provisional."
        call = say("Researcher", "Report from %s: %d jobs; %d million; led by %s.%s" % (source, jobs, cost, boss, note))
        if fault == "withhold":
            w.blame(call, "information_withheld", "does not pass on that the number of jobs is provisional")
    prov = "" if fault in ("withhold",) else " (provisional)"
    shown = jobs + (rng.randrange(11, 80) if fault in ("ignore_checker", "check_nothing") else 0)
    extra = ""
    if fault == "invent":
        extra = " Production begins in %s %d." % (rng.choice(["May", "June", "October"]), v["year"] + 2)
    parts = {"jobs": "%d jobs%s" % (shown, prov), "cost": "%d million" % cost, "who leads it": "led by %s" % boss}
    call = say("Writer", "Draft: %s builds in %s: %s (source: %s).%s" % (
        v["firm"], v["town"], ", ".join(parts[p] for p in plan), source, extra))
    draft = call
    if fault == "invent":
        w.blame(call, "hallucinated_fact", "adds a start of production that nobody reported")
    if fault == "check_nothing":
        w.blame(call, "wrong_argument", "writes %d jobs, the report has %d" % (shown, jobs))
    if fault == "publish_early":
        call = say("Editor", "Good enough. PUBLISHED without waiting. TERMINATE")
        w.blame(call, "premature_stop", "publishes although Checker has not spoken")
        w.done("published")
        return w
    if fault == "ignore_checker" or (not failed and rng.random() < 0.4):
        say("Checker", "The draft has %d jobs, the report has %d. Please correct it." % (shown if failed else jobs + 1, jobs))
        call = say("Writer", "Draft 2: %s in %s: %d jobs%s, %d million, led by %s (%s)." % (
            v["firm"], v["town"], shown, prov, cost, boss, source))
        if fault == "ignore_checker":
            w.blame(draft, "wrong_argument", "writes %d jobs, the report has %d" % (shown, jobs))
            w.blame(call, "ignored_peer", "hands in the same figure after the correction")
    if fault == "check_nothing":
        call = say("Checker", "Well written. Confirmed.")
        w.blame(call, "not_verified", "confirms without comparing a figure")
    elif fault != "ignore_checker":
        say("Checker", rng.choice(["All figures stand in the report. Confirmed.", "Compared with the report: no difference."]))
    say("Editor", "PUBLISHED. TERMINATE")
    w.done("published")
    return w
