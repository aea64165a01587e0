"""A Magentic team (agent-framework): orchestrator with ledgers, web surfer, file surfer, coder."""
import json

import content as c
import shapes_teams
from wire import Message, tool

BOSS = "You coordinate a team to complete a user's request."
WEB = """You browse the web with your tools and report what pages say, word for word where figures matter, with \
the address. You do not know anything that is not on a page."""
FILES = """You read local files with your tools and report their content."""
CODER = """You write Python for the others and give the full output of running it."""
TEAM = {"WebSurfer": (WEB, "browses the web"), "FileSurfer": (FILES, "reads local files"),
        "Coder": (CODER, "writes and runs Python")}
W_TOOLS = [tool("web_search", "Searches.", query=""), tool("visit_url", "Opens a page.", url=""),
           tool("scroll_down", "Next part of the page.")]
F_TOOLS = [tool("open_path", "Opens a file.", path=""), tool("list_dir", "Lists.", path="")]
C_TOOLS = [tool("execute_python", "Runs code.", code="")]

FAULTS = ("satisfied_early", "ledger_fact", "search_loop", "click_loop", "fabricate", "stale", "wrong_agent",
          "final_format", "drop_condition", "captcha", "wrong_row", "stall")


class Team:
    """The orchestrator's conversation and one round of ledger plus speaker."""

    def __init__(self, w, rng, task):
        self.w, self.rng, self.task = w, rng, task
        self.chat = [Message("user", task)]
        self.root = w.workflow("Magentic")

    def boss(self, prompt, text):
        turn = self.w.turn("MagenticManager", BOSS, [], self.chat + [Message("user", prompt)],
                           "magentic_orchestrator")
        call = self.w.llm(turn, text)
        self.w.end(turn, text)
        return call

    def facts(self, text, plan):
        first = self.boss("Before we begin, answer the following survey as well as you can: 1. facts given in the "
                          "request, 2. facts to look up and where, 3. facts to derive, 4. educated guesses.", text)
        self.chat.append(Message("assistant", text))
        second = self.boss("Fantastic. To address this request we have this team:\n%s\nDevise a short bullet-point plan."
                           % "\n".join("%s: %s" % (n, d) for n, (_, d) in TEAM.items()), plan)
        self.chat[-1] = Message("assistant", "We are working on: %s\n\nFacts:\n%s\n\nPlan:\n%s" % (
            self.task, text, plan))
        return first, second

    def ledger(self, who, ask, done=False, loop=False, progress=True, why="not all facts are there yet"):
        text = json.dumps({
            "is_request_satisfied": {"reason": why, "answer": done},
            "is_in_loop": {"reason": "the last steps %s" % ("repeat" if loop else "differ"), "answer": loop},
            "is_progress_being_made": {"reason": "new facts" if progress else "nothing new", "answer": progress},
            "next_speaker": {"reason": "fits the step", "answer": who},
            "instruction_or_question": {"reason": "next step of the plan", "answer": ask}}, indent=2,
            ensure_ascii=False)
        call = self.boss("Recall the request and the team. To make progress answer the following questions, in pure JSON "
                         "of the given schema: is_request_satisfied, is_in_loop, is_progress_being_made, next_speaker, "
                         "instruction_or_question.", text)
        if not done:
            self.chat.append(Message("assistant", ask))
        return call

    def speak(self, who, text, uses=(), ask=None):
        """A turn of a member. @uses: (tool, args, result, error). Returns (call, tool spans)."""
        tools = {"WebSurfer": W_TOOLS, "FileSurfer": F_TOOLS, "Coder": C_TOOLS}[who]
        turn = self.w.turn(who, TEAM[who][0], tools, [
            Message("assistant" if m.name == who else "user", m.text) for m in self.chat[2:]])
        spans = []
        for name, args, result, error in uses:
            call = self.w.llm(turn, "", [(name, args)])
            spans.append(self.w.tool(turn, call.calls[0], result, error=error))
            last = call
        call = self.w.llm(turn, text)
        self.w.end(turn, text)
        self.chat.append(Message("user", text, name=who))
        return call, spans, last if uses else None

    def final(self, text):
        return self.boss("We have completed the task. Based on the conversation, give the final answer to the original "
                         "request, as the user asked for it.", text)


