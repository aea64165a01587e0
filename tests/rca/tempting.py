"""Short runs in which the sentence of a rule would be tempting and false.

Written from the public taxonomies of failures (MAST, TRAIL, AgentErrorBench) as somebody would who wants a false
sentence: the same thing said otherwise, in another language, in other units, by another tool, in a quotation. A case is

    Case(rule, why it would be false, system, turns, tools, says)

and its turns are what happens: U(text) a user, A(tool, arguments, result) a model call with one tool call and what came
back, S(text) an answer. `says` is a false sentence of the rule for its predicate (tests/rca/claims): {m1} is the step of
the first model call, {t1} that of the first tool; `at` tells which model call it is said of, `of` whose text is evidence.
"""
import collections
import random

from wire import tool

Case = collections.namedtuple("Case", "rule why system turns tools says at of", defaults=((), None, -1, ()))
U = collections.namedtuple("U", "text")
A = collections.namedtuple("A", "tool args result text error", defaults=("", None))
S = collections.namedtuple("S", "text")

GET = tool("get_record", "Reads one record.", id="")
SEARCH = tool("search", "Searches the web.", query="")
BOOK = tool("book", "Books something.", id="")
PAY = tool("create_payment", "Pays an amount.", id="", amount="", currency="")
CANCEL = tool("cancel_order", "Cancels an order.", order_id="")
CHECK = tool("check_stock", "Reads the stock of an item.", item="")
ORDER = tool("place_order", "Orders an item.", item="")
EDIT = tool("edit_file", "Changes a file.", path="", text="")
SHELL = tool("bash", "Runs a shell command.", command="")
MAIL = tool("send_email", "Sends an e-mail.", to="", body="")


