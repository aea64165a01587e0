// LangChain for JavaScript: createAgent under OpenInference's instrumentation of its callbacks.
import { LangChainInstrumentation } from '@arizeai/openinference-instrumentation-langchain';
import * as callbacks from '@langchain/core/callbacks/manager';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { createAgent } from 'langchain';
import { z } from 'zod';
import * as common from './common.mjs';

const provider = await common.tracerProvider();
new LangChainInstrumentation({ tracerProvider: provider }).manuallyInstrument(callbacks);

const model = new ChatOpenAI({
  model: common.MODEL,
  configuration: { baseURL: process.env.OPENAI_BASE_URL },
});
const guide = createAgent({ model, tools: [], systemPrompt: common.GUIDE_SYSTEM, name: 'guide' });
const city = z.object({ city: z.string() });
const travel = createAgent({
  model,
  name: 'travel',
  systemPrompt: common.SYSTEM,
  tools: [
    tool(common.weather, { name: 'weather', description: 'The weather today.', schema: city }),
    tool(common.bookHotel, { name: 'book_hotel', description: 'Books a hotel.', schema: city }),
    tool(
      async ({ question }) => {
        const result = await guide.invoke({ messages: [{ role: 'user', content: question }] });
        return result.messages.at(-1).content;
      },
      {
        name: 'ask_guide',
        description: 'Asks a guide who knows the city.',
        schema: z.object({ question: z.string() }),
      },
    ),
  ],
});

const config = { metadata: { session_id: common.SESSION, user_id: common.USER } };
let messages = [];
for (const question of common.QUESTIONS) {
  messages.push({ role: 'user', content: question });
  try {
    messages = (await travel.invoke({ messages }, config)).messages;
  } catch (error) {
    console.error(`turn ended by: ${error.message}`); // the failing tool may end the run
  }
}
await provider.forceFlush();
await provider.shutdown();
