// AI SDK 4: a tool that throws ends the whole call there, so the turn is taken up again with a note.
import { generateText } from 'ai';
import * as common from './common.mjs';
import { firstMessages, makeModel, makeTools, secondTurn, telemetry } from './travel_ai_sdk.mjs';

const provider = await common.tracerProvider();
const model = makeModel();
const guide = { model, system: common.GUIDE_SYSTEM, ...telemetry('guide') };
const options = {
  model,
  system: common.SYSTEM,
  tools: makeTools('parameters', guide),
  maxSteps: 6,
  ...telemetry('travel'),
};
const messages = firstMessages();
let first;
try {
  first = await generateText({ ...options, messages });
} catch (error) {
  messages.push({ role: 'user', content: `That failed (${error.message}). Go on.` });
  first = await generateText({ ...options, messages });
}
await secondTurn(options, [...messages, ...first.response.messages]);
await provider.shutdown();
