"""Named experts and a terminal that runs what they write, in one flat chat."""
import wires

START = {"agent": "Planner_Expert"}


def opening(c, task, manager, plan):
    c.user("You are given: (1) a task and advises from your manager with a specific plan and (2) a general task.\n# General "
         "task\n%s\n\n# Task and suggestions from manager\n%s\n\n## Plan\n%s" % (
        task, manager, "\n".join("%d. %s" % row for row in enumerate(plan, 1))))


def run_code(c, agent, text, code, result, root="", error=False):
    c.do(text, "python", {"code": code},
         ("exitcode: 1 (execution failed)\nCode output: " if error else "exitcode: 0 (execution succeeded)\nCode output: ") + result,
         agent=agent, root=root)


def chatter(c, agents, low=0, high=3):
    for _ in c.many(low, high):
        c.say(c.pick("I agree with the plan. Let us go step by step.",
             "To be sure that we mean the same: we need one figure at the end, is that right?",
             "Noted. I am ready as soon as the data are there.",
                     "That is consistent with the task as I read it.", "Please go on with the next step of the plan."), c.pick(*agents))


def wrong_formula(c):
    """The analyst's formula is not what was asked (a mean of ratios, a population deviation); the checker runs the same code."""
    team = ("DataAnalysis_Expert", "Statistics_Expert", "Verification_Expert")
    rows = [(c.rng.randint(3, 30), c.rng.randint(31, 90)) for _ in range(c.rng.randint(4, 7))]
    sampled = c.rng.random() < .5
    task = ("The table lists successes and attempts: %r. What is the overall success rate in percent, over all attempts together? Round "
         "to two decimals." % rows if not sampled else
            "What is the sample standard deviation of these readings: %r? Round to two decimals." % [b for _, b in rows])
    opening(c, task, "Compute the value from the table with care.", ["Load the table.", "Compute what the task asks for.", "Verify."])
    chatter(c, team, 0, 7)
    run_code(c, "DataAnalysis_Expert", "First I load the table.", "rows = %r\nprint(len(rows))" % rows, str(len(rows)))
    chatter(c, team, 0, 5)
    good, bad = _rates(rows) if not sampled else _deviations([b for _, b in rows])
    codes = ("sum(a for a, _ in rows) / sum(b for _, b in rows) * 100",
         "sum(a / b for a, b in rows) / len(rows) * 100") if not sampled else (
        "statistics.stdev(b for _, b in rows)", "statistics.pstdev(b for _, b in rows)")
    if c.rng.random() < .5:
        run_code(c, "Statistics_Expert", "I compute it from the rows.", "print(round(%s, 2))" % codes[c.bad],
             "Traceback (most recent call last):\n  File \"\", line 1\nNameError: name 'rows' is not defined",
                 error=True, root="Wrong formula" if c.bad else "")
        run_code(c, "Statistics_Expert", "The table was not in scope; I repeat it.", "import statistics\nrows = %r\nprint(round(%s, 2))"
             % (rows, codes[c.bad]), "%.2f" % (bad if c.bad else good))
    else:
        run_code(c, "Statistics_Expert", "I compute it from the rows.", "import statistics\nrows = %r\nprint(round(%s, 2))"
             % (rows, codes[c.bad]), "%.2f" % (bad if c.bad else good), root="Wrong formula" if c.bad else "")
    chatter(c, team, 0, 7)
    if c.rng.random() < .6:
        run_code(c, "Verification_Expert", "I repeat the computation independently.",
             "import statistics\nrows = %r\nresult = %s\nprint(f'{result:.2f}')" % (rows, codes[c.bad]), "%.2f"
             % (bad if c.bad else good))
    c.say("The value is confirmed. The result is %.2f. TERMINATE" % (bad if c.bad else good), "Verification_Expert")


def _rates(rows):
    return sum(a for a, _ in rows) / sum(b for _, b in rows) * 100, sum(a / b for a, b in rows) / len(rows) * 100


def _deviations(values):
    mean = sum(values) / len(values)
    square = sum((v - mean) ** 2 for v in values)
    return (square / (len(values) - 1)) ** .5, (square / len(values)) ** .5


