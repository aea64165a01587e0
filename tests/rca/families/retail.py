"""A shop's service agent: orders, items with variants, a policy that must be kept."""
import json

import content as c
import shapes
from wire import tool

PRODUCTS = {
    "Desk Lamp": [("color", ["black", "white", "brass"]), ("power", ["battery", "USB", "AC adapter"]),
                  ("brightness", ["low", "medium", "high"])],
    "Hiking Boots": [("size", ["7", "8", "9", "10"]), ("material", ["leather", "synthetic"]),
                     ("waterproof", ["yes", "no"])],
    "Mechanical Keyboard": [("switch", ["linear", "tactile", "clicky"]), ("backlight", ["RGB", "white", "none"]),
                            ("layout", ["full size", "80%", "60%"])],
    "Water Bottle": [("capacity", ["500ml", "750ml", "1000ml"]), ("material", ["steel", "glass", "plastic"]),
                     ("color", ["blue", "black", "green"])],
    "Backpack": [("color", ["navy", "grey", "red"]), ("size", ["small", "medium", "large"]),
                 ("laptop sleeve", ["yes", "no"])],
    "Wireless Earbuds": [("color", ["white", "black", "blue"]), ("battery", ["4 hours", "6 hours", "8 hours"]),
                         ("noise cancelling", ["yes", "no"])],
    "Air Purifier": [("room size", ["small", "medium", "large"]), ("filter", ["HEPA", "carbon", "ionic"]),
                     ("smart", ["yes", "no"])],
}
RULES = [
    ("What you do", [
        "You help users cancel or change pending orders, return or exchange delivered orders, change their "
        "default address, or give information about their own profile, orders and related products.",
        "At the start of the conversation you have to authenticate the user by e-mail, or by name and zip "
        "code. Do this even when the user already gives a user id.",
        "You serve one user per conversation and refuse requests about any other user.",
        "Before any action that changes the database (cancel, modify, return, exchange) list the details and "
        "get an explicit confirmation (yes) to go on.",
        "Do not make up information, procedures or prices that the user or the tools did not give, and give "
        "no opinions.",
        "Make at most one tool call at a time; with a tool call do not answer the user at the same time.",
        "Transfer to a human agent only when the request is outside your scope."]),
    ("Domain", [
        "All times in the database are EST, in 24 hour form.",
        "Each user has a profile with e-mail, default address, and payment methods: gift card, paypal or "
        "credit card.",
        "There are 50 types of products; each has variants with different options, each variant an item id. "
        "Product ids and item ids have no relation.",
        "An order is 'processed', 'pending', 'delivered' or 'cancelled'. Exchange and modify tools can be "
        "called only once for an order, so all items must be collected into one list first."]),
    ("Cancel a pending order", [
        "Only a 'pending' order can be cancelled. The user must confirm the order id and a reason, either 'no "
        "longer needed' or 'ordered by mistake'.",
        "The refund goes to the original payment method: at once for a gift card, else in 5 to 7 days."]),
    ("Change a pending order", [
        "Address, payment method or item options can be changed, nothing else.",
        "The new item must be an available variant of the same product. The user names a payment method for "
        "the price difference; a gift card must hold enough."]),
    ("Return or exchange a delivered order", [
        "The refund of a return goes to the original payment method or an existing gift card of the user's "
        "choice.",
        "For an exchange the new item must be an available variant of the same product; ask whether all items "
        "to be exchanged are on the list."])]
TOOLS = [tool("find_user_id_by_email", "Finds a user by e-mail.", email="such as a@b.c"),
         tool("find_user_id_by_name_zip", "Finds a user by name and zip.", first_name="", last_name="", zip=""),
         tool("get_user_details", "Profile and orders of a user.", user_id=""),
         tool("get_order_details", "Status and items of an order.", order_id="with the #"),
         tool("get_product_details", "All variants of a product.", product_id=""),
         tool("calculate", "Works out an expression.", expression=""),
         tool("cancel_pending_order", "Cancels.", order_id="", reason=""),
         tool("exchange_delivered_order_items", "Exchanges items.", order_id="", item_ids="",
              new_item_ids="", payment_method_id=""),
         tool("return_delivered_order_items", "Returns items.", order_id="", item_ids="", payment_method_id=""),
         tool("modify_pending_order_items", "Changes items.", order_id="", item_ids="", new_item_ids="",
              payment_method_id=""),
         tool("transfer_to_human_agents", "Transfers.", summary="")]


