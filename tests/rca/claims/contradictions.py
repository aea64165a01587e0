"""Predicates of sentences that hold what a call asks for against what was shown, said or instructed (see predicates.py).

@asked(run): what users said. Texts are looked through whole; whatever a model wrote counts only where the sentence
says that somebody wrote it.
"""
import datetime
import json
import re

from otlp import canonical

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}
CHANGED = re.compile(r"correct|errat|supersed|withdr|retract|revis|replaced|should read|too high|too low", re.I)


def whole(value, text):
    return re.search(r"(?<![^\W_])%s(?![^\W_])" % re.escape(value), text.replace("\\n", " ").replace("\\t", " ")) is not None


def everything(claim):
    if not hasattr(claim.run, "all"):
        claim.run.all = "\n".join(s.text("all") for s in claim.run.spans)
    return claim.run.all


def calls_of(run):
    """(start, name, arguments) of all calls in time: tools that have spans, and what model calls ask for otherwise."""
    out = [(s.start, s.id, n, canonical(a)) for s in run.innermost() for n, a in s.calls()]
    if not out:
        out = [(s.start, s.id, n, s.text("all")) for s in run.spans if s.tool for n in s.tool_names()]
    return sorted(set(out))


def source_text(claim, asked, word):
    if word == "the user":
        return asked(claim.run)
    span = claim.step(re.findall(r"\d+", word)[0])
    return span.text("all") if span is not None and span.tool else everything(claim)


def dates_in(form):
    d = [int(x) for x in re.findall(r"\d+", form)]
    return datetime.date(d[0], d[1], d[2]) if d[0] > 31 else datetime.date(d[2], d[1], d[0])


def numbers(text):
    out = set()
    for t in re.findall(r"\d[\d.,]*\d|\d", text):
        for point in (".", ","):
            other = "," if point == "." else "."
            try:
                out.add(round(float(t.replace(other, "").replace(point, ".")), 6))
            except ValueError:
                pass
    return out


def twisted(asked):
    def date(claim, m):
        key, value, who, form, iso = m
        text = source_text(claim, asked, who)
        if not whole(form, text):
            return "%s has no %s" % (who, form)
        if dates_in(form).isoformat() != iso:
            return "day first it is %s" % dates_in(form)
        own = datetime.date.fromisoformat(value[:10])
        if (own.day, own.month) != (int(iso[5:7]), int(iso[8:])):
            return "that is no exchange of day and month"
        seen = claim.run.shown_before(claim.span)
        for shape in ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y"):
            if whole(own.strftime(shape), seen):
                return "%s was shown" % own
        return None

    def currency(claim, m):
        value, who, about, other = m
        text = source_text(claim, asked, who) if who != "the user" else asked(claim.run)
        if not whole(about, text) or not (whole(other, text) or SIGNS.get(other, "\0") in text):
            return "it does not speak of both"
        span = claim.step(re.findall(r"\d+", who)[0]) if who != "the user" else None
        alone = span is not None and span.tool
        return "it has %s too" % value if alone and (whole(value, text) or SIGNS.get(value, "\0") in text) else None

    def amount(claim, m):
        value, who, moved, about = m
        text = source_text(claim, asked, who)
        if moved not in text or not whole(about, text):
            return "it does not show both"
        span = claim.step(re.findall(r"\d+", who)[0]) if who != "the user" else None
        own = round(float(value), 6)
        if span is not None and span.tool and own in numbers(span.text("out")):
            return "it has %s" % value
        ratio = max(float(value), min(numbers(moved))) / max(1e-9, min(float(value), min(numbers(moved))))
        return None if any(abs(ratio / x - 1) < 1e-6 for x in (10, 100, 1000)) or len(numbers(moved)) > 1 else "ratio %s" % ratio

    def hour(claim, m):
        value, said, zone, utc = m
        if said not in asked(claim.run):
            return "no user said %s" % said
        if zone not in everything(claim):
            return "nobody speaks of %s" % zone
        sign, h, mi = re.match(r"\w+([+-])(\d+):?(\d*)", zone).groups()
        offset = (int(h) * 60 + int(mi or 0)) * (1 if sign == "+" else -1)
        a, b = [int(x) * 60 + int(y) for x, y in (said.split(":"), utc.split(":"))]
        if (a - offset - b) % 1440:
            return "it is not %s" % utc
        return "the call has that" if value[11:16] == utc else None

    def check(claim):
        for pattern, fn in ((r"with (\S+) (\S+); (step \d+|the user) has (\S+), which day first is (\S+)\.$", date),
                            (r"with \S+ (\S+); (step \d+|the user), which speaks of (\S+), knows amounts in (\S+) alone\.$", currency),
                            (r"with \S+ (\S+); (step \d+|the user) has (\S+) where it speaks of (\S+), and no such number\.$", amount),
                            (r"with \S+ (\S+); the user said (\S+), which at (\S+) is (\S+) UTC\.$", hour)):
            m = claim.match(pattern)
            if m:
                return fn(claim, m)
        return "unread"
    return check


