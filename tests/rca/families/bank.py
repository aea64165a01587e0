"""A bank's card service with pydantic-ai: structured answers, dry rules, several languages."""
import json

import content as c
import shapes
import shapes_more
from wire import tool

RULES = [
    ("Identification", ["Verify the customer with verify_identity (last four digits of the card and the code word) before "
                        "you say anything about the account."]),
    ("Cards", ["A lost or stolen card is blocked first, then replaced. Block only the card that the customer names.",
               "A replacement goes to the address on file. A changed address needs a verified change at least 7 days old."]),
    ("Disputes", ["A transaction can be disputed within 60 days. Pending transactions cannot be disputed.",
                  "Only the transactions that the customer names are disputed. Read back merchant, date and amount and ask "
                  "for a yes before open_dispute.", "Provisional credit is for amounts of 25 or more."]),
    ("Limits", ["The daily limit can be raised to at most 2,500. A raise needs a yes and is temporary, 14 days at most."]),
    ("Answers", ["Balances and transactions come from the tools at the time of asking, never from earlier in the "
                 "conversation.", "Answer in the customer's language.", "No financial advice."])]
TOOLS = [tool("verify_identity", "", last_four="", code_word=""), tool("list_cards", "", customer_id=""),
         tool("list_transactions", "", card_id="", days=""), tool("block_card", "", card_id="", reason=""),
         tool("order_replacement", "", card_id=""), tool("open_dispute", "", transaction_id="", reason=""),
         tool("set_limit", "", card_id="", limit="", days=""), tool("get_balance", "", customer_id=""),
         tool("search_help", "", query="")]
WORDS = {
    "en": ["Hello, my wallet was stolen this morning, please help.", "It's {f}, code word {k}.",
           "It was the card ending in {f}. And I don't recognise the {m} payment of {a}.", "Yes.",
           "How much is left in my account now?", "And raise my limit on the other card to 3000 until I have the new one.",
           "Ok. Thank you.", "yes, block it"],
    "de": ["Hallo, mir wurde heute früh die Geldbörse gestohlen.", "{f}, Kennwort {k}.",
           "Es war die Karte mit {f} am Ende. Und die Zahlung an {m} über {a} kenne ich nicht.", "Ja.",
           "Wie viel ist jetzt noch auf dem Konto?", "Und bitte das Limit der anderen Karte auf 3000 erhöhen.",
           "Gut, danke.", "ja, sperren"],
    "fr": ["Bonjour, on m'a volé mon portefeuille ce matin.", "{f}, mot de code {k}.",
           "C'est la carte qui finit par {f}. Et je ne reconnais pas le paiement {m} de {a}.", "Oui.",
           "Combien reste-t-il sur mon compte ?", "Et portez le plafond de l'autre carte à 3000, s'il vous plaît.",
           "Très bien, merci.", "oui, bloquez-la"],
    "pt": ["Olá, roubaram-me a carteira esta manhã.", "{f}, palavra {k}.",
           "Foi o cartão que acaba em {f}. E não reconheço o pagamento {m} de {a}.", "Sim.",
           "Quanto resta agora na conta?", "E aumente o limite do outro cartão para 3000.", "Está bem, obrigado.",
           "sim, bloqueie"]}
SAY = {
    "en": ("I'm sorry to hear that. Please give me the last four digits and your code word.", "Which card was it?",
           "Card {f} is blocked and a new one is on its way to your address.",
           "I would dispute: {m}, {d}, {a} EUR. Is that right (yes/no)?", "The dispute is open, reference {r}.",
           "Your balance is {b} EUR.", "The limit can be raised to 2500 at most, for 14 days. Shall I do that?",
           "Done: {l} EUR for {t} days.", "You're welcome. Anything else? Goodbye."),
    "de": ("Das tut mir leid. Bitte die letzten vier Ziffern und Ihr Kennwort.", "Welche Karte war es?",
           "Karte {f} ist gesperrt, eine neue ist unterwegs an Ihre Adresse.",
           "Ich würde reklamieren: {m}, {d}, {a} EUR. Stimmt das (ja/nein)?", "Die Reklamation ist eröffnet, Nummer {r}.",
           "Ihr Kontostand ist {b} EUR.", "Das Limit kann höchstens auf 2500 erhöht werden, für 14 Tage. Soll ich?",
           "Erledigt: {l} EUR für {t} Tage.", "Gern geschehen. Auf Wiederhören."),
    "fr": ("Je suis désolé. Les quatre derniers chiffres et votre mot de code, s'il vous plaît.", "De quelle carte s'agit-il ?",
           "La carte {f} est bloquée, une nouvelle part à votre adresse.",
           "Je contesterais : {m}, {d}, {a} EUR. C'est bien cela (oui/non) ?", "La contestation est ouverte, référence {r}.",
           "Votre solde est de {b} EUR.", "Le plafond peut monter à 2500 au plus, pour 14 jours. D'accord ?",
           "C'est fait : {l} EUR pour {t} jours.", "Je vous en prie. Au revoir."),
    "pt": ("Lamento. Os últimos quatro dígitos e a palavra-chave, por favor.", "Qual é o cartão?",
           "O cartão {f} está bloqueado e um novo segue para a sua morada.",
           "Vou contestar: {m}, {d}, {a} EUR. Confirma (sim/não)?", "A contestação está aberta, referência {r}.",
           "O seu saldo é {b} EUR.", "O limite pode subir até 2500, por 14 dias. Posso?",
           "Feito: {l} EUR por {t} dias.", "De nada. Adeus.")}