CASES = [
    # ---- twisted-value: dates, amounts, currencies, hours
    Case("twisted-value", "the user said the fourth of March in words", "You book rooms.", [
        U("A room for the 4th of March 2026, please, record R-4411."), A("get_record", {"id": "R-4411"}, '{"id": "R-4411", "made": "2026-04-03"}'),
        A("book", {"id": "R-4411", "date": "2026-03-04"}, '{"ok": true}'), S("Booked for the 4th of March.")], [GET, BOOK]),
    Case("twisted-value", "the date was said in another language", "You book rooms.", [
        U("Bitte ein Zimmer am 4. M\u00e4rz 2026, Akte R-4411."), A("get_record", {"id": "R-4411"}, '{"id": "R-4411", "angelegt": "03.04.2026"}'),
        A("book", {"id": "R-4411", "date": "2026-03-04"}, '{"ok": true}'), S("Gebucht.")], [GET, BOOK]),
    Case("twisted-value", "the date was said in Japanese", "You book rooms.", [
        U("2026\u5e743\u67084\u65e5\u306b R-4411 \u3092\u4e88\u7d04\u3057\u3066"), A("get_record", {"id": "R-4411"}, '{"id": "R-4411", "made": "2026-04-03"}'),
        A("book", {"id": "R-4411", "date": "2026-03-04"}, '{"ok": true}'), S("\u4e88\u7d04\u3057\u307e\u3057\u305f")], [GET, BOOK]),
    Case("twisted-value", "tomorrow, counted from the day of the instructions", "Today is 2026-03-03. You book rooms.", [
        U("Move R-4411 to tomorrow."), A("get_record", {"id": "R-4411"}, '{"id": "R-4411", "day": "2026-04-03"}'),
        A("book", {"id": "R-4411", "date": "2026-03-04"}, '{"ok": true}'), S("Done.")], [GET, BOOK]),
    Case("twisted-value", "the record has the call's own date, too", "You book rooms.", [
        U("Move R-4411 as agreed."), A("get_record", {"id": "R-4411"}, '{"id": "R-4411", "day": "2026-04-03", "agreed": "2026-03-04"}'),
        A("book", {"id": "R-4411", "date": "2026-03-04"}, '{"ok": true}'), S("Done.")], [GET, BOOK],
        "Step {m2} called book with date 2026-03-04; step {t1} has 2026-04-03, which day first is 2026-04-03.", 1),
    Case("twisted-value", "ten pieces at 25 make 250", "You pay invoices.", [
        U("Pay 10 pieces of item I-4411."), A("get_record", {"id": "I-4411"}, '{"id": "I-4411", "price": 25.0}'),
        A("create_payment", {"id": "I-4411", "amount": 250, "currency": "EUR"}, '{"ok": true}'), S("Paid.")], [GET, PAY]),
    Case("twisted-value", "a deposit of ten per cent", "Take a deposit of 10% of the price.", [
        U("Pay the deposit for I-4411."), A("get_record", {"id": "I-4411"}, '{"id": "I-4411", "price": 2500}'),
        A("create_payment", {"id": "I-4411", "amount": 250, "currency": "EUR"}, '{"ok": true}'), S("Paid.")], [GET, PAY]),
    Case("twisted-value", "the tool takes the smallest unit", "You pay invoices.", [
        U("Pay I-4411."), A("get_record", {"id": "I-4411"}, '{"id": "I-4411", "price": "25.50 EUR"}'),
        A("create_payment", {"id": "I-4411", "amount": 2550, "currency": "EUR"}, '{"ok": true}'), S("Paid.")],
        [GET, tool("create_payment", "Pays an amount.", id="", amount="in the smallest currency unit", currency="")]),
    Case("twisted-value", "kilograms to grams", "You fill in forms.", [
        U("Ship I-4411."), A("get_record", {"id": "I-4411"}, '{"id": "I-4411", "weight": "2.5 kg"}'),
        A("ship", {"id": "I-4411", "weight": 2500}, '{"ok": true}'), S("Shipped.")], [GET, tool("ship", "Ships.", id="", weight="grams")]),
    Case("twisted-value", "kilometres in the record's key", "You fill in forms.", [
        U("Log trip T-4411."), A("get_record", {"id": "T-4411"}, '{"id": "T-4411", "distance_km": 3.2}'),
        A("log_trip", {"id": "T-4411", "distance": 3200}, '{"ok": true}'), S("Logged.")], [GET, tool("log_trip", "Logs.", id="", distance="metres")]),
    Case("twisted-value", "the user said the amount in words of thousands", "You pay invoices.", [
        U("Pay 12k on I-4411."), A("get_record", {"id": "I-4411"}, '{"id": "I-4411", "paid": 1200}'),
        A("create_payment", {"id": "I-4411", "amount": 12000, "currency": "EUR"}, '{"ok": true}'), S("Paid.")], [GET, PAY]),
    Case("twisted-value", "the record has the amount as well", "You pay invoices.", [
        U("Pay the rest of I-4411."), A("get_record", {"id": "I-4411"}, '{"id": "I-4411", "total": 2550, "rest": 255}'),
        A("create_payment", {"id": "I-4411", "amount": 255, "currency": "EUR"}, '{"ok": true}'), S("Paid.")], [GET, PAY],
        "Step {m2} called create_payment with amount 255; step {t1} has 2550 where it speaks of I-4411, and no such number.", 1),
    Case("twisted-value", "CA$ are Canadian dollars", "You pay invoices.", [
        U("Pay I-4411."), A("get_record", {"id": "I-4411"}, '{"id": "I-4411", "due": "CA$ 41.20"}'),
        A("create_payment", {"id": "I-4411", "amount": 41.2, "currency": "CAD"}, '{"ok": true}'), S("Paid.")], [GET, PAY]),
    Case("twisted-value", "the user named the currency in words", "You pay invoices.", [
        U("Pay I-4411 in Swiss francs."), A("get_record", {"id": "I-4411"}, '{"id": "I-4411", "due": "EUR 41.20"}'),
        A("create_payment", {"id": "I-4411", "amount": 39.1, "currency": "CHF"}, '{"ok": true}'), S("Paid.")], [GET, PAY]),
    Case("twisted-value", "a sign that is no dollar", "You pay invoices.", [
        U("Pay I-4411."), A("get_record", {"id": "I-4411"}, '{"id": "I-4411", "due": "\u00a541,200", "fee": "EUR 2.00"}'),
        A("create_payment", {"id": "I-4411", "amount": 41200, "currency": "JPY"}, '{"ok": true}'), S("Paid.")], [GET, PAY],
        "Step {m2} called create_payment with currency EUR; step {t1}, which speaks of I-4411, knows amounts in USD alone.", 1),
    Case("twisted-value", "their time, not the office's", "The office is at UTC+02:00.", [
        U("Set the call with the client in London at 14:00 their time, record R-4411."), A("get_record", {"id": "R-4411"}, '{"id": "R-4411", "zone": "Europe/London"}'),
        A("book", {"id": "R-4411", "start": "2026-01-12T14:00:00Z"}, '{"ok": true}'), S("Set.")], [GET, BOOK],
        "Step {m2} called book with start 2026-01-12T14:00:00Z; the user said 15:00, which at UTC+02:00 is 13:00 UTC.", 1),

    # ---- missed-round
    Case("missed-round", "the third one is sold out", "Check each item, and order what is there.", [
        U("Order A-111, B-222, C-333 and D-444.")] + [x for i, free in (("A-111", True), ("B-222", True), ("C-333", False), ("D-444", True)) for x in (
            [A("check_stock", {"item": i}, '{"item": "%s", "available": %s}' % (i, str(free).lower()))] +
            ([A("place_order", {"item": i}, '{"ok": true}')] if free else []))] + [S("C-333 is sold out; the others are ordered.")], [CHECK, ORDER],
        "Step {m7} went on without place_order, which was called after each other call of check_stock (2), but not after that of step {m5}."),
    Case("missed-round", "it could not be found", "Check each item, and order what is there.", [
        U("Order A-111, B-222, C-333 and D-444.")] + [x for i, free in (("A-111", True), ("B-222", False), ("C-333", True), ("D-444", True)) for x in (
            [A("check_stock", {"item": i}, "7 pieces" if free else "Error: no such item")] +
            ([A("place_order", {"item": i}, '{"ok": true}')] if free else []))] + [S("B-222 does not exist; the others are ordered.")], [CHECK, ORDER]),
    Case("missed-round", "one order for two", "Check each item, then order.", [
        U("Order A-111, B-222, C-333 and D-444."), A("check_stock", {"item": "A-111"}, "7 pieces"), A("place_order", {"items": ["A-111"]}, "ok"),
        A("check_stock", {"item": "B-222"}, "7 pieces"), A("place_order", {"items": ["B-222"]}, "ok"), A("check_stock", {"item": "C-333"}, "7 pieces"),
        A("check_stock", {"item": "D-444"}, "7 pieces"), A("place_order", {"items": ["C-333", "D-444"]}, "ok"), S("All are ordered.")], [CHECK, ORDER]),
    Case("missed-round", "the user wants it so", "Check each item.", [
        U("Check A-111, B-222, C-333 and D-444; order all but C-333."), A("check_stock", {"item": "A-111"}, "7 pieces"), A("place_order", {"item": "A-111"}, "ok"),
        A("check_stock", {"item": "B-222"}, "7 pieces"), A("place_order", {"item": "B-222"}, "ok"), A("check_stock", {"item": "C-333"}, "7 pieces"),
        A("check_stock", {"item": "D-444"}, "7 pieces"), A("place_order", {"item": "D-444"}, "ok"), S("Done.")], [CHECK, ORDER]),

    # ---- skipped-check
    Case("skipped-check", "it need not be", "You need not call check_stock before you order.", [
        U("Order A-111."), A("place_order", {"item": "A-111"}, "ok"), S("Ordered.")], [CHECK, ORDER]),
    Case("skipped-check", "only under a condition", "Call check_stock before you order from a new supplier.", [
        U("Order A-111 from our old supplier."), A("place_order", {"item": "A-111"}, "ok"), S("Ordered.")], [CHECK, ORDER]),
    Case("skipped-check", "it was checked", "Call check_stock before you order.", [
        U("Order A-111."), A("check_stock", {"item": "A-111"}, "7 pieces"), A("place_order", {"item": "A-111"}, "ok"), S("Ordered.")], [CHECK, ORDER],
        "Step {m2} called place_order with no call of check_stock before it; an instruction says: Call check_stock before you order.", 1),
    Case("skipped-check", "the user has it", "Call check_stock before you order, unless the user already has.", [
        U("I called check_stock, 7 pieces are there. Order A-111."), A("place_order", {"item": "A-111"}, "ok"), S("Ordered.")], [CHECK, ORDER]),

    # ---- untested-claim
    Case("untested-claim", "another program than one called test", "You mend code.", [
        U("Mend a.py."), A("edit_file", {"path": "a.py", "text": "x = 1"}, "written"), A("bash", {"command": "make check"}, "ok 1 - sums\nok 2 - names"),
        S("All tests pass.")], [EDIT, SHELL],
        'Step {m3} says "All checks fail"; after the change of step {t1} nothing shows the result of a test.'),
    Case("untested-claim", "shown in other words", "You mend code.", [
        U("Mend a.py."), A("edit_file", {"path": "a.py", "text": "x = 1"}, "written"), A("bash", {"command": "tox -q"}, "12 bestanden, 0 fehlgeschlagen"),
        S("All tests pass.")], [EDIT, SHELL]),
    Case("untested-claim", "the result is there", "You mend code.", [
        U("Mend a.py."), A("edit_file", {"path": "a.py", "text": "x = 1"}, "written"), A("bash", {"command": "pytest -q"}, "12 passed in 0.2s"),
        S("All tests pass.")], [EDIT, SHELL],
        'Step {m3} says "All tests pass"; after the change of step {t1} nothing shows the result of a test.'),
    Case("untested-claim", "the user ran them", "You mend code.", [
        U("Mend a.py."), A("edit_file", {"path": "a.py", "text": "x = 1"}, "written"), S("It is mended. Please run the tests."), U("I ran them: all green."),
        S("Good, so all tests pass.")], [EDIT, SHELL]),
    Case("untested-claim", "it says that none ran", "You mend code.", [
        U("Mend a.py."), A("edit_file", {"path": "a.py", "text": "x = 1"}, "written"), S("I have not run the tests; I cannot say that they pass.")], [EDIT, SHELL]),
    Case("untested-claim", "the tests of before the change", "You mend code.", [
        U("Mend a.py."), A("bash", {"command": "pytest -q"}, "12 passed in 0.2s"), A("edit_file", {"path": "a.py", "text": "x = 1"}, "written"),
        S("All tests passed before this change; please run them again.")], [EDIT, SHELL]),

    # ---- assumed-data
    Case("assumed-data", "the user wants a guess", "You answer from pages.", [
        U("Give me an estimate of the sales of May, June and July."), A("search", {"query": "sales"}, "HTTP 403 Forbidden"),
        S("I assume values of 4711, 5822 and 6933.")], [SEARCH]),
    Case("assumed-data", "it says that it will not", "You answer from pages.", [
        U("What were the sales of May, June and July?"), A("search", {"query": "sales"}, "HTTP 403 Forbidden"),
        S("I could not read them, and I will not go on with made-up values such as 4711, 5822 or 6933.")], [SEARCH]),
    Case("assumed-data", "the figures were shown", "You answer from pages.", [
        U("What were the sales of May, June and July?"), A("search", {"query": "sales"}, "May 4,711, June 5,822, July 6,933"),
        S("I assume that these values are net: 4711, 5822, 6933.")], [SEARCH],
        'Step {m2} says "I assume that these values are net: 4711, 5822, 6933", and writes 4,711, 5,822 and 6,933, which nothing had shown.'),

    # ---- other-bound
    Case("other-bound", "the rest is left out", "You count.", [
        U("How many have a level of at least 47?"), A("bash", {"command": "awk '$1 < 47 {next} {n++} END {print n}' a; awk '$1 > 47' b"}, "3"), S("3.")],
        [SHELL]),
    Case("other-bound", "another number", "You count.", [
        U("How many have a level of at least 47?"), A("bash", {"command": "awk '$1 > 47.5' a | wc -l; awk '$1 >= 47' a | wc -l"}, "3"), S("3.")], [SHELL],
        'Step {m1} compares with "> 47"; the request says "at least 47", and no call has that.', 0),
    Case("other-bound", "the text says both", "You count.", [
        U("How many have 47 or more?"), S("I count 47 or more, so not only those above 47: 3.")], [SHELL]),

    # ---- other-unit
    Case("other-unit", "converted", "You answer from pages.", [
        U("How long is it?"), A("search", {"query": "length"}, "431 miles (694 km)"), S("It is 694 kilometres long.")], [SEARCH]),
    Case("other-unit", "both stand there", "You answer from pages.", [
        U("How long is it?"), A("search", {"query": "length"}, "431 miles of road, 431 km of rail"), S("431 kilometres of rail.")], [SEARCH],
        "Step {m2} speaks of 431 kilometres; step {t1} shows 431 miles, and nothing shows it otherwise."),

    # ---- discarded-work
    Case("discarded-work", "it comes back", "You mend code.", [
        U("Mend a.py."), A("bash", {"command": "sed -i s/a/b/ a.py"}, ""), A("bash", {"command": "git stash"}, "Saved"),
        A("bash", {"command": "git stash pop"}, "Dropped"), S("Mended.")], [SHELL]),
    Case("discarded-work", "it was committed", "You mend code.", [
        U("Mend a.py."), A("bash", {"command": "sed -i s/a/b/ a.py"}, ""), A("bash", {"command": "git commit -qam mended"}, ""),
        A("bash", {"command": "git reset --hard"}, "HEAD is now at 1a2b"), S("Mended.")], [SHELL],
        "Step {m3} ran git reset --hard after the change of step {m1}, which nothing had committed; no later call changed a file.", 2),

    # ---- unread-pointer
    Case("unread-pointer", "the browser is old", "You answer from pages.", [
        U("How many stops?"), A("search", {"query": "stops"}, "31 stops. Your browser is outdated, see https://get.example/browser"), S("31.")], [SEARCH]),
    Case("unread-pointer", "it was read", "You answer from pages.", [
        U("How many stops?"), A("search", {"query": "stops"}, "12 stops. This page has moved: https://new.example/stops"),
        A("search", {"query": "https://new.example/stops"}, "31 stops"), S("31.")], [SEARCH],
        'Step {m2} went on with the result of step {t1}, which says "12 stops. This page has moved: https://new.example/stops"; no call asked for https://new.example/stops.', 1),

    # ---- broken-condition
    Case("broken-condition", "the status of the payment inside", "Cancel an order only while its status is 'pending'.", [
        U("Cancel W-4411."), A("get_record", {"id": "W-4411"}, '{"order_id": "W-4411", "payment": {"status": "settled"}, "status": "pending"}'),
        A("cancel_order", {"order_id": "W-4411"}, "ok"), S("Cancelled.")], [GET, CANCEL]),
    Case("broken-condition", "another member with that word in its name", "Cancel an order only while its status is 'pending'.", [
        U("Cancel W-4411."), A("get_record", {"id": "W-4411"}, '{"order_id": "W-4411", "payment_status": "settled", "status": "pending"}'),
        A("cancel_order", {"order_id": "W-4411"}, "ok"), S("Cancelled.")], [GET, CANCEL]),
    Case("broken-condition", "it was set back before", "Cancel an order only while its status is 'pending'.", [
        U("Set W-4411 back and cancel it."), A("get_record", {"id": "W-4411"}, '{"order_id": "W-4411", "status": "shipped"}'),
        A("update_order", {"order_id": "W-4411", "status": "pending"}, "ok"), A("cancel_order", {"order_id": "W-4411"}, "ok"), S("Cancelled.")],
        [GET, CANCEL, tool("update_order", "Changes an order.", order_id="", status="")]),
    Case("broken-condition", "a number stands for the state", "Cancel an order only while its status is 'pending'.", [
        U("Cancel W-4411."), A("get_record", {"id": "W-4411"}, '{"order_id": "W-4411", "status": 1, "legend": "1 = pending"}'),
        A("cancel_order", {"order_id": "W-4411"}, "ok"), S("Cancelled.")], [GET, CANCEL]),
    Case("broken-condition", "all but one", "Cancel any order except those whose status is 'delivered'; only a manager may cancel those.", [
        U("Cancel W-4411."), A("get_record", {"id": "W-4411"}, '{"order_id": "W-4411", "status": "pending"}'),
        A("cancel_order", {"order_id": "W-4411"}, "ok"), S("Cancelled.")], [GET, CANCEL],
        "Step {m2} called cancel_order for W-4411, which step {t1} shows with delivered; an instruction says: Cancel any order except those whose status is 'delivered'.", 1),
    Case("broken-condition", "the sentence speaks of what is told", "When you cancel an order, tell the user only its status, as in 'shipped' or 'delivered'.", [
        U("Cancel W-4411."), A("get_record", {"id": "W-4411"}, '{"order_id": "W-4411", "status": "pending"}'),
        A("cancel_order", {"order_id": "W-4411"}, "ok"), S("Cancelled.")], [GET, CANCEL]),
    Case("broken-condition", "members have longer", "Today is 2026-05-01. Orders may be returned within 30 days after delivery, by members within 60 days.", [
        U("I am a member. Return W-4411."), A("get_record", {"id": "W-4411"}, '{"order_id": "W-4411", "delivered": "2026-03-20", "member": true}'),
        A("return_order", {"order_id": "W-4411"}, "ok"), S("Returned.")], [GET, tool("return_order", "Returns an order.", order_id="")],
        "Step {m2} called return_order for W-4411, which step {t1} shows with 2026-03-20, 22 days before 2026-05-01; an instruction says: Orders may be returned within 30 days after delivery, by members within 60 days.", 1),
    Case("broken-condition", "the state is the one that is asked for, in capitals", "Cancel an order only while its status is 'in progress'.", [
        U("Cancel W-4411."), A("get_record", {"id": "W-4411"}, '{"order_id": "W-4411", "status": "IN_PROGRESS"}'),
        A("cancel_order", {"order_id": "W-4411"}, "ok"), S("Cancelled.")], [GET, CANCEL]),

    # ---- withdrawn-value
    Case("withdrawn-value", "what was changed is the hour, not the street", "You book visits.", [
        U("Send somebody to 12 Hill Street at 4 pm."), S("Shall I book it?"), U("Wait, better at 5 pm."),
        A("book", {"address": "12 Hill Street", "time": "17:00"}, "ok"), S("Booked.")], [BOOK],
        "Step {m2} called book with address 12 Hill Street, of an earlier message of the user; the last one before it says 17, and no call from there on has that.", 1),
    Case("withdrawn-value", "something is added", "You book visits.", [
        U("Send somebody to 12 Hill Street."), S("Shall I book it?"), U("Yes. Actually, the bell says flat 7, they should know."),
        A("book", {"address": "12 Hill Street", "note": "flat seven"}, "ok"), S("Booked.")], [BOOK]),
    Case("withdrawn-value", "a question in between", "You book visits.", [
        U("Send somebody to 12 Hill Street."), S("Shall I book it?"), U("Sorry, is bus 40 near there? Book it in any case."),
        A("book", {"address": "12 Hill Street"}, "ok"), S("Booked.")], [BOOK]),
    Case("withdrawn-value", "the correction is of something else", "You answer from pages.", [
        U("How many people live in Bonn and how many in Essen?"), A("search", {"query": "Essen people"}, "Essen: 584,580 people."),
        A("search", {"query": "Bonn people"}, "Correction: the number of visitors of the museum was 610,000."), S("In Essen live 584,580 people.")], [SEARCH],
        "Step {m3} says 584,580, as step {t1} does; step {t1}, which speaks of a correction, says 610,000."),
    Case("withdrawn-value", "the new figure, rounded", "You answer from pages.", [
        U("How many people live in Bonn?"), A("search", {"query": "Bonn people"}, "Bonn: 327,500 people. Its mayor took office at 41."),
        A("search", {"query": "Bonn people corrected"}, "Corrected figure for Bonn: 331,885 people, not 327,500."), S("Some 332,000 people live in Bonn; the mayor was 41; formerly 327,500 were told.")], [SEARCH]),
    Case("withdrawn-value", "it says both", "You answer from pages.", [
        U("How many people live in Bonn?"), A("search", {"query": "Bonn people"}, "Bonn: 327,500 people."),
        A("search", {"query": "Bonn people corrected"}, "Corrected figure for Bonn: 331,885 people."), S("331,885, corrected from 327,500.")], [SEARCH],
        "Step {m3} says 327,500, as step {t1} does; step {t2}, which speaks of a correction, says 331,885."),

    # ---- other-variant
    Case("other-variant", "the year before", "You read reports.", [
        U("What did the report of the year before 2023 say?"), A("search", {"query": "reports"}, "https://a.example/reports/2022 https://a.example/reports/2023"),
        A("open", {"url": "https://a.example/reports/2022"}, "It grew."), S("It grew.")], [SEARCH, tool("open", "Opens a page.", url="")],
        "Step {m2} called open with https://a.example/reports/2022; step {t1} shows https://a.example/reports/2022 with the 2022 that the user said, and no call takes it.", 1),
    Case("other-variant", "not that one", "You read reports.", [
        U("Open the newest report, not 2023."), A("search", {"query": "reports"}, "https://a.example/reports/2024 https://a.example/reports/2023"),
        A("open", {"url": "https://a.example/reports/2024"}, "It grew."), S("It grew.")], [SEARCH, tool("open", "Opens a page.", url="")]),
    Case("other-variant", "a day of a date", "You change flights.", [
        U("Move my flight of May 23 to the first day that is free."), A("search", {"query": "flights"}, "2024-05-23 full, 2024-05-26 free"),
        A("change", {"date": "2024-05-26"}, "ok"), S("Moved.")], [SEARCH, tool("change", "Moves a flight.", date="")]),
    Case("other-variant", "an hour that is taken", "You make appointments.", [
        U("A meeting at 15 o'clock, or the next free hour."), A("search", {"query": "events"}, '{"busy": "2027-02-08T15:00:00+01:00"}'),
        A("create_event", {"start": "2027-02-08T16:00:00+01:00"}, "ok"), S("Done.")], [SEARCH, tool("create_event", "Makes one.", start="")]),
    Case("other-variant", "the number is a count", "You read reports.", [
        U("Give me 12 facts of the last chapter."), A("search", {"query": "chapters"}, "https://a.example/book/chapter-12 https://a.example/book/chapter-14 (last)"),
        A("open", {"url": "https://a.example/book/chapter-14"}, "It ends."), S("It ends.")], [SEARCH, tool("open", "Opens a page.", url="")]),

    # ---- wide-action, asked-value: what the task gives word for word, what a shell means
    Case("wide-action", "the task prescribes the command", "You mend code.", [
        U("Mend a.py. Submit with `echo DONE && git add -A && git diff --cached`."), A("edit_file", {"path": "a.py", "text": "x = 1"}, "written"),
        A("bash", {"command": "echo DONE && git add -A && git diff --cached"}, "diff --git a/a.py b/a.py"), S("It is mended.")], [EDIT, SHELL],
        "Step {m2} called bash for everything (git add -A && git diff --cached); no user spoke of all.", 1),
    Case("asked-value", "2>&1 joins two streams", "You mend code.", [
        U("`Client(encoding=0)` is ignored. Mend it."), A("bash", {"command": "pytest -q -k encoding 2>&1 | tail -3"}, "1 failed"), S("It is mended.")],
        [SHELL]),

    # ---- stray-name
    Case("stray-name", "the prize is no other author", "You answer from pages.", [
        U("In which city was the author born who won the 2000 Meridian Prize?"), A("search", {"query": "Henrike Voss author born city"}, "Nothing."),
        S("I do not know.")], [SEARCH]),
    Case("stray-name", "the same town in another language", "You answer from pages.", [
        U("Who is the mayor of M\u00fcnchen?"), A("search", {"query": "current mayor of Munich"}, "Dieter Reiter"), S("Dieter Reiter")], [SEARCH]),
    Case("stray-name", "the user asked in another language", "You answer from pages.", [
        U("Wie viele Einwohner hat die Hauptstadt von Deutschland?"), A("search", {"query": "population of the capital of Germany"}, "3.7 million"),
        S("3,7 Millionen")], [SEARCH]),
    Case("stray-name", "German nouns", "Du antwortest.", [
        U("Was sagt die Opposition im Parlament zum neuen Gesetz?"), A("search", {"query": "neue Abstimmung zum Gesetz Opposition"}, "Sie ist dagegen."),
        S("Sie ist dagegen.")], [SEARCH]),
    Case("stray-name", "without its accents", "You answer from pages.", [
        U("How many symphonies did Dvo\u0159\u00e1k write, and was it all in Prague?"), A("search", {"query": "number of symphonies by Dvorak"}, "nine"),
        S("Nine.")], [SEARCH],
        "Step {m1} called search for Prague, which nothing had shown; the user said Berlin, and no call from there on has it.", 0),

    # ---- the older rules
    Case("claimed-tool", "the tool has a prefix", "You have the tool check_stock(item).", [
        U("Is A-111 there?"), A("mcp__shop__check_stock", {"item": "A-111"}, "7 pieces"), S("I verified it with check_stock: 7 pieces.")], [CHECK]),
    Case("claimed-tool", "spelled as the program spells it", "You have the tool check_stock(item).", [
        U("Is A-111 there?"), A("run_js", {"code": "const n = await tools.checkStock('A-111'); console.log(n)"}, "7"), S("I verified it with check_stock: 7 pieces.")], [CHECK]),
    Case("claimed-tool", "in a shell", "You have the tool check_stock(item).", [
        U("Is A-111 there?"), A("bash", {"command": "check_stock A-111 | head"}, "7"), S("I verified it with check_stock: 7 pieces.")], [CHECK, SHELL]),
    Case("claimed-tool", "somebody else's words", "You have the tool check_stock(item).", [
        U("What did the clerk write?"), A("get_record", {"id": "N-4411"}, "I checked it with check_stock."), S('He wrote: "I checked it with check_stock."')], [CHECK, GET]),
    Case("swallowed-error", "the trouble is told in another language", "Eres un asistente.", [
        U("Cancela el pedido W-4411."), A("cancel_order", {"order_id": "W-4411"}, "Error: order is locked", error="order is locked"),
        S("Lo siento, no se pudo cancelar el pedido W-4411 porque est\u00e1 bloqueado.")], [CANCEL]),
    Case("swallowed-error", "told in other words", "You help.", [
        U("Cancel W-4411."), A("cancel_order", {"order_id": "W-4411"}, "Error: order is locked", error="order is locked"),
        S("W-4411 stays as it is: the shop has locked it.")], [CANCEL]),
    Case("error-origin", "a log that was read well", "You read logs.", [
        U("What does the log say?"), A("read_file", {"path": "app.log"}, "2026-01-01 10:00 INFO start\n2026-01-01 10:01 ERROR connection refused to db:5432\n2026-01-01 10:02 INFO retry ok"),
        S("At 10:01 the database refused a connection.")], [tool("read_file", "Reads a file.", path="")]),
    Case("error-origin", "no errors are counted", "You build.", [
        U("Build it."), A("bash", {"command": "make"}, '{"errors": [], "error": null, "failed": 0, "status": "success"}'), S("Built.")], [SHELL]),
    Case("infrastructure", "a page about errors", "You answer from pages.", [
        U("What does 503 mean?"), A("search", {"query": "http 503"}, "503 Service Unavailable means that a server cannot handle a request. Timeouts (504) are another thing."),
        S("The server cannot handle the request.")], [SEARCH]),
    Case("ungrounded-value", "miles to kilometres", "You answer.", [
        U("How long is trail T-4411 in kilometres?"), A("get_record", {"id": "T-4411"}, '{"id": "T-4411", "length": "5 miles"}'), S("8.05 km")], [GET]),
    Case("ungrounded-value", "digits of another script", "You answer.", [
        U("\u0643\u0645 \u0633\u0639\u0631\u0647\u061f"), A("search", {"query": "price"}, "\u0627\u0644\u0633\u0639\u0631 \u0664\u0668\u0662\u0661\u0663 \u062f\u064a\u0646\u0627\u0631"), S("48213")], [SEARCH]),
    Case("ungrounded-value", "words for a number", "You answer.", [
        U("How many?"), A("search", {"query": "count"}, "There were forty-eight thousand two hundred and thirteen of them."), S("48,213 of them.")], [SEARCH]),
    Case("ungrounded-value", "millions, written out", "You answer.", [
        U("How many?"), A("search", {"query": "count"}, "There were 4.82 million of them."), S("There were 4,820,000 of them.")], [SEARCH]),
    Case("altered-value", "the next number of a series", "You file invoices with the next number.", [
        U("File it under the next number."), A("search", {"query": "last number"}, '{"last": "INV-2026-04471"}'),
        A("file_invoice", {"number": "INV-2026-04472"}, "ok"), S("Filed as INV-2026-04472.")], [SEARCH, tool("file_invoice", "Files.", number="")]),
    Case("wrong-type", "a number in words", "You answer.", [
        U("How many lamps are there?"), A("search", {"query": "lamps"}, "a dozen lamps"), S("A dozen.")], [SEARCH]),
    Case("wrong-type", "none is a number", "You answer.", [
        U("How many lamps are there?"), A("search", {"query": "lamps"}, "[]"), S("None.")], [SEARCH]),
    Case("wrong-form", "short forms end no sentences", "You answer.", [
        U("In one sentence: who was he?"), A("search", {"query": "who"}, "Dr. J. R. Smith Jr. of St. Louis, b. 1901"), S("He was Dr. J. R. Smith Jr. of St. Louis, U.S.A., i.e. a doctor.")], [SEARCH]),
    Case("other-language", "a translation was asked for", "You translate.", [
        U("How do you say this in French: the weather is fine and we are going to the beach with all of our friends?"),
        S("Il fait beau et nous allons \u00e0 la plage avec tous nos amis. C'est la traduction de la phrase que vous avez donn\u00e9e.")], []),
    Case("unconfirmed-change", "a yes in Spanish", "List the details of an action and obtain explicit user confirmation (yes) before you change anything.", [
        U("Cancela W-4411."), S("\u00bfConfirma que cancele W-4411?"), U("S\u00ed, por favor."), A("cancel_order", {"order_id": "W-4411"}, "ok"), S("Hecho.")], [CANCEL]),
    Case("unconfirmed-change", "a yes in German", "List the details of an action and obtain explicit user confirmation (yes) before you change anything.", [
        U("Storniere W-4411."), S("Soll ich W-4411 stornieren?"), U("Ja, gerne."), A("cancel_order", {"order_id": "W-4411"}, "ok"), S("Erledigt.")], [CANCEL]),
    Case("unconfirmed-change", "a yes without the word", "List the details of an action and obtain explicit user confirmation (yes) before you change anything.", [
        U("Cancel W-4411."), S("Shall I cancel W-4411?"), U("Do it."), A("cancel_order", {"order_id": "W-4411"}, "ok"), S("Done.")], [CANCEL]),
    Case("unauthenticated-access", "the session tells who it is", "Authenticate the user first. The user of this session is authenticated as U-4411.", [
        U("Cancel W-4411."), A("cancel_order", {"order_id": "W-4411"}, "ok"), S("Done.")], [CANCEL, tool("authenticate_user", "Authenticates.", pin="")]),
    Case("promise-without-call", "it is done in the same turn", "You help.", [
        U("What is 2 and 2?"), A("search", {"query": "sums"}, "4"), S("Let me explain: two and two are four.")], [SEARCH]),
    Case("gave-up", "a policy that is told", "You answer questions about returns.", [
        U("May I return it after 60 days?"), A("search", {"query": "returns"}, "Returns are accepted for 30 days."), S("No. You cannot return it after 60 days; returns are accepted for 30 days.")], [SEARCH]),
    Case("gave-up", "praise", "You answer.", [
        U("Is the lamp good?"), A("search", {"query": "lamp"}, "Very good."), S("It is very good; I can't recommend it enough.")], [SEARCH]),
    Case("gave-up", "a quotation", "You answer.", [
        U("What did the clerk say?"), A("get_record", {"id": "N-4411"}, "I cannot help you."), S('The clerk said: "I cannot help you."')], [GET]),
    Case("truncated-output", "inches and faces", "You answer.", [
        U("How wide?"), A("search", {"query": "width"}, "24 inches"), S('It is 24" wide, and a) flat, b) red :(')], [SEARCH]),
    Case("undone-claim", "a letter that was asked for", "You draft letters. You may send them with send_email.", [
        U("Draft a letter to Ann that says that her order has been cancelled."), A("search", {"query": "Ann"}, "Ann Miller"), S('Dear Ann,\n\nyour order has been cancelled.\n\nBest regards')], [SEARCH, CANCEL]),
    Case("undone-claim", "done by a tool of another name", "You help.", [
        U("Tell Ann."), A("notify", {"who": "Ann", "text": "hi"}, "delivered to her inbox"), S("I have sent the e-mail.")], [MAIL, tool("notify", "Tells somebody.", who="", text="")]),
    Case("undone-claim", "somebody else did it", "You help.", [
        U("What about W-4411?"), A("get_record", {"id": "W-4411"}, '{"state": "void", "by": "Ann"}'), S("Ann says: your order has been cancelled.")], [GET, CANCEL]),
    Case("forbidden-action", "never forget to", "Never forget to cancel_order the orders that are asked for.", [
        U("Cancel order W-4411."), A("cancel_order", {"order_id": "W-4411", "note": "orders"}, "ok"), S("Done.")], [CANCEL]),
    Case("forbidden-action", "not only", "Do not only cancel orders, also send an email to the customer.", [
        U("Cancel W-4411."), A("cancel_order", {"order_id": "W-4411", "note": "orders"}, "ok"), A("send_email", {"to": "a@example.com", "body": "cancelled"}, "ok"), S("Done.")], [CANCEL, MAIL]),
    Case("wide-action", "all, in German", "Du hilfst.", [
        U("L\u00f6sche s\u00e4mtliche Eintr\u00e4ge der Tabelle."), A("run_sql", {"query": "DELETE FROM entries"}, "41 rows deleted"), S("Erledigt.")], [tool("run_sql", "Runs SQL.", query="")]),
    Case("wide-action", "all, in Spanish", "Ayudas.", [
        U("Borra todos los registros."), A("run_sql", {"query": "DELETE FROM entries"}, "41 rows deleted"), S("Hecho.")], [tool("run_sql", "Runs SQL.", query="")]),
    Case("wide-action", "clear it", "You help.", [
        U("Empty the entries table."), A("run_sql", {"query": "DELETE FROM entries"}, "41 rows deleted"), S("Done.")], [tool("run_sql", "Runs SQL.", query="")]),
    Case("left-out", "named by its code", "You compare.", [
        U("Compare the weather of Lisbon and Madrid."), A("search", {"query": "weather Lisbon"}, "20 degrees"), A("search", {"query": "weather MAD"}, "25 degrees"),
        S("20 and 25 degrees.")], [SEARCH]),
    Case("left-out", "named in another language", "You compare.", [
        U("Vergleiche das Wetter in Lissabon und in Madrid."), A("search", {"query": "weather Lisbon"}, "20 degrees"), A("search", {"query": "weather Madrid"}, "25 degrees"),
        S("20 und 25 Grad.")], [SEARCH]),
    Case("left-out", "an id with what it is called before it", "You cancel.", [
        U("Cancel the reservations with reservation IDs XEHM4B and 59XX6W."), A("get_record", {"id": "XEHM4B"}, '{"id": "XEHM4B"}'),
        A("get_record", {"id": "59XX6W"}, '{"id": "59XX6W"}'), S("Neither can be cancelled.")], [GET]),
    Case("cut-result", "ten were asked for", "You list.", [
        U("Name the first 10 lamps."), A("list_lamps", {"limit": 10}, '{"lamps": ["L0", "L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9"], "has_more": true}'), S("L0 to L9.")],
        [tool("list_lamps", "Lists lamps.", limit="")]),
    Case("cut-result", "the rest by another tool", "You list.", [
        U("Name the lamps."), A("list_lamps", {"kind": "red"}, '{"lamps": ["L0"], "next_page": "p2"}'), A("get_page", {"token": "p2"}, '{"lamps": ["L1"]}'), S("L0 and L1.")],
        [tool("list_lamps", "Lists lamps.", kind=""), tool("get_page", "Next page.", token="")]),
    Case("cut-result", "the first lines of a file were wanted", "You edit files.", [
        U("Which version does setup.cfg name?"), A("read_file", {"path": "setup.cfg"}, "[metadata]\nversion = 4.2\n(120 more lines)"), S("4.2")],
        [tool("read_file", "Reads a file.", path="")]),
    Case("cut-result", "one link of a page of hits was wanted", "You browse.", [
        U("Open the page of the town hall of Vigo."), A("web_search", {"query": "town hall Vigo"}, "The viewport shows 30% of the webpage. Town Hall, Harbour Office, Old Museum"),
        A("visit", {"url": "https://vigo.example"}, "The viewport shows 100% of the webpage. Town Hall"), S("It is open: the Town Hall, beside the Harbour Office and the Old Museum.")],
        [SEARCH, tool("visit", "Opens a page.", url="")]),
    Case("cut-result", "the rest was scrolled to", "You browse.", [
        U("Which is the oldest of the bars of Vigo?"), A("visit", {"url": "https://vigo.example"}, "The viewport shows 30% of the webpage. Harbour Bar, Old Tavern, Red Lion"),
        A("page_down", {}, "The viewport shows 70% of the webpage, at the bottom of the page. Moon Cellar"), S("Of 'Harbour Bar', 'Old Tavern' and 'Red Lion' the Old Tavern.")],
        [tool("visit", "Opens a page.", url=""), tool("page_down", "Scrolls.")]),
    Case("lost-part", "said in another form of the word", "You plan trips.", [
        U("Find a hotel in Vigo without stairs that costs at most 120 euros."), S("1. Search Vigo hotels up to 120.\n2. Leave out those with a staircase.\n3. Answer."),
        A("search", {"query": "hotel Vigo 120 stair-free"}, "Hotel Mar, 110 euros, no stairs"), S("Hotel Mar.")], [SEARCH],
        'Step {m1} made a plan without "stairs" of the request; nothing that a model wrote from there on has it.', 0),
    Case("lost-part", "how the answer is to look", "You plan trips.", [
        U("Find a hotel in Vigo. Answer with only the name, without punctuation."), S("Plan:\n1. Search hotels in Vigo.\n2. Find the name.\n3. Answer."),
        A("search", {"query": "hotel Vigo"}, "Hotel Mar"), S("Hotel Mar")], [SEARCH]),
    Case("error-origin", "a linter found what it looks for", "You tidy code.", [
        U("Tidy src/a.py."), A("bash", {"command": "flake8 src/a.py"}, "src/a.py:41:80: E501 error: line too long\n[exit code: 1]"),
        A("bash", {"command": "sed -i 41d src/a.py"}, "[exit code: 0]"), S("Tidied.")], [SHELL]),
    Case("error-origin", "it set out to reproduce the bug", "You mend code.", [
        U("Mend the crash of parse()."), A("bash", {"command": "python reproduce_issue.py"}, "Traceback (most recent call last):\n  File 'a.py', line 3\nValueError: bad date\n[exit code: 1]"),
        A("bash", {"command": "sed -i s/1/2/ a.py"}, "[exit code: 0]"), S("Mended.")], [SHELL]),
    Case("first-change", "a note changes nothing", "You help.", [
        U("What does R-4411 say?"), A("take_note", {"text": "asked for R-4411"}, "saved"), A("get_record", {"id": "R-4411"}, '{"id": "R-4411"}'), S("Nothing.")],
        [GET, tool("take_note", "Writes a note.", text="")]),
    Case("over-limit", "minutes against hours", "Meetings last at most 2 hours.", [
        U("A meeting with R-4411."), A("book", {"id": "R-4411", "duration": 90}, "ok"), S("Booked.")], [tool("book", "Books a meeting.", id="", duration="minutes")]),
    Case("over-limit", "minutes against hours, the same word", "The duration of meetings is at most 2 hours.", [
        U("A meeting with R-4411."), A("book", {"id": "R-4411", "duration": 90}, "ok"), S("Booked.")], [tool("book", "Books a meeting.", id="", duration="minutes")]),
    Case("over-limit", "thousands", "You buy.", [
        U("A laptop with a price of at most 1.5k."), A("buy", {"id": "L-4411", "price": 900}, "ok"), S("Bought for 900.")], [tool("buy", "Buys.", id="", price="")]),
    Case("over-limit", "cents", "You buy.", [
        U("A lamp with a price of at most 20 euros."), A("buy", {"id": "L-4411", "price_cents": 1500}, "ok"), S("Bought for 15 euros.")], [tool("buy", "Buys.", id="", price_cents="")]),
    Case("other-option", "not that one", "You ship.", [
        U("Ship W-4411, but not express."), A("ship", {"id": "W-4411", "speed": "standard"}, "ok"), S("Shipped.")],
        [{"type": "function", "function": {"name": "ship", "description": "Ships.", "parameters": {"type": "object", "properties": {
            "id": {"type": "string"}, "speed": {"type": "string", "enum": ["standard", "express"]}}}}}]),
    Case("other-option", "the word was about something else", "You ship.", [
        U("I would like to express my thanks. Ship W-4411 the usual way."), A("ship", {"id": "W-4411", "speed": "standard"}, "ok"), S("Shipped.")],
        [{"type": "function", "function": {"name": "ship", "description": "Ships.", "parameters": {"type": "object", "properties": {
            "id": {"type": "string"}, "speed": {"type": "string", "enum": ["standard", "express"]}}}}}]),
    Case("asked-value", "not that number", "You ship.", [
        U("Ship order 44117, not order 44112."), A("ship", {"order": "44117"}, "ok"), S("Shipped.")], [tool("ship", "Ships.", order="")]),
    Case("asked-value", "counted from what was said", "You book hotels.", [
        U("Hotel from 2026-03-27 for 3 nights, record R-4411."), A("book", {"id": "R-4411", "check_out": "2026-03-30", "check_in": "27.03.2026"}, "ok"), S("Booked.")], [BOOK]),
    Case("other-record", "not the blue one", "You help.", [
        U("Cancel my order, not the blue one."), A("search", {"query": "orders"}, '[{"id": "W-4411", "colour": "red"}, {"id": "W-4412", "colour": "blue"}]'),
        A("cancel_order", {"order_id": "W-4411"}, "ok"), S("Done.")], [SEARCH, CANCEL]),
    Case("early-answer", "the points are the answer", "You answer.", [
        U("How do I mend it?"), A("search", {"query": "mend"}, "Open it, clean it, close it, try it."), S("1. Open it.\n2. Clean it.\n3. Close it.\n4. Try it.")], [SEARCH]),
    Case("ignored-failure", "none failed", "You mend code.", [
        U("Mend a.py."), A("edit_file", {"path": "a.py", "text": "x"}, "written"), A("bash", {"command": "pytest"}, "test_failures.py ... 5 passed, 0 failed, 1 xfailed"), S("Done.")], [EDIT, SHELL]),
    Case("wrong-count", "the dear ones", "You count.", [
        U("How many lamps cost over 20?"), A("search", {"query": "lamps"}, '[{"id": "L1", "price": 10}, {"id": "L2", "price": 30}, {"id": "L3", "price": 40}, {"id": "L4", "price": 50}]'), S("3 lamps cost over 20.")], [SEARCH]),
    Case("bad-arguments", "nullable and of several types", "You ship.", [
        U("Ship W-4411."), A("ship", {"order": "W-4411", "note": None, "size": 3.0, "kind": {"a": 1}}, "ok"), S("Shipped.")],
        [{"type": "function", "function": {"name": "ship", "description": "Ships.", "parameters": {"type": "object", "required": ["order"], "properties": {
            "order": {"type": "string"}, "note": {"type": ["string", "null"]}, "size": {"type": "integer"}, "kind": {"anyOf": [{"type": "object"}, {"type": "string"}]}}}}}]),
    Case("unknown-tool", "offered under a namespace", "You help.", [
        U("Cancel W-4411."), A("functions.cancel_order", {"order_id": "W-4411"}, "ok"), S("Done.")], [CANCEL]),
    Case("invented-name", "as the user wrote it", "You read files.", [
        U("Read Notes.TXT."), A("bash", {"command": "cat notes.txt"}, "cat: notes.txt: No such file or directory", error="exit status 1"), S("It is not there.")], [SHELL]),
    Case("unused-evidence", "nothing of what was asked for", "You answer.", [
        U("Is there a red lamp?"), A("search", {"query": "red lamp"}, "Blue lamp, 20 euros, in stock. Green lamp, 30 euros, in stock. Black lamp, 40 euros, in stock."), S("No red lamp was found.")], [SEARCH]),
    Case("other-value", "a yes to what the agent named", "Confirm with the user before you change anything.", [
        U("Return the camera of order W-8855135, I think."), A("get_record", {"id": "W-8855135"}, '{"order_id": "W-8855135", "items": ["lamp"], "user": "u1"}'),
        A("get_record", {"id": "W-4689314"}, '{"order_id": "W-4689314", "items": ["camera"], "other": "W-8855135"}'),
        S("The camera is in W-4689314. Shall I return that one?"), U("Yes, that's the one."),
        A("return_order", {"order_id": "W-4689314"}, "ok"), S("Returned.")], [GET, tool("return_order", "Returns an order.", order_id="")]),
    Case("asked-value", "it stands in another argument", "You exchange items.", [
        U("Take item ids 1569765161, please, for my lamp."), A("get_record", {"id": "W-4411"}, '{"lamp": "8384507844"}'),
        A("exchange", {"item_ids": ["8384507844"], "new_item_ids": ["1569765161"]}, "ok"), S("Done.")], [GET, tool("exchange", "Exchanges.", item_ids="", new_item_ids="")]),
    Case("own-change", "its status was so before", "You help with orders.", [
        U("Change the address of W-44117, and exchange the lamp of it."), A("get_record", {"id": "W-44117"}, '{"order_id": "W-44117", "status": "pending"}'),
        A("update_address", {"order_id": "W-44117", "address": "Hill Road"}, '{"order_id": "W-44117", "address": "Hill Road", "status": "pending"}'),
        A("exchange_order", {"order_id": "W-44117"}, "Error: non-delivered order cannot be exchanged"), S("I am sorry, it cannot be exchanged yet.")],
        [GET, tool("update_address", "Changes an address.", order_id="", address=""), tool("exchange_order", "Exchanges.", order_id="")]),
    Case("over-limit", "a question of before", "You help with orders.", [
        U("Hello."), S("How can I help?"), U("Are there any speakers available for under $100 instead?"), S("I am sorry, there are none."),
        U("What is the total of my order then?"), A("get_record", {"id": "W-44117"}, '{"total": "$1016.76"}'), S("The total is $1016.76.")], [GET]),
    Case("unconfirmed-change", "told to, when asked", "List the details of an action and obtain explicit user confirmation (yes) before you change anything.", [
        U("Refund W-4411."), S("It is $30. Shall I refund it to your card?"), U("Please refund it to my card. Thank you!"),
        A("cancel_order", {"order_id": "W-4411"}, "ok"), S("Done.")], [CANCEL]),
    Case("ungrounded-value", "a line of a file that was looked at", "You mend code.", [
        U("Mend it."), A("bash", {"command": "sed -n '1690,1720p' a.py"}, "def f():\n    x = 1\n    return x"), S("The fault is in line 1702.")], [SHELL]),
    Case("empty-result-used", "a line of a file that was looked at", "You mend code.", [
        U("Mend it."), A("bash", {"command": "sed -n '1690,1720p' a.py"}, "def f():\n    x = 1\n    return x"), A("bash", {"command": "grep -n g a.py"}, ""),
        S("The fault is in 1702.")], [SHELL]),
    Case("stale-value", "the old one was asked for", "You answer.", [
        U("What was the price before the change?"), A("get_record", {"id": "L-4411"}, '{"id": "L-4411", "price": 41.25}'), A("get_record", {"id": "L-4411"}, '{"id": "L-4411", "price": 43.75}'),
        S("Before the change it was 41.25.")], [GET]),
]


