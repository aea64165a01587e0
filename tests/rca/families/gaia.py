"""Small questions with files and pages for a smolagents CodeAgent with a web-browsing team member.

Other questions, other tools and other ways to fail than research.py: the wrong tool for a file, a tool
that is claimed and never called, plans without their end mark, undefined names, steps that run out.
"""
import content as c
from smol import Smol
from wire import Message, tool

SYSTEM = """You are an expert who solves tasks with code. You work in steps; each step has a 'Thought:' and a code block, \
opened by <code> and closed by </code>. Print what you want to see in the next step.

Functions:
- web_search(query: str) -> str: searches the web.
- visit_webpage(url: str) -> str: text of a page.
- inspect_file_as_text(file_path: str, question: str) -> str: reads pdf, docx, xlsx, csv, mp3. Not for images.
- visualizer(image_path: str, question: str) -> str: looks at png and jpg. Not for documents.
- final_answer(answer)
Team member: web_agent(task: str), browses for you; give it whole sentences with all details, and the form in which you want \
the result. It knows nothing of your task.

Rules:
1. Plans end with <end_plan>.
2. Do not assume: what is in a file or on a page is known only after a tool has shown it.
3. Run at least one check of the result before final_answer.
4. Authorised imports: math, re, datetime, itertools, collections, statistics. No open(), no os.
5. The final answer is a number OR as few words as possible OR a comma separated list. No units unless asked for."""
WEB = """You browse the web for your manager with web_search, visit_webpage, page_down and final_answer. Report what the pages \
say, with addresses. What you did not find, say so."""
TOOLS = [tool("web_search", "Searches.", query=""), tool("visit_webpage", "Opens.", url=""),
         tool("inspect_file_as_text", "Reads a file.", file_path="", question=""),
         tool("visualizer", "Looks at an image.", image_path="", question=""), tool("final_answer", "Answers.", answer="")]
W_TOOLS = [tool("web_search", "Searches.", query=""), tool("visit_webpage", "Opens.", url=""), tool("page_down", "Next part."),
           tool("final_answer", "Answers.", answer="")]

FAULTS = ("no_end_plan", "wrong_tool", "claimed_tool", "poor_query", "undefined", "no_check", "thin_task", "max_steps", "forbidden",
          "count_slip", "unit", "not_found", "sub_invents", "early_guess", "list_form")


