"""Research assistants that write code or call tools: questions with one short answer, a browser, sometimes a helper below."""
import weather
from wire import tool

SEARCH = tool("web_search", "Performs a Google web search and returns the top results.", query="the query")
VISIT = tool("visit_webpage", "Visits a page at the given url and returns its text, one viewport at a time.", url="address of the page")
DOWN = tool("page_down", "Scrolls the viewport DOWN one page-length in the current page and returns the new viewport content.")
FIND = tool("find_on_page", "Scrolls the viewport to the first occurrence of the search string.", search_string="what to look for")
PYTHON = tool("python_interpreter", "Runs Python code and returns what it prints.", code="the code")
FINAL = tool("final_answer", "Provides a final answer to the given problem.", answer="the answer")
WEB = [SEARCH, VISIT, DOWN, FIND, PYTHON, FINAL]
SYSTEM = ("You are an expert assistant who can solve any task using tools. To do so, proceed in a series of steps, in a cycle of thought, action and observation. "
          "At each step, first explain your reasoning towards solving the task and the tools that you want to use. Then act. Use the outputs of tools; "
          "never assume what a page says. Answers must be exact: a number OR as few words as possible OR a comma separated list.")
HELPER = "You are a team member called search_agent. You browse the internet to answer a question of your manager. Give a detailed report."


def survey(play, rng, given, lookup, derive):
    """The facts survey and the plan that such an agent writes before it acts."""
    play.say("Here are the facts that I know so far:\n```\n### 1. Facts given in the task\n%s\n\n### 2. Facts to look up\n%s\n\n### 3. Facts to derive\n%s\n```" % (
        "\n".join("- " + g for g in given), "\n".join("- " + f for f in lookup), "\n".join("- " + d for d in derive)))


def plan(play, steps):
    return play.say("Here is the plan of action that I will follow to solve the task:\n```\n%s\n<end_plan>\n```" % "\n".join(
        "%d. %s" % (k + 1, s) for k, s in enumerate(steps)))


def lost_constraint(play, rng, bad):
    artist = rng.choice(("Marisela Duarte", "Ivo Brankov", "The Lantern Choir", "Odile Marchetti", "Tomas Huld"))
    a = rng.randrange(1996, 2004)
    b = a + rng.randrange(7, 11)
    studio, live = rng.randrange(3, 6), rng.randrange(2, 4)
    play.begin("How many studio albums were published by %s between %d and %d (included)? You can use the latest 2022 version of english wikipedia." % (artist, a, b), "manager", SYSTEM, [PYTHON, FINAL])
    survey(play, rng, ["The artist is %s." % artist, "The period is %d to %d, both included." % (a, b), "Only studio albums count."],
           ["The discography of %s" % artist], ["The number of studio albums in that period"])
    if rng.random() < .6:
        plan(play, ["Ask the search_agent for the discography.", "Filter the albums by period and kind.", "Count them and give the final answer."])
    wanted = ("List all albums that %s released from %d to %d, and give the number of them." % (artist, a, b) if bad else
              "List the STUDIO albums of %s with their years, released from %d to %d (included). Live albums and compilations must not be counted. Use the English Wikipedia as of 2022." % (artist, a, b))
    call = play.enter("The discography must be looked up on the web. I'll ask my search_agent to do so.", "search_agent", HELPER, wanted, [SEARCH, VISIT, DOWN, FIND, FINAL])
    weather.idle(play, rng, artist + " discography", rng.randrange(0, 4))
    names = rng.sample(("Cantos de agua", "Northern Rooms", "Ember", "Vesper Road", "Little Clocks", "La orilla", "Salt", "Hours"), studio + live)
    years = sorted(rng.randrange(a, b + 1) for _ in range(studio + live))
    kinds = ["studio"] * studio + ["live"] * live
    rng.shuffle(kinds)
    rows = ["| %d | %s | %s | %s |" % (y, n, "Live album" if k == "live" else "Studio album", rng.choice(("CD, LP", "CD", "Digital, CD"))) for y, n, k in zip(years, names, kinds)]
    play.say("The Wikipedia article should have a discography section.", ("visit_webpage", {"url": "https://en.wikipedia.org/wiki/" + artist.replace(" ", "_")},
             weather.page(rng, artist, ["## Discography\n| Year | Title | Kind | Format |\n|---|---|---|---|\n" + "\n".join(rows)], 16)))
    weather.idle(play, rng, artist, rng.randrange(0, 2))
    if bad:
        play.leave("### 1. Task outcome (short version):\n%s released %d albums from %d to %d.\n### 2. Task outcome (extremely detailed version):\n%s\n### 3. Additional context:\nThe list is from the English Wikipedia." % (
            artist, studio + live, a, b, "\n".join("- %s (%d)" % p for p in zip(names, years))))
        play.answer("The search_agent found %d albums in the period, listed by year. That is the number asked for." % (studio + live), str(studio + live))
        play.fault(call, "Context Handling Failures", "The question asks for studio albums; the task handed to the search_agent asks for all albums, so live ones are counted.", "manager")
    else:
        play.leave("### 1. Task outcome (short version):\n%d studio albums.\n### 2. Task outcome (extremely detailed version):\n%s\nLive albums of the period were left out." % (
            studio, "\n".join("- %s (%d)" % (n, y) for n, y, k in zip(names, years, kinds) if k == "studio")))
        play.answer("%d of the albums in the period are studio albums." % studio, str(studio))


