"""Wire shapes of frameworks in which several agents share a conversation. See shapes.py."""
from shapes import GenAi, OpenInference, genai_parts
from wire import Agent, Message, compact


class AgentFramework(GenAi):
    """Magentic and group chat: the workflow's executors round the agents' runs."""
    scope = ("agent_framework", "1.23.0")
    llm_kind = 1
    system_apart = True

    def workflow(self, name):
        self.root = self.open("workflow.run", None, {"workflow.id": self.hex(32),
                                                     "workflow.name": name})
        self.event(self.root, "workflow.started", {})
        return self.root

    def turn(self, name, system, tools, messages, executor=None):
        """One run of one agent in the workflow: executor span, agent span. The history is given."""
        agent = Agent(name, system, list(tools))
        agent.messages = messages
        agent.top = self.open("executor.process " + (executor or name), self.root, {
            "executor.id": executor or name, "executor.type": "AgentExecutor",
            "message.type": "GroupChatRequestMessage"})
        self.open_agent(agent, agent.top)
        return agent

    def open_agent(self, agent, parent):
        super().open_agent(agent, parent)
        agent.extra["usage"] = [0, 0]
        agent.span["attrs"].update({
            "gen_ai.provider.name": "microsoft.agent_framework", "gen_ai.agent.id": self.hex(32),
            "gen_ai.request.choice.count": 1, "gen_ai.request.model": self.model,
            "gen_ai.system_instructions": compact([{"type": "text", "content": agent.system}]),
            "gen_ai.conversation.id": None, "user.id": None})

    def llm_attrs(self, agent, history, out, finish):
        attrs = super().llm_attrs(agent, history, out, finish)
        attrs.update({
            "gen_ai.input.messages": compact([genai_parts(m, True) for m in history[1:]]),
            "gen_ai.agent.name": None, "gen_ai.conversation.id": None, "gen_ai.request.choice.count": 1,
            "gen_ai.response.finish_reasons": compact([finish])})
        if out is not None:
            attrs["gen_ai.output.messages"] = compact([dict(genai_parts(out, True), finish_reason=finish)])
            for i, side in enumerate(("input", "output")):
                agent.extra["usage"][i] += attrs["gen_ai.usage.%s_tokens" % side]
        return attrs

    def close_agent(self, agent, output):
        super().close_agent(agent, output)
        agent.span["attrs"].update({
            "gen_ai.response.finish_reasons": "[\"stop\"]",
            "gen_ai.usage.input_tokens": agent.extra["usage"][0],
            "gen_ai.usage.output_tokens": agent.extra["usage"][1]})
        if agent.top:
            for kind in ("message.send", "edge_group.process SingleEdgeGroup"):
                span = self.open(kind, agent.top if kind[0] == "m" else self.root, {
                    "message.type": "AgentExecutorResponse"} if kind[0] == "m" else {
                        "edge_group.type": "SingleEdgeGroup", "edge_group.delivered": True})
                self.close(span)
            self.close(agent.top)

    def tool_attrs(self, agent, call, result, error, kind):
        attrs = super().tool_attrs(agent, call, result, error, kind)
        attrs["agent_framework.function.invocation.duration"] = self.rng.uniform(0.01, 2)
        return attrs


class CrewAi(OpenInference):
    scope = ("openinference.instrumentation.crewai", "1.1.21")
    llm_scope = ("openinference.instrumentation.openai", "0.1.66")
    names = True

    def crew(self, tasks):
        self.root = self.open("Crew_%s.kickoff" % self.hex(32), None, dict(
            self.common("CHAIN"), crew_id=self.hex(32), crew_inputs="",
            crew_tasks=compact([{"description": t, "async_execution?": False} for t in tasks])))
        return self.root

    def open_agent(self, agent, parent):
        agent.span = self.open(agent.name + "._execute_core", parent or self.root, dict(
            self.common("AGENT"), task_id=self.hex(32), **{
                "graph.node.id": agent.name, "input.value": compact({"agent": {
                    "role": agent.name, "goal": agent.system, "max_iter": 25}}),
                "input.mime_type": "application/json"}))

    def llm(self, agent, text="", calls=(), seconds=None, finish=None):
        call = super().llm(agent, text, calls, seconds, finish)
        call.span["scope"] = self.llm_scope
        return call

    def tool_name(self, _agent, call):
        return call.name + ".run"

    def close_agent(self, agent, output):
        self.close(agent.span, {"output.value": compact({
            "description": agent.extra.get("task"), "raw": output, "agent": agent.name}),
            "output.mime_type": "application/json"})


