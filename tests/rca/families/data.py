"""A lone smolagents CodeAgent with a data file: no managed agents, hardly any tool spans."""
import content as c
from smol import Smol
from wire import tool

SYSTEM = """You are a data analyst who works by writing Python. Each step: a 'Thought:', then code between <code> \
and </code>. What the code prints is the Observation of the next step. Variables persist. Finish with \
final_answer(...).

Tools as functions:
```python
def read_guidelines(topic: string) -> string:
    \"\"\"Returns the house rules on a topic: 'rounding', 'missing values', 'definitions'.\"\"\"
def final_answer(answer: any) -> any:
```
You may import: ['pandas', 'numpy', 'json', 'csv', 'math', 'statistics', 'datetime', 're', 'os.path'].

Rules:
- Look at the columns and at a few rows before you compute anything.
- Look up the definition of a term in the guidelines before you use it.
- Keep to the form of answer that the task names, to the letter.
- Do not assume the content of a file that you have not read. Files are under /app/data only.
- If code fails, read the error and change the cause; do not run the same code again."""
TOOLS = [tool("read_guidelines", "House rules on a topic.", topic=""),
         tool("final_answer", "Final answer.", answer="")]

TOPICS = [
    ("ferry_trips", ["trip_id", "route", "departure", "passengers", "capacity", "cancelled"], "passengers",
     "route", "carried load", "passengers of trips that were not cancelled"),
    ("payments", ["psp_reference", "merchant", "year", "amount", "fee", "is_refused"], "amount", "merchant",
     "net volume", "amount of payments that were not refused"),
    ("sensor_log", ["station", "timestamp", "ph", "turbidity", "flow", "flag"], "flow", "station",
     "clean flow", "flow of rows whose flag is 0"),
    ("harvest", ["plot", "crop", "year", "tonnes", "hectares", "irrigated"], "tonnes", "crop",
     "dry harvest", "tonnes of plots that are not irrigated"),
    ("loans", ["loan_id", "branch", "opened", "principal", "rate", "defaulted"], "principal", "branch",
     "exposure", "principal of loans that have not defaulted"),
]
FAULTS = ("path", "column", "repeat", "definition", "misread", "format", "no_code", "nan", "guess", "unit")


def head(rng, columns, keys, n=6):
    rows = []
    for i in range(n):
        rows.append([str(i)] + [rng.choice(keys) if j == 1 else "%.2f" % rng.uniform(1, 900) if j > 2
                                else str(rng.randrange(1000, 99999)) for j in range(len(columns))])
    return "   ".join([""] + columns) + "\n" + "\n".join("   ".join(r) for r in rows)