def missed_round(claim):
    m = claim.match(r"went on without (\S+), which was called after each other call of (\S+) \((\d+)\), but not after that of step (\d+)\.$")
    if not m:
        return "unread"
    calls, rounds, last = calls_of(claim.run), [], None
    for _, span, name, args in calls:
        if (name, args) == last:
            continue
        last = (name, args)
        if name == m[1]:
            rounds.append([0, span])
        elif name == m[0] and rounds:
            rounds[-1][0] += 1
    without = [r for r in rounds if not r[0]]
    if len(rounds) != int(m[2]) + 1 or len(without) != 1:
        return "%d rounds, %d without it" % (len(rounds), len(without))
    return None


def broken_condition(claim):
    m = claim.match(r"called (\S+) for (\S+), which step (\d+) shows with (.*?)(?:, (\d+) days before (\S+))?; an instruction says: (.*)\.$")
    if not m:
        return "unread"
    squeeze = lambda t: re.sub(r"\s+", " ", t.replace("\\n", " ").replace('\\"', '"'))  # noqa: E731
    if squeeze(m[6])[:90] not in squeeze(everything(claim)):
        return "no instruction says so"
    span = claim.step(m[2])
    text = span.text("all") if span is not None and span.tool else everything(claim)
    if m[1] not in text or m[3] not in text:
        return "step %s does not show both" % m[2]
    if m[4] is None:
        return "the instruction names that state" if re.search(r"['\"`]%s" % re.escape(m[3]), m[6], re.I) else None
    days = (datetime.date.fromisoformat(m[5]) - datetime.date.fromisoformat(m[3][:10])).days
    most = int(re.search(r"within (\d+) days", m[6], re.I).group(1))
    return None if days == int(m[4]) and days > most and m[5] in everything(claim) else "%d days" % days


def withdrawn(asked):
    def check(claim):
        m = claim.match(r"with (\S*) (.*), of an earlier message of the user; the last one before it says (\S+), and no call from there on has that\.$")
        if m:
            said = asked(claim.run) + "".join(s.heard() for s in claim.run.innermost())
            if m[1] not in said or m[2] not in said:
                return "no user said both"
            later = [a for t, _, _, a in calls_of(claim.run) if t >= claim.span.start and whole(m[2], a)]
            return "a call has %s" % m[2] if later else None
        m = claim.match(r"^Step (\d+) says (\S+), as step (\d+) does; step (\d+), which speaks of a correction, says (\S+)\.$")
        if not m:
            return "unread"
        if m[1] not in claim.span.text("out") + "".join(t for _, t in claim.evidence[:1]):
            return "it does not say %s" % m[1]
        if whole(m[4], claim.span.text("out")):
            return "it says %s too" % m[4]
        notice = claim.step(m[3])
        text = notice.text("all") if notice is not None and notice.tool else everything(claim)
        if not whole(m[4], text) or not CHANGED.search(text):
            return "step %s corrects nothing" % m[3]
        return None if m[1] in everything(claim) else "nothing shows %s" % m[1]
    return check