class AutoGen(OpenInference):
    """autogen-agentchat: OpenInference and the runtime's own messaging spans side by side."""
    scope = ("openinference.instrumentation.autogen_agentchat", "0.1.22")
    runtime = ("autogen SingleThreadedAgentRuntime", "")
    core = ("autogen-core", "")

    def team(self, kind, task, names):
        self.team_id = self.hex(32)
        self.manager = kind + "Manager"
        self.root = self.open(kind + ".run_stream", None, dict(self.common("CHAIN"), **{
            "input.value": compact({"task": task, "cancellation_token": None}),
            "participant_names": names, "team_id": self.team_id}))
        self.last_speaker = "start"
        return self.root

    def messaging(self, verb, name, parent):
        to = "%s_%s.(%s)-A" % (name, self.team_id, self.team_id)
        return self.open("autogen %s %s" % (verb, to), parent, {
            "messaging.operation": verb, "messaging.destination": to,
            "recipient_agent_type": name + "_" + self.team_id, "message_context": compact(
                {"sender": "None", "topic_id": "None", "is_rpc": True})}, 4, self.runtime)

    def select(self, prompt, name):
        """The manager's model call that picks the next speaker."""
        box = self.messaging("process", self.manager, self.root)
        agent = Agent(self.manager, "", [])
        agent.span = box
        agent.messages = [Message("developer", prompt)]
        call = self.llm(agent, name)
        self.close(box)
        return call

    def turn(self, name, system, tools, messages):
        """@messages: the group's messages so far, as this agent sees them."""
        agent = Agent(name, system, list(tools))
        agent.messages = messages
        agent.top = self.messaging("process", name, self.root)
        run = self.open("invoke_agent " + name, agent.top, {
            "gen_ai.operation.name": "invoke_agent", "gen_ai.system": "autogen",
            "gen_ai.agent.name": name}, 3, self.core)
        agent.extra["run"] = run
        agent.span = self.open(name + ".on_messages_stream", run, dict(self.common("AGENT"), **{
            "graph.node.id": name, "graph.node.parent_id": self.last_speaker, "input.value": compact(
                {"messages": ["source='%s' content=%r type='TextMessage'" % (m.role, m.text)
                              for m in messages[-2:]]})}))
        self.last_speaker = name
        return agent

    def llm_name(self, _agent):
        return "OpenAIChatCompletionClient.create"

    def llm_attrs(self, agent, history, out, finish):
        history = [Message("developer", m.text) if m.role == "system" else m for m in history]
        attrs = {k: v for k, v in super().llm_attrs(agent, history, out, finish).items()
                 if not k.startswith("llm.tools.")}
        for i, m in enumerate(history):
            if m.role == "tool":   # written with a key of its own
                p = "llm.input_messages.%d." % i
                attrs[p + "message.role"] = "function"
                attrs[p + "message.content"] = attrs[p + "message.tool_call_id"] = None
                attrs[p + "function.0"] = compact({"name": m.name, "content": m.text,
                                                   "call_id": m.call_id, "is_error": False})
        for key in ("input.value", "input.mime_type", "llm.provider", "llm.system",
                    "llm.invocation_parameters", "llm.finish_reason"):
            attrs[key] = None
        if out is not None:
            attrs["output.value"] = compact({
                "finish_reason": "function_calls" if out.calls else "stop",
                "content": [{"id": c.id, "name": c.name, "arguments": c.args_text()}
                            for c in out.calls] or out.text, "cached": False})
        return attrs

    def tool_name(self, agent, call):
        return "%s.%s" % (agent.name, call.name)

    def tool_body(self, agent, call, result, error, seconds, kind):
        core = self.open("execute_tool " + call.name, call.span, {
            "gen_ai.operation.name": "execute_tool", "gen_ai.system": "autogen",
            "gen_ai.tool.name": call.name, "gen_ai.tool.call.id": call.id}, 1, self.core)
        self.tick(seconds or self.rng.uniform(0.05, 1.8))
        self.close(core)
        core["status"] = {}
        super().tool_body(agent, call, result, error, 0.001, kind)

    def close_agent(self, agent, output):
        self.close(agent.span, {"output.value": output})
        if "run" in agent.extra:
            self.close(agent.extra["run"])
            box = self.messaging("publish", "group_topic", agent.top)
            self.close(box)
            self.close(agent.top)
