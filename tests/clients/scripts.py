"""The conversations that the stub can hold. Each is a table: words in the instructions of an agent, and
the steps that agent takes, one a model call; "" is the agent whose instructions hold none of the words.
A step is {"text"}, {"tool", "arguments"}, {"calls": [tools called side by side]} or {"status"}, an HTTP
error. A step whose tool the caller does not offer is skipped; the last step of a list repeats.
"""

GUIDE_MARK = "You are a guide"  # in the instructions of the sub-agent
GUIDE_ANSWER = "See the Louvre."
BOOKER_MARK = "You are a booker"


def call(name, **arguments):
    return {"tool": name, "arguments": arguments}


TRAVEL = {
    GUIDE_MARK: [{"text": GUIDE_ANSWER}],
    "": [
        call("weather", city="Paris"),
        call("book_hotel", city="Paris"),  # this tool fails
        call("ask_guide", question="What to see in Paris?"),
        {"text": "Sunny, 18 degrees. No hotel is free. See the Louvre."},
        {"text": "Rain tomorrow."},
    ],
}

# An agent hands over to another, which has tools of its own.
HANDOFF = {
    BOOKER_MARK: [
        call("weather", city="Paris"),
        call("book_room", city="Paris"),
        {"text": "Room 12 in Paris is booked."},
        {"text": "It is paid."},
    ],
    "": [call("transfer_to_booker"), {"text": "Done: room 12 in Paris."}],
}

# A tool waits for a person.
APPROVAL = {"": [call("book_room", city="Paris"), {"text": "Room 12 in Paris is booked."}]}

# The planner of deepagents: a task for a sub-agent, a file, an answer.
DEEP = {
    GUIDE_MARK: [call("weather", city="Paris"), {"text": GUIDE_ANSWER}],
    "": [
        call("task", description="What to see in Paris?", subagent_type="guide"),
        call("write_file", file_path="/plan.md", content="The Louvre."),
        {"text": "The plan is written."},
    ],
}

# Two tools side by side, one fails; a server error that the SDK tries again; an answer.
SIDE_BY_SIDE = {
    "": [
        {"calls": [call("weather", city="Paris"), call("book_hotel", city="Paris")]},
        {"status": 503},
        {"text": "Sunny, 18 degrees. No hotel is free."},
    ]
}

SCRIPTS = {
    "travel": TRAVEL,
    "handoff": HANDOFF,
    "approval": APPROVAL,
    "deep": DEEP,
    "side_by_side": SIDE_BY_SIDE,
}
