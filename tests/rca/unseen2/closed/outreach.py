"""A sales assistant in a CRM: lists, consent, discounts, mails."""
from dialects import AiSdk, Flattened, GenAi, GenAiClientOnly, OpenInference
from text import code, firms, mail, maybe_flaky, people, say
from trace import schema

FAULTS = ["opted_out", "percent", "wrong_contact", "not_all", "note_claimed", "changed_offer", "too_many", "bad_filter", "wrong_stage"]
HEAD = """{Assistant of the sales team.|You keep the CRM and write to contacts.} - Contacts with consent=false are never mailed. - discount in create_offer is a fraction: 0.1 is ten per cent.
- Write only to the contact whose role is named. - Offers go to one firm at a time; after each mail, log_activity. - If a firm cannot be served, say why."""
TOOLS = [schema("find_accounts", "Firms by filter.", segment="segment", city="city or empty"), schema("contacts_of", "People of a firm.", account="ACC-…"), schema("account", "One firm.", account="ACC-…"),
         schema("create_offer", "An offer.", account="ACC-…", product="product", discount=("number", "fraction")), schema("mail_contact", "Sends a mail.", contact="CT-…", text="text"),
         schema("mail_list", "Sends a mail to a whole segment.", segment="segment", text="text"), schema("log_activity", "Notes what was done.", account="ACC-…", what="text"), schema("set_stage", "Stage of a deal.", account="ACC-…", stage="offer | won | lost")]
PRODUCTS = ["Atlas planner", "Relay gateway", "Mosaic archive", "Beacon monitor"]


def outreach(rng, fault):
    t = rng.choice([OpenInference, AiSdk, GenAi, GenAiClientOnly, Flattened])(rng, "crm-assistant")
    a = t.agent(rng.choice(["sales_assistant", "crm_agent", "account_helper"]), say(rng, HEAD), TOOLS)
    n = rng.randint(2, 5)
    names = firms(rng, n)
    segment, other = rng.sample(["gold", "lapsed", "trial", "public sector"], 2)
    product, pct = rng.choice(PRODUCTS), rng.choice([5, 8, 10, 12, 15, 20])
    role = rng.choice(["head of IT", "buyer", "managing director"])
    t.user(a, say(rng, "{Please offer|Send} the $p {with $d % off|at a discount of $d per cent} to {all firms|every firm} of the segment $s; {write to|address} the $r{ in each case|}, {log it and set the stage to offer|log each mail and set the stage to offer}.", p=product, d=pct, s=segment, r=role))
    rows = [{"account": code(rng, "ACC-####"), "name": x} for x in names]
    if rng.random() < .3:
        t.do(a, "", "find_accounts", {"segment": segment + "s", "city": ""}, '{"error": "unknown segment"}')
    s = t.llm(a, say(rng, "{Which firms?|First the list.|}"), [("find_accounts", {"segment": other if fault == "bad_filter" else segment, "city": ""})])
    t.ret(s, 0, {"accounts": rows, "total": n})
    if fault == "bad_filter":
        t.root(s, "bad_query", "takes the segment %s, %s was asked for" % (other, segment))
    bad = rng.randrange(n) if fault else -1
    told = []
    for i, r in enumerate(rows):
        if i == bad and fault == "not_all":
            t.next_is_root("incomplete_task", "%s gets no offer and is counted" % r["name"])
            told.append(r["name"])
            continue
        told.append(serve(rng, t, a, r, product, pct, role, segment, fault if i == bad else None))
    end = say(rng, "{All firms have their offer:|Offers are out to} ") + ", ".join(told) + say(rng, ". {Everything is logged.|All logged, stages set.}")
    s = t.llm(a, end)
    if fault in ("not_all", "note_claimed") and s.span["id"] != t.rooted:
        t.also(s, "false_claim", "counts what was not done")
    t.finish(a, end)
    return t


def serve(rng, t, a, r, product, pct, role, segment, fault):
    who = people(rng, 3)
    roles = [role] + rng.sample([x for x in ("head of IT", "buyer", "managing director", "works council", "press office") if x != role], 2)
    out = fault == "opted_out" or fault is None and rng.random() < .2
    people_rows = [{"contact": code(rng, "CT-#####"), "name": x, "role": y, "mail": mail(x, "firm.example"), "consent": not (out and y == role)} for x, y in zip(who, roles)]
    target = people_rows[0]
    shown = list(people_rows)
    rng.shuffle(shown)
    maybe_flaky(t, a, say(rng, "{Now $n.||People at $n.}", n=r["name"]), "contacts_of", {"account": r["account"]}, {"contacts": shown}, .15)
    if fault == "changed_offer" or rng.random() < .4:
        t.do(a, "", "account", {"account": r["account"]}, {"name": r["name"], "since": rng.randint(2009, 2025), "remark": "No discounts for this firm since the frame contract of May; list price only." if fault == "changed_offer" else rng.choice(["", "prefers mail", "pays on time"])})
    if out and fault != "opted_out":
        t.do(a, say(rng, "{The $r has not agreed to mails, so I leave them out.|No consent; I only note that.}", r=role), "log_activity", {"account": r["account"], "what": "not mailed: no consent"}, "ok")
        return r["name"] + " (not mailed: no consent)"
    off = pct if fault == "percent" else pct / 100
    s = t.llm(a, say(rng, "{Creating the offer.||Offer for $n.}", n=r["name"]), [("create_offer", {"account": r["account"], "product": product, "discount": off})])
    t.ret(s, 0, {"offer": code(rng, "OF-#####"), "state": "draft"})
    if fault == "percent":
        t.root(s, "wrong_value", "%d as a fraction" % pct)
    if fault == "changed_offer":
        t.root(s, "ignored_warning", "the remark of the account forbids discounts")
    text = say(rng, "Dear $n, {we are glad to offer you|please find our offer of} the $p with $d % off.", n=target["name"], p=product, d=pct)
    if fault == "too_many":
        s = t.llm(a, say(rng, "{Mailing it.||Out with it.}"), [("mail_list", {"segment": segment, "text": text})])
        t.root(s, "too_broad", "mails the whole segment with words for one person")
    else:
        to = people_rows[1] if fault == "wrong_contact" else target
        s = t.llm(a, say(rng, "{Mailing it.||Out with it.}"), [("mail_contact", {"contact": to["contact"], "text": text})])
        if fault == "wrong_contact":
            t.root(s, "wrong_record", "writes to the %s, the %s was asked for" % (roles[1], role))
        if fault == "opted_out":
            t.root(s, "prohibited_action", "mails a contact without consent")
    t.ret(s, 0, {"mail": "accepted"})
    if fault == "note_claimed":
        t.next_is_root("false_claim", "neither the log nor the stage of %s is set, both are reported" % r["name"])
        return r["name"]
    t.do(a, "", "log_activity", {"account": r["account"], "what": "offer mailed"}, "ok")
    s = t.llm(a, "", [("set_stage", {"account": r["account"], "stage": "won" if fault == "wrong_stage" else "offer"})])
    t.ret(s, 0, "ok")
    if fault == "wrong_stage":
        t.root(s, "wrong_value", "sets the stage to won, offer was asked for")
    return r["name"]
