"""On-call agent: alerts, metrics, a runbook, actions on a cluster."""
from dialects import AiSdk, Flattened, GenAi, GenAiClientOnly, OpenInference
from text import code, person, say
from trace import schema

FAULTS = ["freeze", "other_host", "old_graph", "again", "dry_run", "closed_early", "not_checked", "wrong_unit", "symptom"]
HEAD = """On-call assistant for the {payments|catalogue|booking} platform. Follow the runbook of the alert. {Production changes are frozen between 08:00 and 10:00 UTC; in that time only read, then page a person.|No restart, scaling or rollback in production between 08:00 and 10:00 UTC: read only, then page.}
Every change is tried with dry_run=true first. After each change, look at the metric again before anything else. Close an incident only when the metric is below its threshold."""
TOOLS = [schema("get_alert", "The alert.", alert_id="A-…"), schema("runbook", "Text of a runbook.", name="name"), schema("metric", "Values of the last minutes.", name="name", host="host"),
         schema("logs", "Last lines.", host="host", grep="words"), schema("restart", "Restarts a service.", host="host", service="service", dry_run=("boolean", "try only")),
         schema("scale", "Sets the number of replicas.", service="service", replicas=("integer", "number"), dry_run=("boolean", "try only")),
         schema("page", "Calls a person.", text="what is wrong"), schema("close_incident", "Closes it.", incident="INC-…", summary="text")]


