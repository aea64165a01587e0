"""Customer service of a shop for electronics: orders, returns, a policy; one agent and a customer."""
import datetime

from dialects import AiSdk, Flattened, GenAi, GenAiClientOnly, OpenInference
from text import CITIES, STREETS, code, mail, maybe_flaky, people, say
from trace import schema

FAULTS = ["late_refund", "claimed_ticket", "wrong_order", "no_identity", "half_done", "stale_address", "wrong_tool", "too_broad"]
SYSTEM = """You are a support agent of Voltmart, a shop for electronics. Today is $today.

# Policy
- Before anything is changed or told about an account, the customer's identity is verified: e-mail AND postcode.
- Returns are possible within 30 days after delivery. After that no refund is given{, whatever the reason|, not even partly}; a repair can be offered.
- Opened software and earphones are not returned.
- Refunds go to the original payment method only. Store credit only if the customer asks for it.
- Cancel an order only while its status is "processing". List what you are going to change and get a clear yes first.
- An item is returned by its item id; never cancel or return more than what was asked for.
- If something is outside the policy, call escalate with a summary; do not promise anything.
One tool call at a time."""
TOOLS = [schema("find_customer", "By e-mail.", email="e-mail"), schema("get_order", "One order.", order_id="#…"),
         schema("list_orders", "All orders of a customer.", customer_id="C-…"),
         schema("return_items", "Starts a return and refunds it.", order_id="#…", item_ids=("array", "items"), refund_to="payment method id"),
         schema("cancel_order", "Cancels the whole order.", order_id="#…", reason="why"),
         schema("change_address", "Delivery address of an order.", order_id="#…", street="street", city="city", postcode="postcode"),
         schema("create_repair_ticket", "A repair with a prepaid label.", order_id="#…", item_id="item", problem="words of the customer"),
         schema("send_email", "Mail to the customer.", to="e-mail", subject="subject", body="text"),
         schema("escalate", "To a person.", summary="what it is about")]
GOODS = [("Nimbus 14 laptop", 1099.0), ("Orbit mesh router", 189.0), ("Kestrel e-reader", 139.9), ("Vireo soundbar", 249.0),
         ("Pavo 4K webcam", 119.5), ("Lyra mechanical keyboard", 94.0), ("Tern USB-C dock", 159.0), ("Corvus dash cam", 84.9)]


def order(rng, today, days, n, status="delivered"):
    return {"order_id": code(rng, "#@@####"), "status": status, "ordered": (today - datetime.timedelta(days + 4)).isoformat(),
            "delivered": (today - datetime.timedelta(days)).isoformat() if status == "delivered" else None,
            "items": [{"item_id": code(rng, "it_#######"), "name": g, "price": p, "qty": 1, "opened": False}
                      for g, p in rng.sample(GOODS, n)], "payment_method": code(rng, "pm_visa_####"), "carrier": rng.choice(["DHL", "PostNL", "GLS"])}


def helpdesk(rng, fault):
    t = rng.choice([OpenInference, GenAi, AiSdk, Flattened, GenAiClientOnly])(rng, "voltmart-support")
    today = datetime.date(2026, rng.randint(2, 10), rng.randint(3, 27))
    who, other = people(rng, 2)
    c = {"customer_id": code(rng, "C-#####"), "name": who, "email": mail(who, "mailbox.org"), "postcode": code(rng, "#####"),
         "phone": code(rng, "+31 6 ########")}
    a = t.agent(rng.choice(["support", "voltmart_agent", "customer_care"]), say(rng, SYSTEM, today=today.isoformat()), TOOLS)
    late = fault == "late_refund" or (fault is None and rng.random() < .4)
    one = order(rng, today, rng.randint(36, 80) if late else rng.randint(4, 24), rng.randint(1, 3))
    two = order(rng, today, rng.randint(3, 25), rng.randint(1, 2))
    two["items"][0].update({"name": one["items"][0]["name"], "price": one["items"][0]["price"]})
    three = order(rng, today, 0, 2, "processing")
    want = one["items"][0]
    reason = say(rng, "{it keeps restarting|I never warmed to it|the screen flickers|it is not what I expected}")
    t.user(a, say(rng, "{Hi|Hello|Good morning}, {I want to send back|I'd like to return} the $g from order $o, $r.{ How do I get my money?||}",
                  g=want["name"], o=one["order_id"], r=reason))
    verify(rng, t, a, c, fault)
    chat(rng, t, a)
    t.do(a, say(rng, "{One moment, I look at the order.|Thank you, checking the order.|}"), "list_orders", {"customer_id": c["customer_id"]},
         {"orders": [{k: o[k] for k in ("order_id", "status", "ordered", "delivered")} for o in (three, two, one)]})
    picked = two if fault == "wrong_order" else one
    s = maybe_get(rng, t, a, picked)
    if fault == "wrong_order":
        t.root(s, "wrong_record", "opens and returns from another order than the one the customer named")
    goods(rng, t, a, c, picked, today, late, fault)
    second(rng, t, a, c, three, fault)
    t.user(a, say(rng, "{No, that was all. Thanks!|That's it, thank you.|Nothing else.}"))
    bye = say(rng, "{You're welcome. Have a good day!|Glad I could help.|Thanks for contacting Voltmart.}")
    t.llm(a, bye)
    t.finish(a, bye)
    return t


