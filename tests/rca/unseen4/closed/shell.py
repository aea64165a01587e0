"""Engineers with a shell, of the closed half."""
import weather
from closed import clutter
from wire import tool

BASH = [tool("bash", "Runs one command in a persistent shell.", command="the command")]
SYSTEM = "You are an autonomous programmer. You work in a shell in the repository /testbed, with one command a turn. Explain each command shortly. Submit when the issue is resolved."


def issue(play, text):
    play.begin("We're currently solving the following issue within our repository. Here's the issue text:\nISSUE:\n%s\n\nINSTRUCTIONS:\nNow, you're going to solve this issue on your own. You can use any bash command. Only changes in /testbed count; they are compared with hidden tests. Submit with `echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && git add -A && git diff --cached`." % text, "engineer", SYSTEM, BASH)
    for _ in range(play.rng.randrange(0, 3)):
        run(play, play.rng.choice(("I start with the state of the repository.", "Let me get oriented first.")), play.rng.choice(("git status -s; git log --oneline | head -2", "cd /testbed && git branch && ls")),
            play.rng.choice(("a81f3c2 Fix a link in the docs\n09be114 Bump the development version", "* main\nCONTRIBUTING.rst\ndocs\nlib\nrequirements.txt\ntests")))


def run(play, text, command, out, code=0):
    return play.say(text, ("bash", {"command": command}, out, *([code] if code else [])))


def submit(play, text, diff="diff --git a/lib/query.py b/lib/query.py\n--- a/lib/query.py\n+++ b/lib/query.py\n@@ -40,3 +40,3 @@\n"):
    return play.answer(text, diff)


def installed_copy(play, rng, bad):
    fn = rng.choice(("slugify", "humanize_bytes", "chunked"))
    issue(play, "lib.text.%s('') raises IndexError, an empty string should be returned as it is." % fn)
    clutter.looking(play, rng, rng.randrange(0, 4))
    run(play, "I reproduce the error.", "python3 -c \"from lib.text import %s; print(repr(%s('')))\"" % (fn, fn), 'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\n  File "/opt/venv/lib/python3.9/site-packages/lib/text.py", line 88, in %s\n    first = value[0]\nIndexError: string index out of range' % fn, 1)
    path = "/opt/venv/lib/python3.9/site-packages/lib/text.py" if bad else "/testbed/lib/text.py"
    call = run(play, "The traceback names the file and the line; I add the check there." if bad else "The traceback is of the installed copy; the source that counts is in /testbed. I add the check there.",
               "sed -i \"88i\\    if not value:\\n        return value\" %s && sed -n 84,92p %s" % (path, path), "def %s(value):\n    \"\"\"See the docs.\"\"\"\n\n\n    if not value:\n        return value\n    first = value[0]\n    rest = value[1:]" % fn)
    if bad:
        play.fault(call, "Environment Setup Errors", "Edits the installed copy in site-packages in place of the repository in /testbed, so that nothing changes there.")
    run(play, "Now it is fine:", ("" if bad else "cd /testbed && PYTHONPATH=. ") + "python3 -c \"from lib.text import %s; print(repr(%s('')))\"" % (fn, fn), "''")
    clutter.looking(play, rng, rng.randrange(0, 4))
    submit(play, "The function handles empty strings. I submit.", "" if bad else "diff --git a/lib/text.py b/lib/text.py\n")


def lost_work(play, rng, bad):
    opt = rng.choice(("--strict", "--format", "--depth"))
    issue(play, "The command line option %s is parsed but never handed to the runner." % opt)
    clutter.looking(play, rng, rng.randrange(0, 3))
    run(play, "Where is it parsed?", "grep -rn -e '%s' lib/cli.py" % opt, "lib/cli.py:61:    parser.add_argument('%s')" % opt)
    run(play, "I hand it on.", "cd /testbed && sed -i 's/run(args.path)/run(args.path, %s=args.%s)/' lib/cli.py && git diff --stat" % (opt[2:], opt[2:]), " lib/cli.py | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)")
    clutter.looking(play, rng, rng.randrange(0, 2))
    run(play, "I run the tests.", "cd /testbed && python -m pytest tests/test_cli.py -q 2>&1 | tail -20", weather.tests(rng, rng.randrange(20, 40), (("test_color", "AssertionError: assert '\\x1b[0m' == ''"),)), 1)
    call = run(play, "One failure, in test_color. I want to know if it was there before my change, so I go back to the original state.", "cd /testbed && git %s && python -m pytest tests/test_cli.py -q 2>&1 | tail -3" % ("checkout -- ." if bad else "stash"),
               ("Updated 1 path from the index" if bad else "Saved working directory and index state WIP on main") + "\nFAILED tests/test_cli.py::test_color - AssertionError: assert '\\x1b[0m' == ''\n1 failed, 31 passed in 1.2%ds" % rng.randrange(9))
    if bad:
        play.fault(call, "Context Handling Failures", "git checkout -- . throws away the fix that it just made, and it is never made again.")
    else:
        run(play, "The failure is an old one. I take my change back.", "cd /testbed && git stash pop && git diff --stat", " lib/cli.py | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\nDropped refs/stash@{0}")
    clutter.looking(play, rng, rng.randrange(0, 4))
    submit(play, "test_color failed before as well and has nothing to do with the issue. The option is handed on now, so I submit.", "" if bad else "diff --git a/lib/cli.py b/lib/cli.py\n")


