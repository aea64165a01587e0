"""Customer service with a policy and a database."""
import json

import noise
import wires
from course import tool

POLICY = """You are an agent of %s. Policy:
- Identify the customer by email before anything else.
- Name the action and its cost, and get an explicit yes, before any call that changes data.
- %s
- Do not give advice that is not in this policy. One tool call at a time."""
FIND = tool("find_user", "User id by email.", email="string")
SHOP = {"agent": "clerk", "system": POLICY % ("a furniture shop",
     "An order can be changed only while it is pending. A delivered order can be returned within 30 days of delivery; after that no "
     "refund of any kind is due."),
        "tools": [FIND, tool("get_user", "Profile with orders.", user_id="string"), tool("get_order", "An order.", order_id="string"),
                  tool("change_item", "Change an item.", order_id="string", item="string", variant="string"),
                       tool("refund", "Refund an order.", order_id="string", amount="number"),
                  tool("set_address", "Set the address of an order.", order_id="string", address="string"),
                       tool("transfer_to_human", "Hand over.", summary="string")]}
ITEMS = (("oak desk", "120 cm", "160 cm"), ("reading chair", "green", "grey"), ("bookcase", "white", "walnut"),
     ("floor lamp", "brass", "black"))
STREETS = ("14 Quay Row, Easthaven", "7 Mill Lane, Torbeck", "230 Station Rd, Ashby", "3 Orchard Close, Wendle")


def orders_of(c, n):
    found = {}
    for _ in range(n):
        item, now, _ = c.pick(*ITEMS)
        found["#F%d" % c.rng.randint(10000, 99999)] = {"item": item, "variant": now, "status": c.pick("pending", "delivered"),
             "price": c.rng.randint(80, 900), "address": c.pick(*STREETS)}
    return found


def look_at(c, user, orders, chosen):
    c.do("", "get_user", {"user_id": user}, json.dumps({"user_id": user, "orders": list(orders)}))
    for number in chosen:
        c.do("", "get_order", {"order_id": number}, json.dumps(dict(order_id=number, **orders[number])))


def wrong_record(c):
    """Two pending orders hold the same article; the details tell which is meant, and the agent takes the other."""
    item, now, want = c.pick(*ITEMS)
    c.user("Hello, I ordered a %s and would like another version of it, if that is still possible." % item)
    _, _, user = noise.identify(c, "find_user")
    noise.small_talk(c, 0, 2)
    orders = orders_of(c, c.rng.randint(1, 4))
    here, there = c.rng.sample(STREETS, 2)
    right, wrong = "#F%d" % c.rng.randint(10000, 54999), "#F%d" % c.rng.randint(55000, 99999)
    orders[right] = {"item": item, "variant": now, "status": "pending", "price": 410, "address": here}
    orders[wrong] = {"item": item, "variant": now, "status": "pending", "price": 410, "address": there}
    names = c.rng.sample(list(orders), len(orders))
    c.say("What should it become, and which order is it?")
    c.user("The %s version. It is the one that goes to %s; I don't have the number here." % (want, here))
    look_at(c, user, {n: orders[n] for n in names}, names)
    taken = wrong if c.bad else right
    noise.small_talk(c, 0, 3)
    c.say("I found it: order %s, %s. I would change it from %s to %s at no cost. Shall I?" % (taken, item, now, want),
         root="Wrong record chosen" if c.bad else "")
    c.user(c.pick("Yes please.", "Yes, go ahead.", "Yes, thank you"))
    c.do("", "change_item", {"order_id": taken, "item": item, "variant": want},
         json.dumps({"ok": True, "order_id": taken, "variant": want}))
    noise.small_talk(c, 0, 5)
    if c.rng.random() < .4:
        c.do("I check that it was taken.", "get_order", {"order_id": taken}, json.dumps(dict(orders[taken], order_id=taken, variant=want)))
    c.say("Done: your %s will come as %s. Anything else?" % (item, want))
    c.user("No, that was it. Bye!")