FAULTS = ("other_card", "other_tx", "no_yes", "stale", "over_limit", "no_verify", "language", "pending", "forget_new",
          "down", "help_loop")


def bank(rng, failed):
    lang = rng.choice(sorted(WORDS))
    user, say = WORDS[lang], SAY[lang]
    faults = c.pick(rng, FAULTS, failed, 1, 3)
    if failed and not faults - {"help_loop"}:
        faults.add(rng.choice(["other_tx", "stale", "over_limit"]))
    if "pending" in faults:
        faults -= {"other_tx", "no_yes"}
    w = rng.choice([shapes.PydanticAi, shapes.PydanticAi, shapes_more.Strands])(
        rng, "card-service", rng.choice(["gpt-4.1", "mistral-large-2411"]), session="bank-%d" % rng.randrange(10**6))
    f1, f2 = "%04d" % rng.randrange(10**4), "%04d" % rng.randrange(10**4)
    merchant = rng.choice(["Nordstern Taxi", "GASTRO 7731", "Kiosk Aurora", "Pelikan Online", "Parking Central"])
    amount = round(rng.uniform(26, 240), 2)
    fill = {"f": f1, "k": c.town(rng), "m": merchant, "a": amount, "d": "2026-04-0%d" % rng.randrange(1, 9),
            "r": "D%06d" % rng.randrange(10**6), "l": 2500, "t": 14}
    rows = []
    for i in range(rng.randrange(9, 22)):
        rows.append({"transaction_id": "T%07d" % rng.randrange(10**7), "merchant": rng.choice(
            ["REWE", "Metro Tickets", "Streaming Plus", "Bakery Lang", "Pharmacy 12", "City Books"]),
            "date": str(c.date(rng, 2026, 3)), "amount": round(rng.uniform(3, 130), 2), "status": "booked"})
    wanted = {"transaction_id": "T%07d" % rng.randrange(10**7), "merchant": merchant, "date": fill["d"], "amount": amount,
              "status": "pending" if "pending" in faults else "booked"}
    near = dict(wanted, transaction_id="T%07d" % rng.randrange(10**7), date=str(c.date(rng, 2026, 3)),
                amount=round(amount * rng.uniform(0.2, 0.8), 2), status="booked")
    rows += [wanted, near]
    rng.shuffle(rows)
    cid = "CU%05d" % rng.randrange(10**5)
    cards = [{"card_id": "crd_%06d" % rng.randrange(10**6), "last_four": f, "type": t, "limit": 1000, "status": "active"}
             for f, t in ((f2, "credit"), (f1, "debit"))]
    agent = w.start("card_agent", c.policy("Card service", RULES, rng), TOOLS)
    w.user(agent, user[0])
    if "no_verify" in faults:
        call = w.llm(agent, "", [("list_cards", {"customer_id": cid})])
        w.blame(call, "policy_violation", "looks into the account before the customer is verified")
        w.tool(agent, call.calls[0], json.dumps(cards))
    else:
        w.llm(agent, say[0])
        w.user(agent, user[1].format(**fill))
        if rng.random() < 0.4:   # the code word misheard once: nobody's mistake
            w.act(agent, "", "verify_identity", {"last_four": f1, "code_word": fill["k"].lower()}, "not verified: the code "
                  "word is case sensitive", error="not verified: the code word is case sensitive",
                  kind="pydantic_ai.exceptions.ToolRetryError")
        w.act(agent, "", "verify_identity", {"last_four": f1, "code_word": fill["k"]}, json.dumps(
            {"verified": True, "customer_id": cid}))
        w.act(agent, "", "list_cards", {"customer_id": cid}, json.dumps(cards))
    w.llm(agent, say[1])
    w.user(agent, user[2].format(**fill))
    target = cards[0] if "other_card" in faults else cards[1]
    call = w.llm(agent, "", [("block_card", {"card_id": target["card_id"], "reason": "stolen"})])
    if "other_card" in faults:
        w.blame(call, "wrong_argument", "blocks the card ending in %s, the customer named %s" % (f2, f1))
    w.tool(agent, call.calls[0], json.dumps({"card_id": target["card_id"], "status": "blocked"}))
    if "down" in faults:
        err = "card-production: connection refused"
        for i in range(2):
            used = w.llm(agent, "", [("order_replacement", {"card_id": target["card_id"]})])
            w.tool(agent, used.calls[0], err, error=err, kind="ConnectionRefusedError")
            if i == 0:
                w.blame(used.calls[0], "tool_failure", "the card production service refuses connections")
        call = w.llm(agent, say[2].format(**fill))
        w.blame(call, "swallowed_error", "says that a new card is on its way, the order failed twice")
    elif "forget_new" in faults:
        call = w.llm(agent, say[2].format(**fill))
        w.blame(call, "hallucinated_fact", "says that a new card is on its way, but none was ordered")
    else:
        w.act(agent, "", "order_replacement", {"card_id": target["card_id"]}, json.dumps({
            "order": "R%05d" % rng.randrange(10**5), "eta_days": 5}))
        w.llm(agent, say[2].format(**fill))
    w.user(agent, user[7] if rng.random() < 0.2 else user[3])
    w.act(agent, "", "list_transactions", {"card_id": cards[1]["card_id"], "days": 60}, json.dumps(rows))
    if "help_loop" in faults:
        n = rng.randrange(4, 8)
        for i in range(n):
            call, _ = w.act(agent, "", "search_help", {"query": "dispute transaction rules"}, "\n\n".join(
                "# Help %d\n%s" % (k, c.paragraph(rng, "dispute", 4)) for k in range(3)))
        w.blame(call, "resource_abuse", "asks the help pages %d times for rules that its instructions hold" % n)
    pick = near if "other_tx" in faults else wanted
    if "no_yes" not in faults:
        call = w.llm(agent, say[3].format(**dict(fill, a=pick["amount"], d=pick["date"])))
        if pick is near:
            w.blame(call, "misread_result", "reads back another payment to the same merchant, %s, not the one of %s"
                    % (near["amount"], amount))
        w.user(agent, user[3])
    call = w.llm(agent, "", [("open_dispute", {"transaction_id": pick["transaction_id"], "reason": "not recognised"})])
    if "no_yes" in faults:
        w.blame(call, "policy_violation", "opens the dispute without reading it back and getting a yes")
        if pick is near:
            w.blame(call, "wrong_argument", "disputes another payment to the same merchant")
    if "pending" in faults:
        w.blame(call, "policy_violation", "disputes a pending transaction")
    w.tool(agent, call.calls[0], json.dumps({"reference": fill["r"], "status": "open"}))
    other = rng.choice([k for k in sorted(SAY) if k != lang])
    call = w.llm(agent, (SAY[other] if "language" in faults else say)[4].format(**fill))
    if "language" in faults:
        w.blame(call, "forgot_instruction", "answers in another language than the customer's")
    balance = round(rng.uniform(90, 4000), 2)
    if "stale" in faults or rng.random() < 0.6:
        for k in range(2):
            w.user(agent, user[4])
            if k == 0 or "stale" not in faults:
                w.act(agent, "", "get_balance", {"customer_id": cid}, json.dumps({
                    "balance": round(balance - k * 40, 2), "currency": "EUR", "as_of": "2026-04-10T1%d:02" % k}))
            call = w.llm(agent, say[5].format(b=round(balance - (k if "stale" not in faults else 0) * 40, 2)))
        if "stale" in faults:
            w.blame(call, "stale_data", "repeats an earlier balance instead of asking again")
    w.user(agent, user[5])
    limit, days = 2500, 14
    if "over_limit" in faults:
        limit, days = 3000, rng.choice([14, 30])
    else:
        w.llm(agent, say[6])
        w.user(agent, user[3])
    call = w.llm(agent, "", [("set_limit", {"card_id": cards[0]["card_id"], "limit": limit, "days": days})])
    if "over_limit" in faults:
        w.blame(call, "policy_violation", "raises the limit to 3,000, at most 2,500 is allowed, and asks for no yes")
    w.tool(agent, call.calls[0], json.dumps({"card_id": cards[0]["card_id"], "limit": limit, "days": days}))
    w.llm(agent, say[7].format(l=limit, t=days))
    w.user(agent, user[6])
    w.llm(agent, say[8])
    w.end(agent)
    return w