class World:
    def __init__(self, rng):
        self.town = c.town(rng)
        self.kind = rng.choice(["bakeries", "climbing halls", "bicycle shops", "language schools", "cinemas"])
        self.rows = []
        for i in range(rng.randrange(5, 9)):
            self.rows.append({"name": "%s %s" % (rng.choice(c.LAST), self.kind[:-1].title()),
                              "opens": rng.randrange(6, 11), "rating": round(rng.uniform(3.2, 4.9), 1),
                              "distance": rng.randrange(100, 2400), "price": rng.randrange(4, 60)})
        names = set()
        self.rows = [r for r in self.rows if not (r["name"] in names or names.add(r["name"]))]
        self.limit = rng.randrange(700, 1600)
        self.rows[0].update(distance=self.limit - 120, opens=7, rating=4.6)
        self.rows[1].update(distance=self.limit + 300, opens=7, rating=4.8)
        self.rows[2].update(distance=self.limit - 40, opens=10, rating=4.7)
        rng.shuffle(self.rows)

    def ask(self):
        return ("Which of the %s in %s that are at most %d metres from the main station and open before 8 am has the best "
                "rating, and what does the cheapest offer there cost? Give only the name and the price in EUR, separated "
                "by a comma. The distances of all places are in the file stations/%s.csv." % (
                    self.kind, self.town, self.limit, self.town.lower()))

    def best(self, distance=True, hours=True):
        fit = [r for r in self.rows if (not distance or r["distance"] <= self.limit) and (not hours or r["opens"] < 8)]
        return max(fit, key=lambda r: r["rating"])


