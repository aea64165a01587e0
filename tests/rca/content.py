"""Material for scenarios: names, numbers, pages, logs, tables. All from the generator it is given."""
import datetime

FIRST = ("Maren Tobias Ilse Rafael Nadia Oskar Priya Lucía Henrik Amara Jonas Yuki Fatima Mateo Greta "
         "Samuel Leila Viktor Chiara Kwame Ingrid Pavel Noor Emeka Sofia Daniel Aiko Bruno Hanna "
         "Dmitri Zoë Carlos Mei Ruth Anders Tomasz Elif Gareth Imani Joana").split()
LAST = ("Lindqvist Okafor Brandt Castellanos Ferreira Nowak Takahashi Dubois Haldane Varga Mbeki "
        "Petrov Sørensen Iyer Moretti Kaplan Delacroix Whitfield Aydin Kowalczyk Ramires Osei Hartmann "
        "Vasquez Lindgren Tanaka Oyelaran Marchetti Novak Beaumont Reyes Farouk Grigoryan Holloway "
        "Santos Weiss Jansen Abara Quist Pellegrino").split()
TOWNS = ("Almere Voss Trogir Liepāja Kutaisi Bergamo Tampere Braga Szeged Ghent Cluj Aarhus Girona "
         "Lviv Maribor Bodø Plovdiv Tartu Galway Ostrava Zadar Turku Leuven Sibiu Vigo Kaunas Pécs "
         "Umeå Bamberg Toruń Nafplio Ulm Évora Setúbal Tromsø Olomouc Gjirokastër Kotor").split()
AIRPORTS = {"Lisbon": "LIS", "Oslo": "OSL", "Vienna": "VIE", "Boston": "BOS", "Denver": "DEN",
            "Seattle": "SEA", "Madrid": "MAD", "Chicago": "ORD", "Austin": "AUS", "Toronto": "YYZ",
            "Zurich": "ZRH", "Athens": "ATH", "Dublin": "DUB", "Miami": "MIA", "Phoenix": "PHX"}
COMPANY = ("Norvik Halden Brightwater Calyx Meridian Ostara Fennec Tallow Quarry Lumen Sable Kestrel "
           "Arbor Vireo Cobalt Hexa Pinecrest Solenne Tarn Umbra").split()
SECTOR = ("Logistics Robotics Foods Marine Textiles Energy Optics Pharma Analytics Rail Minerals "
          "Packaging Instruments Housing").split()

FILLER = [
    "The {t} has been the subject of several studies since {y}, most of them local in scope.",
    "Visitors usually arrive by rail; the walk from the station takes about {m} minutes.",
    "A committee chaired by {p} reviewed the arrangements in {y} and proposed {m} changes.",
    "Archival material is kept in {c}, where a catalogue of {n} items was completed in {y}.",
    "In the {y} season the number of participants rose to {n}, according to the annual report.",
    "Critics, among them {p}, have pointed out that earlier accounts disagree on the date.",
    "The surrounding district was rebuilt after the flood of {y} with funds raised in {c}.",
    "Funding came from a regional programme, which contributed {n} thousand over {m} years.",
    "An exhibition on the history of the {t} opened in {c} in {y} and travelled to {m} cities.",
    "Opening hours vary with the season; groups of more than {m} persons should book ahead.",
    "{p} described the {t} in a letter of {y} as 'a place where the light never settles'.",
    "Measurements repeated in {y} differed from the older ones by less than {m} per cent.",
    "The name is first recorded in {y}, in a charter now held by the municipal library of {c}.",
    "Since {y} the site has been looked after by volunteers, {n} of whom are registered.",
    "The most recent restoration, led by {p}, was completed in {y} at a cost of {n} thousand.",
    "A documentary about the {t} was broadcast in {y} and is available on request.",
    "Unlike its neighbours, the {t} kept its old statutes until {y}.",
    "The figures for {y} are provisional and were corrected twice in later tables.",
    "{p} donated {n} volumes and asked that they be shown to anybody who comes.",
    "Tickets cost between {m} and 48 in local currency; children under six are free.",
    "A fire in {y} destroyed the roof, which was rebuilt in a simpler form.",
    "The chapter on the {t} in the regional yearbook of {y} runs to {m} pages.",
    "It is twinned with a similar institution in {c}, with which it exchanges staff.",
    "{p} and {p2} published the first complete description in {y}.",
    "On Mondays the lower rooms stay closed for maintenance.",
    "The water supply was moved underground after {y}, which changed the look of the square.",
    "Of the {n} objects that were lost in {y}, only {m} have come back so far.",
    "A plaque near the entrance recalls the strike of {y}.",
    "In a poll of {y} two thirds of {n} respondents said that they would come again.",
    "The road from {c} was closed for {m} weeks because of a landslide.",
    "Technical details are given in the appendix, which is kept up to date by {p}.",
    "Some guidebooks give another date, but the parish register leaves little doubt.",
    "Its budget for {y} was approved with {m} votes against and {n} thousand in reserve.",
    "The design follows a proposal by {p}, which had been turned down in {c} before.",
    "Since the reform of {y} the {t} has had its own board and its own accounts.",
    "Rainfall in the area is moderate, with a maximum in late autumn.",
    "Local trains stop every {m} minutes; the last one to {c} leaves before midnight.",
    "The collection of letters was sold at auction in {y} and is now in private hands.",
    "{p}, who worked there for {m} years, wrote its history in two volumes.",
    "A smaller copy can be seen in {c}, though it lacks the eastern wing.",
    "Maps of {y} show it under a different name.",
    "The annual meeting draws about {n} people from {m} countries.",
    "An agreement of {y} regulates who pays for repairs and who keeps the keys.",
    "What is known of the early years comes from the notes of {p} and from tax rolls.",
    "The contract with the operator in {c} was renewed for {m} years in {y}.",
    "Photographs from {y} show a flag tower that no longer stands.",
]
LOG = [
    "GET /v{m}/items?page={n} 200 {m}ms", "accepted connection from 10.{m}.{m}.17:{n}", "cache hit ratio 0.9{m}",
    "flushed {n} entries in {m} ms", "worker {m} finished job {h}", "session {h} renewed", "scheduled task 'compact' took {m} ms",
    "config reloaded, revision {h}", "POST /v2/events 202 {m}ms trace={h}", "retrying upstream after {m} ms, attempt 1 of 3",
    "queue depth {m}, oldest message {n} ms", "gc pause {m} ms, heap {n} MB", "slow query ({n} ms): SELECT ... LIMIT {m}",
    "health check ok, {m} replicas", "token for service account refreshed, valid {n} s", "shard {m} moved to node-{m}",
    "dropped {m} metrics older than {n} s", "lease {h} acquired", "client closed connection, {n} bytes sent",
]
COMMIT = [
    "Fix off-by-one in {w}", "Add type hints to {w}", "Drop support for old {w} format", "Speed up {w} by a factor of {m}",
    "Document {w}", "Refactor {w}: no change of behaviour", "Release 1.{m}.0", "Pin dependencies", "Tests for {w} edge cases",
    "Revert 'Speed up {w}'", "Handle empty input in {w}", "CI: run on Python 3.8 to 3.12", "Merge pull request #{n}",
]
WORDS = ("cache reader writer token index field header option bucket window cursor record handle buffer parser entry "
         "node limit offset batch".split())


