"""A stand-in for the model servers that coding agents talk to, on loopback, streaming.

Model: what is answered depends on the request alone: the last thing the user said chooses a plan, and
the number of tool results after it says how far the plan has gone. So retries, several prompts in one
session, resumed sessions and sub-agents need no state here. The one exception is an overload that ends
(BUSY), which counts its refusals.

    (else)     shell WORKS, shell FAILS, an answer
    AGAIN      an answer
    BROKEN     HTTP 400 to every call
    BUSY       HTTP 529 or 503, BUSY_TRIES times, then an answer
    SLOW       a shell call that takes longer than anybody waits
    HELPER     a sub-agent, whose own prompt holds CHILD, then an answer
    CHILD      shell WORKS, an answer

A call that is offered no shell is one of the program's own (titles, summaries) and gets a short text.

Endpoints (all server-sent events when asked): Anthropic /v1/messages, OpenAI /v1/responses and
/v1/chat/completions, Gemini :generateContent and :streamGenerateContent. Anything else is 404.
"""

import http.server
import json
import re
import threading

WORKS = "echo clew-works"
FAILS = "cat no-such-file.txt"
SLEEP = "tail -f no-such-file.txt /dev/null"
ANSWER = "The first command worked; the second failed, as the file is missing."
BUSY_TRIES = 2
BODY_MAX = 64 << 20

# Who calls the shell and the sub-agent what; first one offered is taken.
SHELLS = (
    "Bash", "exec_command", "shell_command", "shell", "run_shell_command", "bash", "local_shell",
)
HELPERS = ("Agent", "Task", "spawn_agent", "agent", "task", "invoke_agent", "generalist", "codebase_investigator")
COMMAND_FIELDS = ("command", "cmd", "script")
PROMPT_FIELDS = ("prompt", "message", "task", "request", "objective", "query")
COUNTS = {"in": 1001, "out": 51, "read": 400, "write": 100, "reasoning": 11}


def plan_of(prompt):
    """The steps that a prompt asks for: each a dict with one of shell, helper, text."""
    if "CHILD" in prompt:
        return [{"shell": WORKS}, {"text": "The child counted 1 file."}]
    if "HELPER" in prompt:
        return [{"helper": "CHILD: count the files."}, {"text": "The helper counted 1 file."}]
    if "SLOW" in prompt:
        return [{"shell": SLEEP}, {"text": "Awake."}]
    if "AGAIN" in prompt or "BUSY" in prompt:
        return [{"text": "Hello again."}]
    return [{"shell": WORKS}, {"shell": FAILS}, {"text": ANSWER}]


def fill(schema, field_names, text):
    """Arguments that a tool's schema accepts: @text in the first field of those names that it has."""
    properties = (schema or {}).get("properties") or {}
    made = {}
    for name in (schema or {}).get("required") or []:
        kind = (properties.get(name) or {}).get("type", "string")
        kind = kind[0] if isinstance(kind, list) else kind
        options = (properties.get(name) or {}).get("enum")
        blank = {"boolean": False, "integer": 1, "number": 1, "array": [], "object": {}}
        made[name] = options[0] if options else blank.get(str(kind).lower(), "clew")
    for name in field_names:
        if name in properties:
            as_list = properties[name].get("type") == "array"
            made[name] = ["bash", "-lc", text] if as_list else text
            break
    for name in ("agent_name", "subagent_type", "agent_type"):
        if name in properties and not properties[name].get("enum"):
            made[name] = {"agent_name": "generalist", "agent_type": "default"}.get(name, "general-purpose")
    return made


class Asked:
    """What matters of a request, whatever its protocol."""

    def __init__(self, model, tools, prompt, results):
        self.model = model or "stub-model"
        self.tools = tools  # name: schema
        self.prompt = prompt
        self.results = results  # tool results since the prompt

    def tool(self, names):
        return next((n for n in names if n in self.tools), None)

    def next(self):
        """(step, its number): step is {"text"} or {"tool", "arguments"}."""
        if not self.tool(SHELLS):
            return {"text": "Clew test"}, None
        plan = plan_of(self.prompt)
        at = min(self.results, len(plan) - 1)
        step = plan[at]
        if "shell" in step:
            name = self.tool(SHELLS)
            return {"tool": name, "arguments": fill(self.tools[name], COMMAND_FIELDS, step["shell"])}, at
        if "helper" in step:
            name = self.tool(HELPERS)
            if not name:
                return {"text": "No helper is offered."}, at
            return {"tool": name, "arguments": fill(self.tools[name], PROMPT_FIELDS, step["helper"])}, at
        return step, at


def counts(at):
    """Own tokens of the call at @at of a plan; the program's own calls (None) are small."""
    if at is None:
        return {"in": 10, "out": 2, "read": 0, "write": 0, "reasoning": 0}
    return {**COUNTS, "in": COUNTS["in"] + at, "out": COUNTS["out"] + at}


def text_in(content):
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return " ".join(p.get("text") or "" for p in parts if isinstance(p, dict))


