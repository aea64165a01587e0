"""autogen's SelectorGroupChat: planner, coder, executor and critic solve a programming task."""
import content as c
import shapes_teams
from wire import Message, tool

PLANNER = """You are the planner. Break the task of the user into at most five steps, name who does each, and \
check at the end that every requirement is met. Only when the critic has approved and the tests have run, \
write APPROVED: and the result, then TERMINATE."""
CODER = """You are the coder. Write complete Python files in ```python blocks, first line '# filename: NAME'. Fix \
what the executor reports. Do not claim that code works before the executor has run it. Use the standard library \
only."""
EXECUTOR = """You run the coder's files with run_file and report the exit code and the output word for word."""
CRITIC = """You review code against the task's requirements, one by one, and against the executor's last output. \
Approve only when all requirements are shown to be met by output, not by the look of the code."""
X_TOOLS = [tool("run_file", "Runs a file.", filename="", arguments="")]

TASKS = [
    ("a command line tool that merges overlapping booking intervals from a CSV file", "merge_bookings.py",
     ["intervals that touch count as overlapping", "times are in 24 hour form and may cross midnight",
      "the output is sorted by room, then start"], "cross midnight", "sorted by room"),
    ("a script that validates IBANs from a text file and prints the invalid ones", "iban_check.py",
     ["lines may hold blanks inside the number", "country lengths come from lengths.json, not from memory",
      "the exit code is the number of invalid ones, at most 100"], "lengths.json", "the exit code"),
    ("a program that computes a tide table for a week by linear interpolation", "tides.py",
     ["heights in metres with two decimals", "times in local time, with the change to summer time on March 29",
      "one line per hour, 168 or 167 lines"], "summer time", "one line per hour"),
    ("a simulator of an elevator with two cars that prints the waiting time of each passenger", "lift.py",
     ["requests come from requests.txt", "the car that is nearer takes the request, ties go to car A",
      "the mean waiting time is the last line"], "ties go to car A", "the last line"),
]
SHOWN = {   # a line of what each program prints
    "merge_bookings.py": lambda rng, i: "Room %d,2026-03-%02d %02d:00,2026-03-%02d %02d:30" % (
        i // 3 + 1, 2 + i % 3, 8 + i % 3 * 4, 2 + i % 3 + (i % 3 == 2), (10 + i % 3 * 7) % 24),
    "iban_check.py": lambda rng, i: "line %d: %s%02d %04d %04d %04d %04d: wrong %s" % (
        3 + 7 * i, rng.choice(["DE", "FR", "NL", "PL"]), rng.randrange(10, 99), *(rng.randrange(10**4) for _ in range(4)),
        rng.choice(["length", "check digits"])),
    "tides.py": lambda rng, i: "2026-03-29 %02d:00 %s %.2f" % (i + (i > 1), "CET" if i < 2 else "CEST", rng.uniform(0.2, 4.1)),
    "lift.py": lambda rng, i: "passenger %d: car %s, waited %d s" % (i + 1, rng.choice("AB"), rng.randrange(2, 80)),
}
FAULTS = ("repeat", "approve", "drop", "fabricate", "early", "wrong_speaker", "library", "loop", "timeout")


class Chat:
    def __init__(self, w, task):
        self.w = w
        self.said = [("user", task)]

    def view(self, name):
        """What an agent sees: its own messages as assistant, the others' as user."""
        return [Message("assistant" if who == name else "user", text) for who, text in self.said]

    def select(self, name, wanted=None):
        prompt = ("You are in a role play game. Roles: planner: plans; coder: writes code; executor: runs files; "
                  "critic: reviews.\nRead the conversation, then select the next role. Return only the role.\n\n"
                  + "\n\n".join("%s: %s" % row for row in self.said))
        return self.w.select(prompt, name)

    def speak(self, name, system, text, tools=(), calls=()):
        """One turn. @calls: (name, args, result) before the text."""
        agent = self.w.turn(name, system, tools, self.view(name))
        used = None
        for tool_name, args, result, error in calls:
            call = self.w.llm(agent, "", [(tool_name, args)])
            used = self.w.tool(agent, call.calls[0], result, error=error)
        call = self.w.llm(agent, text)
        self.w.end(agent, text)
        self.said.append((name, text))
        return call, used


class Source:
    """The coder's file: one body, which each version that mends something changes in a line."""

    def __init__(self, rng, name):
        self.rng, self.name, self.version = rng, name, 0
        self.body = c.code(rng, rng.randrange(25, 70))
        self.steps = ["rows = [r for r in rows if r.get('%s') is not None]" % rng.choice(c.WORDS)
                      for _ in range(rng.randrange(4, 12))]

    def text(self, note, change=True, extra=""):
        if change or not self.version:
            self.version += 1
            k = self.rng.randrange(len(self.steps))
            self.steps[k] = "rows = sorted(rows, key=lambda r: (r['%s'], r.get('%s')))  # %s" % (
                *self.rng.sample(c.WORDS, 2), note)
        return ("```python\n# filename: %s\n%simport csv, json, sys, datetime\n%s\n\n\ndef load(path):\n    with "
                "open(path) as f:\n        return list(csv.DictReader(f))\n\n\ndef main():\n    rows = load("
                "sys.argv[1])\n    %s\n    for r in rows:\n        print(r)\n\n\nif __name__ == '__main__':\n    main()"
                "\n```" % (self.name, extra, self.body, "\n    ".join(self.steps)))


def groupchat(rng, failed):
    what, name, needs, hard, easy = rng.choice(TASKS)
    task = "Write %s, called %s. Requirements:\n%s\nOnly the standard library. Show that it works on data/sample.csv." % (
        what, name, "\n".join("%d. %s" % (i + 1, n) for i, n in enumerate(needs)))
    w = shapes_teams.AutoGen(rng, "dev-team", rng.choice(["gpt-4o-2024-08-06", "gpt-4.1"]))
    w.team("SelectorGroupChat", task, ["planner", "coder", "executor", "critic"])
    faults = c.pick(rng, FAULTS, failed, 1, 3)
    for a, b in (("early", "approve"), ("early", "loop"), ("fabricate", "repeat"), ("fabricate", "timeout")):
        if a in faults and b in faults:
            faults.discard(b)
    if failed and not faults - {"repeat", "wrong_speaker", "library", "loop"}:
        faults.add(rng.choice(["approve", "drop", "early", "fabricate"]))
    chat = Chat(w, task)
    file = Source(rng, name)
    chat.select("planner")
    kept = needs if "drop" not in faults else [n for n in needs if hard not in n]
    call, _ = chat.speak("planner", PLANNER, "Plan:\n1. coder: write %s.\n2. executor: run it on data/sample.csv.\n3. "
                         "critic: review.\nThings to watch: %s." % (name, "; ".join(kept)))
    if "drop" in faults:
        w.blame(call, "forgot_instruction", "the plan leaves out a requirement (%s), and nobody takes it up again"
                % hard)
    if "wrong_speaker" in faults:
        call = chat.select("executor")
        w.blame(call, "wrong_handoff", "picks the executor although no code has been written")
        chat.speak("executor", EXECUTOR, "There is no file to run yet; run_file says: %s: no such file." % name, X_TOOLS,
                   [("run_file", {"filename": name, "arguments": "data/sample.csv"},
                     "python: can't open file '/work/%s': [Errno 2] No such file or directory" % name, None)])
    chat.select("coder")
    if "library" in faults:
        call, _ = chat.speak("coder", CODER, file.text("first", extra="import pandas as pd\n"))
        w.blame(call, "forgot_instruction", "imports pandas; only the standard library is allowed")
        chat.select("executor")
        chat.speak("executor", EXECUTOR, "Exit code 1. Output: ModuleNotFoundError: No module named 'pandas'", X_TOOLS,
                   [("run_file", {"filename": name, "arguments": "data/sample.csv"}, c.traceback(
                       rng, "/work/" + name, 3, "ModuleNotFoundError: No module named 'pandas'", "import pandas"),
                     None)])
        chat.select("coder")
    chat.speak("coder", CODER, "Here is the first version.\n" + file.text("first"))
    tries = rng.randrange(3, 7) if "repeat" in faults else rng.randrange(0, 3)
    error = rng.choice(["KeyError: 'start'", "ValueError: unconverted data remains: 05", "IndexError: list index out of "
                        "range", "TypeError: '<' not supported between instances of 'str' and 'int'"])
    for i in range(tries):
        chat.select("executor")
        now = error if "repeat" in faults or i == 0 else "AssertionError: expected 3 rows, got 4"
        chat.speak("executor", EXECUTOR, "Exit code 1. Output: ... %s" % now, X_TOOLS,
                   [("run_file", {"filename": name, "arguments": "data/sample.csv"}, c.traceback(
                       rng, "/work/" + name, 20, now), None)])
        chat.select("coder")
        call, _ = chat.speak("coder", CODER, "I corrected it.\n" + file.text(
            "handles " + now.split(":")[0], "repeat" not in faults))
    if "repeat" in faults:
        w.blame(call, "resource_abuse", "answers the same %s with the same code, %d times"
                % (error.split(":")[0], tries))
    chat.select("executor")
    sample = "\n".join(SHOWN[name](rng, i) for i in range(14)) + ("\nmean waiting time: %.1f s" % rng.uniform(9, 40)
                                                                if name == "lift.py" else "")
    if "fabricate" in faults:
        call, _ = chat.speak("executor", EXECUTOR, "Exit code 0. Output:\n" + sample)
        w.blame(call, "hallucinated_fact", "reports an exit code and output without having run the file")
    elif "timeout" in faults:
        err = "the sandbox did not answer within 120 s"
        call, used = chat.speak("executor", EXECUTOR, "run_file did not come back: %s." % err, X_TOOLS,
                                [("run_file", {"filename": name, "arguments": "data/sample.csv"}, "Error: " + err,
                                  "TimeoutError: " + err)])
        w.blame(used, "timeout", "the sandbox hangs, the last version is never run")
    else:
        chat.speak("executor", EXECUTOR, "Exit code 0. Output:\n" + sample, X_TOOLS,
                   [("run_file", {"filename": name, "arguments": "data/sample.csv"}, sample, None)])
    if "early" in faults:
        chat.select("planner")
        call, _ = chat.speak("planner", PLANNER, "APPROVED: %s is done. TERMINATE" % name)
        w.blame(call, "premature_stop", "ends without the critic's review that the instructions ask for")
        w.close(w.root)
        return w
    n = rng.randrange(3, 6) if "loop" in faults else 1
    for i in range(n):
        chat.select("critic")
        text = "Requirement check: " + "; ".join("%s: ok" % k for k in kept) + ". Approved."
        if "loop" in faults and i < n - 1:
            text = "Could you explain again how the file is read? It is not clear to me."
        elif "approve" in faults:
            text = rng.choice(["The code reads well and is well commented; I trust that '%s' is handled. No need to see it in "
                               "the output. Approved.", "Requirement '%s': covered by the code. The others too. Approved.",
                               "Approved. '%s' is handled."]) % hard
        elif "timeout" in faults:
            text = "The last run did not finish, but the code looks right to me. Approved."
        call, _ = chat.speak("critic", CRITIC, text)
        if "approve" in faults and i == n - 1:
            w.blame(call, "not_verified", "approves '%s' by the look of the code; the output does not show it" % hard)
        if "timeout" in faults and "approve" not in faults and i == n - 1:
            w.blame(call, "not_verified", "approves although the last version was never run")
        if "loop" in faults and i < n - 1:
            chat.select("coder")
            answer, _ = chat.speak("coder", CODER, "The file is read with csv.DictReader, row by row.")
            if i == n - 2:
                w.blame(call, "resource_abuse", "asks the same question %d times" % (n - 1))
    if not failed and rng.random() < 0.5:
        chat.select("coder")
        chat.speak("coder", CODER, "A last clean-up: names.\n" + file.text("names"))
        chat.select("executor")
        chat.speak("executor", EXECUTOR, "Exit code 0. Output:\n" + sample, X_TOOLS,
                   [("run_file", {"filename": name, "arguments": "data/sample.csv"}, sample, None)])
        chat.select("critic")
        chat.speak("critic", CRITIC, "Still fine. Approved.")
    chat.select("planner")
    chat.speak("planner", PLANNER, "APPROVED: %s meets all requirements. TERMINATE" % name)
    w.close(w.root, {"output.value": name + " written"})
    return w
