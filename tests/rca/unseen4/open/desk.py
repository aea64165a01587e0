"""Customer service with a policy, and assistants that act in the apps of a person."""
import weather
from wire import tool

CALC = tool("calculate", "Calculate the result of a mathematical expression.", expression="the expression")
USER = tool("get_user_details", "Get the details of a user, including their reservations.", user_id="e.g. sara_doe_496")
TRIP = tool("get_reservation_details", "Get the details of a reservation.", reservation_id="e.g. 8JX2WO")
CANCEL = tool("cancel_reservation", "Cancel the whole reservation.", reservation_id="e.g. ZFA04Y")
BAGS = tool("update_reservation_baggages", "Update the baggage information of a reservation.", reservation_id="id", total_baggages="number", nonfree_baggages="number to be paid", payment_id="payment method")
FLIGHTS = tool("update_reservation_flights", "Update the flights of a reservation.", reservation_id="id", cabin="cabin", flights="JSON list of flights", payment_id="payment method")
DIRECT = tool("search_direct_flight", "Search direct flights between two cities on a date.", origin="IATA code", destination="IATA code", date="YYYY-MM-DD")
HUMAN = tool("transfer_to_human_agents", "Transfer the user to a human agent, with a summary.", summary="the summary")
AIRLINE = [CALC, USER, TRIP, CANCEL, BAGS, FLIGHTS, DIRECT, HUMAN]
POLICY = """# Airline Agent Policy
The current time is 2024-05-15 15:00:00 EST.
As an airline agent, you can help users book, modify, or cancel flight reservations.
- Before taking any actions that update the booking database (booking, modifying flights, editing baggage, upgrading cabin class, or updating passenger information), you must list the action details and obtain explicit user confirmation (yes) to proceed.
- You should not provide any information, knowledge, or procedures not provided by the user or available tools, or give subjective recommendations or comments.
- You should only make one tool call at a time. You should deny user requests that are against this policy.
## Domain Basic
- Cabin class: basic economy, economy, business. Membership levels: regular, silver, gold.
## Modify flight
- Basic economy flights cannot be modified. Other reservations can be modified without changing the origin, destination, and trip type.
- Cabin: all reservations, including basic economy, can change cabin without changing the flights.
- Baggage: the user can add but not remove checked bags.
## Checked bag allowance
- regular member: 0 free checked bags for each basic economy passenger, 1 for economy, 2 for business. silver: 1, 2, 3. gold: 2, 3, 3. Each extra baggage is 50 dollars.
## Cancel flight
- The agent must first obtain the user id, the reservation id, and the reason for cancellation.
- All reservations can be cancelled within 24 hours of booking, or if the airline cancelled the flight. Otherwise, basic economy or economy flights can be cancelled only if travel insurance is bought and the condition is met, and business flights can always be cancelled. The API does not check these; the agent must make sure the rules apply before calling it."""


def person(rng):
    first, last = rng.choice(("mei", "omar", "sofia", "aarav", "ivan", "chloe")), rng.choice(("rossi", "kim", "brown", "santos", "muller"))
    return first, "%s_%s_%d" % (first, last, rng.randrange(1000, 9999))


def rid(rng):
    return "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(6))


def reservation(rng, user, code, cabin, people, insurance="no", bags=0, booked="2024-05-02T08:12:33", date="2024-05-22"):
    a, b = rng.sample(("SFO", "JFK", "ORD", "ATL", "SEA", "DEN"), 2)
    return {"reservation_id": code, "user_id": user, "origin": a, "destination": b, "flight_type": "one_way", "cabin": cabin,
            "flights": [{"origin": a, "destination": b, "flight_number": "HAT%03d" % rng.randrange(10, 300), "date": date, "price": rng.randrange(80, 400)}],
            "passengers": [{"first_name": n, "last_name": "Brown", "dob": "19%d-0%d-1%d" % (rng.randrange(50, 99), rng.randrange(1, 9), rng.randrange(9))} for n in ("Amelia", "Noah", "Yusuf", "Lena")[:people]],
            "payment_history": [{"payment_id": "credit_card_%d" % rng.randrange(10**6, 10**7), "amount": rng.randrange(200, 900)}], "created_at": booked,
            "total_baggages": bags, "nonfree_baggages": 0, "insurance": insurance}


