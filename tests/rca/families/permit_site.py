"""A web agent that acts by text on a town's permit site: pages as accessibility trees."""
import content as c
import shapes_flat

SYSTEM = """You operate a browser. Each turn you see the page as a tree of elements with numbers. Think in a sentence or two, \
then give one action: click [n], type [n] "text", select [n] "option", scroll, back, or stop "answer"."""
ZONES = ["Old Town", "Harbour", "North", "Riverside", "University"]
FAULTS = ("misread", "option", "unsubmitted", "plate", "section", "duration")


class World:
    def __init__(self, rng):
        self.town, self.person = c.town(rng), c.person(rng)
        letters = "ABCDEFGHKLMNPRSTUVXYZ"
        self.plate, self.old = ["%s-%s %d" % ("".join(rng.sample(letters, 2)), "".join(rng.sample(letters, 2)),
                                              rng.randrange(100, 9999)) for _ in range(2)]
        self.zone, self.wrong = rng.sample(ZONES, 2)
        self.months = rng.choice([3, 6, 12])
        self.fees = {z: (rng.randrange(12, 40), rng.randrange(45, 90)) for z in ZONES}
        self.base = rng.randrange(10, 400)


def tree(rng, world, title, rows):
    n = world.base
    out = ["[%d] banner '%s Online Services'" % (n, world.town), "  [%d] link 'Home'" % (n + 1), "  [%d] link 'News'" % (n + 2),
           "  [%d] link 'Language: EN'" % (n + 3), "[%d] main '%s'" % (n + 4, title)]
    for i, row in enumerate(rows):
        out.append("  [%d] %s" % (n + 5 + i, row))
    for _ in range(rng.randrange(3, 9)):
        out.append("  StaticText '%s'" % c.sentence(rng, "permit office").replace("'", ""))
    out.append("[%d] contentinfo 'Imprint, accessibility, contact'" % (n + 60))
    return "\n".join(out)


def permit_site(rng, failed):
    world = World(rng)
    fault = rng.choice(FAULTS) if failed else None
    a = shapes_flat.Texted(rng, "browser-agent", rng.choice(["gpt-4o", "claude-sonnet-4-5", "qwen2.5-vl"]), "navigator", SYSTEM)
    w, n = a.w, world.base
    fee_only = fault in ("misread", "section") or (fault is None and rng.random() < 0.3)
    task = (rng.choice(["What does a resident pay per month for a parking permit in the zone %s of %s? Give the amount only.",
                        "Find the monthly fee for residents in the parking zone %s (town of %s). Number only."])
            % (world.zone, world.town)) if fee_only else rng.choice([
                "Apply for a resident parking permit in %s for %s, zone %s, for %d months. My new car's plate is %s. Send the "
                "application off and tell me its number.",
                "Please get me a resident parking permit (%s; name %s; zone %s; %d months). Note that I have changed cars, the "
                "plate is now %s. I need the reference number of the application."]) % (
                    world.town, world.person, world.zone, world.months, world.plate)
    a.see("Task: %s\n\n%s" % (task, tree(rng, world, "Welcome", [
        "link 'Parking and traffic'", "link 'Waste'", "link 'Business permits'", "textbox 'Search'", "link 'Registry office'"])))
    if rng.random() < 0.4:
        a.do("The search might be faster.\nAction: type [%d] \"parking permit\"" % (n + 8), tree(
            rng, world, "Search: 0 results", ["StaticText 'Nothing found. The search covers news only.'", "link 'Back'"]))
        a.do("That covers the news only; I use the menu.\nAction: back", tree(rng, world, "Welcome", [
            "link 'Parking and traffic'", "link 'Waste'", "link 'Business permits'", "textbox 'Search'"]))
    if fee_only:
        return fees(a, rng, world, fault)
    a.do(rng.choice(["Parking is what I need.", "The first link fits."]) + "\nAction: click [%d]" % (n + 5), tree(
        rng, world, "Parking and traffic", ["link 'Resident permit: fees'", "link 'Resident permit: apply'", "link 'Fines'"]))
    rows = ["textbox 'Name' value='%s'" % world.person, "textbox 'Plate' value='%s' (from your profile)" % world.old,
            "combobox 'Zone' options: %s" % ", ".join(ZONES), "combobox 'Months' options: 3, 6, 12", "button 'Continue'"]
    a.do("Now the application.\nAction: click [%d]" % (n + 6), tree(rng, world, "Application, step 1 of 2", rows))
    if fault != "plate":
        rows[1] = "textbox 'Plate' value='%s'" % world.plate
        a.do(rng.choice(["The profile holds the old plate, so I replace it.", "The plate has to be the new one."])
             + "\nAction: type [%d] \"%s\"" % (n + 6, world.plate), tree(rng, world, "Application, step 1 of 2", rows))
    zone = world.wrong if fault == "option" else world.zone
    rows[2] = "combobox 'Zone' value='%s'" % zone
    call = a.do(rng.choice(["Choosing the zone.", "Zone next.", "Then the area."]) + "\nAction: select [%d] \"%s\"" % (
        n + 7, zone), tree(rng, world, "Application, step 1 of 2", rows))
    if fault == "option":
        w.blame(call, "wrong_argument", "selects the zone %s, asked for is %s" % (zone, world.zone))
    months = rng.choice([m for m in (3, 6, 12) if m != world.months]) if fault == "duration" else world.months
    rows[3] = "combobox 'Months' value='%d'" % months
    call = a.do("Then how long.\nAction: select [%d] \"%d\"" % (n + 8, months), tree(
        rng, world, "Application, step 1 of 2", rows))
    if fault == "duration":
        w.blame(call, "wrong_argument", "selects %d months, asked for are %d" % (months, world.months))
    number = "PK-%06d" % rng.randrange(10**6)
    plate = world.old if fault == "plate" else world.plate
    call = a.do(rng.choice(["All fields are filled in.", "The form is complete."]) + "\nAction: click [%d]" % (n + 9), tree(
        rng, world, "Application, step 2 of 2: check your data", [
            "StaticText '%s, %s, zone %s, %d months'" % (world.person, plate, zone, months),
            "StaticText 'Draft %s. Nothing has been sent yet.'" % number, "button 'Send application'", "button 'Change'"]))
    if fault == "plate":
        w.blame(call, "forgot_instruction", "goes on with the old plate of the profile; the task names a new one")
    if fault == "unsubmitted":
        call = a.last(rng.choice(["The application is made.", "Everything is done."]) + "\nAction: stop \"%s\"" % number)
        w.blame(call, "premature_stop", "stops at the draft, the application was never sent")
        return w
    final = "PK-%06d" % rng.randrange(10**6)
    a.do("The data look right.\nAction: click [%d]" % (n + 7), tree(rng, world, "Thank you", [
        "StaticText 'Your application %s has been received.'" % final, "link 'Print'"]))
    a.last("It has been received.\nAction: stop \"%s\"" % final)
    return w


