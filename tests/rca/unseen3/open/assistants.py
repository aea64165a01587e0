"""General assistants with search, pages, files and code; mistakes in what is read and how it is taken."""
import noise
import wires
from course import tool

TOOLS = [tool("web_search", "Search the web.", query="string"), tool("open_page", "Text of a page.", url="string"),
         tool("python", "Run Python.", code="string"), tool("read_file", "Read a file.", path="string")]
START = {"agent": "assistant", "system": "Answer the question with the help of the tools. Finish with FINAL ANSWER: and the answer only.",
     "tools": TOOLS}
TOPICS = ["Measurement systems", "Survey methods", "Local history", "Regional climate", "Shipping lanes", "Map projections"]


def unit_slip(c):
    """A length in miles (or feet) is taken for kilometres (or metres); all that follows is right."""
    thing, unit, target, rate = c.pick(("Halvorsen canal", "miles", "kilometres", 1.609344), ("Orrin viaduct", "feet", "metres", .3048),
                                       ("Kestrel trail", "miles", "kilometres", 1.609344),
                                            ("Mount Tessel tunnel", "yards", "metres", .9144))
    length, speed = c.rng.randint(120, 900), c.rng.randint(3, 9)
    c.user("At a steady %d %s per hour, how many hours does it take to travel the full length of the %s? Round to one decimal."
         % (speed, target, thing))
    noise.search_hiccup(c, thing + " length")
    noise.side_reading(c, TOPICS, 0, 5)
    c.do(c.pick("", "The second hit looks right."), "open_page", {"url": "https://reference.example/" + thing.split()[0].lower()},
         noise.page(c, "%s\n\nOpened %d. Length: %d %s. Owner: the county." % (thing, c.rng.randint(1850, 1990), length, unit)))
    noise.side_reading(c, TOPICS, 0, 2)
    real = length * rate
    if c.bad:
        c.say("The page gives a length of %d, so the %s is %d %s long. I divide this by the speed of %d %s per hour."
             % (length, thing, length, target, speed, target), root="Tool Output Misinterpretation")
        real = length
    else:
        c.say("The page gives %d %s, which I convert to %s first." % (length, unit, target))
    noise.side_reading(c, TOPICS, 0, 4)
    if c.rng.random() < .4:
        c.do("Now the division.", "python", {"code": "print(round(length / %d, 1))" % speed}, "NameError: name 'length' is not defined",
             error=True)
    factor = "" if c.bad else " * %s" % rate
    c.do(c.pick("Now the division.", "Compute.", ""), "python",
         {"code": "length = %d%s\nprint(round(length / %d, 1))" % (length, factor, speed)}, "%.1f" % (real / speed))
    c.say("FINAL ANSWER: %.1f" % (real / speed))


def dropped_bound(c):
    """The question has two bounds; the plan keeps one, and every later step is true to the plan."""
    who = c.pick("Alma Verstegen", "Joris Kalb", "Rosa Ituarte", "Henrik Soeby")
    year = c.rng.randint(1995, 2005)
    kind = c.pick("studio albums", "novels", "feature films")
    early, late = c.rng.randint(3, 7), c.rng.randint(2, 6)
    noun = kind.split()[-1]
    c.user("How many %s did %s release up to and including %d? Live recordings, reprints and collections do not count."
         % (kind, who, year))
    noise.side_reading(c, TOPICS, 0, 3)
    if c.bad:
        c.say("Plan:\n1. Find a list of works by %s.\n2. Count the %s in it, without live recordings, reprints and collections.\n3. "
             "Give the number." % (who, noun),
              root="Task specification disobeyed")
    else:
        c.say("Plan:\n1. Find a list of works by %s.\n2. Keep those of %d or before, without live recordings, reprints and "
             "collections.\n3. Count." % (who, year))
    noise.search_hiccup(c, who + " list of works")
    rows = ["%d  %s %s" % (y, c.pick("The", "A", "One"), t) for y, t in zip(
        sorted(c.rng.sample(range(year - 18, year + 1), early)) + sorted(c.rng.sample(range(year + 1, year + 16), late)),
        c.rng.sample(["Lantern", "Quiet Field", "Harbour", "Second Winter", "Glass Hour", "Long Return", "Salt Road", "Paper Moon",
             "North Room", "Open Gate", "Blue Ledger", "Far Bell", "Stone Orchard"], early + late))]
    c.do("", "open_page", {"url": "https://library.example/" + who.split()[1].lower()},
         noise.page(c, "%s: %s\n\n%s" % (who, kind, "\n".join(rows))))
    noise.side_reading(c, TOPICS, 0, 4)
    n = early + late if c.bad else early
    if c.rng.random() < .5:
        c.do("I count with code to be safe.", "python", {"code": "years = %r\nprint(len(%s))"
             % ([int(r[:4]) for r in rows], "years" if c.bad else "[y for y in years if y <= %d]" % year)}, str(n))
    c.say("The list holds %d %s that count.\n\nFINAL ANSWER: %d" % (n, noun, n))


