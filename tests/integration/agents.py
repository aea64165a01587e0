"""
Log records as coding agents send them, made up: one class a program, whose methods tell what
happened. What they say is put into requests by the tests.
"""
import json

START = 1795900000 * 10**9
MS = 10**6


def value(v):
    if isinstance(v, bool):
        return {"boolValue": v}
    if isinstance(v, int):
        return {"intValue": str(v)}
    if isinstance(v, float):
        return {"doubleValue": v}
    if isinstance(v, dict):
        return {"kvlistValue": {"values": attributes(v)}}
    return {"stringValue": v}


def attributes(d):
    return [{"key": k, "value": value(v)} for k, v in d.items()]


def request(records, service="agent", scope="", **resource):
    return {"resourceLogs": [{
        "resource": {"attributes": attributes({"service.name": service, **resource})},
        "scopeLogs": [{"scope": {"name": scope}, "logRecords": records}]}]}


def spans(made, service="agent", scope=""):
    return {"resourceSpans": [{"resource": {"attributes": attributes({"service.name": service})},
                               "scopeSpans": [{"scope": {"name": scope}, "spans": made}]}]}


def span(trace, number, name, at, took, parent=0, **attrs):
    made = {"traceId": trace, "spanId": "%016x" % number, "name": name, "kind": 1,
            "startTimeUnixNano": str(START + at * MS), "endTimeUnixNano": str(START + (at + took) * MS),
            "attributes": attributes({k.replace("__", "."): v for k, v in attrs.items()})}
    if parent:
        made["parentSpanId"] = "%016x" % parent
    return made


class Program:
    """Keeps what was said; `at` is milliseconds after START."""
    service = "agent"
    scope = ""

    def __init__(self, session="s-1"):
        self.session = session
        self.records = []
        self.at = 0

    def add(self, took=10, **record):
        self.at += took
        record.setdefault("timeUnixNano", str(START + self.at * MS))
        record.setdefault("observedTimeUnixNano", str(START + self.at * MS))
        self.records.append(record)
        return record

    def request(self, records=None):
        return request(self.records if records is None else records, self.service, self.scope)


class ClaudeCode(Program):
    service = "claude-code"
    scope = "com.anthropic.claude_code.events"

    def __init__(self, session="s-1", prompt="p-1", first=0):
        super().__init__(session)
        self.prompt_id = prompt
        self.sequence = first

    def event(self, name, took=10, **attrs):
        own = {"session.id": self.session, "event.name": name, "event.sequence": self.sequence,
               "user.id": "u-1"}
        if self.prompt_id:
            own["prompt.id"] = self.prompt_id
        self.sequence += 1
        return self.add(took, body={"stringValue": "claude_code." + name},
                        attributes=attributes({**own, **attrs}))

    def prompt(self, text):
        return self.event("user_prompt", prompt_length=len(text), prompt=text)

    def call(self, number, text=None, took=100, **more):
        made = [self.event("api_request", took, model="claude-x", input_tokens=100 + number,
                           output_tokens=10, cache_read_tokens=50, cache_creation_tokens=5,
                           cost_usd=0.01, duration_ms=took - 10, request_id="req_%s_%d" % (
                               self.session, number), **more)]
        if text is not None:
            made.append(self.event("assistant_response", 1, response=text,
                                   request_id="req_%s_%d" % (self.session, number)))
        return made

    def tool(self, number, name, took=50, success=True, **more):
        call = "toolu_%s_%d" % (self.session, number)
        self.event("tool_decision", 5, decision="accept", tool_name=name, tool_use_id=call)
        return self.event("tool_result", took, tool_name=name, tool_use_id=call, duration_ms=took - 10,
                          success="true" if success else "false", **more)


class Codex(Program):
    """The name of the event is an attribute; the field for it has a place in a source file."""
    service = "codex_cli_rs"
    scope = "codex_otel.log_only"

    def event(self, name, took=10, **attrs):
        record = self.add(took, eventName="event otel/src/events/session_telemetry.rs:%d" % len(name),
                          attributes=attributes({"event.name": "codex." + name,
                                                 "conversation.id": self.session, "model": "gpt-x",
                                                 **attrs}))
        del record["timeUnixNano"]
        return record

    def prompt(self, text):
        self.event("conversation_starts", provider_name="stub")
        return self.event("user_prompt", prompt=text)

    def call(self, number, pieces=3, **more):
        self.event("api_request", 100, duration_ms=90, attempt=0,
                   **{"http.response.status_code": 200})
        for _ in range(pieces):
            self.event("sse_event", 1, **{"event.kind": "response.output_text.delta"})
        return self.event("sse_event", 1, **{"event.kind": "response.completed"},
                          input_token_count=str(200 + number), output_token_count="20",
                          cached_token_count=100, reasoning_token_count=7, **more)

    def tool(self, number, name, result="done", success="true", **more):
        call = "call_%s_%d" % (self.session, number)
        self.event("tool_decision", 5, tool_name=name, call_id=call, decision="approved")
        return self.event("tool_result", 50, tool_name=name, call_id=call, duration_ms=40,
                          success=success, output=result, **more)


class Gemini(Program):
    service = "gemini-cli"
    scope = "gemini-cli"
    prefix = "gemini_cli."

    def __init__(self, session="s-1", prompt="s-1########1"):
        super().__init__(session)
        self.prompt_id = prompt

    def event(self, name, took=10, **attrs):
        own = {"session.id": self.session, "event.name": self.prefix + name}
        if self.prompt_id:
            own["prompt_id"] = self.prompt_id
        return self.add(took, body={"stringValue": "A sentence about it."},
                        attributes=attributes({**own, **attrs}))

    def prompt(self, text):
        return self.event("user_prompt", prompt=text)

    def call(self, number, text="", took=100, **more):
        self.event("api_request", 5, model="gemini-x", request_text=json.dumps(
            [{"role": "user", "parts": [{"text": "q%d" % number}]}]))
        return self.event("api_response", took, model="gemini-x-001", duration_ms=took,
                          input_token_count=300 + number, output_token_count=30,
                          cached_content_token_count=200, thoughts_token_count=9,
                          total_token_count=339 + number, response_text=json.dumps(
                              [{"candidates": [{"content": {"role": "model", "parts": [
                                  {"text": text}]}}]}]), **more)

    def tool(self, name, took=50, success=True, **more):
        return self.event("tool_call", took, function_name=name, duration_ms=took - 10, success=success,
                          function_args='{"path": "a.txt"}', **more)


class Qwen(Gemini):
    service = "qwen-code"
    scope = "qwen-code"
    prefix = "qwen-code."
