"""An accounts-payable clerk: reads invoices, matches orders and vendors, schedules payments."""
import datetime

from dialects import AiSdk, Flattened, GenAi, GenAiClientOnly, OpenInference
from text import code, day, euros, firms, maybe_flaky, person, pounds, say
from trace import schema

FAULTS = ["scale", "currency", "dayswap", "wrong_vendor", "paid_twice", "skipped_one"]
SYSTEM = """You are the accounts-payable assistant of {a mid-sized manufacturer|our group|Westhaven Foods}. For every open invoice:
read it, compare it with its purchase order, find the vendor in the vendor master, then schedule the payment with exactly the
amount, the currency and the due date of the invoice. Dates on documents are day first unless the document says otherwise;
the payment API wants YYYY-MM-DD. Match a vendor by VAT number, never by name alone. Never pay an invoice twice; when unsure
whether a payment went through, call find_payments. When everything is done, {report what you did|write a short summary}."""
TOOLS = [schema("list_open_invoices", "Invoices in the inbox that nobody has paid."),
         schema("read_invoice", "OCR text of one invoice.", invoice_id="id from the inbox"),
         schema("get_purchase_order", "Order with its lines.", po_number="e.g. PO-10233"),
         schema("search_vendors", "Vendor master by name.", name="part of the name"),
         schema("schedule_payment", "Schedules one payment.", vendor_id="V-…", amount=("number", "in units of the currency"),
                currency="ISO 4217", due_date="YYYY-MM-DD", reference="invoice number"),
         schema("find_payments", "Payments by reference.", reference="invoice number"),
         schema("hold_invoice", "Puts an invoice on hold.", invoice_id="id", reason="why")]


def world(rng, n):
    names = firms(rng, n)
    rows = []
    for i, name in enumerate(names):
        due = day(rng, 2026, 2, 11)
        while due.day > 12 or due.day == due.month:
            due = day(rng, 2026, 2, 11)
        rows.append({"id": code(rng, "INB-####"), "no": code(rng, rng.choice(["RE-2026-####", "INV####/26", "F######"])), "vendor": name,
                     "vat": code(rng, rng.choice(["DE#########", "NL#########B01", "IT###########"])), "po": code(rng, "PO-1####"),
                     "cents": rng.choice([2500, 14900, rng.randrange(1200, 90000), rng.randrange(90000, 950000)]),
                     "cur": rng.choice(["EUR", "EUR", "GBP", "USD", "CHF"]), "due": due, "vid": code(rng, "V-####")})
    return rows


def ocr(rng, r):
    amount = euros(r["cents"]) if r["cur"] in ("EUR", "CHF") else pounds(r["cents"])
    net = r["cents"] * 100 // 119
    money = euros if r["cur"] in ("EUR", "CHF") else pounds
    return rng.choice([
        "%s\nVAT ID %s\n\nINVOICE %s\nYour order: %s\n\nDescription            Qty      Amount\nas delivered             1   %s\n"
        "VAT 19%%                     %s\n--------------------------------------\nTotal due  %s %s\nPayable by %s (net, no discount)\nBank: %s",
        "INVOICE\n\nFrom: %s (%s)\nNo. %s   |  Ref. your PO %s\nSubtotal %s\nTax %s\nTOTAL %s %s\nDue date (dd/mm/yyyy): %s\n"
        "Please quote the number with your payment. IBAN %s"]) % (
        r["vendor"], r["vat"], r["no"], r["po"], money(net), money(r["cents"] - net), r["cur"], amount,
        r["due"].strftime(rng.choice(["%d/%m/%Y", "%d.%m.%Y"])), code(rng, "DE## #### #### #### #### ##"))


def vendors(rng, r):
    twin = dict(r, vid=code(rng, "V-####"), vat=code(rng, "DE#########"))
    rows = [{"vendor_id": x["vid"], "name": x["vendor"] if x is r else x["vendor"].rsplit(" ", 1)[0] + rng.choice([" Holding", " International", " Services"]),
             "vat": x["vat"], "terms": rng.choice(["30 days net", "14 days net"]), "blocked": False, "iban_last4": code(rng, "####")}
            for x in (r, twin)]
    rng.shuffle(rows)
    return rows, twin["vid"]


