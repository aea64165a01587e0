"""What real runs are full of and what does no harm: long pages, listings, warnings, slips that were put right.

Nothing here is a cause: failed and passed runs get it alike.
"""
import json

SITES = ("en.wikipedia.org/wiki", "www.britannica.com/topic", "www.researchgate.net/publication", "archive.org/details",
         "www.jstor.org/stable", "www.reddit.com/r/AskHistorians/comments", "www.goodreads.com/book/show", "www.nature.com/articles")
FILL = (
    "This article needs additional citations for verification. Please help improve this article by adding citations to reliable sources.",
    "From the outset the project was supported by a small group of volunteers, many of whom had worked together on earlier surveys in the region.",
    "The collection was moved to its present location after the flood, and a catalogue was printed for subscribers in the following spring.",
    "Critics were divided: some praised the clarity of the presentation, while others felt that the second half was hurried.",
    "A revised edition with corrected tables appeared later and is the one that is usually cited.",
    "Visitor numbers recovered slowly; the annual report attributes this to the reopening of the northern rail link.",
    "The committee met four times, published its minutes in full and was dissolved once the recommendations had been adopted.",
    "It was one of the first of its kind to be documented in detail, although similar arrangements are known from neighbouring districts.",
    "Funding came in equal parts from the municipality, the foundation and a bequest whose terms were contested for several years.",
    "See also the discussion of methodology in the appendix, which explains how missing values were treated.",
    "Several of the original members went on to hold senior posts at universities abroad.",
    "The name is first attested in a tax register and probably derives from a local word for a ford.")
NAV = ("Jump to content\nMain menu\nSearch\nDonate\nCreate account\nLog in\nContents hide\n(Top)\nBackground\nHistory\nReception\nLegacy\nNotes\nReferences\nExternal links\n",
       "[Skip to main content]\nWe value your privacy. We and our 847 partners store and/or access information on a device. [Accept all] [Manage options]\nHome | About | Contact | Subscribe\n",
       "Sign in / Register   Cart (0)\nMENU\nNews  Sport  Culture  Lifestyle  More\nAdvertisement\n")
WARN = ("/usr/local/lib/python3.11/site-packages/urllib3/connectionpool.py:1099: InsecureRequestWarning: Unverified HTTPS request is being made to host 'en.wikipedia.org'.",
        "<string>:4: FutureWarning: The default value of regex will change from True to False in a future version.",
        "/opt/venv/lib/python3.10/site-packages/pandas/core/frame.py:706: DeprecationWarning: Passing a BlockManager to DataFrame is deprecated and will raise in a future version.",
        "WARNING: Running pip as the 'root' user can result in broken permissions and conflicting behaviour with the system package manager.",
        "GuessedAtParserWarning: No parser was explicitly specified, so I'm using the best available HTML parser for this system (\"lxml\").")
OPENERS = ("Okay, let me think about this step by step. ", "Let me continue. ", "Alright. ", "I will now proceed. ", "", "", "Good. ",
           "Let's take stock of what we have so far. ", "Moving on to the next part of the plan. ")


def opener(rng):
    return rng.choice(OPENERS)


def page(rng, title, facts, size=14, where=None):
    """A web page in which @facts stand, one a paragraph, among others that do not matter."""
    lines = [rng.choice(FILL) for _ in range(size)]
    lines = [l + (" [%d]" % rng.randrange(1, 90) if rng.random() < .5 else "") for l in lines]
    at = rng.randrange(2, size - 1) if where is None else where
    lines[at:at] = list(facts)
    refs = "\n".join("%d. ^ %s. \"%s\". Retrieved %d %s 20%02d." % (k + 1, rng.choice(("Holt, M.", "Ferreira, J.", "Okafor, N.", "Lindqvist, A.")),
                     rng.choice(FILL)[:38], rng.randrange(1, 28), rng.choice(("March", "June", "October")), rng.randrange(12, 25)) for k in range(rng.randrange(3, 9)))
    return "Address: https://%s/%s\nTitle: %s\nViewport position: Showing page 1 of %d.\n=======================\n%s\n# %s\n\n%s\n\n## References\n%s\n" % (
        rng.choice(SITES), title.replace(" ", "_"), title, rng.randrange(1, 5), rng.choice(NAV), title, "\n\n".join(lines), refs)


def results(rng, query, hits, other=5):
    """A page of search results: @hits (title, snippet), and others of no use."""
    rows = list(hits) + [("%s - %s" % (query.title()[:40], rng.choice(("Wikipedia", "Quora", "YouTube", "Pinterest", "Academia.edu"))),
                          rng.choice(FILL)) for _ in range(other)]
    return "A Google search for '%s' found %d results:\n\n## Web Results\n%s" % (query, len(rows), "\n\n".join(
        "%d. [%s](https://%s/%x)\nDate published: %s %d, 20%02d\nSource: %s\n%s" % (
            k + 1, t, rng.choice(SITES), rng.randrange(1 << 24), rng.choice(("Jan", "Apr", "Sep", "Nov")), rng.randrange(1, 28), rng.randrange(10, 25),
            rng.choice(("Wikipedia", "Medium", "The Guardian", "JSTOR")), s) for k, (t, s) in enumerate(rows)))