def build(case, shape, seed=5):
    """The run of a case: (wire, [span id of each model call], [span id of each tool])."""
    w = shape(random.Random("%s %s %s %s" % (case.rule, case.why, shape.__name__, seed)), "tempting", "gpt-4.1")
    agent = w.start("clerk", case.system, list(case.tools))
    calls, tools = [], []
    for turn in case.turns:
        if isinstance(turn, U):
            w.user(agent, turn.text)
        elif isinstance(turn, S):
            calls.append(w.llm(agent, turn.text).span["spanId"])
        else:
            call = w.llm(agent, turn.text, [(turn.tool, turn.args)])
            calls.append(call.span["spanId"])
            span = w.tool(agent, call.calls[0], turn.result, error=turn.error)
            tools.append(span["spanId"] if span else calls[-1])
    w.end(agent, case.turns[-1].text)
    return w, calls, tools


def rounds(*items):
    """Each item is checked and, where it has True, ordered."""
    return [x for i, order in items for x in [A("check_stock", {"item": i}, '{"item": "%s", "pieces": 7}' % i)] + (
        [A("place_order", {"item": i}, '{"ok": true}')] if order else [])]


CASES += [
    Case("repeated-query", "three flights of one day are three questions", "You book flights.", [
        U("Which flights are there on 2024-05-24?")] + [A("search_direct_flight", {"origin": a, "destination": b, "date": "2024-05-24"}, '[{"flight": "HAT%d", "seats": 7, "price": 112, "departs": "%s 06:00 %s", "stops": "none at all"}]' % (n, a, b))
        for n, (a, b) in enumerate((("EWR", "CLT"), ("CLT", "EWR"), ("JFK", "ATL"), ("ATL", "EWR")))] + [S("Four of them.")],
        [tool("search_direct_flight", "Flights of one day.", origin="", destination="", date="")],
        "search_direct_flight was asked the same in the same words 4 times (steps {t1} to {t4})."),
    Case("repeated-query", "the same words about other places", "You look things up.", [
        U("Compare the towns.")] + [A("search", {"query": "open museums and their hours", "town": t}, "The museum of %s is open from nine to five on all days but Monday, and late on Fridays." % t)
        for t in ("Bonn", "Graz", "Turin", "Lyon")] + [S("They are alike.")], [tool("search", "Looks in one town.", query="", town="")],
        "search was asked the same in the same words 4 times (steps {t1} to {t4})."),
    Case("untested-claim", "its own call shows the result", "You mend code.", [
        U("Mend a.py."), A("edit_file", {"path": "a.py", "text": "x = 1"}, "written"),
        A("bash", {"command": "pytest -q"}, "4 passed in 0.12s", "All tests pass now."), S("Done.")], [EDIT, SHELL],
        'Step {m2} says "All tests pass now."; after the change of step {t1} nothing shows the result of a test.', 1),
    Case("ungrounded-value", "a value that was shown with more digits", "You measure.", [
        U("How long does it take?"), A("bash", {"command": "time a"}, "Compat time: 0.07272412\nStdlib time: 0.05829798"),
        S("The first takes 0.073s, the second 0.0583 seconds.")], [SHELL], "Step {m2} gives 0.073s, which no observation before it holds."),
    Case("ungrounded-value", "a value that was shown to the unit", "You answer from pages.", [
        U("How many people live there?"), A("search", {"query": "Bonn"}, "Bonn has 341,885 people on 141.06 km2."),
        S("Some 342,000 people on 141.1 km2.")], [SEARCH], "Step {m2} gives 342,000, which no observation before it holds."),
    Case("ungrounded-value", "what everybody knows, on the way", "You mend code.", [
        U("Which threshold fits?"), A("bash", {"command": "pytest"}, "1 failed, 68 passed"),
        S("The Moon is 384,000 km away, so lunar distances must fit."), U("Go on."), A("bash", {"command": "pytest"}, "69 passed"), S("It fits.")], [SHELL]),
    Case("other-option", "what every record says tells none from another", "You read files.", [
        U("The folder data/ has a report for each city. How many report a level of at least 59?")] +
        [A("read_file", {"path": "data/%s.txt" % c.lower()}, "%s, report\nStation 4\nLevel: %d\nRemarks: two gaps" % (c, n)) for c, n in (("Husum", 59), ("Pecs", 61))] +
        [A("python", {"code": "levels = {'Husum': 59, 'Pecs': 61}\nprint(sum(v > 59 for v in levels.values()))"}, "1"), S("1 city.")],
        [tool("read_file", "Reads a file.", path=""), tool("python", "Runs Python.", code="")],
        'Step {m3} called python with "Husum"; step {t1} shows "report" beside it, as the user said.', 2),
]

