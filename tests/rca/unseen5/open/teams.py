"""Several agents: a coordinator with specialists that see its brief only, and chats in which all read all."""
import content as c
import places
from stage import spin


def limit_left_out(p, t, bad):
    """The brief to a specialist leaves out what the user insisted on."""
    town, guests = c.town(t), t.randrange(8, 60)
    limit = t.randrange(20, 60) * 10
    need = t.choice(("wheelchair access", "a vegan menu", "free cancellation", "a quiet room"))
    task = "Find me a venue in %s for %d guests on %s. It must cost at most %d EUR and have %s. %s" % (town, guests, c.date(t), limit, need, t.choice(("Book nothing yet; name one.", "One name is enough.", "Tell me which one and its price.")))
    places.lead(p, task, "venues in " + town, {"scout": "finds venues", "writer": "writes texts", "mapper": "routes and maps"})
    p.idle(0, 3)
    venues = [(c.company(t), limit - t.randrange(10, 150), True), (c.company(t) + " Hall", limit - t.randrange(160, 180), False), (c.company(t) + " House", limit + t.randrange(50, 300), True)]
    text = "Find venues in %s for %d guests, at most %d EUR%s. Report the %s one with its price." % (town, guests, limit, "" if bad else ", with %s (required)" % need, "cheapest" if bad else "cheapest fitting")
    brief = p.enter(spin(p.rng, "{I brief the scout|The scout should look}."), "scout", "You find venues. Report one and its price.", text, places.RESEARCH[:3])
    if bad:
        p.cause(brief, "Context Lost in Hand-off", "the brief does not say that %s is required" % need)
    q = "venues %s %d guests" % (town, guests)
    p.do("{Searching|Let me see what there is}.", ("web_search", {"query": q}, c.hits(p.rng, q, [(n, "https://guide.example.net/%d" % k, "From %d EUR for %d guests. %s" % (e, guests, "Offers %s." % need if ok else "No %s." % need)) for k, (n, e, ok) in enumerate(venues)])))
    p.idle(0, 3)
    best = min((v for v in venues if bad or v[2]), key=lambda v: v[1])
    p.leave("%s, %d EUR for %d guests." % (best[0], best[1], guests))
    p.idle(0, 2)
    if p.rng.random() < .7:
        p.enter(spin(p.rng, "{Now the way there|The mapper adds the route}."), "mapper", "You know maps.", "How does one get from the station of %s to %s?" % (town, best[0]), places.RESEARCH[:2])
        p.do("{Looking up|Routes}.", ("web_search", {"query": "station %s to %s" % (town, best[0])}, c.hits(p.rng, "%s route" % town)))
        p.idle(0, 2)
        p.leave("%d minutes on foot, bus %d every %d minutes." % (p.rng.randrange(4, 30), p.rng.randrange(2, 70), p.rng.randrange(5, 30)))
    p.end("{I recommend|My choice is}: ", "%s at %d EUR" % (best[0], best[1]))
    p.after()
    fitting = min((v for v in venues if v[2] and v[1] <= limit), key=lambda v: v[1])
    return lambda run: run.final == "%s at %d EUR" % fitting[:2]


def check_overruled(p, t, bad):
    """A specialist finds that a figure is wrong; the coordinator goes on with it."""
    firm, year = c.company(t), t.randrange(2018, 2025)
    wrong, right = t.randrange(200, 480), t.randrange(500, 900)
    task = "Write one sentence on %s: its revenue in %d in million EUR. The figure has to be audited by the checker before it goes out." % (firm, year)
    places.lead(p, task, firm, {"finder": "finds figures", "checker": "checks a figure against the filing", "writer": "writes sentences"})
    p.idle(0, 2)
    p.enter(spin(p.rng, "{First the figure|The finder first}."), "finder", "You find figures.", "Revenue of %s in %d, in million EUR, with the source." % (firm, year), places.RESEARCH[:2])
    p.do("{Searching|A first search}.", ("web_search", {"query": "%s revenue %d" % (firm, year)}, c.hits(p.rng, firm, [("%s in numbers" % firm, "https://news.example.com/%d" % wrong, "Revenue of %d was expected at %d million EUR by analysts." % (year, wrong))])))
    p.idle(0, 2)
    p.leave("%d million EUR (press)." % wrong)
    p.enter(spin(p.rng, "{Now the check|The checker verifies}."), "checker", "You check figures against filings.", "Is it true that the revenue of %s in %d was %d million EUR? Use the filing." % (firm, year, wrong), places.RESEARCH[:2])
    url = "https://data.example.gov/filings/%s-%d" % (firm.split()[0].lower(), year)
    p.do("{The filing|Open the filing}.", ("open_page", {"url": url}, c.page(p.rng, "%s annual report %d" % (firm, year), url, ["Revenue for the year amounted to %d million EUR" % right], p.rng.randrange(1500, 3800))))
    p.idle(0, 2)
    p.leave("Not confirmed. The filing has %d million EUR; %d was a forecast of analysts." % (right, wrong))
    p.idle(0, 3)
    used = wrong if bad else right
    text = "Write one sentence: %s had a revenue of %d million EUR in %d." % (firm, used, year)
    brief = p.enter(spin(p.rng, "{Both have reported; the writer can write|Good, we have the figure and the check}."), "writer", "You write one sentence from what you are given.", text)
    if bad:
        p.cause(brief, "Ignored Other Agent's Input", "goes on with %d after the checker said %d" % (wrong, right))
    sentence = "In %d, %s %s a revenue of %d million EUR." % (year, firm, p.rng.choice(("reported", "had", "achieved")), used)
    p.leave(sentence)
    p.idle(0, 4)
    p.end("{Here it is|The sentence}: ", sentence)
    p.after()
    return lambda run: "%d million" % right in run.final