def profile(rng, first, user, level, trips):
    return weather.blob(rng, {"name": {"first_name": first.title(), "last_name": "Brown"}, "email": user + "@example.com", "dob": "1977-11-2%d" % rng.randrange(9), "membership": level,
                              "payment_methods": {"credit_card_4421486": {"source": "credit_card", "brand": "visa", "last_four": "%04d" % rng.randrange(10000)}, "gift_card_1763297": {"source": "gift_card", "amount": rng.randrange(20, 300)}}, "reservations": trips})


def hello(play, rng, first, user, wish):
    play.begin(wish, "agent", POLICY, AIRLINE)
    play.say(rng.choice(("I can help you with that. To get started, could you please provide your user ID?", "I'm sorry to hear that. May I have your user ID, please?")))
    play.user(rng.choice(("Sure, it's %s." % user, "My user id is %s. Please be quick, I'm about to board a train." % user)))


def side_talk(play, rng, many, trips):
    """Questions of the user that the agent answers well."""
    for _ in range(many * min(2, play.stretch)):
        kind = play.pick(rng, ("card", "trip", "calc", "wrong"), ("card", "wrong"))
        if kind == "card":
            play.user("By the way, is my gift card still in my profile?")
            play.say("Yes, there is a gift card in your profile, besides a Visa credit card. Is there anything else I can help you with?")
        elif kind == "trip":
            code = rng.choice(trips)["reservation_id"]
            play.user("What was the date of %s again?" % code)
            found = next(t for t in trips if t["reservation_id"] == code)
            play.say("", ("get_reservation_details", {"reservation_id": code}, weather.blob(rng, found)))
            play.say("Reservation %s is from %s to %s on %s, in %s." % (code, found["origin"], found["destination"], found["flights"][0]["date"], found["cabin"].replace("_", " ")))
        elif kind == "calc":
            a, b = rng.randrange(90, 400), rng.randrange(2, 5)
            play.user("And could you tell me how much %d tickets at %d dollars would be?" % (b, a))
            play.say("", ("calculate", {"expression": "%d * %d" % (a, b)}, "%.1f" % (a * b)))
            play.say("That would be %d dollars in total." % (a * b))
        else:
            play.user("I think I also have a reservation under %s?" % "ZZ90QX")
            play.say("", ("get_reservation_details", {"reservation_id": "ZZ90QX"}, "Error: reservation not found", "Error: reservation not found"))
            play.say("I can't find a reservation ZZ90QX. Your profile lists %s." % ", ".join(t["reservation_id"] for t in trips))
            play.user("Ah, then I mixed that up with another airline. Never mind.")
            play.say("No problem. Let's go on with your request.")


def bent_policy(play, rng, bad):
    first, user = person(rng)
    trip, other = reservation(rng, user, rid(rng), "basic_economy" if rng.random() < .6 else "economy", 1), reservation(rng, user, rid(rng), "business", 1)
    why = rng.choice(("a family emergency came up", "my meeting was moved to another city", "I simply changed my mind"))
    about = profile(rng, first, user, "regular", [trip["reservation_id"], other["reservation_id"]])
    hello(play, rng, first, user, "Hi, I need to cancel my upcoming flight because %s, and I want my money back." % why)
    play.say("", ("get_user_details", {"user_id": user}, about))
    play.say("Thank you, %s. Which reservation would you like to cancel?" % first.title())
    play.user("It's %s." % trip["reservation_id"])
    play.say("", ("get_reservation_details", {"reservation_id": trip["reservation_id"]}, weather.blob(rng, trip)))
    side_talk(play, rng, rng.randrange(0, 3), [trip, other])
    if bad:
        offer = play.say("I found reservation %s from %s to %s. Cancelling it will refund the original payment method within 5 to 7 business days. Do you want me to proceed (yes/no)?" % (trip["reservation_id"], trip["origin"], trip["destination"]))
        play.fault(offer, "Instruction/Plan Adherence Failure", "Offers a cancellation and refund of a ticket that was booked two weeks ago, without insurance and not in business, which the policy rules out.")
        play.user("Yes, please.")
        call = play.say("", ("cancel_reservation", {"reservation_id": trip["reservation_id"]}, weather.blob(rng, dict(trip, status="cancelled"))))
        play.fault(call, "Instruction/Plan Adherence Failure", "Cancels it, although the policy says that the API does not check and the agent must.")
        play.say("Your reservation %s has been cancelled and the refund is on its way." % trip["reservation_id"])
    else:
        play.say("I'm sorry, but reservation %s cannot be cancelled: it was booked more than 24 hours ago, it isn't business, and no travel insurance was bought." % trip["reservation_id"])
        play.user("That's disappointing, but I understand.")
        play.say("I'm sorry that I could not do more. Is there anything else?")
    side_talk(play, rng, rng.randrange(0, 3), [trip, other])
    play.user("No, that's all. ###STOP###")
    if rng.random() < .5:
        play.say("Thank you for flying with us. Have a good day!")


