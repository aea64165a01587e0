"""A stand-in for a model server, on loopback, that holds one conversation of scripts.py. One stub
serves one client run; it remembers where each agent of the conversation is.

Every call reports the same usage: 21 tokens in (4 of them cached), 7 out (3 of them reasoning).

Endpoints: POST /v1/chat/completions (plain and server-sent events), POST /v1/responses (the same),
POST /v1/messages (the same; the usage in Anthropic's way: 17 fresh + 4 cached in), POST /v1/embeddings,
and those of stub_clouds.py (Gemini, Bedrock). Anything else is 404.
"""

import http.server
import json
import threading

import stub_clouds
from scripts import SCRIPTS

REQUEST_MODEL = "stub-model"
RESPONSE_MODEL = "stub-model-2026-01"
USAGE = {"in": 21, "out": 7, "cached": 4, "reasoning": 3}
BODY_MAX = 16 << 20


class Conversation:
    """Where each agent of the script is. Steps are taken in order; the last one repeats."""

    def __init__(self, name):
        self.lock = threading.Lock()
        self.steps = {mark: list(steps) for mark, steps in SCRIPTS[name].items()}
        self.calls = 0
        self.last_text = ""

    def count(self):
        with self.lock:
            self.calls += 1
            return self.calls

    def next(self, tools, text):
        number = self.count()
        with self.lock:
            mark = next((m for m in self.steps if m and m in text["instructions"]), "")
            steps = self.steps[mark]
            while len(steps) > 1 and not offered(steps[0], tools):
                steps.pop(0)
            step = offered(steps[0], tools) or steps[0]
            if len(steps) > 1:
                steps.pop(0)
            return ending(step, tools), number


def calls_of(step):
    """The tools that a step calls; none for a text."""
    return step["calls"] if "calls" in step else [step] if "tool" in step else []


def offered(step, tools):
    """The step as the caller can take it, or None. Some put a plugin before the tool's name."""
    taken = []
    for call in calls_of(step):
        names = [n for n in sorted(tools) if n == call["tool"] or n.endswith("-" + call["tool"])]
        if not names:
            return None
        taken.append({**call, "tool": names[0]})
    return {**step, "calls": taken} if taken else step


def ending(step, tools):
    """Some frameworks end a run by a tool of their own (smolagents)."""
    if "text" in step and "final_answer" in tools:
        return {"tool": "final_answer", "arguments": {"answer": step["text"]}}
    return step


def call_ids(step, number):
    """[(id, call)]: the first is called after the number of the model call."""
    return [
        (f"call_{number}" if i == 0 else f"call_{number}_{i}", call)
        for i, call in enumerate(calls_of(step))
    ]


def content_text(content):
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return " ".join(p.get("text", "") for p in content if isinstance(p, dict))
    return ""


def instructions_of(messages):
    return " ".join(
        content_text(m.get("content"))
        for m in messages
        if isinstance(m, dict) and m.get("role") in ("system", "developer")
    )


def tool_names(body):
    names = set()
    for tool in body.get("tools") or []:
        names.add(tool.get("name") or tool.get("function", {}).get("name"))
    return names


def in_fields(step, request, conversation):
    """DSPy's chat adapter wants no tool calls but named fields in the text; None for other callers."""
    if "[[ ## next_tool_name ## ]]" in request:
        if "text" in step:
            conversation.last_text = step["text"]
            step = {"tool": "finish", "arguments": {}}
        fields = {
            "next_thought": "The next step.",
            "next_tool_name": calls_of(step)[0]["tool"],
            "next_tool_args": json.dumps(calls_of(step)[0]["arguments"]),
        }
    elif "[[ ## answer ## ]]" in request:
        fields = {"reasoning": "From what was seen.", "answer": step.get("text")}
    else:
        return None
    parts = [f"[[ ## {name} ## ]]\n{value}\n" for name, value in fields.items()]
    return {"text": "\n".join(parts) + "\n[[ ## completed ## ]]"}


