"""Teams of the closed half: experts, an orchestrator with a ledger, a software company."""
import weather
from closed.clutter import talk
from wire import compact

OPEN = "TO" + "DO"   # as programs mark what is left


def meet(play, task, *names):
    play.gather("# General Task\n%s\n\n# Suggestions from manager\nWork step by step, let the terminal run your code, and state the answer in one line." % task, "Chat_Manager",
                {n: "You are %s in a group of experts. Solve the task together; the Computer_terminal runs your code." % n for n in names})


def code(text, source):
    return "%s\n\n```python\n%s\n```" % (text, source)


def ignored_correction(play, rng, bad):
    ore, names = rng.choice(("feldspar", "galena", "azurite")), ("Geology_Expert", "Data_Expert", "Reviewer_Expert")
    a, b = rng.randrange(20, 60), rng.randrange(3, 9)
    meet(play, "The file /data/samples.csv holds drill samples. How many distinct samples contain %s? Duplicated sample numbers are the same sample." % ore, *names)
    talk(play, rng, names, rng.randrange(0, 4), "the samples")
    play.say(code("I count the rows with the mineral.", "import csv\nrows = list(csv.DictReader(open('/data/samples.csv')))\nprint(len([r for r in rows if '%s' in r['minerals']]), len({r['sample'] for r in rows}), len(rows))" % ore), by="Data_Expert")
    play.terminal("%d %d %d\n" % (a + b, a * 4, a * 4 + b + 11))
    play.say("Please note: there are more rows than sample numbers, so some samples are listed twice. The task says that these are one sample. The count of rows is too high; we need the count of distinct numbers.", by="Reviewer_Expert")
    talk(play, rng, names, rng.randrange(0, 2), "the count")
    if bad:
        call = play.say("Thank you all. The terminal shows that %d entries contain %s, which is in the expected range for this kind of survey. I'd consider the question answered with %d." % (a + b, ore, a + b), by=rng.choice(("Geology_Expert", "Data_Expert")))
        play.fault(call, "2.5 Ignored other agent's input", "Takes the number of rows although a colleague has just said that duplicates must be counted once.", call.message.name)
        value = a + b
    else:
        play.say(code("Right. I count distinct numbers.", "print(len({r['sample'] for r in rows if '%s' in r['minerals']}))" % ore), by="Data_Expert")
        play.terminal("%d\n" % a)
        value = a
    talk(play, rng, names, rng.randrange(0, 4), "the report")
    play.say("Final answer: %d\n\nTERMINATE" % value, by="Geology_Expert")


def derailed(play, rng, bad):
    names = ("Linguistics_Expert", "History_Expert", "Python_Expert")
    word, lang = rng.choice((("saltire", "Scots"), ("fjell", "Norwegian"), ("machair", "Gaelic")))
    n = rng.randrange(4, 40)
    meet(play, "How often does the word '%s' occur in /data/diary.txt, in any case of letters?" % word, *names)
    talk(play, rng, names, rng.randrange(0, 4), "the diary")
    if bad:
        call = play.say("Before we count anything, the origin of '%s' deserves attention. It is of %s origin, and its spelling has varied greatly over the centuries. I propose that we establish its etymology and the earliest printed occurrence first." % (word, lang), by=rng.choice(("Linguistics_Expert", "History_Expert")))
        play.fault(call, "2.3 Task derailment", "Turns a count in a file into a study of the word's origin; the file is never opened.", call.message.name)
        for _ in range(rng.randrange(2, 7)):
            play.say(rng.choice(("Fascinating. The form with double consonants seems to be younger, and clerks of the chancery preferred it.", "One should also consider loans into neighbouring languages, which are attested in legal texts.",
                                 "I would date the earliest occurrence to the fifteenth century, with the caveat that charters were often copied later.", "Its meaning narrowed over time; the diary's author may have used it in the older sense.")), by=rng.choice(names))
        play.say("In summary, '%s' is of %s origin and its spelling varied.\n\nTERMINATE" % (word, lang), by=rng.choice(names))
    else:
        play.say(code("I count.", "import re\nprint(len(re.findall(r'\\b%s\\b', open('/data/diary.txt').read(), re.I)))" % word), by="Python_Expert")
        play.terminal("%d\n" % n)
        talk(play, rng, names, rng.randrange(0, 4), "the count")
        play.say("The word occurs %d times.\n\nTERMINATE" % n, by="Linguistics_Expert")


