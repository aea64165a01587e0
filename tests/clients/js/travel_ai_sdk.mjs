// The travel agent in the AI SDK, for the clients of its versions.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText, tool } from 'ai';
import { z } from 'zod';
import * as common from './common.mjs';

export const makeModel = (options) =>
  createOpenAICompatible({
    name: 'stub',
    baseURL: process.env.OPENAI_BASE_URL,
    apiKey: 'test',
    ...options,
  })(common.MODEL);

// Versions 4 to 6: telemetry is an option of each call.
export const telemetry = (functionId) => ({
  experimental_telemetry: {
    isEnabled: true,
    functionId,
    metadata: { sessionId: common.SESSION, userId: common.USER },
  },
});

// `schema` names the member that holds the schema of a tool's input. `guide`: options of its call.
export const makeTools = (schema, guide) => {
  const make = (description, input, execute) => tool({ description, [schema]: input, execute });
  const city = z.object({ city: z.string() });
  return {
    weather: make('The weather today.', city, async (input) => common.weather(input)),
    book_hotel: make('Books a hotel.', city, async (input) => common.bookHotel(input)),
    ask_guide: make(
      'Asks a guide who knows the city.',
      z.object({ question: z.string() }),
      async ({ question }) => (await generateText({ ...guide, prompt: question })).text,
    ),
  };
};

export const firstMessages = () => [{ role: 'user', content: common.QUESTIONS[0] }];

// The second turn, streamed; `messages` are those of the first with its answers.
export const secondTurn = async (options, messages) => {
  const question = { role: 'user', content: common.QUESTIONS[1] };
  const second = streamText({ ...options, messages: [...messages, question] });
  for await (const _ of second.textStream);
  await second.text;
};
