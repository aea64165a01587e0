// AI SDK (5 and 6): generateText for the first turn, streamText for the second, telemetry on.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import * as common from './common.mjs';

const provider = await common.tracerProvider();
const model = createOpenAICompatible({
  name: 'stub',
  baseURL: process.env.OPENAI_BASE_URL,
  apiKey: 'test',
  includeUsage: true,
})(common.MODEL);

const telemetry = (functionId) => ({
  isEnabled: true,
  functionId,
  metadata: { sessionId: common.SESSION, userId: common.USER },
});

const city = z.object({ city: z.string() });
const tools = {
  weather: tool({ description: 'The weather today.', inputSchema: city, execute: common.weather }),
  book_hotel: tool({ description: 'Books a hotel.', inputSchema: city, execute: common.bookHotel }),
  ask_guide: tool({
    description: 'Asks a guide who knows the city.',
    inputSchema: z.object({ question: z.string() }),
    execute: async ({ question }) => {
      const answer = await generateText({
        model,
        system: common.GUIDE_SYSTEM,
        prompt: question,
        experimental_telemetry: telemetry('guide'),
      });
      return answer.text;
    },
  }),
};

const messages = [{ role: 'user', content: common.QUESTIONS[0] }];
const options = {
  model,
  system: common.SYSTEM,
  tools,
  stopWhen: stepCountIs(6),
  experimental_telemetry: telemetry('travel'),
};
const first = await generateText({ ...options, messages });
messages.push(...first.response.messages, { role: 'user', content: common.QUESTIONS[1] });
const second = streamText({ ...options, messages });
for await (const _ of second.textStream);
await second.text;
await provider.shutdown();