def data(rng, failed):
    name, columns, value, key, term, meaning = rng.choice(TOPICS)
    keys = [rng.choice(c.COMPANY) if key == "merchant" else c.town(rng) for _ in range(5)]
    keys = sorted(set(keys))
    totals = {k: round(rng.uniform(800, 99000), 2) for k in keys}
    strict = {k: round(v * rng.uniform(0.62, 0.97), 2) for k, v in totals.items()}
    best = max(strict, key=strict.get)
    form = rng.choice(["the name, a comma, and the value with two decimals, e.g. 'Name, 12.34'",
                       "a JSON object with the keys 'name' and 'value' (two decimals)"])
    ask = ("You are given the file /app/data/%s.csv and its description /app/data/manual.md. Which %s has the highest "
           "total %s in the file, and how much is it, in the unit of the file? Answer as %s. Nothing else." % (name, key, term, form))
    w = Smol(rng, "data-analyst", rng.choice(["claude-sonnet-4", "gpt-4.1"]), session="dab-%d" % rng.randrange(10**4))
    faults = c.pick(rng, FAULTS, failed, 1, 4)
    if failed and not faults - {"path", "repeat", "column", "no_code"}:
        faults.add(rng.choice(["definition", "misread", "format", "guess"]))
    agent = w.run("analyst", SYSTEM, TOOLS, ask, kind="CodeAgent")
    w.plan(agent, "1. Facts given: %s\n2. To look up: columns, the definition of %s\n3. To derive: the totals.\n\nPlan\n"
           "1. Read the manual.\n2. Look at the file.\n3. Compute.\n4. Check and answer.\n<end_plan>" % (ask, term))
    manual = "# %s\n\n%s\n\n## Columns\n\n%s\n\n## Terms\n\n- %s: %s. Amounts are in thousand units.\n\n%s" % (
        name, c.paragraph(rng, name, 6), "\n".join("- `%s`: %s" % (k, c.sentence(rng, k)) for k in columns), term,
        meaning, c.paragraph(rng, "data", 5))
    if "path" in faults:
        bad = rng.choice(["/mnt/data/%s.csv", "./%s_clean.csv", "/app/data/raw/%s_2024.csv"]) % name
        call = w.code(agent, "I load the file.", "import pandas as pd\ndf = pd.read_csv('%s')\nprint(df.head())" % bad,
                      error="Code execution failed at line 'df = pd.read_csv('%s')' due to: FileNotFoundError: [Errno 2] "
                      "No such file or directory: '%s'" % (bad, bad))
        w.blame(call, "invented_path", "the task names /app/data/%s.csv; nothing says that %s exists" % (name, bad))
    if "definition" not in faults:
        w.code(agent, "First the manual.", "print(open('/app/data/manual.md').read())", manual)
        if rng.random() < 0.5:
            w.code(agent, "And the house rules.", "print(read_guidelines(topic='definitions'))",
                   "%s: %s." % (term, meaning), tools=[("read_guidelines", {"topic": "definitions"},
                                                        "%s: %s." % (term, meaning))])
    if rng.random() < 0.3:   # the kernel forgets a name; put right at once
        w.code(agent, "How many rows?", "print(len(df))", error="Code execution failed at line 'print(len(df))' due to: "
               "InterpreterError: The variable `df` is not defined.")
    w.code(agent, "Look at the columns and some rows.", "import pandas as pd\ndf = pd.read_csv('/app/data/%s.csv')\n"
           "print(df.columns.tolist())\nprint(df.head(6))\nprint(len(df))" % name, "%r\n%s\n%d" % (
               columns, head(rng, columns, keys), rng.randrange(900, 140000)))
    looks = [(col, how) for col in columns for how in ("describe()", "value_counts().head(12)", "isna().sum()")]
    for col, how in rng.sample(looks, rng.choice([2, 3, 5, 7, 9, 12, 17])):
        said = {"d": "count    %d\nmean     %.3f\nstd      %.3f\nmin      %.1f\nmax      %.1f" % (
            rng.randrange(900, 90000), rng.uniform(1, 900), rng.uniform(1, 90), rng.uniform(0, 1), rng.uniform(900, 9999)),
            "v": "\n".join("%-14s %6d" % (rng.choice(keys) if col == key else rng.randrange(1, 90000),
                                         rng.randrange(1, 9000)) for _ in range(12)),
            "i": str(rng.choice([0, 0, rng.randrange(1, 90)]))}[how[0]]
        w.code(agent, rng.choice(["Let me look at `%s` more closely.", "What is in `%s`?", "Is `%s` clean?"]) % col,
               "print(df['%s'].%s)" % (col, how), said)
    if "column" in faults:
        col = rng.choice(["total", "net_%s" % value, "%s_name" % key])
        call = w.code(agent, "Group by %s." % key, "print(df.groupby('%s')['%s'].sum())" % (key, col),
                      error="Code execution failed at line 'print(df.groupby('%s')['%s'].sum())' due to: KeyError: "
                      "'Column not found: %s'" % (key, col, col))
        w.blame(call, "ignored_tool_output", "uses a column that the printed list of columns does not hold")
    if "repeat" in faults:
        n = rng.randrange(3, 7)
        code = "df['day'] = pd.to_datetime(df['%s'], format='%%Y-%%m-%%d')\nprint(df['day'].min())" % columns[2]
        for i in range(n):
            call = w.code(agent, rng.choice(["Convert the dates.", "Try the conversion once more.", "The conversion "
                                             "should work now."]), code, error="Code execution failed at line 'df['day'] "
                          "= pd.to_datetime(...)' due to: ValueError: time data \"%d\" doesn't match format "
                          "\"%%Y-%%m-%%d\", at position 0" % rng.randrange(1000, 99999))
        w.blame(call, "resource_abuse", "runs the same failing conversion %d times; the task needs no dates" % n)
    if "no_code" in faults:
        call = w.unparsed(agent, "The totals for each %s have to be computed with groupby, after which the largest is "
                          "taken. I will now compute it." % key)
        w.blame(call, "format_error", "announces the computation without a code block")
    used = totals if "definition" in faults else strict
    code = "g = df[df['%s'] == 0].groupby('%s')['%s'].sum()\nprint(g.sort_values())" % (columns[-1], key, value)
    if "definition" in faults:
        code = "g = df.groupby('%s')['%s'].sum()\nprint(g.sort_values())" % (key, value)
    if "nan" in faults and "definition" not in faults:
        code = "g = df.dropna().groupby('%s')['%s'].sum()\nprint(len(df), len(df.dropna()))\nprint(g.sort_values())" % (
            key, value)
        used = {k: round(v * rng.uniform(0.2, 0.6), 2) for k, v in strict.items()}
    best = max(used, key=used.get)
    out = key + "\n" + "\n".join("%s    %.2f" % (k, v) for k, v in sorted(used.items(), key=lambda r: r[1]))
    if "nan" in faults and "definition" not in faults:
        out = "%d %d\n" % (9000 + rng.randrange(900), 2000 + rng.randrange(900)) + out
    if "guess" in faults:
        best = rng.choice(keys)
        call = w.code(agent, rng.choice([
            "From the first rows it is clear that %s is far ahead; its total will be about %.2f, so the full sum is not "
            "needed.", "%s leads with %.2f.", "The rows above show %s ahead, with %.2f in all."]) % (best, totals[best] * 1.07), "value = %.2f\nprint(value)"
                      % (totals[best] * 1.07), "%.2f" % (totals[best] * 1.07))
        w.blame(call, "hallucinated_fact", "invents the total from six rows instead of computing it")
        figure = totals[best] * 1.07
    else:
        call = w.code(agent, "Now the totals.", code, out)
        if "definition" in faults:
            w.blame(call, "forgot_instruction", "sums %s without having looked up what '%s' means, as the rules ask"
                    % (value, term))
        if "nan" in faults and "definition" not in faults:
            w.blame(call, "wrong_plan", "drops every row with any missing value, three quarters of the file, although "
                    "only `%s` matters" % value)
        figure = used[best]
        if not failed and rng.random() < 0.6:
            w.code(agent, "Cross-check with a loop.", "t = {}\nfor r in df.itertuples():\n    t[r.%s] = t.get(r.%s, 0) + "
                   "r.%s\nprint(t)" % (key, key, value), repr({k: round(v, 2) for k, v in totals.items()}))
    note = ""
    if "misread" in faults and "guess" not in faults:
        second = sorted(used, key=used.get)[-2]
        note = " The output shows %s with the highest total." % second
        best, figure = second, used[second]
    if "unit" in faults:
        figure *= 1000
    answer = "%s, %.2f" % (best, figure) if "comma" in form else '{"name": "%s", "value": %.2f}' % (best, figure)
    if "format" in faults:
        answer = "The %s with the highest %s is %s with %.0f." % (key, term, best, figure)
    call = w.finish(agent, "I have what I need.%s" % note, "final_answer(%r)" % answer, answer)
    if note:
        w.blame(call, "misread_result", "takes the second largest; the largest is %s" % max(used, key=used.get))
    if "unit" in faults:
        w.blame(call, "arithmetic_slip", "multiplies by 1000 although the answer was to be in the file's unit")
    if "format" in faults:
        w.blame(call, "format_error", "the task wants %s" % form)
    return w
