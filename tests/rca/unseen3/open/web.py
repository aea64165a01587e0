"""An orchestrator with a ledger, and a surfer that sees pages."""
import noise
import wires
from course import tool
from noise import orchestrate, screen, surf

START = {"agent": "Orchestrator", "tools": [tool("visit_url", "Go to a page.", url="string"),
     tool("web_search", "Search.", query="string"), tool("click", "Click.", target="string"),
                                            tool("input_text", "Type into a field.", field="string", text="string"),
                                                 tool("page_down", "Scroll."), tool("history_back", "Back."),
                                                 tool("sleep", "Wait.", seconds="integer")]}
TEAM = "Assistant: code and language.\nWebSurfer: has a web browser.\nFileSurfer: reads local files.\nComputerTerminal: runs code."


def plan(c, task, steps, root=""):
    c.say("Initial plan:\n\nWe are working to address the following user request:\n\n%s\n\nTo answer this request we have assembled the "
         "following team:\n\n%s\n\nHere is the plan to follow as best as possible:\n\n%s" % (
        task, TEAM, "\n".join("- " + s for s in steps)), "Orchestrator", root=root)


def satisfied_early(c):
    """A snippet of the search page is taken for the answer; the page itself, one click away, says another thing."""
    what = c.pick("the Ovel bridge", "the Sandhorn lighthouse", "Tarvik hall", "the Brunsee dam")
    wrong, right = c.rng.sample(range(1880, 1960), 2)
    task = "In which year was %s completed, according to its own website?" % what
    c.user(task)
    plan(c, task, ["Ask WebSurfer to find the website of " + what, "Read the year on it", "Give the year"])
    noise.surf_noise(c, "start.example", 0, 3)
    for k in c.many(0, 3):
        orchestrate(c, c.pick("Search for the website of %s." % what, "Find the official page of %s." % what, "Look for %s on the web."
             % what), "No website found yet.")
        surf(c, "I typed '%s website %d' into the browser search bar." % (what, k), "web_search", {"query": what + " website"},
             screen(c, what + " - Search", "https://search.example/?q=" + str(k), "No good matches. Did you mean something else?"))
    orchestrate(c, "Search for %s and open its own website." % what)
    surf(c, "I typed '%s' into the browser search bar." % what, "web_search", {"query": what},
         screen(c, what + " - Search", "https://search.example/?q=x",
         "%s - travel blog\nBuilt in %d, it is a sight ...\n%s - official site\nVisit us. History. Opening hours." % (what, wrong, what)))
    if c.bad:
        c.say(noise.ledger(True, "The search results state that %s was built in %d, which answers the request." % (what, wrong),
             "Assistant", "Give the year."), "Orchestrator", root="Premature termination")
        if c.rng.random() < .6:
            c.say("The year is %d. I formatted it as asked." % wrong, "Assistant")
        c.say("Request satisfied. FINAL ANSWER: %d" % wrong, "Orchestrator")
        return
    orchestrate(c, "Open the official site and read the year there.", "The blog is not the own website.")
    surf(c, "I clicked 'official site'.", "click", {"target": "official site"},
         screen(c, what, "https://own.example", "History: completed in %d" % right))
    c.say(noise.ledger(True, "The own website gives %d." % right, "Assistant", ""), "Orchestrator")
    c.say("Request satisfied. FINAL ANSWER: %d" % right, "Orchestrator")


def wrong_filter(c):
    """The surfer sets the list to another order or another filter than it was told, and goes on from there."""
    kind, want, other = c.pick(("apartments", "Price: low to high", "Price: high to low"),
         ("flights", "Departure: earliest", "Departure: latest"), ("laptops", "Rating: highest", "Newest"),
         ("trails", "Length: longest", "Length: shortest"))
    names = c.rng.sample(["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Hazel", "Juniper"], 4)
    site = kind + ".example"
    task = "On %s, which of the %s comes first when the list is sorted by '%s', and who offers it?" % (site, kind, want)
    c.user(task)
    plan(c, task, ["Have WebSurfer open " + site, "Sort the list by " + want, "Open the first entry and read who offers it"])
    orchestrate(c, "Please visit https://%s and sort the list by '%s'." % (site, want))
    surf(c, "I visited 'https://%s'" % site, "visit_url", {"url": "https://" + site},
         screen(c, site, "https://" + site, "Sort by: Relevance\n" + "\n".join(names)))
    noise.surf_noise(c, site, 0, 4)
    taken = other if c.bad else want
    first = names[1] if c.bad else names[2]
    surf(c, "I clicked '%s'." % taken, "click", {"target": taken},
         screen(c, site, "https://%s?sort" % site, "Sort by: %s\n%s\n%s" % (taken, first, names[0])),
         root="Wrong action on a page" if c.bad else "")
    noise.surf_noise(c, site, 0, 4)
    orchestrate(c, "Open the first entry of the sorted list and tell who offers it.", "The list is sorted; the entry has to be read.")
    surf(c, "I clicked '%s'." % first, "click", {"target": first},
         screen(c, first, "https://%s/%s" % (site, first.lower()), "%s\nOffered by %s & Co" % (first, names[3])))
    noise.surf_noise(c, site, 0, 2)
    c.say(noise.ledger(True, "The first entry is %s, offered by %s & Co." % (first, names[3]), "Assistant", ""), "Orchestrator")
    c.say("FINAL ANSWER: %s, %s & Co" % (first, names[3]), "Orchestrator")


