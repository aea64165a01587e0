// AI SDK 7 with @ai-sdk/otel: generateText for the first turn, streamText for the second.
import { OpenTelemetry } from '@ai-sdk/otel';
import { generateText, registerTelemetry, stepCountIs } from 'ai';
import * as common from './common.mjs';
import { firstMessages, makeModel, makeTools, secondTurn } from './travel_ai_sdk.mjs';

const provider = await common.tracerProvider();
registerTelemetry(new OpenTelemetry({ runtimeContext: true, usage: true }));
const model = makeModel({ includeUsage: true });

const traced = (functionId) => ({
  runtimeContext: { sessionId: common.SESSION, userId: common.USER },
  telemetry: { functionId, includeRuntimeContext: { sessionId: true, userId: true } },
});

const guide = { model, instructions: common.GUIDE_SYSTEM, ...traced('guide') };
const options = {
  model,
  instructions: common.SYSTEM,
  tools: makeTools('inputSchema', guide),
  stopWhen: stepCountIs(6),
  ...traced('travel'),
};
const messages = firstMessages();
const first = await generateText({ ...options, messages });
await secondTurn(options, [...messages, ...first.responseMessages]);
await provider.shutdown();
