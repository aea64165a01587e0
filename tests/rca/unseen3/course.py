"""What happens in one run, before any instrumentation sees it: turns of a user, model calls, results of tools.

A family writes a `Course`; a wire (wires.py) writes it as spans. At most one model call of a course is marked
as the root, and only a course that is meant to fail has one.
"""
import dataclasses


@dataclasses.dataclass
class Turn:
    role: str  # "user", "model" or "tool"
    text: str
    agent: str = ""
    calls: list = dataclasses.field(default_factory=list)  # (id, name, arguments)
    call: tuple = ()  # of a tool: the call that it answers
    error: bool = False
    category: str = ""  # of the root


class Course:
    def __init__(self, rng, bad, agent, system="", tools=()):
        self.rng = rng
        self.bad = bad
        self.agent = agent
        self.system = system
        self.tools = list(tools)  # (name, description, parameters)
        self.turns = []
        self.number = 0

    def user(self, text):
        self.turns.append(Turn("user", text))

    def say(self, text, agent=None, root=""):
        self.turns.append(Turn("model", text, agent or self.agent, category=root))

    def do(self, text, name, arguments, result, agent=None, root="", error=False):
        """A model call that asks for a tool, and what the tool gave."""
        self.number += 1
        call = ("call_%s%d" % (self.rng.choice("abcdef"), self.number), name, arguments)
        self.turns.append(Turn("model", text, agent or self.agent, [call], category=root))
        self.turns.append(Turn("tool", result, agent or self.agent, call=call, error=error))

    def pick(self, *texts):
        return self.rng.choice(texts)

    def many(self, low, high):
        return range(self.rng.randint(low, high))


def tool(name, description, **parameters):
    """@parameters: name -> JSON type; one that ends in "?" may be left out."""
    kinds = {k: {"type": v.rstrip("?")} for k, v in parameters.items()}
    need = [k for k, v in parameters.items() if not v.endswith("?")]
    return name, description, {"type": "object", "properties": kinds, "required": need}
