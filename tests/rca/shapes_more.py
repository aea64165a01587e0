"""More wire shapes: Google's ADK, Langfuse's SDK, Strands, LlamaIndex. See shapes.py."""
from shapes import GenAi, OpenInference, Shape, genai_parts, openai_messages
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


class Strands(Shape):
    """strands-agents: messages are span events, and a tool that failed has no error status."""
    scope = ("strands.telemetry.tracer", "")
    ok_status = {"code": 1}
    llm_kind = 3

    def common(self, operation):
        return {"gen_ai.system": "strands-agents", "gen_ai.operation.name": operation}

    def blocks(self, m):
        if m.role == "tool":
            bad = m.text.startswith(("Error", "ERROR", "[exit"))
            return [{"toolResult": {"toolUseId": m.call_id, "status": "error" if bad else "success",
                                    "content": [{"text": m.text}]}}]
        rows = [{"text": m.text}] if m.text else []
        return rows + [{"toolUse": {"toolUseId": c.id, "name": c.name, "input": c.args}} for c in m.calls]

    def open_agent(self, agent, parent):
        agent.extra["usage"] = [0, 0]
        agent.span = self.open("invoke_agent " + agent.name, parent, dict(
            self.common("invoke_agent"), system_prompt=agent.system, **{
                "gen_ai.agent.name": agent.name, "gen_ai.request.model": self.model,
                "session.id": self.session, "gen_ai.agent.tools": compact(
                    [t["function"]["name"] for t in agent.tools])}), 3)

    def cycle(self, agent):
        if agent.extra.get("cycle"):
            self.close(agent.extra["cycle"])
        cycle = agent.extra["cycle_id"] = self.hex(32)
        agent.extra["cycle"] = self.open("Cycle " + cycle, agent.span, {"event_loop.cycle_id": cycle})
        return agent.extra["cycle"]

    def llm_parent(self, agent):
        return self.cycle(agent)

    def llm_name(self, _agent):
        return "Model invoke"

    def llm_attrs(self, agent, history, out, finish):
        agent.extra["shown"] = history
        attrs = dict(self.common("chat"), **{"gen_ai.request.model": self.model})
        if out is None:
            return attrs
        tokens = self.usage(history, out)
        agent.extra["usage"] = [a + b for a, b in zip(agent.extra["usage"], tokens)]
        for old, new, value in (("prompt", "input", tokens[0]), ("completion", "output", tokens[1])):
            attrs["gen_ai.usage.%s_tokens" % old] = attrs["gen_ai.usage.%s_tokens" % new] = value
        attrs["gen_ai.usage.total_tokens"] = sum(tokens)
        return attrs

    def llm(self, agent, text="", calls=(), seconds=None, finish=None):
        call = super().llm(agent, text, calls, seconds, finish)
        for m in agent.extra["shown"]:
            if m.role != "system":
                role = "assistant" if m.role == "assistant" else "user"
                self.event(call.span, "gen_ai.%s.message" % role, {"content": compact(self.blocks(m))})
        self.event(call.span, "gen_ai.choice", {
            "finish_reason": "tool_use" if call.calls else "end_turn",
            "message": compact(self.blocks(call.message))})
        return call

    def tool_parent(self, agent):
        return agent.extra["cycle"]

    def tool_name(self, _agent, call):
        return "Tool: " + call.name

    def tool_attrs(self, _agent, call, result, error, kind):
        return dict(self.common("execute_tool"), **{
            "gen_ai.tool.name": call.name, "gen_ai.tool.call.id": call.id,
            "tool.status": "success" if error is None else "error"})

    def tool_body(self, agent, call, result, error, seconds, kind):
        self.tick(seconds or self.rng.uniform(0.05, 1.8))
        self.event(call.span, "gen_ai.tool.message", {"role": "tool", "content": call.args_text(),
                                                      "id": call.id})
        said = result if error is None else "Error: %s - %s" % (kind, error)
        self.event(call.span, "gen_ai.choice", {"message": compact([{"text": said}]), "id": call.id})
        self.close(call.span, self.tool_attrs(agent, call, result, error, kind))

    def close_agent(self, agent, output):
        if agent.extra.get("cycle"):
            self.close(agent.extra["cycle"])
        for m in [m for m in agent.messages if m.role == "user"][:1]:
            self.event(agent.span, "gen_ai.user.message", {"content": m.text})
        self.event(agent.span, "gen_ai.choice", {"message": output or "", "finish_reason": "end_turn"})
        self.close(agent.span, {"gen_ai.usage.input_tokens": agent.extra["usage"][0],
                                "gen_ai.usage.output_tokens": agent.extra["usage"][1]})