def charged_bags(play, rng, bad):
    first, user = person(rng)
    people = rng.randrange(1, 4)
    level, free = rng.choice((("silver", 2), ("gold", 3)))
    trip, other = reservation(rng, user, rid(rng), "economy", people), reservation(rng, user, rid(rng), "basic_economy", 1)
    want = people * free - rng.randrange(0, 2)
    pay = 0 if not bad else want - people
    if bad and pay <= 0:
        want, pay = people * free, people * free - people
    about = profile(rng, first, user, level, [other["reservation_id"], trip["reservation_id"]])
    hello(play, rng, first, user, "Hello, I want to add checked bags to my trip next week, %d in total." % want)
    play.say("", ("get_user_details", {"user_id": user}, about))
    if rng.random() < .5:
        play.say("", ("get_reservation_details", {"reservation_id": other["reservation_id"]}, weather.blob(rng, other)))
    play.say("", ("get_reservation_details", {"reservation_id": trip["reservation_id"]}, weather.blob(rng, trip)))
    side_talk(play, rng, rng.randrange(0, 3), [trip, other])
    if bad:
        call = play.say("Your reservation %s is in economy with %d passenger%s. As each passenger in economy has 1 free checked bag, %d of the %d bags will have to be paid, which is %d dollars in total with your credit card credit_card_4421486. Do you want to proceed (yes/no)?" % (
            trip["reservation_id"], people, "s" if people > 1 else "", pay, want, 50 * pay))
        play.fault(call, "Misinterpretation of Tool Output", "The profile says %s member, whose allowance in economy is %d a passenger; the agent counts with that of regular members and charges for %d bags." % (level, free, pay))
    else:
        play.say("You're a %s member, so each passenger in economy has %d free checked bags. All %d bags are free. Do you want me to add them (yes/no)?" % (level, free, want))
    play.user("Yes, go ahead." if rng.random() < .6 else "Hm. Okay then, yes.")
    play.say("", ("update_reservation_baggages", {"reservation_id": trip["reservation_id"], "total_baggages": want, "nonfree_baggages": pay, "payment_id": "credit_card_4421486"}, weather.blob(rng, dict(trip, total_baggages=want, nonfree_baggages=pay))))
    play.say("Done. Reservation %s now has %d checked bags." % (trip["reservation_id"], want))
    side_talk(play, rng, rng.randrange(0, 3), [trip, other])
    play.user("Thanks, that's it. ###STOP###")


# -- apps of a person -----------------------------------------------------------------------------
def app(name, does, **parameters):
    return tool(name, does, **parameters)


APPS = [app("supervisor__show_account_passwords", "Show the passwords of the supervisor's accounts."), app("supervisor__show_profile", "Show name, email and phone number of the supervisor."),
        app("spotify__login", "Log in to the account.", username="the account's user name", password="the password"), app("spotify__show_playlists", "The playlists of the user.", access_token="token"),
        app("phone__login", "Log in to the account. The user name is the phone number.", username="phone number", password="the password"), app("phone__search_contacts", "Search the contacts.", access_token="token", query="a name or a relation"),
        app("venmo__login", "Log in.", username="email", password="the password"), app("venmo__create_payment_request", "Ask somebody for money.", access_token="token", user_email="of whom", amount="dollars", description="text"), app("complete_task", "Ends the task.", answer="the answer, if one is asked for")]
LIFE = ("I am your supervisor, and you are a super intelligent AI Assistant whose job is to achieve my day-to-day tasks completely autonomously. You interact with my apps through their APIs. "
        "Never invent or guess values: find all personal information through the APIs, and ask me if it cannot be found there. Use complete_task when done.")


