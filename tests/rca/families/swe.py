"""A coding agent at a shell: an issue in a small repository, 15 to 50 commands."""
import content as c
import shapes
from wire import Message, tool

SYSTEM = """You are a software engineer who works in a shell, one command at a time.

You are in /testbed, a checkout of the repository. Make changes to the sources so that the issue is \
solved, in a way that fits the code around it.

Boundaries:
- Change regular source files only. NEVER change files under tests/ nor configuration (setup.cfg, \
pyproject.toml).
- Public function signatures have to stay as they are; other packages call them.
- The code has to run on Python 3.8.

Advised way of working:
1. Find and read the code that the issue is about.
2. Write a script that shows the trouble.
3. Edit the source.
4. Run the script again, and the tests of the package.
5. Think of edge cases.
6. When you are done and all tests pass, submit with `echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT` and \
nothing else in the command.

Long outputs are cut in the middle; use head, tail, sed or grep for what you need. Each command runs in a \
new subshell: directory changes and variables do not last."""

BASH = [tool("bash", "Runs a command.", command="the command")]

# package, module, function, what it does, the bug, the bad line, the good line, a call that shows the bug with its
# wrong and its right result, and calls that work.
MODULES = [
    ("fieldkit", "units", "parse_quantity", "splits '12.5 km' into number and unit",
     "a thousands separator ('1,250 km') raises ValueError", 'value = float(number)',
     'value = float(number.replace(",", ""))',
     ("'1,250 km'", "ValueError: could not convert string to float: '1,250'", "(1250.0, 'km')"),
     [("'3 m'", "(3.0, 'm')"), ("'12.5 km'", "(12.5, 'km')"), ("'-4 C'", "(-4.0, 'C')"), ("'7'", "(7.0, '')")]),
    ("tablio", "reader", "sniff_delimiter", "guesses the delimiter of a CSV sample",
     "a quoted field that holds ';' makes it choose the wrong delimiter",
     'counts = {d: line.count(d) for d in DELIMITERS}',
     'counts = {d: strip_quoted(line).count(d) for d in DELIMITERS}',
     ("'a,\"x;y;z;w\",c'", "';'", "','"),
     [("'a,b,c'", "','"), ("'a;b'", "';'"), ("'a|b|c'", "'|'"), ("''", "None")]),
    ("routemap", "matcher", "match_path", "finds the route of a path",
     "a trailing slash gives a 404 although strict=False is the default",
     'if pattern.fullmatch(path):', 'if pattern.fullmatch(path if strict else path.rstrip("/") or "/"):',
     ("'/users/7/'", "None", "('user', {'id': '7'})"),
     [("'/users/7'", "('user', {'id': '7'})"), ("'/'", "('index', {})"), ("'/nope'", "None"),
      ("'/users/'", "('users', {})")]),
    ("cronline", "schedule", "next_after", "gives the next run after a time",
     "the last day of February is skipped in leap years", 'days = DAYS_IN_MONTH[month]',
     'days = calendar.monthrange(year, month)[1]',
     ("'0 0 * * *', '2028-02-28T12:00'", "'2028-03-01T00:00'", "'2028-02-29T00:00'"),
     [("'*/5 * * * *', '2026-01-01T00:03'", "'2026-01-01T00:05'"), ("'0 9 * * 1', '2026-01-02T00:00'",
                                                                  "'2026-01-05T09:00'"),
      ("'0 0 31 12 *', '2026-06-01T00:00'", "'2026-12-31T00:00'"), ("'@hourly', '2026-01-01T00:59'",
                                                                   "'2026-01-01T01:00'")]),
    ("jsonpatchy", "ops", "apply_move", "applies a 'move' operation",
     "moving an element inside the same list puts it one place too far",
     'target.insert(index, value)', 'target.insert(index - (same and source < index), value)',
     ("[1, 2, 3, 4], '/0', '/2'", "[2, 3, 1, 4]", "[2, 1, 3, 4]"),
     [("{'a': 1}, '/a', '/b'", "{'b': 1}"), ("[1, 2], '/1', '/0'", "[2, 1]"), ("[1], '/0', '/0'", "[1]"),
      ("{'a': [1], 'b': []}, '/a/0', '/b/-'", "{'a': [], 'b': [1]}")]),
    ("mailtext", "headers", "decode_header", "decodes an encoded mail header",
     "adjacent encoded words keep the blank between them", 'return " ".join(parts)',
     'return join_words(parts)',
     ("'=?utf-8?q?Gr=C3=BC?= =?utf-8?q?=C3=9Fe?='", "'Grü ße'", "'Grüße'"),
     [("'plain'", "'plain'"), ("'=?utf-8?b?w6k=?='", "'é'"), ("'a =?utf-8?q?b?= c'", "'a b c'"), ("''", "''")]),
    ("geohashy", "bbox", "contains", "tells whether a box holds a point",
     "boxes that cross the antimeridian never hold anything",
     'return west <= lon <= east', 'return west <= lon <= east if west <= east else lon >= west or lon <= east',
     ("(170, -10, -170, 10), (179, 0)", "False", "True"),
     [("(0, 0, 10, 10), (5, 5)", "True"), ("(0, 0, 10, 10), (11, 5)", "False"), ("(0, 0, 0, 0), (0, 0)", "True"),
      ("(-10, -10, 10, 10), (0, 20)", "False")]),
]


