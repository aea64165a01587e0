"""A web agent: a search engine, pages, clicks, forms; finds one fact or one article."""
from dialects import AiSdk, Flattened, GenAi, GenAiClientOnly, OpenInference
from text import CITIES, code, day, hits, html, person, say
from trace import schema

FAULTS = ["bad_search", "error_page", "wrong_variant", "gave_up_guess", "stale_page", "wrong_unit", "bad_search", "form_date"]
SYSTEM = """You control a browser. {Work step by step: search, open, read, click.|Use the tools to look at pages.} Answer only from what
you have seen on a page of the publisher or operator in question, and give the address of that page. If the fact cannot be found, say so."""
TOOLS = [schema("web_search", "Search engine.", query="words"), schema("open_page", "Loads a page.", url="address"),
         schema("click", "Follows a link or a button of the open page.", label="its words"),
         schema("find_on_page", "Looks for words in the open page.", words="words"),
         schema("fill", "Fills a field and submits.", field="name", value="text")]


class Quest:
    """Somebody wants the price, the opening or the capacity of a thing in a year or a variant."""

    def __init__(self, rng):
        self.rng = rng
        self.city = rng.choice(CITIES)
        self.kind = rng.choice(["ferry terminal", "climbing hall", "maritime museum", "observatory", "lido", "market hall"])
        self.year = rng.randint(2019, 2025)
        self.other = self.year - rng.randint(1, 3)
        self.n, self.m = rng.sample(range(1200, 98000, 7), 2)
        self.host = "%s-%s.example" % (self.kind.split()[-1], self.city.lower().translate(str.maketrans("óö", "oo")))
        self.what = rng.choice(["visitors", "tickets sold", "members"])
        self.ask = say(rng, "{How many $w did|I need the number of $w that} the $k of $c {report|have} {for|in} $y?{ Please name the page.| Only the number and the source.|}",
                       w=self.what, k=self.kind, c=self.city, y=self.year)

    def report(self, year, value, unit=None):
        r = self.rng
        body = "<h1>Annual report %d</h1><p>%s</p><table><tr><th>Figure</th><th>%d</th><th>%d</th></tr><tr><td>%s%s</td><td>%s</td><td>%s</td></tr><tr><td>Staff</td><td>%d</td><td>%d</td></tr></table><p>Signed %s, %s</p>" % (
            year, r.choice(["The year began with a long closure of the east wing.", "The roof was renewed and the café reopened.", "A record summer followed a slow spring."]),
            year, year - 1, self.what.capitalize(), unit or "", value, r.randrange(1000, 90000), r.randint(9, 60), r.randint(9, 60), person(r), day(r, year + 1))
        return html("%s %s" % (self.kind.title(), self.city), body, "Home Visit Press Reports Contact")

    def results(self, good):
        r = self.rng
        rows = [("%s of %s – official site" % (self.kind.capitalize(), self.city), "https://%s/" % self.host, "Opening hours, prices, groups."),
                ("Ten things to do in %s" % self.city, "https://travel-%s.example/%s" % (code(r, "??"), self.city.lower()), "Our editors' favourite places."),
                ("%s - encyclopedia" % self.city, "https://wiki.example/%s" % self.city, "%s is a city with a long history." % self.city)]
        if good:
            rows.insert(r.randint(0, 3), ("Annual report %d" % self.year, "https://%s/reports/%d" % (self.host, self.year), "Figures of %d: %s …" % (self.year, self.what)))
        else:
            rows = [("%s in %s" % (self.kind.capitalize() + "s", c), "https://list-%s.example" % code(r, "??"), "Reviews and pictures.") for c in r.sample(CITIES, 4)]
        r.shuffle(rows)
        return hits(rows)


def sitewalk(rng, fault):
    t = rng.choice([OpenInference, GenAi, AiSdk, Flattened, GenAiClientOnly])(rng, "web-agent")
    quests = [Quest(rng) for _ in range(rng.choice([1, 2, 2, 3, 3, 4]))]
    a = t.agent(rng.choice(["surfer", "browser_agent", "webpilot"]), say(rng, SYSTEM), TOOLS)
    t.user(a, say(rng, " {And:|Then|Also:} ").join(q.ask for q in quests))
    bad = rng.randrange(len(quests)) if fault else -1
    ends = []
    for i, q in enumerate(quests):
        detour(rng, t, a, q)
        way = {"bad_search": bad_search, "error_page": error_page, "gave_up_guess": guess}.get(fault if i == bad else None, walk)
        ends.append(way(rng, t, a, q, fault if i == bad else None))
        if i + 1 < len(quests):
            s = t.llm(a, ends[-1] + say(rng, " {Next question.|On to the next one.|}"), [("open_page", {"url": "https://www.%s.example/" % quests[i + 1].city.lower()})])
            t.ret(s, 0, html(quests[i + 1].city, "<h1>City of %s</h1><p>Offices, culture, traffic.</p>" % quests[i + 1].city))
        else:
            s = t.llm(a, " ".join(ends))
        blame(t, s, q, fault if i == bad else None)
    t.finish(a, " ".join(ends))
    return t


