// Mastra with its OpenTelemetry exporter.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createTool } from '@mastra/core/tools';
import { Observability } from '@mastra/observability';
import { OtelExporter } from '@mastra/otel-exporter';
import { z } from 'zod';

const SESSION = 'session-7';
const USER = 'user-3';
const model = createOpenAICompatible({
  name: 'stub',
  baseURL: process.env.OPENAI_BASE_URL,
  apiKey: 'test',
})('stub-model');
const city = z.object({ city: z.string() });
const guide = new Agent({
  id: 'guide',
  name: 'guide',
  instructions: 'You are a guide. Answer in one sentence.',
  model,
});
const tools = {
  weather: createTool({
    id: 'weather',
    description: 'The weather today.',
    inputSchema: city,
    execute: async ({ city: name }) => `18 degrees and sunny in ${name}`,
  }),
  book_hotel: createTool({
    id: 'book_hotel',
    description: 'Books a hotel.',
    inputSchema: city,
    execute: async ({ city: name }) => {
      throw new Error(`no room is free in ${name}`);
    },
  }),
  ask_guide: createTool({
    id: 'ask_guide',
    description: 'Asks a guide who knows the city.',
    inputSchema: z.object({ question: z.string() }),
    execute: async ({ question }, context) =>
      (await guide.generate(question, { tracingContext: context?.tracingContext })).text,
  }),
};
const travel = new Agent({
  id: 'travel',
  name: 'travel',
  instructions: 'You are a travel agent.',
  model,
  tools,
});
const exporter = new OtelExporter({
  provider: {
    custom: {
      endpoint: `${process.env.OTEL_EXPORTER_OTLP_ENDPOINT}/v1/traces`,
      protocol: 'http/json',
    },
  },
});
const observability = new Observability({
  configs: { otel: { serviceName: process.env.OTEL_SERVICE_NAME, exporters: [exporter] } },
});
const mastra = new Mastra({ agents: { travel, guide }, observability });
const agent = mastra.getAgent('travel');
const messages = [];
for (const question of ['Plan a day in Paris.', 'Thanks. And tomorrow?']) {
  messages.push({ role: 'user', content: question });
  const result = await agent.generate(messages, {
    maxSteps: 6,
    tracingOptions: { metadata: { sessionId: SESSION, threadId: SESSION, userId: USER } },
  });
  messages.push({ role: 'assistant', content: result.text });
}
await observability.shutdown();
process.exit(0);