def listing(rng, names, root="/workspace"):
    rows = ["total %d" % rng.randrange(40, 400), "drwxr-xr-x %d root root  4096 Mar  4 09:1%d ." % (rng.randrange(3, 12), rng.randrange(10))]
    for n in names:
        rows.append("-rw-r--r-- 1 root root %6d Mar  %d 1%d:%02d %s" % (rng.randrange(200, 90000), rng.randrange(1, 9), rng.randrange(10), rng.randrange(60), n))
    return "\n".join(rows)


def traceback(rng, kind, message, frames=3):
    rows = ["Traceback (most recent call last):"]
    for k in range(frames):
        rows.append('  File "/workspace/%s.py", line %d, in %s\n    %s' % (rng.choice(("main", "utils", "core/loader", "runner")), rng.randrange(8, 400),
                    rng.choice(("<module>", "run", "load", "_dispatch")), rng.choice(("return self._apply(item)", "data = load(path)", "result = fn(*args, **kwargs)"))))
    return "\n".join(rows + ["%s: %s" % (kind, message)])


def pip(rng, name):
    return "Collecting %s\n  Downloading %s-%d.%d.%d-py3-none-any.whl (%d kB)\n     ━━━━━━━━━━━━━━━━━━━━━━━━ %d.0/%d.0 kB 3.1 MB/s eta 0:00:00\nInstalling collected packages: %s\nSuccessfully installed %s\n%s" % (
        (name, name) + tuple(rng.randrange(1, 9) for _ in range(3)) + (80, 80, 80, name, name, WARN[3]))


def source(rng):
    """Some lines of a module that have no part in anything."""
    name, kept = rng.choice(("rows", "column", "meta", "unit", "cache")), rng.choice(("strict", "copy", "lazy", "names"))
    return rng.choice((
        "    def _%s(self, %s=None):\n        if %s is None:\n            return self._default\n        return [c for c in self.%s if c.%s]\n\n    @property\n    def size(self):\n        return len(self.%s)",
        "class %sMixin:\n    \"\"\"Adds %s to a reader.\"\"\"\n\n    %s = False\n\n    def %s_of(self, obj):\n        # kept for compatibility with 1.x\n        return getattr(obj, '%s', None) or self.%s_default",
        "def make_%s(data, %s=True):\n    out = {}\n    for key, value in data.items():\n        if %s and key in out:\n            raise ValueError('duplicate %s: ' + key)\n        out[key] = value\n    log.debug('%s: %s', len(out))\n    return out"
    )) % (name, kept, kept, name, kept, name)


def tests(rng, passed, failures=(), module="tests"):
    """What pytest prints. @failures: (test, message)"""
    rows = ["============================= test session starts ==============================", "platform linux -- Python 3.9.19, pytest-7.4.0, pluggy-1.3.0",
            "rootdir: /testbed", "configfile: setup.cfg", "plugins: hypothesis-6.82.6, cov-4.1.0, xdist-3.3.1", "collected %d items" % (passed + len(failures)), ""]
    rows += ["%s/test_%s.py %s [%3d%%]" % (module, n, "." * rng.randrange(8, 30), p) for n, p in (("base", 31), ("formats", 62), ("regression", 100))]
    if failures:
        rows += ["", "=================================== FAILURES ==================================="]
        for t, m in failures:
            rows += ["________________________________ %s ________________________________" % t, "", "    def %s():" % t, ">       assert got == want", "E       " + m, ""]
        rows += ["=========================== short test summary info ============================"] + ["FAILED %s/test_regression.py::%s - %s" % (module, t, m) for t, m in failures]
    rows += ["=============================== warnings summary ===============================", rng.choice(WARN), "-- Docs: https://docs.pytest.org/en/stable/how-to/capture-warnings.html",
             "%s%d passed, 2 skipped, 3 warnings in %d.%02ds" % ("%d failed, " % len(failures) if failures else "", passed, rng.randrange(1, 40), rng.randrange(100))]
    return "\n".join(rows)


def blob(rng, rows):
    return json.dumps(rows, indent=rng.choice((None, 2)), ensure_ascii=False)


