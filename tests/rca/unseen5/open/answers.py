"""A general assistant with search, pages, files and a calculator: what it read was right, what it made of it was not."""
import content as c
import places

PLANT = ("ferry line", "funicular", "aqueduct", "observatory", "botanical garden", "lighthouse", "cable railway", "tide mill", "opera house", "paper mill")


def neighbour_row(p, t, bad):
    """A table was fetched; the value of the row above or below is read (tool output misread)."""
    thing = t.choice(PLANT)
    names = c.towns(t, 9)
    years = t.sample(range(1861, 1998), 9)
    count = [t.randrange(1200, 98000) for _ in names]
    k = t.randrange(2, 7)
    task = t.choice(("How many visitors did the %s of %s have in its first full year? Give the number.", "What was the number of visitors in the first full year of the %s in %s?",
                     "Wie viele Besucher hatte %s in %s im ersten vollen Jahr? Nur die Zahl.")) % (thing, names[k])
    places.answers(p, task, "%s of %s" % (thing, names[k]))
    p.idle(0, 4)
    url = c.url_of("list of %ss" % thing, p.rng.choice(c.HOSTS))
    q = "%s %s visitors first year" % (thing, names[k])
    p.do("{I'll look for a list|A register of them should exist|Let me search for the figures}.", ("web_search", {"query": q}, c.hits(p.rng, q, [("List of %ss" % thing, url, c.sentence(p.rng, thing))])))
    p.idle(0, 3)
    rows = [(n, y, c.thousands(v), c.person(p.rng)) for n, y, v in zip(names, years, count)]
    body = c.page(p.rng, "List of %ss" % thing, url, [], p.rng.randrange(1200, 3000)) + "\n\n" + c.table(("Town", "Opened", "Visitors, first full year", "Architect"), rows)
    p.do("{The list is what I need|Opening the list}.", ("open_page", {"url": url}, body))
    j = k + p.rng.choice((-1, 1)) if bad else k
    p.idle(0, 1)
    read = p.do("{According to the table|The list says}: the %s of %s opened in %d and had %s visitors in its first full year. {I check whether anything contradicts this|Let me see whether another source agrees}." % (
        thing, names[k], years[k], c.thousands(count[j])), ("web_search", {"query": "%s %s %d opening" % (thing, names[k], years[k])}, c.hits(p.rng, "%s %s" % (thing, names[k]))))
    if bad:
        p.cause(read, "Tool Output Misinterpretation", "takes the visitors of %s, the row beside %s" % (names[j], names[k]))
    p.idle(0, 5)
    p.end("{The answer is|So the number is|Result}: ", c.thousands(count[j]) if p.rng.random() < .5 else str(count[j]))
    p.after()
    return lambda run: run.final.replace(",", "") == str(count[k])


