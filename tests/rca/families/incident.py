"""An on-call agent: alerts, metrics, logs, a cluster; fixes with care (OpenLLMetry and plain GenAI)."""
import json

import content as c
import shapes
import shapes_more
from wire import tool

SYSTEM = """You are the on-call engineer's assistant of a platform team.
Goal: find why the alert fired, put it right with the smallest step, and write a short report.
Rules:
1. Evidence first: a cause has to be shown by a log line, a metric or a diff, named in the report.
2. Anything that changes the cluster (restart, scale, rollback, patch) in namespace 'prod' needs request_approval \
first, with the exact command. In 'staging' you may act.
3. After a change check the metric that fired the alert until it is back to normal; a deploy takes about two minutes.
4. Look at recent deploys before anything else.
5. Times in tools are UTC; the alert is in local time (UTC+2).
6. The report: cause, evidence, action, follow-up; nothing that you have not seen."""
TOOLS = [tool("get_alert", "", alert_id=""), tool("list_deploys", "", namespace="", since=""),
         tool("query_metrics", "", expression="", start="", end=""), tool("search_logs", "", service="", query="", start="",
                                                                        end=""),
         tool("kubectl", "", command=""), tool("request_approval", "", command="", reason=""),
         tool("get_diff", "", revision=""), tool("post_report", "", text="")]
CAUSES = [
    ("a new connection pool limit of 5 in revision {r}", "pool exhausted, waiting for a free connection (max=5)",
     "db.pool.max: 50 -> 5", "rollback"),
    ("a memory leak in the image cache since revision {r}", "OOMKilled: container exceeded limit of 512Mi",
     "cache.maxEntries: 2000 -> 0 (unbounded)", "rollback"),
    ("an expired certificate of the payment provider's proxy", "x509: certificate has expired or is not yet valid",
     "no change", "rotate"),
    ("a wrong region in the bucket URL of revision {r}", "PermanentRedirect: bucket must be addressed at eu-west-3",
     "bucket.region: eu-west-3 -> eu-west-1", "rollback"),
    ("a retry storm after the timeout was cut in revision {r}", "retry 7/7 failed: deadline of 200ms exceeded",
     "client.timeout: 2s -> 200ms", "rollback"),
]
FAULTS = ("no_approval", "wrong_cause", "timezone", "wrong_service", "no_check", "restart_loop", "invented", "auth",
          "skip_deploys", "wrong_ns", "read_only_half")