def chat_usage():
    return {
        "prompt_tokens": USAGE["in"],
        "completion_tokens": USAGE["out"],
        "total_tokens": USAGE["in"] + USAGE["out"],
        "prompt_tokens_details": {"cached_tokens": USAGE["cached"]},
        "completion_tokens_details": {"reasoning_tokens": USAGE["reasoning"]},
    }


def chat_message(step, number):
    if "text" in step:
        return {"role": "assistant", "content": step["text"]}, "stop"
    calls = [
        {
            "id": call_id,
            "type": "function",
            "function": {"name": call["tool"], "arguments": json.dumps(call["arguments"])},
        }
        for call_id, call in call_ids(step, number)
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls}, "tool_calls"


def chat_completion(step, number):
    message, finish = chat_message(step, number)
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1767225600,
        "model": RESPONSE_MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": chat_usage(),
    }


def chat_chunks(step, number, with_usage):
    message, finish = chat_message(step, number)
    base = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": RESPONSE_MODEL,
    }

    def chunk(delta, finish_reason=None):
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return {**base, "choices": [choice]}

    yield chunk({"role": "assistant"})
    if message.get("tool_calls"):
        for i, call in enumerate(message["tool_calls"]):
            yield chunk({"tool_calls": [{"index": i, **call}]})
    else:
        words = message["content"].split(" ")
        for i, word in enumerate(words):
            yield chunk({"content": word if i == 0 else " " + word})
    yield chunk({}, finish)
    if with_usage:
        yield {**base, "choices": [], "usage": chat_usage()}


def response_items(step, number):
    if "text" in step:
        text = {"type": "output_text", "text": step["text"], "annotations": []}
        item = {"type": "message", "id": f"msg_{number}", "status": "completed"}
        return [{**item, "role": "assistant", "content": [text]}]
    return [
        {
            "type": "function_call",
            "id": call_id.replace("call", "fc"),
            "call_id": call_id,
            "name": call["tool"],
            "arguments": json.dumps(call["arguments"]),
            "status": "completed",
        }
        for call_id, call in call_ids(step, number)
    ]


def response_object(step, number, instructions, status="completed"):
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1767225600,
        "status": status,
        "model": RESPONSE_MODEL,
        "output": response_items(step, number) if status == "completed" else [],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "instructions": instructions,  # as asked
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
        "usage": {
            "input_tokens": USAGE["in"],
            "input_tokens_details": {"cached_tokens": USAGE["cached"]},
            "output_tokens": USAGE["out"],
            "output_tokens_details": {"reasoning_tokens": USAGE["reasoning"]},
            "total_tokens": USAGE["in"] + USAGE["out"],
        },
    }


def item_events(item, index):
    where = {"item_id": item["id"], "output_index": index}
    yield {"type": "response.output_item.added", "output_index": index, "item": item}
    if item["type"] == "message":
        text = item["content"][0]["text"]
        part = {**where, "content_index": 0}
        yield {"type": "response.output_text.delta", **part, "delta": text, "logprobs": []}
        yield {"type": "response.output_text.done", **part, "text": text, "logprobs": []}
    else:
        arguments = item["arguments"]
        yield {"type": "response.function_call_arguments.delta", **where, "delta": arguments}
        yield {"type": "response.function_call_arguments.done", **where, "arguments": arguments}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def response_events(step, number, instructions):
    done = response_object(step, number, instructions)
    started = response_object(step, number, instructions, "in_progress")
    events = [{"type": "response.created", "response": started}]
    for index, item in enumerate(done["output"]):
        events += item_events(item, index)
    events.append({"type": "response.completed", "response": done})
    for i, event in enumerate(events):
        yield {**event, "sequence_number": i}


def anthropic_message(step, number):
    if "text" in step:
        content, stop = [{"type": "text", "text": step["text"]}], "end_turn"
    else:
        content, stop = [], "tool_use"
        for call_id, call in call_ids(step, number):
            use = {"type": "tool_use", "id": call_id}
            content.append({**use, "name": call["tool"], "input": call["arguments"]})
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": RESPONSE_MODEL,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {
            "input_tokens": USAGE["in"] - USAGE["cached"],
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": USAGE["cached"],
            "output_tokens": USAGE["out"],
        },
    }