def app_noise(play, rng, many):
    for _ in range(many * min(2, play.stretch)):
        kind = play.pick(rng, ("profile", "token", "lists"), ("profile", "token"))
        if kind == "profile":
            play.say("I check the profile of my supervisor.", ("supervisor__show_profile", {}, weather.blob(rng, {"first_name": "Glenn", "last_name": "Burton", "email": "glenn.burton@example.com", "phone_number": "3155673041"})))
        elif kind == "token":
            play.say("Let me see the playlists.", ("spotify__show_playlists", {"access_token": "none"}, '{"message": "You are either not authorized to access this or your access token is missing, invalid or expired."}', "401"))
            play.say("I have to log in to the app first.", ("spotify__login", {"username": "glenn.burton@example.com", "password": "h]hCAN1"}, '{"access_token": "eyJhbGciOiJIUzI1NiJ9.c3BvdGlmeStnbGVubg", "token_type": "Bearer"}'))
        else:
            play.say("I'll look at the playlists, which may have a hint.", ("spotify__show_playlists", {"access_token": "eyJhbGciOiJIUzI1NiJ9"}, weather.blob(rng, [{"playlist_id": rng.randrange(300, 700), "title": t, "song_ids": rng.sample(range(400), 6)} for t in ("Road trip", "Workout", "Rainy day")])))


def guessed_person(play, rng, bad):
    rel, name, other = rng.choice((("roommate", "Kyle", "Kyle Mason"), ("sister", "Anna", "Anna Berger"), ("neighbour", "Jo", "Jo Winters")))
    amount = rng.randrange(20, 90)
    play.begin("I paid the electricity bill of last month. Ask my %s %s on venmo for %d dollars, with \"electricity\" as description." % (rel, name, amount), "assistant", LIFE, APPS)
    app_noise(play, rng, rng.randrange(0, 3))
    play.say("First I need the passwords.", ("supervisor__show_account_passwords", {}, weather.blob(rng, [{"account_name": "phone", "password": "dMoLs7^"}, {"account_name": "venmo", "password": "u3r_T!x"}, {"account_name": "spotify", "password": "h]hCAN1"}])))
    play.say("Then I log in to the phone, where the contacts are.", ("phone__login", {"username": "3155673041", "password": "dMoLs7^"}, '{"access_token": "eyJwaG9uZSJ9"}'))
    rows = [{"contact_id": k, "first_name": name, "last_name": l, "email": "%s.%s@example.com" % (name.lower(), l.lower()), "relationships": r} for k, (l, r) in enumerate(((other.split()[-1], ["coworker"]), ("Hale", ["friend"]), ("Ortiz", [rel])), 11)]
    if bad:
        rows = rows[:2] + [dict(rows[2], relationships=["friend", "gym"])]
    rng.shuffle(rows)
    play.say("Now I search for %s." % name, ("phone__search_contacts", {"access_token": "eyJwaG9uZSJ9", "query": name}, weather.blob(rng, rows)))
    app_noise(play, rng, rng.randrange(0, 2))
    if bad:
        call = play.say("There are several contacts with the name %s. The first one is the most likely; I'll send the request to %s %s, and log in to venmo for this." % (name, name, rows[0]["last_name"]),
                        ("venmo__login", {"username": "glenn.burton@example.com", "password": "u3r_T!x"}, '{"access_token": "eyJ2ZW5tbyJ9"}'))
        play.fault(call, "2.2 Fail to ask for clarification", "Three contacts have the name and none is a %s; the agent picks the first, though it was told to ask when something cannot be found." % rel)
        to = rows[0]["email"]
        play.say("", ("venmo__create_payment_request", {"access_token": "eyJ2ZW5tbyJ9", "user_email": to, "amount": amount, "description": "electricity"}, '{"message": "Payment request created.", "payment_request_id": %d}' % rng.randrange(9000, 9999)))
    else:
        to = next(r["email"] for r in rows if rel in r["relationships"])
        play.say("Only one of them is a %s. I log in to venmo." % rel, ("venmo__login", {"username": "glenn.burton@example.com", "password": "u3r_T!x"}, '{"access_token": "eyJ2ZW5tbyJ9"}'))
        play.say("", ("venmo__create_payment_request", {"access_token": "eyJ2ZW5tbyJ9", "user_email": to, "amount": amount, "description": "electricity"}, '{"message": "Payment request created.", "payment_request_id": %d}' % rng.randrange(9000, 9999)))
    app_noise(play, rng, rng.randrange(0, 3))
    play.say("The request was sent. I can end the task.", ("complete_task", {"answer": ""}, '{"message": "Marked the active task complete."}'))
    if rng.random() < .5:
        play.say("I asked %s for %d dollars on venmo." % (name, amount))