class Repo:
    def __init__(self, rng):
        (self.pkg, self.mod, self.func, self.does, self.bug, self.old, self.new,
         self.shown, self.samples) = rng.choice(MODULES)
        self.rng = rng
        self.path = "src/%s/%s.py" % (self.pkg, self.mod)
        self.test = "tests/test_%s.py" % self.mod
        self.line = rng.randrange(60, 240)
        self.n = rng.randrange(24, 90)
        self.others = rng.sample(["cli", "errors", "compat", "cache", "config", "formats", "registry"], 4)

    def issue(self):
        return ("<issue>\n%s: %s\n\n`%s.%s.%s` %s. Since %s.%s, %s.\n\nSteps:\n\n```python\nfrom %s.%s import %s\n"
                "%s(%s)\n```\n\nExpected: %s\nActual: %s\n\nPlease keep "
                "the signature as it is, we call it with positional arguments in many places.\n\n-- %s\n"
                "</issue>" % (self.func, self.bug, self.pkg, self.mod, self.func, self.does,
                              self.rng.randrange(1, 5), self.rng.randrange(0, 9), self.bug, self.pkg,
                              self.mod, self.func, self.func, self.shown[0], self.shown[2],
                              self.shown[1], c.person(self.rng)))

    def listing(self):
        rows = ["src/%s/__init__.py" % self.pkg, self.path] + [
            "src/%s/%s.py" % (self.pkg, o) for o in self.others] + [
            self.test, "tests/__init__.py", "tests/conftest.py", "README.md", "setup.cfg", "pyproject.toml"]
        rows += ["tests/test_%s.py" % o for o in self.others[:2]]
        return "\n".join("./" + r for r in sorted(rows))

    def source(self, fixed=False, lines=46):
        names = ["normalise", "as_text", "lookup", "check", "merge_into", "default_for", "warn_once"]
        out = ['"""%s of %s."""' % (self.mod.title(), self.pkg), "import re", "import calendar", ""]
        for i, n in enumerate(self.rng.sample(names, 3)):
            out += ["", "def %s_%s(value, strict=False):" % (n, self.mod),
                    '    """Internal; see the manual, section %d."""' % (i + 2),
                    "    if value is None:", "        return None",
                    "    result = []", "    for item in value:",
                    "        if strict and not item:", "            raise ValueError(item)",
                    "        result.append(item)", "    return result", ""]
        out += ["", "def %s(*args, strict=False):" % self.func, '    """%s."""' % self.does.capitalize(),
                "    # kept positional on purpose", "    " + (self.new if fixed else self.old),
                "    return value", ""]
        return "\n".join("%6d\t%s" % (self.line - 30 + i, text) for i, text in enumerate(out[:lines]))

    def diff(self):
        return ("diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n@@ -%d,7 +%d,7 @@ def %s\n     # kept positional on "
                "purpose\n-    %s\n+    %s\n     return value" % (self.path, self.path, self.path, self.path,
                                                                self.line, self.line, self.func, self.old,
                                                                self.new))

    def pytest(self, failed=0):
        head = ("============================= test session starts ==============================\nplatform "
                "linux -- Python 3.8.18, pytest-7.4.4, pluggy-1.3.0\nrootdir: /testbed\nconfigfile: setup.cfg\n"
                "collected %d items\n\n%s %s [100%%]\n" % (self.n, self.test, "." * (self.n - failed)
                                                          + "F" * failed))
        if not failed:
            return head + "\n============================== %d passed in %.2fs ===========================" % (
                self.n, self.rng.uniform(0.2, 4))
        body = "\n=================================== FAILURES ===================================\n"
        for i in range(failed):
            body += ("_____________________________ test_%s_%d ______________________________\n\n    def test_%s_%d():\n"
                     ">       assert %s(%s) == %s\nE       AssertionError: assert None == %s\nE        "
                     "+  where None = %s(%s)\n\n%s:%d: AssertionError\n" % (
                         self.func, i, self.func, i, self.func, *self.samples[i], self.samples[i][1], self.func,
                         self.samples[i][0], self.test, self.rng.randrange(40, 200)))
        return head + body + ("=========================== short test summary info ===========================\n"
                              + "".join("FAILED %s::test_%s_%d - AssertionError\n" % (self.test, self.func, i)
                                        for i in range(failed))
                              + "======================== %d failed, %d passed in 1.32s ========================="
                              % (failed, self.n - failed))


