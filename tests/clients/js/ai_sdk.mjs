// AI SDK (5 and 6): generateText for the first turn, streamText for the second, telemetry on.
import { generateText, stepCountIs } from 'ai';
import * as common from './common.mjs';
import { firstMessages, makeModel, makeTools, secondTurn, telemetry } from './travel_ai_sdk.mjs';

const provider = await common.tracerProvider();
const model = makeModel({ includeUsage: true });
const guide = { model, system: common.GUIDE_SYSTEM, ...telemetry('guide') };
const options = {
  model,
  system: common.SYSTEM,
  tools: makeTools('inputSchema', guide),
  stopWhen: stepCountIs(6),
  ...telemetry('travel'),
};
const messages = firstMessages();
const first = await generateText({ ...options, messages });
await secondTurn(options, [...messages, ...first.response.messages]);
await provider.shutdown();
