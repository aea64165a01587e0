// Genkit with an OpenAI-compatible plug-in and the global OpenTelemetry provider.
import * as common from './common.mjs';

const provider = await common.tracerProvider();
const { genkit, z } = await import('genkit');
const { openAICompatible } = await import('@genkit-ai/compat-oai');

const ai = genkit({
  plugins: [
    openAICompatible({ name: 'stub', apiKey: 'test', baseURL: process.env.OPENAI_BASE_URL }),
  ],
});
const model = `stub/${common.MODEL}`;
const city = z.object({ city: z.string() });
const tool = (name, inputSchema, run) =>
  ai.defineTool({ name, description: name, inputSchema, outputSchema: z.string() }, run);

const tools = [
  tool('weather', city, async (input) => common.weather(input)),
  tool('book_hotel', city, async (input) => {
    try {
      return common.bookHotel(input);
    } catch (error) {
      return `error: ${error.message}`; // an exception would end the whole run
    }
  }),
  tool('ask_guide', z.object({ question: z.string() }), async ({ question }) => {
    const answer = await ai.generate({ model, system: common.GUIDE_SYSTEM, prompt: question });
    return answer.text;
  }),
];

const travel = ai.defineFlow({ name: 'travel' }, async (question) => {
  const answer = await ai.generate({
    model,
    system: common.SYSTEM,
    prompt: question,
    tools,
    maxTurns: 6,
  });
  return answer.text;
});
for (const question of common.QUESTIONS) await travel(question);
await provider.forceFlush();
await provider.shutdown();
process.exit(0); // Genkit keeps its reflection server open
