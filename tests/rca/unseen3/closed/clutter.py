"""The ordinary mess of this half: written apart from noise.py, so that nothing learnt there helps here."""
import json

NEWS = ("Council approves budget", "Storm closes coastal road", "Team wins third game in a row", "New exhibition opens in May",
     "Bakery marks 100 years", "Bus line to be extended")


def fetched(c, title, paragraphs):
    lines = ["# " + title, ""] + list(paragraphs)
    for _ in c.many(0, 3):
        lines.insert(c.rng.randint(1, len(lines)), "> " + c.pick(*NEWS))
    return "\n".join(lines)


def hits(c, rows):
    """Results as JSON; @rows: (title, snippet)"""
    extra = [(c.pick(*NEWS), "Local news.") for _ in c.many(1, 3)]
    rows = list(rows) + extra
    c.rng.shuffle(rows)
    return json.dumps({"results": [{"title": t, "url": "https://site%d.example/%d" % (i, c.rng.randint(1, 999)), "snippet": s} for i,
         (t, s) in enumerate(rows)]})


def bumps(c, name, arguments, thoughts, low=0, high=2):
    """Tool trouble that goes away."""
    for _ in c.many(low, high):
        c.do(c.pick(*thoughts), name, arguments, c.pick('{"error": "upstream timed out"}',
             '{"error": {"code": 429, "message": "Too many requests"}}', "ConnectionResetError: [Errno 104] Connection reset by peer",
             ""))


def strolls(c, name, key, low, high, agent=None):
    """Steps that are work, and have no bearing on the outcome."""
    for topic in c.rng.sample(["glossary", "people", "timeline", "maps", "references", "editions", "places", "awards", "chronicle",
            "notes", "index", "gallery"], c.rng.randint(low, high)):
        c.do(c.pick("I'll also take in the %s.", "Maybe the %s say more.", "Reading on: %s.", "%s next.") % topic, name, {key: topic},
             fetched(c, topic.capitalize(), ["Entries %d to %d." % (c.rng.randint(1, 9), c.rng.randint(10, 99)),
                  "Nothing here changes what was found above."]), agent=agent)


def terminal(c, thought, command, output, root="", code=0):
    c.do(thought, "execute", {"command": command, "timeout": 60}, json.dumps({"exit_code": code, "stdout": output}), root=root)


def tinker(c, module, low, high):
    jobs = [("Which version is this?", "git describe --tags", "v%d.%d.0-%d-gabc"
         % (c.rng.randint(1, 6), c.rng.randint(0, 9), c.rng.randint(1, 40))),
            ("The public names:", "grep -n '^def \\|^class ' lib/%s.py" % module, "4:class Store\n30:def open_store\n77:def close_store"),
            ("How is it called?", "grep -rn '%s' lib | head -4" % module, "lib/__init__.py:2:from .%s import open_store" % module),
            ("Is there a changelog entry on this?", "head -12 CHANGELOG", "Unreleased\n- nothing yet"),
            ("The fixtures:", "ls tests/data", "a.json\nb.json\nbroken.json"),
                 ("", "nl -ba lib/%s.py | sed -n '30,44p'" % module, "    30\tdef open_store(path):\n    31\t    return Store(path)"),
            ("Which Python do I have?", "python3 --version", "Python 3.11.2"),
                 ("Disk and cwd.", "pwd; df -h . | tail -1", "/work\n/dev/sda1 40G 11G 27G 30% /"),
            ("Typing error: ", "grpe -n Store lib", "sh: 1: grpe: not found"),
                 ("Look at one test.", "sed -n '1,12p' tests/test_store.py",
                 "from lib import open_store\n\ndef test_open(tmp_path):\n    assert open_store(tmp_path)")]
    for thought, command, output in c.rng.sample(jobs, c.rng.randint(low, high)):
        terminal(c, thought, command, output, code=int("not found" in output) * 127)


def remarks(c, names, low, high):
    for _ in c.many(low, high):
        c.say(c.pick("Before we go on: does everybody see the same input?", "Yes. I have nothing to add at this point.",
             "I would keep the intermediate results, somebody may need them.", "Thank you. Continue, please.",
                     "I looked over the last message and find no objection.", "Let's keep it short."), c.pick(*names))


def asides(c, low, high):
    for text, reply in c.rng.sample([("Is this call recorded?", "Conversations are kept for quality reasons, yes."),
            ("My line is bad, can you read that?", "I can read you fine."), ("I'm in a bit of a rush.", "I'll be quick."),
                                     ("Which plan do you like best?", "I'm not in a position to recommend one."),
                                          ("Hold on, somebody is at the door... back now.", "Welcome back.")], c.rng.randint(low, high)):
        c.user(text)
        c.say(reply)
