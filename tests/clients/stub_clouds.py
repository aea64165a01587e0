"""The stub's endpoints in the shapes of two clouds.

Gemini: POST .../models/MODEL:generateContent and :streamGenerateContent (server-sent events). Its usage:
candidatesTokenCount leaves out the thoughts, promptTokenCount holds the cached part.
Bedrock: POST /model/MODEL/converse and /converse-stream (frames of vnd.amazon.eventstream). Its usage:
inputTokens leaves out what the cache gave.
"""

import json
import struct
import zlib

import stub


def answers(path):
    return path.endswith(("enerateContent", "/converse", "/converse-stream"))


def texts_of(parts):
    return " ".join(p.get("text", "") for p in parts or [] if isinstance(p, dict))


def gemini_tools(body):
    return {
        declared["name"]
        for tool in body.get("tools") or []
        for declared in tool.get("functionDeclarations") or []
    }


def gemini_answer(step, number):
    parts = [{"text": step["text"]}] if "text" in step else []
    for call_id, call in stub.call_ids(step, number):
        function = {"id": call_id, "name": call["tool"], "args": call["arguments"]}
        parts.append({"functionCall": function})
    usage = stub.USAGE
    return {
        "candidates": [
            {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
        ],
        "usageMetadata": {
            "promptTokenCount": usage["in"],
            "cachedContentTokenCount": usage["cached"],
            "candidatesTokenCount": usage["out"] - usage["reasoning"],
            "thoughtsTokenCount": usage["reasoning"],
            "totalTokenCount": usage["in"] + usage["out"],
        },
        "modelVersion": stub.RESPONSE_MODEL,
        "responseId": f"gemini-{number}",
    }


def converse_tools(body):
    tools = (body.get("toolConfig") or {}).get("tools") or []
    return {t["toolSpec"]["name"] for t in tools if "toolSpec" in t}


def converse_blocks(step, number):
    if "text" in step:
        return [{"text": step["text"]}], "end_turn"
    return [
        {"toolUse": {"toolUseId": call_id, "name": call["tool"], "input": call["arguments"]}}
        for call_id, call in stub.call_ids(step, number)
    ], "tool_use"


def converse_usage():
    usage = stub.USAGE
    return {
        "inputTokens": usage["in"] - usage["cached"],
        "outputTokens": usage["out"],
        "totalTokens": usage["in"] + usage["out"],
        "cacheReadInputTokens": usage["cached"],
        "cacheWriteInputTokens": 0,
    }


def converse_answer(step, number):
    blocks, stop = converse_blocks(step, number)
    return {
        "output": {"message": {"role": "assistant", "content": blocks}},
        "stopReason": stop,
        "usage": converse_usage(),
        "metrics": {"latencyMs": 5},
    }


def converse_events(step, number):
    blocks, stop = converse_blocks(step, number)
    yield "messageStart", {"role": "assistant"}
    for index, block in enumerate(blocks):
        where = {"contentBlockIndex": index}
        if "text" in block:
            yield "contentBlockDelta", {**where, "delta": {"text": block["text"]}}
        else:
            use = block["toolUse"]
            start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
            yield "contentBlockStart", {**where, "start": start}
            delta = {"toolUse": {"input": json.dumps(use["input"])}}
            yield "contentBlockDelta", {**where, "delta": delta}
        yield "contentBlockStop", where
    yield "messageStop", {"stopReason": stop}
    yield "metadata", {"usage": converse_usage(), "metrics": {"latencyMs": 5}}


def frame(kind, value):
    """One message of vnd.amazon.eventstream: lengths and checksums around headers and JSON."""
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    packed = b"".join(
        struct.pack(">B", len(n)) + n.encode() + struct.pack(">BH", 7, len(v)) + v.encode()
        for n, v in headers.items()
    )
    payload = json.dumps(value).encode()
    prelude = struct.pack(">II", 16 + len(packed) + len(payload), len(packed))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + packed + payload
    return message + struct.pack(">I", zlib.crc32(message))


def send_frames(handler, events):
    data = b"".join(frame(kind, value) for kind, value in events)
    handler.send_response(200)
    handler.send_header("Content-Type", "application/vnd.amazon.eventstream")
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def answer(handler, path, body):
    if "enerateContent" in path:
        instructions = texts_of((body.get("systemInstruction") or {}).get("parts"))
        step, number = handler.step(gemini_tools(body), instructions)
        if not step:
            return None
        reply = gemini_answer(step, number)
        if path.endswith("streamGenerateContent"):
            return handler.send_events([reply], named=False, final=False)
        return handler.send_json(200, reply)
    step, number = handler.step(converse_tools(body), texts_of(body.get("system")))
    if not step:
        return None
    if path.endswith("/converse-stream"):
        return send_frames(handler, converse_events(step, number))
    return handler.send_json(200, converse_answer(step, number))