class Shell:
    """One command a step, as tool calls or as code blocks in the text."""

    def __init__(self, w, agent, text_only):
        self.w, self.agent, self.text_only = w, agent, text_only
        self.last_tool = None
        self.done = set()   # commands that were run

    def run(self, thought, command, output, code=0, **how):
        w, agent = self.w, self.agent
        self.done.add(command)
        result = "<returncode>%d</returncode>\n<output>\n%s\n</output>" % (code, output)
        if self.text_only:
            call = w.llm(agent, "THOUGHT: %s\n\n```bash\n%s\n```" % (thought, command))
            agent.messages.append(Message("user", result))
            return call
        call = w.llm(agent, thought, [("bash", {"command": command})])
        self.last_tool = w.tool(agent, call.calls[0], result, **how)
        return call


FAULTS = ("invented_path", "wrong_place", "edit_tests", "repeat", "no_verify", "ignore_fail", "signature",
          "truncated", "overflow", "env", "dead_end")


def explore(sh, repo, rng, faults):
    sh.run("I will look at the repository first.", "git log --oneline | head -5 && find . -name '*.py' -o -name "
           "'*.md' -o -name '*.cfg' -o -name '*.toml' | grep -v .git/ | sort", repo.listing())
    if "invented_path" in faults:
        bad = "src/%s/core/%s_impl.py" % (repo.pkg, repo.mod)
        call = sh.run("The implementation is in %s." % bad, "sed -n '1,120p' %s" % bad,
                      "sed: can't read %s: No such file or directory" % bad, 2)
        sh.w.blame(call, "invented_path", "opens %s, which the listing does not hold" % bad)
    if rng.random() < 0.5:  # a slip of the shell, at once put right: harmless
        sh.run("Search for the function.", "grep -rn 'def %s' src/ | head; rg -n %s" % (repo.func, repo.func),
               "%s:%d:def %s(*args, strict=False):\nbash: rg: command not found" % (
                   repo.path, repo.line, repo.func), 127)
    sh.run("Find the function and its callers.", "grep -rn '%s' src tests | head -40" % repo.func,
           "%s:%d:def %s(*args, strict=False):\n" % (repo.path, repo.line, repo.func) + "\n".join(
               "%s:%d:    %s(%s)" % (rng.choice([repo.test, "src/%s/%s.py" % (repo.pkg, repo.others[0])]),
                                     rng.randrange(10, 300), repo.func, rng.choice(["sample", "row", "x, y"]))
               for _ in range(rng.randrange(4, 11))))
    if "truncated" in faults:
        call = sh.run("Read the whole module.", "cat %s" % repo.path, repo.source(lines=20)
                      + "\n[... 412 lines omitted from the middle of the output; use sed -n to read them ...]\n"
                      + c.code(rng, 12))
        call = sh.run("I have seen the module. The function returns early when strict is false, so I replace "
                      "that branch.", "sed -i 's/if not strict: return None/if not strict: pass/' %s && git diff"
                      % repo.path, "")
        sh.w.blame(call, "truncated_output", "edits a branch it has not seen: the function was in the part "
                   "that was cut from the output, and the empty diff shows that nothing matched")
    else:
        sh.run("Read the function.", "nl -ba %s | sed -n '%d,%dp'" % (repo.path, repo.line - 30,
                                                                    repo.line + 16), repo.source())
    for o in rng.sample(repo.others, rng.randrange(1, 4)):
        sh.run("Check whether %s.py plays a part." % o, "sed -n '1,60p' src/%s/%s.py" % (repo.pkg, o),
               c.code(rng, rng.randrange(15, 60)))