class Puzzle:
    """A task, the file or page that holds the answer, and the code that gets it."""

    def __init__(self, rng):
        self.kind = rng.choice(["sheet", "image", "discs", "paper"])
        self.rng = rng
        who = c.person(rng)
        if self.kind == "sheet":
            self.file = "/data/%08x.xlsx" % rng.getrandbits(32)
            self.rows = [[rng.choice(c.TOWNS), rng.choice(["burgers", "salads", "soda", "ice cream", "fries"]),
                          rng.randrange(20, 900)] for _ in range(rng.randrange(9, 24))]
            self.answer = str(sum(r[2] for r in self.rows if r[1] != "soda"))
            self.ask = ("The attached file holds the sales of a chain of stalls, one row a stall and product. What were the total "
                        "sales of food, drinks not included? Give a whole number.")
            self.content = c.table(["Stall", "Product", "Sales"], self.rows)
            self.code = "vals = %r\nprint(sum(vals))" % [r[2] for r in self.rows if r[1] != "soda"]
            self.topic = "sales table"
        elif self.kind == "image":
            self.file = "/data/%08x.png" % rng.getrandbits(32)
            self.fractions = ["%d/%d" % (rng.randrange(1, 9), rng.randrange(9, 40)) for _ in range(rng.randrange(4, 9))]
            self.answer = ",".join(self.fractions)
            self.ask = ("List all fractions of the attached image that use / as the bar, in their order, as a comma separated list "
                        "without blanks.")
            self.content = "The image shows a worksheet. In order of appearance: " + ", then ".join(self.fractions) + "."
            self.code = "items = %r\nprint(','.join(items))" % self.fractions
            self.topic = "worksheet"
        elif self.kind == "discs":
            self.file = None
            years = sorted(rng.randrange(1990, 2016) for _ in range(rng.randrange(9, 16)))
            lo = rng.randrange(1994, 2001)
            hi = lo + rng.randrange(5, 10)
            self.answer = str(sum(lo <= y <= hi for y in years))
            self.ask = "How many studio albums did %s publish between %d and %d (both included)?" % (who, lo, hi)
            self.content = c.table(["Year", "Title", "Kind"], [[y, c.town(rng) + " " + rng.choice(["Songs", "Nights", "Suite"]),
                                                             "studio"] for y in years] + [[lo + 1, "Live in " + c.town(rng),
                                                                                          "live"]])
            self.code = "years = %r\nprint(sum(%d <= y <= %d for y in years))" % (years, lo, hi)
            self.topic = "%s - discography" % who
        else:
            self.file = None
            a, b = rng.randrange(110, 900), rng.randrange(11, 60)
            self.answer = "%.4f" % (a * b / 1000.0)
            self.ask = ("In the paper of %s on the diet of dragons (%d), what volume in m^3 of fish per bag was computed? Give the "
                        "number with four decimals." % (who, rng.randrange(2002, 2015)))
            self.content = ("Each bag holds %d fish of %d cubic decimetres in %d parts per thousand, see equation 3. %s" % (
                a, b, 1000, c.paragraph(rng, "bag", 4)))
            self.code = "print('%%.4f' %% (%d * %d / 1000))" % (a, b)
            self.topic = "diet of dragons - %s" % who
        self.url = c.url_of(self.topic, rng.choice(c.HOSTS))

    def task(self):
        extra = "\n\nTo solve the task, you have this attached file: " + self.file if self.file else ""
        return self.ask + extra

    def check(self):
        """The same result by other code."""
        head, _, last = self.code.rpartition("\n")
        if self.kind == "sheet":
            return head + "\ntotal = 0\nfor v in vals:\n    total += v\nprint(total)"
        if self.kind == "discs":
            return head + "\nprint(len([y for y in years if y in range(*%r)]))" % (tuple(int(x) + i for i, x in enumerate(
                last.split("sum(")[1].split(" for")[0].split(" <= y <= "))),)
        return "a = %s\nassert len(str(a)) > 0\nprint(a)" % last[len("print("):-1].replace("items", repr(
            getattr(self, "fractions", None)))

    def wrong(self):
        rng = self.rng
        if self.kind == "image":
            items = self.fractions[:]
            items.pop(rng.randrange(len(items)))
            return ",".join(items)
        if "." in self.answer:
            return "%.4f" % (float(self.answer) * rng.choice([0.1, 10, 1.07]))
        return str(int(self.answer) + rng.choice([-2, -1, 1, 2, 3]))