def fees(a, rng, world, fault):
    w, n = a.w, world.base
    if fault == "section":
        call = a.do(rng.choice(["Permits should be here.", "This looks like the place for permits."]) + "\nAction: click [%d]"
                    % (n + 7), tree(rng, world, "Business permits", ["link 'Street cafés'", "link 'Parking for trades'",
                                                                     "textbox 'Search permits'"]))
        w.blame(call, "wrong_source", "looks for a resident's fee among the business permits and stays there")
        for word in rng.sample(["resident fee", "parking resident", "monthly fee", "zone " + world.zone, "permit price"], 4):
            a.do(rng.choice(["Let me search.", "Another wording.", "I try again."]) + "\nAction: type [%d] \"%s\"" % (
                n + 7, word), tree(rng, world, "Business permits: search", ["StaticText '0 entries'", "textbox 'Search permits'"]))
        a.last("I cannot find it on this site.\nAction: stop \"not available\"")
        return w
    a.do("Parking.\nAction: click [%d]" % (n + 5), tree(rng, world, "Parking and traffic", [
        "link 'Resident permit: fees'", "link 'Resident permit: apply'", "link 'Fines'"]))
    rows = ["row 'Zone | Resident, per month | Guest or second car, per month'"]
    for z in rng.sample(ZONES, len(ZONES)):
        rows.append("row '%s | %d EUR | %d EUR'" % (z, *world.fees[z]))
    a.do("Fees.\nAction: click [%d]" % (n + 5), tree(rng, world, "Fees of permits", rows))
    value = world.fees[world.zone][0]
    if fault == "misread":
        value = rng.choice([world.fees[world.zone][1], world.fees[world.wrong][0]])
    call = a.last(rng.choice(["The table gives the fee.", "There it is."]) + "\nAction: stop \"%d\"" % value)
    if fault == "misread":
        w.blame(call, "misread_result", "takes %d from another cell of the table, the fee is %d" % (
            value, world.fees[world.zone][0]))
    return w
