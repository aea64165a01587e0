"""A lead who sends a searcher behind a tool through old newspapers and registers, and writes a dossier."""
from dialects import AiSdk, GenAi, OpenInference
from text import CITIES, code, html, people, say
from trace import schema

FAULTS = ["bad_first", "error_page", "namesake", "snippet", "one_answer", "withdrawn", "made_up", "year_slip"]
LEAD = "{You compile dossiers about people in local history.|Local history desk.} Send the searcher out with search_agent, keep facts with add_fact (fact and source), finish with deliver. {Each question of the client gets an answer or 'not found'.|Leave no question out.}"
SEARCH = "{Searcher|You search archives}: use the tools, open what you find, and answer all questions of the task with the address of the page. A snippet alone is no source."
T_LEAD = [schema("search_agent", "A searcher with access to archives.", task="questions"), schema("add_fact", "Keeps a fact.", fact="sentence", source="address"), schema("deliver", "Hands in the dossier.", text="text")]
T_S = [schema("archive_search", "Archives by words.", words="words", year="year or empty"), schema("fetch", "A page.", address="address")]


def archivist(rng, fault):
    t = rng.choice([OpenInference, GenAi, AiSdk])(rng, "dossier")
    a = t.agent(rng.choice(["editor", "dossier_lead"]), say(rng, LEAD), T_LEAD)
    subjects = people(rng, rng.randint(2, 4))
    job = rng.choice(["mayor", "brewer", "architect", "shipowner", "printer"])
    t.user(a, say(rng, "{Please find out|We need to know} for {each of|} $p: in which year did they become $j, and in which town?", p=", ".join(subjects), j=job))
    bad = rng.randrange(len(subjects)) if fault else -1
    if fault == "one_answer":
        return one_answer(rng, t, a, subjects, job)
    facts = []
    for i, who in enumerate(subjects):
        facts.append(person(rng, t, a, who, job, fault if i == bad else None))
    return hand_in(rng, t, a, facts)


def hand_in(rng, t, a, facts):
    s = t.llm(a, say(rng, "{Handing in.|The dossier is complete.|}"), [("deliver", {"text": " ".join(facts)})])
    t.ret(s, 0, "delivered")
    t.llm(a, " ".join(facts))
    t.finish(a, " ".join(facts))
    return t


def page(rng, who, job, year, town):
    first, last = who.split(" ")
    return html(who, "<h1>%s, %s</h1><p>%s %s %s of %s in %d%s.</p><p>%s</p>" % (
        last, first, first, rng.choice(["became", "was elected", "took office as"]), job, town, year, rng.choice([" after a long quarrel", "", ", as the first of the family"]),
        rng.choice(["The house burned down later.", "Letters are kept in the town archive.", "He or she had four children.", "A street bears the name."])), "Search Collections About")


def one_answer(rng, t, a, subjects, job):
    task = "Year and town in which each became %s: %s" % (job, ", ".join(subjects))
    s = t.llm(a, say(rng, "{All in one task.|I send the searcher out.}"), [("search_agent", {"task": task})])
    b = t.sub(s, 0, "searcher", say(rng, SEARCH), T_S, task)
    who, town, year = rng.choice(subjects), rng.choice(CITIES), rng.randint(1850, 1960)
    url = "https://archive.example/%s" % code(rng, "????")
    t.do(b, "", "archive_search", {"words": "%s %s" % (who, job), "year": ""}, {"hits": [{"title": who, "address": url}]})
    t.do(b, "", "fetch", {"address": url}, page(rng, who, job, year, town))
    answer = say(rng, "$w became $j of $t in $y ($u).", w=who, j=job, t=town, y=year, u=url)
    last = t.llm(b, answer)
    t.leave(b, answer)
    t.root(last, "incomplete_answer", "answers for one of %d people" % len(subjects))
    t.do(a, say(rng, "{Good.|Noted.}"), "add_fact", {"fact": answer, "source": url}, "ok")
    return hand_in(rng, t, a, [answer])