def magentic(rng, failed):
    world = World(rng)
    w = shapes_teams.AgentFramework(rng, "magentic-one", rng.choice(["gpt-4o", "gpt-4.1", "o4-mini"]))
    faults = c.pick(rng, FAULTS, failed, 1, 4)
    if failed and not faults - {"search_loop", "click_loop", "wrong_agent", "stall", "captcha", "ledger_fact"}:
        faults.add(rng.choice(["final_format", "drop_condition", "wrong_row", "fabricate", "satisfied_early"]))
    team = Team(w, rng, world.ask())
    facts = ("1. GIVEN: %s\n2. TO LOOK UP: list of %s, hours, ratings, prices\n3. TO DERIVE: the best that fits\n4. "
             "GUESSES: none" % (world.ask(), world.kind))
    plan = "- FileSurfer: distances\n- WebSurfer: list with hours and ratings\n- WebSurfer: prices\n- answer"
    if "ledger_fact" in faults:
        facts = facts.replace("none", "%s is the best known one in %s, so it is the answer if nothing else turns up"
                              % (world.best(False, False)["name"], world.town))
    if "drop_condition" in faults:
        plan = plan.replace("with hours and ratings", "with ratings")
    first, second = team.facts(facts, plan)
    if "drop_condition" in faults:
        w.blame(second, "forgot_instruction", "the plan has no step for the opening hours, which the request names")
    if "ledger_fact" in faults:
        w.blame(first, "hallucinated_fact", "puts down an answer from no source")
    if "wrong_agent" in faults:
        call = team.ledger("Coder", "Open stations/%s.csv from the web site of the railway." % world.town.lower())
        w.blame(call, "wrong_handoff", "gives a file look-up to the coder, with a web site nobody has named")
        team.speak("Coder", "I can't browse; the file is not in my sandbox: FileNotFoundError.", [(
            "execute_python", {"code": "print(open('stations/%s.csv').read())" % world.town.lower()},
            "FileNotFoundError: [Errno 2] No such file or directory", None)])
    team.ledger("FileSurfer", "Open stations/%s.csv and report the distances." % world.town.lower())
    table = c.csv(["name", "metres"], [[r["name"], r["distance"]] for r in world.rows])
    team.speak("FileSurfer", "Distances:\n" + table, [
        ("list_dir", {"path": "stations"}, "\n".join(t.lower() + ".csv" for t in c.towns(rng, 6) + [world.town]), None),
        ("open_path", {"path": "stations/%s.csv" % world.town.lower()}, table, None)])
    query = "%s %s opening hours rating" % (world.town, world.kind)
    url = c.url_of("%s - %s" % (world.town, world.kind), rng.choice(c.HOSTS))
    if "search_loop" in faults:
        n = rng.randrange(3, 6)
        for i in range(n):
            team.ledger("WebSurfer", "Search the web for '%s'." % query, progress=i == 0)
            call, _, last = team.speak("WebSurfer", "I found a list of results for '%s'." % query, [
                ("web_search", {"query": query}, c.hits(rng, query, [(world.town + " - " + world.kind, url, c.sentence(
                    rng, world.kind))]), None)])
        w.blame(last, "resource_abuse", "searches the same words %d times and opens no result" % n)
    rows = c.table(["Name", "Opens", "Rating"], [[r["name"], "%d:00" % r["opens"], r["rating"]] for r in world.rows])
    year = 2019 if "stale" in faults else 2026
    shown = "%s in %s (as of %d)\n\n%s\n\n%s\n\n%s" % (world.kind.title(), world.town, year, c.paragraph(rng, world.kind, 9),
                                                     rows, c.paragraph(rng, world.town, 8))
    ask = "Find the list of %s in %s with opening hours and ratings." % (world.kind, world.town)
    if "drop_condition" in faults:
        ask = "Find the list of %s in %s with ratings." % (world.kind, world.town)
    team.ledger("WebSurfer", ask)
    if "captcha" in faults:
        mirror = c.url_of("%s - %s mirror" % (world.town, world.kind), rng.choice(c.HOSTS))
        err = "403 Forbidden: please solve the captcha to go on"
        _, spans, _ = team.speak("WebSurfer", "The page %s wants a captcha. I looked at another list instead:\n%s" % (
            url, rows), [("web_search", {"query": query}, c.hits(rng, query, [
            (world.town + " - " + world.kind, url, ""), (world.kind + " mirror", mirror, "")]), None),
                         ("visit_url", {"url": url}, "Error: " + err, err),
                         ("visit_url", {"url": url.replace("https", "http")}, "Error: " + err, err),
                         ("visit_url", {"url": mirror}, shown, None)])
        if len(faults) > 1:
            w.blame(spans[1], "auth_error", "the page is behind a captcha the agent cannot pass")
        else:
            faults.add("wrong_row")
            w.blame(spans[1], "auth_error", "the page is behind a captcha the agent cannot pass")
    else:
        reported = rows
        uses = [("web_search", {"query": query}, c.hits(rng, query, [(world.town + " - " + world.kind, url, "")]), None),
                ("visit_url", {"url": url}, shown, None)]
        if rng.random() < 0.25:
            uses.insert(1, ("visit_url", {"url": url}, "Error: timeout after 30 s", "timeout after 30 s"))
        for _ in range(rng.randrange(0, 4)):
            uses.append(("scroll_down", {}, c.paragraph(rng, world.kind, 14), None))
        if "click_loop" in faults:
            for _ in range(rng.randrange(6, 12)):
                uses.append(("scroll_down", {}, "You are at the end of the page. Nothing more to show.", None))
        call, _, last = team.speak("WebSurfer", "The list at %s%s:\n%s" % (
            url, " (as of 2019)" if "stale" in faults else "", reported), uses)
        if "click_loop" in faults:
            w.blame(last, "resource_abuse", "scrolls on and on at the end of the page")
        if "stale" in faults:
            w.blame(call, "stale_data", "takes hours and ratings from a list of 2019 and looks for no newer one")
    best = world.best(hours="drop_condition" not in faults)
    if "satisfied_early" in faults:
        call = team.ledger("WebSurfer", "", done=True, why="the list holds all that is asked for")
        w.blame(call, "premature_stop", "calls the request satisfied although no price has been looked up")
        price = rng.randrange(4, 60)
        call = team.final("%s, %d" % (best["name"], price))
        w.blame(call, "hallucinated_fact", "the price was never looked up")
        w.close(team.root)
        return w
    if "wrong_row" in faults:
        best = max((r for r in world.rows if r is not best), key=lambda r: r["rating"])
    if "stall" in faults:
        for i in range(3):
            call = team.ledger("Coder", "Think about whether the list is complete.", loop=i > 0, progress=False)
            team.speak("Coder", "I can't tell from here; the list looks complete.")
        w.blame(call, "resource_abuse", "asks the coder three times for an opinion although the ledger says that it is "
                "in a loop")
    call = team.ledger("WebSurfer", "%s is the best that fits. Find its cheapest offer." % best["name"])
    if "wrong_row" in faults:
        w.blame(call, "misread_result", "%s does not meet the conditions on distance and hours with the best rating; %s does"
                % (best["name"], world.best()["name"]))
    site = c.url_of(best["name"] + " - offers", rng.choice(c.HOSTS))
    look = ("web_search", {"query": best["name"] + " offers"}, c.hits(rng, best["name"] + " offers", [(
        best["name"] + " - offers", site, "")]), None)
    offers = sorted({best["price"], best["price"] + 7, best["price"] + 19, best["price"] + 3})
    if "fabricate" in faults:
        _, _, _ = team.speak("WebSurfer", "The site of %s has no price list that I can see, only opening hours." % best["name"],
                             [look, ("visit_url", {"url": site}, c.page(
                                 rng, best["name"], site, [], 2500), None)])
        team.ledger("WebSurfer", "Look once more for the cheapest offer.")
        price = best["price"] + 11
        call, _, _ = team.speak("WebSurfer", "According to %s the cheapest offer is EUR %d." % (site, price), [
            ("scroll_down", {}, c.paragraph(rng, best["name"], 10), None)])
        w.blame(call, "hallucinated_source", "quotes a price from a page that holds none")
    else:
        price = best["price"]
        team.speak("WebSurfer", "Offers at %s: %s." % (site, ", ".join("EUR %d" % o for o in offers)), [
            look, ("visit_url", {"url": site}, c.page(rng, best["name"], site, [
                "Offers: %s." % ", ".join("from EUR %d" % o for o in offers)], 2500), None)])
    team.ledger("WebSurfer", "", done=True, why="name and price are known")
    text = "%s, %d" % (best["name"], price)
    if "final_format" in faults:
        text = ("After looking at the distances and the ratings, the best choice is **%s**, rated %.1f. Its cheapest offer "
                "costs about %d EUR per person." % (best["name"], best["rating"], price))
    call = team.final(text)
    if "final_format" in faults:
        w.blame(call, "format_error", "the request wants only the name and the price, separated by a comma")
    w.close(team.root)
    return w