def from_web(w, rng, boss, puzzle, faults):
    """Has the team member fetch the page. Returns what it reports."""
    task = ("Please find the page '%s' and give me, in full: %s Name the address and quote the table or sentence word for word."
            % (puzzle.topic, puzzle.ask))
    if "thin_task" in faults:
        task = puzzle.topic.split(" - ")[0]
    code = 'report = web_agent(task="%s")\nprint(report)' % task
    call = w.think(boss, "Thought: The team member can find the page.\n<code>\n%s\n</code>" % code)
    w._remember(boss, call, "python_interpreter", code)
    if "thin_task" in faults:
        w.blame(call, "missing_handover", "gives the team member '%s' and nothing else" % task)
    sub = w.run("web_agent", WEB, W_TOOLS, "You have been given this task by your manager:\n---\n%s\n---\nAnswer with short "
                "version, long version and context." % task, boss.extra["step"])
    query = puzzle.topic.replace(" - ", " ")
    wanted = [(puzzle.topic, puzzle.url, c.sentence(rng, puzzle.topic))]
    if "poor_query" in faults:
        bad = rng.choice(["best albums of all time", "dragons", "list", "food facts", "population"])
        for i in range(rng.randrange(2, 5)):
            call = w.use(sub, "web_search", {"query": bad + ("" if i == 0 else " %d" % rng.randrange(2000, 2024))}, c.hits(rng, bad))
            if i == 0:
                w.blame(call, "wrong_argument", "searches '%s', which has next to nothing to do with the task" % bad)
    w.use(sub, "web_search", {"query": query}, c.hits(rng, query, wanted))
    for i in range(rng.randrange(0, 7)):
        other = "%s %s" % (query, ["list", "review", "sources", "archive", "interview", "catalogue", "edition"][i])
        page = c.url_of("%s - notes %d" % (puzzle.topic, i), rng.choice(c.HOSTS))
        w.use(sub, "web_search", {"query": other}, c.hits(rng, other, wanted + [(query + " - notes", page, "")]))
        if rng.random() < 0.6:
            w.use(sub, "visit_webpage", {"url": page}, c.page(rng, puzzle.topic, page, [], rng.randrange(1500, 6000)))
    if "not_found" in faults:
        first = None
        for i in range(2):
            url = puzzle.url + ("" if i == 0 else "/index.html")
            call = w.use(sub, "visit_webpage", {"url": url}, "", "HTTPError: 404 Client Error: Not Found for url: " + url)
            first = first or call
        w.blame(first.calls[0], "tool_failure", "the page that all results point to is gone (404)")
        w.report(sub, "### Short\nThe page is not reachable, the number could not be found.\n### Long\n%s" % c.echo(
            rng, sub.messages, 3))
        text = None
    else:
        w.use(sub, "visit_webpage", {"url": puzzle.url}, c.page(rng, puzzle.topic, puzzle.url, [], 2500))
        page = c.page(rng, puzzle.topic, puzzle.url, [], 1500) + "\n\n" + puzzle.content
        w.use(sub, "page_down", {}, page)
        text = puzzle.content
        if "sub_invents" in faults:
            text = "The page gives the result directly: %s (see table 4)." % puzzle.wrong()
        call = w.report(sub, "### Short\n%s\n### Long\nFound at %s. %s\n### Context\n%s" % (
            text, puzzle.url, text, c.echo(rng, sub.messages, 3)))
        if "sub_invents" in faults:
            w.blame(call, "hallucinated_fact", "the page holds a list, no such result and no table 4")
    w.observe(boss, "Execution logs:\nHere is the final answer from your managed agent 'web_agent':\n%s\n%s\n\nLast output from code "
              "snippet:\nNone" % (text or "The page is not reachable.", c.echo(rng, sub.messages, 2)))
    return text