def guessed_not_asked(p, t, bad):
    """A member lacks a fact that the user can give; it assumes one instead of asking the one who speaks for the user."""
    who, rate = c.person(t), t.randrange(11, 29)
    days, hours = t.randrange(3, 20), t.choice((6, 7, 9, 10))
    team = {"Host": "You speak for the client and answer questions about the order.", "Planner": "You make plans.", "Cost_Analyst": "You compute costs. Ask Host for what is not stated; never assume.", "Editor": "You write the final text."}
    places.crew(p, "Prepare an offer for %s: %d days of work at %d EUR an hour. (The client keeps to own working hours.) One final figure." % (who, days, rate), "Host", team, "the offer for " + who)
    p.idle(0, 3)
    p.do("{The steps|Plan}: 1. hours a day, 2. total, 3. text. {Cost_Analyst, please compute|Cost_Analyst takes 1 and 2}.", by="Planner")
    p.idle(0, 3)
    if bad:
        h = 8
        said = p.do("{I take a working day of 8 hours|With the usual 8 hours a day}: %d x 8 x %d = %d EUR." % (days, rate, days * 8 * rate), by="Cost_Analyst")
        p.cause(said, "Fail to Ask for Clarification", "assumes 8 hours a day, the client has %d" % hours, "Cost_Analyst")
    else:
        h = hours
        p.do("{Host, how many hours has a day of the client|One question to Host: hours a day}?", by="Cost_Analyst")
        p.do("{The client works|It is} %d hours a day." % hours, by="Host")
        p.do("%d x %d x %d = %d EUR." % (days, hours, rate, days * hours * rate), by="Cost_Analyst")
    p.idle(0, 4)
    p.do("{Draft|Text}: we offer %d days for %s EUR in total." % (days, c.thousands(days * h * rate)), by="Editor")
    p.idle(0, 3)
    last = "OFFER: %d EUR. TERMINATE" % (days * h * rate)
    p.do(last, by="Editor")
    p.final = last
    return lambda run: "OFFER: %d EUR" % (days * hours * rate) in run.final


def waved_through(p, t, bad):
    """The reviewer says yes without running what was asked to be run; the code has a fault that one run shows."""
    word = t.choice("aeiou") + "".join(t.choice("abcdeikoru") for _ in range(t.randrange(8, 20)))
    want = sum(ch in "aeiou" for ch in word)
    team = {"Lead": "You lead. You end with TERMINATE.", "Engineer": "You write Python.", "Reviewer": "You review. Every program must be run on the given example and compared before you approve it."}
    places.crew(p, "Write vowels(s), the number of vowels in s. It is used for '%s'; an example: vowels('iguana') is 4. Reviewer must have it run before approval. End with the result for '%s'." % (word, word), "Lead", team, "vowels(s)")
    p.idle(0, 3)
    p.do("{Engineer, please|Go ahead, Engineer}: the function, then Reviewer.", by="Lead")
    body = "    return sum(ch in 'aeiou' for ch in s)" if not bad else "    return len([ch for ch in s[1:] if ch in 'aeo'])"
    wrong = len([ch for ch in word[1:] if ch in "aeo"])
    wrote = p.do("{Here it is|My version}:\n```python\ndef vowels(s):\n%s\n```" % body, by="Engineer")
    p.idle(0, 4)
    if bad:
        yes = p.do("{Looks good to me, clean and short|I read it; it does what was asked}. APPROVED.", by="Reviewer")
        p.cause(yes, "No Verification", "approves without a run", "Reviewer")
        p.also(wrote, "Incorrect Code", "leaves out vowels and the first letter")
    else:
        p.do("{I run the example|Run}:\n```python\nprint(vowels('iguana'))\n```", by="Reviewer")
        p.terminal("4")
        p.do("{As expected|4 it is}. APPROVED.", by="Reviewer")
    p.idle(0, 3)
    got = wrong if bad else want
    p.do("{The value we need|Now the value}:\n```python\nprint(vowels('%s'))\n```" % word, by="Engineer")
    p.terminal(str(got))
    p.idle(0, 3)
    p.final = "RESULT: %d TERMINATE" % got
    p.do(p.final, by="Lead")
    return lambda run: run.final.split()[1] == str(sum(ch in "aeiou" for ch in word))


FAMILIES = {"limit-left-out": ("lead", limit_left_out), "check-overruled": ("lead", check_overruled), "guessed-not-asked": ("crew", guessed_not_asked),
            "waved-through": ("crew", waved_through)}