def blame(t, s, q, fault):
    """What was told wrong is told in @s."""
    if fault == "wrong_unit":
        t.root(s, "misread_result", "the table is in thousands, the answer takes the figure as it stands")
    if fault == "stale_page":
        t.root(s, "stale_value", "answers with the figure that the correction it read had withdrawn")
    if fault == "gave_up_guess":
        t.root(s, "invented_fact", "the report was found and never opened; the figure was seen nowhere")


def detour(rng, t, a, q):
    """Things that a good run has as well: a closed door, a page without the fact."""
    for _ in range(rng.randint(0, 4)):
        kind = rng.randrange(4)
        if kind == 0:
            t.do(a, say(rng, "{Maybe the city's own pages know.|I try the tourist office.}"), "open_page", {"url": "https://www.%s.example/culture/%d" % (q.city.lower(), rng.randint(1, 99))},
                 html("404", "<h1>Page not found</h1><p>The address may have changed.</p>"))
        elif kind == 1:
            t.do(a, say(rng, "{A first search.|Starting broad.|}"), "web_search", {"query": "%s %s" % (q.kind, q.city)}, q.results(False))
        elif kind == 2:
            t.do(a, "", "open_page", {"url": "https://wiki.example/%s" % q.city}, html(q.city, "<h1>%s</h1><p>Population %d. The %s opened in %d.</p>" % (
                q.city, rng.randrange(80000, 900000), q.kind, rng.randint(1890, 1999))))
        else:
            t.do(a, "", "find_on_page", {"words": q.what}, say(rng, "{0 matches|No matches on this page.}"))


def walk(rng, t, a, q, fault):
    t.do(a, say(rng, "{Searching for the report of $y.|The operator should publish that.}", y=q.year), "web_search",
         {"query": "%s %s annual report %d %s" % (q.kind, q.city, q.year, q.what)}, q.results(True))
    if rng.random() < .5:
        t.do(a, "", "open_page", {"url": "https://%s/" % q.host}, html(q.kind, "<h1>Welcome</h1><p>Open daily 10–18.</p><a href=\"/reports\">Reports</a>"))
        t.do(a, say(rng, "{There is a page of reports.|}"), "click", {"label": "Reports"}, html("Reports", "".join("<li><a href=\"/reports/%d\">Annual report %d</a></li>" % (y, y) for y in range(2016, 2026))))
    value, year = "{:,}".format(q.n), q.year
    if fault == "form_date":
        s = t.llm(a, say(rng, "{The archive has a form.|I ask the archive by its year field.}"), [("fill", {"field": "year", "value": str(q.other)})])
        t.ret(s, 0, q.report(q.other, "{:,}".format(q.m)))
        t.root(s, "wrong_value", "enters %d, the question is about %d" % (q.other, q.year))
        value = "{:,}".format(q.m)
    elif fault == "wrong_variant":
        s = t.llm(a, say(rng, "{Opening it.|This looks right.|}"), [("open_page", {"url": "https://%s/reports/%d" % (q.host, q.other)})])
        t.ret(s, 0, q.report(q.other, "{:,}".format(q.m)))
        t.root(s, "wrong_record", "opens the report of %d instead of %d" % (q.other, q.year))
        value = "{:,}".format(q.m)
    elif fault == "wrong_unit":
        t.do(a, "", "open_page", {"url": "https://%s/reports/%d" % (q.host, q.year)}, q.report(q.year, "%.1f" % (q.n / 1000), " (thousands)"))
        value = "%.1f" % (q.n / 1000)
    else:
        t.do(a, say(rng, "{Opening the report.|}"), "open_page", {"url": "https://%s/reports/%d" % (q.host, q.year)}, q.report(q.year, value))
        if fault == "stale_page":
            t.do(a, say(rng, "{Was it corrected later?|The press page may have a newer figure.}"), "open_page", {"url": "https://%s/press/correction" % q.host},
                 html("Correction", "<h1>Correction</h1><p>Because of a double count the number of %s in the annual report %d was too high. The audited figure is %s.</p>" % (q.what, q.year, "{:,}".format(q.n - 311))))
    if rng.random() < .5:
        t.do(a, say(rng, "{To be sure I look for it on the page.|}"), "find_on_page", {"words": q.what}, "1 match: … %s … %s …" % (q.what.capitalize(), value))
    end = say(rng, "{The $k of $c had|For $y the report gives} $v $w{; source: |, see }https://$h/reports/$y$z.", z="", k=q.kind, c=q.city, y=year, v=value, w=q.what, h=q.host)
    return end


