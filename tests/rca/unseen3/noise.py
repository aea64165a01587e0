"""What goes wrong in every second run and is put right at once: it is never the root. And steps that are simply work."""
import json

PAGES = ("Skip to content\nMenu  Search  Sign in\n", "Cookie settings | Accept all\n", "", "Home > Reference > Article\n")


def search_hiccup(c, query):
    """A search that fails, and the same with other words."""
    if c.rng.random() < 0.6:
        bad = c.pick("HTTP 503 Service Unavailable", "Error: rate limit exceeded, retry after 2 s",
                     "Read timed out. (read timeout=10)", "[]")
        c.do(c.pick("", "Let me search first.", "I'll look this up."), "web_search", {"query": query}, bad,
             error=bad[0] == "R" and c.rng.random() < .5)
        c.do(c.pick("That did not come through, once more.", "", "Retrying with slightly different words."), "web_search",
             {"query": query + c.pick(" overview", " facts", "")}, results(c, query))
    else:
        c.do(c.pick("", "Searching."), "web_search", {"query": query}, results(c, query))


def results(c, query, *more):
    """A page of search results; @more are titles with snippets that matter."""
    plain = ["%s - %s\nhttps://%s/%s\n%s" % (
        query.split(" ")[0].capitalize(), c.pick("an introduction", "encyclopedia entry", "discussion thread", "archive",
             "photo gallery"),
        c.pick("reference.example", "library.example", "forum.example", "press.example"), c.pick("a", "wiki", "p", "read")
             + str(c.rng.randint(10, 990)),
        c.pick("Background, history and further reading.", "Members discuss where to find more.", "Overview with pictures.",
               "Last changed in spring.")) for _ in c.many(2, 4)]
    rows = plain + list(more)
    c.rng.shuffle(rows)
    return "\n\n".join("%d. %s" % (i + 1, row) for i, row in enumerate(rows))


def page(c, body):
    tail = c.pick("\n\nRelated articles\nNewsletter", "\n\n(c) the editors", "\n\nWas this page helpful?  Yes  No")
    return c.pick(*PAGES) + body + tail


def side_reading(c, topics, low=0, high=4):
    """Pages read on the way which matter little."""
    for topic in c.rng.sample(topics, min(len(topics), c.rng.randint(low, high))):
        c.do(c.pick("", "Some background may help.", "Let me check %s too." % topic, "Next: %s." % topic), "open_page",
             {"url": "https://reference.example/" + topic.lower().replace(" ", "-")},
             page(c, "%s. This article gives an overview of %s, its origin and its use. See also the bibliography."
                  % (topic, topic.lower())))


def shell(c, command, output, thought="", root="", code=0, agent=None):
    c.do(thought, "bash", {"command": command}, "<returncode>%d</returncode>\n<output>\n%s\n</output>" % (code, output), root=root,
         agent=agent)


def shell_slip(c, package):
    """A slip at the shell that is put right in the next step."""
    kind = c.rng.randint(0, 3)
    if kind == 0:
        shell(c, "cat src/%s/main.py" % package, "cat: src/%s/main.py: No such file or directory" % package,
             "Let me look at the entry point.", code=1)
        shell(c, "ls %s" % package, "__init__.py\nconfig.py\ncore.py\nio.py\nutils.py", "It lies elsewhere.")
    elif kind == 1:
        shell(c, "python -m pytest -q", "/bin/sh: 1: python: not found", "See whether the tests pass before any change.", code=127)
        shell(c, "python3 -m pytest -q", "%d passed, 1 skipped in 3.4s" % c.rng.randint(40, 300), "python3, then.")
    elif kind == 2:
        shell(c, "grep -rn 'def load' %s/" % package, "%s/io.py:%d:def load(path, *, strict=False):" % (package, c.rng.randint(12, 99)),
             "Where are files loaded?")
        shell(c, "sed -n '1,30p' %s/io.py" % package, '"""Reading and writing."""\nimport os\n\nfrom .config import DEFAULTS\n', "")


def shell_work(c, package, low=0, high=6):
    """Looking round in a repository."""
    jobs = [("git log --oneline | head -5",
         "9a1c2f0 Release notes\n77be013 Fix typo in docs\n0c4d1aa Speed up parser\nf0e3b52 Add type hints\n1d0aa7b Bump version",
         "What changed lately?"),
            ("ls", "CHANGES.md\nLICENSE\nREADME.md\n%s\nsetup.cfg\ntests" % package, "I start with the layout."),
            ("cat setup.cfg | head -20", "[metadata]\nname = %s\n[options]\npython_requires = >=3.8" % package, ""),
            ("ls tests", "conftest.py\ntest_config.py\ntest_core.py\ntest_io.py", "Which tests are there?"),
            ("grep -n 'import' %s/core.py | head" % package, "1:import itertools\n2:import re\n4:from .config import DEFAULTS", ""),
            ("wc -l %s/*.py" % package, "   12 __init__.py\n  88 config.py\n 341 core.py\n 127 io.py\n  70 utils.py", "How large is it?"),
            ("cat README.md | head -30", "# %s\n\nA small library. See docs/ for usage." % package, "")]
    for command, output, thought in c.rng.sample(jobs, c.rng.randint(low, min(high, len(jobs)))):
        shell(c, command, output, thought)


