"""A research assistant that answers with citations from a library of papers."""
import re

from dialects import AiSdk, Flattened, GenAi, GenAiClientOnly, OpenInference
from text import code, person, say
from trace import dumps, schema

FAULTS = ["wrong_cite", "misread", "stale", "invented_cite", "bad_search", "format", "one_of_two", "no_read"]
SYSTEM = """You are a research assistant of {a hospital library|an institute|a think tank}. Answer from the papers in the library only.
Cite every claim with its paper id in square brackets, e.g. [P-1234]. {Read a paper before you cite it.|Do not cite what you have not read.}
Check for errata and newer versions before you use a number."""
TOOLS = [schema("search_library", "Papers by words.", query="words"), schema("read_paper", "Text of a paper.", paper_id="P-…"),
         schema("errata", "Errata and newer versions of a paper.", paper_id="P-…"), schema("note", "Keeps a finding for the report.", text="one sentence with its source"),
         schema("save_answer", "Stores the answer.", text="the answer")]
FIELDS = [("night shifts", "sleep duration", "minutes"), ("green roofs", "peak runoff", "per cent"), ("bike lanes", "injury rate", "per cent"),
          ("school gardens", "vegetable intake", "grams a day"), ("four-day weeks", "sick leave", "days a year"), ("LED street lights", "moth counts", "per cent"),
          ("bilingual classes", "reading scores", "points"), ("heat pumps", "household power use", "kWh a month")]
OTHER = ["soil acidity", "commuting by ferry", "museum attendance", "wild bees", "chess training", "choir singing"]


def paper(rng, field, k):
    cause, effect, unit = field
    v = rng.randint(4, 60)
    w = v + rng.choice([-1, 1]) * rng.randint(2, 3) if v > 8 else v + 3
    return {"id": code(rng, "P-####"), "who": person(rng).split()[1], "year": rng.randint(2009, 2025), "effect": v, "control": w, "n": rng.randint(40, 4000),
            "title": say(rng, "{Effects of $c on $e|$c and $e|Do $c change $e?}: {a cohort study|a field trial|evidence from $n sites}", c=cause, e=effect, n=rng.randint(3, 60)),
            "sign": rng.choice(["rose", "fell"]), "unit": unit, "effect_name": effect, "cause": cause}


def body(rng, p):
    return say(rng, "$t\n$w et al. ($y)\n\nAbstract. {We studied|This paper looks at} $c and $e in $n {units|cases}.\n\nMethods. {Units were assigned by lot.|A matched design was used.} "
               "{Measurements were taken twice a year.|Losses to follow-up were small.}\n\nResults. In the exposed group $e $s by $v $u (95 % CI $a to $b); in the control group it changed by $x $u. "
               "{Effects were larger in older units.|No difference between regions was seen.}\n\nLimits. {Self-reports.|Short duration.|Two sites were lost.}",
               t=p["title"], w=p["who"], y=p["year"], c=p["cause"], e=p["effect_name"], n=p["n"], s=p["sign"], v=p["effect"], u=p["unit"],
               a=p["effect"] - 2, b=p["effect"] + 2, x=p["control"])


def citeseek(rng, fault):
    t = rng.choice([OpenInference, GenAi, AiSdk, Flattened, GenAiClientOnly])(rng, "library-agent")
    fields = rng.sample(FIELDS, rng.randint(2 if fault in ("one_of_two", "stale", "misread") else 1, 4))
    a = t.agent(rng.choice(["librarian", "research_assistant", "evidence_agent"]), say(rng, SYSTEM), TOOLS)
    shape = fault == "format" or rng.random() < .3
    asks = ["%s with %s" % (f[1], f[0]) for f in fields]
    t.user(a, say(rng, "{By how much do|How do} $q change{, according to our library|}? {One sentence for each.|}$f", q="; ".join(asks),
                  f=say(rng, " {Answer as JSON with the keys|I need a JSON object with} `answer` and `sources`, nothing else.") if shape else ""))
    if rng.random() < .5:
        t.do(a, say(rng, "{I go through the questions one by one.|First an overview.}"), "search_library", {"query": "overview " + fields[0][1]},
             {"results": [], "suggestion": "no paper has all words"})
    bad = rng.randrange(len(fields)) if fault else -1
    claims = []
    for i, field in enumerate(fields):
        if fault == "one_of_two" and i == max(bad, 1):
            if i + 1 == len(fields):
                t.next_is_root("incomplete_task", "the question about %s is never looked at" % field[0])
                break
            t.next_is_root("incomplete_task", "passes over the question about %s" % field[0])
            continue
        look(rng, t, a, field, fault if i == bad else None, claims)
    text = " ".join(claims)
    if shape and fault != "format":
        text = dumps({"answer": text, "sources": re.findall(r"P-[0-9]{4}", text)})
    s = t.llm(a, say(rng, "{Saving.|That is everything; saving the answer.|}"), [("save_answer", {"text": text})])
    if fault == "format":
        t.root(s, "wrong_format", "prose where a JSON object was asked for")
    t.ret(s, 0, rng.choice(["saved", '{"ok": true, "characters": %d}' % len(text)]))
    if rng.random() < .5:
        t.do(a, say(rng, "{Are all references there?|Checking one reference again.|}"), "errata", {"paper_id": code(rng, "P-####") if "P-" not in text else re.findall(r"P-[0-9]{4}", text)[0]}, {"errata": []})
    t.llm(a, text)
    t.finish(a, text)
    return t


