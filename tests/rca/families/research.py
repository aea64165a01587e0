"""Deep research with smolagents: a CodeAgent that manages a web-searching ToolCallingAgent."""
import content as c
from smol import Smol
from wire import tool

SYSTEM = """You solve tasks by writing Python in steps of Thought, Code and Observation. In each step \
first reason in 'Thought:', then give code between <code> and </code>; what the code prints becomes the \
Observation of the next step. At the end call final_answer(...).

You may call these functions from code:
```python
def visualizer(image_path: string, question: string) -> string:
    \"\"\"Answers questions about an attached image.\"\"\"
def inspect_file_as_text(file_path: string, question: string) -> string:
    \"\"\"Reads .xlsx, .pdf, .docx, .csv, .mp3 as text. It does not handle images or web addresses.\"\"\"
def final_answer(answer: any) -> any:
    \"\"\"Provides the final answer to the problem.\"\"\"
```
You can also give tasks to team members, by calling them like a function with one argument 'task', a \
long string that holds all they need to know:
```python
def search_agent(task: string) -> string:
    \"\"\"A team member who searches the web. Ask for all your browsing, in whole sentences.\"\"\"
```
Rules:
1. Always give a 'Thought:' and a code block that ends with </code>, else the step fails.
2. Use only variables that you have defined. Pass arguments by name, never as a dict.
3. Do not chain calls in one block when the form of the first result is not known; print it first.
4. Call a tool only when needed, and never twice with the same arguments.
5. Do not name a variable like a tool. Do not make up values: look them up.
6. You may import from: ['collections', 'datetime', 'itertools', 'math', 'queue', 'random', 're', \
'stat', 'statistics', 'time', 'unicodedata']. State persists between steps.
7. Do not give up. You are in charge of solving the task, not of describing how to solve it.

Now begin. Solving the task correctly is worth a great deal to the person who asked."""

SEARCH_SYSTEM = """You solve tasks by tool calls. After each call you get an observation. Repeat until the \
task is done, then call final_answer with a thorough report. Only call tools that exist, with the \
arguments that they take, and never repeat a call that you already made with the same arguments.

Available: web_search(query, filter_year), visit_page(url), page_down(), page_up(), \
find_on_page_ctrl_f(search_string), find_archived_url(url, date), inspect_file_as_text(file_path, \
question), final_answer(answer).
If a page cannot be opened, look for another source that says the same thing. When a fact could not be \
confirmed, say so in your report rather than guessing; your manager relies on every line of it."""

TASK_FORM = """You have one question to answer. It is paramount that you provide a correct answer. Give \
it all you can: you have access to all the relevant tools to find the correct answer (the answer does \
exist). Failure or 'I cannot answer' will not be tolerated. Run verification steps if needed; you must \
find the correct answer. Here is the task:

%s

%s"""

TOOLS = [tool("web_search", "Searches the web and returns results with snippets.",
              query="what to search for", filter_year="restrict results to a year"),
         tool("visit_page", "Opens a page and returns its text.", url="the address"),
         tool("page_down", "Scrolls the viewport down by one page."),
         tool("find_on_page_ctrl_f", "Scrolls to the first occurrence of a string.",
              search_string="the string to look for"),
         tool("inspect_file_as_text", "Reads a file as text.", file_path="path or url",
              question="what to look for"),
         tool("final_answer", "Gives the final report.", answer="the report")]
CODE_TOOLS = [tool("visualizer", "Answers questions about an image.", image_path="", question=""),
              tool("inspect_file_as_text", "Reads a file.", file_path="", question=""),
              tool("final_answer", "Gives the final answer.", answer="")]