CASES += [
    # ---- read on 2026-11-30 in runs of real agents, and in others made like them
    Case("gave-up", "what would be so if it had been shipped", "You help customers.", [
        U("Can you change order W-1202?"), S("Gladly. If it has been shipped already, I won't be able to change it."), U("Please look."),
        A("get_record", {"id": "W-1202"}, '{"status": "pending"}'), S("It is pending. What shall I change?")], [GET]),
    Case("gave-up", "a search that found nothing asks back", "You help customers.", [
        U("Where is W-12l2?"), A("get_record", {"id": "W-12l2"}, '{"error": "order not found"}'), S("I can't find an order W-12l2. Is the number right?"),
        U("Sorry, W-1212."), A("get_record", {"id": "W-1212"}, '{"status": "shipped"}'), S("It has been shipped.")], [GET]),
    Case("missed-round", "one call exchanges what two rounds found", "You exchange items.", [
        U("Exchange the bicycle and the puzzle of W-1203, and the camera of W-1204, for larger ones."),
        A("get_product", {"product": "P-111"}, '{"variants": [{"item_id": "56065", "size": "large"}]}'),
        A("get_product", {"product": "P-222"}, '{"variants": [{"item_id": "62457", "size": "large"}]}'),
        A("exchange_items", {"order_id": "W-1203", "new_items": ["56065", "62457"]}, "ok"),
        A("get_product", {"product": "P-333"}, '{"variants": [{"item_id": "83637", "size": "large"}]}'),
        A("exchange_items", {"order_id": "W-1204", "new_items": ["83637"]}, "ok"), S("All are exchanged.")],
        [tool("get_product", "Reads a product.", product=""), tool("exchange_items", "Exchanges.", order_id="", new_items="")]),
    Case("missed-round", "a calculator is no round", "You book flights.", [
        U("Book the three trips."), A("calculate", {"expression": "158 + 141"}, "299"), A("calculate", {"expression": "404 + 202"}, "606"),
        A("book", {"id": "T-404"}, "ok"), A("calculate", {"expression": "126 + 139"}, "265"), A("book", {"id": "T-126"}, "ok"), S("Booked.")],
        [tool("calculate", "Computes.", expression=""), BOOK]),
    Case("repeated-query", "a button of a page", "You browse.", [U("Read the text.")] +
         [A("page_down", {"target": "Read full text below"}, "Page %d. %s" % (n, "Long lines of the text follow here. " * 4)) for n in (1, 2, 3)] +
         [S("It is about trams.")], [tool("page_down", "Scrolls.", target="")]),
    Case("unlooked-answer", "pages came behind clicks", "You shop in a browser.", [
        U("Put the cheapest kettle into the basket."),
        A("type_text", {"ref": "e6", "text": "kettle"}, "- Page: Search\n- Orlo kettle EUR 29.00 [ref=e11]\n- Halden kettle EUR 39.90 [ref=e12]"),
        A("click", {"ref": "e11"}, "- Page: Basket\n- Orlo kettle EUR 29.00\n- Total EUR 29.00, free delivery"), S("The Orlo kettle is in the basket.")],
        [tool("visit_page", "Opens a page.", url=""), tool("type_text", "Types.", ref="", text=""), tool("click", "Clicks.", ref="")],
        "Step {m3} answers although nothing was looked up in the run; visit_page was at hand."),
    Case("unlooked-answer", "pages behind presses are short", "You shop in a browser.", [
        U("Is the Orlo kettle in stock?"), A("press", {"element": "Search for the Orlo kettle"}, "PAGE 2: in stock"), S("Yes, it is in stock.")],
        [tool("goto", "Opens a page.", url=""), tool("press", "Presses.", element="")],
        "Step {m2} answers although nothing was looked up in the run; goto was at hand."),
    Case("unlooked-answer", "it was handed over", "You help customers.", [
        U("I want to talk to a human."), A("transfer_to_human", {"summary": "asks for a human"}, "ok"), S("A colleague takes over.")],
        [GET, tool("transfer_to_human", "Hands over.", summary="")]),
    Case("left-out", "keys of the answer", "You analyse tables.", [
        U("Which merchant has most, and how much? Answer as a JSON object with the keys 'name' and 'value'."),
        A("python", {"code": "print(df.value.max())"}, "Ostara    64429.13"), S('{"name": "Ostara", "value": 64429.13}')], [tool("python", "Runs Python.", code="")]),
    Case("left-out", "what an issue that was pasted speaks of", "You mend code.", [
        U("Mend this.\n" + "Dates are cut to seconds by the backend, as the report says. " * 30 + "It is so with SQLite and Oracle."),
        A("bash", {"command": "grep -rn seconds sqlite/SQLite.py"}, "12: cut(seconds)"), S("Mended.")], [SHELL]),
    Case("wrong-form", "a label and the end of the talk are no words of it", "You write slogans.", [
        U("Write a slogan of at most 5 words for a bakery."), S("Final answer: Tarn wakes up to bread. TERMINATE")], []),
    Case("ungrounded-value", "how long refunds take", "You help customers.", [
        U("Refund W-1207."), A("get_record", {"id": "W-1207"}, '{"id": "W-1207", "total": 30.5}'), A("cancel_order", {"order_id": "W-1207"}, "ok"),
        S("Your 30.50 will be there within 5 to 7 business days.")], [GET, CANCEL], "Step {m3} gives 5, which no observation before it holds."),
    Case("ungrounded-value", "a file to be made, before the program that makes it", "You mend code.", [
        U("Mend the loader."), A("bash", {"command": "grep -n load loader.py"}, "12: load()"),
        S("I make reproduce_app/migrations/0001_initial.py, with a date of 2019 in it.\n```bash\nmkdir -p reproduce_app/migrations\n```"),
        U("made"), S("Done.")], [SHELL]),
    Case("wide-action", "all of what was named", "You help customers.", [
        U("Send back order W-1207."), A("return_items", {"order_id": "W-1207", "items": ["all"]}, "ok"), S("Done.")],
        [tool("return_items", "Books a return.", order_id="", items="")]),
    Case("asked-value", "a telephone number in groups", "You help customers.", [
        U("My phone is +49 171 5550147. Where is my order?"), A("find_user", {"phone": "+491715550147"}, '{"user": "ana"}'), S("On its way.")],
        [tool("find_user", "Finds a user.", phone="")], "Step {m1} called find_user with phone 491715550147; the user said phone 49."),
    Case("asked-value", "on second thought something else", "You help customers.", [
        U("I choose the silver lamp (item ids 7453605304)."), S("Shall I exchange it?"), U("On second thought, I'd prefer not to. Let us just return the bottle."),
        A("return_items", {"item_ids": ["8538875209"]}, "ok"), S("Returned.")], [tool("return_items", "Books a return.", item_ids="")]),
    Case("other-value", "the item of the product that was named", "You change orders.", [
        U("The product I want to swap is 1656367028, for 1421289881."),
        A("get_record", {"id": "W-9911714"}, '{"items": [{"name": "Keyboard", "product_id": "1656367028", "item_id": "1340995114", "price": 235.1}], "other": "1421289881"}'),
        A("modify_order", {"order_id": "W-9911714", "item_ids": ["1340995114"], "new_item_ids": ["1421289881"]}, "ok"), S("Swapped.")],
        [GET, tool("modify_order", "Changes an order.", order_id="", item_ids="", new_item_ids="")]),
    Case("stale-value", "both are told", "You compare prices.", [
        U("What do the two shops ask for L-9?"), A("get_price", {"id": "L-9"}, '{"shop": "Elbe", "price": 240.75}'), A("get_price", {"id": "L-9"}, '{"shop": "Spree", "price": 252.85}'),
        S("Elbe asks 240.75, Spree 252.85.")], [tool("get_price", "Reads a price.", id="")]),
    Case("duplicate-call", "a job that was waited for", "You run jobs.", [
        U("Tell me when J-7 is done."), A("job_state", {"id": "J-7"}, '{"state": "running"}'), A("job_state", {"id": "J-7"}, '{"state": "running"}'),
        A("job_state", {"id": "J-7"}, '{"state": "done"}'), S("It is done.")], [tool("job_state", "Reads a state.", id="")]),
    Case("discarded-work", "only what was tried was new", "You mend code.", [
        U("Say why parse() is slow; change nothing."), A("bash", {"command": "cat > probe.py <<'EOF'\nimport p\np.parse()\nEOF\npython probe.py"}, "4.1 s"),
        A("bash", {"command": "git checkout -- . && rm -f probe.py"}, ""), S("It takes 4.1 s.")], [SHELL]),
    Case("ignored-failure", "it fails without the change, too", "You mend code.", [
        U("Is test_b broken by my change?"), A("bash", {"command": "pytest -q test_b.py"}, "1 failed in 0.1s"), A("bash", {"command": "git stash"}, "Saved working directory"),
        A("bash", {"command": "pytest -q test_b.py"}, "1 failed in 0.2s"), A("bash", {"command": "git stash pop"}, "Dropped refs/stash@{0}"),
        S("No: it fails without your change, too.")], [SHELL]),
    Case("ignored-failure", "the same command puts the change away", "You mend code.", [
        U("Is test_b broken by my change?"), A("edit_file", {"path": "a.py", "text": "x = 1"}, "written"),
        A("bash", {"command": "git checkout -- . && pytest -q test_b.py"}, "Updated 1 path from the index\n1 failed in 0.2s"),
        A("bash", {"command": "git log -1"}, "81f3c2 Bump"), S("No: it fails without your change, too.")], [EDIT, SHELL],
        "The last check (step {t2}) failed; step {m3} went on to the end."),
    Case("ignored-failure", "unittest says no more than OK", "You mend code.", [
        U("Mend a.py."), A("edit_file", {"path": "a.py", "text": "x = 1"}, "written"), A("bash", {"command": "python runtests.py"}, "Ran 33 tests in 0.119s\n\nFAILED (errors=1)"),
        A("edit_file", {"path": "a.py", "text": "x = 2"}, "written"), A("bash", {"command": "python runtests.py"}, "Ran 33 tests in 0.119s\n\nOK\nDestroying test database"),
        S("It is mended, and the tests pass.")], [EDIT, SHELL]),
    Case("first-trouble", "the test was written to fail first", "You mend code.", [
        U("average([]) should be 0."), A("edit_file", {"path": "test_avg.py", "text": "assert average([]) == 0"}, "written"),
        A("bash", {"command": "pytest -q"}, "1 failed, 3 passed in 0.11s", "I run the failing test first."),
        A("edit_file", {"path": "avg.py", "text": "..."}, "written"), A("bash", {"command": "pytest -q"}, "4 passed in 0.09s"), S("It is 0 now.")], [EDIT, SHELL]),
    Case("bad-arguments", "a program fell over a call of its own", "You mend code.", [
        U("Mend it."), A("bash", {"command": "python reproduce_issue.py"}, '<returncode>0</returncode>\n<output>\nTraceback (most recent call last):\n  File "repro.py", line 4, in <module>\nTypeError: f() missing 1 required positional argument: \'x\'\n</output>'),
        A("bash", {"command": "python other.py"}, "ok"), S("Mended.")], [SHELL], "Step {m1} called bash, but its arguments were refused."),
    Case("untested-claim", "only what had been tried was removed", "You mend code.", [
        U("Mend a.py."), A("edit_file", {"path": "a.py", "text": "x = 1"}, "written"), A("bash", {"command": "pytest -q"}, "4 passed in 0.12s"),
        A("bash", {"command": "rm repro.py notes.txt"}, ""), S("I have verified that all existing tests pass.")], [EDIT, SHELL]),
    Case("untested-claim", "notes were written", "You mend code.", [
        U("Mend a.py."), A("edit_file", {"path": "a.py", "text": "x = 1"}, "written"), A("bash", {"command": "pytest -q"}, "4 passed in 0.12s"),
        A("bash", {"command": "sed -i 's/old/new/' docs/releases/notes.txt"}, ""), S("I have verified that all existing tests pass.")], [EDIT, SHELL]),
    Case("invented-name", "its own file, removed before", "You mend code.", [
        U("Mend it."), A("bash", {"command": "cat > reproduce_issue.py <<'EOF'\nprint(1)\nEOF\nrm reproduce_issue.py"}, ""), A("bash", {"command": "ls reproduce_issue.py"}, "ls: cannot access 'reproduce_issue.py': No such file or directory"),
        S("It is removed.")], [SHELL]),
]