PEOPLE = (("Ines", "Calder"), ("Tomas", "Rehak"), ("Yuki", "Arano"), ("Femi", "Adeyo"), ("Greta", "Lindqvist"), ("Pablo", "Serrat"),
          ("Mina", "Haddad"), ("Owen", "Pryce"), ("Sara", "Kowalik"), ("Luca", "Bontempi"))


def identify(c, find, mail="email"):
    """The start of a call with a customer: who it is; sometimes with a typing error on the way. Gives name and user id."""
    first, last = c.pick(*PEOPLE)
    user = "%s_%s_%d" % (first.lower(), last.lower(), c.rng.randint(1000, 9999))
    address = "%s.%s%d@example.com" % (first.lower(), last.lower(), c.rng.randint(10, 99))
    c.say(c.pick("I'm happy to help. May I have the %s on your account?" % mail, "Sure - which %s is the account under?" % mail))
    if c.rng.random() < 0.4:
        wrong = address.replace(".", "", 1)
        c.user("It's %s" % wrong)
        c.do("", find, {"email": wrong}, "Error: user not found")
        c.say("I cannot find that address. Could you check the spelling?")
        c.user("Sorry, %s" % address)
    else:
        c.user(c.pick("%s", "It is %s.", "Sure: %s") % address)
    c.do("", find, {"email": address}, user)
    return first, last, user


def small_talk(c, low=0, high=3):
    """Questions beside the matter, answered well."""
    asked = [("By the way, do you have a newsletter?", "We do; you can subscribe on your profile page."),
             ("How late are you open?", "This line is open around the clock."),
             ("Do you ship to islands?", "That depends on the carrier, and is shown at checkout."),
             ("Can I reach you by phone as well?", "Yes, the number stands on your confirmation."),
             ("Sorry, my dog is barking.", "No problem at all, take your time.")]
    for question, reply in c.rng.sample(asked, c.rng.randint(low, high)):
        c.user(question)
        c.say(reply)


def ledger(done, reason, speaker, order, loop=False):
    """What an orchestrator notes before it gives the word to somebody."""
    return "Updated Ledger:\n" + json.dumps({
        "is_request_satisfied": {"reason": reason, "answer": done}, "is_in_loop": {"reason": "", "answer": loop},
        "is_progress_being_made": {"reason": "", "answer": not loop},
        "next_speaker": {"reason": "It has what is needed for this.", "answer": speaker},
        "instruction_or_question": {"reason": "", "answer": order}}, indent=2)


def orchestrate(c, order, reason="The request is not satisfied yet.", speaker="WebSurfer", root=""):
    """The orchestrator's note and its order."""
    if c.rng.random() < 0.8:
        c.say(ledger(False, reason, speaker, order), "Orchestrator")
    c.say(order, "Orchestrator", root=root)


def screen(c, title, url, text):
    return ("Here is a screenshot of [%s](%s). The viewport shows %d%% of the webpage, and is positioned at the %s of the page.\n"
            "Automatic OCR of the page screenshot has detected the following text:\n\n%s" % (
                title, url, c.rng.randint(12, 80), c.pick("top", "top", "middle"), text))


def surf(c, what, name, arguments, shown, root="", reason=""):
    c.do(what, name, arguments, shown, agent="WebSurfer", root=root)
    if reason:
        c.say(reason, "WebSurfer")


def surf_noise(c, site, low=0, high=3):
    """Pop-ups, slow pages, a wrong click and back."""
    for kind in c.rng.sample(range(5), c.rng.randint(low, high)):
        url = "https://%s/" % site
        if kind == 0:
            surf(c, "I clicked 'Accept all'.", "click", {"target": "Accept all"}, screen(c, site, url, "Welcome\nBrowse\nHelp"))
        elif kind == 1:
            surf(c, "I scrolled down one page in the browser.", "page_down", {},
                 screen(c, site, url, "About us\nPartners\nContact\nImprint"))
        elif kind == 2:
            surf(c, "I clicked 'Help'.", "click", {"target": "Help"},
                 screen(c, "Error 404 (not found)", url + "help", "The page you are looking for does not exist."))
            surf(c, "I clicked the browser back button.", "history_back", {}, screen(c, site, url, "Welcome\nBrowse\nHelp"))
        elif kind == 3:
            surf(c, "I am waiting a short period of time before taking further action.", "sleep", {"seconds": 5},
                 screen(c, site, url, "Loading ..."))
            orchestrate(c, "Please try the page again, it may have loaded by now.", "The page was still loading.")
            surf(c, "I visited '%s'" % url, "visit_url", {"url": url}, screen(c, site, url, "Welcome\nBrowse\nHelp"))
        else:
            orchestrate(c, "Make sure that the page is in English.", "The language of the page is not certain.")
            surf(c, "I clicked 'EN'.", "click", {"target": "EN"}, screen(c, site, url, "Welcome\nBrowse\nHelp"))