class World:
    """A chain of facts: a building, its architect, the town of birth, two censuses."""

    def __init__(self, rng):
        self.place = rng.choice(["Museum of Weaving", "Concert Hall", "Observatory", "Maritime Library",
                                 "Botanical Pavilion", "Central Market Hall", "Funicular Station"])
        self.town, self.birth, other = c.towns(rng, 3)
        self.other_town = other
        self.who, self.wrong = c.person(rng), c.person(rng)
        self.year = rng.choice([2001, 2011])
        self.late = self.year + 10
        self.early_n = rng.randrange(18000, 240000)
        self.late_n = int(self.early_n * rng.uniform(0.86, 1.19))
        self.opened = rng.randrange(1961, 1999)
        self.length = rng.randrange(84, 310)
        self.area = rng.randrange(4, 90) * 100 + rng.randrange(100)
        self.style = rng.randrange(3)

    def question(self):
        q = "The %s in %s was designed by an architect born in another town. " % (self.place, self.town)
        if self.style == 0:
            return (q + "By how many inhabitants did the population of the architect's birthplace change "
                    "between the censuses of %d and %d? Give the absolute difference as a plain integer "
                    "without thousands separators." % (self.year, self.late),
                    str(abs(self.late_n - self.early_n)))
        if self.style == 1:
            return (q + "What percentage of the %d census population of the architect's birthplace was its "
                    "population in the %d census? Round to one decimal and answer with the number only."
                    % (self.year, self.late), "%.1f" % (100 * self.late_n / self.early_n))
        return (q + "Divide the population of the architect's birthplace in the %d census by the floor area "
                "of the building in square metres. Answer with the quotient rounded to two decimals, number "
                "only." % self.late, "%.2f" % (self.late_n / self.area))

    def architect(self):
        return ("The %s of %s, opened in %d, was designed by %s after a competition with 41 entries; "
                "%s was responsible for the later extension." % (
                    self.place, self.town, self.opened, self.who, self.wrong))

    def born(self):
        return "%s was born in %s and studied there until 1952." % (self.who, self.birth)

    def census(self):
        return ("Population of %s by census: %d: %s; %d: %s; %d: %s (source: statistical office)."
                % (self.birth, self.year - 10, c.thousands(int(self.early_n * 0.94)), self.year,
                   c.thousands(self.early_n), self.late, c.thousands(self.late_n)))

    def floor(self):
        return "The building is %d metres long and has a floor area of %s square metres." % (
            self.length, c.thousands(self.area))


