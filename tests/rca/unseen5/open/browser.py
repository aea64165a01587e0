"""An agent in a browser: each click worked, the page was not in the state that it took for granted."""
import content as c
import places


def goods(t, noun, n, cut=None):
    """Rows (name, price, rating) in no order."""
    return [("%s %s %s" % (t.choice(c.COMPANY), noun, t.choice(("S", "M2", "Pro", "Lite", "Max", "X%d" % t.randrange(2, 90)))) + "-%d" % k, t.randrange(15, 400), round(t.uniform(2.5, 4.9), 1)) for k in range(n)]


def cards(rows, first=40):
    out = []
    for k, (name, price, stars) in enumerate(rows):
        out += ["article:", "  heading \"%s\" [level=3]" % name, "  text: EUR %d.00" % price, "  text: %s out of 5 stars" % stars, "  button \"Add to basket\" [ref=e%d]" % (first + k)]
    return out


def filter_not_applied(p, t, bad):
    """The box is ticked, Apply is not pressed; the choice is made from the whole list."""
    noun, stars = t.choice(("Backpack", "Headset", "Blender", "Tent")), t.choice((4, 4.5))
    rows = goods(t, noun, 9)
    good = [r for r in rows if r[2] >= stars] or [rows.append(("Sable %s Q" % noun, 399, 4.8)) or rows[-1]]
    cheap = min([r[1] for r in good]) - t.randrange(3, 10)
    rows.insert(t.randrange(3), ("Umbra %s Basic" % noun, cheap, 3.1))
    site = t.choice(("www.kaufhaus.example", "shop.example.com", "www.tienda.example"))
    places.browser(p, "On %s put the cheapest %s with at least %s stars into the basket. Use the page's rating filter." % (site, noun.lower(), stars), site)
    head = ["group \"Filter\":", "  checkbox \"%s stars and up\" [ref=e20]" % stars, "  checkbox \"In stock\" [ref=e21]", "  button \"Apply\" [ref=e22]", "text: %d results" % len(rows)]
    p.path, p.page = "search?q=" + noun.lower(), head + cards(rows)
    p.do("{I search for it|Start with a search}.", ("type", {"ref": "e6", "element": "Search", "text": noun}, p.tree()))
    p.idle(0, 3)
    p.page = [x.replace("up\"", "up\" [checked]") for x in head] + cards(rows)
    p.do("{Tick the rating filter|The filter for stars}.", ("click", {"ref": "e20", "element": "%s stars and up" % stars}, p.tree()))
    p.idle(0, 2)
    best = min(good, key=lambda r: r[1])
    shown = rows
    if not bad:
        shown = good
        p.path, p.page = p.path + "&stars=%s" % stars, head[:-1] + ["text: %d results" % len(good)] + cards(good)
        p.do("{Apply it|The list has to be filtered: Apply}.", ("click", {"ref": "e22", "element": "Apply"}, p.tree()))
        p.idle(0, 2)
    pick = min(shown, key=lambda r: r[1])
    put = p.do("{The cheapest of the list is|Lowest price}: %s, EUR %d." % pick[:2], ("click", {"ref": "e%d" % (40 + shown.index(pick)), "element": "Add to basket: " + pick[0]}, p.tree().replace('"Cart"', '"Cart (1)"')))
    if bad:
        p.cause(put, "Wrong Element", "chooses from the list that is not filtered; this one has %s stars" % pick[2])
    p.idle(0, 5)
    p.end("{Put into the basket|In the basket}: %s for EUR %d." % pick[:2])
    p.after()
    return lambda run: best[0] in run.final and any(a["element"].endswith(best[0]) for a in run.did("click"))


