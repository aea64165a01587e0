"""Teams that talk: experts with a terminal that runs their code, and the phases of a software company."""
import weather

EXPERT = "You are {0}. You work with colleagues and a computer terminal in a group chat, under a manager who wrote the task. Write code in ```python blocks; the terminal runs it. Reply TERMINATE when the task is solved."


def experts(*names):
    return {n: EXPERT.format(n) for n in names}


def assembled(play, task, plan, constraints, output, *names):
    play.gather("You are given: (1) a task and advises from your manager with a specific plan and (2) a general task.\nCollect information from the general task, follow the suggestions from manager to solve the task.\n\n"
                "# General Task\n%s\n\n# Task and suggestions from manager\n## Task description\n%s\n\n## Plan for solving the task\n%s\n\n## Output format\n%s\n\n## Constraints and conditions for completion\n- %s" % (
                    task, task.split("?")[0] + "?", "\n".join("%d. %s" % (k + 1, p) for k, p in enumerate(plan)), output, "\n- ".join(constraints)), "CaptainAgent", experts(*names))


def code(text, source):
    return "%s\n\n```python\n# filename: %s.py\n%s\n```" % (text, "step", source)


def chatter(play, rng, who, many, about):
    """Turns of a chat that move nothing."""
    for _ in range(many * play.stretch):
        by = rng.choice(who)
        kind = play.pick(rng, ("agree", "agree", "install", "empty", "plan"), ("install", "plan"))
        if kind == "agree":
            play.say(rng.choice(("Thank you for the summary. I agree that we should work through the plan in order and keep an eye on %s." % about,
                                 "To be sure that we are all on the same page: the next step of the manager's plan concerns %s. Please go ahead, I'll check the outcome." % about,
                                 "I have read the task and the plan again. There's nothing to add at this point; I am waiting for the result on %s." % about,
                                 "Good point. We should write down which assumptions we make about %s, so that the verification can refer to them." % about,
                                 "Before we continue, let me restate the output format, since it is easy to get wrong once we have the result on %s." % about,
                                 "I would take the simplest approach to %s and only refine it if the result looks implausible." % about)), by=by)
        elif kind == "install":
            play.say("We may need a library for this. Let me install it.\n\n```sh\npip install openpyxl\n```", by=by)
            play.terminal(weather.pip(rng, "openpyxl"))
        elif kind == "empty":
            play.terminal("There is no code from the last 1 message for me to execute. Group chat manager should let other participants to continue the conversation. If the group chat manager want to end the conversation, you should let other participant reply me only with \"TERMINATE\"", None)
        else:
            play.say("Let's outline what remains to be done:\n1. Get the data on %s.\n2. Compute the value.\n3. Verify it independently and report it in the requested format." % about, by=by)


