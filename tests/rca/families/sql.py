"""An analyst that answers questions with SQL: langsmith and plain GenAI."""
import json

import content as c
import shapes
import shapes_more
from wire import tool

SYSTEM = """You answer questions of managers with SQL on the company's warehouse (PostgreSQL).

How to work:
- list_tables, then describe_table for every table you use. Column notes matter: they say what a value means.
- Write one query at a time with run_sql. If it fails, read the message.
- Check the result for plausibility: number of rows, duplicates after joins, totals against a known sum.
- Money is stored in cents unless the note says otherwise. Orders with status 'test' or 'void' never count.
- Quarters are fiscal: FQ1 begins on February 1st.
- Answer in one or two sentences with the number, its unit, and the period as dates. No number that is not in a \
result. Say what you left out.
- If the question cannot be answered with the data, say so."""
TOOLS = [tool("list_tables", "Names of tables."), tool("describe_table", "Columns and notes.", table=""),
         tool("run_sql", "Runs a query, at most 200 rows.", query=""),
         tool("save_chart", "Saves a chart.", query="", kind="")]
FAULTS = ("cents", "fiscal", "void", "join", "column", "no_describe", "misread", "invent", "repeat", "half", "timeout", "limit")


def sql(rng, failed):
    measure = rng.choice(["revenue", "refunds", "shipping cost", "discounts"])
    col = {"revenue": "amount", "refunds": "refund_amount", "shipping cost": "ship_amount", "discounts": "disc_amount"}[measure]
    dim = rng.choice(["region", "channel", "product_line"])
    year = rng.choice([2024, 2025])
    q = rng.randrange(1, 5)
    begin = "%d-%02d-01" % (year, 3 * q - 1)
    months = 2 + 3 * q
    end = "%d-%02d-01" % (year + (months > 12), (months - 1) % 12 + 1)
    faults = c.pick(rng, FAULTS, failed, 1, 3)
    if failed and not faults - {"repeat", "column", "no_describe"}:
        faults.add(rng.choice(["cents", "fiscal", "void", "join", "misread"]))
    w = rng.choice([shapes.LangSmith, shapes_more.LlamaIndex, shapes.GenAiNoTools, shapes_more.LlamaIndex])(
        rng, "sql-analyst", rng.choice(["gpt-4.1", "claude-sonnet-4"]), session="sql-%d" % rng.randrange(10**5))
    names = {"region": c.towns(rng, 5), "channel": ["web", "store", "partner", "phone"],
             "product_line": rng.sample(c.SECTOR, 5)}[dim]
    values = {n: rng.randrange(10**7, 10**9) for n in names}
    top = max(values, key=values.get)
    agent = w.start("analyst", SYSTEM, TOOLS)
    half = " And how many distinct customers was that?"
    w.user(agent, "Which %s had the highest %s in FQ%d %d, and how much was it?%s" % (dim.replace("_", " "), measure, q, year,
                                                                                    half))
    w.act(agent, "", "list_tables", {}, json.dumps(["orders", "order_lines", "customers", "stores", "returns", "dim_product",
                                                    "fx_rates", "web_sessions", "_migrations"]))
    notes = {"orders": [("order_id", "bigint", "key"), ("customer_id", "bigint", ""), ("placed_at", "timestamptz", "UTC"),
                        ("status", "text", "open, paid, shipped, void, test"), (col, "bigint", "in cents"),
                        (dim + "_id", "int", "see dim table")],
             "customers": [("customer_id", "bigint", "key"), ("country", "text", ""), ("created_at", "timestamptz", "")],
             "order_lines": [("order_id", "bigint", "several rows for an order"), ("sku", "text", ""), ("qty", "int", "")],
             "stores": [(dim + "_id", "int", "key"), (dim, "text", "")]}

    def describe(table):
        return "%s\n\n%s\n\n%s" % (table, c.table(["column", "type", "note"], notes[table]), c.sentence(rng, table))

    if "no_describe" not in faults:
        for t in ["orders", "stores"] + rng.sample(["customers", "order_lines"], rng.randrange(0, 3)):
            w.act(agent, "", "describe_table", {"table": t}, describe(t))
    for what in rng.sample(["status", dim + "_id", "customer_id"], rng.randrange(0, 4)):   # a look at the data first
        w.act(agent, "", "run_sql", {"query": "SELECT %s, count(*) FROM orders WHERE placed_at >= '%s' GROUP BY 1 ORDER BY 2 "
                                     "DESC LIMIT %d" % (what, begin, rng.randrange(5, 30))}, c.csv([what, "count"], [
                                         [rng.choice(["paid", "shipped", "void", "test", rng.randrange(1, 99999)]),
                                          rng.randrange(10, 90000)] for _ in range(rng.randrange(3, 9))]))
    w.hiccup(agent, "", "run_sql", {"query": "SELECT count(*) FROM orders"}, 0.2, "server closed the connection unexpectedly",
             "psycopg.OperationalError")
    b, e = begin, end
    if "fiscal" in faults:
        b = "%d-%02d-01" % (year, 3 * q - 2)
        e = "%d-%02d-01" % (year + (q == 4), 3 * q % 12 + 1)
    where = "o.placed_at >= '%s' AND o.placed_at < '%s'" % (b, e)
    if "void" not in faults:
        where += " AND o.status NOT IN ('test', 'void')"
    join = " JOIN order_lines l USING (order_id)" if "join" in faults else ""
    query = "SELECT s.%s, sum(o.%s) AS total, count(DISTINCT o.customer_id) AS customers FROM orders o JOIN stores s USING " \
        "(%s_id)%s WHERE %s GROUP BY 1 ORDER BY 2 DESC" % (dim, col, dim, join, where)
    if "limit" in faults:
        query = query.replace("ORDER BY 2 DESC", "LIMIT 3")
    if faults & {"column", "no_describe"}:
        bad = query.replace("o." + col, "o.total_" + col)
        call, _ = w.act(agent, "", "run_sql", {"query": bad}, "ERROR:  column o.total_%s does not exist\nLINE 1: SELECT s.%s, "
                        "sum(o.total_%s) AS total\n                          ^\nHINT:  Perhaps you meant to reference the "
                        "column \"o.%s\"." % (col, dim, col, col))
        if "no_describe" in faults:
            w.blame(call, "forgot_instruction", "queries tables without describe_table, with a made-up column")
        else:
            w.blame(call, "hallucinated_fact", "uses a column that the description does not hold")
    if "repeat" in faults:
        n = rng.randrange(3, 7)
        for _ in range(n):
            call, _ = w.act(agent, "", "run_sql", {"query": query.replace("GROUP BY 1", "GROUP BY region_name")},
                            "ERROR:  column \"region_name\" does not exist\nLINE 1: ...GROUP BY region_name ORDER BY 2")
        w.blame(call, "resource_abuse", "sends the same failing query %d times" % n)
    factor = 1.0
    if faults & {"fiscal", "void", "join"}:
        factor = rng.uniform(1.1, 3.0)
    shown = {k: int(v * factor * (rng.uniform(0.6, 1.4) if "join" in faults else 1)) for k, v in values.items()}
    order = sorted(shown, key=shown.get, reverse=True)
    if "limit" in faults:
        order = rng.sample(order[1:], 3)
    call = w.llm(agent, "", [("run_sql", {"query": query})])
    for fault, category, reason in (
            ("fiscal", "forgot_instruction", "takes calendar months; fiscal quarters begin in February"),
            ("void", "forgot_instruction", "does not leave out test and void orders"),
            ("join", "wrong_plan", "joins the order lines, which counts each order once a line"),
            ("limit", "wrong_argument", "LIMIT 3 without an order: the largest may be missing")):
        if fault in faults:
            w.blame(call, category, reason)
    if "timeout" in faults:
        err = "canceling statement due to statement timeout"
        w.tool(agent, call.calls[0], "ERROR:  " + err, error=err if rng.random() < 0.5 else None, kind="QueryCanceled",
               seconds=60)
        if call.calls[0].span:
            w.blame(call.calls[0], "timeout", "the warehouse cancels the query")
        guess = rng.randrange(10**5, 10**7)
        call = w.llm(agent, "%s had the highest %s in FQ%d %d, about EUR %s (%s to %s)." % (
            top, measure, q, year, c.thousands(guess), b, e))
        w.blame(call, "hallucinated_fact", "gives a number although the query was cancelled")
        w.end(agent)
        return w
    customers = {k: rng.randrange(200, 40000) for k in order}
    w.tool(agent, call.calls[0], c.csv([dim, "total", "customers"], [[k, shown[k], customers[k]] for k in order]))
    if not failed and rng.random() < 0.6:
        w.act(agent, "A check against the known sum.", "run_sql", {"query": query.split(" GROUP")[0].replace(
            "s.%s, " % dim, "")}, c.csv(["total", "customers"], [[sum(shown.values()), sum(customers.values()) - 212]]))
    first = order[0] if "limit" not in faults else max(order, key=shown.get)
    if "misread" in faults and len(order) > 1:
        first = order[1]
    money = shown[first] / (1 if "cents" in faults else 100)
    text = "%s had the highest %s in FQ%d %d (%s to %s): EUR %s. Test and void orders are left out." % (
        first, measure, q, year, b, e, "{:,.2f}".format(money))
    if "half" not in faults:
        text += " %s customers." % c.thousands(customers[first])
    if "invent" in faults:
        text += " That is %d %% more than the year before." % rng.randrange(3, 40)
    call = w.llm(agent, text)
    if "cents" in faults:
        w.blame(call, "misread_result", "the column is in cents; gives %s EUR" % c.thousands(int(money)))
    if "misread" in faults and len(order) > 1:
        w.blame(call, "misread_result", "takes the second row; the highest is %s" % order[0])
    if "half" in faults:
        w.blame(call, "incomplete_task", "does not say how many customers, which was asked for too")
    if "invent" in faults:
        w.blame(call, "hallucinated_fact", "the comparison with the year before is in no result")
    w.user(agent, "Thanks, please save it as a bar chart." if rng.random() < 0.5 else "Thanks!")
    if agent.messages[-1].text.startswith("Thanks, "):
        w.act(agent, "", "save_chart", {"query": query, "kind": "bar"}, "saved as chart_%d.png" % rng.randrange(999))
        w.llm(agent, "The chart is saved.")
    else:
        w.llm(agent, "You're welcome.")
    w.end(agent)
    return w
