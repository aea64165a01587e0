"""A newsletter's fact desk: a coordinator who says who speaks next, an archivist, a caller, an editor."""
import json

import content as c
import shapes_teams
from wire import Message, tool

ROLES = {"Coordinator": "You lead the desk. Say who does what next, in a JSON object with next and task; next is DONE when the request is "
                        "met. You do no work yourself.",
         "Archivist": "You search the archive and quote what it holds.", "Caller": "You phone people and report what they said.",
         "Editor": "You write the item from what the others reported, and add nothing."}
TOOLS = {"Archivist": [tool("archive_search", "Old issues.", query="")], "Caller": [tool("phone", "A call.", person="", question="")],
         "Editor": [], "Coordinator": []}
FAULTS = ("done", "wrongman", "task", "deaf", "drift", "badplan")


class Desk:
    def __init__(self, w, rng, task):
        self.w, self.rng, self.chat = w, rng, [Message("user", task, name="user")]
        if isinstance(w, shapes_teams.AutoGen):
            w.team("SelectorGroupChat", task, list(ROLES))
        else:
            w.workflow("fact-desk")

    def speak(self, who, text, uses=()):
        w = self.w
        turn = w.turn(who, ROLES[who], TOOLS[who], [Message("assistant" if m.name == who else "user", m.text if m.name in (
            who, "user") else "%s: %s" % (m.name, m.text)) for m in self.chat])
        for name, args, result in uses:
            w.act(turn, "", name, args, result)
        call = w.llm(turn, text)
        w.end(turn, text)
        self.chat.append(Message("assistant", text, name=who))
        return call

    def lead(self, who, task, thought=""):
        text = json.dumps({"next": who, "task": task}, ensure_ascii=False)
        return self.speak("Coordinator", (thought + "\n" if thought else "") + text)


def pressdesk(rng, failed):
    fault = rng.choice(FAULTS) if failed else None
    w = rng.choice([shapes_teams.AutoGen, shapes_teams.AgentFramework])(rng, "fact-desk", rng.choice(["gpt-4o", "gpt-4.1"]))
    firm, boss, town = c.company(rng), c.person(rng), c.town(rng)
    then, now, year = rng.randrange(80, 400), rng.randrange(420, 900), rng.randrange(2012, 2020)
    plan = rng.randrange(20, 70)
    desk = Desk(w, rng, rng.choice([
        "Write two sentences on %s in %s: how many people worked there in %d according to our archive, how many there are today, and how "
        "many the firm means to hire next year. For today and next year ask %s, the head of personnel.",
        "An item on %s (%s), please, two sentences: staff in %d (our archive has it), staff now, planned new posts next year. The last two "
        "come from %s, their head of personnel."]) % (firm, town, year, boss))
    thought = "Plan: archive for %d; call %s about today's staff%s; then the editor." % (
        year, boss, "" if fault == "badplan" else " and next year's plan")
    call = desk.lead("Archivist", "Staff of %s in %d" % (firm, year), thought)
    if fault == "badplan":
        w.blame(call, "bad_plan", "the plan leaves out the posts of next year")
    query = "%s staff %d" % (firm, year)
    desk.speak("Archivist", rng.choice(["In %d the firm had %d employees, our issue of that March says.",
                                        "Our archive for %d: %d people on the payroll."]) % (year, then), [
        ("archive_search", {"query": query}, "%s\n\n%s employed %d people in %d.\n\n%s" % (
            c.paragraph(rng, firm, 5), firm, then, year, c.paragraph(rng, town, 5)))])
    if fault == "done":
        call = desk.lead("DONE", "", rng.choice(["We have the figure.", "The archive has answered, that will do."]))
        w.blame(call, "premature_stop", "ends before anybody was called and before the item was written")
        w.close(w.root)
        return w
    called(w, rng, desk, fault, (firm, boss, then, now, year, plan))
    w.close(w.root)
    return w


def called(w, rng, desk, fault, facts):
    firm, boss, then, now, year, plan = facts
    ask = "Ask %s how many work at %s today%s." % (boss, firm, "" if fault == "badplan" else " and how many they will hire next year")
    shown = now
    if fault == "wrongman":
        call = desk.lead("Editor", ask)
        w.blame(call, "wrong_assignee", "gives the call to the editor, who cannot phone")
        shown, plan = now + rng.randrange(20, 200), plan + 7
        call = desk.speak("Editor", rng.choice(["From what is known about %s, about %d work there today, and %d are to be hired.",
                                         "%s has some %d people and will take on %d."]) % (firm, shown, plan))
        w.blame(call, "hallucinated_fact", "nobody was called; the figures are made up")
    else:
        other = c.person(rng)
        if fault == "task":
            ask = ask.replace(boss, other)
        call = desk.lead("Caller", ask)
        if fault == "task":
            w.blame(call, "wrong_argument", "sends the caller to %s, the request names %s" % (other, boss))
            shown, plan = now - rng.randrange(30, 90), plan - 9
        said = "'We are %d at present%s.'" % (shown, "" if fault == "badplan" else ", and next year we want %d more" % plan)
        desk.speak("Caller", rng.choice(["%s told me: %s", "Reached %s. Answer: %s"]) % (other if fault == "task" else boss, said), [
            ("phone", {"person": other if fault == "task" else boss, "question": "Staff today?" if fault == "badplan" else
                       "Staff today, and hires next year?"}, "%s %s" % (rng.choice(["Well.", "Yes, gladly.", "Off the cuff:"]), said))])
    if fault == "drift":
        call = desk.lead("Archivist", "Find the history of the building of %s, when it was put up and by whom." % firm)
        w.blame(call, "goal_drift", "turns to the building, which nobody asked for, and the item is then about it")
        fact = c.sentence(rng, "main building")
        desk.speak("Archivist", fact, [("archive_search", {"query": firm + " building"}, c.paragraph(rng, firm, 4) + " " + fact)])
        desk.lead("Editor", "Write the item on %s and its building in two sentences." % firm)
        desk.speak("Editor", "%s looks back on a long history. %s" % (firm, fact))
    else:
        desk.lead("Editor", rng.choice(["Write the item, two sentences.", "Two sentences from what was reported."]))
        late = then if fault == "deaf" else shown
        text = rng.choice(["%s employs %d people, after %d in %d.", "Today %s has %d employees; in the archive it was %d (%d)."]) % (
            firm, late, then if fault != "deaf" else shown, year)
        if fault != "badplan":
            text += rng.choice([" Next year %d more are to come.", " It plans %d new posts for next year."]) % plan
        call = desk.speak("Editor", text)
        if fault == "deaf":
            w.blame(call, "misread_result", "swaps the two figures that the others reported")
    desk.lead("DONE", "", rng.choice(["The item is there.", "Request met."]))