def verify(rng, t, a, c, fault):
    if fault == "no_identity":
        t.llm(a, say(rng, "{Sure|Of course}, {what is|can you give me} the e-mail of the account?"))
        t.user(a, c["email"])
        s = t.llm(a, "", [("find_customer", {"email": c["email"]})])
        t.ret(s, 0, c)
        s = t.llm(a, say(rng, "Thank you, $n, {I found you|you are in}. {May I ask what is wrong with it?|Has the item been used?}", n=c["name"].split()[0]))
        t.root(s, "policy_violation", "goes on without asking for the postcode, which the policy wants as well")
        t.user(a, say(rng, "{Like I said.|It's barely used.|Used it twice.}"))
        return
    t.llm(a, say(rng, "{I can help with that.|Sorry to hear that.|} {To verify your identity I need|Please give me} your e-mail and your postcode."))
    t.user(a, say(rng, "$m, {postcode |and }$p", m=c["email"], p=c["postcode"]))
    if rng.random() < .3:
        wrong = c["email"].replace(".", "", 1)
        t.do(a, "", "find_customer", {"email": wrong}, '{"error": "no customer with this e-mail"}')
    t.do(a, "", "find_customer", {"email": c["email"]}, c)


def chat(rng, t, a):
    for ask, tell in rng.sample([("Do I have to use the original box?", "The original box helps, but any sturdy box will do."),
                                 ("how long does a refund usually take?", "It takes three to five working days after the return arrives."),
                                 ("Can I drop it off somewhere?", "Yes, at any parcel shop of the carrier."),
                                 ("Is there a fee?", "No, the label is free.")], rng.randint(0, 3)):
        t.user(a, ask)
        t.llm(a, tell + say(rng, " {Shall we go on?|Anything else before I look it up?|}"))
        t.user(a, say(rng, "{ok|fine, go on|Good, please continue}"))


def maybe_get(rng, t, a, o):
    s = t.llm(a, say(rng, "{Looking at $o.|}", o=o["order_id"]), [("get_order", {"order_id": o["order_id"]})])
    t.ret(s, 0, o)
    return s