def lookup(w, rng, manager, task, needs, faults, notes):
    """One managed run of search_agent for @needs: [(what, title, fact)]. Returns its report text."""
    sub = w.run("search_agent", SEARCH_SYSTEM, TOOLS, "You're a helpful agent named 'search_agent'.\n"
                "You have been submitted this task by your manager.\n---\nTask:\n%s\n---\nYou're helping "
                "your manager solve a wider task: so give as much information as possible. Your "
                "final_answer has to contain these parts:\n### 1. Task outcome (short version):\n"
                "### 2. Task outcome (extremely detailed version):\n### 3. Additional context\n" % task,
                manager.extra["step"])
    if rng.random() < 0.6:
        w.plan(sub, "1. Facts survey\n1.1 Given: %s\n1.2 To look up: %s\n\n2. Plan\n1. Search the web.\n"
               "2. Open the most official page.\n3. Cross-check and report.\n<end_plan>"
               % (task, ", ".join(n[0] for n in needs)))
    found = []

    def report(text):
        notes["report"] = text
        return w.report(sub, text)

    for what, title, fact in needs:
        url = c.url_of(title, rng.choice(c.HOSTS))
        query = "%s %s" % (title.replace(" - ", " "), what)
        dead = c.url_of(title + " - archive", rng.choice(c.HOSTS))
        w.use(sub, "web_search", {"query": query}, c.hits(rng, query, [(
            title, url, c.sentence(rng, title)), (title + " - archive", dead, "")]))
        if rng.random() < 0.35:   # a dead page, soon made good: no annotator would mark it
            w.use(sub, "visit_page", {"url": dead}, "Address: %s\nTitle: 404 Not Found\n"
                  "=======================\n# Not Found\nThe page you asked for is not here." % dead)
        if "search_loop" in faults and what == notes["loop_at"]:
            last = None
            for i in range(rng.randrange(6, 11)):
                q = query if i % 3 == 0 else '"%s" %s' % (title, what)
                last = w.use(sub, "web_search", {"query": q}, c.hits(rng, q))
            w.blame(last, "resource_abuse", "searches the same words over and over although the page "
                    "it needs was among the first results")
        if "timeout" in faults and what == notes["tool_at"]:
            err = rng.choice(["requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='%s', "
                              "port=443): Read timed out. (read timeout=20)" % url.split("/")[2],
                              "HTTPError: 403 Client Error: Forbidden for url: " + url,
                              "Exception: 429 Too Many Requests: quota of the search account exceeded"])
            first = w.use(sub, "visit_page", {"url": url}, "", err)
            w.use(sub, "visit_page", {"url": url + "?print=1"}, "", err)
            kind = "timeout" if "Timeout" in err else "rate_limit" if "429" in err else "auth_error"
            w.blame(first.calls[0], kind, "the page with the answer could not be fetched: " + err[:70])
            report("### 1. Task outcome (short version):\nThe %s could not be confirmed: the page "
                     "that should state it is not reachable.\n### 2. Task outcome (extremely detailed "
                     "version):\nI searched for '%s' and tried %s twice.\n### 3. Additional context\n"
                     "%s" % (what, query, url, c.echo(rng, sub.messages, 3)))
            return None
        if "fabricate" in faults and what == notes["fabricate_at"]:
            w.use(sub, "visit_page", {"url": url}, c.page(rng, title, url, []))
            w.use(sub, "find_on_page_ctrl_f", {"search_string": what.split()[-1]},
                  "Address: %s\nThe search string '%s' was not found on this page."
                  % (url, what.split()[-1]))
            wrong = notes["wrong_of"][what]
            call = report("### 1. Task outcome (short version):\n%s\n### 2. Task outcome "
                            "(extremely detailed version):\n%s %s\n### 3. Additional context\n%s"
                            % (wrong, rng.choice(["According to the official page at", "Found on", "Source:"]) + " %s:" % url,
                               wrong + rng.choice(["", " This is confirmed by a second source."]),
                               c.echo(rng, sub.messages, 3)))
            w.blame(call, "hallucinated_source", "reports as confirmed by the page what the page does "
                    "not contain")
            return wrong
        if rng.random() < 0.15:   # the connection drops once
            w.use(sub, "visit_page", {"url": url}, "", "ConnectionError: ('Connection aborted.', RemoteDisconnected('Remote end "
                  "closed connection without response'))")
        w.use(sub, "visit_page", {"url": url}, c.page(rng, title, url, [fact] if rng.random() < 0.7
                                                      else [], rng.randrange(2500, 7000)))
        if rng.random() < 0.5:
            w.use(sub, "page_down", {}, c.page(rng, title, url, [fact], 3000))
        else:
            w.use(sub, "find_on_page_ctrl_f", {"search_string": fact.split()[0]},
                  c.page(rng, title, url, [fact], 2500))
        if "misread" in faults and what == notes["misread_at"]:
            wrong = notes["wrong_of"][what]
            call = report("### 1. Task outcome (short version):\n%s\n### 2. Task outcome (extremely "
                            "detailed version):\nThe page '%s' says: %s\n### 3. Additional context\nNone."
                            % (wrong, title, wrong))
            w.blame(call, "misread_result", "reports '%s' where the page says '%s'"
                    % (wrong[:60], fact[:80]))
            return wrong
        found.append(fact)
    text = " ".join(found)
    report("### 1. Task outcome (short version):\n%s\n### 2. Task outcome (extremely detailed "
             "version):\nThe facts were taken from %d pages and agree. %s\n### 3. Additional context\n%s"
             % (text, len(needs), text, c.echo(rng, sub.messages, 4)))
    return text


def value_of(world, early, late):
    area = world.area
    return (str(abs(late - early)), "%.1f" % (100 * late / early), "%.2f" % (late / area))[world.style]


def conclude(w, rng, manager, world, figures, faults, lost):
    """The last computation; returns the answer."""
    early, late = figures
    code = "a = %d\nb = %d\n" % (early, late) + ("print(abs(b - a))", "print('%.1f' % (b / a * 100))",
                                                "print('%%.2f' %% (b / %d))" % world.area)[world.style]
    if lost is not None:
        guess = int(late * rng.uniform(0.8, 1.3))
        answer = value_of(world, early, guess)
        thought = rng.choice([
            "The search did not give the figures. From my general knowledge the town had about {a} inhabitants in {y} "
            "and {b} in {z}, so I will use these.",
            "The figures are {a} ({y}) and {b} ({z}). Now the computation.",
            "Such towns usually publish {a} for {y} and {b} for {z}; I compute with that.",
            "With {a} in {y} and {b} in {z} the result is a matter of one line."])
        call = w.code(manager, thought.format(a=c.thousands(early), y=world.year, b=c.thousands(guess), z=world.late),
                      code.replace(str(late), str(guess)), answer)
        w.blame(call, "answer_from_memory", "uses figures from memory after the look-up failed")
        return answer
    if "drift" in faults:
        answer = str(world.early_n * 2)
        w.code(manager, "The report gives %s visitors." % c.thousands(int(answer)),
               "visitors = %s\nprint(visitors)" % answer, answer)
        return answer
    right = value_of(world, early, late)
    if "slip" in faults:
        digits = str(int(right.replace(".", "")) + rng.choice([10, 100, 90, 27]))
        places = (0, 1, 2)[world.style]
        answer = digits if not places else digits[:-places] + "." + digits[-places:]
        thought = rng.choice(["The figures are {a} ({y}) and {b} ({z}). This gives {r}.",
                              "{a} in {y}, {b} in {z}: that makes {r}, no code is needed for the arithmetic.",
                              "I have both censuses, {a} and {b}, and set the result."])
        call = w.code(manager, thought.format(a=c.thousands(early), y=world.year, b=c.thousands(late), z=world.late,
                                              r=answer),
                      "result = %r\nprint(result)" % answer, answer)
        w.blame(call, "arithmetic_slip", "%s is not what the two figures give (%s)" % (answer, right))
        return answer
    w.code(manager, "Now I can compute the requested number.", code, right)
    return right


