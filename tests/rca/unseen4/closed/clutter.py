"""What does no harm in the runs of the closed half; the open half has other texts for it."""
import weather

TALK = ("I have gone through the conversation so far and have no objection to the direction.", "A short note on process: I'll keep my messages brief until there is a result on %s.",
        "For what it's worth, I did a similar task before, and there the hard part was %s as well.", "Just to have it written down: nobody has reported a problem with %s up to now.",
        "Could somebody else take the lead on %s? I'll review.", "I'll wait for the output before I comment on %s.", "Noted. I keep the constraints of the task in mind.",
        "Let us not forget that the answer has to be in the format that the manager gave.", "My summary so far: the task is clear, %s is in progress, and no result has been reported yet.")


def talk(play, rng, who, many, about):
    for _ in range(many * play.stretch):
        text = rng.choice(TALK)
        play.say(text % about if "%s" in text else text, by=rng.choice(sorted(who)))
        if rng.random() < .15:
            play.say("Let me check the environment.\n\n```sh\npython --version && df -h / | tail -1\n```", by=rng.choice(sorted(who)))
            play.terminal("Python 3.11.9\noverlay          98G   %dG   %dG  %d%% /\n" % (rng.randrange(20, 50), rng.randrange(30, 48), rng.randrange(31, 70)))


def reading(play, rng, about, many):
    """Pages and searches of a research assistant that lead nowhere, or fail and are made good."""
    for _ in range(many * play.stretch):
        kind = rng.randrange(5)
        if kind == 0:
            play.say("Let me see if there is a primary source for %s." % about, ("web_search", {"query": rng.choice(("\"%s\"", "%s pdf", "%s primary source", "%s site")) % about}, weather.results(rng, about, (), rng.randrange(4, 8))))
        elif kind == 1:
            play.say("The page may list what I need further below.", ("page_down", {}, "Viewport position: Showing page %d of 9.\n=======================\n%s" % (rng.randrange(2, 9), "\n\n".join(rng.sample(weather.FILL, 5)))))
        elif kind == 2:
            play.say("I'll open the next hit on %s." % about, ("visit_webpage", {"url": "https://%s/%x" % (rng.choice(weather.SITES), rng.randrange(1 << 22))}, weather.page(rng, about.title() + " (overview)", (), rng.randrange(9, 22))))
        elif kind == 3:
            play.say("I jump to the part of the page that speaks of it.", ("find_on_page", {"search_string": about.split()[0]}, "The search string '%s' was not found on this page." % about.split()[0]))
            play.say("Not on this page. I'll take another one.", ("visit_webpage", {"url": "https://%s/%x" % (rng.choice(weather.SITES), rng.randrange(1 << 22))}, weather.page(rng, about.title(), (), rng.randrange(6, 12))))
        else:
            play.say("An archived copy might be more complete.", ("visit_webpage", {"url": "https://web.archive.org/web/2020/%x" % rng.randrange(1 << 22)}, "Error fetching the webpage: 429 Client Error: Too Many Requests for url"))
            play.say("The archive limits requests at the moment. The live page will do for this part.", ("visit_webpage", {"url": "https://%s/%x" % (rng.choice(weather.SITES), rng.randrange(1 << 22))}, weather.page(rng, about.title(), (), 7)))


def looking(play, rng, many):
    """An engineer reads on."""
    for _ in range(many * play.stretch):
        kind, name = rng.randrange(4), rng.choice(("query", "options", "models/base", "backends/utils", "forms/fields", "cli", "template/engine", "sessions"))
        if kind == 0:
            play.say("I want to see how %s.py is organised." % name, ("bash", {"command": "grep -n '^class \\|^def ' /testbed/lib/%s.py | head -20" % name}, "\n".join("%d:%s" % (n, d) for n, d in zip(sorted(rng.sample(range(10, 900), 5)), ("class Base:", "def resolve(value):", "class Lazy(Base):", "def register(name, obj):", "def _clean(data):")))))
        elif kind == 1:
            play.say("Are there tests that cover this part?", ("bash", {"command": "ls /testbed/tests | head -20"}, "__init__.py\nconftest.py\ntest_base.py\ntest_cli.py\ntest_fields.py\ntest_query.py\ntest_sessions.py\nutils.py"))
        elif kind == 2:
            play.say("I look at the documentation of the option.", ("bash", {"command": "grep -rn \"%s\" /testbed/docs | head -5" % name.split("/")[0]}, "/testbed/docs/ref/%s.txt:%d:.. versionadded:: 3.2\n/testbed/docs/releases/3.2.txt:%d:* The option is documented now." % (name.split("/")[0], rng.randrange(9, 600), rng.randrange(9, 300))))
        else:
            play.say("Which version is installed?", ("bash", {"command": "python3 -c 'import lib; print(lib.VERSION)'"}, weather.traceback(rng, "AttributeError", "module 'lib' has no attribute 'VERSION'", 1), 1))
            play.say("It is called differently.", ("bash", {"command": "grep -n version /testbed/lib/__init__.py"}, "3:__version__ = '3.2.%d'" % rng.randrange(9)))