def snippet_year(play, rng, bad):
    city = rng.choice(("Harlow Bay", "Santa Ilda", "Nordvik", "Ketterby", "Port Amaro"))
    year = rng.randrange(2008, 2016)
    other = year + rng.choice((-3, 2, 4))
    right, wrong = rng.randrange(21000, 48000), rng.randrange(50000, 88000)
    play.begin("According to the city's annual transport report, how many daily passengers on average used the tram network of %s in %d?" % (city, year), "assistant", SYSTEM, WEB)
    if rng.random() < .5:
        plan(play, ["Search for the annual transport report of %s." % city, "Find the figure for %d in it." % year, "Give the final answer."])
    weather.idle(play, rng, city + " tram network", rng.randrange(0, 4))
    query = "%s tram daily passengers %d annual transport report" % (city, year)
    play.say("I'll look for the report and the figure.", ("web_search", {"query": query}, weather.results(rng, query, (
        ("%s Transport Authority: Annual Report %d (PDF)" % (city, other), "In %d the tram network carried on average %s passengers a day, the highest number since the reopening of line 4." % (other, format(wrong, ","))),
        ("Trams in %s - Wikipedia" % city, "The network has four lines and 38 stops. Ridership by year is listed in the section Operation ...")), 5)))
    if bad:
        call = play.say("The first result is the annual report of the transport authority, and it gives the average number of daily passengers directly: %s. This answers the question, so there is no need to open more pages." % format(wrong, ","),
                        ("python_interpreter", {"code": "daily = %d\nprint(daily)" % wrong}, str(wrong)))
        weather.idle(play, rng, city + " trams", rng.randrange(0, 3), "search page")
        play.answer("The average number of daily passengers was %s." % format(wrong, ","), str(wrong))
        play.fault(call, "Poor Information Retrieval", "Takes the figure of %d from a snippet for that of %d; the article with the list by year is not opened." % (other, year))
    else:
        play.say("The report in the first result is that of %d, not of %d. The article lists ridership by year, so I'll open it." % (other, year),
                 ("visit_webpage", {"url": "https://en.wikipedia.org/wiki/Trams_in_" + city.replace(" ", "_")}, weather.page(
                     rng, "Trams in " + city, ["## Operation\nAverage daily passengers: %s." % "; ".join("%d: %s" % (y, format(n, ",")) for y, n in sorted(((other, wrong), (year, right), (year - 7, 19870))))])))
        weather.idle(play, rng, city + " trams", rng.randrange(0, 2), "search page")
        play.answer("The article gives %s passengers a day for %d." % (format(right, ","), year), str(right))


