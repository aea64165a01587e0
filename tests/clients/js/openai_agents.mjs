// OpenAI Agents for JavaScript (chat completions path) under OpenInference's instrumentation.
import { OpenAIAgentsInstrumentation } from '@arizeai/openinference-instrumentation-openai-agents';
import * as agents from '@openai/agents';
import OpenAI from 'openai';
import { z } from 'zod';
import * as common from './common.mjs';

const provider = await common.tracerProvider();
const instrumentation = new OpenAIAgentsInstrumentation({ tracerProvider: provider });
instrumentation.manuallyInstrument(agents);
agents.setDefaultOpenAIClient(new OpenAI());
agents.setOpenAIAPI('chat_completions');

const { Agent, run, tool } = agents;
const city = z.object({ city: z.string() });
const guide = new Agent({ name: 'guide', instructions: common.GUIDE_SYSTEM, model: common.MODEL });
const travel = new Agent({
  name: 'travel',
  instructions: common.SYSTEM,
  model: common.MODEL,
  tools: [
    tool({
      name: 'weather',
      description: 'The weather today.',
      parameters: city,
      execute: common.weather,
    }),
    tool({
      name: 'book_hotel',
      description: 'Books a hotel.',
      parameters: city,
      execute: common.bookHotel,
    }),
    tool({
      name: 'ask_guide',
      description: 'Asks a guide who knows the city.',
      parameters: z.object({ question: z.string() }),
      execute: async ({ question }) => (await run(guide, question)).finalOutput,
    }),
  ],
});

let history = [];
for (const question of common.QUESTIONS) {
  const result = await run(travel, [...history, { role: 'user', content: question }]);
  history = result.history;
}
await provider.forceFlush();
await provider.shutdown();
process.exit(0); // the SDK keeps a timer of its own