def bad_search(rng, t, a, q, fault):
    """The first query drops what matters; all later ones are its variations."""
    wrong = rng.choice([c for c in CITIES if c != q.city])
    base = "%s %s" % (q.kind, wrong)
    s = t.llm(a, say(rng, "{I search for it.|Looking for the figure.|Starting with a search.}"), [("web_search", {"query": base + rng.choice([" visitors", " statistics", ""])})])
    t.ret(s, 0, q.results(False))
    t.root(s, "bad_query", "searches for %s, the question is about %s; it is never put right" % (wrong, q.city))
    for _ in range(rng.randint(3, 9)):
        if rng.random() < .6:
            t.do(a, say(rng, "{Nothing. Other words.|Let me rephrase.|Perhaps another source.|Hm, still no figure.}"), "web_search",
                 {"query": base + " " + rng.choice(["numbers", "report", "attendance", "press", "how many", "data", str(q.year), "official"])}, q.results(False))
        else:
            t.do(a, "", "open_page", {"url": "https://list-%s.example" % code(rng, "??")}, html("Reviews", "<h1>Reviews</h1><p>%s</p>" % rng.choice(["Lovely staff.", "Too crowded in July.", "Bring cash."])))
    end = say(rng, "{I could not find|No page gives} the number of $w of the $k{.| in the sources I looked at.}", w=q.what, k=q.kind)
    return end


def error_page(rng, t, a, q, fault):
    """A wall answers with 200; it is taken for a page without the fact."""
    t.do(a, "", "web_search", {"query": "%s %s annual report %d" % (q.kind, q.city, q.year)}, q.results(True))
    wall = rng.choice([html("One moment", "<h1>Checking your browser</h1><p>Please enable JavaScript and cookies to continue. Ray ID %s</p>" % code(rng, "????????????")),
                       html("Sorry", "<h1>Something went wrong on our side</h1><p>We are working on it. Please try again in a few minutes.</p>"),
                       html("Before you continue", "<h1>Are you a person?</h1><p>Tick all pictures with a bridge.</p>")])
    t.do(a, say(rng, "{Opening the report.|This should have it.}"), "open_page", {"url": "https://%s/reports/%d" % (q.host, q.year)}, wall)
    s = t.llm(a, say(rng, "{The report does not mention the number of $w. I look elsewhere.|No figure for $w in this report; next I try other sites.}", w=q.what),
              [("web_search", {"query": "%s %s %s blog" % (q.city, q.kind, q.what)})])
    t.ret(s, 0, q.results(False))
    t.root(s, "misread_result", "takes a wall for the report and concludes that the figure is not in it")
    for _ in range(rng.randint(0, 4)):
        t.do(a, say(rng, "{Another try.||Next.}"), "open_page", {"url": "https://list-%s.example" % code(rng, "??")}, html("List", "<p>%s places in %s.</p>" % (rng.randint(4, 30), q.city)))
    end = say(rng, "The annual report {of $y |}does not {state|contain} the number of $w{, so I have no answer|}.", y=q.year, w=q.what)
    return end


def guess(rng, t, a, q, fault):
    """A few looks, then a figure from nowhere."""
    t.do(a, "", "web_search", {"query": "%s %s %s %d" % (q.kind, q.city, q.what, q.year)}, q.results(True))
    for _ in range(rng.randint(0, 5)):
        t.do(a, say(rng, "{Reading this first.||}"), "open_page", {"url": "https://travel-%s.example/%s" % (code(rng, "??"), q.city.lower())}, html("Travel", "<p>%s</p>" % rng.choice(["Do not miss the old town.", "The tram is cheap.", "Sundays are quiet."])))
    end = say(rng, "The $k of $c {reported|had} {about |}$v $w in $y.", k=q.kind, c=q.city, v="{:,}".format(rng.randrange(20, 900) * 500), w=q.what, y=q.year)
    return end