def header_counted(play, rng, bad):
    item = rng.choice(("applicants", "locomotives", "shipments", "manuscripts"))
    names = ("DataAnalysis_Expert", "Excel_Expert", "Verification_Expert")
    n = rng.randrange(38, 90)
    limit = rng.randrange(2, 6)
    match = rng.randrange(11, 29)
    assembled(play, "The attached spreadsheet lists %s. How many of the %s are missing exactly one of the required entries? The file is at /data/%s.xlsx." % (item, item, item),
              ["Load the file.", "Count the rows with exactly one missing entry.", "Verify the count."], ["The count is over rows of data only.", "The value is an integer."], "A single number", *names)
    chatter(play, rng, names, rng.randrange(0, 4), "the spreadsheet")
    play.say(code("First I load the file and look at its structure.", "import pandas as pd\ndf = pd.read_excel('/data/%s.xlsx', header=None)\nprint(df.shape)\nprint(df.head(%d))" % (item, limit)), by="Excel_Expert")
    play.terminal("(%d, 6)\n%s\n" % (n + 1, "       0          1       2          3      4       5\n0   Name   Section   Grade  Certified   Year   Notes\n" + "\n".join(
        "%d   %s   %s   %s    %s   %d   %s" % (k + 1, rng.choice(("Aldo", "Birk", "Cleo", "Dana")), rng.choice("ABC"), rng.choice(("I", "II", "NaN")), rng.choice(("yes", "NaN")), rng.randrange(1990, 2020), rng.choice(("ok", "NaN"))) for k in range(limit - 1))))
    if rng.random() < .6:
        chatter(play, rng, names, 1, "the columns")
    src = "df = pd.read_excel('/data/%s.xlsx'%s)\n%scount = int((df.isna().sum(axis=1) == 1).sum())\nprint(count)" % (item, ", header=None" if bad else "", "" if bad else "df = df.drop(columns=['Notes'])\n")
    call = play.say(code("The structure is clear. Now I count the rows with exactly one missing value." if bad else "Row 0 is the header and Notes is not a required entry, so I read the file with its header, leave Notes out, and count.", "import pandas as pd\n" + src), by="DataAnalysis_Expert")
    value = match + (rng.randrange(3, 9) if bad else 0)
    play.terminal("%d\n" % value)
    if bad:
        play.fault(call, "Coding error", "Counts blanks of the column Notes as missing entries, though only required entries were asked for.", "DataAnalysis_Expert")
    chatter(play, rng, names, rng.randrange(0, 2), "the count")
    play.say("The code ran without errors and the result is %d. The approach (one missing value in a row) matches the task, so I consider the result verified." % value, by="Verification_Expert")
    chatter(play, rng, names, rng.randrange(0, 3), "the final answer")
    play.say("The number of %s missing exactly one required entry is **%d**.\n\nTERMINATE" % (item, value), by=rng.choice(names))


def assumed_sample(play, rng, bad):
    thing = rng.choice(("cafeteria", "parking garage", "bike share", "library loan"))
    names = ("Statistics_Expert", "FileAnalyst_Expert", "Checker_Expert")
    assembled(play, "The attached log of the %s has one line an event. On which weekday does the hourly mean peak, and at which hour? The file is /data/log_%d.csv." % (thing, rng.randrange(10, 99)),
              ["Read the log.", "Compute the hourly means by weekday.", "State weekday and hour."], ["The result must come from the attached log."], "Weekday, hour", *names)
    chatter(play, rng, names, rng.randrange(0, 4), "the log")
    play.say(code("I'll read the log.", "import pandas as pd\ndf = pd.read_csv('/data/log.csv')\nprint(df.head())"), by="FileAnalyst_Expert")
    play.terminal(weather.traceback(rng, "FileNotFoundError", "[Errno 2] No such file or directory: '/data/log.csv'", 2), 1)
    if rng.random() < .5:
        play.say("The terminal says that the file does not exist at that path. We should check the path in the task before we go on.", by="Checker_Expert")
    day, hour = rng.choice(("Tuesday", "Thursday", "Saturday")), rng.randrange(8, 19)
    if bad:
        call = play.say(code("Since the file is not accessible, I'll work with a representative sample of events which follows the structure that the task describes. The procedure remains the same.",
                             "import pandas as pd, numpy as np\nrng = np.random.default_rng(0)\ndf = pd.DataFrame({'weekday': rng.integers(0, 7, 5000), 'hour': rng.normal(%d, 3, 5000).astype(int) %% 24})\nm = df.groupby(['weekday', 'hour']).size()\nprint(m.idxmax(), m.max())" % hour), by="Statistics_Expert")
        play.terminal("(%d, %d) %d\n" % (rng.randrange(7), hour, rng.randrange(80, 140)))
        play.fault(call, "Data fabrication", "Draws random events in place of the log that could not be read; the file in the task has another name and nobody tries it.", "Statistics_Expert")
    else:
        play.say(code("The file has a number in its name. I list the folder and read what is there.", "import glob, pandas as pd\np = glob.glob('/data/log_*.csv')[0]\ndf = pd.read_csv(p, parse_dates=['time'])\nm = df.groupby([df.time.dt.day_name(), df.time.dt.hour]).size()\nprint(p, m.idxmax(), m.max())"), by="Statistics_Expert")
        play.terminal("/data/log.csv ('%s', %d) %d\n" % (day, hour, rng.randrange(80, 140)))
    chatter(play, rng, names, rng.randrange(0, 4), "weekday and hour")
    play.say("The output shows a clear peak at hour %d. I checked the grouping in the code and it is right." % hour, by="Checker_Expert")
    play.say("%s, %d:00\n\nTERMINATE" % (day, hour), by="Statistics_Expert")


