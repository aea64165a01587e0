"""One run of this set: a Play of unseen4 that also remembers what was done, so that a checker can judge it.

    def story(p, t, bad): ...   # @t draws the task: the same for the failed run and its passed twin; p.rng the course
        return lambda run: ...  # the checker: is what the run did and answered right? From the task's parameters alone

`do` says a text of a small grammar ("{I'll|Let me} look") with calls behind it; `idle` does things that harm nothing (clutter.py).
"""
import re

import clutter
from carriers import Events
from play import Play

ROUND = re.compile(r"\{([^{}]*\|[^{}]*)\}")
OPENERS = ("", "", "", "", "Okay. ", "Right. ", "Good. ", "Next: ", "Thanks, that helps. ", "Hm. ", "Noted. ", "Understood. ", "So far so good. ")


def spin(rng, text):
    """@text with one of each {a|b|c}."""
    while True:
        found = ROUND.search(text)
        if not found:
            return text
        text = text[:found.start()] + rng.choice(found.group(1).split("|")) + text[found.end():]


class Stage(Play):
    def __init__(self, rng, kind, style, carrier, model):
        super().__init__(rng, "%s-%s" % (kind, rng.choice(("prod", "eu1", "beta", "v2", "canary"))), style, carrier, model)
        self.kind = kind
        self.acts = []      # (tool, arguments, result), failed calls too
        self.said = []      # what models said, in order
        self.final = None   # the answer of the outermost agent
        self.topic = "the subject"
        self.done = set()   # decoys that the run has had, and what they drew
        self.last = None    # the newest of them
        self.state = {}     # what the tools changed
        self.files = {}     # of a repository
        self.site, self.path, self.page = "shop.example.com", "", []
        self.pace = rng.choice((0, 1, 1, 2, 2, 3))
        self.ahead, self.behind = rng.choice((0, 0, 1, 2, 3, 5, 7)) + 2 * (kind == "crew"), rng.choice((0, 0, 1, 1, 2, 4))
        self.http = self.http and not isinstance(carrier, Events)   # its events lie on the newest span

    def do(self, text, *calls, by=None, finish=None):
        opener = self.rng.choice(OPENERS) if self.style != "team" else ""
        text = opener + spin(self.rng, text)
        self.said.append((by, text))
        return self.say(text, *calls, by=by, finish=finish)

    def small(self, text):
        """A model call that is courtesy and nothing else."""
        return self.say(spin(self.rng, text))

    def fresh(self, options):
        """One of @options that this run has not had yet; None if there is none."""
        left = [o for o in options if o not in self.done]
        if left:
            self.done.add(self.rng.choice(left))
            return next(o for o in left if o in self.done)
        return None

    def tell(self, text):
        """The user speaks."""
        self.user(spin(self.rng, text))

    def act(self, parent, call, result, bad):
        self.acts.append((call.name, call.args, result))
        super().act(parent, call, result, bad)

    def end(self, text, value=None):
        text = spin(self.rng, text)
        self.final = value or text
        self.said.append((None, text))
        return self.answer(text, value or text)

    def shell(self, text, command, out, code=None):
        return self.do(text, ("bash", {"command": command}, out) + ((code,) if code else ()))

    def edit(self, text, path, old, new):
        """An edit of a file of `files`, in the form of the run's style; the file must hold @old."""
        self.files[path] = self.files[path].replace(old, new, 1)
        if self.style == "bash":
            return self.shell(text, "python3 - <<'PY'\nimport pathlib\np = pathlib.Path(%r)\np.write_text(p.read_text().replace(%r, %r, 1))\nPY" % (path, old, new), "")
        at = max(0, self.files[path].find(new))
        shown = self.files[path][max(0, at - 120):at + len(new) + 120]
        return self.do(text, ("str_replace", {"path": path, "old_str": old, "new_str": new}, "The file %s has been edited. Here is a snippet of the result:\n%s" % (path, shown)))

    def see(self, text, path):
        return self.shell(text, "cat " + path, self.files[path])

    def tree(self):
        """The page of a browser as its accessibility tree."""
        r = self.rng
        rows = ["- banner:", "  - link \"%s\" [ref=e%d]" % (self.site, r.randrange(1, 5)), "  - searchbox \"Search\" [ref=e6]"]
        rows += ["  - link \"%s\" [ref=e%d]" % (n, 7 + k) for k, n in enumerate(("Deals", "Help", "Sign in", "Cart"))]
        rows += ["- main:"] + ["  - %s" % line for line in self.page]
        rows += ["- contentinfo:"] + ["  - link \"%s\" [ref=e%d]" % (n, 180 + k) for k, n in enumerate(("About", "Careers", "Privacy", "Terms", "Imprint", "Accessibility", "Press"))]
        return "- Page URL: https://%s/%s\n- Page Title: %s\n- Page Snapshot:\n" % (self.site, self.path, self.site) + "\n".join(rows)

    def idle(self, low=0, high=3):
        for _ in range(self.rng.randint(low, high) * self.pace // 2 + (1 if low else 0) + self.ahead):
            clutter.step(self)
        self.ahead = 0

    def after(self):
        """What comes after the end: a user who says thanks, and small things that have nothing to do with it."""
        for _ in range(self.behind):
            clutter.epilogue(self)

    def cause(self, call, category, reason, agent=None):
        self.fault(call, category, reason, agent)
        return call

    def also(self, call, category, reason):
        """A step that a human would accept beside the root."""
        self.fault(call, category, reason)
        self.failures[-1]["root"] = False
        return call

    def labels(self):
        row = super().labels()
        roots = [f for f in row["failures"] if f.get("root")]
        if roots:
            row["root_cause_span"] = roots[0]["span_id"]
        return row

    def did(self, name, **args):
        """Calls of a tool with these arguments."""
        return [a for n, a, _ in self.acts if n == name and all(str(a.get(k)) == str(v) for k, v in args.items())]
