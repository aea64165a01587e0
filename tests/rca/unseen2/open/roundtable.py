"""Named agents in one chat solve a task with numbers: a planner, a coder, a terminal, a checker."""
from dialects import TeamChat
from text import code, person, say

FAULTS = ["ignored_peer", "rubber_stamp", "wrong_code", "misread_output", "format", "lost_constraint", "early_end", "one_of_n"]


class Task:
    def __init__(self, rng):
        self.rng = rng
        self.what = rng.choice(["orders", "rides", "loans", "sensors", "tickets"])
        self.file = "/data/%s_%s.csv" % (self.what, code(rng, "20##"))
        self.group = rng.choice(["region", "branch", "line", "class"])
        self.skip = rng.choice(["cancelled rows", "test rows", "rows without a date"])
        self.n = rng.randint(2, 4)
        self.names = rng.sample(["north", "harbour", "old town", "east", "campus", "airport", "valley"], self.n)
        self.right = [rng.randint(200, 9000) / 10 for _ in self.names]
        self.wrong = [round(x * rng.uniform(1.05, 1.4), 1) for x in self.right]
        self.text = say(rng, "{From|In} $f: what is the mean value for each of the {groups|$g values} $n? {Leave out|Do not count} $s. "
                        "{End with one line of the form|The last message has to hold exactly one line} `RESULT: name=value, name=value`{ (one decimal)| with one decimal}.",
                        f=self.file, g=self.group, n=", ".join(self.names), s=self.skip)

    def out(self, values):
        return "\n".join("%-10s %8.1f" % x for x in zip(self.names, values))

    def result(self, values, count=None):
        return "RESULT: " + ", ".join("%s=%.1f" % x for x in list(zip(self.names, values))[:count])


def roundtable(rng, fault):
    t = TeamChat(rng, "analysis-chat")
    k = Task(rng)
    planner, coder, checker = rng.sample(["Planner", "Lead", "Data_Engineer", "Python_Expert", "Statistician", "Reviewer", "Auditor"], 3)
    shell = rng.choice(["Computer_terminal", "Executor", "code_runner"])
    for n, p in ((planner, "You split the task and keep it in mind."), (coder, "You write Python in blocks."), (checker, "You check results of others; answer TERMINATE when the task is solved.")):
        t.member(n, say(rng, p + " {You are one of several experts.|Work with the others.|}"))
    t.team(k.text)
    lost = fault == "lost_constraint"
    s = t.post(planner, say(rng, "{Let's|We should} {load|read} $f, $sgroup by $g and take the mean. $c, {please start|your turn|can you write it?}", f=k.file,
                            s="" if lost else "drop the %s, " % k.skip, g=k.group, c=coder))
    if lost:
        t.root(s, "lost_requirement", "the plan leaves out that %s do not count" % k.skip)
    small_talk(rng, t, k, planner, coder, checker, shell)
    bare = fault in ("lost_constraint", "wrong_code", "ignored_peer", "rubber_stamp")
    body = "import pandas as pd\ndf = pd.read_csv('%s')\n%sprint(df[df.%s.isin(%r)].groupby('%s').value.mean().round(1))" % (
        k.file, "" if bare else "df = df[df.counts == 1]   # without %s\n" % k.skip, k.group, k.names, k.group)
    s = t.post(coder, say(rng, "{Here is the code.|This should do it.|}\n```python\n") + "\n" + body + "\n```")
    if fault in ("wrong_code", "rubber_stamp", "ignored_peer"):
        (t.also if fault == "ignored_peer" else t.root)(s, "wrong_code", "does not leave out the %s" % k.skip)
    values = k.wrong if bare else k.right
    t.post(shell, "exitcode: 0 (execution succeeded)\nCode output:\n" + k.out(values))
    end(rng, t, k, planner, coder, checker, shell, fault, values)
    t.over()
    return t


def small_talk(rng, t, k, planner, coder, checker, shell):
    """Looks at the file, an error put right."""
    for _ in range(rng.randint(0, 4)):
        kind = rng.randrange(3)
        if kind == 0:
            t.post(coder, say(rng, "{First a look at the columns.|What is in the file?}") + "\n```python\nimport pandas as pd\nprint(pd.read_csv('%s').head())\n```" % k.file)
            t.post(shell, "exitcode: 0 (execution succeeded)\nCode output:\n   %s  value  counts\n0  %s  %.1f  1\n1  %s  %.1f  %d" % (
                k.group, k.names[0], rng.uniform(1, 900), k.names[-1], rng.uniform(1, 900), rng.randint(0, 1)))
        elif kind == 1:
            t.post(coder, say(rng, "{Counting rows.|How many rows are there?}") + "\n```python\nprint(len(open('%s').readlines())\n```" % k.file)
            t.post(shell, "exitcode: 1 (execution failed)\nCode output:\n  File \"<stdin>\", line 1\n    print(len(open('%s').readlines())\n         ^\nSyntaxError: '(' was never closed" % k.file)
            t.post(coder, say(rng, "{A bracket was missing.|Sorry, a typo.}") + "\n```python\nprint(len(open('%s').readlines()))\n```" % k.file)
            t.post(shell, "exitcode: 0 (execution succeeded)\nCode output:\n%d" % rng.randint(300, 90000))
        else:
            t.post(planner, say(rng, "{Column `counts` marks|I think `counts` tells} which rows count{, as the documentation says|}."))
            t.post(checker, say(rng, "{Agreed.|Makes sense.|Yes.}"))


def end(rng, t, k, planner, coder, checker, shell, fault, values):
    if fault == "ignored_peer":
        t.post(checker, say(rng, "{Careful:|I disagree:|One problem:} {the code never drops the $s|$s are still in there}, {so these means are too high|the numbers cannot be used}. {Please filter on `counts`.|Filter first.}", s=k.skip))
        s = t.post(coder, say(rng, "{I think the result is fine as it is.|The effect will be small.|The output looks plausible.}\n") + "\n" + k.result(values))
        t.root(s, "ignored_warning", "the checker had said that %s are still counted" % k.skip)
        t.post(planner, say(rng, "{Good, that is our answer.|Then we are done.} TERMINATE"))
        return
    if fault == "misread_output":
        off = list(values)
        off[0], off[1] = off[1], off[0]
        s = t.post(coder, say(rng, "{So the means are:|This gives}\n") + "\n" + k.result(off))
        t.root(s, "misread_result", "exchanges the values of %s and %s" % tuple(k.names[:2]))
    elif fault == "one_of_n":
        s = t.post(coder, k.result(values, 1))
        t.root(s, "incomplete_answer", "gives one of %d groups" % k.n)
    elif fault == "format":
        s = t.post(coder, say(rng, "{The means are|We get} ") + " and ".join("%.1f for %s" % (v, n) for n, v in zip(k.names, values)) + ".")
        t.root(s, "wrong_format", "the line RESULT: is missing")
    elif fault == "early_end":
        s = t.post(checker, say(rng, "{Thanks, that solves it.|The task is solved.} TERMINATE"))
        t.root(s, "premature_end", "ends the chat before anybody gave the result line")
        return
    else:
        t.post(coder, k.result(values))
    if rng.random() < .5:
        t.post(planner, say(rng, "$c, {do you agree?|can you check this?}", c=checker))
    s = t.post(checker, say(rng, "{Checked:|I verified it,} {code and output agree|everything is as asked}. TERMINATE"))
    if fault in ("rubber_stamp", "format", "one_of_n", "misread_output"):
        t.also(s, "no_verification", "says that it was checked; nothing was looked at")