# ---- Anthropic Messages --------------------------------------------------------------------------


def anthropic_asked(body):
    prompt, results = "", 0
    for message in body.get("messages") or []:
        content = message.get("content")
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
        found = sum(b.get("type") == "tool_result" for b in blocks)
        own = " ".join(
            b.get("text", "") for b in blocks if b.get("type") == "text" and "<system-reminder>" not in b["text"]
        )
        if found:
            results += found
        elif message.get("role") == "user" and own.strip():
            prompt, results = own, 0
    tools = {t.get("name"): t.get("input_schema") for t in body.get("tools") or []}
    return Asked(body.get("model"), tools, prompt, results)


def anthropic_usage(at):
    n = counts(at)
    return {
        "input_tokens": n["in"] - n["read"] - n["write"],
        "cache_read_input_tokens": n["read"],
        "cache_creation_input_tokens": n["write"],
        "output_tokens": n["out"],
    }


def anthropic_message(asked, step, at, number):
    if "text" in step:
        block, stop = {"type": "text", "text": step["text"]}, "end_turn"
    else:
        block = {"type": "tool_use", "id": f"toolu_{number:024d}", "name": step["tool"]}
        block["input"] = step["arguments"]
        stop = "tool_use"
    return {
        "id": f"msg_{number:024d}",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": [block],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": anthropic_usage(at),
    }


def anthropic_events(message):
    block, usage = message["content"][0], message["usage"]
    begun = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    yield {"type": "message_start", "message": begun}
    if block["type"] == "text":
        empty, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
    else:
        empty = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    yield {"type": "content_block_start", "index": 0, "content_block": empty}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ended, "usage": usage}
    yield {"type": "message_stop"}


# ---- OpenAI chat ---------------------------------------------------------------------------------


def chat_asked(body):
    prompt, results = "", 0
    for message in body.get("messages") or []:
        if message.get("role") == "tool":
            results += 1
        elif message.get("role") == "user":
            prompt, results = text_in(message.get("content")), 0
    tools = {}
    for tool in body.get("tools") or []:
        own = tool.get("function") or tool
        tools[own.get("name")] = own.get("parameters")
    return Asked(body.get("model"), tools, prompt, results)


def chat_usage(at):
    n = counts(at)
    return {
        "prompt_tokens": n["in"],
        "completion_tokens": n["out"],
        "total_tokens": n["in"] + n["out"],
        "prompt_tokens_details": {"cached_tokens": n["read"]},
        "completion_tokens_details": {"reasoning_tokens": n["reasoning"]},
    }


def chat_message(step, number):
    if "text" in step:
        return {"role": "assistant", "content": step["text"]}, "stop"
    function = {"name": step["tool"], "arguments": json.dumps(step["arguments"])}
    call = {"index": 0, "id": f"call_{number:024d}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"


def chat_whole(asked, step, at, number):
    message, finish = chat_message(step, number)
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1767225600,
        "model": asked.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": chat_usage(at),
    }


def chat_chunks(whole):
    base = {**whole, "object": "chat.completion.chunk"}
    usage, choice = base.pop("usage"), base.pop("choices")[0]
    yield {**base, "choices": [{"index": 0, "delta": choice["message"], "finish_reason": None}]}
    yield {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]}
    yield {**base, "choices": [], "usage": usage}


# ---- OpenAI Responses ----------------------------------------------------------------------------


def responses_asked(body):
    prompt, results = "", 0
    items = body.get("input")
    for item in items if isinstance(items, list) else [{"role": "user", "content": items or ""}]:
        if str(item.get("type", "")).endswith("_call_output"):
            results += 1
        elif item.get("role") == "user":
            text = text_in(item.get("content"))
            if not text.lstrip().startswith("<"):  # what the program says in the user's name
                prompt, results = text, 0
    tools = {t.get("name"): t.get("parameters") for t in body.get("tools") or []}
    return Asked(body.get("model"), tools, prompt, results)


def responses_usage(at):
    n = counts(at)
    return {
        "input_tokens": n["in"],
        "input_tokens_details": {"cached_tokens": n["read"]},
        "output_tokens": n["out"],
        "output_tokens_details": {"reasoning_tokens": n["reasoning"]},
        "total_tokens": n["in"] + n["out"],
    }


def responses_item(step, number):
    if "text" in step:
        content = [{"type": "output_text", "text": step["text"], "annotations": []}]
        return {"type": "message", "id": f"msg_{number}", "role": "assistant", "content": content}
    return {
        "type": "function_call",
        "id": f"fc_{number}",
        "call_id": f"call_{number:024d}",
        "name": step["tool"],
        "arguments": json.dumps(step["arguments"]),
        "status": "completed",
    }


def responses_whole(asked, step, at, number):
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1767225600,
        "status": "completed",
        "model": asked.model,
        "output": [responses_item(step, number)],
        "error": None,
        "incomplete_details": None,
        "metadata": {},
        "tools": [],
        "usage": responses_usage(at),
    }