def log_line(rng):
    return rng.choice(LOG).format(m=rng.randrange(2, 90), n=rng.randrange(100, 9000), h="%08x" % rng.getrandbits(32))


def commit(rng):
    return "%07x %s" % (rng.getrandbits(28), rng.choice(COMMIT).format(
        w=rng.choice(WORDS), m=rng.randrange(2, 9), n=rng.randrange(10, 900)))


def code(rng, lines):
    """Python that reads like some module of some package."""
    out = ["import logging", "", "log = logging.getLogger(__name__)", ""]
    while len(out) < lines:
        a, b, d = rng.sample(WORDS, 3)
        out += rng.choice([
            ["def %s_%s(%s, %s=None):" % (a, b, b, d), '    """Returns the %s of a %s."""' % (a, b),
             "    if %s is None:" % d, "        %s = {}" % d, "    return %s.get(%s, %d)" % (d, b, rng.randrange(9)), ""],
            ["class %s%s:" % (a.title(), b.title()), "    def __init__(self, %s, %s=%d):" % (b, d, rng.randrange(1, 64)),
             "        self.%s = %s" % (b, b), "        self._%s = %s" % (d, d), "",
             "    def %s(self):" % a, "        for %s in self._%s:" % (a, d), "            yield self.%s(%s)" % (b, a), ""],
            ["%s_MAX = %d" % (a.upper(), rng.randrange(8, 4096)), "",
             "def load_%s(path):" % a, "    with open(path, encoding='utf-8') as f:",
             "        for n, line in enumerate(f):", "            %s = line.rstrip().split('%s')" % (b, rng.choice(",;:")),
             "            if len(%s) > %s_MAX:" % (b, a.upper()), "                log.warning('line %d is long', n)",
             "            yield %s" % b, ""],
            ["try:", "    from %s import %s_%s" % (a, b, d), "except ImportError:", "    %s_%s = None" % (b, d), ""]])
    return "\n".join(out[:lines])


def person(rng):
    return rng.choice(FIRST) + " " + rng.choice(LAST)


def town(rng):
    return rng.choice(TOWNS)


def towns(rng, n):
    return rng.sample(TOWNS, n)


def company(rng):
    return rng.choice(COMPANY) + " " + rng.choice(SECTOR)


def email(name, rng):
    plain = name.lower().replace(" ", ".")
    return plain + "@" + rng.choice(["example.com", "example.org", "mail.example.net"])


def order_id(rng, prefix="#W"):
    return prefix + str(rng.randrange(1000000, 9999999))