def person(rng, t, a, who, job, fault):
    town, year = rng.choice(CITIES), rng.randint(1850, 1960)
    task = say(rng, "{When and where did $w become $j?|Year and town: $w as $j.}", w=who, j=job)
    s = t.llm(a, say(rng, "{Next: $w.||Now $w.}", w=who), [("search_agent", {"task": task})])
    b = t.sub(s, 0, "searcher", say(rng, SEARCH), T_S, task)
    url = "https://archive.example/%s" % code(rng, "?????")
    answer = search(rng, t, b, who, job, town, year, url, fault)
    s2 = t.llm(b, answer)
    blame = {"error_page": ("misread_result", "takes an error page for an empty register"), "snippet": ("no_verification", "answers from a snippet, the page was never opened"),
             "withdrawn": ("stale_value", "gives the year that the note on the page withdraws"), "made_up": ("invented_fact", "no page gave this year")}.get(fault)
    if blame:
        t.root(s2, *blame)
    t.leave(b, answer)
    fact = answer
    if fault == "year_slip":
        fact = answer.replace(str(year), str(year)[:2] + str(year)[3] + str(year)[2] if year % 100 // 10 != year % 10 else str(year + 10))
    s = t.llm(a, say(rng, "{Keeping that.||Noted.}"), [("add_fact", {"fact": fact, "source": url})])
    t.ret(s, 0, "ok")
    if fault == "year_slip":
        t.root(s, "wrong_value", "writes another year than the searcher gave")
    return fact


def search(rng, t, b, who, job, town, year, url, fault):
    good = say(rng, "$w became $j of $t in $y ($u).", w=who, j=job, t=town, y=year, u=url)
    none = say(rng, "{Nothing found|Not found} for $w in the archives.", w=who)
    first, last = who.split(" ")
    if rng.random() < .3:
        t.do(b, "", "archive_search", {"words": last, "year": ""}, "", "TimeoutError: archive index did not answer in 20 s")
    if fault == "bad_first":
        wrong = rng.choice(["sailor", "teacher", "singer"])
        s = t.llm(b, say(rng, "{Searching.||A first look.}"), [("archive_search", {"words": "%s %s" % (last, wrong), "year": ""})])
        t.ret(s, 0, {"hits": []})
        t.root(s, "bad_query", "searches for a %s, the question is about a %s" % (wrong, job))
        for _ in range(rng.randint(2, 6)):
            t.do(b, say(rng, "{Again with a year.|Other words.||Perhaps spelled otherwise.}"), "archive_search", {"words": "%s %s %s" % (last, wrong, rng.choice(["born", "letter", "guild", "register", ""])), "year": str(rng.randint(1850, 1960))},
                 {"hits": [] if rng.random() < .7 else [{"title": "Crew lists", "address": "https://archive.example/crew"}]})
        return none
    rows = [{"title": who, "address": url, "snippet": "… %s, %s …" % (last, job)}]
    if fault == "namesake" or rng.random() < .3:
        rows.append({"title": "%s (the younger, physician)" % who, "address": url + "-2", "snippet": "… physician in %s …" % rng.choice(CITIES)})
        rng.shuffle(rows)
    if fault == "snippet":
        next(r for r in rows if r["title"] == who)["snippet"] = "… %s … %s … %d …" % (last, job, year - 3)
    t.do(b, say(rng, "{Searching the archive.||}"), "archive_search", {"words": "%s %s" % (who, job), "year": ""}, {"hits": rows})
    if fault == "snippet":
        return good.replace(str(year), str(year - 3))
    if fault == "made_up":
        t.do(b, "", "fetch", {"address": "https://archive.example/index"}, html("Index", "<ul><li>A–F</li><li>G–M</li></ul>"))
        return good.replace(str(year), str(year - 7))
    if fault == "error_page":
        t.do(b, "", "fetch", {"address": url}, html("Register", "<div class=\"box\"><p>Our database is being restored. Records cannot be shown at the moment.</p></div>"))
        return say(rng, "The register {has|holds} no entry for $w.", w=who)
    if fault == "namesake":
        s = t.llm(b, say(rng, "{Opening it.||}"), [("fetch", {"address": url + "-2"})])
        t.ret(s, 0, page(rng, who, "physician", year + 31, rng.choice(CITIES)))
        t.root(s, "wrong_record", "opens the page of the younger namesake, a physician")
        return good.replace(str(year), str(year + 31))
    p = page(rng, who, job, year, town)
    if fault == "withdrawn":
        p = p.replace("</main>", "<p><small>Note of the archive: the year was misread in the register; it is %d.</small></p></main>" % (year + 4))
    t.do(b, say(rng, "{Opening.||}"), "fetch", {"address": url}, p)
    return good