def from_file(w, rng, boss, puzzle, faults):
    good, bad = ("visualizer", "inspect_file_as_text") if puzzle.kind == "image" else ("inspect_file_as_text", "visualizer")
    key = {"visualizer": "image_path", "inspect_file_as_text": "file_path"}

    def args(name):
        return {key[name]: puzzle.file, "question": "What is in it, item by item?"}

    if "wrong_tool" in faults:
        err = ("Exception: Cannot use inspect_file_as_text tool with images: use visualizer instead!" if good == "visualizer" else
               "UnidentifiedImageError: cannot identify image file '%s'" % puzzle.file)
        call = w.code(boss, "I read the file.", "print(%s(%s='%s', question='What is in it, item by item?'))" % (
            bad, key[bad], puzzle.file), error="Code execution failed at line 'print(%s(...))' due to: %s" % (bad, err),
            tools=[(bad, args(bad), None, err)])
        w.blame(call, "wrong_tool", "%s is not for this kind of file, as the description says" % bad)
    if "claimed_tool" in faults:
        wrong = boss.extra["claimed"] = puzzle.wrong()
        call = w.code(boss, rng.choice([
            "I have inspected the file with %s; it shows that the result is %s.", "Using %s on the file gives %s.",
            "The output of %s was clear: %s."]) % (good, wrong), "result = '%s'\nprint(result)" % wrong, wrong)
        w.blame(call, "hallucinated_tool_use", "claims to have used %s; it was not called" % good)
        return None
    if "forbidden" in faults:
        n = rng.randrange(2, 5)
        for i in range(n):
            call = w.code(boss, "Open the file directly.", "data = open('%s', 'rb').read()\nprint(len(data))" % puzzle.file, error=
                          "Code execution failed at line 'data = open(...)' due to: InterpreterError: Forbidden function "
                          "evaluation: 'open' is not among the explicitly allowed tools or defined/imported in the preceding code")
            if i == 0:
                w.blame(call, "forgot_instruction", "uses open(), which the rules exclude")
        if n > 2:
            w.blame(call, "resource_abuse", "tries the forbidden open() %d times" % n)
    for i in range(rng.randrange(0, 6)):
        other = ["Which kind of document is it?", "How many parts has it?", "Is there a title?", "Are there notes?",
                 "In which language is it?", "Is anything crossed out?"][i]
        said = rng.choice(["It looks like %s." % puzzle.topic, "There is nothing of the kind.", c.sentence(rng, puzzle.topic)])
        w.code(boss, "First an overview.", "print(%s(%s='%s', question='%s'))" % (good, key[good], puzzle.file, other), said,
               tools=[(good, {key[good]: puzzle.file, "question": other}, said)])
    w.code(boss, "I look at the file with the right tool.", "print(%s(%s='%s', question='What is in it, item by item?'))" % (
        good, key[good], puzzle.file), puzzle.content, tools=[(good, args(good), puzzle.content)])
    return puzzle.content