def incident(rng, failed):
    service = rng.choice(["checkout", "search-api", "media-proxy", "ledger", "notify", "catalog"])
    others = [s for s in ("gateway", "session-store", "pricing", "mailer", "inventory") if s != service]
    cause, line, diff, remedy = rng.choice(CAUSES)
    rev = "%07x" % rng.getrandbits(28)
    cause = cause.format(r=rev)
    shape = rng.choice([shapes.Traceloop, shapes.GenAi, shapes_more.Strands])
    w = shape(rng, "oncall-bot", rng.choice(["claude-sonnet-4", "gpt-4.1"]), session="inc-%d" % rng.randrange(9999))
    faults = c.pick(rng, FAULTS, failed, 1, 4)
    if failed and not faults - {"auth", "restart_loop", "skip_deploys", "timezone", "wrong_service"}:
        faults.add(rng.choice(["no_approval", "wrong_cause", "no_check", "invented"]))
    if remedy == "rotate":
        faults.discard("skip_deploys")
        if not faults and failed:
            faults.add("no_check")
    hour, minute = rng.randrange(4, 20), rng.randrange(60)
    local = "%02d:%02d" % (hour + 2, minute)
    utc = "%02d:%02d" % (hour, minute)
    agent = w.start("oncall", SYSTEM, TOOLS)
    alert = "A-%d" % rng.randrange(100, 999)
    w.user(agent, "Alert %s fired: %s 5xx ratio above 5 %% since %s local time in prod. Please look into it." % (
        alert, service, local))
    w.act(agent, "I read the alert.", "get_alert", {"alert_id": alert}, json.dumps({
        "service": service, "namespace": "prod", "expr": "rate(http_5xx{service='%s'}[5m])" % service, "since_local": local,
        "value": round(rng.uniform(0.06, 0.4), 3), "runbook": c.paragraph(rng, service, 4)}))

    def lines(svc, text, n, t):
        out = []
        for i in range(n):
            out.append("%s:%02d.%03dZ %s %s-%s %s" % (t, (i * 3) % 60, rng.randrange(1000), rng.choice(
                ["INFO ", "INFO ", "INFO ", "WARN "]), svc, "%05x" % rng.getrandbits(20), c.log_line(rng)))
        for _ in range(3):
            if text:
                out.insert(rng.randrange(len(out)), "%s:%02d.%03dZ ERROR %s-%05x %s" % (
                    t, rng.randrange(60), rng.randrange(1000), svc, rng.getrandbits(20), text))
        return "\n".join(out)

    if "skip_deploys" not in faults:
        w.act(agent, "Recent deploys.", "list_deploys", {"namespace": "prod", "since": "24h"}, json.dumps([
            {"service": s, "revision": "%07x" % rng.getrandbits(28), "at": "%02d:%02dZ" % (rng.randrange(24), rng.randrange(60))}
            for s in others] + ([{"service": service, "revision": rev, "at": "%02d:%02dZ" % (hour, max(0, minute - 4))}]
                                if remedy == "rollback" else [])))
    if "auth" in faults:
        err = "401 Unauthorized: token of oncall-bot expired"
        call, used = w.act(agent, "The metric.", "query_metrics", {"expression": "rate(http_5xx{service='%s'}[5m])" % service,
                                                               "start": utc, "end": "now"}, "Error: " + err, error=err,
                        kind="HTTPError")
        w.blame(used, "auth_error", "the token for the metrics has expired; the agent works without them")
    else:
        call, _ = w.act(agent, "The metric.", "query_metrics", {"expression": "rate(http_5xx{service='%s'}[5m])" % service,
                                                     "start": utc, "end": "now"}, json.dumps(
            [["%02d:%02dZ" % (hour, (minute + i) % 60), round(0.001 if i < 1 else rng.uniform(0.05, 0.4), 3)]
             for i in range(-5, 30)]))
    if "skip_deploys" in faults:
        w.blame(call, "forgot_instruction", "does not look at recent deploys, as rule 4 wants before anything else")
    near = rng.sample(others, rng.randrange(1, 4))
    if len(near) > 1 and rng.random() < 0.5:   # all at once
        call = w.llm(agent, "Do the neighbours play a part?", [("search_logs", {
            "service": s, "query": "error", "start": utc, "end": "now"}) for s in near])
        for used in call.calls:
            w.tool(agent, used, lines(used.args["service"], "", rng.randrange(8, 40), utc))
        near = []
    for s in near:
        w.act(agent, "Does %s play a part?" % s, "search_logs", {"service": s, "query": "error", "start": utc, "end": "now"},
              lines(s, "", rng.randrange(8, 40), utc))
    if "timezone" in faults:
        call, _ = w.act(agent, "Logs at the time of the alert.", "search_logs", {
            "service": service, "query": "error", "start": local, "end": "now"}, lines(service, "", 5, local))
        w.blame(call, "wrong_argument", "asks the logs, which are in UTC, for the local time %s" % local)
    start = utc
    if "wrong_service" in faults:
        bad = rng.choice(others)
        for i, word in enumerate(rng.sample(["timeout", "exception", "slow", "retry"], rng.randrange(2, 5))):
            call, _ = w.act(agent, "Let me go deeper into %s." % bad, "search_logs", {
                "service": bad, "query": word, "start": utc, "end": "now"},
                lines(bad, "", rng.randrange(20, 60), utc))
            if i == 0:
                w.blame(call, "goal_drift", "follows %s, whose logs hold no errors, instead of %s" % (bad, service))
    w.act(agent, "Logs of the service itself.", "search_logs", {"service": service, "query": "ERROR", "start": start,
                                                              "end": "now"}, lines(service, line, rng.randrange(20, 60), utc))
    if remedy == "rollback" and rng.random() < 0.8:
        w.act(agent, "What did the last revision change?", "get_diff", {"revision": rev},
              "revision %s by %s\n- %s\n+ see below\n%s\n%s" % (rev, c.person(rng), c.commit(rng), diff,
                                                            c.code(rng, 20)))
    told = cause
    command = {"rollback": "rollout undo deploy/%s -n prod" % service,
               "rotate": "create secret tls provider-proxy --from-file=new -n prod"}[remedy]
    if "wrong_cause" in faults:
        told = rng.choice(["heavy traffic", "a noisy neighbour on the node", "a slow database"])
        command = "scale deploy/%s --replicas=12 -n prod" % service
        call = w.llm(agent, rng.choice(["The errors come from %s, so more replicas will help. The lines '%s' are a side effect.",
                                         "Cause: %s. ('%s' is noise.)", "This looks like %s; '%s' follows from it."]) % (
            told, line[:40]), [("request_approval", {"command": command, "reason": told})])
        w.blame(call, "ignored_tool_output", "blames %s; the log lines show %s" % (told, cause))
        w.tool(agent, call.calls[0], json.dumps({"approved": True, "by": c.person(rng)}, ensure_ascii=False))
    elif "no_approval" not in faults:
        w.act(agent, "The cause is %s: '%s'. I ask for the change." % (cause, line), "request_approval", {
            "command": command, "reason": cause}, json.dumps({"approved": True, "by": c.person(rng)}, ensure_ascii=False),
              seconds=60)
    if "wrong_ns" in faults:
        command = command.replace("-n prod", "-n staging")
    if "restart_loop" in faults:
        n = rng.randrange(4, 8)
        for i in range(n):
            call, _ = w.act(agent, "Restart once more." if i else "A restart may help.", "kubectl", {
                "command": "rollout restart deploy/%s -n %s" % (service, "staging")}, "deployment.apps/%s restarted" % service)
        w.blame(call, "resource_abuse", "restarts the same deployment %d times without any change in between" % n)
    call = w.llm(agent, "Cause: %s." % told if "no_approval" in faults else "Approved, I apply it.",
                 [("kubectl", {"command": command})])
    if "no_approval" in faults and "wrong_cause" not in faults:
        w.blame(call, "policy_violation", "changes prod without request_approval")
    if "wrong_ns" in faults:
        w.blame(call, "wrong_argument", "runs the command in staging, the alert is in prod")
    w.tool(agent, call.calls[0], "secret/provider-proxy created" if "secret" in command else "deployment.apps/%s %s" % (
        service, "scaled" if "scale" in command else "rolled back"))
    bad = faults & {"wrong_cause", "wrong_ns"}
    if "no_check" not in faults:
        for i in range(rng.randrange(2, 6)):   # polling until it is normal: as the rules say
            value = rng.uniform(0.06, 0.3) if bad or i == 0 else rng.uniform(0, 0.002)
            w.act(agent, "Check the metric%s." % (" again" if i else ""), "query_metrics", {
                "expression": "rate(http_5xx{service='%s'}[5m])" % service, "start": "-2m", "end": "now"},
                json.dumps([["now", round(value, 4)]]), seconds=60)
    text = "Cause: %s. Evidence: log line '%s'. Action: %s. Follow-up: a test for it." % (told, line, command)
    if "wrong_cause" in faults:
        text = "Cause: %s. Action: %s. Follow-up: autoscaling." % (told, command)
    if "invented" in faults:
        text += " The change was reviewed by %s, who confirmed that %d customers were affected." % (
            c.person(rng), rng.randrange(100, 9000))
    if bad and "no_check" not in faults:
        text += " The alert is resolved."
    if "read_only_half" in faults:
        text = "Cause: %s. Action: %s." % (told, command)
    call, _ = w.act(agent, "", "post_report", {"text": text}, "posted")
    if "no_check" in faults:
        w.blame(call, "not_verified", "reports without having looked at the metric after the change")
    elif bad:
        w.blame(call, "ignored_tool_output", "reports the alert as resolved; the metric is as bad as before")
    if "invented" in faults and "read_only_half" not in faults:
        w.blame(call, "hallucinated_fact", "reviewer and number of customers come from nowhere")
    if "read_only_half" in faults:
        w.blame(call, "incomplete_task", "the report lacks evidence and follow-up, which the rules ask for")
    w.llm(agent, "Report posted. " + ("The service is back to normal." if "no_check" not in faults else "Done."))
    w.end(agent)
    return w