def other_variant(asked):
    def check(claim):
        m = claim.match(r"called (\S+) with (.*); step (\d+) shows (.*) with the (\d+) that the user said, and no call takes it\.$")
        if not m:
            return "unread"
        if not whole(m[4], asked(claim.run)):
            return "no user said %s" % m[4]
        span = claim.step(m[2])
        if m[3] not in (span.text("all") if span is not None and span.tool else everything(claim)):
            return "step %s does not show it" % m[2]
        if any(json.dumps(m[3])[1:-1] in a or m[3] in a for _, _, _, a in calls_of(claim.run)):
            return "a call takes it"
        return None if re.sub(r"\d", "#", m[1]) == re.sub(r"\d", "#", m[3]) else "they differ in more"
    return check


def stray_name(asked):
    def check(claim):
        m = claim.match(r"called (\S+) for (\S+), which nothing had shown; the user said (\S+), and no call from there on has it\.$")
        if not m:
            return "unread"
        if m[2] not in asked(claim.run):
            return "no user said %s" % m[2]
        if m[1].lower() in claim.run.shown_before(claim.span).lower():
            return "%s was shown" % m[1]
        later = [a for t, _, _, a in calls_of(claim.run) if t >= claim.span.start and m[2].lower() in a.lower()]
        return "a call has %s" % m[2] if later else None
    return check


def skipped_check(claim):
    m = claim.match(r"called (\S+) with no call of (\S+) before it(, as all others had)?; an instruction says: (.*)\.$")
    if not m:
        return "unread"
    squeeze = lambda t: re.sub(r"\s+", " ", t.replace("\\n", " "))  # noqa: E731
    if squeeze(m[3])[:90] not in squeeze(everything(claim)):
        return "no instruction says so"
    checked = False
    for t, span, name, _ in calls_of(claim.run):
        if span == claim.span.id and name == m[0]:
            return "it was called" if checked else None
        if t > claim.span.start:
            break
        if name == m[1]:
            checked = True
        elif name == m[0] and m[2]:
            checked = False
    return None if not checked else "it was called"


def untested(claim):
    m = claim.match(r'says "(.*)"; after the change of step (\d+) nothing shows the result of a test\.$')
    if not m:
        return "unread"
    if m[0][:60] not in claim.span.text("out"):
        return "it does not say so"
    change = claim.step(m[1])
    if change is not None:
        done = [a for _, s, _, a in calls_of(claim.run) if s == change.id]
        if done and all(re.search(r'^\W*(?:"\w+": ?")?(?:rm|rmdir) ', a) and not re.search(r"[;&|]", a) for a in done):
            return "step %s only takes files away" % m[1]
        if done and all(set(re.findall(r"[\w-]\.([a-z]{1,5})\b", a)) and set(re.findall(r"[\w-]\.([a-z]{1,5})\b", a)) <= {
                "md", "rst", "txt"} for a in done):
            return "step %s writes texts" % m[1]
    for s in claim.run.spans:
        if s.tool and change is not None and change.start < s.start < claim.span.start and re.search(
                r"\b\d+ (passed|failed)|^OK$|^FAILED", s.text("out"), re.M):
            return "span %s shows one" % s.id
    return own_test(claim)


def own_test(claim):
    """What the step itself calls shows a result of a test: the spans, or what the next call heard, up to that call."""
    later = [s for s in claim.run.innermost() if s.start > claim.span.start]
    until = later[0].start if later else float("inf")
    shown = [s.text("out") for s in claim.run.spans if s.tool and claim.span.start <= s.start <= until]
    if claim.span.calls() and later:
        shown += [m for m in later[0].heard().split("\n") if m not in claim.span.heard()]
    found = re.search(r"\b\d+ (passed|failed)|^OK$|^FAILED", "\n".join(shown), re.M)
    return "its own call shows \"%s\"" % found.group(0) if found else None


def checks(asked):
    return {"twisted-value": twisted(asked), "missed-round": missed_round, "broken-condition": broken_condition,
            "withdrawn-value": withdrawn(asked), "other-variant": other_variant(asked), "stray-name": stray_name(asked),
            "skipped-check": skipped_check, "untested-claim": untested}
