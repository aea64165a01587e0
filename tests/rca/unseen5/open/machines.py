"""Analysts of a warehouse, people on call, a secretary: every call answered well, and was about the wrong thing."""
import content as c
import places


def rows_twice(p, t, bad):
    """A join multiplies rows before the sum."""
    region, month = t.choice(("north", "south", "west", "islands")), t.randrange(1, 12)
    orders = [(k + 1, t.randrange(20, 900)) for k in range(t.randrange(5, 12))]
    lines = [t.choice((1, 1, 2, 3)) for _ in orders]
    lines[0] = 3
    right, wrong = sum(v for _, v in orders), sum(v * n for (_, v), n in zip(orders, lines))
    places.data(p, "What was the order value in region %s in month %d of 2026? (orders.amount is the value of the whole order.) %s" % (region, month, t.choice(("One number.", "How many items was that, too?", "In EUR."))))
    p.idle(0, 3)
    p.do("{Definitions first|The wiki on orders}.", ("read_doc", {"title": "orders"}, "# orders\n\nOne row an order; `amount` is its whole value in EUR.\n`order_items` has one row an item: order_id, sku, pieces.\n" + c.paragraph(p.rng, "the warehouse", 3)))
    p.idle(0, 3)
    p.do("{What do the rows look like|Some rows}.", ("run_sql", {"query": "SELECT o.id, o.amount, COUNT(i.sku) AS items FROM orders o LEFT JOIN order_items i ON i.order_id = o.id WHERE o.region = '%s' AND o.month = %d GROUP BY 1, 2 ORDER BY 1" % (region, month)},
         c.table(("id", "amount", "items"), [(k, v, n) for (k, v), n in zip(orders, lines)])))
    p.idle(0, 2)
    query = "SELECT SUM(o.amount) AS value, COUNT(i.sku) AS items FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.region = '%s' AND o.month = %d" if bad else \
        "SELECT SUM(amount) AS value, (SELECT COUNT(*) FROM order_items i JOIN orders q ON q.id = i.order_id WHERE q.region = '%s' AND q.month = o.month) AS items FROM orders o WHERE month = %d GROUP BY o.month"
    made = p.do("{Sum and items in one query|Now the sum}.", ("run_sql", {"query": query % (region, month)}, c.table(("value", "items"), [(wrong if bad else right, sum(lines))])))
    if bad:
        p.cause(made, "Incorrect Query", "the join with the items counts an order once for each of its items")
    p.idle(0, 5)
    p.end("{The order value was|It was} ", "%s EUR" % c.thousands(wrong if bad else right))
    p.after()
    return lambda run: run.final == "%s EUR" % c.thousands(right)