def says_one_does_other(play, rng, bad):
    names = ("Finance_Expert", "Coder_Expert", "Validator_Expert")
    skip = rng.choice(("refunded", "internal", "test"))
    all_, kept = rng.randrange(60000, 90000), rng.randrange(20000, 50000)
    meet(play, "From /data/orders.csv compute the total revenue of 2021. Orders with status '%s' do not count." % skip, *names)
    talk(play, rng, names, rng.randrange(0, 4), "the orders")
    if rng.random() < .5:
        play.say(code("First a look at the columns.", "import pandas as pd\ndf = pd.read_csv('/data/orders.csv')\nprint(df.head(3))"), by="Coder_Expert")
        play.terminal("   id        date   status   amount\n0   1  2021-01-03     paid    %d.5\n1   2  2021-01-04  %s    12.0\n2   3  2020-12-30     paid    99.9\n" % (rng.randrange(9, 90), skip))
    src = "import pandas as pd\ndf = pd.read_csv('/data/orders.csv', parse_dates=['date'])\ndf = df[df.date.dt.year == 2021]\n%sprint(round(df.amount.sum(), 2))" % ("" if bad else "df = df[df.status != '%s']\n" % skip)
    call = play.say(code("I take the orders of 2021, leave out those with status '%s', and sum the amounts." % skip, src), by="Coder_Expert")
    play.terminal("%d.25\n" % (all_ if bad else kept))
    if bad:
        play.fault(call, "2.6 Reasoning-action mismatch", "Says that '%s' orders are left out; the code has no such filter." % skip, "Coder_Expert")
    talk(play, rng, names, rng.randrange(0, 3), "the sum")
    play.say("The year is filtered, %s orders are left out, and the sum is plausible. Validated." % skip, by="Validator_Expert")
    talk(play, rng, names, rng.randrange(0, 3), "the report")
    play.say("Total revenue of 2021: %d.25\n\nTERMINATE" % (all_ if bad else kept), by="Finance_Expert")


def started_over(play, rng, bad):
    names = ("Logic_Expert", "Math_Expert", "Programmer_Expert")
    n = rng.randrange(11, 60)
    w = n + rng.randrange(2, 9)
    meet(play, "A grid of %d by %d lamps is switched by the rule in /data/rule.txt. How many lamps are on after the last step?" % (n, n), *names)
    talk(play, rng, names, rng.randrange(0, 3), "the rule")
    play.say("My first idea: every divisor flips a lamp, so %d lamps are on, the squares." % w, by="Math_Expert")
    play.say(code("Let me check this against the rule by simulation.", "from rule import step\nstate = step(%d)\nprint(sum(map(sum, state)))" % n), by="Programmer_Expert")
    play.terminal("%d\n" % n)
    play.say("The simulation gives %d, so the idea with the divisors does not hold: the rule has an exception for the border." % n, by="Logic_Expert")
    talk(play, rng, names, rng.randrange(0, 3), "the border")
    if bad:
        call = play.say("Hello everyone! Let us begin with the task. A grid of lamps is switched by a rule. As a first step I would think about divisors: a lamp is on if it was flipped an odd number of times, which gives %d. Does anybody have other thoughts?" % w, by=rng.choice(("Math_Expert", "Logic_Expert")))
        play.fault(call, "2.1 Conversation reset", "Starts from the beginning and puts the refuted idea forward again; the simulated result is dropped.", call.message.name)
    talk(play, rng, names, rng.randrange(0, 4), "the answer")
    play.say("That settles it: %d lamps.\n\nTERMINATE" % (w if bad else n), by=rng.choice(names))


