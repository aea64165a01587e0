"""The sentence of each rule as a predicate over the spans of a run.

Each function takes a Claim and returns None when the sentence holds, else why it does not. Nothing here knows
how a rule works: it reads the sentence (and the spans that it names), and looks whether it is so.
"""
import json
import re

import contradictions
import slips
from otlp import OUT, canonical, decoded


# An action that a model writes into its text.
WRITTEN = re.compile(r"```.*?```|<code>.*?</code>|(?-s:^action:.*|^\w+\[.*\]$)", re.S | re.M | re.I)


class Claim:
    def __init__(self, run, row, steps, siblings):
        self.run, self.row, self.siblings = run, row, siblings
        self.says = row["summary"]
        self.span = run.by_id.get(row["span_id"])
        self.steps = steps
        self.effects = [run.by_id[i] for i in row["effects"] if i in run.by_id]
        self.evidence = [(run.by_id.get(e["span_id"]), e["text"]) for e in row["evidence"]]

    def step(self, number):
        return self.run.by_id.get(self.steps[int(number) - 1])

    def numbers(self):
        return [self.step(n) for n in re.findall(r"[Ss]teps? (\d+)", self.says)]

    def match(self, pattern):
        m = re.search(pattern, self.says, re.S)
        return m.groups() if m else None


TROUBLE = re.compile(
    r"error|exception|traceback|fail|fault|not found|no such|not exist|invalid|denied|refus|reject|unable|cannot|can't|"
    r"could not|timed? ?out|deadline|exceed|limit|unavailable|forbidden|unauthor|overload|too (?:long|many)|busy|reset|"
    r"filter|captcha|human|robot|unusual|moment|expired|missing|unknown|\b[45]\d\d\b|\"(?:ok|success)\": ?false|"
    r"returncode>[^0]|exit code:? [^0]|unsupported|unexpected|required|incorrect|denies|block", re.I)


def troubled(claim, span):
    """A span that failed, or something near it (its result in the next input, what it made fail) that says so."""
    if span is None:
        return True   # a stand-in
    if span.failed or TROUBLE.search(span.text("out")) or TROUBLE.search(span.message):
        return True
    if any(s.failed for s in claim.run.below(span)):
        return True
    return any(TROUBLE.search(text) for s, text in claim.evidence)


def some_trouble(claim):
    named = [s for s in claim.numbers() + claim.effects if s is not None]
    if any(troubled(claim, s) for s in named):
        return None
    return "no named step shows an error"


def first_trouble(claim):
    m = claim.match(r"step (\d+) \((.*)\): (.*)\.$")
    if not m:
        return "unread"
    span = claim.step(m[0])
    if m[2] != "an empty result" and not troubled(claim, span):
        return "step %s shows no error" % m[0]
    early = [s for s in claim.run.before(span) if s.tool and s.failed and not found_nothing(s)] if span else []
    if "not sought" in claim.says:
        wanted = re.search(r"(?i)repro|confirm the|should fail|expected to fail|failing test|test first", claim.run.written())
        return None if wanted else "nothing was to be reproduced"
    return "span %s failed before it" % early[0].id if early else None


def found_nothing(span):
    """Status 1 of a program that looks for something or compares, and printed no word: that is its answer."""
    looks = re.search(r"\b(e|f|z|p)?grep\b|\brg\b|\bdiff\b|\bcmp\b|\bwhich\b|\btest\b|\[ ", arguments_of(span))
    said = re.sub(r"(?i)</?(returncode|output)>|exit (code|status)|exited with|status|code|command|[\W\d_]+", "", span.text("out"))
    return bool(looks) and not said


def dealt_with_an_error(claim):
    """error-response: a named step shows an error; where a later call is said to have gone well, one did."""
    m = claim.match(r"of step (\d+).*; a later call to the same end went well\.$")
    source = claim.step(m[0]) if m else None
    if source is not None and source.tool and not any(
            s.tool and not s.failed and s.start > source.start and s.tool_names() & source.tool_names() for s in claim.run.spans):
        return "no later call of it"
    return some_trouble(claim)


def last_failed(claim):
    m = claim.match(r"step (\d+)")
    span = claim.step(m[0])
    later = [s for s in claim.run.spans if s.tool and span and s.start > span.end and s.end > span.end]
    if later:
        return "span %s is a later action" % later[0].id
    return some_trouble(claim)


def arguments_of(span):
    keys = [k for k in span.attrs if re.search(r"argument|input|args|parameters", k)]
    keys.sort(key=lambda k: ("argument" not in k, "value" not in k, k))
    return canonical(span.attrs[keys[0]]) if keys else ""