class Shop:
    def __init__(self, rng):
        self.rng = rng
        self.name = c.person(rng)
        self.user = self.name.lower().replace(" ", "_") + "_%d" % rng.randrange(1000, 9999)
        self.mail = c.email(self.name, rng)
        self.zip = "%05d" % rng.randrange(10000, 99999)
        self.pays = {"credit_card_%d" % rng.randrange(10**6, 10**7): {"source": "credit_card",
                     "brand": "visa", "last_four": "%04d" % rng.randrange(10000)},
                     "gift_card_%d" % rng.randrange(10**6, 10**7): {
                         "source": "gift_card", "balance": rng.randrange(10, 90)}}
        self.card, self.gift = list(self.pays)
        self.products = {}
        self.orders = {}
        names = rng.sample(list(PRODUCTS), 4)
        self.a = self.order(names[:2], "delivered")
        self.b = self.order(names[2:], "pending")
        self.d = self.order(names[1:3], "delivered")

    def variants(self, name):
        if name not in self.products:
            rng = self.rng
            rows = {}
            for _ in range(rng.randrange(7, 13)):
                options = {k: rng.choice(v) for k, v in PRODUCTS[name]}
                rows[str(rng.randrange(10**9, 10**10))] = {
                    "options": options, "available": rng.random() < 0.7,
                    "price": round(rng.uniform(20, 320), 2)}
            self.products[name] = (str(rng.randrange(10**9, 10**10)), rows)
        return self.products[name]

    def order(self, names, status):
        oid = c.order_id(self.rng)
        items = []
        for n in names:
            pid, rows = self.variants(n)
            iid = self.rng.choice(list(rows))
            items.append({"name": n, "product_id": pid, "item_id": iid, "price": rows[iid]["price"],
                          "options": rows[iid]["options"]})
        self.orders[oid] = {"order_id": oid, "user_id": self.user, "items": items, "status": status,
                            "fulfillments": [{"tracking_id": [str(self.rng.randrange(10**11, 10**12))],
                                              "item_ids": [i["item_id"] for i in items]}],
                            "payment_history": [{"transaction_type": "payment", "amount": round(
                                sum(i["price"] for i in items), 2), "payment_method_id": self.card}]}
        return oid

    def profile(self):
        return json.dumps({"name": {"first_name": self.name.split()[0], "last_name": self.name.split()[1]},
                           "email": self.mail, "address": {"address1": "%d %s Street" % (
                               self.rng.randrange(10, 990), c.town(self.rng)), "zip": self.zip},
                           "payment_methods": self.pays, "orders": list(self.orders)},
                          ensure_ascii=False)

    def product(self, name):
        pid, rows = self.variants(name)
        return json.dumps({"name": name, "product_id": pid, "variants": {
            k: dict(v, item_id=k) for k, v in rows.items()}})

    def choices(self, name, old):
        """(right, decoy): two available variants that differ in one option."""
        _, rows = self.variants(name)
        free = [k for k, v in rows.items() if v["available"] and k != old]
        for i, k in enumerate(free):
            for other in free[i + 1:]:
                if rows[k]["options"] != rows[other]["options"]:
                    return k, other
        return None


def words(options):
    return ", ".join("%s %s" % (k, v) for k, v in options.items())


def aside(w, agent, shop, rng, what):
    """A question on the way that is answered rightly."""
    if what == "tracking":
        oid = rng.choice([shop.b, shop.d])
        w.user(agent, "Before that, what's the tracking number of my order %s?" % oid)
        w.act(agent, "", "get_order_details", {"order_id": oid}, json.dumps(shop.orders[oid]))
        w.llm(agent, "The tracking number of %s is %s; its status is '%s'." % (
            oid, shop.orders[oid]["fulfillments"][0]["tracking_id"][0], shop.orders[oid]["status"]))
    elif what == "variants":
        name = shop.orders[shop.d]["items"][1]["name"]
        pid, rows = shop.variants(name)
        w.user(agent, "How many versions of the %s do you have in stock at the moment?" % name.lower())
        w.act(agent, "", "get_product_details", {"product_id": pid}, shop.product(name))
        w.llm(agent, "There are %d versions of the %s, of which %d are available." % (
            len(rows), name, sum(r["available"] for r in rows.values())))
    elif what == "mail":
        w.user(agent, "Could you also change the e-mail address of my account?")
        w.llm(agent, "I'm sorry, I can change the default address, but not the e-mail of an account. Shall we go on with your "
              "order?")
        w.user(agent, "Ok, never mind.")
    else:
        w.user(agent, "Is it heavy, would you recommend it?")
        w.llm(agent, "I'm afraid I have no information on the weight and can't give opinions; I can tell you the options and prices.")
        w.user(agent, "Fine.")


