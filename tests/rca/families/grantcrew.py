"""A crew (crewai) that reports on a grant: a reader of files, an analyst, a writer, one after the other."""
import json

import content as c
import shapes_teams
from wire import tool

READER = "Read the project's files and pass on every figure that the report needs, with remarks that change figures."
ANALYST = "Compute what the report needs from the figures you are given. Show the sums."
WRITER = "Write the statement in exactly the form that the funder wants."
R_TOOLS = [tool("list_files", "Files of the project."), tool("read_file", "One file.", name="")]
A_TOOLS = [tool("calculator", "Arithmetic.", expression="")]
POSTS = ["staff", "travel", "equipment", "printing", "rooms"]
FAULTS = ("withheld", "year", "slip", "form", "post")


class World:
    def __init__(self, rng):
        self.year = rng.randrange(2022, 2026)
        self.project = "%s %s" % (rng.choice(c.COMPANY), rng.choice(["Archive", "School", "Garden", "Workshop"]))
        self.posts = {p: rng.randrange(400, 19000) for p in POSTS}
        self.last = {p: rng.randrange(400, 19000) for p in POSTS}
        self.fixed = rng.choice(POSTS)
        self.back = rng.randrange(60, 380)
        self.grant = sum(self.posts.values()) + rng.randrange(500, 4000)

    def spent(self):
        return sum(self.posts.values()) - self.back


def grantcrew(rng, failed):
    world = World(rng)
    fault = rng.choice(FAULTS) if failed else None
    w = shapes_teams.CrewAi(rng, "grant-crew", rng.choice(["gpt-4o-mini", "gpt-4.1"]))
    goal = rng.choice(["Statement of use for the grant of %d to %s. State as JSON with the keys spent, left and largest_post how much of "
                       "the grant of EUR %d was spent.", "For the funder: what did we use in %d (%s) of the EUR %d? Required is a JSON "
                       "object with spent, left, largest_post and nothing else."])
    goal = goal % (world.year, world.project, world.grant)
    w.crew(["Collect the figures. " + goal, "Compute spent and left.", "Write the statement. " + goal])
    notes = read(w, rng, world, goal, fault)
    sums = analyse(w, rng, world, notes, fault)
    task = "%s\n\nThis is the context you're working with:\n%s" % (goal, sums["text"])
    writer = w.start("Writer", WRITER, [], None, None, task)
    top = sums["top"]
    if fault == "post":
        top = min(world.posts, key=world.posts.get)
    text = json.dumps({"spent": sums["spent"], "left": world.grant - sums["spent"], "largest_post": top})
    if fault == "form":
        text = rng.choice(["We used EUR %d of the grant and have EUR %d left. Most went into %s. We thank you for your support.",
                           "**Statement**\n\nSpent: %d\nLeft: %d\nLargest post: %s"]) % (
                               sums["spent"], world.grant - sums["spent"], top)
    call = w.llm(writer, text)
    if fault == "form":
        w.blame(call, "bad_format", "writes prose, the funder wants a JSON object")
    if fault == "post":
        w.blame(call, "ignored_peer", "names %s as the largest post, the analysis says %s" % (top, sums["top"]))
    w.end(writer, text)
    w.close(w.root, {"output.value": text})
    return w


def read(w, rng, world, goal, fault):
    reader = w.start("Reader", READER, R_TOOLS, None, None, "Collect the figures. " + goal)
    year = world.year - 1 if fault == "year" else world.year
    posts = world.last if fault == "year" else world.posts
    names = ["costs_%d.csv" % (world.year - 1), "costs_%d.csv" % world.year, "minutes.txt", "remarks_%d.txt" % world.year]
    w.act(reader, "", "list_files", {}, "\n".join(rng.sample(names, 4)))
    if rng.random() < 0.25:
        w.act(reader, "", "read_file", {"name": "budget.xlsx"}, "Error: no such file: budget.xlsx", error="no such file: budget.xlsx",
              kind="FileNotFoundError")
    call, _ = w.act(reader, rng.choice(["I need the costs.", ""]), "read_file", {"name": "costs_%d.csv" % year},
                    c.csv(["post", "eur"], sorted(posts.items())))
    if fault == "year":
        w.blame(call, "wrong_source", "reads the costs of %d, the statement is on %d" % (year, world.year))
    w.act(reader, "", "read_file", {"name": "remarks_%d.txt" % world.year}, "%s\n\n%s: EUR %d were paid back by the supplier after the "
          "books had been closed, take them off.\n\n%s" % (c.paragraph(rng, world.project, 4), world.fixed, world.back,
                                                           c.paragraph(rng, world.project, 3)))
    notes = "\n".join("%s: EUR %d" % kv for kv in posts.items())
    if fault != "withheld":
        notes += "\n" + rng.choice(["Remark: take off EUR %d paid back for %s.", "To subtract: %d euros (refund, %s)."]) % (
            world.back, world.fixed)
    call = w.llm(reader, rng.choice(["Figures of the project:\n", "Collected:\n"]) + notes)
    if fault == "withheld":
        w.blame(call, "information_withheld", "leaves out the refund of EUR %d that it read of" % world.back)
    w.end(reader, call.text)
    return call.text


def analyse(w, rng, world, notes, fault):
    posts = world.last if fault == "year" else world.posts
    back = 0 if fault == "withheld" else world.back
    a = w.start("Analyst", ANALYST, A_TOOLS, None, None, "Compute spent and left.\n\nThis is the context you're working with:\n" + notes)
    spent = sum(posts.values()) - back
    top = max(posts, key=posts.get)
    if fault == "slip" or rng.random() < 0.3:
        if fault == "slip":
            spent += rng.choice([100, 900, 1000, -270])
        call = w.llm(a, "%s = %d spent%s. Largest post: %s." % (" + ".join(str(v) for v in posts.values()) + (
            " - %d" % back if back else ""), spent, "", top))
        if fault == "slip":
            w.blame(call, "arithmetic_slip", "the sum is %d" % (sum(posts.values()) - back))
    else:
        w.act(a, "", "calculator", {"expression": " + ".join(str(v) for v in posts.values()) + (" - %d" % back if back else "")},
              str(spent))
        call = w.llm(a, rng.choice(["Spent: EUR %d. Largest post: %s.", "In all %d euros were used, most of it for %s."]) % (spent, top))
    w.end(a, call.text)
    return {"text": call.text, "spent": spent, "top": top}