def same_calls(claim):
    """(tool) was called with the same arguments N times (steps A to B); X was called so N times, first by step A."""
    m = claim.match(r"^(.*?)(?: and what follows it were| was) called (?:with the same arguments|so) (\d+) times")
    if not m:
        return "unread"
    tool, n = m[0], int(m[1])
    seen = {}
    for s in claim.run.spans:
        if s.tool and tool in s.tool_names():
            seen.setdefault(arguments_of(s), set()).add(s.id)
    asked = {}
    for s in claim.run.innermost():
        for args in {canonical(a) for name, a in s.calls() if name == tool}:
            same = max(1, sum(canonical(a) == args and name == tool for name, a in s.calls()) // 2)
            asked[args] = asked.get(args, 0) + same
    programs = claim.evidence and claim.evidence[0][1]
    if programs and sum(programs[:40] in s.text("out") for s in claim.run.spans if s.model) >= n:
        return None
    most = max([len(v) for v in seen.values()] + list(asked.values()) or [0])
    return None if most >= n else "%s: at most %d equal calls of %s" % (n, most, tool)


def repeats_call(claim):
    m = claim.match(r"Step (\d+) repeats the call of step (\d+) \((.*)\)")
    a, b = claim.step(m[0]), claim.step(m[1])
    calls = [(n, canonical(x)) for n, x in a.calls()] if a else []
    args = [canonical(v) for k, v in (b.attrs if b else {}).items() if re.search(r"argument|input|args|param", k)]
    both = calls + args
    if not calls or any(x in args or (b and b.model and (n, x) in [(p, canonical(q)) for p, q in b.calls()])
                        for n, x in calls):
        return None
    return "no equal call: %s" % both[:2]


def words(text):
    return set(re.findall(r"\w+", text.lower()))


def alike(claim):
    a, b = claim.numbers()[:2]
    if a is None or b is None:
        return None
    x, y = words(a.text("out")), words(b.text("out"))
    x, y = {w for w in x if len(w) > 2}, {w for w in y if len(w) > 2}
    share = len(x & y) / max(1, len(x | y))
    return None if share > 0.5 else "share only %.2f of their words" % share


def ping_pong(claim):
    m = claim.match(r"^(.*) and (.*) handed over to each other (\d+) times")
    agents = [str(v) for s in claim.run.spans for k, v in s.attrs.items() if re.search("agent|node|name", k)]
    agents += [s.name for s in claim.run.spans]
    ends = [s for s, _ in claim.evidence if s]
    for s in claim.run.innermost():
        told = re.search(r"\bI (clicked|typed|searched|opened|scrolled|visited)\b|viewport|screenshot", s.text("out"))
        if len(ends) == 2 and told and ends[0].start <= s.start <= ends[1].start:
            return "span %s tells what it saw: %s" % (s.id, told.group())
    return None if all(any(w in a for a in agents) for w in m[:2]) else "no such agents"


def bad_arguments(claim):
    tool = claim.match(r"called (.*?)(?: with|,)")
    says = claim.says
    if "not whole JSON" in says:
        for _, text in claim.evidence:
            try:
                json.loads(text)
            except ValueError:
                return None
        return "the arguments are JSON"
    if "were refused" in says and claim.effects and re.search(r"Traceback \(most recent|^\s+at \S+\(", claim.effects[0].text("out"), re.M) \
            and re.search(r"bash|shell|python|terminal|exec|run|code", " ".join(claim.effects[0].tool_names()), re.I):
        return "a program fell over a call of its own"
    if "by the schema" not in says:
        return some_trouble(claim)
    texts = claim.span.text("all")
    member = re.search(r"(?:argument|have:|type of|allow for) (\S+) \(by", says)
    name = member.group(1) if member else ""
    args = [a for n, a in claim.span.calls() if n == tool[0]]
    holds = any(name in canonical(a) for a in args)
    if "without the required" in says:
        return None if "required" in texts and not all(json_has(a, name) for a in args) else "%s is there" % name
    if "does not have" in says:
        return None if holds and re.search(r"additionalProperties\"?: ?false", texts) else "the schema is open"
    return None if holds else "%s is not among the arguments" % name


def json_has(args, name):
    try:
        return name in (json.loads(args) if isinstance(args, str) else args)
    except (ValueError, TypeError):
        return False


def unknown_tool(claim):
    m = claim.match(r"called (.*?), which (does not exist|its request did not offer)")
    if m[1] == "does not exist":
        return some_trouble(claim)
    named = [text for text in [claim.span.text("in")] if re.search(r"\"name\": ?\"%s\"" % re.escape(m[0]), text)]
    defined = [k for k, v in claim.span.attrs.items() if "tool" in k and "message" not in k and isinstance(v, str)
               and re.search(r"\"name\": ?\"%s\"" % re.escape(m[0]), v)]
    return "it was offered" if defined and named else None


def never_called(claim):
    name = claim.match(r"it used (\S+); nothing")[0]
    for s in claim.run.spans:
        if name.lower() in {n.lower() for n in s.tool_names()}:
            return "span %s is named so" % s.id
        if s.model and any(n == name for n, _ in s.calls()):
            return "span %s calls it" % s.id
        if re.search(r"%s\s*\(" % re.escape(name), s.text("out") if s.model else ""):
            return "a program calls it"
    return None


def said_not_done(claim):
    said, name = claim.match(r'says "(.*?)"; (\S+) was at hand')
    if said.strip().lower() not in claim.span.text("out").lower():
        return "it does not say so"
    if name not in claim.span.text("all") and not any(name in s.text("all") for s in claim.run.spans):
        return "no such tool"
    for s in claim.run.spans:
        if s.tool and name in s.tool_names() or s.model and any(n == name for n, _ in s.calls()):
            return "span %s calls it" % s.id
    return None


def few_of_the_points(claim):
    a, points, b, done = claim.match(r"[Ss]tep (\d+) lists (\d+) numbered points; its agent ends at step (\d+) after (\d+)")
    text = claim.step(a).text("out")
    if not all(re.search(r"^[ *]*%d[.)] " % n, text, re.M) for n in range(1, int(points) + 1)):
        return "it lists no %s points" % points
    calls = [c for s in claim.run.innermost() if claim.step(a).start <= s.start <= claim.step(b).start for c in s.calls()]
    calls += [s for s in claim.run.innermost() if claim.step(a).start <= s.start and WRITTEN.search(s.text("out"))]
    tools = [s for s in claim.run.spans if s.tool and claim.step(a).start <= s.start <= claim.step(b).end]
    return None if int(done) <= max(len(calls), len(tools)) and int(done) * 2 < int(points) else "%d calls, %d tools" % (
        len(calls), len(tools))


def forbidden(claim):
    thing, rule = claim.match(r'with "(.*?)"; the instructions say: (.*)\.$')
    if not any(rule in s.text("in") for s in claim.run.spans):
        return "no instruction says so"
    if not re.search(r"never|not|n't", rule, re.I):
        return "that forbids nothing"
    acts = " ".join(json.dumps([s.text("all") for s in claim.effects]) for _ in [0]) + claim.span.text("out")
    return None if re.sub(r"s$", "", thing) in acts.lower() else "it does not hold %s" % thing


def invented_name(claim):
    name = claim.match(r"asked for (.*?), which does not")[0]
    for s in claim.run.before(claim.span):
        if s.tool and name in s.text("out"):
            return "span %s shows it" % s.id
        if s.tool and name in arguments_of(s) or s.model and any(name in p for p in WRITTEN.findall(s.text("out"))):
            return "span %s had named it: the run made it, or meant to" % s.id
    return "the input holds it" if first_input_holds(claim, name) else None


def first_input_holds(claim, name):
    for s in claim.run.spans:
        if s.model:
            return name in s.text("in")
    return False


def missing_mark(claim):
    mark = claim.match(r"end with (.*?), and did")[0]
    out = "\n".join(str(v) for k, v in claim.span.attrs.items() if re.search("output|completion|choice|response", k))
    return None if mark in claim.span.text("in") and mark not in out else "the mark is there, or nobody asked for it"


def bare(text):
    return re.sub(r"[,\s]", "", text).lower()


def not_shown(claim, value, at):
    shown = claim.run.shown_before(at)
    edge = (r"(?<!\d)", r"(?!\d)") if len(re.sub(r"\D", "", value)) > 3 else (r"(?<![\w.-])", r"(?![\w-]|\.\d)")
    if re.search(edge[0] + re.escape(value) + edge[1], shown):
        return "%s was shown before" % value
    if len(bare(value)) > 3 and re.search(r"(?<!\d)%s(?!\d)" % re.escape(bare(value)), bare_cache(claim, at, shown)):
        return "%s was shown before, spelled otherwise" % value
    if re.search(r"(?:ending (?:in|with)|ends (?:in|with)|last (?:four|4|\w+ digits)|\*{2,}|x{3,})\W{0,4}%s(?!\d)" % re.escape(value),
                 at.text("out"), re.I) and re.search(r"\d%s(?!\d)" % re.escape(value), shown):
        return "%s is the end of a number shown before" % value
    return rounded_from(value, shown)


def rounded_from(value, shown):
    """A number shown before becomes @value when it is rounded to its digits."""
    m = re.fullmatch(r"[^\d\w.]*(\d[\d,]*(?:\.\d+)?)[a-zA-Z%]{0,3}", value)
    if not m:
        return None
    places = len(m[1].partition(".")[2])
    digits = m[1].replace(",", "")
    if "." not in digits:
        places = -len(re.search(r"0*$", digits).group(0))
    if len(digits.replace(".", "").strip("0")) < 2:
        return None
    for x in set(re.findall(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?!\d)", shown)):
        x = x.replace(",", "")
        if abs(float(x) - float(digits)) <= 0.5000001 * 10.0 ** -places:
            return "%s is %s rounded" % (value, x)
    return None


def bare_cache(claim, at, shown):
    cache = claim.run.__dict__.setdefault("bare", {})
    if at.id not in cache:
        cache[at.id] = re.sub(r"(?<=\d),(?=\d)", "", shown).lower()
    return cache[at.id]


def altered(claim):
    m = claim.match(r"^Step (\d+) wrote (\S+); the value seen in step (\d+) was (\S+)\.$")
    if not m:
        m = claim.match(r"^Step (\d+) passed (\S+), which step (\d+) had shown as (\S+); nothing came back")
        if not m:
            return "unread"
        return None if m[3] in everything(claim) and m[1] in m[3] else "no such id"
    if m[1] not in everything(claim) or m[3] not in everything(claim):
        return "one of the values stands nowhere"
    return not_shown(claim, m[1], claim.step(m[0]) or claim.span)


def everything(claim):
    if not hasattr(claim.run, "all"):
        claim.run.all = "\n".join(s.text("all") for s in claim.run.spans)
    return claim.run.all


def ungrounded(claim):
    m = claim.match(r"^Step (\d+) gives (.*?), which no observation before it holds\.$")
    if not m:
        return "unread"
    span = r"(?<![\d.,])%s (?:to|or|-|bis) \d+|\d+ ?(?:to|or|-|bis) ?%s(?![\d.,])" % (re.escape(m[1]), re.escape(m[1]))
    if len(m[1]) < 3 and re.search(r"(?:%s)\W+(?:business |working )?(?:day|hour|minute|week)" % span, claim.span.text("out"), re.I):
        return "how long something takes, as everybody says"
    return not_shown(claim, m[1], claim.span)


def after_nothing(claim):
    m = claim.match(r"^Step (\d+) gives (.*?) after step (\d+) \((.*)\) (returned nothing|failed)\.$")
    if not m:
        return "unread"
    at = claim.step(m[2])
    if m[4] == "returned nothing" and at is not None and at.tool and re.search(
            r"\b(error|exception|traceback|denied|forbidden)\b|not authori[sz]ed", at.text("out"), re.I):
        return "it failed, and said so"
    return not_shown(claim, m[1], claim.span)


def both_stand(claim):
    values = re.findall(r"(?:puts|to|for|named|uses) ([^\s;,]*\d[^\s;,]*)", claim.says)
    missing = [v for v in values if v.rstrip(".") not in everything(claim)]
    return "stand nowhere: %s" % missing if missing else None


def stale(claim):
    m = claim.match(r"uses (.*?) from step (\d+), but step (\d+) read")
    newer, old = claim.step(m[2]), claim.step(m[1])
    if newer is not None and old is not None and newer.tool and old.tool:
        both = set(re.findall(r"\d[\d.,]*\d", newer.text("out"))) - set(re.findall(r"\d[\d.,]*\d", old.text("out")))
        told = [x for x in both if re.search(r"(?<![\d.])%s(?![\d.])" % re.escape(x), claim.span.text("out"))]
        if told:
            return "it has %s of the newer reading, too" % told[0]
    return "the newer reading holds it too" if newer is not None and newer.tool and re.search(
        r"(?<!\d)%s(?!\d)" % re.escape(m[0]), newer.text("out")) else None


def unused(claim):
    m = claim.match(r"had just returned (\d+) bytes")
    return None if int(m[0]) >= 60 else "that is nothing"


def cut_off(claim):
    if "length limit" in claim.says:
        all_of = claim.span.text("all")
        return None if re.search(r"length|max|incomplete", all_of, re.I) else "no limit is told"
    out = claim.span.text("out").rstrip()
    return None if out.count("```") % 2 or out.count("{") != out.count("}") or out.count("[") != out.count("]") or \
        out.count('"') % 2 else "its brackets and fences are closed"


def nothing_written(claim):
    for k, v in claim.span.attrs.items():
        if not re.search(r"output|completion|choice|response", k) or re.search(r"token|usage|count", k):
            continue
        if isinstance(v, str) and v.strip() and re.search(r"(content|text|arguments)$", k):
            return "it wrote %s" % k
        todo = [v]
        while todo:
            x = todo.pop()
            if isinstance(x, str) and x[:1] in "[{":
                try:
                    x = json.loads(x)
                except ValueError:
                    continue
            if isinstance(x, dict):
                if any(x.get(n) for n in ("content", "text", "arguments", "args") if isinstance(x.get(n), str)):
                    return "it wrote something in %s" % k
                todo += list(x.values())
            elif isinstance(x, list):
                todo += x
    return None


def prompt_grew(claim):
    m = claim.match(r"from (\d+) to (\d+) tokens")
    a, b = map(int, m)
    counts = {v for s in claim.run.spans for v in s.attrs.values() if isinstance(v, int)}
    return None if b >= 2 * a and b >= 4000 else "it did not double (%d, %d, %s)" % (a, b, len(counts))


def instruction_gone(claim):
    a, b = claim.numbers()[:2]
    if b.dropped:
        return "the sender dropped attributes"
    has = [has_system(s) for s in (a, b) if s]
    return None if has[:1] == [True] and has[-1] is False else "both or neither have a system prompt"


def has_system(span):
    return any((k.endswith(".role") and v == "system") or "system_instructions" in k or k.endswith("system_prompt") or (
        isinstance(v, str) and re.search(r'"role": ?"(system|developer)"', v)) for k, v in span.attrs.items())


YES = re.compile(r"\b(yes|yeah|yep|confirm\w*|go ahead|proceed|please do|sounds good|that's right|i agree)\b", re.I)


def no_yes(claim):
    heard = claim.evidence[0][1] if claim.evidence else ""
    tool, = claim.match(r"called (\S+) without a yes")
    if re.match(r"log_|.*_(notes?|remark|comment)$", tool, re.I):
        return "%s only takes something down" % tool
    return "the user said: %s" % heard[:80] if YES.search(heard) else None


def not_authenticated(claim):
    span = claim.effects[0] if claim.effects else claim.span
    names = [n for s in claim.run.before(span) if s.tool for n in s.tool_names()]
    proofs = [n for n in names if re.search(r"auth|verif|identi|login|find_user|find_customer|lookup_user", n)]
    return "%s ran before" % proofs[0] if proofs else None


def other_language(claim):
    a, b = [text for _, text in claim.evidence[:2]]
    english = re.compile(r"\b(the|and|you|is|to|of|for|with|that)\b", re.I)
    rate = [len(english.findall(t)) / max(1, len(t.split())) for t in (a, b)]
    told = claim.match(r"answers in (.*?); it was asked in (.*?)\.")
    for language, r in ((told[1], rate[0]), (told[0], rate[1])):
        if language == "English" and r < 0.05:
            return "hardly English"
        if language != "English" and r > 0.12:
            return "that is English"
    return None


def repeats_to_the_end(claim):
    n = int(claim.match(r"(\d+) actions repeat")[0])
    if "hit its limit" in claim.says or n < 2:
        return None
    keys = []
    for s in claim.run.spans:
        if s.tool:
            keys.append(arguments_of(s))
    asked = [(name, canonical(args)) for s in claim.run.innermost() for name, args in s.calls()]
    written = [m.group(0) for s in claim.run.innermost() for m in [WRITTEN.search(s.text("out"))] if m]
    # as tools tell it, or where they leave no spans as models do, whose last one may end the run
    for row in (keys, asked, asked[:-1], written, written[:-1]):
        if row and all(k in row[:len(row) - n + i] for i, k in enumerate(row[-n:])):
            return None
    return "not all do"


def declined(claim):
    out = claim.span.text("all")
    if "handed the task over" in claim.says:
        heard = claim.span.heard() + asked(claim.run)
        wants = re.search(r"(human|supervisor|manager|real person|representative|mensch|persona|agente)", heard, re.I)
        if "as it was asked to" in claim.says and not wants:
            return "nobody asked for it"
        return None if re.search(r"human|escalat|give_up|transfer", out, re.I) else "no hand-over"
    if "filter" in claim.says:
        return None if re.search(r"filter|refus|safety", out, re.I) else "no filter"
    said = claim.match(r'says that it cannot: "(.*?)( \.\.\.)?"\.$')
    if said:
        text, words = re.sub(r"\s+", " ", out), re.sub(r"\s+", " ", said[0])
        if words not in text:
            return "it does not say so"
        if re.match(r"\w", text[text.index(words) + len(words):]):
            return "it is cut in the middle of a word"
        if re.match(r"(if|unless|in case|once|should|when)\b", words, re.I):
            return "it is so under a condition only"
        if re.search(r"(can.?.?t|cannot|unable to) (find|see|locate)", words, re.I):
            return "it tells of a search"
    return None if re.search(r"can.?.?t|cannot|unable|not able|won.t|decline|have to stop|will not|could ?n.t|could not", out,
                             re.I) else "no refusal"


def most_calls(claim):
    m = claim.match(r"made (\d+) of (\d+) model calls of (\d+) agents")
    n, total, agents = map(int, m)
    return None if n * 2 > total and agents >= 3 and total <= sum(s.model for s in claim.run.spans) else "counts are off"


def compared(claim):
    m = claim.match(r"(?:\((\d+) known\)|^(\d+) of (\d+) passing|the (\d+) passing)|the (one) passing run")
    n = 1 if m[4] else int(next(x for x in (m[0], m[2], m[3]) if x))
    if not 1 <= n <= max(1, len(claim.siblings)) or not claim.siblings:
        return "%d passing runs are there" % len(claim.siblings)
    m = claim.match(r"without a call of (\S+), which")
    if m and any(s.tool and m[0] in s.tool_names() for s in claim.run.spans):
        return "it was called"
    m = claim.match(r"run; (.*) was never called as")
    return "nothing called it" if m and not any(m[0] in s.tool_names() or m[0] in s.text("out") for s in claim.run.spans) else None


def slow(claim):
    took = float(claim.match(r"took ([\d.]+) s")[0])
    real = (claim.span.end - claim.span.start) / 1e9
    return None if abs(real - took) < 0.11 and took >= 20 else "it took %.1f s" % real


def said_nothing_found(claim):
    return unused(claim)


def same_id(claim):
    m = claim.match(r"Step (\d+) had called (.*?) with (\S+) before step (\d+) \((.*)\), which has it, too, was refused")
    if not m:
        return "unread"
    late = claim.step(m[3])
    if late is None:
        return None
    if not troubled(claim, late):
        return "step %s was not refused" % m[3]
    here = claim.evidence[0][0].text("all") if claim.evidence[0][0] else ""
    return None if m[2] in here and m[2] in late.text("all") else "%s is not in both" % m[2]


def nothing_looked_up(claim):
    for s in claim.run.spans:
        if s.tool and re.search(r"search|browse|look_?up|fetch|visit|retriev", s.name + " ".join(s.tool_names()), re.I):
            return "span %s looks up" % s.id
        if s.tool and not s.failed and re.search(r"click|press|type|goto|navigat|scroll|open|read|get|list|find|human|transfer", s.name + " ".join(s.tool_names()), re.I):
            return "span %s brought something in, or handed over" % s.id
        if s.model and re.search(r"\w*(search|visit|fetch|lookup)\w*\(", s.text("out")):
            return "a program looks up"
    return None


def miscounted(claim):
    m = claim.match(r"counts (\d+); the list in step (\d+) \(.*?\) has (\d+) entries")
    n, size = int(m[0]), int(m[2])
    span = claim.step(m[1])
    text = next((v for k, v in span.attrs.items() if re.search(r"output\.value|result", k) and isinstance(v, str)), "")
    sizes, tallies, todo = [], {}, []
    try:
        todo = [json.loads(text)]
    except ValueError:
        return None   # the result stands in a message
    while todo:
        x = todo.pop()
        children = list(x.values()) if isinstance(x, dict) else x if isinstance(x, list) else []
        if isinstance(x, (dict, list)):
            sizes.append(len(children))
            for c in children:
                for k, v in (c.items() if isinstance(c, dict) else ()):
                    if not isinstance(v, (dict, list)):
                        tallies[id(x), k, json.dumps(v)] = tallies.get((id(x), k, json.dumps(v)), 0) + 1
        todo += children
    if n in sizes or n in tallies.values():
        return "something counts %d" % n
    return None if size in sizes else "no list of %d" % size


def no_number(claim):
    answer = claim.evidence[0][1] if claim.evidence else ""
    if claim.span is not None and (claim.span.failed or claim.run.innermost()[-1].failed):
        return "the run broke off before its answer"
    return "there is one: %s" % answer[:60] if re.search(r"\d", answer) else None


def ends_without(claim):
    n = int(claim.match(r"after (\d+) actions")[0])
    return None if n >= 5 else "too few"


def order_of(claim):
    m = claim.match(r"Step (\d+) (?:told|spoke right before) (.*?)(?: what to do; its|, whose) step (\d+) ran into trouble")
    a, b = claim.step(m[0]), claim.step(m[2])
    return None if a is None or b is None or a.start <= b.start else "the order came later"


def place(claim):
    says, run, span = claim.says, claim.run, claim.span
    models = run.innermost()
    if "first model call" in says:
        early = [s for s in models if s.start < span.start and any(re.search("output.*message|choice", k) for k in s.attrs)
                 and not re.search(r"There is no code from the last \d+ message", s.text("out"))]   # an executor's own words
        return None if not early else "another call is earlier"
    if "first action" in says:
        proof = "behind the proof" in says or "gave the order" in says or "spoke right" in says
        early = [s for s in run.spans if s.tool and s.end < span.start and not (proof and re.search(
            "auth|verif|identi|log_?in|sign_in|find_user|find_customer|lookup_user", " ".join(s.tool_names())))]
        return "span %s acted before" % early[0].id if early else None
    if "longest text" in says:
        return longest_text(claim)
    if "handed a task to the agent" in says:
        name, = claim.match(r"to the agent (.*)\.$")
        return None if any(name in json.dumps(s.attrs, default=str) for s in claim.run.spans if not s.model) else "no agent"
    if "change" in says:
        return is_a_change(claim)
    polite = r"(?:you're|you are) welcome|have a (?:great|good|nice)|safe travels|goodbye|glad to help|my pleasure"
    short = len(span.text("out")) < 300 and not span.calls() and "?" not in span.text("out")
    if short and re.search(polite, span.text("out"), re.I) and any(s.start < span.start for s in models) and re.search(
            "last (?:answer|text|call)|answer of the run", says):
        return "it only says goodbye"
    if "wrote the answer of the run" in says or "gave the answer of the run" in says:
        return is_the_answer(claim)
    if re.search("last (?:answer|text|call)", says):
        return None if span.model or span.tool else "no call"
    return None


def longest_text(claim):
    n, total = map(int, claim.match(r"longest text of the run: (\d+) of the (\d+) bytes"))
    sizes = {len(t.encode()) for s in claim.run.spans if s.model or s is claim.span for k, v in s.attrs.items() for t in decoded(v)}
    if n * 3 > total and n >= 400:
        pass
    elif n < 400:
        return "%d bytes are little" % n
    return None if any(abs(n - x) <= 2 for x in sizes) else "nothing written is %d bytes long" % n


LOOKING = re.compile(r"^(sudo |cd \S+ *(&&|;) *)*(ls|cat|grep|rg|head|tail|find|wc|pwd|git (log|status|diff|show|blame))\b[^>]*$", re.S)


def is_a_change(claim):
    """What is called a change is no plain look: neither by the first word of the tool, nor by its command, statement or
    method."""
    name = claim.match(r"change \((.*)\)\.$")[0]
    args = claim.evidence[0][1] if claim.evidence else ""
    try:
        fields = {k: str(v) for k, v in json.loads(args).items()}
    except (ValueError, AttributeError):
        fields = {"command": args}
    values = list(fields.values())
    # "tail lift needed" is no command.
    command = next((v for k, v in fields.items() if LOOKING.match(v) and re.search(r"command|cmd|script|code|input|args|shell", k)), None)
    if command and "-delete" not in command and "-exec" not in command:
        return "it only looks: %s" % command[:60]
    if any(re.match(r"\s*(select|show|explain)\b(?!.*\b(delete|insert|drop|update)\b)", v, re.I | re.S) for v in values):
        return "it only asks a database"
    if any(v in ("GET", "HEAD") for v in values):
        return "it only gets"
    first = re.split(r"[_\W]|(?<=[a-z])(?=[A-Z])", re.sub(r"^.*__", "", name))[0].lower()
    return "%s looks" % name if first in ("get", "list", "search", "find", "read", "show", "fetch", "describe", "count", "view",
                                          "check", "free", "price", "travel", "weather") and "check_in" not in name else None


def no_plain_look(claim):
    """The action is neither a look by all that is seen of it, nor named after a change."""
    name = claim.match(r"called (.*); whether that changed")[0]
    if re.match(r"(create|update|delete|cancel|send|book|get|list|search)[_A-Z]", name):
        return "the name tells it"
    command = claim.evidence[0][1] if claim.evidence else ""
    return "a plain look" if LOOKING.match(re.sub(r'^\{"\w+": "|"\}$', "", command)) and '"' not in command[13:-2] else None


def is_the_answer(claim):
    """What the run gave out holds what the step wrote, or the other way round."""
    given = plainly("\n".join(decoded({k: v for k, v in claim.span.attrs.items() if OUT.search(k)})))
    given += plainly("\n".join(t for _, t in claim.evidence))
    for s in claim.run.spans:
        if s.parent is None or s.parent not in claim.run.by_id or not s.model:
            for k, v in s.attrs.items():
                if OUT.search(k) and any(len(p) and p in given for p in map(plainly, decoded(v))):
                    return None
    last = [s for s in claim.run.spans if s.model][-1]
    said = [p for k, v in last.attrs.items() if OUT.search(k) for p in map(plainly, decoded(v)) if len(p) > 20]
    if any(p in given for p in said):
        return None   # the last call says the same once more
    outputs = [t for s in claim.run.spans if s is not claim.span for t in [plainly(s.text("out"))]]
    if claim.run.spans and any(w and w[:60] in t for w in [plainly(t) for _, t in claim.evidence] for t in outputs):
        return None
    return None if claim.span.id == [s for s in claim.run.spans if s.model][-1].id else "the run gave out something else"


def wish_never_met(claim):
    """unmet-wish: users said both values, a call has the one, no model wrote or called the other, and nothing ran the
    tool."""
    m = claim.match(r'without "(.*)", which the user gave beside "(.*)": no call and no text of a model has it, and (.*) '
                    r"was never called\.$")
    if not m:
        return "unread"
    said = asked(claim.run)
    if m[0] not in said or m[1] not in said:
        return "no user said both"
    calls = [(n, canonical(a)) for s in claim.run.innermost() for n, a in s.calls()]
    if not any(m[1] in a for _, a in calls) and not any(m[1] in s.text("all") for s in claim.run.spans if s.tool):
        return "no call has %s" % m[1]
    if any(m[0] in a for _, a in calls):
        return "a call has %s" % m[0]
    if any(n == m[2] for n, _ in calls) or any(s.tool and m[2] in s.tool_names() for s in claim.run.spans):
        return "%s was called" % m[2]
    return None


def wrote_it_first(claim):
    """answer-origin: the step has the value, no model call before it has (what tells a program's output is none), and
    the answer has it."""
    m = claim.match(r'first model call to write "(.*)", which the answer of step (\d+) gives\.$')
    if not m:
        return "unread"
    spellings = {m[0], m[0].replace(",", "")} | ({"{:,}".format(int(m[0]))} if m[0].isdigit() and m[0][0] != "0" else set())

    def has(span):
        text = span.text("out") + "\n" + "\n".join(canonical(a) for _, a in span.calls())
        return any(re.search(r"(?<!\w)%s(?!\w)" % re.escape(x), text) for x in spellings)
    answer = claim.step(m[1])
    if answer is None or not has(answer):
        return "the answer has no %s" % m[0]
    if not has(claim.span):
        return "the step has no %s" % m[0]
    early = [s for s in claim.run.innermost() if s.end <= claim.span.start and has(s) and not re.search(
        r"exit ?code|code output|execution (?:succeeded|failed)", s.text("out"), re.I)]
    return "span %s has it before" % early[0].id if early else None


def plainly(text):
    return re.sub(r"[\s\"\\\\]+", "", text)


CHECKS = {
    "error-origin": some_trouble, "error-response": dealt_with_an_error,
    "swallowed-error": some_trouble, "unrecovered-end": last_failed,
    "infrastructure": some_trouble, "model-error": some_trouble, "tool-loop": same_calls, "duplicate-call": repeats_call,
    "repeated-query": None, "near-duplicate": alike, "ping-pong": ping_pong, "bad-arguments": bad_arguments,
    "unknown-tool": unknown_tool, "promise-without-call": None, "claimed-tool": never_called,
    "invented-name": invented_name, "missing-mark": missing_mark, "altered-value": altered,
    "unmet-request": both_stand, "wrong-label": both_stand, "empty-result-used": after_nothing,
    "ungrounded-value": ungrounded, "unused-evidence": unused, "stale-value": stale, "truncated-output": cut_off,
    "empty-output": nothing_written, "context-jump": prompt_grew, "lost-instruction": instruction_gone,
    "unconfirmed-change": no_yes, "unauthenticated-access": not_authenticated, "other-language": other_language,
    "budget-exhausted": repeats_to_the_end, "gave-up": declined, "role-imbalance": most_calls,
    "first-divergence": compared, "sibling-outlier": slow, "first-trouble": first_trouble,
    "fruitless-search": ends_without, "repeated-action": same_calls, "order": order_of, "own-change": same_id,
    "unlooked-answer": nothing_looked_up, "wrong-count": miscounted, "wrong-type": no_number, "missing-call": compared,
    "undone-claim": said_not_done, "early-answer": few_of_the_points, "forbidden-action": forbidden,
    "opening-call": place, "first-order": place, "first-action": place, "first-reading": place, "first-change": place,
    "later-change": place, "unclear-action": no_plain_look, "longest-text": place, "answer-call": place, "last-answer": place,
    "answer-origin": wrote_it_first,
    "unmet-wish": wish_never_met,
}


def turn_without_action(claim):
    """promise-without-call: it asks for no call and writes no program, and the agent's next call asks for none."""
    if claim.span.calls():
        return "it asks for a call"
    if re.search(r"```|<code>", claim.span.text("out")):
        return "it wrote a program"
    if "announces" not in claim.says:
        return None
    if not re.search(r"\b(i.{1,3}ll|i will|let me|going to|moment|hold on|wait|now i|next i)\b", claim.span.text("out"), re.I):
        return "it announces nothing"
    later = [s for s in claim.run.innermost() if s.start >= claim.span.end and s is not claim.span]
    return "the next call does it" if later and later[0].calls() else None


def asked_again(claim):
    """repeated-query: the questions of the named calls share most of their words; so many of its calls do, and all
    that is no question in them is the same."""
    m = claim.match(r"^(.*) was asked the same in (nearly )?the same words (\d+) times \(steps (\d+) to (\d+)\)")
    if not m:
        return "unread"
    nearly, m = m[1], m[:1] + m[2:]
    if re.search(r"click|scroll|page_?(down|up)", m[0]):
        return "it asks nothing"
    first, last = claim.step(m[2]), claim.step(m[3])
    calls = [arguments_of(s) for s in claim.run.spans if s.tool and m[0] in s.tool_names() and first is not None and
             last is not None and first.start <= s.start <= last.start]
    if calls and max(sum(same_question(a, b) for b in calls) for a in calls) < int(m[1]):
        return "they are not the same: %s" % sorted(set(calls))[:2]
    texts = [text for _, text in claim.evidence[:2]]
    x, y = [words(t) for t in texts] if len(texts) == 2 else ({1}, {1})
    if not nearly and x ^ y:
        return "other words"
    return None if len(x & y) / max(1, len(x | y)) > 0.5 else "other words"


def same_question(a, b):
    """Arguments that differ in sentences of three words or more only, and there in few words."""
    try:
        a, b = json.loads(a), json.loads(b)
    except ValueError:
        a, b = {"": a}, {"": b}
    if not isinstance(a, dict) or not isinstance(b, dict) or set(a) != set(b):
        return a == b
    for k in a:
        x, y = str(a[k]), str(b[k])
        prose = all(len(re.findall(r"[^\W\d_]+", t)) > 2 for t in (x, y))
        if x != y and not (prose and len(words(x) & words(y)) > 0.5 * len(words(x) | words(y))):
            return False
    return True


CHECKS["promise-without-call"] = turn_without_action
CHECKS["repeated-query"] = asked_again


def users_said(run):
    """What people said, with their first letters and spaces as they are: the roles of messages tell who speaks."""
    out = []
    for s in run.spans:
        if s.tool:
            continue
        users = {m.group(1) for k, v in s.attrs.items() for m in [re.match(r"(.*\.\d+)(?:\.message)?\.role$", k)]
                 if m and str(v).lower() in ("user", "human")}
        for k, v in s.attrs.items():
            if re.search(r"\.(user|human)\.message\.", k):
                out += spoken(v)
            elif any(k.startswith(u + ".") for u in users):
                out.append(str(v))
            elif isinstance(v, str) and re.search(r"user|human", v) and v[:1] in "[{":
                out += messages_of_users(v)
            elif re.search(r"input|prompt|question|request", k) and not re.search(r"\.\d+\.|system", k) and isinstance(
                    v, str) and v[:1] not in "[{":
                out.append(v)
    return "\n".join(out)


def spoken(x):
    """The strings of a message, without what tools gave back in it, JSON in strings opened."""
    todo, out = [x], []
    while todo:
        x = todo.pop()
        if isinstance(x, dict) and not re.search(r"tool|function", str(x.get("type", "")) + " ".join(x)):
            todo += x.values()
        elif isinstance(x, list):
            todo += x
        elif isinstance(x, str):
            try:
                inner = json.loads(x) if x[:1] in "[{" else None
            except ValueError:
                inner = None
            if inner is None:
                out.append(x)
            else:
                todo.append(inner)
    return out


def messages_of_users(text):
    try:
        todo, out = [json.loads(text)], []
    except ValueError:
        return [text]
    while todo:
        x = todo.pop()
        if isinstance(x, dict) and str(x.get("role", x.get("type", ""))).lower() in ("user", "human"):
            out.append("\n".join(spoken(x)))
        elif isinstance(x, dict):
            todo += x.values()
        elif isinstance(x, list):
            todo += x
        elif isinstance(x, str) and x[:1] in "[{" and re.search(r"user|human", x):
            out += messages_of_users(x)
    return out


def whole(value, text):
    return re.search(r"(?<!\w)%s(?!\w)" % re.escape(value), text, re.I) is not None


def other_record(claim):
    """The taken value and both fields stand in the source; the user said one of the fields and not the other."""
    m = claim.match(r'took (.*), which step (\d+) shows with "(.*)"; another one there has "(.*)", as (?:the user said|step (\d+) has)')
    if m and m[0] == m[2]:
        return "it tells nothing of the one taken"
    own = claim.match(r"took (\S+) of step (\d+); (\S+) is there, too, as (?:the user said|step (\d+) has)\.$")
    m = m or own and (own[0], own[1], own[0]) + own[2:]
    if not m:
        return "unread"
    source = claim.step(m[1])
    text = source.text("all") if source and source.tool else everything(claim) if source else ""
    said = users_said(claim.run)
    if m[4]:
        other = claim.step(m[4])
        said = other.text("all") if other is not None and other.tool else m[3]
    if source and not all(x in text for x in (m[0], m[2], m[3])):
        return "step %s does not show all of it" % m[1]
    if not whole(m[3], said):
        return "no user said %s" % m[3]
    return "a user said %s" % m[2] if whole(m[2], said) else None


def more_than_named(claim):
    said = users_said(claim.run)
    m = claim.match(r"for (\S+), which no user named, beside (\S+)\.$")
    if m:
        if m[0] in said:
            return "a user named %s" % m[0]
        span = claim.numbers()[0]
        if span is not None and not all(x in span.text("out") + "".join(e for _, e in claim.evidence) for x in m):
            return "the call does not name both"
        return None if m[1] in said else "no user named %s" % m[1]
    m = claim.match(r"for all of (\S+) \((.*)\); no user named it or spoke of all")
    if m:
        if re.split(r"[/*]", m[0].rstrip("/*"))[-1] in said:
            return "a user named %s" % m[0]
        early = [s for s in claim.run.before(claim.span) if s.tool and m[0] in arguments_of(s) and re.search(
            r"create|stage|mkdir|insert", arguments_of(s) + s.name, re.I)]
        return "span %s made it" % early[0].id if early else None
    m = claim.match(r"for everything \((.*)\); no user spoke of all")
    if not m:
        return "unread"
    if not said.strip():
        return "what users said is not known"
    if re.search(r"\b(all|each|every\w*|both|entire|whole)\b", said, re.I):
        return "a user speaks of all"
    if re.split(r"[;&|]", m[0])[0].strip() in said:
        return "a user says so word for word"
    return None if any(m[0] in s.text("all") for s in claim.run.spans) else "no such action"


CHECKS["other-record"] = other_record
CHECKS["wide-action"] = more_than_named


# ---- what was asked for, and what was done ------------------------------------------------------


def asked(run):
    """What the first model call heard, without its instructions; all that users said, where tools have spans (else
    what they gave back looks like a user's word)."""
    first = next(iter(run.innermost()), None)
    parts = [t for k, v in first.attrs.items() if not re.search(r"system|instruction|tool|definition|output|choice", k)
             for t in messages_heard(v)] if first else []
    return "\n".join(parts) + ("\n" + users_said(run) if any(s.tool for s in run.spans) else "")


def messages_heard(value):
    """The strings of a value, without messages that are instructions."""
    if isinstance(value, str) and value[:1] in "[{":
        try:
            value = json.loads(value)
        except ValueError:
            pass
    todo, out = [value], []
    while todo:
        x = todo.pop()
        if isinstance(x, dict):
            if str(x.get("role", "")).lower() not in ("system", "developer", "assistant"):
                todo += x.values()
        elif isinstance(x, list):
            todo += x
        elif isinstance(x, str):
            out.append(x)
    return out


def called_with(claim, *parts):
    """What the named step asked for holds all of @parts: in its output, or in the evidence that stands for it."""
    span = claim.numbers()[0]
    texts = [claim.evidence[0][1] if claim.evidence else "", span.text("out") if span else ""]
    texts += [s.text("all") for s in claim.effects]
    return all(any(p in t for t in texts) for p in parts)


def said_otherwise(claim):
    """asked-value: the user's value stands in what users said, the call's does not, and no call has the user's."""
    said = asked(claim.run)
    m = claim.match(r"with (\S+) (\S+); the user said (\S+) (\S+)\.$")
    if m:
        near = re.findall(r"\b%s(?:s|es)?\b\W*(?:(?:to|of|is|no|at|as|was)\W+)*(\d[\d,.]*)|(\d[\d,.]*)[ -]%s" % (
            re.escape(m[2].rstrip("sS")), re.escape(m[2].rstrip("sS"))), said, re.I)
        values = {float((a or b).strip(".,").replace(",", "")) for a, b in near if re.search(r"\d", a or b)}
        if float(m[3].replace(",", "")) not in values:
            return "no user said %s %s" % (m[2], m[3])
        if re.search(r"\+%s\b|\b%s[ /-]\d{3}" % (re.escape(m[3]), re.escape(m[3])), said):
            return "%s is a piece of a longer number" % m[3]
        if len(values) > 1:
            return "users said %s of it" % sorted(values)
        return None if called_with(claim, m[1]) else "no such call"
    m = claim.match(r"for (\S+?)(, which nothing had shown)?; no call was made for (\S+), which the user named\.$")
    if not m:
        return "unread"
    if not whole(m[2], said):
        return "no user named %s" % m[2]
    if whole(m[0], said):
        return "a user named %s" % m[0]
    span = claim.numbers()[0]
    for s in claim.run.innermost():
        if any(m[2] in canonical(a) for _, a in s.calls()):
            return "a call was made for %s" % m[2]
    if m[1] and span is not None and m[0] in claim.run.shown_before(span):
        return "%s was shown before" % m[0]
    return None if called_with(claim, m[0]) else "no such call"


def as_said(value):
    return value.replace("_", " ")


def listed_without(run, word, other):
    """A line of a result lists @word between commas, and does not speak of @other."""
    for s in run.spans:
        for line in s.text("out").split("\n") if s.tool else []:
            items = [x.strip(" .\"'").lower() for x in re.split(r"[,;|\t]", line)]
            if len(items) > 1 and word.lower() in items and other.lower() not in line.lower() and not re.search(r"[{}\[\]]", line):
                return True
    return False


def other_choice(claim):
    """other-option: both stand side by side, users said the one and not the other, no call has the one."""
    m = claim.match(r'with "(.*)"; (?:the tool offers|step (\d+) shows) "(.*)" (?:too|beside it), as the user said\.$')
    if not m:
        return "unread"
    said = asked(claim.run)
    if not whole(as_said(m[2]), said):
        return "no user said %s" % m[2]
    if whole(as_said(m[0]), said):
        return "a user said %s" % m[0]
    source = claim.step(m[1]) if m[1] else claim.numbers()[0]
    text = source.text("all") if source else m[0] + m[2]
    if m[1] and source is not None and not source.tool:
        text += "".join(s.text("all") for s in claim.run.spans)
    if m[0] not in text or m[2] not in text:
        return "they do not stand side by side"
    if m[1] and listed_without(claim.run, m[2], m[0]):
        return "%s stands in a record without %s, too" % (m[2], m[0])
    for s in claim.run.innermost():
        if any(m[2] in canonical(a) for _, a in s.calls()):
            return "a call has %s" % m[2]
    return None


NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def numbers_of(text):
    return [float(x.replace(",", "")) for x in NUMBER.findall(text)]


def beyond_limit(claim):
    """over-limit: the sentence stands in what was said or instructed, with a lower number than the call's."""
    m = claim.match(r"with (.*?) (\S+); (?:the request|an instruction) says: (.*)\.$")
    n = claim.match(r"speaks of (\S+) and of no lower amount; the request says: (.*)\.$")
    if not m and not n:
        return "unread"
    value, sentence = (m[1], m[2]) if m else n
    heard = "\n".join(s.text("all") for s in claim.run.spans if s.model)
    if re.sub(r"\s+", " ", sentence)[:100] not in re.sub(r"\s+", " ", heard):
        return "nobody said that"
    limits = [x for x in numbers_of(sentence) if x < numbers_of(value)[0]]
    if not limits:
        return "no lower number in the sentence"
    if m:
        return None if called_with(claim, m[1]) else "no such call"
    return None if claim.span.text("out").count(value) else "it does not speak of %s" % value


def part_left_out(claim):
    """left-out: users named both, no call or result has the one, a call has the other."""
    m = claim.match(r"no call asked for (.*) and no result shows it, which the user named with (.*)\.$")
    if not m:
        return "unread"
    said = asked(claim.run)
    if m[0] not in said or m[1] not in said:
        return "no user named both"
    m = (re.sub(r"^\D+ (?=\S*\d\S*$)", "", m[0]), m[1])
    for s in claim.run.spans:
        if s.tool and m[0] in s.text("all"):
            return "span %s has %s" % (s.id, m[0])
    for s in claim.run.innermost():
        if any(m[0] in canonical(a) for _, a in s.calls()):
            return "a call has %s" % m[0]
    return None


def went_on_with_a_part(claim):
    """cut-result: the result says that it is not all, the request asks for what needs all of it, and its tool ran no
    more; of a page in a browser, the next action does not turn it."""
    m = claim.match(r'(?:the result of )?step (\d+) \((.*?)\) says "(.*)", and (it was not called again|the next action '
                    r'does not read on); the request asks for "(.*)"\.$')
    if not m:
        return "unread"
    if m[4].lower() not in asked(claim.run).lower():
        return "nobody asked for %s" % m[4]
    source = claim.step(m[0])
    shown = source.text("all") if source else m[2]
    if m[2].lower() not in shown.lower() and not any(m[2].lower() in s.text("all").lower() for s in claim.run.spans):
        return "no result says so"
    later = [s for s in claim.run.spans if s.tool and source and source.tool and s.start > source.end]
    if m[3].startswith("the next"):
        turned = later and [n for n in later[0].tool_names() if re.search(r"page_?(down|up)|scroll|next_page", n)]
        return "span %s turns the page" % later[0].id if turned else None
    later = [s for s in later if m[1] in s.tool_names()]
    return "span %s calls it again" % later[0].id if later else None


SMALL = set("that this these those with from have which into your than then only must each every does what when where will "
            "should would need also without within under over after before least most more less".split())


def part_lost(claim):
    """lost-part: the request has the words, and no model wrote one of them from that step on, but in copies of it."""
    m = claim.match(r'^Step \d+ (told another agent what to do|spoke to the other agents|made a plan) without "(.*)" of the request; '
                    r"nothing that a model wrote from there on has it\.$")
    if not m:
        return "unread"
    deed, m = m[0], m[1:]
    out = claim.span.text("out")
    if "told another" in deed and not claim.span.calls() and not re.search(r"(?i)please|\byour?\b|next|task|must|should|need to", out):
        return "it tells nobody what to do"
    if "plan" in deed and not re.search(r"(?m)(^\s*[-*]|\d[.)])\s", out):
        return "it is no plan"
    request = asked(claim.run)
    if m[0] not in request:
        return "the request does not say it"
    stems = [w[:5].lower() for w in re.findall(r"[^\W_]+", m[0])
             if (len(w) > 3 and w.lower() not in SMALL) or (len(w) > 1 and re.search(r"\d", w))]
    lines = [x for x in request.split("\n") if len(x) > 24]
    for s in claim.run.innermost():
        if s.start < claim.span.start:
            continue
        said = s.text("out")
        names = [v for k, v in s.attrs.items() if k.endswith("message.name") and isinstance(v, str)]  # who says it
        for x in lines + names:
            said = said.replace(x, "")
        have = [w for w in stems if re.search(r"(?<![^\W_])%s%s" % (re.escape(w), r"(?![^\W_])" if re.search(r"\d", w) else ""),
                                              said.lower())]
        if have:
            return "span %s has %s" % (s.id, have[0])
    return None if stems else "no word of weight"


def other_form(claim):
    m = claim.match(r"answers in (\d+) (sentences|words); (?:at most (\d+) were|a bare number was) asked for\.$")
    if not m:
        return "unread"
    said = asked(claim.run)
    if m[2] is None:
        answer = claim.evidence[0][1].strip() if claim.evidence else ""
        if re.fullmatch(r"\W*\d[\d.,]*\W*\S*", answer):
            return "the answer is a number"
        return None if re.search(r"number", said, re.I) else "no number was asked for"
    if not re.search(r"\b(%s|one|two|three|four|five|six|seven|eight|ten) %s" % (m[2], m[1]), said, re.I):
        return "nobody asked for that many"
    if m[1] == "words":
        return None if int(m[0]) > int(m[2]) else "it keeps to it"
    return None if len(re.findall(r"[.!?](?:\s|$)", claim.span.text("out"))) > int(m[2]) else "it has fewer sentences"


CHECKS["asked-value"] = said_otherwise
CHECKS["other-option"] = other_choice
CHECKS["over-limit"] = beyond_limit
CHECKS["left-out"] = part_left_out
CHECKS["cut-result"] = went_on_with_a_part
CHECKS["lost-part"] = part_lost
CHECKS["wrong-form"] = other_form
CHECKS.update(contradictions.checks(asked))
CHECKS.update(slips.checks(asked))
