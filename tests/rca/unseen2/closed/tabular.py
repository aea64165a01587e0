"""A data analyst with a warehouse: SQL, a notebook, a table to write."""
from dialects import AiSdk, Flattened, GenAi, GenAiClientOnly, OpenInference
from text import code, say
from trace import schema

FAULTS = ["cents", "no_filter", "fan_out", "old_load", "swapped", "format", "wrote_twice", "wrong_table", "skipped_question"]
HEAD = """{You query a warehouse for business people.|Analyst for the sales warehouse.} Tables are documented; describe one before you use it.
{Numbers go out in euros.|All results are given in EUR.} Rows flagged is_test never count. A load can be replaced during the day: the
newest load_id is the valid one. {Before a number goes out, reconcile it with control_totals.|Reconcile every number with control_totals.}"""
TOOLS = [schema("describe", "Columns and comments of a table.", table="name"), schema("sql", "Runs a SELECT.", query="SQL"),
         schema("control_totals", "Totals by the finance system.", metric="name", period="YYYY-MM"),
         schema("write_result", "Appends rows to the report table.", report="name", rows=("array", "rows")),
         schema("list_tables", "Tables by prefix.", prefix="prefix")]


def tabular(rng, fault):
    t = rng.choice([GenAi, OpenInference, Flattened, AiSdk, GenAiClientOnly])(rng, "warehouse-analyst")
    a = t.agent(rng.choice(["analyst", "bi_agent", "sql_helper"]), say(rng, HEAD), TOOLS)
    topics = rng.sample(["refunds", "subscriptions", "gift_cards", "spare_parts", "wholesale", "repairs", "shipping_fees"], rng.randint(2, 4))
    month = "2026-%02d" % rng.randint(1, 9)
    csv = fault == "format" or rng.random() < .3
    t.user(a, say(rng, "{Board pack|For the monthly pack}: $t for $m, {total|sum} in euros each, {and append|then write} them to the report `board_$r`.$c",
                  t=", ".join(topics), m=month, r=code(rng, "??"), c=" Give me the final list as CSV with header topic,eur and nothing around it." if csv else ""))
    if rng.random() < .6:
        t.do(a, say(rng, "{What do we have?|Finding the tables.}"), "list_tables", {"prefix": "fact_"}, "\n".join("fact_%s%s" % (x, y) for x in topics for y in ("", "_2024", "_tmp")))
    bad = rng.randrange(len(topics)) if fault else -1
    rows = []
    for i, topic in enumerate(topics):
        if i == bad and fault == "skipped_question":
            t.next_is_root("incomplete_task", "%s is never computed, a figure for it is given all the same" % topic)
            rows.append((topic, rng.randrange(10**6, 9 * 10**6) / 100))
            continue
        rows.append((topic, measure(rng, t, a, topic, month, fault if i == bad else None)))
    s = t.llm(a, say(rng, "{Appending.|Writing the report.|}"), [("write_result", {"report": "board", "rows": [list(r) for r in rows]})])
    if fault == "wrote_twice":
        t.ret(s, 0, {"appended": len(rows), "warning": "commit was slow (11 s)"})
        s = t.llm(a, say(rng, "{It was slow, I write once more to be safe.|Sending the rows again.}"), [("write_result", {"report": "board", "rows": [list(r) for r in rows]})])
        t.root(s, "repeated_action", "appends rows that were appended")
    t.ret(s, 0, {"appended": len(rows)})
    if rng.random() < .4:
        t.do(a, "", "sql", {"query": "select count(*) from board where month = '%s'" % month}, [[len(rows) * (2 if fault == "wrote_twice" else 1)]])
    text = "topic,eur\n" + "\n".join("%s,%.2f" % r for r in rows) if csv and fault != "format" else say(rng, "{The figures:|Results for the month:} ") + "; ".join("%s %.2f EUR" % r for r in rows)
    s = t.llm(a, text)
    if fault == "format":
        t.root(s, "wrong_format", "CSV alone was asked for")
    t.finish(a, text)
    return t


def measure(rng, t, a, topic, month, fault):
    table, cents = "fact_" + topic, fault == "cents" or rng.random() < .5
    unit = "cents" if cents else "euros"
    total = rng.randrange(2 * 10**7, 9 * 10**8)
    t.do(a, say(rng, "{$t next.|Starting with $t.|Columns of $t?|}", t=topic), "describe", {"table": table},
         {"table": table, "columns": {"id": "int", "customer_id": "int", "amount": "bigint, in %s" % unit, "is_test": "bool", "load_id": "int", "booked_on": "date"},
          "rows": rng.randrange(10**4, 10**6), "comment": rng.choice(["nightly load", "append only", "owner: finance"])})
    if rng.random() < .3:
        t.do(a, "", "sql", {"query": "select sum(amout) from %s" % table}, "", "ProgrammingError: column \"amout\" does not exist. HINT: perhaps \"amount\"")
    loads = (17, 18) if fault == "old_load" or rng.random() < .3 else (17,)
    if len(loads) > 1 or rng.random() < .4:
        t.do(a, say(rng, "{Which loads are there?|Loads.}"), "sql", {"query": "select load_id, count(*), max(loaded_at) from %s where booked_on like '%s%%' group by 1" % (table, month)},
             [[x, rng.randrange(1000, 9000), "%s-%02d 05:%02d" % (month, 10 + x, rng.randint(0, 59))] for x in loads])
    use = loads[0] if fault == "old_load" else loads[-1]
    name = table + "_2024" if fault == "wrong_table" else table
    q = "select sum(f.amount) from %s f%s where f.booked_on between '%s-01' and '%s-31'%s and f.load_id = %d" % (
        name, " join customer_tags g on g.customer_id = f.customer_id" if fault == "fan_out" else "", month, month, "" if fault == "no_filter" else " and not f.is_test", use)
    raw = total if fault is None or fault in ("cents", "swapped") else int(total * rng.uniform(1.1, 2.9))
    shown = raw if cents else raw // 100
    s = t.llm(a, say(rng, "{The sum.|Now the number.|}"), [("sql", {"query": q})])
    t.ret(s, 0, [[shown]])
    why = {"no_filter": ("lost_requirement", "test rows are counted"), "fan_out": ("wrong_query", "the join repeats rows for each tag of a customer"),
           "old_load": ("stale_value", "sums the load that was replaced"), "wrong_table": ("wrong_record", "queries the table of 2024")}.get(fault)
    if why:
        t.root(s, *why)
    eur = shown / (1 if fault == "cents" or not cents else 100)
    if fault == "swapped":
        d = str(int(eur))
        eur = float(d[1] + d[0] + d[2:]) + .5 if d[0] != d[1] else eur * 10
    if fault in ("cents", "swapped"):
        s = t.llm(a, say(rng, "$t comes to $e EUR. {Checking the control total.|Reconciling.}", t=topic, e="%.2f" % eur), [("control_totals", {"metric": topic, "period": month})])
        t.ret(s, 0, '{"error": "no control total for this metric yet"}')
        t.root(s, *(("wrong_value", "the column is in cents, the sum is given as euros") if fault == "cents" else ("misread_result", "gives another number than the query returned")))
    elif fault is None or rng.random() < .6:
        t.do(a, "", "control_totals", {"metric": topic, "period": month}, {"metric": topic, "period": month, "eur": round(total / 100, 2) if fault is None else None, "state": "closed" if fault is None else "not closed yet"})
    return round(eur, 2)
