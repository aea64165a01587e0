// AI SDK 7 with @ai-sdk/otel: generateText for the first turn, streamText for the second.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { OpenTelemetry } from '@ai-sdk/otel';
import { generateText, registerTelemetry, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import * as common from './common.mjs';

const provider = await common.tracerProvider();
registerTelemetry(new OpenTelemetry({ runtimeContext: true, usage: true }));
const model = createOpenAICompatible({
  name: 'stub',
  baseURL: process.env.OPENAI_BASE_URL,
  apiKey: 'test',
  includeUsage: true,
})(common.MODEL);

const traced = (functionId) => ({
  runtimeContext: { sessionId: common.SESSION, userId: common.USER },
  telemetry: { functionId, includeRuntimeContext: { sessionId: true, userId: true } },
});

const city = z.object({ city: z.string() });
const tools = {
  weather: tool({ description: 'The weather today.', inputSchema: city, execute: common.weather }),
  book_hotel: tool({ description: 'Books a hotel.', inputSchema: city, execute: common.bookHotel }),
  ask_guide: tool({
    description: 'Asks a guide who knows the city.',
    inputSchema: z.object({ question: z.string() }),
    execute: async ({ question }) => {
      const options = { model, instructions: common.GUIDE_SYSTEM, prompt: question };
      return (await generateText({ ...options, ...traced('guide') })).text;
    },
  }),
};

const messages = [{ role: 'user', content: common.QUESTIONS[0] }];
const options = {
  model,
  instructions: common.SYSTEM,
  tools,
  stopWhen: stepCountIs(6),
  ...traced('travel'),
};
const first = await generateText({ ...options, messages });
messages.push(...first.responseMessages, { role: 'user', content: common.QUESTIONS[1] });
const second = streamText({ ...options, messages });
for await (const _ of second.textStream);
await second.text;
await provider.shutdown();