# -- steps that do no harm ----------------------------------------------------------------------
def idle(play, rng, about, many, kinds="404 search page import"):
    """@many steps of a web agent which read something of no use, or fail in a small way and go on."""
    for _ in range(many * play.stretch):
        kind = play.pick(rng, kinds.split(), ("import",))
        if kind == "404":
            play.say("%sI should open the page from the search results to see whether it has more detail on %s." % (opener(rng), about),
                     ("visit_webpage", {"url": "https://%s/%s" % (rng.choice(SITES), about.replace(" ", "-"))},
                      rng.choice(("Error fetching the webpage: 404 Client Error: Not Found for url", "Error fetching the webpage: HTTPSConnectionPool(host='archive.org', port=443): Read timed out. (read timeout=20)",
                                  "Error fetching the webpage: 403 Client Error: Forbidden for url"))))
            play.say("That page could not be loaded. I'll go back to a search instead.",
                     ("web_search", {"query": about}, results(rng, about, (), 6)))
        elif kind == "search":
            q = about + " " + rng.choice(("overview", "history", "official site", "list", "details", "timeline", "archive", "interview", "statistics", "review", "museum", "map"))
            play.say(opener(rng) + rng.choice(("Let me get some background on %s first, so that I know where to look.", "I want another source on %s.", "The wording of the query may matter, so I search for %s in a different way.",
                                               "It is worth checking if there is something more recent on %s.")) % about,
                     ("web_search", {"query": q}, results(rng, q, (), rng.randrange(5, 9))))
        elif kind == "page":
            play.say(opener(rng) + rng.choice(("The next result may give some context, so I'll read it.", "One of the results looks like a longer article; I open it.", "This page was cited by the one before. Let me look at it.",
                                               "I'll skim this page for names and dates that help.")),
                     ("visit_webpage", {"url": "https://%s/%x" % (rng.choice(SITES), rng.randrange(1 << 20))}, page(rng, about.title(), (), rng.randrange(8, 20))))
        elif play.style == "code":
            play.say("%sI'll set up what I need to process the text." % opener(rng),
                     ("python_interpreter", {"code": "import os\nfrom bs4 import BeautifulSoup\nprint('ok')"},
                      "Code execution failed at line 'import os' due to: InterpreterError: Import of os is not allowed. Authorized imports are: ['bs4', 'collections', 'csv', 'datetime', 'json', 'math', 're', 'statistics']", "InterpreterError"))
            play.say("`os` is not available here and I do not need it. I'll go on with the search tool.",
                     ("web_search", {"query": about}, results(rng, about, (), 5)))


def shell_idle(play, rng, many, root="/testbed"):
    """@many steps of an engineer who looks around, or slips and goes on."""
    for _ in range(many * play.stretch):
        kind = play.pick(rng, ("read", "read", "ls", "slip", "grep", "git", "pip"), ("ls", "slip", "grep", "git", "pip"))
        if kind == "ls":
            play.say("%sLet me look at the layout of the repository first." % opener(rng), ("bash", {"command": "ls -la " + root}, listing(
                rng, ("CHANGES.rst", "LICENSE", "MANIFEST.in", "README.rst", "setup.cfg", "setup.py", "tox.ini", "docs", "src", "tests"), root)))
        elif kind == "read":
            name = rng.choice(("api", "base", "compat", "io/reader", "io/writer", "config", "units", "table/column", "utils/data", "logger"))
            at = rng.randrange(1, 600)
            play.say("%s%s" % (opener(rng), rng.choice(("I'd like to read %s.py before I decide.", "Let me see whether %s.py is involved.", "I want to rule out that %s.py does the same.")) % name),
                     ("bash", {"command": "sed -n %d,%dp %s/src/%s.py" % (at, at + 12, root, name)}, source(rng)))
        elif kind == "slip":
            play.say("I'll look for the configuration.", ("bash", {"command": "cat %s/config/settings.toml" % root},
                                                          "cat: %s/config/settings.toml: No such file or directory" % root, 1))
            play.say("There is no such file here; the configuration must be in setup.cfg.", ("bash", {"command": "sed -n 1,40p %s/setup.cfg" % root},
                     "[metadata]\nname = project\nversion = attr: project.__version__\nlicense = BSD-3-Clause\n\n[options]\npython_requires = >=3.8\npackages = find:\n\n[flake8]\nmax-line-length = 88\nextend-ignore = E203\n\n[tool:pytest]\ntestpaths = tests\nfilterwarnings =\n    error\n    ignore::DeprecationWarning"))
        elif kind == "grep":
            play.say("%sI want to know how this is used elsewhere." % opener(rng), ("bash", {"command": "grep -rn \"warnings.warn\" %s/src | head -8" % root},
                     "\n".join("%s/src/%s.py:%d:        warnings.warn(%s" % (root, rng.choice(("api", "base", "compat", "io/reader")), rng.randrange(20, 900),
                                                                          rng.choice(("msg, DeprecationWarning, stacklevel=2)", "\"unused option\", UserWarning)"))) for _ in range(6))))
        elif kind == "git":
            play.say("Let me see the recent history.", ("bash", {"command": "cd %s && git log --oneline | head -5" % root},
                     "\n".join("%07x %s" % (rng.randrange(1 << 28), m) for m in ("Merge branch 'fix-docs'", "Update pre-commit hooks", "Drop support for Python 3.7", "Typo in changelog", "Release 2.4.1"))))
        else:
            play.say("A package for the tests seems to be missing; I'll install it.", ("bash", {"command": "pip install hypothesis"}, pip(rng, "hypothesis")))