FAULTS = ("no_confirm", "wrong_variant", "wrong_payment", "skip_second", "partial", "false_total",
          "no_auth", "swallow", "needless_transfer", "wrong_order")


def retail(rng, failed):
    while True:
        shop = Shop(rng)
        first = shop.orders[shop.a]["items"][0]
        pair = shop.choices(first["name"], first["item_id"])
        if pair:
            break
    shape = rng.choice([shapes.AiSdk, shapes.OpenInference, shapes.GenAiNoTools, shapes.GenAi])
    w = shape(rng, "retail-desk", "gpt-4o", session="conv-%d" % rng.randrange(10**6), user=shop.user)
    faults = c.pick(rng, FAULTS, failed, 1, 2)
    if "skip_second" in faults:
        faults.discard("swallow")
    if "needless_transfer" in faults:
        faults = {"needless_transfer"}
    agent = w.start("retail_agent", c.policy("Retail agent policy", RULES, rng), TOOLS)
    rows = shop.products[first["name"]][1]
    right, decoy = pair
    second = shop.orders[shop.a]["items"][1]
    w.user(agent, rng.choice([
        "Hi! I received my order last week and would like to swap the %s for another version.",
        "Hello, the %s from my latest delivery isn't what I need. Can I exchange it?",
        "hey there, need to exchange a %s pls"]) % first["name"].lower() + (
            " The order is %s." % shop.a if "no_auth" in faults or rng.random() < 0.2 else ""))
    if "no_auth" in faults:
        call = w.llm(agent, "", [("get_order_details", {"order_id": shop.a})])
        w.blame(call, "policy_violation", "opens an order before the user is authenticated")
        w.tool(agent, call.calls[0], json.dumps(shop.orders[shop.a]))
    else:
        w.llm(agent, "I'd be happy to help with that. To begin, please give me the e-mail address of your "
              "account, or your name and zip code.")
        if rng.random() < 0.5:
            w.user(agent, "Sure, it's %s." % shop.mail)
            w.act(agent, "", "find_user_id_by_email", {"email": shop.mail}, shop.user)
        else:
            w.user(agent, "I don't remember the e-mail. %s, zip %s." % (shop.name, shop.zip))
            w.act(agent, "", "find_user_id_by_name_zip", {
                "first_name": shop.name.split()[0], "last_name": shop.name.split()[1], "zip": shop.zip},
                  shop.user)
        w.act(agent, "", "get_user_details", {"user_id": shop.user}, shop.profile())
        for oid in ([shop.a] if rng.random() < 0.4 else list(shop.orders)):
            w.act(agent, "", "get_order_details", {"order_id": oid}, json.dumps(shop.orders[oid]))
    for what in rng.sample(["tracking", "variants", "mail", "opinion"], rng.randrange(0, 5)):
        aside(w, agent, shop, rng, what)
    w.llm(agent, "Thank you, %s. I found order %s with the %s (%s). Which version would you like instead?"
          % (shop.name.split()[0], shop.a, first["name"], words(first["options"])))
    w.user(agent, "I want the one with %s. Any price difference can go on my credit card. And please also "
           "cancel order %s, I no longer need it.%s" % (
               words(rows[right]["options"]), shop.b,
               " Oh, and the %s of the first order I'd like to swap too, for any other version you "
               "have." % second["name"].lower() if "partial" in faults else ""))
    if "needless_transfer" in faults:
        call = w.llm(agent, "", [("transfer_to_human_agents", {
            "summary": "User %s wants an exchange in %s and a cancellation of %s." % (
                shop.user, shop.a, shop.b)})])
        w.blame(call, "policy_violation", "transfers to a human although both requests are within scope")
        w.tool(agent, call.calls[0], "Transfer successful")
        w.llm(agent, "YOU ARE BEING TRANSFERRED TO A HUMAN AGENT. PLEASE HOLD ON.")
        w.end(agent)
        return w
    w.act(agent, "", "get_product_details", {"product_id": first["product_id"]},
          shop.product(first["name"]))
    chosen = decoy if "wrong_variant" in faults else right
    diff = round(rows[chosen]["price"] - first["price"], 2)
    said = diff
    offer = None
    if "no_confirm" not in faults:
        if "false_total" in faults:
            said = round(diff + rng.choice([-10, 10, 7.5, 20]), 2)
        elif rng.random() < 0.5:
            w.act(agent, "", "calculate", {"expression": "%s - %s" % (
                rows[chosen]["price"], first["price"])}, "%.2f" % diff)
        offer = w.llm(agent, "Here is what I would do:\n\n1. Exchange in order %s: %s (%s) for item %s (%s).\n"
                      "   Price: $%.2f instead of $%.2f, a difference of $%.2f %s.\n2. Cancel order %s, reason: "
                      "no longer needed.\n\nPlease confirm with 'yes'." % (
                          shop.a, first["name"], words(first["options"]), chosen,
                          words(rows[right]["options"]), rows[chosen]["price"], first["price"], abs(said),
                          "to pay" if said > 0 else "refunded", shop.b))
        if "false_total" in faults:
            w.blame(offer, "arithmetic_slip", "the difference of the two prices is %.2f, not %.2f"
                    % (diff, said))
        if "wrong_variant" in faults:
            w.blame(offer, "wrong_argument", "item %s is not the variant that the user asked for (%s)"
                    % (chosen, right))
        w.user(agent, rng.choice(["Yes.", "yes please go ahead", "Yes, that's right, thanks."]))
    pay = shop.gift if "wrong_payment" in faults else shop.card
    order = shop.d if "wrong_order" in faults else shop.a
    call = w.llm(agent, "", [("exchange_delivered_order_items", {
        "order_id": order, "item_ids": [first["item_id"]], "new_item_ids": [chosen],
        "payment_method_id": pay})])
    if "no_confirm" in faults:
        w.blame(call, "policy_violation", "exchanges without listing the details and getting a 'yes'")
        if "wrong_variant" in faults:
            w.blame(call, "wrong_argument", "item %s is not the variant that the user asked for" % chosen)
    if "wrong_payment" in faults:
        w.blame(call, "wrong_argument", "charges the gift card, the user asked for the credit card")
    if "partial" in faults:
        w.blame(call, "incomplete_task", "exchanges one item although the tool can be called only once and "
                "the second item of the order was named too")
    if order == shop.d:
        w.blame(call, "wrong_argument", "takes another of the user's orders, %s, not %s" % (order, shop.a))
        w.tool(agent, call.calls[0], "Error: item %s not found in order" % first["item_id"])
        call = w.llm(agent, "", [("exchange_delivered_order_items", {
            "order_id": shop.a, "item_ids": [first["item_id"]], "new_item_ids": [chosen],
            "payment_method_id": pay})])
    w.tool(agent, call.calls[0], json.dumps(dict(shop.orders[shop.a], status="exchange requested")))
    if "partial" in faults:
        other = shop.choices(second["name"], second["item_id"])
        w.act(agent, "", "exchange_delivered_order_items", {
            "order_id": shop.a, "item_ids": [second["item_id"]], "payment_method_id": shop.card,
            "new_item_ids": [other[0] if other else first["item_id"]]},
              "Error: non-delivered order cannot be exchanged")
    if "skip_second" in faults:
        call = w.llm(agent, "Your exchange is requested; you will get an e-mail with instructions for the "
                     "return. Is there anything else? If not, have a nice day!")
        w.blame(call, "incomplete_task", "closes without cancelling order %s, which the user asked for"
                % shop.b)
        w.user(agent, "No, thanks. Bye. ###STOP###")
        w.end(agent)
        return w
    if "swallow" in faults:
        _, used = w.act(agent, "", "cancel_pending_order", {"order_id": shop.b, "reason": "no longer needed"},
                        "Error: non-pending order cannot be cancelled")
        call = w.llm(agent, "All done! The exchange in %s is requested and order %s is cancelled; the refund "
                     "will arrive in 5 to 7 business days." % (shop.a, shop.b))
        w.blame(call, "swallowed_error", "says that the order is cancelled, the tool said it cannot be")
    else:
        w.act(agent, "", "cancel_pending_order", {"order_id": shop.b, "reason": "no longer needed"},
              json.dumps(dict(shop.orders[shop.b], status="cancelled")))
        w.llm(agent, "Both are done: the exchange in %s is requested and order %s is cancelled. The refund "
              "of $%.2f goes to your card in 5 to 7 days.%s Anything else?" % (
                  shop.a, shop.b, shop.orders[shop.b]["payment_history"][0]["amount"],
                  " The %s could not be exchanged, as the order is already being exchanged."
                  % second["name"] if "partial" in faults else ""))
    w.user(agent, "That's all, thank you! ###STOP###")
    if not failed and rng.random() < 0.5:
        w.llm(agent, "You're welcome, %s. Have a great day!" % shop.name.split()[0])
    w.end(agent)
    return w
