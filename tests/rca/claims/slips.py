"""Predicates of sentences about what slipped on the way: made-up figures, bounds, units, lost work, old pages (see predicates.py).

@asked(run): what users said.
"""
import re

from contradictions import calls_of, everything, whole

TURNED = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
SAME = {"at least": ">=", "no less than": ">=", "not less than": ">=", "no fewer than": ">=", "minimum of": ">=", "or more": ">=",
        "or above": ">=", "at most": "<=", "up to and including": "<=", "no more than": "<=", "not more than": "<=", "maximum of": "<=",
        "or less": "<=", "or fewer": "<=", "more than": ">", "greater than": ">", "above": ">", "over": ">", "exceeding": ">",
        "less than": "<", "fewer than": "<", "below": "<", "under": "<", "smaller than": "<"}
EDIT = re.compile(r"sed -i|(?<![2&])>\s*(?!/dev|&)[\w./-]+|\btee\b|\bpatch\b|git apply|\bmv\b|\bcp\b|write\(|str_replace|insert|create"
                  r"|edit|stash (?:pop|apply)")
UNITS = {"feet": "f(?:ee|oo)?t", "kilometres": "k(?:ilomet|m)", "metres": "met(?:er|re)", "litres": "lit(?:er|re)", "inches": "inch",
         "kilograms": "k(?:ilo)?g", "pounds": "(?:pound|lb)", "degrees Celsius": "celsius", "degrees Fahrenheit": "fahrenheit"}


def squeezed(text):
    return re.sub(r"\s+", " ", text.replace("\\n", " "))


def made_up(claim):
    m = claim.match(r'says "(.*)", and writes (\S+), (\S+) and (\S+), which nothing had shown\.$')
    if not m:
        return "unread"
    if squeezed(m[0])[:60] not in squeezed(claim.span.text("out")):
        return "it does not say so"
    if not re.search(r"assum|representative|sample|mock|dummy|placeholder|hypothe|simulat|fiction|made|illustr|demonstr|plausible|memory"
                     r"|synth", m[0], re.I):
        return "nothing in it says that they are made up"
    shown = claim.run.shown_before(claim.span)
    for value in m[1:]:
        if whole(value, shown):
            return "%s was shown" % value
        if value not in everything(claim):
            return "nothing has %s" % value
    return None


def sign_of(words):
    """At least 47 -> >=; the longest wording, as "no more than" holds "more than"."""
    return next((SAME[w] for w in sorted(SAME, key=len, reverse=True) if re.search(r"\b%s\b" % w, words, re.I)), None)


def other_bound(asked):
    def check(claim):
        m = claim.match(r'(compares with|speaks of) "(.*?)"; the request says "(.*?)", and no call has that\.$')
        if not m:
            return "unread"
        number = re.search(r"\d[\d.,]*\d|\d", m[2]).group()
        if m[2] not in asked(claim.run):
            return "no user said so"
        want = sign_of(m[2])
        has = m[1].split()[0] if m[0] == "compares with" else sign_of(m[1])
        if want is None or has is None or want == has or want[0] != has[0]:
            return "these are no two readings of one bound: %s, %s" % (want, has)
        pattern = r"(?<![-=<>])%s\s*%s(?![\d.]*\d)"
        for sign in (want, TURNED[want]):
            if any(re.search(pattern % (sign, re.escape(number)), a) for _, _, _, a in calls_of(claim.run)):
                return "a call has %s %s" % (sign, number)
        if m[0] == "speaks of":
            return None if m[1] in claim.span.text("out") else "it does not"
        here = claim.span.text("out") + "".join(a for _, s, _, a in calls_of(claim.run) if s == claim.span.id)
        here += "".join(s.text("all") for s in claim.effects)
        return None if re.search(pattern % (has, re.escape(number)), here) else "it does not"
    return check


def other_unit(claim):
    m = claim.match(r"speaks of (\S+) (.+?); step (\d+) shows (\S+) (.+), and nothing shows it otherwise\.$")
    if not m or m[0] != m[3]:
        return "unread"
    shown = claim.run.shown_before(claim.span)
    number = r"(?<![\d.,])%s" % re.escape(m[0])
    if not re.search(number + r"[ -]?%s" % UNITS.get(m[1], m[1][:-1]), claim.span.text("out"), re.I):
        return "it does not say so"
    for found in re.finditer(number + r"(?!\d)(?![.,]\d)(.{0,14})", shown, re.S):
        if not re.match(r"[ -]?%s" % UNITS.get(m[4], m[4][:-1]), found.group(1), re.I):
            return "it is shown as %s too" % found.group()
    return None if re.search(number, shown) else "nothing shows it"


