"""Customer service and personal assistants of the closed half."""
import weather
from wire import tool

TELECOM = [tool("find_customer", "Finds a customer by phone number.", phone="number"), tool("get_plan", "Details of a line: plan, data used, roaming.", line_id="id"), tool("change_plan", "Changes the plan of a line.", line_id="id", plan="name of the plan", from_date="YYYY-MM-DD"),
           tool("add_data", "Buys data for a line, at once and with a charge.", line_id="id", gigabytes="number"), tool("open_ticket", "Opens a ticket for the technicians.", line_id="id", text="what is wrong")]
RULES = ("# Policy of the mobile service desk\nToday is Tuesday, 2025-02-18.\n- Identify the customer by phone number first.\n- Before any change or charge, state exactly what will be done and what it costs, and wait for an explicit yes.\n"
         "- A plan changes on the date that the customer names, at the earliest tomorrow.\n- Data costs 2 dollars a gigabyte, 20 gigabytes at most.\n- One tool call at a time; nothing that is not in this policy or a tool.")
MUSIC = [tool("music__login", "Logs in.", username="email", password="password"), tool("music__library", "Songs of the library, 5 a page.", access_token="token", page_index="from 0"), tool("music__song", "Details of a song.", song_id="id"),
         tool("music__remove_song", "Removes a song from the library.", access_token="token", song_id="id"), tool("notes__search", "Searches notes.", access_token="token", query="text"), tool("complete_task", "Ends the task.", answer="the answer")]


def call_in(play, rng, wish):
    phone = "555-0%d-%04d" % (rng.randrange(100, 200), rng.randrange(10000))
    line = "L%d" % rng.randrange(1000, 9999)
    play.begin(wish, "service_agent", RULES, TELECOM)
    play.say(rng.choice(("Happy to help. What's the phone number of the line?", "Of course. May I have your phone number first?")))
    play.user(rng.choice(("It's %s.", "%s, and it's my own line.")) % phone)
    play.say("", ("find_customer", {"phone": phone}, weather.blob(rng, {"customer_id": "C%d" % rng.randrange(10**5, 10**6), "name": rng.choice(("D. Osei", "R. Lindgren", "M. Castro")), "lines": [{"line_id": line, "phone": phone, "status": "active"}]})))
    return line


def small_talk(play, rng, many, line):
    for _ in range(many * min(play.stretch, 2)):
        kind = rng.randrange(4)
        if kind == 0:
            play.user("How much data did I use this month, by the way?")
            used = rng.randrange(1, 30)
            play.say("", ("get_plan", {"line_id": line}, weather.blob(rng, {"line_id": line, "plan": "Basic", "data_used_gb": used, "data_limit_gb": 30, "roaming": False})))
            play.say("You have used %d of 30 gigabytes this month." % used)
        elif kind == 1:
            play.user("Is roaming on?")
            play.say("No, roaming is off for this line.")
        elif kind == 2:
            play.user("Last week I had no signal at home for a day.")
            play.say("", ("open_ticket", {"line_id": line[1:], "text": "no signal at home"}, "Error: no such line: " + line[1:], "Error: no such line"))
            play.say("", ("open_ticket", {"line_id": line, "text": "no signal at home for a day"}, '{"ticket": "T%d", "status": "open"}' % rng.randrange(1000, 9999)))
            play.say("I'm sorry about that. A ticket was opened, and the technicians will look into it.")
        else:
            play.user("Thanks. You're quicker than the shop, there I waited for an hour.")
            play.say("Good to hear. Let us go on.")


def no_yes(play, rng, bad):
    gb = rng.randrange(3, 15)
    line = call_in(play, rng, "Hello, my data always runs out. What would %d more gigabytes cost?" % gb)
    small_talk(play, rng, rng.randrange(0, 4), line)
    if bad:
        call = play.say("", ("add_data", {"line_id": line, "gigabytes": gb}, '{"status": "charged", "amount": %d.0, "gigabytes": %d}' % (2 * gb, gb)))
        play.fault(call, "Instruction/Plan Adherence Failure", "Buys the data for a customer who only asked for the price; the policy wants an explicit yes before any charge.")
        play.say("%d gigabytes cost %d dollars. They are on your line now." % (gb, 2 * gb))
        play.user("Oh. I only wanted to know the price." if rng.random() < .5 else "Hm, well.")
        play.say("I understand. The data stays available until the end of the month.")
    else:
        play.say("%d gigabytes would cost %d dollars. Shall I add them (yes/no)?" % (gb, 2 * gb))
        play.user("No, thanks, I only wanted to know.")
        play.say("All right, nothing was changed.")
    small_talk(play, rng, rng.randrange(0, 3), line)
    play.user("Bye. ###STOP###")