def typed_in_data(play, rng, bad):
    lake = rng.choice(("Lake Sorvan", "Lago Merrin", "Tarn Elsk", "Lake Obuya"))
    y0 = rng.randrange(1994, 2003)
    rows = [(y0 + k, round(rng.uniform(3.1, 9.7), 1)) for k in range(8)]
    mean = sum(v for _, v in rows) / 8
    play.begin("What was the mean winter water temperature, in degrees Celsius and rounded to one decimal, of %s over the years %d to %d according to the table in the limnology dataset hosted by the regional observatory?" % (lake, y0, y0 + 7), "assistant", SYSTEM, WEB)
    if rng.random() < .5:
        survey(play, rng, ["The lake is %s." % lake, "The years are %d to %d." % (y0, y0 + 7)], ["The table of winter temperatures in the observatory's dataset"], ["The mean"])
    weather.idle(play, rng, lake + " limnology", rng.randrange(0, 3))
    q = lake + " winter water temperature dataset regional observatory"
    play.say("First I need to locate the dataset.", ("web_search", {"query": q}, weather.results(rng, q, (
        ("Regional observatory - %s long-term series" % lake, "Winter and summer means by year, download as CSV (mirror available) ..."), ("%s temperature record" % lake, "Mirror of the table, HTML version, updated yearly.")), 4)))
    play.say("I'll download the table.", ("visit_webpage", {"url": "https://observatory.example.org/data/%s.csv" % lake.split()[-1].lower()},
             rng.choice(("Error fetching the webpage: 403 Client Error: Forbidden for url: https://observatory.example.org/data", "Error fetching the webpage: 503 Server Error: Service Unavailable"))))
    if bad:
        made = [(y, round(v + rng.uniform(-1.5, 2.4), 1)) for y, v in rows]
        code = "# winter means as in the dataset\ntemps = {%s}\nmean = sum(temps.values()) / len(temps)\nprint(round(mean, 1))" % ", ".join("%d: %s" % p for p in made)
        call = play.say("The CSV cannot be downloaded, but I can reconstruct the table with the typical winter values of the lake and compute the mean from it.",
                        ("python_interpreter", {"code": code}, str(round(sum(v for _, v in made) / 8, 1))))
        weather.idle(play, rng, lake, rng.randrange(0, 3), "search page")
        play.answer("Based on the dataset, the mean winter temperature over the eight years is %s." % round(sum(v for _, v in made) / 8, 1), str(round(sum(v for _, v in made) / 8, 1)))
        play.fault(call, "Tool-related Hallucination", "The table was never read (403); the numbers in the code are made up and are told as the dataset afterwards.")
    else:
        play.say("The CSV is refused, but there is a mirror with the same table.", ("visit_webpage", {"url": "https://mirror.example.net/limno/" + lake.split()[-1].lower()}, weather.page(
            rng, lake + " temperature record", ["| Year | Winter mean (C) |\n|---|---|\n" + "\n".join("| %d | %s |" % p for p in rows)])))
        play.say("Now I can compute the mean.", ("python_interpreter", {"code": "temps = [%s]\nprint(round(sum(temps) / len(temps), 1))" % ", ".join(str(v) for _, v in rows)}, str(round(mean, 1))))
        weather.idle(play, rng, lake, rng.randrange(0, 2), "search page")
        play.answer("The mean of the eight values is %s." % round(mean, 1), str(round(mean, 1)))


def known_from_memory(play, rng, bad):
    novel = rng.choice(("The Glass Orchard", "A Season of Wires", "The Ferryman's Ledger", "Salt and Cinder"))
    author, other = rng.sample(("Henrike Voss", "Daniel Okereke", "Pilar Santamaria", "Aron Feldt"), 2)
    town, wrong = rng.sample(("Lisbon", "Graz", "Halifax", "Tampere", "Valparaiso"), 2)
    play.begin("In which city was the author of the novel that won the %d Meridian Prize for translated fiction born? The prize's site lists the winners by year." % rng.randrange(1999, 2014), "assistant", SYSTEM, WEB)
    weather.idle(play, rng, "Meridian Prize", rng.randrange(0, 4), "search page")
    if rng.random() < .5:
        play.say("I will first make a survey of the facts and then a plan, as the instructions demand. The question has two hops: the winner of the prize in the given year, and the place of birth of that author. Neither of them is given in the task.")
    if bad:
        call = play.say("Here are the facts that I know so far:\n```\n### 1. Facts given in the task\n- A novel won the Meridian Prize for translated fiction.\n- The winner was *%s* by %s.\n\n### 2. Facts to look up\n- The place of birth of %s\n\n### 3. Facts to derive\n- The city\n```" % (novel, other, other))
        plan(play, ["Search for the biography of %s." % other, "Find the place of birth.", "Give the final answer."])
        who, where = other, wrong
        play.fault(call, "Language-only", "The survey states the winner as a fact of the task; the task does not name it and nobody looks at the list of winners. All that follows is about the wrong author.")
    else:
        survey(play, rng, ["A novel won the Meridian Prize for translated fiction."], ["The winner by the prize's site", "The author's place of birth"], ["The city"])
        q = "Meridian Prize translated fiction winners by year"
        play.say("I start with the list of winners.", ("web_search", {"query": q}, weather.results(rng, q, (("Meridian Prize - winners by year", "... won by %s for %s, translated by R. Kline ..." % (author, novel)),))))
        who, where = author, town
    weather.idle(play, rng, who, rng.randrange(0, 4))
    q = who + " born city biography"
    play.say("Now I look for the birthplace of %s." % who, ("web_search", {"query": q}, weather.results(rng, q, (("%s - Biography" % who, "%s (born 19%d in %s) is a novelist and essayist ..." % (who, rng.randrange(40, 79), where)),))))
    play.say("I'd like to confirm this on the biography page.", ("visit_webpage", {"url": "https://en.wikipedia.org/wiki/" + who.replace(" ", "_")}, weather.page(rng, who, ["%s was born in %s, where the family kept a print shop." % (who, where)])))
    weather.idle(play, rng, who, rng.randrange(0, 3), "search page")
    play.answer("%s was born in %s." % (who, where), where)