def made_up_data(c):
    """The site cannot be read; a made-up table takes its place and is soon spoken of as the real one."""
    team = ("WebScraping_Expert", "Data_Expert", "Validation_Expert")
    place = c.pick("the Lindow gauge", "Pier 9", "the Arnsberg station", "Gate C of the stadium")
    values = [c.rng.randint(20, 99) for _ in range(6)]
    opening(c, "Which month of 2022 had the highest reading at %s, according to readings.example?" % place,
         "Get the readings and take the largest.", ["Fetch the readings.", "Find the maximum.", "Validate."])
    chatter(c, team, 0, 3)
    for url in c.rng.sample(["https://readings.example/2022", "https://readings.example/archive/2022.csv",
            "https://readings.example/api?y=2022"], c.rng.randint(1, 3)):
        run_code(c, "WebScraping_Expert", c.pick("I fetch the page.", "Perhaps this address works.", ""),
             "import requests\nr = requests.get('%s')\nr.raise_for_status()\nprint(r.text)" % url,
                 "requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: " + url, error=True)
    chatter(c, team, 0, 2)
    months = ["January", "March", "May", "July", "September", "November"]
    table = "readings = " + repr(dict(zip(months, values)))
    if c.bad:
        run_code(c, c.pick(*team[:2]),
             c.pick("As the page cannot be reached, let us assume the following readings for the purpose of going on.",
             "We will work with representative values for now."), table + "\nprint(len(readings))", "6", root="Invented data")
    else:
        run_code(c, "WebScraping_Expert", "With a browser's user agent it may be served.",
             "import requests\nprint(requests.get('https://readings.example/2022', headers={'User-Agent': 'Mozilla/5.0'}).text)",
             str(dict(zip(months, values))))
    chatter(c, team, 0, 4)
    run_code(c, "Data_Expert", "Now the maximum.", table + "\nprint(max(readings, key=readings.get))", months[values.index(max(values))])
    if c.rng.random() < .5:
        run_code(c, "Validation_Expert", "I check that the maximum is right.", table
             + "\nprint(sorted(readings.items(), key=lambda r: -r[1])[0])", str((months[values.index(max(values))], max(values))))
    c.say("The month with the highest reading at %s is %s. TERMINATE" % (place, months[values.index(max(values))]), "Validation_Expert")


def misread_rule(c):
    """A puzzle's rule is restated wrongly in an early message; each later step follows the restatement."""
    team = ("Puzzle_Expert", "Logic_Expert", "Checker_Expert")
    n, k = c.rng.randint(20, 60), c.rng.randint(3, 7)
    opening(c,
         "%d players stand in a circle, numbered from 1. Starting with player 1, every %dth player leaves, counting on from the next "
         "one who is still in. Which number is left?" % (n, k), "Simulate the game.", ["Restate the rules.", "Simulate.", "Check."])
    chatter(c, team, 0, 9)
    if c.bad:
        c.say("Restating the rules: the players stand in a row; in each round those at the places %d, %d, %d ... leave at once, and the "
             "next round begins at the front again, until one is left." % (k, 2 * k, 3 * k), "Puzzle_Expert", root="Problem misread")
    else:
        c.say("Restating the rules: we go round the circle and take out every %dth of those still in, without starting anew." % k,
             "Puzzle_Expert")
    chatter(c, team, 0, 3)
    last, code = _left(n, k, c.bad)
    if c.rng.random() < .4:
        run_code(c, "Logic_Expert", "Here is the simulation.", code.replace("print", "pprint"), "NameError: name 'pprint' is not defined",
             error=True)
    run_code(c, "Logic_Expert", "Here is the simulation of these rules.", code, str(last))
    chatter(c, team, 0, 7)
    run_code(c, "Checker_Expert", "I try a small case by hand and the large one again.", code, str(last))
    c.say("Player %d is left. TERMINATE" % last, "Checker_Expert")


def _left(n, k, bad):
    players = list(range(1, n + 1))
    if bad:
        while len(players) >= k:
            players = [p for i, p in enumerate(players, 1) if i % k]
        return players[0], "p = list(range(1, %d))\nwhile len(p) >= %d:\n    p = [x for i, x in enumerate(p, 1) if i %% %d]\nprint(p[0])" % (n
             + 1, k, k)
    at = 0
    while len(players) > 1:
        at = (at + k - 1) % len(players)
        players.pop(at)
    return players[0], "p = list(range(1, %d))\ni = 0\nwhile len(p) > 1:\n    i = (i + %d) %% len(p)\n    p.pop(i)\nprint(p[0])" % (n + 1,
         k - 1)


FAMILIES = [("wrong_formula", "captain-chat", wires.CHATS, START, wrong_formula),
     ("made_up_data", "captain-chat", wires.CHATS, START, made_up_data),
            ("misread_rule", "group-chat", wires.CHATS, START, misread_rule)]
