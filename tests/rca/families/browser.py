"""A web-page operator: forms and shops, an accessibility tree in each observation; long histories."""
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


class Browsing:
    """The agent and the page it sees: an action takes its ids from the page before it."""

    def __init__(self, w, agent, page, title, elements, note=""):
        self.w, self.agent, self.page = w, agent, page
        self.text, self.ids = page.tree(title, elements, note)

    def do(self, thought, action, target, title, elements, note="", edit=None, **args):
        """@target: the text of an element, or None. The next page is @title with @elements."""
        if target is not None:
            args = dict({"id": self.ids[target]}, **args)
        call = self.w.llm(self.agent, thought, [(action, args)])
        self.text, self.ids = self.page.tree(title, elements, note)
        self.w.tool(self.agent, call.calls[0], self.text.replace(*edit) if edit else self.text)
        return call

    def finish(self, thought, answer):
        call = self.w.llm(self.agent, thought, [("finish", {"answer": answer})])
        self.w.tool(self.agent, call.calls[0], "finished")
        self.w.end(self.agent, answer)
        return call


def other_value(rng, f):
    return (str(c.date(rng, 2026)) if "date" in f or f == "from" else c.person(rng) if "name" in f else
            str(rng.randrange(10, 30)) if f in ("persons", "amount") else c.town(rng))


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
    go = what.capitalize()
    welcome = [("heading", site.title())] + [("link", t) for t in (
        go, "Prices", "Opening hours", "Frequent questions", "Gift vouchers")]
    b = Browsing(w, agent, Page(rng, site), "Welcome", welcome)
    wish = ", ".join("%s: %s" % (f, values[f]) for f in fields)
    w.user(agent, "Please %s on the site of the %s. %s; option: %s. %s\n\nObservation:\n%s" % (
        what, site, wish, option, rng.choice(["Do not take any insurance or extra.", "No extras, please.", "Nothing else."]),
        b.text))
    if "other_page" in faults:
        vouchers = [("textbox", "Value"), ("button", "Add to cart"), ("link", "Back")]
        call = b.do(rng.choice(["I open the vouchers, they may hold a better price.", "Let me see the vouchers."]), "click",
                    "Gift vouchers", "Gift vouchers", vouchers)
        w.blame(call, "goal_drift", "goes to the vouchers; the user wants to %s" % what)
        for _ in range(rng.randrange(1, 4)):
            b.do("Let me look around here.", "scroll", None, "Gift vouchers", vouchers, direction="down")
        b.do("Back to the start.", "go_back", None, "Welcome", welcome)
    choice = "option: " + " / ".join(options)
    form = [("textbox", f) for f in fields] + [("combobox", choice), ("checkbox", "protection plan"), ("button", "Continue"),
                                              ("button", "Cancel")]
    w.hiccup(agent, "Open the form.", "click", {"id": b.ids[go]}, 0.2, "element is not attached to the page", "PlaywrightError")
    b.do("Open the form.", "click", go, "Form", form)
    for _ in range(rng.randrange(1, 6)):   # reading on: cookie box, scrolling
        b.do("I read the rest of the page.", "scroll", None, "Form", form, rng.choice(["", "We use cookies", "Free delivery today"]),
             direction=rng.choice(["down", "up", "down"]))
    if "misread_id" in faults:
        wrong = b.ids["Newsletter"]
        call = b.do("I click on the first field.", "click", "Newsletter", "Newsletter", [("textbox", "E-mail"),
                                                                                   ("button", "Subscribe")])
        w.blame(call, "misread_result", "clicks [%s], the newsletter link, not the field" % wrong)
        b.do("That was the newsletter, back.", "go_back", None, "Form", form)
    swapped = rng.choice(fields)
    for f in fields:
        text = values[f]
        if "skip_field" in faults and f == fields[-1]:
            continue
        if "wrong_field" in faults and f == swapped:
            text = other_value(rng, f)
        call = b.do("Fill in %s." % f, "type", f, "Form", form, edit=("'%s'" % f, "'%s' value: '%s'" % (f, text)), text=text)
        if text != values[f]:
            w.blame(call, "wrong_argument", "types '%s' as %s, the user said '%s'" % (text, f, values[f]))
        if rng.random() < 0.3 and not failed:   # a field that does not take it at once
            b.do("The field is empty still, once more.", "type", f, "Form", form, edit=(
                "'%s'" % f, "'%s' value: '%s'" % (f, text)), text=text)
    chosen = rng.choice([o for o in options if o != option]) if "wrong_option" in faults else option
    call = b.do("Choose the option.", "select", choice, "Form", form, option=chosen)
    if chosen != option:
        w.blame(call, "wrong_argument", "selects '%s', the user wants '%s'" % (chosen, option))
    if "upsell" in faults:
        call = b.do(rng.choice(["The protection plan is recommended, I tick it.", "Next, the protection plan."]), "click",
                    "protection plan", "Form", form)
        w.blame(call, "policy_violation", "takes the protection plan; the user wants no extras")
    if "invent_data" in faults:
        more = form + [("textbox", "Phone (required)")]
        b.do("Continue.", "click", "Continue", "Form", more, "Phone is required")
        call = b.do(rng.choice(["A phone number is needed; I enter one.", "Fill in the phone number."]), "type", "Phone (required)",
                    "Form", more, text="+49 151 %07d" % rng.randrange(10**7))
        w.blame(call, "hallucinated_fact", "enters a phone number that the user did not give")
    if "early" in faults:
        call = b.finish("All fields are filled in.", "Done: %s is booked." % what)
        w.blame(call, "premature_stop", "finishes before the form was sent; there is no confirmation")
        return w
    if "loop" in faults:
        n = rng.randrange(4, 9)
        for _ in range(n):
            call = b.do("Click on Continue.", "click", "Continue", "Form", form)
        w.blame(call, "resource_abuse", "clicks Continue %d times although the page does not change" % n)
    if "server" in faults:
        err = "page crashed: net::ERR_CONNECTION_RESET"
        for k in range(2):
            call = w.llm(agent, "Continue.", [("click", {"id": b.ids["Continue"]})])
            w.tool(agent, call.calls[0], err, error=err)
            if k == 0 and call.calls[0].span:
                w.blame(call.calls[0], "tool_failure", "the site resets the connection when the form is sent")
        call = b.finish("", "Your request was sent, confirmation %s." % c.order_id(rng, "K"))
        w.blame(call, "hallucinated_fact", "quotes a confirmation number; the page crashed")
        return w
    review = [("heading", "Review"), ("StaticText", "; ".join("%s: %s" % (f, values[f]) for f in fields)), ("button", "Confirm")]
    b.do("Continue.", "click", "Continue", "Review", review)
    if "ignore_error" in faults or "skip_field" in faults:
        b.do("Confirm.", "click", "Confirm", "Form", form, "Please correct: %s is missing or not valid" % fields[-1])
        call = b.finish("The form has been sent.", "%s: done." % go)
        w.blame(call, "ignored_tool_output", "the page says that %s is missing; reports success" % fields[-1])
        return w
    number = c.order_id(rng, "K")
    b.do("Everything fits, confirm.", "click", "Confirm", "Thank you", [
        ("heading", "Thank you"), ("StaticText", "Confirmation number %s" % number)])
    b.finish("", "Done, confirmation number %s." % number)
    return w