def stale_page(c):
    """An old snapshot is taken for the present although the same page says what replaced it."""
    city = c.pick("Norrvik", "Santa Olalla", "Bremholm", "Port Ayr")
    old, new = c.rng.randint(11, 29), c.rng.randint(31, 60)
    thing = c.pick("tram stops", "public libraries", "charging stations", "ferry piers")
    c.user("How many %s does %s have today?" % (thing, city))
    noise.search_hiccup(c, "%s %s number" % (city, thing))
    noise.side_reading(c, TOPICS, 0, 6)
    c.do("", "open_page", {"url": "https://archive.example/%s-2014" % city.lower()}, noise.page(
        c, "[Snapshot of March 2014]\n%s operates %d %s.\nThis page is no longer maintained; current figures: "
             "https://city.example/%s/facts" % (city, old, thing, city.lower())))
    if c.bad:
        c.say(c.pick("The page states it plainly: %s operates %d %s. I have what I need, and check the spelling of the name only.",
                     "Good, that is the figure: %s, %d %s. Some context to finish.") % (city, old, thing), root="Outdated source")
        noise.side_reading(c, TOPICS, 1, 5)
        c.say("%s has %d %s.\n\nFINAL ANSWER: %d" % (city, old, thing, old))
        return
    c.do("That is a snapshot of 2014; I follow its link.", "open_page", {"url": "https://city.example/%s/facts" % city.lower()},
         noise.page(c, "%s in figures: %d %s." % (city, new, thing)))
    noise.side_reading(c, TOPICS, 0, 4)
    c.say("FINAL ANSWER: %d" % new)


def wrong_cut(c):
    """Many files are read one by one; the code that counts uses another bound than the question, and is right otherwise."""
    bound, cities = c.rng.randint(40, 60), c.rng.sample(["Aveiro", "Bodo", "Cuneo", "Drama", "Evora", "Faro", "Gavle", "Husum", "Imatra",
         "Jena", "Kotor", "Lahti", "Molde", "Nitra", "Ohrid", "Pecs"], c.rng.randint(5, 15))
    noise_level = {city: bound + c.pick(-9, -4, 0, 0, 3, 8) for city in cities}
    c.user("The folder data/ has a report for each of %d cities. How many of them report a level of at least %d?" % (len(cities), bound))
    early = c.bad and c.rng.random() < .4
    if early:
        c.say("I read all reports and count those whose level is above %d." % bound, root="Wrong condition")
    for city in cities:
        if c.rng.random() < .15:
            c.do("", "read_file", {"path": "data/%s" % city.lower()}, "FileNotFoundError: data/%s" % city.lower(),
                 error=c.rng.random() < .5)
        c.do(c.pick("", "", "%s next." % city, "On to %s." % city), "read_file", {"path": "data/%s.txt" % city.lower()},
             "%s, report\nStation %d\nLevel: %d\nRemarks: %s" % (city, c.rng.randint(1, 9), noise_level[city],
                  c.pick("none", "sensor cleaned", "two gaps", "new mast")))
        if c.rng.random() < .1:
            c.say("%d read so far, none is missing." % (cities.index(city) + 1))
    sign = ">" if c.bad else ">="
    n = len([v for v in noise_level.values() if (v > bound if c.bad else v >= bound)])
    c.do("All are read; now the count.", "python", {"code": "levels = %r\nprint(len([v for v in levels.values() if v %s %d]))"
         % (noise_level, sign, bound)}, str(n), root="" if early or not c.bad else "Wrong condition")
    noise.side_reading(c, TOPICS, 0, 5)
    c.say("%d cities.\n\nFINAL ANSWER: %d" % (n, n))


FAMILIES = [("unit_slip", "fact-desk", wires.TOOLS, START, unit_slip), ("dropped_bound", "fact-desk", wires.TOOLS, START, dropped_bound),
            ("stale_page", "almanac", wires.TOOLS, START, stale_page),
            ("wrong_cut", "file-counter", wires.TOOLS, START, wrong_cut)]