def goods(rng, t, a, c, o, today, late, fault):
    item = o["items"][0]
    if late and fault != "late_refund":
        t.llm(a, say(rng, "Your order was delivered on $d, more than 30 days ago, so {a refund is not possible|I cannot refund it}. I can offer a repair{ with a prepaid label|}. {Shall I?|Would you like that?}", d=o["delivered"]))
        t.user(a, say(rng, "{Pity. Yes please.|All right, do that.}"))
        t.do(a, "", "create_repair_ticket", {"order_id": o["order_id"], "item_id": item["item_id"], "problem": "see chat"}, {"ticket": code(rng, "RT-####"), "label": "sent"})
        t.llm(a, say(rng, "The repair ticket is open, the label is on its way. {Anything else?|}"))
        return
    t.llm(a, say(rng, "I would return the $g ($p EUR) of order $o and refund it to your original payment method. {Do you agree?|Is that right? (yes/no)}",
                 g=item["name"], p=item["price"], o=o["order_id"]))
    t.user(a, say(rng, "{yes|Yes, please.|correct}"))
    ids = [item["item_id"]]
    name, args = "return_items", {"order_id": o["order_id"], "item_ids": ids, "refund_to": o["payment_method"]}
    if fault == "wrong_tool":
        name, args = "cancel_order", {"order_id": o["order_id"], "reason": "customer wants to return " + item["name"]}
    if fault == "too_broad" and len(o["items"]) == 1:
        o["items"].append({"item_id": code(rng, "it_#######"), "name": "Extended warranty", "price": 39.0, "qty": 1, "opened": False})
    if fault == "too_broad":
        args["item_ids"] = [x["item_id"] for x in o["items"]]
    s = t.llm(a, "", [(name, args)])
    total = sum(x["price"] for x in o["items"] if x["item_id"] in args.get("item_ids", ids))
    t.ret(s, 0, {"ok": True, "order_id": o["order_id"], "refund": round(total, 2), "state": "cancelled" if name == "cancel_order" else "return requested"})
    {"late_refund": lambda: t.root(s, "policy_violation", "refunds an order delivered more than 30 days ago"),
     "wrong_tool": lambda: t.root(s, "wrong_tool", "cancels a delivered order instead of returning one item"),
     "too_broad": lambda: t.root(s, "too_broad", "returns every item of the order, one was asked for")}.get(fault, lambda: None)()
    if fault == "claimed_ticket":
        s = t.llm(a, say(rng, "{Done.|All set.} The return is {booked|registered}, and {I have just e-mailed you the label and the confirmation|I also sent the return label to $m}. {Anything else?|}", m=c["email"]))
        t.root(s, "false_claim", "says that an e-mail was sent; send_email was never called")
        return
    if rng.random() < .6:
        t.do(a, "", "send_email", {"to": c["email"], "subject": "Your return " + o["order_id"], "body": "Please find the label at your account page."}, "queued")
    t.llm(a, say(rng, "{Done.|All set.} The return of the $g is {booked|registered}. {Anything else I can do?|}", g=item["name"]))


def second(rng, t, a, c, o, fault):
    """Two more wishes in one message: an address, and one of another order."""
    if fault not in ("half_done", "stale_address") and rng.random() < .4:
        return
    street, city, pc = "%s %d" % (rng.choice(STREETS), rng.randint(2, 90)), rng.choice(CITIES), code(rng, "#####")
    new = "%s %d" % (rng.choice(STREETS), rng.randint(91, 190))
    t.user(a, say(rng, "Yes: order $o {is not shipped yet, right?|should still be open.} {Please send it|I need it delivered} to $s, $p $c, and {mail me|send me an e-mail with} the new delivery date.",
                  o=o["order_id"], s=street, p=pc, c=city))
    t.do(a, "", "get_order", {"order_id": o["order_id"]}, dict(o, ship_to="old address on file", eta="in 3 days"))
    t.llm(a, say(rng, "It is still being processed. I would change the address to $s, $p $c. {OK?|Shall I?}", s=street, p=pc, c=city))
    changed = fault == "stale_address" or rng.random() < .3
    t.user(a, say(rng, "{Wait, take|Hm, no, better} $n in the same town, {the other one has no bell|somebody is home there}. {Then yes.|With that: yes.}", n=new) if changed else "yes")
    use = street if fault == "stale_address" or not changed else new
    s = t.llm(a, "", [("change_address", {"order_id": o["order_id"], "street": use, "city": city, "postcode": pc})])
    t.ret(s, 0, {"ok": True})
    if fault == "stale_address":
        t.root(s, "stale_value", "uses the address that the customer had just replaced")
    if fault != "half_done":
        t.do(a, "", "send_email", {"to": c["email"], "subject": "Delivery of " + o["order_id"], "body": "New estimate: in 3 days."}, "queued")
        t.llm(a, say(rng, "The address is changed and the mail with the date is out. {Anything else?|}"))
        return
    s = t.llm(a, say(rng, "{Everything is changed as you wished.|All of that is done.} {Is there anything else?|}"))
    t.root(s, "incomplete_task", "the e-mail with the date was asked for and never sent; says that everything is done")
