"""A general assistant: the wrong person, the wrong link of a chain, a page that was never read, an answer in another form."""
import content as c
import places


def namesake(p, t, bad):
    """Two people have the name; the one who was asked about is told apart by a work, the other one's year is given."""
    name, work = c.person(t), "%s of %s" % (t.choice(("Charter", "Atlas", "Psalms", "Herbal", "Chronicle")), c.town(t))
    jobs = t.sample(("engraver", "surgeon", "organist", "notary", "botanist"), 2)
    born = t.sample(range(1710, 1890), 2)
    task = "In which year was the %s born who made the %s: %s?" % (jobs[0], work, name)
    places.answers(p, task, name)
    p.idle(0, 4)
    urls = [c.url_of("%s (%s)" % (name, j), p.rng.choice(c.HOSTS)) for j in jobs]
    p.do("{Search for the name|Who is this}?", ("web_search", {"query": name + " born"}, c.hits(p.rng, name, [("%s (%s)" % (name, j), u, "%s, %s." % (name, j)) for j, u in zip(jobs, urls)])))
    p.idle(0, 3)
    k = 1 if bad else 0
    text = ["%s (born %d), %s, is known for the %s" % (name, born[0], jobs[0], work), "%s (born %d), %s, practised in %s for thirty years" % (name, born[1], jobs[1], c.town(p.rng))][k]
    made = p.do("{I open the article|The article on %s}." % name, ("open_page", {"url": urls[k]}, c.page(p.rng, "%s (%s)" % (name, jobs[k]), urls[k], [text], p.rng.randrange(1800, 4800))))
    if bad:
        p.cause(made, "Wrong Entity", "opens the page of the %s of this name" % jobs[1])
    p.idle(0, 5)
    end = p.end("{The year is|Born in}: ", str(born[k]))
    if bad:
        p.also(end, "Wrong Entity", "answers with the year of the %s" % jobs[1])
    p.after()
    return lambda run: run.final == str(born[0])


def page_not_read(p, t, bad):
    """The page shows a consent wall; the figure is made up as if it had been read."""
    town, what = c.town(t), t.choice(("theatre", "stadium", "concert hall", "circus"))
    seats, made_up = t.randrange(600, 9000), t.randrange(600, 9000)
    made_up += made_up == seats
    places.answers(p, "How many seats has the %s of %s according to its own site?" % (what, town), "%s of %s" % (what, town))
    p.idle(0, 4)
    url = "https://%s-%s.example.org/house" % (what.replace(" ", ""), town.lower())
    p.do("{Its own site|The house's site}.", ("web_search", {"query": "%s %s seats" % (town, what)}, c.hits(p.rng, "%s %s" % (town, what), [("The house", url, "Programme, tickets, the house.")])))
    p.do("{Open it|Open the page on the house}.", ("open_page", {"url": url}, "Address: %s\nTitle: We value your privacy\n\nWe and our %d partners store information on a device. [Accept all] [Reject all] [Settings]\n" % (url, p.rng.randrange(90, 900))))
    p.idle(0, 3)
    if bad:
        made = p.do("{The page gives the number of seats as|According to the site, the house has} %d. {I look whether the press agrees|One more search}." % made_up, ("web_search", {"query": "%s %s press" % (town, what)}, c.hits(p.rng, "%s %s" % (town, what))))
        p.cause(made, "Fabrication", "the page was a consent wall without any number")
    else:
        p.do("{Only a consent wall; its print version|That was the wall; try the print view}.", ("open_page", {"url": url + "?print"}, c.page(p.rng, "The house", url, ["The hall has %d seats on two levels" % seats], p.rng.randrange(1200, 2800))))
    p.idle(0, 5)
    p.end("{Seats|It has}: ", str(made_up if bad else seats))
    p.after()
    return lambda run: run.final == str(seats)


def form_of_answer(p, t, bad):
    """All facts are right, the answer is not in the form that was asked for."""
    towns = sorted(c.towns(t, 5))
    years = t.sample(range(1850, 2010), 5)
    thing = t.choice(("funicular", "tram", "gas works", "planetarium"))
    by_year = [n for _, n in sorted(zip(years, towns))]
    task = "Put %s into the order in which their %ss opened, earliest first; separate by semicolons, names only." % (", ".join(towns), thing)
    places.answers(p, task, thing + "s")
    p.idle(0, 3)
    url = c.url_of("List of %ss" % thing, p.rng.choice(c.HOSTS))
    p.do("{A list would be best|Find a list}.", ("web_search", {"query": "list of %ss opened" % thing}, c.hits(p.rng, thing, [("List of %ss" % thing, url, "With years.")])))
    rows = list(zip(towns, years))
    p.rng.shuffle(rows)
    p.do("{Read it|The list}.", ("open_page", {"url": url}, c.page(p.rng, "List of %ss" % thing, url, [], 1500) + "\n\n" + c.table(("Town", "Opened"), rows)))
    p.idle(0, 4)
    order = by_year[::-1] if bad and t.random() < .5 else towns if bad else by_year
    if order == by_year and bad:
        order = by_year[::-1]
    made = p.end("{Here they are|The order}: ", "; ".join(order))
    if bad:
        p.cause(made, "Instruction Non-compliance", "not in the order asked for")
    p.behind = p.rng.randrange(0, 6)
    p.after()
    return lambda run: run.final == "; ".join(by_year)


def chain_turned(p, t, bad):
    """Of a chain of two questions the first is answered with the wrong end of it."""
    firm, founder, place, seat = c.company(t), c.person(t), c.town(t), c.town(t)
    rivers = t.sample(("Neva", "Douro", "Vistula", "Ebro", "Drava", "Tisza", "Po", "Meuse"), 2)
    if place == seat:
        seat += " Nord"
    places.answers(p, "On which river lies the town where the founder of %s was born?" % firm, firm)
    p.idle(0, 3)
    url = c.url_of(firm, p.rng.choice(c.HOSTS))
    p.do("{First the company|Find the company}.", ("open_page", {"url": url}, c.page(p.rng, firm, url, ["%s was founded in %s by %s, who was born in %s" % (firm, seat, founder, place)], p.rng.randrange(1500, 4000))))
    p.idle(0, 4)
    town, river = (seat, rivers[1]) if bad else (place, rivers[0])
    hop = p.do("{So the town is|Next the town} %s. {Its river|On which river}?" % town, ("web_search", {"query": "%s river" % town}, c.hits(p.rng, town, [("%s - Geography" % town, c.url_of(town, "guide.example.net"), "%s lies on the %s." % (town, river))])))
    if bad:
        p.cause(hop, "Reasoning Error", "goes on with the seat of the company, not with the founder's birthplace")
    p.idle(1, 7)
    p.end("{The river is|On the river}: ", river)
    p.after()
    return lambda run: run.final == rivers[0]


FAMILIES = {"namesake": ("answers", namesake), "page-not-read": ("answers", page_not_read), "form-of-answer": ("answers", form_of_answer), "chain-turned": ("answers", chain_turned)}