def placeholder(play, rng, bad):
    prog = rng.choice(("tetris", "connect four", "minesweeper"))
    roles = {n: "You are the %s of a small software company. Follow the phase that is open." % n for n in ("CEO", "CTO", "Programmer", "Reviewer", "Tester")}
    play.gather("Build %s with a computer opponent of two levels, easy and hard. Everything must be implemented; no placeholders." % prog, "Company", roles)
    talk(play, rng, roles, rng.randrange(0, 4), "the design")
    hard = "        # %s: implement hard level\n        pass" % OPEN if bad else "        return max(self.moves(b), key=lambda m: self.score(b, m, depth=4))"
    made = play.say("opponent.py\n```python\nclass Opponent:\n    def easy(self, b):\n        return random.choice(self.moves(b))\n\n    def hard(self, b):\n%s\n```\ngame.py\n```python\nfrom opponent import Opponent\n# draws the board, reads keys, counts points\n```" % hard, by="Programmer")
    talk(play, rng, roles, rng.randrange(0, 3), "the review")
    play.say("The modules are separated well. I suggest constants for the colours.", by="Reviewer")
    if rng.random() < .6:
        play.say("game.py\n```python\nRED, BLUE = (200, 0, 0), (0, 0, 200)\n```", by="Programmer")
    if bad:
        play.fault(made, "3.1 Premature termination", "The hard level is a comment and a pass, which the task forbids; it is never filled in.", "Programmer")
        end = play.say("We have a working version and time is short. I close the coding phase; open ends can be completed in a later release. <INFO> Finished", by=rng.choice(("CTO", "CEO")))
        play.fault(end, "3.1 Premature termination", "Closes the phase with a level that is not written.", end.message.name)
    else:
        play.say("Both levels are there and play legal moves in my tests. <INFO> Finished", by="Tester")
    talk(play, rng, roles, rng.randrange(0, 4), "the delivery")
    play.say("Delivered to the customer: game.py, opponent.py, manual.md.", by="CEO")


def satisfied(play, rng, bad):
    shop = rng.choice(("garden centre", "bike shop", "bakery"))
    street = rng.choice(("Elm Road", "Harbour Street", "Mill Lane"))
    team = {"Orchestrator": "You lead a team: write a plan, then a ledger in JSON after each turn.", "WebSurfer": "You operate a browser.", "Assistant": "You write and compute."}
    play.gather("Which %s within 1 km of %s has the best rating and is open on Sunday after 17:00?" % (shop, street), "MagenticOne", team)

    def ledger(done, who, text):
        return play.say(compact({"is_request_satisfied": {"reason": text, "answer": done}, "is_in_loop": {"reason": "No action was repeated.", "answer": False}, "is_progress_being_made": {"reason": "Information was gathered.", "answer": True},
                                 "next_speaker": {"reason": "as planned", "answer": who}, "instruction_or_question": {"reason": "", "answer": text}}), by="Orchestrator")

    play.say("Initial plan:\n1. WebSurfer lists each %s within 1 km of %s with its rating.\n2. WebSurfer opens the page of each and reads the opening hours on Sunday.\n3. Assistant compares." % (shop, street), by="Orchestrator")
    names = rng.sample(("Green Corner", "Old Wharf", "Three Keys", "Sunny Side", "Patch & Co"), 3)
    ledger(False, "WebSurfer", "Search for each %s near %s and list them with rating." % (shop, street))
    play.say("I typed '%s near %s' into the search box. The following text is visible in the viewport:\n%s\nThe page has a cookie banner at the bottom." % (shop, street, "\n".join("%s  %.1f (%d reviews)  %d m" % (n, rng.uniform(3, 5), rng.randrange(9, 600), rng.randrange(90, 990)) for n in names)), by="WebSurfer")
    for _ in range(rng.randrange(0, 4) * play.stretch):
        ledger(False, "WebSurfer", "Scroll down and see if there are more.")
        play.say("I scrolled down one page in the browser. The viewport shows %d%% of the webpage, and is positioned %d%% down from the top. There are advertisements and a map, and no further entries." % (rng.randrange(20, 50), rng.randrange(20, 90)), by="WebSurfer")
    if bad:
        call = ledger(True, "Assistant", "WebSurfer has listed the places with their ratings and distances; the request is satisfied.")
        play.fault(call, "Plan Adherence Failure", "Calls the request satisfied after the first of three steps of its plan; opening hours were never read.", "Orchestrator")
    else:
        for n in names:
            ledger(False, "WebSurfer", "Open the page of %s and read the hours on Sunday." % n)
            play.say("I clicked '%s'. Sunday: %d:00 to %d:00." % (n, rng.randrange(8, 11), rng.choice((13, 16, 18, 19))), by="WebSurfer")
        ledger(True, "Assistant", "All hours are known.")
    if rng.random() < .5:
        play.say("Let me phrase the answer: among the places found, I compare the ratings.", by="Assistant")
    for _ in range(rng.randrange(0, 3)):
        play.say("%s seems to fit." % names[0], by="Assistant")
    play.say("FINAL ANSWER: %s" % names[0], by="Orchestrator")


FAMILIES = {"team.ignored_correction": ("team", ignored_correction), "team.derailed": ("team", derailed), "team.says_one_does_other": ("team", says_one_does_other),
            "team.started_over": ("team", started_over), "team.placeholder": ("team", placeholder), "team.satisfied": ("team", satisfied)}