def anthropic_events(step, number):
    done = anthropic_message(step, number)
    first = {**done, "content": [], "stop_reason": None}
    first["usage"] = {**done["usage"], "output_tokens": 1}
    yield {"type": "message_start", "message": first}
    for index, block in enumerate(done["content"]):
        where = {"index": index}
        if block["type"] == "text":
            empty = {"type": "text", "text": ""}
            delta = {"type": "text_delta", "text": block["text"]}
        else:
            empty = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield {"type": "content_block_start", **where, "content_block": empty}
        yield {"type": "content_block_delta", **where, "delta": delta}
        yield {"type": "content_block_stop", **where}
    delta = {"stop_reason": done["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": USAGE["out"]}}
    yield {"type": "message_stop"}


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

    def send_events(self, events, named, final):
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
        self.send_json(404, {"error": {"message": "no such path"}})

    def do_POST(self):
        try:
            body = json.loads(self.read_body() or b"{}")
        except ValueError:
            return self.send_json(400, {"error": {"message": "not JSON"}})
        path = self.path.split("?")[0]
        if path.endswith("/chat/completions"):
            return self.chat(body)
        if path.endswith("/responses"):
            return self.respond(body)
        if path.endswith("/messages"):
            return self.messages(body)
        if path.endswith("/embeddings"):
            return self.embeddings(body)
        if stub_clouds.answers(path):
            return stub_clouds.answer(self, path, body)
        return self.send_json(404, {"error": {"message": "no such path"}})

    def step(self, tools, instructions):
        """The next step and its number, or None when it is an error, which is then answered."""
        step, number = self.server.conversation.next(tools, {"instructions": instructions})
        if "status" in step:
            self.send_json(step["status"], {"error": {"message": "the stub was asked to fail"}})
            return None, number
        return step, number

    def messages(self, body):
        step, number = self.step(tool_names(body), content_text(body.get("system")))
        if not step:
            return None
        if body.get("stream"):
            return self.send_events(anthropic_events(step, number), named=True, final=False)
        return self.send_json(200, anthropic_message(step, number))

    def chat(self, body):
        conversation = self.server.conversation
        request = instructions_of(body.get("messages", []))
        if "[[ ## next_tool_name ## ]]" in request:
            step, number = self.step({"weather", "book_hotel", "ask_guide"}, request)
        elif "[[ ## trajectory ## ]]" in request:
            step, number = {"text": conversation.last_text}, conversation.count()
        else:
            step, number = self.step(tool_names(body), request)
        if not step:
            return None
        step = in_fields(step, request, conversation) or step
        if not body.get("stream"):
            return self.send_json(200, chat_completion(step, number))
        usage = (body.get("stream_options") or {}).get("include_usage", False)
        return self.send_events(chat_chunks(step, number, usage), named=False, final=True)

    def respond(self, body):
        messages = body.get("input") if isinstance(body.get("input"), list) else []
        instructions = (body.get("instructions") or "") + instructions_of(messages)
        step, number = self.step(tool_names(body), instructions)
        if not step:
            return None
        asked = body.get("instructions")
        if not body.get("stream"):
            return self.send_json(200, response_object(step, number, asked))
        return self.send_events(response_events(step, number, asked), named=True, final=False)

    def embeddings(self, body):
        inputs = body.get("input")
        inputs = inputs if isinstance(inputs, list) else [inputs]
        data = [
            {"object": "embedding", "index": i, "embedding": [0.25, -0.5, 0.125, 1.0]}
            for i in range(len(inputs))
        ]
        usage = {"prompt_tokens": 5, "total_tokens": 5}
        answer = {"object": "list", "model": RESPONSE_MODEL, "data": data, "usage": usage}
        return self.send_json(200, answer)


class Stub:
    """Runs the server in a thread: `with Stub("travel") as stub: ... stub.url`."""

    def __init__(self, conversation=None):
        self.conversation = conversation or "travel"

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.conversation = Conversation(self.conversation)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
