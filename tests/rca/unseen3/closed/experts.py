"""Experts in a chat: what is lost between them, what is said to have run, and what a count leaves out."""
import clutter
import wires

START = {"agent": "Coordinator"}


def task(c, text, advice):
    c.user("Task for the group: %s\nAdvice: %s\nEnd with TERMINATE." % (text, advice))


def lost_between(c):
    names = ("Coordinator", "Finance_Expert", "Reviewer")
    base, rate, fee, years = c.rng.randint(10, 90) * 100, c.rng.randint(2, 6), c.rng.randint(20, 90), c.rng.randint(3, 12)
    task(c, "A deposit of %d grows by %d %% a year, and a fee of %d is taken at the end of each year. What is left after %d years, "
         "rounded down?" % (base, rate, fee, years), "Split the work between those who know.")
    clutter.remarks(c, names, 0, 5)
    if c.bad:
        c.say("Finance_Expert, please compute what %d becomes after %d years at %d %% a year, rounded down." % (base, years, rate),
             "Coordinator", root="Information withheld in hand-over")
    else:
        c.say("Finance_Expert, please compute what %d becomes after %d years at %d %% a year with a fee of %d taken each year's end, "
             "rounded down." % (base, years, rate, fee), "Coordinator")
    value = float(base)
    for _ in range(years):
        value = value * (1 + rate / 100) - (0 if c.bad else fee)
    clutter.remarks(c, names, 0, 3)
    code = "v = %d\nfor _ in range(%d):\n    v = v * %s%s\nprint(int(v))" % (base, years, 1 + rate / 100, "" if c.bad else " - %d" % fee)
    if c.rng.random() < .4:
        c.do("The loop:", "python", {"code": code.replace("int(v)", "int(w)")}, "exitcode: 1\nNameError: name 'w' is not defined",
             agent="Finance_Expert")
    c.do("Here it is.", "python", {"code": code}, "exitcode: 0\n%d" % int(value), agent="Finance_Expert")
    clutter.remarks(c, names, 0, 5)
    c.say("I checked the code against the request of the Coordinator; it does what was requested. %d. TERMINATE" % int(value), "Reviewer")


def never_ran(c):
    names = ("Coder", "Analyst", "Tester")
    text = "".join(c.rng.choice("abcde") for _ in range(c.rng.randint(40, 90)))
    letter = c.rng.choice("abcde")
    n = text.count(letter)
    task(c, "How often does '%s' occur in '%s'?" % (letter, text), "Write code, run it, check.")
    clutter.remarks(c, names, 0, 6)
    if c.bad:
        n += c.pick(-2, 2, 3)
        c.say("```python\nprint('%s'.count('%s'))\n```\nWhen run, this prints %d." % (text, letter, n), "Coder",
             root="Result claimed without execution")
    else:
        c.do("Running it:", "python", {"code": "print('%s'.count('%s'))" % (text, letter)}, "exitcode: 0\n%d" % n, agent="Coder")
    clutter.remarks(c, names, 0, 5)
    c.say("So the count is %d, by the output of the code." % n, "Analyst")
    clutter.remarks(c, names, 0, 4)
    c.say("Agreed: %d. TERMINATE" % n, "Tester")


def end_points(c):
    names = ("Calendar_Expert", "Math_Expert", "Auditor")
    a = c.rng.randint(1, 200)
    b = a + c.rng.randint(20, 150)
    step = c.pick(1, 2, 3, 7)
    n = len(range(a, b + 1, step))
    task(c, "A night bus runs from day %d to day %d of the year, both included, on every %d. day from the first on. How many runs is "
         "that?" % (a, b, step), "Count, then cross-check.")
    clutter.remarks(c, names, 0, 9)
    got = n - 1 if c.bad and (b - a) % step == 0 else n
    if c.bad and got == n:
        got = n + 1
    code = "print(%s)" % (("len(range(%d, %d, %d))" % (a, b, step) if got < n else "(%d - %d) // %d + 2"
         % (b, a, step)) if c.bad else "len(range(%d, %d + 1, %d))" % (a, b, step))
    for k in c.many(0, 2):
        c.say("For day %d the weekday is not needed." % (a + k), "Calendar_Expert")
    c.do("The number of days on which it runs:", "python", {"code": code}, "exitcode: 0\n%d" % got, agent="Math_Expert",
         root="Off by one" if c.bad else "")
    clutter.remarks(c, names, 0, 9)
    c.say("%d runs in the period. I find this plausible. TERMINATE" % got, "Auditor")


FAMILIES = [("lost_between", "expert-room", wires.CHATS, START, lost_between),
     ("never_ran", "expert-room", wires.CHATS, START, never_ran), ("end_points", "chat-crew", wires.CHATS, START, end_points)]
