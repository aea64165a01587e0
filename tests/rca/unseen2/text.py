"""Words and worlds: prose with alternatives, people, firms, pages, noise."""
import datetime
import re

FIRST = """Amara Bruno Chiara Devika Elif Farid Gesine Hanno Ioana Jarek Katla Lorcan Mireia Nils Odile Pavel Quirin Rosalba
Sanne Tomasz Ulla Vikram Wiebke Xenia Yusuf Zofia Anselm Beatriz Cormac Dagny Emre Fenna Goran Hedda Ilka Joost""".split()
LAST = """Adeyemi Brandvold Castellani Dvorak Eriksen Fonseca Grabowski Haugen Iyer Jankowski Keller Lindqvist Moreau Novak
Okafor Petrescu Quintana Rasmussen Sørensen Tanaka Urbina Vestergaard Wójcik Yilmaz Zeller Achterberg Bianchi Corrigan Dressler""".split()
FIRMS_A = "Norvik Halden Castor Brightwater Ostrava Lumen Ferrant Tidewell Quarrion Marlow Steinfeld Aldgate Pinecrest Varro".split()
FIRMS_B = "Logistics|Print & Media|Industrial Supply|Catering|Facility Services|Software|Packaging|Translations|Electric|Optics".split("|")
LEGAL = "GmbH|Ltd|B.V.|S.r.l.|AB|SAS|Inc.|Oy".split("|")
CITIES = "Utrecht Leipzig Bergen Porto Ghent Kraków Turin Malmö Galway Lyon Graz Tartu Bilbao Aarhus".split()
STREETS = "Mill Lane|Hafenstraße|Via Garibaldi|Rue des Tanneurs|Kerkstraat|Storgata|Calle Mayor|Lindenweg".split("|")
ALT = re.compile(r"\{([^{}]*)\}")


def say(rng, text, /, **values):
    """{one|another} by chance, also nested; $name is a value."""
    start = " " if text[:1] == " " else ""
    end = text[-1:] if text[-1:] in (" ", "\n") else ""
    while True:
        m = ALT.search(text)
        if not m:
            break
        text = text[:m.start()] + rng.choice(m.group(1).split("|")) + text[m.end():]
    for k in sorted(values, key=len, reverse=True):
        text = text.replace("$" + k, str(values[k]))
    text = re.sub(r"(?<! )  (?! )", " ", text).strip()
    return start + text[:1].upper() + text[1:] + (end if text else "")


def person(rng):
    return rng.choice(FIRST) + " " + rng.choice(LAST)


def people(rng, n):
    first, last = rng.sample(FIRST, n), rng.sample(LAST, n)
    return ["%s %s" % x for x in zip(first, last)]


def firm(rng):
    return "%s %s %s" % (rng.choice(FIRMS_A), rng.choice(FIRMS_B), rng.choice(LEGAL))


def firms(rng, n):
    return ["%s %s %s" % (a, rng.choice(FIRMS_B), rng.choice(LEGAL)) for a in rng.sample(FIRMS_A, n)]


def mail(name, host="example.org"):
    swap = str.maketrans("øöåäéóüı", "ooaaeoui")
    return name.lower().translate(swap).replace(" ", ".") + "@" + host


def day(rng, year=2026, low=1, high=12):
    return datetime.date(year, rng.randint(low, high), rng.randint(1, 28))


def code(rng, shape):
    """# a digit, @ a capital letter, ? a hex digit"""
    return "".join({"#": "0123456789", "@": "ABCDEFGHJKLMNPRSTUVWXYZ", "?": "0123456789abcdef"}[c][
        rng.randrange({"#": 10, "@": 23, "?": 16}[c])] if c in "#@?" else c for c in shape)


def euros(cents):
    """As a German or Italian invoice has it."""
    return "{:,}".format(cents // 100).replace(",", ".") + ",%02d" % (cents % 100)


def pounds(cents):
    return "{:,}".format(cents // 100) + ".%02d" % (cents % 100)


def html(title, body, nav="Home Products Support Contact"):
    return ("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title>"
            "<link rel=\"stylesheet\" href=\"/assets/site.css\"></head><body><header><nav><ul>%s</ul></nav></header>"
            "<main>%s</main><footer><p>© 2026 · Imprint · Privacy · Cookie settings</p></footer></body></html>") % (
        title, "".join("<li><a href=\"/%s\">%s</a></li>" % (w.lower(), w) for w in nav.split()), body)


def hits(rows):
    return "\n\n".join("%d. %s\n   %s\n   %s" % (i + 1, t, u, s) for i, (t, u, s) in enumerate(rows))


def flaky(rng):
    """What a service says that works again a moment later: (text, is an error of the span)."""
    return rng.choice([("HTTPError: 503 Server Error: Service Unavailable", True),
                       ('{"error": {"code": 429, "message": "Rate limit exceeded, retry after 2 s"}}', False),
                       ("TimeoutError: no answer after 30.0 s", True),
                       ('{"status": "error", "detail": "upstream connect error or disconnect/reset before headers"}', False)])


def maybe_flaky(t, a, words, name, args, result, chance=.25):
    """A call that now and then fails once and is then repeated with success."""
    rng = t.rng
    if rng.random() < chance:
        text, hard = flaky(rng)
        step = t.llm(a, words, [(name, args)])
        t.ret(step, 0, "" if hard else text, text if hard else None)
        words = say(rng, "{That did not go through, trying again.|A hiccup on their side. Once more.|Let me retry that.|Retrying.|}")
    return t.do(a, words, name, args, result)
