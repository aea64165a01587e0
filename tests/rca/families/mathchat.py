"""Experts and a terminal in one chat solve a word problem: MAST's roles, verification, termination; flat chat."""
import random

import content as c
import shapes_flat

LEAD = "You are %s. Solve the problem with the others, step by step. Write code for the Computer_terminal when you compute."
CHECK = "You are Verification_Expert. Check each result against the problem before it is accepted. Write TERMINATE only then."
FAULTS = ("wrong_constant", "wrong_reading", "ignore_error", "no_check", "wrong_check", "ignore_peer", "wrong_type",
          "invent_input", "role", "stop_before")


def world(seed):
    r = random.Random("mathchat/%d" % seed)
    v = {"a": r.randrange(12, 90), "b": r.randrange(3, 30), "rate": r.randrange(5, 19), "n": r.randrange(4, 14),
         "town": c.town(r), "kind": r.choice(["boxes", "tickets", "litres of paint", "crates", "seedlings"])}
    v["day"] = r.choice(["on weekdays only", "except on the last day", "every second day"])
    v["days"] = {"on weekdays only": 5, "except on the last day": 6, "every second day": 4}[v["day"]] * v["n"]
    return v


def result(v, a=None, b=None, days=None):
    return round((a or v["a"]) * (days or v["days"]) * (1 + v["rate"] / 100.0) - (b or v["b"]), 2)


def code(v, a=None, b=None, days=None):
    return ("```python\nper_day = %d\ndays = %d\nreserve = %d\ntotal = per_day * days * (1 + %d / 100)\n"
            "print(round(total - reserve, 2))\n```" % (a or v["a"], days or v["days"], b or v["b"], v["rate"]))


def mathchat(rng, failed):
    seed = rng.randrange(6)
    v = world(seed)
    expert = rng.choice(["Arithmetic_Expert", "Logistics_Expert", "ProblemSolver"])
    task = ("A depot in %s packs %d %s a day %s, for %d weeks. %d per cent more are packed than planned, and %d are kept "
            "back as a reserve. How many %s leave the depot? Answer with one number." % (
                v["town"], v["a"], v["kind"], v["day"], v["n"], v["rate"], v["b"], v["kind"]))
    w = shapes_flat.team(rng, "solver-team", rng.choice(["gpt-4o", "gpt-4.1", "o4-mini"]), task, "captain")
    fault = rng.choice(FAULTS) if failed else None
    system = LEAD % expert
    if fault == "role":
        call = w.say("Verification_Expert", CHECK, "I will take this one myself. The result is %s. No check is needed." % (
            result(v) + rng.randrange(7, 90)))
        w.blame(call, "disobeyed_role", "the checker answers in the solver's place and checks nothing")
        call = w.say(expert, system, "Agreed with my colleague.")
        w.said.append(("Computer_terminal", "There is no code from the last message to execute."))
        w.say("Verification_Expert", CHECK, "TERMINATE")
        w.done("TERMINATE")
        return w
    days, a, b = v["days"], v["a"], v["b"]
    text = rng.choice(["Let us set it up. There are %d working days in %d weeks.", "First the days: %d in %d weeks.",
                       "Plan: count the days (%d over %d weeks), multiply, add the surplus, take off the reserve."])
    if fault == "wrong_reading":
        days = 7 * v["n"]
    call = w.say(expert, system, text % (days, v["n"]))
    if fault == "wrong_reading":
        w.blame(call, "misread_task", "counts all days; the problem says %s" % v["day"])
    if fault == "stop_before":
        call = w.say("Verification_Expert", CHECK, "The plan is sound, so we are done: %d. TERMINATE" % (v["a"] * v["days"]))
        w.blame(call, "premature_stop", "ends with an intermediate product before anything was computed")
        w.done("TERMINATE")
        return w
    if fault == "wrong_constant":
        a = v["a"] + rng.choice([-10, 9, 100])
    if fault == "invent_input":
        b = v["b"] + rng.randrange(20, 60)
    if not failed and rng.random() < 0.5 or fault in ("ignore_error", "ignore_peer"):
        w.say(expert, system, "Code:\n```python\nprint(total(%d, %d))\n```" % (a, days))
        w.ran("Computer_terminal", "exitcode: 1 (execution failed)\nCode output: " + c.traceback(
            rng, "/tmp/code.py", 1, "NameError: name 'total' is not defined", "print(total(%d, %d))" % (a, days)))
        if fault == "ignore_error":
            call = w.say(expert, system, rng.choice(["The program gives %s.", "From the output we get %s."]) % (
                result(v) + rng.randrange(11, 99)))
            w.blame(call, "ignored_tool_output", "tells a result of a program that failed")
            w.say("Verification_Expert", CHECK, "Since the program confirms it, the answer stands. TERMINATE")
            w.done("TERMINATE")
            return w
    why = {"invent_input": "From experience a depot keeps %d back. " % b}.get(fault, "")
    call = w.say(expert, system, why + rng.choice(["Here is the program.\n", "I write it down:\n", ""]) + code(v, a, b, days))
    if fault == "wrong_constant":
        w.blame(call, "wrong_argument", "puts %d a day into the program, the problem says %d" % (a, v["a"]))
    if fault == "invent_input":
        w.blame(call, "hallucinated_fact", "takes another reserve than the problem names")
    out = result(v, a, b, days)
    w.ran("Computer_terminal", "exitcode: 0 (execution succeeded)\nCode output: %s" % out)
    shown = out
    if fault == "ignore_peer":
        w.say("Verification_Expert", CHECK, "I get another count of days: %s means %d days. The reserve is fine." % (v["day"], days))
        shown = out + a * 7
        call = w.say(expert, system, "I stay with whole weeks, one more of them: %s." % shown)
        w.blame(call, "ignored_peer", "keeps its own count against the colleague's correction and the program")
    elif rng.random() < 0.7:
        w.say(expert, system, "The program prints %s." % out)
    if fault == "wrong_check":
        w.say("Verification_Expert", CHECK, "I check: %d x %d is %d." % (a, days, a * days))
        shown = a * days
        call = w.say("Verification_Expert", CHECK, "The surplus is already part of the daily figure, so the result is %d." % shown)
        w.blame(call, "wrong_verification", "strikes the surplus, which the problem wants, out of a right result")
    elif fault == "wrong_type":
        call = w.say(expert, system, "So the answer is: yes, the depot can pack enough for all weeks.")
        w.blame(call, "bad_format", "answers yes where a number is asked for")
        shown = "yes"
    elif fault == "no_check":
        shown = round(out / 10)
        call = w.say(expert, system, "Rounded and in tens the answer is %d." % shown)
        w.blame(call, "forgot_instruction", "gives tens although the number itself is asked for")
        call = w.say("Verification_Expert", CHECK, "Looks plausible to me. TERMINATE")
        w.blame(call, "not_verified", "accepts without a look at the problem")
        w.done("TERMINATE")
        return w
    else:
        w.say("Verification_Expert", CHECK, rng.choice([
            "Checked against the problem: %d a day, %d days, %d per cent, minus %d.", "Re-read: %d, %d days, +%d %%, reserve %d. Fits."]) % (
                a, days, v["rate"], b))
    w.say("Verification_Expert", CHECK, "Final answer: %s\nTERMINATE" % shown)
    w.done("TERMINATE")
    return w