def wrong_factor(p, t, bad):
    """A length is found in one unit and turned into another with the factor of a third."""
    what, town = t.choice(("canal", "tunnel", "railway", "pipeline", "dyke")), c.town(t)
    miles = t.randrange(40, 900)
    right = round(miles * 1.609344)
    task = "How long is the %s of %s in kilometres? Round to whole kilometres%s." % (what, town, t.choice(("", "; the number alone", " (statute miles where a source has miles)")))
    places.answers(p, task, "%s of %s" % (what, town))
    p.idle(0, 4)
    q = "%s of %s length" % (what, town)
    url = c.url_of("%s of %s" % (what, town), p.rng.choice(c.HOSTS))
    p.do("{I search for the length|First, find it}.", ("web_search", {"query": q}, c.hits(p.rng, q, [("%s of %s" % (what.title(), town), url, "Facts and figures.")])))
    p.do("{Open the page|This looks like the main article}.", ("open_page", {"url": url}, c.page(p.rng, "%s of %s" % (what.title(), town), url, ["The %s is %d statute miles long, of which %d run through hills" % (what, miles, miles // 5)], p.rng.randrange(2000, 4200))))
    p.idle(0, 3)
    factor = 1.852 if bad else 1.609344
    got = round(miles * factor)
    code = "%d * %s" % (miles, factor)
    call = ("python_interpreter", {"code": "print(%s)" % code}, str(miles * factor)) if p.style == "code" else ("calculator", {"expression": code}, str(round(miles * factor, 4)))
    made = p.do("{It is %d miles; into kilometres|%d miles have to become kilometres|Convert %d miles}." % (miles, miles, miles), call)
    if bad:
        p.cause(made, "Calculation Error", "the factor of nautical miles on statute miles")
    p.idle(0, 5)
    p.end("{About|It is|Rounded}: ", "%d km" % got)
    p.after()
    return lambda run: run.final.split()[0] == str(right)


def first_page_only(p, t, bad):
    """A count over a list in pages; the pages behind the first are not read."""
    prize, person = "%s %s prize" % (c.company(t).split()[0], t.choice(("poetry", "cartography", "translation", "film"))), t.choice(("women", "people born after 1960", "non-European laureates"))
    pages = t.randrange(3, 6)
    marks = [t.randrange(2, 7) for _ in range(pages)]
    task = "How many %s have won the %s up to 2024? Use the laureates' list at data.example.gov." % (person, prize)
    places.answers(p, task, prize)
    p.idle(0, 3)
    url = "https://data.example.gov/%s/laureates" % prize.replace(" ", "-").lower()

    def listing(n):
        rows = [(1950 + n * 14 + k, c.person(p.rng), "yes" if k < marks[n] else "no") for k in range(14)]
        p.rng.shuffle(rows)
        return "Address: %s?page=%d\n\n%s\n\nPage %d of %d. [next](%s?page=%d)" % (url, n + 1, c.table(("Year", "Laureate", person), sorted(rows)), n + 1, pages, url, n + 2)
    last = p.do("{Open the list|The list is the source that was named}.", ("open_page", {"url": url}, listing(0)))
    many = 1 if bad else pages
    for n in range(1, many):
        p.do("{Next page|The list goes on|Page %d}." % (n + 1), ("open_page", {"url": "%s?page=%d" % (url, n + 1)}, listing(n)))
        p.idle(0, 1)
    total = sum(marks[:many])
    p.idle(0, 1)
    plus = " + ".join(map(str, marks[:many]))
    call = ("python_interpreter", {"code": "print(%s)" % plus}, str(total)) if p.style == "code" else ("calculator", {"expression": plus}, str(total))
    made = p.do("{Counting the rows marked yes|Now I add up what I counted}: %d." % total, call)
    if bad:
        p.cause(made, "Incomplete Evidence", "counts the first of %d pages as the whole list" % pages)
        p.also(last, "Incomplete Evidence", "reads the first page only")
    p.idle(0, 6)
    p.end("{In all|The count is|Answer}: ", str(total))
    p.after()
    return lambda run: run.final == str(sum(marks))


def old_edition(p, t, bad):
    """The question is as of a year; the figure of an older edition is used, though the newer is at hand."""
    town, what = c.town(t), t.choice(("registered bicycles", "public trees", "library members", "allotment gardens"))
    year = t.randrange(2019, 2025)
    now, then = t.randrange(30000, 90000), t.randrange(8000, 29000)
    task = "%s: how many %s were there at the end of %d?" % (town, what, year)
    places.answers(p, task, "%s in %s" % (what, town))
    p.idle(0, 3)
    q = "%s %s %s" % (town, what, p.rng.choice(("statistics", "yearbook", "number")))
    new = ("Statistical yearbook of %s %d" % (town, year + 1), "https://stats.example.org/%s/%d" % (town.lower(), year + 1), "Tables on transport, green areas and culture. Figures at the end of %d." % year)
    old = ("Statistical yearbook of %s %d" % (town, year - 5), "https://stats.example.org/%s/%d" % (town.lower(), year - 5), "Tables on transport, green areas and culture. Figures at the end of %d." % (year - 6))
    p.do("{Search the yearbooks|Official statistics should have this}.", ("web_search", {"query": q}, c.hits(p.rng, q, [new, old])))
    p.idle(0, 2)
    chosen, value, at = (old, then, year - 6) if bad else (new, now, year)
    made = p.do("{The yearbook has it|I open the statistical yearbook}.", ("open_page", {"url": chosen[1]}, c.page(p.rng, chosen[0], chosen[1], ["At the end of %d the town counted %s %s" % (at, c.thousands(value), what)], p.rng.randrange(2500, 5200))))
    p.idle(0, 3)
    said = p.do("{The town counted|The yearbook gives} %s %s. {One more check of the wording|Let me look whether there were corrections}." % (c.thousands(value), what), ("web_search", {"query": "%s %s correction" % (town, what)}, c.hits(p.rng, "%s %s" % (town, what), [new])))
    if bad:
        p.cause(made, "Poor Information Retrieval", "opens the yearbook with the figures of %d" % at)
        p.also(said, "Tool Output Misinterpretation", "takes the figure of %d for that of %d" % (at, year))
    p.idle(0, 4)
    p.end("{There were|Answer}: ", c.thousands(value))
    p.after()
    return lambda run: run.final == c.thousands(now)


FAMILIES = {"neighbour-row": ("answers", neighbour_row), "wrong-factor": ("answers", wrong_factor), "first-page-only": ("answers", first_page_only),
            "old-edition": ("answers", old_edition)}