class LlamaIndex(OpenInference):
    """llama-index's workflow agents: each model call is three LLM spans, the innermost the real one."""
    scope = ("openinference.instrumentation.llama_index", "4.6.1")

    def common(self, kind):
        return {"openinference.span.kind": kind}

    def open_agent(self, agent, parent):
        agent.span = self.open("FunctionAgent.run", parent, dict(self.common("CHAIN"), **{
            "input.value": compact({"init_state": {"is_running": False}}), "input.mime_type":
            "application/json"}))
        if parent is None:
            self.close(self.open("BaseWorkflowAgent.init_run", agent.span, self.common("CHAIN")))

    def llm_parent(self, agent):
        self.close(self.open("BaseWorkflowAgent.setup_agent", agent.span, self.common("CHAIN")))
        step = self.open("BaseWorkflowAgent.run_agent_step", agent.span, self.common("CHAIN"))
        chat = ["ChatMessage(role=<MessageRole.%s: '%s'>, blocks=[TextBlock(block_type='text', text=%r)])"
                % (m.role.upper(), m.role, m.text) for m in agent.history()]
        model = {"llm.model_name": self.model, "llm.provider": "openai"}
        prepare = self.open("OpenAILike._prepare_chat_with_tools", step, dict(self.common("LLM"), **model))
        self.close(prepare, {"input.value": compact({"user_msg": None, "chat_history": chat}),
                             "output.value": compact({"messages": chat})})
        outer = self.open("OpenAILike.achat", step, dict(self.common("LLM"), **model))
        outer["attrs"]["input.value"] = compact({"messages": chat})
        agent.extra["boxes"] = (outer, step)
        return outer

    def llm_name(self, _agent):
        return "OpenAILike.achat"

    def llm_attrs(self, agent, history, out, finish):
        attrs = super().llm_attrs(agent, history, out, finish)
        if out is not None:
            attrs["output.value"] = "assistant: %s" % (out.text or None)
        return attrs

    def after_llm(self, agent, out):
        outer, step = agent.extra["boxes"]
        self.close(outer, {"output.value": compact({"message": openai_messages([out])[0]} if out else {})})
        self.close(step)
        self.close(self.open("BaseWorkflowAgent.parse_agent_output", agent.span, self.common("CHAIN")))

    def tool_parent(self, agent):
        agent.extra["box"] = self.open("BaseWorkflowAgent.call_tool", agent.span, self.common("CHAIN"))
        return agent.extra["box"]

    def tool_name(self, _agent, _call):
        return "FunctionTool.acall"

    def tool_attrs(self, agent, call, result, error, kind):
        attrs = super().tool_attrs(agent, call, result, error, kind)
        attrs["input.value"] = compact({"kwargs": call.args})
        if error is None:
            attrs["output.value"] = compact({"blocks": [{"text": result}], "tool_name": call.name,
                                             "raw_input": {"args": [], "kwargs": call.args},
                                             "raw_output": result, "is_error": False})
        return attrs

    def after_tool(self, agent, call):
        self.close(agent.extra["box"])
        self.close(self.open("BaseWorkflowAgent.aggregate_tool_results", agent.span, self.common("CHAIN")))

    def close_agent(self, agent, output):
        self.close(agent.span, {"output.value": "StopEvent(result=AgentOutput(response=%r" % (output or "")[:90]})