def wander(sh, repo, rng, n):
    """Harmless work, each command once: reading tests, files and history, trying what works, style checks."""
    src = "src/%s" % repo.pkg
    call = "python - <<'EOF'\nfrom %s.%s import %s\nprint(%s(%%s))\nEOF" % (repo.pkg, repo.mod, repo.func, repo.func)
    steps = [("What works: %s." % a, call % a, r) for a, r in repo.samples]
    for name in repo.others + [repo.mod]:
        for k in (1, 61, 121):
            steps.append((rng.choice(["Does %s.py call it?", "Read %s.py on.", "How does %s.py use it?"]) % name,
                          "sed -n '%d,%dp' %s/%s.py" % (k, k + 59, src, name), c.code(rng, rng.randrange(12, 50))))
    for k in rng.sample(range(1, 400, 40), 4):
        steps.append(("See how the tests call it, from line %d." % k, "sed -n '%d,%dp' %s" % (k, k + 39, repo.test),
                      "\n".join("def test_%s_%d():\n    assert %s(%s) == %s\n" % (repo.func, k + i, repo.func, *rng.choice(
                          repo.samples)) for i in range(rng.randrange(4, 11)))))
    steps += [
        ("The manual may define the behaviour.", "sed -n '1,80p' README.md", "# %s\n\n%s.%s %s.\n\n%s" % (
            repo.pkg, repo.mod, repo.func, repo.does, c.code(rng, 25))),
        ("Who changed it last?", "git log --oneline -8 -- %s" % repo.path, "\n".join(c.commit(rng) for _ in range(8))),
        ("Who wrote the line?", "git blame -L %d,+4 %s" % (repo.line, repo.path), "\n".join("%07x (%s 2023-0%d-11 %d) %s" % (
            rng.getrandbits(28), c.person(rng), rng.randrange(1, 10), repo.line + i, x) for i, x in enumerate(
                ["def %s(*args, strict=False):" % repo.func, "    " + repo.old, "    return value", ""]))),
        ("Check the style.", "python -m flake8 %s | tail -5" % repo.path, ""),
        ("Which types come in?", "grep -n 'isinstance' -r %s" % src, "\n".join("%s/%s.py:%d:        if isinstance(value, %s):" % (
            src, rng.choice(repo.others), rng.randrange(9, 300), rng.choice(["str", "bytes", "int", "list"]))
            for _ in range(rng.randrange(2, 9)))),
        ("Which tests are there?", "python -m pytest --collect-only -q %s | tail -12" % repo.test, "\n".join(
            "%s::test_%s_%d" % (repo.test, repo.func, i) for i in range(11)) + "\n%d tests collected" % repo.n),
        ("Which fixtures?", "cat tests/conftest.py", c.code(rng, 18)),
        ("Which version of Python?", "python --version; pip list 2>/dev/null | head -20", "Python 3.8.18\nPackage    Version\n"
         "---------- -------\npytest     7.4.4\npip        23.0.1\n%s   0.%d.0" % (repo.pkg, rng.randrange(1, 20))),
        ("How big is it?", "wc -l %s/*.py | tail -8" % src, "\n".join("%6d %s/%s.py" % (rng.randrange(40, 900), src, o)
                                                                     for o in repo.others)),
        ("Is it exported?", "cat %s/__init__.py" % src, "from .%s import %s\n__all__ = ['%s']" % (repo.mod, repo.func, repo.func)),
        ("When did it come in?", "git log -S '%s' --oneline -- src | tail -3" % repo.func, "\n".join(
            c.commit(rng) for _ in range(3)))]
    for thought, command, output in rng.sample(steps, min(n, len(steps))):
        if command not in sh.done:
            sh.run(thought, command, output)


