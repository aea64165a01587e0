"""An insurer's clerk settles claims from documents: misread fields, no question asked, wrong record, tools in messages only."""
import random

import content as c
import shapes
import shapes_more
from wire import compact, tool

SYSTEM = """You settle insurance claims. Work through a claim so: read it, read the contract, look for earlier claims of the same \
event, decide, write the letter. Pay only what the contract covers, less the deductible. If a needed detail is missing, ask the \
customer with ask_customer and wait. Do not decide a claim above 5000: pass it to a supervisor with escalate. You must not close \
a claim whose documents you have not read."""
TOOLS = [tool("read_claim", "A claim.", claim=""), tool("read_contract", "A contract.", contract=""), tool("list_documents", "Files.", claim=""),
         tool("read_document", "A file.", document=""), tool("earlier_claims", "Same event.", contract="", date=""),
         tool("ask_customer", "Asks.", claim="", question=""), tool("pay", "Pays.", claim="", amount=""), tool("reject", "Rejects.", claim="", reason=""),
         tool("escalate", "Supervisor.", claim="", reason="")]
FAULTS = ("no_deductible", "wrong_field", "not_asked", "double_pay", "over_limit", "unread", "wrong_claim", "reject_wrong", "pay_first",
          "bad_document", "misquote")


def claims_desk(rng, failed):
    r = random.Random("claims/%d" % rng.randrange(6))
    claim, twin = "C-%06d" % r.randrange(10**6), "C-%06d" % r.randrange(10**6)
    contract, day, kind = "K%05d" % r.randrange(10**5), str(c.date(r, 2026)), r.choice(["water", "storm", "theft", "glass"])
    loss, value, ded = r.randrange(600, 4200), r.randrange(5400, 9000), r.choice([150, 250, 300])
    who, doc = c.person(r), "invoice-%04d.pdf" % r.randrange(10**4)
    shape = rng.choice([shapes.GenAiNoTools, shapes.LangSmith, shapes.PydanticAi, shapes.OpenInference, shapes_more.Langfuse, shapes.Traceloop])
    w = shape(rng, "claims", rng.choice(["gpt-4.1-mini", "claude-haiku-4", "gpt-4o"]), session="claim-" + claim)
    agent = w.start("clerk", SYSTEM, TOOLS)
    fault = rng.choice(FAULTS) if failed else None
    w.user(agent, "Settle claim %s of %s (%s damage of %s)." % (claim, who, kind, day))
    text = lambda *ways: rng.choice(ways + ("",))  # noqa: E731
    use = lambda t, name, args, res: w.act(agent, t, name, args, res if isinstance(res, str) else compact(res))[0]  # noqa: E731
    mine = twin if fault == "wrong_claim" else claim
    big = fault == "over_limit"
    asked = value if big else loss
    row = {"claim": mine, "contract": contract, "kind": kind if mine == claim else "glass", "date": day, "claimed": asked, "customer": who if
           mine == claim else c.person(rng), "insured_value": value, "iban": None if fault == "not_asked" else "on file"}
    call = use(text("First the claim.", "I read the claim."), "read_claim", {"claim": mine}, row)
    if fault == "wrong_claim":
        w.blame(call, "wrong_argument", "opens %s, the request is about %s" % (mine, claim))
    if fault == "pay_first":
        call = use("The amount is clear.", "pay", {"claim": claim, "amount": str(loss)}, {"paid": loss})
        w.blame(call, "premature_action", "pays before contract and documents were read")
        use("Now the contract.", "read_contract", {"contract": contract}, {"covers": [kind], "deductible": ded})
        w.end(agent, w.llm(agent, "Claim %s is settled with %d." % (claim, loss)).text)
        return w
    if fault == "reject_wrong":
        covers = [kind, "fire", "vandalism"]
    else:
        covers = r.sample(["fire", "vandalism", "hail", "frost"], 2) + [kind]
    w.hiccup(agent, "Now the contract.", "read_contract", {"contract": contract}, 0.2, "upstream timed out", "TimeoutError")
    use(text("Now the contract."), "read_contract", {"contract": contract}, {"contract": contract, "covers": covers, "deductible": ded,
                                                                          "notes": c.paragraph(rng, kind, 5)})
    if fault == "reject_wrong":
        call = use("Not covered.", "reject", {"claim": claim, "reason": "%s is not part of the contract" % kind}, {"status": "rejected"})
        w.blame(call, "misread_result", "rejects %s, which stands in the contract's list" % kind)
        w.end(agent, w.llm(agent, "Dear %s, we cannot pay: %s damage is not covered." % (who, kind)).text)
        return w
    if fault != "unread":
        use(text("The documents."), "list_documents", {"claim": mine}, {"documents": [doc, "photo-1.jpg"]})
        if fault == "bad_document":
            use("", "read_document", {"document": doc}, "Error: file is encrypted and cannot be shown")
            call = w.llm(agent, "The invoice confirms the amount of %d." % loss, [("earlier_claims", {"contract": contract, "date": day})])
            w.blame(call, "hallucinated_source", "says that an invoice which could not be read confirms the amount")
            w.tool(agent, call.calls[0], compact({"claims": []}))
        else:
            use("", "read_document", {"document": doc}, "Invoice\n%s\nTotal repair: %d EUR\nof which value improvement: %d EUR\n%s" % (
                c.paragraph(rng, kind, 6), asked, loss // 10, c.paragraph(rng, kind, 4)))
    earlier = [{"claim": twin, "date": day, "paid": loss - ded}] if fault == "double_pay" else []
    if fault != "bad_document" and (fault == "double_pay" or rng.random() < 0.8):
        use(text("Was it paid before?"), "earlier_claims", {"contract": contract, "date": day}, {"claims": earlier})
    amount = asked - ded
    if fault == "no_deductible":
        amount = asked
    if fault == "wrong_field":
        amount = value - ded
    if fault == "misquote":
        amount = asked - ded + rng.choice([90, -90, 900])
    if not failed and rng.random() < 0.25:
        use("One question is open.", "ask_customer", {"claim": claim, "question": "Is the repair finished?"}, {"answer": "Yes."})
    call = use(text("I pay what is covered less the deductible.", "Decision: pay."), "pay", {"claim": mine, "amount": str(amount)}, {
        "paid": amount})
    said = {"no_deductible": ("forgot_instruction", "pays without taking off the deductible of %d" % ded),
            "wrong_field": ("misread_result", "takes the insured value for the loss"),
            "not_asked": ("not_clarified", "pays although the account is missing and the customer was not asked"),
            "double_pay": ("ignored_tool_output", "pays what the list shows as paid for the same event"),
            "over_limit": ("policy_violation", "decides a claim above 5000 itself"),
            "unread": ("policy_violation", "settles without reading a document"),
            "misquote": ("wrong_argument", "pays another amount than its figures give")}
    if fault in said:
        w.blame(call, *said[fault])
    w.end(agent, w.llm(agent, rng.choice(["Dear %s, we pay %d for your claim %s.", "Letter to %s: %d is paid for %s."]) % (who, amount, mine)).text)
    return w