def date(rng, year=2026, month=None):
    return datetime.date(year, month or rng.randrange(1, 13), rng.randrange(1, 29))


def thousands(n):
    return "{:,}".format(n)


def sentence(rng, topic):
    return rng.choice(FILLER).format(t=topic, y=rng.randrange(1890, 2024), m=rng.randrange(3, 40),
                                     p=person(rng), p2=person(rng), c=town(rng), n=rng.randrange(60, 9000))


def paragraph(rng, topic, n=5):
    return " ".join(sentence(rng, topic) for _ in range(n))


def echo(rng, messages, n):
    """@n sentences that a model can quote, since a tool's answer in @messages holds them."""
    text = "\n".join(m.text for m in messages if m.role in ("tool", "tool-response"))
    found = [x.strip() for line in text.split("\n") for x in line.split(". ") if 40 < len(x.strip()) < 160
             and x[:1].isupper() and not any(k in x for k in ("http", "[", "|", ":"))]
    if not found:
        return "Nothing else was found."
    return " ".join(x.rstrip(".") + "." for x in rng.sample(found, min(n, len(found))))


def page(rng, title, url, facts, size=3500):
    """A fetched web page of about @size characters with @facts somewhere inside."""
    topic = title.split(" - ")[0]
    blocks = []
    while sum(map(len, blocks)) < size:
        blocks.append(paragraph(rng, topic, rng.randrange(3, 7)))
    for fact in facts:
        i = rng.randrange(len(blocks))
        cut = blocks[i].split(". ")
        cut.insert(rng.randrange(len(cut)), fact.rstrip("."))
        blocks[i] = ". ".join(cut)
    heads = ["History", "Overview", "Visitors", "Notes", "Reception", "Data", "References"]
    body = ""
    for i, block in enumerate(blocks):
        if i % 2:
            body += "\n\n## %s\n\n" % heads[(i // 2) % len(heads)]
        body += "\n\n" + block
    return ("Address: %s\nTitle: %s\nViewport position: Showing page 1 of %d.\n"
            "=======================\n[Home](/) [Contents](/contents) [About](/about) [Search](/s)\n"
            "\n# %s%s\n\n[Terms](/terms) [Contact](/contact) Last changed %s"
            % (url, title, rng.randrange(1, 6), title, body, date(rng, rng.randrange(2015, 2026))))


def url_of(title, host):
    return "https://%s/%s" % (host, title.lower().replace(" - ", "/").replace(" ", "-"))


HOSTS = ("wiki.example.org", "encyclo.example.net", "news.example.com", "archive.example.org",
         "stats.example.org", "guide.example.net", "journal.example.edu", "data.example.gov")


def hits(rng, query, wanted=(), n=8):
    """A page of search results; @wanted are (title, url, snippet) that must be among them."""
    rows = list(wanted)
    words = query.replace('"', "").split()
    while len(rows) < n:
        w = " ".join(rng.sample(words, min(len(words), rng.randrange(1, 4))))
        title = "%s - %s" % (w.title(), rng.choice(
            ["overview", "visitor guide", "a short history", "forum", "profile", "press release",
             "annual report", "photo collection", "reading list"]))
        rows.append((title, url_of(title, rng.choice(HOSTS)), sentence(rng, w)))
    rng.shuffle(rows)
    text = "A web search for '%s' found %d results:\n\n## Web Results\n" % (query, len(rows))
    for i, (title, url, snippet) in enumerate(rows):
        text += "%d. [%s](%s)\nDate published: %s\n%s\n\n" % (
            i + 1, title, url, date(rng, rng.randrange(2012, 2026)), snippet)
    return text


def traceback(rng, path, line, error, code="result = handler(payload)"):
    return ("Traceback (most recent call last):\n  File \"%s\", line %d, in <module>\n    main()\n"
            "  File \"%s\", line %d, in main\n    %s\n%s" % (path, line + rng.randrange(30, 90),
                                                             path, line, code, error))


def table(headers, rows):
    out = "| " + " | ".join(headers) + " |\n|" + "---|" * len(headers) + "\n"
    return out + "\n".join("| " + " | ".join(str(c) for c in r) + " |" for r in rows)


def csv(headers, rows):
    return "\n".join([",".join(headers)] + [",".join(str(c) for c in r) for r in rows])


def policy(title, rules, rng, extra=()):
    """A long system prompt: who the agent is, then numbered rules in sections."""
    text = "# %s\n\nThe current time is %s 15:00:00 EST.\n" % (title, date(rng, 2026))
    for head, items in rules:
        text += "\n## %s\n\n" % head
        text += "\n".join("- " + i for i in items) + "\n"
    for item in extra:
        text += "\n" + item + "\n"
    return text


def pick(rng, faults, failed, low, high):
    """The faults of a run; none for a passed one."""
    if not failed:
        return set()
    n = min(len(faults), rng.randrange(low, high + 1))
    return set(rng.sample(list(faults), n))
