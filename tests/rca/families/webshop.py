"""A shopper in a text web shop: actions search[...] and click[...] as text, pages as the user's turns."""
import random

import content as c
import shapes_flat

SYSTEM = """You shop in a web store. Each turn you see a page and the clickables, and answer with a thought and one action:
search[keywords] or click[text]. Buy an item that has all the attributes, the options and the price of the instruction; look at
its page before you buy."""
FAULTS = ("drop_query", "over_price", "no_option", "wrong_option", "no_look", "remember_wrong", "page_loop", "wrong_item",
          "give_up", "not_offered")
KINDS = [("running shoes", ["blue", "grey", "red"], ["size 41", "size 42", "size 43"]),
         ("desk lamp", ["brass", "white", "black"], ["EU plug", "UK plug", "US plug"]),
         ("hair mask", ["argan", "coconut", "honey"], ["100 ml", "250 ml", "500 ml"]),
         ("wall shelf", ["oak", "walnut", "white"], ["60 cm", "80 cm", "120 cm"])]


class Shop:
    def __init__(self, seed):
        r = random.Random("webshop/%d" % seed)
        self.kind, colours, sizes = r.choice(KINDS)
        self.colours, self.sizes = colours, sizes
        self.colour, self.size, self.trait = r.choice(colours), r.choice(sizes), r.choice(["handmade", "washable", "light weight"])
        self.limit = r.randrange(30, 90)
        self.items = []
        for i in range(10):
            self.items.append({"id": "B0%07X" % r.getrandbits(28), "name": "%s %s" % (r.choice(c.COMPANY), self.kind),
                               "price": self.limit + r.randrange(4, 60), "trait": r.choice(["vegan", "classic", "soft"])})
        self.items[3].update(price=self.limit - r.randrange(2, 12), trait=self.trait)
        self.items[5].update(price=self.limit - 1, trait="classic")
        self.good, self.cheap, self.dear = self.items[3], self.items[5], self.items[7]
        self.dear["trait"] = self.trait
        self.task = "I need %s %s that are %s, in %s, and cost less than %d dollars." % (
            self.trait, self.kind, self.colour, self.size, self.limit)

    def list(self, query, rows):
        return "Page: results for '%s' (%d)\n%s\n[Next >] [Back to Search]" % (query, len(rows) * 7, "\n".join(
            "[%s] %s $%d.00" % (i["id"], i["name"], i["price"]) for i in rows))

    def item(self, i, colour="", size="", r=None):
        return ("Page: %s %s\n%s\nPrice: $%d.00\nAttributes: %s\nOptions: color [%s]%s; size [%s]%s\n[Buy Now] [Description] "
                "[< Prev] [Back to Search]" % (i["id"], i["name"], c.paragraph(r, self.kind, 4), i["price"], i["trait"], "] [".join(
                    self.colours), " chosen: " + colour if colour else "", "] [".join(self.sizes), " chosen: " + size if size else ""))


def webshop(rng, failed):
    shop = Shop(rng.randrange(7))
    a = shapes_flat.Texted(rng, "shopper", rng.choice(["gpt-4o-mini", "llama-3.3-70b", "qwen3-32b"]), "shopper", SYSTEM)
    w = a.w
    fault = rng.choice(FAULTS) if failed else None
    a.see("Instruction: %s\n\nPage: start\n[Search]" % shop.task)
    full = "%s %s %s %s" % (shop.trait, shop.kind, shop.colour, shop.size)
    query = shop.kind if fault == "drop_query" else full
    rows = shop.items[:6] if fault != "drop_query" else shop.items[4:9]
    call = a.do(rng.choice(["I begin with a search.\n", "Thought: look for it.\n", ""]) + "search[%s]" % query, shop.list(query, rows))
    if fault == "drop_query":
        w.blame(call, "bad_query", "searches for '%s' alone, without the attribute and the options" % shop.kind)
    if fault == "page_loop":
        n = rng.randrange(5, 10)
        for i in range(n):
            call = a.do("Maybe the next page has it.\nclick[%s]" % ("Next >" if i % 2 == 0 else "< Prev"), shop.list(
                query, shop.items[6:] if i % 2 == 0 else rows))
            if i == 0:
                w.blame(call, "missed_evidence", "leaves the page on which the right item stands, and goes to and fro")
        a.do("I take what is here.\nclick[%s]" % shop.items[0]["id"], shop.item(shop.items[0], r=rng))
        a.last("click[Buy Now]")
        return w
    if fault == "give_up":
        call = a.last("There is no such item in this shop, I stop here.")
        w.blame(call, "premature_stop", "gives up after one search without opening an item")
        return w
    pick = {"drop_query": shop.cheap, "over_price": shop.dear, "wrong_item": shop.cheap}.get(fault, shop.good)
    if rng.random() < 0.5 and fault != "no_look":   # a detour that is put right
        other = rng.choice([i for i in shop.items[:6] if i is not pick])
        a.do("Let me see this one.\nclick[%s]" % other["id"], shop.item(other, r=rng))
        a.do("It does not fit ($%d, %s).\nclick[< Prev]" % (other["price"], other["trait"]), shop.list(query, rows))
    if fault == "no_look":
        call = a.do("The first one will do.\nclick[%s]" % shop.items[0]["id"], shop.item(shop.items[0], r=rng))
        w.blame(call, "misread_result", "takes the first of the list although its price there is $%d" % shop.items[0]["price"])
        a.last("click[Buy Now]")
        return w
    call = a.do(rng.choice(["This looks right.", "Open it.", "A candidate."]) + "\nclick[%s]" % pick["id"], shop.item(pick, r=rng))
    if fault == "over_price":
        w.blame(call, "forgot_instruction", "opens and keeps an item of $%d, the limit is $%d" % (pick["price"], shop.limit))
    if fault == "wrong_item":
        w.blame(call, "misread_result", "keeps an item that is %s, not %s" % (pick["trait"], shop.trait))
    if fault == "remember_wrong":
        call = a.do("As seen on the page, %s is already chosen, so only the size is left.\nclick[%s]" % (shop.colour, shop.size), shop.item(
            pick, "", shop.size, rng))
        w.blame(call, "hallucinated_fact", "says that the colour is chosen; the page does not show it")
        a.last("All options are set.\nclick[Buy Now]")
        return w
    if fault == "not_offered":
        a.do("click[%s]" % shop.colour, shop.item(pick, shop.colour, "", rng))
        call = a.do("The gift wrap should be there.\nclick[Gift wrap]", "Page unchanged: 'Gift wrap' is not among the clickables.")
        w.blame(call, "invalid_action", "clicks what the page does not offer and nobody asked for")
        a.last("click[Buy Now]")
        return w
    a.do("click[%s]" % shop.colour, shop.item(pick, shop.colour, "", rng))
    size = rng.choice([s for s in shop.sizes if s != shop.size]) if fault == "wrong_option" else shop.size
    if fault == "no_option":
        call = a.last(rng.choice(["Everything is set, I buy.\n", "Done choosing.\n"]) + "click[Buy Now]")
        w.blame(call, "premature_stop", "buys before the size is chosen")
        return w
    call = a.do("Now the size.\nclick[%s]" % size, shop.item(pick, shop.colour, size, rng))
    if fault == "wrong_option":
        w.blame(call, "wrong_argument", "chooses %s, the instruction says %s" % (size, shop.size))
    a.last(rng.choice(["It fits: attribute, options, price.\n", ""]) + "click[Buy Now]")
    return w
