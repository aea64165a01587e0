"""A lead and a browser agent: the namesake, the search that could not succeed, the team member who cannot do it."""
import json

import clutter
import wires
from course import tool

START = {"agent": "Lead", "tools": [tool("goto", "Open.", address="string"), tool("press", "Press.", element="string"),
     tool("type", "Type.", element="string", text="string"), tool("scroll", "Scroll.", to="string")]}


def note(c, text, to, order, root="", done=False):
    """The lead's progress note, with its order in it."""
    c.say(json.dumps({"progress": text, "done": done, "next": to, "order": order}), "Lead", root=root)


def see(c, action, name, arguments, text, root=""):
    c.do(action, name, arguments, "PAGE %s\n---\n%s\n---\n%s" % (c.rng.randint(1, 99), text,
         c.pick("[1] Home [2] Back", "[1] Log in", "[3] More results")), agent="Browser", root=root)


def wander(c, low, high):
    for topic in c.rng.sample(["Overview", "Gallery", "Press", "Links", "Visitors", "Contact", "Archive", "Events"],
            c.rng.randint(low, high)):
        see(c, "I open '%s'." % topic, "press", {"element": topic},
             c.pick("%s: nothing of note.", "%s. Under construction.", "%s\n502 Bad Gateway", "%s\nWe use cookies. OK") % topic)
        if c.rng.random() < .5:
            note(c, "Not there.", "Browser", "Look at the next section of the site.")


def namesake(c):
    name = c.pick("Martin Aas", "Carla Monti", "Peter Novak", "Anne Vik")
    job, other = c.rng.sample(["composer", "botanist", "cyclist", "painter", "judge"], 2)
    y1, y2 = c.rng.sample(range(1850, 1980), 2)
    c.user("In which year was the %s %s born, and in which town did this person die?" % (job, name))
    c.say("Plan: 1. find the page on %s, 2. read the dates, 3. answer." % name, "Lead")
    wander(c, 0, 3)
    note(c, "Nothing known yet.", "Browser", "Search for %s, the %s." % (name, job))
    see(c, "I search for %s." % name, "type", {"element": "search", "text": name}, "%s (%s, %d)\n%s (%s, %d)"
         % (name, other, y2, name, job, y1))
    taken = (other, y2) if c.bad else (job, y1)
    see(c, "I press the entry of %s." % name, "press", {"element": "%s (%s)" % (name, taken[0]) if c.rng.random() < .5 else "result %d"
         % (1 if c.bad else 2)}, "%s, born %d. Studied, travelled, and taught." % (name, taken[1]), root="Wrong entity" if c.bad else "")
    wander(c, 0, 6)
    note(c, "The birth is %d; the town of death is missing." % taken[1], "Browser", "Scroll to the end of the life story.")
    town = c.pick("Graz", "Lyon", "Bergen", "Siena")
    see(c, "I scroll down.", "scroll", {"to": "end"}, "%s died in %s." % (name, town))
    wander(c, 0, 2)
    note(c, "Both are known.", "Lead", "", done=True)
    c.say("Born in %d, died in %s." % (taken[1], town), "Lead")


def barren(c):
    """The lead sends the browser for something the site never offered, and keeps it there until the budget ends."""
    what = c.pick("the minutes of 1974", "the member list", "the tide table of 1962", "the score sheet")
    org = c.pick("Harbour Society", "Rowing Club", "Glee Choir", "Alpine Section")
    c.user("What does the first line of %s of the %s say?" % (what, org))
    c.say("Plan: find %s; the county archive and the site of the %s may have it." % (what, org), "Lead")
    note(c, "Start.", "Browser", "Open the site of the %s." % org)
    see(c, "I open it.", "goto", {"address": "https://club.example"},
         "%s\nOur papers were given to the county archive (archive.example), where they are online." % org)
    wander(c, 0, 3)
    if c.bad:
        note(c, "The site is open.", "Browser", "Go through every section of the club's site until %s turn up." % what,
             root="Fruitless plan")
        for k in c.many(4, 22):
            see(c, c.pick("I open section %d.", "Section %d next.") % (k + 1), "press", {"element": "section %d" % (k + 1)},
                 c.pick("Photos of the summer.", "404 Not found", "Minutes of last year: see archive.example.", "Empty page",
                 "Sorry, something went wrong."))
            if c.rng.random() < .6:
                note(c, "Not found yet.", "Browser", c.pick("Continue with the next section.", "Keep looking in the sections.",
                     "Try the following one."))
        c.say("The limit of rounds is reached; the line could not be found.", "Lead")
        return
    note(c, "The papers lie in the county archive.", "Browser", "Open archive.example and look for %s." % what)
    see(c, "I open the archive.", "goto", {"address": "https://archive.example"}, "%s, first line: Present were nine members." % what)
    wander(c, 0, 4)
    c.say("It says: Present were nine members.", "Lead")


def wrong_member(c):
    """A file that lies at hand is given to somebody who cannot read it, who tells of a page with a like name instead."""
    file = c.pick("tour.mp3", "plan.pdf", "stock.csv", "letter.docx")
    c.user("The file %s is attached. What is the last date named in it?" % file)
    c.say("Team: Browser (web), Reader (local files), Coder. Plan: read the file, find the dates, take the last one.", "Lead")
    clutter.remarks(c, ("Lead",), 0, 2)
    date = "%d %s" % (c.rng.randint(1, 28), c.pick("March", "June", "October"))
    if c.bad:
        note(c, "Not read yet.", "Browser", c.pick("Find out what %s contains.", "Please look up %s and read the dates.") % file,
             root="Wrong delegation")
        wander(c, 0, 4)
        see(c, "I search for it.", "type", {"element": "search", "text": file}, "%s - free download\nPublished %s" % (file, date))
        wander(c, 0, 5)
        c.say("The last date I see for %s is %s." % (file, date), "Browser")
    else:
        note(c, "Not read yet.", "Reader", "Open %s and list its dates." % file)
        wander(c, 0, 3)
        c.say("It names 2 January and %s." % date, "Reader")
    note(c, "The date is known.", "Lead", "", done=True)
    c.say("The last date is %s." % date, "Lead")


FAMILIES = [("namesake", "browse-duo", wires.TEAMS, START, namesake), ("barren", "browse-duo", wires.TEAMS, START, barren),
     ("wrong_member", "lead-and-crew", wires.TEAMS, START, wrong_member)]