def ledger(rng, fault):
    t = rng.choice([OpenInference, GenAi, AiSdk, Flattened, GenAiClientOnly])(rng, "ap-assistant")
    rows = world(rng, rng.randint(3, 7))
    a = t.agent(rng.choice(["ap_clerk", "payables", "invoice-agent"]), say(rng, SYSTEM), TOOLS)
    t.user(a, say(rng, "{Please clear|Can you work through|Process} the open invoices in the inbox{ before noon||, all of them}. "
                  "{Tell me what you scheduled.|I need a list of the payments at the end.|}"))
    t.do(a, say(rng, "{I'll start with the inbox.|Let me see what is open.|}"), "list_open_invoices", {},
         [{"invoice_id": r["id"], "from": r["vendor"], "received": "2026-01-%02d" % rng.randint(5, 29)} for r in rows])
    bad = rng.randrange(len(rows)) if fault else -1
    if fault == "wrong_vendor":
        bad = max(bad, 0)
    lines = []
    for i, r in enumerate(rows):
        hit = i == bad
        if hit and fault == "skipped_one":
            skip(rng, t, a, r, lines)
            continue
        pay(rng, t, a, r, fault if hit else None, lines)
    end = say(rng, "{All done.|That was everything.|The inbox is cleared.} {Scheduled payments:|Summary:|Here is the list:}\n") + "\n" + "\n".join(lines)
    last = t.llm(a, end)
    if fault == "skipped_one" and last.span["id"] != t.rooted:
        t.also(last, "false_claim", "says that all is paid")
    t.finish(a, end)
    return t


def skip(rng, t, a, r, lines):
    """One invoice is read and never paid; the summary has it among the paid ones."""
    t.do(a, say(rng, "{Next one.|Now $id.|}", id=r["id"]), "read_invoice", {"invoice_id": r["id"]}, ocr(rng, r))
    t.do(a, "", "get_purchase_order", {"po_number": r["po"]}, {"po": r["po"], "total": r["cents"] / 100, "currency": r["cur"], "status": "delivered"})
    lines.append("- %s, %s %s, due %s" % (r["no"], r["cur"], pounds(r["cents"]), r["due"]))
    t.next_is_root("incomplete_task", "goes on although %s was never paid, and lists it as paid" % r["no"])


def pay(rng, t, a, r, fault, lines):
    t.do(a, say(rng, "{Next: $id.|Reading $id.|Now the invoice from $v.||}", id=r["id"], v=r["vendor"]),
                 "read_invoice", {"invoice_id": r["id"]}, ocr(rng, r))
    if rng.random() < .8:
        maybe_flaky(t, a, say(rng, "{Checking the order.|It refers to $po.|}", po=r["po"]), "get_purchase_order", {"po_number": r["po"]},
                    {"po": r["po"], "total": r["cents"] / 100, "currency": r["cur"], "status": "delivered", "buyer": person(rng)}, .15)
    found, twin = vendors(rng, r)
    t.do(a, say(rng, "{The order matches.|Amounts agree.|} {Looking up the vendor.|Now the vendor record.|}"), "search_vendors",
         {"name": r["vendor"].split()[0]}, {"vendors": found, "count": len(found)})
    args = {"vendor_id": r["vid"], "amount": r["cents"] / 100, "currency": r["cur"], "due_date": r["due"].isoformat(), "reference": r["no"]}
    why = None
    if fault == "scale":
        args["amount"] = rng.choice([r["cents"] / 10, float(r["cents"]), r["cents"] / 1000])
        why = ("wrong_value", "the invoice says %s, the payment is of %s" % (r["cents"] / 100, args["amount"]))
    elif fault == "currency":
        args["currency"] = rng.choice([c for c in ("EUR", "USD", "GBP") if c != r["cur"]])
        why = ("wrong_value", "the invoice is in %s, paid in %s" % (r["cur"], args["currency"]))
    elif fault == "dayswap":
        args["due_date"] = datetime.date(2026, r["due"].day, r["due"].month).isoformat()
        why = ("wrong_value", "day and month swapped: %s became %s" % (r["due"], args["due_date"]))
    elif fault == "wrong_vendor":
        args["vendor_id"] = twin
        why = ("wrong_record", "the vendor chosen has another VAT number than the invoice")
    s = t.llm(a, say(rng, "{Scheduling it.|VAT number agrees, I'll schedule the payment.|Everything matches; paying.|}"), [("schedule_payment", args)])
    if fault == "paid_twice":
        t.ret(s, 0, "", "TimeoutError: gateway did not answer within 20 s (request %s accepted for processing)" % code(rng, "req_????????"))
        s = t.llm(a, say(rng, "{No confirmation, sending it again.|That timed out, so I schedule it again.}"), [("schedule_payment", args)])
        why = ("repeated_action", "schedules again after an accepted request instead of calling find_payments")
    t.ret(s, 0, {"payment_id": code(rng, "PAY-######"), "state": "scheduled", "reference": r["no"]})
    if why:
        t.root(s, *why)
    lines.append("- %s, %s %s, due %s" % (r["no"], args["currency"], pounds(round(args["amount"] * 100)), args["due_date"]))