def lost_in_order(c):
    """The order that the orchestrator gives leaves a condition out; the surfer does just what it is told."""
    town = c.pick("Averholm", "Lissadell", "Montserra", "Keppel")
    kind = c.pick("hotel", "museum", "gym", "clinic")
    extra = c.pick("is open on Mondays", "is step-free", "has a car park")
    a, b = c.rng.sample(["Harbour", "Central", "Garden", "Royal", "North"], 2)
    task = "Find the %s in %s nearest to the station that %s." % (kind, town, extra)
    c.user(task)
    plan(c, task, ["Find %ss near the station of %s" % (kind, town), "Check which of them %s" % extra, "Take the nearest"])
    noise.surf_noise(c, "maps.example", 0, 4)
    if c.bad:
        orchestrate(c, "Please find the %s nearest to the station of %s and give its name and distance." % (kind, town),
             root="Condition lost in delegation")
    else:
        orchestrate(c, "Please list the %ss near the station of %s and note for each whether it %s." % (kind, town, extra))
    noise.surf_noise(c, "maps.example", 0, 3)
    surf(c, "I typed '%s near station %s' into the browser search bar." % (kind, town), "web_search",
         {"query": "%s near station %s" % (kind, town)},
         screen(c, "Maps", "https://maps.example/" + town, "%s %s - 150 m\n%s %s - 420 m" % (a, kind, b, kind)))
    noise.surf_noise(c, "maps.example", 0, 3)
    if not c.bad:
        surf(c, "I clicked '%s %s'." % (b, kind), "click", {"target": b}, screen(c, b, "https://maps.example/b", "It %s." % extra))
    name = "%s %s" % (a if c.bad else b, kind)
    c.say("The nearest one is the %s." % name, "WebSurfer")
    c.say(noise.ledger(True, "The nearest %s is named." % kind, "Assistant", ""), "Orchestrator")
    c.say("FINAL ANSWER: " + name, "Orchestrator")


def closed_door(c):
    """The order that sends the surfer behind a paywall, although an open copy was listed; round after round follows."""
    title = c.pick("Tides of the inner sound", "On the flight of swifts", "A census of barns", "Notes on river ice")
    n = c.rng.randint(12, 90)
    task = "How many stations does the study '%s' use?" % title
    c.user(task)
    plan(c, task, ["Find the study", "Read its section on methods", "Give the number"])
    noise.surf_noise(c, "start.example", 0, 2)
    orchestrate(c, "Search for the study '%s'." % title)
    surf(c, "I typed '%s' into the browser search bar." % title, "web_search", {"query": title},
         screen(c, title + " - Search", "https://search.example/?q=t",
         "%s - Journal (sign in to read)\n%s - open copy of the authors (PDF)\nReviews of books" % (title, title)))
    noise.surf_noise(c, "start.example", 0, 2)
    if c.bad:
        orchestrate(c, "Open the page of the journal and read the section on methods there.", "The study is found; it must be read.",
             root="Unsuitable plan")
        for k in c.many(3, 17):
            surf(c, c.pick("I clicked 'Read full text'.", "I clicked 'Access options'.", "I scrolled down one page in the browser.",
                 "I clicked 'Methods'."), c.pick("click", "page_down"), {"target": "Read full text"},
                 screen(c, title, "https://journal.example/%d" % k,
                      c.pick("Sign in or buy this article for 39 EUR", "403 Forbidden", "Abstract. We study ... (preview)",
                      "Your institution has no access")))
            if c.rng.random() < .7:
                orchestrate(c, c.pick("Please look for the section on methods on this page.", "Try to open the full text once more.",
                     "Scroll to the methods."), c.pick("The number is not found yet.", "The text was not accessible."))
        c.say("Stalled.... Replanning...", "Orchestrator")
        guess = n + c.rng.randint(3, 20)
        c.say("FINAL ANSWER: %d" % guess, "Orchestrator")
        return
    orchestrate(c, "Open the open copy of the authors and read the section on methods.", "The journal asks for a login.")
    surf(c, "I clicked 'open copy'.", "click", {"target": "open copy"},
         screen(c, title, "https://authors.example/t.pdf", "Methods. We use %d stations." % n))
    noise.surf_noise(c, "authors.example", 0, 4)
    c.say(noise.ledger(True, "The study uses %d stations." % n, "Assistant", ""), "Orchestrator")
    c.say("FINAL ANSWER: %d" % n, "Orchestrator")


FAMILIES = [("satisfied_early", "magnet-one", wires.TEAMS, START, satisfied_early),
     ("wrong_filter", "magnet-one", wires.TEAMS, START, wrong_filter),
            ("lost_in_order", "surf-team", wires.TEAMS, START, lost_in_order),
            ("closed_door", "surf-team", wires.TEAMS, START, closed_door)]
