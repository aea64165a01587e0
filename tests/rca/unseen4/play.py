"""One run of an agent or a team, told in the same words whatever its framework and its instrumentation.

Two things are chosen for a run and are independent of what happens in it: the *style* in which a model asks for
an action (`native` tool calls, `code` for a Python interpreter, `bash` blocks, `react` text, `team`: a chat of named
agents with a terminal), and the *carrier*, which writes a model call and a tool as span attributes (carriers.py).

    play.begin(task, "assistant", SYSTEM, TOOLS)
    call = play.say("I look it up.", ("web_search", {"query": "..."}, "results ..."))
    play.fault(call, "Poor Information Retrieval", "searches for the wrong year")
    play.answer("So it is 17.", "17")
"""
from wire import Agent, Call, Message, ToolCall, Wire, compact

RETRY = ("\nNow let's retry: take care not to repeat previous errors! If you have retried several times, try a "
         "completely different approach.\n")


class Play(Wire):
    def __init__(self, rng, service, style, carrier, model="gpt-4o"):
        super().__init__(rng, service, model)
        self.style = style
        self.carrier = carrier
        self.tool_spans = carrier.tool_spans
        self.scope = carrier.scope
        self.agents = []        # the innermost last
        self.team = {}          # style team: name -> system text
        self.stretch = rng.choice((1, 1, 1, 2, 2, 4))   # how much more than the story there is in this run
        self.task = None
        self.picked = set()
        self.course_seed = None   # of what is drawn from the beginning on, where the task has a seed of its own

    def pick(self, rng, kinds, once):
        """One of @kinds; those in @once only the first time in a run, since nobody installs a package nine times."""
        kind = rng.choice([k for k in kinds if k not in self.picked] or list(kinds))
        self.picked |= {kind} & set(once)
        return kind

    # -- who is there -----------------------------------------------------------------------------
    def begin(self, task, name, system, tools=()):
        self.task = task
        if self.course_seed:
            self.rng.seed(self.course_seed)
        self.open(self.carrier.root_name(name), None, self.carrier.root(name, task, self.hex(32)))
        self.agents.append(Agent(name, system, list(tools)))
        self.agents[-1].span = self.root
        if self.style != "team":
            self.user(task)

    def gather(self, task, name, team, tools=()):
        """A chat of several: @team is name -> system text; @name calls it together."""
        self.begin(task, name, "", tools)
        self.team = dict(team)
        self.agents[-1].messages.append(Message("user", task, name=name))

    def user(self, text):
        self.tick(self.rng.uniform(0.3, 9))
        self.agents[-1].messages.append(Message("user", text))

    # -- model calls ------------------------------------------------------------------------------
    def say(self, text, *calls, by=None, finish=None):
        """A model call of the innermost agent (in a team: of @by); each of @calls is (tool, arguments, result) with
        an exit code or an error text behind it where it failed."""
        agent = self.agents[-1]
        parent = self.carrier.turn(self, agent, by)
        span = self.open(self.carrier.call_name(self.model), parent, None, 3)
        self.post(span)
        self.tick(self.rng.uniform(0.7, 9))
        asked = [] if self.style in ("code", "bash", "react", "team") else [(n, a) for n, a, *_ in calls]
        out = self.answer_of(self.written(text, calls), asked)
        out.name = by
        finish = finish or ("tool_calls" if asked else "stop")
        history, system = self.seen_by(by)
        self.close(span, self.carrier.call(self, agent, by, system, history, out, finish))
        agent.messages.append(out)
        for at, (name, args, result, *bad) in enumerate(calls):
            self.act(parent, out.calls[at] if out.calls else ToolCall(self.call_id(), name, args), result, bad)
        self.carrier.turned(self, parent)
        if self.root["attrs"] is not None and not calls:
            self.carrier.result(self.root, out.text)
        return Call(span, out)

    def answer_of(self, text, asked):
        return Message("assistant", text, [ToolCall(self.call_id(), n, a) for n, a in asked])

    def seen_by(self, by):
        agent = self.agents[-1]
        if self.style != "team":
            return list(agent.messages), agent.system
        seen = [Message("assistant" if m.name == by else "user", m.text, name=m.name) for m in agent.messages]
        return seen, self.team.get(by, agent.system)

    def written(self, text, calls):
        """What the model writes, where its style has actions in the text."""
        if self.style == "code" and calls:
            lines = [code_of(n, a, k) for k, (n, a, *_) in enumerate(calls)]
            return "Thought: %s\nCode:\n```py\n%s\n```<end_code>" % (text, "\n".join(lines))
        if self.style == "bash" and calls:
            return "THOUGHT: %s\n\n```bash\n%s\n```" % (text, calls[0][1]["command"])
        if self.style == "react" and calls:
            return "Thought: %s\nAction: %s\nAction Input: %s" % (text, calls[0][0], compact(calls[0][1]))
        return text

    def act(self, parent, call, result, bad):
        """The tool's span, and its result as the model will see it."""
        python = self.style == "code" and call.name == "python_interpreter"
        if self.tool_spans and not (python and self.carrier.steps) and call.name != "final_answer":
            span = self.open(self.carrier.tool_name(call.name), parent)
            self.tick(self.rng.uniform(0.05, 4))
            call.span = self.close(span, self.carrier.tool(call, result, bad),
                                   result[:200] if bad and isinstance(bad[0], str) else None)
        self.observe(call, result, bad)

    def observe(self, call, result, bad):
        seen = self.agents[-1].messages
        if call.name == "final_answer":
            self.carrier.result(self.root, result)
        elif self.style == "code" and bad:
            seen.append(Message("user", "Error:\n" + result + RETRY))
        elif self.style == "code":
            seen.append(Message("user", "Observation:\nExecution logs:\n%s\nLast output from code snippet:\nNone" % result))
        elif self.style == "bash":
            seen.append(Message("user", "<returncode>%s</returncode>\n<output>\n%s\n</output>" % (bad[0] if bad else 0, result)))
        elif self.style == "react":
            seen.append(Message("user", "Observation: " + result))
        else:
            seen.append(Message("tool", result, call_id=call.id, name=call.name))

    def terminal(self, output, code=0, name="Computer_terminal"):
        """Style team: the executor speaks; as a tool or as one more of the chat, as the carrier has it. @code None: it ran nothing."""
        agent = self.agents[-1]
        text = output if code is None else "exitcode: %d (%s)\nCode output: %s" % (
            code, "execution failed" if code else "execution succeeded", output)
        source = agent.messages[-1].text
        if self.carrier.terminal_is_tool and code is None:
            pass
        elif self.carrier.terminal_is_tool:
            call = ToolCall(self.call_id(), name, {"code": source[source.find("```"):]})
            span = self.open(self.carrier.tool_name(name), self.root)
            self.tick(self.rng.uniform(0.2, 5))
            self.close(span, self.carrier.tool(call, text, [code] if code else []))
        else:
            parent = self.carrier.turn(self, agent, name)
            span = self.open(self.carrier.call_name("none"), parent, None, 3)
            self.tick(self.rng.uniform(0.2, 5))
            history, _ = self.seen_by(name)
            self.close(span, self.carrier.call(self, agent, name, "", history, Message("assistant", text), "stop"))
            self.carrier.turned(self, parent)
        agent.messages.append(Message("user", text, name=name))

    # -- agents below -----------------------------------------------------------------------------
    def enter(self, text, name, system, task, tools=(), argument="task"):
        """The innermost agent hands @task to agent @name, as a call; returns the call that did."""
        agent = self.agents[-1]
        parent = self.carrier.turn(self, agent, None)
        span = self.open(self.carrier.call_name(self.model), parent, None, 3)
        self.tick(self.rng.uniform(1, 9))
        asked = (name, {argument: task})
        out = self.answer_of(self.written(text, [asked]), [] if self.style in ("code", "react") else [asked])
        history, seen = self.seen_by(None)
        self.close(span, self.carrier.call(self, agent, None, seen, history, out, "tool_calls" if out.calls else "stop"))
        agent.messages.append(out)
        sub = Agent(name, system, list(tools))
        sub.extra["call"] = out.calls[0] if out.calls else ToolCall(self.call_id(), *asked)
        sub.extra["turn"] = parent
        sub.span = self.open(self.carrier.root_name(name), parent, self.carrier.agent(name, task))
        self.agents.append(sub)
        self.user(task)
        return Call(span, out)

    def leave(self, report):
        """The agent below answers with @report, as a model call of its own, which is returned."""
        last = self.answer(report, report)
        sub = self.agents.pop()
        self.close(sub.span, self.carrier.gave(report))
        self.observe(sub.extra["call"], report, [])
        self.carrier.turned(self, sub.extra["turn"])
        return last

    def answer(self, text, value):
        """The end of the innermost agent, in the form of its style."""
        if self.style == "code":
            return self.say(text, ("final_answer", value, value))
        if self.style == "bash" or "bash" in [t["function"]["name"] for t in self.agents[-1].tools]:
            return self.say(text, ("bash", {"command": "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && git add -A && git diff --cached"}, value))
        if self.style == "react":
            return self.say("Thought: %s\nFinal Answer: %s" % (text, value))
        return self.say(text if value in text else text + "\n\n" + value)

    # -- labels -----------------------------------------------------------------------------------
    def fault(self, call, category, reason, agent=None):
        """@call, or the tool that failed by itself, is where a human would put the blame; a second one is as defensible."""
        self.blame(call, category, reason)
        self.failures[-1].update(agent=agent or self.agents[-1].name, root=True)
        return call


def code_of(name, args, number):
    if name == "python_interpreter":
        return args["code"]
    if name == "final_answer":
        return "final_answer(%s)" % compact(args)
    var = "result" if number == 0 else "result_%d" % (number + 1)
    return "%s = %s(%s)\nprint(%s)" % (var, name, ", ".join("%s=%s" % (k, compact(v)) for k, v in args.items()), var)
