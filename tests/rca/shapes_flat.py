"""Wire shapes of conversations without agents' spans. See shapes.py.

A team's chat as one span a message (`Flat`): who speaks stands in an attribute, in the span's name, or only at
the head of the text; what the executor says is a chat span without a model, a tool span, or stands only in
what the next speaker reads. `texted` is a single agent whose actions are text and whose observations are
the user's turns.
"""
import shapes
import shapes_more
from shapes import GenAi, OpenInference, genai_parts
from wire import Agent, Message, compact


class Flat:
    """Mixed into GenAi or OpenInference; all messages hang under the root."""

    def chat(self, title, task):
        self.names_in = self.rng.choice(["attribute", "span", "text"])
        self.executor_as = self.rng.choice(["chat", "chat", "tool", "input"])
        self.said = [("user", task)]
        self.root = self.open(title, None, self.box_attrs(title, task))
        self.last_text = ""
        return self.root

    def box_attrs(self, title, task):
        raise NotImplementedError

    def view(self, name):
        rows = []
        for who, text in self.said:
            shown = text if self.names_in != "text" or who == name else "%s: %s" % (who, text)
            rows.append(Message("assistant" if who == name else "user", shown, name=who))
        return rows

    def speaker(self, name, system):
        agent = Agent(name, system, [])
        agent.span = self.root
        agent.messages = self.view(name)
        return agent

    def llm_name(self, agent):
        return agent.name if self.names_in == "span" else super().llm_name(agent)

    def say(self, name, system, text):
        """A member's message, which a model wrote."""
        call = self.llm(self.speaker(name, system), text)
        self.said.append((name, text))
        self.last_text = text
        return call

    def ran(self, name, text, seconds=None):
        """The executor's message: what ran is in the message before. Returns a span, or None."""
        span = None
        if self.executor_as == "chat":
            agent = self.speaker(name, "")
            span = self.open(self.llm_name(agent), self.root, None, 1)
            self.tick(seconds or self.rng.uniform(0.1, 4))
            attrs = self.llm_attrs(agent, agent.history(), Message("assistant", text), "stop")
            for key in list(attrs):
                if "token" in key or "usage" in key or "model" in key or "response.id" in key:
                    attrs[key] = None
            self.close(span, attrs)
        elif self.executor_as == "tool":
            span = self.open("execute_tool " + name, self.root, None, 1)
            self.tick(seconds or self.rng.uniform(0.1, 4))
            self.close(span, self.executor_attrs(name, text))
        self.said.append((name, text))
        return span

    def done(self, text=""):
        self.close(self.root)


class FlatGenAi(Flat, GenAi):
    scope = ("opentelemetry.instrumentation.ag2", "0.9")

    def box_attrs(self, title, task):
        return {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": title,
                "gen_ai.conversation.id": self.session,
                "gen_ai.input.messages": compact([genai_parts(Message("user", task))])}

    def llm_attrs(self, agent, history, out, finish):
        attrs = super().llm_attrs(agent, history, out, finish)
        rows = [dict(genai_parts(m), **({"name": m.name} if m.name and self.names_in != "text" else {}))
                for m in history]
        attrs["gen_ai.input.messages"] = compact(rows)
        if self.names_in != "attribute":
            attrs["gen_ai.agent.name"] = None
        return attrs

    def executor_attrs(self, name, text):
        return {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name,
                "gen_ai.tool.call.arguments": compact({"code": self.last_text}),
                "gen_ai.tool.call.result": text}

    def done(self, text=""):
        self.close(self.root, {"gen_ai.output.messages": compact([genai_parts(Message("assistant", text))])})


class FlatOi(Flat, OpenInference):
    scope = ("openinference.instrumentation.autogen", "0.1.10")
    names = True

    def box_attrs(self, title, task):
        return dict(self.common("CHAIN"), **{"input.value": task})

    def llm_attrs(self, agent, history, out, finish):
        self.names = self.names_in != "text"
        attrs = super().llm_attrs(agent, history, out, finish)
        if self.names_in == "attribute":
            attrs["agent.name"] = agent.name
        return attrs

    def executor_attrs(self, name, text):
        return dict(self.common("TOOL"), **{"tool.name": name, "input.value": compact({"code": self.last_text}),
                                            "output.value": text})

    def done(self, text=""):
        self.close(self.root, {"output.value": text})


def team(rng, service, model, task, title, session=None):
    w = rng.choice([FlatGenAi, FlatGenAi, FlatOi])(rng, service, model, session)
    w.chat(title, task)
    return w


class Texted:
    """An agent that acts by text: `do` is a call and the observation that answers it."""

    SHAPES = (shapes.GenAiNoTools, shapes.OpenInference, shapes.Traceloop, shapes.LangSmith, shapes_more.Langfuse)

    def __init__(self, rng, service, model, name, system, session=None):
        self.w = rng.choice(self.SHAPES)(rng, service, model, session)
        self.agent = self.w.start(name, system)

    def see(self, text):
        self.w.user(self.agent, text)

    def do(self, text, observation):
        call = self.w.llm(self.agent, text)
        self.see(observation)
        return call

    def last(self, text):
        call = self.w.llm(self.agent, text)
        self.w.end(self.agent, text)
        return call

