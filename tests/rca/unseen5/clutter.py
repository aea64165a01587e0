"""Steps that do no harm, a list for each kind of system: slips that are put right at once, waiting with the same call, looking twice,
long listings. Failed and passed runs get them alike.
"""
import content as c


def step(p):
    kinds = HARMLESS[p.kind]
    left = [k for k in kinds if (k not in ONCE or k not in p.done) and k is not p.last] or [k for k in kinds if k not in ONCE]
    kind = p.rng.choice([k for k in left if k not in p.done] or left) if p.rng.random() < .8 else p.rng.choice(left)
    p.done.add(kind)
    p.last = kind
    kind(p)


def epilogue(p):
    EPILOGUE.get(p.kind, thanks)(p)


def thanks(p):
    if p.style == "team":
        return chatter(p)
    p.tell("{Thanks|Thank you|Great, thanks|Perfect}. {That is all for now|Nothing else|I will look at it later}.")
    return p.small("{You are welcome|Glad to help|My pleasure}. {Tell me if you need anything else|Have a good day|I am here if something comes up}.")


# -- assistants ----------------------------------------------------------------------------------
def search_again(p):
    r = p.rng
    w = p.fresh(("history", "official site", "overview", "background", "annual report", "timeline", "archive", "interview", "encyclopedia", "news", "facts", "map", "photos", "blog"))
    q = "%s %s" % (p.topic, w or "part %d" % r.randrange(2, 99))
    p.do("{Let me get some background first|A broader search may help|I want one more source on this|I'll check what else is known}.", ("web_search", {"query": q}, c.hits(r, q, n=r.randrange(4, 9))))


def blocked_page(p):
    r = p.rng
    url = c.url_of("%s %s" % (p.topic, p.fresh(("notes", "dossier", "leaflet", "report")) or "file %d" % r.randrange(2, 99)), r.choice(c.HOSTS))
    bad = r.choice(("HTTPError: 403 Client Error: Forbidden for url: %s" % url, "TimeoutError: navigation to %s exceeded 30000 ms" % url,
                    "HTTPError: 429 Too Many Requests for url: %s" % url))
    p.do("{I'll open|Let me read|Opening} this page.", ("open_page", {"url": url}, bad, bad.split(":")[0]))
    p.do("{That one did not load|This site refuses; trying its mirror|Trying once more elsewhere}.", ("open_page", {"url": url + "?print=1"}, c.page(r, p.topic.title() + " notes", url, [], r.randrange(900, 3200))))


def long_page(p):
    r = p.rng
    title = "%s - %s" % (p.topic.title(), p.fresh(("visitor guide", "a short history", "forum", "photo collection", "sources", "letters to the editor", "at a glance", "questions and answers"))
                         or "volume %d" % r.randrange(2, 99))
    url = c.url_of(title, r.choice(c.HOSTS))
    p.do("{This may hold more|I'll skim this too|For completeness I read this one}.", ("open_page", {"url": url}, c.page(r, title, url, [], r.randrange(1500, 5000))))


def sums(p):
    r = p.rng
    a, b = r.randrange(120, 9000), r.randrange(3, 60)
    if p.style == "code":
        return p.do("{A quick check that the interpreter works|Testing the tool}.", ("python_interpreter", {"code": "print(%d / %d)" % (a, b)}, str(a / b)))
    return p.do("{A quick sanity check of the calculator|Testing the tool}.", ("calculator", {"expression": "%d / %d" % (a, b)}, str(round(a / b, 6))))


def note(p):
    p.do("{I write down where I am|Keeping a note of the plan}.", ("take_note", {"text": "Plan: find a source for %s, read it, answer." % p.topic}, "saved"))


# -- repositories ----------------------------------------------------------------------------------
def look(p):
    r = p.rng
    w = r.choice(c.WORDS)
    path = "src/%s/%s.py" % (r.choice(c.WORDS), w)
    p.shell("{Let me see|I want to look at|Reading} the %s module for context." % w, "sed -n '1,%d p' %s" % (r.randrange(30, 70), path), c.code(r, r.randrange(25, 60)))


def listing(p):
    r = p.rng
    p.shell("{What is around here|Overview of the tree|Let me see the layout}.", r.choice(("ls -R src | head -60", "git ls-files | head -60", "find . -name '*.py' -newer setup.cfg | head")),
            "\n".join("src/%s/%s.py" % (r.choice(c.WORDS), r.choice(c.WORDS)) for _ in range(r.randrange(8, 40))))


def gitlog(p):
    r = p.rng
    p.shell("{History may tell|Recent commits}.", "git log --oneline -n %d" % r.randrange(5, 20), "\n".join(c.commit(r) for _ in range(r.randrange(5, 18))))