def discarded(claim):
    m = claim.match(r"ran (.*) after the change of step (\d+), which nothing had committed; no later call changed a file\.$")
    if not m:
        return "unread"
    calls = calls_of(claim.run)
    here = [t for t, span, _, a in calls if span == claim.span.id and m[0] in a]
    change = claim.step(m[1])
    if not here or change is None:
        return "it ran no such command"
    made = [re.search(r"(?:cat >|tee|touch) ?([\w./-]+)", a) for t, s, _, a in calls if s == change.id]
    if made and all(made) and not any(m.group(1) in a for m in made for t, s, _, a in calls if t < change.start):
        return "step %s makes a new file, which stays" % m[1]
    for t, _, _, a in calls:
        if change.start < t <= here[0] and "git commit" in a:
            return "it was committed"
        if t > here[0] and EDIT.search(a) and "/tmp" not in a:
            return "a later call may change a file: " + a[:80]
    return None if any(t <= here[0] and EDIT.search(a) for t, s, _, a in calls if s == change.id) else "step %s changes no file" % m[1]


def unread_pointer(claim):
    m = claim.match(r'went on with the result of step (\d+), which says "(.*)"; no call asked for (\S+)\.$')
    if not m:
        return "unread"
    source = claim.step(m[0])
    shown = source.text("all") if source is not None and source.tool else everything(claim)
    if squeezed(m[1])[:80] not in squeezed(shown) or m[2] not in shown:
        return "it does not say so"
    if not re.search(r"maintain|updat|date|supersed|obsolete|moved|replaced|current|latest|newer", m[1], re.I):
        return "nothing in it says that it is old"
    return "a call asked for it" if any(m[2] in a for _, _, _, a in calls_of(claim.run)) else None


CHECK_FAILED = re.compile(r"\b[1-9]\d* (?:failed|failing|errors?)\b|FAILED|failures=[1-9]|BUILD FAIL|^FAIL\b|--- FAIL|tests failed", re.I | re.M)
PUT_BACK = re.compile(r"git (?:stash|checkout|restore|reset|apply -R)(?! ?(?:pop|apply|list|show|drop|-b))")


def failed_and_left(claim):
    """ignored-failure: the step shows a failing check, no later one passes, and what failed was the run's own work."""
    m = claim.match(r"^The last check \(step (\d+)\) failed; step (\d+) went on to the end\.$")
    if not m:
        return "unread"
    check = claim.step(m[0])
    if check is None or not check.tool:
        return None
    if not CHECK_FAILED.search(check.text("out")):
        return "step %s shows no failing check" % m[0]
    later = [s for s in claim.run.spans if s.tool and s.start > check.start and re.search(r"\b\d+ passed\b|^OK\b", s.text("out"), re.M)]
    if later:
        return "span %s shows one that passes" % later[0].id
    own = next((v for k, v in check.attrs.items() if k.endswith("arguments") or k == "input.value"), None)
    again = [s for s in claim.run.spans if s.tool and s.start > check.start and own and own in s.attrs.values()]
    if again and not CHECK_FAILED.search(again[-1].text("out")):
        return "span %s ran it again, and it failed no more" % again[-1].id
    away = False
    for _, _, _, a in [c for c in calls_of(claim.run) if c[0] < check.start]:
        away = True if PUT_BACK.search(a) else False if EDIT.search(a) else away
    return "what was changed had been put away" if away else None


def error_again(claim):
    """same-error-again: both steps show trouble; where "the error" came again its text did."""
    m = claim.match(r"^(The error|An error like that) of step (\d+) came again in step (\d+) \((\d+) times in all\)\.$")
    if not m:
        return "unread"
    if m[0] == "The error" and len(claim.evidence) == 2 and squeezed(claim.evidence[0][1]) != squeezed(claim.evidence[1][1]):
        return "they say different things"
    return None


def other_than_named(claim):
    """other-value: the user named the one, the call has the other, and no record has both under names of their own."""
    m = claim.match(r"called (\S+) for (\S+); the user named (\S+)\.$")
    if not m:
        return "unread"
    if any(x not in everything(claim) for x in m[1:]):
        return "they do not stand in the run"
    one = r'"\w+": ?"?%s"?, ?(?:"\w+": ?"?[^"{}\[\]]*"?, ?)*"\w+": ?"?%s\b'
    for s in claim.run.spans:
        text = s.text("out") if s.tool else s.heard()
        if any(re.search(one % (re.escape(a), re.escape(b)), text) for a, b in ((m[1], m[2]), (m[2], m[1]))):
            return "span %s has both in one record" % s.id
    return None


def checks(asked):
    return {"assumed-data": made_up, "other-bound": other_bound(asked), "other-unit": other_unit, "discarded-work": discarded,
            "unread-pointer": unread_pointer, "ignored-failure": failed_and_left, "same-error-again": error_again, "other-value": other_than_named}
