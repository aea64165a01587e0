"""An analyst who works in Python cells in text; the kernel's output is the next user message."""
import random

import content as c
import shapes_flat

SYSTEM = """You analyse data in a notebook. Each turn write a short thought and one ```python cell; the output comes back. Look at the \
data before you compute. Keep the original file as it is. When you know the answer write FINAL: answer."""
FAULTS = ("wrong_column", "drop_rows", "overwrite", "not_printed", "error_used", "wrong_filter", "no_look", "wrong_kind", "loop", "half")


def notebook(rng, failed):
    r = random.Random("notebook/%d" % rng.randrange(7))
    towns = c.towns(r, 5)
    col, wrong = r.choice([("net_sales", "gross_sales"), ("paid", "billed"), ("arrivals", "departures")])
    town, month = towns[2], r.randrange(2, 12)
    value, other, share = r.randrange(10000, 90000), r.randrange(10000, 90000), round(r.uniform(3, 40), 1)
    a = shapes_flat.Texted(rng, "analyst", rng.choice(["gpt-4.1", "deepseek-v3", "claude-sonnet-4"]), "analyst", SYSTEM)
    w = a.w
    fault = rng.choice(FAULTS) if failed else None
    a.see("File: report.csv. Question: what is the sum of %s for %s in month %d, and which per cent of the year's %s is that? Two numbers, "
          "separated by a semicolon." % (col, town, month, col))
    cell = lambda t, code, out: a.do("%s\n```python\n%s\n```" % (t, code), "Output:\n" + out)  # noqa: E731
    th = lambda *x: rng.choice(x)  # noqa: E731
    head = c.csv(["town", "month", col, wrong, "status"], [[t, i + 1, r.randrange(100, 999), r.randrange(100, 999), s] for i, (t, s) in enumerate(
        zip(towns, ["ok", "ok", "void", "ok", "ok"]))])
    used = wrong if fault == "wrong_column" else col
    where = "df.town == '%s'" % (towns[1] if fault == "wrong_filter" else town)
    cond = "(%s) & (df.month == %d)" % (where, month)
    if fault != "no_look":
        cell(th("A first look.", "What is in it?"), "import pandas as pd\ndf = pd.read_csv('report.csv')\nprint(df.head())", head)
        if rng.random() < 0.6:
            cell(th("Types.", "Missing values?"), "print(df.dtypes)\nprint(df.isna().sum())", "\n".join("%s  %s" % (k, t) for k, t in (
                ("town", "object"), ("month", "int64"), (col, "object" if rng.random() < 0.5 else "float64"))))
        if not failed and rng.random() < 0.4:
            cell(th("Convert."), "df['%s'] = df['%s'].astype(float)" % (col, col), c.traceback(rng, "cell.py", 1, "ValueError: could not convert "
                 "string to float: '1,200'"))
            cell("Strip the commas first.", "df['%s'] = df['%s'].str.replace(',', '').astype(float)" % (col, col), "")
    if fault == "drop_rows":
        call = cell("Clean up.", "df = df.dropna().drop_duplicates(['town'])\nprint(len(df))", "5")
        w.blame(call, "wrong_fix", "drops all rows but one of each town, which spoils every sum")
    if fault == "overwrite":
        call = cell("I save the months I need.", "df[df.month == %d].to_csv('report.csv', index=False)" % month, "")
        w.blame(call, "destroyed_needed", "overwrites the file, so that the year's sum cannot be computed any more")
    if fault == "error_used":
        cell("Sum.", "print(df[%s].%s.sum())" % (cond, used), c.traceback(rng, "cell.py", 1, "NameError: name 'df' is not defined"))
        call = a.last("The sum is %d and the share %.1f.\nFINAL: %d; %.1f" % (value, share, value, share + 2))
        w.blame(call, "ignored_tool_output", "gives numbers after a cell that failed")
        return w
    if fault == "loop":
        n = rng.randrange(3, 7)
        for i in range(n):
            call = cell(th("Try.", "Once more."), "print(df['%s '].sum())" % col, "KeyError: '%s '" % col)
            if i == 0:
                w.blame(call, "invalid_call", "asks for a column with a blank in its name and repeats it to the end")
        a.last("FINAL: unknown")
        return w
    shown = other if fault in ("wrong_column", "wrong_filter", "no_look") else value
    pre = "import pandas as pd\ndf = pd.read_csv('report.csv')\n" if fault in ("no_look", "overwrite") else ""
    if fault == "no_look":
        used = wrong
    call = cell(th("The sum.", "Now the month."), pre + "s = df[%s].%s.sum()\nprint(s)" % (cond, used), str(shown))
    if fault == "no_look":
        w.blame(call, "premature_action", "computes with a guessed column without having looked at the file")
    if fault == "wrong_column":
        w.blame(call, "wrong_argument", "sums %s, the question is about %s" % (wrong, col))
    if fault == "wrong_filter":
        w.blame(call, "wrong_argument", "filters %s, the question says %s" % (towns[1], town))
    if fault == "half":
        call = a.last("FINAL: %d" % shown)
        w.blame(call, "forgot_instruction", "gives one of the two numbers")
        return w
    if fault == "not_printed":
        call = a.last(th("The share follows from it.\n", "") + "FINAL: %d; %.1f" % (shown, share + 3.3))
        w.blame(call, "hallucinated_fact", "gives a share that no cell computed")
        return w
    share = 100.0 if fault == "overwrite" else share
    cell(th("The share.", "Per cent of the year."), "print(round(100 * s / df[%s].%s.sum(), 1))" % (where, used), "%.1f" % share)
    if fault == "wrong_kind":
        call = a.last("FINAL: %s had a good month" % town)
        w.blame(call, "bad_format", "a sentence; two numbers are asked for")
        return w
    a.last("FINAL: %d; %.1f" % (shown, share))
    return w
