// The plain OpenTelemetry SDK for JavaScript over HTTP/JSON (or protobuf): spans written by hand after
// the GenAI conventions, and some attribute values that JSON exporters are known to write oddly. Line 3.x
// of the SDK (CLEW_CLIENT_LINE=3) also sends structured values, bytes and empty values.
import { SpanStatusCode, trace } from '@opentelemetry/api';
import * as common from './common.mjs';

const line3 = process.env.CLEW_CLIENT_LINE === '3';
const provider = await (line3 ? common.tracerProvider3() : common.tracerProvider());
const structure = (value) => (line3 ? value : JSON.stringify(value));
const odd = line3
  ? { 'clew.test.bytes': new Uint8Array([0, 255]), 'clew.test.mixed': [1, 'two', { three: null }] }
  : {};
const tracer = trace.getTracer('clew-client', '1.0');

const span = (name, attributes, run) =>
  tracer.startActiveSpan(name, { attributes }, async (active) => {
    try {
      return await run(active);
    } catch (error) {
      active.recordException(error);
      active.setAttribute('error.type', error.name);
      active.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw error;
    } finally {
      active.end();
    }
  });

const part = (message) => {
  if (message.role === 'tool') {
    const { tool_call_id: id, content: response } = message;
    return { role: 'tool', parts: [{ type: 'tool_call_response', id, response }] };
  }
  const parts = message.content ? [{ type: 'text', content: message.content }] : [];
  for (const call of message.tool_calls ?? []) {
    const { name, arguments: text } = call.function;
    parts.push({ type: 'tool_call', id: call.id, name, arguments: JSON.parse(text) });
  }
  return { role: message.role, parts };
};

const create = (body) =>
  span(
    `chat ${body.model}`,
    {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': body.model,
      'gen_ai.request.temperature': 1.0,
      'gen_ai.conversation.id': common.SESSION,
      'gen_ai.input.messages': structure(body.messages.map(part)),
      'clew.test.not_a_number': NaN,
      'clew.test.surrogate': 'half \ud800 pair',
      ...odd,
    },
    async (active) => {
      const reply = await fetch(`${process.env.OPENAI_BASE_URL}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const answer = await reply.json();
      const [choice] = answer.choices;
      const message = { ...part(choice.message), finish_reason: choice.finish_reason };
      active.setAttributes({
        'gen_ai.response.id': answer.id,
        'gen_ai.response.model': answer.model,
        'gen_ai.response.finish_reasons': [choice.finish_reason],
        'gen_ai.usage.input_tokens': answer.usage.prompt_tokens,
        'gen_ai.usage.output_tokens': answer.usage.completion_tokens,
        'gen_ai.usage.cache_read.input_tokens': 4,
        'gen_ai.usage.reasoning.output_tokens': 3,
        'gen_ai.output.messages': structure([message]),
      });
      return answer;
    },
  );

const traced = {
  agent: (name, input, run) =>
    span(
      `invoke_agent ${name}`,
      {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.agent.name': name,
        'gen_ai.conversation.id': common.SESSION,
        'user.id': common.USER,
      },
      () => run(input),
    ),
  tool: (name, input, run) =>
    span(
      `execute_tool ${name}`,
      {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': name,
        'gen_ai.tool.call.arguments': structure(input),
      },
      async (active) => {
        const result = await run(input);
        active.setAttribute('gen_ai.tool.call.result', result);
        return result;
      },
    ),
};

await common.loop({ chat: { completions: { create } } }, traced);
await provider.shutdown();
