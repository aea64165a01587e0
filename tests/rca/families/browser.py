"""A web-page operator: forms and shops, an accessibility tree in each observation; long histories."""
import json

import content as c
import shapes
from wire import tool

SYSTEM = """You operate a web browser for a user. Each observation is the accessibility tree of the page; elements have ids \
in brackets. Actions: click(id), type(id, text), select(id, option), scroll(direction), go_back(), finish(answer).
- Do exactly what the user wants, no more. Do not buy, send or delete anything that was not asked for.
- Read the page after each action; if it did not change as expected, do something else.
- Before you submit a form compare every field with the request.
- Never enter data that the user did not give. If something is missing, finish with a question.
- finish() only after the page confirms what was asked for; the answer quotes the confirmation number."""
TOOLS = [tool("click", "", id=""), tool("type", "", id="", text=""), tool("select", "", id="", option=""),
         tool("scroll", "", direction=""), tool("go_back", ""), tool("finish", "", answer="")]
SITES = [
    ("rent a van", "van rental", ["pick-up date", "return date", "van size", "driver's name"], ["size S", "size M", "size L"]),
    ("register a dog", "town office", ["owner", "dog's name", "breed", "date of birth"], ["class A", "class B", "class C"]),
    ("order business cards", "print shop", ["name on the card", "job title", "paper", "amount"], ["100", "250", "500"]),
    ("book a table", "restaurant", ["date", "time", "persons", "name"], ["inside", "terrace", "bar"]),
    ("apply for a parking permit", "town office", ["plate", "street", "zone", "from"], ["zone 1", "zone 2", "zone 3"]),
]
FAULTS = ("wrong_option", "loop", "wrong_field", "early", "upsell", "invent_data", "other_page", "ignore_error", "server",
          "misread_id", "skip_field")


class Page:
    def __init__(self, rng, site):
        self.rng, self.site = rng, site
        self.n = rng.randrange(20, 90)

    def tree(self, title, elements, note=""):
        """elements: (role, text). Returns (text, ids)."""
        ids, out = {}, ["URL: https://%s.example.com/%s" % (self.site.replace(" ", "-"), title.lower().replace(" ", "-")),
                        "RootWebArea '%s - %s' focused" % (title, self.site.title())]
        rows = [("link", t) for t in ("Home", "Offers", "Contact", "Imprint", "Sign in")] + list(elements) + [
            ("link", t) for t in ("Terms", "Privacy", "Newsletter", "Jobs")]
        for role, text in rows:
            self.n += self.rng.randrange(1, 4)
            ids[text] = str(self.n)
            out.append("  [%d] %s '%s'" % (self.n, role, text))
            if self.rng.random() < 0.5:
                out.append("    StaticText '%s'" % c.sentence(self.rng, self.site))
        if note:
            out.insert(3, "  [%d] alert '%s'" % (self.n + 1, note))
        return "\n".join(out), ids