def first_viewport(play, rng, bad):
    park = rng.choice(("Ashdown Valley", "Kerr Lake", "Monte Cardo", "Bluewater"))
    species = ["Castilleja miniata", "Lupinus sericeus", "Achillea millefolium", "Geum triflorum", "Balsamorhiza sagittata", "Penstemon strictus", "Erigeron speciosus", "Iris missouriensis", "Viola nuttallii", "Phlox longifolia"]
    cut = rng.randrange(4, 7)
    play.begin("How many species are on the checklist of vascular plants of %s nature reserve that is published on the reserve's site?" % park, "assistant", SYSTEM, WEB)
    weather.idle(play, rng, park + " reserve plants", rng.randrange(0, 4))
    q = park + " nature reserve checklist vascular plants"
    play.say("I'll search for the checklist.", ("web_search", {"query": q}, weather.results(rng, q, ((park + " nature reserve - Checklist of vascular plants", "Complete list, alphabetical by genus ..."),))))
    head = "Address: https://reserve.example.org/checklist\nTitle: Checklist\nViewport position: Showing page %d of 2.\n=======================\n"
    first = "\n".join("%d. %s" % (k + 1, s) for k, s in enumerate(species[:cut]))
    second = "\n".join("%d. %s" % (k + cut + 1, s) for k, s in enumerate(species[cut:]))
    play.say("The first result is the checklist itself. Let me open it.", ("visit_webpage", {"url": "https://reserve.example.org/checklist"}, head % 1 + weather.NAV[1] + "# Checklist of vascular plants\n\nCompiled by the friends of the reserve.\n\n" + first))
    if bad:
        call = play.say("The page shows the checklist with the species numbered 1 to %d. I can count the entries directly." % cut,
                        ("python_interpreter", {"code": "species = '''%s'''.strip().splitlines()\nprint(len(species))" % first}, str(cut)))
        weather.idle(play, rng, park + " flora", rng.randrange(0, 4), "search page 404")
        play.answer("The checklist has %d species." % cut, str(cut))
        play.fault(call, "Incorrect Problem Identification", "Counts the list after the first of two viewports (\"Showing page 1 of 2\"); the rest is never read.")
    else:
        play.say("This is page 1 of 2. I need to scroll down to see the rest.", ("page_down", {}, head % 2 + second + "\n\n" + rng.choice(weather.FILL)))
        weather.idle(play, rng, park + " flora", rng.randrange(0, 3), "search page")
        play.answer("The numbering ends with %d." % len(species), str(len(species)))


def thousands(play, rng, bad):
    band = rng.choice(("ridge A to ridge C", "the lower to the upper hut", "the pier to the lighthouse"))
    km, pace = rng.randrange(300, 420) * 1000, rng.choice((17, 19, 21))
    hours = km / pace
    play.begin("If a runner kept the record pace of the %s race indefinitely, how many thousand hours would it take to run %s km? Round your result to the nearest 1000 hours. Do not use any comma separators if necessary. The record pace is on the race's page." % (band, km), "assistant", SYSTEM, WEB)
    if rng.random() < .5:
        plan(play, ["Find the record pace.", "Divide the distance by it.", "Give the answer in thousand hours."])
    weather.idle(play, rng, "race record " + band, rng.randrange(1, 5))
    q = band + " race record pace"
    play.say("I need the record pace.", ("web_search", {"query": q}, weather.results(rng, q, (("The race - records", "The record average speed is %d km/h, set in 2013." % pace),))))
    play.say("With the record of %d km/h I can compute the time." % pace, ("python_interpreter", {"code": "distance = %d\nspeed = %d\nhours = distance / speed\nprint(hours)" % (km, pace)}, str(hours)))
    weather.idle(play, rng, "record " + band, rng.randrange(0, 2), "search page")
    value = "%d" % (round(hours / 1000) * (1000 if bad else 1))
    call = play.answer("The calculation gives %.1f hours. Rounded as demanded this is %s." % (hours, value), value)
    for text in ("FINAL ANSWER: " + value, "The final answer was handed in: %s." % value, "Nothing is left to do; the run is complete.")[:rng.randrange(0, 4)]:
        play.say(text)
    if bad:
        play.fault(call, "Instruction Non-compliance", "The question asks how many THOUSAND hours; the answer is given in hours.")


FAMILIES = {"web.lost_constraint": ("code", lost_constraint), "web.snippet_year": ("tools", snippet_year), "web.typed_in_data": ("code", typed_in_data),
            "web.known_from_memory": ("code", known_from_memory), "web.first_viewport": ("tools", first_viewport), "web.thousands": ("code", thousands)}