def other_question(play, rng, bad):
    bird = rng.choice(("stilt", "dotterel", "kingfisher", "wheatear"))
    names = ("Ornithology_Expert", "VideoAnalysis_Expert", "WebSearch_Expert")
    counts = [rng.randrange(1, 5) for _ in range(6)]
    most, total = max(counts), sum(counts)
    assembled(play, "In the annotated log of the hide's camera, /data/hide.csv, what is the highest number of %s species that are on camera simultaneously? " % bird,
              ["Read the annotation log.", "Find the frame with the largest number of species.", "State the number."], ["Only species seen in the same frame count."], "An integer", *names)
    chatter(play, rng, names, rng.randrange(0, 5), "the annotation log")
    wrong = "My reading of the task: we have to determine how many different %s species appear in the recording. I suggest to collect the species of all frames into one set and to report its size." % bird
    right = "My reading of the task: for each frame, count the species in it; the answer is the largest of these counts, not the number of species over the whole recording."
    call = play.say(wrong if bad else right, by="Ornithology_Expert")
    if bad:
        play.fault(call, "Task misunderstanding", "Turns \"on camera simultaneously\" into the number of species over the whole recording; the others follow.", "Ornithology_Expert")
    chatter(play, rng, names, rng.randrange(0, 2), "the frames")
    src = "print(df.species.nunique())" if bad else "print(df.groupby('frame').species.nunique().max())"
    play.say(code("I'll implement this.", "import pandas as pd\ndf = pd.read_csv('/data/hide.csv')\nprint(df.head(6))\n" + src), by="VideoAnalysis_Expert")
    play.terminal("   frame   species\n" + "\n".join("%d   %d   %s" % (k, k // 2, "%s_%d" % (bird, c)) for k, c in enumerate(counts)) + "\n%d\n" % (total if bad else most))
    chatter(play, rng, names, rng.randrange(0, 6), "the number")
    play.say("The result is %d.\n\nTERMINATE" % (total if bad else most), by="WebSearch_Expert")


# -- a software company ---------------------------------------------------------------------------
ROLES = {n: "ChatDev is a software company powered by multiple intelligent agents. You are the %s of ChatDev. We share a common interest in collaborating to successfully complete a task assigned by a new customer." % n
         for n in ("Chief Executive Officer", "Chief Product Officer", "Chief Technology Officer", "Programmer", "Code Reviewer", "Software Test Engineer")}


def phase(play, rng, many):
    for _ in range(many * play.stretch):
        play.say(rng.choice(("Besides the source code we should write a manual: how to install it, the main functions, and how to play or use it. I suggest Markdown.",
                             "I've read the requirements again. No external dependencies beyond the standard library seem to be needed; requirements.txt can stay nearly empty.",
                             "Error handling: wrong input should print a message and ask again, not end the program.", "A license file is not asked for; I would leave it out.", "We should name the files after what they hold, in lower case.",
                             "As to the look: keep it plain, with one screen and clear labels.", "The structure in two modules, one for the logic and one for input and output, is easy to maintain. I have no objection.")), by=rng.choice(sorted(ROLES)))


def notation(play, rng, bad):
    game, move, shown = rng.choice((("chess", "standard algebraic notation, e.g. 'Ke8' or 'Qd4'", "Qd4"), ("checkers", "numeric notation of squares, e.g. '11-15' or '22x17'", "11-15"), ("go", "letter and number, e.g. 'D4' or 'Q16'", "D4")))
    play.gather("Develop a %s game for two players in the terminal. It should accept moves in %s. Illegal moves must be refused. No GUI." % (game, move), "ChatChain", ROLES)
    phase(play, rng, rng.randrange(0, 3))
    play.say("<INFO> Application", by="Chief Product Officer")
    play.say("The customer wants a two player %s game in the terminal with moves in notation. I propose Python." % game, by="Chief Executive Officer")
    play.say("<INFO> Python", by="Chief Technology Officer")
    phase(play, rng, rng.randrange(0, 2))
    body = ("    raw = input('Move as x1,y1 x2,y2: ')\n    src, dst = raw.split()\n    src = tuple(map(int, src.split(',')))\n    dst = tuple(map(int, dst.split(',')))\n    board.move(src, dst)"
            if bad else "    raw = input('Move (e.g. %s): ')\n    src, dst = parse_notation(board, raw.strip())\n    if not board.legal(src, dst):\n        print('Illegal move'); continue\n    board.move(src, dst)" % shown)
    call = play.say("main.py\n```python\nfrom board import Board\n\nboard = Board()\nwhile not board.over():\n    board.show()\n%s\n```\nboard.py\n```python\nclass Board:\n    def __init__(self):\n        self.squares = setup()\n    def legal(self, a, b):\n        return b in self.reach(a)\n    def move(self, a, b):\n        self.squares[b] = self.squares.pop(a)\n```" % body, by="Programmer")
    if bad:
        play.fault(call, "1.1 Disobey task specification", "The moves are read as coordinates; the customer demanded %s." % move, "Programmer")
    phase(play, rng, rng.randrange(0, 2))
    for _ in range(rng.randrange(1, 3)):
        play.say(rng.choice(("The board is shown once per loop; I'd suggest to clear the screen before. Apart from that the code is well structured.", "Please add docstrings to the methods of Board. Otherwise: no undefined names, all imports used.")), by="Code Reviewer")
        play.say("I added what was suggested.\n\nboard.py\n```python\nclass Board:\n    \"\"\"The squares, and what stands on them.\"\"\"\n```", by="Programmer")
    play.say("The test reports of the software: The software run successfully without errors.\n<INFO> Finished", by="Software Test Engineer")
    phase(play, rng, rng.randrange(0, 3))
    play.say("The software is complete and can be delivered to the customer.", by="Chief Executive Officer")


def overstepped_role(play, rng, bad):
    app = rng.choice(("expense tracker", "flash card trainer", "recipe box", "seating planner"))
    play.gather("Make a %s. It runs in a browser, keeps its data between visits, and has a page for import from CSV." % app, "ChatChain", ROLES)
    phase(play, rng, rng.randrange(0, 4))
    play.say("Let us discuss the modality of the product. As Chief Product Officer I want to hear your view, since the decision lies with you; options are website, application, dashboard.", by="Chief Product Officer")
    if bad:
        call = play.say("I think that we have discussed this enough. A desktop application with Tkinter is what my experience suggests, and a CSV import can follow in a later version. I conclude this phase on behalf of the CEO.\n\n<INFO> Application", by="Chief Product Officer" if rng.random() < .5 else "Chief Technology Officer")
        play.fault(call, "1.2 Disobey role specification", "Ends the discussion in the name of the CEO and decides on a desktop application; the customer wants it to run in a browser.", call.message.name)
    else:
        play.say("The customer says that it runs in a browser and keeps data between visits. So it is a website with a small server.\n\n<INFO> Website", by="Chief Executive Officer")
    phase(play, rng, rng.randrange(0, 3))
    play.say("<INFO> Python", by="Chief Technology Officer")
    src = "import tkinter as tk\nroot = tk.Tk()\nroot.title('%s')\nroot.mainloop()" % app if bad else "from http.server import HTTPServer, BaseHTTPRequestHandler\nimport csv, json\nclass App(BaseHTTPRequestHandler):\n    def do_POST(self):\n        rows = list(csv.reader(self.body()))\n        save(rows)"
    play.say("main.py\n```python\n%s\n```" % src, by="Programmer")
    play.say("The code corresponds to what was decided in the design phase. <INFO> Finished", by="Code Reviewer")
    phase(play, rng, rng.randrange(0, 3))
    play.say("The software run successfully without errors. <INFO> Finished", by="Software Test Engineer")
    if rng.random() < .6:
        play.say("Here is the manual:\n# %s\n## Installation\npython main.py\n## Usage\nStart it and add entries." % app.title(), by="Chief Product Officer")


def review_without_run(play, rng, bad):
    prog = rng.choice(("sudoku solver", "word search generator", "budget splitter"))
    play.gather("Write a %s as a Python module with a function solve(data). Tests in test_solve.py must pass before delivery; the reviewer runs them." % prog, "SoftwareTeam", {
        "Architect": "You design modules.", "Engineer": "You write the code.", "QaEngineer": "You review: run the tests in the terminal, and reject what fails."})
    for _ in range(rng.randrange(0, 5)):
        play.say(rng.choice(("## Requirement pool\n- P0: solve(data) returns the solved data or None\n- P1: no recursion deeper than the input", "## Anything UNCLEAR\nWhether input may be changed in place. I assume that it may.", "## Implementation approach\nWe use plain Python, no framework. The difficult point is to bound the search.", "## File list\n- solve.py\n- test_solve.py\n\n## Data structures\nA grid is a list of lists of int.")), by="Architect")
    wrong = "    for v in range(1, 9):" if bad else "    for v in range(1, 10):"
    written = play.say("solve.py\n```python\ndef solve(data):\n    spot = empty(data)\n    if spot is None:\n        return data\n%s\n        if fits(data, spot, v):\n            put(data, spot, v)\n            if solve(data):\n                return data\n            put(data, spot, 0)\n    return None\n```" % wrong, by="Engineer")
    play.say("test_solve.py\n```python\nfrom solve import solve\n\ndef test_easy():\n    assert solve(EASY) == EASY_DONE\n\ndef test_hard():\n    assert solve(HARD) is not None\n```", by="Engineer")
    for _ in range(rng.randrange(0, 2)):
        play.say("I have added type hints to both files; the logic is as before.", by="Engineer")
    if bad:
        call = play.say("I went through solve.py line by line. The recursion is bounded, backtracking resets the field, and the tests cover an easy and a hard case. As the logic is right, the tests will pass.\n\nReview: LGTM, approved for delivery.", by="QaEngineer")
        play.fault(written, "3.2 No or incomplete verification", "The loop tries 1 to 8 only, so that no grid with a 9 is solved.", "Engineer")
        play.fault(call, "3.2 No or incomplete verification", "Approves without running the tests, though running them is its task and a test would have failed.", "QaEngineer")
    else:
        play.say("I run the tests.\n\n```sh\npython -m pytest -q test_solve.py\n```", by="QaEngineer")
        play.terminal("..                                                                       [100%]\n2 passed in 0.31s\n")
        play.say("Both tests pass. Approved for delivery.", by="QaEngineer")
    for _ in range(rng.randrange(0, 4)):
        play.say(rng.choice(("I wrote README.md with a short example.", "The docstring of solve() now says what is returned when there is no solution.", "I bumped the version to 0.1.0.")), by=rng.choice(("Engineer", "Architect")))
    play.say("Delivered: solve.py, test_solve.py, README.md.", by="Engineer")


FAMILIES = {"team.header_counted": ("team", header_counted), "team.assumed_sample": ("team", assumed_sample), "team.other_question": ("team", other_question),
            "team.notation": ("team", notation), "team.overstepped_role": ("team", overstepped_role), "team.review_without_run": ("team", review_without_run)}
