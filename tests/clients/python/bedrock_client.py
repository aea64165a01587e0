"""Bedrock's Converse by boto3; agents and tools by hand. CLEW_STREAM takes ConverseStream."""

import json
import os

import boto3
import botocore.config
import by_hand
import common
import instrumentors

MODEL = "anthropic.claude-stub-v1:0"


def reply_of_stream(stream):
    """The message that the events add up to, and why it ended."""
    blocks, stop = {}, None
    for event in stream:
        if "contentBlockStart" in event:
            start = event["contentBlockStart"]
            blocks[start["contentBlockIndex"]] = {"toolUse": {**start["start"]["toolUse"], "input": ""}}
        elif "contentBlockDelta" in event:
            index = event["contentBlockDelta"]["contentBlockIndex"]
            delta = event["contentBlockDelta"]["delta"]
            if "text" in delta:
                block = blocks.setdefault(index, {"text": ""})
                block["text"] += delta["text"]
            else:
                blocks[index]["toolUse"]["input"] += delta["toolUse"]["input"]
        elif "messageStop" in event:
            stop = event["messageStop"]["stopReason"]
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"])
    return {"role": "assistant", "content": [blocks[i] for i in sorted(blocks)]}, stop


def converse(provider):
    client = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=os.environ["OPENAI_BASE_URL"].removesuffix("/v1"),
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=botocore.config.Config(proxies={}),
    )
    tracer = provider.get_tracer("clew-client")
    agent = by_hand.traced(tracer, "invoke_agent")
    tool = by_hand.traced(tracer, "execute_tool")
    tools = [
        {
            "toolSpec": {
                "name": t["function"]["name"],
                "description": t["function"]["description"],
                "inputSchema": {"json": t["function"]["parameters"]},
            }
        }
        for t in common.TOOLS
    ]

    def complete(system, messages, with_tools):
        asked = {"modelId": MODEL, "system": [{"text": system}], "messages": messages}
        asked["inferenceConfig"] = {"maxTokens": 100, "temperature": 0.5}
        if with_tools:
            asked["toolConfig"] = {"tools": tools}
        if os.environ.get("CLEW_STREAM"):
            return reply_of_stream(client.converse_stream(**asked)["stream"])
        reply = client.converse(**asked)
        return reply["output"]["message"], reply["stopReason"]

    @agent("guide")
    def guide(question):
        asked = [{"role": "user", "content": [{"text": question}]}]
        return complete(common.GUIDE_SYSTEM, asked, False)[0]["content"][0]["text"]

    functions = {
        "weather": tool("weather")(common.weather),
        "book_hotel": tool("book_hotel")(common.book_hotel),
        "ask_guide": tool("ask_guide")(lambda question: guide(question)),
    }
    messages = []

    def result_of(use):
        result = {"toolUseId": use["toolUseId"]}
        try:
            text = functions[use["name"]](**use["input"])
            return {"toolResult": {**result, "content": [{"text": text}]}}
        except RuntimeError as error:
            failed = {**result, "content": [{"text": f"error: {error}"}], "status": "error"}
            return {"toolResult": failed}

    @agent("travel")
    def travel(question):
        messages.append({"role": "user", "content": [{"text": question}]})
        while True:
            message, stop = complete(common.SYSTEM, messages, True)
            messages.append(message)
            if stop != "tool_use":
                return message["content"][0]["text"]
            uses = [block["toolUse"] for block in message["content"] if "toolUse" in block]
            messages.append({"role": "user", "content": [result_of(use) for use in uses]})

    for question in common.QUESTIONS:
        travel(question)


with instrumentors.instrumented("bedrock") as provider:
    converse(provider)