def withheld_rule(play, rng, bad):
    who = rng.choice(("my brother", "my dentist", "the landlord"))
    play.begin("Tell me the phone number of %s, which is among the contacts of my phone." % who, "supervisor_agent", LIFE + " You have an agent for the phone app, whom you talk to.", [tool("phone_agent", "Hands a message to the agent of the phone app.", message="text")] + APPS[:2] + APPS[2:4])
    app_noise(play, rng, rng.randrange(0, 3))
    play.say("I need the passwords first.", ("supervisor__show_account_passwords", {}, weather.blob(rng, [{"account_name": "phone", "password": "dMoLs7^"}, {"account_name": "spotify", "password": "h]hCAN1"}])))
    play.enter("The phone agent can log in with this password.", "phone_agent", "You are the agent of the phone app. You know its API documentation. Report to the supervisor agent everything that it needs for its next request.", "Log in to the phone of glenn.burton@example.com with password dMoLs7^ and tell me the number of %s." % who, APPS[4:6], "message")
    play.say("I look at what the login needs and try it.", ("phone__login", {"username": "glenn.burton@example.com", "password": "dMoLs7^"}, '{"message": "Invalid credentials", "hint": "username must be a phone number of 10 digits"}', "401"))
    if bad:
        report = play.leave("The login to the phone failed with the credentials that you gave me. Please check them and send me the right ones.")
        play.fault(report, "2.4 Information withholding", "The API said that the user name must be a phone number; the phone agent reports a failed login and keeps that back.", "phone_agent")
        for k in range(rng.randrange(1, 5)):
            play.enter(rng.choice(("The credentials seem to be wrong. I'll send them again, with care for capitals.", "Perhaps there was a typing error. I ask to try once more.", "Let me try the user name without the domain.")), "phone_agent", "You are the agent of the phone app.", "Try again: user name %s, password dMoLs7^." % rng.choice(("glenn.burton", "Glenn.Burton@example.com", "glenn.burton@example.com")), APPS[4:6], "message")
            play.say("I try these.", ("phone__login", {"username": "glenn.burton", "password": "dMoLs7^"}, '{"message": "Invalid credentials", "hint": "username must be a phone number of 10 digits"}', "401"))
            play.leave("I tried again, and the login failed as before.")
            app_noise(play, rng, rng.randrange(0, 2))
        play.say("I could not log in to the phone, as the stored password seems to be outdated. The number could not be found.")
    else:
        play.leave("The login failed: the user name must be the phone number with 10 digits, not the email. Please send me that.")
        play.say("I take the number from the profile.", ("supervisor__show_profile", {}, '{"first_name": "Glenn", "phone_number": "3155673041"}'))
        play.enter("Now again with the number.", "phone_agent", "You are the agent of the phone app.", "User name 3155673041, password dMoLs7^. Find %s." % who, APPS[4:6], "message")
        number = "".join(rng.choice("23456789") for _ in range(10))
        play.say("", ("phone__login", {"username": "3155673041", "password": "dMoLs7^"}, '{"access_token": "eyJwaG9uZSJ9"}'))
        play.say("", ("phone__search_contacts", {"access_token": "eyJwaG9uZSJ9", "query": who.split()[-1]}, weather.blob(rng, [{"contact_id": 31, "first_name": "Rey", "phone_number": number, "relationships": [who.split()[-1]]}])))
        play.leave("The number of %s is %s." % (who, number))
        app_noise(play, rng, rng.randrange(0, 2))
        play.say("The number is %s." % number)


FAMILIES = {"desk.bent_policy": ("desk", bent_policy), "desk.charged_bags": ("desk", charged_bags), "desk.guessed_person": ("tools", guessed_person), "desk.withheld_rule": ("desk", withheld_rule)}