FAULTS = ("search_loop", "timeout", "fabricate", "misread", "plan_facts", "bad_import", "bad_kwargs",
          "memory", "format", "slip", "drift", "no_check")


def research(rng, failed):
    world = World(rng)
    task, _ = world.question()
    w = Smol(rng, "research-agent", rng.choice(["gpt-4.1", "o3-mini", "claude-sonnet-4"]),
             session="gaia-%d" % rng.randrange(1000))
    if rng.random() < 0.3:
        w.client = "LiteLLMModel.__call__"
    faults = c.pick(rng, FAULTS, failed, 1, 5)
    if failed and not faults & {"fabricate", "misread", "memory", "format", "slip", "drift", "timeout",
                                "plan_facts"}:
        faults.add(rng.choice(["format", "slip", "misread"]))
    census_what = "population in the census"
    who, birth, early, late = world.who, world.birth, world.early_n, world.late_n
    hops = ["architect", "place of birth", census_what] + ["floor area"] * (world.style == 2)

    def hop_of(what):
        """What to look up, as the run believes by now."""
        return {"architect": (what, "%s %s" % (world.place, world.town), world.architect()),
                "place of birth": (what, "%s - architect" % who,
                                   "%s was born in %s and studied there until 1952." % (who, birth)),
                census_what: (what, "%s - town" % birth, world.census().replace(world.birth, birth)),
                "floor area": (what, "%s %s - building data" % (world.place, world.town),
                               world.floor())}[what]

    wrong_of = {
        "architect": "The %s of %s was designed by %s." % (world.place, world.town, world.wrong),
        "place of birth": "%s was born in %s." % (world.who, world.other_town),
        census_what: "Population of %s: %d: %s; %d: %s." % (
            world.birth, world.year, c.thousands(int(world.early_n * 0.94)), world.late,
            c.thousands(world.early_n)),
        "floor area": "The floor area is %s square metres." % c.thousands(world.area + 900)}
    at = rng.choice(hops)
    notes = {"loop_at": rng.choice(hops), "tool_at": census_what, "wrong_of": wrong_of,
             "fabricate_at": at, "misread_at": census_what}
    if "fabricate" in faults and at == census_what:
        faults.discard("misread")
    if "memory" in faults:
        faults.add("timeout")
    manager = w.run("manager", SYSTEM, CODE_TOOLS, TASK_FORM % (task, rng.choice(
        ["", "To solve the task above, no file is attached.", "Here are no attached files."])),
        kind="CodeAgent", managed=["search_agent"])
    facts = "1. Facts given in the task\n- %s\n2. Facts to look up\n" % task
    if "plan_facts" in faults:
        plan = w.plan(manager, facts + "- none for the architect: the %s in %s is a well-known work of %s, "
                      "born in %s.\n- the census figures of %s\n\nPlan\n1. Ask search_agent for the census "
                      "figures of %s.\n2. Compute.\n3. final_answer.\n<end_plan>" % (
                          world.place, world.town, world.wrong, world.other_town, world.other_town,
                          world.other_town))
        w.blame(plan, "hallucinated_fact", "states architect and birthplace from memory, wrongly, and "
                "plans no look-up of them")
        hops = hops[2:]
        who, birth = world.wrong, world.other_town
        faults -= {"misread", "fabricate"}
    else:
        w.plan(manager, facts + "- the architect of the %s\n- the birthplace\n- the census figures\n3. Facts "
               "to derive\n- the requested number\n\nPlan\n1. Ask search_agent for the architect.\n2. Ask for "
               "the birthplace.\n3. Ask for the figures.\n4. Compute and answer.\n<end_plan>" % world.place)
    if "bad_kwargs" in faults:
        call = w.code(manager, "I will ask the search agent for the first fact.",
                      'result = search_agent(query="%s %s architect", max_results=5)\nprint(result)'
                      % (world.place, world.town), error="Code execution failed at line 'result = "
                      "search_agent(query=...' due to: TypeError: MultiStepAgent.__call__() got an "
                      "unexpected keyword argument 'query'")
        w.blame(call, "wrong_argument", "calls the team member with arguments it does not take")
    lost = None
    for i, what in enumerate(hops):
        hop = hop_of(what)
        need = [hop]
        ask = "Please find the %s for: %s. Name your sources." % (hop[0], hop[1].replace(" - ", ", "))
        if "drift" in faults and i == len(hops) - 1:
            drifted = ("number of visitors", "%s %s - visitors" % (world.place, world.town),
                       "The %s had %s visitors in %d." % (world.place, c.thousands(world.early_n * 2),
                                                         world.late))
            need = [drifted]
            ask = ("Please find out how many visitors the %s in %s had in %d, this seems the more "
                   "interesting figure." % (world.place, world.town, world.late))
        code = 'answer_%d = search_agent(task="""%s""")\nprint(answer_%d)' % (i, ask, i)
        think = w.think(manager, "Thought: %s\n<code>\n%s\n</code>" % (
            "Next I need the %s." % need[0][0], code))
        w._remember(manager, think, "python_interpreter", code)
        if need[0][0] == "number of visitors":
            w.blame(think, "goal_drift", "asks for visitors of the building instead of the census figures")
        report = lookup(w, rng, manager, ask, need, faults, notes)
        if report is None:
            lost = hop
        elif report in wrong_of.values():
            if what == "architect":
                who, birth = world.wrong, world.other_town
            elif what == "place of birth":
                birth = world.other_town
            elif what == census_what:
                early, late = int(world.early_n * 0.94), world.early_n
            notes["trusted"] = "no_check" in faults
        w.observe(manager, "Execution logs:\nHere is the final answer from your managed agent "
                  "'search_agent':\n%s\n\nLast output from code snippet:\nNone" % notes["report"])
        if i == 1 and rng.random() < 0.4:
            w.plan(manager, "Updated facts: %s\nPlan: go on with the census figures, then compute.\n<end_plan>"
                   % (report or "none yet"), first=False)
    if "bad_import" in faults:
        last = None
        err = ("Code execution failed at line 'import pandas as pd' due to: InterpreterError: Import of pandas "
               "is not allowed. Authorized imports are: ['collections', 'datetime', 'itertools', 'math', "
               "'queue', 'random', 're', 'stat', 'statistics', 'time', 'unicodedata']")
        n = rng.randrange(3, 6)
        for i in range(n):
            code = "import pandas as pd\ndf = pd.DataFrame({'y': [%d, %d], 'n': [%d, %d]})\nprint(df)" % (
                world.year, world.late, early, late) if lost is None else (
                "import pandas as pd\nprint(pd.read_html('https://stats.example.org/%s')[0])" % birth.lower())
            call = w.code(manager, "I put the figures in a table." if i == 0 else
                          "Let me try the import again.", code, error=err)
            if i == 0:
                w.blame(call, "forgot_instruction", "imports a module that the system prompt does not allow")
            last = call
        w.blame(last, "resource_abuse", "runs the same failing import %d times" % n)
    answer = conclude(w, rng, manager, world, (early, late), faults, lost)
    if notes.get("trusted"):
        call = w.code(manager, rng.choice([
            "The report of search_agent says it is confirmed, so I need no verification step and can go straight to "
            "the answer.", "Verification of the facts.", "The sources agree, as the report states."]),
            "print('verified')", "verified")
        w.blame(call, "trusted_wrong_report", "the task asks for verification; prints 'verified' without any")
    if "format" in faults:
        call = w.finish(manager, "I have the result.", "final_answer('The requested value is about %s')"
                        % answer, "The requested value is about %s, based on the census figures of %s."
                        % (answer, world.birth))
        w.blame(call, "format_error", "the task wants the bare number, the answer is a sentence")
    else:
        w.finish(manager, "I have the result.", "final_answer(%r)" % answer, answer)
    return w