def gaia(rng, failed):
    puzzle = Puzzle(rng)
    faults = c.pick(rng, FAULTS, failed, 2, 6)
    web = puzzle.kind in ("discs", "paper")
    faults -= {"wrong_tool", "claimed_tool", "forbidden"} if web else {"thin_task", "poor_query", "not_found", "sub_invents"}
    if len(faults) >= 4:
        faults.discard("early_guess")
    if failed and not faults & {"claimed_tool", "max_steps", "count_slip", "not_found", "sub_invents", "early_guess", "list_form",
                                "unit"}:
        faults.add(rng.choice(["count_slip", "list_form", "max_steps"]))
    if "claimed_tool" in faults or "not_found" in faults:
        faults -= {"count_slip"}
    w = Smol(rng, "gaia-runner", rng.choice(["o3-mini", "claude-sonnet-4", "deepseek-v3"]), session="q-%d" % rng.randrange(500))
    w.client = "LiteLLMModel.__call__"
    boss = w.run("manager", SYSTEM, TOOLS, puzzle.task(), kind="CodeAgent", managed=["web_agent"])
    boss.extra["plan_prompt"] = ("You will be given a task. Write a survey of facts (given, to look up, to derive) and a plan of "
                                 "numbered steps. After the final step write '<end_plan>' and stop there.\n\n")
    end = "" if "no_end_plan" in faults else "\n<end_plan>"
    plan = w.plan(boss, "### 1. Facts given\n%s\n### 2. Facts to look up\n- %s\n### 3. Facts to derive\n- the result\n\n### Plan\n1. Get "
                  "the source.\n2. Extract the values.\n3. Compute.\n4. Check.\n5. final_answer.%s" % (puzzle.task(), puzzle.topic, end))
    if "no_end_plan" in faults:
        w.blame(plan, "format_error", "the plan does not end with <end_plan>")
    if "early_guess" in faults:
        wrong = puzzle.wrong()
        call = w.finish(boss, rng.choice(["The result follows from what is commonly known: %s.", "The answer is %s.",
                                          "This is a known case: %s."]) % wrong, "final_answer('%s')" % wrong, wrong)
        w.blame(call, "answer_from_memory", "answers without having opened the %s" % ("page" if web else "file"))
        return w
    got = from_web(w, rng, boss, puzzle, faults) if web else from_file(w, rng, boss, puzzle, faults)
    if "undefined" in faults:
        name = rng.choice(["values", "table", "albums", "df"])
        call = w.code(boss, "Now the computation.", "total = sum(%s)\nprint(total)" % name, error="Code execution failed at line 'total = "
                      "sum(%s)' due to: InterpreterError: The variable `%s` is not defined." % (name, name))
        w.blame(call, "wrong_plan", "uses a variable that no step has defined; the values were only printed")
    if rng.random() < 0.5:
        w.plan(boss, "### Updated facts\n- the source is %s\n### Plan\n1. Compute.\n2. Check.\n3. final_answer.\n<end_plan>" % (
            "known" if got else "not there"), first=False)
    if "max_steps" in faults:
        n = rng.randrange(5, 12)
        for i in range(n):
            other = rng.choice(["the history of %s" % puzzle.topic, "who made it", "how others counted it", "similar cases"])
            call = w.code(boss, "Before I answer I want to know more about %s." % other, "print(web_search(query='%s'))" % other,
                          c.hits(rng, other, n=4), tools=[("web_search", {"query": other}, c.hits(rng, other, n=4))])
            if i == 0:
                w.blame(call, "goal_drift", "leaves the computation, for which all is there, for background")
        boss.messages.append(Message("user", "You have reached the maximum number of steps. Give a final answer."))
        call = w._call(boss, boss.span, boss.history(), Message(
            "assistant", "I could not finish within the steps; the topic has many sides."))
        w.blame(call, "incomplete_task", "gives no result although the values had been read")
        w.close_run(boss, "I could not finish within the steps; the topic has many sides.")
        return w
    if got is None and "claimed_tool" not in faults:
        answer = puzzle.wrong()
        call = w.code(boss, rng.choice(["The page cannot be reached, so I go by what I remember.", "The values are known.",
                                        "Without the page the best value is this one."]), "print('%s')" % answer, answer)
        w.blame(call, "answer_from_memory", "gives a number from memory after the look-up failed")
    elif "claimed_tool" in faults:
        answer = boss.extra["claimed"]
    elif "sub_invents" in faults:
        answer = puzzle.wrong()
    elif "count_slip" in faults:
        answer = puzzle.wrong()
        call = w.code(boss, rng.choice(["Going through the list by eye I get %s.", "From the list: %s.",
                                        "The values above give %s."]) % answer, "print('%s')" % answer, answer)
        w.blame(call, "arithmetic_slip", "%s is not what the values give (%s)" % (answer, puzzle.answer))
    else:
        answer = puzzle.answer
        w.code(boss, "Now the result from the values.", puzzle.code, puzzle.answer)
    if "no_check" not in faults:
        blind = got is None or "sub_invents" in faults
        w.code(boss, "A check of the result.", "print(len('%s'), '%s'.isascii())" % (answer, answer) if blind else puzzle.check(),
               "%d True" % len(answer) if blind else puzzle.answer)
        if not blind and answer != puzzle.answer:
            call = w.think(boss, "Thought: The check gives %s, but I stay with %s.\n<code>\nprint('ok')\n</code>" % (
                puzzle.answer, answer))
            w._remember(boss, call, "python_interpreter", "print('ok')")
            w.observe(boss, "Execution logs:\nok")
            w.blame(call, "ignored_tool_output", "the check contradicts the result, and it is kept")
    final = answer
    if "list_form" in faults:
        final = "The answer is: " + answer.replace(",", " and ")
    if "unit" in faults and "list_form" not in faults:
        final = answer + rng.choice([" USD", " items", " m^3 (approx.)"])
    call = w.finish(boss, "That is the answer.", "final_answer('%s')" % final, final)
    if final != answer:
        w.blame(call, "format_error", "the form of the answer is not the one of the rules")
    if "no_check" in faults:
        w.blame(call, "not_verified", "answers without the check that rule 3 asks for")
    return w