def month_ahead(p, t, bad):
    """A date is picked in the calendar's next month."""
    town, day, month = c.town(t), t.randrange(3, 27), t.randrange(3, 11)
    names = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
    site = "bus.example.net"
    places.browser(p, "Reserve a seat on the morning coach to %s on %d %s 2027%s." % (town, day, names[month - 1], t.choice(("", ", window if possible", ", one adult"))), site)

    def calendar(m):
        return ["textbox \"To\": %s [ref=e30]" % town, "dialog \"Calendar\":", "  button \"Previous month\" [ref=e31]", "  heading \"%s 2027\"" % names[m - 1], "  button \"Next month\" [ref=e32]"] + ["  gridcell \"%d\" [ref=e%d]" % (d, 100 + d) for d in range(1, 29)]
    p.path, p.page = "", ["textbox \"To\" [ref=e30]", "button \"Date\" [ref=e33]", "button \"Find\" [ref=e34]"]
    p.do("{The destination|Fill in the town}.", ("type", {"ref": "e30", "element": "To", "text": town}, p.tree()))
    p.idle(0, 3)
    at = t.randrange(max(1, month - 3), month)
    p.page = calendar(at)
    p.do("{Open the calendar|Now the date}.", ("click", {"ref": "e33", "element": "Date"}, p.tree()))
    goal = month + 1 if bad else month
    while at < goal:
        at += 1
        p.page = calendar(at)
        moved = p.do("{Forward|Next month|One month on}.", ("click", {"ref": "e32", "element": "Next month"}, p.tree()))
    p.idle(0, 2)
    p.page = ["textbox \"Date\": %02d/%02d/2027 [ref=e33]" % (day, at), "button \"Find\" [ref=e34]"]
    chose = p.do("{The %d|Now day %d}." % (day, day), ("click", {"ref": "e%d" % (100 + day), "element": "gridcell %d" % day}, p.tree()))
    if bad:
        p.cause(chose, "Wrong Element", "the calendar shows %s" % names[at - 1])
        p.also(moved, "Wrong Element", "goes one month too far")
    p.idle(0, 3)
    p.page = ["heading \"Coaches to %s, %02d/%02d/2027\"" % (town, day, at)] + ["row \"%02d:%02d %s EUR %d\" [ref=e%d]" % (h, p.rng.choice((0, 10, 25, 40)), town, p.rng.randrange(9, 50), 60 + h) for h in (7, 11, 16, 20)]
    p.do("{Find|Search for coaches}.", ("click", {"ref": "e34", "element": "Find"}, p.tree()))
    p.idle(0, 2)
    p.state["booked"] = (day, at)
    p.page = ["heading \"Reserved\"", "text: code %06X" % p.rng.getrandbits(24)]
    p.do("{The morning coach|The one at seven}.", ("click", {"ref": "e67", "element": "07 row"}, p.tree()))
    p.idle(0, 4)
    p.end("{Reserved|A seat is reserved}: the morning coach to %s on %d %s." % (town, day, names[month - 1]))
    p.after()
    return lambda run: run.state["booked"] == (day, month)


def default_kept(p, t, bad):
    """A form comes with a default that contradicts the task; it is sent as it is."""
    n, what = t.randrange(3, 9), t.choice(("museum tickets", "seed packets", "printer cartridges", "concert tickets"))
    ship = t.choice(("pick up at the desk", "standard post", "express"))
    site = "order.example.org"
    places.browser(p, "Order %d %s, %s. Name %s, no newsletter. Then tell me the total." % (n, what, ship, c.person(t)), site)
    price = t.randrange(4, 30)
    form = ["heading \"%s, EUR %d each\"" % (what.title(), price), "spinbutton \"Quantity\": 1 [ref=e40]", "combobox \"Delivery\": standard post [ref=e41]", "checkbox \"Newsletter\" [ref=e42]", "textbox \"Name\" [ref=e43]", "button \"Order with payment\" [ref=e44]"]
    p.path, p.page = "form", form
    steps = [("goto", {"url": "https://%s/form" % site}, "{Open the form|The order form}."), ("type", {"ref": "e43", "element": "Name", "text": "the name given"}, "{The name|Name first}."),
             ("select", {"ref": "e41", "element": "Delivery", "option": ship}, "{How it is delivered|Delivery}."), ("type", {"ref": "e40", "element": "Quantity", "text": str(n)}, "{The quantity|How many}.")]
    quantity = 1
    for name, args, text in steps:
        if bad and args.get("element") == "Quantity":
            continue
        if args.get("element") == "Quantity":
            quantity = n
            p.page = [x.replace("Quantity\": 1", "Quantity\": %d" % n) for x in p.page]
        if args.get("element") == "Delivery":
            p.page = [x.replace("Delivery\": standard post", "Delivery\": " + ship) for x in p.page]
        p.do(text, (name, args, p.tree()))
        p.idle(0, 2)
    p.state["quantity"] = quantity
    p.page = ["heading \"Thank you\"", "text: %d x %s, %s" % (quantity, what, ship), "text: Total EUR %d" % (quantity * price)]
    sent = p.do("{All fields are filled in; order|Send the form}.", ("click", {"ref": "e44", "element": "Order with payment"}, p.tree()))
    if bad:
        p.cause(sent, "Incomplete Action", "sends the form with the default quantity of 1")
    p.idle(0, 5)
    p.end("{Ordered|The order is in}. {The total is|It comes to} EUR %d." % (quantity * price))
    p.after()
    return lambda run: run.state["quantity"] == n


FAMILIES = {"filter-not-applied": ("browser", filter_not_applied), "month-ahead": ("browser", month_ahead), "default-kept": ("browser", default_kept)}