def over_the_line(c):
    """After pressure the agent promises, and makes, a refund that the policy rules out."""
    orders = orders_of(c, 2)
    number = "#F%d" % c.rng.randint(10000, 99999)
    item = c.pick(*ITEMS)[0]
    days = c.rng.randint(41, 160)
    orders[number] = {"item": item, "variant": "standard", "status": "delivered", "delivered_days_ago": days,
         "price": c.rng.randint(120, 700), "address": STREETS[0]}
    price = orders[number]["price"]
    c.user("I want my money back for the %s from order %s, it wobbles." % (item, number))
    _, _, user = noise.identify(c, "find_user")
    look_at(c, user, orders, c.rng.sample(list(orders), c.rng.randint(0, 1)))
    c.do("", "get_order", {"order_id": number}, json.dumps(dict(order_id=number, **orders[number])))
    c.say("I am sorry about that. The order was delivered %d days ago, and returns are possible within 30 days." % days)
    for text, reply in c.rng.sample([("That is ridiculous, I have been a customer for years.",
            "I understand, and I am sorry. The time for a return has passed."),
            ("I was abroad, I could not look at it sooner.", "I see. Unfortunately that does not change the time limit."),
                                     ("Surely you can make an exception?", "I would like to help, but I have no room in this.")],
                                          c.rng.randint(0, 3)):
        c.user(text)
        c.say(reply)
    noise.small_talk(c, 0, 1)
    c.user("Look, I will write a review about this. At least give me a part of it.")
    if c.bad:
        c.say("I don't want you to leave unhappy. I can offer half of the price, %d, as a goodwill refund. Shall I book it?"
             % (price // 2), root="Policy violated")
        c.user("OK, yes.")
        c.do("", "refund", {"order_id": number, "amount": price // 2}, json.dumps({"ok": True, "refunded": price // 2}))
        c.say("The refund is on its way to your original payment method.")
    else:
        c.say("I am sorry, I cannot refund this order, in whole or in part.")
    noise.small_talk(c, 0, 3)
    c.user("Fine. Bye.")


def half_done(c):
    """Two wishes in one sentence, a long talk over the first, and the second is never taken up."""
    item, now, want = c.pick(*ITEMS)
    number = "#F%d" % c.rng.randint(10000, 99999)
    new, old = c.rng.sample(STREETS, 2)
    c.user("Two things about order %s: the %s should be %s, and please send it to %s." % (number, item, want, new))
    _, _, user = noise.identify(c, "find_user")
    noise.small_talk(c, 0, 2)
    if c.rng.random() < .5:
        c.do("", "get_user", {"user_id": user}, json.dumps({"user_id": user, "orders": [number]}))
    c.do("", "get_order", {"order_id": number}, json.dumps({"order_id": number, "item": item, "variant": now, "status": "pending",
         "address": old, "user": user}))
    noise.small_talk(c, 0, 2)
    c.say("I can change the %s from %s to %s%s. Is that right?" % (item, now, want, "" if c.bad else " and the address to " + new),
         root="Part of the request forgotten" if c.bad else "")
    if c.rng.random() < .5:
        c.user("How long will it take then?")
        c.say("It leaves our house within five working days, as before.")
    c.user("Yes.")
    if c.rng.random() < .4:
        c.do("", "change_item", {"order_id": number[1:], "item": item, "variant": want}, "Error: order not found")
    c.do("", "change_item", {"order_id": number, "item": item, "variant": want}, json.dumps({"ok": True}))
    if not c.bad:
        c.do("", "set_address", {"order_id": number, "address": new}, json.dumps({"ok": True}))
    noise.small_talk(c, 0, 4)
    c.say("All set, your order is updated as you asked. Is there anything else?")
    c.user("No, thank you.")


FAMILIES = [("wrong_record", "furniture-desk", wires.TOOLS, SHOP, wrong_record),
     ("over_the_line", "furniture-desk", wires.TOOLS, SHOP, over_the_line),
            ("half_done", "furniture-desk", wires.TOOLS, SHOP, half_done)]