def swe(rng, failed, text_only=None):
    repo = Repo(rng)
    text_only = rng.random() < 0.45 if text_only is None else text_only
    shape = shapes.GenAiNoTools if text_only else rng.choice([shapes.GenAi, shapes.LangSmith])
    w = shape(rng, "code-agent", "claude-sonnet-4-5", session="swe-%d" % rng.randrange(10**5))
    faults = c.pick(rng, FAULTS, failed, 1, 4)
    if failed and not faults & {"wrong_place", "edit_tests", "no_verify", "ignore_fail", "signature", "overflow",
                                "dead_end"}:
        faults.add(rng.choice(["wrong_place", "ignore_fail", "signature"]))
    if text_only:
        faults.discard("env")
    agent = w.start("coder", SYSTEM, BASH, task=repo.issue() + "\n\nSolve the issue. The repository is in "
                    "/testbed.")
    sh = Shell(w, agent, text_only)
    explore(sh, repo, rng, faults)
    wander(sh, repo, rng, rng.choice([2, 4, 6, 9, 12, 15, 22, 30]))
    script = "cat > /tmp/repro.py <<'EOF'\nfrom %s.%s import %s\nprint(%s(%s))\nEOF\npython /tmp/repro.py" % (
        repo.pkg, repo.mod, repo.func, repo.func, repo.shown[0])
    broken = repo.shown[1]
    bad = "Error" in broken
    if bad:
        broken = c.traceback(rng, "/testbed/" + repo.path, repo.line, broken, repo.old)
    sh.run("Reproduce the trouble.", script, broken, int(bad))
    if "env" in faults:
        for _ in range(3):
            sh.run("Install the package for the tests.", "pip install -e .[test]",
                   "ERROR: Could not find a version that satisfies the requirement hatchling (from versions: "
                   "none)\nWARNING: Retrying after connection broken by 'NewConnectionError(': Failed to "
                   "establish a new connection: [Errno -3] Temporary failure in name resolution')'", 1,
                   seconds=45)
            first = locals().get("first") or sh.last_tool
        w.blame(first, "tool_failure", "the sandbox has no network: the package index cannot be reached")
    if "repeat" in faults:
        n = rng.randrange(3, 8)
        for i in range(n):
            call = sh.run("Apply the fix with a patch.", "cd /testbed && patch -p1 <<'EOF'\n--- a/%s\n+++ b/%s\n@@ "
                          "-%d,3 +%d,3 @@\n-    %s\n+    %s\nEOF" % (repo.path, repo.path, repo.line - 9,
                                                                 repo.line - 9, repo.old, repo.new),
                          "patching file %s\nHunk #1 FAILED at %d.\n1 out of 1 hunk FAILED -- saving rejects to "
                          "file %s.rej" % (repo.path, repo.line - 9, repo.path), 1)
        w.blame(call, "resource_abuse", "sends the same failing patch %d times without reading why" % n)
    if "dead_end" in faults:
        ways = [("git log -p --follow src/%s/%s.py | head -120", "Check the history of %s.")] + [
            ("sed -n '%d,%dp' src/%%s/%%s.py" % (k, k + 80), "Maybe %s is the reason.") for k in (60, 140, 220, 300)]
        leads = [(command % (repo.pkg, name), thought % name) for command, thought in ways for name in repo.others]
        for i, (command, thought) in enumerate(rng.sample(leads, rng.randrange(8, 16))):
            text = c.code(rng, rng.randrange(20, 60))
            if command.startswith("git"):
                text = "commit %s\n\n%s" % (c.commit(rng), text)
            call = sh.run(thought, command, text)
            if i == 0:
                w.blame(call, "goal_drift", "leaves the function of the issue, which it has read and "
                        "reproduced, for unrelated modules, and never comes back")
        last = sh.run("I could not find a reason in these modules; the behaviour seems to be intended.",
                      "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")
        w.blame(last, "premature_stop", "submits without any change to the sources")
        w.end(agent, "submitted")
        return w
    if "overflow" in faults:
        call = sh.run("Look at all logs for a hint.", "find / -name '*.log' -exec cat {} + 2>/dev/null",
                      "\n".join("2026-02-%02d INFO %s" % (rng.randrange(1, 28), c.log_line(rng))
                                for _ in range(1200)))
        w.blame(call, "context_overflow", "reads all log files of the machine into the context, with nothing to "
                "look for")
        w.llm_error(agent, "openai.BadRequestError", "Error code: 400 - {'error': {'message': \"This model's "
                    "maximum context length is 32768 tokens. However, your messages resulted in %d tokens.\", "
                    "'code': 'context_length_exceeded'}}" % rng.randrange(33000, 60000))
        w.end(agent, "")
        return w
    edit = "python - <<'EOF'\np = '%s'\ns = open(p).read()\nassert %r in s\ns = s.replace(%r, %r)\nopen(p, 'w').write(s)\nEOF\ngit diff" % (
        repo.path, repo.old, repo.old, repo.new)
    if "wrong_place" in faults:
        call = sh.run("The callers pass a bad value, so I make the caller in %s.py catch it." %
                      repo.others[0], "sed -i 's/    %s(row)/    try:\\n        %s(row)\\n    except ValueError:\\n"
                      "        pass/' src/%s/%s.py && git diff --stat" % (repo.func, repo.func, repo.pkg,
                                                                   repo.others[0]),
                      " src/%s/%s.py | 5 ++++-\n 1 file changed, 4 insertions(+), 1 deletion(-)" % (
                          repo.pkg, repo.others[0]))
        w.blame(call, "wrong_plan", "works round it in a caller; the trouble is at %s line %d"
                % (repo.path, repo.line))
    elif "signature" in faults:
        call = sh.run("A new required keyword makes the intent clear.", "sed -i 's/def %s(\\*args, strict=False)/"
                      "def %s(value, unit, *, mode)/' %s && git diff" % (repo.func, repo.func, repo.path),
                      repo.diff().replace(repo.old, "def %s(*args, strict=False):" % repo.func).replace(
                          repo.new, "def %s(value, unit, *, mode):" % repo.func))
        w.blame(call, "forgot_instruction", "changes a public signature, which the task forbids")
    else:
        sh.run("Edit the line.", edit, repo.diff())
    again = 1 if "signature" in faults else 0
    if "edit_tests" in faults:
        sh.run("Run the tests.", "python -m pytest -q %s" % repo.test, repo.pytest(2), 1)
        call = sh.run(rng.choice(["Two tests expect the old behaviour; I adapt their expected values.",
                                  "The expectations have to follow the fix."]),
                      "sed -i 's/== expected_0/is None/; s/== expected_1/is None/' %s" % repo.test, "")
        w.blame(call, "forgot_instruction", "changes files under tests/, which the task forbids")
        sh.run("Run them again.", "python -m pytest -q %s" % repo.test, repo.pytest(0))
    elif "no_verify" in faults:
        call = sh.run(rng.choice(["The change is small and obviously right.", "The edit is in place.", "Finished."]),
                      "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT",
                      "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")
        w.blame(call, "not_verified", "submits without running the script or the tests after the edit")
        w.end(agent, "submitted")
        return w
    elif "ignore_fail" in faults:
        sh.run("Run the tests.", "python -m pytest -q %s 2>&1 | tail -40" % repo.test, repo.pytest(
            rng.randrange(1, 4)))
        call = sh.run(rng.choice(["The tests pass with my change, only unrelated ones are noisy. The work is done.",
                                  "Good, the suite is green.", "The remaining output has nothing to do with the issue."]),
                      "git status --short", " M %s" % repo.path)
        w.blame(call, "ignored_tool_output", "says that the tests pass; the output shows failures of the very "
                "function")
    else:
        sh.run("Run the script again.", "python /tmp/repro.py", "None" if "wrong_place" in faults and bad else broken if again
               or "wrong_place" in faults else repo.shown[2], again if bad else 0)
        if not failed and rng.random() < 0.4:
            sh.run("First run of the tests.", "python -m pytest -q", repo.pytest(1), 1)
            sh.run("The failing test needs the helper that my line uses; I add it.", "cat >> %s <<'EOF'\n\n\ndef "
                   "strip_quoted(s):\n    return re.sub(r'\"[^\"]*\"', '', s)\nEOF" % repo.path, "")
        sh.run("Run the tests.", "python -m pytest -q %s" % repo.test, repo.pytest(2 * again), again)
    if rng.random() < 0.7 and not again:
        wander(sh, repo, rng, rng.randrange(1, 9))
    call = sh.run("Show the final state.", "git diff --stat", " %s | %d +-\n 1 file changed" % (repo.path, 2))
    if again:
        w.blame(call, "ignored_tool_output", "wraps up and submits while the tests of the function fail")
    sh.run("Done.", "rm -f /tmp/repro.py; echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT" if not failed else
           "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")
    w.end(agent, "submitted")
    return w