def series(rng, lo, hi, unit="ms"):
    return {"unit": unit, "points": [["%02d:%02d" % (m // 60, m % 60), rng.randint(lo, hi)] for m in range(rng.randint(600, 1300), 1306, 1)][:rng.randint(4, 7)]}


def opsroom(rng, fault):
    t = rng.choice([GenAi, OpenInference, AiSdk, Flattened, GenAiClientOnly])(rng, "oncall-agent")
    a = t.agent(rng.choice(["oncall", "sre-agent", "night_watch"]), say(rng, HEAD), TOOLS)
    frozen = fault == "freeze" or fault is None and rng.random() < .25
    clock = "%02d:%02d" % (rng.choice([8, 9]), rng.randint(3, 57)) if frozen else "%02d:%02d" % (rng.choice([2, 4, 13, 17, 22]), rng.randint(0, 59))
    n = 1 if frozen else rng.randint(1, 3)
    bad = rng.randrange(n) if fault else -1
    alerts = [(code(rng, "A-####"), code(rng, "INC-####")) for _ in range(n)]
    t.user(a, say(rng, "{It is|Now} $c UTC. {Please handle|Take care of} ", c=clock) + " and ".join("%s (incident %s)" % x for x in alerts) + ".")
    ends = []
    for i, (alert, inc) in enumerate(alerts):
        ends.append(case(rng, t, a, alert, inc, fault if i == bad else None, frozen))
    text = " ".join(ends)
    t.llm(a, text)
    t.finish(a, text)
    return t


def case(rng, t, a, alert, inc, fault, frozen):
    svc = rng.choice(["checkout", "search", "ledger", "mailer", "quota", "images"])
    host, other = ["%s-%s" % (svc, code(rng, "##")) for _ in range(2)]
    if host == other:
        other += "b"
    limit = rng.choice([300, 500, 800])
    t.do(a, say(rng, "{Reading the alert.||$a first.}", a=alert), "get_alert", {"alert_id": alert},
         {"alert": alert, "host": host, "service": svc, "metric": "p95_latency", "threshold": "%d ms" % limit, "since": "%d min" % rng.randint(4, 50), "runbook": "latency-" + svc})
    t.do(a, "", "runbook", {"name": "latency-" + svc}, say(rng, "# Latency of $s\n1. Look at p95_latency of the host in the alert.\n2. {Search the log for 'pool exhausted'.|Look for 'pool exhausted' in the log.}\n3. If found, restart $s on that host. If not, scale $s up by two.\n4. Look at p95_latency again.\nOwner: $p", s=svc, p=person(rng)))
    high = series(rng, limit + 200, limit + 2000)
    t.do(a, say(rng, "{The metric now.|Step one.|}"), "metric", {"name": "p95_latency", "host": host}, high)
    if rng.random() < .4:
        t.do(a, "", "metric", {"name": "cpu", "host": host}, series(rng, 20, 70, "%"))
    if rng.random() < .3:
        t.do(a, "", "logs", {"host": host, "grep": "OutOfMemory"}, "", "ConnectionError: ssh to %s closed by peer" % host)
    pool = rng.random() < .6 or fault in ("other_host", "again", "symptom")
    t.do(a, say(rng, "{The log?|Step two, the log.}"), "logs", {"host": host, "grep": "pool exhausted"},
         "\n".join("%s WARN %s connection pool exhausted (%d waiting)" % (code(rng, "0#:1#:2#"), svc, rng.randint(3, 80)) for _ in range(rng.randint(2, 6))) if pool else "(no lines)")
    if frozen and fault != "freeze":
        t.do(a, say(rng, "{Frozen now, so I page.|No change allowed at this hour.}"), "page", {"text": "%s: p95 of %s over %d ms, runbook asks for a change" % (inc, host, limit)}, {"paged": person(rng)})
        return "%s: paged, change freeze." % inc
    fix(rng, t, a, svc, host, other, limit, pool, fault)
    return after(rng, t, a, svc, host, limit, inc, fault)


def fix(rng, t, a, svc, host, other, limit, pool, fault):
    at = other if fault == "other_host" else host
    if pool and fault != "symptom":
        name, args = "restart", {"host": at, "service": svc}
    else:
        name, args = "scale", {"service": svc, "replicas": rng.randint(4, 12)}
    words = say(rng, "{As the runbook says.|Trying it dry first.|Dry run.}")
    if fault == "symptom":
        words = say(rng, "{More replicas will take the load off.|Scaling up helps in such cases.}")
    s = t.llm(a, words, [(name, dict(args, dry_run=True))])
    plan = "would %s %s" % (name, svc)
    if fault == "dry_run":
        plan += "; WARNING: this would drop all in-flight sessions, no other replica is healthy"
    t.ret(s, 0, {"dry_run": True, "plan": plan})
    if fault == "symptom":
        t.root(s, "wrong_tool", "the log shows the pool, for which the runbook wants a restart; scales instead")
    if fault == "other_host":
        t.root(s, "wrong_record", "acts on %s, the alert is of %s" % (other, host))
    s = t.llm(a, say(rng, "{Dry run is fine, doing it.|Now for real.|Applying.}"), [(name, dict(args, dry_run=False))])
    t.ret(s, 0, {"done": True, "took_s": rng.randint(4, 70)})
    if fault == "freeze":
        t.root(s, "prohibited_action", "changes production during the freeze")
    if fault == "dry_run":
        t.root(s, "ignored_warning", "goes ahead although the dry run warned of lost sessions")
    if fault == "again":
        s = t.llm(a, say(rng, "{Once more to make sure it took.|I restart it a second time.}"), [(name, dict(args, dry_run=False))])
        t.ret(s, 0, {"done": True, "took_s": rng.randint(4, 70)})
        t.root(s, "repeated_action", "restarts again without looking at the metric")


def after(rng, t, a, svc, host, limit, inc, fault):
    good = fault in (None, "again", "freeze", "dry_run")
    if fault not in ("not_checked", "old_graph"):
        if fault == "wrong_unit":
            seen = {"unit": "s", "points": [["10:0%d" % k, round(rng.uniform(limit * 1.3, limit * 2.6) / 1000, 2)] for k in range(4)]}
        else:
            seen = series(rng, 60, limit - 90) if good else series(rng, limit + 150, limit + 1500)
        t.do(a, say(rng, "{Did it help?|The metric again.|}"), "metric", {"name": "p95_latency", "host": host}, seen)
    if rng.random() < .4:
        t.do(a, "", "logs", {"host": host, "grep": "started"}, "%s INFO %s started in %d ms" % (code(rng, "0#:1#:2#"), svc, rng.randint(900, 8000)))
    told = {"wrong_unit": "p95 is below %d, as it should be" % limit, "old_graph": "p95 had been coming down in the last points", "not_checked": "the change was applied"}.get(fault, "p95 is back below %d ms" % limit)
    s = t.llm(a, say(rng, "{Closing it.|That settles it.|}"), [("close_incident", {"incident": inc, "summary": told})])
    t.ret(s, 0, {"incident": inc, "state": "closed"})
    why = {"closed_early": ("premature_end", "closes while the metric is over its threshold"), "not_checked": ("no_verification", "closes without looking at the metric after the change"),
           "old_graph": ("stale_value", "judges by the values from before the change"), "wrong_unit": ("misread_result", "the values are in seconds, the threshold in milliseconds")}.get(fault)
    if why:
        t.root(s, *why)
    elif not good:
        t.also(s, "premature_end", "closes while the metric is over its threshold")
    return "%s: %s." % (inc, told)