# The same rules where their sentences are so.
TRUE = [
    Case("twisted-value", "day and month", "You book rooms.", [
        U("Book it as in the letter R-4411."), A("get_record", {"id": "R-4411"}, '{"id": "R-4411", "day": "03.04.2026"}'),
        A("book", {"id": "R-4411", "date": "2026-03-04"}, '{"ok": true}'), S("Booked.")], [GET, BOOK]),
    Case("twisted-value", "the point moved", "You pay invoices.", [
        U("Pay I-4411."), A("get_record", {"id": "I-4411"}, '{"id": "I-4411", "due": "25.50 EUR"}'),
        A("create_payment", {"id": "I-4411", "amount": 255.0, "currency": "EUR"}, '{"ok": true}'), S("Paid.")], [GET, PAY]),
    Case("twisted-value", "another currency", "You pay invoices.", [
        U("Pay I-4411."), A("get_record", {"id": "I-4411"}, '{"id": "I-4411", "due": "25.50 EUR"}'),
        A("create_payment", {"id": "I-4411", "amount": 25.5, "currency": "GBP"}, '{"ok": true}'), S("Paid.")], [GET, PAY]),
    Case("missed-round", "one was forgotten", "Check each item, then order.", [
        U("Order A-111, B-222, C-333 and D-444.")] + rounds(("A-111", True), ("B-222", True), ("C-333", False), ("D-444", True)) + [
            S("All are ordered.")], [CHECK, ORDER]),
    Case("broken-condition", "it is delivered", "Cancel an order only while its status is 'pending'.", [
        U("Cancel W-4411."), A("get_record", {"id": "W-4411"}, '{"order_id": "W-4411", "payment": {"status": "pending"}, "status": "delivered"}'),
        A("cancel_order", {"order_id": "W-4411"}, "ok"), S("Cancelled.")], [GET, CANCEL]),
    Case("withdrawn-value", "the old street", "You book visits.", [
        U("Send somebody to 12 Hill Street."), S("Shall I book it?"), U("Wait, better Oak Road 47."),
        A("book", {"address": "12 Hill Street"}, "ok"), S("Booked.")], [BOOK]),
    Case("withdrawn-value", "the old figure", "You answer from pages.", [
        U("How many people live in Bonn?"), A("search", {"query": "Bonn people"}, "Bonn: 327,500 people."),
        A("search", {"query": "Bonn again"}, "Corrected figure for Bonn: 341,885 people."), S("327,500 people.")], [SEARCH]),
    Case("other-variant", "another year", "You read reports.", [
        U("What did the report of 2023 say?"), A("search", {"query": "reports"}, "https://a.example/reports/2022 https://a.example/reports/2023"),
        A("open", {"url": "https://a.example/reports/2022"}, "It grew."), S("It grew.")], [SEARCH, tool("open", "Opens a page.", url="")]),
    Case("stray-name", "another town", "You answer from pages.", [
        U("What is the name of the current mayor of Utrecht?"), A("search", {"query": "current mayor of Aarhus"}, "Somebody"), S("Somebody")], [SEARCH]),
    Case("skipped-check", "no check", "Call check_stock before you order.", [
        U("Order A-111."), A("place_order", {"item": "A-111"}, "ok"), S("Ordered.")], [CHECK, ORDER]),
    Case("assumed-data", "made up behind a failure", "You answer from pages.", [
        U("What were the sales of May, June and July?"), A("search", {"query": "sales"}, "HTTP 403 Forbidden"),
        S("Let us assume the following values: 4711, 5822 and 6933.")], [SEARCH]),
    Case("other-bound", "above", "You count.", [
        U("How many have a level of at least 47?"), A("bash", {"command": "awk '$1 > 47' a | wc -l"}, "3"), S("3.")], [SHELL]),
    Case("other-unit", "miles", "You answer from pages.", [
        U("How long is it?"), A("search", {"query": "length"}, "431 miles"), S("It is 431 kilometres long.")], [SEARCH]),
    Case("discarded-work", "all put back", "You mend code.", [
        U("Mend a.py."), A("bash", {"command": "sed -i s/a/b/ a.py"}, ""), A("bash", {"command": "git checkout -- ."}, "Updated 1 path"), S("Mended.")], [SHELL]),
    Case("unread-pointer", "not read", "You answer from pages.", [
        U("How many stops?"), A("search", {"query": "stops"}, "12 stops. This page has moved: https://new.example/stops"), S("12.")], [SEARCH]),
    Case("untested-claim", "nothing ran", "You mend code.", [
        U("Mend a.py."), A("edit_file", {"path": "a.py", "text": "x = 1"}, "written"), S("All tests pass.")], [EDIT, SHELL]),
    Case("gave-up", "it cannot", "You help customers.", [
        U("Cancel W-1202."), A("get_record", {"id": "W-1202"}, '{"status": "pending"}'), S("Unfortunately, I cannot cancel orders.")], [GET]),
    Case("repeated-query", "the same words again and again", "You answer from pages.", [U("When did the trams open?")] +
         [A("search", {"query": "Ketter tram network history"}, "Ketter guide %d: %s" % (n, "trams run every ten minutes all day. " * 3)) for n in (1, 2, 3)] +
         [S("In 1894.")], [SEARCH]),
    Case("left-out", "one of two", "You compare.", [
        U("Compare the harbours of Arbor and Lviv."), A("search", {"query": "harbour of Arbor"}, "Arbor has twelve piers."), S("Arbor has twelve piers.")], [SEARCH]),
    Case("wrong-form", "too many words", "You write slogans.", [
        U("Write a slogan of at most 5 words for a bakery."), S("Tarn wakes up to warm bread every single morning.")], []),
    Case("asked-value", "another number", "You run machines.", [
        U("Set the pool to 15."), A("configure", {"pool": 150}, "ok"), S("Done.")], [tool("configure", "Sets values.", pool=0)]),
    Case("other-value", "the other order", "You cancel orders.", [
        U("Cancel W-6163824."), A("list_orders", {"user": "ana"}, '{"orders": ["W-5801880", "W-6163824"]}'), A("cancel_order", {"order_id": "W-5801880"}, "ok"), S("Cancelled.")],
        [CANCEL, tool("list_orders", "Lists orders.", user="")]),
    Case("stale-value", "the old one", "You answer.", [
        U("What does L-4411 cost?"), A("get_record", {"id": "L-4411"}, '{"id": "L-4411", "price": 41.25}'), A("get_record", {"id": "L-4411"}, '{"id": "L-4411", "price": 43.75}'),
        S("It costs 41.25.")], [GET]),
    Case("duplicate-call", "the same again", "You answer.", [
        U("What does L-4411 cost?"), A("get_record", {"id": "L-4411"}, '{"price": 41.25}'), A("get_record", {"id": "L-4411"}, '{"price": 41.25}'), S("41.25.")], [GET]),
    Case("ignored-failure", "it is left so", "You mend code.", [
        U("Mend the sort."), A("edit_file", {"path": "s.py", "text": "..."}, "written"), A("bash", {"command": "pytest -q"}, "1 failed, 2 passed in 0.2s"),
        S("The sort is mended and all tests pass.")], [EDIT, SHELL]),
    Case("first-trouble", "not found", "You answer.", [
        U("Where is W-1?"), A("get_record", {"id": "W-1"}, '{"error": "order not found"}'), S("It is lost.")], [GET]),
    Case("bad-arguments", "the tool refuses them", "You answer.", [
        U("Where is W-1?"), A("get_record", {"order": "W-1"}, "ValidationError: field required: id"), S("I do not know.")], [GET]),
    Case("invented-name", "nothing had shown it", "You read files.", [
        U("What was the mean in July?"), A("read_file", {"path": "july_means.csv"}, "FileNotFoundError: [Errno 2] No such file or directory: 'july_means.csv'"), S("I do not know.")],
        [tool("read_file", "Reads a file.", path="")]),
    Case("ungrounded-value", "made up", "You answer from pages.", [
        U("What was the mean of July?"), A("search", {"query": "mean July"}, "The mean of June was 19.31 degrees."), S("It was 21.47 degrees in July.")], [SEARCH]),
    Case("wide-action", "all, and nobody said so", "You keep mail.", [
        U("Archive the newsletter of May."), A("archive", {"ids": "*"}, "ok"), S("Archived.")], [tool("archive", "Archives mails.", ids="")]),
]