def other_definition(p, t, bad):
    """The wiki defines the metric; another column with a similar name is used."""
    shop, q = c.town(t), t.randrange(1, 5)
    gross = t.randrange(40000, 900000)
    back = t.randrange(1000, gross // 6)
    places.data(p, "Net sales of the shop in %s in Q%d 2026, by our definition%s." % (shop, q, t.choice(("", ", please", ". It goes to the board"))))
    p.idle(0, 2)
    p.do("{The definition is in the wiki|First the definition}.", ("read_doc", {"title": "net sales"}, "# Net sales\n\nNet sales = `sales.gross_amount` minus `sales.returned_amount`. The column `sales.net_amount` is net of VAT only and is NOT net sales; it is kept for the tax report.\n\n" + c.paragraph(p.rng, "the metric", 4)))
    p.idle(0, 4)
    vat = round(gross / 1.2)
    query = "SELECT SUM(%s) AS net_sales FROM sales WHERE shop = '%s' AND quarter = %d AND year = 2026" % ("net_amount" if bad else "gross_amount - returned_amount", shop, q)
    made = p.do("{Now the sum|The query}.", ("run_sql", {"query": query}, c.table(("net_sales",), [(vat if bad else gross - back,)])))
    if bad:
        p.cause(made, "Instruction Non-compliance", "sums net_amount, which the definition excludes")
    p.idle(0, 5)
    p.end("{Net sales|In that quarter}: ", c.thousands(vat if bad else gross - back))
    p.after()
    return lambda run: run.final == c.thousands(gross - back)


def other_cluster(p, t, bad):
    """The action is made in the cluster that the context happens to point to."""
    app, n = t.choice(("checkout", "ledger", "router", "catalog")), t.randrange(4, 12)
    places.ops(p, "ALERT %s: p99 latency of %s in prod-eu is above 4 s. Runbook: scale-out. Target: %d replicas." % ("INC-%d" % t.randrange(1000, 9999), app, n))
    p.do("{The runbook|Read the runbook}.", ("read_runbook", {"name": "scale-out"}, "1. `kubectl config current-context` must be prod-eu.\n2. `kubectl scale deploy/NAME --replicas=N`.\n3. Watch latency for five minutes.\n4. Note it in the incident."))
    p.idle(0, 3)
    first = p.do("{Which context|Where am I}?", ("kubectl", {"args": "config current-context"}, "staging-eu"))
    p.idle(0, 1)
    if not bad:
        p.do("{That is staging; switch|Switch to prod-eu}.", ("kubectl", {"args": "config use-context prod-eu"}, 'Switched to context "prod-eu".'))
    p.state["context"] = "staging-eu" if bad else "prod-eu"
    p.idle(0, 2)
    made = p.do("{Scale it out|Now scale}.", ("kubectl", {"args": "scale deploy/%s --replicas=%d" % (app, n)}, "deployment.apps/%s scaled" % app))
    if bad:
        p.cause(made, "Wrong Target", "scales in staging-eu; the alert is about prod-eu")
        p.also(first, "Ignored Observation", "sees staging-eu and does not switch")
    for _ in range(p.rng.randrange(1, 4)):   # the same call again is what a rollout needs
        p.do("{Are they up|Watch the rollout}?", ("kubectl", {"args": "get deploy %s" % app}, "NAME READY UP-TO-DATE AVAILABLE AGE\n%s %d/%d %d %d 41d" % (app, p.rng.randrange(1, n), n, n, p.rng.randrange(1, n))))
    p.do("{Now all are|And}?", ("kubectl", {"args": "get deploy %s" % app}, "NAME READY UP-TO-DATE AVAILABLE AGE\n%s %d/%d %d %d 41d" % (app, n, n, n, n)))
    p.idle(0, 4)
    p.end("{Scaled|Done}: %s has %d replicas." % (app, n))
    p.after()
    return lambda run: run.state["context"] == "prod-eu" and bool(run.did("kubectl", args="scale deploy/%s --replicas=%d" % (app, n)))


def closed_on_symptom(p, t, bad):
    """A restart makes the symptom go; the cause stays, the incident is closed."""
    app, inc, limit = t.choice(("indexer", "thumbnailer", "exporter")), "INC-%d" % t.randrange(1000, 9999), t.choice((256, 384, 512))
    places.ops(p, "ALERT %s: %s is killed again and again (OOM). Find the cause, remove it, then resolve." % (inc, app))
    p.idle(0, 3)
    p.do("{Its pods|State of the pods}.", ("kubectl", {"args": "describe pod -l app=%s" % app}, "Name: %s-6b\nLimits: memory: %dMi\nLast State: Terminated\n  Reason: OOMKilled\n  Exit Code: 137\nRestart Count: %d\nEvents:\n  Normal Pulled 3m kubelet Container image present" % (app, limit, p.rng.randrange(6, 60))))
    p.do("{What changed|Recent deploys}?", ("get_deploys", {"hours": 48}, c.table(("time", "app", "change"), [("2026-11-2%d 09:12" % p.rng.randrange(4, 6), app, "memory limit 2048Mi -> %dMi (typo in values.yaml?)" % limit), ("2026-11-24 17:40", "gateway", "rotate certificates")])))
    p.idle(0, 4)
    restart = ("kubectl", {"args": "rollout restart deploy/%s" % app}, "deployment.apps/%s restarted" % app)
    if bad:
        made = p.do("{A restart frees the memory|Restart it}.", restart)
        p.do("{Quiet now|Restarts since}?", ("query_metrics", {"expr": "increase(restarts{app='%s'}[5m])" % app, "range": "5m"}, "0 0 0 0 0"))
        p.cause(made, "Symptom Treated", "the limit of %dMi stays" % limit)
    else:
        p.do("{The limit goes back to what it was|Undo the change of the limit}.", ("kubectl", {"args": "set resources deploy/%s --limits=memory=2048Mi" % app}, "deployment.apps/%s resource requirements updated" % app))
        p.do("{Restarts since|Quiet}?", ("query_metrics", {"expr": "increase(restarts{app='%s'}[5m])" % app, "range": "5m"}, "0 0 0 0 0"))
    p.idle(0, 3)
    shut = p.do("{I resolve it|Close the incident}.", ("update_incident", {"id": inc, "status": "resolved", "note": "no restarts any more"}, "ok"))
    if bad:
        p.also(shut, "Premature Termination", "resolves it though the cause is there")
    p.idle(0, 4)
    p.end("{Resolved|%s is resolved}." % inc)
    p.after()
    return lambda run: any("2048Mi" in a["args"] for a in run.did("kubectl"))


def meeting_zone(p, t, bad):
    """A time in the user's zone is entered as UTC."""
    me, guest, hour = c.person(t), c.person(t), t.randrange(13, 18)
    zone, off = t.choice((("Lisbon", 0), ("Helsinki", 2), ("Tokyo", 9), ("New York", -5), ("Mumbai", 5)))
    off = off or 1
    zone = "Berlin" if zone == "Lisbon" else zone
    title = t.choice(("Budget", "Review", "Kick-off", "Interview"))
    places.office(p, "I am in %s (UTC%+d). Put '%s' with %s into the calendar tomorrow, %d:00 to %d:00 my time, and send the invitation." % (zone, off, title, guest, hour, hour + 1), me)
    p.idle(0, 3)
    mail = c.email(guest, t)
    p.do("{The address of %s|Contact}." % guest, ("find_contact", {"name": guest}, '[{"name": "%s", "email": "%s", "zone": "Europe/Madrid"}]' % (guest, mail)))
    p.do("{Anything in the way|Events of tomorrow}?", ("list_events", {"date": "2026-11-27"}, "08:00Z-08:30Z Stand-up\n21:30Z-22:00Z Gym"))
    p.idle(0, 3)
    utc = hour if bad else hour - off
    made = p.do("{Free; I put it in|The slot is free}.", ("create_event", {"title": title, "start": "2026-11-27T%02d:00Z" % utc, "end": "2026-11-27T%02d:00Z" % (utc + 1), "attendees": mail}, "created, id %d" % p.rng.randrange(1000, 9999)))
    if bad:
        p.cause(made, "Wrong Argument", "local time as UTC")
    p.idle(0, 3)
    p.do("{And the invitation|Send the invitation}.", ("send_mail", {"to": mail, "subject": title, "body": "Hello %s, you are invited: %s, tomorrow, %s." % (guest.split()[0], title, "see the calendar")}, "sent"))
    p.idle(0, 3)
    p.end("{It is in the calendar|Done, %s is invited}." % guest)
    p.after()
    return lambda run: bool(run.did("create_event", start="2026-11-27T%02d:00Z" % (hour - off)))


FAMILIES = {"rows-twice": ("data", rows_twice), "other-definition": ("data", other_definition), "other-cluster": ("ops", other_cluster),
            "closed-on-symptom": ("ops", closed_on_symptom), "meeting-zone": ("office", meeting_zone)}