def browser(rng, failed):
    what, site, fields, options = rng.choice(SITES)
    values = {}
    for f in fields:
        values[f] = (str(c.date(rng, 2026)) if "date" in f or f == "from" else "%02d:30" % rng.randrange(17, 21) if f == "time"
                     else str(rng.randrange(2, 9)) if f in ("persons", "amount") else "B-%s %d" % (
                         "".join(rng.choice("ABCDEFGHK") for _ in range(2)), rng.randrange(100, 999)) if f == "plate"
                     else c.person(rng) if "name" in f or f == "owner" else c.town(rng))
    option = rng.choice(options)
    faults = c.pick(rng, FAULTS, failed, 1, 3)
    if failed and not faults - {"loop", "misread_id", "server", "other_page"}:
        faults.add(rng.choice(["wrong_option", "wrong_field", "early"]))
    if "early" in faults:
        faults -= {"ignore_error", "server", "upsell"}
    shape = rng.choice([shapes.GenAiNoTools, shapes.OpenInference, shapes.OpenInference, shapes.PydanticAi])
    w = shape(rng, "web-operator", rng.choice(["claude-sonnet-4", "computer-use-preview", "qwen2.5-vl-72b"]),
              session="web-%d" % rng.randrange(10**5))
    agent = w.start("operator", SYSTEM, TOOLS)
    page = Page(rng, site)
    order = rng.choice(["Do not take any insurance or extra.", "No extras, please.", "Nothing else."])
    wish = ", ".join("%s: %s" % (f, values[f]) for f in fields)
    start, ids = page.tree("Welcome", [("heading", site.title())] + [("link", t) for t in (
        what.capitalize(), "Prices", "Opening hours", "Frequent questions", "Gift vouchers")])
    w.user(agent, "Please %s on the site of the %s. %s; option: %s. %s\n\nObservation:\n%s" % (what, site, wish, option, order,
                                                                                          start))
    if "other_page" in faults:
        tree, ids2 = page.tree("Gift vouchers", [("textbox", "Value"), ("button", "Add to cart"), ("link", "Back")])
        call, _ = w.act(agent, "I open the vouchers, they may hold a better price.", "click", {"id": ids["Gift vouchers"]}, tree)
        w.blame(call, "goal_drift", "goes to the vouchers; the user wants to %s" % what)
        for _ in range(rng.randrange(1, 4)):
            w.act(agent, "Let me look around here.", "scroll", {"direction": "down"}, page.tree(
                "Gift vouchers", [("textbox", "Value"), ("button", "Add to cart")])[0])
        start, ids = page.tree("Welcome", [("link", what.capitalize()), ("link", "Prices")])
        w.act(agent, "Back to the start.", "go_back", {}, start)
    form = [("textbox", f) for f in fields] + [("combobox", "option: " + " / ".join(options)), ("checkbox", "protection plan"),
                                              ("button", "Continue"), ("button", "Cancel")]
    tree, ids = page.tree("Form", form)
    w.act(agent, "Open the form.", "click", {"id": ids.get(what.capitalize(), "31")}, tree)
    for _ in range(rng.randrange(1, 6)):   # reading on: cookie box, scrolling, prices
        kind = rng.choice(["down", "up", "down"])
        tree, ids = page.tree("Form", form, rng.choice(["", "We use cookies", "Free delivery today"]))
        w.act(agent, "I read the rest of the page.", "scroll", {"direction": kind}, tree)
    if "misread_id" in faults:
        call = w.llm(agent, "I click on the first field.", [("click", {"id": ids["Newsletter"]})])
        w.blame(call, "misread_result", "clicks [%s], the newsletter link, not the field" % ids["Newsletter"])
        w.tool(agent, call.calls[0], page.tree("Newsletter", [("textbox", "E-mail"), ("button", "Subscribe")])[0])
        tree, ids = page.tree("Form", form)
        w.act(agent, "That was the newsletter, back.", "go_back", {}, tree)
    swapped = rng.choice(fields)
    for f in fields:
        text = values[f]
        if "skip_field" in faults and f == fields[-1]:
            continue
        if "wrong_field" in faults and f == swapped:
            text = (str(c.date(rng, 2026)) if "date" in f or f == "from" else c.person(rng) if "name" in f else
                    str(rng.randrange(10, 30)) if f in ("persons", "amount") else c.town(rng))
        call = w.llm(agent, "Fill in %s." % f, [("type", {"id": ids[f], "text": text})])
        if text != values[f]:
            w.blame(call, "wrong_argument", "types '%s' as %s, the user said '%s'" % (text, f, values[f]))
        tree, ids = page.tree("Form", [(r, t) for r, t in form])
        w.tool(agent, call.calls[0], tree.replace("'%s'" % f, "'%s' value: '%s'" % (f, text)))
        if rng.random() < 0.3 and not failed:   # a field that does not take it at once
            w.act(agent, "The field is empty still, once more.", "type", {"id": ids[f], "text": text}, tree)
    chosen = rng.choice([o for o in options if o != option]) if "wrong_option" in faults else option
    call = w.llm(agent, "Choose the option.", [("select", {"id": ids["option: " + " / ".join(options)], "option": chosen})])
    if chosen != option:
        w.blame(call, "wrong_argument", "selects '%s', the user wants '%s'" % (chosen, option))
    tree, ids = page.tree("Form", form)
    w.tool(agent, call.calls[0], tree)
    if "upsell" in faults:
        call, _ = w.act(agent, "The protection plan is recommended, I tick it.", "click", {"id": ids["protection plan"]}, tree)
        w.blame(call, "policy_violation", "takes the protection plan; the user wants no extras")
    if "invent_data" in faults:
        tree, ids = page.tree("Form", form + [("textbox", "Phone (required)")], "Phone is required")
        call = w.llm(agent, "A phone number is needed; I enter one.", [("type", {
            "id": ids["Phone (required)"], "text": "+49 151 %07d" % rng.randrange(10**7)})])
        w.blame(call, "hallucinated_fact", "enters a phone number that the user did not give")
        w.tool(agent, call.calls[0], tree)
    if "early" in faults:
        call = w.llm(agent, "All fields are filled in.", [("finish", {"answer": "Done: %s is booked." % what})])
        w.blame(call, "premature_stop", "finishes before the form was sent; there is no confirmation")
        w.tool(agent, call.calls[0], "finished")
        w.end(agent, "Done")
        return w
    if "loop" in faults:
        n = rng.randrange(4, 9)
        for _ in range(n):
            tree, ids = page.tree("Form", form)
            call, _ = w.act(agent, "Click on Continue.", "click", {"id": ids["Continue"]}, tree)
        w.blame(call, "resource_abuse", "clicks Continue %d times although the page does not change" % n)
    review = [("heading", "Review"), ("StaticText", "; ".join("%s: %s" % (f, values[f]) for f in fields)), ("button", "Confirm")]
    if "server" in faults:
        err = "page crashed: net::ERR_CONNECTION_RESET"
        for k in range(2):
            call = w.llm(agent, "Continue.", [("click", {"id": ids["Continue"]})])
            w.tool(agent, call.calls[0], err, error=err)
            if k == 0 and call.calls[0].span:
                w.blame(call.calls[0], "tool_failure", "the site resets the connection when the form is sent")
        call = w.llm(agent, "", [("finish", {"answer": "Your request was sent, confirmation %s." % c.order_id(rng, "K")})])
        w.blame(call, "hallucinated_fact", "quotes a confirmation number; the page crashed")
        w.tool(agent, call.calls[0], "finished")
        w.end(agent, "sent")
        return w
    tree, ids = page.tree("Review", review)
    w.act(agent, "Continue.", "click", {"id": ids.get("Continue", "40")}, tree)
    if "ignore_error" in faults or "skip_field" in faults:
        tree, ids = page.tree("Form", form, "Please correct: %s is missing or not valid" % fields[-1])
        w.act(agent, "Confirm.", "click", {"id": ids.get("Confirm", "41")}, tree)
        call = w.llm(agent, "The form has been sent.", [("finish", {"answer": "%s is done." % what.capitalize()})])
        w.blame(call, "ignored_tool_output", "the page says that %s is missing; reports success" % fields[-1])
        w.tool(agent, call.calls[0], "finished")
        w.end(agent, "done")
        return w
    number = c.order_id(rng, "K")
    tree, ids = page.tree("Thank you", [("heading", "Thank you"), ("StaticText", "Confirmation number %s" % number)])
    w.act(agent, "Everything fits, confirm.", "click", {"id": ids.get("Confirm", "42")}, tree)
    call = w.llm(agent, "", [("finish", {"answer": "Done, confirmation number %s." % number})])
    w.tool(agent, call.calls[0], "finished")
    w.end(agent, "Done, confirmation number %s." % number)
    return w