def wrong_path(p):
    r = p.rng
    w = r.choice(c.WORDS)
    p.shell("{Open|Let me open} the helper.", "cat src/%s_helpers.py" % w, "cat: src/%s_helpers.py: No such file or directory" % w, 1)
    p.shell("{It lives elsewhere|Wrong path; it is in lib}.", "cat src/lib/%s_helpers.py" % w, c.code(r, r.randrange(15, 40)))


def no_module(p):
    p.shell("{Check|Let me check} how the linter sees it.", "python -m ruff check src", "/usr/bin/python: No module named ruff", 1)
    p.shell("{Not installed; flake8 is|The project uses flake8 instead}.", "python -m flake8 --count src", "src/cache/token.py:41:80: E501 line too long (92 > 79 characters)\n1", 1)


def grep_none(p):
    r = p.rng
    w = r.choice(c.WORDS)
    p.shell("{Is there other use of it|Anything deprecated about this}?", "grep -rn 'deprecated.*%s' src" % w, "", 1)


def flaky(p):
    r = p.rng
    p.shell("{A baseline before I touch anything|Run an unrelated part of the suite}.", "python -m pytest tests/test_%s.py -q" % r.choice(c.WORDS), "." * r.randrange(8, 50) + "s..                                    [100%%]\n%d passed, 1 skipped, 3 warnings in %.2fs" % (r.randrange(12, 60), r.uniform(.4, 9)))


# -- chats of several ------------------------------------------------------------------------------
def chatter(p):
    r = p.rng
    who = r.choice(list(p.team))
    p.do(r.choice(("{Agreed|Sounds right to me|I have nothing to add on this}; {please continue|go on}.",
                   "{For the record|To sum up where we are}: we are on %s, and {nothing blocks us|all is on track}." % p.topic,
                   "{I would keep the plan as it is|No objection}. {Whoever is next, take over|Over to you}.",
                   "{One thought|A remark}: last time with %s {the sources were fine|it took longer than planned}, {so let us be brief|but that need not happen again}." % p.topic,
                   "{Could somebody repeat what is left to do|What is left}? I believe {only the parts that nobody took yet|the remaining items of the plan}.")), by=who)


def warn_terminal(p):
    r = p.rng
    coder = next((n for n in p.team if "oder" in n or "ngineer" in n or "nalyst" in n), None)
    if coder is None:
        return chatter(p)
    a, b = r.randrange(3, 90), r.randrange(3, 90)
    p.do("{A short check of the environment|Let me see that the interpreter is alive}.\n```python\nimport sys\nprint(sys.version_info[:2], %d * %d)\n```" % (a, b), by=coder)
    if r.random() < .4:
        p.terminal("bash: line 1: python: command not found", 127)
        p.do("{It is called python3 here|Then with python3}.\n```sh\npython3 -c 'import sys; print(sys.version_info[:2], %d * %d)'\n```" % (a, b), by=coder)
    p.terminal("(3, 11) %d" % (a * b))
    return None


# -- desks -----------------------------------------------------------------------------------------
def small_talk(p):
    r = p.rng
    p.tell(r.choice(("{Sorry|Excuse me}, {one moment|a second}, {the door rang|my phone rings}. ... {I am back|There again}.", "{Are you a real person|Am I talking to a machine}, by the way?",
                     "{It has been a long week|What weather today}.", "{Please be quick|I am in a hurry}, {I have a meeting|the bus leaves} in {ten|five|twenty} minutes.")))
    p.small("{Of course|No problem|I understand}. {I will keep it short|Let us go on|We are nearly there}.")


def wrong_id(p):
    r = p.rng
    n = r.randrange(10000, 99999)
    p.do("{I look that up|One moment while I search}.", ("search_help_articles", {"query": "case %d" % n}, '{"error": "no article matches", "query": "case %d"}' % n))
    p.do("{I search by subject instead|Another way then}.", ("search_help_articles", {"query": p.topic}, articles(p)))


def articles(p):
    r = p.rng
    return "\n\n".join(
        "[KB-%d] %s\n%s" % (r.randrange(100, 999), p.topic.title(), c.paragraph(r, p.topic, r.randrange(2, 5))) for _ in range(r.randrange(2, 5)))


def help_article(p):
    p.do("{Let me read our article on this|I check our help pages}.", ("search_help_articles", {"query": "%s %s" % (p.topic, p.rng.choice(("faq", "terms", "contact", "how to")))}, articles(p)))


def busy_tool(p):
    r = p.rng
    note = {"channel": "chat", "note": "customer called about %s (C-%d)" % (p.topic, r.randrange(10000, 99999))}
    bad = r.choice((("ServiceUnavailable: upstream returned 503", "ServiceUnavailable"), ("Timeout after 8.0 s", "TimeoutError"), ("ConflictError: contact is locked by another agent", "ConflictError")))
    p.do("{I note that we are talking|Opening a contact note|A note on this contact first}.", ("log_contact", note, *bad))
    p.do("{Once more|Trying again|A second try}.", ("log_contact", note, '{"contact_note": "saved", "id": %d}' % r.randrange(10000, 99999)))


