"""smolagents under OpenInference: CodeAgent and ToolCallingAgent, planning, managed agents.

As captured: every step is a CHAIN span with the model call and the tools inside; planning calls hang
under the agent; tools called by code are spans only when they are Tool objects, the interpreter
itself is none; a step that raised has error status on the CHAIN span and an error text in the memory.
"""
from shapes import OpenInference
from wire import Agent, Call, Message, ToolCall, compact

RETRY = ("\nNow let's retry: take care not to repeat previous errors! If you have retried several "
         "times, try a completely different approach.\n")


class Smol(OpenInference):
    scope = ("openinference.instrumentation.smolagents", "0.1.43")
    contents = True
    client = "OpenAIModel.generate"

    def run(self, name, system, tools, task, parent=None, kind=None, managed=()):
        """Opens NAME.run; @parent is the calling agent's step."""
        agent = Agent(name, system, list(tools))
        agent.extra["kind"] = kind or "ToolCallingAgent"
        attrs = {"input.value": compact({"task": task, "stream": False, "reset": True,
                                         "images": None, "additional_args": None}),
                 "smolagents.max_steps": 20,
                 "smolagents.tools_names": [t["function"]["name"] for t in tools]}
        for i, m in enumerate(managed):
            attrs["smolagents.managed_agents.%d.name" % i] = m
        agent.span = self.open(("%s.run" % name) if parent else agent.extra["kind"] + ".run",
                               parent, dict(self.common("AGENT"), **attrs))
        agent.messages = [Message("user", "New task:\n" + task)]
        return agent

    def usage(self, messages, out):
        tokens = super().usage(messages, out)
        total = getattr(self, "total", (0, 0))
        self.total = (total[0] + tokens[0], total[1] + tokens[1])
        return tokens

    def llm_attrs(self, agent, history, out, finish):
        attrs = super().llm_attrs(agent, history, out, finish)
        attrs["input.value"] = compact({"messages": [
            "ChatMessage(role=<MessageRole.%s: '%s'>, content=[{'type': 'text', 'text': %r}])"
            % (m.role.upper().replace("-", "_"), m.role, m.text) for m in history]})
        attrs["llm.system"] = attrs["llm.finish_reason"] = None
        attrs["llm.invocation_parameters"] = "{}"
        if agent.extra["kind"] == "CodeAgent":
            attrs = {k: v for k, v in attrs.items() if not k.startswith("llm.tools.")}
        return attrs

    def _call(self, agent, parent, history, out):
        span = self.open(self.client, parent)
        self.post(span)
        self.tick(self.rng.uniform(1, 9))
        self.close(span, self.llm_attrs(agent, history, out, None))
        return Call(span, out)

    def plan(self, agent, text, first=True):
        """A planning call; the plan enters the memory as an assistant message."""
        if first:
            prompt = [Message("user", agent.extra.get("plan_prompt", PLAN_PROMPT)
                              + agent.messages[0].text)]
        else:
            prompt = [Message("system", UPDATE_PROMPT)] + agent.messages + [
                Message("user", "Now write your updated facts and plan, given the history above.")]
        call = self._call(agent, agent.span, prompt, Message("assistant", text))
        lead = ("Here are the facts I know and the plan of action that I will follow to solve the "
                "task:" if first else "I still need to solve the task I was given. Here are the "
                "facts I know and my updated plan of action:")
        agent.messages.append(Message("assistant", "%s\n```\n%s\n```" % (lead, text)))
        agent.messages.append(Message("user", "Now proceed and carry out this plan."))
        return call

    def step(self, agent):
        agent.step += 1
        agent.extra["step"] = self.open("Step %d" % agent.step, agent.span, dict(
            self.common("CHAIN"), **{"input.value": compact({
                "memory_step": "ActionStep(step_number=%d, timing=Timing(start_time=%d.5, "
                "end_time=None), tool_calls=None, error=None)" % (agent.step, self.now // 10**9)})}))
        return agent.extra["step"]

    def think(self, agent, text, calls=()):
        """Opens a step and makes its model call; the caller then closes with observe or fail."""
        step = self.step(agent)
        out = self.answer(text, calls)
        call = self._call(agent, step, agent.history(), out)
        agent.messages.append(Message("assistant", text))
        return call

    def _remember(self, agent, call, name=None, args=None):
        entry = [{"id": call.calls[0].id if call.calls else "call_%d" % agent.step,
                  "type": "function", "function": {
                      "name": name or call.calls[0].name,
                      "arguments": args if args is not None else call.calls[0].args}}]
        agent.messages.append(Message("tool-call", "Calling tools:\n%r" % (entry,)))

    def observe(self, agent, text, error=None, kind="AgentExecutionError"):
        step = agent.extra["step"]
        if error is None:
            agent.messages.append(Message("tool-response", "Observation:\n" + text))
            self.close(step, {"output.value": text})
            return
        logs = text + "\n" if text else ""
        agent.messages.append(Message("tool-response", "%sError:\n%s%s" % (logs, error, RETRY)))
        self.exception(step, "smolagents.utils." + kind, error)
        self.close(step, None, "%s: %s" % (kind, error))

    # -- code agents ------------------------------------------------------------------------------
    def code(self, agent, thought, code, output="", error=None, tools=(), result="None"):
        """One step of a CodeAgent. @tools: (name, args, result, error) that the code called."""
        call = self.think(agent, "Thought: %s\n<code>\n%s\n</code>" % (thought, code))
        self._remember(agent, call, "python_interpreter", code)
        call.tools = []
        for t in tools:
            call.tools.append(self._tool(agent, *t))
        if error is not None:
            self.observe(agent, "Execution logs:\n" + output if output else "", error)
        else:
            self.observe(agent, "Execution logs:\n%s\nLast output from code snippet:\n%s"
                         % (output, result))
        return call

    def unparsed(self, agent, text):
        """A CodeAgent's answer without a code block."""
        call = self.think(agent, text)
        self.observe(agent, "", "Error in code parsing:\nYour code snippet is invalid, because the "
                     "regex pattern <code>(.*?)</code> was not found in it.\nHere is your code "
                     "snippet:\n%s" % text, "AgentParsingError")
        return call

    def finish(self, agent, thought, code, answer):
        call = self.think(agent, "Thought: %s\n<code>\n%s\n</code>" % (thought, code))
        self._remember(agent, call, "python_interpreter", code)
        self._tool(agent, "final_answer", {"answer": answer}, answer, None, "FinalAnswerTool")
        self.observe(agent, "Execution logs:\nLast output from code snippet:\n%s" % answer)
        self.close_run(agent, answer)
        return call

    def close_run(self, agent, answer):
        total = getattr(self, "total", (0, 0))   # of the model object, which all agents share
        self.close(agent.span, {"output.value": str(answer), "llm.token_count.prompt": total[0],
                                "llm.token_count.completion": total[1],
                                "llm.token_count.total": sum(total)})

    def _tool(self, agent, name, args, result, error=None, span_name="SimpleTool"):
        span = self.open(span_name, agent.extra["step"])
        self.tick(self.rng.uniform(0.1, 2.5))
        described = [t["function"]["description"] for t in agent.tools
                     if t["function"]["name"] == name]
        if error is not None:
            self.exception(span, error.split(":")[0], error.partition(": ")[2])
        self.close(span, dict(self.common("TOOL"), **{
            "input.value": compact({"args": [], "sanitize_inputs_outputs": True, "kwargs": args}),
            "tool.name": name, "tool.description": (described or [None])[0],
            "tool.parameters": compact({k: {"type": "string"} for k in args}),
            "output.value": None if error is not None else result,
            "output.mime_type": None if error is not None else "text/plain"}), error)
        return span

    # -- tool-calling agents ----------------------------------------------------------------------
    def use(self, agent, name, args, result, error=None):
        """One step of a ToolCallingAgent. Returns the Call; call.calls[0].span is the tool's."""
        call = self.think(agent, "", [(name, args)])
        self._remember(agent, call)
        call.calls[0].span = self._tool(agent, name, args, result, error)
        if error is not None:
            self.observe(agent, "", "Error executing tool '%s' with arguments %r: %s\nPlease try "
                         "again or use another tool" % (name, args, error),
                         "AgentToolExecutionError")
        else:
            self.observe(agent, result)
        return call

    def report(self, agent, answer):
        """The sub-agent's final_answer step."""
        call = self.think(agent, "", [("final_answer", {"answer": answer})])
        self._remember(agent, call)
        call.calls[0].span = self._tool(agent, "final_answer", {"answer": answer}, answer, None,
                                        "FinalAnswerTool")
        self.observe(agent, answer)
        self.close_run(agent, answer)
        return call


PLAN_PROMPT = """Before any action, study the task below and set down what is known.
Write two parts. First the facts: what the task itself states, what has to be looked up and where, \
what has to be worked out from other facts. Then a numbered plan of single steps that use the tools \
and team members you have. Do not take any action yet, and do not skip steps. End with <end_plan>.

"""
UPDATE_PROMPT = """You are the planner of a running task. You see the task and all that has been tried. \
Bring the list of facts up to date (given, learned, still to look up, still to derive) and write a new \
numbered plan for what remains, within the steps that are left. End with <end_plan>."""

__all__ = ["Smol", "ToolCall"]
