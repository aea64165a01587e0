"""A research assistant with search and pages: questions with two hops and an answer of a certain kind."""
import content as c
import shapes
import shapes_more
from wire import tool

SYSTEM = """You answer questions from sources you open with your tools. Give nothing but the answer in your last message, in \
the form that is asked for. If the sources do not hold it, say so."""
TOOLS = [tool("search", "Web search.", query=""), tool("open_page", "A page, in parts.", url="", part=""),
         tool("calculate", "Arithmetic.", expression="")]
FAULTS = ("type", "namesake", "memory", "part", "stale", "same_words", "drift")


class World:
    def __init__(self, rng):
        self.town = c.town(rng)
        self.kind = rng.choice(["swing bridge", "observatory", "town theatre", "water tower", "covered market", "cable railway"])
        self.title = "%s of %s" % (self.kind.capitalize(), self.town)
        self.who = c.person(rng)
        self.full = self.who.split()[0] + " " + rng.choice("ABEFHJKLM") + ". " + self.who.split()[1]
        self.born = rng.randrange(1830, 1900)
        self.built = self.born + rng.randrange(31, 60)
        self.other = self.born + rng.choice([-1, 1]) * rng.randrange(13, 40)
        self.asks = rng.choice(["age", "year"])


def question(rng, world):
    if world.asks == "year":
        return rng.choice(["In which year was the engineer who designed the %s in %s born? Answer with the year only.",
                           "The %s in %s was designed by an engineer. Which year was this person born in? Only the year."]) % (
                               world.kind, world.town)
    return rng.choice(["How old was the designer of the %s in %s when it opened (difference of years)? A number only.",
                       "Give the age, in whole years by difference, of the person who designed the %s of %s in the year of its "
                       "opening. Just the number."]) % (world.kind, world.town)


def curator(rng, failed):
    world = World(rng)
    fault = rng.choice(FAULTS) if failed else None
    w = rng.choice([shapes.OpenInference, shapes_more.LlamaIndex, shapes.OpenAiAgents, shapes.PydanticAi, shapes.Traceloop,
                    shapes_more.Adk])(rng, "curator", rng.choice(["gpt-4.1", "o4-mini", "gemini-2.5-pro"]))
    a = w.start("curator", SYSTEM, TOOLS)
    w.user(a, question(rng, world))
    url = c.url_of(world.title + " - history", rng.choice(c.HOSTS))
    query = rng.choice(["%s %s designer", "%s %s engineer who designed", "who designed the %s in %s"]) % (world.kind, world.town)
    if fault == "same_words":
        first = None
        for i in range(rng.randrange(4, 7)):
            words = rng.sample(["designer", "biography", "born", "engineer", "life"], 2)
            q = "%s %s" % (world.kind, " ".join(words))
            call, _ = w.act(a, rng.choice(["", "Let me look again.", "Other words may help."]), "search", {"query": q},
                            c.hits(rng, q))
            first = first or call
        w.blame(first, "bad_query", "searches without the town, and goes on so; nothing found is about the one asked for")
        w.llm(a, rng.choice(["The sources do not hold it.", "I was not able to find this."]))
        w.end(a)
        return w
    w.act(a, rng.choice(["", "I start with the building."]), "search", {"query": query}, c.hits(rng, query, [
        (world.title + " - history", url, "The %s was designed by %s." % (world.kind, world.full))]))
    w.hiccup(a, "", "open_page", {"url": url, "part": "1"}, 0.15, "connection reset by peer")
    w.act(a, "", "open_page", {"url": url, "part": "1"}, c.page(rng, world.title, url, [
        "It was designed by the engineer %s and opened in %d." % (world.full, world.built)], rng.randrange(2000, 6000)))
    year = hop(w, rng, world, a, fault)
    if fault == "drift":
        year = None
    value = world.built - year if year and world.asks == "age" else year
    first = None
    if world.asks == "age" and year:
        first, _ = w.act(a, "", "calculate", {"expression": "%d - %d" % (world.built, year)}, str(value))
    text = str(value)
    if fault == "type":
        text = rng.choice(["%s" % world.full, "%s designed it; it opened in %d." % (world.full, world.built)])
    if fault == "drift":
        text = rng.choice(["The %s opened in %d.", "Opening of the %s: %d"]) % (world.kind, world.built)
    call = w.llm(a, text)
    if fault == "type":
        w.blame(call, "format_error", "answers with a person, asked for is a number")
    if fault == "drift":
        w.blame(call, "misread_task", "answers when it opened, which was not asked")
    if fault == "memory":
        w.blame(first or call, "hallucinated_fact", "no source gives this year of birth")
    if fault == "part":
        w.blame(first or call, "misread_result", "takes the year of the first employment for the year of birth; part 2 stays closed")
    if fault == "stale":
        w.blame(first or call, "misread_result", "takes the year that the second source calls wrong")
    w.end(a)
    return w


def hop(w, rng, world, a, fault):
    if fault == "drift":
        return None
    query = rng.choice(["%s engineer born", "%s biography", "%s engineer life"]) % world.full
    right = c.url_of(world.full + " - engineer", rng.choice(c.HOSTS))
    wrong = c.url_of(world.who + " - surveyor", rng.choice(c.HOSTS))
    w.act(a, rng.choice(["Now the person.", ""]), "search", {"query": query}, c.hits(rng, query, [
        (world.full + " - engineer", right, "Engineer of bridges and halls, worked in %s." % world.town),
        (world.who + " - surveyor", wrong, "Surveyor and mountaineer, worked overseas.")]))
    if fault == "namesake":
        call, _ = w.act(a, "", "open_page", {"url": wrong, "part": "1"}, c.page(rng, world.who, wrong, [
            "%s, surveyor, was born in %d." % (world.who, world.other), "He spent his life overseas and built nothing."], 2500))
        w.blame(call, "wrong_source", "opens the page of a surveyor of a like name instead of the engineer's")
        return world.other
    facts = ["%s was born in %d as the child of a miller." % (world.full, world.born)]
    one = facts if fault not in ("part", "memory") else [
        "%s first worked as an assistant in %d." % (world.full, world.other)]
    page = c.page(rng, world.full, right, one, rng.randrange(2500, 7000))
    if fault == "part":
        page += "\n\n[part 1 of 3, early life follows in part 2]"
    w.act(a, "", "open_page", {"url": right, "part": "1"}, page)
    if fault == "part":
        return world.other
    if fault == "memory":
        return world.born + rng.choice([-2, 3, 5])
    if fault == "stale":
        ann = c.url_of(world.full + " - corrections", rng.choice(c.HOSTS))
        w.act(a, "I check that with a second source.", "open_page", {"url": ann, "part": "1"}, c.page(
            rng, world.full, ann, ["Older works give %d as the year of birth of %s; the register, found later, shows %d" % (
                world.other, world.full, world.born)], 2200))
        return world.other
    return world.born