def old_contact(p):
    r = p.rng
    p.do("{Was there a contact before|I look whether we have talked already}?", ("search_help_articles", {"query": "earlier contacts %s" % p.topic}, "\n".join(
        "%s %s: %s" % (c.date(r, 2025), r.choice(("chat", "phone", "mail")), c.sentence(r, p.topic)) for _ in range(r.randrange(3, 9)))))


# -- pages -----------------------------------------------------------------------------------------
def scroll(p):
    r = p.rng
    p.do("{I scroll to see more|More of this page}.", ("scroll", {"direction": r.choice(("down", "down", "up")), "amount": r.choice((400, 600, 800))}, p.tree()))


def cookie(p):
    r = p.rng
    ref = r.randrange(2, 30)
    p.do("{A cookie banner is in the way|First close the consent dialog}.", ("click", {"ref": "e%d" % ref, "element": "Reject all (cookie dialog)"}, p.tree()))


def stale_ref(p):
    r = p.rng
    ref = r.randrange(200, 400)
    p.do("{I open the help entry|Let me see the delivery information}.", ("click", {"ref": "e%d" % ref, "element": "Information"}, "Error: Ref e%d not found in the current page snapshot. Try capturing new snapshot." % ref, "Error"))
    p.do("{The page has changed; a new snapshot|I take a snapshot}.", ("snapshot", {}, p.tree()))


def snapshot(p):
    p.do("{Let me look at the page|Where am I|A fresh look}.", ("snapshot", {}, p.tree()))


def slow_page(p):
    p.do("{The list is still loading; I wait|Waiting for the results}.", ("wait", {"seconds": p.rng.choice((1, 2, 3))}, p.tree()))


# -- data ------------------------------------------------------------------------------------------
def columns(p):
    r = p.rng
    t = r.choice(("stores", "calendar", "suppliers", "currencies", "staff"))
    p.do("{What columns does %s have|Let me see the schema of %s}?" % (t, t), ("run_sql", {"query": "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '%s'" % t},
         c.table(("column_name", "data_type"), [("%s_%s" % (t[:-1], w), r.choice(("integer", "text", "timestamp", "numeric"))) for w in r.sample(c.WORDS, r.randrange(4, 9))])))


def typo_sql(p):
    r = p.rng
    w = r.choice(c.WORDS)
    p.do("{A first look at the lookup table|How many rows in the lookup}?", ("run_sql", {"query": "SELECT COUNT(*) FROM %s_lookups" % w}, 'ERROR: relation "%s_lookups" does not exist\nLINE 1: SELECT COUNT(*) FROM %s_lookups' % (w, w), "UndefinedTable"))
    p.do("{Singular, then|It is called otherwise}.", ("run_sql", {"query": "SELECT COUNT(*) FROM %s_lookup" % w}, c.table(("count",), [(r.randrange(20, 900),)])))


def freshness(p):
    r = p.rng
    p.do("{When was the warehouse loaded last|Is the load complete}?", ("run_sql", {"query": "SELECT job, finished_at, rows FROM etl_runs ORDER BY finished_at DESC LIMIT 5"},
         c.table(("job", "finished_at", "rows"), [("load_%s" % r.choice(c.WORDS), "2026-11-%02d 04:%02d:11" % (r.randrange(1, 29), r.randrange(60)), r.randrange(1000, 90000)) for _ in range(5)])))


def sample(p):
    r = p.rng
    p.do("{A sample of the stores|Let me see some rows}.", ("run_sql", {"query": "SELECT * FROM stores LIMIT 8"}, c.table(("store_id", "town", "opened", "manager"), [(n + 1, c.town(r), c.date(r, r.randrange(2001, 2025)), c.person(r)) for n in range(8)])))


def warn_plot(p):
    p.do("{A quick plot for myself|A look at the shape}.", ("python", {"code": "stores.groupby('town').size().plot.bar(); plt.savefig('/tmp/look.png')"},
         "/opt/venv/lib/python3.11/site-packages/pandas/plotting/_matplotlib/core.py:1114: UserWarning: No artists with labels found to put in legend.\n<Figure size 640x480 with 1 Axes>"))


# -- operations ------------------------------------------------------------------------------------
def logs(p):
    r = p.rng
    s = r.choice(("gateway", "billing", "search", "mailer"))
    p.do("{Logs of a neighbour, to rule it out|Is %s quiet}?" % s, ("get_logs", {"service": s, "since": "30m", "limit": r.choice((50, 100, 200))},
         "\n".join("2026-11-%02dT09:%02d:%02dZ %s %s" % (r.randrange(10, 28), k, r.randrange(60), s, c.log_line(r)) for k in range(r.randrange(12, 45)))))


