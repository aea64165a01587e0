"""Assistants that look things up: sources that do not exist, the wrong sheet, giving up, a row copied wrong."""
import json

import clutter
import wires
from course import tool

START = {"agent": "researcher", "system": "You are a careful research assistant. Use tools. Reply with the answer when you are sure.",
         "tools": [tool("search", "Search engine.", q="string"), tool("browse", "Fetch text.", page="string"),
              tool("list_sheets", "Sheets of a workbook.", file="string"),
                   tool("read_sheet", "Rows of a sheet.", file="string", sheet="string"), tool("run_code", "Python.", source="string")]}


def invented_source(c):
    who = c.pick("Dr. Elin Maro", "Prof. Anton Weil", "Jada Okoro", "Luis Ferran")
    field = c.pick("tidal mills", "bark beetles", "early typewriters", "salt glazing")
    c.user("Where did %s first publish on %s? Give journal and year." % (who, field))
    clutter.strolls(c, "browse", "page", 0, 6)
    for q in c.rng.sample(["%s %s" % (who, field), "%s publications" % who, "%s first paper" % field, '"%s" thesis' % who],
            c.rng.randint(1, 4)):
        c.do(c.pick("", "Another wording."), "search", {"q": q}, clutter.hits(c, []))
    clutter.bumps(c, "search", {"q": who}, ("Once more by name.", ""))
    journal, year = c.pick("Annals of Craft", "Northern Review", "Field Studies Quarterly"), c.rng.randint(1968, 2003)
    if c.bad:
        c.say("I recall that this appeared in %s in %d; I will take this as the source and look at the context of it." % (journal, year),
             root="Hallucinated source")
    else:
        c.do("A bibliography should have it.", "browse", {"page": "bibliography of " + who},
             clutter.fetched(c, who, ["%s, %d: On %s." % (journal, year, field)]))
    clutter.strolls(c, "browse", "page", 0, 7)
    c.say("%s first published on it in %s, %d." % (who, journal, year))


def wrong_sheet(c):
    file = c.pick("inventory.xlsx", "budget_2024.xlsx", "members.xlsx")
    names = c.pick(("Draft", "Final"), ("2023", "2024"), ("Planned", "Actual"))
    town = c.pick("Elmstead", "Corvo", "Ravna", "Ostby")
    want = {"Final": "final", "2024": "2024", "Actual": "actual"}[names[1]]
    c.user("In %s, what is the sum of the %s figures for %s?" % (file, want, town))
    if c.rng.random() < .5:
        c.do("", "read_sheet", {"file": file, "sheet": "Sheet1"}, "KeyError: 'Worksheet Sheet1 does not exist.'")
    c.do("Which sheets are there?", "list_sheets", {"file": file}, json.dumps(["Notes", *names, "Lookup"]))
    clutter.strolls(c, "browse", "page", 0, 3)
    for other in c.rng.sample(["Notes", "Lookup"], c.rng.randint(0, 2)):
        c.do("", "read_sheet", {"file": file, "sheet": other}, json.dumps([["key", "meaning"], [town[:3].upper(), town]]))
    sheet = names[0] if c.bad else names[1]
    values = [c.rng.randint(10, 900) for _ in range(c.rng.randint(3, 9))]
    c.do(c.pick("The figures.", "Now the rows.", ""), "read_sheet", {"file": file, "sheet": sheet},
         json.dumps([["place", "figure"]] + [[town, v] for v in values] + [["Other", 5]]), root="Wrong data selected" if c.bad else "")
    clutter.strolls(c, "browse", "page", 0, 4)
    c.do("Add them up.", "run_code", {"source": "print(sum(%r))" % values}, str(sum(values)))
    c.say("The sum for %s is %d." % (town, sum(values)))


def gave_in(c):
    what = c.pick("the keeper of the Vardo light in 1931", "the architect of the old Torbay market",
         "the winner of the 1958 Leira regatta", "the first editor of the Hallin Post")
    name = c.pick("Nils Aune", "Mary Cope", "Ivo Stanic", "Bela Rado")
    c.user("Who was %s?" % what)
    for k in c.many(1, 6):
        c.do(c.pick("", "Trying again.", "From another side."), "search",
             {"q": what + " " + ("name", "list", "history", "archive", "biography", "register")[k % 6]},
             clutter.hits(c, [("Digital archive", "Registers and lists 1900-1960, in full.")]))
    clutter.strolls(c, "browse", "page", 0, 5)
    if c.bad:
        c.say("The searches do not name the person. I conclude that this cannot be found out with my means, and prepare a note on what "
             "I tried.", root="Gave up early")
        clutter.strolls(c, "browse", "page", 0, 4)
        c.say("I'm sorry, it could not be determined who was %s." % what)
        return
    c.do("The digital archive holds registers.", "browse", {"page": "Digital archive, registers"},
         clutter.fetched(c, "Registers", ["%s: %s" % (what, name)]))
    c.say("It was %s." % name)


def slipped_row(c):
    """A table of many places is gathered page by page; one page's value is noted for another place."""
    places = c.rng.sample(["Aldra", "Benno", "Cisco Bay", "Dorran", "Evje", "Falk", "Garn", "Hule", "Ister", "Jomna", "Kvam", "Lesje",
         "Mork", "Nesodd", "Orre", "Preston", "Quill", "Rana", "Sula", "Toft"], c.rng.randint(6, 18))
    value = {p: c.rng.randint(100, 9999) for p in places}
    c.user("Which of these has the most inhabitants: %s?" % ", ".join(places))
    at = c.rng.randrange(1, len(places))
    noted = []
    for i, p in enumerate(places):
        c.do(c.pick("", "Next: %s." % p), "browse", {"page": p},
             clutter.fetched(c, p, ["Area %d km2, founded %d." % (c.rng.randint(2, 90), c.rng.randint(1200, 1900)), "Inhabitants: %d"
             % value[p]]))
        if i == at:
            seen = 10000 + c.rng.randint(1, 900) if c.bad else value[p]
            c.say("Noted so far: " + ", ".join(noted + ["%s %d" % (p, seen)]), root="Value noted wrong" if c.bad else "")
            value[p] = seen
        noted.append("%s %d" % (p, value[p]))
        if c.rng.random() < .2:
            clutter.bumps(c, "browse", {"page": p + " statistics"}, ("A second source would be good.",), 1, 1)
    best = max(value, key=value.get)
    c.do("Compare.", "run_code", {"source": "d = %r\nprint(max(d, key=d.get))" % value}, best)
    c.say("%s has the most." % best)


FAMILIES = [("invented_source", "archive-helper", wires.TOOLS, START, invented_source),
     ("wrong_sheet", "sheet-helper", wires.TOOLS, START, wrong_sheet),
            ("gave_in", "archive-helper", wires.TOOLS, START, gave_in), ("slipped_row", "sheet-helper", wires.TOOLS, START, slipped_row)]