def look(rng, t, a, field, fault, claims):
    papers = [paper(rng, field, k) for k in range(rng.randint(2, 4))]
    query = "%s %s" % (field[0], field[1])
    if fault == "bad_search":
        wrong = rng.choice(OTHER)
        s = t.llm(a, say(rng, "{Searching the library.|Let me look.}"), [("search_library", {"query": wrong + " " + field[1]})])
        t.root(s, "bad_query", "searches for %s instead of %s" % (wrong, field[0]))
        t.ret(s, 0, {"results": [], "suggestion": "no paper has all words"})
        for _ in range(rng.randint(2, 5)):
            t.do(a, say(rng, "{Nothing; other words.|Rephrasing.||Perhaps without the effect.}"), "search_library", {"query": wrong + " " + rng.choice(["effect", "study", "trial", "survey", "change"])},
                 {"results": [] if rng.random() < .6 else [{"id": code(rng, "P-####"), "title": "Notes on " + wrong, "year": 1998}]})
        claims.append(say(rng, "The library holds {no evidence|no paper|nothing} on %s." % field[1]))
        return
    if rng.random() < .4:
        t.do(a, "", "search_library", {"query": field[1] + " meta-analysis"}, {"results": [], "suggestion": "try fewer words"})
    t.do(a, say(rng, "{Searching for $c.|First the search.|}", c=field[0]), "search_library", {"query": query},
         {"results": [{"id": p["id"], "title": p["title"], "authors": p["who"] + " et al.", "year": p["year"]} for p in papers]})
    main = papers[0]
    if fault == "no_read":
        t.next_is_root("no_verification", "cites a paper by its title without having read it")
        claims.append(say(rng, "With $c, $e {changed|fell} {markedly|clearly} [$p].", c=field[0], e=field[1], p=main["id"]))
        t.do(a, say(rng, "{Noted.|The titles say enough.|}"), "note", {"text": claims[-1]}, "ok")
        return
    for p in papers[1:] + [main] if rng.random() < .5 else [main] + papers[1:]:
        if p is main or rng.random() < .7:
            t.do(a, say(rng, "{Reading $p.||Next paper.|This one looks relevant.}", p=p["id"]), "read_paper", {"paper_id": p["id"]}, body(rng, p))
        if p is main or rng.random() < .3:
            found = []
            if p is main and (fault == "stale" or rng.random() < .3):
                found = [{"published": "%d-03" % (p["year"] + 1), "text": "In the results, %d %s should read %d %s." % (p["effect"], p["unit"], p["effect"] + 7, p["unit"])}]
            if found:
                p["fixed"] = p["effect"] + 7
            t.do(a, "", "errata", {"paper_id": p["id"]}, {"errata": found})
    value = main["control"] if fault == "misread" else main["effect"] if fault == "stale" else main.get("fixed", main["effect"])
    source = papers[1]["id"] if fault == "wrong_cite" else code(rng, "P-####") if fault == "invented_cite" else main["id"]
    claim = say(rng, "{With|Under} $c, $e $s by $v $u [$p].", c=field[0], e=field[1], s=main["sign"], v=value, u=main["unit"], p=source)
    claims.append(claim)
    s = t.llm(a, say(rng, "{I keep this.|Noting it.|}"), [("note", {"text": claim})])
    t.ret(s, 0, "ok")
    why = {"misread": ("misread_result", "gives the change of the control group as the effect"),
           "wrong_cite": ("wrong_citation", "cites the paper that does not hold the number"), "invented_cite": ("invented_source", "cites a paper id that no search gave"),
           "stale": ("stale_value", "uses the number that the erratum had just corrected")}.get(fault)
    if why:
        t.root(s, *why)