def metric(p):
    r = p.rng
    p.do("{Load of the nodes|Let me check saturation as well}.", ("query_metrics", {"expr": "avg(node_load1) by (node)", "range": r.choice(("1h", "3h", "6h"))},
         "\n".join("node-%d  %s" % (k, " ".join("%.2f" % r.uniform(.2, 3) for _ in range(12))) for k in range(1, r.randrange(4, 12)))))


def pods(p):
    r = p.rng
    p.do("{Pods of the namespace|Is anything pending}?", ("kubectl", {"args": "get pods -n platform"}, "NAME READY STATUS RESTARTS AGE\n" + "\n".join(
         "%s-%06x-%04x 1/1 Running %d %dd" % (r.choice(("gateway", "billing", "search", "mailer")), r.getrandbits(24), r.getrandbits(16), r.choice((0, 0, 0, 1, 3)), r.randrange(1, 60)) for _ in range(r.randrange(6, 24)))))


def no_metric(p):
    p.do("{Queue age|Age of the oldest message}.", ("query_metrics", {"expr": "max(queue_age_secs)", "range": "1h"}, "error: no series matches selector queue_age_secs", "NoSeries"))
    p.do("{Its name is in seconds written out|Other spelling}.", ("query_metrics", {"expr": "max(queue_age_seconds)", "range": "1h"}, "max  " + " ".join("%.1f" % p.rng.uniform(.1, 4) for _ in range(12))))


def oncall(p):
    r = p.rng
    p.do("{Who else is on call|Roster}.", ("get_roster", {"team": "platform"}, "primary: %s (until 18:00 UTC)\nsecondary: %s\nmanager: %s" % (c.person(r), c.person(r), c.person(r))))


# -- personal ---------------------------------------------------------------------------------------
def inbox(p):
    r = p.rng
    p.do("{What is new|A look at the inbox}.", ("list_mail", {"folder": r.choice(("INBOX", "Archive", "Work")), "limit": 10}, "\n".join(
         "%d | %s | %s | %s" % (r.randrange(1000, 9999), c.email(c.person(r), r), r.choice(("Re: minutes", "Newsletter", "Your receipt", "Lunch?", "Build failed", "Invitation", "Parcel")), c.date(r)) for _ in range(10))))


def contact(p):
    r = p.rng
    who = c.person(r)
    p.do("{Who is that again|Contact of %s}." % who, ("find_contact", {"name": who}, '[{"name": "%s", "email": "%s", "team": "%s"}]' % (who, c.email(who, r), r.choice(("Sales", "Legal", "Design")))))


def token(p):
    p.do("{First the files|Files of last week}.", ("list_files", {"folder": "/Shared"}, "401 Unauthorized: token expired, call login", "Unauthorized"))
    p.do("{The token has expired; a new one|Log in again}.", ("login", {"service": "drive"}, "ok, valid for 3600 s"))
    p.do("{Again|Now the files}.", ("list_files", {"folder": "/Shared"}, "\n".join("/Shared/%s-%d.pdf" % (w, p.rng.randrange(2019, 2026)) for w in p.rng.sample(c.WORDS, 6))))


HARMLESS = {
    "answers": (search_again, blocked_page, long_page, sums, note, search_again, long_page),
    "repo": (look, listing, gitlog, wrong_path, no_module, grep_none, flaky, look),
    "crew": (chatter, warn_terminal, chatter),
    "lead": (search_again, long_page, note),
    "desk": (small_talk, wrong_id, help_article, busy_tool, old_contact, small_talk),
    "browser": (scroll, cookie, stale_ref, snapshot, slow_page),
    "data": (columns, typo_sql, freshness, sample, warn_plot),
    "ops": (logs, metric, pods, no_metric, oncall),
    "office": (inbox, contact, token),
}
ONCE = {note, no_module, cookie, warn_plot, token, warn_terminal, oncall, sums, busy_tool, old_contact, wrong_id}


def more_research(p):
    p.tell("{Thanks|Good}. {For later|Out of curiosity}: {is there a longer text on|what else is there about} %s?" % p.topic)
    search_again(p)
    p.small("{Some of these look worth reading|The first two results are a good start}.")


def one_more_look(p):
    p.tell("{Thanks|Okay}. {Before you go|One more thing}: {how is the rest|anything else to see}?")
    step(p)
    p.small("{Nothing there that needs you|That looks as usual}.")


EPILOGUE = {"answers": more_research, "data": one_more_look, "ops": one_more_look, "office": one_more_look, "lead": more_research, "desk": thanks,
            "browser": thanks, "repo": thanks, "crew": thanks}