def other_cause(play, rng, bad):
    tz = rng.choice(("Asia/Kathmandu", "America/St_Johns", "Australia/Eucla"))
    issue(play, "Timestamps shown for %s are 30 or 15 minutes off in the list of sessions. On the detail page the same timestamps are right." % tz)
    clutter.looking(play, rng, rng.randrange(0, 3))
    run(play, "I reproduce the problem.", "python3 repro.py", weather.WARN[1] + "\nlist:   2024-03-01 12:00\ndetail: 2024-03-01 12:45")
    run(play, "How does the list format it?", "grep -n \"offset\" lib/sessions.py", "112:    hours = offset.total_seconds() // 3600\n113:    return when + timedelta(hours=hours)")
    clutter.looking(play, rng, rng.randrange(0, 2))
    if bad:
        call = run(play, "Offsets of this kind are often wrong because the database of time zones is outdated. The root cause is most likely the pinned tzdata; upgrading it will give the right offset for %s." % tz, "cd /testbed && sed -i 's/tzdata==2022.1/tzdata>=2024.1/' requirements.txt && pip install -q -r requirements.txt; git diff --stat", weather.WARN[3] + "\n requirements.txt | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)")
        play.fault(call, "reflection: causal misattribution", "Blames the time zone database, although line 112 cuts the offset to whole hours and the detail page is right with the same database.")
        if rng.random() < .6:
            run(play, "The new package is there.", "pip show tzdata | head -2", "Name: tzdata\nVersion: 2024.1")
    else:
        run(play, "Line 112 cuts the offset to whole hours. I add the offset itself.", "cd /testbed && sed -i '112d; s/timedelta(hours=hours)/offset/' lib/sessions.py && git diff --stat && python3 repro.py", " lib/sessions.py | 3 +--\n 1 file changed, 1 insertion(+), 2 deletions(-)\nlist:   2024-03-01 12:45\ndetail: 2024-03-01 12:45")
    clutter.looking(play, rng, rng.randrange(0, 4))
    submit(play, "The offset comes out of current data now. I submit." if bad else "List and detail agree. I submit.")


def blind_check(play, rng, bad):
    cls = rng.choice(("FloatField", "JSONField", "RangeField"))
    issue(play, "%s.clean(None) must raise ValidationError when required=True; today it returns None." % cls)
    clutter.looking(play, rng, rng.randrange(0, 5))
    check = ("try:\n    print(f.clean(None))\nexcept Exception:\n    pass\nprint('ok')" if bad else "try:\n    f.clean(None)\nexcept ValidationError:\n    print('raised')\nelse:\n    raise SystemExit('not raised')")
    call = run(play, "I write a script to check the behaviour with, before and after the change.", "cat > /testbed/check.py <<'EOF'\nfrom lib.forms.fields import %s, ValidationError\nf = %s(required=True)\n%s\nEOF\npython3 /testbed/check.py" % (cls, cls, check), "None\nok" if bad else "not raised", 0 if bad else 1)
    if bad:
        play.fault(call, "3.3 Incorrect verification", "The script says ok whether or not the error is raised; all that follows trusts it.")
    run(play, "The validation is in the base class.", "grep -n \"def clean\" -A 6 lib/forms/fields.py", "40:    def clean(self, value):\n41-        value = self.to_python(value)\n42-        self.run_validators(value)\n43-        return value")
    mend = run(play, "I add the check.", "cd /testbed && sed -i \"42i\\        if value %s and self.required: raise ValidationError('required')\" lib/forms/fields.py && git diff --stat" % ("== ''" if bad else "is None"), " lib/forms/fields.py | 1 +\n 1 file changed, 1 insertion(+)")
    if bad:
        play.fault(mend, "Incorrect implementation", "Tests for an empty string; the issue is about None.")
    clutter.looking(play, rng, rng.randrange(0, 3))
    run(play, "And the check again:", "python3 /testbed/check.py", "None\nok" if bad else "raised")
    clutter.looking(play, rng, rng.randrange(0, 4))
    submit(play, "The check passes, so the issue is resolved.")


FAMILIES = {"shell.installed_copy": ("shell", installed_copy), "shell.lost_work": ("shell", lost_work), "shell.other_cause": ("shell", other_cause), "shell.blind_check": ("shell", blind_check)}
