"""Research assistants of the closed half."""
import weather
from closed import clutter
from wire import tool

WEB = [tool("web_search", "Performs a Google web search and returns the top results.", query="the query"), tool("visit_webpage", "Visits a page and returns its text.", url="address"),
       tool("page_down", "Scrolls down one viewport."), tool("find_on_page", "Jumps to a string on the page.", search_string="the string"),
       tool("python_interpreter", "Runs Python code.", code="the code"), tool("final_answer", "Provides the final answer.", answer="the answer")]
SYSTEM = ("You are a general AI assistant. You will be asked a question. Think, then act, then look at the observation, as often as needed. Report your thoughts. The answer should be a number OR as few "
          "words as possible OR a comma separated list of numbers and/or strings. Everything that you state must come from an observation.")


def wrong_row(play, rng, bad):
    club = rng.choice(("Brightwater Athletic", "Norrland Rowing", "Calder Vale", "Rio Pardo"))
    y = rng.randrange(1978, 1996)
    rows = [(y + k, rng.randrange(50, 99), rng.randrange(20, 49)) for k in range(-3, 4)]
    won, lost = next((w, l) for q, w, l in rows if q == y)
    play.begin("How many matches did %s lose in the %d season according to the table of seasons in its Wikipedia article?" % (club, y), "assistant", SYSTEM, WEB)
    clutter.reading(play, rng, club + " season", rng.randrange(0, 4))
    play.say("I open the article with the table of seasons.", ("visit_webpage", {"url": "https://en.wikipedia.org/wiki/List_of_seasons"}, weather.page(rng, club, [
        "| Season | Played | Lost | Won | Cup |\n|---|---|---|---|---|\n" + "\n".join("| %d | %d | %d | %d | %s |" % (q, w + l, l, w, rng.choice(("R1", "QF", "-"))) for q, w, l in rows)], 12)))
    value = won if bad else lost
    call = play.say("The row for %d reads: %d played, %d lost. %s" % (y, won + lost, value, "I note this as the result."), ("python_interpreter", {"code": "played, lost = %d, %d\nprint(played - lost)" % (won + lost, value)}, str(won + lost - value)))
    if bad:
        play.fault(call, "Tool Output Misinterpretation", "Takes the column Won for Lost: the table has %d | %d | %d in the row." % (won + lost, lost, won))
    clutter.reading(play, rng, club, rng.randrange(0, 3))
    play.answer("%s lost %d matches in %d." % (club, value, y), str(value))


def partial_report(play, rng, bad):
    towns = rng.sample(("Aveling", "Brome", "Casterton", "Dunmore", "Elverum", "Foxdale"), rng.randrange(3, 5))
    pops = {t: rng.randrange(2000, 60000) for t in towns}
    play.begin("Which of the towns %s had the largest population in the census of 1961?" % ", ".join(towns), "manager", SYSTEM, WEB[4:])
    clutter.reading(play, rng, "census 1961", rng.randrange(0, 2))
    play.say("My plan: let the search_agent collect the 1961 population of each town, then compare.")
    play.enter("I hand this to the search_agent.", "search_agent", "You are a search agent of a manager. Answer the whole request, with sources.", "Find the population in the census of 1961 of each of these towns: %s. Report all of them." % ", ".join(towns), WEB[:4])
    clutter.reading(play, rng, "census 1961 " + towns[0], rng.randrange(0, 3))
    done = towns[:1] if bad else towns
    for t in done:
        play.say("I look up %s." % t, ("web_search", {"query": t + " census 1961 population"}, weather.results(rng, t + " census", ((t + " - history", "The census of 1961 counted %d inhabitants in %s." % (pops[t], t)),), 4)))
    if bad:
        report = play.leave("### 1. Short version\n%s had %d inhabitants in 1961 and is the largest.\n### 2. Detailed version\nThe census of 1961 counted %d inhabitants in %s. The other towns are known to be smaller.\n### 3. Context\nNone." % (towns[0], pops[towns[0]], pops[towns[0]], towns[0]))
        play.fault(report, "Task Orchestration", "Reports after the first of %d towns; the others were never looked up and are called smaller." % len(towns), "search_agent")
        best = towns[0]
    else:
        play.leave("### 1. Short version\n" + "\n".join("%s: %d" % p for p in pops.items()))
        best = max(towns, key=pops.get)
    for _ in range(rng.randrange(0, 4)):
        clutter.reading(play, rng, best, 1)
    play.answer("According to the report the largest town was %s." % best, best)


def live_page(play, rng, bad):
    site, m, y = rng.choice(("Open Tools Index", "River Trust", "Glasswork Museum")), rng.choice(("March", "August", "November")), rng.randrange(2016, 2021)
    old, new = rng.randrange(12, 40), rng.randrange(41, 90)
    play.begin("According to the front page of the %s as it was in %s %d, how many partner organisations did it have?" % (site, m, y), "assistant", SYSTEM, WEB)
    clutter.reading(play, rng, site, rng.randrange(0, 4))
    play.say("I need the address of the site.", ("web_search", {"query": site}, weather.results(rng, site, ((site + " - official", "The official site ..."),))))
    if bad:
        call = play.say("I can simply open the front page and read the number there.", ("visit_webpage", {"url": "https://www.%s.example.org" % site.split()[0].lower()}, weather.page(rng, site, ["Today we work with %d partner organisations in nine countries." % new], 9)))
        play.fault(call, "Poor Information Retrieval", "Opens the page of today, though the question is about the state of %s %d; no archived copy is looked for." % (m, y))
    else:
        play.say("The page of today will not do. I take the archived copy of %s %d." % (m, y), ("visit_webpage", {"url": "https://web.archive.org/web/%d/https://www.example.org" % y}, weather.page(rng, site, ["We work with %d partner organisations in six countries." % old, "[Archived copy, %s %d]" % (m, y)], 9)))
    clutter.reading(play, rng, site + " partners", rng.randrange(0, 4))
    value = new if bad else old
    play.answer("The front page speaks of %d partner organisations." % value, str(value))