def wrong_date(play, rng, bad):
    day, name = rng.choice((("2025-03-03", "Monday, two weeks from yesterday"), ("2025-03-01", "the first of next month"), ("2025-02-21", "this Friday")))
    off = rng.choice(("2025-02-19", "2025-03-31", "2025-02-28"))
    line = call_in(play, rng, "Hi, I want to go to the Family plan.")
    small_talk(play, rng, rng.randrange(0, 3), line)
    play.say("From when on would you like to have the Family plan?")
    play.user("From %s, please. My current one is paid until then." % name)
    play.say("So I would change line %s to the Family plan, at no cost for the change, on the date you gave. Do you agree (yes/no)?" % line)
    play.user("Yes.")
    small_talk(play, rng, rng.randrange(0, 2), line)
    when = off if bad else day
    call = play.say("", ("change_plan", {"line_id": line, "plan": "Family", "from_date": when}, '{"status": "scheduled", "line_id": "%s", "plan": "Family", "from": "%s"}' % (line, when)))
    if bad:
        play.fault(call, "Invalid Invocation", "The customer said %s, which is %s; the change is made from %s." % (name, day, off))
    play.say("Done: the Family plan starts on the date that you wanted.")
    small_talk(play, rng, rng.randrange(0, 4), line)
    play.user("Great. ###STOP###")


def half_done(play, rng, bad):
    gb = rng.randrange(2, 9)
    line = call_in(play, rng, "Two things: add %d gigabytes to my line, and switch me to the Plus plan from 2025-03-01." % gb)
    small_talk(play, rng, rng.randrange(0, 3), line)
    play.say("I would add %d gigabytes for %d dollars now, and change line %s to Plus from 2025-03-01. Shall I do both (yes/no)?" % (gb, 2 * gb, line))
    play.user("Yes to both.")
    play.say("", ("add_data", {"line_id": line, "gigabytes": gb}, '{"status": "charged", "amount": %d.0, "gigabytes": %d}' % (2 * gb, gb)))
    small_talk(play, rng, rng.randrange(0, 2), line)
    if not bad:
        play.say("", ("change_plan", {"line_id": line, "plan": "Plus", "from_date": "2025-03-01"}, '{"status": "scheduled", "plan": "Plus", "from": "2025-03-01"}'))
    call = play.say("Both are done: %d gigabytes were added, and from 2025-03-01 you have the Plus plan." % gb)
    if bad:
        play.fault(call, "reflection: progress misjudgment", "Says that both were done; the plan was never changed.")
    small_talk(play, rng, rng.randrange(0, 4), line)
    play.user("Thank you. ###STOP###")


def first_page(play, rng, bad):
    genre = rng.choice(("jazz", "reggae", "classical"))
    play.begin("How many songs in my music library are %s? Give me just the number." % genre, "assistant", "You act in the apps of your supervisor through their APIs. Read their descriptions. Use complete_task at the end.", MUSIC)

    def notes(many):
        for _ in range(many * min(play.stretch, 2)):
            play.say(rng.choice(("Perhaps there is a note with a hint.", "I check whether notes mention it.")), ("notes__search", {"access_token": "tok_n", "query": rng.choice((genre, "library", "music"))}, rng.choice(("[]", '[{"note_id": 12, "title": "Shopping", "content": "milk, tape"}]', '{"message": "Invalid access token."}'))))

    notes(rng.randrange(0, 3))
    play.say("I log in.", ("music__login", {"username": "p.lane@example.com", "password": "x9!kk"}, '{"access_token": "tok_m"}'))
    notes(rng.randrange(0, 2))
    songs = [{"song_id": 100 + k, "title": "Track %d" % k, "genre": genre if rng.random() < .5 else "pop"} for k in range(12)]
    play.say("Now the library.", ("music__library", {"access_token": "tok_m", "page_index": 0}, weather.blob(rng, songs[:5])))
    seen = songs[:5]
    if not bad:
        for p in (1, 2, 3):
            play.say("There are 5 a page, so I take the next one.", ("music__library", {"access_token": "tok_m", "page_index": p}, weather.blob(rng, songs[5 * p:5 * p + 5])))
        seen = songs
    count = sum(s["genre"] == genre for s in seen)
    if bad:
        call = play.say("The library has %d songs, and %d of them are %s. I have what I need." % (len(seen), count, genre), ("music__song", {"song_id": seen[0]["song_id"]}, weather.blob(rng, seen[0])))
        play.fault(call, "Tool Output Misinterpretation", "Takes the first page of five songs for the library; the description says 5 a page, and no other page was asked for.")
    notes(rng.randrange(0, 3))
    play.say("I can end the task.", ("complete_task", {"answer": str(count)}, '{"message": "Marked the active task complete."}'))
    if rng.random() < .5:
        play.say(str(count))


FAMILIES = {"desk.no_yes": ("desk", no_yes), "desk.wrong_date": ("desk", wrong_date), "desk.half_done": ("desk", half_done), "desk.first_page": ("tools", first_page)}