def responses_events(whole):
    item = whole["output"][0]
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    events = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
    ]
    if item["type"] == "message":
        where = {"item_id": item["id"], "output_index": 0, "content_index": 0}
        text = item["content"][0]["text"]
        events.append({"type": "response.output_text.delta", **where, "delta": text})
    events.append({"type": "response.output_item.done", "output_index": 0, "item": item})
    events.append({"type": "response.completed", "response": whole})
    for i, event in enumerate(events):
        yield {**event, "sequence_number": i}


# ---- Gemini --------------------------------------------------------------------------------------


def gemini_asked(body, model):
    prompt, results = "", 0
    for content in body.get("contents") or []:
        parts = [p for p in content.get("parts") or [] if isinstance(p, dict)]
        found = sum("functionResponse" in p for p in parts)
        if found:
            results += found
        elif content.get("role") == "user":
            text = re.sub(r"<session_context>.*</session_context>", "", text_in(parts), flags=re.S)
            if text.strip():
                prompt, results = text, 0
    tools = {}
    for tool in body.get("tools") or []:
        for own in tool.get("functionDeclarations") or []:
            tools[own.get("name")] = own.get("parametersJsonSchema") or own.get("parameters")
    return Asked(model, tools, prompt, results)


def gemini_whole(asked, step, at, number):
    if "text" in step:
        part = {"text": step["text"]}
    else:
        part = {"functionCall": {"id": f"call_{number}", "name": step["tool"], "args": step["arguments"]}}
    n = counts(at)
    return {
        "candidates": [
            {"index": 0, "content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}
        ],
        "modelVersion": asked.model,
        "responseId": f"resp-{number}",
        "usageMetadata": {
            "promptTokenCount": n["in"],
            "cachedContentTokenCount": n["read"],
            "candidatesTokenCount": n["out"] - n["reasoning"],
            "thoughtsTokenCount": n["reasoning"],
            "totalTokenCount": n["in"] + n["out"],
        },
    }


# ---- the server ----------------------------------------------------------------------------------


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def send_json(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def send_events(self, events, named=False, final=False):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for event in events:
            line = f"event: {event['type']}\n" if named else ""
            self.wfile.write(f"{line}data: {json.dumps(event)}\n\n".encode())
        if final:
            self.wfile.write(b"data: [DONE]\n\n")

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            data = b""
            while len(data) < BODY_MAX:
                size = int(self.rfile.readline().split(b";")[0], 16)
                data += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    return data
        return self.rfile.read(min(int(self.headers.get("Content-Length", 0)), BODY_MAX))

    def do_GET(self):
        self.send_json(404, {"error": {"message": "no such path", "type": "not_found_error"}})

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def refused(self, asked):
        """Answers as a server that cannot; True when it did."""
        if "BROKEN" in asked.prompt:
            error = {"message": "the stub refuses this model", "type": "invalid_request_error", "code": 400}
            self.send_json(400, {"type": "error", "error": error})
            return True
        if "BUSY" in asked.prompt and self.server.count("busy") <= BUSY_TRIES:
            error = {"message": "the stub is overloaded", "type": "overloaded_error", "code": 503}
            self.send_json(503, {"type": "error", "error": error})
            return True
        return False

    def do_POST(self):
        try:
            body = json.loads(self.read_body() or b"{}")
        except ValueError:
            return self.send_json(400, {"error": {"message": "not JSON"}})
        path = self.path.split("?")[0]
        self.server.seen.append((path, body))
        if path.endswith("/count_tokens"):
            return self.send_json(200, {"input_tokens": 1001})
        if path.endswith("/messages"):
            asked, whole, events, named = anthropic_asked(body), anthropic_message, anthropic_events, True
        elif path.endswith("/chat/completions"):
            asked, whole, events, named = chat_asked(body), chat_whole, chat_chunks, False
        elif path.endswith("/responses"):
            asked, whole, events, named = responses_asked(body), responses_whole, responses_events, True
        elif "enerateContent" in path and "/models/" in path:
            model, verb = path.rsplit("/models/", 1)[1].split(":", 1)
            body["stream"] = verb == "streamGenerateContent"
            asked, whole, named = gemini_asked(body, model), gemini_whole, False
            events = lambda answer: [answer]  # noqa: E731
        else:
            return self.send_json(404, {"error": {"message": "no such path"}})
        if self.refused(asked):
            return None
        step, at = asked.next()
        answer = whole(asked, step, at, self.server.count("calls"))
        if not body.get("stream"):
            return self.send_json(200, answer)
        return self.send_events(events(answer), named, path.endswith("/chat/completions"))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.counters = {}
        self.seen = []

    def count(self, what):
        with self.lock:
            self.counters[what] = self.counters.get(what, 0) + 1
            return self.counters[what]


class AgentStub:
    """`with AgentStub() as stub:` stub.url is without a path; stub.seen lists (path, body)."""

    def __enter__(self):
        self.server = Server()
        self.seen = self.server.seen
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
