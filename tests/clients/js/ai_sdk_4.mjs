// AI SDK 4: a tool that throws ends the whole call there, so the turn is taken up again with a note.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText, tool } from 'ai';
import { z } from 'zod';
import * as common from './common.mjs';

const provider = await common.tracerProvider();
const model = createOpenAICompatible({
  name: 'stub',
  baseURL: process.env.OPENAI_BASE_URL,
  apiKey: 'test',
})(common.MODEL);

const telemetry = (functionId) => ({
  isEnabled: true,
  functionId,
  metadata: { sessionId: common.SESSION, userId: common.USER },
});

const city = z.object({ city: z.string() });
const execute = { weather: async (i) => common.weather(i), book: async (i) => common.bookHotel(i) };
const tools = {
  weather: tool({ description: 'The weather today.', parameters: city, execute: execute.weather }),
  book_hotel: tool({ description: 'Books a hotel.', parameters: city, execute: execute.book }),
  ask_guide: tool({
    description: 'Asks a guide who knows the city.',
    parameters: z.object({ question: z.string() }),
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
  maxSteps: 6,
  experimental_telemetry: telemetry('travel'),
};
let first;
try {
  first = await generateText({ ...options, messages });
} catch (error) {
  messages.push({ role: 'user', content: `That failed (${error.message}). Go on.` });
  first = await generateText({ ...options, messages });
}
messages.push(...first.response.messages, { role: 'user', content: common.QUESTIONS[1] });
const second = streamText({ ...options, messages });
for await (const _ of second.textStream);
await second.text;
await provider.shutdown();