def off_by_one(play, rng, bad):
    a = rng.randrange(1901, 1930)
    b = a + rng.randrange(9, 30)
    what = rng.choice(("comet sightings", "lighthouse keepers", "grain ships"))
    data = {q: rng.randrange(1, 9) for q in range(a - 3, b + 4)}
    total = sum(v for q, v in data.items() if a <= q <= b)
    wrong = total - data[b]
    play.begin("What is the total number of %s registered from %d through %d (both years included) in the table of the harbour archive?" % (what, a, b), "assistant", SYSTEM, WEB)
    clutter.reading(play, rng, what, rng.randrange(0, 4))
    play.say("The archive has the table online.", ("visit_webpage", {"url": "https://harbour.example.org/register"}, weather.page(rng, "Register", ["\n".join("%d; %d" % p for p in data.items())], 8)))
    code = "data = %r\ntotal = sum(data[y] for y in range(%d, %d))\nprint(total)" % (data, a, b if bad else b + 1)
    call = play.say("I copy the table into code and sum the period.", ("python_interpreter", {"code": code}, str(wrong if bad else total)))
    if bad:
        play.fault(call, "Coding error", "range(%d, %d) leaves out %d, which the question includes." % (a, b, b))
    clutter.reading(play, rng, what, rng.randrange(0, 4))
    play.answer("The sum over the period is %d." % (wrong if bad else total), str(wrong if bad else total))


def namesake(play, rng, bad):
    name = rng.choice(("Johan Wessel", "Clara Nunes Prado", "Peter Hallam", "Ana Kovac"))
    job, other = rng.sample(("painter", "chemist", "footballer", "composer"), 2)
    y, z = rng.sample(range(1880, 1990), 2)
    play.begin("In which year did the %s %s die?" % (job, name), "assistant", SYSTEM, WEB)
    clutter.reading(play, rng, name, rng.randrange(0, 3))
    play.say("I search for the person.", ("web_search", {"query": name}, weather.results(rng, name, (("%s - Wikipedia" % name, "%s (died %d) was a %s known for ..." % (name, z, other)), ("%s (%s) - Wikipedia" % (name, job), "%s, %s, born in a village near the coast ..." % (name, job))))))
    who, year = (other, z) if bad else (job, y)
    call = play.say("I open the article on %s." % name if bad else "There are two persons of this name. I open the article on the %s." % job, ("visit_webpage", {"url": "https://en.wikipedia.org/wiki/%s%s" % (name.replace(" ", "_"), "" if bad else "_(%s)" % job)},
                    weather.page(rng, name, ["%s was a %s who worked for most of the time abroad." % (name, who), "The last years were spent in the mountains, until the death in %d." % year], 11)))
    if bad:
        play.fault(call, "Incorrect Problem Identification", "Opens the article on the %s of that name; the question is about the %s, who has an article of his own in the results." % (other, job))
    clutter.reading(play, rng, name, rng.randrange(0, 4))
    play.answer("%s died in %d." % (name, year), str(year))


def narrow_query(play, rng, bad):
    thing, place = rng.choice((("standing stone", "Kilbrannan"), ("paper mill", "Ostra"), ("narrow gauge line", "Verzasca")))
    year = rng.randrange(1790, 1890)
    play.begin("In which year was the %s of %s first described in print? Any reliable source is fine." % (thing, place), "assistant", SYSTEM, WEB)
    clutter.reading(play, rng, place, rng.randrange(0, 5))
    empty = "No results found for query: '%s'. Use a less specific query, or remove the restriction to a site."
    if bad:
        q = "\"%s of %s first described in print\" site:jstor.org" % (thing, place)
        call = play.say("Scholarly sources are the best. I restrict the search to JSTOR and to the exact phrase.", ("web_search", {"query": q}, empty % q))
        play.fault(call, "Poor Information Retrieval", "Restricts the search to one site and the whole sentence, which nobody asked for, and keeps that to the end; every later search is as empty.")
        for k in range(rng.randrange(2, 9)):
            q = "\"%s %s%s\" site:jstor.org" % (place, thing, (" first description", " print", " history", " survey", " antiquarian", " report", " journal", " notes")[k])
            play.say(rng.choice(("No results. I vary the phrase.", "Still nothing; I try another phrase on JSTOR.", "Let me rephrase once more.")), ("web_search", {"query": q}, empty % q))
        guess = year + rng.randrange(3, 30)
        play.answer("The searches gave nothing. Surveys of this kind were mostly printed around %d, so that is my answer." % guess, str(guess))
    else:
        q = "%s %s first described in print" % (place, thing)
        play.say("I search for it.", ("web_search", {"query": q}, weather.results(rng, q, (("The %s of %s" % (thing, place), "First described in print in %d by a local schoolmaster." % year),))))
        clutter.reading(play, rng, place, rng.randrange(0, 3))
        play.answer("It was first described in %d." % year, str(year))


FAMILIES = {"web.wrong_row": ("tools", wrong_row), "web.partial_report": ("code", partial_report), "web.live_page": ("code", live_page), "web.off_by_one": ("code", off_by_one),
            "web.namesake": ("tools", namesake), "web.narrow_query": ("tools", narrow_query)}
