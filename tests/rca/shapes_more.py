"""More wire shapes: Google's ADK and Langfuse's SDK. See shapes.py."""
from shapes import GenAi, Shape, genai_parts, openai_messages
from wire import compact


class Adk(GenAi):
    """google-adk: tool results come back as user messages, every finish reason is 'stop'."""
    scope = ("gcp.vertex.agent", "2.13.0")
    llm_kind = 1
    system_apart = True

    def open_agent(self, agent, parent):
        box = self.open("invoke_workflow " + agent.name, parent, {
            "gen_ai.operation.name": "invoke_workflow", "gen_ai.conversation.id": self.session,
            "gen_ai.workflow.name": agent.name})
        agent.top = box
        agent.span = self.open("invoke_agent " + agent.name, box, {
            "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": agent.name,
            "gen_ai.agent.description": "", "gen_ai.conversation.id": self.session})
        agent.extra["id"] = "e-" + self.hex(32)

    def llm_name(self, _agent):
        return "generate_content " + self.model

    def llm_attrs(self, agent, history, out, finish):
        attrs = super().llm_attrs(agent, history, out, "stop" if finish == "tool_calls" else finish)
        rows = []
        for m in history:
            if m.role == "system":
                continue
            row = genai_parts(m)
            rows.append(dict(row, role="user") if m.role == "tool" else row)
        attrs.update({
            "gen_ai.operation.name": "generate_content", "gen_ai.input.messages": compact(rows),
            "gcp.vertex.agent.invocation_id": agent.extra["id"], "gcp.vertex.agent.event_id": self.hex(32),
            "gen_ai.tool.definitions": compact([dict(t["function"], type="function") for t in agent.tools])})
        return attrs

    def tool_attrs(self, agent, call, result, error, kind):
        attrs = super().tool_attrs(agent, call, result, error, kind)
        attrs.update({
            "gen_ai.tool.type": "FunctionTool", "gen_ai.agent.name": agent.name,
            "gen_ai.tool.call.result": compact({"result": result} if error is None else
                                               {"status": "error", "error": error}),
            "error.type": "TOOL_ERROR" if error is not None else None})
        return attrs

    def tool_body(self, agent, call, result, error, seconds, kind):
        self.tick(seconds or self.rng.uniform(0.05, 1.8))
        self.close(call.span, self.tool_attrs(agent, call, result, error, kind),
                   None if error is None else "TOOL_ERROR")

    def close_agent(self, agent, output):
        self.close(agent.span)
        self.close(agent.top)


class Langfuse(Shape):
    scope = ("langfuse-sdk", "5.0.4")

    def common(self, kind):
        return {"session.id": self.session, "user.id": self.user_id, "langfuse.observation.type": kind}

    def open_agent(self, agent, parent):
        agent.span = self.open(agent.name, parent, dict(
            self.common("agent"), **{"langfuse.internal.is_app_root": None if parent else True}))

    def llm_name(self, _agent):
        return "OpenAI-generation"

    def llm_attrs(self, agent, history, out, finish):
        attrs = dict(self.common("generation"), **{
            "langfuse.observation.input": compact({"tools": agent.tools,
                                                   "messages": openai_messages(history)}),
            "langfuse.observation.model.name": self.model,
            "langfuse.observation.model.parameters": compact({"temperature": 1, "max_tokens": "Infinity"})})
        if out is None:
            return dict(attrs, **{"langfuse.observation.level": "ERROR"})
        tokens = self.usage(history, out)
        attrs["langfuse.observation.output"] = compact(openai_messages([out])[0])
        attrs["langfuse.observation.usage_details"] = compact({
            "prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)})
        return attrs

    def tool_name(self, _agent, call):
        return call.name

    def tool_attrs(self, _agent, call, result, error, kind):
        attrs = dict(self.common("tool"), **{
            "langfuse.observation.input": compact({"args": [], "kwargs": call.args})})
        if error is not None:
            attrs.update({"langfuse.observation.level": "ERROR",
                          "langfuse.observation.status_message": error})
        else:
            attrs["langfuse.observation.output"] = result
        return attrs

    def close_agent(self, agent, output):
        first = [m.text for m in agent.messages if m.role == "user"][:1]
        self.close(agent.span, {"langfuse.observation.input": compact({"args": first, "kwargs": {}}),
                                "langfuse.observation.output": output})
